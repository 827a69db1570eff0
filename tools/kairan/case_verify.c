/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify CASEFILE: every signature, part, agreement, receipt and journal entry of a case against the
 * cards in it, and the seal over all of its lines. Needs no node and no data directory: whose case it is
 * one compares by fingerprint. The file is read twice, the first time for its cards, and never held whole.
 */
#include "case.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kairan/agreement.h"
#include "kairan/card.h"
#include "kairan/check.h"
#include "kairan/receipt.h"
#include "view.h"

#define MAX_CARDS 1024u
#define MAX_PROBLEMS 256u

struct known_card {
	struct kai_card card;
	struct kai_span bytes;
};

struct verifying {
	struct kai_cli *cli;
	struct known_card *cards; /* MAX_CARDS */
	size_t card_count;
	uint8_t org[KAI_ID_LEN]; /* whose case it says it is */
	uint8_t thread[KAI_ID_LEN];
	uint8_t digest[KAI_ID_LEN]; /* of the lines so far */
	uint64_t lines;
	uint64_t counts[5]; /* items, parts, receipts, agreements, journal entries */
	struct kai_journal_file journal;
	struct kai_journal_reading reading;
	bool all;  /* nothing was left out by its label */
	bool told; /* what is wrong with the journal */
	bool sealed;
	uint64_t sealed_at;
	uint64_t revoked; /* what is signed by a key that was revoked, and by no other */
	json_t *problems;
};
enum { ITEMS, PARTS, RECEIPTS, AGREEMENTS, ENTRIES };

/* ---- what is wrong */

static void wrong(struct verifying *verifying, const char *what, const char *why)
{
	size_t count = json_array_size(verifying->problems);

	if (count == MAX_PROBLEMS - 1)
		why = kai_tr(verifying->cli, N_("More is wrong. It is not listed."));
	if (count < MAX_PROBLEMS)
		(void)json_array_append_new(verifying->problems,
					    json_pack("{s:I, s:s, s:s}", "line",
						      (json_int_t)verifying->lines, "what", what,
						      "text", why));
}

static void faulty(struct verifying *verifying, const char *what, enum kai_fault fault)
{
	wrong(verifying, what, kai_rule_sentence(verifying->cli, kai_fault_name(fault)));
}

/* ---- reading a line */

static bool bytes_of(struct verifying *verifying, const json_t *line, const char *member,
		     struct kai_span *ret)
{
	const char *text = json_string_value(json_object_get(line, member));
	size_t len = 0;

	if (text == NULL)
		return false;
	size_t cap = strlen(text) / 4 * 3 + 3;
	uint8_t *at = kai_cli_take(verifying->cli, cap);

	if (sodium_base642bin(at, cap, text, strlen(text), NULL, &len, NULL,
			      sodium_base64_VARIANT_ORIGINAL) != 0)
		return false;
	*ret = kai_span(at, len);
	return true;
}

static bool id_of(const json_t *line, const char *member, uint8_t ret[KAI_ID_LEN])
{
	const char *text = json_string_value(json_object_get(line, member));

	return text != NULL && kai_base32_parse(text, ret, KAI_ID_LEN);
}

/* ---- keys */

static bool revokes(const struct kai_card *card, const uint8_t key[KAI_ID_LEN])
{
	for (size_t i = 0; i < card->revocations_count; i++)
		if (kai_id_equal(card->revocations[i].key, key))
			return true;
	return false;
}

/* By one card. later: a key that is newer than that is judged at its beginning. */
static enum kai_fault by_card(const struct kai_card *card, const uint8_t key[KAI_ID_LEN],
			      uint64_t role, int64_t at, bool later)
{
	struct kai_wall made = {at}, since;

	if (later && kai_card_key_begins(card, key, &since) && since.ms > made.ms)
		made = since;
	return kai_card_key(card, key, role, made);
}

