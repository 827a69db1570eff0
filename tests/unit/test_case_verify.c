/* SPDX-License-Identifier: Apache-2.0 */
/* verify CASEFILE: what is signed as it may be is whole, under newer keys and revoked ones too; a seal by a stolen key,
 * an agreement of one side, another's journal and a line without end are not. */
#include "test.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../vectors/people.h"
#include "case.h"
#include "fixture.h"

#define LATER (VECTOR_NOW + 30ULL * 86400000)

static uint8_t memory[(size_t)8 << 20];
static uint8_t verify_memory[(size_t)64 << 20];

struct fixture {
	char dir[64];
	char path[128];
	struct kai_arena arena;
	struct kai_lines lines;
	struct person mine, other;
	struct fix_pair newer; /* the duty key of mine from LATER on */
	json_t *seen;
};

static int begin(void **state)
{
	struct fixture *fix = calloc(1, sizeof(*fix));

	assert_non_null(fix);
	(void)strcpy(fix->dir, "/tmp/kai-case-XXXXXX");
	assert_non_null(mkdtemp(fix->dir));
	(void)snprintf(fix->path, sizeof(fix->path), "%s/a.kcase", fix->dir);
	fix->arena = (struct kai_arena){.at = memory, .cap = sizeof(memory)};
	person_make(&fix->mine, "operator one", "JP", &fix->arena);
	person_make(&fix->other, "operator two", "JP", &fix->arena);
	if (memcmp(fix->mine.root, fix->other.root, KAI_ID_LEN) > 0) {
		struct person swap = fix->mine;

		fix->mine = fix->other; /* who signs an agreement first */
		fix->other = swap;
	}
	fix->newer = fix_sign_pair(9);
	*state = fix;
	return 0;
}

static int end(void **state)
{
	struct fixture *fix = *state;

	json_decref(fix->seen);
	assert_true(fix_remove(fix->dir));
	free(fix);
	return 0;
}

/* ---- its lines */

static json_t *base64(struct kai_span bytes)
{
	static char text[65536];

	(void)sodium_bin2base64(text, sizeof(text), bytes.at, bytes.len,
				sodium_base64_VARIANT_ORIGINAL);
	return json_string(text);
}

static void put_card(struct fixture *fix, struct kai_span card)
{
	kai_lines_put(&fix->lines, json_pack("{s:s, s:o}", "what", "card", "bytes", base64(card)));
}

static void start(struct fixture *fix, const char *ceiling)
{
	fix->lines = (struct kai_lines){.to = fopen(fix->path, "we")};
	assert_non_null(fix->lines.to);
	kai_lines_put(&fix->lines,
		      json_pack("{s:s, s:i, s:o, s:o, s:s}", "file", KAI_CASE_FILE, "version",
				KAI_CASE_VERSION, "org", kai_json_id(fix->mine.root), "thread",
				kai_json_id(fix->mine.root), "ceiling", ceiling));
	put_card(fix, fix->mine.card);
	put_card(fix, fix->other.card);
}

/* The next card of mine: its newer duty key too, and a revocation of the old one. */
static void put_next_card(struct fixture *fix, bool revoked)
{
	struct kai_revocation gone = {.since = VECTOR_NOW, .reason = kai_span_str("stolen")};
	struct kai_card_key keys[4];
	struct kai_card card;
	uint8_t digest[KAI_ID_LEN];
	size_t at = 0;

	assert_int_equal(kai_card_open(fix->mine.card, &fix->arena, &card, digest), KAI_FAULT_NONE);
	memcpy(gone.key, fix->mine.duty, KAI_ID_LEN);
	while (at < 2 && memcmp(card.keys[at].key, fix->newer.key, KAI_ID_LEN) < 0)
		at++;
	memcpy(keys, card.keys, at * sizeof(*keys));
	keys[at] = (struct kai_card_key){
		KAI_KEY_SIGN, {0}, KAI_ROLE_DUTY, LATER, VECTOR_NOW + VECTOR_YEAR};
	memcpy(keys[at].key, fix->newer.key, KAI_ID_LEN);
	memcpy(keys + at + 1, card.keys + at, (3 - at) * sizeof(*keys));
	card.keys = keys;
	card.keys_count = 4;
	card.serial++;
	card.revocations = &gone;
	card.revocations_count = revoked ? 1 : 0;
	put_card(fix, kai_signed_make(KAI_CTX_CARD,
				      kai_object_encode_in(&kai_object_card, &card, &fix->arena),
				      fix->mine.root, fix->mine.root_secret, &fix->arena));
}

