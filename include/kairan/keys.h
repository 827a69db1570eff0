/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A data directory's layout and its key files, shared by daemon and CLI (node/keys). Reads and
 * writes files; keeps secrets in sodium_malloc memory. One thread per object.
 *
 *   DIR/kairan.conf             configuration (libconfig)
 *   DIR/control.sock            control socket (0660)
 *   DIR/store/                  LMDB (0750; data.mdb 0640, lock.mdb 0660)
 *   DIR/drills/REALM/           the same, of each drill that this node took part in
 *   DIR/drafts/                 the CLI's, 0770
 *   DIR/restore-unfinished      a restore began here and did not end: nobody may use the rest
 *   DIR/keys/                   0750
 *     root.key next-root.key    0600; may be taken away and kept offline
 *     system.key duty.key decider.key   0600, Ed25519
 *     seal.key seal-*.key node.key token.key   0600
 *     rest-N.key                0640: readers' group may read the store
 *
 * A key file is text: a first line "kairan KIND key v1", a second line of base32. Files that are
 * readable by more than they should be, links, and files of another owner are refused with what to
 * do.
 */
#ifndef KAIRAN_KEYS_H
#define KAIRAN_KEYS_H

#include "kairan/base.h"

#define KAI_X_KEY_KIND(X)                                                                          \
	X(ROOT, "root", 64, 0600)                                                                  \
	X(NEXT_ROOT, "next-root", 64, 0600)                                                        \
	X(SYSTEM, "system", 64, 0600)                                                              \
	X(DUTY, "duty", 64, 0600)                                                                  \
	X(DECIDER, "decider", 64, 0600)                                                            \
	X(SEAL, "seal", 32, 0600)                                                                  \
	X(NODE, "node", 32, 0600)                                                                  \
	X(TOKEN, "token", 32, 0600)                                                                \
	X(REST, "rest", 32, 0640)

enum kai_key_kind {
#define X(NAME, word, len, mode) KAI_KEYFILE_##NAME,
	KAI_X_KEY_KIND(X)
#undef X
		KAI_KEYFILE_END
};

/* secret: sodium_malloc, mlock checked. key: the public half; zeros for token and rest. */
struct kai_key_pair {
	uint8_t key[KAI_ID_LEN];
	uint8_t *secret;
};
void kai_key_pair_done(struct kai_key_pair *pair); /* wipes; fine when empty */

/* Makes a new key and its file (O_EXCL: EXISTS when there is one). name NULL: KIND.key. */
KAI_MUST_USE enum kai_err kai_key_create(const char *dir, enum kai_key_kind kind, const char *name,
					 struct kai_key_pair *ret, struct kai_why *why);
/* NOTFOUND, DENIED (permissions, owner), INVALID. */
KAI_MUST_USE enum kai_err kai_key_load(const char *dir, enum kai_key_kind kind, const char *name,
				       struct kai_key_pair *ret, struct kai_why *why);

/* All the keys that a running node needs. */
#define KAI_MAX_SEALS 8
#define KAI_MAX_REST 64
struct kai_node_keys {
	struct kai_key_pair system, duty, decider, node, token;
	struct kai_key_pair seals[KAI_MAX_SEALS]; /* newest first */
	size_t seal_count;
	struct kai_key_pair rest[KAI_MAX_REST];
	uint64_t rest_period[KAI_MAX_REST]; /* ascending */
	size_t rest_count;
};
KAI_MUST_USE enum kai_err kai_node_keys_load(const char *dir, struct kai_node_keys *ret,
					     struct kai_why *why);
/* Only the retention keys: what the CLI needs to read. */
KAI_MUST_USE enum kai_err kai_rest_keys_load(const char *dir, struct kai_node_keys *ret,
					     struct kai_why *why);
void kai_node_keys_done(struct kai_node_keys *keys);

#define KAI_RESTORE_MARK "restore-unfinished"
#define KAI_DRILLS_DIR "drills"
#define KAI_REALM_TEXT 27 /* a realm in base32, with NUL */

/* Joins dir and a relative path; why and INVALID when it does not fit. */
#define KAI_PATH_SIZE 4096
KAI_MUST_USE enum kai_err kai_path(char ret[KAI_PATH_SIZE], const char *dir, const char *relative,
				   struct kai_why *why);

#endif
