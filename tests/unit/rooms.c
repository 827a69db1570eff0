/* SPDX-License-Identifier: Apache-2.0 */
#include "rooms.h"
#include "kairan/frames.h"
#include "kairan/rec.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "usual.h"

#define SCRATCH_SIZE ((size_t)8 * 1024 * 1024)
#define KEEP_SIZE ((size_t)64 * 1024 * 1024)

/* ---- set-up */

static void make_arena(struct kai_arena *arena, size_t size)
{
	*arena = (struct kai_arena){.at = malloc(size), .cap = size};
	assert_non_null(arena->at);
}

static void make_pair(struct rooms *rooms, unsigned n)
{
	struct kai_pair *pair = &rooms->pair[n];
	struct kai_terms *terms = &pair->agreement.terms;
	struct kai_party *peer = &terms->b;
	struct kai_party *own = &terms->a;

	memcpy(pair->me, rooms->engine.config.org, KAI_ID_LEN);
	memcpy(pair->org, rooms->link[n].org, KAI_ID_LEN);
	pair->peer = rooms->link[n].number;
	pair->has_terms = true;
	pair->state = KAI_STATE_ACTIVE;
	memset(pair->digest, 0x60 + (int)n, KAI_ID_LEN);
	memset(pair->agreement.digest, 0x70 + (int)n, KAI_ID_LEN);
	memcpy(own->org, pair->me, KAI_ID_LEN);
	memcpy(peer->org, pair->org, KAI_ID_LEN);
	own->country = peer->country = kai_span_str("JP");
	terms->version = 1;
	terms->valid_from = 1;
	terms->valid_until = (uint64_t)ROOMS_NOW + 365ULL * 86400000;
	usual_direction(&terms->a_to_b);
	usual_direction(&terms->b_to_a);
}

static void make_links(struct rooms *rooms)
{
	for (unsigned n = 0; n < ROOMS_LINKS; n++) {
		struct kai_link *link = &rooms->link[n];
		struct kai_peer peer;

		memset(link->org, 0x20 + (int)n, KAI_ID_LEN);
		memset(link->session_key, 0x30 + (int)n, 32);
		link->state = KAI_LINK_UP;
		kai_rec_peer_add(rooms->turn.txn, link->org, kai_span_str(""), &rooms->scratch,
				 &peer);
		link->number = (uint16_t)peer.number;
		rooms->links[n] = link;
		make_pair(rooms, n);
	}
	rooms->engine.links = rooms->links;
	rooms->engine.link_count = ROOMS_LINKS;
}

int rooms_setup(void **state)
{
	struct rooms *rooms = calloc(1, sizeof(*rooms));
	const struct kai_store_options options = {0};
	uint8_t seed[32] = {7};

	assert_non_null(rooms);
	assert_true(sodium_init() >= 0);
	make_arena(&rooms->scratch, SCRATCH_SIZE);
	make_arena(&rooms->keep, KEEP_SIZE);
	assert_int_equal(kai_store_open_memory(&options, &rooms->store), KAI_ERR_OK);
	assert_int_equal(kai_txn_begin(rooms->store, true, &rooms->turn.txn, NULL), KAI_ERR_OK);
	rooms->turn.engine = &rooms->engine;
	rooms->turn.event = &rooms->event;
	rooms->turn.scratch = &rooms->scratch;
	rooms->event.wall.ms = ROOMS_NOW;
	rooms->event.mono.ms = 1000000;
	memset(rooms->engine.config.org, 0x11, KAI_ID_LEN);
	memset(rooms->rest_secret, 0x55, 32);
	rooms->rest_key = (struct kai_rest_key){.period = 3, .secret = rooms->rest_secret};
	rooms->engine.config.rest_keys = &rooms->rest_key;
	rooms->engine.config.rest_key_count = 1;
	rooms->engine.config.quota.held_bytes = 16LL * 1024 * 1024;
	rooms->engine.config.quota.offered_ids = 8192;
	crypto_sign_seed_keypair(rooms->sign_key, rooms->sign_secret, seed);
	rooms->volume = rooms->pushes = true;
	make_links(rooms);
	memcpy(rooms->origin, rooms->link[0].org, KAI_ID_LEN);
	for (unsigned n = 0; n < ROOMS_LINKS; n++)
		kai_fetch_up(&rooms->turn, &rooms->link[n]);
	*state = rooms;
	return 0;
}

