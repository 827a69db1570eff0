/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lab's topology. What is read is whole: names differ and are file names, agreements and
 * communities are between nodes that are there; what is not is told on stderr.
 */
#include "fuzz.h"

#include <string.h>

#include "../../tools/lab/lab.h"
#include "scratch.h"

#define MAX_LEN 16384u
#define ARENA_LEN ((size_t)16 << 20) /* every text of a file of that length, many times */

static void check_nodes(const struct kai_lab *lab)
{
	MUST(lab->node_count >= 1 && lab->node_count <= KAI_LAB_MAX_NODES);
	for (size_t i = 0; i < lab->node_count; i++) {
		const struct kai_lab_node *node = &lab->nodes[i];

		MUST(kai_lab_node_find(lab, node->name) == (int)i);
		MUST(strpbrk(node->name, "/.") == NULL && node->name[0] != '\0');
		MUST(strncmp(node->dir, "/lab/", 5) == 0 && strcmp(node->dir + 5, node->name) == 0);
		MUST(node->title != NULL && node->country != NULL);
		MUST(node->sectors[KAI_LAB_MAX_LIST] == NULL);
	}
}

static void check_whole(const struct kai_lab *lab)
{
	check_nodes(lab);
	MUST(lab->agreement_count <= KAI_LAB_MAX_AGREEMENTS);
	for (size_t i = 0; i < lab->agreement_count; i++) {
		const struct kai_lab_agreement *agreement = &lab->agreements[i];

		MUST(agreement->a < lab->node_count && agreement->b < lab->node_count);
		MUST(agreement->a != agreement->b && agreement->preset != NULL &&
		     agreement->side != NULL);
	}
	MUST(lab->community_count <= KAI_LAB_MAX_LIST);
	for (size_t i = 0; i < lab->community_count; i++) {
		const struct kai_lab_community *community = &lab->communities[i];

		MUST(community->keeper < lab->node_count && community->name != NULL);
		MUST(community->member_count <= KAI_LAB_MAX_LIST);
		for (size_t j = 0; j < community->member_count; j++)
			MUST(community->members[j] < lab->node_count);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t memory[ARENA_LEN];
	static struct kai_cli cli;
	static struct kai_lab lab;
	struct kai_span text = kai_span(data, len);
	char *said = NULL;
	size_t said_len = 0;

	if (len > MAX_LEN || scratch_includes(text))
		return 0;
	memset(&cli, 0, sizeof(cli));
	memset(&lab, 0, sizeof(lab));
	memcpy(lab.dir, "/lab", sizeof("/lab"));
	cli.arena = (struct kai_arena){.at = memory, .cap = sizeof(memory)};
	cli.out = cli.err = open_memstream(&said, &said_len);
	MUST(cli.err != NULL);
	int code = kai_lab_read(&cli, scratch_file(text), &lab);

	MUST(fclose(cli.err) == 0);
	if (code == 0)
		check_whole(&lab);
	MUST((code == 0) == (said_len == 0));
	free(said);
	return 0;
}
