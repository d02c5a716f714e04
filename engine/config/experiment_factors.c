/* The factors of an experiment's variants: what all the [variant NAME] sections say together. */
#include "config/experiment.h"
#include "config/value.h"

#include "abpost/text.h"

#include <stdlib.h>
#include <string.h>

struct reading {
    struct abp_experiment *e; /* borrowed, as are the others */
    const struct abp_ini *ini;
    struct abp_mistake_log *log;
    const struct abp_ini_section **sections; /* owned; of each variant */
    size_t wrong;                            /* mistakes of the factors so far */
};

#define NO_LEVEL ((size_t)-1)

void abp_factors_release(struct abp_experiment *e)
{
    for (size_t f = 0; f < e->factor_count; f++) {
        struct abp_factor *factor = &e->factors[f];
        for (size_t l = 0; l < factor->level_count; l++)
            free(factor->levels[l]);
        free(factor->levels);
        free(factor->of_variant);
        free(factor->name);
    }
    free(e->factors);
    e->factors = NULL;
    e->factor_count = 0;
}

/* ---- taking them in ---- */

static struct abp_factor *find_factor(const struct reading *r, const char *name)
{
    for (size_t f = 0; f < r->e->factor_count; f++)
        if (strcmp(r->e->factors[f].name, name) == 0)
            return &r->e->factors[f];
    return NULL;
}

static struct abp_factor *add_factor(struct reading *r, const char *name)
{
    struct abp_experiment *e = r->e;
    struct abp_factor *list = realloc(e->factors, (e->factor_count + 1) * sizeof *list);
    if (list)
        e->factors = list;
    char *copy = abp_strdup(name);
    size_t *levels = calloc(e->variant_count, sizeof *levels);
    if (!list || !copy || !levels) {
        free(copy);
        free(levels);
        r->log->no_memory = 1;
        return NULL;
    }
    for (size_t v = 0; v < e->variant_count; v++)
        levels[v] = NO_LEVEL;
    list[e->factor_count] = (struct abp_factor){.name = copy, .of_variant = levels};
    return &list[e->factor_count++];
}

/* The number of that level, which is added when it is new. */
static size_t take_level(struct reading *r, struct abp_factor *factor, const char *name)
{
    for (size_t l = 0; l < factor->level_count; l++)
        if (strcmp(factor->levels[l], name) == 0)
            return l;
    char **list = realloc(factor->levels, (factor->level_count + 1) * sizeof *list);
    if (list)
        factor->levels = list;
    char *copy = abp_strdup(name);
    if (!list || !copy) {
        free(copy);
        r->log->no_memory = 1;
        return NO_LEVEL;
    }
    list[factor->level_count] = copy;
    return factor->level_count++;
}

static void take_entry(struct reading *r, size_t variant, const struct abp_ini_entry *entry)
{
    char shown[ABP_SHOWN_SIZE];
    struct abp_factor *factor = find_factor(r, entry->name);
    if (!factor && r->e->factor_count == ABP_FACTORS_MAX) {
        r->wrong++;
        abp_log_add(r->log, entry->line, "%s: a factor too many; accepted are at most %d",
                    abp_shown(shown, entry->name), ABP_FACTORS_MAX);
        return;
    }
    if (!factor && !(factor = add_factor(r, entry->name)))
        return;
    if (!entry->text) {
        r->wrong++; /* and logged where it was read */
        return;
    }
    if (!abp_is_channel_name(entry->text)) {
        r->wrong++;
        abp_log_add(r->log, entry->line,
                    "%s: '%s' is no level; accepted is one word of letters, digits, _ - and .",
                    entry->name, abp_shown(shown, entry->text));
        return;
    }
    factor->of_variant[variant] = take_level(r, factor, entry->text);
}

/* ---- what has to hold ---- */

static const struct abp_ini_entry *entry_of(const struct reading *r, size_t variant,
                                            const char *factor)
{
    const struct abp_ini_section *s = r->sections[variant];
    for (size_t i = s->first; i < s->first + s->count; i++)
        if (r->ini->entries[i].name && strcmp(r->ini->entries[i].name, factor) == 0)
            return &r->ini->entries[i];
    return NULL;
}

/* The line where a factor stands first. */
static long first_line(const struct reading *r, const struct abp_factor *factor)
{
    const struct abp_ini_entry *entry = NULL;
    for (size_t v = 0; !entry && v < r->e->variant_count; v++)
        entry = entry_of(r, v, factor->name);
    return entry ? entry->line : 0;
}

