/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_calls.h"
#include "kairan/label.h"

enum setting_type {
	SETTING_NUMBER,
	SETTING_REAL,
	SETTING_WORD,
	SETTING_TEXT,
	SETTING_ENDPOINTS,
	SETTING_COMMAND,
	SETTING_PEOPLE
};

struct setting {
	const char *name; /* with its group: "log.level" */
	enum setting_type type;
	bool live;	   /* SIGHUP is enough */
	const char *words; /* SETTING_WORD: separated by '|', in the order of their values */
	int64_t min;
	int64_t max;
	int64_t standard; /* default */
	size_t offset;
	size_t size;
	const char *doc;
};

#define AT(member) offsetof(struct kai_config, member), sizeof(((struct kai_config *)NULL)->member)

static const struct setting settings[] = {
	{"listen", SETTING_ENDPOINTS, false, NULL, 0, KAI_MAX_LISTEN, 0, AT(listen),
	 "where to listen: [\"tcp://ADDR:PORT\", ...]; empty: only dial"},
	{"store.quota_bytes", SETTING_NUMBER, false, NULL, 0, INT64_MAX >> 1, 0,
	 AT(store_quota_bytes), "largest size of the store; 0: what the disk holds"},
	{"log.level", SETTING_WORD, true, "error|warning|info|debug", 0, 3, KAI_LOG_INFO,
	 AT(log_level), "what is worth a line"},
	{"log.format", SETTING_WORD, true, "lines|json", 0, 1, 0, AT(log_format),
	 "how a line looks"},
	{"lang", SETTING_WORD, true, "locale|en|ja", 0, 2, 0, AT(lang),
	 "of the command line's tables and messages; the log is English"},
	{"lab.clock_scale", SETTING_REAL, false, NULL, 1, 100000, 1, AT(lab_clock_scale),
	 "how much faster time runs; only where lab made the directory"},
	{"lab.clock_from", SETTING_NUMBER, false, NULL, 0, 4102444800, 0, AT(lab_clock_from_s),
	 "when the faster time began, in seconds since 1970; 0: at the node's start"},
	{"lab.clock_offset", SETTING_NUMBER, false, NULL, -3153600000, 3153600000, 0,
	 AT(lab_clock_offset_s), "seconds added to the time; only where lab made the directory"},
	{"lab.cut", SETTING_TEXT, true, NULL, 0, KAI_MAX_CUT, 0, AT(lab_cut),
	 "partners with whom no link is held, by alias; only where lab made the directory"},
#define LADDER(word, urgency, delivered, received, deputy, deputy2, decider)                       \
	{"escalation." word "_delivered_s",                                                        \
	 SETTING_NUMBER,                                                                           \
	 false,                                                                                    \
	 NULL,                                                                                     \
	 0,                                                                                        \
	 31536000,                                                                                 \
	 (delivered),                                                                              \
	 AT(patience[(urgency)-1].delivered_s),                                                    \
	 "urgency " word ": at a partner by then, in seconds; 0: no partner is called about it"},  \
		{"escalation." word "_received_s",                                                 \
		 SETTING_NUMBER,                                                                   \
		 false,                                                                            \
		 NULL,                                                                             \
		 0,                                                                                \
		 31536000,                                                                         \
		 (received),                                                                       \
		 AT(patience[(urgency)-1].received_s),                                             \
		 "urgency " word ": somebody says by then that he has it, where no agreement "     \
		 "says when; 0: not asked"},                                                       \
		{"escalation." word "_deputy_s",                                                   \
		 SETTING_NUMBER,                                                                   \
		 false,                                                                            \
		 NULL,                                                                             \
		 0,                                                                                \
		 31536000,                                                                         \
		 (deputy),                                                                         \
		 AT(patience[(urgency)-1].deputy_s),                                               \
		 "urgency " word ": the first deputy is called so long after that; 0: never"},     \
		{"escalation." word "_deputy2_s",                                                  \
		 SETTING_NUMBER,                                                                   \
		 false,                                                                            \
		 NULL,                                                                             \
		 0,                                                                                \
		 31536000,                                                                         \
		 (deputy2),                                                                        \
		 AT(patience[(urgency)-1].deputy2_s),                                              \
		 "urgency " word ": the second deputy is called so long after that; 0: never"},    \
	{                                                                                          \
		"escalation." word "_decider_s", SETTING_NUMBER, false, NULL, 0, 31536000,         \
			(decider), AT(patience[(urgency)-1].decider_s),                            \
			"urgency " word                                                            \
			": the decider is called so long after the item came; 0: never"            \
	}
	LADDER("now", KAI_URGENCY_NOW, 60, 900, 900, 1800, 2700),
	LADDER("today", KAI_URGENCY_TODAY, 600, 14400, 14400, 0, 0),
	LADDER("info", KAI_URGENCY_INFO, 86400, 0, 0, 0, 0),
#undef LADDER
	{"people", SETTING_PEOPLE, false, NULL, 0, KAI_MAX_PEOPLE, 0, AT(people),
	 "whom of this organisation to call: ( { role = \"duty\"; name; first; second; hours; }, "
	 "... ); roles are duty, deputy, decider; without it, as agreements name them"},
	{"hook.command", SETTING_COMMAND, false, NULL, 0, KAI_MAX_ARGUMENTS, 0, AT(hook),
	 "the program that is run for each call, and its arguments: [\"/path\", ...]; empty: none"},
	{"hook.ceiling", SETTING_WORD, false, "none|RED|AMBER+STRICT|AMBER|GREEN|CLEAR", 0, 5, 0,
	 AT(hook_ceiling), "the most restricted label that the program may have of an item"},
	{"hook.timeout_s", SETTING_NUMBER, false, NULL, 1, 3600, 30, AT(hook_timeout_s),
	 "how long it may run before it is killed"},
	{"hook.at_once", SETTING_NUMBER, false, NULL, 1, 16, 4, AT(hook_at_once),
	 "how many may run at once"},
#define X(name, value, unit)                                                                       \
	{"quota." #name,                                                                           \
	 SETTING_NUMBER,                                                                           \
	 false,                                                                                    \
	 NULL,                                                                                     \
	 1,                                                                                        \
	 INT64_MAX >> 1,                                                                           \
	 (value),                                                                                  \
	 AT(quota.name),                                                                           \
	 "what one peer may cost: " unit},
	KAI_X_QUOTA(X)
#undef X
};

