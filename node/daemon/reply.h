/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the daemon itself tells a control client when the engine cannot: that the store does not take
 * anything now. Results are on the heap, the caller's to free.
 */
#ifndef KAIRAN_DAEMON_REPLY_H
#define KAIRAN_DAEMON_REPLY_H

#include "kairan/control.h"

bool kai_reply_is_status(struct kai_span request);
/* "storage", with a sentence that fits the error. NULL: out of memory. */
uint8_t *kai_reply_storage(enum kai_err err, size_t *ret_len);
/* The engine's answer to STATUS with read_only set; NULL when it does not decode or without memory.
 */
uint8_t *kai_reply_read_only(struct kai_span bytes, size_t *ret_len);

#endif
