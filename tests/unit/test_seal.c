/* SPDX-License-Identifier: Apache-2.0 */
/* Parts, wraps and boxes: what seals opens, and nothing else does. */
#include "test.h"

#include "fixture.h"
#include "kairan/crypto.h"

static struct kai_arena arena;
static const uint8_t drill[KAI_REALM_LEN] = {1};
static const uint8_t origin[32] = {2};
static const uint8_t other_org[32] = {3};
static const uint8_t part_key[32] = {4};
static const uint8_t item[32] = {5};

static int setup(void **state)
{
	(void)state;
	arena = fix_arena(8u << 20);
	return arena.at == NULL;
}

static int teardown(void **state)
{
	(void)state;
	fix_arena_done(&arena);
	return 0;
}

static struct kai_part_id main_part(void)
{
	return (struct kai_part_id){kai_realm_live, origin, 0, kai_span_str("main")};
}

static struct kai_span bytes_of(size_t len)
{
	uint8_t *at = kai_arena_take(&arena, len);

	assert_non_null(at);
	memset(at, 0xa5, len);
	return kai_span(at, len);
}

static void test_padded_len(void **state)
{
	static const size_t rows[][2] = {
		{0, 256},	    {1, 256},	    {252, 256},	    {253, 272},
		{268, 272},	    {269, 288},	    {508, 512},	    {509, 544},
		{1020, 1024},	    {1021, 1088},   {2044, 2048},   {2045, 2176},
		{2048, 2176},	    {65532, 65536}, {65533, 67584}, {1048572, 1048576},
		{1048576, 1081344},
	};
	size_t last = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(kai_padded_len(rows[i][0]), rows[i][1]);
	for (size_t len = 0; len <= KAI_MAX_PART_LEN; len += 97) {
		size_t padded = kai_padded_len(len);

		assert_true(padded >= len + 4 && padded >= last);
		assert_true(padded == KAI_MIN_PAD || padded - (len + 4) <= (len + 4) / 8);
		assert_int_equal(kai_padded_len(padded - 4), padded);
		last = padded;
	}
	assert_true(kai_padded_len(KAI_MAX_PART_LEN) + 16 <= KAI_MAX_PART_CIPHER);
}

static void test_part_round_trip(void **state)
{
	static const size_t lens[] = {0, 1, 251, 252, 253, 4096, KAI_MAX_PART_LEN};
	struct kai_part_id part = main_part();

	(void)state;
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		struct kai_span content;
		struct kai_span sealed;
		struct kai_span back;

		arena.used = 0;
		content = bytes_of(lens[i]);
		sealed = kai_part_seal(&part, part_key, content, &arena);
		assert_int_equal(sealed.len, kai_padded_len(lens[i]) + 16);
		assert_int_equal(kai_part_open(&part, part_key, sealed, &arena, &back),
				 KAI_FAULT_NONE);
		assert_true(kai_span_equal(content, back));
	}
}

/* As the specification words it: zero nonce, AD = context, realm, origin, index, name. */
static void test_part_definition(void **state)
{
	struct kai_part_id part = {drill, origin, 3, kai_span_str("iocs")};
	struct kai_span sealed = kai_part_seal(&part, part_key, kai_span_str("hi"), &arena);
	uint8_t ad[16 + 16 + 32 + 1 + 4] = "k1 part";
	uint8_t nonce[24] = {0};
	uint8_t plain[256] = {0, 0, 0, 2, 'h', 'i'};
	uint8_t wanted[256 + 16];

	(void)state;
	memcpy(ad + 16, drill, 16);
	memcpy(ad + 32, origin, 32);
	ad[64] = 3;
	memcpy(ad + 65, kai_span_str("iocs").at, 4);
	crypto_aead_xchacha20poly1305_ietf_encrypt(wanted, NULL, plain, sizeof(plain), ad,
						   sizeof(ad), NULL, nonce, part_key);
	assert_int_equal(sealed.len, sizeof(wanted));
	assert_memory_equal(sealed.at, wanted, sizeof(wanted));
}