/* By any card of the org: keys may have changed since. KEY_REVOKED: but for that, one of them would let it. */
static enum kai_fault may_sign(const struct verifying *verifying, const uint8_t org[KAI_ID_LEN],
			       const uint8_t key[KAI_ID_LEN], uint64_t role, int64_t at, bool later)
{
	enum kai_fault best = KAI_FAULT_NO_CARD;
	bool revoked = false;

	for (size_t i = 0; i < verifying->card_count; i++) {
		const struct kai_card *card = &verifying->cards[i].card;

		if (!kai_id_equal(card->org, org))
			continue;
		enum kai_fault fault = by_card(card, key, role, at, later);

		revoked |= revokes(card, key);
		if (fault == KAI_FAULT_KEY_REVOKED)
			fault = KAI_FAULT_NONE;
		if (best != KAI_FAULT_NONE)
			best = fault;
	}
	return best == KAI_FAULT_NONE && revoked ? KAI_FAULT_KEY_REVOKED : best;
}

/* A later revocation does not undo what was held: it is counted. */
static enum kai_fault held(struct verifying *verifying, enum kai_fault fault)
{
	if (fault != KAI_FAULT_KEY_REVOKED)
		return fault;
	verifying->revoked++;
	return KAI_FAULT_NONE;
}

static const struct kai_card *newest_card(const struct verifying *verifying,
					  const uint8_t org[KAI_ID_LEN])
{
	const struct kai_card *newest = NULL;

	for (size_t i = 0; i < verifying->card_count; i++) {
		const struct kai_card *card = &verifying->cards[i].card;

		if (kai_id_equal(card->org, org) &&
		    (newest == NULL || card->serial > newest->serial))
			newest = card;
	}
	return newest;
}

static void take_card(struct verifying *verifying, const json_t *line)
{
	struct known_card *known = &verifying->cards[verifying->card_count];
	uint8_t digest[KAI_ID_LEN];
	enum kai_fault fault = KAI_FAULT_TOO_MUCH;

	if (verifying->card_count < MAX_CARDS && bytes_of(verifying, line, "bytes", &known->bytes))
		fault = kai_card_open(known->bytes, &verifying->cli->arena, &known->card, digest);
	if (fault == KAI_FAULT_NONE)
		verifying->card_count++;
	else
		faulty(verifying, "card", fault);
}

/* ---- what lines say */

static enum kai_fault check_parts(struct verifying *verifying, const json_t *line,
				  const struct kai_advisory *advisory,
				  const struct kai_checked *item)
{
	struct kai_arena *arena = &verifying->cli->arena;
	enum kai_fault fault = KAI_FAULT_NONE;

	if (json_array_size(json_object_get(line, "openings")) != advisory->parts_count)
		return KAI_FAULT_COUNT;
	for (size_t i = 0; fault == KAI_FAULT_NONE && i < advisory->parts_count; i++) {
		const json_t *row = json_array_get(json_object_get(line, "openings"), i);
		uint8_t index = (uint8_t)advisory->parts[i].index;
		const struct kai_part_id part = {.realm = item->header.realm,
						 .origin = item->header.origin,
						 .index = index,
						 .name = item->header.parts[index].name};
		struct kai_opening opening;
		struct kai_label label;
		struct kai_span bytes, content;

		if (json_integer_value(json_object_get(row, "index")) != index ||
		    !bytes_of(verifying, row, "opening", &bytes))
			return KAI_FAULT_TYPE;
		fault = kai_object_decode(&kai_object_opening, bytes, arena, &opening);
		if (fault == KAI_FAULT_NONE)
			fault = kai_opening_check(&item->header, index, &opening, arena, &label);
		if (fault == KAI_FAULT_NONE)
			fault = kai_part_open(&part, opening.key, advisory->parts[i].ciphertext,
					      arena, &content);
		verifying->counts[PARTS] += fault == KAI_FAULT_NONE;
	}
	return fault;
}

