/* SPDX-License-Identifier: Apache-2.0 */
/* Headers, signatures over trees, building and opening: every rule by its name. */
#include "test.h"
#include "fixture.h"
#include "kairan/advisory.h"

static struct kai_arena arena;
static const uint8_t entropy[32] = {17};
static const uint8_t peer[32] = {3};
static const uint8_t drill[KAI_REALM_LEN] = {1};

static int setup(void **state)
{
	(void)state;
	arena = fix_arena(16u << 20);
	return arena.at == NULL;
}

static int teardown(void **state)
{
	(void)state;
	fix_arena_done(&arena);
	return 0;
}

/* ---- a header that is right in everything ---- */

struct sample {
	struct kai_header header;
	struct kai_audience_entry audience[2];
	struct kai_span sectors[2];
	uint8_t supersedes[3][32];
	uint8_t refs[3][32];
	struct kai_part_entry parts[3];
};

static void sample_init(struct sample *sample)
{
	memset(sample, 0, sizeof(*sample));
	sample->audience[0] =
		(struct kai_audience_entry){KAI_AUD_ORG, kai_span(peer, 32), kai_span(NULL, 0)};
	sample->audience[1] = (struct kai_audience_entry){KAI_AUD_COMMUNITY, kai_span(peer, 32),
							  kai_span_str("power")};
	sample->sectors[0] = kai_span_str("jp-seed7:gas");
	sample->sectors[1] = kai_span_str("jp-seed7:pow");
	for (uint8_t i = 0; i < 3; i++) {
		sample->supersedes[i][0] = i;
		sample->refs[i][0] = i;
		sample->parts[i].media_type = kai_span_str("text/plain");
		sample->parts[i].size = 256;
	}
	sample->parts[0].name = kai_span_str("main");
	sample->parts[1].name = kai_span_str("damage");
	sample->parts[2].name = kai_span_str("iocs");
	sample->header = (struct kai_header){
		.version = 1,
		.kind = KAI_KIND_SECINFO,
		.origin = {2},
		.card_serial = 5,
		.country = kai_span_str("JP"),
		.revision = 1,
		.created_at = 1000,
		.not_after = 2000,
		.urgency = KAI_URGENCY_TODAY,
		.lang = kai_span_str("ja"),
		.label = {.tlp = KAI_TLP_AMBER,
			  .audience = sample->audience,
			  .audience_count = 2,
			  .onward = KAI_ONWARD_ANY,
			  .attribution = KAI_ATTR_NAMED,
			  .pap = KAI_PAP_CLEAR},
		.sectors = sample->sectors,
		.sectors_count = 2,
		.supersedes = sample->supersedes,
		.refs = sample->refs,
		.refs_count = 3,
		.parts = sample->parts,
		.parts_count = 3,
	};
}

/* As the second item of a thread. */
static void sample_revision(struct sample *sample, size_t supersedes_count)
{
	sample->header.thread = (struct kai_opt_id){true, {9}};
	sample->header.revision = 2;
	sample->header.supersedes_count = supersedes_count;
}

static enum kai_fault read_back(const struct sample *sample)
{
	struct kai_span bytes = kai_object_encode_in(&kai_object_header, &sample->header, &arena);
	struct kai_header back = {.version = 99};
	enum kai_fault fault;

	assert_true(bytes.len > 0);
	fault = kai_header_read(bytes, &arena, &back);
	if (fault == KAI_FAULT_NONE)
		assert_int_equal(back.parts_count, sample->header.parts_count);
	else
		assert_int_equal(back.version, 99);
	return fault;
}

#define EXPECT(fault, change)                                                                      \
	do {                                                                                       \
		struct sample s;                                                                   \
		sample_init(&s);                                                                   \
		change;                                                                            \
		assert_int_equal(read_back(&s), (fault));                                          \
	} while (0)

