/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drills in the simulator, and that the checker `realm` can fail: one calm run of three nodes and two drills;
 * then what a store holds or what leaves a node is doctored, and the checker is asked again.
 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checks/checks.h"
#include "core.h"
#include "kairan/check.h"
#include "kairan/drill.h"
#include "kairan/frames.h"
#include "kairan/rec.h"
#include "make.h"
#include "trio.h"

/* Node 0 directs ONE for all, but node 2 has no agreement that consents; node 1 directs TWO with node 0. */
#define LINE                                                                                       \
	"kairan-sim-plan 1\ntopology line\nseed 5\nnodes 3\ncommunities 0\nfaults-end 60000\n"     \
	"length 200000\ndelay 20\njitter 0\nkbytes 0\nquota 100\n"                                 \
	"0 at=0 agree other=1 introduce_a=1 introduce_b=1 drills=2\n"                              \
	"1 at=0 agree node=1 other=2 introduce_a=1 introduce_b=1\n"
#define PLAN                                                                                       \
	LINE "10 at=5000 publish kind=1 tlp=5 main=900\n"                                          \
	     "20 at=6000 drill level=2 for=21600000 with1=2 with2=3\n"                             \
	     "23 at=7000 drill node=1 level=1 begin=1000 for=21600000 with1=1\n"                   \
	     "21 at=9000 publish kind=1 tlp=5 main=300 drill=21\n"                                 \
	     "22 at=10000 publish node=1 kind=1 tlp=5 main=300 drill=21\n"                         \
	     "24 at=12000 publish kind=1 tlp=5 main=100 drill=24\n"                                \
	     "25 at=13000 publish node=2 kind=1 tlp=5 main=100 drill=21\n"                         \
	     "26 at=30000 control node=1 drill=21\n"                                               \
	     "27 at=31000 retract node=1 ref=23\n"                                                 \
	     "28 at=40000 close node=1 ref=24\n"

enum { ONE, TWO };					 /* drills */
enum { OF_ONE, GONE_OF_ONE, OF_TWO, RETRACTION, ITEMS }; /* published in them */

struct scene {
	struct sim *sim;
	struct sim_plan *plan;
	struct sim_sight *sight;
	struct kai_arena arena;
	void *state;
};

static void run(struct scene *scene, const char *plan)
{
	const struct sim_options options = {.checks = true};

	scene->plan = trio_plan(plan);
	scene->sim = sim_new(scene->plan, &options);
	sim_run(scene->sim);
	for (size_t i = 0; i < sim_violation_count(scene->sim); i++)
		print_message("# %s: %s\n", sim_violation_at(scene->sim, i)->checker,
			      sim_violation_at(scene->sim, i)->text);
	assert_int_equal(sim_violation_count(scene->sim), 0);
	scene->sight = sim_sight_of(scene->sim);
	scene->arena = (struct kai_arena){.at = calloc(1, 1 << 20), .cap = 1 << 20};
	assert_non_null(scene->arena.at);
	scene->state = sim_check_realm.new(scene->sim);
}

static void end(struct scene *scene)
{
	sim_check_realm.free(scene->state);
	sim_free(scene->sim);
	sim_plan_free(scene->plan);
	free(scene->arena.at);
}

static struct sim_stage *stage_of(struct scene *scene, uint32_t node, uint32_t drill)
{
	struct sim_stages *stages = sim_node(scene->sim, node)->stages;
	const uint8_t *realm = sim_realms_at(scene->sim, drill)->realm;

	for (size_t i = 0; i < stages->count; i++)
		if (memcmp(stages->rows[i].realm, realm, KAI_REALM_LEN) == 0)
			return &stages->rows[i];
	return NULL;
}

static struct kai_store *store_of(struct sim_stage *stage)
{
	return stage->own != NULL ? stage->own : stage->disk;
}

/* ---- what the checker is shown ---- */

/* All of a live store, and that node's word on drills, as if it had just come. */
static void show_store(struct scene *scene, uint32_t node)
{
	struct sim_node *of = sim_node(scene->sim, node);

	of->turns++;
	sim_check_sight.restarted(scene->sim, scene->sight, of, true);
	sim_ledger_of(scene->sim)->learnt[node] = of->turns + 1;
	sim_check_realm.turn(scene->sim, scene->state, of);
	sim_check_sight_over.restarted(scene->sim, NULL, of, true);
	sim_ledger_of(scene->sim)->learnt[node] = 0;
}

