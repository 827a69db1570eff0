/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the CSAF importer: is this JSON shaped as CSAF 2.0 asks? */
#ifndef KAIRAN_IMPORT_CSAF_SHAPE_H
#define KAIRAN_IMPORT_CSAF_SHAPE_H

#include <jansson.h>

#include "csaf.h"

/* false: problem names the path and what is wrong there. */
KAI_MUST_USE bool kai_csaf_shape(const json_t *top, char problem[KAI_CSAF_PROBLEM]);

#endif
