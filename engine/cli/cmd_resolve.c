/* abpost resolve: what only a person can know of a post. */
#include "by_hand.h"
#include "list.h"
#include "loaded.h"
#include "screen.h"

#include "abpost/local.h"
#include "abpost/text.h"
#include "abpost/time.h"

#include <string.h>

#define URL_MAX 500 /* bytes; what the store keeps whole */

struct resolving {
    const struct abp_args *args; /* borrowed */
    struct abp_loaded loaded;
    int64_t post, at;        /* at: UTC seconds; 0: not said */
    struct abp_planned then; /* the post as it is now; borrowed from list */
    struct abp_planned_list list;
};

/* ---- the command line ---- */

static int check_url(const char *url, struct abp_error *err)
{
    int web = strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0 ||
              strncmp(url, "at://", 5) == 0; /* what Bluesky's tools show */
    size_t len = strlen(url);
    int plain = abp_utf8_invalid_at(url, len) == len;
    for (size_t i = 0; i < len; i++)
        plain = plain && (unsigned char)url[i] > ' ' && url[i] != 0x7f;
    if (!web || !plain)
        return abp_fail(err, ABP_USAGE,
                        "--posted '%s' is not the address of a post; accepted is what a browser "
                        "shows for it, as in https://example.com/posts/1",
                        url);
    if (len > URL_MAX)
        return abp_fail(err, ABP_USAGE,
                        "--posted: an address of %zu bytes; at most %d are accepted", len, URL_MAX);
    return 0;
}

static int check_options(struct resolving *r, struct abp_error *err)
{
    const struct abp_args *args = r->args;
    if (abp_parse_int64(args->names[0], &r->post) != 0 || r->post < 1)
        return abp_fail(err, ABP_USAGE,
                        "'%s' is not the number of a post; 'abpost status' shows them",
                        args->names[0]);
    if (!args->posted_url && !args->not_posted)
        return abp_fail(err, ABP_USAGE,
                        "what became of post %lld is missing: --posted URL when it is out, "
                        "--not-posted when it is not",
                        (long long)r->post);
    if (args->posted_url && args->not_posted)
        return abp_fail(err, ABP_USAGE,
                        "--posted and --not-posted exclude each other; post %lld is out or it is "
                        "not",
                        (long long)r->post);
    if (args->at && args->not_posted)
        return abp_fail(err, ABP_USAGE, "--at goes with --posted: it says since when it is out");
    return args->posted_url ? check_url(args->posted_url, err) : 0;
}

/* Needs the workspace's zone. */
static int check_time(struct resolving *r, struct abp_error *err)
{
    const struct abp_env *env = r->loaded.env;
    char now[ABP_LOCAL_SIZE];
    if (!r->args->at)
        return 0;
    if (abp_local_parse(&r->at, r->args->at, r->loaded.zone) != 0)
        return abp_fail(err, ABP_USAGE,
                        "--at '%s' is not a time; accepted: '2026-12-20 18:30' (%s) or "
                        "2026-12-20T17:30:00Z",
                        r->args->at, r->loaded.inputs.ws.timezone);
    abp_local_format(now, env->now(env->context), r->loaded.zone);
    if (r->at > env->now(env->context))
        return abp_fail(err, ABP_USAGE, "--at '%s' is still to come: it is %s", r->args->at, now);
    if (r->at < 1)
        return abp_fail(err, ABP_USAGE, "--at '%s' is before 1970", r->args->at);
    return 0;
}

/* ---- what it says ---- */

static void put_reading(struct abp_buffer *buf, const struct resolving *r,
                        const struct abp_experiment *e, const char *when)
{
    abp_buffer_printf(buf,
                      "Note its numbers at %s, in a CSV file under this line (with a column "
                      "read_at, where you import them later):\n",
                      when);
    abp_put_readings_header(buf, r->loaded.env, e);
    abp_buffer_printf(buf, "\nThen: abpost import %s --readings FILE.csv\n", e->name);
}

static void say_posted(struct abp_buffer *buf, const struct resolving *r)
{
    char when[ABP_LOCAL_SIZE];
    const struct abp_experiment *e = abp_loaded_experiment(&r->loaded, r->then.experiment);
    const struct abp_channel *channel = abp_loaded_channel(&r->loaded, r->then.channel);
    abp_local_format(when, r->then.posted_at, r->loaded.zone);
    abp_buffer_printf(buf, "is out since %s: %s\n", when,
                      r->then.url ? r->then.url : r->args->posted_url);
    if (!e) {
        abp_buffer_printf(buf,
                          "abpost check: its experiment's file has mistakes or is gone, so its "
                          "numbers are not read.\n");
        return;
    }
    abp_local_format(when, abp_local_next_minute(r->then.posted_at + e->horizon), r->loaded.zone);
    if (channel && !abp_is_by_hand(channel))
        abp_buffer_printf(buf, "Its numbers are read at %s.\n", when);
    else
        put_reading(buf, r, e, when);
}

