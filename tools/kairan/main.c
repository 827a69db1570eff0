/* SPDX-License-Identifier: Apache-2.0 */
/* kairan: everything that people and scripts do with a node. */
#include <langinfo.h>
#include <libconfig.h>
#include <locale.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verbs.h"
#include "view.h"

/* Address space only: pages cost when they are used. */
#define ARENA_BYTES ((size_t)1 << 30)

static void pick_locale(void)
{
	if (setlocale(LC_CTYPE, "") == NULL || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		(void)setlocale(LC_CTYPE, "C.UTF-8");
}

/* The locale's string, whether or not the locale is generated here. */
static enum kai_lang env_lang(void)
{
	static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *value = getenv(names[i]);

		if (value != NULL && value[0] != '\0')
			return strncmp(value, "ja", 2) == 0 ? KAI_LANG_JA : KAI_LANG_EN;
	}
	return KAI_LANG_EN;
}

static enum kai_lang config_lang(const char *dir, enum kai_lang otherwise)
{
	char path[KAI_PATH_SIZE];
	config_t config;
	const char *lang = NULL;
	enum kai_lang found = otherwise;

	if (kai_path(path, dir, "kairan.conf", NULL) != KAI_ERR_OK || access(path, R_OK) != 0)
		return otherwise;
	config_init(&config);
	if (config_read_file(&config, path) == CONFIG_TRUE &&
	    config_lookup_string(&config, "lang", &lang) == CONFIG_TRUE)
		found = strcmp(lang, "ja") == 0 ? KAI_LANG_JA : KAI_LANG_EN;
	config_destroy(&config);
	return found;
}

/* /var/lib/kairan only when it is ours. */
static bool own_dir(const char *path)
{
	struct stat stat_of;

	return stat(path, &stat_of) == 0 && S_ISDIR(stat_of.st_mode) && stat_of.st_uid == geteuid();
}

static int pick_dir(struct kai_cli *cli)
{
	static const char system_dir[] = "/var/lib/kairan";
	const char *dir = kai_opt_value(cli, "dir");
	const char *home = getenv("XDG_DATA_HOME");

	if (dir == NULL)
		dir = getenv("KAIRAN_DIR");
	if ((dir == NULL || dir[0] == '\0') && own_dir(system_dir))
		dir = system_dir;
	if ((dir == NULL || dir[0] == '\0') && home != NULL && home[0] != '\0')
		dir = kai_cli_text(cli, "%s/kairan", home);
	home = getenv("HOME");
	if ((dir == NULL || dir[0] == '\0') && home != NULL)
		dir = kai_cli_text(cli, "%s/.local/share/kairan", home);
	if (dir == NULL || dir[0] == '\0')
		return kai_cli_fail(cli, KAI_EXIT_USAGE,
				    T("no data directory (name one: --dir DIR)"));
	if (strlen(dir) >= sizeof(cli->dir))
		return kai_cli_fail(cli, KAI_EXIT_USAGE, T("--dir: too long"));
	memcpy(cli->dir, dir, strlen(dir) + 1);
	return 0;
}

/* What the build writes into manual pages and completion. */
static bool print_for_build(const char *option, FILE *out)
{
	static const struct {
		const char *option;
		void (*print)(FILE *out);
	} printers[] = {
		{"--mdoc", kai_manual_verbs},
		{"--mdoc-terms", kai_manual_terms},
		{"--completion", kai_manual_completion},
	};

	for (size_t i = 0; i < sizeof(printers) / sizeof(*printers); i++) {
		if (strcmp(printers[i].option, option) == 0) {
			printers[i].print(out);
			return true;
		}
	}
	return false;
}

static int run(struct kai_cli *cli, int argc, char **argv)
{
	if (argc == 2 && print_for_build(argv[1], cli->out))
		return KAI_EXIT_DONE;
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		(void)fprintf(cli->out, "kairan " KAIRAN_VERSION "\n");
		return KAI_EXIT_DONE;
	}
	int exit = kai_args_parse(cli, argc, argv);

	if (exit >= 0)
		return exit;
	exit = pick_dir(cli);
	if (exit != 0)
		return exit;
	if (!kai_opt_is(cli, "lang"))
		cli->lang = config_lang(cli->dir, cli->lang);
	exit = kai_cli_realm(cli);
	return exit != 0 ? exit : cli->verb->run(cli);
}

int main(int argc, char **argv)
{
	static struct kai_cli cli;

	cli.out = stdout;
	cli.err = stderr;
	cli.renderer = &kai_render_table;
	cli.lang = env_lang();
	pick_locale();
	if (sodium_init() < 0) {
		(void)fprintf(stderr, "kairan: libsodium does not start\n");
		return KAI_EXIT_REFUSED;
	}
	void *memory = mmap(NULL, ARENA_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED) {
		(void)fprintf(stderr, "kairan: out of memory\n");
		return KAI_EXIT_REFUSED;
	}
	cli.arena = (struct kai_arena){.at = memory, .cap = ARENA_BYTES};
	cli.tty = isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
	cli.color = isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == NULL;
	int exit = run(&cli, argc, argv);

	kai_cli_done(&cli);
	if (fflush(stdout) != 0 && exit == KAI_EXIT_DONE)
		exit = KAI_EXIT_REFUSED;
	(void)munmap(memory, ARENA_BYTES);
	return exit;
}
