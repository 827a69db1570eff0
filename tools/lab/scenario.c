/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a scenario: lines to words, words against the patterns of the table. Nothing is started here. */
#include "scenario.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TEXT ((size_t)256 * 1024)
#define MAX_WORDS 64

struct word {
	const char *text;
	bool quoted;
};

struct line {
	unsigned number;
	bool indented;
	const char *text;
	struct word words[MAX_WORDS];
	size_t count;
};

struct reader {
	struct kai_cli *cli;
	const struct kai_lab *lab;
	const char *path;
	struct kai_lab_scenario *to;
};

/* problem: a sentence of the catalogue, or one that was made from it. */
static int complain(const struct reader *reader, unsigned line, const char *problem)
{
	return kai_cli_fail(reader->cli, KAI_EXIT_USAGE, "%s:%u: %s", reader->path, line,
			    kai_tr(reader->cli, problem));
}

/* ---- lines to words ---- */

/* \uXXXX in quotes becomes that character, so that a scenario can name what should not stand in a text file. */
static void take_escapes(char *text)
{
	char *to = text;

	for (const char *at = text; *at != '\0';) {
		unsigned code = 0;

		if (at[0] != '\\' || at[1] != 'u' || strspn(at + 2, "0123456789abcdef") < 4) {
			*to++ = *at++;
			continue;
		}
		at += 2;
		for (int digit = 0; digit < 4; digit++, at++)
			code = code << 4 | (unsigned)(*at <= '9' ? *at - '0' : *at - 'a' + 10);
		if (code >= 0x800) {
			*to++ = (char)(0xe0 | code >> 12);
			*to++ = (char)(0x80 | (code >> 6 & 0x3f));
			*to++ = (char)(0x80 | (code & 0x3f));
		} else if (code >= 0x80) {
			*to++ = (char)(0xc0 | code >> 6);
			*to++ = (char)(0x80 | (code & 0x3f));
		} else {
			*to++ = (char)code;
		}
	}
	*to = '\0';
}

/* One word at *io_at: up to a blank, or between quotes; commas are for the eye. false: the quote does not end. */
static bool take_word(char **io_at, struct word *ret)
{
	char *at = *io_at;

	ret->quoted = *at == '"';
	if (ret->quoted) {
		char *end = strchr(at + 1, '"');

		if (end == NULL)
			return false;
		*end = '\0';
		take_escapes(at + 1);
		ret->text = at + 1;
		*io_at = end + 1;
		return true;
	}
	size_t len = strcspn(at, " \t");

	*io_at = at + len;
	if (at[len] != '\0')
		*(*io_at)++ = '\0';
	ret->text = at;
	return true;
}

static int split(const struct reader *reader, char *text, struct line *ret)
{
	char *at = text;

	ret->indented = *at == ' ' || *at == '\t';
	ret->count = 0;
	at += strspn(at, " \t");
	ret->text = kai_cli_text(reader->cli, "%s", at);
	while (*at != '\0' && *at != '#') {
		if (ret->count == MAX_WORDS)
			return complain(reader, ret->number,
					N_("has more words than anybody reads aloud"));
		if (!take_word(&at, &ret->words[ret->count]))
			return complain(reader, ret->number,
					N_("a quote does not end (close it on the same line)"));
		ret->count++;
		at += strspn(at, " \t");
	}
	return 0;
}

/* ---- words to values ---- */

bool kai_lab_span(const char *text, int64_t *ret_ms)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {{"ms", 1},
		     {"s", KAI_MS_SECOND},
		     {"m", 60 * KAI_MS_SECOND},
		     {"h", KAI_MS_HOUR},
		     {"d", KAI_MS_DAY}};
	char *end;
	long long number = strtoll(text, &end, 10);

	if (end == text || text[0] == '-' || number > 1000000)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].unit) == 0) {
			*ret_ms = number * units[i].ms;
			return true;
		}
	}
	return false;
}

