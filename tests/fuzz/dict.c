/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fuzzers' dictionaries, from the tables that the code runs on.
 * usage: fuzz-dict DIR         writes DIR/NAME.dict for every name
 *        fuzz-dict --check DIR says (TAP) whether they are what it would write
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "config.h"
#include "kairan/control.h"
#include "kairan/kinds.h"
#include "kairan/label.h"
#include "terms_rows.h"

#define MAX_WORDS 1024u

struct dict {
	char *words[MAX_WORDS]; /* quoted as fuzzers read them */
	size_t count;
};

/* ---- words ---- */

static void add(struct dict *dict, const void *bytes, size_t len)
{
	char *quoted = malloc(4 * len + 3);
	const uint8_t *at = bytes;
	size_t used = 1;

	MUST(quoted != NULL && dict->count < MAX_WORDS);
	quoted[0] = '"';
	for (size_t i = 0; i < len; i++) {
		if (at[i] >= 0x20 && at[i] < 0x7f && at[i] != '"' && at[i] != '\\')
			quoted[used++] = (char)at[i];
		else
			used += (size_t)snprintf(quoted + used, 5, "\\x%02X", at[i]);
	}
	quoted[used++] = '"';
	quoted[used] = '\0';
	dict->words[dict->count++] = quoted;
}

static void add_text(struct dict *dict, const char *text)
{
	if (text[0] != '\0')
		add(dict, text, strlen(text));
}

/* Words separated by '|'. */
static void add_words(struct dict *dict, const char *words)
{
	while (words != NULL && *words != '\0') {
		size_t len = strcspn(words, "|");

		add(dict, words, len);
		words += len + (words[len] == '|' ? 1 : 0);
	}
}

/* A msgpack str as it stands in an object. */
static void add_str(struct dict *dict, const char *text)
{
	uint8_t bytes[64];
	size_t len = strlen(text);

	if (len == 0 || len > 31)
		return;
	bytes[0] = (uint8_t)(0xa0 | len);
	memcpy(bytes + 1, text, len);
	add(dict, bytes, len + 1);
}

/* ---- dictionaries ---- */

/* How an object begins: its array, then version and type where it has them. */
static void add_head(struct dict *dict, const struct kai_object *object)
{
	const struct kai_field *fields = object->fields();
	uint8_t head[5];
	size_t len = 0;

	if (object->field_count >= 16)
		head[len++] = 0xdc;
	head[len++] = (uint8_t)(object->field_count < 16 ? 0x90 | object->field_count : 0);
	if (object->field_count >= 16)
		head[len++] = (uint8_t)object->field_count;
	if (strcmp(fields[0].name, "version") == 0)
		head[len++] = KAI_VERSION;
	if (object->field_count > 1 && strcmp(fields[1].name, "type") == 0)
		head[len++] = (uint8_t)fields[1].min;
	add(dict, head, len);
}

static void add_kind(struct dict *dict, const struct kai_kind_row *row)
{
	char media[64];

	(void)snprintf(media, sizeof(media), "kairan/%s", row->word);
	add_str(dict, media);
	for (size_t i = 0; i < row->field_count; i++) {
		const char *words = row->fields[i].words;

		add_str(dict, row->fields[i].name);
		while (words != NULL && *words != '\0') {
			char word[32] = "";
			size_t len = strcspn(words, "|");

			if (len < sizeof(word))
				memcpy(word, words, len);
			add_str(dict, word);
			words += len + (words[len] == '|' ? 1 : 0);
		}
	}
}

static void wire(struct dict *dict)
{
	static const char *const others[] = {"JP",	   "en",	   "main",
					     "text/plain", "jp-seed7:pow", "tcp://127.0.0.1:4740"};
	static const uint8_t realm[] = {0xc4, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	static const uint8_t wide[][3] = {
		{0xc4, 32, 0}, {0xc4, 64, 0}, {0xc5, 1, 0}, {0xdc, 0, 16}};

	for (size_t i = 0; i < codec_count(); i++)
		add_head(dict, codec_object(i));
	for (size_t i = 0; i < kai_kind_row_count; i++)
		add_kind(dict, &kai_kind_rows[i]);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		add_str(dict, others[i]);
	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		add(dict, wide[i], i < 2 ? 2 : 3);
	add(dict, realm, sizeof(realm));
}

static void terms(struct dict *dict)
{
	static const char *const forms[] = {
		"org:",	   "community:",	   "15m",	  "30d", "*",
		"= true;", "2026-04-01T00:00:00Z", "jp-seed7:pow"};

	for (size_t i = 0; i < kai_term_row_count; i++) {
		const struct kai_term_row *row = &kai_term_rows[i];

		add_text(dict, row->key);
		for (const struct kai_term_word *word = row->words;
		     word != NULL && word->word != NULL; word++)
			add_text(dict, word->word);
	}
	for (size_t i = 0; i < kai_kind_row_count; i++)
		add_text(dict, kai_kind_rows[i].word);
	for (uint64_t tlp = KAI_TLP_RED; tlp <= KAI_TLP_CLEAR; tlp++)
		add_text(dict, kai_tlp_word(tlp));
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		add_text(dict, forms[i]);
}

/* The schema as it is printed: a setting's line has its name, then its words or range. */
static void config(struct dict *dict)
{
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);

	MUST(to != NULL);
	kai_config_print_schema(to);
	MUST(fclose(to) == 0);
	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		char name[64], group[64], words[128];

		if (strncmp(line, "      ", 6) == 0 ||
		    sscanf(line, " %63s %127s", name, words) != 2)
			continue;
		char *dot = strchr(name, '.');

		add_text(dict, dot != NULL ? dot + 1 : name);
		if (dot != NULL) {
			(void)snprintf(group, sizeof(group), "%.*s: { ", (int)(dot - name), name);
			add_text(dict, group);
		}
		if (strchr(words, '|') != NULL)
			add_words(dict, words);
	}
	add_text(dict, "[\"tcp://127.0.0.1:4740\"]");
	free(text);
}

