/* SPDX-License-Identifier: Apache-2.0 */
/* A peer that sends more than it may, and strangers at the open port. */
#include "rogue.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "../unit/raw_curve.h"

#define SILENT 24	   /* connections that say nothing */
#define HANDSHAKE_MS 12000 /* and are cut within */
#define OFFERED 8192	   /* ids that one peer may offer and leave open */
#define PUSHES 600	   /* a minute */
#define FAULTS 600	   /* a minute, then the link is cut */
#define RATE_SECONDS 10
#define HELD ((uint64_t)256 * 1024 * 1024)

/* Both say what is good while the attack goes on. */
static void both_good(struct rogue *rogue)
{
	rogue_good(rogue, rogue->peer, NULL);
	rogue_good(rogue, rogue->honest, NULL);
}

/* ---- strangers ---- */

static int dial(int port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct timeval wait = {.tv_sec = HANDSHAKE_MS / 1000};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)), 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* Has the other end closed it? What it said before is read away. */
static bool ended(int fd)
{
	uint8_t bytes[256];
	ssize_t got;

	do
		got = recv(fd, bytes, sizeof(bytes), 0);
	while (got > 0);
	return got == 0 || errno == ECONNRESET;
}

static void silent_tcp(struct rogue *rogue, const struct rogue_case *self)
{
	int64_t end = box_now_ms() + HANDSHAKE_MS;
	int fds[SILENT];

	(void)self;
	for (size_t i = 0; i < SILENT; i++)
		fds[i] = dial(rogue->node->port);
	both_good(rogue);
	for (size_t i = 0; i < SILENT; i++) {
		assert_true(ended(fds[i]));
		(void)close(fds[i]);
	}
	assert_true(box_now_ms() < end);
}

static void garbage_tcp(struct rogue *rogue, const struct rogue_case *self)
{
	uint8_t bytes[4096];

	(void)self;
	for (int i = 0; i < 20; i++) {
		int fd = dial(rogue->node->port);

		randombytes_buf_deterministic(bytes, sizeof(bytes),
					      (const uint8_t[32]){(uint8_t)(i + 1)});
		(void)send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL);
		(void)close(fd);
	}
}

static void unknown_key(struct rogue *rogue, const struct rogue_case *self)
{
	struct fix_pair stranger = fix_seal_pair(99);
	struct raw_curve raw;

	assert_false(raw_curve_open(&raw, rogue->node->port, rogue->node->keys.node.key,
				    stranger.key, stranger.secret, NULL));
	raw_curve_close(&raw);
	assert_true(box_logged(rogue->node, self->reason));
}

/* A stranger that says it is somebody whom the node knows. */
static void claimed_user(struct rogue *rogue, const struct rogue_case *self)
{
	struct fix_pair stranger = fix_seal_pair(98);
	char user[2 * KAI_ID_LEN + 1];
	struct raw_curve raw;

	(void)self;
	(void)sodium_bin2hex(user, sizeof(user), rogue->honest->link.key, KAI_ID_LEN);
	assert_false(raw_curve_open(&raw, rogue->node->port, rogue->node->keys.node.key,
				    stranger.key, stranger.secret, user));
	raw_curve_close(&raw);
}

/* ---- a known peer without measure ---- */

static void wait_up(struct rogue *rogue)
{
	box_peer_connect(rogue->peer, true);
	assert_true(rogue_state(rogue).up);
}

/* A message that never ends: neither the node's memory nor its other links feel it. */
static void endless(struct rogue *rogue, const struct rogue_case *self)
{
	static uint8_t block[60000];
	uint64_t before = box_memory(rogue->node);
	uint64_t sent = 0;
	const struct timeval wait = {.tv_sec = 1};
	struct raw_curve raw;

	assert_true(raw_curve_open(&raw, rogue->node->port, rogue->node->keys.node.key,
				   rogue->peer->link.key, rogue->peer->link.secret, NULL));
	/* The kernel may keep a closed connection's window shut: do not wait for it. */
	assert_int_equal(setsockopt(raw.fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)), 0);
	while (sent < 4 * HELD && raw_curve_send(&raw, block, sizeof(block), true))
		sent += sizeof(block);
	assert_true(sent < 4 * HELD);
	assert_true(ended(raw.fd));
	raw_curve_close(&raw);
	assert_true(box_logged(rogue->node, self->reason));
	assert_true(box_memory(rogue->node) < before + HELD);
	rogue_good(rogue, rogue->honest, NULL);
	wait_up(rogue);
}

static void offers(struct rogue *rogue, const struct rogue_case *self)
{
	static struct kai_offer_entry entries[KAI_MAX_ENTRIES];
	struct kai_offer offer = {.entries = entries, .entries_count = KAI_MAX_ENTRIES};
	const struct box_reply *refuse;
	uint64_t number = 0;

	for (size_t i = 0; i < OFFERED / KAI_MAX_ENTRIES + 1; i++) {
		for (size_t j = 0; j < KAI_MAX_ENTRIES; j++) {
			entries[j] = (struct kai_offer_entry){.parts = 1,
							      .size = KAI_MAX_ADVISORY_LEN,
							      .urgency = KAI_URGENCY_INFO,
							      .signatures = 1};
			kai_put_be64(entries[j].id, ++number);
			memset(entries[j].id + 8, 0xaa, 8);
		}
		box_peer_send(rogue->peer, KAI_MSG_OFFER, &offer);
	}
	refuse = box_peer_reply(rogue->peer, KAI_MSG_REFUSE, entries[KAI_MAX_ENTRIES - 1].id,
				BOX_PATIENCE_MS);
	assert_non_null(refuse);
	assert_string_equal(refuse->reason, self->reason);
	assert_int_equal(refuse->klass, KAI_CLASS_DEFER);
	assert_true(box_journal(rogue->node, rogue->peer->root.key, self->reason) > 0);
	both_good(rogue);
	wait_up(rogue); /* a new session: nothing of that is open any more */
}