/* HH:MM:SS */
static bool read_clock(const char *text, int64_t *ret_ms)
{
	static const char form[] = "00:00:00";
	int value[3] = {0, 0, 0};

	for (size_t i = 0; i < sizeof(form) - 1; i++) {
		if (form[i] == ':' ? text[i] != ':' : !isdigit((unsigned char)text[i]))
			return false;
		if (form[i] != ':')
			value[i / 3] = value[i / 3] * 10 + (text[i] - '0');
	}
	if (text[sizeof(form) - 1] != '\0' || value[0] > 23 || value[1] > 59 || value[2] > 59)
		return false;
	*ret_ms = ((int64_t)value[0] * 3600 + (int64_t)value[1] * 60 + value[2]) * KAI_MS_SECOND;
	return true;
}

static bool read_number(const char *text, int64_t *ret)
{
	char *end;

	*ret = strtoll(text, &end, 10);
	return isdigit((unsigned char)text[0]) && *end == '\0' && *ret <= 1000000;
}

/* A node's name, without the comma after it. -1: none. */
static int node_of(const struct reader *reader, const struct word *word)
{
	size_t len = strlen(word->text);
	char name[KAI_MAX_ALIAS + 2];

	if (word->quoted || len >= sizeof(name))
		return -1;
	memcpy(name, word->text, len + 1);
	if (len > 0 && name[len - 1] == ',')
		name[len - 1] = '\0';
	return kai_lab_node_find(reader->lab, name);
}

/* a, b and c; how many words it took, 0: no node stands here. */
static size_t read_nodes(const struct reader *reader, const struct word *words, size_t count,
			 struct kai_lab_value *ret)
{
	size_t taken = 0;

	if (count > 0 && strcmp(words[0].text, "everybody") == 0) {
		ret->nodes = reader->lab->node_count == 64
				     ? UINT64_MAX
				     : ((uint64_t)1 << reader->lab->node_count) - 1;
		return 1;
	}
	for (size_t at = 0; at < count; at++) {
		int node = node_of(reader, &words[at]);

		if (node >= 0)
			ret->nodes |= (uint64_t)1 << node;
		else if (at == 0 || strcmp(words[at].text, "and") != 0)
			break;
		if (node >= 0)
			taken = at + 1;
	}
	return taken;
}

static bool name_ok(const char *text)
{
	return isupper((unsigned char)text[0]) && strlen(text) <= KAI_LAB_MAX_ITEM_NAME &&
	       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == strlen(text);
}

static bool find_item(const struct reader *reader, const char *text, size_t *ret)
{
	for (size_t i = 0; i < reader->to->item_count; i++) {
		if (strcmp(reader->to->items[i], text) == 0) {
			*ret = i;
			return true;
		}
	}
	return false;
}

enum value_type {
	VALUE_NODE,
	VALUE_NODES,
	VALUE_ITEM,
	VALUE_NEW,
	VALUE_SPAN,
	VALUE_CLOCK,
	VALUE_NUMBER,
	VALUE_WORD,
	VALUE_TEXT
};

static const struct {
	const char *word;
	enum value_type type;
} types[] = {{"NODE", VALUE_NODE},     {"NODES", VALUE_NODES}, {"ITEM", VALUE_ITEM},
	     {"NEW", VALUE_NEW},       {"SPAN", VALUE_SPAN},   {"CLOCK", VALUE_CLOCK},
	     {"NUMBER", VALUE_NUMBER}, {"WORD", VALUE_WORD},   {"TEXT", VALUE_TEXT}};

static bool read_node(const struct reader *reader, const struct word *word,
		      struct kai_lab_value *ret)
{
	int node = kai_lab_node_find(reader->lab, word->text);

	if (word->quoted || node < 0)
		return false;
	ret->node = (size_t)node;
	ret->nodes = (uint64_t)1 << node;
	return true;
}

