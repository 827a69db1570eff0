/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CSAF document as somebody's web site gave it. What is read fits an advisory's fields; what is
 * not says why in text that is safe to show.
 */
#include "codec.h"

#include <string.h>

#include "../../tools/import/csaf.h"
#include "kairan/label.h"
#include "kairan/text.h"

#define ARENA_LEN ((size_t)4 << 20)
#define MAX_LEN 131072u

static void check_csaf(const struct kai_csaf *csaf)
{
	MUST(csaf->title.len >= 1 && csaf->title.len <= 1024);
	MUST(csaf->summary.len <= 65536 && csaf->action.len >= 1 && csaf->action.len <= 8192);
	MUST(csaf->lang.len >= 2 && csaf->lang.len <= 35);
	MUST(csaf->tlp >= KAI_TLP_RED && csaf->tlp <= KAI_TLP_CLEAR);
	MUST(csaf->tlp_given || csaf->tlp == KAI_TLP_AMBER);
	const struct kai_span texts[] = {csaf->title,	  csaf->summary, csaf->action, csaf->lang,
					 csaf->namespace, csaf->id,	 csaf->version};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		MUST(kai_utf8_clean(texts[i]) && codec_text_clean(texts[i]));
	MUST(csaf->sector_count <= KAI_MAX_SECTORS);
	for (size_t i = 0; i < csaf->sector_count; i++) {
		MUST(kai_sector_valid(csaf->sectors[i]) && csaf->sectors[i].len <= KAI_MAX_SHORT);
		MUST(i == 0 || kai_span_compare(csaf->sectors[i - 1], csaf->sectors[i]) < 0);
	}
}

static void check_sector(struct kai_span name, struct kai_arena *arena)
{
	struct kai_span codes[KAI_MAX_SECTORS];
	size_t count = kai_csaf_sector(name, arena, codes, KAI_MAX_SECTORS);

	MUST(count <= KAI_MAX_SECTORS);
	for (size_t i = 0; i < count; i++)
		MUST(kai_sector_valid(codes[i]) && codes[i].len <= KAI_MAX_SHORT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t memory[ARENA_LEN];
	struct kai_arena arena = {memory, sizeof(memory), 0, false};
	struct kai_span text = kai_span(data, len);
	char problem[KAI_CSAF_PROBLEM];
	struct kai_csaf csaf;

	if (len > MAX_LEN)
		return 0;
	memset(problem, 'x', sizeof(problem));
	if (kai_csaf_read(text, &arena, &csaf, problem)) {
		MUST(!arena.full);
		check_csaf(&csaf);
	} else {
		MUST(memchr(problem, '\0', sizeof(problem)) != NULL && problem[0] != '\0');
		MUST(codec_text_clean(kai_span_str(problem)) && strchr(problem, '\n') == NULL);
	}
	arena.used = 0;
	if (len <= 256 && kai_utf8_clean(text))
		check_sector(text, &arena);
	return 0;
}
