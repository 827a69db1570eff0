/* SPDX-License-Identifier: Apache-2.0 */
/* Its own items, wrong in one thing: key, realm, serial, opening, or that this peer may not have them. */
#include "rogue_tale.h"

#include <string.h>

static struct sim_ware_plan usual(const struct sim_tale *tale)
{
	return (struct sim_ware_plan){.origin = UINT32_MAX,
				      .urgency = tale->arg % 2 == 0 ? KAI_URGENCY_NOW
								    : KAI_URGENCY_INFO};
}

/* ---- keys ---- */

static void sign_by(const struct sim_ware *ware, const struct sim_pair *pair,
		    struct kai_signature *ret)
{
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->key, pair->key, KAI_ID_LEN);
	kai_sign(KAI_CTX_ADVISORY, ware->header.realm, ware->id, pair->secret, ret->sig);
}

unsigned sim_tell_wrong_keys(struct sim_tale *tale)
{
	const struct sim_org *me = &tale->node->org;
	struct sim_ware_plan plan = usual(tale);
	struct kai_tree_path path = {.leaf = 0};
	struct sim_ware ware;

	if (tale->arg % 5 == 0)
		plan.kind = KAI_KIND_ALERT; /* which asks for a decider */
	if (!sim_ware_make(tale, &plan, &ware))
		return 0;
	switch (tale->arg % 5) {
	case 0:
		sign_by(&ware, &me->duty, &ware.signatures[0]);
		break;
	case 1:
		sign_by(&ware, &me->system, &ware.signatures[0]);
		break;
	case 2: /* a key that stands in no card */
		sign_by(&ware, &me->next_root, &ware.signatures[0]);
		break;
	case 3: /* a path to a root that nobody signed */
		ware.signatures[0].path = &path;
		break;
	default: /* two, of which one is nobody's */
		sign_by(&ware, &me->next_root, &ware.signatures[1]);
		ware.signature_count = 2;
		if (memcmp(ware.signatures[0].key, ware.signatures[1].key, KAI_ID_LEN) > 0) {
			struct kai_signature first = ware.signatures[0];

			ware.signatures[0] = ware.signatures[1];
			ware.signatures[1] = first;
		}
		break;
	}
	return sim_ware_send(tale, tale->to, &ware);
}

/* ---- header ---- */

unsigned sim_tell_other_realm(struct sim_tale *tale)
{
	struct sim_ware_plan plan = usual(tale);
	struct sim_ware ware;

	if (!sim_ware_make(tale, &plan, &ware))
		return 0;
	sim_tale_random(tale, ware.header.realm, KAI_REALM_LEN);
	return sim_ware_reseal(tale, &ware) ? sim_ware_send(tale, tale->to, &ware) : 0;
}

unsigned sim_tell_serial_ahead(struct sim_tale *tale)
{
	struct sim_ware_plan plan = usual(tale);
	struct sim_ware ware;

	if (!sim_ware_make(tale, &plan, &ware))
		return 0;
	ware.header.card_serial =
		tale->arg % 3 == 0 ? UINT64_MAX >> 1 : ware.header.card_serial + 1000000;
	return sim_ware_reseal(tale, &ware) ? sim_ware_send(tale, tale->to, &ware) : 0;
}

/* ---- parts ---- */

/* Another opening than the header committed to. */
static bool reopen(struct sim_tale *tale, struct sim_ware *ware)
{
	struct kai_opening opening;
	struct kai_label label;

	if (kai_object_decode(&kai_object_opening, ware->openings[0], tale->arena, &opening) !=
		    KAI_FAULT_NONE ||
	    kai_object_decode(&kai_object_label, opening.label, tale->arena, &label) !=
		    KAI_FAULT_NONE)
		return false;
	switch (tale->arg / 4 % 3) {
	case 0:
		opening.salt[0] ^= 1;
		break;
	case 1:
		opening.key[31] ^= 1;
		break;
	default:
		label.onward = label.onward % 4 + 1;
		opening.label = kai_object_encode_in(&kai_object_label, &label, tale->arena);
		break;
	}
	ware->openings[0] = kai_object_encode_in(&kai_object_opening, &opening, tale->arena);
	return ware->openings[0].len > 0;
}

/* What no key opens, under a hash and a signature that fit. */
static bool unseal(struct sim_tale *tale, struct sim_ware *ware)
{
	struct kai_span part = ware->parts[0];
	struct kai_span copy = sim_tale_flip(tale, part, part.len / 2, 1);

	if (copy.len == 0)
		return false;
	ware->parts[0] = copy;
	kai_part_hash(ware->header.realm, copy, ware->header.parts[0].hash);
	return sim_ware_reseal(tale, ware);
}

unsigned sim_tell_spoil_parts(struct sim_tale *tale)
{
	struct sim_ware_plan plan = usual(tale);
	struct sim_ware ware;
	struct kai_span first;

	plan.extra_len = 100;
	if (!sim_ware_make(tale, &plan, &ware))
		return 0;
	first = ware.parts[0];
	switch (tale->arg % 4) {
	case 0:
		if (!reopen(tale, &ware))
			return 0;
		break;
	case 1:
		if (!unseal(tale, &ware))
			return 0;
		break;
	case 2: /* one in the place of the other */
		ware.parts[0] = ware.parts[1];
		ware.parts[1] = first;
		break;
	default: /* the key of the other */
		ware.openings[0] = ware.openings[1];
		break;
	}
	return sim_ware_send(tale, tale->to, &ware);
}

/* ---- truly its own, and not for this peer ---- */

static void forbid(struct sim_tale *tale, struct kai_header *io)
{
	struct kai_label *label = &io->label;
	uint32_t other = sim_tale_other(tale);
	const uint8_t *named = other == UINT32_MAX ? tale->node->org.root.key
						   : sim_node(tale->sim, other)->org.root.key;
	struct kai_audience_entry *entry = &label->audience[0];

	label->audience_count = 1;
	entry->org = kai_span(named, KAI_ID_LEN);
	switch (tale->arg % 5) {
	case 0:
		label->tlp = KAI_TLP_RED;
		break;
	case 1:
		label->tlp = KAI_TLP_AMBER_STRICT;
		break;
	case 2:
		label->tlp = KAI_TLP_AMBER;
		break;
	case 3:
		label->tlp = KAI_TLP_GREEN;
		entry->type = KAI_AUD_COMMUNITY;
		entry->text = kai_span_str("nobody-knows");
		break;
	default:
		label->tlp = KAI_TLP_AMBER;
		entry->type = KAI_AUD_COUNTRY;
		entry->org = kai_span(NULL, 0);
		entry->text = kai_span_str("QZ");
		break;
	}
}

unsigned sim_tell_own_forbidden(struct sim_tale *tale)
{
	struct sim_ware_plan plan = usual(tale);
	struct kai_audience_entry entry = {.type = KAI_AUD_ORG};
	struct kai_header like = {.label = {.audience = &entry,
					    .onward = KAI_ONWARD_ANY,
					    .attribution = KAI_ATTR_NAMED,
					    .pap = KAI_PAP_CLEAR}};
	struct sim_ware ware;

	forbid(tale, &like);
	plan.label = &like.label;
	if (!sim_ware_make(tale, &plan, &ware))
		return 0;
	sim_ware_own(tale, &ware);
	return sim_ware_send(tale, tale->to, &ware);
}
