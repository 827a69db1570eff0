/* SPDX-License-Identifier: Apache-2.0 */
#include "kairan/drill.h"

#include <string.h>

#include "kairan/card.h"
#include "meaning.h"
#include "statement.h"

bool kai_drill_has(const struct kai_drill *drill, const uint8_t org[KAI_ID_LEN])
{
	for (size_t i = 0; i < drill->participants_count; i++) {
		if (kai_id_equal(drill->participants[i], org))
			return true;
	}
	return false;
}

/* "live" is what people say and type for what is no drill. */
static bool says_live(struct kai_span text)
{
	static const char live[] = "live";

	if (text.len != sizeof(live) - 1)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if ((text.at[i] | 0x20) != live[i])
			return false;
	return true;
}

static enum kai_fault drill_check(const struct kai_drill *drill)
{
	if (!kai_ids_ascend(drill->participants, drill->participants_count))
		return KAI_FAULT_UNORDERED;
	if (kai_realm_is_live(drill->realm) || drill->level < KAI_DRILL_COMCHECK ||
	    drill->level > KAI_DRILL_WHOLE || drill->from >= drill->until ||
	    drill->until - drill->from > (uint64_t)KAI_DRILL_MAX_MS ||
	    drill->created_at >= drill->until ||
	    drill->from > drill->created_at + (uint64_t)KAI_DRILL_AHEAD_MS ||
	    !kai_drill_has(drill, drill->director) || says_live(drill->name) ||
	    says_live(drill->word))
		return KAI_FAULT_MEANING;
	return KAI_FAULT_NONE;
}

static enum kai_fault drill_read(struct kai_span bytes, struct kai_arena *arena,
				 struct kai_signed *ret_statement, struct kai_drill *ret,
				 uint8_t ret_digest[KAI_ID_LEN])
{
	struct kai_drill drill;
	enum kai_fault fault = kai_statement_open(KAI_CTX_DRILL, &kai_object_drill, bytes, arena,
						  ret_statement, &drill);

	if (fault == KAI_FAULT_NONE)
		fault = drill_check(&drill);
	if (fault != KAI_FAULT_NONE)
		return fault;
	kai_hash(KAI_CTX_DRILL, kai_realm_live, ret_statement->body, ret_digest);
	*ret = drill;
	return KAI_FAULT_NONE;
}

enum kai_fault kai_drill_peek(struct kai_span bytes, struct kai_arena *arena, struct kai_drill *ret,
			      uint8_t ret_digest[KAI_ID_LEN])
{
	struct kai_signed statement;

	return drill_read(bytes, arena, &statement, ret, ret_digest);
}

enum kai_fault kai_drill_open(struct kai_span bytes, const struct kai_card *director,
			      struct kai_arena *arena, struct kai_drill *ret,
			      uint8_t ret_digest[KAI_ID_LEN])
{
	struct kai_signed statement;
	struct kai_drill drill;
	uint8_t digest[KAI_ID_LEN];
	enum kai_fault fault = drill_read(bytes, arena, &statement, &drill, digest);

	if (fault == KAI_FAULT_NONE)
		fault = kai_statement_by(&statement, drill.director, director, KAI_ROLE_DECIDER,
					 drill.created_at);
	if (fault != KAI_FAULT_NONE)
		return fault;
	*ret = drill;
	memcpy(ret_digest, digest, KAI_ID_LEN);
	return KAI_FAULT_NONE;
}

static enum kai_fault say_read(struct kai_span bytes, struct kai_arena *arena,
			       struct kai_signed *ret_statement, struct kai_drill_say *ret)
{
	struct kai_drill_say say;
	enum kai_fault fault = kai_statement_open(KAI_CTX_DRILL_SAY, &kai_object_drill_say, bytes,
						  arena, ret_statement, &say);

	if (fault == KAI_FAULT_NONE &&
	    (say.what < KAI_DRILL_CONSENTS || say.what > KAI_DRILL_CLOSES ||
	     kai_realm_is_live(say.realm)))
		fault = KAI_FAULT_MEANING;
	if (fault == KAI_FAULT_NONE)
		*ret = say;
	return fault;
}

enum kai_fault kai_drill_say_peek(struct kai_span bytes, struct kai_arena *arena,
				  struct kai_drill_say *ret)
{
	struct kai_signed statement;

	return say_read(bytes, arena, &statement, ret);
}

enum kai_fault kai_drill_say_open(struct kai_span bytes, const struct kai_card *org,
				  struct kai_arena *arena, struct kai_drill_say *ret)
{
	struct kai_signed statement;
	struct kai_drill_say say;
	enum kai_fault fault = say_read(bytes, arena, &statement, &say);

	if (fault == KAI_FAULT_NONE)
		fault = kai_statement_by(
			&statement, say.org, org,
			say.what == KAI_DRILL_CLOSES ? KAI_ROLE_DECIDER : KAI_ROLE_DUTY, say.at);
	if (fault == KAI_FAULT_NONE)
		*ret = say;
	return fault;
}
