#include "collect/layout.h"

#include "abpost/buffer.h"
#include "abpost/digest.h"
#include "abpost/text.h"

#include <stdlib.h>
#include <string.h>

static const char *const role_keys[ABP_ROLE_COUNT] = {
    [ABP_ROLE_VARIANT] = "variant", [ABP_ROLE_CHANNEL] = "channel",
    [ABP_ROLE_SLOT] = "slot",       [ABP_ROLE_BLOCK] = "block",
    [ABP_ROLE_TIME] = "time",       [ABP_ROLE_EXPERIMENT] = "experiment",
};

/* ---- from the experiment file ---- */

static void add_metrics(struct abp_layout *layout, const struct abp_sum *sum)
{
    for (size_t t = 0; t < sum->count; t++) {
        size_t i = 0;
        while (i < layout->metric_count && strcmp(layout->metrics[i], sum->terms[t].name) != 0)
            i++;
        if (i == layout->metric_count)
            layout->metrics[layout->metric_count++] = sum->terms[t].name;
    }
}

static int make_metrics(struct abp_layout *layout, struct abp_error *err)
{
    const struct abp_import *import = &layout->experiment->import;
    const struct abp_decision *decision = &layout->experiment->decision;
    size_t most = import->outcome.count + import->exposure.count + 1;
    for (size_t i = 0; i < decision->guardrail_count; i++)
        most += decision->guardrails[i].metric.count;
    layout->metric_count = 0;
    layout->metrics = calloc(most, sizeof *layout->metrics);
    layout->metric_columns = calloc(most, sizeof *layout->metric_columns);
    if (!layout->metrics || !layout->metric_columns)
        return abp_fail_memory(err);
    add_metrics(layout, &import->outcome);
    add_metrics(layout, &import->exposure);
    layout->needed_count = layout->metric_count;
    for (size_t i = 0; i < decision->guardrail_count; i++)
        add_metrics(layout, &decision->guardrails[i].metric);
    return 0;
}

int abp_layout_init(struct abp_layout *layout, const struct abp_experiment *experiment,
                    struct abp_error *err)
{
    const struct abp_import *import = &experiment->import;
    layout->experiment = experiment;
    layout->names[ABP_ROLE_VARIANT] = import->variant;
    layout->names[ABP_ROLE_CHANNEL] = import->channel;
    layout->names[ABP_ROLE_SLOT] = import->slot;
    layout->names[ABP_ROLE_BLOCK] = import->block;
    layout->names[ABP_ROLE_EXPERIMENT] = import->experiment;
    layout->names[ABP_ROLE_TIME] = import->time;
    layout->required = calloc(import->required.count + 1, sizeof *layout->required);
    layout->variants = calloc(experiment->variant_count + 1, sizeof *layout->variants);
    if (!layout->required || !layout->variants)
        return abp_fail_memory(err);
    for (size_t i = 0; i < experiment->variant_count; i++)
        layout->variants[i] = experiment->variants[i].name;
    return make_metrics(layout, err);
}

void abp_layout_release(struct abp_layout *layout)
{
    for (size_t i = 0; i < layout->header_count; i++)
        free(layout->header[i]);
    free(layout->header);
    free(layout->metrics);
    free(layout->metric_columns);
    free(layout->required);
    free(layout->variants);
    memset(layout, 0, sizeof *layout);
}

/* ---- in the header ---- */

struct search {
    const char *const *header; /* borrowed */
    size_t count;
    const char *file;              /* borrowed */
    long line;                     /* of the header */
    char separator;                /* that [import] names; 0: none, it was found */
    struct abp_mistakes *mistakes; /* borrowed */
    size_t found;                  /* mistakes */
    size_t missing;                /* of them, columns that are not there */
    int no_memory;
};

static void note(struct search *search, int rc)
{
    search->found++;
    if (rc != 0)
        search->no_memory = 1;
}

/* The column of that name; key is what asks for it. */
static size_t find(struct search *search, const char *key, const char *name)
{
    char shown[ABP_SHOWN_SIZE], hint[ABP_HINT_SIZE];
    size_t found = ABP_NO_COLUMN;
    for (size_t i = 0; i < search->count; i++) {
        if (strcmp(search->header[i], name) != 0)
            continue;
        if (found != ABP_NO_COLUMN) {
            note(search, abp_mistakes_add(search->mistakes, search->file, search->line,
                                          "columns %zu and %zu are both called '%s', which '%s' "
                                          "names; rename one",
                                          found + 1, i + 1, abp_shown(shown, name), key));
            return found;
        }
        found = i;
    }
    if (found == ABP_NO_COLUMN) {
        search->missing++;
        note(search, abp_mistakes_add(search->mistakes, search->file, search->line,
                                      "no column '%s', which '%s' names%s", abp_shown(shown, name),
                                      key, abp_hint(hint, name, search->header, search->count)));
    }
    return found;
}

static const char *key_of_metric(const struct abp_layout *layout, size_t metric)
{
    const struct abp_sum *outcome = &layout->experiment->import.outcome;
    if (metric >= layout->needed_count)
        return "guardrail";
    for (size_t t = 0; t < outcome->count; t++)
        if (strcmp(outcome->terms[t].name, layout->metrics[metric]) == 0)
            return "outcome";
    return "exposure";
}

