/* The rule by which a zone's clocks change year after year: the footer of a TZif file, a POSIX TZ
 * string with the extension of RFC 8536 3.3.1 (times from -167 to 167 hours). */
#ifndef ABP_BASE_ZONE_RULE_H
#define ABP_BASE_ZONE_RULE_H

#include "abpost/error.h"

#include <stdint.h>

struct abp_zone_change {
    enum { ABP_RULE_JULIAN, ABP_RULE_DAY, ABP_RULE_WEEK } kind; /* Jn, n, Mm.w.d */
    int day;         /* Jn: 1-365, no leap day; n: 0-365; Mm.w.d: 0 = Sunday ... 6 */
    int month, week; /* Mm.w.d: 1-12; 1-5, 5 = the last */
    int64_t time;    /* seconds after local midnight */
};

struct abp_zone_rule {
    int64_t standard, summer; /* seconds east of UTC; equal when clocks never change */
    int changes;              /* 1: they do */
    struct abp_zone_change to_summer, to_standard;
};

/* 0, or -1 when text is no such rule. */
int abp_zone_rule_parse(struct abp_zone_rule *rule, const char *text) ABP_MUST_CHECK;
/* Seconds east of UTC. */
int64_t abp_zone_rule_offset(const struct abp_zone_rule *rule, int64_t utc);

#endif
