/* What makes a workspace run by itself, as text: units for systemd, lines for cron. */
#ifndef ABPOST_CLI_UNITS_H
#define ABPOST_CLI_UNITS_H

#include "abpost/buffer.h"
#include "abpost/config.h"

#define ABP_UNIT_NAME 80

/* What the units say; everything borrowed. Paths are absolute. */
struct abp_units {
    const char *binary;
    const struct abp_workspace *ws;
    const char *user; /* system units: whose workspace it is; NULL: units of the user */
    const char *name; /* what stands for the workspace in the units' names; NULL: its folder's */
};

enum abp_job { ABP_JOB_TICK, ABP_JOB_NIGHTLY, ABP_JOB_COUNT };

/* "abpost-garden-tick", of the name or the workspace's folder: letters, digits and dashes. */
void abp_unit_name(char out[ABP_UNIT_NAME], const struct abp_units *units, enum abp_job job);

/* Whose a unit file of that text is: the workspace's folder into `folder`, and from a service its
 * file into `file`; empty where the text does not say. Both begin empty. 0; -1: memory is out. */
int abp_units_owner(struct abp_buffer *folder, struct abp_buffer *file, const char *text,
                    struct abp_error *err) ABP_MUST_CHECK;

/* 0; -1 with ABP_DATA when a path can't be written into a unit or a line of cron at all (control
 * characters, a blank or a backslash at its end). */
int abp_units_check(const struct abp_units *units, struct abp_error *err) ABP_MUST_CHECK;

void abp_put_service(struct abp_buffer *buf, const struct abp_units *units, enum abp_job job);
void abp_put_timer(struct abp_buffer *buf, const struct abp_units *units, enum abp_job job);
/* The line of a crontab; a remark where cron could not read the paths in one way only. */
void abp_put_cron(struct abp_buffer *buf, const struct abp_units *units, enum abp_job job);

/* 1: a secret of the workspace comes from the environment. */
int abp_units_need_environment(const struct abp_workspace *ws);

#endif
