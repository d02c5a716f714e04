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

/* A standard deviation of a prior; without: what holds where it is not named. */
#define SD_KEY(key_name, what, without)                                                            \
    {                                                                                              \
        .name = #key_name, .read = abp_read_number,                                                \
        .offset = offsetof(struct abp_decision, key_name), .accepted = SD_WORDS, .min = 0,         \
        .max = 100, .bounds = ABP_INI_ABOVE_MIN, .meaning = "the prior's scale of " what,          \
        .absent = (without)                                                                        \
    }
/* A column with one role; without: what holds where it is not named. */
#define COLUMN_KEY(key_name, what, without)                                                        \
    {                                                                                              \
        .name = #key_name, .comments = ABP_INI_OPEN, .read = abp_read_column,                      \
        .offset = offsetof(struct abp_import, key_name), .accepted = ONE_COLUMN,                   \
        .meaning = "the column with " what, .absent = (without)                                    \
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
     .accepted = "a sentence",
     .meaning = "what you expect, as one sentence; it stands above the results",
     .absent = "none"},
    {.name = "channels",
     .read = abp_read_channels,
     .offset = offsetof(struct abp_experiment, channels),
     .accepted = "names of channels, each once, separated by commas",
     .meaning = "the [channel ...] sections of abpost.ini that it posts to",
     .absent = "none; [schedule] needs it",
     .example = "channels = bluesky, mastodon"},
    {.name = "outcome",
     .read = abp_read_metrics,
     .offset = offsetof(struct abp_experiment, outcome),
     .accepted = METRIC_WORDS,
     .meaning =
         "what counts as success of posts that abpost made; bluesky and mastodon tell likes, "
         "reposts, replies and quotes, any other number is yours to bring (abpost help import)",
     .absent = "none; [schedule] needs it"},
    {.name = "exposure",
     .read = abp_read_metrics_or_none,
     .offset = offsetof(struct abp_experiment, exposure),
     .accepted = METRIC_WORDS ", or none",
     .meaning = "what the outcome is a rate of, such as how often a post was seen",
     .preset = "none",
     .absent = "none: counts per post",
     .example = "exposure = impressions"},
    {.name = "horizon",
     .read = abp_read_duration,
     .offset = offsetof(struct abp_experiment, horizon),
     .accepted = "a length of time from 1m to 365d, such as 48h",
     .min = 60,
     .max = 365 * DAY,
     .meaning = "the age at which a post is read, the same for all",
     .preset = "48h"},
    {.name = "baseline",
     .comments = ABP_INI_OPEN,
     .read = abp_read_text,
     .offset = offsetof(struct abp_experiment, baseline),
     .accepted = "the name of a variant",
     .meaning = "the variant that the others are compared with",
     .absent = "the first [variant], or the first in the data"},
};