#define SETTING_COUNT (sizeof(settings) / sizeof(settings[0]))
#define PATH_SIZE 128

static void put_number(struct kai_config *config, const struct setting *setting, int64_t value)
{
	memcpy((char *)config + setting->offset, &value, sizeof(value));
}

void kai_config_defaults(struct kai_config *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		double real = (double)settings[i].standard;

		switch (settings[i].type) {
		case SETTING_NUMBER:
		case SETTING_WORD:
			put_number(ret, &settings[i], settings[i].standard);
			break;
		case SETTING_REAL:
			memcpy((char *)ret + settings[i].offset, &real, sizeof(real));
			break;
		case SETTING_TEXT:
		case SETTING_ENDPOINTS:
		case SETTING_COMMAND:
		case SETTING_PEOPLE: /* none */
			break;
		}
	}
}

/* Edit distance of two short names (Wagner and Fischer 1974), in two rows. */
static size_t distance(const char *a, const char *b)
{
	size_t row[PATH_SIZE];
	size_t b_len = strnlen(b, PATH_SIZE - 1);

	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; *a != '\0'; a++, i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t best = corner + (*a != b[j - 1]);

			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			corner = row[j];
			row[j] = best;
		}
	}
	return row[b_len];
}

/* Somebody who forgot the group, or typed it wrong, means the last word. */
static const char *nearest(const char *path)
{
	const char *best = settings[0].name;
	size_t best_distance = SIZE_MAX;

	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const char *dot = strchr(settings[i].name, '.');
		size_t far = distance(path, settings[i].name);

		if (dot != NULL && strchr(path, '.') == NULL && distance(path, dot + 1) < far)
			far = distance(path, dot + 1);
		if (far < best_distance) {
			best_distance = far;
			best = settings[i].name;
		}
	}
	return best;
}

