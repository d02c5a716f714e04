/* Both readers of INI files over the same bytes. Beyond not crashing: a file is either accepted
 * without a mistake or refused with at least one, every mistake is UTF-8 with a line of the file,
 * in order, and reading twice says the same. */
#include "abpost/config.h"
#include "abpost/text.h"
#include "config/files.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void must(int condition)
{
    if (!condition)
        abort();
}

static void check(int rc, const struct abp_error *err, const struct abp_mistakes *mistakes,
                  const uint8_t *data, size_t size)
{
    long lines = 1;
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    must(rc == 0 ? mistakes->count == 0 : mistakes->count > 0 && err->code == ABP_DATA);
    must(mistakes->count <= ABP_MISTAKES_MAX + 1);
    for (size_t i = 0; i < mistakes->count; i++) {
        const struct abp_mistake *m = &mistakes->list[i];
        int last = i == ABP_MISTAKES_MAX;
        must(m->line >= 0 && m->line <= lines);
        must(i == 0 || last || m->line >= m[-1].line);
        must(m->message[0] &&
             abp_utf8_invalid_at(m->message, strlen(m->message)) == strlen(m->message));
    }
}

static void check_same(const struct abp_mistakes *a, const struct abp_mistakes *b)
{
    must(a->count == b->count);
    for (size_t i = 0; i < a->count; i++)
        must(a->list[i].line == b->list[i].line &&
             strcmp(a->list[i].message, b->list[i].message) == 0);
}

static void read_workspace(const uint8_t *data, size_t size, struct abp_mistakes *mistakes)
{
    struct abp_workspace ws;
    struct abp_error err = {0};
    int rc = abp_workspace_parse(&ws, "abpost.ini", "/w/abpost.ini", (const char *)data, size,
                                 mistakes, &err);
    check(rc, &err, mistakes, data, size);
    must(rc == 0 ? ws.database && ws.timezone : !ws.path && !ws.channels);
    abp_workspace_release(&ws);
}

static void read_experiment(const uint8_t *data, size_t size, struct abp_mistakes *mistakes)
{
    struct abp_experiment e;
    struct abp_error err = {0};
    int rc = abp_experiment_parse(&e, "experiments/x.ini", (const char *)data, size, NULL, mistakes,
                                  &err);
    check(rc, &err, mistakes, data, size);
    must(rc == 0 ? e.schedule.present || e.import.present : !e.name && !e.variants);
    abp_experiment_release(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct abp_mistakes mistakes[4] = {{0}};
    read_workspace(data, size, &mistakes[0]);
    read_workspace(data, size, &mistakes[1]);
    check_same(&mistakes[0], &mistakes[1]);
    read_experiment(data, size, &mistakes[2]);
    read_experiment(data, size, &mistakes[3]);
    check_same(&mistakes[2], &mistakes[3]);
    for (int i = 0; i < 4; i++)
        abp_mistakes_release(&mistakes[i]);
    return 0;
}
