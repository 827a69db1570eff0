/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stateless check of a frame: whatever comes, it names a fault or fills in what it says, within
 * KAI_CHECK_ARENA. What it accepts is one encoding of one object, and its header another.
 */
#include "codec.h"

#include "kairan/check.h"

static void check_item(const struct kai_checked *checked)
{
	const struct kai_span header = checked->type == KAI_MSG_PUSH
					       ? checked->msg.push.advisory.header
					       : checked->msg.chunk.head->header;
	uint8_t id[KAI_ID_LEN];

	MUST((unsigned)checked->item_fault < KAI_FAULT_END);
	if (checked->item_fault != KAI_FAULT_NONE)
		return;
	MUST(checked->hashed >> checked->header.parts_count == 0);
	kai_advisory_id(checked->header.realm, header, id);
	MUST(kai_id_equal(id, checked->id));
	(void)codec_accept(&kai_object_header, header);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t memory[KAI_CHECK_ARENA];
	static struct kai_checked checked;
	struct kai_arena arena = {memory, sizeof(memory), 0, false};
	struct kai_span in = kai_span(data, len);

	kai_frame_check(in, &arena, &checked);
	MUST((unsigned)checked.fault < KAI_FAULT_END);
	MUST(checked.frame_len == len);
	if (checked.fault != KAI_FAULT_NONE) {
		MUST(!checked.has_item);
		return 0;
	}
	MUST(len <= KAI_MAX_FRAME && kai_msg_object(checked.type) != NULL);
	(void)codec_accept(kai_msg_object(checked.type), in);
	if (checked.has_item)
		check_item(&checked);
	return 0;
}
