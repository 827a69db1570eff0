/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "cli.h"

#define BUCKETS (sizeof(((struct sim_figures *)0)->latency_count) / sizeof(uint64_t))
#define HOPS (sizeof(((struct sim_figures *)0)->hops_count) / sizeof(uint64_t))

int64_t sim_figures_latency(const struct sim_figures *figures, double percent)
{
	uint64_t sum = 0, before = 0;

	for (size_t i = 0; i < BUCKETS; i++)
		sum += figures->latency_count[i];
	double wanted = (double)sum * percent / 100;

	for (size_t i = 0; i < BUCKETS; i++) {
		uint64_t here = figures->latency_count[i];

		if (here > 0 && (double)(before + here) >= wanted) {
			double part = (wanted - (double)before) / (double)here;

			/* Bucket i holds 2^(i/4) up to 2^((i+1)/4) ms. */
			return (int64_t)(pow(2, ((double)i + part) / 4) + 0.5);
		}
		before += here;
	}
	return 0;
}

static double mean_hops(const struct sim_figures *figures)
{
	double sum = 0, count = 0;

	for (size_t i = 0; i < HOPS; i++) {
		sum += (double)figures->hops_count[i] * (double)i;
		count += (double)figures->hops_count[i];
	}
	return count > 0 ? sum / count : 0;
}

static double ratio(uint64_t a, uint64_t b)
{
	return b > 0 ? (double)a / (double)b : 0;
}

static void digest_text(const struct sim_figures *figures, char ret[17])
{
	for (size_t i = 0; i < 8; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", figures->digest[i]);
}

/* Every figure once: its word for programs, its words for people, its value. */
static void figures_each(const struct sim_figures *f, void *context,
			 void (*each)(void *context, const char *word, const char *words,
				      double value))
{
	each(context, "items", "advisories made", (double)f->items);
	each(context, "node_items", "held by honest nodes at the end", (double)f->node_items);
	each(context, "virtual_hours", "virtual hours", (double)f->virtual_ms / 3600000);
	each(context, "turns", "turns", (double)f->turns);
	each(context, "frames", "frames", (double)f->frames);
	each(context, "bytes", "bytes of frames", (double)f->bytes);
	each(context, "frames_per_node_item", "frames per node and item",
	     ratio(f->frames, f->node_items));
	each(context, "bytes_per_node_item", "bytes per node and item",
	     ratio(f->bytes, f->node_items));
	each(context, "store_bytes_per_node_item", "bytes of its store's own per node and item",
	     ratio(f->store_bytes, f->node_items));
	each(context, "shared_bytes", "bytes that stores share, all", (double)f->shared_bytes);
	each(context, "payload_copies", "payload copies per part received (alerts aside)",
	     ratio(f->payload_copies, f->payload_needed));
	each(context, "alert_copies", "the same, of what was pushed",
	     ratio(f->alert_copies, f->alert_needed));
	each(context, "hops_mean", "hops of a first arrival, mean", mean_hops(f));
	each(context, "excess_hops", "hops beyond the shortest permitted path, all",
	     (double)f->excess_hops);
	each(context, "latency_p50_ms", "first arrival, virtual ms, median",
	     (double)sim_figures_latency(f, 50));
	each(context, "latency_p90_ms", "90 in 100", (double)sim_figures_latency(f, 90));
	each(context, "latency_p99_ms", "99 in 100", (double)sim_figures_latency(f, 99));
	each(context, "latency_max_ms", "last", (double)sim_figures_latency(f, 100));
	each(context, "signatures_checked", "signatures checked", (double)f->signatures_checked);
	each(context, "signatures_remembered", "signature checks remembered",
	     (double)f->signatures_remembered);
}

static void row(void *context, const char *word, const char *words, double value)
{
	(void)word;
	(void)fprintf(context, value == floor(value) ? "%-48s %16.0f\n" : "%-48s %16.3f\n", words,
		      value);
}

void sim_report_figures(const struct sim_figures *figures, FILE *to)
{
	char digest[17];

	figures_each(figures, to, row);
	digest_text(figures, digest);
	(void)fprintf(to, "%-48s %16s\n", "digest of all outputs", digest);
}

static void member(void *context, const char *word, const char *words, double value)
{
	(void)words;
	(void)fprintf(context, " \"%s\": %.6g,\n", word, value);
}

void sim_report_figures_json(const struct sim_figures *figures, FILE *to)
{
	char digest[17];

	(void)fputs("{\n", to);
	figures_each(figures, to, member);
	digest_text(figures, digest);
	(void)fprintf(to, " \"digest\": \"%s\"\n}\n", digest);
}

void sim_report_violations(const struct sim_result *result, FILE *to)
{
	if (result->differs)
		(void)fprintf(to,
			      "# determinism: the same plan gave other bytes the second time\n");
	for (size_t i = 0;
	     i < result->violations && i < sizeof(result->first) / sizeof(result->first[0]); i++) {
		const struct sim_violation_entry *entry = &result->first[i];

		(void)fprintf(to, "# %s: at %lld ms", entry->checker, (long long)entry->at_ms);
		if (entry->node != UINT32_MAX)
			(void)fprintf(to, ", node %u", entry->node);
		if (entry->has_id)
			(void)fprintf(to, ", item %02x%02x%02x%02x", entry->id[0], entry->id[1],
				      entry->id[2], entry->id[3]);
		(void)fprintf(to, ": %s\n", entry->text);
	}
	if (result->violations > sizeof(result->first) / sizeof(result->first[0]))
		(void)fprintf(to, "# … %u in all\n", result->violations);
}
