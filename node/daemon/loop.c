/* SPDX-License-Identifier: Apache-2.0 */
#include "loop.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kairan/card.h"
#include "kairan/rec.h"
#include "notify.h"
#include "reply.h"

#define WAIT_MS 1000	    /* longest sleep, so that housekeeping has its turn */
#define MORE_STEPS 16	    /* of unfinished work in one turn, */
#define MORE_MS 10	    /* begun within so long: then what was done leaves */
#define LEAST_BULK 16	    /* of a turn, and as much as of anything else, before alerts end it */
#define RETRY_FIRST_MS 1000 /* read-only: before the first attempt to write again … */
#define RETRY_LAST_MS 15000 /* … doubling up to this */
#define REAP_MS 60000	    /* between looks for readers that died */
#define RECORD_ARENA ((size_t)256 * 1024)

/* ---- steps ---- */

static void step(struct kai_loop *loop, struct kai_txn *txn, struct kai_event *event)
{
	event->mono = kai_clock_mono(&loop->clock);
	event->wall = kai_clock_wall(&loop->clock);
	randombytes_buf(event->entropy, sizeof(event->entropy));
	loop->more = kai_engine_step(loop->engine, txn, event, loop->out);
	if (!kai_release_mark(loop))
		kai_txn_fail(txn, KAI_ERR_NOMEM);
}

/* Turns an input into an event; false: it belongs to a connection that is over. */
static bool event_of(struct kai_loop *loop, struct kai_input *input, struct kai_event *ret)
{
	uint64_t link = kai_sessions_link(&loop->sessions, input->org);
	uint8_t realm[KAI_REALM_LEN];

	*ret = (struct kai_event){0};
	memcpy(ret->org, input->org, KAI_ID_LEN);
	switch (input->type) {
	case KAI_INPUT_FRAME:
		ret->type = KAI_EVENT_FRAME;
		ret->frame = &input->checked;
		return link == input->link && !kai_drills_serve(loop, input->checked.realm);
	case KAI_INPUT_UP:
		ret->type = KAI_EVENT_LINK_UP;
		return kai_sessions_set(&loop->sessions, input->org, input->link);
	case KAI_INPUT_DOWN:
		ret->type = KAI_EVENT_LINK_DOWN;
		if (link != input->link)
			return false;
		kai_sessions_drop(&loop->sessions, input->org);
		return true;
	case KAI_INPUT_CONTROL:
		ret->type = KAI_EVENT_CONTROL;
		ret->client = input->client;
		ret->request = kai_span(zmq_msg_data(&input->body), zmq_msg_size(&input->body));
		kai_control_realm(ret->request, realm);
		return !kai_drills_serve(loop, realm);
	case KAI_INPUT_SIGNAL:
		loop->signal = input->number;
		return false;
	case KAI_INPUT_CALLED:
		ret->type = KAI_EVENT_CALLED;
		ret->call = input->called->ref;
		ret->result = input->called->result;
		ret->code = input->called->code;
		ret->said = kai_span_str(input->called->said);
		return true;
	}
	return false;
}

/* An alert that came in the meantime waits for no more of this turn's bulk than was done till then. */
static bool goes_on(const struct kai_loop *loop, size_t at, size_t *io_bulk)
{
	size_t others = at - *io_bulk;

	if (loop->inputs[at]->bulk_number == 0)
		return true;
	if (*io_bulk >= LEAST_BULK + others && kai_pool_pressing(loop->pool))
		return false;
	++*io_bulk;
	return true;
}