static void test_header_plain(void **state)
{
	(void)state;
	EXPECT(KAI_FAULT_NONE, (void)0);
	EXPECT(KAI_FAULT_VERSION, s.header.version = 2);
	EXPECT(KAI_FAULT_VERSION, s.header.version = 255);
	EXPECT(KAI_FAULT_MEANING, s.header.kind = 0);
	EXPECT(KAI_FAULT_MEANING, s.header.kind = 12);
	EXPECT(KAI_FAULT_NONE, s.header.kind = KAI_KIND_RELEASE);
	EXPECT(KAI_FAULT_MEANING, s.header.urgency = 0);
	EXPECT(KAI_FAULT_MEANING, s.header.urgency = 4);
	EXPECT(KAI_FAULT_NONE, s.header.urgency = KAI_URGENCY_NOW);
	EXPECT(KAI_FAULT_MEANING, s.header.country = kai_span_str("jp"));
	EXPECT(KAI_FAULT_MEANING, s.header.created_at = 2000);
	EXPECT(KAI_FAULT_NONE, s.header.created_at = 1999);
	EXPECT(KAI_FAULT_LABEL, s.header.label.tlp = 9);
	EXPECT(KAI_FAULT_LABEL, s.header.label.audience_count = 0);
	EXPECT(KAI_FAULT_LABEL, s.header.label.tlp = KAI_TLP_CLEAR);
}

static void test_header_sets(void **state)
{
	(void)state;
	EXPECT(KAI_FAULT_MEANING, s.sectors[0] = kai_span_str("gas"));
	EXPECT(KAI_FAULT_MEANING, s.sectors[1] = kai_span_str("*"));
	EXPECT(KAI_FAULT_UNORDERED, s.sectors[0] = s.sectors[1]);
	EXPECT(KAI_FAULT_UNORDERED, s.sectors[0] = kai_span_str("jp-seed7:rail"));
	EXPECT(KAI_FAULT_NONE, s.header.sectors_count = 0);
	EXPECT(KAI_FAULT_UNORDERED, s.refs[1][0] = 0);
	EXPECT(KAI_FAULT_UNORDERED, s.refs[2][0] = 0);
	EXPECT(KAI_FAULT_NONE, sample_revision(&s, 3));
	EXPECT(KAI_FAULT_UNORDERED, sample_revision(&s, 3); s.supersedes[0][0] = 7);
}

static void test_header_thread(void **state)
{
	(void)state;
	EXPECT(KAI_FAULT_MEANING, s.header.revision = 2);
	EXPECT(KAI_FAULT_MEANING, s.header.thread.is = true);
	EXPECT(KAI_FAULT_MEANING, s.header.supersedes_count = 1);
	EXPECT(KAI_FAULT_NONE, sample_revision(&s, 0));
	EXPECT(KAI_FAULT_NONE, sample_revision(&s, 1); s.header.revision = 65535);
	EXPECT(KAI_FAULT_MEANING, sample_revision(&s, 1); s.header.revision = 1);
}

static void test_header_retract(void **state)
{
	(void)state;
#define RETRACT(count)                                                                             \
	sample_revision(&s, count);                                                                \
	s.header.kind = KAI_KIND_RETRACT;                                                          \
	s.header.parts_count = 1
	EXPECT(KAI_FAULT_NONE, RETRACT(1));
	EXPECT(KAI_FAULT_MEANING, RETRACT(0));
	EXPECT(KAI_FAULT_MEANING, RETRACT(2));
	EXPECT(KAI_FAULT_MEANING, RETRACT(1); s.header.parts_count = 2);
	EXPECT(KAI_FAULT_NONE, RETRACT(1); s.parts[0].size = kai_padded_len(KAI_MAX_RETRACT_LEN));
	EXPECT(KAI_FAULT_MEANING, RETRACT(1);
	       s.parts[0].size = kai_padded_len(KAI_MAX_RETRACT_LEN) + 1);
	EXPECT(KAI_FAULT_MEANING, s.header.kind = KAI_KIND_RETRACT; s.header.parts_count = 1);
#undef RETRACT
}

static void test_header_parts(void **state)
{
	(void)state;
	EXPECT(KAI_FAULT_MEANING, s.parts[0].name = kai_span_str("Main"));
	EXPECT(KAI_FAULT_MEANING, s.parts[1].name = kai_span_str("main"));
	EXPECT(KAI_FAULT_MEANING, s.parts[2].name = kai_span_str("damage"));
	EXPECT(KAI_FAULT_NONE, s.header.parts_count = 1);
	for (size_t extra = 0; extra < 2; extra++) {
		struct sample s;
		struct kai_part_entry parts[4];
		static const char *const names[] = {"main", "a", "b", "c"};

		sample_init(&s);
		for (size_t i = 0; i < 4; i++) {
			parts[i] = s.parts[0];
			parts[i].name = kai_span_str(names[i]);
			parts[i].size = KAI_MAX_ADVISORY_LEN / 4 + (i == 3 ? extra : 0);
		}
		s.header.parts = parts;
		s.header.parts_count = 4;
		assert_int_equal(read_back(&s), extra == 0 ? KAI_FAULT_NONE : KAI_FAULT_MEANING);
	}
}

