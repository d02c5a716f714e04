/* Plans in a store: extended, not repeated; by two processes at once, by killed ones, beside other
 * experiments, and after posts were missed. */
#include "store_scratch.h"

#include "plan_world.h"

#include <math.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

static struct abp_error err;

#define DAY INT64_C(86400)
#define OK(call)                                                                                   \
    do {                                                                                           \
        memset(&err, 0, sizeof err);                                                               \
        if ((call) != 0)                                                                           \
            fail_msg("%s: %s", #call, err.message);                                                \
    } while (0)

static void list_all(struct abp_planned_list *list, struct abp_store *store, const char *experiment,
                     unsigned states)
{
    struct abp_planned_filter filter = {.experiment = experiment, .states = states};
    OK(abp_outbox_list(list, store, &filter, &err));
}

static size_t extend(const struct world *w, struct abp_store *store, int64_t now, uint64_t seed,
                     struct abp_plan_report *report)
{
    struct abp_plan_report other;
    struct abp_plan_input input = world_input(w, now, seed);
    OK(abp_plan_extend(report ? report : &other, store, &input, &err));
    return report ? report->posts : other.posts;
}

static int same_post(const struct abp_planned *a, const struct abp_planned *b)
{
    return a->due_at == b->due_at && a->position == b->position &&
           strcmp(a->variant, b->variant) == 0 && strcmp(a->channel, b->channel) == 0 &&
           strcmp(a->slot, b->slot) == 0 && strcmp(a->design, b->design) == 0 &&
           strcmp(a->timezone, b->timezone) == 0 && a->probability == b->probability &&
           abp_date_compare(&a->date, &b->date) == 0 && a->time.hour == b->time.hour &&
           a->time.minute == b->time.minute;
}

#define TWICE_A_WEEK "[schedule]\ndays = tue thu\ntimes = 09:00\n" TWO_STYLES

/* What is stored is what the preview showed; a second call adds nothing; later, more follows and
 * what was there stays as it was. */
static void test_extend(void **state)
{
    struct scratch *s = *state;
    struct abp_store *store = scratch_store(s);
    struct world w;
    struct abp_plan_report report, preview_report;
    struct abp_planned_list preview, first, second, third;
    world_open(&w, "Europe/Paris", ONE_CHANNEL, "x", "sky", TWICE_A_WEEK);
    struct abp_plan_input input = world_input(&w, NOW, 5);
    OK(abp_plan_preview(&preview_report, &preview, store, &input, &err));
    assert_true(extend(&w, store, NOW, 5, &report) >= 8);
    assert_memory_equal(&report, &preview_report, sizeof report);
    list_all(&first, store, "x", 0);
    assert_int_equal(first.count, preview.count);
    for (size_t i = 0; i < first.count; i++) {
        assert_true(same_post(&first.list[i], &preview.list[i]));
        assert_int_equal(first.list[i].state, ABP_PLANNED);
        assert_true(first.list[i].id > 0 && first.list[i].block > 0);
    }
    assert_int_equal(extend(&w, store, NOW, 6, &report), 0);
    assert_int_equal(report.live, first.count);
    assert_int_equal(report.ahead, first.count);
    list_all(&second, store, "x", 0);
    assert_int_equal(second.count, first.count);
    assert_true(extend(&w, store, NOW + 14 * DAY, 6, &report) >= 4);
    list_all(&third, store, "x", 0);
    assert_true(third.count == first.count + report.posts);
    for (size_t i = 0; i < first.count; i++) {
        assert_true(same_post(&first.list[i], &third.list[i]));
        assert_true(first.list[i].id == third.list[i].id);
    }
    for (size_t i = first.count; i < third.count; i++)
        assert_true(third.list[i].due_at > first.list[first.count - 1].due_at);
    abp_planned_list_release(&preview);
    abp_planned_list_release(&first);
    abp_planned_list_release(&second);
    abp_planned_list_release(&third);
    world_close(&w);
    abp_store_close(store);
}

/* The slots of a plan extended week by week are those of one drawn later at once: none left out. */
static void test_many_small_extensions(void **state)
{
    struct scratch *s = *state;
    struct abp_store *store = scratch_store(s);
    struct world w;
    struct abp_planned_list list;
    world_open(&w, "America/New_York", ONE_CHANNEL, "x", "sky",
               "[schedule]\ndays = mon tue sat\ntimes = 09:00 20:30\n" THREE_STYLES);
    for (int day = 0; day < 200; day += 3)
        extend(&w, store, NOW + day * DAY, (uint64_t)day, NULL);
    list_all(&list, store, "x", 0);
    for (size_t i = 0; i < list.count; i++) {
        static const char *const slots[] = {"sat 09:00", "sat 20:30", "mon 09:00",
                                            "mon 20:30", "tue 09:00", "tue 20:30"};
        assert_string_equal(list.list[i].slot, slots[i % 6]); /* NOW is a Friday */
        assert_true(i == 0 || list.list[i].due_at - list.list[i - 1].due_at < 4 * DAY);
    }
    assert_true(list.count > 190 && list.count % 3 == 0);
    abp_planned_list_release(&list);
    world_close(&w);
    abp_store_close(store);
}

/* The same --seed at every extension does not repeat the same orders. */
static void test_one_seed_many_plans(void **state)
{
    struct scratch *s = *state;
    struct abp_store *store = scratch_store(s);
    struct world w;
    struct abp_planned_list list;
    size_t same = 0, count = 0;
    world_open(&w, "UTC", ONE_CHANNEL, "x", "sky", "[schedule]\ntimes = 09:00\n" TWO_STYLES);
    for (int day = 0; day < 200; day += 2)
        extend(&w, store, NOW + day * DAY, 1, NULL);
    list_all(&list, store, "x", 0);
    for (size_t i = 28; i + 2 < list.count; i += 2, count++)
        same += strcmp(list.list[i].variant, list.list[i + 2].variant) == 0;
    assert_true(count > 80);
    assert_true(same > count / 2 - 20 && same < count / 2 + 20); /* 4 sd */
    abp_planned_list_release(&list);
    world_close(&w);
    abp_store_close(store);
}

/* ---- a post's life and the plan ---- */

static void send(struct abp_store *store, const struct abp_planned *post, int64_t late)
{
    int64_t attempt;
    char file[32];
    snprintf(file, sizeof file, "%lld.txt", (long long)post->id);
    struct abp_claim claim = {.planned = post->id,
                              .key = "k",
                              .request = "r",
                              .request_len = 1,
                              .file = file,
                              .file_digest = "d",
                              .owner = "me",
                              .now = post->due_at + late,
                              .leased_until = post->due_at + late + 300};
    struct abp_settlement settled = {.state = ABP_POSTED,
                                     .now = post->due_at + late,
                                     .posted_at = post->due_at + late,
                                     .remote_id = file};
    assert_int_equal(abp_outbox_claim(&attempt, store, &claim, &err), 1);
    settled.attempt = attempt;
    assert_int_equal(abp_outbox_settle(store, &settled, &err), 0);
}

/* max_posts counts what is out or planned; a void block is drawn again, for all variants. */
static void test_redraw(void **state)
{
    struct scratch *s = *state;
    struct abp_store *store = scratch_store(s);
    struct world w;
    struct abp_plan_report report;
    struct abp_planned_list list;
    world_open(&w, "UTC", ONE_CHANNEL, "x", "sky",
               "[schedule]\ntimes = 09:00\nmax_posts = 9\n" TWO_STYLES);
    assert_int_equal(extend(&w, store, NOW, 1, &report), 8); /* whole blocks */
    assert_int_equal(report.left, 1);
    assert_int_equal(extend(&w, store, NOW, 2, &report), 0);
    assert_string_equal(report.obstacle, "");
    list_all(&list, store, "x", 0);
    send(store, &list.list[0], 10);
    send(store, &list.list[2], 10);
    /* the second of block 1 is missed: its first is out and counts; block 3 goes as a whole */
    assert_int_equal(abp_outbox_drop(store, list.list[1].id, ABP_MISSED, "off", NOW, &err), 1);
    assert_int_equal(abp_outbox_drop(store, list.list[4].id, ABP_EMPTY, "none", NOW, &err), 1);
    int64_t now = list.list[2].due_at + 3600, last = list.list[7].due_at;
    abp_planned_list_release(&list);
    /* five are live (1, 2, 0, 2): two blocks, one where the third was, one behind the last */
    assert_int_equal(extend(&w, store, now, 3, &report), 4);
    assert_int_equal(report.live, 9);
    assert_int_equal(report.left, 0);
    list_all(&list, store, "x", 1u << ABP_PLANNED);
    assert_int_equal(list.count, 7);
    for (size_t i = 1; i < list.count; i++)
        assert_true(list.list[i].due_at == list.list[i - 1].due_at + DAY);
    assert_true(list.list[4].due_at == last);
    assert_true(list.list[1].block == list.list[2].block && list.list[1].block > 4);
    abp_planned_list_release(&list);
    world_close(&w);
    abp_store_close(store);
}

/* After a verdict three of four blocks are the winner's, also over several extensions. */
static void test_winner_over_extensions(void **state)
{
    struct scratch *s = *state;
    struct abp_store *store = scratch_store(s);
    struct world w;
    struct abp_planned_list list;
    int64_t block = 0;
    int run = 0;
    world_open(&w, "UTC", ONE_CHANNEL, "x", "sky", "[schedule]\ntimes = 09:00\n" TWO_STYLES);
    for (int day = 0; day < 100; day += 7) {
        struct abp_plan_report report;
        struct abp_plan_input input = world_input(&w, NOW + day * DAY, (uint64_t)day);
        input.winner = 0;
        OK(abp_plan_extend(&report, store, &input, &err));
    }
    list_all(&list, store, "x", 0);
    for (size_t i = 0; i < list.count; i++) {
        if (list.list[i].block == block)
            continue;
        block = list.list[i].block;
        int is_winner = strcmp(list.list[i].design, ABP_DESIGN_WINNER) == 0;
        assert_int_equal(is_winner, run < 3);
        run = is_winner ? run + 1 : 0;
    }
    assert_true(list.count > 100);
    abp_planned_list_release(&list);
    world_close(&w);
    abp_store_close(store);
}

/* Top-two: nothing is added while the block before is still to come. */
static void test_one_block_ahead(void **state)
{
    struct scratch *s = *state;
    struct abp_store *store = scratch_store(s);
    struct world w;
    const double shares[] = {0.25, 0.75};
    struct abp_plan_report report;
    struct abp_planned_list list;
    world_open(&w, "UTC", ONE_CHANNEL, "x", "sky", "[schedule]\ntimes = 09:00\n" TWO_STYLES);
    struct abp_plan_input input = world_input(&w, NOW, 1);
    input.probabilities = shares;
    OK(abp_plan_extend(&report, store, &input, &err));
    assert_int_equal(report.posts, 2);
    OK(abp_plan_extend(&report, store, &input, &err));
    assert_int_equal(report.posts, 0);
    list_all(&list, store, "x", 0);
    assert_string_equal(list.list[0].design, "{\"a\":0.25,\"b\":0.75}");
    send(store, &list.list[0], 0);
    input.now = list.list[0].due_at + 60;
    OK(abp_plan_extend(&report, store, &input, &err));
    assert_int_equal(report.posts, 0);
    send(store, &list.list[1], 0);
    input.now = list.list[1].due_at + 60;
    OK(abp_plan_extend(&report, store, &input, &err));
    assert_int_equal(report.posts, 2);
    abp_planned_list_release(&list);
    world_close(&w);
    abp_store_close(store);
}

/* ---- beside others ---- */

static int64_t week_of(const struct world *w, int64_t at)
{
    struct abp_date date;
    struct abp_wall_time time;
    assert_int_equal(abp_zone_to_local(&date, &time, w->zone, at), 0);
    return (abp_date_to_days(&date) + 3) / 7;
}

/* Three experiments on one channel: gap and target hold for all of them together. */
static void test_across_experiments(void **state)
{
    struct scratch *s = *state;
    struct abp_store *store = scratch_store(s);
    static const char channel[] = "[channel sky]\ntype = outbox\ntarget = 7 per week\n";
    static const char *const schedules[] = {
        "[schedule]\ndays = mon wed\ntimes = 09:00 12:00\nmin_gap = 2h\n" TWO_STYLES,
        "[schedule]\ntimes = 10:00 13:00 15:30\nmin_gap = 2h\n" THREE_STYLES,
        "[schedule]\ntimes = 09:30 14:30 21:00\nmin_gap = 2h\n" TWO_STYLES};
    static const char *const names[] = {"x", "y", "z"};
    struct world w[3];
    struct abp_planned_list list;
    size_t count[3] = {0};
    for (int i = 0; i < 3; i++)
        world_open(&w[i], "Europe/Paris", channel, names[i], "sky", schedules[i]);
    for (int day = 0; day < 120; day += 12)
        for (int i = 0; i < 3; i++)
            extend(&w[i], store, NOW + day * DAY, (uint64_t)day, NULL);
    list_all(&list, store, NULL, 0);
    for (size_t i = 0; i < list.count; i++) {
        size_t in_week = 0;
        for (size_t j = 0; j < list.count; j++) {
            assert_true(i == j || llabs(list.list[i].due_at - list.list[j].due_at) >= 2 * 3600);
            in_week += week_of(&w[0], list.list[j].due_at) == week_of(&w[0], list.list[i].due_at);
        }
        assert_true(in_week <= 7);
        count[list.list[i].experiment[0] - 'x']++;
    }
    assert_true(count[0] >= 60 && count[1] >= 30);
    abp_planned_list_release(&list);
    for (int i = 0; i < 3; i++)
        world_close(&w[i]);
    abp_store_close(store);
}

/* What went out late keeps its distance from where it really went out. */
static void test_gap_from_what_was_posted(void **state)
{
    struct scratch *s = *state;
    struct abp_store *store = scratch_store(s);
    struct world x, y;
    struct abp_planned_list list;
    world_open(&x, "UTC", ONE_CHANNEL, "x", "sky", "[schedule]\ntimes = 09:00\n" TWO_STYLES);
    world_open(&y, "UTC", ONE_CHANNEL, "y", "sky",
               "[schedule]\ntimes = 13:00 13:30\nmin_gap = 4h\n" TWO_STYLES);
    extend(&x, store, NOW, 1, NULL);
    list_all(&list, store, "x", 0);
    send(store, &list.list[0], 1200);
    int64_t posted = list.list[0].due_at + 1200;
    abp_planned_list_release(&list);
    extend(&y, store, posted + 60, 1, NULL);
    list_all(&list, store, "y", 0);
    assert_true(list.list[0].due_at == posted - 1200 + 4 * 3600 + 1800); /* 13:30 */
    assert_string_equal(list.list[1].slot + 4, "13:00");
    abp_planned_list_release(&list);
    world_close(&x);
    world_close(&y);
    abp_store_close(store);
}

/* ---- at once, and killed ---- */

static pid_t start_extending(struct scratch *s, const struct world *w, int64_t now, uint64_t seed)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    struct abp_store *store = NULL;
    struct abp_plan_report report;
    struct abp_plan_input input = world_input(w, now, seed);
    int rc = abp_store_open(&store, scratch_path(s, "abpost.db"), ABP_STORE_CREATE, 20000, &err);
    if (rc == 0)
        rc = abp_plan_extend(&report, store, &input, &err);
    abp_store_close(store);
    _exit(rc == 0 ? 0 : 1);
}

