/* SPDX-License-Identifier: Apache-2.0 */
/* The stateless check of a frame: whatever comes, it names a fault or fills in what it says. */
#include "fuzz.h"

#include "kairan/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t memory[KAI_CHECK_ARENA];
	static struct kai_checked checked;
	struct kai_arena arena = {memory, sizeof(memory), 0, false};

	kai_frame_check(kai_span(data, len), &arena, &checked);
	MUST((unsigned)checked.fault < KAI_FAULT_END);
	if (checked.fault != KAI_FAULT_NONE) {
		MUST(!checked.has_item);
		return 0;
	}
	MUST(kai_msg_object(checked.type) != NULL);
	if (checked.has_item && checked.item_fault == KAI_FAULT_NONE)
		MUST(checked.hashed >> checked.header.parts_count == 0);
	return 0;
}
