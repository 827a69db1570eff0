/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What nobody was to learn is looked for in every frame that was recorded on its way to them, and in all that
 * their stores hold, opened with their own keys. A search that cannot find what is there proves nothing: so
 * each is first made where the thing must be. The recorder and the dumper are built with the tests; where they
 * are not, the checks are not made and the story says so.
 */
#include "stage.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "kairan/advisory.h"

#define MAX_FILES 256
#define MAX_NEEDLES 256
#define MOST_BYTES                                                                                 \
	((size_t)768 * 1024 * 1024) /* of records: more takes longer than anybody waits */
#define KEY_TEXT 64		    /* a node key in hexadecimal */
#define CIPHER_TEXT 128		    /* so much of a ciphertext is looked for */

struct file {
	const char *at;
	size_t len;
};

struct needle {
	const char *kind;
	const char *text;
};

struct search {
	struct kai_lab_stage *stage;
	struct file records[MAX_FILES];
	size_t record_count;
	struct file dumps[KAI_LAB_MAX_NODES];
	char keys[KAI_LAB_MAX_NODES][KEY_TEXT + 1];
	char orgs[KAI_LAB_MAX_NODES][KEY_TEXT + 1];
	struct needle needles[MAX_NEEDLES];
	size_t needle_count;
};

/* ---- files ---- */

static bool map_file(const char *path, struct file *ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat stat_of;
	void *at = MAP_FAILED;

	if (fd < 0)
		return false;
	if (fstat(fd, &stat_of) == 0 && stat_of.st_size > 0)
		at = mmap(NULL, (size_t)stat_of.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (at == MAP_FAILED)
		return false;
	*ret = (struct file){.at = at, .len = (size_t)stat_of.st_size};
	return true;
}

static void unmap_file(struct file *file)
{
	union {
		const char *shown;
		void *mapped;
	} at = {.shown = file->at};

	if (file->at != NULL)
		(void)munmap(at.mapped, file->len);
	*file = (struct file){NULL, 0};
}

static const char *line_end(const struct file *file, const char *at)
{
	const char *end = memchr(at, '\n', (size_t)(file->at + file->len - at));

	return end != NULL ? end : file->at + file->len;
}

/* Maps every process's record. false: there is none, or too much of it. */
static bool open_records(struct search *search)
{
	DIR *dir = opendir(search->stage->lab->records);
	size_t all = 0;

	if (dir == NULL)
		return false;
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		char path[KAI_PATH_SIZE * 2];

		(void)snprintf(path, sizeof(path), "%s/%s", search->stage->lab->records,
			       entry->d_name);
		if (entry->d_name[0] != '.' && search->record_count < MAX_FILES &&
		    map_file(path, &search->records[search->record_count]))
			all += search->records[search->record_count++].len;
	}
	(void)closedir(dir);
	return search->record_count > 0 && search->record_count < MAX_FILES && all <= MOST_BYTES;
}

/* The first line of a dump says whose it is. */
static bool read_owner(struct search *search, size_t node)
{
	const struct file *dump = &search->dumps[node];
	json_error_t error;
	json_t *top =
		json_loadb(dump->at, (size_t)(line_end(dump, dump->at) - dump->at), 0, &error);
	const char *key = json_string_value(json_object_get(top, "node_key"));
	const char *org = json_string_value(json_object_get(top, "org"));
	bool good =
		key != NULL && org != NULL && strlen(key) == KEY_TEXT && strlen(org) == KEY_TEXT;

	if (good) {
		memcpy(search->keys[node], key, KEY_TEXT + 1);
		memcpy(search->orgs[node], org, KEY_TEXT + 1);
	}
	json_decref(top);
	return good;
}

static int open_dumps(struct search *search)
{
	struct kai_lab_stage *stage = search->stage;

	for (size_t i = 0; i < stage->lab->node_count; i++) {
		const struct kai_lab_node *node = &stage->lab->nodes[i];
		const char *const argv[] = {stage->dumper, node->dir, NULL};
		char *path = kai_cli_text(stage->cli, "%s/%s.dump", stage->lab->dir, node->name);
		pid_t pid;
		int code = kai_lab_begin(stage->cli, argv, path, &pid);

		if (code == 0)
			code = kai_lab_wait(pid);
		if (code != 0 || !map_file(path, &search->dumps[i]) || !read_owner(search, i))
			return kai_cli_fail(stage->cli, KAI_EXIT_UNREACHABLE, "%s: exit %d (%s)",
					    stage->dumper, code, path);
	}
	return 0;
}

/* ---- needles ---- */

