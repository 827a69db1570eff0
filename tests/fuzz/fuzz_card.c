/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed statements: card, node record, membership, notice, release, receipt, drill and
 * what is said of it. The input is a body; it is
 * signed here, so that what lies behind the signature is reached. What opens says what was signed,
 * keeps its rules, and no bit of it may change. The input as it is is opened too.
 *
 *   byte 0: which statement; byte 1: bit 0, the org that must sign is written into the body, bit 1,
 *   signed by a key that may not; two bytes: the bit that is turned over; the rest: the body
 */
#include "codec.h"

#include <string.h>

#include "input.h"
#include "kairan/card.h"
#include "kairan/drill.h"
#include "kairan/receipt.h"
#include "kairan/label.h"
#include "signers.h"

#define ARENA_LEN ((size_t)2 << 20)
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static struct person person;
static struct kai_card person_card;
static uint8_t memory[ARENA_LEN];

union opened {
	struct kai_card card;
	struct kai_node_record record;
	struct kai_membership membership;
	struct kai_notice notice;
	struct kai_release release;
	struct kai_receipt_opened receipt;
	struct kai_drill drill;
	struct kai_drill_say say;
};

static bool open_card(struct kai_span bytes, struct kai_arena *arena, union opened *ret)
{
	uint8_t digest[KAI_ID_LEN];

	return kai_card_open(bytes, arena, &ret->card, digest) == KAI_FAULT_NONE;
}

static bool open_record(struct kai_span bytes, struct kai_arena *arena, union opened *ret)
{
	uint8_t digest[KAI_ID_LEN];

	return kai_node_record_open(bytes, arena, &ret->record, digest) == KAI_FAULT_NONE;
}

static bool open_membership(struct kai_span bytes, struct kai_arena *arena, union opened *ret)
{
	struct kai_membership peeked;
	bool open =
		kai_membership_open(bytes, &person_card, arena, &ret->membership) == KAI_FAULT_NONE;

	/* Who may look may not see less than who was convinced. */
	if (open)
		MUST(kai_membership_peek(bytes, arena, &peeked) == KAI_FAULT_NONE);
	return open;
}

static bool open_notice(struct kai_span bytes, struct kai_arena *arena, union opened *ret)
{
	return kai_notice_open(bytes, &person_card, arena, &ret->notice) == KAI_FAULT_NONE;
}

static bool open_release(struct kai_span bytes, struct kai_arena *arena, union opened *ret)
{
	return kai_release_open(bytes, &person_card, arena, &ret->release) == KAI_FAULT_NONE;
}

/* Whose key it is the engine asks: here the card's decider's alone. */
static bool open_receipt(struct kai_span bytes, struct kai_arena *arena, union opened *ret)
{
	return kai_receipt_open(bytes, arena, &ret->receipt) == KAI_FAULT_NONE &&
	       kai_id_equal(ret->receipt.key, person.decider);
}

static bool open_drill(struct kai_span bytes, struct kai_arena *arena, union opened *ret)
{
	uint8_t digest[KAI_ID_LEN], peeked_digest[KAI_ID_LEN];
	struct kai_drill peeked;
	bool open =
		kai_drill_open(bytes, &person_card, arena, &ret->drill, digest) == KAI_FAULT_NONE;

	if (open)
		MUST(kai_drill_peek(bytes, arena, &peeked, peeked_digest) == KAI_FAULT_NONE &&
		     kai_id_equal(digest, peeked_digest));
	return open;
}

static bool open_drill_say(struct kai_span bytes, struct kai_arena *arena, union opened *ret)
{
	return kai_drill_say_open(bytes, &person_card, arena, &ret->say) == KAI_FAULT_NONE;
}

/* ---- what an opened one keeps ---- */

/* By the words of the protocol: in the card, for signing, of that role or a higher one, inside its
 * window, not revoked. */
