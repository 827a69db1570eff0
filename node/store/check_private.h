/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rooms of the integrity check share: check.c walks the tables and judges the journal,
 * check_items.c what hangs on items, check_trust.c peers and what orgs signed. Reads without making
 * a transaction fail, so that one finding does not hide the next. Private to node/store.
 */
#ifndef KAIRAN_STORE_CHECK_PRIVATE_H
#define KAIRAN_STORE_CHECK_PRIVATE_H

#include "kairan/agreement.h"
#include "kairan/rec.h"
#include "kairan/tree.h"
#include "records_private.h"

struct kai_check_run {
	struct kai_store_check *check;
	struct kai_txn *txn;
	enum kai_table table;
	struct kai_arena arena; /* wiped for each row */
	uint64_t done;
	uint64_t total;
	struct kai_roots roots;	 /* of batches, verified in rows before */
	uint64_t journal_number; /* of the row before */
	uint8_t journal_hash[KAI_ID_LEN];
};

/* One row of run->table. */
typedef void (*kai_check_row)(struct kai_check_run *run, struct kai_span key,
			      struct kai_span value);

void kai_check_problem(struct kai_check_run *run, struct kai_span key, const char *problem);
/* "what: the fault's sentence" */
void kai_check_fault(struct kai_check_run *run, struct kai_span key, const char *what,
		     enum kai_fault fault);

/* false when absent or damaged; damage is reported where its own row is met. */
bool kai_check_read(struct kai_check_run *run, enum kai_table table, const struct kai_key *key,
		    const struct kai_object *object, void *ret);
/* Decodes the row itself; false: reported. */
bool kai_check_decode(struct kai_check_run *run, struct kai_span key, struct kai_span value,
		      const struct kai_object *object, void *ret);
/* false: reported. */
bool kai_check_lengths(struct kai_check_run *run, struct kai_span key, size_t key_len,
		       struct kai_span value, size_t value_len);
bool kai_check_there(struct kai_check_run *run, enum kai_table table, struct kai_span key);

/* Rows of check_items.c */
void kai_check_item(struct kai_check_run *run, struct kai_span key, struct kai_span value);
void kai_check_touch(struct kai_check_run *run, struct kai_span key, struct kai_span value);
void kai_check_id(struct kai_check_run *run, struct kai_span key, struct kai_span value);
void kai_check_part(struct kai_check_run *run, struct kai_span key, struct kai_span value);
void kai_check_index(struct kai_check_run *run, struct kai_span key, struct kai_span value);
void kai_check_supply(struct kai_check_run *run, struct kai_span key, struct kai_span value);
void kai_check_released(struct kai_check_run *run, struct kai_span key, struct kai_span value);
void kai_check_evidence(struct kai_check_run *run, struct kai_span key, struct kai_span value);
void kai_check_pending(struct kai_check_run *run, struct kai_span key, struct kai_span value);
void kai_check_stub(struct kai_check_run *run, struct kai_span key, struct kai_span value);
void kai_check_duty(struct kai_check_run *run, struct kai_span key, struct kai_span value);
void kai_check_outage(struct kai_check_run *run, struct kai_span key, struct kai_span value);
void kai_check_duty_open(struct kai_check_run *run, struct kai_span key, struct kai_span value);
void kai_check_ladder(struct kai_check_run *run, struct kai_span key, struct kai_span value);
void kai_check_ladder_open(struct kai_check_run *run, struct kai_span key, struct kai_span value);
void kai_check_call(struct kai_check_run *run, struct kai_span key, struct kai_span value);
/* Does the ladder of that key have its timer then? */
bool kai_check_ladder_timer(struct kai_check_run *run, struct kai_span rest, uint64_t due);
void kai_check_timer(struct kai_check_run *run, struct kai_span key, struct kai_span value);
/* Points at an item and a peer: key is arrival u64, peer u16; number 0 is this org itself. */
void kai_check_pair(struct kai_check_run *run, struct kai_span key);
/* As many index entries as there are items. */
void kai_check_counts(struct kai_check_run *run);

/* Rows of check_trust.c */
void kai_check_peer(struct kai_check_run *run, struct kai_span key, struct kai_span value);
void kai_check_peer_org(struct kai_check_run *run, struct kai_span key, struct kai_span value);
void kai_check_boot(struct kai_check_run *run, struct kai_span key, struct kai_span value);
void kai_check_card(struct kai_check_run *run, struct kai_span key, struct kai_span value);
void kai_check_record(struct kai_check_run *run, struct kai_span key, struct kai_span value);
void kai_check_agreement(struct kai_check_run *run, struct kai_span key, struct kai_span value);
void kai_check_notice(struct kai_check_run *run, struct kai_span key, struct kai_span value);
void kai_check_member(struct kai_check_run *run, struct kai_span key, struct kai_span value);
void kai_check_source(struct kai_check_run *run, struct kai_span key, struct kai_span value);
void kai_check_drill(struct kai_check_run *run, struct kai_span key, struct kai_span value);

/* Rows of check_receipts.c */
void kai_check_receipt(struct kai_check_run *run, struct kai_span key, struct kai_span value);
void kai_check_statement(struct kai_check_run *run, struct kai_span key, struct kai_span value);
void kai_check_owed(struct kai_check_run *run, struct kai_span key, struct kai_span value);

void kai_check_bundle(struct kai_check_run *run, struct kai_span key, struct kai_span value);
/* Does that bundle stand in BUNDLES? 0: none is named. */
bool kai_check_bundle_there(struct kai_check_run *run, uint16_t peer, uint64_t number);

/* Is this a signing key in any card of the org? *ret_known: there is a card at all. */
bool kai_check_signer(struct kai_check_run *run, const uint8_t org[KAI_ID_LEN],
		      const uint8_t signer[KAI_ID_LEN], bool *ret_known);

#endif
