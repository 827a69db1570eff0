/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Duties as the reading verbs see them: who owes what to whom for which item by when, from the store, with the
 * node down too. Decides nothing: the engine wrote each state and its rule. Results lie in the arena.
 */
#ifndef KAIRAN_CLI_DUTY_H
#define KAIRAN_CLI_DUTY_H

#include "view.h"

/* The open ones. theirs: owed to us. */
struct kai_duty_sum {
	uint64_t due;
	uint64_t overdue;
	uint64_t blocked;
	uint64_t overdue_theirs;
};
void kai_duty_count(struct kai_cli *cli, struct kai_txn *txn, struct kai_duty_sum *ret);
json_t *kai_duty_sum_json(const struct kai_duty_sum *sum);
struct kai_duty_sum kai_duty_sum_read(const json_t *sum);
/* "2 overdue, 1 due"; empty when nothing is open. */
char *kai_duty_sum_text(struct kai_cli *cli, const struct kai_duty_sum *sum);
/* One item's duties, open or not; target 0: all, else those to that peer. */
json_t *kai_duty_of_item(struct kai_cli *cli, struct kai_txn *txn, uint64_t arrival,
			 uint16_t target);
/* "we pass it on to a partner: overdue since Mon …" */
char *kai_duty_line(struct kai_cli *cli, const json_t *duty);

#endif
