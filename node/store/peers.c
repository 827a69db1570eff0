/* SPDX-License-Identifier: Apache-2.0 */
/* Peers by org and number; the newest card of an org. */
#include "records_private.h"
#include "kairan/rec.h"

#include <string.h>

#define NUMBER_LEN 2

static uint16_t read_number(const uint8_t at[NUMBER_LEN])
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

bool kai_rec_peer(struct kai_txn *txn, const uint8_t org[KAI_ID_LEN], struct kai_arena *arena,
		  struct kai_peer *ret)
{
	struct kai_span value;
	struct kai_key key;

	if (!kai_txn_get(txn, KAI_TABLE_PEER_ORGS, kai_span(org, KAI_ID_LEN), &value))
		return false;
	if (value.len != NUMBER_LEN) {
		kai_txn_fail(txn, KAI_ERR_CORRUPT);
		return false;
	}
	key = kai_key_peer(read_number(value.at));
	if (kai_rec_get(txn, KAI_TABLE_PEERS, &key, &kai_object_peer, arena, ret))
		return true;
	kai_txn_fail(txn, KAI_ERR_CORRUPT);
	return false;
}

void kai_rec_peer_put(struct kai_txn *txn, const struct kai_peer *peer)
{
	struct kai_key key = kai_key_peer((uint16_t)peer->number);

	kai_rec_put(txn, KAI_TABLE_PEERS, &key, &kai_object_peer, peer);
	kai_txn_put(txn, KAI_TABLE_PEER_ORGS, kai_span(peer->org, KAI_ID_LEN), kai_key_span(&key));
}

/* One above the last; 1 in an empty table, since 0 is this org itself. */
static bool next_number(struct kai_txn *txn, uint64_t *ret)
{
	struct kai_scan scan;
	struct kai_span key;

	*ret = 1;
	kai_scan_init(&scan, txn, KAI_TABLE_PEERS, kai_span(NULL, 0), kai_span(NULL, 0), true);
	if (!kai_scan_next(&scan, &key, NULL))
		return kai_txn_error(txn) == KAI_ERR_OK;
	if (key.len != NUMBER_LEN) {
		kai_txn_fail(txn, KAI_ERR_CORRUPT);
		return false;
	}
	*ret = (uint64_t)read_number(key.at) + 1;
	if (*ret <= UINT16_MAX)
		return true;
	kai_txn_fail(txn, KAI_ERR_FULL);
	return false;
}

void kai_rec_peer_add(struct kai_txn *txn, const uint8_t org[KAI_ID_LEN], struct kai_span alias,
		      struct kai_arena *arena, struct kai_peer *ret)
{
	struct kai_peer peer = {.alias = alias};

	memcpy(peer.org, org, KAI_ID_LEN);
	if (kai_rec_peer(txn, org, arena, ret))
		return;
	if (kai_txn_error(txn) == KAI_ERR_OK && next_number(txn, &peer.number))
		kai_rec_peer_put(txn, &peer);
	*ret = peer;
}

bool kai_rec_card(struct kai_txn *txn, const uint8_t org[KAI_ID_LEN], struct kai_arena *arena,
		  struct kai_card_rec *ret)
{
	struct kai_scan scan;
	struct kai_span at;
	struct kai_key key;

	kai_scan_init(&scan, txn, KAI_TABLE_CARDS, kai_span(org, KAI_ID_LEN), kai_span(NULL, 0),
		      true);
	if (!kai_scan_next(&scan, &at, NULL))
		return false;
	key = kai_key_bytes(at.at, at.len);
	return kai_rec_get(txn, KAI_TABLE_CARDS, &key, &kai_object_card_rec, arena, ret);
}