/* One of the keys was in its window when it was made; another beside it may be newer, and affirms it. */
static enum kai_fault check_signers(struct verifying *verifying,
				    const struct kai_advisory *advisory,
				    const struct kai_header *header)
{
	int64_t made = (int64_t)header->created_at;
	enum kai_fault fault = KAI_FAULT_NONE;
	bool then = false, stands = false;

	for (size_t i = 0; fault == KAI_FAULT_NONE && i < advisory->signatures_count; i++) {
		const uint8_t *key = advisory->signatures[i].key;

		fault = may_sign(verifying, header->origin, key, KAI_ROLE_DUTY, made, false);
		if (fault == KAI_FAULT_NONE || fault == KAI_FAULT_KEY_REVOKED)
			then = true;
		else if (advisory->signatures_count > 1)
			fault = may_sign(verifying, header->origin, key, KAI_ROLE_DUTY, made, true);
		stands |= fault == KAI_FAULT_NONE;
		if (fault == KAI_FAULT_KEY_REVOKED)
			fault = KAI_FAULT_NONE;
	}
	if (fault != KAI_FAULT_NONE)
		return fault;
	if (!then)
		return KAI_FAULT_KEY_WINDOW;
	return stands ? KAI_FAULT_NONE : held(verifying, KAI_FAULT_KEY_REVOKED);
}

static void check_item(struct verifying *verifying, const json_t *line)
{
	struct kai_arena *arena = &verifying->cli->arena;
	struct kai_checked *item = kai_cli_take(verifying->cli, sizeof(*item));
	struct kai_advisory advisory = {.signatures_count = 0};
	enum kai_fault fault = KAI_FAULT_TYPE;
	struct kai_span bytes;
	uint8_t id[KAI_ID_LEN];

	if (bytes_of(verifying, line, "advisory", &bytes) && id_of(line, "id", id))
		fault = kai_object_decode(&kai_object_advisory, bytes, arena, &advisory);
	if (fault == KAI_FAULT_NONE) {
		kai_advisory_check(&advisory, NULL, arena, item);
		fault = item->item_fault;
	}
	if (fault == KAI_FAULT_NONE && !kai_id_equal(item->id, id))
		fault = KAI_FAULT_HASH;
	if (fault == KAI_FAULT_NONE)
		fault = check_signers(verifying, &advisory, &item->header);
	if (fault == KAI_FAULT_NONE)
		fault = check_parts(verifying, line, &advisory, item);
	if (fault == KAI_FAULT_NONE)
		verifying->counts[ITEMS]++;
	else
		faulty(verifying, "item", fault);
}

static void check_receipt(struct verifying *verifying, const json_t *line)
{
	struct kai_receipt_opened opened = {.receipt = {.entries_count = 0}};
	enum kai_fault fault = KAI_FAULT_TYPE;
	struct kai_span bytes;
	bool says = false;
	uint8_t id[KAI_ID_LEN];

	if (bytes_of(verifying, line, "bytes", &bytes) && id_of(line, "id", id))
		fault = kai_receipt_open(bytes, &verifying->cli->arena, &opened);
	if (fault == KAI_FAULT_NONE)
		fault = held(verifying,
			     may_sign(verifying, opened.receipt.org, opened.key, KAI_ROLE_SYSTEM,
				      (int64_t)opened.receipt.at, false));
	for (size_t i = 0; fault == KAI_FAULT_NONE && i < opened.receipt.entries_count; i++)
		says |= kai_id_equal(opened.receipt.entries[i].id, id);
	if (fault == KAI_FAULT_NONE && !says)
		fault = KAI_FAULT_MEANING;
	if (fault == KAI_FAULT_NONE)
		verifying->counts[RECEIPTS]++;
	else
		faulty(verifying, "receipt", fault);
}

/* Signed by a key of the origin of some item; which one its own bytes say. */
static void check_release(struct verifying *verifying, const json_t *line)
{
	enum kai_fault fault = KAI_FAULT_TYPE;
	struct kai_span bytes;

	if (bytes_of(verifying, line, "bytes", &bytes))
		fault = KAI_FAULT_KEY;
	for (size_t i = 0; fault == KAI_FAULT_KEY && i < verifying->card_count; i++) {
		struct kai_release release;

		fault = kai_release_open(bytes, &verifying->cards[i].card, &verifying->cli->arena,
					 &release);
	}
	if (fault != KAI_FAULT_NONE)
		faulty(verifying, "release", fault);
}

