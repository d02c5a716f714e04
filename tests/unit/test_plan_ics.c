/* The calendar file, read back by a strict reader of RFC 5545 that knows nothing of the writer. */
#include "plan_world.h"

#include "abpost/text.h"

static struct abp_error err;

/* ---- a reader: unfolds, unescapes, and refuses what the RFC does ---- */

struct event {
    char uid[100], start[20], stamp[20], summary[2000], description[4000], status[20];
};

struct calendar {
    struct event events[16];
    size_t count;
    char version[10];
};

/* One unfolded content line into out; returns where the next begins. */
static const char *take_line(const char *p, char *out, size_t size)
{
    size_t len = 0;
    const char *begin = p; /* of the line in the file, its blank included */
    for (;;) {
        const char *end = strstr(p, "\r\n");
        assert_non_null(end);
        assert_true(end - begin <= 75);
        assert_true(end > p);
        assert_int_equal(abp_utf8_invalid_at(p, (size_t)(end - p)), (size_t)(end - p));
        for (; p < end; p++) {
            unsigned char c = (unsigned char)*p;
            assert_true((c >= 0x20 && c != 0x7f) || c == '\t');
            assert_true(len + 1 < size);
            out[len++] = *p;
        }
        p = begin = end + 2;
        if (*p != ' ' && *p != '\t')
            break;
        p++;
    }
    out[len] = '\0';
    return p;
}

static void unescape(char *out, size_t size, const char *value)
{
    size_t len = 0;
    for (; *value; value++) {
        char c = *value;
        assert_true(c != ';' && c != ',');
        if (c == '\\') {
            c = *++value;
            assert_true(c == '\\' || c == ';' || c == ',' || c == 'n');
            c = c == 'n' ? '\n' : c;
        }
        assert_true(len + 1 < size);
        out[len++] = c;
    }
    out[len] = '\0';
}

static void copy(char *out, size_t size, const char *value)
{
    assert_int_equal(out[0], 0); /* each property once */
    assert_true(strlen(value) < size);
    memcpy(out, value, strlen(value) + 1);
}

static void is_utc(const char *value)
{
    static const char form[] = "ddddddddTddddddZ";
    assert_int_equal(strlen(value), strlen(form));
    for (size_t i = 0; form[i]; i++)
        assert_true(form[i] == 'd' ? value[i] >= '0' && value[i] <= '9' : value[i] == form[i]);
}

static void read_property(struct calendar *calendar, const char *name, const char *value)
{
    struct event *e = &calendar->events[calendar->count];
    if (strcmp(name, "UID") == 0)
        copy(e->uid, sizeof e->uid, value);
    else if (strcmp(name, "DTSTART") == 0)
        copy(e->start, sizeof e->start, value), is_utc(value);
    else if (strcmp(name, "DTSTAMP") == 0)
        copy(e->stamp, sizeof e->stamp, value), is_utc(value);
    else if (strcmp(name, "SUMMARY") == 0)
        unescape(e->summary, sizeof e->summary, value);
    else if (strcmp(name, "DESCRIPTION") == 0)
        unescape(e->description, sizeof e->description, value);
    else if (strcmp(name, "STATUS") == 0)
        copy(e->status, sizeof e->status, value);
    else
        assert_true(strcmp(name, "DURATION") == 0 || strcmp(name, "TRANSP") == 0);
}

static void read_calendar(struct calendar *calendar, const char *text)
{
    static char line[70000];
    int inside = 0, in_event = 0, ended = 0, prodid = 0;
    memset(calendar, 0, sizeof *calendar);
    while (*text) {
        assert_false(ended);
        text = take_line(text, line, sizeof line);
        char *colon = strchr(line, ':');
        assert_non_null(colon);
        *colon = '\0';
        const char *value = colon + 1;
        if (strcmp(line, "BEGIN") == 0 && !inside) {
            assert_string_equal(value, "VCALENDAR");
            inside = 1;
        } else if (strcmp(line, "BEGIN") == 0) {
            assert_string_equal(value, "VEVENT");
            assert_false(in_event);
            assert_true(calendar->count < 16);
            in_event = 1;
        } else if (strcmp(line, "END") == 0 && in_event) {
            assert_string_equal(value, "VEVENT");
            struct event *e = &calendar->events[calendar->count++];
            assert_true(e->uid[0] && e->start[0] && e->stamp[0] && e->summary[0]);
            in_event = 0;
        } else if (strcmp(line, "END") == 0) {
            assert_string_equal(value, "VCALENDAR");
            ended = 1;
        } else if (in_event) {
            read_property(calendar, line, value);
        } else if (strcmp(line, "VERSION") == 0) {
            copy(calendar->version, sizeof calendar->version, value);
        } else {
            prodid += strcmp(line, "PRODID") == 0;
            assert_true(strcmp(line, "PRODID") == 0 || strcmp(line, "CALSCALE") == 0);
        }
    }
    assert_true(ended && prodid == 1);
    assert_string_equal(calendar->version, "2.0");
}

static void write_and_read(struct calendar *calendar, const struct abp_planned_list *list)
{
    struct abp_buffer out;
    abp_buffer_init(&out, 1 << 20);
    assert_int_equal(abp_plan_ics(&out, list, instant("2026-06-01T12:00:00Z"), &err), 0);
    read_calendar(calendar, abp_buffer_text(&out));
    abp_buffer_release(&out);
}

/* ---- what is written ---- */

static struct abp_planned post(char *experiment, char *channel, char *variant)
{
    static char zone[] = "Europe/Paris", slot[] = "tue 09:00";
    return (struct abp_planned){.id = 1,
                                .experiment = experiment,
                                .channel = channel,
                                .variant = variant,
                                .slot = slot,
                                .timezone = zone,
                                .date = {2026, 12, 1},
                                .time = {9, 0},
                                .due_at = instant("2026-12-01T08:00:00Z"),
                                .state = ABP_PLANNED};
}