/* Bytes: the version before anything else, damage by its own name, the bound of the whole. */
static void test_header_bytes(void **state)
{
	static const uint8_t future[] = {0x93, 0x02, 0xc0, 0xc3};
	static const uint8_t short_one[] = {0x92, 0x01, 0x01};
	struct sample s;
	struct kai_header back;
	struct kai_span bytes;
	uint8_t *large = kai_arena_take(&arena, KAI_MAX_HEADER_LEN + 1);
	struct kai_arena small = {arena.at + (8u << 20), 64, 0, false};

	(void)state;
	sample_init(&s);
	bytes = kai_object_encode_in(&kai_object_header, &s.header, &arena);
	assert_int_equal(kai_header_read(kai_span(future, 4), &arena, &back), KAI_FAULT_VERSION);
	assert_int_equal(kai_header_read(kai_span(short_one, 3), &arena, &back), KAI_FAULT_COUNT);
	assert_int_equal(kai_header_read(kai_span(NULL, 0), &arena, &back), KAI_FAULT_TRUNCATED);
	assert_int_equal(kai_header_read(kai_span(large, KAI_MAX_HEADER_LEN + 1), &arena, &back),
			 KAI_FAULT_OVERSIZE);
	assert_int_equal(kai_header_read(bytes, &small, &back), KAI_FAULT_TOO_MUCH);
	for (size_t len = 0; len < bytes.len; len++) {
		size_t mark = arena.used;

		assert_int_not_equal(kai_header_read(kai_span(bytes.at, len), &arena, &back),
				     KAI_FAULT_NONE);
		arena.used = mark;
	}
}

/* ---- signatures ---- */

static void test_signature_plain(void **state)
{
	struct fix_pair pair = fix_sign_pair(1);
	struct kai_signature signature = {.path = NULL};
	uint8_t id[32];

	(void)state;
	kai_advisory_id(drill, kai_span_str("header"), id);
	memcpy(signature.key, pair.key, 32);
	kai_sign(KAI_CTX_ADVISORY, drill, id, pair.secret, signature.sig);
	assert_true(kai_signature_verify(drill, id, &signature));
	assert_false(kai_signature_verify(kai_realm_live, id, &signature));
	id[0] ^= 1;
	assert_false(kai_signature_verify(drill, id, &signature));
	/* the id itself is of one realm */
	uint8_t live_id[32];

	kai_advisory_id(kai_realm_live, kai_span_str("header"), live_id);
	kai_advisory_id(drill, kai_span_str("header"), id);
	assert_memory_not_equal(id, live_id, 32);
}

#define DEPTH 3
#define LEAVES (1u << DEPTH)

struct tree {
	uint8_t ids[LEAVES][32];
	uint8_t salts[LEAVES][16];
	uint8_t levels[DEPTH + 1][LEAVES][32];
};

/* A whole tree from its definition: leaves over salt, index, id; nodes over both below. */
static void tree_init(struct tree *tree)
{
	for (uint8_t i = 0; i < LEAVES; i++) {
		uint8_t leaf[16 + 8 + 32] = {0};

		memset(tree->ids[i], i + 1, 32);
		memset(tree->salts[i], 0x80 + i, 16);
		memcpy(leaf, tree->salts[i], 16);
		leaf[23] = i;
		memcpy(leaf + 24, tree->ids[i], 32);
		kai_hash(KAI_CTX_TREE_LEAF, kai_realm_live, kai_span(leaf, sizeof(leaf)),
			 tree->levels[0][i]);
	}
	for (unsigned level = 0; level < DEPTH; level++)
		for (size_t i = 0; i < LEAVES >> (level + 1); i++)
			kai_hash(KAI_CTX_TREE_NODE, kai_realm_live,
				 kai_span(tree->levels[level][2 * i], 64),
				 tree->levels[level + 1][i]);
}

static struct kai_tree_path tree_path(const struct tree *tree, unsigned leaf,
				      uint8_t hashes[DEPTH][32])
{
	struct kai_tree_path path = {.leaf = leaf, .hashes = hashes, .hashes_count = DEPTH};

	memcpy(path.salt, tree->salts[leaf], 16);
	for (unsigned level = 0; level < DEPTH; level++)
		memcpy(hashes[level], tree->levels[level][(leaf >> level) ^ 1], 32);
	return path;
}

