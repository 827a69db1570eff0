/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom to telephone when the wire does not reach: the contacts that agreements name. Reads only; rows and texts lie in the
 * arena.
 */
#ifndef KAIRAN_CALL_H
#define KAIRAN_CALL_H

#include "cli.h"

/* Contacts of that org in our agreement with it, its desk first: org, name of it, role, person, first, second, hours. */
json_t *kai_calls_of(struct kai_cli *cli, struct kai_txn *txn, const uint8_t org[KAI_ID_LEN]);
/*
 * What so labelled cannot reach an org that it is for. allow, rule: of the decision towards it. The link is down; or rules
 * hold it back here, and another org that the label names, and by which it may go, is out of reach. Then ret_why (static)
 * and whom to call: that org, where we know its people, else those of the ones between. NULL: nothing of the kind.
 * state NULL: the node is down.
 */
json_t *kai_calls_for(struct kai_cli *cli, struct kai_txn *txn, const struct kai_state *state,
		      const struct kai_label *label, const struct kai_recipient *to,
		      const char **ret_why);
/*
 * The same for each org that a label names, us apart, and for each other one that the answer allows it to: org, name, why,
 * call; has_earlier: what this takes back or replaces went there, and this may not follow.
 */
struct kai_earlier { /* what it takes back or replaces, as far as it lies here */
	uint64_t arrivals[KAI_MAX_SUPERSEDES];
	size_t count;
};
json_t *kai_unreached(struct kai_cli *cli, struct kai_txn *txn, const struct kai_state *state,
		      const struct kai_label *label, const struct kai_earlier *earlier,
		      const struct kai_ctl_answer *answer);
/* Such rows for people, indented by that many blanks. */
void kai_calls_show(struct kai_cli *cli, const json_t *calls, int indent);

#endif
