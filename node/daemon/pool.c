/* SPDX-License-Identifier: Apache-2.0 */
#include "pool.h"

#include "clock.h"
#include "end.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_WORKERS 64
#define GATHER 256u /* of bulk, checked, are worth a turn; fewer gather … */
#define GATHER_MS 5 /* … for so long, as long as there is something to check meanwhile */

struct lane {
	struct kai_input *head;
	struct kai_input *tail;
	struct kai_input *fresh; /* the first that no worker has claimed */
};

struct kai_pool {
	pthread_mutex_t lock;
	pthread_cond_t work; /* for workers */
	pthread_cond_t done; /* for the loop */
	struct lane fast;
	struct lane bulk;
	struct kai_input *spare;
	size_t frames;
	size_t bytes;
	uint64_t bulk_put;
	uint64_t bulk_done;	/* the newest that was given back */
	size_t bulk_ready;	/* checked and not taken */
	atomic_uint pressing;	/* inputs in the fast lane that nobody should wait for */
	struct kai_roots roots; /* verified before; by whoever checks, without the lock */
	bool starved;		/* the links wait for room */
	bool waiting;		/* the loop waits */
	bool stopping;
	int room_fd;
	unsigned worker_count;
	pthread_t workers[MAX_WORKERS];
};

/* ---- workers ---- */

static void check(struct kai_pool *pool, struct kai_input *input)
{
	struct kai_arena arena = {.at = input->memory, .cap = KAI_CHECK_ARENA};

	kai_frame_check_with(kai_span(zmq_msg_data(&input->body), zmq_msg_size(&input->body)),
			     &pool->roots, &arena, &input->checked);
}

static struct kai_input *claim(struct lane *lane)
{
	struct kai_input *input = lane->fresh;

	while (input != NULL && input->done)
		input = input->next;
	lane->fresh = input == NULL ? NULL : input->next;
	return input;
}

/* Checks the next frame that nobody has claimed, with the lock let go; NULL: there is none. What
 * lies behind it is for a worker; a lone frame wakes nobody. */
static struct kai_input *check_next(struct kai_pool *pool)
{
	struct kai_input *input = claim(&pool->fast);

	if (input == NULL)
		input = claim(&pool->bulk);
	if (input == NULL)
		return NULL;
	if (pool->fast.fresh != NULL || pool->bulk.fresh != NULL)
		(void)pthread_cond_signal(&pool->work);
	(void)pthread_mutex_unlock(&pool->lock);
	check(pool, input);
	(void)pthread_mutex_lock(&pool->lock);
	input->done = true;
	pool->bulk_ready += input->bulk_number > 0;
	return input;
}

static void *work(void *context)
{
	struct kai_pool *pool = context;

	(void)pthread_mutex_lock(&pool->lock);
	while (!pool->stopping) {
		const struct kai_input *input = check_next(pool);

		if (input == NULL)
			(void)pthread_cond_wait(&pool->work, &pool->lock);
		else if (pool->waiting && (input == pool->fast.head || input == pool->bulk.head))
			(void)pthread_cond_signal(&pool->done);
	}
	(void)pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/* ---- life ---- */

enum kai_err kai_pool_new(unsigned workers, struct kai_pool **ret, struct kai_why *why)
{
	struct kai_pool *pool = calloc(1, sizeof(*pool));
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned wanted = workers > 0 ? workers : cores > 2 ? (unsigned)cores - 1 : 1;
	pthread_condattr_t monotonic;

	if (pool == NULL)
		return kai_fail(why, KAI_ERR_NOMEM, "pool: out of memory");
	pool->room_fd = -1;
	kai_roots_init(&pool->roots);
	if (pthread_mutex_init(&pool->lock, NULL) != 0 || pthread_condattr_init(&monotonic) != 0 ||
	    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) != 0 ||
	    pthread_cond_init(&pool->done, &monotonic) != 0 ||
	    pthread_cond_init(&pool->work, NULL) != 0) {
		free(pool);
		return kai_fail(why, KAI_ERR_NOMEM, "pool: no locks");
	}
	(void)pthread_condattr_destroy(&monotonic);
	for (; pool->worker_count < wanted && pool->worker_count < MAX_WORKERS;
	     pool->worker_count++) {
		int failed = pthread_create(&pool->workers[pool->worker_count], NULL, work, pool);

		if (failed != 0) {
			kai_pool_free(pool);
			return kai_fail(why, KAI_ERR_IO, "pool: thread: %s", strerror(failed));
		}
	}
	*ret = pool;
	return KAI_ERR_OK;
}

static void free_input(struct kai_input *input)
{
	if (input->has_body)
		(void)zmq_msg_close(&input->body);
	free(input->called);
	free(input->memory);
	free(input);
}

static void free_list(struct kai_input *input)
{
	while (input != NULL) {
		struct kai_input *next = input->next;

		free_input(input);
		input = next;
	}
}