/* How many had their turn; the rest is bulk. */
static size_t step_inputs(struct kai_loop *loop, struct kai_txn *txn, size_t count)
{
	int64_t start_ms = kai_real_ms();
	struct kai_event event;
	size_t bulk = 0;
	size_t done = 0;

	if (kai_engine_deadline(loop->engine).ms <= kai_clock_mono(&loop->clock).ms) {
		event = (struct kai_event){.type = KAI_EVENT_TIMER};
		step(loop, txn, &event);
	}
	for (; done < count && goes_on(loop, done, &bulk); done++)
		if (event_of(loop, loop->inputs[done], &event))
			step(loop, txn, &event);
	for (int i = 0; i < MORE_STEPS && loop->more; i++) {
		if (i > 0 && (kai_pool_pressing(loop->pool) || kai_real_ms() - start_ms >= MORE_MS))
			break;
		event = (struct kai_event){.type = KAI_EVENT_MORE};
		step(loop, txn, &event);
	}
	return done;
}

/* ---- whom to talk to ---- */

/* Can peers dial us, as far as they know? */
static bool reachable(struct kai_loop *loop, struct kai_txn *txn)
{
	struct kai_arena arena = {.at = malloc(RECORD_ARENA), .cap = RECORD_ARENA};
	struct kai_key key = kai_key_bytes(loop->config.org, KAI_ID_LEN);
	struct kai_record_rec held;
	struct kai_node_record record;
	uint8_t digest[KAI_ID_LEN];
	bool yes =
		arena.at != NULL &&
		kai_rec_get(txn, KAI_TABLE_RECORDS, &key, &kai_object_record_rec, &arena, &held) &&
		kai_node_record_open(held.bytes, &arena, &record, digest) == KAI_FAULT_NONE &&
		record.endpoints_count > 0;

	free(arena.at);
	return yes;
}

enum kai_err kai_loop_send_roster(struct kai_loop *loop, struct kai_why *why)
{
	struct kai_mail_list list = {0};
	struct kai_txn *txn;
	enum kai_err err = kai_txn_begin(loop->store, false, &txn, why);

	if (err != KAI_ERR_OK)
		return err;
	struct kai_roster *roster = kai_roster_new(reachable(loop, txn), loop->cut);

	if (roster != NULL)
		kai_engine_peers(loop->engine, txn, kai_clock_wall(&loop->clock), kai_roster_add,
				 roster);
	err = kai_txn_error(txn);
	kai_txn_abort(txn);
	if (err == KAI_ERR_OK && (roster == NULL || roster->failed))
		err = KAI_ERR_NOMEM;
	if (err != KAI_ERR_OK) {
		kai_roster_free(roster);
		return kai_fail(why, err, "peers: %s", kai_err_text(err));
	}
	struct kai_mail *mail = kai_mail_new(KAI_MAIL_ROSTER);

	mail->roster = roster;
	kai_mail_append(&list, mail);
	kai_net_post(loop->net, &list);
	return KAI_ERR_OK;
}

/* ---- life and death of the engine ---- */

static void forget_outputs(struct kai_loop *loop)
{
	kai_out_reset(loop->out);
	loop->out_link_count = 0;
}

static enum kai_err finish(struct kai_loop *loop, struct kai_txn *txn, struct kai_why *why)
{
	enum kai_err err = kai_txn_commit(txn, why);
	bool peers = false;

	if (err == KAI_ERR_OK)
		peers = kai_release_all(loop, NULL);
	forget_outputs(loop);
	loop->drills.stale = loop->drills.stale || peers;
	return peers ? kai_loop_send_roster(loop, why) : err;
}

static enum kai_err new_engine(struct kai_loop *loop, struct kai_why *why)
{
	enum kai_err err;

	kai_drills_end(loop);
	kai_engine_free(loop->engine);
	loop->engine = NULL;
	loop->more = false;
	forget_outputs(loop);
	kai_sessions_clear(&loop->sessions);
	err = kai_engine_new(&loop->config, &loop->engine);
	return err == KAI_ERR_OK ? err : kai_fail(why, err, "engine: %s", kai_err_text(err));
}

static enum kai_err begin_life(struct kai_loop *loop, struct kai_why *why)
{
	struct kai_event event = {.type = KAI_EVENT_START};
	struct kai_txn *txn;
	enum kai_err err = new_engine(loop, why);

