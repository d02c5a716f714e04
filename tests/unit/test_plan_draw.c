/* What every plan must be, on hundreds of schedules made by chance; and that orders are fair. No
 * store: what is planned already is what this test put there. */
#include "plan_world.h"

#include "plan/draw.h"

#include <gsl/gsl_cdf.h>

static struct abp_error err;
static const size_t labels[] = {0, 1, 2};

static void preview(struct abp_planned_list *list, struct abp_plan_report *report,
                    const struct abp_plan_input *input)
{
    memset(&err, 0, sizeof err);
    if (abp_plan_preview(report, list, NULL, input, &err) != 0)
        fail_msg("%s", err.message);
}

static uint64_t below(struct abp_random *random, uint64_t bound)
{
    return abp_random_below(random, bound);
}

/* ---- schedules by chance ---- */

static void random_schedule(char *text, size_t size, struct abp_random *r, unsigned styles)
{
    static const char *const days[] = {"", "days = mon wed fri\n", "days = sat sun\n",
                                       "days = sun\n", "days = mon tue wed thu fri\n"};
    static const char *const times[] = {"09:00", "09:00 18:30", "00:00 23:59",
                                        "02:15 02:45 03:15 03:30", "07:00 09:00 11:00 13:00 15:00"};
    static const char *const gaps[] = {"0m", "1h", "3h", "4h", "25h", "3d"};
    static const char *const starts[] = {"", "start = 2027-03-24\n", "start = 2026-01-01\n",
                                         "start = 2027-10-28\n"};
    static const char *const blackouts[] = {"", "blackout = 2027-04-02..2027-04-06\n",
                                            "blackout = 2027-03-28 2027-10-31\n"};
    int n = snprintf(text, size, "[schedule]\n%stimes = %s\nmin_gap = %s\n%s%s", days[below(r, 5)],
                     times[below(r, 5)], gaps[below(r, 6)], starts[below(r, 4)],
                     blackouts[below(r, 3)]);
    if (below(r, 2))
        n += snprintf(text + n, size - (size_t)n, "max_posts = %u\n",
                      (unsigned)(styles + below(r, 40)));
    for (unsigned v = 0; v < styles; v++)
        n += snprintf(text + n, size - (size_t)n, "[variant v%u]\nposts = v%u/*.txt\n", v, v);
    assert_true((size_t)n < size);
}

static const char *const zones[] = {"Europe/Paris",   "America/New_York",  "Australia/Lord_Howe",
                                    "Asia/Kathmandu", "America/Sao_Paulo", "Africa/Cairo"};
static const char *const targets[] = {"", "target = 3 per week\n", "target = 1 per week\n",
                                      "target = 0.5 per week\n", "target = 1 per day\n"};

static void random_world(struct world *w, struct abp_random *r)
{
    char channels[400], text[3000];
    random_schedule(text, sizeof text, r, 2 + (unsigned)below(r, 4));
    snprintf(channels, sizeof channels,
             "[channel sky]\ntype = outbox\n%s[channel elephant]\ntype = outbox\n%s",
             targets[below(r, 5)], targets[below(r, 5)]);
    world_open(w, zones[below(r, 6)], channels, "x", below(r, 2) ? "sky" : "sky, elephant", text);
}

/* ---- what holds for each of them ---- */

static int64_t week_of(const struct world *w, int64_t at)
{
    struct abp_date date;
    struct abp_wall_time time;
    assert_int_equal(abp_zone_to_local(&date, &time, w->zone, at), 0);
    return (abp_date_to_days(&date) + 3) / 7;
}

static double target_of(const struct world *w, const char *channel)
{
    for (size_t i = 0; i < w->ws.channel_count; i++)
        if (strcmp(w->ws.channels[i].name, channel) == 0)
            return w->ws.channels[i].target;
    fail_msg("no channel %s", channel);
    return 0;
}

