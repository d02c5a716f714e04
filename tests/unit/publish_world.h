/* A workspace on disk with an experiment, a clock that a test moves, and a Mastodon server in
 * memory that a test tells how to fail. */
#ifndef PUBLISH_WORLD_H
#define PUBLISH_WORLD_H

#include "store_scratch.h"

#include "abpost/plan.h"
#include "abpost/publish.h"

#include <ftw.h>
#include <jansson.h>
#include <sys/stat.h>

#define MOST_STATUSES 64

enum fake_mode {
    FAKE_FINE,
    FAKE_LOST_AFTER,  /* it is out, and the answer is lost */
    FAKE_LOST_BEFORE, /* it never arrived, and nobody can tell */
    FAKE_NOT_SENT,    /* no connection */
    FAKE_INVALID,     /* 422 */
    FAKE_SIGN_IN,     /* 401 */
    FAKE_BUSY,        /* 429 */
    FAKE_DEAF         /* nothing is answered, whatever is asked */
};

struct world {
    struct scratch *scratch;
    struct abp_env env;
    int64_t now;
    struct abp_workspace ws;
    struct abp_experiment experiment;
    struct abp_store *store;
    struct abp_zone *zone;
    /* the server */
    enum fake_mode mode;
    char text[MOST_STATUSES][600];
    int64_t created[MOST_STATUSES];
    int gone[MOST_STATUSES];  /* 1: deleted */
    int likes[MOST_STATUSES]; /* what they are at now */
    size_t statuses, asked;
    int limit; /* of a text's characters; 0: the server does not say */
    /* what was told */
    size_t notes[ABP_NOTE_COUNT];
    char detail[1024];
    char files[64][64];
    size_t file_count;
};

/* ---- the server ---- */

struct fake_http {
    struct abp_http http;
    struct world *world;
};

static inline void fake_answer(struct abp_http_answer *answer, long status, json_t *body)
{
    char *text = json_dumps(body, 0);
    answer->fate = ABP_HTTP_ANSWERED;
    answer->status = status;
    abp_buffer_add(&answer->body, text);
    free(text);
    json_decref(body);
}

static inline json_t *fake_status(const struct world *w, size_t i)
{
    char id[16], when[ABP_TIME_SIZE], html[700];
    snprintf(id, sizeof id, "%zu", 1000 + i);
    abp_time_format(when, w->created[i]);
    snprintf(html, sizeof html, "<p>%s</p>", w->text[i]);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:[], s:i, s:i, s:i, s:n, s:{s:s}}", "id", id,
                     "created_at", when, "content", html, "visibility", "public", "url",
                     "https://example.social/@me/1", "media_attachments", "favourites_count",
                     w->likes[i], "reblogs_count", 0, "replies_count", 1, "edited_at", "account",
                     "id", "7");
}

static inline void fake_keep(struct world *w, const struct abp_http_request *request)
{
    json_error_t error;
    json_t *body = json_loadb(request->body, request->body_len, 0, &error);
    const char *text = json_string_value(json_object_get(body, "status"));
    assert_non_null(text);
    assert_true(w->statuses < MOST_STATUSES);
    snprintf(w->text[w->statuses], sizeof w->text[0], "%s", text);
    w->created[w->statuses++] = w->now;
    json_decref(body);
}

static inline void fake_post(struct world *w, struct abp_http_answer *answer,
                             const struct abp_http_request *request)
{
    switch (w->mode) {
    case FAKE_FINE:
        fake_keep(w, request);
        fake_answer(answer, 200, fake_status(w, w->statuses - 1));
        break;
    case FAKE_LOST_AFTER:
        fake_keep(w, request);
        answer->fate = ABP_HTTP_LOST;
        break;
    case FAKE_LOST_BEFORE:
        answer->fate = ABP_HTTP_LOST;
        break;
    case FAKE_INVALID:
        fake_answer(answer, 422, json_pack("{s:s}", "error", "Validation failed"));
        break;
    case FAKE_SIGN_IN:
        fake_answer(answer, 401, json_pack("{s:s}", "error", "The access token was revoked"));
        break;
    case FAKE_BUSY:
        abp_buffer_add(&answer->headers, "Retry-After: 600\n");
        fake_answer(answer, 429, json_pack("{s:s}", "error", "Too many requests"));
        break;
    default:
        answer->fate = ABP_HTTP_NOT_SENT;
    }
    if (answer->fate != ABP_HTTP_ANSWERED)
        snprintf(answer->why, sizeof answer->why, "the test cut the line");
}

