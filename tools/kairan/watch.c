/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch: what comes in, one line each, for people and for a SIEM. The cursor is the place in the
 * store's log and in the journal; --after takes it up again without loss. Links' coming and going
 * is told while the node runs; it has no place in the store.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "item.h"
#include "realm.h"
#include "screen.h"
#include "verbs.h"
#include "view.h"

#define POLL_MS 500
#define LINKS_EVERY 8 /* polls */
#define MAX_LINKS 256

const struct kai_opt kai_watch_opts[] = {
	{"kind", "K", false, N_("this kind only")},
	{"sector", "S", false, N_("one of its sectors is this")},
	{"origin", "O", false, N_("issued by this organisation")},
	{"tlp", "T", false, N_("this TLP only")},
	{"text", "WORDS", false, N_("with all these words in title, text or fields")},
	{"after", "CURSOR", false, N_("go on after this cursor (0.0: from the beginning)")},
	{"once", NULL, false, N_("end when everything that is there was told")},
	{"screen", NULL, false, N_("what waits for a person, on the whole terminal, with keys")},
	{NULL, NULL, false, NULL},
};

struct watch {
	uint64_t position;
	uint64_t journal;
	struct kai_filter filter;
	struct {
		uint8_t org[KAI_ID_LEN];
		bool up;
	} links[MAX_LINKS];
	size_t link_count;
	bool links_known;
};

/* One of our words; a duty is owed, where a key of that name is the officer's. */
static char *word_cell(struct kai_cli *cli, const struct kai_col *col, const json_t *event)
{
	if (strcmp(col->key, "event") == 0 &&
	    strcmp(json_string_value(json_object_get(event, "event")), "duty") == 0)
		return kai_cli_text(cli, "%s", T("duty owed"));
	return kai_view_cell(cli, col, event);
}

static void emit(struct kai_cli *cli, const struct watch *watch, json_t *event)
{
	(void)json_object_set_new(
		event, "cursor",
		json_string(kai_cli_text(cli, "%llu.%llu", (unsigned long long)watch->position,
					 (unsigned long long)watch->journal)));
	if (kai_cli_json(cli)) {
		kai_realm_json(cli, event);
		(void)json_dumpf(event, cli->out, JSON_COMPACT | JSON_ENSURE_ASCII);
		(void)fprintf(cli->out, "\n");
	} else {
		static const struct kai_col cols[] = {
			{"at", "", KAI_COL_TIME},   {"event", "", KAI_COL_WORD},
			{"what", "", KAI_COL_WORD}, {"id", "", KAI_COL_ID},
			{"kind", "", KAI_COL_WORD}, {"tlp", "", KAI_COL_TEXT},
			{"name", "", KAI_COL_TEXT}, {"origin_name", "", KAI_COL_TEXT},
			{"rule", "", KAI_COL_TEXT}, {"title", "", KAI_COL_TEXT},
			{"link", "", KAI_COL_WORD},
		};
		bool lines = cli->renderer == &kai_render_lines;

		for (size_t i = 0; i < sizeof(cols) / sizeof(*cols); i++) {
			const char *raw = json_string_value(json_object_get(event, cols[i].key));

			if (lines)
				(void)fprintf(cli->out, "%s%s", i > 0 ? "\t" : "",
					      raw != NULL ? kai_view_safe(cli, raw, false) : "");
			else if (raw != NULL && raw[0] != '\0')
				(void)fprintf(cli->out, "%s%s", i > 0 ? "  " : "",
					      strcmp(cols[i].key, "origin_name") == 0
						      ? kai_item_origin(cli, event)
						      : word_cell(cli, &cols[i], event));
		}
		(void)fprintf(cli->out, "\n");
	}
	(void)fflush(cli->out);
	json_decref(event);
}

/* One log entry; false at the end. */
static bool tell_item(struct kai_cli *cli, struct kai_txn *txn, struct watch *watch)
{
	struct kai_loaded *item = kai_cli_take(cli, sizeof(*item));
	uint64_t arrival;

	if (!kai_rec_log_next(txn, &watch->position, &arrival))
		return false;
	if (!kai_item_load(cli, txn, arrival, true, item) ||
	    !kai_filter_fits(cli, &watch->filter, item))
		return true;
	bool retraction = item->facts.header.kind == KAI_KIND_RETRACT;
	json_t *event = kai_item_json(cli, txn, item);

	(void)json_object_set_new(event, "event", json_string(retraction ? "retraction" : "item"));
	(void)json_object_set_new(event, "at", kai_json_time(item->facts.item.received_at));
	if (retraction && item->facts.header.supersedes_count > 0)
		(void)json_object_set_new(event, "target",
					  kai_json_id(item->facts.header.supersedes[0]));
	emit(cli, watch, event);
	return true;
}

/* What the journal calls it, as the events of cli.md. */
static const char *event_of(struct kai_span word)
{
	static const struct {
		const char *journal;
		const char *event;
	} rows[] = {{"peer-fault", "refusal"}, {"receipt", "receipt"}, {"acknowledged", "receipt"},
		    {"attested", "receipt"},   {"item-", NULL},	       {"link", "link"},
		    {"duty-", "duty"}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t len = strlen(rows[i].journal);

		if (word.len >= len && memcmp(word.at, rows[i].journal, len) == 0)
			return rows[i].event;
	}
	return "trust"; /* cards, agreements, memberships */
}

