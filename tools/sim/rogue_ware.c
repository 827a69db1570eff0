/* SPDX-License-Identifier: Apache-2.0 */
/* Items in a rogue's hands: taken from its store, made, changed, wrapped, pushed, offered, served. */
#include "rogue_tale.h"

#include <stdlib.h>
#include <string.h>

#include "kairan/kinds.h"
#include "kairan/label.h"

#define LOOKS 64u /* newest items among which one is picked */
#define PICKS 8u  /* tried before it gives up */

/* ---- from the store ---- */

static bool open_rest(const struct sim_tale *tale, const struct kai_item *item, uint8_t index,
		      const struct kai_part *part, struct kai_span *ret)
{
	const struct sim_org *me = &tale->node->org;
	uint8_t ad[KAI_ID_LEN + 1];

	memcpy(ad, item->id, KAI_ID_LEN);
	ad[KAI_ID_LEN] = index;
	return kai_box_open(KAI_CTX_REST, me->rest[0].secret, kai_span(ad, sizeof(ad)),
			    part->opening, tale->arena, ret);
}

static bool load_parts(struct sim_tale *tale, struct kai_txn *txn, uint64_t arrival,
		       const struct kai_item *item, struct sim_ware *ret)
{
	for (uint8_t i = 0; i < KAI_MAX_PARTS; i++) {
		struct kai_key key = kai_key_part(arrival, i);
		struct kai_part part;

		if ((item->held >> i & 1) == 0)
			continue;
		if (!kai_rec_get(txn, KAI_TABLE_PARTS, &key, &kai_object_part, tale->arena,
				 &part) ||
		    !open_rest(tale, item, i, &part, &ret->openings[i]))
			return false;
		ret->parts[i] = sim_tale_copy(tale, part.ciphertext);
		if (ret->parts[i].len == 0)
			return false;
		ret->bits |= 1u << i;
	}
	return true;
}

static bool load(struct sim_tale *tale, struct kai_txn *txn, uint64_t arrival,
		 const struct kai_item *item, struct sim_ware *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->bytes = item->header;
	memcpy(ret->id, item->id, KAI_ID_LEN);
	ret->signature_count = item->signatures_count;
	memcpy(ret->signatures, item->signatures,
	       item->signatures_count * sizeof(item->signatures[0]));
	return kai_header_read(ret->bytes, tale->arena, &ret->header) == KAI_FAULT_NONE &&
	       load_parts(tale, txn, arrival, item, ret);
}

struct passed {
	bool supplied; /* by tale->to */
	uint32_t gone; /* parts that went there */
};

static struct passed passed(struct sim_tale *tale, struct kai_txn *txn, uint64_t arrival)
{
	const uint8_t *org = sim_node(tale->sim, tale->to)->org.root.key;
	struct passed ret = {.gone = 0};
	struct kai_released released;
	struct kai_peer peer;
	struct kai_span bytes;

	if (!kai_rec_peer(txn, org, tale->arena, &peer))
		return ret;
	struct kai_key key = kai_key_pair(arrival, (uint16_t)peer.number);

	ret.supplied = kai_txn_get(txn, KAI_TABLE_SUPPLY, kai_key_span(&key), &bytes);
	if (kai_rec_get(txn, KAI_TABLE_RELEASED, &key, &kai_object_released, tale->arena,
			&released))
		ret.gone = (uint32_t)released.parts;
	return ret;
}

static bool fits(struct sim_tale *tale, struct kai_txn *txn, uint64_t arrival,
		 enum sim_ware_which which, struct sim_ware *ware)
{
	bool own = kai_id_equal(ware->header.origin, tale->node->org.root.key);
	struct passed to = passed(tale, txn, arrival);

	ware->rest = ware->bits & ~to.gone;
	switch (which) {
	case SIM_WARE_ANY:
		return true;
	case SIM_WARE_OWN:
		return own && (to.gone != 0 || tale->arg % 4 == 3);
	case SIM_WARE_SHARED:
		return !own && (to.supplied || to.gone != 0);
	case SIM_WARE_FOREIGN:
		return !own && !kai_id_equal(ware->header.origin,
					     sim_node(tale->sim, tale->to)->org.root.key);
	case SIM_WARE_FORBIDDEN:
		return !to.supplied && to.gone == 0 && ware->rest != 0 &&
		       !kai_id_equal(ware->header.origin,
				     sim_node(tale->sim, tale->to)->org.root.key);
	case SIM_WARE_ITS:
		return to.supplied && to.gone == 0;
	}
	return false;
}

