/* SPDX-License-Identifier: Apache-2.0 */
#include "talk.h"

#include <string.h>

#include "../../node/engine/private.h"
#include "kairan/kinds.h"
#include "kairan/label.h"

#define ARENA_LEN ((size_t)2 << 20)
#define HEARD 32u
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static uint8_t memory[ARENA_LEN];
static struct kai_arena arena = {memory, sizeof(memory), 0, false};
static uint8_t heard[HEARD][4096];
static size_t heard_len[HEARD];
static size_t heard_count;

static void *take(size_t size)
{
	void *at = kai_arena_take(&arena, size);

	MUST(at != NULL);
	return at;
}

void talk_begin(void)
{
	arena.used = 0;
	heard_count = 0;
}

void talk_hear(unsigned node, const struct kai_output *output)
{
	(void)node;
	if (output->type != KAI_OUTPUT_SEND || output->bytes.len > sizeof(heard[0]))
		return;
	size_t place = heard_count++ % HEARD;

	memcpy(heard[place], output->bytes.at, output->bytes.len);
	heard_len[place] = output->bytes.len;
}

struct kai_span talk_heard(uint8_t which)
{
	size_t count = heard_count < HEARD ? heard_count : HEARD;

	if (count == 0)
		return (struct kai_span){NULL, 0};
	return kai_span(heard[which % count], heard_len[which % count]);
}

struct kai_span talk_changed(struct kai_span bytes, struct fuzz_input *input)
{
	static uint8_t copy[KAI_MAX_FRAME];
	uint8_t how = fuzz_byte(input);
	size_t len = bytes.len < sizeof(copy) ? bytes.len : sizeof(copy);

	if (len == 0)
		return bytes;
	memcpy(copy, bytes.at, len);
	for (unsigned i = 0; i < (how & 3u); i++) {
		size_t at = fuzz_u16(input) % len;

		copy[at] ^= fuzz_byte(input);
	}
	if (how >= 0xf0)
		len = fuzz_u16(input) % len;
	return kai_span(copy, len);
}

/* An item's id: one that the town knows, or nobody's. */
static void some_id(struct town *town, struct fuzz_input *input, uint8_t ret[KAI_ID_LEN])
{
	uint8_t which = fuzz_byte(input);

	if (which < 240)
		memcpy(ret, town->items[which % town->item_count].id, KAI_ID_LEN);
	else
		memset(ret, which, KAI_ID_LEN);
}

static const struct kai_link *link_of(const struct town *town, unsigned at, unsigned to)
{
	return kai_link_find(town->nodes[at].engine, town_org(to));
}

static struct kai_span some_token(const struct town *town, struct fuzz_input *input)
{
	uint8_t how = fuzz_byte(input);

	(void)town;
	if (how < 64)
		return (struct kai_span){NULL, 0};
	uint8_t *token = take(KAI_MAX_TOKEN);

	memset(token, how, KAI_MAX_TOKEN);
	return kai_span(token, 1 + how % KAI_MAX_TOKEN);
}

/* ---- frames ---- */

static struct kai_span encode(enum kai_msg_type type, void *msg)
{
	return kai_frame_encode(type, msg, &arena);
}

static struct kai_span say_hello(struct town *town, unsigned rogue, struct fuzz_input *input)
{
	const struct kai_link *link = link_of(town, TOWN_V, rogue);
	uint8_t how = fuzz_byte(input);
	struct kai_hello hello = {.version_max = KAI_VERSION,
				  .realms = kai_span(kai_realm_live, KAI_REALM_LEN),
				  .clock = (uint64_t)town_wall(town, rogue).ms,
				  .token = some_token(town, input)};

