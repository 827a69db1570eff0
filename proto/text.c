/* SPDX-License-Identifier: Apache-2.0 */
#include "kairan/text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "kairan/limits.h"

/* ---- base32 ---- */

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

void kai_base32(struct kai_span bytes, char *ret, size_t cap)
{
	uint32_t bits = 0;
	unsigned bit_count = 0;
	size_t used = 0;

	assert(cap > KAI_BASE32_LEN(bytes.len));
	for (size_t i = 0; i < bytes.len; i++) {
		bits = (bits << 8 | bytes.at[i]) & 0xfff;
		for (bit_count += 8; bit_count >= 5; bit_count -= 5)
			ret[used++] = alphabet[bits >> (bit_count - 5) & 31];
	}
	if (bit_count > 0)
		ret[used++] = alphabet[bits << (5 - bit_count) & 31];
	ret[used] = '\0';
}

void kai_id_text(const uint8_t id[KAI_ID_LEN], char ret[KAI_ID_TEXT])
{
	kai_base32(kai_span(id, KAI_ID_LEN), ret, KAI_ID_TEXT);
}

static bool base32_value(char c, uint32_t *ret)
{
	if (c >= 'a' && c <= 'z')
		*ret = (uint32_t)(c - 'a');
	else if (c >= '2' && c <= '7')
		*ret = (uint32_t)(c - '2') + 26;
	else
		return false;
	return true;
}

/* Walks the text; writes to ret when it is not NULL, so that nothing is written unless all is well.
 */
static bool base32_walk(const char *text, size_t text_len, uint8_t *ret)
{
	uint32_t bits = 0;
	unsigned bit_count = 0;
	size_t used = 0;

	for (size_t i = 0; i < text_len; i++) {
		uint32_t value;

		if (!base32_value(text[i], &value))
			return false;
		bits = (bits << 5 | value) & 0xfff;
		bit_count += 5;
		if (bit_count < 8)
			continue;
		bit_count -= 8;
		if (ret != NULL)
			ret[used++] = (uint8_t)(bits >> bit_count);
	}
	return (bits & ((1u << bit_count) - 1)) == 0;
}

bool kai_base32_parse(const char *text, uint8_t *ret, size_t ret_len)
{
	size_t text_len = KAI_BASE32_LEN(ret_len);

	if (strnlen(text, text_len + 1) != text_len || !base32_walk(text, text_len, NULL))
		return false;
	return base32_walk(text, text_len, ret);
}

/* ---- times ---- */

#define MIN_TIME_MS (-62167219200000LL) /* 0000-01-01T00:00:00Z */
#define MAX_TIME_MS ((int64_t)KAI_MAX_TIME_MS)

/* Days between 1970-01-01 and a day of the proleptic Gregorian calendar, by counting in years that
 * begin in March, 400 of which have 146,097 days. */
static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
	int64_t shifted = month > 2 ? year : year - 1;
	int64_t era = (shifted >= 0 ? shifted : shifted - 399) / 400;
	int64_t of_era = shifted - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool leap_year(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t days_in_month(int64_t year, int64_t month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && leap_year(year) ? 1 : 0);
}

/* Times that RFC 3339 cannot write (before year 0, after 9999) print as the nearest that it can. */
void kai_time_text(struct kai_wall at, char ret[KAI_TIME_TEXT])
{
	int64_t ms = at.ms < MIN_TIME_MS ? MIN_TIME_MS : at.ms > MAX_TIME_MS ? MAX_TIME_MS : at.ms;
	int64_t of_day = ((ms % KAI_MS_DAY) + KAI_MS_DAY) % KAI_MS_DAY;
	int64_t days = (ms - of_day) / KAI_MS_DAY + 719468; /* since 0000-03-01 */
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t of_era = days - era * 146097;
	int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t shifted_month = (5 * of_year + 2) / 153;
	int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
	int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
	int64_t day = of_year - (153 * shifted_month + 2) / 5 + 1;

	(void)snprintf(ret, KAI_TIME_TEXT, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
		       (unsigned)year % 10000, (unsigned)month % 100, (unsigned)day % 100,
		       (unsigned)(of_day / KAI_MS_HOUR) % 100,
		       (unsigned)(of_day / KAI_MS_MINUTE % 60),
		       (unsigned)(of_day / KAI_MS_SECOND % 60), (unsigned)(of_day % 1000));
}

/* Exactly `digits` digits at *io_text, which moves behind them. */
static bool take_digits(const char **io_text, int digits, int64_t *ret)
{
	int64_t value = 0;

	for (int i = 0; i < digits; i++) {
		char c = (*io_text)[i];

		if (c < '0' || c > '9')
			return false;
		value = value * 10 + (c - '0');
	}
	*io_text += digits;
	*ret = value;
	return true;
}

static bool take_char(const char **io_text, char wanted)
{
	if (**io_text != wanted)
		return false;
	(*io_text)++;
	return true;
}

