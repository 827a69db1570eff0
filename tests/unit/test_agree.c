/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"
#include "world.h"

#include "kairan/records.h"

/* ---- helpers
 * ------------------------------------------------------------------------------------------------------
 */

static struct kai_ctl_answer propose(struct world *world, size_t at,
				     const struct world_terms *terms)
{
	struct kai_ctl_agree_propose request = {
		.terms = world_encode(world, at, &kai_object_terms, &terms->terms)};

	return world_ask(world, at, KAI_CONTROL_AGREE_PROPOSE, &request);
}

static struct kai_ctl_answer accept(struct world *world, size_t at, struct kai_span file)
{
	struct kai_ctl_agree_file request = {.file = file};

	return world_ask(world, at, KAI_CONTROL_AGREE_ACCEPT, &request);
}

static struct kai_ctl_answer import(struct world *world, size_t at, struct kai_span file)
{
	struct kai_ctl_agree_file_in request = {.file = file};

	return world_ask(world, at, KAI_CONTROL_AGREE_IMPORT, &request);
}

static struct kai_ctl_answer notice(struct world *world, size_t at, size_t with, uint64_t action)
{
	struct kai_ctl_agree_notice request = {.action = action, .reason = kai_span_str("test")};

	memcpy(request.org, world_org(world, with), KAI_ID_LEN);
	return world_ask(world, at, KAI_CONTROL_AGREE_NOTICE, &request);
}

static void assert_refused(struct kai_ctl_answer answer, uint64_t code, const char *reason)
{
	if (!kai_span_equal(answer.reason, kai_span_str(reason)) || answer.exit != code)
		print_message("wanted %s, got %llu %.*s: %.*s\n", reason,
			      (unsigned long long)answer.exit, (int)answer.reason.len,
			      (const char *)answer.reason.at, (int)answer.text.len,
			      (const char *)answer.text.at);
	assert_int_equal(answer.exit, code);
	assert_true(kai_span_equal(answer.reason, kai_span_str(reason)));
	assert_true(answer.text.len > 0);
}

static void assert_state(struct world *world, size_t a, size_t b, enum kai_agreement_state state)
{
	assert_string_equal(kai_agreement_state_word(world_state(world, a, b)),
			    kai_agreement_state_word(state));
	assert_string_equal(kai_agreement_state_word(world_state(world, b, a)),
			    kai_agreement_state_word(state));
}

static struct kai_ctl_answer publish_clear(struct world *world, size_t at, bool keep)
{
	struct world_draft draft;

	world_secinfo(world, at, &draft, KAI_TLP_CLEAR, "news");
	draft.request.keep = keep;
	struct kai_ctl_answer answer = world_ask(world, at, KAI_CONTROL_PUBLISH, &draft.request);

	world_settle(world);
	return answer;
}

/* The agreement with this digest as a node has it, as a file. */
static struct kai_span stored_file(struct world *world, size_t at, size_t with,
				   const uint8_t digest[KAI_ID_LEN])
{
	struct kai_key key = kai_key_two(world_org(world, with), digest);
	struct kai_agree_file file = {.version = KAI_VERSION};
	struct kai_agree_rec rec;
	struct kai_txn *txn;

	assert_int_equal(kai_txn_begin(world->nodes[at].store, false, &txn, NULL), KAI_ERR_OK);
	assert_true(kai_rec_get(txn, KAI_TABLE_AGREEMENTS, &key, &kai_object_agree_rec,
				&world->nodes[at].arena, &rec));
	kai_txn_abort(txn);
	file.agreement = rec.bytes;
	return world_encode(world, at, &kai_object_agree_file, &file);
}

static struct kai_agreement_read current(struct world *world, size_t at, size_t with)
{
	struct kai_txn *txn;
	struct kai_pair pair;

	assert_int_equal(kai_txn_begin(world->nodes[at].store, false, &txn, NULL), KAI_ERR_OK);
	kai_pair_load(txn, world_org(world, at), world_org(world, with), world->wall,
		      &world->nodes[at].arena, &pair);
	kai_txn_abort(txn);
	assert_true(pair.has_terms);
	return pair.agreement;
}

struct seen {
	size_t count;
	size_t keys;
	uint8_t org[KAI_ID_LEN];
};

static void see(void *context, const struct kai_engine_peer *peer)
{
	struct seen *seen = context;

	seen->count++;
	seen->keys = peer->key_count;
	memcpy(seen->org, peer->org, KAI_ID_LEN);
}