/* Every variant has it. */
static void check_complete(struct reading *r, const struct abp_factor *factor)
{
    char shown[ABP_SHOWN_SIZE];
    size_t found = 0;
    for (size_t v = 0; v < r->e->variant_count; v++)
        found += entry_of(r, v, factor->name) != NULL;
    if (found == r->e->variant_count)
        return;
    r->wrong++;
    if (found == 1) {
        abp_log_add(r->log, first_line(r, factor),
                    "%s: is in no other [variant]; accepted are posts, cost and a factor that "
                    "every [variant] has",
                    factor->name);
        return;
    }
    for (size_t v = 0; v < r->e->variant_count; v++)
        if (!entry_of(r, v, factor->name))
            abp_log_add(r->log, r->e->variants[v].line,
                        "[variant %s] has no %s; accepted is a factor that every [variant] has",
                        abp_shown(shown, r->e->variants[v].name), factor->name);
}

static void check_levels(struct reading *r, const struct abp_factor *factor)
{
    if (factor->level_count > 1)
        return;
    r->wrong++;
    abp_log_add(r->log, first_line(r, factor),
                "%s: is %s in every [variant]; accepted are two levels or more", factor->name,
                factor->level_count ? factor->levels[0] : "the same");
}

/* Two factors that part the variants in the same way can't be told apart by any data. */
static void check_apart(struct reading *r, const struct abp_factor *a, const struct abp_factor *b)
{
    size_t count = r->e->variant_count;
    for (size_t v = 0; v < count; v++)
        for (size_t w = 0; w < v; w++)
            if ((a->of_variant[v] == a->of_variant[w]) != (b->of_variant[v] == b->of_variant[w]))
                return;
    r->wrong++;
    abp_log_add(r->log, first_line(r, b),
                "%s: changes exactly where %s does, so nothing could tell the two apart; accepted "
                "is a [variant] more that changes one of them alone",
                b->name, a->name);
}

static int same_levels(const struct abp_experiment *e, size_t v, size_t w)
{
    for (size_t f = 0; f < e->factor_count; f++)
        if (e->factors[f].of_variant[v] != e->factors[f].of_variant[w])
            return 0;
    return 1;
}

static void check_distinct(struct reading *r)
{
    const struct abp_experiment *e = r->e;
    char shown[ABP_SHOWN_SIZE], other[ABP_SHOWN_SIZE];
    for (size_t v = 1; v < e->variant_count; v++)
        for (size_t w = 0; w < v; w++) {
            if (!same_levels(e, v, w))
                continue;
            abp_log_add(r->log, e->variants[v].line,
                        "[variant %s] has every level of [variant %s]; accepted are variants that "
                        "differ in a factor",
                        abp_shown(shown, e->variants[v].name),
                        abp_shown(other, e->variants[w].name));
            break;
        }
}

static void check_model(struct reading *r)
{
    enum abp_family family = r->e->decision.family;
    if (family == ABP_POISSON || family == ABP_BINOMIAL)
        abp_log_add(r->log, first_line(r, &r->e->factors[0]),
                    "%s: %s knows no factors; accepted is another family", r->e->factors[0].name,
                    abp_family_name(family));
}

static void check(struct reading *r)
{
    const struct abp_experiment *e = r->e;
    for (size_t f = 0; f < e->factor_count; f++)
        check_complete(r, &e->factors[f]);
    if (r->wrong) /* then what follows would speak of levels that are not there */
        return;
    for (size_t f = 0; f < e->factor_count; f++)
        check_levels(r, &e->factors[f]);
    for (size_t f = 1; r->wrong == 0 && f < e->factor_count; f++)
        for (size_t g = 0; g < f; g++)
            check_apart(r, &e->factors[g], &e->factors[f]);
    check_distinct(r);
    check_model(r);
}

void abp_factors_read(struct abp_experiment *experiment, const struct abp_ini *ini,
                      struct abp_mistake_log *log)
{
    struct reading r = {.e = experiment, .ini = ini, .log = log};
    size_t variant = 0;
    r.sections = calloc(experiment->variant_count + 1, sizeof *r.sections);
    if (!r.sections) {
        log->no_memory = 1;
        return;
    }
    for (size_t i = 0; i < ini->section_count && variant < experiment->variant_count; i++)
        if (ini->sections[i].kind == &abp_experiment_schema.kinds[ABP_KIND_VARIANT])
            r.sections[variant++] = &ini->sections[i];
    for (size_t v = 0; v < variant; v++)
        for (size_t i = r.sections[v]->first; i < r.sections[v]->first + r.sections[v]->count; i++)
            if (ini->entries[i].name && !abp_log_full(log))
                take_entry(&r, v, &ini->entries[i]);
    if (experiment->factor_count && variant == experiment->variant_count && !ini->lost_sections &&
        !abp_log_full(log) && !log->no_memory)
        check(&r);
    free(r.sections);
}