static void say_not_posted(struct abp_buffer *buf, const struct resolving *r)
{
    char until[ABP_LOCAL_SIZE];
    const struct abp_env *env = r->loaded.env;
    const struct abp_experiment *e = abp_loaded_experiment(&r->loaded, r->then.experiment);
    abp_buffer_add(buf, "is not out.\n");
    if (!e) {
        abp_buffer_add(buf, "abpost check: its experiment's file has mistakes or is gone, so it "
                            "waits.\n");
        return;
    }
    int64_t latest = r->then.due_at + e->schedule.max_lateness;
    abp_local_format(until, latest, r->loaded.zone);
    if (env->now(env->context) <= latest)
        abp_buffer_printf(buf,
                          "The next tick sends it again, until %s; after that its block is "
                          "drawn anew.\n",
                          until);
    else
        abp_buffer_printf(buf,
                          "It is too late for it since %s: the next tick takes it out of the "
                          "plan, and its block is drawn anew.\n",
                          until);
}

static int show_text(const struct resolving *r, struct abp_error *err)
{
    struct abp_screen screen = abp_screen_of_output(r->loaded.env);
    struct abp_buffer text, buf;
    abp_buffer_init(&text, (size_t)1 << 16);
    abp_buffer_init(&buf, (size_t)1 << 18);
    abp_buffer_printf(&text, "Post %lld (%s, %s on %s) ", (long long)r->post, r->then.experiment,
                      r->then.variant, r->then.channel);
    if (r->then.state == ABP_POSTED) /* a tick may have found it out meanwhile */
        say_posted(&text, r);
    else
        say_not_posted(&text, r);
    char *line = text.data;
    for (char *end; line && (end = strchr(line, '\n')); line = end + 1) {
        *end = '\0';
        abp_put_paragraph(&buf, &screen, line, 0, 0);
    }
    buf.failed |= text.failed;
    int rc = abp_emit(r->loaded.env, &buf, err);
    abp_buffer_release(&text);
    abp_buffer_release(&buf);
    return rc;
}

static int show_list(const struct resolving *r, struct abp_error *err)
{
    static const char *const names[] = {"post",  "experiment", "variant", "channel",
                                        "state", "posted_at",  "url"};
    struct abp_list list;
    char when[ABP_TIME_SIZE] = "";
    const char *at = NULL;
    if (r->then.posted_at && abp_time_format(when, r->then.posted_at) == 0)
        at = when;
    struct abp_field fields[] = {
        {.number = r->post, .is_number = 1},
        {.text = r->then.experiment},
        {.text = r->then.variant},
        {.text = r->then.channel},
        {.text = abp_post_state_name(r->then.state)},
        {.text = at},
        {.text = r->then.url},
    };
    abp_list_begin(&list, r->loaded.env, r->args->format, "abpost.resolve/1", "posts", names,
                   sizeof names / sizeof *names);
    abp_list_add(&list, fields);
    return abp_list_end(&list, err);
}

/* ---- the whole ---- */

static int read_back(struct resolving *r, struct abp_error *err)
{
    struct abp_planned_filter filter = {.id = r->post};
    if (abp_outbox_list(&r->list, r->loaded.store, &filter, err) != 0)
        return -1;
    if (r->list.count != 1)
        return abp_fail(err, ABP_BUG, "post %lld is gone", (long long)r->post);
    r->then = r->list.list[0];
    return 0;
}

/* When it was handed over, or sent, at the earliest: of earlier attempts only that they were made
 * when it was due. UTC seconds; 0: neither. */
static int64_t out_since(const struct abp_planned *post)
{
    if (post->state != ABP_HANDED && post->state != ABP_UNKNOWN && post->state != ABP_SENDING)
        return 0; /* the store says what it is instead */
    return post->attempts > 1 ? post->due_at : post->started_at;
}

/* What is said here is kept for good, so it has to be possible: nobody publishes what he does not
 * have yet. A platform's clock may differ from ours. */
