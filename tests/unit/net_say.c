/* SPDX-License-Identifier: Apache-2.0 */
/* What the people of a net say, and what can be seen of it in frames and stores. */
#include "net.h"

#include <stdio.h>
#include <string.h>

#include "kairan/kinds.h"
#include "kairan/rec.h"
#include "usual.h"

#define YEAR_MS (365LL * KAI_MS_DAY)

/* ---- agreements ---- */

const struct net_terms net_wide = {.introduce = true};

static void fill_direction(const struct net_terms *terms, struct kai_direction *ret)
{
	usual_direction(ret);
	if (terms->ceiling != 0)
		ret->ceiling = terms->ceiling;
	if (terms->kinds != NULL) {
		ret->kinds = (uint64_t *)(uintptr_t)terms->kinds;
		ret->kinds_count = terms->kinds_count;
	}
	ret->max_items_day = terms->max_items_day;
	ret->communities = (struct kai_community *)(uintptr_t)terms->communities;
	ret->communities_count = terms->community_count;
}

static void fill_party(const struct net_node *node, const struct net_terms *terms,
		       struct kai_party *ret)
{
	*ret = (struct kai_party){.name = kai_span_str("party"),
				  .country = kai_span_str("JP"),
				  .may_introduce = terms->introduce};
	memcpy(ret->org, node->config.org, KAI_ID_LEN);
}

struct kai_span net_terms_bytes(struct net *net, unsigned a, unsigned b,
				const struct net_terms *say)
{
	const struct net_node *first = &net->nodes[a], *second = &net->nodes[b];
	bool turned = memcmp(first->config.org, second->config.org, KAI_ID_LEN) > 0;
	int64_t now = NET_MS + net->mono.ms + first->skew_ms;
	struct kai_terms terms = {
		.version = KAI_VERSION,
		.serial = say->serial == 0 ? 1 : say->serial,
		.valid_from = say->valid_from == 0 ? (uint64_t)(now - KAI_MS_DAY) : say->valid_from,
		.valid_until = say->valid_until == 0 ? (uint64_t)(now + YEAR_MS) : say->valid_until,
		.signers = say->signers == 0 ? 1 : say->signers,
		.retention_days = say->retention_days,
		.contingency = (struct kai_contingency *)(uintptr_t)say->clauses,
		.contingency_count = say->clause_count,
		.contingency_only = say->contingency_only,
		.drill_consent = say->drill_consent,
	};
	struct kai_party *of_b = turned ? &terms.a : &terms.b;
	struct kai_direction *to_b = turned ? &terms.b_to_a : &terms.a_to_b;

	fill_party(turned ? second : first, say, &terms.a);
	fill_party(turned ? first : second, say, &terms.b);
	fill_direction(say, &terms.a_to_b);
	fill_direction(say, &terms.b_to_a);
	of_b->government = say->government;
	if (say->country != NULL)
		of_b->country = kai_span_str(say->country);
	to_b->constituency = say->constituency;
	if (say->predecessor != NULL) {
		terms.predecessor.is = true;
		memcpy(terms.predecessor.id, say->predecessor, KAI_ID_LEN);
	}
	if (say->duty_count > 0) {
		terms.duties = kai_arena_take(&net->arena, say->duty_count * sizeof(*terms.duties));
		assert_non_null(terms.duties);
		terms.duties_count = say->duty_count;
	}
	for (size_t i = 0; i < say->duty_count; i++) {
		terms.duties[i] = say->duties[i];
		terms.duties[i].side = turned ? 1 - say->duties[i].side : say->duties[i].side;
	}
	terms.acks = (struct kai_ack_deadline *)(uintptr_t)say->acks;
	terms.acks_count = say->ack_count;
	if (say->contact_count > 0) {
		terms.contacts =
			kai_arena_take(&net->arena, say->contact_count * sizeof(*terms.contacts));
		assert_non_null(terms.contacts);
		terms.contacts_count = say->contact_count;
	}
	for (size_t i = 0; i < say->contact_count; i++) {
		terms.contacts[i] = say->contacts[i];
		terms.contacts[i].side = turned ? 1 - say->contacts[i].side : say->contacts[i].side;
	}
	struct kai_span bytes = kai_object_encode_in(&kai_object_terms, &terms, &net->arena);

	assert_true(bytes.len > 0);
	return bytes;
}

