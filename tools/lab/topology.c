/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a topology file (libconfig) and checks it as a whole before anything is started. */
#include "lab.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libconfig.h>

#include "../kairan/verbs.h"

static int complain(struct kai_cli *cli, const config_setting_t *at, const char *problem)
{
	return kai_cli_fail(cli, KAI_EXIT_USAGE, T("%s:%u: %s"),
			    config_setting_source_file(at) != NULL ? config_setting_source_file(at)
								   : "topology",
			    config_setting_source_line(at), problem);
}

static const char *text_of(struct kai_cli *cli, const config_setting_t *group, const char *name)
{
	const char *text = NULL;

	if (config_setting_lookup_string(group, name, &text) != CONFIG_TRUE || *text == '\0')
		return NULL;
	return kai_cli_text(cli, "%s", text);
}

/* An optional list of strings, at most KAI_LAB_MAX_LIST; false when it is anything else. */
static bool list_of(struct kai_cli *cli, const config_setting_t *group, const char *name,
		    const char **ret)
{
	const config_setting_t *list = config_setting_get_member(group, name);
	int count = list == NULL ? 0 : config_setting_length(list);

	if (count > KAI_LAB_MAX_LIST)
		return false;
	for (int i = 0; i < count; i++) {
		const char *text = config_setting_get_string_elem(list, i);

		if (text == NULL)
			return false;
		ret[i] = kai_cli_text(cli, "%s", text);
	}
	ret[count] = NULL;
	return true;
}

/* A name becomes a folder and an alias: letters, digits and dashes only. */
static bool name_ok(const char *name)
{
	return name != NULL && strlen(name) <= KAI_MAX_ALIAS && name[0] != '-' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name);
}

int kai_lab_node_find(const struct kai_lab *lab, const char *name)
{
	for (size_t i = 0; name != NULL && i < lab->node_count; i++)
		if (strcmp(lab->nodes[i].name, name) == 0)
			return (int)i;
	return -1;
}

static int read_node(struct kai_cli *cli, const config_setting_t *at, struct kai_lab *lab)
{
	struct kai_lab_node *node = &lab->nodes[lab->node_count];
	struct kai_why why;

	node->name = text_of(cli, at, "name");
	node->title = text_of(cli, at, "title");
	node->title_ja = text_of(cli, at, "title_ja");
	node->country = text_of(cli, at, "country");
	node->telephone = text_of(cli, at, "telephone");
	if (!name_ok(node->name) || node->title == NULL || node->country == NULL ||
	    !list_of(cli, at, "sectors", node->sectors))
		return complain(
			cli, at,
			T("a node needs name (a-z, 0-9, -), title, country and a list of sectors"));
	if (kai_lab_node_find(lab, node->name) >= 0)
		return complain(cli, at, T("this name stands twice"));
	if (kai_path(node->dir, lab->dir, node->name, &why) != KAI_ERR_OK)
		return kai_cli_err(cli, KAI_ERR_INVALID, &why);
	lab->node_count++;
	return 0;
}

static int read_agreement(struct kai_cli *cli, const config_setting_t *at, struct kai_lab *lab)
{
	struct kai_lab_agreement *agreement = &lab->agreements[lab->agreement_count];
	int a = kai_lab_node_find(lab, text_of(cli, at, "a"));
	int b = kai_lab_node_find(lab, text_of(cli, at, "b"));

	agreement->preset = text_of(cli, at, "preset");
	agreement->side = text_of(cli, at, "side");
	agreement->signers = text_of(cli, at, "signers");
	if (a < 0 || b < 0 || a == b || agreement->preset == NULL || agreement->side == NULL ||
	    !list_of(cli, at, "communities", agreement->communities))
		return complain(
			cli, at,
			T("an agreement needs a and b (two of the nodes), preset and side"));
	if (!list_of(cli, at, "carries", agreement->carries))
		return complain(cli, at, T("carries names nodes"));
	for (size_t i = 0; agreement->carries[i] != NULL; i++)
		if (kai_lab_node_find(lab, agreement->carries[i]) < 0)
			return complain(cli, at, T("carries names nodes"));
	agreement->a = (size_t)a;
	agreement->b = (size_t)b;
	lab->agreement_count++;
	return 0;
}

static int read_community(struct kai_cli *cli, const config_setting_t *at, struct kai_lab *lab)
{
	struct kai_lab_community *community = &lab->communities[lab->community_count];
	const char *members[KAI_LAB_MAX_LIST + 1] = {NULL};
	int keeper = kai_lab_node_find(lab, text_of(cli, at, "keeper"));

	community->name = text_of(cli, at, "name");
	if (keeper < 0 || !name_ok(community->name) || !list_of(cli, at, "members", members))
		return complain(cli, at,
				T("a community needs keeper (one of the nodes), name and members"));
	community->keeper = (size_t)keeper;
	for (size_t i = 0; members[i] != NULL; i++) {
		int member = kai_lab_node_find(lab, members[i]);

		if (member < 0)
			return complain(cli, at, T("a member is not one of the nodes"));
		community->members[community->member_count++] = (size_t)member;
	}
	lab->community_count++;
	return 0;
}

