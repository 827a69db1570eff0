/* SPDX-License-Identifier: Apache-2.0 */
#include "ladders.h"

#include <string.h>

#include "agree.h"

/* Whom each rung wants; who it was stands in the step. */
static const char *role_of(uint64_t arrival, uint64_t rung)
{
	static const char *const roles[KAI_RUNGS] = {"duty", "duty", "deputy", "deputy", "decider"};

	if (rung >= KAI_RUNGS)
		return NULL;
	return arrival == 0 ? "technical" : roles[rung];
}

/* ---- from the store ---- */

static json_t *step_json(const uint8_t about[KAI_ID_LEN], const struct kai_ladder_place *place,
			 const struct kai_ladder *ladder, const struct kai_step *step)
{
	char id[KAI_STEP_ID];

	kai_step_id(about, place, ladder, step->rung, id);
	return json_pack(
		"{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:I, s:s, s:I, s:o}",
		"step", id, "event", kai_silence_word(step->silence), "role",
		kai_json_span(step->role), "name", kai_json_span(step->name), "channel",
		kai_json_span(step->channel), "other", kai_json_span(step->other), "hours",
		kai_json_span(step->hours), "state", kai_step_state_word(step->state), "due_at",
		kai_json_time(step->due_at), "started_at", kai_json_time(step->started_at),
		"done_at", kai_json_time(step->done_at), "starts", (json_int_t)step->starts,
		"result", kai_step_result_word(step->result), "code", (json_int_t)step->code,
		"said", kai_json_span(step->said));
}

static bool org_of(struct kai_cli *cli, struct kai_txn *txn, uint16_t number,
		   uint8_t ret[KAI_ID_LEN])
{
	struct kai_key key = kai_key_peer(number);
	struct kai_peer peer;

	if (number == 0 ||
	    !kai_rec_get(txn, KAI_TABLE_PEERS, &key, &kai_object_peer, &cli->arena, &peer))
		return false;
	memcpy(ret, peer.org, KAI_ID_LEN);
	return true;
}

static json_t *ladder_json(struct kai_cli *cli, struct kai_txn *txn,
			   const struct kai_ladder_place *place, const struct kai_ladder *ladder)
{
	uint8_t about[KAI_ID_LEN] = {0};
	uint8_t org[KAI_ID_LEN] = {0};
	bool theirs = org_of(cli, txn, place->peer, org);
	const char *next = ladder->ended_at == 0 ? role_of(place->arrival, ladder->next) : NULL;
	json_t *steps = json_array();
	struct kai_item item;

	memcpy(about, org, KAI_ID_LEN);
	if (place->arrival != 0 && kai_rec_item(txn, place->arrival, &cli->arena, &item))
		memcpy(about, item.id, KAI_ID_LEN);
	for (size_t i = 0; i < ladder->steps_count; i++)
		(void)json_array_append_new(steps,
					    step_json(about, place, ladder, &ladder->steps[i]));
	return json_pack(
		"{s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:o}", "org",
		theirs ? kai_json_id(org) : json_null(), "name",
		theirs ? json_string(kai_org_name(cli, txn, org)) : json_null(), "side",
		theirs ? "theirs" : "ours", "state", ladder->ended_at == 0 ? "open" : "ended",
		"why", ladder->ended_at == 0 ? json_null() : kai_json_span(ladder->why), "next",
		next != NULL ? json_string(next) : json_null(), "next_at",
		next != NULL ? kai_json_time(ladder->due_at) : json_null(), "steps", steps);
}

json_t *kai_ladders_of(struct kai_cli *cli, struct kai_txn *txn, uint64_t arrival)
{
	struct kai_key prefix = kai_key_u64(arrival);
	json_t *rows = json_array();
	struct kai_scan scan;
	struct kai_span key;
	struct kai_span value;

	kai_scan_init(&scan, txn, KAI_TABLE_LADDERS, kai_key_span(&prefix), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, &key, &value)) {
		struct kai_ladder_place place;
		struct kai_ladder ladder;

		if (kai_ladder_place_read(key, &place) &&
		    kai_object_decode(&kai_object_ladder, value, &cli->arena, &ladder) ==
			    KAI_FAULT_NONE)
			(void)json_array_append_new(rows, ladder_json(cli, txn, &place, &ladder));
	}
	return rows;
}

json_t *kai_ladders_sum(struct kai_cli *cli, struct kai_txn *txn)
{
	json_t *links = json_array();
	const char *next = NULL;
	uint64_t next_at = 0;
	struct kai_scan scan;
	struct kai_span at;

	kai_scan_init(&scan, txn, KAI_TABLE_LADDERS_OPEN, kai_span(NULL, 0), kai_span(NULL, 0),
		      false);
	while (kai_scan_next(&scan, &at, NULL)) {
		struct kai_key key = kai_key_bytes(at.at, at.len);
		size_t used = cli->arena.used;
		uint8_t org[KAI_ID_LEN];
		struct kai_ladder_place place;
		struct kai_ladder ladder;

		if (!kai_ladder_place_read(at, &place) ||
		    !kai_rec_get(txn, KAI_TABLE_LADDERS, &key, &kai_object_ladder, &cli->arena,
				 &ladder))
			continue;
		if (place.arrival == 0 && org_of(cli, txn, place.peer, org))
			(void)json_array_append_new(links,
						    json_string(kai_org_name(cli, txn, org)));
		const char *role = role_of(place.arrival, ladder.next);

		if (role != NULL && (next == NULL || ladder.due_at < next_at)) {
			next = role;
			next_at = ladder.due_at;
		}
		cli->arena.used = used;
	}
	return json_pack("{s:I, s:o, s:o, s:o}", "open",
			 (json_int_t)kai_txn_count(txn, KAI_TABLE_LADDERS_OPEN), "next",
			 next != NULL ? json_string(next) : json_null(), "next_at",
			 next != NULL ? kai_json_time(next_at) : json_null(), "links", links);
}

