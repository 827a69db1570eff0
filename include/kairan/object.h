/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables declare, one interpreter works: every wire object, frame, control request and store record
 * is an X-list in wire.h, frames.h, control.h or records.h; from it come the struct (KAI_STRUCT), the rows
 * (KAI_ROWS), and with them the strict decoder, the encoder, the JSON printer, SPEC.md's tables and
 * the fuzz entries.
 *
 * Encoding: msgpack; an object is an array of exactly its fields in table order. Strict: shortest
 * integer and length forms only, exact array counts, every bound checked before a length is
 * believed, UTF-8 checked, no trailing bytes. So decoding is a bijection on valid input:
 * encode(decode(x)) == x.
 *
 * What it does not do: check meaning across fields (card.h, agreement.h, label.h … do), verify
 * anything, allocate. Decoded spans point into the input; lists lie in the caller's arena. Pure;
 * safe from any thread.
 *
 * A list is X(type, name, arg, min, max, doc). Types, with the C member and what min and max bound:
 *
 *   U64    uint64_t name                              the value
 *   BOOL   bool name                                  -
 *   FIX    uint8_t name[arg]                          -        bin of exactly arg bytes
 *   OPT    struct kai_opt_id name                     -        nil, or bin of 32 bytes
 *   BIN    struct kai_span name                       length   bin
 *   STR    struct kai_span name                       length   clean UTF-8 (text.h)
 *   IDS    uint8_t (*name)[32]; size_t name_count     count    array of bin of 32 bytes
 *   STRS   struct kai_span *name; size_t name_count   count    array of str, each 1 to arg bytes
 *   BINS   struct kai_span *name; size_t name_count   count    array of bin, each 1 to arg bytes
 *   NUMS   uint64_t *name; size_t name_count          count    array of uint, each 0 to arg
 *   OBJ    struct kai_<arg> name                      -        the object
 *   MAYBE  struct kai_<arg> *name                     -        nil (NULL), or the object
 *   LIST   struct kai_<arg> *name; size_t name_count  count    array of objects
 *   EXT    struct kai_ext *name; size_t name_count    count    last field of objects that may grow
 */
#ifndef KAIRAN_OBJECT_H
#define KAIRAN_OBJECT_H

#include "kairan/base.h"
#include "kairan/fault.h"
#include "kairan/limits.h"

enum kai_type {
	KAI_T_U64,
	KAI_T_BOOL,
	KAI_T_FIX,
	KAI_T_OPT,
	KAI_T_BIN,
	KAI_T_STR,
	KAI_T_IDS,
	KAI_T_STRS,
	KAI_T_BINS,
	KAI_T_NUMS,
	KAI_T_OBJ,
	KAI_T_MAYBE,
	KAI_T_LIST,
	KAI_T_EXT
};

struct kai_object;

/* One row: where the member lies in the struct and what bounds it. */
struct kai_field {
	const char *name;
	const char *doc;
	uint64_t arg; /* FIX: bytes; STRS, BINS: longest element; NUMS: largest element; else 0 */
	uint64_t min;
	uint64_t max;
	enum kai_type type;
	size_t offset;			 /* of the member (of the pointer, for lists) */
	size_t count_offset;		 /* of name_count, for lists */
	const struct kai_object *object; /* OBJ, MAYBE, LIST */
};

struct kai_object {
	const char *name;
	size_t size;				 /* of the C struct */
	const struct kai_field *(*fields)(void); /* field_count rows, static storage */
	size_t field_count;
};

/*
 * An addition by a later version: [tag, critical, value: bin]. Unknown and critical: the object is
 * refused (KAI_FAULT_CRITICAL_EXT). Unknown and not critical: kept, since signed things are never
 * re-encoded. Tags ascend strictly. Version 1 knows none.
 */
struct kai_ext {
	uint64_t tag;
	bool critical;
	struct kai_span value;
};

/* Members of the struct */
#define KAI_M_U64(name, arg) uint64_t name;
#define KAI_M_BOOL(name, arg) bool name;
#define KAI_M_FIX(name, arg) uint8_t name[arg];
#define KAI_M_OPT(name, arg) struct kai_opt_id name;
#define KAI_M_BIN(name, arg) struct kai_span name;
#define KAI_M_STR(name, arg) struct kai_span name;
#define KAI_M_IDS(name, arg)                                                                       \
	uint8_t(*name)[KAI_ID_LEN];                                                                \
	size_t name##_count;
#define KAI_M_STRS(name, arg)                                                                      \
	struct kai_span *name;                                                                     \
	size_t name##_count;
#define KAI_M_BINS(name, arg) KAI_M_STRS(name, arg)
#define KAI_M_NUMS(name, arg)                                                                      \
	uint64_t *name;                                                                            \
	size_t name##_count;
#define KAI_M_OBJ(name, arg) struct kai_##arg name;
#define KAI_M_MAYBE(name, arg) struct kai_##arg *name;
#define KAI_M_LIST(name, arg)                                                                      \
	struct kai_##arg *name;                                                                    \
	size_t name##_count;
