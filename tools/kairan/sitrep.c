/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sitrep draft: what this node may see of incidents, a line for each sector, as a JSON file to be edited and filed with
 * --from. Reports are named only where all of them have one label, which the draft then proposes; else they are counted:
 * so the picture tells nobody of a report that he may not have.
 */
#include <stdlib.h>
#include <string.h>

#include "item.h"
#include "terms.h"
#include "verbs.h"
#include "view.h"

#define SECTORS_MOST 100 /* lines that an advisory has room for beside its other fields */
#define NAMED_MOST 64	 /* reports that one field has room for */

const struct kai_opt kai_sitrep_draft_opts[] = {
	{"since", "T", false, N_("reports from then on: a time, or a duration ago (default 24h)")},
	{"o", "FILE", false, N_("write there instead of to stdout")},
	{NULL, NULL, false, NULL},
};

struct line {
	const char *sector;
	unsigned reports, malicious, severity;
	unsigned services[8];
};

struct picture {
	uint64_t since;
	struct line lines[SECTORS_MOST];
	size_t line_count;
	bool too_many; /* more sectors than lines */
	size_t reports;
	const char *ids[NAMED_MOST];
	json_t *origins;	/* a member for each */
	struct kai_label label; /* of the first */
	bool one_label;
	json_t *silent; /* names of those who were asked and did not answer, a member for each */
};

/* Who is told of the picture is told of all its reports. */
static bool names_reports(const struct picture *picture)
{
	return picture->one_label && picture->reports <= NAMED_MOST;
}

static const char *const services[] = {"stopped",  "partial", "degraded",
				       "restored", "unknown", "normal"};
#define SERVICES (sizeof(services) / sizeof(*services))

static const char *value_of(struct kai_cli *cli, const struct kai_loaded *item, const char *name)
{
	for (size_t i = 0; item->has_body && i < item->body.values_count; i++)
		if (kai_span_equal(item->body.values[i].name, kai_span_str(name)))
			return kai_cli_str(cli, item->body.values[i].value);
	return "";
}

/* Overall is the highest axis. */
static unsigned severity_of(struct kai_cli *cli, const struct kai_loaded *item)
{
	static const char *const axes[] = {"severity-continuity", "severity-safety",
					   "severity-confidence"};
	unsigned most = 0;

	for (size_t i = 0; i < sizeof(axes) / sizeof(*axes); i++) {
		const char *text = value_of(cli, item, axes[i]);
		unsigned here = text[0] >= '0' && text[0] <= '4' ? (unsigned)(text[0] - '0') : 0;

		most = here > most ? here : most;
	}
	return most;
}

static struct line *line_of(struct kai_cli *cli, struct picture *picture, struct kai_span sector)
{
	for (size_t i = 0; i < picture->line_count; i++)
		if (kai_span_equal(kai_span_str(picture->lines[i].sector), sector))
			return &picture->lines[i];
	if (picture->line_count == SECTORS_MOST)
		return NULL;
	struct line *line = &picture->lines[picture->line_count++];

	line->sector = kai_cli_str(cli, sector);
	return line;
}

static void add_to_line(struct kai_cli *cli, struct line *line, const struct kai_loaded *item)
{
	const char *service = value_of(cli, item, "service");
	unsigned severity = severity_of(cli, item);

	line->reports++;
	line->malicious += kai_item_malicious(item);
	line->severity = severity > line->severity ? severity : line->severity;
	for (size_t i = 0; i < SERVICES; i++)
		line->services[i] += strcmp(services[i], service) == 0;
}

static void add_report(struct kai_cli *cli, struct kai_txn *txn, struct picture *picture,
		       const struct kai_loaded *item)
{
	const struct kai_header *header = &item->facts.header;

	(void)txn;
	if (picture->reports == 0) {
		picture->label = header->label;
		picture->one_label = true;
	}
	picture->one_label = picture->one_label && kai_label_same(&picture->label, &header->label);
	(void)json_object_set_new(picture->origins, kai_cli_id(cli, header->origin), json_true());
	if (picture->reports < NAMED_MOST)
		picture->ids[picture->reports] = kai_cli_id(cli, item->facts.item.id);
	picture->reports++;
	for (size_t i = 0; i < header->sectors_count; i++) {
		struct line *line = line_of(cli, picture, header->sectors[i]);

		if (line != NULL)
			add_to_line(cli, line, item);
		else
			picture->too_many = true;
	}
}

