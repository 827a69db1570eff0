/* SPDX-License-Identifier: Apache-2.0 */
/* What people say in a world and what they find there afterwards. */
#include "world.h"

#include "kairan/advisory.h"
#include "kairan/rec.h"
#include "usual.h"

const uint8_t world_nowhere[KAI_ID_LEN] = {1, 2, 3};

void world_answered(struct kai_ctl_answer answer, uint64_t code, const char *reason)
{
	if (answer.exit != code || !kai_span_equal(answer.reason, kai_span_str(reason)))
		fail_msg("wanted %s, got %llu %.*s: %.*s", reason, (unsigned long long)answer.exit,
			 (int)answer.reason.len, (const char *)answer.reason.at,
			 (int)answer.text.len, (const char *)answer.text.at);
	assert_true(code == 0 || answer.text.len > 0);
}

/* ---- agreements ---- */

static void set_party(struct world *world, struct kai_party *party, size_t node)
{
	memcpy(party->org, world_org(world, node), KAI_ID_LEN);
	party->name = kai_span_str("party");
	party->country = kai_span_str("JP");
}

void world_terms(struct world *world, struct world_terms *ret, size_t a, size_t b, uint64_t serial)
{
	bool ordered = memcmp(world_org(world, a), world_org(world, b), KAI_ID_LEN) < 0;

	memset(ret, 0, sizeof(*ret));
	ret->terms.version = KAI_VERSION;
	set_party(world, &ret->terms.a, ordered ? a : b);
	set_party(world, &ret->terms.b, ordered ? b : a);
	ret->terms.serial = serial;
	ret->terms.valid_from = (uint64_t)world->wall.ms;
	ret->terms.valid_until = (uint64_t)world->wall.ms + 365 * (uint64_t)KAI_MS_DAY;
	ret->terms.signers = 1;
	usual_direction(&ret->terms.a_to_b);
	usual_direction(&ret->terms.b_to_a);
}

void world_import_card(struct world *world, size_t at, size_t of)
{
	char alias[] = "node-0";
	struct kai_ctl_card_import request = {.card = world->nodes[of].card};

	alias[5] = (char)('0' + of);
	request.alias = kai_span_str(alias);
	struct kai_ctl_answer answer = world_ask(world, at, KAI_CONTROL_CARD_IMPORT, &request);

	assert_int_equal(answer.exit, 0);
}

struct kai_ctl_answer world_propose(struct world *world, size_t at, const struct world_terms *terms)
{
	struct kai_ctl_agree_propose request = {
		.terms = world_encode(world, at, &kai_object_terms, &terms->terms)};

	return world_ask(world, at, KAI_CONTROL_AGREE_PROPOSE, &request);
}

struct kai_ctl_answer world_accept(struct world *world, size_t at, struct kai_span file)
{
	struct kai_ctl_agree_file request = {.file = file};

	return world_ask(world, at, KAI_CONTROL_AGREE_ACCEPT, &request);
}

struct kai_ctl_answer world_import(struct world *world, size_t at, struct kai_span file)
{
	struct kai_ctl_agree_file_in request = {.file = file};

	return world_ask(world, at, KAI_CONTROL_AGREE_IMPORT, &request);
}

struct kai_ctl_answer world_notice(struct world *world, size_t at, size_t with, uint64_t action)
{
	struct kai_ctl_agree_notice request = {.action = action, .reason = kai_span_str("test")};

	memcpy(request.org, world_org(world, with), KAI_ID_LEN);
	return world_ask(world, at, KAI_CONTROL_AGREE_NOTICE, &request);
}

void world_join(struct world *world, struct world_terms *terms, size_t a, size_t b)
{
	struct kai_ctl_answer answer;

	world_import_card(world, a, b);
	world_import_card(world, b, a);
	answer = world_propose(world, a, terms);
	world_answered(answer, 0, "");
	answer = world_accept(world, b, answer.body);
	world_answered(answer, 0, "");
	world_answered(world_import(world, a, answer.body), 0, "");
	world_link(world, a, b, true);
}

