/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into kairand by faults.py: the world fails under the real process and the libraries in
 * it. Memory: malloc, friends and maps give nothing at a place, once at each, and where it is to last
 * nothing anywhere from then on; a place is a stack of callers, so "the k-th call, for each k" ends
 * after as many rounds as there are places.
 * Storage: the k-th write, sync or resize of LMDB's files fails in one of several ways, once or from
 * there on.
 *
 * The file that KAIRAN_FAULTY names is mapped, shared with the script, which arms and reads it; it
 * outlives the process, and with it which places have failed. Places are compared between
 * processes: the script switches the randomising of addresses off.
 *
 * Built without the 64-bit redirections of the headers, so that the names here are the ones that the
 * libraries call. Not part of the product. Any thread.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAX_PLACES 16384u
#define CALLERS 14 /* of the function that fails, that tell places apart */
#define OWN 3	   /* frames of ours above them */
#define TEXT_SIZE 2048

enum what { NOTHING, MEMORY, STORAGE };

/* How a storage call fails. */
enum how {
	HOW_EIO,   /* nothing done, EIO */
	HOW_FULL,  /* nothing done, ENOSPC */
	HOW_DENY,  /* nothing done, EROFS */
	HOW_SHORT, /* half of it written, which the caller is told; EIO where nothing is written */
	HOW_DONE,  /* all done, EIO all the same */
	HOW_KILL   /* the process is killed in front of the call */
};

/* faults.py knows this layout. */
struct shared {
	atomic_uint what;
	atomic_uint how;       /* STORAGE */
	atomic_ullong k;       /* STORAGE: the call that fails, from 1; 0: none, only count */
	atomic_uint lasting;   /* so do those after it */
	atomic_uint every;     /* MEMORY: of the places, by number, those that fail; 0: none */
	atomic_ullong calls;   /* while armed */
	atomic_ullong struck;  /* that failed, since armed */
	atomic_ullong places;  /* MEMORY: known */
	atomic_ullong tried;   /* MEMORY: of them, that have failed */
	char where[TEXT_SIZE]; /* the stack of what failed last */
	_Atomic uint64_t table[MAX_PLACES]; /* MEMORY: places by hash; 0: free */
};

static struct shared *shared;
static _Thread_local bool inside __attribute__((tls_model("initial-exec")));

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("KAIRAN_FAULTY");
	void *warm[1];

	inside = true;
	(void)backtrace(warm, 1); /* loads what it needs before memory fails */
	int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
	void *at = fd < 0 ? MAP_FAILED
			  : (void *)syscall(SYS_mmap, NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
					    MAP_SHARED, fd, 0);

	if (fd >= 0)
		(void)close(fd);
	if (at == MAP_FAILED)
		abort(); /* without its orders a test would prove nothing */
	shared = at;
	inside = false;
}

/* ---- places ---- */

/* "libzmq.so.5+0x1f3a zmq_bind": a line a caller. */
static void tell(void *const *callers, int count)
{
	char text[TEXT_SIZE] = "";
	size_t len = 0;

	for (int i = 0; i < count && len < sizeof(text) - 1; i++) {
		Dl_info info = {0};
		const char *file = "?";

		if (dladdr(callers[i], &info) != 0 && info.dli_fname != NULL) {
			const char *slash = strrchr(info.dli_fname, '/');

			file = slash != NULL ? slash + 1 : info.dli_fname;
		}
		int put = snprintf(text + len, sizeof(text) - len, "%s+0x%zx %s\n", file,
				   (size_t)((uintptr_t)callers[i] - (uintptr_t)info.dli_fbase),
				   info.dli_sname != NULL ? info.dli_sname : "");

		len += put > 0 ? (size_t)put : 0;
	}
	memcpy(shared->where, text, sizeof(text));
}

/* Notes a place; true: it is new, and its turn to fail. */
static bool is_due(uint64_t place)
{
	size_t slot = place % MAX_PLACES;

	for (;;) {
		uint64_t found = 0;

		if (atomic_compare_exchange_strong(&shared->table[slot], &found, place)) {
			uint64_t number = atomic_fetch_add(&shared->places, 1);

			if (number > MAX_PLACES / 2)
				abort();
			found = place;
		}
		/* The lowest bit says that it has failed. */
		if ((found | 1) == (place | 1)) {
			unsigned every = atomic_load(&shared->every);
			uint64_t untried = place;

			if ((found & 1) != 0 || every == 0 || (place >> 20) % every != 0)
				return false;
			return atomic_compare_exchange_strong(&shared->table[slot], &untried,
							      place | 1);
		}
		slot = (slot + 1) % MAX_PLACES;
	}
}

/* Should this request for memory fail? One does in an arming, at a place that has not failed yet. */
__attribute__((noinline)) static bool memory_fails(void)
{
	void *callers[OWN + CALLERS];
	uint64_t hash = 14695981039346656037u;
	bool fails = false;
	unsigned long long none = 0;

	if (shared == NULL || inside || atomic_load(&shared->what) != MEMORY)
		return false;
	if (atomic_load(&shared->struck) > 0)
		return atomic_load(&shared->lasting) != 0;
	inside = true;
	(void)atomic_fetch_add(&shared->calls, 1);
	int count = backtrace(callers, OWN + CALLERS);

	for (int i = OWN - 1; i < count; i++)
		hash = (hash ^ (uintptr_t)callers[i]) * 1099511628211u;
	hash &= ~UINT64_C(1);
	if (is_due(hash == 0 ? 2 : hash) &&
	    atomic_compare_exchange_strong(&shared->struck, &none, 1)) {
		(void)atomic_fetch_add(&shared->tried, 1);
		tell(callers + OWN - 1, count - OWN + 1);
		fails = true;
	}
	inside = false;
	return fails;
}