struct reader {
	const char *file;
	struct kai_config *config;
	struct kai_why *why;
};

static enum kai_err wrong(const struct reader *reader, const config_setting_t *at, const char *name,
			  const char *what)
{
	const char *file = config_setting_source_file(at);

	return kai_fail(reader->why, KAI_ERR_INVALID, "%.200s:%u: '%.100s' %s",
			file != NULL ? file : reader->file,
			(unsigned)config_setting_source_line(at), name, what);
}

static enum kai_err read_number(const struct reader *reader, const config_setting_t *at,
				const struct setting *setting)
{
	char what[160];
	int type = config_setting_type(at);
	int64_t value = config_setting_get_int64(at);

	if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
		return wrong(reader, at, setting->name, "must be a whole number");
	if (value < setting->min || value > setting->max) {
		(void)snprintf(what, sizeof(what), "must lie between %lld and %lld",
			       (long long)setting->min, (long long)setting->max);
		return wrong(reader, at, setting->name, what);
	}
	put_number(reader->config, setting, value);
	return KAI_ERR_OK;
}

static enum kai_err read_real(const struct reader *reader, const config_setting_t *at,
			      const struct setting *setting)
{
	char what[160];
	int type = config_setting_type(at);
	double value = type == CONFIG_TYPE_FLOAT ? config_setting_get_float(at)
						 : (double)config_setting_get_int64(at);

	if (type != CONFIG_TYPE_FLOAT && type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
		return wrong(reader, at, setting->name, "must be a number");
	if (!(value >= (double)setting->min && value <= (double)setting->max)) {
		(void)snprintf(what, sizeof(what), "must lie between %lld and %lld",
			       (long long)setting->min, (long long)setting->max);
		return wrong(reader, at, setting->name, what);
	}
	memcpy((char *)reader->config + setting->offset, &value, sizeof(value));
	return KAI_ERR_OK;
}

static enum kai_err read_word(const struct reader *reader, const config_setting_t *at,
			      const struct setting *setting)
{
	char what[160];
	const char *text = config_setting_get_string(at);
	const char *word = setting->words;

	for (int64_t value = 0; text != NULL && word != NULL; value++) {
		size_t len = strcspn(word, "|");

		if (strlen(text) == len && strncmp(text, word, len) == 0) {
			put_number(reader->config, setting, value);
			return KAI_ERR_OK;
		}
		word = word[len] == '|' ? word + len + 1 : NULL;
	}
	(void)snprintf(what, sizeof(what), "must be one of \"%s\"", setting->words);
	return wrong(reader, at, setting->name, what);
}

static enum kai_err read_text(const struct reader *reader, const config_setting_t *at,
			      const struct setting *setting)
{
	const char *text = config_setting_get_string(at);
	char what[160];

	if (text == NULL || strlen(text) > (size_t)setting->max) {
		(void)snprintf(what, sizeof(what), "must be a text of at most %lld bytes",
			       (long long)setting->max);
		return wrong(reader, at, setting->name, what);
	}
	memcpy((char *)reader->config + setting->offset, text, strlen(text) + 1);
	return KAI_ERR_OK;
}

static bool endpoint_ok(const char *text)
{
	const char *port = text == NULL ? NULL : strrchr(text, ':');
	char *end;

	if (port == NULL || strncmp(text, "tcp://", strlen("tcp://")) != 0 ||
	    port < text + strlen("tcp://") + 1 || port[1] < '0' || port[1] > '9' ||
	    strlen(text) > KAI_MAX_ENDPOINT)
		return false;
	long number = strtol(port + 1, &end, 10);

	return *end == '\0' && number >= 1 && number <= 65535;
}

static enum kai_err read_endpoints(const struct reader *reader, config_setting_t *at,
				   const struct setting *setting)
{
	struct kai_config *config = reader->config;
	const char *single = config_setting_get_string(at);
	int count = single != NULL ? 1 : config_setting_length(at);

	if ((config_setting_is_scalar(at) && single == NULL) || config_setting_is_group(at) ||
	    count > (int)setting->max)
		return wrong(reader, at, setting->name,
			     "must be an endpoint or a list of at most 8 endpoints");
	for (int i = 0; i < count; i++) {
		const char *text = single != NULL ? single : config_setting_get_string_elem(at, i);

		if (!endpoint_ok(text))
			return wrong(reader, at, setting->name,
				     "must hold endpoints like \"tcp://192.0.2.1:7700\"");
		(void)snprintf(config->listen[i], sizeof(config->listen[i]), "%s", text);
	}
	config->listen_count = (size_t)count;
	return KAI_ERR_OK;
}

/* What it says is wrong; NULL: read. */
static enum kai_err said(const struct reader *reader, const config_setting_t *at,
			 const struct setting *setting, const char *what)
{
	return what == NULL ? KAI_ERR_OK : wrong(reader, at, setting->name, what);
}

static enum kai_err check_patience(const struct reader *reader)
{
	for (uint64_t urgency = KAI_URGENCY_NOW; urgency <= KAI_URGENCY_INFO; urgency++) {
		const char *why = kai_patience_wrong(&reader->config->patience[urgency - 1]);

		if (why != NULL)
			return kai_fail(reader->why, KAI_ERR_INVALID, "%.200s: escalation.%s_%s",
					reader->file, kai_urgency_word(urgency), why);
	}
	return KAI_ERR_OK;
}

static enum kai_err read_setting(const struct reader *reader, config_setting_t *at,
				 const char *path)
{
	char what[256];

	for (size_t i = 0; i < SETTING_COUNT; i++) {
		if (strcmp(settings[i].name, path) != 0)
			continue;
		switch (settings[i].type) {
		case SETTING_NUMBER:
			return read_number(reader, at, &settings[i]);
		case SETTING_REAL:
			return read_real(reader, at, &settings[i]);
		case SETTING_WORD:
			return read_word(reader, at, &settings[i]);
		case SETTING_TEXT:
			return read_text(reader, at, &settings[i]);
		case SETTING_ENDPOINTS:
			return read_endpoints(reader, at, &settings[i]);
		case SETTING_COMMAND:
			return said(reader, at, &settings[i],
				    kai_config_command(at, reader->config));
		case SETTING_PEOPLE:
			return said(reader, at, &settings[i],
				    kai_config_people(at, reader->config));
		}
	}
	const char *file = config_setting_source_file(at);

	(void)snprintf(what, sizeof(what), "unknown setting '%.100s' (did you mean '%s'?)", path,
		       nearest(path));
	return kai_fail(reader->why, KAI_ERR_INVALID, "%.200s:%u: %s",
			file != NULL ? file : reader->file,
			(unsigned)config_setting_source_line(at), what);
}

static bool is_group_name(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < SETTING_COUNT; i++)
		if (strncmp(settings[i].name, name, len) == 0 && settings[i].name[len] == '.')
			return true;
	return false;
}

