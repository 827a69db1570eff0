/* SPDX-License-Identifier: Apache-2.0 */
/* The officer's screen without a terminal: never more than it has room for, and what each key does. */
#include "test.h"

#include "officer.h"
#include "screen.h"

static const char long_title[] =
	"電力会社の保守用アカウントが夜間に使われ、前置処理装置が再起動された and more words";

/* An alert, an incident and a question to cep-power; ids in that order. */
static struct world *night(uint8_t ids[3][KAI_ID_LEN])
{
	struct world *world = officer_alliance();

	officer_publish(world, OFFICER_MINISTRY,
			&(struct officer_draft){.kind = KAI_KIND_ALERT,
						.to = 1 << OFFICER_CEP,
						.title = long_title},
			ids[0]);
	officer_publish(world, OFFICER_OP_A,
			&(struct officer_draft){.kind = KAI_KIND_INCIDENT,
						.to = 1 << OFFICER_CEP,
						.title = "Restarts at night"},
			ids[1]);
	officer_publish(world, OFFICER_OP_B,
			&(struct officer_draft){.kind = KAI_KIND_RFI,
						.to = 1 << OFFICER_CEP,
						.title = "Seen elsewhere?"},
			ids[2]);
	return world;
}

static bool stands(const struct kai_lines *lines, const char *word)
{
	for (size_t i = 0; i < lines->count; i++)
		if (strstr(lines->at[i], word) != NULL)
			return true;
	return false;
}

/* Draws, and checks what holds of every drawing. */
static struct kai_lines drawn(struct officer *officer, struct kai_screen *screen)
{
	struct kai_lines lines = {.count = 0};
	size_t marked;

	kai_screen_draw(&officer->cli, screen, &lines, &marked);
	assert_int_equal(lines.count, screen->rows);
	for (size_t i = 0; i < lines.count; i++) {
		if (kai_view_width(lines.at[i]) > screen->cols)
			fail_msg("line %zu of %zu columns: %s", i, screen->cols, lines.at[i]);
		assert_null(strpbrk(lines.at[i], "\033\n\r\t"));
	}
	if (marked < screen->rows)
		assert_int_equal(lines.at[marked][0], '>');
	return lines;
}

static void press(struct officer *officer, struct kai_screen *screen, int key)
{
	assert_true(kai_screen_key(&officer->cli, screen, key));
	assert_int_equal(kai_screen_read(&officer->cli, screen), 0);
}

/* Every size, mode and language. */
static void test_room(void **state)
{
	static const size_t sizes[][2] = {{24, 80}, {25, 81}, {40, 100}, {100, 300},
					  {23, 80}, {24, 79}, {1, 1},	 {5, 200}};
	static const int keys[] = {0, KAI_SCREEN_DOWN, KAI_SCREEN_ENTER, 'q', 'e', 'q', 'a', 'x'};
	uint8_t ids[3][KAI_ID_LEN];
	struct world *world = night(ids);

	(void)state;
	for (int lang = KAI_LANG_EN; lang <= KAI_LANG_JA; lang++)
		for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
			struct kai_screen screen = {.rows = sizes[i][0], .cols = sizes[i][1]};
			struct officer officer;

			officer_begin(&officer, world, OFFICER_CEP, (enum kai_lang)lang);
			assert_int_equal(kai_screen_read(&officer.cli, &screen), 0);
			for (size_t k = 0; k < sizeof(keys) / sizeof(*keys); k++) {
				if (keys[k] != 0)
					press(&officer, &screen, keys[k]);
				(void)drawn(&officer, &screen);
			}
			kai_screen_done(&screen);
			officer_done(&officer);
		}
	world_free(world);
}

