/* SPDX-License-Identifier: Apache-2.0 */
/* Requests about agreements: propose, accept, import, and one-sided notices. */
#include "kairan/card.h"
#include "trust.h"

#include <string.h>

#define FILE_MEMBERSHIPS 32

/* The file that the other side needs: the agreement, my card and node record, my memberships. */
static struct kai_span make_file(struct kai_turn *turn, const struct kai_terms *terms,
				 struct kai_span agreement)
{
	const uint8_t *me = turn->engine->config.org;
	struct kai_span memberships[FILE_MEMBERSHIPS];
	struct kai_agree_file file = {.version = KAI_VERSION, .agreement = agreement};
	struct kai_known_card mine;
	struct kai_node_record record;
	uint8_t digest[KAI_ID_LEN];

	if (kai_book_card(turn, me, &mine))
		file.card = mine.rec.bytes;
	if (!kai_book_record(turn, me, &file.record, &record, digest))
		file.record = (struct kai_span){NULL, 0};
	file.memberships = memberships;
	file.memberships_count = kai_members_mine(turn, terms, memberships, FILE_MEMBERSHIPS);
	return kai_object_encode_in(&kai_object_agree_file, &file, turn->scratch);
}

/* The agreement with the highest serial, of whatever state: a new one must be above it to count. */
static bool newest_agreed(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN],
			  struct kai_pact *ret)
{
	struct kai_pact_scan scan;
	struct kai_pact pact;
	bool found = false;

	kai_pacts_init(&scan, turn->txn, org, turn->event->wall, turn->scratch);
	while (kai_pacts_next(&scan, &pact)) {
		if (!kai_pact_agreed(&pact.read))
			continue;
		if (!found || pact.read.terms.serial > ret->read.terms.serial ||
		    (pact.read.terms.serial == ret->read.terms.serial &&
		     memcmp(pact.read.digest, ret->read.digest, KAI_ID_LEN) < 0)) {
			*ret = pact;
			found = true;
		}
	}
	return found;
}

static bool proposal_ok(struct kai_turn *turn, const struct kai_terms *terms,
			struct kai_ctl_answer *ret)
{
	int side = kai_terms_side(terms, turn->engine->config.org);
	struct kai_known_card other;
	struct kai_pact before;

	if (side < 0) {
		kai_answer(turn, ret, 3, "not-a-party", "these terms do not name this org");
		return false;
	}
	const uint8_t *org = kai_terms_party(terms, 1 - side)->org;

	if (!kai_book_card(turn, org, &other)) {
		kai_answer(turn, ret, 1, "no-card",
			   "the other side's card is not here (import it with its fingerprint)");
		return false;
	}
	if (terms->valid_until <= (uint64_t)turn->event->wall.ms) {
		kai_answer(turn, ret, 3, "expired", "these terms have ended already");
		return false;
	}
	if (!newest_agreed(turn, org, &before))
		return true;
	if (before.state != KAI_STATE_TERMINATED &&
	    (!terms->predecessor.is || !kai_id_equal(terms->predecessor.id, before.read.digest))) {
		kai_answer(turn, ret, 3, "predecessor",
			   "an agreement with this org exists: a new one must name it as its "
			   "predecessor (agree renew)");
		return false;
	}
	if (terms->serial <= before.read.terms.serial) {
		kai_answer(turn, ret, 3, "serial", "the serial must be above %llu",
			   (unsigned long long)before.read.terms.serial);
		return false;
	}
	return true;
}

/* Signs with the decider's key and checks the result as the other side will. */
static enum kai_fault sign(struct kai_turn *turn, struct kai_span terms,
			   const struct kai_party_signature *other, struct kai_agreement_read *ret,
			   struct kai_span *ret_bytes)
{
	const struct kai_engine_config *config = &turn->engine->config;
	uint8_t org[KAI_ID_LEN];

	*ret_bytes = kai_agreement_sign(terms, other, config->org, config->decider.key,
					config->decider.secret, turn->scratch);
	if (ret_bytes->len == 0)
		return KAI_FAULT_TOO_MUCH;
	return kai_pact_open(turn, *ret_bytes, ret, org);
}

