/* SPDX-License-Identifier: Apache-2.0 */
#include "craft.h"

#include "kairan/kinds.h"

static struct kai_span body_of(struct box_peer *peer, uint64_t kind)
{
	struct kai_body_value secinfo[] = {{kai_span_str("subtype"), kai_span_str("vulnerability")},
					   {kai_span_str("action"), kai_span_str("none")}};
	struct kai_body_value retract[] = {{kai_span_str("reason"), kai_span_str("false-alarm")}};
	struct kai_body body = {.version = KAI_VERSION,
				.title = kai_span_str("A valve"),
				.text = kai_span_str("It opens by itself."),
				.values = kind == KAI_KIND_RETRACT ? retract : secinfo,
				.values_count = kind == KAI_KIND_RETRACT ? 1 : 2};

	return kai_object_encode_in(&kai_object_body, &body, &peer->arena);
}

static void *take(struct box_peer *peer, size_t len)
{
	void *at = kai_arena_take(&peer->arena, len);

	assert_non_null(at);
	return at;
}

struct kai_span craft_copy(struct box_peer *peer, struct kai_span bytes)
{
	uint8_t *at = take(peer, bytes.len);

	memcpy(at, bytes.at, bytes.len);
	return kai_span(at, bytes.len);
}

static struct kai_label label_of(struct box_peer *peer, uint64_t tlp, uint64_t type,
				 const uint8_t *named, const char *place)
{
	struct kai_audience_entry *entry = take(peer, sizeof(*entry));

	entry->type = type == 0 ? KAI_AUD_ORG : type;
	if (entry->type == KAI_AUD_ORG || entry->type == KAI_AUD_COMMUNITY)
		entry->org = kai_span(named == NULL ? peer->node->org : named, KAI_ID_LEN);
	entry->text = kai_span_str(place);
	return (struct kai_label){.tlp = tlp == 0 ? KAI_TLP_AMBER : tlp,
				  .audience = entry,
				  .audience_count = tlp == KAI_TLP_CLEAR ? 0 : 1,
				  .onward = KAI_ONWARD_ANY,
				  .attribution = KAI_ATTR_NAMED,
				  .pap = KAI_PAP_CLEAR};
}

static void make_header(struct box_peer *peer, const struct plan *plan, struct kai_header *ret)
{
	const struct box_peer *origin = plan->origin == NULL ? peer : plan->origin;
	int64_t now = box_now_ms();
	struct kai_span *sector = take(peer, sizeof(*sector));

	*sector = kai_span_str(plan->sector == NULL ? "jp-seed7:pow" : plan->sector);
	memset(ret, 0, sizeof(*ret));
	ret->version = KAI_VERSION;
	ret->kind = plan->kind == 0 ? KAI_KIND_SECINFO : plan->kind;
	ret->card_serial = origin->serial + plan->serial_ahead;
	ret->country = kai_span_str(origin->country);
	ret->revision = plan->thread == NULL ? 1 : 2;
	ret->created_at = (uint64_t)(now + plan->created_ms);
	ret->not_after = (uint64_t)(now + (plan->ends_ms == 0 ? KAI_MS_DAY : plan->ends_ms));
	ret->urgency = plan->urgency == 0 ? KAI_URGENCY_NOW : plan->urgency;
	ret->lang = kai_span_str("en");
	ret->label = label_of(peer, plan->tlp, plan->audience, plan->named, plan->place);
	if (plan->onward != 0)
		ret->label.onward = plan->onward;
	ret->sectors = sector;
	ret->sectors_count = 1;
	memcpy(ret->origin, origin->root.key, KAI_ID_LEN);
	if (plan->realm != NULL)
		memcpy(ret->realm, plan->realm, KAI_REALM_LEN);
	ret->thread.is = plan->thread != NULL;
	if (plan->thread != NULL)
		memcpy(ret->thread.id, plan->thread, KAI_ID_LEN);
	ret->supersedes = take(peer, KAI_ID_LEN);
	ret->supersedes_count = plan->supersedes == NULL ? 0 : 1;
	if (plan->supersedes != NULL)
		memcpy(ret->supersedes[0], plan->supersedes, KAI_ID_LEN);
}

static void build(struct box_peer *peer, const struct plan *plan, struct craft *craft)
{
	char *media = take(peer, 64);
	uint8_t *extra = take(peer, plan->extra_len);
	struct kai_label own = label_of(peer, plan->extra_tlp, 0, plan->extra_named, NULL);
	uint8_t entropy[32];
	struct kai_part_draft parts[2] = {{.name = kai_span_str("main")},
					  {.name = kai_span_str("extra"),
					   .media_type = kai_span_str("text/plain"),
					   .content = kai_span(extra, plan->extra_len),
					   .label = plan->extra_tlp == 0 ? NULL : &own}};

	memset(extra, 'x', plan->extra_len);
	randombytes_buf(entropy, sizeof(entropy));
	(void)snprintf(media, 64, "kairan/%s", kai_kind_row(craft->header.kind)->word);
	parts[0].media_type = kai_span_str(media);
	parts[0].content =
		plan->bad_body ? kai_span_str("no body") : body_of(peer, craft->header.kind);
	assert_int_equal(kai_advisory_build(&craft->header, parts, plan->extra_len > 0 ? 2 : 1,
					    entropy, &peer->arena, &craft->built),
			 KAI_FAULT_NONE);
}