	memset(hello.nonce, how & 0xf, sizeof(hello.nonce));
	memset(hello.epoch, how >> 4, sizeof(hello.epoch));
	memset(hello.boot, how >> 5, sizeof(hello.boot));
	hello.answers.is = (how & 1) != 0;
	if (link != NULL)
		kai_hash(KAI_CTX_HELLO, kai_realm_live, kai_span(link->my_nonce, KAI_NONCE_LEN),
			 hello.answers.id);
	if ((how & 2) != 0) {
		hello.outstanding = take((size_t)2 * KAI_ID_LEN);
		some_id(town, input, hello.outstanding[0]);
		some_id(town, input, hello.outstanding[1]);
		hello.outstanding_count = 2;
	}
	if ((how & 4) != 0)
		hello.clock += 3 * (uint64_t)KAI_MS_DAY;
	return encode(KAI_MSG_HELLO, &hello);
}

static struct kai_span say_card(struct town *town, unsigned rogue, struct fuzz_input *input)
{
	struct kai_card_frame card = {.what = 1 + fuzz_byte(input) % 2};

	(void)town;
	(void)rogue;
	card.bytes = town_keys(fuzz_byte(input) % TOWN_NODES).card;
	return encode(KAI_MSG_CARD, &card);
}

static struct kai_span some_notice(unsigned rogue, struct fuzz_input *input, uint64_t now)
{
	struct town_keys keys = town_keys(rogue);
	struct kai_notice notice = {.version = KAI_VERSION,
				    .number = 1 + fuzz_byte(input) % 4,
				    .action = fuzz_byte(input) % 4,
				    .at = now};

	kai_agreement_digest(town_terms(1 + fuzz_byte(input) % (TOWN_NODES - 1)), notice.agreement);
	memcpy(notice.org, town_org(rogue), KAI_ID_LEN);
	struct kai_span body = kai_object_encode_in(&kai_object_notice, &notice, &arena);

	return kai_signed_make(KAI_CTX_NOTICE, body, keys.decider, keys.decider_secret, &arena);
}

static struct kai_span some_membership(unsigned rogue, struct fuzz_input *input, uint64_t now)
{
	struct town_keys keys = town_keys(rogue);
	struct kai_membership membership = {.version = KAI_VERSION,
					    .name = kai_span_str("ring"),
					    .number = 1 + fuzz_byte(input) % 4,
					    .valid_from = now - 1000,
					    .valid_until = now + (uint64_t)KAI_MS_DAY,
					    .withdrawn = (fuzz_byte(input) & 1) != 0};

	memcpy(membership.keeper, town_org(rogue), KAI_ID_LEN);
	memcpy(membership.org, town_org(fuzz_byte(input) % TOWN_NODES), KAI_ID_LEN);
	struct kai_span body = kai_object_encode_in(&kai_object_membership, &membership, &arena);

	return kai_signed_make(KAI_CTX_MEMBERSHIP, body, keys.decider, keys.decider_secret, &arena);
}

/* Wider terms, by this side alone. */
static struct kai_span some_agreement(unsigned rogue, struct fuzz_input *input)
{
	struct town_keys keys = town_keys(rogue);
	struct kai_span bytes = town_terms(1 + fuzz_byte(input) % (TOWN_NODES - 1));
	struct kai_terms terms;

	MUST(kai_object_decode(&kai_object_terms, bytes, &arena, &terms) == KAI_FAULT_NONE);
	terms.serial += fuzz_byte(input) % 3;
	terms.a_to_b.ceiling = terms.b_to_a.ceiling = KAI_TLP_RED;
	bytes = kai_object_encode_in(&kai_object_terms, &terms, &arena);
	return kai_agreement_sign(bytes, NULL, town_org(rogue), keys.decider, keys.decider_secret,
				  &arena);
}

static struct kai_span say_agreement(struct town *town, unsigned rogue, struct fuzz_input *input)
{
	struct kai_agreement_frame frame = {.what = 1 + fuzz_byte(input) % 3};
	uint64_t now = (uint64_t)town_wall(town, rogue).ms;

	if (frame.what == 1)
		frame.bytes = some_agreement(rogue, input);
	else
		frame.bytes = frame.what == 2 ? some_notice(rogue, input, now)
					      : some_membership(rogue, input, now);
	return frame.bytes.len == 0 ? frame.bytes : encode(KAI_MSG_AGREEMENT, &frame);
}

