/* The sample files of the documentation mean what they say. */
#include "config_files.h"

#define WORKSPACE                                                                                  \
    "[abpost]\n"                                                                                   \
    "database = abpost.db            ; SQLite file, created on first use\n"                        \
    "timezone = Europe/Paris         ; IANA zone of every time in this workspace\n"                \
    "\n"                                                                                           \
    "[channel bluesky]\n"                                                                          \
    "type     = bluesky              ; bluesky mastodon x facebook instagram threads linkedin "    \
    "telegram discord slack webhook outbox\n"                                                      \
    "account  = brand.example.com\n"                                                               \
    "server   = https://bsky.social\n"                                                             \
    "password = env:BLUESKY_APP_PASSWORD   ; env:NAME, file:PATH (refused when others can read "   \
    "it) or command:pass show ...\n"                                                               \
    "target   = 3 per week           ; how much this channel should say; never a reason to post "  \
    "something unready\n"                                                                          \
    "\n"                                                                                           \
    "[channel mastodon]\n"                                                                         \
    "type     = mastodon\n"                                                                        \
    "server   = https://mastodon.social\n"                                                         \
    "token    = file:secrets/mastodon\n"                                                           \
    "visibility = unlisted           ; public, unlisted, followers: the small circle counts too\n"

#define EXPERIMENT                                                                                 \
    "[experiment]\n"                                                                               \
    "hypothesis = A question earns more replies than a story\n"                                    \
    "channels   = bluesky, mastodon\n"                                                             \
    "outcome    = replies + reposts + likes   ; a weighted sum of the readings' metrics: "         \
    "3*replies + likes\n"                                                                          \
    "exposure   = impressions        ; optional; none = counts per post\n"                         \
    "horizon    = 48h                ; the age at which a post is read\n"                          \
    "baseline   = story\n"                                                                         \
    "\n"                                                                                           \
    "[schedule]\n"                                                                                 \
    "start = 2026-12-01\n"                                                                         \
    "days  = mon tue thu fri\n"                                                                    \
    "times = 09:00 18:30             ; each is a slot; a block is one post of every variant, in "  \
    "random order, over one channel's next slots\n"                                                \
    "min_gap = 4h\n"                                                                               \
    "max_posts = 80\n"                                                                             \
    "\n"                                                                                           \
    "[variant question]\n"                                                                         \
    "posts = posts/question/*.txt    ; one file a post; the same file name in two variants = the " \
    "same topic\n"                                                                                 \
    "cost  = 10\n"                                                                                 \
    "[variant story]\n"                                                                            \
    "posts = posts/story/*.txt\n"                                                                  \
    "cost  = 25\n"                                                                                 \
    "\n"                                                                                           \
    "[decision]\n"                                                                                 \
    "family = negbinomial\n"                                                                       \
    "confidence = 95%\n"                                                                           \
    "alpha  = 5%\n"                                                                                \
    "min_lift = 5%\n"                                                                              \
    "value  = 0.40\n"                                                                              \
    "guardrail = unfollows <= 5%\n"                                                                \
    "review = yes                    ; only posts marked approved go out\n"

#define IMPORT                                                                                     \
    "[import]\n"                                                                                   \
    "file     = question-2019.csv\n"                                                               \
    "separator = ,\n"                                                                              \
    "variant  = condition\n"                                                                       \
    "channel  = experimenter         ; optional, as are slot, exposure, time, block and "          \
    "experiment\n"                                                                                 \
    "outcome  = interactions         ; a column, or the same kind of sum\n"                        \
    "required = likes                ; a row where one of these is missing is a missing reading\n" \
    "missing  = NA, N/A              ; besides empty; missing readings are counted and left out, " \
    "never read as zero\n"                                                                         \
    "block    = experimenter         ; the column naming the randomised block: with it the data "  \
    "counts as randomised, and the guard is computed\n"                                            \
    "experiment = test               ; one experiment for each value of this column (a file of "   \
    "2,437 tests is 2,437 experiments)\n"

static void read_workspace(struct abp_workspace *ws)
{
    struct abp_mistakes mistakes = {0};
    struct abp_error err;
    int rc = abp_workspace_parse(ws, "abpost.ini", "/srv/brand/abpost.ini", WORKSPACE,
                                 strlen(WORKSPACE), &mistakes, &err);
    if (rc != 0)
        print_mistakes(&mistakes);
    assert_int_equal(rc, 0);
}