static size_t newest(struct kai_txn *txn, uint64_t arrivals[LOOKS])
{
	struct kai_index_scan scan;
	size_t count = 0;

	kai_index_all(&scan, txn, 0, true);
	while (count < LOOKS && kai_index_next(&scan, &arrivals[count]))
		count++;
	return count;
}

bool sim_ware_pick(struct sim_tale *tale, enum sim_ware_which which, struct sim_ware *ret)
{
	uint64_t arrivals[LOOKS];
	struct kai_txn *txn;
	bool found = false;

	if (kai_txn_begin(tale->node->store, false, &txn, NULL) != KAI_ERR_OK)
		return false;
	size_t count = newest(txn, arrivals);
	uint64_t first = count == 0 ? 0 : sim_tale_below(tale, count);

	for (size_t i = 0; !found && i < count && i < PICKS; i++) {
		uint64_t arrival = arrivals[(first + i * 7) % count];
		size_t mark = tale->arena->used;
		struct kai_item item;

		found = kai_rec_item(txn, arrival, tale->arena, &item) &&
			load(tale, txn, arrival, &item, ret) &&
			fits(tale, txn, arrival, which, ret);
		if (!found)
			tale->arena->used = mark;
		tale->arena->full = false;
	}
	kai_txn_abort(txn);
	return found;
}

/* ---- made ---- */

static struct kai_span body_of(struct sim_tale *tale, const struct kai_kind_row *row)
{
	static const char *const examples[] = {
		[KAI_V_TEXT] = "said by a rogue",
		[KAI_V_TIME] = "2030-03-17T00:00:00.000Z",
		[KAI_V_NUMBER] = "1",
		[KAI_V_ID] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		[KAI_V_CAUSE] = "unknown//low/2030-03-17T00:00:00.000Z",
	};
	struct kai_body_value values[32];
	struct kai_body body = {.version = KAI_VERSION,
				.title = kai_span_str("a rogue's title"),
				.text = kai_span_str("a rogue's text"),
				.values = values};

	for (size_t i = 0; i < row->field_count && body.values_count < 32; i++) {
		const struct kai_body_field_row *field = &row->fields[i];
		struct kai_body_value *value = &values[body.values_count];

		if (!field->mandatory)
			continue;
		body.values_count++;
		value->name = kai_span_str(field->name);
		value->value = field->type == KAI_V_WORD
				       ? kai_span(field->words, strcspn(field->words, "|"))
				       : kai_span_str(examples[field->type]);
	}
	return kai_object_encode_in(&kai_object_body, &body, tale->arena);
}

static void *take(struct sim_tale *tale, size_t len)
{
	return kai_arena_take(tale->arena, len);
}

static bool label_for(struct sim_tale *tale, struct kai_label *ret)
{
	struct kai_audience_entry *entry = take(tale, sizeof(*entry));

	if (entry == NULL)
		return false;
	entry->type = KAI_AUD_ORG;
	entry->org = kai_span(sim_node(tale->sim, tale->to)->org.root.key, KAI_ID_LEN);
	*ret = (struct kai_label){.tlp = KAI_TLP_AMBER,
				  .audience = entry,
				  .audience_count = 1,
				  .onward = KAI_ONWARD_ANY,
				  .attribution = KAI_ATTR_NAMED,
				  .pap = KAI_PAP_CLEAR};
	return true;
}

/* A kind, a sector and a circle that the agreement with tale->to lets pass, so that what is wrong with an item is not
 * that. */