int rooms_teardown(void **state)
{
	struct rooms *rooms = *state;

	for (unsigned n = 0; n < ROOMS_LINKS; n++)
		kai_fetch_free(rooms->link[n].fetch);
	assert_int_equal(kai_txn_commit(rooms->turn.txn, NULL), KAI_ERR_OK);
	kai_store_close(rooms->store);
	free(rooms->scratch.at);
	free(rooms->keep.at);
	free(rooms);
	return 0;
}

void rooms_step(struct rooms *rooms, int64_t ms)
{
	rooms->event.mono.ms += ms;
	rooms->event.wall.ms += ms;
	rooms->event.entropy[0]++;
	rooms->turn.draws = 0;
	rooms->scratch.used = 0;
	assert_false(rooms->scratch.full);
	assert_int_equal(kai_txn_error(rooms->turn.txn), KAI_ERR_OK);
}

void rooms_link_ends(struct rooms *rooms, const struct kai_link *link, uint8_t ret_key[32],
		     struct kai_link_ends *ret)
{
	memset(ret_key, 0x40 + (int)(link - rooms->link), 32);
	*ret = (struct kai_link_ends){.realm = kai_realm_live,
				      .from_org = link->org,
				      .to_org = rooms->engine.config.org,
				      .from_seal = link->org,
				      .to_seal = rooms->engine.config.org};
}

/* ---- items */

struct kai_label rooms_label(struct rooms *rooms)
{
	struct kai_audience_entry *entry = kai_arena_take(&rooms->keep, sizeof(*entry));

	entry->type = KAI_AUD_ORG;
	entry->org = kai_span(rooms->engine.config.org, KAI_ID_LEN);
	return (struct kai_label){.tlp = KAI_TLP_AMBER,
				  .audience = entry,
				  .audience_count = 1,
				  .onward = KAI_ONWARD_ANY,
				  .attribution = KAI_ATTR_NAMED,
				  .pap = KAI_PAP_CLEAR};
}

static struct kai_span body_of(struct rooms *rooms, uint64_t kind)
{
	struct kai_body_value secinfo[] = {{kai_span_str("subtype"), kai_span_str("vulnerability")},
					   {kai_span_str("action"), kai_span_str("none")}};
	struct kai_body_value retract[] = {{kai_span_str("reason"), kai_span_str("false-alarm")}};
	struct kai_body body = {.version = 1,
				.title = kai_span_str("A valve"),
				.text = kai_span_str("It opens by itself."),
				.values = kind == KAI_KIND_RETRACT ? retract : secinfo,
				.values_count = kind == KAI_KIND_RETRACT ? 1 : 2};

	return kai_object_encode_in(&kai_object_body, &body, &rooms->keep);
}

static size_t put_ids(struct rooms *rooms, const uint8_t *const *ids, size_t most,
		      uint8_t (**ret)[KAI_ID_LEN])
{
	size_t count = 0;

	*ret = kai_arena_take(&rooms->keep, most * KAI_ID_LEN);
	for (size_t i = 0; i < most && ids[i] != NULL; i++)
		memcpy((*ret)[count++], ids[i], KAI_ID_LEN);
	return count;
}

