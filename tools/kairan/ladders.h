/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who was called about silence, with what result, and who is called next and when, as the reading verbs see it: from
 * the store, with the node down too. Decides nothing: the engine wrote each step. Results lie in the arena, JSON on
 * the heap.
 */
#ifndef KAIRAN_CLI_LADDERS_H
#define KAIRAN_CLI_LADDERS_H

#include "view.h"

/*
 * An item's ladders, or with arrival 0 those of links that are silent, as rows: {"org", "name", "side", "state", "why",
 * "next", "next_at", "steps": [{"step", "event", "role", "name", "channel", "other", "hours", "state", "due_at",
 * "started_at", "done_at", "starts", "result", "code", "said"}]}. org and name are null and side is "ours" for our own
 * people.
 */
json_t *kai_ladders_of(struct kai_cli *cli, struct kai_txn *txn, uint64_t arrival);
/* {"open", "next", "next_at", "links": names}: of all that are open, and who is called first. */
json_t *kai_ladders_sum(struct kai_cli *cli, struct kai_txn *txn);

/* For people. "our duty Desk (tel:1) Mon …: call by hand" */
char *kai_ladder_step_line(struct kai_cli *cli, const json_t *ladder, const json_t *step);
/* "our deputy Mon …"; NULL: nobody is called any more. */
char *kai_ladder_next_line(struct kai_cli *cli, const json_t *ladder);
/* Of kai_ladders_sum; NULL: nobody. */
char *kai_ladders_sum_line(struct kai_cli *cli, const json_t *sum);

#endif
