/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scans over either store. A scan holds keys, not positions, so that writes cannot pull the ground
 * from under it; an implementation may notice that its cursor still stands where the scan left it.
 */
#include "port.h"

#include <string.h>

void kai_scan_init(struct kai_scan *scan, struct kai_txn *txn, enum kai_table table,
		   struct kai_span prefix, struct kai_span from, bool backward)
{
	*scan = (struct kai_scan){.txn = txn, .table = table, .backward = backward};
	if (prefix.len > KAI_STORE_MAX_KEY || from.len > KAI_STORE_MAX_KEY) {
		kai_txn_fail(txn, KAI_ERR_INVALID);
		return;
	}
	scan->prefix_len = (uint8_t)prefix.len;
	scan->at_len = (uint8_t)from.len;
	if (prefix.len > 0)
		memcpy(scan->prefix, prefix.at, prefix.len);
	if (from.len > 0)
		memcpy(scan->at, from.at, from.len);
}

static bool has_prefix(struct kai_span key, struct kai_span prefix)
{
	return key.len >= prefix.len &&
	       (prefix.len == 0 || memcmp(key.at, prefix.at, prefix.len) == 0);
}

/* The smallest key above all that begin with prefix; false: there is none. */
static bool prefix_end(struct kai_span prefix, uint8_t end[KAI_STORE_MAX_KEY], size_t *ret_len)
{
	size_t len = prefix.len;

	while (len > 0 && prefix.at[len - 1] == 0xff)
		len--;
	if (len == 0)
		return false;
	memcpy(end, prefix.at, len);
	end[len - 1]++;
	*ret_len = len;
	return true;
}

static bool seek(struct kai_scan *scan, enum kai_seek how, struct kai_span key,
		 struct kai_span *ret_key, struct kai_span *ret_value)
{
	return scan->txn->store->ops->seek(scan->txn, scan->table, how, key, ret_key, ret_value);
}

static bool start_forward(struct kai_scan *scan, struct kai_span *ret_key,
			  struct kai_span *ret_value)
{
	struct kai_span prefix = kai_span(scan->prefix, scan->prefix_len);
	struct kai_span from = kai_span(scan->at, scan->at_len);

	if (kai_span_compare(from, prefix) < 0)
		from = prefix;
	return seek(scan, from.len == 0 ? KAI_SEEK_FIRST : KAI_SEEK_GE, from, ret_key, ret_value);
}

static bool start_backward(struct kai_scan *scan, struct kai_span *ret_key,
			   struct kai_span *ret_value)
{
	struct kai_span prefix = kai_span(scan->prefix, scan->prefix_len);
	struct kai_span from = kai_span(scan->at, scan->at_len);
	uint8_t end[KAI_STORE_MAX_KEY];
	size_t end_len;

	if (from.len > 0 && has_prefix(from, prefix))
		return seek(scan, KAI_SEEK_LE, from, ret_key, ret_value);
	if (from.len > 0 && kai_span_compare(from, prefix) < 0)
		return false;
	if (!prefix_end(prefix, end, &end_len))
		return seek(scan, KAI_SEEK_LAST, prefix, ret_key, ret_value);
	return seek(scan, KAI_SEEK_LT, kai_span(end, end_len), ret_key, ret_value);
}

static bool step(struct kai_scan *scan, struct kai_span *ret_key, struct kai_span *ret_value)
{
	if (scan->started) {
		return seek(scan, scan->backward ? KAI_SEEK_LT : KAI_SEEK_GT,
			    kai_span(scan->at, scan->at_len), ret_key, ret_value);
	}
	return scan->backward ? start_backward(scan, ret_key, ret_value)
			      : start_forward(scan, ret_key, ret_value);
}

bool kai_scan_next(struct kai_scan *scan, struct kai_span *ret_key, struct kai_span *ret_value)
{
	struct kai_span key;
	struct kai_span value;

	if (scan->txn->err != KAI_ERR_OK || !step(scan, &key, &value) ||
	    !has_prefix(key, kai_span(scan->prefix, scan->prefix_len)))
		return false;
	if (key.len > KAI_STORE_MAX_KEY) {
		kai_txn_fail(scan->txn, KAI_ERR_CORRUPT);
		return false;
	}
	memcpy(scan->at, key.at, key.len);
	scan->at_len = (uint8_t)key.len;
	scan->started = true;
	if (ret_key != NULL)
		*ret_key = key;
	if (ret_value != NULL)
		*ret_value = value;
	return true;
}