#define KAI_M_EXT(name, arg)                                                                       \
	struct kai_ext *name;                                                                      \
	size_t name##_count;
#define KAI_MEMBER(type, name, arg, min, max, doc) KAI_M_##type(name, arg)
#define KAI_STRUCT(object, list)                                                                   \
	struct kai_##object {                                                                      \
		list(KAI_MEMBER)                                                                   \
	};                                                                                         \
	extern const struct kai_object kai_object_##object

/* Rows of the table. KAI_DEFINE(object, list) in one .c file defines kai_object_<object>. */
#define KAI_R_U64(name, arg) KAI_T_U64, offsetof(self, name), 0, NULL
#define KAI_R_BOOL(name, arg) KAI_T_BOOL, offsetof(self, name), 0, NULL
#define KAI_R_FIX(name, arg) KAI_T_FIX, offsetof(self, name), 0, NULL
#define KAI_R_OPT(name, arg) KAI_T_OPT, offsetof(self, name), 0, NULL
#define KAI_R_BIN(name, arg) KAI_T_BIN, offsetof(self, name), 0, NULL
#define KAI_R_STR(name, arg) KAI_T_STR, offsetof(self, name), 0, NULL
#define KAI_R_IDS(name, arg) KAI_T_IDS, offsetof(self, name), offsetof(self, name##_count), NULL
#define KAI_R_STRS(name, arg) KAI_T_STRS, offsetof(self, name), offsetof(self, name##_count), NULL
#define KAI_R_BINS(name, arg) KAI_T_BINS, offsetof(self, name), offsetof(self, name##_count), NULL
#define KAI_R_NUMS(name, arg) KAI_T_NUMS, offsetof(self, name), offsetof(self, name##_count), NULL
#define KAI_R_OBJ(name, arg) KAI_T_OBJ, offsetof(self, name), 0, &kai_object_##arg
#define KAI_R_MAYBE(name, arg) KAI_T_MAYBE, offsetof(self, name), 0, &kai_object_##arg
#define KAI_R_LIST(name, arg)                                                                      \
	KAI_T_LIST, offsetof(self, name), offsetof(self, name##_count), &kai_object_##arg
#define KAI_R_EXT(name, arg) KAI_T_EXT, offsetof(self, name), offsetof(self, name##_count), NULL
/* What arg means as a number: bytes or the largest element; names of objects have none. */
#define KAI_A_U64(arg) 0
#define KAI_A_BOOL(arg) 0
#define KAI_A_FIX(arg) (arg)
#define KAI_A_OPT(arg) 0
#define KAI_A_BIN(arg) 0
#define KAI_A_STR(arg) 0
#define KAI_A_IDS(arg) 0
#define KAI_A_STRS(arg) (arg)
#define KAI_A_BINS(arg) (arg)
#define KAI_A_NUMS(arg) (arg)
#define KAI_A_OBJ(arg) 0
#define KAI_A_MAYBE(arg) 0
#define KAI_A_LIST(arg) 0
#define KAI_A_EXT(arg) 0
#define KAI_ROW(type, name, arg, min, max, doc)                                                    \
	{#name, doc, KAI_A_##type(arg), (min), (max), KAI_R_##type(name, arg)},
#define KAI_ONE(type, name, arg, min, max, doc) +1
#define KAI_DEFINE(object, list)                                                                   \
	static const struct kai_field *fields_of_##object(void)                                    \
	{                                                                                          \
		typedef struct kai_##object self;                                                  \
		static const struct kai_field rows[] = {list(KAI_ROW)};                            \
		return rows;                                                                       \
	}                                                                                          \
	const struct kai_object kai_object_##object = {#object, sizeof(struct kai_##object),       \
						       fields_of_##object,                         \
						       (size_t)(0 list(KAI_ONE))}

/*
 * Decodes one object that must fill `in` exactly. `ret` is a struct of object->size bytes, valid
 * only when KAI_FAULT_NONE comes back; its spans live as long as `in`, its lists as long as the
 * arena. Faults: TRUNCATED, TRAILING, TYPE, NOT_MINIMAL, COUNT, LENGTH, RANGE, UTF8, CRITICAL_EXT,
 * EXT_ORDER, TOO_MUCH (the arena is full).
 */
KAI_MUST_USE enum kai_fault kai_object_decode(const struct kai_object *object, struct kai_span in,
					      struct kai_arena *arena, void *ret);

/*
 * Writes one object to `at`, at most cap bytes. Returns the length, or 0 when it does not fit or a
 * field is outside its bounds (nothing that our decoder would refuse is ever produced).
 */
KAI_MUST_USE size_t kai_object_encode(const struct kai_object *object, const void *from,
				      uint8_t *at, size_t cap);

/* As kai_object_encode, into the arena; the empty span when it does not fit. */
KAI_MUST_USE struct kai_span kai_object_encode_in(const struct kai_object *object, const void *from,
						  struct kai_arena *arena);

#endif
