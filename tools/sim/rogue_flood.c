/* SPDX-License-Identifier: Apache-2.0 */
/* Too much of everything. How much is too much, its engine's own quotas say: all nodes of a run have the same. */
#include "rogue_tale.h"

#include <string.h>

#define MOST 4000u	  /* of one burst */
#define PINGS_MOST 12000u /* small as they are */
#define OVER 64

static unsigned least(int64_t quota, unsigned most)
{
	return quota < 0 ? 0 : quota + OVER < (int64_t)most ? (unsigned)quota + OVER : most;
}

unsigned sim_tell_flood_offers(struct sim_tale *tale)
{
	struct kai_offer_entry entries[KAI_MAX_ENTRIES];
	struct kai_offer offer = {.entries = entries, .entries_count = KAI_MAX_ENTRIES};
	unsigned count = least(tale->node->config.quota.offered_ids, 4 * MOST);
	unsigned sent = 0;

	for (unsigned done = 0; done < count; done += KAI_MAX_ENTRIES) {
		for (size_t i = 0; i < KAI_MAX_ENTRIES; i++) {
			entries[i] = (struct kai_offer_entry){.parts = 0xffff,
							      .size = KAI_MAX_ADVISORY_LEN,
							      .urgency = 1 + i % 3,
							      .signatures = 1};
			sim_tale_random(tale, entries[i].id, KAI_ID_LEN);
		}
		sent += sim_tale_send(tale, tale->to, KAI_MSG_OFFER, &offer, false);
	}
	return sent;
}

unsigned sim_tell_flood_pushes(struct sim_tale *tale)
{
	struct sim_ware_plan plan = {.origin = UINT32_MAX, .urgency = KAI_URGENCY_NOW};
	unsigned count = least(tale->node->config.quota.push_per_minute, MOST);
	struct sim_ware ware;
	unsigned sent = 0;

	if (!sim_ware_make(tale, &plan, &ware))
		return 0;
	sim_ware_own(tale, &ware);
	for (unsigned i = 0; i < count; i++) {
		size_t mark = tale->arena->used;

		sent += sim_ware_send(tale, tale->to, &ware);
		tale->arena->used = mark;
	}
	return sent;
}

/* One that it got from there, again and again; while it has none, ids that nobody has. */
unsigned sim_tell_flood_wants(struct sim_tale *tale)
{
	struct kai_id_parts entries[KAI_MAX_ENTRIES];
	struct kai_want want = {.entries = entries, .entries_count = KAI_MAX_ENTRIES};
	unsigned count = least(tale->node->config.quota.wants_in_flight, 2 * MOST);
	struct sim_ware ware;
	bool known = sim_ware_pick(tale, SIM_WARE_ITS, &ware);
	unsigned sent = 0;

	for (unsigned done = 0; done < count; done += KAI_MAX_ENTRIES) {
		for (size_t i = 0; i < KAI_MAX_ENTRIES; i++) {
			entries[i].parts = 0xffff;
			if (known)
				memcpy(entries[i].id, ware.id, KAI_ID_LEN);
			else
				sim_tale_random(tale, entries[i].id, KAI_ID_LEN);
		}
		sent += sim_tale_send(tale, tale->to, KAI_MSG_WANT, &want, false);
	}
	return sent;
}

unsigned sim_tell_flood_hellos(struct sim_tale *tale)
{
	unsigned count = least(2 * tale->node->config.quota.hellos_per_minute, MOST);
	unsigned sent = 0;

	for (unsigned i = 0; i < count; i++) {
		struct kai_hello hello = {.version_max = KAI_VERSION,
					  .realms = kai_span(kai_realm_live, KAI_REALM_LEN),
					  .clock = sim_tale_wall(tale)};

		sim_tale_random(tale, hello.nonce, sizeof(hello.nonce));
		sent += sim_tale_send(tale, tale->to, KAI_MSG_HELLO, &hello, true);
	}
	return sent;
}

unsigned sim_tell_flood_pings(struct sim_tale *tale)
{
	int64_t rate = tale->node->config.quota.frames_per_second;
	unsigned count = least(rate < PINGS_MOST ? rate * 10 : PINGS_MOST, PINGS_MOST);
	unsigned sent = 0;

	for (unsigned i = 0; i < count; i++) {
		struct kai_ping ping = {.answer = false};

		sim_tale_random(tale, ping.nonce, sizeof(ping.nonce));
		sent += sim_tale_send(tale, tale->to, KAI_MSG_PING, &ping, true);
	}
	return sent;
}

unsigned sim_tell_flood_cards(struct sim_tale *tale)
{
	const struct sim_pair *root = &tale->node->org.root;
	struct kai_card card;
	unsigned sent = 0;

	if (!sim_tale_card(tale, tale->node->number, &card))
		return 0;
	for (unsigned i = 0; i < 100; i++) {
		struct kai_card_frame frame = {.what = 1};
		size_t mark = tale->arena->used;

		card.serial++;
		frame.bytes = kai_signed_make(
			KAI_CTX_CARD, kai_object_encode_in(&kai_object_card, &card, tale->arena),
			root->key, root->secret, tale->arena);
		sent += sim_tale_send(tale, tale->to, KAI_MSG_CARD, &frame, true);
		tale->arena->used = mark;
	}
	return sent;
}

unsigned sim_tell_flood_noise(struct sim_tale *tale)
{
	unsigned count = least(tale->node->config.quota.faults_per_minute, MOST);
	uint8_t noise[40];
	unsigned sent = 0;

	for (unsigned i = 0; i < count; i++) {
		sim_tale_random(tale, noise, sizeof(noise));
		noise[0] = 0xc1;
		sent += sim_tale_bytes(tale, tale->to, kai_span(noise, 1 + i % sizeof(noise)),
				       i % 2 == 0);
	}
	return sent;
}

/* Large by their headers, begun, and never ended: each holds memory on its account. */
unsigned sim_tell_unfinished(struct sim_tale *tale)
{
	struct sim_ware_plan plan = {.origin = UINT32_MAX, .extra_len = 300000};
	unsigned sent = 0;

	for (unsigned i = 0; i < SIM_ROGUE_SHELF; i++) {
		size_t mark = tale->arena->used;
		struct sim_ware ware;

		if (!sim_ware_make(tale, &plan, &ware))
			return sent;
		sent += sim_ware_offer(tale, tale->to, &ware, 2);
		tale->arena->used = mark;
	}
	return sent;
}

unsigned sim_tell_credit_overspent(struct sim_tale *tale)
{
	struct kai_chunk chunk = {.index = 0};
	uint8_t *data = kai_arena_take(tale->arena, KAI_MAX_CHUNK);
	unsigned sent = 0;

	if (data == NULL)
		return 0;
	chunk.data = kai_span(data, KAI_MAX_CHUNK);
	for (unsigned i = 0; i < 12; i++) {
		sim_tale_random(tale, chunk.id, KAI_ID_LEN);
		sent += sim_tale_send(tale, tale->to, KAI_MSG_CHUNK, &chunk, false);
	}
	return sent;
}
