/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kairan.conf. What loads lies within the ranges that its schema prints and loads the same a second
 * time; what does not leaves the settings alone and says why.
 */
#include "fuzz.h"

#include <string.h>

#include "config.h"
#include "scratch.h"

#define MAX_LEN 16384u

static void check_ranges(const struct kai_config *config)
{
	MUST(config->listen_count <= KAI_MAX_LISTEN);
	for (size_t i = 0; i < config->listen_count; i++) {
		MUST(memchr(config->listen[i], '\0', sizeof(config->listen[i])) != NULL);
		MUST(config->listen[i][0] != '\0');
	}
	MUST(config->store_quota_bytes >= 0);
	MUST(config->log_level >= KAI_LOG_ERROR && config->log_level <= KAI_LOG_DEBUG);
	MUST(config->log_format >= 0 && config->log_format <= 1);
	MUST(config->lang >= 0 && config->lang <= 2);
	MUST(config->lab_clock_scale >= 1 && config->lab_clock_scale <= 100000);
	MUST(config->lab_clock_offset_s >= -3153600000 && config->lab_clock_offset_s <= 3153600000);
#define X(name, value, unit) MUST(config->quota.name >= 1);
	KAI_X_QUOTA(X)
#undef X
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct kai_span text = kai_span(data, len);
	struct kai_why why = {""};
	struct kai_config standard, config, again;

	if (len > MAX_LEN || scratch_includes(text))
		return 0;
	const char *path = scratch_file(text);

	kai_config_defaults(&standard);
	config = standard;
	enum kai_err err = kai_config_load(path, &config, &why);

	if (err != KAI_ERR_OK) {
		MUST(err == KAI_ERR_INVALID && strncmp(why.text, path, strlen(path)) == 0);
		MUST(kai_config_needs_restart(&standard, &config) == NULL);
		return 0;
	}
	check_ranges(&config);
	kai_config_defaults(&again);
	MUST(kai_config_load(path, &again, &why) == KAI_ERR_OK);
	MUST(kai_config_needs_restart(&config, &again) == NULL);
	MUST(config.log_level == again.log_level && config.lang == again.lang);
	return 0;
}
