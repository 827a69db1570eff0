/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: the running node, its links and clocks, and the end of its journal. */
#include <string.h>

#include "agree.h"
#include "doctor.h"
#include "journal.h"
#include "view.h"

#define SKEW_LOOK_MS KAI_MS_MINUTE
#define SKEW_SOON_MS (5 * KAI_MS_MINUTE)
#define SKEW_NOW_MS KAI_MS_DAY
#define JOURNAL_LAST 1000 /* entries of its end */

static const struct kai_peer_state *state_of(const struct kai_doctor *doctor,
					     const uint8_t org[KAI_ID_LEN])
{
	for (size_t i = 0; i < doctor->state.peers_count; i++)
		if (kai_id_equal(doctor->state.peers[i].org, org))
			return &doctor->state.peers[i];
	return NULL;
}

static enum kai_doctor_level skew_level(uint64_t skew_ms)
{
	if (skew_ms >= SKEW_NOW_MS)
		return KAI_DOCTOR_NOW;
	return skew_ms >= SKEW_SOON_MS ? KAI_DOCTOR_SOON : KAI_DOCTOR_LOOK;
}

static char *skew_text(struct kai_cli *cli, uint64_t skew_ms, bool ahead)
{
	char span[32];

	kai_duration_text((int64_t)(skew_ms / 1000 * 1000), span);
	return kai_cli_text(cli, ahead ? T("theirs is %s ahead") : T("theirs is %s behind"), span);
}

/* ---- links ---- */

static void look_at_link(struct kai_cli *cli, struct kai_txn *txn, const struct kai_pair *pair,
			 void *context)
{
	struct kai_doctor *doctor = context;
	const struct kai_peer_state *peer = state_of(doctor, pair->org);

	if (kai_doctor_state(doctor, pair) != KAI_STATE_ACTIVE || (peer != NULL && peer->up))
		return;
	const char *reason = peer != NULL ? T(kai_cli_str(cli, peer->down_reason)) : "";
	const char *heard = peer != NULL && peer->heard_at > 0
				    ? kai_doctor_when(doctor, peer->heard_at)
				    : T("never heard of");

	kai_doctor_add(doctor, KAI_FINDING_LINK_DOWN, KAI_DOCTOR_NOW,
		       kai_org_name(cli, txn, pair->org),
		       kai_cli_text(cli, "%s%s%s", reason, reason[0] != '\0' ? ", " : "", heard));
}

/* ---- clocks ---- */

/* Of the peers that are up, how many are so far off in one direction? */
static size_t off_by(const struct kai_doctor *doctor, bool ahead, uint64_t *ret_least)
{
	size_t count = 0;

	*ret_least = UINT64_MAX;
	for (size_t i = 0; i < doctor->state.peers_count; i++) {
		const struct kai_peer_state *peer = &doctor->state.peers[i];

		if (!peer->up || peer->skew_ahead != ahead || peer->skew_ms < SKEW_LOOK_MS)
			continue;
		count++;
		*ret_least = peer->skew_ms < *ret_least ? peer->skew_ms : *ret_least;
	}
	return count;
}

/* Several that agree are right, and ours is wrong. */
static bool is_ours(struct kai_doctor *doctor, bool ahead)
{
	size_t up = 0;
	uint64_t least;
	size_t count = off_by(doctor, ahead, &least);

	for (size_t i = 0; i < doctor->state.peers_count; i++)
		up += doctor->state.peers[i].up;
	if (count < 2 || 2 * count <= up)
		return false;
	kai_doctor_add(doctor, KAI_FINDING_OUR_CLOCK, KAI_DOCTOR_NOW, "",
		       skew_text(doctor->cli, least, ahead));
	return true;
}

static void look_at_clocks(struct kai_doctor *doctor)
{
	if (is_ours(doctor, true) || is_ours(doctor, false))
		return;
	for (size_t i = 0; i < doctor->state.peers_count; i++) {
		const struct kai_peer_state *peer = &doctor->state.peers[i];

		if (peer->up && peer->skew_ms >= SKEW_LOOK_MS)
			kai_doctor_add(doctor, KAI_FINDING_PEER_CLOCK, skew_level(peer->skew_ms),
				       kai_org_name(doctor->cli, doctor->txn, peer->org),
				       skew_text(doctor->cli, peer->skew_ms, peer->skew_ahead));
	}
}

/* The time that the sweep believes never runs ahead of the clock that it was told. */
static void look_back(struct kai_doctor *doctor)
{
	struct kai_span value;

	if (!kai_txn_get(doctor->txn, KAI_TABLE_META, kai_span_str(KAI_META_CLOCK), &value) ||
	    value.len != 8)
		return;
	uint64_t seen = kai_get_be64(value.at);

	if ((int64_t)seen > doctor->now_ms + KAI_MS_HOUR)
		kai_doctor_add(doctor, KAI_FINDING_CLOCK_BACK, KAI_DOCTOR_NOW, "",
			       kai_doctor_when(doctor, seen));
}

/* ---- the journal's end ---- */

static void look_at_journal(struct kai_doctor *doctor)
{
	struct kai_cli *cli = doctor->cli;
	enum kai_journal_break broken = KAI_JOURNAL_WHOLE;
	struct kai_journal_chain chain = {.number = 0};
	struct kai_journal_chain head = {.number = 0};
	struct kai_journal entry;
	struct kai_scan scan;
	struct kai_span key;
	struct kai_span value;

	if (!kai_journal_head(doctor->txn, &head))
		broken = KAI_JOURNAL_END;
	struct kai_key from =
		kai_key_u64(head.number > JOURNAL_LAST ? head.number - JOURNAL_LAST : 1);

	kai_scan_init(&scan, doctor->txn, KAI_TABLE_JOURNAL, kai_span(NULL, 0), kai_key_span(&from),
		      false);
	while (broken == KAI_JOURNAL_WHOLE && kai_scan_next(&scan, &key, &value)) {
		uint64_t number = key.len == 8 ? kai_get_be64(key.at) : 0;
		size_t used = cli->arena.used;
		bool first = chain.number == 0;

		broken = kai_journal_follow(&chain, number, value, &cli->arena, &entry);
		/* What came before the first one is not looked at. */
		if (first && number > 1 && number == kai_get_be64(from.at) &&
		    broken != KAI_JOURNAL_UNREADABLE)
			broken = KAI_JOURNAL_WHOLE;
		cli->arena.used = used;
	}
	if (broken == KAI_JOURNAL_WHOLE &&
	    (chain.number != head.number || !kai_id_equal(chain.hash, head.hash)))
		broken = KAI_JOURNAL_END;
	if (broken != KAI_JOURNAL_WHOLE)
		kai_doctor_add(doctor, KAI_FINDING_JOURNAL, KAI_DOCTOR_NOW, "",
			       kai_cli_text(cli, T("entry %llu: %s"),
					    (unsigned long long)chain.number,
					    T(kai_journal_meaning(broken))));
}

void kai_doctor_node(struct kai_doctor *doctor)
{
	if (doctor->node_up) {
		if (doctor->state.read_only)
			kai_doctor_add(doctor, KAI_FINDING_READ_ONLY, KAI_DOCTOR_NOW, "", "");
		kai_agree_each(doctor->cli, doctor->txn, look_at_link, doctor);
		look_at_clocks(doctor);
	} else {
		kai_doctor_add(doctor, KAI_FINDING_NODE_DOWN, KAI_DOCTOR_NOW, "", "");
	}
	look_back(doctor);
	look_at_journal(doctor);
}