static void test_two_at_once(void **state)
{
    struct scratch *s = *state;
    struct world w;
    world_open(&w, "Europe/Paris", ONE_CHANNEL, "x", "sky", TWICE_A_WEEK);
    abp_store_close(scratch_store(s));
    for (int round = 0; round < 20; round++) {
        pid_t pids[2];
        int status;
        for (int p = 0; p < 2; p++)
            pids[p] =
                start_extending(s, &w, NOW + round * 7 * DAY, 2 * (uint64_t)round + (uint64_t)p);
        for (int p = 0; p < 2; p++) {
            assert_true(waitpid(pids[p], &status, 0) == pids[p]);
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        }
    }
    struct abp_store *store = scratch_store(s);
    struct abp_planned_list list;
    list_all(&list, store, "x", 0);
    for (size_t i = 1; i < list.count; i++)
        assert_true(list.list[i].due_at > list.list[i - 1].due_at);
    assert_true(list.count >= 2 * 23 && list.count <= 2 * 25);
    abp_planned_list_release(&list);
    world_close(&w);
    abp_store_close(store);
}

static double seconds_since(const struct timespec *from)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - from->tv_sec) + 1e-9 * (double)(now.tv_nsec - from->tv_nsec);
}

/* How long it takes when nobody kills it. */
static double time_of_extending(struct scratch *s, const struct world *w)
{
    struct timespec start;
    int status;
    clock_gettime(CLOCK_MONOTONIC, &start);
    pid_t pid = start_extending(s, w, NOW, 0);
    assert_true(waitpid(pid, &status, 0) == pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return seconds_since(&start);
}

#define KILLED_LEAST 15
#define WHOLE_LEAST  5

/* Killed at any moment of 60 or more, a draw is whole or not there, and the next one can be made.
 * How long a draw takes is learned on the way: a busy machine makes it another time each round. */
static void test_killed(void **state)
{
    struct scratch *s = *state;
    struct world w;
    size_t killed = 0, whole = 0;
    world_open(&w, "Europe/Paris", ONE_CHANNEL, "x", "sky",
               "[schedule]\ntimes = 07:00 09:00 11:00 13:00 15:00 17:00 19:00\n" TWO_STYLES);
    struct abp_store *store = scratch_store(s);
    double usual = time_of_extending(s, &w);
    struct abp_planned_list list;
    list_all(&list, store, "x", 0);
    size_t before = list.count;
    abp_planned_list_release(&list);
    int round = 1;
    for (; round <= 60 || (round <= 240 && (killed < KILLED_LEAST || whole < WHOLE_LEAST));
         round++) {
        int status;
        pid_t pid = start_extending(s, &w, NOW + round * 35 * DAY, (uint64_t)round);
        struct timespec wait = {0, (long)(usual * (round * 37 % 60) / 50 * 1e9) % 999999999L};
        nanosleep(&wait, NULL);
        kill(pid, SIGKILL);
        assert_true(waitpid(pid, &status, 0) == pid);
        killed += WIFSIGNALED(status) != 0;
        usual *= WIFSIGNALED(status) ? 1.05 : 0.9;
        list_all(&list, store, "x", 0);
        size_t added = list.count - before;
        whole += added > 0;
        /* more than four weeks of seven a day, or nothing */
        assert_true(added == 0 || added >= 4 * 49);
        for (size_t i = 0; i < list.count; i += 2) {
            assert_true(list.list[i].block == list.list[i + 1].block);
            assert_string_not_equal(list.list[i].variant, list.list[i + 1].variant);
        }
        before = list.count;
        abp_planned_list_release(&list);
    }
    assert_true(killed >= KILLED_LEAST && whole >= WHOLE_LEAST);
    assert_true(extend(&w, store, NOW + round * 35 * DAY, 1, NULL) > 0);
    world_close(&w);
    abp_store_close(store);
}

/* ---- what is refused ---- */

static void test_refusals(void **state)
{
    struct scratch *s = *state;
    struct abp_store *store = scratch_store(s);
    struct world w;
    struct abp_plan_report report;
    struct abp_planned_list list;
    world_open(&w, "UTC", ONE_CHANNEL, "x", "sky", "[schedule]\ntimes = 09:00\n" TWO_STYLES);
    struct abp_plan_input input = world_input(&w, NOW, 1);
    w.experiment.schedule.present = 0;
    assert_int_equal(abp_plan_extend(&report, store, &input, &err), -1);
    assert_int_equal(err.code, ABP_DATA);
    assert_non_null(strstr(err.message, "[schedule]"));
    w.experiment.schedule.present = 1;
    w.ws.channels[0].name[0] = 'S';
    assert_int_equal(abp_plan_extend(&report, store, &input, &err), -1);
    assert_int_equal(err.code, ABP_DATA);
    assert_non_null(strstr(err.message, "'sky'"));
    w.ws.channels[0].name[0] = 's';
    /* and nothing of it holds the store's lock or is left in it */
    assert_true(extend(&w, store, NOW, 1, NULL) > 0);
    list_all(&list, store, NULL, 0);
    assert_true(list.count > 0);
    abp_planned_list_release(&list);
    world_close(&w);
    abp_store_close(store);
}

/* Whatever a schedule draws stands in it: else it would be taken out and drawn anew for ever. */
static void test_standing(void **state)
{
    static const struct {
        const char *zone, *now;
    } cases[] = {{"Europe/Paris", "2027-03-24T12:00:00Z"},
                 {"Europe/Paris", "2026-10-21T12:00:00Z"},
                 {"America/St_Johns", "2027-03-10T12:00:00Z"},
                 {"Australia/Lord_Howe", "2026-09-30T12:00:00Z"},
                 {"America/Santiago", "2026-09-02T12:00:00Z"}, /* skips midnight */
                 {"Pacific/Apia", "2011-12-26T12:00:00Z"}};    /* skips a day */
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world w;
        struct abp_plan_report report;
        struct abp_planned_list list;
        world_open(&w, cases[i].zone, ONE_CHANNEL, "x", "sky",
                   "[schedule]\ndays = mon wed fri sat sun\ntimes = 00:00 00:30 02:00 02:30 23:59\n"
                   "blackout = 2026-10-23, 2027-03-26..2027-03-27\n" TWO_STYLES);
        struct abp_schedule *schedule = &w.experiment.schedule;
        struct abp_plan_input input = world_input(&w, instant(cases[i].now), i);
        OK(abp_plan_preview(&report, &list, NULL, &input, &err));
        assert_true(list.count > 80);
        for (size_t k = 0; k < list.count; k++)
            assert_int_equal(abp_slot_standing(schedule, w.zone, &list.list[k]), ABP_SLOT_THERE);
        const struct abp_planned *first = &list.list[0];
        struct abp_date kept = schedule->blackout[0];
        schedule->blackout[0] = first->date;
        schedule->blackout_count = 1;
        assert_int_equal(abp_slot_standing(schedule, w.zone, first), ABP_SLOT_BLACKOUT);
        schedule->blackout[0] = kept;
        schedule->days &= ~(1u << abp_date_weekday(&first->date));
        assert_int_equal(abp_slot_standing(schedule, w.zone, first), ABP_SLOT_GONE);
        schedule->days = 127;
        assert_int_equal(abp_slot_standing(schedule, w.zone, first), ABP_SLOT_THERE);
        schedule->start = first->date;
        schedule->start.year++;
        assert_int_equal(abp_slot_standing(schedule, w.zone, first), ABP_SLOT_GONE);
        abp_planned_list_release(&list);
        world_close(&w);
    }
}

