/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints docs/policy-table.md by asking the decision itself. `--check FILE` compares instead and
 * answers in TAP. Each table varies what its section is about and leaves the rest as wide as it can
 * be; the tests enumerate every combination.
 */
#include "scene.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kairan/label.h"

static const uint64_t tlps[] = {KAI_TLP_RED, KAI_TLP_AMBER_STRICT, KAI_TLP_AMBER, KAI_TLP_GREEN,
				KAI_TLP_CLEAR};
static const uint64_t onwards[] = {KAI_ONWARD_NONE, KAI_ONWARD_CONSTITUENCY, KAI_ONWARD_COMMUNITY,
				   KAI_ONWARD_ANY};
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* What could not be written shows at the end, in the stream's error state. */
static void KAI_PRINTF(2, 3) say(FILE *out, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vfprintf(out, fmt, args);
	va_end(args);
}

static void cell(FILE *out, const struct scene *scene)
{
	struct kai_verdict verdict = scene_decide(scene);

	say(out, " %s %s |", verdict.allow ? "✓" : "–", kai_rule_name(verdict.rule));
}

static void row(FILE *out, const char *words)
{
	say(out, "| %s |", words);
}

static void head(FILE *out, const char *first, const char *const *columns, size_t count)
{
	say(out, "| %s |", first);
	for (size_t i = 0; i < count; i++)
		say(out, " %s |", columns[i]);
	say(out, "\n|---|");
	for (size_t i = 0; i < count; i++)
		say(out, "---|");
	say(out, "\n");
}

static void tlp_head(FILE *out, const char *first)
{
	const char *columns[COUNT(tlps)];

	for (size_t i = 0; i < COUNT(tlps); i++)
		columns[i] = kai_tlp_word(tlps[i]);
	head(out, first, columns, COUNT(tlps));
}

/* CLEAR has no audience: its column is shown where a form is empty, all others elsewhere. */
static void print_audience(FILE *out, enum scene_relation relation, bool constituency)
{
	struct scene scene = scene_plain();

	scene.relation = relation;
	scene.constituency = constituency;
	tlp_head(out, "audience");
	for (unsigned form = 0; form < SCENE_FORM_END; form++) {
		scene.label.form = (enum scene_form)form;
		row(out, scene_form_words(scene.label.form));
		for (size_t i = 0; i < COUNT(tlps); i++) {
			scene.label.tlp = tlps[i];
			cell(out, &scene);
		}
		say(out, "\n");
	}
	say(out, "\n");
}

static const enum scene_form readable_forms[] = {
	SCENE_PEER,	      SCENE_HOLDER,	      SCENE_COMMUNITY,
	SCENE_HOLDERS,	      SCENE_KEPT_BY_HOLDER,   SCENE_SECTOR,
	SCENE_PEER_COMMUNITY, SCENE_HOLDER_COMMUNITY, SCENE_HOLDER_SECTOR,
};

static void onward_row(FILE *out, struct scene *scene, const char *words)
{
	say(out, "| %s | %s | %s |", kai_tlp_word(scene->label.tlp), words,
	    scene->constituency ? "yes" : "no");
	for (size_t i = 0; i < COUNT(onwards); i++) {
		scene->label.onward = onwards[i];
		cell(out, scene);
	}
	say(out, "\n");
}

static void print_onward(FILE *out)
{
	static const uint64_t passed_on[] = {KAI_TLP_AMBER, KAI_TLP_GREEN};
	static const char *const columns[] = {"audience",     "constituency", "none",
					      "constituency", "community",    "any"};
	struct scene scene = scene_plain();

	scene.relation = SCENE_FROM_HOLDER;
	head(out, "TLP", columns, COUNT(columns));
	for (size_t t = 0; t < COUNT(passed_on); t++) {
		scene.label.tlp = passed_on[t];
		for (size_t f = 0; f < COUNT(readable_forms) * 2; f++) {
			scene.label.form = readable_forms[f / 2];
			scene.constituency = f % 2 == 1;
			onward_row(out, &scene, scene_form_words(scene.label.form));
		}
	}
	scene.label = (struct scene_label){KAI_TLP_CLEAR, SCENE_EMPTY, KAI_ONWARD_ANY, 0};
	for (unsigned i = 0; i < 4; i++) {
		scene.constituency = i % 2 == 1;
		scene.no_members = i / 2 == 1;
		onward_row(out, &scene,
			   scene.no_members ? "none; the peer is in no community recognised"
					    : "none; the peer is in a community recognised");
	}
	say(out, "\n");
}

