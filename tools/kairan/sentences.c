/* SPDX-License-Identifier: Apache-2.0 */
/* What each rule and each fault says, by its stable name. */
#include <string.h>

#include "kairan/fault.h"
#include "kairan/policy.h"
#include "rules.def"
#include "view.h"

struct sentence {
	const char *en;
	const char *ja;
};

static const struct sentence rules[] = {
#define X(NAME, en, ja) [KAI_RULE_##NAME] = {(en), (ja)},
	KAI_X_RULE_TEXT(X)
#undef X
};
static const struct sentence faults[] = {
#define X(NAME, en, ja) [KAI_FAULT_##NAME] = {(en), (ja)},
	KAI_X_FAULT_TEXT(X)
#undef X
};

static const char *in(const struct kai_cli *cli, const struct sentence *sentence)
{
	return cli->lang == KAI_LANG_JA ? sentence->ja : sentence->en;
}

const char *kai_rule_sentence(struct kai_cli *cli, const char *name)
{
	for (unsigned i = 0; i < KAI_RULE_END; i++)
		if (strcmp(kai_rule_name((enum kai_rule)i), name) == 0)
			return in(cli, &rules[i]);
	for (unsigned i = 0; i < KAI_FAULT_END; i++)
		if (strcmp(kai_fault_name((enum kai_fault)i), name) == 0)
			return in(cli, &faults[i]);
	return kai_view_safe(cli, name, false);
}
