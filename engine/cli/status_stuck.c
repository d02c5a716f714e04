/* What is stuck, and what to do about it. */
#include "by_hand.h"
#include "status.h"

#include "abpost/channel.h"
#include "abpost/local.h"
#include "abpost/reading.h"
#include "abpost/sign_in.h"
#include "abpost/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LATELY     (14 * INT64_C(86400)) /* seconds; what left the plan earlier is history */
#define DUE_GRACE  INT64_C(300)          /* seconds; a tick may run every few minutes */
#define WORDS_MAX  ((size_t)1 << 16)
#define IDS_LISTED 6

const char *abp_stuck_name(enum abp_stuck_kind kind)
{
    static const char *const names[ABP_STUCK_COUNT] = {
        [ABP_STUCK_UNKNOWN] = "unknown",
        [ABP_STUCK_SIGN_IN] = "sign-in",
        [ABP_STUCK_FILE] = "file-gone",
        [ABP_STUCK_MISTAKES] = "mistakes",
        [ABP_STUCK_CHANNEL] = "channel-gone",
        [ABP_STUCK_SENDING] = "sending",
        [ABP_STUCK_DUE] = "due",
        [ABP_STUCK_HANDED] = "handed",
        [ABP_STUCK_READING] = "reading",
        [ABP_STUCK_REFUSED] = "refused",
        [ABP_STUCK_MISSED] = "missed",
        [ABP_STUCK_EMPTY] = "empty",
    };
    return (unsigned)kind < ABP_STUCK_COUNT ? names[kind] : NULL;
}

struct finding {
    struct abp_status *status; /* borrowed */
    int no_memory;
};

/* ---- words ---- */

/* NULL without memory, which is kept in mind. */
static char *ABP_PRINTF(2, 3) words(struct finding *f, const char *format, ...)
{
    struct abp_buffer text;
    va_list args;
    abp_buffer_init(&text, WORDS_MAX);
    va_start(args, format);
    abp_buffer_vprintf(&text, format, args);
    va_end(args);
    if (text.failed) {
        f->no_memory = 1;
        abp_buffer_release(&text);
    }
    return text.data;
}

static const char *reason_of(const struct abp_planned *post, const char *without)
{
    return post->reason && *post->reason ? post->reason : without;
}

/* Where a person can see what the account has posted; "" when it is not known. */
static void account_url(char *out, size_t size, const struct abp_channel *channel)
{
    static const char *const sites[ABP_PLATFORM_COUNT] = {
        [ABP_BLUESKY] = "https://bsky.app/profile/",
        [ABP_X] = "https://x.com/",
        [ABP_FACEBOOK] = "https://www.facebook.com/",
        [ABP_INSTAGRAM] = "https://www.instagram.com/",
        [ABP_THREADS] = "https://www.threads.net/@",
        [ABP_TELEGRAM] = "https://t.me/",
    };
    const char *account = channel && channel->account ? channel->account : "";
    const char *site = channel ? sites[channel->platform] : NULL;
    out[0] = '\0';
    account += *account == '@';
    if (channel && channel->platform == ABP_MASTODON && channel->server)
        snprintf(out, size, "%s%s%s", channel->server, *account ? "/@" : "", account);
    else if (site && *account)
        snprintf(out, size, "%s%s", site, account);
}

/* ---- the list ---- */

/* Takes over the words of `found`. NULL without memory. */
static struct abp_stuck *add(struct finding *f, const struct abp_stuck *found)
{
    struct abp_status *status = f->status;
    struct abp_stuck *grown = realloc(status->stuck, (status->stuck_count + 1) * sizeof *grown);
    if (!grown) {
        f->no_memory = 1;
        free(found->what);
        free(found->todo);
        free(found->line);
        for (size_t k = 0; k < ABP_STUCK_COMMANDS; k++)
            free(found->commands[k]);
        return NULL;
    }
    status->stuck = grown;
    grown[status->stuck_count] = *found;
    return &grown[status->stuck_count++];
}

static int by_weight(const void *left, const void *right)
{
    const struct abp_stuck *a = left, *b = right;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->since != b->since)
        return a->since < b->since ? -1 : 1;
    return (a->post > b->post) - (a->post < b->post);
}

static struct abp_stuck of_post(const struct abp_planned *post, enum abp_stuck_kind kind)
{
    return (struct abp_stuck){.kind = kind,
                              .post = post->id,
                              .count = 1,
                              .since = post->state_at,
                              .experiment = post->experiment,
                              .channel = post->channel};
}

