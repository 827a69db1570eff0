/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cause that turned to malicious, or away from it: whoever had the report before is asked again, and whoever issued
 * an alert about it is asked whether that stands.
 */
#include <string.h>

#include "inbox.h"
#include "reissue.h"

#define REPORTS_MOST 32u /* reports of one incident that are looked back at */
#define ALERTS_MOST 256u /* newest alerts that are looked at */

/* The report that this one took the place of; NULL: none, or it is not here or cannot be opened. */
static struct kai_loaded *before(struct kai_cli *cli, struct kai_txn *txn,
				 const struct kai_loaded *item)
{
	const struct kai_header *header = &item->facts.header;
	struct kai_loaded *found = kai_cli_take(cli, sizeof(*found));
	uint64_t arrival;

	return header->supersedes_count > 0 &&
			       kai_rec_arrival(txn, header->supersedes[0], &arrival) &&
			       kai_item_load(cli, txn, arrival, true, found) && found->has_body
		       ? found
		       : NULL;
}

const char *kai_inbox_cause_turned(struct kai_cli *cli, struct kai_txn *txn,
				   const struct kai_loaded *item)
{
	const struct kai_loaded *at = item;

	if (item->facts.header.kind != KAI_KIND_INCIDENT || !item->has_body)
		return NULL;
	for (unsigned i = 0; i < REPORTS_MOST && (at = before(cli, txn, at)) != NULL; i++) {
		if (kai_item_malicious(at) != kai_item_malicious(item))
			return kai_item_malicious(item) ? "to-malicious" : "from-malicious";
		if (kai_inbox_level(cli, txn, at) >= KAI_LEVEL_RECEIVED)
			return NULL;
	}
	return NULL;
}

/* ---- alerts of ours about it ---- */

/* Is that an id of this thread? */
static bool in_thread(struct kai_cli *cli, struct kai_txn *txn, const uint8_t id[KAI_ID_LEN],
		      const struct kai_loaded *incident)
{
	struct kai_loaded *named = kai_cli_take(cli, sizeof(*named));
	uint64_t arrival;

	return kai_id_equal(id, kai_item_thread(incident)) ||
	       (kai_rec_arrival(txn, id, &arrival) &&
		kai_item_load(cli, txn, arrival, false, named) &&
		kai_id_equal(kai_item_thread(named), kai_item_thread(incident)));
}

static bool is_about(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *alert,
		     const struct kai_loaded *incident)
{
	const struct kai_header *header = &alert->facts.header;
	uint8_t made_from[KAI_ID_LEN];
	bool found = header->incident.is && in_thread(cli, txn, header->incident.id, incident);

	for (size_t i = 0; !found && i < header->refs_count; i++)
		found = in_thread(cli, txn, header->refs[i], incident);
	/* A label that is another one forbids to name it: then only we know what it was made from. */
	for (size_t i = 0; !found && kai_reissue_own(cli, alert, i, made_from); i++)
		found = in_thread(cli, txn, made_from, incident);
	return found;
}

/* Was the cause another one, as far as it was known here, when that alert was issued? */
static bool was_another(struct kai_cli *cli, struct kai_txn *txn, const struct kai_loaded *alert,
			const struct kai_loaded *incident)
{
	const struct kai_loaded *at = incident;

	for (unsigned i = 0; i < REPORTS_MOST && (at = before(cli, txn, at)) != NULL; i++)
		if (at->facts.arrival < alert->facts.arrival)
			return kai_item_malicious(at) != kai_item_malicious(incident);
	return false;
}

static bool stands(const struct kai_loaded *alert)
{
	uint64_t gone = KAI_ITEM_RETRACTED | KAI_ITEM_SUPERSEDED | KAI_ITEM_UNSIGNED;

	return (alert->facts.item.flags & KAI_ITEM_OWN) != 0 &&
	       (alert->facts.item.flags & gone) == 0 &&
	       alert->facts.header.not_after > (uint64_t)kai_cli_now().ms;
}

const char *kai_inbox_alert_in_doubt(struct kai_cli *cli, struct kai_txn *txn,
				     const struct kai_loaded *item)
{
	const char *title = NULL;
	struct kai_index_scan scan;
	uint64_t arrival;

	if (item->facts.header.kind != KAI_KIND_INCIDENT || !item->has_body ||
	    item->facts.header.supersedes_count == 0 ||
	    kai_inbox_level(cli, txn, item) >= KAI_LEVEL_ACTION)
		return NULL;
	kai_index_kind(&scan, txn, KAI_KIND_ALERT, 0, true);
	for (unsigned i = 0; title == NULL && i < ALERTS_MOST && kai_index_next(&scan, &arrival);
	     i++) {
		size_t used = cli->arena.used;
		struct kai_loaded *alert = kai_cli_take(cli, sizeof(*alert));

		if (arrival < item->facts.arrival &&
		    kai_item_load(cli, txn, arrival, true, alert) && stands(alert) &&
		    is_about(cli, txn, alert, item) && was_another(cli, txn, alert, item))
			title = alert->has_body ? kai_cli_str(cli, alert->body.title)
						: kai_cli_id(cli, alert->facts.item.id);
		else
			cli->arena.used = used;
	}
	return title;
}
