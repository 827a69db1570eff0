/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures of advisories, building one, checking what opens its parts. */
#include "kairan/advisory.h"

#include <sodium.h>
#include <string.h>

#include "kairan/label.h"

/* ---- signatures ---- */

bool kai_signature_known(struct kai_roots *roots, const uint8_t realm[KAI_REALM_LEN],
			 const uint8_t id[KAI_ID_LEN], const struct kai_signature *signature)
{
	uint8_t root[KAI_ID_LEN];

	if (signature->path == NULL)
		return kai_verify(KAI_CTX_ADVISORY, realm, id, signature->key, signature->sig);
	return kai_tree_root(realm, id, signature->path, root) &&
	       kai_roots_verify(roots, realm, root, signature->key, signature->sig);
}

bool kai_signature_verify(const uint8_t realm[KAI_REALM_LEN], const uint8_t id[KAI_ID_LEN],
			  const struct kai_signature *signature)
{
	return kai_signature_known(NULL, realm, id, signature);
}

/* ---- building ---- */

/*
 * Why an encoder or a seal gave nothing: no room, or a value that no receiver would take. The
 * encoder does not say which; whatever is encoded here fits into KAI_MAX_HEADER_LEN.
 */
static enum kai_fault why_empty(const struct kai_arena *arena)
{
	if (arena->full || arena->cap - arena->used < KAI_MAX_HEADER_LEN)
		return KAI_FAULT_TOO_MUCH;
	return KAI_FAULT_RANGE;
}

static enum kai_fault make_opening(const struct kai_header *header, const struct kai_label *label,
				   struct kai_opening *opening, struct kai_part_entry *entry,
				   struct kai_arena *arena)
{
	enum kai_fault fault = kai_label_check(label);

	if (fault != KAI_FAULT_NONE)
		return fault;
	opening->label = kai_object_encode_in(&kai_object_label, label, arena);
	if (opening->label.len == 0)
		return why_empty(arena);
	kai_key_commitment(header->realm, opening->key, entry->key_commitment);
	kai_label_commitment(header->realm, opening->salt, opening->label, entry->label_commitment);
	return KAI_FAULT_NONE;
}

static enum kai_fault build_part(const struct kai_header *header,
				 const struct kai_part_draft *draft, uint8_t index,
				 const uint8_t entropy[32], struct kai_arena *arena,
				 struct kai_built_part *ret)
{
	struct kai_part_entry *entry = &header->parts[index];
	const struct kai_part_id part = {header->realm, header->origin, index, draft->name};
	struct kai_opening opening;
	enum kai_fault fault;

	kai_expand(entropy, "part key", index, opening.key, sizeof(opening.key));
	kai_expand(entropy, "label salt", index, opening.salt, sizeof(opening.salt));
	entry->name = draft->name;
	entry->media_type = draft->media_type;
	entry->size = kai_padded_len(draft->content.len);
	fault = make_opening(header, draft->label != NULL ? draft->label : &header->label, &opening,
			     entry, arena);
	if (fault == KAI_FAULT_NONE) {
		ret->ciphertext = kai_part_seal(&part, opening.key, draft->content, arena);
		ret->opening = kai_object_encode_in(&kai_object_opening, &opening, arena);
		if (ret->ciphertext.len == 0 || ret->opening.len == 0)
			fault = why_empty(arena);
		else
			kai_part_hash(header->realm, ret->ciphertext, entry->hash);
	}
	sodium_memzero(&opening, sizeof(opening));
	return fault;
}

static enum kai_fault draft_bounds(const struct kai_part_draft *parts, size_t count)
{
	if (count < 1 || count > KAI_MAX_PARTS)
		return KAI_FAULT_COUNT;
	for (size_t i = 0; i < count; i++)
		if (parts[i].content.len > KAI_MAX_PART_LEN)
			return KAI_FAULT_TOO_MUCH;
	return KAI_FAULT_NONE;
}

enum kai_fault kai_advisory_build(struct kai_header *header, const struct kai_part_draft *parts,
				  size_t count, const uint8_t entropy[32], struct kai_arena *arena,
				  struct kai_built *ret)
{
	struct kai_built built = {.part_count = count};
	struct kai_header readback;
	enum kai_fault fault = draft_bounds(parts, count);

	if (fault != KAI_FAULT_NONE)
		return fault;
	header->parts = kai_arena_take(arena, count * sizeof(*header->parts));
	header->parts_count = header->parts == NULL ? 0 : count;
	if (header->parts == NULL)
		return KAI_FAULT_TOO_MUCH;
	for (size_t i = 0; fault == KAI_FAULT_NONE && i < count; i++)
		fault = build_part(header, &parts[i], (uint8_t)i, entropy, arena, &built.parts[i]);
	if (fault != KAI_FAULT_NONE)
		return fault;
	built.header = kai_object_encode_in(&kai_object_header, header, arena);
	if (built.header.len == 0)
		return why_empty(arena);
	fault = kai_header_read(built.header, arena, &readback);
	if (fault != KAI_FAULT_NONE)
		return fault;
	kai_advisory_id(header->realm, built.header, built.id);
	*ret = built;
	return KAI_FAULT_NONE;
}

/* ---- openings ---- */

enum kai_fault kai_opening_check(const struct kai_header *header, uint8_t index,
				 const struct kai_opening *opening, struct kai_arena *arena,
				 struct kai_label *ret_label)
{
	uint8_t commitment[KAI_ID_LEN];
	struct kai_label label;
	enum kai_fault fault;

	if (index >= header->parts_count)
		return KAI_FAULT_RANGE;
	kai_key_commitment(header->realm, opening->key, commitment);
	if (!kai_id_equal(commitment, header->parts[index].key_commitment))
		return KAI_FAULT_KEY_COMMITMENT;
	kai_label_commitment(header->realm, opening->salt, opening->label, commitment);
	if (!kai_id_equal(commitment, header->parts[index].label_commitment))
		return KAI_FAULT_LABEL_COMMITMENT;
	fault = kai_object_decode(&kai_object_label, opening->label, arena, &label);
	if (fault == KAI_FAULT_TOO_MUCH)
		return fault;
	if (fault != KAI_FAULT_NONE || kai_label_check(&label) != KAI_FAULT_NONE)
		return KAI_FAULT_LABEL;
	*ret_label = label;
	return KAI_FAULT_NONE;
}
