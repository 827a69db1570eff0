/* SPDX-License-Identifier: Apache-2.0 */
#include "node.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sodium.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../unit/raw_curve.h"
#include "kairan/client.h"
#include "kairan/rec.h"

#define ARENA ((size_t)16 * 1024 * 1024)
#define ASK_MS 20000
#define START_MS 20000

void box_sleep(int64_t ms)
{
	struct timespec left = {ms / 1000, ms % 1000 * 1000000};

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		continue;
}

int64_t box_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- processes ---- */

/* posix_spawn takes pointers to non-const strings and does not change them. */
static pid_t start(const char *const *argv, const char *log)
{
	union {
		const char *const *given;
		char *const *wanted;
	} args = {.given = argv};
	posix_spawn_file_actions_t actions;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log,
					 O_WRONLY | O_CREAT | O_APPEND, 0640);
	posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
	assert_int_equal(posix_spawn(&pid, argv[0], &actions, NULL, args.wanted, environ), 0);
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

int box_run(const char *const *argv)
{
	pid_t pid = start(argv, "/dev/null");
	int status = -1;

	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool answers(struct box_node *node)
{
	uint8_t raw[64];
	struct kai_ctl_status status = {.version = KAI_VERSION, .type = KAI_CONTROL_STATUS};
	size_t len = kai_object_encode(&kai_object_ctl_status, &status, raw, sizeof(raw));
	uint8_t *answer = NULL;
	size_t answer_len;

	if (kai_client_ask(node->dir, kai_span(raw, len), ASK_MS, &answer, &answer_len, NULL) !=
	    KAI_ERR_OK)
		return false;
	free(answer);
	return true;
}

static void set_quota(const struct box_node *node)
{
	char path[128];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/kairan.conf", node->dir);
	file = fopen(path, "ae");
	assert_non_null(file);
	assert_true(fprintf(file, "quota = { frames_per_second = %d; };\n", BOX_FRAMES_PER_SECOND) >
		    0);
	assert_int_equal(fclose(file), 0);
}

struct box_node *box_node_new(const char *kairan, const char *kairand)
{
	struct box_node *node = calloc(1, sizeof(*node));
	char listen[64], log[128];
	struct kai_key_pair root = {.secret = NULL};
	struct kai_why why = {.text = ""};

	assert_non_null(node);
	assert_true(sodium_init() >= 0);
	(void)snprintf(node->top, sizeof(node->top), "/tmp/kairan-box-XXXXXX");
	assert_non_null(mkdtemp(node->top));
	(void)snprintf(node->dir, sizeof(node->dir), "%s/node", node->top);
	(void)snprintf(log, sizeof(log), "%s/log", node->top);
	node->port = raw_free_port();
	(void)snprintf(listen, sizeof(listen), "tcp://127.0.0.1:%d", node->port);
	const char *const init[] = {kairan,	  "--dir",	  node->dir,   "init",
				    "--name",	  "Node",	  "--country", "JP",
				    "--sector",	  "jp-seed7:pow", "--listen",  listen,
				    "--endpoint", listen,	  NULL};
	const char *const run[] = {kairand, "--dir", node->dir, NULL};

	assert_int_equal(box_run(init), 0);
	if (kai_node_keys_load(node->dir, &node->keys, &why) != KAI_ERR_OK ||
	    kai_key_load(node->dir, KAI_KEYFILE_ROOT, NULL, &root, &why) != KAI_ERR_OK)
		fail_msg("%s", why.text);
	memcpy(node->org, root.key, KAI_ID_LEN);
	kai_key_pair_done(&root);
	node->arena = (struct kai_arena){.at = malloc(ARENA), .cap = ARENA};
	assert_non_null(node->arena.at);
	set_quota(node);
	node->pid = start(run, log);
	for (int64_t end = box_now_ms() + START_MS; !answers(node); box_sleep(50))
		assert_true(box_now_ms() < end);
	return node;
}

void box_node_free(struct box_node *node, const char *kairan)
{
	const char *const check[] = {kairan, "--dir", node->dir, "check", NULL};
	const char *const clean[] = {"/bin/rm", "-rf", node->top, NULL};
	int status = -1;

	assert_int_equal(kill(node->pid, SIGTERM), 0);
	assert_int_equal(waitpid(node->pid, &status, 0), node->pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(box_run(check), 0);
	assert_int_equal(box_run(clean), 0);
	kai_node_keys_done(&node->keys);
	free(node->arena.at);
	free(node);
}

/* ---- asking ---- */

struct kai_ctl_answer box_ask(struct box_node *node, uint64_t type, void *request)
{
	const uint64_t head[2] = {KAI_VERSION, type};
	struct kai_ctl_answer decoded;
	struct kai_why why = {.text = ""};
	uint8_t *raw = NULL;
	size_t len = 0;

	memcpy(request, head, sizeof(head)); /* every request begins with both */
	struct kai_span bytes =
		kai_object_encode_in(kai_control_object(type), request, &node->arena);

	assert_true(bytes.len > 0);
	if (kai_client_ask(node->dir, bytes, ASK_MS, &raw, &len, &why) != KAI_ERR_OK)
		fail_msg("%s", why.text);
	uint8_t *kept = kai_arena_take(&node->arena, len);

	assert_non_null(kept);
	memcpy(kept, raw, len);
	free(raw);
	assert_int_equal(kai_object_decode(&kai_object_ctl_answer, kai_span(kept, len),
					   &node->arena, &decoded),
			 KAI_FAULT_NONE);
	return decoded;
}

static void put_text(char ret[KAI_MAX_SHORT + 1], struct kai_span text)
{
	memcpy(ret, text.at, text.len);
	ret[text.len] = '\0';
}

struct box_state box_state(struct box_node *node, const uint8_t org[KAI_ID_LEN])
{
	size_t used = node->arena.used;
	struct kai_ctl_status request = {.version = KAI_VERSION};
	struct kai_ctl_answer answer = box_ask(node, KAI_CONTROL_STATUS, &request);
	struct box_state ret = {.up = false};
	struct kai_state state;

	assert_int_equal(kai_object_decode(&kai_object_state, answer.body, &node->arena, &state),
			 KAI_FAULT_NONE);
	for (size_t i = 0; i < state.peers_count; i++) {
		const struct kai_peer_state *peer = &state.peers[i];

		if (!kai_id_equal(peer->org, org))
			continue;
		ret.up = peer->up;
		ret.refused = peer->refused;
		ret.received = peer->received_items;
		put_text(ret.last_error, peer->last_error);
		put_text(ret.down_reason, peer->down_reason);
	}
	node->arena.used = used;
	return ret;
}

/* ---- its store ---- */

static struct kai_txn *read_begin(struct box_node *node, struct kai_store **ret_store)
{
	const struct kai_store_options options = {.read_only = true};
	char path[128];
	struct kai_txn *txn;

	(void)snprintf(path, sizeof(path), "%s/store", node->dir);
	assert_int_equal(kai_store_open_lmdb(path, &options, ret_store, NULL), KAI_ERR_OK);
	assert_int_equal(kai_txn_begin(*ret_store, false, &txn, NULL), KAI_ERR_OK);
	return txn;
}

static void read_end(struct kai_store *store, struct kai_txn *txn)
{
	assert_int_equal(kai_txn_error(txn), KAI_ERR_OK);
	kai_txn_abort(txn);
	kai_store_close(store);
}

uint64_t box_items(struct box_node *node)
{
	struct kai_store *store;
	struct kai_txn *txn = read_begin(node, &store);
	uint64_t count = kai_txn_count(txn, KAI_TABLE_ITEMS);

	read_end(store, txn);
	return count;
}

uint64_t box_parts(struct box_node *node, const uint8_t id[KAI_ID_LEN])
{
	size_t used = node->arena.used;
	struct kai_store *store;
	struct kai_txn *txn = read_begin(node, &store);
	struct kai_item item = {.held = 0};
	uint64_t arrival;

	if (kai_rec_arrival(txn, id, &arrival))
		assert_true(kai_rec_item(txn, arrival, &node->arena, &item));
	read_end(store, txn);
	node->arena.used = used;
	return item.held;
}

bool box_holds(struct box_node *node, const uint8_t id[KAI_ID_LEN])
{
	return box_parts(node, id) != 0;
}

uint64_t box_journal(struct box_node *node, const uint8_t org[KAI_ID_LEN], const char *rule)
{
	struct kai_store *store;
	struct kai_txn *txn = read_begin(node, &store);
	struct kai_scan scan;
	struct kai_span value;
	uint64_t sum = 0;

	kai_scan_init(&scan, txn, KAI_TABLE_JOURNAL, kai_span(NULL, 0), kai_span(NULL, 0), false);
	while (kai_scan_next(&scan, NULL, &value)) {
		size_t used = node->arena.used;
		struct kai_journal entry;

		assert_int_equal(
			kai_object_decode(&kai_object_journal, value, &node->arena, &entry),
			KAI_FAULT_NONE);
		if (entry.org.is && kai_id_equal(entry.org.id, org) &&
		    kai_span_equal(entry.rule, kai_span_str(rule)))
			sum += entry.count;
		node->arena.used = used;
	}
	read_end(store, txn);
	return sum;
}

/* ---- the process ---- */

uint64_t box_memory(const struct box_node *node)
{
	char path[64], line[128], *resident;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%ld/statm", (long)node->pid);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	(void)fclose(file);
	(void)strtoul(line, &resident, 10); /* the whole size comes first */
	uint64_t pages = strtoul(resident, NULL, 10);

	assert_true(pages > 0);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

bool box_logged(const struct box_node *node, const char *text)
{
	char path[128], line[2048];
	bool found = false;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/log", node->top);
	file = fopen(path, "re");
	assert_non_null(file);
	while (!found && fgets(line, sizeof(line), file) != NULL)
		found = strstr(line, text) != NULL;
	(void)fclose(file);
	return found;
}
