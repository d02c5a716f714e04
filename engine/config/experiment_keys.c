/* The keys of an experiment file: one table a section. */
#include "config/experiment.h"
#include "config/value.h"

#include "abpost/text.h"

#include <string.h>

#define HOUR 3600.0
#define DAY  (24 * HOUR)

#define METRIC_WORDS "a sum of metrics such as replies + 3*likes (other names in \"double quotes\")"
#define COLUMN_WORDS                                                                               \
    "a column, or a sum of columns such as likes + 3*comments (names with other characters than "  \
    "letters, digits, _ . and single blanks in \"double quotes\")"
#define ONE_COLUMN "the name of one column"
#define SD_WORDS   "a number above 0 and up to 100"

/* A standard deviation of a prior. */
#define SD_KEY(key_name)                                                                           \
    {                                                                                              \
        .name = #key_name, .read = abp_read_number,                                                \
        .offset = offsetof(struct abp_decision, key_name), .accepted = SD_WORDS, .min = 0,         \
        .max = 100, .bounds = ABP_INI_ABOVE_MIN                                                    \
    }
/* A column with one role. */
#define COLUMN_KEY(key_name)                                                                       \
    {                                                                                              \
        .name = #key_name, .comments = ABP_INI_OPEN, .read = abp_read_column,                      \
        .offset = offsetof(struct abp_import, key_name), .accepted = ONE_COLUMN                    \
    }

static void read_family(void *field, const struct abp_ini_value *value)
{
    const char *names[ABP_FAMILY_COUNT - 1];
    for (int f = 1; f < ABP_FAMILY_COUNT; f++)
        names[f - 1] = abp_family_name((enum abp_family)f);
    size_t i = abp_value_choice(value, names, ABP_FAMILY_COUNT - 1);
    if (i < ABP_FAMILY_COUNT - 1)
        *(enum abp_family *)field = (enum abp_family)(i + 1);
}

static void read_after(void *field, const struct abp_ini_value *value)
{
    static const char *const names[] = {"stop", "repeat-winner"};
    size_t i = abp_value_choice(value, names, 2);
    if (i < 2)
        *(enum abp_after *)field = i == 0 ? ABP_AFTER_STOP : ABP_AFTER_REPEAT_WINNER;
}

static void read_allocation(void *field, const struct abp_ini_value *value)
{
    static const char *const names[] = {"balanced", "top-two"};
    size_t i = abp_value_choice(value, names, 2);
    if (i < 2)
        *(enum abp_allocation *)field = i == 0 ? ABP_BALANCED : ABP_TOP_TWO;
}

/* "0.5 0.5" */
static void read_prior(void *field, const struct abp_ini_value *value)
{
    struct abp_decision *decision = field;
    char first[32];
    double a, b;
    size_t len = strcspn(value->text, " \t");
    const char *second = value->text + len + strspn(value->text + len, " \t");
    if (len < sizeof first) {
        memcpy(first, value->text, len);
        first[len] = '\0';
    }
    if (len >= sizeof first || abp_parse_double(first, &a) != 0 ||
        abp_parse_double(second, &b) != 0 || !(a > 0 && a <= 1e6 && b > 0 && b <= 1e6)) {
        abp_value_refuse_text(value, "is no prior", "");
        return;
    }
    decision->prior_a = a;
    decision->prior_b = b;
}

static void read_separator(void *field, const struct abp_ini_value *value)
{
    const char *text = value->text;
    if (strcmp(text, "tab") == 0)
        *(char *)field = '\t';
    else if (text[0] && !text[1] && strchr(",;|:", text[0]))
        *(char *)field = text[0];
    else
        abp_value_refuse_text(value, "is no separator", "");
}