static void test_part_binding(void **state)
{
	const struct kai_part_id right = main_part();
	const struct kai_part_id wrong[] = {
		{drill, origin, 0, right.name},
		{kai_realm_live, other_org, 0, right.name},
		{kai_realm_live, origin, 1, right.name},
		{kai_realm_live, origin, 0, kai_span_str("mail")},
		{kai_realm_live, origin, 0, kai_span_str("")},
	};
	struct kai_span sealed = kai_part_seal(&right, part_key, kai_span_str("text"), &arena);
	uint8_t *changed = kai_arena_take(&arena, sealed.len);
	struct kai_span back;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(kai_part_open(&wrong[i], part_key, sealed, &arena, &back),
				 KAI_FAULT_PART);
	assert_int_equal(kai_part_open(&right, origin, sealed, &arena, &back), KAI_FAULT_PART);
	for (size_t i = 0; i < sealed.len; i++) {
		memcpy(changed, sealed.at, sealed.len);
		changed[i] ^= 0x80;
		assert_int_equal(kai_part_open(&right, part_key, kai_span(changed, sealed.len),
					       &arena, &back),
				 KAI_FAULT_PART);
	}
}

/* A plaintext that authenticates but is not padded as its size says. */
static enum kai_fault open_plain(uint8_t *plain, size_t len)
{
	struct kai_part_id part = main_part();
	uint8_t ad[16 + 16 + 32 + 1 + 4] = "k1 part";
	uint8_t nonce[24] = {0};
	uint8_t *sealed = kai_arena_take(&arena, len + 16);
	struct kai_span back = kai_span(NULL, 77);
	enum kai_fault fault;

	assert_non_null(sealed);
	memcpy(ad + 32, origin, 32);
	memcpy(ad + 65, kai_span_str("main").at, 4);
	crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, NULL, plain, len, ad, sizeof(ad), NULL,
						   nonce, part_key);
	fault = kai_part_open(&part, part_key, kai_span(sealed, len + 16), &arena, &back);
	if (fault != KAI_FAULT_NONE)
		assert_int_equal(back.len, 77);
	return fault;
}

static void test_part_padding(void **state)
{
	uint8_t plain[512] = {0, 0, 0, 2, 'h', 'i'};

	(void)state;
	assert_int_equal(open_plain(plain, 256), KAI_FAULT_NONE);
	plain[255] = 1; /* padding that is not zero */
	assert_int_equal(open_plain(plain, 256), KAI_FAULT_PADDING);
	plain[255] = 0;
	plain[3] = 253; /* longer than what is there */
	assert_int_equal(open_plain(plain, 256), KAI_FAULT_PADDING);
	plain[3] = 252;
	assert_int_equal(open_plain(plain, 256), KAI_FAULT_NONE);
	plain[3] = 2; /* more padding than the bucket asks for */
	assert_int_equal(open_plain(plain, 272), KAI_FAULT_PADDING);
	plain[0] = 0xff; /* a length that would wrap around */
	assert_int_equal(open_plain(plain, 256), KAI_FAULT_PADDING);
	plain[0] = 0;
	plain[1] = 0x10;
	plain[2] = 0;
	plain[3] = 1; /* one above the longest part */
	assert_int_equal(open_plain(plain, 256), KAI_FAULT_PADDING);
	assert_int_equal(open_plain(plain, 255), KAI_FAULT_PADDING);
	assert_int_equal(open_plain(plain, 0), KAI_FAULT_PADDING);
}

