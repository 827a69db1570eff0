/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies of main: the first byte chooses the kind, the rest is the body. The check names a field
 * of the kind's row, and what it takes has every mandatory field, in row order.
 */
#include "codec.h"

#include <string.h>

#include "kairan/kinds.h"

static const struct kai_body_field_row *row_of(const struct kai_kind_row *row, struct kai_span name,
					       size_t *ret_at)
{
	for (size_t i = 0; i < row->field_count; i++) {
		if (kai_span_equal(name, kai_span_str(row->fields[i].name))) {
			*ret_at = i;
			return &row->fields[i];
		}
	}
	return NULL;
}

static void check_good(const struct kai_kind_row *row, const struct kai_body *body)
{
	uint32_t seen = 0;
	size_t last = 0;

	MUST(body->version == KAI_VERSION && row->field_count <= 32);
	for (size_t i = 0; i < body->values_count; i++) {
		size_t at = 0;
		const struct kai_body_field_row *field = row_of(row, body->values[i].name, &at);

		MUST(field != NULL && at >= last);
		MUST((seen >> at & 1) == 0 || field->many);
		seen |= 1u << at;
		last = at;
	}
	for (size_t i = 0; i < row->field_count; i++)
		MUST(!row->fields[i].mandatory || (seen >> i & 1) != 0);
	MUST(!row->text || body->text.len > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *field = NULL;

	if (len < 1 || len > CODEC_MAX_LEN)
		return 0;
	const struct kai_kind_row *row = &kai_kind_rows[data[0] % kai_kind_row_count];
	const struct kai_body *body = codec_check(&kai_object_body, kai_span(data + 1, len - 1));

	if (body == NULL)
		return 0;
	enum kai_fault fault = kai_body_check(row, body, &field);

	MUST((unsigned)fault < KAI_FAULT_END);
	if (fault == KAI_FAULT_NONE)
		check_good(row, body);
	return 0;
}
