/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What kairan.conf says of calls beside numbers: people, the program, and whether the times fit one another. For
 * config.c, which knows file and line. Each gives back what is wrong, static storage, or NULL. One thread.
 */
#ifndef KAIRAN_DAEMON_CONFIG_CALLS_H
#define KAIRAN_DAEMON_CONFIG_CALLS_H

#include <libconfig.h>

#include "config.h"

const char *kai_config_command(config_setting_t *at, struct kai_config *config);
const char *kai_config_people(config_setting_t *at, struct kai_config *config);
/* By the end of the settings' names: "decider_s must not be before …" */
const char *kai_patience_wrong(const struct kai_patience *say);

#endif