static void test_part_bounds(void **state)
{
	struct kai_part_id part = main_part();
	struct kai_span content = bytes_of(KAI_MAX_PART_LEN + 1);
	struct kai_arena small = {arena.at + arena.used, 255, 0, false};
	struct kai_span sealed = kai_part_seal(&part, part_key, kai_span_str("x"), &arena);
	struct kai_span back;
	char long_name[KAI_MAX_SHORT + 1];

	(void)state;
	assert_int_equal(kai_part_seal(&part, part_key, content, &arena).len, 0);
	small.at = arena.at + arena.used;
	assert_int_equal(kai_part_seal(&part, part_key, kai_span_str("x"), &small).len, 0);
	assert_true(small.full);
	assert_int_equal(kai_part_open(&part, part_key, sealed, &small, &back), KAI_FAULT_TOO_MUCH);
	assert_int_equal(kai_part_open(&part, part_key,
				       kai_span(sealed.at, KAI_MAX_PART_CIPHER + 1), &arena, &back),
			 KAI_FAULT_PADDING);
	memset(long_name, 'n', sizeof(long_name));
	part.name = kai_span(long_name, KAI_MAX_SHORT);
	sealed = kai_part_seal(&part, part_key, kai_span_str("x"), &arena);
	assert_int_equal(kai_part_open(&part, part_key, sealed, &arena, &back), KAI_FAULT_NONE);
	part.name.len++;
	assert_int_equal(kai_part_seal(&part, part_key, kai_span_str("x"), &arena).len, 0);
	assert_int_equal(kai_part_open(&part, part_key, sealed, &arena, &back), KAI_FAULT_PART);
}

static void test_commitments(void **state)
{
	uint8_t a[32];
	uint8_t b[32];
	uint8_t salt[16] = {1};

	(void)state;
	kai_key_commitment(kai_realm_live, part_key, a);
	kai_hash(KAI_CTX_KEY_COMMIT, kai_realm_live, kai_span(part_key, 32), b);
	assert_memory_equal(a, b, 32);
	kai_label_commitment(drill, salt, kai_span_str("label"), a);
	uint8_t joined[21] = {1};

	memcpy(joined + 16, kai_span_str("label").at, 5);
	kai_hash(KAI_CTX_LABEL_COMMIT, drill, kai_span(joined, 21), b);
	assert_memory_equal(a, b, 32);
	kai_part_hash(drill, kai_span_str("c"), a);
	kai_hash(KAI_CTX_PART, drill, kai_span_str("c"), b);
	assert_memory_equal(a, b, 32);
}

/* ---- wraps ---- */

struct link {
	struct fix_pair a;
	struct fix_pair b;
	struct kai_link_ends ends;
	uint8_t key[32];
};

static void link_init(struct link *link)
{
	link->a = fix_seal_pair(1);
	link->b = fix_seal_pair(2);
	link->ends =
		(struct kai_link_ends){kai_realm_live, origin, other_org, link->a.key, link->b.key};
	assert_true(kai_link_key(&link->ends, link->a.secret, link->b.key, link->key));
}

static void test_link_key(void **state)
{
	struct link link;
	uint8_t other[32];
	uint8_t shared[32];
	uint8_t joined[5 * 32];
	uint8_t wanted[32];
	uint8_t zero[32] = {0};

	(void)state;
	link_init(&link);
	/* both ends, and the definition */
	assert_true(kai_link_key(&link.ends, link.b.secret, link.a.key, other));
	assert_memory_equal(link.key, other, 32);
	assert_int_equal(crypto_scalarmult(shared, link.a.secret, link.b.key), 0);
	memcpy(joined, shared, 32);
	memcpy(joined + 32, origin, 32);
	memcpy(joined + 64, other_org, 32);
	memcpy(joined + 96, link.a.key, 32);
	memcpy(joined + 128, link.b.key, 32);
	kai_hash(KAI_CTX_LINK_KEY, kai_realm_live, kai_span(joined, sizeof(joined)), wanted);
	assert_memory_equal(link.key, wanted, 32);
	/* the other direction and another realm have other keys */
	struct kai_link_ends back = {kai_realm_live, other_org, origin, link.b.key, link.a.key};

	assert_true(kai_link_key(&back, link.a.secret, link.b.key, other));
	assert_memory_not_equal(link.key, other, 32);
	back = link.ends;
	back.realm = drill;
	assert_true(kai_link_key(&back, link.a.secret, link.b.key, other));
	assert_memory_not_equal(link.key, other, 32);
	assert_false(kai_link_key(&link.ends, link.a.secret, zero, other));
}