static int check_order(struct resolving *r, struct abp_error *err)
{
    char then[ABP_LOCAL_SIZE], said[ABP_LOCAL_SIZE];
    struct abp_planned_filter filter = {.id = r->post};
    if (!r->at)
        return 0;
    if (abp_outbox_list(&r->list, r->loaded.store, &filter, err) != 0)
        return -1;
    int handed = r->list.count == 1 && r->list.list[0].state == ABP_HANDED;
    int64_t since = r->list.count == 1 ? out_since(&r->list.list[0]) : 0;
    abp_planned_list_release(&r->list);
    abp_local_format(then, since, r->loaded.zone);
    abp_local_format(said, r->at, r->loaded.zone);
    if (r->at < since - since % 60 - (handed ? 0 : ABP_CLOCK_SLACK))
        return abp_fail(err, ABP_USAGE,
                        "--at '%s' is %s, and post %lld was not %s before %s; accepted is a time "
                        "from then on, or none",
                        r->args->at, said, (long long)r->post, handed ? "handed over" : "sent",
                        then);
    if (handed && r->at < since)
        r->at = since; /* in the minute that is said */
    return 0;
}

static int resolve(struct resolving *r, struct abp_error *err)
{
    struct abp_publish_input input = abp_loaded_publish(&r->loaded);
    if (check_time(r, err) != 0)
        return -1;
    if (!r->loaded.store)
        return abp_fail(err, ABP_DATA, "there is no post %lld: nothing was planned yet",
                        (long long)r->post);
    if (check_order(r, err) != 0 ||
        abp_publish_resolve(&input, r->post, r->args->posted_url, r->at, err) != 0 ||
        read_back(r, err) != 0)
        return -1;
    if (r->args->format != ABP_TEXT)
        return show_list(r, err);
    return r->args->quiet ? 0 : show_text(r, err);
}

static int run_resolve(const struct abp_args *args, const struct abp_env *env,
                       struct abp_error *err)
{
    struct resolving r = {.args = args};
    struct abp_args all = *args;
    all.name_count = 0; /* every experiment: the name is a post */
    if (check_options(&r, err) != 0 ||
        abp_loaded_open(&r.loaded, &all, env, ABP_STORE_EXISTING, err) != 0)
        return -1;
    int rc = resolve(&r, err);
    abp_planned_list_release(&r.list);
    abp_loaded_close(&r.loaded);
    return rc;
}

static int set_posted(struct abp_args *args, struct abp_env *env, const char *value,
                      struct abp_error *err)
{
    (void)env, (void)err;
    args->posted_url = value;
    return 0;
}

static int set_not_posted(struct abp_args *args, struct abp_env *env, const char *value,
                          struct abp_error *err)
{
    (void)env, (void)value, (void)err;
    args->not_posted = 1;
    return 0;
}

static int set_at(struct abp_args *args, struct abp_env *env, const char *value,
                  struct abp_error *err)
{
    (void)env, (void)err;
    args->at = value;
    return 0;
}

static const struct abp_option options[] = {
    {0, "posted", "URL", "it is out, at this address", set_posted},
    {0, "not-posted", NULL, "it is not out", set_not_posted},
    {0, "at", "TIME",
     "with --posted: since when, as in '2026-12-20 18:30' (the workspace's time zone) or "
     "2026-12-20T17:30:00Z; without it, what the platform says, else when it was sent or handed "
     "over",
     set_at},
};

static const char *const details[] = {
    "Records what only a person can know of a post: that it is out, and where, or that it is not. "
    "It is asked for in two cases, which 'abpost status' lists with the number of the post:",
    " - the post is unknown: a crash or a lost answer left it open whether it is",
    "   out, and the platform can't be asked. Look at the account, then say so.",
    " - the post was handed over: its channel is an outbox, and a person publishes",
    "   it and reports the address.",
    "A post that is out is read when it has reached its age; one that is not goes out with the "
    "next tick, as long as max_lateness allows. What is said here is kept for good: a post that "
    "is out stays out.",
    "With --format json (schema abpost.resolve/1) or csv: post, experiment, variant, channel, "
    "state, posted_at and url, as they are now.",
    "A time (--at) that is still to come, or before the post was handed over or sent, is refused.",
    "On Bluesky and Mastodon the server is asked for what is at the address; where it can't be "
    "reached the exit status is 69, where it refuses the account 3, and nothing is recorded.",
    "The exit status is 65 when there is no such post, when its fate is known already, or when "
    "the address is none of its channel's posts.",
    NULL,
};

const struct abp_command abp_command_resolve = {
    .name = "resolve",
    .arguments = "POST",
    .at_least = 1,
    .at_most = 1,
    .summary = "say what became of a post that only a person can know of",
    .details = details,
    .formats = ABP_EVERY_FORMAT,
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = run_resolve,
};