/* The fraction after the point: at least one digit, cut to milliseconds. */
static bool take_fraction(const char **io_text, int64_t *ret_ms)
{
	int64_t ms = 0;
	int64_t unit_ms = 100;
	const char *at = *io_text;

	for (; *at >= '0' && *at <= '9'; at++, unit_ms /= 10)
		ms += (*at - '0') * unit_ms;
	if (at == *io_text)
		return false;
	*io_text = at;
	*ret_ms = ms;
	return true;
}

static bool take_offset(const char **io_text, int64_t *ret_ms)
{
	int64_t hours;
	int64_t minutes;
	int64_t sign = **io_text == '-' ? -1 : 1;

	if (take_char(io_text, 'Z') || take_char(io_text, 'z')) {
		*ret_ms = 0;
		return true;
	}
	if (!take_char(io_text, '+') && !take_char(io_text, '-'))
		return false;
	if (!take_digits(io_text, 2, &hours) || !take_char(io_text, ':') ||
	    !take_digits(io_text, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*ret_ms = sign * (hours * KAI_MS_HOUR + minutes * KAI_MS_MINUTE);
	return true;
}

static bool take_date(const char **io_text, int64_t *ret_days)
{
	int64_t year;
	int64_t month;
	int64_t day;

	if (!take_digits(io_text, 4, &year) || !take_char(io_text, '-') ||
	    !take_digits(io_text, 2, &month) || !take_char(io_text, '-') ||
	    !take_digits(io_text, 2, &day))
		return false;
	if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
		return false;
	*ret_days = days_from_date(year, month, day);
	return true;
}

/* A leap second (23:59:60 UTC) is the first instant of the next day. */
bool kai_time_parse(const char *text, struct kai_wall *ret)
{
	int64_t days;
	int64_t hour;
	int64_t minute;
	int64_t second;
	int64_t fraction_ms = 0;
	int64_t offset_ms;

	if (!take_date(&text, &days) || (!take_char(&text, 'T') && !take_char(&text, 't')) ||
	    !take_digits(&text, 2, &hour) || !take_char(&text, ':') ||
	    !take_digits(&text, 2, &minute) || !take_char(&text, ':') ||
	    !take_digits(&text, 2, &second))
		return false;
	if (hour > 23 || minute > 59 || second > 60)
		return false;
	if (take_char(&text, '.') && !take_fraction(&text, &fraction_ms))
		return false;
	if (!take_offset(&text, &offset_ms) || *text != '\0')
		return false;
	int64_t ms = days * KAI_MS_DAY + hour * KAI_MS_HOUR + minute * KAI_MS_MINUTE +
		     second * KAI_MS_SECOND - offset_ms;

	if (second == 60 && ms % KAI_MS_DAY != 0)
		return false;
	ms += second == 60 ? 0 : fraction_ms;
	if (ms < MIN_TIME_MS || ms > MAX_TIME_MS)
		return false;
	ret->ms = ms;
	return true;
}

/* ---- durations ---- */

struct unit {
	const char *word;
	int64_t ms;
};

/* From large to small: in a joined duration each unit stands at most once and in this order. */
static const struct unit units[] = {
	{"w", 7 * KAI_MS_DAY}, {"d", KAI_MS_DAY},    {"h", KAI_MS_HOUR},
	{"m", KAI_MS_MINUTE},  {"s", KAI_MS_SECOND}, {"ms", 1},
};
#define UNIT_COUNT (sizeof(units) / sizeof(units[0]))
#define MAX_DURATION_MS (3653 * KAI_MS_DAY) /* ten years, three leap days */

bool kai_duration_parse(const char *text, int64_t *ret_ms)
{
	int64_t total_ms = 0;
	size_t next = 0; /* the largest unit that may still come */

	do {
		int64_t count = 0;
		const char *digits = text;

		for (; *text >= '0' && *text <= '9'; text++) {
			count = count * 10 + (*text - '0');
			if (count > MAX_DURATION_MS)
				return false;
		}
		size_t letters = strcspn(text, "0123456789");
		size_t unit = next;

		while (unit < UNIT_COUNT && (strlen(units[unit].word) != letters ||
					     memcmp(units[unit].word, text, letters) != 0))
			unit++;
		if (text == digits || unit == UNIT_COUNT ||
		    count > MAX_DURATION_MS / units[unit].ms)
			return false;
		total_ms += count * units[unit].ms;
		text += letters;
		next = unit + 1;
	} while (*text != '\0');
	if (total_ms > MAX_DURATION_MS)
		return false;
	*ret_ms = total_ms;
	return true;
}

/* Days are the largest unit written: "30d" says more than "4w2d". */
void kai_duration_text(int64_t ms, char ret[32])
{
	uint64_t left_ms = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;
	size_t used = 0;

	if (ms < 0)
		ret[used++] = '-';
	for (size_t i = 1; i < UNIT_COUNT; i++) {
		uint64_t unit_ms = (uint64_t)units[i].ms;
		uint64_t count = left_ms / unit_ms;

		if (count == 0)
			continue;
		used += (size_t)snprintf(ret + used, 32 - used, "%llu%s", (unsigned long long)count,
					 units[i].word);
		left_ms %= unit_ms;
	}
	if (used == 0)
		memcpy(ret, "0s", sizeof("0s"));
}