void kai_agree_propose(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret)
{
	const struct kai_ctl_agree_propose *req = request;
	struct kai_terms terms;
	struct kai_agreement_read read;
	struct kai_span bytes;
	enum kai_fault fault =
		kai_object_decode(&kai_object_terms, req->terms, turn->scratch, &terms);

	if (fault == KAI_FAULT_NONE)
		fault = kai_terms_check(&terms);
	if (fault != KAI_FAULT_NONE) {
		kai_answer_fault(turn, ret, 3, fault, "terms");
		return;
	}
	if (!proposal_ok(turn, &terms, ret))
		return;
	fault = sign(turn, req->terms, NULL, &read, &bytes);
	if (fault != KAI_FAULT_NONE) {
		kai_answer_fault(turn, ret, 1, fault, "agreement");
		return;
	}
	const uint8_t *org =
		kai_terms_party(&read.terms,
				1 - kai_terms_side(&read.terms, turn->engine->config.org))
			->org;
	struct kai_pact held;

	/* proposing the same terms again only makes the file again */
	if (kai_book_pact(turn->txn, org, read.digest, turn->event->wall, turn->scratch, &held)) {
		bytes = held.rec.bytes;
	} else {
		kai_pact_send(turn, org, 1, bytes);
		kai_pact_store(turn, org, &read, bytes);
	}
	ret->id.is = true;
	memcpy(ret->id.id, read.digest, KAI_ID_LEN);
	ret->body = make_file(turn, &read.terms, bytes);
}

/* ---- files of the other side
 * --------------------------------------------------------------------------------------- */

struct opened_file {
	struct kai_agree_file file;
	struct kai_agreement_read read;
	uint8_t org[KAI_ID_LEN]; /* who wrote it */
	unsigned mine;		 /* my bit in signed_by */
};

/* A newer card in the file is taken first: the agreement may be signed under it. */
static enum kai_fault take_card(struct kai_turn *turn, const struct kai_agree_file *file,
				const uint8_t org[KAI_ID_LEN])
{
	struct kai_card card;
	uint8_t digest[KAI_ID_LEN];
	bool fresh;

	if (file->card.len == 0)
		return KAI_FAULT_NONE;
	if (!kai_book_card_bytes(file->card, turn->scratch, &card, digest))
		return KAI_FAULT_TYPE;
	/* our own file came back: its card is ours, and what is missing is said later */
	if (kai_id_equal(card.org, turn->engine->config.org))
		return KAI_FAULT_NONE;
	if (!kai_id_equal(card.org, org))
		return KAI_FAULT_MEANING;
	return kai_card_take(turn, file->card, KAI_CARD_INTRODUCED, org, &fresh);
}

static bool open_file(struct kai_turn *turn, struct kai_span bytes, struct opened_file *ret,
		      struct kai_ctl_answer *answer)
{
	struct kai_known_card other;
	enum kai_fault fault =
		kai_object_decode(&kai_object_agree_file, bytes, turn->scratch, &ret->file);

	if (fault == KAI_FAULT_NONE)
		fault = kai_agreement_open(ret->file.agreement, NULL, NULL, turn->scratch,
					   &ret->read);
	if (fault != KAI_FAULT_NONE) {
		kai_answer_fault(turn, answer, 3, fault, "agreement file");
		return false;
	}
	int side = kai_terms_side(&ret->read.terms, turn->engine->config.org);

	if (side < 0) {
		kai_answer(turn, answer, 1, "not-a-party", "this agreement does not name this org");
		return false;
	}
	ret->mine = 1u << side;
	memcpy(ret->org, kai_terms_party(&ret->read.terms, 1 - side)->org, KAI_ID_LEN);
	if (!kai_book_card(turn, ret->org, &other) || other.rec.how != KAI_CARD_FINGERPRINT) {
		char fingerprint[KAI_FINGERPRINT_SIZE];

		kai_fingerprint(ret->org, fingerprint);
		kai_answer(turn, answer, 1, "no-card",
			   "the other side was never compared: import its card with the "
			   "fingerprint that it tells you by another way; this file says %s",
			   fingerprint);
		return false;
	}
	fault = take_card(turn, &ret->file, ret->org);
	if (fault == KAI_FAULT_NONE)
		fault = kai_pact_open(turn, ret->file.agreement, &ret->read, ret->org);
	if (fault != KAI_FAULT_NONE) {
		kai_answer_fault(turn, answer, 1, fault, "agreement");
		return false;
	}
	if (ret->read.terms.valid_until <= (uint64_t)turn->event->wall.ms) {
		kai_answer(turn, answer, 1, "expired", "this agreement has ended already");
		return false;
	}
	return true;
}

