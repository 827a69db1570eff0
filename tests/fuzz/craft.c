/* SPDX-License-Identifier: Apache-2.0 */
#include "craft.h"

#include <stdio.h>
#include <string.h>

#include "../unit/usual.h"
#include "kairan/kinds.h"
#include "kairan/label.h"

#define ARENA_LEN ((size_t)8 << 20)

enum flaw {
	FLAW_NONE,
	FLAW_KEY_ROLE, /* signed by the key for receipts */
	FLAW_KEY,      /* signed by another org's key */
	FLAW_FUTURE,
	FLAW_EXPIRED,
	FLAW_REALM,
	FLAW_BODY,
	FLAW_SERIAL,	 /* made under a card that nobody has */
	FLAW_SUPERSEDES, /* another org's item */
	FLAW_RETRACTS,	 /* another org's item */
	FLAW_THREAD,	 /* a revision of what nobody has */
	FLAW_RELEASE	 /* none; a release comes along */
};

static const struct plan {
	unsigned origin;
	uint64_t tlp;
	const char *orgs;
	uint64_t onward;
	uint64_t urgency;
	uint64_t kind;
	size_t extra_len;
	enum flaw flaw;
} plans[] = {
	{TOWN_R, KAI_TLP_CLEAR, "", 4, KAI_URGENCY_NOW, KAI_KIND_ALERT, 0, FLAW_NONE},
	{TOWN_R, KAI_TLP_AMBER, "V", 4, KAI_URGENCY_INFO, KAI_KIND_SECINFO, 500, FLAW_NONE},
	{TOWN_R, KAI_TLP_RED, "V", 4, KAI_URGENCY_NOW, KAI_KIND_SECINFO, 0, FLAW_RELEASE},
	{TOWN_R, KAI_TLP_AMBER, "V", 1, KAI_URGENCY_TODAY, KAI_KIND_SECINFO, 0, FLAW_RELEASE},
	{TOWN_R, KAI_TLP_AMBER, "H", 4, KAI_URGENCY_NOW, KAI_KIND_SECINFO, 0, FLAW_NONE},
	{TOWN_R, KAI_TLP_GREEN, "VHS", 4, KAI_URGENCY_INFO, KAI_KIND_SECINFO, 140000, FLAW_NONE},
	{TOWN_R, KAI_TLP_CLEAR, "", 4, KAI_URGENCY_NOW, KAI_KIND_SECINFO, 0, FLAW_KEY_ROLE},
	{TOWN_R, KAI_TLP_CLEAR, "", 4, KAI_URGENCY_INFO, KAI_KIND_SECINFO, 0, FLAW_KEY},
	{TOWN_R, KAI_TLP_CLEAR, "", 4, KAI_URGENCY_INFO, KAI_KIND_SECINFO, 0, FLAW_FUTURE},
	{TOWN_R, KAI_TLP_CLEAR, "", 4, KAI_URGENCY_INFO, KAI_KIND_SECINFO, 0, FLAW_EXPIRED},
	{TOWN_R, KAI_TLP_CLEAR, "", 4, KAI_URGENCY_INFO, KAI_KIND_SECINFO, 0, FLAW_REALM},
	{TOWN_R, KAI_TLP_CLEAR, "", 4, KAI_URGENCY_INFO, KAI_KIND_SECINFO, 0, FLAW_BODY},
	{TOWN_R, KAI_TLP_CLEAR, "", 4, KAI_URGENCY_INFO, KAI_KIND_SECINFO, 0, FLAW_SERIAL},
	{TOWN_R, KAI_TLP_CLEAR, "", 4, KAI_URGENCY_INFO, KAI_KIND_SECINFO, 0, FLAW_SUPERSEDES},
	{TOWN_R, KAI_TLP_CLEAR, "", 4, KAI_URGENCY_NOW, KAI_KIND_RETRACT, 0, FLAW_RETRACTS},
	{TOWN_R, KAI_TLP_CLEAR, "", 4, KAI_URGENCY_INFO, KAI_KIND_SECINFO, 0, FLAW_THREAD},
	{TOWN_S, KAI_TLP_CLEAR, "", 4, KAI_URGENCY_NOW, KAI_KIND_ALERT, 0, FLAW_NONE},
	{TOWN_S, KAI_TLP_RED, "V", 4, KAI_URGENCY_INFO, KAI_KIND_SECINFO, 0, FLAW_NONE},
	{TOWN_S, KAI_TLP_GREEN, "V", 4, KAI_URGENCY_INFO, KAI_KIND_INCIDENT, 64, FLAW_NONE},
	{TOWN_S, KAI_TLP_GREEN, "VHR", 4, KAI_URGENCY_NOW, KAI_KIND_SECINFO, 300, FLAW_RELEASE},
};
#define COUNT (sizeof(plans) / sizeof(plans[0]))

