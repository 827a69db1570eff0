/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a draft of an advisory from options, a JSON file and, on a terminal, a dialogue; keeping
 * it on disk while it is on its way; telling who gets it. Everything lies in the arena.
 */
#ifndef KAIRAN_COMPOSE_H
#define KAIRAN_COMPOSE_H

#include "cli.h"

/* A body under construction: values by field name, several for fields that may stand often. */
struct kai_fields {
	const struct kai_kind_row *row;
	const char *title;
	const char *text;
	struct {
		const char *name;
		const char *value;
	} values[128];
	size_t count;
};

/* Adds one FIELD=VALUE, title and text included; exit code with the nearest field. */
int kai_fields_set(struct kai_cli *cli, struct kai_fields *fields, const char *name,
		   const char *value);
/* --from, --set, then the dialogue or the error that lists what is missing. */
int kai_fields_read(struct kai_cli *cli, struct kai_fields *fields);
/* Canonical forms, order, check; the encoded body. Exit code. */
int kai_fields_encode(struct kai_cli *cli, const struct kai_fields *fields, struct kai_span *ret);
/* Everything of a body that is here already, as a start for a revision. */
void kai_fields_from(struct kai_cli *cli, struct kai_fields *fields, const struct kai_body *body);

/* Label options onto a label: --tlp, --audience, --onward, --gov-share. */
int kai_label_options(struct kai_cli *cli, struct kai_txn *txn, bool need_tlp,
		      struct kai_label *io_label);
/* --part NAME:TLP[:MEDIA]=FILE options after main; exit code. */
int kai_parts_options(struct kai_cli *cli, struct kai_draft *io_draft);
/* --urgency, --valid, --sector, --text-lang */
int kai_draft_options(struct kai_cli *cli, struct kai_draft *io_draft);

/* Keeps the request in DIR/drafts, asks the node, shows the answer, removes the draft. */
int kai_publish(struct kai_cli *cli, const struct kai_object *object, const void *request);
/* Sends an encoded request that lies in the draft file; used by draft send. */
int kai_publish_draft(struct kai_cli *cli, const char *name, struct kai_span request);

#endif
