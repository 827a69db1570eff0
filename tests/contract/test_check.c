/* SPDX-License-Identifier: Apache-2.0 */
/* The integrity check: a sound store is clean, and each thing broken once is told by name. */
#include "world.h"
#include "kairan/rec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FINDINGS 64

struct findings {
	struct {
		enum kai_table table;
		char problem[160];
	} at[MAX_FINDINGS];
	size_t count;
	uint64_t done;
	uint64_t total;
};

static void note(void *context, enum kai_table table, struct kai_span key, const char *problem)
{
	struct findings *findings = context;

	assert_true(findings->count < MAX_FINDINGS);
	assert_true(key.len <= KAI_STORE_MAX_KEY);
	findings->at[findings->count].table = table;
	(void)snprintf(findings->at[findings->count++].problem, sizeof(findings->at[0].problem),
		       "%s", problem);
}

static void progress(void *context, uint64_t done, uint64_t total)
{
	struct findings *findings = context;

	assert_true(done >= findings->done && done <= total);
	findings->done = done;
	findings->total = total;
}

static void run_check(struct fixture *fix, struct findings *findings)
{
	struct kai_store_check check = {.report = note, .progress = progress, .context = findings};
	struct kai_why why = {""};

	*findings = (struct findings){.count = 0};
	assert_int_equal(kai_store_check(fix->store, &check, &why), KAI_ERR_OK);
	assert_int_equal(check.problems, findings->count);
	assert_int_equal(findings->done, findings->total);
}

static void must_tell(const struct findings *findings, enum kai_table table, const char *problem,
		      const char *name)
{
	for (size_t i = 0; i < findings->count; i++) {
		if (findings->at[i].table == table &&
		    strstr(findings->at[i].problem, problem) != NULL)
			return;
	}
	for (size_t i = 0; i < findings->count; i++)
		print_message("# %s: %s\n", kai_table_name(findings->at[i].table),
			      findings->at[i].problem);
	fail_msg("%s: '%s' in %s was not told", name, problem, kai_table_name(table));
}

static void test_sound_store_is_clean(void **state)
{
	struct fixture *fix = *state;
	struct kai_store_check check = {.report = note};
	struct findings *findings = calloc(1, sizeof(*findings));
	struct world world;

	assert_non_null(findings);
	run_check(fix, findings); /* empty */
	assert_int_equal(findings->count, 0);
	world_make(&world, fix);
	run_check(fix, findings);
	for (size_t i = 0; i < findings->count; i++)
		print_message("# %s: %s\n", kai_table_name(findings->at[i].table),
			      findings->at[i].problem);
	assert_int_equal(findings->count, 0);
	assert_true(findings->total > 30);
	check.context = findings;
	assert_int_equal(kai_store_check(fix->store, &check, NULL), KAI_ERR_OK);
	assert_int_equal(check.items, 2);
	free(findings);
}

/* ---- one thing broken ------------------------------------------------------------------------ */

enum edit {
	DELETE, /* the row goes */
	FLIP,	/* a bit of the value; a negative place counts from its end */
	CUT,	/* the value's last byte goes */
	MOVE	/* a bit of the key */
};

