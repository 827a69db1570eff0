/* SPDX-License-Identifier: Apache-2.0 */
/* Hellos and resume tokens that are not what they say. */
#include "rogue_tale.h"

#include <stdlib.h>
#include <string.h>

static int by_id(const void *a, const void *b)
{
	return memcmp(a, b, KAI_ID_LEN);
}

/* Ids that nobody knows, in order. */
static void strange_ids(struct sim_tale *tale, size_t count, uint8_t (**ret)[KAI_ID_LEN],
			size_t *ret_count)
{
	uint8_t(*ids)[KAI_ID_LEN] = kai_arena_take(tale->arena, count * KAI_ID_LEN);

	if (ids == NULL)
		return;
	sim_tale_random(tale, ids, count * KAI_ID_LEN);
	qsort(ids, count, KAI_ID_LEN, by_id);
	*ret = ids;
	*ret_count = count;
}

unsigned sim_tell_hello_lies(struct sim_tale *tale)
{
	union kai_msg msg;
	struct kai_hello *hello = &msg.hello;

	if (tale->frame->type != KAI_MSG_HELLO || !sim_tale_read(tale, &msg))
		return 0;
	switch (tale->arg % 8) {
	case 0:
		sim_tale_random(tale, hello->epoch, sizeof(hello->epoch));
		break;
	case 1:
		sim_tale_random(tale, hello->boot, sizeof(hello->boot));
		break;
	case 2:
		hello->clock = sim_tale_below(tale, 2) == 0 ? 0 : KAI_MAX_TIME_MS;
		break;
	case 3:
		sim_tale_random(tale, hello->card, sizeof(hello->card));
		sim_tale_random(tale, hello->record, sizeof(hello->record));
		break;
	case 4:
		strange_ids(tale, 8, &hello->agreements, &hello->agreements_count);
		break;
	case 5:
		strange_ids(tale, KAI_MAX_OUTSTANDING, &hello->outstanding,
			    &hello->outstanding_count);
		break;
	case 6:
		hello->version_max = 255;
		break;
	default:
		hello->agreements_count = 0;
		break;
	}
	return sim_tale_send(tale, tale->to, KAI_MSG_HELLO, hello, true);
}

unsigned sim_tell_hello_realms(struct sim_tale *tale)
{
	uint8_t realms[2 * KAI_REALM_LEN];
	union kai_msg msg;

	if (tale->frame->type != KAI_MSG_HELLO || !sim_tale_read(tale, &msg))
		return 0;
	sim_tale_random(tale, realms, sizeof(realms));
	/* Of another realm, or of a length that no realms have. */
	msg.hello.realms = kai_span(realms, tale->arg % 2 == 0 ? KAI_REALM_LEN : 20);
	return sim_tale_send(tale, tale->to, KAI_MSG_HELLO, &msg.hello, true);
}

/* What it returns is not what it was given; what it gives is not what it will know. */
static struct kai_span false_token(struct sim_tale *tale, struct kai_span token)
{
	uint32_t other = sim_tale_peer(tale, tale->to);
	uint8_t *at = kai_arena_take(tale->arena, KAI_MAX_TOKEN);

	if (at == NULL)
		return token;
	switch (tale->arg % 6) {
	case 0: /* another peer's */
		if (other == UINT32_MAX || tale->rogue->peers[other].token_len == 0)
			return token;
		return kai_span(tale->rogue->peers[other].token,
				tale->rogue->peers[other].token_len);
	case 1: /* one that it may not be able to keep yet */
		return kai_span(tale->rogue->peers[tale->to].token,
				tale->rogue->peers[tale->to].token_len);
	case 2:
		return kai_span(token.at, token.len / 2);
	case 3:
		sim_tale_random(tale, at, KAI_MAX_TOKEN);
		if (token.len > 0)
			memcpy(at, token.at, token.len);
		return kai_span(at, KAI_MAX_TOKEN);
	case 4:
		sim_tale_random(tale, at, KAI_MAX_TOKEN);
		return kai_span(at, token.len > 0 ? token.len : 88);
	default:
		return kai_span(NULL, 0);
	}
}

unsigned sim_tell_token_lies(struct sim_tale *tale)
{
	enum kai_msg_type type = tale->frame->type;
	union kai_msg msg;

	if ((type != KAI_MSG_HELLO && type != KAI_MSG_OFFER && type != KAI_MSG_PUSH) ||
	    !sim_tale_read(tale, &msg))
		return 0;
	if (type == KAI_MSG_HELLO)
		msg.hello.token = false_token(tale, msg.hello.token);
	else if (type == KAI_MSG_OFFER)
		msg.offer.token = false_token(tale, msg.offer.token);
	else
		msg.push.token = false_token(tale, msg.push.token);
	return sim_tale_send(tale, tale->to, type, &msg, tale->frame->urgent);
}

/* Before the first hello of a link, what may come only after both. */
unsigned sim_tell_early(struct sim_tale *tale)
{
	struct kai_offer_entry entry = {
		.parts = 1, .size = 1000, .urgency = KAI_URGENCY_INFO, .signatures = 1};
	struct kai_offer offer = {.entries = &entry, .entries_count = 1};
	union kai_msg msg;

	if (tale->frame->type != KAI_MSG_HELLO || !sim_tale_read(tale, &msg) ||
	    msg.hello.answers.is)
		return 0;
	sim_tale_random(tale, entry.id, KAI_ID_LEN);
	return sim_tale_send(tale, tale->to, KAI_MSG_OFFER, &offer, true) +
	       sim_tale_bytes(tale, tale->to, tale->frame->bytes, true);
}
