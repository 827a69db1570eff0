/* SPDX-License-Identifier: Apache-2.0 */
#include "config_calls.h"

#include <string.h>

#include "kairan/text.h"

#define WORD_SIZE 128
#define DIGITS_OF(number) #number
#define DIGITS(name) DIGITS_OF(name)
#define MOST_ARGUMENTS DIGITS(KAI_MAX_ARGUMENTS)
#define LONGEST_ARGUMENT DIGITS(KAI_MAX_ARGUMENT)
#define MOST_PEOPLE DIGITS(KAI_MAX_PEOPLE)

const char *kai_config_command(config_setting_t *at, struct kai_config *config)
{
	int count = config_setting_is_aggregate(at) ? config_setting_length(at) : -1;

	if (count < 0 || config_setting_is_group(at) || count > KAI_MAX_ARGUMENTS)
		return "must be a list of at most " MOST_ARGUMENTS
		       " texts: [\"/path\", \"argument\"]";
	for (int i = 0; i < count; i++) {
		const char *text = config_setting_get_string_elem(at, i);

		if (text == NULL || strlen(text) > KAI_MAX_ARGUMENT || (i == 0 && text[0] != '/'))
			return i == 0 ? "must begin with the program's whole path"
				      : "must hold texts of at most " LONGEST_ARGUMENT " bytes";
		(void)snprintf(config->hook[i], sizeof(config->hook[i]), "%s", text);
	}
	config->hook_count = (size_t)count;
	return NULL;
}

/* One line about a person; false: missing, empty, too long, or not clean. */
static bool read_line(const config_setting_t *person, const char *name, bool needed, char *ret,
		      size_t cap)
{
	const char *text = "";

	if (config_setting_lookup_string(person, name, &text) != CONFIG_TRUE &&
	    (needed || config_setting_get_member(person, name) != NULL))
		return false;
	if ((needed && text[0] == '\0') || strlen(text) >= cap || strpbrk(text, "\n\t") != NULL ||
	    !kai_utf8_clean(kai_span_str(text)))
		return false;
	(void)snprintf(ret, cap, "%s", text);
	return true;
}

static const char *read_person(config_setting_t *at, struct kai_person *ret)
{
	static const char *const known = " role name first second hours ";
	char word[WORD_SIZE];

	if (!config_setting_is_group(at))
		return "must hold groups: { role = \"duty\"; ... }";
	for (int i = 0; i < config_setting_length(at); i++) {
		const char *name = config_setting_name(config_setting_get_elem(at, (unsigned)i));

		(void)snprintf(word, sizeof(word), " %s ", name);
		if (strstr(known, word) == NULL)
			return "knows role, name, first, second and hours";
	}
	if (!read_line(at, "role", true, ret->role, sizeof(ret->role)) ||
	    !read_line(at, "name", false, ret->name, sizeof(ret->name)) ||
	    !read_line(at, "first", true, ret->first, sizeof(ret->first)) ||
	    !read_line(at, "second", true, ret->second, sizeof(ret->second)) ||
	    !read_line(at, "hours", false, ret->hours, sizeof(ret->hours)))
		return "needs role, first and second, two ways to reach them, each a line";
	if (kai_hours_at(kai_span_str(ret->hours), (struct kai_wall){0}) == KAI_HOURS_UNREADABLE)
		return "has hours that cannot be read: \"24/7\", or \"Mo-Fr 09:00-17:30 +09:00\"";
	return NULL;
}

const char *kai_config_people(config_setting_t *at, struct kai_config *config)
{
	int count = config_setting_is_list(at) ? config_setting_length(at) : -1;
	const char *what = NULL;

	if (count < 0 || count > KAI_MAX_PEOPLE)
		return "must be a list of at most " MOST_PEOPLE " people";
	for (int i = 0; what == NULL && i < count; i++)
		what = read_person(config_setting_get_elem(at, (unsigned)i), &config->people[i]);
	config->people_count = (size_t)count;
	return what;
}

const char *kai_patience_wrong(const struct kai_patience *say)
{
	int64_t last = say->deputy2_s > say->deputy_s ? say->deputy2_s : say->deputy_s;

	if (say->received_s == 0)
		return say->deputy_s + say->deputy2_s + say->decider_s > 0
			       ? "received_s is 0: nobody may be called after it"
			       : NULL;
	if (say->delivered_s > say->received_s)
		return "received_s must not be before delivered_s";
	if (say->deputy2_s != 0 && say->deputy2_s < say->deputy_s)
		return "deputy2_s must not be before deputy_s";
	if (say->decider_s != 0 && say->decider_s < say->received_s + last)
		return "decider_s must not be before received_s and the deputies after it";
	return NULL;
}
