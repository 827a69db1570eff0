/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words that every folder shares: spans, clocks, the arena, errors of the world.
 * Holds no state and does no I/O. Everything here is a value; spans and arenas borrow their bytes
 * from the caller. Safe from any thread.
 */
#ifndef KAIRAN_BASE_H
#define KAIRAN_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KAI_MUST_USE __attribute__((warn_unused_result))
#define KAI_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))

#define KAI_ID_LEN 32	 /* advisory id, org id, digest, public key */
#define KAI_SIG_LEN 64	 /* Ed25519 signature */
#define KAI_REALM_LEN 16 /* sixteen zero bytes are the live realm */
#define KAI_NONCE_LEN 16
#define KAI_HINT_LEN 8 /* short keyed tags and key hints */

/* Borrowed bytes. at may be NULL only when len is 0. */
struct kai_span {
	const uint8_t *at;
	size_t len;
};

/* A 32-byte value that may be absent (nil on the wire). */
struct kai_opt_id {
	bool is;
	uint8_t id[KAI_ID_LEN];
};

/* Milliseconds since 1970-01-01T00:00:00Z: what people and peers call the time. May jump. */
struct kai_wall {
	int64_t ms;
};

/* Milliseconds of a clock that never goes back: what timers and timeouts use. */
struct kai_mono {
	int64_t ms;
};

/*
 * A bump allocator over memory that the caller owns. Nothing is freed one by one; set used back to
 * release. When it is full kai_arena_take returns NULL and `full` stays set, so that a decoder can
 * tell "too much" from "malformed".
 */
struct kai_arena {
	uint8_t *at;
	size_t cap;
	size_t used;
	bool full;
};

/* size bytes, zeroed, aligned for any type; NULL when they do not fit. size 0 gives a non-NULL
 * pointer. */
void *kai_arena_take(struct kai_arena *arena, size_t size);

/* Errors of the world (not of a peer or a user: those are faults and verdicts). */
#define KAI_X_ERR(X)                                                                               \
	X(OK, "no error")                                                                          \
	X(NOMEM, "out of memory")                                                                  \
	X(IO, "input or output failed")                                                            \
	X(FULL, "no space left")                                                                   \
	X(NOTFOUND, "not found")                                                                   \
	X(EXISTS, "already there")                                                                 \
	X(DENIED, "permission refused")                                                            \
	X(CORRUPT, "stored data is damaged")                                                       \
	X(NEWER, "made by a newer version")                                                        \
	X(BUSY, "in use by another process")                                                       \
	X(INVALID, "not valid")                                                                    \
	X(UNREACHABLE, "cannot be reached")

enum kai_err {
#define X(name, text) KAI_ERR_##name,
	KAI_X_ERR(X)
#undef X
		KAI_ERR_END
};

/* The sentence of an error; "unknown error" for a value outside the list. Never NULL. */
const char *kai_err_text(enum kai_err err);

/*
 * What went wrong, filled in once where it happened and forwarded unchanged: "what: why (what to
 * do)". Pass NULL where nobody will read it.
 */
struct kai_why {
	char text[512];
};

/* Formats into why (if not NULL), cut to its size, and returns err, so that one can `return
 * kai_fail(...)`. */
enum kai_err kai_fail(struct kai_why *why, enum kai_err err, const char *fmt, ...) KAI_PRINTF(3, 4);

/* The span over a NUL-terminated string, without its NUL. NULL gives the empty span. */
struct kai_span kai_span_str(const char *text);
struct kai_span kai_span(const void *at, size_t len);
bool kai_span_equal(struct kai_span a, struct kai_span b);
/* memcmp order, the shorter first where one is a prefix of the other: <0, 0, >0. */
int kai_span_compare(struct kai_span a, struct kai_span b);
bool kai_id_equal(const uint8_t a[KAI_ID_LEN], const uint8_t b[KAI_ID_LEN]);

/* Big-endian integers, for store keys and hashed material. */
void kai_put_be64(uint8_t at[8], uint64_t value);
uint64_t kai_get_be64(const uint8_t at[8]);

#endif
