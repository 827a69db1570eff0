/* SPDX-License-Identifier: Apache-2.0 */
/* Two real nodes, and a client that keeps their control socket busy. */
#include "bench.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>
#include <zmq.h>

#include "kairan/client.h"
#include "kairan/control.h"
#include "kairan/kinds.h"
#include "kairan/rec.h"

#define ARENA_LEN (1u << 20)
#define TIMEOUT_MS 20000

struct pair {
	struct bench *bench;
	char lab[KAI_PATH_SIZE];
	char dirs[2][KAI_PATH_SIZE];
	struct kai_store *stores[2];
	void *context;
	void *control;		  /* of op-a */
	uint8_t peer[KAI_ID_LEN]; /* op-b */
	uint16_t peer_number;
	uint64_t serial; /* makes every item different */
	struct kai_arena arena;
	uint8_t *memory;
};

/* kairan --lab DIR lab VERB [TOPOLOGY]. */
static bool run(struct pair *pair, const char *verb, const char *topology)
{
	const char *const given[] = {pair->bench->kairan, "lab",    verb, "--lab",
				     pair->lab,		  topology, NULL};

	if (bench_run(given, NULL, true) == 0)
		return true;
	(void)fprintf(stderr, "kairan-bench: kairan lab %s --lab %s failed\n", verb, pair->lab);
	return false;
}

static bool open_store(struct pair *pair, int node)
{
	const struct kai_store_options options = {.read_only = true};
	char path[KAI_PATH_SIZE + 16];
	struct kai_why why;

	(void)snprintf(path, sizeof(path), "%s/store", pair->dirs[node]);
	if (kai_store_open_lmdb(path, &options, &pair->stores[node], &why) == KAI_ERR_OK)
		return true;
	(void)fprintf(stderr, "kairan-bench: %s\n", why.text);
	return false;
}

static bool find_org(struct kai_store *store, uint8_t ret[KAI_ID_LEN])
{
	struct kai_txn *txn;
	struct kai_span org;
	struct kai_key word = kai_key_word(KAI_META_ORG);
	bool found = kai_txn_begin(store, false, &txn, NULL) == KAI_ERR_OK;

	if (!found)
		return false;
	found = kai_txn_get(txn, KAI_TABLE_META, kai_key_span(&word), &org) &&
		org.len == KAI_ID_LEN;
	if (found)
		memcpy(ret, org.at, KAI_ID_LEN);
	kai_txn_abort(txn);
	return found;
}

static bool find_peer(struct pair *pair)
{
	struct kai_txn *txn;
	struct kai_peer peer;
	bool found = find_org(pair->stores[1], pair->peer);

	if (!found || kai_txn_begin(pair->stores[0], false, &txn, NULL) != KAI_ERR_OK)
		return false;
	found = kai_rec_peer(txn, pair->peer, &pair->arena, &peer);
	pair->peer_number = (uint16_t)peer.number;
	kai_txn_abort(txn);
	return found;
}

static bool connect_control(struct pair *pair)
{
	char endpoint[KAI_CONTROL_ENDPOINT];
	struct kai_why why;
	int fd, linger = 0, timeout = TIMEOUT_MS;

	pair->context = zmq_ctx_new();
	pair->control = pair->context == NULL ? NULL : zmq_socket(pair->context, ZMQ_DEALER);
	if (pair->control == NULL ||
	    kai_control_endpoint(pair->dirs[0], endpoint, &fd, &why) != KAI_ERR_OK)
		return false;
	(void)zmq_setsockopt(pair->control, ZMQ_LINGER, &linger, sizeof(linger));
	(void)zmq_setsockopt(pair->control, ZMQ_RCVTIMEO, &timeout, sizeof(timeout));
	return zmq_connect(pair->control, endpoint) == 0;
}

struct pair *pair_up(struct bench *bench)
{
	struct pair *pair = calloc(1, sizeof(*pair));
	uint8_t *memory = malloc(ARENA_LEN);

