/* SPDX-License-Identifier: Apache-2.0 */
/* Key files: what is made can be loaded; what others could have read or put there is refused. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "fixture.h"
#include "kairan/keys.h"
#include "kairan/text.h"

#define PATH_SIZE 512

static char dir[64];

static int setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/kairan-keys-XXXXXX");
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	return fix_remove(dir) ? 0 : -1;
}

static void path_of(const char *name, char ret[PATH_SIZE])
{
	(void)snprintf(ret, PATH_SIZE, "%s/keys/%s", dir, name);
}

static void make(enum kai_key_kind kind, const char *name)
{
	struct kai_key_pair pair;
	struct kai_why why;

	assert_int_equal(kai_key_create(dir, kind, name, &pair, &why), KAI_ERR_OK);
	kai_key_pair_done(&pair);
}

static void write_text(const char *name, const char *text, mode_t mode)
{
	char path[PATH_SIZE];
	FILE *file;

	path_of(name, path);
	(void)unlink(path);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* Loading fails with err and says something; nothing is given. */
static void refused(enum kai_key_kind kind, const char *name, enum kai_err err)
{
	struct kai_key_pair pair = {.secret = NULL};
	struct kai_why why = {.text = ""};

	assert_int_equal(kai_key_load(dir, kind, name, &pair, &why), err);
	assert_null(pair.secret);
	assert_true(strlen(why.text) > 0);
}

static const struct {
	enum kai_key_kind kind;
	const char *word;
	size_t len;
	mode_t mode;
} kinds[] = {
#define X(NAME, word, len, mode) {KAI_KEYFILE_##NAME, (word), (len), (mode)},
	KAI_X_KEY_KIND(X)
#undef X
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void test_round_trip(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		struct kai_key_pair made;
		struct kai_key_pair loaded;
		char name[64];
		char path[PATH_SIZE];
		struct stat st;

		(void)snprintf(name, sizeof(name), "%s.key", kinds[i].word);
		path_of(name, path);
		assert_int_equal(kai_key_create(dir, kinds[i].kind, NULL, &made, NULL), KAI_ERR_OK);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, kinds[i].mode);
		assert_int_equal(kai_key_load(dir, kinds[i].kind, NULL, &loaded, NULL), KAI_ERR_OK);
		assert_memory_equal(made.key, loaded.key, KAI_ID_LEN);
		assert_memory_equal(made.secret, loaded.secret, kinds[i].len);
		kai_key_pair_done(&loaded);
		assert_null(loaded.secret);
		/* A second one is refused and leaves the first. */
		assert_int_equal(kai_key_create(dir, kinds[i].kind, NULL, &loaded, NULL),
				 KAI_ERR_EXISTS);
		assert_int_equal(kai_key_load(dir, kinds[i].kind, NULL, &loaded, NULL), KAI_ERR_OK);
		assert_memory_equal(made.secret, loaded.secret, kinds[i].len);
		kai_key_pair_done(&loaded);
		kai_key_pair_done(&made);
	}
}

static void test_public_halves(void **state)
{
	struct kai_key_pair pair;
	uint8_t signature[crypto_sign_BYTES];
	uint8_t key[KAI_ID_LEN];

	(void)state;
	assert_int_equal(kai_key_create(dir, KAI_KEYFILE_DUTY, NULL, &pair, NULL), KAI_ERR_OK);
	assert_int_equal(
		crypto_sign_detached(signature, NULL, (const uint8_t *)"x", 1, pair.secret), 0);
	assert_int_equal(crypto_sign_verify_detached(signature, (const uint8_t *)"x", 1, pair.key),
			 0);
	kai_key_pair_done(&pair);
	assert_int_equal(kai_key_create(dir, KAI_KEYFILE_NODE, NULL, &pair, NULL), KAI_ERR_OK);
	assert_int_equal(crypto_scalarmult_base(key, pair.secret), 0);
	assert_memory_equal(key, pair.key, KAI_ID_LEN);
	kai_key_pair_done(&pair);
	assert_int_equal(kai_key_create(dir, KAI_KEYFILE_TOKEN, NULL, &pair, NULL), KAI_ERR_OK);
	assert_true(sodium_is_zero(pair.key, KAI_ID_LEN));
	kai_key_pair_done(&pair);
	kai_key_pair_done(&pair); /* empty: nothing happens */
}

