/* SPDX-License-Identifier: Apache-2.0 */
/* Terms between text and object: nothing is lost on the way, and every mistake names its line. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kairan/label.h"
#include "kairan/text.h"
#include "terms.h"

#define ARENA ((size_t)4 * 1024 * 1024)
#define ORG_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ORG_B "baaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const char whole[] = /* first has the higher id: it becomes b */
	"serial = 3;\n"
	"valid_from = \"2026-04-01T00:00:00+09:00\";\n"
	"valid_until = \"2027-04-01T00:00:00Z\";\n"
	"review_by = \"2027-01-01T00:00:00Z\";\n"
	"signers = 2;\n"
	"first: { org = \"" ORG_B "\"; name = \"Body \\\"B\\\"\"; country = \"JP\";\n"
	" sectors = [\"jp-seed7:pow\", \"jp-seed7:gas\", \"jp-seed7:pow\"]; government = true; "
	"may_introduce = true; };\n"
	"second: { org = \"peer\"; name = \"電力甲\"; country = \"JP\"; sectors = [ ]; };\n"
	"first_to_second: { kinds = [\"incident\", \"alert\"]; sectors = [\"*\"]; ceiling = "
	"\"AMBER+STRICT\";\n"
	" constituency = true; communities = [\"" ORG_B
	"/power\"]; onward = \"community\"; attribution = \"named\";\n"
	" max_items_day = 5000000000L; };\n"
	"second_to_first: { kinds = [\"secinfo\"]; sectors = [\"jp-seed7:pow\"]; ceiling = "
	"\"GREEN\"; };\n"
	"duties = ( { side = \"first\"; kinds = [\"alert\"]; urgency = \"now\"; action = "
	"\"pass\";\n"
	" target = [\"community:peer/x\", \"org:peer\"]; within = \"15m\"; report_back = true; } "
	");\n"
	"acks = ( { urgency = \"today\"; level = \"received\"; within = \"4h\"; } );\n"
	"contacts = ( { side = \"second\"; role = \"duty\"; first = \"tel:1\"; second = "
	"\"mailto:a@example.jp\"; hours = \"Mo-Fr 09:00-17:30 +09:00\"; } );\n"
	"contingency = ( { from = \"peer\"; to = \"" ORG_B
	"\"; kinds = [\"incident\"]; after = \"30m\"; longest = \"12h\"; pause = \"1h\"; } );\n"
	"drill_consent = \"drills\";\n"
	"retention_days = 30;\n";

static bool find(void *context, const char *text, uint8_t ret[KAI_ID_LEN])
{
	(void)context;
	return strcmp(text, "peer") == 0 && kai_base32_parse(ORG_A, ret, KAI_ID_LEN);
}

static const struct kai_terms_names names = {NULL, find};

static const char *english(int lang, const char *text)
{
	(void)lang;
	return text;
}

static int setup(void **state)
{
	struct kai_arena *arena = calloc(1, sizeof(*arena));

	assert_non_null(arena);
	arena->at = malloc(ARENA);
	arena->cap = ARENA;
	assert_non_null(arena->at);
	*state = arena;
	return 0;
}

static int teardown(void **state)
{
	struct kai_arena *arena = *state;

	free(arena->at);
	free(arena);
	return 0;
}

static void test_read(void **state)
{
	struct kai_arena *arena = *state;
	struct kai_terms terms;
	struct kai_terms_error error = {""};

	if (!kai_terms_read("t", whole, &names, arena, &terms, &error))
		fail_msg("%s", error.text);
	assert_int_equal(terms.serial, 3);
	assert_int_equal(terms.signers, 2);
	assert_true(terms.b.government); /* the first, with the higher id */
	assert_int_equal(terms.b.sectors_count, 2);
	assert_memory_equal(terms.b.sectors[0].at, "jp-seed7:gas", 12);
	assert_int_equal(terms.b_to_a.ceiling, KAI_TLP_AMBER_STRICT);
	assert_int_equal(terms.b_to_a.kinds[0], KAI_KIND_ALERT);
	assert_int_equal(terms.b_to_a.max_items_day, 5000000000);
	/* What is left out is narrow. */
	assert_int_equal(terms.a_to_b.onward, KAI_ONWARD_NONE);
	assert_int_equal(terms.a_to_b.attribution, KAI_ATTR_NONE);
	assert_false(terms.a_to_b.constituency);
	assert_int_equal(terms.duties[0].side, 1);
	assert_int_equal(terms.duties[0].within_ms, 15 * 60000);
	assert_int_equal(terms.duties[0].target_count, 2);
	assert_int_equal(terms.contacts[0].side, 0);
	assert_int_equal(terms.contingency[0].pause_ms, 3600000);
	assert_int_equal(terms.drill_consent, 2);
}

