/* SPDX-License-Identifier: Apache-2.0 */
/* lab up, status, down. */
#include "lab.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "../kairan/preset.h"
#include "../kairan/verbs.h"
#include "../kairan/view.h"

#define LINKS_MS 60000
#define POLL_MS 200
#define MAX_CONF ((size_t)64 * 1024)
#define CONF_MARK "\n# What follows is kairan lab's own.\n"
#define MAX_TOPOLOGY ((size_t)1024 * 1024)

#define FIRST_PORT 20000
#define PORTS 12000
#define TRIES 200

static bool is_free(unsigned port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				 .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool bound = fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0;

	if (fd >= 0)
		close(fd);
	return bound;
}

/* A port that nobody uses, below those that the kernel hands to outgoing connections: one of these
 * could take it before the node does. All are made before the first is started, so each draws among ports of its own
 * place: no two of a lab get the same. 0: none was found. */
static unsigned free_port(unsigned place)
{
	for (int i = 0; i < TRIES; i++) {
		unsigned port = FIRST_PORT + place +
				randombytes_uniform(PORTS / KAI_LAB_MAX_NODES) * KAI_LAB_MAX_NODES;

		if (is_free(port))
			return port;
	}
	return 0;
}

static void say(struct kai_cli *cli, const char *what, const char *which)
{
	(void)fprintf(cli->err, "lab: %s%s\n", what, which);
	(void)fflush(cli->err);
}

int kai_lab_configure(struct kai_cli *cli, const struct kai_lab_node *node, const char *cut,
		      const char *more)
{
	char *path = kai_cli_text(cli, "%s/kairan.conf", node->dir), *text, *mark;
	struct kai_span old;
	int code = kai_cli_read(cli, path, MAX_CONF, &old);

	if (code != 0)
		return code;
	text = kai_cli_str(cli, old);
	mark = strstr(text, CONF_MARK);
	if (mark != NULL)
		*mark = '\0';
	text = kai_cli_text(cli,
			    "%s" CONF_MARK "lab: {\n\tclock_scale = %lld;\n\tclock_from = %lldL;\n"
			    "\tclock_offset = %lldL;\n\tcut = \"%s\";\n};\n%s",
			    text, (long long)(node->scale > 1 ? node->scale : 1),
			    (long long)(node->scale > 1 ? node->from_ms / KAI_MS_SECOND : 0),
			    (long long)node->offset_s, cut, more);
	return kai_cli_write(cli, path, kai_span_str(text), 0640);
}

static int init_node(struct kai_cli *cli, const struct kai_lab *lab,
		     const struct kai_lab_node *node)
{
	unsigned port = free_port((unsigned)(node - lab->nodes));
	char *endpoint = kai_cli_text(cli, "tcp://127.0.0.1:%u", port);
	const char *args[20 + 2 * KAI_LAB_MAX_LIST] = {
		"init",	  "--name",	node->title, "--country", node->country, "--listen",
		endpoint, "--endpoint", endpoint,    "--as",	  node->name,	 "--for-lab"};
	size_t count = 12;

	if (port == 0)
		return kai_cli_fail(cli, KAI_EXIT_UNREACHABLE, T("no free port on loopback"));
	if (node->title_ja != NULL) {
		args[count++] = "--name-ja";
		args[count++] = node->title_ja;
	}
	for (size_t i = 0; node->sectors[i] != NULL; i++) {
		args[count++] = "--sector";
		args[count++] = node->sectors[i];
	}
	args[count] = NULL;
	return kai_lab_kairan(cli, lab, node, args, NULL);
}

int kai_lab_wait_ready(struct kai_cli *cli, const struct kai_lab_node *node)
{
	char *socket_path = kai_cli_text(cli, "%s/control.sock", node->dir);

	for (int waited = 0; waited < 10000; waited += 20) {
		if (access(socket_path, R_OK | W_OK) == 0)
			return 0;
		if (waited > 100 && kai_lab_pid(node) == 0)
			break;
		kai_lab_sleep(20);
	}
	return kai_cli_fail(cli, KAI_EXIT_UNREACHABLE, T("%s did not start (see %s/kairand.log)"),
			    node->name, node->dir);
}

static bool link_up(const json_t *peer)
{
	const char *state = json_string_value(json_object_get(peer, "link"));

	return state != NULL && strcmp(state, "up") == 0;
}

size_t kai_lab_ends_up(struct kai_cli *cli, const struct kai_lab *lab)
{
	static const char *const args[] = {"peers", NULL};
	size_t up = 0;

	for (size_t i = 0; i < lab->node_count; i++) {
		size_t mark = cli->arena.used, index;
		json_t *top = NULL, *peer;

		if (kai_lab_kairan(cli, lab, &lab->nodes[i], args, &top) == 0) {
			json_array_foreach (json_object_get(top, "peers"), index, peer)
				up += link_up(peer) ? 1 : 0;
		}
		json_decref(top);
		cli->arena.used = mark;
	}
	return up;
}

static int wait_links(struct kai_cli *cli, const struct kai_lab *lab)
{
	size_t ends = lab->agreement_count * 2, up = 0;

	say(cli, T("waiting for links"), "");
	for (int waited = 0; waited < LINKS_MS; waited += POLL_MS) {
		up = kai_lab_ends_up(cli, lab);
		if (up == ends)
			return 0;
		kai_lab_sleep(POLL_MS);
	}
	return kai_cli_fail(cli, KAI_EXIT_UNREACHABLE,
			    T("only %zu of %zu link ends are up (see kairan lab status)"), up,
			    ends);
}

