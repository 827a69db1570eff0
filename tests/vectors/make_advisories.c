/* SPDX-License-Identifier: Apache-2.0 */
/* Advisories and bundles of them, good and bad. */
#include "maker.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "kairan/bundle.h"

void vec_carry(struct maker *maker, struct carried *ret)
{
	const struct person *alice = &maker->alice, *bob = &maker->bob;
	const struct kai_link_ends ends = {kai_realm_live, alice->root, bob->root, alice->seal,
					   bob->seal};
	uint8_t key[32];
	bool ok = kai_link_key(&ends, alice->seal_secret, bob->seal, key);

	assert(ok);
	(void)ok;
	ret->built = item_of(alice, bob, &maker->arena, &ret->header);
	ret->signature = sign_item(alice, &ret->built);
	for (uint8_t i = 0; i < 3; i++) {
		ret->parts[i] = (struct kai_part_blob){i, ret->built.parts[i].ciphertext};
		ret->wraps[i] = (struct kai_wrap){.index = i, .kind = KAI_WRAP_LINK};
		kai_key_hint(bob->seal, ret->wraps[i].key_hint);
		ret->wraps[i].bytes = kai_wrap_link(&ends, key, ret->built.id, i,
						    ret->built.parts[i].opening, &maker->arena);
	}
	ret->advisory = (struct kai_advisory){
		ret->built.header, &ret->signature, 1, ret->parts, 3, ret->wraps, 3};
}

static struct kai_span encoded(struct maker *maker, const struct carried *item)
{
	struct kai_span bytes =
		kai_object_encode_in(&kai_object_advisory, &item->advisory, &maker->arena);

	assert(bytes.len > 0);
	return bytes;
}

/* Encodes a changed header anew and signs it, so that the change is the only thing wrong. */
static struct kai_span with_header(struct maker *maker, const struct carried *item,
				   const struct kai_header *header)
{
	struct carried changed = *item;

	changed.built.header = kai_object_encode_in(&kai_object_header, header, &maker->arena);
	assert(changed.built.header.len > 0);
	kai_advisory_id(header->realm, changed.built.header, changed.built.id);
	changed.signature = sign_item(&maker->alice, &changed.built);
	changed.advisory.header = changed.built.header;
	changed.advisory.signatures = &changed.signature;
	return encoded(maker, &changed);
}

static void valid_advisory(struct maker *maker, const struct carried *item)
{
	json_t *vector = vec_row("advisory from Alice to Bob, three parts", "advisory",
				 encoded(maker, item));
	json_t *parts = json_array();
	static const char *const contents[] = {NULL, "Substation 3 is dark.",
					       "* port 102/tcp was open\n"};

	json_object_set_new(vector, "id", vec_hex_id(item->built.id));
	for (size_t i = 0; i < 3; i++) {
		json_t *part = json_pack("{s:s#, s:o}", "name",
					 (const char *)item->header.parts[i].name.at,
					 (int)item->header.parts[i].name.len, "opening",
					 vec_hex(item->built.parts[i].opening));

		if (contents[i] != NULL)
			json_object_set_new(part, "content", json_string(contents[i]));
		else
			json_object_set_new(part, "title",
					    json_string("保護リレーの設定変更について"));
		json_array_append_new(parts, part);
	}
	json_object_set_new(vector, "parts", parts);
	vec_add_valid(maker, vector);
}

/* The same item as a bundle would carry it: wraps that any holder of Bob's sealing key opens. */
static void seal_wraps(struct maker *maker, struct carried *io_item)
{
	uint8_t entropy[32];

	io_item->advisory.wraps = io_item->wraps;
	for (uint8_t i = 0; i < 3; i++) {
		char word[] = "ephemeral key 0";

		word[sizeof(word) - 2] = (char)('0' + i);
		word_bytes(word, entropy);
		io_item->wraps[i].kind = KAI_WRAP_SEALED;
		io_item->wraps[i].bytes = kai_wrap_sealed(
			entropy, maker->bob.seal, io_item->built.parts[i].opening, &maker->arena);
	}
}