struct world *world_pair(void)
{
	struct world *world = world_new(2);
	struct world_terms terms;

	world_terms(world, &terms, 0, 1, 1);
	world_join(world, &terms, 0, 1);
	return world;
}

/* 0 in the middle of 1 and 2. */
struct world *world_star(void)
{
	struct world *world = world_new(4);
	struct world_terms terms;

	for (size_t i = 1; i < 3; i++) {
		world_terms(world, &terms, 0, i, 1);
		world_join(world, &terms, 0, i);
	}
	return world;
}

/* ---- items ---- */

struct kai_span world_body(struct world *world, size_t node, uint64_t kind, const char *title)
{
	return usual_body(kind, title, NULL, &world->nodes[node].arena);
}

void world_secinfo(struct world *world, size_t node, struct world_draft *ret, uint64_t tlp,
		   const char *title)
{
	struct kai_draft *draft = &ret->request.draft;

	memset(ret, 0, sizeof(*ret));
	draft->kind = KAI_KIND_SECINFO;
	draft->lang = kai_span_str("en");
	draft->label.tlp = tlp;
	draft->label.audience = ret->audience;
	draft->label.onward = KAI_ONWARD_ANY;
	draft->label.attribution = KAI_ATTR_NAMED;
	draft->label.pap = KAI_PAP_CLEAR;
	draft->sectors = ret->sectors;
	draft->parts = ret->parts;
	draft->parts_count = 1;
	ret->parts[0].name = kai_span_str("main");
	ret->parts[0].media_type = kai_span_str("kairan/secinfo");
	ret->parts[0].content = world_body(world, node, KAI_KIND_SECINFO, title);
}

void world_name(struct world *world, struct kai_audience_entry *entry, size_t node)
{
	entry->type = KAI_AUD_ORG;
	entry->org = kai_span(world_org(world, node), KAI_ID_LEN);
	entry->text = kai_span_str("");
}

/* AMBER for the nodes in a bit set; not sorted on purpose. */
void world_amber(struct world *world, size_t at, struct world_draft *ret, unsigned nodes)
{
	size_t count = 0;

	world_secinfo(world, at, ret, KAI_TLP_AMBER, "for some");
	for (size_t i = WORLD_NODES; i-- > 0;) {
		if ((nodes >> i & 1) != 0)
			world_name(world, &ret->audience[count++], i);
	}
	ret->request.draft.label.audience_count = count;
}

struct kai_ctl_answer world_publish(struct world *world, size_t at, struct world_draft *draft)
{
	struct kai_ctl_answer answer = world_ask(world, at, KAI_CONTROL_PUBLISH, &draft->request);

	world_wait(world, 1000);
	return answer;
}

struct kai_ctl_answer world_news(struct world *world, size_t at, bool keep)
{
	struct world_draft draft;

	world_secinfo(world, at, &draft, KAI_TLP_CLEAR, "news");
	draft.request.keep = keep;
	struct kai_ctl_answer answer = world_ask(world, at, KAI_CONTROL_PUBLISH, &draft.request);

	world_settle(world);
	return answer;
}

struct kai_ctl_answer world_retract(struct world *world, size_t at, const uint8_t id[KAI_ID_LEN],
				    bool dry_run)
{
	struct kai_ctl_retract request = {.lang = kai_span_str("en"), .dry_run = dry_run};

	memcpy(request.id, id, KAI_ID_LEN);
	request.body = world_body(world, at, KAI_KIND_RETRACT, "taken back");
	struct kai_ctl_answer answer = world_ask(world, at, KAI_CONTROL_RETRACT, &request);

	world_wait(world, 1000);
	return answer;
}

/* ---- looking ---- */

struct kai_txn *world_read(struct world *world, size_t at)
{
	struct kai_txn *txn;

	assert_int_equal(kai_txn_begin(world->nodes[at].store, false, &txn, NULL), KAI_ERR_OK);
	return txn;
}

