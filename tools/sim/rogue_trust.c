/* SPDX-License-Identifier: Apache-2.0 */
/* Cards, agreements, notices and memberships that say one thing here and another there. */
#include "rogue_tale.h"

#include <string.h>

#define OLD_NUMBER 1u

/* ---- cards ---- */

static struct kai_span sign_card(struct sim_tale *tale, const struct kai_card *card)
{
	const struct sim_pair *root = &tale->node->org.root;

	return kai_signed_make(KAI_CTX_CARD,
			       kai_object_encode_in(&kai_object_card, card, tale->arena), root->key,
			       root->secret, tale->arena);
}

static unsigned send_card(struct sim_tale *tale, uint32_t to, struct kai_span bytes)
{
	struct kai_card_frame frame = {.what = 1, .bytes = bytes};

	return bytes.len == 0 ? 0 : sim_tale_send(tale, to, KAI_MSG_CARD, &frame, true);
}

unsigned sim_tell_card_two(struct sim_tale *tale)
{
	uint32_t other = sim_tale_peer(tale, tale->to);
	struct kai_card card;
	unsigned sent;

	if (!sim_tale_card(tale, tale->node->number, &card))
		return 0;
	card.serial += 1 + tale->arg;
	card.name = kai_span_str("one face");
	sent = send_card(tale, tale->to, sign_card(tale, &card));
	card.name = kai_span_str("another face");
	if (other != UINT32_MAX)
		sent += send_card(tale, other, sign_card(tale, &card));
	return sent;
}

/* One that it has replaced before the peer's eyes: as it was, or with other words under its old serial. */
unsigned sim_tell_card_old(struct sim_tale *tale)
{
	struct kai_card card;
	unsigned sent;

	if (!sim_tale_card(tale, tale->node->number, &card))
		return 0;
	card.serial += 1 + tale->arg;
	card.name = kai_span_str("as it is");
	sent = send_card(tale, tale->to, sign_card(tale, &card));
	if (tale->arg % 4 != 3)
		return sent + send_card(tale, tale->to, tale->node->org.card);
	card.serial -= 1;
	card.name = kai_span_str("as it was");
	return sent + send_card(tale, tale->to, sign_card(tale, &card));
}

unsigned sim_tell_card_forged(struct sim_tale *tale)
{
	const struct sim_org *me = &tale->node->org;
	uint32_t other = sim_tale_other(tale);
	struct kai_card card;

	if (other == UINT32_MAX || !sim_tale_card(tale, other, &card))
		return 0;
	card.serial++;
	for (size_t i = 0; i < card.keys_count; i++) {
		if (card.keys[i].role == KAI_ROLE_DECIDER)
			memcpy(card.keys[i].key, me->decider.key, KAI_ID_LEN);
	}
	if (tale->arg % 2 == 0)
		return send_card(tale, tale->to, sign_card(tale, &card));
	/* Says that the other signed it. */
	return send_card(tale, tale->to,
			 kai_signed_make(KAI_CTX_CARD,
					 kai_object_encode_in(&kai_object_card, &card, tale->arena),
					 card.org, me->root.secret, tale->arena));
}

/* ---- agreements ---- */

static unsigned send_agreement(struct sim_tale *tale, uint64_t what, struct kai_span bytes)
{
	struct kai_agreement_frame frame = {.what = what, .bytes = bytes};

	return bytes.len == 0 ? 0 : sim_tale_send(tale, tale->to, KAI_MSG_AGREEMENT, &frame, true);
}

/* All that the peer could send, and for long. */
static void widen(struct kai_terms *io)
{
	struct kai_direction *const both[2] = {&io->a_to_b, &io->b_to_a};

	for (size_t i = 0; i < 2; i++) {
		both[i]->ceiling = KAI_TLP_RED;
		both[i]->onward = KAI_ONWARD_ANY;
		both[i]->constituency = true;
		both[i]->max_items_day = 0;
	}
	io->valid_until += 365 * (uint64_t)KAI_MS_DAY;
}

unsigned sim_tell_agreement_terms(struct sim_tale *tale)
{
	struct kai_agreement_read read;

	if (!sim_tale_agreement(tale, tale->to, &read))
		return 0;
	widen(&read.terms);
	read.terms.serial += tale->arg % 2;
	read.agreement.terms = kai_object_encode_in(&kai_object_terms, &read.terms, tale->arena);
	if (read.agreement.terms.len == 0)
		return 0;
	return send_agreement(
		tale, 1, kai_object_encode_in(&kai_object_agreement, &read.agreement, tale->arena));
}

unsigned sim_tell_agreement_alone(struct sim_tale *tale)
{
	const struct sim_org *me = &tale->node->org;
	struct kai_agreement_read read;

	if (!sim_tale_agreement(tale, tale->to, &read))
		return 0;
	widen(&read.terms);
	read.terms.serial += 1 + tale->arg;
	read.terms.predecessor.is = true;
	memcpy(read.terms.predecessor.id, read.digest, KAI_ID_LEN);
	struct kai_span terms = kai_object_encode_in(&kai_object_terms, &read.terms, tale->arena);

	if (terms.len == 0)
		return 0;
	return send_agreement(tale, 1,
			      kai_agreement_sign(terms, NULL, me->root.key, me->decider.key,
						 me->decider.secret, tale->arena));
}

