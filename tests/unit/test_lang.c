/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue: no sentence twice, and both languages take the same arguments in the same order. */
#include "test.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const struct {
	const char *en;
	const char *ja;
} rows[] = {
#define X(en, ja) {(en), (ja)},
#include "ja.def"
#include "ja_errors.def"
#include "ja_help.def"
#include "ja_duty.def"
#include "ja_release.def"
#include "ja_bundle.def"
#include "ja_inbox.def"
#include "ja_calls.def"
#include "ja_keep.def"
#include "ja_drill.def"
#undef X
};
#define ROWS (sizeof(rows) / sizeof(*rows))

/* The next conversion of a format; "" at the end. */
static size_t conversion(const char **io_at, char ret[16])
{
	size_t len = 0;
	const char *at = *io_at;

	while (*at != '\0' && *at != '%')
		at++;
	while (*at != '\0' && len < 15) {
		ret[len++] = *at++;
		if (len > 1 && (isalpha((unsigned char)ret[len - 1]) || ret[len - 1] == '%') &&
		    strchr("lzh", ret[len - 1]) == NULL)
			break;
	}
	ret[len] = '\0';
	*io_at = at;
	return len;
}

static void test_conversions(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		const char *en = rows[i].en;
		const char *ja = rows[i].ja;
		char one[16];
		char two[16];

		do {
			(void)conversion(&en, one);
			(void)conversion(&ja, two);
			if (strcmp(one, two) != 0)
				fail_msg("%s: %s against %s", rows[i].en, one, two);
		} while (one[0] != '\0');
	}
}

static void test_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++)
		for (size_t k = i + 1; k < ROWS; k++)
			assert_string_not_equal(rows[i].en, rows[k].en);
}

static void test_lookup(void **state)
{
	(void)state;
	assert_string_equal(kai_tr_lang(KAI_LANG_EN, "alert"), "alert");
	assert_string_equal(kai_tr_lang(KAI_LANG_JA, "alert"), "警報情報");
	assert_string_equal(kai_tr_lang(KAI_LANG_JA, "in no list"), "in no list");
}

/* The same in both languages: numbers, names, formats without a word. */
static const char *const technical[] = {
	"%s:%u: %s",
};

static bool has_row(const char *english)
{
	for (size_t i = 0; i < ROWS; i++)
		if (strcmp(rows[i].en, english) == 0)
			return true;
	for (size_t i = 0; i < sizeof(technical) / sizeof(*technical); i++)
		if (strcmp(technical[i], english) == 0)
			return true;
	return false;
}

/* Adjacent literals at *io_at as one string, as the compiler joins them; false: none. */
static bool literal(const char **io_at, char *ret, size_t cap)
{
	const char *at = *io_at;
	size_t len = 0;

	while (*at != '\0' && (isspace((unsigned char)*at) || *at == '"')) {
		if (*at++ != '"')
			continue;
		while (*at != '\0' && *at != '"') {
			char c = *at++;

			if (c == '\\') {
				c = *at++;
				if (c == 'n')
					c = '\n';
				else if (c == 't')
					c = '\t';
			}
			assert_true(len + 1 < cap);
			ret[len++] = c;
		}
		if (*at == '"')
			at++;
		*io_at = at;
	}
	ret[len] = '\0';
	return len > 0;
}

/* Every T("…") and N_("…") of one source. Returns how many it saw. */
static size_t scan_text(const char *name, const char *text, size_t *io_missing)
{
	size_t seen = 0;

	for (const char *at = text; *at != '\0'; at++) {
		size_t mark = strncmp(at, "T(", 2) == 0 ? 2 : strncmp(at, "N_(", 3) == 0 ? 3 : 0;
		char sentence[1024];

		if (mark == 0 || (at > text && (isalnum((unsigned char)at[-1]) || at[-1] == '_')))
			continue;
		const char *from = at + mark;

		if (!literal(&from, sentence, sizeof(sentence)))
			continue;
		seen++;
		if (!has_row(sentence)) {
			print_error("%s: no Japanese for: %s\n", name, sentence);
			(*io_missing)++;
		}
	}
	return seen;
}

static size_t scan_folder(const char *folder, size_t *io_missing)
{
	DIR *dir = opendir(folder);
	size_t seen = 0;

	assert_non_null(dir);
	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		const char *dot = strrchr(entry->d_name, '.');
		char path[1024];

		if (dot == NULL ||
		    (strcmp(dot, ".c") != 0 && strcmp(dot, ".h") != 0 && strcmp(dot, ".def") != 0))
			continue;
		if (strncmp(entry->d_name, "ja", 2) == 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		FILE *file = fopen(path, "r");
		char *text = calloc(1, 1 << 20);

		assert_non_null(file);
		assert_non_null(text);
		assert_true(fread(text, 1, (1 << 20) - 1, file) < (1 << 20) - 1);
		(void)fclose(file);
		seen += scan_text(entry->d_name, text, io_missing);
		free(text);
	}
	(void)closedir(dir);
	return seen;
}

/* A sentence marked for people has its Japanese, or stands in the list above. */
static void test_complete(void **state)
{
	size_t missing = 0;
	size_t seen;

	(void)state;
	seen = scan_folder(SOURCE_ROOT "/tools/kairan", &missing);
	seen += scan_folder(SOURCE_ROOT "/tools/lab", &missing);
	assert_true(seen > 500);
	assert_int_equal(missing, 0);
}

/* 1 where it is missing. A digit is the same in both. */
static size_t want_row(const char *of, const char *word, size_t len)
{
	char copy[256];

	(void)snprintf(copy, sizeof(copy), "%.*s", (int)len, word);
	if (isdigit((unsigned char)copy[0]) || has_row(copy))
		return 0;
	print_error("%s: no Japanese for: %s\n", of, copy);
	return 1;
}

/* Words that reach people through a table and not through a marked sentence. */
static void test_words(void **state)
{
	size_t missing = 0;

	(void)state;
	for (size_t k = 0; k < kai_kind_row_count; k++) {
		const struct kai_kind_row *row = &kai_kind_rows[k];

		missing += want_row("kind", row->word, strlen(row->word));
		for (size_t i = 0; i < row->field_count; i++) {
			const char *words = row->fields[i].words;

			missing += want_row(row->word, row->fields[i].name,
					    strlen(row->fields[i].name));
			for (size_t len; words != NULL && *words != '\0'; words += len) {
				words += *words == '|';
				len = strcspn(words, "|");
				missing += want_row(row->fields[i].name, words, len);
			}
		}
	}
	for (size_t i = 0; i < kai_verb_count; i++)
		missing += want_row("verb", kai_verbs[i].help, strlen(kai_verbs[i].help));
	assert_int_equal(missing, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conversions), cmocka_unit_test(test_once),
		cmocka_unit_test(test_lookup),	    cmocka_unit_test(test_complete),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
