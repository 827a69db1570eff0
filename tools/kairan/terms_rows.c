/* SPDX-License-Identifier: Apache-2.0 */
#include "terms_rows.h"

#include <string.h>
#include <strings.h>

#define N_(english) english

static const struct kai_term_word tlp_words[] = {
	{KAI_TLP_RED, "RED"},	  {KAI_TLP_AMBER_STRICT, "AMBER+STRICT"},
	{KAI_TLP_AMBER, "AMBER"}, {KAI_TLP_GREEN, "GREEN"},
	{KAI_TLP_CLEAR, "CLEAR"}, {0, NULL}};
static const struct kai_term_word onward_words[] = {{KAI_ONWARD_NONE, "none"},
						    {KAI_ONWARD_CONSTITUENCY, "constituency"},
						    {KAI_ONWARD_COMMUNITY, "community"},
						    {KAI_ONWARD_ANY, "any"},
						    {0, NULL}};
static const struct kai_term_word attribution_words[] = {{KAI_ATTR_NAMED, "named"},
							 {KAI_ATTR_SECTOR_ONLY, "sector-only"},
							 {KAI_ATTR_NONE, "none"},
							 {0, NULL}};
static const struct kai_term_word urgency_words[] = {{KAI_URGENCY_NOW, "now"},
						     {KAI_URGENCY_TODAY, "today"},
						     {KAI_URGENCY_INFO, "info"},
						     {0, NULL}};
static const struct kai_term_word action_words[] = {
	{1, "pass"}, {2, "answer"}, {3, "report"}, {0, NULL}};
static const struct kai_term_word level_words[] = {
	{1, "delivered"}, {2, "seen"}, {3, "received"}, {4, "action"}, {0, NULL}};
static const struct kai_term_word consent_words[] = {
	{0, "none"}, {1, "comcheck"}, {2, "drills"}, {0, NULL}};
static const struct kai_term_word side_words[] = {{0, "first"}, {1, "second"}, {0, NULL}};

#define ROW(object, field, key, form, words, optional, comment)                                    \
	{                                                                                          \
		&kai_object_##object, (field), (key), KAI_TERM_##form, (words), (optional),        \
			(comment)                                                                  \
	}

