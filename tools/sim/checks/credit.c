/* SPDX-License-Identifier: Apache-2.0 */
/*
 * credit: an honest sender begins no chunk beyond the limit that its peer gave it in this session, and an
 * honest receiver never lets more than 4 MiB be under way to it. From hello, chunk and credit frames at either end
 * (SPEC.md section 7: cumulative since hello, begins at 262,144).
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "checks.h"

#define START UINT64_C(262144)
#define MOST (UINT64_C(4) << 20)

/* One end's view of its session with a peer. */
struct session {
	uint8_t nonce[16];     /* newest of the end's own */
	uint8_t nonces[2][16]; /* of the session: the end's, the peer's */
	uint64_t sent, limit;
	uint64_t received, received_before; /* chunks' bytes; of the session that ended this turn */
	uint64_t turn;			    /* of the end, in which the session began */
	bool broken;			    /* the peer greeted anew since */
};

struct credit {
	struct sim_map places; /* (end, peer, 0): index + 1 */
	struct session *sessions;
	size_t count, cap;
};

static void *credit_new(const struct sim *sim)
{
	(void)sim;
	return sim_check_room(1, sizeof(struct credit));
}

static void credit_free(void *state)
{
	struct credit *credit = state;

	sim_map_done(&credit->places);
	free(credit->sessions);
	free(credit);
}

static struct session *session_of(struct credit *credit, uint32_t end, uint32_t peer)
{
	uint64_t *place = sim_map_at(&credit->places, sim_map_key(end, peer, 0));

	if (*place == 0) {
		credit->sessions = sim_check_more(credit->sessions, credit->count, &credit->cap,
						  sizeof(*credit->sessions));
		credit->sessions[credit->count].limit = START;
		*place = ++credit->count;
	}
	return &credit->sessions[*place - 1];
}

static bool answers(const struct session *session, const struct kai_hello *hello)
{
	static const uint8_t context[16 + KAI_REALM_LEN] = "k1 hello";
	uint8_t mine[KAI_ID_LEN];

	(void)crypto_generichash(mine, sizeof(mine), session->nonce, sizeof(session->nonce),
				 context, sizeof(context));
	return hello->answers.is && kai_id_equal(hello->answers.id, mine);
}

static bool is_pair(const struct session *session, const struct kai_hello *hello)
{
	return memcmp(session->nonces[0], session->nonce, sizeof(session->nonce)) == 0 &&
	       memcmp(session->nonces[1], hello->nonce, sizeof(hello->nonce)) == 0;
}

/*
 * A hello that answers begins a session once: said again, with the same two nonces, it begins nothing, unless the peer
 * greeted anew between, and then only if that was not refused: what the end sent may count from zero then.
 */
static bool begins(struct session *session, const struct kai_hello *hello)
{
	if (!answers(session, hello)) {
		session->broken = session->broken || memcmp(session->nonces[1], hello->nonce,
							    sizeof(hello->nonce)) != 0;
		return false;
	}
	if (is_pair(session, hello)) {
		if (session->broken)
			session->sent = 0;
		session->broken = false;
		return false;
	}
	memcpy(session->nonces[0], session->nonce, sizeof(session->nonce));
	memcpy(session->nonces[1], hello->nonce, sizeof(hello->nonce));
	session->broken = false;
	return true;
}

static void credit_received(struct sim *sim, void *state, const struct sim_frame *frame)
{
	struct sim_sight *sight = sim_sight_of(sim);
	struct credit *credit = state;
	struct session *session;
	struct kai_credit given;
	struct kai_hello hello;

	if (!sim_is_honest(sim, frame->to))
		return;
	session = session_of(credit, frame->to, frame->from);
	sight->arena.used = 0;
	if (frame->type == KAI_MSG_CHUNK) {
		session->received += frame->bytes.len;
	} else if (frame->type == KAI_MSG_CREDIT &&
		   kai_object_decode(&kai_object_credit, frame->bytes, &sight->arena, &given) ==
			   KAI_FAULT_NONE) {
		if (given.limit > session->limit)
			session->limit = given.limit;
	} else if (frame->type == KAI_MSG_HELLO &&
		   kai_object_decode(&kai_object_hello, frame->bytes, &sight->arena, &hello) ==
			   KAI_FAULT_NONE &&
		   begins(session, &hello)) {
		session->sent = 0;
		session->limit = START;
		session->received_before = session->received;
		session->received = 0;
		session->turn = sim_node(sim, frame->to)->turns;
	}
}

static void credit_sent(struct sim *sim, void *state, const struct sim_frame *frame)
{
	struct sim_sight *sight = sim_sight_of(sim);
	struct session *session;
	uint64_t received;

	if (!sim_check_hears(sim, frame))
		return;
	session = session_of(state, frame->from, frame->to);
	bool mixed = session->turn == sim_node(sim, frame->from)->turns;

	if (frame->type == KAI_MSG_HELLO) {
		memcpy(session->nonce, sight->msg.hello.nonce, sizeof(session->nonce));
	} else if (frame->type == KAI_MSG_CHUNK && !mixed) {
		/* In the turn in which a session began, chunks of the one before leave too. */
		if (session->sent >= session->limit)
			sim_violation(sim, "credit", frame->from, sight->msg.chunk.id,
				      "sends node %u a chunk at %llu of %llu bytes", frame->to,
				      (unsigned long long)session->sent,
				      (unsigned long long)session->limit);
		session->sent += frame->bytes.len;
	} else if (frame->type == KAI_MSG_CREDIT) {
		received = mixed && session->received_before > session->received
				   ? session->received_before
				   : session->received;
		if (sight->msg.credit.limit > received + MOST)
			sim_violation(sim, "credit", frame->from, NULL,
				      "grants node %u up to %llu with %llu received", frame->to,
				      (unsigned long long)sight->msg.credit.limit,
				      (unsigned long long)received);
	}
}

const struct sim_checker sim_check_credit = {.name = "credit",
					     .new = credit_new,
					     .free = credit_free,
					     .sent = credit_sent,
					     .received = credit_received};
