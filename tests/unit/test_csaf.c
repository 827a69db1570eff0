/* SPDX-License-Identifier: Apache-2.0 */
/* The CSAF reader: what it finds, what it refuses and how it says so. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../tools/import/csaf.h"

static uint8_t memory[1 << 20];

static const char good[] =
	"{\"document\":{\"category\":\"csaf_security_advisory\",\"csaf_version\":\"2.0\",\"lang\":"
	"\"en\","
	"\"distribution\":{\"tlp\":{\"label\":\"WHITE\"}},"
	"\"notes\":[{\"category\":\"summary\",\"title\":\"Risk evaluation\",\"text\":\"First "
	"line\\r\\nsecond\"},"
	"{\"category\":\"other\",\"title\":\"Critical infrastructure sectors\","
	"\"text\":\"Energy, Multiple Sectors, and Water and Wastewater Systems, Critical "
	"Manufacturing Sector.\"}],"
	"\"publisher\":{\"category\":\"vendor\",\"name\":\"Example\",\"namespace\":\"https://"
	"Example.invalid\"},"
	"\"title\":\"Valve controller accepts unsigned firmware\",\"tracking\":{"
	"\"current_release_date\":\"2026-01-02T03:04:05Z\",\"id\":\"EX-2026-01A\","
	"\"initial_release_date\":\"2026-01-02T03:04:05Z\",\"revision_history\":[{"
	"\"date\":\"2026-01-02T03:04:05Z\",\"number\":\"1\",\"summary\":\"first\"}],"
	"\"status\":\"final\",\"version\":\"1\"}},"
	"\"vulnerabilities\":[{\"cve\":\"CVE-2026-0001\",\"remediations\":["
	"{\"category\":\"mitigation\",\"details\":\"Close the port.\"},"
	"{\"category\":\"vendor_fix\",\"details\":\"Install 2.1.\"},"
	"{\"category\":\"vendor_fix\",\"details\":\"Install 2.1.\"}]}]}";

static struct kai_arena fresh(void)
{
	return (struct kai_arena){memory, sizeof(memory), 0, false};
}

static void is_text(struct kai_span span, const char *text)
{
	assert_int_equal(span.len, strlen(text));
	assert_memory_equal(span.at, text, span.len);
}

static void finds_what_an_advisory_needs(void **state)
{
	struct kai_arena arena = fresh();
	char problem[KAI_CSAF_PROBLEM] = "";
	struct kai_csaf csaf;

	(void)state;
	assert_true(kai_csaf_read(kai_span_str(good), &arena, &csaf, problem));
	is_text(csaf.title, "Valve controller accepts unsigned firmware");
	is_text(csaf.summary, "First line\nsecond");
	is_text(csaf.action, "Install 2.1.\nClose the port.");
	is_text(csaf.lang, "en");
	is_text(csaf.namespace, "https://example.invalid");
	is_text(csaf.id, "ex-2026-01a");
	is_text(csaf.version, "1");
	assert_int_equal(csaf.tlp, KAI_TLP_CLEAR);
	assert_int_equal(csaf.sector_count, 4);
	is_text(csaf.sectors[0], "jp-ci15:wat");
	is_text(csaf.sectors[1], "jp-seed7:gas");
	is_text(csaf.sectors[2], "jp-seed7:pow");
	is_text(csaf.sectors[3], "x-cisa:critical-manufacturing");
}

struct swap {
	const char *from;
	const char *to;
	const char *problem; /* the beginning of what must be said */
};