static void check_agreement(struct verifying *verifying, const json_t *line)
{
	struct kai_arena *arena = &verifying->cli->arena;
	struct kai_agreement_read read = {.signed_by = 0};
	uint8_t digest[KAI_ID_LEN];
	enum kai_fault fault = KAI_FAULT_TYPE;
	struct kai_span bytes;

	if (bytes_of(verifying, line, "bytes", &bytes) && id_of(line, "digest", digest))
		fault = kai_agreement_open(bytes, NULL, NULL, arena, &read);
	if (fault == KAI_FAULT_NONE && !kai_id_equal(read.digest, digest))
		fault = KAI_FAULT_HASH;
	/* terms do not say when they were signed: each key is judged at its beginning */
	for (size_t i = 0; fault == KAI_FAULT_NONE && i < read.agreement.signatures_count; i++)
		fault = held(verifying,
			     may_sign(verifying, read.agreement.signatures[i].org,
				      read.agreement.signatures[i].key, KAI_ROLE_DECIDER, 0, true));
	if (fault == KAI_FAULT_NONE && read.signed_by != 3)
		fault = KAI_FAULT_SIGNERS;
	if (fault == KAI_FAULT_NONE)
		verifying->counts[AGREEMENTS]++;
	else
		faulty(verifying, "agreement", fault);
}

static void check_seal(struct verifying *verifying, const json_t *line)
{
	struct kai_arena *arena = &verifying->cli->arena;
	enum kai_fault fault = KAI_FAULT_TYPE;
	struct kai_signed opened = {.body = {NULL, 0}};
	const struct kai_card *card = NULL;
	struct kai_case_seal seal;
	struct kai_span bytes;

	verifying->sealed = true;
	if (bytes_of(verifying, line, "seal", &bytes))
		fault = kai_signed_open(KAI_CTX_CASE, bytes, arena, &opened);
	if (fault == KAI_FAULT_NONE)
		fault = kai_object_decode(&kai_object_case_seal, opened.body, arena, &seal);
	if (fault == KAI_FAULT_NONE &&
	    (seal.version != KAI_VERSION || !kai_id_equal(seal.org, verifying->org) ||
	     !kai_id_equal(seal.thread, verifying->thread)))
		fault = KAI_FAULT_MEANING;
	/* it is younger than every card in the file: the newest one judges, and a revocation stands */
	if (fault == KAI_FAULT_NONE && (card = newest_card(verifying, seal.org)) == NULL)
		fault = KAI_FAULT_NO_CARD;
	if (fault == KAI_FAULT_NONE)
		fault = kai_card_key(card, opened.key, KAI_ROLE_DUTY,
				     (struct kai_wall){(int64_t)seal.at});
	if (fault != KAI_FAULT_NONE) {
		faulty(verifying, "seal", fault);
		return;
	}
	verifying->sealed_at = seal.at;
	if (seal.lines != verifying->lines || !kai_id_equal(seal.digest, verifying->digest))
		wrong(verifying, "seal",
		      kai_tr(verifying->cli,
			     N_("Lines before it were changed, added or taken out.")));
}

/* ---- the file */

static void read_journal(struct verifying *verifying, const char *text, size_t len)
{
	const struct kai_journal_file *journal = &verifying->journal;
	bool begun = verifying->reading.begun;
	uint8_t org[KAI_ID_LEN];

	if (!kai_journal_read_line(&verifying->reading, text, len))
		wrong(verifying, "journal", kai_tr(verifying->cli, N_("Not an entry.")));
	verifying->counts[ENTRIES] = journal->count;
	if (verifying->reading.begun && !begun &&
	    (!kai_base32_parse(journal->org, org, sizeof(org)) ||
	     !kai_id_equal(org, verifying->org)))
		wrong(verifying, "journal",
		      kai_tr(verifying->cli, N_("Of another organisation than the case.")));
	if (journal->problem != NULL && !verifying->told)
		wrong(verifying, "journal", kai_tr(verifying->cli, journal->problem));
	verifying->told = journal->problem != NULL;
}

