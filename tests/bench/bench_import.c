/* How fast a file becomes the rows of experiments: bench_import [ROWS [EXPERIMENTS [DATABASE]]], by
 * default 1,000,000 and 10,000. Without a database the store is transient, as for an experiment
 * file evaluated outside a workspace. Ratios: against the CSV reader alone over the same bytes. */
#include "abpost/csv.h"
#include "abpost/fetch.h"
#include "abpost/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static const char ini[] =
    "[experiment]\nbaseline = story\n[import]\nfile = bench.csv\nvariant = style\n"
    "channel = account\nexperiment = test\ntime = day\noutcome = likes + 3*replies\n"
    "exposure = impressions\n";

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int64_t still(void *context)
{
    (void)context;
    return 1800000000;
}

static int write_files(long rows, long experiments)
{
    FILE *file = fopen("bench.csv", "w");
    if (!file)
        return -1;
    fputs("test,style,account,day,likes,replies,impressions\n", file);
    for (long i = 0; i < rows; i++)
        fprintf(file, "%ld,%s,account-%ld,2026-03-01 09:00,%ld,%ld,%ld\n", i * experiments / rows,
                i % 2 ? "question" : "story", i % 13, i * 7919 % 500, i % 7, 1000 + i % 4000);
    if (fclose(file) != 0 || !(file = fopen("bench.ini", "w")))
        return -1;
    fputs(ini, file);
    return fclose(file);
}

static int read_file(size_t *got, void *context, char *data, size_t size, struct abp_error *err)
{
    *got = fread(data, 1, size, context);
    return ferror(context) ? abp_fail(err, ABP_FAILED, "can't read bench.csv") : 0;
}

static int read_alone(double *took, struct abp_error *err)
{
    double start = seconds();
    FILE *file = fopen("bench.csv", "rb");
    struct abp_csv_source source = {file, read_file};
    struct abp_csv_record record;
    struct abp_csv *csv = NULL;
    int more = -1;
    if (file && abp_csv_open(&csv, &source, "bench.csv", 0, err) == 0)
        while ((more = abp_csv_next(csv, &record, err)) > 0)
            ;
    abp_csv_close(csv);
    if (file)
        fclose(file);
    *took = seconds() - start;
    return more;
}

static int load_all(double *took, struct abp_store *store, const struct abp_experiment *e,
                    const struct abp_import_info *info, struct abp_error *err)
{
    double start = seconds();
    for (int64_t i = 0; i < info->experiments; i++) {
        struct abp_posts posts;
        if (abp_posts_load(&posts, store, e, info->id, i, err) != 0)
            return -1;
        abp_posts_release(&posts);
    }
    *took = seconds() - start;
    return 0;
}

static int measure(struct abp_store *store, struct abp_error *err)
{
    const struct abp_env env = {.now = still, .seed = 1, .threads = 1};
    struct abp_mistakes mistakes = {0};
    struct abp_experiment e;
    struct abp_import_result result;
    struct rusage usage;
    double csv = 0, import = 0, again = 0, load = 0;
    if (read_alone(&csv, err) != 0 ||
        abp_experiment_read(&e, "bench.ini", NULL, &mistakes, err) != 0)
        return -1;
    double start = seconds();
    int rc = abp_import_run(&result, store, &e, &env, NULL, &mistakes, err);
    import = seconds() - start;
    if (rc == 0)
        rc = load_all(&load, store, &e, &result.info, err);
    double rows = (double)result.rows;
    start = seconds();
    if (rc == 0)
        rc = abp_import_run(&result, store, &e, &env, NULL, &mistakes, err);
    again = seconds() - start;
    getrusage(RUSAGE_SELF, &usage);
    if (rc == 0)
        printf("%.0f rows, %lld experiments\n"
               "csv reader alone  %6.2f s  %9.0f rows/s\n"
               "import            %6.2f s  %9.0f rows/s  %5.1f x the reader\n"
               "load all          %6.2f s  %9.0f rows/s  %5.1f x the reader\n"
               "import, unchanged %6.2f s                    %5.1f x the reader\n"
               "most memory       %6ld MB\n",
               rows, (long long)result.info.experiments, csv, rows / csv, import, rows / import,
               import / csv, load, rows / load, load / csv, again, again / csv,
               usage.ru_maxrss / 1024);
    abp_mistakes_release(&mistakes);
    abp_experiment_release(&e);
    return rc;
}

static int open_store(struct abp_store **store, const char *path, struct abp_error *err)
{
    return path ? abp_store_open(store, path, ABP_STORE_CREATE, ABP_STORE_BUSY_MS, err)
                : abp_store_open_transient(store, err);
}

int main(int argc, char **argv)
{
    long rows = argc > 1 ? strtol(argv[1], NULL, 10) : 1000000;
    long experiments = argc > 2 ? strtol(argv[2], NULL, 10) : 10000;
    const char *base = getenv("TMPDIR");
    char folder[300];
    struct abp_error err = {0};
    struct abp_store *store = NULL;
    if (rows < 1 || experiments < 1) {
        fprintf(stderr, "usage: bench_import [ROWS [EXPERIMENTS [DATABASE]]]\n");
        return 2;
    }
    int rc = open_store(&store, argc > 3 ? argv[3] : NULL, &err);
    snprintf(folder, sizeof folder, "%s/abpost-bench-XXXXXX", base ? base : P_tmpdir);
    if (rc == 0 && (!mkdtemp(folder) || chdir(folder) != 0 || write_files(rows, experiments) != 0))
        rc = abp_fail_at(&err, ABP_FAILED, folder, 0, "can't be written to");
    if (rc == 0)
        rc = measure(store, &err);
    if (rc != 0)
        fprintf(stderr, "bench_import: %s %s\n", err.file, err.message);
    abp_store_close(store);
    unlink("bench.csv");
    unlink("bench.ini");
    rmdir(folder);
    return rc == 0 ? 0 : 1;
}
