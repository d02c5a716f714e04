/* abpost.ini: channels, secrets, servers; and files as the machine has them. */
#include "config_files.h"

#include <sys/stat.h>
#include <unistd.h>

static int parse(struct abp_workspace *ws, const char *text, struct abp_mistakes *mistakes)
{
    struct abp_error err;
    memset(mistakes, 0, sizeof *mistakes);
    return abp_workspace_parse(ws, "abpost.ini", "/srv/w/abpost.ini", text, strlen(text), mistakes,
                               &err);
}

/* A channel of that type with those lines (from line 4 on) is read. */
static void good(struct abp_workspace *ws, const char *type, const char *lines)
{
    char text[2048];
    struct abp_mistakes mistakes;
    snprintf(text, sizeof text, "[abpost]\n[channel c]\ntype = %s\n%s\n", type, lines);
    if (parse(ws, text, &mistakes) != 0) {
        print_mistakes(&mistakes);
        fail_msg("'%s' was refused", lines);
    }
}

/* It has one mistake, in that line; no mistake holds `secret`. */
static void bad(const char *type, const char *lines, long line, const char *part,
                const char *secret)
{
    char text[2048];
    struct abp_workspace ws;
    struct abp_mistakes mistakes;
    snprintf(text, sizeof text, "[abpost]\n[channel c]\ntype = %s\n%s\n", type, lines);
    if (parse(&ws, text, &mistakes) == 0)
        fail_msg("'%s' was read", lines);
    if (mistakes.count != 1 || !has_mistake(&mistakes, line, part)) {
        print_mistakes(&mistakes);
        fail_msg("'%s' should be refused in line %ld with '%s'", lines, line, part);
    }
    if (secret && strstr(mistakes.list[0].message, secret))
        fail_msg("the secret is told: %s", mistakes.list[0].message);
    assert_null(ws.root);
    abp_mistakes_release(&mistakes);
}

static void test_secrets(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int source;
        const char *value;
    } cases[] = {
        {"token = env:TOKEN", ABP_SECRET_ENV, "TOKEN"},
        {"token = env:TOKEN ; mine", ABP_SECRET_ENV, "TOKEN"},
        {"token = file:secrets/a b", ABP_SECRET_FILE, "/srv/w/secrets/a b"},
        {"token = file:/etc/t   ; mine", ABP_SECRET_FILE, "/etc/t"},
        {"token = command:pass show a:b", ABP_SECRET_COMMAND, "pass show a:b"},
        {"token = command: a;b = c", ABP_SECRET_COMMAND, "a;b = c"},
    };
    struct abp_workspace ws;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        good(&ws, "outbox", cases[i].line);
        assert_int_equal(ws.channels[0].token.source, cases[i].source);
        assert_string_equal(ws.channels[0].token.value, cases[i].value);
        assert_int_equal(ws.channels[0].password.source, ABP_SECRET_NONE);
        abp_workspace_release(&ws);
    }
    /* Whatever is wrong with a line that may hold one, the secret is not told. */
    static const char *const lines[] = {"token = hunter2",
                                        "password = hunter2",
                                        "token = env:hunter2 x",
                                        "token = env:2hunter2",
                                        "token = env:",
                                        "token = file:~hunter2",
                                        "token = command:",
                                        "token = ENV:hunter2",
                                        "token = https:hunter2",
                                        "token = hunter2 ; x",
                                        "token = command:hunter2 ; x",
                                        "token = file:hunter2 ;x",
                                        "token: hunter2",
                                        "token hunter2",
                                        "  hunter2",
                                        "token = hunter2\x01",
                                        "token = \"env:hunter2\"",
                                        "server = https://a:hunter2@host",
                                        "server = hunter2",
                                        "server = http://host/hunter2",
                                        "token = file:"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        bad("outbox", lines[i], 4, "; accepted ", "hunter2");
    char line[400];
    snprintf(line, sizeof line, "token = hunter2%0*d", 250, 0);
    bad("outbox", line, 4, "a line of 265 bytes", "hunter2");
}