static void check_post(const struct world *w, const struct abp_planned *p, int64_t now)
{
    const struct abp_schedule *s = &w->experiment.schedule;
    static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    struct abp_date real;
    struct abp_wall_time time;
    char slot[16];
    int known = 0;
    for (size_t t = 0; t < s->time_count; t++)
        known |= s->times[t].hour == p->time.hour && s->times[t].minute == p->time.minute;
    assert_true(known);
    assert_true(s->days & 1u << abp_date_weekday(&p->date));
    assert_true(s->start.year == 0 || abp_date_compare(&p->date, &s->start) >= 0);
    assert_true(p->due_at >= now);
    assert_true(p->due_at == abp_zone_to_utc(w->zone, &p->date, &p->time));
    assert_int_equal(abp_zone_to_local(&real, &time, w->zone, p->due_at), 0);
    for (size_t b = 0; b < s->blackout_count; b++) {
        assert_int_not_equal(abp_date_compare(&s->blackout[b], &p->date), 0);
        assert_int_not_equal(abp_date_compare(&s->blackout[b], &real), 0);
    }
    snprintf(slot, sizeof slot, "%s %02d:%02d", days[abp_date_weekday(&p->date)], p->time.hour,
             p->time.minute);
    assert_string_equal(p->slot, slot);
    assert_string_equal(p->timezone, w->ws.timezone);
}

/* Gap and target between the posts of one channel. */
static void check_pairs(const struct world *w, const struct abp_planned_list *list, size_t i)
{
    const struct abp_planned *p = &list->list[i];
    double target = target_of(w, p->channel);
    int64_t week = week_of(w, p->due_at);
    size_t same_week = 1, near_weeks = 1;
    for (size_t j = 0; j < list->count; j++) {
        const struct abp_planned *q = &list->list[j];
        if (i == j || strcmp(p->channel, q->channel) != 0)
            continue;
        assert_true(llabs(p->due_at - q->due_at) >= w->experiment.schedule.min_gap);
        assert_true(p->due_at != q->due_at);
        int64_t other = week_of(w, q->due_at);
        same_week += other == week;
        near_weeks += llabs(other - week) < (int64_t)ceil(1 / target);
    }
    if (target >= 1)
        assert_true((double)same_week <= target);
    else if (!isnan(target))
        assert_int_equal(near_weeks, 1);
}

/* Every variant once in each block, in order of time, and no block within another of its channel.
 */
static void check_blocks(const struct world *w, const struct abp_planned_list *list, size_t blocks)
{
    size_t K = w->experiment.variant_count;
    assert_int_equal(list->count, blocks * K);
    for (size_t b = 1; b <= blocks; b++) {
        unsigned seen = 0;
        int64_t position = 0, first = 0, last = 0;
        const char *channel = NULL;
        for (size_t i = 0; i < list->count; i++) {
            const struct abp_planned *p = &list->list[i];
            if (p->block != (int64_t)b)
                continue;
            assert_int_equal(p->position, position++);
            assert_true(!channel || strcmp(channel, p->channel) == 0);
            channel = p->channel;
            seen |= 1u << (p->variant[1] - '0');
            first = first ? first : p->due_at;
            last = p->due_at;
            assert_true(p->probability == 1 / (double)K);
            assert_string_equal(p->design, ABP_DESIGN_UNIFORM);
        }
        assert_int_equal(seen, (1u << K) - 1);
        for (size_t i = 0; i < list->count; i++)
            if (list->list[i].block != (int64_t)b && strcmp(list->list[i].channel, channel) == 0)
                assert_false(list->list[i].due_at > first && list->list[i].due_at < last);
    }
}

static void test_every_plan(void **state)
{
    (void)state;
    struct abp_random r;
    size_t posts = 0, obstacles = 0;
    abp_random_init(&r, 7, "every plan", 0);
    for (int run = 0; run < 400; run++) {
        struct world w;
        struct abp_planned_list list;
        struct abp_plan_report report;
        random_world(&w, &r);
        int64_t now = instant("2027-03-20T10:00:00Z") + (int64_t)below(&r, 250) * 86400;
        struct abp_plan_input input = world_input(&w, now, abp_random_next(&r));
        preview(&list, &report, &input);
        size_t most = (size_t)w.experiment.schedule.max_posts;
        if (most)
            assert_true(list.count <= most);
        assert_int_equal(report.left, most ? most - list.count : SIZE_MAX);
        assert_int_equal(report.posts, list.count);
        if (list.count)
            assert_true(report.ends_at == list.list[list.count - 1].due_at);
        check_blocks(&w, &list, report.blocks);
        for (size_t i = 0; i < list.count; i++) {
            check_post(&w, &list.list[i], now);
            check_pairs(&w, &list, i);
            assert_true(i == 0 || list.list[i - 1].due_at <= list.list[i].due_at);
        }
        assert_true(list.count > 0 || report.obstacle[0]);
        posts += list.count;
        obstacles += report.obstacle[0] != '\0';
        abp_planned_list_release(&list);
        world_close(&w);
    }
    assert_true(posts > 5000);
    assert_int_equal(obstacles, 0);
}

