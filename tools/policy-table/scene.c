/* SPDX-License-Identifier: Apache-2.0 */
#include "scene.h"

#include <string.h>

#include "kairan/crypto.h"

static const uint8_t holder[KAI_ID_LEN] = {0x0a};
static const uint8_t peer[KAI_ID_LEN] = {0x0b};
static const uint8_t origin[KAI_ID_LEN] = {0x0c};
static const uint8_t stranger[KAI_ID_LEN] = {0x0d};
static const uint8_t keeper[KAI_ID_LEN] = {0x0e};
static const uint8_t other_realm[KAI_REALM_LEN] = {0x01};
static const uint8_t item_id[KAI_ID_LEN] = {0x0f};

const char *scene_form_words(enum scene_form form)
{
	static const char *const words[] = {
#define X(name, text, entries) [SCENE_##name] = (text),
		SCENE_X_FORM(X)
#undef X
	};

	return words[form];
}

const char *scene_form_entries(enum scene_form form)
{
	static const char *const entries[] = {
#define X(name, text, list) [SCENE_##name] = (list),
		SCENE_X_FORM(X)
#undef X
	};

	return entries[form];
}

const char *scene_mark_words(enum scene_mark mark)
{
	static const char *const words[] = {
#define X(name, text) [SCENE_MARK_##name] = (text),
		SCENE_X_MARK(X)
#undef X
	};

	return words[mark];
}

const char *scene_release_words(enum scene_release release)
{
	static const char *const words[] = {
#define X(name, text) [SCENE_RELEASE_##name] = (text),
		SCENE_X_RELEASE(X)
#undef X
	};

	return words[release];
}

struct scene scene_plain(void)
{
	return (struct scene){
		.label = {KAI_TLP_AMBER, SCENE_PEER, KAI_ONWARD_ANY, 0},
		.part = {KAI_TLP_AMBER, SCENE_PEER, KAI_ONWARD_ANY, 0},
		.released = {KAI_TLP_AMBER, SCENE_PEER, KAI_ONWARD_ANY, 0},
		.relation = SCENE_FROM_ORIGIN,
		.ceiling = KAI_TLP_RED,
		.overlay = KAI_ONWARD_ANY,
		.state = KAI_STATE_ACTIVE,
	};
}

static struct kai_span org_span(const uint8_t *org)
{
	return kai_span(org, KAI_ID_LEN);
}

static struct kai_audience_entry entry(uint64_t type, const uint8_t *org, const char *text)
{
	return (struct kai_audience_entry){
		.type = type,
		.org = org == NULL ? kai_span(NULL, 0) : org_span(org),
		.text = text == NULL ? kai_span(NULL, 0) : kai_span_str(text),
	};
}

static struct kai_audience_entry entry_of(char what, const char *country)
{
	switch (what) {
	case 'o':
		return entry(KAI_AUD_ORG, peer, NULL);
	case 'h':
		return entry(KAI_AUD_ORG, holder, NULL);
	case 's':
	case '2':
		return entry(KAI_AUD_ORG, stranger, NULL);
	case 'c':
		return entry(KAI_AUD_COMMUNITY, keeper, "peers");
	case 'd':
		return entry(KAI_AUD_COMMUNITY, keeper, "holders");
	case 'n':
		return entry(KAI_AUD_COMMUNITY, keeper, "others");
	case 'u':
		return entry(KAI_AUD_COMMUNITY, keeper, "unrecognised");
	case 'w':
		return entry(KAI_AUD_COMMUNITY, keeper, "wrong-way");
	case 'k':
		return entry(KAI_AUD_COMMUNITY, peer, "kept");
	case 'l':
		return entry(KAI_AUD_COMMUNITY, holder, "kept");
	case 'S':
		return entry(KAI_AUD_SECTOR, NULL, "jp-ci15:pow");
	case 'T':
		return entry(KAI_AUD_SECTOR, NULL, "jp-ci15:gas");
	case 'C':
		return entry(KAI_AUD_COUNTRY, NULL, country);
	case 'D':
		return entry(KAI_AUD_COUNTRY, NULL, "FR");
	case '!':
		return entry(KAI_AUD_ORG, peer, "text");
	default:
		return entry(9, peer, NULL);
	}
}

static void build_label(const struct scene_label *from, const char *country,
			struct kai_audience_entry room[2], struct kai_label *ret)
{
	const char *entries = scene_form_entries(from->form);

	*ret = (struct kai_label){
		.tlp = from->tlp,
		.audience = room,
		.audience_count = strlen(entries),
		.onward = from->onward,
		.attribution = KAI_ATTR_NAMED,
		.pap = KAI_PAP_CLEAR,
		.gov_share = from->gov_share,
	};
	for (size_t i = 0; i < ret->audience_count; i++)
		room[i] = entry_of(entries[i], country);
	if (entries[0] == '2') {
		room[1] = room[0];
		ret->audience_count = 2;
	}
}