static void test_signature_tree(void **state)
{
	static struct tree tree;
	struct fix_pair pair = fix_sign_pair(1);
	struct kai_signature signature = {.path = NULL};
	const uint8_t *root = tree.levels[DEPTH][0];

	(void)state;
	tree_init(&tree);
	memcpy(signature.key, pair.key, 32);
	kai_sign(KAI_CTX_TREE_ROOT, kai_realm_live, root, pair.secret, signature.sig);
	for (unsigned leaf = 0; leaf < LEAVES; leaf++) {
		uint8_t hashes[DEPTH][32];
		struct kai_tree_path path = tree_path(&tree, leaf, hashes);
		const uint8_t *id = tree.ids[leaf];

		signature.path = &path;
		assert_true(kai_signature_verify(kai_realm_live, id, &signature));
		assert_false(kai_signature_verify(drill, id, &signature));
		assert_false(kai_signature_verify(kai_realm_live, tree.ids[leaf ^ 1], &signature));
		path.leaf ^= 1;
		assert_false(kai_signature_verify(kai_realm_live, id, &signature));
		path.leaf = leaf + LEAVES; /* beyond the tree, equal in its low bits */
		assert_false(kai_signature_verify(kai_realm_live, id, &signature));
		path.leaf = leaf;
		path.salt[0] ^= 1;
		assert_false(kai_signature_verify(kai_realm_live, id, &signature));
		path.salt[0] ^= 1;
		hashes[1][5] ^= 1;
		assert_false(kai_signature_verify(kai_realm_live, id, &signature));
		hashes[1][5] ^= 1;
		path.hashes_count--;
		assert_false(kai_signature_verify(kai_realm_live, id, &signature));
	}
	/* a node of the tree is not an item, and a root's signature is not an item's */
	signature.path = NULL;
	assert_false(kai_signature_verify(kai_realm_live, root, &signature));
}

static void test_signature_tree_depths(void **state)
{
	struct fix_pair pair = fix_sign_pair(1);
	uint8_t hashes[KAI_MAX_PATH + 1][32] = {{0}};
	struct kai_tree_path path = {.hashes = hashes};
	struct kai_signature signature = {.path = &path};
	uint8_t id[32] = {1};
	uint8_t leaf[56] = {0};
	uint8_t root[32];

	(void)state;
	/* a tree of one leaf */
	memcpy(leaf + 24, id, 32);
	kai_hash(KAI_CTX_TREE_LEAF, kai_realm_live, kai_span(leaf, sizeof(leaf)), root);
	memcpy(signature.key, pair.key, 32);
	kai_sign(KAI_CTX_TREE_ROOT, kai_realm_live, root, pair.secret, signature.sig);
	assert_true(kai_signature_verify(kai_realm_live, id, &signature));
	path.leaf = 1;
	assert_false(kai_signature_verify(kai_realm_live, id, &signature));
	path.hashes_count = KAI_MAX_PATH + 1;
	assert_false(kai_signature_verify(kai_realm_live, id, &signature));
}

/* ---- building ---- */

static struct kai_part_draft draft_of(const char *name, const char *content,
				      const struct kai_label *label)
{
	return (struct kai_part_draft){kai_span_str(name), kai_span_str("text/plain"),
				       kai_span_str(content), label};
}

static void test_build_and_open(void **state)
{
	struct sample s;
	struct kai_label narrow;
	struct kai_built built;
	struct kai_header header;

	(void)state;
	sample_init(&s);
	narrow = s.header.label;
	narrow.tlp = KAI_TLP_RED;
	narrow.audience_count = 1;
	struct kai_part_draft drafts[] = {draft_of("main", "title", NULL),
					  draft_of("damage", "much", &narrow)};

	assert_int_equal(kai_advisory_build(&s.header, drafts, 2, entropy, &arena, &built),
			 KAI_FAULT_NONE);
	assert_int_equal(built.part_count, 2);
	assert_int_equal(kai_header_read(built.header, &arena, &header), KAI_FAULT_NONE);
	uint8_t id[32];

	kai_advisory_id(header.realm, built.header, id);
	assert_memory_equal(id, built.id, 32);
	for (uint8_t i = 0; i < 2; i++) {
		struct kai_part_id part = {header.realm, header.origin, i, header.parts[i].name};
		struct kai_opening opening;
		struct kai_label label;
		struct kai_span content;
		uint8_t hash[32];

		kai_part_hash(header.realm, built.parts[i].ciphertext, hash);
		assert_memory_equal(hash, header.parts[i].hash, 32);
		assert_int_equal(built.parts[i].ciphertext.len, header.parts[i].size + 16);
		assert_int_equal(kai_object_decode(&kai_object_opening, built.parts[i].opening,
						   &arena, &opening),
				 KAI_FAULT_NONE);
		assert_int_equal(kai_opening_check(&header, i, &opening, &arena, &label),
				 KAI_FAULT_NONE);
		assert_true(kai_span_equal(kai_object_encode_in(&kai_object_label, &label, &arena),
					   opening.label));
		assert_int_equal(label.tlp, i == 0 ? KAI_TLP_AMBER : KAI_TLP_RED);
		assert_int_equal(kai_part_open(&part, opening.key, built.parts[i].ciphertext,
					       &arena, &content),
				 KAI_FAULT_NONE);
		assert_true(kai_span_equal(content, drafts[i].content));
	}
}