/* An opening with a label of len bytes, encoded. */
static struct kai_span make_opening(size_t label_len)
{
	struct kai_opening opening = {.label = bytes_of(label_len)};

	memcpy(opening.key, part_key, 32);
	return kai_object_encode_in(&kai_object_opening, &opening, &arena);
}

static struct kai_wrap as_wrap(uint64_t kind, uint64_t index, struct kai_span bytes)
{
	return (struct kai_wrap){.index = index, .kind = kind, .bytes = bytes};
}

static void test_wrap_link(void **state)
{
	static const size_t lens[] = {1, 60, 70, 71, 72, 73, 200, 6144};
	struct link link;

	(void)state;
	link_init(&link);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		struct kai_span opening = make_opening(lens[i]);
		struct kai_span bytes =
			kai_wrap_link(&link.ends, link.key, item, 2, opening, &arena);
		struct kai_wrap wrap = as_wrap(KAI_WRAP_LINK, 2, bytes);
		struct kai_opening back;

		assert_int_equal(bytes.len, (opening.len + 2 + 127) / 128 * 128 + 16);
		assert_true(bytes.len <= 8192);
		assert_int_equal(
			kai_wrap_link_open(&link.ends, link.key, item, &wrap, &arena, &back),
			KAI_FAULT_NONE);
		assert_memory_equal(back.key, part_key, 32);
		assert_int_equal(back.label.len, lens[i]);
		assert_true(kai_span_equal(
			bytes, kai_wrap_link(&link.ends, link.key, item, 2, opening, &arena)));
	}
}

static void test_wrap_link_binding(void **state)
{
	struct link link;
	struct kai_opening back;
	struct kai_span bytes;
	struct kai_wrap wrap;
	struct kai_link_ends ends;

	(void)state;
	link_init(&link);
	bytes = kai_wrap_link(&link.ends, link.key, item, 2, make_opening(50), &arena);
	wrap = as_wrap(KAI_WRAP_LINK, 2, bytes);
#define OPEN(ends, key, id) kai_wrap_link_open((ends), (key), (id), &wrap, &arena, &back)
	assert_int_equal(OPEN(&link.ends, link.key, item), KAI_FAULT_NONE);
	assert_int_equal(OPEN(&link.ends, part_key, item), KAI_FAULT_WRAP);
	assert_int_equal(OPEN(&link.ends, link.key, origin), KAI_FAULT_WRAP);
	wrap.index = 3;
	assert_int_equal(OPEN(&link.ends, link.key, item), KAI_FAULT_WRAP);
	wrap.index = 2;
	wrap.kind = KAI_WRAP_SEALED;
	assert_int_equal(OPEN(&link.ends, link.key, item), KAI_FAULT_WRAP);
	wrap.kind = 9;
	assert_int_equal(OPEN(&link.ends, link.key, item), KAI_FAULT_WRAP);
	wrap.kind = KAI_WRAP_LINK;
	for (int i = 0; i < 3; i++) {
		ends = link.ends;
		if (i == 0)
			ends.realm = drill;
		else if (i == 1)
			ends.from_seal = link.b.key;
		else
			ends.to_seal = link.a.key;
		assert_int_equal(OPEN(&ends, link.key, item), KAI_FAULT_WRAP);
	}
	wrap.bytes.len--;
	assert_int_equal(OPEN(&link.ends, link.key, item), KAI_FAULT_WRAP);
	wrap.bytes.len = 16;
	assert_int_equal(OPEN(&link.ends, link.key, item), KAI_FAULT_WRAP);
	wrap.bytes.len = 0;
	assert_int_equal(OPEN(&link.ends, link.key, item), KAI_FAULT_WRAP);
	wrap.bytes = bytes;
	arena.used = arena.cap - 64;
	assert_int_equal(OPEN(&link.ends, link.key, item), KAI_FAULT_TOO_MUCH);
#undef OPEN
}

