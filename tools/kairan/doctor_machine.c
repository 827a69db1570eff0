/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: the machine under the node (disk, descriptors, memory), its files' modes, what lies unsent. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

#include "doctor.h"
#include "kairan/client.h"

#define MIB (UINT64_C(1) << 20)
#define DISK_LEAST (64 * MIB)
#define FILES_OWN 512	   /* the node's own, strangers who knock, room to spare */
#define FILES_A_PARTNER 16 /* dialled and dialling, now and while it begins again */

/* ---- kairan.conf ---- */

static int64_t setting(struct kai_cli *cli, const char *name, int64_t otherwise)
{
	long long value = otherwise;
	config_t config;
	char *path = kai_cli_text(cli, "%s/kairan.conf", cli->dir);

	if (access(path, R_OK) != 0)
		return otherwise;
	config_init(&config);
	if (config_read_file(&config, path) != CONFIG_TRUE ||
	    config_lookup_int64(&config, name, &value) != CONFIG_TRUE)
		value = otherwise;
	config_destroy(&config);
	return value;
}

/* ---- disk ---- */

static char *share(struct kai_cli *cli, uint64_t part, uint64_t whole)
{
	return kai_cli_text(cli, T("%llu of %llu MiB"), (unsigned long long)(part / MIB),
			    (unsigned long long)(whole / MIB));
}

static void look_at_disk(struct kai_doctor *doctor)
{
	struct kai_cli *cli = doctor->cli;
	uint64_t quota = (uint64_t)setting(cli, "store.quota_bytes", 0);
	uint64_t used = 0;
	uint64_t limit = 0;
	struct statvfs fs;

	kai_store_usage(cli->store, &used, &limit);
	if (quota > 0 && used >= quota / 5 * 4)
		kai_doctor_add(doctor, KAI_FINDING_QUOTA,
			       used >= quota / 20 * 19 ? KAI_DOCTOR_NOW : KAI_DOCTOR_SOON,
			       "store.quota_bytes", share(cli, used, quota));
	if (statvfs(kai_cli_text(cli, "%s/store", cli->dir), &fs) != 0 || fs.f_blocks == 0)
		return;
	uint64_t size = (uint64_t)fs.f_blocks * fs.f_frsize;
	uint64_t room = (uint64_t)fs.f_bavail * fs.f_frsize;

	if (room < size / 10 || room < DISK_LEAST)
		kai_doctor_add(doctor, KAI_FINDING_DISK,
			       room < size / 50 || room < DISK_LEAST ? KAI_DOCTOR_NOW
								     : KAI_DOCTOR_SOON,
			       "store", kai_cli_text(cli, T("free: %s"), share(cli, room, size)));
}

/* ---- the process ---- */

/* Who listens on the control socket; 0: nobody that may be asked. */
static pid_t node_pid(struct kai_cli *cli)
{
	static const char scheme[] = "ipc://";
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct ucred peer = {0};
	socklen_t len = sizeof(peer);
	char endpoint[KAI_CONTROL_ENDPOINT];
	int dir_fd = -1;

	if (kai_control_endpoint(cli->dir, endpoint, &dir_fd, NULL) != KAI_ERR_OK)
		return 0;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const char *path = endpoint + strlen(scheme);
	size_t path_len = strnlen(path, sizeof(address.sun_path) - 1);

	memcpy(address.sun_path, path, path_len);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		peer.pid = 0;
	if (fd >= 0)
		(void)close(fd);
	if (dir_fd >= 0)
		(void)close(dir_fd);
	return peer.pid;
}

/* The first number after a word at the beginning of a line of a file; 0: none there. */
static uint64_t number_in(const char *path, const char *word)
{
	FILE *file = fopen(path, "re");
	uint64_t value = 0;
	char line[512];

	while (file != NULL && value == 0 && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, word, strlen(word)) == 0)
			value = strtoull(line + strlen(word), NULL, 10);
	if (file != NULL)
		(void)fclose(file);
	return value;
}