static const struct breakage {
	enum kai_table table;
	bool last; /* the last row of the table, else its first */
	enum edit edit;
	int place;
	enum kai_table told;
	const char *problem;
} breakages[] = {
	{KAI_TABLE_ITEMS, false, FLIP, 0, KAI_TABLE_ITEMS, "does not decode"},
	{KAI_TABLE_ITEMS, false, FLIP, 3, KAI_TABLE_ITEMS, "its id is not the hash"},
	{KAI_TABLE_ITEMS, false, FLIP, 3, KAI_TABLE_ITEMS, "not found by its id"},
	{KAI_TABLE_ITEMS, false, FLIP, -2, KAI_TABLE_ITEMS, "a signature does not verify"},
	{KAI_TABLE_ITEMS, false, MOVE, 0, KAI_TABLE_ITEMS, "its number was never given"},
	{KAI_TABLE_ITEMS, false, DELETE, 0, KAI_TABLE_ITEMS, "1 items, but 2 entries in ids"},
	{KAI_TABLE_ITEMS, false, DELETE, 0, KAI_TABLE_IDS, "points at no item of this id"},
	{KAI_TABLE_ITEMS, false, DELETE, 0, KAI_TABLE_PARTS, "a part of no item"},
	{KAI_TABLE_ITEMS, false, DELETE, 0, KAI_TABLE_SUPPLY, "points at no item"},
	{KAI_TABLE_ITEMS, false, DELETE, 0, KAI_TABLE_RELEASED, "points at no item"},
	{KAI_TABLE_ITEMS, false, DELETE, 0, KAI_TABLE_EVIDENCE, "a release of no item here"},
	{KAI_TABLE_ITEMS, false, DELETE, 0, KAI_TABLE_BY_KIND, "no item calls for"},
	{KAI_TABLE_PARTS, false, FLIP, -1, KAI_TABLE_ITEMS, "does not match its hash"},
	{KAI_TABLE_PARTS, false, CUT, 0, KAI_TABLE_PARTS, "does not decode"},
	{KAI_TABLE_PARTS, false, DELETE, 0, KAI_TABLE_ITEMS, "missing or damaged"},
	{KAI_TABLE_PARTS, false, MOVE, 8, KAI_TABLE_PARTS, "its item does not hold"},
	{KAI_TABLE_IDS, false, DELETE, 0, KAI_TABLE_ITEMS, "not found by its id"},
	{KAI_TABLE_IDS, false, FLIP, 0, KAI_TABLE_IDS, "points at no item of this id"},
	{KAI_TABLE_IDS, false, CUT, 0, KAI_TABLE_IDS, "wrong length"},
	{KAI_TABLE_BY_THREAD, false, DELETE, 0, KAI_TABLE_ITEMS, "not in the index by-thread"},
	{KAI_TABLE_BY_ORIGIN, false, DELETE, 0, KAI_TABLE_ITEMS, "not in the index by-origin"},
	{KAI_TABLE_BY_SECTOR, true, DELETE, 0, KAI_TABLE_ITEMS, "not in the index by-sector"},
	{KAI_TABLE_BY_KIND, false, DELETE, 0, KAI_TABLE_ITEMS, "not in the index by-kind"},
	{KAI_TABLE_BY_END, false, DELETE, 0, KAI_TABLE_ITEMS, "not in the index by-end"},
	{KAI_TABLE_BY_THREAD, false, MOVE, 0, KAI_TABLE_BY_THREAD, "no item calls for"},
	{KAI_TABLE_BY_ORIGIN, false, MOVE, 0, KAI_TABLE_BY_ORIGIN, "no item calls for"},
	{KAI_TABLE_BY_SECTOR, false, MOVE, 0, KAI_TABLE_BY_SECTOR, "no item calls for"},
	{KAI_TABLE_BY_KIND, false, MOVE, 0, KAI_TABLE_BY_KIND, "no item calls for"},
	{KAI_TABLE_BY_END, false, MOVE, 0, KAI_TABLE_BY_END, "no item calls for"},
	{KAI_TABLE_TOUCH, false, FLIP, 0, KAI_TABLE_TOUCH, "points at an item that came later"},
	{KAI_TABLE_TOUCH, false, MOVE, 7, KAI_TABLE_TOUCH, "an item has the same number"},
	{KAI_TABLE_TOUCH, false, MOVE, 0, KAI_TABLE_TOUCH, "its number was never given"},
	{KAI_TABLE_SUPPLY, false, MOVE, 8, KAI_TABLE_SUPPLY, "points at no peer"},
	{KAI_TABLE_SUPPLY, false, FLIP, 0, KAI_TABLE_SUPPLY, "does not decode"},
	{KAI_TABLE_RELEASED, false, MOVE, 8, KAI_TABLE_RELEASED, "points at no peer"},
	{KAI_TABLE_RELEASED, false, FLIP, 0, KAI_TABLE_RELEASED, "does not decode"},
	{KAI_TABLE_EVIDENCE, false, FLIP, -1, KAI_TABLE_EVIDENCE, "the release is not valid"},
	{KAI_TABLE_EVIDENCE, false, MOVE, 8, KAI_TABLE_EVIDENCE, "its key is not its hash"},
	{KAI_TABLE_RECEIPTS, false, MOVE, 8, KAI_TABLE_RECEIPTS, "points at no peer"},
	{KAI_TABLE_RECEIPTS, false, MOVE, 0, KAI_TABLE_RECEIPTS, "points at no item"},
	{KAI_TABLE_RECEIPTS, false, FLIP, 0, KAI_TABLE_RECEIPTS, "does not decode"},
	{KAI_TABLE_RECEIPTS, false, FLIP, 3, KAI_TABLE_RECEIPTS, "does not say so"},
	{KAI_TABLE_RECEIPTS, false, DELETE, 0, KAI_TABLE_STATEMENTS, "not as many rows"},
	{KAI_TABLE_STATEMENTS, false, DELETE, 0, KAI_TABLE_RECEIPTS, "missing or damaged"},
	{KAI_TABLE_STATEMENTS, false, FLIP, -1, KAI_TABLE_STATEMENTS, "the receipt is not valid"},
	{KAI_TABLE_STATEMENTS, false, MOVE, 0, KAI_TABLE_STATEMENTS, "its key is not its digest"},
	{KAI_TABLE_OWED, false, MOVE, 0, KAI_TABLE_OWED, "owed to no peer"},
	{KAI_TABLE_OWED, false, MOVE, 10, KAI_TABLE_OWED, "owed of no item"},
	{KAI_TABLE_OWED, false, FLIP, 0, KAI_TABLE_OWED, "does not decode"},
	{KAI_TABLE_BUNDLES, false, FLIP, 0, KAI_TABLE_BUNDLES, "does not decode"},
	{KAI_TABLE_BUNDLES, false, MOVE, 0, KAI_TABLE_BUNDLES, "a bundle of no peer"},
	{KAI_TABLE_BUNDLES, false, MOVE, 10, KAI_TABLE_RELEASED, "in a bundle that is not here"},
	{KAI_TABLE_BUNDLES, false, DELETE, 0, KAI_TABLE_OWED, "by a bundle that is not here"},
	{KAI_TABLE_BUNDLES, false, CUT, 0, KAI_TABLE_BUNDLES, "does not decode"},
	{KAI_TABLE_PENDING, false, MOVE, 32, KAI_TABLE_PENDING, "points at no item"},
	{KAI_TABLE_STUBS, false, FLIP, 0, KAI_TABLE_STUBS, "does not decode"},
	{KAI_TABLE_PEERS, true, DELETE, 0, KAI_TABLE_PEER_ORGS, "points at no peer of this org"},
	{KAI_TABLE_PEERS, true, MOVE, 0, KAI_TABLE_PEERS, "its number is not its key"},
	{KAI_TABLE_PEER_ORGS, false, DELETE, 0, KAI_TABLE_PEERS, "not found by its org"},
	{KAI_TABLE_BOOTS, false, CUT, 0, KAI_TABLE_BOOTS, "wrong length"},
	{KAI_TABLE_CARDS, false, FLIP, 60, KAI_TABLE_CARDS, "the card is not valid"},
	{KAI_TABLE_CARDS, false, MOVE, 39, KAI_TABLE_CARDS, "another org or serial"},
	{KAI_TABLE_RECORDS, false, FLIP, 60, KAI_TABLE_RECORDS, "the node record is not valid"},
	{KAI_TABLE_RECORDS, false, MOVE, 0, KAI_TABLE_RECORDS, "of another org"},
	{KAI_TABLE_AGREEMENTS, false, DELETE, 0, KAI_TABLE_SUPPLY, "agreement that is not here"},
	{KAI_TABLE_AGREEMENTS, false, DELETE, 0, KAI_TABLE_RELEASED, "agreement that is not here"},
	{KAI_TABLE_AGREEMENTS, false, FLIP, 60, KAI_TABLE_AGREEMENTS, "the agreement is not valid"},
	{KAI_TABLE_AGREEMENTS, false, MOVE, 40, KAI_TABLE_AGREEMENTS, "its digest is not its key"},
	{KAI_TABLE_AGREEMENTS, false, MOVE, 0, KAI_TABLE_AGREEMENTS, "with another org"},
	{KAI_TABLE_NOTICES, false, FLIP, 20, KAI_TABLE_NOTICES, "the notice is not valid"},
	{KAI_TABLE_NOTICES, false, MOVE, 0, KAI_TABLE_NOTICES, "another agreement or org"},
	{KAI_TABLE_MEMBERS, false, FLIP, 30, KAI_TABLE_MEMBERS, "the membership is not valid"},
	{KAI_TABLE_MEMBERS, false, MOVE, 71, KAI_TABLE_MEMBERS, "another community or org"},
	{KAI_TABLE_SOURCES, false, FLIP, 0, KAI_TABLE_SOURCES, "does not decode"},
	{KAI_TABLE_ITEMS, false, DELETE, 0, KAI_TABLE_DUTIES, "a duty about no item"},
	{KAI_TABLE_PEERS, true, DELETE, 0, KAI_TABLE_DUTIES, "a duty points at no peer"},
	{KAI_TABLE_DUTIES, false, MOVE, 11, KAI_TABLE_DUTIES, "a duty points at no peer"},
	{KAI_TABLE_DUTIES, false, FLIP, 0, KAI_TABLE_DUTIES, "does not decode"},
	{KAI_TABLE_DUTIES, false, DELETE, 0, KAI_TABLE_DUTIES_OPEN, "marks no duty as open"},
	{KAI_TABLE_DUTIES, false, DELETE, 0, KAI_TABLE_TIMERS, "a timer that no duty has"},
	{KAI_TABLE_DUTIES_OPEN, false, DELETE, 0, KAI_TABLE_DUTIES, "is not marked so"},
	{KAI_TABLE_DUTIES_OPEN, false, MOVE, 10, KAI_TABLE_DUTIES, "is marked open"},
	{KAI_TABLE_DUTIES_OPEN, false, MOVE, 7, KAI_TABLE_DUTIES_OPEN, "marks no duty as open"},
	{KAI_TABLE_TIMERS, false, DELETE, 0, KAI_TABLE_DUTIES, "an open duty has no timer"},
	{KAI_TABLE_TIMERS, false, MOVE, 7, KAI_TABLE_TIMERS, "a timer that no duty has"},
	{KAI_TABLE_PEERS, true, DELETE, 0, KAI_TABLE_OUTAGES, "an opening points at no peer"},
	{KAI_TABLE_OUTAGES, false, MOVE, 2, KAI_TABLE_OUTAGES, "an opening of neither side"},
	{KAI_TABLE_OUTAGES, false, FLIP, 0, KAI_TABLE_OUTAGES, "does not decode"},
	{KAI_TABLE_ITEMS, false, DELETE, 0, KAI_TABLE_LADDERS, "a ladder about no item"},
	{KAI_TABLE_PEERS, true, DELETE, 0, KAI_TABLE_LADDERS, "a ladder points at no peer"},
	{KAI_TABLE_LADDERS, false, MOVE, 8, KAI_TABLE_LADDERS, "a ladder points at no peer"},
	{KAI_TABLE_LADDERS, false, FLIP, 0, KAI_TABLE_LADDERS, "does not decode"},
	{KAI_TABLE_LADDERS, false, DELETE, 0, KAI_TABLE_LADDERS_OPEN, "marks no ladder as open"},
	{KAI_TABLE_LADDERS, false, DELETE, 0, KAI_TABLE_TIMERS, "a timer that no ladder has"},
	{KAI_TABLE_LADDERS, true, DELETE, 0, KAI_TABLE_CALLS, "marks a call of no ladder"},
	{KAI_TABLE_LADDERS_OPEN, false, DELETE, 0, KAI_TABLE_LADDERS, "is not marked so"},
	{KAI_TABLE_LADDERS_OPEN, false, MOVE, 9, KAI_TABLE_LADDERS, "is marked open"},
	{KAI_TABLE_CALLS, false, DELETE, 0, KAI_TABLE_LADDERS, "mark among the calls is wrong"},
	{KAI_TABLE_CALLS, false, MOVE, 0, KAI_TABLE_CALLS, "marks a call of no ladder"},
	{KAI_TABLE_TIMERS, true, DELETE, 0, KAI_TABLE_LADDERS, "an open ladder has no timer"},
	{KAI_TABLE_META, false, CUT, 0, KAI_TABLE_META, "wrong length"},
	{KAI_TABLE_JOURNAL, false, FLIP, 40, KAI_TABLE_JOURNAL, "chain breaks here"},
	{KAI_TABLE_JOURNAL, false, DELETE, 0, KAI_TABLE_JOURNAL, "have a gap"},
	{KAI_TABLE_JOURNAL, true, DELETE, 0, KAI_TABLE_JOURNAL, "written last"},
	{KAI_TABLE_JOURNAL, true, FLIP, 40, KAI_TABLE_JOURNAL, "written last"},
};

