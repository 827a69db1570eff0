/* SPDX-License-Identifier: Apache-2.0 */
/* Items, log and indexes against a model: random operations, some of them rolled back. */
#include "contract.h"
#include "kairan/rec.h"

#include <stdlib.h>
#include <string.h>

#define MAX_ITEMS 600
#define MAX_LOG 1200
#define ORIGINS 3
#define KINDS 4
#define SECTORS 3
#define ENDS 5
#define THREADS 6

static const char *const sector_words[SECTORS] = {"jp-ci15:fin", "jp-ci15:gov", "jp-ci15:pow"};

struct model_item {
	bool live;
	uint64_t arrival;
	uint8_t id[KAI_ID_LEN];
	uint8_t thread; /* 0: starts its own */
	uint8_t origin;
	uint8_t kind;
	uint8_t sectors; /* bit set */
	uint8_t end;
	uint64_t flags;
};

struct model {
	struct model_item items[MAX_ITEMS];
	size_t item_count;
	struct {
		uint64_t position;
		size_t item;
	} log[MAX_LOG];
	size_t log_count;
	uint64_t head;
};

/* ---- doing ----------------------------------------------------------------------------------- */

static void org_of(uint8_t number, uint8_t ret[KAI_ID_LEN])
{
	memset(ret, 0, KAI_ID_LEN);
	ret[0] = (uint8_t)(0xa0 + number);
}

static void thread_of(const struct model_item *item, uint8_t ret[KAI_ID_LEN])
{
	memcpy(ret, item->id, KAI_ID_LEN);
	if (item->thread == 0)
		return;
	memset(ret, 0, KAI_ID_LEN);
	ret[0] = item->thread;
}

static void header_of(const struct model_item *item, struct kai_part_entry *part,
		      struct kai_span *sectors, struct kai_header *ret)
{
	struct kai_header header = {.version = 1, .kind = item->kind, .card_serial = 1};

	header.country = kai_span_str("JP");
	header.lang = kai_span_str("ja");
	header.created_at = 1;
	header.not_after = 1000u + item->end;
	header.revision = item->thread == 0 ? 1 : 2;
	header.label.tlp = KAI_TLP_CLEAR;
	header.thread.is = item->thread != 0;
	thread_of(item, header.thread.id);
	org_of(item->origin, header.origin);
	part->name = kai_span_str("main");
	part->media_type = kai_span_str("text/plain");
	part->size = KAI_MIN_PAD;
	header.parts = part;
	header.parts_count = 1;
	header.sectors = sectors;
	for (size_t i = 0; i < SECTORS; i++) {
		if ((item->sectors >> i & 1) != 0)
			sectors[header.sectors_count++] = kai_span_str(sector_words[i]);
	}
	*ret = header;
}

static void item_of(const struct model_item *item, const uint8_t *header, size_t len,
		    struct kai_signature *signature, struct kai_item *ret)
{
	*ret = (struct kai_item){.received_at = 9, .flags = item->flags};
	memcpy(ret->id, item->id, KAI_ID_LEN);
	ret->header = kai_span(header, len);
	ret->signatures = signature;
	ret->signatures_count = 1;
}

/* What hangs on an item, one of each, so that its going can be counted. */
static void add_satellites(struct kai_txn *txn, const struct model_item *item)
{
	struct kai_key pair = kai_key_pair(item->arrival, 1);
	struct kai_key at = kai_key_part(item->arrival, 0);
	struct kai_part part = {.ciphertext = kai_span_str("sealed")};
	struct kai_supply supply = {.at = 1};
	struct kai_released released = {.state = KAI_RELEASED_SENT};
	struct kai_duty_row duty = {.action = 1, .state = KAI_DUTY_DUE, .within_ms = 1};
	struct kai_ladder ladder = {.urgency = KAI_URGENCY_NOW};

	kai_rec_put(txn, KAI_TABLE_PARTS, &at, &kai_object_part, &part);
	kai_rec_put(txn, KAI_TABLE_SUPPLY, &pair, &kai_object_supply, &supply);
	kai_rec_put(txn, KAI_TABLE_RELEASED, &pair, &kai_object_released, &released);
	at = kai_key_evidence(item->arrival, kai_span_str("evidence"));
	kai_txn_put(txn, KAI_TABLE_EVIDENCE, kai_key_span(&at), kai_span_str("evidence"));
	at = kai_key_duty(&(struct kai_duty_place){.arrival = item->arrival, .peer = 1});
	kai_rec_put(txn, KAI_TABLE_DUTIES, &at, &kai_object_duty_row, &duty);
	kai_txn_put(txn, KAI_TABLE_DUTIES_OPEN, kai_key_span(&at), kai_span(NULL, 0));
	kai_rec_put(txn, KAI_TABLE_LADDERS, &pair, &kai_object_ladder, &ladder);
	kai_txn_put(txn, KAI_TABLE_LADDERS_OPEN, kai_key_span(&pair), kai_span(NULL, 0));
}

