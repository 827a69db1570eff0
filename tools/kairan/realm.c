/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --realm: a drill's own store in place of the live one, and a mark on every line that comes of it.
 * What a verb asks of the node then goes to the drill.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kairan/drill.h"
#include "realm.h"
#include "view.h"

#define WAIT_MS 50
#define WAITS 100

/* Verbs that there is something to do for in a drill. */
static const char *const verbs[] = {
	"ack",
	"attest",
	"check",
	"duty",
	"explain",
	"file",
	"import csaf",
	"inbox",
	"journal export",
	"journal list",
	"journal verify",
	"list",
	"peers",
	"release grant",
	"release refuse",
	"release request",
	"retract",
	"revise",
	"search",
	"show",
	"sign",
	"status",
	"thread",
	"verify",
	"watch",
	"who-knows",
};

static int allowed(struct kai_cli *cli)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (strcmp(verbs[i], cli->verb->name) == 0 && !kai_opt_is(cli, "screen"))
			return 0;
	return kai_cli_fail(cli, KAI_EXIT_USAGE, T("%s: not in a drill (leave out --realm)"),
			    cli->verb->name);
}

/* ---- which drill ---- */

bool kai_drill_next(struct kai_cli *cli, struct kai_txn *txn, struct kai_scan *scan,
		    struct kai_drill_held *ret)
{
	struct kai_span key;

	while (kai_scan_next(scan, &key, NULL)) {
		uint8_t realm[KAI_REALM_LEN];

		if (key.len != KAI_REALM_LEN)
			continue;
		memcpy(realm, key.at, KAI_REALM_LEN);
		if (kai_rec_drill(txn, realm, &cli->arena, ret))
			return true;
	}
	return false;
}

void kai_drill_scan(struct kai_txn *txn, struct kai_scan *ret)
{
	kai_scan_init(ret, txn, KAI_TABLE_DRILLS, kai_span(NULL, 0), kai_span(NULL, 0), false);
}

char *kai_realm_text(struct kai_cli *cli, const uint8_t realm[KAI_REALM_LEN])
{
	char *text = kai_cli_take(cli, KAI_REALM_TEXT);

	kai_base32(kai_span(realm, KAI_REALM_LEN), text, KAI_REALM_TEXT);
	return text;
}

/* Its name, or the beginning of its realm. */
static bool is_called(struct kai_cli *cli, const struct kai_drill *drill, const char *text)
{
	size_t len = strlen(text);

	return kai_span_equal(drill->name, kai_span_str(text)) ||
	       (len >= 8 && strncmp(kai_realm_text(cli, drill->realm), text, len) == 0);
}

int kai_drill_find(struct kai_cli *cli, struct kai_txn *txn, const char *text,
		   struct kai_drill_held *ret)
{
	struct kai_drill_held held;
	struct kai_scan scan;
	size_t found = 0;

	kai_drill_scan(txn, &scan);
	while (kai_drill_next(cli, txn, &scan, &held)) {
		if (!is_called(cli, &held.drill, text))
			continue;
		*ret = held;
		found++;
	}
	if (found == 1)
		return 0;
	if (found > 1)
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("%s: several drills are called so (give more of the realm: "
				      "kairan drill list)"),
				    text);
	return kai_cli_fail(cli, KAI_EXIT_NOTHING, T("%s: no such drill here (kairan drill list)"),
			    text);
}

/* ---- the mark ---- */

struct mark {
	FILE *to;
	const char *text;
	bool inside; /* a line has begun */
};

static ssize_t mark_write(void *cookie, const char *bytes, size_t len)
{
	struct mark *mark = cookie;

	for (size_t at = 0; at < len;) {
		const char *end = memchr(bytes + at, '\n', len - at);
		size_t piece = end != NULL ? (size_t)(end - (bytes + at)) + 1 : len - at;

		if (!mark->inside)
			(void)fputs(mark->text, mark->to);
		(void)fwrite(bytes + at, 1, piece, mark->to);
		mark->inside = end == NULL;
		at += piece;
	}
	return fflush(mark->to) == 0 ? (ssize_t)len : 0;
}

static FILE *marked(struct kai_cli *cli, FILE *to, int mode)
{
	static const cookie_io_functions_t functions = {.write = mark_write};
	struct mark *mark = kai_cli_take(cli, sizeof(*mark));

	*mark = (struct mark){.to = to, .text = kai_cli_text(cli, "%s", T("[EXERCISE] "))};
	FILE *file = fopencookie(mark, "w", functions);

	if (file == NULL)
		(void)kai_cli_fail(cli, KAI_EXIT_REFUSED, "--realm: %s", strerror(errno));
	else
		(void)setvbuf(file, NULL, mode, mode == _IONBF ? 0 : BUFSIZ);
	return file;
}

