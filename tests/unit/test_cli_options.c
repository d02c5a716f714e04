#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "abpost/cli.h"
#include "cli/command.h"

#include "cli_capture.h"

#define MAX_WORDS 32

/* Parses "words" split at '|'; the answer's strings live in `words`. */
static int parse(struct abp_args *args, struct abp_env *env, char *words, struct abp_error *err)
{
    char *argv[MAX_WORDS + 1] = {(char[]){"abpost"}};
    int argc = 1;
    while (words && argc < MAX_WORDS) {
        argv[argc++] = words;
        words = strchr(words, '|');
        if (words)
            *words++ = '\0';
    }
    return abp_args_parse(args, env, argc, argv, err);
}

static void refused(const char *line, const char *expected)
{
    char words[256];
    struct abp_args args;
    struct abp_env env = {.seed = 1, .threads = 1};
    struct abp_error err = {0};
    strcpy(words, line);
    if (parse(&args, &env, words, &err) != -1)
        fail_msg("'%s' was accepted", line);
    assert_int_equal(err.code, ABP_USAGE);
    if (!strstr(err.message, expected))
        fail_msg("'%s': '%s' is not in '%s'", line, expected, err.message);
    abp_args_release(&args);
}

static void options_are_read_wherever_they_stand(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "--seed|7|help|-v|evaluate|--threads=3|-C|some "
        "dir|--format|text|--now=2026-12-20T03:00:00Z",
        "help|--seed=7|--verbose|--threads|3|evaluate|--directory=some "
        "dir|--now|2026-12-20T04:00:00+01:00",
        "-C|other|-C|some "
        "dir|--seed|1|--seed|7|help|-v|--threads|3|--now|2026-12-20T03:00:00Z|--|evaluate",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char words[256];
        struct abp_args args;
        struct abp_env env = {.seed = 1, .threads = 1, .directory = "."};
        struct abp_error err = {0};
        strcpy(words, lines[i]);
        if (parse(&args, &env, words, &err) != 0)
            fail_msg("%s", err.message);
        assert_string_equal(args.command->name, "help");
        assert_int_equal(args.name_count, 1);
        assert_string_equal(args.names[0], "evaluate");
        assert_int_equal(env.seed, 7);
        assert_int_equal(env.threads, 3);
        assert_int_equal(args.verbose, 1);
        assert_int_equal(args.quiet, 0);
        assert_string_equal(env.directory, "some dir");
        assert_int_equal(env.now(env.context), 1797735600);
        abp_args_release(&args);
    }
}

static void two_dashes_end_the_options(void **state)
{
    (void)state;
    char words[] = "help|--|--seed";
    struct abp_args args;
    struct abp_env env = {.seed = 1};
    struct abp_error err;
    assert_int_equal(parse(&args, &env, words, &err), 0);
    assert_string_equal(args.names[0], "--seed");
    assert_int_equal(env.seed, 1);
    abp_args_release(&args);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    refused("hlep", "did you mean 'help'?");
    refused("qqqqqqq", "'abpost help' lists");
    refused("help|--sed=3", "did you mean '--seed'?");
    refused("help|--zzzzzzzz", "'abpost help help' lists");
    refused("--zzzzzzzz", "'abpost help' lists");
    refused("help|-Z", "unknown option '-Z'");
    refused("help|-qv", "unknown option '-qv'");
    refused("help|--seed", "--seed needs a value");
    refused("help|-C", "-C needs a value");
    refused("help|-C|", "the name of a folder");
    refused("help|--quiet=yes", "--quiet takes no value");
    refused("help|--seed=", "not a seed");
    refused("help|--seed=-1", "not a seed");
    refused("help|--seed=1.5", "not a seed");
    refused("help|--seed=99999999999999999999", "not a seed");
    refused("help|--threads=0", "1 to 1024");
    refused("help|--threads=1025", "1 to 1024");
    refused("help|--format=xml", "text, json and csv");
    refused("help|--format=json", "only text");
    refused("help|--now=yesterday", "2026-12-20T03:00:00Z");
    refused("help|--now=2026-02-30", "2026-12-20T03:00:00Z");
    refused("help|one|two", "'two' is one argument too many");
}

static void every_option_is_well_formed_and_helped(void **state)
{
    (void)state;
    size_t command_count, common_count;
    const struct abp_command *const *commands = abp_commands(&command_count);
    const struct abp_option *common = abp_common_options(&common_count);
    for (size_t c = 0; c < command_count; c++) {
        const struct abp_command *command = commands[c];
        assert_non_null(command->run);
        assert_true(command->formats & (1u << ABP_TEXT));
        assert_true(command->option_count + common_count <= 32);
        for (size_t i = 0; i < command->option_count; i++)
            for (size_t j = 0; j < common_count; j++)
                assert_string_not_equal(command->options[i].name, common[j].name);

        struct capture capture;
        capture_begin(&capture);
        char name[64];
        snprintf(name, sizeof name, "%s", command->name);
        char *argv[] = {(char[]){"abpost"}, (char[]){"help"}, name, NULL};
        assert_int_equal(abp_cli_run(&capture.env, 3, argv), 0);
        capture_end(&capture);
        assert_string_equal(capture.err, "");
        char text[160];
        for (size_t i = 0; i < command->option_count + common_count; i++) {
            const struct abp_option *option =
                i < common_count ? &common[i] : &command->options[i - common_count];
            assert_true(strlen(option->name) > 1);
            snprintf(text, sizeof text, "--%s", option->name);
            assert_non_null(strstr(capture.out, text));
        }
        capture_release(&capture);
    }
}

static int run_line(const char *line, char **out, char **err)
{
    struct capture capture;
    char words[256], *argv[MAX_WORDS] = {(char[]){"abpost"}};
    int argc = 1;
    snprintf(words, sizeof words, "%s", line);
    for (char *p = words; p && *p; p = p ? p + 1 : NULL) {
        argv[argc++] = p;
        p = strchr(p, '|');
        if (p)
            *p = '\0';
        else
            break;
    }
    capture_begin(&capture);
    int status = abp_cli_run(&capture.env, argc, argv);
    capture_end(&capture);
    *out = capture.out;
    *err = capture.err;
    return status;
}

static void results_and_complaints_go_apart(void **state)
{
    (void)state;
    static const struct {
        const char *line, *out, *err;
        int status;
    } cases[] = {
        {"", "", "a command is missing", 2},
        {"--version", "abpost " ABPOST_VERSION "\n", "", 0},
        {"help|--version", "abpost " ABPOST_VERSION "\n", "", 0},
        {"--help", "Commands", "", 0},
        {"help|-h", "Usage: abpost help", "", 0},
        {"help|nosuchcommand", "", "unknown command", 2},
        {"nosuchcommand|--help", "", "unknown command", 2},
        {"bad\033[2Jname", "", "bad\\x1b[2Jname", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *out, *err;
        int status = run_line(cases[i].line, &out, &err);
        assert_int_equal(status, cases[i].status);
        assert_non_null(strstr(out, cases[i].out));
        assert_non_null(strstr(err, cases[i].err));
        assert_true((*out == '\0') == (status != 0));
        assert_true((*err == '\0') == (status == 0));
        assert_null(strchr(err, 033));
        free(out);
        free(err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_read_wherever_they_stand),
        cmocka_unit_test(two_dashes_end_the_options),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(every_option_is_well_formed_and_helped),
        cmocka_unit_test(results_and_complaints_go_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