static enum kai_err read_group(const struct reader *reader, config_setting_t *group)
{
	const char *name = config_setting_name(group);
	enum kai_err err = KAI_ERR_OK;

	for (int i = 0; err == KAI_ERR_OK && i < config_setting_length(group); i++) {
		config_setting_t *at = config_setting_get_elem(group, (unsigned)i);
		char path[PATH_SIZE];

		(void)snprintf(path, sizeof(path), "%s.%s", name, config_setting_name(at));
		err = read_setting(reader, at, path);
	}
	return err;
}

static enum kai_err read_root(const struct reader *reader, config_setting_t *root)
{
	enum kai_err err = KAI_ERR_OK;

	for (int i = 0; err == KAI_ERR_OK && i < config_setting_length(root); i++) {
		config_setting_t *at = config_setting_get_elem(root, (unsigned)i);
		const char *name = config_setting_name(at);

		if (config_setting_is_group(at) && is_group_name(name))
			err = read_group(reader, at);
		else
			err = read_setting(reader, at, name);
	}
	return err;
}

enum kai_err kai_config_load(const char *path, struct kai_config *ret, struct kai_why *why)
{
	struct kai_config loaded;
	struct reader reader = {.file = path, .config = &loaded, .why = why};
	enum kai_err err;
	config_t file;

