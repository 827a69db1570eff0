/* SPDX-License-Identifier: Apache-2.0 */
#include "roster.h"

#include <stdlib.h>
#include <string.h>

struct kai_roster *kai_roster_new(bool reachable, const char *cut)
{
	struct kai_roster *roster = calloc(1, sizeof(*roster));

	if (roster != NULL) {
		roster->reachable = reachable;
		roster->cut = cut;
	}
	return roster;
}

void kai_roster_free(struct kai_roster *roster)
{
	if (roster == NULL)
		return;
	free(roster->rows);
	free(roster);
}

static bool grow(struct kai_roster *roster)
{
	size_t cap = roster->cap == 0 ? 16 : 2 * roster->cap;
	struct kai_roster_row *rows;

	if (roster->count < roster->cap)
		return true;
	rows = realloc(roster->rows, cap * sizeof(*rows));
	if (rows == NULL)
		return false;
	roster->rows = rows;
	roster->cap = cap;
	return true;
}

static bool is_cut(const struct kai_roster *roster, const char *alias)
{
	size_t len = strlen(alias);

	for (const char *at = roster->cut; *at != '\0'; at += strspn(at, " ")) {
		size_t word = strcspn(at, " ");

		if (len > 0 && word == len && memcmp(at, alias, len) == 0)
			return true;
		at += word;
	}
	return false;
}

void kai_roster_add(void *context, const struct kai_engine_peer *peer)
{
	struct kai_roster *roster = context;

	if (is_cut(roster, peer->alias))
		return;
	if (!grow(roster)) {
		roster->failed = true;
		return;
	}
	struct kai_roster_row *row = &roster->rows[roster->count++];

	memset(row, 0, sizeof(*row));
	memcpy(row->org, peer->org, KAI_ID_LEN);
	memcpy(row->keys, peer->keys, sizeof(row->keys));
	row->key_count = peer->key_count;
	memcpy(row->alias, peer->alias, sizeof(row->alias));
	for (size_t i = 0; i < peer->endpoint_count && i < KAI_MAX_ENDPOINTS; i++) {
		struct kai_span endpoint = peer->endpoints[i];

		/* A peer's record must not make us dial inproc:// or ipc:// of this machine. */
		if (endpoint.len > KAI_MAX_ENDPOINT || endpoint.len < strlen("tcp://x:1") ||
		    memcmp(endpoint.at, "tcp://", strlen("tcp://")) != 0 ||
		    memchr(endpoint.at, ';', endpoint.len) != NULL)
			continue;
		memcpy(row->endpoints[row->endpoint_count++], endpoint.at, endpoint.len);
	}
}

const struct kai_roster_row *kai_roster_by_key(const struct kai_roster *roster,
					       const uint8_t key[KAI_ID_LEN])
{
	for (size_t i = 0; roster != NULL && i < roster->count; i++)
		for (size_t j = 0; j < roster->rows[i].key_count; j++)
			if (kai_id_equal(roster->rows[i].keys[j], key))
				return &roster->rows[i];
	return NULL;
}

const struct kai_roster_row *kai_roster_by_org(const struct kai_roster *roster,
					       const uint8_t org[KAI_ID_LEN])
{
	for (size_t i = 0; roster != NULL && i < roster->count; i++)
		if (kai_id_equal(roster->rows[i].org, org))
			return &roster->rows[i];
	return NULL;
}
