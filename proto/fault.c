/* SPDX-License-Identifier: Apache-2.0 */
#include "kairan/fault.h"

struct fault_row {
	const char *name;
	const char *text;
	enum kai_fault_class klass;
};

static const struct fault_row rows[] = {
#define X(name, word, klass, text) [KAI_FAULT_##name] = {(word), (text), KAI_CLASS_##klass},
	KAI_X_FAULT(X)
#undef X
};

const char *kai_fault_name(enum kai_fault fault)
{
	return (unsigned)fault < KAI_FAULT_END ? rows[fault].name : "?";
}

const char *kai_fault_text(enum kai_fault fault)
{
	return (unsigned)fault < KAI_FAULT_END ? rows[fault].text : "unknown fault";
}

enum kai_fault_class kai_fault_class(enum kai_fault fault)
{
	return (unsigned)fault < KAI_FAULT_END ? rows[fault].klass : KAI_CLASS_FRAME;
}
