/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file in memory for readers that want a path, and a command line without a terminal. What the
 * command line would say is kept, so that it can be looked at. One thread.
 */
#ifndef KAIRAN_FUZZ_SCRATCH_H
#define KAIRAN_FUZZ_SCRATCH_H

#include "fuzz.h"
#include "kairan/base.h"

/* Path of the one file; its content until the next call. */
const char *scratch_file(struct kai_span content);

/*
 * libconfig's @include reads whatever file the machine has: the input would not say what happens.
 * The files are their owner's own, so this is not a way in.
 */
bool scratch_includes(struct kai_span content);

#endif
