/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stand-ins for the rooms beside the receiving ones: they note what they were asked and say what
 * the test wants.
 */
#include "rooms.h"

#include <string.h>

#include "../../node/engine/trust.h"

/* Stand-ins find their rooms by the engine, which lies inside. */
static struct rooms *rooms_of(struct kai_turn *turn)
{
	return (struct rooms *)(void *)((char *)turn->engine - offsetof(struct rooms, engine));
}

static unsigned number_of(const struct rooms *rooms, const struct kai_link *link)
{
	return (unsigned)(link - rooms->link);
}

void kai_draw(struct kai_turn *turn, const char *label, uint8_t *ret, size_t len)
{
	kai_expand(turn->event->entropy, label, turn->draws++, ret, len);
}

void kai_scratch_back(struct kai_turn *turn, size_t mark)
{
	turn->scratch->used = mark;
}

size_t kai_out_send(struct kai_turn *turn, const struct kai_link *link, enum kai_msg_type type,
		    void *msg, bool urgent)
{
	struct rooms *rooms = rooms_of(turn);
	struct kai_span frame = kai_frame_encode(type, msg, &rooms->keep);

	assert_true(frame.len > 0);
	assert_true(rooms->sent_count < sizeof(rooms->sent) / sizeof(rooms->sent[0]));
	struct rooms_sent *sent = &rooms->sent[rooms->sent_count++];

	memcpy(sent->org, link->org, KAI_ID_LEN);
	sent->urgent = urgent;
	kai_frame_check(frame, &rooms->keep, &sent->frame);
	assert_int_equal(sent->frame.fault, KAI_FAULT_NONE);
	return frame.len;
}

void kai_out_trace(struct kai_turn *turn, const char *event, const uint8_t *org, const uint8_t *id,
		   const char *rule, uint64_t number)
{
	(void)turn;
	(void)event;
	(void)org;
	(void)id;
	(void)rule;
	(void)number;
}

void kai_fault_note(struct kai_turn *turn, struct kai_link *link, const char *reason,
		    const uint8_t *id)
{
	struct rooms *rooms = rooms_of(turn);

	(void)link;
	(void)id;
	rooms->fault = reason;
	rooms->faults++;
	rooms->charged++;
}

void kai_reason_note(struct kai_turn *turn, struct kai_link *link, const char *reason,
		     const uint8_t *id)
{
	struct rooms *rooms = rooms_of(turn);

	(void)link;
	(void)id;
	rooms->fault = reason;
	rooms->faults++;
}

bool kai_quota_charge(struct kai_turn *turn, struct kai_link *link, enum kai_meter meter,
		      int64_t amount)
{
	(void)link;
	(void)amount;
	return meter != KAI_METER_PUSHES || rooms_of(turn)->pushes;
}

bool kai_quota_volume(struct kai_turn *turn, struct kai_link *link, uint64_t bytes)
{
	(void)link;
	(void)bytes;
	return rooms_of(turn)->volume;
}

void kai_quota_taken(struct kai_turn *turn, struct kai_link *link, uint64_t bytes)
{
	(void)turn;
	(void)link;
	assert_true(bytes > 0);
}

void kai_spread_item(struct kai_turn *turn, uint64_t arrival)
{
	assert_true(arrival > 0);
	rooms_of(turn)->spread++;
}

void kai_duty_arrived(struct kai_turn *turn, struct kai_link *link, uint64_t arrival,
		      const struct kai_header *header)
{
	(void)turn;
	(void)link;
	(void)header;
	assert_true(arrival > 0);
}

void kai_duty_changed(struct kai_turn *turn, uint64_t arrival)
{
	(void)turn;
	assert_true(arrival > 0);
}

void kai_duty_fired(struct kai_turn *turn, struct kai_span key)
{
	(void)turn;
	assert_int_equal(key.len, KAI_DUTY_KEY);
}

void kai_duty_again(struct kai_turn *turn)
{
	(void)turn;
}

void kai_duty_gone(struct kai_turn *turn, uint64_t arrival)
{
	(void)turn;
	assert_true(arrival > 0);
}

void kai_escalate_arrived(struct kai_turn *turn, struct kai_link *link, uint64_t arrival)
{
	(void)turn;
	(void)link;
	assert_true(arrival > 0);
}

void kai_escalate_changed(struct kai_turn *turn, uint64_t arrival)
{
	(void)turn;
	assert_true(arrival > 0);
}

void kai_escalate_gone(struct kai_turn *turn, uint64_t arrival)
{
	(void)turn;
	assert_true(arrival > 0);
}

void kai_escalate_again(struct kai_turn *turn)
{
	(void)turn;
}

void kai_receipt_brought(struct kai_turn *turn, struct kai_link *link, uint64_t arrival,
			 const struct kai_header *header, bool first)
{
	(void)header;
	(void)first;
	assert_non_null(link);
	assert_true(arrival > 0);
	rooms_of(turn)->brought++;
}

void kai_receipt_shown(struct kai_turn *turn, struct kai_link *link, const uint8_t id[KAI_ID_LEN],
		       const uint8_t tag[KAI_HINT_LEN], bool urgent)
{
	(void)id;
	(void)tag;
	(void)urgent;
	assert_non_null(link);
	rooms_of(turn)->shown++;
}

void kai_offer_tag(const struct kai_turn *turn, const struct kai_link *link, struct kai_span header,
		   uint8_t ret[KAI_HINT_LEN])
{
	const struct kai_span pieces[] = {kai_span(link->session_key, 32), header};
	uint8_t hash[KAI_ID_LEN];

	(void)turn;
	kai_hash_many(KAI_CTX_OFFER_TAG, kai_realm_live, pieces, 2, hash);
	memcpy(ret, hash, KAI_HINT_LEN);
}

bool kai_book_card(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN], struct kai_known_card *ret)
{
	(void)turn;
	(void)org;
	(void)ret;
	return false;
}

enum kai_fault kai_trust_signers(struct kai_turn *turn, const struct kai_header *header,
				 const struct kai_signature *signatures, size_t count,
				 uint64_t *ret_flags)
{
	struct rooms *rooms = rooms_of(turn);

	(void)header;
	(void)signatures;
	assert_in_range(count, 1, KAI_MAX_SIGNATURES);
	*ret_flags = rooms->signer_flags;
	return rooms->signers;
}

bool kai_trust_mark(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN], uint64_t *io_from)
{
	(void)turn;
	(void)org;
	*io_from = 0;
	return false;
}

const struct kai_pair *kai_pair_now(struct kai_turn *turn, struct kai_link *link)
{
	struct rooms *rooms = rooms_of(turn);

	return &rooms->pair[number_of(rooms, link)];
}

bool kai_pair_wrap_before(struct kai_turn *turn, struct kai_link *link, const struct kai_wrap *wrap,
			  unsigned nth, struct kai_before *ret)
{
	(void)turn;
	(void)link;
	(void)wrap;
	(void)nth;
	(void)ret;
	return false;
}

bool kai_pair_wrap_key(struct kai_turn *turn, struct kai_link *link, bool outgoing,
		       uint8_t ret_key[32], struct kai_link_ends *ret_ends)
{
	assert_false(outgoing);
	rooms_link_ends(rooms_of(turn), link, ret_key, ret_ends);
	return true;
}
