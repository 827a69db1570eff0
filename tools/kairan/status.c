/* SPDX-License-Identifier: Apache-2.0 */
/* status and peers: is this silence real? From the store, and from the node when it runs. */
#include <string.h>

#include "agree.h"
#include "call.h"
#include "ladders.h"
#include "duty.h"
#include "item.h"
#include "verbs.h"
#include "view.h"

#define SOON_MS (14 * KAI_MS_DAY)

const struct kai_opt kai_status_opts[] = {
	{"metrics", NULL, false, N_("OpenMetrics text instead")},
	{NULL, NULL, false, NULL},
};

struct peers {
	const struct kai_state *state; /* NULL: the node is down */
	json_t *rows;
	json_t *down;	 /* names of partners whose link is down */
	json_t *soon;	 /* names of what ends within 14 days */
	json_t *waiting; /* alerts that wait for a person */
	bool duty_down;
	struct kai_duty_sum duties;
};

static const struct kai_peer_state *state_of(const struct kai_state *state,
					     const uint8_t org[KAI_ID_LEN])
{
	for (size_t i = 0; state != NULL && i < state->peers_count; i++)
		if (kai_id_equal(state->peers[i].org, org))
			return &state->peers[i];
	return NULL;
}

static json_t *endpoint_json(struct kai_cli *cli, struct kai_txn *txn,
			     const uint8_t org[KAI_ID_LEN])
{
	struct kai_key key = kai_key_bytes(org, KAI_ID_LEN);
	struct kai_record_rec rec;
	struct kai_node_record record;
	uint8_t digest[KAI_ID_LEN];

	if (kai_rec_get(txn, KAI_TABLE_RECORDS, &key, &kai_object_record_rec, &cli->arena, &rec) &&
	    kai_node_record_open(rec.bytes, &cli->arena, &record, digest) == KAI_FAULT_NONE &&
	    record.endpoints_count > 0)
		return kai_json_span(record.endpoints[0]);
	return json_null();
}

static void add_live(json_t *row, const struct kai_peer_state *peer)
{
	json_int_t skew = peer != NULL ? (json_int_t)peer->skew_ms : 0;

	(void)json_object_set_new(row, "lag",
				  peer != NULL ? json_integer((json_int_t)peer->lag) : json_null());
	(void)json_object_set_new(
		row, "queued", peer != NULL ? json_integer((json_int_t)peer->queued) : json_null());
	(void)json_object_set_new(row, "in_flight_bytes",
				  peer != NULL ? json_integer((json_int_t)peer->in_flight_bytes)
					       : json_null());
	(void)json_object_set_new(row, "down_reason",
				  peer != NULL ? kai_json_span(peer->down_reason)
					       : json_string("node-down"));
	(void)json_object_set_new(row, "last_error",
				  peer != NULL ? kai_json_span(peer->last_error) : json_null());
	(void)json_object_set_new(row, "clock_skew_ms",
				  peer != NULL ? json_integer(peer->skew_ahead ? skew : -skew)
					       : json_null());
	(void)json_object_set_new(row, "received_items",
				  peer != NULL ? json_integer((json_int_t)peer->received_items)
					       : json_null());
	(void)json_object_set_new(row, "sent_items",
				  peer != NULL ? json_integer((json_int_t)peer->sent_items)
					       : json_null());
	(void)json_object_set_new(row, "refused",
				  peer != NULL ? json_integer((json_int_t)peer->refused)
					       : json_null());
}

