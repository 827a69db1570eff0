/* SPDX-License-Identifier: Apache-2.0 */
#include "kairan/frames.h"

#define X(object, list) KAI_DEFINE(object, list);
KAI_X_WIRE(X)
#undef X

const struct kai_object *const kai_wire_objects[] = {
#define X(object, list) &kai_object_##object,
	KAI_X_WIRE(X)
#undef X
		NULL};

const struct kai_object *kai_msg_object(uint64_t type)
{
	switch (type) {
#define X(NAME, name, number)                                                                      \
	case (number):                                                                             \
		return &kai_object_##name;
		KAI_X_MSG(X)
#undef X
	default:
		return NULL;
	}
}