/* GET /api/v1/statuses/ID; the many at once are a later version's. */
static inline void fake_get(struct world *w, struct abp_http_answer *answer, const char *url)
{
    const char *id = strstr(url, "/api/v1/statuses/");
    size_t i = id ? (size_t)strtoul(id + strlen("/api/v1/statuses/"), NULL, 10) - 1000 : SIZE_MAX;
    if (i < w->statuses && !w->gone[i] && !strstr(url, "/source"))
        fake_answer(answer, 200, fake_status(w, i));
    else
        fake_answer(answer, 404, json_pack("{s:s}", "error", "Record not found"));
}

static inline json_t *fake_list(const struct world *w)
{
    json_t *list = json_array();
    for (size_t i = w->statuses; i-- > 0;)
        json_array_append_new(list, fake_status(w, i));
    return list;
}

static inline int fake_exchange(struct abp_http *http, struct abp_http_answer *answer,
                                const struct abp_http_request *request, struct abp_error *err)
{
    struct world *w = ((struct fake_http *)http)->world;
    (void)err;
    w->asked++;
    if (w->mode == FAKE_DEAF) {
        answer->fate = ABP_HTTP_LOST;
        snprintf(answer->why, sizeof answer->why, "silence");
    } else if (strcmp(request->method, "POST") == 0) {
        assert_non_null(strstr(request->url, "/api/v1/statuses"));
        fake_post(w, answer, request);
    } else if (w->limit && strstr(request->url, "/api/v2/instance")) {
        fake_answer(
            answer, 200,
            json_pack("{s:{s:{s:i}}}", "configuration", "statuses", "max_characters", w->limit));
    } else if (strstr(request->url, "verify_credentials")) {
        fake_answer(answer, 200, json_pack("{s:s, s:s}", "id", "7", "username", "me"));
    } else if (strstr(request->url, "/accounts/7/statuses")) {
        fake_answer(answer, 200, strstr(request->url, "max_id") ? json_array() : fake_list(w));
    } else {
        fake_get(w, answer, request->url);
    }
    return 0;
}

static inline void fake_close(struct abp_http *http)
{
    free(http);
}

static inline int fake_open(struct abp_http **http, void *context, struct abp_error *err)
{
    struct fake_http *fake = calloc(1, sizeof *fake);
    (void)err;
    assert_non_null(fake);
    fake->world = context;
    fake->http.exchange = fake_exchange;
    fake->http.close = fake_close;
    *http = &fake->http;
    return 0;
}

/* ---- the workspace ---- */

static inline int64_t world_now(void *context)
{
    return ((struct world *)context)->now;
}

/* A post file of a variant; NULL text: removed. */
static inline void world_file(struct world *w, const char *variant, const char *name,
                              const char *text)
{
    char path[700];
    snprintf(path, sizeof path, "%s/posts", w->scratch->folder);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/posts/%s", w->scratch->folder, variant);
    mkdir(path, 0700);
    snprintf(path, 64, "posts/%s/%s", variant, name);
    if (text)
        scratch_write(w->scratch, path, text);
    else
        unlink(scratch_path(w->scratch, path));
}

static inline void must(int rc, const struct abp_error *err)
{
    if (rc != 0)
        fail_msg("%s: %s", err->file, err->message);
}

