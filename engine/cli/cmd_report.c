/* abpost report: the results as a page. */
#include "cmd_report.h"

#include "cmd_evaluate.h"
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_BYTES ((size_t)1 << 30)

/* A slip of the finger must not cost anybody a file: only a page is replaced by a page. */
static int may_replace(const char *path, struct abp_error *err)
{
    struct stat info;
    char start[sizeof ABP_REPORT_MARK];
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode))
        return 0; /* nothing is lost there; whether it can be written shows soon enough */
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return abp_fail_at(err, ABP_FAILED, path, 0, "it could not be read: %s", strerror(errno));
    ssize_t got = read(fd, start, sizeof start);
    close(fd);
    if (got >= 0 && abp_report_is_one(start, (size_t)got))
        return 0;
    return abp_fail_at(err, ABP_FAILED, path, 0,
                       "this is no report of abpost, so it is not overwritten; name another file, "
                       "or move it away");
}

int abp_report_write(const char *path, struct abp_report *report, const struct abp_env *env,
                     struct abp_error *err)
{
    struct abp_buffer page;
    abp_buffer_init(&page, MOST_BYTES);
    int rc = may_replace(path, err);
    if (rc == 0)
        rc = abp_report_finish(&page, report, env->now(env->context), err);
    if (rc == 0)
        rc = abp_output_write(path, &page, err);
    abp_buffer_release(&page);
    return rc;
}

static int emit(struct abp_report *report, const struct abp_env *env, struct abp_error *err)
{
    struct abp_buffer page;
    abp_buffer_init(&page, MOST_BYTES);
    int rc = abp_report_finish(&page, report, env->now(env->context), err);
    if (rc == 0)
        rc = abp_emit(env, &page, err);
    abp_buffer_release(&page);
    return rc;
}

static int run_report(const struct abp_args *args, const struct abp_env *env, struct abp_error *err)
{
    struct abp_report report;
    struct abp_error late;
    if (args->output && may_replace(args->output, err) != 0)
        return -1; /* before the work, not after it */
    abp_report_init(&report);
    int rc = abp_evaluate_named(&report, args, env, err);
    int written = 0;
    if (report.complete)
        written = args->output ? abp_report_write(args->output, &report, env, &late)
                               : emit(&report, env, &late);
    if (written != 0) {
        *err = late;
        rc = -1;
    }
    abp_report_release(&report);
    return rc;
}

static int set_output(struct abp_args *args, struct abp_env *env, const char *value,
                      struct abp_error *err)
{
    (void)env;
    if (!*value)
        return abp_fail(err, ABP_USAGE, "-o needs the name of a file");
    args->output = value;
    return 0;
}

static const struct abp_option options[] = {
    {'o', "output", "FILE", "write the page to FILE instead of standard output", set_output},
};

static const char *const details[] = {
    "The same results as 'abpost evaluate' as one HTML page with plots: the question, the verdict "
    "and why, the ratio of each style to the baseline, every post as a dot, the guard, channels "
    "and "
    "slots, what was decided and when, and how it was computed. It reads, and never posts.",
    "The page needs nothing else: no script, no network, no other file. It can be sent by mail, "
    "read "
    "on a phone, and printed. It shows names and numbers of your experiments, and no text of a "
    "post.",
    "With -o the file is replaced as a whole, or not at all. Only a page that abpost made, or an "
    "empty file, is ever overwritten. A run that a signal ends writes nothing.",
    "NAME and exit statuses are those of 'abpost evaluate': an experiment that can't be evaluated "
    "is on the page with the reason, and the exit status is then 65. 'abpost nightly' writes "
    "report.html into the workspace every night.",
    NULL,
};

const struct abp_command abp_command_report = {
    .name = "report",
    .arguments = "[EXPERIMENT...]",
    .at_most = ABP_ANY_NUMBER,
    .summary = "the results as a web page with plots, in one file",
    .details = details,
    .formats = ABP_ONLY_TEXT,
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = run_report,
};
