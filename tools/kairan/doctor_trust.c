/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: what ends, what is out of date, whom nobody could call. */
#include <string.h>

#include "agree.h"
#include "doctor.h"

#define OLD_CARD_MS (90 * KAI_MS_DAY)

/* ---- agreements ---- */

/* Is there another one, signed by both, that goes on where this one ends? */
static bool is_renewed(struct kai_doctor *doctor, const struct kai_pair *pair)
{
	const struct kai_terms *terms = &pair->agreement.terms;
	struct kai_cli *cli = doctor->cli;
	size_t used = cli->arena.used;
	struct kai_agreement_read *other = kai_cli_take(cli, sizeof(*other));
	struct kai_scan scan;
	struct kai_span value;
	bool found = false;

	kai_scan_init(&scan, doctor->txn, KAI_TABLE_AGREEMENTS, kai_span(pair->org, KAI_ID_LEN),
		      kai_span(NULL, 0), false);
	while (!found && kai_scan_next(&scan, NULL, &value)) {
		struct kai_agree_rec rec;

		found = kai_object_decode(&kai_object_agree_rec, value, &cli->arena, &rec) ==
				KAI_FAULT_NONE &&
			kai_agreement_open(rec.bytes, NULL, NULL, &cli->arena, other) ==
				KAI_FAULT_NONE &&
			other->signed_by == 3 && other->terms.serial > terms->serial &&
			other->terms.valid_from <= terms->valid_until &&
			other->terms.valid_until > terms->valid_until;
	}
	cli->arena.used = used;
	return found;
}

static void look_at_contacts(struct kai_doctor *doctor, const struct kai_pair *pair,
			     const char *name)
{
	const struct kai_terms *terms = &pair->agreement.terms;
	uint64_t theirs = kai_terms_side(terms, pair->org) == 0 ? 0 : 1;
	bool found = false;

	for (size_t i = 0; i < terms->contacts_count; i++) {
		const struct kai_contact *contact = &terms->contacts[i];

		if (contact->side != theirs)
			continue;
		found = true;
		if (kai_span_equal(contact->first, contact->second))
			kai_doctor_add(doctor, KAI_FINDING_ONE_ROUTE, KAI_DOCTOR_SOON, name,
				       kai_cli_str(doctor->cli, contact->role));
	}
	if (!found)
		kai_doctor_add(doctor, KAI_FINDING_NO_CONTACT, KAI_DOCTOR_SOON, name, "");
}

enum kai_agreement_state kai_doctor_state(const struct kai_doctor *doctor,
					  const struct kai_pair *pair)
{
	if ((pair->state == KAI_STATE_ACTIVE || pair->state == KAI_STATE_SUSPENDED) &&
	    (int64_t)pair->agreement.terms.valid_until <= doctor->now_ms)
		return KAI_STATE_EXPIRED;
	return pair->state;
}

static void look_at_pair(struct kai_cli *cli, struct kai_txn *txn, const struct kai_pair *pair,
			 void *context)
{
	struct kai_doctor *doctor = context;
	const struct kai_terms *terms = &pair->agreement.terms;
	const char *name = kai_org_name(cli, txn, pair->org);
	bool renewed = is_renewed(doctor, pair);

	switch (kai_doctor_state(doctor, pair)) {
	case KAI_STATE_PROPOSED:
		kai_doctor_add(doctor, KAI_FINDING_AGREEMENT_WAITS, KAI_DOCTOR_LOOK, name, "");
		return;
	case KAI_STATE_EXPIRED:
		if (!renewed && doctor->now_ms < (int64_t)terms->valid_until + KAI_GRACE_MS)
			kai_doctor_add(doctor, KAI_FINDING_AGREEMENT_ENDED, KAI_DOCTOR_NOW, name,
				       kai_doctor_when(doctor, terms->valid_until));
		return;
	case KAI_STATE_SUSPENDED:
		kai_doctor_add(doctor, KAI_FINDING_SUSPENDED, KAI_DOCTOR_LOOK, name, "");
		break;
	case KAI_STATE_ACTIVE:
		doctor->partners++;
		break;
	case KAI_STATE_FUTURE:
		break;
	case KAI_STATE_NONE:
	case KAI_STATE_TERMINATED:
	case KAI_STATE_END:
		return;
	}
	if (!renewed)
		kai_doctor_ends(doctor, KAI_FINDING_AGREEMENT_ENDS, name, terms->valid_until);
	if (terms->review_by > 0 && (int64_t)terms->review_by < doctor->now_ms)
		kai_doctor_add(doctor, KAI_FINDING_REVIEW, KAI_DOCTOR_SOON, name,
			       kai_doctor_when(doctor, terms->review_by));
	look_at_contacts(doctor, pair, name);
}

/* ---- cards ---- */

static const char *use_word(const struct kai_card_key *key)
{
	static const char *const roles[] = {N_("sealing"), N_("system"), N_("duty"), N_("decider")};

	return roles[key->use == KAI_KEY_SIGN && key->role <= KAI_ROLE_DECIDER ? key->role : 0];
}