/* Nothing that could be planned is left out: without a target every slot up to the end of the week
 * in four weeks is used, but for what is less than a block. */
static void test_no_slot_is_wasted(void **state)
{
    (void)state;
    struct world w;
    struct abp_planned_list list;
    struct abp_plan_report report;
    world_open(&w, "Europe/Paris", ONE_CHANNEL, "x", "sky",
               "[schedule]\ndays = tue thu\ntimes = 09:00 18:30\n" THREE_STYLES);
    /* a Monday: four whole weeks and one more, 20 slots; the last block reaches past them */
    struct abp_plan_input input = world_input(&w, instant("2026-06-01T12:00:00Z"), 1);
    preview(&list, &report, &input);
    assert_int_equal(list.count, 21);
    for (size_t i = 0; i < 21; i++) {
        static const char *const slots[] = {"tue 09:00", "tue 18:30", "thu 09:00", "thu 18:30"};
        assert_string_equal(list.list[i].slot, slots[i % 4]);
        assert_true(i == 0 || list.list[i].due_at - list.list[i - 1].due_at < 6 * 86400);
    }
    abp_planned_list_release(&list);
    world_close(&w);
}

static int same_lists(const struct abp_planned_list *a, const struct abp_planned_list *b)
{
    int same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = a->list[i].due_at == b->list[i].due_at && a->list[i].block == b->list[i].block &&
               strcmp(a->list[i].variant, b->list[i].variant) == 0 &&
               strcmp(a->list[i].channel, b->list[i].channel) == 0;
    return same;
}

/* The same seed, the same plan; another seed, another order, but the same slots where there is no
 * choice. And the bits are the same on every machine: the order of
 * seed 42 was computed by another program, from what the header says. */
static void test_seeds(void **state)
{
    (void)state;
    struct world w;
    struct abp_planned_list one, again, other;
    struct abp_plan_report report;
    world_open(&w, "Europe/Paris", ONE_CHANNEL, "x", "sky",
               "[schedule]\ndays = tue thu\ntimes = 09:00\nmax_posts = 12\n" THREE_STYLES);
    struct abp_plan_input input = world_input(&w, instant("2026-06-01T12:00:00Z"), 42);
    preview(&one, &report, &input);
    preview(&again, &report, &input);
    input.seed = 43;
    preview(&other, &report, &input);
    assert_true(same_lists(&one, &again));
    assert_false(same_lists(&one, &other));
    char order[13] = "";
    for (size_t i = 0; i < 12; i++) {
        order[i] = one.list[i].variant[0];
        assert_true(one.list[i].due_at == other.list[i].due_at);
    }
    assert_string_equal(order, "cabcbaacbabc");
    abp_planned_list_release(&one);
    abp_planned_list_release(&again);
    abp_planned_list_release(&other);
    world_close(&w);
}

/* splitmix64's published first numbers from state 1234567, and no bound that is favoured. */
static void test_random(void **state)
{
    (void)state;
    struct abp_random r = {1234567};
    assert_true(abp_random_next(&r) == UINT64_C(6457827717110365317));
    assert_true(abp_random_next(&r) == UINT64_C(3203168211198807973));
    size_t high = 0;
    uint64_t bound = UINT64_C(3) << 62; /* 3/4 of all: a plain remainder favours the first third */
    for (int i = 0; i < 30000; i++)
        high += abp_random_below(&r, bound) >= bound / 3;
    assert_in_range(high, 20000 - 420, 20000 + 420); /* 5 sd; a remainder would give 15000 */
}

/* ---- fair orders ---- */

static double chi_square_p(const size_t *counts, size_t cells, double total)
{
    double x = 0, expected = total / (double)cells;
    for (size_t i = 0; i < cells; i++)
        x += ((double)counts[i] - expected) * ((double)counts[i] - expected) / expected;
    return gsl_cdf_chisq_Q(x, (double)cells - 1);
}

