/* SPDX-License-Identifier: Apache-2.0 */
/* sign: the second signature on an alert of ours, or a further one on any item of ours. */
#include <string.h>

#include "compose.h"
#include "item.h"
#include "realm.h"
#include "verbs.h"
#include "view.h"

const struct kai_opt kai_sign_opts[] = {
	{"as", "ROLE", false, N_("decider or duty")},
	{NULL, NULL, false, NULL},
};

size_t kai_unsigned_count(struct kai_cli *cli, struct kai_txn *txn)
{
	struct kai_index_scan scan;
	uint64_t arrival;
	size_t count = 0;

	kai_index_kind(&scan, txn, KAI_KIND_ALERT, 0, true);
	while (kai_index_next(&scan, &arrival)) {
		size_t used = cli->arena.used;
		struct kai_header header;
		struct kai_item item;

		count += kai_rec_item(txn, arrival, &cli->arena, &item) &&
			 (item.flags & (KAI_ITEM_UNSIGNED | KAI_ITEM_RETRACTED)) ==
				 KAI_ITEM_UNSIGNED &&
			 kai_header_read(item.header, &cli->arena, &header) == KAI_FAULT_NONE &&
			 header.not_after > (uint64_t)kai_cli_now().ms;
		cli->arena.used = used;
	}
	return count;
}

static int read_role(struct kai_cli *cli, uint64_t *ret)
{
	const char *role = kai_opt_value(cli, "as");

	if (role != NULL && strcmp(role, "decider") == 0)
		*ret = KAI_ROLE_DECIDER;
	else if (role != NULL && strcmp(role, "duty") == 0)
		*ret = KAI_ROLE_DUTY;
	else
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("sign: --as decider or --as duty is meant"));
	return 0;
}

/* What waits goes with this: it asks for the word that publishing asks for. */
static int confirm(struct kai_cli *cli, struct kai_txn *txn, uint64_t arrival)
{
	struct kai_loaded *item = kai_cli_take(cli, sizeof(*item));

	if (!kai_item_load(cli, txn, arrival, false, item))
		return kai_cli_fail(cli, KAI_EXIT_REFUSED, T("%s: damaged (run `kairan check`)"),
				    cli->args[0]);
	if ((item->facts.item.flags & KAI_ITEM_UNSIGNED) == 0)
		return 0;
	return kai_cli_confirm(cli, kai_realm_word(cli),
			       kai_cli_text(cli, T("%s: a live alert"), cli->verb->name));
}

int kai_verb_sign(struct kai_cli *cli)
{
	struct kai_ctl_sign request = {.version = KAI_VERSION, .type = KAI_CONTROL_SIGN};
	struct kai_ctl_answer answer;
	uint64_t arrival;
	int exit = read_role(cli, &request.role);

	if (exit == 0)
		exit = kai_cli_open(cli);
	if (exit == 0)
		exit = kai_cli_keys(cli);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL)
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	exit = kai_item_find(cli, txn, cli->args[0], request.id, &arrival);
	if (exit == 0)
		exit = confirm(cli, txn, arrival);
	kai_txn_abort(txn);
	if (exit == 0)
		exit = kai_node_ask(cli, &kai_object_ctl_sign, &request, false, &answer);
	if (exit != 0)
		return exit;
	return answer.exit == 0 ? KAI_EXIT_DONE : kai_node_refused(cli, &answer);
}