/* A key that ends matters where none of its use goes on after it. */
static void look_at_keys(struct kai_doctor *doctor, const struct kai_card *card)
{
	struct kai_cli *cli = doctor->cli;

	for (size_t i = 0; i < card->keys_count; i++) {
		const struct kai_card_key *key = &card->keys[i];
		bool last = (int64_t)key->not_after + KAI_GRACE_MS > doctor->now_ms;

		for (size_t k = 0; last && k < card->keys_count; k++)
			last = k == i || card->keys[k].use != key->use ||
			       card->keys[k].role != key->role ||
			       card->keys[k].not_after <= key->not_after;
		for (size_t k = 0; last && k < card->revocations_count; k++)
			last = !kai_id_equal(card->revocations[k].key, key->key);
		if (last && key->not_after < card->valid_until)
			kai_doctor_ends(doctor, KAI_FINDING_OUR_KEY, T(use_word(key)),
					key->not_after);
	}
}

static void look_at_record(struct kai_doctor *doctor)
{
	struct kai_cli *cli = doctor->cli;
	struct kai_key at = kai_key_bytes(cli->org, KAI_ID_LEN);
	struct kai_record_rec rec;
	struct kai_node_record record;
	uint8_t digest[KAI_ID_LEN];
	uint64_t until = 0;

	if (!kai_rec_get(doctor->txn, KAI_TABLE_RECORDS, &at, &kai_object_record_rec, &cli->arena,
			 &rec) ||
	    kai_node_record_open(rec.bytes, &cli->arena, &record, digest) != KAI_FAULT_NONE)
		return;
	for (size_t i = 0; i < record.keys_count; i++)
		until = record.keys[i].not_after > until ? record.keys[i].not_after : until;
	kai_doctor_ends(doctor, KAI_FINDING_OUR_RECORD, "",
			record.valid_until < until ? record.valid_until : until);
}

static void look_at_card(struct kai_doctor *doctor, const uint8_t org[KAI_ID_LEN])
{
	struct kai_cli *cli = doctor->cli;
	const char *name = kai_org_name(cli, doctor->txn, org);
	struct kai_card *card = kai_cli_take(cli, sizeof(*card));
	struct kai_card_rec rec;
	uint8_t digest[KAI_ID_LEN];

	if (!kai_rec_card(doctor->txn, org, &cli->arena, &rec) ||
	    kai_card_open(rec.bytes, &cli->arena, card, digest) != KAI_FAULT_NONE)
		return;
	if (rec.frozen)
		kai_doctor_add(doctor, KAI_FINDING_FROZEN, KAI_DOCTOR_NOW, name, "");
	if (kai_id_equal(org, cli->org)) {
		kai_doctor_ends(doctor, KAI_FINDING_OUR_CARD, "", card->valid_until);
		look_at_keys(doctor, card);
		look_at_record(doctor);
		return;
	}
	kai_doctor_ends(doctor, KAI_FINDING_THEIR_CARD, name, card->valid_until);
	if ((int64_t)rec.refreshed_at + OLD_CARD_MS < doctor->now_ms)
		kai_doctor_add(doctor, KAI_FINDING_OLD_CARD, KAI_DOCTOR_SOON, name,
			       kai_doctor_when(doctor, rec.refreshed_at));
}

/* Each org once: its cards lie beside each other. */
static void look_at_cards(struct kai_doctor *doctor)
{
	uint8_t last[KAI_ID_LEN] = {0};
	struct kai_scan scan;
	struct kai_span key;

	kai_scan_init(&scan, doctor->txn, KAI_TABLE_CARDS, kai_span(NULL, 0), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, &key, NULL)) {
		if (key.len < KAI_ID_LEN || kai_id_equal(key.at, last))
			continue;
		memcpy(last, key.at, KAI_ID_LEN);
		look_at_card(doctor, last);
	}
}

/* ---- memberships: ours, and those that we keep ---- */

static void look_at_members(struct kai_doctor *doctor)
{
	struct kai_cli *cli = doctor->cli;
	struct kai_scan scan;
	struct kai_span value;

	kai_scan_init(&scan, doctor->txn, KAI_TABLE_MEMBERS, kai_span(NULL, 0), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, NULL, &value)) {
		struct kai_member_rec rec;
		struct kai_membership member;

		if (kai_object_decode(&kai_object_member_rec, value, &cli->arena, &rec) !=
			    KAI_FAULT_NONE ||
		    kai_membership_peek(rec.bytes, &cli->arena, &member) != KAI_FAULT_NONE ||
		    member.withdrawn ||
		    (int64_t)member.valid_until + KAI_GRACE_MS < doctor->now_ms ||
		    (!kai_id_equal(member.org, cli->org) && !kai_id_equal(member.keeper, cli->org)))
			continue;
		kai_doctor_ends(doctor, KAI_FINDING_MEMBERSHIP,
				kai_cli_text(cli, "%s, %s/%s",
					     kai_org_name(cli, doctor->txn, member.org),
					     kai_org_name(cli, doctor->txn, member.keeper),
					     kai_cli_str(cli, member.name)),
				member.valid_until);
	}
}

void kai_doctor_trust(struct kai_doctor *doctor)
{
	kai_agree_each(doctor->cli, doctor->txn, look_at_pair, doctor);
	look_at_cards(doctor);
	look_at_members(doctor);
}
