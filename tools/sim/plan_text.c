/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan as text: a head in fixed order, one line for each node that is not a plain one, one for each
 * community, one for each operation. Reading is strict, so that what is read and printed again is the
 * same text; blank lines and lines that begin with # are passed over.
 */
#include "make.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LINE_LEN 4096u
#define MAX_OPS 4000000u
#define MAX_MS (100LL * 365 * 86400000) /* of any time */
#define FIRST_LINE "kairan-sim-plan 1"

/* ---- words ---- */

static const struct {
	const char *word;
	const char *args;
} op_rows[] = {
#define X(NAME, op_word, op_args) [SIM_OP_##NAME] = {.word = (op_word), .args = (op_args)},
	SIM_X_OP(X)
#undef X
};

static const char *const topology_words[] = {
	[SIM_REFERENCE] = "reference", [SIM_SECTORS] = "sectors", [SIM_SMALL_WORLD] = "small-world",
	[SIM_HUBS] = "hubs",	       [SIM_LINE] = "line",
};

const char *sim_op_word(enum sim_op_type type)
{
	return type < SIM_OP_END ? op_rows[type].word : "?";
}

const char *sim_topology_word(enum sim_topology topology)
{
	return topology < SIM_TOPOLOGY_COUNT ? topology_words[topology] : "?";
}

/* The next word of a list: its length, and *io_at behind its start; 0 at the end. */
static size_t next_word(const char **io_at)
{
	*io_at += strspn(*io_at, " ");
	return strcspn(*io_at, " ");
}

static unsigned arg_index(enum sim_op_type type, const char *name, size_t len)
{
	const char *at = op_rows[type].args;
	size_t word;

	for (unsigned i = 0; (word = next_word(&at)) > 0; i++, at += word) {
		if (word == len && memcmp(at, name, len) == 0)
			return i;
	}
	return SIM_OP_ARGS;
}

unsigned sim_op_arg(enum sim_op_type type, const char *name)
{
	return type < SIM_OP_END ? arg_index(type, name, strlen(name)) : SIM_OP_ARGS;
}

/* ---- the head: one row a line, in this order ---- */

struct head {
	uint64_t seed, topology, nodes, communities, faults_end, length, delay, jitter, kbytes,
		quota;
};

static const struct head_row {
	const char *word;
	size_t offset;
	uint64_t min, max;
} head_rows[] = {
	{"seed", offsetof(struct head, seed), 0, UINT64_MAX},
	{"nodes", offsetof(struct head, nodes), 1, SIM_MAX_NODES},
	{"communities", offsetof(struct head, communities), 0, SIM_MAX_COMMUNITIES},
	{"faults-end", offsetof(struct head, faults_end), 0, MAX_MS},
	{"length", offsetof(struct head, length), 0, MAX_MS},
	{"delay", offsetof(struct head, delay), 0, MAX_MS},
	{"jitter", offsetof(struct head, jitter), 0, MAX_MS},
	{"kbytes", offsetof(struct head, kbytes), 0, INT64_MAX},
	{"quota", offsetof(struct head, quota), 1, 1000000},
};
#define HEAD_ROWS (sizeof(head_rows) / sizeof(head_rows[0]))

static uint64_t *head_field(struct head *head, size_t row)
{
	return (uint64_t *)(void *)((char *)head + head_rows[row].offset);
}

/* ---- printing ---- */

static void print_head(const struct sim_plan *plan, FILE *to)
{
	struct head head = {
		.seed = plan->seed,
		.nodes = plan->node_count,
		.communities = plan->community_count,
		.faults_end = (uint64_t)plan->faults_end_ms,
		.length = (uint64_t)plan->length_ms,
		.delay = (uint64_t)plan->delay_ms,
		.jitter = (uint64_t)plan->jitter_ms,
		.kbytes = (uint64_t)plan->kbytes_per_s,
		.quota = plan->quota_scale_percent,
	};

	(void)fprintf(to, "%s\ntopology %s\n", FIRST_LINE, sim_topology_word(plan->topology));
	for (size_t i = 0; i < HEAD_ROWS; i++)
		(void)fprintf(to, "%s %" PRIu64 "\n", head_rows[i].word, *head_field(&head, i));
}

static void print_value(FILE *to, const char *name, size_t len, uint64_t value)
{
	if (value != 0)
		(void)fprintf(to, " %.*s=%" PRIu64, (int)len, name, value);
}

