/* The reference of 'abpost help': complete, and true where a program can tell. */
#include "config_files.h"

#include "abpost/channel.h"
#include "abpost/plan.h"
#include "abpost/posterior.h"
#include "abpost/reference.h"
#include "cli/topics.h"

static const enum abp_reference_file files[] = {ABP_REFERENCE_EXPERIMENT, ABP_REFERENCE_WORKSPACE,
                                                ABP_REFERENCE_POST};
#define FILES (sizeof files / sizeof files[0])

/* What each section holds besides the line that is tried. */
static const struct {
    const char *section, *lines[3];
} whole[] = {
    {"experiment", {"channels = a", "outcome = likes", NULL}},
    {"schedule", {"times = 09:00", NULL, NULL}},
    {"variant", {"posts = x/*.txt", "media = none", NULL}},
    {"decision", {NULL, NULL, NULL}},
    {"import", {"file = x.csv", "variant = v", "outcome = o"}},
};
#define SECTIONS (sizeof whole / sizeof whole[0])

/* The length of "key" in "key = value". */
static size_t key_length(const char *line)
{
    return strcspn(line, " =");
}

static void add_lines(struct abp_buffer *text, size_t s, const char *line)
{
    for (size_t i = 0; i < 3; i++) {
        const char *own = whole[s].lines[i];
        if (own && !(line && key_length(own) == key_length(line) &&
                     strncmp(own, line, key_length(own)) == 0))
            abp_buffer_printf(text, "%s\n", own);
    }
    if (line)
        abp_buffer_printf(text, "%s\n", line);
}

/* Reads an experiment with that line in place of its section's own of the same key. */
static int read_experiment(struct abp_experiment *e, const char *section, const char *line)
{
    struct abp_buffer text;
    struct abp_mistakes mistakes = {0};
    struct abp_error err;
    abp_buffer_init(&text, 4096);
    for (size_t s = 0; s < SECTIONS; s++) {
        int named = strcmp(whole[s].section, "variant") == 0;
        abp_buffer_printf(&text, "[%s%s]\n", whole[s].section, named ? " one" : "");
        add_lines(&text, s, line && strcmp(section, whole[s].section) == 0 ? line : NULL);
    }
    abp_buffer_add(&text, "[variant two]\nposts = y/*.txt\nmedia = clip\n");
    int rc = abp_experiment_parse(e, "folder/x.ini", abp_buffer_text(&text), text.len, NULL,
                                  &mistakes, &err);
    print_mistakes(&mistakes);
    abp_mistakes_release(&mistakes);
    abp_buffer_release(&text);
    return rc;
}

static int read_workspace(struct abp_workspace *ws, const char *section, const char *line)
{
    char text[1024];
    struct abp_mistakes mistakes = {0};
    struct abp_error err;
    int channel = strcmp(section, "channel") == 0, type = strncmp(line, "type", 4) == 0;
    snprintf(text, sizeof text, "[abpost]\n%s\n[channel a]\n%s\n%s\n", channel ? "" : line,
             type ? "" : "type = mastodon\nserver = https://m.example\ntoken = env:T",
             channel ? line : "");
    /* A second line of the same key would be a mistake of this test, not of the reference. */
    if (strncmp(line, "server", 6) == 0 || strncmp(line, "token", 5) == 0 ||
        strncmp(line, "password", 8) == 0)
        snprintf(text, sizeof text, "[abpost]\n[channel a]\ntype = outbox\n%s\n", line);
    int rc =
        abp_workspace_parse(ws, "abpost.ini", "/w/abpost.ini", text, strlen(text), &mistakes, &err);
    print_mistakes(&mistakes);
    abp_mistakes_release(&mistakes);
    return rc;
}

/* ---- complete ---- */

static int is_text(const char *text)
{
    return text && *text;
}