static void test_servers(void **state)
{
    (void)state;
    static const struct {
        const char *line, *server;
    } cases[] = {
        {"server = https://bsky.social", "https://bsky.social"},
        {"server = https://bsky.social/", "https://bsky.social"},
        {"server = https://example.org:8443/a/b//", "https://example.org:8443/a/b"},
        {"server = https://hooks.example.org/x?y=1/", "https://hooks.example.org/x?y=1/"},
        {"server = https://[2001:db8::1]:443", "https://[2001:db8::1]:443"},
        {"server = http://localhost:8080", "http://localhost:8080"},
        {"server = http://LOCALHOST", "http://LOCALHOST"},
        {"server = http://127.0.0.1:1/x", "http://127.0.0.1:1/x"},
        {"server = http://127.255.0.9", "http://127.255.0.9"},
        {"server = http://[::1]:65535", "http://[::1]:65535"},
    };
    struct abp_workspace ws;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        good(&ws, "outbox", cases[i].line);
        assert_string_equal(ws.channels[0].server, cases[i].server);
        abp_workspace_release(&ws);
    }
    static const char *const clear[] = {"http://example.org",
                                        "http://127.0.0.1.example.org",
                                        "http://localhost.example.org",
                                        "http://128.0.0.1",
                                        "http://127.0.0",
                                        "http://127.0.0.256",
                                        "http://127.0.0.01",
                                        "http://[::2]",
                                        "http://0.0.0.0",
                                        "http://127.0.0.1.",
                                        "http://10.0.0.1:8080",
                                        "http://[::ffff:127.0.0.1]"};
    static const char *const wrong[] = {"https://",
                                        "https:///x",
                                        "https://a..b",
                                        "https://-a",
                                        "https://a-",
                                        "https://a b",
                                        "https://host:",
                                        "https://host:0",
                                        "https://host:65536",
                                        "https://host:80x",
                                        "https://h\xC3\xB6st",
                                        "https://host#x",
                                        "https://host/#x",
                                        "https://u@host",
                                        "https://[::1",
                                        "https://[x]",
                                        "ftp://host",
                                        "host",
                                        "HTTPS://host",
                                        "//host",
                                        "https://host/\"x",
                                        "http://localhost@example.org",
                                        "https://a.-b"};
    char line[256];
    for (size_t i = 0; i < sizeof clear / sizeof clear[0]; i++) {
        snprintf(line, sizeof line, "server = %s", clear[i]);
        bad("outbox", line, 4, "http:// would send secrets in the clear; accepted is https://",
            NULL);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        snprintf(line, sizeof line, "server = %s", wrong[i]);
        bad("outbox", line, 4, "accepted is https://HOST, or http:// to localhost", NULL);
    }
}

static void test_targets(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        double week;
    } cases[] = {{"target = 3 per week", 3},
                 {"target = 1 per day ; x", 7},
                 {"target = 0.5\tper week", 0.5},
                 {"target = 1000 per week", 1000}};
    struct abp_workspace ws;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        good(&ws, "outbox", cases[i].line);
        assert_true(ws.channels[0].target == cases[i].week);
        abp_workspace_release(&ws);
    }
    static const char *const lines[] = {
        "target = 3",           "target = per week",      "target = 3 a week",
        "target = 0 per week",  "target = -1 per day",    "target = 3 per year",
        "target = 3 per weeks", "target = 1001 per week", "target = 143 per day",
        "target = nan per day", "target = 3  per  week"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        bad("outbox", lines[i], 4, "accepted is N per week or N per day", NULL);
}

