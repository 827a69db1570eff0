/* SPDX-License-Identifier: Apache-2.0 */
#include "kairan/text.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "kairan/crypto.h"

#define LINE_BYTES 48 /* make a line of 64 characters */
#define LINE_CHARS 64
#define CHECKSUM_BYTES 10
#define CHECKSUM_CHARS KAI_BASE32_LEN(CHECKSUM_BYTES)
#define TYPE_MAX 32
#define BASE64 sodium_base64_VARIANT_ORIGINAL

static const char begin[] = "-----BEGIN ";
static const char end[] = "-----END ";
static const char dashes[] = "-----";

size_t kai_armour_len(size_t bytes_len)
{
	size_t lines = (bytes_len + LINE_BYTES - 1) / LINE_BYTES;
	size_t frame = sizeof(begin) + sizeof(end) + 2 * (sizeof(dashes) + TYPE_MAX);

	return lines * (LINE_CHARS + 1) + CHECKSUM_CHARS + 2 + frame;
}

static void checksum(const char *type, struct kai_span bytes, char ret[CHECKSUM_CHARS + 1])
{
	const struct kai_span pieces[] = {kai_span_str(type), bytes};
	uint8_t hash[KAI_ID_LEN];

	kai_hash_many(KAI_CTX_CHECKSUM, kai_realm_live, pieces, 2, hash);
	kai_base32(kai_span(hash, CHECKSUM_BYTES), ret, CHECKSUM_CHARS + 1);
}

static char *append(char *at, const char *text)
{
	while (*text != '\0')
		*at++ = *text++;
	return at;
}

static char *append_frame_line(char *at, const char *head, const char *type)
{
	at = append(at, head);
	at = append(at, type);
	at = append(at, dashes);
	return append(at, "\n");
}

void kai_armour(const char *type, struct kai_span bytes, char *ret, size_t cap)
{
	char sum[CHECKSUM_CHARS + 1];
	char *at = ret;

	assert(strlen(type) <= TYPE_MAX && cap >= kai_armour_len(bytes.len));
	at = append_frame_line(at, begin, type);
	for (size_t done = 0; done < bytes.len; done += LINE_BYTES) {
		size_t left = bytes.len - done;
		char line[LINE_CHARS + 1];

		sodium_bin2base64(line, sizeof(line), bytes.at + done,
				  left < LINE_BYTES ? left : LINE_BYTES, BASE64);
		at = append(at, line);
		at = append(at, "\n");
	}
	checksum(type, bytes, sum);
	at = append(at, "=");
	at = append(at, sum);
	at = append(at, "\n");
	at = append_frame_line(at, end, type);
	*at = '\0';
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The next line without its end and trailing spaces; false after the last. */
static bool next_line(struct kai_span *io_text, struct kai_span *ret_line)
{
	if (io_text->len == 0)
		return false;
	const uint8_t *newline = memchr(io_text->at, '\n', io_text->len);
	size_t len = newline == NULL ? io_text->len : (size_t)(newline - io_text->at);
	size_t step = newline == NULL ? len : len + 1;

	*ret_line = kai_span(io_text->at, len);
	while (ret_line->len > 0 && is_blank(ret_line->at[ret_line->len - 1]))
		ret_line->len--;
	io_text->at += step;
	io_text->len -= step;
	return true;
}

static bool starts_with(struct kai_span line, const char *text)
{
	size_t len = strlen(text);

	return line.len >= len && memcmp(line.at, text, len) == 0;
}

static bool is_frame_line(struct kai_span line, const char *head, const char *type)
{
	size_t head_len = strlen(head);
	size_t type_len = strlen(type);

	return starts_with(line, head) && line.len == head_len + type_len + strlen(dashes) &&
	       memcmp(line.at + head_len, type, type_len) == 0 &&
	       memcmp(line.at + head_len + type_len, dashes, strlen(dashes)) == 0;
}

/* Moves behind the BEGIN line. TYPE when only other types' lines are there. */
static enum kai_fault find_begin(const char *type, struct kai_span *io_text)
{
	struct kai_span line;
	enum kai_fault fault = KAI_FAULT_ARMOUR;

	while (next_line(io_text, &line)) {
		if (is_frame_line(line, begin, type))
			return KAI_FAULT_NONE;
		if (starts_with(line, begin))
			fault = KAI_FAULT_TYPE;
	}
	return fault;
}

/*
 * One line of base64 to `at`, which has room for LINE_BYTES. Returns the bytes, 0 when it is not
 * such a line.
 */
static size_t decode_line(struct kai_span line, uint8_t *at)
{
	size_t len = 0;

	/* libsodium 1.0.18 takes every byte above ASCII for a slash. */
	for (size_t i = 0; i < line.len; i++)
		if (line.at[i] >= 0x80)
			return 0;
	if (line.len == 0 || line.len > LINE_CHARS ||
	    sodium_base642bin(at, LINE_BYTES, (const char *)line.at, line.len, NULL, &len, NULL,
			      BASE64) != 0)
		return 0;
	return len;
}

/* The lines before the checksum line. */
static size_t count_data_lines(struct kai_span text)
{
	struct kai_span line;
	size_t count = 0;

	while (next_line(&text, &line) && !starts_with(line, "="))
		count++;
	return count;
}

/* Data lines, up to and without the checksum line. */
static enum kai_fault read_data(struct kai_span *io_text, struct kai_arena *arena,
				struct kai_span *ret)
{
	size_t line_count = count_data_lines(*io_text);
	uint8_t *at = kai_arena_take(arena, line_count * LINE_BYTES);
	size_t len = 0;

	if (at == NULL)
		return KAI_FAULT_TOO_MUCH;
	for (size_t i = 0; i < line_count; i++) {
		struct kai_span line;
		size_t added = next_line(io_text, &line) ? decode_line(line, at + len) : 0;

		/* Every line but the last is full, so that one content has one form. */
		if (added == 0 || (added < LINE_BYTES && i + 1 < line_count))
			return KAI_FAULT_ARMOUR;
		len += added;
	}
	*ret = kai_span(at, len);
	return KAI_FAULT_NONE;
}

enum kai_fault kai_armour_open(const char *type, struct kai_span text, struct kai_arena *arena,
			       struct kai_span *ret)
{
	char sum[CHECKSUM_CHARS + 1];
	struct kai_span data;
	struct kai_span sum_line;
	struct kai_span end_line;
	enum kai_fault fault = find_begin(type, &text);

	if (fault == KAI_FAULT_NONE)
		fault = read_data(&text, arena, &data);
	if (fault != KAI_FAULT_NONE)
		return fault;
	if (!next_line(&text, &sum_line) || !next_line(&text, &end_line) ||
	    sum_line.len != CHECKSUM_CHARS + 1 || !is_frame_line(end_line, end, type))
		return KAI_FAULT_ARMOUR;
	checksum(type, data, sum);
	if (memcmp(sum_line.at + 1, sum, CHECKSUM_CHARS) != 0)
		return KAI_FAULT_CHECKSUM;
	*ret = data;
	return KAI_FAULT_NONE;
}