static void add_peer(struct kai_cli *cli, struct kai_txn *txn, const struct kai_pair *pair,
		     void *context)
{
	struct peers *peers = context;
	const struct kai_peer_state *live = state_of(peers->state, pair->org);
	const struct kai_terms *terms = &pair->agreement.terms;
	const char *name = kai_org_name(cli, txn, pair->org);
	bool up = live != NULL && live->up;
	bool active = pair->state == KAI_STATE_ACTIVE;
	struct kai_peer record;
	uint64_t heard = live != NULL ? live->heard_at : 0;

	if (heard == 0 && kai_rec_peer(txn, pair->org, &cli->arena, &record))
		heard = record.heard_at;
	json_t *row = json_pack(
		"{s:o, s:s, s:s, s:s, s:o, s:o, s:o}", "org", kai_json_id(pair->org), "name", name,
		"agreement", kai_agreement_state_word(pair->state), "link", up ? "up" : "down",
		"last_heard", kai_json_time(heard), "endpoint", endpoint_json(cli, txn, pair->org),
		"agreement_until", kai_json_time(terms->valid_until));

	add_live(row, live);
	(void)json_object_set_new(row, "call",
				  active && !up ? kai_calls_of(cli, txn, pair->org) : json_array());
	(void)json_array_append_new(peers->rows, row);
	if (active && !up) {
		(void)json_array_append_new(peers->down, json_string(name));
		peers->duty_down = peers->duty_down || terms->duties_count > 0;
	}
	if (active && (int64_t)terms->valid_until < kai_cli_now().ms + SOON_MS)
		(void)json_array_append_new(
			peers->soon, json_pack("{s:s, s:s, s:o}", "what", "agreement", "name", name,
					       "until", kai_json_time(terms->valid_until)));
}

/* Our own card and those of partners end too. */
static void add_cards(struct kai_cli *cli, struct kai_txn *txn, struct peers *peers)
{
	struct kai_card_rec rec;
	struct kai_card *card = kai_cli_take(cli, sizeof(*card));
	uint8_t digest[KAI_ID_LEN];

	if (kai_rec_card(txn, cli->org, &cli->arena, &rec) &&
	    kai_card_open(rec.bytes, &cli->arena, card, digest) == KAI_FAULT_NONE &&
	    (int64_t)card->valid_until < kai_cli_now().ms + SOON_MS)
		(void)json_array_append_new(peers->soon,
					    json_pack("{s:s, s:o, s:o}", "what", "card", "name",
						      kai_json_span(card->name), "until",
						      kai_json_time(card->valid_until)));
}

/* Alerts of today and now that no person here has acknowledged. */
static void add_waiting(struct kai_cli *cli, struct kai_txn *txn, struct peers *peers)
{
	struct kai_index_scan scan;
	uint64_t arrival;

	kai_index_kind(&scan, txn, KAI_KIND_ALERT, 0, true);
	while (kai_index_next(&scan, &arrival)) {
		size_t used = cli->arena.used;
		struct kai_loaded *item = kai_cli_take(cli, sizeof(*item));

		if (kai_item_load(cli, txn, arrival, false, item) &&
		    item->facts.header.urgency <= KAI_URGENCY_TODAY &&
		    kai_item_unacked(cli, txn, item))
			(void)json_array_append_new(peers->waiting,
						    kai_json_id(item->facts.item.id));
		cli->arena.used = used;
	}
}

static int load(struct kai_cli *cli, struct kai_state *state, struct peers *peers)
{
	int exit = kai_cli_open(cli);

	if (exit != 0)
		return exit;
	peers->state = kai_node_state(cli, state) ? state : NULL;
	struct kai_txn *txn = kai_cli_txn(cli);

	if (txn == NULL)
		return KAI_EXIT_REFUSED;
	peers->rows = json_array();
	peers->down = json_array();
	peers->soon = json_array();
	peers->waiting = json_array();
	kai_agree_each(cli, txn, add_peer, peers);
	kai_duty_count(cli, txn, &peers->duties);
	add_cards(cli, txn, peers);
	add_waiting(cli, txn, peers);
	kai_txn_abort(txn);
	return 0;
}

static const struct kai_col peer_cols[] = {
	{"name", N_("partner"), KAI_COL_TEXT},
	{"link", N_("link"), KAI_COL_WORD},
	{"last_heard", N_("last heard"), KAI_COL_TIME},
	{"agreement", N_("agreement"), KAI_COL_WORD},
	{"lag", N_("lag"), KAI_COL_COUNT},
	{"queued", N_("queued"), KAI_COL_COUNT},
	{"agreement_until", N_("until"), KAI_COL_UNTIL},
	{"down_reason", N_("why down"), KAI_COL_WORD},
	{"last_error", N_("last error"), KAI_COL_TEXT},
};
static const struct kai_view peer_view = {
	.list = "peers", .cols = peer_cols, .col_count = 9, .empty = N_("No partners.")};