static void show_stage(struct scene *scene, uint32_t node, uint32_t drill)
{
	struct sim_stage *stage = stage_of(scene, node, drill);

	stage->log_seen = 0;
	sim_check_realm.practised(scene->sim, scene->state, sim_node(scene->sim, node), stage);
}

static void show_bytes(struct scene *scene, uint32_t from, uint32_t to, enum kai_msg_type type,
		       struct kai_span bytes)
{
	const struct sim_frame frame = {.from = from, .to = to, .type = type, .bytes = bytes};

	assert_true(bytes.len > 0);
	sim_check_sight.sent(scene->sim, scene->sight, &frame);
	sim_check_realm.sent(scene->sim, scene->state, &frame);
	sim_check_sight_over.sent(scene->sim, NULL, &frame);
}

static void show_in(struct scene *scene, uint32_t to, uint32_t drill, struct kai_span inside)
{
	struct kai_realm_frame frame = {.frame = inside};

	memcpy(frame.realm, sim_realms_at(scene->sim, drill)->realm, KAI_REALM_LEN);
	show_bytes(scene, to == 0 ? 1 : 0, to, KAI_MSG_REALM,
		   kai_frame_encode(KAI_MSG_REALM, &frame, &scene->arena));
}

static struct kai_span offer_of(struct scene *scene, const uint8_t *id)
{
	uint8_t token[64] = {1};
	struct kai_offer_entry entry = {.parts = 1, .size = 1, .urgency = 3, .signatures = 1};
	struct kai_offer offer = {
		.entries = &entry, .entries_count = 1, .token = kai_span(token, sizeof(token))};

	memcpy(entry.id, id, KAI_ID_LEN);
	return kai_frame_encode(KAI_MSG_OFFER, &offer, &scene->arena);
}

static const uint8_t *practised_id(struct scene *scene, uint32_t item)
{
	return sim_realms_item_at(scene->sim, item)->id;
}

/* Both know of one another's consent. */
static void hear(struct scene *scene)
{
	for (uint32_t node = 0; node < 3; node++)
		show_store(scene, node);
}

static struct kai_txn *writing(struct kai_store *store)
{
	struct kai_txn *txn;

	assert_int_equal(kai_txn_begin(store, true, &txn, NULL), KAI_ERR_OK);
	return txn;
}

static void carry(struct scene *scene, struct kai_store *from, struct kai_store *to,
		  const uint8_t *id)
{
	struct kai_header header;
	struct kai_item item;
	struct kai_txn *txn;
	uint64_t arrival;

	assert_int_equal(kai_txn_begin(from, false, &txn, NULL), KAI_ERR_OK);
	assert_true(kai_rec_arrival(txn, id, &arrival));
	assert_true(kai_rec_item(txn, arrival, &scene->arena, &item));
	kai_txn_abort(txn);
	assert_int_equal(kai_object_decode(&kai_object_header, item.header, &scene->arena, &header),
			 KAI_FAULT_NONE);
	txn = writing(to);
	(void)kai_rec_item_add(txn, &item, &header);
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
}

/* ---- scenes ---- */

static void good(struct scene *scene)
{
	struct kai_hello hello = {
		.version_max = KAI_VERSION,
		.realms = kai_span(sim_realms_at(scene->sim, ONE)->realm, KAI_REALM_LEN)};

	hear(scene);
	show_stage(scene, 1, ONE);
	show_in(scene, 1, ONE, kai_frame_encode(KAI_MSG_HELLO, &hello, &scene->arena));
	show_in(scene, 1, ONE, offer_of(scene, practised_id(scene, OF_ONE)));
	show_bytes(scene, 0, 1, KAI_MSG_OFFER, offer_of(scene, sim_ledger_item(scene->sim, 0)->id));
	sim_check_realm.settled(scene->sim, scene->state);
}

static void bad_live_offered(struct scene *scene)
{
	hear(scene);
	show_in(scene, 1, ONE, offer_of(scene, sim_ledger_item(scene->sim, 0)->id));
}

