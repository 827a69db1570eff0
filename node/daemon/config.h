/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DIR/kairan.conf (libconfig): one schema table from which come the defaults, the checks, the
 * nearest-key help and the list that --help prints. Endpoints are not here: they stand in the
 * signed node record. Owns nothing on the heap; one thread.
 */
#ifndef KAIRAN_DAEMON_CONFIG_H
#define KAIRAN_DAEMON_CONFIG_H

#include <stdio.h>

#include "kairan/engine.h"
#include "log.h"

#define KAI_MAX_LISTEN 8
#define KAI_MAX_CUT 4096 /* bytes */
#define KAI_MAX_ARGUMENTS 16
#define KAI_MAX_ARGUMENT 255
#define KAI_MAX_PEOPLE 16

/* One of this org's people. */
struct kai_person {
	char role[KAI_MAX_SHORT + 1];
	char name[KAI_MAX_NAME + 1];
	char first[KAI_MAX_TEXT + 1];
	char second[KAI_MAX_TEXT + 1];
	char hours[KAI_MAX_SHORT + 1];
};

/* When whose silence leads to a call (engine.h, kai_ladder_times), in seconds; 0: never. */
struct kai_patience {
	int64_t delivered_s;
	int64_t received_s;
	int64_t deputy_s;
	int64_t deputy2_s;
	int64_t decider_s;
};

struct kai_config {
	char listen[KAI_MAX_LISTEN][KAI_MAX_ENDPOINT + 1];
	size_t listen_count;
	int64_t store_quota_bytes;
	int64_t log_level;  /* enum kai_log_level */
	int64_t log_format; /* 0 lines, 1 json */
	int64_t lang;	    /* the command line's; 0 locale, 1 en, 2 ja */
	double lab_clock_scale;
	int64_t lab_clock_from_s;
	int64_t lab_clock_offset_s;
	char lab_cut[KAI_MAX_CUT + 1]; /* aliases, separated by blanks */
	struct kai_quota quota;
	struct kai_patience patience[KAI_URGENCY_INFO]; /* by urgency less one */
	struct kai_person people[KAI_MAX_PEOPLE];
	size_t people_count;
	char hook[KAI_MAX_ARGUMENTS][KAI_MAX_ARGUMENT + 1]; /* program and arguments */
	size_t hook_count;
	int64_t hook_ceiling; /* 0 none, else enum kai_tlp */
	int64_t hook_timeout_s;
	int64_t hook_at_once;
};

void kai_config_defaults(struct kai_config *ret);
/* NOTFOUND, INVALID ("file:line: …"), DENIED, IO. */
KAI_MUST_USE enum kai_err kai_config_load(const char *path, struct kai_config *ret,
					  struct kai_why *why);
/* The name of the first setting that differs and only counts at the next start; NULL: none. */
const char *kai_config_needs_restart(const struct kai_config *old, const struct kai_config *now);
void kai_config_print_schema(FILE *to);
void kai_config_print_mdoc(FILE *to); /* for kairan.conf(5) */

#endif
