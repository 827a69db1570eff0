/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "officer.h"
#include "verbs.h"

#define MEMORY ((size_t)64 << 20)

static struct officer *sitting; /* for the functions that stand in front of the real ones */

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names */
struct kai_wall __wrap_kai_cli_now(void);
bool __wrap_kai_node_state(struct kai_cli *cli, struct kai_state *ret);
int __wrap_kai_node_ask(struct kai_cli *cli, const struct kai_object *object, const void *request,
			bool quiet, struct kai_ctl_answer *ret);

struct kai_wall __wrap_kai_cli_now(void)
{
	return sitting->world->wall;
}

bool __wrap_kai_node_state(struct kai_cli *cli, struct kai_state *ret)
{
	struct kai_ctl_status request = {.version = KAI_VERSION};

	if (sitting->down)
		return false;
	struct kai_ctl_answer answer =
		world_ask(sitting->world, sitting->node, KAI_CONTROL_STATUS, &request);

	return kai_object_decode(&kai_object_state, answer.body, &cli->arena, ret) ==
	       KAI_FAULT_NONE;
}

int __wrap_kai_node_ask(struct kai_cli *cli, const struct kai_object *object, const void *request,
			bool quiet, struct kai_ctl_answer *ret)
{
	const uint64_t *head = request; /* version and type */
	uint8_t copy[4096];

	(void)quiet;
	(void)cli;
	assert_true(object->size <= sizeof(copy));
	if (sitting->down)
		return KAI_EXIT_UNREACHABLE;
	memcpy(copy, request, object->size);
	*ret = world_ask(sitting->world, sitting->node, head[1], copy);
	return 0;
}

/* NOLINTEND(bugprone-reserved-identifier) */

void officer_begin(struct officer *officer, struct world *world, size_t node, enum kai_lang lang)
{
	struct world_node *self = &world->nodes[node];

	*officer = (struct officer){.world = world, .node = node};
	officer->cli.arena = fix_arena(MEMORY);
	officer->cli.lang = lang;
	officer->cli.renderer = &kai_render_table;
	officer->cli.store = self->store;
	officer->cli.rest = &officer->keys;
	officer->keys.rest[0].secret = self->rest;
	officer->keys.rest_period[0] = 1;
	officer->keys.rest_count = 1;
	memcpy(officer->cli.org, world_org(world, node), KAI_ID_LEN);
	sitting = officer;
}

void officer_done(struct officer *officer)
{
	free(officer->text);
	fix_arena_done(&officer->cli.arena);
	sitting = NULL;
}

static const struct kai_verb *verb_named(const char *name)
{
	for (size_t i = 0; i < kai_verb_count; i++)
		if (strcmp(kai_verbs[i].name, name) == 0)
			return &kai_verbs[i];
	fail_msg("%s: no such verb", name);
	return NULL;
}

const char *officer_run(struct officer *officer, const char *verb, const char *arg, int want_exit)
{
	struct kai_cli *cli = &officer->cli;

	free(officer->text);
	cli->verb = verb_named(verb);
	cli->arg_count = arg != NULL ? 1 : 0;
	cli->args[0] = arg;
	FILE *out = open_memstream(&officer->text, &officer->len);

	assert_non_null(out);
	cli->out = out;
	cli->err = out;
	int exit = cli->verb->run(cli);

	/* a drill's verbs put what marks each line before it */
	if (cli->out != out)
		assert_int_equal(fclose(cli->out), 0);
	assert_int_equal(fclose(out), 0);
	if (exit != want_exit)
		fail_msg("%s: exit %d and not %d: %s", verb, exit, want_exit, officer->text);
	return officer->text;
}

/* ---- the alliance ---- */

static const struct {
	const char *alias, *name, *name_ja, *sector;
} orgs[] = {
	{"op-power-a", "Alpha Electric Power", "アルファ電力", "jp-seed7:pow"},
	{"cep-power", "Power CEPTOAR", "電力セプター", "jp-seed7:pow"},
	{"min-energy", "Ministry for Energy", "エネルギー担当省", "jp-seed7:gov"},
	{"op-power-b", "Bravo Electric Power", "ブラボー電力", "jp-seed7:pow"},
};

