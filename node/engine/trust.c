/* SPDX-License-Identifier: Apache-2.0 */
/* What is exchanged when two nodes greet, what happens when trust changes, and whom we may talk to.
 */
#include "kairan/card.h"
#include "kairan/frames.h"
#include "kairan/rec.h"
#include "trust.h"

#include <stdlib.h>
#include <string.h>

#define TRUST_LOOK_MS KAI_MS_HOUR /* wall clocks jump, so the instants are looked at again */
#define CLOCK_JUMP_MS KAI_MS_SECOND
#define PEERS_ARENA ((size_t)2 * 1024 * 1024)
#define HELLO_AGREEMENTS 8

void kai_trust_touched(struct kai_turn *turn)
{
	turn->engine->trust_generation++;
	turn->engine->trust_due = turn->event->mono;
}

/* Greets those again with whom something else stands than at the last greeting: what they may have
 * is looked at anew then, on both ends. A connection stands on after a termination, so that a new
 * agreement begins over it. */
static void greet_moved(struct kai_turn *turn)
{
	for (size_t i = 0; i < turn->engine->link_count; i++) {
		struct kai_link *link = turn->engine->links[i];

		if (link->connected && kai_pair_moved(turn, link))
			kai_link_greet_again(turn, link);
	}
}

void kai_trust_changed(struct kai_turn *turn)
{
	kai_trust_touched(turn);
	kai_clause_moved(turn);
	if (kai_realm_live_here(turn->engine))
		kai_out_peers(turn);
	greet_moved(turn);
}

/* ---- greeting
 * -----------------------------------------------------------------------------------------------------
 */

static bool in_force_or_future(enum kai_agreement_state state)
{
	return state == KAI_STATE_FUTURE || state == KAI_STATE_ACTIVE ||
	       state == KAI_STATE_SUSPENDED;
}

static int by_id(const void *a, const void *b)
{
	return memcmp(a, b, KAI_ID_LEN);
}

static void hello_agreements(struct kai_turn *turn, const struct kai_link *link,
			     struct kai_hello *io_hello)
{
	uint8_t(*digests)[KAI_ID_LEN] =
		kai_arena_take(turn->scratch, HELLO_AGREEMENTS * sizeof(*digests));
	struct kai_pact_scan scan;
	struct kai_pact pact;
	size_t count = 0;

	io_hello->agreements = digests;
	io_hello->agreements_count = 0;
	if (digests == NULL)
		return;
	size_t mark = turn->scratch->used;

	kai_pacts_init(&scan, turn->txn, link->org, turn->event->wall, turn->scratch);
	while (count < HELLO_AGREEMENTS && kai_pacts_next(&scan, &pact)) {
		/* keys ascend by digest, so the list does */
		if (in_force_or_future(pact.state) && !pact.rec.replaced)
			memcpy(digests[count++], pact.read.digest, KAI_ID_LEN);
		turn->scratch->used = mark;
	}
	turn->scratch->used = mark;
	io_hello->agreements_count = count;
}

void kai_trust_hello(struct kai_turn *turn, struct kai_link *link, struct kai_hello *io_hello)
{
	struct kai_known_card mine;
	struct kai_node_record record;
	struct kai_span bytes;
	uint8_t digest[KAI_ID_LEN];

	kai_pair_greeted(turn, link);
	hello_agreements(turn, link, io_hello);
	size_t mark = turn->scratch->used;

	memset(io_hello->card, 0, KAI_ID_LEN);
	memset(io_hello->record, 0, KAI_ID_LEN);
	if (kai_book_card(turn, turn->engine->config.org, &mine))
		kai_book_card_digest(&mine, io_hello->card);
	if (kai_book_record(turn, turn->engine->config.org, &bytes, &record, digest))
		memcpy(io_hello->record, digest, KAI_ID_LEN);
	turn->scratch->used = mark;
}

static void send_card(struct kai_turn *turn, struct kai_link *link, uint64_t what,
		      struct kai_span bytes)
{
	struct kai_card_frame frame = {.what = what, .bytes = bytes};

	kai_out_send(turn, link, KAI_MSG_CARD, &frame, true);
}

static void send_own(struct kai_turn *turn, struct kai_link *link)
{
	const uint8_t *me = turn->engine->config.org;
	struct kai_known_card mine;
	struct kai_node_record record;
	struct kai_span bytes;
	uint8_t digest[KAI_ID_LEN];
	size_t mark = turn->scratch->used;

	if (kai_book_card(turn, me, &mine))
		send_card(turn, link, 1, mine.rec.bytes);
	if (kai_book_record(turn, me, &bytes, &record, digest))
		send_card(turn, link, 2, bytes);
	turn->scratch->used = mark;
}

void kai_trust_tell_own(struct kai_turn *turn)
{
	for (size_t i = 0; i < turn->engine->link_count; i++) {
		if (turn->engine->links[i]->state != KAI_LINK_DOWN)
			send_own(turn, turn->engine->links[i]);
	}
}

