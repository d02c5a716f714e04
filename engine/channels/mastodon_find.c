/* Is it there? Asked of the account's own list, newest first. What decides, in this order:
 *
 *   time    created at or after sent_at less 120 s, by the server's clock (its Date says how far
 * that is from ours). A status of the same words from weeks before is an earlier post of them. text
 * /source gives it as it was written; where a server has no such thing, the HTML that it made of it
 * is read instead images  as many as were sent
 *
 * The earliest that fits is it: of two posts of one text the later one was sent later, and has a
 * request of its own to be asked about. Among equals a status with the visibility asked for comes
 * first, but another one is taken too: snac calls unlisted posts public, and a server may narrow
 * what a silenced account posts.
 *
 * What nearly fits makes the answer UNKNOWN instead of "not there": the same words up to 26 hours
 * too early (a clock that was a day ahead when it was sent), with another number of images within
 * ten minutes, or with only the letters in common where there is HTML alone to go by. A person sees
 * in a second what it is; a second copy can't be taken back. */
#include "abpost/time.h"
#include "channels/mastodon.h"
#include "channels/mastodon_text.h"

#include <stdio.h>
#include <string.h>

#define SKEW        120            /* seconds that clocks may differ unnoticed */
#define DOUBT       (26 * 60 * 60) /* seconds too early that still give pause */
#define NEAR        600            /* seconds within which a post with other images does */
#define PAGE        40             /* statuses of a page, the most that Mastodon gives */
#define PAGES_MAX   25
#define SOURCES_MAX 100 /* of the 300 requests that Mastodon takes in 5 minutes */
#define LATER       120

struct search {
    struct abp_connection *connection;
    struct abp_outcome *outcome; /* of the best so far */
    const char *text, *visibility;
    size_t images;
    int64_t from; /* by the server's clock */
    int64_t best; /* created_at of what is in outcome */
    int found, exact, doubt;
    int own_list;     /* 1: the list holds only what this account posted */
    int seen_private; /* 1: the list shows posts that are not for everyone */
    int64_t doubt_at;
    size_t sources;
    int no_source; /* 1: the server has none to give */
};

static void unknown(const struct search *s, int64_t retry_at, const char *why)
{
    int64_t now = s->connection->now(s->connection->now_context);
    abp_mastodon_outcome(s->outcome, ABP_FATE_UNKNOWN, retry_at > now ? retry_at : now + LATER,
                         "whether it is out could not be asked: %s", why);
}

/* A GET whose every failure ends the search. 0, or -1 with the outcome filled. */
static int ask(struct search *s, struct abp_mastodon_reply *reply, const char *path)
{
    struct abp_error err = {0};
    if (abp_mastodon_get(s->connection, reply, path, &err) != 0) {
        unknown(s, 0, err.message);
        s->outcome->sign_in = err.code == ABP_PERSON;
        s->outcome->local = err.code == ABP_FAILED;
        return -1;
    }
    return 0;
}

/* How much status is like what was sent. -1 with the outcome filled. */
static int likeness_of(struct search *s, const json_t *status, enum abp_likeness *likeness)
{
    struct abp_mastodon_reply reply;
    char path[ABP_MASTODON_ID_SIZE + 64];
    const char *id = abp_mastodon_id(status, "id", ABP_MASTODON_ID_SIZE);
    const char *content = abp_mastodon_string(status, "content");
    int rc = 0;
    *likeness = content ? abp_mastodon_content_likeness(s->text, content) : ABP_UNLIKE;
    if (!id || s->no_source)
        return 0;
    if (++s->sources > SOURCES_MAX) {
        unknown(s, 0, "there are too many posts to look at");
        return -1;
    }
    snprintf(path, sizeof path, "/api/v1/statuses/%s/source", id);
    if (ask(s, &reply, path) != 0)
        return -1;
    const char *source = abp_mastodon_string(reply.json, "text");
    if (abp_mastodon_accepted(&reply) && source) {
        *likeness = abp_mastodon_source_likeness(s->text, source);
    } else if (abp_mastodon_accepted(&reply) || abp_mastodon_lacks(&reply) ||
               abp_mastodon_answered(&reply, 403)) {
        /* Deleted since the list came, or no such thing here: the HTML will do. */
        s->no_source = !abp_mastodon_accepted(&reply) && !json_is_object(reply.json);
    } else {
        unknown(s, reply.retry_at, reply.words);
        rc = -1;
    }
    abp_mastodon_reply_release(&reply);
    return rc;
}