static void make_header(struct rooms *rooms, const struct plan *plan, struct kai_header *ret)
{
	const struct kai_label usual = rooms_label(rooms);
	uint64_t now = (uint64_t)rooms->event.wall.ms;

	memset(ret, 0, sizeof(*ret));
	ret->version = 1;
	ret->kind = plan->kind == 0 ? KAI_KIND_SECINFO : plan->kind;
	ret->card_serial = 1;
	ret->country = kai_span_str("JP");
	ret->revision = plan->revision == 0 ? 1 : plan->revision;
	ret->created_at = now + (uint64_t)plan->created_ms - 1000 - rooms->made++;
	ret->not_after = now + (uint64_t)(plan->ends_ms == 0 ? KAI_MS_DAY : plan->ends_ms);
	ret->urgency = plan->urgency == 0 ? KAI_URGENCY_INFO : plan->urgency;
	ret->lang = kai_span_str("en");
	ret->label = plan->label == NULL ? usual : *plan->label;
	memcpy(ret->origin, plan->origin == NULL ? rooms->origin : plan->origin, KAI_ID_LEN);
	if (plan->realm != NULL)
		memcpy(ret->realm, plan->realm, KAI_REALM_LEN);
	if (plan->thread != NULL) {
		ret->thread.is = true;
		memcpy(ret->thread.id, plan->thread, KAI_ID_LEN);
	}
	ret->supersedes_count = put_ids(rooms, plan->supersedes, 2, &ret->supersedes);
	ret->refs_count = put_ids(rooms, &plan->ref, 1, &ret->refs);
}

struct made *rooms_make(struct rooms *rooms, const struct plan *plan)
{
	static const struct plan usual;
	struct made *made = kai_arena_take(&rooms->keep, sizeof(*made));
	uint8_t entropy[32] = {(uint8_t)rooms->made, (uint8_t)(rooms->made >> 8)};

	if (plan == NULL)
		plan = &usual;
	make_header(rooms, plan, &made->header);
	char media[64];
	uint8_t *extra = kai_arena_take(&rooms->keep, plan->extra_len);

	(void)snprintf(media, sizeof(media), "kairan/%s", kai_kind_row(made->header.kind)->word);
	memset(extra, 'x', plan->extra_len);
	struct kai_part_draft parts[] = {{.name = kai_span_str("main"),
					  .media_type = kai_span_str(media),
					  .content = plan->bad_body
							     ? kai_span_str("no body")
							     : body_of(rooms, made->header.kind)},
					 {.name = kai_span_str("damage"),
					  .media_type = kai_span_str("text/plain"),
					  .content = kai_span(extra, plan->extra_len),
					  .label = plan->extra_label}};

	assert_int_equal(kai_advisory_build(&made->header, parts, plan->extra_len > 0 ? 2 : 1,
					    entropy, &rooms->keep, &made->built),
			 KAI_FAULT_NONE);
	memcpy(made->signature.key, rooms->sign_key, KAI_ID_LEN);
	kai_sign(KAI_CTX_ADVISORY, made->header.realm, made->built.id, rooms->sign_secret,
		 made->signature.sig);
	assert_int_equal(kai_header_read(made->built.header, &rooms->keep, &made->header),
			 KAI_FAULT_NONE);
	return made;
}

struct kai_wrap rooms_wrap(struct rooms *rooms, unsigned link, const struct made *made,
			   uint8_t index)
{
	struct kai_link_ends ends;
	uint8_t key[32];
	struct kai_wrap wrap = {.index = index, .kind = KAI_WRAP_LINK};

	rooms_link_ends(rooms, &rooms->link[link], key, &ends);
	wrap.bytes = kai_wrap_link(&ends, key, made->built.id, index,
				   made->built.parts[index].opening, &rooms->keep);
	assert_true(wrap.bytes.len > 0);
	kai_key_hint(ends.to_seal, wrap.key_hint);
	return wrap;
}