static void send_pact(struct kai_turn *turn, struct kai_link *link, const struct kai_pact *pact,
		      const struct kai_hello *hello)
{
	struct kai_notice notice;
	struct kai_span bytes;
	bool has = bsearch(pact->read.digest, hello->agreements, hello->agreements_count,
			   KAI_ID_LEN, by_id) != NULL;
	bool mine = (pact->read.signed_by & kai_pact_my_bit(turn, &pact->read.terms)) != 0;

	if (!has && mine && (in_force_or_future(pact->state) || pact->state == KAI_STATE_PROPOSED))
		kai_pact_send(turn, link->org, 1, pact->rec.bytes);
	if (kai_book_notice(turn->txn, pact->read.digest, turn->engine->config.org, turn->scratch,
			    &bytes, &notice))
		kai_pact_send(turn, link->org, 2, bytes);
}

void kai_trust_greeted(struct kai_turn *turn, struct kai_link *link, const struct kai_hello *hello)
{
	struct kai_pact_scan scan;
	struct kai_pact pact;
	size_t mark = turn->scratch->used;

	if (!kai_realm_live_here(turn->engine))
		return; /* in a drill trust is what the live link made it */
	/* its hello tells its own digests, not which of ours it has; both are small, so both go */
	send_own(turn, link);
	kai_pacts_init(&scan, turn->txn, link->org, turn->event->wall, turn->scratch);
	while (kai_pacts_next(&scan, &pact)) {
		if (!pact.rec.replaced && pact.state != KAI_STATE_EXPIRED &&
		    pact.read.terms.valid_until > (uint64_t)turn->event->wall.ms)
			send_pact(turn, link, &pact, hello);
		turn->scratch->used = mark;
	}
	const struct kai_pair *pair = kai_pair_now(turn, link);

	if (pair->has_terms && in_force_or_future(pair->state))
		kai_members_present(turn, link, &pair->agreement.terms);
	kai_introduced_forget(link);
	kai_cards_catch_up(turn, link);
	turn->scratch->used = mark;
}

/* ---- time
 * ---------------------------------------------------------------------------------------------------------
 */

static void record_instants(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN],
			    struct kai_instants *instants)
{
	struct kai_node_record record;
	struct kai_span bytes;
	uint8_t digest[KAI_ID_LEN];

	if (!kai_book_record(turn, org, &bytes, &record, digest))
		return;
	for (size_t i = 0; i < record.keys_count; i++) {
		kai_instant_add(instants, record.keys[i].not_before);
		kai_instant_add(instants, record.keys[i].not_after);
	}
}

/* Until when a termination may still have to be told or heard; 0: it is not terminated. */
static uint64_t telling_until(struct kai_turn *turn, const struct kai_pact *pact)
{
	const uint8_t *const orgs[2] = {pact->read.terms.a.org, pact->read.terms.b.org};
	uint64_t until = 0;

	for (size_t i = 0; i < 2 && pact->state == KAI_STATE_TERMINATED; i++) {
		struct kai_notice notice;
		struct kai_span bytes;

		if (kai_book_notice(turn->txn, pact->read.digest, orgs[i], turn->scratch, &bytes,
				    &notice) &&
		    notice.action == KAI_NOTICE_TERMINATE && notice.at > until)
			until = notice.at;
	}
	return until == 0 ? 0 : until + (uint64_t)KAI_GRACE_MS;
}

static void all_instants(struct kai_turn *turn, struct kai_instants *instants)
{
	struct kai_pact_scan scan;
	struct kai_pact pact;
	size_t mark = turn->scratch->used;

	kai_pacts_init(&scan, turn->txn, NULL, turn->event->wall, turn->scratch);
	while (kai_pacts_next(&scan, &pact)) {
		kai_instants_pact(instants, &pact.read.terms);
		kai_instants_members(instants, turn->txn, &pact.read.terms, turn->scratch);
		record_instants(turn, pact.org, instants);
		kai_instants_card(instants, turn, pact.org);
		kai_instant_add(instants, telling_until(turn, &pact));
		turn->scratch->used = mark;
	}
	kai_instants_card(instants, turn, turn->engine->config.org);
	turn->scratch->used = mark;
}

static void settle_all(struct kai_turn *turn)
{
	struct kai_scan scan;
	struct kai_span key;
	uint8_t last[KAI_ID_LEN] = {0};
	size_t mark = turn->scratch->used;

	kai_scan_init(&scan, turn->txn, KAI_TABLE_AGREEMENTS, (struct kai_span){NULL, 0},
		      (struct kai_span){NULL, 0}, false);
	while (kai_scan_next(&scan, &key, NULL)) {
		if (key.len < KAI_ID_LEN || memcmp(key.at, last, KAI_ID_LEN) == 0)
			continue;
		memcpy(last, key.at, KAI_ID_LEN);
		kai_pact_settle(turn, last);
		turn->scratch->used = mark;
	}
}

