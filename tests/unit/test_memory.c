/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the store in memory has beside the contract: a pool that many stores share, copies of a
 * store, and what becomes of both when memory runs out. Stores are held against a plain model. The
 * linker puts our functions in front of malloc and friends (--wrap).
 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kairan/records.h"

#define STORES 4
#define KEYS 300u /* of one table; more than two leaves hold */
#define VALUE_MAX 2000u

/* Functions that stand in front of the C library's have nobody to hand them a context. */
static struct {
	bool armed;
	unsigned left; /* calls that still succeed */
	unsigned failures;
} memory;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c): the names are the linker's */
void *__real_malloc(size_t len);
void *__real_calloc(size_t count, size_t len);
void *__real_realloc(void *at, size_t len);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t count, size_t len);
void *__wrap_realloc(void *at, size_t len);

static bool refused(void)
{
	if (!memory.armed || memory.left-- > 0)
		return false;
	memory.left = 0;
	memory.failures++;
	return true;
}

void *__wrap_malloc(size_t len)
{
	return refused() ? NULL : __real_malloc(len);
}

void *__wrap_calloc(size_t count, size_t len)
{
	return refused() ? NULL : __real_calloc(count, len);
}

void *__wrap_realloc(void *at, size_t len)
{
	return refused() ? NULL : __real_realloc(at, len);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c) */

/* ---- a model --------------------------------------------------------------------------------- */

/* What each key has: the number that its value is made from; 0: nothing. */
struct model {
	uint16_t values[KAI_TABLE_END][KEYS];
};

struct world {
	struct kai_bytes_pool *pool;
	struct kai_store *stores[STORES];
	struct model models[STORES];
	uint64_t seed;
};

static uint64_t draw(struct world *world, uint64_t below)
{
	world->seed ^= world->seed >> 12;
	world->seed ^= world->seed << 25;
	world->seed ^= world->seed >> 27;
	return (world->seed * 0x2545f4914f6cdd1du >> 11) % below;
}

static void fill(uint64_t number, uint8_t *at, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		number = number * 6364136223846793005u + 1442695040888963407u;
		at[i] = (uint8_t)(number >> 56);
	}
}

/* Keys of every table look as they do in records.h, and some are short or long. */
static struct kai_key key_of(enum kai_table table, unsigned number)
{
	uint8_t bytes[KAI_STORE_MAX_KEY];
	static const uint8_t heads[KAI_TABLE_END] = {
		[KAI_TABLE_IDS] = 32,	     [KAI_TABLE_BY_THREAD] = 16,
		[KAI_TABLE_BY_ORIGIN] = 8,   [KAI_TABLE_BY_SECTOR] = 8,
		[KAI_TABLE_AGREEMENTS] = 64, [KAI_TABLE_MEMBERS] = 72,
		[KAI_TABLE_STUBS] = 32,	     [KAI_TABLE_SOURCES] = KAI_STORE_MAX_KEY - 8};
	size_t head = number % 50 == 49 ? 1 + number % 7 : heads[table];

	fill(number / 5, bytes, head);
	kai_put_be64(bytes + head, number);
	return kai_key_bytes(bytes, head + 8);
}

/* Records, and bytes that are none: cut off, empty, one long string, numbers that claim more. */
static size_t value_of(unsigned value, uint8_t ret[VALUE_MAX])
{
	static const uint16_t strings[] = {0, 15, 16, 32, 63, 64, 65, 200, 255};
	size_t len = 0;

	memset(ret, 0xc4, VALUE_MAX);
	for (unsigned i = 0; i < 1 + value % 11; i++) {
		uint16_t string = strings[(value / 3 + i) % 9];

		ret[len++] = 0xcf;
		kai_put_be64(ret + len, 1900000000000u + value);
		len += 8;
		ret[len++] = 0xc5;
		ret[len++] = (uint8_t)(string >> 8);
		ret[len++] = (uint8_t)string;
		fill(value % 17 + i, ret + len, string);
		len += value % 5 == 4 ? 0 : string;
		if (len > VALUE_MAX - 300)
			break;
	}
	return value % 13 == 12 ? value % 70 : len;
}

