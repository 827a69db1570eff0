/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One way to measure whoever carries messages between two programs: a publisher and a subscriber of the same client
 * library, each with a connection of its own, the carrier between them. Prints what it took as JSON; judges nothing. The
 * subscriber's callback may come in another thread.
 */
#ifndef KAIRAN_BENCH_PEER_H
#define KAIRAN_BENCH_PEER_H

#include <stdbool.h>
#include <stddef.h>

struct peer; /* what came */

struct peer_kind {
	/* Connects both ends over TLS, certificates from the file ca; peer_came is to be called for every message.
	 * NULL after printing why. */
	void *(*open)(struct peer *peer, const char *host, int port, const char *ca);
	/* The carrier may hold it back until flush; it is kept by the carrier when flush returns. */
	bool (*publish)(void *client, const void *bytes, size_t len);
	bool (*flush)(void *client);
	void (*close)(void *client);
};

void peer_came(struct peer *peer, size_t len);
/* argv: HOST PORT CA_FILE ITEMS BYTES RUNS SAMPLES. Exit code. */
int peer_main(int argc, char **argv, const struct peer_kind *kind);

#endif
