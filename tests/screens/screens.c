/* SPDX-License-Identifier: Apache-2.0 */
/*
 * screens DIR: writes what the officer of a sector body sees at 03:04 in one made-up night, as the
 * first 24 lines of 80 columns that each command fills, one file a command and language. Keys, ids
 * and times are the same in every run. A program of the build, called by tools/screens.
 */
#include "test.h"

#include <locale.h>

#include "../unit/officer.h"
#include "house.h"
#include "practice.h"
#include "realm.h"
#include "screen.h"

static const struct {
	const char *name;
	const char *command;
	const char *verb; /* NULL: the screen itself */
	bool on_item;
	int exit;
} captures[] = {
	{"inbox", "kairan inbox | less", "inbox", false, 0},
	{"show", "kairan show %.8s | less", "show", true, 0},
	{"duty", "kairan duty | less", "duty", false, 0},
	{"doctor", "kairan doctor | less", "doctor", false, KAI_EXIT_REFUSED},
	{"watch", NULL, NULL, false, 0},
};

static const char *const langs[] = {"en", "ja"};

static const char *const incident[] = {"incident=A-2027-003",
				       "report=1",
				       "what=Front-end processors restarted by an account.",
				       "where=Control centre, western area",
				       "extent=Telemetry of four substations",
				       NULL};
static const char *const second[] = {"incident=A-2027-003",
				     "report=2",
				     "stage=notification",
				     "what=Front-end processors restarted by an account.",
				     "where=Control centre, western area",
				     "extent=Telemetry of nine substations",
				     "service=degraded",
				     "severity-continuity=2",
				     NULL};
static const char *const alert[] = {
	"basis=suspected", "certainty=probable",
	"scope=Operators of telemetry front-end processors",
	"action=Disable maintenance accounts that are not in use; report what you find.", NULL};

/* A question that op-power-b left open when its link fell silent; an alert; an incident and its second report. */
static struct world *night(uint8_t ret_alert[KAI_ID_LEN])
{
	struct world *world = officer_alliance();
	uint8_t question[KAI_ID_LEN];
	uint8_t first[KAI_ID_LEN];
	uint8_t later[KAI_ID_LEN];

	world_wait(world, 5 * KAI_MS_HOUR + 49 * KAI_MS_MINUTE);
	officer_publish(world, OFFICER_CEP,
			&(struct officer_draft){.kind = KAI_KIND_RFI,
						.to = 1 << OFFICER_OP_B,
						.title = "Maintenance accounts used at night?"},
			question);
	world_wait(world, 10 * KAI_MS_MINUTE);
	world_link(world, OFFICER_CEP, OFFICER_OP_B, false);
	world_wait(world, 4 * KAI_MS_HOUR + KAI_MS_MINUTE);
	officer_publish(world, OFFICER_MINISTRY,
			&(struct officer_draft){.kind = KAI_KIND_ALERT,
						.to = 1 << OFFICER_CEP,
						.title = "Maintenance accounts of grid front-end "
							 "processors are being misused",
						.text = "Two operators report sessions at night. "
							"Treat them as hostile until explained.",
						.fields = alert},
			ret_alert);
	world_wait(world, KAI_MS_MINUTE);
	officer_publish(
		world, OFFICER_OP_A,
		&(struct officer_draft){.kind = KAI_KIND_INCIDENT,
					.to = 1 << OFFICER_CEP | 1 << OFFICER_MINISTRY,
					.title = "前置処理装置が夜間に再起動（保守用アカウント）",
					.fields = incident},
		first);
	world_wait(world, KAI_MS_MINUTE);
	officer_publish(
		world, OFFICER_OP_A,
		&(struct officer_draft){.kind = KAI_KIND_INCIDENT,
					.to = 1 << OFFICER_CEP | 1 << OFFICER_MINISTRY,
					.title = "前置処理装置が夜間に再起動（保守用アカウント）",
					.supersedes = first,
					.fields = second},
		later);
	world_wait(world, KAI_MS_MINUTE);
	return world;
}

/* What a terminal has after the command: its first lines, long ones on several. */
static void run_verb(struct officer *officer, size_t which, const uint8_t item[KAI_ID_LEN],
		     struct kai_lines *ret)
{
	struct kai_cli *cli = &officer->cli;
	const char *id = kai_cli_id(cli, item);
	const char *place = strstr(captures[which].command, "%.8s");

	if (place == NULL)
		kai_lines_add(cli, ret, kai_cli_text(cli, "$ %s", captures[which].command));
	else
		kai_lines_add(cli, ret,
			      kai_cli_text(cli, "$ %.*s%.8s%s",
					   (int)(place - captures[which].command),
					   captures[which].command, id, place + 4));
	kai_lines_wrap(cli, ret,
		       officer_run(officer, captures[which].verb,
				   captures[which].on_item ? id : NULL, captures[which].exit),
		       KAI_SCREEN_COLS, 0);
}