	if (pair == NULL || memory == NULL) {
		free(pair);
		free(memory);
		return NULL;
	}
	pair->bench = bench;
	pair->memory = memory;
	pair->arena = (struct kai_arena){memory, ARENA_LEN, 0, false};
	(void)snprintf(pair->lab, sizeof(pair->lab), "%.4000s/lab", bench->dir);
	(void)snprintf(pair->dirs[0], sizeof(pair->dirs[0]), "%.4000s/lab/op-a", bench->dir);
	(void)snprintf(pair->dirs[1], sizeof(pair->dirs[1]), "%.4000s/lab/op-b", bench->dir);
	if (run(pair, "up", KAIRAN_SOURCE_DATA "/lab/pair.conf") && open_store(pair, 0) &&
	    open_store(pair, 1) && find_peer(pair) && connect_control(pair))
		return pair;
	pair_down(pair);
	return NULL;
}

void pair_down(struct pair *pair)
{
	if (pair == NULL)
		return;
	if (pair->control != NULL)
		(void)zmq_close(pair->control);
	if (pair->context != NULL)
		(void)zmq_ctx_term(pair->context);
	kai_store_close(pair->stores[0]);
	kai_store_close(pair->stores[1]);
	(void)run(pair, "down", NULL);
	free(pair->memory);
	free(pair);
}

static pid_t pid_of(const struct pair *pair, char node)
{
	char path[KAI_PATH_SIZE + 16], text[32] = "";
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/kairand.pid", pair->dirs[node - 'a']);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	if (fgets(text, sizeof(text), file) == NULL)
		text[0] = '\0';
	(void)fclose(file);
	return (pid_t)strtol(text, NULL, 10);
}

/* Where op-a listens, as kairan init wrote it down. */
static bool find_endpoint(const struct pair *pair, char ret[PAIR_ENDPOINT])
{
	char path[KAI_PATH_SIZE + 16], line[256];
	FILE *file;
	bool found = false;

	(void)snprintf(path, sizeof(path), "%s/kairan.conf", pair->dirs[0]);
	file = fopen(path, "re");
	while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL)
		found = sscanf(line, "listen = \"%127[^\"]\"", ret) == 1;
	if (file != NULL)
		(void)fclose(file);
	return found;
}

bool pair_reach(struct pair *pair, char ret_endpoint[PAIR_ENDPOINT], uint8_t ret_key[KAI_ID_LEN],
		uint8_t ret_org[KAI_ID_LEN])
{
	static struct kai_node_keys keys;

	if (!find_endpoint(pair, ret_endpoint) || !find_org(pair->stores[0], ret_org) ||
	    kai_node_keys_load(pair->dirs[0], &keys, NULL) != KAI_ERR_OK)
		return false;
	memcpy(ret_key, keys.node.key, KAI_ID_LEN);
	kai_node_keys_done(&keys);
	return true;
}

const char *pair_dir(const struct pair *pair, char node)
{
	return pair->dirs[node - 'a'];
}

double pair_cpu_seconds(const struct pair *pair, char node)
{
	unsigned long user = 0, system = 0;
	char path[64], line[1024] = "";
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid_of(pair, node));
	file = fopen(path, "re");
	if (file == NULL)
		return -1;
	if (fgets(line, sizeof(line), file) == NULL)
		line[0] = '\0';
	(void)fclose(file);
	/* Fields 14 and 15, counted from behind the name in parentheses, which is field 2. */
	const char *at = strrchr(line, ')');

	for (int field = 2; at != NULL && field < 14; field++)
		at = strchr(at + 1, ' ');
	if (at == NULL)
		return -1;
	char *next;

	user = strtoul(at, &next, 10);
	system = strtoul(next, NULL, 10);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* A process that ended keeps its number, without a command line, until its parent asks for it. */
static bool is_gone(pid_t pid)
{
	char path[64];
	FILE *file;
	bool gone;

	(void)snprintf(path, sizeof(path), "/proc/%ld/cmdline", (long)pid);
	file = fopen(path, "re");
	if (file == NULL)
		return true;
	gone = fgetc(file) == EOF;
	(void)fclose(file);
	return gone;
}

