/* SPDX-License-Identifier: Apache-2.0 */
/* Mosquitto by its own client library: MQTT 3.1.1, quality of service 1 both ways. */
#include "peer.h"

#include <mosquitto.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TOPIC "bench"
#define WAIT_STEPS 3000 /* of 10 ms */
#define UNDER_WAY 1000

struct client {
	struct mosquitto *ends[2]; /* publisher, subscriber */
	struct peer *peer;
	atomic_bool subscribed;
	long given;
	atomic_long kept; /* acknowledged by the broker */
};

static void on_message(struct mosquitto *end, void *context,
		       const struct mosquitto_message *message)
{
	struct client *client = context;

	(void)end;
	peer_came(client->peer, (size_t)message->payloadlen);
}

static void on_kept(struct mosquitto *end, void *context, int id)
{
	struct client *client = context;

	(void)end;
	(void)id;
	client->kept++;
}

static void on_subscribed(struct mosquitto *end, void *context, int id, int count,
			  const int *granted)
{
	struct client *client = context;

	(void)end;
	(void)id;
	client->subscribed = count == 1 && granted[0] == 1;
}

static void on_connected(struct mosquitto *end, void *context, int code)
{
	const struct client *client = context;

	if (code == 0 && end == client->ends[1])
		(void)mosquitto_subscribe(end, NULL, TOPIC, 1);
}

static void end_client(void *context)
{
	struct client *client = context;

	for (int i = 0; i < 2; i++) {
		if (client->ends[i] == NULL)
			continue;
		(void)mosquitto_disconnect(client->ends[i]);
		(void)mosquitto_loop_stop(client->ends[i], true);
		mosquitto_destroy(client->ends[i]);
	}
	(void)mosquitto_lib_cleanup();
	free(client);
}

static bool start_end(struct client *client, int i, const char *host, int port, const char *ca)
{
	struct mosquitto *end = client->ends[i] =
		mosquitto_new(i == 0 ? "bench-publisher" : "bench-subscriber", true, client);

	if (end == NULL)
		return false;
	mosquitto_connect_callback_set(end, on_connected);
	mosquitto_subscribe_callback_set(end, on_subscribed);
	mosquitto_publish_callback_set(end, on_kept);
	mosquitto_message_callback_set(end, on_message);
	(void)mosquitto_max_inflight_messages_set(end, UNDER_WAY);
	return mosquitto_tls_set(end, ca, NULL, NULL, NULL, NULL) == MOSQ_ERR_SUCCESS &&
	       mosquitto_connect(end, host, port, 60) == MOSQ_ERR_SUCCESS &&
	       mosquitto_loop_start(end) == MOSQ_ERR_SUCCESS;
}

static void *start(struct peer *peer, const char *host, int port, const char *ca)
{
	struct client *client = calloc(1, sizeof(*client));

	if (client == NULL)
		return NULL;
	client->peer = peer;
	(void)mosquitto_lib_init();
	bool ok = start_end(client, 0, host, port, ca) && start_end(client, 1, host, port, ca);

	for (int i = 0; ok && !client->subscribed && i < WAIT_STEPS; i++)
		(void)usleep(10000);
	if (ok && client->subscribed)
		return client;
	(void)fprintf(stderr, "mosquitto: no connection\n");
	end_client(client);
	return NULL;
}

static bool publish(void *context, const void *bytes, size_t len)
{
	struct client *client = context;

	client->given++;
	return mosquitto_publish(client->ends[0], NULL, TOPIC, (int)len, bytes, 1, false) ==
	       MOSQ_ERR_SUCCESS;
}

static bool flush(void *context)
{
	const struct client *client = context;

	for (int i = 0; client->kept < client->given && i < WAIT_STEPS * 100; i++)
		(void)usleep(100);
	return client->kept == client->given;
}

int main(int argc, char **argv)
{
	static const struct peer_kind kind = {start, publish, flush, end_client};

	return peer_main(argc, argv, &kind);
}