/* Keys and salts differ by part and by entropy; equal entropy gives equal bytes. */
static void test_build_keys(void **state)
{
	struct sample s;
	struct kai_built built[3];
	uint8_t other[32] = {18};
	struct kai_part_draft drafts[] = {draft_of("main", "same", NULL),
					  draft_of("copy", "same", NULL)};

	(void)state;
	sample_init(&s);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(kai_advisory_build(&s.header, drafts, 2, i == 2 ? other : entropy,
						    &arena, &built[i]),
				 KAI_FAULT_NONE);
	assert_true(kai_span_equal(built[0].header, built[1].header));
	assert_false(kai_span_equal(built[0].header, built[2].header));
	assert_false(kai_span_equal(built[0].parts[0].opening, built[0].parts[1].opening));
	assert_false(kai_span_equal(built[0].parts[0].opening, built[2].parts[0].opening));
}

static void test_opening_check(void **state)
{
	struct sample s;
	struct kai_built built;
	struct kai_part_draft drafts[] = {draft_of("main", "title", NULL),
					  draft_of("more", "text", NULL)};
	struct kai_opening opening;
	struct kai_opening wrong;
	struct kai_label label;
	struct kai_arena small = {arena.at + (8u << 20), 16, 0, false};

	(void)state;
	sample_init(&s);
	assert_int_equal(kai_advisory_build(&s.header, drafts, 2, entropy, &arena, &built),
			 KAI_FAULT_NONE);
	assert_int_equal(
		kai_object_decode(&kai_object_opening, built.parts[0].opening, &arena, &opening),
		KAI_FAULT_NONE);
#define CHECK(index, what) kai_opening_check(&s.header, (index), (what), &arena, &label)
	assert_int_equal(CHECK(0, &opening), KAI_FAULT_NONE);
	assert_int_equal(CHECK(2, &opening), KAI_FAULT_RANGE);
	assert_int_equal(CHECK(255, &opening), KAI_FAULT_RANGE);
	assert_int_equal(CHECK(1, &opening), KAI_FAULT_KEY_COMMITMENT);
	wrong = opening;
	wrong.key[31] ^= 1;
	assert_int_equal(CHECK(0, &wrong), KAI_FAULT_KEY_COMMITMENT);
	wrong = opening;
	wrong.salt[0] ^= 1;
	assert_int_equal(CHECK(0, &wrong), KAI_FAULT_LABEL_COMMITMENT);
	wrong = opening;
	wrong.label.len--;
	assert_int_equal(CHECK(0, &wrong), KAI_FAULT_LABEL_COMMITMENT);
	assert_int_equal(kai_opening_check(&s.header, 0, &opening, &small, &label),
			 KAI_FAULT_TOO_MUCH);
	/* committed to, and still no label that can be read */
	struct kai_label unreadable = s.header.label;

	unreadable.onward = 0;
	struct kai_span forms[] = {kai_span_str("noise"),
				   kai_object_encode_in(&kai_object_label, &unreadable, &arena)};

	for (size_t i = 0; i < 2; i++) {
		wrong.label = forms[i];
		memcpy(wrong.salt, opening.salt, 16);
		kai_label_commitment(s.header.realm, wrong.salt, wrong.label,
				     s.header.parts[0].label_commitment);
		assert_int_equal(CHECK(0, &wrong), KAI_FAULT_LABEL);
	}
#undef CHECK
}

static enum kai_fault build(struct kai_header *header, const struct kai_part_draft *drafts,
			    size_t count)
{
	struct kai_built built;

	return kai_advisory_build(header, drafts, count, entropy, &arena, &built);
}

