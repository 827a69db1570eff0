/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happened, line by line, for one node or one advisory or all: virtual milliseconds, who, what.
 * An observer: it changes nothing.
 */
#include <string.h>

#include "cli.h"

static bool node_matters(const struct sim_trace *trace, uint32_t node)
{
	return trace->node == UINT32_MAX || trace->node == node;
}

static bool bytes_matter(struct sim *sim, const struct sim_trace *trace, struct kai_span bytes)
{
	if (trace->item == UINT32_MAX)
		return true;
	if (trace->item >= sim_ledger_item_count(sim))
		return false;
	/* A frame names an item by its id or, a push, carries its header. */
	const struct sim_item *item = sim_ledger_item(sim, trace->item);

	return memmem(bytes.at, bytes.len, item->id, KAI_ID_LEN) != NULL ||
	       memmem(bytes.at, bytes.len, item->header_bytes.at, item->header_bytes.len) != NULL;
}

static const char *frame_word(enum kai_msg_type type)
{
	const struct kai_object *object = kai_msg_object(type);

	return object != NULL ? object->name : "?";
}

/* Which items, and why. */
static void refusals(struct sim *sim, const struct sim_trace *trace, struct kai_span bytes)
{
	struct kai_arena *scratch = sim_scratch(sim);
	size_t mark = scratch->used;
	struct kai_refuse refuse;

	if (kai_object_decode(&kai_object_refuse, bytes, scratch, &refuse) == KAI_FAULT_NONE)
		for (size_t i = 0; i < refuse.entries_count; i++) {
			const struct sim_item *item = sim_ledger_find(sim, refuse.entries[i].id);

			(void)fprintf(trace->to, " %d:%.*s", item == NULL ? -1 : (int)item->number,
				      (int)refuse.entries[i].reason.len,
				      (const char *)refuse.entries[i].reason.at);
		}
	scratch->used = mark;
}

/* Of which drill, and what. */
static void envelope(struct sim *sim, const struct sim_trace *trace, struct kai_span bytes)
{
	struct kai_arena *scratch = sim_scratch(sim);
	size_t mark = scratch->used;
	struct kai_realm_frame frame;

	if (kai_object_decode(&kai_object_realm_frame, bytes, scratch, &frame) == KAI_FAULT_NONE)
		(void)fprintf(trace->to, " of %08llx: %s",
			      (unsigned long long)(kai_get_be64(frame.realm) >> 32),
			      frame_word(sim_frame_type(frame.frame)));
	scratch->used = mark;
}

static void frame_line(struct sim *sim, const struct sim_trace *trace,
		       const struct sim_frame *frame, const char *what)
{
	if ((!node_matters(trace, frame->from) && !node_matters(trace, frame->to)) ||
	    !bytes_matter(sim, trace, frame->bytes))
		return;
	(void)fprintf(trace->to, "%12lld %s %u->%u #%llu %s%s%s %zu bytes", (long long)sim_now(sim),
		      what, frame->from, frame->to, (unsigned long long)frame->number,
		      frame_word(frame->type), frame->urgent ? " urgent" : "",
		      frame->forged ? " forged" : "", frame->bytes.len);
	if (frame->type == KAI_MSG_REFUSE)
		refusals(sim, trace, frame->bytes);
	if (frame->type == KAI_MSG_REALM)
		envelope(sim, trace, frame->bytes);
	(void)fputc('\n', trace->to);
}

static void sent(struct sim *sim, void *state, const struct sim_frame *frame)
{
	frame_line(sim, state, frame, "sent");
}

static void received(struct sim *sim, void *state, const struct sim_frame *frame)
{
	frame_line(sim, state, frame, "took");
}

static void traced(struct sim *sim, void *state, struct sim_node *node,
		   const struct kai_output *output)
{
	const struct sim_trace *trace = state;
	const struct sim_item *item;

	if (!node_matters(trace, node->number))
		return;
	item = sim_ledger_find(sim, output->id);
	if (trace->item != UINT32_MAX && (item == NULL || item->number != trace->item))
		return;
	(void)fprintf(trace->to, "%12lld said %u %s %s %llu", (long long)sim_now(sim), node->number,
		      output->event, output->rule != NULL ? output->rule : "-",
		      (unsigned long long)output->number);
	if (item != NULL)
		(void)fprintf(trace->to, " item %u", item->number);
	const struct sim_node *other = sim_node_of(sim, output->org);

	if (other != NULL)
		(void)fprintf(trace->to, " with %u", other->number);
	(void)fputc('\n', trace->to);
}

static void restarted(struct sim *sim, void *state, struct sim_node *node, bool restored)
{
	const struct sim_trace *trace = state;

	if (node_matters(trace, node->number))
		(void)fprintf(trace->to, "%12lld boot %u%s\n", (long long)sim_now(sim),
			      node->number, restored ? " from a backup" : "");
}

const struct sim_checker sim_tracer = {
	.name = "trace",
	.sent = sent,
	.received = received,
	.traced = traced,
	.restarted = restarted,
};
