#include "config/experiment.h"

#include "config/files.h"
#include "config/load.h"
#include "config/value.h"

#include "abpost/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void release_import(struct abp_import *import)
{
    free(import->file);
    free(import->variant);
    free(import->channel);
    free(import->slot);
    free(import->time);
    free(import->block);
    free(import->experiment);
    abp_sum_release(&import->outcome);
    abp_sum_release(&import->exposure);
    abp_names_release(&import->required);
    abp_names_release(&import->missing);
}

void abp_experiment_release(struct abp_experiment *experiment)
{
    if (!experiment)
        return;
    free(experiment->name);
    free(experiment->path);
    free(experiment->hypothesis);
    free(experiment->baseline);
    abp_names_release(&experiment->channels);
    abp_sum_release(&experiment->outcome);
    abp_sum_release(&experiment->exposure);
    free(experiment->schedule.times);
    free(experiment->schedule.blackout);
    for (size_t i = 0; i < experiment->variant_count; i++) {
        free(experiment->variants[i].name);
        free(experiment->variants[i].posts);
    }
    free(experiment->variants);
    abp_factors_release(experiment);
    abp_guardrails_release(&experiment->decision);
    release_import(&experiment->import);
    memset(experiment, 0, sizeof *experiment);
}

enum abp_family abp_experiment_family(const struct abp_experiment *experiment)
{
    size_t terms =
        experiment->import.present ? experiment->import.exposure.count : experiment->exposure.count;
    if (experiment->decision.family != ABP_FAMILY_DEFAULT)
        return experiment->decision.family;
    return terms ? ABP_BETABINOMIAL : ABP_NEGBINOMIAL;
}

/* What holds where a key is absent. */
static void set_defaults(struct abp_experiment *e)
{
    memset(e, 0, sizeof *e);
    e->horizon = 48 * 3600;
    e->schedule.days = 0x7Fu;
    e->schedule.max_lateness = 3600;
    e->decision = (struct abp_decision){.confidence = 0.95,
                                        .alpha = 0.05,
                                        .rope = 0.05,
                                        .min_posts = 6,
                                        .value = NAN,
                                        .review = 1,
                                        .mu_sd = NAN,
                                        .lift_sd = NAN,
                                        .channel_sd = NAN,
                                        .interaction_sd = NAN,
                                        .slot_sd = NAN,
                                        .dispersion_sd = NAN,
                                        .prior_a = NAN,
                                        .prior_b = NAN};
}

/* The file's name without folder and .ini; refused when nothing is left or it can't be printed. */
static void read_name(struct abp_experiment *e, const char *path, struct abp_mistake_log *log)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t len = strlen(name);
    int printable = abp_utf8_invalid_at(name, len) == len;
    if (len >= 4 && strcmp(name + len - 4, ".ini") == 0)
        len -= 4;
    for (size_t i = 0; i < len; i++)
        printable &= (unsigned char)name[i] >= 0x20u && (unsigned char)name[i] != 0x7Fu;
    if (len == 0 || !printable)
        abp_log_add(log, 0, "the file's name can't be an experiment's; accepted is NAME.ini");
    e->name = abp_strndup(name, len);
    e->path = abp_strdup(path);
    if (!e->name || !e->path)
        log->no_memory = 1;
}

static void read_variant(struct abp_experiment *e, const struct abp_ini *ini,
                         const struct abp_ini_section *s, const char *folder,
                         struct abp_mistake_log *log)
{
    struct abp_variant *list = realloc(e->variants, (e->variant_count + 1) * sizeof *list);
    if (!list) {
        log->no_memory = 1;
        return;
    }
    e->variants = list;
    struct abp_variant *variant = &list[e->variant_count++];
    *variant = (struct abp_variant){.name = abp_strdup(s->name), .cost = NAN, .line = s->line};
    if (!variant->name)
        log->no_memory = 1;
    abp_ini_fill(ini, s, variant, folder, log);
}

static void fill(struct abp_experiment *e, const struct abp_ini *ini, const char *folder,
                 struct abp_mistake_log *log)
{
    for (size_t i = 0; i < ini->section_count; i++) {
        const struct abp_ini_section *s = &ini->sections[i];
        switch ((enum abp_experiment_kind)(s->kind - abp_experiment_schema.kinds)) {
        case ABP_KIND_EXPERIMENT:
            abp_ini_fill(ini, s, e, folder, log);
            break;
        case ABP_KIND_SCHEDULE:
            e->schedule.present = 1;
            e->schedule.line = e->schedule.line ? e->schedule.line : s->line;
            abp_ini_fill(ini, s, &e->schedule, folder, log);
            break;
        case ABP_KIND_VARIANT:
            read_variant(e, ini, s, folder, log);
            break;
        case ABP_KIND_DECISION:
            abp_ini_fill(ini, s, &e->decision, folder, log);
            break;
        case ABP_KIND_IMPORT:
            e->import.present = 1;
            e->import.line = e->import.line ? e->import.line : s->line;
            abp_ini_fill(ini, s, &e->import, folder, log);
            break;
        case ABP_KIND_COUNT:
            break;
        }
    }
}

int abp_experiment_parse(struct abp_experiment *experiment, const char *path, const char *text,
                         size_t len, const struct abp_workspace *ws, struct abp_mistakes *mistakes,
                         struct abp_error *err)
{
    struct abp_mistake_log log;
    struct abp_ini ini;
    char *folder = abp_folder_of(path);
    if (!folder) {
        memset(experiment, 0, sizeof *experiment);
        return abp_fail_memory(err);
    }
    set_defaults(experiment);
    abp_log_begin(&log, mistakes, path);
    read_name(experiment, path, &log);
    abp_ini_parse(&ini, &abp_experiment_schema, text, len, &log);
    fill(experiment, &ini, folder, &log);
    experiment->outcome_line = abp_ini_line_of(&ini, "experiment", "outcome");
    experiment->exposure_line = abp_ini_line_of(&ini, "experiment", "exposure");
    experiment->decision.guardrail_line = abp_ini_line_of(&ini, "decision", "guardrail");
    abp_factors_read(experiment, &ini, &log);
    if (!log.no_memory)
        abp_experiment_check(experiment, &ini, ws, &log);
    abp_ini_release(&ini);
    free(folder);
    int rc = abp_log_end(&log, err);
    if (rc != 0)
        abp_experiment_release(experiment);
    return rc;
}

int abp_experiment_read(struct abp_experiment *experiment, const char *path,
                        const struct abp_workspace *ws, struct abp_mistakes *mistakes,
                        struct abp_error *err)
{
    struct abp_mistake_log log;
    struct abp_buffer text;
    memset(experiment, 0, sizeof *experiment);
    abp_log_begin(&log, mistakes, path);
    abp_buffer_init(&text, ABP_INI_FILE_MAX);
    int rc = abp_file_load(&text, path, ABP_INI_FILE_MAX, "an INI file", &log, err);
    if (rc != 0 && log.found > 0)
        rc = abp_log_end(&log, err);
    else if (rc == 0)
        rc = abp_experiment_parse(experiment, path, abp_buffer_text(&text), text.len, ws, mistakes,
                                  err);
    abp_buffer_release(&text);
    return rc;
}