static const struct abp_ini_key schedule_keys[] = {
    {.name = "start",
     .read = abp_read_date,
     .offset = offsetof(struct abp_schedule, start),
     .accepted = "a day from 2000 to 2199, such as 2026-12-01",
     .meaning = "the first day with a post",
     .absent = "at once"},
    {.name = "days",
     .read = abp_read_days,
     .offset = offsetof(struct abp_schedule, days),
     .accepted = "days of the week, each once: mon tue wed thu fri sat sun",
     .meaning = "the days of the week with posts",
     .preset = "mon tue wed thu fri sat sun",
     .absent = "every day"},
    {.name = "times",
     .read = abp_read_times,
     .accepted = "times of day, each once, such as 09:00 18:30",
     .meaning = "the slots of a day, in the workspace's time zone; each takes one post of a "
                "channel at most",
     .absent = "none; [schedule] needs it"},
    {.name = "min_gap",
     .read = abp_read_duration,
     .offset = offsetof(struct abp_schedule, min_gap),
     .accepted = "a length of time from 0m to 30d, such as 4h",
     .max = 30 * DAY,
     .meaning =
         "the least time between two posts of one channel, whichever experiment they belong to",
     .preset = "0m"},
    {.name = "blackout",
     .read = abp_read_blackout,
     .accepted = "days from 2000 to 2199, such as 2026-12-25 or 2026-12-24..2027-01-02, at most "
                 "3660",
     .meaning = "days without posts",
     .absent = "none",
     .example = "blackout = 2026-12-24..2027-01-02, 2027-05-01"},
    {.name = "max_posts",
     .read = abp_read_integer,
     .offset = offsetof(struct abp_schedule, max_posts),
     .accepted = "a whole number from 1 to 100000",
     .min = 1,
     .max = 100000,
     .meaning = "the number of posts, over all channels, after which the experiment ends",
     .absent = "no limit"},
    {.name = "max_lateness",
     .read = abp_read_duration,
     .offset = offsetof(struct abp_schedule, max_lateness),
     .accepted = "a length of time from 1m to 7d, such as 1h",
     .min = 60,
     .max = 7 * DAY,
     .meaning =
         "how late a post may go out; beyond that its slot is missed, and its block is drawn again",
     .preset = "1h"},
};

static const struct abp_ini_key variant_keys[] = {
    {.name = "posts",
     .comments = ABP_INI_OPEN,
     .read = abp_read_glob,
     .offset = offsetof(struct abp_variant, posts),
     .accepted = "the files of the posts, such as posts/story/*.txt",
     .meaning = "the style's post files, from the workspace's folder on; files of one name in two "
                "variants are one topic",
     .absent = "none; [schedule] needs it"},
    {.name = "cost",
     .read = abp_read_number,
     .offset = offsetof(struct abp_variant, cost),
     .accepted = "a number from 0 to 1e9",
     .max = 1e9,
     .meaning = "what one post of it costs you, in the units of value",
     .absent = "not counted"},
};

/* Read by experiment_factors.c, which sees all variants at once. */
static const struct abp_ini_key factor_key = {
    .name = "factor",
    .accepted = "a factor that every [variant] has, such as media = photo",
    .meaning = "any other word is a factor: what the style is put together from, in words of your "
               "own; at most 4",
    .absent = "none: styles are compared as they are",
    .example = "media = photo"};

