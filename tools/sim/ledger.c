/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is true: every item, agreement, notice and membership that was really signed, by whomever, and
 * which of them each node has heard of. Nobody inside a run sees it.
 */
#include "ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kairan/advisory.h"
#include "kairan/object.h"

#define SEAT_HEADS (sizeof(((struct sim_ledger *)NULL)->seat_heads) / sizeof(uint32_t))
#define DECODE_ROOM ((size_t)96 * 1024)

static void *need(void *at)
{
	if (at == NULL) {
		(void)fputs("sim: out of memory for the ledger\n", stderr);
		exit(1);
	}
	return at;
}

struct sim_ledger *sim_ledger_new(struct sim *sim)
{
	struct sim_ledger *ledger = need(calloc(1, sizeof(*ledger)));
	uint32_t count = sim_plan_of(sim)->node_count;

	ledger->sim = sim;
	ledger->node_count = count;
	ledger->slot_count = 1024;
	ledger->slots = need(malloc(ledger->slot_count * sizeof(*ledger->slots)));
	memset(ledger->slots, 0xff, ledger->slot_count * sizeof(*ledger->slots));
	memset(ledger->seat_heads, 0xff, sizeof(ledger->seat_heads));
	ledger->first_pact = need(malloc(((size_t)count + 1) * sizeof(*ledger->first_pact)));
	memset(ledger->first_pact, 0xff, ((size_t)count + 1) * sizeof(*ledger->first_pact));
	ledger->learnt = need(calloc((size_t)count + 1, sizeof(*ledger->learnt)));
	ledger->stale = need(calloc((size_t)count + 1, sizeof(*ledger->stale)));
	return ledger;
}

void sim_ledger_free(struct sim_ledger *ledger)
{
	if (ledger == NULL)
		return;
	free(ledger->items);
	free(ledger->slots);
	free(ledger->pacts);
	free(ledger->words);
	free(ledger->seats);
	free(ledger->first_pact);
	free(ledger->learnt);
	free(ledger->stale);
	free(ledger);
}

/* Room for one more pointer in a list that doubles. */
static void *grown(void *list, uint32_t count, uint32_t *io_cap)
{
	if (count < *io_cap)
		return list;
	*io_cap = *io_cap == 0 ? 64 : *io_cap * 2;
	return need(realloc(list, *io_cap * sizeof(void *)));
}

static void *kept(struct sim *sim, size_t len)
{
	void *at = need(sim_keep(sim, len));

	memset(at, 0, len);
	return at;
}

static uint32_t number_of(const struct sim *sim, const uint8_t org[KAI_ID_LEN])
{
	const struct sim_node *node = sim_node_of(sim, org);

	return node == NULL ? SIM_NONE : node->number;
}

/* Decodes into memory that stays: once to see how much it takes, once for good. */
static bool decode_kept(struct sim *sim, const struct kai_object *object, struct kai_span bytes,
			void *ret)
{
	struct kai_arena *scratch = sim_scratch(sim);
	size_t mark = scratch->used;
	struct kai_arena room = {.at = kai_arena_take(scratch, DECODE_ROOM), .cap = DECODE_ROOM};

	need(room.at);
	bool good = kai_object_decode(object, bytes, &room, ret) == KAI_FAULT_NONE;
	struct kai_arena keep = {.cap = room.used + 64};

	scratch->used = mark;
	if (!good)
		return false;
	keep.at = kept(sim, keep.cap);
	return kai_object_decode(object, bytes, &keep, ret) == KAI_FAULT_NONE;
}

/* ---- items ---- */

static uint32_t slot_of(const struct sim_ledger *ledger, const uint8_t id[KAI_ID_LEN])
{
	uint32_t slot = (uint32_t)kai_get_be64(id) & (ledger->slot_count - 1);

	while (ledger->slots[slot] != SIM_NONE &&
	       !kai_id_equal(ledger->items[ledger->slots[slot]]->id, id))
		slot = (slot + 1) & (ledger->slot_count - 1);
	return slot;
}

static void index_item(struct sim_ledger *ledger, uint32_t number)
{
	if (ledger->item_count * 2 >= ledger->slot_count) {
		ledger->slot_count *= 2;
		ledger->slots =
			need(realloc(ledger->slots, ledger->slot_count * sizeof(*ledger->slots)));
		memset(ledger->slots, 0xff, ledger->slot_count * sizeof(*ledger->slots));
		for (uint32_t i = 0; i < number; i++)
			ledger->slots[slot_of(ledger, ledger->items[i]->id)] = i;
	}
	ledger->slots[slot_of(ledger, ledger->items[number]->id)] = number;
}

