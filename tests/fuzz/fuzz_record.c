/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A damaged store: rows of V's store are changed, added and removed as the input says, as a bad
 * disk or a hand in the file would. Whoever reads it, the check, the command line's readers, an
 * engine that starts on it, ends: with what is there, or with CORRUPT, and never with what does
 * not decode.
 *
 *   byte 0: bit 0, an engine starts on it; then changes: which row, how, and bytes
 */
#include <string.h>

#include "../unit/net.h"
#include "image.h"
#include "input.h"
#include "kairan/facts.h"
#include "kairan/rec.h"
#include "town.h"

#define MAX_LEN 8192u
#define CHANGES 6u
#define ARENA_LEN ((size_t)8 << 20)

static struct image *image;
static struct kai_engine_config config;

/* Its signature is the fuzzers'. NOLINTNEXTLINE(readability-non-const-parameter) */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	town_found();
	struct town *town = town_open(true, &kai_quota_default, NULL);

	image = image_take(town->nodes[TOWN_V].store);
	config = town->nodes[TOWN_V].config;
	town_close(town);
	return 0;
}

/* ---- damage ---- */

static struct kai_span changed(struct kai_span value, struct fuzz_input *input)
{
	static uint8_t copy[65536];
	size_t len = value.len < sizeof(copy) ? value.len : sizeof(copy);

	if (len == 0)
		return value;
	memcpy(copy, value.at, len);
	copy[fuzz_u16(input) % len] ^= fuzz_byte(input);
	copy[fuzz_u16(input) % len] ^= fuzz_byte(input);
	return kai_span(copy, len);
}

static void damage(struct kai_txn *txn, struct fuzz_input *input)
{
	const struct image_row *row = &image->rows[fuzz_u16(input) % image->count];
	uint8_t key[KAI_STORE_MAX_KEY];
	size_t key_len = row->key.len;
	uint8_t how = fuzz_byte(input);

	memcpy(key, row->key.at, key_len);
	if ((how & 8) != 0)
		key[fuzz_byte(input) % key_len] ^= fuzz_byte(input);
	switch (how % 4) {
	case 0:
		(void)kai_txn_del(txn, row->table, kai_span(key, key_len));
		return;
	case 1:
		kai_txn_put(txn, row->table, kai_span(key, key_len),
			    fuzz_span(input, fuzz_byte(input)));
		return;
	case 2: /* what belongs to another row */
		kai_txn_put(txn, row->table, kai_span(key, key_len),
			    image->rows[fuzz_u16(input) % image->count].value);
		return;
	default:
		kai_txn_put(txn, row->table, kai_span(key, key_len), changed(row->value, input));
		return;
	}
}

static struct kai_store *damaged(struct fuzz_input *input)
{
	struct kai_store *store = image_store(image);
	struct kai_txn *txn;

	MUST(kai_txn_begin(store, true, &txn, NULL) == KAI_ERR_OK);
	for (unsigned i = 0; i < CHANGES && input->left > 0; i++)
		damage(txn, input);
	MUST(kai_txn_commit(txn, NULL) == KAI_ERR_OK);
	return store;
}

/* ---- readers ---- */

static void report(void *context, enum kai_table table, struct kai_span key, const char *problem)
{
	(void)context;
	MUST((int)table < KAI_TABLE_END && problem[0] != '\0' && key.len <= KAI_STORE_MAX_KEY);
}

static void check(struct kai_store *store)
{
	struct kai_store_check checking = {.report = report};
	enum kai_err err = kai_store_check(store, &checking, NULL);

	MUST(err == KAI_ERR_OK || err == KAI_ERR_CORRUPT);
}

