/* SPDX-License-Identifier: Apache-2.0 */
/* A bare CURVE link: no rule, no store, no signature. */
#include "bench.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>
#include <zmq.h>

#define WAIT_MS 20000
#define MESSAGES 20000
#define ROUNDS 1000
#define ANSWER_LEN 64 /* of a `stored` frame */

static bool make_end(struct bench_wire *wire, int end)
{
	int linger = 0, wait = WAIT_MS;

	wire->contexts[end] = zmq_ctx_new();
	if (wire->contexts[end] == NULL)
		return false;
	wire->sockets[end] = zmq_socket(wire->contexts[end], ZMQ_DEALER);
	return wire->sockets[end] != NULL &&
	       zmq_setsockopt(wire->sockets[end], ZMQ_LINGER, &linger, sizeof(linger)) == 0 &&
	       zmq_setsockopt(wire->sockets[end], ZMQ_RCVTIMEO, &wait, sizeof(wait)) == 0 &&
	       zmq_setsockopt(wire->sockets[end], ZMQ_SNDTIMEO, &wait, sizeof(wait)) == 0;
}

static bool encrypt(struct bench_wire *wire)
{
	uint8_t server[32], server_secret[32], client[32], client_secret[32];
	int yes = 1;

	(void)crypto_box_keypair(server, server_secret);
	(void)crypto_box_keypair(client, client_secret);
	return zmq_setsockopt(wire->sockets[0], ZMQ_CURVE_SERVER, &yes, sizeof(yes)) == 0 &&
	       zmq_setsockopt(wire->sockets[0], ZMQ_CURVE_SECRETKEY, server_secret, 32) == 0 &&
	       zmq_setsockopt(wire->sockets[1], ZMQ_CURVE_SERVERKEY, server, 32) == 0 &&
	       zmq_setsockopt(wire->sockets[1], ZMQ_CURVE_PUBLICKEY, client, 32) == 0 &&
	       zmq_setsockopt(wire->sockets[1], ZMQ_CURVE_SECRETKEY, client_secret, 32) == 0;
}

static bool join_ends(struct bench_wire *wire)
{
	char endpoint[128], byte[1];
	size_t len = sizeof(endpoint);

	return zmq_bind(wire->sockets[0], "tcp://127.0.0.1:*") == 0 &&
	       zmq_getsockopt(wire->sockets[0], ZMQ_LAST_ENDPOINT, endpoint, &len) == 0 &&
	       zmq_connect(wire->sockets[1], endpoint) == 0 &&
	       zmq_send(wire->sockets[1], "?", 1, 0) == 1 &&
	       zmq_recv(wire->sockets[0], byte, 1, 0) == 1 &&
	       zmq_send(wire->sockets[0], "!", 1, 0) == 1 &&
	       zmq_recv(wire->sockets[1], byte, 1, 0) == 1;
}

bool bench_wire_open(struct bench_wire *wire)
{
	memset(wire, 0, sizeof(*wire));
	if (make_end(wire, 0) && make_end(wire, 1) && encrypt(wire) && join_ends(wire))
		return true;
	(void)fprintf(stderr, "kairan-bench: no CURVE link over loopback: %s\n",
		      zmq_strerror(zmq_errno()));
	bench_wire_close(wire);
	return false;
}

void bench_wire_close(struct bench_wire *wire)
{
	for (int i = 0; i < 2; i++) {
		if (wire->sockets[i] != NULL)
			(void)zmq_close(wire->sockets[i]);
		if (wire->contexts[i] != NULL)
			(void)zmq_ctx_term(wire->contexts[i]);
	}
	memset(wire, 0, sizeof(*wire));
}

static void *send_many(void *context)
{
	static const uint8_t message[BENCH_ITEM_LEN] = {1};
	struct bench_wire *wire = context;

	for (int i = 0; i < MESSAGES; i++)
		if (zmq_send(wire->sockets[1], message, sizeof(message), 0) < 0)
			break; /* the other end says how many came */
	return NULL;
}

/* Messages a second from the first that came to the last; 0: they did not come. */
static double throughput(struct bench_wire *wire)
{
	static uint8_t message[BENCH_ITEM_LEN];
	pthread_t sender;
	double first = 0, last;
	int came = 0;

	if (pthread_create(&sender, NULL, send_many, wire) != 0)
		return 0;
	for (; came < MESSAGES; came++) {
		if (zmq_recv(wire->sockets[0], message, sizeof(message), 0) < 0)
			break;
		if (came == 0)
			first = bench_now();
	}
	last = bench_now();
	(void)pthread_join(sender, NULL);
	return came == MESSAGES ? (MESSAGES - 1) / (last - first) : 0;
}

static void *answer_rounds(void *context)
{
	static uint8_t message[BENCH_ITEM_LEN];
	struct bench_wire *wire = context;

	for (int i = 0; i < ROUNDS; i++)
		if (zmq_recv(wire->sockets[0], message, sizeof(message), 0) < 0 ||
		    zmq_send(wire->sockets[0], message, ANSWER_LEN, 0) < 0)
			break;
	return NULL;
}

static bool rounds(struct bench_wire *wire, double seconds[ROUNDS])
{
	static const uint8_t message[BENCH_ITEM_LEN] = {1};
	uint8_t answer[ANSWER_LEN];
	pthread_t other;
	int done = 0;

	if (pthread_create(&other, NULL, answer_rounds, wire) != 0)
		return false;
	for (; done < ROUNDS; done++) {
		double start = bench_now();

		if (zmq_send(wire->sockets[1], message, sizeof(message), 0) < 0 ||
		    zmq_recv(wire->sockets[1], answer, sizeof(answer), 0) < 0)
			break;
		seconds[done] = bench_now() - start;
	}
	(void)pthread_join(other, NULL);
	return done == ROUNDS;
}

bool bench_wire_floors(struct bench *bench)
{
	static double seconds[ROUNDS];
	double rates[BENCH_RUNS], spread;
	struct bench_wire wire;
	bool ok = bench_wire_open(&wire);

	if (!ok)
		return false;
	for (int i = 0; ok && i < BENCH_RUNS; i++) {
		rates[i] = throughput(&wire);
		ok = rates[i] > 0;
	}
	ok = ok && rounds(&wire, seconds);
	bench_wire_close(&wire);
	if (!ok) {
		(void)fprintf(stderr, "kairan-bench: floors: a bare CURVE link lost messages\n");
		return false;
	}
	bench->wire_floor = bench_median(rates, BENCH_RUNS, &spread);
	bench_row(bench, "floors",
		  &(struct bench_figure){"CURVE over loopback, messages of 2.4 KB",
					 bench->wire_floor, "messages/s", 0, spread});
	bench->round_ms = bench_median(seconds, ROUNDS, &spread) * 1000;
	bench_row(bench, "floors",
		  &(struct bench_figure){"CURVE over loopback, 2.4 KB there and 64 bytes back",
					 bench->round_ms, "ms", 0, spread * 1000});
	return true;
}
