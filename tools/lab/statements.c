/* SPDX-License-Identifier: Apache-2.0 */
/* What may stand in a scenario: the table. Where two rows fit, the first counts. */
#include "stage.h"

const struct kai_lab_statement kai_lab_statements[] = {
	{"story TEXT", false, kai_lab_do_nothing},
	{"federation WORD", false, kai_lab_do_nothing},
	{"the time is CLOCK", false, kai_lab_do_time},
	{"time runs NUMBER times as fast", false, kai_lab_do_speed},
	{"the clock of NODE is SPAN fast", false, kai_lab_do_fast},
	{"the clock of NODE is SPAN slow", false, kai_lab_do_slow},
	{"the clock of NODE is put right", false, kai_lab_do_right},
	{"tell TEXT", false, kai_lab_do_tell},

	{"NODE knows NODE", false, kai_lab_do_know},
	{"NODE agrees with NODE by WORD as WORD in WORD", false, kai_lab_do_agree},
	{"NODE admits NODE to WORD", false, kai_lab_do_admit},
	{"NODE agrees with NODE by WORD as WORD in WORD until CLOCK", false,
	 kai_lab_do_agree_until},

	{"NODE files WORD NEW", true, kai_lab_do_file},
	{"NODE revises ITEM as NEW", true, kai_lab_do_revise},
	{"NODE retracts ITEM as NEW because WORD", false, kai_lab_do_retract},
	{"NODE imports NUMBER advisories as NEW", true, kai_lab_do_import},
	{"NODE may not file WORD because WORD", true, kai_lab_do_not_file},
	{"NODE may not revise ITEM because WORD", true, kai_lab_do_not_revise},

	{"NODES goes down", false, kai_lab_do_down},
	{"NODES go down", false, kai_lab_do_down},
	{"NODES is killed", false, kai_lab_do_kill},
	{"NODES are killed", false, kai_lab_do_kill},
	{"NODES comes back", false, kai_lab_do_back},
	{"NODES come back", false, kai_lab_do_back},
	{"cut NODES from NODES", false, kai_lab_do_cut},
	{"mend all links", false, kai_lab_do_mend},
	{"wait SPAN", false, kai_lab_do_wait},
	{"wait until CLOCK", false, kai_lab_do_wait_until},

	{"within SPAN NODES hold ITEM", false, kai_lab_check_hold},
	{"within SPAN NODES hold part WORD of ITEM", false, kai_lab_check_part},
	{"within SPAN NODES hold all of ITEM", false, kai_lab_check_all},
	{"within SPAN NODES show ITEM as WORD", false, kai_lab_check_state},
	{"NODES do not hold ITEM", false, kai_lab_check_lack},
	{"NODES see part WORD of ITEM withheld", false, kai_lab_check_withheld},
	{"NODE has ITEM from NODES", false, kai_lab_check_supply},
	{"NODES list ITEM once", false, kai_lab_check_once},
	{"rule WORD keeps ITEM from NODE at NODE", false, kai_lab_check_rule},
	{"nobody else learns of ITEM", false, kai_lab_check_nobody},
	{"NODES never learn of ITEM", false, kai_lab_check_never},
	{"NODES never learn part WORD of ITEM", false, kai_lab_check_never_part},
	{"NODES never learn that NODE takes part", false, kai_lab_check_never_node},
	{"NODES verify everything", false, kai_lab_check_verify},
	{"NODES find their stores sound", false, kai_lab_check_sound},
	{"NODES print ITEM without control characters", false, kai_lab_check_clean},
	{"NODES list ITEM under sector WORD", false, kai_lab_check_sector},
	{"NODE sees the clock of NODE SPAN WORD", false, kai_lab_check_clock},
};
const size_t kai_lab_statement_count = sizeof(kai_lab_statements) / sizeof(kai_lab_statements[0]);