/* ---- single posts ---- */

/* A post on a channel that is gone: no tick asks for it, and no address can be checked. */
static void find_orphan(struct finding *f, struct abp_stuck *s, const struct abp_planned *post)
{
    s->person = 1;
    s->todo = words(f,
                    "Its channel is no longer in abpost.ini, so no tick asks for it: put "
                    "[channel %s] back; or look for it (%s) at the account, and if it is not out:",
                    post->channel, post->file);
    s->commands[0] = words(f, "abpost resolve %lld --not-posted", (long long)post->id);
    add(f, s);
}

static void find_unknown(struct finding *f, const struct abp_planned *post)
{
    char url[600];
    struct abp_stuck s = of_post(post, ABP_STUCK_UNKNOWN);
    const struct abp_channel *channel = abp_loaded_channel(&f->status->loaded, post->channel);
    account_url(url, sizeof url, channel);
    s.person = 1;
    s.what =
        words(f, "Post %lld (%s, %s on %s) may or may not be out: %s", (long long)post->id,
              post->experiment, post->variant, post->channel, reason_of(post, "no answer came"));
    if (!channel) {
        find_orphan(f, &s, post);
        return;
    }
    s.todo = words(f, "Look for it (%s) at %s, then say what you saw:", post->file,
                   url[0] ? url : "the account");
    s.commands[0] = words(f, "abpost resolve %lld --posted URL", (long long)post->id);
    s.commands[1] = words(f, "abpost resolve %lld --not-posted", (long long)post->id);
    add(f, &s);
}

static void find_handed(struct finding *f, const struct abp_planned *post)
{
    struct abp_stuck s = of_post(post, ABP_STUCK_HANDED);
    s.what = words(f, "Post %lld (%s, %s on %s) waits to be published by hand: %s",
                   (long long)post->id, post->experiment, post->variant, post->channel,
                   post->remote_id ? post->remote_id : post->file);
    s.todo = words(f, "Publish it, then say where it is, or that it will not be:");
    s.commands[0] = words(f, "abpost resolve %lld --posted URL", (long long)post->id);
    s.commands[1] = words(f, "abpost resolve %lld --not-posted", (long long)post->id);
    add(f, &s);
}

static void find_sending(struct finding *f, const struct abp_planned *post)
{
    char when[ABP_LOCAL_SIZE];
    struct abp_stuck s = of_post(post, ABP_STUCK_SENDING);
    if (post->leased_until > f->status->now)
        return;
    abp_local_format(when, post->started_at, f->status->loaded.zone);
    s.what = words(f,
                   "Post %lld (%s, %s on %s) was being sent at %s, and what came of it was "
                   "never written down.",
                   (long long)post->id, post->experiment, post->variant, post->channel, when);
    if (!abp_loaded_channel(&f->status->loaded, post->channel)) {
        find_orphan(f, &s, post);
        return;
    }
    s.todo = words(f, "The next tick asks the platform what became of it:");
    s.commands[0] = words(f, "abpost tick");
    add(f, &s);
}

static void find_refused(struct finding *f, const struct abp_planned *post)
{
    struct abp_stuck s = of_post(post, ABP_STUCK_REFUSED);
    if (post->state_at < f->status->now - LATELY)
        return;
    s.what =
        words(f, "Post %lld (%s, %s) was refused by %s: %s", (long long)post->id, post->experiment,
              post->variant, post->channel, reason_of(post, "it gave no reason"));
    s.todo = words(f,
                   "Mend %s, or hold it, so that others don't meet the same; its block is "
                   "drawn again.",
                   post->file ? post->file : "the file");
    add(f, &s);
}

/* Files that a channel was found not to take, before anything was sent. */
static void find_refused_files(struct finding *f, const struct abp_status_experiment *e)
{
    for (size_t i = 0; i < e->refused.count; i++) {
        const struct abp_refused_file *refused = &e->refused.list[i];
        if (!e->stands[i])
            continue;
        struct abp_stuck s = {.kind = ABP_STUCK_REFUSED,
                              .since = refused->refused_at,
                              .experiment = e->file->name,
                              .channel = refused->channel};
        s.what = words(f, "%s (%s) can't go out on %s as it is: %s", refused->file, e->file->name,
                       refused->channel, refused->reason);
        s.todo = words(f, "Mend it, or hold it. Other files go out in its place meanwhile.");
        s.commands[0] = words(f, "abpost hold %s", refused->file);
        add(f, &s);
    }
}