static void put_item(struct fixture *fix, bool older, bool newer)
{
	struct kai_header header;
	struct kai_built built = item_of(&fix->mine, &fix->other, &fix->arena, &header);
	struct kai_signature by_new = {.path = NULL}, signatures[2];
	struct kai_advisory advisory = {.header = built.header, .signatures = signatures};

	memcpy(by_new.key, fix->newer.key, KAI_ID_LEN);
	kai_sign(KAI_CTX_ADVISORY, kai_realm_live, built.id, fix->newer.secret, by_new.sig);
	if (newer)
		signatures[advisory.signatures_count++] = by_new;
	if (older)
		signatures[advisory.signatures_count++] = sign_item(&fix->mine, &built);
	if (older && newer && memcmp(signatures[0].key, signatures[1].key, KAI_ID_LEN) > 0) {
		signatures[0] = signatures[1];
		signatures[1] = by_new;
	}
	kai_lines_put(&fix->lines, json_pack("{s:s, s:o, s:o, s:[]}", "what", "item", "id",
					     kai_json_id(built.id), "advisory",
					     base64(kai_object_encode_in(&kai_object_advisory,
									 &advisory, &fix->arena)),
					     "openings"));
}

/* key of the other side: its own decider's, or one that is in no card. sides: 1 or 2 signatures. */
static void put_agreement(struct fixture *fix, size_t sides, bool forged)
{
	const struct kai_terms terms = terms_of(&fix->mine, &fix->other, &fix->arena);
	struct kai_span text = kai_object_encode_in(&kai_object_terms, &terms, &fix->arena);
	struct fix_pair thief = fix_sign_pair(77);
	struct kai_party_signature other;
	uint8_t digest[KAI_ID_LEN];
	struct kai_span bytes;

	kai_agreement_digest(text, digest);
	memcpy(other.org, fix->other.root, KAI_ID_LEN);
	memcpy(other.key, forged ? thief.key : fix->other.decider, KAI_ID_LEN);
	kai_sign(KAI_CTX_AGREEMENT, kai_realm_live, digest,
		 forged ? thief.secret : fix->other.decider_secret, other.sig);
	bytes = kai_agreement_sign(text, sides > 1 ? &other : NULL, fix->mine.root,
				   fix->mine.decider, fix->mine.decider_secret, &fix->arena);
	kai_lines_put(&fix->lines, json_pack("{s:s, s:o, s:o}", "what", "agreement", "digest",
					     kai_json_id(digest), "bytes", base64(bytes)));
}

static void put_journal(struct fixture *fix, const uint8_t org[KAI_ID_LEN], bool ended)
{
	const uint8_t zeros[KAI_ID_LEN] = {0};

	kai_lines_put(&fix->lines, json_pack("{s:s, s:i, s:o, s:i}", "file", KAI_JOURNAL_FILE,
					     "version", 1, "org", kai_json_id(org), "first", 0));
	if (ended)
		kai_lines_put(&fix->lines,
			      json_pack("{s:b, s:i, s:i, s:o, s:b}", "end", true, "count", 0,
					"last", 0, "hash", kai_json_id(zeros), "newest", true));
}

