/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "cli.h"

#define TWIN "the same plan gave other bytes the second time"
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

double sim_report_hops(const struct sim_figures *figures)
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

void sim_report_add(struct sim_figures *io_sum, const struct sim_figures *one)
{
	io_sum->items += one->items;
	io_sum->node_items += one->node_items;
	io_sum->turns += one->turns;
	io_sum->frames += one->frames;
	io_sum->bytes += one->bytes;
	io_sum->payload_copies += one->payload_copies;
	io_sum->payload_needed += one->payload_needed;
	io_sum->alert_copies += one->alert_copies;
	io_sum->alert_needed += one->alert_needed;
	for (size_t i = 0; i < HOPS; i++)
		io_sum->hops_count[i] += one->hops_count[i];
	for (size_t i = 0; i < BUCKETS; i++)
		io_sum->latency_count[i] += one->latency_count[i];
	io_sum->excess_hops += one->excess_hops;
	io_sum->signatures_checked += one->signatures_checked;
	io_sum->signatures_remembered += one->signatures_remembered;
	io_sum->store_bytes += one->store_bytes;
	io_sum->shared_bytes += one->shared_bytes;
	io_sum->virtual_ms += one->virtual_ms;
	io_sum->violations += one->violations;
	/* Whatever the order in which seeds ended. */
	for (size_t i = 0; i < KAI_ID_LEN; i++)
		io_sum->digest[i] ^= one->digest[i];
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
	each(context, "hops_mean", "hops of a first arrival, mean", sim_report_hops(f));
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

/* ---- one object ---- */

static void member(void *context, const char *word, const char *words, double value)
{
	(void)words;
	(void)fprintf(context, "  \"%s\": %.15g,\n", word, value);
}

/* What is said is ASCII; a path may be anything, and what JSON might not read is left to the eye. */
static void string(const char *text, FILE *to)
{
	(void)fputc('"', to);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			(void)fputc('\\', to);
		(void)fputc(*text >= ' ' && *text <= '~' ? *text : '?', to);
	}
	(void)fputc('"', to);
}

static void failure(const struct sim_cli *cli, const struct sim_failure *one, FILE *to)
{
	char *again = NULL;
	size_t len;
	FILE *text = open_memstream(&again, &len);

	if (text != NULL) {
		sim_cli_again(cli, one->seed, text);
		(void)fclose(text);
	}
	(void)fprintf(to, "{\"seed\": %llu, \"checker\": ", (unsigned long long)one->seed);
	string(one->checker, to);
	(void)fputs(", \"text\": ", to);
	string(one->text, to);
	(void)fputs(", \"replay\": ", to);
	string(again == NULL ? "" : again, to);
	free(again);
	(void)fputc('}', to);
}

void sim_report_json(const struct sim_cli *cli, const struct sim_sum *sum, FILE *to)
{
	char digest[17];

	digest_text(&sum->figures, digest);
	(void)fprintf(
		to,
		"{\"first\": %llu,\n \"seeds\": %llu,\n \"failed\": %llu,\n \"seconds\": %.3f,\n"
		" \"seeds_per_minute\": %.1f,\n \"figures\": {\n",
		(unsigned long long)sum->first, (unsigned long long)sum->seeds,
		(unsigned long long)sum->failed, sum->seconds,
		sum->seconds > 0 ? (double)sum->seeds / sum->seconds * 60 : 0);
	figures_each(&sum->figures, to, member);
	(void)fprintf(to, "  \"digest\": \"%s\"},\n \"failures\": [", digest);
	for (uint64_t i = 0; i < sum->failed; i++) {
		(void)fputs(i == 0 ? "\n  " : ",\n  ", to);
		failure(cli, &sum->failures[i], to);
	}
	(void)fputs("]}\n", to);
}

/* ---- what failed ---- */

void sim_report_first(const struct sim_result *result, uint64_t seed, struct sim_failure *ret)
{
	const struct sim_violation_entry *entry = &result->first[0];

	*ret = (struct sim_failure){.seed = seed,
				    .checker = result->differs ? "determinism" : entry->checker};
	(void)snprintf(ret->text, sizeof(ret->text), "%s", result->differs ? TWIN : entry->text);
}

void sim_report_violations(const struct sim_result *result, FILE *to)
{
	if (result->differs)
		(void)fprintf(to, "# determinism: %s\n", TWIN);
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
