/* SPDX-License-Identifier: Apache-2.0 */
/* kairan-test-labmark DIR: marks a stopped node's directory as one in which clocks may be shifted. */
#include <stdio.h>

#include "kairan/keys.h"
#include "kairan/records.h"

static enum kai_err mark(const char *dir, struct kai_why *why)
{
	struct kai_store_options options = {.read_only = false};
	struct kai_store *store = NULL;
	struct kai_txn *txn = NULL;
	char path[KAI_PATH_SIZE];
	enum kai_err err = kai_path(path, dir, "store", why);

	if (err == KAI_ERR_OK)
		err = kai_store_open_lmdb(path, &options, &store, why);
	if (err == KAI_ERR_OK)
		err = kai_txn_begin(store, true, &txn, why);
	if (err == KAI_ERR_OK) {
		kai_txn_put(txn, KAI_TABLE_META, kai_span_str(KAI_META_LAB), kai_span("", 0));
		err = kai_txn_commit(txn, why);
	}
	kai_store_close(store);
	return err;
}

int main(int argc, char **argv)
{
	struct kai_why why = {""};

	if (argc == 2 && mark(argv[1], &why) == KAI_ERR_OK)
		return 0;
	(void)fprintf(stderr, "kairan-test-labmark: %s\n", argc == 2 ? why.text : "DIR is needed");
	return 1;
}
