/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carries out steps: runs the configured program for each, in a thread of its own, at most so many at once. No
 * shell: the arguments are fixed, the item is JSON on standard input, the environment holds what the steps' names
 * need and no more, and no descriptor but 0, 1 and 2 is open. Its output is read to its end and forgotten but for
 * the beginning. After its time, and when it ends, everything in its session is killed, and so is whatever it left
 * behind elsewhere, since such orphans come to this process. What becomes of it is told by `ended`. Decides nothing:
 * what of an item may leave stands in the call as the engine made it.
 *
 * Owns a copy of each call until it ended. One thread asks; `ended` is called from the hooks' own, or from the one
 * that asks.
 */
#ifndef KAIRAN_DAEMON_HOOKS_H
#define KAIRAN_DAEMON_HOOKS_H

#include "kairan/engine.h"

/* One call's end. */
struct kai_hook_end {
	struct kai_call_ref ref;
	uint64_t result; /* enum kai_step_result */
	uint64_t code;
	char said[KAI_MAX_TEXT + 1]; /* clean UTF-8 */
};

#define KAI_HOOK_ARGUMENTS 16
struct kai_hooks_config {
	/* NULL-terminated, at most KAI_HOOK_ARGUMENTS, the first an absolute path; NULL: no program */
	const char *const *argv;
	int64_t timeout_ms;
	size_t at_once;
	void (*ended)(void *context, const struct kai_hook_end *end);
	void *context;
};

struct kai_hooks;
/* config is copied, the arguments themselves are lent. NOMEM, IO. */
KAI_MUST_USE enum kai_err kai_hooks_new(const struct kai_hooks_config *config,
					struct kai_hooks **ret, struct kai_why *why);
/* Kills what runs and waits for it; nothing is told of that. NULL is fine. */
void kai_hooks_free(struct kai_hooks *hooks);
/* Runs it when its turn comes; one that waits or runs by that name already is the same. bytes: a kai_call,
 * copied. */
void kai_hooks_call(struct kai_hooks *hooks, const struct kai_call_ref *ref, struct kai_span bytes);

/* ---- hook_job.c ---- */

#define KAI_HOOK_ENV 12
/* What a program is given. */
struct kai_hook_job {
	struct kai_hook_job *next;
	struct kai_call_ref ref;
	char step[KAI_MAX_SHORT + 1];
	char *env[KAI_HOOK_ENV]; /* NULL-terminated, on the heap */
	char *input;		 /* JSON and a line's end, on the heap */
	size_t input_len;
};
/* NULL: out of memory, or no kai_call. */
struct kai_hook_job *kai_hook_job_new(const struct kai_call_ref *ref, struct kai_span bytes);
void kai_hook_job_free(struct kai_hook_job *job); /* NULL is fine */

#endif