int kai_verb_peers(struct kai_cli *cli)
{
	struct kai_state state;
	struct peers peers = {.state = NULL};
	int exit = load(cli, &state, &peers);

	if (exit != 0)
		return exit;
	if (peers.state == NULL)
		(void)fprintf(
			cli->err, "%s\n",
			T("The node is not running: links are down, the rest is from the store."));
	json_decref(peers.down);
	json_decref(peers.soon);
	json_decref(peers.waiting);
	kai_view_show(cli, &peer_view, json_pack("{s:o}", "peers", peers.rows));
	return KAI_EXIT_DONE;
}

/* ---- status ---- */

static void metric(struct kai_cli *cli, const char *name, const char *help, uint64_t value)
{
	(void)fprintf(cli->out, "# TYPE kairan_%s gauge\n# HELP kairan_%s %s\nkairan_%s %llu\n",
		      name, name, help, name, (unsigned long long)value);
}

static void print_metrics(struct kai_cli *cli, json_t *top)
{
	const char *name;
	size_t i;
	json_t *row;

	metric(cli, "up", "the node runs",
	       strcmp(json_string_value(json_object_get(top, "node")), "up") == 0);
	metric(cli, "items", "advisories held",
	       (uint64_t)json_integer_value(json_object_get(top, "items")));
	metric(cli, "alerts_waiting", "alerts that wait for a person",
	       json_array_size(json_object_get(top, "alerts_waiting")));
	metric(cli, "store_bytes", "bytes in use",
	       (uint64_t)json_integer_value(json_object_get(top, "store_bytes")));
	json_object_foreach (json_object_get(top, "duties"), name, row)
		metric(cli, kai_cli_text(cli, "duties_%s", name), "open duties in this state",
		       (uint64_t)json_integer_value(row));
	(void)fprintf(cli->out, "# TYPE kairan_link_up gauge\n# HELP kairan_link_up link state\n");
	json_array_foreach (json_object_get(top, "peers"), i, row) {
		const char *link = json_string_value(json_object_get(row, "link"));

		(void)fprintf(cli->out, "kairan_link_up{org=\"%.12s\"} %d\n",
			      json_string_value(json_object_get(row, "org")),
			      strcmp(link, "up") == 0);
	}
	(void)fprintf(cli->out, "# EOF\n");
}

static void show_status(struct kai_cli *cli, json_t *top)
{
	const struct kai_col down = {"links_down", "", KAI_COL_LIST};
	const struct kai_col until = {"until", "", KAI_COL_UNTIL};
	bool up = strcmp(json_string_value(json_object_get(top, "node")), "up") == 0;
	size_t i;
	json_t *row;

	kai_view_pair(cli, T("organisation"),
		      kai_view_safe(cli, json_string_value(json_object_get(top, "name")), false));
	kai_view_pair(cli, T("node"),
		      up ? T("running") : T("NOT RUNNING: nothing comes in or goes out"));
	if (json_is_true(json_object_get(top, "read_only")))
		kai_view_pair(cli, "", T("READ-ONLY: the disk is full"));
	kai_view_pair(cli, T("advisories"),
		      kai_cli_text(cli, "%lld",
				   (long long)json_integer_value(json_object_get(top, "items"))));
	kai_view_pair(cli, T("links"),
		      kai_cli_text(cli, T("%zu of %zu up"),
				   json_array_size(json_object_get(top, "peers")) -
					   (size_t)json_integer_value(
						   json_object_get(top, "links_not_up")),
				   json_array_size(json_object_get(top, "peers"))));
	if (json_array_size(json_object_get(top, "links_down")) > 0)
		kai_view_pair(cli, T("down"), kai_view_cell(cli, &down, top));
	if (json_array_size(json_object_get(top, "alerts_waiting")) > 0)
		kai_view_pair(
			cli, T("alerts"),
			kai_cli_text(
				cli,
				T("%zu wait for a person (kairan list --kind alert --unacked)"),
				json_array_size(json_object_get(top, "alerts_waiting"))));
	struct kai_duty_sum duties = kai_duty_sum_read(json_object_get(top, "duties"));
	char *owed = kai_duty_sum_text(cli, &duties);

	if (owed[0] != '\0')
		kai_view_pair(cli, T("duties"), owed);
	char *silent = kai_ladders_sum_line(cli, json_object_get(top, "calls"));

	if (silent != NULL)
		kai_view_pair(cli, T("calls"), silent);
	if (json_integer_value(json_object_get(top, "unsigned")) > 0)
		kai_view_pair(cli, T("unsigned"),
			      kai_cli_text(cli, T("%lld of our alerts wait for another signer"),
					   (long long)json_integer_value(
						   json_object_get(top, "unsigned"))));
	json_array_foreach (json_object_get(top, "ends_soon"), i, row) {
		kai_view_pair(
			cli, i == 0 ? T("ends soon") : "",
			kai_cli_text(cli, "%s %s: %s",
				     T(json_string_value(json_object_get(row, "what"))),
				     kai_view_safe(cli,
						   json_string_value(json_object_get(row, "name")),
						   false),
				     kai_view_cell(cli, &until, row)));
	}
	if (json_array_size(json_object_get(top, "peers")) > 0) {
		(void)fprintf(cli->out, "\n");
		const struct kai_view table = {.list = "peers", .cols = peer_cols, .col_count = 5};

		kai_render_table.show(cli, &table, top);
	}
}