void kai_pool_free(struct kai_pool *pool)
{
	if (pool == NULL)
		return;
	(void)pthread_mutex_lock(&pool->lock);
	pool->stopping = true;
	(void)pthread_cond_broadcast(&pool->work);
	(void)pthread_mutex_unlock(&pool->lock);
	for (unsigned i = 0; i < pool->worker_count; i++)
		(void)pthread_join(pool->workers[i], NULL);
	free_list(pool->fast.head);
	free_list(pool->bulk.head);
	free_list(pool->spare);
	(void)pthread_cond_destroy(&pool->work);
	(void)pthread_cond_destroy(&pool->done);
	(void)pthread_mutex_destroy(&pool->lock);
	free(pool);
}

void kai_pool_tell_room(struct kai_pool *pool, int event_fd)
{
	(void)pthread_mutex_lock(&pool->lock);
	pool->room_fd = event_fd;
	(void)pthread_mutex_unlock(&pool->lock);
}

/* ---- the links' side ---- */

struct kai_input *kai_pool_blank(void)
{
	return calloc(1, sizeof(struct kai_input));
}

void kai_pool_unused(struct kai_pool *pool, struct kai_input *input)
{
	if (input == NULL)
		return;
	(void)pthread_mutex_lock(&pool->lock);
	pool->frames--;
	input->next = pool->spare;
	pool->spare = input;
	(void)pthread_mutex_unlock(&pool->lock);
}

struct kai_input *kai_pool_blank_frame(struct kai_pool *pool)
{
	struct kai_input *input = NULL;

	(void)pthread_mutex_lock(&pool->lock);
	bool room = pool->frames < KAI_POOL_FRAMES && pool->bytes < KAI_POOL_BYTES;

	if (room) {
		pool->frames++;
		input = pool->spare;
		if (input != NULL)
			pool->spare = input->next;
	}
	pool->starved = !room;
	(void)pthread_mutex_unlock(&pool->lock);
	if (!room)
		return NULL;
	if (input == NULL) {
		input = calloc(1, sizeof(*input));
		if (input != NULL)
			input->memory = malloc(KAI_CHECK_ARENA);
		if (input == NULL || input->memory == NULL)
			kai_end_no_memory("frames");
	}
	input->next = NULL;
	input->type = KAI_INPUT_FRAME;
	input->frame_slot = true;
	input->done = false;
	input->has_body = false;
	input->bulk_number = 0;
	return input;
}

/* A hint only, read before anything is checked: array head, version, type. */
static unsigned peek_type(struct kai_input *input)
{
	const uint8_t *at = zmq_msg_data(&input->body);
	size_t len = zmq_msg_size(&input->body);
	size_t head = len > 0 && at[0] == 0xdc ? 3 : 1;

	return len > head + 1 ? at[head + 1] : 0;
}

static bool goes_bulk(const struct kai_pool *pool, struct kai_input *input,
		      struct kai_lane_mark *mark, bool *ret_barrier)
{
	*ret_barrier = false;
	if (input->type != KAI_INPUT_FRAME || mark == NULL)
		return false;
	if (mark->last_barrier > pool->bulk_done)
		return true;
	unsigned type = peek_type(input);

	*ret_barrier = type == KAI_MSG_HELLO || type == KAI_MSG_BYE;
	return type == KAI_MSG_CHUNK || type == KAI_MSG_OFFER || type == KAI_MSG_REALM ||
	       (*ret_barrier && mark->last_bulk > pool->bulk_done);
}

/* An alert, or a question. */
static bool presses(struct kai_input *input)
{
	if (input->bulk_number > 0)
		return false;
	return input->type == KAI_INPUT_CONTROL ||
	       (input->type == KAI_INPUT_FRAME && peek_type(input) == KAI_MSG_PUSH);
}

static void append(struct lane *lane, struct kai_input *input)
{
	input->next = NULL;
	if (lane->tail == NULL)
		lane->head = input;
	else
		lane->tail->next = input;
	lane->tail = input;
	if (lane->fresh == NULL)
		lane->fresh = input;
}

void kai_pool_put(struct kai_pool *pool, struct kai_input *input, struct kai_lane_mark *mark)
{
	bool barrier;

	(void)pthread_mutex_lock(&pool->lock);
	if (input->frame_slot)
		pool->bytes += zmq_msg_size(&input->body);
	input->done = input->type != KAI_INPUT_FRAME;
	if (goes_bulk(pool, input, mark, &barrier)) {
		input->bulk_number = ++pool->bulk_put;
		mark->last_bulk = input->bulk_number;
		if (barrier)
			mark->last_barrier = input->bulk_number;
		append(&pool->bulk, input);
	} else {
		append(&pool->fast, input);
		if (presses(input))
			(void)atomic_fetch_add(&pool->pressing, 1);
	}
	/* A loop that waits checks a lone frame itself: one thread less to wake on an alert's way. */
	if (pool->waiting)
		(void)pthread_cond_signal(&pool->done);
	else if (!input->done)
		(void)pthread_cond_signal(&pool->work);
	(void)pthread_mutex_unlock(&pool->lock);
}

