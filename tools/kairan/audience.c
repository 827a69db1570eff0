/* SPDX-License-Identifier: Apache-2.0 */
/* Audiences as people type them. A word that is not understood is refused, never dropped. */
#include <string.h>

#include "item.h"
#include "view.h"

static int parse_org(struct kai_cli *cli, struct kai_txn *txn, const char *value,
		     struct kai_audience_entry *ret)
{
	uint8_t *org = kai_cli_take(cli, KAI_ID_LEN);
	int exit = kai_org_find(cli, txn, value, org);

	if (exit != 0)
		return exit == KAI_EXIT_NOTHING ? KAI_EXIT_USAGE : exit;
	ret->type = KAI_AUD_ORG;
	ret->org = kai_span(org, KAI_ID_LEN);
	return 0;
}

static int parse_community(struct kai_cli *cli, struct kai_txn *txn, const char *value,
			   struct kai_audience_entry *ret)
{
	struct kai_community community;
	int exit = kai_community_find(cli, txn, value, &community);

	if (exit != 0)
		return exit == KAI_EXIT_NOTHING ? KAI_EXIT_USAGE : exit;
	uint8_t *keeper = kai_cli_take(cli, KAI_ID_LEN);

	memcpy(keeper, community.keeper, KAI_ID_LEN);
	ret->type = KAI_AUD_COMMUNITY;
	ret->org = kai_span(keeper, KAI_ID_LEN);
	ret->text = community.name;
	return 0;
}

static int parse_sector(struct kai_cli *cli, struct kai_txn *txn, const char *value,
			struct kai_audience_entry *ret)
{
	(void)txn;
	if (!kai_sector_valid(kai_span_str(value)))
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("sector:%s: not a sector code (jp-seed7:pow)"), value);
	ret->type = KAI_AUD_SECTOR;
	ret->text = kai_span_str(value);
	return 0;
}

static int parse_country(struct kai_cli *cli, struct kai_txn *txn, const char *value,
			 struct kai_audience_entry *ret)
{
	(void)txn;
	if (!kai_country_valid(kai_span_str(value)))
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("country:%s: not a country code (two capital letters: JP)"),
				    value);
	ret->type = KAI_AUD_COUNTRY;
	ret->text = kai_span_str(value);
	return 0;
}

static const struct {
	const char *word;
	int (*parse)(struct kai_cli *cli, struct kai_txn *txn, const char *value,
		     struct kai_audience_entry *ret);
} forms[] = {
	{"org:", parse_org},
	{"community:", parse_community},
	{"sector:", parse_sector},
	{"country:", parse_country},
};

static int parse_one(struct kai_cli *cli, struct kai_txn *txn, const char *text,
		     struct kai_audience_entry *ret)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		size_t len = strlen(forms[i].word);

		if (strncmp(text, forms[i].word, len) == 0)
			return forms[i].parse(cli, txn, text + len, ret);
	}
	return kai_cli_fail(cli, KAI_EXIT_USAGE,
			    T("audience `%s`: not understood (org:X, community:KEEPER/NAME, "
			      "sector:Z or country:CC, separated by commas)"),
			    text);
}

int kai_audience_parse(struct kai_cli *cli, struct kai_txn *txn, const char *text,
		       struct kai_label *io_label)
{
	char *copy = kai_cli_text(cli, "%s", text);
	size_t count = 0;

	io_label->audience = kai_cli_take(cli, sizeof(*io_label->audience) * KAI_MAX_AUDIENCE);
	while (copy != NULL) {
		char *word = strsep(&copy, ",");
		struct kai_audience_entry entry = {0};

		while (*word == ' ')
			word++;
		if (count >= KAI_MAX_AUDIENCE)
			return kai_cli_fail(cli, KAI_EXIT_USAGE,
					    T("audience: more than %d entries (name a community)"),
					    KAI_MAX_AUDIENCE);
		int exit = parse_one(cli, txn, word, &entry);

		if (exit != 0)
			return exit;
		io_label->audience[count++] = entry;
	}
	kai_audience_sort(io_label->audience, &count);
	io_label->audience_count = count;
	return 0;
}

static bool own_community(struct kai_cli *cli, struct kai_txn *txn,
			  const struct kai_audience_entry *entry)
{
	uint64_t now = (uint64_t)kai_cli_now().ms;
	bool member = kai_id_equal(entry->org.at, cli->org); /* the keeper is a member */
	struct kai_scan scan;
	struct kai_span value;

	kai_scan_init(&scan, txn, KAI_TABLE_MEMBERS, kai_span(NULL, 0), kai_span(NULL, 0), false);
	while (!member && kai_scan_next(&scan, NULL, &value)) {
		size_t used = cli->arena.used;
		struct kai_member_rec rec;
		struct kai_membership membership;

		member = kai_object_decode(&kai_object_member_rec, value, &cli->arena, &rec) ==
				 KAI_FAULT_NONE &&
			 kai_membership_peek(rec.bytes, &cli->arena, &membership) ==
				 KAI_FAULT_NONE &&
			 kai_id_equal(membership.org, cli->org) &&
			 kai_id_equal(membership.keeper, entry->org.at) &&
			 kai_span_equal(membership.name, entry->text) &&
			 membership.valid_until > now;
		cli->arena.used = used;
	}
	return member;
}

static bool means_us(struct kai_cli *cli, struct kai_txn *txn, const struct kai_card *card,
		     const struct kai_audience_entry *entry)
{
	bool own = false;

	switch (entry->type) {
	case KAI_AUD_ORG:
		return kai_id_equal(entry->org.at, cli->org);
	case KAI_AUD_COMMUNITY:
		return own_community(cli, txn, entry);
	case KAI_AUD_SECTOR:
		for (size_t i = 0; !own && i < card->sectors_count; i++)
			own = kai_span_equal(card->sectors[i], entry->text);
		return own;
	case KAI_AUD_COUNTRY:
		return kai_span_equal(card->country, entry->text);
	}
	return false;
}

json_t *kai_concerns_us(struct kai_cli *cli, struct kai_txn *txn, const struct kai_label *label)
{
	struct kai_card *card = kai_cli_take(cli, sizeof(*card));
	struct kai_card_rec rec;
	uint8_t digest[KAI_ID_LEN];
	json_t *found = json_array();

	*card = (struct kai_card){.version = KAI_VERSION};
	if (!kai_rec_card(txn, cli->org, &cli->arena, &rec) ||
	    kai_card_open(rec.bytes, &cli->arena, card, digest) != KAI_FAULT_NONE)
		return found;
	for (size_t i = 0; i < label->audience_count; i++)
		if (means_us(cli, txn, card, &label->audience[i]))
			(void)json_array_append_new(found, json_string(kai_audience_text(
								   cli, txn, &label->audience[i])));
	return found;
}