/* Statements that were verified: the keeper's own membership needs none. */
static const struct kai_member members[] = {
	{peer, keeper, {(const uint8_t *)"peers", 5}},
	{holder, keeper, {(const uint8_t *)"holders", 7}},
	{peer, keeper, {(const uint8_t *)"unrecognised", 12}},
	{peer, keeper, {(const uint8_t *)"wrong-way", 9}},
	{stranger, keeper, {(const uint8_t *)"others", 6}},
};

static size_t build_communities(bool towards_peer, struct kai_community room[6])
{
	static const char *const names[] = {"peers", "holders", "others",
					    "kept",  "kept",	"wrong-way"};
	size_t count = towards_peer ? 5 : 6;

	for (size_t i = 0; i < count; i++) {
		const uint8_t *by = i == 3 ? peer : i == 4 ? holder : keeper;

		memcpy(room[i].keeper, by, KAI_ID_LEN);
		room[i].name = kai_span_str(names[i]);
	}
	return count;
}

static void build_direction(const struct scene *scene, struct scene_stage *stage, bool towards_peer,
			    struct kai_direction *ret)
{
	bool star = scene->sector == SCENE_SECTOR_STAR || scene->sector == SCENE_SECTOR_NONE_STAR;

	stage->direction_sectors[0] = kai_span_str(star ? "*" : "jp-ci15:ict");
	*ret = (struct kai_direction){
		.kinds = stage->kinds,
		.kinds_count = 2,
		.sectors = stage->direction_sectors,
		.sectors_count = 1,
		.ceiling = towards_peer ? scene->ceiling : (uint64_t)KAI_TLP_RED,
		.constituency = towards_peer && scene->constituency,
		.communities = stage->communities[towards_peer],
		.onward = KAI_ONWARD_ANY,
		.attribution = KAI_ATTR_NAMED,
	};
	if (!scene->no_members)
		ret->communities_count =
			build_communities(towards_peer, stage->communities[towards_peer]);
}

static void build_clauses(const struct scene *scene, struct scene_stage *stage)
{
	for (size_t i = 0; i < 4; i++) {
		struct kai_contingency *clause = &stage->clauses[i];

		*clause = (struct kai_contingency){.longest_ms = SCENE_LONGEST,
						   .pause_ms = SCENE_PAUSE};
		memcpy(clause->from, i == 1 ? stranger : stage->header.origin, KAI_ID_LEN);
		memcpy(clause->to, i == 2 ? stranger : peer, KAI_ID_LEN);
		clause->kinds = i == 3 ? stage->other_kinds : stage->clause_kinds;
		clause->kinds_count = i == 3 ? 1 : 2;
	}
	stage->terms.contingency = stage->clauses;
	stage->terms.contingency_count = 4;
	stage->terms.contingency_only = scene->contingency_only;
}

static void build_terms(const struct scene *scene, struct scene_stage *stage)
{
	struct kai_party from = {.country = kai_span_str("JP"), .sectors = stage->party_sectors};
	struct kai_party to = {.country = kai_span_str(scene->abroad ? "US" : "JP"),
			       .sectors = stage->party_sectors,
			       .sectors_count = 1,
			       .government = scene->government};
	struct kai_terms *terms = &stage->terms;
	struct kai_direction there;
	struct kai_direction back;

	memcpy(from.org, holder, KAI_ID_LEN);
	memcpy(to.org, peer, KAI_ID_LEN);
	stage->party_sectors[0] = kai_span_str("jp-ci15:pow");
	stage->kinds[0] = KAI_KIND_SECINFO;
	stage->kinds[1] = KAI_KIND_RETRACT;
	stage->clause_kinds[0] = KAI_KIND_SECINFO;
	stage->clause_kinds[1] = KAI_KIND_INCIDENT;
	stage->other_kinds[0] = KAI_KIND_SITREP;
	build_direction(scene, stage, true, &there);
	build_direction(scene, stage, false, &back);
	*terms = (struct kai_terms){
		.version = KAI_VERSION,
		.a = scene->reversed ? to : from,
		.b = scene->reversed ? from : to,
		.serial = 1,
		.valid_from = SCENE_FROM,
		.valid_until = SCENE_UNTIL,
		.signers = 1,
		.a_to_b = scene->reversed ? back : there,
		.b_to_a = scene->reversed ? there : back,
	};
	build_clauses(scene, stage);
}

static uint64_t kind_code(enum scene_kind kind)
{
	switch (kind) {
	case SCENE_KIND_LISTED:
		return KAI_KIND_SECINFO;
	case SCENE_KIND_UNLISTED:
		return KAI_KIND_INCIDENT;
	case SCENE_KIND_RETRACT:
		return KAI_KIND_RETRACT;
	case SCENE_KIND_UNKNOWN:
		break;
	}
	return 77;
}

