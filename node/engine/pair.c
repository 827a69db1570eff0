/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The relation with each peer, loaded once and kept until trust changes or a window in it begins or
 * ends; the wrap keys that belong to it; and which cards of others went over this connection.
 */
#include "kairan/card.h"
#include "trust.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define PAIR_ARENA ((size_t)768 * 1024)

struct introduced {
	uint8_t origin[KAI_ID_LEN];
	uint64_t serial;
};

/* One direction's key. */
struct wrap_key {
	bool ok;
	uint8_t key[32];
};

struct kai_pair_cache {
	struct kai_arena arena; /* everything that pair points to */
	struct kai_pair pair;
	bool loaded;
	uint64_t generation;
	int64_t from;  /* wall: pair holds from here … */
	int64_t until; /* … to just before here */
	bool keys_tried;
	uint8_t me[KAI_ID_LEN];
	uint8_t my_seal[KAI_ID_LEN];
	uint8_t peer_seal[KAI_ID_LEN];
	struct wrap_key out, in;
	uint8_t greeted[KAI_ID_LEN];	      /* pair.digest as the last hello went out … */
	uint8_t greeted_seals[2][KAI_ID_LEN]; /* … and the sealing keys, mine and the peer's */
	struct introduced *introduced;	      /* ascending by origin */
	size_t introduced_count, introduced_cap;
};

struct kai_pair_cache *kai_pair_cache_get(struct kai_link *link)
{
	if (link->pair != NULL)
		return link->pair;
	struct kai_pair_cache *cache = calloc(1, sizeof(*cache));

	if (cache == NULL)
		return NULL;
	cache->arena.at = malloc(PAIR_ARENA);
	if (cache->arena.at == NULL) {
		free(cache);
		return NULL;
	}
	cache->arena.cap = PAIR_ARENA;
	link->pair = cache;
	return cache;
}

void kai_pair_free(struct kai_pair_cache *cache)
{
	if (cache == NULL)
		return;
	free(cache->arena.at);
	free(cache->introduced);
	sodium_memzero(cache, sizeof(*cache));
	free(cache);
}

void kai_instants_card(struct kai_instants *instants, struct kai_turn *turn,
		       const uint8_t org[KAI_ID_LEN])
{
	struct kai_known_card held;
	size_t mark = turn->scratch->used;

	if (kai_book_card(turn, org, &held)) {
		for (size_t i = 0; i < held.card.keys_count; i++) {
			kai_instant_add(instants, held.card.keys[i].not_before);
			kai_instant_add(instants, held.card.keys[i].not_after);
			/* windows may include their last instant */
			kai_instant_add(instants, held.card.keys[i].not_after + 1);
		}
	}
	turn->scratch->used = mark;
}

static void set_window(struct kai_turn *turn, const struct kai_link *link,
		       struct kai_pair_cache *cache)
{
	struct kai_instants instants = {.now = turn->event->wall.ms, .after = INT64_MAX};
	struct kai_pact_scan scan;
	struct kai_pact pact;
	size_t mark = turn->scratch->used;

	kai_pacts_init(&scan, turn->txn, link->org, turn->event->wall, turn->scratch);
	while (kai_pacts_next(&scan, &pact)) {
		kai_instants_pact(&instants, &pact.read.terms);
		kai_instants_members(&instants, turn->txn, &pact.read.terms, turn->scratch);
		turn->scratch->used = mark;
	}
	turn->scratch->used = mark;
	kai_instants_card(&instants, turn, link->org);
	kai_instants_card(&instants, turn, cache->me);
	cache->from = instants.before;
	cache->until = instants.after;
}

static void load(struct kai_turn *turn, struct kai_link *link, struct kai_pair_cache *cache)
{
	cache->arena.used = 0;
	cache->arena.full = false;
	cache->keys_tried = false;
	sodium_memzero(&cache->out, sizeof(cache->out));
	sodium_memzero(&cache->in, sizeof(cache->in));
	memcpy(cache->me, turn->engine->config.org, KAI_ID_LEN);
	memset(&cache->pair, 0, sizeof(cache->pair));
	kai_pair_load(turn->txn, cache->me, link->org, turn->event->wall, &cache->arena,
		      &cache->pair);
	if (cache->arena.full) {
		/* narrower than the truth, and loud */
		memset(&cache->pair, 0, sizeof(cache->pair));
		memcpy(cache->pair.me, cache->me, KAI_ID_LEN);
		memcpy(cache->pair.org, link->org, KAI_ID_LEN);
		kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
	}
	set_window(turn, link, cache);
	cache->generation = turn->engine->trust_generation;
	cache->loaded = true;
}

