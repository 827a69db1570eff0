/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the header carries already (an incident's id, its consent to governments, a retraction's
 * target) is not repeated in a body, so that the two cannot contradict one another. `text` rows
 * need the body's text: it is their summary.
 */
#include "kairan/kinds.h"

#include <string.h>

#define TEXT(name)                                                                                 \
	{                                                                                          \
		name, KAI_V_TEXT, true, false, NULL                                                \
	}
#define WORD(name, words)                                                                          \
	{                                                                                          \
		name, KAI_V_WORD, true, false, words                                               \
	}
#define TIME(name)                                                                                 \
	{                                                                                          \
		name, KAI_V_TIME, true, false, NULL                                                \
	}
#define ID(name)                                                                                   \
	{                                                                                          \
		name, KAI_V_ID, true, false, NULL                                                  \
	}
#define SEVERITY "0|1|2|3|4"
/* What it was made from, for an auditor who is shown the opening: an edition, a re-issue, a picture of others' reports. */
#define MADE_FROM                                                                                  \
	{                                                                                          \
		"made-from", KAI_V_COMMIT, false, true, NULL                                       \
	}

static const struct kai_body_field_row secinfo[] = {
	WORD("subtype", "vulnerability|product|guidance|lesson|indicators|awareness"),
	TEXT("action"), /* or an explicit "none" */
	MADE_FROM,
};

static const struct kai_body_field_row alert[] = {
	WORD("basis", "occurred|suspected|threatened"),
	WORD("certainty", "confirmed|probable|possible|unknown"),
	TEXT("scope"),
	TEXT("action"),
	TIME("valid-until"),
	MADE_FROM,
};

static const struct kai_body_field_row incident[] = {
	TEXT("incident"), /* the author's own number for the case, the same in each report */
	{"report", KAI_V_NUMBER, true, false, NULL},
	WORD("stage", "precursor|early|notification|interim|final|follow-up"),
	WORD("nature", "occurred|suspected|threatened|precursor"),
	TIME("detected-at"),
	TIME("aware-at"),
	TEXT("what"),
	TEXT("where"),
	TEXT("extent"),
	{"cause", KAI_V_CAUSE, true, true, NULL},
	WORD("service", "normal|degraded|partial|stopped|restored|unknown"),
	WORD("severity-continuity", SEVERITY),
	WORD("severity-safety", SEVERITY),
	WORD("severity-confidence", SEVERITY),
	TEXT("contact"), /* role */
	TIME("next-report-by"),
	{"phase", KAI_V_WORD, false, true, "notify|contain|preserve|recover|prevent"},
	MADE_FROM,
};

static const struct kai_body_field_row advice[] = {
	ID("incident"),
	WORD("binding", "advice|guidance|instruction"),
	TEXT("action"),
	TIME("due"),
};

static const struct kai_body_field_row rfi[] = {
	TEXT("question"),
	TIME("due"),
};

static const struct kai_body_field_row rfi_reply[] = {
	ID("question"),
	WORD("state", "answered|none-observed|declined|pending"),
};

static const struct kai_body_field_row sitrep[] = {
	TIME("as-of"),
	TEXT("covered"), /* ids or counts */
	{"sector", KAI_V_TEXT, true, true, NULL},
	TEXT("not-reported"), /* or an explicit "none" */
	MADE_FROM,
};

static const struct kai_body_field_row coord[] = {
	TEXT("proposal"),
	TIME("respond-by"),
	{"position", KAI_V_TEXT, false, true, NULL},
	WORD("outcome", "pending|agreed|not-agreed|withdrawn"),
};

static const struct kai_body_field_row notice[] = {
	TEXT("audience"),
	MADE_FROM,
};

static const struct kai_body_field_row retract[] = {
	WORD("reason", "false-alarm|superseded|misdirected|drill-leak"),
};

static const struct kai_body_field_row release[] = {
	WORD("step", "request|grant|refuse"),
	ID("target"),
	TEXT("part"),
	TEXT("label"),
};

#define FIELDS(list) .fields = (list), .field_count = sizeof(list) / sizeof((list)[0])