/* ---- a target that is another one by now ---- */

/* What is beyond it leaves the plan, as an edit of abpost.ini makes it. Returns how many blocks. */
static size_t take_out_beyond(const struct world *w, struct abp_store *store, int64_t now)
{
    struct abp_planned_list list;
    int64_t *blocks;
    size_t count;
    OK(abp_plan_beyond(&blocks, &count, store, &w->ws.channels[0], w->zone, now, &err));
    list_all(&list, store, NULL, 0);
    for (size_t k = 0; k < count; k++) {
        assert_true(abp_block_is_untouched(&list, blocks[k], now));
        for (size_t i = 0; i < list.count; i++)
            if (list.list[i].block == blocks[k])
                assert_int_equal(
                    abp_outbox_drop(store, list.list[i].id, ABP_CANCELLED, "target", now, &err), 1);
    }
    abp_planned_list_release(&list);
    free(blocks);
    return count;
}

/* What is due until then goes out, some of it days late, some of it just before the clock here. */
static void send_due(struct abp_store *store, int64_t now, uint64_t *random)
{
    static const int64_t late[] = {0, -3, 10, 40000, 2 * DAY};
    struct abp_planned_list list;
    list_all(&list, store, NULL, 1u << ABP_PLANNED);
    for (size_t i = 0; i < list.count && list.list[i].due_at <= now; i++) {
        *random = *random * 6364136223846793005u + 1442695040888963407u;
        send(store, &list.list[i], late[(*random >> 33) % 5]);
    }
    abp_planned_list_release(&list);
}