static void add(struct search *search, const char *kind, const char *text)
{
	if (text != NULL && text[0] != '\0' && search->needle_count < MAX_NEEDLES)
		search->needles[search->needle_count++] = (struct needle){kind, text};
}

static char *hex_of(struct kai_cli *cli, const void *at, size_t len)
{
	char *text = kai_cli_take(cli, 2 * len + 1);

	(void)sodium_bin2hex(text, 2 * len + 1, at, len);
	return text;
}

/* The dump's row of an item at its origin; NULL: not there. To be released. */
static json_t *dumped_item(const struct search *search, const struct kai_lab_item *item)
{
	const struct file *dump = &search->dumps[item->origin];
	char start[KAI_ID_TEXT + 16];
	json_error_t error;

	(void)snprintf(start, sizeof(start), "{\"item\":\"%s\"", item->id);
	const char *at = memmem(dump->at, dump->len, start, strlen(start));

	return at != NULL ? json_loadb(at, (size_t)(line_end(dump, at) - at), 0, &error) : NULL;
}

static void add_wraps(struct search *search, const struct kai_wrap *wraps, size_t count, int part)
{
	for (size_t i = 0; i < count; i++)
		if (part < 0 || wraps[i].index == (uint64_t)part)
			add(search, "wrap",
			    hex_of(search->stage->cli, wraps[i].bytes.at, wraps[i].bytes.len));
}

/* What a frame brings of the item with this header, in a drill's envelope or not: its wraps become needles. */
static void wraps_of_frame(struct search *search, struct kai_span frame, struct kai_span header,
			   int part)
{
	struct kai_cli *cli = search->stage->cli;
	struct kai_realm_frame envelope;
	struct kai_push push;
	struct kai_chunk chunk;

	if (kai_object_decode(&kai_object_realm_frame, frame, &cli->arena, &envelope) ==
	    KAI_FAULT_NONE)
		frame = envelope.frame;
	if (kai_object_decode(&kai_object_push, frame, &cli->arena, &push) == KAI_FAULT_NONE &&
	    kai_span_equal(push.advisory.header, header))
		add_wraps(search, push.advisory.wraps, push.advisory.wraps_count, part);
	else if (kai_object_decode(&kai_object_chunk, frame, &cli->arena, &chunk) ==
			 KAI_FAULT_NONE &&
		 chunk.head != NULL && kai_span_equal(chunk.head->header, header))
		add_wraps(search, chunk.head->wraps, chunk.head->wraps_count, part);
}

/* Wraps are made for one receiver, so they stand in no dump: they are read from all frames that bring the item. */
static void find_wraps(struct search *search, const char *header_hex, int part)
{
	struct kai_cli *cli = search->stage->cli;
	size_t header_len = strlen(header_hex) / 2;
	uint8_t *header = kai_cli_take(cli, header_len + 1);

	if (sodium_hex2bin(header, header_len, header_hex, 2 * header_len, NULL, NULL, NULL) != 0)
		return;
	for (size_t i = 0; i < search->record_count; i++) {
		const struct file *file = &search->records[i];

		for (const char *at = file->at; at < file->at + file->len;) {
			const char *end = line_end(file, at),
				   *frame = memchr(at, ' ', (size_t)(end - at));

			if (frame != NULL && memmem(frame, (size_t)(end - frame), header_hex,
						    2 * header_len) != NULL) {
				size_t len = (size_t)(end - frame - 1) / 2;
				uint8_t *bytes = kai_cli_take(cli, len + 1);

				(void)sodium_hex2bin(bytes, len, frame + 1, 2 * len, NULL, NULL,
						     NULL);
				wraps_of_frame(search, kai_span(bytes, len),
					       kai_span(header, header_len), part);
			}
			at = end + 1;
		}
	}
}

static void add_texts(struct search *search, const json_t *texts, const char *part)
{
	const json_t *pair;
	size_t i;

	json_array_foreach (texts, i, pair) {
		const char *text = json_string_value(json_array_get(pair, 1));

		if (part == NULL || strcmp(part, json_string_value(json_array_get(pair, 0))) == 0)
			add(search, "opened text", hex_of(search->stage->cli, text, strlen(text)));
	}
}

