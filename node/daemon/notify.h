/* SPDX-License-Identifier: Apache-2.0 */
/* Tells the service manager how we are (sd_notify(3)'s protocol); silent where there is none. */
#ifndef KAIRAN_DAEMON_NOTIFY_H
#define KAIRAN_DAEMON_NOTIFY_H

void kai_notify(const char *state); /* "READY=1", "STOPPING=1", "STATUS=…" */

#endif