/* What authenticates but is not a padded opening. */
static void test_wrap_plaintext(void **state)
{
	struct fix_pair pair = fix_seal_pair(3);
	struct kai_span opening = make_opening(20);
	static const struct {
		size_t plain_len;
		size_t written; /* the length that it says, less the opening's */
		size_t stain;	/* a byte that is not zero, or 0 */
		enum kai_fault fault;
	} rows[] = {
		{128, 0, 0, KAI_FAULT_NONE},
		{128, 0, 127, KAI_FAULT_WRAP},
		{128, 0, 90, KAI_FAULT_WRAP},
		{256, 0, 0, KAI_FAULT_WRAP},
		{128, 200, 0, KAI_FAULT_WRAP},
		{128, 1, 0, KAI_FAULT_TRAILING},
		{128, (size_t)-1, 127, KAI_FAULT_WRAP},
	};

	(void)state;
	assert_true(opening.len + 2 < 90);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t plain[256] = {0};
		uint8_t sealed[256 + crypto_box_SEALBYTES];
		struct kai_wrap wrap;
		struct kai_opening back;

		plain[0] = 0;
		plain[1] = (uint8_t)(opening.len + rows[i].written);
		memcpy(plain + 2, opening.at, opening.len);
		if (rows[i].stain != 0)
			plain[rows[i].stain] = 1;
		assert_int_equal(crypto_box_seal(sealed, plain, rows[i].plain_len, pair.key), 0);
		wrap = as_wrap(KAI_WRAP_SEALED, 0,
			       kai_span(sealed, rows[i].plain_len + crypto_box_SEALBYTES));
		assert_int_equal(kai_wrap_sealed_open(pair.key, pair.secret, &wrap, &arena, &back),
				 rows[i].fault);
	}
}

static void test_wrap_sealed(void **state)
{
	struct fix_pair pair = fix_seal_pair(3);
	struct fix_pair other = fix_seal_pair(4);
	uint8_t entropy[32] = {42};
	uint8_t zero[32] = {0};
	struct kai_span opening = make_opening(50);
	struct kai_span sealed = kai_wrap_sealed(entropy, pair.key, opening, &arena);
	struct kai_wrap wrap = as_wrap(KAI_WRAP_SEALED, 0, sealed);
	struct kai_opening back;
	uint8_t plain[128];

	(void)state;
	/* libsodium's own opens it, and finds length, opening, zeros */
	assert_int_equal(sealed.len, 128 + crypto_box_SEALBYTES);
	assert_int_equal(crypto_box_seal_open(plain, sealed.at, sealed.len, pair.key, pair.secret),
			 0);
	assert_int_equal(plain[0] << 8 | plain[1], opening.len);
	assert_memory_equal(plain + 2, opening.at, opening.len);
	assert_int_equal(kai_wrap_sealed_open(pair.key, pair.secret, &wrap, &arena, &back),
			 KAI_FAULT_NONE);
	assert_memory_equal(back.key, part_key, 32);
	assert_int_equal(kai_wrap_sealed_open(other.key, other.secret, &wrap, &arena, &back),
			 KAI_FAULT_WRAP);
	/* same entropy, same bytes; other entropy, others */
	assert_true(kai_span_equal(sealed, kai_wrap_sealed(entropy, pair.key, opening, &arena)));
	entropy[0]++;
	assert_false(kai_span_equal(sealed, kai_wrap_sealed(entropy, pair.key, opening, &arena)));
	assert_int_equal(kai_wrap_sealed(entropy, zero, opening, &arena).len, 0);
	wrap.kind = KAI_WRAP_LINK;
	assert_int_equal(kai_wrap_sealed_open(pair.key, pair.secret, &wrap, &arena, &back),
			 KAI_FAULT_WRAP);
}

