/* SPDX-License-Identifier: Apache-2.0 */
#include "preset.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "view.h"

#define PRESET_MAX ((size_t)128 * 1024)

/* Directories in which data files may lie, in this order. */
static const char *data_dir(struct kai_cli *cli, const char *kind, size_t index)
{
	const char *presets = getenv("KAIRAN_PRESETS");

	switch (index) {
	case 0:
		if (presets == NULL)
			return "";
		return strcmp(kind, "presets") == 0 ? presets
						    : kai_cli_text(cli, "%s/../%s", presets, kind);
	case 1:
		return kai_cli_text(cli, "%s/%s", KAIRAN_SOURCE_DATA, kind);
	case 2:
		return kai_cli_text(cli, "/usr/share/kairan/%s", kind);
	}
	return NULL;
}

char *kai_data_file(struct kai_cli *cli, const char *kind, const char *name)
{
	const char *dir;

	for (size_t i = 0; (dir = data_dir(cli, kind, i)) != NULL; i++) {
		char *path = kai_cli_text(cli, "%s/%s.conf", dir, name);

		if (dir[0] != '\0' && access(path, R_OK) == 0)
			return path;
	}
	return NULL;
}

static char *preset_names(struct kai_cli *cli)
{
	char *names = kai_cli_text(cli, "%s", "");
	const char *dir;

	for (size_t i = 0; names[0] == '\0' && (dir = data_dir(cli, "presets", i)) != NULL; i++) {
		struct dirent **list;
		int count = dir[0] != '\0' ? scandir(dir, &list, NULL, alphasort) : 0;

		for (int k = 0; k < count; k++) {
			char *dot = strstr(list[k]->d_name, ".conf");

			if (dot != NULL && dot != list[k]->d_name)
				names = kai_cli_text(cli, "%s%s%.*s", names, names[0] ? ", " : "",
						     (int)(dot - list[k]->d_name), list[k]->d_name);
			free(list[k]);
		}
		if (count > 0)
			free(list);
	}
	return names;
}

/* The rest of the line that begins with this comment; NULL when there is none. */
static char *comment_of(struct kai_cli *cli, const char *text, const char *word)
{
	const char *at = strstr(text, word);

	if (at == NULL)
		return NULL;
	at += strlen(word);
	return kai_cli_str(cli, kai_span(at, strcspn(at, "\r\n")));
}

int kai_preset_load(struct kai_cli *cli, const char *name, struct kai_preset *ret)
{
	bool plain = strchr(name, '/') == NULL;
	char *path = plain ? kai_data_file(cli, "presets", name) : kai_cli_text(cli, "%s", name);
	struct kai_span text;

	if (path == NULL)
		return kai_cli_fail(cli, KAI_EXIT_USAGE, T("--preset %s: there are %s"), name,
				    preset_names(cli));
	int exit = kai_cli_read(cli, path, PRESET_MAX, &text);

	if (exit != 0)
		return exit;
	ret->name = name;
	ret->text = kai_cli_str(cli, text);
	char *roles = comment_of(cli, ret->text, "# roles: ");
	char *comma = roles != NULL ? strstr(roles, ", ") : NULL;

	if (comma == NULL)
		return kai_cli_fail(cli, KAI_EXIT_USAGE, T("%s: has no line `# roles: A, B`"),
				    path);
	*comma = '\0';
	ret->roles[0] = roles;
	ret->roles[1] = comma + 2;
	return 0;
}

char *kai_preset_fill(struct kai_cli *cli, const char *text, const struct kai_place *places,
		      size_t count)
{
	char *out = kai_cli_text(cli, "%s", "");

	while (*text != '\0') {
		size_t plain = strcspn(text, "@");
		const struct kai_place *place = NULL;

		for (size_t i = 0; text[plain] == '@' && i < count; i++) {
			size_t len = strlen(places[i].name);

			if (strncmp(text + plain + 1, places[i].name, len) == 0 &&
			    text[plain + 1 + len] == '@')
				place = &places[i];
		}
		if (place == NULL && text[plain] == '@')
			plain++;
		out = kai_cli_text(cli, "%s%.*s%s", out, (int)plain, text,
				   place != NULL ? place->value : "");
		text += plain + (place != NULL ? strlen(place->name) + 2 : 0);
	}
	return out;
}