	if (err == KAI_ERR_OK)
		err = kai_txn_begin(loop->store, true, &txn, why);
	if (err != KAI_ERR_OK)
		return err;
	step(loop, txn, &event);
	err = finish(loop, txn, why);
	if (err == KAI_ERR_OK)
		err = kai_loop_send_roster(loop, why);
	if (err == KAI_ERR_OK)
		kai_drills_turn(loop, 0); /* before anybody asks them for something */
	return err;
}

static void set_read_only(struct kai_loop *loop, bool read_only)
{
	if (read_only) {
		loop->retry_wait_ms = !loop->read_only ? RETRY_FIRST_MS : 2 * loop->retry_wait_ms;
		if (loop->retry_wait_ms > RETRY_LAST_MS)
			loop->retry_wait_ms = RETRY_LAST_MS;
		loop->retry_ms = kai_real_ms() + loop->retry_wait_ms;
		kai_log_fields(loop->log, KAI_LOG_ERROR, "store.read-only",
			       {"why", kai_err_text(KAI_ERR_FULL), 0},
			       {"retry_ms", NULL, loop->retry_wait_ms});
		kai_notify(
			"STATUS=READ-ONLY: no space left for the store; no links until there is");
	} else if (loop->read_only) {
		kai_log_fields(loop->log, KAI_LOG_WARNING, "store.writable", {NULL, NULL, 0});
		kai_notify("STATUS=running");
	}
	loop->read_only = read_only;
}

/* A failed commit is a crash of the engine, and no more than that where the disk is full. */
static enum kai_err crash(struct kai_loop *loop, enum kai_err err, struct kai_why *why)
{
	kai_log_fields(loop->log, KAI_LOG_ERROR, "turn.failed", {"why", why->text, 0},
		       {"error", kai_err_text(err), 0});
	kai_release_order(loop, KAI_MAIL_HOLD);
	if (err != KAI_ERR_FULL)
		err = begin_life(loop, why);
	if (err == KAI_ERR_FULL) {
		set_read_only(loop, true);
		return new_engine(loop, why);
	}
	if (err == KAI_ERR_OK)
		kai_release_order(loop, KAI_MAIL_RESUME);
	return err;
}

enum kai_err kai_loop_start(struct kai_loop *loop, struct kai_why *why)
{
	enum kai_err err = kai_out_new(&loop->out);

	loop->reap_ms = kai_real_ms() + REAP_MS;
	loop->told_links = SIZE_MAX;
	if (err != KAI_ERR_OK)
		return kai_fail(why, err, "outputs: %s", kai_err_text(err));
	err = begin_life(loop, why);
	return err == KAI_ERR_FULL ? crash(loop, err, why) : err;
}

void kai_loop_done(struct kai_loop *loop)
{
	kai_drills_end(loop);
	kai_engine_free(loop->engine);
	kai_out_free(loop->out);
	kai_sessions_done(&loop->sessions);
	free(loop->out_links);
	loop->engine = NULL;
	loop->out = NULL;
	loop->out_links = NULL;
}

/* ---- turns ---- */

/* What was asked in a turn that failed did not happen, and the client is told so. */
static void refuse_controls(struct kai_loop *loop, size_t count, enum kai_err err)
{
	for (size_t i = 0; i < count; i++) {
		if (loop->inputs[i]->type != KAI_INPUT_CONTROL)
			continue;
		size_t len = 0;
		uint8_t *answer = kai_reply_storage(err, &len);

		kai_release_reply(loop, loop->inputs[i]->client, answer, len);
		free(answer);
	}
}

/* Read-only: the state can be asked for, in a transaction that is thrown away. */
static void answer_read_only(struct kai_loop *loop, struct kai_input *input)
{
	struct kai_event event;
	struct kai_txn *txn;
	uint8_t *answer = NULL;
	size_t len = 0;

	if (!event_of(loop, input, &event) || input->type != KAI_INPUT_CONTROL)
		return;
	if (kai_reply_is_status(event.request) &&
	    kai_txn_begin(loop->store, true, &txn, NULL) == KAI_ERR_OK) {
		step(loop, txn, &event);
		kai_txn_abort(txn);
		answer = kai_reply_read_only(kai_release_answer(loop), &len);
		forget_outputs(loop);
	}
	if (answer == NULL)
		answer = kai_reply_storage(KAI_ERR_FULL, &len);
	kai_release_reply(loop, input->client, answer, len);
	free(answer);
}