static void suit(struct sim_tale *tale, struct kai_header *io)
{
	struct kai_agreement_read read;

	if (!sim_tale_agreement(tale, tale->to, &read))
		return;
	int side = kai_terms_side(&read.terms, tale->node->org.root.key);
	const struct kai_direction *way = kai_terms_direction(&read.terms, side);
	uint64_t kind = 0;

	for (size_t i = 0; i < way->kinds_count; i++) {
		if (way->kinds[i] == KAI_KIND_SECINFO ||
		    (kind == 0 && way->kinds[i] != KAI_KIND_RETRACT))
			kind = way->kinds[i];
	}
	if (kind != 0)
		io->kind = kind;
	if (way->sectors_count > 0 && !kai_span_equal(way->sectors[0], kai_span_str("*"))) {
		io->sectors = way->sectors;
		io->sectors_count = 1;
	}
	if (way->ceiling > io->label.tlp)
		io->label.tlp = way->ceiling;
	if (io->label.tlp >= KAI_TLP_CLEAR) {
		io->label.tlp = KAI_TLP_CLEAR;
		io->label.audience_count = 0;
	}
	io->label.gov_share = 1;
}

/* Continues what it follows as that item's origin would. */
static bool follow(struct sim_tale *tale, const struct sim_ware *before, struct kai_header *io)
{
	uint8_t(*ids)[KAI_ID_LEN] = take(tale, KAI_ID_LEN);

	if (ids == NULL)
		return false;
	memcpy(ids[0], before->id, KAI_ID_LEN);
	io->supersedes = ids;
	io->supersedes_count = 1;
	io->thread.is = true;
	memcpy(io->thread.id, before->header.thread.is ? before->header.thread.id : before->id,
	       KAI_ID_LEN);
	io->revision = before->header.revision < 65535 ? before->header.revision + 1 : 65535;
	io->label = before->header.label;
	io->urgency = before->header.urgency;
	io->sectors = before->header.sectors;
	io->sectors_count = before->header.sectors_count;
	return true;
}

static void ext_edges(struct sim_tale *tale, struct kai_header *io)
{
	struct kai_ext *ext = take(tale, 2 * sizeof(*ext));
	uint8_t *value = take(tale, KAI_MAX_EXT_LEN);

	if (ext == NULL || value == NULL)
		return;
	ext[0] = (struct kai_ext){.tag = 1, .value = kai_span(value, KAI_MAX_EXT_LEN)};
	ext[1] = (struct kai_ext){.tag = UINT64_MAX};
	io->ext = ext;
	io->ext_count = 2;
}

static void edges(struct sim_tale *tale, struct kai_header *io)
{
	static const char lang[] = "en-abcdefgh-ijklmnop-qrstuvwx-yzabc";
	struct kai_span *sectors = take(tale, KAI_MAX_SECTORS * sizeof(*sectors));
	struct kai_audience_entry *audience = take(tale, KAI_MAX_AUDIENCE * sizeof(*audience));

	ext_edges(tale, io);
	io->lang = kai_span(lang, 35);
	for (size_t i = 0; sectors != NULL && i < KAI_MAX_SECTORS; i++) {
		char *text = take(tale, KAI_MAX_SHORT);

		if (text == NULL)
			return;
		memset(text, 'z', KAI_MAX_SHORT);
		text[0] = (char)('a' + i);
		text[1] = ':';
		sectors[i] = kai_span(text, KAI_MAX_SHORT);
		io->sectors = sectors;
		io->sectors_count = i + 1;
	}
	for (size_t i = 0; audience != NULL && i + 1 < KAI_MAX_AUDIENCE; i++) {
		uint8_t *org = take(tale, KAI_ID_LEN);

		if (org == NULL)
			return;
		sim_tale_random(tale, org, KAI_ID_LEN);
		audience[i] = (struct kai_audience_entry){.type = KAI_AUD_ORG,
							  .org = kai_span(org, KAI_ID_LEN)};
	}
	if (audience == NULL || io->label.tlp == KAI_TLP_CLEAR)
		return;
	size_t count = KAI_MAX_AUDIENCE;

	audience[count - 1] = io->label.audience[0];
	kai_audience_sort(audience, &count);
	io->label.audience = audience;
	io->label.audience_count = count;
}

