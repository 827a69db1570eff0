/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and words of ladders. */
#include "kairan/records.h"

#include <stdio.h>
#include <string.h>

#include "kairan/text.h"

bool kai_ladder_place_read(struct kai_span key, struct kai_ladder_place *ret)
{
	if (key.len != KAI_LADDER_KEY)
		return false;
	ret->arrival = kai_get_be64(key.at);
	ret->peer = (uint16_t)(key.at[8] << 8 | key.at[9]);
	return true;
}

struct kai_key kai_key_call(uint64_t urgency, const struct kai_ladder_place *place)
{
	struct kai_key rest = kai_key_pair(place->arrival, place->peer);
	struct kai_key key = {.len = rest.len + 1};

	key.at[0] = (uint8_t)urgency;
	memcpy(key.at + 1, rest.at, rest.len);
	return key;
}

bool kai_call_place_read(struct kai_span key, struct kai_ladder_place *ret)
{
	return key.len == KAI_CALL_KEY &&
	       kai_ladder_place_read(kai_span(key.at + 1, key.len - 1), ret);
}

void kai_step_id(const uint8_t about[KAI_ID_LEN], const struct kai_ladder_place *place,
		 const struct kai_ladder *ladder, uint64_t rung, char ret[KAI_STEP_ID])
{
	char text[KAI_ID_TEXT];

	kai_id_text(about, text);
	if (place->arrival != 0)
		(void)snprintf(ret, KAI_STEP_ID, "%.32s.%u.%u", text, place->peer, (unsigned)rung);
	else
		(void)snprintf(ret, KAI_STEP_ID, "%.32s.%llu.%u", text,
			       (unsigned long long)ladder->at, (unsigned)rung);
}

bool kai_ladder_under_way(const struct kai_ladder *ladder)
{
	for (size_t i = 0; i < ladder->steps_count; i++)
		if (ladder->steps[i].state != KAI_STEP_DONE)
			return true;
	return false;
}

#define WORD(name, word) word,

const char *kai_silence_word(uint64_t silence)
{
	static const char *const words[] = {KAI_X_SILENCE(WORD)};

	return silence < sizeof(words) / sizeof(words[0]) ? words[silence] : "?";
}

const char *kai_step_state_word(uint64_t state)
{
	static const char *const words[] = {KAI_X_STEP_STATE(WORD)};

	return state < sizeof(words) / sizeof(words[0]) ? words[state] : "?";
}

const char *kai_step_result_word(uint64_t result)
{
	static const char *const words[] = {KAI_X_STEP_RESULT(WORD)};

	return result < sizeof(words) / sizeof(words[0]) ? words[result] : "?";
}
