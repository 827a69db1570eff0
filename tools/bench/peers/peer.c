/* SPDX-License-Identifier: Apache-2.0 */
#include "peer.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WAIT_S 120
#define MOST_BYTES 1000000

struct peer {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	long came;
	size_t len; /* of each */
	bool spoilt;
};

struct task {
	const struct peer_kind *kind;
	struct peer *peer;
	void *client;
	unsigned char *bytes;
	size_t len;
};

static double now(void)
{
	struct timespec at;

	(void)clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

void peer_came(struct peer *peer, size_t len)
{
	(void)pthread_mutex_lock(&peer->lock);
	peer->came++;
	peer->spoilt |= len != peer->len;
	(void)pthread_cond_signal(&peer->changed);
	(void)pthread_mutex_unlock(&peer->lock);
}

static bool wait_for(struct peer *peer, long count)
{
	struct timespec until;
	int failed = 0;
	bool ok;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_S;
	(void)pthread_mutex_lock(&peer->lock);
	while (peer->came < count && failed == 0)
		failed = pthread_cond_timedwait(&peer->changed, &peer->lock, &until);
	ok = peer->came >= count && !peer->spoilt;
	(void)pthread_mutex_unlock(&peer->lock);
	return ok;
}

/* Seconds until count messages, each different, were kept and came; negative: they did not. */
static double carry(struct task *task, long count)
{
	long target = task->peer->came + count; /* nothing is under way */
	double start = now();

	for (long i = 0; i < count; i++) {
		memcpy(task->bytes, &i, sizeof(i));
		if (!task->kind->publish(task->client, task->bytes, task->len))
			return -1;
	}
	return task->kind->flush(task->client) && wait_for(task->peer, target) ? now() - start : -1;
}

static bool measure(struct task *task, long items, long runs, long samples)
{
	if (carry(task, 1) < 0) /* everything is set up when the first one came */
		return false;
	(void)printf("{\"rates\": [");
	for (long i = 0; i < runs; i++) {
		double seconds = carry(task, items);

		if (seconds < 0)
			return false;
		(void)printf("%s%.3f", i > 0 ? ", " : "", (double)items / seconds);
	}
	(void)printf("], \"ms\": [");
	for (long i = 0; i < samples; i++) {
		double seconds = carry(task, 1);

		if (seconds < 0)
			return false;
		(void)printf("%s%.4f", i > 0 ? ", " : "", seconds * 1000);
	}
	(void)printf("]}\n");
	return true;
}

int peer_main(int argc, char **argv, const struct peer_kind *kind)
{
	struct peer peer = {.lock = PTHREAD_MUTEX_INITIALIZER};
	struct task task = {.kind = kind, .peer = &peer};

	if (argc != 8 || pthread_cond_init(&peer.changed, NULL) != 0)
		return 3;
	task.len = peer.len = strtoul(argv[5], NULL, 10);
	if (task.len < sizeof(long) || task.len > MOST_BYTES)
		return 3;
	task.bytes = malloc(task.len);
	if (task.bytes == NULL)
		return 2;
	for (size_t i = 0; i < task.len; i++)
		task.bytes[i] = (unsigned char)('a' + (i * 2654435761u >> 8) % 26);
	task.client = kind->open(&peer, argv[1], (int)strtol(argv[2], NULL, 10), argv[3]);
	bool ok = task.client != NULL &&
		  measure(&task, strtol(argv[4], NULL, 10), strtol(argv[6], NULL, 10),
			  strtol(argv[7], NULL, 10));

	if (task.client != NULL)
		kind->close(task.client);
	free(task.bytes);
	return ok ? 0 : 1;
}
