/* SPDX-License-Identifier: Apache-2.0 */
#include "meaning.h"

#include <string.h>

#include "cursor.h"
#include "kairan/label.h"

enum kai_fault kai_versioned_decode(const struct kai_object *object, struct kai_span bytes,
				    struct kai_arena *arena, void *ret)
{
	struct kai_cursor cursor;
	uint64_t version;

	kai_cursor_init(&cursor, bytes);
	(void)kai_cursor_array(&cursor, 1, UINT16_MAX);
	version = kai_cursor_uint(&cursor);
	if (cursor.fault == KAI_FAULT_NONE && version != KAI_VERSION)
		return KAI_FAULT_VERSION;
	return kai_object_decode(object, bytes, arena, ret);
}

bool kai_ids_ascend(uint8_t (*ids)[KAI_ID_LEN], size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (memcmp(ids[i - 1], ids[i], KAI_ID_LEN) >= 0)
			return false;
	return true;
}

enum kai_fault kai_sectors_check(const struct kai_span *sectors, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!kai_sector_valid(sectors[i]))
			return KAI_FAULT_MEANING;
		if (i > 0 && kai_span_compare(sectors[i - 1], sectors[i]) >= 0)
			return KAI_FAULT_UNORDERED;
	}
	return KAI_FAULT_NONE;
}
