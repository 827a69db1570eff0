/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs of agreements share. Results lie in the arena. */
#ifndef KAIRAN_AGREE_H
#define KAIRAN_AGREE_H

#include "cli.h"
#include "terms.h"

/* Reads terms text with the names known here; exit code with a message that names the line. */
int kai_agree_terms(struct kai_cli *cli, const char *path, const char *text, struct kai_terms *ret);
/* Says in plain words what we would send, receive and owe. txn may be NULL: no aliases then. */
void kai_agree_review(struct kai_cli *cli, struct kai_txn *txn, const struct kai_terms *terms);
/* Every org that we have an agreement with, in any state. */
void kai_agree_each(struct kai_cli *cli, struct kai_txn *txn,
		    void (*each)(struct kai_cli *cli, struct kai_txn *txn,
				 const struct kai_pair *pair, void *context),
		    void *context);

#endif
