/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Editions and anonymised re-issues: an advisory of ours made from another one, of which its readers learn nothing but
 * a salted commitment. The opening (which advisory, and the salt) stays in DIR/openings, for whoever is to check it
 * later. What may pass is decided by the new advisory's own label. Everything lies in the arena. One thread.
 */
#ifndef KAIRAN_REISSUE_H
#define KAIRAN_REISSUE_H

#include "compose.h"
#include "item.h"

#define KAI_REISSUE_NAMES 32

struct kai_reissue {
	bool is;
	bool anonymous;
	uint8_t id[KAI_ID_LEN];
	uint8_t salt[KAI_ID_LEN];
	char commitment[KAI_ID_TEXT];
	const char *names[KAI_REISSUE_NAMES]; /* that must not stand in it */
	size_t name_count;
};

/*
 * --made-from ID or --anonymise ID: finds it, and starts from its fields where the kind is the same. The draft's incident
 * and references stand already: they must not lead to it. Exit code.
 */
int kai_reissue_begin(struct kai_cli *cli, struct kai_txn *txn, struct kai_fields *io_fields,
		      struct kai_draft *io_draft, struct kai_reissue *ret);
/* A revision of one, as far as our openings say what it was made from: the same must not stand in it. Exit code. */
int kai_reissue_again(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *item,
		      const struct kai_draft *draft, struct kai_reissue *ret);
/* Adds the commitment to fields that are complete; anonymous: refuses those that name the origin. Exit code. */
int kai_reissue_fields(struct kai_cli *cli, struct kai_fields *io_fields,
		       const struct kai_reissue *reissue);
/* The same for the parts beside main. Exit code. */
int kai_reissue_parts(struct kai_cli *cli, const struct kai_draft *draft,
		      const struct kai_reissue *reissue);
/* Keeps the opening, before anything is published. Exit code. */
int kai_reissue_keep(struct kai_cli *cli, const struct kai_reissue *reissue);

/*
 * The advisory that one was made from, by an opening: path is its file, or a folder of such. 0; KAI_EXIT_NOTHING when
 * the advisory carries no commitment or no opening is there; KAI_EXIT_REFUSED when it does not fit.
 */
int kai_reissue_open(struct kai_cli *cli, const struct kai_loaded *item, const char *path,
		     uint8_t ret[KAI_ID_LEN]);
/* The same from our own folder, the nth of those that it carries, without a word; false: none. */
bool kai_reissue_own(struct kai_cli *cli, const struct kai_loaded *item, size_t nth,
		     uint8_t ret[KAI_ID_LEN]);

#endif
