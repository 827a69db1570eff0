/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a contact can be reached. A small part of OpenStreetMap's opening_hours (its days, spans and ";"), with the
 * offset from UTC that those leave to the place: two partners need not be in one country.
 */
#include "kairan/text.h"

#include <string.h>

#include "kairan/limits.h"

#define DAY_MIN 1440
#define WEEK_MIN (7 * DAY_MIN)

static bool take(struct kai_span *io_text, const char *wanted)
{
	size_t len = strlen(wanted);

	if (io_text->len < len || memcmp(io_text->at, wanted, len) != 0)
		return false;
	io_text->at += len;
	io_text->len -= len;
	return true;
}

/* "HH:MM", up to most minutes. */
static bool take_clock(struct kai_span *io_text, int most, int *ret_min)
{
	const uint8_t *at = io_text->at;

	if (io_text->len < 5 || at[2] != ':')
		return false;
	for (size_t i = 0; i < 5; i++) {
		if (i != 2 && (at[i] < '0' || at[i] > '9'))
			return false;
	}
	int minutes = (at[3] - '0') * 10 + at[4] - '0';

	*ret_min = ((at[0] - '0') * 10 + at[1] - '0') * 60 + minutes;
	io_text->at += 5;
	io_text->len -= 5;
	return minutes < 60 && *ret_min <= most;
}

static bool take_day(struct kai_span *io_text, int *ret)
{
	static const char *const days[] = {"Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"};

	for (int day = 0; day < 7; day++) {
		if (take(io_text, days[day])) {
			*ret = day;
			return true;
		}
	}
	return false;
}

/* "Mo-Fr,Su " as bits from Monday on; no days: all. A range may pass Sunday. */
static bool take_days(struct kai_span *io_text, unsigned *ret)
{
	int first, last;

	*ret = 0;
	if (!take_day(io_text, &first)) {
		*ret = 0x7f;
		return true;
	}
	do {
		if (*ret != 0 && !take_day(io_text, &first))
			return false;
		last = first;
		if (take(io_text, "-") && !take_day(io_text, &last))
			return false;
		for (int i = 0; i <= (last - first + 7) % 7; i++)
			*ret |= 1u << (first + i) % 7;
	} while (take(io_text, ","));
	return take(io_text, " ");
}

static bool take_offset(struct kai_span *io_text, int *ret_min)
{
	*ret_min = 0;
	if (take(io_text, "Z"))
		return true;
	bool west = take(io_text, "-");

	if ((!west && !take(io_text, "+")) || !take_clock(io_text, 14 * 60, ret_min))
		return false;
	if (west)
		*ret_min = -*ret_min;
	return true;
}

/* One rule; at_min: minutes since Monday 00:00 UTC. */
static bool take_rule(struct kai_span *io_text, int at_min, bool *ret_open)
{
	unsigned days;
	int from, to, offset;

	if (!take_days(io_text, &days) || !take_clock(io_text, DAY_MIN - 1, &from) ||
	    !take(io_text, "-") || !take_clock(io_text, DAY_MIN, &to) || from == to ||
	    !take(io_text, " ") || !take_offset(io_text, &offset))
		return false;
	int there = (at_min + offset + WEEK_MIN) % WEEK_MIN;
	int today = there / DAY_MIN, of_day = there % DAY_MIN;
	bool is_day = (days >> today & 1) != 0, was_day = (days >> (today + 6) % 7 & 1) != 0;

	/* what ends before it begins passes midnight and belongs to the day on which it began */
	*ret_open = from < to ? is_day && of_day >= from && of_day < to
			      : (is_day && of_day >= from) || (was_day && of_day < to);
	return true;
}

enum kai_hours kai_hours_at(struct kai_span text, struct kai_wall at)
{
	/* 1970-01-01 was a Thursday */
	int64_t of_week = (at.ms % (7 * KAI_MS_DAY) + 10 * KAI_MS_DAY) % (7 * KAI_MS_DAY);
	int at_min = (int)(of_week / (int64_t)KAI_MS_MINUTE);
	bool open = false, any = false;

	if (text.len == 0 || kai_span_equal(text, kai_span_str("24/7")))
		return KAI_HOURS_OPEN;
	do {
		if (any)
			(void)take(&text, " ");
		any = true;
		bool is = false;

		if (!take_rule(&text, at_min, &is))
			return KAI_HOURS_UNREADABLE;
		open |= is;
	} while (take(&text, ";"));
	if (text.len != 0)
		return KAI_HOURS_UNREADABLE;
	return open ? KAI_HOURS_OPEN : KAI_HOURS_SHUT;
}