static void add_item(struct fixture *fix, struct model *model, struct kai_txn *txn)
{
	struct model_item *item = &model->items[model->item_count];
	struct kai_part_entry part = {.size = 0};
	struct kai_span sectors[SECTORS];
	struct kai_signature signature = {.path = NULL};
	struct kai_header header;
	struct kai_item record;
	uint8_t bytes[1024];

	if (model->item_count == MAX_ITEMS || model->log_count == MAX_LOG)
		return;
	*item = (struct model_item){.live = true};
	for (size_t i = 0; i < KAI_ID_LEN; i++)
		item->id[i] = (uint8_t)draw(fix, 256);
	item->thread = (uint8_t)draw(fix, THREADS);
	item->origin = (uint8_t)draw(fix, ORIGINS);
	item->kind = (uint8_t)(1 + draw(fix, KINDS));
	item->sectors = (uint8_t)draw(fix, 1u << SECTORS);
	item->end = (uint8_t)draw(fix, ENDS);
	header_of(item, &part, sectors, &header);
	size_t len = kai_object_encode(&kai_object_header, &header, bytes, sizeof(bytes));

	assert_true(len > 0);
	item_of(item, bytes, len, &signature, &record);
	item->arrival = kai_rec_item_add(txn, &record, &header);
	assert_int_equal(item->arrival, ++model->head);
	add_satellites(txn, item);
	model->log[model->log_count].position = item->arrival;
	model->log[model->log_count++].item = model->item_count++;
}

/* A live item, NULL when there is none. */
static struct model_item *any_item(struct fixture *fix, struct model *model)
{
	for (unsigned tries = 0; tries < 20 && model->item_count > 0; tries++) {
		struct model_item *item = &model->items[draw(fix, model->item_count)];

		if (item->live)
			return item;
	}
	return NULL;
}

static void touch_item(struct fixture *fix, struct model *model, struct kai_txn *txn)
{
	struct model_item *item = any_item(fix, model);

	if (item == NULL || model->log_count == MAX_LOG)
		return;
	kai_rec_touch(txn, item->arrival);
	model->log[model->log_count].position = ++model->head;
	model->log[model->log_count++].item = (size_t)(item - model->items);
}

static void flag_item(struct fixture *fix, struct model *model, struct kai_txn *txn)
{
	struct model_item *item = any_item(fix, model);
	struct kai_item record;

	if (item == NULL)
		return;
	assert_true(kai_rec_item(txn, item->arrival, &fix->arena, &record));
	item->flags ^= KAI_ITEM_MARKED;
	record.flags = item->flags;
	kai_rec_item_put(txn, item->arrival, &record);
}

static void delete_item(struct fixture *fix, struct model *model, struct kai_txn *txn)
{
	struct model_item *item = any_item(fix, model);
	struct kai_stub stub = {.reason = KAI_STUB_EXPIRED};

	if (item == NULL)
		return;
	if (draw(fix, 4) == 0 && model->items[model->item_count - 1].live)
		item = &model->items[model->item_count - 1]; /* the newest often */
	kai_rec_item_del(txn, item->arrival, &stub);
	item->live = false;
}

/* ---- comparing ------------------------------------------------------------------------------- */

typedef bool (*matches)(const struct model_item *item, unsigned value);

static bool by_thread(const struct model_item *item, unsigned value)
{
	return item->thread == value;
}

static bool by_origin(const struct model_item *item, unsigned value)
{
	return item->origin == value;
}

static bool by_kind(const struct model_item *item, unsigned value)
{
	return item->kind == value;
}

static bool by_sector(const struct model_item *item, unsigned value)
{
	return (item->sectors >> value & 1) != 0;
}

static bool by_any(const struct model_item *item, unsigned value)
{
	(void)value;
	return item->arrival > 0;
}

