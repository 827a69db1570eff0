/* SPDX-License-Identifier: Apache-2.0 */
/* What is carried by hand in a scenario: bundles, whole, copied with a change, and what is in them. */
#include "stage.h"

#include <string.h>

#include "kairan/bundle.h"

#define MAX_TEXT ((size_t)16 << 20)

static char *file_of(const struct kai_lab_stage *stage, const char *name)
{
	return kai_cli_text(stage->cli, "%s/%s.kbundle", stage->lab->dir, name);
}

static int ask(struct kai_lab_stage *stage, const struct kai_lab_step *step,
	       const char *const *args, const char *done)
{
	char *complaint = NULL;
	int code = kai_lab_stage_ask(stage, step->values[0].node, args, NULL, &complaint);

	kai_lab_say(stage, step, code == 0 ? KAI_LAB_TOLD : KAI_LAB_FAILED, "%s%s%.200s", done,
		    code == 0 ? "" : ": ", code == 0 ? "" : complaint);
	return 0;
}

int kai_lab_do_bundle(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	const char *const args[] = {"export", "bundle",
				    "--to",   step->values[2].text,
				    "-o",     file_of(stage, step->values[1].text),
				    NULL};

	return ask(stage, step, args, step->text);
}

int kai_lab_do_take_bundle(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	const char *const args[] = {"import", "bundle", file_of(stage, step->values[1].text), NULL};

	return ask(stage, step, args, step->text);
}

int kai_lab_do_answer_bundle(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	const char *const args[] = {"import",
				    "bundle",
				    file_of(stage, step->values[1].text),
				    "-o",
				    file_of(stage, step->values[2].text),
				    NULL};

	return ask(stage, step, args, step->text);
}

static bool open_file(struct kai_lab_stage *stage, const char *name, struct kai_span *ret)
{
	struct kai_span text;

	return kai_cli_read(stage->cli, file_of(stage, name), MAX_TEXT, &text) == 0 &&
	       kai_armour_open(KAI_BUNDLE_ARMOUR, text, &stage->cli->arena, ret) == KAI_FAULT_NONE;
}

/* Whoever carries it changes one bit in the middle of it, and puts it back into armour. */
int kai_lab_do_change_bundle(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	struct kai_span bytes;

	if (!open_file(stage, step->values[0].text, &bytes))
		return KAI_EXIT_USAGE;
	uint8_t *copy = kai_cli_take(stage->cli, bytes.len);
	size_t cap = kai_armour_len(bytes.len);
	char *text = kai_cli_take(stage->cli, cap);

	memcpy(copy, bytes.at, bytes.len);
	copy[bytes.len / 2] ^= 1;
	kai_armour(KAI_BUNDLE_ARMOUR, kai_span(copy, bytes.len), text, cap);
	int code = kai_cli_write(stage->cli, file_of(stage, step->values[1].text),
				 kai_span_str(text), 0644);

	if (code == 0)
		kai_lab_say(stage, step, KAI_LAB_TOLD, "%s", step->text);
	return code;
}

int kai_lab_check_no_bundle(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	const char *const args[] = {"export", "bundle", "--to", step->values[1].text, NULL};
	char *complaint = NULL;
	int code = kai_lab_stage_ask(stage, step->values[0].node, args, NULL, &complaint);

	kai_lab_say(stage, step, code == KAI_EXIT_NOTHING ? KAI_LAB_HELD : KAI_LAB_FAILED,
		    "%s: exit %d", step->text, code);
	return 0;
}

int kai_lab_check_refused_bundle(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	const char *const args[] = {"import", "bundle", file_of(stage, step->values[1].text), NULL};
	char *complaint = NULL;
	int code = kai_lab_stage_ask(stage, step->values[0].node, args, NULL, &complaint);
	bool good = code == KAI_EXIT_REFUSED && strstr(complaint, step->values[2].text) != NULL;

	kai_lab_say(stage, step, good ? KAI_LAB_HELD : KAI_LAB_FAILED, "%s: exit %d %.*s",
		    step->text, code, (int)strcspn(complaint, "\n"), complaint);
	return 0;
}

/* ---- what is in it ---- */

static bool carries(const struct kai_lab_stage *stage, const struct kai_bundle *bundle, size_t item)
{
	uint8_t wanted[KAI_ID_LEN], id[KAI_ID_LEN];

	if (!kai_base32_parse(stage->items[item].id, wanted, sizeof(wanted)))
		return false;
	for (size_t i = 0; i < bundle->advisories_count; i++) {
		kai_hash(KAI_CTX_ADVISORY, bundle->realm, bundle->advisories[i].header, id);
		if (kai_id_equal(id, wanted))
			return true;
	}
	return false;
}

/* Whoever finds it reads none of the words in it. */
static bool shows(const struct kai_lab_stage *stage, struct kai_span bytes, size_t item)
{
	json_t *row;
	size_t i;

	json_array_foreach (stage->items[item].texts, i, row) {
		const char *text = json_string_value(json_array_get(row, 1));

		if (memmem(bytes.at, bytes.len, text, strlen(text)) != NULL)
			return true;
	}
	return false;
}

static int check_carries(struct kai_lab_stage *stage, const struct kai_lab_step *step, bool wanted)
{
	size_t item = step->values[1].item;
	struct kai_bundle_opened opened;
	struct kai_span bytes;

	if (!open_file(stage, step->values[0].text, &bytes) ||
	    kai_bundle_open(bytes, &stage->cli->arena, &opened) != KAI_FAULT_NONE)
		return KAI_EXIT_USAGE;
	bool good = carries(stage, &opened.bundle, item) == wanted && !shows(stage, bytes, item);

	kai_lab_say(stage, step, good ? KAI_LAB_HELD : KAI_LAB_FAILED, "%s", step->text);
	return 0;
}

int kai_lab_check_carries(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	return check_carries(stage, step, true);
}

int kai_lab_check_carries_not(struct kai_lab_stage *stage, const struct kai_lab_step *step)
{
	return check_carries(stage, step, false);
}