static void build_header(const struct scene *scene, struct scene_stage *stage, const char *country)
{
	struct kai_header *header = &stage->header;
	const uint8_t *by = scene->relation == SCENE_FROM_ORIGIN ? holder
			    : scene->relation == SCENE_TO_ORIGIN ? peer
								 : origin;
	bool none = scene->sector == SCENE_SECTOR_NONE || scene->sector == SCENE_SECTOR_NONE_STAR;

	stage->item_sectors[0] = kai_span_str(
		scene->sector == SCENE_SECTOR_UNLISTED ? "jp-ci15:med" : "jp-ci15:ict");
	*header = (struct kai_header){
		.version = KAI_VERSION,
		.kind = kind_code(scene->kind),
		.country = kai_span_str("JP"),
		.not_after = (uint64_t)(scene->item_end != 0 ? scene->item_end : SCENE_UNTIL),
		.sectors = stage->item_sectors,
		.sectors_count = none ? 0 : 1,
		.parts = stage->parts,
		.parts_count = 3,
	};
	memcpy(header->origin, by, KAI_ID_LEN);
	if (scene->other_realm)
		memcpy(header->realm, other_realm, KAI_REALM_LEN);
	build_label(&scene->label, country, stage->audience[0], &header->label);
}

static void build_mark(const struct scene *scene, struct scene_stage *stage)
{
	uint64_t now = (uint64_t)stage->facts.now.ms;

	stage->mark = (struct kai_mark){.clause = 0, .opened_at = now};
	switch (scene->mark) {
	case SCENE_MARK_NONE:
	case SCENE_MARK_END:
		return;
	case SCENE_MARK_GOOD:
		break;
	case SCENE_MARK_LAST:
		stage->mark.opened_at = now - SCENE_LONGEST;
		break;
	case SCENE_MARK_LATE:
		stage->mark.opened_at = now - SCENE_LONGEST - 1;
		break;
	case SCENE_MARK_EARLY:
		stage->mark.opened_at = now + 1;
		break;
	case SCENE_MARK_CLAUSE:
		stage->mark.clause = 4;
		break;
	case SCENE_MARK_FROM:
		stage->mark.clause = 1;
		break;
	case SCENE_MARK_TO:
		stage->mark.clause = 2;
		break;
	case SCENE_MARK_KIND:
		stage->mark.clause = 3;
		break;
	case SCENE_MARK_KNOWN:
		stage->mark.opened_at = stage->facts.opened = now - 1;
		break;
	case SCENE_MARK_OVERLAP:
		stage->facts.opened = now - 1;
		break;
	case SCENE_MARK_PAUSE:
		stage->facts.opened = now - SCENE_LONGEST - SCENE_PAUSE + 1;
		break;
	case SCENE_MARK_NEXT:
		stage->facts.opened = now - SCENE_LONGEST - SCENE_PAUSE;
		break;
	case SCENE_MARK_OLDER:
		stage->mark.opened_at = now - 1;
		stage->facts.opened = now;
		break;
	}
	stage->facts.mark = &stage->mark;
}

static void build_release(const struct scene *scene, struct scene_stage *stage, const char *country)
{
	if (scene->release == SCENE_RELEASE_NONE)
		return;
	build_label(&scene->released, country, stage->audience[2], &stage->released);
	stage->release = (struct kai_release_fact){
		.index = 1,
		.label = &stage->released,
		.expires = {stage->facts.now.ms + 1},
	};
	if (scene->release == SCENE_RELEASE_OTHER)
		stage->release.index = 2;
	if (scene->release == SCENE_RELEASE_BEYOND)
		stage->release.index = 3;
	if (scene->release == SCENE_RELEASE_EXPIRED)
		stage->release.expires = stage->facts.now;
	stage->facts.releases = &stage->release;
	stage->facts.release_count = 1;
}

void scene_build(const struct scene *scene, struct scene_stage *stage)
{
	const char *country = scene->abroad ? "US" : "JP";
	struct kai_facts *facts = &stage->facts;

	build_header(scene, stage, country);
	build_terms(scene, stage);
	*facts = (struct kai_facts){
		.header = &stage->header,
		.id = item_id,
		.from = holder,
		.to = scene->to_self ? holder : peer,
		.terms = scene->state == KAI_STATE_NONE ? NULL : &stage->terms,
		.state = scene->state,
		.members = members,
		.member_count = scene->no_members ? 0 : sizeof(members) / sizeof(members[0]),
		.target_passed = scene->target_passed,
		.overlay = scene->overlay,
		.realm = kai_realm_live,
		.now = {scene->now != 0 ? scene->now : SCENE_NOW},
		.exit_ceiling = scene->exit_ceiling,
	};
	if (scene->state == KAI_STATE_EXPIRED)
		facts->expired_at.ms = facts->now.ms - scene->ended_ago;
	if (scene->has_part) {
		build_label(&scene->part, country, stage->audience[1], &stage->part);
		facts->part_label = &stage->part;
		facts->part_index = 1;
	}
	build_mark(scene, stage);
	build_release(scene, stage, country);
}

struct kai_verdict scene_decide(const struct scene *scene)
{
	struct scene_stage stage;

	scene_build(scene, &stage);
	return kai_policy_decide(&stage.facts);
}
