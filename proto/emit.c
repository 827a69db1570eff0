/* SPDX-License-Identifier: Apache-2.0 */
#include "emit.h"

#include <string.h>

#include <msgpack/pack.h>

static int write_bytes(void *context, const char *bytes, size_t len)
{
	struct kai_emit *emit = context;

	if (emit->full || len > emit->cap - emit->len) {
		emit->full = true;
		return -1;
	}
	if (len > 0)
		memcpy(emit->at + emit->len, bytes, len);
	emit->len += len;
	return 0;
}

static msgpack_packer packer(struct kai_emit *emit)
{
	msgpack_packer pk;

	msgpack_packer_init(&pk, emit, write_bytes);
	return pk;
}

void kai_emit_init(struct kai_emit *emit, uint8_t *at, size_t cap)
{
	*emit = (struct kai_emit){.cap = cap};
	emit->at = at;
}

void kai_emit_uint(struct kai_emit *emit, uint64_t value)
{
	msgpack_packer pk = packer(emit);

	(void)msgpack_pack_uint64(&pk, value);
}

void kai_emit_bool(struct kai_emit *emit, bool value)
{
	msgpack_packer pk = packer(emit);

	(void)(value ? msgpack_pack_true(&pk) : msgpack_pack_false(&pk));
}

void kai_emit_nil(struct kai_emit *emit)
{
	msgpack_packer pk = packer(emit);

	(void)msgpack_pack_nil(&pk);
}

void kai_emit_bin(struct kai_emit *emit, struct kai_span bytes)
{
	msgpack_packer pk = packer(emit);

	(void)msgpack_pack_bin(&pk, bytes.len);
	(void)msgpack_pack_bin_body(&pk, bytes.at, bytes.len);
}

void kai_emit_str(struct kai_emit *emit, struct kai_span text)
{
	msgpack_packer pk = packer(emit);

	(void)msgpack_pack_str(&pk, text.len);
	(void)msgpack_pack_str_body(&pk, text.at, text.len);
}

void kai_emit_array(struct kai_emit *emit, size_t count)
{
	msgpack_packer pk = packer(emit);

	(void)msgpack_pack_array(&pk, count);
}
