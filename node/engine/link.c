/* SPDX-License-Identifier: Apache-2.0 */
#include "private.h"
#include "kairan/frames.h"
#include "kairan/rec.h"

#include <sodium.h>
#include <string.h>

/*
 * A link is greeted by a hello with a fresh nonce; each end answers the other's nonce once. Who
 * has the peer's nonce and its answer to the own one is UP. A hello with a new nonce on a standing
 * link begins a new session: both ends forget what was offered and wanted, and start again from
 * the resume tokens.
 */
#define HELLO_MS (10 * KAI_MS_SECOND)
#define PING_MS (15 * KAI_MS_SECOND)
#define SILENT_MS (45 * KAI_MS_SECOND)
#define PEER_JUMP_MS (10 * KAI_MS_SECOND) /* less may be the way that a hello took */

static void note_heard(struct kai_turn *turn, const struct kai_link *link)
{
	struct kai_arena lists = *turn->scratch;
	struct kai_peer peer;

	if (!kai_rec_peer(turn->txn, link->org, &lists, &peer))
		return;
	peer.heard_at = (uint64_t)turn->event->wall.ms;
	kai_rec_peer_put(turn->txn, &peer);
}

/* Every transition passes here. reason: why it went down, else NULL. */
static void enter(struct kai_turn *turn, struct kai_link *link, enum kai_link_state state,
		  const char *reason)
{
	enum kai_link_state before = link->state;

	if (before == KAI_LINK_UP) {
		link->gone = turn->event->mono;
		kai_spread_down(turn, link);
		kai_fetch_down(turn, link);
		kai_owing_down(link);
		sodium_memzero(link->session_key, sizeof(link->session_key));
	}
	link->state = state;
	link->since = turn->event->mono;
	link->cards_owed = false;
	if ((before == KAI_LINK_UP) != (state == KAI_LINK_UP))
		kai_clause_moved(turn);
	switch (state) {
	case KAI_LINK_DOWN:
		link->down_reason = reason;
		link->peer_greeted = false;
		link->again = false;
		link->late_until.ms = 0;
		if (before != KAI_LINK_DOWN) {
			note_heard(turn, link);
			kai_out_trace(turn, "link-down", link->org, NULL, reason, 0);
		}
		return;
	case KAI_LINK_GREETING:
		link->down_reason = "greeting";
		link->answered = false;
		link->again = before == KAI_LINK_UP || (link->again && before != KAI_LINK_DOWN);
		return;
	case KAI_LINK_UP:
		link->down_reason = "";
		if (link->again)
			link->late_until.ms = turn->event->mono.ms + KAI_LINK_LATE_MS;
		link->again = false;
		note_heard(turn, link);
		kai_out_trace(turn, "link-up", link->org, NULL, NULL, 0);
		kai_escalate_heard(turn, link);
		return;
	}
}

static void hash_nonce(const struct kai_turn *turn, const uint8_t nonce[KAI_NONCE_LEN],
		       uint8_t ret[KAI_ID_LEN])
{
	kai_hash(KAI_CTX_HELLO, turn->engine->config.realm, kai_span(nonce, KAI_NONCE_LEN), ret);
}

static void say_hello(struct kai_turn *turn, struct kai_link *link, bool answer)
{
	struct kai_hello hello = {
		.version_max = KAI_VERSION,
		.realms = kai_span(turn->engine->config.realm, KAI_REALM_LEN),
		.clock = (uint64_t)turn->event->wall.ms,
	};

	memcpy(hello.nonce, link->my_nonce, sizeof(hello.nonce));
	memcpy(hello.epoch, turn->engine->epoch, sizeof(hello.epoch));
	memcpy(hello.boot, turn->engine->config.boot, sizeof(hello.boot));
	hello.answers.is = answer;
	if (answer)
		hash_nonce(turn, link->peer_nonce, hello.answers.id);
	kai_trust_hello(turn, link, &hello);
	kai_fetch_hello(turn, link, &hello);
	(void)kai_out_send(turn, link, KAI_MSG_HELLO, &hello, true);
}

static void greet(struct kai_turn *turn, struct kai_link *link)
{
	enter(turn, link, KAI_LINK_GREETING, NULL);
	kai_draw(turn, "hello", link->my_nonce, sizeof(link->my_nonce));
	say_hello(turn, link, false);
}