static void bad_drill_offered(struct scene *scene)
{
	show_bytes(scene, 0, 1, KAI_MSG_OFFER, offer_of(scene, practised_id(scene, OF_ONE)));
}

static void bad_other_offered(struct scene *scene)
{
	hear(scene);
	show_in(scene, 1, ONE, offer_of(scene, practised_id(scene, OF_TWO)));
}

static void bad_hello(struct scene *scene)
{
	struct kai_hello hello = {
		.version_max = KAI_VERSION,
		.realms = kai_span(sim_realms_at(scene->sim, TWO)->realm, KAI_REALM_LEN)};

	hear(scene);
	show_in(scene, 1, ONE, kai_frame_encode(KAI_MSG_HELLO, &hello, &scene->arena));
}

/* Node 2 did not say that it takes part. */
static void bad_partner(struct scene *scene)
{
	hear(scene);
	show_in(scene, 2, ONE, offer_of(scene, practised_id(scene, OF_ONE)));
}

static void bad_consent(struct scene *scene)
{
	show_store(scene, 0); /* who knows a word of node 1 that nobody heard */
	show_in(scene, 1, ONE, offer_of(scene, practised_id(scene, OF_ONE)));
}

static void bad_window(struct scene *scene)
{
	hear(scene);
	stage_of(scene, 0, ONE)->wall.ms += 7 * KAI_MS_HOUR;
	show_in(scene, 1, ONE, offer_of(scene, practised_id(scene, OF_ONE)));
}

static void bad_closed(struct scene *scene)
{
	hear(scene);
	stage_of(scene, 0, TWO)->wall.ms = SIM_WALL_MS + 50000;
	show_in(scene, 1, TWO, offer_of(scene, practised_id(scene, OF_TWO)));
}

static void without_agreement(struct scene *scene)
{
	struct sim_pact *pact = sim_pact_next(sim_ledger_of(scene->sim), 0, 1, NULL);

	pact->of.terms.drill_consent = KAI_DRILL_NONE;
}

static void bad_agreement(struct scene *scene)
{
	hear(scene);
	without_agreement(scene);
	show_in(scene, 1, ONE, offer_of(scene, practised_id(scene, OF_ONE)));
}

static void bad_part(struct scene *scene)
{
	without_agreement(scene);
	show_store(scene, 1);
}

static void bad_telling(struct scene *scene)
{
	struct kai_txn *txn = sim_look(sim_node(scene->sim, 1));
	struct kai_drill_frame frame = {.what = 1};
	struct kai_drill_held held;

	assert_true(
		kai_rec_drill(txn, sim_realms_at(scene->sim, ONE)->realm, &scene->arena, &held));
	frame.bytes = held.rec.bytes;
	kai_txn_abort(txn);
	show_bytes(scene, 1, 2, KAI_MSG_DRILL,
		   kai_frame_encode(KAI_MSG_DRILL, &frame, &scene->arena));
}

static void bad_in_live(struct scene *scene)
{
	carry(scene, store_of(stage_of(scene, 0, ONE)), sim_node(scene->sim, 0)->store,
	      practised_id(scene, OF_ONE));
	show_store(scene, 0);
}

static void bad_live_in_drill(struct scene *scene)
{
	hear(scene);
	carry(scene, sim_node(scene->sim, 1)->store, store_of(stage_of(scene, 1, ONE)),
	      sim_ledger_item(scene->sim, 0)->id);
	show_stage(scene, 1, ONE);
}

static void bad_drill_in_drill(struct scene *scene)
{
	carry(scene, store_of(stage_of(scene, 0, TWO)), store_of(stage_of(scene, 0, ONE)),
	      practised_id(scene, OF_TWO));
	show_stage(scene, 0, ONE);
}

static void bad_at_the_end(struct scene *scene)
{
	carry(scene, store_of(stage_of(scene, 0, ONE)), store_of(stage_of(scene, 0, TWO)),
	      practised_id(scene, OF_ONE));
	sim_check_realm.settled(scene->sim, scene->state);
}

