/* SPDX-License-Identifier: Apache-2.0 */
#include "kairan/control.h"

#define X(object, list) KAI_DEFINE(object, list);
KAI_X_CONTROL_OBJECT(X)
#undef X

const struct kai_object *kai_control_object(uint64_t type)
{
	switch (type) {
#define X(NAME, name, number)                                                                      \
	case (number):                                                                             \
		return &kai_object_##name;
		KAI_X_CONTROL(X)
#undef X
	default:
		return NULL;
	}
}