static void test_round_trip(void **state)
{
	struct kai_arena *arena = *state;
	struct kai_terms terms;
	struct kai_terms again;
	struct kai_terms_error error = {""};

	assert_true(kai_terms_read("t", whole, &names, arena, &terms, &error));
	struct kai_span text = kai_terms_write(&terms, english, 0, arena);

	assert_true(text.len > 0);
	char *copy = strndup((const char *)text.at, text.len);
	bool fine = kai_terms_read("again", copy, &names, arena, &again, &error);

	free(copy);
	if (!fine)
		fail_msg("%s", error.text);
	struct kai_span one = kai_object_encode_in(&kai_object_terms, &terms, arena);
	struct kai_span two = kai_object_encode_in(&kai_object_terms, &again, arena);

	assert_true(one.len > 0);
	assert_true(kai_span_equal(one, two));
}

/* One replacement in the whole text, and what the message must begin with and contain. */
static const struct {
	const char *from;
	const char *to;
	const char *where;
	const char *says;
} mistakes[] = {
	{"serial = 3;", "serail = 3;", "t:1:", "did you mean serial"},
	{"serial = 3;", "", "t:", "serial is missing"},
	{"serial = 3;", "serial = 0;", "t:1:", "outside"},
	{"serial = 3;", "serial = \"3\";", "t:1:", "a number is meant"},
	{"serial = 3;", "serial = ;", "t:1:", "syntax error"},
	{"2026-04-01T00:00:00+09:00", "yesterday", "t:2:", "is not a time"},
	{"2027-04-01T00:00:00Z", "2026-01-01T00:00:00Z", "t:3:", "not after valid_from"},
	{"\"peer\"; name", "\"nobody\"; name", "t:8:", "no organisation"},
	{"\"peer\"; name", "\"" ORG_B "\"; name", "t:8:", "same organisation"},
	{"\"incident\", \"alert\"", "\"incidnet\"", "t:9:", "did you mean `incident`"},
	{"\"incident\", \"alert\"", "\"incident\", 4", "t:9:", ""},
	{"\"AMBER+STRICT\"", "\"AMBER-STRICT\"", "t:9:", "did you mean `AMBER+STRICT`"},
	{"constituency = true", "constituency = 1", "t:10:", "true or false"},
	{ORG_B "/power", ORG_B "/Power", "t:10:", "is not KEEPER/NAME"},
	{"[\"jp-seed7:pow\"]; ceiling", "[\"power\"]; ceiling", "t:12:", "not a sector code"},
	{"side = \"first\"; kinds", "side = \"a\"; kinds", "t:13:", "is not a word here"},
	{"\"community:peer/x\"", "\"sector:jp-seed7:pow\"", "t:14:", "neither org:X"},
	{"within = \"15m\"", "within = \"15 minutes\"", "t:14:", "is not a duration"},
	{"level = \"received\"; ", "", "t:15:", "level is missing"},
	{"role = \"duty\"; ", "role = \"duty\"; phone = \"1\"; ", "t:16:", "no such key"},
	{"Mo-Fr 09:00", "Mo-Fr 9:00", "t:16:", "are no hours"},
	{"\"drills\"", "\"always\"", "t:18:", "is not a word here"},
	{"country = \"JP\"; sectors = [ ]", "country = \"jp\"; sectors = [ ]", "t:", "contradict"},
};

static char *replaced(const char *from, const char *to)
{
	const char *at = strstr(whole, from);
	char *text = NULL;

	assert_non_null(at);
	assert_true(asprintf(&text, "%.*s%s%s", (int)(at - whole), whole, to, at + strlen(from)) >
		    0);
	return text;
}

static void test_mistakes(void **state)
{
	struct kai_arena *arena = *state;

	for (size_t i = 0; i < sizeof(mistakes) / sizeof(*mistakes); i++) {
		char *text = replaced(mistakes[i].from, mistakes[i].to);
		struct kai_terms_error error = {""};
		struct kai_terms terms;
		size_t used = arena->used;
		bool fine = kai_terms_read("t", text, &names, arena, &terms, &error);

		arena->used = used;
		free(text);
		if (fine ||
		    strncmp(error.text, mistakes[i].where, strlen(mistakes[i].where)) != 0 ||
		    strstr(error.text, mistakes[i].says) == NULL)
			fail_msg("%s → %s: %s", mistakes[i].from, mistakes[i].to, error.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mistakes, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