static bool tell_journal(struct kai_cli *cli, struct kai_txn *txn, struct watch *watch)
{
	struct kai_key key = kai_key_u64(watch->journal + 1);
	struct kai_journal entry;

	if (!kai_rec_get(txn, KAI_TABLE_JOURNAL, &key, &kai_object_journal, &cli->arena, &entry))
		return false;
	watch->journal++;
	const char *word = event_of(entry.event);

	if (word == NULL)
		return true; /* the log told it already */
	json_t *event = json_pack("{s:s, s:o, s:o, s:o, s:I, s:o}", "event", word, "what",
				  kai_json_span(entry.event), "at", kai_json_time(entry.at), "rule",
				  kai_json_span(entry.rule), "count", (json_int_t)entry.count, "id",
				  entry.id.is ? kai_json_id(entry.id.id) : json_null());

	if (entry.text.len > 0)
		(void)json_object_set_new(event, "text", kai_json_span(entry.text));
	if (entry.org.is) {
		(void)json_object_set_new(event, "org", kai_json_id(entry.org.id));
		(void)json_object_set_new(event, "name",
					  json_string(kai_org_name(cli, txn, entry.org.id)));
	}
	emit(cli, watch, event);
	return true;
}

static void tell_link(struct kai_cli *cli, struct watch *watch, const uint8_t org[KAI_ID_LEN],
		      bool up)
{
	size_t at = 0;

	while (at < watch->link_count && !kai_id_equal(watch->links[at].org, org))
		at++;
	if (at == MAX_LINKS || (at < watch->link_count && watch->links[at].up == up))
		return;
	if (at == watch->link_count) {
		memcpy(watch->links[at].org, org, KAI_ID_LEN);
		watch->link_count++;
		watch->links[at].up = false;
		if (!watch->links_known || !up) {
			watch->links[at].up = up;
			return;
		}
	}
	watch->links[at].up = up;
	struct kai_txn *txn = kai_cli_txn(cli);

	if (txn == NULL)
		return;
	json_t *event =
		json_pack("{s:s, s:o, s:o, s:s, s:s}", "event", "link", "at",
			  kai_json_time((uint64_t)kai_cli_now().ms), "org", kai_json_id(org),
			  "name", kai_org_name(cli, txn, org), "link", up ? "up" : "down");

	kai_txn_abort(txn);
	emit(cli, watch, event);
}

static void tell_links(struct kai_cli *cli, struct watch *watch)
{
	struct kai_state state;

	if (kai_node_state(cli, &state)) {
		for (size_t i = 0; i < state.peers_count; i++)
			tell_link(cli, watch, state.peers[i].org, state.peers[i].up);
		watch->links_known = true;
	} else {
		for (size_t i = 0; i < watch->link_count; i++)
			tell_link(cli, watch, watch->links[i].org, false);
	}
}

/* Everything that is there now, a page a transaction. */
static int tell_all(struct kai_cli *cli, struct watch *watch)
{
	bool more = true;

	while (more) {
		size_t used = cli->arena.used;
		struct kai_txn *txn = kai_cli_txn(cli);

		if (txn == NULL)
			return KAI_EXIT_REFUSED;
		bool item = tell_item(cli, txn, watch);
		bool entry = tell_journal(cli, txn, watch);

		more = item || entry;
		kai_txn_abort(txn);
		cli->arena.used = used;
		if (ferror(cli->out) != 0)
			return KAI_EXIT_DONE; /* the reader went away */
	}
	return 0;
}

static int start(struct kai_cli *cli, struct watch *watch)
{
	const char *after = kai_opt_value(cli, "after");
	struct kai_txn *txn = kai_cli_txn(cli);
	struct kai_span value;
	char *end;

	if (txn == NULL)
		return KAI_EXIT_REFUSED;
	int exit = kai_filter_read(cli, txn, &watch->filter);

	if (after == NULL) {
		watch->position = kai_rec_head(txn);
		if (kai_txn_get(txn, KAI_TABLE_META, kai_span_str(KAI_META_JOURNAL), &value) &&
		    value.len >= 8)
			watch->journal = kai_get_be64(value.at);
	}
	kai_txn_abort(txn);
	if (exit != 0 || after == NULL)
		return exit;
	watch->position = strtoull(after, &end, 10);
	if (*end == '.')
		watch->journal = strtoull(end + 1, &end, 10);
	if (after[0] < '0' || after[0] > '9' || *end != '\0')
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("--after %s: not a cursor (take one from an event)"), after);
	return 0;
}

/* It shows what waits, and only that: nothing is filtered away from the officer. */
static int screen(struct kai_cli *cli)
{
	for (size_t i = 0; kai_watch_opts[i].name != NULL; i++)
		if (strcmp(kai_watch_opts[i].name, "screen") != 0 &&
		    kai_opt_is(cli, kai_watch_opts[i].name))
			return kai_cli_fail(cli, KAI_EXIT_USAGE,
					    T("watch --screen: --%s does not go with it"),
					    kai_watch_opts[i].name);
	return kai_terminal_run(cli);
}

int kai_verb_watch(struct kai_cli *cli)
{
	struct watch *watch = kai_cli_take(cli, sizeof(*watch));
	const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
	int exit = kai_cli_open(cli);

	if (exit == 0)
		exit = kai_cli_keys(cli);
	if (exit == 0 && kai_opt_is(cli, "screen"))
		return screen(cli);
	if (exit == 0)
		exit = start(cli, watch);
	for (unsigned turn = 0; exit == 0; turn++) {
		size_t used = cli->arena.used;

		exit = tell_all(cli, watch);
		if (kai_opt_is(cli, "once"))
			return exit;
		if (turn % LINKS_EVERY == 0)
			tell_links(cli, watch);
		cli->arena.used = used;
		if (ferror(cli->out) != 0)
			return KAI_EXIT_DONE;
		(void)nanosleep(&pause, NULL);
	}
	return exit;
}
