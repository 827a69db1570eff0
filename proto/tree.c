/* SPDX-License-Identifier: Apache-2.0 */
#include "kairan/tree.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define SALT_LEN sizeof(((struct kai_tree_path *)NULL)->salt)

/* Few depths, so that the number of hashes tells no more than this of the number of ids. */
#define DEPTH_FEW 4u
#define DEPTH_MANY 8u
#define NODES_MAX (2u << DEPTH_MANY)

void kai_header_class(const struct kai_header *header, struct kai_arena *arena,
		      uint8_t ret[KAI_ID_LEN])
{
	struct kai_class class = {.country = header->country,
				  .kind = header->kind,
				  .label = header->label,
				  .sectors = header->sectors,
				  .sectors_count = header->sectors_count};

	memcpy(class.origin, header->origin, sizeof(class.origin));
	kai_hash(KAI_CTX_CLASS, header->realm,
		 kai_object_encode_in(&kai_object_class, &class, arena), ret);
}

static void leaf_hash(const uint8_t realm[KAI_REALM_LEN], const uint8_t id[KAI_ID_LEN],
		      const struct kai_tree_path *path, uint8_t ret[KAI_ID_LEN])
{
	uint8_t index[8];

	kai_put_be64(index, path->leaf);
	const struct kai_span leaf[] = {kai_span(path->salt, sizeof(path->salt)),
					kai_span(index, sizeof(index)), kai_span(id, KAI_ID_LEN)};

	kai_hash_many(KAI_CTX_TREE_LEAF, realm, leaf, 3, ret);
}

/* ret may be either of the two. */
static void node_hash(const uint8_t realm[KAI_REALM_LEN], const uint8_t left[KAI_ID_LEN],
		      const uint8_t right[KAI_ID_LEN], uint8_t ret[KAI_ID_LEN])
{
	const struct kai_span pair[] = {kai_span(left, KAI_ID_LEN), kai_span(right, KAI_ID_LEN)};

	kai_hash_many(KAI_CTX_TREE_NODE, realm, pair, 2, ret);
}

bool kai_tree_root(const uint8_t realm[KAI_REALM_LEN], const uint8_t id[KAI_ID_LEN],
		   const struct kai_tree_path *path, uint8_t ret[KAI_ID_LEN])
{
	if (path->hashes_count > KAI_MAX_PATH || path->leaf >> path->hashes_count != 0)
		return false;
	leaf_hash(realm, id, path, ret);
	for (size_t i = 0; i < path->hashes_count; i++) {
		if ((path->leaf >> i & 1) != 0)
			node_hash(realm, path->hashes[i], ret, ret);
		else
			node_hash(realm, ret, path->hashes[i], ret);
	}
	return true;
}

/* ---- making ---- */

/* Node n's children are 2n and 2n + 1; the root is 1, leaf i is leaves + i. */
struct tree {
	const uint8_t *entropy;
	size_t leaves;
	bool is[NODES_MAX]; /* has its hash */
	uint8_t hashes[NODES_MAX][KAI_ID_LEN];
};

/* Salts, and a place of its own for each: a shuffle of which only the beginning is drawn. */
static void place(const struct tree *tree, struct kai_tree_leaf *leaves, size_t count)
{
	uint8_t drawn[SALT_LEN + 8];
	uint16_t places[NODES_MAX / 2];

	for (size_t i = 0; i < tree->leaves; i++)
		places[i] = (uint16_t)i;
	for (size_t i = 0; i < count; i++) {
		kai_expand(tree->entropy, "tree leaf", i, drawn, sizeof(drawn));
		size_t other = i + kai_get_be64(drawn + SALT_LEN) % (tree->leaves - i);

		leaves[i].path.leaf = places[other];
		places[other] = places[i];
		memcpy(leaves[i].path.salt, drawn, SALT_LEN);
	}
}

/* Nobody can tell where nothing lies: what was drawn looks like a hash. */
static void pad(struct tree *tree, size_t node)
{
	if (!tree->is[node])
		kai_expand(tree->entropy, "tree pad", node, tree->hashes[node], KAI_ID_LEN);
}

