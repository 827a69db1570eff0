/* SPDX-License-Identifier: Apache-2.0 */
#include "private.h"
#include "kairan/rec.h"

#include <string.h>

/*
 * A resume token is ours alone to read: kai_box(token key, nonce, AD = peer number || realm ||
 * store epoch, boot || position), always of one length, so that nobody counts what it was not
 * given. The boot must be one that this store remembers: a store that was set back silently does
 * not.
 */
#define BOOT_LEN 16u
#define EPOCH_LEN 16u
#define BOX_NONCE_LEN 24u
#define PLAIN_LEN (BOOT_LEN + 8u)
#define AD_LEN (2u + KAI_REALM_LEN + EPOCH_LEN)

static void bind(const struct kai_turn *turn, const struct kai_link *link, uint8_t ret[AD_LEN])
{
	ret[0] = (uint8_t)(link->number >> 8);
	ret[1] = (uint8_t)link->number;
	memcpy(ret + 2, turn->engine->config.realm, KAI_REALM_LEN);
	memcpy(ret + 2 + KAI_REALM_LEN, turn->engine->epoch, EPOCH_LEN);
}

struct kai_span kai_token_make(struct kai_turn *turn, const struct kai_link *link,
			       uint64_t position)
{
	const struct kai_engine_config *config = &turn->engine->config;
	uint8_t nonce[BOX_NONCE_LEN], plain[PLAIN_LEN], ad[AD_LEN];

	kai_draw(turn, "token", nonce, sizeof(nonce));
	memcpy(plain, config->boot, BOOT_LEN);
	kai_put_be64(plain + BOOT_LEN, position);
	bind(turn, link, ad);
	return kai_box(KAI_CTX_TOKEN, config->token_key, nonce, kai_span(ad, sizeof(ad)),
		       kai_span(plain, sizeof(plain)), turn->scratch);
}

bool kai_token_open(struct kai_turn *turn, const struct kai_link *link, struct kai_span token,
		    uint64_t *ret_position)
{
	uint8_t ad[AD_LEN];
	struct kai_span plain, started;

	bind(turn, link, ad);
	if (!kai_box_open(KAI_CTX_TOKEN, turn->engine->config.token_key, kai_span(ad, sizeof(ad)),
			  token, turn->scratch, &plain) ||
	    plain.len != PLAIN_LEN)
		return false;
	struct kai_key boot = kai_key_bytes(plain.at, BOOT_LEN);
	uint64_t position = kai_get_be64(plain.at + BOOT_LEN);

	if (!kai_txn_get(turn->txn, KAI_TABLE_BOOTS, kai_key_span(&boot), &started) ||
	    position > kai_rec_head(turn->txn))
		return false;
	*ret_position = position;
	return true;
}
