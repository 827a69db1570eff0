/* SPDX-License-Identifier: Apache-2.0 */
/* Publishing and taking back. */
#include "act.h"

#include <stdio.h>
#include <string.h>

#include "kairan/kinds.h"
#include "kairan/label.h"
#include "kairan/rec.h"

#define MOST_VALUES 32
#define WORDS 4096u /* bytes of a request beyond its parts; generous */

/* ---- labels ---- */

/* false: nothing of that kind in this plan. */
static bool audience_entry(const struct sim *sim, uint64_t value, struct kai_audience_entry *ret)
{
	const struct sim_plan *plan = sim_plan_of(sim);
	uint64_t type = value / SIM_AUDIENCE_TYPE;
	uint64_t number = value % SIM_AUDIENCE_TYPE;

	*ret = (struct kai_audience_entry){.type = type};
	if (type == KAI_AUD_ORG && number < plan->node_count) {
		ret->org = kai_span(sim_node(sim, (uint32_t)number)->config.org, KAI_ID_LEN);
	} else if (type == KAI_AUD_COMMUNITY && number < plan->community_count) {
		const struct sim_community *community = &plan->communities[number];

		ret->org = kai_span(sim_node(sim, community->keeper)->config.org, KAI_ID_LEN);
		ret->text = kai_span_str(community->name);
	} else if (type == KAI_AUD_SECTOR && number < sim_sector_count()) {
		ret->text = kai_span_str(sim_sectors[number]);
	} else if (type == KAI_AUD_COUNTRY && number < SIM_COUNTRIES) {
		ret->text = kai_span_str(sim_countries[number]);
	} else {
		return false;
	}
	return true;
}

static bool add_audience(const struct sim *sim, uint64_t value, struct kai_label *io_label)
{
	if (value == 0)
		return true;
	return audience_entry(sim, value, &io_label->audience[io_label->audience_count++]);
}

/* entries: room for three. */
static bool header_label(const struct sim *sim, const struct sim_op *op,
			 struct kai_audience_entry *entries, struct kai_label *ret)
{
	uint64_t onward = sim_op_get(op, "onward");
	uint64_t retain = sim_op_get(op, "retain");

	*ret = (struct kai_label){.tlp = sim_op_get(op, "tlp"),
				  .audience = entries,
				  .onward = onward == 0 ? (uint64_t)KAI_ONWARD_ANY : onward,
				  .attribution = KAI_ATTR_NAMED,
				  .pap = KAI_PAP_CLEAR,
				  .gov_share = sim_op_get(op, "gov")};
	if (retain > 0)
		ret->retain_until = (uint64_t)sim_wall(sim_node(sim, op->node)).ms + retain;
	return add_audience(sim, sim_op_get(op, "aud1"), ret) &&
	       add_audience(sim, sim_op_get(op, "aud2"), ret) &&
	       add_audience(sim, sim_op_get(op, "aud3"), ret);
}

/* The header's but for the circle; the day to destroy is the header's to say. */
static bool part_label(const struct sim *sim, const struct kai_label *header, uint64_t tlp,
		       uint64_t audience, struct kai_audience_entry *entry, struct kai_label *ret)
{
	*ret = *header;
	ret->tlp = tlp;
	ret->retain_until = 0;
	ret->audience = entry;
	ret->audience_count = 0;
	return add_audience(sim, audience, ret);
}

/* ---- bodies ---- */

static struct kai_span filler(struct kai_arena *arena, uint64_t len, unsigned char first)
{
	uint8_t *at = kai_arena_take(arena, (size_t)len);

	for (size_t i = 0; at != NULL && i < len; i++)
		at[i] = (uint8_t)(first + i % 26);
	return kai_span(at, at == NULL ? 0 : (size_t)len);
}

