#include "abpost/reference.h"

#include "config/experiment.h"
#include "config/ini.h"
#include "config/post_scan.h"

static const struct abp_ini_schema *schema_of(enum abp_reference_file file)
{
    return file == ABP_REFERENCE_WORKSPACE ? &abp_workspace_schema : &abp_experiment_schema;
}

int abp_reference_section(struct abp_reference_section *section, enum abp_reference_file file,
                          size_t i)
{
    const struct abp_ini_schema *schema = schema_of(file);
    if (i >= (file == ABP_REFERENCE_POST ? 1 : schema->kind_count))
        return 0;
    if (file == ABP_REFERENCE_POST)
        *section = (struct abp_reference_section){.name = "", .meaning = ""};
    else
        *section = (struct abp_reference_section){.name = schema->kinds[i].name,
                                                  .named = schema->kinds[i].named,
                                                  .meaning = schema->kinds[i].meaning};
    return 1;
}

static int header(struct abp_reference_key *key, size_t i)
{
    if (i >= ABP_HEADER_COUNT)
        return 0;
    const struct abp_header_key *from = abp_header_key((enum abp_header)i);
    *key = (struct abp_reference_key){.name = from->name,
                                      .meaning = from->meaning,
                                      .accepted = from->accepted,
                                      .preset = from->preset,
                                      .absent = from->absent,
                                      .example = from->example};
    return 1;
}

int abp_reference_key(struct abp_reference_key *key, enum abp_reference_file file, size_t s,
                      size_t i)
{
    if (file == ABP_REFERENCE_POST)
        return s == 0 && header(key, i);
    const struct abp_ini_schema *schema = schema_of(file);
    const struct abp_ini_kind *kind = s < schema->kind_count ? &schema->kinds[s] : NULL;
    if (!kind || i > kind->key_count)
        return 0;
    const struct abp_ini_key *from = i < kind->key_count ? &kind->keys[i] : kind->others;
    if (!from)
        return 0;
    *key = (struct abp_reference_key){.name = from == kind->others ? NULL : from->name,
                                      .meaning = from->meaning,
                                      .accepted = from->accepted,
                                      .preset = from->preset,
                                      .absent = from->absent,
                                      .example = from->example};
    return 1;
}