static struct seen peers(struct world *world, size_t at)
{
	struct seen seen = {0};
	struct kai_txn *txn;

	assert_int_equal(kai_txn_begin(world->nodes[at].store, false, &txn, NULL), KAI_ERR_OK);
	kai_engine_peers(world->nodes[at].engine, txn, world->wall, see, &seen);
	kai_txn_abort(txn);
	return seen;
}

/* ---- tests
 * --------------------------------------------------------------------------------------------------------
 */

static void joins_by_files(void **state)
{
	struct world *world = world_new(2);
	struct world_terms terms;

	(void)state;
	world_terms(world, &terms, 0, 1, 1);
	assert_int_equal(peers(world, 0).count, 0);
	world_join(world, &terms, 0, 1);
	assert_state(world, 0, 1, KAI_STATE_ACTIVE);
	assert_int_equal(peers(world, 0).count, 1);
	assert_int_equal(peers(world, 0).keys, 1);
	assert_int_equal(peers(world, 1).keys, 1);
	struct kai_ctl_answer answer = publish_clear(world, 0, false);

	assert_int_equal(answer.exit, 0);
	assert_true(answer.id.is);
	assert_true(world_holds(world, 1, answer.id.id));
	world_free(world);
}

static void expires_to_the_second(void **state)
{
	struct world *world = world_new(2);
	struct world_terms terms;

	(void)state;
	world_terms(world, &terms, 0, 1, 1);
	terms.terms.valid_until = WORLD_START + 3600 * 1000;
	world_join(world, &terms, 0, 1);
	world_wait(world, 3599 * 1000);
	assert_state(world, 0, 1, KAI_STATE_ACTIVE);
	struct kai_ctl_answer before = publish_clear(world, 0, false);

	assert_int_equal(before.exit, 0);
	assert_true(world_holds(world, 1, before.id.id));
	size_t asked = world->nodes[0].peers_asked;

	world_wait(world, 999);
	assert_state(world, 0, 1, KAI_STATE_ACTIVE);
	world_wait(world, 1);
	assert_state(world, 0, 1, KAI_STATE_EXPIRED);
	/* the timer noticed by itself */
	assert_true(world->nodes[0].peers_asked > asked);
	assert_refused(publish_clear(world, 0, false), 1, "no-recipient");
	struct kai_ctl_answer after = publish_clear(world, 0, true);

	assert_int_equal(after.exit, 0);
	assert_int_equal(after.recipients_count, 1);
	assert_false(after.recipients[0].allow);
	assert_true(kai_span_equal(after.recipients[0].rule, kai_span_str("agreement")));
	assert_false(world_holds(world, 1, after.id.id));
	/* the link stands for 30 days, so that a renewal can come */
	assert_int_equal(peers(world, 0).count, 1);
	world->wall.ms = WORLD_START + 3600 * 1000 + KAI_GRACE_MS - 1;
	assert_int_equal(peers(world, 0).count, 1);
	world->wall.ms++;
	assert_int_equal(peers(world, 0).count, 0);
	world_free(world);
}

static void begins_to_the_second(void **state)
{
	struct world *world = world_new(2);
	struct world_terms terms;

	(void)state;
	world_terms(world, &terms, 0, 1, 1);
	terms.terms.valid_from = WORLD_START + 60000;
	world_join(world, &terms, 0, 1);
	assert_state(world, 0, 1, KAI_STATE_FUTURE);
	struct kai_ctl_answer answer = publish_clear(world, 0, true);

	world_wait(world, 59999);
	assert_state(world, 0, 1, KAI_STATE_FUTURE);
	assert_false(world_holds(world, 1, answer.id.id));
	world_wait(world, 1);
	assert_state(world, 0, 1, KAI_STATE_ACTIVE);
	/* what was kept goes now */
	world_wait(world, 1000);
	assert_true(world_holds(world, 1, answer.id.id));
	world_free(world);
}