/* ---- the loop's side ---- */

static size_t take_lane(struct kai_pool *pool, struct lane *lane, struct kai_input **ret,
			size_t max)
{
	size_t count = 0;

	while (count < max && lane->head != NULL && lane->head->done) {
		struct kai_input *input = lane->head;

		lane->head = input->next;
		if (lane->head == NULL)
			lane->tail = NULL;
		if (lane->fresh == input)
			lane->fresh = input->next;
		pool->bulk_ready -= input->bulk_number > 0;
		if (presses(input))
			(void)atomic_fetch_sub(&pool->pressing, 1);
		ret[count++] = input;
	}
	return count;
}

static bool ready(const struct kai_pool *pool)
{
	return (pool->fast.head != NULL && pool->fast.head->done) ||
	       (pool->bulk.head != NULL && pool->bulk.head->done);
}

static void wait_ready(struct kai_pool *pool, int64_t wait_ms)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(wait_ms / 1000);
	until.tv_nsec += (long)(wait_ms % 1000) * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_nsec -= 1000000000L;
		until.tv_sec++;
	}
	while (!ready(pool)) {
		/* Nothing else to do: the loop checks too. */
		if (check_next(pool) != NULL)
			continue;
		pool->waiting = true;
		int failed = pthread_cond_timedwait(&pool->done, &pool->lock, &until);

		pool->waiting = false;
		if (failed == ETIMEDOUT)
			break;
	}
}

/* A turn costs a commit, however little it holds: while bulk waits for its check the loop helps with that, so that
 * what is committed grows with what waits. Nothing else waits for it. */
static void gather(struct kai_pool *pool)
{
	int64_t start_ms = kai_real_ms();

	while (pool->fast.head == NULL && pool->bulk_ready > 0 && pool->bulk_ready < GATHER &&
	       kai_real_ms() - start_ms < GATHER_MS && check_next(pool) != NULL)
		;
}

size_t kai_pool_take(struct kai_pool *pool, struct kai_input **ret, size_t max, int64_t wait_ms)
{
	(void)pthread_mutex_lock(&pool->lock);
	if (wait_ms > 0 && !ready(pool))
		wait_ready(pool, wait_ms);
	if (wait_ms > 0)
		gather(pool);
	size_t count = take_lane(pool, &pool->fast, ret, max);

	count += take_lane(pool, &pool->bulk, ret + count, max - count);
	(void)pthread_mutex_unlock(&pool->lock);
	return count;
}

bool kai_pool_pressing(const struct kai_pool *pool)
{
	return atomic_load(&pool->pressing) > 0;
}

void kai_pool_put_back(struct kai_pool *pool, struct kai_input **inputs, size_t count)
{
	if (count == 0)
		return;
	(void)pthread_mutex_lock(&pool->lock);
	for (size_t i = 0; i + 1 < count; i++)
		inputs[i]->next = inputs[i + 1];
	inputs[count - 1]->next = pool->bulk.head;
	pool->bulk.head = inputs[0];
	if (pool->bulk.tail == NULL)
		pool->bulk.tail = inputs[count - 1];
	pool->bulk_ready += count;
	(void)pthread_mutex_unlock(&pool->lock);
}

void kai_pool_give_back(struct kai_pool *pool, struct kai_input **inputs, size_t count)
{
	size_t frames = 0;
	size_t bytes = 0;
	uint64_t bulk = 0;
	struct kai_input *spare = NULL;
	struct kai_input *last = NULL;

	for (size_t i = 0; i < count; i++) {
		struct kai_input *input = inputs[i];

		if (!input->frame_slot) {
			free_input(input);
			continue;
		}
		if (input->bulk_number > 0)
			bulk = input->bulk_number;
		frames++;
		bytes += zmq_msg_size(&input->body);
		(void)zmq_msg_close(&input->body);
		input->has_body = false;
		input->next = spare;
		spare = input;
		if (last == NULL)
			last = input;
	}
	if (frames == 0)
		return;
	(void)pthread_mutex_lock(&pool->lock);
	if (bulk > 0)
		pool->bulk_done = bulk;
	pool->frames -= frames;
	pool->bytes -= bytes;
	last->next = pool->spare;
	pool->spare = spare;
	bool tell = pool->starved && pool->room_fd >= 0;

	pool->starved = false;
	if (tell) {
		const uint64_t one = 1;
		ssize_t written = write(pool->room_fd, &one, sizeof(one));

		(void)written;
	}
	(void)pthread_mutex_unlock(&pool->lock);
}