/* What its control group allows, else what the machine has. */
static uint64_t memory_of(struct kai_cli *cli, pid_t pid)
{
	uint64_t all = number_in("/proc/meminfo", "MemTotal:") * 1024;
	FILE *file = pid > 0 ? fopen(kai_cli_text(cli, "/proc/%ld/cgroup", (long)pid), "re") : NULL;
	char line[1024];
	uint64_t limit = 0;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "0::", 3) == 0)
			limit = number_in(
				kai_cli_text(cli, "/sys/fs/cgroup%s/memory.max", line + 3), "");
	}
	if (file != NULL)
		(void)fclose(file);
	return limit > 0 && limit < all ? limit : all;
}

static void look_at_process(struct kai_doctor *doctor)
{
	struct kai_cli *cli = doctor->cli;
	pid_t pid = doctor->node_up ? node_pid(cli) : 0;
	uint64_t held = (uint64_t)setting(cli, "quota.held_bytes", KAI_DOCTOR_HELD_BYTES);
	uint64_t memory = memory_of(cli, pid);
	uint64_t files = pid > 0 ? number_in(kai_cli_text(cli, "/proc/%ld/limits", (long)pid),
					     "Max open files")
				 : 0;

	if (files > 0 && files < FILES_OWN + FILES_A_PARTNER * doctor->partners)
		kai_doctor_add(doctor, KAI_FINDING_OPEN_FILES, KAI_DOCTOR_SOON, "",
			       kai_cli_text(cli, T("%llu; %zu partners want %zu"),
					    (unsigned long long)files, doctor->partners,
					    FILES_OWN + FILES_A_PARTNER * doctor->partners));
	if (memory > 0 && doctor->partners > 0 && held > memory / 2 / doctor->partners)
		kai_doctor_add(doctor, KAI_FINDING_MEMORY, KAI_DOCTOR_SOON, "quota.held_bytes",
			       kai_cli_text(cli, T("%zu partners, %llu MiB each, of %llu MiB"),
					    doctor->partners, (unsigned long long)(held / MIB),
					    (unsigned long long)(memory / MIB)));
}

/* ---- modes ---- */

/* allowed: bits that it may have; owner: whose it must be. */
static void look_at_mode(struct kai_doctor *doctor, const char *name, mode_t allowed, uid_t owner)
{
	struct kai_cli *cli = doctor->cli;
	struct stat st;

	if (lstat(kai_cli_text(cli, "%s/%s", cli->dir, name), &st) != 0) {
		if (errno == EACCES)
			kai_doctor_add(doctor, KAI_FINDING_UNSEEN, KAI_DOCTOR_LOOK, name, "");
		return;
	}
	unsigned mode = st.st_mode & 07777;

	if (S_ISLNK(st.st_mode))
		kai_doctor_add(doctor, KAI_FINDING_OPEN_PATH, KAI_DOCTOR_NOW, name, T("a link"));
	else if ((mode & ~allowed) != 0)
		kai_doctor_add(
			doctor, KAI_FINDING_OPEN_PATH, KAI_DOCTOR_NOW, name,
			kai_cli_text(cli, T("mode %04o; at most %04o"), mode, (unsigned)allowed));
	else if (st.st_uid != owner)
		kai_doctor_add(doctor, KAI_FINDING_OPEN_PATH, KAI_DOCTOR_NOW, name,
			       T("another user's"));
}

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name);
	size_t end_len = strlen(end);

	return len > end_len && strcmp(name + len - end_len, end) == 0;
}

static void look_at_key_files(struct kai_doctor *doctor, uid_t owner)
{
	static const char *const needed[] = {"system.key", "duty.key", "decider.key",
					     "seal.key",   "node.key", "token.key"};
	struct kai_cli *cli = doctor->cli;
	char *path = kai_cli_text(cli, "%s/keys", cli->dir);
	DIR *list = opendir(path);
	bool rest = false;

	if (list == NULL) {
		kai_doctor_add(doctor, KAI_FINDING_UNSEEN, KAI_DOCTOR_LOOK, "keys", "");
		return;
	}
	for (const struct dirent *one; (one = readdir(list)) != NULL;) {
		bool is_rest = strncmp(one->d_name, "rest-", 5) == 0;

		if (!ends_with(one->d_name, ".key"))
			continue;
		rest = rest || is_rest;
		look_at_mode(doctor, kai_cli_text(cli, "keys/%s", one->d_name),
			     is_rest ? 0640 : 0600, owner);
		if (strcmp(one->d_name, "root.key") == 0 ||
		    strcmp(one->d_name, "next-root.key") == 0)
			kai_doctor_add(doctor, KAI_FINDING_ROOT_HERE, KAI_DOCTOR_LOOK,
				       kai_cli_text(cli, "keys/%s", one->d_name), "");
	}
	(void)closedir(list);
	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (access(kai_cli_text(cli, "%s/%s", path, needed[i]), F_OK) != 0 &&
		    errno == ENOENT)
			kai_doctor_add(doctor, KAI_FINDING_NO_KEY, KAI_DOCTOR_NOW,
				       kai_cli_text(cli, "keys/%s", needed[i]), "");
	if (!rest)
		kai_doctor_add(doctor, KAI_FINDING_NO_KEY, KAI_DOCTOR_NOW, "keys/rest-1.key", "");
}