static struct kai_span say_push(struct town *town, unsigned rogue, struct fuzz_input *input)
{
	const struct craft *craft = craft_at(fuzz_byte(input) % craft_count());
	uint8_t how = fuzz_byte(input);

	(void)town;
	return craft_push(craft, rogue, (how & 3u) + 1, how >> 2 & 3u, (how & 16) != 0, &arena);
}

static void fill_offer(struct town *town, unsigned rogue, const struct craft *craft, uint8_t how,
		       struct kai_offer_entry *ret)
{
	const struct kai_link *link = link_of(town, rogue, TOWN_V);

	*ret = (struct kai_offer_entry){.parts = (how & 1) != 0 ? 3 : 1,
					.size = craft->built.header.len,
					.urgency = 1 + how % 3,
					.signatures = 1,
					.evidence = (how & 2) != 0 ? 1 : 0};
	memcpy(ret->id, craft->built.id, KAI_ID_LEN);
	for (size_t i = 0; i < craft->built.part_count; i++)
		ret->size += (ret->parts >> i & 1) != 0 ? craft->built.parts[i].ciphertext.len : 0;
	if ((how & 16) != 0)
		ret->size = 1; /* a lie: much more will come */
	const struct kai_turn turn = {.engine = town->nodes[rogue].engine};

	if (link != NULL && (how & 4) == 0)
		kai_offer_tag(&turn, link, craft->built.header, ret->tag);
}

struct kai_span talk_offer_of(struct town *town, unsigned rogue, const struct craft *craft,
			      uint8_t how)
{
	struct kai_offer_entry entry;
	struct kai_offer offer = {
		.entries = &entry, .entries_count = 1, .token = kai_span_str("offered")};

	arena.used = 0;
	fill_offer(town, rogue, craft, how, &entry);
	return encode(KAI_MSG_OFFER, &offer);
}

struct kai_span talk_chunk_of(unsigned rogue, const struct craft *craft, uint8_t part,
			      size_t offset, bool head)
{
	arena.used = 0;
	struct kai_chunk chunk = craft_chunk(craft, rogue, part, offset, head, &arena);

	return encode(KAI_MSG_CHUNK, &chunk);
}

static struct kai_span say_offer(struct town *town, unsigned rogue, struct fuzz_input *input)
{
	size_t count = fuzz_byte(input) % 12;
	struct kai_offer offer = {.entries = take((count + 1) * sizeof(*offer.entries)),
				  .entries_count = count};

	for (size_t i = 0; i < count; i++) {
		const struct craft *craft = craft_at(fuzz_byte(input) % craft_count());

		fill_offer(town, rogue, craft, fuzz_byte(input), &offer.entries[i]);
		if ((fuzz_byte(input) & 1) != 0)
			some_id(town, input, offer.entries[i].id);
	}
	offer.token = some_token(town, input);
	return encode(KAI_MSG_OFFER, &offer);
}

static struct kai_span say_chunk(struct town *town, unsigned rogue, struct fuzz_input *input)
{
	const struct craft *craft = craft_at(fuzz_byte(input) % craft_count());
	uint8_t how = fuzz_byte(input);
	struct kai_chunk chunk =
		craft_chunk(craft, rogue, how % 3, fuzz_u16(input), (how & 16) != 0, &arena);

	(void)town;
	if ((how & 32) != 0)
		chunk.last = !chunk.last;
	if ((how & 64) != 0)
		chunk.index = KAI_MAX_PARTS;
	return encode(KAI_MSG_CHUNK, &chunk);
}

static struct kai_id_parts *some_parts(struct town *town, struct fuzz_input *input, size_t count)
{
	struct kai_id_parts *entries = take(count * sizeof(*entries));

	for (size_t i = 0; i < count; i++) {
		some_id(town, input, entries[i].id);
		entries[i].parts = fuzz_byte(input) % 8;
	}
	return entries;
}

