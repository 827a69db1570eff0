/* SPDX-License-Identifier: Apache-2.0 */
/* export case: what a ceiling keeps in, and that nothing of the store is left out without a word. */
#include "test.h"

#include "kairan/receipt.h"
#include "officer.h"

#define NOTE "said of another matter"

struct fixture {
	struct world *world;
	struct officer officer; /* op-power-a's */
	uint8_t first[KAI_ID_LEN], second[KAI_ID_LEN], other[KAI_ID_LEN];
	json_t *rows; /* of the case */
};

static void ack(struct fixture *fix, const uint8_t id[KAI_ID_LEN], const char *note)
{
	struct kai_ctl_ack request = {.level = KAI_LEVEL_RECEIVED, .note = kai_span_str(note)};

	memcpy(request.id, id, KAI_ID_LEN);
	assert_int_equal(world_ask(fix->world, OFFICER_CEP, KAI_CONTROL_ACK, &request).exit, 0);
}

static int begin(void **state)
{
	struct fixture *fix = calloc(1, sizeof(*fix));
	struct officer_draft say = {.kind = KAI_KIND_SECINFO,
				    .to = 1u << OFFICER_CEP,
				    .title = "First",
				    .text = "Seen."};

	assert_non_null(fix);
	fix->world = officer_alliance();
	officer_publish(fix->world, OFFICER_OP_A, &say, fix->first);
	say.title = "Other";
	officer_publish(fix->world, OFFICER_OP_A, &say, fix->other);
	say.title = "Second";
	say.supersedes = fix->first;
	officer_publish(fix->world, OFFICER_OP_A, &say, fix->second);
	/* one receipt says both, and its entry stands between those of the incident */
	world_link(fix->world, OFFICER_CEP, OFFICER_OP_A, false);
	ack(fix, fix->other, NOTE);
	ack(fix, fix->second, "");
	world_link(fix->world, OFFICER_CEP, OFFICER_OP_A, true);
	world_wait(fix->world, KAI_MS_MINUTE);
	officer_begin(&fix->officer, fix->world, OFFICER_OP_A, KAI_LANG_EN);
	*state = fix;
	return 0;
}

static int end(void **state)
{
	struct fixture *fix = *state;

	json_decref(fix->rows);
	officer_done(&fix->officer);
	world_free(fix->world);
	free(fix);
	return 0;
}

static void export(struct fixture *fix, const char *ceiling)
{
	struct kai_cli *cli = &fix->officer.cli;
	char id[KAI_ID_TEXT];

	kai_id_text(fix->second, id);
	cli->given_count = 0;
	cli->given[cli->given_count++] = (struct kai_given){"o", "-"};
	cli->given[cli->given_count++] = (struct kai_given){"ceiling", ceiling};
	char *text = strdup(officer_run(&fix->officer, "export case", id, KAI_EXIT_DONE));
	char *rest = text;

	json_decref(fix->rows);
	fix->rows = json_array();
	for (char *line; (line = strsep(&rest, "\n")) != NULL;)
		if (line[0] != '\0')
			assert_int_equal(
				json_array_append_new(fix->rows, json_loads(line, 0, NULL)), 0);
	free(text);
}

/* How many lines have that member with that word. */
static size_t count(const struct fixture *fix, const char *member, const char *word)
{
	size_t i, found = 0;
	json_t *row;

	json_array_foreach (fix->rows, i, row) {
		const char *text = json_string_value(json_object_get(row, member));

		found += text != NULL && strcmp(text, word) == 0;
	}
	return found;
}

/* Does a receipt or an entry of it say what was said of the other matter? */
static bool tells(const struct fixture *fix)
{
	size_t i;
	json_t *row;

	json_array_foreach (fix->rows, i, row) {
		const char *text = json_string_value(json_object_get(row, "bytes"));
		uint8_t bytes[4096];
		size_t len = 0;

		if (text != NULL &&
		    sodium_base642bin(bytes, sizeof(bytes), text, strlen(text), NULL, &len, NULL,
				      sodium_base64_VARIANT_ORIGINAL) == 0 &&
		    memmem(bytes, len, NOTE, strlen(NOTE)) != NULL)
			return true;
	}
	return false;
}

static void all_of_it_is_there_without_a_ceiling(void **state)
{
	struct fixture *fix = *state;

	export(fix, "RED");
	assert_int_equal(count(fix, "what", "item"), 2);
	assert_int_equal(count(fix, "what", "left-out"), 0);
	assert_int_equal(count(fix, "file", "kairan journal"), 1);
	assert_true(tells(fix));
}

static void a_ceiling_keeps_in_what_was_said_of_another_matter(void **state)
{
	struct fixture *fix = *state;

	export(fix, "AMBER");
	assert_int_equal(count(fix, "what", "item"), 2);
	assert_int_equal(count(fix, "of", "journal"), 1);
	assert_true(count(fix, "of", "receipt") > 0);
	assert_int_equal(count(fix, "file", "kairan journal"), 0);
	assert_false(tells(fix));
}

static void what_cannot_be_read_is_named(void **state)
{
	struct fixture *fix = *state;
	struct world_node *node = &fix->world->nodes[OFFICER_OP_A];
	uint64_t arrival = 0;
	struct kai_txn *txn;

	assert_int_equal(kai_txn_begin(node->store, true, &txn, NULL), KAI_ERR_OK);
	assert_true(kai_rec_arrival(txn, fix->first, &arrival));
	struct kai_key key = kai_key_u64(arrival);

	kai_txn_put(txn, KAI_TABLE_ITEMS, kai_key_span(&key), kai_span_str("damaged"));
	assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
	export(fix, "RED");
	assert_int_equal(count(fix, "what", "item"), 1);
	assert_int_equal(count(fix, "rule", "damaged"), 1);
	assert_int_equal(count(fix, "what", "receipt"), 3);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(all_of_it_is_there_without_a_ceiling),
		CASE(a_ceiling_keeps_in_what_was_said_of_another_matter),
		CASE(what_cannot_be_read_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
