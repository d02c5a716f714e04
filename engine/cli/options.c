#include "command.h"

#include "abpost/text.h"
#include "abpost/time.h"

#include <stdlib.h>
#include <string.h>

#define MAX_THREADS 1024
#define MAX_OPTIONS 32 /* of one command, the common ones included */

static const char *const format_names[ABP_FORMAT_COUNT] = {
    [ABP_TEXT] = "text", [ABP_JSON] = "json", [ABP_CSV] = "csv"};

/* ---- the common options ---- */

static int set_format(struct abp_args *args, struct abp_env *env, const char *value,
                      struct abp_error *err)
{
    (void)env;
    for (int i = 0; i < ABP_FORMAT_COUNT; i++) {
        if (strcmp(value, format_names[i]) == 0) {
            args->format = (enum abp_format)i;
            return 0;
        }
    }
    return abp_fail(err, ABP_USAGE, "--format '%s' is not known; text, json and csv are", value);
}

static int64_t named_time(void *context)
{
    return *(const int64_t *)context;
}

static int set_now(struct abp_args *args, struct abp_env *env, const char *value,
                   struct abp_error *err)
{
    if (abp_time_parse(&args->now, value) != 0)
        return abp_fail(err, ABP_USAGE,
                        "--now '%s' is not a time; accepted: 2026-12-20T03:00:00Z, "
                        "2026-12-20T04:00:00+01:00 or 2026-12-20",
                        value);
    env->now = named_time;
    env->context = &args->now;
    return 0;
}

static int set_seed(struct abp_args *args, struct abp_env *env, const char *value,
                    struct abp_error *err)
{
    int64_t seed;
    (void)args;
    if (abp_parse_int64(value, &seed) != 0 || seed < 0)
        return abp_fail(err, ABP_USAGE,
                        "--seed '%s' is not a seed; a whole number from 0 to %lld is accepted",
                        value, (long long)INT64_MAX);
    env->seed = (uint64_t)seed;
    env->seed_given = 1;
    return 0;
}

static int set_threads(struct abp_args *args, struct abp_env *env, const char *value,
                       struct abp_error *err)
{
    int64_t threads;
    (void)args;
    if (abp_parse_int64(value, &threads) != 0 || threads < 1 || threads > MAX_THREADS)
        return abp_fail(err, ABP_USAGE,
                        "--threads '%s' is not accepted; a whole number from 1 to %d is", value,
                        MAX_THREADS);
    env->threads = (unsigned)threads;
    return 0;
}

static int set_quiet(struct abp_args *args, struct abp_env *env, const char *value,
                     struct abp_error *err)
{
    (void)env, (void)value, (void)err;
    args->quiet = 1;
    return 0;
}

static int set_verbose(struct abp_args *args, struct abp_env *env, const char *value,
                       struct abp_error *err)
{
    (void)env, (void)value, (void)err;
    args->verbose = 1;
    return 0;
}

static int set_directory(struct abp_args *args, struct abp_env *env, const char *value,
                         struct abp_error *err)
{
    (void)args;
    if (!*value)
        return abp_fail(err, ABP_USAGE, "-C needs the name of a folder");
    env->directory = value;
    return 0;
}

static int set_help(struct abp_args *args, struct abp_env *env, const char *value,
                    struct abp_error *err)
{
    (void)env, (void)value, (void)err;
    args->help = 1;
    return 0;
}

static int set_version(struct abp_args *args, struct abp_env *env, const char *value,
                       struct abp_error *err)
{
    (void)env, (void)value, (void)err;
    args->version = 1;
    return 0;
}

static const struct abp_option common[] = {
    {'C', "directory", "DIR",
     "start in DIR: relative names and the search for abpost.ini begin there", set_directory},
    {0, "format", "FORMAT", "text, json or csv (default: text)", set_format},
    {0, "now", "TIME", "take TIME for the present, as in 2026-12-20T03:00:00Z (for rehearsals)",
     set_now},
    {0, "seed", "N",
     "seed of every random number; the same seed gives the same numbers (default: 1)", set_seed},
    {0, "threads", "N", "most threads to use (default: one for each processor)", set_threads},
    {'q', "quiet", NULL, "only results and mistakes: no progress, no notes", set_quiet},
    {'v', "verbose", NULL, "everything there is to say", set_verbose},
    {'h', "help", NULL, "help on the command", set_help},
    {0, "version", NULL, "the version", set_version},
};

const struct abp_option *abp_common_options(size_t *count)
{
    *count = sizeof common / sizeof *common;
    return common;
}

/* ---- the parser ---- */

struct parser {
    struct abp_args *args; /* borrowed, like the rest */
    struct abp_env *env;
    char **argv;
    int argc, at;
};

