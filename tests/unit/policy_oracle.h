/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second reading of the protocol's rules, for tests only: it works on a scene's words and on
 * sets, never on facts, and shares no code with proto/policy.c. All violated rules are collected;
 * the first in their order is the verdict.
 */
#ifndef KAIRAN_POLICY_ORACLE_H
#define KAIRAN_POLICY_ORACLE_H

#include "../../tools/policy-table/scene.h"

struct kai_verdict oracle_decide(const struct scene *scene);

/* What a form of audience says of the peer and of the holder, as sets of these. */
#define ORACLE_ORG 1u
#define ORACLE_COMMUNITY 2u
#define ORACLE_PLACE 4u
#define ORACLE_COUNTRY 8u
#define ORACLE_HOLDER 16u /* the holder itself is named */
unsigned oracle_form(enum scene_form form);
/* Would a node take this label at all? */
bool oracle_readable(const struct scene_label *label);

#endif