static const struct kai_pair *no_pair(struct kai_turn *turn, const struct kai_link *link)
{
	static const struct kai_pair none;
	struct kai_pair *pair = kai_arena_take(turn->scratch, sizeof(*pair));

	kai_txn_fail(turn->txn, KAI_ERR_NOMEM);
	if (pair == NULL)
		return &none;
	memcpy(pair->me, turn->engine->config.org, KAI_ID_LEN);
	memcpy(pair->org, link->org, KAI_ID_LEN);
	return pair;
}

const struct kai_pair *kai_pair_now(struct kai_turn *turn, struct kai_link *link)
{
	struct kai_pair_cache *cache = kai_pair_cache_get(link);
	int64_t now = turn->event->wall.ms;

	if (cache == NULL)
		return no_pair(turn, link);
	if (!cache->loaded || cache->generation != turn->engine->trust_generation ||
	    now < cache->from || now >= cache->until)
		load(turn, link, cache);
	return &cache->pair;
}

static const uint8_t *my_seal_secret(const struct kai_turn *turn, const uint8_t key[KAI_ID_LEN])
{
	const struct kai_engine_config *config = &turn->engine->config;

	for (size_t i = 0; i < config->seal_count; i++) {
		if (kai_id_equal(config->seals[i].key, key))
			return config->seals[i].secret;
	}
	return NULL;
}

static bool seal_key(struct kai_turn *turn, const uint8_t org[KAI_ID_LEN], uint8_t ret[KAI_ID_LEN])
{
	struct kai_known_card held;
	size_t mark = turn->scratch->used;
	bool found = false;

	if (kai_book_card(turn, org, &held)) {
		const struct kai_card_key *key = kai_card_seal_key(&held.card, turn->event->wall);

		found = key != NULL;
		if (found)
			memcpy(ret, key->key, KAI_ID_LEN);
	}
	turn->scratch->used = mark;
	return found;
}

static void ends_of(const struct kai_turn *turn, const struct kai_pair_cache *cache, bool outgoing,
		    struct kai_link_ends *ret)
{
	ret->realm = turn->engine->config.realm;
	ret->from_org = outgoing ? cache->me : cache->pair.org;
	ret->to_org = outgoing ? cache->pair.org : cache->me;
	ret->from_seal = outgoing ? cache->my_seal : cache->peer_seal;
	ret->to_seal = outgoing ? cache->peer_seal : cache->my_seal;
}

static void make_keys(struct kai_turn *turn, struct kai_pair_cache *cache)
{
	struct kai_link_ends ends;
	const uint8_t *secret = NULL;

	cache->keys_tried = true;
	memset(cache->my_seal, 0, sizeof(cache->my_seal));
	memset(cache->peer_seal, 0, sizeof(cache->peer_seal));
	if (seal_key(turn, cache->me, cache->my_seal) &&
	    seal_key(turn, cache->pair.org, cache->peer_seal))
		secret = my_seal_secret(turn, cache->my_seal);
	if (secret == NULL)
		return;
	ends_of(turn, cache, true, &ends);
	cache->out.ok = kai_link_key(&ends, secret, cache->peer_seal, cache->out.key);
	ends_of(turn, cache, false, &ends);
	cache->in.ok = kai_link_key(&ends, secret, cache->peer_seal, cache->in.key);
}

bool kai_pair_wrap_key(struct kai_turn *turn, struct kai_link *link, bool outgoing,
		       uint8_t ret_key[32], struct kai_link_ends *ret_ends)
{
	(void)kai_pair_now(turn, link);
	struct kai_pair_cache *cache = link->pair;

	if (cache == NULL)
		return false;
	if (!cache->keys_tried)
		make_keys(turn, cache);
	const struct wrap_key *wrap = outgoing ? &cache->out : &cache->in;

	if (!wrap->ok)
		return false;
	memcpy(ret_key, wrap->key, sizeof(wrap->key));
	ends_of(turn, cache, outgoing, ret_ends);
	return true;
}

