/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of text for a terminal: cut, padded and wrapped by display columns, East Asian widths
 * counted. Escapes nothing: who adds text of peers has made it safe. Everything lies in the arena.
 */
#ifndef KAIRAN_LINES_H
#define KAIRAN_LINES_H

#include "view.h"

#define KAI_LINES_WIDTH 79 /* of what is printed and not drawn */

struct kai_lines {
	char **at;
	size_t count;
	size_t cap;
};

void kai_lines_add(struct kai_cli *cli, struct kai_lines *lines, char *line);
/* At spaces where there are any, else anywhere between characters; the second line on is indented.
 * Line ends in the text are kept. width 2 or more beside the indent. */
void kai_lines_wrap(struct kai_cli *cli, struct kai_lines *lines, const char *text, size_t width,
		    size_t indent);
/* "  label       text", the text wrapped beside its label. */
void kai_lines_pair(struct kai_cli *cli, struct kai_lines *lines, const char *label,
		    const char *text, size_t width);
/* At most so many columns; what is cut off is marked. */
char *kai_lines_fit(struct kai_cli *cli, const char *text, size_t width);
/* Exactly so many columns. */
char *kai_lines_pad(struct kai_cli *cli, const char *text, size_t width);

#endif
