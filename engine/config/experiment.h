/* What the parts of the experiment reader share: the sections' keys, and the checks across them. */
#ifndef ABP_CONFIG_EXPERIMENT_H
#define ABP_CONFIG_EXPERIMENT_H

#include "config/ini.h"

/* The kinds of sections, by index into abp_experiment_schema.kinds. */
enum abp_experiment_kind {
    ABP_KIND_EXPERIMENT,
    ABP_KIND_SCHEDULE,
    ABP_KIND_VARIANT,
    ABP_KIND_DECISION,
    ABP_KIND_IMPORT,
    ABP_KIND_COUNT
};
extern const struct abp_ini_schema abp_experiment_schema;

/* Fills the experiment's factors from its [variant] sections, which have been read, and logs what
 * is wrong with them. */
void abp_factors_read(struct abp_experiment *experiment, const struct abp_ini *ini,
                      struct abp_mistake_log *log);
void abp_factors_release(struct abp_experiment *experiment);

/* What a file whose values are read still has to satisfy as a whole. ws may be NULL. */
void abp_experiment_check(const struct abp_experiment *experiment, const struct abp_ini *ini,
                          const struct abp_workspace *ws, struct abp_mistake_log *log);

#endif