static void sealed_advisory(struct maker *maker, const struct carried *item)
{
	struct carried sealed = *item;

	seal_wraps(maker, &sealed);
	vec_add_valid(maker, vec_row("advisory under sealed wraps", "advisory-open",
				     encoded(maker, &sealed)));
	sealed.wraps[2].bytes = vec_flipped(maker, sealed.wraps[2].bytes, 40);
	vec_add_invalid(maker, "sealed wrap changed", "advisory-open", encoded(maker, &sealed),
			KAI_FAULT_WRAP);
}

/* Signed as it is, whatever is wrong with it. */
static struct kai_span signed_bundle(struct maker *maker, const struct kai_bundle *bundle,
				     const uint8_t *key, const uint8_t *secret)
{
	struct kai_bundle_file file = {
		.body = kai_object_encode_in(&kai_object_bundle, bundle, &maker->arena)};
	uint8_t digest[32];

	assert(file.body.len > 0);
	kai_hash(KAI_CTX_BUNDLE, bundle->realm, file.body, digest);
	memcpy(file.key, key, 32);
	kai_sign(KAI_CTX_BUNDLE, bundle->realm, digest, secret, file.sig);
	return kai_object_encode_in(&kai_object_bundle_file, &file, &maker->arena);
}

static void bundles(struct maker *maker, const struct carried *item)
{
	const struct person *alice = &maker->alice;
	struct carried sealed = *item;
	struct kai_span card = alice->card;
	uint64_t heard[2] = {VECTOR_NOW / 1000 - 60, VECTOR_NOW / 1000};
	struct kai_bundle bundle = {.version = 1,
				    .number = VECTOR_NOW / 1000 + 120,
				    .cards = &card,
				    .cards_count = 1,
				    .advisories = &sealed.advisory,
				    .advisories_count = 1,
				    .heard = heard,
				    .heard_count = 2};
	struct kai_bundle good, bad;

	seal_wraps(maker, &sealed);
	memcpy(bundle.from, alice->root, 32);
	memcpy(bundle.to, maker->bob.root, 32);
	word_bytes("digest of an agreement", bundle.agreement);
	good = bundle;
	struct kai_span bytes = signed_bundle(maker, &good, alice->duty, alice->duty_secret);

	vec_add_valid(maker, vec_row("bundle from Alice to Bob", "bundle", bytes));
	vec_add_invalid(maker, "bundle changed after signing", "bundle",
			vec_flipped(maker, bytes, vec_offset_of(bytes, "pow")),
			KAI_FAULT_SIGNATURE);
	vec_add_invalid(maker, "bundle cut in the middle", "bundle",
			kai_span(bytes.at, bytes.len / 2), KAI_FAULT_TRUNCATED);
	vec_add_invalid(maker, "bundle from Alice signed by Bob", "bundle",
			signed_bundle(maker, &good, maker->bob.duty, maker->bob.duty_secret),
			KAI_FAULT_KEY);
	bad = good;
	bad.number = VECTOR_NOW / 1000 - 2 * VECTOR_YEAR / 1000;
	vec_add_invalid(maker, "bundle of before its key", "bundle",
			signed_bundle(maker, &bad, alice->duty, alice->duty_secret),
			KAI_FAULT_KEY_WINDOW);
	bad = good;
	bad.version = 2;
	vec_add_invalid(maker, "bundle of version 2", "bundle",
			signed_bundle(maker, &bad, alice->duty, alice->duty_secret),
			KAI_FAULT_VERSION);
	bad = good;
	memcpy(bad.to, bad.from, 32);
	vec_add_invalid(maker, "bundle for its writer", "bundle",
			signed_bundle(maker, &bad, alice->duty, alice->duty_secret),
			KAI_FAULT_MEANING);
	heard[0] = heard[1];
	vec_add_invalid(maker, "bundle that hears a number twice", "bundle",
			signed_bundle(maker, &good, alice->duty, alice->duty_secret),
			KAI_FAULT_UNORDERED);
	heard[0]--;
	sealed.wraps[1] = item->wraps[1];
	vec_add_invalid(maker, "bundle with a wrap of a link", "bundle",
			signed_bundle(maker, &good, alice->duty, alice->duty_secret),
			KAI_FAULT_MEANING);
}

/* ---- batch roots ---- */

struct in_tree {
	struct carried item;
	struct kai_tree_path path;
	uint8_t hashes[KAI_MAX_PATH + 1][32];
	enum kai_ctx leaf, above, root; /* the contexts that it is made under */
};

