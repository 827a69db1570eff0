/* SPDX-License-Identifier: Apache-2.0 */
#include "drills.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "drill_dirs.h"
#include "kairan/control.h"
#include "kairan/keys.h"
#include "kairan/text.h"
#include "loop.h"
#include "reply.h"

#define DIR_MODE 0750
#define LOOK_AGAIN_MS 1000
#define LISTED 64    /* of those that may have a place */
#define MORE_STEPS 4 /* of unfinished work in one turn, while nothing live waits */

static struct kai_drill_seat *seat_of(struct kai_drills *drills, const uint8_t realm[KAI_REALM_LEN])
{
	for (size_t i = 0; i < drills->count; i++)
		if (memcmp(drills->seats[i].realm, realm, KAI_REALM_LEN) == 0)
			return &drills->seats[i];
	return NULL;
}

bool kai_drills_serve(struct kai_loop *loop, const uint8_t realm[KAI_REALM_LEN])
{
	const struct kai_drill_seat *seat = seat_of(&loop->drills, realm);

	return seat != NULL && seat->engine != NULL;
}

static void close_seat(struct kai_drill_seat *seat)
{
	kai_engine_free(seat->engine);
	kai_store_close(seat->store);
	seat->engine = NULL;
	seat->store = NULL;
	seat->more = false;
}

void kai_drills_end(struct kai_loop *loop)
{
	for (size_t i = 0; i < loop->drills.count; i++)
		close_seat(&loop->drills.seats[i]);
	loop->drills.stale = true;
}

static void give_up(struct kai_loop *loop, struct kai_drill_seat *seat, enum kai_err err,
		    const struct kai_why *why)
{
	char realm[KAI_REALM_TEXT];

	kai_base32(kai_span(seat->realm, KAI_REALM_LEN), realm, sizeof(realm));
	kai_log_fields(loop->log, KAI_LOG_ERROR, "drill.failed", {"drill", realm, 0},
		       {"why", why->text, 0}, {"error", kai_err_text(err), 0});
	close_seat(seat);
	seat->failed = true;
}

/* ---- turns ---- */

static void step(struct kai_loop *loop, struct kai_drill_seat *seat, struct kai_txn *txn,
		 struct kai_event *event)
{
	event->mono = kai_clock_mono(&loop->clock);
	event->wall = kai_clock_wall(&loop->clock);
	randombytes_buf(event->entropy, sizeof(event->entropy));
	seat->more = kai_engine_step(seat->engine, txn, event, loop->out);
	if (!kai_release_mark(loop))
		kai_txn_fail(txn, KAI_ERR_NOMEM);
}

/* Ends the transaction; what was put out goes behind everything live. */
static void finish(struct kai_loop *loop, struct kai_drill_seat *seat, struct kai_txn *txn)
{
	struct kai_why why = {""};
	enum kai_err err = kai_txn_commit(txn, &why);

	if (err == KAI_ERR_OK)
		(void)kai_release_all(loop, seat->realm);
	kai_out_reset(loop->out);
	loop->out_link_count = 0;
	if (err != KAI_ERR_OK)
		give_up(loop, seat, err, &why);
}

static bool begin(struct kai_loop *loop, struct kai_drill_seat *seat, struct kai_txn **ret)
{
	struct kai_why why = {""};
	enum kai_err err = kai_txn_begin(seat->store, true, ret, &why);

	if (err == KAI_ERR_OK)
		return true;
	give_up(loop, seat, err, &why);
	return false;
}

/* Is the input this drill's to see? Links' ups and downs are everybody's. */
static bool event_of(struct kai_loop *loop, const struct kai_drill_seat *seat,
		     struct kai_input *input, struct kai_event *ret)
{
	uint8_t realm[KAI_REALM_LEN];

