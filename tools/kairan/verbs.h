/* SPDX-License-Identifier: Apache-2.0 */
/* Every verb's function and option list: what the rows of verbs.c point at. A new verb is a row
 * there, a line here, and a file. */
#ifndef KAIRAN_VERBS_H
#define KAIRAN_VERBS_H

#include "cli.h"

extern const struct kai_opt kai_init_opts[];
extern const struct kai_opt kai_card_export_opts[];
extern const struct kai_opt kai_card_import_opts[];
extern const struct kai_opt kai_card_resolve_opts[];
extern const struct kai_opt kai_card_rotate_opts[];
extern const struct kai_opt kai_card_revoke_opts[];
extern const struct kai_opt kai_agree_draft_opts[];
extern const struct kai_opt kai_agree_out_opts[];
extern const struct kai_opt kai_agree_notice_opts[];
extern const struct kai_opt kai_agree_renew_opts[];
extern const struct kai_opt kai_member_opts[];
extern const struct kai_opt kai_member_list_opts[];
extern const struct kai_opt kai_lab_opts[];
extern const struct kai_opt kai_lab_run_opts[];
extern const struct kai_opt kai_import_opts[];
extern const struct kai_opt kai_import_bundle_opts[];
extern const struct kai_opt kai_export_bundle_opts[];
extern const struct kai_opt kai_export_case_opts[];
extern const struct kai_opt kai_file_opts[];
extern const struct kai_opt kai_retract_opts[];
extern const struct kai_opt kai_ack_opts[];
extern const struct kai_opt kai_attest_opts[];
extern const struct kai_opt kai_sign_opts[];
extern const struct kai_opt kai_release_request_opts[];
extern const struct kai_opt kai_release_grant_opts[];
extern const struct kai_opt kai_release_refuse_opts[];
extern const struct kai_opt kai_list_opts[];
extern const struct kai_opt kai_show_opts[];
extern const struct kai_opt kai_watch_opts[];
extern const struct kai_opt kai_verify_opts[];
extern const struct kai_opt kai_status_opts[];
extern const struct kai_opt kai_duty_opts[];
extern const struct kai_opt kai_drill_open_opts[];
extern const struct kai_opt kai_drill_report_opts[];
extern const struct kai_opt kai_comcheck_opts[];
extern const struct kai_opt kai_sitrep_draft_opts[];
extern const struct kai_opt kai_backup_opts[];
extern const struct kai_opt kai_restore_opts[];
extern const struct kai_opt kai_journal_list_opts[];
extern const struct kai_opt kai_journal_export_opts[];

/* For the build: parts of the manual pages (mdoc), and bash completion (manual.c). */
void kai_manual_verbs(FILE *out);
void kai_manual_terms(FILE *out);
void kai_manual_completion(FILE *out);

int kai_verb_init(struct kai_cli *cli);
int kai_verb_import_csaf(struct kai_cli *cli);
int kai_verb_import_bundle(struct kai_cli *cli);
int kai_verb_export_bundle(struct kai_cli *cli);
int kai_verb_export_case(struct kai_cli *cli);
int kai_verb_lab_up(struct kai_cli *cli);
int kai_verb_lab_status(struct kai_cli *cli);
int kai_verb_lab_matrix(struct kai_cli *cli);
int kai_verb_lab_run(struct kai_cli *cli);
int kai_verb_lab_down(struct kai_cli *cli);
int kai_verb_card_export(struct kai_cli *cli);
int kai_verb_card_show(struct kai_cli *cli);
int kai_verb_card_import(struct kai_cli *cli);
int kai_verb_card_list(struct kai_cli *cli);
int kai_verb_card_rotate(struct kai_cli *cli);
int kai_verb_card_revoke(struct kai_cli *cli);
int kai_verb_card_resolve(struct kai_cli *cli);
int kai_verb_agree_draft(struct kai_cli *cli);
int kai_verb_agree_propose(struct kai_cli *cli);
int kai_verb_agree_review(struct kai_cli *cli);
int kai_verb_agree_accept(struct kai_cli *cli);
int kai_verb_agree_import(struct kai_cli *cli);
int kai_verb_agree_list(struct kai_cli *cli);
int kai_verb_agree_show(struct kai_cli *cli);
int kai_verb_agree_suspend(struct kai_cli *cli);
int kai_verb_agree_resume(struct kai_cli *cli);
int kai_verb_agree_terminate(struct kai_cli *cli);
int kai_verb_agree_renew(struct kai_cli *cli);
int kai_verb_member_add(struct kai_cli *cli);
int kai_verb_member_remove(struct kai_cli *cli);
int kai_verb_member_list(struct kai_cli *cli);
int kai_verb_file(struct kai_cli *cli);
int kai_verb_revise(struct kai_cli *cli);
int kai_verb_retract(struct kai_cli *cli);
int kai_verb_sign(struct kai_cli *cli);
int kai_verb_release_request(struct kai_cli *cli);
int kai_verb_release_grant(struct kai_cli *cli);
int kai_verb_release_refuse(struct kai_cli *cli);
int kai_verb_draft_list(struct kai_cli *cli);
int kai_verb_draft_send(struct kai_cli *cli);
int kai_verb_draft_drop(struct kai_cli *cli);
int kai_verb_ack(struct kai_cli *cli);
int kai_verb_attest(struct kai_cli *cli);
int kai_verb_who_knows(struct kai_cli *cli);
int kai_verb_list(struct kai_cli *cli);
int kai_verb_search(struct kai_cli *cli);
int kai_verb_thread(struct kai_cli *cli);
int kai_verb_show(struct kai_cli *cli);
int kai_verb_watch(struct kai_cli *cli);
int kai_verb_explain(struct kai_cli *cli);
int kai_verb_verify(struct kai_cli *cli);
int kai_verb_doctor(struct kai_cli *cli);
int kai_verb_backup(struct kai_cli *cli);
int kai_verb_restore(struct kai_cli *cli);
int kai_verb_journal_list(struct kai_cli *cli);
int kai_verb_journal_verify(struct kai_cli *cli);
int kai_verb_journal_export(struct kai_cli *cli);
int kai_verb_status(struct kai_cli *cli);
int kai_verb_duty(struct kai_cli *cli);
int kai_verb_sitrep_draft(struct kai_cli *cli);
int kai_verb_inbox(struct kai_cli *cli);
int kai_verb_drill_open(struct kai_cli *cli);
int kai_verb_drill_list(struct kai_cli *cli);
int kai_verb_drill_inject(struct kai_cli *cli);
int kai_verb_drill_close(struct kai_cli *cli);
int kai_verb_drill_report(struct kai_cli *cli);
int kai_verb_comcheck(struct kai_cli *cli);
int kai_verb_peers(struct kai_cli *cli);
int kai_verb_check(struct kai_cli *cli);

#endif