/* One value of that type at words; how many words it took, 0: it does not stand here. */
static size_t read_value(const struct reader *reader, enum value_type type,
			 const struct word *words, size_t count, struct kai_lab_value *ret)
{
	bool good = false;

	memset(ret, 0, sizeof(*ret));
	if (count == 0)
		return 0;
	ret->text = words[0].text;
	switch (type) {
	case VALUE_NODE:
		good = read_node(reader, words, ret);
		break;
	case VALUE_NODES:
		return read_nodes(reader, words, count, ret);
	case VALUE_ITEM:
		good = find_item(reader, words[0].text, &ret->item);
		break;
	case VALUE_NEW:
		good = name_ok(words[0].text) && !find_item(reader, words[0].text, &ret->item);
		break;
	case VALUE_SPAN:
		good = kai_lab_span(words[0].text, &ret->number);
		break;
	case VALUE_CLOCK:
		good = read_clock(words[0].text, &ret->number);
		break;
	case VALUE_NUMBER:
		good = read_number(words[0].text, &ret->number);
		break;
	case VALUE_WORD:
		good = !words[0].quoted;
		break;
	case VALUE_TEXT:
		good = words[0].quoted;
		break;
	}
	return good ? 1 : 0;
}

/* ---- lines to statements ---- */

/* What came of holding a line against a pattern: how far it fitted, and what should have stood there. */
struct fit {
	bool whole;
	size_t words;
	const char *missing;
};

static bool is_type(const char *word, size_t len, enum value_type *ret)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strlen(types[i].word) == len && strncmp(types[i].word, word, len) == 0) {
			*ret = types[i].type;
			return true;
		}
	}
	return false;
}

static struct fit match(const struct reader *reader, const char *pattern, const struct line *line,
			struct kai_lab_step *ret)
{
	struct fit fit = {.whole = true};

	ret->value_count = 0;
	for (const char *at = pattern; *at != '\0';) {
		size_t len = strcspn(at, " "), took;
		size_t left = line->count - fit.words;
		enum value_type type;

		if (is_type(at, len, &type))
			took = read_value(reader, type, &line->words[fit.words], left,
					  &ret->values[ret->value_count++]);
		else
			took = left > 0 && !line->words[fit.words].quoted &&
					       strlen(line->words[fit.words].text) == len &&
					       strncmp(line->words[fit.words].text, at, len) == 0
				       ? 1
				       : 0;
		if (took == 0) {
			fit.whole = false;
			fit.missing = at;
			return fit;
		}
		fit.words += took;
		at += len + strspn(at + len, " ");
	}
	fit.whole = fit.words == line->count;
	fit.missing = "";
	return fit;
}

static int no_statement(const struct reader *reader, const struct line *line, const char *near,
			const struct fit *fit)
{
	size_t len = strcspn(fit->missing, " ");
	char *problem =
		fit->words == 0
			? kai_cli_text(reader->cli,
				       kai_tr(reader->cli, N_("\"%s\" begins no statement (see "
							      "kairan lab run --statements)")),
				       line->words[0].text)
		: len == 0 ? kai_cli_text(reader->cli,
					  kai_tr(reader->cli,
						 N_("\"%s\" is one word too many (meant is: %s)")),
					  line->words[fit->words].text, near)
		: fit->words < line->count
			? kai_cli_text(reader->cli,
				       kai_tr(reader->cli, N_("\"%s\" is not %.*s (meant is: %s)")),
				       line->words[fit->words].text, (int)len, fit->missing, near)
			: kai_cli_text(reader->cli,
				       kai_tr(reader->cli,
					      N_("%.*s is missing at the end (meant is: %s)")),
				       (int)len, fit->missing, near);

	return complain(reader, line->number, problem);
}

/* A name given by NEW is known from the next line on. */
static int name_items(const struct reader *reader, const struct line *line,
		      struct kai_lab_step *step)
{
	const char *at = step->statement->pattern;
	struct kai_lab_scenario *to = reader->to;

	for (size_t i = 0; i < step->value_count; at += strcspn(at, " "), at += strspn(at, " ")) {
		size_t len = strcspn(at, " ");
		enum value_type type;

		if (!is_type(at, len, &type))
			continue;
		if (type == VALUE_NEW) {
			if (to->item_count == KAI_LAB_MAX_ITEMS)
				return complain(reader, line->number,
						N_("names too many items for one scenario"));
			step->values[i].item = to->item_count;
			(void)snprintf(to->items[to->item_count++], sizeof(to->items[0]), "%s",
				       step->values[i].text);
		}
		i++;
	}
	return 0;
}