	*ret = (struct kai_event){0};
	memcpy(ret->org, input->org, KAI_ID_LEN);
	switch (input->type) {
	case KAI_INPUT_FRAME:
		ret->type = KAI_EVENT_FRAME;
		ret->frame = &input->checked;
		return memcmp(input->checked.realm, seat->realm, KAI_REALM_LEN) == 0 &&
		       kai_sessions_link(&loop->sessions, input->org) == input->link;
	case KAI_INPUT_UP:
		ret->type = KAI_EVENT_LINK_UP;
		return true;
	case KAI_INPUT_DOWN:
		ret->type = KAI_EVENT_LINK_DOWN;
		return true;
	case KAI_INPUT_CONTROL:
		ret->type = KAI_EVENT_CONTROL;
		ret->client = input->client;
		ret->request = kai_span(zmq_msg_data(&input->body), zmq_msg_size(&input->body));
		kai_control_realm(ret->request, realm);
		return memcmp(realm, seat->realm, KAI_REALM_LEN) == 0;
	case KAI_INPUT_SIGNAL:
	case KAI_INPUT_CALLED: /* nobody is called for a drill */
		return false;
	}
	return false;
}

static void refuse_controls(struct kai_loop *loop, const struct kai_drill_seat *seat, size_t count)
{
	struct kai_event event;

	for (size_t i = 0; i < count; i++) {
		if (loop->inputs[i]->type != KAI_INPUT_CONTROL ||
		    !event_of(loop, seat, loop->inputs[i], &event))
			continue;
		size_t len = 0;
		uint8_t *answer = kai_reply_storage(KAI_ERR_IO, &len);

		kai_release_reply(loop, loop->inputs[i]->client, answer, len);
		free(answer);
	}
}

/* Its window ended, or there is none: it waits for nothing. */
static bool is_over(const struct kai_drill_seat *seat)
{
	return seat->engine != NULL && kai_engine_deadline(seat->engine).ms == INT64_MAX;
}

static bool is_due(const struct kai_loop *loop, const struct kai_drill_seat *seat)
{
	return kai_engine_deadline(seat->engine).ms <= kai_clock_mono(&loop->clock).ms;
}

static void turn(struct kai_loop *loop, struct kai_drill_seat *seat, size_t count)
{
	struct kai_event event;
	struct kai_txn *txn;
	bool any = !loop->more && (seat->more || is_due(loop, seat));
	bool was_over = is_over(seat);

	for (size_t i = 0; i < count && !any; i++)
		any = event_of(loop, seat, loop->inputs[i], &event);
	if (!any)
		return;
	if (begin(loop, seat, &txn)) {
		if (is_due(loop, seat)) {
			event = (struct kai_event){.type = KAI_EVENT_TIMER};
			step(loop, seat, txn, &event);
		}
		for (size_t i = 0; i < count; i++)
			if (event_of(loop, seat, loop->inputs[i], &event))
				step(loop, seat, txn, &event);
		for (int i = 0; i < MORE_STEPS && seat->more && !loop->more; i++) {
			event = (struct kai_event){.type = KAI_EVENT_MORE};
			step(loop, seat, txn, &event);
		}
		finish(loop, seat, txn);
	}
	if (is_over(seat) && !was_over)
		loop->drills.stale = true; /* it gives up its place */
	if (seat->failed)
		refuse_controls(loop, seat, count);
}

/* ---- which there are ---- */

static enum kai_err make_dir(const char *path, struct kai_why *why)
{
	if (mkdir(path, DIR_MODE) == 0 || errno == EEXIST)
		return KAI_ERR_OK;
	return kai_fail(why, errno == ENOSPC ? KAI_ERR_FULL : KAI_ERR_IO, "%.300s: %s", path,
			strerror(errno));
}

static enum kai_err open_store(struct kai_loop *loop, struct kai_drill_seat *seat,
			       struct kai_why *why)
{
	struct kai_store_options options = {.quota_bytes = loop->drill_quota_bytes};
	struct kai_store *own = NULL;
	char realm[KAI_REALM_TEXT];
	char drills[KAI_PATH_SIZE], path[KAI_PATH_SIZE];
	enum kai_err err = kai_path(drills, loop->dir, KAI_DRILLS_DIR, why);