static void test_channels(void **state)
{
    (void)state;
    struct abp_workspace ws;
    for (int p = 0; p < ABP_PLATFORM_COUNT; p++) {
        const char *lines = p == ABP_BLUESKY
                                ? "server = https://b.example\naccount = a\npassword = env:P"
                            : p == ABP_MASTODON ? "server = https://m\ntoken = env:T"
                            : p == ABP_WEBHOOK  ? "server = https://h"
                                                : "";
        good(&ws, abp_platform_name((enum abp_platform)p), lines);
        assert_int_equal(ws.channels[0].platform, p);
        assert_true(isnan(ws.channels[0].target));
        abp_workspace_release(&ws);
    }
    assert_null(abp_platform_name(ABP_PLATFORM_COUNT));
    bad("blusky", "", 3, "'blusky' is unknown; accepted is bluesky, mastodon, x,", NULL);
    bad("blusky", "", 3, "(did you mean 'bluesky'?)", NULL);
    bad("bluesky", "server = https://b.example\naccount = a", 2,
        "[channel c] has no password, which bluesky needs", NULL);
    bad("bluesky", "server = https://b.example\npassword = env:P", 2, "[channel c] has no account",
        NULL);
    bad("bluesky", "account = a\npassword = env:P", 2,
        "[channel c] has no server, which bluesky needs; accepted is server = https://bsky.social",
        NULL);
    bad("bluesky", "server = https://b.example\naccount = a\npassword = env:P\ntoken = env:T", 7,
        "bluesky has no use", NULL);
    bad("mastodon", "token = env:T", 2, "[channel c] has no server", NULL);
    bad("outbox", "visibility = private", 4, "accepted is public, unlisted or followers", NULL);
    bad("outbox", "visibility = unlisted", 4, "outbox posts are public", NULL);
    bad("bluesky",
        "server = https://b.example\naccount = a\npassword = env:P\nvisibility = followers", 7,
        "bluesky posts are public", NULL);
    good(&ws, "mastodon", "server = https://m\ntoken = env:T\nvisibility = followers");
    assert_string_equal(ws.channels[0].visibility, "followers");
    abp_workspace_release(&ws);
}

static void test_names_and_defaults(void **state)
{
    (void)state;
    struct abp_workspace ws;
    struct abp_mistakes mistakes;
    assert_int_equal(parse(&ws, "[abpost]", &mistakes), 0);
    assert_string_equal(ws.database, "/srv/w/abpost.db");
    assert_string_equal(ws.timezone, "UTC");
    assert_int_equal(ws.channel_count, 0);
    abp_workspace_release(&ws);
    assert_int_equal(parse(&ws, "[abpost]\ndatabase = /var/x;y.db\n", &mistakes), 0);
    assert_string_equal(ws.database, "/var/x;y.db");
    abp_workspace_release(&ws);
    static const struct {
        const char *text;
        long line;
        const char *part;
    } cases[] = {
        {"", 0, "there is no [abpost] section"},
        {"[abpost]\ntimezone = Europe/Pariss\n", 2, "(did you mean 'Europe/Paris'?)"},
        {"[abpost]\ntimezone = ../../etc/passwd\n", 2, "accepted is an IANA name"},
        {"[abpost]\ndatabase = ~/x.db\n", 2, "~ is not replaced by a folder"},
        {"[abpost]\n[channel a b]\ntype = x\n", 2, "not a channel's name"},
        {"[abpost]\n[channel a,b]\ntype = x\n", 2, "not a channel's name"},
        {"[abpost]\n[channel a]\n", 2, "[channel a] has no type; accepted is bluesky, "},
        {"[abpost]\n[chanel a]\ntype = x\n", 2, "(did you mean 'channel'?)"},
        {"[abpots]\n", 1, "(did you mean 'abpost'?)"},
        {"[abpost]\ndatabse = x\n", 2, "(did you mean 'database'?)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(parse(&ws, cases[i].text, &mistakes), -1);
        if (mistakes.count != 1 || !has_mistake(&mistakes, cases[i].line, cases[i].part)) {
            print_mistakes(&mistakes);
            fail_msg("expected only %s", cases[i].part);
        }
        abp_mistakes_release(&mistakes);
    }
}

static void test_channels_of_an_experiment(void **state)
{
    (void)state;
    struct abp_workspace ws;
    struct abp_experiment e;
    struct abp_mistakes mistakes;
    struct abp_error err;
    const char *text = "[import]\nfile = x\nvariant = v\noutcome = o\n[experiment]\n"
                       "channels = here, hre, elsewhere\n";
    assert_int_equal(parse(&ws, "[abpost]\n[channel here]\ntype = outbox\n", &mistakes), 0);
    assert_int_equal(abp_experiment_parse(&e, "x.ini", text, strlen(text), NULL, &mistakes, &err),
                     0);
    abp_experiment_release(&e);
    assert_int_equal(abp_experiment_parse(&e, "x.ini", text, strlen(text), &ws, &mistakes, &err),
                     -1);
    assert_int_equal(mistakes.count, 2);
    assert_true(has_mistake(&mistakes, 6,
                            "channels: 'hre' is no [channel ...] of the workspace; "
                            "accepted are those of /srv/w/abpost.ini (did you mean "
                            "'here'?)"));
    assert_true(has_mistake(&mistakes, 6, "'elsewhere' is no"));
    abp_mistakes_release(&mistakes);
    abp_workspace_release(&ws);
}

/* ---- files ---- */

static char folder[128];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "%.100s/abpost-test-XXXXXX",
             getenv("TMPDIR") ? getenv("TMPDIR") : P_tmpdir);
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"w/a/b", "w/a",  "w/abpost.ini", "w",         "fifo",
                                        "loop",  ".ini", "secret.ini",   "large.ini", "x.ini"};
    char path[256];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        remove(path);
    }
    return rmdir(folder);
}