/* All six orders of three, in the first block, in a later one, and the two together: 36 pairs. */
static void test_orders_are_uniform(void **state)
{
    (void)state;
    struct world w;
    size_t first[6] = {0}, third[6] = {0}, pairs[36] = {0};
    world_open(&w, "Europe/Paris", ONE_CHANNEL, "x", "sky",
               "[schedule]\ntimes = 09:00\nmax_posts = 9\n" THREE_STYLES);
    for (uint64_t seed = 0; seed < 7200; seed++) {
        struct abp_planned_list list;
        struct abp_plan_report report;
        struct abp_plan_input input = world_input(&w, instant("2026-06-01T12:00:00Z"), seed);
        preview(&list, &report, &input);
        assert_int_equal(list.count, 9);
        size_t order[3];
        for (size_t b = 0; b < 3; b++) {
            const struct abp_planned *p = &list.list[3 * b];
            size_t x = (size_t)(p[0].variant[0] - 'a'), y = (size_t)(p[1].variant[0] - 'a');
            order[b] = 2 * x + (y > x ? y - 1 : y);
        }
        first[order[0]]++;
        third[order[2]]++;
        pairs[6 * order[0] + order[2]]++;
        abp_planned_list_release(&list);
    }
    assert_true(chi_square_p(first, 6, 7200) > 1e-4);
    assert_true(chi_square_p(third, 6, 7200) > 1e-4);
    assert_true(chi_square_p(pairs, 36, 7200) > 1e-4);
    world_close(&w);
}

/* Labels say nothing of slots: with a target that leaves a choice, each style gets each (weekday,
 * time) alike. */
static void test_slots_do_not_know_labels(void **state)
{
    (void)state;
    struct world w;
    size_t a_in_slot[10] = {0}, in_slot[10] = {0};
    world_open(&w, "Europe/Paris", "[channel sky]\ntype = outbox\ntarget = 3 per week\n", "x",
               "sky", "[schedule]\ndays = mon tue wed thu fri\ntimes = 09:00 18:30\n" TWO_STYLES);
    for (uint64_t seed = 0; seed < 1000; seed++) {
        struct abp_planned_list list;
        struct abp_plan_report report;
        struct abp_plan_input input = world_input(&w, instant("2026-05-31T12:00:00Z"), seed);
        preview(&list, &report, &input);
        for (size_t i = 0; i < list.count; i++) {
            size_t kind =
                (size_t)abp_date_weekday(&list.list[i].date) * 2 + (list.list[i].time.hour == 18);
            in_slot[kind]++;
            a_in_slot[kind] += list.list[i].variant[0] == 'a';
        }
        abp_planned_list_release(&list);
    }
    double x = 0;
    for (size_t k = 0; k < 10; k++) {
        double n = (double)in_slot[k], d = (double)a_in_slot[k] - n / 2;
        assert_true(n > 1000);
        x += d * d / (n / 4);
    }
    assert_true(gsl_cdf_chisq_Q(x, 10) > 1e-4);
    world_close(&w);
}

/* ---- balance ---- */

/* A year on one channel, drawn at once: week for week the use of the ten (weekday, time) differs by
 * one at most, though only three are used a week; and the order in which they are is not always
 * the same. */
static void test_weekdays_and_times_are_balanced(void **state)
{
    (void)state;
    struct world w;
    size_t first_kind[10] = {0};
    world_open(&w, "Europe/Paris", ONE_CHANNEL, "x", "sky",
               "[schedule]\ndays = mon tue wed thu fri\ntimes = 09:00 18:30\n" THREE_STYLES);
    int64_t now = instant("2026-05-31T12:00:00Z"); /* a Sunday */
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct abp_draw_channel channel = {0};
        struct abp_draw_rules rules = {.variants = 3,
                                       .labels = labels,
                                       .winner = -1,
                                       .horizon = now + 365 * INT64_C(86400),
                                       .room = SIZE_MAX};
        struct abp_random random;
        struct abp_drawn drawn;
        size_t used[10] = {0};
        int64_t week = -1;
        assert_int_equal(
            abp_channel_slots_init(&channel.slots, &w.experiment.schedule, w.zone, 3, now, &err),
            0);
        abp_random_init(&random, seed, "x", 0);
        assert_int_equal(abp_draw(&drawn, &channel, 1, &rules, &random, &err), 0);
        assert_true(drawn.count >= 52);
        for (size_t i = 0; i < drawn.count * 3; i++) {
            const struct abp_slot *slot = &drawn.posts[i].slot;
            int64_t its_week = week_of(&w, slot->at);
            size_t least = SIZE_MAX, most = 0;
            for (size_t k = 0; its_week != week && k < 10; k++) {
                least = used[k] < least ? used[k] : least;
                most = used[k] > most ? used[k] : most;
            }
            assert_true(its_week == week || most - least <= 1);
            week = its_week;
            used[slot->kind]++;
        }
        first_kind[drawn.posts[0].slot.kind]++;
        abp_drawn_release(&drawn);
        abp_draw_channel_release(&channel);
    }
    assert_true(first_kind[0] > 0 && first_kind[0] < 40);
    world_close(&w);
}