static void check(struct kai_txn *txn, const struct model *model)
{
	uint8_t bytes[VALUE_MAX];
	struct kai_scan scan;
	struct kai_span got;
	struct kai_span before = {NULL, 0};
	uint8_t last[KAI_STORE_MAX_KEY];
	struct kai_span key;

	for (unsigned table = 0; table < KAI_TABLE_END; table++) {
		uint64_t count = 0;

		for (unsigned i = 0; i < KEYS; i++) {
			struct kai_key at = key_of((enum kai_table)table, i);
			unsigned value = model->values[table][i];
			bool is = kai_txn_get(txn, (enum kai_table)table, kai_key_span(&at), &got);

			assert_int_equal(is, value != 0);
			assert_true(!is ||
				    kai_span_equal(got, kai_span(bytes, value_of(value, bytes))));
			count += is;
		}
		count += table == KAI_TABLE_META; /* the schema */
		assert_int_equal(kai_txn_count(txn, (enum kai_table)table), count);
		kai_scan_init(&scan, txn, (enum kai_table)table, before, before, table % 2 == 1);
		for (key = kai_span(last, 0); kai_scan_next(&scan, &got, NULL); count--) {
			assert_true(key.len == 0 ||
				    (kai_span_compare(key, got) < 0) == (table % 2 == 0));
			memcpy(last, got.at, got.len);
			key = kai_span(last, got.len);
		}
		assert_int_equal(count, 0);
	}
	assert_int_equal(kai_txn_error(txn), KAI_ERR_OK);
}

static void check_store(struct kai_store *store, const struct model *model)
{
	struct kai_txn *txn;

	assert_int_equal(kai_txn_begin(store, false, &txn, NULL), KAI_ERR_OK);
	check(txn, model);
	kai_txn_abort(txn);
}

/* One put or del in a few tables of its choice. */
static void change(struct world *world, struct kai_txn *txn, struct model *model)
{
	enum kai_table table = (enum kai_table)(draw(world, 5) * 5 + draw(world, 2));
	unsigned number = (unsigned)draw(world, KEYS);
	unsigned value = (unsigned)draw(world, 4) == 0 ? 0 : 1 + (unsigned)draw(world, 2000);
	struct kai_key key = key_of(table, number);
	uint8_t bytes[VALUE_MAX];

	if (value == 0)
		assert_int_equal(kai_txn_del(txn, table, kai_key_span(&key)),
				 model->values[table][number] != 0 &&
					 kai_txn_error(txn) == KAI_ERR_OK);
	else
		kai_txn_put(txn, table, kai_key_span(&key),
			    kai_span(bytes, value_of(value, bytes)));
	model->values[table][number] = (uint16_t)value;
}

static void setup(struct world *world, uint64_t seed)
{
	struct kai_store_options options = {0};

	*world = (struct world){.seed = seed};
	assert_int_equal(kai_bytes_pool_new(&world->pool), KAI_ERR_OK);
	options.pool = world->pool;
	for (unsigned i = 0; i < STORES; i++)
		assert_int_equal(kai_store_open_memory(&options, &world->stores[i]), KAI_ERR_OK);
}

static void teardown(struct world *world)
{
	struct kai_bytes_usage usage;

	for (unsigned i = 0; i < STORES; i++)
		kai_store_close(world->stores[i]);
	kai_bytes_pool_usage(world->pool, &usage);
	assert_int_equal(usage.strings, 0);
	for (unsigned i = 0; i < KAI_TABLE_END; i++)
		assert_int_equal(usage.table_bytes[i], 0);
	kai_bytes_pool_free(world->pool);
}

/* ---- cases ----------------------------------------------------------------------------------- */

/* Puts, dels, rollbacks, readers that stay, copies that replace other stores. */
static void test_model(void **state)
{
	static struct world world;
	static struct model kept, changed;
	struct kai_txn *reader = NULL;

	(void)state;
	setup(&world, 7);
	for (unsigned round = 0; round < 400; round++) {
		unsigned at = (unsigned)draw(&world, STORES);
		unsigned to = (at + 1) % STORES;
		struct kai_txn *txn;

		if (round % 40 == 10) {
			assert_int_equal(kai_txn_begin(world.stores[at], false, &reader, NULL), 0);
			kept = world.models[at];
			to = at; /* it may not be closed */
		}
		assert_int_equal(kai_txn_begin(world.stores[at], true, &txn, NULL), KAI_ERR_OK);
		changed = world.models[at];
		for (uint64_t i = draw(&world, 60); i > 0; i--)
			change(&world, txn, &changed);
		if (round % 20 == 0)
			check_store(world.stores[at], &world.models[at]);
		if (draw(&world, 3) == 0) {
			kai_txn_abort(txn);
		} else {
			assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
			world.models[at] = changed;
		}
		if (round % 40 == 30) {
			check(reader, &kept);
			kai_txn_abort(reader);
		}
		if (round % 40 == 35 && to != at) {
			kai_store_close(world.stores[to]);
			assert_int_equal(kai_store_copy_memory(world.stores[at], &world.stores[to]),
					 KAI_ERR_OK);
			world.models[to] = world.models[at];
		}
		if (round % 20 == 19)
			check_store(world.stores[at], &world.models[at]);
	}
	for (unsigned i = 0; i < STORES; i++)
		check_store(world.stores[i], &world.models[i]);
	teardown(&world);
}

