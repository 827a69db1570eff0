/* SPDX-License-Identifier: Apache-2.0 */
/* Which items wait: a page a transaction, so that the store's writer is never in our way. */
#include <stdlib.h>
#include <string.h>

#include "inbox.h"

#define PAGE 256

struct found {
	uint64_t *at;
	size_t count;
	size_t cap;
};

static void add(struct kai_cli *cli, struct found *found, uint64_t arrival)
{
	if (found->count == found->cap) {
		size_t cap = found->cap == 0 ? PAGE : 2 * found->cap;
		uint64_t *at = kai_cli_take(cli, cap * sizeof(*at));

		if (found->count > 0)
			memcpy(at, found->at, found->count * sizeof(*at));
		found->at = at;
		found->cap = cap;
	}
	found->at[found->count++] = arrival;
}

/* Every item with an open duty, ours or another's to us. */
static void add_duties(struct kai_cli *cli, struct kai_txn *txn, struct found *found)
{
	struct kai_duty_place place;
	struct kai_scan scan;
	struct kai_span key;
	uint64_t last = 0;

	kai_scan_init(&scan, txn, KAI_TABLE_DUTIES_OPEN, kai_span(NULL, 0), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, &key, NULL)) {
		if (kai_duty_place_read(key, &place) && place.arrival != last)
			add(cli, found, place.arrival);
		last = place.arrival;
	}
}

/* Every item that some partner is silent about. */
static void add_silent(struct kai_cli *cli, struct kai_txn *txn, struct found *found)
{
	struct kai_ladder_place place;
	struct kai_scan scan;
	struct kai_span key;
	uint64_t last = 0;

	kai_scan_init(&scan, txn, KAI_TABLE_LADDERS_OPEN, kai_span(NULL, 0), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, &key, NULL)) {
		if (!kai_ladder_place_read(key, &place) || place.arrival == 0 || place.peer == 0 ||
		    place.arrival == last)
			continue;
		add(cli, found, place.arrival);
		last = place.arrival;
	}
}

/* A page of a kind; where it goes on, 0 at the end. */
static uint64_t add_page(struct kai_cli *cli, struct kai_txn *txn, uint64_t kind, uint64_t from,
			 struct found *found)
{
	uint64_t waiting[PAGE];
	size_t count = 0;
	size_t used = cli->arena.used;
	struct kai_index_scan scan;
	uint64_t arrival = 0;
	bool more = true;

	kai_index_kind(&scan, txn, kind, from, true);
	for (size_t seen = 0; seen < PAGE && (more = kai_index_next(&scan, &arrival)); seen++) {
		struct kai_loaded *item = kai_cli_take(cli, sizeof(*item));

		if (kai_item_load(cli, txn, arrival, false, item) &&
		    kai_inbox_may_wait(cli, txn, item))
			waiting[count++] = arrival;
		cli->arena.used = used;
	}
	for (size_t i = 0; i < count; i++)
		add(cli, found, waiting[i]);
	return more && arrival > 1 ? arrival - 1 : 0;
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *left = a;
	const uint64_t *right = b;

	return *left < *right ? -1 : *left > *right;
}

static size_t unique(uint64_t *at, size_t count)
{
	size_t kept = 0;

	qsort(at, count, sizeof(*at), by_number);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || at[kept - 1] != at[i])
			at[kept++] = at[i];
	return kept;
}

int kai_inbox_find(struct kai_cli *cli, uint64_t **ret, size_t *ret_count)
{
	struct found found = {.count = 0};
	struct kai_txn *txn = kai_cli_txn(cli);

	if (txn == NULL)
		return KAI_EXIT_REFUSED;
	add_duties(cli, txn, &found);
	add_silent(cli, txn, &found);
	kai_txn_abort(txn);
	for (size_t k = 0; k < kai_kind_row_count; k++) {
		uint64_t from = 0;

		do {
			txn = kai_cli_txn(cli);
			if (txn == NULL)
				return KAI_EXIT_REFUSED;
			from = add_page(cli, txn, kai_kind_rows[k].kind, from, &found);
			enum kai_err err = kai_txn_error(txn);

			kai_txn_abort(txn);
			if (err != KAI_ERR_OK)
				return kai_cli_fail(cli, KAI_EXIT_REFUSED,
						    T("the store: %s (run `kairan check`)"),
						    kai_err_text(err));
		} while (from != 0);
	}
	*ret = found.at;
	*ret_count = found.count > 0 ? unique(found.at, found.count) : 0;
	return 0;
}