/* Channels take turns: max_posts is spread evenly, whatever the file names first. */
static void test_channels_take_turns(void **state)
{
    (void)state;
    struct world w;
    struct abp_planned_list list;
    struct abp_plan_report report;
    world_open(&w, "UTC",
               "[channel a]\ntype = outbox\n[channel b]\ntype = outbox\n[channel c]\n"
               "type = outbox\ntarget = 1 per week\n",
               "x", "a, b, c", "[schedule]\ntimes = 09:00 12:00\nmax_posts = 31\n" TWO_STYLES);
    struct abp_plan_input input = world_input(&w, instant("2026-06-01"), 5);
    preview(&list, &report, &input);
    size_t count[3] = {0};
    for (size_t i = 0; i < list.count; i++)
        count[list.list[i].channel[0] - 'a']++;
    /* c has five weeks, the third of its blocks reaching into a sixth: 6; the others share 24 */
    assert_int_equal(count[2], 6);
    assert_int_equal(count[0], 12);
    assert_int_equal(count[1], 12);
    assert_int_equal(report.left, 1);
    abp_planned_list_release(&list);
    world_close(&w);
}

/* ---- what there already is ---- */

/* Freed slots between planned posts are used when a whole block fits there, and no block reaches
 * over a planned post. */
static void test_holes(void **state)
{
    (void)state;
    struct world w;
    world_open(&w, "UTC", ONE_CHANNEL, "x", "sky", "[schedule]\ntimes = 09:00\n" TWO_STYLES);
    int64_t now = instant("2026-06-01"), day = 86400, nine = now + 9 * 3600;
    static const int planned[] = {1, 4, 6}; /* days; free before: 0; 2, 3; 5; then 7 on */
    struct abp_draw_channel channel = {.pending = 3, .live = 3};
    struct abp_draw_rules rules = {
        .variants = 2, .labels = labels, .winner = -1, .horizon = now + 9 * day, .room = SIZE_MAX};
    struct abp_random random;
    struct abp_drawn drawn;
    assert_int_equal(
        abp_channel_slots_init(&channel.slots, &w.experiment.schedule, w.zone, NAN, now, &err), 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(abp_channel_take(&channel.slots, nine + planned[i] * day, &err), 0);
        assert_int_equal(abp_draw_channel_ahead(&channel, nine + planned[i] * day, &err), 0);
    }
    abp_random_init(&random, 1, "x", 0);
    assert_int_equal(abp_draw(&drawn, &channel, 1, &rules, &random, &err), 0);
    static const int expected[] = {2, 3, 7, 8};
    assert_int_equal(drawn.count, 2);
    for (size_t i = 0; i < 4; i++)
        assert_true(drawn.posts[i].slot.at == nine + expected[i] * day);
    abp_drawn_release(&drawn);
    abp_draw_channel_release(&channel);
    world_close(&w);
}

/* ---- top-two, and after a verdict ---- */

