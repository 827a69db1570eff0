/* SPDX-License-Identifier: Apache-2.0 */
/* Batch roots: trees that tell nothing of the others, classes, and a memory that changes no verdict. */
#include "test.h"
#include "fixture.h"

#include <pthread.h>

#include "kairan/check.h"
#include "kairan/tree.h"

static const uint8_t drill[KAI_REALM_LEN] = {1};
static struct kai_arena arena;

static int setup(void **state)
{
	(void)state;
	arena = fix_arena(4u << 20);
	return arena.at == NULL;
}

static int teardown(void **state)
{
	(void)state;
	fix_arena_done(&arena);
	return 0;
}

struct batch {
	struct kai_tree_leaf leaves[KAI_MAX_TREE];
	uint8_t root[KAI_ID_LEN];
};

static struct batch batch_of(size_t count, uint8_t number)
{
	const uint8_t entropy[32] = {number};
	struct batch batch;

	memset(&batch, 0, sizeof(batch));
	for (size_t i = 0; i < count; i++) {
		batch.leaves[i].id[0] = (uint8_t)i;
		batch.leaves[i].id[1] = number;
	}
	assert_true(
		kai_tree_make(kai_realm_live, batch.leaves, count, entropy, &arena, batch.root));
	return batch;
}

/* ---- trees ---- */

static void leads_to_its_root(void **state)
{
	static const size_t counts[] = {1, 2, 15, 16, 17, 100, 255, 256};

	(void)state;
	for (size_t k = 0; k < sizeof(counts) / sizeof(counts[0]); k++) {
		struct batch batch = batch_of(counts[k], 1);
		bool taken[KAI_MAX_TREE] = {false};

		for (size_t i = 0; i < counts[k]; i++) {
			const struct kai_tree_path *path = &batch.leaves[i].path;
			uint8_t root[KAI_ID_LEN];

			assert_int_equal(path->hashes_count, counts[k] <= 16 ? 4 : 8);
			assert_true(path->leaf < 1u << path->hashes_count);
			assert_false(taken[path->leaf]);
			taken[path->leaf] = true;
			assert_true(kai_tree_root(kai_realm_live, batch.leaves[i].id, path, root));
			assert_memory_equal(root, batch.root, sizeof(root));
			assert_true(kai_tree_root(drill, batch.leaves[i].id, path, root));
			assert_memory_not_equal(root, batch.root, sizeof(root));
			assert_true(kai_tree_root(kai_realm_live, batch.leaves[(i + 1) % 256].id,
						  path, root));
			assert_memory_not_equal(root, batch.root, sizeof(root));
		}
		arena.used = 0;
	}
}

static void is_drawn_from_its_entropy(void **state)
{
	struct batch one = batch_of(3, 1);
	struct batch same = batch_of(3, 1);
	struct batch other = batch_of(3, 2);

	(void)state;
	assert_memory_equal(one.root, same.root, sizeof(one.root));
	assert_memory_not_equal(one.root, other.root, sizeof(one.root));
	for (size_t i = 0; i < 3; i++) {
		assert_memory_equal(one.leaves[i].path.salt, same.leaves[i].path.salt, 16);
		assert_memory_equal(one.leaves[i].path.hashes, same.leaves[i].path.hashes,
				    (size_t)4 * KAI_ID_LEN);
		assert_int_equal(one.leaves[i].path.leaf, same.leaves[i].path.leaf);
		assert_memory_not_equal(one.leaves[i].path.salt, other.leaves[i].path.salt, 16);
		assert_memory_not_equal(one.leaves[i].path.salt, one.leaves[(i + 1) % 3].path.salt,
					16);
	}
}

/* Wherever an item lies says nothing of how many there are: two of them come to lie everywhere. */
static void places_tell_nothing(void **state)
{
	unsigned seen = 0;

	(void)state;
	for (unsigned number = 0; number < 128; number++) {
		struct batch batch = batch_of(2, (uint8_t)number);

		seen |= 1u << batch.leaves[0].path.leaf | 1u << batch.leaves[1].path.leaf;
		arena.used = 0;
	}
	assert_int_equal(seen, 0xffff);
}

