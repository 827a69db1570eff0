/* SPDX-License-Identifier: Apache-2.0 */
#include "loop.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "kairan/keys.h"
#include "kairan/text.h"

bool kai_release_mark(struct kai_loop *loop)
{
	size_t count = kai_out_count(loop->out);

	if (count > loop->out_link_cap) {
		size_t cap = 2 * count;
		uint64_t *links = realloc(loop->out_links, cap * sizeof(*links));

		if (links == NULL)
			return false;
		loop->out_links = links;
		loop->out_link_cap = cap;
	}
	for (; loop->out_link_count < count; loop->out_link_count++) {
		const struct kai_output *output = kai_out_at(loop->out, loop->out_link_count);

		loop->out_links[loop->out_link_count] =
			output->type == KAI_OUTPUT_SEND || output->type == KAI_OUTPUT_CUT
				? kai_sessions_link(&loop->sessions, output->org)
				: 0;
	}
	return true;
}

/* realm NULL: the live one. */
static void trace(const struct kai_loop *loop, const struct kai_output *output,
		  const uint8_t *realm)
{
	char drill[KAI_REALM_TEXT] = "";
	char org[KAI_ID_TEXT];
	char id[KAI_ID_TEXT];
	bool has_org = !sodium_is_zero(output->org, KAI_ID_LEN);
	bool has_id = !sodium_is_zero(output->id, KAI_ID_LEN);

	kai_id_text(output->org, org);
	kai_id_text(output->id, id);
	if (realm != NULL)
		kai_base32(kai_span(realm, KAI_REALM_LEN), drill, sizeof(drill));
	kai_log_fields(
		loop->log, KAI_LOG_INFO, output->event, {realm != NULL ? "drill" : NULL, drill, 0},
		{has_org ? "org" : NULL, org, 0}, {has_id ? "id" : NULL, id, 0},
		{output->rule != NULL ? "rule" : NULL, output->rule, 0},
		{"number", NULL, output->number > INT64_MAX ? INT64_MAX : (int64_t)output->number});
}

bool kai_release_all(struct kai_loop *loop, const uint8_t *realm)
{
	struct kai_mail_list list = {0};
	size_t count = kai_out_count(loop->out);
	bool peers = false;

	for (size_t i = 0; i < count; i++) {
		const struct kai_output *output = kai_out_at(loop->out, i);
		struct kai_mail *mail = NULL;

		switch (output->type) {
		case KAI_OUTPUT_SEND:
			if (loop->out_links[i] == 0)
				break;
			mail = kai_mail_new(KAI_MAIL_SEND);
			mail->urgent = output->urgent;
			mail->drill = realm != NULL;
			kai_mail_bytes(mail, output->bytes);
			break;
		case KAI_OUTPUT_CUT:
			mail = kai_mail_new(KAI_MAIL_CUT);
			mail->reason = output->event;
			break;
		case KAI_OUTPUT_ANSWER:
			mail = kai_mail_new(KAI_MAIL_ANSWER);
			mail->client = output->client;
			kai_mail_bytes(mail, output->bytes);
			break;
		case KAI_OUTPUT_PEERS:
			peers = true;
			break;
		case KAI_OUTPUT_CALL:
			kai_hooks_call(loop->hooks, &output->call, output->bytes);
			break;
		case KAI_OUTPUT_TRACE:
			trace(loop, output, realm);
			break;
		}
		if (mail != NULL) {
			mail->link = loop->out_links[i];
			kai_mail_append(&list, mail);
		}
	}
	kai_net_post(loop->net, &list);
	return peers;
}

struct kai_span kai_release_answer(const struct kai_loop *loop)
{
	for (size_t i = 0; i < kai_out_count(loop->out); i++) {
		const struct kai_output *output = kai_out_at(loop->out, i);

		if (output->type == KAI_OUTPUT_ANSWER)
			return output->bytes;
	}
	return (struct kai_span){0};
}

void kai_release_reply(struct kai_loop *loop, uint64_t client, const uint8_t *bytes, size_t len)
{
	struct kai_mail_list list = {0};
	struct kai_mail *mail = kai_mail_new(KAI_MAIL_ANSWER);

	mail->client = client;
	kai_mail_bytes(mail, kai_span(bytes, bytes == NULL ? 0 : len));
	kai_mail_append(&list, mail);
	kai_net_post(loop->net, &list);
}

void kai_release_order(struct kai_loop *loop, enum kai_mail_type type)
{
	struct kai_mail_list list = {0};

	kai_mail_append(&list, kai_mail_new(type));
	kai_net_post(loop->net, &list);
}

void kai_loop_bye(struct kai_loop *loop, const char *reason)
{
	uint8_t memory[1024];
	struct kai_arena arena = {.at = memory, .cap = sizeof(memory)};
	struct kai_bye bye = {.reason = kai_span_str(reason)};
	struct kai_span frame = kai_frame_encode(KAI_MSG_BYE, &bye, &arena);
	struct kai_mail_list list = {0};

	for (size_t i = 0; frame.len > 0 && i < loop->sessions.count; i++) {
		struct kai_mail *mail = kai_mail_new(KAI_MAIL_SEND);

		mail->link = loop->sessions.rows[i].link;
		mail->urgent = true;
		kai_mail_bytes(mail, frame);
		kai_mail_append(&list, mail);
	}
	kai_net_post(loop->net, &list);
}
