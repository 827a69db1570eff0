/* SPDX-License-Identifier: Apache-2.0 */
/* What each entry of the journal says to people, and what a break in its chain means. */
#include "journal.h"
#include "view.h"

static const struct {
	const char *event;
	const char *sentence;
} events[] = {
	{"item-own", N_("An advisory of ours was issued.")},
	{"item-stored", N_("An advisory came in and was stored.")},
	{"item-merged", N_("More of an advisory came in: a part, or a signature.")},
	{"item-marked",
	 N_("An advisory was signed with a key that was revoked: it counts no more.")},
	{"peer-fault", N_("Something that it sent was refused.")},
	{"card-accepted", N_("Its card was accepted.")},
	{"card-introduced", N_("Its card was believed on a partner's word.")},
	{"card-equivocation",
	 N_("Two contradicting cards of it were seen: it is frozen until a person decides.")},
	{"card-resolved", N_("A person decided which of its two cards to believe.")},
	{"node-record-accepted", N_("Its node's keys and addresses were accepted.")},
	{"agreement-proposed", N_("An agreement was proposed.")},
	{"agreement", N_("An agreement was signed by both.")},
	{"agreement-notice", N_("An agreement was suspended, resumed or ended.")},
	{"membership", N_("It was stated to be a member of a community.")},
	{"membership-withdrawn", N_("Its membership of a community was withdrawn.")},
	{"drill-announced", N_("A drill was announced.")},
	{"drill-consented", N_("We take part in a drill.")},
	{"drill-refused", N_("We take no part in a drill: no agreement consents to it.")},
	{"drill-said", N_("It said whether it takes part in a drill.")},
	{"drill-closed", N_("A drill was closed by its director.")},
	{"receipt", N_("It told how far it is with an advisory.")},
	{"acknowledged", N_("We told how far we are with an advisory.")},
	{"attested", N_("It confirmed an advisory by telephone.")},
	{"duty-due", N_("A duty began.")},
	{"duty-met", N_("A duty was met.")},
	{"duty-blocked", N_("A duty is held back by the rules.")},
	{"duty-overdue", N_("A duty is overdue.")},
	{"duty-unseen",
	 N_("The time of a duty of theirs is over; what they did is not visible from here.")},
	{"duty-ended", N_("A duty ended: what it was about is no more, or the agreement.")},
	{"contingency-opened",
	 N_("We pass on by a contingency clause from now on, since we cannot reach:")},
	{"contingency-carried",
	 N_("An advisory of ours or of another left by a contingency clause, open since:")},
	{"contingency-closed", N_("The contingency clause closed: we can reach all for whom it "
				  "waited again. It had been opened for:")},
	{"contingency-over", N_("The contingency clause closed: it was open for as long as it may "
				"be. We had not reached:")},
	{"contingency-void", N_("The contingency clause closed: the agreement does not say so any "
				"longer. We had not reached:")},
	{"contingency-heard", N_("It passes on to us by a contingency clause, open since:")},
	{"call-due", N_("A call about silence is due.")},
	{"call-started", N_("A call about silence began.")},
	{"call-repeated",
	 N_("A call about silence is made again: the node had ended before it was done.")},
	{"call-done", N_("A call about silence was made, or could not be.")},
	{"calls-ended", N_("Nobody is called any more.")},
	{"release-granted", N_("Who may have a part of ours was widened.")},
	{"bundle-written", N_("Advisories and receipts for it were written as a file.")},
	{"bundle-taken", N_("A file of advisories and receipts from it was taken.")},
	{"bundle-refused", N_("A file from it was refused as a whole.")},
	{"case-sealed", N_("A file with all of an incident was sealed.")},
	{"store-restored", N_("This store was put back from a backup.")},
};

const char *kai_journal_sentence(struct kai_span event)
{
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
		if (kai_span_equal(event, kai_span_str(events[i].event)))
			return events[i].sentence;
	return NULL;
}

char *kai_journal_words(struct kai_cli *cli, const struct kai_journal *entry)
{
	const char *between = cli->lang == KAI_LANG_JA ? "" : " ";
	const char *sentence = kai_journal_sentence(entry->event);
	char *words = sentence != NULL ? kai_cli_text(cli, "%s", T(sentence))
				       : kai_view_safe(cli, kai_cli_str(cli, entry->event), false);

	if (entry->rule.len > 0)
		words = kai_cli_text(cli, "%s%s%s", words, between,
				     kai_rule_sentence(cli, kai_cli_str(cli, entry->rule)));
	if (entry->text.len > 0)
		words = kai_cli_text(cli, "%s%s%s", words, between,
				     kai_view_safe(cli, kai_cli_str(cli, entry->text), false));
	return words;
}

json_t *kai_journal_json(uint64_t number, const struct kai_journal *entry)
{
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:I, s:o}", "number", (json_int_t)number,
			 "at", kai_json_time(entry->at), "event", kai_json_span(entry->event),
			 "org", entry->org.is ? kai_json_id(entry->org.id) : json_null(), "id",
			 entry->id.is ? kai_json_id(entry->id.id) : json_null(), "rule",
			 kai_json_span(entry->rule), "count", (json_int_t)entry->count, "text",
			 kai_json_span(entry->text));
}

static const struct {
	const char *word;
	const char *meaning;
} breaks[] = {
	[KAI_JOURNAL_WHOLE] = {"", NULL},
	[KAI_JOURNAL_GAP] = {"gap", N_("entries before it are missing: somebody removed them, or "
				       "moved this one")},
	[KAI_JOURNAL_UNREADABLE] = {"unreadable", N_("its bytes are no entry any more: they were "
						     "changed after they were written")},
	[KAI_JOURNAL_CHANGED] = {"changed",
				 N_("it does not follow from the one before: that one was changed "
				    "after it was written, or this one was put in its place")},
	[KAI_JOURNAL_END] = {"end", N_("the journal does not end as it was left: the newest entry "
				       "was changed, or later ones were cut off")},
};

const char *kai_journal_meaning(enum kai_journal_break broken)
{
	return breaks[broken].meaning;
}

const char *kai_journal_break_word(enum kai_journal_break broken)
{
	return breaks[broken].word;
}