	kai_base32(kai_span(seat->realm, KAI_REALM_LEN), realm, sizeof(realm));
	if (err == KAI_ERR_OK)
		err = kai_path(path, drills, realm, why);
	if (err == KAI_ERR_OK)
		err = make_dir(drills, why);
	if (err == KAI_ERR_OK)
		err = make_dir(path, why);
	if (err == KAI_ERR_OK)
		err = kai_store_open_lmdb(path, &options, &own, why);
	if (err != KAI_ERR_OK)
		return err;
	err = kai_store_open_drill(loop->store, own, seat->realm, &seat->store, why);
	if (err != KAI_ERR_OK)
		kai_store_close(own);
	return err;
}

static void begin_life(struct kai_loop *loop, struct kai_drill_seat *seat)
{
	struct kai_event event = {.type = KAI_EVENT_START};
	struct kai_engine_config config = loop->config;
	struct kai_why why = {""};
	struct kai_txn *txn;
	enum kai_err err = open_store(loop, seat, &why);

	memcpy(config.realm, seat->realm, KAI_REALM_LEN);
	config.escalation =
		(struct kai_escalation){.ceiling = 0}; /* nobody is called for a drill */
	if (err == KAI_ERR_OK) {
		err = kai_engine_new(&config, &seat->engine);
		if (err != KAI_ERR_OK)
			err = kai_fail(&why, err, "engine: %s", kai_err_text(err));
	}
	if (err != KAI_ERR_OK) {
		give_up(loop, seat, err, &why);
		return;
	}
	if (!begin(loop, seat, &txn))
		return;
	step(loop, seat, txn, &event);
	for (size_t i = 0; i < loop->sessions.count; i++) {
		event = (struct kai_event){.type = KAI_EVENT_LINK_UP};
		memcpy(event.org, loop->sessions.rows[i].org, KAI_ID_LEN);
		step(loop, seat, txn, &event);
	}
	finish(loop, seat, txn);
}

static void tell_trust(struct kai_loop *loop, struct kai_drill_seat *seat)
{
	struct kai_event event = {.type = KAI_EVENT_TRUST};
	struct kai_txn *txn;

	if (!begin(loop, seat, &txn))
		return;
	step(loop, seat, txn, &event);
	finish(loop, seat, txn);
}

/* Its place: the realm's, else a free one's, else one that is over. */
static struct kai_drill_seat *place_for(struct kai_drills *drills,
					const uint8_t realm[KAI_REALM_LEN])
{
	struct kai_drill_seat *seat = seat_of(drills, realm);

	if (seat == NULL && drills->count < KAI_DRILLS)
		seat = &drills->seats[drills->count++];
	for (size_t i = 0; seat == NULL && i < drills->count; i++)
		if (drills->seats[i].engine == NULL)
			seat = &drills->seats[i];
	if (seat != NULL && memcmp(seat->realm, realm, KAI_REALM_LEN) != 0) {
		*seat = (struct kai_drill_seat){.failed = false};
		memcpy(seat->realm, realm, KAI_REALM_LEN);
	}
	return seat;
}

/* What there is to take part in. */
struct listed {
	uint8_t realms[LISTED][KAI_REALM_LEN];
	size_t count;
	bool seated
		[KAI_DRILLS]; /* is what this seat serves still among them, however many there are? */
	const struct kai_drills *drills;
};