void kai_link_event(struct kai_turn *turn, struct kai_link *link)
{
	if (turn->event->type == KAI_EVENT_LINK_UP) {
		/* Another connection: nothing of the one before may be taken for this one's. */
		enter(turn, link, KAI_LINK_DOWN, "reconnected");
		link->connected = true;
		link->heard = turn->event->mono;
		link->pinged = turn->event->mono;
		if (kai_realm_serves(turn, link))
			greet(turn, link);
		return;
	}
	link->connected = false;
	if (link->state == KAI_LINK_DOWN)
		return; /* ended by us or by its bye: the reason stays */
	enter(turn, link, KAI_LINK_DOWN, "link-lost");
}

void kai_link_greet_again(struct kai_turn *turn, struct kai_link *link)
{
	if (link->connected && kai_realm_serves(turn, link))
		greet(turn, link);
}

void kai_link_served(struct kai_turn *turn)
{
	for (size_t i = 0; i < turn->engine->link_count; i++) {
		struct kai_link *link = turn->engine->links[i];
		bool served = link->connected && kai_realm_serves(turn, link);

		if (served && link->state == KAI_LINK_DOWN)
			greet(turn, link);
		else if (!served && link->state != KAI_LINK_DOWN)
			enter(turn, link, KAI_LINK_DOWN, "drill");
	}
}

/* The same for both ends: key of the direction from the lower org, then the lower org's nonce. */
static void derive_session(struct kai_turn *turn, struct kai_link *link)
{
	bool lower = memcmp(turn->engine->config.org, link->org, KAI_ID_LEN) < 0;
	uint8_t key[32] = {0};
	struct kai_link_ends ends;
	struct kai_span pieces[3] = {
		kai_span(key, sizeof(key)),
		kai_span(lower ? link->my_nonce : link->peer_nonce, KAI_NONCE_LEN),
		kai_span(lower ? link->peer_nonce : link->my_nonce, KAI_NONCE_LEN),
	};

	/* Without a sealing key no item can pass either, so zeros protect nothing that is there. */
	(void)kai_pair_wrap_key(turn, link, lower, key, &ends);
	kai_hash_many(KAI_CTX_HELLO, turn->engine->config.realm, pieces, 3, link->session_key);
	sodium_memzero(key, sizeof(key));
}

static void come_up(struct kai_turn *turn, struct kai_link *link, const struct kai_hello *hello)
{
	enter(turn, link, KAI_LINK_UP, NULL);
	derive_session(turn, link);
	kai_trust_greeted(turn, link, hello);
	if (link->state != KAI_LINK_UP)
		return; /* greeted anew meanwhile */
	if (kai_pair_now(turn, link)->state == KAI_STATE_TERMINATED) {
		struct kai_bye bye = {.reason = kai_span_str("terminated")};

		(void)kai_out_send(turn, link, KAI_MSG_BYE, &bye, true);
		enter(turn, link, KAI_LINK_DOWN, "terminated");
		return;
	}
	kai_fetch_up(turn, link);
	kai_spread_up(turn, link, hello);
	kai_owing_up(turn, link);
	kai_drill_present(turn, link);
}

static bool speaks(struct kai_span realms, const uint8_t realm[KAI_REALM_LEN])
{
	if (realms.len % KAI_REALM_LEN != 0)
		return false;
	for (size_t at = 0; at < realms.len; at += KAI_REALM_LEN)
		if (memcmp(realms.at + at, realm, KAI_REALM_LEN) == 0)
			return true;
	return false;
}

/* A peer whose clock was put right takes what it left out by the wrong one, and cannot know what that was. */
static void note_clock(struct kai_turn *turn, struct kai_link *link, uint64_t clock, bool fresh)
{
	int64_t clock_ms = (int64_t)clock - turn->event->mono.ms;
	int64_t moved = clock_ms - link->clock_ms;

	if (fresh && link->clock_known && (moved >= PEER_JUMP_MS || moved <= -PEER_JUMP_MS))
		kai_spread_restart(turn, link);
	link->clock_known = true;
	link->clock_ms = clock_ms;
}

