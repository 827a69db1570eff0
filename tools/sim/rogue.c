/* SPDX-License-Identifier: Apache-2.0 */
#include "rogue_tale.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_LEN ((size_t)4 << 20)
#define FIRST_MS 15000 /* the first telling of a lie lies within */
#define AGAIN_MS 1000  /* there was no occasion: asked again */
#define PAUSE_MS 20000 /* between two tellings, about; doubles with every eighth */
#define FLOOD_PAUSE_MS (3 * 60000)

static const struct {
	const char *word, *text;
	enum sim_lie_when when;
	enum sim_lie_notice notice;
} lies[] = {
#define X(NAME, word, when, notice, doc)                                                           \
	[SIM_LIE_##NAME] = {word, doc, SIM_LIE_##when, SIM_NOTICE_##notice},
	SIM_X_LIE(X)
#undef X
};

_Static_assert(SIM_LIE_END <= 64, "a lie is a bit");

static const sim_tale_fn tales[SIM_LIE_END] = {
	[SIM_LIE_IGNORE_LABELS] = sim_tell_ignore_labels,
	[SIM_LIE_FORGE_ITEM] = sim_tell_forge_item,
	[SIM_LIE_FORGE_SIGNATURE] = sim_tell_forge_signature,
	[SIM_LIE_FORGE_HEADER] = sim_tell_forge_header,
	[SIM_LIE_FORGE_RELEASE] = sim_tell_forge_release,
	[SIM_LIE_FORGE_MARK] = sim_tell_forge_mark,
	[SIM_LIE_TAMPER_BYTES] = sim_tell_tamper_bytes,
	[SIM_LIE_TAMPER_FIELD] = sim_tell_tamper_field,
	[SIM_LIE_TAMPER_ORDER] = sim_tell_tamper_order,
	[SIM_LIE_REPLAY_OLD] = sim_tell_replay_old,
	[SIM_LIE_REPLAY_LINK] = sim_tell_replay_link,
	[SIM_LIE_FOREIGN_FRAMES] = sim_tell_foreign_frames,
	[SIM_LIE_CARD_TWO] = sim_tell_card_two,
	[SIM_LIE_CARD_OLD] = sim_tell_card_old,
	[SIM_LIE_CARD_FORGED] = sim_tell_card_forged,
	[SIM_LIE_AGREEMENT_TERMS] = sim_tell_agreement_terms,
	[SIM_LIE_AGREEMENT_ALONE] = sim_tell_agreement_alone,
	[SIM_LIE_NOTICE_OLD] = sim_tell_notice_old,
	[SIM_LIE_NOTICE_FOREIGN] = sim_tell_notice_foreign,
	[SIM_LIE_REVISE_TWICE] = sim_tell_revise_twice,
	[SIM_LIE_RETRACT_FOREIGN] = sim_tell_retract_foreign,
	[SIM_LIE_THREAD_FOREIGN] = sim_tell_thread_foreign,
	[SIM_LIE_FLOOD_OFFERS] = sim_tell_flood_offers,
	[SIM_LIE_FLOOD_PUSHES] = sim_tell_flood_pushes,
	[SIM_LIE_FLOOD_WANTS] = sim_tell_flood_wants,
	[SIM_LIE_FLOOD_HELLOS] = sim_tell_flood_hellos,
	[SIM_LIE_FLOOD_PINGS] = sim_tell_flood_pings,
	[SIM_LIE_FLOOD_CARDS] = sim_tell_flood_cards,
	[SIM_LIE_FLOOD_NOISE] = sim_tell_flood_noise,
	[SIM_LIE_WITHHOLD] = sim_tell_withhold,
	[SIM_LIE_SERVE_HALF] = sim_tell_serve_half,
	[SIM_LIE_SERVE_GARBAGE] = sim_tell_serve_garbage,
	[SIM_LIE_UNFINISHED] = sim_tell_unfinished,
	[SIM_LIE_STORED_FALSELY] = sim_tell_stored_falsely,
	[SIM_LIE_STORED_NEVER] = sim_tell_stored_never,
	[SIM_LIE_REFUSE_WRONGLY] = sim_tell_refuse_wrongly,
	[SIM_LIE_DEFER_EVER] = sim_tell_defer_ever,
	[SIM_LIE_CREDIT_LIES] = sim_tell_credit_lies,
	[SIM_LIE_CREDIT_OVERSPENT] = sim_tell_credit_overspent,
	[SIM_LIE_MUTE] = sim_tell_mute,
	[SIM_LIE_PROBE_OFFERS] = sim_tell_probe_offers,
	[SIM_LIE_PROBE_WANTS] = sim_tell_probe_wants,
	[SIM_LIE_HELLO_LIES] = sim_tell_hello_lies,
	[SIM_LIE_HELLO_REALMS] = sim_tell_hello_realms,
	[SIM_LIE_TOKEN_LIES] = sim_tell_token_lies,
	[SIM_LIE_GRIND_IDS] = sim_tell_grind_ids,
	[SIM_LIE_EDGE_TIMES] = sim_tell_edge_times,
	[SIM_LIE_EDGE_FIELDS] = sim_tell_edge_fields,
	[SIM_LIE_FUTURE_ITEM] = sim_tell_future_item,
	[SIM_LIE_LABEL_BROKEN] = sim_tell_label_broken,
	[SIM_LIE_MEMBER_FOREIGN] = sim_tell_member_foreign,
	[SIM_LIE_MEMBER_EXPIRED] = sim_tell_member_expired,
	[SIM_LIE_MEMBER_LONG] = sim_tell_member_long,
	[SIM_LIE_UNKNOWN_TYPES] = sim_tell_unknown_types,
	[SIM_LIE_SILENT] = sim_tell_silent,
	[SIM_LIE_WRONG_KEYS] = sim_tell_wrong_keys,
	[SIM_LIE_OTHER_REALM] = sim_tell_other_realm,
	[SIM_LIE_SERIAL_AHEAD] = sim_tell_serial_ahead,
	[SIM_LIE_SPOIL_PARTS] = sim_tell_spoil_parts,
	[SIM_LIE_OWN_FORBIDDEN] = sim_tell_own_forbidden,
	[SIM_LIE_NONE_FALSELY] = sim_tell_none_falsely,
	[SIM_LIE_EARLY] = sim_tell_early,
	[SIM_LIE_TAMPER_SHAPE] = sim_tell_tamper_shape,
	[SIM_LIE_REALMS] = sim_tell_realms,
};

const char *sim_lie_word(enum sim_lie lie)
{
	return lie < SIM_LIE_END ? lies[lie].word : "?";
}

const char *sim_lie_text(enum sim_lie lie)
{
	return lie < SIM_LIE_END ? lies[lie].text : "?";
}

enum sim_lie_when sim_lie_when(enum sim_lie lie)
{
	return lies[lie].when;
}

enum sim_lie_notice sim_lie_notice(enum sim_lie lie)
{
	return lies[lie].notice;
}

uint64_t sim_rogue_told(const struct sim_rogue *rogue, enum sim_lie lie)
{
	return rogue->told[lie];
}

/* ---- life ---- */

static void *need(void *at)
{
	if (at == NULL) {
		(void)fputs("sim: out of memory\n", stderr);
		exit(1);
	}
	return at;
}

void sim_rogue_start(struct sim *sim, struct sim_node *node, uint64_t bits)
{
	struct sim_rogue *rogue = need(calloc(1, sizeof(*rogue)));
	uint64_t seed = sim_plan_of(sim)->seed;

	rogue->lies = bits;
	rogue->peers = need(calloc(sim_node_count(sim), sizeof(*rogue->peers)));
	rogue->arena = (struct kai_arena){need(malloc(ARENA_LEN)), ARENA_LEN, 0, false};
	for (unsigned i = 0; i < SIM_LIE_END; i++)
		rogue->next_ms[i] =
			sim_now(sim) + (int64_t)sim_random_below(seed, lies[i].word, node->number,
								 UINT64_MAX, FIRST_MS);
	node->rogue = rogue;
}

void sim_rogue_free(struct sim_rogue *rogue)
{
	if (rogue == NULL)
		return;
	for (size_t i = 0; i < SIM_ROGUE_RING; i++) {
		free(rogue->sent[i].at);
		free(rogue->got[i].at);
	}
	for (size_t i = 0; i < SIM_ROGUE_SHELF; i++)
		free(rogue->shelf[i].frames);
	free(rogue->peers);
	free(rogue->arena.at);
	free(rogue);
}

/* ---- telling ---- */

static struct sim_tale begin(struct sim *sim, struct sim_node *node, enum sim_lie lie, uint32_t to)
{
	struct sim_rogue *rogue = node->rogue;

	rogue->arena.used = 0;
	rogue->arena.full = false;
	return (struct sim_tale){.sim = sim,
				 .node = node,
				 .rogue = rogue,
				 .lie = lie,
				 .to = to,
				 .arena = &rogue->arena};
}

static unsigned tell(struct sim_tale *tale)
{
	unsigned told;

	tale->rogue->tries[tale->lie]++;
	told = tales[tale->lie](tale);
	tale->rogue->told[tale->lie] += told;
	return told;
}

static bool is_flood(enum sim_lie lie)
{
	return lies[lie].notice == SIM_NOTICE_QUOTA || lie == SIM_LIE_UNFINISHED;
}

/* Some time after this telling; ever rarer, so that a long run does not drown in lies. */
static int64_t pause_after(struct sim_tale *tale)
{
	uint64_t told = tale->rogue->tries[tale->lie] / 8;
	int64_t pause = is_flood(tale->lie) ? FLOOD_PAUSE_MS : PAUSE_MS;

	pause <<= told < 10 ? (int)told : 10;
	return pause / 2 + (int64_t)sim_tale_below(tale, (uint64_t)pause);
}

/* What it says of its own accord, as it sees something happen. */
static void moments(struct sim *sim, struct sim_node *node, uint32_t peer)
{
	struct sim_rogue *rogue = node->rogue;
	int64_t now = sim_now(sim);

	for (unsigned i = 0; i < SIM_LIE_END; i++) {
		enum sim_lie lie = (enum sim_lie)i;

		if ((rogue->lies & SIM_LIE_BIT(i)) == 0 || lies[i].when != SIM_LIE_SELF ||
		    now < rogue->next_ms[i] || !sim_net_linked(sim, node->number, peer))
			continue;
		struct sim_tale tale = begin(sim, node, lie, peer);

		tale.arg = rogue->tries[i];
		rogue->next_ms[i] = now + AGAIN_MS;
		if (tell(&tale) > 0)
			rogue->next_ms[i] = now + pause_after(&tale);
	}
}

/* An OWN lie changes one in so many of the frames that it could change; 0: each. */
static const uint8_t rarities[SIM_LIE_END] = {
	[SIM_LIE_TAMPER_BYTES] = 6, [SIM_LIE_TAMPER_FIELD] = 6, [SIM_LIE_TAMPER_ORDER] = 6,
	[SIM_LIE_HELLO_REALMS] = 3, [SIM_LIE_STORED_NEVER] = 3, [SIM_LIE_REFUSE_WRONGLY] = 3,
	[SIM_LIE_DEFER_EVER] = 3,   [SIM_LIE_EARLY] = 2,	[SIM_LIE_TAMPER_SHAPE] = 6,
};

/* true: the frame was dealt with. */
static bool change(struct sim *sim, struct sim_node *node, const struct sim_frame *frame)
{
	struct sim_rogue *rogue = node->rogue;
	uint64_t bits = rogue->lies | rogue->armed;

	for (unsigned i = 0; i < SIM_LIE_END; i++) {
		enum sim_lie lie = (enum sim_lie)i;
		bool armed = (rogue->armed & SIM_LIE_BIT(i)) != 0;

		if ((bits & SIM_LIE_BIT(i)) == 0 || lies[i].when != SIM_LIE_OWN)
			continue;
		struct sim_tale tale = begin(sim, node, lie, frame->to);

		tale.frame = frame;
		tale.arg = rogue->tries[i];
		if (!armed && rarities[i] > 0 && sim_tale_below(&tale, rarities[i]) != 0) {
			rogue->tries[i]++;
			continue;
		}
		if (tell(&tale) > 0) {
			rogue->armed &= ~SIM_LIE_BIT(i);
			return true;
		}
	}
	return false;
}

void sim_rogue_act(struct sim *sim, struct sim_node *node, const struct sim_op *op)
{
	unsigned what = sim_op_arg(op->type, "what"), arg = sim_op_arg(op->type, "arg");
	struct sim_rogue *rogue = node->rogue;

	if (rogue == NULL || node->down || what == SIM_OP_ARGS || op->args[what] >= SIM_LIE_END)
		return;
	enum sim_lie lie = (enum sim_lie)op->args[what];

	if (lies[lie].when == SIM_LIE_OWN) {
		rogue->armed |= SIM_LIE_BIT(lie);
		return;
	}
	struct sim_tale tale = begin(sim, node, lie, op->other);

	tale.arg = arg == SIM_OP_ARGS ? 0 : op->args[arg];
	if (op->other == node->number || op->other >= sim_node_count(sim) ||
	    !sim_net_linked(sim, node->number, op->other))
		tale.to = sim_tale_peer(&tale, node->number);
	if (tale.to != UINT32_MAX)
		(void)tell(&tale);
}

/* ---- frames that pass by ---- */

/* Places by chance, so that some are young and some are old. */
static void keep(struct sim_tale *tale, struct sim_kept *ring, uint64_t *io_count, uint32_t peer,
		 const struct sim_frame *frame)
{
	uint64_t place = *io_count;

	if (frame->bytes.len > SIM_ROGUE_RING_LEN)
		return;
	if (place >= SIM_ROGUE_RING) {
		if (sim_tale_below(tale, 8) != 0)
			return;
		place = sim_tale_below(tale, SIM_ROGUE_RING);
	}
	struct sim_kept *at = &ring[place];

	(*io_count)++;
	free(at->at);
	*at = (struct sim_kept){.peer = peer, .type = frame->type, .len = frame->bytes.len};
	at->at = need(malloc(frame->bytes.len + 1));
	memcpy(at->at, frame->bytes.at, frame->bytes.len);
}

/* Its engine says that it has not what the shelf has: that part of its word stays here. */
static bool keep_back_none(struct sim_tale *tale, const struct sim_frame *frame)
{
	union kai_msg msg;
	size_t left = 0;

	tale->frame = frame;
	if (frame->type != KAI_MSG_NO || !sim_tale_read(tale, &msg))
		return false;
	for (size_t i = 0; i < msg.none.ids_count; i++) {
		if (!sim_shelf_has(tale->rogue, frame->to, msg.none.ids[i]))
			memmove(msg.none.ids[left++], msg.none.ids[i], KAI_ID_LEN);
	}
	if (left == msg.none.ids_count)
		return false;
	msg.none.ids_count = left;
	if (left > 0)
		(void)sim_tale_send(tale, frame->to, KAI_MSG_NO, &msg.none, frame->urgent);
	return true;
}

bool sim_rogue_output(struct sim *sim, struct sim_node *node, const struct sim_frame *frame)
{
	struct sim_rogue *rogue = node->rogue;
	struct sim_rogue_peer *peer = &rogue->peers[frame->to];
	struct sim_tale look = begin(sim, node, SIM_LIE_REPLAY_OLD, frame->to);
	union kai_msg msg;

	look.frame = frame;
	look.draws = rogue->looks++ << 8;
	if (frame->type == KAI_MSG_HELLO && sim_tale_read(&look, &msg)) {
		memcpy(peer->my_nonce, msg.hello.nonce, KAI_NONCE_LEN);
		peer->mine = true;
	}
	keep(&look, rogue->sent, &rogue->sent_count, frame->to, frame);
	if (keep_back_none(&look, frame))
		return false;
	moments(sim, node, frame->to);
	return !change(sim, node, frame);
}

static void learn(struct sim_rogue_peer *peer, enum kai_msg_type type, const union kai_msg *msg)
{
	struct kai_span token = {NULL, 0};

	if (type == KAI_MSG_HELLO) {
		memcpy(peer->peer_nonce, msg->hello.nonce, KAI_NONCE_LEN);
		peer->theirs = true;
	} else if (type == KAI_MSG_OFFER) {
		token = msg->offer.token;
		if (msg->offer.entries_count > 0) {
			memcpy(peer->heard, msg->offer.entries[0].id, KAI_ID_LEN);
			peer->has_heard = true;
		}
	}
	if (token.len == 0)
		return;
	memcpy(peer->token, token.at, token.len);
	peer->token_len = token.len;
}

void sim_rogue_input(struct sim *sim, struct sim_node *node, const struct sim_frame *frame)
{
	struct sim_rogue *rogue = node->rogue;
	struct sim_tale look = begin(sim, node, SIM_LIE_FOREIGN_FRAMES, frame->from);
	union kai_msg msg;

	look.frame = frame;
	look.draws = rogue->looks++ << 8;
	keep(&look, rogue->got, &rogue->got_count, frame->from, frame);
	if ((frame->type == KAI_MSG_HELLO || frame->type == KAI_MSG_OFFER ||
	     frame->type == KAI_MSG_WANT) &&
	    sim_tale_read(&look, &msg)) {
		learn(&rogue->peers[frame->from], frame->type, &msg);
		if (frame->type == KAI_MSG_WANT)
			sim_shelf_want(&look, &msg.want);
	}
	moments(sim, node, frame->from);
}
