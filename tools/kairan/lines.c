/* SPDX-License-Identifier: Apache-2.0 */
#include "lines.h"

#include <string.h>
#include <utf8proc.h>

#define LABEL 16 /* with two spaces before and after it */

/* The bytes of the first character and the columns that it takes. */
static size_t step(const char *text, size_t *ret_width)
{
	utf8proc_int32_t point = 0;
	utf8proc_ssize_t len = utf8proc_iterate((const utf8proc_uint8_t *)text, -1, &point);
	int width = len > 0 ? utf8proc_charwidth(point) : 1;

	*ret_width = width > 0 ? (size_t)width : 0;
	return len > 0 ? (size_t)len : 1;
}

/* As many bytes as fit in the columns. */
static size_t fitting(const char *text, size_t width)
{
	size_t len = 0;
	size_t used = 0;

	while (text[len] != '\0' && text[len] != '\n') {
		size_t wide;
		size_t more = step(text + len, &wide);

		if (used + wide > width)
			break;
		used += wide;
		len += more;
	}
	return len;
}

void kai_lines_add(struct kai_cli *cli, struct kai_lines *lines, char *line)
{
	if (lines->count == lines->cap) {
		size_t cap = lines->cap == 0 ? 32 : 2 * lines->cap;
		char **at = kai_cli_take(cli, cap * sizeof(*at));

		if (lines->count > 0)
			memcpy(at, lines->at, lines->count * sizeof(*at));
		lines->at = at;
		lines->cap = cap;
	}
	lines->at[lines->count++] = line;
}

/* May a line begin here? After a space, and before what is not ASCII unless it closes something. */
static bool breaks(const char *text, size_t at)
{
	static const char *const closing[] = {"、", "。", "，", "．", "）", "」", "：", "…", "ー"};
	unsigned char byte = (unsigned char)text[at];

	if (text[at - 1] == ' ')
		return true;
	if (byte < 0xc0)
		return false;
	for (size_t i = 0; i < sizeof(closing) / sizeof(*closing); i++)
		if (strncmp(text + at, closing[i], strlen(closing[i])) == 0)
			return false;
	return true;
}

/* Back to where a line may begin, unless that leaves no more than the first `keep` bytes. */
static size_t cut_at(const char *text, size_t len, size_t keep)
{
	size_t back = len;

	if (text[len] == '\0' || text[len] == '\n' || text[len] == ' ')
		return len;
	while (back > keep && !breaks(text, back))
		back--;
	return back > keep ? back : len;
}

/* The first `keep` bytes do not stand alone on a line. */
static void wrap(struct kai_cli *cli, struct kai_lines *lines, const char *text, size_t width,
		 size_t indent, size_t keep)
{
	size_t before = 0;

	do {
		size_t fits = fitting(text, width - before);
		size_t len = cut_at(text, fits, keep);

		if (len == 0 && text[0] != '\0' && text[0] != '\n')
			len = step(text, &fits); /* wider than the line: alone */
		size_t shown = len;

		while (shown > 0 && text[shown - 1] == ' ')
			shown--;
		kai_lines_add(cli, lines,
			      kai_cli_text(cli, "%*s%.*s", (int)before, "", (int)shown, text));
		text += len;
		bool ended = *text == '\n';

		text += ended ? 1 : strspn(text, " ");
		before = indent;
		keep = 0;
	} while (*text != '\0');
}

void kai_lines_wrap(struct kai_cli *cli, struct kai_lines *lines, const char *text, size_t width,
		    size_t indent)
{
	wrap(cli, lines, text, width, indent, 0);
}

void kai_lines_pair(struct kai_cli *cli, struct kai_lines *lines, const char *label,
		    const char *text, size_t width)
{
	char *head = kai_lines_pad(cli, label, LABEL - 4);

	wrap(cli, lines, kai_cli_text(cli, "  %s  %s", head, text), width, LABEL, strlen(head) + 4);
}

char *kai_lines_fit(struct kai_cli *cli, const char *text, size_t width)
{
	if (text[fitting(text, width)] == '\0')
		return kai_cli_text(cli, "%s", text);
	size_t len = fitting(text, width > 0 ? width - 1 : 0);

	return kai_cli_text(cli, "%.*s%s", (int)len, text, width > 0 ? "…" : "");
}

char *kai_lines_pad(struct kai_cli *cli, const char *text, size_t width)
{
	char *cut = kai_lines_fit(cli, text, width);
	size_t takes = kai_view_width(cut);

	return kai_cli_text(cli, "%s%*s", cut, (int)(takes < width ? width - takes : 0), "");
}
