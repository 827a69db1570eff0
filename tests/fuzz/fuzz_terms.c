/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The human form of terms. What is read fits the rules of an agreement, encodes within the table's
 * bounds, and prints as text that reads as the same terms; what is not says where.
 */
#include "codec.h"

#include <string.h>

#include "kairan/text.h"
#include "scratch.h"
#include "terms.h"

#define ARENA_LEN ((size_t)8 << 20)
#define MAX_LEN 32768u

static bool find(void *context, const char *text, uint8_t ret[KAI_ID_LEN])
{
	(void)context;
	if (strcmp(text, "peer") != 0)
		return kai_base32_parse(text, ret, KAI_ID_LEN);
	memset(ret, 0x5a, KAI_ID_LEN);
	return true;
}

static const struct kai_terms_names names = {NULL, find};

static const char *english(int lang, const char *text)
{
	(void)lang;
	return text;
}

static struct kai_span encoded(const struct kai_terms *terms, struct kai_arena *arena)
{
	struct kai_span bytes = kai_object_encode_in(&kai_object_terms, terms, arena);

	if (bytes.len > 0)
		(void)codec_accept(&kai_object_terms, bytes);
	return bytes;
}

static void round_trip(const struct kai_terms *terms, struct kai_arena *arena)
{
	struct kai_terms_error error = {""};
	struct kai_terms again;
	struct kai_span bytes = encoded(terms, arena);
	struct kai_span text = kai_terms_write(terms, english, 0, arena);
	char *copy = kai_arena_take(arena, text.len + 1);

	/* More than the bounds allow is refused when the bytes are made, not here. */
	if (bytes.len == 0)
		return;
	MUST(text.len > 0 && copy != NULL && codec_text_clean(text));
	memcpy(copy, text.at, text.len);
	copy[text.len] = '\0';
	MUST(kai_terms_read("again", copy, &names, arena, &again, &error));
	MUST(kai_span_equal(bytes, encoded(&again, arena)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t memory[ARENA_LEN];
	static char text[MAX_LEN + 1];
	struct kai_arena arena = {memory, sizeof(memory), 0, false};
	struct kai_terms_error error = {""};
	struct kai_terms terms;

	if (len > MAX_LEN || scratch_includes(kai_span(data, len)))
		return 0;
	if (len > 0)
		memcpy(text, data, len);
	text[len] = '\0';
	if (!kai_terms_read("fuzz", text, &names, &arena, &terms, &error)) {
		MUST(memchr(error.text, '\0', sizeof(error.text)) != NULL);
		MUST(strncmp(error.text, "fuzz:", 5) == 0);
		return 0;
	}
	MUST(!arena.full && kai_terms_check(&terms) == KAI_FAULT_NONE);
	round_trip(&terms, &arena);
	return 0;
}
