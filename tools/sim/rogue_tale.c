/* SPDX-License-Identifier: Apache-2.0 */
#include "rogue_tale.h"

#include <string.h>

#include "kairan/card.h"

#define DRAW_LEN 64u

/* Depends on the seed, the lie, the node and how often it was tried: other lies do not move it. */
void sim_tale_random(struct sim_tale *tale, void *ret, size_t len)
{
	uint64_t seed = sim_plan_of(tale->sim)->seed;
	uint64_t tries = tale->rogue->tries[tale->lie];
	uint8_t *at = ret;

	while (len > 0) {
		size_t now = len < DRAW_LEN ? len : DRAW_LEN;

		sim_random(seed, sim_lie_word(tale->lie), tale->node->number,
			   tries << 24 | (tale->draws++ & 0xffffff), at, now);
		at += now;
		len -= now;
	}
}

uint64_t sim_tale_below(struct sim_tale *tale, uint64_t bound)
{
	uint64_t value;

	sim_tale_random(tale, &value, sizeof(value));
	return value % bound;
}

unsigned sim_tale_bytes(struct sim_tale *tale, uint32_t to, struct kai_span bytes, bool urgent)
{
	if (bytes.len == 0 || !sim_net_linked(tale->sim, tale->node->number, to))
		return 0;
	sim_net_send(tale->sim, tale->node->number, to, bytes, urgent, true);
	return 1;
}

unsigned sim_tale_send(struct sim_tale *tale, uint32_t to, enum kai_msg_type type, void *msg,
		       bool urgent)
{
	size_t mark = tale->arena->used;
	unsigned sent = sim_tale_bytes(tale, to, kai_frame_encode(type, msg, tale->arena), urgent);

	tale->arena->used = mark;
	return sent;
}

struct kai_span sim_tale_copy(struct sim_tale *tale, struct kai_span bytes)
{
	uint8_t *at = kai_arena_take(tale->arena, bytes.len);

	if (at == NULL)
		return (struct kai_span){NULL, 0};
	if (bytes.len > 0)
		memcpy(at, bytes.at, bytes.len);
	return kai_span(at, bytes.len);
}

struct kai_span sim_tale_flip(struct sim_tale *tale, struct kai_span bytes, size_t at, uint8_t bits)
{
	uint8_t *copy = kai_arena_take(tale->arena, bytes.len);

	if (copy == NULL)
		return (struct kai_span){NULL, 0};
	memcpy(copy, bytes.at, bytes.len);
	copy[at] ^= bits;
	return kai_span(copy, bytes.len);
}

bool sim_tale_read(struct sim_tale *tale, union kai_msg *ret)
{
	const struct kai_object *object = kai_msg_object(tale->frame->type);
	struct kai_span copy = sim_tale_copy(tale, tale->frame->bytes);

	return object != NULL && copy.len > 0 &&
	       kai_object_decode(object, copy, tale->arena, ret) == KAI_FAULT_NONE;
}

/* ---- others ---- */

uint32_t sim_tale_other(struct sim_tale *tale)
{
	uint32_t count = sim_node_count(tale->sim);
	uint32_t first = (uint32_t)sim_tale_below(tale, count);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = (first + i) % count;

		if (at != tale->node->number && at != tale->to)
			return at;
	}
	return UINT32_MAX;
}

uint32_t sim_tale_peer(struct sim_tale *tale, uint32_t but)
{
	uint32_t count = sim_node_count(tale->sim);
	uint32_t first = (uint32_t)sim_tale_below(tale, count);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = (first + i) % count;

		if (at != tale->node->number && at != but &&
		    sim_net_linked(tale->sim, tale->node->number, at))
			return at;
	}
	return UINT32_MAX;
}

bool sim_tale_card(struct sim_tale *tale, uint32_t number, struct kai_card *ret)
{
	uint8_t digest[KAI_ID_LEN];

	return kai_card_open(sim_node(tale->sim, number)->org.card, tale->arena, ret, digest) ==
	       KAI_FAULT_NONE;
}

uint64_t sim_tale_wall(const struct sim_tale *tale)
{
	return (uint64_t)sim_wall(tale->node).ms;
}

/* ---- keys of the link ---- */

bool sim_tale_ends(struct sim_tale *tale, uint32_t to, struct kai_link_ends *ret,
		   uint8_t ret_key[32])
{
	const struct sim_org *me = &tale->node->org, *other = &sim_node(tale->sim, to)->org;

	*ret = (struct kai_link_ends){.realm = kai_realm_live,
				      .from_org = me->root.key,
				      .to_org = other->root.key,
				      .from_seal = me->seal.key,
				      .to_seal = other->seal.key};
	return kai_link_key(ret, me->seal.secret, other->seal.key, ret_key);
}

bool sim_tale_session(struct sim_tale *tale, uint32_t to, uint8_t ret_key[32])
{
	const struct sim_rogue_peer *peer = &tale->rogue->peers[to];
	const struct sim_org *me = &tale->node->org, *other = &sim_node(tale->sim, to)->org;
	bool lower = memcmp(me->root.key, other->root.key, KAI_ID_LEN) < 0;
	struct kai_link_ends ends = {.realm = kai_realm_live,
				     .from_org = lower ? me->root.key : other->root.key,
				     .to_org = lower ? other->root.key : me->root.key,
				     .from_seal = lower ? me->seal.key : other->seal.key,
				     .to_seal = lower ? other->seal.key : me->seal.key};
	uint8_t key[32];
	struct kai_span pieces[3] = {
		kai_span(key, sizeof(key)),
		kai_span(lower ? peer->my_nonce : peer->peer_nonce, KAI_NONCE_LEN),
		kai_span(lower ? peer->peer_nonce : peer->my_nonce, KAI_NONCE_LEN)};

	if (!peer->mine || !peer->theirs ||
	    !kai_link_key(&ends, me->seal.secret, other->seal.key, key))
		return false;
	kai_hash_many(KAI_CTX_HELLO, kai_realm_live, pieces, 3, ret_key);
	return true;
}

/* ---- what its store says ---- */

bool sim_tale_agreement(struct sim_tale *tale, uint32_t to, struct kai_agreement_read *ret)
{
	const uint8_t *org = sim_node(tale->sim, to)->org.root.key;
	struct kai_txn *txn;
	struct kai_scan scan;
	struct kai_span value;
	bool found = false;

	if (kai_txn_begin(tale->node->store, false, &txn, NULL) != KAI_ERR_OK)
		return false;
	kai_scan_init(&scan, txn, KAI_TABLE_AGREEMENTS, kai_span(org, KAI_ID_LEN),
		      (struct kai_span){NULL, 0}, false);
	while (kai_scan_next(&scan, NULL, &value)) {
		struct kai_agreement_read read;
		struct kai_agree_rec rec;
		struct kai_span copy = sim_tale_copy(tale, value);

		if (kai_object_decode(&kai_object_agree_rec, copy, tale->arena, &rec) !=
			    KAI_FAULT_NONE ||
		    kai_agreement_open(rec.bytes, NULL, NULL, tale->arena, &read) !=
			    KAI_FAULT_NONE ||
		    read.signed_by != 3 || (found && read.terms.serial < ret->terms.serial))
			continue;
		*ret = read;
		found = true;
	}
	kai_txn_abort(txn);
	return found;
}
