/* SPDX-License-Identifier: Apache-2.0 */
/* An item that a rogue makes: like any other of its node's, but for what the lie wants of it. */
#include "rogue_tale.h"

#include <string.h>

#include "kairan/kinds.h"
#include "kairan/label.h"

static struct kai_span body_of(struct sim_tale *tale, const struct kai_kind_row *row)
{
	static const char *const examples[] = {
		[KAI_V_TEXT] = "said by a rogue",
		[KAI_V_TIME] = "2030-03-17T00:00:00.000Z",
		[KAI_V_NUMBER] = "1",
		[KAI_V_ID] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		[KAI_V_COMMIT] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
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

bool sim_ware_reseal(struct sim_tale *tale, struct sim_ware *ware)
{
	if (!sim_ware_seal(tale, ware))
		return false;
	sim_ware_sign(tale, ware);
	return true;
}

void sim_ware_own(struct sim_tale *tale, const struct sim_ware *ware)
{
	static const struct kai_span as_header[KAI_MAX_PARTS];

	sim_ledger_add_item(tale->sim, tale->node->number, UINT32_MAX, ware->bytes, as_header,
			    ware->header.parts_count);
}