static void suspends_and_resumes(void **state)
{
	struct world *world = world_new(2);
	struct world_terms terms;

	(void)state;
	world_terms(world, &terms, 0, 1, 1);
	world_join(world, &terms, 0, 1);
	assert_refused(notice(world, 0, 1, KAI_NOTICE_RESUME), 1, "not-suspended");
	assert_int_equal(notice(world, 0, 1, KAI_NOTICE_SUSPEND).exit, 0);
	world_settle(world);
	assert_state(world, 0, 1, KAI_STATE_SUSPENDED);
	assert_refused(notice(world, 0, 1, KAI_NOTICE_SUSPEND), 1, "suspended");
	/* one side's suspension is not the other's to lift */
	assert_refused(notice(world, 1, 0, KAI_NOTICE_RESUME), 1, "not-suspended");
	struct kai_ctl_answer kept = publish_clear(world, 1, true);

	assert_int_equal(kept.exit, 0);
	assert_false(world_holds(world, 0, kept.id.id));
	/* within the same second the number still grows */
	assert_int_equal(notice(world, 0, 1, KAI_NOTICE_RESUME).exit, 0);
	world_wait(world, 1000);
	assert_state(world, 0, 1, KAI_STATE_ACTIVE);
	assert_true(world_holds(world, 0, kept.id.id));
	world_free(world);
}

static void both_may_suspend(void **state)
{
	struct world *world = world_new(2);
	struct world_terms terms;

	(void)state;
	world_terms(world, &terms, 0, 1, 1);
	world_join(world, &terms, 0, 1);
	assert_int_equal(notice(world, 0, 1, KAI_NOTICE_SUSPEND).exit, 0);
	world_settle(world);
	assert_int_equal(notice(world, 1, 0, KAI_NOTICE_SUSPEND).exit, 0);
	world_settle(world);
	assert_int_equal(notice(world, 0, 1, KAI_NOTICE_RESUME).exit, 0);
	world_settle(world);
	assert_state(world, 0, 1, KAI_STATE_SUSPENDED);
	assert_int_equal(notice(world, 1, 0, KAI_NOTICE_RESUME).exit, 0);
	world_settle(world);
	assert_state(world, 0, 1, KAI_STATE_ACTIVE);
	world_free(world);
}

static void terminates_for_good(void **state)
{
	struct world *world = world_new(2);
	struct world_terms terms;

	(void)state;
	world_terms(world, &terms, 0, 1, 1);
	world_join(world, &terms, 0, 1);
	struct kai_ctl_answer answer = notice(world, 0, 1, KAI_NOTICE_TERMINATE);

	assert_int_equal(answer.exit, 0);
	assert_true(answer.body.len > 0);
	world_settle(world);
	assert_state(world, 0, 1, KAI_STATE_TERMINATED);
	assert_refused(notice(world, 0, 1, KAI_NOTICE_RESUME), 1, "terminated");
	assert_refused(notice(world, 1, 0, KAI_NOTICE_SUSPEND), 1, "terminated");
	/* the old file does not bring it back, a new agreement needs a higher serial */
	world_terms(world, &terms, 0, 1, 1);
	assert_refused(propose(world, 0, &terms), 3, "serial");
	world_terms(world, &terms, 0, 1, 2);
	answer = propose(world, 0, &terms);
	assert_int_equal(answer.exit, 0);
	answer = accept(world, 1, answer.body);
	assert_int_equal(answer.exit, 0);
	assert_int_equal(import(world, 0, answer.body).exit, 0);
	assert_state(world, 0, 1, KAI_STATE_ACTIVE);
	world_free(world);
}

/* Who is away when the other side ends it hears so when it comes back within thirty days. */
static void a_termination_waits_for_the_peer(void **state)
{
	struct world *world = world_new(2);
	struct world_terms terms;

	(void)state;
	world_terms(world, &terms, 0, 1, 1);
	world_join(world, &terms, 0, 1);
	world_link(world, 0, 1, false);
	world_settle(world);
	assert_int_equal(notice(world, 0, 1, KAI_NOTICE_TERMINATE).exit, 0);
	assert_int_equal(world_state(world, 0, 1), KAI_STATE_TERMINATED);
	assert_int_equal(world_state(world, 1, 0), KAI_STATE_ACTIVE);
	world_wait(world, 29 * KAI_MS_DAY);
	assert_int_equal(peers(world, 0).count, 1);
	world_link(world, 0, 1, true);
	world_settle(world);
	assert_int_equal(world_state(world, 1, 0), KAI_STATE_TERMINATED);
	world_link(world, 0, 1, false);
	world_wait(world, 2 * KAI_MS_DAY);
	assert_int_equal(peers(world, 0).count, 0);
	assert_int_equal(peers(world, 1).count, 0);
	world_free(world);
}