void kai_trust_timer(struct kai_turn *turn)
{
	struct kai_engine *engine = turn->engine;
	struct kai_instants instants = {.now = turn->event->wall.ms, .after = INT64_MAX};

	if (turn->event->mono.ms < engine->trust_due.ms)
		return;
	if (engine->trust_next.ms != 0 && turn->event->wall.ms >= engine->trust_next.ms) {
		if (kai_realm_live_here(engine))
			settle_all(turn);
		kai_trust_changed(turn);
	} else {
		greet_moved(turn);
	}
	all_instants(turn, &instants);
	engine->trust_next.ms = instants.after;
	int64_t wait = TRUST_LOOK_MS;

	if (instants.after - instants.now < wait)
		wait = instants.after - instants.now;
	engine->trust_due.ms = turn->event->mono.ms + wait;
}

void kai_trust_clock(struct kai_turn *turn)
{
	struct kai_engine *engine = turn->engine;
	int64_t clock_ms = turn->event->wall.ms - turn->event->mono.ms;
	bool jumped = engine->clock_known && (clock_ms - engine->clock_ms >= CLOCK_JUMP_MS ||
					      engine->clock_ms - clock_ms >= CLOCK_JUMP_MS);

	if (jumped || !engine->clock_known)
		engine->clock_ms = clock_ms;
	engine->clock_known = true;
	if (!jumped)
		return;
	engine->trust_due = turn->event->mono;
	kai_clause_moved(turn);
	for (size_t i = 0; i < engine->link_count; i++)
		kai_spread_restart(turn, engine->links[i]);
}

struct kai_mono kai_trust_deadline(const struct kai_engine *engine)
{
	return engine->trust_due;
}

/* ---- whom the node may talk to
 * ------------------------------------------------------------------------------------- */

static bool revoked(const struct kai_card *card, const uint8_t key[KAI_ID_LEN])
{
	for (size_t i = 0; i < card->revocations_count; i++) {
		if (kai_id_equal(card->revocations[i].key, key))
			return true;
	}
	return false;
}

static void peer_keys(struct kai_turn *turn, struct kai_engine_peer *io_peer)
{
	uint64_t now = (uint64_t)turn->event->wall.ms;
	struct kai_node_record record;
	struct kai_known_card held;
	struct kai_span bytes;
	uint8_t digest[KAI_ID_LEN];

	if (!kai_book_record(turn, io_peer->org, &bytes, &record, digest) ||
	    !kai_book_card(turn, io_peer->org, &held))
		return;
	for (size_t i = 0; i < record.keys_count && io_peer->key_count < 4; i++) {
		const struct kai_node_key *key = &record.keys[i];

		if (now >= key->not_before && now < key->not_after &&
		    !revoked(&held.card, key->key))
			memcpy(io_peer->keys[io_peer->key_count++], key->key, KAI_ID_LEN);
	}
	for (size_t i = 0; i < record.endpoints_count && i < KAI_MAX_ENDPOINTS; i++)
		io_peer->endpoints[io_peer->endpoint_count++] = record.endpoints[i];
}

static void give_peer(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN], kai_engine_peer_fn each,
		      void *context)
{
	struct kai_engine_peer peer = {0};
	struct kai_peer row;

	memcpy(peer.org, org, KAI_ID_LEN);
	if (kai_rec_peer(turn->txn, org, turn->scratch, &row) && row.alias.len <= KAI_MAX_ALIAS &&
	    row.alias.len > 0)
		memcpy(peer.alias, row.alias.at, row.alias.len);
	peer_keys(turn, &peer);
	each(context, &peer);
}

static bool may_talk(struct kai_turn *turn, const struct kai_pact *pact)
{
	struct kai_wall now = turn->event->wall;

	if (pact->rec.replaced ||
	    (uint64_t)now.ms >= pact->read.terms.valid_until + (uint64_t)KAI_GRACE_MS)
		return false;
	return in_force_or_future(pact->state) || pact->state == KAI_STATE_PROPOSED ||
	       (uint64_t)now.ms < telling_until(turn, pact) ||
	       (pact->state == KAI_STATE_EXPIRED && kai_pact_agreed(&pact->read));
}

void kai_engine_peers(struct kai_engine *engine, struct kai_txn *txn, struct kai_wall now,
		      kai_engine_peer_fn each, void *context)
{
	struct kai_event event = {.wall = now};
	struct kai_arena arena = {.at = malloc(PEERS_ARENA), .cap = PEERS_ARENA};
	struct kai_turn turn = {.engine = engine, .txn = txn, .event = &event, .scratch = &arena};
	struct kai_pact_scan scan;
	struct kai_pact pact;
	uint8_t given[KAI_ID_LEN];
	bool any = false;

	if (arena.at == NULL) {
		kai_txn_fail(txn, KAI_ERR_NOMEM);
		return;
	}
	kai_pacts_init(&scan, txn, NULL, now, &arena);
	while (kai_pacts_next(&scan, &pact)) {
		if (may_talk(&turn, &pact) && !(any && kai_id_equal(given, pact.org))) {
			memcpy(given, pact.org, KAI_ID_LEN);
			any = true;
			give_peer(&turn, given, each, context);
		}
		arena.used = 0;
	}
	free(arena.at);
}
