/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text forms: base32 ids, armour, times, durations, hours, and peer text made safe for a terminal or a
 * log. Pure; any thread; results are NUL-terminated in the caller's buffer.
 */
#ifndef KAIRAN_TEXT_H
#define KAIRAN_TEXT_H

#include "kairan/base.h"
#include "kairan/fault.h"

/* Lower-case RFC 4648 base32 without padding: 32 bytes give 52 characters. */
#define KAI_ID_TEXT 53 /* with NUL */
#define KAI_BASE32_LEN(len) (((len)*8 + 4) / 5)
void kai_base32(struct kai_span bytes, char *ret, size_t cap);
void kai_id_text(const uint8_t id[KAI_ID_LEN], char ret[KAI_ID_TEXT]);
/* Decodes exactly ret_len bytes; false on any other character, length or non-zero trailing bits. */
KAI_MUST_USE bool kai_base32_parse(const char *text, uint8_t *ret, size_t ret_len);

/* RFC 3339. Formatting: UTC with milliseconds and Z. KAI_TIME_TEXT bytes. Parsing: any offset,
 * fraction optional. */
#define KAI_TIME_TEXT 32
void kai_time_text(struct kai_wall at, char ret[KAI_TIME_TEXT]);
KAI_MUST_USE bool kai_time_parse(const char *text, struct kai_wall *ret);
/* "90s", "15m", "4h", "30d", "2w", also joined as "1h30m"; up to ten years. */
KAI_MUST_USE bool kai_duration_parse(const char *text, int64_t *ret_ms);
void kai_duration_text(int64_t ms, char ret[32]); /* "1h30m" */

/*
 * When a contact can be reached: "24/7" or nothing: always; else rules, any of which suffices, each of days (none:
 * all), a span and the offset from UTC there: "Mo-Fr 09:00-17:30 +09:00; Sa,Su 22:00-06:00 +09:00". After
 * OpenStreetMap's opening_hours; a span that ends before it begins passes midnight.
 */
enum kai_hours { KAI_HOURS_OPEN = 1, KAI_HOURS_SHUT, KAI_HOURS_UNREADABLE };
/* text: need not be NUL-terminated. Of what cannot be read nothing follows: whoever asks takes it as open. */
enum kai_hours kai_hours_at(struct kai_span text, struct kai_wall at);

/*
 * Armour (.kcard, .kagree, .kbundle), type in capitals, at most 32 characters:
 *
 *	-----BEGIN KAIRAN CARD-----
 *	base64 (RFC 4648, with padding) in lines of 64 characters, the last may be shorter
 *	=checksum: base32 of the first 10 bytes of H(checksum, live, type || bytes)
 *	-----END KAIRAN CARD-----
 *
 * Survives mail: CRLF, surrounding text and trailing spaces do no harm; anything else does.
 */
size_t kai_armour_len(size_t bytes_len); /* enough for any type, with NUL */
void kai_armour(const char *type, struct kai_span bytes, char *ret, size_t cap);
/* type: "KAIRAN CARD", "KAIRAN AGREEMENT", "KAIRAN BUNDLE". Faults ARMOUR, CHECKSUM, TOO_MUCH, TYPE
 * (another type's). */
KAI_MUST_USE enum kai_fault kai_armour_open(const char *type, struct kai_span text,
					    struct kai_arena *arena, struct kai_span *ret);

/* Clean UTF-8: well-formed, no NUL, no C0 control but \n and \t, no surrogate, no U+FFFE/U+FFFF. */
bool kai_utf8_clean(struct kai_span text);

/*
 * Escapes what a terminal or a log must not see from a peer: C0, DEL, C1, bidi controls, line and
 * paragraph separators, zero-width characters, invalid bytes become \xNN or \u{NNNN}. With
 * keep_lines \n and \t stay. Cut at cap at a whole character.
 */
void kai_escape(struct kai_span text, bool keep_lines, char *ret, size_t cap);

#endif