static const struct kai_col status_cols[] = {
	{"name", N_("organisation"), KAI_COL_TEXT},  {"node", N_("node"), KAI_COL_WORD},
	{"items", N_("advisories"), KAI_COL_NUMBER}, {"links_down", N_("down"), KAI_COL_LIST},
	{"exit", N_("exit"), KAI_COL_NUMBER},
};
static const struct kai_view status_view = {
	.cols = status_cols, .col_count = 5, .human = show_status};

/* Every code that holds, the one that wins first. */
static json_t *exits_of(const struct peers *peers)
{
	const struct {
		bool holds;
		int exit;
	} rows[] = {
		{peers->state == NULL, KAI_EXIT_UNREACHABLE},
		{json_array_size(peers->waiting) > 0, KAI_EXIT_ALERT_WAITS},
		{peers->duties.overdue > 0, KAI_EXIT_DUTY_OVERDUE},
		{peers->duty_down, KAI_EXIT_LINK_DOWN},
		{json_array_size(peers->soon) > 0, KAI_EXIT_ENDS_SOON},
	};
	json_t *exits = json_array();

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].holds)
			(void)json_array_append_new(exits, json_integer(rows[i].exit));
	return exits;
}

static size_t not_up(const json_t *rows)
{
	size_t count = 0;
	size_t i;
	json_t *row;

	json_array_foreach (rows, i, row)
		count += strcmp(json_string_value(json_object_get(row, "link")), "up") != 0;
	return count;
}

int kai_verb_status(struct kai_cli *cli)
{
	struct kai_state state;
	struct peers peers = {.state = NULL};
	uint64_t used = 0;
	uint64_t limit = 0;
	int exit = load(cli, &state, &peers);

	if (exit != 0)
		return exit;
	struct kai_txn *txn = kai_cli_txn(cli);

	if (txn == NULL)
		return KAI_EXIT_REFUSED;
	json_t *exits = exits_of(&peers);

	exit = (int)json_integer_value(json_array_get(exits, 0)); /* none: done */
	kai_store_usage(cli->store, &used, &limit);
	json_t *top = json_pack(
		"{s:s, s:o, s:s, s:o, s:b, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, "
		"s:o, s:i}",
		"node", peers.state != NULL ? "up" : "down", "org", kai_json_id(cli->org), "name",
		kai_org_name(cli, txn, cli->org), "started_at",
		peers.state != NULL ? kai_json_time(peers.state->started_at) : json_null(),
		"read_only", peers.state != NULL && peers.state->read_only, "items",
		(json_int_t)kai_txn_count(txn, KAI_TABLE_ITEMS), "store_bytes", (json_int_t)used,
		"unsigned", (json_int_t)kai_unsigned_count(cli, txn), "store_limit",
		(json_int_t)limit, "links_not_up", (json_int_t)not_up(peers.rows), "peers",
		peers.rows, "links_down", peers.down, "ends_soon", peers.soon, "alerts_waiting",
		peers.waiting, "duties", kai_duty_sum_json(&peers.duties), "calls",
		kai_ladders_sum(cli, txn), "exits", exits, "exit", exit);

	kai_txn_abort(txn);
	if (kai_opt_is(cli, "metrics")) {
		print_metrics(cli, top);
		json_decref(top);
	} else {
		kai_view_show(cli, &status_view, top);
	}
	return exit;
}
