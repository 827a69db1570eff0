/* SPDX-License-Identifier: Apache-2.0 */
/* kairand: puts the pieces together, from the data directory to the loop, and takes them apart. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "end.h"
#include "kairan/keys.h"
#include "kairan/records.h"
#include "loop.h"
#include "notify.h"

#define DEFAULT_DIR "/var/lib/kairan"
#define EXIT_USAGE 3 /* the command line's codes: see kairan(1) */
#define EXIT_FAILED 1

struct node {
	char dir[KAI_PATH_SIZE];
	int lock_fd;
	int signal_fd;
	bool lab;
	struct kai_config config;
	struct kai_node_keys keys;
	struct kai_seal_pair seals[KAI_MAX_SEALS];
	struct kai_rest_key rest[KAI_MAX_REST];
	struct kai_contact people[KAI_MAX_PEOPLE];
	const char *hook[KAI_MAX_ARGUMENTS + 1];
	struct kai_log *log;
	struct kai_loop loop;
};

/* ---- opening ---- */

/* One daemon a directory. The kernel lets the lock go with the process, however it ends. */
static enum kai_err lock_dir(struct node *node, struct kai_why *why)
{
	node->lock_fd = open(node->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (node->lock_fd < 0)
		return kai_fail(why, errno == ENOENT ? KAI_ERR_NOTFOUND : KAI_ERR_DENIED,
				"%.300s: %s (kairan init makes it)", node->dir, strerror(errno));
	if (flock(node->lock_fd, LOCK_EX | LOCK_NB) != 0)
		return kai_fail(why, KAI_ERR_BUSY, "%.300s: another kairand runs there", node->dir);
	return KAI_ERR_OK;
}

static enum kai_err read_config(const struct node *node, struct kai_config *ret,
				struct kai_why *why)
{
	char path[KAI_PATH_SIZE];
	enum kai_err err = kai_path(path, node->dir, "kairan.conf", why);

	return err == KAI_ERR_OK ? kai_config_load(path, ret, why) : err;
}

static enum kai_err open_store(struct node *node, bool read_only, struct kai_why *why)
{
	char path[KAI_PATH_SIZE];
	struct kai_store_options options = {
		.read_only = read_only, .quota_bytes = (uint64_t)node->config.store_quota_bytes};
	enum kai_err err = kai_path(path, node->dir, "store", why);

	return err == KAI_ERR_OK ? kai_store_open_lmdb(path, &options, &node->loop.store, why)
				 : err;
}

/* What a restore that was killed left is no node. */
static enum kai_err check_restored(const struct node *node, struct kai_why *why)
{
	char path[KAI_PATH_SIZE];
	enum kai_err err = kai_path(path, node->dir, KAI_RESTORE_MARK, why);

	if (err != KAI_ERR_OK || access(path, F_OK) != 0)
		return err;
	return kai_fail(why, KAI_ERR_INVALID,
			"%.300s: a restore began here and did not end (empty the directory, and "
			"restore again)",
			node->dir);
}

/* Whose node this is, and whether a lab made it. */
static enum kai_err read_meta(struct node *node, struct kai_why *why)
{
	struct kai_key org_key = kai_key_word(KAI_META_ORG);
	struct kai_key lab_key = kai_key_word(KAI_META_LAB);
	struct kai_span org;
	struct kai_span lab;
	struct kai_txn *txn;
	enum kai_err err = kai_txn_begin(node->loop.store, false, &txn, why);

	if (err != KAI_ERR_OK)
		return err;
	if (kai_txn_get(txn, KAI_TABLE_META, kai_key_span(&org_key), &org) && org.len == KAI_ID_LEN)
		memcpy(node->loop.config.org, org.at, KAI_ID_LEN);
	else
		err = kai_fail(why, KAI_ERR_INVALID,
			       "%.300s/store: belongs to no organisation (run kairan init)",
			       node->dir);
	node->lab = kai_txn_get(txn, KAI_TABLE_META, kai_key_span(&lab_key), &lab);
	kai_txn_abort(txn);
	return err;
}

static enum kai_err check_lab(const struct node *node, struct kai_why *why)
{
	const struct kai_config *config = &node->config;

