/* SPDX-License-Identifier: Apache-2.0 */
/* A sender that forges, replays, and changes each field of a header that somebody signed. */
#include "rogue.h"

/* ---- signatures and origins ---- */

static void by_another(struct rogue *rogue, struct plan *io_plan)
{
	io_plan->origin = rogue->honest;
	io_plan->signer = &rogue->peer->decider;
}

static void key_of_message(struct rogue *rogue, struct plan *io_plan)
{
	static struct fix_pair unknown;

	(void)rogue;
	unknown = fix_sign_pair(250);
	io_plan->signer = &unknown;
}

static void system_key(struct rogue *rogue, struct plan *io_plan)
{
	io_plan->signer = &rogue->peer->system;
}

static void duty_key(struct rogue *rogue, struct plan *io_plan)
{
	io_plan->signer = &rogue->peer->duty;
}

static void past_key(struct rogue *rogue, struct plan *io_plan)
{
	io_plan->signer = &rogue->peer->past;
}

static void no_card(struct rogue *rogue, struct craft *craft)
{
	memset(craft->header.origin, 0x77, KAI_ID_LEN);
	craft_reseal(rogue->peer, craft);
	craft_sign(craft, &rogue->peer->decider);
}

static void flip_signature(struct rogue *rogue, struct craft *craft)
{
	(void)rogue;
	craft->signatures[0].sig[5] ^= 1;
}

static void swap_key(struct rogue *rogue, struct craft *craft)
{
	memcpy(craft->signatures[0].key, rogue->honest->decider.key, KAI_ID_LEN);
}

static void tree_path(struct rogue *rogue, struct craft *craft)
{
	struct kai_tree_path *path = kai_arena_take(&rogue->peer->arena, sizeof(*path));

	assert_non_null(path);
	craft->signatures[0].path = path;
}

/* Signed by the root of a batch of two, for that realm, over that id. */
static void in_batch(struct rogue *rogue, struct craft *craft, const uint8_t *realm,
		     const uint8_t *id)
{
	static const uint8_t entropy[32] = {3};
	struct kai_arena *arena = &rogue->peer->arena;
	struct kai_tree_leaf *leaves = kai_arena_take(arena, 2 * sizeof(*leaves));
	struct kai_signature *signature = &craft->signatures[0];
	uint8_t root[KAI_ID_LEN];

	assert_non_null(leaves);
	memcpy(leaves[0].id, id, KAI_ID_LEN);
	assert_true(kai_tree_make(realm, leaves, 2, entropy, arena, root));
	kai_sign(KAI_CTX_TREE_ROOT, realm, root, rogue->peer->decider.secret, signature->sig);
	memcpy(signature->key, rogue->peer->decider.key, KAI_ID_LEN);
	signature->path = &leaves[0].path;
}

static void batch_of_a_drill(struct rogue *rogue, struct craft *craft)
{
	static const uint8_t realm[KAI_REALM_LEN] = {7};

	in_batch(rogue, craft, realm, craft->id);
}

static void batch_of_others(struct rogue *rogue, struct craft *craft)
{
	static const uint8_t id[KAI_ID_LEN] = {7};

	in_batch(rogue, craft, kai_realm_live, id);
}

static void batch_of_another(struct rogue *rogue, struct craft *craft)
{
	in_batch(rogue, craft, kai_realm_live, craft->id);
	swap_key(rogue, craft);
}

/* Of a realm that this node takes no part in, and rightly signed for it. */
static void another_realm(struct rogue *rogue, struct plan *io_plan)
{
	static const uint8_t realm[KAI_REALM_LEN] = {7};

	(void)rogue;
	io_plan->realm = realm;
}

/* ---- replays ---- */

static void same_again(struct rogue *rogue, const struct rogue_case *self)
{
	struct craft craft;

	(void)self;
	rogue_good(rogue, rogue->peer, &craft);
	struct box_state before = rogue_state(rogue);

	for (int i = 0; i < 3; i++) {
		craft_push(rogue->peer, &craft);
		assert_non_null(
			box_peer_reply(rogue->peer, KAI_MSG_STORED, craft.id, BOX_PATIENCE_MS));
	}
	assert_int_equal(rogue_state(rogue).received, before.received);
}

/* What the honest peer sent to the node, caught on its way, with its wraps. */
static void caught(struct rogue *rogue, const struct rogue_case *self)
{
	struct box_state before = rogue_state(rogue);
	struct craft *craft = craft_make(rogue->honest, NULL);

	craft_push(rogue->peer, craft);
	rogue_refused(rogue, self, craft->id, &before);
	/* It takes nothing from the honest copy. */
	craft_push(rogue->honest, craft);
	assert_non_null(box_peer_reply(rogue->honest, KAI_MSG_STORED, craft->id, BOX_PATIENCE_MS));
	assert_true(box_holds(rogue->node, craft->id));
	rogue->stored++;
}