/* A copy has what was committed, not what a writer is about; then each goes its own way. */
static void test_copy(void **state)
{
	static struct world world;
	static struct model old, new;
	struct kai_store *copy;
	struct kai_txn *txn;

	(void)state;
	setup(&world, 11);
	for (unsigned round = 0; round < 2; round++) {
		assert_int_equal(kai_txn_begin(world.stores[0], true, &txn, NULL), KAI_ERR_OK);
		for (unsigned i = 0; i < 300; i++)
			change(&world, txn, &new);
		if (round == 0) {
			assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
			old = new;
		}
	}
	assert_int_equal(kai_store_copy_memory(world.stores[0], &copy), KAI_ERR_OK);
	check_store(copy, &old);
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
	check_store(world.stores[0], &new);
	check_store(copy, &old);
	assert_int_equal(kai_txn_begin(copy, true, &txn, NULL), KAI_ERR_OK);
	for (unsigned i = 0; i < 50; i++)
		change(&world, txn, &old);
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
	check_store(world.stores[0], &new);
	check_store(copy, &old);
	kai_store_close(copy);
	teardown(&world);
}

/* What lies in one store costs little in the next; a copy costs nothing until it is written to. */
static void test_shared(void **state)
{
	static struct world world;
	static struct model model;
	struct kai_bytes_usage one, all;
	struct kai_store *copies[STORES];
	struct kai_txn *txn;
	uint64_t rows = 0;

	(void)state;
	setup(&world, 13);
	for (unsigned i = 0; i < STORES; i++) {
		world.seed = 13;
		memset(&model, 0, sizeof(model));
		assert_int_equal(kai_txn_begin(world.stores[i], true, &txn, NULL), KAI_ERR_OK);
		for (unsigned k = 0; k < 1000; k++)
			change(&world, txn, &model);
		assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
		kai_bytes_pool_usage(world.pool, &all);
		if (i == 0)
			one = all;
	}
	assert_int_equal(all.strings, one.strings);
	assert_int_equal(all.string_bytes, one.string_bytes);
	for (unsigned i = 0; i < KAI_TABLE_END; i++)
		rows += all.table_bytes[i];
	assert_true(rows > 0);
	for (unsigned i = 0; i < STORES; i++)
		assert_int_equal(kai_store_copy_memory(world.stores[i], &copies[i]), KAI_ERR_OK);
	kai_bytes_pool_usage(world.pool, &one);
	assert_memory_equal(&one, &all, sizeof(all));
	for (unsigned i = 0; i < STORES; i++)
		kai_store_close(copies[i]);
	teardown(&world);
}

/* Memory runs out at the k-th call, for each k: what was committed is there, or nothing is said. */
static void test_no_memory(void **state)
{
	static struct world world;
	static struct model before, changed;
	unsigned lost = 0;
	unsigned kept = 0;

	(void)state;
	for (unsigned k = 0;; k++) {
		struct kai_txn *txn = NULL;
		struct kai_txn *reader = NULL;
		enum kai_err err;

		setup(&world, 17 + k % 3);
		assert_int_equal(kai_txn_begin(world.stores[0], true, &txn, NULL), KAI_ERR_OK);
		for (unsigned i = 0; i < 400; i++)
			change(&world, txn, &world.models[0]);
		assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
		assert_int_equal(kai_txn_begin(world.stores[0], false, &reader, NULL), KAI_ERR_OK);
		before = world.models[0];
		changed = before;
		memory.left = k;
		memory.failures = 0;
		memory.armed = true;
		err = kai_txn_begin(world.stores[0], true, &txn, NULL);
		for (unsigned i = 0; err == KAI_ERR_OK && i < 200; i++)
			change(&world, txn, &changed);
		if (err == KAI_ERR_OK) {
			err = k % 2 == 0 ? kai_txn_commit(txn, NULL) : KAI_ERR_BUSY;
			if (k % 2 != 0)
				kai_txn_abort(txn);
		}
		memory.armed = false;
		if (err == KAI_ERR_OK)
			world.models[0] = changed;
		if (kai_txn_begin(world.stores[0], false, &txn, NULL) == KAI_ERR_OK) {
			check(txn, &world.models[0]);
			kai_txn_abort(txn);
			kept++;
		} else {
			lost++;
		}
		check(reader, &before);
		kai_txn_abort(reader);
		teardown(&world);
		if (memory.failures == 0)
			break;
	}
	assert_true(kept > 100);
	print_message("# %u places, %u of them cost the store\n", kept + lost, lost);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
