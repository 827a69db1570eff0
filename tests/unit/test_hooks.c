/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that are run for calls: what they are given, and that none of them, however hostile, holds the node up. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hooks.h"
#include "kairan/call.h"
#include "kairan/records.h"

#define MOST_ENDS 64

/* What ended, as the loop would hear it. */
struct ends {
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct kai_hook_end at[MOST_ENDS];
	size_t count;
};

static struct ends *ends_new(void)
{
	struct ends *ends = calloc(1, sizeof(*ends));

	assert_non_null(ends);
	(void)pthread_mutex_init(&ends->lock, NULL);
	(void)pthread_cond_init(&ends->more, NULL);
	return ends;
}

static void note(void *context, const struct kai_hook_end *end)
{
	struct ends *ends = context;

	(void)pthread_mutex_lock(&ends->lock);
	if (ends->count < MOST_ENDS)
		ends->at[ends->count++] = *end;
	(void)pthread_cond_signal(&ends->more);
	(void)pthread_mutex_unlock(&ends->lock);
}

/* Until so many ended; a program that holds us up fails the test. */
static void await(struct ends *ends, size_t count)
{
	struct timespec until;
	int failed = 0;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 120;
	(void)pthread_mutex_lock(&ends->lock);
	while (ends->count < count && failed == 0)
		failed = pthread_cond_timedwait(&ends->more, &ends->lock, &until);
	(void)pthread_mutex_unlock(&ends->lock);
	assert_int_equal(failed, 0);
}

struct scene {
	char dir[64];
	struct ends *ends;
	struct kai_hooks *hooks;
	char script[512];
	const char *argv[4];
};

/* script NULL: there is no such program. It runs in the scene's folder. */
static void open_scene(struct scene *scene, const char *script, int64_t timeout_ms, size_t at_once)
{
	struct kai_hooks_config config = {
		.argv = scene->argv, .timeout_ms = timeout_ms, .at_once = at_once, .ended = note};

	(void)snprintf(scene->dir, sizeof(scene->dir), "/tmp/kairan-hooks-XXXXXX");
	assert_non_null(mkdtemp(scene->dir));
	(void)snprintf(scene->script, sizeof(scene->script), "cd %s; %s", scene->dir,
		       script != NULL ? script : "");
	scene->argv[0] = script != NULL ? "/bin/sh" : "/nowhere/at/all";
	scene->argv[1] = "-c";
	scene->argv[2] = scene->script;
	scene->argv[3] = NULL;
	scene->ends = ends_new();
	config.context = scene->ends;
	assert_int_equal(kai_hooks_new(&config, &scene->hooks, NULL), KAI_ERR_OK);
}

static int remove_one(const char *path, const struct stat *about, int type, struct FTW *place)
{
	(void)about;
	(void)type;
	(void)place;
	return remove(path);
}

static void close_scene(struct scene *scene)
{
	kai_hooks_free(scene->hooks);
	/* nothing of them is left, dead or alive */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	assert_int_equal(nftw(scene->dir, remove_one, 4, FTW_DEPTH | FTW_PHYS), 0);
	free(scene->ends);
}

/* A call; text becomes that of its item. */
static void call(struct scene *scene, const char *step, const char *text)
{
	struct kai_body_value value = {.name = kai_span_str("action"),
				       .value = kai_span_str("Look at the pumps.")};
	struct kai_call_item item = {.kind = KAI_KIND_ALERT,
				     .urgency = KAI_URGENCY_NOW,
				     .tlp = KAI_TLP_GREEN,
				     .created_at = 1900000000000,
				     .title = kai_span_str("The \"pumps\""),
				     .text = kai_span_str(text),
				     .values = &value,
				     .values_count = 1};
	struct kai_call made = {.step = kai_span_str(step),
				.silence = KAI_SILENCE_PERSON,
				.rung = KAI_RUNG_DEPUTY,
				.again = true,
				.role = kai_span_str("deputy"),
				.name = kai_span_str("Sato"),
				.channel = kai_span_str("tel:1; rm -rf /\n$(id)"),
				.other = kai_span_str("mailto:sato@example.org"),
				.alias = kai_span_str("op-power-a"),
				.id = {.is = true},
				.item = &item};
	struct kai_arena arena = {malloc(1 << 20), 1 << 20, 0, false};
	const struct kai_call_ref ref = {.arrival = 7, .at = 9, .peer = 2, .rung = 3};

	assert_non_null(arena.at);
	made.org.is = true;
	struct kai_span bytes = kai_object_encode_in(&kai_object_call, &made, &arena);

	assert_true(bytes.len > 0);
	kai_hooks_call(scene->hooks, &ref, bytes);
	free(arena.at);
}

