/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes that came to this one because whoever started them ended: what a program that was run left behind when
 * it went into a session of its own. This process must be a subreaper, and start nothing else. One thread.
 */
#ifndef KAIRAN_DAEMON_STRAYS_H
#define KAIRAN_DAEMON_STRAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Kills and reaps every child that is neither one of known nor in the session of one. true: some may be left,
 * ask again soon. */
bool kai_strays_kill(const pid_t *known, size_t known_count);

#endif
