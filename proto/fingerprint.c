/* SPDX-License-Identifier: Apache-2.0 */
#include "kairan/card.h"

#include <string.h>

#include "kairan/text.h"

#define BYTES 20
#define CHARS KAI_BASE32_LEN(BYTES)
#define GROUP 4

static void plain_fingerprint(const uint8_t org[KAI_ID_LEN], char ret[CHARS + 1])
{
	uint8_t hash[KAI_ID_LEN];

	kai_hash(KAI_CTX_FINGERPRINT, kai_realm_live, kai_span(org, KAI_ID_LEN), hash);
	kai_base32(kai_span(hash, BYTES), ret, CHARS + 1);
}

void kai_fingerprint(const uint8_t org[KAI_ID_LEN], char ret[KAI_FINGERPRINT_SIZE])
{
	char plain[CHARS + 1];
	size_t used = 0;

	plain_fingerprint(org, plain);
	for (size_t i = 0; i < CHARS; i++) {
		if (i > 0 && i % GROUP == 0)
			ret[used++] = '-';
		ret[used++] = plain[i];
	}
	ret[used] = '\0';
}

bool kai_fingerprint_matches(const uint8_t org[KAI_ID_LEN], const char *typed)
{
	char plain[CHARS + 1];
	size_t matched = 0;

	plain_fingerprint(org, plain);
	for (; *typed != '\0'; typed++) {
		int c = (unsigned char)*typed;

		if (c >= 'A' && c <= 'Z')
			c += 'a' - 'A';
		if (c == ' ' || c == '-')
			continue;
		if (matched == CHARS || c != plain[matched])
			return false;
		matched++;
	}
	return matched == CHARS;
}