static void grow(struct tree *tree, const uint8_t realm[KAI_REALM_LEN])
{
	for (size_t node = tree->leaves - 1; node > 0; node--) {
		size_t left = 2 * node;

		if (!tree->is[left] && !tree->is[left + 1])
			continue;
		pad(tree, left);
		pad(tree, left + 1);
		node_hash(realm, tree->hashes[left], tree->hashes[left + 1], tree->hashes[node]);
		tree->is[node] = true;
	}
}

/* The hash on the other side of each level. */
static bool make_path(const struct tree *tree, unsigned depth, struct kai_arena *arena,
		      struct kai_tree_path *path)
{
	path->hashes_count = depth;
	path->hashes = kai_arena_take(arena, depth * sizeof(*path->hashes));
	if (path->hashes == NULL)
		return false;
	for (unsigned level = 0; level < depth; level++) {
		size_t node = (tree->leaves + (size_t)path->leaf) >> level;

		memcpy(path->hashes[level], tree->hashes[node ^ 1], KAI_ID_LEN);
	}
	return true;
}

bool kai_tree_make(const uint8_t realm[KAI_REALM_LEN], struct kai_tree_leaf *leaves, size_t count,
		   const uint8_t entropy[32], struct kai_arena *arena, uint8_t ret_root[KAI_ID_LEN])
{
	unsigned depth = count <= 1u << DEPTH_FEW ? DEPTH_FEW : DEPTH_MANY;
	struct tree *tree = kai_arena_take(arena, sizeof(*tree));
	bool room = tree != NULL;

	assert(count >= 1 && count <= KAI_MAX_TREE);
	if (!room)
		return false;
	tree->entropy = entropy;
	tree->leaves = (size_t)1 << depth;
	place(tree, leaves, count);
	for (size_t i = 0; i < count; i++) {
		size_t node = tree->leaves + (size_t)leaves[i].path.leaf;

		leaf_hash(realm, leaves[i].id, &leaves[i].path, tree->hashes[node]);
		tree->is[node] = true;
	}
	grow(tree, realm);
	for (size_t i = 0; room && i < count; i++)
		room = make_path(tree, depth, arena, &leaves[i].path);
	memcpy(ret_root, tree->hashes[1], KAI_ID_LEN);
	return room;
}

/* ---- remembering ---- */

void kai_roots_init(struct kai_roots *roots)
{
	for (size_t i = 0; i < KAI_ROOTS; i++) {
		atomic_init(&roots->slots[i].busy, false);
		roots->slots[i].used = false;
	}
}

static struct kai_root_slot *slot_of(struct kai_roots *roots, const struct kai_root_said *said)
{
	return &roots->slots[(said->root[0] | said->root[1] << 8) % KAI_ROOTS];
}

static bool take(struct kai_root_slot *slot)
{
	return !atomic_exchange_explicit(&slot->busy, true, memory_order_acquire);
}

static void give_back(struct kai_root_slot *slot)
{
	atomic_store_explicit(&slot->busy, false, memory_order_release);
}

bool kai_roots_verify(struct kai_roots *roots, const uint8_t realm[KAI_REALM_LEN],
		      const uint8_t root[KAI_ID_LEN], const uint8_t key[KAI_ID_LEN],
		      const uint8_t sig[KAI_SIG_LEN])
{
	struct kai_root_said said;
	bool good = false;

	if (roots == NULL)
		return kai_verify(KAI_CTX_TREE_ROOT, realm, root, key, sig);
	memcpy(said.key, key, sizeof(said.key));
	memcpy(said.realm, realm, sizeof(said.realm));
	memcpy(said.root, root, sizeof(said.root));
	memcpy(said.sig, sig, sizeof(said.sig));
	struct kai_root_slot *slot = slot_of(roots, &said);

	if (take(slot)) {
		good = slot->used && memcmp(&slot->said, &said, sizeof(said)) == 0;
		give_back(slot);
	}
	if (good)
		return true;
	good = kai_verify(KAI_CTX_TREE_ROOT, realm, root, key, sig);
	if (good && take(slot)) {
		slot->said = said;
		slot->used = true;
		give_back(slot);
	}
	return good;
}