/* Takes back, or replaces, what another said. */
static void act_on_another(struct rogue *rogue, const struct rogue_case *self)
{
	struct plan plan = self->plan;
	struct craft target;

	rogue_good(rogue, rogue->honest, &target);
	struct box_state before = rogue_state(rogue);

	plan.thread = plan.supersedes = target.id;
	struct craft *craft = craft_make(rogue->peer, &plan);

	craft_push(rogue->peer, craft);
	rogue_refused(rogue, self, craft->id, &before);
	assert_true(box_holds(rogue->node, target.id));
}

/* ---- each field of the header in turn, under the signature of the header before ---- */

#define CHANGE(field, statement)                                                                   \
	static void change_##field(struct rogue *rogue, struct craft *craft)                       \
	{                                                                                          \
		struct kai_header *header = &craft->header;                                        \
                                                                                                   \
		statement;                                                                         \
		craft_reseal(rogue->peer, craft);                                                  \
	}

static uint8_t (*one_id(struct rogue *rogue))[KAI_ID_LEN]
{
	uint8_t(*ids)[KAI_ID_LEN] = kai_arena_take(&rogue->peer->arena, KAI_ID_LEN);

	assert_non_null(ids);
	ids[0][0] = 1;
	return ids;
}

static struct kai_ext *one_ext(struct rogue *rogue)
{
	struct kai_ext *ext = kai_arena_take(&rogue->peer->arena, sizeof(*ext));

	assert_non_null(ext);
	*ext = (struct kai_ext){.tag = 7, .value = kai_span_str("x")};
	return ext;
}

CHANGE(version, header->version = 2)
CHANGE(realm, header->realm[0] = 1)
CHANGE(kind, header->kind = KAI_KIND_INCIDENT)
CHANGE(unknown_kind, header->kind = 99)
CHANGE(origin, memcpy(header->origin, rogue->honest->root.key, KAI_ID_LEN))
CHANGE(card_serial, header->card_serial--)
CHANGE(country, header->country = kai_span_str("US"))
CHANGE(thread, header->thread.is = true)
CHANGE(revision, header->revision = 2)
CHANGE(supersedes, header->supersedes = one_id(rogue); header->supersedes_count = 1)
CHANGE(created_at, header->created_at--)
CHANGE(not_after, header->not_after++)
CHANGE(urgency, header->urgency = KAI_URGENCY_TODAY)
CHANGE(lang, header->lang = kai_span_str("ja"))
CHANGE(label, header->label.onward = KAI_ONWARD_NONE)
CHANGE(label_wider, header->label.tlp = KAI_TLP_GREEN)
CHANGE(sectors, header->sectors[0] = kai_span_str("jp-seed7:gas"))
CHANGE(incident, header->incident.is = true)
CHANGE(refs, header->refs = one_id(rogue); header->refs_count = 1)
CHANGE(parts_name, header->parts[1].name = kai_span_str("other"))
CHANGE(parts_media, header->parts[0].media_type = kai_span_str("kairan/alert"))
CHANGE(parts_label, header->parts[0].label_commitment[0] ^= 1)
CHANGE(parts_size, header->parts[0].size++)
CHANGE(parts_hash, header->parts[0].hash[0] ^= 1)
CHANGE(parts_key, header->parts[0].key_commitment[0] ^= 1)
CHANGE(ext, header->ext = one_ext(rogue); header->ext_count = 1)

/* Our own encoder makes no such thing, so the flag is set in the bytes: [tag, critical, "x"] ends
 * them. */
static void change_ext_critical(struct rogue *rogue, struct craft *craft)
{
	uint8_t *at = kai_arena_take(&rogue->peer->arena, KAI_MAX_HEADER_LEN);
	size_t len;

	change_ext(rogue, craft);
	len = craft->bytes.len;
	assert_non_null(at);
	memcpy(at, craft->bytes.at, len);
	assert_int_equal(at[len - 4], 0xc2);
	at[len - 4] = 0xc3;
	craft->bytes = kai_span(at, len);
	kai_advisory_id(kai_realm_live, craft->bytes, craft->id);
}

#define TAMPER(field, reason, class, text)                                                         \
	{                                                                                          \
		"header: " text, rogue_push, reason, .klass = (class), .spoil = change_##field,    \
						     .plan = {                                     \
							     .extra_len = 100                      \
						     }                                             \
	}