static int verify(struct fixture *fix)
{
	static struct kai_cli cli;
	char *text = NULL;
	size_t len = 0;

	cli = (struct kai_cli){.arena = {.at = verify_memory, .cap = sizeof(verify_memory)},
			       .renderer = &kai_render_json};
	cli.out = open_memstream(&text, &len);
	cli.err = fopen("/dev/null", "we");
	int exit = kai_case_verify(&cli, fix->path);

	assert_int_equal(fclose(cli.out), 0);
	(void)fclose(cli.err);
	json_decref(fix->seen);
	fix->seen = json_loads(text, 0, NULL);
	free(text);
	return exit;
}

static int seal(struct fixture *fix, const uint8_t key[KAI_ID_LEN], const uint8_t secret[64])
{
	struct kai_case_seal seal = {
		.version = KAI_VERSION, .at = LATER + 1000, .lines = fix->lines.count};

	memcpy(seal.org, fix->mine.root, KAI_ID_LEN);
	memcpy(seal.thread, fix->mine.root, KAI_ID_LEN);
	memcpy(seal.digest, fix->lines.digest, KAI_ID_LEN);
	kai_lines_put(&fix->lines,
		      json_pack("{s:o}", "seal",
				base64(kai_signed_make(KAI_CTX_CASE,
						       kai_object_encode_in(&kai_object_case_seal,
									    &seal, &fix->arena),
						       key, secret, &fix->arena))));
	assert_int_equal(fclose(fix->lines.to), 0);
	return verify(fix);
}

static int seal_by_duty(struct fixture *fix)
{
	return seal(fix, fix->mine.duty, fix->mine.duty_secret);
}

static void expect(const struct fixture *fix, const char *member, long long value)
{
	assert_int_equal(json_integer_value(json_object_get(fix->seen, member)), value);
}

/* One thing is wrong, and it is this. */
static void expect_wrong(const struct fixture *fix, const char *what)
{
	const json_t *problems = json_object_get(fix->seen, "problems");

	assert_int_equal(json_array_size(problems), 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(problems, 0), "what")),
			    what);
}

/* ---- cases */

static void what_is_signed_as_it_may_be_is_whole(void **state)
{
	struct fixture *fix = *state;

	start(fix, "RED");
	put_item(fix, true, false);
	put_agreement(fix, 2, false);
	put_journal(fix, fix->mine.root, true);
	assert_int_equal(seal_by_duty(fix), KAI_EXIT_DONE);
	expect(fix, "items", 1);
	expect(fix, "agreements", 1);
	expect(fix, "revoked", 0);
}

static void a_newer_key_affirms_what_an_older_one_signed(void **state)
{
	struct fixture *fix = *state;

	start(fix, "AMBER");
	put_next_card(fix, false);
	put_item(fix, true, true);
	assert_int_equal(seal_by_duty(fix), KAI_EXIT_DONE);
	start(fix, "AMBER");
	put_next_card(fix, false);
	put_item(fix, false, true);
	assert_int_equal(seal_by_duty(fix), KAI_EXIT_REFUSED);
	expect_wrong(fix, "item");
}

static void what_only_a_revoked_key_signed_is_counted(void **state)
{
	struct fixture *fix = *state;

	start(fix, "AMBER");
	put_next_card(fix, true);
	put_item(fix, true, false);
	assert_int_equal(seal(fix, fix->newer.key, fix->newer.secret), KAI_EXIT_DONE);
	expect(fix, "revoked", 1);
	start(fix, "AMBER");
	put_next_card(fix, true);
	put_item(fix, true, true);
	assert_int_equal(seal(fix, fix->newer.key, fix->newer.secret), KAI_EXIT_DONE);
	expect(fix, "revoked", 0);
}

static void a_thief_cannot_seal(void **state)
{
	struct fixture *fix = *state;

	start(fix, "AMBER");
	put_next_card(fix, true);
	assert_int_equal(seal_by_duty(fix), KAI_EXIT_REFUSED);
	expect_wrong(fix, "seal");
}

