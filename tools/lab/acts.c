/* SPDX-License-Identifier: Apache-2.0 */
/* What happens in a scenario to nodes, links and clocks. */
#include "stage.h"

#include <signal.h>
#include <string.h>
#include <time.h>

#define DAY_S 86400

int kai_lab_do_nothing(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	(void)stage;
	(void)step;
	return 0;
}

int kai_lab_do_tell(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	kai_lab_say(stage, step, KAI_LAB_TOLD, "%s", step->values[0].text);
	return 0;
}

/* ---- clocks ---- */

/* The next time that it is this time of day here, in milliseconds since 1970. */
static int64_t next_time(int64_t now_ms, int64_t of_day_ms)
{
	time_t now = (time_t)(now_ms / KAI_MS_SECOND), at;
	struct tm local;

	if (localtime_r(&now, &local) == NULL)
		return now_ms;
	local.tm_hour = 0;
	local.tm_min = 0;
	local.tm_sec = (int)(of_day_ms / KAI_MS_SECOND);
	at = mktime(&local);
	if (at < now)
		at += DAY_S;
	return (int64_t)at * KAI_MS_SECOND;
}

static int restart_if_up(struct kai_lab_stage *stage, size_t node)
{
	int code = stage->up ? kai_lab_stage_restart(stage, node) : 0;

	return code == 0 && stage->up ? kai_lab_stage_wait_links(stage) : code;
}

int kai_lab_do_time(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	int64_t now_ms = kai_cli_now().ms;
	int64_t ahead_s =
		(next_time(now_ms, step->values[0].number) - now_ms + 999) / KAI_MS_SECOND;

	for (size_t i = 0; i < stage->lab->node_count; i++)
		stage->lab->nodes[i].offset_s += ahead_s;
	kai_lab_say(stage, step, KAI_LAB_TOLD, "it is %s on every clock", step->values[0].text);
	return 0;
}

int kai_lab_do_speed(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	int64_t now_s = kai_cli_now().ms / KAI_MS_SECOND;

	for (size_t i = 0; i < stage->lab->node_count; i++) {
		stage->lab->nodes[i].scale = step->values[0].number;
		stage->lab->nodes[i].from_ms = now_s * KAI_MS_SECOND;
	}
	kai_lab_say(stage, step, KAI_LAB_TOLD, "time runs %s times as fast", step->values[0].text);
	return 0;
}

static int shift(struct kai_lab_stage *stage, const struct kai_lab_step *step, int64_t by_ms)
{
	size_t node = step->values[0].node;

	stage->lab->nodes[node].offset_s += by_ms / KAI_MS_SECOND;
	kai_lab_say(stage, step, KAI_LAB_TOLD, "%s", step->text);
	return restart_if_up(stage, node);
}

int kai_lab_do_fast(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	return shift(stage, step, step->values[1].number);
}

int kai_lab_do_slow(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	return shift(stage, step, -step->values[1].number);
}

/* As most clocks are. */
int kai_lab_do_right(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	size_t node = step->values[0].node;
	int64_t most_ms = kai_lab_stage_now(stage) - kai_cli_now().ms;

	stage->lab->nodes[node].offset_s = most_ms / KAI_MS_SECOND;
	kai_lab_say(stage, step, KAI_LAB_TOLD, "%s", step->text);
	return restart_if_up(stage, node);
}

/* In steps, so that a signal is heard. */
static void sleep_ms(int64_t ms)
{
	for (; ms > 0 && !kai_lab_told_to_stop(); ms -= 200)
		kai_lab_sleep(ms < 200 ? ms : 200);
}

int kai_lab_do_wait(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	sleep_ms(step->values[0].number);
	kai_lab_say(stage, step, KAI_LAB_TOLD, "%s go by", step->values[0].text);
	return 0;
}

int kai_lab_do_wait_until(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	int64_t now_ms = kai_lab_stage_now(stage);
	int64_t wait_ms = next_time(now_ms, step->values[0].number) - now_ms;
	int64_t scale = stage->lab->nodes[0].scale;

	/* To the clock's second and a little more, so that it shows it; what is half a day off is past. */
	if (wait_ms < DAY_S * KAI_MS_SECOND / 2)
		sleep_ms((wait_ms + 20) / (scale > 1 ? scale : 1));
	kai_lab_say(stage, step, KAI_LAB_TOLD, "it is %s", step->values[0].text);
	return 0;
}

/* ---- nodes ---- */

int kai_lab_do_down(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	uint64_t nodes = step->values[0].nodes;

	kai_lab_say(stage, step, KAI_LAB_TOLD, "%s", step->text);
	for (size_t node; kai_lab_next(&nodes, &node);)
		(void)kai_lab_stop(stage->cli, &stage->lab->nodes[node]);
	return 0;
}

