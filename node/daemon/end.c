/* SPDX-License-Identifier: Apache-2.0 */
#include "end.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define EXIT_FAILED 1

static void say(const char *text)
{
	ssize_t written = write(STDERR_FILENO, text, strlen(text));

	(void)written; /* a log that cannot be written has nowhere to say so */
}

/* Adds as much of text as there is room for. */
static size_t add(char *line, size_t len, size_t cap, const char *text)
{
	while (len < cap && *text != '\0')
		line[len++] = *text++;
	return len;
}

_Noreturn void kai_end_no_memory(const char *what)
{
	char line[256];
	size_t len = add(line, 0, sizeof(line), "kairand: out of memory for ");
	ssize_t written;

	len = add(line, len, sizeof(line), what);
	len = add(
		line, len, sizeof(line),
		": ended (nothing acknowledged is lost; give it more memory and start it again)\n");
	/* In one piece: a library's thread may be saying the same. */
	written = write(STDERR_FILENO, line, len);
	(void)written;
	_exit(EXIT_FAILED);
}

static void last_words(int number)
{
	if (number == SIGBUS)
		say("kairand: ended by SIGBUS: the disk did not give a page of a mapped file (look "
		    "after the disk, then kairan check)\n");
	else if (number == SIGABRT)
		say("kairand: ended by SIGABRT: a library without memory, or a failed assertion: "
		    "see the line before (nothing acknowledged is lost; start it again)\n");
	else
		say("kairand: ended by SIGSEGV: a library without memory, or a defect (nothing "
		    "acknowledged is lost; start it again)\n");
	/* Not before all is said: another thread may be about to end the process likewise. */
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

void kai_end_words(void)
{
	static const int numbers[] = {SIGABRT, SIGBUS, SIGSEGV};
	struct sigaction action = {.sa_handler = last_words};
	struct sigaction before;

	(void)sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		/* A sanitizer's own handler has more to say. */
		if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
			(void)sigaction(numbers[i], &action, NULL);
}