/* channel: lines of [channel there]. Blocks of a and b at 09:00 and 15:00 UTC from 2027-03-01. */
static inline struct world *world_make(void **state, const char *channel, const char *more)
{
    static struct abp_http_factory factory;
    struct world *w = calloc(1, sizeof *w);
    struct abp_mistakes mistakes = {0};
    struct abp_error err = {0};
    char text[2000];
    assert_non_null(w);
    w->scratch = *state;
    assert_int_equal(abp_time_parse(&w->now, "2027-03-01T00:00:00Z"), 0);
    snprintf(text, sizeof text, "[abpost]\n[channel there]\n%s", channel);
    scratch_write(w->scratch, "abpost.ini", text);
    scratch_write(w->scratch, "token", "secret\n");
    chmod(scratch_path(w->scratch, "token"), 0600);
    snprintf(text, sizeof text,
             "[experiment]\nchannels = there\noutcome = likes\n[schedule]\ntimes = 09:00 15:00\n"
             "[variant a]\nposts = posts/a/*.txt\n[variant b]\nposts = posts/b/*.txt\n%s",
             more);
    scratch_write(w->scratch, "e.ini", text);
    int rc = abp_workspace_read(&w->ws, scratch_path(w->scratch, "abpost.ini"), &mistakes, &err);
    must(rc, &err);
    must(abp_experiment_read(&w->experiment, scratch_path(w->scratch, "e.ini"), &w->ws, &mistakes,
                             &err),
         &err);
    must(abp_zone_open(&w->zone, "UTC", &err), &err);
    w->store = scratch_store(w->scratch);
    factory = (struct abp_http_factory){fake_open, w};
    w->env = (struct abp_env){.now = world_now, .context = w, .seed = 1, .http = &factory};
    return w;
}

static inline int world_remove(const char *path, const struct stat *info, int kind, struct FTW *ftw)
{
    (void)info, (void)kind, (void)ftw;
    return remove(path);
}

static inline void world_free(struct world *w)
{
    abp_store_close(w->store);
    abp_zone_free(w->zone);
    abp_experiment_release(&w->experiment);
    abp_workspace_release(&w->ws);
    static const char *const folders[] = {"posts", "outbox", ".abpost"};
    for (size_t i = 0; i < 3; i++)
        nftw(scratch_path(w->scratch, folders[i]), world_remove, 8, FTW_DEPTH | FTW_PHYS);
    free(w);
}

/* Draws what is to be drawn from now on. */
static inline void world_plan(struct world *w, uint64_t seed)
{
    struct abp_plan_report report;
    struct abp_error err = {0};
    struct abp_plan_input input = {.experiment = &w->experiment,
                                   .ws = &w->ws,
                                   .zone = w->zone,
                                   .now = w->now,
                                   .seed = seed,
                                   .winner = -1};
    must(abp_plan_extend(&report, w->store, &input, &err), &err);
}

static inline void world_note(void *context, const struct abp_note *note)
{
    struct world *w = context;
    w->notes[note->kind]++;
    snprintf(w->detail, sizeof w->detail, "%s", note->detail ? note->detail : "");
    if (note->file && (note->kind == ABP_NOTE_POSTED || note->kind == ABP_NOTE_HANDED) &&
        w->file_count < 64)
        snprintf(w->files[w->file_count++], sizeof w->files[0], "%s", note->file);
}

static inline struct abp_publish_input world_input(struct world *w)
{
    static struct abp_publish_experiment experiment;
    experiment = (struct abp_publish_experiment){&w->experiment, "hash"};
    return (struct abp_publish_input){.env = &w->env,
                                      .ws = &w->ws,
                                      .store = w->store,
                                      .experiments = &experiment,
                                      .experiment_count = 1,
                                      .note = world_note,
                                      .context = w};
}

/* One pass, `hours` and `minutes` after the first day began. */
static inline struct abp_publish_report world_pass(struct world *w, int hours, int minutes)
{
    struct abp_publish_report report;
    struct abp_error err = {0};
    struct abp_publish_input input = world_input(w);
    assert_int_equal(abp_time_parse(&w->now, "2027-03-01T00:00:00Z"), 0);
    w->now += hours * 3600 + minutes * 60;
    memset(w->notes, 0, sizeof w->notes);
    must(abp_publish_run(&report, &input, &err), &err);
    return report;
}

/* How many planned posts are in a state. */
static inline size_t world_count(struct world *w, enum abp_post_state state)
{
    struct abp_planned_list list;
    struct abp_planned_filter filter = {.states = 1u << state};
    struct abp_error err = {0};
    must(abp_outbox_list(&list, w->store, &filter, &err), &err);
    size_t count = list.count;
    abp_planned_list_release(&list);
    return count;
}

#endif