static const struct abp_ini_key decision_keys[] = {
    {.name = "family",
     .read = read_family,
     .offset = offsetof(struct abp_decision, family),
     .accepted = "negbinomial, poisson-lognormal, betabinomial, lognormal, poisson or binomial",
     .meaning =
         "how the outcome varies from post to post: counts (negbinomial; poisson-lognormal with "
         "rarer, larger surprises), rates of an exposure (betabinomial), amounts (lognormal); "
         "poisson and binomial only where single people, not posts, were assigned at random",
     .absent = "negbinomial; with an exposure betabinomial"},
    {.name = "confidence",
     .read = abp_read_share,
     .offset = offsetof(struct abp_decision, confidence),
     .accepted = "a share above 50% and below 100%, such as 95% or 0.95",
     .min = 0.5,
     .max = 1,
     .bounds = ABP_INI_ABOVE_MIN | ABP_INI_BELOW_MAX,
     .meaning = "how sure the numbers have to be before a verdict",
     .preset = "95%"},
    {.name = "alpha",
     .read = abp_read_share,
     .offset = offsetof(struct abp_decision, alpha),
     .accepted = "a share above 0% and below 50%, such as 5% or 0.05",
     .min = 0,
     .max = 0.5,
     .bounds = ABP_INI_ABOVE_MIN | ABP_INI_BELOW_MAX,
     .meaning = "the chance that the guard ever calls a style a winner that changes nothing",
     .preset = "5%"},
    {.name = "min_lift",
     .read = abp_read_share,
     .offset = offsetof(struct abp_decision, min_lift),
     .accepted = "a share from 0% to 1000%, such as 5% or 0.05",
     .max = 10,
     .meaning = "how much better than the baseline a style must be to be repeated, and how much "
                "worse to be dropped",
     .preset = "0%"},
    {.name = "rope",
     .read = abp_read_share,
     .offset = offsetof(struct abp_decision, rope),
     .accepted = "a share above 0% and below 100%, such as 5% or 0.05",
     .min = 0,
     .max = 1,
     .bounds = ABP_INI_ABOVE_MIN | ABP_INI_BELOW_MAX,
     .meaning = "the difference below which two styles count as the same",
     .preset = "5%"},
    {.name = "min_posts",
     .read = abp_read_integer,
     .offset = offsetof(struct abp_decision, min_posts),
     .accepted = "a whole number from 1 to 100000",
     .min = 1,
     .max = 100000,
     .meaning = "the posts with a reading that a style and the baseline each need before a verdict",
     .preset = "6"},
    {.name = "value",
     .read = abp_read_number,
     .offset = offsetof(struct abp_decision, value),
     .accepted = "a number above 0 and up to 1e9",
     .min = 0,
     .max = 1e9,
     .bounds = ABP_INI_ABOVE_MIN,
     .meaning = "what one unit of the outcome is worth to you; less the cost of a variant it is "
                "the net value of a post",
     .absent = "not counted"},
    {.name = "guardrail",
     .read = abp_read_guardrails,
     .accepted = "METRIC <= SHARE, such as unfollows <= 5% (at most 1000%), several separated by "
                 "commas; a metric is " METRIC_WORDS,
     .meaning = "numbers that must not rise: a style that surely raises one by more than that "
                "share over the baseline is dropped",
     .absent = "none"},
    {.name = "review",
     .read = abp_read_yes_no,
     .offset = offsetof(struct abp_decision, review),
     .accepted = "yes or no",
     .meaning = "whether only post files with 'status: approved' go out",
     .preset = "yes"},
    {.name = "after",
     .read = read_after,
     .offset = offsetof(struct abp_decision, after),
     .accepted = "stop or repeat-winner",
     .meaning = "what follows when every style has its verdict: no more posts, or the winner in "
                "three of four blocks and the test going on in the fourth",
     .preset = "stop"},
    {.name = "allocation",
     .read = read_allocation,
     .offset = offsetof(struct abp_decision, allocation),
     .accepted = "balanced or top-two",
     .meaning = "how many posts each style gets: all the same, or (top-two) the more the likelier "
                "it is the best",
     .preset = "balanced"},
    {.name = "learn",
     .read = abp_read_yes_no,
     .offset = offsetof(struct abp_decision, learn),
     .accepted = "yes or no",
     .meaning = "whether how much styles usually differ is learned from other experiments with the "
                "same outcome",
     .preset = "no"},
    SD_KEY(mu_sd, "how far the level of all posts lies from the data's own, in logarithms", "2.5"),
    SD_KEY(lift_sd, "how far styles differ, in logarithms of their ratios", "0.5"),
    SD_KEY(channel_sd, "how far channels differ", "1"),
    SD_KEY(interaction_sd, "how far a style's ratio differs from channel to channel", "0.25"),
    SD_KEY(slot_sd, "how far times of the week differ", "0.5"),
    SD_KEY(dispersion_sd, "how far posts of one style differ", "1; of betabinomial 0.5"),
    {.name = "prior",
     .read = read_prior,
     .accepted = "two numbers above 0 and up to 1e6, such as 0.5 0.5",
     .meaning = "the two parameters of the prior; of the families binomial and poisson alone",
     .absent = "0.5 0.5; of poisson 0.5 0"},
};