static void draw(struct officer *officer, struct kai_lines *ret)
{
	struct kai_screen screen = {.rows = KAI_SCREEN_ROWS, .cols = KAI_SCREEN_COLS};
	size_t marked;

	assert_int_equal(kai_screen_read(&officer->cli, &screen), 0);
	kai_screen_draw(&officer->cli, &screen, ret, &marked);
	kai_screen_done(&screen);
}

/* ---- a drill ---- */

/* Where the report is asked for: its director's seat. A real one opens the drill's store in its directory. */
static struct net *seat;

/* NOLINTNEXTLINE(bugprone-reserved-identifier): the linker's name */
int __wrap_kai_cli_practise(struct kai_cli *cli, const char *text);

/* NOLINTNEXTLINE(bugprone-reserved-identifier): likewise */
int __wrap_kai_cli_practise(struct kai_cli *cli, const char *text)
{
	struct kai_drill_held *held = kai_cli_take(cli, sizeof(*held));
	struct kai_txn *txn = kai_cli_txn(cli);
	int exit = kai_drill_find(cli, txn, text, held);

	kai_txn_abort(txn);
	cli->store = seat->nodes[0].drill;
	cli->drill = held;
	return exit;
}

static void run_report(struct officer *officer, struct kai_lines *ret)
{
	struct kai_cli *cli = &officer->cli;

	cli->store = seat->nodes[0].store;
	memcpy(cli->org, seat->nodes[0].config.org, KAI_ID_LEN);
	officer->keys.rest[0].secret = seat->nodes[0].rest_secret;
	kai_lines_add(cli, ret, kai_cli_text(cli, "$ kairan drill report " PRACTICE_NAME));
	kai_lines_wrap(cli, ret, officer_run(officer, "drill report", PRACTICE_NAME, 0),
		       KAI_SCREEN_COLS, 0);
}

static void write_file(const char *folder, const char *name, const char *lang,
		       const struct kai_lines *lines)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/%s.%s.txt", folder, name, lang);
	FILE *file = fopen(path, "w");

	if (file == NULL)
		fail_msg("%s: cannot be written", path);
	for (size_t i = 0; i < lines->count && i < KAI_SCREEN_ROWS; i++) {
		char *line = lines->at[i];

		for (size_t len = strlen(line); len > 0 && line[len - 1] == ' '; len--)
			line[len - 1] = '\0';
		(void)fprintf(file, "%s\n", line);
	}
	assert_int_equal(fclose(file), 0);
}

static void write_night(const char *folder, struct world *world, const struct house *house,
			const uint8_t item[KAI_ID_LEN])
{
	for (size_t i = 0; i < sizeof(captures) / sizeof(*captures); i++)
		for (int lang = KAI_LANG_EN; lang <= KAI_LANG_JA; lang++) {
			struct kai_lines lines = {.count = 0};
			struct officer officer;

			officer_begin(&officer, world, OFFICER_CEP, (enum kai_lang)lang);
			memcpy(officer.cli.dir, house->dir, sizeof(house->dir));
			if (captures[i].verb != NULL)
				run_verb(&officer, i, item, &lines);
			else
				draw(&officer, &lines);
			write_file(folder, captures[i].name, langs[lang], &lines);
			officer_done(&officer);
		}
}

static void write_practice(const char *folder, struct world *world)
{
	seat = practice_make();
	world->wall.ms = NET_MS + seat->mono.ms; /* what a verb takes for now */
	for (int lang = KAI_LANG_EN; lang <= KAI_LANG_JA; lang++) {
		struct kai_lines lines = {.count = 0};
		struct officer officer;

		officer_begin(&officer, world, OFFICER_CEP, (enum kai_lang)lang);
		run_report(&officer, &lines);
		write_file(folder, "drill", langs[lang], &lines);
		officer_done(&officer);
	}
	net_free(seat);
}

int main(int argc, char **argv)
{
	uint8_t item[KAI_ID_LEN];
	struct house house;

	if (argc != 2) {
		(void)fprintf(stderr, "usage: screens DIR\n");
		return 3;
	}
	if (setenv("TZ", "JST-9", 1) != 0 || setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		return 1;
	struct world *world = night(item);

	house_make(&house, &world->nodes[OFFICER_CEP],
		   (struct kai_wall){world->wall.ms - 9 * KAI_MS_HOUR});
	write_night(argv[1], world, &house, item);
	write_practice(argv[1], world);
	house_done(&house);
	world_free(world);
	return 0;
}
