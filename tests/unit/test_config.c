/* SPDX-License-Identifier: Apache-2.0 */
/* kairan.conf: every setting, both ends of every range, and help with what is misspelled. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"

static char path[64];

static int setup(void **state)
{
	int fd;

	(void)state;
	(void)snprintf(path, sizeof(path), "/tmp/kairan-config-XXXXXX");
	fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

static enum kai_err load(const char *text, struct kai_config *ret, struct kai_why *why)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	return kai_config_load(path, ret, why);
}

static void test_defaults(void **state)
{
	struct kai_config defaults;
	struct kai_config loaded;

	(void)state;
	kai_config_defaults(&defaults);
	assert_int_equal(load("", &loaded, NULL), KAI_ERR_OK);
	assert_memory_equal(&defaults, &loaded, sizeof(loaded));
	assert_int_equal(loaded.listen_count, 0);
	assert_int_equal(loaded.log_level, KAI_LOG_INFO);
	assert_true(loaded.lab_clock_scale > 0.99 && loaded.lab_clock_scale < 1.01);
#define X(name, value, unit) assert_int_equal(loaded.quota.name, (value));
	KAI_X_QUOTA(X)
#undef X
}

static void test_everything(void **state)
{
	struct kai_config config;

	(void)state;
	assert_int_equal(load("listen = [\"tcp://127.0.0.1:7700\", \"tcp://*:1\"];\n"
			      "store = { quota_bytes = 5000000000L; };\n"
			      "log: { level = \"debug\"; format = \"json\"; };\n"
			      "lang = \"ja\";\n"
			      "lab = { clock_scale = 60.5; clock_from = 1790000000L; clock_offset "
			      "= -172800; "
			      "cut = \"one two\"; };\n"
			      "quota = { frames_per_second = 1; held_bytes = 4096; };\n",
			      &config, NULL),
			 KAI_ERR_OK);
	assert_int_equal(config.listen_count, 2);
	assert_string_equal(config.listen[0], "tcp://127.0.0.1:7700");
	assert_string_equal(config.listen[1], "tcp://*:1");
	assert_int_equal(config.store_quota_bytes, 5000000000);
	assert_int_equal(config.log_level, KAI_LOG_DEBUG);
	assert_int_equal(config.log_format, 1);
	assert_int_equal(config.lang, 2);
	assert_true(config.lab_clock_scale > 60.4 && config.lab_clock_scale < 60.6);
	assert_int_equal(config.lab_clock_from_s, 1790000000);
	assert_int_equal(config.lab_clock_offset_s, -172800);
	assert_string_equal(config.lab_cut, "one two");
	assert_int_equal(config.quota.frames_per_second, 1);
	assert_int_equal(config.quota.held_bytes, 4096);
	assert_int_equal(load("listen = \"tcp://[::1]:65535\";", &config, NULL), KAI_ERR_OK);
	assert_string_equal(config.listen[0], "tcp://[::1]:65535");
	assert_int_equal(load("listen = ();", &config, NULL), KAI_ERR_OK);
	assert_int_equal(config.listen_count, 0);
}

/* The file, the line and the nearest name. */
static void test_unknown(void **state)
{
	static const struct {
		const char *text;
		const char *line;
		const char *says;
	} cases[] = {
		{"\n\nlisten_on = 1;", ":3: ", "'listen_on' (did you mean 'listen'?)"},
		{"log = {\n  levle = \"info\";\n};",
		 ":2: ", "'log.levle' (did you mean 'log.level'?)"},
		{"level = \"info\";", ":1: ", "'level' (did you mean 'log.level'?)"},
		{"quota = { frames_per_minute = 1; };", ":1: ", "did you mean 'quota.f"},
		{"stroe = { quota_bytes = 1; };", ":1: ", "unknown setting 'stroe'"},
		{"store = 1;", ":1: ", "unknown setting 'store'"},
		{"log = { level = { x = 1; }; };", ":1: ", "'log.level' must be one of"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kai_config config = {.lang = 77};
		struct kai_why why = {.text = ""};

		assert_int_equal(load(cases[i].text, &config, &why), KAI_ERR_INVALID);
		assert_int_equal(config.lang, 77); /* nothing was given */
		assert_non_null(strstr(why.text, path));
		assert_non_null(strstr(why.text, cases[i].line));
		assert_non_null(strstr(why.text, cases[i].says));
	}
}

static void test_values(void **state)
{
	static const struct {
		const char *text;
		bool ok;
	} cases[] = {
		{"quota = { held_bytes = 1; };", true},
		{"quota = { held_bytes = 0; };", false},
		{"quota = { held_bytes = -1; };", false},
		{"quota = { held_bytes = 1.5; };", false},
		{"quota = { held_bytes = \"1\"; };", false},
		{"quota = { held_bytes = true; };", false},
		{"store = { quota_bytes = 0; };", true},
		{"store = { quota_bytes = 4611686018427387903L; };", true},
		{"store = { quota_bytes = 4611686018427387904L; };", false},
		{"lab = { clock_scale = 1; };", true},
		{"lab = { clock_scale = 100000.0; };", true},
		{"lab = { clock_scale = 100000.5; };", false},
		{"lab = { clock_scale = 0.5; };", false},
		{"lab = { clock_scale = \"2\"; };", false},
		{"lab = { clock_offset = 3153600000L; };", true},
		{"lab = { clock_offset = 3153600001L; };", false},
		{"lab = { clock_offset = -3153600000L; };", true},
		{"lab = { clock_offset = -3153600001L; };", false},
		{"log = { level = \"info\"; };", true},
		{"log = { level = \"inf\"; };", false},
		{"log = { level = \"error|warning\"; };", false},
		{"log = { level = \"\"; };", false},
		{"log = { level = 1; };", false},
		{"listen = \"tcp://a:1\";", true},
		{"listen = \"tcp://a:65535\";", true},
		{"listen = \"tcp://a:65536\";", false},
		{"listen = \"tcp://a:0\";", false},
		{"listen = \"tcp://a\";", false},
		{"listen = \"tcp://:1\";", false},
		{"listen = \"ipc:///tmp/x:1\";", false},
		{"listen = \"tcp://a:1x\";", false},
		{"listen = [1];", false},
		{"listen = 1;", false},
		{"listen = { a = 1; };", false},
		{"listen = (\"tcp://a:1\", \"tcp://a:2\", \"tcp://a:3\", \"tcp://a:4\", "
		 "\"tcp://a:5\", \"tcp://a:6\", \"tcp://a:7\", \"tcp://a:8\");",
		 true},
		{"listen = (\"tcp://a:1\", \"tcp://a:2\", \"tcp://a:3\", \"tcp://a:4\", "
		 "\"tcp://a:5\", \"tcp://a:6\", \"tcp://a:7\", \"tcp://a:8\", \"tcp://a:9\");",
		 false},
		{"listen = ", false},
		{"lang = \"en\"; lang = \"ja\";", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kai_config config;
		struct kai_why why = {.text = ""};
		enum kai_err err = load(cases[i].text, &config, &why);

		if (err != (cases[i].ok ? KAI_ERR_OK : KAI_ERR_INVALID))
			fail_msg("%s: %s", cases[i].text, why.text);
		assert_true(cases[i].ok || strstr(why.text, ":1: ") != NULL);
	}
}

static const struct kai_patience standard[] = {
	{60, 900, 900, 1800, 2700}, {600, 14400, 14400, 0, 0}, {86400, 0, 0, 0, 0}};
static const struct {
	const char *text;
	const char *says; /* NULL: it is good */
} patience_cases[] = {
	{"escalation = { now_delivered_s = 900; };", NULL},
	{"escalation = { now_delivered_s = 901; };", "now_received_s must not be before"},
	{"escalation = { now_decider_s = 2699; };", "now_decider_s must not be before"},
	{"escalation = { now_decider_s = 2700; };", NULL},
	{"escalation = { now_decider_s = 0; };", NULL},
	{"escalation = { now_decider_s = 31536000; };", NULL},
	{"escalation = { now_decider_s = 31536001; };", "must lie between"},
	{"escalation = { now_decider_s = -1; };", "must lie between"},
	{"escalation = { now_deputy2_s = 899; };", "now_deputy2_s must not be before"},
	{"escalation = { now_deputy2_s = 900; };", NULL},
	{"escalation = { now_deputy2_s = 0; };", NULL},
	{"escalation = { today_received_s = 0; };", "today_received_s is 0"},
	{"escalation = { today_received_s = 0; today_deputy_s = 0; };", NULL},
	{"escalation = { info_deputy_s = 1; };", "info_received_s is 0"},
	{"hook = { command = [\"/bin/true\", \"a b\", \"\"]; };", NULL},
	{"hook = { command = []; };", NULL},
	{"hook = { command = [\"true\"]; };", "whole path"},
	{"hook = { command = \"/bin/true\"; };", "list of at most 16"},
	{"hook = { command = [1]; };", "whole path"},
	{"hook = { ceiling = \"AMBER+STRICT\"; };", NULL},
	{"hook = { ceiling = \"WHITE\"; };", "must be one of"},
	{"hook = { timeout_s = 0; };", "must lie between"},
	{"hook = { timeout_s = 3600; };", NULL},
	{"hook = { timeout_s = 3601; };", "must lie between"},
	{"hook = { at_once = 16; };", NULL},
	{"hook = { at_once = 17; };", "must lie between"},
	{"people = ( );", NULL},
	{"people = ( { role = \"duty\"; first = \"tel:1\"; second = \"tel:2\"; } );", NULL},
	{"people = ( { role = \"duty\"; first = \"tel:1\"; } );", "needs role, first"},
	{"people = ( { role = \"\"; first = \"tel:1\"; second = \"tel:2\"; } );",
	 "needs role, first"},
	{"people = ( { role = \"duty\"; first = \"a\\nb\"; second = \"tel:2\"; } );",
	 "each a line"},
	{"people = ( { role = \"duty\"; first = 1; second = \"tel:2\"; } );", "needs role, first"},
	{"people = ( { role = \"duty\"; first = \"a\"; second = \"b\"; age = 3; } );",
	 "knows role"},
	{"people = ( { role = \"duty\"; first = \"a\"; second = \"b\"; hours = \"day\"; } );",
	 "hours that cannot be read"},
	{"people = ( \"duty\" );", "must hold groups"},
	{"people = { role = \"duty\"; };", "at most 16 people"},
};

/* Defaults are the design's; what contradicts itself is refused, whatever stands first. */
static void test_escalation(void **state)
{
	struct kai_config config;

	(void)state;
	kai_config_defaults(&config);
	assert_memory_equal(config.patience, standard, sizeof(standard));
	for (size_t i = 0; i < sizeof(patience_cases) / sizeof(patience_cases[0]); i++) {
		struct kai_why why = {.text = ""};
		enum kai_err err = load(patience_cases[i].text, &config, &why);

		if (err != (patience_cases[i].says == NULL ? KAI_ERR_OK : KAI_ERR_INVALID) ||
		    (patience_cases[i].says != NULL &&
		     strstr(why.text, patience_cases[i].says) == NULL))
			fail_msg("%s: %s", patience_cases[i].text, why.text);
	}
	assert_int_equal(load("people = ( { role = \"deputy\"; name = \"Sato\"; first = \"tel:1\"; "
			      "second = \"tel:2\"; hours = \"24/7\"; } );\n"
			      "hook = { command = [\"/bin/x\", \"y\"]; ceiling = \"GREEN\"; };",
			      &config, NULL),
			 KAI_ERR_OK);
	assert_int_equal(config.people_count, 1);
	assert_string_equal(config.people[0].role, "deputy");
	assert_string_equal(config.people[0].name, "Sato");
	assert_string_equal(config.people[0].first, "tel:1");
	assert_string_equal(config.people[0].second, "tel:2");
	assert_string_equal(config.people[0].hours, "24/7");
	assert_int_equal(config.hook_count, 2);
	assert_string_equal(config.hook[1], "y");
	assert_int_equal(config.hook_ceiling, KAI_TLP_GREEN);
}

static void test_missing(void **state)
{
	struct kai_config config;
	struct kai_why why;

	(void)state;
	assert_int_equal(kai_config_load("/nonexistent/kairan.conf", &config, &why),
			 KAI_ERR_NOTFOUND);
	assert_non_null(strstr(why.text, "/nonexistent/kairan.conf"));
}

static void test_restart(void **state)
{
	struct kai_config old;
	struct kai_config now;

	(void)state;
	kai_config_defaults(&old);
	assert_int_equal(load("log = { level = \"debug\"; };", &now, NULL), KAI_ERR_OK);
	assert_null(kai_config_needs_restart(&old, &now));
	assert_int_equal(load("listen = \"tcp://a:1\";", &now, NULL), KAI_ERR_OK);
	assert_string_equal(kai_config_needs_restart(&old, &now), "listen");
	assert_int_equal(load("quota = { push_per_minute = 5; };", &now, NULL), KAI_ERR_OK);
	assert_string_equal(kai_config_needs_restart(&old, &now), "quota.push_per_minute");
}

/* The example that is installed is one that works. */
static void test_example(void **state)
{
	struct kai_config config;
	struct kai_why why = {.text = ""};

	(void)state;
	if (kai_config_load(SOURCE_ROOT "/dist/kairan.conf.example", &config, &why) != KAI_ERR_OK)
		fail_msg("%s", why.text);
	assert_int_equal(config.listen_count, 1);
}

/* The manual page's table has every setting that --help lists. */
static void test_manual(void **state)
{
	char *help = NULL;
	char *page = NULL;
	size_t len;
	size_t settings = 0;
	FILE *to = open_memstream(&help, &len);

	(void)state;
	assert_non_null(to);
	kai_config_print_schema(to);
	assert_int_equal(fclose(to), 0);
	to = open_memstream(&page, &len);
	assert_non_null(to);
	kai_config_print_mdoc(to);
	assert_int_equal(fclose(to), 0);
	for (char *rest = help, *line; (line = strsep(&rest, "\n")) != NULL;) {
		char item[128];

		if (strncmp(line, "  ", 2) != 0 || line[2] == ' ')
			continue;
		(void)snprintf(item, sizeof(item), ".It Ic %.*s\n", (int)strcspn(line + 2, " "),
			       line + 2);
		assert_non_null(strstr(page, item));
		settings++;
	}
	assert_true(settings > 10);
	free(help);
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_defaults, setup, teardown),
		cmocka_unit_test_setup_teardown(test_everything, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(test_values, setup, teardown),
		cmocka_unit_test_setup_teardown(test_escalation, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restart, setup, teardown),
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_manual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
