/* SPDX-License-Identifier: Apache-2.0 */
#include "kairan/keys.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SIZE 64

void kai_node_keys_done(struct kai_node_keys *keys)
{
	struct kai_key_pair *single[] = {&keys->system, &keys->duty, &keys->decider, &keys->node,
					 &keys->token};

	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
		kai_key_pair_done(single[i]);
	for (size_t i = 0; i < keys->seal_count; i++)
		kai_key_pair_done(&keys->seals[i]);
	for (size_t i = 0; i < keys->rest_count; i++)
		kai_key_pair_done(&keys->rest[i]);
	*keys = (struct kai_node_keys){0};
}

/* "rest-12.key" → 12. Only the one spelling of each number, so that no period has two files. */
static bool rest_period(const char *name, uint64_t *ret)
{
	const char *digits = name + strlen("rest-");
	char *end;

	if (strncmp(name, "rest-", strlen("rest-")) != 0 || digits[0] < '0' || digits[0] > '9' ||
	    (digits[0] == '0' && digits[1] != '.'))
		return false;
	errno = 0;
	unsigned long long value = strtoull(digits, &end, 10);

	if (errno != 0 || value > UINT64_MAX >> 1 || strcmp(end, ".key") != 0)
		return false;
	*ret = value;
	return true;
}

static bool old_seal(const char *name)
{
	size_t len = strlen(name);

	return len > strlen("seal-.key") && strncmp(name, "seal-", strlen("seal-")) == 0 &&
	       strcmp(name + len - strlen(".key"), ".key") == 0;
}

static enum kai_err list_open(const char *dir, DIR **ret, struct kai_why *why)
{
	char path[KAI_PATH_SIZE];
	enum kai_err err = kai_path(path, dir, "keys", why);

	if (err != KAI_ERR_OK)
		return err;
	*ret = opendir(path);
	if (*ret == NULL && errno == ENOENT)
		return kai_fail(why, KAI_ERR_NOTFOUND, "%.300s: not there (run kairan init)", path);
	if (*ret == NULL)
		return kai_fail(why, errno == EACCES ? KAI_ERR_DENIED : KAI_ERR_IO, "%.300s: %s",
				path, strerror(errno));
	return KAI_ERR_OK;
}

static enum kai_err load_rest(const char *dir, struct kai_node_keys *keys, struct kai_why *why)
{
	DIR *list;
	enum kai_err err = list_open(dir, &list, why);

	if (err != KAI_ERR_OK)
		return err;
	for (struct dirent *entry; err == KAI_ERR_OK && (entry = readdir(list)) != NULL;) {
		struct kai_key_pair pair;
		uint64_t period;

		if (!rest_period(entry->d_name, &period))
			continue;
		if (keys->rest_count == KAI_MAX_REST) {
			err = kai_fail(why, KAI_ERR_INVALID, "keys: more than %d retention keys",
				       KAI_MAX_REST);
			break;
		}
		err = kai_key_load(dir, KAI_KEYFILE_REST, entry->d_name, &pair, why);
		if (err != KAI_ERR_OK)
			break;
		size_t at = keys->rest_count++;

		for (; at > 0 && keys->rest_period[at - 1] > period; at--) {
			keys->rest[at] = keys->rest[at - 1];
			keys->rest_period[at] = keys->rest_period[at - 1];
		}
		keys->rest[at] = pair;
		keys->rest_period[at] = period;
	}
	(void)closedir(list);
	if (err == KAI_ERR_OK && keys->rest_count == 0)
		err = kai_fail(why, KAI_ERR_NOTFOUND,
			       "keys/rest-N.key: none there (restore them from the backup)");
	return err;
}

/* seal.key first, then the old ones, the highest name first. */
static enum kai_err load_seals(const char *dir, struct kai_node_keys *keys, struct kai_why *why)
{
	char names[KAI_MAX_SEALS][NAME_SIZE];
	size_t count = 0;
	DIR *list;
	enum kai_err err = list_open(dir, &list, why);

	if (err != KAI_ERR_OK)
		return err;
	for (struct dirent *entry; err == KAI_ERR_OK && (entry = readdir(list)) != NULL;) {
		if (!old_seal(entry->d_name))
			continue;
		if (count == KAI_MAX_SEALS - 1 || strlen(entry->d_name) >= NAME_SIZE) {
			err = kai_fail(why, KAI_ERR_INVALID,
				       "keys: more than %d sealing keys, or a name too long",
				       KAI_MAX_SEALS);
			break;
		}
		size_t at = count++;

		for (; at > 0 && strverscmp(names[at - 1], entry->d_name) < 0; at--)
			memcpy(names[at], names[at - 1], NAME_SIZE);
		memcpy(names[at], entry->d_name, strlen(entry->d_name) + 1);
	}
	(void)closedir(list);
	if (err == KAI_ERR_OK)
		err = kai_key_load(dir, KAI_KEYFILE_SEAL, NULL, &keys->seals[0], why);
	if (err == KAI_ERR_OK)
		keys->seal_count = 1;
	for (size_t i = 0; err == KAI_ERR_OK && i < count; i++) {
		err = kai_key_load(dir, KAI_KEYFILE_SEAL, names[i], &keys->seals[keys->seal_count],
				   why);
		if (err == KAI_ERR_OK)
			keys->seal_count++;
	}
	return err;
}

enum kai_err kai_node_keys_load(const char *dir, struct kai_node_keys *ret, struct kai_why *why)
{
	struct kai_node_keys keys = {0};
	const struct {
		enum kai_key_kind kind;
		struct kai_key_pair *into;
	} single[] = {
		{KAI_KEYFILE_SYSTEM, &keys.system},   {KAI_KEYFILE_DUTY, &keys.duty},
		{KAI_KEYFILE_DECIDER, &keys.decider}, {KAI_KEYFILE_NODE, &keys.node},
		{KAI_KEYFILE_TOKEN, &keys.token},
	};
	enum kai_err err = KAI_ERR_OK;

	for (size_t i = 0; err == KAI_ERR_OK && i < sizeof(single) / sizeof(single[0]); i++)
		err = kai_key_load(dir, single[i].kind, NULL, single[i].into, why);
	if (err == KAI_ERR_OK)
		err = load_seals(dir, &keys, why);
	if (err == KAI_ERR_OK)
		err = load_rest(dir, &keys, why);
	if (err != KAI_ERR_OK) {
		kai_node_keys_done(&keys);
		return err;
	}
	*ret = keys;
	return KAI_ERR_OK;
}

enum kai_err kai_rest_keys_load(const char *dir, struct kai_node_keys *ret, struct kai_why *why)
{
	struct kai_node_keys keys = {0};
	enum kai_err err = load_rest(dir, &keys, why);

	if (err != KAI_ERR_OK) {
		kai_node_keys_done(&keys);
		return err;
	}
	*ret = keys;
	return KAI_ERR_OK;
}