/* What node 1 said of an item of the drill, among what it said of live ones. */
static void bad_receipt(struct scene *scene)
{
	struct kai_span key, value;
	struct kai_scan scan;
	struct kai_txn *from, *to = writing(sim_node(scene->sim, 0)->store);

	assert_int_equal(kai_txn_begin(store_of(stage_of(scene, 0, ONE)), false, &from, NULL),
			 KAI_ERR_OK);
	kai_scan_init(&scan, from, KAI_TABLE_STATEMENTS, kai_span(NULL, 0), kai_span(NULL, 0),
		      false);
	assert_true(kai_scan_next(&scan, &key, &value));
	kai_txn_put(to, KAI_TABLE_STATEMENTS, key, value);
	kai_txn_abort(from);
	assert_int_equal(kai_txn_commit(to, NULL), KAI_ERR_OK);
	sim_check_realm.settled(scene->sim, scene->state);
}

static void bad_lacking(struct scene *scene)
{
	struct kai_txn *txn = writing(store_of(stage_of(scene, 1, ONE)));

	assert_true(
		kai_txn_del(txn, KAI_TABLE_IDS, kai_span(practised_id(scene, OF_ONE), KAI_ID_LEN)));
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
	sim_check_realm.settled(scene->sim, scene->state);
}

static void bad_absent(struct scene *scene)
{
	struct kai_key key = kai_key_drill(sim_realms_at(scene->sim, ONE)->realm,
					   sim_node(scene->sim, 1)->config.org, KAI_DRILL_CONSENTS);
	struct kai_txn *txn = writing(sim_node(scene->sim, 1)->store);

	assert_true(kai_txn_del(txn, KAI_TABLE_DRILLS, kai_key_span(&key)));
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
	sim_check_realm.settled(scene->sim, scene->state);
}

static const struct {
	const char *name;
	void (*play)(struct scene *scene);
	bool reports;
} scenes[] = {
	{"good", good, false},
	{"a live item offered in a drill", bad_live_offered, true},
	{"a drill's item offered as live", bad_drill_offered, true},
	{"one drill's item offered in another", bad_other_offered, true},
	{"a hello that names another realm", bad_hello, true},
	{"to one that takes no part", bad_partner, true},
	{"by a consent that was never given", bad_consent, true},
	{"after the window", bad_window, true},
	{"after it was closed", bad_closed, true},
	{"without an agreement that consents", bad_agreement, true},
	{"takes part without such an agreement", bad_part, true},
	{"tells one that is not to know", bad_telling, true},
	{"a drill's item in the live store", bad_in_live, true},
	{"a live item in a drill's store", bad_live_in_drill, true},
	{"one drill's item in another's store", bad_drill_in_drill, true},
	{"the same, found at the end", bad_at_the_end, true},
	{"a drill's receipt in the live store", bad_receipt, true},
	{"an item that did not arrive", bad_lacking, true},
	{"somebody who does not take part", bad_absent, true},
};

static void each_scene(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		struct scene scene = {.sim = NULL};

		run(&scene, PLAN);
		scenes[i].play(&scene);
		size_t count = sim_violation_count(scene.sim);

		for (size_t k = 0; k < count; k++)
			assert_string_equal(sim_violation_at(scene.sim, k)->checker, "realm");
		if ((count > 0) != scenes[i].reports)
			fail_msg("%s: %zu reports, the first: %s", scenes[i].name, count,
				 count == 0 ? "-" : sim_violation_at(scene.sim, 0)->text);
		end(&scene);
	}
}

/* ---- the drills themselves ---- */

static bool holds(struct kai_store *store, const uint8_t *id)
{
	struct kai_txn *txn;
	uint64_t arrival;

	assert_int_equal(kai_txn_begin(store, false, &txn, NULL), KAI_ERR_OK);
	bool held = kai_rec_arrival(txn, id, &arrival);

	kai_txn_abort(txn);
	return held;
}

