/* SPDX-License-Identifier: Apache-2.0 */
/* The integrity check: walks every table in short transactions, so that a node may go on beside. */
#include "check_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_A_TIME 256
#define BYTES_A_TIME ((size_t)4 * 1024 * 1024)
#define ROW_ARENA ((size_t)1024 * 1024) /* the widest signed terms, decoded */

/* ---- findings -------------------------------------------------------------------------------- */

void kai_check_problem(struct kai_check_run *run, struct kai_span key, const char *problem)
{
	run->check->problems++;
	run->check->report(run->check->context, run->table, key, problem);
}

void kai_check_fault(struct kai_check_run *run, struct kai_span key, const char *what,
		     enum kai_fault fault)
{
	char text[160];

	(void)snprintf(text, sizeof(text), "%s: %s", what, kai_fault_text(fault));
	kai_check_problem(run, key, text);
}

bool kai_check_read(struct kai_check_run *run, enum kai_table table, const struct kai_key *key,
		    const struct kai_object *object, void *ret)
{
	struct kai_span value;

	return kai_txn_get(run->txn, table, kai_key_span(key), &value) &&
	       kai_object_decode(object, value, &run->arena, ret) == KAI_FAULT_NONE;
}

bool kai_check_decode(struct kai_check_run *run, struct kai_span key, struct kai_span value,
		      const struct kai_object *object, void *ret)
{
	enum kai_fault fault = kai_object_decode(object, value, &run->arena, ret);

	if (fault != KAI_FAULT_NONE)
		kai_check_fault(run, key, "the record does not decode", fault);
	return fault == KAI_FAULT_NONE;
}

bool kai_check_lengths(struct kai_check_run *run, struct kai_span key, size_t key_len,
		       struct kai_span value, size_t value_len)
{
	if (key.len == key_len && value.len == value_len)
		return true;
	kai_check_problem(run, key, "a key or value of the wrong length");
	return false;
}

bool kai_check_there(struct kai_check_run *run, enum kai_table table, struct kai_span key)
{
	struct kai_span value;

	return kai_txn_get(run->txn, table, key, &value);
}

/* ---- meta and journal ------------------------------------------------------------------------ */

static void check_meta(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	static const struct {
		const char *word;
		size_t len;
	} words[] = {
		{KAI_META_SCHEMA, 8},
		{KAI_META_ORG, KAI_ID_LEN},
		{KAI_META_EPOCH, 16},
		{KAI_META_HEAD, 8},
		{KAI_META_JOURNAL, 8 + KAI_ID_LEN},
		{KAI_META_CLOCK, 8},
		{KAI_META_REALM, KAI_REALM_LEN},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (kai_span_equal(key, kai_span_str(words[i].word)))
			(void)kai_check_lengths(run, key, key.len, value, words[i].len);
	}
}

static void check_journal(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	struct kai_journal entry;

	if (key.len != 8 || kai_get_be64(key.at) != run->journal_number + 1)
		kai_check_problem(run, key, "the journal's numbers have a gap before this entry");
	if (kai_check_decode(run, key, value, &kai_object_journal, &entry) &&
	    !kai_id_equal(entry.previous, run->journal_hash))
		kai_check_problem(run, key,
				  "the journal's chain breaks here: the entry before was "
				  "changed or removed");
	run->journal_number = key.len == 8 ? kai_get_be64(key.at) : run->journal_number + 1;
	kai_hash(KAI_CTX_JOURNAL, kai_realm_live, value, run->journal_hash);
}

/* The newest entry is the one that META remembers: else the end was cut off or changed. */
static void check_journal_end(struct kai_check_run *run)
{
	struct kai_key key = kai_key_word(KAI_META_JOURNAL);
	struct kai_key last = kai_key_u64(run->journal_number);
	struct kai_span value;
	uint8_t expected[8 + KAI_ID_LEN];

	kai_put_be64(expected, run->journal_number);
	memcpy(expected + 8, run->journal_hash, KAI_ID_LEN);
	if (!kai_txn_get(run->txn, KAI_TABLE_META, kai_key_span(&key), &value))
		value = kai_span(NULL, 0);
	if (value.len == 0 && run->journal_number == 0)
		return;
	if (!kai_span_equal(value, kai_span(expected, sizeof(expected))))
		kai_check_problem(run, kai_key_span(&last),
				  "the journal does not end with the entry that was written last");
}

/* ---- the walk -------------------------------------------------------------------------------- */

