/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times, durations and base32 from text. What parses prints as text that parses to the same value;
 * base32 has one text for each value.
 */
#include "fuzz.h"

#include <string.h>

#include "kairan/limits.h"
#include "kairan/text.h"

#define MAX_LEN 512

static void time_round_trip(const char *text)
{
	char printed[KAI_TIME_TEXT];
	struct kai_wall at;
	struct kai_wall back;

	if (!kai_time_parse(text, &at))
		return;
	kai_time_text(at, printed);
	MUST(kai_time_parse(printed, &back) && back.ms == at.ms);
}

static void duration_round_trip(const char *text)
{
	char printed[32];
	int64_t ms;
	int64_t back;

	if (!kai_duration_parse(text, &ms))
		return;
	kai_duration_text(ms, printed);
	MUST(kai_duration_parse(printed, &back) && back == ms);
}

static void base32_round_trip(const char *text)
{
	size_t text_len = strlen(text);
	size_t bytes_len = text_len * 5 / 8;
	uint8_t bytes[MAX_LEN];
	char printed[MAX_LEN + 1];

	if (!kai_base32_parse(text, bytes, bytes_len))
		return;
	kai_base32(kai_span(bytes, bytes_len), printed, sizeof(printed));
	MUST(strcmp(text, printed) == 0);
}

/* They are said to the minute, and whether they can be read hangs on no time. */
static void hours_have_no_second(const char *text, size_t len)
{
	enum kai_hours first = kai_hours_at(kai_span(text, len), (struct kai_wall){0});

	for (int64_t minute = 0; minute < 3; minute++) {
		struct kai_wall at = {.ms = minute * 17 * KAI_MS_HOUR};
		struct kai_wall later = {.ms = at.ms + KAI_MS_MINUTE - 1};
		enum kai_hours says = kai_hours_at(kai_span(text, len), at);

		MUST(says == kai_hours_at(kai_span(text, len), later));
		MUST((says == KAI_HOURS_UNREADABLE) == (first == KAI_HOURS_UNREADABLE));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char text[MAX_LEN + 1];

	if (len > MAX_LEN)
		return 0;
	if (len > 0)
		memcpy(text, data, len);
	text[len] = '\0';
	time_round_trip(text);
	duration_round_trip(text);
	base32_round_trip(text);
	hours_have_no_second(text, len);
	return 0;
}
