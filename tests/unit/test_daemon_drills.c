/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node's loop and the drills beside what is live, without links: what a failed turn, an unreadable store and the end
 * of a window do to them. The clock, the store's word and what goes to the links are the
 * test's.
 */
#include "drills.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kairan/keys.h"
#include "kairan/text.h"
#include "loop.h"
#include "usual.h"

#define CLIENT 7

/* ---- what the test stands in front of ---- */

static unsigned commits_fail;
static unsigned begins_fail;
static unsigned answers;
static int64_t now_ms; /* since NET_MS */

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names */
enum kai_err __real_kai_txn_commit(struct kai_txn *txn, struct kai_why *why);
enum kai_err __wrap_kai_txn_commit(struct kai_txn *txn, struct kai_why *why);
enum kai_err __wrap_kai_txn_commit(struct kai_txn *txn, struct kai_why *why)
{
	if (commits_fail == 0)
		return __real_kai_txn_commit(txn, why);
	commits_fail--;
	kai_txn_abort(txn);
	return kai_fail(why, KAI_ERR_IO, "store: the disk is gone");
}

enum kai_err __real_kai_txn_begin(struct kai_store *store, bool write, struct kai_txn **ret,
				  struct kai_why *why);
enum kai_err __wrap_kai_txn_begin(struct kai_store *store, bool write, struct kai_txn **ret,
				  struct kai_why *why);
enum kai_err __wrap_kai_txn_begin(struct kai_store *store, bool write, struct kai_txn **ret,
				  struct kai_why *why)
{
	if (begins_fail == 0)
		return __real_kai_txn_begin(store, write, ret, why);
	begins_fail--;
	return kai_fail(why, KAI_ERR_IO, "store: the disk is gone");
}

void __wrap_kai_net_post(struct kai_net *net, struct kai_mail_list *list);
void __wrap_kai_net_post(struct kai_net *net, struct kai_mail_list *list)
{
	(void)net;
	while (list->head != NULL) {
		struct kai_mail *next = list->head->next;

		answers += list->head->type == KAI_MAIL_ANSWER && list->head->client == CLIENT;
		kai_mail_free(list->head);
		list->head = next;
	}
	list->tail = NULL;
}

struct kai_mono __wrap_kai_clock_mono(const struct kai_clock *clock);
struct kai_mono __wrap_kai_clock_mono(const struct kai_clock *clock)
{
	(void)clock;
	return (struct kai_mono){now_ms};
}

struct kai_wall __wrap_kai_clock_wall(const struct kai_clock *clock);
struct kai_wall __wrap_kai_clock_wall(const struct kai_clock *clock)
{
	(void)clock;
	return (struct kai_wall){NET_MS + now_ms};
}

int64_t __wrap_kai_clock_wait_ms(const struct kai_clock *clock, struct kai_mono due,
				 int64_t limit_ms);
int64_t __wrap_kai_clock_wait_ms(const struct kai_clock *clock, struct kai_mono due,
				 int64_t limit_ms)
{
	(void)clock;
	(void)due;
	(void)limit_ms;
	return 0;
}
/* NOLINTEND(bugprone-reserved-identifier) */

/* ---- a node that takes part ---- */

struct scene {
	struct net *net; /* of two; the loop goes on with the store of the first, which directs */
	struct kai_loop loop;
	char dir[64];
	FILE *log;
};

static void open_drill(struct net *net, unsigned director)
{
	uint64_t until = drills_now(net) + (uint64_t)DRILLS_LONG_MS;

	net_done(&net->nodes[director], drills_open(net, director, KAI_DRILL_WHOLE, 0, until));
	net_run(net);
	assert_non_null(net->nodes[0].drill_engine);
}

/* Until nothing is left to do now. */
static void turn(struct scene *scene)
{
	struct kai_why why = {""};

	do {
		if (kai_loop_turn(&scene->loop, &why) != KAI_ERR_OK)
			fail_msg("%s", why.text);
	} while (scene->loop.more);
}

static struct scene *scene_new(void)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	assert_non_null(scene);
	scene->net = net_chain(2, &drills_terms);
	open_drill(scene->net, 0);
	(void)snprintf(scene->dir, sizeof(scene->dir), "/tmp/kairan-drills-XXXXXX");
	assert_non_null(mkdtemp(scene->dir));
	struct kai_loop *loop = &scene->loop;

	loop->store = scene->net->nodes[0].store;
	loop->config = scene->net->nodes[0].config;
	loop->dir = scene->dir;
	loop->drill_quota_bytes = (uint64_t)64 << 20;
	loop->cut = "";
	now_ms = scene->net->mono.ms;
	scene->log = tmpfile();
	assert_non_null(scene->log);
	assert_int_equal(kai_log_new(fileno(scene->log), &loop->log), KAI_ERR_OK);
	assert_int_equal(kai_pool_new(1, &loop->pool, NULL), KAI_ERR_OK);
	assert_int_equal(kai_loop_start(loop, NULL), KAI_ERR_OK);
	assert_true(kai_drills_serve(loop, scene->net->nodes[0].drill_realm));
	answers = 0;
	return scene;
}