const struct sim_item *sim_ledger_find(const struct sim *sim, const uint8_t id[KAI_ID_LEN])
{
	const struct sim_ledger *ledger = sim_ledger_of(sim);
	uint32_t number = ledger->slots[slot_of(ledger, id)];

	return number == SIM_NONE ? NULL : ledger->items[number];
}

uint32_t sim_ledger_item_count(const struct sim *sim)
{
	return sim_ledger_of(sim)->item_count;
}

struct sim_item *sim_ledger_item(const struct sim *sim, uint32_t number)
{
	const struct sim_ledger *ledger = sim_ledger_of(sim);

	return number < ledger->item_count ? ledger->items[number] : NULL;
}

/* A retraction and what it takes back: of one origin, whichever was made known first. */
static void join(struct sim_item *later, struct sim_item *earlier)
{
	if (later->origin != earlier->origin ||
	    !kai_id_equal(later->header.origin, earlier->header.origin))
		return;
	if (later->header.kind != KAI_KIND_RETRACT) {
		earlier->superseded_by = later->number;
		return;
	}
	later->target = earlier->number;
	earlier->retracted_by = later->number;
}

static void join_all(struct sim_ledger *ledger, struct sim_item *item)
{
	for (size_t i = 0; i < item->header.supersedes_count; i++) {
		uint32_t slot = slot_of(ledger, item->header.supersedes[i]);

		if (ledger->slots[slot] != SIM_NONE)
			join(item, ledger->items[ledger->slots[slot]]);
	}
}

static void add_labels(struct sim *sim, struct sim_item *item, const struct kai_span *part_labels,
		       size_t count)
{
	for (size_t i = 0; i < count && i < KAI_MAX_PARTS; i++) {
		struct kai_span label = sim_keep_bytes(sim, part_labels[i]);

		item->parts[i].labelled =
			part_labels[i].len > 0 &&
			decode_kept(sim, &kai_object_label, label, &item->parts[i].label);
	}
}

void sim_ledger_add_item(struct sim *sim, uint32_t origin, uint32_t op, struct kai_span header,
			 const struct kai_span *part_labels, size_t count)
{
	struct sim_ledger *ledger = sim_ledger_of(sim);
	uint8_t id[KAI_ID_LEN];

	kai_advisory_id(kai_realm_live, header, id);
	if (sim_ledger_find(sim, id) != NULL)
		return;
	struct sim_item *item = kept(sim, sizeof(*item));

	*item = (struct sim_item){.number = ledger->item_count,
				  .origin = origin,
				  .op = op,
				  .made_ms = sim_now(sim),
				  .header_bytes = sim_keep_bytes(sim, header),
				  .retracted_by = SIM_NONE,
				  .target = SIM_NONE,
				  .superseded_by = SIM_NONE};
	memcpy(item->id, id, KAI_ID_LEN);
	if (!decode_kept(sim, &kai_object_header, item->header_bytes, &item->header)) {
		/* A rogue signed what is no header: it is nobody's to hold. */
		item->header.parts_count = 0;
		item->header.supersedes_count = 0;
	}
	add_labels(sim, item, part_labels, count);
	ledger->items = grown(ledger->items, ledger->item_count, &ledger->item_cap);
	ledger->items[ledger->item_count] = item;
	index_item(ledger, ledger->item_count++);
	join_all(ledger, item);
}

/* ---- agreements ---- */

struct sim_pact *sim_pact_find(const struct sim_ledger *ledger, const uint8_t digest[KAI_ID_LEN])
{
	for (uint32_t i = ledger->pact_count; i-- > 0;) {
		if (kai_id_equal(ledger->pacts[i]->of.digest, digest))
			return ledger->pacts[i];
	}
	return NULL;
}

uint32_t sim_pact_other(const struct sim_pact *pact, uint32_t node)
{
	return pact->of.a == node ? pact->of.b : pact->of.a;
}