static const struct rogue_case cases[] = {
	{"a signature with one bit changed", rogue_push, "bad-signature", .klass = KAI_CLASS_COPY,
	 .spoil = flip_signature},
	{"a signature under another's key", rogue_push, "bad-signature", .klass = KAI_CLASS_COPY,
	 .spoil = swap_key},
	{"a signature with a path to no root of ours", rogue_push, "bad-signature",
	 .klass = KAI_CLASS_COPY, .spoil = tree_path},
	{"a batch's root that was signed for a drill", rogue_push, "bad-signature",
	 .klass = KAI_CLASS_COPY, .spoil = batch_of_a_drill},
	{"the root of a batch in which it is not", rogue_push, "bad-signature",
	 .klass = KAI_CLASS_COPY, .spoil = batch_of_others},
	{"a batch's root under another's key", rogue_push, "bad-signature", .klass = KAI_CLASS_COPY,
	 .spoil = batch_of_another},
	{"another origin's name, an own signature", rogue_push, "key-not-in-card",
	 .klass = KAI_CLASS_COPY, .prepare = by_another},
	{"a key that stands in the message alone", rogue_push, "key-not-in-card",
	 .klass = KAI_CLASS_COPY, .prepare = key_of_message},
	{"a key that may not sign items", rogue_push, "key-role", .klass = KAI_CLASS_COPY,
	 .prepare = system_key},
	{"an alert by the duty desk's key", rogue_push, "too-few-signers", .klass = KAI_CLASS_DEFER,
	 .plan = {.kind = KAI_KIND_ALERT}, .prepare = duty_key},
	{"a key whose time is over", rogue_push, "key-window", .klass = KAI_CLASS_COPY,
	 .prepare = past_key},
	{"an origin whose card is not here", rogue_push, "no-card", .klass = KAI_CLASS_DEFER,
	 .spoil = no_card},
	{"a card that is not here yet", rogue_push, "older-card", .klass = KAI_CLASS_DEFER,
	 .plan = {.serial_ahead = 1}},
	{"from the day after tomorrow", rogue_push, "bad-time", .klass = KAI_CLASS_DEFER,
	 .plan = {.created_ms = 2 * KAI_MS_DAY, .ends_ms = 3 * KAI_MS_DAY}},
	{"an item of another realm", rogue_push, "realm", .prepare = another_realm},
	{"an item held already, again", same_again, NULL, .klass = 0},
	{"an honest peer's item, caught with its wraps", caught, "bad-wrap",
	 .klass = KAI_CLASS_COPY},
	{"a retraction of another's item", act_on_another, "reference",
	 .plan = {.kind = KAI_KIND_RETRACT}},
	{"a revision of another's item", act_on_another, "reference", .klass = 0},
	TAMPER(version, "unknown-version", KAI_CLASS_COPY, "version"),
	TAMPER(realm, "bad-hash", KAI_CLASS_COPY, "realm"),
	TAMPER(kind, "bad-signature", KAI_CLASS_COPY, "kind"),
	TAMPER(unknown_kind, "contradiction", KAI_CLASS_RULE, "kind, to an unknown one"),
	TAMPER(origin, "bad-signature", KAI_CLASS_COPY, "origin"),
	TAMPER(card_serial, "bad-signature", KAI_CLASS_COPY, "card_serial"),
	TAMPER(country, "bad-signature", KAI_CLASS_COPY, "country"),
	TAMPER(thread, "contradiction", KAI_CLASS_RULE, "thread"),
	TAMPER(revision, "contradiction", KAI_CLASS_RULE, "revision"),
	TAMPER(supersedes, "contradiction", KAI_CLASS_RULE, "supersedes"),
	TAMPER(created_at, "bad-signature", KAI_CLASS_COPY, "created_at"),
	TAMPER(not_after, "bad-signature", KAI_CLASS_COPY, "not_after"),
	TAMPER(urgency, "bad-signature", KAI_CLASS_COPY, "urgency"),
	TAMPER(lang, "bad-signature", KAI_CLASS_COPY, "lang"),
	TAMPER(label, "bad-signature", KAI_CLASS_COPY, "label"),
	TAMPER(label_wider, "bad-signature", KAI_CLASS_COPY, "label, made wider"),
	TAMPER(sectors, "bad-signature", KAI_CLASS_COPY, "sectors"),
	TAMPER(incident, "bad-signature", KAI_CLASS_COPY, "incident"),
	TAMPER(refs, "bad-signature", KAI_CLASS_COPY, "refs"),
	TAMPER(parts_name, "bad-signature", KAI_CLASS_COPY, "parts, a name"),
	TAMPER(parts_media, "bad-signature", KAI_CLASS_COPY, "parts, a media type"),
	TAMPER(parts_label, "bad-signature", KAI_CLASS_COPY, "parts, a label commitment"),
	TAMPER(parts_size, "bad-hash", KAI_CLASS_COPY, "parts, a size"),
	TAMPER(parts_hash, "bad-hash", KAI_CLASS_COPY, "parts, a hash"),
	TAMPER(parts_key, "bad-signature", KAI_CLASS_COPY, "parts, a key commitment"),
	TAMPER(ext, "bad-signature", KAI_CLASS_COPY, "ext"),
	TAMPER(ext_critical, "critical-ext", KAI_CLASS_RULE, "ext, a critical one"),
};
const struct rogue_cases rogue_forge_cases = {cases, sizeof(cases) / sizeof(*cases)};