static bool head_of(struct sim_tale *tale, const struct sim_ware_plan *plan, struct kai_header *ret)
{
	uint32_t origin = plan->origin == UINT32_MAX ? tale->node->number : plan->origin;
	uint64_t now = sim_tale_wall(tale);
	struct kai_card card;

	memset(ret, 0, sizeof(*ret));
	if (!sim_tale_card(tale, origin, &card) || !label_for(tale, &ret->label))
		return false;
	ret->version = KAI_VERSION;
	ret->kind = KAI_KIND_SECINFO;
	suit(tale, ret);
	if (plan->kind != 0)
		ret->kind = plan->kind;
	memcpy(ret->origin, card.org, KAI_ID_LEN);
	ret->card_serial = card.serial;
	ret->country = card.country;
	ret->revision = 1;
	ret->created_at = plan->created_at == 0 ? now : plan->created_at;
	ret->not_after = plan->not_after == 0 ? now + KAI_MS_DAY : plan->not_after;
	ret->urgency = plan->urgency == 0 ? KAI_URGENCY_INFO : plan->urgency;
	ret->lang = kai_span_str("en");
	if (plan->label != NULL)
		ret->label = *plan->label;
	if (plan->follows != NULL && !follow(tale, plan->follows, ret))
		return false;
	if (plan->edges)
		edges(tale, ret);
	return true;
}

static size_t drafts_of(struct sim_tale *tale, const struct sim_ware_plan *plan,
			struct kai_part_draft ret[KAI_MAX_PARTS])
{
	size_t count = 1;

	if (plan->extra_len > 0) {
		uint8_t *extra = take(tale, plan->extra_len);

		if (extra == NULL)
			return 0;
		memset(extra, 'r', plan->extra_len);
		ret[count++] = (struct kai_part_draft){.name = kai_span_str("extra"),
						       .media_type = kai_span_str("text/plain"),
						       .content = kai_span(extra, plan->extra_len)};
	}
	for (; plan->edges && count < KAI_MAX_PARTS; count++) {
		char *name = take(tale, KAI_MAX_SHORT);
		char *media = take(tale, KAI_MAX_MEDIA);

		if (name == NULL || media == NULL)
			return 0;
		memset(name, 'n', KAI_MAX_SHORT);
		name[0] = (char)('a' + count);
		memset(media, 'm', KAI_MAX_MEDIA);
		media[4] = '/';
		ret[count] = (struct kai_part_draft){.name = kai_span(name, KAI_MAX_SHORT),
						     .media_type = kai_span(media, KAI_MAX_MEDIA)};
	}
	return count;
}

bool sim_ware_make(struct sim_tale *tale, const struct sim_ware_plan *plan, struct sim_ware *ret)
{
	struct kai_part_draft drafts[KAI_MAX_PARTS];
	struct kai_built *built = take(tale, sizeof(*built));
	char *media = take(tale, KAI_MAX_MEDIA);
	uint8_t entropy[32];

	memset(ret, 0, sizeof(*ret));
	if (built == NULL || media == NULL || !head_of(tale, plan, &ret->header))
		return false;
	const struct kai_kind_row *row = kai_kind_row(ret->header.kind);
	size_t count = drafts_of(tale, plan, drafts);

	(void)snprintf(media, KAI_MAX_MEDIA, "kairan/%s", row->word);
	drafts[0] = (struct kai_part_draft){.name = kai_span_str("main"),
					    .media_type = kai_span_str(media),
					    .content = body_of(tale, row)};
	sim_tale_random(tale, entropy, sizeof(entropy));
	if (count == 0 || kai_advisory_build(&ret->header, drafts, count, entropy, tale->arena,
					     built) != KAI_FAULT_NONE)
		return false;
	ret->bytes = built->header;
	memcpy(ret->id, built->id, KAI_ID_LEN);
	for (size_t i = 0; i < built->part_count; i++) {
		ret->parts[i] = built->parts[i].ciphertext;
		ret->openings[i] = built->parts[i].opening;
		ret->bits |= 1u << i;
	}
	ret->rest = ret->bits;
	sim_ware_sign(tale, ret);
	return true;
}

bool sim_ware_seal(struct sim_tale *tale, struct sim_ware *ware)
{
	ware->bytes = kai_object_encode_in(&kai_object_header, &ware->header, tale->arena);
	if (ware->bytes.len == 0)
		return false;
	kai_advisory_id(ware->header.realm, ware->bytes, ware->id);
	return true;
}

