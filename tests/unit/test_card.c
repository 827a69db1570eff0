/* SPDX-License-Identifier: Apache-2.0 */
/* Cards, node records, keys, memberships, notices, releases: every rule by its name. */
#include "test.h"

#include "fixture.h"
#include "kairan/card.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define AT(n) ((struct kai_wall){(n)})

static struct kai_arena arena;
static struct fix_pair root_pair;
static struct fix_pair decider;
static struct fix_pair duty;
static struct fix_pair system_pair;
static struct fix_pair stranger;

static int setup(void **state)
{
	(void)state;
	arena = fix_arena(4u << 20);
	root_pair = fix_sign_pair(1);
	decider = fix_sign_pair(2);
	duty = fix_sign_pair(3);
	system_pair = fix_sign_pair(4);
	stranger = fix_sign_pair(5);
	return arena.at == NULL;
}

static int teardown(void **state)
{
	(void)state;
	fix_arena_done(&arena);
	return 0;
}

/* ---- a card that is right in everything ---- */

struct sample {
	struct kai_card card;
	struct kai_card_key keys[6];
	struct kai_revocation revocations[3];
	struct kai_span sectors[2];
};

static int compare_keys(const void *a, const void *b)
{
	const struct kai_card_key *left = a;
	const struct kai_card_key *right = b;

	if (left->use != right->use)
		return left->use < right->use ? -1 : 1;
	return memcmp(left->key, right->key, 32);
}

static struct kai_card_key key_of(uint64_t use, const struct fix_pair *pair, uint64_t role,
				  uint64_t from, uint64_t until)
{
	struct kai_card_key key = {
		.use = use, .role = role, .not_before = from, .not_after = until};

	memcpy(key.key, pair->key, 32);
	return key;
}

static void sample_init(struct sample *s)
{
	struct fix_pair seals[] = {fix_seal_pair(1), fix_seal_pair(2), fix_seal_pair(3)};

	memset(s, 0, sizeof(*s));
	s->keys[0] = key_of(KAI_KEY_SIGN, &decider, KAI_ROLE_DECIDER, 1000, 9000);
	s->keys[1] = key_of(KAI_KEY_SIGN, &duty, KAI_ROLE_DUTY, 1000, 9000);
	s->keys[2] = key_of(KAI_KEY_SIGN, &system_pair, KAI_ROLE_SYSTEM, 1000, 9000);
	s->keys[3] = key_of(KAI_KEY_SEAL, &seals[0], 0, 1000, 5000);
	s->keys[4] = key_of(KAI_KEY_SEAL, &seals[1], 0, 3000, 7000);
	s->keys[5] = key_of(KAI_KEY_SEAL, &seals[2], 0, 4000, 6000);
	qsort(s->keys, COUNT(s->keys), sizeof(s->keys[0]), compare_keys);
	for (uint8_t i = 0; i < 3; i++)
		s->revocations[i] = (struct kai_revocation){.key = {i, 1}, .since = 500};
	s->sectors[0] = kai_span_str("jp-seed7:gas");
	s->sectors[1] = kai_span_str("jp-seed7:pow");
	s->card = (struct kai_card){
		.version = 1,
		.serial = 7,
		.issued_at = 1000,
		.valid_until = 9000,
		.name = kai_span_str("Power A"),
		.country = kai_span_str("JP"),
		.sectors = s->sectors,
		.sectors_count = 2,
		.keys = s->keys,
		.keys_count = 6,
		.revocations = s->revocations,
		.revocations_count = 3,
	};
	memcpy(s->card.org, root_pair.key, 32);
}

/* Revokes one key in place of the first revocation that is there. */
static void revoke(struct sample *s, const uint8_t key[32])
{
	memcpy(s->revocations[0].key, key, 32);
	s->card.revocations_count = 1;
}

static struct kai_span sign_with(const struct fix_pair *pair, enum kai_ctx ctx,
				 const struct kai_object *object, const void *body)
{
	struct kai_span bytes = kai_object_encode_in(object, body, &arena);

	assert_true(bytes.len > 0);
	return kai_signed_make(ctx, bytes, pair->key, pair->secret, &arena);
}