static const struct {
	enum kai_table table;
	kai_check_row row;
	void (*end)(struct kai_check_run *run); /* in the transaction that met the table's end */
} tables[] = {
	{KAI_TABLE_META, check_meta, NULL},
	{KAI_TABLE_PEERS, kai_check_peer, NULL},
	{KAI_TABLE_PEER_ORGS, kai_check_peer_org, NULL},
	{KAI_TABLE_BOOTS, kai_check_boot, NULL},
	{KAI_TABLE_CARDS, kai_check_card, NULL},
	{KAI_TABLE_RECORDS, kai_check_record, NULL},
	{KAI_TABLE_AGREEMENTS, kai_check_agreement, NULL},
	{KAI_TABLE_NOTICES, kai_check_notice, NULL},
	{KAI_TABLE_MEMBERS, kai_check_member, NULL},
	{KAI_TABLE_SOURCES, kai_check_source, NULL},
	{KAI_TABLE_DRILLS, kai_check_drill, NULL},
	{KAI_TABLE_ITEMS, kai_check_item, kai_check_counts},
	{KAI_TABLE_TOUCH, kai_check_touch, NULL},
	{KAI_TABLE_IDS, kai_check_id, NULL},
	{KAI_TABLE_PARTS, kai_check_part, NULL},
	{KAI_TABLE_BY_THREAD, kai_check_index, NULL},
	{KAI_TABLE_BY_ORIGIN, kai_check_index, NULL},
	{KAI_TABLE_BY_SECTOR, kai_check_index, NULL},
	{KAI_TABLE_BY_KIND, kai_check_index, NULL},
	{KAI_TABLE_BY_END, kai_check_index, NULL},
	{KAI_TABLE_SUPPLY, kai_check_supply, NULL},
	{KAI_TABLE_RELEASED, kai_check_released, NULL},
	{KAI_TABLE_EVIDENCE, kai_check_evidence, NULL},
	{KAI_TABLE_RECEIPTS, kai_check_receipt, NULL},
	{KAI_TABLE_STATEMENTS, kai_check_statement, NULL},
	{KAI_TABLE_OWED, kai_check_owed, NULL},
	{KAI_TABLE_BUNDLES, kai_check_bundle, NULL},
	{KAI_TABLE_PENDING, kai_check_pending, NULL},
	{KAI_TABLE_STUBS, kai_check_stub, NULL},
	{KAI_TABLE_DUTIES, kai_check_duty, NULL},
	{KAI_TABLE_DUTIES_OPEN, kai_check_duty_open, NULL},
	{KAI_TABLE_OUTAGES, kai_check_outage, NULL},
	{KAI_TABLE_LADDERS, kai_check_ladder, NULL},
	{KAI_TABLE_LADDERS_OPEN, kai_check_ladder_open, NULL},
	{KAI_TABLE_CALLS, kai_check_call, NULL},
	{KAI_TABLE_TIMERS, kai_check_timer, NULL},
	{KAI_TABLE_JOURNAL, check_journal, check_journal_end},
};
#define TABLE_COUNT (sizeof(tables) / sizeof(tables[0]))

/* Some rows after *io_last in one transaction; *ret_end: the table's end was met. */
static void walk_some(struct kai_check_run *run, size_t index, struct kai_key *io_last,
		      bool *ret_end)
{
	struct kai_scan scan;
	struct kai_span key;
	struct kai_span value;
	size_t rows = 0;
	size_t bytes = 0;

	kai_scan_init(&scan, run->txn, run->table, kai_span(NULL, 0), kai_key_span(io_last), false);
	while (rows < ROWS_A_TIME && bytes < BYTES_A_TIME) {
		if (!kai_scan_next(&scan, &key, &value)) {
			*ret_end = true;
			if (tables[index].end != NULL && run->txn->err == KAI_ERR_OK)
				tables[index].end(run);
			return;
		}
		if (io_last->len > 0 && kai_span_equal(key, kai_key_span(io_last)))
			continue;
		*io_last = kai_key_bytes(key.at, key.len);
		run->arena.used = 0;
		run->arena.full = false;
		tables[index].row(run, key, value);
		run->done++;
		rows++;
		bytes += value.len;
	}
}

static enum kai_err walk_table(struct kai_store *store, struct kai_check_run *run, size_t index,
			       struct kai_why *why)
{
	struct kai_key last = {.len = 0};
	bool end = false;

	run->table = tables[index].table;
	while (!end) {
		enum kai_err err = kai_txn_begin(store, false, &run->txn, why);

		if (err != KAI_ERR_OK)
			return err;
		walk_some(run, index, &last, &end);
		err = kai_txn_error(run->txn);
		kai_txn_abort(run->txn);
		if (err != KAI_ERR_OK)
			return kai_fail(why, err, "check: cannot read table %s: %s",
					kai_table_name(run->table), kai_err_text(err));
		if (run->check->progress != NULL)
			run->check->progress(run->check->context, run->done, run->total);
	}
	return KAI_ERR_OK;
}

static enum kai_err count_rows(struct kai_store *store, struct kai_check_run *run,
			       struct kai_why *why)
{
	enum kai_err err = kai_txn_begin(store, false, &run->txn, why);

	if (err != KAI_ERR_OK)
		return err;
	for (size_t i = 0; i < TABLE_COUNT; i++)
		run->total += kai_txn_count(run->txn, tables[i].table);
	err = kai_txn_error(run->txn);
	kai_txn_abort(run->txn);
	return err == KAI_ERR_OK ? err
				 : kai_fail(why, err, "check: cannot count: %s", kai_err_text(err));
}

enum kai_err kai_store_check(struct kai_store *store, struct kai_store_check *check,
			     struct kai_why *why)
{
	struct kai_check_run run = {.check = check,
				    .arena = {.at = malloc(ROW_ARENA), .cap = ROW_ARENA}};
	enum kai_err err;

	check->problems = 0;
	check->items = 0;
	if (run.arena.at == NULL)
		return kai_fail(why, KAI_ERR_NOMEM, "check: %s", kai_err_text(KAI_ERR_NOMEM));
	kai_roots_init(&run.roots);
	err = count_rows(store, &run, why);
	for (size_t i = 0; i < TABLE_COUNT && err == KAI_ERR_OK; i++)
		err = walk_table(store, &run, i, why);
	free(run.arena.at);
	return err;
}
