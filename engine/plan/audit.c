/* What was posted against what was drawn. */
#include "abpost/plan.h"

#include "abpost/fisher.h"
#include "abpost/made.h"

#include <string.h>

#define LATE        600  /* seconds */
#define SIGNIFICANT 0.01 /* shared among the variants */

/* NULL: the file does not name it. */
static struct abp_audit_row *row_of(struct abp_audit_row *rows, size_t count, const char *variant)
{
    for (size_t v = 0; v < count; v++)
        if (strcmp(rows[v].variant, variant) == 0)
            return &rows[v];
    return NULL;
}

static void count_post(struct abp_audit_row *row, const struct abp_planned *post)
{
    size_t *const counts[ABP_POST_STATE_COUNT] = {
        [ABP_PLANNED] = &row->planned, [ABP_SENDING] = &row->planned,
        [ABP_UNKNOWN] = &row->unknown, [ABP_POSTED] = &row->posted,
        [ABP_HANDED] = &row->handed,   [ABP_REFUSED] = &row->refused,
        [ABP_MISSED] = &row->missed,   [ABP_EMPTY] = &row->empty,
        [ABP_REDRAWN] = &row->redrawn, [ABP_CANCELLED] = &row->cancelled,
    };
    row->drawn++;
    ++*counts[post->state];
    row->late += post->state == ABP_POSTED && post->posted_at > post->due_at + LATE;
}

static int count_planned(struct abp_audit_row *rows, size_t count, struct abp_store *store,
                         const char *experiment, struct abp_error *err)
{
    struct abp_planned_list list;
    struct abp_planned_filter filter = {.experiment = experiment};
    if (abp_outbox_list(&list, store, &filter, err) != 0)
        return -1;
    for (size_t i = 0; i < list.count; i++) {
        struct abp_audit_row *row = row_of(rows, count, list.list[i].variant);
        if (row)
            count_post(row, &list.list[i]);
    }
    abp_planned_list_release(&list);
    return 0;
}

static int count_made(struct abp_audit_row *rows, size_t count, struct abp_store *store,
                      const char *experiment, struct abp_error *err)
{
    struct abp_made_list list;
    if (abp_made_list_read(&list, store, experiment, NULL, 0, err) != 0)
        return -1;
    for (size_t i = 0; i < list.count; i++) {
        struct abp_audit_row *row = row_of(rows, count, list.list[i].variant);
        if (!row)
            continue;
        row->edited += list.list[i].edited_at != 0;
        row->deleted += list.list[i].deleted_at != 0;
    }
    abp_made_list_release(&list);
    return 0;
}

static size_t out_of(const struct abp_audit_row *row)
{
    return row->posted + row->handed;
}

static size_t kept_back(const struct abp_audit_row *row)
{
    return row->missed + row->empty + row->refused;
}

int abp_plan_audit(struct abp_audit_row *rows, int *uneven, struct abp_store *store,
                   const struct abp_experiment *experiment, struct abp_error *err)
{
    size_t count = experiment->variant_count, out = 0, back = 0;
    memset(rows, 0, count * sizeof *rows);
    *uneven = 0;
    for (size_t v = 0; v < count; v++)
        rows[v].variant = experiment->variants[v].name;
    if (count_planned(rows, count, store, experiment->name, err) != 0 ||
        count_made(rows, count, store, experiment->name, err) != 0)
        return -1;
    for (size_t v = 0; v < count; v++) {
        out += out_of(&rows[v]);
        back += kept_back(&rows[v]);
    }
    for (size_t v = 0; v < count; v++) {
        rows[v].p = abp_fisher_p(out_of(&rows[v]), kept_back(&rows[v]), out - out_of(&rows[v]),
                                 back - kept_back(&rows[v]));
        *uneven |= rows[v].p < SIGNIFICANT / (double)count;
    }
    return 0;
}