static struct kai_span say_want(struct town *town, unsigned rogue, struct fuzz_input *input)
{
	struct kai_want want = {.entries_count = 1 + fuzz_byte(input) % 8};

	(void)rogue;
	want.entries = some_parts(town, input, want.entries_count);
	return encode(KAI_MSG_WANT, &want);
}

static struct kai_span say_stored(struct town *town, unsigned rogue, struct fuzz_input *input)
{
	struct kai_stored stored = {.entries_count = 1 + fuzz_byte(input) % 8};

	(void)rogue;
	stored.entries = some_parts(town, input, stored.entries_count);
	return encode(KAI_MSG_STORED, &stored);
}

static struct kai_span say_refuse(struct town *town, unsigned rogue, struct fuzz_input *input)
{
	static const char *const reasons[] = {"audience", "quota", "no-card", "bad-hash", "?"};
	struct kai_refuse refuse = {.entries_count = 1 + fuzz_byte(input) % 4};

	(void)rogue;
	refuse.entries = take(refuse.entries_count * sizeof(*refuse.entries));
	for (size_t i = 0; i < refuse.entries_count; i++) {
		struct kai_refuse_entry *entry = &refuse.entries[i];

		some_id(town, input, entry->id);
		entry->klass = fuzz_byte(input) % 5;
		entry->reason = kai_span_str(reasons[fuzz_byte(input) % COUNT(reasons)]);
		entry->retry_ms = (uint64_t)fuzz_byte(input) * 300000;
	}
	return encode(KAI_MSG_REFUSE, &refuse);
}

static struct kai_span say_none(struct town *town, unsigned rogue, struct fuzz_input *input)
{
	struct kai_none none = {.ids_count = 1 + fuzz_byte(input) % 4};

	(void)rogue;
	none.ids = take(none.ids_count * KAI_ID_LEN);
	for (size_t i = 0; i < none.ids_count; i++)
		some_id(town, input, none.ids[i]);
	return encode(KAI_MSG_NO, &none);
}

static struct kai_span say_credit(struct town *town, unsigned rogue, struct fuzz_input *input)
{
	struct kai_credit credit = {.limit = UINT64_C(1) << fuzz_byte(input) % 63};

	(void)town;
	(void)rogue;
	return encode(KAI_MSG_CREDIT, &credit);
}

static struct kai_span say_ping(struct town *town, unsigned rogue, struct fuzz_input *input)
{
	struct kai_ping ping = {.answer = (fuzz_byte(input) & 1) != 0};
	struct kai_bye bye = {.reason = kai_span_str("enough")};

	(void)town;
	(void)rogue;
	return fuzz_byte(input) < 192 ? encode(KAI_MSG_PING, &ping) : encode(KAI_MSG_BYE, &bye);
}

/* Signed by a key of the rogue's, right or wrong in one place. */
static struct kai_span say_receipt(struct town *town, unsigned rogue, struct fuzz_input *input)
{
	const struct town_keys keys = town_keys(rogue);
	uint8_t how = fuzz_byte(input);
	struct kai_rollup counts = {.members = fuzz_byte(input), .attested = 1};
	struct kai_receipt_entry entry = {.level = 1 + fuzz_byte(input) % 6,
					  .at = 1 + (uint64_t)fuzz_u16(input)};
	struct kai_receipt receipt = {.version = KAI_VERSION,
				      .at = (uint64_t)town_wall(town, rogue).ms,
				      .entries = &entry,
				      .entries_count = 1};
	struct kai_receipt_frame frame = {.taken = {.is = (how & 1) != 0}};

	some_id(town, input, entry.id);
	memcpy(receipt.org, town_org((how & 2) != 0 ? 0 : rogue), KAI_ID_LEN);
	memcpy(receipt.to, town_org((how & 4) != 0 ? rogue : 0), KAI_ID_LEN);
	receipt.realm[0] = (how & 8) != 0;
	if (kai_level_of_person(entry.level))
		entry.role = kai_span_str("duty");
	if (entry.level == KAI_LEVEL_ACTION)
		entry.action = 1 + fuzz_byte(input) % 5;
	if (entry.level == KAI_LEVEL_FORWARDED && counts.members > 0)
		entry.forwarded = &counts;
	frame.bytes = kai_receipt_make(&receipt, (how & 16) != 0 ? keys.system : keys.duty,
				       (how & 16) != 0 ? keys.system_secret : keys.duty_secret,
				       &arena, frame.taken.id);
	return encode(KAI_MSG_RECEIPT, &frame);
}

