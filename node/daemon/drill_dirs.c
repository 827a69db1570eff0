/* SPDX-License-Identifier: Apache-2.0 */
#include "drill_dirs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kairan/keys.h"
#include "kairan/rec.h"
#include "kairan/text.h"
#include "loop.h"

struct looking {
	int drills; /* the directory of them all */
	struct kai_txn *txn;
	kai_drill_stays_fn stays;
	const void *context;
};

/* What was seen in one pass. */
struct seen {
	uint64_t bytes;	   /* of all */
	bool any, strange; /* one that need not stay; and that is not known any more */
	int64_t written_s; /* when it was written to */
	uint8_t realm[KAI_REALM_LEN];
};

static DIR *open_in(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && dir == NULL)
		(void)close(fd);
	return dir;
}

static const char *next_in(DIR *dir)
{
	const struct dirent *entry;

	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			return entry->d_name;
	return NULL;
}

/* Bytes of its files, and when the newest was written. */
static void measure(int drills, const char *name, uint64_t *ret_bytes, int64_t *ret_s)
{
	DIR *dir = open_in(drills, name);
	const char *file;
	struct stat about;

	*ret_bytes = 0;
	*ret_s = 0;
	while (dir != NULL && (file = next_in(dir)) != NULL) {
		if (fstatat(dirfd(dir), file, &about, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		*ret_bytes += (uint64_t)about.st_size;
		if (about.st_mtim.tv_sec > *ret_s)
			*ret_s = about.st_mtim.tv_sec;
	}
	if (dir != NULL)
		(void)closedir(dir);
}

/* One that is not known goes first, then the one that was written to longest ago. */
static void look_at(const struct looking *looking, const char *name, struct seen *io)
{
	uint8_t realm[KAI_REALM_LEN];
	struct kai_span value;
	uint64_t bytes;
	int64_t written_s;

	if (!kai_base32_parse(name, realm, sizeof(realm)))
		return; /* somebody else's */
	struct kai_key key = kai_key_drill(realm, NULL, 0);

	measure(looking->drills, name, &bytes, &written_s);
	io->bytes += bytes;
	if (io->strange || looking->stays(looking->context, realm))
		return;
	io->strange = !kai_txn_get(looking->txn, KAI_TABLE_DRILLS, kai_key_span(&key), &value);
	if (io->any && !io->strange && written_s >= io->written_s)
		return;
	io->any = true;
	io->written_s = written_s;
	memcpy(io->realm, realm, KAI_REALM_LEN);
}

static bool look(const struct looking *looking, struct seen *ret)
{
	DIR *dir = open_in(looking->drills, ".");
	const char *name;

	*ret = (struct seen){.bytes = 0};
	if (dir == NULL)
		return false;
	while ((name = next_in(dir)) != NULL)
		look_at(looking, name, ret);
	(void)closedir(dir);
	return kai_txn_error(looking->txn) == KAI_ERR_OK;
}

static bool remove_dir(struct kai_loop *loop, int drills, const char *name)
{
	DIR *dir = open_in(drills, name);
	const char *file;

	while (dir != NULL && (file = next_in(dir)) != NULL)
		(void)unlinkat(dirfd(dir), file, 0);
	if (dir != NULL)
		(void)closedir(dir);
	if (unlinkat(drills, name, AT_REMOVEDIR) == 0) {
		kai_log_fields(loop->log, KAI_LOG_INFO, "drill.forgotten", {"drill", name, 0});
		return true;
	}
	kai_log_fields(loop->log, KAI_LOG_WARNING, "drill.kept", {"drill", name, 0},
		       {"why", strerror(errno), 0});
	return false;
}

void kai_drill_dirs_trim(struct kai_loop *loop, struct kai_txn *txn, uint64_t most_bytes,
			 kai_drill_stays_fn stays, const void *context)
{
	struct looking looking = {.txn = txn, .stays = stays, .context = context};
	char path[KAI_PATH_SIZE], name[KAI_REALM_TEXT];
	struct seen seen;
	bool going = true;

	if (kai_path(path, loop->dir, KAI_DRILLS_DIR, NULL) != KAI_ERR_OK)
		return;
	looking.drills = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (looking.drills < 0)
		return; /* there never was one */
	while (going && look(&looking, &seen)) {
		bool too_much = most_bytes > 0 && seen.bytes > most_bytes;

		kai_base32(kai_span(seen.realm, KAI_REALM_LEN), name, sizeof(name));
		going = (seen.strange || (seen.any && too_much)) &&
			remove_dir(loop, looking.drills, name);
	}
	(void)close(looking.drills);
}
