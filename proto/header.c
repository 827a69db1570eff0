/* SPDX-License-Identifier: Apache-2.0 */
/* What a header means across its fields. */
#include "kairan/advisory.h"

#include "kairan/label.h"
#include "meaning.h"

void kai_source_commit(const uint8_t realm[KAI_REALM_LEN], const uint8_t salt[KAI_ID_LEN],
		       const uint8_t id[KAI_ID_LEN], uint8_t ret[KAI_ID_LEN])
{
	struct kai_span pieces[2] = {kai_span(salt, KAI_ID_LEN), kai_span(id, KAI_ID_LEN)};

	kai_hash_many(KAI_CTX_SOURCE, realm, pieces, 2, ret);
}

void kai_advisory_id(const uint8_t realm[KAI_REALM_LEN], struct kai_span header,
		     uint8_t ret[KAI_ID_LEN])
{
	kai_hash(KAI_CTX_ADVISORY, realm, header, ret);
}

static bool thread_fits(const struct kai_header *header)
{
	bool first = header->revision == 1;

	if (first == header->thread.is || (first && header->supersedes_count > 0))
		return false;
	return header->kind != KAI_KIND_RETRACT || (!first && header->supersedes_count == 1);
}

static bool parts_fit(const struct kai_header *header)
{
	uint64_t sum = 0;

	if (!kai_span_equal(header->parts[0].name, kai_span_str("main")))
		return false;
	for (size_t i = 0; i < header->parts_count; i++) {
		sum += header->parts[i].size;
		for (size_t j = 0; j < i; j++)
			if (kai_span_equal(header->parts[i].name, header->parts[j].name))
				return false;
	}
	if (header->kind == KAI_KIND_RETRACT &&
	    (header->parts_count != 1 || sum > kai_padded_len(KAI_MAX_RETRACT_LEN)))
		return false;
	return sum <= KAI_MAX_ADVISORY_LEN;
}

static enum kai_fault header_meaning(const struct kai_header *header)
{
	enum kai_fault fault = kai_label_check(&header->label);

	if (fault == KAI_FAULT_NONE)
		fault = kai_sectors_check(header->sectors, header->sectors_count);
	if (fault != KAI_FAULT_NONE)
		return fault;
	if (!kai_ids_ascend(header->supersedes, header->supersedes_count) ||
	    !kai_ids_ascend(header->refs, header->refs_count))
		return KAI_FAULT_UNORDERED;
	if (header->kind < KAI_KIND_SECINFO || header->kind > KAI_KIND_RELEASE ||
	    header->urgency < KAI_URGENCY_NOW || header->urgency > KAI_URGENCY_INFO ||
	    !kai_country_valid(header->country) || header->created_at >= header->not_after ||
	    !thread_fits(header) || !parts_fit(header))
		return KAI_FAULT_MEANING;
	return KAI_FAULT_NONE;
}

enum kai_fault kai_header_read(struct kai_span bytes, struct kai_arena *arena,
			       struct kai_header *ret)
{
	struct kai_header header;
	enum kai_fault fault;

	if (bytes.len > KAI_MAX_HEADER_LEN)
		return KAI_FAULT_OVERSIZE;
	fault = kai_versioned_decode(&kai_object_header, bytes, arena, &header);
	if (fault == KAI_FAULT_NONE)
		fault = header_meaning(&header);
	if (fault == KAI_FAULT_NONE)
		*ret = header;
	return fault;
}