/* The walk gives the live matching items of the model from `from` on, in order, and no more. */
static void expect(struct kai_index_scan *scan, const struct model *model, matches match,
		   unsigned value, const uint64_t *from, bool newest_first)
{
	uint64_t arrival;

	for (size_t n = 0; n < model->item_count; n++) {
		const struct model_item *item =
			&model->items[newest_first ? model->item_count - 1 - n : n];

		if (!item->live || !match(item, value))
			continue;
		if (*from > 0 && (newest_first ? item->arrival > *from : item->arrival < *from))
			continue;
		assert_true(kai_index_next(scan, &arrival));
		assert_int_equal(arrival, item->arrival);
	}
	assert_false(kai_index_next(scan, &arrival));
}

static void compare_indexes(struct fixture *fix, const struct model *model, struct kai_txn *txn,
			    bool newest_first)
{
	struct kai_index_scan scan;
	uint64_t from = draw(fix, 2) == 0 ? 0 : 1 + draw(fix, model->head + 1);
	uint64_t start = 0;
	uint8_t id[KAI_ID_LEN] = {0};

	for (unsigned i = 0; i < ORIGINS; i++) {
		org_of((uint8_t)i, id);
		kai_index_origin(&scan, txn, id, from, newest_first);
		expect(&scan, model, by_origin, i, &from, newest_first);
	}
	for (unsigned i = 1; i <= KINDS; i++) {
		kai_index_kind(&scan, txn, i, from, newest_first);
		expect(&scan, model, by_kind, i, &from, newest_first);
	}
	for (unsigned i = 0; i < SECTORS; i++) {
		kai_index_sector(&scan, txn, kai_span_str(sector_words[i]), from, newest_first);
		expect(&scan, model, by_sector, i, &from, newest_first);
	}
	memset(id, 0, sizeof(id));
	for (unsigned i = 1; i < THREADS; i++) {
		id[0] = (uint8_t)i;
		kai_index_thread(&scan, txn, id, newest_first);
		expect(&scan, model, by_thread, i, &start, newest_first);
	}
	kai_index_all(&scan, txn, from, newest_first);
	expect(&scan, model, by_any, 0, &from, newest_first);
}

static void compare_ends(const struct model *model, struct kai_txn *txn)
{
	struct kai_index_scan scan;
	uint64_t arrival;

	kai_index_end(&scan, txn);
	for (unsigned end = 0; end < ENDS; end++) {
		for (size_t i = 0; i < model->item_count; i++) {
			if (!model->items[i].live || model->items[i].end != end)
				continue;
			assert_true(kai_index_next(&scan, &arrival));
			assert_int_equal(arrival, model->items[i].arrival);
		}
	}
	assert_false(kai_index_next(&scan, &arrival));
}

static void compare_log(const struct model *model, struct kai_txn *txn)
{
	uint64_t position = 0;
	uint64_t arrival = 0;

	for (size_t i = 0; i < model->log_count; i++) {
		const struct model_item *item = &model->items[model->log[i].item];

		if (!item->live)
			continue;
		assert_true(kai_rec_log_next(txn, &position, &arrival));
		assert_int_equal(position, model->log[i].position);
		assert_int_equal(arrival, item->arrival);
	}
	assert_false(kai_rec_log_next(txn, &position, &arrival));
	assert_int_equal(kai_rec_head(txn), model->head);
}

static void compare_items(struct fixture *fix, const struct model *model, struct kai_txn *txn)
{
	static const enum kai_table one_each[] = {
		KAI_TABLE_ITEMS,       KAI_TABLE_IDS,	    KAI_TABLE_PARTS,
		KAI_TABLE_SUPPLY,      KAI_TABLE_RELEASED,  KAI_TABLE_EVIDENCE,
		KAI_TABLE_BY_END,      KAI_TABLE_BY_THREAD, KAI_TABLE_DUTIES,
		KAI_TABLE_DUTIES_OPEN, KAI_TABLE_LADDERS,   KAI_TABLE_LADDERS_OPEN};
	struct kai_item record;
	struct kai_span value;
	uint64_t live = 0;
	uint64_t arrival;

	for (size_t i = 0; i < model->item_count; i++) {
		const struct model_item *item = &model->items[i];

		fix->arena.used = 0;
		assert_int_equal(kai_rec_arrival(txn, item->id, &arrival), item->live);
		assert_int_equal(kai_rec_item(txn, item->arrival, &fix->arena, &record),
				 item->live);
		assert_int_equal(
			kai_txn_get(txn, KAI_TABLE_STUBS, kai_span(item->id, KAI_ID_LEN), &value),
			!item->live);
		if (!item->live)
			continue;
		live++;
		assert_int_equal(arrival, item->arrival);
		assert_int_equal(record.flags, item->flags);
		assert_memory_equal(record.id, item->id, KAI_ID_LEN);
	}
	for (size_t i = 0; i < sizeof(one_each) / sizeof(one_each[0]); i++)
		assert_int_equal(kai_txn_count(txn, one_each[i]), live);
}

