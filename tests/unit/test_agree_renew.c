/* SPDX-License-Identifier: Apache-2.0 */
/* Agreements begin, end and follow one another to the second, on both sides alike. */
#include "world.h"

#include "kairan/rec.h"

/* The agreement with this digest as a node has it, as a file. */
static struct kai_span stored_file(struct world *world, size_t at, size_t with,
				   const uint8_t digest[KAI_ID_LEN])
{
	struct kai_key key = kai_key_two(world_org(world, with), digest);
	struct kai_agree_file file = {.version = KAI_VERSION};
	struct kai_agree_rec rec;
	struct kai_txn *txn = world_read(world, at);

	assert_true(kai_rec_get(txn, KAI_TABLE_AGREEMENTS, &key, &kai_object_agree_rec,
				&world->nodes[at].arena, &rec));
	kai_txn_abort(txn);
	file.agreement = rec.bytes;
	return world_encode(world, at, &kai_object_agree_file, &file);
}

static struct kai_agreement_read current(struct world *world, size_t at, size_t with)
{
	struct kai_pair pair;
	struct kai_txn *txn = world_read(world, at);

	kai_pair_load(txn, world_org(world, at), world_org(world, with), world->wall,
		      &world->nodes[at].arena, &pair);
	kai_txn_abort(txn);
	assert_true(pair.has_terms);
	return pair.agreement;
}

/* Two nodes whose agreement ends an hour from the beginning. */
static struct world *for_an_hour(void)
{
	struct world *world = world_new(2);
	struct world_terms terms;

	world_terms(world, &terms, 0, 1, 1);
	terms.terms.valid_until = WORLD_START + KAI_MS_HOUR;
	world_join(world, &terms, 0, 1);
	return world;
}

/* Terms that renew what is in force. */
static void follow(struct world *world, struct world_terms *ret)
{
	world_terms(world, ret, 0, 1, 2);
	ret->terms.predecessor.is = true;
	memcpy(ret->terms.predecessor.id, current(world, 0, 1).digest, KAI_ID_LEN);
}

static void expires_to_the_second(void **state)
{
	struct world *world = for_an_hour();

	(void)state;
	world_wait(world, KAI_MS_HOUR - KAI_MS_SECOND);
	world_both(world, 0, 1, KAI_STATE_ACTIVE);
	struct kai_ctl_answer before = world_news(world, 0, false);

	assert_int_equal(before.exit, 0);
	assert_true(world_holds(world, 1, before.id.id));
	size_t asked = world->nodes[0].peers_asked;

	world_wait(world, 999);
	world_both(world, 0, 1, KAI_STATE_ACTIVE);
	world_wait(world, 1);
	world_both(world, 0, 1, KAI_STATE_EXPIRED);
	/* the timer noticed by itself */
	assert_true(world->nodes[0].peers_asked > asked);
	world_answered(world_news(world, 0, false), 1, "no-recipient");
	struct kai_ctl_answer after = world_news(world, 0, true);

	assert_int_equal(after.exit, 0);
	assert_int_equal(after.recipients_count, 1);
	assert_false(after.recipients[0].allow);
	assert_true(kai_span_equal(after.recipients[0].rule, kai_span_str("agreement")));
	assert_false(world_holds(world, 1, after.id.id));
	/* the link stands for 30 days, so that a renewal can come */
	assert_int_equal(world_peers(world, 0).count, 1);
	world->wall.ms = WORLD_START + KAI_MS_HOUR + KAI_GRACE_MS - 1;
	assert_int_equal(world_peers(world, 0).count, 1);
	world->wall.ms++;
	assert_int_equal(world_peers(world, 0).count, 0);
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
	world_both(world, 0, 1, KAI_STATE_FUTURE);
	struct kai_ctl_answer answer = world_news(world, 0, true);

	world_wait(world, 59999);
	world_both(world, 0, 1, KAI_STATE_FUTURE);
	assert_false(world_holds(world, 1, answer.id.id));
	world_wait(world, 1);
	world_both(world, 0, 1, KAI_STATE_ACTIVE);
	/* what was kept goes now */
	world_wait(world, 1000);
	assert_true(world_holds(world, 1, answer.id.id));
	world_free(world);
}

