#include "abpost/servers.h"

#include <stdlib.h>
#include <string.h>

#define MOST_THREADS 16 /* they wait for servers, not for processors */

struct group {
    const struct abp_channel **channels; /* owned; borrowed pointers */
    size_t count;
};

struct work {
    const struct abp_servers *in; /* borrowed */
    struct group *groups;         /* owned */
    size_t count, next;           /* next: the first group that nobody has begun */
    int ended;                    /* 1: `serve` wants no more */
    struct abp_error failed;      /* code ABP_OK: none */
};

static int same_server(const struct abp_channel *a, const struct abp_channel *b)
{
    return a->platform == b->platform &&
           strcmp(a->server ? a->server : "", b->server ? b->server : "") == 0;
}

static int is_over(const struct work *w)
{
    return w->ended || w->failed.code != ABP_OK || (w->in->env->stop && *w->in->env->stop);
}

static void serve_channel(struct work *w, const struct abp_channel *channel, struct abp_http *http)
{
    struct abp_connection connection;
    struct abp_error why = {0};
    int rc = abp_connection_open(&connection, channel, http, w->in->root, w->in->env->now,
                                 w->in->env->context, &why);
    w->ended |= w->in->serve(w->in->context, rc == 0 ? &connection : NULL, channel, &why) != 0;
    if (rc == 0)
        abp_connection_close(&connection);
}

static void serve_group(struct work *w, const struct group *group)
{
    const struct abp_http_factory *factory = w->in->env->http;
    struct abp_http *http = NULL;
    struct abp_error err = {0};
    if (factory && factory->open(&http, factory->context, &err) != 0) {
        w->failed = err;
        return;
    }
    for (size_t i = 0; i < group->count && !is_over(w); i++)
        serve_channel(w, group->channels[i], http);
    if (http)
        http->close(http);
}

static void *run(void *context)
{
    struct work *w = context;
    pthread_mutex_lock(w->in->lock);
    while (w->next < w->count && !is_over(w)) {
        size_t at = w->next++;
        serve_group(w, &w->groups[at]);
    }
    pthread_mutex_unlock(w->in->lock);
    return NULL;
}

static int add_channel(struct work *w, const struct abp_channel *channel, struct abp_error *err)
{
    size_t at = 0;
    while (at < w->count && !same_server(w->groups[at].channels[0], channel))
        at++;
    struct group *group = &w->groups[at];
    const struct abp_channel **grown = realloc(group->channels, (group->count + 1) * sizeof *grown);
    if (!grown)
        return abp_fail_memory(err);
    group->channels = grown;
    grown[group->count++] = channel;
    w->count += at == w->count;
    return 0;
}

static int make_groups(struct work *w, struct abp_error *err)
{
    w->groups = calloc(w->in->channel_count + 1, sizeof *w->groups);
    if (!w->groups)
        return abp_fail_memory(err);
    for (size_t i = 0; i < w->in->channel_count; i++)
        if (w->in->wanted[i] && add_channel(w, &w->in->channels[i], err) != 0)
            return -1;
    return 0;
}

static int run_all(struct work *w, struct abp_error *err)
{
    pthread_t threads[MOST_THREADS];
    size_t started = 0, useful = w->count < MOST_THREADS ? w->count : MOST_THREADS;
    /* The last one is this thread. */
    while (started + 1 < useful && pthread_create(&threads[started], NULL, run, w) == 0)
        started++;
    run(w);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    if (w->failed.code == ABP_OK)
        return 0;
    *err = w->failed;
    return -1;
}

int abp_servers_each(const struct abp_servers *servers, struct abp_error *err)
{
    struct work w = {.in = servers};
    int rc = make_groups(&w, err);
    if (rc == 0 && w.count)
        rc = run_all(&w, err);
    for (size_t i = 0; w.groups && i < w.count; i++)
        free(w.groups[i].channels);
    free(w.groups);
    return rc;
}