static void test_keys(void **state)
{
	uint8_t ids[3][KAI_ID_LEN];
	struct world *world = night(ids);
	struct kai_screen screen = {.rows = 24, .cols = 80};
	struct officer officer;
	char id[KAI_ID_TEXT];

	(void)state;
	officer_begin(&officer, world, OFFICER_CEP, KAI_LANG_EN);
	assert_int_equal(kai_screen_read(&officer.cli, &screen), 0);
	kai_id_text(ids[0], id);
	id[8] = '\0';
	struct kai_lines lines = drawn(&officer, &screen);

	assert_true(stands(&lines, "3 wait, 0 late"));
	assert_true(stands(&lines, id)); /* the alert is first, and chosen */
	press(&officer, &screen, KAI_SCREEN_UP);
	assert_int_equal(screen.chosen, 0);
	press(&officer, &screen, KAI_SCREEN_DOWN);
	press(&officer, &screen, 'j');
	press(&officer, &screen, KAI_SCREEN_DOWN);
	assert_int_equal(screen.chosen, 2);
	press(&officer, &screen, 'k');
	press(&officer, &screen, 'k');
	press(&officer, &screen, KAI_SCREEN_ENTER);
	lines = drawn(&officer, &screen);
	assert_true(stands(&lines, "TLP:AMBER") && stands(&lines, "q back"));
	for (int i = 0; i < 20; i++) /* past the end: its last line stays */
		press(&officer, &screen, KAI_SCREEN_PAGE_DOWN);
	lines = drawn(&officer, &screen);
	kai_id_text(ids[0], id);
	assert_true(stands(&lines, id));
	for (int i = 0; i < 20; i++)
		press(&officer, &screen, KAI_SCREEN_PAGE_UP);
	lines = drawn(&officer, &screen);
	assert_true(stands(&lines, "TLP:AMBER"));
	press(&officer, &screen, 'q');
	assert_false(kai_screen_key(&officer.cli, &screen, 'q'));
	kai_screen_done(&screen);
	officer_done(&officer);
	world_free(world);
}

/* A word that was said moves the item on; where the node is down or refuses, that is said. */
static void test_acknowledge(void **state)
{
	uint8_t ids[3][KAI_ID_LEN];
	struct world *world = night(ids);
	struct kai_screen screen = {.rows = 24, .cols = 80};
	struct officer officer;

	(void)state;
	officer_begin(&officer, world, OFFICER_CEP, KAI_LANG_EN);
	assert_int_equal(kai_screen_read(&officer.cli, &screen), 0);
	press(&officer, &screen, 'a');
	struct kai_lines lines = drawn(&officer, &screen);

	assert_true(stands(&lines, "r received"));
	officer.down = true;
	press(&officer, &screen, 'r');
	lines = drawn(&officer, &screen);
	assert_true(stands(&lines, "Not said: the node is not running."));
	assert_true(stands(&lines, "NODE DOWN"));
	assert_int_equal(json_array_size(json_object_get(screen.top, "items")), 3);
	officer.down = false;
	press(&officer, &screen, 'a');
	press(&officer, &screen, KAI_SCREEN_ESCAPE);
	assert_int_equal(json_array_size(json_object_get(screen.top, "items")), 3);
	press(&officer, &screen, 'a');
	press(&officer, &screen, 'c');
	lines = drawn(&officer, &screen);
	assert_true(stands(&lines, "Said, and passed on"));
	assert_int_equal(json_array_size(json_object_get(screen.top, "items")), 2);
	kai_screen_done(&screen);
	officer_done(&officer);
	world_free(world);
}

/* The chosen item stays chosen when another one comes before it. */
static void test_stays(void **state)
{
	struct world *world = officer_alliance();
	struct kai_screen screen = {.rows = 24, .cols = 80};
	struct officer officer;
	uint8_t id[KAI_ID_LEN];

	(void)state;
	officer_begin(&officer, world, OFFICER_CEP, KAI_LANG_EN);
	assert_int_equal(kai_screen_read(&officer.cli, &screen), 0);
	struct kai_lines lines = drawn(&officer, &screen);

	assert_true(stands(&lines, "Nothing waits for anybody here."));
	assert_true(stands(&lines, "op-power-b"));
	press(&officer, &screen, KAI_SCREEN_ENTER); /* there is nothing to open */
	assert_int_equal(screen.mode, KAI_SCREEN_LIST);
	officer_publish(world, OFFICER_OP_A,
			&(struct officer_draft){.kind = KAI_KIND_INCIDENT,
						.to = 1 << OFFICER_CEP,
						.title = "First"},
			id);
	assert_int_equal(kai_screen_read(&officer.cli, &screen), 0);
	officer_publish(world, OFFICER_MINISTRY,
			&(struct officer_draft){
				.kind = KAI_KIND_ALERT, .to = 1 << OFFICER_CEP, .title = "Second"},
			id);
	assert_int_equal(kai_screen_read(&officer.cli, &screen), 0);
	assert_int_equal(json_array_size(json_object_get(screen.top, "items")), 2);
	assert_int_equal(screen.chosen, 1);
	kai_screen_done(&screen);
	officer_done(&officer);
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_acknowledge),
		cmocka_unit_test(test_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