/* Copies the topology into the lab, last of all: its presence says that the joining was finished. */
static int keep_topology(struct kai_cli *cli, const struct kai_lab *lab, const char *path)
{
	struct kai_span text;
	int code = kai_cli_read(cli, path, MAX_TOPOLOGY, &text);

	if (code != 0)
		return code;
	return kai_cli_write(cli, kai_cli_text(cli, "%s/topology.conf", lab->dir), text, 0644);
}

int kai_lab_start_all(struct kai_cli *cli, const struct kai_lab *lab)
{
	int code = 0;

	for (size_t i = 0; code == 0 && i < lab->node_count; i++)
		code = kai_lab_start(cli, lab, &lab->nodes[i]);
	for (size_t i = 0; code == 0 && i < lab->node_count; i++)
		code = kai_lab_wait_ready(cli, &lab->nodes[i]);
	return code;
}

int kai_lab_build(struct kai_cli *cli, struct kai_lab *lab, const char *topology)
{
	int code = 0;

	if (mkdir(lab->dir, 0750) != 0)
		return kai_cli_fail(
			cli, KAI_EXIT_USAGE,
			errno == EEXIST
				? T("%s: is there and not a finished lab (remove it, or give --lab "
				    "another folder)")
				: T("%s: the folder cannot be made"),
			lab->dir);
	for (size_t i = 0; code == 0 && i < lab->node_count; i++) {
		say(cli, T("making "), lab->nodes[i].name);
		code = init_node(cli, lab, &lab->nodes[i]);
		if (code == 0 && lab->nodes[i].offset_s != 0)
			code = kai_lab_configure(cli, &lab->nodes[i], "", "");
	}
	if (code == 0)
		code = kai_lab_start_all(cli, lab);
	for (size_t i = 0; code == 0 && i < lab->agreement_count; i++) {
		const struct kai_lab_agreement *one = &lab->agreements[i];

		say(cli, T("agreement "),
		    kai_cli_text(cli, "%s - %s (%s)", lab->nodes[one->a].name,
				 lab->nodes[one->b].name, one->preset));
		code = kai_lab_join(cli, lab, one);
	}
	for (size_t i = 0; code == 0 && i < lab->community_count; i++)
		code = kai_lab_members(cli, lab, &lab->communities[i]);
	return code == 0 ? keep_topology(cli, lab, topology) : code;
}

/* The file given, or the reference federation from where it was built or installed. */
static const char *topology_path(struct kai_cli *cli)
{
	return cli->arg_count > 0 ? cli->args[0] : kai_data_file(cli, "lab", "reference");
}

int kai_verb_lab_up(struct kai_cli *cli)
{
	struct kai_lab *lab = kai_cli_take(cli, sizeof(*lab));
	const char *path = topology_path(cli);
	int code = kai_lab_place(cli, lab);

	if (code != 0)
		return code;
	if (path == NULL)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("the reference topology is not installed (name a file)"));
	char *kept = kai_cli_text(cli, "%s/topology.conf", lab->dir);
	bool there = access(kept, R_OK) == 0;

	code = kai_lab_read(cli, there ? kept : path, lab);
	if (code == 0)
		code = there ? kai_lab_start_all(cli, lab) : kai_lab_build(cli, lab, path);
	if (code == 0)
		code = wait_links(cli, lab);
	if (code == 0)
		say(cli,
		    kai_cli_text(cli, T("%zu nodes, %zu agreements, all links up: "),
				 lab->node_count, lab->agreement_count),
		    lab->dir);
	return code;
}

int kai_verb_lab_status(struct kai_cli *cli)
{
	static const char *const args[] = {"peers", NULL};
	static const struct kai_col cols[] = {{"name", N_("node"), KAI_COL_TEXT},
					      {"state", N_("state"), KAI_COL_WORD},
					      {"pid", N_("process"), KAI_COL_NUMBER},
					      {"links_up", N_("links up"), KAI_COL_NUMBER},
					      {"links", N_("links"), KAI_COL_NUMBER},
					      {"dir", N_("directory"), KAI_COL_TEXT}};
	static const struct kai_view view = {"nodes", cols, sizeof(cols) / sizeof(*cols),
					     N_("No nodes."), NULL};
	struct kai_lab *lab = kai_cli_take(cli, sizeof(*lab));
	json_t *nodes = json_array();
	int code = kai_lab_open(cli, lab);

	for (size_t i = 0; code == 0 && i < lab->node_count; i++) {
		pid_t pid = kai_lab_pid(&lab->nodes[i]);
		json_t *top = NULL, *peer;
		json_int_t up = 0, all = 0;
		size_t index;

		if (pid != 0 && kai_lab_kairan(cli, lab, &lab->nodes[i], args, &top) == 0) {
			json_array_foreach (json_object_get(top, "peers"), index, peer) {
				up += link_up(peer) ? 1 : 0;
				all++;
			}
		}
		json_decref(top);
		json_array_append_new(nodes, json_pack("{s:s, s:s, s:I, s:I, s:I, s:s}", "name",
						       lab->nodes[i].name, "state",
						       pid != 0 ? "running" : "stopped", "pid",
						       (json_int_t)pid, "links_up", up, "links",
						       all, "dir", lab->nodes[i].dir));
	}
	if (code != 0) {
		json_decref(nodes);
		return code;
	}
	kai_view_show(cli, &view, json_pack("{s:o}", "nodes", nodes));
	return 0;
}

int kai_verb_lab_down(struct kai_cli *cli)
{
	struct kai_lab *lab = kai_cli_take(cli, sizeof(*lab));
	int code = kai_lab_open(cli, lab);

	for (size_t i = 0; code == 0 && i < lab->node_count; i++)
		code = kai_lab_stop(cli, &lab->nodes[i]);
	if (code == 0)
		say(cli, T("stopped; the data stays in "), lab->dir);
	return code;
}
