/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What clause.c (one item) and clause_watch.c (links and time) share: when a clause may be open, and who is out of
 * reach. Keeps nothing: openings lie in the store. The engine's thread.
 */
#ifndef KAIRAN_ENGINE_CLAUSE_H
#define KAIRAN_ENGINE_CLAUSE_H

#include "private.h"

#include "kairan/text.h"

int64_t kai_sooner(int64_t a, int64_t b);
/*
 * May it be open now, or be opened? opening: its newest, NULL when there was none. ret_opened_at: what a mark says then.
 * *io_due: brought forward to when (wall, ms) the answer changes by itself.
 */
bool kai_clause_may(const struct kai_contingency *clause, const struct kai_outage *opening,
		    struct kai_wall now, uint64_t *ret_opened_at, int64_t *io_due);
/*
 * Is that partner out of reach since so long that the clause, which leads to `to`, counts it? Not one that is our
 * constituency, since nobody passes anything on for us there. *io_due_ms: brought forward to when (mono) it will be.
 */
bool kai_clause_unreached(struct kai_turn *turn, struct kai_link *other, const struct kai_link *to,
			  const struct kai_contingency *clause, const struct kai_outage *opening,
			  int64_t *io_due_ms);

#define KAI_CLAUSE_NAME (KAI_ID_TEXT > KAI_MAX_ALIAS ? KAI_ID_TEXT : KAI_MAX_ALIAS + 1)
/* Our name for an org, else its id. */
void kai_clause_name(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN],
		     char ret[KAI_CLAUSE_NAME]);
/* Into the journal; id may be NULL. */
void kai_clause_say(struct kai_turn *turn, const char *event, const uint8_t org[KAI_ID_LEN],
		    const uint8_t *id, const char *text);

#endif
