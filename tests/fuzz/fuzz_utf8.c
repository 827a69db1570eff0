/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peer text: the first byte says how much room there is and whether lines stay. What is escaped
 * fits, is clean, holds no control character, and is escaped no further by a second pass. What is
 * clean, another reader of UTF-8 finds clean.
 */
#include "codec.h"

#include <string.h>

#include "kairan/text.h"

#define MAX_LEN 4096

static void check_escaped(const char *text, bool keep_lines)
{
	MUST(kai_utf8_clean(kai_span_str(text)));
	for (const char *at = text; *at != '\0'; at++) {
		unsigned char c = (unsigned char)*at;

		MUST((c >= 0x20 && c != 0x7f) || (keep_lines && (c == '\n' || c == '\t')));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char text[8 * MAX_LEN];
	static char again[8 * MAX_LEN];
	struct kai_span in;

	if (len < 1 || len > MAX_LEN)
		return 0;
	bool keep_lines = (data[0] & 1) != 0;
	size_t cap = (data[0] & 2) != 0 ? sizeof(text) : data[0] / 4u;

	in = kai_span(data + 1, len - 1);
	MUST(kai_utf8_clean(in) == codec_text_clean(in));
	kai_escape(in, keep_lines, text, cap);
	if (cap == 0)
		return 0;
	MUST(strlen(text) < cap);
	check_escaped(text, keep_lines);
	kai_escape(kai_span_str(text), keep_lines, again, sizeof(again));
	MUST(strcmp(text, again) == 0);
	return 0;
}
