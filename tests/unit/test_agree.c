/* SPDX-License-Identifier: Apache-2.0 */
/* An agreement is made by files that two people carry; what does not fit is refused by name. */
#include "world.h"

static void joins_by_files(void **state)
{
	struct world *world = world_new(2);
	struct world_terms terms;

	(void)state;
	world_terms(world, &terms, 0, 1, 1);
	assert_int_equal(world_peers(world, 0).count, 0);
	world_join(world, &terms, 0, 1);
	world_both(world, 0, 1, KAI_STATE_ACTIVE);
	assert_int_equal(world_peers(world, 0).count, 1);
	assert_int_equal(world_peers(world, 0).keys, 1);
	assert_int_equal(world_peers(world, 1).keys, 1);
	struct kai_ctl_answer answer = world_news(world, 0, false);

	assert_int_equal(answer.exit, 0);
	assert_true(answer.id.is);
	assert_true(world_holds(world, 1, answer.id.id));
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
	world_answered(world_propose(world, 2, &terms), 3, "not-a-party");
	world_answered(world_propose(world, 0, &terms), 1, "no-card");
	world_import_card(world, 0, 1);
	wrong = terms;
	wrong.terms.valid_from = WORLD_START - 2;
	wrong.terms.valid_until = WORLD_START;
	world_answered(world_propose(world, 0, &wrong), 3, "expired");
	wrong.terms.valid_from = WORLD_START;
	world_answered(world_propose(world, 0, &wrong), 3, "contradiction");
	wrong = terms;
	wrong.terms.version = 2;
	world_answered(world_propose(world, 0, &wrong), 3, "unknown-version");
	struct kai_ctl_agree_propose raw = {.terms = kai_span(junk, sizeof(junk))};

	world_answered(world_ask(world, 0, KAI_CONTROL_AGREE_PROPOSE, &raw), 3, "wrong-count");
	struct kai_ctl_answer file = world_propose(world, 0, &terms);

	assert_int_equal(file.exit, 0);
	assert_int_equal(world_state(world, 0, 1), KAI_STATE_PROPOSED);
	/* proposing the same again gives the same file and no second agreement */
	assert_true(kai_span_equal(world_propose(world, 0, &terms).body, file.body));
	/* accepting */
	world_answered(world_accept(world, 1, file.body), 1, "no-card");
	world_answered(world_accept(world, 2, file.body), 1, "not-a-party");
	world_answered(world_accept(world, 0, file.body), 1, "too-few-signers");
	world_answered(world_accept(world, 1, kai_span(junk, sizeof(junk))), 3, "wrong-count");
	world_import_card(world, 1, 0);
	world_answered(world_import(world, 1, file.body), 1, "too-few-signers");
	world_answered(world_import(world, 0, file.body), 1, "too-few-signers");
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
	world_answered(world_accept(world, 1, kai_span(copy, file.body.len)), 3, "bad-signature");
	/* too late */
	world->wall.ms += 366 * KAI_MS_DAY;
	world_answered(world_accept(world, 1, file.body), 1, "expired");
	world->wall.ms -= 366 * KAI_MS_DAY;
	assert_int_equal(world_state(world, 1, 0), KAI_STATE_NONE);
	assert_int_equal(world_accept(world, 1, file.body).exit, 0);
	assert_int_equal(world_state(world, 1, 0), KAI_STATE_ACTIVE);
	/* notices */
	world_answered(world_notice(world, 0, 2, KAI_NOTICE_SUSPEND), 4, "agreement");
	world_answered(world_notice(world, 0, 1, KAI_NOTICE_SUSPEND), 4, "agreement");
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
			world_answered(answer, 3, rows[i].reason);
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
		cmocka_unit_test(refusals_by_name),
		cmocka_unit_test(bad_requests),
		cmocka_unit_test(status_tells_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
