/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the engine tells of one step of a ladder (records.h) to whoever carries it out: whom to call, about whose
 * silence, and as much of the item as the program's ceiling lets it have. An object (object.h); made by the engine,
 * read by the daemon; never on a link, never in the store. Lists lie in the caller's arena. Any thread.
 */
#ifndef KAIRAN_CALL_OBJECT_H
#define KAIRAN_CALL_OBJECT_H

#include "kairan/kinds.h"

#define KAI_CALL_TEXT 32768 /* of main's text, and of its fields together; beyond, they are cut */

#define KAI_CALL_PART(X)                                                                           \
	X(STR, name, 0, 1, KAI_MAX_SHORT, "")                                                      \
	X(STR, media_type, 0, 1, KAI_MAX_MEDIA, "")                                                \
	X(U64, size, 0, 0, UINT64_MAX >> 1, "padded")                                              \
	X(STR, withheld, 0, 0, KAI_MAX_SHORT,                                                      \
	  "by which rule the program may not have it; \"not-held\"; empty: it may")

#define KAI_CALL_ITEM(X)                                                                           \
	X(FIX, origin, 32, 0, 0, "")                                                               \
	X(U64, kind, 0, 0, 255, "enum kai_kind")                                                   \
	X(U64, urgency, 0, 0, 255, "enum kai_urgency")                                             \
	X(U64, tlp, 0, 0, 255, "of the header")                                                    \
	X(U64, created_at, 0, 0, KAI_MAX_TIME_MS, "")                                              \
	X(U64, not_after, 0, 0, KAI_MAX_TIME_MS, "")                                               \
	X(U64, received_at, 0, 0, KAI_MAX_TIME_MS, "")                                             \
	X(STRS, sectors, KAI_MAX_SHORT, 0, KAI_MAX_SECTORS, "")                                    \
	X(STR, title, 0, 0, 1024, "empty where main is withheld")                                  \
	X(STR, text, 0, 0, KAI_CALL_TEXT, "")                                                      \
	X(LIST, values, body_value, 0, 128, "")                                                    \
	X(BOOL, cut, 0, 0, 0, "text or values are not whole")                                      \
	X(LIST, parts, call_part, 0, KAI_MAX_PARTS, "")

#define KAI_CALL(X)                                                                                \
	X(STR, step, 0, 1, KAI_MAX_SHORT, "kai_step_id")                                           \
	X(U64, silence, 0, 1, 3, "enum kai_silence")                                               \
	X(U64, rung, 0, 0, 4, "enum kai_rung")                                                     \
	X(BOOL, again, 0, 0, 0, "started before, and the node ended before it was done")           \
	X(U64, due_at, 0, 0, KAI_MAX_TIME_MS, "")                                                  \
	X(STR, role, 0, 1, KAI_MAX_SHORT, "of whom to call")                                       \
	X(STR, name, 0, 0, KAI_MAX_NAME, "")                                                       \
	X(STR, channel, 0, 0, KAI_MAX_TEXT, "")                                                    \
	X(STR, other, 0, 0, KAI_MAX_TEXT, "")                                                      \
	X(STR, hours, 0, 0, KAI_MAX_SHORT, "")                                                     \
	X(OPT, org, 0, 0, 0, "whose people; nil: ours")                                            \
	X(STR, alias, 0, 0, KAI_MAX_ALIAS, "ours for it")                                          \
	X(OPT, id, 0, 0, 0, "about which item; nil: a link")                                       \
	X(STR, withheld, 0, 0, KAI_MAX_SHORT, "by which rule the program may not have the item")   \
	X(MAYBE, item, call_item, 0, 0, "")

#define KAI_X_CALL_OBJECT(X)                                                                       \
	X(call_part, KAI_CALL_PART)                                                                \
	X(call_item, KAI_CALL_ITEM)                                                                \
	X(call, KAI_CALL)

#define X(object, list) KAI_STRUCT(object, list);
KAI_X_CALL_OBJECT(X)
#undef X

#endif
