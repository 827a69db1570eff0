/* SPDX-License-Identifier: Apache-2.0 */
#include "kairan/text.h"

#include <stdio.h>
#include <string.h>

struct code_range {
	uint32_t first;
	uint32_t last;
};

/*
 * What a reader cannot see but what moves, hides or reorders what he sees. Variation selectors are
 * not among them: Japanese names need them.
 */
static const struct code_range hidden[] = {
	{0x0080, 0x009f},   /* C1 controls */
	{0x00ad, 0x00ad},   /* soft hyphen */
	{0x034f, 0x034f},   /* combining grapheme joiner */
	{0x061c, 0x061c},   /* Arabic letter mark */
	{0x115f, 0x1160},   /* Hangul fillers */
	{0x17b4, 0x17b5},   /* Khmer inherent vowels */
	{0x180e, 0x180e},   /* Mongolian vowel separator */
	{0x200b, 0x200f},   /* zero-width space, joiners, direction marks */
	{0x2028, 0x202e},   /* line and paragraph separator, bidi embeddings */
	{0x2060, 0x206f},   /* word joiner, invisible signs, bidi isolates */
	{0x3164, 0x3164},   /* Hangul filler */
	{0xfeff, 0xfeff},   /* zero-width no-break space */
	{0xffa0, 0xffa0},   /* half-width Hangul filler */
	{0xfff9, 0xfffb},   /* interlinear annotation */
	{0xfffe, 0xffff},   /* not characters */
	{0xe0000, 0xe007f}, /* tags */
};

/* The length of the well-formed sequence at `at` (Unicode 15, table 3-7), or 0. */
static size_t sequence(const uint8_t *at, size_t left, uint32_t *ret_code)
{
	uint8_t head = at[0];
	size_t len = head < 0x80 ? 1 : head < 0xe0 ? 2 : head < 0xf0 ? 3 : 4;

	if ((head >= 0x80 && head < 0xc2) || head > 0xf4 || left < len)
		return 0;
	if (len == 1) {
		*ret_code = head;
		return 1;
	}
	uint32_t code = head & (0x7fu >> len);

	for (size_t i = 1; i < len; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (at[i] & 0x3fu);
	}
	/* longer than needed, a surrogate, or beyond the last plane */
	if ((len == 3 && code < 0x800) || (len == 4 && code < 0x10000) || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*ret_code = code;
	return len;
}

/* Eight letters at once, as most text is: ASCII, none of them a control. */
static bool eight_plain(const uint8_t *at)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t eight;

	memcpy(&eight, at, sizeof(eight));
	/* no high bit, and none that subtracting a space takes below zero (a borrow only follows such a one) */
	return ((eight | (eight - ones * 0x20)) & ones * 0x80) == 0;
}

bool kai_utf8_clean(struct kai_span text)
{
	size_t at = 0;

	while (at < text.len) {
		if (text.len - at >= 8 && eight_plain(text.at + at)) {
			at += 8;
			continue;
		}
		uint32_t code;
		size_t len = sequence(text.at + at, text.len - at, &code);

		if (len == 0 || code == 0xfffe || code == 0xffff)
			return false;
		if (code < 0x20 && code != '\n' && code != '\t')
			return false;
		at += len;
	}
	return true;
}

static bool code_hidden(uint32_t code)
{
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (code >= hidden[i].first && code <= hidden[i].last)
			return true;
	return false;
}

void kai_escape(struct kai_span text, bool keep_lines, char *ret, size_t cap)
{
	size_t at = 0;
	size_t used = 0;

	if (cap == 0)
		return;
	while (at < text.len) {
		char escaped[16];
		uint32_t code = 0;
		size_t len = sequence(text.at + at, text.len - at, &code);
		bool kept_line = keep_lines && (code == '\n' || code == '\t');
		const void *from = text.at + at;
		size_t piece = len;

		if (len == 0 || code == 0x7f || (code < 0x20 && !kept_line)) {
			piece = (size_t)snprintf(escaped, sizeof(escaped), "\\x%02x", text.at[at]);
			from = escaped;
		} else if (code_hidden(code)) {
			piece = (size_t)snprintf(escaped, sizeof(escaped), "\\u{%04x}",
						 (unsigned)code);
			from = escaped;
		}
		if (piece >= cap - used)
			break;
		memcpy(ret + used, from, piece);
		used += piece;
		at += len == 0 ? 1 : len;
	}
	ret[used] = '\0';
}
