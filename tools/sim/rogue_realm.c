/* SPDX-License-Identifier: Apache-2.0 */
/* Lies about realms: what is of one handed into another, and drills that are not what they say. */
#include "rogue_tale.h"

#include <string.h>

#include "kairan/drill.h"
#include "kairan/frames.h"
#include "kairan/rec.h"

#define FRAME_ROOM 64u /* of an envelope */

/* ---- what it knows of drills ---- */

/* One of the drills in its store, by chance, not that of `but`; false: there is none. */
static bool some_drill(struct sim_tale *tale, const uint8_t *but, struct kai_drill_held *ret)
{
	struct kai_span key;
	struct kai_scan scan;
	struct kai_txn *txn;
	struct kai_drill_held held;
	uint64_t met = 0;
	bool found = false;

	if (kai_txn_begin(tale->node->store, false, &txn, NULL) != KAI_ERR_OK)
		return false;
	kai_scan_init(&scan, txn, KAI_TABLE_DRILLS, (struct kai_span){NULL, 0},
		      (struct kai_span){NULL, 0}, false);
	while (kai_scan_next(&scan, &key, NULL)) {
		uint8_t realm[KAI_REALM_LEN];

		if (key.len != KAI_REALM_LEN ||
		    (but != NULL && memcmp(key.at, but, KAI_REALM_LEN) == 0))
			continue;
		memcpy(realm, key.at, KAI_REALM_LEN);
		if (sim_tale_below(tale, ++met) == 0 &&
		    kai_rec_drill(txn, realm, tale->arena, &held)) {
			*ret = held;
			found = true;
		}
	}
	kai_txn_abort(txn);
	return found;
}

/* ---- what is of one, in another ---- */

/* A frame that it sent or got, of that type (0: any that is live and no greeting); NULL: there is none. */
static const struct sim_kept *some_frame(struct sim_tale *tale, enum kai_msg_type type)
{
	struct sim_rogue *rogue = tale->rogue;
	uint64_t first = sim_tale_below(tale, 2 * (uint64_t)SIM_ROGUE_RING);

	for (uint64_t i = 0; i < 2 * (uint64_t)SIM_ROGUE_RING; i++) {
		uint64_t at = (first + i) % (2 * (uint64_t)SIM_ROGUE_RING);
		const struct sim_kept *kept =
			at < SIM_ROGUE_RING ? &rogue->sent[at] : &rogue->got[at - SIM_ROGUE_RING];

		if (kept->at == NULL)
			continue;
		if (type != 0
			    ? kept->type == type
			    : kept->type == KAI_MSG_PUSH || kept->type == KAI_MSG_OFFER ||
				      kept->type == KAI_MSG_CHUNK || kept->type == KAI_MSG_RECEIPT)
			return kept;
	}
	return NULL;
}

static bool open_envelope(struct sim_tale *tale, const struct sim_kept *kept,
			  struct kai_realm_frame *ret)
{
	struct kai_span copy = sim_tale_copy(tale, kai_span(kept->at, kept->len));

	return copy.len > 0 &&
	       kai_object_decode(&kai_object_realm_frame, copy, tale->arena, ret) == KAI_FAULT_NONE;
}

static unsigned send_in(struct sim_tale *tale, const uint8_t realm[KAI_REALM_LEN],
			struct kai_span frame)
{
	struct kai_realm_frame envelope = {.frame = frame};

	memcpy(envelope.realm, realm, KAI_REALM_LEN);
	if (frame.len == 0 || frame.len + FRAME_ROOM > KAI_MAX_REALM_FRAME)
		return 0;
	return sim_tale_send(tale, tale->to, KAI_MSG_REALM, &envelope, false);
}

/* Its own item, by the realm in its header of that drill, handed over as if it were live. */
static unsigned item_as_live(struct sim_tale *tale, const struct kai_drill_held *held)
{
	struct sim_ware_plan plan = {.origin = UINT32_MAX};
	struct sim_ware ware;

	if (!sim_ware_make(tale, &plan, &ware))
		return 0;
	memcpy(ware.header.realm, held->drill.realm, KAI_REALM_LEN);
	return sim_ware_reseal(tale, &ware) ? sim_ware_send(tale, tale->to, &ware) : 0;
}

static unsigned cross(struct sim_tale *tale, uint64_t how)
{
	struct kai_drill_held held, other;
	struct kai_realm_frame inside;
	const struct sim_kept *of_drill = some_frame(tale, KAI_MSG_REALM);
	const struct sim_kept *live = some_frame(tale, (enum kai_msg_type)0);
	bool opened = of_drill != NULL && open_envelope(tale, of_drill, &inside);
	bool known = some_drill(tale, NULL, &held);
	uint8_t random[KAI_REALM_LEN];

	switch (how % 6) {
	case 0: /* a drill's frame without its envelope */
		return opened ? sim_tale_bytes(tale, tale->to, inside.frame, false) : 0;
	case 1: /* a live one in a drill's */
		return known && live != NULL
			       ? send_in(tale, held.drill.realm, kai_span(live->at, live->len))
			       : 0;
	case 2: /* one drill's in another's, or in one that nobody knows */
		if (!opened)
			return 0;
		if (some_drill(tale, inside.realm, &other))
			return send_in(tale, other.drill.realm, inside.frame);
		sim_tale_random(tale, random, sizeof(random));
		return send_in(tale, random, inside.frame);
	case 3:
		return known ? item_as_live(tale, &held) : 0;
	case 4: /* to whom it may not go, or once more */
		return of_drill != NULL
			       ? sim_tale_bytes(tale, tale->to,
						kai_span(of_drill->at, of_drill->len), false)
			       : 0;
	default: /* an envelope in an envelope */
		return of_drill != NULL && known ? send_in(tale, held.drill.realm,
							   kai_span(of_drill->at, of_drill->len))
						 : 0;
	}
}