static void test_every_key_is_explained(void **state)
{
    (void)state;
    size_t keys = 0;
    for (size_t f = 0; f < FILES; f++) {
        struct abp_reference_section section;
        struct abp_reference_key key;
        for (size_t s = 0; abp_reference_section(&section, files[f], s); s++) {
            if (files[f] != ABP_REFERENCE_POST && !is_text(section.meaning))
                fail_msg("[%s] has no meaning", section.name);
            for (size_t i = 0; abp_reference_key(&key, files[f], s, i); i++, keys++) {
                const char *name = key.name ? key.name : "any other";
                if (!is_text(key.meaning) || !is_text(key.accepted))
                    fail_msg("%s of [%s] has no meaning", name, section.name);
                if (!is_text(key.preset) && !is_text(key.absent))
                    fail_msg("nothing is said of what holds without %s of [%s]", name,
                             section.name);
                if (key.meaning[strlen(key.meaning) - 1] == '.')
                    fail_msg("%s of [%s]: a full stop", name, section.name);
            }
        }
    }
    assert_true(keys > 55); /* the loops did run */
}

static void test_every_key_is_printed(void **state)
{
    (void)state;
    size_t count;
    const struct abp_topic *topics = abp_topics(&count);
    const struct abp_screen screen = {.width = 80};
    assert_int_equal(count, FILES);
    for (size_t t = 0; t < count; t++) {
        struct abp_buffer buf;
        struct abp_reference_section section;
        struct abp_reference_key key;
        const char *at;
        abp_buffer_init(&buf, 1 << 20);
        abp_topic_put(&buf, &screen, &topics[t]);
        at = abp_buffer_text(&buf);
        for (size_t s = 0; abp_reference_section(&section, topics[t].file, s); s++)
            for (size_t i = 0; abp_reference_key(&key, topics[t].file, s, i); i++) {
                char name[64];
                snprintf(name, sizeof name, "\n  %s ", key.name ? key.name : "(any other)");
                at = strstr(at, name); /* in this order */
                if (at == NULL)
                    fail_msg("a topic does not print%s", name);
            }
        abp_buffer_release(&buf);
    }
}

/* ---- true ---- */

static void fingerprint(char hash[65], const char *section, const char *line)
{
    struct abp_experiment e;
    struct abp_error err;
    if (read_experiment(&e, section, line) != 0)
        fail_msg("[%s] '%s' was refused", section, line ? line : "");
    /* The columns of [import] are no part of it. */
    assert_int_equal(e.import.exposure.count, 0);
    assert_int_equal(abp_plan_fingerprint(hash, &e, &err), 0);
    abp_experiment_release(&e);
}

static void test_defaults_are_what_holds_without(void **state)
{
    (void)state;
    char without[65], with[65], line[128];
    struct abp_reference_section section;
    struct abp_reference_key key;
    size_t tried = 0;
    for (size_t s = 0; abp_reference_section(&section, ABP_REFERENCE_EXPERIMENT, s); s++)
        for (size_t i = 0; abp_reference_key(&key, ABP_REFERENCE_EXPERIMENT, s, i); i++) {
            if (!key.preset)
                continue;
            snprintf(line, sizeof line, "%s = %s", key.name, key.preset);
            fingerprint(without, section.name, NULL);
            fingerprint(with, section.name, line);
            if (strcmp(without, with) != 0)
                fail_msg("[%s] '%s' is not the default", section.name, line);
            tried++;
        }
    assert_true(tried >= 14);
}

static void test_defaults_of_the_workspace(void **state)
{
    (void)state;
    char line[128];
    struct abp_reference_key key;
    struct abp_workspace without, with;
    assert_int_equal(read_workspace(&without, "abpost", ""), 0);
    for (size_t i = 0; abp_reference_key(&key, ABP_REFERENCE_WORKSPACE, 0, i); i++) {
        snprintf(line, sizeof line, "%s = %s", key.name, key.preset);
        assert_int_equal(read_workspace(&with, "abpost", line), 0);
        assert_string_equal(with.database, without.database);
        assert_string_equal(with.timezone, without.timezone);
        abp_workspace_release(&with);
    }
    abp_workspace_release(&without);
}

