/* SPDX-License-Identifier: Apache-2.0 */
/* Frames, read once for all checkers: what they mention, and who was told. Part of sight.h's state. */
#ifndef KAIRAN_SIM_HEARING_H
#define KAIRAN_SIM_HEARING_H

#include "sight.h"

void sim_hearing_init(struct sim_sight *sight);
void sim_hearing_done(struct sim_sight *sight);
/* Fills read, msg and mentions. */
void sim_hearing_frame(struct sim_sight *sight, const struct sim_frame *frame);
/* Remembers what the frame at hand told: after the checkers judged it, so that none permits itself. */
void sim_hearing_note(struct sim_sight *sight, const struct sim_frame *frame);

#endif