/* ---- drills that are not what they say ---- */

static unsigned send_signed(struct sim_tale *tale, uint64_t what, struct kai_span bytes)
{
	struct kai_drill_frame frame = {.what = what, .bytes = bytes};

	return bytes.len == 0 ? 0 : sim_tale_send(tale, tale->to, KAI_MSG_DRILL, &frame, true);
}

/* Directed by it, under the realm of one that it knows, or under one that is new. */
static unsigned direct(struct sim_tale *tale, const struct kai_drill *like)
{
	const struct sim_org *org = &tale->node->org;
	const uint8_t *peer = sim_node(tale->sim, tale->to)->config.org;
	const uint8_t *me = tale->node->config.org;
	uint8_t orgs[2][KAI_ID_LEN];
	struct kai_drill drill = {.version = KAI_VERSION,
				  .name = kai_span_str("forged"),
				  .level = KAI_DRILL_WHOLE,
				  .word = kai_span_str("forged"),
				  .created_at = sim_tale_wall(tale),
				  .from = sim_tale_wall(tale),
				  .until = sim_tale_wall(tale) + (uint64_t)KAI_MS_HOUR,
				  .participants = orgs,
				  .participants_count = 2};
	bool first = memcmp(me, peer, KAI_ID_LEN) < 0;

	memcpy(orgs[!first], me, KAI_ID_LEN);
	memcpy(orgs[first], peer, KAI_ID_LEN);
	memcpy(drill.director, me, KAI_ID_LEN);
	sim_tale_random(tale, drill.realm, KAI_REALM_LEN);
	if (like != NULL)
		memcpy(drill.realm, like->realm, KAI_REALM_LEN);
	struct kai_span body = kai_object_encode_in(&kai_object_drill, &drill, tale->arena);

	return send_signed(tale, 1,
			   kai_signed_make(KAI_CTX_DRILL, body, org->decider.key,
					   org->decider.secret, tale->arena));
}

static unsigned say(struct sim_tale *tale, const struct kai_drill_held *held, uint64_t what,
		    const uint8_t org[KAI_ID_LEN], uint64_t at)
{
	const struct sim_org *mine = &tale->node->org;
	const struct sim_pair *pair = what == KAI_DRILL_CLOSES ? &mine->decider : &mine->duty;
	struct kai_drill_say word = {.version = KAI_VERSION, .what = what, .at = at};

	memcpy(word.realm, held->drill.realm, KAI_REALM_LEN);
	memcpy(word.drill, held->digest, KAI_ID_LEN);
	memcpy(word.org, org, KAI_ID_LEN);
	struct kai_span body = kai_object_encode_in(&kai_object_drill_say, &word, tale->arena);

	return send_signed(
		tale, 2,
		kai_signed_make(KAI_CTX_DRILL_SAY, body, pair->key, pair->secret, tale->arena));
}

static unsigned forge(struct sim_tale *tale, uint64_t how)
{
	const uint8_t *me = tale->node->config.org;
	uint64_t now = sim_tale_wall(tale);
	struct kai_drill_held held;
	bool known = some_drill(tale, NULL, &held);

	if (how % 7 == 0)
		return direct(tale, NULL);
	if (!known)
		return 0;
	const uint8_t(*orgs)[KAI_ID_LEN] = (const uint8_t(*)[KAI_ID_LEN])held.drill.participants;
	const uint8_t *other = orgs[sim_tale_below(tale, held.drill.participants_count)];

	switch (how % 7) {
	case 1:
		return direct(tale, &held.drill);
	case 2: /* for ever, whatever it says later */
		return say(tale, &held, KAI_DRILL_CONSENTS, me, KAI_MAX_TIME_MS);
	case 3:
		return say(tale, &held, KAI_DRILL_REFUSES, me, now + 365 * (uint64_t)KAI_MS_DAY);
	case 4:
		return say(tale, &held, KAI_DRILL_CONSENTS, other, now);
	case 5:
		return say(tale, &held, KAI_DRILL_CLOSES, held.drill.director, now);
	default: /* its words as they are, again */
		return say(tale, &held, KAI_DRILL_CONSENTS, me, now) +
		       say(tale, &held, KAI_DRILL_REFUSES, me, now);
	}
}

unsigned sim_tell_realms(struct sim_tale *tale)
{
	return tale->arg % 2 == 0 ? cross(tale, tale->arg / 2) : forge(tale, tale->arg / 2);
}