/* 1: of this account (which a list of its own need not say), and no answer to anybody. */
static int own(const struct search *s, const json_t *status)
{
    const struct abp_mastodon *state = s->connection->state;
    const json_t *account = json_object_get(status, "account");
    const char *author = abp_mastodon_string(account, "id");
    const char *visibility = abp_mastodon_string(status, "visibility");
    return (author ? strcmp(author, state->account_id) == 0 : s->own_list) &&
           !abp_mastodon_string(status, "in_reply_to_id") &&
           !(visibility && strcmp(visibility, "direct") == 0);
}

/* Takes status for it if it is better than what was found before. Lists run from new to old, so of
 * two from one second the one that comes later is the earlier. */
static void consider(struct search *s, const json_t *status, int64_t created)
{
    const char *visibility = abp_mastodon_string(status, "visibility");
    int exact = !s->visibility || (visibility && strcmp(visibility, s->visibility) == 0);
    if (s->found && (exact < s->exact || (exact == s->exact && created > s->best)))
        return;
    if (abp_mastodon_posted(s->outcome, status, s->visibility) != 0) {
        s->doubt = 1; /* its very words, and no id to call it by */
        s->doubt_at = created;
        return;
    }
    s->found = 1;
    s->exact = exact;
    s->best = created;
}

/* One status of a list. -1 with the outcome filled. */
static int examine(struct search *s, const json_t *status)
{
    enum abp_likeness likeness;
    int64_t created;
    const char *created_at = abp_mastodon_string(status, "created_at");
    const char *content = abp_mastodon_string(status, "content");
    if (!own(s, status))
        return 0;
    int dated = created_at && abp_time_parse(&created, created_at) == 0;
    if (!dated)
        created = s->from - 1; /* when, nobody can say: at most a doubt */
    if (created < s->from) {
        if (created >= s->from - DOUBT && content &&
            abp_mastodon_content_likeness(s->text, content) == ABP_SAME) {
            s->doubt = 1;
            s->doubt_at = created;
        }
        return 0;
    }
    if (likeness_of(s, status, &likeness) != 0)
        return -1;
    size_t images = json_array_size(json_object_get(status, "media_attachments"));
    if (likeness == ABP_SAME && images == s->images) {
        consider(s, status, created);
    } else if (likeness == ABP_ALIKE || (likeness == ABP_SAME && created < s->from + NEAR)) {
        s->doubt = 1;
        s->doubt_at = created;
    }
    return 0;
}

/* One page. 1: there may be older ones; 0: that was all that matters; -1 with outcome filled. last
 * holds the page's oldest id, before and after. */
static int take_page(struct search *s, const json_t *page, char last[ABP_MASTODON_ID_SIZE],
                     int64_t until)
{
    const json_t *status = NULL;
    int64_t created = INT64_MAX;
    size_t i, count = json_array_size(page);
    const json_t *end = json_array_get(page, count - 1);
    const char *id = count ? abp_mastodon_id(end, "id", ABP_MASTODON_ID_SIZE) : NULL;
    if (id && strcmp(id, last) == 0) {
        /* The same page again: this server does not turn pages, and gave what it has. */
        if (count < PAGE)
            return 0;
        unknown(s, 0, "the server does not show older posts");
        return -1;
    }
    json_array_foreach(page, i, status)
    {
        const json_t *inner = abp_mastodon_unwrapped(status);
        const char *visibility = abp_mastodon_string(inner, "visibility");
        if (visibility && (strcmp(visibility, "private") == 0 || strcmp(visibility, "direct") == 0))
            s->seen_private = 1;
        if (examine(s, inner) != 0)
            return -1;
    }
    if (count && !id) {
        unknown(s, 0, "the server lists posts without usable ids");
        return -1;
    }
    if (!id)
        return 0;
    snprintf(last, ABP_MASTODON_ID_SIZE, "%s", id);
    const char *created_at = abp_mastodon_string(abp_mastodon_unwrapped(end), "created_at");
    return !created_at || abp_time_parse(&created, created_at) != 0 || created >= until;
}