static void name_card(struct kai_card *card, void *context)
{
	const size_t *node = context;
	static struct kai_span sectors[4];

	sectors[*node] = kai_span_str(orgs[*node].sector);
	card->name = kai_span_str(orgs[*node].name);
	card->name_ja = kai_span_str(orgs[*node].name_ja);
	card->sectors = &sectors[*node];
	card->sectors_count = 1;
}

static void set_card(struct world *world, size_t node)
{
	struct world_node *self = &world->nodes[node];

	self->serial++;
	self->card = world_card(world, node, self->serial, name_card, &node);
	struct kai_ctl_card_own request = {.card = self->card};

	assert_int_equal(world_ask(world, node, KAI_CONTROL_CARD_OWN, &request).exit, 0);
}

static void set_alias(struct world *world, size_t at, size_t of)
{
	struct kai_ctl_card_import request = {.card = world->nodes[of].card,
					      .alias = kai_span_str(orgs[of].alias)};

	assert_int_equal(world_ask(world, at, KAI_CONTROL_CARD_IMPORT, &request).exit, 0);
}

static struct kai_contact contact(uint64_t side, const char *role, const char *name,
				  const char *first, const char *second)
{
	return (struct kai_contact){.side = side,
				    .role = kai_span_str(role),
				    .name = kai_span_str(name),
				    .first = kai_span_str(first),
				    .second = kai_span_str(second),
				    .hours = kai_span_str("24/7")};
}

static void join(struct world *world, size_t with)
{
	static uint64_t passed[] = {KAI_KIND_ALERT};
	static uint64_t asked[] = {KAI_KIND_RFI};
	struct kai_ack_deadline acks[] = {{KAI_URGENCY_NOW, KAI_LEVEL_RECEIVED, 15 * KAI_MS_MINUTE},
					  {KAI_URGENCY_TODAY, KAI_LEVEL_RECEIVED, 4 * KAI_MS_HOUR}};
	struct kai_duty duties[3] = {
		{.kinds = passed, .action = KAI_DUTY_PASS, .within_ms = 15 * KAI_MS_MINUTE},
		{.kinds = asked, .action = KAI_DUTY_ANSWER, .within_ms = 4 * KAI_MS_HOUR},
		{.kinds = asked, .action = KAI_DUTY_ANSWER, .within_ms = 4 * KAI_MS_HOUR},
	};
	struct world_terms terms;

	world_terms(world, &terms, OFFICER_CEP, with, 1);
	uint64_t ours = kai_terms_side(&terms.terms, world_org(world, OFFICER_CEP)) == 1;
	struct kai_contact contacts[] = {
		contact(ours, "deputy", "Suzuki", "tel:+81-3-0000-0012",
			"mailto:deputy@cep-power.example"),
		contact(ours, "decider", "Sato", "tel:+81-3-0000-0013",
			"mailto:decider@cep-power.example"),
		contact(1 - ours, "duty", "Tanaka", "tel:+81-3-0000-0001",
			"mailto:duty@partner.example"),
	};

	for (size_t i = 0; i < 3; i++) {
		duties[i].kinds_count = 1;
		duties[i].urgency = KAI_URGENCY_TODAY;
		duties[i].side = i < 2 ? ours : 1 - ours;
	}
	if (ours == 0)
		terms.terms.a_to_b.constituency = with != OFFICER_MINISTRY;
	else
		terms.terms.b_to_a.constituency = with != OFFICER_MINISTRY;
	terms.terms.a.may_introduce = true;
	terms.terms.b.may_introduce = true;
	terms.terms.acks = acks;
	terms.terms.acks_count = 2;
	terms.terms.contacts = contacts;
	terms.terms.contacts_count = 3;
	terms.terms.duties = duties;
	terms.terms.duties_count = 3;
	world_join(world, &terms, OFFICER_CEP, with);
	set_alias(world, OFFICER_CEP, with);
	set_alias(world, with, OFFICER_CEP);
}

