/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kairan/text.h"

#define LINE_SIZE 2048
#define TEXT_SIZE 512
#define METERS 64 /* names told apart; more share the last meter */
#define NAME_SIZE 48

struct meter {
	char event[NAME_SIZE];
	int64_t second;
	unsigned lines;
	unsigned left_out;
};

struct kai_log {
	pthread_mutex_t lock;
	int fd;
	enum kai_log_level level;
	bool json;
	size_t meter_count;
	struct meter meters[METERS];
};

struct line {
	char at[LINE_SIZE];
	size_t len;
};

static const char *const words[] = {
#define X(NAME, word) [KAI_LOG_##NAME] = (word),
	KAI_X_LOG_LEVEL(X)
#undef X
};

enum kai_err kai_log_new(int fd, struct kai_log **ret)
{
	struct kai_log *log = calloc(1, sizeof(*log));

	if (log == NULL)
		return KAI_ERR_NOMEM;
	if (pthread_mutex_init(&log->lock, NULL) != 0) {
		free(log);
		return KAI_ERR_NOMEM;
	}
	log->fd = fd;
	log->level = KAI_LOG_INFO;
	*ret = log;
	return KAI_ERR_OK;
}

void kai_log_free(struct kai_log *log)
{
	if (log == NULL)
		return;
	(void)pthread_mutex_destroy(&log->lock);
	free(log);
}

void kai_log_set(struct kai_log *log, enum kai_log_level level, bool json)
{
	(void)pthread_mutex_lock(&log->lock);
	log->level = level;
	log->json = json;
	(void)pthread_mutex_unlock(&log->lock);
}

/* Two bytes always stay free, for a closing brace and the newline. */
static void add(struct line *line, const char *text)
{
	size_t room = sizeof(line->at) - 2 - line->len;
	size_t len = strnlen(text, room);

	memcpy(line->at + line->len, text, len);
	line->len += len;
}

/* Quotes and backslashes are the only characters that kai_escape leaves and that both forms mind.
 */
static void add_quoted(struct line *line, const char *text)
{
	char piece[2] = {0};

	add(line, "\"");
	for (; *text != '\0' && line->len < sizeof(line->at) - 8; text++) {
		bool mind = *text == '"' || *text == '\\';

		piece[0] = *text;
		if (mind)
			add(line, "\\");
		add(line, piece);
	}
	add(line, "\"");
}

static bool plain(const char *text)
{
	return *text != '\0' && strpbrk(text, " \"\\=") == NULL;
}

static void add_field(struct line *line, bool json, const struct kai_log_field *field)
{
	char text[TEXT_SIZE];

	add(line, json ? ",\"" : " ");
	add(line, field->name);
	add(line, json ? "\":" : "=");
	if (field->text == NULL) {
		(void)snprintf(text, sizeof(text), "%lld", (long long)field->number);
		add(line, text);
		return;
	}
	kai_escape(kai_span_str(field->text), false, text, sizeof(text));
	if (json || !plain(text))
		add_quoted(line, text);
	else
		add(line, text);
}

static void write_line(struct kai_log *log, enum kai_log_level level, const char *event,
		       const struct kai_log_field *fields, size_t count)
{
	struct line line = {.len = 0};
	struct timespec now;
	char at[KAI_TIME_TEXT];

	(void)clock_gettime(CLOCK_REALTIME, &now);
	kai_time_text((struct kai_wall){(int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000}, at);
	add(&line, log->json ? "{\"time\":\"" : "");
	add(&line, at);
	add(&line, log->json ? "\",\"level\":\"" : " ");
	add(&line, words[level]);
	add(&line, log->json ? "\",\"event\":\"" : " ");
	add(&line, event);
	add(&line, log->json ? "\"" : "");
	for (size_t i = 0; i < count; i++)
		if (fields[i].name != NULL && line.len < sizeof(line.at) - TEXT_SIZE - 64)
			add_field(&line, log->json, &fields[i]);
	if (log->json)
		line.at[line.len++] = '}';
	line.at[line.len++] = '\n';
	/* A log that cannot be written has nowhere to say so. */
	ssize_t written = write(log->fd, line.at, line.len);

	(void)written;
}

static struct meter *find_meter(struct kai_log *log, const char *event)
{
	for (size_t i = 0; i < log->meter_count; i++)
		if (strcmp(log->meters[i].event, event) == 0)
			return &log->meters[i];
	if (log->meter_count == METERS)
		return &log->meters[METERS - 1];
	struct meter *meter = &log->meters[log->meter_count++];

	(void)snprintf(meter->event, sizeof(meter->event), "%s", event);
	return meter;
}

/* Errors always pass: there are few, and each matters. */
static bool within_rate(struct kai_log *log, enum kai_log_level level, const char *event)
{
	struct timespec now;

	if (level == KAI_LOG_ERROR)
		return true;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	struct meter *meter = find_meter(log, event);

	if (meter->second != (int64_t)now.tv_sec) {
		const struct kai_log_field fields[] = {{"name", event, 0},
						       {"lines", NULL, meter->left_out}};

		if (meter->left_out > 0)
			write_line(log, KAI_LOG_WARNING, "log.left-out", fields, 2);
		meter->second = (int64_t)now.tv_sec;
		meter->lines = 0;
		meter->left_out = 0;
	}
	if (meter->lines >= KAI_LOG_BURST) {
		meter->left_out++;
		return false;
	}
	meter->lines++;
	return true;
}

void kai_log_line(struct kai_log *log, enum kai_log_level level, const char *event,
		  const struct kai_log_field *fields, size_t count)
{
	(void)pthread_mutex_lock(&log->lock);
	if (level <= log->level && within_rate(log, level, event))
		write_line(log, level, event, fields, count);
	(void)pthread_mutex_unlock(&log->lock);
}
