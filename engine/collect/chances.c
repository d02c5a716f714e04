#include "collect/chances.h"

#include "store/intern.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A design as JSON; NULL for a block that was shuffled. */
static json_t *parse(const char *design)
{
    return design && design[0] == '{' ? json_loads(design, JSON_REJECT_DUPLICATES, NULL) : NULL;
}

static int name_styles(struct abp_intern *styles, const char *design, struct abp_error *err)
{
    json_t *object = parse(design), *value;
    const char *name;
    uint32_t index;
    int rc = 0;
    if (design[0] == '{' && !object)
        return abp_fail(err, ABP_DATA, "the design of a block can't be read: %.200s", design);
    json_object_foreach(object, name, value) if (rc == 0) rc =
        abp_intern(&index, styles, name, err);
    json_decref(object);
    return rc;
}

static int fill_row(double *row, struct abp_intern *styles, const char *design,
                    struct abp_error *err)
{
    json_t *object = parse(design), *value;
    const char *name;
    uint32_t index = 0;
    int rc = 0;
    for (size_t v = 0; v < styles->names.count; v++)
        row[v] = object ? 0.0 : NAN;
    json_object_foreach(object, name, value)
    {
        if (rc == 0 && (rc = abp_intern(&index, styles, name, err)) == 0)
            row[index] = json_number_value(value);
    }
    json_decref(object);
    return rc;
}

int collect_chances(struct abp_posts *posts, const char *const *designs, struct abp_error *err)
{
    struct abp_intern styles = {0};
    int rc = 0;
    for (size_t i = 0; i < posts->count && rc == 0; i++)
        rc = name_styles(&styles, designs[i], err);
    size_t count = styles.names.count;
    if (rc == 0 && count) {
        posts->chance = calloc(posts->count * count, sizeof *posts->chance);
        rc = posts->chance ? 0 : abp_fail_memory(err);
    }
    for (size_t i = 0; i < posts->count && rc == 0 && count; i++)
        rc = fill_row(&posts->chance[i * count], &styles, designs[i], err);
    posts->chances = styles.names;
    memset(&styles.names, 0, sizeof styles.names);
    abp_intern_release(&styles);
    return rc;
}
