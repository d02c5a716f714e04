#include "bench_data.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST_LEVELS 256
#define MOST_ROWS   1000

static void *room(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (!memory) {
        fprintf(stderr, "bench: out of memory\n");
        exit(1);
    }
    return memory;
}

static void allocate(struct bench_posts *p, size_t count)
{
    memset(p, 0, sizeof *p);
    p->posts = count;
    p->y = room(count, sizeof *p->y);
    p->n = room(count, sizeof *p->n);
    p->variant = room(count, sizeof *p->variant);
    p->channel = room(count, sizeof *p->channel);
    p->slot = room(count, sizeof *p->slot);
}

void bench_release(struct bench_posts *p)
{
    free(p->y);
    free(p->n);
    free(p->variant);
    free(p->channel);
    free(p->slot);
    memset(p, 0, sizeof *p);
}

static void draw_effects(gsl_rng *rng, double *effects, size_t count, double sd)
{
    for (size_t i = 0; i < count; i++)
        effects[i] = gsl_ran_gaussian(rng, sd);
}

void bench_simulate(struct bench_posts *p, size_t count, size_t variants, size_t channels,
                    size_t slots, int exposures, unsigned long seed)
{
    const double size = 1.5;
    double style[MOST_LEVELS], account[MOST_LEVELS], hour[MOST_LEVELS];
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
    if (!rng || variants > MOST_LEVELS || channels > MOST_LEVELS || slots > MOST_LEVELS)
        exit(1);
    gsl_rng_set(rng, seed);
    allocate(p, count);
    p->variants = variants;
    p->channels = channels;
    p->slots = slots;
    draw_effects(rng, style, variants, 0.3);
    draw_effects(rng, account, channels, channels > 1 ? 0.5 : 0.0);
    draw_effects(rng, hour, slots, slots > 1 ? 0.2 : 0.0);
    for (size_t i = 0; i < count; i++) {
        size_t v = i % variants, c = (i / variants) % channels;
        size_t s = gsl_rng_uniform_int(rng, slots);
        double reach = exposures ? 500.0 + (double)gsl_rng_uniform_int(rng, 4501) : 1.0;
        double mean = (exposures ? 0.015 * reach : 20.0) * exp(style[v] + account[c] + hour[s]);
        double y = gsl_ran_poisson(rng, gsl_ran_gamma(rng, size, mean / size));
        p->y[i] = exposures ? fmin(y, reach) : y;
        p->n[i] = reach;
        p->variant[i] = (uint32_t)v;
        p->channel[i] = (uint32_t)c;
        p->slot[i] = (uint32_t)s;
    }
    gsl_rng_free(rng);
}

struct levels {
    char names[MOST_LEVELS][64];
    size_t count;
};

static uint32_t level(struct levels *levels, const char *name)
{
    size_t at = 0;
    while (at < levels->count && strcmp(levels->names[at], name) != 0)
        at++;
    if (at == MOST_LEVELS) {
        fprintf(stderr, "bench: more than %d levels\n", MOST_LEVELS);
        exit(1);
    }
    if (at == levels->count) {
        snprintf(levels->names[at], sizeof levels->names[at], "%s", name);
        levels->count++;
    }
    return (uint32_t)at;
}

void bench_read(struct bench_posts *p, const char *path)
{
    static struct levels variants, channels, slots;
    char line[512], v[64], c[64], s[64], base[64];
    FILE *file = fopen(path, "r");
    size_t rows = 0;
    if (!file || !fgets(line, sizeof line, file)) {
        fprintf(stderr, "bench: '%s' can't be read\n", path);
        exit(1);
    }
    variants.count = channels.count = slots.count = 0;
    allocate(p, MOST_ROWS);
    while (rows < MOST_ROWS && fgets(line, sizeof line, file)) {
        if (sscanf(line, "%lf,%lf,%63[^,],%63[^,],%63[^,],%63[^,\r\n]", &p->y[rows], &p->n[rows], v,
                   c, s, base) != 6)
            exit(1);
        level(&variants, base);
        p->variant[rows] = level(&variants, v);
        p->channel[rows] = level(&channels, c);
        p->slot[rows] = level(&slots, s);
        rows++;
    }
    fclose(file);
    p->posts = rows;
    p->variants = variants.count;
    p->channels = channels.count;
    p->slots = slots.count;
}

struct abp_data bench_data(const struct bench_posts *p)
{
    return (struct abp_data){.posts = p->posts,
                             .y = p->y,
                             .n = p->n,
                             .variant = p->variant,
                             .channel = p->channel,
                             .slot = p->slot,
                             .variants = p->variants,
                             .channels = p->channels,
                             .slots = p->slots};
}

double bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double bench_unit(void)
{
    double least = INFINITY;
    for (int run = 0; run < 30; run++) {
        volatile double sum = 0.0;
        double start = bench_now();
        for (int i = 1; i <= 100000; i++)
            sum = sum + log(1.0 + exp(-1e-4 * (double)i));
        least = fmin(least, bench_now() - start);
    }
    return least;
}