static struct craft crafts[COUNT];
static struct kai_arena arena;
static uint8_t link_keys[TOWN_NODES][32]; /* towards V */

static void *take(size_t size)
{
	void *at = kai_arena_take(&arena, size);

	MUST(at != NULL);
	return at;
}

static struct kai_label label_of(const struct plan *plan)
{
	struct kai_label label = {.tlp = plan->tlp,
				  .onward = plan->onward,
				  .attribution = KAI_ATTR_NAMED,
				  .pap = KAI_PAP_CLEAR,
				  .gov_share = 1};

	label.audience = take(TOWN_NODES * sizeof(*label.audience));
	for (const char *org = plan->orgs; *org != '\0'; org++)
		label.audience[label.audience_count++] = (struct kai_audience_entry){
			.type = KAI_AUD_ORG,
			.org = kai_span(town_org((unsigned)(strchr("VHRS", *org) - "VHRS")),
					KAI_ID_LEN)};
	kai_audience_sort(label.audience, &label.audience_count);
	return label;
}

static void one_id(const uint8_t id[KAI_ID_LEN], struct kai_header *header)
{
	header->supersedes = take(KAI_ID_LEN);
	header->supersedes_count = 1;
	memcpy(header->supersedes[0], id, KAI_ID_LEN);
}

/* The first item that H made for everybody. */
static void of_another(const struct town *town, struct kai_header *header)
{
	for (size_t i = 0; i < town->item_count; i++) {
		const struct town_item *item = &town->items[i];

		if (item->origin != TOWN_H || item->label.tlp != KAI_TLP_CLEAR)
			continue;
		header->thread.is = true;
		memcpy(header->thread.id, item->id, KAI_ID_LEN);
		one_id(item->id, header);
		header->revision = 2;
		return;
	}
	MUST(false);
}

static void add_flaw(const struct plan *plan, const struct town *town, struct kai_header *header)
{
	switch (plan->flaw) {
	case FLAW_NONE:
	case FLAW_KEY_ROLE:
	case FLAW_KEY:
	case FLAW_BODY:
	case FLAW_RELEASE:
		return;
	case FLAW_FUTURE:
		header->created_at += 2 * (uint64_t)KAI_MS_DAY;
		header->not_after += 2 * (uint64_t)KAI_MS_DAY;
		return;
	case FLAW_EXPIRED:
		header->created_at -= 3 * (uint64_t)KAI_MS_DAY;
		header->not_after -= 3 * (uint64_t)KAI_MS_DAY;
		return;
	case FLAW_REALM:
		memset(header->realm, 0x77, KAI_REALM_LEN);
		return;
	case FLAW_SERIAL:
		header->card_serial = 1000;
		return;
	case FLAW_SUPERSEDES:
	case FLAW_RETRACTS:
		of_another(town, header);
		return;
	case FLAW_THREAD:
		header->thread.is = true;
		memset(header->thread.id, 0x66, KAI_ID_LEN);
		one_id(header->thread.id, header);
		header->revision = 2;
		return;
	}
}