static enum kai_fault open_card(const struct sample *s)
{
	struct kai_span bytes = sign_with(&root_pair, KAI_CTX_CARD, &kai_object_card, &s->card);
	struct kai_card back = {.version = 99};
	uint8_t digest[32];
	enum kai_fault fault = kai_card_open(bytes, &arena, &back, digest);

	arena.used = 0;
	assert_int_equal(back.version, fault == KAI_FAULT_NONE ? 1 : 99);
	return fault;
}

#define EXPECT(fault, change)                                                                      \
	do {                                                                                       \
		struct sample s;                                                                   \
		sample_init(&s);                                                                   \
		change;                                                                            \
		assert_int_equal(open_card(&s), (fault));                                          \
	} while (0)

static void test_card_rules(void **state)
{
	(void)state;
	EXPECT(KAI_FAULT_NONE, (void)0);
	EXPECT(KAI_FAULT_VERSION, s.card.version = 2);
	EXPECT(KAI_FAULT_MEANING, s.card.issued_at = 9000);
	EXPECT(KAI_FAULT_NONE, s.card.issued_at = 8999);
	EXPECT(KAI_FAULT_MEANING, s.card.country = kai_span_str("jp"));
	EXPECT(KAI_FAULT_MEANING, s.sectors[0] = kai_span_str("gas"));
	EXPECT(KAI_FAULT_UNORDERED, s.sectors[0] = kai_span_str("jp-seed7:rail"));
	EXPECT(KAI_FAULT_MEANING, s.keys[0].use = 0);
	EXPECT(KAI_FAULT_MEANING, s.keys[5].use = 3);
	EXPECT(KAI_FAULT_MEANING, s.keys[0].role = 0);
	EXPECT(KAI_FAULT_MEANING, s.keys[0].role = 4);
	EXPECT(KAI_FAULT_MEANING, s.keys[5].role = KAI_ROLE_DUTY);
	EXPECT(KAI_FAULT_MEANING, s.keys[1].not_after = s.keys[1].not_before);
	EXPECT(KAI_FAULT_UNORDERED, s.keys[1] = s.keys[0]);
	EXPECT(KAI_FAULT_UNORDERED, s.keys[3] = s.keys[5]);
	EXPECT(KAI_FAULT_UNORDERED, s.keys[0] = s.keys[4]);
	EXPECT(KAI_FAULT_UNORDERED, s.revocations[1] = s.revocations[0]);
	EXPECT(KAI_FAULT_UNORDERED, s.revocations[2].key[0] = 0);
	EXPECT(KAI_FAULT_NONE, s.card.revocations_count = 0; s.card.sectors_count = 0);
}

static void test_card_signature(void **state)
{
	struct sample s;
	struct kai_card card;
	uint8_t digest[32];
	uint8_t wanted[32];
	struct kai_span bytes;
	struct kai_signed statement;

	(void)state;
	sample_init(&s);
	bytes = sign_with(&stranger, KAI_CTX_CARD, &kai_object_card, &s.card);
	assert_int_equal(kai_card_open(bytes, &arena, &card, digest), KAI_FAULT_KEY);
	bytes = sign_with(&decider, KAI_CTX_CARD, &kai_object_card, &s.card);
	assert_int_equal(kai_card_open(bytes, &arena, &card, digest), KAI_FAULT_KEY);
	bytes = sign_with(&root_pair, KAI_CTX_NODE_RECORD, &kai_object_card, &s.card);
	assert_int_equal(kai_card_open(bytes, &arena, &card, digest), KAI_FAULT_SIGNATURE);
	bytes = sign_with(&root_pair, KAI_CTX_CARD, &kai_object_card, &s.card);
	assert_int_equal(kai_card_open(bytes, &arena, &card, digest), KAI_FAULT_NONE);
	assert_int_equal(kai_signed_open(KAI_CTX_CARD, bytes, &arena, &statement), KAI_FAULT_NONE);
	kai_hash(KAI_CTX_CARD, kai_realm_live, statement.body, wanted);
	assert_memory_equal(digest, wanted, 32);
	assert_int_equal(kai_card_open(kai_span(bytes.at, 20), &arena, &card, digest),
			 KAI_FAULT_TRUNCATED);
	/* any byte changed: never a card */
	for (size_t i = 0; i < bytes.len; i++) {
		uint8_t copy[4096];
		size_t mark = arena.used;

		memcpy(copy, bytes.at, bytes.len);
		copy[i] ^= 4;
		assert_int_not_equal(
			kai_card_open(kai_span(copy, bytes.len), &arena, &card, digest),
			KAI_FAULT_NONE);
		arena.used = mark;
	}
}