static int add_step(const struct reader *reader, const struct line *line)
{
	struct kai_lab_scenario *to = reader->to;
	struct kai_lab_step *step = &to->steps[to->step_count];
	struct fit best = {.missing = ""};
	const char *near = "";

	if (to->step_count == KAI_LAB_MAX_STEPS)
		return complain(reader, line->number,
				N_("is one statement too many for one scenario"));
	for (size_t i = 0; i < kai_lab_statement_count; i++) {
		struct fit fit = match(reader, kai_lab_statements[i].pattern, line, step);

		if (fit.whole) {
			step->statement = &kai_lab_statements[i];
			step->line = line->number;
			step->text = line->text;
			to->step_count++;
			return name_items(reader, line, step);
		}
		if (near[0] == '\0' || fit.words > best.words) {
			best = fit;
			near = kai_lab_statements[i].pattern;
		}
	}
	return no_statement(reader, line, near, &best);
}

/* "name value", or "name" and everything after it as it stands. */
static int add_field(const struct reader *reader, const struct line *line)
{
	struct kai_lab_scenario *to = reader->to;
	struct kai_lab_step *step = to->step_count > 0 ? &to->steps[to->step_count - 1] : NULL;

	if (step == NULL || !step->statement->fields)
		return complain(reader, line->number,
				N_("is indented, but the statement above has no fields (begin at "
				   "the margin)"));
	if (line->count < 2)
		return complain(reader, line->number, N_("a field needs a name and a value"));
	if (step->field_count == KAI_LAB_MAX_FIELDS)
		return complain(reader, line->number, N_("is one field too many"));
	char *value = kai_cli_text(reader->cli, "%s", line->words[1].text);

	/* The words of a part stay apart, since one of them may be a quoted text. */
	char between = strcmp(line->words[0].text, "part") == 0 ? '\n' : ' ';

	for (size_t i = 2; i < line->count; i++)
		value = kai_cli_text(reader->cli, "%s%c%s", value, between, line->words[i].text);
	step->fields[step->field_count++] = (struct kai_lab_field){
		.name = line->words[0].text, .value = value, .line = line->number};
	return 0;
}

/* The file's own name without its ending. */
static char *base_name(struct kai_cli *cli, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *from = slash != NULL ? slash + 1 : path;

	return kai_cli_text(cli, "%.*s", (int)strcspn(from, "."), from);
}

static int read_lines(const struct reader *reader, char *text)
{
	struct line *line = kai_cli_take(reader->cli, sizeof(*line));
	char *rest = text;
	int code = 0;

	line->number = 0;
	for (char *at; code == 0 && (at = strsep(&rest, "\n")) != NULL;) {
		line->number++;
		code = split(reader, at, line);
		if (code == 0 && line->count > 0)
			code = line->indented ? add_field(reader, line) : add_step(reader, line);
	}
	return code;
}

int kai_lab_scenario_read(struct kai_cli *cli, const struct kai_lab *lab, const char *path,
			  struct kai_lab_scenario *ret)
{
	const char *slash = strrchr(path, '/');
	struct reader its = {.cli = cli, .lab = lab, .path = path, .to = ret};
	const struct reader *reader = &its;
	struct kai_span text;
	int code = kai_cli_read(cli, path, MAX_TEXT, &text);

	if (code != 0)
		return code;
	memset(ret, 0, sizeof(*ret));
	ret->path = path;
	ret->name = base_name(cli, path);
	ret->folder = slash != NULL ? kai_cli_text(cli, "%.*s", (int)(slash - path), path) : ".";
	code = read_lines(reader, kai_cli_str(cli, text));
	if (code == 0 &&
	    (ret->step_count == 0 || strncmp(ret->steps[0].statement->pattern, "story ", 6) != 0))
		code = complain(reader, 1,
				N_("a scenario begins with what it tells (story \"…\")"));
	if (code == 0)
		ret->title = ret->steps[0].values[0].text;
	return code;
}
