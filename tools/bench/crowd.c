/* SPDX-License-Identifier: Apache-2.0 */
#include "crowd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>
#include <zmq.h>

#include "kairan/check.h"

#define ARENA_LEN ((size_t)1 << 20)
#define PATIENCE 60 /* seconds until all are linked */
#define REDIAL 3    /* seconds */
#define SPREAD 10   /* seconds */

struct crowd *crowd_new(struct pair *pair)
{
	struct crowd *crowd = calloc(1, sizeof(*crowd));

	if (crowd == NULL)
		return NULL;
	crowd->pair = pair;
	crowd->context = zmq_ctx_new();
	crowd->members = calloc(CROWD_MOST, sizeof(*crowd->members));
	crowd->memory = malloc(ARENA_LEN);
	crowd->arena = (struct kai_arena){crowd->memory, ARENA_LEN, 0, false};
	if (crowd->context != NULL && crowd->members != NULL && crowd->memory != NULL &&
	    pair_reach(pair, crowd->endpoint, crowd->node_key, crowd->org))
		return crowd;
	(void)fprintf(stderr, "kairan-bench: the node's address or key is not to be found\n");
	crowd_free(crowd);
	return NULL;
}

void crowd_free(struct crowd *crowd)
{
	if (crowd == NULL)
		return;
	for (size_t i = 0; i < crowd->count; i++)
		if (crowd->members[i].socket != NULL)
			(void)zmq_close(crowd->members[i].socket);
	if (crowd->context != NULL)
		(void)zmq_ctx_term(crowd->context);
	if (crowd->members != NULL)
		sodium_memzero(crowd->members, CROWD_MOST * sizeof(*crowd->members));
	free(crowd->members);
	free(crowd->memory);
	free(crowd);
}

/* ---- what members say */

static void say(struct crowd *crowd, struct member *member, enum kai_msg_type type, void *msg)
{
	crowd->arena.used = 0;
	struct kai_span bytes = kai_frame_encode(type, msg, &crowd->arena);

	/* What does not go is missed by the node, and then by whoever waits here. */
	(void)zmq_send(member->socket, bytes.at, bytes.len, ZMQ_DONTWAIT);
}

static void say_hello(struct crowd *crowd, struct member *member)
{
	static const uint8_t epoch[16] = {9};
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	struct kai_hello hello = {.version_max = KAI_VERSION,
				  .realms = kai_span(kai_realm_live, KAI_REALM_LEN),
				  .clock = (uint64_t)now.tv_sec * 1000};

	memcpy(hello.nonce, member->nonce, sizeof(hello.nonce));
	memcpy(hello.epoch, epoch, sizeof(hello.epoch));
	memcpy(hello.boot, member->nonce, sizeof(hello.boot));
	hello.answers.is = member->greeted;
	if (member->greeted)
		kai_hash(KAI_CTX_HELLO, kai_realm_live,
			 kai_span(member->other, sizeof(member->other)), hello.answers.id);
	say(crowd, member, KAI_MSG_HELLO, &hello);
}

static void say_stored(struct crowd *crowd, const uint8_t id[KAI_ID_LEN])
{
	struct kai_id_parts entry = {.parts = 1};
	struct kai_stored stored = {.entries = &entry, .entries_count = 1};

	memcpy(entry.id, id, KAI_ID_LEN);
	for (size_t i = 0; i < crowd->count; i++)
		say(crowd, &crowd->members[i], KAI_MSG_STORED, &stored);
}

static void take_hello(struct crowd *crowd, struct member *member, const struct kai_hello *hello)
{
	if (member->greeted && memcmp(member->other, hello->nonce, sizeof(member->other)) == 0)
		return;
	memcpy(member->other, hello->nonce, sizeof(member->other));
	member->greeted = true;
	say_hello(crowd, member);
}

/* Anything but an item that is waited for. */
static void take(struct crowd *crowd, struct member *member, struct kai_span frame)
{
	struct kai_ping ping = {.answer = true};
	struct kai_checked got;

	crowd->arena.used = 0;
	crowd->arena.full = false;
	kai_frame_check(frame, &crowd->arena, &got);
	if (got.fault != KAI_FAULT_NONE)
		return;
	if (got.type == KAI_MSG_HELLO) {
		take_hello(crowd, member, &got.msg.hello);
	} else if (got.type == KAI_MSG_CARD) {
		member->up = member->greeted; /* the first that is said on a link that is up */
	} else if (got.type == KAI_MSG_PING && !got.msg.ping.answer) {
		memcpy(ping.nonce, got.msg.ping.nonce, sizeof(ping.nonce));
		say(crowd, member, KAI_MSG_PING, &ping);
	}
}