enum kai_agreement_state world_state(struct world *world, size_t at, size_t with)
{
	struct kai_arena arena = fix_arena(1048576);
	struct kai_pair pair;
	struct kai_txn *txn = world_read(world, at);

	kai_pair_load(txn, world_org(world, at), world_org(world, with), world->wall, &arena,
		      &pair);
	kai_txn_abort(txn);
	fix_arena_done(&arena);
	return pair.state;
}

void world_both(struct world *world, size_t a, size_t b, enum kai_agreement_state state)
{
	assert_string_equal(kai_agreement_state_word(world_state(world, a, b)),
			    kai_agreement_state_word(state));
	assert_string_equal(kai_agreement_state_word(world_state(world, b, a)),
			    kai_agreement_state_word(state));
}

static void see(void *context, const struct kai_engine_peer *peer)
{
	struct world_peers *seen = context;

	seen->count++;
	seen->keys = peer->key_count;
	memcpy(seen->org, peer->org, KAI_ID_LEN);
}

struct world_peers world_peers(struct world *world, size_t at)
{
	struct world_peers seen = {0};
	struct kai_txn *txn = world_read(world, at);

	kai_engine_peers(world->nodes[at].engine, txn, world->wall, see, &seen);
	kai_txn_abort(txn);
	return seen;
}

bool world_item(struct world *world, size_t at, const uint8_t id[KAI_ID_LEN], struct kai_item *ret,
		struct kai_header *ret_header)
{
	struct kai_arena *arena = &world->nodes[at].arena;
	uint64_t arrival;
	struct kai_txn *txn = world_read(world, at);

	bool found = kai_rec_arrival(txn, id, &arrival) && kai_rec_item(txn, arrival, arena, ret);

	kai_txn_abort(txn);
	if (found)
		assert_int_equal(kai_header_read(ret->header, arena, ret_header), KAI_FAULT_NONE);
	return found;
}

uint64_t world_parts(struct world *world, size_t at, const uint8_t id[KAI_ID_LEN])
{
	struct kai_item item;
	struct kai_header header;

	return world_item(world, at, id, &item, &header) ? item.held : 0;
}

bool world_holds(struct world *world, size_t at, const uint8_t id[KAI_ID_LEN])
{
	return world_parts(world, at, id) != 0;
}

uint64_t world_flags(struct world *world, size_t at, const uint8_t id[KAI_ID_LEN])
{
	struct kai_item item;
	struct kai_header header;

	assert_true(world_item(world, at, id, &item, &header));
	return item.flags;
}

uint64_t world_items(struct world *world, size_t at)
{

	struct kai_txn *txn = world_read(world, at);

	uint64_t count = kai_txn_count(txn, KAI_TABLE_ITEMS);

	kai_txn_abort(txn);
	return count;
}

const struct kai_recipient *world_recipient(struct world *world,
					    const struct kai_ctl_answer *answer, size_t node)
{
	size_t at = 0;

	while (at < answer->recipients_count &&
	       !kai_id_equal(answer->recipients[at].org, world_org(world, node)))
		at++;
	assert_true(at < answer->recipients_count);
	return &answer->recipients[at];
}

void world_told(struct world *world, const struct kai_ctl_answer *answer, size_t node, bool allow,
		const char *rule)
{
	const struct kai_recipient *found = world_recipient(world, answer, node);

	assert_int_equal(found->allow, allow);
	assert_true(kai_span_equal(found->rule, kai_span_str(rule)));
}

size_t world_traced(const struct world *world, size_t at, const char *event, const char *rule)
{
	const struct world_node *self = &world->nodes[at];
	size_t found = 0;

	for (size_t i = 0; i < self->trace_count; i++) {
		if (strcmp(self->traces[i].event, event) == 0 &&
		    (rule == NULL || strcmp(self->traces[i].rule, rule) == 0))
			found++;
	}
	return found;
}