/* ---- several posts of one kind ---- */

/* The entry of that kind for experiment, channel and, as it is added, variant; NULL: none yet. */
static struct abp_stuck *entry_of(struct finding *f, enum abp_stuck_kind kind,
                                  const struct abp_planned *post)
{
    for (size_t i = 0; i < f->status->stuck_count; i++) {
        struct abp_stuck *s = &f->status->stuck[i];
        if (s->kind == kind && strcmp(s->channel, post->channel) == 0 &&
            (!s->experiment || strcmp(s->experiment, post->experiment) == 0))
            return s;
    }
    return NULL;
}

/* Counts one more where the kind is known already, else adds it. 1: it was added. */
static int add_or_count(struct finding *f, struct abp_stuck **entry, enum abp_stuck_kind kind,
                        const struct abp_planned *post, int64_t since)
{
    struct abp_stuck s = {.kind = kind,
                          .count = 1,
                          .since = since,
                          .experiment = post->experiment,
                          .channel = post->channel};
    *entry = entry_of(f, kind, post);
    if (*entry) {
        (*entry)->count++;
        if (since < (*entry)->since)
            (*entry)->since = since;
        return 0;
    }
    *entry = add(f, &s);
    return *entry != NULL;
}

/* The newest reason stands for all. */
static void set_reason(struct finding *f, struct abp_stuck *s, const char *reason)
{
    free(s->todo);
    s->todo = words(f, "%s", reason);
}

/* What keeps a planned post back: its file as it is now, or else what the last try met. */
static const char *obstacle_of(const struct finding *f, const struct abp_planned *post)
{
    const struct abp_status *status = f->status;
    for (size_t i = 0; status->expected && i < status->coming.count; i++)
        if (status->coming.list[i].id == post->id && status->expected[i].why)
            return status->expected[i].why;
    return reason_of(post, "");
}

static void find_lost(struct finding *f, const struct abp_planned *post, enum abp_stuck_kind kind)
{
    struct abp_stuck *s;
    if (post->state_at < f->status->now - LATELY)
        return;
    add_or_count(f, &s, kind, post, post->due_at);
    if (s)
        set_reason(f, s, reason_of(post, "no reason was kept"));
}

static void find_due(struct finding *f, const struct abp_planned *post)
{
    struct abp_stuck *s;
    if (post->due_at + DUE_GRACE > f->status->now)
        return;
    add_or_count(f, &s, ABP_STUCK_DUE, post, post->due_at);
    if (s)
        set_reason(f, s, obstacle_of(f, post));
}

static void find_gone(struct finding *f, const struct abp_planned *post)
{
    struct abp_stuck *s;
    add_or_count(f, &s, ABP_STUCK_CHANNEL, post, post->state_at);
    if (s && (post->state == ABP_UNKNOWN || post->state == ABP_SENDING))
        s->person = 1;
}

static void find_post(struct finding *f, const struct abp_planned *post)
{
    int gone = !abp_loaded_channel(&f->status->loaded, post->channel);
    if (gone && (post->state == ABP_PLANNED || post->state == ABP_SENDING))
        find_gone(f, post);
    switch (post->state) {
    case ABP_UNKNOWN:
        find_unknown(f, post);
        break;
    case ABP_HANDED:
        find_handed(f, post);
        break;
    case ABP_SENDING:
        find_sending(f, post);
        break;
    case ABP_REFUSED:
        find_refused(f, post);
        break;
    case ABP_MISSED:
        find_lost(f, post, ABP_STUCK_MISSED);
        break;
    case ABP_EMPTY:
        find_lost(f, post, ABP_STUCK_EMPTY);
        break;
    case ABP_PLANNED:
        if (!gone && !abp_is_orphan(&f->status->orphans, post->experiment))
            find_due(f, post);
        break;
    default:
        break;
    }
}

/* ---- sentences of those with several posts ---- */

/* "3 posts (winter, on sky)". */
static void put_posts(struct abp_buffer *buf, const struct abp_stuck *s)
{
    abp_buffer_printf(buf, "%zu post%s (%s, on %s)", s->count, s->count == 1 ? "" : "s",
                      s->experiment, s->channel);
}