/* ---- node records ---- */

static enum kai_fault open_record(const struct kai_node_record *record, const struct fix_pair *pair)
{
	struct kai_span bytes =
		sign_with(pair, KAI_CTX_NODE_RECORD, &kai_object_node_record, record);
	struct kai_node_record back = {.version = 99};
	uint8_t digest[32];
	enum kai_fault fault = kai_node_record_open(bytes, &arena, &back, digest);

	arena.used = 0;
	assert_int_equal(back.version, fault == KAI_FAULT_NONE ? 1 : 99);
	return fault;
}

static struct kai_node_record record_of(struct kai_node_key *keys, size_t count)
{
	struct kai_node_record record = {.version = 1,
					 .serial = 1,
					 .issued_at = 1000,
					 .valid_until = 9000,
					 .keys = keys,
					 .keys_count = count};

	memcpy(record.org, root_pair.key, 32);
	return record;
}

static void test_record_rules(void **state)
{
	struct kai_node_key keys[2] = {{.key = {1}, .not_before = 1, .not_after = 2},
				       {.key = {2}, .not_before = 1, .not_after = 2}};
	struct kai_node_record record = record_of(keys, 2);

	(void)state;
	assert_int_equal(open_record(&record, &root_pair), KAI_FAULT_NONE);
	assert_int_equal(open_record(&record, &stranger), KAI_FAULT_KEY);
	record.version = 2;
	assert_int_equal(open_record(&record, &root_pair), KAI_FAULT_VERSION);
	record.version = 1;
	record.issued_at = record.valid_until;
	assert_int_equal(open_record(&record, &root_pair), KAI_FAULT_MEANING);
	record.issued_at = 1;
	keys[1].key[0] = 1;
	assert_int_equal(open_record(&record, &root_pair), KAI_FAULT_UNORDERED);
	keys[1].key[0] = 2;
	keys[1].not_before = 2;
	assert_int_equal(open_record(&record, &root_pair), KAI_FAULT_MEANING);
}

static void test_endpoints(void **state)
{
	static const struct {
		const char *text;
		bool wanted;
	} rows[] = {
		{"tcp://node.example.jp:7946", true},
		{"tcp://192.0.2.1:1", true},
		{"tcp://[2001:db8::1]:65535", true},
		{"tcp://[::]:1", false}, /* nothing that one can dial */
		{"tcp://localhost:10", true},
		{"tcp://host:0", false},
		{"tcp://host:65536", false},
		{"tcp://host:99999", false},
		{"tcp://host:100000", false},
		{"tcp://host:080", false},
		{"tcp://host:", false},
		{"tcp://host", false},
		{"tcp://:80", false},
		{"tcp://", false},
		{"tcp:", false},
		{"tcp://*:80", false},
		{"tcp://eth0;1.2.3.4:80", false},
		{"tcp://host:8x", false},
		{"tcp://-host:80", false},
		{"tcp://.host:80", false},
		{"tcp://ho st:80", false},
		{"tcp://[::1:80", false},
		{"tcp://[]:80", false},
		{"tcp://[::g/]:80", false},
		{"ipc:///tmp/x", false},
		{"inproc://x:80", false},
		{"TCP://host:80", false},
		{"tcp://a:80:90", false},
		{"tcp://a/b:80", false},
	};
	struct kai_node_key key = {.key = {1}, .not_before = 1, .not_after = 2};
	struct kai_node_record record = record_of(&key, 1);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct kai_span endpoint = kai_span_str(rows[i].text);
		enum kai_fault wanted = rows[i].wanted ? KAI_FAULT_NONE : KAI_FAULT_MEANING;

		record.endpoints = &endpoint;
		record.endpoints_count = 1;
		if (open_record(&record, &root_pair) != wanted)
			fail_msg("%s", rows[i].text);
	}
}

/* ---- keys ---- */