struct sim_pact *sim_pact_next(const struct sim_ledger *ledger, uint32_t node, uint32_t other,
			       const struct sim_pact *previous)
{
	uint32_t next = previous == NULL ? ledger->first_pact[node]
					 : previous->next_of[previous->of.b == node];

	while (next != SIM_NONE) {
		struct sim_pact *pact = ledger->pacts[next];

		if (other == SIM_NONE || sim_pact_other(pact, node) == other)
			return pact;
		next = pact->next_of[pact->of.b == node];
	}
	return NULL;
}

struct sim_pact *sim_pact_find_of(const struct sim_ledger *ledger, uint32_t node,
				  const uint8_t digest[KAI_ID_LEN])
{
	struct sim_pact *pact = NULL;

	while ((pact = sim_pact_next(ledger, node, SIM_NONE, pact)) != NULL &&
	       !kai_id_equal(pact->of.digest, digest))
		;
	return pact;
}

static void stale(struct sim_ledger *ledger, uint32_t node)
{
	if (node < ledger->node_count)
		ledger->stale[node] = true;
}

void sim_ledger_add_agreement(struct sim *sim, struct kai_span terms)
{
	struct sim_ledger *ledger = sim_ledger_of(sim);
	struct sim_pact *pact = kept(sim, sizeof(*pact));

	pact->of.made_ms = sim_now(sim);
	kai_agreement_digest(terms, pact->of.digest);
	if (!decode_kept(sim, &kai_object_terms, sim_keep_bytes(sim, terms), &pact->of.terms))
		return;
	pact->of.a = number_of(sim, pact->of.terms.a.org);
	pact->of.b = number_of(sim, pact->of.terms.b.org);
	if (pact->of.a == SIM_NONE || pact->of.b == SIM_NONE || pact->of.a == pact->of.b)
		return; /* with an invented org: nothing passes under it */
	if (sim_pact_find_of(ledger, pact->of.a, pact->of.digest) != NULL)
		return;
	pact->number = ledger->pact_count;
	pact->notices = SIM_NONE;
	pact->next_of[0] = ledger->first_pact[pact->of.a];
	pact->next_of[1] = ledger->first_pact[pact->of.b];
	ledger->pacts = grown(ledger->pacts, ledger->pact_count, &ledger->pact_cap);
	ledger->pacts[ledger->pact_count] = pact;
	ledger->first_pact[pact->of.a] = ledger->pact_count;
	ledger->first_pact[pact->of.b] = ledger->pact_count++;
	stale(ledger, pact->of.a);
	stale(ledger, pact->of.b);
}

const struct sim_agreement *sim_ledger_agreement(const struct sim *sim, uint32_t index)
{
	const struct sim_ledger *ledger = sim_ledger_of(sim);

	return index < ledger->pact_count ? &ledger->pacts[index]->of : NULL;
}

uint32_t sim_ledger_agreement_count(const struct sim *sim)
{
	return sim_ledger_of(sim)->pact_count;
}

void sim_ledger_add_notice(struct sim *sim, const struct kai_notice *notice)
{
	struct sim_ledger *ledger = sim_ledger_of(sim);
	struct sim_pact *pact = sim_pact_find(ledger, notice->agreement);
	uint32_t by = number_of(sim, notice->org);

	if (pact == NULL || (by != pact->of.a && by != pact->of.b))
		return;
	struct sim_word *word = kept(sim, sizeof(*word));

	word->of = (struct sim_notice){.agreement = pact->number,
				       .by = by,
				       .number = notice->number,
				       .action = notice->action,
				       .made_ms = sim_now(sim)};
	word->next = pact->notices;
	pact->notices = ledger->word_count;
	ledger->words = grown(ledger->words, ledger->word_count, &ledger->word_cap);
	ledger->words[ledger->word_count++] = word;
	stale(ledger, pact->of.a);
	stale(ledger, pact->of.b);
}

/* ---- memberships ---- */

static uint32_t *seat_head(struct sim_ledger *ledger, uint32_t keeper, uint32_t org)
{
	return &ledger->seat_heads[(keeper * 2654435761u + org * 40503u) % SEAT_HEADS];
}

uint32_t sim_seat_head(const struct sim_ledger *ledger, uint32_t keeper, uint32_t org)
{
	return ledger->seat_heads[(keeper * 2654435761u + org * 40503u) % SEAT_HEADS];
}