static void say_several(struct finding *f, struct abp_stuck *s)
{
    struct abp_buffer who;
    char when[ABP_LOCAL_SIZE], *kept = s->todo;
    const char *reason = kept ? kept : "";
    const char *be = s->count == 1 ? "was" : "were";
    abp_buffer_init(&who, WORDS_MAX);
    put_posts(&who, s);
    abp_local_format(when, s->since, f->status->loaded.zone);
    const char *posts = abp_buffer_text(&who);
    if (s->kind == ABP_STUCK_DUE) {
        s->what = words(f, "%s due since %s did not go out%s%s", posts, when, *reason ? ": " : ".",
                        reason);
        s->todo = words(f, "A tick says what is in the way; it should run every minute (abpost "
                           "timer prints how):");
        s->commands[0] = words(f, "abpost tick -v");
    } else if (s->kind == ABP_STUCK_CHANNEL) {
        s->what = words(f, "%s wait for a channel that abpost.ini no longer has.", posts);
        s->todo = words(f,
                        "Put [channel %s] back, or they are given up when their time has "
                        "passed. Texts that went out there go out on no other channel meanwhile, "
                        "since that may be the same account.",
                        s->channel);
    } else if (s->kind == ABP_STUCK_EMPTY) {
        s->what = words(f, "%s %s left empty in the last two weeks: %s", posts, be, reason);
        s->todo = words(f, "Write and approve more, or plan fewer; nothing unready goes out.");
        s->commands[0] = words(f, "abpost approve");
    } else {
        s->what = words(f, "%s %s missed in the last two weeks: %s", posts, be, reason);
        s->todo = words(f, "Their blocks are drawn again. A tick should run every minute (abpost "
                           "timer prints how).");
    }
    free(kept);
    abp_buffer_release(&who);
}

static int is_several(enum abp_stuck_kind kind)
{
    return kind == ABP_STUCK_DUE || kind == ABP_STUCK_CHANNEL || kind == ABP_STUCK_EMPTY ||
           kind == ABP_STUCK_MISSED;
}

/* ---- numbers that are still to come ---- */

/* When a person is to read it: to the minute, and not a second too early. */
static int64_t horizon_of(const struct abp_made *made, const struct abp_experiment *e)
{
    return abp_local_next_minute(made->posted_at + e->horizon);
}

/* 1: the channel has another server now, as the last try to read the post found. */
static int is_elsewhere(const struct abp_made *made)
{
    return made->trouble &&
           strncmp(made->trouble, ABP_READ_ELSEWHERE, sizeof ABP_READ_ELSEWHERE - 1) == 0;
}

/* 1: its number at the horizon is to be had, or was not read in time, and something can be done.
 * Where its channel or server is gone nobody will read it when it is time, so that is said before.
 */
static int lacks_reading(const struct finding *f, const struct abp_made *made,
                         const struct abp_experiment *e)
{
    const struct abp_channel *channel = abp_loaded_channel(&f->status->loaded, made->channel);
    int64_t age = f->status->now - made->posted_at;
    int by_hand = channel && abp_is_by_hand(channel);
    int out_of_reach = !channel || (!by_hand && is_elsewhere(made));
    if (made->deleted_at || age > 2 * e->horizon + LATELY ||
        (!out_of_reach && f->status->now < horizon_of(made, e)))
        return 0;
    if (!out_of_reach && !by_hand && age <= e->horizon + abp_horizon_tolerance(e->horizon))
        return 0; /* a tick reads it */
    for (size_t r = 0; r < made->reading_count; r++)
        if (made->readings[r].age >= e->horizon)
            return 0;
    return 1;
}

struct missing {
    const struct abp_made *first; /* borrowed */
    size_t count;
    int64_t since;
    int64_t ids[IDS_LISTED];
};

/* elsewhere: 1: those on another server than the channel's; 0: the others. */
static struct missing count_missing(const struct finding *f, const struct abp_experiment *e,
                                    const char *channel, int elsewhere)
{
    struct missing m = {0};
    const struct abp_channel *there = abp_loaded_channel(&f->status->loaded, channel);
    int tells = there && !abp_is_by_hand(there);
    for (size_t i = 0; i < f->status->made.count; i++) {
        const struct abp_made *made = &f->status->made.list[i];
        if (strcmp(made->experiment, e->name) != 0 || strcmp(made->channel, channel) != 0 ||
            !lacks_reading(f, made, e) || (tells && is_elsewhere(made)) != elsewhere)
            continue;
        int64_t since = !there || elsewhere ? made->posted_at : horizon_of(made, e);
        m.first = m.first ? m.first : made;
        if (m.count < IDS_LISTED)
            m.ids[m.count] = made->planned;
        m.since = m.count == 0 || since < m.since ? since : m.since;
        m.count++;
    }
    return m;
}

