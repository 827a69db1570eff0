/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that stores in memory share: each distinct string lies here once, by number. */
#include "memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BUCKETS 256u
#define FIRST_SLOTS 64u
#define NO_SLOT 0u
#define BLOB_SIZE(len) (sizeof(struct kai_blob) + (len))

/* Multiply and rotate over words: who finds two strings with one hash makes a bucket long, no more;
 * strings are compared whole. */
static uint32_t hash_of(struct kai_span bytes)
{
	const uint64_t prime = 0x9e3779b97f4a7c15u;
	uint64_t hash = bytes.len * prime;
	size_t at = 0;
	uint64_t word;

	for (; at + sizeof(word) <= bytes.len; at += sizeof(word)) {
		memcpy(&word, bytes.at + at, sizeof(word));
		hash = (hash ^ word) * prime;
		hash ^= hash >> 29;
	}
	word = 0;
	if (at < bytes.len)
		memcpy(&word, bytes.at + at, bytes.len - at);
	hash = (hash ^ word) * prime;
	return (uint32_t)(hash >> 32);
}

enum kai_err kai_bytes_pool_new(struct kai_bytes_pool **ret)
{
	struct kai_bytes_pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return KAI_ERR_NOMEM;
	pool->refs = 1;
	pool->bucket_count = FIRST_BUCKETS;
	pool->buckets = calloc(FIRST_BUCKETS, sizeof(uint32_t));
	if (pool->buckets == NULL) {
		free(pool);
		return KAI_ERR_NOMEM;
	}
	*ret = pool;
	return KAI_ERR_OK;
}

void kai_bytes_ref(struct kai_bytes_pool *pool)
{
	pool->refs++;
}

void kai_bytes_pool_free(struct kai_bytes_pool *pool)
{
	if (pool == NULL || --pool->refs > 0)
		return;
	assert(pool->usage.strings == 0);
	kai_forms_free(pool);
	kai_memory_spare_free(pool);
	free(pool->slots);
	free(pool->buckets);
	free(pool);
}

void kai_bytes_pool_usage(const struct kai_bytes_pool *pool, struct kai_bytes_usage *ret)
{
	*ret = pool->usage;
	ret->string_bytes += (uint64_t)pool->slot_cap * sizeof(*pool->slots) +
			     (uint64_t)pool->bucket_count * sizeof(*pool->buckets);
}

static void grow_buckets(struct kai_bytes_pool *pool)
{
	uint32_t count = pool->bucket_count * 2;
	uint32_t *buckets = calloc(count, sizeof(*buckets));

	if (buckets == NULL) /* longer buckets then */
		return;
	for (uint32_t i = 0; i < pool->bucket_count; i++) {
		uint32_t handle = pool->buckets[i];

		while (handle != NO_SLOT) {
			struct kai_blob *blob = pool->slots[handle].blob;
			uint32_t next = blob->next;
			uint32_t *bucket = &buckets[blob->hash & (count - 1)];

			blob->next = *bucket;
			*bucket = handle;
			handle = next;
		}
	}
	free(pool->buckets);
	pool->buckets = buckets;
	pool->bucket_count = count;
}

static bool free_handle(struct kai_bytes_pool *pool, uint32_t *ret)
{
	if (pool->free_slot != NO_SLOT) {
		*ret = pool->free_slot;
		pool->free_slot = (uint32_t)pool->slots[*ret].next_free;
		return true;
	}
	if (pool->slot_count == pool->slot_cap) {
		uint32_t cap = pool->slot_cap == 0 ? FIRST_SLOTS : pool->slot_cap * 2;
		union kai_blob_slot *slots =
			cap > pool->slot_cap ? realloc(pool->slots, cap * sizeof(*slots)) : NULL;

		if (slots == NULL)
			return false;
		pool->slots = slots;
		pool->slot_cap = cap;
		if (pool->slot_count == 0)
			pool->slot_count = 1; /* handle 0 is none */
	}
	*ret = pool->slot_count++;
	return true;
}

static bool add(struct kai_bytes_pool *pool, struct kai_span bytes, uint32_t hash, uint32_t *ret)
{
	struct kai_blob *blob = bytes.len <= UINT32_MAX ? malloc(BLOB_SIZE(bytes.len)) : NULL;

	if (blob == NULL || !free_handle(pool, ret)) {
		free(blob);
		return false;
	}
	if (pool->usage.strings >= pool->bucket_count)
		grow_buckets(pool);
	uint32_t *bucket = &pool->buckets[hash & (pool->bucket_count - 1)];

	*blob = (struct kai_blob){
		.refs = 1, .len = (uint32_t)bytes.len, .next = *bucket, .hash = hash};
	if (bytes.len > 0)
		memcpy(blob->bytes, bytes.at, bytes.len);
	pool->slots[*ret].blob = blob;
	*bucket = *ret;
	pool->usage.strings++;
	pool->usage.string_bytes += BLOB_SIZE(bytes.len);
	return true;
}

bool kai_bytes_take(struct kai_bytes_pool *pool, struct kai_span bytes, uint32_t *ret)
{
	uint32_t hash = hash_of(bytes);
	uint32_t handle = pool->buckets[hash & (pool->bucket_count - 1)];

	while (handle != NO_SLOT) {
		struct kai_blob *blob = pool->slots[handle].blob;

		if (blob->hash == hash && kai_span_equal(kai_span(blob->bytes, blob->len), bytes)) {
			assert(blob->refs < UINT32_MAX);
			blob->refs++;
			*ret = handle;
			return true;
		}
		handle = blob->next;
	}
	return add(pool, bytes, hash, ret);
}

void kai_bytes_keep(struct kai_bytes_pool *pool, uint32_t handle)
{
	assert(pool->slots[handle].blob->refs < UINT32_MAX);
	pool->slots[handle].blob->refs++;
}

void kai_bytes_drop(struct kai_bytes_pool *pool, uint32_t handle)
{
	struct kai_blob *blob = pool->slots[handle].blob;

	if (--blob->refs > 0)
		return;
	uint32_t *at = &pool->buckets[blob->hash & (pool->bucket_count - 1)];

	while (*at != handle)
		at = &pool->slots[*at].blob->next;
	*at = blob->next;
	pool->usage.strings--;
	pool->usage.string_bytes -= BLOB_SIZE(blob->len);
	free(blob);
	pool->slots[handle].next_free = pool->free_slot;
	pool->free_slot = handle;
}