/* Its last line stands in the file; without a ceiling there is a journal. */
static void check_end(struct verifying *verifying)
{
	if (!verifying->reading.ended && (verifying->reading.begun || verifying->all))
		wrong(verifying, "journal",
		      kai_tr(verifying->cli, N_("Its end is not there: the file was cut.")));
	if (!verifying->sealed)
		wrong(verifying, "seal",
		      kai_tr(verifying->cli, N_("It has no seal: the file was cut.")));
}

static void check_line(struct verifying *verifying, const char *text, size_t len,
		       const json_t *line)
{
	static const struct {
		const char *what;
		void (*check)(struct verifying *verifying, const json_t *line);
	} rows[] = {{"item", check_item},
		    {"receipt", check_receipt},
		    {"release", check_release},
		    {"agreement", check_agreement}};
	const char *what = json_string_value(json_object_get(line, "what"));

	if (verifying->sealed) {
		wrong(verifying, "seal", kai_tr(verifying->cli, N_("Lines follow the seal.")));
		return;
	}
	if (json_object_get(line, "seal") != NULL) {
		check_seal(verifying, line);
		return;
	}
	if (what == NULL && verifying->lines > 0)
		read_journal(verifying, text, len);
	for (size_t i = 0; what != NULL && i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(what, rows[i].what) == 0)
			rows[i].check(verifying, line);
}

static void cards_of_line(struct verifying *verifying, const char *text, size_t len,
			  const json_t *line)
{
	const char *what = json_string_value(json_object_get(line, "what"));

	(void)text;
	(void)len;
	if (what != NULL && strcmp(what, "card") == 0)
		take_card(verifying, line);
}

typedef void (*each_line)(struct verifying *verifying, const char *text, size_t len,
			  const json_t *line);

/* The next line with its end, of at most KAI_CASE_LINE bytes: 0 at the end of the file, and of what is longer. */
static size_t next_line(FILE *from, char *text)
{
	size_t len = 0;
	int c = 0;

	while (len < KAI_CASE_LINE && c != '\n' && (c = getc_unlocked(from)) != EOF)
		text[len++] = (char)c;
	return c == '\n' || c == EOF ? len : 0;
}

/* keep: what is taken from the arena stays. What cannot be read is said where it does not. */
static void take_line(struct verifying *verifying, struct kai_span text, each_line each, bool keep)
{
	const struct kai_span pieces[] = {kai_span(verifying->digest, KAI_ID_LEN), text};
	const char *at = (const char *)text.at;
	json_t *line = json_loadb(at, text.len, JSON_REJECT_DUPLICATES, NULL);
	size_t used = verifying->cli->arena.used;

	if (line != NULL)
		each(verifying, at, text.len, line);
	else if (!keep)
		wrong(verifying, "line", kai_tr(verifying->cli, N_("Not readable.")));
	json_decref(line);
	if (!keep)
		verifying->cli->arena.used = used;
	kai_hash_many(KAI_CTX_CASE, kai_realm_live, pieces, 2, verifying->digest);
	verifying->lines++;
}

static int walk(struct verifying *verifying, const char *path, each_line each, bool keep)
{
	struct kai_cli *cli = verifying->cli;
	FILE *from = fopen(path, "re");
	char *text = malloc(KAI_CASE_LINE);
	int exit = 0;
	size_t len;

	if (from == NULL || text == NULL) {
		exit = kai_cli_fail(cli, KAI_EXIT_USAGE, "%s: %s", path, strerror(errno));
	} else {
		verifying->lines = 0;
		memset(verifying->digest, 0, KAI_ID_LEN);
		while ((len = next_line(from, text)) > 0)
			take_line(verifying, kai_span(text, len), each, keep);
		if (ferror(from) != 0)
			exit = kai_cli_fail(cli, KAI_EXIT_USAGE, "%s: %s", path, strerror(errno));
		else if (feof(from) == 0)
			exit = kai_cli_fail(cli, KAI_EXIT_USAGE, T("%s: a line is too long"), path);
	}
	free(text);
	if (from != NULL)
		(void)fclose(from);
	return exit;
}

