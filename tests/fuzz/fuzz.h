/* SPDX-License-Identifier: Apache-2.0 */
/* What every fuzz target is: one function over bytes that aborts where a property does not hold. */
#ifndef KAIRAN_FUZZ_H
#define KAIRAN_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
/* Of targets that need one; called once before the first input. */
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

#define MUST(property)                                                                             \
	do {                                                                                       \
		if (!(property))                                                                   \
			abort();                                                                   \
	} while (0)

#endif