	if (access(path, R_OK) != 0)
		return kai_fail(why,
				errno == ENOENT	  ? KAI_ERR_NOTFOUND
				: errno == EACCES ? KAI_ERR_DENIED
						  : KAI_ERR_IO,
				"%.300s: %s (kairan init writes one)", path, strerror(errno));
	kai_config_defaults(&loaded);
	config_init(&file);
	if (config_read_file(&file, path) == CONFIG_TRUE)
		err = read_root(&reader, config_root_setting(&file));
	else
		err = kai_fail(why, KAI_ERR_INVALID, "%.200s:%d: %.100s",
			       config_error_file(&file) != NULL ? config_error_file(&file) : path,
			       config_error_line(&file), config_error_text(&file));
	config_destroy(&file);
	if (err == KAI_ERR_OK)
		err = check_patience(&reader);
	if (err == KAI_ERR_OK)
		*ret = loaded;
	return err;
}

const char *kai_config_needs_restart(const struct kai_config *old, const struct kai_config *now)
{
	for (size_t i = 0; i < SETTING_COUNT; i++)
		if (!settings[i].live &&
		    memcmp((const char *)old + settings[i].offset,
			   (const char *)now + settings[i].offset, settings[i].size) != 0)
			return settings[i].name;
	return NULL;
}

/* Where the default stands in the words; it goes on to their end. */
static const char *standard_word(const struct setting *setting)
{
	const char *word = setting->words;

	for (int64_t i = 0; i < setting->standard; i++)
		word += strcspn(word, "|") + 1;
	return word;
}

static void print_range(FILE *to, const struct setting *setting)
{
	const char *word;

	switch (setting->type) {
	case SETTING_NUMBER:
	case SETTING_REAL:
		(void)fprintf(to, "A number from %lld to %lld, default %lld.\n",
			      (long long)setting->min, (long long)setting->max,
			      (long long)setting->standard);
		break;
	case SETTING_WORD:
		word = standard_word(setting);
		(void)fprintf(to, "One of %s; default %.*s.\n", setting->words,
			      (int)strcspn(word, "|"), word);
		break;
	case SETTING_TEXT:
		(void)fprintf(to, "A text of at most %lld bytes.\n", (long long)setting->max);
		break;
	case SETTING_ENDPOINTS:
	case SETTING_COMMAND:
	case SETTING_PEOPLE:
		(void)fprintf(to, "At most %lld.\n", (long long)setting->max);
		break;
	}
}

void kai_config_print_mdoc(FILE *to)
{
	(void)fprintf(to, ".Bl -tag -width Ds\n");
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const struct setting *setting = &settings[i];

		(void)fprintf(to, ".It Ic %s\n%c%s.\n", setting->name, (toupper)(setting->doc[0]),
			      setting->doc + 1);
		print_range(to, setting);
		(void)fprintf(to, "%s\n",
			      setting->live ? "Read again on SIGHUP."
					    : "Counts at the next start.");
	}
	(void)fprintf(to, ".El\n");
}

void kai_config_print_schema(FILE *to)
{
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const struct setting *setting = &settings[i];

		switch (setting->type) {
		case SETTING_NUMBER:
		case SETTING_REAL:
			(void)fprintf(to, "  %-30s %lld..%lld, default %lld\n", setting->name,
				      (long long)setting->min, (long long)setting->max,
				      (long long)setting->standard);
			break;
		case SETTING_WORD:
			(void)fprintf(to, "  %-30s %s\n", setting->name, setting->words);
			break;
		case SETTING_TEXT:
			(void)fprintf(to, "  %-30s a text\n", setting->name);
			break;
		case SETTING_ENDPOINTS:
		case SETTING_COMMAND:
		case SETTING_PEOPLE:
			(void)fprintf(to, "  %-30s a list\n", setting->name);
			break;
		}
		(void)fprintf(to, "      %s\n", setting->doc);
	}
}
