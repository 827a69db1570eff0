/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drills for the verbs: which there are, the store of one of them in place of the live one, the mark
 * on what is shown of it. One thread.
 */
#ifndef KAIRAN_CLI_REALM_H
#define KAIRAN_CLI_REALM_H

#include "kairan/rec.h"
#include "cli.h"

#define KAI_CONFIRM_LIVE "live"

/* All drills that are known here, of a live store or of a drill's. */
void kai_drill_scan(struct kai_txn *txn, struct kai_scan *ret);
bool kai_drill_next(struct kai_cli *cli, struct kai_txn *txn, struct kai_scan *scan,
		    struct kai_drill_held *ret);
/* By its name, or 8 characters or more of its realm; exit code. */
int kai_drill_find(struct kai_cli *cli, struct kai_txn *txn, const char *text,
		   struct kai_drill_held *ret);
char *kai_realm_text(struct kai_cli *cli, const uint8_t realm[KAI_REALM_LEN]);
/* Opens that drill's store in place of the live one (cli->store, cli->drill); exit code. */
int kai_cli_practise(struct kai_cli *cli, const char *text);
/* Marks every line that is shown or said from now on; exit code. */
int kai_cli_mark(struct kai_cli *cli);
/* Only what is said: errors, prompts. For output whose form has no room for a mark. */
int kai_cli_mark_errors(struct kai_cli *cli);
/* Marks an object of a drill's for scripts. */
void kai_realm_json(struct kai_cli *cli, json_t *io_top);
/* What a person types before publishing: of a drill its own word. */
const char *kai_realm_word(struct kai_cli *cli);

#endif
