/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kairan-bench: figures beside the floors that this machine gives in the same run. Built, not installed. Parts are rows of
 * bench.c; each appends rows to a report. Real programs, real sockets, real disk: a pair of nodes made by `kairan lab`.
 * Timed figures belong here and never in tests. One thread but where a floor says otherwise.
 */
#ifndef KAIRAN_BENCH_H
#define KAIRAN_BENCH_H

#include <jansson.h>
#include <stdint.h>

#include "kairan/keys.h"
#include "kairan/store.h"
#include "report.h"

#define BENCH_RUNS 5
#define BENCH_ITEM_LEN 2400 /* a 2 KB item with header, signature and indexes, as floors have it */

struct bench {
	char dir[KAI_PATH_SIZE];    /* scratch folder, removed at the end */
	char kairan[KAI_PATH_SIZE]; /* the program beside this one */
	long items;
	bool install; /* Debian packages may be installed */
	json_t *rows;
	double verify_floor;  /* signature checks per second on all cores, for ratios */
	double sign_floor;    /* signatures per second on all cores */
	double commit_floor;  /* durable records per second */
	double sync_floor_ms; /* one synced commit */
	double round_ms;      /* there and back on a bare link */
	double wire_floor;    /* messages of an item's length on a bare link, per second */
	double pipeline_floor; /* items per second that a bare pipeline receives, checks and commits */
	double publish_floor_ms; /* sign, commit, one way, check, commit: each measured alone */
};

/* Seconds of the monotonic clock. */
double bench_now(void);
void bench_nap_us(long us);
void bench_row(struct bench *bench, const char *part, const struct bench_figure *figure);
/* A row that is also the point of a curve (report.h) at that place of its x axis. */
void bench_point(struct bench *bench, const char *part, const struct bench_figure *figure,
		 const char *curve, double at);
/* What has to be known of the last row. */
void bench_note(struct bench *bench, const char *note);
/* The value of a row of this run; 0: there is none. */
double bench_value(const struct bench *bench, const char *part, const char *name);

/* Parts: false after printing why. */
bool bench_floors(struct bench *bench);
bool bench_link(struct bench *bench);
bool bench_sizes(struct bench *bench);
bool bench_alert(struct bench *bench);
bool bench_fan(struct bench *bench);
bool bench_bundle(struct bench *bench);
bool bench_peers(struct bench *bench);

/* wire.c, pipeline.c: floors of the link. */
bool bench_wire_floors(struct bench *bench);
bool bench_pipeline_floor(struct bench *bench);

/* wire.c: one CURVE link over loopback, its ends in contexts of their own as two programs have them. */
struct bench_wire {
	void *contexts[2];
	void *sockets[2]; /* DEALER; the second one dialled */
};
/* false: nothing is open. A message went each way: the handshake is over. */
bool bench_wire_open(struct bench_wire *wire);
void bench_wire_close(struct bench_wire *wire);

/* Runs a program to its end, its output to the file (NULL: nowhere), what it complains of to ours or nowhere; its exit code,
 * negative: it did not run. argv ends with NULL. */
int bench_run(const char *const *argv, const char *output, bool quiet);

/* pair.c: two nodes, op-a and op-b, joined. */
#define PAIR_WINDOW 256 /* requests under way at one time: as many as a node has room for */
struct pair;
struct pair *pair_up(struct bench *bench);
void pair_down(struct pair *pair);
const char *pair_dir(const struct pair *pair, char node); /* 'a' or 'b' */
bool pair_stop(struct pair *pair, char node);
bool pair_start(struct pair *pair, char node);
/* Publishes count items of len bytes of text at op-a, `window` at a time unanswered. */
bool pair_publish(struct pair *pair, long count, size_t len, unsigned window);
#define PAIR_SECTOR "jp-seed7:pow" /* of both */
#define PAIR_ENDPOINT 128
/* How whoever has an agreement reaches op-a: its address, the key of its links, its org. */
bool pair_reach(struct pair *pair, char ret_endpoint[PAIR_ENDPOINT], uint8_t ret_key[KAI_ID_LEN],
		uint8_t ret_org[KAI_ID_LEN]);
/* A request to op-a's control socket, encoded; true: it was done. Not while publications are unanswered. */
bool pair_ask(struct pair *pair, struct kai_span request);
/* Asks op-a to publish one with urgency now for all of the sector; pair_answer waits for what it says. */
bool pair_ask_spread(struct pair *pair, size_t len);
bool pair_answer(struct pair *pair, uint8_t ret_id[KAI_ID_LEN]);
/* What became of items published at op-a while op-b was away. */
struct pair_ingest {
	double published; /* items per second that op-a took from us and committed */
	double rate;	  /* items per second that op-b committed, from the first to the last */
	double bytes;	  /* per item on loopback, TCP/IP headers included; 0: not told here */
	double cpu_a_us;  /* processor time per item, without publishing it */
	double cpu_b_us;
};
/* ingest.c: fills op-a while op-b is away, brings op-b back, and clocks its store. false after printing why. */
bool pair_ingest(struct pair *pair, long items, size_t len, struct pair_ingest *ret);
/* Bytes that op-a's newest item itself is: header, signatures, ciphertext; negative: failed. */
double pair_item_bytes(struct pair *pair);
/* Publishes one with urgency now: seconds until op-b has committed it, and until op-a has committed that op-b said so.
 * false: it did not happen in ten seconds. */
bool pair_stored_seconds(struct pair *pair, size_t len, double *ret_held, double *ret_known);
/* Processor seconds that a node's process has used since it started; negative: not running. */
double pair_cpu_seconds(const struct pair *pair, char node);
/* Items in a node's store, read while it runs; negative: failed. */
long pair_count(struct pair *pair, char node);

#endif
