/* SPDX-License-Identifier: Apache-2.0 */
/* Labels: what is readable, what is the same, words and forms. */
#include "test.h"

#include <string.h>

#include "kairan/label.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const uint8_t org_a[32] = {1};
static const uint8_t org_b[32] = {2};

static struct kai_audience_entry org_entry(const uint8_t *org)
{
	return (struct kai_audience_entry){KAI_AUD_ORG, kai_span(org, 32), kai_span(NULL, 0)};
}

static struct kai_audience_entry community_entry(const uint8_t *org, const char *name)
{
	return (struct kai_audience_entry){KAI_AUD_COMMUNITY, kai_span(org, 32),
					   kai_span_str(name)};
}

static struct kai_audience_entry text_entry(uint64_t type, const char *text)
{
	return (struct kai_audience_entry){type, kai_span(NULL, 0), kai_span_str(text)};
}

static struct kai_label label_of(uint64_t tlp, struct kai_audience_entry *audience, size_t count)
{
	return (struct kai_label){.tlp = tlp,
				  .audience = audience,
				  .audience_count = count,
				  .onward = KAI_ONWARD_ANY,
				  .attribution = KAI_ATTR_NAMED,
				  .pap = KAI_PAP_CLEAR,
				  .gov_share = 1};
}

static enum kai_fault check_with(uint64_t tlp, struct kai_audience_entry entry)
{
	struct kai_label label = label_of(tlp, &entry, 1);

	return kai_label_check(&label);
}

/* Which entries each TLP may hold. */
static void test_tlp_and_audience(void **state)
{
	(void)state;
	for (uint64_t tlp = 0; tlp < 256; tlp++) {
		struct kai_label none = label_of(tlp, NULL, 0);
		bool known = tlp >= KAI_TLP_RED && tlp <= KAI_TLP_GREEN;
		bool narrow = tlp == KAI_TLP_RED;
		bool middle = tlp == KAI_TLP_GREEN;

		assert_int_equal(kai_label_check(&none) == KAI_FAULT_NONE, tlp == KAI_TLP_CLEAR);
		assert_int_equal(check_with(tlp, org_entry(org_a)) == KAI_FAULT_NONE, known);
		assert_int_equal(check_with(tlp, community_entry(org_a, "power")) == KAI_FAULT_NONE,
				 known && !narrow);
		assert_int_equal(check_with(tlp, text_entry(KAI_AUD_SECTOR, "jp-seed7:pow")) ==
					 KAI_FAULT_NONE,
				 known && !narrow && !middle);
		assert_int_equal(check_with(tlp, text_entry(KAI_AUD_COUNTRY, "JP")) ==
					 KAI_FAULT_NONE,
				 known && !narrow && !middle);
	}
}

static void test_unknown_values(void **state)
{
	struct kai_audience_entry entry = org_entry(org_a);

	(void)state;
	for (uint64_t value = 0; value < 256; value++) {
		struct kai_label label = label_of(KAI_TLP_AMBER, &entry, 1);

		label.onward = value;
		assert_int_equal(kai_label_check(&label) == KAI_FAULT_NONE,
				 value >= 1 && value <= 4);
		label.onward = KAI_ONWARD_NONE;
		label.attribution = value;
		assert_int_equal(kai_label_check(&label) == KAI_FAULT_NONE,
				 value >= 1 && value <= 3);
		label.attribution = KAI_ATTR_NONE;
		label.pap = value;
		assert_int_equal(kai_label_check(&label) == KAI_FAULT_NONE,
				 value >= 1 && value <= 4);
		label.pap = KAI_PAP_RED;
		label.gov_share = value;
		assert_int_equal(kai_label_check(&label) == KAI_FAULT_NONE, value <= 1);
	}
}