static const char *at(char *path, const char *name)
{
    snprintf(path, 256, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text, size_t len)
{
    char path[256];
    FILE *file = fopen(at(path, name), "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void assert_unreadable(const char *name, const char *part)
{
    char path[256];
    struct abp_workspace ws;
    struct abp_experiment e;
    struct abp_mistakes mistakes = {0};
    struct abp_error err;
    assert_int_equal(abp_experiment_read(&e, at(path, name), NULL, &mistakes, &err), -1);
    assert_int_equal(err.code, ABP_DATA);
    assert_int_equal(abp_workspace_read(&ws, path, &mistakes, &err), -1);
    assert_int_equal(err.code, ABP_DATA);
    assert_int_equal(mistakes.count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(mistakes.list[i].file, path);
        if (mistakes.list[i].line != 0 || !strstr(mistakes.list[i].message, part))
            fail_msg("%s: %s", name, mistakes.list[i].message);
    }
    abp_mistakes_release(&mistakes);
}

static void test_files_that_are_none(void **state)
{
    (void)state;
    char path[256];
    size_t large = ((size_t)1 << 20) + 1;
    char *text = calloc(1, large);
    assert_non_null(text);
    memset(text, '\n', large);
    write_file("large.ini", text, large);
    assert_unreadable("large.ini", "larger than 1048576 bytes");
    write_file("large.ini", text, large - 1);
    free(text);
    struct abp_experiment e;
    struct abp_mistakes mistakes = {0};
    struct abp_error err;
    assert_int_equal(abp_experiment_read(&e, at(path, "large.ini"), NULL, &mistakes, &err), -1);
    assert_true(has_mistake(&mistakes, 0, "nothing to learn from"));
    abp_mistakes_release(&mistakes);
    assert_unreadable("nowhere.ini", "can't be read: No such file");
    assert_unreadable("large.ini/x.ini", "can't be read: Not a directory");
    assert_unreadable(".", "is a folder; accepted is an INI file");
    assert_int_equal(mkfifo(at(path, "fifo"), 0600), 0);
    assert_unreadable("fifo", "is not a regular file");
    assert_int_equal(symlink("loop", at(path, "loop")), 0);
    assert_unreadable("loop", "can't be read: ");
    write_file("secret.ini", "", 0);
    assert_int_equal(chmod(at(path, "secret.ini"), 0), 0);
    if (geteuid() != 0) /* root reads everything */
        assert_unreadable("secret.ini", "can't be read: Permission denied");
}

static void test_names_of_experiments(void **state)
{
    (void)state;
    char path[256];
    struct abp_experiment e;
    struct abp_mistakes mistakes = {0};
    struct abp_error err;
    const char *text = "[import]\nfile = x.csv\nvariant = v\noutcome = o\n";
    write_file("x.ini", text, strlen(text));
    assert_int_equal(abp_experiment_read(&e, at(path, "x.ini"), NULL, &mistakes, &err), 0);
    assert_string_equal(e.name, "x");
    assert_string_equal(e.path, path);
    char csv[300];
    snprintf(csv, sizeof csv, "%s/x.csv", folder);
    assert_string_equal(e.import.file, csv);
    abp_experiment_release(&e);
    write_file(".ini", text, strlen(text));
    assert_int_equal(abp_experiment_read(&e, at(path, ".ini"), NULL, &mistakes, &err), -1);
    assert_true(has_mistake(&mistakes, 0, "the file's name can't be an experiment's"));
    abp_mistakes_release(&mistakes);
    assert_int_equal(abp_experiment_parse(&e, "x.ini", text, strlen(text), NULL, &mistakes, &err),
                     0);
    assert_string_equal(e.import.file, "./x.csv");
    abp_experiment_release(&e);
}

static void test_finding(void **state)
{
    (void)state;
    char path[256], expected[256];
    struct abp_error err;
    struct abp_workspace ws;
    struct abp_mistakes mistakes = {0};
    const char *text = "[abpost]\ndatabase = db/x.db\n";
    assert_int_equal(mkdir(at(path, "w"), 0700), 0);
    assert_int_equal(mkdir(at(path, "w/a"), 0700), 0);
    assert_int_equal(mkdir(at(path, "w/a/b"), 0700), 0);
    write_file("w/abpost.ini", text, strlen(text));
    char *real = realpath(at(path, "w"), NULL);
    assert_non_null(real);
    snprintf(expected, sizeof expected, "%.200s/abpost.ini", real);
    static const char *const starts[] = {"w", "w/", "w/a", "w/a/b", "w/a/b/../b/."};
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        char *found = abp_workspace_find(at(path, starts[i]), NULL, &err);
        assert_non_null(found);
        assert_string_equal(found, expected);
        assert_int_equal(abp_workspace_read(&ws, found, &mistakes, &err), 0);
        assert_string_equal(ws.root, real);
        assert_string_equal(ws.path, expected);
        abp_workspace_release(&ws);
        free(found);
    }
    free(real);
}

/* The workspace is where a link to its file is, not where that file lies. */
static void test_link(void **state)
{
    (void)state;
    char path[256];
    struct abp_workspace ws;
    struct abp_mistakes mistakes = {0};
    struct abp_error err;
    unlink(at(path, "x.ini"));
    assert_int_equal(symlink("w/abpost.ini", path), 0);
    assert_int_equal(abp_workspace_read(&ws, path, &mistakes, &err), 0);
    char *top = realpath(folder, NULL);
    assert_string_equal(ws.root, top);
    abp_workspace_release(&ws);
    free(top);
}

/* $ABPOST_CONFIG comes first, and must be there; empty is as good as not set. */
static void test_finding_by_name(void **state)
{
    (void)state;
    char path[256];
    struct abp_error err;
    char *found = abp_workspace_find("/", at(path, "w/abpost.ini"), &err);
    assert_non_null(found);
    assert_string_equal(found, path);
    free(found);
    assert_null(abp_workspace_find(at(path, "w"), "/nowhere/abpost.ini", &err));
    assert_int_equal(err.code, ABP_DATA);
    found = abp_workspace_find(at(path, "w"), "", &err);
    assert_non_null(found);
    free(found);
    assert_null(abp_workspace_find("/", NULL, &err));
    assert_non_null(strstr(err.message, "`abpost init` makes one"));
    assert_null(abp_workspace_find(at(path, "nowhere"), NULL, &err));
    assert_int_equal(err.code, ABP_DATA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_servers),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_channels),
        cmocka_unit_test(test_names_and_defaults),
        cmocka_unit_test(test_channels_of_an_experiment),
        cmocka_unit_test(test_files_that_are_none),
        cmocka_unit_test(test_names_of_experiments),
        cmocka_unit_test(test_finding),
        cmocka_unit_test(test_link),
        cmocka_unit_test(test_finding_by_name),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
