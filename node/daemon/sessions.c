/* SPDX-License-Identifier: Apache-2.0 */
#include "sessions.h"

#include <stdlib.h>
#include <string.h>

void kai_sessions_done(struct kai_sessions *sessions)
{
	free(sessions->rows);
	*sessions = (struct kai_sessions){0};
}

void kai_sessions_clear(struct kai_sessions *sessions)
{
	sessions->count = 0;
}

/* Index of the first row that is not before org. */
static size_t place(const struct kai_sessions *sessions, const uint8_t org[KAI_ID_LEN])
{
	size_t low = 0;
	size_t high = sessions->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(sessions->rows[middle].org, org, KAI_ID_LEN) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct kai_sessions *sessions, size_t at, const uint8_t org[KAI_ID_LEN])
{
	return at < sessions->count && kai_id_equal(sessions->rows[at].org, org);
}

uint64_t kai_sessions_link(const struct kai_sessions *sessions, const uint8_t org[KAI_ID_LEN])
{
	size_t at = place(sessions, org);

	return is_at(sessions, at, org) ? sessions->rows[at].link : 0;
}

bool kai_sessions_set(struct kai_sessions *sessions, const uint8_t org[KAI_ID_LEN], uint64_t link)
{
	size_t at = place(sessions, org);

	if (is_at(sessions, at, org)) {
		sessions->rows[at].link = link;
		return true;
	}
	if (sessions->count == sessions->cap) {
		size_t cap = sessions->cap == 0 ? 16 : 2 * sessions->cap;
		struct kai_session *rows = realloc(sessions->rows, cap * sizeof(*rows));

		if (rows == NULL)
			return false;
		sessions->rows = rows;
		sessions->cap = cap;
	}
	memmove(&sessions->rows[at + 1], &sessions->rows[at],
		(sessions->count - at) * sizeof(*sessions->rows));
	memcpy(sessions->rows[at].org, org, KAI_ID_LEN);
	sessions->rows[at].link = link;
	sessions->count++;
	return true;
}

void kai_sessions_drop(struct kai_sessions *sessions, const uint8_t org[KAI_ID_LEN])
{
	size_t at = place(sessions, org);

	if (!is_at(sessions, at, org))
		return;
	sessions->count--;
	memmove(&sessions->rows[at], &sessions->rows[at + 1],
		(sessions->count - at) * sizeof(*sessions->rows));
}
