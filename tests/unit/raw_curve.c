/* SPDX-License-Identifier: Apache-2.0 */
#include "raw_curve.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define GREETING 64
#define COMMAND 0x04
#define MORE 0x01
#define LONG 0x02
#define MAX_BODY 65536

static bool write_all(int fd, const uint8_t *at, size_t len)
{
	while (len > 0) {
		ssize_t put = send(fd, at, len, MSG_NOSIGNAL);

		if (put <= 0)
			return false;
		at += put;
		len -= (size_t)put;
	}
	return true;
}

static bool read_all(int fd, uint8_t *at, size_t len)
{
	while (len > 0) {
		ssize_t got = recv(fd, at, len, 0);

		if (got <= 0)
			return false;
		at += got;
		len -= (size_t)got;
	}
	return true;
}

static bool write_frame(int fd, uint8_t flags, const uint8_t *at, size_t len)
{
	uint8_t head[9] = {0};
	size_t head_len = 2;

	head[0] = flags;
	head[1] = (uint8_t)len;
	if (len > 255) {
		head[0] |= LONG;
		for (int i = 0; i < 8; i++)
			head[1 + i] = (uint8_t)((uint64_t)len >> (56 - 8 * i));
		head_len = 9;
	}
	return write_all(fd, head, head_len) && write_all(fd, at, len);
}

/* A short frame of exactly that many bytes. */
static bool read_frame(int fd, uint8_t *at, size_t len)
{
	uint8_t head[2];

	return read_all(fd, head, 2) && head[0] == COMMAND && head[1] == len &&
	       read_all(fd, at, len);
}

static void nonce_of(uint8_t nonce[24], const char *prefix, uint64_t number)
{
	memcpy(nonce, prefix, 16);
	for (int i = 0; i < 8; i++)
		nonce[16 + i] = (uint8_t)(number >> (56 - 8 * i));
}

static bool greet(int fd)
{
	uint8_t greeting[GREETING] = {0};

	greeting[0] = 0xff;
	greeting[9] = 0x7f;
	greeting[10] = 3;
	greeting[11] = 1;
	memcpy(greeting + 12, "CURVE", 5);
	return write_all(fd, greeting, sizeof(greeting)) &&
	       read_all(fd, greeting, sizeof(greeting)) && memcmp(greeting + 12, "CURVE", 5) == 0;
}

static size_t property(uint8_t *at, const char *name, const char *value)
{
	size_t name_len = strlen(name);
	size_t value_len = strlen(value);

	at[0] = (uint8_t)name_len;
	memcpy(at + 1, name, name_len);
	memset(at + 1 + name_len, 0, 3);
	at[1 + name_len + 3] = (uint8_t)value_len;
	memcpy(at + 1 + name_len + 4, value, value_len);
	return 1 + name_len + 4 + value_len;
}

struct handshake {
	const uint8_t *server_key;
	const uint8_t *key;
	const uint8_t *secret;
	uint8_t short_key[32];
	uint8_t short_secret[32];
	uint8_t server_short[32];
	uint8_t cookie[96];
};

static bool hello(struct raw_curve *raw, struct handshake *hand)
{
	uint8_t command[200] = "\x05HELLO";
	uint8_t zeros[64] = {0};
	uint8_t nonce[24];
	uint8_t welcome[168];
	uint8_t opened[128];

	command[6] = 1;
	memcpy(command + 80, hand->short_key, 32);
	nonce_of(nonce, "CurveZMQHELLO---", raw->nonce);
	memcpy(command + 112, nonce + 16, 8);
	raw->nonce++;
	if (crypto_box_easy(command + 120, zeros, sizeof(zeros), nonce, hand->server_key,
			    hand->short_secret) != 0 ||
	    !write_frame(raw->fd, COMMAND, command, sizeof(command)) ||
	    !read_frame(raw->fd, welcome, sizeof(welcome)) ||
	    memcmp(welcome, "\x07WELCOME", 8) != 0)
		return false;
	memcpy(nonce, "WELCOME-", 8);
	memcpy(nonce + 8, welcome + 8, 16);
	if (crypto_box_open_easy(opened, welcome + 24, 144, nonce, hand->server_key,
				 hand->short_secret) != 0)
		return false;
	memcpy(hand->server_short, opened, 32);
	memcpy(hand->cookie, opened + 32, 96);
	return true;
}