static json_t *first_line(const char *path)
{
	FILE *from = fopen(path, "re");
	char text[4096];
	json_t *line = NULL;

	if (from != NULL && fgets(text, sizeof(text), from) != NULL)
		line = json_loads(text, 0, NULL);
	if (from != NULL)
		(void)fclose(from);
	return line;
}

bool kai_case_is(const char *path)
{
	json_t *line = first_line(path);
	const char *file = json_string_value(json_object_get(line, "file"));
	bool is = file != NULL && strcmp(file, KAI_CASE_FILE) == 0;

	json_decref(line);
	return is;
}

/* ---- the answer */

static int answer(struct verifying *verifying)
{
	struct kai_cli *cli = verifying->cli;
	const struct kai_card *card = newest_card(verifying, verifying->org);
	char fingerprint[KAI_FINGERPRINT_SIZE];
	bool ok = json_array_size(verifying->problems) == 0;

	kai_fingerprint(verifying->org, fingerprint);
	kai_view_show(
		cli, &kai_case_verdict,
		json_pack("{s:b, s:o, s:s, s:s, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:O}", "ok",
			  ok, "org", kai_json_id(verifying->org), "org_name",
			  card != NULL ? kai_view_safe(cli, kai_cli_str(cli, card->name), false)
				       : "?",
			  "fingerprint", fingerprint, "thread", kai_json_id(verifying->thread),
			  "sealed_at", kai_json_time(verifying->sealed_at), "items",
			  (json_int_t)verifying->counts[ITEMS], "parts",
			  (json_int_t)verifying->counts[PARTS], "receipts",
			  (json_int_t)verifying->counts[RECEIPTS], "agreements",
			  (json_int_t)verifying->counts[AGREEMENTS], "entries",
			  (json_int_t)verifying->counts[ENTRIES], "revoked",
			  (json_int_t)verifying->revoked, "problems", verifying->problems));
	return ok ? KAI_EXIT_DONE : KAI_EXIT_REFUSED;
}

int kai_case_verify(struct kai_cli *cli, const char *path)
{
	struct verifying *verifying = kai_cli_take(cli, sizeof(*verifying));

	if (access(path, R_OK) != 0)
		return kai_cli_fail(cli, KAI_EXIT_USAGE, "%s: %s", path, strerror(errno));
	json_t *first = first_line(path);
	bool known = kai_case_is(path) && id_of(first, "org", verifying->org) &&
		     id_of(first, "thread", verifying->thread) &&
		     json_integer_value(json_object_get(first, "version")) == KAI_CASE_VERSION;

	const char *ceiling = json_string_value(json_object_get(first, "ceiling"));

	verifying->all = ceiling != NULL && strcmp(ceiling, kai_tlp_word(KAI_TLP_RED)) == 0;
	json_decref(first);
	if (!known)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("%s: not a case that `kairan export case` wrote"), path);
	verifying->cli = cli;
	verifying->cards = kai_cli_take(cli, MAX_CARDS * sizeof(*verifying->cards));
	verifying->problems = json_array();
	verifying->journal = (struct kai_journal_file){.word = ""};
	verifying->reading = (struct kai_journal_reading){
		.cli = cli, .file = &verifying->journal, .alone = true};
	int exit = walk(verifying, path, cards_of_line, true);

	if (exit == 0)
		exit = walk(verifying, path, check_line, false);
	if (exit == 0) {
		check_end(verifying);
		exit = answer(verifying);
	}
	json_decref(verifying->problems);
	kai_witness_done(&verifying->journal.witness);
	return exit;
}
