/* Real posts whose labels mean nothing, since they are drawn anew: a section of RESULTS.md each, in
 * Markdown.
 *
 *     bench_real SECTION [SCALE]
 *
 * SECTION: shuffled (false alarms), portfolio (false discoveries of e-BH). SCALE: 1 is what
 * RESULTS.md has (a fiftieth else). The data is that of experiments/. */
#include "../unit/prior_trials.h"
#include "../unit/upworthy_tests.h"
#include "figures.h"

#include "abpost/fdr.h"

#include <gsl/gsl_errno.h>

#define MOST_REAL 600
#define MOST_LINE 1024

static double scale = 0.02;

/* ---- real posts ---- */

struct real {
    double outcome[MOST_REAL];
    size_t account[MOST_REAL]; /* 0 where there is one */
    size_t count;
};

/* Field number `at` of a line, as it stands. */
static const char *field_of(char *line, char separator, size_t at)
{
    char *field = line;
    for (; at > 0 && field; at--)
        if ((field = strchr(field, separator)))
            field++;
    if (!field)
        return "";
    field[strcspn(field, (char[]){separator, '\r', '\n', '\0'})] = '\0';
    return field;
}

/* The outcomes of a CSV file without quotes; rows that hold none are left out. account: the column
 * whose value changes where another account begins; SIZE_MAX: there is one account. */
static void real_read(struct real *real, const char *path, char separator, size_t outcome,
                      size_t account)
{
    char line[MOST_LINE], copy[MOST_LINE], last[64] = "";
    FILE *file = fopen(path, "r");
    size_t accounts = 0;
    memset(real, 0, sizeof *real);
    if (!file || !fgets(line, sizeof line, file)) {
        fprintf(stderr, "bench_real: '%s' can't be read\n", path);
        exit(1);
    }
    while (fgets(line, sizeof line, file) && real->count < MOST_REAL) {
        char *end;
        if (account != SIZE_MAX) {
            memcpy(copy, line, sizeof copy);
            const char *name = field_of(copy, separator, account);
            accounts += accounts == 0 || strcmp(name, last) != 0;
            snprintf(last, sizeof last, "%s", name);
        }
        const char *field = field_of(line, separator, outcome);
        double value = strtod(field, &end);
        if (end == field)
            continue;
        real->account[real->count] = accounts ? accounts - 1 : 0;
        real->outcome[real->count++] = value;
    }
    fclose(file);
}

/* ---- false alarms ---- */

/* Eighty posts that follow one another in the file, from a random one on, wrapped round; their
 * styles are drawn in blocks as the plan does. How often there ever is a `repeat` or `drop`. */
static size_t stream_alarms(const struct real *real, size_t variants, size_t count)
{
    static const struct trial_generator g = {"", ABP_NEGBINOMIAL, ABP_TAIL_OWN, 0.8165, 0, 0, 0};
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    struct trial t;
    size_t wrong = 0;
    for (uint64_t seed = 1; seed <= count; seed++) {
        int any = 0;
        gsl_rng_set(rng, (unsigned long)seed);
        size_t first = gsl_rng_uniform_int(rng, real->count);
        trial_open(&t, &g, variants, TRIAL_POSTS);
        for (size_t i = 0; i < t.design.count; i++)
            t.slots[i].outcome = real->outcome[(first + i) % real->count];
        trial_live(&t, seed);
        for (size_t v = 1; v < variants; v++)
            any |= t.verdicts[v].verdict == ABP_REPEAT || t.verdicts[v].verdict == ABP_DROP;
        wrong += any ? 1 : 0;
    }
    gsl_rng_free(rng);
    return wrong;
}

/* A row a post, in blocks of an account each, half of it style 1. No times: one look. */
static void set_accounts(struct prior_trial *p, struct abp_post_row *rows, const struct real *real,
                         gsl_rng *rng)
{
    size_t begin = 0;
    while (begin < real->count) {
        size_t labels[MOST_REAL], n = 0;
        while (begin + n < real->count && real->account[begin + n] == real->account[begin])
            n++;
        for (size_t i = 0; i < n; i++)
            labels[i] = i % 2;
        gsl_ran_shuffle(rng, labels, n, sizeof *labels);
        for (size_t i = 0; i < n; i++)
            rows[begin + i] = (struct abp_post_row){.outcome = real->outcome[begin + i],
                                                    .exposure = 1.0,
                                                    .variant = (uint32_t)labels[i],
                                                    .block = (int64_t)real->account[begin]};
        begin += n;
    }
    p->posts.rows = rows;
    p->posts.count = real->count;
    p->posts.block_count = real->account[real->count - 1] + 1;
    p->t.experiment.schedule.present = 0;
}

