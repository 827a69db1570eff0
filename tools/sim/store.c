/* SPDX-License-Identifier: Apache-2.0 */
/* A second store with the same content: what a backup is. */
#include "core.h"

#include <stdlib.h>

struct kai_store *sim_store_copy(struct kai_store *store)
{
	struct kai_store_options options = {0};
	struct kai_store *copy;
	struct kai_txn *from, *to;
	struct kai_span none = {NULL, 0};

	if (kai_store_open_memory(&options, &copy) != KAI_ERR_OK ||
	    kai_txn_begin(store, false, &from, NULL) != KAI_ERR_OK ||
	    kai_txn_begin(copy, true, &to, NULL) != KAI_ERR_OK)
		abort(); /* only without memory */
	for (int table = 0; table < KAI_TABLE_END; table++) {
		struct kai_scan scan;
		struct kai_span key, value;

		kai_scan_init(&scan, from, (enum kai_table)table, none, none, false);
		while (kai_scan_next(&scan, &key, &value))
			kai_txn_append(to, (enum kai_table)table, key, value);
	}
	kai_txn_abort(from);
	if (kai_txn_commit(to, NULL) != KAI_ERR_OK)
		abort(); /* as above */
	return copy;
}
