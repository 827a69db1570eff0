/* SPDX-License-Identifier: Apache-2.0 */
/* Memberships, notices and releases: what a decider of one org states. */
#include "statement.h"

#include "kairan/card.h"
#include "kairan/label.h"
#include "meaning.h"

enum kai_fault kai_statement_open(enum kai_ctx ctx, const struct kai_object *object,
				  struct kai_span bytes, struct kai_arena *arena,
				  struct kai_signed *ret, void *ret_body)
{
	enum kai_fault fault = kai_signed_open(ctx, bytes, arena, ret);

	if (fault != KAI_FAULT_NONE)
		return fault;
	return kai_versioned_decode(object, ret->body, arena, ret_body);
}

enum kai_fault kai_statement_by(const struct kai_signed *statement, const uint8_t org[KAI_ID_LEN],
				const struct kai_card *card, enum kai_key_role role, uint64_t at_ms)
{
	if (!kai_id_equal(org, card->org))
		return KAI_FAULT_MEANING;
	return kai_card_key(card, statement->key, role, (struct kai_wall){(int64_t)at_ms});
}

static enum kai_fault membership_read(struct kai_span bytes, struct kai_arena *arena,
				      struct kai_signed *ret_statement, struct kai_membership *ret)
{
	struct kai_membership membership;
	enum kai_fault fault = kai_statement_open(KAI_CTX_MEMBERSHIP, &kai_object_membership, bytes,
						  arena, ret_statement, &membership);

	if (fault != KAI_FAULT_NONE)
		return fault;
	if (!kai_community_valid(membership.name) ||
	    membership.valid_from >= membership.valid_until ||
	    membership.valid_until - membership.valid_from > KAI_MEMBERSHIP_MAX_MS)
		return KAI_FAULT_MEANING;
	*ret = membership;
	return KAI_FAULT_NONE;
}

enum kai_fault kai_membership_peek(struct kai_span bytes, struct kai_arena *arena,
				   struct kai_membership *ret)
{
	struct kai_signed statement;

	return membership_read(bytes, arena, &statement, ret);
}

enum kai_fault kai_membership_open(struct kai_span bytes, const struct kai_card *keeper,
				   struct kai_arena *arena, struct kai_membership *ret)
{
	struct kai_signed statement;
	struct kai_membership membership;
	enum kai_fault fault = membership_read(bytes, arena, &statement, &membership);

	if (fault == KAI_FAULT_NONE)
		fault = kai_statement_by(&statement, membership.keeper, keeper, KAI_ROLE_DECIDER,
					 membership.valid_from);
	if (fault == KAI_FAULT_NONE)
		*ret = membership;
	return fault;
}

enum kai_fault kai_notice_open(struct kai_span bytes, const struct kai_card *author,
			       struct kai_arena *arena, struct kai_notice *ret)
{
	struct kai_signed statement;
	struct kai_notice notice;
	enum kai_fault fault = kai_statement_open(KAI_CTX_NOTICE, &kai_object_notice, bytes, arena,
						  &statement, &notice);

	if (fault == KAI_FAULT_NONE &&
	    (notice.action < KAI_NOTICE_SUSPEND || notice.action > KAI_NOTICE_TERMINATE))
		fault = KAI_FAULT_MEANING;
	if (fault == KAI_FAULT_NONE)
		fault = kai_statement_by(&statement, notice.org, author, KAI_ROLE_DECIDER,
					 notice.at);
	if (fault == KAI_FAULT_NONE)
		*ret = notice;
	return fault;
}

enum kai_fault kai_release_open(struct kai_span bytes, const struct kai_card *origin,
				struct kai_arena *arena, struct kai_release *ret)
{
	struct kai_signed statement;
	struct kai_release release;
	enum kai_fault fault = kai_statement_open(KAI_CTX_RELEASE, &kai_object_release, bytes,
						  arena, &statement, &release);

	if (fault == KAI_FAULT_NONE)
		fault = kai_label_check(&release.label);
	if (fault == KAI_FAULT_NONE && release.at >= release.expires)
		fault = KAI_FAULT_MEANING;
	if (fault == KAI_FAULT_NONE)
		fault = kai_statement_by(&statement, origin->org, origin, KAI_ROLE_DECIDER,
					 release.at);
	if (fault == KAI_FAULT_NONE)
		*ret = release;
	return fault;
}