static void put_ids(struct abp_buffer *buf, const struct missing *m)
{
    for (size_t i = 0; i < m->count && i < IDS_LISTED; i++)
        abp_buffer_printf(buf, "%s%lld", i ? ", " : "", (long long)m->ids[i]);
    if (m->count > IDS_LISTED)
        abp_buffer_printf(buf, " and %zu more", m->count - IDS_LISTED);
}

static void say_unreadable(struct finding *f, struct abp_stuck *s, const char *ids)
{
    s->what = words(f,
                    "The numbers of %zu post%s (%s, on %s: %s) are not read, since abpost.ini no "
                    "longer has that channel.",
                    s->count, s->count == 1 ? "" : "s", s->experiment, s->channel, ids);
    s->todo = words(f,
                    "Put [channel %s] back, which posts nothing as long as no experiment names it; "
                    "what is not read at its age counts as missing.",
                    s->channel);
    add(f, s);
}

/* The first line of the file that numbers taken by hand go into, and what takes it. */
static void put_file(struct finding *f, struct abp_stuck *s, const struct abp_experiment *e)
{
    struct abp_buffer line;
    abp_buffer_init(&line, WORDS_MAX);
    abp_put_readings_header(&line, f->status->loaded.env, e);
    s->line = words(f, "%s", abp_buffer_text(&line));
    abp_buffer_release(&line);
    s->commands[0] = words(f, "abpost import %s --readings FILE.csv", e->name);
}

static void say_elsewhere(struct finding *f, struct abp_stuck *s, const struct abp_experiment *e,
                          const struct missing *m, const char *ids)
{
    s->what = words(f,
                    "The numbers of %zu post%s (%s, on %s: %s) are not read, since that channel "
                    "has another server now than they were posted on: %s",
                    s->count, s->count == 1 ? "" : "s", s->experiment, s->channel, ids,
                    m->first->url ? m->first->url : "");
    s->todo = words(f,
                    "Put the server of before back into [channel %s], and the new one under a "
                    "channel name of its own; they are read within the hour then. Or write what "
                    "the platform shows into a CSV file, a row for each post, under the line:",
                    s->channel);
    put_file(f, s, e);
    add(f, s);
}

static void say_due(struct finding *f, struct abp_stuck *s, const struct abp_experiment *e,
                    const char *ids, int by_hand)
{
    char when[ABP_LOCAL_SIZE];
    abp_local_format(when, s->since, f->status->loaded.zone);
    s->what = words(f, "The numbers of %zu post%s (%s, on %s: %s) are due since %s.", s->count,
                    s->count == 1 ? "" : "s", e->name, s->channel, ids, when);
    if (by_hand) {
        s->todo = words(f, "Write what the platform shows into a CSV file, a row for each post (a "
                           "column read_at says when that was, if not just now), under the line:");
        put_file(f, s, e);
    } else {
        s->todo = words(f, "A tick reads them, or says why it can't:");
        s->commands[0] = words(f, "abpost tick -v");
    }
    add(f, s);
}

static void find_readings(struct finding *f, const struct abp_experiment *e, const char *name,
                          int elsewhere)
{
    const struct abp_channel *channel = abp_loaded_channel(&f->status->loaded, name);
    struct missing m = count_missing(f, e, name, elsewhere);
    struct abp_buffer ids;
    if (m.count == 0)
        return;
    struct abp_stuck s = {.kind = ABP_STUCK_READING,
                          .post = m.count == 1 ? m.ids[0] : 0,
                          .count = m.count,
                          .since = m.since,
                          .experiment = e->name,
                          .channel = name};
    abp_buffer_init(&ids, WORDS_MAX);
    put_ids(&ids, &m);
    if (!channel)
        say_unreadable(f, &s, abp_buffer_text(&ids));
    else if (elsewhere)
        say_elsewhere(f, &s, e, &m, abp_buffer_text(&ids));
    else
        say_due(f, &s, e, abp_buffer_text(&ids), abp_is_by_hand(channel));
    abp_buffer_release(&ids);
}

