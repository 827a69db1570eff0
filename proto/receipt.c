/* SPDX-License-Identifier: Apache-2.0 */
#include "kairan/receipt.h"

#include <string.h>

#include "meaning.h"

static const char *const levels[] = {
	[KAI_LEVEL_DELIVERED] = "delivered", [KAI_LEVEL_SEEN] = "seen",
	[KAI_LEVEL_RECEIVED] = "received",   [KAI_LEVEL_ACTION] = "action",
	[KAI_LEVEL_FORWARDED] = "forwarded",
};
static const char *const actions[] = {
	[KAI_ACTION_NOT_AFFECTED] = "not-affected",
	[KAI_ACTION_CHECKING] = "checking",
	[KAI_ACTION_AFFECTED] = "affected",
	[KAI_ACTION_MITIGATED] = "mitigated",
};
#define LEVELS (sizeof(levels) / sizeof(levels[0]))
#define ACTIONS (sizeof(actions) / sizeof(actions[0]))

const char *kai_level_word(uint64_t level)
{
	return level < LEVELS ? levels[level] : NULL;
}

const char *kai_action_word(uint64_t action)
{
	return action < ACTIONS ? actions[action] : NULL;
}

static uint64_t named(const char *const *words, size_t count, struct kai_span word)
{
	for (size_t i = 1; i < count; i++) {
		if (kai_span_equal(word, kai_span_str(words[i])))
			return i;
	}
	return 0;
}

uint64_t kai_level_named(struct kai_span word)
{
	return named(levels, LEVELS, word);
}

uint64_t kai_action_named(struct kai_span word)
{
	return named(actions, ACTIONS, word);
}

static bool counts_fit(const struct kai_rollup *of)
{
	return of == NULL || (of->delivered <= of->members && of->seen <= of->delivered &&
			      of->received <= of->seen && of->action <= of->received &&
			      of->attested <= of->members);
}

static bool entry_fits(const struct kai_receipt_entry *entry)
{
	bool person = kai_level_of_person(entry->level);

	if ((entry->level == KAI_LEVEL_ACTION) != (entry->action != 0) ||
	    person != (entry->role.len > 0) || (!person && entry->note.len > 0) ||
	    (entry->level == KAI_LEVEL_FORWARDED) != (entry->forwarded != NULL) ||
	    (entry->below != NULL && entry->forwarded == NULL))
		return entry->level > KAI_LEVEL_FORWARDED;
	return counts_fit(entry->forwarded) && counts_fit(entry->below);
}

static int order(const struct kai_receipt_entry *a, const struct kai_receipt_entry *b)
{
	int ids = memcmp(a->id, b->id, KAI_ID_LEN);

	return ids != 0 ? ids : (a->level > b->level) - (a->level < b->level);
}

static enum kai_fault entries_check(const struct kai_receipt *receipt)
{
	for (size_t i = 0; i < receipt->entries_count; i++) {
		if (i > 0 && order(&receipt->entries[i - 1], &receipt->entries[i]) >= 0)
			return KAI_FAULT_UNORDERED;
		if (!entry_fits(&receipt->entries[i]))
			return KAI_FAULT_MEANING;
	}
	return KAI_FAULT_NONE;
}

struct kai_span kai_receipt_make(const struct kai_receipt *receipt, const uint8_t key[KAI_ID_LEN],
				 const uint8_t secret[64], struct kai_arena *arena,
				 uint8_t ret_digest[KAI_ID_LEN])
{
	struct kai_signed made = {.body = {NULL, 0}};

	if (entries_check(receipt) != KAI_FAULT_NONE)
		return made.body;
	made.body = kai_object_encode_in(&kai_object_receipt, receipt, arena);
	if (made.body.len == 0)
		return made.body;
	kai_hash(KAI_CTX_RECEIPT, receipt->realm, made.body, ret_digest);
	memcpy(made.key, key, sizeof(made.key));
	kai_sign(KAI_CTX_RECEIPT, receipt->realm, ret_digest, secret, made.sig);
	return kai_object_encode_in(&kai_object_signed, &made, arena);
}

enum kai_fault kai_receipt_open(struct kai_span bytes, struct kai_arena *arena,
				struct kai_receipt_opened *ret)
{
	struct kai_signed opened;
	enum kai_fault fault = kai_object_decode(&kai_object_signed, bytes, arena, &opened);

	if (fault == KAI_FAULT_NONE)
		fault = kai_versioned_decode(&kai_object_receipt, opened.body, arena,
					     &ret->receipt);
	if (fault != KAI_FAULT_NONE)
		return fault;
	kai_hash(KAI_CTX_RECEIPT, ret->receipt.realm, opened.body, ret->digest);
	memcpy(ret->key, opened.key, sizeof(ret->key));
	if (!kai_verify(KAI_CTX_RECEIPT, ret->receipt.realm, ret->digest, opened.key, opened.sig))
		return KAI_FAULT_SIGNATURE;
	return entries_check(&ret->receipt);
}
