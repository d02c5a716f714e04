/* INI files in, validated structs out. Every mistake of a file is collected in one pass; a struct
 * is only handed out when there is none. Strings are owned by the struct that holds them, NULL
 * where a key is absent; numbers that are absent are NaN; times are UTC seconds since 1970.
 *
 * A file is UTF-8 of at most 1 MiB, with lines of at most 197 bytes and names between [ and ] of at
 * most 49. A line is blank, a comment (; or # first), a [section] or key = value from the first
 * column on; a value ends with its line, and quotation marks belong to it. After a value:
 *
 *     horizon = 48h ; so          where the value can't hold a ; itself (numbers, dates, words,
 *                                 sums, env:NAME) any " ;" begins a comment
 *     posts = a/b.txt   ; so      where it could (paths, columns, accounts, baseline) a comment
 *                                 has two blanks or a tab before its ; and a blank after it; any
 *                                 other " ;" is a mistake
 *     hypothesis = one; or two    in free text (this, and command:) a ; after a blank is a mistake
 *     separator = ;               the first character of this one is never a comment
 *
 * A ; without a blank before it is an ordinary character. Nothing is ever cut: what does not work
 * exactly as written is a mistake. */
#ifndef ABPOST_CONFIG_H
#define ABPOST_CONFIG_H

#include "abpost/account.h"
#include "abpost/buffer.h"
#include "abpost/error.h"
#include "abpost/family.h"
#include "abpost/terms.h"
#include "abpost/time.h"

#include <stddef.h>
#include <stdint.h>

/* ---- mistakes ---- */

struct abp_mistake {
    char *file;    /* owned; as the caller named it */
    long line;     /* from 1; 0: the file as a whole */
    char *message; /* owned; "what is wrong; what is accepted (did you mean ...?)" */
};

/* Every mistake found: file by file as they were read, by line within each. Of one file at most
 * ABP_MISTAKES_MAX are kept; then a last entry without a line says how many more there are, at
 * least. Zero-initialise; release when done. */
struct abp_mistakes {
    struct abp_mistake *list; /* owned */
    size_t count;
};

#define ABP_MISTAKES_MAX 200

void abp_mistakes_release(struct abp_mistakes *mistakes);
/* Adds one at the end. 0, or -1 when memory is out. */
int abp_mistakes_add(struct abp_mistakes *mistakes, const char *file, long line, const char *format,
                     ...) ABP_PRINTF(4, 5);
/* Appends "file:line: message", or "file: message" without a line; no newline. 0, or -1 when the
 * buffer is full. */
int abp_mistake_print(struct abp_buffer *out, const struct abp_mistake *mistake);

/* ---- the workspace: abpost.ini ---- */

struct abp_workspace {
    char *root;                   /* folder of abpost.ini, absolute */
    char *path;                   /* abpost.ini itself, absolute */
    char *database;               /* resolved against root */
    char *timezone;               /* IANA name, known to this machine; "UTC" when not named */
    struct abp_channel *channels; /* owned, in file order */
    size_t channel_count;
};

/* Reads abpost.ini. 0, or -1 with err ABP_DATA after adding at least one mistake, or another code
 * when the machine failed. On -1 ws is released and zeroed. */
int abp_workspace_read(struct abp_workspace *ws, const char *path, struct abp_mistakes *mistakes,
                       struct abp_error *err) ABP_MUST_CHECK;
void abp_workspace_release(struct abp_workspace *ws);
/* NULL: the workspace has no channel of that name. Borrowed from ws. */
const struct abp_channel *abp_workspace_channel(const struct abp_workspace *ws, const char *name);

/* The path of the workspace file: `config` ($ABPOST_CONFIG) when neither NULL nor "", else
 * DIR/abpost.ini in `directory` or the nearest folder above it. Caller frees; NULL with err
 * ABP_DATA when there is none. */
char *abp_workspace_find(const char *directory, const char *config, struct abp_error *err);

/* ---- an experiment ---- */

struct abp_variant {
    char *name;
    char *posts; /* glob, relative to the experiment file's workspace; NULL: historic data only */
    double cost; /* of one post, in the units of `value`; NaN: not named */
    long line;
};

/* What variants are put together from: style = question, media = photo in their sections. Every
 * variant has a level of every factor; no two have the same of all; no two factors part the
 * variants in the same way. */
