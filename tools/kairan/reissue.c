/* SPDX-License-Identifier: Apache-2.0 */
#include "reissue.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kairan/advisory.h"
#include "view.h"

#define FIELD "made-from"
#define SHORTEST_NAME 3 /* what is shorter stands in any text by chance */
#define OPENING_MAX 4096

/* ---- making one ---- */

static void add_name(struct kai_reissue *reissue, const char *name)
{
	if (strlen(name) >= SHORTEST_NAME && reissue->name_count < KAI_REISSUE_NAMES)
		reissue->names[reissue->name_count++] = name;
}

/* By what the origin and its advisory could be known. */
static void gather_names(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item,
			 struct kai_reissue *reissue)
{
	const uint8_t *origin = item->facts.header.origin;
	struct kai_card *card = kai_cli_take(cli, sizeof(*card));
	struct kai_card_rec rec;
	uint8_t digest[KAI_ID_LEN];

	add_name(reissue, kai_cli_id(cli, origin));
	add_name(reissue, kai_cli_id(cli, item->facts.item.id));
	add_name(reissue, kai_org_name(cli, txn, origin));
	if (!kai_rec_card(txn, origin, &cli->arena, &rec) ||
	    kai_card_open(rec.bytes, &cli->arena, card, digest) != KAI_FAULT_NONE)
		return;
	add_name(reissue, kai_cli_str(cli, card->name));
	add_name(reissue, kai_cli_str(cli, card->name_ja));
}

/* Fields by which an author counts its cases and its people are not another's to say. */
static void drop_fields(struct kai_fields *fields)
{
	static const char *const own[] = {"incident", "contact", FIELD};
	size_t kept = 0;

	for (size_t i = 0; i < fields->count; i++) {
		bool drop = false;

		for (size_t k = 0; k < sizeof(own) / sizeof(*own); k++)
			drop = drop || strcmp(fields->values[i].name, own[k]) == 0;
		if (!drop)
			fields->values[kept++] = fields->values[i];
	}
	fields->count = kept;
}

static bool carries(const struct kai_kind_row *row)
{
	for (size_t i = 0; i < row->field_count; i++)
		if (row->fields[i].type == KAI_V_COMMIT)
			return true;
	return false;
}

static int tells(struct kai_cli *cli, const char *option)
{
	return kai_cli_fail(cli, KAI_EXIT_REFUSED,
			    T("--%s: tells what this is made from, which its readers are not to "
			      "learn (leave it out)"),
			    option);
}

/* Is that the source, or where it is not to be told of, another advisory of its origin? */
static bool leads_to(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *source,
		     bool anonymous, const uint8_t id[KAI_ID_LEN])
{
	struct kai_loaded *item = kai_cli_take(cli, sizeof(*item));
	uint64_t arrival;

	if (kai_id_equal(source->facts.item.id, id))
		return true;
	return anonymous && kai_rec_arrival(txn, id, &arrival) &&
	       kai_item_load(cli, txn, arrival, false, item) &&
	       kai_id_equal(item->facts.header.origin, source->facts.header.origin);
}

/* Every reader has the header. Exit code. */
static int check_header(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *source,
			bool anonymous, const struct kai_draft *draft)
{
	if (draft->incident.is && leads_to(cli, txn, source, anonymous, draft->incident.id))
		return tells(cli, "incident");
	for (size_t i = 0; i < draft->refs_count; i++)
		if (leads_to(cli, txn, source, anonymous, draft->refs[i]))
			return tells(cli, "ref");
	return 0;
}

int kai_reissue_begin(struct kai_cli *cli, struct kai_txn *txn, struct kai_fields *io_fields,
		      struct kai_draft *io_draft, struct kai_reissue *ret)
{
	const char *anonymise = kai_opt_value(cli, "anonymise");
	const char *from = anonymise != NULL ? anonymise : kai_opt_value(cli, "made-from");
	struct kai_loaded *item = kai_cli_take(cli, sizeof(*item));
	uint8_t commitment[KAI_ID_LEN];
	uint64_t arrival;