static bool initiate(struct raw_curve *raw, struct handshake *hand, const char *user_id)
{
	uint8_t plain[512];
	uint8_t command[1024] = "\x08INITIATE";
	uint8_t vouch[64];
	uint8_t nonce[24];
	size_t len = 128;

	memcpy(plain, hand->key, 32);
	memcpy(nonce, "VOUCH---", 8);
	randombytes_buf(nonce + 8, 16);
	memcpy(plain + 32, nonce + 8, 16);
	memcpy(vouch, hand->short_key, 32);
	memcpy(vouch + 32, hand->server_key, 32);
	if (crypto_box_easy(plain + 48, vouch, sizeof(vouch), nonce, hand->server_short,
			    hand->secret) != 0)
		return false;
	len += property(plain + len, "Socket-Type", "DEALER");
	len += property(plain + len, "Identity", "");
	if (user_id != NULL)
		len += property(plain + len, "User-Id", user_id);
	memcpy(command + 9, hand->cookie, 96);
	nonce_of(nonce, "CurveZMQINITIATE", raw->nonce);
	memcpy(command + 105, nonce + 16, 8);
	raw->nonce++;
	return crypto_box_easy(command + 113, plain, len, nonce, hand->server_short,
			       hand->short_secret) == 0 &&
	       write_frame(raw->fd, COMMAND, command, 113 + len + crypto_box_MACBYTES);
}

/* READY when we are let in, ERROR when not. */
static bool ready(struct raw_curve *raw)
{
	uint8_t head[2];
	uint8_t body[255];

	return read_all(raw->fd, head, 2) && head[0] == COMMAND &&
	       read_all(raw->fd, body, head[1]) && memcmp(body, "\x05READY", 6) == 0;
}

bool raw_curve_open(struct raw_curve *raw, int port, const uint8_t server_key[32],
		    const uint8_t key[32], const uint8_t secret[32], const char *user_id)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct timeval wait = {.tv_sec = 10};
	struct handshake hand = {.server_key = server_key, .key = key, .secret = secret};

	raw->nonce = 1;
	raw->fd = socket(AF_INET, SOCK_STREAM, 0);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (raw->fd < 0 || setsockopt(raw->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) != 0 ||
	    setsockopt(raw->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) != 0 ||
	    connect(raw->fd, (const struct sockaddr *)&to, sizeof(to)) != 0)
		return false;
	crypto_box_keypair(hand.short_key, hand.short_secret);
	return greet(raw->fd) && hello(raw, &hand) && initiate(raw, &hand, user_id) &&
	       crypto_box_beforenm(raw->session, hand.server_short, hand.short_secret) == 0 &&
	       ready(raw);
}

bool raw_curve_send(struct raw_curve *raw, const void *at, size_t len, bool more)
{
	static uint8_t command[16 + 16 + 1 + MAX_BODY];
	static uint8_t plain[1 + MAX_BODY];
	uint8_t nonce[24];

	if (len > MAX_BODY)
		return false;
	plain[0] = more ? MORE : 0;
	memcpy(plain + 1, at, len);
	memcpy(command, "\x07MESSAGE", 8);
	nonce_of(nonce, "CurveZMQMESSAGEC", raw->nonce);
	memcpy(command + 8, nonce + 16, 8);
	raw->nonce++;
	return crypto_box_easy_afternm(command + 16, plain, 1 + len, nonce, raw->session) == 0 &&
	       write_frame(raw->fd, 0, command, 16 + 16 + 1 + len);
}

void raw_curve_close(struct raw_curve *raw)
{
	if (raw->fd >= 0)
		(void)close(raw->fd);
	raw->fd = -1;
}

int raw_free_port(void)
{
	for (int i = 0; i < 200; i++) {
		int port = 20000 + (int)randombytes_uniform(12000);
		struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		bool bound = bind(fd, (const struct sockaddr *)&at, sizeof(at)) == 0;

		(void)close(fd);
		if (bound)
			return port;
	}
	return 0;
}
