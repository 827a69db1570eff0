/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The world fails under the engine: at every place where it takes memory, asks the store, or reads a
 * value, once each. A turn that failed is not committed, its node is restarted from the store; in
 * the end everybody holds what was published and the stores are whole. A place is a stack of
 * callers; the linker puts our functions in front of the real ones (--wrap).
 */
#include "net.h"

#include <execinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kairan/rec.h"

#define MAX_PLACES 16384u
#define CALLERS 6 /* of the function that fails; more tell more places apart and take longer */

enum what {
	FAIL_MEMORY, /* malloc and friends give NULL */
	FAIL_ARENA,  /* the step's scratch is used up */
	FAIL_STORE,  /* a read or write gives an error */
	FAIL_VALUE,  /* a value is cut short */
};

/* Functions that stand in front of the C library's have nobody to hand them a context. */
static struct {
	bool armed, struck;
	enum what what;
	uint64_t places[MAX_PLACES]; /* that have failed, a hash table; 0: free */
	size_t place_count;
} faults;

static uint64_t place_here(void)
{
	void *callers[CALLERS + 2] = {NULL};
	uint64_t hash = 14695981039346656037u;
	int count = backtrace(callers, CALLERS + 2);

	for (int i = 2; i < count; i++)
		hash = (hash ^ (uintptr_t)callers[i]) * 1099511628211u;
	return hash | 1;
}

/* Should it fail here and now? One failure a turn, one at each place. */
__attribute__((noinline)) static bool strike(enum what what)
{
	if (!faults.armed || faults.struck || faults.what != what)
		return false;
	uint64_t place = place_here();
	size_t slot = place / 2 % MAX_PLACES;

	while (faults.places[slot] != 0 && faults.places[slot] != place)
		slot = (slot + 1) % MAX_PLACES;
	if (faults.places[slot] == place)
		return false;
	assert_true(++faults.place_count < MAX_PLACES / 2);
	faults.places[slot] = place;
	faults.struck = true;
	return true;
}

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c): the names are the linker's */
void *__real_malloc(size_t len);
void *__real_calloc(size_t count, size_t len);
void *__real_realloc(void *at, size_t len);
void *__real_kai_arena_take(struct kai_arena *arena, size_t len);
bool __real_kai_txn_get(struct kai_txn *txn, enum kai_table table, struct kai_span key,
			struct kai_span *ret);
bool __real_kai_scan_next(struct kai_scan *scan, struct kai_span *ret_key,
			  struct kai_span *ret_value);
void __real_kai_txn_put(struct kai_txn *txn, enum kai_table table, struct kai_span key,
			struct kai_span value);
void __real_kai_txn_append(struct kai_txn *txn, enum kai_table table, struct kai_span key,
			   struct kai_span value);
bool __real_kai_txn_del(struct kai_txn *txn, enum kai_table table, struct kai_span key);

void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t count, size_t len);
void *__wrap_realloc(void *at, size_t len);
void *__wrap_kai_arena_take(struct kai_arena *arena, size_t len);
bool __wrap_kai_txn_get(struct kai_txn *txn, enum kai_table table, struct kai_span key,
			struct kai_span *ret);
bool __wrap_kai_scan_next(struct kai_scan *scan, struct kai_span *ret_key,
			  struct kai_span *ret_value);
void __wrap_kai_txn_put(struct kai_txn *txn, enum kai_table table, struct kai_span key,
			struct kai_span value);
void __wrap_kai_txn_append(struct kai_txn *txn, enum kai_table table, struct kai_span key,
			   struct kai_span value);
bool __wrap_kai_txn_del(struct kai_txn *txn, enum kai_table table, struct kai_span key);

void *__wrap_malloc(size_t len)
{
	return strike(FAIL_MEMORY) ? NULL : __real_malloc(len);
}

void *__wrap_calloc(size_t count, size_t len)
{
	return strike(FAIL_MEMORY) ? NULL : __real_calloc(count, len);
}