	if (node->lab || (config->lab_clock_scale > 0.999999 &&
			  config->lab_clock_scale < 1.000001 && config->lab_clock_offset_s == 0 &&
			  config->lab_clock_from_s == 0 && config->lab_cut[0] == '\0'))
		return KAI_ERR_OK;
	return kai_fail(why, KAI_ERR_INVALID,
			"lab: its settings are only for where kairan lab made the directory "
			"(remove them)");
}

static void fill_escalation(struct node *node)
{
	struct kai_escalation *to = &node->loop.config.escalation;
	const struct kai_config *from = &node->config;

	for (size_t i = 0; i < KAI_URGENCY_INFO; i++)
		to->times[i] = (struct kai_ladder_times){
			.delivered_ms = from->patience[i].delivered_s * KAI_MS_SECOND,
			.received_ms = from->patience[i].received_s * KAI_MS_SECOND,
			.deputy_ms = from->patience[i].deputy_s * KAI_MS_SECOND,
			.deputy2_ms = from->patience[i].deputy2_s * KAI_MS_SECOND,
			.decider_ms = from->patience[i].decider_s * KAI_MS_SECOND};
	for (size_t i = 0; i < from->people_count; i++)
		node->people[i] =
			(struct kai_contact){.role = kai_span_str(from->people[i].role),
					     .name = kai_span_str(from->people[i].name),
					     .first = kai_span_str(from->people[i].first),
					     .second = kai_span_str(from->people[i].second),
					     .hours = kai_span_str(from->people[i].hours)};
	to->people = node->people;
	to->people_count = from->people_count;
	to->ceiling = (uint64_t)from->hook_ceiling;
}

static void fill_engine_config(struct node *node)
{
	struct kai_engine_config *config = &node->loop.config;
	struct kai_node_keys *keys = &node->keys;
	const struct {
		struct kai_sign_pair *to;
		const struct kai_key_pair *from;
	} pairs[] = {{&config->system, &keys->system},
		     {&config->duty, &keys->duty},
		     {&config->decider, &keys->decider}};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		memcpy(pairs[i].to->key, pairs[i].from->key, KAI_ID_LEN);
		pairs[i].to->secret = pairs[i].from->secret;
	}
	for (size_t i = 0; i < keys->seal_count; i++) {
		memcpy(node->seals[i].key, keys->seals[i].key, KAI_ID_LEN);
		node->seals[i].secret = keys->seals[i].secret;
	}
	for (size_t i = 0; i < keys->rest_count; i++)
		node->rest[i] = (struct kai_rest_key){keys->rest_period[i], keys->rest[i].secret};
	config->seals = node->seals;
	config->seal_count = keys->seal_count;
	config->rest_keys = node->rest;
	config->rest_key_count = keys->rest_count;
	config->token_key = keys->token.secret;
	config->quota = node->config.quota;
	config->lab = node->lab;
	fill_escalation(node);
	randombytes_buf(config->boot, sizeof(config->boot));
}

/* Everything that can be wrong before anything is touched. */
static enum kai_err open_node(struct node *node, bool check_only, struct kai_why *why)
{
	enum kai_err err = check_restored(node, why);

	if (err == KAI_ERR_OK)
		err = read_config(node, &node->config, why);
	if (err == KAI_ERR_OK)
		err = kai_node_keys_load(node->dir, &node->keys, why);
	if (err == KAI_ERR_OK && !check_only)
		err = lock_dir(node, why);
	if (err == KAI_ERR_OK)
		err = open_store(node, check_only, why);
	if (err == KAI_ERR_OK)
		err = read_meta(node, why);
	if (err == KAI_ERR_OK)
		err = check_lab(node, why);
	if (err == KAI_ERR_OK)
		fill_engine_config(node);
	return err;
}

static void apply_log(struct node *node)
{
	kai_log_set(node->log, (enum kai_log_level)node->config.log_level,
		    node->config.log_format == 1);
}

/* A hook's thread tells the loop. */
static void call_ended(void *context, const struct kai_hook_end *end)
{
	const struct kai_loop *loop = context;
	struct kai_input *input = kai_pool_blank();
	struct kai_hook_end *copy = malloc(sizeof(*copy));

	if (input == NULL || copy == NULL)
		kai_end_no_memory("a call's end");
	*copy = *end;
	input->type = KAI_INPUT_CALLED;
	input->called = copy;
	kai_pool_put(loop->pool, input, NULL);
}

static enum kai_err start_hooks(struct node *node, struct kai_why *why)
{
	struct kai_hooks_config config = {.timeout_ms = node->config.hook_timeout_s * KAI_MS_SECOND,
					  .at_once = (size_t)node->config.hook_at_once,
					  .ended = call_ended,
					  .context = &node->loop};

	for (size_t i = 0; i < node->config.hook_count; i++)
		node->hook[i] = node->config.hook[i];
	if (node->config.hook_count > 0)
		config.argv = node->hook;
	return kai_hooks_new(&config, &node->loop.hooks, why);
}