void sim_ware_sign(struct sim_tale *tale, struct sim_ware *ware)
{
	const struct sim_pair *decider = &tale->node->org.decider;
	struct kai_signature *signature = &ware->signatures[0];

	memset(signature, 0, sizeof(*signature));
	memcpy(signature->key, decider->key, KAI_ID_LEN);
	kai_sign(KAI_CTX_ADVISORY, ware->header.realm, ware->id, decider->secret, signature->sig);
	ware->signature_count = 1;
}

void sim_ware_own(struct sim_tale *tale, const struct sim_ware *ware)
{
	static const struct kai_span as_header[KAI_MAX_PARTS];

	sim_ledger_add_item(tale->sim, tale->node->number, UINT32_MAX, ware->bytes, as_header,
			    ware->header.parts_count);
}

/* ---- to a peer ---- */

static bool wraps_of(struct sim_tale *tale, uint32_t to, const struct sim_ware *ware,
		     struct kai_wrap *ret, size_t *ret_count)
{
	struct kai_link_ends ends;
	uint8_t key[32];
	size_t count = 0;

	if (!sim_tale_ends(tale, to, &ends, key))
		return false;
	for (uint8_t i = 0; i < KAI_MAX_PARTS; i++) {
		if ((ware->bits >> i & 1) == 0)
			continue;
		struct kai_wrap *wrap = &ret[count++];

		*wrap = (struct kai_wrap){.index = i, .kind = KAI_WRAP_LINK};
		kai_key_hint(ends.to_seal, wrap->key_hint);
		wrap->bytes =
			kai_wrap_link(&ends, key, ware->id, i, ware->openings[i], tale->arena);
		if (wrap->bytes.len == 0)
			return false;
	}
	*ret_count = count;
	return true;
}

static unsigned push(struct sim_tale *tale, uint32_t to, struct sim_ware *ware)
{
	struct kai_part_blob blobs[KAI_MAX_PARTS];
	struct kai_wrap wraps[KAI_MAX_PARTS];
	struct kai_push msg = {.advisory = {.header = ware->bytes,
					    .signatures = ware->signatures,
					    .signatures_count = ware->signature_count,
					    .parts = blobs,
					    .wraps = wraps},
			       .evidence = ware->evidence,
			       .evidence_count = ware->evidence_count,
			       .mark = ware->mark,
			       .offered = ware->bits};

	if (!wraps_of(tale, to, ware, wraps, &msg.advisory.wraps_count))
		return 0;
	for (size_t i = 0; i < KAI_MAX_PARTS; i++) {
		if (ware->bits >> i & 1)
			blobs[msg.advisory.parts_count++] =
				(struct kai_part_blob){i, ware->parts[i]};
	}
	return sim_tale_send(tale, to, KAI_MSG_PUSH, &msg, true);
}

/* ---- the shelf ---- */

static struct sim_shelf *shelf_new(struct sim_tale *tale, uint32_t to, const uint8_t *id)
{
	struct sim_rogue *rogue = tale->rogue;
	struct sim_shelf *at = &rogue->shelf[rogue->shelf_next++ % SIM_ROGUE_SHELF];

	free(at->frames);
	*at = (struct sim_shelf){.to = to};
	memcpy(at->id, id, KAI_ID_LEN);
	return at;
}

static bool shelf_add(struct sim_shelf *shelf, uint8_t index, struct kai_span frame)
{
	size_t len = shelf->len + 9 + frame.len;
	uint8_t *grown = frame.len == 0 ? NULL : realloc(shelf->frames, len);

	if (grown == NULL)
		return false;
	kai_put_be64(grown + shelf->len, frame.len);
	grown[shelf->len + 8] = index;
	memcpy(grown + shelf->len + 9, frame.at, frame.len);
	shelf->frames = grown;
	shelf->len = len;
	return true;
}

static const struct sim_shelf *shelf_find(const struct sim_rogue *rogue, uint32_t to,
					  const uint8_t *id)
{
	for (size_t i = 0; i < SIM_ROGUE_SHELF; i++) {
		const struct sim_shelf *at = &rogue->shelf[i];

		if (at->len > 0 && at->to == to && kai_id_equal(at->id, id))
			return at;
	}
	return NULL;
}

