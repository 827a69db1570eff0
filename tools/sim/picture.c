/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How one advisory spread: left the nodes on a circle with the agreements between them and the way it
 * came, right the same over time, a line from the supplier's row to the receiver's at each arrival.
 */
#include <math.h>
#include <stdlib.h>

#include "cli.h"
#include "kairan/rec.h"
#include "svg.h"

#define CIRCLE 300.0
#define TIME_WIDTH 640.0
#define ROW 16.0
#define TOP 70.0

struct arrival {
	int64_t at_ms; /* -1: not yet */
	uint32_t from; /* UINT32_MAX: its own */
	uint32_t order;
};

struct picture {
	uint32_t item;
	struct arrival *arrivals; /* a node */
	uint32_t arrived;
};

/* Of whom a node has the item, when it was only just stored: its first supply record. */
static uint32_t supplier(struct sim *sim, struct sim_node *node, struct kai_txn *txn,
			 uint64_t arrival)
{
	struct kai_key prefix = kai_key_u64(arrival);
	struct kai_scan scan;
	struct kai_span key, value;
	struct kai_peer peer;

	kai_scan_init(&scan, txn, KAI_TABLE_SUPPLY, kai_key_span(&prefix), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, &key, &value)) {
		struct kai_key number;

		if (key.len != 10)
			continue;
		number = kai_key_peer((uint16_t)(key.at[8] << 8 | key.at[9]));
		if (!kai_rec_get(txn, KAI_TABLE_PEERS, &number, &kai_object_peer, sim_scratch(sim),
				 &peer))
			continue;
		const struct sim_node *other = sim_node_of(sim, peer.org);

		if (other != NULL && other != node)
			return other->number;
	}
	return UINT32_MAX;
}

static void looked(struct sim *sim, void *state, struct sim_node *node)
{
	struct picture *picture = state;
	struct arrival *mine = &picture->arrivals[node->number];
	struct kai_arena *scratch = sim_scratch(sim);
	size_t mark = scratch->used;
	struct kai_txn *txn;
	uint64_t arrival;

	if (mine->at_ms >= 0 || picture->item >= sim_ledger_item_count(sim) ||
	    kai_txn_begin(node->store, false, &txn, NULL) != KAI_ERR_OK)
		return;
	if (kai_rec_arrival(txn, sim_ledger_item(sim, picture->item)->id, &arrival)) {
		mine->at_ms = sim_now(sim);
		mine->from = supplier(sim, node, txn, arrival);
		mine->order = picture->arrived++;
	}
	kai_txn_abort(txn);
	scratch->used = mark;
}

static const struct sim_checker observer = {.name = "picture", .turn = looked};

static void on_circle(const struct sim *sim, uint32_t number, double ret[2])
{
	double angle = 2 * 3.14159265358979 * number / sim_node_count(sim);

	ret[0] = CIRCLE + 20 + (CIRCLE - 30) * cos(angle);
	ret[1] = CIRCLE + TOP + (CIRCLE - 30) * sin(angle);
}

/* From blue, early, to red, late. */
static void colour(double part, char ret[8])
{
	unsigned red = (unsigned)(40 + 200 * part), blue = (unsigned)(220 - 180 * part);

	(void)snprintf(ret, 8, "#%02x50%02x", red & 0xff, blue & 0xff);
}

static void draw_circle(const struct sim *sim, const struct picture *picture, int64_t start,
			int64_t span, FILE *to)
{
	double here[2], there[2];
	char text[96], tint[8];

	for (uint32_t i = 0; i < sim_ledger_agreement_count(sim); i++) {
		on_circle(sim, sim_ledger_agreement(sim, i)->a, here);
		on_circle(sim, sim_ledger_agreement(sim, i)->b, there);
		kai_svg_line(to, here, there, "#e4e4e4", 1);
	}
	for (uint32_t i = 0; i < sim_node_count(sim); i++) {
		const struct arrival *arrival = &picture->arrivals[i];

		if (arrival->at_ms < 0 || arrival->from == UINT32_MAX)
			continue;
		on_circle(sim, arrival->from, here);
		on_circle(sim, i, there);
		colour((double)(arrival->at_ms - start) / (double)span, tint);
		kai_svg_line(to, here, there, tint, 2);
	}
	for (uint32_t i = 0; i < sim_node_count(sim); i++) {
		const struct arrival *arrival = &picture->arrivals[i];

		on_circle(sim, i, here);
		colour(arrival->at_ms < 0 ? 0 : (double)(arrival->at_ms - start) / (double)span,
		       tint);
		(void)snprintf(text, sizeof(text),
			       arrival->at_ms < 0 ? "node %u: not held" : "node %u: after %lld ms",
			       i, (long long)(arrival->at_ms - start));
		kai_svg_dot(to, here, arrival->order == 0 && arrival->at_ms >= 0 ? 9 : 6,
			    arrival->at_ms < 0 ? "#bbbbbb" : tint, text);
		(void)snprintf(text, sizeof(text), "%u", i);
		kai_svg_text(to, (double[2]){here[0], here[1] - 9}, "middle", 9, text);
	}
}