/* ---- for people ---- */

/* "our deputy", "duty of a-partner" */
static char *whom(struct kai_cli *cli, const json_t *ladder, const char *role)
{
	const char *word = T(kai_view_safe(cli, role, false));

	if (kai_row_is(ladder, "side", "ours"))
		return kai_cli_text(cli, T("our %s"), word);
	return kai_cli_text(cli, T("%s of %s"), word,
			    kai_view_safe(cli, kai_row_str(ladder, "name"), false));
}

static char *result_of(struct kai_cli *cli, const json_t *step)
{
	long long code = (long long)json_integer_value(json_object_get(step, "code"));
	const char *said = kai_view_safe(cli, kai_row_str(step, "said"), false);
	char *text;

	if (kai_row_is(step, "state", "due"))
		return kai_cli_text(cli, "%s", T("is about to be called"));
	if (kai_row_is(step, "state", "started"))
		return kai_cli_text(cli, "%s",
				    json_integer_value(json_object_get(step, "starts")) > 1
					    ? T("is being called again: the node had ended")
					    : T("is being called"));
	if (kai_row_is(step, "result", "no-program"))
		return kai_cli_text(cli, "%s", T("CALL BY HAND: no program does it"));
	if (kai_row_is(step, "result", "unneeded"))
		return kai_cli_text(cli, "%s", T("needed no longer"));
	if (kai_row_is(step, "result", "exit") && code == 0)
		text = kai_cli_text(cli, "%s", T("called"));
	else if (kai_row_is(step, "result", "exit"))
		text = kai_cli_text(cli, T("NOT CALLED: its program ended with %lld"), code);
	else if (kai_row_is(step, "result", "signal"))
		text = kai_cli_text(cli, T("NOT CALLED: its program was ended by signal %lld"),
				    code);
	else if (kai_row_is(step, "result", "timeout"))
		text = kai_cli_text(cli, "%s", T("NOT CALLED: its program took too long"));
	else
		text = kai_cli_text(cli, "%s", T("NOT CALLED: its program could not be started"));
	return said[0] != '\0' ? kai_cli_text(cli, "%s  %s", text, said) : text;
}

char *kai_ladder_step_line(struct kai_cli *cli, const json_t *ladder, const json_t *step)
{
	static const struct kai_col due = {"due_at", "", KAI_COL_TIME};
	const char *why = kai_row_is(step, "event", "link-silent")     ? T("the link is silent")
			  : kai_row_is(step, "event", "person-silent") ? T("a person is silent")
								       : T("not acknowledged");
	const char *way = kai_row_str(step, "channel");

	return kai_cli_text(cli, T("%s  %s %s  %s (%s): %s"), kai_view_table_cell(cli, &due, step),
			    whom(cli, ladder, kai_row_str(step, "role")),
			    kai_view_safe(cli, kai_row_str(step, "name"), false),
			    way[0] != '\0' ? kai_view_safe(cli, way, false) : T("nobody is named"),
			    why, result_of(cli, step));
}

char *kai_ladder_next_line(struct kai_cli *cli, const json_t *ladder)
{
	static const struct kai_col next = {"next_at", "", KAI_COL_UNTIL};

	if (kai_row_str(ladder, "next")[0] == '\0')
		return NULL;
	return kai_cli_text(cli, "%s  %s", whom(cli, ladder, kai_row_str(ladder, "next")),
			    kai_view_cell(cli, &next, ladder));
}

char *kai_ladders_sum_line(struct kai_cli *cli, const json_t *sum)
{
	static const struct kai_col next = {"next_at", "", KAI_COL_UNTIL};
	static const struct kai_col links = {"links", "", KAI_COL_LIST};
	long long open = (long long)json_integer_value(json_object_get(sum, "open"));
	char *text;

	if (open == 0)
		return NULL;
	text = kai_cli_text(cli, T("%lld silent"), open);
	if (json_array_size(json_object_get(sum, "links")) > 0)
		text = kai_cli_text(cli, T("%s; nothing heard of %s"), text,
				    kai_view_cell(cli, &links, sum));
	if (kai_row_str(sum, "next")[0] != '\0')
		text = kai_cli_text(cli, T("%s; next: %s  %s"), text, T(kai_row_str(sum, "next")),
				    kai_view_cell(cli, &next, sum));
	return text;
}