void *__wrap_realloc(void *at, size_t len)
{
	return strike(FAIL_MEMORY) ? NULL : __real_realloc(at, len);
}

void *__wrap_kai_arena_take(struct kai_arena *arena, size_t len)
{
	return __real_kai_arena_take(arena, strike(FAIL_ARENA) ? SIZE_MAX : len);
}

bool __wrap_kai_txn_get(struct kai_txn *txn, enum kai_table table, struct kai_span key,
			struct kai_span *ret)
{
	if (strike(FAIL_STORE))
		kai_txn_fail(txn, KAI_ERR_IO);
	bool there = __real_kai_txn_get(txn, table, key, ret);

	if (there && ret->len > 0 && strike(FAIL_VALUE))
		ret->len--;
	return there;
}

bool __wrap_kai_scan_next(struct kai_scan *scan, struct kai_span *ret_key,
			  struct kai_span *ret_value)
{
	if (strike(FAIL_STORE))
		kai_txn_fail(scan->txn, KAI_ERR_IO);
	bool there = __real_kai_scan_next(scan, ret_key, ret_value);

	if (there && ret_value != NULL && ret_value->len > 0 && strike(FAIL_VALUE))
		ret_value->len--;
	if (there && ret_key != NULL && ret_key->len > 0 && strike(FAIL_VALUE))
		ret_key->len--;
	return there;
}

void __wrap_kai_txn_put(struct kai_txn *txn, enum kai_table table, struct kai_span key,
			struct kai_span value)
{
	if (strike(FAIL_STORE))
		kai_txn_fail(txn, KAI_ERR_FULL);
	__real_kai_txn_put(txn, table, key, value);
}

void __wrap_kai_txn_append(struct kai_txn *txn, enum kai_table table, struct kai_span key,
			   struct kai_span value)
{
	if (strike(FAIL_STORE))
		kai_txn_fail(txn, KAI_ERR_FULL);
	__real_kai_txn_append(txn, table, key, value);
}

bool __wrap_kai_txn_del(struct kai_txn *txn, enum kai_table table, struct kai_span key)
{
	if (strike(FAIL_STORE))
		kai_txn_fail(txn, KAI_ERR_IO);
	return __real_kai_txn_del(txn, table, key);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c) */

static void begin(void *context)
{
	(void)context;
	faults.struck = false;
	faults.armed = true;
}

/* A turn that met a broken value or had no scratch left may have come to an answer: it is thrown
 * away like the others, so that the scenario's requests are what they were. */
static bool end(void *context)
{
	(void)context;
	faults.armed = false;
	return !faults.struck || faults.what == FAIL_STORE;
}

static const struct net_watch watch = {begin, end, NULL};

/* Until a while passes in which nothing failed and every link of the chain is there. */
static void settle(struct net *net)
{
	size_t deaths;

	for (unsigned rounds = 0;; rounds++) {
		bool whole = true;

		assert_true(rounds < MAX_PLACES);
		deaths = net->deaths;
		for (unsigned i = 0; i + 1 < net->count; i++) {
			if (net->linked[i][i + 1])
				continue;
			whole = false;
			net_link(net, i, i + 1);
			net_run(net);
		}
		net_pass(net, whole ? 20000 : 2000);
		if (whole && net->deaths == deaths)
			return;
	}
}

static void import_member(struct net *net, unsigned keeper, unsigned member)
{
	struct kai_ctl_member request = {.name = kai_span_str("circle")};
	struct kai_ctl_member_import import = {.bytes = {NULL, 0}};

	memcpy(request.org, net->nodes[member].config.org, KAI_ID_LEN);
	assert_int_equal(net_control(net, keeper, KAI_CONTROL_MEMBER, &request), 0);
	import.bytes = net->nodes[keeper].answer.body;
	for (unsigned i = 0; i < net->count; i++)
		if (i != keeper)
			assert_int_equal(net_control(net, i, KAI_CONTROL_MEMBER_IMPORT, &import),
					 0);
}