struct world *officer_alliance(void)
{
	struct world *world = world_new(4);

	for (size_t i = 0; i < 4; i++)
		set_card(world, i);
	join(world, OFFICER_OP_A);
	join(world, OFFICER_MINISTRY);
	join(world, OFFICER_OP_B);
	world_wait(world, KAI_MS_MINUTE);
	return world;
}

/* The world's body with these values instead. */
static struct kai_span body_of(struct world *world, size_t node, const struct officer_draft *say)
{
	struct world_node *self = &world->nodes[node];
	struct kai_span bytes = world_body(world, node, say->kind, say->title);
	struct kai_body body;

	assert_int_equal(kai_object_decode(&kai_object_body, bytes, &self->arena, &body),
			 KAI_FAULT_NONE);
	body.text = kai_span_str(say->text != NULL ? say->text : "");
	for (const char *const *field = say->fields; field != NULL && *field != NULL; field++) {
		const char *value = strchr(*field, '=');
		struct kai_span name = kai_span(*field, (size_t)(value - *field));

		for (size_t i = 0; i < body.values_count; i++)
			if (kai_span_equal(body.values[i].name, name))
				body.values[i].value = kai_span_str(value + 1);
	}
	return world_encode(world, node, &kai_object_body, &body);
}

static int by_org(const void *a, const void *b)
{
	const struct kai_audience_entry *left = a;
	const struct kai_audience_entry *right = b;

	return memcmp(left->org.at, right->org.at, KAI_ID_LEN);
}

void officer_publish(struct world *world, size_t node, const struct officer_draft *say,
		     uint8_t ret[KAI_ID_LEN])
{
	struct world_draft draft;
	char media[64];
	uint8_t before[1][KAI_ID_LEN];
	uint8_t named[1][KAI_ID_LEN];

	world_secinfo(world, node, &draft, KAI_TLP_AMBER, say->title);
	(void)snprintf(media, sizeof(media), "kairan/%s", kai_kind_row(say->kind)->word);
	draft.request.draft.kind = say->kind;
	draft.request.draft.label.onward = say->onward != 0 ? say->onward : KAI_ONWARD_ANY;
	draft.parts[0].media_type = kai_span_str(media);
	draft.parts[0].content = body_of(world, node, say);
	draft.sectors[0] = kai_span_str("jp-seed7:pow");
	draft.request.draft.sectors_count = 1;
	for (size_t i = 0; i < world->count; i++)
		if ((say->to >> i & 1) != 0)
			draft.audience[draft.request.draft.label.audience_count++] =
				(struct kai_audience_entry){
					.type = KAI_AUD_ORG,
					.org = kai_span(world_org(world, i), KAI_ID_LEN)};
	qsort(draft.audience, draft.request.draft.label.audience_count, sizeof(draft.audience[0]),
	      by_org);
	draft.request.draft.urgency =
		say->urgency != 0 ? say->urgency : draft.request.draft.urgency;
	if (say->ref != NULL) {
		memcpy(named[0], say->ref, KAI_ID_LEN);
		draft.request.draft.refs = named;
		draft.request.draft.refs_count = 1;
	}
	if (say->supersedes != NULL) {
		memcpy(before[0], say->supersedes, KAI_ID_LEN);
		draft.request.draft.supersedes = before;
		draft.request.draft.supersedes_count = 1;
	}
	struct kai_ctl_answer answer = world_ask(world, node, KAI_CONTROL_PUBLISH, &draft.request);

	if (answer.exit != 0)
		fail_msg("%s: %.*s", say->title, (int)answer.text.len,
			 (const char *)answer.text.at);
	memcpy(ret, answer.id.id, KAI_ID_LEN);
	world_settle(world);
}
