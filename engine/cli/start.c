#include "abpost/cli.h"

#include "abpost/http_curl.h"
#include "abpost/text.h"

#include <errno.h>
#include <gsl/gsl_errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* What malloc() keeps instead of giving it back, and what it asks for at once: bytes. */
#define KEPT_MOST    (32 << 20)
#define KEPT_AT_ONCE (4 << 20)

/* The one variable that outlives a call: a signal handler has nowhere else to write. */
static volatile sig_atomic_t stop_asked;

static void ask_to_stop(int signal_number)
{
    (void)signal_number;
    stop_asked = 1;
}

/* Whoever started this process to ignore the signal (nohup, a script's background job) is obeyed.
 */
static void install(int signal_number, const struct sigaction *action)
{
    struct sigaction before;
    if (sigaction(signal_number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(signal_number, action, NULL);
}

static void install_signals(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    sigemptyset(&action.sa_mask);
    action.sa_handler = ask_to_stop;
    /* The second signal meets the default action: whoever presses Ctrl-C twice means it. */
    action.sa_flags = (int)((unsigned)SA_RESTART | (unsigned)SA_RESETHAND);
    install(SIGINT, &action);
    install(SIGTERM, &action);
    action.sa_handler = SIG_IGN;
    action.sa_flags = 0;
    sigaction(SIGPIPE, &action, NULL);
}

static int64_t wall_clock(void *context)
{
    (void)context;
    return (int64_t)time(NULL);
}

static int kernel_entropy(uint64_t *bits, struct abp_error *err)
{
    size_t got = 0;
    while (got < sizeof *bits) {
        ssize_t n = getrandom((char *)bits + got, sizeof *bits - got, 0);
        if (n < 0 && errno != EINTR)
            return abp_fail(err, ABP_FAILED, "this machine gives no random numbers: %s",
                            strerror(errno));
        got += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* By name and not by setlocale(): a session may name a locale that this machine has not installed
 * and still run in a terminal that shows UTF-8. */
static int locale_is_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (!value || !*value)
            continue;
        const char *charset = strchr(value, '.');
        return charset &&
               (strncasecmp(charset, ".utf-8", 6) == 0 || strncasecmp(charset, ".utf8", 5) == 0);
    }
    return 0;
}

static int terminal_width(int is_terminal)
{
    int64_t columns;
    const char *named = getenv("COLUMNS");
    if (named && abp_parse_int64(named, &columns) == 0 && columns > 0 && columns < 10000)
        return (int)columns;
    struct winsize size;
    if (is_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return 80;
}

static int is_set(const char *name)
{
    const char *value = getenv(name);
    return value && *value;
}

/* Every fit asks for the same few megabytes. malloc() would map them anew and give them back each
 * time, and a fifth of the time would go to the kernel's clearing of pages. */
static void keep_memory(void)
{
    mallopt(M_MMAP_THRESHOLD, KEPT_MOST);
    mallopt(M_TRIM_THRESHOLD, KEPT_MOST);
    mallopt(M_TOP_PAD, KEPT_AT_ONCE);
}

void abp_cli_start(struct abp_env *env)
{
    const char *term = getenv("TERM");
    int dumb = !term || strcmp(term, "dumb") == 0;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    gsl_set_error_handler_off();
    keep_memory();
    install_signals();
    memset(env, 0, sizeof *env);
    env->now = wall_clock;
    env->seed = 1;
    env->entropy = kernel_entropy;
    env->http = abp_http_curl();
    env->threads = processors > 0 && processors < 1024 ? (unsigned)processors : 1;
    env->directory = ".";
    env->config = is_set("ABPOST_CONFIG") ? getenv("ABPOST_CONFIG") : NULL;
    env->out = stdout;
    env->err = stderr;
    env->out_is_terminal = isatty(STDOUT_FILENO);
    env->err_is_terminal = isatty(STDERR_FILENO);
    env->colour = env->out_is_terminal && !dumb && !is_set("NO_COLOR");
    env->width = terminal_width(env->out_is_terminal);
    env->unicode = locale_is_utf8();
    env->stop = &stop_asked;
}