bool pair_stop(struct pair *pair, char node)
{
	pid_t pid = pid_of(pair, node);

	if (pid <= 1 || kill(pid, SIGTERM) != 0)
		return false;
	for (int i = 0; i < 1000 && !is_gone(pid); i++)
		bench_nap_us(10000);
	if (is_gone(pid))
		return true;
	(void)fprintf(stderr, "kairan-bench: op-%c does not end\n", node);
	return false;
}

bool pair_start(struct pair *pair, char node)
{
	(void)node; /* `lab up` starts whatever of the lab is stopped */
	return run(pair, "up", NULL);
}

/* ---- publishing */

static struct kai_span request_of(struct pair *pair, size_t len, uint64_t urgency, bool for_all)
{
	struct kai_body_value values[] = {{kai_span_str("subtype"), kai_span_str("indicators")},
					  {kai_span_str("action"), kai_span_str("none")}};
	const struct kai_audience_entry one = {KAI_AUD_ORG, kai_span(pair->peer, KAI_ID_LEN),
					       kai_span(NULL, 0)},
					all = {KAI_AUD_SECTOR, kai_span(NULL, 0),
					       kai_span_str(PAIR_SECTOR)};
	struct kai_audience_entry entry = for_all ? all : one;
	char title[64], *text = kai_arena_take(&pair->arena, len);
	struct kai_draft_part part = {
		kai_span_str("main"), kai_span_str("kairan/secinfo"), NULL, {NULL, 0}};
	struct kai_ctl_publish request = {.version = KAI_VERSION, .type = KAI_CONTROL_PUBLISH};
	struct kai_body body = {.version = KAI_VERSION, .values = values, .values_count = 2};

	(void)snprintf(title, sizeof(title), "Item %llu of the bench",
		       (unsigned long long)++pair->serial);
	/* all at once: a call to the kernel for each letter would be what is measured */
	randombytes_buf(text, len);
	for (size_t i = 0; i < len; i++)
		text[i] = (char)('a' + ((unsigned char)text[i] & 15U));
	body.title = kai_span_str(title);
	body.text = kai_span(text, len);
	part.content = kai_object_encode_in(&kai_object_body, &body, &pair->arena);
	request.draft = (struct kai_draft){.kind = KAI_KIND_SECINFO,
					   .urgency = urgency,
					   .lang = kai_span_str("en"),
					   .label = {.tlp = KAI_TLP_AMBER,
						     .audience = &entry,
						     .audience_count = 1,
						     .onward = KAI_ONWARD_ANY,
						     .attribution = KAI_ATTR_NAMED,
						     .pap = KAI_PAP_CLEAR},
					   .parts = &part,
					   .parts_count = 1};
	return kai_object_encode_in(&kai_object_ctl_publish, &request, &pair->arena);
}

static bool send_request(struct pair *pair, struct kai_span request)
{
	return request.len > 0 && zmq_send(pair->control, "", 0, ZMQ_SNDMORE) == 0 &&
	       zmq_send(pair->control, request.at, request.len, 0) == (int)request.len;
}

static bool ask(struct pair *pair, size_t len, uint64_t urgency, bool for_all)
{
	pair->arena.used = 0;
	return send_request(pair, request_of(pair, len, urgency, for_all));
}

/* ret_id NULL: it need not name an item. */
static bool answer(struct pair *pair, uint8_t *ret_id)
{
	static uint8_t bytes[65536];
	struct kai_ctl_answer read;
	int len;

	if (zmq_recv(pair->control, bytes, sizeof(bytes), 0) != 0)
		return false;
	len = zmq_recv(pair->control, bytes, sizeof(bytes), 0);
	pair->arena.used = 0;
	if (len <= 0 || kai_object_decode(&kai_object_ctl_answer, kai_span(bytes, (size_t)len),
					  &pair->arena, &read) != KAI_FAULT_NONE)
		return false;
	if (read.exit != 0 || (ret_id != NULL && !read.id.is)) {
		(void)fprintf(stderr, "kairan-bench: the node says no: %.*s\n", (int)read.text.len,
			      (const char *)read.text.at);
		return false;
	}
	if (ret_id != NULL)
		memcpy(ret_id, read.id.id, KAI_ID_LEN);
	return true;
}