/* Of every channel that posts of the experiment are on, whether the file still names it or not. */
static void find_all_readings(struct finding *f, const struct abp_experiment *e)
{
    const struct abp_made_list *made = &f->status->made;
    for (size_t i = 0; i < made->count; i++) {
        size_t k = 0;
        while (k < i && (strcmp(made->list[k].experiment, made->list[i].experiment) != 0 ||
                         strcmp(made->list[k].channel, made->list[i].channel) != 0))
            k++;
        if (k < i || strcmp(made->list[i].experiment, e->name) != 0)
            continue;
        find_readings(f, e, made->list[i].channel, 0);
        find_readings(f, e, made->list[i].channel, 1);
    }
}

/* ---- accounts and files ---- */

static int find_accounts(struct finding *f, struct abp_error *err)
{
    struct abp_refused_accounts accounts;
    if (!f->status->loaded.store)
        return 0;
    if (abp_sign_in_list(&accounts, f->status->loaded.store, err) != 0)
        return -1;
    for (size_t i = 0; i < accounts.count; i++) {
        const struct abp_refused_account *a = &accounts.list[i];
        const struct abp_channel *channel = abp_loaded_channel(&f->status->loaded, a->channel);
        char when[ABP_LOCAL_SIZE];
        if (!channel)
            continue; /* nobody signs in there any more */
        abp_local_format(when, a->since, f->status->loaded.zone);
        struct abp_stuck s = {
            .kind = ABP_STUCK_SIGN_IN, .person = 1, .since = a->since, .channel = channel->name};
        s.what = words(f, "The account of channel %s refuses us since %s: %s", channel->name, when,
                       a->reason);
        s.todo = words(f, "Renew its password or token where abpost.ini says it is, then:");
        s.commands[0] = words(f, "abpost tick");
        add(f, &s);
    }
    abp_sign_in_release(&accounts);
    return 0;
}

static void find_mistakes(struct finding *f)
{
    const struct abp_loaded *loaded = &f->status->loaded;
    struct abp_buffer first;
    if (!loaded->broken)
        return;
    struct abp_stuck s = {.kind = ABP_STUCK_MISTAKES};
    abp_buffer_init(&first, WORDS_MAX);
    if (loaded->mistakes.count)
        abp_mistake_print(&first, &loaded->mistakes.list[0]);
    s.what =
        words(f, "%zu experiment file%s mistakes, and nothing of it goes out: %s", loaded->broken,
              loaded->broken == 1 ? " has" : "s have", abp_buffer_text(&first));
    s.todo = words(f, "All of them are listed by:");
    s.commands[0] = words(f, "abpost check");
    abp_buffer_release(&first);
    add(f, &s);
}

static void find_orphans(struct finding *f)
{
    for (size_t i = 0; i < f->status->orphans.count; i++) {
        const struct abp_orphan *orphan = &f->status->orphans.list[i];
        struct abp_buffer command;
        struct abp_stuck s = {.kind = ABP_STUCK_FILE,
                              .person = 1,
                              .count = orphan->planned,
                              .since = orphan->since,
                              .experiment = orphan->experiment};
        abp_buffer_init(&command, WORDS_MAX);
        abp_orphan_put_command(&command, orphan);
        s.what = words(f, "The file experiments/%s.ini is gone, and its %zu planned post%s out.",
                       orphan->experiment, orphan->planned,
                       orphan->planned == 1 ? " doesn't go" : "s don't go");
        s.todo = words(f, "Put it back under that name, or take them out of the plan:");
        s.commands[0] = words(f, "%s", abp_buffer_text(&command));
        abp_buffer_release(&command);
        add(f, &s);
    }
}

int abp_status_find_stuck(struct abp_status *status, struct abp_error *err)
{
    struct finding f = {.status = status};
    for (size_t i = 0; i < status->posts.count; i++)
        find_post(&f, &status->posts.list[i]);
    for (size_t i = 0; i < status->stuck_count; i++)
        if (is_several(status->stuck[i].kind))
            say_several(&f, &status->stuck[i]);
    find_orphans(&f);
    find_mistakes(&f);
    for (size_t i = 0; i < status->loaded.count; i++)
        find_refused_files(&f, &status->experiments[i]);
    for (size_t i = 0; i < status->loaded.count; i++)
        find_all_readings(&f, &status->loaded.experiments[i]);
    if (find_accounts(&f, err) != 0)
        return -1;
    if (f.no_memory)
        return abp_fail_memory(err);
    if (status->stuck_count)
        qsort(status->stuck, status->stuck_count, sizeof *status->stuck, by_weight);
    return 0;
}
