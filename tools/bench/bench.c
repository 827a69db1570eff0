/* SPDX-License-Identifier: Apache-2.0 */
/* usage: kairan-bench [PART…] [--items N] [--json] */
#include "bench.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

struct part {
	const char *name;
	bool (*run)(struct bench *bench);
};

static const struct part parts[] = {{"floors", bench_floors}, {"link", bench_link}};

double bench_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
	double one, other;

	memcpy(&one, a, sizeof(one));
	memcpy(&other, b, sizeof(other));
	return (one > other) - (one < other);
}

double bench_percentile(const double *sorted, size_t count, double percent)
{
	size_t at = (size_t)((double)(count - 1) * percent / 100 + 0.5);

	return sorted[at];
}

double bench_median(double *values, size_t count, double *ret_spread)
{
	qsort(values, count, sizeof(*values), by_value);
	*ret_spread =
		(bench_percentile(values, count, 75) - bench_percentile(values, count, 25)) / 2;
	return bench_percentile(values, count, 50);
}

void bench_row(struct bench *bench, const char *part, const struct bench_figure *figure)
{
	double ratio = figure->floor > 0 ? figure->value / figure->floor : 0.0;

	json_array_append_new(bench->rows,
			      json_pack("{s:s, s:s, s:f, s:s, s:f, s:f, s:f}", "part", part, "name",
					figure->name, "value", figure->value, "unit", figure->unit,
					"floor", figure->floor, "ratio", ratio, "spread",
					figure->spread));
}

static void print_table(const struct bench *bench)
{
	const json_t *row;
	size_t index;

	(void)printf("%-8s %-58s %12s %-10s %12s %6s %10s\n", "part", "figure", "value", "unit",
		     "floor", "ratio", "spread");
	json_array_foreach (bench->rows, index, row) {
		double floor = json_real_value(json_object_get(row, "floor"));

		(void)printf("%-8s %-58s %12.2f %-10s ",
			     json_string_value(json_object_get(row, "part")),
			     json_string_value(json_object_get(row, "name")),
			     json_real_value(json_object_get(row, "value")),
			     json_string_value(json_object_get(row, "unit")));
		if (floor > 0)
			(void)printf("%12.2f %6.2f", floor,
				     json_real_value(json_object_get(row, "ratio")));
		else
			(void)printf("%12s %6s", "", "");
		(void)printf(" %10.2f\n", json_real_value(json_object_get(row, "spread")));
	}
}

static void print_json(struct bench *bench)
{
	struct utsname machine;
	char text[256] = "";

	if (uname(&machine) == 0)
		(void)snprintf(text, sizeof(text), "%.40s %.80s %.40s, %ld cores", machine.sysname,
			       machine.release, machine.machine, sysconf(_SC_NPROCESSORS_ONLN));
	json_t *top = json_pack("{s:s, s:O}", "machine", text, "rows", bench->rows);

	(void)json_dumpf(top, stdout, JSON_INDENT(1));
	(void)printf("\n");
	json_decref(top);
}

static int remove_one(const char *path, const struct stat *stat_of, int type, struct FTW *walk)
{
	(void)stat_of;
	(void)type;
	(void)walk;
	return remove(path);
}

static bool prepare(struct bench *bench)
{
	char exe[KAI_PATH_SIZE];
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	const char *tmp = getenv("TMPDIR");

	if (len <= 0)
		return false;
	exe[len] = '\0';
	*strrchr(exe, '/') = '\0';
	(void)snprintf(bench->kairan, sizeof(bench->kairan), "%.4000s/../kairan/kairan", exe);
	(void)snprintf(bench->dir, sizeof(bench->dir), "%.4000s/kairan-bench-XXXXXX",
		       tmp != NULL ? tmp : "/var/tmp");
	return mkdtemp(bench->dir) != NULL && sodium_init() >= 0;
}

/* Which parts were asked for: all when none is named. */
static bool asked(int argc, char **argv, const char *name)
{
	bool any = false;

	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--", 2) == 0) {
			i += strcmp(argv[i], "--items") == 0 ? 1 : 0;
			continue;
		}
		any = true;
		if (strcmp(argv[i], name) == 0)
			return true;
	}
	return !any;
}

/* false after saying what is wrong with the command line. */
static bool read_args(int argc, char **argv, struct bench *bench, bool *ret_json)
{
	for (int i = 1; i < argc; i++) {
		bool known = false;

		for (size_t j = 0; j < sizeof(parts) / sizeof(parts[0]); j++)
			known |= strcmp(argv[i], parts[j].name) == 0;
		if (strcmp(argv[i], "--json") == 0) {
			*ret_json = known = true;
		} else if (strcmp(argv[i], "--items") == 0 && i + 1 < argc) {
			bench->items = strtol(argv[++i], NULL, 10);
			known = bench->items >= 100 && bench->items <= 10000000;
		}
		if (!known) {
			(void)fprintf(stderr,
				      "kairan-bench: %s: not understood (usage: kairan-bench "
				      "[floors|link]… [--items N, 100 to 10000000] [--json])\n",
				      argv[i]);
			return false;
		}
	}
	return true;
}

int main(int argc, char **argv)
{
	struct bench bench = {.items = 10000, .rows = json_array()};
	bool json = false, ok = true;

	if (!read_args(argc, argv, &bench, &json))
		return 3;
	if (!prepare(&bench)) {
		(void)fprintf(stderr, "kairan-bench: no scratch folder (set TMPDIR to a writable "
				      "one on a real disk)\n");
		return 2;
	}
	for (size_t i = 0; ok && i < sizeof(parts) / sizeof(parts[0]); i++) {
		/* Ratios need the floors of the same run. */
		if (i > 0 && !asked(argc, argv, parts[i].name))
			continue;
		(void)fprintf(stderr, "kairan-bench: %s\n", parts[i].name);
		ok = parts[i].run(&bench);
	}
	if (json)
		print_json(&bench);
	else
		print_table(&bench);
	json_decref(bench.rows);
	(void)nftw(bench.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return ok ? 0 : 1;
}