static void test_card_key_roles(void **state)
{
	const struct fix_pair *pairs[] = {&system_pair, &duty, &decider};
	struct sample s;

	(void)state;
	sample_init(&s);
	for (uint64_t has = 1; has <= 3; has++)
		for (uint64_t needs = 0; needs <= 4; needs++)
			assert_int_equal(
				kai_card_key(&s.card, pairs[has - 1]->key, needs, AT(1000)),
				needs >= 1 && needs <= has ? KAI_FAULT_NONE : KAI_FAULT_KEY_ROLE);
	assert_int_equal(kai_card_key(&s.card, stranger.key, 1, AT(1000)), KAI_FAULT_KEY);
	assert_int_equal(kai_card_key(&s.card, root_pair.key, 1, AT(1000)), KAI_FAULT_KEY);
	/* a sealing key signs nothing */
	assert_int_equal(kai_card_key(&s.card, s.keys[5].key, 1, AT(4500)), KAI_FAULT_KEY);
	/* a role that only a later version knows is none */
	for (size_t i = 0; i < 3; i++)
		s.keys[i].role = 4;
	assert_int_equal(kai_card_key(&s.card, decider.key, 1, AT(1000)), KAI_FAULT_KEY_ROLE);
}

static void test_card_key_window(void **state)
{
	struct sample s;

	(void)state;
	sample_init(&s);
	assert_int_equal(kai_card_key(&s.card, duty.key, 2, AT(999)), KAI_FAULT_KEY_WINDOW);
	assert_int_equal(kai_card_key(&s.card, duty.key, 2, AT(1000)), KAI_FAULT_NONE);
	assert_int_equal(kai_card_key(&s.card, duty.key, 2, AT(8999)), KAI_FAULT_NONE);
	assert_int_equal(kai_card_key(&s.card, duty.key, 2, AT(9000)), KAI_FAULT_KEY_WINDOW);
	assert_int_equal(kai_card_key(&s.card, duty.key, 2, AT(-1)), KAI_FAULT_KEY_WINDOW);
	assert_int_equal(kai_card_key(&s.card, duty.key, 2, AT(INT64_MIN)), KAI_FAULT_KEY_WINDOW);
}

/* Revoked is the last answer: who forgives it has had role and window checked. */
static void test_card_key_revoked(void **state)
{
	struct sample s;

	(void)state;
	sample_init(&s);
	revoke(&s, duty.key);
	assert_int_equal(kai_card_key(&s.card, duty.key, 2, AT(1000)), KAI_FAULT_KEY_REVOKED);
	assert_int_equal(kai_card_key(&s.card, duty.key, 2, AT(999)), KAI_FAULT_KEY_WINDOW);
	assert_int_equal(kai_card_key(&s.card, duty.key, 3, AT(1000)), KAI_FAULT_KEY_ROLE);
	assert_int_equal(kai_card_key(&s.card, decider.key, 3, AT(1000)), KAI_FAULT_NONE);
}

static void test_seal_keys(void **state)
{
	static const struct {
		int64_t at;
		uint8_t pair; /* number of the pair, 0: none */
	} rows[] = {{999, 0},  {1000, 1}, {2999, 1}, {3000, 2}, {3999, 2},
		    {4000, 3}, {5999, 3}, {6000, 2}, {6999, 2}, {7000, 0}};
	struct sample s;
	struct fix_pair third = fix_seal_pair(3);
	uint8_t hint[KAI_HINT_LEN];

	(void)state;
	sample_init(&s);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct kai_card_key *key = kai_card_seal_key(&s.card, AT(rows[i].at));

		if (rows[i].pair == 0) {
			assert_null(key);
			continue;
		}
		assert_non_null(key);
		assert_memory_equal(key->key, fix_seal_pair(rows[i].pair).key, 32);
	}
	/* by hint, whatever its window; never a signing key's, never a revoked one */
	kai_key_hint(third.key, hint);
	assert_non_null(kai_card_seal_hint(&s.card, hint));
	assert_memory_equal(kai_card_seal_hint(&s.card, hint)->key, third.key, 32);
	revoke(&s, third.key);
	assert_null(kai_card_seal_hint(&s.card, hint));
	assert_memory_equal(kai_card_seal_key(&s.card, AT(4500))->key, fix_seal_pair(2).key, 32);
	kai_key_hint(duty.key, hint);
	assert_null(kai_card_seal_hint(&s.card, hint));
}

/* ---- statements ---- */

static struct kai_membership membership_of(void)
{
	struct kai_membership membership = {.version = 1,
					    .name = kai_span_str("power"),
					    .org = {9},
					    .number = 1,
					    .valid_from = 1000,
					    .valid_until = 2000};