static void test_probabilities(void **state)
{
    (void)state;
    static const double shares[3] = {0.625, 0.375, 0};
    struct world w;
    size_t a = 0, pairs[4] = {0};
    world_open(&w, "UTC", ONE_CHANNEL, "x", "sky", "[schedule]\ntimes = 09:00\n" THREE_STYLES);
    for (uint64_t seed = 0; seed < 4000; seed++) {
        struct abp_planned_list list;
        struct abp_plan_report report;
        struct abp_plan_input input = world_input(&w, instant("2026-06-01"), seed);
        input.probabilities = shares;
        preview(&list, &report, &input);
        assert_int_equal(list.count, 3); /* one block ahead, no more */
        for (size_t i = 0; i < 3; i++) {
            size_t v = (size_t)(list.list[i].variant[0] - 'a');
            assert_true(v < 2 && list.list[i].probability == shares[v]);
            assert_string_equal(list.list[i].design, "{\"a\":0.625,\"b\":0.375,\"c\":0.0}");
            a += v == 0;
        }
        pairs[2 * (list.list[0].variant[0] == 'a') + (list.list[1].variant[0] == 'a')]++;
        abp_planned_list_release(&list);
    }
    assert_in_range(a, 7500 - 265, 7500 + 265);        /* of 12000; 5 sd */
    assert_in_range(pairs[3], 1563 - 154, 1563 + 154); /* independent: 0.625^2; 5 sd */
    assert_in_range(pairs[0], 563 - 110, 563 + 110);
    world_close(&w);
}

/* A dropped style gets no posts; the blocks are shorter, and their orders still all alike. */
static void test_dropped(void **state)
{
    (void)state;
    struct world w;
    const unsigned char active[] = {1, 0, 1};
    size_t a_first = 0, blocks = 0;
    world_open(&w, "UTC", ONE_CHANNEL, "x", "sky", "[schedule]\ntimes = 09:00\n" THREE_STYLES);
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct abp_planned_list list;
        struct abp_plan_report report;
        struct abp_plan_input input = world_input(&w, instant("2026-06-01"), seed);
        input.active = active;
        preview(&list, &report, &input);
        assert_true(list.count == 2 * report.blocks && list.count > 20);
        for (size_t i = 0; i < list.count; i += 2, blocks++) {
            assert_int_equal(list.list[i].variant[0] + list.list[i + 1].variant[0], 'a' + 'c');
            assert_true(list.list[i].variant[0] != 'b' && list.list[i].probability == 0.5);
            a_first += list.list[i].variant[0] == 'a';
        }
        abp_planned_list_release(&list);
    }
    assert_true(fabs(2 * (double)a_first - (double)blocks) < 5 * sqrt((double)blocks));
    world_close(&w);
}

static void test_wrong_probabilities(void **state)
{
    (void)state;
    static const double wrong[][2] = {{0.5, 0.4}, {1.5, -0.5}, {NAN, 1}};
    struct world w;
    world_open(&w, "UTC", ONE_CHANNEL, "x", "sky", "[schedule]\ntimes = 09:00\n" TWO_STYLES);
    for (size_t i = 0; i < 3; i++) {
        struct abp_planned_list list;
        struct abp_plan_report report;
        struct abp_plan_input input = world_input(&w, instant("2026-06-01"), 1);
        input.probabilities = wrong[i];
        assert_int_equal(abp_plan_preview(&report, &list, NULL, &input, &err), -1);
        assert_int_equal(err.code, ABP_BUG);
    }
    world_close(&w);
}

static void test_winner(void **state)
{
    (void)state;
    struct world w;
    struct abp_planned_list list;
    struct abp_plan_report report;
    world_open(&w, "UTC", ONE_CHANNEL, "x", "sky", "[schedule]\ntimes = 09:00\n" TWO_STYLES);
    struct abp_plan_input input = world_input(&w, instant("2026-06-01"), 3);
    input.winner = 1;
    preview(&list, &report, &input);
    assert_true(report.blocks >= 16);
    for (size_t i = 0; i < list.count; i++) {
        int drawn = list.list[i].block % 4 == 0; /* the fourth */
        assert_string_equal(list.list[i].design, drawn ? ABP_DESIGN_UNIFORM : ABP_DESIGN_WINNER);
        assert_true(list.list[i].probability == (drawn ? 0.5 : 1));
        if (!drawn)
            assert_string_equal(list.list[i].variant, "b");
        else if (list.list[i].position == 1)
            assert_string_not_equal(list.list[i].variant, list.list[i - 1].variant);
    }
    abp_planned_list_release(&list);
    world_close(&w);
}

/* ---- what can't be planned ---- */