	*ret = (struct kai_reissue){.is = from != NULL, .anonymous = anonymise != NULL};
	if (from == NULL)
		return 0;
	if (!carries(io_fields->row))
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("file %s: does not tell what it was made from"),
				    io_fields->row->word);
	int exit = kai_item_find(cli, txn, from, ret->id, &arrival);

	if (exit != 0)
		return exit;
	if (!kai_item_load(cli, txn, arrival, true, item) || !item->has_body)
		return kai_cli_fail(cli, KAI_EXIT_REFUSED, T("%s: cannot be opened here"), from);
	if (ret->anonymous && item->facts.header.label.tlp == KAI_TLP_RED)
		return kai_cli_fail(cli, KAI_EXIT_REFUSED,
				    T("%s: TLP:RED is for those whom it names alone (kairan "
				      "release request)"),
				    from);
	exit = check_header(cli, txn, item, ret->anonymous, io_draft);
	if (exit != 0)
		return exit;
	randombytes_buf(ret->salt, sizeof(ret->salt));
	kai_source_commit(item->facts.header.realm, ret->salt, ret->id, commitment);
	kai_id_text(commitment, ret->commitment);
	if (!ret->anonymous)
		return 0;
	io_draft->label.attribution = KAI_ATTR_NONE;
	gather_names(cli, txn, item, ret);
	if (item->facts.header.kind == io_fields->row->kind) {
		kai_fields_from(cli, io_fields, &item->body);
		drop_fields(io_fields);
	}
	return 0;
}

static int names_origin(struct kai_cli *cli, const char *where)
{
	return kai_cli_fail(cli, KAI_EXIT_REFUSED,
			    T("--anonymise: %s names its origin (say it in other words: --set)"),
			    where);
}

static bool named_in(const struct kai_reissue *reissue, const char *text)
{
	for (size_t i = 0; text != NULL && i < reissue->name_count; i++)
		if (strcasestr(text, reissue->names[i]) != NULL)
			return true;
	return false;
}

int kai_reissue_fields(struct kai_cli *cli, struct kai_fields *io_fields,
		       const struct kai_reissue *reissue)
{
	if (named_in(reissue, io_fields->title))
		return names_origin(cli, "title");
	if (named_in(reissue, io_fields->text))
		return names_origin(cli, "text");
	for (size_t i = 0; i < io_fields->count; i++)
		if (named_in(reissue, io_fields->values[i].value))
			return names_origin(cli, io_fields->values[i].name);
	return reissue->is ? kai_fields_set(cli, io_fields, FIELD, reissue->commitment) : 0;
}

/* Bytes of any kind; capital letters or not. */
static bool holds(struct kai_span content, const char *name)
{
	size_t len = strlen(name);

	for (size_t at = 0; at + len <= content.len; at++)
		if (strncasecmp((const char *)content.at + at, name, len) == 0)
			return true;
	return false;
}

int kai_reissue_parts(struct kai_cli *cli, const struct kai_draft *draft,
		      const struct kai_reissue *reissue)
{
	for (size_t i = 1; i < draft->parts_count; i++) {
		const struct kai_draft_part *part = &draft->parts[i];

		for (size_t k = 0; k < reissue->name_count; k++)
			if (holds(part->name, reissue->names[k]) ||
			    holds(part->media_type, reissue->names[k]) ||
			    holds(part->content, reissue->names[k]))
				return names_origin(cli, kai_cli_str(cli, part->name));
	}
	return 0;
}

/* ---- the opening ---- */

static char *folder_of(struct kai_cli *cli)
{
	return kai_cli_text(cli, "%s/openings", cli->dir);
}

static char *opening_path(struct kai_cli *cli, const char *folder, const char *commitment)
{
	return kai_cli_text(cli, "%s/%s.json", folder, commitment);
}

int kai_reissue_keep(struct kai_cli *cli, const struct kai_reissue *reissue)
{
	char id[KAI_ID_TEXT];
	char salt[KAI_ID_TEXT];
	char at[KAI_TIME_TEXT];

	if (!reissue->is || kai_opt_is(cli, "dry-run"))
		return 0;
	const char *folder = folder_of(cli);

	/* who may ask the node need not be its user */
	if ((mkdir(folder, 0700) != 0 && errno != EEXIST) || access(folder, W_OK | X_OK) != 0)
		return kai_cli_fail(cli, KAI_EXIT_REFUSED,
				    T("%s: %s (run this as the user of the node)"), folder,
				    strerror(errno));
	kai_id_text(reissue->id, id);
	kai_id_text(reissue->salt, salt);
	kai_time_text(kai_cli_now(), at);
	return kai_cli_write(
		cli, opening_path(cli, folder, reissue->commitment),
		kai_span_str(kai_cli_text(cli,
					  "{\"commitment\": \"%s\",\n \"id\": \"%s\",\n "
					  "\"salt\": \"%s\",\n \"made_at\": \"%s\"}\n",
					  reissue->commitment, id, salt, at)),
		0600);
}