static const struct abp_ini_key import_keys[] = {
    {.name = "file",
     .comments = ABP_INI_OPEN,
     .read = abp_read_path,
     .offset = offsetof(struct abp_import, file),
     .accepted = "a CSV file's path, absolute or from this file's folder",
     .meaning = "the file with the data: a line of column names, then a row each post",
     .absent = "none; [import] needs it"},
    {.name = "separator",
     .comments = ABP_INI_SEPARATOR,
     .read = read_separator,
     .offset = offsetof(struct abp_import, separator),
     .accepted = ", or ; or | or : or tab",
     .meaning = "what stands between two columns",
     .absent = "as the file's first line shows"},
    COLUMN_KEY(variant, "the name of the variant", "none; [import] needs it"),
    COLUMN_KEY(channel, "the channel: an account, a place, an author", "none: all posts share one"),
    COLUMN_KEY(slot, "the time of the week, in words of your own", "none: all posts share one"),
    COLUMN_KEY(time, "when it was posted: 2019-02-22 20:30 (UTC), or 2019-02-22T20:30:00+01:00",
               "none: nothing is said of weeks or of fading"),
    COLUMN_KEY(block,
               "the posts that were put in random order together; with it the data counts as "
               "randomised, and the guard is computed",
               "none: no verdict is stronger than leaning"),
    COLUMN_KEY(experiment, "the name of the experiment, where the file holds several",
               "none: the file is one experiment"),
    {.name = "outcome",
     .read = abp_read_columns,
     .offset = offsetof(struct abp_import, outcome),
     .accepted = COLUMN_WORDS,
     .meaning = "the columns that count as success, added up",
     .absent = "none; [import] needs it"},
    {.name = "exposure",
     .read = abp_read_columns_or_none,
     .offset = offsetof(struct abp_import, exposure),
     .accepted = COLUMN_WORDS ", or none",
     .meaning = "the columns that the outcome is a rate of",
     .preset = "none",
     .absent = "none: counts per post"},
    {.name = "required",
     .comments = ABP_INI_OPEN,
     .read = abp_read_names,
     .offset = offsetof(struct abp_import, required),
     .accepted = "names of columns, each once, separated by commas",
     .meaning = "columns that a reading takes: a row without one of them is a missing reading",
     .absent = "none",
     .example = "required = likes, comments"},
    {.name = "missing",
     .comments = ABP_INI_OPEN,
     .read = abp_read_names,
     .offset = offsetof(struct abp_import, missing),
     .accepted = "what stands for a missing reading, each once, separated by commas: NA, N/A",
     .meaning = "what stands for a missing reading, besides an empty cell; it is left out and "
                "never read as zero",
     .absent = "nothing else"},
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct abp_ini_kind kinds[ABP_KIND_COUNT] = {
    [ABP_KIND_EXPERIMENT] = {.name = "experiment",
                             .keys = experiment_keys,
                             .key_count = COUNT(experiment_keys),
                             .meaning = "What is asked. outcome and exposure speak of posts that "
                                        "abpost makes; [import] has its own."},
    [ABP_KIND_SCHEDULE] = {.name = "schedule",
                           .keys = schedule_keys,
                           .key_count = COUNT(schedule_keys),
                           .meaning = "When abpost posts. A block is one post of every variant, in "
                                      "random order, over the next slots of one channel."},
    [ABP_KIND_VARIANT] = {.name = "variant",
                          .named = 1,
                          .keys = variant_keys,
                          .key_count = COUNT(variant_keys),
                          .others = &factor_key,
                          .meaning = "A style; a section each, two at least. Where [import] brings "
                                     "the data there need be none: then the variants are those of "
                                     "the data."},
    [ABP_KIND_DECISION] = {.name = "decision",
                           .keys = decision_keys,
                           .key_count = COUNT(decision_keys),
                           .meaning = "What a verdict takes, and what follows."},
    [ABP_KIND_IMPORT] = {.name = "import",
                         .keys = import_keys,
                         .key_count = COUNT(import_keys),
                         .meaning = "Posts that were made already, in a CSV file: which column is "
                                    "what."},
};

const struct abp_ini_schema abp_experiment_schema = {kinds, ABP_KIND_COUNT};
