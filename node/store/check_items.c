/* SPDX-License-Identifier: Apache-2.0 */
/* The integrity check's rows around items. */
#include "check_private.h"

#include <stdio.h>
#include <string.h>

#include "kairan/advisory.h"

#define ARRIVAL_LEN 8
#define TAG_LEN 16 /* an AEAD's tag at the end of a ciphertext */

/* Reads the item that a row of another table points at, with its header. */
static bool owner(struct kai_check_run *run, uint64_t arrival, struct kai_item *ret_item,
		  struct kai_header *ret_header)
{
	struct kai_key key = kai_key_u64(arrival);

	return kai_check_read(run, KAI_TABLE_ITEMS, &key, &kai_object_item, ret_item) &&
	       kai_object_decode(&kai_object_header, ret_item->header, &run->arena, ret_header) ==
		       KAI_FAULT_NONE;
}

/* ---- items ----------------------------------------------------------------------------------- */

static void check_indexes(struct kai_check_run *run, struct kai_span key,
			  const struct kai_item *item, const struct kai_header *header,
			  uint64_t arrival)
{
	struct kai_index_entry index[KAI_MAX_INDEX];
	struct kai_span value;
	size_t count = kai_index_of(item->id, header, arrival, index);
	char text[64];

	if (!kai_txn_get(run->txn, KAI_TABLE_IDS, kai_span(item->id, KAI_ID_LEN), &value) ||
	    !kai_span_equal(value, key))
		kai_check_problem(run, key, "not found by its id");
	for (size_t i = 0; i < count; i++) {
		if (kai_check_there(run, index[i].table, kai_key_span(&index[i].key)))
			continue;
		(void)snprintf(text, sizeof(text), "not in the index %s",
			       kai_table_name(index[i].table));
		kai_check_problem(run, key, text);
	}
}

static void check_signatures(struct kai_check_run *run, struct kai_span key,
			     const struct kai_item *item, const struct kai_header *header)
{
	bool known = true;

	for (size_t i = 0; i < item->signatures_count; i++) {
		const struct kai_signature *signature = &item->signatures[i];

		if (i > 0 && memcmp(signature[-1].key, signature->key, KAI_ID_LEN) >= 0)
			kai_check_problem(run, key, "its signatures are out of order");
		if (!kai_signature_known(&run->roots, header->realm, item->id, signature))
			kai_check_problem(run, key, "a signature does not verify");
		else if (!kai_check_signer(run, header->origin, signature->key, &known) && known)
			kai_check_problem(run, key,
					  "a signing key stands in no card of its origin");
	}
	if (!known)
		kai_check_problem(run, key, "its origin's card is not here");
}

static void check_held_part(struct kai_check_run *run, struct kai_span key, uint64_t arrival,
			    const struct kai_header *header, uint8_t index)
{
	struct kai_key at = kai_key_part(arrival, index);
	struct kai_part part;
	uint8_t hash[KAI_ID_LEN];

	if (index >= header->parts_count) {
		kai_check_problem(run, key, "holds a part that its header does not name");
		return;
	}
	if (!kai_check_read(run, KAI_TABLE_PARTS, &at, &kai_object_part, &part)) {
		kai_check_problem(run, key, "a part that it holds is missing or damaged");
		return;
	}
	kai_part_hash(header->realm, part.ciphertext, hash);
	if (part.ciphertext.len != header->parts[index].size + TAG_LEN ||
	    !kai_id_equal(hash, header->parts[index].hash))
		kai_check_problem(run, key, "a part does not match its hash in the header");
}

static void check_number(struct kai_check_run *run, struct kai_span key)
{
	if (kai_get_be64(key.at) == 0 || kai_get_be64(key.at) > kai_rec_head(run->txn))
		kai_check_problem(run, key, "its number was never given");
}