static bool counts(const struct kai_loaded *item, const struct picture *picture)
{
	uint64_t gone = KAI_ITEM_RETRACTED | KAI_ITEM_SUPERSEDED | KAI_ITEM_MARKED;

	return (item->facts.item.flags & gone) == 0 &&
	       item->facts.item.received_at >= picture->since;
}

/* ---- who has not reported ---- */

/* Did that org answer this question? */
static bool answered(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *question,
		     const uint8_t org[KAI_ID_LEN])
{
	const char *id = kai_cli_id(cli, question->facts.item.id);
	struct kai_index_scan scan;
	uint64_t arrival;
	bool found = false;

	kai_index_kind(&scan, txn, KAI_KIND_RFI_REPLY, 0, true);
	while (!found && kai_index_next(&scan, &arrival) && arrival > question->facts.arrival) {
		size_t used = cli->arena.used;
		struct kai_loaded *reply = kai_cli_take(cli, sizeof(*reply));

		found = kai_item_load(cli, txn, arrival, true, reply) &&
			kai_id_equal(reply->facts.header.origin, org) &&
			strcmp(value_of(cli, reply, "question"), id) == 0 &&
			strcmp(value_of(cli, reply, "state"), "pending") != 0;
		cli->arena.used = used;
	}
	return found;
}

/* Whom a question of ours names and who has not answered it. */
static void add_silent(struct kai_cli *cli, struct kai_txn *txn, struct picture *picture,
		       const struct kai_loaded *question)
{
	const struct kai_label *label = &question->facts.header.label;

	if ((question->facts.item.flags & KAI_ITEM_OWN) == 0)
		return;
	for (size_t i = 0; i < label->audience_count; i++) {
		const struct kai_audience_entry *entry = &label->audience[i];

		if (entry->type != KAI_AUD_ORG || answered(cli, txn, question, entry->org.at))
			continue;
		(void)json_object_set_new(picture->silent, kai_org_name(cli, txn, entry->org.at),
					  json_true());
	}
}

/* Each item of a kind that counts, with its body where it opens. */
static void each_of(struct kai_cli *cli, struct kai_txn *txn, uint64_t kind,
		    struct picture *picture,
		    void (*add)(struct kai_cli *cli, struct kai_txn *txn, struct picture *picture,
				const struct kai_loaded *item))
{
	struct kai_loaded *item = kai_cli_take(cli, sizeof(*item));
	struct kai_index_scan scan;
	uint64_t arrival;

	kai_index_kind(&scan, txn, kind, 0, true);
	while (kai_index_next(&scan, &arrival)) {
		size_t used = cli->arena.used;

		if (kai_item_load(cli, txn, arrival, false, item) && counts(item, picture) &&
		    kai_item_load(cli, txn, arrival, true, item))
			add(cli, txn, picture, item);
		else
			cli->arena.used = used;
	}
}

static void gather(struct kai_cli *cli, struct kai_txn *txn, struct picture *picture)
{
	each_of(cli, txn, KAI_KIND_INCIDENT, picture, add_report);
	each_of(cli, txn, KAI_KIND_RFI, picture, add_silent);
}

/* ---- as a draft ---- */

static char *line_text(struct kai_cli *cli, const struct line *line)
{
	char *text = kai_cli_text(cli, T("%s: reports %u, malicious %u, severity up to %u"),
				  line->sector, line->reports, line->malicious, line->severity);

	for (size_t i = 0; i < SERVICES; i++)
		if (line->services[i] > 0)
			text = kai_cli_text(cli, "%s%s%s %u", text, T(", "), T(services[i]),
					    line->services[i]);
	return text;
}