bool pair_publish(struct pair *pair, long count, size_t len, unsigned window)
{
	long asked = 0, answered = 0;

	while (answered < count) {
		while (asked < count && asked - answered < (long)window) {
			if (!ask(pair, len, KAI_URGENCY_INFO, false))
				return false;
			asked++;
		}
		if (!answer(pair, NULL))
			return false;
		answered++;
	}
	return true;
}

bool pair_ask(struct pair *pair, struct kai_span request)
{
	return send_request(pair, request) && answer(pair, NULL);
}

bool pair_ask_spread(struct pair *pair, size_t len)
{
	return ask(pair, len, KAI_URGENCY_NOW, true);
}

bool pair_answer(struct pair *pair, uint8_t ret_id[KAI_ID_LEN])
{
	return answer(pair, ret_id);
}

/* Has op-b committed it? */
static bool is_held(struct pair *pair, const uint8_t id[KAI_ID_LEN])
{
	struct kai_txn *txn;
	uint64_t arrival;
	bool held;

	if (kai_txn_begin(pair->stores[1], false, &txn, NULL) != KAI_ERR_OK)
		return false;
	held = kai_rec_arrival(txn, id, &arrival);
	kai_txn_abort(txn);
	return held;
}

/* Has op-a committed that op-b said so? */
static bool is_known(struct pair *pair, const uint8_t id[KAI_ID_LEN])
{
	struct kai_released released;
	struct kai_txn *txn;
	uint64_t arrival;
	bool known = false;

	pair->arena.used = 0;
	if (kai_txn_begin(pair->stores[0], false, &txn, NULL) != KAI_ERR_OK)
		return false;
	if (kai_rec_arrival(txn, id, &arrival)) {
		struct kai_key key = kai_key_pair(arrival, pair->peer_number);

		known = kai_rec_get(txn, KAI_TABLE_RELEASED, &key, &kai_object_released,
				    &pair->arena, &released) &&
			released.state == KAI_RELEASED_STORED;
	}
	kai_txn_abort(txn);
	return known;
}

static bool wait_until(struct pair *pair, const uint8_t id[KAI_ID_LEN],
		       bool (*holds)(struct pair *pair, const uint8_t id[KAI_ID_LEN]))
{
	double end = bench_now() + 10;

	while (!holds(pair, id)) {
		if (bench_now() > end)
			return false;
		bench_nap_us(100);
	}
	return true;
}

bool pair_stored_seconds(struct pair *pair, size_t len, double *ret_held, double *ret_known)
{
	uint8_t id[KAI_ID_LEN];
	double start = bench_now();

	if (!ask(pair, len, KAI_URGENCY_NOW, false) || !answer(pair, id) ||
	    !wait_until(pair, id, is_held))
		return false;
	*ret_held = bench_now() - start;
	if (!wait_until(pair, id, is_known))
		return false;
	*ret_known = bench_now() - start;
	return true;
}

long pair_count(struct pair *pair, char node)
{
	struct kai_txn *txn;
	long count;

	if (kai_txn_begin(pair->stores[node - 'a'], false, &txn, NULL) != KAI_ERR_OK)
		return -1;
	count = (long)kai_txn_count(txn, KAI_TABLE_ITEMS);
	kai_txn_abort(txn);
	return count;
}

double pair_item_bytes(struct pair *pair)
{
	struct kai_item item;
	struct kai_part part;
	struct kai_txn *txn;
	double bytes = -1;

	pair->arena.used = 0;
	if (kai_txn_begin(pair->stores[0], false, &txn, NULL) != KAI_ERR_OK)
		return -1;
	uint64_t newest = kai_rec_head(txn);
	struct kai_key key = kai_key_part(newest, 0);

	if (kai_rec_item(txn, newest, &pair->arena, &item) &&
	    kai_rec_get(txn, KAI_TABLE_PARTS, &key, &kai_object_part, &pair->arena, &part))
		bytes = (double)(item.header.len + part.ciphertext.len +
				 item.signatures_count * (KAI_ID_LEN + KAI_SIG_LEN));
	kai_txn_abort(txn);
	return bytes;
}