struct row {
	struct kai_key key;
	uint8_t value[8192];
	size_t len;
};

static void read_row(struct kai_txn *txn, const struct breakage *what, struct row *ret)
{
	struct kai_scan scan;
	struct kai_span key;
	struct kai_span value;

	kai_scan_init(&scan, txn, what->table, kai_span(NULL, 0), kai_span(NULL, 0), what->last);
	assert_true(kai_scan_next(&scan, &key, &value));
	assert_true(value.len <= sizeof(ret->value));
	ret->key = kai_key_bytes(key.at, key.len);
	ret->len = value.len;
	if (value.len > 0)
		memcpy(ret->value, value.at, value.len);
}

static void edit_row(const struct breakage *what, struct row *row)
{
	switch (what->edit) {
	case DELETE:
		break;
	case FLIP:
		row->value[what->place >= 0 ? (size_t)what->place
					    : row->len - (size_t)-what->place] ^= 1;
		break;
	case CUT:
		row->len--;
		break;
	case MOVE:
		row->key.at[what->place] ^= 1;
		break;
	}
}

static void swap_row(struct fixture *fix, const struct breakage *what, const struct row *away,
		     const struct row *in)
{
	struct kai_txn *txn = begin(fix, true);

	if (away != NULL)
		assert_true(kai_txn_del(txn, what->table, kai_key_span(&away->key)));
	if (in != NULL)
		kai_txn_put(txn, what->table, kai_key_span(&in->key), kai_span(in->value, in->len));
	commit(txn);
}

