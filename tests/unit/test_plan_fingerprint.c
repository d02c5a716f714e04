/* What changes the fingerprint of an analysis, and what must not. */
#include "plan_world.h"

#include "config/experiment.h"

static struct abp_error err;

#define CHANNELS "[channel sky]\ntype = outbox\n[channel elephant]\ntype = outbox\n"

/* Every key that an experiment file has, in the order of the tables: what a change of it is. The
 * test below fails when a key is added that does not stand here. */
static const struct {
    const char *section, *key, *before, *after;
    int counts; /* 1: it bears on the result */
} keys[] = {
    {"experiment", "hypothesis", "A beats B", "B beats A", 1},
    {"experiment", "channels", "sky, elephant", "sky", 1},
    {"experiment", "outcome", "replies + 2*likes", "replies + 3*likes", 1},
    {"experiment", "exposure", "impressions", "reach", 1},
    {"experiment", "horizon", "48h", "24h", 1},
    {"experiment", "baseline", "a", "b", 1},
    {"schedule", "start", "2026-12-01", "2026-12-02", 1},
    {"schedule", "days", "mon tue", "mon wed", 1},
    {"schedule", "times", "09:00 18:30", "09:00 18:31", 1},
    {"schedule", "min_gap", "4h", "5h", 1},
    {"schedule", "blackout", "2026-12-24..2026-12-26", "2026-12-24..2026-12-27", 1},
    {"schedule", "max_posts", "80", "81", 1},
    {"schedule", "max_lateness", "1h", "2h", 1},
    {"variant a", "posts", "a/*.txt", "c/*.txt", 0},
    {"variant a", "cost", "10", "11", 1},
    {"variant a", "style", "question", "statement", 1},
    {"variant b", "posts", "b/*.txt", "c/*.txt", 0},
    {"variant b", "style", "plain", "question_2", 1},
    {"decision", "family", "negbinomial", "lognormal", 1},
    {"decision", "confidence", "95%", "96%", 1},
    {"decision", "alpha", "5%", "4%", 1},
    {"decision", "min_lift", "5%", "6%", 1},
    {"decision", "rope", "5%", "6%", 1},
    {"decision", "min_posts", "6", "7", 1},
    {"decision", "value", "0.4", "0.5", 1},
    {"decision", "guardrail", "unfollows <= 5%, blocks + mutes <= 1%",
     "unfollows <= 5%, blocks + mutes <= 2%", 1},
    {"decision", "review", "yes", "no", 1},
    {"decision", "after", "stop", "repeat-winner", 1},
    {"decision", "allocation", "balanced", "top-two", 1},
    {"decision", "learn", "no", "yes", 1},
    {"decision", "mu_sd", "1", "2", 1},
    {"decision", "lift_sd", "1", "2", 1},
    {"decision", "channel_sd", "1", "2", 1},
    {"decision", "interaction_sd", "1", "2", 1},
    {"decision", "slot_sd", "1", "2", 1},
    {"decision", "dispersion_sd", "1", "2", 1},
};

#define KEY_COUNT (sizeof keys / sizeof *keys)

static void fingerprint(char *hash, const char *text)
{
    struct abp_workspace ws;
    struct abp_experiment experiment;
    struct abp_mistakes mistakes = {0};
    static const char ini[] = "[abpost]\ntimezone = UTC\n" CHANNELS;
    assert_int_equal(abp_workspace_parse(&ws, "abpost.ini", "/srv/abpost.ini", ini, strlen(ini),
                                         &mistakes, &err),
                     0);
    if (abp_experiment_parse(&experiment, "/srv/experiments/x.ini", text, strlen(text), &ws,
                             &mistakes, &err) != 0)
        fail_msg("%d\n%s", print_mistakes(&mistakes), text);
    assert_int_equal(abp_plan_fingerprint(hash, &experiment, &err), 0);
    assert_int_equal(strlen(hash), 64);
    abp_experiment_release(&experiment);
    abp_workspace_release(&ws);
}

/* The file, with key number `changed` (or none) changed, and number `left_out` (or none) not there.
 */
static void write_file(char *text, size_t size, size_t changed, size_t left_out)
{
    int n = 0;
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (i == 0 || strcmp(keys[i].section, keys[i - 1].section) != 0)
            n += snprintf(text + n, size - (size_t)n, "[%s]\n", keys[i].section);
        if (i != left_out)
            n += snprintf(text + n, size - (size_t)n, "%s = %s\n", keys[i].key,
                          i == changed ? keys[i].after : keys[i].before);
    }
    assert_true((size_t)n < size);
}

static void test_every_key(void **state)
{
    (void)state;
    char text[4000], hash[ABP_DIGEST_SIZE], seen[KEY_COUNT + 1][ABP_DIGEST_SIZE];
    size_t count = 0;
    write_file(text, sizeof text, KEY_COUNT, KEY_COUNT);
    fingerprint(seen[count++], text);
    for (size_t i = 0; i < KEY_COUNT; i++) {
        write_file(text, sizeof text, i, KEY_COUNT);
        fingerprint(hash, text);
        int same = strcmp(hash, seen[0]) == 0;
        if (same == keys[i].counts)
            fail_msg("[%s] %s: the fingerprint %s", keys[i].section, keys[i].key,
                     same ? "stays" : "changes");
        for (size_t j = 1; j < count; j++) /* nor are two changes taken for one another */
            assert_string_not_equal(hash, seen[j]);
        if (keys[i].counts)
            memcpy(seen[count++], hash, sizeof hash);
    }
    write_file(text, sizeof text, KEY_COUNT, 6); /* no start */
    fingerprint(hash, text);
    assert_string_not_equal(hash, seen[0]);
}