struct kai_item_head *rooms_head(struct rooms *rooms, unsigned link, const struct made *made,
				 uint32_t parts)
{
	struct kai_item_head *head = kai_arena_take(&rooms->keep, sizeof(*head));

	head->header = made->built.header;
	head->signatures = kai_arena_take(&rooms->keep, sizeof(made->signature));
	head->signatures[0] = made->signature;
	head->signatures_count = 1;
	head->wraps = kai_arena_take(&rooms->keep, KAI_MAX_PARTS * sizeof(struct kai_wrap));
	for (uint8_t i = 0; i < made->built.part_count; i++) {
		if ((parts >> i & 1) != 0)
			head->wraps[head->wraps_count++] = rooms_wrap(rooms, link, made, i);
	}
	return head;
}

struct kai_incoming rooms_incoming(struct rooms *rooms, unsigned link, const struct made *made,
				   uint32_t parts)
{
	const struct kai_item_head *head = rooms_head(rooms, link, made, parts);
	struct kai_incoming item = {.header_bytes = made->built.header,
				    .header = made->header,
				    .signatures = head->signatures,
				    .signature_count = 1,
				    .wraps = head->wraps,
				    .wrap_count = head->wraps_count,
				    .part_bits = parts};

	memcpy(item.id, made->built.id, KAI_ID_LEN);
	for (size_t i = 0; i < made->built.part_count; i++) {
		if ((parts >> i & 1) != 0)
			item.parts[i] = made->built.parts[i].ciphertext;
	}
	return item;
}

void rooms_admit_parts(struct rooms *rooms, unsigned link, const struct made *made, uint32_t parts,
		       struct kai_admission *ret)
{
	struct kai_incoming item = rooms_incoming(rooms, link, made, parts);

	rooms_step(rooms, 1);
	kai_admit(&rooms->turn, &rooms->link[link], &item, ret);
}

void rooms_admit(struct rooms *rooms, unsigned link, const struct made *made,
		 struct kai_admission *ret)
{
	rooms_admit_parts(rooms, link, made, (1u << made->built.part_count) - 1, ret);
}

void rooms_refused(const struct kai_admission *got, const char *reason, enum kai_fault_class klass)
{
	assert_false(got->stored);
	assert_string_equal(got->reason, reason);
	assert_int_equal(got->klass, klass);
}

/* ---- frames */

struct kai_checked *rooms_frame(struct rooms *rooms, enum kai_msg_type type, void *msg)
{
	struct kai_checked *checked = kai_arena_take(&rooms->keep, sizeof(*checked));
	struct kai_span frame = kai_frame_encode(type, msg, &rooms->keep);

	assert_true(frame.len > 0);
	kai_frame_check(frame, &rooms->keep, checked);
	assert_int_equal(checked->fault, KAI_FAULT_NONE);
	return checked;
}

void rooms_offer(struct rooms *rooms, unsigned link, const struct made *const *items, size_t count,
		 const char *token)
{
	struct kai_offer offer = {.entries_count = count, .token = kai_span_str(token)};

	offer.entries = kai_arena_take(&rooms->keep, count * sizeof(struct kai_offer_entry));
	for (size_t i = 0; i < count; i++) {
		const struct made *made = items[i];
		struct kai_offer_entry *entry = &offer.entries[i];

		memcpy(entry->id, made->built.id, KAI_ID_LEN);
		kai_offer_tag(&rooms->turn, &rooms->link[link], made->built.header, entry->tag);
		entry->parts = (1u << made->built.part_count) - 1;
		entry->size = made->built.header.len;
		for (size_t part = 0; part < made->built.part_count; part++)
			entry->size += made->built.parts[part].ciphertext.len;
		entry->urgency = made->header.urgency;
		entry->signatures = 1;
	}
	rooms_step(rooms, 1);
	kai_fetch_offer(&rooms->turn, &rooms->link[link],
			&rooms_frame(rooms, KAI_MSG_OFFER, &offer)->msg.offer);
	kai_fetch_flush(&rooms->turn);
}