static void test_build_refuses(void **state)
{
	struct sample s;
	struct kai_part_draft drafts[KAI_MAX_PARTS + 1];
	struct kai_label bad;
	uint8_t *large = kai_arena_take(&arena, KAI_MAX_PART_LEN + 1);

	(void)state;
	for (size_t i = 0; i < KAI_MAX_PARTS + 1; i++)
		drafts[i] = draft_of("main", "x", NULL);
	sample_init(&s);
	assert_int_equal(build(&s.header, drafts, 0), KAI_FAULT_COUNT);
	assert_int_equal(build(&s.header, drafts, KAI_MAX_PARTS + 1), KAI_FAULT_COUNT);
	assert_int_equal(build(&s.header, drafts, 2), KAI_FAULT_MEANING); /* one name twice */
	drafts[0].content = kai_span(large, KAI_MAX_PART_LEN);
	assert_int_equal(build(&s.header, drafts, 1), KAI_FAULT_NONE);
	drafts[0].content.len++;
	assert_int_equal(build(&s.header, drafts, 1), KAI_FAULT_TOO_MUCH);
	drafts[0] = draft_of("main", "x", &bad);
	bad = s.header.label;
	bad.audience_count = 0;
	assert_int_equal(build(&s.header, drafts, 1), KAI_FAULT_LABEL);
	bad = s.header.label;
	bad.retain_until = UINT64_MAX; /* readable, but beyond what the wire holds */
	assert_int_equal(build(&s.header, drafts, 1), KAI_FAULT_RANGE);
	drafts[0].label = NULL;
	drafts[0].media_type = kai_span_str("x");
	assert_int_equal(build(&s.header, drafts, 1), KAI_FAULT_RANGE);
	drafts[0] = draft_of("main", "x", NULL);
	char long_name[KAI_MAX_SHORT + 1];

	memset(long_name, 'n', sizeof(long_name));
	drafts[0].name = kai_span(long_name, sizeof(long_name));
	assert_int_equal(build(&s.header, drafts, 1), KAI_FAULT_RANGE);
	drafts[0] = draft_of("main", "x", NULL);
	s.header.created_at = s.header.not_after;
	assert_int_equal(build(&s.header, drafts, 1), KAI_FAULT_MEANING);
}

static void test_build_without_room(void **state)
{
	struct sample s;
	struct kai_built built = {.part_count = 99};
	struct kai_part_draft drafts[] = {draft_of("main", "title", NULL)};
	size_t cap = 0;
	enum kai_fault fault;

	(void)state;
	/* From no room at all to enough: always the same reason, until it works. */
	do {
		struct kai_arena small = {arena.at, cap, 0, false};

		sample_init(&s);
		fault = kai_advisory_build(&s.header, drafts, 1, entropy, &small, &built);
		if (fault != KAI_FAULT_NONE) {
			assert_int_equal(fault, KAI_FAULT_TOO_MUCH);
			assert_int_equal(built.part_count, 99);
		}
		cap += 16;
	} while (fault != KAI_FAULT_NONE && cap < 65536);
	assert_int_equal(built.part_count, 1);
}

/* A commitment to what an item was made from: another id, salt or realm is another commitment. */
static void test_source_commit(void **state)
{
	uint8_t given[3][KAI_ID_LEN] = {{1}, {2}, {3}}; /* realm, salt, id */
	uint8_t first[KAI_ID_LEN];
	uint8_t other[KAI_ID_LEN];

	(void)state;
	kai_source_commit(given[0], given[1], given[2], first);
	kai_source_commit(given[0], given[1], given[2], other);
	assert_memory_equal(first, other, KAI_ID_LEN);
	for (size_t i = 0; i < 3; i++) {
		given[i][KAI_REALM_LEN - 1] ^= 0x80;
		kai_source_commit(given[0], given[1], given[2], other);
		assert_memory_not_equal(first, other, KAI_ID_LEN);
		given[i][KAI_REALM_LEN - 1] ^= 0x80;
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_header_plain),
		TEST(test_header_sets),
		TEST(test_header_thread),
		TEST(test_header_retract),
		TEST(test_header_parts),
		TEST(test_header_bytes),
		TEST(test_signature_plain),
		TEST(test_signature_tree),
		TEST(test_signature_tree_depths),
		TEST(test_build_and_open),
		TEST(test_build_keys),
		TEST(test_opening_check),
		TEST(test_build_refuses),
		TEST(test_build_without_room),
		TEST(test_source_commit),
	};
#undef TEST

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("advisory", tests, NULL, NULL);
}