static void check_key(const struct kai_card *card, const struct kai_card_key *key, uint64_t role,
		      int64_t at)
{
	bool revoked = false;
	bool good = key->use == KAI_KEY_SIGN && role >= 1 && key->role >= role && key->role <= 3;

	for (size_t i = 0; i < card->revocations_count; i++)
		revoked = revoked || kai_id_equal(card->revocations[i].key, key->key);
	good = good && !revoked && at >= 0 && (uint64_t)at >= key->not_before &&
	       (uint64_t)at < key->not_after;
	if (key->use == KAI_KEY_SIGN)
		MUST((kai_card_key(card, key->key, role, (struct kai_wall){at}) ==
		      KAI_FAULT_NONE) == good);
	const struct kai_card_key *seal = kai_card_seal_key(card, (struct kai_wall){at});

	MUST(seal == NULL || (seal->use == KAI_KEY_SEAL && (uint64_t)at >= seal->not_before &&
			      (uint64_t)at < seal->not_after));
}

static void keep_card(const union opened *opened)
{
	const struct kai_card *card = &opened->card;

	MUST(card->version == KAI_VERSION && kai_country_valid(card->country));
	for (size_t i = 0; i < card->keys_count; i++) {
		const struct kai_card_key *key = &card->keys[i];

		MUST(i == 0 || key[-1].use < key->use ||
		     memcmp(key[-1].key, key->key, KAI_ID_LEN) < 0);
		for (uint64_t role = 0; role <= 4; role++) {
			check_key(card, key, role, (int64_t)key->not_before);
			check_key(card, key, role, (int64_t)key->not_after - 1);
			check_key(card, key, role, (int64_t)key->not_after);
		}
	}
}

static void keep_record(const union opened *opened)
{
	for (size_t i = 0; i < opened->record.endpoints_count; i++)
		MUST(memcmp(opened->record.endpoints[i].at, "tcp://", 6) == 0);
	for (size_t i = 1; i < opened->record.keys_count; i++)
		MUST(memcmp(opened->record.keys[i - 1].key, opened->record.keys[i].key,
			    KAI_ID_LEN) < 0);
}

static void keep_membership(const union opened *opened)
{
	const struct kai_membership *membership = &opened->membership;

	MUST(kai_id_equal(membership->keeper, person.root));
	MUST(membership->valid_until - membership->valid_from <= (uint64_t)KAI_MEMBERSHIP_MAX_MS);
	MUST(memchr(membership->name.at, '/', membership->name.len) == NULL);
}

static void keep_notice(const union opened *opened)
{
	MUST(opened->notice.action >= 1 && opened->notice.action <= 3);
	MUST(kai_id_equal(opened->notice.org, person.root));
}

static void keep_release(const union opened *opened)
{
	MUST(kai_label_check(&opened->release.label) == KAI_FAULT_NONE);
	MUST(opened->release.at < opened->release.expires);
}

static void keep_receipt(const union opened *opened)
{
	const struct kai_receipt *receipt = &opened->receipt.receipt;

	for (size_t i = 0; i < receipt->entries_count; i++) {
		const struct kai_receipt_entry *entry = &receipt->entries[i];

		if (i > 0)
			MUST(memcmp(entry[-1].id, entry->id, KAI_ID_LEN) <= 0);
		if (kai_level_of_person(entry->level))
			MUST(entry->role.len > 0 && entry->forwarded == NULL);
		if (entry->level == KAI_LEVEL_FORWARDED)
			MUST(entry->forwarded->received <= entry->forwarded->members);
	}
}

static void keep_drill(const union opened *opened)
{
	const struct kai_drill *drill = &opened->drill;

	MUST(!kai_realm_is_live(drill->realm) && kai_drill_has(drill, person.root));
	MUST(drill->level >= KAI_DRILL_COMCHECK && drill->level <= KAI_DRILL_WHOLE);
	MUST(drill->from < drill->until && drill->created_at < drill->until);
	MUST(drill->until - drill->from <= (uint64_t)KAI_DRILL_MAX_MS);
	for (size_t i = 1; i < drill->participants_count; i++)
		MUST(memcmp(drill->participants[i - 1], drill->participants[i], KAI_ID_LEN) < 0);
}