const uint8_t *net_agree(struct net *net, unsigned a, unsigned b, const struct net_terms *terms)
{
	struct kai_ctl_agree_propose propose = {.terms = net_terms_bytes(net, a, b, terms)};
	struct kai_ctl_agree_file accept = {.file = {NULL, 0}};
	struct kai_ctl_agree_file_in import = {.file = {NULL, 0}};
	uint8_t *digest = kai_arena_take(&net->arena, KAI_ID_LEN);

	assert_non_null(digest);
	kai_agreement_digest(propose.terms, digest);
	net_done(&net->nodes[a], net_control(net, a, KAI_CONTROL_AGREE_PROPOSE, &propose));
	accept.file = net->nodes[a].answer.body;
	net_done(&net->nodes[b], net_control(net, b, KAI_CONTROL_AGREE_ACCEPT, &accept));
	import.file = net->nodes[b].answer.body;
	net_done(&net->nodes[a], net_control(net, a, KAI_CONTROL_AGREE_IMPORT, &import));
	return digest;
}

struct net *net_chain(unsigned count, const struct net_terms *terms)
{
	struct net *net = net_new(count);

	for (unsigned i = 0; i + 1 < count; i++) {
		(void)net_agree(net, i, i + 1, terms);
		net_link(net, i, i + 1);
	}
	net_run(net);
	return net;
}

struct net *net_guarded(const struct kai_quota *quota, unsigned guard)
{
	struct net *net = net_new(2);

	(void)net_agree(net, 0, 1, &net_wide);
	net->quota = *quota;
	net_restart(net, guard);
	net_link(net, 0, 1);
	net_run(net);
	return net;
}

void net_notice(struct net *net, unsigned at, unsigned with, uint64_t action)
{
	struct kai_ctl_agree_notice request = {.action = action};

	memcpy(request.org, net->nodes[with].config.org, KAI_ID_LEN);
	net_done(&net->nodes[at], net_control(net, at, KAI_CONTROL_AGREE_NOTICE, &request));
}

bool net_up(struct net *net, unsigned a, unsigned b)
{
	struct kai_ctl_status request = {0};
	struct kai_state state;
	bool up = false;

	assert_int_equal(net_control(net, a, KAI_CONTROL_STATUS, &request), 0);
	assert_int_equal(kai_object_decode(&kai_object_state, net->nodes[a].answer.body,
					   &net->arena, &state),
			 KAI_FAULT_NONE);
	for (size_t i = 0; i < state.peers_count; i++)
		if (kai_id_equal(state.peers[i].org, net->nodes[b].config.org))
			up = state.peers[i].up;
	return up;
}

/* ---- items ---- */

struct kai_audience_entry net_org(const struct net *net, unsigned node)
{
	return (struct kai_audience_entry){
		.type = KAI_AUD_ORG, .org = kai_span(net->nodes[node].config.org, KAI_ID_LEN)};
}

static void publish(struct net *net, unsigned node, bool drill, struct kai_ctl_publish *request,
		    uint8_t ret[KAI_ID_LEN])
{
	const struct net_node *at = &net->nodes[node];

	net_done(at, drill ? net_drill_control(net, node, KAI_CONTROL_PUBLISH, request)
			   : net_control(net, node, KAI_CONTROL_PUBLISH, request));
	assert_true(at->answer.id.is);
	memcpy(ret, at->answer.id.id, KAI_ID_LEN);
}

