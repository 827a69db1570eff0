/* SPDX-License-Identifier: Apache-2.0 */
/* The run that every scene begins with, and what a checker is shown: see scenes.h. */
#include "scenes.h"
#include "kairan/frames.h"
#include "kairan/rec.h"

#include <stdlib.h>
#include <string.h>

#include "trio.h"

/* 10 is OPEN, 11 SECRET, 12 TAKEN_BACK, 13 RETRACTION. */
#define PLAN                                                                                       \
	"kairan-sim-plan 1\ntopology line\nseed 5\nnodes 3\ncommunities 0\nfaults-end 60000\n"     \
	"length 200000\ndelay 20\njitter 0\nkbytes 0\nquota 100\n"                                 \
	"0 at=0 agree other=1 introduce_a=1 introduce_b=1\n"                                       \
	"1 at=0 agree node=1 other=2 introduce_a=1 introduce_b=1\n"                                \
	"10 at=5000 publish kind=1 tlp=5 main=900 size1=5000\n"                                    \
	"11 at=6000 publish kind=1 tlp=1 aud1=1000001 main=300\n"                                  \
	"12 at=7000 publish kind=1 tlp=5 main=300\n"                                               \
	"13 at=30000 retract ref=13\n"

void scene_begin(struct scene *scene, const struct sim_checker *checker)
{
	const struct sim_options options = {.checks = true};

	scene->plan = trio_plan(PLAN);
	scene->sim = sim_new(scene->plan, &options);
	sim_run(scene->sim);
	assert_int_equal(sim_violation_count(scene->sim), 0);
	assert_int_equal(sim_ledger_item_count(scene->sim), ITEMS);
	scene->sight = sim_sight_of(scene->sim);
	scene->arena = (struct kai_arena){.at = calloc(1, 1 << 20), .cap = 1 << 20};
	assert_non_null(scene->arena.at);
	scene->checker = checker;
	scene->state = checker->new == NULL ? NULL : checker->new (scene->sim);
}

void scene_end(struct scene *scene)
{
	if (scene->checker->free != NULL)
		scene->checker->free(scene->state);
	sim_free(scene->sim);
	sim_plan_free(scene->plan);
	free(scene->arena.at);
}

size_t scene_reports(const struct scene *scene)
{
	for (size_t i = 0; i < sim_violation_count(scene->sim); i++)
		assert_string_equal(sim_violation_at(scene->sim, i)->checker, scene->checker->name);
	return sim_violation_count(scene->sim);
}

/* ---- what the checker is shown ---- */

void scene_store(struct scene *scene, uint32_t node)
{
	struct sim_node *of = sim_node(scene->sim, node);

	sim_check_sight.restarted(scene->sim, scene->sight, of, true);
	scene->checker->turn(scene->sim, scene->state, of);
	sim_check_sight_over.restarted(scene->sim, NULL, of, true);
}

void scene_bytes(struct scene *scene, uint32_t from, uint32_t to, enum kai_msg_type type,
		 struct kai_span bytes)
{
	const struct sim_frame frame = {.from = from, .to = to, .type = type, .bytes = bytes};

	sim_check_sight.sent(scene->sim, scene->sight, &frame);
	scene->checker->sent(scene->sim, scene->state, &frame);
	sim_check_sight_over.sent(scene->sim, NULL, &frame);
}

void scene_frame(struct scene *scene, uint32_t from, uint32_t to, enum kai_msg_type type, void *msg)
{
	struct kai_span bytes = kai_frame_encode(type, msg, &scene->arena);

	assert_true(bytes.len > 0);
	scene_bytes(scene, from, to, type, bytes);
}

void scene_offer(struct scene *scene, uint32_t from, uint32_t to, uint32_t item, uint64_t parts,
		 size_t token_len)
{
	uint8_t token[KAI_MAX_TOKEN] = {(uint8_t)from, (uint8_t)to, (uint8_t)item};
	struct kai_offer_entry entry = {.parts = parts, .size = 1, .urgency = 3, .signatures = 1};
	struct kai_offer offer = {
		.entries = &entry, .entries_count = 1, .token = kai_span(token, token_len)};

	memcpy(entry.id, sim_ledger_item(scene->sim, item)->id, KAI_ID_LEN);
	scene_frame(scene, from, to, KAI_MSG_OFFER, &offer);
}

struct kai_txn *scene_write(struct scene *scene, uint32_t node)
{
	struct kai_txn *txn;

	assert_int_equal(kai_txn_begin(sim_node(scene->sim, node)->store, true, &txn, NULL),
			 KAI_ERR_OK);
	return txn;
}

void scene_lose(struct scene *scene, uint32_t node, uint32_t item)
{
	const uint8_t *id = sim_ledger_item(scene->sim, item)->id;
	const struct kai_stub stub = {.reason = KAI_STUB_DESTROYED};
	struct kai_txn *txn = scene_write(scene, node);
	uint64_t arrival;

	assert_true(kai_rec_arrival(txn, id, &arrival));
	kai_rec_item_del(txn, arrival, &stub);
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
}

void scene_secret(struct scene *scene, uint32_t item)
{
	struct kai_header *header = &sim_ledger_item(scene->sim, item)->header;

	header->label = sim_ledger_item(scene->sim, SECRET)->header.label;
	header->label.audience[0].org = kai_span(header->origin, KAI_ID_LEN);
}