/* false: they could not be read, which is tried again soon. */
static bool list(struct kai_loop *loop, struct listed *ret)
{
	struct kai_wall now = kai_clock_wall(&loop->clock);
	struct kai_why why = {""};
	struct kai_txn *txn;
	enum kai_err err = kai_txn_begin(loop->store, false, &txn, &why);

	*ret = (struct listed){.drills = &loop->drills};
	if (err == KAI_ERR_OK) {
		ret->count = kai_engine_drills(loop->engine, txn, now, ret->realms, LISTED);
		for (size_t i = 0; i < loop->drills.count; i++)
			ret->seated[i] = kai_engine_in_drill(loop->engine, txn, now,
							     loop->drills.seats[i].realm);
		err = kai_txn_error(txn);
		kai_txn_abort(txn);
	}
	if (err == KAI_ERR_OK)
		return true;
	kai_log_fields(loop->log, KAI_LOG_ERROR, "drills.unread", {"why", why.text, 0},
		       {"error", kai_err_text(err), 0});
	loop->drills.look.ms = kai_clock_mono(&loop->clock).ms + LOOK_AGAIN_MS;
	return false;
}

/* All have a place, or as many as there are places: one that runs gives way to none. */
static void seat_all(struct kai_loop *loop, struct listed *listed)
{
	struct kai_drills *drills = &loop->drills;
	size_t waiting = 0;

	for (size_t i = 0; i < listed->count; i++) {
		struct kai_drill_seat *seat = place_for(drills, listed->realms[i]);

		if (seat == NULL)
			waiting++;
		else if (seat->engine == NULL && !seat->failed)
			begin_life(loop, seat);
	}
	if (waiting > 0 && waiting != drills->waiting)
		kai_log_fields(loop->log, KAI_LOG_WARNING, "drills.full",
			       {"waiting", NULL, (int64_t)waiting});
	drills->waiting = waiting;
}

static bool stays(const void *context, const uint8_t realm[KAI_REALM_LEN])
{
	const struct listed *listed = context;

	for (size_t i = 0; i < listed->count; i++)
		if (memcmp(listed->realms[i], realm, KAI_REALM_LEN) == 0)
			return true;
	for (size_t i = 0; i < listed->drills->count; i++)
		if (listed->drills->seats[i].engine != NULL &&
		    memcmp(listed->drills->seats[i].realm, realm, KAI_REALM_LEN) == 0)
			return true;
	return false;
}

static void trim(struct kai_loop *loop, const struct listed *listed)
{
	struct kai_txn *txn;

	if (kai_txn_begin(loop->store, false, &txn, NULL) != KAI_ERR_OK)
		return;
	kai_drill_dirs_trim(loop, txn, loop->drill_quota_bytes * KAI_DRILLS, stays, listed);
	kai_txn_abort(txn);
}

static void look(struct kai_loop *loop)
{
	struct kai_drills *drills = &loop->drills;
	struct listed listed;

	if (!list(loop, &listed))
		return;
	drills->stale = false;
	for (size_t i = 0; i < drills->count; i++) {
		if (drills->seats[i].engine == NULL)
			continue;
		tell_trust(loop, &drills->seats[i]); /* one that is over ends its links by that */
		if (!listed.seated[i])
			close_seat(&drills->seats[i]);
	}
	seat_all(loop, &listed);
	trim(loop, &listed);
}

void kai_drills_turn(struct kai_loop *loop, size_t count)
{
	struct kai_drills *drills = &loop->drills;

	for (size_t i = 0; i < drills->count; i++)
		if (drills->seats[i].engine != NULL)
			turn(loop, &drills->seats[i], count);
	if (drills->stale && drills->look.ms <= kai_clock_mono(&loop->clock).ms)
		look(loop);
}

struct kai_mono kai_drills_deadline(const struct kai_loop *loop)
{
	struct kai_mono due = {loop->drills.stale ? loop->drills.look.ms : INT64_MAX};

	for (size_t i = 0; i < loop->drills.count; i++) {
		const struct kai_drill_seat *seat = &loop->drills.seats[i];
		struct kai_mono next = {0};

		if (seat->engine == NULL)
			continue;
		if (!seat->more)
			next = kai_engine_deadline(seat->engine);
		if (next.ms < due.ms)
			due = next;
	}
	return due;
}
