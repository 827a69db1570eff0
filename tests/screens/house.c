/* SPDX-License-Identifier: Apache-2.0 */
#include "house.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kairan/keys.h"
#include "kairan/text.h"

#define KEY_TEXT 128 /* base32 of the longest */

static void write_file(const struct house *house, const char *name, mode_t mode, const char *first,
		       const char *second)
{
	char path[HOUSE_PATH + 64];

	(void)snprintf(path, sizeof(path), "%s/%s", house->dir, name);
	FILE *file = fopen(path, "w");

	if (file == NULL)
		fail_msg("%s: cannot be written", path);
	(void)fprintf(file, "%s\n%s\n", first, second);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void write_key(const struct house *house, const char *word, const char *name, mode_t mode,
		      struct kai_span secret)
{
	char path[64];
	char first[64];
	char text[KEY_TEXT];

	(void)snprintf(path, sizeof(path), "keys/%s.key", name);
	(void)snprintf(first, sizeof(first), "kairan %s key v1", word);
	kai_base32(secret, text, sizeof(text));
	write_file(house, path, mode, first, text);
}

static void write_keys(const struct house *house, const struct world_node *node)
{
	write_key(house, "system", "system", 0600, kai_span(node->system.secret, 64));
	write_key(house, "duty", "duty", 0640, kai_span(node->duty.secret, 64));
	write_key(house, "decider", "decider", 0600, kai_span(node->decider.secret, 64));
	write_key(house, "seal", "seal", 0600, kai_span(node->seal.secret, 32));
	write_key(house, "node", "node", 0600, kai_span(node->node.secret, 32));
	write_key(house, "token", "token", 0600, kai_span(node->token, 32));
	write_key(house, "rest", "rest-1", 0640, kai_span(node->rest, 32));
}

void house_make(struct house *house, const struct world_node *node, struct kai_wall draft_at)
{
	static const char *const folders[] = {"keys", "drafts"};
	const struct timespec at[2] = {{.tv_sec = draft_at.ms / KAI_MS_SECOND},
				       {.tv_sec = draft_at.ms / KAI_MS_SECOND}};
	char path[HOUSE_PATH + 64];

	(void)snprintf(house->dir, sizeof(house->dir), "/tmp/kairan-house-XXXXXX");
	assert_non_null(mkdtemp(house->dir));
	assert_int_equal(chmod(house->dir, 0750), 0);
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", house->dir, folders[i]);
		assert_int_equal(mkdir(path, 0750), 0);
	}
	write_keys(house, node);
	write_file(house, "drafts/night-shift.draft", 0640, "{", "}");
	(void)snprintf(path, sizeof(path), "%s/drafts/night-shift.draft", house->dir);
	assert_int_equal(utimensat(AT_FDCWD, path, at, 0), 0);
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

void house_done(struct house *house)
{
	assert_int_equal(nftw(house->dir, drop, 8, FTW_DEPTH | FTW_PHYS), 0);
}
