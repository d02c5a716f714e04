/* What an experiment file has to satisfy as a whole. */
#include "config/experiment.h"

#include "abpost/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct checking {
    const struct abp_experiment *e;
    const struct abp_ini *ini;
    const struct abp_workspace *ws; /* may be NULL */
    struct abp_mistake_log *log;
};

/* The line of a key, or 0. */
static long line_of(const struct checking *c, const char *kind, const char *key)
{
    return abp_ini_line_of(c->ini, kind, key);
}

/* Logs each of the keys (ended by NULL) that the section lacks. why: "" or " (...)" */
static void require(const struct checking *c, const char *kind, const char *const *keys, long line,
                    const char *why)
{
    for (; *keys; keys++)
        if (!line_of(c, kind, *keys))
            abp_log_add(c->log, line, "[%s] has no %s%s", kind, *keys, why);
}

static void check_baseline(const struct checking *c)
{
    const struct abp_experiment *e = c->e;
    char shown[ABP_SHOWN_SIZE], hint[ABP_HINT_SIZE];
    if (!e->baseline || e->variant_count == 0 || c->ini->lost_sections)
        return;
    const char **names = malloc(e->variant_count * sizeof *names);
    int found = 0;
    for (size_t i = 0; names && i < e->variant_count; i++) {
        names[i] = e->variants[i].name;
        found |= strcmp(names[i], e->baseline) == 0;
    }
    if (!names)
        c->log->no_memory = 1;
    else if (!found)
        abp_log_add(c->log, line_of(c, "experiment", "baseline"),
                    "baseline: '%s' is no [variant ...] of this file; accepted is one of them%s",
                    abp_shown(shown, e->baseline),
                    abp_hint(hint, e->baseline, names, e->variant_count));
    free(names);
}

static void check_channels(const struct checking *c)
{
    const struct abp_names *channels = &c->e->channels;
    char shown[ABP_SHOWN_SIZE], hint[ABP_HINT_SIZE];
    size_t count = c->ws ? c->ws->channel_count : 0;
    const char **names = malloc((count + 1) * sizeof *names);
    if (!names) {
        c->log->no_memory = 1;
        return;
    }
    for (size_t i = 0; i < count; i++)
        names[i] = c->ws->channels[i].name;
    for (size_t i = 0; c->ws && i < channels->count; i++) {
        size_t j = 0;
        while (j < count && strcmp(names[j], channels->list[i]) != 0)
            j++;
        if (j == count)
            abp_log_add(c->log, line_of(c, "experiment", "channels"),
                        "channels: '%s' is no [channel ...] of the workspace; accepted are those "
                        "of %s%s",
                        abp_shown(shown, channels->list[i]), c->ws->path,
                        abp_hint(hint, channels->list[i], names, count));
    }
    free(names);
}

static void check_variants(const struct checking *c)
{
    const struct abp_experiment *e = c->e;
    char shown[ABP_SHOWN_SIZE];
    if (e->variant_count == 1 && !c->ini->lost_sections)
        abp_log_add(c->log, e->variants[0].line,
                    "only one [variant ...]; accepted are two or more, or none where [import] "
                    "brings them");
    for (size_t i = 0; e->schedule.present && i < c->ini->section_count; i++) {
        const struct abp_ini_section *s = &c->ini->sections[i];
        if (s->kind == &abp_experiment_schema.kinds[ABP_KIND_VARIANT] &&
            !abp_ini_line(c->ini, s, "posts"))
            abp_log_add(c->log, s->line, "[variant %s] has no posts, which [schedule] needs",
                        abp_shown(shown, s->name));
    }
}

static void check_schedule(const struct checking *c)
{
    static const char *const keys[] = {"times", NULL};
    static const char *const experiment_keys[] = {"channels", "outcome", NULL};
    const struct abp_experiment *e = c->e;
    const struct abp_ini_section *first = abp_ini_section(c->ini, "experiment");
    if (!e->schedule.present) {
        if (!e->import.present && !c->ini->lost_sections)
            abp_log_add(c->log, 0,
                        "there is nothing to learn from; accepted is a [schedule] with two or "
                        "more [variant NAME], or an [import], or both");
        return;
    }
    require(c, "schedule", keys, e->schedule.line, "; accepted is times = 09:00 18:30");
    require(c, "experiment", experiment_keys, first ? first->line : 0, ", which [schedule] needs");
    if (e->variant_count == 0 && !c->ini->lost_sections)
        abp_log_add(c->log, e->schedule.line,
                    "[schedule] without variants; accepted are two or more [variant NAME]");
    if (e->schedule.max_posts > 0 && (size_t)e->schedule.max_posts < e->variant_count)
        abp_log_add(c->log, line_of(c, "schedule", "max_posts"),
                    "max_posts: fewer than the %zu variants, so that no block is ever whole; "
                    "accepted is that number at least",
                    e->variant_count);
}

static void check_import(const struct checking *c)
{
    static const char *const keys[] = {"file", "variant", "outcome", NULL};
    if (c->e->import.present)
        require(c, "import", keys, c->e->import.line, ", which it needs");
}