void kai_check_item(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	struct kai_item item;
	struct kai_header header;
	uint8_t id[KAI_ID_LEN];

	run->check->items++;
	if (!kai_check_lengths(run, key, ARRIVAL_LEN, value, value.len) ||
	    !kai_check_decode(run, key, value, &kai_object_item, &item))
		return;
	check_number(run, key);
	enum kai_fault fault = kai_header_read(item.header, &run->arena, &header);

	if (fault != KAI_FAULT_NONE) {
		kai_check_fault(run, key, "the header is not valid", fault);
		return;
	}
	kai_advisory_id(header.realm, item.header, id);
	if (!kai_id_equal(id, item.id))
		kai_check_problem(run, key, "its id is not the hash of its header");
	uint64_t arrival = kai_get_be64(key.at);

	check_signatures(run, key, &item, &header);
	check_indexes(run, key, &item, &header, arrival);
	for (uint8_t i = 0; i < KAI_MAX_PARTS; i++) {
		if ((item.held >> i & 1) != 0)
			check_held_part(run, key, arrival, &header, i);
	}
}

void kai_check_counts(struct kai_check_run *run)
{
	static const enum kai_table one_each[] = {KAI_TABLE_IDS, KAI_TABLE_BY_THREAD,
						  KAI_TABLE_BY_ORIGIN, KAI_TABLE_BY_KIND,
						  KAI_TABLE_BY_END};
	uint64_t items = kai_txn_count(run->txn, KAI_TABLE_ITEMS);
	char text[96];

	for (size_t i = 0; i < sizeof(one_each) / sizeof(one_each[0]); i++) {
		uint64_t count = kai_txn_count(run->txn, one_each[i]);

		if (count == items)
			continue;
		(void)snprintf(text, sizeof(text), "%llu items, but %llu entries in %s",
			       (unsigned long long)items, (unsigned long long)count,
			       kai_table_name(one_each[i]));
		kai_check_problem(run, kai_span(NULL, 0), text);
	}
}

void kai_check_touch(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	if (!kai_check_lengths(run, key, ARRIVAL_LEN, value, ARRIVAL_LEN))
		return;
	check_number(run, key);
	if (kai_check_there(run, KAI_TABLE_ITEMS, key))
		kai_check_problem(run, key, "an item has the same number");
	if (kai_get_be64(value.at) >= kai_get_be64(key.at))
		kai_check_problem(run, key, "points at an item that came later");
}

void kai_check_id(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	struct kai_item item;
	struct kai_key at;

	if (!kai_check_lengths(run, key, KAI_ID_LEN, value, ARRIVAL_LEN))
		return;
	at = kai_key_bytes(value.at, value.len);
	if (!kai_check_read(run, KAI_TABLE_ITEMS, &at, &kai_object_item, &item) ||
	    !kai_id_equal(item.id, key.at))
		kai_check_problem(run, key, "points at no item of this id");
}

void kai_check_part(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	struct kai_part part;
	struct kai_item item;
	struct kai_header header;

	if (!kai_check_lengths(run, key, ARRIVAL_LEN + 1, value, value.len) ||
	    !kai_check_decode(run, key, value, &kai_object_part, &part))
		return;
	if (!owner(run, kai_get_be64(key.at), &item, &header))
		kai_check_problem(run, key, "a part of no item");
	else if (key.at[ARRIVAL_LEN] >= KAI_MAX_PARTS ||
		 (item.held >> key.at[ARRIVAL_LEN] & 1) == 0)
		kai_check_problem(run, key, "a part that its item does not hold");
}

void kai_check_index(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	struct kai_index_entry index[KAI_MAX_INDEX];
	struct kai_item item;
	struct kai_header header;
	size_t count = 0;

	if (key.len < ARRIVAL_LEN || value.len != 0) {
		kai_check_problem(run, key, "a key or value of the wrong length");
		return;
	}
	uint64_t arrival = kai_get_be64(key.at + key.len - ARRIVAL_LEN);

	if (owner(run, arrival, &item, &header))
		count = kai_index_of(item.id, &header, arrival, index);
	for (size_t i = 0; i < count; i++) {
		if (index[i].table == run->table &&
		    kai_span_equal(kai_key_span(&index[i].key), key))
			return;
	}
	kai_check_problem(run, key, "an index entry that no item calls for");
}