struct abp_factor {
    char *name;    /* owned */
    char **levels; /* owned, as is each; in the order of the file; at least two */
    size_t level_count;
    size_t *of_variant; /* owned; variant_count: the level of each */
};

#define ABP_FACTORS_MAX 4

struct abp_schedule {
    int present;                 /* 0: no [schedule] section */
    struct abp_date start;       /* year 0: not named */
    unsigned days;               /* bit 0 = Monday ... bit 6 = Sunday; all when not named */
    struct abp_wall_time *times; /* owned, ascending, distinct */
    size_t time_count;
    struct abp_date *blackout; /* owned, ascending, distinct; days with no post */
    size_t blackout_count;
    int64_t min_gap;      /* seconds between posts of one channel; 0 default */
    int64_t max_lateness; /* seconds; default 3600 */
    int64_t max_posts;    /* 0: no limit */
    long line;            /* of its section */
};

struct abp_guardrail {
    struct abp_sum metric;
    double limit; /* "unfollows <= 5%": broken when the variant's rise over the baseline exceeds it,
                     as a share: 0.05 */
};

enum abp_after { ABP_AFTER_STOP, ABP_AFTER_REPEAT_WINNER };
enum abp_allocation { ABP_BALANCED, ABP_TOP_TWO };

struct abp_decision {
    enum abp_family family;           /* ABP_FAMILY_DEFAULT: by the data */
    double confidence;                /* (0.5, 1), default 0.95 */
    double alpha;                     /* (0, 0.5), default 0.05 */
    double min_lift;                  /* >= 0, default 0 */
    double rope;                      /* > 0, default 0.05 */
    int64_t min_posts;                /* per variant, default 6 */
    double value;                     /* of one unit of outcome; NaN: not named */
    int review;                       /* 1: only approved posts go out (default 1) */
    enum abp_after after;             /* default ABP_AFTER_STOP */
    enum abp_allocation allocation;   /* default ABP_BALANCED */
    int learn;                        /* default 0 */
    struct abp_guardrail *guardrails; /* owned */
    size_t guardrail_count;
    long guardrail_line; /* 0: no such key */
    /* prior scales of model.md, > 0; NaN: the family's default */
    double mu_sd, lift_sd, channel_sd, interaction_sd, slot_sd, dispersion_sd;
    double prior_a, prior_b; /* "prior = 0.5 0.5"; NaN: default */
};

/* [import]: column names of historic data. */
struct abp_import {
    int present;
    long line;      /* of its section */
    char *file;     /* resolved against the experiment file's folder */
    char separator; /* one byte; 0: found from the header */
    char *variant, *channel, *slot, *time, *block, *experiment; /* columns */
    struct abp_sum outcome;
    struct abp_sum exposure;
    struct abp_names required, missing;
};

struct abp_experiment {
    char *name; /* the file's name without folder and .ini */
    char *path; /* as the caller named it */
    char *hypothesis;
    struct abp_names channels;
    struct abp_sum outcome, exposure; /* platform metrics; speak for posts abpost made */
    long outcome_line, exposure_line; /* 0: no such key */
    int64_t horizon;                  /* seconds; default 48 h */
    char *baseline;                   /* NULL: not named */
    struct abp_schedule schedule;
    struct abp_variant *variants; /* owned, in file order; none: the values found in the data */
    size_t variant_count;
    struct abp_factor *factors; /* owned, in the order of the file; none: variants as they are */
    size_t factor_count;        /* at most ABP_FACTORS_MAX */
    struct abp_decision decision;
    struct abp_import import;
};

/* Reads one experiment file: a [schedule] with two variants or more that have posts, or an
 * [import], or both. ws may be NULL (a file outside any workspace: then `channels` are not checked
 * against it). Failures as in abp_workspace_read. */
int abp_experiment_read(struct abp_experiment *experiment, const char *path,
                        const struct abp_workspace *ws, struct abp_mistakes *mistakes,
                        struct abp_error *err) ABP_MUST_CHECK;
void abp_experiment_release(struct abp_experiment *experiment);

/* The family that its numbers are evaluated with: the one that is named, else the default. */
enum abp_family abp_experiment_family(const struct abp_experiment *experiment);

#endif