static int remove_one(const char *path, const struct stat *about, int type, struct FTW *place)
{
	(void)about;
	(void)type;
	(void)place;
	return remove(path);
}

static void scene_free(struct scene *scene)
{
	kai_loop_done(&scene->loop);
	kai_pool_free(scene->loop.pool);
	kai_log_free(scene->loop.log);
	(void)fclose(scene->log);
	net_free(scene->net);
	assert_int_equal(nftw(scene->dir, remove_one, 4, FTW_DEPTH | FTW_PHYS), 0);
	free(scene);
}

static bool logged(const struct scene *scene, const char *text)
{
	static char all[65536];
	ssize_t len = pread(fileno(scene->log), all, sizeof(all) - 1, 0);

	assert_true(len >= 0);
	all[len] = '\0';
	return strstr(all, text) != NULL;
}

/* ---- what is asked of the drill ---- */

static void ask_publish(struct scene *scene)
{
	struct net *net = scene->net;
	struct kai_draft_part part = {
		.name = kai_span_str("main"),
		.media_type = kai_span_str("kairan/secinfo"),
		.content = usual_body(KAI_KIND_SECINFO, "a flood", NULL, &net->arena)};
	struct kai_ctl_publish publish = {.draft = {.kind = KAI_KIND_SECINFO,
						    .lang = kai_span_str("en"),
						    .label = {.tlp = KAI_TLP_CLEAR,
							      .onward = KAI_ONWARD_ANY,
							      .attribution = KAI_ATTR_NAMED,
							      .pap = KAI_PAP_CLEAR,
							      .gov_share = 1},
						    .parts = &part,
						    .parts_count = 1},
					  .keep = true};
	struct kai_ctl_in_realm envelope = {.version = KAI_VERSION, .type = KAI_CONTROL_IN_REALM};
	uint64_t head[2] = {KAI_VERSION, KAI_CONTROL_PUBLISH};

	memcpy(&publish, head, sizeof(head));
	memcpy(publish.draft.realm, net->nodes[0].drill_realm, KAI_REALM_LEN);
	memcpy(envelope.realm, net->nodes[0].drill_realm, KAI_REALM_LEN);
	envelope.request = kai_object_encode_in(kai_control_object(KAI_CONTROL_PUBLISH), &publish,
						&net->arena);
	struct kai_span bytes =
		kai_object_encode_in(&kai_object_ctl_in_realm, &envelope, &net->arena);
	struct kai_input *input = kai_pool_blank();

	assert_true(bytes.len > 0);
	assert_non_null(input);
	input->type = KAI_INPUT_CONTROL;
	input->client = CLIENT;
	input->has_body = true;
	assert_int_equal(zmq_msg_init_size(&input->body, bytes.len), 0);
	memcpy(zmq_msg_data(&input->body), bytes.at, bytes.len);
	kai_pool_put(scene->loop.pool, input, NULL);
}

static uint64_t items(const struct scene *scene)
{
	struct kai_txn *txn;

	assert_non_null(scene->loop.drills.seats[0].store);
	assert_int_equal(kai_txn_begin(scene->loop.drills.seats[0].store, false, &txn, NULL),
			 KAI_ERR_OK);
	uint64_t count = kai_txn_count(txn, KAI_TABLE_ITEMS);

	kai_txn_abort(txn);
	return count;
}

/* ---- cases ---- */

static void what_is_refused_is_done_in_no_drill(void **state)
{
	struct scene *scene = scene_new();

	(void)state;
	ask_publish(scene);
	commits_fail = 1;
	turn(scene);
	assert_int_equal(commits_fail, 0);
	assert_int_equal(answers, 1);
	turn(scene);
	assert_int_equal(answers, 1);
	assert_int_equal(items(scene), 0);
	ask_publish(scene);
	turn(scene);
	assert_int_equal(answers, 2);
	assert_int_equal(items(scene), 1);
	assert_true(logged(scene, " item-stored drill=")); /* and says which */
	scene_free(scene);
}

/* So too where the node was read-only until that turn. */
static void what_is_refused_read_only_is_done_in_no_drill(void **state)
{
	struct scene *scene = scene_new();

	(void)state;
	scene->loop.read_only = true;
	scene->loop.retry_ms = 0;
	kai_drills_end(&scene->loop);
	ask_publish(scene);
	turn(scene);
	assert_false(scene->loop.read_only);
	assert_int_equal(answers, 1);
	assert_int_equal(items(scene), 0);
	scene_free(scene);
}