/* A whole list, back to until. 0, or -1 with the outcome filled. */
static int walk(struct search *s, const char *list, int64_t until)
{
    char path[2 * ABP_MASTODON_ID_SIZE + 128], last[ABP_MASTODON_ID_SIZE] = "";
    for (int page = 0; page < PAGES_MAX; page++) {
        struct abp_mastodon_reply reply;
        snprintf(path, sizeof path, "%slimit=%d%s%s", list, PAGE, *last ? "&max_id=" : "", last);
        if (ask(s, &reply, path) != 0)
            return -1;
        int more = -1;
        if (abp_mastodon_accepted(&reply) && json_is_array(reply.json))
            more = take_page(s, reply.json, last, until);
        else
            unknown(s, reply.retry_at, reply.words);
        abp_mastodon_reply_release(&reply);
        if (more <= 0)
            return more;
    }
    unknown(s, 0, "there are too many posts since");
    return -1;
}

/* Both lists that may hold it. The second only where the first may hide it: snac's shows what is
 * for everyone, and nothing else. */
static int search(struct search *s)
{
    const struct abp_mastodon *state = s->connection->state;
    char list[ABP_MASTODON_ID_SIZE + 64];
    snprintf(list, sizeof list, "/api/v1/accounts/%s/statuses?exclude_reblogs=true&",
             state->account_id);
    s->own_list = 1;
    if (walk(s, list, s->from - DOUBT) != 0)
        return -1;
    s->own_list = 0;
    int may_hide = (!s->visibility || strcmp(s->visibility, "private") == 0) && !s->seen_private;
    if (s->found || !may_hide)
        return 0;
    return walk(s, "/api/v1/timelines/home?", s->from);
}

/* Signs in and starts. 0, or -1 with the outcome filled. */
static int begin(struct search *s, const json_t *asked, int64_t sent_at)
{
    struct abp_connection *connection = s->connection;
    const struct abp_mastodon *state = connection->state;
    struct abp_error err = {0};
    int64_t retry_at = 0, now = connection->now(connection->now_context);
    s->text = abp_mastodon_string(asked, "status");
    s->visibility = abp_mastodon_string(asked, "visibility");
    s->images = json_array_size(json_object_get(asked, "media_ids"));
    if (!s->text) {
        unknown(s, 0, "its request can't be read");
        return -1;
    }
    if (connection->wait_until > now) {
        unknown(s, connection->wait_until, "the server asked for fewer requests");
        return -1;
    }
    if (abp_mastodon_who(connection, &retry_at, &err) != 0) {
        unknown(s, retry_at, err.message);
        s->outcome->sign_in = err.code == ABP_PERSON;
        s->outcome->local = err.code == ABP_FAILED;
        return -1;
    }
    /* A clock that was set back since can't have sent it in the future. */
    s->from = (sent_at < now ? sent_at : now) + state->ahead - SKEW;
    return 0;
}

/* What a search that came to its end says. */
static void conclude(struct search *s, int64_t sent_at)
{
    int64_t now = s->connection->now(s->connection->now_context);
    char date[ABP_TIME_SIZE];
    if (s->found)
        return;
    if (s->doubt) {
        abp_time_format(date, s->doubt_at);
        abp_mastodon_outcome(s->outcome, ABP_FATE_UNKNOWN, now + LATER,
                             "a post much like it is there, of %s; a person must say whether that "
                             "is it",
                             date);
    } else if (now < sent_at + ABP_MASTODON_SETTLE) {
        unknown(s, sent_at + ABP_MASTODON_SETTLE, "it is too early to say that it is not there");
    } else {
        abp_mastodon_outcome(s->outcome, ABP_FATE_NOT_SENT, 0,
                             "the account has no such post since it was sent");
    }
}

void abp_mastodon_find(struct abp_connection *connection, struct abp_outcome *outcome,
                       const char *request, size_t len, const char *key, int64_t sent_at)
{
    (void)key; /* no server can be asked by it */
    struct search s = {.connection = connection, .outcome = outcome};
    json_t *asked = json_loadb(request, len, JSON_REJECT_DUPLICATES, NULL);
    memset(outcome, 0, sizeof *outcome);
    if (begin(&s, asked, sent_at) == 0 && search(&s) == 0)
        conclude(&s, sent_at);
    json_decref(asked);
}
