/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the running node. */
#include <stdlib.h>
#include <string.h>

#include "kairan/client.h"
#include "view.h"

#define ASK_MS 60000

/* A drill's request goes in its envelope. */
static struct kai_span in_realm(struct kai_cli *cli, struct kai_span request)
{
	struct kai_ctl_in_realm envelope = {
		.version = KAI_VERSION, .type = KAI_CONTROL_IN_REALM, .request = request};

	if (cli->drill == NULL)
		return request;
	memcpy(envelope.realm, cli->drill->drill.realm, KAI_REALM_LEN);
	return kai_object_encode_in(&kai_object_ctl_in_realm, &envelope, &cli->arena);
}

int kai_node_send(struct kai_cli *cli, struct kai_span request, bool quiet,
		  struct kai_ctl_answer *ret)
{
	struct kai_why why = {""};
	uint8_t *bytes = NULL;
	size_t len = 0;

	request = in_realm(cli, request);
	if (request.len == 0)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("%s: a value is longer than may be (see the limits)"),
				    cli->verb->name);
	enum kai_err err = kai_client_ask(cli->dir, request, ASK_MS, &bytes, &len, &why);

	if (err == KAI_ERR_UNREACHABLE && quiet)
		return KAI_EXIT_UNREACHABLE;
	if (err != KAI_ERR_OK)
		return kai_cli_err(cli, err, &why);
	uint8_t *kept = kai_cli_take(cli, len);

	memcpy(kept, bytes, len);
	free(bytes);
	enum kai_fault fault =
		kai_object_decode(&kai_object_ctl_answer, kai_span(kept, len), &cli->arena, ret);

	if (fault != KAI_FAULT_NONE)
		return kai_cli_fail(cli, KAI_EXIT_REFUSED,
				    T("the node's answer is not readable: %s (are kairan and "
				      "kairand of one version?)"),
				    kai_fault_text(fault));
	return 0;
}

int kai_node_ask(struct kai_cli *cli, const struct kai_object *object, const void *request,
		 bool quiet, struct kai_ctl_answer *ret)
{
	struct kai_span bytes = kai_object_encode_in(object, request, &cli->arena);

	if (bytes.len == 0)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("%s: a value is longer than may be (see the limits)"),
				    cli->verb->name);
	return kai_node_send(cli, bytes, quiet, ret);
}

int kai_node_refused(struct kai_cli *cli, const struct kai_ctl_answer *answer)
{
	char *reason = kai_cli_str(cli, answer->reason);
	const char *text = kai_cli_str(cli, answer->text);

	return kai_cli_fail(cli, (int)answer->exit, "%s: %s", cli->verb->name,
			    text[0] != '\0' ? kai_tr(cli, text) : reason);
}

bool kai_node_state(struct kai_cli *cli, struct kai_state *ret)
{
	struct kai_ctl_status request = {.version = KAI_VERSION, .type = KAI_CONTROL_STATUS};
	struct kai_ctl_answer answer = {0};

	return kai_node_ask(cli, &kai_object_ctl_status, &request, true, &answer) == 0 &&
	       answer.exit == 0 &&
	       kai_object_decode(&kai_object_state, answer.body, &cli->arena, ret) ==
		       KAI_FAULT_NONE;
}