/* ---- memory ---- */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c): the C library's own names */
void *__libc_malloc(size_t len);
void *__libc_calloc(size_t count, size_t len);
void *__libc_realloc(void *at, size_t len);
void *__libc_memalign(size_t align, size_t len);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c) */

static void *no_memory(void)
{
	errno = ENOMEM;
	return NULL;
}

void *malloc(size_t size)
{
	return memory_fails() ? no_memory() : __libc_malloc(size);
}

void *calloc(size_t nmemb, size_t size)
{
	return memory_fails() ? no_memory() : __libc_calloc(nmemb, size);
}

void *realloc(void *ptr, size_t size)
{
	return memory_fails() ? no_memory() : __libc_realloc(ptr, size);
}

void *memalign(size_t alignment, size_t size)
{
	return memory_fails() ? no_memory() : __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return memory_fails() ? no_memory() : __libc_memalign(alignment, size);
}

int posix_memalign(void **memptr, size_t alignment, size_t size)
{
	void *at = memory_fails() ? NULL : __libc_memalign(alignment, size);

	if (at == NULL)
		return ENOMEM;
	*memptr = at;
	return 0;
}

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	if (memory_fails()) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	return (void *)syscall(SYS_mmap, addr, len, prot, flags, fd, offset);
}

/* ---- storage ---- */

static bool is_store(int fd)
{
	char link[64];
	char path[PATH_MAX];

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, path, sizeof(path) - 1);

	if (len <= 0)
		return false;
	path[len] = '\0';
	const char *slash = strrchr(path, '/');

	return slash != NULL &&
	       (strcmp(slash, "/data.mdb") == 0 || strcmp(slash, "/lock.mdb") == 0);
}

/* Should this call fail, and how? */
static bool storage_fails(int fd, const char *name, enum how *ret)
{
	if (shared == NULL || inside || atomic_load(&shared->what) != STORAGE || !is_store(fd))
		return false;
	uint64_t call = atomic_fetch_add(&shared->calls, 1) + 1;
	uint64_t k = atomic_load(&shared->k);

	if (k == 0 || call < k || (call > k && atomic_load(&shared->lasting) == 0))
		return false;
	(void)atomic_fetch_add(&shared->struck, 1);
	*ret = atomic_load(&shared->how);
	(void)snprintf(shared->where, sizeof(shared->where), "%s, call %llu\n", name,
		       (unsigned long long)call);
	if (*ret == HOW_KILL)
		(void)kill(getpid(), SIGKILL);
	return true;
}

static ssize_t failed(enum how how)
{
	errno = how == HOW_FULL ? ENOSPC : how == HOW_DENY ? EROFS : EIO;
	return -1;
}

static ssize_t write_at(int fd, const void *at, size_t len, off_t to)
{
	return to < 0 ? syscall(SYS_write, fd, at, len) : syscall(SYS_pwrite64, fd, at, len, to);
}

static ssize_t write_or_fail(const char *name, int fd, const void *at, size_t len, off_t to)
{
	enum how how;

	if (!storage_fails(fd, name, &how))
		return write_at(fd, at, len, to);
	if (how == HOW_SHORT)
		return write_at(fd, at, len / 2, to);
	if (how == HOW_DONE)
		(void)write_at(fd, at, len, to);
	return failed(how);
}

ssize_t write(int fd, const void *buf, size_t n)
{
	return write_or_fail("write", fd, buf, n, -1);
}

ssize_t pwrite(int fd, const void *buf, size_t n, off_t offset)
{
	return write_or_fail("pwrite", fd, buf, n, offset);
}

ssize_t pwrite64(int fd, const void *buf, size_t n, off_t offset)
{
	return write_or_fail("pwrite", fd, buf, n, offset);
}

ssize_t writev(int fd, const struct iovec *iovec, int count)
{
	enum how how;

	if (!storage_fails(fd, "writev", &how))
		return syscall(SYS_writev, fd, iovec, count);
	if (how == HOW_SHORT)
		return write_at(fd, iovec->iov_base, iovec->iov_len / 2, -1);
	if (how == HOW_DONE)
		(void)syscall(SYS_writev, fd, iovec, count);
	return failed(how);
}

static int call_or_fail(const char *name, int fd, long number, long argument)
{
	enum how how;

	if (!storage_fails(fd, name, &how))
		return (int)syscall(number, fd, argument);
	if (how == HOW_DONE)
		(void)syscall(number, fd, argument);
	return (int)failed(how);
}

int fdatasync(int fildes)
{
	return call_or_fail("fdatasync", fildes, SYS_fdatasync, 0);
}

int fsync(int fd)
{
	return call_or_fail("fsync", fd, SYS_fsync, 0);
}

int ftruncate(int fd, off_t length)
{
	return call_or_fail("ftruncate", fd, SYS_ftruncate, length);
}
