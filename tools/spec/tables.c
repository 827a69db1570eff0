/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints SPEC.md's tables from the tables that the code runs on, so that the two cannot drift. Built, not installed.
 * Writes Markdown to stdout: objects, faults, contexts, kinds.
 */
#include <stdio.h>
#include <string.h>

#include "kairan/crypto.h"
#include "kairan/frames.h"
#include "kairan/kinds.h"

static void print_bounds(const struct kai_field *field)
{
	if (field->min == field->max && field->type != KAI_T_U64)
		(void)printf("%llu", (unsigned long long)field->max);
	else if (field->min == field->max)
		(void)printf("= %llu", (unsigned long long)field->max);
	else
		(void)printf("%llu … %llu", (unsigned long long)field->min,
			     (unsigned long long)field->max);
}

static void print_type(const struct kai_field *field)
{
	static const char *const words[] = {
		[KAI_T_U64] = "uint ",
		[KAI_T_BOOL] = "bool",
		[KAI_T_FIX] = "bin, ",
		[KAI_T_OPT] = "nil or bin, 32 bytes",
		[KAI_T_BIN] = "bin, bytes ",
		[KAI_T_STR] = "str, bytes ",
		[KAI_T_IDS] = "array of bin 32, count ",
		[KAI_T_STRS] = "array of str, count ",
		[KAI_T_BINS] = "array of bin, count ",
		[KAI_T_NUMS] = "array of uint, count ",
		[KAI_T_OBJ] = "",
		[KAI_T_MAYBE] = "nil or ",
		[KAI_T_LIST] = "array of ",
		[KAI_T_EXT] = "array of ext, count ",
	};

	(void)printf("%s", words[field->type]);
	if (field->type == KAI_T_FIX)
		(void)printf("%llu bytes", (unsigned long long)field->arg);
	else if (field->type == KAI_T_OBJ || field->type == KAI_T_MAYBE)
		(void)printf("`%s`", field->object->name);
	else if (field->type == KAI_T_LIST)
		(void)printf("`%s`, count ", field->object->name);
	if (field->type != KAI_T_BOOL && field->type != KAI_T_FIX && field->type != KAI_T_OPT &&
	    field->type != KAI_T_OBJ && field->type != KAI_T_MAYBE)
		print_bounds(field);
	if (field->type == KAI_T_STRS || field->type == KAI_T_BINS)
		(void)printf(", each 1 … %llu bytes", (unsigned long long)field->arg);
	if (field->type == KAI_T_NUMS)
		(void)printf(", each 0 … %llu", (unsigned long long)field->arg);
}

static void print_object(const struct kai_object *object)
{
	(void)printf("\n#### `%s`\n\n| # | field | type and bounds | |\n|---|---|---|---|\n",
		     object->name);
	for (size_t i = 0; i < object->field_count; i++) {
		const struct kai_field *field = &object->fields()[i];

		(void)printf("| %zu | `%s` | ", i, field->name);
		print_type(field);
		(void)printf(" | %s |\n", field->doc);
	}
}

static void print_faults(void)
{
	static const char *const classes[] = {"frame", "rule", "defer", "copy"};

	(void)printf("\n### Faults\n\n| name | class | |\n|---|---|---|\n");
	for (int i = 1; i < KAI_FAULT_END; i++)
		(void)printf("| `%s` | %s | %s |\n", kai_fault_name((enum kai_fault)i),
			     classes[kai_fault_class((enum kai_fault)i)],
			     kai_fault_text((enum kai_fault)i));
}

static void print_contexts(void)
{
	(void)printf("\n### Contexts\n\n| name | 16 bytes, padded with zeros |\n|---|---|\n");
#define X(name, word) (void)printf("| %s | `%s` |\n", #name, word);
	KAI_X_CTX(X)
#undef X
}

static void print_kinds(void)
{
	static const char *const types[] = {"text", "word",	  "time", "number",
					    "id",   "commitment", "cause"};
	static const char *const roles[] = {"", "system", "duty", "decider"};

	(void)printf("\n### Kinds\n\nFields marked * must be there; + may stand more than once. "
		     "Order is row order.\n\n"
		     "| code | kind | signed by | fields of the body |\n|---|---|---|---|\n");
	for (size_t i = 0; i < kai_kind_row_count; i++) {
		const struct kai_kind_row *row = &kai_kind_rows[i];

		(void)printf("| %llu | `%s` | %s × %u | ", (unsigned long long)row->kind, row->word,
			     roles[row->role], row->signers);
		for (size_t j = 0; j < row->field_count; j++) {
			const struct kai_body_field_row *field = &row->fields[j];

			(void)printf("%s`%s`%s%s %s", j > 0 ? "; " : "", field->name,
				     field->mandatory ? "*" : "", field->many ? "+" : "",
				     types[field->type]);
			for (const char *at = field->words != NULL ? field->words : "", *sep = " (";
			     *at != '\0'; sep = ", ") {
				size_t len = strcspn(at, "|");

				(void)printf("%s%.*s", sep, (int)len, at);
				at += len + (at[len] == '|' ? 1 : 0);
				if (*at == '\0')
					(void)printf(")");
			}
		}
		(void)printf(" |\n");
	}
}

int main(void)
{
	(void)printf("### Objects\n");
	for (size_t i = 0; kai_wire_objects[i] != NULL; i++)
		print_object(kai_wire_objects[i]);
	print_object(&kai_object_body_value);
	print_object(&kai_object_body);
	print_kinds();
	print_contexts();
	print_faults();
	return 0;
}