	memcpy(membership.keeper, root_pair.key, 32);
	return membership;
}

static enum kai_fault open_membership(const struct kai_membership *membership,
				      const struct kai_card *card, const struct fix_pair *pair)
{
	struct kai_span bytes =
		sign_with(pair, KAI_CTX_MEMBERSHIP, &kai_object_membership, membership);
	struct kai_membership back = {.version = 99};
	struct kai_membership peeked = {.version = 99};
	enum kai_fault fault = kai_membership_open(bytes, card, &arena, &back);
	enum kai_fault peek_fault = kai_membership_peek(bytes, &arena, &peeked);

	assert_int_equal(back.version, fault == KAI_FAULT_NONE ? 1 : 99);
	assert_int_equal(peeked.version, peek_fault == KAI_FAULT_NONE ? 1 : 99);
	if (fault == KAI_FAULT_NONE)
		assert_int_equal(peek_fault, KAI_FAULT_NONE);
	return fault;
}

static void test_membership(void **state)
{
	struct sample s;
	struct kai_membership membership = membership_of();

	(void)state;
	sample_init(&s);
#define OPEN(pair) open_membership(&membership, &s.card, (pair))
	assert_int_equal(OPEN(&decider), KAI_FAULT_NONE);
	membership.withdrawn = true;
	assert_int_equal(OPEN(&decider), KAI_FAULT_NONE);
	assert_int_equal(OPEN(&duty), KAI_FAULT_KEY_ROLE);
	assert_int_equal(OPEN(&root_pair), KAI_FAULT_KEY);
	assert_int_equal(OPEN(&stranger), KAI_FAULT_KEY);
	membership.valid_from = 999;
	assert_int_equal(OPEN(&decider), KAI_FAULT_KEY_WINDOW);
	membership.valid_from = 2000;
	assert_int_equal(OPEN(&decider), KAI_FAULT_MEANING);
	membership.valid_from = 1000;
	membership.valid_until = 1000 + KAI_MEMBERSHIP_MAX_MS;
	assert_int_equal(OPEN(&decider), KAI_FAULT_NONE);
	membership.valid_until++;
	assert_int_equal(OPEN(&decider), KAI_FAULT_MEANING);
	membership = membership_of();
	membership.name = kai_span_str("Power");
	assert_int_equal(OPEN(&decider), KAI_FAULT_MEANING);
	membership = membership_of();
	membership.keeper[0] ^= 1;
	assert_int_equal(OPEN(&decider), KAI_FAULT_MEANING);
	membership = membership_of();
	membership.version = 3;
	assert_int_equal(OPEN(&decider), KAI_FAULT_VERSION);
	membership = membership_of();
	revoke(&s, decider.key);
	assert_int_equal(OPEN(&decider), KAI_FAULT_KEY_REVOKED);
#undef OPEN
}

static void test_membership_peek(void **state)
{
	struct kai_membership membership = membership_of();
	struct kai_membership back;
	struct kai_span bytes =
		sign_with(&stranger, KAI_CTX_MEMBERSHIP, &kai_object_membership, &membership);

	(void)state;
	/* whoever signed: peeking only learns whose card is asked for */
	assert_int_equal(kai_membership_peek(bytes, &arena, &back), KAI_FAULT_NONE);
	assert_memory_equal(back.keeper, root_pair.key, 32);
	bytes = sign_with(&stranger, KAI_CTX_NOTICE, &kai_object_membership, &membership);
	assert_int_equal(kai_membership_peek(bytes, &arena, &back), KAI_FAULT_SIGNATURE);
}

static enum kai_fault open_notice(const struct kai_notice *notice, const struct kai_card *card,
				  const struct fix_pair *pair)
{
	struct kai_span bytes = sign_with(pair, KAI_CTX_NOTICE, &kai_object_notice, notice);
	struct kai_notice back = {.version = 99};
	enum kai_fault fault = kai_notice_open(bytes, card, &arena, &back);

	assert_int_equal(back.version, fault == KAI_FAULT_NONE ? 1 : 99);
	return fault;
}