/* Of an item, or of one part of it; a part's reader may hold the header. false: the origin does not hold it. */
static bool needles_of_item(struct search *search, const struct kai_lab_item *item,
			    const char *part)
{
	struct kai_cli *cli = search->stage->cli;
	json_t *row = dumped_item(search, item), *one;
	const char *header = json_string_value(json_object_get(row, "header"));
	int index = -1;
	size_t i;

	if (header == NULL)
		return false;
	if (part == NULL) {
		add(search, "id",
		    kai_cli_text(cli, "%s", json_string_value(json_object_get(row, "id"))));
		add(search, "header", kai_cli_text(cli, "%s", header));
	}
	json_array_foreach (json_object_get(row, "parts"), i, one) {
		if (part != NULL &&
		    strcmp(part, json_string_value(json_object_get(one, "name"))) != 0)
			continue;
		index = (int)json_integer_value(json_object_get(one, "index"));
		add(search, "ciphertext",
		    kai_cli_text(cli, "%.*s", CIPHER_TEXT,
				 json_string_value(json_object_get(one, "ciphertext"))));
		add(search, "part key",
		    kai_cli_text(cli, "%s", json_string_value(json_object_get(one, "key"))));
	}
	find_wraps(search, kai_cli_text(cli, "%s", header), part != NULL ? index : -1);
	add_texts(search, item->texts, part);
	json_decref(row);
	return true;
}

/* ---- searching ---- */

static const char *in_dump(const struct search *search, size_t node, const char *needle)
{
	const struct file *dump = &search->dumps[node];

	return dump->at != NULL ? memmem(dump->at, dump->len, needle, strlen(needle)) : NULL;
}

static bool in_frames(const struct search *search, size_t node, const char *needle)
{
	size_t len = strlen(needle);

	for (size_t i = 0; i < search->record_count; i++) {
		const struct file *file = &search->records[i];

		for (const char *at = file->at; at < file->at + file->len;) {
			const char *found =
				memmem(at, (size_t)(file->at + file->len - at), needle, len);

			if (found == NULL)
				break;
			/* Back to its line's beginning: that says for whom the frame was. */
			const char *line = memrchr(at, '\n', (size_t)(found - at));

			line = line != NULL ? line + 1 : at;
			if (strncmp(line, search->keys[node], KEY_TEXT) == 0)
				return true;
			at = line_end(file, found) + 1;
		}
	}
	return false;
}

static size_t frames_for(const struct search *search, size_t node)
{
	size_t count = 0;

	for (size_t i = 0; i < search->record_count; i++) {
		const struct file *file = &search->records[i];

		for (const char *at = file->at; at < file->at + file->len;
		     at = line_end(file, at) + 1)
			count += strncmp(at, search->keys[node], KEY_TEXT) == 0;
	}
	return count;
}

/* That the search finds what is there: in the store of the origin, and in frames to somebody who holds it. */
static bool control(const struct search *search, const struct kai_lab_item *item,
		    const char **ret_missing)
{
	uint64_t holders = item->holders & ~((uint64_t)1 << item->origin);
	bool crossed = holders == 0;

	for (size_t i = 0; i < search->needle_count; i++) {
		const struct needle *needle = &search->needles[i];

		if (strcmp(needle->kind, "wrap") != 0 &&
		    in_dump(search, item->origin, needle->text) == NULL) {
			*ret_missing = needle->kind;
			return false;
		}
		uint64_t rest = holders;

		for (size_t node; !crossed && kai_lab_next(&rest, &node);)
			crossed = strcmp(needle->kind, "ciphertext") == 0 &&
				  in_frames(search, node, needle->text);
	}
	*ret_missing = "ciphertext in a frame";
	return crossed;
}

/* The first thing of it that is where it may not be. */
static bool leaked(const struct search *search, size_t node, const char **ret_kind,
		   const char **ret_where)
{
	for (size_t i = 0; i < search->needle_count; i++) {
		const struct needle *needle = &search->needles[i];
		bool frame = in_frames(search, node, needle->text);

		if (frame || in_dump(search, node, needle->text) != NULL) {
			*ret_kind = needle->kind;
			*ret_where = frame ? "a frame to" : "the store of";
			return true;
		}
	}
	return false;
}

static uint64_t all_nodes(const struct kai_lab_stage *stage)
{
	return stage->lab->node_count == 64 ? UINT64_MAX
					    : ((uint64_t)1 << stage->lab->node_count) - 1;
}

static char *name_of(const struct kai_lab_stage *stage, const struct kai_lab_secret *secret)
{
	const char *item = stage->scenario->items[secret->item];

	if (secret->is_node)
		return kai_cli_text(stage->cli, "that %s takes part",
				    stage->lab->nodes[secret->node].name);
	return secret->part != NULL ? kai_cli_text(stage->cli, "part %s of %s", secret->part, item)
				    : kai_cli_text(stage->cli, "%s", item);
}