/* Small by their offers, large by their headers, and never finished. */
static void unfinished(struct rogue *rogue, const struct rogue_case *self)
{
	const struct plan plan = {.urgency = KAI_URGENCY_INFO, .extra_len = 1000000};
	uint64_t memory = box_memory(rogue->node);
	const struct box_reply *refuse = NULL;
	size_t used = rogue->peer->arena.used;

	for (size_t i = 0; i < 40 && refuse == NULL; i++) {
		struct craft *craft = craft_make(rogue->peer, &plan);
		struct kai_chunk chunk = {
			.index = 1, .data = kai_span(craft->parts[1].ciphertext.at, KAI_MAX_CHUNK)};
		struct kai_offer_entry entry = {
			.parts = 3, .size = 1, .urgency = KAI_URGENCY_INFO, .signatures = 1};

		memcpy(entry.id, craft->id, KAI_ID_LEN);
		box_peer_send(rogue->peer, KAI_MSG_OFFER,
			      &(struct kai_offer){.entries = &entry, .entries_count = 1});
		assert_non_null(
			box_peer_reply(rogue->peer, KAI_MSG_WANT, craft->id, BOX_PATIENCE_MS));
		craft_chunk(rogue->peer, craft, &chunk, true);
		refuse = box_peer_reply(rogue->peer, KAI_MSG_REFUSE, craft->id, 50);
		rogue->peer->arena.used = used;
	}
	assert_non_null(refuse);
	assert_string_equal(refuse->reason, self->reason);
	assert_int_equal(refuse->klass, KAI_CLASS_DEFER);
	assert_true(box_memory(rogue->node) < memory + HELD);
	wait_up(rogue);
}

static void pushes(struct rogue *rogue, const struct rogue_case *self)
{
	const struct box_reply *refuse = NULL;
	struct craft craft;

	rogue_good(rogue, rogue->peer, &craft);
	for (int i = 0; i < 2 * PUSHES + 2 && refuse == NULL; i++) {
		craft_push(rogue->peer, &craft);
		refuse = box_peer_reply(rogue->peer, KAI_MSG_REFUSE, craft.id, 0);
	}
	if (refuse == NULL)
		refuse = box_peer_reply(rogue->peer, KAI_MSG_REFUSE, craft.id, BOX_PATIENCE_MS);
	assert_non_null(refuse);
	assert_string_equal(refuse->reason, self->reason);
	assert_int_equal(refuse->klass, KAI_CLASS_DEFER);
	rogue->no_push = true; /* for the rest of this minute */
}

static void faults(struct rogue *rogue, const struct rogue_case *self)
{
	static const uint8_t noise[] = {0xc1};
	int64_t end = box_now_ms() + BOX_PATIENCE_MS;

	for (int i = 0; i < 2 * FAULTS; i++)
		box_peer_bytes(rogue->peer, kai_span(noise, sizeof(noise)));
	rogue_good(rogue, rogue->honest, NULL);
	while (!box_logged(rogue->node, self->reason) && box_now_ms() < end)
		box_sleep(50);
	assert_true(box_logged(rogue->node, self->reason));
	wait_up(rogue);
}

/* Above the rate nothing is looked at, until the ten seconds are over over which it is averaged. */
static void frames(struct rogue *rogue, const struct rogue_case *self)
{
	struct kai_ping ping = {.answer = true};
	int64_t end = box_now_ms() + BOX_PATIENCE_MS;

	for (int i = 0; i < 2 * RATE_SECONDS * BOX_FRAMES_PER_SECOND; i++)
		box_peer_send(rogue->peer, KAI_MSG_PING, &ping);
	rogue_good(rogue, rogue->honest, NULL);
	while (strcmp(rogue_state(rogue).last_error, self->reason) != 0 && box_now_ms() < end)
		box_sleep(50);
	assert_string_equal(rogue_state(rogue).last_error, self->reason);
	box_sleep((int64_t)RATE_SECONDS * 1000 + 500);
	wait_up(rogue);
}

static const struct rogue_case cases[] = {
	{"connections that say nothing", silent_tcp, NULL, .klass = 0},
	{"connections that say what is no ZMTP", garbage_tcp, NULL, .klass = 0},
	{"a CURVE key that nobody knows", unknown_key, "connection.stranger", .klass = 0},
	{"a stranger who claims to be the honest peer", claimed_user, NULL, .klass = 0},
	{"a message that never ends", endless, "connection.flood", .klass = 0},
	{"more offers than may be open", offers, "quota", .klass = 0},
	{"more unfinished items than may be held", unfinished, "quota", .klass = 0},
	{"more pushes than a minute allows", pushes, "quota", .klass = 0},
	{"more frames than may come", frames, "quota", .klass = 0},
	{"more faults than a minute allows", faults, "too-many-faults", .klass = 0},
};
const struct rogue_cases rogue_flood_cases = {cases, sizeof(cases) / sizeof(*cases)};