static void notices_cannot_be_replayed_or_undone(void **state)
{
	struct world *world = world_new(2);
	struct world_terms terms;
	struct kai_agreement_frame frame = {.what = 2};

	(void)state;
	world_terms(world, &terms, 0, 1, 1);
	world_join(world, &terms, 0, 1);
	struct kai_span suspend = notice(world, 0, 1, KAI_NOTICE_SUSPEND).body;

	world_wait(world, 5000);
	struct kai_span resume = notice(world, 0, 1, KAI_NOTICE_RESUME).body;

	world_settle(world);
	frame.bytes = suspend;
	world_forge(world, 0, 1, KAI_MSG_AGREEMENT, &frame);
	assert_state(world, 0, 1, KAI_STATE_ACTIVE);
	/* by another's hand: node 1 sends back what node 0 said */
	frame.bytes = resume;
	world_forge(world, 1, 0, KAI_MSG_AGREEMENT, &frame);
	assert_int_equal(world_traced(world, 0, "peer-fault", "contradiction"), 1);
	assert_state(world, 0, 1, KAI_STATE_ACTIVE);
	world_free(world);
}

/* A renewal is proposed over the link, waits for a person, and goes back over the link. */
static void renews_by_link(void **state)
{
	struct world *world = world_new(2);
	struct world_terms terms;
	struct world_terms next;

	(void)state;
	world_terms(world, &terms, 0, 1, 1);
	terms.terms.valid_until = WORLD_START + 3600 * 1000;
	world_join(world, &terms, 0, 1);
	struct kai_agreement_read first = current(world, 0, 1);

	world_terms(world, &next, 0, 1, 2);
	next.terms.valid_from = WORLD_START + 1800 * 1000;
	assert_refused(propose(world, 0, &next), 3, "predecessor");
	next.terms.predecessor.is = true;
	memcpy(next.terms.predecessor.id, first.digest, KAI_ID_LEN);
	next.terms.serial = 1;
	assert_refused(propose(world, 0, &next), 3, "serial");
	next.terms.serial = 2;
	struct kai_ctl_answer proposed = propose(world, 0, &next);

	assert_int_equal(proposed.exit, 0);
	world_settle(world);
	/* nothing changed yet, but the other side has it */
	assert_true(kai_id_equal(current(world, 1, 0).digest, first.digest));
	struct kai_span file = stored_file(world, 1, 0, proposed.id.id);

	assert_int_equal(accept(world, 1, file).exit, 0);
	world_settle(world);
	/* agreed on both sides by link alone, and it takes over at its instant */
	world_wait(world, 1800 * 1000 - 1);
	assert_true(kai_id_equal(current(world, 0, 1).digest, first.digest));
	world_wait(world, 1);
	assert_true(kai_id_equal(current(world, 0, 1).digest, proposed.id.id));
	assert_true(kai_id_equal(current(world, 1, 0).digest, proposed.id.id));
	assert_int_equal(current(world, 0, 1).signed_by, 3);
	/* the old end passes without a gap */
	world_wait(world, 1801 * 1000);
	assert_state(world, 0, 1, KAI_STATE_ACTIVE);
	struct kai_ctl_answer answer = publish_clear(world, 1, false);

	assert_true(world_holds(world, 0, answer.id.id));
	world_free(world);
}

/* A suspension holds for the renewal that waits as well. */
static void suspension_covers_the_renewal(void **state)
{
	struct world *world = world_new(2);
	struct world_terms terms;
	struct world_terms next;

	(void)state;
	world_terms(world, &terms, 0, 1, 1);
	terms.terms.valid_until = WORLD_START + 3600 * 1000;
	world_join(world, &terms, 0, 1);
	world_terms(world, &next, 0, 1, 2);
	next.terms.valid_from = WORLD_START + 1800 * 1000;
	next.terms.predecessor.is = true;
	memcpy(next.terms.predecessor.id, current(world, 0, 1).digest, KAI_ID_LEN);
	struct kai_ctl_answer answer = accept(world, 1, propose(world, 0, &next).body);

	assert_int_equal(answer.exit, 0);
	world_settle(world);
	assert_int_equal(notice(world, 0, 1, KAI_NOTICE_SUSPEND).exit, 0);
	world_settle(world);
	assert_state(world, 0, 1, KAI_STATE_SUSPENDED);
	world_wait(world, 1800 * 1000);
	assert_state(world, 0, 1, KAI_STATE_SUSPENDED);
	world_free(world);
}