static enum kai_err start_node(struct node *node, struct kai_why *why)
{
	struct kai_loop *loop = &node->loop;
	struct kai_net_config net = {
		.org = loop->config.org,
		.node_key = node->keys.node.key,
		.node_secret = node->keys.node.secret,
		.settings = &node->config,
		.control_dir = node->dir,
		.signal_fd = node->signal_fd,
		.log = node->log,
	};
	enum kai_err err = kai_pool_new(0, &loop->pool, why);

	apply_log(node);
	loop->cut = node->config.lab_cut;
	loop->dir = node->dir;
	loop->drill_quota_bytes = (uint64_t)node->config.store_quota_bytes / KAI_DRILLS;
	kai_clock_init(&loop->clock, node->config.lab_clock_scale,
		       node->config.lab_clock_from_s * KAI_MS_SECOND,
		       node->config.lab_clock_offset_s * KAI_MS_SECOND);
	loop->log = node->log;
	net.pool = loop->pool;
	if (err == KAI_ERR_OK)
		err = start_hooks(node, why);
	if (err == KAI_ERR_OK)
		err = kai_net_new(&net, &loop->net, why);
	return err == KAI_ERR_OK ? kai_loop_start(loop, why) : err;
}

static void close_node(struct node *node)
{
	kai_net_free(node->loop.net);
	kai_hooks_free(node->loop.hooks);
	kai_loop_done(&node->loop);
	kai_pool_free(node->loop.pool);
	kai_store_close(node->loop.store);
	kai_node_keys_done(&node->keys);
	if (node->lock_fd >= 0)
		(void)close(node->lock_fd);
	if (node->signal_fd >= 0)
		(void)close(node->signal_fd);
	kai_log_free(node->log);
}

/* ---- running ---- */

/* The old settings stay where the new ones are wrong. */
static void reload(struct node *node)
{
	struct kai_config fresh;
	struct kai_why why;
	enum kai_err err = read_config(node, &fresh, &why);

	if (err == KAI_ERR_OK && fresh.lab_cut[0] != '\0' && !node->lab)
		err = kai_fail(&why, KAI_ERR_INVALID,
			       "lab.cut: only where kairan lab made the directory");
	if (err != KAI_ERR_OK) {
		kai_log_fields(node->log, KAI_LOG_ERROR, "config.refused", {"why", why.text, 0});
		return;
	}
	const char *restart = kai_config_needs_restart(&node->config, &fresh);

	node->config.log_level = fresh.log_level;
	node->config.log_format = fresh.log_format;
	if (strcmp(node->config.lab_cut, fresh.lab_cut) != 0) {
		memcpy(node->config.lab_cut, fresh.lab_cut, sizeof(fresh.lab_cut));
		if (kai_loop_send_roster(&node->loop, &why) != KAI_ERR_OK)
			kai_log_fields(node->log, KAI_LOG_ERROR, "peers.not_read",
				       {"why", why.text, 0});
	}
	apply_log(node);
	kai_log_fields(node->log, KAI_LOG_INFO, "config.read",
		       {restart != NULL ? "counts_after_restart" : NULL, restart, 0});
}

static int run(struct node *node)
{
	struct kai_why why = {.text = ""};
	enum kai_err err = KAI_ERR_OK;
	bool stop = false;

	kai_log_fields(node->log, KAI_LOG_INFO, "node.started", {"dir", node->dir, 0},
		       {node->lab ? "lab" : NULL, "yes", 0});
	kai_notify("READY=1");
	while (!stop && err == KAI_ERR_OK) {
		err = kai_loop_turn(&node->loop, &why);
		if (node->loop.signal == SIGHUP)
			reload(node);
		else if (node->loop.signal != 0)
			stop = true;
		node->loop.signal = 0;
	}
	kai_notify("STOPPING=1");
	kai_loop_bye(&node->loop, "stopping");
	if (err != KAI_ERR_OK)
		kai_log_fields(node->log, KAI_LOG_ERROR, "node.failed", {"why", why.text, 0});
	else
		kai_log_fields(node->log, KAI_LOG_INFO, "node.stopped", {NULL, NULL, 0});
	return err == KAI_ERR_OK ? EXIT_SUCCESS : EXIT_FAILED;
}

/* Secrets never reach a core file; signals come through a descriptor, to every thread's loop. */
static enum kai_err prepare(struct node *node, struct kai_why *why)
{
	const struct rlimit no_core = {0};
	sigset_t signals;

	(void)setrlimit(RLIMIT_CORE, &no_core);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGHUP);
	if (sodium_init() < 0 || sigprocmask(SIG_BLOCK, &signals, NULL) != 0)
		return kai_fail(why, KAI_ERR_IO, "start: %s", strerror(errno));
	node->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (node->signal_fd < 0)
		return kai_fail(why, KAI_ERR_IO, "signals: %s", strerror(errno));
	return kai_log_new(STDERR_FILENO, &node->log);
}

