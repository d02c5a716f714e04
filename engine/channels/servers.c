#include "abpost/servers.h"

#include <stdlib.h>
#include <string.h>

#define MOST_THREADS 16 /* they wait for servers, not for processors */

#define NO_GROUP SIZE_MAX

struct work {
    const struct abp_servers *in; /* borrowed */
    const size_t *group;          /* borrowed; channel_count: which server, NO_GROUP: not wanted */
    size_t count, next;           /* servers; the first that nobody has begun */
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

static void serve_group(struct work *w, size_t group)
{
    const struct abp_http_factory *factory = w->in->env->http;
    struct abp_http *http = NULL;
    struct abp_error err = {0};
    if (factory && factory->open(&http, factory->context, &err) != 0) {
        w->failed = err;
        return;
    }
    for (size_t i = 0; i < w->in->channel_count && !is_over(w); i++)
        if (w->group[i] == group)
            serve_channel(w, &w->in->channels[i], http);
    if (http)
        http->close(http);
}

static void *run(void *context)
{
    struct work *w = context;
    pthread_mutex_lock(w->in->lock);
    while (w->next < w->count && !is_over(w)) {
        size_t group = w->next++;
        serve_group(w, group);
    }
    pthread_mutex_unlock(w->in->lock);
    return NULL;
}

/* Numbers the servers of the wanted channels. Returns how many there are. */
static size_t number_servers(size_t *group, const struct abp_servers *in)
{
    size_t count = 0;
    for (size_t i = 0; i < in->channel_count; i++) {
        size_t k = 0;
        group[i] = NO_GROUP;
        if (!in->wanted[i])
            continue;
        while (k < i && (group[k] == NO_GROUP || !same_server(&in->channels[k], &in->channels[i])))
            k++;
        group[i] = k < i ? group[k] : count++;
    }
    return count;
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
    size_t *group = calloc(servers->channel_count + 1, sizeof *group);
    if (!group)
        return abp_fail_memory(err);
    struct work w = {.in = servers, .group = group, .count = number_servers(group, servers)};
    int rc = w.count ? run_all(&w, err) : 0;
    free(group);
    return rc;
}