/* These readers have no table: their words are those of the file formats (lab(1), CSAF 2.0). */
static void topology(struct dict *dict)
{
	add_words(dict, "nodes = ( |communities = ( |agreements = ( |name = \"|title = \"|title_ja|"
			"country = \"JP\"|sectors = [|a = \"|b = \"|preset = \"|side = \"|"
			"keeper = \"|members = [|communities = [|carries = [|telephone = \"");
}

static void csaf(struct dict *dict)
{
	add_words(dict,
		  "\"document\":{|\"category\":|\"csaf_version\":\"2.0\"|\"publisher\":{|"
		  "\"namespace\":|\"name\":|\"title\":|\"tracking\":{|\"id\":|\"version\":|"
		  "\"current_release_date\":|\"initial_release_date\":|\"revision_history\":[|"
		  "\"number\":|\"summary\":|\"date\":|\"status\":\"final\"|\"distribution\":{|"
		  "\"tlp\":{|\"label\":\"AMBER\"|\"lang\":\"en\"|\"notes\":[{|\"text\":|"
		  "\"category\":\"summary\"|\"vulnerabilities\":[{|\"remediations\":[{|"
		  "\"category\":\"vendor_fix\"|\"details\":|\"product_tree\":{|"
		  "\"Critical infrastructure sectors\"|Energy|Water and Wastewater");
}

static void text(struct dict *dict)
{
	static const char *const dangers[] = {"\x1b[31m",     "\xe2\x80\xae", "\xe2\x80\x8b",
					      "\xe2\x80\xa8", "\xef\xbb\xbf", "\xc2\x9b",
					      "\xed\xa0\x80", "\xef\xbf\xbe", "\xf4\x90\x80\x80",
					      "\xc0\x80",     "\xe6\xbc\xa2"};

	add_words(dict, "-----BEGIN KAIRAN CARD-----|-----END KAIRAN CARD-----|\r\n|=|2026-04-01T|"
			"00:00:00.000|+09:00|Z|1h30m|90s|2w|10y");
	for (size_t i = 0; i < sizeof(dangers) / sizeof(dangers[0]); i++)
		add_text(dict, dangers[i]);
}

static const struct {
	const char *name;
	void (*fill)(struct dict *dict);
} dicts[] = {{"wire", wire},	     {"terms", terms}, {"config", config},
	     {"topology", topology}, {"csaf", csaf},   {"text", text}};

/* ---- files ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The whole file, on the heap. */
static char *printed(void (*fill)(struct dict *dict), size_t *ret_len)
{
	static struct dict dict;
	char *file = NULL;
	FILE *to = open_memstream(&file, ret_len);

	MUST(to != NULL);
	dict.count = 0;
	fill(&dict);
	qsort(dict.words, dict.count, sizeof(dict.words[0]), by_text);
	(void)fprintf(to, "# from the tables, by fuzz-dict\n");
	for (size_t i = 0; i < dict.count; i++) {
		if (i == 0 || strcmp(dict.words[i - 1], dict.words[i]) != 0)
			(void)fprintf(to, "%s\n", dict.words[i]);
	}
	for (size_t i = 0; i < dict.count; i++)
		free(dict.words[i]);
	MUST(fclose(to) == 0);
	return file;
}

static bool same(const char *path, const char *file, size_t len)
{
	FILE *from = fopen(path, "rb");
	char *there = malloc(len + 1);
	bool is = false;

	if (from != NULL && there != NULL) {
		is = fread(there, 1, len + 1, from) == len && memcmp(there, file, len) == 0;
		(void)fclose(from);
	}
	free(there);
	return is;
}

static bool written(const char *path, const char *file, size_t len)
{
	FILE *to = fopen(path, "wb");
	bool is = to != NULL && fwrite(file, 1, len, to) == len;

	if (to != NULL)
		is = fclose(to) == 0 && is;
	if (!is)
		(void)fprintf(stderr, "fuzz-dict: %s cannot be written\n", path);
	return is;
}

int main(int argc, char **argv)
{
	bool check = argc == 3 && strcmp(argv[1], "--check") == 0;
	size_t count = sizeof(dicts) / sizeof(dicts[0]);
	bool good = true;

	if (argc != 2 && !check) {
		(void)fprintf(stderr, "usage: fuzz-dict [--check] DIR\n");
		return 2;
	}
	for (size_t i = 0; i < count; i++) {
		char path[4096];
		size_t len = 0;
		char *file = printed(dicts[i].fill, &len);

		(void)snprintf(path, sizeof(path), "%s/%s.dict", argv[argc - 1], dicts[i].name);
		bool fine = check ? same(path, file, len) : written(path, file, len);

		if (check)
			(void)printf("%sok %zu - %s.dict is what the tables say\n",
				     fine ? "" : "not ", i + 1, dicts[i].name);
		good = good && fine;
		free(file);
	}
	if (check)
		(void)printf("1..%zu\n", count);
	return good ? 0 : 1;
}
