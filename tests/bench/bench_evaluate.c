/* What `abpost evaluate` costs on real and on many simulated experiments, on one processor and on
 * all, and how time and memory grow with their number.
 *
 *     bench_evaluate [EXPERIMENTS]     (10,000; some minutes)
 *
 * Runs the abpost that was built with it, on files in a folder of its own that it removes. */
#define _DEFAULT_SOURCE /* wait4(): the peak memory of one child */ /* NOLINT */
#include "bench_data.h"
#include "parts.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define POSTS    100
#define VARIANTS 2
#define CHANNELS 4

static void stop(const char *what)
{
    perror(what);
    exit(1);
}

struct run {
    double wall, cpu; /* seconds */
    double megabytes; /* at the peak */
    int status;       /* of the process */
};

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + 1e-6 * (double)t.tv_usec;
}

static double wall_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Evaluates a file with so many threads; its output goes nowhere. */
static struct run evaluate(const char *path, unsigned threads)
{
    struct rusage usage;
    struct run run;
    char count[16];
    int status;
    snprintf(count, sizeof count, "%u", threads);
    double start = wall_now();
    pid_t child = fork();
    if (child < 0)
        stop("fork");
    if (child == 0) {
        int nowhere = open("/dev/null", O_WRONLY);
        if (nowhere >= 0 && dup2(nowhere, STDOUT_FILENO) >= 0 && dup2(nowhere, STDERR_FILENO) >= 0)
            execl(ABPOST, "abpost", "evaluate", "--format", "json", "--threads", count, path,
                  (char *)NULL);
        _exit(127);
    }
    if (wait4(child, &status, 0, &usage) != child)
        stop("wait4");
    run.wall = wall_now() - start;
    run.cpu = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    run.megabytes = (double)usage.ru_maxrss / 1024.0;
    run.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return run;
}

/* A file of experiments with POSTS posts each, and the INI file that imports it. */
static void write_experiments(const char *folder, size_t count)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/many.csv", folder);
    FILE *rows = fopen(path, "w");
    snprintf(path, sizeof path, "%s/many.ini", folder);
    FILE *ini = fopen(path, "w");
    if (!rows || !ini)
        stop(folder);
    fprintf(rows, "experiment,style,account,interactions\n");
    for (size_t e = 0; e < count; e++) {
        struct bench_posts posts;
        bench_simulate(&posts, POSTS, VARIANTS, CHANNELS, 1, 0, 1 + (unsigned long)e);
        for (size_t i = 0; i < posts.posts; i++)
            fprintf(rows, "%zu,style%u,account%u,%.0f\n", e, (unsigned)posts.variant[i],
                    (unsigned)posts.channel[i], posts.y[i]);
        bench_release(&posts);
    }
    fprintf(ini, "[experiment]\nhypothesis = none: simulated\nbaseline = style0\n"
                 "[import]\nfile = many.csv\nseparator = ,\nexperiment = experiment\n"
                 "variant = style\nchannel = account\noutcome = interactions\n");
    if (fclose(rows) != 0 || fclose(ini) != 0)
        stop(folder);
}

static struct run report(const char *name, const char *path, size_t experiments, unsigned threads)
{
    struct run run = evaluate(path, threads);
    printf("%-30s %11zu %7u %9.2f %9.2f %12.2f %8.0f %6d\n", name, experiments, threads, run.wall,
           run.cpu, 1e3 * run.cpu / (double)experiments, run.megabytes, run.status);
    fflush(stdout);
    return run;
}

static void many(const char *folder, const char *path, size_t most, unsigned processors)
{
    write_experiments(folder, most / 20);
    struct run half = report("simulated, 100 posts each", path, most / 20, 1);
    write_experiments(folder, most / 10);
    struct bench_parts parts;
    bench_time_parts(&parts, path);
    struct run one = report("simulated, 100 posts each", path, most / 10, 1);
    struct run all = report("simulated, 100 posts each", path, most / 10, processors);
    write_experiments(folder, most);
    struct run large = report("simulated, 100 posts each", path, most, processors);
    printf("\ntwice the experiments take %.2f times the CPU; %u threads are %.2f times as fast as "
           "one;\nten times the experiments take %.2f times the CPU and %.2f times the memory\n",
           one.cpu / half.cpu, processors, one.wall / all.wall, large.cpu / all.cpu,
           large.megabytes / all.megabytes);
    bench_print_parts(&parts, one.cpu);
}

int main(int argc, char **argv)
{
    char folder[] = P_tmpdir "/bench-evaluate-XXXXXX", path[4096], csv[4096];
    size_t most = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 10000;
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned processors = online > 1 ? (unsigned)online : 1;
    if (most < 20)
        most = 20;
    if (!mkdtemp(folder))
        stop(folder);
    snprintf(path, sizeof path, "%s/many.ini", folder);
    snprintf(csv, sizeof csv, "%s/many.csv", folder);
    printf("%-30s %11s %7s %9s %9s %12s %8s %6s\n", "abpost evaluate --format json", "experiments",
           "threads", "wall s", "CPU s", "CPU ms each", "MB", "status");
    const char *upworthy = EXPERIMENTS "/upworthy/upworthy.ini";
    struct run one = report("upworthy-a, package, binomial", upworthy, 2437, 1);
    struct run all = report("upworthy-a, package, binomial", upworthy, 2437, processors);
    many(folder, path, most, processors);
    printf("upworthy-a: %u threads are %.2f times as fast as one\n", processors,
           one.wall / all.wall);
    unlink(path);
    unlink(csv);
    rmdir(folder);
    return 0;
}