int kai_cli_mark_errors(struct kai_cli *cli)
{
	FILE *err = marked(cli, cli->err, _IONBF);

	if (err == NULL)
		return KAI_EXIT_REFUSED;
	cli->err = err;
	cli->err_marked = true;
	return 0;
}

/* JSON says so in a member instead (kai_realm_json). */
int kai_cli_mark(struct kai_cli *cli)
{
	int exit = kai_cli_mark_errors(cli);

	if (exit != 0 || kai_cli_json(cli))
		return exit;
	FILE *out = marked(cli, cli->out, _IOLBF);

	if (out == NULL)
		return KAI_EXIT_REFUSED;
	cli->out = out;
	cli->marked = true;
	return 0;
}

void kai_realm_json(struct kai_cli *cli, json_t *io_top)
{
	if (cli->drill == NULL)
		return;
	(void)json_object_set_new(io_top, "exercise",
				  json_string(kai_realm_text(cli, cli->drill->drill.realm)));
}

/* ---- opening ---- */

static enum kai_err try_own(struct kai_cli *cli, const struct kai_drill_held *held,
			    struct kai_store **ret, struct kai_why *why)
{
	struct kai_store_options options = {.read_only = true};
	struct kai_store *own = NULL;
	char *path = kai_cli_text(cli, "%s/" KAI_DRILLS_DIR "/%s", cli->dir,
				  kai_realm_text(cli, held->drill.realm));

	if (access(path, F_OK) != 0)
		return KAI_ERR_NOTFOUND;
	enum kai_err err = kai_store_open_lmdb(path, &options, &own, why);

	if (err == KAI_ERR_OK)
		err = kai_store_open_drill(cli->store, own, held->drill.realm, ret, why);
	if (err != KAI_ERR_OK)
		kai_store_close(own);
	return err;
}

/* The node makes it in the moment after it consented. */
static int open_own(struct kai_cli *cli, const struct kai_drill_held *held, bool consents)
{
	const struct timespec wait = {.tv_nsec = WAIT_MS * 1000000L};
	struct kai_store *store = NULL;
	struct kai_why why = {""};
	enum kai_err err = try_own(cli, held, &store, &why);

	for (int i = 0; i < WAITS && err != KAI_ERR_OK && consents; i++) {
		(void)nanosleep(&wait, NULL);
		err = try_own(cli, held, &store, &why);
	}
	if (err == KAI_ERR_NOTFOUND)
		return kai_cli_fail(cli, KAI_EXIT_NOTHING,
				    T("--realm: this node took no part in that drill"));
	if (err != KAI_ERR_OK)
		return kai_cli_err(cli, err, &why);
	cli->live = cli->store;
	cli->store = store;
	return 0;
}

int kai_cli_practise(struct kai_cli *cli, const char *text)
{
	struct kai_drill_held *held = kai_cli_take(cli, sizeof(*held));
	int exit = kai_cli_open(cli);
	struct kai_txn *txn = exit == 0 ? kai_cli_txn(cli) : NULL;

	if (txn == NULL)
		return exit != 0 ? exit : KAI_EXIT_REFUSED;
	exit = kai_drill_find(cli, txn, text, held);
	bool consents = exit == 0 && kai_drill_consents(txn, held, cli->org, &cli->arena) &&
			kai_drill_end(txn, held, &cli->arena) > (uint64_t)kai_cli_now().ms;

	kai_txn_abort(txn);
	if (exit == 0)
		exit = open_own(cli, held, consents);
	if (exit == 0)
		cli->drill = held;
	return exit;
}

int kai_cli_realm(struct kai_cli *cli)
{
	const char *realm = kai_opt_value(cli, "realm");
	int exit;

	if (realm == NULL || strcmp(realm, "live") == 0)
		return 0;
	exit = allowed(cli);
	if (exit == 0)
		exit = kai_cli_practise(cli, realm);
	return exit == 0 ? kai_cli_mark(cli) : exit;
}

const char *kai_realm_word(struct kai_cli *cli)
{
	return cli->drill == NULL ? KAI_CONFIRM_LIVE : kai_cli_str(cli, cli->drill->drill.word);
}