/* Every mandatory field of the kind; text_len bytes of text. */
static struct kai_span make_body(struct kai_arena *arena, const struct kai_kind_row *row,
				 uint32_t number, uint64_t text_len)
{
	static const char *const examples[] = {
		[KAI_V_TEXT] = "some text",
		[KAI_V_TIME] = "2030-03-17T00:00:00.000Z",
		[KAI_V_NUMBER] = "1",
		[KAI_V_ID] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		[KAI_V_COMMIT] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		[KAI_V_CAUSE] = "unknown//low/2030-03-17T00:00:00.000Z",
	};
	struct kai_body_value values[MOST_VALUES];
	char title[32];
	struct kai_body body = {.version = KAI_VERSION,
				.text = filler(arena, text_len == 0 ? 1 : text_len, 'a'),
				.values = values};

	(void)snprintf(title, sizeof(title), "operation %u", number);
	body.title = kai_span_str(title);
	for (size_t i = 0; i < row->field_count && body.values_count < MOST_VALUES; i++) {
		const struct kai_body_field_row *field = &row->fields[i];

		if (!field->mandatory)
			continue;
		struct kai_body_value *value = &values[body.values_count++];

		value->name = kai_span_str(field->name);
		value->value = field->type == KAI_V_WORD
				       ? kai_span(field->words, strcspn(field->words, "|"))
				       : kai_span_str(examples[field->type]);
	}
	return kai_object_encode_in(&kai_object_body, &body, arena);
}

/* ---- into the ledger ---- */

/* The label of each part as it was signed: canonical, as the node makes it. */
static struct kai_span label_bytes(struct sim *sim, const struct kai_label *label)
{
	struct kai_label sorted = *label;
	struct kai_audience_entry entries[3];

	if (label->audience_count > 0)
		memcpy(entries, label->audience, label->audience_count * sizeof(entries[0]));
	sorted.audience = entries;
	kai_audience_sort(sorted.audience, &sorted.audience_count);
	return kai_object_encode_in(&kai_object_label, &sorted, sim_scratch(sim));
}

/* What the node's store has under that id is what it signed. */
static void enter(struct sim *sim, struct sim_node *node, const struct sim_op *op,
		  const uint8_t id[KAI_ID_LEN], const struct kai_span *labels, size_t count)
{
	struct kai_arena *scratch = sim_scratch(sim);
	struct kai_item item = {.held = 0};
	struct kai_txn *txn = NULL;
	uint64_t arrival;

	if (kai_txn_begin(node->store, false, &txn, NULL) != KAI_ERR_OK ||
	    !kai_rec_arrival(txn, id, &arrival) || !kai_rec_item(txn, arrival, scratch, &item))
		sim_violation(sim, "control", node->number, id,
			      "operation %u was done, and its item is not in the store",
			      op->number);
	else
		sim_ledger_add_item(sim, node->number, op->number, item.header, labels, count);
	kai_txn_abort(txn);
	struct sim_act *act = sim_act_of(sim, op->number);

	act->done = true;
	memcpy(act->id, id, KAI_ID_LEN);
}

/* ---- publish ---- */

static const struct part_args {
	const char *name, *size, *tlp, *audience;
} part_args[] = {{"first", "size1", "tlp1", "p1aud"}, {"second", "size2", "tlp2", "p2aud"}};

#define PARTS 3 /* main, first, second */

struct labels {
	struct kai_label header;
	struct kai_label parts[PARTS];
	struct kai_audience_entry entries[3 + PARTS];
	bool own[PARTS];
};

static bool make_labels(const struct sim *sim, const struct sim_op *op, struct labels *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (!header_label(sim, op, ret->entries, &ret->header))
		return false;
	for (size_t i = 0; i < 2; i++) {
		uint64_t tlp = sim_op_get(op, part_args[i].tlp);

		if (sim_op_get(op, part_args[i].size) == 0 || tlp == 0)
			continue;
		ret->own[i + 1] = true;
		if (!part_label(sim, &ret->header, tlp, sim_op_get(op, part_args[i].audience),
				&ret->entries[3 + i], &ret->parts[i + 1]))
			return false;
	}
	return true;
}

/* The parts in the order of the draft: those that the operation has. */
static size_t part_of(const struct sim_op *op, size_t index)
{
	if (index == 0)
		return 0;
	return index == 1 && sim_op_get(op, "size1") > 0 ? 1 : 2;
}

static size_t part_count(const struct sim_op *op)
{
	return 1 + (sim_op_get(op, "size1") > 0 ? 1u : 0u) +
	       (sim_op_get(op, "size2") > 0 ? 1u : 0u);
}

static void signed_too(struct sim *sim, struct sim_node *node, const struct kai_ctl_answer *answer,
		       const struct sim_op *op)
{
	(void)sim_act_answered(sim, node, answer, op);
}

/* An alert of two signers: the decider is at hand. */
static void sign_too(struct sim *sim, const struct sim_op *op, const uint8_t id[KAI_ID_LEN],
		     const uint8_t realm[KAI_REALM_LEN])
{
	struct kai_ctl_sign request = {.role = KAI_ROLE_DECIDER};

	memcpy(request.id, id, KAI_ID_LEN);
	sim_act_ask(sim, op, realm, &(struct sim_request){KAI_CONTROL_SIGN, &request, signed_too});
}

