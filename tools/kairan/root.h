/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only the root key may sign: cards and node records. The key lies in the data directory or in
 * a file that is kept offline and named with --root-key. It is held for one signature and wiped.
 */
#ifndef KAIRAN_ROOT_H
#define KAIRAN_ROOT_H

#include "cli.h"

#define KAI_CARD_YEARS 2
#define KAI_RECORD_YEARS 1
#define KAI_MS_YEAR (365 * KAI_MS_DAY)
#define KAI_CARD_TYPE "KAIRAN CARD"
/* An addition to the card of a lab's node: nobody outside labs believes it. Not critical, so that any
 * version can read it and say so. */
#define KAI_EXT_LAB 1
#define KAI_AGREE_TYPE "KAIRAN AGREEMENT"

/* Loads --root-key FILE, else DIR/keys/root.key. Exit code. */
int kai_root_load(struct kai_cli *cli, struct kai_key_pair *ret);
/* Makes a key of a kind and writes its file; exit code. */
int kai_root_new(struct kai_cli *cli, enum kai_key_kind kind, const char *name,
		 struct kai_key_pair *ret);
/* Sorts keys and revocations, encodes, signs; the empty span after printing why. */
struct kai_span kai_root_card(struct kai_cli *cli, const struct kai_key_pair *root,
			      struct kai_card *card);
struct kai_span kai_root_record(struct kai_cli *cli, const struct kai_key_pair *root,
				struct kai_node_record *record);
/* Reads "a,b c" options of sector codes into ascending order; exit code. */
int kai_root_sectors(struct kai_cli *cli, struct kai_span **ret, size_t *ret_count);
/* tcp://HOST:PORT? */
bool kai_endpoint_valid(const char *text);
/* Writes a file in armour, or to stdout. */
int kai_armour_write(struct kai_cli *cli, const char *type, struct kai_span bytes);
/* Reads an armoured file; exit code. */
int kai_armour_read(struct kai_cli *cli, const char *type, const char *path, struct kai_span *ret);

#endif
