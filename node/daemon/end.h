/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last words of a process that cannot go on: one line on stderr, written without memory, locks
 * or buffers. What was acknowledged is on disk by then; a supervisor starts the node again. Any
 * thread.
 */
#ifndef KAIRAN_DAEMON_END_H
#define KAIRAN_DAEMON_END_H

/* There is no memory for what the node cannot leave out; what: one or two words. Exit code 1. */
_Noreturn void kai_end_no_memory(const char *what);
/*
 * From now on a process that is ended by SIGABRT (libzmq's answer to no memory, and a failed
 * assertion's), by SIGSEGV (libconfig's) or by SIGBUS (a page of a mapped file that the disk does not
 * give) says so first.
 */
void kai_end_words(void);

#endif
