/* SPDX-License-Identifier: Apache-2.0 */
/* What each finding of the doctor says. */
#include "doctor.h"

static const char *const words[] = {
#define X(name, word) [KAI_FINDING_##name] = (word),
	KAI_X_FINDING(X)
#undef X
};

const char *kai_finding_word(enum kai_finding finding)
{
	return words[finding];
}

const struct kai_finding_text kai_finding_texts[KAI_FINDING_END] = {
	[KAI_FINDING_NODE_DOWN] =
		{N_("The node is not running."),
		 N_("Nothing comes in and nothing goes out. Links, clocks and memory could not be "
		    "seen; the rest is from the disk."),
		 N_("Start kairand. If it ends again, its last log line says why.")},
	[KAI_FINDING_READ_ONLY] =
		{N_("The node only reads: the disk is full."),
		 N_("What partners send is put off, and nothing can be filed."),
		 N_("Make room, or raise store.quota_bytes and restart. It goes on by itself.")},
	[KAI_FINDING_LINK_DOWN] = {N_("The link is down."),
				   N_("What either side files waits until it is up."),
				   N_("Ask by telephone whether their machine runs; tell by "
				      "telephone what cannot wait.")},
	[KAI_FINDING_OUR_CLOCK] = {N_("Partners' clocks agree against ours."),
				   N_("Agreements begin and end by our clock, and others put off "
				      "what we date ahead."),
				   N_("Set this machine's clock, and keep it set (NTP).")},
	[KAI_FINDING_PEER_CLOCK] = {N_("Its clock and ours disagree."),
				    N_("Items dated more than a day ahead wait, and agreements end "
				       "at different moments."),
				    N_("Compare ours with a third clock; then tell the partner.")},
	[KAI_FINDING_CLOCK_BACK] = {N_("This machine's clock is behind what the node has seen."),
				    N_("New items look older than those before them, and nothing "
				       "is destroyed in time."),
				    N_("Set this machine's clock, and keep it set (NTP).")},
	[KAI_FINDING_JOURNAL] =
		{N_("The journal is broken."),
		 N_("Something changed it after it was written: the disk, or a person."),
		 N_("Run kairan journal verify, keep a copy of the store, and compare with heads "
		    "that others kept.")},
	[KAI_FINDING_DISK] = {N_("The disk is nearly full."),
			      N_("When it is full the node only reads."),
			      N_("Make room on it, not in store/.")},
	[KAI_FINDING_QUOTA] = {N_("The store is near its limit."),
			       N_("At the limit the node only reads."),
			       N_("Raise store.quota_bytes in kairan.conf and restart.")},
	[KAI_FINDING_OPEN_FILES] =
		{N_("The node may open too few files."),
		 N_("Half of them are for connections: partners will be turned away."),
		 N_("Raise its limit (LimitNOFILE= in the unit file) and restart.")},
	[KAI_FINDING_MEMORY] = {N_("Partners together may take more memory than the node has."),
				N_("Each may have quota.held_bytes of unfinished items held; at "
				   "the end of memory links are cut."),
				N_("Lower quota.held_bytes, or give the node more memory "
				   "(MemoryMax= in the unit file).")},
	[KAI_FINDING_OPEN_PATH] = {N_("Others may get at it."),
				   N_("Whoever reads a key is this organisation; whoever writes "
				      "there rules the node."),
				   N_("chmod to the mode named, chown to the node's user; if "
				      "others could read a key, replace it.")},
	[KAI_FINDING_UNSEEN] = {N_("It could not be looked at."), N_("This user may not."),
				N_("Run doctor as the node's user.")},
	[KAI_FINDING_NO_KEY] =
		{N_("It is missing."),
		 N_("The node does not start without it, or cannot read what is sealed to it."),
		 N_("Put it back from a backup, or replace it: kairan card rotate.")},
	[KAI_FINDING_KEY_NOT_OURS] =
		{N_("It does not stand in our card, or was revoked."),
		 N_("Partners refuse what is signed with it: after an old backup, for one."),
		 N_("Replace it (kairan card rotate) and restart.")},
	[KAI_FINDING_ROOT_HERE] =
		{N_("The root key lies on this machine."),
		 N_("Whoever takes it is this organisation for good."),
		 N_("Move it to a safe place off this machine; the node does not need it.")},
	[KAI_FINDING_OUR_CARD] = {N_("Our card ends."),
				  N_("After that partners believe nothing that we sign."),
				  N_("Make a new one with the root key: kairan card rotate.")},
	[KAI_FINDING_OUR_KEY] =
		{N_("A key in our card ends, and nothing follows it."),
		 N_("After that partners refuse what it signs, or cannot seal to us."),
		 N_("Replace it with the root key at hand: kairan card rotate.")},
	[KAI_FINDING_OUR_RECORD] =
		{N_("Our node's record ends."), N_("After that partners do not let our node in."),
		 N_("Replace the node's key with the root key at hand: kairan card rotate node.")},
	[KAI_FINDING_THEIR_CARD] = {N_("Its card ends."),
				    N_("After that we believe nothing that it signs."),
				    N_("Ask for a new one; it comes over the link by itself.")},
	[KAI_FINDING_OLD_CARD] = {N_("Its card was not refreshed for 90 days."),
				  N_("Keys that it revoked since would be believed here."),
				  N_("Ask it, or whoever introduced it, for its card of today.")},
	[KAI_FINDING_FROZEN] =
		{N_("Two contradicting cards: it is frozen."),
		 N_("Its items wait. Somebody else has its root key, or it made a mistake."),
		 N_("Telephone it, compare digests, then: kairan card resolve.")},
	[KAI_FINDING_AGREEMENT_ENDED] =
		{N_("The agreement has ended."),
		 N_("Nothing but retractions passes; thirty days after its end the link closes "
		    "too."),
		 N_("Renew it (kairan agree renew), or end it for good (kairan agree terminate).")},
	[KAI_FINDING_AGREEMENT_ENDS] =
		{N_("The agreement ends."),
		 N_("At that instant nothing passes any more, both ways."),
		 N_("Renew it: kairan agree renew; the partner accepts, you import.")},
	[KAI_FINDING_AGREEMENT_WAITS] = {N_("A proposal was not signed by both."),
					 N_("Nothing passes under it."),
					 N_("Sign it (kairan agree accept), or ask the partner.")},
	[KAI_FINDING_SUSPENDED] = {N_("The agreement is suspended."),
				   N_("Nothing but retractions passes."),
				   N_("When the reason is gone: kairan agree resume.")},
	[KAI_FINDING_REVIEW] =
		{N_("The agreement was to be looked over by now."),
		 N_("People, numbers and duties in it may be of last year."),
		 N_("Go through it with the partner, and sign it anew with a later review_by.")},
	[KAI_FINDING_NO_CONTACT] = {N_("No contact of it is named."),
				    N_("At night nobody will know whom to call."),
				    N_("Have the partner name people by role, with two routes "
				       "each, in a new agreement.")},
	[KAI_FINDING_ONE_ROUTE] =
		{N_("A contact of it has one route only."),
		 N_("When that one fails nobody is reached."),
		 N_("Have the partner name a second route of another kind, in a new agreement.")},
	[KAI_FINDING_MEMBERSHIP] = {N_("A membership ends."),
				    N_("After that the community's items do not reach the member."),
				    N_("The keeper states it again: kairan member add.")},
	[KAI_FINDING_DRAFT] = {N_("It was written and not sent."), N_("Nobody has it."),
			       N_("Send it (kairan draft send), or drop it (kairan draft drop).")},
};