static void test_malformed_entries(void **state)
{
	struct kai_audience_entry rows[] = {
		{KAI_AUD_ORG, kai_span(org_a, 31), kai_span(NULL, 0)},
		{KAI_AUD_ORG, kai_span(org_a, 0), kai_span(NULL, 0)},
		{KAI_AUD_ORG, kai_span(org_a, 32), kai_span_str("x")},
		{KAI_AUD_COMMUNITY, kai_span(org_a, 16), kai_span_str("power")},
		{KAI_AUD_COMMUNITY, kai_span(org_a, 32), kai_span(NULL, 0)},
		{KAI_AUD_COMMUNITY, kai_span(org_a, 32), kai_span_str("Power")},
		{KAI_AUD_SECTOR, kai_span(org_a, 32), kai_span_str("jp-seed7:pow")},
		{KAI_AUD_SECTOR, kai_span(NULL, 0), kai_span_str("pow")},
		{KAI_AUD_COUNTRY, kai_span(org_a, 32), kai_span_str("JP")},
		{KAI_AUD_COUNTRY, kai_span(NULL, 0), kai_span_str("jp")},
		{0, kai_span(NULL, 0), kai_span_str("JP")},
		{5, kai_span(NULL, 0), kai_span_str("JP")},
		{255, kai_span(org_a, 32), kai_span(NULL, 0)},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (check_with(KAI_TLP_AMBER, rows[i]) != KAI_FAULT_LABEL)
			fail_msg("row %zu", i);
}

static void test_order(void **state)
{
	struct kai_audience_entry entries[6] = {
		org_entry(org_a),
		org_entry(org_b),
		community_entry(org_a, "power"),
		community_entry(org_a, "power-east"),
		community_entry(org_b, "gas"),
		text_entry(KAI_AUD_COUNTRY, "JP"),
	};
	struct kai_label label = label_of(KAI_TLP_AMBER, entries, 6);

	(void)state;
	assert_int_equal(kai_label_check(&label), KAI_FAULT_NONE);
	for (size_t i = 0; i + 1 < 6; i++) {
		struct kai_audience_entry swapped[6];

		memcpy(swapped, entries, sizeof(entries));
		swapped[i] = entries[i + 1];
		label.audience = swapped;
		assert_int_equal(kai_label_check(&label), KAI_FAULT_LABEL); /* twice */
		swapped[i + 1] = entries[i];
		assert_int_equal(kai_label_check(&label), KAI_FAULT_LABEL); /* unordered */
	}
}

static void test_sort(void **state)
{
	struct kai_audience_entry sorted[] = {
		org_entry(org_a),
		org_entry(org_b),
		community_entry(org_a, "gas"),
		text_entry(KAI_AUD_SECTOR, "jp-seed7:pow"),
		text_entry(KAI_AUD_COUNTRY, "JP"),
	};
	/* every order of five, by counting in base five; repeats are counted in as well */
	size_t none = 0;

	(void)state;
	kai_audience_sort(NULL, &none);
	assert_int_equal(none, 0);
	for (unsigned n = 0; n < 3125; n++) {
		struct kai_audience_entry entries[5];
		size_t count = 5;
		unsigned present = 0;
		unsigned left = n;

		for (size_t i = 0; i < 5; i++, left /= 5) {
			entries[i] = sorted[left % 5];
			present |= 1u << left % 5;
		}
		kai_audience_sort(entries, &count);
		assert_int_equal(count, __builtin_popcount(present));
		struct kai_label label = label_of(KAI_TLP_AMBER, entries, count);

		assert_int_equal(kai_label_check(&label), KAI_FAULT_NONE);
	}
}

static void test_same(void **state)
{
	struct kai_audience_entry entries[] = {org_entry(org_a), org_entry(org_b)};
	struct kai_audience_entry others[] = {org_entry(org_a), community_entry(org_b, "x")};
	struct kai_label a = label_of(KAI_TLP_AMBER, entries, 2);
	struct kai_label b = a;

	(void)state;
	b.retain_until = 12345;
	assert_true(kai_label_same(&a, &b));
#define DIFFERS(change)                                                                            \
	do {                                                                                       \
		b = a;                                                                             \
		change;                                                                            \
		assert_false(kai_label_same(&a, &b));                                              \
		assert_false(kai_label_same(&b, &a));                                              \
	} while (0)
	DIFFERS(b.tlp = KAI_TLP_RED);
	DIFFERS(b.onward = KAI_ONWARD_NONE);
	DIFFERS(b.attribution = KAI_ATTR_NONE);
	DIFFERS(b.pap = KAI_PAP_RED);
	DIFFERS(b.gov_share = 0);
	DIFFERS(b.audience_count = 1);
	DIFFERS(b.audience = others);
#undef DIFFERS
}

static void test_words(void **state)
{
	static const char *const tlps[] = {"RED", "AMBER+STRICT", "AMBER", "GREEN", "CLEAR"};
	static const char *const onwards[] = {"none", "constituency", "community", "any"};
	static const char *const urgencies[] = {"now", "today", "info"};
	uint64_t value = 77;

	(void)state;
	for (size_t i = 0; i < COUNT(tlps); i++) {
		assert_string_equal(kai_tlp_word(i + 1), tlps[i]);
		assert_true(kai_tlp_parse(tlps[i], &value));
		assert_int_equal(value, i + 1);
	}
	for (size_t i = 0; i < COUNT(onwards); i++) {
		assert_string_equal(kai_onward_word(i + 1), onwards[i]);
		assert_true(kai_onward_parse(onwards[i], &value));
		assert_int_equal(value, i + 1);
	}
	for (size_t i = 0; i < COUNT(urgencies); i++) {
		assert_string_equal(kai_urgency_word(i + 1), urgencies[i]);
		assert_true(kai_urgency_parse(urgencies[i], &value));
		assert_int_equal(value, i + 1);
	}
	assert_true(kai_tlp_parse("amber+Strict", &value));
	assert_int_equal(value, KAI_TLP_AMBER_STRICT);
	assert_string_equal(kai_tlp_word(0), "?");
	assert_string_equal(kai_tlp_word(6), "?");
	assert_string_equal(kai_onward_word(255), "?");
	assert_string_equal(kai_urgency_word(0), "?");
	value = 77;
	static const char *const refused[] = {"WHITE", "",	  "AMBE", "AMBERR",
					      " RED",  "TLP:RED", "?"};

	for (size_t i = 0; i < COUNT(refused); i++)
		assert_false(kai_tlp_parse(refused[i], &value));
	assert_false(kai_onward_parse("all", &value));
	assert_false(kai_urgency_parse("later", &value));
	assert_int_equal(value, 77);
}

static void test_forms(void **state)
{
	static const struct {
		bool (*valid)(struct kai_span text);
		const char *text;
		bool wanted;
	} rows[] = {
		{kai_sector_valid, "jp-ci15:fin", true},
		{kai_sector_valid, "a:b", true},
		{kai_sector_valid, "x-nis2.eu:energy.gas", true},
		{kai_sector_valid, "", false},
		{kai_sector_valid, "*", false},
		{kai_sector_valid, "pow", false},
		{kai_sector_valid, ":pow", false},
		{kai_sector_valid, "jp:", false},
		{kai_sector_valid, "a:b:c", false},
		{kai_sector_valid, "JP:pow", false},
		{kai_sector_valid, "jp:po w", false},
		{kai_sector_valid, "jp:p\xc3\xb6", false},
		{kai_country_valid, "JP", true},
		{kai_country_valid, "AZ", true},
		{kai_country_valid, "jp", false},
		{kai_country_valid, "J", false},
		{kai_country_valid, "JPN", false},
		{kai_country_valid, "J1", false},
		{kai_country_valid, "[A", false},
		{kai_country_valid, "A@", false},
		{kai_community_valid, "power", true},
		{kai_community_valid, "power-2", true},
		{kai_community_valid, "", false},
		{kai_community_valid, "Power", false},
		{kai_community_valid, "po.wer", false},
		{kai_community_valid, "a/b", false},
	};
	char text[KAI_MAX_SHORT + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].valid(kai_span_str(rows[i].text)) != rows[i].wanted)
			fail_msg("%s", rows[i].text);
	memset(text, 'a', sizeof(text));
	assert_true(kai_community_valid(kai_span(text, KAI_MAX_SHORT)));
	assert_false(kai_community_valid(kai_span(text, KAI_MAX_SHORT + 1)));
	text[3] = ':';
	assert_true(kai_sector_valid(kai_span(text, KAI_MAX_SHORT)));
	assert_false(kai_sector_valid(kai_span(text, KAI_MAX_SHORT + 1)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tlp_and_audience),
		cmocka_unit_test(test_unknown_values),
		cmocka_unit_test(test_malformed_entries),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_sort),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_forms),
	};

	return cmocka_run_group_tests_name("label", tests, NULL, NULL);
}