/* ---- what hangs on items --------------------------------------------------------------------- */

void kai_check_pair(struct kai_check_run *run, struct kai_span key)
{
	if (!kai_check_there(run, KAI_TABLE_ITEMS, kai_span(key.at, ARRIVAL_LEN)))
		kai_check_problem(run, key, "points at no item");
	if ((key.at[ARRIVAL_LEN] != 0 || key.at[ARRIVAL_LEN + 1] != 0) &&
	    !kai_check_there(run, KAI_TABLE_PEERS, kai_span(key.at + ARRIVAL_LEN, 2)))
		kai_check_problem(run, key, "points at no peer");
}

/* Under which agreement: zeros for what is our own or went with none, else one that is here. */
static void check_agreement_known(struct kai_check_run *run, struct kai_span key,
				  const uint8_t digest[KAI_ID_LEN])
{
	static const uint8_t none[KAI_ID_LEN];
	struct kai_key number = kai_key_bytes(key.at + ARRIVAL_LEN, 2);
	struct kai_key agreement;
	struct kai_peer peer;

	if (kai_id_equal(digest, none))
		return;
	/* without the peer's row that is what is reported */
	if (!kai_check_read(run, KAI_TABLE_PEERS, &number, &kai_object_peer, &peer))
		return;
	agreement = kai_key_two(peer.org, digest);
	if (!kai_check_there(run, KAI_TABLE_AGREEMENTS, kai_key_span(&agreement)))
		kai_check_problem(run, key, "went under an agreement that is not here");
}

void kai_check_supply(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	struct kai_supply supply;

	if (kai_check_lengths(run, key, ARRIVAL_LEN + 2, value, value.len) &&
	    kai_check_decode(run, key, value, &kai_object_supply, &supply)) {
		kai_check_pair(run, key);
		check_agreement_known(run, key, supply.agreement);
	}
}

void kai_check_released(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	struct kai_released released;

	if (kai_check_lengths(run, key, ARRIVAL_LEN + 2, value, value.len) &&
	    kai_check_decode(run, key, value, &kai_object_released, &released)) {
		kai_check_pair(run, key);
		check_agreement_known(run, key, released.agreement);
		if (!kai_check_bundle_there(run, (uint16_t)(key.at[8] << 8 | key.at[9]),
					    released.bundle))
			kai_check_problem(run, key, "left in a bundle that is not here");
	}
}

void kai_check_evidence(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	struct kai_signed statement;
	struct kai_release release;
	struct kai_item item;
	struct kai_header header;
	struct kai_key expected;

	if (!kai_check_lengths(run, key, ARRIVAL_LEN + KAI_KEY_HASH, value, value.len))
		return;
	expected = kai_key_evidence(kai_get_be64(key.at), value);
	if (!kai_span_equal(key, kai_key_span(&expected)))
		kai_check_problem(run, key, "its key is not its hash");
	enum kai_fault fault = kai_signed_open(KAI_CTX_RELEASE, value, &run->arena, &statement);

	if (fault == KAI_FAULT_NONE)
		fault = kai_object_decode(&kai_object_release, statement.body, &run->arena,
					  &release);
	if (fault != KAI_FAULT_NONE)
		kai_check_fault(run, key, "the release is not valid", fault);
	else if (!owner(run, kai_get_be64(key.at), &item, &header) ||
		 !kai_id_equal(item.id, release.id))
		kai_check_problem(run, key, "a release of no item here");
}

void kai_check_pending(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	if (!kai_check_lengths(run, key, KAI_ID_LEN + ARRIVAL_LEN, value, 0))
		return;
	if (!kai_check_there(run, KAI_TABLE_ITEMS, kai_span(key.at + KAI_ID_LEN, ARRIVAL_LEN)))
		kai_check_problem(run, key, "points at no item");
}

void kai_check_stub(struct kai_check_run *run, struct kai_span key, struct kai_span value)
{
	struct kai_stub stub;

	if (kai_check_lengths(run, key, KAI_ID_LEN, value, value.len))
		(void)kai_check_decode(run, key, value, &kai_object_stub, &stub);
}