static void test_each_breakage_is_told(void **state)
{
	struct fixture *fix = *state;
	struct findings *findings = calloc(1, sizeof(*findings));
	struct world world;
	struct row sound;
	struct row broken;
	char name[64];

	assert_non_null(findings);
	world_make(&world, fix);
	for (size_t i = 0; i < sizeof(breakages) / sizeof(breakages[0]); i++) {
		const struct breakage *what = &breakages[i];
		struct kai_txn *txn = begin(fix, false);

		read_row(txn, what, &sound);
		kai_txn_abort(txn);
		broken = sound;
		edit_row(what, &broken);
		swap_row(fix, what, &sound, what->edit == DELETE ? NULL : &broken);
		run_check(fix, findings);
		(void)snprintf(name, sizeof(name), "breakage %zu of %s", i,
			       kai_table_name(what->table));
		must_tell(findings, what->told, what->problem, name);
		swap_row(fix, what, what->edit == DELETE ? NULL : &broken, &sound);
	}
	run_check(fix, findings);
	assert_int_equal(findings->count, 0);
	free(findings);
}

/* ---- what takes more than one row ------------------------------------------------------------ */

static void test_bundles_of_nowhere(void **state)
{
	static const struct {
		unsigned way;
		uint64_t number;
		const char *problem;
	} odd[] = {{KAI_BUNDLE_WAYS, 5, "neither written nor taken"},
		   {KAI_BUNDLE_IN, 0, "a bundle without a number"}};
	struct fixture *fix = *state;
	struct findings *findings = calloc(1, sizeof(*findings));
	const struct kai_bundle_rec rec = {.at = 1};
	struct world world;

	assert_non_null(findings);
	world_make(&world, fix);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct kai_key key =
			kai_key_bundle(1, (enum kai_bundle_way)odd[i].way, odd[i].number);
		struct kai_txn *txn = begin(fix, true);

		kai_rec_put(txn, KAI_TABLE_BUNDLES, &key, &kai_object_bundle_rec, &rec);
		commit(txn);
		run_check(fix, findings);
		assert_int_equal(findings->count, 1);
		must_tell(findings, KAI_TABLE_BUNDLES, odd[i].problem, "a bundle of nowhere");
		txn = begin(fix, true);
		assert_true(kai_txn_del(txn, KAI_TABLE_BUNDLES, kai_key_span(&key)));
		commit(txn);
	}
	free(findings);
}