static unsigned send_notice(struct sim_tale *tale, const uint8_t *org, uint64_t action,
			    uint64_t number)
{
	const struct sim_pair *decider = &tale->node->org.decider;
	struct kai_agreement_read read;
	struct kai_notice notice = {.version = KAI_VERSION,
				    .number = number,
				    .action = action,
				    .at = sim_tale_wall(tale)};

	if (!sim_tale_agreement(tale, tale->to, &read))
		return 0;
	memcpy(notice.agreement, read.digest, KAI_ID_LEN);
	memcpy(notice.org, org, KAI_ID_LEN);
	return send_agreement(
		tale, 2,
		kai_signed_make(KAI_CTX_NOTICE,
				kai_object_encode_in(&kai_object_notice, &notice, tale->arena),
				decider->key, decider->secret, tale->arena));
}

/* Its own newest word on that agreement, old enough for the peer to know it. */
static bool newest_notice(struct sim_tale *tale, struct kai_notice *ret)
{
	struct kai_agreement_read read;
	struct kai_signed envelope;
	struct kai_txn *txn;
	struct kai_span bytes;

	if (!sim_tale_agreement(tale, tale->to, &read) ||
	    kai_txn_begin(tale->node->store, false, &txn, NULL) != KAI_ERR_OK)
		return false;
	struct kai_key key = kai_key_two(read.digest, tale->node->org.root.key);
	bool found = kai_txn_get(txn, KAI_TABLE_NOTICES, kai_key_span(&key), &bytes);

	bytes = found ? sim_tale_copy(tale, bytes) : bytes;
	kai_txn_abort(txn);
	return found &&
	       kai_object_decode(&kai_object_signed, bytes, tale->arena, &envelope) ==
		       KAI_FAULT_NONE &&
	       kai_object_decode(&kai_object_notice, envelope.body, tale->arena, ret) ==
		       KAI_FAULT_NONE &&
	       ret->at + (uint64_t)KAI_MS_MINUTE <= sim_tale_wall(tale);
}

/* Another word under a number that its newest has passed already. */
unsigned sim_tell_notice_old(struct sim_tale *tale)
{
	struct kai_notice newest;

	if (!newest_notice(tale, &newest) || newest.number < 2)
		return 0;
	return send_notice(tale, tale->node->org.root.key,
			   newest.action == KAI_NOTICE_SUSPEND ? KAI_NOTICE_RESUME
							       : KAI_NOTICE_SUSPEND,
			   newest.number - 1 - tale->arg % (newest.number - 1));
}

unsigned sim_tell_notice_foreign(struct sim_tale *tale)
{
	return send_notice(tale, sim_node(tale->sim, tale->to)->org.root.key,
			   tale->arg % 2 == 0 ? KAI_NOTICE_TERMINATE : KAI_NOTICE_RESUME,
			   sim_tale_wall(tale) / KAI_MS_SECOND + 1);
}

/* ---- memberships ---- */

static unsigned send_member(struct sim_tale *tale, const struct kai_membership *membership)
{
	const struct sim_pair *decider = &tale->node->org.decider;

	return send_agreement(tale, 3,
			      kai_signed_make(KAI_CTX_MEMBERSHIP,
					      kai_object_encode_in(&kai_object_membership,
								   membership, tale->arena),
					      decider->key, decider->secret, tale->arena));
}

/* A community of the plan's that it keeps, or that another keeps. */
static const struct sim_community *community(const struct sim_tale *tale, bool own)
{
	const struct sim_plan *plan = sim_plan_of(tale->sim);

	for (uint32_t i = 0; i < plan->community_count; i++) {
		const struct sim_community *at =
			&plan->communities[(i + tale->arg) % plan->community_count];

		if ((at->keeper == tale->node->number) == own)
			return at;
	}
	return NULL;
}

static struct kai_membership member(struct sim_tale *tale, uint32_t keeper, uint32_t org,
				    const char *name)
{
	uint64_t now = sim_tale_wall(tale);
	struct kai_membership ret = {.version = KAI_VERSION,
				     .name = kai_span_str(name),
				     .number = now / KAI_MS_SECOND,
				     .valid_from = now,
				     .valid_until = now + 30 * (uint64_t)KAI_MS_DAY};

	memcpy(ret.keeper, sim_node(tale->sim, keeper)->org.root.key, KAI_ID_LEN);
	memcpy(ret.org, sim_node(tale->sim, org)->org.root.key, KAI_ID_LEN);
	return ret;
}

unsigned sim_tell_member_foreign(struct sim_tale *tale)
{
	const struct sim_community *of = community(tale, false);
	uint32_t keeper = of != NULL ? of->keeper : sim_tale_other(tale);
	struct kai_membership membership;

	if (keeper == UINT32_MAX)
		return 0;
	membership = member(tale, keeper, tale->node->number, of != NULL ? of->name : "ring");
	return send_member(tale, &membership);
}

unsigned sim_tell_member_expired(struct sim_tale *tale)
{
	const struct sim_community *of = community(tale, true);
	struct kai_membership membership =
		member(tale, tale->node->number, tale->to, of != NULL ? of->name : "ring");

	membership.number = OLD_NUMBER;
	membership.valid_from -= 20 * (uint64_t)KAI_MS_DAY;
	membership.valid_until = membership.valid_from + 10 * (uint64_t)KAI_MS_DAY;
	sim_ledger_add_member(tale->sim, &membership);
	return send_member(tale, &membership);
}

unsigned sim_tell_member_long(struct sim_tale *tale)
{
	struct kai_membership membership = member(tale, tale->node->number, tale->to, "ring");

	membership.valid_until = membership.valid_from + (uint64_t)KAI_MEMBERSHIP_MAX_MS + 1;
	return send_member(tale, &membership);
}
