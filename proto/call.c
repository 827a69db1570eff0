/* SPDX-License-Identifier: Apache-2.0 */
#include "kairan/call.h"

#define X(object, list) KAI_DEFINE(object, list);
KAI_X_CALL_OBJECT(X)
#undef X