void net_publish(struct net *net, unsigned node, const struct net_item *item,
		 uint8_t ret[KAI_ID_LEN])
{
	const struct kai_kind_row *row =
		kai_kind_row(item->kind == 0 ? KAI_KIND_SECINFO : item->kind);
	struct kai_audience_entry audience[4];
	struct kai_span sector = {NULL, 0};
	uint8_t supersedes[1][KAI_ID_LEN];
	uint8_t refs[1][KAI_ID_LEN];
	char media[32];
	struct kai_draft_part parts[2] = {
		{.name = kai_span_str("main")},
		{.name = kai_span_str("document"), .media_type = kai_span_str("text/plain")}};
	struct kai_ctl_publish request = {
		.draft = {.kind = row->kind,
			  .urgency = item->urgency,
			  .not_after = item->not_after,
			  .lang = kai_span_str("en"),
			  .label = {.tlp = item->tlp == 0 ? KAI_TLP_CLEAR : item->tlp,
				    .audience = audience,
				    .audience_count = item->audience_count,
				    .onward = item->onward == 0 ? KAI_ONWARD_ANY : item->onward,
				    .attribution = KAI_ATTR_NAMED,
				    .pap = KAI_PAP_CLEAR,
				    .retain_until = item->retain_until,
				    .gov_share = 1},
			  .parts = parts,
			  .parts_count = item->attachment > 0 ? 2 : 1},
		.keep = item->keep,
	};

	(void)snprintf(media, sizeof(media), "kairan/%s", row->word);
	parts[0].media_type = kai_span_str(media);
	parts[0].content = usual_body(row->kind, item->title != NULL ? item->title : "a title",
				      item->question, &net->arena);
	parts[0].label = (struct kai_label *)(uintptr_t)item->main_label;
	for (size_t i = 0; i < item->audience_count; i++)
		audience[i] = item->audience[i];
	if (item->attachment > 0) {
		uint8_t *content = kai_arena_take(&net->arena, item->attachment);

		assert_non_null(content);
		for (size_t i = 0; i < item->attachment; i++)
			content[i] = (uint8_t)('a' + i % 26);
		parts[1].content = kai_span(content, item->attachment);
		parts[1].label = (struct kai_label *)(uintptr_t)item->attachment_label;
	}
	if (item->sector != NULL) {
		sector = kai_span_str(item->sector);
		request.draft.sectors = &sector;
		request.draft.sectors_count = 1;
	}
	if (item->supersedes != NULL) {
		memcpy(supersedes[0], item->supersedes, KAI_ID_LEN);
		request.draft.supersedes = supersedes;
		request.draft.supersedes_count = 1;
	}
	if (item->refs != NULL) {
		memcpy(refs[0], item->refs, KAI_ID_LEN);
		request.draft.refs = refs;
		request.draft.refs_count = 1;
	}
	if (item->drill)
		memcpy(request.draft.realm, net->nodes[node].drill_realm, KAI_REALM_LEN);
	publish(net, node, item->drill, &request, ret);
}

void net_retract(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN],
		 uint8_t ret[KAI_ID_LEN])
{
	struct kai_ctl_retract request = {.lang = kai_span_str("en")};

	memcpy(request.id, id, KAI_ID_LEN);
	request.body = usual_body(KAI_KIND_RETRACT, "retracted", NULL, &net->arena);
	net_done(&net->nodes[node], net_control(net, node, KAI_CONTROL_RETRACT, &request));
	memcpy(ret, net->nodes[node].answer.id.id, KAI_ID_LEN);
}

/* ---- frames ---- */

struct kai_span net_keep(struct net *net, const struct net_frame *frame)
{
	uint8_t *at = kai_arena_take(&net->arena, frame->len);

	assert_non_null(at);
	memcpy(at, frame->at, frame->len);
	return kai_span(at, frame->len);
}

bool net_drop_type(void *context, struct net_frame *frame)
{
	const enum kai_msg_type *type = context;

	return frame->type != *type;
}

bool net_put_aside(void *context, struct net_frame *frame)
{
	struct net_aside *aside = context;

	if (frame->type != aside->type || frame->from != aside->from)
		return true;
	assert_in_range(aside->count, 0, NET_ASIDE - 1);
	aside->frames[aside->count++] = net_keep(aside->net, frame);
	return false;
}

size_t net_sent(const struct net *net, unsigned from, unsigned to, enum kai_msg_type type,
		size_t since)
{
	size_t count = 0;

	for (size_t i = since; i < net->seen_count; i++)
		count += net->seen[i].from == from && net->seen[i].to == to &&
			 net->seen[i].type == type;
	return count;
}