static bool read_id(const json_t *top, const char *key, uint8_t ret[KAI_ID_LEN])
{
	const char *text = json_string_value(json_object_get(top, key));

	return text != NULL && kai_base32_parse(text, ret, KAI_ID_LEN);
}

/* The id in an opening, if it opens this commitment. */
static bool opens(struct kai_span text, const uint8_t realm[KAI_REALM_LEN],
		  const uint8_t commitment[KAI_ID_LEN], uint8_t ret[KAI_ID_LEN])
{
	json_t *top = json_loadb((const char *)text.at, text.len, JSON_REJECT_DUPLICATES, NULL);
	uint8_t salt[KAI_ID_LEN];
	uint8_t id[KAI_ID_LEN];
	uint8_t got[KAI_ID_LEN];
	bool good = read_id(top, "id", id) && read_id(top, "salt", salt);

	json_decref(top);
	if (!good)
		return false;
	kai_source_commit(realm, salt, id, got);
	if (!kai_id_equal(got, commitment))
		return false;
	memcpy(ret, id, KAI_ID_LEN);
	return true;
}

/* The nth commitment of an item; false: it has no more. */
static bool commitment_of(struct kai_cli *cli, const struct kai_loaded *item, size_t nth,
			  char **ret_text, uint8_t ret[KAI_ID_LEN])
{
	for (size_t i = 0; item->has_body && i < item->body.values_count; i++) {
		const struct kai_body_value *value = &item->body.values[i];

		if (!kai_span_equal(value->name, kai_span_str(FIELD)) || nth-- > 0)
			continue;
		*ret_text = kai_cli_str(cli, value->value);
		return kai_base32_parse(*ret_text, ret, KAI_ID_LEN);
	}
	return false;
}

int kai_reissue_open(struct kai_cli *cli, const struct kai_loaded *item, const char *path,
		     uint8_t ret[KAI_ID_LEN])
{
	struct stat stat_of;
	bool folder = stat(path, &stat_of) == 0 && S_ISDIR(stat_of.st_mode);
	uint8_t commitment[KAI_ID_LEN];
	int exit = KAI_EXIT_NOTHING;
	char *text = NULL;

	for (size_t nth = 0; commitment_of(cli, item, nth, &text, commitment); nth++) {
		const char *file = folder ? opening_path(cli, path, text) : path;
		struct kai_span bytes;

		if (folder && stat(file, &stat_of) != 0)
			continue;
		exit = kai_cli_read(cli, file, OPENING_MAX, &bytes);
		if (exit != 0)
			return exit;
		if (opens(bytes, item->facts.header.realm, commitment, ret))
			return 0;
		exit = KAI_EXIT_REFUSED;
	}
	if (exit == KAI_EXIT_REFUSED)
		return kai_cli_fail(cli, exit, T("%s: does not open what this was made from"),
				    path);
	return kai_cli_fail(cli, exit,
			    text == NULL ? T("%s: the advisory does not say that it was made from "
					     "another one")
					 : T("%s: no opening of this advisory is there"),
			    path);
}

bool kai_reissue_own(struct kai_cli *cli, const struct kai_loaded *item, size_t nth,
		     uint8_t ret[KAI_ID_LEN])
{
	uint8_t commitment[KAI_ID_LEN];
	struct kai_span bytes;
	struct stat stat_of;
	char *text;

	if (cli->dir[0] == '\0' || !commitment_of(cli, item, nth, &text, commitment))
		return false;
	char *file = opening_path(cli, folder_of(cli), text);

	return stat(file, &stat_of) == 0 && kai_cli_read(cli, file, OPENING_MAX, &bytes) == 0 &&
	       opens(bytes, item->facts.header.realm, commitment, ret);
}

int kai_reissue_again(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item,
		      const struct kai_draft *draft, struct kai_reissue *ret)
{
	bool anonymous = item->facts.header.label.attribution == KAI_ATTR_NONE;
	uint8_t commitment[KAI_ID_LEN];
	int exit = 0;
	char *text;

	*ret = (struct kai_reissue){.anonymous = anonymous};
	for (size_t nth = 0; exit == 0 && commitment_of(cli, item, nth, &text, commitment); nth++) {
		struct kai_loaded *source = kai_cli_take(cli, sizeof(*source));
		uint8_t id[KAI_ID_LEN];
		uint64_t arrival;

		if (!kai_reissue_own(cli, item, nth, id) || !kai_rec_arrival(txn, id, &arrival) ||
		    !kai_item_load(cli, txn, arrival, false, source))
			continue;
		exit = check_header(cli, txn, source, anonymous, draft);
		if (anonymous)
			gather_names(cli, txn, source, ret);
	}
	return exit;
}