static void notice(struct net *net, unsigned from, unsigned to, uint64_t action)
{
	net_notice(net, from, to, action);
	settle(net);
}

static void is_whole(struct net *net)
{
	for (unsigned i = 0; i < net->count; i++) {
		struct kai_store_check check = {.report = NULL};

		assert_int_equal(kai_store_check(net->nodes[i].store, &check, NULL), KAI_ERR_OK);
		assert_int_equal(check.problems, 0);
	}
}

/* Everything that three nodes in a chain do with one another. */
static void live_through(enum what what)
{
	struct net *net;
	struct kai_community circle = {.name = kai_span_str("circle")};
	struct net_terms terms = {.introduce = true, .communities = &circle, .community_count = 1};
	struct net_item items[5] = {
		{.kind = KAI_KIND_ALERT, .urgency = KAI_URGENCY_NOW},
		{.attachment = 150000},
		{.tlp = KAI_TLP_AMBER, .audience_count = 1, .sector = "jp-seed7:pow"},
		{.tlp = KAI_TLP_AMBER, .audience_count = 2},
		{.attachment = 100},
	};
	uint8_t ids[5][KAI_ID_LEN], retraction[KAI_ID_LEN], late[KAI_ID_LEN];

	memset(&faults, 0, sizeof(faults));
	faults.what = what;
	net = net_new_watched(3, &watch);
	memcpy(circle.keeper, net->nodes[0].config.org, KAI_ID_LEN);
	const uint8_t *first = net_agree(net, 0, 1, &terms);
	(void)net_agree(net, 1, 2, &terms);
	settle(net);
	import_member(net, 0, 1);
	import_member(net, 0, 2);
	items[2].audience[0] =
		(struct kai_audience_entry){.type = KAI_AUD_COMMUNITY,
					    .org = kai_span(circle.keeper, KAI_ID_LEN),
					    .text = circle.name};
	items[3].audience[0] = net_org(net, 1);
	items[3].audience[1] = net_org(net, 2);
	for (size_t i = 0; i < 5; i++) {
		items[i].supersedes = i == 4 ? ids[1] : NULL;
		net_publish(net, 0, &items[i], ids[i]);
		settle(net);
	}
	net_retract(net, 0, ids[0], retraction);
	settle(net);
	notice(net, 1, 0, KAI_NOTICE_SUSPEND);
	net_publish(net, 2, &(struct net_item){.tlp = 0}, late);
	notice(net, 1, 0, KAI_NOTICE_RESUME);
	terms.serial = 2;
	terms.predecessor = first;
	(void)net_agree(net, 0, 1, &terms);
	settle(net);
	for (unsigned node = 0; node < 3; node++) {
		for (size_t i = 1; i < 5; i++)
			assert_true(net_holds(net, node, ids[i], NULL));
		assert_true(net_holds(net, node, retraction, NULL));
		assert_true(net_holds(net, node, late, NULL));
	}
	is_whole(net);
	print_message("# failed at %zu places, %zu restarts\n", faults.place_count, net->deaths);
	assert_true(net->deaths > 20);
	net_free(net);
}

static void memory_runs_out_everywhere(void **state)
{
	(void)state;
	live_through(FAIL_MEMORY);
}

static void scratch_runs_out_everywhere(void **state)
{
	(void)state;
	live_through(FAIL_ARENA);
}

static void the_store_fails_everywhere(void **state)
{
	(void)state;
	live_through(FAIL_STORE);
}

static void every_value_comes_back_cut_short(void **state)
{
	(void)state;
	live_through(FAIL_VALUE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_runs_out_everywhere),
		cmocka_unit_test(scratch_runs_out_everywhere),
		cmocka_unit_test(the_store_fails_everywhere),
		cmocka_unit_test(every_value_comes_back_cut_short),
	};
	void *warm[1];

	(void)backtrace(warm, 1); /* loads what it needs before memory fails */
	return cmocka_run_group_tests_name("engine-faults", tests, NULL, NULL);
}