struct kai_span talk_frame(struct town *town, unsigned rogue, struct fuzz_input *input)
{
	static struct kai_span (*const say[])(struct town *, unsigned, struct fuzz_input *) = {
		say_hello,  say_card,  say_agreement, say_push,	  say_offer,
		say_want,   say_chunk, say_stored,    say_refuse, say_none,
		say_credit, say_ping,  say_push,      say_want,	  say_receipt};

	arena.used = 0;
	return say[fuzz_byte(input) % COUNT(say)](town, rogue, input);
}

/* ---- requests ---- */

static struct kai_label *some_label(struct fuzz_input *input)
{
	struct kai_label *label = take(sizeof(*label));
	uint8_t who = fuzz_byte(input);

	label->tlp = 1 + fuzz_byte(input) % 5;
	label->onward = 1 + fuzz_byte(input) % 4;
	label->attribution = KAI_ATTR_NAMED;
	label->pap = KAI_PAP_CLEAR;
	label->gov_share = who >> 5 & 1;
	label->audience = take((TOWN_NODES + 1) * sizeof(*label->audience));
	for (unsigned i = 0; i < TOWN_NODES; i++)
		if ((who >> i & 1) != 0)
			label->audience[label->audience_count++] = (struct kai_audience_entry){
				.type = KAI_AUD_ORG, .org = kai_span(town_org(i), KAI_ID_LEN)};
	if ((who & 16) != 0)
		label->audience[label->audience_count++] = (struct kai_audience_entry){
			.type = KAI_AUD_COUNTRY,
			.text = kai_span_str((who & 64) != 0 ? "US" : "JP")};
	kai_audience_sort(label->audience, &label->audience_count);
	return label;
}

static struct kai_span some_body(bool retract)
{
	struct kai_body_value secinfo[] = {{kai_span_str("subtype"), kai_span_str("vulnerability")},
					   {kai_span_str("action"), kai_span_str("none")}};
	struct kai_body_value reason[] = {{kai_span_str("reason"), kai_span_str("false-alarm")}};
	struct kai_body body = {.version = KAI_VERSION,
				.title = kai_span_str("asked"),
				.text = kai_span_str("for"),
				.values = retract ? reason : secinfo,
				.values_count = retract ? 1 : 2};

	return kai_object_encode_in(&kai_object_body, &body, &arena);
}

static struct kai_span ask(uint64_t type, void *request)
{
	uint64_t head[2] = {KAI_VERSION, type};

	memcpy(request, head, sizeof(head));
	return kai_object_encode_in(kai_control_object(type), request, &arena);
}

static struct kai_span ask_publish(struct town *town, struct fuzz_input *input)
{
	struct kai_draft_part parts[TOWN_PARTS] = {
		{.name = kai_span_str("main"),
		 .media_type = kai_span_str("kairan/secinfo"),
		 .content = some_body(false)},
		{.name = kai_span_str("more"), .media_type = kai_span_str("text/plain")}};
	uint8_t how = fuzz_byte(input);
	struct kai_ctl_publish request = {
		.draft = {.kind = KAI_KIND_SECINFO,
			  .urgency = how % 4,
			  .lang = kai_span_str("en"),
			  .label = *some_label(input),
			  .parts = parts,
			  .parts_count = (how & 4) != 0 ? 2 : 1},
		.keep = (how & 8) != 0,
		.dry_run = (how & 0x70) == 0x70,
	};