bool kai_pair_wrap_before(struct kai_turn *turn, struct kai_link *link, const struct kai_wrap *wrap,
			  unsigned nth, struct kai_before *ret)
{
	const struct kai_engine_config *config = &turn->engine->config;
	const struct kai_seal_pair *mine = NULL;
	struct kai_known_card held;
	unsigned met = 0;

	for (size_t i = 0; i < config->seal_count && mine == NULL; i++) {
		kai_key_hint(config->seals[i].key, ret->hint);
		if (memcmp(ret->hint, wrap->key_hint, KAI_HINT_LEN) == 0)
			mine = &config->seals[i];
	}
	if (mine == NULL || !kai_book_card(turn, link->org, &held))
		return false;
	for (size_t i = 0; i < held.card.keys_count; i++) {
		const struct kai_card_key *key = &held.card.keys[i];

		kai_key_hint(key->key, ret->hint);
		if (kai_card_seal_hint(&held.card, ret->hint) != key || met++ < nth)
			continue;
		ret->ends = (struct kai_link_ends){.realm = config->realm,
						   .from_org = link->org,
						   .to_org = config->org,
						   .from_seal = key->key,
						   .to_seal = mine->key};
		if (kai_link_key(&ret->ends, mine->secret, key->key, ret->key))
			return true;
	}
	return false;
}

void kai_pair_greeted(struct kai_turn *turn, struct kai_link *link)
{
	const struct kai_pair *pair = kai_pair_now(turn, link);
	struct kai_pair_cache *cache = link->pair;

	if (cache == NULL)
		return;
	if (!cache->keys_tried)
		make_keys(turn, cache);
	memcpy(cache->greeted, pair->digest, KAI_ID_LEN);
	memcpy(cache->greeted_seals[0], cache->my_seal, KAI_ID_LEN);
	memcpy(cache->greeted_seals[1], cache->peer_seal, KAI_ID_LEN);
}

bool kai_pair_moved(struct kai_turn *turn, struct kai_link *link)
{
	const struct kai_pair *pair = kai_pair_now(turn, link);
	struct kai_pair_cache *cache = link->pair;

	if (cache == NULL)
		return false;
	if (!cache->keys_tried)
		make_keys(turn, cache);
	return !kai_id_equal(cache->greeted, pair->digest) ||
	       !kai_id_equal(cache->greeted_seals[0], cache->my_seal) ||
	       !kai_id_equal(cache->greeted_seals[1], cache->peer_seal);
}

/* ---- cards of others that went over this connection
 * --------------------------------------------------------------- */

static size_t introduced_at(const struct kai_pair_cache *cache, const uint8_t origin[KAI_ID_LEN])
{
	size_t low = 0;
	size_t high = cache->introduced_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(cache->introduced[middle].origin, origin, KAI_ID_LEN) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint64_t kai_introduced_serial(const struct kai_link *link, const uint8_t origin[KAI_ID_LEN])
{
	const struct kai_pair_cache *cache = link->pair;

	if (cache == NULL)
		return 0;
	size_t at = introduced_at(cache, origin);

	if (at < cache->introduced_count && kai_id_equal(cache->introduced[at].origin, origin))
		return cache->introduced[at].serial;
	return 0;
}

static bool introduced_room(struct kai_pair_cache *cache)
{
	if (cache->introduced_count < cache->introduced_cap)
		return true;
	size_t cap = cache->introduced_cap == 0 ? 16 : 2 * cache->introduced_cap;
	struct introduced *grown = realloc(cache->introduced, cap * sizeof(*grown));

	if (grown == NULL)
		return false;
	cache->introduced = grown;
	cache->introduced_cap = cap;
	return true;
}

void kai_introduced_note(struct kai_link *link, const uint8_t origin[KAI_ID_LEN], uint64_t serial)
{
	struct kai_pair_cache *cache = kai_pair_cache_get(link);

	if (cache == NULL)
		return;
	size_t at = introduced_at(cache, origin);
	struct introduced *slot = cache->introduced;

	if (at < cache->introduced_count && kai_id_equal(slot[at].origin, origin)) {
		slot[at].serial = serial;
		return;
	}
	/* without room the card is sent again with the next item: a cost, no harm */
	if (!introduced_room(cache))
		return;
	slot = cache->introduced;
	memmove(slot + at + 1, slot + at, (cache->introduced_count - at) * sizeof(*slot));
	memcpy(slot[at].origin, origin, KAI_ID_LEN);
	slot[at].serial = serial;
	cache->introduced_count++;
}

void kai_introduced_forget(struct kai_link *link)
{
	if (link->pair != NULL)
		link->pair->introduced_count = 0;
}