static void drills_go_where_they_may(void **state)
{
	struct scene scene = {.sim = NULL};

	(void)state;
	run(&scene, PLAN);
	assert_int_equal(sim_realms_at(scene.sim, ONE)->participant_count, 3);
	assert_null(sim_realms_at(scene.sim, TWO + 1));
	assert_non_null(sim_realms_item_at(scene.sim, ITEMS - 1)); /* node 2 was refused */
	assert_null(sim_realms_item_at(scene.sim, ITEMS));
	assert_int_equal(sim_ledger_item_count(scene.sim), 1);
	assert_null(stage_of(&scene, 2, ONE));
	for (uint32_t node = 0; node < 2; node++) {
		for (uint32_t item = 0; item < ITEMS; item++) {
			uint32_t drill = item == OF_TWO ? TWO : ONE;

			assert_true(holds(store_of(stage_of(&scene, node, drill)),
					  practised_id(&scene, item)));
			assert_false(holds(store_of(stage_of(&scene, node, !drill)),
					   practised_id(&scene, item)));
			assert_false(holds(sim_node(scene.sim, node)->store,
					   practised_id(&scene, item)));
		}
		assert_non_null(stage_of(&scene, node, ONE)->engine);
		assert_null(stage_of(&scene, node, TWO)->engine); /* closed */
	}
	end(&scene);
}

/* A drill's store outlives its node's process, and not a backup that is put back. */
static void crashes_and_restores(void **state)
{
	static const struct {
		const char *before, *after; /* the drill and what is published in it */
	} faults[] = {
		{"", "30 at=20000 crash node=1 back=5000\n"},
		{"", "30 at=9000 crash node=1 point=1 nth=1 back=500\n"},
		{"", "30 at=9000 crash node=1 point=2 nth=1 back=500\n"},
		{"", "30 at=9000 crash node=1 point=3 nth=2 back=500\n"},
		{"", "30 at=20000 full node=1 for=9000\n"},
		{"30 at=5500 backup node=1\n", "31 at=20000 restore node=1\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct scene first = {.sim = NULL}, second = {.sim = NULL};
		char text[1024];

		(void)snprintf(text, sizeof(text),
			       LINE "%s20 at=6000 drill level=2 for=21600000 with1=2\n"
				    "21 at=9000 publish kind=1 tlp=5 main=300 drill=21\n%s",
			       faults[i].before, faults[i].after);
		run(&first, text);
		run(&second, text);
		assert_memory_equal(sim_figures(first.sim)->digest, sim_figures(second.sim)->digest,
				    KAI_ID_LEN);
		assert_true(holds(store_of(stage_of(&first, 1, ONE)), practised_id(&first, 0)));
		end(&first);
		end(&second);
	}
}

/* ---- plans ---- */

static bool fails_with_item(void *context, const struct sim_plan *plan)
{
	(void)context;
	for (uint32_t i = 0; i < plan->op_count; i++)
		if (plan->ops[i].number == 27)
			return true;
	return false;
}

static void plans_shrink_and_print(void **state)
{
	struct sim_plan *plan = trio_plan(PLAN);
	struct sim_plan *small = sim_plan_shrink(plan, fails_with_item, NULL, 200);
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	(void)state;
	assert_non_null(to);
	sim_plan_print(plan, to);
	assert_int_equal(fclose(to), 0);
	assert_string_equal(text, PLAN);
	free(text);
	/* the retraction, what it takes back, and the drill in which that was published */
	assert_int_equal(small->op_count, 3);
	assert_int_equal(small->ops[0].type, SIM_OP_DRILL);
	assert_int_equal(small->node_count, 3);
	sim_plan_free(small);
	sim_plan_free(plan);
}

/* A seed without drills has the plan that it had before there were any. */
static void drills_move_nothing_else(void **state)
{
	unsigned with = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct sim_recipe recipe = {
			.seed = seed, .topology = -1, .faults = SIM_ALL_FAULTS, .rogues = -1};
		struct sim_plan *plan = sim_plan_make(&recipe);
		bool drill = false;

		for (uint32_t i = 0; i < plan->op_count; i++)
			drill = drill || plan->ops[i].type == SIM_OP_DRILL;
		for (uint32_t i = 0; i < plan->op_count && !drill; i++)
			assert_true(plan->ops[i].type != SIM_OP_AGREE ||
				    sim_op_get(&plan->ops[i], "drills") == 0);
		with += drill;
		sim_plan_free(plan);
	}
	assert_in_range(with, 12, 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drills_go_where_they_may),
		cmocka_unit_test(each_scene),
		cmocka_unit_test(crashes_and_restores),
		cmocka_unit_test(plans_shrink_and_print),
		cmocka_unit_test(drills_move_nothing_else),
	};

	return cmocka_run_group_tests_name("sim-realm", tests, NULL, NULL);
}