static void print_borders(FILE *out)
{
	static const char *const columns[] = {
		"at home", "at home, government", "at home, government, gov_share",
		"abroad",  "abroad, government",  "abroad, government, gov_share",
	};
	static const enum scene_form forms[] = {SCENE_PEER, SCENE_COMMUNITY, SCENE_SECTOR,
						SCENE_COUNTRY, SCENE_BOTH};
	struct scene scene = scene_plain();

	head(out, "audience (AMBER, from the origin)", columns, COUNT(columns));
	for (size_t f = 0; f < COUNT(forms) + 2; f++) {
		if (f < COUNT(forms)) {
			scene.label.form = forms[f];
			row(out, scene_form_words(forms[f]));
		} else if (f == COUNT(forms)) {
			scene.relation = SCENE_FROM_HOLDER;
			scene.constituency = true;
			scene.label.form = SCENE_HOLDER;
			row(out, "the holder, who passes it to its constituency");
		} else {
			scene.label.tlp = KAI_TLP_CLEAR;
			scene.label.form = SCENE_EMPTY;
			row(out, "none: CLEAR");
		}
		for (unsigned side = 0; side < 6; side++) {
			scene.abroad = side >= 3;
			scene.government = side % 3 >= 1;
			scene.label.gov_share = side % 3 == 2;
			cell(out, &scene);
		}
		say(out, "\n");
	}
	say(out, "\n");
}

static void print_ceilings(FILE *out, bool exits)
{
	struct scene scene = scene_plain();

	scene.to_self = exits;
	tlp_head(out, exits ? "exit's ceiling" : "ceiling");
	for (unsigned ceiling = exits ? 1 : 0; ceiling <= 6; ceiling++) {
		scene.ceiling = ceiling;
		scene.exit_ceiling = exits ? ceiling : 0;
		row(out, ceiling == 0 || ceiling == 6 ? "unknown value" : kai_tlp_word(ceiling));
		for (size_t i = 0; i < COUNT(tlps); i++) {
			scene.label.tlp = tlps[i];
			scene.label.form = tlps[i] == KAI_TLP_CLEAR ? SCENE_EMPTY : SCENE_PEER;
			cell(out, &scene);
		}
		say(out, "\n");
	}
	say(out, "\n");
}

static void state_row(FILE *out, struct scene *scene, const char *words)
{
	static const struct {
		enum scene_relation relation;
		enum scene_kind kind;
		bool passed;
	} columns[] = {{SCENE_FROM_ORIGIN, SCENE_KIND_LISTED, false},
		       {SCENE_TO_ORIGIN, SCENE_KIND_LISTED, false},
		       {SCENE_FROM_ORIGIN, SCENE_KIND_RETRACT, false},
		       {SCENE_FROM_ORIGIN, SCENE_KIND_RETRACT, true},
		       {SCENE_FROM_HOLDER, SCENE_KIND_RETRACT, true}};

	row(out, words);
	for (size_t i = 0; i < COUNT(columns); i++) {
		scene->relation = columns[i].relation;
		scene->kind = columns[i].kind;
		scene->target_passed = columns[i].passed;
		cell(out, scene);
	}
	say(out, "\n");
}

static void print_states(FILE *out)
{
	static const char *const columns[] = {"an item", "an item to its origin", "a retraction",
					      "a retraction, its target passed",
					      "the same by a holder"};
	struct scene scene = scene_plain();

	head(out, "state", columns, COUNT(columns));
	scene.label.form = SCENE_PEER;
	for (unsigned state = 0; state < KAI_STATE_END; state++) {
		scene.state = (enum kai_agreement_state)state;
		if (scene.state == KAI_STATE_EXPIRED)
			continue;
		state_row(out, &scene, kai_agreement_state_word(scene.state));
	}
	scene.state = KAI_STATE_EXPIRED;
	scene.ended_ago = KAI_GRACE_MS;
	state_row(out, &scene, "expired 30 days ago");
	scene.ended_ago = KAI_GRACE_MS + 1;
	state_row(out, &scene, "expired 30 days and 1 ms ago");
	scene.state = KAI_STATE_ACTIVE;
	scene.now = SCENE_UNTIL - 1;
	scene.item_end = SCENE_UNTIL + KAI_MS_DAY;
	state_row(out, &scene, "active, 1 ms before valid_until");
	scene.now = SCENE_UNTIL;
	state_row(out, &scene, "active by older facts, at valid_until");
	say(out, "\n");
}