/* No hash of a path is that of an item without its salt, and none stands for two nodes. */
static void hashes_confirm_nothing(void **state)
{
	struct batch batch = batch_of(16, 9);

	(void)state;
	for (size_t i = 0; i < 16; i++) {
		for (size_t k = 0; k < 16; k++) {
			struct kai_tree_path guess = batch.leaves[k].path;
			uint8_t hash[KAI_ID_LEN];

			memset(guess.salt, 0, sizeof(guess.salt));
			guess.hashes_count = 0;
			guess.leaf = 0;
			assert_true(
				kai_tree_root(kai_realm_live, batch.leaves[k].id, &guess, hash));
			for (size_t level = 0; level < 4; level++)
				assert_memory_not_equal(hash, batch.leaves[i].path.hashes[level],
							32);
		}
		for (size_t level = 1; level < 4; level++)
			assert_memory_not_equal(batch.leaves[i].path.hashes[level],
						batch.leaves[i].path.hashes[level - 1], 32);
	}
}

static void needs_room(void **state)
{
	static const uint8_t entropy[32] = {0};
	struct kai_tree_leaf leaves[20] = {{.id = {0}}};
	uint8_t root[KAI_ID_LEN];
	size_t used;

	(void)state;
	assert_true(kai_tree_make(kai_realm_live, leaves, 20, entropy, &arena, root));
	used = arena.used;
	for (size_t cap = 0; cap < used; cap += 64) {
		struct kai_arena small = {arena.at, cap, 0, false};

		assert_false(kai_tree_make(kai_realm_live, leaves, 20, entropy, &small, root));
	}
}

/* ---- classes ---- */

struct sample {
	struct kai_header header;
	struct kai_audience_entry audience[1];
	struct kai_span sectors[2];
};

static void sample_init(struct sample *sample)
{
	memset(sample, 0, sizeof(*sample));
	sample->audience[0] = (struct kai_audience_entry){
		.type = KAI_AUD_COUNTRY, .org = kai_span_str(""), .text = kai_span_str("JP")};
	sample->sectors[0] = kai_span_str("jp-seed7:gas");
	sample->sectors[1] = kai_span_str("jp-seed7:pow");
	sample->header = (struct kai_header){.kind = KAI_KIND_SECINFO,
					     .country = kai_span_str("JP"),
					     .label = {.tlp = KAI_TLP_AMBER,
						       .audience = sample->audience,
						       .audience_count = 1,
						       .onward = KAI_ONWARD_ANY},
					     .sectors = sample->sectors,
					     .sectors_count = 2};
}

static void class_is_what_the_policy_reads(void **state)
{
	struct sample plain;
	uint8_t class[KAI_ID_LEN], other[KAI_ID_LEN];

	(void)state;
	sample_init(&plain);
	kai_header_class(&plain.header, &arena, class);
#define CLASS(assertion, change)                                                                   \
	do {                                                                                       \
		struct sample s;                                                                   \
		sample_init(&s);                                                                   \
		change;                                                                            \
		kai_header_class(&s.header, &arena, other);                                        \
		assertion(class, other, KAI_ID_LEN);                                               \
	} while (0)
	CLASS(assert_memory_equal, s.header.created_at = 7);
	CLASS(assert_memory_equal, s.header.thread.is = true);
	CLASS(assert_memory_equal, s.header.urgency = KAI_URGENCY_TODAY);
	CLASS(assert_memory_not_equal, s.header.realm[0] = 1);
	CLASS(assert_memory_not_equal, s.header.origin[31] = 1);
	CLASS(assert_memory_not_equal, s.header.country = kai_span_str("XX"));
	CLASS(assert_memory_not_equal, s.header.kind = KAI_KIND_INCIDENT);
	CLASS(assert_memory_not_equal, s.header.sectors_count = 1);
	CLASS(assert_memory_not_equal, s.header.label.tlp = KAI_TLP_GREEN);
	CLASS(assert_memory_not_equal, s.header.label.gov_share = 1);
	CLASS(assert_memory_not_equal, s.header.label.retain_until = 1);
	CLASS(assert_memory_not_equal, s.audience[0].text = kai_span_str("XX"));
#undef CLASS
}

/* ---- remembering ---- */

