/* The keys of [channel NAME] that say where a channel is and how abpost signs in. */
#ifndef ABP_CONFIG_ACCESS_H
#define ABP_CONFIG_ACCESS_H

#include "config/value.h"

/* struct abp_secret. What it refuses it never quotes: it may be the secret. */
void abp_read_secret(void *field, const struct abp_ini_value *value);
/* char *: https://, or http:// to this machine; without a / at the end. Neither user nor password
 * nor fragment; never quoted either. */
void abp_read_server(void *field, const struct abp_ini_value *value);
/* char *: a zone that this machine knows */
void abp_read_zone(void *field, const struct abp_ini_value *value);
/* double, posts a week: "3 per week", "1 per day" */
void abp_read_target(void *field, const struct abp_ini_value *value);
/* enum abp_platform */
void abp_read_platform(void *field, const struct abp_ini_value *value);
/* char *: public, unlisted, followers */
void abp_read_visibility(void *field, const struct abp_ini_value *value);

#endif
