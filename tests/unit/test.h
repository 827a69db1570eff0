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

#endif