struct section {
	const char *name;
	size_t max;
	int (*read)(struct kai_cli *cli, const config_setting_t *at, struct kai_lab *lab);
};

static const struct section sections[] = {
	{"nodes", KAI_LAB_MAX_NODES, read_node},
	{"communities", KAI_LAB_MAX_LIST, read_community},
	{"agreements", KAI_LAB_MAX_AGREEMENTS, read_agreement},
};

static int read_section(struct kai_cli *cli, const config_t *config, const struct section *section,
			struct kai_lab *lab)
{
	const config_setting_t *list = config_lookup(config, section->name);
	unsigned count = list == NULL ? 0 : (unsigned)config_setting_length(list);

	if (count > section->max)
		return complain(cli, list, T("there are too many entries in this list"));
	for (unsigned i = 0; i < count; i++) {
		int code = section->read(cli, config_setting_get_elem(list, i), lab);

		if (code != 0)
			return code;
	}
	return 0;
}

int kai_lab_read(struct kai_cli *cli, const char *path, struct kai_lab *ret)
{
	config_t config;
	int code = 0;

	config_init(&config);
	if (config_read_file(&config, path) != CONFIG_TRUE)
		code = kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("%s:%d: %s (a topology is a libconfig file)"), path,
				    config_error_line(&config), config_error_text(&config));
	for (size_t i = 0; code == 0 && i < sizeof(sections) / sizeof(sections[0]); i++)
		code = read_section(cli, &config, &sections[i], ret);
	config_destroy(&config);
	if (code == 0 && ret->node_count == 0)
		code = kai_cli_fail(cli, KAI_EXIT_USAGE, T("%s: names no nodes"), path);
	return code;
}

/* kairand beside kairan (installed), or where the build leaves it. */
static int find_programs(struct kai_cli *cli, struct kai_lab *lab)
{
	static const char *const places[] = {"kairand", "../../node/daemon/kairand",
					     "../sbin/kairand"};
	char folder[KAI_PATH_SIZE];
	struct kai_why why;
	ssize_t len = readlink("/proc/self/exe", lab->kairan, sizeof(lab->kairan) - 1);

	if (len <= 0)
		return kai_cli_fail(cli, KAI_EXIT_USAGE, T("cannot tell where this program lies"));
	lab->kairan[len] = '\0';
	memcpy(folder, lab->kairan, (size_t)len + 1);
	*strrchr(folder, '/') = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (kai_path(lab->kairand, folder, places[i], &why) == KAI_ERR_OK &&
		    access(lab->kairand, X_OK) == 0)
			return 0;
	return kai_cli_fail(cli, KAI_EXIT_USAGE,
			    T("kairand is not beside %s (build or install it first)"), lab->kairan);
}

const struct kai_opt kai_lab_opts[] = {
	{"lab", "DIR", false, N_("the lab's folder (default ./kairan-lab)")},
	{NULL, NULL, false, NULL},
};

int kai_lab_place(struct kai_cli *cli, struct kai_lab *lab)
{
	const char *given = kai_opt_value(cli, "lab");
	const char *dir = given != NULL ? given : "kairan-lab";
	char here[KAI_PATH_SIZE];
	struct kai_why why;

	if (dir[0] == '/')
		here[0] = '\0';
	else if (getcwd(here, sizeof(here)) == NULL)
		return kai_cli_fail(
			cli, KAI_EXIT_USAGE,
			T("cannot tell the current folder (give --lab an absolute path)"));
	if (kai_path(lab->dir, here, dir[0] == '/' ? dir + 1 : dir, &why) != KAI_ERR_OK)
		return kai_cli_err(cli, KAI_ERR_INVALID, &why);
	return find_programs(cli, lab);
}

int kai_lab_open(struct kai_cli *cli, struct kai_lab *ret)
{
	char path[KAI_PATH_SIZE];
	struct kai_why why;
	int code = kai_lab_place(cli, ret);

	if (code != 0)
		return code;
	if (kai_path(path, ret->dir, "topology.conf", &why) != KAI_ERR_OK ||
	    access(path, R_OK) != 0)
		return kai_cli_fail(cli, KAI_EXIT_NOTHING,
				    T("%s: there is no lab here (start one: kairan lab up)"),
				    ret->dir);
	return kai_lab_read(cli, path, ret);
}
