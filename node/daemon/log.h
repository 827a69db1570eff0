/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only place that logs: one line an event on stderr, with a stable name and key=value fields,
 * or one JSON object a line. Every text is escaped, since it may come from a peer. At most
 * KAI_LOG_BURST lines a second of one name; what was left out is counted in a line of its own.
 * Any thread.
 */
#ifndef KAIRAN_DAEMON_LOG_H
#define KAIRAN_DAEMON_LOG_H

#include "kairan/base.h"

#define KAI_X_LOG_LEVEL(X)                                                                         \
	X(ERROR, "error")                                                                          \
	X(WARNING, "warning")                                                                      \
	X(INFO, "info")                                                                            \
	X(DEBUG, "debug")

enum kai_log_level {
#define X(NAME, word) KAI_LOG_##NAME,
	KAI_X_LOG_LEVEL(X)
#undef X
		KAI_LOG_END
};

#define KAI_LOG_BURST 20

struct kai_log;

/* A text (number unused), or with text NULL a number. A field without a name is left out. */
struct kai_log_field {
	const char *name;
	const char *text;
	int64_t number;
};

/* fd: where lines go, borrowed. */
KAI_MUST_USE enum kai_err kai_log_new(int fd, struct kai_log **ret);
void kai_log_free(struct kai_log *log);
void kai_log_set(struct kai_log *log, enum kai_log_level level, bool json);

void kai_log_line(struct kai_log *log, enum kai_log_level level, const char *event,
		  const struct kai_log_field *fields, size_t count);

/* kai_log_fields(log, KAI_LOG_INFO, "connection.up", {"org", text, 0}, {"links", NULL, 3}); */
#define kai_log_fields(log, level, event, ...)                                                     \
	kai_log_line((log), (level), (event), (const struct kai_log_field[]){__VA_ARGS__},         \
		     sizeof((const struct kai_log_field[]){__VA_ARGS__}) /                         \
			     sizeof(struct kai_log_field))

#endif