/* What the node would sign with, against what partners believe. Only its owner may look. */
static void look_at_key(struct kai_doctor *doctor, const struct kai_card *card,
			enum kai_key_kind kind, const char *name, uint64_t role)
{
	struct kai_key_pair pair = {.secret = NULL};

	enum kai_err err = kai_key_load(doctor->cli->dir, kind, NULL, &pair, NULL);

	if (err != KAI_ERR_OK && err != KAI_ERR_INVALID)
		return; /* told with the modes */
	if (err == KAI_ERR_INVALID ||
	    kai_card_key(card, pair.key, role, (struct kai_wall){doctor->now_ms}) != KAI_FAULT_NONE)
		kai_doctor_add(doctor, KAI_FINDING_KEY_NOT_OURS, KAI_DOCTOR_NOW, name, "");
	kai_key_pair_done(&pair);
}

static void look_at_signers(struct kai_doctor *doctor)
{
	struct kai_cli *cli = doctor->cli;
	struct kai_card *card = kai_cli_take(cli, sizeof(*card));
	struct kai_card_rec rec;
	uint8_t digest[KAI_ID_LEN];

	if (!kai_rec_card(doctor->txn, cli->org, &cli->arena, &rec) ||
	    kai_card_open(rec.bytes, &cli->arena, card, digest) != KAI_FAULT_NONE)
		return;
	look_at_key(doctor, card, KAI_KEYFILE_SYSTEM, "keys/system.key", KAI_ROLE_SYSTEM);
	look_at_key(doctor, card, KAI_KEYFILE_DUTY, "keys/duty.key", KAI_ROLE_DUTY);
	look_at_key(doctor, card, KAI_KEYFILE_DECIDER, "keys/decider.key", KAI_ROLE_DECIDER);
}

static void look_at_modes(struct kai_doctor *doctor)
{
	static const struct {
		const char *name;
		mode_t allowed;
	} paths[] = {
		{".", 02755},	   {"kairan.conf", 0644},    {"keys", 02755},
		{"store", 02750},  {"store/data.mdb", 0640}, {"store/lock.mdb", 0660},
		{"drafts", 02770},
	};
	struct stat st;

	if (stat(doctor->cli->dir, &st) != 0)
		return;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		look_at_mode(doctor, paths[i].name, paths[i].allowed, st.st_uid);
	look_at_key_files(doctor, st.st_uid);
}

/* ---- drafts ---- */

static void look_at_drafts(struct kai_doctor *doctor)
{
	struct kai_cli *cli = doctor->cli;
	DIR *list = opendir(kai_cli_text(cli, "%s/drafts", cli->dir));

	if (list == NULL)
		return;
	for (const struct dirent *one; (one = readdir(list)) != NULL;) {
		struct stat st;

		if (!ends_with(one->d_name, ".draft") ||
		    fstatat(dirfd(list), one->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		uint64_t at = (uint64_t)st.st_mtime * 1000;
		bool old = (int64_t)at + KAI_MS_HOUR < kai_cli_now().ms;

		kai_doctor_add(
			doctor, KAI_FINDING_DRAFT, old ? KAI_DOCTOR_SOON : KAI_DOCTOR_LOOK,
			kai_cli_text(cli, "%.*s", (int)(strlen(one->d_name) - 6), one->d_name),
			kai_doctor_when(doctor, at));
	}
	(void)closedir(list);
}

void kai_doctor_machine(struct kai_doctor *doctor)
{
	look_at_disk(doctor);
	look_at_process(doctor);
	look_at_modes(doctor);
	look_at_signers(doctor);
	look_at_drafts(doctor);
}
