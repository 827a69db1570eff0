/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Remembered verdicts are libsodium's: on signatures that are valid, tampered with in every byte, and
 * malformed in the ways that verifiers differ on (Wycheproof, "Taming the many EdDSAs"), asked once,
 * again, and while others push them out.
 */
#include "test.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "../../tools/sim/remember.h"

#define MESSAGE_MAX 200u

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c): the names are the linker's */
int __real_crypto_sign_ed25519_verify_detached(const unsigned char *sig, const unsigned char *m,
					       unsigned long long mlen, const unsigned char *pk);
int __real_crypto_scalarmult(unsigned char *q, const unsigned char *n, const unsigned char *p);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c) */

struct asked {
	uint8_t key[32], secret[64], signature[64], message[MESSAGE_MAX];
	size_t len;
};

static void make(unsigned number, size_t len, struct asked *ret)
{
	uint8_t seed[32] = {(uint8_t)number, (uint8_t)(number >> 8), 0x5a};

	(void)crypto_sign_seed_keypair(ret->key, ret->secret, seed);
	for (size_t i = 0; i < sizeof(ret->message); i++)
		ret->message[i] = (uint8_t)((size_t)number * 7 + i);
	ret->len = len;
	(void)crypto_sign_detached(ret->signature, NULL, ret->message, len, ret->secret);
}

/* Asks twice; both must say what libsodium says. */
static int ask(const struct asked *asked)
{
	int real = __real_crypto_sign_ed25519_verify_detached(asked->signature, asked->message,
							      asked->len, asked->key);

	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(crypto_sign_ed25519_verify_detached(
					 asked->signature, asked->message, asked->len, asked->key),
				 real);
	return real;
}

static int setup(void **state)
{
	static const uint8_t key[16] = "any key will do";

	(void)state;
	return sodium_init() >= 0 && sim_remember_init(0, key) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	sim_remember_free();
	return 0;
}

static void test_valid_once(void **state)
{
	struct sim_remember_counts counts;
	struct asked asked;

	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		make(i, i % 65, &asked);
		assert_int_equal(ask(&asked), 0);
	}
	sim_remember_counts(&counts);
	assert_int_equal(counts.verified, 50);
	assert_int_equal(counts.verified_again, 50);
	assert_int_equal(counts.forgotten, 0);
	assert_in_range(counts.bytes, 1 << 18, 1 << 20);
}

/* A forged signature is verified for real once, and what was remembered of the genuine one, or of
 * the forged one, never answers for the other. */
static void test_forged(void **state)
{
	struct sim_remember_counts before, after;
	struct asked good, bad;

	(void)state;
	make(1, 64, &good);
	assert_int_equal(ask(&good), 0);
	sim_remember_counts(&before);
	for (unsigned bit = 0; bit < (64 + 32 + 64) * 8; bit++) {
		uint8_t *at;

		bad = good;
		at = bit < 512 ? bad.signature : bit < 768 ? bad.key : bad.message;
		at[(bit < 512	? bit
		    : bit < 768 ? bit - 512
				: bit - 768) /
		   8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(ask(&bad), -1);
	}
	sim_remember_counts(&after);
	assert_int_equal(after.verified - before.verified, 160 * 8);
	assert_int_equal(after.verified_again - before.verified_again, 160 * 8);
	assert_int_equal(ask(&good), 0);
}

/* A message and its prefixes, and with zeros behind. */
static void test_lengths(void **state)
{
	struct asked asked;

	(void)state;
	for (size_t len = 0; len <= MESSAGE_MAX; len += len < 70 ? 1 : 43) {
		make(3, len, &asked);
		memset(asked.message, 0, sizeof(asked.message));
		(void)crypto_sign_detached(asked.signature, NULL, asked.message, len, asked.secret);
		assert_int_equal(ask(&asked), 0);
		for (asked.len = 0; asked.len < MESSAGE_MAX; asked.len++)
			assert_int_equal(ask(&asked), asked.len == len ? 0 : -1);
	}
}

/* Longer messages are none of ours: not remembered, verified each time. */
static void test_long_messages(void **state)
{
	struct sim_remember_counts before, after;
	struct asked asked;

	(void)state;
	sim_remember_counts(&before);
	make(4, 65, &asked);
	assert_int_equal(ask(&asked), 0);
	sim_remember_counts(&after);
	assert_memory_equal(&before, &after, sizeof(after));
}

/* Adds the group's order to S: a second signature of the same message, which a strict verifier
 * refuses. */
static void add_order(uint8_t scalar[32])
{
	static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
					  0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
					  0,	0,    0,    0,	  0,	0,    0,    0,
					  0,	0,    0,    0,	  0,	0,    0,    0x10};
	unsigned carry = 0;

	for (unsigned i = 0; i < 32; i++) {
		carry += (unsigned)scalar[i] + order[i];
		scalar[i] = (uint8_t)carry;
		carry >>= 8;
	}
}

