/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "report.h"

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
