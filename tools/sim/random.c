/* SPDX-License-Identifier: Apache-2.0 */
#include "sim.h"

#include <sodium.h>
#include <string.h>

void sim_random(uint64_t seed, const char *name, uint64_t a, uint64_t b, void *ret, size_t len)
{
	uint8_t key[24];
	uint8_t bytes[crypto_generichash_BYTES_MAX];

	/* BLAKE2b gives at least 16 bytes; the length is part of what it hashes. */
	size_t made = len < crypto_generichash_BYTES_MIN ? crypto_generichash_BYTES_MIN : len;

	kai_put_be64(key, seed);
	kai_put_be64(key + 8, a);
	kai_put_be64(key + 16, b);
	(void)crypto_generichash(bytes, made, (const uint8_t *)name, strlen(name), key,
				 sizeof(key));
	memcpy(ret, bytes, len);
}

uint64_t sim_random_below(uint64_t seed, const char *name, uint64_t a, uint64_t b, uint64_t bound)
{
	uint8_t bytes[8];

	/* Its bias is bound / 2^64: of no matter for a simulation. */
	sim_random(seed, name, a, b, bytes, sizeof(bytes));
	return kai_get_be64(bytes) % bound;
}