static const struct abp_ini_key experiment_keys[] = {
    {.name = "hypothesis",
     .comments = ABP_INI_FREE,
     .read = abp_read_text,
     .offset = offsetof(struct abp_experiment, hypothesis),
     .accepted = "a sentence"},
    {.name = "channels",
     .read = abp_read_channels,
     .offset = offsetof(struct abp_experiment, channels),
     .accepted = "names of channels, each once, separated by commas"},
    {.name = "outcome",
     .read = abp_read_metrics,
     .offset = offsetof(struct abp_experiment, outcome),
     .accepted = METRIC_WORDS},
    {.name = "exposure",
     .read = abp_read_metrics_or_none,
     .offset = offsetof(struct abp_experiment, exposure),
     .accepted = METRIC_WORDS ", or none"},
    {.name = "horizon",
     .read = abp_read_duration,
     .offset = offsetof(struct abp_experiment, horizon),
     .accepted = "a length of time from 1m to 365d, such as 48h",
     .min = 60,
     .max = 365 * DAY},
    {.name = "baseline",
     .comments = ABP_INI_OPEN,
     .read = abp_read_text,
     .offset = offsetof(struct abp_experiment, baseline),
     .accepted = "the name of a variant"},
};

static const struct abp_ini_key schedule_keys[] = {
    {.name = "start",
     .read = abp_read_date,
     .offset = offsetof(struct abp_schedule, start),
     .accepted = "a day from 2000 to 2199, such as 2026-12-01"},
    {.name = "days",
     .read = abp_read_days,
     .offset = offsetof(struct abp_schedule, days),
     .accepted = "days of the week, each once: mon tue wed thu fri sat sun"},
    {.name = "times",
     .read = abp_read_times,
     .accepted = "times of day, each once, such as 09:00 18:30"},
    {.name = "min_gap",
     .read = abp_read_duration,
     .offset = offsetof(struct abp_schedule, min_gap),
     .accepted = "a length of time from 0m to 30d, such as 4h",
     .max = 30 * DAY},
    {.name = "blackout",
     .read = abp_read_blackout,
     .accepted = "days from 2000 to 2199, such as 2026-12-25 or 2026-12-24..2027-01-02, at most "
                 "3660"},
    {.name = "max_posts",
     .read = abp_read_integer,
     .offset = offsetof(struct abp_schedule, max_posts),
     .accepted = "a whole number from 1 to 100000",
     .min = 1,
     .max = 100000},
    {.name = "max_lateness",
     .read = abp_read_duration,
     .offset = offsetof(struct abp_schedule, max_lateness),
     .accepted = "a length of time from 1m to 7d, such as 1h",
     .min = 60,
     .max = 7 * DAY},
};

static const struct abp_ini_key variant_keys[] = {
    {.name = "posts",
     .comments = ABP_INI_OPEN,
     .read = abp_read_glob,
     .offset = offsetof(struct abp_variant, posts),
     .accepted = "the files of the posts, such as posts/story/*.txt"},
    {.name = "cost",
     .read = abp_read_number,
     .offset = offsetof(struct abp_variant, cost),
     .accepted = "a number from 0 to 1e9",
     .max = 1e9},
};

/* Read by experiment_factors.c, which sees all variants at once. */
static const struct abp_ini_key factor_key = {
    .name = "factor", .accepted = "a factor that every [variant] has, such as media = photo"};