static void published(struct sim *sim, struct sim_node *node, const struct kai_ctl_answer *answer,
		      const struct sim_op *op)
{
	struct kai_arena *scratch = sim_scratch(sim);
	size_t mark = scratch->used;
	struct kai_span bytes[PARTS] = {{NULL, 0}};
	const struct sim_act *drill = NULL;
	struct labels labels;
	uint8_t id[KAI_ID_LEN];

	if (!sim_act_answered(sim, node, answer, op) || !answer->id.is ||
	    !make_labels(sim, op, &labels))
		return;
	memcpy(id, answer->id.id, KAI_ID_LEN);
	bool one_more =
		kai_span_equal(answer->reason, kai_span_str(kai_fault_name(KAI_FAULT_SIGNERS)));

	if (sim_act_drill_of(sim, sim_op_get(op, "drill"), &drill) && drill != NULL) {
		sim_act_enter_drill(sim, node, op, drill->realm, id);
		if (one_more)
			sign_too(sim, op, id, drill->realm);
		scratch->used = mark;
		return;
	}
	for (size_t i = 0; i < part_count(op); i++) {
		size_t part = part_of(op, i);

		if (labels.own[part])
			bytes[i] = label_bytes(sim, &labels.parts[part]);
	}
	enter(sim, node, op, id, bytes, part_count(op));
	if (one_more)
		sign_too(sim, op, id, kai_realm_live);
	scratch->used = mark;
}

/* Each has its own answer; the last one that was done stands for all. */
static void published_many(struct sim *sim, struct sim_node *node,
			   const struct kai_ctl_answer *answer, const struct sim_op *op)
{
	struct kai_arena *scratch = sim_scratch(sim);
	size_t mark = scratch->used;
	struct kai_publish_report report;

	if (!sim_act_answered(sim, node, answer, op))
		return;
	if (kai_object_decode(&kai_object_publish_report, answer->body, scratch, &report) !=
		    KAI_FAULT_NONE ||
	    (answer->next == 0 && report.answers_count != sim_op_get(op, "more") + 1))
		sim_violation(sim, "control", node->number, NULL,
			      "operation %u: not an answer to each", op->number);
	else
		for (size_t i = 0; i < report.answers_count; i++)
			published(sim, node, &report.answers[i], op);
	scratch->used = mark;
}

static size_t sectors_of(uint64_t bits, struct kai_span *ret)
{
	size_t count = 0;

	for (uint32_t i = 0; i < sim_sector_count(); i++) {
		if ((bits >> i & 1) != 0)
			ret[count++] = kai_span_str(sim_sectors[i]);
	}
	return count;
}

static void fill_parts(const struct sim_op *op, struct labels *labels, struct kai_arena *arena,
		       struct kai_draft_part *ret)
{
	for (size_t i = 1; i < part_count(op); i++) {
		size_t part = part_of(op, i);
		const struct part_args *args = &part_args[part - 1];

		ret[i] = (struct kai_draft_part){
			.name = kai_span_str(args->name),
			.media_type = kai_span_str("text/plain"),
			.label = labels->own[part] ? &labels->parts[part] : NULL,
			.content = filler(arena, sim_op_get(op, args->size), 'A')};
	}
}

/* Sizes beyond what a part, or a request for several, may have are nobody's to publish. */
static bool fits(const struct sim_op *op)
{
	uint64_t main = sim_op_get(op, "main"), first = sim_op_get(op, "size1"),
		 second = sim_op_get(op, "size2"), more = sim_op_get(op, "more");

	if (main > KAI_MAX_PART_LEN / 4 || first > KAI_MAX_PART_LEN || second > KAI_MAX_PART_LEN)
		return false;
	return more == 0 || (more < KAI_MAX_PUBLISHES &&
			     (main + first + second + WORDS) * (more + 1) <= KAI_MAX_PUBLISH_MANY);
}