void kai_link_hello(struct kai_turn *turn, struct kai_link *link, const struct kai_hello *hello)
{
	bool fresh = !link->peer_greeted ||
		     memcmp(hello->nonce, link->peer_nonce, sizeof(link->peer_nonce)) != 0;
	uint8_t mine[KAI_ID_LEN];

	if (!speaks(hello->realms, turn->engine->config.realm)) {
		kai_fault_note(turn, link, kai_fault_name(KAI_FAULT_REALM), NULL);
		return;
	}
	/* One small frame makes us greet, look through the cards and push alerts again. */
	if (fresh && !kai_quota_charge(turn, link, KAI_METER_HELLOS, 1)) {
		kai_fault_note(turn, link, kai_fault_name(KAI_FAULT_QUOTA), NULL);
		return;
	}
	if (link->state == KAI_LINK_DOWN) {
		enter(turn, link, KAI_LINK_GREETING, NULL);
		kai_draw(turn, "hello", link->my_nonce, sizeof(link->my_nonce));
	} else if (fresh && link->state == KAI_LINK_UP) {
		enter(turn, link, KAI_LINK_GREETING, NULL);
	}
	if (fresh) {
		memcpy(link->peer_nonce, hello->nonce, sizeof(link->peer_nonce));
		link->peer_greeted = true;
		link->answered = false;
	}
	memcpy(link->peer_epoch, hello->epoch, sizeof(link->peer_epoch));
	memcpy(link->peer_boot, hello->boot, sizeof(link->peer_boot));
	note_clock(turn, link, hello->clock, fresh);
	if (!link->answered) {
		link->answered = true;
		say_hello(turn, link, true);
	}
	hash_nonce(turn, link->my_nonce, mine);
	if (link->state == KAI_LINK_GREETING && hello->answers.is &&
	    kai_id_equal(hello->answers.id, mine))
		come_up(turn, link, hello);
}

void kai_link_ping(struct kai_turn *turn, struct kai_link *link, const struct kai_ping *ping)
{
	struct kai_ping answer = {.answer = true};

	if (ping->answer)
		return;
	memcpy(answer.nonce, ping->nonce, sizeof(answer.nonce));
	(void)kai_out_send(turn, link, KAI_MSG_PING, &answer, true);
}

void kai_link_bye(struct kai_turn *turn, struct kai_link *link, const struct kai_bye *bye)
{
	(void)bye; /* its reason is text of the peer's: never ours to show as a cause */
	enter(turn, link, KAI_LINK_DOWN, "peer-said-bye");
}

/* When something is due for the link; INT64_MAX: never. */
static int64_t link_due(const struct kai_link *link)
{
	int64_t quiet;

	switch (link->state) {
	case KAI_LINK_DOWN:
		return INT64_MAX;
	case KAI_LINK_GREETING:
		return link->since.ms + HELLO_MS;
	case KAI_LINK_UP:
		quiet = link->heard.ms > link->pinged.ms ? link->heard.ms : link->pinged.ms;
		if (quiet + PING_MS < link->heard.ms + SILENT_MS)
			return quiet + PING_MS;
		return link->heard.ms + SILENT_MS;
	}
	return INT64_MAX;
}

static void link_overdue(struct kai_turn *turn, struct kai_link *link)
{
	struct kai_mono now = turn->event->mono;
	struct kai_ping ping = {.answer = false};

	if (link->state == KAI_LINK_GREETING) {
		kai_out_cut(turn, link, "no-hello");
		enter(turn, link, KAI_LINK_DOWN, "no-hello");
		return;
	}
	if (now.ms - link->heard.ms >= SILENT_MS) {
		kai_out_cut(turn, link, "silent");
		enter(turn, link, KAI_LINK_DOWN, "silent");
		return;
	}
	link->pinged = now;
	kai_draw(turn, "ping", ping.nonce, sizeof(ping.nonce));
	(void)kai_out_send(turn, link, KAI_MSG_PING, &ping, true);
}

void kai_link_timer(struct kai_turn *turn)
{
	for (size_t i = 0; i < turn->engine->link_count; i++) {
		struct kai_link *link = turn->engine->links[i];

		if (link_due(link) <= turn->event->mono.ms)
			link_overdue(turn, link);
	}
}

struct kai_mono kai_link_deadline(const struct kai_engine *engine)
{
	struct kai_mono due = {INT64_MAX};

	for (size_t i = 0; i < engine->link_count; i++) {
		int64_t link = link_due(engine->links[i]);

		if (link < due.ms)
			due.ms = link;
	}
	return due;
}
