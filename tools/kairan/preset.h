/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Presets: terms files with places to fill in, one per pair of roles, as data that people edit and
 * review. Role names appear nowhere but in them. Found in KAIRAN_PRESETS, beside the sources, or in
 * /usr/share/kairan/presets.
 */
#ifndef KAIRAN_PRESET_H
#define KAIRAN_PRESET_H

#include "cli.h"

struct kai_preset {
	const char *name;
	const char *text;
	const char *roles[2];
};

/* Exit code; says which presets there are when name is unknown. */
int kai_preset_load(struct kai_cli *cli, const char *name, struct kai_preset *ret);

struct kai_place {
	const char *name; /* "FIRST_ORG" for @FIRST_ORG@ */
	const char *value;
};
/* The text with every @NAME@ replaced; values stand inside quotes where the preset has them. */
char *kai_preset_fill(struct kai_cli *cli, const char *text, const struct kai_place *places,
		      size_t count);
/* A path in the first directory that has it; NULL. kind: "presets", "sectors". */
char *kai_data_file(struct kai_cli *cli, const char *kind, const char *name);

#endif
