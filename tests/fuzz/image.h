/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that a store holds, kept to make stores like it. Heap; one thread; aborts where it cannot.
 */
#ifndef KAIRAN_FUZZ_IMAGE_H
#define KAIRAN_FUZZ_IMAGE_H

#include "fuzz.h"
#include "kairan/store.h"

struct image_row {
	enum kai_table table;
	struct kai_span key, value;
};

struct image {
	struct image_row *rows;
	size_t count;
	uint8_t *bytes; /* that the rows point into */
};

struct image *image_take(struct kai_store *store);
/* A new store in memory with the same rows. */
struct kai_store *image_store(const struct image *image);

#endif