/* Points of small order, canonical and not, as key and as R. */
static void test_malformed(void **state)
{
	static const uint8_t ends[][2] = {
		/* first byte, last byte of an encoding whose other bytes are `middle` below */
		{0x00, 0x00}, {0x01, 0x00}, {0x00, 0x80}, {0x01, 0x80}, {0xec, 0x7f}, {0xec, 0xff},
		{0xed, 0x7f}, {0xed, 0xff}, {0xee, 0x7f}, {0xee, 0xff}, {0xff, 0xff}, {0xff, 0x7f},
	};
	struct asked asked;

	(void)state;
	make(5, 32, &asked);
	assert_int_equal(ask(&asked), 0);
	add_order(asked.signature + 32);
	assert_int_equal(ask(&asked), -1);
	for (unsigned i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		for (unsigned where = 0; where < 3; where++) {
			uint8_t point[32];

			make(5, 32, &asked);
			memset(point, ends[i][0] >= 0xec ? 0xff : 0, sizeof(point));
			point[0] = ends[i][0];
			point[31] = ends[i][1];
			if (where != 1)
				memcpy(asked.key, point, sizeof(point));
			if (where != 0)
				memcpy(asked.signature, point, sizeof(point));
			if (where == 2)
				memset(asked.signature + 32, 0, 32);
			assert_int_equal(ask(&asked), -1);
		}
	}
}

/* More questions than there is room for: old answers go, none becomes another's. */
static void test_forgetting(void **state)
{
	static struct asked asked[6000];
	struct sim_remember_counts counts;

	(void)state;
	for (unsigned i = 0; i < 6000; i++) {
		make(i, 64, &asked[i]);
		asked[i].signature[i % 64] ^= i % 3 == 0;
		assert_int_equal(crypto_sign_ed25519_verify_detached(
					 asked[i].signature, asked[i].message, 64, asked[i].key),
				 i % 3 == 0 ? -1 : 0);
	}
	for (unsigned i = 0; i < 6000; i += 7)
		assert_int_equal(crypto_sign_ed25519_verify_detached(
					 asked[i].signature, asked[i].message, 64, asked[i].key),
				 i % 3 == 0 ? -1 : 0);
	sim_remember_counts(&counts);
	assert_true(counts.forgotten > 1000);
	assert_true(counts.verified_again > 0);
}

static void test_shared_secrets(void **state)
{
	struct sim_remember_counts counts;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		uint8_t mine[32] = {(uint8_t)i, 1}, theirs[32] = {(uint8_t)i, 2};
		uint8_t point[32], expected[32], got[32];

		(void)crypto_scalarmult_base(point, theirs);
		if (i == 19)
			memset(point, 0, sizeof(point)); /* small order */
		int real = __real_crypto_scalarmult(expected, mine, point);

		assert_int_equal(real, i == 19 ? -1 : 0);
		for (unsigned again = 0; again < 2; again++) {
			memset(got, 0xee, sizeof(got));
			assert_int_equal(crypto_scalarmult(got, mine, point), real);
			assert_int_equal(memcmp(got, expected, sizeof(got)) == 0, real == 0);
		}
	}
	sim_remember_counts(&counts);
	assert_int_equal(counts.agreed, 20);
	assert_int_equal(counts.agreed_again, 20);
}

/* Before it begins and after it ends: libsodium alone. */
static void test_off(void **state)
{
	struct sim_remember_counts counts;
	struct asked asked;
	uint8_t key[16] = {0};

	(void)state;
	assert_false(sim_remember_init(0, key));
	sim_remember_free();
	make(6, 64, &asked);
	assert_int_equal(ask(&asked), 0);
	asked.signature[0] ^= 1;
	assert_int_equal(ask(&asked), -1);
	sim_remember_counts(&counts);
	assert_int_equal(counts.verified + counts.verified_again + counts.bytes, 0);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_valid_once),	   CASE(test_forged),	 CASE(test_lengths),
		CASE(test_long_messages),  CASE(test_malformed), CASE(test_forgetting),
		CASE(test_shared_secrets), CASE(test_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
