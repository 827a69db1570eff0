/* SPDX-License-Identifier: Apache-2.0 */
#include "kairan/control.h"

#include <string.h>

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

/* [version, type, realm (2 bytes of head), …]: an IN_REALM is an array of four. */
void kai_control_realm(struct kai_span request, uint8_t ret[KAI_REALM_LEN])
{
	static const uint8_t head[] = {0x94, KAI_VERSION, KAI_CONTROL_IN_REALM, 0xc4,
				       KAI_REALM_LEN};

	memset(ret, 0, KAI_REALM_LEN);
	if (request.len >= sizeof(head) + KAI_REALM_LEN &&
	    memcmp(request.at, head, sizeof(head)) == 0)
		memcpy(ret, request.at + sizeof(head), KAI_REALM_LEN);
}
