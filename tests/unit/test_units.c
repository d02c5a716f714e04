/* Units and lines of cron: names, and the corners that tests/cli/test_timer.sh has no folder for.
 */
#include "cli/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct abp_workspace workspace(char *root, char *path, char *database)
{
    static char zone[] = "UTC";
    return (struct abp_workspace){
        .root = root, .path = path, .database = database, .timezone = zone};
}

static void test_names(void **state)
{
    static const char *const names[][2] = {
        {"/srv/garden", "abpost-garden-tick"},
        {"/srv/My  Garden!", "abpost-my-garden-tick"},
        {"/srv/...", "abpost-workspace-tick"},
        {"/", "abpost-workspace-tick"},
        {"/srv/\xc3\xa9t\xc3\xa9", "abpost-t-tick"},
        {"/srv/--x--", "abpost-x-tick"},
        {"/srv/0123456789012345678901234567890123456789",
         "abpost-012345678901234567890123456789012345678-tick"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char root[100], out[ABP_UNIT_NAME];
        snprintf(root, sizeof root, "%s", names[i][0]);
        struct abp_workspace ws = workspace(root, root, root);
        struct abp_units units = {.binary = "/bin/abpost", .ws = &ws};
        abp_unit_name(out, &units, ABP_JOB_TICK);
        assert_string_equal(out, names[i][1]);
    }
}

static int says(const struct abp_workspace *ws, const char *binary, const char *user,
                const char *text)
{
    struct abp_buffer buf;
    struct abp_units units = {.binary = binary, .ws = ws, .user = user};
    abp_buffer_init(&buf, 1 << 16);
    abp_put_service(&buf, &units, ABP_JOB_TICK);
    int found = strstr(abp_buffer_text(&buf), text) != NULL;
    abp_buffer_release(&buf);
    return found;
}

/* What a service may not write to must not be where its workspace lies. */
static void test_hardening(void **state)
{
    char srv[] = "/srv/w", ini[] = "/srv/w/abpost.ini", db[] = "/srv/w/a.db";
    char usr[] = "/usr/local/w", usr_ini[] = "/usr/local/w/abpost.ini", etc[] = "/etc/w/a.db";
    struct abp_workspace plain = workspace(srv, ini, db), in_usr = workspace(usr, usr_ini, db),
                         in_etc = workspace(srv, ini, etc);
    (void)state;
    assert_true(says(&plain, "/bin/abpost", "me", "\nProtectSystem=full\n"));
    assert_true(says(&plain, "/bin/abpost", "me", "\nUser=me\n"));
    assert_false(says(&in_usr, "/bin/abpost", "me", "ProtectSystem"));
    assert_false(says(&in_etc, "/bin/abpost", "me", "ProtectSystem"));
    assert_false(says(&plain, "/bin/abpost", NULL, "Protect"));
    assert_false(says(&plain, "/bin/abpost", NULL, "User="));
}

static void test_quoting(void **state)
{
    char root[] = "/a %h $b", ini[] = "/a %h $b/abpost.ini", other[] = "/a %h $b/o\"t.ini";
    struct abp_workspace ws = workspace(root, ini, ini), named = workspace(root, other, ini);
    (void)state;
    assert_true(says(&ws, "/x %n $y", NULL, "\nWorkingDirectory=/a %%h $b\n"));
    assert_true(says(&ws, "/x %n $y", NULL, "\nExecStart=\"/x %%n $y\" tick\n"));
    assert_true(says(&ws, "/x\" %n $y", NULL,
                     "\nExecStart=/bin/sh -c 'exec \"$$0\" \"$$@\"' \"/x\\\" %%n $$y\" tick\n"));
    assert_false(says(&ws, "/x", NULL, "Environment="));
    assert_true(says(&named, "/x", NULL, "\nEnvironment=\"ABPOST_CONFIG=/a %%h $b/o\\\"t.ini\"\n"));
}

static void test_refused(void **state)
{
    static const char *const paths[] = {"/a\nb", "/a\tb", "/a\x7f", "/a ", "/a\\"};
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char root[20], ini[] = "/w/abpost.ini";
        struct abp_error err = {0};
        snprintf(root, sizeof root, "%s", paths[i]);
        struct abp_workspace ws = workspace(root, ini, ini);
        struct abp_units units = {.binary = "/x", .ws = &ws};
        assert_int_equal(abp_units_check(&units, &err), -1);
        assert_int_equal(err.code, ABP_DATA);
        ws.root = ini;
        units.binary = paths[i];
        assert_int_equal(abp_units_check(&units, &err), -1);
    }
}

/* What was written says whose it is. */
static void test_owner(void **state)
{
    char root[] = "/a %h $b (c)", own[] = "/a %h $b (c)/abpost.ini",
         other[] = "/a %h $b (c)/o\"t \\.ini";
    char *const files[] = {own, other};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct abp_buffer text, folder, file;
        struct abp_error err;
        struct abp_workspace ws = workspace(root, files[i / 2], root);
        struct abp_units units = {.binary = "/x", .ws = &ws};
        abp_buffer_init(&text, 1 << 16);
        abp_buffer_init(&folder, 1 << 10);
        abp_buffer_init(&file, 1 << 10);
        if (i % 2)
            abp_put_timer(&text, &units, ABP_JOB_NIGHTLY);
        else
            abp_put_service(&text, &units, ABP_JOB_NIGHTLY);
        assert_int_equal(abp_units_owner(&folder, &file, abp_buffer_text(&text), &err), 0);
        assert_string_equal(abp_buffer_text(&folder), root);
        assert_string_equal(abp_buffer_text(&file), i % 2 ? "" : files[i / 2]);
        abp_buffer_reset(&folder);
        abp_buffer_reset(&file);
        assert_int_equal(abp_units_owner(&folder, &file, "[Unit]\nDescription=mine\n", &err), 0);
        assert_int_equal(folder.len + file.len, 0);
        abp_buffer_release(&text);
        abp_buffer_release(&folder);
        abp_buffer_release(&file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),   cmocka_unit_test(test_hardening),
        cmocka_unit_test(test_quoting), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
