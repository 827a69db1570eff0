/* SPDX-License-Identifier: Apache-2.0 */
/*
 * box-publish DIR: for each line "TLP ORG,ORG TITLE" on its input, asks the node to publish a
 * secinfo of that title under that label (ORG in base32; "-" for none), and prints the id when the
 * node said that it is done, "refused REASON" when it said no, and "unknown WHY" when it did not
 * answer. The same title again is the same publication. For tests only; a process of its own, so that a test in a script can publish fast.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kairan/client.h"
#include "kairan/control.h"
#include "kairan/kinds.h"
#include "kairan/text.h"

#define ARENA ((size_t)256 * 1024)
#define ASK_MS 20000
#define MOST_ORGS 8

static const char *const tlps[] = {"", "RED", "AMBER+STRICT", "AMBER", "GREEN", "CLEAR"};

struct line {
	uint64_t tlp;
	uint8_t orgs[MOST_ORGS][KAI_ID_LEN];
	size_t org_count;
	const char *title;
};

static int by_id(const void *a, const void *b)
{
	return memcmp(a, b, KAI_ID_LEN);
}

static bool parse(char *text, struct line *ret)
{
	char *at = NULL;
	char *word = strtok_r(text, " ", &at);
	char *orgs = strtok_r(NULL, " ", &at);
	char *rest = NULL;

	memset(ret, 0, sizeof(*ret));
	ret->title = strtok_r(NULL, "\n", &at);
	if (word == NULL || orgs == NULL || ret->title == NULL)
		return false;
	for (size_t i = 1; i < sizeof(tlps) / sizeof(*tlps); i++)
		ret->tlp = strcmp(word, tlps[i]) == 0 ? i : ret->tlp;
	for (char *org = strtok_r(orgs, ",", &rest); org != NULL && strcmp(org, "-") != 0;
	     org = strtok_r(NULL, ",", &rest)) {
		if (ret->org_count == MOST_ORGS ||
		    !kai_base32_parse(org, ret->orgs[ret->org_count++], KAI_ID_LEN))
			return false;
	}
	qsort(ret->orgs, ret->org_count, KAI_ID_LEN, by_id);
	return ret->tlp != 0;
}

static struct kai_span request_of(struct line *line, struct kai_arena *arena)
{
	struct kai_body_value values[] = {{kai_span_str("subtype"), kai_span_str("awareness")},
					  {kai_span_str("action"), kai_span_str("none")}};
	struct kai_body body = {.version = KAI_VERSION,
				.title = kai_span_str(line->title),
				.text = kai_span_str("Published by a test."),
				.values = values,
				.values_count = 2};
	struct kai_audience_entry audience[MOST_ORGS] = {{.type = 0}};
	struct kai_source_mark once = {.name = kai_span_str("")};
	struct kai_span sector = kai_span_str("jp-seed7:pow");
	struct kai_draft_part part = {.name = kai_span_str("main"),
				      .media_type = kai_span_str("kairan/secinfo"),
				      .content =
					      kai_object_encode_in(&kai_object_body, &body, arena)};
	struct kai_ctl_publish request = {.version = KAI_VERSION,
					  .type = KAI_CONTROL_PUBLISH,
					  .source = &once,
					  .draft = {.kind = KAI_KIND_SECINFO,
						    .lang = kai_span_str("en"),
						    .label = {.tlp = line->tlp,
							      .audience = audience,
							      .audience_count = line->org_count,
							      .onward = KAI_ONWARD_ANY,
							      .attribution = KAI_ATTR_NAMED,
							      .pap = KAI_PAP_CLEAR},
						    .sectors = &sector,
						    .sectors_count = 1,
						    .parts = &part,
						    .parts_count = 1}};

	(void)crypto_generichash(once.key, sizeof(once.key), (const uint8_t *)line->title,
				 strlen(line->title), NULL, 0);
	for (size_t i = 0; i < line->org_count; i++) {
		audience[i].type = KAI_AUD_ORG;
		audience[i].org = kai_span(line->orgs[i], KAI_ID_LEN);
	}
	return kai_object_encode_in(&kai_object_ctl_publish, &request, arena);
}

static void publish(const char *dir, struct line *line, struct kai_arena *arena)
{
	struct kai_ctl_answer answer;
	struct kai_why why = {.text = ""};
	char id[KAI_ID_TEXT];
	uint8_t *bytes = NULL;
	size_t len = 0;

	arena->used = 0;
	if (kai_client_ask(dir, request_of(line, arena), ASK_MS, &bytes, &len, &why) !=
	    KAI_ERR_OK) {
		(void)printf("unknown %s\n", why.text);
	} else if (kai_object_decode(&kai_object_ctl_answer, kai_span(bytes, len), arena,
				     &answer) != KAI_FAULT_NONE) {
		(void)printf("unknown unreadable\n");
	} else if (answer.exit != 0 || !answer.id.is) {
		(void)printf("refused %.*s\n", (int)answer.reason.len,
			     (const char *)answer.reason.at);
	} else {
		kai_id_text(answer.id.id, id);
		(void)printf("%s\n", id);
	}
	(void)fflush(stdout);
	free(bytes);
}

int main(int argc, char **argv)
{
	char text[4096];
	struct line line;

	if (argc != 2 || sodium_init() < 0)
		return 2;
	struct kai_arena arena = {.at = malloc(ARENA), .cap = ARENA};

	if (arena.at == NULL)
		return 2;
	while (fgets(text, sizeof(text), stdin) != NULL) {
		if (parse(text, &line))
			publish(argv[1], &line, &arena);
		else
			(void)printf("refused not a line that is meant\n");
		(void)fflush(stdout);
	}
	free(arena.at);
	return 0;
}
