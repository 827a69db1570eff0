/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scenario: a text of one statement a line, small enough to read aloud, with the fields of what is filed
 * indented below it. One table of statements (statements.c) says what may stand there and what it does; one
 * reader (scenario.c) matches lines against it and complains with file and line before anything is started.
 * Strings lie in the cli's arena. One thread.
 */
#ifndef KAIRAN_LAB_SCENARIO_H
#define KAIRAN_LAB_SCENARIO_H

#include "lab.h"

#define KAI_LAB_MAX_STEPS 256
#define KAI_LAB_MAX_ITEMS 64
#define KAI_LAB_MAX_FIELDS 40
#define KAI_LAB_MAX_VALUES 8
#define KAI_LAB_MAX_ITEM_NAME 32

struct kai_lab_stage;
struct kai_lab_step;

/*
 * A pattern is words; those in capitals stand for something:
 *   NODE    a node of the topology                 NODES   one or more: a, b and c; everybody
 *   ITEM    an item that was named before          NEW     a name for a new one: capitals, digits, dashes
 *   SPAN    a duration: 500ms, 30s, 10m, 2h, 2d    CLOCK   a time of day: 03:00:01
 *   NUMBER  a whole number                         WORD    one word
 *   TEXT    "in quotes"
 */
struct kai_lab_statement {
	const char *pattern;
	bool fields; /* indented lines may follow */
	int (*run)(struct kai_lab_stage *stage, const struct kai_lab_step *step);
};
extern const struct kai_lab_statement kai_lab_statements[];
extern const size_t kai_lab_statement_count;

/* What one capital word of the pattern stands for. */
struct kai_lab_value {
	const char *text; /* as it was written */
	int64_t number;	  /* NUMBER; SPAN and CLOCK in milliseconds */
	uint64_t nodes;	  /* NODE, NODES: one bit each */
	size_t node;	  /* NODE */
	size_t item;	  /* ITEM, NEW */
};

/* "name value": an option or a field of what is filed; "part" has its own members in words. */
struct kai_lab_field {
	const char *name;
	const char *value;
	unsigned line;
};

struct kai_lab_step {
	const struct kai_lab_statement *statement;
	unsigned line;
	const char *text; /* the line, without what is around it */
	struct kai_lab_value values[KAI_LAB_MAX_VALUES];
	size_t value_count;
	struct kai_lab_field fields[KAI_LAB_MAX_FIELDS];
	size_t field_count;
};

struct kai_lab_scenario {
	const char *path;
	const char *folder; /* where its files lie */
	const char *name;   /* of the file: "S1" */
	const char *title;  /* from its first statement, story "…" */
	struct kai_lab_step steps[KAI_LAB_MAX_STEPS];
	size_t step_count;
	char items[KAI_LAB_MAX_ITEMS][KAI_LAB_MAX_ITEM_NAME + 1];
	size_t item_count;
};

/* Reads it against the topology's nodes. An exit code; complaints say file:line: what (what to do). */
int kai_lab_scenario_read(struct kai_cli *cli, const struct kai_lab *lab, const char *path,
			  struct kai_lab_scenario *ret);
/* "90s" and the like in milliseconds; false: not a duration. */
bool kai_lab_span(const char *text, int64_t *ret_ms);

#endif
