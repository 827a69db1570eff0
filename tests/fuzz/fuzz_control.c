/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control requests: the first byte chooses the request's type, or none, the rest is its bytes, or a
 * whole request built to fit the node. Each is answered once, with an answer that its own table
 * takes, and leaves a store without a problem. What decodes keeps the bijection.
 *
 *   byte 0: 0 to 15: that type's object, whose bytes follow; others: requests as talk.h makes them
 */
#include <string.h>

#include "codec.h"
#include "kairan/rec.h"
#include "craft.h"
#include "input.h"
#include "talk.h"

#define MAX_LEN 65536u
#define REQUESTS 4u

static unsigned answers;

static void look(struct town *town, unsigned node, const struct kai_output *output)
{
	static uint8_t memory[65536];
	struct kai_arena arena = {memory, sizeof(memory), 0, false};
	const struct kai_ctl_answer *answer;
	struct kai_state state;

	(void)town;
	if (output == NULL)
		return;
	MUST(node != TOWN_V || output->type != KAI_OUTPUT_SEND); /* nobody is connected */
	if (output->type != KAI_OUTPUT_ANSWER)
		return;
	answers++;
	MUST(node == TOWN_V && output->client == 1);
	answer = codec_accept(&kai_object_ctl_answer, output->bytes);
	MUST(answer->exit == 0 || answer->exit == 1 || answer->exit == 3 || answer->exit == 4);
	MUST((answer->exit == 0) == (answer->reason.len == 0));
	if (answer->exit == 0 && answer->body.len > 0 &&
	    kai_object_decode(&kai_object_state, answer->body, &arena, &state) == KAI_FAULT_NONE)
		MUST(state.peers_count <= TOWN_NODES);
}

static void report(void *context, enum kai_table table, struct kai_span key, const char *problem)
{
	(void)context;
	(void)table;
	(void)key;
	(void)problem;
}

static void check_store(struct town *town)
{
	struct kai_store_check check = {.report = report};

	MUST(kai_store_check(town->nodes[TOWN_V].store, &check, NULL) == KAI_ERR_OK);
	MUST(check.problems == 0);
}

/* Its signature is the fuzzers'. NOLINTNEXTLINE(readability-non-const-parameter) */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	town_found();
	craft_found();
	return 0;
}

/* Version and type are put before the bytes, which are the rest of the object's fields. */
static struct kai_span typed(uint64_t type, struct kai_span rest)
{
	static uint8_t bytes[MAX_LEN + 16];
	const struct kai_object *object = kai_control_object(type);
	size_t count = object == NULL ? 2 : object->field_count;

	bytes[0] = (uint8_t)(0x90 | (count & 0xf));
	bytes[1] = KAI_VERSION;
	bytes[2] = (uint8_t)type;
	memcpy(bytes + 3, rest.at, rest.len);
	struct kai_span request = kai_span(bytes, rest.len + 3);

	if (object != NULL)
		(void)codec_check(object, request);
	return request;
}

static void ask(struct town *town, struct kai_span request)
{
	unsigned before = answers;

	town_control(town, TOWN_V, request);
	MUST(answers == before + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_input input = fuzz_input(data, len);

	if (len < 2 || len > MAX_LEN)
		return 0;
	uint8_t how = fuzz_byte(&input);

	answers = 0;
	talk_begin();
	struct town *town = town_open((how & 0x80) != 0, &kai_quota_default, look);

	if ((how & 0x7f) < 16) {
		ask(town, typed(how & 0x7f, fuzz_rest(&input)));
	} else {
		for (unsigned i = 0; i < REQUESTS && input.left > 0; i++) {
			struct kai_span request = talk_request(town, &input);

			ask(town, talk_changed(request, &input));
		}
	}
	check_store(town);
	town_close(town);
	return 0;
}