static void keep_drill_say(const union opened *opened)
{
	MUST(opened->say.what >= KAI_DRILL_CONSENTS && opened->say.what <= KAI_DRILL_CLOSES);
	MUST(kai_id_equal(opened->say.org, person.root) && !kai_realm_is_live(opened->say.realm));
}

static const struct kind {
	enum kai_ctx ctx;
	const struct kai_object *object;
	size_t org; /* offset of who must have signed; SIZE_MAX: nobody is named */
	bool root;
	bool (*open)(struct kai_span bytes, struct kai_arena *arena, union opened *ret);
	void (*keep)(const union opened *opened);
} kinds[] = {
	{KAI_CTX_CARD, &kai_object_card, offsetof(struct kai_card, org), true, open_card,
	 keep_card},
	{KAI_CTX_NODE_RECORD, &kai_object_node_record, offsetof(struct kai_node_record, org), true,
	 open_record, keep_record},
	{KAI_CTX_MEMBERSHIP, &kai_object_membership, offsetof(struct kai_membership, keeper), false,
	 open_membership, keep_membership},
	{KAI_CTX_NOTICE, &kai_object_notice, offsetof(struct kai_notice, org), false, open_notice,
	 keep_notice},
	{KAI_CTX_RELEASE, &kai_object_release, SIZE_MAX, false, open_release, keep_release},
	{KAI_CTX_RECEIPT, &kai_object_receipt, offsetof(struct kai_receipt, org), false,
	 open_receipt, keep_receipt},
	{KAI_CTX_DRILL, &kai_object_drill, offsetof(struct kai_drill, director), false, open_drill,
	 keep_drill},
	{KAI_CTX_DRILL_SAY, &kai_object_drill_say, offsetof(struct kai_drill_say, org), false,
	 open_drill_say, keep_drill_say},
};

/* ---- */

/* Its signature is the fuzzers'. NOLINTNEXTLINE(readability-non-const-parameter) */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	signers_make(&person, &person_card, 1);
	return 0;
}

static struct kai_span named(const struct kind *kind, struct kai_span body, struct kai_arena *arena)
{
	uint8_t *decoded = kai_arena_take(arena, kind->object->size);

	if (kai_object_decode(kind->object, body, arena, decoded) != KAI_FAULT_NONE)
		return body;
	memcpy(decoded + kind->org, person.root, KAI_ID_LEN);
	return kai_object_encode_in(kind->object, decoded, arena);
}

static void no_bit_may_change(const struct kind *kind, struct kai_span bytes, size_t bit,
			      struct kai_arena *arena)
{
	union opened opened;

	MUST(!kind->open(fuzz_turned(bytes, bit, arena), arena, &opened));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct kai_arena arena = {memory, sizeof(memory), 0, false};
	struct fuzz_input input = fuzz_input(data, len);
	union opened opened;

	if (len > KAI_MAX_SIGNED_BODY)
		return 0;
	const struct kind *kind = &kinds[fuzz_byte(&input) % COUNT(kinds)];
	uint8_t how = fuzz_byte(&input);
	size_t bit = fuzz_u16(&input);
	struct kai_span body = fuzz_rest(&input);

	(void)kind->open(body, &arena, &opened);
	if ((how & 1) != 0 && kind->org != SIZE_MAX)
		body = named(kind, body, &arena);
	bool wrong = (how & 2) != 0;
	bool root = kind->root != wrong;
	struct kai_span bytes =
		kai_signed_make(kind->ctx, body, root ? person.root : person.decider,
				root ? person.root_secret : person.decider_secret, &arena);

	if (bytes.len == 0 || !kind->open(bytes, &arena, &opened))
		return 0;
	MUST(!wrong);
	(void)codec_accept(&kai_object_signed, bytes);
	kind->keep(&opened);
	(void)codec_accept(kind->object, body);
	no_bit_may_change(kind, bytes, bit, &arena);
	return 0;
}