static void one_that_ended_gives_up_its_place(void **state)
{
	struct scene *scene = scene_new();
	const uint8_t *realm = scene->net->nodes[0].drill_realm;

	(void)state;
	now_ms += DRILLS_LONG_MS / 2;
	turn(scene);
	assert_true(kai_drills_serve(&scene->loop, realm));
	now_ms += DRILLS_LONG_MS;
	turn(scene);
	assert_false(kai_drills_serve(&scene->loop, realm));
	assert_null(scene->loop.drills.seats[0].store);
	assert_false(scene->loop.drills.stale);
	scene_free(scene);
}

static void what_cannot_be_read_is_looked_for_later(void **state)
{
	struct scene *scene = scene_new();
	struct kai_loop *loop = &scene->loop;
	const uint8_t *realm = scene->net->nodes[0].drill_realm;

	(void)state;
	kai_drills_end(loop);
	assert_true(kai_drills_deadline(loop).ms <= now_ms);
	begins_fail = 1;
	kai_drills_turn(loop, 0);
	assert_int_equal(begins_fail, 0);
	assert_true(logged(scene, " drills.unread "));
	assert_true(kai_drills_deadline(loop).ms > now_ms);
	kai_drills_turn(loop, 0);
	assert_false(kai_drills_serve(loop, realm));
	now_ms += KAI_MS_SECOND;
	kai_drills_turn(loop, 0);
	assert_true(kai_drills_serve(loop, realm));
	scene_free(scene);
}

static size_t served(const struct scene *scene)
{
	size_t count = 0;

	for (size_t i = 0; i < scene->loop.drills.count; i++)
		count += scene->loop.drills.seats[i].engine != NULL;
	return count;
}

static void look(struct scene *scene)
{
	now_ms = scene->net->mono.ms;
	scene->loop.drills.stale = true;
	kai_drills_turn(&scene->loop, 0);
}

/* More than there is room for: those that run stay, whatever comes after them. */
static void one_that_runs_gives_way_to_none(void **state)
{
	struct scene *scene = scene_new();
	struct kai_drills *drills = &scene->loop.drills;
	uint8_t realms[KAI_DRILLS][KAI_REALM_LEN];

	(void)state;
	for (unsigned i = 1; i < KAI_DRILLS; i++)
		open_drill(scene->net, i < 8 ? 0 : 1);
	look(scene);
	assert_int_equal(served(scene), KAI_DRILLS);
	assert_false(logged(scene, " drills.full "));
	for (size_t i = 0; i < KAI_DRILLS; i++)
		memcpy(realms[i], drills->seats[i].realm, KAI_REALM_LEN);
	for (unsigned i = KAI_DRILLS; i < 16; i++)
		open_drill(scene->net, 1);
	look(scene);
	assert_int_equal(served(scene), KAI_DRILLS);
	for (size_t i = 0; i < KAI_DRILLS; i++)
		assert_true(kai_drills_serve(&scene->loop, realms[i]));
	assert_true(logged(scene, " drills.full "));
	scene_free(scene);
}

static bool is_kept(const struct scene *scene, const uint8_t realm[KAI_REALM_LEN])
{
	char path[128], text[KAI_REALM_TEXT];

	kai_base32(kai_span(realm, KAI_REALM_LEN), text, sizeof(text));
	(void)snprintf(path, sizeof(path), "%s/" KAI_DRILLS_DIR "/%s", scene->dir, text);
	return access(path, F_OK) == 0;
}

/* Its directory goes with it, and before where all take too much; not while it runs. */
static void what_is_over_does_not_lie_for_ever(void **state)
{
	(void)state;
	for (unsigned full = 0; full < 2; full++) {
		struct scene *scene = scene_new();
		const uint8_t *realm = scene->net->nodes[0].drill_realm;
		struct kai_key key = kai_key_drill(realm, NULL, 0);
		struct kai_txn *txn;

		if (full == 1)
			scene->loop.drill_quota_bytes = 1;
		look(scene);
		assert_true(kai_drills_serve(&scene->loop, realm) && is_kept(scene, realm));
		scene->net->mono.ms += 2 * DRILLS_LONG_MS;
		look(scene);
		assert_false(kai_drills_serve(&scene->loop, realm));
		assert_int_equal(is_kept(scene, realm), full == 0);
		assert_int_equal(kai_txn_begin(scene->loop.store, true, &txn, NULL), KAI_ERR_OK);
		(void)kai_txn_del(txn, KAI_TABLE_DRILLS, kai_key_span(&key));
		assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
		look(scene);
		assert_false(is_kept(scene, realm));
		assert_true(logged(scene, " drill.forgotten "));
		scene_free(scene);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_refused_is_done_in_no_drill),
		cmocka_unit_test(what_is_refused_read_only_is_done_in_no_drill),
		cmocka_unit_test(one_that_ended_gives_up_its_place),
		cmocka_unit_test(what_cannot_be_read_is_looked_for_later),
		cmocka_unit_test(one_that_runs_gives_way_to_none),
		cmocka_unit_test(what_is_over_does_not_lie_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