/* After the agreement is stored, what came beside it is wanted. */
static void take_rest(struct kai_turn *turn, const struct opened_file *opened,
		      struct kai_ctl_answer *ret)
{
	enum kai_fault fault = KAI_FAULT_NONE;
	bool fresh = false;
	bool any = false;

	if (opened->file.record.len > 0)
		fault = kai_record_take(turn, opened->file.record, opened->org, &any);
	for (size_t i = 0; i < opened->file.memberships_count; i++) {
		enum kai_fault found =
			kai_member_take(turn, opened->file.memberships[i], opened->org, &fresh);

		any |= fresh;
		if (fault == KAI_FAULT_NONE)
			fault = found;
	}
	if (any)
		kai_trust_touched(turn);
	if (fault != KAI_FAULT_NONE)
		kai_answer(turn, ret, 0, "", "agreed; what came beside it was not all taken: it %s",
			   kai_fault_text(fault));
}

void kai_agree_accept(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret)
{
	const struct kai_ctl_agree_file *req = request;
	const struct kai_party_signature *theirs = NULL;
	struct opened_file opened;
	struct kai_pact before;
	struct kai_span bytes;

	if (!open_file(turn, req->file, &opened, ret))
		return;
	for (size_t i = 0; i < opened.read.agreement.signatures_count; i++) {
		if (kai_id_equal(opened.read.agreement.signatures[i].org, opened.org))
			theirs = &opened.read.agreement.signatures[i];
	}
	if (theirs == NULL) {
		kai_answer(turn, ret, 1, "too-few-signers",
			   "the other side has not signed this: it is our own proposal");
		return;
	}
	if (newest_agreed(turn, opened.org, &before) &&
	    !kai_id_equal(opened.read.digest, before.read.digest) &&
	    (opened.read.terms.serial < before.read.terms.serial ||
	     (opened.read.terms.serial == before.read.terms.serial &&
	      before.state == KAI_STATE_TERMINATED))) {
		kai_answer(turn, ret, 1, "serial",
			   "an agreement with a higher serial is here: this one would never count");
		return;
	}
	enum kai_fault fault =
		sign(turn, opened.read.agreement.terms, theirs, &opened.read, &bytes);

	if (fault != KAI_FAULT_NONE) {
		kai_answer_fault(turn, ret, 1, fault, "agreement");
		return;
	}
	kai_pact_send(turn, opened.org, 1, bytes);
	kai_pact_store(turn, opened.org, &opened.read, bytes);
	take_rest(turn, &opened, ret);
	ret->id.is = true;
	memcpy(ret->id.id, opened.read.digest, KAI_ID_LEN);
	ret->body = make_file(turn, &opened.read.terms, bytes);
}

void kai_agree_import(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret)
{
	const struct kai_ctl_agree_file_in *req = request;
	struct opened_file opened;

	if (!open_file(turn, req->file, &opened, ret))
		return;
	if (!kai_pact_agreed(&opened.read)) {
		kai_answer(
			turn, ret, 1, "too-few-signers",
			(opened.read.signed_by & opened.mine) != 0
				? "only this side has signed: the other side accepts it first"
				: "only the other side has signed: review it, then agree accept");
		return;
	}
	kai_pact_store(turn, opened.org, &opened.read, kai_turn_copy(turn, opened.file.agreement));
	take_rest(turn, &opened, ret);
	ret->id.is = true;
	memcpy(ret->id.id, opened.read.digest, KAI_ID_LEN);
}

/* ---- notices
 * ------------------------------------------------------------------------------------------------------
 */

#define NOTICE_PACTS 8

/* The agreements with an org that a notice of ours stops or starts again: all that run or will run,
 * so that a renewal in waiting does not undo a suspension. Newest serial first. */
static size_t notice_pacts(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN],
			   struct kai_pact ret[NOTICE_PACTS], bool *ret_terminated)
{
	struct kai_pact_scan scan;
	struct kai_pact pact;
	size_t count = 0;