static void remembers_all_that_was_said(void **state)
{
	static struct kai_roots roots;
	struct fix_pair pair = fix_sign_pair(1), other = fix_sign_pair(2);
	uint8_t root[KAI_ID_LEN] = {5, 6}, sig[KAI_SIG_LEN];

	(void)state;
	kai_roots_init(&roots);
	kai_sign(KAI_CTX_TREE_ROOT, kai_realm_live, root, pair.secret, sig);
	for (int i = 0; i < 3; i++) {
		assert_true(kai_roots_verify(&roots, kai_realm_live, root, pair.key, sig));
		assert_false(kai_roots_verify(&roots, drill, root, pair.key, sig));
		assert_false(kai_roots_verify(&roots, kai_realm_live, root, other.key, sig));
		root[31] ^= 1; /* the same slot */
		assert_false(kai_roots_verify(&roots, kai_realm_live, root, pair.key, sig));
		root[31] ^= 1;
		sig[63] ^= 1;
		assert_false(kai_roots_verify(&roots, kai_realm_live, root, pair.key, sig));
		sig[63] ^= 1;
	}
	struct kai_root_slot *slot = &roots.slots[(root[0] | root[1] << 8) % KAI_ROOTS];

	assert_true(slot->used);
	assert_memory_equal(slot->said.sig, sig, sizeof(sig));
	/* what was not verified is not remembered, and a slot in use is as if it were empty */
	for (size_t i = 0; i < KAI_ROOTS; i++)
		assert_true(!roots.slots[i].used || &roots.slots[i] == slot);
	atomic_store(&slot->busy, true);
	slot->said.sig[0] ^= 1;
	assert_true(kai_roots_verify(&roots, kai_realm_live, root, pair.key, sig));
	assert_memory_not_equal(slot->said.sig, sig, sizeof(sig));
}

#define THREADS 4
#define ROUNDS 400
#define MANY 3 /* roots of one slot, so that they drive each other out */

static struct kai_roots shared;
static struct fix_pair many_pair;
static uint8_t many_roots[MANY][KAI_ID_LEN];
static uint8_t many_sigs[MANY][KAI_SIG_LEN];

static void *verify_many(void *context)
{
	size_t wrong = 0;

	for (size_t i = 0; i < ROUNDS; i++) {
		size_t root = (i / 3 + (size_t)context) % MANY;
		size_t sig = i % 5 == 0 ? (root + 1) % MANY : root;

		wrong += kai_roots_verify(&shared, kai_realm_live, many_roots[root], many_pair.key,
					  many_sigs[sig]) != (root == sig);
	}
	return wrong == 0 ? NULL : context;
}

static void verdicts_stay_under_many_hands(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	kai_roots_init(&shared);
	many_pair = fix_sign_pair(3);
	for (uint8_t i = 0; i < MANY; i++) {
		many_roots[i][31] = i;
		kai_sign(KAI_CTX_TREE_ROOT, kai_realm_live, many_roots[i], many_pair.secret,
			 many_sigs[i]);
	}
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, verify_many, (void *)(i + 1)),
				 0);
	for (size_t i = 0; i < THREADS; i++) {
		void *wrong;

		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_null(wrong);
	}
}

/* ---- whole frames ---- */

struct pushed {
	struct kai_built built;
	struct kai_signature signature;
};

static void build(struct pushed *ret, const uint8_t realm[KAI_REALM_LEN], uint8_t number)
{
	const uint8_t entropy[32] = {number};
	struct sample sample;
	struct kai_part_draft draft = {.name = kai_span_str("main"),
				       .media_type = kai_span_str("kairan/secinfo"),
				       .content = kai_span(&number, 1)};

	sample_init(&sample);
	memcpy(sample.header.realm, realm, KAI_REALM_LEN);
	sample.header.version = 1;
	sample.header.card_serial = 1;
	sample.header.revision = 1;
	sample.header.created_at = 1;
	sample.header.not_after = 2;
	sample.header.urgency = KAI_URGENCY_INFO;
	sample.header.lang = kai_span_str("en");
	sample.header.label.attribution = KAI_ATTR_NAMED;
	sample.header.label.pap = KAI_PAP_CLEAR;
	assert_int_equal(
		kai_advisory_build(&sample.header, &draft, 1, entropy, &arena, &ret->built),
		KAI_FAULT_NONE);
}