static void test_one(void **state)
{
    (void)state;
    static struct calendar calendar;
    char x[] = "x", sky[] = "sky", a[] = "question", file[] = "posts/question/dawn.txt";
    struct abp_planned p = post(x, sky, a);
    struct abp_planned_list list = {&p, 1};
    p.file = file;
    write_and_read(&calendar, &list);
    assert_int_equal(calendar.count, 1);
    assert_string_equal(calendar.events[0].summary, "sky: question (x)");
    assert_string_equal(calendar.events[0].start, "20261201T080000Z");
    assert_string_equal(calendar.events[0].stamp, "20260601T120000Z");
    assert_string_equal(calendar.events[0].status, "TENTATIVE");
    assert_non_null(strstr(calendar.events[0].description, "2026-12-01 09:00 Europe/Paris"));
    assert_non_null(strstr(calendar.events[0].description, file));
}

/* Names full of what a calendar could trip over come back as they were, folded anywhere. */
static void test_hostile_names(void **state)
{
    (void)state;
    static struct calendar calendar;
    char channel[] = "a;b,c\\d\\n:\"e\"";
    char variant[600] = "";
    for (size_t i = 0; i < 40; i++) /* 1 to 4 bytes a character, so that every cut is met */
        strcat(variant, i % 4 == 0   ? "\xf0\x9f\x8c\x8a"
                        : i % 4 == 1 ? "\xc3\xa9"
                        : i % 4 == 2 ? "\xe2\x80\xae"
                                     : "x");
    for (size_t cut = 0; cut < 80; cut++) {
        char experiment[100], expected[2000];
        memset(experiment, 'e', cut + 1);
        experiment[cut + 1] = '\0';
        struct abp_planned p = post(experiment, channel, variant);
        struct abp_planned_list list = {&p, 1};
        write_and_read(&calendar, &list);
        snprintf(expected, sizeof expected, "%s: %s (%s)", channel, variant, experiment);
        assert_string_equal(calendar.events[0].summary, expected);
    }
}

static void test_control_characters(void **state)
{
    (void)state;
    static struct calendar calendar;
    char x[] = "x\r\nBEGIN:VEVENT", sky[] = "s\x01ky\x7f",
         a[] = "b\xff\xfe"
               "c\xc3";
    struct abp_planned p = post(x, sky, a);
    struct abp_planned_list list = {&p, 1};
    write_and_read(&calendar, &list);
    assert_int_equal(calendar.count, 1);
    assert_string_equal(calendar.events[0].summary,
                        "s\xef\xbf\xbdky\xef\xbf\xbd: b\xef\xbf\xbd\xef\xbf\xbd"
                        "c\xef\xbf\xbd (x\xef\xbf\xbd\nBEGIN:VEVENT)");
}

/* The UID is that of the slot: the same when it is drawn again, other for another slot, channel or
 * experiment, and names do not run into each other. */
static void test_uids(void **state)
{
    (void)state;
    static struct calendar calendar;
    char x[] = "x", xs[] = "xs", sky[] = "sky", ky[] = "ky", a[] = "a", b[] = "b";
    struct abp_planned p[5] = {post(x, sky, a), post(x, sky, b), post(xs, ky, a), post(xs, sky, a),
                               post(x, sky, a)};
    struct abp_planned_list list = {p, 5};
    p[1].id = 77;
    p[4].due_at += 3600;
    write_and_read(&calendar, &list);
    assert_int_equal(calendar.count, 5);
    for (size_t i = 0; i < 5; i++)
        for (size_t j = 0; j < i; j++)
            assert_int_equal(strcmp(calendar.events[i].uid, calendar.events[j].uid) == 0,
                             i == 1 && j == 0);
}

/* What left the plan is not in the calendar; what is out stands where it went out. */
static void test_states(void **state)
{
    (void)state;
    static struct calendar calendar;
    char x[] = "x", sky[] = "sky", a[] = "a";
    struct abp_planned p[ABP_POST_STATE_COUNT];
    for (int s = 0; s < ABP_POST_STATE_COUNT; s++) {
        p[s] = post(x, sky, a);
        p[s].state = (enum abp_post_state)s;
    }
    p[ABP_POSTED].posted_at = p[ABP_POSTED].due_at + 61;
    struct abp_planned_list list = {p, ABP_POST_STATE_COUNT};
    write_and_read(&calendar, &list);
    assert_int_equal(calendar.count, 5);
    assert_string_equal(calendar.events[3].start, "20261201T080101Z");
    assert_string_equal(calendar.events[3].status, "CONFIRMED");
}

static void test_nothing_and_too_much(void **state)
{
    (void)state;
    static struct calendar calendar;
    struct abp_planned_list none = {NULL, 0};
    write_and_read(&calendar, &none);
    assert_int_equal(calendar.count, 0);
    char x[] = "x", sky[] = "sky", a[] = "a";
    struct abp_planned p = post(x, sky, a);
    struct abp_planned_list list = {&p, 1};
    struct abp_buffer out;
    abp_buffer_init(&out, 300);
    assert_int_equal(abp_plan_ics(&out, &list, 0, &err), -1);
    abp_buffer_release(&out);
    abp_buffer_init(&out, 3000);
    p.due_at = INT64_MAX / 2;
    assert_int_equal(abp_plan_ics(&out, &list, 0, &err), -1);
    assert_int_equal(err.code, ABP_FAILED);
    abp_buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one),
        cmocka_unit_test(test_hostile_names),
        cmocka_unit_test(test_control_characters),
        cmocka_unit_test(test_uids),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_nothing_and_too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