static char *read_file(const struct scene *scene, const char *name)
{
	static char text[65536];
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", scene->dir, name);
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	(void)fclose(file);
	return text;
}

/* ---- what becomes of it ---- */

/* Each does what no good program does; what is said of it, and that the next one runs. */
static const struct {
	const char *script;
	int64_t timeout_ms;
	uint64_t result, code;
	const char *said;
} hostile[] = {
	{"cat >/dev/null; echo done", 60000, KAI_RESULT_EXIT, 0, "done"},
	{"exit 7", 60000, KAI_RESULT_EXIT, 7, ""},
	{"echo no such number >&2; exit 255", 60000, KAI_RESULT_EXIT, 255, "no such number"},
	{"exec 0<&-; echo deaf", 60000, KAI_RESULT_EXIT, 0, "deaf"},
	{"exec 0<&- 1>&- 2>&-; exit 3", 60000, KAI_RESULT_EXIT, 3, ""},
	{"kill -SEGV $$", 60000, KAI_RESULT_SIGNAL, SIGSEGV, ""},
	{"echo first; kill -KILL $$", 60000, KAI_RESULT_SIGNAL, SIGKILL, "first"},
	{"echo much; head -c 100000000 /dev/zero", 60000, KAI_RESULT_EXIT, 0, "much"},
	{"echo waits; while :; do sleep 1; done", 300, KAI_RESULT_TIMEOUT, SIGKILL, "waits"},
	{"trap '' TERM INT HUP; while :; do sleep 1; done", 300, KAI_RESULT_TIMEOUT, SIGKILL, ""},
	{"kill -STOP $$", 300, KAI_RESULT_TIMEOUT, SIGKILL, ""},
	{"while :; do echo endless; done", 300, KAI_RESULT_TIMEOUT, SIGKILL, "endless"},
	{"printf '\\033[2J\\377'", 60000, KAI_RESULT_EXIT, 0, "\\x1b[2J\\xff"},
};

static void what_becomes_of_each_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		struct scene scene;
		char *much = malloc(KAI_CALL_TEXT);

		/* more than a pipe holds, so that who does not listen is felt */
		assert_non_null(much);
		memset(much, 'x', KAI_CALL_TEXT);
		much[KAI_CALL_TEXT - 1] = '\0';
		open_scene(&scene, hostile[i].script, hostile[i].timeout_ms, 1);
		for (size_t n = 1; n <= 2; n++) {
			call(&scene, "step", much);
			await(scene.ends, n);
			const struct kai_hook_end *end = &scene.ends->at[n - 1];

			assert_int_equal(end->result, hostile[i].result);
			assert_int_equal(end->code, hostile[i].code);
			assert_string_equal(end->said, hostile[i].said);
			assert_int_equal(end->ref.arrival, 7);
			assert_int_equal(end->ref.at, 9);
			assert_int_equal(end->ref.peer, 2);
			assert_int_equal(end->ref.rung, 3);
		}
		close_scene(&scene);
		free(much);
	}
}

static void what_is_not_there_is_told(void **state)
{
	struct scene scene;

	(void)state;
	open_scene(&scene, NULL, 60000, 1);
	call(&scene, "step", "");
	await(scene.ends, 1);
	assert_int_equal(scene.ends->at[0].result, KAI_RESULT_NOT_STARTED);
	assert_int_equal(scene.ends->at[0].code, ENOENT);
	close_scene(&scene);
}