	parts[1].content = fuzz_span(input, how);
	if ((how & 16) != 0)
		parts[1].label = some_label(input);
	if (how >= 0xc0) {
		request.draft.supersedes = take(KAI_ID_LEN);
		some_id(town, input, request.draft.supersedes[0]);
		request.draft.supersedes_count = 1;
	}
	if (how < 0x80 || how >= 0xc0)
		return ask(KAI_CONTROL_PUBLISH, &request);
	request.version = KAI_VERSION;
	request.type = KAI_CONTROL_PUBLISH;
	struct kai_ctl_publish publishes[3] = {request, request, request};
	struct kai_ctl_publish_many many = {.publishes = publishes, .publishes_count = 1 + how % 3};

	publishes[1].draft.kind = KAI_KIND_INCIDENT;
	publishes[1].dry_run = !request.dry_run;
	return ask(KAI_CONTROL_PUBLISH_MANY, &many);
}

static struct kai_span ask_retract(struct town *town, struct fuzz_input *input)
{
	struct kai_ctl_retract request = {.lang = kai_span_str("en"), .body = some_body(true)};

	some_id(town, input, request.id);
	request.dry_run = (fuzz_byte(input) & 7) == 7;
	return ask(KAI_CONTROL_RETRACT, &request);
}

static struct kai_span ask_notice(struct town *town, struct fuzz_input *input)
{
	struct kai_ctl_agree_notice request = {.action = 1 + fuzz_byte(input) % 3};

	(void)town;
	/* Ending it for good leaves nothing to look at: seldom. */
	if (request.action == KAI_NOTICE_TERMINATE && fuzz_byte(input) < 192)
		request.action = KAI_NOTICE_RESUME;
	memcpy(request.org, town_org(1 + fuzz_byte(input) % (TOWN_NODES - 1)), KAI_ID_LEN);
	return ask(KAI_CONTROL_AGREE_NOTICE, &request);
}

static struct kai_span ask_member(struct town *town, struct fuzz_input *input)
{
	struct kai_ctl_member request = {.name = kai_span_str("ring"),
					 .withdrawn = (fuzz_byte(input) & 1) != 0};

	(void)town;
	memcpy(request.org, town_org(fuzz_byte(input) % TOWN_NODES), KAI_ID_LEN);
	return ask(KAI_CONTROL_MEMBER, &request);
}

static struct kai_span ask_status(struct town *town, struct fuzz_input *input)
{
	struct kai_ctl_status request = {0};

	(void)town;
	(void)input;
	return ask(KAI_CONTROL_STATUS, &request);
}

static struct kai_span ask_card(struct town *town, struct fuzz_input *input)
{
	struct kai_ctl_card_import request = {.alias = kai_span_str("again")};

	(void)town;
	request.card = town_keys(fuzz_byte(input) % TOWN_NODES).card;
	return ask(KAI_CONTROL_CARD_IMPORT, &request);
}

static struct kai_span ask_source(struct town *town, struct fuzz_input *input)
{
	struct kai_ctl_source request = {.source = {.name = kai_span_str("a document")}};

	some_id(town, input, request.head);
	return ask(KAI_CONTROL_SOURCE, &request);
}

/* As it comes; what it would widen is not asked for here (an acceptance is a person's will). */
static struct kai_span ask_raw(struct town *town, struct fuzz_input *input)
{
	struct kai_span bytes = fuzz_span(input, fuzz_byte(input));

	(void)town;
	if (bytes.len >= 3 &&
	    (bytes.at[2] == KAI_CONTROL_AGREE_ACCEPT || bytes.at[2] == KAI_CONTROL_AGREE_IMPORT))
		bytes.len = 0;
	return bytes;
}

struct kai_span talk_request(struct town *town, struct fuzz_input *input)
{
	static struct kai_span (*const asks[])(struct town *, struct fuzz_input *) = {
		ask_publish, ask_retract, ask_notice, ask_member, ask_status,
		ask_card,    ask_source,  ask_raw,    ask_publish};

	arena.used = 0;
	return asks[fuzz_byte(input) % COUNT(asks)](town, input);
}