bool net_leaked(const struct net *net, unsigned to, struct kai_span bytes)
{
	for (size_t i = 0; i < net->seen_count; i++)
		if (net->seen[i].to == to &&
		    memmem(net->seen[i].at, net->seen[i].len, bytes.at, bytes.len) != NULL)
			return true;
	return false;
}

/* ---- stores ---- */

struct kai_txn *net_read(struct net *net, unsigned node)
{
	struct kai_txn *txn;

	assert_int_equal(kai_txn_begin(net->nodes[node].store, false, &txn, NULL), KAI_ERR_OK);
	return txn;
}

bool net_holds(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN], uint32_t *ret_parts)
{
	struct kai_txn *txn = net_read(net, node);
	size_t mark = net->arena.used;
	struct kai_item item = {.held = 0};
	uint64_t arrival;
	bool held = kai_rec_arrival(txn, id, &arrival) &&
		    kai_rec_item(txn, arrival, &net->arena, &item);

	if (ret_parts != NULL)
		*ret_parts = (uint32_t)item.held;
	net->arena.used = mark;
	kai_txn_abort(txn);
	return held;
}

uint64_t net_stub(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN])
{
	struct kai_txn *txn = net_read(net, node);
	struct kai_key key = kai_key_bytes(id, KAI_ID_LEN);
	struct kai_stub stub;
	bool there = kai_rec_get(txn, KAI_TABLE_STUBS, &key, &kai_object_stub, &net->arena, &stub);

	kai_txn_abort(txn);
	return there ? stub.reason : 0;
}

uint64_t net_rows(struct net *net, unsigned node, enum kai_table table)
{
	struct kai_txn *txn = net_read(net, node);
	uint64_t count = kai_txn_count(txn, table);

	kai_txn_abort(txn);
	return count;
}

uint32_t net_parts(struct net *net, unsigned node, const uint8_t id[KAI_ID_LEN])
{
	uint32_t parts = 0;

	return net_holds(net, node, id, &parts) ? parts : 0;
}

uint64_t net_journalled(struct net *net, unsigned node, const char *event, const char *rule,
			size_t *ret_entries)
{
	struct kai_txn *txn = net_read(net, node);
	struct kai_scan scan;
	struct kai_span value;
	uint64_t sum = 0;
	size_t entries = 0;

	kai_scan_init(&scan, txn, KAI_TABLE_JOURNAL, kai_span(NULL, 0), kai_span(NULL, 0), false);
	while (kai_scan_next(&scan, NULL, &value)) {
		size_t mark = net->arena.used;
		struct kai_journal entry;

		assert_int_equal(kai_object_decode(&kai_object_journal, value, &net->arena, &entry),
				 KAI_FAULT_NONE);
		if ((event == NULL || kai_span_equal(entry.event, kai_span_str(event))) &&
		    (rule == NULL || kai_span_equal(entry.rule, kai_span_str(rule)))) {
			sum += entry.count;
			entries++;
		}
		net->arena.used = mark;
	}
	kai_txn_abort(txn);
	if (ret_entries != NULL)
		*ret_entries = entries;
	return sum;
}

static void problem(void *context, enum kai_table table, struct kai_span key, const char *what)
{
	(void)context;
	(void)key;
	fail_msg("%s: %s", kai_table_name(table), what);
}

void net_whole(struct net *net)
{
	for (unsigned i = 0; i < net->count; i++) {
		struct kai_store_check check = {.report = problem};

		assert_int_equal(kai_store_check(net->nodes[i].store, &check, NULL), KAI_ERR_OK);
	}
}

uint64_t net_stored_bytes(struct net *net, unsigned node, unsigned peer)
{
	struct kai_txn *txn = net_read(net, node);
	size_t mark = net->arena.used;
	struct kai_peer row;

	assert_true(kai_rec_peer(txn, net->nodes[peer].config.org, &net->arena, &row));
	net->arena.used = mark;
	kai_txn_abort(txn);
	return row.stored_bytes;
}
