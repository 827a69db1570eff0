/* SPDX-License-Identifier: Apache-2.0 */
#include "kairan/keys.h"

#include <stdio.h>

enum kai_err kai_path(char ret[KAI_PATH_SIZE], const char *dir, const char *relative,
		      struct kai_why *why)
{
	int len = snprintf(ret, KAI_PATH_SIZE, "%s/%s", dir, relative);

	if (len < 0 || len >= KAI_PATH_SIZE)
		return kai_fail(why, KAI_ERR_INVALID,
				"%.200s: the path is too long (choose a shorter directory)", dir);
	return KAI_ERR_OK;
}