/* The experiment as it was made, with other labels: shuffled inside each account. */
static size_t account_alarms(const struct real *real, size_t count)
{
    static struct abp_post_row rows[MOST_REAL];
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    struct prior_trial p;
    size_t wrong = 0;
    for (unsigned long seed = 1; seed <= count; seed++) {
        gsl_rng_set(rng, seed);
        prior_draw(&p, ABP_NEGBINOMIAL, ABP_TAIL_OWN, 2, TRIAL_POSTS, seed);
        set_accounts(&p, rows, real, rng);
        struct abp_result r = prior_evaluate(&p, p.posts.count);
        wrong += r.variants[1].verdict == ABP_REPEAT || r.variants[1].verdict == ABP_DROP;
        abp_result_release(&r);
    }
    gsl_rng_free(rng);
    return wrong;
}

static void put_stream(const char *name, const struct real *real, size_t count)
{
    static const size_t variants[] = {2, 3, 8};
    for (size_t k = 0; k < 3; k++) {
        printf("| %s | %zu | after every night | ", name, variants[k]);
        figure_share(stream_alarms(real, variants[k], count), count);
        printf(" |\n");
        fflush(stdout);
    }
}

static void shuffled(void)
{
    static struct real question, brand;
    size_t count = figure_runs(scale, 2000);
    real_read(&question, TEST_DATA "/../../experiments/question-2019/question-2019.csv", ',', 5,
              12);
    real_read(&brand, TEST_DATA "/../../experiments/facebook-metrics/facebook-metrics.csv", ';', 18,
              SIZE_MAX);
    printf("## False alarms on real posts\n\n"
           "Outcomes of real posts, with labels that are drawn anew and so mean nothing: "
           "experiments in which there ever is a `repeat` or `drop`, in %% with 95 %% intervals. "
           "Looked at after every night: %d posts that follow one another in the file, from a "
           "random one on, given styles in blocks as the plan does (%zu runs each, through the "
           "code of `abpost simulate`). Looked at once: all %zu posts, labels shuffled inside each "
           "of the 14 accounts as they were drawn in 2019 (%zu runs, through that of `abpost "
           "evaluate`).\n\n"
           "| posts | styles | looked at | abpost |\n|---|---|---|---|\n",
           TRIAL_POSTS, count, question.count, count);
    put_stream("question-2019, likes", &question, count);
    put_stream("facebook-metrics, interactions", &brand, count);
    printf("| question-2019, likes, by account | 2 | once | ");
    figure_share(account_alarms(&question, count), count);
    printf(" |\n\n");
}

/* ---- false discoveries ---- */

#define TESTS       2500
#define EXPERIMENTS 60
#define PAIRS       40

/* One experiment of a portfolio: its pairs, each of two packages of one test. */
struct pairs {
    double outcome[2 * PAIRS], exposure[2 * PAIRS];
    size_t variant[2 * PAIRS];
    int64_t block[2 * PAIRS];
};

/* Clicks under a style that earns `ratio` times as many, rounded up or down by chance. */
static double lifted(double clicks, double impressions, double ratio, gsl_rng *rng)
{
    double value = clicks * ratio, whole = floor(value);
    return fmin(impressions, whole + (gsl_rng_uniform(rng) < value - whole ? 1.0 : 0.0));
}

static void draw_pair(struct pairs *p, size_t pair, const struct upworthy_test *test, double ratio,
                      gsl_rng *rng)
{
    size_t a = gsl_rng_uniform_int(rng, test->packages);
    size_t b = gsl_rng_uniform_int(rng, test->packages - 1);
    size_t package[2] = {a, b + (b >= a)};
    for (size_t i = 0; i < 2; i++) {
        size_t at = 2 * pair + i;
        double clicks = test->clicks[package[i]], seen = test->impressions[package[i]];
        /* Which of two random packages comes first is random: so is who has which label. */
        p->variant[at] = i;
        p->outcome[at] = i ? lifted(clicks, seen, ratio, rng) : clicks;
        p->exposure[at] = seen;
        p->block[at] = (int64_t)pair;
    }
}

static double open_e_value(const struct pairs *p)
{
    struct abp_guard_output out[2];
    struct abp_guard_input in = {.outcome = p->outcome,
                                 .exposure = p->exposure,
                                 .variant = p->variant,
                                 .block = p->block,
                                 .posts = 2 * PAIRS,
                                 .variants = 2,
                                 .threshold = 20.0,
                                 .planned_blocks = PAIRS};
    if (abp_guard(out, &in, NULL) != 0)
        abort();
    return out[1].open_e_value;
}

