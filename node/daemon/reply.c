/* SPDX-License-Identifier: Apache-2.0 */
#include "reply.h"

#include <stdio.h>
#include <stdlib.h>

#define ARENA_LEN ((size_t)4 * 1024 * 1024)
#define EXIT_REFUSED 1

bool kai_reply_is_status(struct kai_span request)
{
	uint8_t memory[256];
	struct kai_arena arena = {.at = memory, .cap = sizeof(memory)};
	struct kai_ctl_status status;

	return kai_object_decode(&kai_object_ctl_status, request, &arena, &status) ==
	       KAI_FAULT_NONE;
}

static uint8_t *encode(const struct kai_object *object, const void *from, size_t *ret_len)
{
	uint8_t *at = malloc(KAI_MAX_CONTROL);

	if (at == NULL)
		return NULL;
	*ret_len = kai_object_encode(object, from, at, KAI_MAX_CONTROL);
	if (*ret_len == 0) {
		free(at);
		return NULL;
	}
	return at;
}

uint8_t *kai_reply_storage(enum kai_err err, size_t *ret_len)
{
	char text[256];
	struct kai_ctl_answer answer = {.version = 1, .exit = EXIT_REFUSED};

	(void)snprintf(text, sizeof(text), "the node could not store it: %s (%s)",
		       kai_err_text(err),
		       err == KAI_ERR_FULL ? "free space or raise store.quota_bytes, then try again"
					   : "look into the node's log, then try again");
	answer.reason = kai_span_str(kai_fault_name(KAI_FAULT_STORAGE));
	answer.text = kai_span_str(text);
	return encode(&kai_object_ctl_answer, &answer, ret_len);
}

uint8_t *kai_reply_read_only(struct kai_span bytes, size_t *ret_len)
{
	struct kai_arena arena = {.at = malloc(ARENA_LEN), .cap = ARENA_LEN};
	struct kai_ctl_answer answer;
	struct kai_state state;
	uint8_t *result = NULL;

	if (arena.at == NULL)
		return NULL;
	if (kai_object_decode(&kai_object_ctl_answer, bytes, &arena, &answer) == KAI_FAULT_NONE &&
	    kai_object_decode(&kai_object_state, answer.body, &arena, &state) == KAI_FAULT_NONE) {
		state.read_only = true;
		answer.body = kai_object_encode_in(&kai_object_state, &state, &arena);
		if (answer.body.len > 0)
			result = encode(&kai_object_ctl_answer, &answer, ret_len);
	}
	free(arena.at);
	return result;
}
