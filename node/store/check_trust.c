/* SPDX-License-Identifier: Apache-2.0 */
/* The integrity check's rows around peers and what organisations signed. */
#include "check_private.h"

#include <string.h>

#include "kairan/card.h"
#include "kairan/drill.h"

#define NUMBER_LEN 2
#define SERIAL_LEN 8
#define BOOT_LEN 16
#define MARK_LEN 8

bool kai_check_signer(struct kai_check_run *run, const uint8_t org[KAI_ID_LEN],
		      const uint8_t signer[KAI_ID_LEN], bool *ret_known)
{
	struct kai_arena arena = run->arena; /* what is decoded here goes again */
	struct kai_scan scan;
	struct kai_span value;

	*ret_known = false;
	kai_scan_init(&scan, run->txn, KAI_TABLE_CARDS, kai_span(org, KAI_ID_LEN),
		      kai_span(NULL, 0), true);
	while (kai_scan_next(&scan, NULL, &value)) {
		struct kai_card_rec rec;
		struct kai_signed statement;
		struct kai_card card;

		arena.used = run->arena.used;
		if (kai_object_decode(&kai_object_card_rec, value, &arena, &rec) !=
			    KAI_FAULT_NONE ||
		    kai_object_decode(&kai_object_signed, rec.bytes, &arena, &statement) !=
			    KAI_FAULT_NONE ||
		    kai_object_decode(&kai_object_card, statement.body, &arena, &card) !=
			    KAI_FAULT_NONE)
			continue; /* reported in its own row */
		*ret_known = true;
		for (size_t i = 0; i < card.keys_count; i++) {
			if (card.keys[i].use == KAI_KEY_SIGN &&
			    kai_id_equal(card.keys[i].key, signer))
				return true;
		}
	}
	return false;
}

/* ---- peers ----------------------------------------------------------------------------------- */

void kai_check_peer(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	struct kai_peer peer;
	struct kai_key expected;
	struct kai_span number;

	if (!kai_check_lengths(run, key, NUMBER_LEN, value, value.len) ||
	    !kai_check_decode(run, key, value, &kai_object_peer, &peer))
		return;
	expected = kai_key_peer((uint16_t)peer.number);
	if (!kai_span_equal(key, kai_key_span(&expected)))
		kai_check_problem(run, key, "its number is not its key");
	if (!kai_txn_get(run->txn, KAI_TABLE_PEER_ORGS, kai_span(peer.org, KAI_ID_LEN), &number) ||
	    !kai_span_equal(number, key))
		kai_check_problem(run, key, "not found by its org");
	if (peer.position > kai_rec_head(run->txn))
		kai_check_problem(run, key, "its position lies beyond the log");
}

void kai_check_peer_org(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	struct kai_peer peer;
	struct kai_key at;

	if (!kai_check_lengths(run, key, KAI_ID_LEN, value, NUMBER_LEN))
		return;
	at = kai_key_bytes(value.at, value.len);
	if (!kai_check_read(run, KAI_TABLE_PEERS, &at, &kai_object_peer, &peer) ||
	    !kai_id_equal(peer.org, key.at))
		kai_check_problem(run, key, "points at no peer of this org");
}

void kai_check_boot(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	(void)kai_check_lengths(run, key, BOOT_LEN, value, MARK_LEN);
}

/* ---- what orgs signed ------------------------------------------------------------------------ */

void kai_check_card(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	struct kai_card_rec rec;
	struct kai_card card;
	uint8_t digest[KAI_ID_LEN];
	struct kai_key expected;

	if (!kai_check_lengths(run, key, KAI_ID_LEN + SERIAL_LEN, value, value.len) ||
	    !kai_check_decode(run, key, value, &kai_object_card_rec, &rec))
		return;
	enum kai_fault fault = kai_card_open(rec.bytes, &run->arena, &card, digest);

	if (fault != KAI_FAULT_NONE) {
		kai_check_fault(run, key, "the card is not valid", fault);
		return;
	}
	expected = kai_key_card(card.org, card.serial);
	if (!kai_span_equal(key, kai_key_span(&expected)))
		kai_check_problem(run, key, "a card of another org or serial");
}