bool sim_shelf_has(const struct sim_rogue *rogue, uint32_t to, const uint8_t id[KAI_ID_LEN])
{
	return shelf_find(rogue, to, id) != NULL;
}

/* Whole parts in order; at most so many frames. */
static bool shelve(struct sim_tale *tale, uint32_t to, struct sim_ware *ware, size_t frames)
{
	struct kai_wrap wraps[KAI_MAX_PARTS];
	struct kai_item_head head = {.header = ware->bytes,
				     .signatures = ware->signatures,
				     .signatures_count = ware->signature_count,
				     .wraps = wraps,
				     .evidence = ware->evidence,
				     .evidence_count = ware->evidence_count,
				     .mark = ware->mark};
	struct sim_shelf *shelf = shelf_new(tale, to, ware->id);
	size_t count = 0;

	if (!wraps_of(tale, to, ware, wraps, &head.wraps_count))
		return false;
	for (uint8_t i = 0; i < KAI_MAX_PARTS; i++) {
		struct kai_span left = ware->parts[i];
		size_t offset = 0;

		if ((ware->bits >> i & 1) == 0)
			continue;
		for (; offset < left.len && count < frames; count++) {
			size_t len = left.len - offset < KAI_MAX_CHUNK ? left.len - offset
								       : KAI_MAX_CHUNK;
			struct kai_chunk chunk = {.head = count == 0 ? &head : NULL,
						  .index = i,
						  .offset = offset,
						  .data = kai_span(left.at + offset, len)};
			size_t mark = tale->arena->used;

			memcpy(chunk.id, ware->id, KAI_ID_LEN);
			offset += len;
			chunk.last = offset == left.len && ware->bits >> i == 1;
			bool kept = shelf_add(shelf, i,
					      kai_frame_encode(KAI_MSG_CHUNK, &chunk, tale->arena));

			tale->arena->used = mark;
			if (!kept || shelf->len > SIM_ROGUE_SHELF_LEN)
				return false;
		}
	}
	return count > 0;
}

unsigned sim_ware_offer(struct sim_tale *tale, uint32_t to, struct sim_ware *ware, size_t frames)
{
	struct kai_offer_entry entry = {.parts = ware->bits,
					.size = ware->bytes.len + 1,
					.urgency = ware->header.urgency & 0xff,
					.signatures = ware->signature_count,
					.evidence = ware->evidence_count};
	struct kai_offer offer = {.entries = &entry, .entries_count = 1};
	uint8_t key[32], tag[KAI_ID_LEN];

	if (!sim_tale_session(tale, to, key) || !shelve(tale, to, ware, frames))
		return 0;
	struct kai_span pieces[2] = {kai_span(key, sizeof(key)), ware->bytes};

	kai_hash_many(KAI_CTX_OFFER_TAG, kai_realm_live, pieces, 2, tag);
	memcpy(entry.tag, tag, sizeof(entry.tag));
	memcpy(entry.id, ware->id, KAI_ID_LEN);
	for (size_t i = 0; i < KAI_MAX_PARTS; i++)
		entry.size += ware->parts[i].len;
	return sim_tale_send(tale, to, KAI_MSG_OFFER, &offer, false);
}

unsigned sim_ware_send(struct sim_tale *tale, uint32_t to, struct sim_ware *ware)
{
	unsigned sent = 0;

	if (ware->header.urgency == KAI_URGENCY_NOW)
		sent = push(tale, to, ware); /* 0 when it does not fit a frame */
	return sent > 0 ? sent : sim_ware_offer(tale, to, ware, SIZE_MAX);
}

void sim_shelf_want(struct sim_tale *tale, const struct kai_want *want)
{
	for (size_t i = 0; i < want->entries_count; i++) {
		const struct sim_shelf *shelf =
			shelf_find(tale->rogue, tale->to, want->entries[i].id);

		for (size_t at = 0; shelf != NULL && at < shelf->len;) {
			size_t len = (size_t)kai_get_be64(shelf->frames + at);
			uint8_t index = shelf->frames[at + 8];

			if (want->entries[i].parts >> index & 1)
				(void)sim_tale_bytes(tale, tale->to,
						     kai_span(shelf->frames + at + 9, len), false);
			at += 9 + len;
		}
	}
}