static bool gather(struct search *search, const struct kai_lab_secret *secret,
		   const char **ret_missing)
{
	struct kai_lab_stage *stage = search->stage;
	const struct kai_lab_item *item = &stage->items[secret->item];

	search->needle_count = 0;
	if (!secret->is_node) {
		*ret_missing = "item";
		return needles_of_item(search, item, secret->part) &&
		       control(search, item, ret_missing);
	}
	add(search, "organisation's id", search->orgs[secret->node]);
	add(search, "node key", search->keys[secret->node]);
	*ret_missing = "organisation";
	return in_dump(search, secret->node, search->orgs[secret->node]) != NULL;
}

/* Cut from all others to the end: no frame is on its way to it, and its store is searched alone. */
static bool is_apart(const struct kai_lab_stage *stage, size_t node)
{
	return (stage->cut[node] | (uint64_t)1 << node) == all_nodes(stage);
}

static void look(struct search *search, const struct kai_lab_secret *secret)
{
	struct kai_lab_stage *stage = search->stage;
	uint64_t nodes = secret->others ? all_nodes(stage) & ~stage->items[secret->item].holders
					: secret->nodes;
	const char *missing, *kind, *where;
	char *name = name_of(stage, secret);
	uint64_t clean = 0;

	if (!gather(search, secret, &missing)) {
		kai_lab_say(stage, secret->step, KAI_LAB_FAILED,
			    "the search for %s does not find it where it is (%s)", name, missing);
		return;
	}
	for (size_t node; kai_lab_next(&nodes, &node);) {
		if (frames_for(search, node) == 0 && !is_apart(stage, node))
			kai_lab_say(stage, secret->step, KAI_LAB_FAILED,
				    "no frame to %s was recorded", stage->lab->nodes[node].name);
		else if (leaked(search, node, &kind, &where))
			kai_lab_say(stage, secret->step, KAI_LAB_FAILED, "%s: its %s is in %s %s",
				    name, kind, where, stage->lab->nodes[node].name);
		else
			clean |= (uint64_t)1 << node;
	}
	if (clean != 0)
		kai_lab_say(stage, secret->step, KAI_LAB_HELD,
			    "%s: none of %zu traces in any frame to, or in the store of, %s", name,
			    search->needle_count, kai_lab_nodes_text(stage, clean));
}

/* ---- what the nodes' logs say of crashes ---- */

static void look_at_logs(struct kai_lab_stage *stage)
{
	static const char *const complaints[] = {"Assertion ", "Sanitizer", "runtime error:"};
	bool well = true;

	for (size_t i = 0; i < stage->lab->node_count; i++) {
		char *path = kai_cli_text(stage->cli, "%s/kairand.log", stage->lab->nodes[i].dir);
		struct file log = {NULL, 0};

		if (!map_file(path, &log))
			continue;
		for (size_t k = 0; k < sizeof(complaints) / sizeof(complaints[0]); k++) {
			if (memmem(log.at, log.len, complaints[k], strlen(complaints[k])) == NULL)
				continue;
			well = false;
			kai_lab_say(stage, NULL, KAI_LAB_FAILED, "%s was unwell (see %s)",
				    stage->lab->nodes[i].name, path);
		}
		unmap_file(&log);
	}
	if (well)
		kai_lab_say(stage, NULL, KAI_LAB_HELD, "no node was unwell");
}

static int look_everywhere(struct kai_lab_stage *stage)
{
	struct search *search = calloc(1, sizeof(*search));
	int code = 0;

	if (search == NULL)
		return KAI_EXIT_UNREACHABLE;
	search->stage = stage;
	if (!open_records(search)) {
		for (size_t i = 0; i < stage->secret_count; i++)
			kai_lab_say(stage, stage->secrets[i].step, KAI_LAB_NOT_MADE,
				    "%s (the record of frames is too large to be looked through)",
				    stage->secrets[i].step->text);
	} else {
		code = open_dumps(search);
		for (size_t i = 0; code == 0 && i < stage->secret_count; i++) {
			size_t mark = stage->cli->arena.used;

			look(search, &stage->secrets[i]);
			stage->cli->arena.used = mark;
		}
	}
	for (size_t i = 0; i < search->record_count; i++)
		unmap_file(&search->records[i]);
	for (size_t i = 0; i < stage->lab->node_count; i++)
		unmap_file(&search->dumps[i]);
	free(search);
	return code;
}

int kai_lab_evidence(struct kai_lab_stage *stage)
{
	bool able = stage->dumper != NULL && stage->lab->recorder[0] != '\0';

	look_at_logs(stage);
	if (stage->secret_count == 0)
		return 0;
	if (able)
		return look_everywhere(stage);
	for (size_t i = 0; i < stage->secret_count; i++)
		kai_lab_say(
			stage, stage->secrets[i].step, KAI_LAB_NOT_MADE,
			"%s (frames are recorded and stores opened only where Kairan was built)",
			stage->secrets[i].step->text);
	return 0;
}