static const struct abp_ini_key decision_keys[] = {
    {.name = "family",
     .read = read_family,
     .offset = offsetof(struct abp_decision, family),
     .accepted = "negbinomial, poisson-lognormal, betabinomial, lognormal, poisson or binomial"},
    {.name = "confidence",
     .read = abp_read_share,
     .offset = offsetof(struct abp_decision, confidence),
     .accepted = "a share above 50% and below 100%, such as 95% or 0.95",
     .min = 0.5,
     .max = 1,
     .bounds = ABP_INI_ABOVE_MIN | ABP_INI_BELOW_MAX},
    {.name = "alpha",
     .read = abp_read_share,
     .offset = offsetof(struct abp_decision, alpha),
     .accepted = "a share above 0% and below 50%, such as 5% or 0.05",
     .min = 0,
     .max = 0.5,
     .bounds = ABP_INI_ABOVE_MIN | ABP_INI_BELOW_MAX},
    {.name = "min_lift",
     .read = abp_read_share,
     .offset = offsetof(struct abp_decision, min_lift),
     .accepted = "a share from 0% to 1000%, such as 5% or 0.05",
     .max = 10},
    {.name = "rope",
     .read = abp_read_share,
     .offset = offsetof(struct abp_decision, rope),
     .accepted = "a share above 0% and below 100%, such as 5% or 0.05",
     .min = 0,
     .max = 1,
     .bounds = ABP_INI_ABOVE_MIN | ABP_INI_BELOW_MAX},
    {.name = "min_posts",
     .read = abp_read_integer,
     .offset = offsetof(struct abp_decision, min_posts),
     .accepted = "a whole number from 1 to 100000",
     .min = 1,
     .max = 100000},
    {.name = "value",
     .read = abp_read_number,
     .offset = offsetof(struct abp_decision, value),
     .accepted = "a number above 0 and up to 1e9",
     .min = 0,
     .max = 1e9,
     .bounds = ABP_INI_ABOVE_MIN},
    {.name = "guardrail",
     .read = abp_read_guardrails,
     .accepted = "METRIC <= SHARE, such as unfollows <= 5% (at most 1000%), several separated by "
                 "commas; a metric is " METRIC_WORDS},
    {.name = "review",
     .read = abp_read_yes_no,
     .offset = offsetof(struct abp_decision, review),
     .accepted = "yes or no"},
    {.name = "after",
     .read = read_after,
     .offset = offsetof(struct abp_decision, after),
     .accepted = "stop or repeat-winner"},
    {.name = "allocation",
     .read = read_allocation,
     .offset = offsetof(struct abp_decision, allocation),
     .accepted = "balanced or top-two"},
    {.name = "learn",
     .read = abp_read_yes_no,
     .offset = offsetof(struct abp_decision, learn),
     .accepted = "yes or no"},
    SD_KEY(mu_sd),
    SD_KEY(lift_sd),
    SD_KEY(channel_sd),
    SD_KEY(interaction_sd),
    SD_KEY(slot_sd),
    SD_KEY(dispersion_sd),
    {.name = "prior",
     .read = read_prior,
     .accepted = "two numbers above 0 and up to 1e6, such as 0.5 0.5"},
};

static const struct abp_ini_key import_keys[] = {
    {.name = "file",
     .comments = ABP_INI_OPEN,
     .read = abp_read_path,
     .offset = offsetof(struct abp_import, file),
     .accepted = "a CSV file's path, absolute or from this file's folder"},
    {.name = "separator",
     .comments = ABP_INI_SEPARATOR,
     .read = read_separator,
     .offset = offsetof(struct abp_import, separator),
     .accepted = ", or ; or | or : or tab"},
    COLUMN_KEY(variant),
    COLUMN_KEY(channel),
    COLUMN_KEY(slot),
    COLUMN_KEY(time),
    COLUMN_KEY(block),
    COLUMN_KEY(experiment),
    {.name = "outcome",
     .read = abp_read_columns,
     .offset = offsetof(struct abp_import, outcome),
     .accepted = COLUMN_WORDS},
    {.name = "exposure",
     .read = abp_read_columns_or_none,
     .offset = offsetof(struct abp_import, exposure),
     .accepted = COLUMN_WORDS ", or none"},
    {.name = "required",
     .comments = ABP_INI_OPEN,
     .read = abp_read_names,
     .offset = offsetof(struct abp_import, required),
     .accepted = "names of columns, each once, separated by commas"},
    {.name = "missing",
     .comments = ABP_INI_OPEN,
     .read = abp_read_names,
     .offset = offsetof(struct abp_import, missing),
     .accepted = "what stands for a missing reading, each once, separated by commas: NA, N/A"},
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct abp_ini_kind kinds[ABP_KIND_COUNT] = {
    [ABP_KIND_EXPERIMENT] = {"experiment", 0, experiment_keys, COUNT(experiment_keys), NULL},
    [ABP_KIND_SCHEDULE] = {"schedule", 0, schedule_keys, COUNT(schedule_keys), NULL},
    [ABP_KIND_VARIANT] = {"variant", 1, variant_keys, COUNT(variant_keys), &factor_key},
    [ABP_KIND_DECISION] = {"decision", 0, decision_keys, COUNT(decision_keys), NULL},
    [ABP_KIND_IMPORT] = {"import", 0, import_keys, COUNT(import_keys), NULL},
};

const struct abp_ini_schema abp_experiment_schema = {kinds, ABP_KIND_COUNT};
