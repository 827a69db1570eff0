/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scenes of what nodes hold: under which labels, how far verified, for how long, once, and until it
 * is taken back.
 */
#include "scenes.h"

#include <string.h>

#include "kairan/rec.h"

static void label_good(struct scene *scene)
{
	for (uint32_t node = 0; node < 3; node++)
		scene_store(scene, node);
}

static void label_bad(struct scene *scene)
{
	scene_secret(scene, OPEN);
	scene_store(scene, 2);
}

static void verified_good(struct scene *scene)
{
	for (uint32_t node = 0; node < 3; node++)
		scene_store(scene, node);
}

static void verified_bad_header(struct scene *scene)
{
	struct sim_item *item = sim_ledger_item(scene->sim, OPEN);
	uint8_t *copy = sim_keep(scene->sim, item->header_bytes.len);

	memcpy(copy, item->header_bytes.at, item->header_bytes.len);
	copy[item->header_bytes.len - 1] ^= 1;
	item->header_bytes.at = copy;
	scene_store(scene, 2);
}

static void verified_bad_part(struct scene *scene)
{
	sim_ledger_item(scene->sim, OPEN)->header.parts[1].hash[7] ^= 1;
	scene_store(scene, 2);
}

static void verified_bad_key(struct scene *scene)
{
	/* Signed by node 0, it is said to be node 2's. */
	sim_ledger_item(scene->sim, OPEN)->origin = 2;
	scene_store(scene, 2);
}

static void durable_good(struct scene *scene)
{
	scene->checker->settled(scene->sim, scene->state);
}

static void durable_bad(struct scene *scene)
{
	scene_lose(scene, 1, OPEN);
	scene->checker->settled(scene->sim, scene->state);
}

static void durable_bad_word(struct scene *scene)
{
	struct kai_id_parts entry = {.parts = 1};
	struct kai_stored stored = {.entries = &entry, .entries_count = 1};

	memcpy(entry.id, sim_ledger_item(scene->sim, SECRET)->id, KAI_ID_LEN);
	scene_frame(scene, 2, 1, KAI_MSG_STORED, &stored);
}

static void once_good(struct scene *scene)
{
	scene->checker->settled(scene->sim, scene->state);
	scene_store(scene, 1);
}

static void once_bad(struct scene *scene)
{
	struct kai_txn *txn = scene_write(scene, 1);

	assert_true(kai_txn_del(txn, KAI_TABLE_IDS,
				kai_span(sim_ledger_item(scene->sim, OPEN)->id, KAI_ID_LEN)));
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
	scene->checker->settled(scene->sim, scene->state);
}

static void once_bad_twice(struct scene *scene)
{
	const struct sim_item *truth = sim_ledger_item(scene->sim, OPEN);
	struct kai_txn *txn = scene_write(scene, 1);
	struct kai_item item;
	uint64_t arrival;

	assert_true(kai_rec_arrival(txn, truth->id, &arrival));
	assert_true(kai_rec_item(txn, arrival, &scene->arena, &item));
	(void)kai_rec_item_add(txn, &item, &truth->header);
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
	scene_store(scene, 1);
}

static void retraction_good(struct scene *scene)
{
	scene->checker->settled(scene->sim, scene->state);
	scene_offer(scene, 1, 2, OPEN, 3, 64);
	scene_offer(scene, 1, 2, RETRACTION, 1, 64);
}

static void retraction_bad(struct scene *scene)
{
	scene_offer(scene, 1, 2, TAKEN_BACK, 1, 64);
}

static void retraction_bad_flag(struct scene *scene)
{
	struct kai_txn *txn = scene_write(scene, 2);
	struct kai_item item;
	uint64_t arrival;

	assert_true(kai_rec_arrival(txn, sim_ledger_item(scene->sim, TAKEN_BACK)->id, &arrival));
	assert_true(kai_rec_item(txn, arrival, &scene->arena, &item));
	item.flags &= ~(uint64_t)KAI_ITEM_RETRACTED;
	kai_rec_item_put(txn, arrival, &item);
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
	scene->checker->settled(scene->sim, scene->state);
}

static void arrival_good(struct scene *scene)
{
	scene->checker->settled(scene->sim, scene->state);
}

static void arrival_bad(struct scene *scene)
{
	scene_lose(scene, 2, OPEN);
	memset(sim_holding_of(scene->sight, 2, OPEN), 0, sizeof(struct sim_holding));
	scene->checker->settled(scene->sim, scene->state);
}

static void arrival_bad_part(struct scene *scene)
{
	sim_holding_of(scene->sight, 2, OPEN)->held = 1;
	scene->checker->settled(scene->sim, scene->state);
}

const struct scene_trial scenes_held[] = {
	{"label good", &sim_check_label, label_good, false},
	{"label bad", &sim_check_label, label_bad, true},
	{"verified good", &sim_check_verified, verified_good, false},
	{"verified bad header", &sim_check_verified, verified_bad_header, true},
	{"verified bad part", &sim_check_verified, verified_bad_part, true},
	{"verified bad key", &sim_check_verified, verified_bad_key, true},
	{"durable good", &sim_check_durable, durable_good, false},
	{"durable bad", &sim_check_durable, durable_bad, true},
	{"durable bad word", &sim_check_durable, durable_bad_word, true},
	{"once good", &sim_check_once, once_good, false},
	{"once bad", &sim_check_once, once_bad, true},
	{"once bad twice", &sim_check_once, once_bad_twice, true},
	{"retraction good", &sim_check_retraction, retraction_good, false},
	{"retraction bad", &sim_check_retraction, retraction_bad, true},
	{"retraction bad flag", &sim_check_retraction, retraction_bad_flag, true},
	{"arrival good", &sim_check_arrival, arrival_good, false},
	{"arrival bad", &sim_check_arrival, arrival_bad, true},
	{"arrival bad part", &sim_check_arrival, arrival_bad_part, true},
	{.name = NULL},
};
