/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An item as the reading verbs see it: record, header, and what this node may open of its parts.
 * Everything lies in the arena, of which the caller takes a mark before many items.
 */
#ifndef KAIRAN_ITEM_H
#define KAIRAN_ITEM_H

#include "kairan/advisory.h"
#include "kairan/frames.h"
#include "view.h"

struct kai_loaded {
	struct kai_item_facts facts; /* labels of opened parts filled in */
	struct kai_label labels[KAI_MAX_PARTS];
	struct kai_opening openings[KAI_MAX_PARTS];
	bool has_body;
	struct kai_body body;
};

/* Loads item, header and the openings of its held parts; body from main. false: not there. */
bool kai_item_load(struct kai_cli *cli, struct kai_txn *txn, uint64_t arrival, bool body,
		   struct kai_loaded *ret);
/* Content of a held part; false when it is not held or does not open. */
bool kai_item_part(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item,
		   uint8_t index, struct kai_span *ret);
/* current, superseded, retracted, conflict, expired, unsigned */
const char *kai_item_state(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item);
/* The row of cli.md's `list`. */
json_t *kai_item_json(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item);
/* Its origin for people: our name for it, else its id and, marked so, what its card claims. */
char *kai_item_origin(struct kai_cli *cli, const json_t *item);
/* Which entries of the audience are us: does it concern us, and why? */
json_t *kai_concerns_us(struct kai_cli *cli, struct kai_txn *txn, const struct kai_label *label);
json_t *kai_label_json(struct kai_cli *cli, struct kai_txn *txn, const struct kai_label *label);
/* How many alerts of ours wait for another signer. */
size_t kai_unsigned_count(struct kai_cli *cli, struct kai_txn *txn);
/* How it came (supply), or where it went, a row for each partner. */
json_t *kai_item_ways(struct kai_cli *cli, struct kai_txn *txn, uint64_t arrival, bool supply);
/* The contingency mark of a way, null without one; and of such a row ("contingency") for people, NULL without one. */
json_t *kai_mark_json(const struct kai_mark *mark);
char *kai_mark_text(struct kai_cli *cli, const json_t *row);
/* Who signed, in which role, and whether that holds. */
json_t *kai_item_signatures(struct kai_cli *cli, struct kai_txn *txn,
			    const struct kai_loaded *item);
/* Does the incident report say so of its cause? */
bool kai_item_malicious(const struct kai_loaded *item);
/* First item of its thread. */
const uint8_t *kai_item_thread(const struct kai_loaded *item);

/* How far that peer is with the item, by its receipts and by telephone (0: how far we are), as members
 * of the row: null where nothing is known. */
void kai_receipt_json(struct kai_cli *cli, struct kai_txn *txn, uint64_t arrival, uint16_t peer,
		      json_t *io_row);
/* A row for everybody who said something, us included. */
json_t *kai_receipts_json(struct kai_cli *cli, struct kai_txn *txn, uint64_t arrival);
/* Such a row for people: all of it, and how many of those behind it are how far. */
char *kai_receipt_text(struct kai_cli *cli, const json_t *row);
char *kai_forwarded_text(struct kai_cli *cli, const json_t *row);
/* Current, of another origin, and no person here has said that it was received. */
bool kai_item_unacked(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item);

/* What list, search and watch filter by, from the options of the verb. */
struct kai_filter {
	uint64_t kind;
	uint64_t tlp;
	const char *sector;
	const char *text;
	bool has_origin;
	bool has_thread;
	bool unacked;
	uint8_t origin[KAI_ID_LEN];
	uint8_t thread[KAI_ID_LEN];
	int64_t since_ms;
	int64_t until_ms; /* INT64_MAX: none */
};
int kai_filter_read(struct kai_cli *cli, struct kai_txn *txn, struct kai_filter *ret);
/* Decrypts only where a text is looked for. */
bool kai_filter_fits(struct kai_cli *cli, const struct kai_filter *filter,
		     const struct kai_loaded *item);
extern const struct kai_col kai_item_cols[];
extern const size_t kai_item_col_count;

#endif
