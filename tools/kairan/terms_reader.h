/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One reading of terms: the values (terms_values.c) under the groups (terms_read.c). The first
 * error is kept, with the line where it stands. Lives for one call of kai_terms_read.
 */
#ifndef KAIRAN_TERMS_READER_H
#define KAIRAN_TERMS_READER_H

#include <libconfig.h>

#include "terms_rows.h"

struct kai_terms_reader {
	const char *file;
	const struct kai_terms_names *names;
	struct kai_arena *arena;
	struct kai_terms_error *error;
};

/* Fills the error; false, so that one can `return kai_terms_fail(...)`. */
bool kai_terms_fail(struct kai_terms_reader *reader, const config_setting_t *at, const char *fmt,
		    ...) KAI_PRINTF(3, 4);
/* Takes from the arena; NULL after filling the error. */
void *kai_terms_take(struct kai_terms_reader *reader, size_t size);
/* How many elements an array or list has, at most max. */
bool kai_terms_elements(struct kai_terms_reader *reader, const config_setting_t *at, uint64_t max,
			size_t *ret_count);
/* Reads a value that is not itself a group into the row's member of object. */
bool kai_terms_value(struct kai_terms_reader *reader, const struct kai_term_row *row,
		     const config_setting_t *at, uint8_t *object);

#endif