static void test_wrap_bounds(void **state)
{
	struct link link;
	struct kai_span largest = bytes_of(8192 - 2 - 128 - 48);
	struct kai_span larger = bytes_of(8192 - 2 - 128 - 48 + 1);
	struct kai_arena small = {arena.at + (4u << 20), 100, 0, false};
	uint8_t entropy[32] = {1};

	(void)state;
	link_init(&link);
	assert_true(kai_wrap_link(&link.ends, link.key, item, 0, largest, &arena).len <= 8192);
	assert_true(kai_wrap_sealed(entropy, link.a.key, largest, &arena).len <= 8192);
	assert_int_equal(kai_wrap_link(&link.ends, link.key, item, 0, larger, &arena).len, 0);
	assert_int_equal(kai_wrap_sealed(entropy, link.a.key, larger, &arena).len, 0);
	assert_int_equal(
		kai_wrap_link(&link.ends, link.key, item, 0, kai_span_str("x"), &small).len, 0);
}

static void test_key_hint(void **state)
{
	struct fix_pair pair = fix_seal_pair(1);
	uint8_t hash[32];
	uint8_t hint[KAI_HINT_LEN];

	(void)state;
	kai_hash(KAI_CTX_SEAL_KEY, kai_realm_live, kai_span(pair.key, 32), hash);
	kai_key_hint(pair.key, hint);
	assert_memory_equal(hint, hash, KAI_HINT_LEN);
}

static void test_box(void **state)
{
	uint8_t nonce[24] = {6};
	struct kai_span ad = kai_span_str("peer 7");
	struct kai_span box =
		kai_box(KAI_CTX_TOKEN, part_key, nonce, ad, kai_span_str("position"), &arena);
	struct kai_arena small = {arena.at + (4u << 20), 4, 0, false};
	uint8_t changed[64];
	struct kai_span back;

	(void)state;
	assert_int_equal(box.len, 8 + 40);
	assert_true(kai_box_open(KAI_CTX_TOKEN, part_key, ad, box, &arena, &back));
	assert_true(kai_span_equal(back, kai_span_str("position")));
	assert_false(kai_box_open(KAI_CTX_REST, part_key, ad, box, &arena, &back));
	assert_false(kai_box_open(KAI_CTX_TOKEN, origin, ad, box, &arena, &back));
	assert_false(
		kai_box_open(KAI_CTX_TOKEN, part_key, kai_span_str("peer 8"), box, &arena, &back));
	for (size_t i = 0; i < box.len; i++) {
		memcpy(changed, box.at, box.len);
		changed[i] ^= 1;
		assert_false(kai_box_open(KAI_CTX_TOKEN, part_key, ad, kai_span(changed, box.len),
					  &arena, &back));
		assert_false(kai_box_open(KAI_CTX_TOKEN, part_key, ad, kai_span(box.at, i), &arena,
					  &back));
	}
	assert_int_equal(kai_box(KAI_CTX_TOKEN, part_key, nonce, ad, ad, &small).len, 0);
	assert_false(kai_box_open(KAI_CTX_TOKEN, part_key, ad, box, &small, &back));
	assert_true(small.full);
	box = kai_box(KAI_CTX_TOKEN, part_key, nonce, kai_span(NULL, 0), kai_span(NULL, 0), &arena);
	assert_int_equal(box.len, 40);
	assert_true(kai_box_open(KAI_CTX_TOKEN, part_key, kai_span(NULL, 0), box, &arena, &back));
	assert_int_equal(back.len, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_padded_len),
		TEST(test_part_round_trip),
		TEST(test_part_definition),
		TEST(test_part_binding),
		TEST(test_part_padding),
		TEST(test_part_bounds),
		TEST(test_commitments),
		TEST(test_link_key),
		TEST(test_wrap_link),
		TEST(test_wrap_link_binding),
		TEST(test_wrap_plaintext),
		TEST(test_wrap_sealed),
		TEST(test_wrap_bounds),
		TEST(test_key_hint),
		TEST(test_box),
	};
#undef TEST

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("seal", tests, NULL, NULL);
}
