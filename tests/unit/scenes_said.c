/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scenes of what nodes say to each other: of which items and to whom, by which papers, how much,
 * and for whom else.
 */
#include "scenes.h"

#include <string.h>

#include "kairan/rec.h"
#include "kairan/receipt.h"

static void disclosure_good(struct scene *scene)
{
	struct kai_id_parts entry = {.parts = 1};
	struct kai_stored stored = {.entries = &entry, .entries_count = 1};

	scene_offer(scene, 1, 2, OPEN, 3, 64);
	scene_offer(scene, 0, 1, SECRET, 1, 64);
	memcpy(entry.id, sim_ledger_item(scene->sim, SECRET)->id, KAI_ID_LEN);
	scene_frame(scene, 1, 0, KAI_MSG_STORED, &stored); /* node 0 spoke of it */
}

static void disclosure_bad(struct scene *scene)
{
	scene_offer(scene, 1, 2, SECRET, 1, 64);
}

static void disclosure_bad_name(struct scene *scene)
{
	uint8_t ids[1][KAI_ID_LEN];
	struct kai_none none = {.ids = ids, .ids_count = 1};

	memcpy(ids[0], sim_ledger_item(scene->sim, SECRET)->id, KAI_ID_LEN);
	scene_frame(scene, 1, 2, KAI_MSG_NO, &none);
}

/* The agreement between two, as the first has it. */
static void show_agreement(struct scene *scene, uint32_t from, uint32_t with, uint32_t to)
{
	const struct sim_pact *pact = sim_pact_next(sim_ledger_of(scene->sim), from, with, NULL);
	struct kai_txn *txn = sim_look(sim_node(scene->sim, from));
	struct kai_key key = kai_key_two(sim_node(scene->sim, with)->config.org, pact->of.digest);
	struct kai_agree_rec record;

	assert_true(kai_rec_get(txn, KAI_TABLE_AGREEMENTS, &key, &kai_object_agree_rec,
				&scene->arena, &record));
	struct kai_agreement_frame frame = {.what = 1, .bytes = record.bytes};

	scene_frame(scene, from, to, KAI_MSG_AGREEMENT, &frame);
	kai_txn_abort(txn);
}

static void show_card(struct scene *scene, uint32_t of, uint32_t from, uint32_t to)
{
	struct kai_card_frame frame = {.what = 1, .bytes = sim_node(scene->sim, of)->org.card};

	scene_frame(scene, from, to, KAI_MSG_CARD, &frame);
}

static void papers_good(struct scene *scene)
{
	show_agreement(scene, 1, 2, 2);
	show_card(scene, 1, 1, 2);
	show_card(scene, 0, 1, 2); /* introduced */
}

static void papers_bad(struct scene *scene)
{
	show_agreement(scene, 1, 0, 2);
}

static void papers_bad_card(struct scene *scene)
{
	show_card(scene, 2, 1, 0); /* nobody has an item of node 2's */
}

static void bounds_good(struct scene *scene)
{
	struct kai_ping ping = {.answer = false};

	scene_frame(scene, 1, 2, KAI_MSG_PING, &ping);
}

static void bounds_bad(struct scene *scene)
{
	scene_bytes(scene, 1, 2, KAI_MSG_PING, kai_span("\x93\x01\x0d", 3));
}

/* Chunks of 60,000 bytes from node 0, which begins a session with node 1 first. */
static void send_chunks(struct scene *scene, unsigned count)
{
	static const uint8_t data[60000];
	struct kai_chunk chunk = {.index = 1, .data = kai_span(data, sizeof(data))};

	memcpy(chunk.id, sim_ledger_item(scene->sim, OPEN)->id, KAI_ID_LEN);
	for (unsigned i = 0; i < count; i++) {
		scene->arena.used = 0;
		scene_frame(scene, 0, 1, KAI_MSG_CHUNK, &chunk);
	}
}

static void credit_good(struct scene *scene)
{
	struct kai_credit credit = {.limit = 4 << 20};

	send_chunks(scene, 5); /* the fifth begins below the limit */
	scene_frame(scene, 1, 0, KAI_MSG_CREDIT, &credit);
}

static void credit_bad(struct scene *scene)
{
	send_chunks(scene, 6);
}

static void credit_bad_grant(struct scene *scene)
{
	struct kai_credit credit = {.limit = (4 << 20) + 1};

	scene_frame(scene, 1, 0, KAI_MSG_CREDIT, &credit);
}

static void quiet_good(struct scene *scene)
{
	scene_offer(scene, 1, 2, OPEN, 3, 64);
	scene_offer(scene, 0, 1, SECRET, 1, 64);
}