static void test_workspace(void **state)
{
    (void)state;
    struct abp_workspace ws;
    read_workspace(&ws);
    assert_string_equal(ws.root, "/srv/brand");
    assert_string_equal(ws.path, "/srv/brand/abpost.ini");
    assert_string_equal(ws.database, "/srv/brand/abpost.db");
    assert_string_equal(ws.timezone, "Europe/Paris");
    assert_int_equal(ws.channel_count, 2);
    const struct abp_channel *b = &ws.channels[0], *m = &ws.channels[1];
    assert_string_equal(b->name, "bluesky");
    assert_int_equal(b->platform, ABP_BLUESKY);
    assert_string_equal(b->account, "brand.example.com");
    assert_string_equal(b->server, "https://bsky.social");
    assert_int_equal(b->password.source, ABP_SECRET_ENV);
    assert_string_equal(b->password.value, "BLUESKY_APP_PASSWORD");
    assert_int_equal(b->token.source, ABP_SECRET_NONE);
    assert_null(b->visibility);
    assert_true(b->target == 3);
    assert_int_equal(b->line, 5);
    assert_int_equal(m->platform, ABP_MASTODON);
    assert_int_equal(m->token.source, ABP_SECRET_FILE);
    assert_string_equal(m->token.value, "/srv/brand/secrets/mastodon");
    assert_string_equal(m->visibility, "unlisted");
    assert_true(isnan(m->target));
    abp_workspace_release(&ws);
}

static void check_plan(const struct abp_experiment *e)
{
    assert_string_equal(e->name, "question");
    assert_string_equal(e->hypothesis, "A question earns more replies than a story");
    assert_int_equal(e->channels.count, 2);
    assert_string_equal(e->channels.list[1], "mastodon");
    assert_int_equal(e->outcome.count, 3);
    assert_string_equal(e->outcome.terms[2].name, "likes");
    assert_true(e->outcome.terms[2].weight == 1);
    assert_int_equal(e->exposure.count, 1);
    assert_int_equal(e->horizon, 48 * 3600);
    assert_string_equal(e->baseline, "story");
    assert_true(e->schedule.present);
    assert_int_equal(e->schedule.start.year, 2026);
    assert_int_equal(e->schedule.start.month, 12);
    assert_int_equal(e->schedule.start.day, 1);
    assert_int_equal(e->schedule.days, 1 | 2 | 8 | 16);
    assert_int_equal(e->schedule.time_count, 2);
    assert_int_equal(e->schedule.times[1].hour, 18);
    assert_int_equal(e->schedule.times[1].minute, 30);
    assert_int_equal(e->schedule.min_gap, 4 * 3600);
    assert_int_equal(e->schedule.max_posts, 80);
    assert_int_equal(e->schedule.max_lateness, 3600);
    assert_int_equal(e->variant_count, 2);
    assert_string_equal(e->variants[0].posts, "posts/question/*.txt");
    assert_true(e->variants[1].cost == 25);
}

static void check_decision(const struct abp_decision *d)
{
    assert_int_equal(d->family, ABP_NEGBINOMIAL);
    assert_true(d->confidence == 0.95);
    assert_true(d->alpha == 0.05);
    assert_true(d->min_lift == 0.05);
    assert_true(d->rope == 0.05);
    assert_true(d->value == 0.4);
    assert_int_equal(d->min_posts, 6);
    assert_int_equal(d->review, 1);
    assert_int_equal(d->learn, 0);
    assert_true(isnan(d->lift_sd) && isnan(d->prior_a));
    assert_int_equal(d->guardrail_count, 1);
    assert_string_equal(d->guardrails[0].metric.terms[0].name, "unfollows");
    assert_true(d->guardrails[0].limit == 0.05);
}

static void check_import(const struct abp_import *i)
{
    assert_true(i->present);
    assert_string_equal(i->file, "experiments/question-2019.csv");
    assert_int_equal(i->separator, ',');
    assert_string_equal(i->variant, "condition");
    assert_string_equal(i->channel, "experimenter");
    assert_string_equal(i->block, "experimenter");
    assert_string_equal(i->experiment, "test");
    assert_null(i->slot);
    assert_null(i->time);
    assert_int_equal(i->outcome.count, 1);
    assert_int_equal(i->exposure.count, 0);
    assert_int_equal(i->required.count, 1);
    assert_int_equal(i->missing.count, 2);
    assert_string_equal(i->missing.list[1], "N/A");
}

static void test_experiment(void **state)
{
    (void)state;
    struct abp_workspace ws;
    struct abp_experiment e;
    struct abp_mistakes mistakes = {0};
    struct abp_error err;
    const char *text = EXPERIMENT IMPORT;
    read_workspace(&ws);
    int rc = abp_experiment_parse(&e, "experiments/question.ini", text, strlen(text), &ws,
                                  &mistakes, &err);
    if (rc != 0)
        print_mistakes(&mistakes);
    assert_int_equal(rc, 0);
    check_plan(&e);
    check_decision(&e.decision);
    check_import(&e.import);
    abp_experiment_release(&e);
    abp_workspace_release(&ws);
}

static void test_import_alone(void **state)
{
    (void)state;
    struct abp_experiment e;
    struct abp_mistakes mistakes = {0};
    struct abp_error err;
    int rc = abp_experiment_parse(&e, "experiments/old.ini", IMPORT, strlen(IMPORT), NULL,
                                  &mistakes, &err);
    if (rc != 0)
        print_mistakes(&mistakes);
    assert_int_equal(rc, 0);
    assert_string_equal(e.name, "old");
    assert_false(e.schedule.present);
    assert_int_equal(e.variant_count, 0);
    assert_null(e.baseline);
    check_import(&e.import);
    abp_experiment_release(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_workspace),
        cmocka_unit_test(test_experiment),
        cmocka_unit_test(test_import_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
