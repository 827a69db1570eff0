/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a rogue may say and an operator may ask, chosen by the input: frames and control requests
 * with fields that fit the town (ids of its items, right or wrong tags and nonces), and changes to
 * their bytes. What is returned lives until the next call. One thread.
 */
#ifndef KAIRAN_FUZZ_TALK_H
#define KAIRAN_FUZZ_TALK_H

#include "craft.h"
#include "input.h"

void talk_begin(void);
/* Remembers frames that go about, to be said again. */
void talk_hear(unsigned node, const struct kai_output *output);
struct kai_span talk_heard(uint8_t which);

/* A frame of any type from that rogue to V; empty when none was made. */
struct kai_span talk_frame(struct town *town, unsigned rogue, struct fuzz_input *input);
struct kai_span talk_offer_of(struct town *town, unsigned rogue, const struct craft *craft,
			      uint8_t how);
struct kai_span talk_chunk_of(unsigned rogue, const struct craft *craft, uint8_t part,
			      size_t offset, bool head);
/* A copy with none to three bytes changed, or cut short. */
struct kai_span talk_changed(struct kai_span bytes, struct fuzz_input *input);
/* An encoded request to V. */
struct kai_span talk_request(struct town *town, struct fuzz_input *input);

#endif
