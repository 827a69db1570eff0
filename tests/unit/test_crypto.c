/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashing and signing: the constructions recomputed from their definitions, separation by context
 * and realm. Published vectors: test_corpus.c.
 */
#include "test.h"

#include "fixture.h"
#include "kairan/crypto.h"

static const uint8_t drill[KAI_REALM_LEN] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

/* The context of every hash, as the specification words it. */
static void padded_word(enum kai_ctx ctx, uint8_t ret[16])
{
	const char *word = kai_ctx_word(ctx);

	assert_true(strlen(word) < 16);
	memset(ret, 0, 16);
	memcpy(ret, word, strlen(word));
}

static void test_contexts(void **state)
{
	(void)state;
	assert_string_equal(kai_ctx_word(KAI_CTX_ADVISORY), "k1 advisory");
	assert_string_equal(kai_ctx_word(KAI_CTX_CHECKSUM), "k1 checksum");
	for (unsigned i = 0; i < KAI_CTX_END; i++)
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(kai_ctx_word((enum kai_ctx)i),
						kai_ctx_word((enum kai_ctx)j));
}

static void test_hash_definition(void **state)
{
	uint8_t key[32];
	uint8_t wanted[32];
	uint8_t got[32];

	(void)state;
	padded_word(KAI_CTX_PART, key);
	memcpy(key + 16, drill, 16);
	crypto_generichash(wanted, 32, (const uint8_t *)"abc", 3, key, 32);
	kai_hash(KAI_CTX_PART, drill, kai_span_str("abc"), got);
	assert_memory_equal(got, wanted, 32);
	const struct kai_span pieces[] = {kai_span_str("a"), kai_span(NULL, 0), kai_span_str("bc")};

	kai_hash_many(KAI_CTX_PART, drill, pieces, 3, got);
	assert_memory_equal(got, wanted, 32);
	crypto_generichash(wanted, 32, NULL, 0, key, 32);
	kai_hash(KAI_CTX_PART, drill, kai_span(NULL, 0), got);
	assert_memory_equal(got, wanted, 32);
}

/* Computed with another implementation (CPython's hashlib.blake2b). */
static void test_hash_vector(void **state)
{
	static const char wanted_hex[] =
		"27dee2882ad9c794f796690a4209bdcf35590be1426fa235c669057d5fdd212f";
	uint8_t wanted[32];
	uint8_t got[32];

	(void)state;
	assert_int_equal(fix_hex(wanted_hex, wanted, sizeof(wanted)), 32);
	kai_hash(KAI_CTX_ADVISORY, kai_realm_live, kai_span_str("kairan"), got);
	assert_memory_equal(got, wanted, 32);
}

static void test_hash_separation(void **state)
{
	uint8_t seen[2 * KAI_CTX_END][32];
	size_t count = 0;

	(void)state;
	for (unsigned ctx = 0; ctx < KAI_CTX_END; ctx++) {
		kai_hash((enum kai_ctx)ctx, kai_realm_live, kai_span_str("x"), seen[count++]);
		kai_hash((enum kai_ctx)ctx, drill, kai_span_str("x"), seen[count++]);
	}
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(seen[i], seen[j], 32);
}

static void test_expand(void **state)
{
	uint8_t entropy[32] = {7};
	uint8_t message[16 + 8 + 3];
	uint8_t wanted[64];
	uint8_t got[64];
	uint8_t other[64];

	(void)state;
	padded_word(KAI_CTX_EXPAND, message);
	kai_put_be64(message + 16, 0x0102030405060708);
	memcpy(message + 24, "key", 3);
	crypto_generichash(wanted, 64, message, sizeof(message), entropy, 32);
	kai_expand(entropy, "key", 0x0102030405060708, got, 64);
	assert_memory_equal(got, wanted, 64);
	kai_expand(entropy, "key", 0x0102030405060709, other, 64);
	assert_memory_not_equal(got, other, 32);
	kai_expand(entropy, "kez", 0x0102030405060708, other, 64);
	assert_memory_not_equal(got, other, 32);
	kai_expand(entropy, "key", 0x0102030405060708, other, 32);
	assert_memory_not_equal(got, other, 32);
	entropy[0] = 8;
	kai_expand(entropy, "key", 0x0102030405060708, other, 64);
	assert_memory_not_equal(got, other, 32);
	got[1] = 0x5a;
	kai_expand(entropy, "key", 1, got, 1);
	assert_int_equal(got[1], 0x5a);
}

static void test_sign_definition(void **state)
{
	struct fix_pair pair = fix_sign_pair(1);
	uint8_t root[32] = {9, 8, 7};
	uint8_t message[64];
	uint8_t wanted[64];
	uint8_t got[64];

	(void)state;
	padded_word(KAI_CTX_CARD, message);
	memcpy(message + 16, drill, 16);
	memcpy(message + 32, root, 32);
	crypto_sign_detached(wanted, NULL, message, sizeof(message), pair.secret);
	kai_sign(KAI_CTX_CARD, drill, root, pair.secret, got);
	assert_memory_equal(got, wanted, 64);
	assert_true(kai_verify(KAI_CTX_CARD, drill, root, pair.key, got));
}