void kai_check_record(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	struct kai_record_rec rec;
	struct kai_node_record record;
	uint8_t digest[KAI_ID_LEN];

	if (!kai_check_lengths(run, key, KAI_ID_LEN, value, value.len) ||
	    !kai_check_decode(run, key, value, &kai_object_record_rec, &rec))
		return;
	enum kai_fault fault = kai_node_record_open(rec.bytes, &run->arena, &record, digest);

	if (fault != KAI_FAULT_NONE)
		kai_check_fault(run, key, "the node record is not valid", fault);
	else if (!kai_id_equal(record.org, key.at))
		kai_check_problem(run, key, "a node record of another org");
}

void kai_check_agreement(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	struct kai_agree_rec rec;
	struct kai_agreement_read read;

	if (!kai_check_lengths(run, key, (size_t)2 * KAI_ID_LEN, value, value.len) ||
	    !kai_check_decode(run, key, value, &kai_object_agree_rec, &rec))
		return;
	enum kai_fault fault = kai_agreement_open(rec.bytes, NULL, NULL, &run->arena, &read);

	if (fault != KAI_FAULT_NONE)
		kai_check_fault(run, key, "the agreement is not valid", fault);
	else if (!kai_id_equal(read.digest, key.at + KAI_ID_LEN))
		kai_check_problem(run, key, "its digest is not its key");
	else if (kai_terms_side(&read.terms, key.at) < 0)
		kai_check_problem(run, key, "an agreement with another org");
}

void kai_check_notice(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	struct kai_signed statement;
	struct kai_notice notice;

	if (!kai_check_lengths(run, key, (size_t)2 * KAI_ID_LEN, value, value.len))
		return;
	enum kai_fault fault = kai_signed_open(KAI_CTX_NOTICE, value, &run->arena, &statement);

	if (fault == KAI_FAULT_NONE)
		fault = kai_object_decode(&kai_object_notice, statement.body, &run->arena, &notice);
	if (fault != KAI_FAULT_NONE)
		kai_check_fault(run, key, "the notice is not valid", fault);
	else if (!kai_id_equal(notice.agreement, key.at) ||
		 !kai_id_equal(notice.org, key.at + KAI_ID_LEN))
		kai_check_problem(run, key, "a notice of another agreement or org");
}

void kai_check_member(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	struct kai_member_rec rec;
	struct kai_membership membership;
	struct kai_key expected;

	if (!kai_check_decode(run, key, value, &kai_object_member_rec, &rec))
		return;
	enum kai_fault fault = kai_membership_peek(rec.bytes, &run->arena, &membership);

	if (fault != KAI_FAULT_NONE) {
		kai_check_fault(run, key, "the membership is not valid", fault);
		return;
	}
	expected = kai_key_member(membership.keeper, membership.name, membership.org);
	if (!kai_span_equal(key, kai_key_span(&expected)))
		kai_check_problem(run, key, "a membership of another community or org");
}

void kai_check_source(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	struct kai_source source;

	if (kai_check_lengths(run, key, KAI_ID_LEN, value, value.len))
		(void)kai_check_decode(run, key, value, &kai_object_source, &source);
}

static void check_say(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	struct kai_drill_say say;
	enum kai_fault fault = kai_drill_say_peek(value, &run->arena, &say);

	if (fault != KAI_FAULT_NONE) {
		kai_check_fault(run, key, "what is said of the drill is not valid", fault);
		return;
	}
	struct kai_key expected =
		kai_key_drill(say.realm, say.org,
			      say.what == KAI_DRILL_CLOSES ? KAI_DRILL_CLOSES : KAI_DRILL_CONSENTS);

	if (!kai_span_equal(key, kai_key_span(&expected)))
		kai_check_problem(run, key, "said of another drill or by another org");
	if (!kai_check_there(run, KAI_TABLE_DRILLS, kai_span(key.at, KAI_REALM_LEN)))
		kai_check_problem(run, key, "said of a drill that is not here");
}

void kai_check_drill(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	struct kai_drill_rec rec;
	struct kai_drill drill;
	uint8_t digest[KAI_ID_LEN];

	if (key.len == KAI_REALM_LEN + KAI_ID_LEN + 1) {
		check_say(run, key, value);
		return;
	}
	if (!kai_check_lengths(run, key, KAI_REALM_LEN, value, value.len) ||
	    !kai_check_decode(run, key, value, &kai_object_drill_rec, &rec))
		return;
	enum kai_fault fault = kai_drill_peek(rec.bytes, &run->arena, &drill, digest);

	if (fault != KAI_FAULT_NONE)
		kai_check_fault(run, key, "the drill is not valid", fault);
	else if (memcmp(drill.realm, key.at, KAI_REALM_LEN) != 0)
		kai_check_problem(run, key, "a drill of another realm");
}
