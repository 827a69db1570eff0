/* SPDX-License-Identifier: Apache-2.0 */
#include "kairan/rec.h"

enum kai_err kai_store_renew_epoch(struct kai_store *store, struct kai_why *why)
{
	struct kai_key key = kai_key_word(KAI_META_EPOCH);
	struct kai_txn *txn;
	enum kai_err err = kai_txn_begin(store, true, &txn, why);

	if (err != KAI_ERR_OK)
		return err;
	(void)kai_txn_del(txn, KAI_TABLE_META, kai_key_span(&key));
	return kai_txn_commit(txn, why);
}