/* Every single mode bit beyond the allowed ones is refused; every subset of them is fine. */
static void test_modes(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		char name[64];
		char path[PATH_SIZE];

		make(kinds[i].kind, NULL);
		(void)snprintf(name, sizeof(name), "%s.key", kinds[i].word);
		path_of(name, path);
		for (mode_t bit = 1; bit <= 04000; bit = (mode_t)(bit << 1)) {
			struct kai_key_pair pair;

			assert_int_equal(chmod(path, 0400 | bit), 0);
			if ((bit & ~kinds[i].mode) != 0) {
				refused(kinds[i].kind, NULL, KAI_ERR_DENIED);
				continue;
			}
			assert_int_equal(kai_key_load(dir, kinds[i].kind, NULL, &pair, NULL),
					 KAI_ERR_OK);
			kai_key_pair_done(&pair);
		}
	}
}

static void test_not_a_plain_file(void **state)
{
	char path[PATH_SIZE];
	char other[PATH_SIZE];

	(void)state;
	make(KAI_KEYFILE_DUTY, NULL);
	path_of("duty.key", path);
	path_of("aside", other);
	assert_int_equal(link(path, other), 0);
	refused(KAI_KEYFILE_DUTY, NULL, KAI_ERR_DENIED); /* two names */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("aside", path), 0);
	refused(KAI_KEYFILE_DUTY, NULL, KAI_ERR_DENIED);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	refused(KAI_KEYFILE_DUTY, NULL, KAI_ERR_DENIED); /* and does not wait for a writer */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	refused(KAI_KEYFILE_DUTY, NULL, KAI_ERR_DENIED);
	assert_int_equal(rmdir(path), 0);
	refused(KAI_KEYFILE_DUTY, NULL, KAI_ERR_NOTFOUND);
}

static void test_directory(void **state)
{
	char path[PATH_SIZE];
	char moved[PATH_SIZE];

	(void)state;
	refused(KAI_KEYFILE_DUTY, NULL, KAI_ERR_NOTFOUND); /* no keys/ at all */
	make(KAI_KEYFILE_DUTY, NULL);
	(void)snprintf(path, sizeof(path), "%s/keys", dir);
	(void)snprintf(moved, sizeof(moved), "%s/moved", dir);
	assert_int_equal(chmod(path, 0770), 0);
	refused(KAI_KEYFILE_DUTY, NULL, KAI_ERR_DENIED);
	assert_int_equal(chmod(path, 0752), 0);
	refused(KAI_KEYFILE_DUTY, NULL, KAI_ERR_DENIED);
	assert_int_equal(chmod(path, 0750), 0);
	assert_int_equal(rename(path, moved), 0);
	assert_int_equal(symlink("moved", path), 0);
	refused(KAI_KEYFILE_DUTY, NULL, KAI_ERR_INVALID);
}

static void test_owner(void **state)
{
	char path[PATH_SIZE];

	(void)state;
	if (geteuid() != 0)
		skip(); /* only root can give files away; the rule is the same comparison */
	make(KAI_KEYFILE_DUTY, NULL);
	path_of("duty.key", path);
	assert_int_equal(chown(path, 65534, (gid_t)-1), 0);
	refused(KAI_KEYFILE_DUTY, NULL, KAI_ERR_DENIED);
}