/* Reads what is there; a frame of `least` bytes or more is what is waited for (0: nothing is). */
static void read_member(struct crowd *crowd, struct member *member, size_t least)
{
	zmq_msg_t msg;

	(void)zmq_msg_init(&msg);
	while (zmq_msg_recv(&msg, member->socket, ZMQ_DONTWAIT) >= 0) {
		if (least > 0 && zmq_msg_size(&msg) >= least)
			member->came = true;
		else
			take(crowd, member, kai_span(zmq_msg_data(&msg), zmq_msg_size(&msg)));
	}
	(void)zmq_msg_close(&msg);
}

/* ---- links */

static bool dial(struct crowd *crowd, struct member *member)
{
	const int none = 0;

	if (member->socket != NULL)
		(void)zmq_close(member->socket);
	member->socket = zmq_socket(crowd->context, ZMQ_DEALER);
	member->greeted = false;
	member->dialled = bench_now();
	randombytes_buf(member->nonce, sizeof(member->nonce));
	if (member->socket == NULL ||
	    zmq_setsockopt(member->socket, ZMQ_LINGER, &none, sizeof(none)) != 0 ||
	    zmq_setsockopt(member->socket, ZMQ_CURVE_SERVERKEY, crowd->node_key, KAI_ID_LEN) != 0 ||
	    zmq_setsockopt(member->socket, ZMQ_CURVE_PUBLICKEY, member->link.key, KAI_ID_LEN) !=
		    0 ||
	    zmq_setsockopt(member->socket, ZMQ_CURVE_SECRETKEY, member->link.secret, KAI_ID_LEN) !=
		    0 ||
	    zmq_connect(member->socket, crowd->endpoint) != 0) {
		(void)fprintf(stderr, "kairan-bench: a member's link: %s\n",
			      zmq_strerror(zmq_errno()));
		return false;
	}
	say_hello(crowd, member);
	return true;
}

/* libzmq does not dial again who was refused, as a member is whose agreement the node's links do not know of yet. */
static bool wait_up(struct crowd *crowd)
{
	size_t up = 0;

	for (double end = bench_now() + PATIENCE; bench_now() < end; bench_nap_us(1000)) {
		up = 0;
		for (size_t i = 0; i < crowd->count; i++) {
			struct member *member = &crowd->members[i];

			read_member(crowd, member, 0);
			up += member->up;
			if (!member->up && bench_now() > member->dialled + REDIAL &&
			    !dial(crowd, member))
				return false;
		}
		if (up == crowd->count)
			return true;
	}
	(void)fprintf(stderr, "kairan-bench: only %zu of %zu members are linked\n", up,
		      crowd->count);
	return false;
}

bool crowd_grow(struct crowd *crowd, size_t count)
{
	if (count > CROWD_MOST)
		return false;
	while (crowd->count < count) {
		struct member *member = &crowd->members[crowd->count];

		if (!crowd_join(crowd, member))
			return false;
		crowd->count++;
		if (!dial(crowd, member))
			return false;
	}
	return wait_up(crowd);
}

double crowd_spread(struct crowd *crowd, size_t len)
{
	uint8_t id[KAI_ID_LEN];
	double start, last = 0;
	size_t left = crowd->count;

	for (size_t i = 0; i < crowd->count; i++) {
		read_member(crowd, &crowd->members[i], 0);
		crowd->members[i].came = false;
	}
	start = bench_now();
	if (!pair_ask_spread(crowd->pair, len))
		return -1;
	while (left > 0 && bench_now() < start + SPREAD) {
		left = 0;
		for (size_t i = 0; i < crowd->count; i++) {
			if (!crowd->members[i].came)
				read_member(crowd, &crowd->members[i], len);
			left += !crowd->members[i].came;
		}
		last = bench_now();
	}
	if (!pair_answer(crowd->pair, id) || left > 0)
		return -1;
	say_stored(crowd, id);
	return last - start;
}
