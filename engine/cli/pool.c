#include "pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define PER_THREAD 4 /* jobs taken and not yet handed back, for each thread */

struct slot {
    void *job;
    int done;
};

struct run {
    const struct abp_pool *pool; /* borrowed */
    pthread_mutex_t source;      /* held around next(): jobs are numbered in its order */
    pthread_mutex_t lock;        /* of everything below */
    pthread_cond_t changed;
    struct slot *window; /* owned; job i waits in window[i % size] */
    size_t size, taken, delivered;
    int ended;  /* nothing more is taken */
    int asking; /* but for the job that a thread is inside next() for */
};

static int is_stopped(const struct abp_pool *pool)
{
    return pool->stop && *pool->stop;
}

/* Waits for room in the window, and announces that a job is asked for. 0 when nothing more is to be
 * taken. */
static int wait_for_room(struct run *run)
{
    pthread_mutex_lock(&run->lock);
    while (!run->ended && run->taken - run->delivered >= run->size)
        pthread_cond_wait(&run->changed, &run->lock);
    int go_on = run->asking = !run->ended;
    pthread_mutex_unlock(&run->lock);
    return go_on;
}

/* Takes the next job and its slot; NULL at the end. */
static struct slot *take(struct run *run)
{
    struct slot *slot = NULL;
    void *job = NULL;
    pthread_mutex_lock(&run->source);
    if (wait_for_room(run) && !is_stopped(run->pool))
        job = run->pool->next(run->pool->context);
    pthread_mutex_lock(&run->lock);
    run->asking = 0;
    if (job) {
        slot = &run->window[run->taken++ % run->size];
        slot->job = job;
        slot->done = 0;
    } else {
        run->ended = 1;
    }
    pthread_cond_broadcast(&run->changed);
    pthread_mutex_unlock(&run->lock);
    pthread_mutex_unlock(&run->source);
    return slot;
}

static void *worker(void *argument)
{
    struct run *run = argument;
    for (struct slot *slot; (slot = take(run)) != NULL;) {
        run->pool->work(run->pool->context, slot->job);
        pthread_mutex_lock(&run->lock);
        slot->done = 1;
        pthread_cond_broadcast(&run->changed);
        pthread_mutex_unlock(&run->lock);
    }
    return NULL;
}

/* The next job in order, once it is done; NULL when all were handed back. */
static void *wait_for_job(struct run *run)
{
    void *job = NULL;
    pthread_mutex_lock(&run->lock);
    for (;;) {
        struct slot *slot = &run->window[run->delivered % run->size];
        if (run->delivered < run->taken && slot->done)
            job = slot->job;
        if (job || (run->ended && !run->asking && run->delivered == run->taken))
            break;
        pthread_cond_wait(&run->changed, &run->lock);
    }
    pthread_mutex_unlock(&run->lock);
    return job;
}

static void release_slot(struct run *run, int end)
{
    pthread_mutex_lock(&run->lock);
    run->delivered++;
    run->ended = run->ended || end;
    pthread_cond_broadcast(&run->changed);
    pthread_mutex_unlock(&run->lock);
}

static int hand_back(struct run *run, struct abp_error *err)
{
    const struct abp_pool *pool = run->pool;
    int rc = 0;
    for (void *job; (job = wait_for_job(run)) != NULL;) {
        if (rc == 0)
            rc = pool->deliver(pool->context, job, err);
        pool->discard(pool->context, job);
        release_slot(run, rc != 0);
    }
    return rc;
}

int abp_pool_run(const struct abp_pool *pool, struct abp_error *err)
{
    struct run run;
    int rc = -1;
    unsigned started = 0;
    memset(&run, 0, sizeof run);
    run.pool = pool;
    run.size = (size_t)pool->threads * PER_THREAD;
    run.window = calloc(run.size, sizeof *run.window);
    pthread_t *threads = calloc(pool->threads, sizeof *threads);
    if (!run.window || !threads) {
        abp_fail_memory(err);
        goto out;
    }
    pthread_mutex_init(&run.source, NULL);
    pthread_mutex_init(&run.lock, NULL);
    pthread_cond_init(&run.changed, NULL);
    while (started < pool->threads && pthread_create(&threads[started], NULL, worker, &run) == 0)
        started++;
    if (started)
        rc = hand_back(&run, err);
    else
        abp_fail(err, ABP_FAILED, "no thread could be started; --threads 1 needs the least");
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    pthread_cond_destroy(&run.changed);
    pthread_mutex_destroy(&run.lock);
    pthread_mutex_destroy(&run.source);
out:
    free(threads);
    free(run.window);
    return rc;
}
