/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "kairan/base.h"
#include "kairan/fault.h"

static void arena_gives_zeroed_aligned_memory_until_it_is_full(void **state)
{
	uint8_t memory[256];
	struct kai_arena arena = {memory, sizeof(memory), 0, false};
	uint8_t *first, *second;

	(void)state;
	memset(memory, 0xff, sizeof(memory));
	first = kai_arena_take(&arena, 3);
	second = kai_arena_take(&arena, 16);
	assert_non_null(first);
	assert_non_null(second);
	assert_int_equal((uintptr_t)first % 16, 0);
	assert_int_equal((uintptr_t)second % 16, 0);
	assert_int_equal(first[0] | first[2] | second[0] | second[15], 0);
	assert_false(arena.full);
	assert_null(kai_arena_take(&arena, sizeof(memory)));
	assert_true(arena.full);
}

static void arena_refuses_sizes_that_would_wrap(void **state)
{
	uint8_t memory[64];
	struct kai_arena arena = {memory, sizeof(memory), 1, false};

	(void)state;
	assert_null(kai_arena_take(&arena, SIZE_MAX));
	assert_null(kai_arena_take(&arena, SIZE_MAX - 8));
	assert_int_equal(arena.used, 1);
}

static void spans_compare_as_memcmp_and_then_by_length(void **state)
{
	(void)state;
	assert_true(kai_span_compare(kai_span_str("a"), kai_span_str("b")) < 0);
	assert_true(kai_span_compare(kai_span_str("ab"), kai_span_str("a")) > 0);
	assert_true(kai_span_compare(kai_span(NULL, 0), kai_span_str("a")) < 0);
	assert_true(kai_span_equal(kai_span(NULL, 0), kai_span_str("")));
	assert_true(kai_span_equal(kai_span(NULL, 0), kai_span_str(NULL)));
	assert_false(kai_span_equal(kai_span_str("a"), kai_span_str("ab")));
}

static void big_endian_round_trip(void **state)
{
	static const uint64_t values[] = {0, 1, 255, 256, UINT64_MAX, 0x0102030405060708};
	uint8_t at[8];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		kai_put_be64(at, values[i]);
		assert_int_equal(kai_get_be64(at), values[i]);
	}
	assert_int_equal(at[0], 1);
	assert_int_equal(at[7], 8);
}

static void every_error_and_fault_has_its_words(void **state)
{
	(void)state;
	for (int i = 0; i < KAI_ERR_END; i++)
		assert_true(strlen(kai_err_text((enum kai_err)i)) > 0);
	for (int i = 0; i < KAI_FAULT_END; i++) {
		assert_true(strlen(kai_fault_name((enum kai_fault)i)) > 1);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(kai_fault_name((enum kai_fault)i),
						kai_fault_name((enum kai_fault)j));
	}
	assert_string_equal(kai_fault_name(KAI_FAULT_END), "?");
	assert_int_equal(kai_fault_class(KAI_FAULT_SIGNATURE), KAI_CLASS_COPY);
	assert_int_equal(kai_fault_class(KAI_FAULT_END), KAI_CLASS_FRAME);
	assert_string_equal(kai_err_text(KAI_ERR_END), "unknown error");
}

static void fail_fills_in_and_cuts(void **state)
{
	struct kai_why why;
	char longer[1024];

	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(kai_fail(&why, KAI_ERR_IO, "%s", longer), KAI_ERR_IO);
	assert_int_equal(strlen(why.text), sizeof(why.text) - 1);
	assert_int_equal(kai_fail(NULL, KAI_ERR_FULL, "nobody reads this"), KAI_ERR_FULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(arena_gives_zeroed_aligned_memory_until_it_is_full),
		cmocka_unit_test(arena_refuses_sizes_that_would_wrap),
		cmocka_unit_test(spans_compare_as_memcmp_and_then_by_length),
		cmocka_unit_test(big_endian_round_trip),
		cmocka_unit_test(every_error_and_fault_has_its_words),
		cmocka_unit_test(fail_fills_in_and_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