/* At that leaf of a tree of that depth. */
static void tree_init(struct in_tree *ret, const struct carried *item, unsigned depth,
		      uint64_t leaf)
{
	uint8_t salt[32];

	*ret = (struct in_tree){.item = *item,
				.path = {.leaf = leaf, .hashes_count = depth},
				.leaf = KAI_CTX_TREE_LEAF,
				.above = KAI_CTX_TREE_NODE,
				.root = KAI_CTX_TREE_ROOT};
	word_bytes("salt of the leaf", salt);
	memcpy(ret->path.salt, salt, sizeof(ret->path.salt));
	for (unsigned i = 0; i <= KAI_MAX_PATH; i++) {
		char word[16];

		(void)snprintf(word, sizeof(word), "sibling %u", i);
		word_bytes(word, ret->hashes[i]);
	}
}

/* Alice signs the root that the path leads to from the item, for that realm. */
static void tree_sign(struct maker *maker, struct in_tree *tree, const uint8_t *realm)
{
	const struct kai_tree_path *path = &tree->path;
	uint8_t node[2][32], index[8];

	kai_put_be64(index, path->leaf);
	const struct kai_span leaf[] = {kai_span(path->salt, 16), kai_span(index, 8),
					kai_span(tree->item.built.id, 32)};

	kai_hash_many(tree->leaf, realm, leaf, 3, node[0]);
	for (size_t i = 0; i < path->hashes_count; i++) {
		size_t right = path->leaf >> i & 1;
		struct kai_span pair[2];

		pair[right] = kai_span(node[i & 1], 32);
		pair[1 - right] = kai_span(tree->hashes[i], 32);
		kai_hash_many(tree->above, realm, pair, 2, node[1 - (i & 1)]);
	}
	kai_sign(tree->root, realm, node[path->hashes_count & 1], maker->alice.duty_secret,
		 tree->item.signature.sig);
}

static struct kai_span tree_bytes(struct maker *maker, struct in_tree *tree)
{
	tree->path.hashes = tree->hashes;
	tree->item.signature.path = &tree->path;
	tree->item.advisory.signatures = &tree->item.signature;
	return encoded(maker, &tree->item);
}

static void good_tree(struct maker *maker, const struct carried *item, const char *name,
		      unsigned depth, uint64_t leaf)
{
	struct in_tree tree;

	tree_init(&tree, item, depth, leaf);
	tree_sign(maker, &tree, kai_realm_live);
	json_t *vector = vec_row(name, "advisory", tree_bytes(maker, &tree));

	json_object_set_new(vector, "id", vec_hex_id(item->built.id));
	vec_add_valid(maker, vector);
}

static void bad_tree(struct maker *maker, struct in_tree *tree, const char *name)
{
	vec_add_invalid(maker, name, "advisory", tree_bytes(maker, tree), KAI_FAULT_SIGNATURE);
}

/* The path is not that under which the root was signed. */
static void other_paths(struct maker *maker, const struct in_tree *good)
{
	struct in_tree bad = *good;

	bad.path.leaf = 4;
	bad_tree(maker, &bad, "tree path with a leaf outside its tree");
	bad.path.leaf = 3;
	bad_tree(maker, &bad, "tree path of another leaf");
	bad.path.leaf = 2 + 4;
	bad.path.hashes_count = 3;
	bad_tree(maker, &bad, "tree path with one hash more");
	bad = *good;
	bad.path.leaf = 0;
	bad.path.hashes_count = 1;
	bad_tree(maker, &bad, "tree path with one hash less");
	bad = *good;
	bad.path.salt[15] ^= 1;
	bad_tree(maker, &bad, "tree path with another salt");
	bad = *good;
	bad.hashes[1][0] ^= 0x80;
	bad_tree(maker, &bad, "tree path with another hash");
	bad = *good;
	memcpy(bad.hashes[0], good->hashes[1], 32);
	memcpy(bad.hashes[1], good->hashes[0], 32);
	bad_tree(maker, &bad, "tree path with its hashes in another order");
}

