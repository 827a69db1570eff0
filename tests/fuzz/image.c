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

static void measure(struct kai_txn *txn, size_t *ret_count, size_t *ret_bytes)
{
	*ret_count = *ret_bytes = 0;
	for (int table = 0; table < KAI_TABLE_END; table++) {
		struct kai_span key, value;
		struct kai_scan scan;

		kai_scan_init(&scan, txn, (enum kai_table)table, kai_span(NULL, 0),
			      kai_span(NULL, 0), false);
		while (kai_scan_next(&scan, &key, &value)) {
			(*ret_count)++;
			*ret_bytes += key.len + value.len;
		}
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
	uint8_t *at = image->bytes;

	for (int table = 0; table < KAI_TABLE_END; table++) {
		struct kai_span key, value;
		struct kai_scan scan;

		kai_scan_init(&scan, txn, (enum kai_table)table, kai_span(NULL, 0),
			      kai_span(NULL, 0), false);
		while (kai_scan_next(&scan, &key, &value)) {
			MUST(image->count < count);
			image->rows[image->count++] = (struct image_row){
				(enum kai_table)table, kept(key, &at), kept(value, &at)};
		}
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
