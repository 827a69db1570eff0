/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public-key work that thousands of nodes in one process would do over and over: the linker puts
 * these functions in front of libsodium's (--wrap), and each distinct question is answered by
 * libsodium once. A question is the signature, the key and the message, every byte of them, so that
 * a remembered verdict is the verdict: forged signatures are refused by libsodium once, too, and
 * what does not fit is asked anew. Nothing is remembered before sim_remember_init. One thread.
 */
#ifndef KAIRAN_SIM_REMEMBER_H
#define KAIRAN_SIM_REMEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_remember_counts {
	uint64_t verified, verified_again; /* asked of libsodium; remembered */
	uint64_t agreed, agreed_again;	   /* X25519 shared secrets, likewise */
	uint64_t forgotten;		   /* answers that made room for others */
	size_t bytes;
};

/* max_bytes: at most that much memory, 1 MiB at least. key: which answers share a bucket, no more.
 * false: out of memory, or already begun. */
bool sim_remember_init(size_t max_bytes, const uint8_t key[16]);
void sim_remember_counts(struct sim_remember_counts *ret);
/* Back to libsodium alone; counts start anew. */
void sim_remember_free(void);

#endif