int kai_lab_do_kill(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	uint64_t nodes = step->values[0].nodes;

	for (size_t node; kai_lab_next(&nodes, &node);)
		(void)kai_lab_kill(&stage->lab->nodes[node]);
	kai_lab_say(stage, step, KAI_LAB_TOLD, "%s, by SIGKILL", step->text);
	return 0;
}

int kai_lab_do_back(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	uint64_t nodes = step->values[0].nodes, again = nodes;
	int code = 0;

	for (size_t node; code == 0 && kai_lab_next(&nodes, &node);)
		code = kai_lab_start(stage->cli, stage->lab, &stage->lab->nodes[node]);
	for (size_t node; code == 0 && kai_lab_next(&again, &node);)
		code = kai_lab_wait_ready(stage->cli, &stage->lab->nodes[node]);
	if (code == 0)
		kai_lab_say(stage, step, KAI_LAB_TOLD, "%s", step->text);
	return code;
}

/* ---- links ---- */

/* Both ends learn of it, so that neither goes on knocking and gets slower at it. */
static int tell_nodes(struct kai_lab_stage *stage, uint64_t nodes)
{
	int code = 0;

	for (size_t node; code == 0 && kai_lab_next(&nodes, &node);) {
		pid_t pid = kai_lab_pid(&stage->lab->nodes[node]);

		code = kai_lab_stage_configure(stage, node);
		if (code == 0 && pid != 0)
			(void)kill(pid, SIGHUP);
	}
	return code == 0 ? kai_lab_stage_wait_links(stage) : code;
}

int kai_lab_do_cut(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	uint64_t here = step->values[0].nodes, there = step->values[1].nodes;

	for (size_t i = 0; i < stage->lab->node_count; i++) {
		stage->cut[i] |= (here >> i & 1) != 0 ? there : 0;
		stage->cut[i] |= (there >> i & 1) != 0 ? here : 0;
		stage->cut[i] &= ~((uint64_t)1 << i);
	}
	int code = tell_nodes(stage, here | there);

	if (code == 0)
		kai_lab_say(stage, step, KAI_LAB_TOLD, "no link passes any more between %s and %s",
			    kai_lab_nodes_text(stage, here), kai_lab_nodes_text(stage, there));
	return code;
}

int kai_lab_do_mend(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	uint64_t changed = 0;

	for (size_t i = 0; i < stage->lab->node_count; i++) {
		changed |= stage->cut[i] != 0 ? (uint64_t)1 << i : 0;
		stage->cut[i] = 0;
	}
	int code = tell_nodes(stage, changed);

	if (code == 0)
		kai_lab_say(stage, step, KAI_LAB_TOLD, "all links are mended");
	return code;
}

/* ---- partners ---- */

int kai_lab_do_know(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	const struct kai_lab *lab = stage->lab;
	int code = kai_lab_hand_card(stage->cli, lab, &lab->nodes[step->values[1].node],
				     &lab->nodes[step->values[0].node]);

	if (code == 0)
		kai_lab_say(stage, step, KAI_LAB_TOLD,
			    "%s has the card of %s, fingerprint compared", step->values[0].text,
			    step->values[1].text);
	return code;
}

/* until: NULL or a time */
static int agree(struct kai_lab_stage *stage, const struct kai_lab_step *step, const char *until)
{
	const struct kai_lab_value *values = step->values;
	struct kai_lab *lab = stage->lab;
	struct kai_lab_agreement *one = &lab->agreements[lab->agreement_count];

	if (lab->agreement_count == KAI_LAB_MAX_AGREEMENTS)
		return KAI_EXIT_USAGE;
	*one = (struct kai_lab_agreement){.a = values[0].node,
					  .b = values[1].node,
					  .preset = values[2].text,
					  .side = values[3].text,
					  .until = until,
					  .communities = {values[4].text, NULL}};
	int code = kai_lab_join(stage->cli, lab, one);

	if (code != 0)
		return code;
	lab->agreement_count++;
	kai_lab_say(stage, step, KAI_LAB_TOLD, "%s and %s have an agreement (%s)%s%s",
		    values[0].text, values[1].text, values[2].text, until != NULL ? " until " : "",
		    until != NULL ? until : "");
	return kai_lab_stage_wait_links(stage);
}

int kai_lab_do_agree(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	return agree(stage, step, NULL);
}

int kai_lab_do_agree_until(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	char until[KAI_TIME_TEXT];

	kai_time_text(
		(struct kai_wall){next_time(kai_lab_stage_now(stage), step->values[5].number)},
		until);
	return agree(stage, step, kai_cli_text(stage->cli, "%s", until));
}

int kai_lab_do_admit(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	const char *const args[] = {
		"member", "add", step->values[1].text, "--community", step->values[2].text, NULL};
	int code = kai_lab_stage_ask(stage, step->values[0].node, args, NULL, NULL);

	if (code == 0)
		kai_lab_say(stage, step, KAI_LAB_TOLD, "%s", step->text);
	return code;
}
