/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CURVE client (ZMTP 3.1, RFC 26) written by hand over a plain socket, for what libzmq would not
 * do: claim another User-Id, send a message that never ends.
 */
#ifndef KAIRAN_TESTS_RAW_CURVE_H
#define KAIRAN_TESTS_RAW_CURVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct raw_curve {
	int fd;
	uint64_t nonce;
	uint8_t session[32]; /* shared by both short-term keys */
};

/* user_id NULL: claims none. false: refused or cut on the way. */
bool raw_curve_open(struct raw_curve *raw, int port, const uint8_t server_key[32],
		    const uint8_t key[32], const uint8_t secret[32], const char *user_id);
/* false: the connection is gone. */
bool raw_curve_send(struct raw_curve *raw, const void *at, size_t len, bool more);
void raw_curve_close(struct raw_curve *raw);

/* A port of loopback that nobody uses, below those that the kernel hands to outgoing connections: one
 * of these could take it before the node under test does. 0: there is none. */
int raw_free_port(void);

#endif