static void both_sides_sign_an_agreement(void **state)
{
	struct fixture *fix = *state;

	start(fix, "AMBER");
	put_agreement(fix, 1, false);
	assert_int_equal(seal_by_duty(fix), KAI_EXIT_REFUSED);
	expect_wrong(fix, "agreement");
	start(fix, "AMBER");
	put_agreement(fix, 2, true);
	assert_int_equal(seal_by_duty(fix), KAI_EXIT_REFUSED);
	expect_wrong(fix, "agreement");
}

/* The windows of the keys begin after the agreement is valid: that of the first hides nothing of the second. */
static void a_key_outside_its_window_hides_no_forgery(void **state)
{
	struct fixture *fix = *state;
	struct kai_card card;
	struct kai_card_key keys[3];
	uint8_t digest[KAI_ID_LEN];

	for (int i = 0; i < 2; i++) {
		struct person *person = i == 0 ? &fix->mine : &fix->other;

		assert_int_equal(kai_card_open(person->card, &fix->arena, &card, digest),
				 KAI_FAULT_NONE);
		memcpy(keys, card.keys, sizeof(keys));
		for (size_t k = 0; k < 3; k++)
			keys[k].not_before = VECTOR_NOW + 1000;
		card.keys = keys;
		person->card = kai_signed_make(
			KAI_CTX_CARD, kai_object_encode_in(&kai_object_card, &card, &fix->arena),
			person->root, person->root_secret, &fix->arena);
	}
	start(fix, "AMBER");
	put_agreement(fix, 2, false);
	assert_int_equal(seal_by_duty(fix), KAI_EXIT_DONE);
	start(fix, "AMBER");
	put_agreement(fix, 2, true);
	assert_int_equal(seal_by_duty(fix), KAI_EXIT_REFUSED);
	expect_wrong(fix, "agreement");
}

static void the_journal_is_its_owner_s_and_has_an_end(void **state)
{
	struct fixture *fix = *state;

	start(fix, "AMBER");
	put_journal(fix, fix->other.root, true);
	assert_int_equal(seal_by_duty(fix), KAI_EXIT_REFUSED);
	expect_wrong(fix, "journal");
	start(fix, "AMBER");
	put_journal(fix, fix->mine.root, false);
	assert_int_equal(seal_by_duty(fix), KAI_EXIT_REFUSED);
	expect_wrong(fix, "journal");
	start(fix, "RED");
	assert_int_equal(seal_by_duty(fix), KAI_EXIT_REFUSED);
	expect_wrong(fix, "journal");
}

static void what_is_wrong_is_not_without_end(void **state)
{
	struct fixture *fix = *state;

	start(fix, "AMBER");
	for (int i = 0; i < 1000; i++)
		(void)fputs("{\n", fix->lines.to);
	(void)fclose(fix->lines.to);
	assert_int_equal(verify(fix), KAI_EXIT_REFUSED);
	assert_int_equal(json_array_size(json_object_get(fix->seen, "problems")), 256);
}

/* 64 GiB without an end: more than any memory. */
static void a_line_without_end_is_not_read(void **state)
{
	struct fixture *fix = *state;

	start(fix, "AMBER");
	(void)fflush(fix->lines.to);
	assert_int_equal(ftruncate(fileno(fix->lines.to), (off_t)64 << 30), 0);
	(void)fclose(fix->lines.to);
	assert_int_equal(verify(fix), KAI_EXIT_USAGE);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_is_signed_as_it_may_be_is_whole),
		CASE(a_newer_key_affirms_what_an_older_one_signed),
		CASE(what_only_a_revoked_key_signed_is_counted),
		CASE(a_thief_cannot_seal),
		CASE(both_sides_sign_an_agreement),
		CASE(a_key_outside_its_window_hides_no_forgery),
		CASE(the_journal_is_its_owner_s_and_has_an_end),
		CASE(what_is_wrong_is_not_without_end),
		CASE(a_line_without_end_is_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
