/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every object of the tables: the first byte chooses it, the rest is decoded. What our decoder
 * accepts it encodes to the same bytes, and msgpack-c finds the same values in them.
 */
#include "codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < 1 || len > CODEC_MAX_LEN)
		return 0;
	(void)codec_check(codec_object(data[0] % codec_count()), kai_span(data + 1, len - 1));
	return 0;
}