/* The root is none of a batch of this realm. */
static void other_roots(struct maker *maker, const struct carried *item)
{
	static const uint8_t drill[KAI_REALM_LEN] = {7};
	struct in_tree bad;

	tree_init(&bad, item, 2, 2);
	bad.leaf = KAI_CTX_TREE_NODE;
	tree_sign(maker, &bad, kai_realm_live);
	bad_tree(maker, &bad, "tree whose leaf is hashed as a node");
	tree_init(&bad, item, 2, 2);
	bad.above = KAI_CTX_TREE_LEAF;
	tree_sign(maker, &bad, kai_realm_live);
	bad_tree(maker, &bad, "tree whose nodes are hashed as leaves");
	tree_init(&bad, item, 2, 2);
	bad.root = KAI_CTX_ADVISORY;
	tree_sign(maker, &bad, kai_realm_live);
	bad_tree(maker, &bad, "tree root signed as an item");
	tree_init(&bad, item, 2, 2);
	tree_sign(maker, &bad, drill);
	bad_tree(maker, &bad, "tree root signed for a drill");
	tree_init(&bad, item, 0, 0);
	kai_sign(KAI_CTX_TREE_ROOT, kai_realm_live, item->built.id, maker->alice.duty_secret,
		 bad.item.signature.sig);
	bad_tree(maker, &bad, "tree whose root is an id");
	tree_init(&bad, item, 2, 2);
	bad.item.built.id[0] ^= 1;
	tree_sign(maker, &bad, kai_realm_live);
	bad_tree(maker, &bad, "tree path of another item");
	tree_init(&bad, item, 2, 2);
	tree_sign(maker, &bad, kai_realm_live);
	memcpy(bad.item.signature.key, maker->bob.duty, 32);
	bad_tree(maker, &bad, "tree root under another's key");
}

static void tree_advisory(struct maker *maker, const struct carried *item)
{
	struct in_tree tree;

	good_tree(maker, item, "advisory signed over a tree of four", 2, 2);
	good_tree(maker, item, "advisory signed over a tree of one", 0, 0);
	good_tree(maker, item, "advisory signed over a tree of 65,536", KAI_MAX_PATH, 40961);
	tree_init(&tree, item, 2, 2);
	tree_sign(maker, &tree, kai_realm_live);
	other_paths(maker, &tree);
	other_roots(maker, item);
	tree_init(&tree, item, KAI_MAX_PATH, 65535);
	tree_sign(maker, &tree, kai_realm_live);
	struct kai_span good = tree_bytes(maker, &tree);
	/* behind the salt: leaf as cd ffff, 16 hashes as dc 0010 */
	uint8_t *bytes =
		(uint8_t *)memcpy(kai_arena_take(&maker->arena, good.len + 34), good.at, good.len);
	size_t hashes = vec_offset_of(good, "\xcd\xff\xff\xdc") + 4;

	bytes[hashes + 1] = KAI_MAX_PATH + 1;
	memmove(bytes + hashes + 2 + 34, bytes + hashes + 2, good.len - hashes - 2);
	vec_add_invalid(maker, "tree path of 17 hashes", "advisory", kai_span(bytes, good.len + 34),
			KAI_FAULT_COUNT);
	bytes = (uint8_t *)memcpy(kai_arena_take(&maker->arena, good.len), good.at, good.len);
	bytes[hashes + 3] = 31;
	vec_add_invalid(maker, "tree path with a hash of 31 bytes", "advisory",
			kai_span(bytes, good.len), KAI_FAULT_LENGTH);
	vec_add_invalid(maker, "tree path cut in its hashes", "advisory",
			kai_span(good.at, hashes + 40), KAI_FAULT_TRUNCATED);
}