/* Another context, realm, root, key or any changed bit of the signature: refused. */
static void test_verify_refuses(void **state)
{
	struct fix_pair pair = fix_sign_pair(1);
	struct fix_pair other = fix_sign_pair(2);
	uint8_t root[32] = {9, 8, 7};
	uint8_t sig[64];

	(void)state;
	kai_sign(KAI_CTX_ADVISORY, kai_realm_live, root, pair.secret, sig);
	assert_true(kai_verify(KAI_CTX_ADVISORY, kai_realm_live, root, pair.key, sig));
	assert_false(kai_verify(KAI_CTX_TREE_ROOT, kai_realm_live, root, pair.key, sig));
	assert_false(kai_verify(KAI_CTX_ADVISORY, drill, root, pair.key, sig));
	assert_false(kai_verify(KAI_CTX_ADVISORY, kai_realm_live, root, other.key, sig));
	root[31] ^= 1;
	assert_false(kai_verify(KAI_CTX_ADVISORY, kai_realm_live, root, pair.key, sig));
	root[31] ^= 1;
	for (unsigned bit = 0; bit < 512; bit++) {
		sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(kai_verify(KAI_CTX_ADVISORY, kai_realm_live, root, pair.key, sig));
		sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

/* Keys of small order and the identity verify nothing, whatever the signature. */
static void test_verify_weak_keys(void **state)
{
	static const char *const keys[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	uint8_t root[32] = {0};
	uint8_t sig[64] = {1};

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		uint8_t key[32];

		assert_int_equal(fix_hex(keys[i], key, sizeof(key)), 32);
		assert_false(kai_verify(KAI_CTX_CARD, kai_realm_live, root, key, sig));
	}
}

static void test_signed(void **state)
{
	uint8_t memory[4096];
	struct kai_arena arena = {memory, sizeof(memory), 0, false};
	struct fix_pair pair = fix_sign_pair(1);
	struct kai_signed opened;
	struct kai_span made =
		kai_signed_make(KAI_CTX_CARD, kai_span_str("body"), pair.key, pair.secret, &arena);

	(void)state;
	assert_true(made.len > 0);
	assert_int_equal(kai_signed_open(KAI_CTX_CARD, made, &arena, &opened), KAI_FAULT_NONE);
	assert_memory_equal(opened.body.at, "body", 4);
	assert_memory_equal(opened.key, pair.key, 32);
	assert_int_equal(kai_signed_open(KAI_CTX_RELEASE, made, &arena, &opened),
			 KAI_FAULT_SIGNATURE);
	assert_int_equal(
		kai_signed_open(KAI_CTX_CARD, kai_span(made.at, made.len - 1), &arena, &opened),
		KAI_FAULT_TRUNCATED);
	/* no single byte can change and still be believed */
	for (size_t i = 0; i < made.len; i++) {
		uint8_t copy[256];

		memcpy(copy, made.at, made.len);
		copy[i] ^= 1;
		assert_int_not_equal(
			kai_signed_open(KAI_CTX_CARD, kai_span(copy, made.len), &arena, &opened),
			KAI_FAULT_NONE);
	}
	/* no room, and a body that no receiver would take */
	struct kai_arena small = {memory + 2048, 64, 0, false};

	assert_int_equal(
		kai_signed_make(KAI_CTX_CARD, kai_span_str("body"), pair.key, pair.secret, &small)
			.len,
		0);
	assert_int_equal(
		kai_signed_make(KAI_CTX_CARD, kai_span(NULL, 0), pair.key, pair.secret, &arena).len,
		0);
}

/* RFC 8032, section 7.1. */
static void test_rfc8032(void **state)
{
	static const char *const rows[][4] = {
		{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
		 "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
		 "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc"
		 "6"
		 "1e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
		{"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
		 "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
		 "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e4"
		 "5"
		 "8f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
		{"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
		 "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
		 "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290a"
		 "e"
		 "67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t seed[32];
		uint8_t wanted_key[32];
		uint8_t key[32];
		uint8_t secret[64];
		uint8_t message[2];
		uint8_t wanted_sig[64];
		uint8_t sig[64];
		size_t message_len = fix_hex(rows[i][2], message, sizeof(message));

		assert_int_equal(fix_hex(rows[i][0], seed, 32), 32);
		assert_int_equal(fix_hex(rows[i][1], wanted_key, 32), 32);
		assert_int_equal(fix_hex(rows[i][3], wanted_sig, 64), 64);
		crypto_sign_ed25519_seed_keypair(key, secret, seed);
		assert_memory_equal(key, wanted_key, 32);
		crypto_sign_ed25519_detached(sig, NULL, message, message_len, secret);
		assert_memory_equal(sig, wanted_sig, 64);
		assert_int_equal(
			crypto_sign_ed25519_verify_detached(sig, message, message_len, key), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contexts),       cmocka_unit_test(test_hash_definition),
		cmocka_unit_test(test_hash_vector),    cmocka_unit_test(test_hash_separation),
		cmocka_unit_test(test_expand),	       cmocka_unit_test(test_sign_definition),
		cmocka_unit_test(test_verify_refuses), cmocka_unit_test(test_verify_weak_keys),
		cmocka_unit_test(test_signed),	       cmocka_unit_test(test_rfc8032),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("crypto", tests, NULL, NULL);
}