/* The request as it is, or as many of it at once. */
static void ask_for(struct sim *sim, const struct sim_op *op, struct kai_ctl_publish *request)
{
	uint64_t more = sim_op_get(op, "more");
	struct kai_ctl_publish_many many = {.publishes_count = (size_t)more + 1};
	const uint8_t *realm = request->draft.realm;

	if (more == 0) {
		sim_act_ask(sim, op, realm,
			    &(struct sim_request){KAI_CONTROL_PUBLISH, request, published});
		return;
	}
	request->version = KAI_VERSION;
	request->type = KAI_CONTROL_PUBLISH;
	many.publishes =
		sim_need(kai_arena_take(sim_scratch(sim), many.publishes_count * sizeof(*request)));
	for (size_t i = 0; i < many.publishes_count; i++)
		many.publishes[i] = *request;
	sim_act_ask(sim, op, realm,
		    &(struct sim_request){KAI_CONTROL_PUBLISH_MANY, &many, published_many});
}

void sim_act_publish(struct sim *sim, const struct sim_op *op)
{
	const struct kai_kind_row *row = kai_kind_row(sim_op_get(op, "kind"));
	struct kai_arena *scratch = sim_scratch(sim);
	size_t mark = scratch->used;
	struct sim_node *node = sim_node(sim, op->node);
	uint64_t ref = sim_op_get(op, "ref");
	const struct sim_act *before = ref == 0 ? NULL : sim_act_of(sim, ref - 1);
	uint64_t life = sim_op_get(op, "life");
	const struct sim_act *drill = NULL;
	struct labels labels;
	struct kai_span sectors[16];
	uint8_t supersedes[1][KAI_ID_LEN];
	char media[KAI_MAX_SHORT];
	struct kai_draft_part parts[PARTS] = {{.name = kai_span_str("main")}};

	if (row == NULL || !fits(op) || (ref > 0 && (before == NULL || !before->done)) ||
	    !sim_act_drill_of(sim, sim_op_get(op, "drill"), &drill) ||
	    !make_labels(sim, op, &labels))
		return;
	struct kai_ctl_publish request = {
		.draft = {.kind = row->kind,
			  .urgency = sim_op_get(op, "urgency"),
			  .lang = kai_span_str("en"),
			  .label = labels.header,
			  .sectors = sectors,
			  .sectors_count = sectors_of(sim_op_get(op, "sectors"), sectors),
			  .parts = parts,
			  .parts_count = part_count(op)},
		.keep = op->number % 4 !=
			0, /* now and then it is refused when nobody may have it */
	};

	(void)snprintf(media, sizeof(media), "kairan/%s", row->word);
	parts[0].media_type = kai_span_str(media);
	parts[0].content = make_body(scratch, row, op->number, sim_op_get(op, "main"));
	fill_parts(op, &labels, scratch, parts);
	if (life > 0)
		request.draft.not_after = (uint64_t)sim_wall(node).ms + life;
	if (before != NULL) {
		memcpy(supersedes[0], before->id, KAI_ID_LEN);
		request.draft.supersedes = supersedes;
		request.draft.supersedes_count = 1;
	}
	if (drill != NULL)
		memcpy(request.draft.realm, drill->realm, KAI_REALM_LEN);
	ask_for(sim, op, &request);
	scratch->used = mark;
}

/* ---- retract ---- */

static void retracted(struct sim *sim, struct sim_node *node, const struct kai_ctl_answer *answer,
		      const struct sim_op *op)
{
	struct kai_arena *scratch = sim_scratch(sim);
	size_t mark = scratch->used;
	struct kai_span none = {NULL, 0};
	uint8_t id[KAI_ID_LEN];

	if (!sim_act_answered(sim, node, answer, op) || !answer->id.is)
		return;
	memcpy(id, answer->id.id, KAI_ID_LEN);
	const struct sim_act *target = sim_act_of(sim, sim_op_get(op, "ref") - 1);

	if (sim_act_practised(target))
		sim_act_enter_drill(sim, node, op, target->realm, id);
	else
		enter(sim, node, op, id, &none, 1);
	scratch->used = mark;
}

void sim_act_retract(struct sim *sim, const struct sim_op *op)
{
	struct kai_arena *scratch = sim_scratch(sim);
	size_t mark = scratch->used;
	uint64_t ref = sim_op_get(op, "ref");
	const struct sim_act *target = ref == 0 ? NULL : sim_act_of(sim, ref - 1);
	struct kai_ctl_retract request = {.lang = kai_span_str("en")};

	if (target == NULL || !target->done)
		return;
	memcpy(request.id, target->id, KAI_ID_LEN);
	request.body = make_body(scratch, kai_kind_row(KAI_KIND_RETRACT), op->number, 40);
	sim_act_ask(sim, op, target->realm,
		    &(struct sim_request){KAI_CONTROL_RETRACT, &request, retracted});
	scratch->used = mark;
}