static void without_a_program_a_person_reads(void **state)
{
	struct scene scene = {.ends = ends_new()};
	struct kai_hooks_config config = {
		.timeout_ms = 1000, .at_once = 1, .ended = note, .context = scene.ends};

	(void)state;
	assert_int_equal(kai_hooks_new(&config, &scene.hooks, NULL), KAI_ERR_OK);
	call(&scene, "step", "");
	await(scene.ends, 1);
	assert_int_equal(scene.ends->at[0].result, KAI_RESULT_NO_PROGRAM);
	kai_hooks_free(scene.hooks);
	free(scene.ends);
}

/* ---- what it leaves behind ---- */

/* A process that the program started and told of by its number is gone in the end. */
static void is_gone(const struct ends *ends, size_t at)
{
	long pid = strtol(ends->at[at].said, NULL, 10);
	const struct timespec moment = {.tv_nsec = 10000000};

	assert_true(pid > 1);
	while (kill((pid_t)pid, 0) == 0)
		(void)nanosleep(&moment, NULL);
	assert_int_equal(errno, ESRCH);
}

static void what_it_leaves_behind_is_killed(void **state)
{
	static const char *const scripts[] = {
		"sleep 1000 & echo $!",
		"setsid sleep 1000 & echo $!",
		"setsid sh -c 'echo $$; trap \"\" HUP; setsid sleep 1001 & sleep 1002' & sleep 0.2",
		"(setsid sleep 1000 & echo $!) ; while :; do sleep 1; done",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		struct scene scene;

		open_scene(&scene, scripts[i], i == 3 ? 400 : 60000, 1);
		call(&scene, "step", "");
		await(scene.ends, 1);
		is_gone(scene.ends, 0);
		close_scene(&scene);
	}
}

/* What one leaves behind does not cost another, which runs yet, its child. */
static void another_that_runs_keeps_its_own(void **state)
{
	struct scene scene;

	(void)state;
	open_scene(&scene,
		   "case $KAIRAN_STEP in long) (sleep 0.5; echo kept >child) & wait; cat child;; "
		   "short) setsid sleep 1000 & ;; esac",
		   60000, 2);
	call(&scene, "long", "");
	call(&scene, "short", "");
	await(scene.ends, 2);
	assert_string_equal(scene.ends->at[1].said, "kept");
	close_scene(&scene);
}

static void the_end_of_the_node_is_theirs(void **state)
{
	struct scene scene;
	char path[128];
	struct stat there;

	(void)state;
	open_scene(&scene, "setsid sleep 1000 & : >$KAIRAN_STEP; sleep 1000", 60000, 2);
	for (int i = 0; i < 5; i++) {
		char step[8];

		(void)snprintf(step, sizeof(step), "s%d", i);
		call(&scene, step, "");
	}
	(void)snprintf(path, sizeof(path), "%s/s1", scene.dir);
	while (stat(path, &there) != 0)
		(void)usleep(10000);
	assert_int_equal(scene.ends->count, 0);
	close_scene(&scene); /* waits for nobody, leaves nobody */
}

/* ---- what it is given ---- */

