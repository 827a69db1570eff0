/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Agreements: the input is terms; both parties' orgs may be written into them and both sign, so
 * that what lies behind the signatures is reached. What opens keeps its rules, has one digest, and
 * no bit of it may change; its state is the table's.
 *
 *   byte 0: bit 0, the parties are written in; bits 1 and 2, who signs not; two bytes: the bit that
 *   is turned over; three bytes: both sides' newest notices, the time; the rest: terms
 */
#include "codec.h"

#include <string.h>

#include "input.h"
#include "signers.h"

#define ARENA_LEN ((size_t)4 << 20)

static struct person people[2]; /* ascending by org */
static struct kai_card cards[2];
static uint8_t memory[ARENA_LEN];

/* Its signature is the fuzzers'. NOLINTNEXTLINE(readability-non-const-parameter) */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	signers_make(people, cards, 2);
	return 0;
}

static struct kai_span with_parties(struct kai_span bytes, struct kai_arena *arena)
{
	struct kai_terms terms;

	if (kai_object_decode(&kai_object_terms, bytes, arena, &terms) != KAI_FAULT_NONE)
		return bytes;
	memcpy(terms.a.org, people[0].root, KAI_ID_LEN);
	memcpy(terms.b.org, people[1].root, KAI_ID_LEN);
	return kai_object_encode_in(&kai_object_terms, &terms, arena);
}

static struct kai_span sign(struct kai_span terms, unsigned who, struct kai_arena *arena)
{
	struct kai_party_signature first;
	struct kai_agreement agreement;
	struct kai_span bytes = {NULL, 0};

	for (unsigned i = 0; i < 2; i++) {
		if ((who >> i & 1) == 0)
			continue;
		bool second = bytes.len > 0;

		if (second) {
			MUST(kai_object_decode(&kai_object_agreement, bytes, arena, &agreement) ==
			     KAI_FAULT_NONE);
			first = agreement.signatures[0];
		}
		bytes = kai_agreement_sign(terms, second ? &first : NULL, people[i].root,
					   people[i].decider, people[i].decider_secret, arena);
		if (bytes.len == 0)
			break;
	}
	return bytes;
}

static enum kai_agreement_state state_by_table(const struct kai_agreement_read *read,
					       const uint64_t actions[2], int64_t now)
{
	bool stopped = false;

	for (unsigned i = 0; i < 2; i++) {
		if (actions[i] == KAI_NOTICE_TERMINATE)
			return KAI_STATE_TERMINATED;
		stopped = stopped || (actions[i] != 0 && actions[i] != KAI_NOTICE_RESUME);
	}
	if (now >= (int64_t)read->terms.valid_until)
		return KAI_STATE_EXPIRED;
	if (read->signed_by != 3)
		return KAI_STATE_PROPOSED;
	if (now < (int64_t)read->terms.valid_from)
		return KAI_STATE_FUTURE;
	return stopped ? KAI_STATE_SUSPENDED : KAI_STATE_ACTIVE;
}

static void check_state(const struct kai_agreement_read *read, const uint8_t choice[3])
{
	const uint64_t actions[2] = {choice[0] % 5, choice[1] % 5};
	const int64_t times[] = {
		(int64_t)read->terms.valid_from - 1, (int64_t)read->terms.valid_from,
		(int64_t)read->terms.valid_until - 1, (int64_t)read->terms.valid_until, INT64_MAX};
	int64_t now = times[choice[2] % 5];

	MUST(kai_agreement_state(read, actions[0], actions[1], (struct kai_wall){now}) ==
	     state_by_table(read, actions, now));
}

static void check_read(struct kai_span bytes, const struct kai_agreement_read *read, unsigned who)
{
	const struct kai_terms *terms = &read->terms;
	uint8_t digest[KAI_ID_LEN];

	MUST(read->signed_by == who);
	MUST(memcmp(terms->a.org, terms->b.org, KAI_ID_LEN) < 0);
	MUST(terms->valid_from < terms->valid_until);
	MUST(kai_terms_side(terms, terms->a.org) == 0 && kai_terms_side(terms, terms->b.org) == 1);
	kai_agreement_digest(read->agreement.terms, digest);
	MUST(kai_id_equal(digest, read->digest));
	(void)codec_accept(&kai_object_agreement, bytes);
	(void)codec_accept(&kai_object_terms, read->agreement.terms);
}

static void no_bit_may_change(struct kai_span bytes, size_t bit, struct kai_arena *arena)
{
	struct kai_span turned = fuzz_turned(bytes, bit, arena);
	struct kai_agreement_read read;

	MUST(kai_agreement_open(turned, &cards[0], &cards[1], arena, &read) != KAI_FAULT_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct kai_arena arena = {memory, sizeof(memory), 0, false};
	struct fuzz_input input = fuzz_input(data, len);
	struct kai_agreement_read read;

	if (len > KAI_MAX_TERMS)
		return 0;
	uint8_t how = fuzz_byte(&input);
	size_t bit = fuzz_u16(&input);
	const uint8_t choice[3] = {fuzz_byte(&input), fuzz_byte(&input), fuzz_byte(&input)};
	unsigned who = (unsigned)~how >> 1 & 3u;
	struct kai_span terms = fuzz_rest(&input);

	MUST((unsigned)kai_agreement_open(terms, &cards[0], &cards[1], &arena, &read) <
	     KAI_FAULT_END);
	if ((how & 1) != 0)
		terms = with_parties(terms, &arena);
	struct kai_span bytes = sign(terms, who, &arena);

	if (bytes.len == 0 ||
	    kai_agreement_open(bytes, &cards[0], &cards[1], &arena, &read) != KAI_FAULT_NONE)
		return 0;
	MUST(kai_agreement_open(bytes, NULL, NULL, &arena, &read) == KAI_FAULT_NONE);
	check_read(bytes, &read, who);
	check_state(&read, choice);
	no_bit_may_change(bytes, bit, &arena);
	return 0;
}