/* Both sides propose at once: both accept, and both end with the same one. */
static void equal_serial_lower_digest(void **state)
{
	struct world *world = world_new(2);
	struct world_terms terms;
	struct world_terms one;
	struct world_terms two;

	(void)state;
	world_terms(world, &terms, 0, 1, 1);
	world_join(world, &terms, 0, 1);
	struct kai_agreement_read first = current(world, 0, 1);

	world_terms(world, &one, 0, 1, 2);
	one.terms.predecessor.is = true;
	memcpy(one.terms.predecessor.id, first.digest, KAI_ID_LEN);
	two = one;
	two.terms.retention_days = 30;
	two.terms.a_to_b.kinds = two.kinds;
	struct kai_ctl_answer a = propose(world, 0, &one);
	struct kai_ctl_answer b = propose(world, 1, &two);

	assert_int_equal(a.exit, 0);
	assert_int_equal(b.exit, 0);
	world_settle(world);
	assert_int_equal(accept(world, 1, a.body).exit, 0);
	assert_int_equal(accept(world, 0, b.body).exit, 0);
	world_settle(world);
	const uint8_t *lower = memcmp(a.id.id, b.id.id, KAI_ID_LEN) < 0 ? a.id.id : b.id.id;

	assert_true(kai_id_equal(current(world, 0, 1).digest, lower));
	assert_true(kai_id_equal(current(world, 1, 0).digest, lower));
	world_free(world);
}

static void refusals_by_name(void **state)
{
	struct world *world = world_new(3);
	struct world_terms terms;
	struct world_terms wrong;
	uint8_t junk[] = {0x93, 1, 2, 3};

	(void)state;
	world_terms(world, &terms, 0, 1, 1);
	/* proposing */
	assert_refused(propose(world, 2, &terms), 3, "not-a-party");
	assert_refused(propose(world, 0, &terms), 1, "no-card");
	world_import_card(world, 0, 1);
	wrong = terms;
	wrong.terms.valid_from = WORLD_START - 2;
	wrong.terms.valid_until = WORLD_START;
	assert_refused(propose(world, 0, &wrong), 3, "expired");
	wrong.terms.valid_from = WORLD_START;
	assert_refused(propose(world, 0, &wrong), 3, "contradiction");
	wrong = terms;
	wrong.terms.version = 2;
	assert_refused(propose(world, 0, &wrong), 3, "unknown-version");
	struct kai_ctl_agree_propose raw = {.terms = kai_span(junk, sizeof(junk))};

	assert_refused(world_ask(world, 0, KAI_CONTROL_AGREE_PROPOSE, &raw), 3, "wrong-count");
	struct kai_ctl_answer file = propose(world, 0, &terms);

	assert_int_equal(file.exit, 0);
	assert_int_equal(world_state(world, 0, 1), KAI_STATE_PROPOSED);
	/* proposing the same again gives the same file and no second agreement */
	assert_true(kai_span_equal(propose(world, 0, &terms).body, file.body));
	/* accepting */
	assert_refused(accept(world, 1, file.body), 1, "no-card");
	assert_refused(accept(world, 2, file.body), 1, "not-a-party");
	assert_refused(accept(world, 0, file.body), 1, "too-few-signers");
	assert_refused(accept(world, 1, kai_span(junk, sizeof(junk))), 3, "wrong-count");
	world_import_card(world, 1, 0);
	assert_refused(import(world, 1, file.body), 1, "too-few-signers");
	assert_refused(import(world, 0, file.body), 1, "too-few-signers");
	/* one flipped bit in the signature */
	uint8_t *copy = kai_arena_take(&world->nodes[1].arena, file.body.len);
	struct kai_agree_file opened;
	size_t at = 0;

	memcpy(copy, file.body.at, file.body.len);
	assert_int_equal(kai_object_decode(&kai_object_agree_file, kai_span(copy, file.body.len),
					   &world->nodes[1].arena, &opened),
			 KAI_FAULT_NONE);
	at = (size_t)(opened.agreement.at - copy) + opened.agreement.len - 1;
	copy[at] ^= 1;
	assert_refused(accept(world, 1, kai_span(copy, file.body.len)), 3, "bad-signature");
	/* too late */
	world->wall.ms += 366 * KAI_MS_DAY;
	assert_refused(accept(world, 1, file.body), 1, "expired");
	world->wall.ms -= 366 * KAI_MS_DAY;
	assert_int_equal(world_state(world, 1, 0), KAI_STATE_NONE);
	assert_int_equal(accept(world, 1, file.body).exit, 0);
	assert_int_equal(world_state(world, 1, 0), KAI_STATE_ACTIVE);
	/* notices */
	assert_refused(notice(world, 0, 2, KAI_NOTICE_SUSPEND), 4, "agreement");
	assert_refused(notice(world, 0, 1, KAI_NOTICE_SUSPEND), 4, "agreement");
	world_free(world);
}