static void test_contents(void **state)
{
	char good[256] = "";
	char path[PATH_SIZE];
	char bad[300];
	FILE *file;

	(void)state;
	make(KAI_KEYFILE_DUTY, NULL);
	make(KAI_KEYFILE_DECIDER, NULL);
	path_of("duty.key", path);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_true(fread(good, 1, sizeof(good) - 1, file) > 0);
	(void)fclose(file);

	write_text("duty.key", "", 0600);
	refused(KAI_KEYFILE_DUTY, NULL, KAI_ERR_INVALID);
	for (size_t cut = 1; cut < strlen(good); cut += 7) {
		(void)snprintf(bad, sizeof(bad), "%.*s", (int)(strlen(good) - cut), good);
		write_text("duty.key", bad, 0600);
		refused(KAI_KEYFILE_DUTY, NULL, KAI_ERR_INVALID);
	}
	(void)snprintf(bad, sizeof(bad), "%s\n", good);
	write_text("duty.key", bad, 0600);
	refused(KAI_KEYFILE_DUTY, NULL, KAI_ERR_INVALID); /* something after it */
	/* Another kind's file under this name. */
	write_text("decider.key", good, 0600);
	refused(KAI_KEYFILE_DECIDER, NULL, KAI_ERR_INVALID);
	/* One character of the seed changed: the public half inside no longer belongs to it. */
	(void)snprintf(bad, sizeof(bad), "%s", good);
	char *key = strchr(bad, '\n') + 1;

	key[3] = key[3] == 'a' ? 'b' : 'a';
	write_text("duty.key", bad, 0600);
	refused(KAI_KEYFILE_DUTY, NULL, KAI_ERR_INVALID);
	/* A file longer than any key. */
	file = fopen(path, "w");
	assert_non_null(file);
	for (int i = 0; i < 100000; i++)
		(void)fputc('a', file);
	(void)fclose(file);
	refused(KAI_KEYFILE_DUTY, NULL, KAI_ERR_INVALID);
}

static void test_names(void **state)
{
	char long_name[65];
	const char *const bad[] = {"../duty.key", "a/b", ".hidden", "", long_name};
	struct kai_key_pair pair;

	(void)state;
	memset(long_name, 'a', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		refused(KAI_KEYFILE_REST, bad[i], KAI_ERR_INVALID);
		assert_int_equal(kai_key_create(dir, KAI_KEYFILE_REST, bad[i], &pair, NULL),
				 KAI_ERR_INVALID);
	}
}

static void make_all(void)
{
	make(KAI_KEYFILE_SYSTEM, NULL);
	make(KAI_KEYFILE_DUTY, NULL);
	make(KAI_KEYFILE_DECIDER, NULL);
	make(KAI_KEYFILE_NODE, NULL);
	make(KAI_KEYFILE_TOKEN, NULL);
	make(KAI_KEYFILE_SEAL, NULL);
	make(KAI_KEYFILE_REST, "rest-1.key");
}

static void test_node_keys(void **state)
{
	static const char *const seals[] = {"seal-9.key", "seal-100.key", "seal-20.key"};
	static const char *const order[] = {NULL, "seal-100.key", "seal-20.key", "seal-9.key"};
	struct kai_node_keys keys;
	struct kai_key_pair pair;

	(void)state;
	make_all();
	for (size_t i = 0; i < 3; i++)
		make(KAI_KEYFILE_SEAL, seals[i]);
	make(KAI_KEYFILE_REST, "rest-12.key");
	make(KAI_KEYFILE_REST, "rest-3.key");
	make(KAI_KEYFILE_REST, "rest-03.key"); /* another spelling of 3: not a period */
	make(KAI_KEYFILE_REST, "rest-x.key");
	assert_int_equal(kai_node_keys_load(dir, &keys, NULL), KAI_ERR_OK);
	assert_int_equal(keys.seal_count, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(kai_key_load(dir, KAI_KEYFILE_SEAL, order[i], &pair, NULL),
				 KAI_ERR_OK);
		assert_memory_equal(pair.key, keys.seals[i].key, KAI_ID_LEN);
		kai_key_pair_done(&pair);
	}
	assert_int_equal(keys.rest_count, 3);
	assert_int_equal(keys.rest_period[0], 1);
	assert_int_equal(keys.rest_period[1], 3);
	assert_int_equal(keys.rest_period[2], 12);
	kai_node_keys_done(&keys);
	assert_int_equal(keys.rest_count, 0);
	assert_int_equal(kai_rest_keys_load(dir, &keys, NULL), KAI_ERR_OK);
	assert_int_equal(keys.rest_count, 3);
	assert_null(keys.duty.secret);
	kai_node_keys_done(&keys);
}