static void print_terms(FILE *out)
{
	static const char *const kinds[] = {"kind listed", "kind not listed", "kind unknown"};
	static const char *const sectors[] = {"one sector listed", "no sector listed", "list is *",
					      "the item has none, sectors listed",
					      "the item has none, list is *"};
	struct scene scene = scene_plain();

	head(out, "sectors", kinds, COUNT(kinds));
	for (unsigned sector = 0; sector < SCENE_SECTOR_END; sector++) {
		scene.sector = (enum scene_sector)sector;
		row(out, sectors[sector]);
		for (unsigned kind = 0; kind < COUNT(kinds); kind++) {
			scene.kind = (enum scene_kind)kind;
			cell(out, &scene);
		}
		say(out, "\n");
	}
	say(out, "\n");
}

static void print_contingency(FILE *out)
{
	static const char *const columns[] = {"nothing to relax",
					      "kind not listed",
					      "no sector listed",
					      "stricter than the ceiling",
					      "not in the audience",
					      "RED, by a holder",
					      "expired",
					      "contingency-only agreement"};
	struct scene scene;

	head(out, "mark", columns, COUNT(columns));
	for (unsigned mark = 0; mark < SCENE_MARK_END; mark++) {
		row(out, scene_mark_words((enum scene_mark)mark));
		for (unsigned i = 0; i < COUNT(columns); i++) {
			scene = scene_plain();
			scene.mark = (enum scene_mark)mark;
			scene.kind = i == 1 ? SCENE_KIND_UNLISTED : SCENE_KIND_LISTED;
			scene.sector = i == 2 ? SCENE_SECTOR_UNLISTED : SCENE_SECTOR_LISTED;
			scene.ceiling = i == 3 ? KAI_TLP_GREEN : KAI_TLP_RED;
			scene.label.form = i == 4 ? SCENE_STRANGER : SCENE_PEER;
			scene.label.tlp = i == 5 ? KAI_TLP_RED : KAI_TLP_AMBER;
			scene.relation = i == 5 ? SCENE_FROM_HOLDER : SCENE_FROM_ORIGIN;
			scene.item_end = i == 6 ? SCENE_NOW : 0;
			scene.contingency_only = i == 7;
			cell(out, &scene);
		}
		say(out, "\n");
	}
	say(out, "\n");
}

static void print_parts(FILE *out)
{
	struct scene scene = scene_plain();

	scene.has_part = true;
	scene.relation = SCENE_FROM_HOLDER;
	tlp_head(out, "header \\ part");
	for (size_t h = 0; h < COUNT(tlps); h++) {
		scene.label.tlp = tlps[h];
		scene.label.form = tlps[h] == KAI_TLP_CLEAR ? SCENE_EMPTY : SCENE_PEER;
		row(out, kai_tlp_word(tlps[h]));
		for (size_t i = 0; i < COUNT(tlps); i++) {
			scene.part.tlp = tlps[i];
			scene.part.form = tlps[i] == KAI_TLP_CLEAR ? SCENE_EMPTY : SCENE_PEER;
			cell(out, &scene);
		}
		say(out, "\n");
	}
	say(out, "\n");
}

static void print_releases(FILE *out)
{
	static const char *const columns[] = {"the header", "the part",
					      "the header, released stricter than the ceiling",
					      "the part, released to another org"};
	struct scene scene = scene_plain();

	scene.label.form = SCENE_STRANGER;
	scene.part.form = SCENE_STRANGER;
	scene.ceiling = KAI_TLP_AMBER;
	head(out, "release", columns, COUNT(columns));
	for (unsigned release = 0; release < SCENE_RELEASE_END; release++) {
		scene.release = (enum scene_release)release;
		row(out, scene_release_words(scene.release));
		for (unsigned i = 0; i < COUNT(columns); i++) {
			scene.has_part = i % 2 == 1;
			scene.released.tlp = i == 2 ? KAI_TLP_RED : KAI_TLP_AMBER;
			scene.released.form = i == 3 ? SCENE_STRANGER : SCENE_PEER;
			cell(out, &scene);
		}
		say(out, "\n");
	}
	say(out, "\n");
}