static void draw_time(const struct sim *sim, const struct picture *picture, int64_t start,
		      int64_t span, FILE *to)
{
	double left = 2 * CIRCLE + 80;
	char text[96], tint[8];

	for (uint32_t i = 0; i < sim_node_count(sim); i++) {
		const struct arrival *arrival = &picture->arrivals[i];

		if (arrival->at_ms < 0)
			continue;
		double y = TOP + ROW * arrival->order;
		double x = left + TIME_WIDTH * (double)(arrival->at_ms - start) / (double)span;

		colour((double)(arrival->at_ms - start) / (double)span, tint);
		if (arrival->from != UINT32_MAX && picture->arrivals[arrival->from].at_ms >= 0)
			kai_svg_line(
				to,
				(double[2]){
					left + TIME_WIDTH *
							(double)(picture->arrivals[arrival->from]
									 .at_ms -
								 start) /
							(double)span,
					TOP + ROW * picture->arrivals[arrival->from].order},
				(double[2]){x, y}, "#c8c8c8", 1);
		(void)snprintf(text, sizeof(text), "%u", i);
		kai_svg_text(to, (double[2]){left - 8, y + 4}, "end", 10, text);
		(void)snprintf(text, sizeof(text), "%lld ms", (long long)(arrival->at_ms - start));
		kai_svg_dot(to, (double[2]){x, y}, 4, tint, text);
		kai_svg_text(to, (double[2]){x + 8, y + 4}, "start", 9, text);
	}
}

static void draw(struct sim *sim, const struct picture *picture, FILE *to)
{
	const struct sim_item *item = sim_ledger_item(sim, picture->item);
	int64_t start = item->made_ms, span = 1;
	double height = TOP + 2 * CIRCLE + 40;
	char title[200];

	for (uint32_t i = 0; i < sim_node_count(sim); i++)
		if (picture->arrivals[i].at_ms - start > span)
			span = picture->arrivals[i].at_ms - start;
	if (TOP + ROW * picture->arrived + 40 > height)
		height = TOP + ROW * picture->arrived + 40;
	(void)snprintf(title, sizeof(title),
		       "Advisory %u (%02x%02x%02x%02x, TLP %llu, kind %llu) of node %u: held by %u "
		       "of %u nodes "
		       "after %lld ms",
		       picture->item, item->id[0], item->id[1], item->id[2], item->id[3],
		       (unsigned long long)item->header.label.tlp,
		       (unsigned long long)item->header.kind, item->origin, picture->arrived,
		       sim_node_count(sim), (long long)span);
	kai_svg_begin(to, 2 * CIRCLE + TIME_WIDTH + 180, height, title);
	kai_svg_text(to, (double[2]){20, 26}, "start", 15, title);
	kai_svg_text(to, (double[2]){20, 46}, "start", 11,
		     "Left: agreements in grey, the way it came in colour, blue early and red "
		     "late. Right: "
		     "time from left to right, one row a node in order of arrival.");
	draw_circle(sim, picture, start, span, to);
	draw_time(sim, picture, start, span, to);
	kai_svg_end(to);
}

int sim_verb_spread(const struct sim_cli *cli)
{
	struct sim_plan *plan = sim_cli_plan(cli);
	struct sim_options options = cli->options;
	struct picture picture = {.item = cli->item};
	int code = SIM_EXIT_FILE;

	if (plan == NULL)
		return code;
	picture.arrivals = calloc(plan->node_count, sizeof(*picture.arrivals));
	options.checks = false;
	options.observer = &observer;
	options.observer_state = &picture;
	if (picture.arrivals == NULL) {
		(void)fprintf(stderr, "kairan-sim: out of memory\n");
		sim_plan_free(plan);
		return code;
	}
	for (uint32_t i = 0; i < plan->node_count; i++)
		picture.arrivals[i].at_ms = -1;
	struct sim *sim = sim_new(plan, &options);

	sim_run(sim);
	if (cli->item >= sim_ledger_item_count(sim)) {
		(void)fprintf(
			stderr, "kairan-sim: --item %u: this run made %u advisories, 0 to %u\n",
			cli->item, sim_ledger_item_count(sim), sim_ledger_item_count(sim) - 1);
		code = SIM_EXIT_USAGE;
	} else {
		FILE *out = sim_cli_out(cli);

		if (out != NULL) {
			draw(sim, &picture, out);
			code = sim_cli_close(cli, out) ? SIM_EXIT_OK : SIM_EXIT_FILE;
		}
	}
	sim_free(sim);
	free(picture.arrivals);
	sim_plan_free(plan);
	return code;
}