static void test_signer_without_card(void **state)
{
	struct fixture *fix = *state;
	struct findings *findings = calloc(1, sizeof(*findings));
	struct kai_key card;
	struct world world;

	assert_non_null(findings);
	world_make(&world, fix);
	world.txn = begin(fix, true);
	(void)world_add_item(&world, &world.stranger, "third", false);
	commit(world.txn);
	run_check(fix, findings);
	assert_int_equal(findings->count, 1);
	must_tell(findings, KAI_TABLE_ITEMS, "a signing key stands in no card", "stranger");
	card = kai_key_card(world.other.root.key, 10);
	world.txn = begin(fix, true);
	assert_true(kai_txn_del(world.txn, KAI_TABLE_CARDS, kai_key_span(&card)));
	commit(world.txn);
	run_check(fix, findings);
	must_tell(findings, KAI_TABLE_ITEMS, "its origin's card is not here", "no card");
	free(findings);
}

static void test_position_beyond_the_log(void **state)
{
	struct fixture *fix = *state;
	struct findings *findings = calloc(1, sizeof(*findings));
	struct kai_peer peer;
	struct world world;

	assert_non_null(findings);
	world_make(&world, fix);
	world.txn = begin(fix, true);
	assert_true(kai_rec_peer(world.txn, world.other.root.key, &fix->arena, &peer));
	peer.position = kai_rec_head(world.txn);
	kai_rec_peer_put(world.txn, &peer);
	commit(world.txn);
	run_check(fix, findings);
	assert_int_equal(findings->count, 0);
	world.txn = begin(fix, true);
	peer.position++;
	kai_rec_peer_put(world.txn, &peer);
	commit(world.txn);
	run_check(fix, findings);
	assert_int_equal(findings->count, 1);
	must_tell(findings, KAI_TABLE_PEERS, "beyond the log", "position");
	free(findings);
}

/* More rows than one transaction of the check takes. */
static void test_many_rows(void **state)
{
	struct fixture *fix = *state;
	struct findings *findings = calloc(1, sizeof(*findings));
	struct kai_journal entry = {.at = 1, .event = kai_span_str("test")};
	struct kai_txn *txn = begin(fix, true);

	assert_non_null(findings);
	for (unsigned i = 0; i < 1000; i++)
		kai_journal_append(txn, &entry);
	commit(txn);
	run_check(fix, findings);
	assert_int_equal(findings->count, 0);
	assert_true(findings->total > 1000);
	free(findings);
}

int main(int argc, char **argv)
{
	struct fixture fix = fixture_of(argc, argv);
	const struct CMUnitTest tests[] = {
		CASE(test_sound_store_is_clean, &fix),	  CASE(test_each_breakage_is_told, &fix),
		CASE(test_bundles_of_nowhere, &fix),	  CASE(test_signer_without_card, &fix),
		CASE(test_position_beyond_the_log, &fix), CASE(test_many_rows, &fix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
