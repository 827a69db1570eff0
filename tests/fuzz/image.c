/* SPDX-License-Identifier: Apache-2.0 */
#include "image.h"

#include <string.h>

static struct kai_span kept(struct kai_span span, uint8_t **io_at)
{
	uint8_t *copy = *io_at;

	if (span.len > 0)
		memcpy(copy, span.at, span.len);
	*io_at += span.len;
	return kai_span(copy, span.len);
}

/* Through every row of every table; zeros but for the transaction: at the beginning. */
struct walk {
	struct kai_txn *txn;
	int table;
	bool inside;
	struct kai_scan scan;
};

static bool next_row(struct walk *walk, struct kai_span *ret_key, struct kai_span *ret_value)
{
	for (; walk->table < KAI_TABLE_END; walk->table++) {
		if (!walk->inside)
			kai_scan_init(&walk->scan, walk->txn, (enum kai_table)walk->table,
				      kai_span(NULL, 0), kai_span(NULL, 0), false);
		walk->inside = kai_scan_next(&walk->scan, ret_key, ret_value);
		if (walk->inside)
			return true;
	}
	return false;
}

static void measure(struct kai_txn *txn, size_t *ret_count, size_t *ret_bytes)
{
	struct walk walk = {.txn = txn};
	struct kai_span key, value;

	*ret_count = *ret_bytes = 0;
	while (next_row(&walk, &key, &value)) {
		(*ret_count)++;
		*ret_bytes += key.len + value.len;
	}
}

struct image *image_take(struct kai_store *store)
{
	struct image *image = calloc(1, sizeof(*image));
	struct kai_txn *txn;
	size_t count, bytes;

	MUST(image != NULL && kai_txn_begin(store, false, &txn, NULL) == KAI_ERR_OK);
	measure(txn, &count, &bytes);
	image->rows = calloc(count + 1, sizeof(*image->rows));
	image->bytes = malloc(bytes + 1);
	MUST(image->rows != NULL && image->bytes != NULL);
	struct walk walk = {.txn = txn};
	struct kai_span key, value;
	uint8_t *at = image->bytes;

	while (next_row(&walk, &key, &value)) {
		MUST(image->count < count);
		image->rows[image->count++] = (struct image_row){(enum kai_table)walk.table,
								 kept(key, &at), kept(value, &at)};
	}
	kai_txn_abort(txn);
	return image;
}

struct kai_store *image_store(const struct image *image)
{
	const struct kai_store_options options = {0};
	struct kai_store *store = NULL;
	struct kai_txn *txn;

	MUST(kai_store_open_memory(&options, &store) == KAI_ERR_OK);
	MUST(kai_txn_begin(store, true, &txn, NULL) == KAI_ERR_OK);
	for (size_t i = 0; i < image->count; i++)
		kai_txn_put(txn, image->rows[i].table, image->rows[i].key, image->rows[i].value);
	MUST(kai_txn_commit(txn, NULL) == KAI_ERR_OK);
	return store;
}