static void broken_headers(struct maker *maker, const struct carried *item)
{
	struct kai_header header = item->header;
	struct kai_part_entry parts[3];
	struct kai_audience_entry swapped[2] = {header.label.audience[1], header.label.audience[0]};

	header.version = 2;
	vec_add_invalid(maker, "header of version 2", "advisory", with_header(maker, item, &header),
			KAI_FAULT_VERSION);
	header = item->header;
	header.label.tlp = 6;
	vec_add_invalid(maker, "label with an unknown TLP", "advisory",
			with_header(maker, item, &header), KAI_FAULT_LABEL);
	header = item->header;
	header.label.audience_count = 0;
	vec_add_invalid(maker, "AMBER without an audience", "advisory",
			with_header(maker, item, &header), KAI_FAULT_LABEL);
	header.label.tlp = KAI_TLP_CLEAR;
	header.label.audience_count = 2;
	vec_add_invalid(maker, "CLEAR with an audience", "advisory",
			with_header(maker, item, &header), KAI_FAULT_LABEL);
	header = item->header;
	header.label.tlp = KAI_TLP_RED;
	vec_add_invalid(maker, "RED for a community", "advisory", with_header(maker, item, &header),
			KAI_FAULT_LABEL);
	header = item->header;
	header.label.audience = swapped;
	vec_add_invalid(maker, "audience out of order", "advisory",
			with_header(maker, item, &header), KAI_FAULT_LABEL);
	header = item->header;
	header.kind = 200;
	vec_add_invalid(maker, "unknown kind", "advisory", with_header(maker, item, &header),
			KAI_FAULT_MEANING);
	header = item->header;
	header.revision = 2;
	vec_add_invalid(maker, "revision 2 without a thread", "advisory",
			with_header(maker, item, &header), KAI_FAULT_MEANING);
	header = item->header;
	header.not_after = header.created_at;
	vec_add_invalid(maker, "expires when it is made", "advisory",
			with_header(maker, item, &header), KAI_FAULT_MEANING);
	header = item->header;
	memcpy(parts, header.parts, sizeof(parts));
	parts[2].name = parts[1].name;
	header.parts = parts;
	vec_add_invalid(maker, "two parts of one name", "advisory",
			with_header(maker, item, &header), KAI_FAULT_MEANING);
}

static void broken_advisories(struct maker *maker, const struct carried *item)
{
	struct carried bad = *item;
	struct kai_span whole = encoded(maker, item);
	struct kai_span cipher = item->parts[0].ciphertext;

	vec_add_invalid(maker, "advisory cut in the middle", "advisory",
			kai_span(whole.at, whole.len / 2), KAI_FAULT_TRUNCATED);
	bad.advisory.header =
		vec_flipped(maker, item->built.header, vec_offset_of(item->built.header, "pow"));
	vec_add_invalid(maker, "header changed after signing", "advisory", encoded(maker, &bad),
			KAI_FAULT_SIGNATURE);
	bad = *item;
	bad.advisory.parts = bad.parts;
	bad.parts[0].ciphertext = vec_flipped(maker, cipher, 100);
	vec_add_invalid(maker, "ciphertext changed", "advisory", encoded(maker, &bad),
			KAI_FAULT_HASH);
	bad.parts[0].ciphertext = item->parts[1].ciphertext;
	bad.parts[1].ciphertext = cipher;
	vec_add_invalid(maker, "ciphertexts swapped between parts", "advisory",
			encoded(maker, &bad), KAI_FAULT_HASH);
	bad = *item;
	bad.advisory.parts = bad.parts;
	bad.parts[1].index = 0;
	vec_add_invalid(maker, "one part twice", "advisory", encoded(maker, &bad),
			KAI_FAULT_UNORDERED);
	bad = *item;
	bad.advisory.wraps = bad.wraps;
	bad.wraps[0].bytes = vec_flipped(maker, bad.wraps[0].bytes, 3);
	vec_add_invalid(maker, "wrap changed", "advisory-open", encoded(maker, &bad),
			KAI_FAULT_WRAP);
	bad.wraps[0].bytes = item->wraps[1].bytes;
	vec_add_invalid(maker, "wrap of another part", "advisory-open", encoded(maker, &bad),
			KAI_FAULT_WRAP);
	bad = *item;
	memcpy(bad.signature.key, maker->bob.duty, 32);
	kai_sign(KAI_CTX_ADVISORY, kai_realm_live, bad.built.id, maker->bob.duty_secret,
		 bad.signature.sig);
	bad.advisory.signatures = &bad.signature;
	vec_add_invalid(maker, "signed with a key that is not the origin's", "advisory-open",
			encoded(maker, &bad), KAI_FAULT_KEY);
}

void vec_advisories(struct maker *maker, const struct carried *item)
{
	valid_advisory(maker, item);
	sealed_advisory(maker, item);
	bundles(maker, item);
	tree_advisory(maker, item);
	broken_headers(maker, item);
	broken_advisories(maker, item);
}