static void it_is_given_little(void **state)
{
	static const char expected[] =
		"PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 KAIRAN_REALM=live "
		"KAIRAN_STEP=abc.2.3 KAIRAN_EVENT=person-silent KAIRAN_AGAIN=1 KAIRAN_ROLE=deputy "
		"KAIRAN_CHANNEL=tel:1; rm -rf /\\x0a$(id) "
		"KAIRAN_OTHER_CHANNEL=mailto:sato@example.org ";
	struct scene scene;
	int open_fd = open("/dev/null", O_RDONLY); /* not closed on exec */

	(void)state;
	assert_true(open_fd >= 0);
	assert_int_equal(setenv("SECRET", "of the node", 1), 0);
	open_scene(&scene, "tr '\\0' ' ' </proc/$$/environ", 60000, 1);
	call(&scene, "abc.2.3", "");
	await(scene.ends, 1);
	assert_string_equal(scene.ends->at[0].said, expected);
	close_scene(&scene);
	/* three descriptors, and the one that ls itself opens; at the root; no signal blocked or
	 * ignored but the two that the library keeps for itself; a session of its own */
	open_scene(&scene,
		   "echo $(ls /proc/self/fd) $OLDPWD "
		   "$(grep -c '^Sig[BI][lg][kn]:.0000000[01][08]0000000$' /proc/self/status) "
		   "$(test $(cut -d' ' -f6 /proc/$$/stat) = $$ && echo own)",
		   60000, 1);
	call(&scene, "abc", "");
	await(scene.ends, 1);
	assert_string_equal(scene.ends->at[0].said, "0 1 2 3 / 2 own");
	close_scene(&scene);
	(void)close(open_fd);
	(void)unsetenv("SECRET");
}

static void the_item_comes_on_standard_input_alone(void **state)
{
	struct scene scene;

	(void)state;
	open_scene(&scene, "cat >input; tr '\\0' '|' </proc/$$/cmdline", 60000, 1);
	call(&scene, "abc.2.3", "Valves & pumps 停止");
	await(scene.ends, 1);
	assert_null(strstr(scene.ends->at[0].said, "pumps"));
	assert_string_equal(
		read_file(&scene, "input"),
		"{\"step\":\"abc.2.3\",\"event\":\"person-silent\",\"realm\":\"live\",\"rung\":2,"
		"\"again\":true,\"due_at\":null,\"role\":\"deputy\",\"name\":\"Sato\","
		"\"channel\":\"tel:1; rm -rf /\\n$(id)\",\"other\":\"mailto:sato@example.org\","
		"\"hours\":\"\",\"org\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\","
		"\"alias\":\"op-power-a\","
		"\"id\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\","
		"\"withheld\":null,\"item\":{"
		"\"origin\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\","
		"\"kind\":\"alert\",\"urgency\":\"now\",\"tlp\":\"GREEN\","
		"\"created_at\":\"2030-03-17T17:46:40.000Z\",\"not_after\":null,"
		"\"received_at\":null,\"sectors\":[],\"title\":\"The \\\"pumps\\\"\","
		"\"text\":\"Valves & pumps 停止\",\"fields\":[{\"name\":\"action\","
		"\"value\":\"Look at the pumps.\"}],\"cut\":false,\"parts\":[]}}\n");
	close_scene(&scene);
}

/* ---- how many ---- */

static void so_many_at_once_and_each_once(void **state)
{
	struct scene scene;

	(void)state;
	open_scene(&scene,
		   "mkdir -p now; : >now/$KAIRAN_STEP; ls now | wc -l; sleep 0.1; "
		   "rm now/$KAIRAN_STEP",
		   60000, 2);
	for (int i = 0; i < 6; i++) {
		char step[8];

		(void)snprintf(step, sizeof(step), "s%d", i);
		call(&scene, step, "");
		call(&scene, step, ""); /* as another life of the engine would */
	}
	await(scene.ends, 6);
	for (size_t i = 0; i < 6; i++)
		assert_true(strtol(scene.ends->at[i].said, NULL, 10) <= 2);
	call(&scene, "s0", ""); /* it ended: this is another run */
	await(scene.ends, 7);
	assert_int_equal(scene.ends->count, 7);
	close_scene(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_becomes_of_each_is_told),
		cmocka_unit_test(what_is_not_there_is_told),
		cmocka_unit_test(without_a_program_a_person_reads),
		cmocka_unit_test(what_it_leaves_behind_is_killed),
		cmocka_unit_test(another_that_runs_keeps_its_own),
		cmocka_unit_test(the_end_of_the_node_is_theirs),
		cmocka_unit_test(it_is_given_little),
		cmocka_unit_test(the_item_comes_on_standard_input_alone),
		cmocka_unit_test(so_many_at_once_and_each_once),
	};

	(void)signal(SIGPIPE, SIG_IGN); /* as kairand does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