static void bad_requests(void **state)
{
	static const struct {
		uint8_t bytes[4];
		size_t len;
		const char *reason;
	} rows[] = {
		{{0x92, 1, 11}, 3, NULL},
		{{0x92, 2, 11}, 3, "unknown-version"},
		{{0x92, 1, 99}, 3, "unknown-type"},
		{{0x91, 1}, 2, "wrong-type"},
		{{0xc0}, 1, "wrong-type"},
		{{0}, 0, "wrong-type"},
		{{0x93, 1, 11, 0}, 4, "wrong-count"},
		{{0x92, 1, 11, 0}, 4, "trailing"},
	};
	struct world *world = world_new(1);
	struct kai_out *out = world->nodes[0].out;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kai_event event = {.type = KAI_EVENT_CONTROL,
					  .mono = world->mono,
					  .wall = world->wall,
					  .client = i,
					  .request = kai_span(rows[i].bytes, rows[i].len)};
		struct kai_ctl_answer answer;
		struct kai_txn *txn;

		assert_int_equal(kai_txn_begin(world->nodes[0].store, true, &txn, NULL),
				 KAI_ERR_OK);
		(void)kai_engine_step(world->nodes[0].engine, txn, &event, out);
		assert_int_equal(kai_txn_commit(txn, NULL), KAI_ERR_OK);
		assert_int_equal(kai_out_count(out), 1);
		assert_int_equal(kai_out_at(out, 0)->client, i);
		assert_int_equal(kai_object_decode(&kai_object_ctl_answer,
						   kai_out_at(out, 0)->bytes,
						   &world->nodes[0].arena, &answer),
				 KAI_FAULT_NONE);
		if (rows[i].reason != NULL)
			assert_refused(answer, 3, rows[i].reason);
		else
			assert_int_equal(answer.exit, 0);
		kai_out_reset(out);
	}
	world_free(world);
}

static void status_tells_links(void **state)
{
	struct world *world = world_new(3);
	struct world_terms terms;
	struct kai_ctl_status request = {0};
	struct kai_state told;

	(void)state;
	world_terms(world, &terms, 0, 1, 1);
	world_join(world, &terms, 0, 1);
	world_import_card(world, 0, 2);
	for (int up = 1; up >= 0; up--) {
		if (up == 0)
			world_link(world, 0, 1, false);
		struct kai_ctl_answer answer = world_ask(world, 0, KAI_CONTROL_STATUS, &request);

		assert_int_equal(kai_object_decode(&kai_object_state, answer.body,
						   &world->nodes[0].arena, &told),
				 KAI_FAULT_NONE);
		assert_int_equal(told.started_at, WORLD_START);
		assert_int_equal(told.now, world->wall.ms);
		assert_int_equal(told.peers_count, 2);
		for (size_t i = 0; i < 2; i++) {
			bool linked = kai_id_equal(told.peers[i].org, world_org(world, 1));

			assert_int_equal(told.peers[i].up, linked && up);
			assert_int_equal(told.peers[i].down_reason.len == 0, linked && up);
			assert_int_equal(told.peers[i].heard_at > 0, linked);
		}
	}
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joins_by_files),
		cmocka_unit_test(expires_to_the_second),
		cmocka_unit_test(begins_to_the_second),
		cmocka_unit_test(suspends_and_resumes),
		cmocka_unit_test(both_may_suspend),
		cmocka_unit_test(terminates_for_good),
		cmocka_unit_test(a_termination_waits_for_the_peer),
		cmocka_unit_test(notices_cannot_be_replayed_or_undone),
		cmocka_unit_test(renews_by_link),
		cmocka_unit_test(suspension_covers_the_renewal),
		cmocka_unit_test(equal_serial_lower_digest),
		cmocka_unit_test(refusals_by_name),
		cmocka_unit_test(bad_requests),
		cmocka_unit_test(status_tells_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