void craft_sign(struct craft *craft, const struct fix_pair *signer)
{
	struct kai_signature *signature = &craft->signatures[0];
	uint8_t id[KAI_ID_LEN];

	kai_advisory_id(craft->header.realm, craft->bytes, id);
	memcpy(signature->key, signer->key, KAI_ID_LEN);
	kai_sign(KAI_CTX_ADVISORY, craft->header.realm, id, signer->secret, signature->sig);
	craft->signature_count = 1;
}

struct kai_wrap craft_wrap(struct box_peer *peer, const uint8_t id[KAI_ID_LEN], uint8_t index,
			   struct kai_span opening)
{
	const struct kai_link_ends ends = {.realm = kai_realm_live,
					   .from_org = peer->root.key,
					   .to_org = peer->node->org,
					   .from_seal = peer->seal.key,
					   .to_seal = peer->node->keys.seals[0].key};
	struct kai_wrap wrap = {.index = index, .kind = KAI_WRAP_LINK};
	uint8_t key[32];

	assert_true(kai_link_key(&ends, peer->seal.secret, ends.to_seal, key));
	wrap.bytes = kai_wrap_link(&ends, key, id, index, opening, &peer->arena);
	assert_true(wrap.bytes.len > 0);
	kai_key_hint(ends.to_seal, wrap.key_hint);
	return wrap;
}

struct craft *craft_make(struct box_peer *peer, const struct plan *plan)
{
	static const struct plan usual;
	struct craft *craft = take(peer, sizeof(*craft));

	if (plan == NULL)
		plan = &usual;
	const struct box_peer *origin = plan->origin == NULL ? peer : plan->origin;

	make_header(peer, plan, &craft->header);
	build(peer, plan, craft);
	craft->bytes = craft->built.header;
	memcpy(craft->id, craft->built.id, KAI_ID_LEN);
	craft_sign(craft, plan->signer == NULL ? &origin->decider : plan->signer);
	for (size_t i = 0; i < craft->built.part_count; i++) {
		craft->parts[i] = (struct kai_part_blob){i, craft->built.parts[i].ciphertext};
		craft->wraps[i] =
			craft_wrap(peer, craft->id, (uint8_t)i, craft->built.parts[i].opening);
	}
	craft->part_count = craft->wrap_count = craft->built.part_count;
	/* An own copy of everything that a test may change. */
	assert_int_equal(kai_object_decode(&kai_object_header, craft_copy(peer, craft->bytes),
					   &peer->arena, &craft->header),
			 KAI_FAULT_NONE);
	return craft;
}

void craft_reseal(struct box_peer *peer, struct craft *craft)
{
	craft->bytes = kai_object_encode_in(&kai_object_header, &craft->header, &peer->arena);
	assert_true(craft->bytes.len > 0);
	/* A header that cannot be read has no realm: the node names it as one of the live realm. */
	kai_advisory_id(kai_realm_live, craft->bytes, craft->id);
}

/* ---- sending ---- */

void craft_push(struct box_peer *peer, const struct craft *craft)
{
	struct craft copy = *craft;
	struct kai_push push = {.advisory = {.header = copy.bytes,
					     .signatures = copy.signatures,
					     .signatures_count = copy.signature_count,
					     .parts = copy.parts,
					     .parts_count = copy.part_count,
					     .wraps = copy.wraps,
					     .wraps_count = copy.wrap_count},
				.evidence = copy.evidence,
				.evidence_count = copy.evidence_count,
				.mark = copy.mark};

	for (size_t i = 0; i < craft->part_count; i++)
		push.offered |= 1u << craft->parts[i].index;
	box_peer_send(peer, KAI_MSG_PUSH, &push);
}

void craft_offer(struct box_peer *peer, const struct craft *craft, bool want)
{
	struct kai_offer_entry entry = {.parts = (1u << craft->built.part_count) - 1,
					.size = craft->bytes.len + 16,
					.urgency = craft->header.urgency,
					.signatures = 1};
	struct kai_offer offer = {.entries = &entry, .entries_count = 1};

	for (size_t i = 0; i < craft->built.part_count; i++)
		entry.size += craft->built.parts[i].ciphertext.len;
	memcpy(entry.id, craft->id, KAI_ID_LEN);
	box_peer_send(peer, KAI_MSG_OFFER, &offer);
	if (want)
		assert_non_null(box_peer_reply(peer, KAI_MSG_WANT, craft->id, BOX_PATIENCE_MS));
}

void craft_chunk(struct box_peer *peer, const struct craft *craft, const struct kai_chunk *chunk,
		 bool head)
{
	struct craft copy = *craft;
	struct kai_item_head first = {.header = copy.bytes,
				      .signatures = copy.signatures,
				      .signatures_count = copy.signature_count,
				      .wraps = copy.wraps,
				      .wraps_count = copy.wrap_count,
				      .evidence = copy.evidence,
				      .evidence_count = copy.evidence_count};
	struct kai_chunk frame = *chunk;

	memcpy(frame.id, craft->id, KAI_ID_LEN);
	frame.head = head ? &first : NULL;
	box_peer_send(peer, KAI_MSG_CHUNK, &frame);
}

void craft_chunks(struct box_peer *peer, const struct craft *craft, uint8_t index, bool head,
		  bool last)
{
	struct kai_span whole = craft->parts[index].ciphertext;

	for (size_t at = 0; at < whole.len;) {
		size_t len = whole.len - at < KAI_MAX_CHUNK ? whole.len - at : KAI_MAX_CHUNK;
		struct kai_chunk chunk = {.index = index,
					  .offset = at,
					  .data = kai_span(whole.at + at, len),
					  .last = last && at + len == whole.len};

		craft_chunk(peer, craft, &chunk, head && at == 0);
		at += len;
	}
}