static int has_key(const struct abp_ini_kind *kind, const char *name)
{
    for (size_t i = 0; i < kind->key_count; i++)
        if (strcmp(kind->keys[i].name, name) == 0)
            return 1;
    return 0;
}

/* Nothing is forgotten: each key of the reader's tables stands above. */
static void test_no_key_is_missing(void **state)
{
    (void)state;
    for (size_t k = 0; k < abp_experiment_schema.kind_count; k++) {
        const struct abp_ini_kind *kind = &abp_experiment_schema.kinds[k];
        for (size_t i = 0; i < kind->key_count; i++) {
            int known =
                strcmp(kind->name, "import") == 0 || strcmp(kind->keys[i].name, "prior") == 0;
            for (size_t j = 0; j < KEY_COUNT; j++)
                known |= strncmp(keys[j].section, kind->name, strlen(kind->name)) == 0 &&
                         strcmp(keys[j].key, kind->keys[i].name) == 0;
            if (!known)
                fail_msg("[%s] %s: does it bear on the result?", kind->name, kind->keys[i].name);
        }
        /* keys of any name: one that the table does not have stands above, too */
        int other = kind->others == NULL;
        for (size_t j = 0; j < KEY_COUNT; j++)
            other |= strncmp(keys[j].section, kind->name, strlen(kind->name)) == 0 &&
                     !has_key(kind, keys[j].key);
        if (!other)
            fail_msg("[%s]: do keys of any name bear on the result?", kind->name);
    }
}

#define HEAD                                                                                       \
    "[experiment]\noutcome = replies\nchannels = sky\n[schedule]\ntimes = 09:00\n"                 \
    "[variant a]\nposts = a\n[variant b]\nposts = b\n"

static void test_other_spellings(void **state)
{
    (void)state;
    static const struct {
        const char *one, *other;
        int same;
    } cases[] = {
        {"[experiment]\noutcome = replies + 2*likes\nchannels = sky, elephant\nbaseline = b\n"
         "horizon = 48h\n[schedule]\ntimes = 09:00 18:30\ndays = mon tue\n"
         "blackout = 2026-12-24..2026-12-26\n[variant a]\nposts = a\n[variant b]\nposts = b\n"
         "[decision]\nguardrail = unfollows <= 5%, mutes + blocks <= 1%\nalpha = 5%\n",
         "; a remark\n[variant b]\nposts = bb\n[decision]\nalpha = 0.05 ; one in twenty\n"
         "guardrail = blocks + mutes <= 0.01, unfollows <= 0.05\n[schedule]\n"
         "blackout = 2026-12-26, 2026-12-24 2026-12-25\ndays = tuesday, mon\n"
         "times = 18:30, 09:00\n[variant a]\nposts = aa\n[experiment]\nbaseline = b\n"
         "channels = elephant, sky\noutcome = 2*likes + replies\nhorizon = 2 days\n",
         1},
        /* without a baseline the first variant is it */
        {HEAD, HEAD "[decision]\nalpha = 5%\n", 1},
        {HEAD,
         "[experiment]\noutcome = replies\nchannels = sky\n[schedule]\ntimes = 09:00\n"
         "[variant b]\nposts = b\n[variant a]\nposts = a\n",
         0},
        {HEAD,
         "[experiment]\noutcome = replies\nchannels = sky\nbaseline = a\n[schedule]\n"
         "times = 09:00\n[variant b]\nposts = b\n[variant a]\nposts = a\n",
         1},
        /* what is not there is not what is 0 */
        {HEAD "[decision]\nvalue = 1\n", HEAD, 0},
        {HEAD "cost = 0\n", HEAD, 0},
        /* terms don't run into each other */
        {HEAD "[decision]\nguardrail = a <= 1%, b <= 1%\n",
         HEAD "[decision]\nguardrail = a + b <= 1%\n", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char one[ABP_DIGEST_SIZE], other[ABP_DIGEST_SIZE];
        fingerprint(one, cases[i].one);
        fingerprint(other, cases[i].other);
        if ((strcmp(one, other) == 0) != cases[i].same)
            fail_msg("case %zu", i);
    }
}

static void test_priors(void **state)
{
    (void)state;
    char one[ABP_DIGEST_SIZE], other[ABP_DIGEST_SIZE], third[ABP_DIGEST_SIZE];
    fingerprint(one, HEAD "[decision]\nfamily = poisson\nprior = 0.5 1\n");
    fingerprint(other, HEAD "[decision]\nfamily = poisson\nprior = 1 0.5\n");
    fingerprint(third, HEAD "[decision]\nfamily = poisson\n");
    assert_string_not_equal(one, other);
    assert_string_not_equal(one, third);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_key),
        cmocka_unit_test(test_no_key_is_missing),
        cmocka_unit_test(test_other_spellings),
        cmocka_unit_test(test_priors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