static void print_unknown(FILE *out)
{
	static const char *const columns[] = {"from the origin", "from a holder", "to the origin",
					      "inside the own org"};
	static const char *const rows[] = {"TLP",	    "onward",	      "gov_share",
					   "audience type", "audience entry", "kind",
					   "ceiling",	    "overlay"};

	head(out, "unknown", columns, COUNT(columns));
	for (unsigned r = 0; r < COUNT(rows); r++) {
		struct scene scene = scene_plain();

		scene.label.tlp = r == 0 ? 6 : KAI_TLP_AMBER;
		scene.label.onward = r == 1 ? 5 : KAI_ONWARD_ANY;
		scene.label.gov_share = r == 2 ? 2 : 0;
		scene.label.form = r == 3 ? SCENE_UNKNOWN : r == 4 ? SCENE_MALFORMED : SCENE_PEER;
		scene.kind = r == 5 ? SCENE_KIND_UNKNOWN : SCENE_KIND_LISTED;
		scene.ceiling = r == 6 ? 6 : KAI_TLP_RED;
		scene.overlay = r == 7 ? 5 : KAI_ONWARD_ANY;
		row(out, rows[r]);
		for (unsigned i = 0; i < 4; i++) {
			scene.relation = i < 3 ? (enum scene_relation)i : SCENE_FROM_ORIGIN;
			scene.to_self = i == 3;
			cell(out, &scene);
		}
		say(out, "\n");
	}
	say(out, "\n");
}

static void print_intro(FILE *out)
{
	say(out, "# The truth table of the one decision\n\n"
		 "Printed by `policy-table` from `kai_policy_decide` itself; a test compares. Do "
		 "not edit by hand.\n\n"
		 "✓ may pass, and the ground on which; – held back, and the first rule that says "
		 "so.\nThe rules are asked in this order:");
	for (unsigned rule = 0; rule <= KAI_RULE_GOVERNMENT; rule++)
		say(out, "%s %s", rule == 0 ? "" : " ·", kai_rule_name((enum kai_rule)rule));
	say(out, ".\n\nEach table varies what it is about. What it does not name is as wide as "
		 "it can be: an agreement in\nforce for all kinds and sectors with ceiling "
		 "RED, `onward` any, a peer at home that is no government.\nThe test "
		 "`policy-table` enumerates all combinations.\n\n");
}

static void print_all(FILE *out)
{
	print_intro(out);
	say(out, "## 1. Who gets it from its origin\n\n");
	print_audience(out, SCENE_FROM_ORIGIN, false);
	say(out, "## 2. Who gets it from a holder\n\nThe peer is not the holder's "
		 "constituency:\n\n");
	print_audience(out, SCENE_FROM_HOLDER, false);
	say(out, "The peer is the holder's constituency:\n\n");
	print_audience(out, SCENE_FROM_HOLDER, true);
	say(out, "## 3. Onward\n\nThe last four columns are the narrower of the label's "
		 "`onward` and that of the agreement by which the\nholder got it. RED and "
		 "AMBER+STRICT are never passed on.\n\n");
	print_onward(out);
	say(out, "## 4. Abroad, and governments\n\n");
	print_borders(out);
	say(out, "## 5. The agreement's ceiling\n\n");
	print_ceilings(out, false);
	say(out, "## 6. The agreement's state\n\n");
	print_states(out);
	say(out, "## 7. Kinds and sectors\n\n");
	print_terms(out);
	say(out, "## 8. Contingency\n\n");
	print_contingency(out);
	say(out, "## 9. Parts\n\nFrom a holder to a peer that both labels name: both must "
		 "allow.\n\n");
	print_parts(out);
	say(out, "## 10. Releases\n\nHeader and part name another org; the ceiling is AMBER; "
		 "the release names the peer under AMBER.\n\n");
	print_releases(out);
	say(out, "## 11. Local exits\n\n");
	print_ceilings(out, true);
	say(out, "## 12. Unknown values\n\nOn the way home and inside the own org the "
		 "agreement's limits are not asked.\n\n");
	print_unknown(out);
}

/* The same bytes? */
static bool same_as_file(const char *text, size_t len, const char *path)
{
	FILE *file = fopen(path, "rb");
	size_t at = 0;
	int c;

	if (file == NULL)
		return false;
	while ((c = fgetc(file)) != EOF && at < len && (unsigned char)text[at] == c)
		at++;
	bool same = c == EOF && at == len;

	(void)fclose(file);
	return same;
}

int main(int argc, char **argv)
{
	char *text = NULL;
	size_t len = 0;

	if (argc == 1) {
		print_all(stdout);
		return fflush(stdout) == 0 && ferror(stdout) == 0 ? 0 : 1;
	}
	if (argc != 3 || strcmp(argv[1], "--check") != 0) {
		(void)fprintf(stderr, "usage: policy-table [--check FILE]\n");
		return 3;
	}
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return 1;
	print_all(out);
	bool written = ferror(out) == 0;

	if (fclose(out) != 0 || !written)
		return 1;
	bool same = same_as_file(text, len, argv[2]);

	(void)printf("1..1\n%s 1 - %s is what the decision says\n", same ? "ok" : "not ok",
		     argv[2]);
	free(text);
	return same ? 0 : 1;
}