/* No week holds more posts that could still leave the plan than the target has room for. */
static void assert_within(const struct world *w, struct abp_store *store, int64_t now,
                          double target)
{
    struct abp_planned_list list;
    int64_t reach = target < 1 ? (int64_t)(1 / target + 0.999999) - 1 : 0;
    list_all(&list, store, NULL, ABP_LIVE_STATES);
    for (size_t i = 0; i < list.count; i++) {
        const struct abp_planned *a = &list.list[i];
        size_t count = 0;
        for (size_t k = 0; k < list.count; k++) {
            const struct abp_planned *b = &list.list[k];
            count += b->state == ABP_PLANNED &&
                     llabs(week_of(w, b->due_at) - week_of(w, a->due_at)) <= reach;
        }
        if (abp_block_is_untouched(&list, a->block, now) && (double)count > target && count > 1)
            fail_msg("%zu posts around week %lld, of %g", count, (long long)week_of(w, a->due_at),
                     target);
    }
    abp_planned_list_release(&list);
}

/* Two experiments on one channel whose target goes up and down: after each change what is beyond it
 * goes, once; what is drawn then stays, whenever it went out. */
static void test_target(void **state)
{
    struct scratch *s = *state;
    static const double targets[] = {NAN, 6, 2, 9.5, 0.7, 3, NAN, 1, 0.34, 5, 4, 12, 0.5, 7};
    struct abp_store *store = scratch_store(s);
    struct world w[2];
    uint64_t random = 7;
    size_t taken = 0;
    world_open(&w[0], "Europe/Paris", ONE_CHANNEL, "x", "sky",
               "[schedule]\ndays = mon thu sun\ntimes = 00:00 12:00 23:59\n" TWO_STYLES);
    world_open(&w[1], "Europe/Paris", ONE_CHANNEL, "y", "sky",
               "[schedule]\ntimes = 10:00 23:30\nmin_gap = 10m\n" THREE_STYLES);
    for (int round = 0; round < 56; round++) {
        /* at times of day that are slots, too, and now and then at the seam of two weeks */
        int64_t now = NOW + round * (2 * DAY + 37000);
        double target = targets[round / 4];
        w[0].ws.channels[0].target = w[1].ws.channels[0].target = target;
        send_due(store, now, &random);
        size_t gone = take_out_beyond(&w[0], store, now);
        taken += gone;
        if (round % 4 && gone)
            fail_msg("round %d: %zu blocks that target %g drew itself", round, gone, target);
        if (!isnan(target))
            assert_within(&w[0], store, now, target);
        for (int i = 0; i < 2; i++)
            extend(&w[i], store, now, (uint64_t)round, NULL);
        assert_int_equal(take_out_beyond(&w[0], store, now), 0);
    }
    assert_true(taken > 40);
    world_close(&w[0]);
    world_close(&w[1]);
    abp_store_close(store);
}

int main(void)
{
#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(test_extend),
        IN_SCRATCH(test_many_small_extensions),
        IN_SCRATCH(test_one_seed_many_plans),
        IN_SCRATCH(test_redraw),
        IN_SCRATCH(test_winner_over_extensions),
        IN_SCRATCH(test_one_block_ahead),
        IN_SCRATCH(test_across_experiments),
        IN_SCRATCH(test_gap_from_what_was_posted),
        IN_SCRATCH(test_two_at_once),
        IN_SCRATCH(test_killed),
        IN_SCRATCH(test_refusals),
        IN_SCRATCH(test_standing),
        IN_SCRATCH(test_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