static void find_all(struct abp_layout *layout, struct search *search)
{
    for (size_t r = 0; r < ABP_ROLE_COUNT; r++)
        layout->columns[r] =
            layout->names[r] ? find(search, role_keys[r], layout->names[r]) : ABP_NO_COLUMN;
    for (size_t i = 0; i < layout->metric_count; i++)
        layout->metric_columns[i] = find(search, key_of_metric(layout, i), layout->metrics[i]);
    const struct abp_names *required = &layout->experiment->import.required;
    for (size_t i = 0; i < required->count; i++)
        layout->required[i] = find(search, "required", required->list[i]);
}

/* One column that is all of them: the separator is another. */
static void doubt_separator(struct search *search)
{
    if (search->separator && search->count == 1 &&
        abp_mistakes_add(search->mistakes, search->file, search->line,
                         "it is one column because of 'separator ='; without that key the "
                         "separator is found from this line") != 0)
        search->no_memory = 1;
}

/* After the columns that are not there: those that are. */
static void list_columns(struct search *search)
{
    char shown[ABP_SHOWN_SIZE];
    struct abp_buffer list;
    abp_buffer_init(&list, 800);
    size_t i = 0;
    while (i < search->count && list.len < 600) {
        if (abp_buffer_printf(&list, "%s%s", i ? ", " : "", abp_shown(shown, search->header[i])) !=
            0)
            search->no_memory = 1;
        i++;
    }
    if (abp_mistakes_add(search->mistakes, search->file, search->line, "its columns are: %s%s",
                         abp_buffer_text(&list), i < search->count ? ", ..." : "") != 0)
        search->no_memory = 1;
    abp_buffer_release(&list);
}

static int verdict(const struct search *search, size_t first, struct abp_error *err)
{
    if (search->no_memory)
        return abp_fail_memory(err);
    if (search->found == 0)
        return 0;
    const char *message = search->mistakes->list[first].message;
    if (search->found == 1)
        return abp_fail_at(err, ABP_DATA, search->file, search->line, "%s", message);
    return abp_fail_at(err, ABP_DATA, search->file, search->line, "%s (the first of %zu mistakes)",
                       message, search->found);
}

static int keep_header(struct abp_layout *layout, const struct abp_csv_record *header,
                       struct abp_error *err)
{
    layout->header_count = 0;
    layout->header = calloc(header->count, sizeof *layout->header);
    if (!layout->header)
        return abp_fail_memory(err);
    for (; layout->header_count < header->count; layout->header_count++) {
        char *name = abp_strdup(abp_trim(header->cells[layout->header_count].text));
        if (!name)
            return abp_fail_memory(err);
        layout->header[layout->header_count] = name;
    }
    return 0;
}

int abp_layout_find(struct abp_layout *layout, const struct abp_csv_record *header,
                    const char *file, struct abp_mistakes *mistakes, struct abp_error *err)
{
    size_t first = mistakes->count;
    if (keep_header(layout, header, err) != 0)
        return -1;
    struct search search = {.header = (const char *const *)layout->header,
                            .count = layout->header_count,
                            .file = file,
                            .line = header->line,
                            .separator = layout->experiment->import.separator,
                            .mistakes = mistakes};
    find_all(layout, &search);
    if (search.missing) {
        list_columns(&search);
        doubt_separator(&search);
    }
    return verdict(&search, first, err);
}

/* ---- what the facts depend on ---- */

static int hash_names(struct abp_digest *digest, const char *what, const char *const *list,
                      size_t count, struct abp_error *err)
{
    if (abp_digest_text(digest, what, err) != 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (abp_digest_text(digest, list[i], err) != 0)
            return -1;
    return abp_digest_text(digest, NULL, err);
}

/* A count is read more strictly than an amount (1.000 is refused), so that data read as amounts has
 * to be read again for a family that counts. Counts are what most files hold: they add nothing. */
static int hash_amounts(struct abp_digest *digest, const struct abp_experiment *experiment,
                        struct abp_error *err)
{
    enum abp_family family = abp_experiment_family(experiment);
    if (!abp_family_counts(family))
        return abp_digest_text(digest, "amounts", err);
    if (experiment->import.exposure.count && !abp_family_counts_exposure(family))
        return abp_digest_text(digest, "amounts of exposure", err);
    return 0;
}

int abp_layout_hash(char *hex, const struct abp_layout *layout, struct abp_error *err)
{
    const struct abp_import *import = &layout->experiment->import;
    const struct abp_names *required = &import->required, *missing = &import->missing;
    char separator[2] = {import->separator, '\0'};
    struct abp_digest *digest = NULL;
    int rc = -1;
    if (abp_digest_open(&digest, err) != 0)
        return -1;
    /* Weights are left out: readings are kept by column, and summed when they are used. */
    if (abp_digest_text(digest, "abpost import 1", err) == 0 &&
        abp_digest_text(digest, separator, err) == 0 &&
        hash_names(digest, "columns", layout->names, ABP_ROLE_COUNT, err) == 0 &&
        hash_names(digest, "needed", layout->metrics, layout->needed_count, err) == 0 &&
        hash_names(digest, "metrics", layout->metrics, layout->metric_count, err) == 0 &&
        hash_names(digest, "required", (const char *const *)required->list, required->count, err) ==
            0 &&
        hash_names(digest, "missing", (const char *const *)missing->list, missing->count, err) ==
            0 &&
        hash_names(digest, "variants", layout->variants, layout->experiment->variant_count, err) ==
            0 &&
        hash_amounts(digest, layout->experiment, err) == 0)
        rc = abp_digest_end(hex, digest, err);
    abp_digest_close(digest);
    return rc;
}