static void test_node_keys_missing(void **state)
{
	static const char *const needed[] = {"system.key", "duty.key", "decider.key", "node.key",
					     "token.key",  "seal.key", "rest-1.key"};
	struct kai_node_keys keys;
	struct kai_why why;
	char path[PATH_SIZE];
	char aside[PATH_SIZE];

	(void)state;
	make_all();
	path_of("aside", aside);
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		path_of(needed[i], path);
		assert_int_equal(rename(path, aside), 0);
		assert_int_equal(kai_node_keys_load(dir, &keys, &why), KAI_ERR_NOTFOUND);
		assert_int_equal(rename(aside, path), 0);
	}
	assert_int_equal(kai_node_keys_load(dir, &keys, &why), KAI_ERR_OK);
	kai_node_keys_done(&keys);
}

static void test_too_many(void **state)
{
	struct kai_node_keys keys;
	char name[32];

	(void)state;
	make_all();
	for (int i = 1; i < KAI_MAX_SEALS; i++) {
		(void)snprintf(name, sizeof(name), "seal-%d.key", i);
		make(KAI_KEYFILE_SEAL, name);
	}
	assert_int_equal(kai_node_keys_load(dir, &keys, NULL), KAI_ERR_OK);
	assert_int_equal(keys.seal_count, KAI_MAX_SEALS);
	kai_node_keys_done(&keys);
	make(KAI_KEYFILE_SEAL, "seal-99.key");
	assert_int_equal(kai_node_keys_load(dir, &keys, NULL), KAI_ERR_INVALID);
	for (int i = 2; i <= KAI_MAX_REST; i++) {
		(void)snprintf(name, sizeof(name), "rest-%d.key", i);
		make(KAI_KEYFILE_REST, name);
	}
	assert_int_equal(kai_rest_keys_load(dir, &keys, NULL), KAI_ERR_OK);
	assert_int_equal(keys.rest_count, KAI_MAX_REST);
	kai_node_keys_done(&keys);
	make(KAI_KEYFILE_REST, "rest-1000.key");
	assert_int_equal(kai_rest_keys_load(dir, &keys, NULL), KAI_ERR_INVALID);
}

static void test_path(void **state)
{
	char path[KAI_PATH_SIZE];
	char *name = malloc(KAI_PATH_SIZE + 1);

	(void)state;
	assert_non_null(name);
	memset(name, 'a', KAI_PATH_SIZE);
	assert_int_equal(kai_path(path, "/x", "y", NULL), KAI_ERR_OK);
	assert_string_equal(path, "/x/y");
	name[KAI_PATH_SIZE - 4] = '\0'; /* "/x/" + 4092 + NUL = 4096 */
	assert_int_equal(kai_path(path, "/x", name, NULL), KAI_ERR_OK);
	name[KAI_PATH_SIZE - 4] = 'a';
	name[KAI_PATH_SIZE - 3] = '\0';
	assert_int_equal(kai_path(path, "/x", name, NULL), KAI_ERR_INVALID);
	free(name);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_round_trip),	      CASE(test_public_halves), CASE(test_modes),
		CASE(test_not_a_plain_file),  CASE(test_directory),	CASE(test_owner),
		CASE(test_contents),	      CASE(test_names),		CASE(test_node_keys),
		CASE(test_node_keys_missing), CASE(test_too_many),	CASE(test_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