static void quiet_bad(struct scene *scene)
{
	scene_offer(scene, 1, 2, OPEN, 3, 64);
	scene_offer(scene, 0, 1, SECRET, 1, 63);
}

static void show_hello(struct scene *scene, const uint8_t *realms, size_t len)
{
	struct kai_hello hello = {.version_max = KAI_VERSION, .realms = kai_span(realms, len)};

	scene_frame(scene, 1, 2, KAI_MSG_HELLO, &hello);
}

static void realm_good(struct scene *scene)
{
	static const uint8_t live[KAI_REALM_LEN];

	show_hello(scene, live, sizeof(live));
	scene_offer(scene, 1, 2, OPEN, 3, 64);
	scene_store(scene, 1);
}

static void realm_bad(struct scene *scene)
{
	static const uint8_t two[2 * KAI_REALM_LEN] = {[31] = 1};

	show_hello(scene, two, sizeof(two));
}

static void realm_bad_item(struct scene *scene)
{
	sim_ledger_item(scene->sim, OPEN)->header.realm[0] = 1;
	scene_store(scene, 1);
}

/* One node tells another that it has an item. */
static void show_receipt(struct scene *scene, uint32_t from, uint32_t to, uint32_t item)
{
	const struct kai_engine_config *config = &sim_node(scene->sim, from)->config;
	struct kai_receipt_entry entry = {.level = KAI_LEVEL_DELIVERED, .at = 1};
	struct kai_receipt receipt = {
		.version = KAI_VERSION, .at = 1, .entries = &entry, .entries_count = 1};
	struct kai_receipt_frame frame = {.taken = {.is = false}};
	uint8_t digest[KAI_ID_LEN];

	memcpy(entry.id, sim_ledger_item(scene->sim, item)->id, KAI_ID_LEN);
	memcpy(receipt.org, config->org, KAI_ID_LEN);
	memcpy(receipt.to, sim_node(scene->sim, to)->config.org, KAI_ID_LEN);
	frame.bytes = kai_receipt_make(&receipt, config->system.key, config->system.secret,
				       &scene->arena, digest);
	scene_frame(scene, from, to, KAI_MSG_RECEIPT, &frame);
}

static void receipts_good(struct scene *scene)
{
	show_receipt(scene, 2, 1, OPEN);
	scene->checker->settled(scene->sim, scene->state);
}

static void receipts_bad(struct scene *scene)
{
	show_receipt(scene, 2, 1, SECRET); /* that node 2 does not hold */
}

static void receipts_bad_ear(struct scene *scene)
{
	show_receipt(scene, 1, 2, SECRET); /* that node 2 never spoke of */
}

static void receipts_bad_end(struct scene *scene)
{
	struct kai_txn *txn = scene_write(scene, 1);
	struct kai_scan scan;
	struct kai_span key;

	kai_scan_init(&scan, txn, KAI_TABLE_RECEIPTS, kai_span(NULL, 0), kai_span(NULL, 0), false);
	while (kai_scan_next(&scan, &key, NULL))
		(void)kai_txn_del(txn, KAI_TABLE_RECEIPTS, key);
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
	scene->checker->settled(scene->sim, scene->state);
}

/* Node 1 says that it carries an item, as if that were its own, to node 2 by a clause that opened so long ago. */
static void show_mark(struct scene *scene, uint64_t clause, int64_t ago_ms)
{
	struct kai_mark mark = {.clause = clause,
				.opened_at = (uint64_t)(scene->sight->walls[1].ms - ago_ms)};
	struct kai_chunk chunk = {.index = KAI_MAX_PARTS, .last = true};
	struct kai_txn *txn = sim_look(sim_node(scene->sim, 1));
	struct kai_item item;
	uint64_t arrival;

	memcpy(chunk.id, sim_ledger_item(scene->sim, OPEN)->id, KAI_ID_LEN);
	assert_true(kai_rec_arrival(txn, chunk.id, &arrival));
	assert_true(kai_rec_item(txn, arrival, &scene->arena, &item));
	struct kai_item_head head = {.header = item.header,
				     .signatures = item.signatures,
				     .signatures_count = item.signatures_count,
				     .mark = &mark};

	chunk.head = &head;
	scene_frame(scene, 1, 2, KAI_MSG_CHUNK, &chunk);
	kai_txn_abort(txn);
}