static void read_item(struct kai_txn *txn, uint64_t arrival, struct kai_arena *arena)
{
	struct kai_item_facts facts;
	struct kai_part part;

	if (!kai_item_facts_load(txn, arrival, arena, &facts))
		return;
	for (unsigned i = 0; i < TOWN_NODES; i++) {
		struct kai_verdict verdicts[KAI_MAX_PARTS];
		struct kai_facts asked;
		struct kai_pair pair;
		uint32_t parts = 0;

		kai_pair_load(txn, town_org(TOWN_V), town_org(i),
			      (struct kai_wall){NET_MS + KAI_MS_HOUR}, arena, &pair);
		kai_facts_init(&asked, &pair, &facts, true,
			       (struct kai_wall){NET_MS + KAI_MS_HOUR});
		struct kai_verdict verdict = kai_facts_parts(&asked, &facts, &parts, verdicts);

		MUST((unsigned)verdict.rule < KAI_RULE_END);
		MUST(verdict.allow || parts == 0);
		(void)kai_target_passed(txn, &facts.header, (uint16_t)i);
	}
	for (uint8_t i = 0; i < KAI_MAX_PARTS; i++) {
		struct kai_key key = kai_key_part(arrival, i);

		(void)kai_rec_get(txn, KAI_TABLE_PARTS, &key, &kai_object_part, arena, &part);
	}
}

/* As the command line reads: each row in a transaction of its own, so that one is not hidden by the
 * next. */
static void read_all(struct kai_store *store)
{
	static uint8_t memory[ARENA_LEN];
	struct kai_txn *txn;

	for (uint64_t arrival = 1; arrival <= 24; arrival++) {
		struct kai_arena arena = {memory, sizeof(memory), 0, false};

		MUST(kai_txn_begin(store, false, &txn, NULL) == KAI_ERR_OK);
		read_item(txn, arrival, &arena);
		enum kai_err err = kai_txn_error(txn);

		MUST(err == KAI_ERR_OK || err == KAI_ERR_CORRUPT);
		kai_txn_abort(txn);
	}
	for (unsigned i = 0; i < TOWN_NODES; i++) {
		struct kai_arena arena = {memory, sizeof(memory), 0, false};
		struct kai_peer peer;
		struct kai_card_rec card;

		MUST(kai_txn_begin(store, false, &txn, NULL) == KAI_ERR_OK);
		(void)kai_rec_peer(txn, town_org(i), &arena, &peer);
		(void)kai_rec_card(txn, town_org(i), &arena, &card);
		kai_txn_abort(txn);
	}
}

/* An engine on that store, with its peers about; a turn that cannot be committed ends it. */
static void run(struct kai_store *store)
{
	struct kai_engine *engine = NULL;
	struct kai_out *out = NULL;
	bool going = true;

	MUST(kai_engine_new(&config, &engine) == KAI_ERR_OK);
	MUST(kai_out_new(&out) == KAI_ERR_OK);
	for (unsigned i = 0; going && i < 12; i++) {
		struct kai_event event = {.type = i == 0  ? KAI_EVENT_START
						  : i < 4 ? KAI_EVENT_LINK_UP
						  : i < 8 ? KAI_EVENT_TIMER
							  : KAI_EVENT_LINK_DOWN,
					  .mono = {1000 + (int64_t)i * 20000},
					  .wall = {NET_MS + KAI_MS_HOUR + (int64_t)i * 20000},
					  .entropy = {(uint8_t)i}};
		struct kai_txn *txn;

		memcpy(event.org, town_org(1 + i % 3), KAI_ID_LEN);
		MUST(kai_txn_begin(store, true, &txn, NULL) == KAI_ERR_OK);
		(void)kai_engine_step(engine, txn, &event, out);
		enum kai_err err = kai_txn_commit(txn, NULL);

		MUST(err == KAI_ERR_OK || err == KAI_ERR_CORRUPT);
		going = err == KAI_ERR_OK;
		kai_out_reset(out);
	}
	kai_engine_free(engine);
	kai_out_free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_input input = fuzz_input(data, len);

	if (len < 1 || len > MAX_LEN)
		return 0;
	uint8_t how = fuzz_byte(&input);
	struct kai_store *store = damaged(&input);

	check(store);
	read_all(store);
	if ((how & 1) != 0)
		run(store);
	kai_store_close(store);
	return 0;
}
