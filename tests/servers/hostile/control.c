/* /_...: how a test tells the server what to do, and asks what it saw. */
#include "hostile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static json_t *post_json(const struct post *post)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:b, s:b, s:O}", "api",
                     post->bluesky ? "bluesky" : "mastodon", "account", post->account, "id",
                     post->id, "key", post->key, "text", post->text, "at", (json_int_t)post->at,
                     "likes", (json_int_t)post->counts[LIKES], "reposts",
                     (json_int_t)post->counts[REPOSTS], "replies",
                     (json_int_t)post->counts[REPLIES], "quotes", (json_int_t)post->counts[QUOTES],
                     "deleted", post->deleted, "edited", post->edited, "record", post->record);
}

/* How many posts there are beyond one of each account and text: what must be 0. */
static json_int_t doubled(const struct hostile *h)
{
    json_t *seen = json_object();
    json_int_t count = 0;
    for (size_t i = 0; i < h->post_count; i++) {
        struct abp_buffer key;
        abp_buffer_init(&key, 1 << 20);
        abp_buffer_printf(&key, "%d %s %s", h->posts[i].bluesky, h->posts[i].account,
                          h->posts[i].text);
        count += json_object_get(seen, abp_buffer_text(&key)) != NULL;
        json_object_set_new(seen, abp_buffer_text(&key), json_true());
        abp_buffer_release(&key);
    }
    json_decref(seen);
    return count;
}

static void give_state(struct answer *a, struct hostile *h)
{
    json_t *posts = json_array(), *rules = json_array();
    for (size_t i = 0; i < h->post_count; i++)
        json_array_append_new(posts, post_json(&h->posts[i]));
    for (size_t i = 0; i < h->rule_count; i++)
        json_array_append_new(rules, json_pack("{s:s, s:I, s:I}", "rule", h->rules[i].line, "seen",
                                               (json_int_t)h->rules[i].seen, "hits",
                                               (json_int_t)h->rules[i].hits));
    a->status = 200;
    a->json = json_pack("{s:I, s:I, s:I, s:I, s:i, s:O, s:o, s:o}", "now",
                        (json_int_t)hostile_now(h), "doubled", doubled(h), "logins",
                        (json_int_t)h->logins_made, "refreshes", (json_int_t)h->refreshes_made,
                        "peak", h->peak, "requests", h->tally, "faults", rules, "posts", posts);
}

/* "1800000000" or "+3600". */
static void set_clock(struct hostile *h, const char *text)
{
    int64_t before = hostile_now(h), value = strtoll(text, NULL, 10);
    h->offset += *text == '+' ? value : value - before;
    if (hostile_now(h) > before)
        posts_age(h, (double)(hostile_now(h) - before));
}

/* "likes=2 reposts=0.5 marker=anything up to the end of the line", one a line. 0 when one is none.
 */
static int set_fans(struct hostile *h, const char *text)
{
    static const char *const names[METRICS] = {"likes=", "reposts=", "replies=", "quotes="};
    for (h->fan_count = 0; *text; text += strcspn(text, "\n"), text += *text == '\n') {
        struct fan *fan = &h->fans[h->fan_count];
        const char *marker = strstr(text, "marker="), *end = text + strcspn(text, "\n");
        if (end == text)
            continue;
        if (!marker || marker > end || h->fan_count == FANS_MAX)
            return 0;
        memset(fan, 0, sizeof *fan);
        snprintf(fan->marker, sizeof fan->marker, "%.*s", (int)(end - marker - 7), marker + 7);
        for (int m = 0; m < METRICS; m++) {
            const char *at = strstr(text, names[m]);
            if (at && at < marker)
                fan->per_hour[m] = strtod(at + strlen(names[m]), NULL);
        }
        h->fan_count++;
    }
    return 1;
}

/* "ID new text". */
static int edit(struct hostile *h, const char *text)
{
    char id[300];
    size_t len = strcspn(text, " ");
    snprintf(id, sizeof id, "%.*s", (int)len, text);
    struct post *post = post_find(h, id);
    if (!post || !text[len])
        return 0;
    json_t *record = json_deep_copy(post->record);
    if (post->bluesky)
        json_object_set_new(record, "text", json_string(text + len + 1));
    post_change(h, post, text + len + 1, record);
    json_decref(record);
    return 1;
}

/* "access" or "refresh": every token of that kind is too old from here on. */
static void expire(struct hostile *h, const char *which)
{
    const char *token;
    json_t *session;
    int refresh = strncmp(which, "refresh", 7) == 0;
    json_object_foreach(h->sessions, token,
                        session) if (json_is_true(json_object_get(session, "refresh")) == refresh)
        json_object_set_new(session, "expires", json_integer(0));
}

/* "ID likes reposts replies quotes" */
static int set_counts(struct hostile *h, const char *text)
{
    char id[300], *end;
    size_t len = strcspn(text, " ");
    snprintf(id, sizeof id, "%.*s", (int)len, text);
    struct post *post = post_find(h, id);
    for (int m = 0; post && m < METRICS; m++) {
        post->counts[m] = strtoll(text + len, &end, 10);
        len = (size_t)(end - text);
    }
    return post != NULL;
}

static int command(struct hostile *h, const struct request *q, const char *text)
{
    int clear = strcmp(q->method, "DELETE") == 0;
    if (strcmp(q->path, "/_fault") == 0) {
        if (clear)
            h->rule_count = 0;
        return clear || !faults_add(h, text);
    }
    if (strcmp(q->path, "/_clock") == 0) {
        set_clock(h, text);
        return 1;
    }
    if (strcmp(q->path, "/_fans") == 0)
        return set_fans(h, text);
    if (strcmp(q->path, "/_edit") == 0)
        return edit(h, text);
    if (strcmp(q->path, "/_counts") == 0)
        return set_counts(h, text);
    if (strcmp(q->path, "/_expire") == 0) {
        expire(h, text);
        return 1;
    }
    struct post *post = strcmp(q->path, "/_delete") == 0 ? post_find(h, text) : NULL;
    if (post)
        post_delete(h, post);
    return post != NULL;
}

void control_serve(struct answer *a, struct hostile *h, const struct request *q)
{
    char line[1 << 12];
    snprintf(line, sizeof line, "%s", abp_buffer_text(&q->body));
    if (strcmp(q->path, "/_stop") == 0)
        _exit(0);
    if (strcmp(q->path, "/_state") == 0) {
        give_state(a, h);
    } else if (strcmp(q->path, "/_again") == 0) {
        a->status = 302;
        abp_buffer_add(&a->headers, "Location: /_again\r\n");
    } else if (command(h, q, abp_buffer_text(&q->body))) {
        a->status = 200;
        a->json = json_object();
    } else {
        answer_error(a, 400, "this is no command, or there is no such post", line);
    }
}