static enum kai_err turn_read_only(struct kai_loop *loop, size_t count, struct kai_why *why)
{
	for (size_t i = 0; i < count; i++)
		answer_read_only(loop, loop->inputs[i]);
	kai_sessions_clear(&loop->sessions);
	if (kai_real_ms() < loop->retry_ms)
		return KAI_ERR_OK;
	enum kai_err err = begin_life(loop, why);

	if (err == KAI_ERR_FULL) {
		set_read_only(loop, true);
		return new_engine(loop, why);
	}
	if (err == KAI_ERR_OK) {
		set_read_only(loop, false);
		kai_release_order(loop, KAI_MAIL_RESUME);
	}
	return err;
}

/* *io_count: how many inputs there are, and after it how many had their turn and are left for the drills; none when
 * it failed. */
static enum kai_err turn(struct kai_loop *loop, size_t *io_count, struct kai_why *why)
{
	struct kai_txn *txn;
	enum kai_err err = kai_txn_begin(loop->store, true, &txn, why);

	size_t done = 0;

	if (err == KAI_ERR_OK) {
		done = step_inputs(loop, txn, *io_count);
		err = finish(loop, txn, why);
	}
	if (err == KAI_ERR_OK) {
		*io_count = done;
		return err;
	}
	refuse_controls(loop, *io_count, err);
	*io_count = 0; /* what was refused is not done, in a drill neither */
	return crash(loop, err, why);
}

static void housekeeping(struct kai_loop *loop)
{
	char status[64];

	if (kai_real_ms() >= loop->reap_ms) {
		int readers = kai_store_reap(loop->store);

		if (readers > 0)
			kai_log_fields(loop->log, KAI_LOG_WARNING, "store.dead-readers",
				       {"readers", NULL, readers});
		loop->reap_ms = kai_real_ms() + REAP_MS;
	}
	if (loop->sessions.count != loop->told_links && !loop->read_only) {
		(void)snprintf(status, sizeof(status), "STATUS=%zu links up", loop->sessions.count);
		kai_notify(status);
		loop->told_links = loop->sessions.count;
	}
}

static int64_t wait_ms(const struct kai_loop *loop)
{
	if (loop->read_only)
		return WAIT_MS;
	if (loop->more)
		return 0;
	struct kai_mono live = kai_engine_deadline(loop->engine);
	struct kai_mono drill = kai_drills_deadline(loop);

	return kai_clock_wait_ms(&loop->clock, live.ms < drill.ms ? live : drill, WAIT_MS);
}

enum kai_err kai_loop_turn(struct kai_loop *loop, struct kai_why *why)
{
	size_t count = kai_pool_take(loop->pool, loop->inputs, KAI_TURN_INPUTS, wait_ms(loop));
	size_t left = loop->read_only ? 0 : count; /* read-only, all are answered there */
	enum kai_err err = KAI_ERR_OK;

	if (loop->read_only)
		err = turn_read_only(loop, count, why);
	else if (count > 0 || loop->more ||
		 kai_engine_deadline(loop->engine).ms <= kai_clock_mono(&loop->clock).ms)
		err = turn(loop, &left, why);
	if (err == KAI_ERR_OK && !loop->read_only)
		kai_drills_turn(loop, left);
	size_t done =
		left > 0 ? left : count; /* a turn takes one at least, or all of them are over */

	kai_pool_put_back(loop->pool, loop->inputs + done, count - done);
	kai_pool_give_back(loop->pool, loop->inputs, done);
	housekeeping(loop);
	return err;
}