static char *covered_text(struct kai_cli *cli, const struct picture *picture)
{
	char *text = kai_cli_text(cli, T("incident reports %zu, of organisations %zu"),
				  picture->reports, json_object_size(picture->origins));

	for (size_t i = 0; names_reports(picture) && i < picture->reports; i++)
		text = kai_cli_text(cli, "%s%s%s", text, i == 0 ? ": " : T(", "), picture->ids[i]);
	return text;
}

static char *silent_text(struct kai_cli *cli, json_t *silent)
{
	char *text = kai_cli_text(cli, "%s", "");
	const char *name;
	json_t *one;

	json_object_foreach (silent, name, one)
		text = kai_cli_text(cli, "%s%s%s", text, text[0] != '\0' ? T(", ") : "", name);
	return text[0] != '\0' ? text : kai_cli_text(cli, "none");
}

static json_t *draft_of(struct kai_cli *cli, const struct picture *picture)
{
	json_t *lines = json_array();
	char at[KAI_TIME_TEXT];

	kai_time_text(kai_cli_now(), at);
	for (size_t i = 0; i < picture->line_count; i++)
		(void)json_array_append_new(lines, json_string(line_text(cli, &picture->lines[i])));
	return json_pack("{s:s, s:s, s:s, s:o, s:s}", "title", T("Situation"), "as-of", at,
			 "covered", covered_text(cli, picture), "sector", lines, "not-reported",
			 silent_text(cli, picture->silent));
}

/* Which label the file may have: at least as narrow as what it names. */
static void say_label(struct kai_cli *cli, struct kai_txn *txn, const struct picture *picture)
{
	char *audience = kai_cli_text(cli, "%s", "");

	if (!names_reports(picture)) {
		(void)fprintf(cli->err, "%s\n",
			      picture->reports == 0 ? T("No incident was reported since then.")
			      : picture->one_label
				      ? T("Reports are counted, not named: they are too many.")
				      : T("Reports are counted, not named: their labels differ."));
		return;
	}
	for (size_t i = 0; i < picture->label.audience_count; i++)
		audience = kai_cli_text(cli, "%s%s%s", audience, i > 0 ? "," : "",
					kai_audience_text(cli, txn, &picture->label.audience[i]));
	(void)fprintf(cli->err,
		      T("Reports are named: file it no wider than --tlp %s%s%s "
			"--onward %s\n"),
		      kai_tlp_word(picture->label.tlp), audience[0] != '\0' ? " --audience " : "",
		      audience, kai_onward_word(picture->label.onward));
}

static int write_draft(struct kai_cli *cli, struct kai_txn *txn, const struct picture *picture)
{
	if (picture->too_many)
		return kai_cli_fail(cli, KAI_EXIT_REFUSED,
				    T("sitrep draft: more than %d sectors (ask for less: --since)"),
				    SECTORS_MOST);
	json_t *draft = draft_of(cli, picture);
	char *text = json_dumps(draft, JSON_INDENT(2));

	say_label(cli, txn, picture);
	int exit = kai_cli_write(
		cli, kai_opt_value(cli, "o"),
		kai_span_str(kai_cli_text(cli, "%s\n", text != NULL ? text : "{}")), 0600);

	free(text);
	json_decref(draft);
	return exit;
}

int kai_verb_sitrep_draft(struct kai_cli *cli)
{
	const char *since = kai_opt_value(cli, "since");
	struct picture *picture = kai_cli_take(cli, sizeof(*picture));
	struct kai_wall from = {kai_cli_now().ms - KAI_MS_DAY};
	int exit = since != NULL ? kai_cli_time(cli, "since", since, true, &from) : 0;

	if (exit == 0)
		exit = kai_cli_open(cli);
	if (exit == 0)
		exit = kai_cli_keys(cli);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL)
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	picture->since = (uint64_t)from.ms;
	picture->origins = json_object();
	picture->silent = json_object();
	gather(cli, txn, picture);
	exit = write_draft(cli, txn, picture);
	kai_txn_abort(txn);
	json_decref(picture->origins);
	json_decref(picture->silent);
	return exit;
}