static void test_notice(void **state)
{
	struct sample s;
	struct kai_notice notice = {.version = 1, .number = 1, .action = 1, .at = 1000};

	(void)state;
	sample_init(&s);
	memcpy(notice.org, root_pair.key, 32);
	for (uint64_t action = 0; action < 256; action++) {
		notice.action = action;
		assert_int_equal(open_notice(&notice, &s.card, &decider),
				 action >= 1 && action <= 3 ? KAI_FAULT_NONE : KAI_FAULT_MEANING);
	}
	notice.action = KAI_NOTICE_SUSPEND;
	assert_int_equal(open_notice(&notice, &s.card, &duty), KAI_FAULT_KEY_ROLE);
	notice.at = 9000;
	assert_int_equal(open_notice(&notice, &s.card, &decider), KAI_FAULT_KEY_WINDOW);
	notice.at = 1000;
	notice.org[5] ^= 1;
	assert_int_equal(open_notice(&notice, &s.card, &decider), KAI_FAULT_MEANING);
	notice.org[5] ^= 1;
	notice.version = 2;
	assert_int_equal(open_notice(&notice, &s.card, &decider), KAI_FAULT_VERSION);
}

static enum kai_fault open_release(const struct kai_release *release, const struct kai_card *card,
				   const struct fix_pair *pair)
{
	struct kai_span bytes = sign_with(pair, KAI_CTX_RELEASE, &kai_object_release, release);
	struct kai_release back = {.version = 99};
	enum kai_fault fault = kai_release_open(bytes, card, &arena, &back);

	assert_int_equal(back.version, fault == KAI_FAULT_NONE ? 1 : 99);
	return fault;
}

static void test_release(void **state)
{
	struct sample s;
	struct kai_release release = {
		.version = 1,
		.label = {.tlp = KAI_TLP_CLEAR, .onward = 4, .attribution = 1, .pap = 4},
		.at = 1000,
		.expires = 2000};

	(void)state;
	sample_init(&s);
	assert_int_equal(open_release(&release, &s.card, &decider), KAI_FAULT_NONE);
	assert_int_equal(open_release(&release, &s.card, &duty), KAI_FAULT_KEY_ROLE);
	assert_int_equal(open_release(&release, &s.card, &stranger), KAI_FAULT_KEY);
	release.label.tlp = KAI_TLP_GREEN; /* without an audience */
	assert_int_equal(open_release(&release, &s.card, &decider), KAI_FAULT_LABEL);
	release.label.tlp = KAI_TLP_CLEAR;
	release.expires = 1000;
	assert_int_equal(open_release(&release, &s.card, &decider), KAI_FAULT_MEANING);
	release.expires = 99999;
	release.at = 9000;
	assert_int_equal(open_release(&release, &s.card, &decider), KAI_FAULT_KEY_WINDOW);
	release.at = 1000;
	release.version = 2;
	assert_int_equal(open_release(&release, &s.card, &decider), KAI_FAULT_VERSION);
	release.version = 1;
	revoke(&s, decider.key);
	assert_int_equal(open_release(&release, &s.card, &decider), KAI_FAULT_KEY_REVOKED);
}

/* A later version's object, whatever its fields, is refused for its version. */
static void test_versions_first(void **state)
{
	static const uint8_t future[] = {0x92, 0x02, 0xc0};
	struct kai_span body = kai_span(future, sizeof(future));
	struct sample s;
	uint8_t digest[32];
	struct kai_notice notice;
	struct kai_card card;

	(void)state;
	sample_init(&s);
	assert_int_equal(kai_card_open(kai_signed_make(KAI_CTX_CARD, body, root_pair.key,
						       root_pair.secret, &arena),
				       &arena, &card, digest),
			 KAI_FAULT_VERSION);
	assert_int_equal(kai_notice_open(kai_signed_make(KAI_CTX_NOTICE, body, decider.key,
							 decider.secret, &arena),
					 &s.card, &arena, &notice),
			 KAI_FAULT_VERSION);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_card_rules),	     TEST(test_card_signature), TEST(test_record_rules),
		TEST(test_endpoints),	     TEST(test_card_key_roles), TEST(test_card_key_window),
		TEST(test_card_key_revoked), TEST(test_seal_keys),	TEST(test_membership),
		TEST(test_membership_peek),  TEST(test_notice),		TEST(test_release),
		TEST(test_versions_first),
	};
#undef TEST

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("card", tests, NULL, NULL);
}