static void expect_obstacle(const char *channels, const char *schedule, const char *part)
{
    struct world w;
    struct abp_planned_list list;
    struct abp_plan_report report;
    world_open(&w, "Europe/Paris", channels, "x", "sky", schedule);
    struct abp_plan_input input = world_input(&w, instant("2026-06-01"), 3);
    preview(&list, &report, &input);
    assert_int_equal(list.count, 0);
    if (!strstr(report.obstacle, part))
        fail_msg("'%s' is not in '%s'", part, report.obstacle);
    abp_planned_list_release(&list);
    world_close(&w);
}

static void test_obstacles(void **state)
{
    (void)state;
    expect_obstacle(ONE_CHANNEL,
                    "[schedule]\ntimes = 09:00\nblackout = 2026-01-01..2029-12-31\n" TWO_STYLES,
                    "blackout leaves too few slots");
    expect_obstacle("[channel sky]\ntype = outbox\ntarget = 0.005 per week\n",
                    "[schedule]\ntimes = 09:00\n" TWO_STYLES, "target leaves too few slots");
    /* Thirty days between posts: 104 weeks hold 25, and a block here needs 26. */
    char text[3000];
    int n = snprintf(text, sizeof text, "[schedule]\ntimes = 09:00\nmin_gap = 30d\n");
    for (int v = 0; v < 26; v++)
        n += snprintf(text + n, sizeof text - (size_t)n, "[variant %c]\nposts = x\n", 'a' + v);
    expect_obstacle(ONE_CHANNEL, text, "min_gap leaves too few slots");
}

/* A far start, a target of one in four weeks and a blackout of two months delay a block, but it
 * comes. */
static void test_patience(void **state)
{
    (void)state;
    static const struct {
        const char *channels, *schedule, *first;
    } cases[] = {
        {ONE_CHANNEL, "[schedule]\ntimes = 09:00\nstart = 2030-05-06\n" TWO_STYLES,
         "2030-05-06T07:00:00Z"},
        {ONE_CHANNEL, "[schedule]\ntimes = 09:00\nblackout = 2026-06-01..2026-08-14\n" TWO_STYLES,
         "2026-08-15T07:00:00Z"},
        {"[channel sky]\ntype = outbox\ntarget = 0.25 per week\n",
         "[schedule]\ndays = mon\ntimes = 09:00\n" TWO_STYLES, "2026-06-01T07:00:00Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world w;
        struct abp_planned_list list;
        struct abp_plan_report report;
        world_open(&w, "Europe/Paris", cases[i].channels, "x", "sky", cases[i].schedule);
        struct abp_plan_input input = world_input(&w, instant("2026-06-01"), 3);
        preview(&list, &report, &input);
        assert_string_equal(report.obstacle, "");
        assert_true(list.count >= 2);
        assert_true(list.list[0].due_at == instant(cases[i].first));
        abp_planned_list_release(&list);
        world_close(&w);
    }
}

static void test_forecast(void **state)
{
    (void)state;
    struct world w;
    int64_t done;
    world_open(&w, "UTC", "[channel sky]\ntype = outbox\ntarget = 2 per week\n", "x", "sky",
               "[schedule]\ndays = mon wed\ntimes = 09:00\nmax_posts = 41\n" TWO_STYLES);
    struct abp_plan_input input = world_input(&w, instant("2026-06-01"), 3);
    assert_int_equal(abp_plan_forecast(&done, NULL, &input, &err), 0);
    assert_true(done == instant("2026-10-14T09:00:00Z")); /* the twentieth Wednesday */
    w.experiment.schedule.max_posts = 0;
    assert_int_equal(abp_plan_forecast(&done, NULL, &input, &err), 0);
    assert_true(done == 0);
    w.experiment.schedule.max_posts = 100000;
    assert_int_equal(abp_plan_forecast(&done, NULL, &input, &err), 0);
    assert_true(done == 0);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_plan),
        cmocka_unit_test(test_no_slot_is_wasted),
        cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_orders_are_uniform),
        cmocka_unit_test(test_slots_do_not_know_labels),
        cmocka_unit_test(test_weekdays_and_times_are_balanced),
        cmocka_unit_test(test_channels_take_turns),
        cmocka_unit_test(test_holes),
        cmocka_unit_test(test_probabilities),
        cmocka_unit_test(test_dropped),
        cmocka_unit_test(test_wrong_probabilities),
        cmocka_unit_test(test_winner),
        cmocka_unit_test(test_obstacles),
        cmocka_unit_test(test_patience),
        cmocka_unit_test(test_forecast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
