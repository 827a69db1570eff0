/* SPDX-License-Identifier: Apache-2.0 */
/* What a program is given of a call: its environment, and the item as JSON. */
#include "hooks.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kairan/call.h"
#include "kairan/label.h"
#include "kairan/records.h"
#include "kairan/text.h"

#define JOB_ARENA ((size_t)512 * 1024)

static json_t *text(struct kai_span span)
{
	return json_stringn(span.len > 0 ? (const char *)span.at : "", span.len);
}

static json_t *id_or_null(const struct kai_opt_id *id)
{
	char word[KAI_ID_TEXT];

	if (!id->is)
		return json_null();
	kai_id_text(id->id, word);
	return json_string(word);
}

static json_t *time_or_null(uint64_t at)
{
	char word[KAI_TIME_TEXT];

	if (at == 0)
		return json_null();
	kai_time_text((struct kai_wall){(int64_t)at}, word);
	return json_string(word);
}

static json_t *values_json(const struct kai_call_item *item)
{
	json_t *list = json_array();

	for (size_t i = 0; i < item->values_count; i++)
		(void)json_array_append_new(list, json_pack("{s:o, s:o}", "name",
							    text(item->values[i].name), "value",
							    text(item->values[i].value)));
	return list;
}

static json_t *parts_json(const struct kai_call_item *item)
{
	json_t *list = json_array();

	for (size_t i = 0; i < item->parts_count; i++) {
		const struct kai_call_part *part = &item->parts[i];

		(void)json_array_append_new(
			list,
			json_pack("{s:o, s:o, s:I, s:o}", "name", text(part->name), "media_type",
				  text(part->media_type), "size", (json_int_t)part->size,
				  "withheld",
				  part->withheld.len > 0 ? text(part->withheld) : json_null()));
	}
	return list;
}

static json_t *item_json(const struct kai_call_item *item)
{
	const struct kai_kind_row *kind = item == NULL ? NULL : kai_kind_row(item->kind);
	struct kai_opt_id origin = {.is = true};

	if (item == NULL)
		return json_null();
	memcpy(origin.id, item->origin, KAI_ID_LEN);
	json_t *sectors = json_array();

	for (size_t i = 0; i < item->sectors_count; i++)
		(void)json_array_append_new(sectors, text(item->sectors[i]));
	return json_pack("{s:o, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o}",
			 "origin", id_or_null(&origin), "kind", kind != NULL ? kind->word : "?",
			 "urgency", kai_urgency_word(item->urgency), "tlp", kai_tlp_word(item->tlp),
			 "created_at", time_or_null(item->created_at), "not_after",
			 time_or_null(item->not_after), "received_at",
			 time_or_null(item->received_at), "sectors", sectors, "title",
			 text(item->title), "text", text(item->text), "fields", values_json(item),
			 "cut", (int)item->cut, "parts", parts_json(item));
}

static char *call_json(const struct kai_call *call)
{
	json_t *top = json_pack(
		"{s:o, s:s, s:s, s:I, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"step", text(call->step), "event", kai_silence_word(call->silence), "realm", "live",
		"rung", (json_int_t)call->rung, "again", (int)call->again, "due_at",
		time_or_null(call->due_at), "role", text(call->role), "name", text(call->name),
		"channel", text(call->channel), "other", text(call->other), "hours",
		text(call->hours), "org", id_or_null(&call->org), "alias", text(call->alias), "id",
		id_or_null(&call->id), "withheld",
		call->withheld.len > 0 ? text(call->withheld) : json_null(), "item",
		item_json(call->item));
	char *line = top == NULL ? NULL : json_dumps(top, JSON_COMPACT);

	json_decref(top);
	return line;
}

/* NAME=value; what would be a control character in a terminal is escaped, as in a log. */
static char *variable(const char *name, struct kai_span value)
{
	size_t cap = strlen(name) + 8 * value.len + 2;
	char *line = malloc(cap);

	if (line == NULL)
		return NULL;
	int len = snprintf(line, cap, "%s=", name);

	kai_escape(value, false, line + len, cap - (size_t)len);
	return line;
}

static bool set_env(struct kai_hook_job *job, const struct kai_call *call)
{
	const struct {
		const char *name;
		struct kai_span value;
	} rows[] = {
		{"PATH", kai_span_str("/usr/local/bin:/usr/bin:/bin")},
		{"LANG", kai_span_str("C.UTF-8")},
		{"KAIRAN_REALM", kai_span_str("live")},
		{"KAIRAN_STEP", call->step},
		{"KAIRAN_EVENT", kai_span_str(kai_silence_word(call->silence))},
		{"KAIRAN_AGAIN", kai_span_str(call->again ? "1" : "0")},
		{"KAIRAN_ROLE", call->role},
		{"KAIRAN_CHANNEL", call->channel},
		{"KAIRAN_OTHER_CHANNEL", call->other},
	};
	size_t count = sizeof(rows) / sizeof(rows[0]);

	_Static_assert(sizeof(rows) / sizeof(rows[0]) < KAI_HOOK_ENV, "room for the end");
	for (size_t i = 0; i < count; i++) {
		job->env[i] = variable(rows[i].name, rows[i].value);
		if (job->env[i] == NULL)
			return false;
	}
	return true;
}

static bool fill(struct kai_hook_job *job, struct kai_span bytes, struct kai_arena *arena)
{
	struct kai_call call;

	if (kai_object_decode(&kai_object_call, bytes, arena, &call) != KAI_FAULT_NONE)
		return false;
	memcpy(job->step, call.step.at, call.step.len);
	char *line = call_json(&call);

	if (line == NULL)
		return false;
	job->input_len = strlen(line) + 1;
	job->input = realloc(line, job->input_len + 1);
	if (job->input == NULL) {
		free(line);
		return false;
	}
	memcpy(job->input + job->input_len - 1, "\n", 2);
	return set_env(job, &call);
}

struct kai_hook_job *kai_hook_job_new(const struct kai_call_ref *ref, struct kai_span bytes)
{
	struct kai_arena arena = {malloc(JOB_ARENA), JOB_ARENA, 0, false};
	struct kai_hook_job *job = calloc(1, sizeof(*job));

	if (job != NULL)
		job->ref = *ref;
	if (job == NULL || arena.at == NULL || !fill(job, bytes, &arena)) {
		kai_hook_job_free(job);
		job = NULL;
	}
	free(arena.at);
	return job;
}

void kai_hook_job_free(struct kai_hook_job *job)
{
	if (job == NULL)
		return;
	for (size_t i = 0; i < KAI_HOOK_ENV; i++)
		free(job->env[i]);
	free(job->input);
	free(job);
}