static void compare(struct fixture *fix, const struct model *model)
{
	struct kai_txn *txn = begin(fix, false);

	compare_items(fix, model, txn);
	compare_log(model, txn);
	compare_indexes(fix, model, txn, false);
	compare_indexes(fix, model, txn, true);
	compare_ends(model, txn);
	assert_int_equal(kai_txn_error(txn), KAI_ERR_OK);
	kai_txn_abort(txn);
}

static void operate(struct fixture *fix, struct model *model, struct kai_txn *txn)
{
	uint64_t what = draw(fix, 10);

	fix->arena.used = 0;
	if (what < 5)
		add_item(fix, model, txn);
	else if (what < 7)
		touch_item(fix, model, txn);
	else if (what < 8)
		flag_item(fix, model, txn);
	else
		delete_item(fix, model, txn);
}

static void test_random_operations(void **state)
{
	struct fixture *fix = *state;
	struct model *model = calloc(2, sizeof(*model));

	assert_non_null(model);
	for (unsigned round = 0; round < 80; round++) {
		struct kai_txn *txn = begin(fix, true);

		model[1] = model[0];
		for (uint64_t i = draw(fix, 14); i > 0; i--)
			operate(fix, &model[0], txn);
		if (draw(fix, 5) == 0) {
			kai_txn_abort(txn);
			model[0] = model[1];
		} else {
			commit(txn);
		}
		if (fix->lmdb && round % 16 == 0)
			fixture_reopen(fix);
		compare(fix, &model[0]);
	}
	assert_true(model->item_count > 100);
	free(model);
}

/* A number that was given is not given again, else a peer's position would pass over an item. */
static void test_numbers_are_never_reused(void **state)
{
	struct fixture *fix = *state;
	struct model *model = calloc(1, sizeof(*model));
	struct kai_stub stub = {.reason = KAI_STUB_EXPIRED};
	struct kai_txn *txn = begin(fix, true);

	assert_non_null(model);
	add_item(fix, model, txn);
	add_item(fix, model, txn);
	commit(txn);
	txn = begin(fix, true);
	kai_rec_item_del(txn, 2, &stub);
	kai_rec_item_del(txn, 77, &stub); /* not there: nothing happens */
	commit(txn);
	if (fix->lmdb)
		fixture_reopen(fix);
	txn = begin(fix, true);
	assert_int_equal(kai_rec_head(txn), 2);
	add_item(fix, model, txn); /* asserts that it is number 3 */
	commit(txn);
	free(model);
}

static void test_pending_goes_with_its_item(void **state)
{
	struct fixture *fix = *state;
	struct model *model = calloc(1, sizeof(*model));
	struct kai_stub stub = {.reason = KAI_STUB_EXPIRED};
	struct kai_item item;
	struct kai_key key;
	uint8_t thread[KAI_ID_LEN];

	assert_non_null(model);
	struct kai_txn *txn = begin(fix, true);

	do
		add_item(fix, model, txn);
	while (model->items[model->item_count - 1].thread == 0);
	const struct model_item *last = &model->items[model->item_count - 1];

	assert_true(kai_rec_item(txn, last->arrival, &fix->arena, &item));
	item.flags |= KAI_ITEM_PENDING;
	kai_rec_item_put(txn, last->arrival, &item);
	thread_of(last, thread);
	key = kai_key_id_arrival(thread, last->arrival);
	kai_txn_put(txn, KAI_TABLE_PENDING, kai_key_span(&key), kai_span(NULL, 0));
	kai_rec_item_del(txn, last->arrival, &stub);
	assert_int_equal(kai_txn_count(txn, KAI_TABLE_PENDING), 0);
	commit(txn);
	free(model);
}

int main(int argc, char **argv)
{
	struct fixture fix = fixture_of(argc, argv);
	const struct CMUnitTest tests[] = {
		CASE(test_random_operations, &fix),
		CASE(test_numbers_are_never_reused, &fix),
		CASE(test_pending_goes_with_its_item, &fix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