void rooms_chunk(struct rooms *rooms, unsigned link, struct kai_chunk *chunk)
{
	rooms_step(rooms, 1);
	kai_fetch_chunk(&rooms->turn, &rooms->link[link], rooms_frame(rooms, KAI_MSG_CHUNK, chunk));
	kai_fetch_flush(&rooms->turn);
}

void rooms_serve(struct rooms *rooms, unsigned link, const struct made *made, uint32_t parts,
		 size_t most)
{
	struct kai_item_head *head = rooms_head(rooms, link, made, parts);
	uint32_t left = parts & ((1u << made->built.part_count) - 1);

	for (uint8_t i = 0; i < made->built.part_count; i++) {
		struct kai_span whole = made->built.parts[i].ciphertext;
		size_t at = 0;

		if ((left >> i & 1) == 0)
			continue;
		left &= ~(1u << i);
		while (at < whole.len && most > 0) {
			size_t len =
				whole.len - at < KAI_MAX_CHUNK ? whole.len - at : KAI_MAX_CHUNK;
			struct kai_chunk chunk = {.head = head,
						  .index = i,
						  .offset = at,
						  .data = kai_span(whole.at + at, len)};

			memcpy(chunk.id, made->built.id, KAI_ID_LEN);
			at += len;
			chunk.last = at == whole.len && left == 0;
			rooms_chunk(rooms, link, &chunk);
			head = NULL;
			most--;
		}
	}
}

void rooms_push(struct rooms *rooms, unsigned link, const struct made *made, uint32_t parts,
		uint32_t offered)
{
	const struct kai_item_head *head = rooms_head(rooms, link, made, parts);
	struct kai_part_blob blobs[KAI_MAX_PARTS];
	struct kai_push push = {.offered = offered, .token = kai_span_str("pushed")};

	push.advisory = (struct kai_advisory){.header = made->built.header,
					      .signatures = head->signatures,
					      .signatures_count = 1,
					      .parts = blobs,
					      .wraps = head->wraps,
					      .wraps_count = head->wraps_count};
	for (uint8_t i = 0; i < made->built.part_count; i++) {
		if ((parts >> i & 1) != 0)
			blobs[push.advisory.parts_count++] =
				(struct kai_part_blob){i, made->built.parts[i].ciphertext};
	}
	rooms_step(rooms, 1);
	kai_fetch_push(&rooms->turn, &rooms->link[link], rooms_frame(rooms, KAI_MSG_PUSH, &push));
	kai_fetch_flush(&rooms->turn);
}

const struct kai_checked *rooms_last(const struct rooms *rooms, unsigned link,
				     enum kai_msg_type type)
{
	for (size_t i = rooms->sent_count; i-- > 0;) {
		if (rooms->sent[i].frame.type == type &&
		    kai_id_equal(rooms->sent[i].org, rooms->link[link].org))
			return &rooms->sent[i].frame;
	}
	return NULL;
}

void rooms_forget(struct rooms *rooms)
{
	rooms->sent_count = 0;
	rooms->fault = NULL;
	rooms->faults = 0;
}

bool rooms_held(struct rooms *rooms, const struct made *made)
{
	uint64_t arrival = 0;

	return kai_rec_arrival(rooms->turn.txn, made->built.id, &arrival);
}

uint64_t rooms_flags(struct rooms *rooms, const struct made *made)
{
	struct kai_item item;
	uint64_t arrival = 0;

	assert_true(kai_rec_arrival(rooms->turn.txn, made->built.id, &arrival));
	assert_true(kai_rec_item(rooms->turn.txn, arrival, &rooms->scratch, &item));
	return item.flags;
}

bool rooms_stub(struct rooms *rooms, const uint8_t id[KAI_ID_LEN], struct kai_stub *ret)
{
	struct kai_key key = kai_key_bytes(id, KAI_ID_LEN);

	return kai_rec_get(rooms->turn.txn, KAI_TABLE_STUBS, &key, &kai_object_stub, &rooms->keep,
			   ret);
}