static struct kai_span release_of(const struct craft *craft, const struct kai_label *label,
				  uint64_t now)
{
	struct town_keys keys = town_keys(craft->item.origin);
	struct kai_release release = {.version = KAI_VERSION,
				      .label = *label,
				      .at = now,
				      .expires = now + 10 * (uint64_t)KAI_MS_DAY};

	memcpy(release.id, craft->built.id, KAI_ID_LEN);
	struct kai_span body = kai_object_encode_in(&kai_object_release, &release, &arena);

	MUST(body.len > 0);
	return kai_signed_make(KAI_CTX_RELEASE, body, keys.decider, keys.decider_secret, &arena);
}

static void sign(struct craft *craft, const struct plan *plan)
{
	struct town_keys keys = town_keys(plan->flaw == FLAW_KEY ? TOWN_S : plan->origin);
	bool alert = plan->kind == KAI_KIND_ALERT;
	const uint8_t *key = alert ? keys.decider : keys.duty;
	const uint8_t *secret = alert ? keys.decider_secret : keys.duty_secret;

	if (plan->flaw == FLAW_KEY_ROLE) {
		key = keys.system;
		secret = keys.system_secret;
	}
	memcpy(craft->signature.key, key, KAI_ID_LEN);
	kai_sign(KAI_CTX_ADVISORY, craft->header.realm, craft->built.id, secret,
		 craft->signature.sig);
}

static void make(struct craft *craft, const struct plan *plan, const struct town *town,
		 unsigned number)
{
	uint64_t now = (uint64_t)town_wall(town, TOWN_V).ms;
	uint8_t entropy[32] = {(uint8_t)(number + 1), 0xcc};
	uint8_t *extra = take(plan->extra_len + 1);
	struct kai_header *header = &craft->header;
	char *media = take(64);
	struct kai_part_draft parts[TOWN_PARTS] = {
		{.name = kai_span_str("main"),
		 .content = plan->flaw == FLAW_BODY
				    ? kai_span_str("no body")
				    : usual_body(plan->kind, "crafted", NULL, &arena)},
		{.name = kai_span_str("document"),
		 .media_type = kai_span_str("text/plain"),
		 .content = kai_span(extra, plan->extra_len)}};

	memset(extra, 'c', plan->extra_len);
	(void)snprintf(media, 64, "kairan/%s", kai_kind_row(plan->kind)->word);
	parts[0].media_type = kai_span_str(media);
	*header = (struct kai_header){.version = 1,
				      .kind = plan->kind,
				      .card_serial = 1,
				      .country = kai_span_str("JP"),
				      .revision = 1,
				      .created_at = now - 1000 - number,
				      .not_after = now + (uint64_t)KAI_MS_DAY,
				      .urgency = plan->urgency,
				      .lang = kai_span_str("en"),
				      .label = label_of(plan)};
	memcpy(header->origin, town_org(plan->origin), KAI_ID_LEN);
	add_flaw(plan, town, header);
	MUST(kai_advisory_build(header, parts, plan->extra_len > 0 ? 2 : 1, entropy, &arena,
				&craft->built) == KAI_FAULT_NONE);
	craft->item = (struct town_item){.origin = plan->origin, .label = header->label};
	memcpy(craft->item.id, craft->built.id, KAI_ID_LEN);
	craft->item.parts[0] = craft->item.parts[1] = header->label;
	sign(craft, plan);
	if (plan->flaw == FLAW_RELEASE) {
		const struct plan clear = {.tlp = KAI_TLP_CLEAR, .orgs = "", .onward = 4};

		craft->item.released = label_of(&clear);
		craft->release = release_of(craft, &craft->item.released, now - 500);
	}
}

static void make_link_keys(void)
{
	struct town_keys to = town_keys(TOWN_V);

	for (unsigned i = 1; i < TOWN_NODES; i++) {
		struct town_keys from = town_keys(i);
		struct kai_link_ends ends = {kai_realm_live, town_org(i), town_org(TOWN_V),
					     from.seal, to.seal};

		MUST(kai_link_key(&ends, from.seal_secret, to.seal, link_keys[i]));
	}
}

void craft_found(void)
{
	struct town *town;

	arena = (struct kai_arena){malloc(ARENA_LEN), ARENA_LEN, 0, false};
	MUST(arena.at != NULL);
	town = town_open(false, &kai_quota_default, NULL);
	for (unsigned i = 0; i < COUNT; i++)
		make(&crafts[i], &plans[i], town, i);
	town_close(town);
	make_link_keys();
}