static void test_defaults_of_the_priors(void **state)
{
    (void)state;
    struct abp_priors p = abp_default_priors(ABP_NEGBINOMIAL);
    const struct {
        const char *name;
        double sd;
    } priors[] = {{"mu_sd", p.mu},           {"lift_sd", p.lift},
                  {"channel_sd", p.channel}, {"interaction_sd", p.interaction},
                  {"slot_sd", p.slot},       {"dispersion_sd", p.dispersion}};
    struct abp_reference_key key;
    size_t found = 0;
    for (size_t i = 0; abp_reference_key(&key, ABP_REFERENCE_EXPERIMENT, 3, i); i++)
        for (size_t k = 0; k < 6; k++)
            if (strcmp(key.name, priors[k].name) == 0) {
                assert_true(strtod(key.absent, NULL) == priors[k].sd);
                found++;
            }
    assert_int_equal(found, 6);
    assert_true(abp_default_priors(ABP_BETABINOMIAL).dispersion == 0.5);
}

static void test_examples_are_read(void **state)
{
    (void)state;
    struct abp_reference_section section;
    struct abp_reference_key key;
    struct abp_experiment e;
    struct abp_workspace ws;
    for (size_t s = 0; abp_reference_section(&section, ABP_REFERENCE_EXPERIMENT, s); s++)
        for (size_t i = 0; abp_reference_key(&key, ABP_REFERENCE_EXPERIMENT, s, i); i++)
            if (key.example) {
                assert_true(!key.name || strncmp(key.example, key.name, strlen(key.name)) == 0);
                assert_int_equal(read_experiment(&e, section.name, key.example), 0);
                abp_experiment_release(&e);
            }
    for (size_t s = 0; abp_reference_section(&section, ABP_REFERENCE_WORKSPACE, s); s++)
        for (size_t i = 0; abp_reference_key(&key, ABP_REFERENCE_WORKSPACE, s, i); i++)
            if (key.example) {
                assert_int_equal(strncmp(key.example, key.name, strlen(key.name)), 0);
                assert_int_equal(read_workspace(&ws, section.name, key.example), 0);
                abp_workspace_release(&ws);
            }
}

static void find_key(struct abp_reference_key *key, enum abp_reference_file file, size_t section,
                     const char *name)
{
    size_t i = 0;
    while (abp_reference_key(key, file, section, i) && strcmp(key->name, name) != 0)
        i++;
    assert_string_equal(key->name, name);
}

/* "this version can post to ...", and what these platforms tell of a post. */
static void test_platforms_are_those_of_this_version(void **state)
{
    (void)state;
    struct abp_reference_key type, outcome;
    find_key(&type, ABP_REFERENCE_WORKSPACE, 1, "type");
    find_key(&outcome, ABP_REFERENCE_EXPERIMENT, 0, "outcome");
    for (int p = 0; p < ABP_PLATFORM_COUNT; p++) {
        char word[40];
        const struct abp_channel_ops *ops = abp_channel_ops((enum abp_platform)p);
        snprintf(word, sizeof word, " %s", abp_platform_name((enum abp_platform)p));
        int said = p != ABP_X && strstr(type.meaning, word) != NULL;
        if (said != (ops != NULL))
            fail_msg("help workspace is wrong about%s", word);
        for (size_t i = 0; ops && ops->metrics[i]; i++)
            if (!strstr(outcome.meaning, ops->metrics[i]))
                fail_msg("help experiment does not say that%s tells %s", word, ops->metrics[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_key_is_explained),
        cmocka_unit_test(test_every_key_is_printed),
        cmocka_unit_test(test_defaults_are_what_holds_without),
        cmocka_unit_test(test_defaults_of_the_workspace),
        cmocka_unit_test(test_defaults_of_the_priors),
        cmocka_unit_test(test_examples_are_read),
        cmocka_unit_test(test_platforms_are_those_of_this_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