void sim_ledger_add_member(struct sim *sim, const struct kai_membership *member)
{
	struct sim_ledger *ledger = sim_ledger_of(sim);
	uint32_t keeper = number_of(sim, member->keeper);
	uint32_t org = number_of(sim, member->org);

	if (keeper == SIM_NONE || org == SIM_NONE || member->name.len > KAI_MAX_SHORT)
		return;
	struct sim_seat *seat = kept(sim, sizeof(*seat));
	uint32_t *head = seat_head(ledger, keeper, org);

	seat->of = (struct sim_member){.keeper = keeper,
				       .org = org,
				       .number = member->number,
				       .valid_from = member->valid_from,
				       .valid_until = member->valid_until,
				       .withdrawn = member->withdrawn,
				       .made_ms = sim_now(sim)};
	memcpy(seat->of.name, member->name.at, member->name.len);
	if (sim_options_of(sim)->checks)
		seat->known = kept(sim, ledger->node_count);
	seat->next = *head;
	*head = ledger->seat_count;
	ledger->seats = grown(ledger->seats, ledger->seat_count, &ledger->seat_cap);
	ledger->seats[ledger->seat_count++] = seat;
	stale(ledger, keeper);
	stale(ledger, org);
}

/* ---- what a node knows ---- */

/* What was known stays so as "before"; a notice and a newer card of facts are not unlearnt but by a
 * restore. */
static uint8_t aged(uint8_t known, bool forget)
{
	uint8_t before = (known & SIM_KNOWN_NOW) != 0 ? SIM_KNOWN_BEFORE : 0;

	return (uint8_t)(before | (forget ? 0 : known & SIM_KNOWN_NOW));
}

void sim_know_begin(struct sim_ledger *ledger, uint32_t node, bool restored)
{
	struct sim_pact *pact = NULL;

	while ((pact = sim_pact_next(ledger, node, SIM_NONE, pact)) != NULL) {
		int side = pact->of.b == node;

		pact->known[side] = aged(pact->known[side], true);
		for (uint32_t i = pact->notices; i != SIM_NONE; i = ledger->words[i]->next)
			ledger->words[i]->known[side] =
				aged(ledger->words[i]->known[side], restored);
	}
	for (uint32_t i = 0; i < ledger->seat_count; i++) {
		if (ledger->seats[i]->known != NULL)
			ledger->seats[i]->known[node] = aged(ledger->seats[i]->known[node], true);
	}
}

void sim_know_agreement(struct sim_ledger *ledger, uint32_t node, const uint8_t digest[KAI_ID_LEN])
{
	struct sim_pact *pact = sim_pact_find_of(ledger, node, digest);

	if (pact != NULL)
		pact->known[pact->of.b == node] |= SIM_KNOWN_NOW;
}

void sim_know_notice(struct sim_ledger *ledger, uint32_t node, const struct kai_notice *notice)
{
	const struct sim_pact *pact = sim_pact_find_of(ledger, node, notice->agreement);
	uint32_t by = number_of(ledger->sim, notice->org);

	if (pact == NULL)
		return;
	for (uint32_t i = pact->notices; i != SIM_NONE; i = ledger->words[i]->next) {
		struct sim_word *word = ledger->words[i];

		if (word->of.by == by && word->of.number == notice->number &&
		    word->of.action == notice->action)
			word->known[pact->of.b == node] |= SIM_KNOWN_NOW;
	}
}

void sim_know_member(struct sim_ledger *ledger, uint32_t node, const struct kai_membership *member)
{
	uint32_t keeper = number_of(ledger->sim, member->keeper);
	uint32_t org = number_of(ledger->sim, member->org);

	if (keeper == SIM_NONE || org == SIM_NONE)
		return;
	for (uint32_t i = sim_seat_head(ledger, keeper, org); i != SIM_NONE;
	     i = ledger->seats[i]->next) {
		struct sim_seat *seat = ledger->seats[i];

		if (seat->known != NULL && seat->of.keeper == keeper && seat->of.org == org &&
		    seat->of.number == member->number && seat->of.withdrawn == member->withdrawn &&
		    kai_span_equal(kai_span_str(seat->of.name), member->name))
			seat->known[node] |= SIM_KNOWN_NOW;
	}
}

void sim_know_end(struct sim_ledger *ledger, uint32_t node)
{
	ledger->learnt[node] = sim_node(ledger->sim, node)->turns + 1;
	ledger->stale[node] = false;
}
