/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks a running node over its control socket, DIR/control.sock: one request, one answer
 * (control.h says what is in them; this carries bytes only). Makes a ZeroMQ context of its own per
 * question, so call it before forking or after, never across. Blocks; any thread.
 */
#ifndef KAIRAN_CLIENT_H
#define KAIRAN_CLIENT_H

#include "kairan/base.h"

/*
 * request: 1 to KAI_MAX_CONTROL bytes. timeout_ms: 1 or more, for the whole exchange. *ret_answer
 * is the caller's to free(). UNREACHABLE: nobody listens there, it went away meanwhile, or no
 * answer came in time (whether the request was done is then unknown, and why says so). DENIED: the
 * socket is not ours to use. INVALID: the request or the path is too long.
 */
KAI_MUST_USE enum kai_err kai_client_ask(const char *dir, struct kai_span request, int timeout_ms,
					 uint8_t **ret_answer, size_t *ret_len,
					 struct kai_why *why);

/*
 * The ZeroMQ endpoint of DIR/control.sock. Socket addresses hold 107 bytes: a longer path goes
 * through an open descriptor of the directory, *ret_fd, which stays open as long as the endpoint is
 * used (-1: none needed). The node binds what this gives, the client connects to it.
 */
#define KAI_CONTROL_ENDPOINT 128
KAI_MUST_USE enum kai_err kai_control_endpoint(const char *dir, char ret[KAI_CONTROL_ENDPOINT],
					       int *ret_fd, struct kai_why *why);

#endif
