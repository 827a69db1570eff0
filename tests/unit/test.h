/* SPDX-License-Identifier: Apache-2.0 */
/* cmocka wants its headers in this order; every test includes this one. */
#ifndef KAIRAN_TEST_H
#define KAIRAN_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#ifdef __clang_analyzer__
/* A failed assertion does not come back; cmocka's functions do not say so. */
#include <stdlib.h>
#undef assert_true
#define assert_true(condition) ((condition) ? (void)0 : abort())
#undef assert_non_null
#define assert_non_null(at) assert_true((at) != NULL)
#endif

#endif