/* One signer each for now; an agreement may ask for more on alerts. */
const struct kai_kind_row kai_kind_rows[] = {
	{.kind = KAI_KIND_SECINFO,
	 .word = "secinfo",
	 .urgency = KAI_URGENCY_INFO,
	 .valid_ms = 365 * KAI_MS_DAY,
	 .role = KAI_ROLE_DUTY,
	 .signers = 1,
	 .text = true,
	 FIELDS(secinfo)},
	{.kind = KAI_KIND_ALERT,
	 .word = "alert",
	 .urgency = KAI_URGENCY_NOW,
	 .valid_ms = 7 * KAI_MS_DAY,
	 .role = KAI_ROLE_DECIDER,
	 .signers = 1,
	 .alert_type = true,
	 FIELDS(alert)},
	{.kind = KAI_KIND_INCIDENT,
	 .word = "incident",
	 .urgency = KAI_URGENCY_TODAY,
	 .valid_ms = 90 * KAI_MS_DAY,
	 .role = KAI_ROLE_DUTY,
	 .signers = 1,
	 .alert_type = true,
	 FIELDS(incident)},
	{.kind = KAI_KIND_ADVICE,
	 .word = "advice",
	 .urgency = KAI_URGENCY_TODAY,
	 .valid_ms = 30 * KAI_MS_DAY,
	 .role = KAI_ROLE_DUTY,
	 .signers = 1,
	 .directed = true,
	 .alert_type = true,
	 FIELDS(advice)},
	{.kind = KAI_KIND_RFI,
	 .word = "rfi",
	 .urgency = KAI_URGENCY_TODAY,
	 .valid_ms = 30 * KAI_MS_DAY,
	 .role = KAI_ROLE_DUTY,
	 .signers = 1,
	 FIELDS(rfi)},
	{.kind = KAI_KIND_RFI_REPLY,
	 .word = "rfi-reply",
	 .urgency = KAI_URGENCY_TODAY,
	 .valid_ms = 30 * KAI_MS_DAY,
	 .role = KAI_ROLE_DUTY,
	 .signers = 1,
	 FIELDS(rfi_reply)},
	{.kind = KAI_KIND_SITREP,
	 .word = "sitrep",
	 .urgency = KAI_URGENCY_TODAY,
	 .valid_ms = 7 * KAI_MS_DAY,
	 .role = KAI_ROLE_DUTY,
	 .signers = 1,
	 .alert_type = true,
	 FIELDS(sitrep)},
	{.kind = KAI_KIND_COORD,
	 .word = "coord",
	 .urgency = KAI_URGENCY_TODAY,
	 .valid_ms = 30 * KAI_MS_DAY,
	 .role = KAI_ROLE_DUTY,
	 .signers = 1,
	 FIELDS(coord)},
	{.kind = KAI_KIND_NOTICE,
	 .word = "notice",
	 .urgency = KAI_URGENCY_TODAY,
	 .valid_ms = 30 * KAI_MS_DAY,
	 .role = KAI_ROLE_DUTY,
	 .signers = 1,
	 .text = true,
	 FIELDS(notice)},
	{.kind = KAI_KIND_RETRACT,
	 .word = "retract",
	 .urgency = KAI_URGENCY_NOW,
	 .valid_ms = 365 * KAI_MS_DAY,
	 .role = KAI_ROLE_DUTY,
	 .signers = 1,
	 FIELDS(retract)},
	{.kind = KAI_KIND_RELEASE,
	 .word = "release",
	 .urgency = KAI_URGENCY_INFO,
	 .valid_ms = 30 * KAI_MS_DAY,
	 .role = KAI_ROLE_DECIDER,
	 .signers = 1,
	 .directed = true,
	 FIELDS(release)},
};
const size_t kai_kind_row_count = sizeof(kai_kind_rows) / sizeof(kai_kind_rows[0]);

const struct kai_kind_row *kai_kind_row(uint64_t kind)
{
	for (size_t i = 0; i < kai_kind_row_count; i++) {
		if (kai_kind_rows[i].kind == kind)
			return &kai_kind_rows[i];
	}
	return NULL;
}

const struct kai_kind_row *kai_kind_by_word(const char *word)
{
	for (size_t i = 0; i < kai_kind_row_count; i++) {
		if (strcmp(kai_kind_rows[i].word, word) == 0)
			return &kai_kind_rows[i];
	}
	return NULL;
}