size_t craft_count(void)
{
	return COUNT;
}

const struct craft *craft_at(size_t index)
{
	return &crafts[index];
}

void craft_add(struct town *town)
{
	for (size_t i = 0; i < COUNT; i++)
		(void)town_add(town, &crafts[i].item);
}

/* ---- frames ---- */

static size_t wraps_of(const struct craft *craft, unsigned from, uint32_t parts,
		       struct kai_wrap *ret, struct kai_arena *into)
{
	struct town_keys sender = town_keys(from), to = town_keys(TOWN_V);
	struct kai_link_ends ends = {kai_realm_live, town_org(from), town_org(TOWN_V), sender.seal,
				     to.seal};
	size_t count = 0;

	for (uint8_t i = 0; i < craft->built.part_count; i++) {
		struct kai_wrap *wrap = &ret[count];

		if ((parts >> i & 1) == 0)
			continue;
		*wrap = (struct kai_wrap){.index = i, .kind = KAI_WRAP_LINK};
		wrap->bytes = kai_wrap_link(&ends, link_keys[from], craft->built.id, i,
					    craft->built.parts[i].opening, into);
		MUST(wrap->bytes.len > 0);
		kai_key_hint(to.seal, wrap->key_hint);
		count++;
	}
	return count;
}

struct kai_span craft_push(const struct craft *craft, unsigned from, uint32_t parts,
			   uint32_t offered, bool evidence, struct kai_arena *into)
{
	struct kai_signature signature = craft->signature;
	struct kai_part_blob blobs[TOWN_PARTS];
	struct kai_wrap wraps[TOWN_PARTS];
	struct kai_span release = craft->release;
	struct kai_push push = {.advisory = {.header = craft->built.header,
					     .signatures = &signature,
					     .signatures_count = 1,
					     .parts = blobs,
					     .wraps = wraps},
				.evidence = &release,
				.evidence_count = evidence && release.len > 0 ? 1 : 0,
				.offered = offered == 0 ? 1 : offered};

	push.advisory.wraps_count = wraps_of(craft, from, parts, wraps, into);
	for (uint8_t i = 0; i < craft->built.part_count; i++)
		/* a frame has room for a small one only */
		if ((parts >> i & 1) != 0 && craft->built.parts[i].ciphertext.len < 65536)
			blobs[push.advisory.parts_count++] =
				(struct kai_part_blob){i, craft->built.parts[i].ciphertext};
	return kai_frame_encode(KAI_MSG_PUSH, &push, into);
}

struct kai_chunk craft_chunk(const struct craft *craft, unsigned from, uint8_t index, size_t offset,
			     bool head, struct kai_arena *into)
{
	struct kai_chunk chunk = {.index = index, .offset = offset};

	memcpy(chunk.id, craft->built.id, KAI_ID_LEN);
	if (index < craft->built.part_count) {
		struct kai_span whole = craft->built.parts[index].ciphertext;
		size_t at = offset < whole.len ? offset : whole.len;
		size_t len = whole.len - at < KAI_MAX_CHUNK ? whole.len - at : KAI_MAX_CHUNK;

		chunk.data = kai_span(whole.at + at, len);
		chunk.last = at + len == whole.len && (size_t)index + 1 == craft->built.part_count;
	}
	if (!head)
		return chunk;
	struct kai_item_head *made = kai_arena_take(into, sizeof(*made));
	struct kai_signature *signature = kai_arena_take(into, sizeof(*signature));
	struct kai_wrap *wraps = kai_arena_take(into, TOWN_PARTS * sizeof(*wraps));

	MUST(made != NULL && signature != NULL && wraps != NULL);
	*signature = craft->signature;
	*made = (struct kai_item_head){.header = craft->built.header,
				       .signatures = signature,
				       .signatures_count = 1,
				       .wraps = wraps};
	made->wraps_count = wraps_of(craft, from, UINT32_MAX, wraps, into);
	chunk.head = made;
	return chunk;
}