static void print_op(const struct sim_op *op, FILE *to)
{
	const char *at = op_rows[op->type].args;
	size_t word;

	(void)fprintf(to, "%" PRIu32 " at=%" PRId64 " %s", op->number, op->at_ms,
		      op_rows[op->type].word);
	print_value(to, "node", 4, op->node);
	print_value(to, "other", 5, op->other);
	for (unsigned i = 0; (word = next_word(&at)) > 0; i++, at += word)
		print_value(to, at, word, op->args[i]);
	(void)fputc('\n', to);
}

void sim_plan_print(const struct sim_plan *plan, FILE *to)
{
	print_head(plan, to);
	for (uint32_t i = 0; i < plan->node_count; i++) {
		const struct sim_plan_node *node = &plan->nodes[i];

		if (node->lies == 0 && node->country == 0 && node->sector == 0)
			continue;
		(void)fprintf(to, "node %" PRIu32, i);
		print_value(to, "lies", 4, node->lies);
		print_value(to, "country", 7, node->country);
		print_value(to, "sector", 6, node->sector);
		(void)fputc('\n', to);
	}
	for (uint32_t i = 0; i < plan->community_count; i++)
		(void)fprintf(to, "community %" PRIu32 " keeper=%" PRIu32 " name=%s\n", i,
			      plan->communities[i].keeper, plan->communities[i].name);
	for (uint32_t i = 0; i < plan->op_count; i++)
		print_op(&plan->ops[i], to);
}

/* ---- reading ---- */

struct reader {
	FILE *from;
	struct kai_why *why;
	struct sim_plan *plan;
	unsigned long line;
	char text[LINE_LEN];
	const char *at; /* in text */
	uint32_t next_node, next_community;
};

static enum kai_err bad(struct reader *reader, const char *reason)
{
	return kai_fail(reader->why, KAI_ERR_INVALID, "plan, line %lu: %s", reader->line, reason);
}

/* The next line that says something; NOTFOUND at the end, everything else with a word. */
static enum kai_err next_line(struct reader *reader)
{
	for (;;) {
		size_t len = 0;
		int c = getc(reader->from);

		if (c == EOF)
			return ferror(reader->from) != 0
				       ? kai_fail(reader->why, KAI_ERR_IO, "plan: cannot be read")
				       : KAI_ERR_NOTFOUND;
		reader->line++;
		for (; c != '\n' && c != EOF; c = getc(reader->from)) {
			if (c < ' ' || c > '~')
				return bad(reader, "a character that no plan has");
			if (len + 1 == sizeof(reader->text))
				return bad(reader, "the line is too long");
			reader->text[len++] = (char)c;
		}
		if (c == EOF)
			return bad(reader, "the last line does not end");
		reader->text[len] = '\0';
		reader->at = reader->text;
		if (len > 0 && reader->text[0] != '#')
			return KAI_ERR_OK;
	}
}

static bool take(struct reader *reader, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(reader->at, word, len) != 0)
		return false;
	reader->at += len;
	return true;
}

