/* SPDX-License-Identifier: Apache-2.0 */
#include "remember.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define WAYS 4u /* answers of one bucket; the oldest makes room */
#define MESSAGE_MAX                                                                                \
	64u /* longer messages are always verified: the protocol signs context, realm and a root */
#define LEAST ((size_t)1 << 20)

struct signature_asked {
	uint8_t signature[crypto_sign_BYTES];
	uint8_t key[crypto_sign_PUBLICKEYBYTES];
	uint64_t message_len;
	uint8_t message[MESSAGE_MAX]; /* zeros behind */
};

struct secret_asked {
	uint8_t scalar[crypto_scalarmult_SCALARBYTES];
	uint8_t point[crypto_scalarmult_BYTES];
};

struct secret_answer {
	int result;
	uint8_t shared[crypto_scalarmult_BYTES];
};

/* Fixed-size questions with their answers: [stamp, question, answer] in buckets of WAYS. */
struct table {
	size_t asked_len, answer_len, cell_len;
	size_t bucket_count; /* a power of two; 0: remembers nothing */
	uint8_t *cells;
	uint64_t clock; /* stamps are its values; 0: free */
	uint64_t asked, asked_again, forgotten;
};

/* Functions that the linker puts before libsodium's have nobody to hand them a context. */
static struct {
	uint8_t key[crypto_shorthash_KEYBYTES];
	struct table signatures, secrets;
} remember;

static bool table_init(struct table *table, size_t asked_len, size_t answer_len, size_t max_bytes)
{
	*table = (struct table){.asked_len = asked_len, .answer_len = answer_len};
	table->cell_len = sizeof(uint64_t) + asked_len + answer_len;
	table->bucket_count = 1;
	while (table->bucket_count * 2 * WAYS * table->cell_len <= max_bytes)
		table->bucket_count *= 2;
	table->cells = calloc(table->bucket_count * WAYS, table->cell_len);
	return table->cells != NULL;
}

static void table_free(struct table *table)
{
	free(table->cells);
	*table = (struct table){.cells = NULL};
}

static uint8_t *bucket_of(const struct table *table, const void *asked)
{
	uint8_t hash[crypto_shorthash_BYTES];
	uint64_t number;

	(void)crypto_shorthash(hash, asked, table->asked_len, remember.key);
	memcpy(&number, hash, sizeof(number));
	return table->cells + (number & (table->bucket_count - 1)) * WAYS * table->cell_len;
}

static uint64_t stamp_of(const uint8_t *cell)
{
	uint64_t stamp;

	memcpy(&stamp, cell, sizeof(stamp));
	return stamp;
}

/* Whether the same was asked before; its answer is copied then. */
static bool recall(struct table *table, const void *asked, void *ret)
{
	const uint8_t *cell = bucket_of(table, asked);

	for (unsigned i = 0; i < WAYS; i++, cell += table->cell_len) {
		const uint8_t *at = cell + sizeof(uint64_t);

		if (stamp_of(cell) == 0 || memcmp(at, asked, table->asked_len) != 0)
			continue;
		memcpy(ret, at + table->asked_len, table->answer_len);
		table->asked_again++;
		return true;
	}
	return false;
}

static void keep(struct table *table, const void *asked, const void *answer)
{
	uint8_t *cell = bucket_of(table, asked);
	uint8_t *oldest = cell;
	uint64_t stamp = ++table->clock;

	for (unsigned i = 1; i < WAYS; i++) {
		cell += table->cell_len;
		if (stamp_of(cell) < stamp_of(oldest))
			oldest = cell;
	}
	table->asked++;
	table->forgotten += stamp_of(oldest) != 0;
	memcpy(oldest, &stamp, sizeof(stamp));
	memcpy(oldest + sizeof(stamp), asked, table->asked_len);
	memcpy(oldest + sizeof(stamp) + table->asked_len, answer, table->answer_len);
}

bool sim_remember_init(size_t max_bytes, const uint8_t key[16])
{
	size_t bytes = max_bytes < LEAST ? LEAST : max_bytes;

	if (remember.signatures.cells != NULL)
		return false;
	memcpy(remember.key, key, sizeof(remember.key));
	if (table_init(&remember.signatures, sizeof(struct signature_asked), sizeof(int),
		       bytes / 4 * 3) &&
	    table_init(&remember.secrets, sizeof(struct secret_asked), sizeof(struct secret_answer),
		       bytes / 4))
		return true;
	sim_remember_free();
	return false;
}

static size_t table_bytes(const struct table *table)
{
	return table->bucket_count * WAYS * table->cell_len;
}

void sim_remember_counts(struct sim_remember_counts *ret)
{
	const struct table *signatures = &remember.signatures;
	const struct table *secrets = &remember.secrets;

	*ret = (struct sim_remember_counts){
		.verified = signatures->asked,
		.verified_again = signatures->asked_again,
		.agreed = secrets->asked,
		.agreed_again = secrets->asked_again,
		.forgotten = signatures->forgotten + secrets->forgotten,
		.bytes = table_bytes(signatures) + table_bytes(secrets),
	};
}

void sim_remember_free(void)
{
	table_free(&remember.signatures);
	table_free(&remember.secrets);
}

/* ---- in front of libsodium ------------------------------------------------------------------- */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c): the names are the linker's */
int __real_crypto_sign_ed25519_verify_detached(const unsigned char *sig, const unsigned char *m,
					       unsigned long long mlen, const unsigned char *pk);
int __real_crypto_scalarmult(unsigned char *q, const unsigned char *n, const unsigned char *p);
int __wrap_crypto_sign_ed25519_verify_detached(const unsigned char *sig, const unsigned char *m,
					       unsigned long long mlen, const unsigned char *pk);
int __wrap_crypto_scalarmult(unsigned char *q, const unsigned char *n, const unsigned char *p);

int __wrap_crypto_sign_ed25519_verify_detached(const unsigned char *sig, const unsigned char *m,
					       unsigned long long mlen, const unsigned char *pk)
{
	struct signature_asked asked = {.message_len = mlen};
	int result;

	if (remember.signatures.cells == NULL || mlen > MESSAGE_MAX)
		return __real_crypto_sign_ed25519_verify_detached(sig, m, mlen, pk);
	memcpy(asked.signature, sig, sizeof(asked.signature));
	memcpy(asked.key, pk, sizeof(asked.key));
	if (mlen > 0)
		memcpy(asked.message, m, (size_t)mlen);
	if (!recall(&remember.signatures, &asked, &result)) {
		result = __real_crypto_sign_ed25519_verify_detached(sig, m, mlen, pk);
		keep(&remember.signatures, &asked, &result);
	}
	return result;
}

int __wrap_crypto_scalarmult(unsigned char *q, const unsigned char *n, const unsigned char *p)
{
	struct secret_asked asked;
	struct secret_answer answer = {.result = 0};

	if (remember.secrets.cells == NULL)
		return __real_crypto_scalarmult(q, n, p);
	memcpy(asked.scalar, n, sizeof(asked.scalar));
	memcpy(asked.point, p, sizeof(asked.point));
	if (!recall(&remember.secrets, &asked, &answer)) {
		answer.result = __real_crypto_scalarmult(answer.shared, n, p);
		keep(&remember.secrets, &asked, &answer);
	}
	if (answer.result == 0)
		memcpy(q, answer.shared, sizeof(answer.shared));
	return answer.result;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c) */
