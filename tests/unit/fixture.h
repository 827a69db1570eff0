/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What several tests need: an arena, key pairs that are the same in every run, hexadecimal, files
 * of the corpus, directories that go away. For tests only; one thread.
 */
#ifndef KAIRAN_TEST_FIXTURE_H
#define KAIRAN_TEST_FIXTURE_H

#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kairan/base.h"

struct fix_pair {
	uint8_t key[KAI_ID_LEN];
	uint8_t secret[64];
};

static inline struct kai_arena fix_arena(size_t cap)
{
	return (struct kai_arena){malloc(cap), cap, 0, false};
}

static inline void fix_arena_done(struct kai_arena *arena)
{
	free(arena->at);
	arena->at = NULL;
}

/* The Ed25519 pair number n. */
static inline struct fix_pair fix_sign_pair(uint8_t n)
{
	struct fix_pair pair;
	uint8_t seed[32];

	memset(seed, n, sizeof(seed));
	(void)crypto_sign_ed25519_seed_keypair(pair.key, pair.secret, seed);
	return pair;
}

/* The X25519 pair number n; its secret is the first 32 bytes. */
static inline struct fix_pair fix_seal_pair(uint8_t n)
{
	struct fix_pair pair;
	uint8_t seed[32];

	memset(&pair, 0, sizeof(pair));
	memset(seed, n, sizeof(seed));
	(void)crypto_box_seed_keypair(pair.key, pair.secret, seed);
	return pair;
}

static inline size_t fix_hex(const char *hex, uint8_t *ret, size_t cap)
{
	size_t len = 0;

	if (sodium_hex2bin(ret, cap, hex, strlen(hex), NULL, &len, NULL) != 0)
		return SIZE_MAX;
	return len;
}

/* The path of a file of the corpus, or false where there is no corpus. */
static inline bool fix_corpus(const char *relative, char ret[4096])
{
	const char *root = getenv("KAIRAN_CORPUS");
	FILE *file;

	if (root == NULL || (size_t)snprintf(ret, 4096, "%s/%s", root, relative) >= 4096)
		return false;
	file = fopen(ret, "rb");
	if (file == NULL)
		return false;
	(void)fclose(file);
	return true;
}

static inline int fix_remove_one(const char *path, const struct stat *stat, int type,
				 struct FTW *where)
{
	(void)stat;
	(void)type;
	(void)where;
	return remove(path);
}

/* A directory and all that is in it; false when something of it stays. */
static inline bool fix_remove(const char *dir)
{
	return nftw(dir, fix_remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0;
}

#endif