/* A renewal is proposed over the link, waits for a person, and goes back over the link. */
static void renews_by_link(void **state)
{
	struct world *world = for_an_hour();
	struct world_terms next;

	(void)state;
	struct kai_agreement_read first = current(world, 0, 1);

	follow(world, &next);
	next.terms.valid_from = WORLD_START + KAI_MS_HOUR / 2;
	next.terms.predecessor.is = false;
	world_answered(world_propose(world, 0, &next), 3, "predecessor");
	next.terms.predecessor.is = true;
	next.terms.serial = 1;
	world_answered(world_propose(world, 0, &next), 3, "serial");
	next.terms.serial = 2;
	struct kai_ctl_answer proposed = world_propose(world, 0, &next);

	assert_int_equal(proposed.exit, 0);
	world_settle(world);
	/* nothing changed yet, but the other side has it */
	assert_true(kai_id_equal(current(world, 1, 0).digest, first.digest));
	struct kai_span file = stored_file(world, 1, 0, proposed.id.id);

	assert_int_equal(world_accept(world, 1, file).exit, 0);
	world_settle(world);
	/* agreed on both sides by link alone, and it takes over at its instant */
	world_wait(world, KAI_MS_HOUR / 2 - 1);
	assert_true(kai_id_equal(current(world, 0, 1).digest, first.digest));
	world_wait(world, 1);
	assert_true(kai_id_equal(current(world, 0, 1).digest, proposed.id.id));
	assert_true(kai_id_equal(current(world, 1, 0).digest, proposed.id.id));
	assert_int_equal(current(world, 0, 1).signed_by, 3);
	/* the old end passes without a gap */
	world_wait(world, KAI_MS_HOUR / 2 + KAI_MS_SECOND);
	world_both(world, 0, 1, KAI_STATE_ACTIVE);
	struct kai_ctl_answer answer = world_news(world, 1, false);

	assert_true(world_holds(world, 0, answer.id.id));
	world_free(world);
}

/* A suspension holds for the renewal that waits as well. */
static void suspension_covers_the_renewal(void **state)
{
	struct world *world = for_an_hour();
	struct world_terms next;

	(void)state;
	follow(world, &next);
	next.terms.valid_from = WORLD_START + KAI_MS_HOUR / 2;
	struct kai_ctl_answer answer = world_accept(world, 1, world_propose(world, 0, &next).body);

	assert_int_equal(answer.exit, 0);
	world_settle(world);
	assert_int_equal(world_notice(world, 0, 1, KAI_NOTICE_SUSPEND).exit, 0);
	world_settle(world);
	world_both(world, 0, 1, KAI_STATE_SUSPENDED);
	world_wait(world, KAI_MS_HOUR / 2);
	world_both(world, 0, 1, KAI_STATE_SUSPENDED);
	world_free(world);
}

/* Both sides propose at once: both accept, and both end with the same one. */
static void equal_serial_lower_digest(void **state)
{
	struct world *world = world_pair();
	struct world_terms one;
	struct world_terms two;

	(void)state;
	follow(world, &one);
	two = one;
	two.terms.retention_days = 30;
	struct kai_ctl_answer a = world_propose(world, 0, &one);
	struct kai_ctl_answer b = world_propose(world, 1, &two);

	assert_int_equal(a.exit, 0);
	assert_int_equal(b.exit, 0);
	world_settle(world);
	assert_int_equal(world_accept(world, 1, a.body).exit, 0);
	assert_int_equal(world_accept(world, 0, b.body).exit, 0);
	world_settle(world);
	const uint8_t *lower = memcmp(a.id.id, b.id.id, KAI_ID_LEN) < 0 ? a.id.id : b.id.id;

	assert_true(kai_id_equal(current(world, 0, 1).digest, lower));
	assert_true(kai_id_equal(current(world, 1, 0).digest, lower));
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expires_to_the_second),
		cmocka_unit_test(begins_to_the_second),
		cmocka_unit_test(renews_by_link),
		cmocka_unit_test(suspension_covers_the_renewal),
		cmocka_unit_test(equal_serial_lower_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
