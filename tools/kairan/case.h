/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A case: one file with all that this node holds of an incident, for whoever has to judge it later: lines
 * of JSON, each with the exact bytes that somebody signed, and a seal by our node over all of them
 * (kairan(1), CASE FILES). What the two verbs of it share. One thread.
 */
#ifndef KAIRAN_CASE_H
#define KAIRAN_CASE_H

#include "journal.h"
#include "view.h"

#define KAI_CASE_FILE "kairan case" /* member `file` of the first line */
#define KAI_CASE_VERSION 1
#define KAI_CASE_LINE ((size_t)16 << 20) /* longest; the largest advisory takes less than half */

/* Is this the name of such a file? */
bool kai_case_is(const char *path);
/* verify CASEFILE: needs no data directory, and believes none. */
int kai_case_verify(struct kai_cli *cli, const char *path);
extern const struct kai_view kai_case_verdict; /* its answer */

#endif