/* They agreed on such a clause, and node 0, which may have the item, is out of reach. */
static void agree_on_clause(struct scene *scene, const char *link)
{
	static uint64_t kinds[] = {KAI_KIND_SECINFO};
	static struct kai_contingency clause;
	const struct sim_pact *found = sim_pact_next(sim_ledger_of(scene->sim), 1, 2, NULL);
	struct sim_pact *pact = sim_pact_find_of(sim_ledger_of(scene->sim), 1, found->of.digest);
	struct sim_item *item = sim_ledger_item(scene->sim, OPEN);
	struct kai_output output = {.type = KAI_OUTPUT_TRACE, .event = link};

	clause = (struct kai_contingency){.kinds = kinds,
					  .kinds_count = 1,
					  .longest_ms = KAI_MS_HOUR,
					  .pause_ms = KAI_MS_HOUR};
	memcpy(clause.from, sim_node(scene->sim, 1)->config.org, KAI_ID_LEN);
	memcpy(clause.to, sim_node(scene->sim, 2)->config.org, KAI_ID_LEN);
	pact->of.terms.contingency = &clause;
	pact->of.terms.contingency_count = 1;
	item->origin = 1;
	memcpy(item->header.origin, clause.from, KAI_ID_LEN);
	memcpy(output.org, sim_node(scene->sim, 0)->config.org, KAI_ID_LEN);
	scene->checker->traced(scene->sim, scene->state, sim_node(scene->sim, 1), &output);
}

static void contingency_good(struct scene *scene)
{
	agree_on_clause(scene, "link-down");
	show_mark(scene, 0, KAI_MS_MINUTE);
	show_mark(scene, 0, KAI_MS_MINUTE);
}

static void contingency_bad_clause(struct scene *scene)
{
	agree_on_clause(scene, "link-down");
	show_mark(scene, 1, KAI_MS_MINUTE);
}

static void contingency_bad_time(struct scene *scene)
{
	agree_on_clause(scene, "link-down");
	show_mark(scene, 0, KAI_MS_HOUR + 1);
}

static void contingency_bad_again(struct scene *scene)
{
	agree_on_clause(scene, "link-down");
	show_mark(scene, 0, KAI_MS_MINUTE);
	show_mark(scene, 0, KAI_MS_SECOND);
}

/* Who is out of reach is not owed it. */
static void contingency_bad_nobody(struct scene *scene)
{
	agree_on_clause(scene, "link-down");
	scene_secret(scene, OPEN); /* so that node 0 may not have it */
	sim_ledger_item(scene->sim, OPEN)->header.label.audience[0].org =
		kai_span(sim_node(scene->sim, 2)->config.org, KAI_ID_LEN);
	show_mark(scene, 0, KAI_MS_MINUTE);
}

static void economy_good(struct scene *scene)
{
	scene->checker->settled(scene->sim, scene->state);
}

static void economy_bad(struct scene *scene)
{
	sim_figures_to_fill(scene->sim)->payload_copies += 1000;
	scene->checker->settled(scene->sim, scene->state);
}

const struct scene_trial scenes_said[] = {
	{"disclosure good", &sim_check_disclosure, disclosure_good, false},
	{"disclosure bad", &sim_check_disclosure, disclosure_bad, true},
	{"disclosure bad name", &sim_check_disclosure, disclosure_bad_name, true},
	{"papers good", &sim_check_papers, papers_good, false},
	{"papers bad", &sim_check_papers, papers_bad, true},
	{"papers bad card", &sim_check_papers, papers_bad_card, true},
	{"bounds good", &sim_check_bounds, bounds_good, false},
	{"bounds bad", &sim_check_bounds, bounds_bad, true},
	{"credit good", &sim_check_credit, credit_good, false},
	{"credit bad", &sim_check_credit, credit_bad, true},
	{"credit bad grant", &sim_check_credit, credit_bad_grant, true},
	{"quiet good", &sim_check_quiet, quiet_good, false},
	{"quiet bad", &sim_check_quiet, quiet_bad, true},
	{"realm good", &sim_check_realm, realm_good, false},
	{"realm bad", &sim_check_realm, realm_bad, true},
	{"realm bad item", &sim_check_realm, realm_bad_item, true},
	{"receipts good", &sim_check_receipts, receipts_good, false},
	{"receipts bad", &sim_check_receipts, receipts_bad, true},
	{"receipts bad ear", &sim_check_receipts, receipts_bad_ear, true},
	{"receipts bad end", &sim_check_receipts, receipts_bad_end, true},
	{"contingency good", &sim_check_contingency, contingency_good, false},
	{"contingency bad clause", &sim_check_contingency, contingency_bad_clause, true},
	{"contingency bad time", &sim_check_contingency, contingency_bad_time, true},
	{"contingency bad again", &sim_check_contingency, contingency_bad_again, true},
	{"contingency bad nobody", &sim_check_contingency, contingency_bad_nobody, true},
	{"economy good", &sim_check_economy, economy_good, false},
	{"economy bad", &sim_check_economy, economy_bad, true},
	{.name = NULL},
};