/* ---- the command line ---- */

static void usage(FILE *to)
{
	(void)fputs(
		"usage: kairand [--dir DIR] [--check]\n"
		"  --dir DIR   data directory (default: $KAIRAN_DIR, else " DEFAULT_DIR
		" if it is\n"
		"              yours, else $XDG_DATA_HOME/kairan, else ~/.local/share/kairan)\n"
		"  --check     look at configuration, keys and store, say what is wrong, end\n"
		"  --version\n"
		"  --help\n"
		"Runs in the foreground and logs to stderr. SIGTERM ends it cleanly, SIGHUP reads\n"
		"DIR/kairan.conf again. Settings there:\n",
		to);
	kai_config_print_schema(to);
}

struct arguments {
	char dir[KAI_PATH_SIZE];
	bool check;
	int exit; /* -1: go on */
};

/* As kairan does: $KAIRAN_DIR, else the system's where it is ours, else the user's. */
static bool default_dir(char ret[KAI_PATH_SIZE])
{
	const char *given = getenv("KAIRAN_DIR");
	const char *data = getenv("XDG_DATA_HOME");
	const char *home = getenv("HOME");
	const char *dir = DEFAULT_DIR;
	const char *below = "";
	struct stat stat_of;
	bool ours = stat(DEFAULT_DIR, &stat_of) == 0 && S_ISDIR(stat_of.st_mode) &&
		    stat_of.st_uid == geteuid();

	if (given != NULL && given[0] != '\0') {
		dir = given;
	} else if (!ours && data != NULL && data[0] != '\0') {
		dir = data;
		below = "/kairan";
	} else if (!ours && home != NULL && home[0] != '\0') {
		dir = home;
		below = "/.local/share/kairan";
	}
	int len = snprintf(ret, KAI_PATH_SIZE, "%s%s", dir, below);

	return len >= 0 && len < (int)KAI_PATH_SIZE;
}

static struct arguments parse(int argc, char **argv)
{
	static const struct option options[] = {
		{"dir", required_argument, NULL, 'd'},
		{"check", no_argument, NULL, 'c'},
		{"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{"mdoc-config", no_argument, NULL, 'm'}, /* for the build */
		{NULL, 0, NULL, 0},
	};
	struct arguments result = {.check = false, .exit = -1};
	bool fits = default_dir(result.dir);

	for (int option;
	     result.exit < 0 && (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (option == 'd') {
			int len = snprintf(result.dir, sizeof(result.dir), "%s", optarg);

			fits = len >= 0 && len < (int)sizeof(result.dir);
		} else if (option == 'c') {
			result.check = true;
		} else if (option == 'v') {
			(void)puts("kairand " KAIRAN_VERSION);
			result.exit = EXIT_SUCCESS;
		} else if (option == 'm') {
			kai_config_print_mdoc(stdout);
			result.exit = EXIT_SUCCESS;
		} else {
			usage(option == 'h' ? stdout : stderr);
			result.exit = option == 'h' ? EXIT_SUCCESS : EXIT_USAGE;
		}
	}
	if (result.exit < 0 && !fits) {
		(void)fputs("kairand: the data directory's path is too long\n", stderr);
		result.exit = EXIT_USAGE;
	}
	if (result.exit < 0 && optind < argc) {
		(void)fprintf(stderr, "kairand: %s: no such argument (see --help)\n", argv[optind]);
		result.exit = EXIT_USAGE;
	}
	return result;
}

int main(int argc, char **argv)
{
	struct arguments arguments = parse(argc, argv);
	struct kai_why why = {.text = ""};
	struct node *node;
	int code = EXIT_FAILED;

	if (arguments.exit >= 0)
		return arguments.exit;
	kai_end_words();
	node = calloc(1, sizeof(*node));
	if (node == NULL)
		kai_end_no_memory("itself");
	node->lock_fd = -1;
	node->signal_fd = -1;
	(void)snprintf(node->dir, sizeof(node->dir), "%s", arguments.dir);
	enum kai_err err = prepare(node, &why);

	if (err == KAI_ERR_OK)
		err = open_node(node, arguments.check, &why);
	if (err == KAI_ERR_OK && !arguments.check)
		err = start_node(node, &why);
	if (err != KAI_ERR_OK)
		(void)fprintf(stderr, "kairand: %s\n",
			      why.text[0] != '\0' ? why.text : kai_err_text(err));
	else if (arguments.check)
		code = puts("kairand: configuration, keys and store are in order") < 0
			       ? EXIT_FAILED
			       : EXIT_SUCCESS;
	else
		code = run(node);
	close_node(node);
	free(node);
	return code;
}
