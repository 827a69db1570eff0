/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

#define LEAST_ITEMS 100
#define MOST_ITEMS 10000000

static bool read_items(const char *text, long *ret)
{
	char *end;

	errno = 0;
	*ret = strtol(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' && *ret >= LEAST_ITEMS &&
	       *ret <= MOST_ITEMS;
}

/* true: argv[*io_at] is an option, whole, and read. */
static bool read_option(int argc, char *const *argv, int *io_at, struct bench_options *ret)
{
	const char *word = argv[*io_at];

	if (strcmp(word, "--json") == 0)
		return ret->json = true;
	if (strcmp(word, "--install") == 0)
		return ret->install = true;
	if (*io_at + 1 >= argc)
		return false;
	const char *value = argv[*io_at + 1];
	bool known = true;

	if (strcmp(word, "--items") == 0)
		known = read_items(value, &ret->items);
	else if (strcmp(word, "--from") == 0 && ret->from_count < BENCH_MAX_RUNS)
		ret->from[ret->from_count++] = value;
	else if (strcmp(word, "--write") == 0)
		ret->write = value;
	else
		known = false;
	*io_at += known ? 1 : 0;
	return known;
}

static void explain(const char *word, const struct bench_part *parts, size_t count,
		    char ret_why[BENCH_WHY])
{
	int len =
		snprintf(ret_why, BENCH_WHY, "%.40s: not understood (usage: kairan-bench [", word);

	for (size_t i = 0; i < count && len > 0 && len < BENCH_WHY; i++)
		len += snprintf(ret_why + len, BENCH_WHY - (size_t)len, "%s%s", i > 0 ? "|" : "",
				parts[i].name);
	if (len > 0 && len < BENCH_WHY)
		(void)snprintf(ret_why + len, BENCH_WHY - (size_t)len,
			       "]… [--items N, %d to %d] [--json] [--install] [--from RUN.json]… "
			       "[--write PAGE.md])",
			       LEAST_ITEMS, MOST_ITEMS);
}

bool bench_options_read(int argc, char *const *argv, const struct bench_part *parts, size_t count,
			struct bench_options *ret, char ret_why[BENCH_WHY])
{
	bool any = false;

	*ret = (struct bench_options){.items = 10000};
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];
		bool known = false;

		for (size_t j = 0; j < count; j++) {
			if (strcmp(word, parts[j].name) == 0)
				known = any = ret->parts[j] = true;
		}
		if (!known && !read_option(argc, argv, &i, ret)) {
			explain(word, parts, count, ret_why);
			return false;
		}
	}
	for (size_t j = 0; j < count && !any; j++)
		ret->parts[j] = true;
	ret->parts[0] = true; /* ratios need the floors of the same run */
	return true;
}