	*ret_terminated = false;
	kai_pacts_init(&scan, turn->txn, org, turn->event->wall, turn->scratch);
	while (count < NOTICE_PACTS && kai_pacts_next(&scan, &pact)) {
		*ret_terminated |= pact.state == KAI_STATE_TERMINATED;
		if (!kai_pact_agreed(&pact.read) || pact.rec.replaced ||
		    pact.state == KAI_STATE_TERMINATED || pact.state == KAI_STATE_EXPIRED)
			continue;
		size_t at = count++;

		for (; at > 0 && ret[at - 1].read.terms.serial < pact.read.terms.serial; at--)
			ret[at] = ret[at - 1];
		ret[at] = pact;
	}
	return count;
}

/* Why this side may not say so now, or NULL. */
static const char *notice_refusal(uint64_t action, uint64_t held)
{
	if (action == KAI_NOTICE_RESUME && held != KAI_NOTICE_SUSPEND)
		return "not-suspended";
	return action == KAI_NOTICE_SUSPEND && held == KAI_NOTICE_SUSPEND ? "suspended" : NULL;
}

/* Number, body, signature; opened again as the other side will. */
static enum kai_fault make_notice(struct kai_turn *turn, const struct kai_ctl_agree_notice *req,
				  const uint8_t agreement[KAI_ID_LEN], uint64_t held_number,
				  struct kai_span *ret)
{
	const struct kai_engine_config *config = &turn->engine->config;
	uint64_t seconds = (uint64_t)(turn->event->wall.ms / KAI_MS_SECOND);
	struct kai_notice notice = {
		.version = KAI_VERSION,
		.number = held_number >= seconds ? held_number + 1 : seconds,
		.action = req->action,
		.at = (uint64_t)turn->event->wall.ms,
		.reason = req->reason,
	};
	struct kai_known_card mine;

	if (!kai_book_card(turn, config->org, &mine))
		return KAI_FAULT_NO_CARD;
	memcpy(notice.agreement, agreement, KAI_ID_LEN);
	memcpy(notice.org, config->org, KAI_ID_LEN);
	struct kai_span body = kai_object_encode_in(&kai_object_notice, &notice, turn->scratch);

	*ret = kai_signed_make(KAI_CTX_NOTICE, body, config->decider.key, config->decider.secret,
			       turn->scratch);
	return kai_notice_open(*ret, &mine.card, turn->scratch, &notice);
}

static const char *give_notice(struct kai_turn *turn, const struct kai_ctl_agree_notice *req,
			       const struct kai_pact *pact, struct kai_span *ret)
{
	const uint8_t *me = turn->engine->config.org;
	struct kai_key key = kai_key_two(pact->read.digest, me);
	struct kai_notice held;
	struct kai_span held_bytes;

	(void)kai_book_notice(turn->txn, pact->read.digest, me, turn->scratch, &held_bytes, &held);
	const char *refusal = notice_refusal(req->action, held.action);

	if (refusal != NULL)
		return refusal;
	enum kai_fault fault = make_notice(turn, req, pact->read.digest, held.number, ret);

	if (fault != KAI_FAULT_NONE)
		return kai_fault_name(fault);
	/* before the peers are asked again, so that a termination still reaches the other side */
	kai_pact_send(turn, req->org, 2, *ret);
	kai_txn_put(turn->txn, KAI_TABLE_NOTICES, kai_key_span(&key), *ret);
	kai_turn_journal(turn, "agreement-notice", req->org, pact->read.digest, "");
	return NULL;
}

void kai_agree_notice(struct kai_turn *turn, const void *request, struct kai_ctl_answer *ret)
{
	const struct kai_ctl_agree_notice *req = request;
	struct kai_pact pacts[NOTICE_PACTS];
	const char *refusal = NULL;
	bool terminated;
	size_t count = notice_pacts(turn, req->org, pacts, &terminated);
	size_t given = 0;

	if (count == 0 && terminated) {
		kai_answer(turn, ret, 1, "terminated", "a termination is final: agree anew");
		return;
	}
	if (count == 0) {
		kai_answer(turn, ret, 4, "agreement", "there is no agreement with this org");
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct kai_span bytes;
		const char *why = give_notice(turn, req, &pacts[i], &bytes);

		if (why != NULL) {
			refusal = why;
		} else if (given++ == 0) {
			ret->body = bytes;
			ret->id.is = true;
			memcpy(ret->id.id, pacts[i].read.digest, KAI_ID_LEN);
		}
	}
	if (given > 0)
		kai_trust_changed(turn);
	else
		kai_answer(turn, ret, 1, refusal,
			   "this side has said nothing that this would change");
}