/* Priors of models that the family is not. */
static void check_priors(const struct checking *c, int conjugate)
{
    static const char *const scales[] = {"mu_sd",   "lift_sd",       "channel_sd", "interaction_sd",
                                         "slot_sd", "dispersion_sd", NULL};
    const char *family = abp_family_name(c->e->decision.family);
    for (const char *const *key = scales; conjugate && *key; key++) {
        long line = line_of(c, "decision", *key);
        if (line)
            abp_log_add(c->log, line,
                        "%s: %s has no such term; accepted is prior = 0.5 0.5, or another family",
                        *key, family);
    }
    long line = line_of(c, "decision", "prior");
    if (line && !conjugate)
        abp_log_add(c->log, line,
                    "prior: only of binomial and poisson; accepted are mu_sd, lift_sd, channel_sd, "
                    "interaction_sd, slot_sd and dispersion_sd, or one of these families");
}

/* 1: the key is not there, or as good as not there ("none"); 0 when it is, even when it was
 * refused. */
static int lacks(const struct checking *c, const char *kind, const char *key, size_t count)
{
    long line = line_of(c, kind, key);
    int refused = 0;
    for (size_t i = c->log->first; line && i < c->log->mistakes->count; i++)
        refused |= c->log->mistakes->list[i].line == line;
    return count == 0 && !refused;
}

/* Weights that make fractions of what is counted in whole numbers. */
static void check_weights(const struct checking *c, const char *kind, const char *key,
                          const struct abp_sum *sum)
{
    enum abp_family family = abp_experiment_family(c->e);
    char shown[ABP_SHOWN_SIZE];
    for (size_t t = 0; t < sum->count; t++) {
        double weight = sum->terms[t].weight;
        if (weight >= floor(weight) && weight <= floor(weight))
            continue;
        abp_log_add(c->log, line_of(c, kind, key),
                    "%s: %.15g*%s gives fractions, and family %s%s counts in whole numbers; "
                    "accepted are whole weights (all of them times the same number compare the "
                    "same), or for amounts above 0 family = lognormal",
                    key, fabs(weight), abp_shown(shown, sum->terms[t].name),
                    abp_family_name(family),
                    c->e->decision.family == ABP_FAMILY_DEFAULT ? " (the default)" : "");
        return;
    }
}

static int is_same_sum(const struct abp_sum *a, const struct abp_sum *b)
{
    for (size_t t = 0; t < a->count && a->count == b->count; t++)
        if (strcmp(a->terms[t].name, b->terms[t].name) != 0 ||
            fabs(a->terms[t].weight - b->terms[t].weight) > 0.0)
            return 0;
    return a->count == b->count;
}

static void check_exposure(const struct checking *c, const char *kind,
                           const struct abp_sum *exposure, const struct abp_sum *outcome)
{
    if (exposure->count && is_same_sum(exposure, outcome))
        abp_log_add(c->log, line_of(c, kind, "exposure"),
                    "exposure: the same as outcome, so that every post would do equally well; "
                    "accepted is what the outcome is a part of, such as impressions, or none");
}

static void check_counts(const struct checking *c)
{
    const struct abp_experiment *e = c->e;
    enum abp_family family = abp_experiment_family(e);
    if (!abp_family_counts(family))
        return;
    if (e->schedule.present)
        check_weights(c, "experiment", "outcome", &e->outcome);
    if (e->import.present)
        check_weights(c, "import", "outcome", &e->import.outcome);
    if (!abp_family_counts_exposure(family))
        return;
    if (e->schedule.present)
        check_weights(c, "experiment", "exposure", &e->exposure);
    if (e->import.present)
        check_weights(c, "import", "exposure", &e->import.exposure);
}

static void check_family(const struct checking *c)
{
    const struct abp_experiment *e = c->e;
    enum abp_family family = e->decision.family;
    long line = line_of(c, "decision", "family");
    int conjugate = family == ABP_POISSON || family == ABP_BINOMIAL;
    if (line && family == ABP_FAMILY_DEFAULT)
        return; /* not understood, and logged as such */
    check_priors(c, conjugate);
    check_counts(c);
    check_exposure(c, "experiment", &e->exposure, &e->outcome);
    check_exposure(c, "import", &e->import.exposure, &e->import.outcome);
    if (family != ABP_BETABINOMIAL && family != ABP_BINOMIAL)
        return;
    const char *name = abp_family_name(family);
    if (e->schedule.present && lacks(c, "experiment", "exposure", e->exposure.count))
        abp_log_add(c->log, line,
                    "family: %s needs an exposure; accepted is one in [experiment], such as "
                    "exposure = impressions",
                    name);
    if (e->import.present && lacks(c, "import", "exposure", e->import.exposure.count))
        abp_log_add(c->log, line,
                    "family: %s needs an exposure; accepted is a column of it in [import]", name);
}

void abp_experiment_check(const struct abp_experiment *experiment, const struct abp_ini *ini,
                          const struct abp_workspace *ws, struct abp_mistake_log *log)
{
    struct checking c = {experiment, ini, ws, log};
    check_baseline(&c);
    check_channels(&c);
    check_variants(&c);
    check_schedule(&c);
    check_import(&c);
    check_family(&c);
}