struct discoveries {
    struct figure_mean false_share; /* of the discoveries; 0 where there are none */
    size_t with_false, found, real, portfolios;
};

/* Portfolios of 60 experiments, of which the first `real` ones hold a style that earns `ratio`
 * times as many clicks. */
static struct discoveries discover(const struct upworthy_test *tests, size_t count, size_t real,
                                   double ratio, size_t portfolios)
{
    static size_t order[TESTS];
    struct discoveries d = {.portfolios = portfolios, .real = real * portfolios};
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    for (unsigned long seed = 1; seed <= portfolios; seed++) {
        double e_value[EXPERIMENTS];
        struct abp_fdr_finding found[EXPERIMENTS];
        size_t wrong = 0, all = 0;
        gsl_rng_set(rng, seed);
        for (size_t i = 0; i < count; i++)
            order[i] = i;
        gsl_ran_shuffle(rng, order, count, sizeof *order);
        for (size_t e = 0; e < EXPERIMENTS; e++) {
            struct pairs p;
            for (size_t t = 0; t < PAIRS; t++)
                draw_pair(&p, t, &tests[order[e * PAIRS + t]], e < real ? ratio : 1.0, rng);
            e_value[e] = open_e_value(&p);
        }
        if (abp_fdr(found, e_value, EXPERIMENTS, 0.05, NULL) != 0)
            abort();
        for (size_t e = 0; e < EXPERIMENTS; e++) {
            all += found[e].discovered ? 1 : 0;
            wrong += found[e].discovered && e >= real ? 1 : 0;
        }
        figure_add(&d.false_share, all ? (double)wrong / (double)all : 0.0);
        d.with_false += wrong ? 1 : 0;
        d.found += all - wrong;
    }
    gsl_rng_free(rng);
    return d;
}

static void portfolio(void)
{
    static struct upworthy_test tests[TESTS];
    static const struct {
        size_t real;
        double ratio;
    } scenes[] = {{0, 1.0}, {15, 1.2}, {15, 1.5}, {30, 1.2}, {30, 1.5}};
    size_t all = upworthy_read(tests, TESTS), count = 0, runs = figure_runs(scale, 1000);
    for (size_t i = 0; i < all; i++)
        if (tests[i].packages > 1)
            tests[count++] = tests[i];
    if (count < (size_t)EXPERIMENTS * PAIRS) {
        fprintf(stderr, "bench_real: %zu tests are too few\n", count);
        exit(1);
    }
    printf(
        "## False discoveries of a portfolio\n\n"
        "Clicks of real tests (experiments/upworthy) with labels that are drawn anew: portfolios "
        "of %d experiments, each of two styles and %d tests; a test is a block, and two of its "
        "packages, drawn at random, are the two posts. In some experiments the clicks of one "
        "style are multiplied. e-BH at 5 %% on the guard's e-values; %zu portfolios each. The "
        "share of false ones among the discoveries is the mean over portfolios, 0 where nothing "
        "is discovered, with its 95 %% interval; it may be at most 5 %% on average.\n\n"
        "| experiments with an effect | effect | portfolios with a false discovery, %% | false "
        "among the discoveries, %% | effects discovered, %% |\n|---|---|---|---|---|\n",
        EXPERIMENTS, PAIRS, runs);
    for (size_t s = 0; s < sizeof scenes / sizeof *scenes; s++) {
        struct discoveries d = discover(tests, count, scenes[s].real, scenes[s].ratio, runs);
        printf("| %zu | ", scenes[s].real);
        if (scenes[s].real)
            printf("x%.1f | ", scenes[s].ratio);
        else
            printf("none | ");
        figure_share(d.with_false, d.portfolios);
        printf(" | %.2f +- %.2f | ", 100.0 * figure_of(&d.false_share),
               100.0 * figure_half(&d.false_share));
        if (d.real)
            printf("%.1f |\n", 100.0 * (double)d.found / (double)d.real);
        else
            printf("- |\n");
        fflush(stdout);
    }
    printf("\n");
}

int main(int argc, char **argv)
{
    const char *section = argc > 1 ? argv[1] : "";
    gsl_set_error_handler_off();
    if (argc > 2)
        scale = strtod(argv[2], NULL);
    if (!*section || strcmp(section, "shuffled") == 0)
        shuffled();
    if (!*section || strcmp(section, "portfolio") == 0)
        portfolio();
    return 0;
}