static void sign_two(struct pushed pushed[2], const uint8_t realm[KAI_REALM_LEN],
		     const struct fix_pair *pair)
{
	static const uint8_t entropy[32] = {77};
	struct kai_tree_leaf *leaves = kai_arena_take(&arena, 2 * sizeof(*leaves));
	uint8_t root[KAI_ID_LEN];

	for (size_t i = 0; i < 2; i++)
		memcpy(leaves[i].id, pushed[i].built.id, KAI_ID_LEN);
	assert_true(kai_tree_make(realm, leaves, 2, entropy, &arena, root));
	for (size_t i = 0; i < 2; i++) {
		memcpy(pushed[i].signature.key, pair->key, KAI_ID_LEN);
		kai_sign(KAI_CTX_TREE_ROOT, realm, root, pair->secret, pushed[i].signature.sig);
		pushed[i].signature.path = &leaves[i].path;
	}
}

/* With a memory as without one. */
static enum kai_fault checked(struct kai_roots *roots, struct pushed *pushed)
{
	struct kai_part_blob blob = {0, pushed->built.parts[0].ciphertext};
	struct kai_push push = {.advisory = {.header = pushed->built.header,
					     .signatures = &pushed->signature,
					     .signatures_count = 1,
					     .parts = &blob,
					     .parts_count = 1},
				.offered = 1};
	struct kai_span frame = kai_frame_encode(KAI_MSG_PUSH, &push, &arena);
	struct kai_checked plain, fast;

	kai_frame_check(frame, &arena, &plain);
	for (int i = 0; i < 2; i++) {
		kai_frame_check_with(frame, roots, &arena, &fast);
		assert_int_equal(fast.fault, KAI_FAULT_NONE);
		assert_int_equal(fast.item_fault, plain.item_fault);
		kai_advisory_check(&push.advisory, roots, &arena, &fast);
		assert_int_equal(fast.item_fault, plain.item_fault);
	}
	return plain.item_fault;
}

/* A root that is known to be good carries nothing that does not lie under it. */
static void lies_are_told_beside_what_is_known(void **state)
{
	static struct kai_roots roots;
	struct fix_pair pair = fix_sign_pair(1), other = fix_sign_pair(2);
	struct pushed pushed[3], bad;

	(void)state;
	kai_roots_init(&roots);
	for (uint8_t i = 0; i < 3; i++)
		build(&pushed[i], kai_realm_live, i);
	sign_two(pushed, kai_realm_live, &pair);
	assert_int_equal(checked(&roots, &pushed[0]), KAI_FAULT_NONE);
	assert_int_equal(checked(&roots, &pushed[1]), KAI_FAULT_NONE);
	/* the same signature and path under another id, and each other's paths */
	bad = pushed[2];
	bad.signature = pushed[0].signature;
	assert_int_equal(checked(&roots, &bad), KAI_FAULT_SIGNATURE);
	bad = pushed[0];
	bad.signature = pushed[1].signature;
	assert_int_equal(checked(&roots, &bad), KAI_FAULT_SIGNATURE);
	/* another's key, and without the path */
	bad = pushed[0];
	memcpy(bad.signature.key, other.key, KAI_ID_LEN);
	assert_int_equal(checked(&roots, &bad), KAI_FAULT_SIGNATURE);
	bad = pushed[0];
	bad.signature.path = NULL;
	assert_int_equal(checked(&roots, &bad), KAI_FAULT_SIGNATURE);
	/* a batch of a drill: its root is good there, and its items are not live */
	struct pushed practised[2];

	build(&practised[0], drill, 0);
	build(&practised[1], drill, 1);
	sign_two(practised, drill, &pair);
	assert_int_equal(checked(&roots, &practised[0]), KAI_FAULT_NONE);
	bad = pushed[0];
	bad.signature = practised[0].signature;
	assert_int_equal(checked(&roots, &bad), KAI_FAULT_SIGNATURE);
	/* the live path of that item, signed for the drill */
	bad = pushed[0];
	memcpy(bad.signature.sig, practised[0].signature.sig, KAI_SIG_LEN);
	assert_int_equal(checked(&roots, &bad), KAI_FAULT_SIGNATURE);
	assert_int_equal(checked(&roots, &pushed[0]), KAI_FAULT_NONE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(leads_to_its_root),
		TEST(is_drawn_from_its_entropy),
		TEST(places_tell_nothing),
		TEST(hashes_confirm_nothing),
		TEST(needs_room),
		TEST(class_is_what_the_policy_reads),
		TEST(remembers_all_that_was_said),
		TEST(verdicts_stay_under_many_hands),
		TEST(lies_are_told_beside_what_is_known),
	};
#undef TEST

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