const struct kai_term_row kai_term_rows[] = {
	ROW(terms, "version", "version", FIXED, NULL, true, NULL),
	ROW(terms, "serial", "serial", NUMBER, NULL, false,
	    N_("Grows with every renewal of this agreement.")),
	ROW(terms, "predecessor", "predecessor", DIGEST, NULL, true,
	    N_("Digest of the agreement that this one replaces; empty in the first.")),
	ROW(terms, "valid_from", "valid_from", TIME, NULL, false,
	    N_("In force from this instant …")),
	ROW(terms, "valid_until", "valid_until", TIME, NULL, false,
	    N_("… to this one. Sending stops then, both ways.")),
	ROW(terms, "review_by", "review_by", TIME, NULL, true,
	    N_("When people look at it again; empty: never.")),
	ROW(terms, "signers", "signers", NUMBER, NULL, true,
	    N_("Signatures asked on an alert (1 to 4).")),
	ROW(terms, "a", "first", GROUP, NULL, false,
	    N_("The two organisations. Compare the ids with what you were told by telephone.")),
	ROW(terms, "b", "second", GROUP, NULL, false, NULL),
	ROW(terms, "a_to_b", "first_to_second", GROUP, NULL, false,
	    N_("What the first may send to the second.")),
	ROW(terms, "b_to_a", "second_to_first", GROUP, NULL, false,
	    N_("What the second may send to the first.")),
	ROW(terms, "duties", "duties", GROUPS, NULL, true,
	    N_("Timed promises: who passes what on, answers or reports, and within what time.")),
	ROW(terms, "acks", "acks", GROUPS, NULL, true,
	    N_("How soon an item must be acknowledged, by urgency.")),
	ROW(terms, "contacts", "contacts", GROUPS, NULL, true,
	    N_("Whom to call, by role, over two different routes.")),
	ROW(terms, "contingency", "contingency", GROUPS, NULL, true,
	    N_("What may pass between which two when a link or a peer is down. Never changes a "
	       "label.")),
	ROW(terms, "contingency_only", "contingency_only", YES, NULL, true,
	    N_("true: nothing passes but what a contingency clause carries.")),
	ROW(terms, "drill_consent", "drill_consent", WORD, consent_words, true,
	    N_("none, comcheck or drills.")),
	ROW(terms, "retention_days", "retention_days", NUMBER, NULL, true,
	    N_("Days after which received items are destroyed; 0: as labelled.")),
	ROW(terms, "ext", "ext", FIXED, NULL, true, NULL),
	ROW(party, "org", "org", ORG, NULL, false, NULL),
	ROW(party, "name", "name", TEXT, NULL, false, NULL),
	ROW(party, "country", "country", TEXT, NULL, false,
	    N_("What this side is. Rules read it here, never from its card.")),
	ROW(party, "sectors", "sectors", TEXTS, NULL, true, NULL),
	ROW(party, "government", "government", YES, NULL, true, NULL),
	ROW(party, "may_introduce", "may_introduce", YES, NULL, true,
	    N_("May it bring the cards of other origins whose items it passes on?")),
	ROW(direction, "kinds", "kinds", KINDS, NULL, false, NULL),
	ROW(direction, "sectors", "sectors", TEXTS, NULL, false,
	    N_("Sectors of the items, or \"*\" alone for all.")),
	ROW(direction, "ceiling", "ceiling", WORD, tlp_words, false,
	    N_("Most restricted TLP that may pass: AMBER lets AMBER, GREEN and CLEAR pass.")),
	ROW(direction, "constituency", "constituency", YES, NULL, true,
	    N_("Is the receiver the sender's own member or client?")),
	ROW(direction, "communities", "communities", COMMUNITIES, NULL, true,
	    N_("KEEPER/NAME of communities whose memberships of the receiver count.")),
	ROW(direction, "onward", "onward", WORD, onward_words, true,
	    N_("How the receiver may pass on what came this way, where the label allows it: none, "
	       "constituency, community, any.")),
	ROW(direction, "attribution", "attribution", WORD, attribution_words, true,
	    N_("How people may name the source: named, sector-only, none.")),
	ROW(direction, "max_items_day", "max_items_day", NUMBER, NULL, true,
	    N_("Volume limits; 0: none.")),
	ROW(direction, "max_bytes_day", "max_bytes_day", NUMBER, NULL, true, NULL),
	ROW(duty, "side", "side", WORD, side_words, false, NULL),
	ROW(duty, "kinds", "kinds", KINDS, NULL, false, NULL),
	ROW(duty, "urgency", "urgency", WORD, urgency_words, false, NULL),
	ROW(duty, "action", "action", WORD, action_words, false, NULL),
	ROW(duty, "target", "target", AUDIENCE, NULL, true, NULL),
	ROW(duty, "within_ms", "within", SPAN, NULL, false, NULL),
	ROW(duty, "report_back", "report_back", YES, NULL, true, NULL),
	ROW(ack_deadline, "urgency", "urgency", WORD, urgency_words, false, NULL),
	ROW(ack_deadline, "level", "level", WORD, level_words, false, NULL),
	ROW(ack_deadline, "within_ms", "within", SPAN, NULL, false, NULL),
	ROW(contact, "side", "side", WORD, side_words, false, NULL),
	ROW(contact, "role", "role", TEXT, NULL, false, NULL),
	ROW(contact, "name", "name", TEXT, NULL, true, NULL),
	ROW(contact, "first", "first", TEXT, NULL, false, NULL),
	ROW(contact, "second", "second", TEXT, NULL, false, NULL),
	ROW(contact, "hours", "hours", HOURS, NULL, true, NULL),
	ROW(contingency, "from", "from", ORG, NULL, false, NULL),
	ROW(contingency, "to", "to", ORG, NULL, false, NULL),
	ROW(contingency, "kinds", "kinds", KINDS, NULL, false, NULL),
	ROW(contingency, "after_ms", "after", SPAN, NULL, false, NULL),
	ROW(contingency, "longest_ms", "longest", SPAN, NULL, false, NULL),
	ROW(contingency, "pause_ms", "pause", SPAN, NULL, true, NULL),
};
const size_t kai_term_row_count = sizeof(kai_term_rows) / sizeof(*kai_term_rows);

const struct kai_field *kai_term_field(const struct kai_term_row *row)
{
	const struct kai_field *fields = row->object->fields();

	for (size_t i = 0; i < row->object->field_count; i++)
		if (strcmp(fields[i].name, row->field) == 0)
			return &fields[i];
	return NULL;
}

const struct kai_term_row *kai_term_first(const struct kai_object *object, size_t *ret_count)
{
	const struct kai_term_row *first = NULL;
	size_t count = 0;

	for (size_t i = 0; i < kai_term_row_count; i++) {
		if (kai_term_rows[i].object != object)
			continue;
		if (first == NULL)
			first = &kai_term_rows[i];
		count++;
	}
	*ret_count = count;
	return first;
}

static const char *word_of(const struct kai_term_word *words, uint64_t value)
{
	for (; words->word != NULL; words++)
		if (words->value == value)
			return words->word;
	return "?";
}

const char *kai_attribution_word(uint64_t attribution)
{
	return word_of(attribution_words, attribution);
}

bool kai_attribution_parse(const char *word, uint64_t *ret)
{
	for (size_t i = 0; attribution_words[i].word != NULL; i++) {
		if (strcasecmp(attribution_words[i].word, word) == 0) {
			*ret = attribution_words[i].value;
			return true;
		}
	}
	return false;
}

const char *kai_duty_action_word(uint64_t action)
{
	return word_of(action_words, action);
}

const char *kai_ack_level_word(uint64_t level)
{
	return word_of(level_words, level);
}

const char *kai_consent_word(uint64_t consent)
{
	return word_of(consent_words, consent);
}