/* Decimal, no sign, no leading zero. */
static bool take_number(struct reader *reader, uint64_t *ret)
{
	const char *at = reader->at;
	uint64_t value = 0;

	if (*at < '0' || *at > '9' || (*at == '0' && at[1] >= '0' && at[1] <= '9'))
		return false;
	for (; *at >= '0' && *at <= '9'; at++) {
		uint64_t digit = (uint64_t)(*at - '0');

		if (value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	reader->at = at;
	*ret = value;
	return true;
}

/* " NAME=VALUE": the name's place and length; the end of the line: *ret_len 0. */
static enum kai_err take_pair(struct reader *reader, const char **ret_name, size_t *ret_len,
			      uint64_t *ret_value)
{
	*ret_len = 0;
	if (*reader->at == '\0')
		return KAI_ERR_OK;
	if (!take(reader, " "))
		return bad(reader, "name=value expected");
	const char *name = reader->at;
	size_t len = strcspn(name, "= ");

	if (len == 0 || name[len] != '=')
		return bad(reader, "name=value expected");
	reader->at += len + 1;
	if (!take_number(reader, ret_value))
		return bad(reader, "a number is wanted after =");
	if (*ret_value == 0)
		return bad(reader, "what is zero is left out");
	*ret_name = name;
	*ret_len = len;
	return KAI_ERR_OK;
}

/* A line of the head; `what` says what was expected when the text ends before. */
static enum kai_err head_line(struct reader *reader, const char *what)
{
	enum kai_err err = next_line(reader);

	return err == KAI_ERR_NOTFOUND ? bad(reader, what) : err;
}

static enum kai_err read_head(struct reader *reader)
{
	static const char no_plan[] = "this is no plan of version 1";
	static const char no_topology[] = "topology expected";
	static const char no_head[] = "the head is not what it should be";
	struct sim_plan *plan = reader->plan;
	struct head head = {0};
	enum kai_err err = head_line(reader, no_plan);

	if (err == KAI_ERR_OK && strcmp(reader->text, FIRST_LINE) != 0)
		err = bad(reader, no_plan);
	if (err == KAI_ERR_OK)
		err = head_line(reader, no_topology);
	if (err == KAI_ERR_OK && !take(reader, "topology "))
		err = bad(reader, no_topology);
	if (err != KAI_ERR_OK)
		return err;
	while (head.topology < SIM_TOPOLOGY_COUNT &&
	       strcmp(reader->at, topology_words[head.topology]) != 0)
		head.topology++;
	if (head.topology == SIM_TOPOLOGY_COUNT)
		return bad(reader, "unknown topology");
	for (size_t i = 0; i < HEAD_ROWS; i++) {
		uint64_t *field = head_field(&head, i);

		err = head_line(reader, no_head);
		if (err != KAI_ERR_OK)
			return err;
		if (!take(reader, head_rows[i].word) || !take(reader, " ") ||
		    !take_number(reader, field) || *reader->at != '\0')
			return bad(reader, no_head);
		if (*field < head_rows[i].min || *field > head_rows[i].max)
			return bad(reader, "the number is out of range");
	}
	if (head.faults_end > head.length)
		return bad(reader, "the run ends before its faults do");
	plan->seed = head.seed;
	plan->topology = (enum sim_topology)head.topology;
	plan->node_count = (uint32_t)head.nodes;
	plan->community_count = (uint32_t)head.communities;
	plan->faults_end_ms = (int64_t)head.faults_end;
	plan->length_ms = (int64_t)head.length;
	plan->delay_ms = (int64_t)head.delay;
	plan->jitter_ms = (int64_t)head.jitter;
	plan->kbytes_per_s = (int64_t)head.kbytes;
	plan->quota_scale_percent = head.quota;
	plan->nodes = sim_need(calloc(plan->node_count, sizeof(*plan->nodes)));
	plan->communities =
		sim_need(calloc(plan->community_count + (size_t)1, sizeof(*plan->communities)));
	return KAI_ERR_OK;
}

static bool is_name(const char *name, size_t len, const char *word)
{
	return strlen(word) == len && memcmp(name, word, len) == 0;
}

static enum kai_err read_node(struct reader *reader)
{
	uint64_t number = 0;
	const char *name = "";
	size_t len = 0;
	uint64_t value = 0;

	if (!take_number(reader, &number) || number >= reader->plan->node_count ||
	    number < reader->next_node)
		return bad(reader, "there is no such node, or not here");
	struct sim_plan_node *node = &reader->plan->nodes[number];
	unsigned last = 0;

	reader->next_node = (uint32_t)number + 1;
	for (;;) {
		enum kai_err err = take_pair(reader, &name, &len, &value);
		unsigned field = is_name(name, len, "lies")	 ? 1u
				 : is_name(name, len, "country") ? 2u
				 : is_name(name, len, "sector")	 ? 3u
								 : 0u;

		if (err != KAI_ERR_OK || len == 0)
			return err != KAI_ERR_OK || last > 0 ? err : bad(reader, "a plain node");
		if (field <= last)
			return bad(reader, "unknown name, or out of order");
		last = field;
		if (field == 1)
			node->lies = value;
		else if (value >= (field == 2 ? SIM_COUNTRIES : sim_sector_count()))
			return bad(reader, "the number is out of range");
		else if (field == 2)
			node->country = (uint8_t)value;
		else
			node->sector = (uint8_t)value;
	}
}

static enum kai_err read_community(struct reader *reader)
{
	uint64_t number = 0;
	uint64_t keeper = 0;

	if (!take_number(reader, &number) || number != reader->next_community ||
	    number >= reader->plan->community_count)
		return bad(reader, "there is no such community, or not here");
	struct sim_community *community = &reader->plan->communities[number];

	reader->next_community++;
	if (!take(reader, " keeper=") || !take_number(reader, &keeper) ||
	    keeper >= reader->plan->node_count || !take(reader, " name="))
		return bad(reader, "keeper=NODE name=NAME expected");
	size_t len = strspn(reader->at, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (len == 0 || len >= sizeof(community->name) || reader->at[len] != '\0')
		return bad(reader, "a community's name is 1 to 15 small letters, digits and -");
	community->keeper = (uint32_t)keeper;
	memcpy(community->name, reader->at, len);
	return KAI_ERR_OK;
}

static enum sim_op_type take_op_word(struct reader *reader)
{
	size_t len = strcspn(reader->at, " ");

	for (unsigned type = 0; type < SIM_OP_END; type++) {
		if (is_name(reader->at, len, op_rows[type].word)) {
			reader->at += len;
			return (enum sim_op_type)type;
		}
	}
	return SIM_OP_END;
}

/* The pairs behind an operation's word, in order: node, other, then its own. */
static enum kai_err read_args(struct reader *reader, struct sim_op *op)
{
	unsigned next = 0;

	for (;;) {
		const char *name;
		size_t len;
		uint64_t value = 0;
		enum kai_err err = take_pair(reader, &name, &len, &value);

		if (err != KAI_ERR_OK || len == 0)
			return err;
		bool node = is_name(name, len, "node");
		bool other = is_name(name, len, "other");
		unsigned index = node ? 0u : other ? 1u : 2u + arg_index(op->type, name, len);

		if (index >= 2u + SIM_OP_ARGS)
			return bad(reader, "this operation has nothing of that name");
		if (index < next)
			return bad(reader, "named twice, or out of order");
		if ((node || other) && value >= reader->plan->node_count)
			return bad(reader, "there is no such node");
		next = index + 1;
		if (node)
			op->node = (uint32_t)value;
		else if (other)
			op->other = (uint32_t)value;
		else
			op->args[index - 2] = value;
	}
}

static enum kai_err read_op(struct reader *reader)
{
	struct sim_plan *plan = reader->plan;
	uint64_t number = 0;
	uint64_t at = 0;

	if (!take_number(reader, &number) || !take(reader, " at=") || !take_number(reader, &at) ||
	    !take(reader, " "))
		return bad(reader, "NUMBER at=MS WORD … expected");
	enum sim_op_type type = take_op_word(reader);

	if (type == SIM_OP_END)
		return bad(reader, "unknown operation");
	if (number >= UINT32_MAX || at > (uint64_t)plan->length_ms)
		return bad(reader, "the number is out of range");
	if (plan->op_count == MAX_OPS)
		return bad(reader, "too many operations");
	struct sim_op *op = sim_plan_add(plan, type, (int64_t)at, 0, 0);

	op->number = (uint32_t)number;
	if (plan->op_count > 1 && (op[-1].at_ms > op->at_ms ||
				   (op[-1].at_ms == op->at_ms && op[-1].number >= op->number)))
		return bad(reader, "operations stand by time, then by number");
	return read_args(reader, op);
}

static int by_number(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a;
	uint32_t right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

static enum kai_err check_numbers(struct reader *reader)
{
	const struct sim_plan *plan = reader->plan;
	uint32_t *numbers = sim_need(malloc((plan->op_count + (size_t)1) * sizeof(*numbers)));
	bool twice = false;

	for (uint32_t i = 0; i < plan->op_count; i++)
		numbers[i] = plan->ops[i].number;
	qsort(numbers, plan->op_count, sizeof(*numbers), by_number);
	for (uint32_t i = 1; i < plan->op_count; i++)
		twice |= numbers[i - 1] == numbers[i];
	free(numbers);
	return twice ? bad(reader, "two operations have one number") : KAI_ERR_OK;
}

static enum kai_err read_all(struct reader *reader)
{
	enum kai_err err = read_head(reader);
	unsigned stage = 0; /* nodes, communities, operations */

	while (err == KAI_ERR_OK) {
		err = next_line(reader);
		if (err != KAI_ERR_OK)
			break;
		unsigned now = take(reader, "node ") ? 0u : take(reader, "community ") ? 1u : 2u;

		if (now < stage) {
			err = bad(reader, "nodes stand before communities, both before operations");
			break;
		}
		stage = now;
		err = now == 0	 ? read_node(reader)
		      : now == 1 ? read_community(reader)
				 : read_op(reader);
	}
	if (err != KAI_ERR_NOTFOUND)
		return err;
	if (reader->next_community != reader->plan->community_count)
		return bad(reader, "fewer communities than the head says");
	return check_numbers(reader);
}

enum kai_err sim_plan_read(FILE *from, struct sim_plan **ret, struct kai_why *why)
{
	struct reader reader = {.from = from,
				.why = why,
				.at = "",
				.plan = sim_need(calloc(1, sizeof(struct sim_plan)))};
	enum kai_err err = read_all(&reader);

	if (err != KAI_ERR_OK) {
		sim_plan_free(reader.plan);
		return err;
	}
	*ret = reader.plan;
	return KAI_ERR_OK;
}