static void refuses_by_path_and_reason(void **state)
{
	static const struct swap cases[] = {
		{"\"2.0\"", "\"2.1\"", "document.csaf_version is not one of the words"},
		{"\"title\":\"Valve", "\"titel\":\"Valve", "document.title is missing"},
		{"\"EX-2026-01A\"", "\" EX\"", "document.tracking.id begins or ends with space"},
		{"\"EX-2026-01A\"", "\"\"", "document.tracking.id is empty"},
		{"\"EX-2026-01A\"", "7", "document.tracking.id is not text"},
		{"\"status\":\"final\"", "\"status\":\"done\"",
		 "document.tracking.status is not one"},
		{"\"WHITE\"", "\"CLEAR\"", "document.distribution.tlp.label is not one"},
		{"\"version\":\"1\"", "\"version\":\"1.0\"",
		 "document.tracking.version is not a version"},
		{"\"cve\":\"CVE-2026-0001\"", "\"cve\":\"CVE-26-1\"",
		 "vulnerabilities[0].cve is not a CVE id"},
		{"\"details\":\"Close the port.\"", "\"detail\":\"x\"",
		 "vulnerabilities[0].remediations[0].details is missing"},
		{"\"text\":\"Energy,", "\"txt\":\"Energy,", "document.notes[1].text is missing"},
		{"\"publisher\":{", "\"publisher\":[],\"p\":{",
		 "document.publisher is not an object"},
		{"\"date\":\"2026-01-02T03:04:05Z\"", "\"date\":\"2026-13-02T03:04:05Z\"",
		 "document.tracking.revision_history[0].date is not an RFC 3339"},
		{"https://Example.invalid", "nowhere",
		 "document.publisher.namespace is not an address"},
		{"{\"document\"", "{\"document\":1,\"document\"", "is not JSON: line 1"},
		{"First line", "\xc3(", "is not JSON: line 1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kai_arena arena = fresh();
		char problem[KAI_CSAF_PROBLEM] = "", text[sizeof(good) + 64];
		const char *at = strstr(good, cases[i].from);
		struct kai_csaf csaf;

		assert_non_null(at);
		(void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - good), good, cases[i].to,
			       at + strlen(cases[i].from));
		assert_false(kai_csaf_read(kai_span_str(text), &arena, &csaf, problem));
		if (strncmp(problem, cases[i].problem, strlen(cases[i].problem)) != 0)
			fail_msg("case %zu says: %s", i, problem);
	}
}

static void the_bound_of_a_part_holds_at_both_ends(void **state)
{
	struct kai_arena arena = fresh();
	char problem[KAI_CSAF_PROBLEM] = "";
	uint8_t *text = malloc(KAI_MAX_PART_LEN + 1);
	struct kai_csaf csaf;

	(void)state;
	assert_non_null(text);
	memset(text, ' ', KAI_MAX_PART_LEN + 1);
	memcpy(text, good, sizeof(good) - 1);
	assert_true(kai_csaf_read(kai_span(text, KAI_MAX_PART_LEN), &arena, &csaf, problem));
	assert_false(kai_csaf_read(kai_span(text, KAI_MAX_PART_LEN + 1), &arena, &csaf, problem));
	assert_non_null(strstr(problem, "larger"));
	free(text);
}

/* JSON whose top is a list has no member at all: no row of the table may take that for "absent". */
static void refuses_what_is_no_object(void **state)
{
	static const char *const texts[] = {"[]", "[[]]", "[{\"document\":{}}]", "[1,null]"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct kai_arena arena = fresh();
		char problem[KAI_CSAF_PROBLEM] = "";
		struct kai_csaf csaf;

		assert_false(kai_csaf_read(kai_span_str(texts[i]), &arena, &csaf, problem));
		assert_string_equal(problem, "the top is not an object");
	}
}

static void every_cut_is_refused_without_harm(void **state)
{
	(void)state;
	for (size_t cut = 0; cut < sizeof(good) - 1; cut++) {
		struct kai_arena arena = fresh();
		char problem[KAI_CSAF_PROBLEM] = "";
		struct kai_csaf csaf;

		assert_false(kai_csaf_read(kai_span(good, cut), &arena, &csaf, problem));
		assert_true(strlen(problem) > 0);
	}
}

static void a_small_arena_is_said_so(void **state)
{
	struct kai_arena arena = {memory, 64, 0, false};
	char problem[KAI_CSAF_PROBLEM] = "";
	struct kai_csaf csaf;

	(void)state;
	assert_false(kai_csaf_read(kai_span_str(good), &arena, &csaf, problem));
	assert_non_null(strstr(problem, "too large"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_an_advisory_needs),
		cmocka_unit_test(refuses_by_path_and_reason),
		cmocka_unit_test(the_bound_of_a_part_holds_at_both_ends),
		cmocka_unit_test(refuses_what_is_no_object),
		cmocka_unit_test(every_cut_is_refused_without_harm),
		cmocka_unit_test(a_small_arena_is_said_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
