/* SPDX-License-Identifier: Apache-2.0 */
/* NATS JetStream by its own client library: a stream in files, every message acknowledged both ways. */
#include "peer.h"

#include <nats/nats.h>
#include <stdio.h>
#include <stdlib.h>

#define SUBJECT "bench"
#define UNDER_WAY 4000 /* JetStream's own limit of what a client may have unanswered is 4,000 */

struct client {
	natsConnection *ends[2]; /* publisher, subscriber */
	jsCtx *streams[2];
	natsSubscription *subscription;
	struct peer *peer;
};

static void on_message(natsConnection *end, natsSubscription *subscription, natsMsg *message,
		       void *context)
{
	const struct client *client = context;

	(void)end;
	(void)subscription;
	peer_came(client->peer, (size_t)natsMsg_GetDataLength(message));
	natsMsg_Destroy(message); /* the library acknowledges it after this call */
}

static void end_client(void *context)
{
	struct client *client = context;

	natsSubscription_Destroy(client->subscription);
	for (int i = 0; i < 2; i++) {
		jsCtx_Destroy(client->streams[i]);
		natsConnection_Destroy(client->ends[i]);
	}
	free(client);
	nats_Close();
}

static natsStatus start_end(struct client *client, int i, const char *url, const char *ca)
{
	natsOptions *options = NULL;
	jsOptions stream;
	natsStatus status = natsOptions_Create(&options);

	if (status == NATS_OK)
		status = natsOptions_SetURL(options, url);
	if (status == NATS_OK)
		status = natsOptions_SetSecure(options, true);
	if (status == NATS_OK)
		status = natsOptions_LoadCATrustedCertificates(options, ca);
	if (status == NATS_OK)
		status = natsConnection_Connect(&client->ends[i], options);
	natsOptions_Destroy(options);
	if (status == NATS_OK)
		status = jsOptions_Init(&stream);
	stream.PublishAsync.MaxPending = UNDER_WAY;
	if (status == NATS_OK)
		status = natsConnection_JetStream(&client->streams[i], client->ends[i], &stream);
	return status;
}

static natsStatus make_stream(struct client *client)
{
	const char *subjects[] = {SUBJECT};
	jsStreamConfig config;
	natsStatus status = jsStreamConfig_Init(&config);

	config.Name = "BENCH";
	config.Subjects = subjects;
	config.SubjectsLen = 1;
	config.Storage = js_FileStorage;
	(void)js_DeleteStream(client->streams[0], config.Name, NULL, NULL); /* of a run before */
	return status == NATS_OK ? js_AddStream(NULL, client->streams[0], &config, NULL, NULL)
				 : status;
}

static void *start(struct peer *peer, const char *host, int port, const char *ca)
{
	struct client *client = calloc(1, sizeof(*client));
	jsSubOptions how;
	char url[128];
	natsStatus status;

	if (client == NULL)
		return NULL;
	client->peer = peer;
	(void)snprintf(url, sizeof(url), "tls://%s:%d", host, port);
	status = start_end(client, 0, url, ca);
	if (status == NATS_OK)
		status = start_end(client, 1, url, ca);
	if (status == NATS_OK)
		status = make_stream(client);
	if (status == NATS_OK)
		status = jsSubOptions_Init(&how);
	how.Config.MaxAckPending = UNDER_WAY;
	if (status == NATS_OK)
		status = js_Subscribe(&client->subscription, client->streams[1], SUBJECT,
				      on_message, client, NULL, &how, NULL);
	if (status == NATS_OK)
		return client;
	(void)fprintf(stderr, "nats: %s\n", natsStatus_GetText(status));
	nats_PrintLastErrorStack(stderr);
	end_client(client);
	return NULL;
}

static bool publish(void *context, const void *bytes, size_t len)
{
	struct client *client = context;

	return js_PublishAsync(client->streams[0], SUBJECT, bytes, (int)len, NULL) == NATS_OK;
}

static bool flush(void *context)
{
	const struct client *client = context;
	jsPubOptions how;

	if (jsPubOptions_Init(&how) != NATS_OK)
		return false;
	how.MaxWait = 120000;
	return js_PublishAsyncComplete(client->streams[0], &how) == NATS_OK;
}

int main(int argc, char **argv)
{
	static const struct peer_kind kind = {start, publish, flush, end_client};

	return peer_main(argc, argv, &kind);
}