/* Every option that can be meant here, the command's own first. */
static size_t known_options(const struct abp_args *args, const struct abp_option **list)
{
    size_t count = 0;
    if (args->command)
        for (size_t i = 0; i < args->command->option_count; i++)
            list[count++] = &args->command->options[i];
    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        list[count++] = &common[i];
    return count;
}

static const struct abp_option *find_option(const struct abp_args *args, const char *name,
                                            size_t len)
{
    const struct abp_option *list[MAX_OPTIONS];
    size_t count = known_options(args, list);
    for (size_t i = 0; i < count; i++)
        if (strlen(list[i]->name) == len && memcmp(list[i]->name, name, len) == 0)
            return list[i];
    return NULL;
}

static int unknown_option(const struct abp_args *args, const char *word, struct abp_error *err)
{
    const struct abp_option *list[MAX_OPTIONS];
    const char *names[MAX_OPTIONS];
    size_t count = known_options(args, list);
    char name[64];
    size_t len = strcspn(word + 2, "=");
    for (size_t i = 0; i < count; i++)
        names[i] = list[i]->name;
    if (len < sizeof name && word[1] == '-') {
        memcpy(name, word + 2, len);
        name[len] = '\0';
        const char *near = abp_suggest(name, names, count);
        if (near)
            return abp_fail(err, ABP_USAGE, "unknown option '--%s'; did you mean '--%s'?", name,
                            near);
    }
    return abp_fail(err, ABP_USAGE, "unknown option '%s'; 'abpost help%s%s' lists those there are",
                    word, args->command ? " " : "", args->command ? args->command->name : "");
}

static int apply(struct parser *parser, const struct abp_option *option, const char *word,
                 const char *value, struct abp_error *err)
{
    if (option->value && !value) {
        if (parser->at >= parser->argc)
            return abp_fail(err, ABP_USAGE, "%s needs a value: %s %s", word, word, option->value);
        value = parser->argv[parser->at++];
    } else if (!option->value && value) {
        return abp_fail(err, ABP_USAGE, "--%s takes no value", option->name);
    }
    return option->set(parser->args, parser->env, value, err);
}

static int take_option(struct parser *parser, const char *word, struct abp_error *err)
{
    const struct abp_option *list[MAX_OPTIONS];
    if (word[1] == '-') {
        size_t len = strcspn(word + 2, "=");
        const struct abp_option *option = find_option(parser->args, word + 2, len);
        if (!option)
            return unknown_option(parser->args, word, err);
        return apply(parser, option, word, word[2 + len] ? word + 3 + len : NULL, err);
    }
    size_t count = known_options(parser->args, list);
    for (size_t i = 0; i < count; i++)
        if (word[2] == '\0' && list[i]->letter == word[1])
            return apply(parser, list[i], word, NULL, err);
    return unknown_option(parser->args, word, err);
}

static int take_word(struct parser *parser, const char *word, struct abp_error *err)
{
    struct abp_args *args = parser->args;
    if (args->command) {
        args->names[args->name_count++] = word;
        return 0;
    }
    args->command = abp_command_find(word, err);
    return args->command ? 0 : -1;
}

static int check_arguments(const struct abp_args *args, struct abp_error *err)
{
    const struct abp_command *command = args->command;
    if (args->name_count < command->at_least)
        return abp_fail(err, ABP_USAGE, "something is missing; it is used as: abpost %s %s",
                        command->name, command->arguments);
    if (args->name_count > command->at_most)
        return abp_fail(err, ABP_USAGE,
                        "'%s' is one argument too many; it is used as: abpost %s %s",
                        args->names[command->at_most], command->name, command->arguments);
    if (!(command->formats & (1u << args->format)))
        return abp_fail(err, ABP_USAGE, "'abpost %s' writes no %s, only text", command->name,
                        format_names[args->format]);
    return 0;
}

int abp_args_parse(struct abp_args *args, struct abp_env *env, int argc, char **argv,
                   struct abp_error *err)
{
    struct parser parser = {args, env, argv, argc, 1};
    int only_words = 0;
    memset(args, 0, sizeof *args);
    args->names = calloc((size_t)argc + 1, sizeof *args->names);
    if (!args->names)
        return abp_fail_memory(err);
    while (parser.at < argc) {
        const char *word = argv[parser.at++];
        int rc = 0;
        if (!only_words && strcmp(word, "--") == 0)
            only_words = 1;
        else if (!only_words && word[0] == '-' && word[1] != '\0')
            rc = take_option(&parser, word, err);
        else
            rc = take_word(&parser, word, err);
        if (rc != 0)
            return -1;
    }
    if (!args->command || args->help || args->version)
        return 0;
    return check_arguments(args, err);
}

void abp_args_release(struct abp_args *args)
{
    free(args->names);
    memset(args, 0, sizeof *args);
}
