/* Mastodon: posting, media, own posts, limits. */
#include "hostile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define RATE_SPAN 300

/* ---- accounts ---- */

/* Tokens are "token-NAME", and NAME is the account. Into name, or 0 with an answer. */
static int account_of(char name[100], struct answer *a, struct hostile *h, const struct request *q)
{
    char value[300], iso[32];
    wire_header(value, sizeof value, q, "Authorization");
    if (strncmp(value, "Bearer token-", 13) != 0 || !value[13]) {
        answer_error(a, 401, "The access token is invalid", NULL);
        return 0;
    }
    snprintf(name, 100, "%.99s", value + 13);
    int may = account_may(h, name);
    long used = (long)json_array_size(json_object_get(h->requests, name));
    abp_buffer_printf(&a->headers,
                      "X-RateLimit-Limit: %ld\r\nX-RateLimit-Remaining: %ld\r\n"
                      "X-RateLimit-Reset: %s\r\n",
                      h->limit > 0 ? h->limit : 300, h->limit > 0 ? h->limit - used : 299,
                      hostile_iso(iso, hostile_now(h) + RATE_SPAN));
    if (!may)
        answer_error(a, 429, "Too many requests", NULL);
    return may;
}

/* A number that the name decides, as text. */
static void id_of(char id[24], const char *name)
{
    unsigned long long n = 109000000000000000ULL;
    for (; *name; name++)
        n += (unsigned char)*name * 31ULL + n % 1009;
    snprintf(id, 24, "%llu", n);
}

static json_t *account_json(const struct hostile *h, const char *name)
{
    char id[24], url[300];
    id_of(id, name);
    snprintf(url, sizeof url, "https://%.100s/@%.100s", h->host, name);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:s, s:b}}", "id", id, "username", name, "acct",
                     name, "display_name", name, "url", url, "source", "privacy", "public",
                     "sensitive", 0);
}

/* ---- what is allowed ---- */

/* Characters as Mastodon counts them: graphemes, a URL as 23. */
static long length_of(const char *text)
{
    long count = 0;
    utf8proc_int32_t before = -1, point;
    utf8proc_int32_t state = 0;
    while (*text) {
        if (strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0) {
            count += 23;
            text += strcspn(text, " \t\r\n");
            before = -1;
            continue;
        }
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text, -1, &point);
        if (n <= 0)
            return -1;
        count += before < 0 || utf8proc_grapheme_break_stateful(before, point, &state);
        before = point;
        text += n;
    }
    return count;
}

static const char *fault_of_media(const struct hostile *h, const json_t *ids, const char *account)
{
    size_t i;
    json_t *id;
    if (json_array_size(ids) > 4)
        return "Validation failed: Cannot attach more than 4 files";
    json_array_foreach(ids, i, id)
    {
        const char *key = json_string_value(id);
        json_t *known = key ? json_object_get(h->media, key) : NULL;
        const char *owner = json_string_value(json_object_get(known, "account"));
        if (!owner || strcmp(owner, account) != 0)
            return "Validation failed: Media not found";
        if (json_integer_value(json_object_get(known, "polls")) > 0)
            return "Cannot attach files that have not finished processing. Try again in a moment!";
    }
    return NULL;
}

static const char *fault_of_status(const struct hostile *h, const json_t *fields,
                                   const char *account)
{
    static const char *const kinds[] = {"public", "unlisted", "private", "direct"};
    const char *text = json_string_value(json_object_get(fields, "status"));
    const char *visibility = json_string_value(json_object_get(fields, "visibility"));
    json_t *media = json_object_get(fields, "media_ids");
    int known = !visibility;
    if ((!text || !*text) && json_array_size(media) == 0)
        return "Validation failed: Text can't be blank";
    if (text && (length_of(text) < 0 || length_of(text) > h->text_limit))
        return "Validation failed: Text character limit exceeded";
    for (size_t i = 0; visibility && i < 4; i++)
        known |= strcmp(visibility, kinds[i]) == 0;
    if (!known)
        return "Validation failed: Visibility is not included in the list";
    return fault_of_media(h, media, account);
}

/* ---- statuses ---- */

static void add_html(struct abp_buffer *out, const char *text)
{
    abp_buffer_add(out, "<p>");
    for (; *text; text++) {
        size_t len = strncmp(text, "https://", 8) == 0 ? strcspn(text, " \t\r\n") : 0;
        if (len) {
            abp_buffer_printf(out, "<a href=\"%.*s\" rel=\"nofollow\">%.*s</a>", (int)len, text,
                              (int)len, text);
            text += len - 1;
        } else if (strncmp(text, "\n\n", 2) == 0) {
            abp_buffer_add(out, "</p><p>");
            text++;
        } else if (strchr("&<>\"'\n", *text)) {
            abp_buffer_add(out, *text == '&'    ? "&amp;"
                                : *text == '<'  ? "&lt;"
                                : *text == '>'  ? "&gt;"
                                : *text == '"'  ? "&quot;"
                                : *text == '\'' ? "&#39;"
                                                : "<br />");
        } else {
            abp_buffer_byte(out, *text);
        }
    }
    abp_buffer_add(out, "</p>");
}

static json_t *status_json(const struct hostile *h, struct post *post, const struct fault *fault)
{
    char iso[32], url[300];
    struct abp_buffer html;
    abp_buffer_init(&html, 1 << 20);
    add_html(&html, post->text);
    for (int m = 0; m < METRICS && fault->kind == FAULT_FALL; m++)
        post->counts[m] -= post->counts[m] > 0;
    snprintf(url, sizeof url, "https://%.100s/@%.100s/%.40s", h->host, post->account, post->id);
    json_t *status = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:o, s:I, s:I, s:I, s:o}", "id", post->id, "created_at",
        hostile_iso(iso, post->at), "uri", url, "url", url, "content", abp_buffer_text(&html),
        "account", account_json(h, post->account), "favourites_count",
        (json_int_t)post->counts[LIKES], "reblogs_count", (json_int_t)post->counts[REPOSTS],
        "replies_count", (json_int_t)post->counts[REPLIES], "edited_at",
        post->edited ? json_string(iso) : json_null());
    json_object_update(status, post->record);
    abp_buffer_release(&html);
    return status;
}

/* What a status keeps of the request. */
static json_t *record_of(const struct hostile *h, const json_t *fields)
{
    json_t *attachments = json_array(), *id;
    size_t i;
    const char *visibility = json_string_value(json_object_get(fields, "visibility"));
    json_array_foreach(json_object_get(fields, "media_ids"), i, id) json_array_append_new(
        attachments,
        json_pack("{s:O, s:s, s:O}", "id", id, "type", "image", "description",
                  json_object_get(json_object_get(h->media, json_string_value(id)), "alt")));
    json_t *record = json_pack("{s:s, s:o}", "visibility", visibility ? visibility : "public",
                               "media_attachments", attachments);
    json_t *language = json_object_get(fields, "language");
    json_object_set(record, "language", language ? language : json_null());
    return record;
}

/* An earlier post of the same key while that is kept; NULL otherwise. */
static struct post *keyed(struct hostile *h, const char *key)
{
    json_t *kept = json_object_get(h->keys, key);
    if (!kept || h->careless ||
        json_integer_value(json_object_get(kept, "at")) + h->key_window <= hostile_now(h))
        return NULL;
    return post_find(h, json_string_value(json_object_get(kept, "id")));
}

static void create_status(struct answer *a, struct hostile *h, const struct request *q,
                          const struct fault *fault, const char *account)
{
    char header[200], key[320], id[24];
    json_t *fields = wire_fields(q);
    const char *refusal = fault_of_status(h, fields, account);
    const char *text = json_string_value(json_object_get(fields, "status"));
    wire_header(header, sizeof header, q, "Idempotency-Key");
    snprintf(key, sizeof key, "%s %s", account, header);
    struct post *post = *header ? keyed(h, key) : NULL;
    if (!post && refusal) {
        answer_error(a, 422, refusal, NULL);
    } else {
        if (!post) {
            snprintf(id, sizeof id, "%lld", 115000000000000000LL + h->next_id++);
            json_t *record = record_of(h, fields);
            post = post_add(h, 0, account, id, header, text ? text : "", record);
            json_decref(record);
            if (*header)
                json_object_set_new(
                    h->keys, key,
                    json_pack("{s:s, s:I}", "id", id, "at", (json_int_t)hostile_now(h)));
        }
        a->status = 200;
        a->json = status_json(h, post, fault);
    }
    json_decref(fields);
}

static void not_found(struct answer *a)
{
    answer_error(a, 404, "Record not found", NULL);
}

/* 1: account may see it: posts for followers are for nobody else, and here nobody follows. */
static int sees(const char *account, const struct post *post)
{
    const char *visibility = json_string_value(json_object_get(post->record, "visibility"));
    return strcmp(account, post->account) == 0 || !visibility ||
           (strcmp(visibility, "private") != 0 && strcmp(visibility, "direct") != 0);
}

static void one_status(struct answer *a, struct hostile *h, const struct request *q,
                       const struct fault *fault, const char *account, const char *rest)
{
    char id[40];
    size_t len = strcspn(rest, "/");
    snprintf(id, sizeof id, "%.*s", (int)len, rest);
    struct post *post = post_find(h, id);
    if (!post || post->bluesky || !sees(account, post)) {
        not_found(a);
        return;
    }
    a->status = 200;
    if (strcmp(rest + len, "/source") == 0) {
        a->json = json_pack("{s:s, s:s, s:s}", "id", id, "text", post->text, "spoiler_text", "");
    } else if (strcmp(q->method, "DELETE") == 0) {
        a->json = status_json(h, post, fault);
        post_delete(h, post);
    } else {
        a->json = status_json(h, post, fault);
    }
}

static void some_statuses(struct answer *a, struct hostile *h, const struct request *q,
                          const struct fault *fault, const char *account)
{
    char *id;
    a->status = 200;
    a->json = json_array();
    for (size_t i = 0; (id = wire_query(q, "id[]", i)) != NULL; i++) {
        struct post *post = post_find(h, id);
        if (post && !post->bluesky && sees(account, post))
            json_array_append_new(a->json, status_json(h, post, fault));
        free(id);
    }
}

static long long number(const struct request *q, const char *name, long long otherwise)
{
    char *text = wire_query(q, name, 0);
    long long value = text ? strtoll(text, NULL, 10) : otherwise;
    free(text);
    return value;
}

/* Newest first; older than max_id, newer than since_id; with min_id the oldest of those after it.
 */
static void own_statuses(struct answer *a, struct hostile *h, const struct request *q,
                         const struct fault *fault, const char *rest)
{
    char id[24];
    long long limit = number(q, "limit", 20), max = number(q, "max_id", INT64_MAX),
              since = number(q, "since_id", 0), min = number(q, "min_id", 0), last = 0;
    json_t *list = json_array();
    limit = limit > 40 ? 40 : limit;
    for (size_t i = 0; i < h->post_count && (long long)json_array_size(list) < limit; i++) {
        struct post *post = &h->posts[min ? i : h->post_count - 1 - i];
        id_of(id, post->account);
        long long n = post->bluesky || post->deleted ? 0 : strtoll(post->id, NULL, 10);
        if (n == 0 || strncmp(rest, id, strlen(id)) != 0 || n >= max || n <= since || n <= min)
            continue;
        if (min)
            json_array_insert_new(list, 0, status_json(h, post, fault));
        else
            json_array_append_new(list, status_json(h, post, fault));
        last = n;
    }
    if (last && !min)
        abp_buffer_printf(&a->headers,
                          "Link: <https://social.test/api/v1/accounts/%.24s/statuses?max_id=%lld>; "
                          "rel=\"next\"\r\n",
                          rest, last);
    a->status = 200;
    a->json = list;
}

/* ---- media ---- */

static json_t *media_json(const char *id, const json_t *media)
{
    int ready = json_integer_value(json_object_get(media, "polls")) <= 0;
    return json_pack("{s:s, s:s, s:o, s:O}", "id", id, "type", "image", "url",
                     ready ? json_string("https://social.test/media/1.png") : json_null(),
                     "description", json_object_get(media, "alt"));
}

static void upload(struct answer *a, struct hostile *h, const struct request *q,
                   const struct fault *fault, const char *account)
{
    char id[24];
    json_t *fields = wire_fields(q), *file = json_object_get(fields, "file"),
           *alt = json_object_get(fields, "description");
    int polls = fault->kind == FAULT_PROCESSING ? fault->polls : 0;
    if (json_integer_value(json_object_get(file, "bytes")) <= 0) {
        answer_error(a, 422, "Validation failed: File can't be blank", NULL);
    } else {
        snprintf(id, sizeof id, "%lld", 114000000000000000LL + h->next_id++);
        json_t *media = json_pack("{s:i, s:s}", "polls", polls, "account", account);
        json_object_set(media, "alt", alt ? alt : json_null());
        json_object_set_new(h->media, id, media);
        a->status = polls ? 202 : 200;
        a->json = media_json(id, media);
    }
    json_decref(fields);
}

/* Each look brings it nearer to being ready. */
static void one_media(struct answer *a, struct hostile *h, const struct request *q, const char *id)
{
    json_t *media = json_object_get(h->media, id);
    json_int_t polls = json_integer_value(json_object_get(media, "polls"));
    if (!media) {
        not_found(a);
        return;
    }
    if (strcmp(q->method, "PUT") == 0) {
        json_t *fields = wire_fields(q);
        json_object_set(media, "alt", json_object_get(fields, "description"));
        json_decref(fields);
    } else if (polls > 0) {
        json_object_set_new(media, "polls", json_integer(--polls));
    }
    a->status = polls > 0 ? 206 : 200;
    a->json = media_json(id, media);
}

/* ---- the instance ---- */

static void instance(struct answer *a, const struct hostile *h, int version)
{
    json_t *configuration = json_pack(
        "{s:{s:I, s:i, s:i}, s:{s:[s,s,s,s], s:i, s:i}}", "statuses", "max_characters",
        (json_int_t)h->text_limit, "max_media_attachments", 4, "characters_reserved_per_url", 23,
        "media_attachments", "supported_mime_types", "image/jpeg", "image/png", "image/gif",
        "image/webp", "image_size_limit", 16777216, "description_limit", 1500);
    a->status = 200;
    if (version == 2)
        a->json = json_pack("{s:s, s:s, s:o}", "domain", "social.test", "version", "4.5.0",
                            "configuration", configuration);
    else
        a->json = json_pack("{s:s, s:s, s:o}", "uri", "social.test", "version", "4.5.0",
                            "configuration", configuration);
    if (h->careless)
        json_object_set_new(a->json, "max_toot_chars", json_integer(h->text_limit));
}

/* ---- which is which ---- */

static const char *after(const char *path, const char *start)
{
    size_t len = strlen(start);
    return strncmp(path, start, len) == 0 ? path + len : NULL;
}

static void reading(struct answer *a, struct hostile *h, const struct request *q,
                    const struct fault *fault, const char *account)
{
    const char *rest;
    if (strcmp(q->path, "/api/v1/accounts/verify_credentials") == 0) {
        a->status = 200;
        a->json = account_json(h, account);
    } else if ((rest = after(q->path, "/api/v1/accounts/")) && strstr(rest, "/statuses")) {
        own_statuses(a, h, q, fault, rest);
    } else if (strcmp(q->path, "/api/v1/timelines/home") == 0) {
        char id[24]; /* nobody follows anybody here: it holds one's own */
        id_of(id, account);
        own_statuses(a, h, q, fault, id);
    } else if (strcmp(q->path, "/api/v1/statuses") == 0) {
        some_statuses(a, h, q, fault, account);
    }
}

static void with_account(struct answer *a, struct hostile *h, const struct request *q,
                         const struct fault *fault, const char *account)
{
    const char *rest;
    int post = strcmp(q->method, "POST") == 0;
    if (post && strcmp(q->path, "/api/v1/statuses") == 0)
        create_status(a, h, q, fault, account);
    else if (post &&
             (strcmp(q->path, "/api/v2/media") == 0 || strcmp(q->path, "/api/v1/media") == 0))
        upload(a, h, q, fault, account);
    else if (!post && (rest = after(q->path, "/api/v1/statuses/")))
        one_status(a, h, q, fault, account, rest);
    else if (!post && (rest = after(q->path, "/api/v1/media/")))
        one_media(a, h, q, rest);
    else if (!post)
        reading(a, h, q, fault, account);
}

void mastodon_serve(struct answer *a, struct hostile *h, const struct request *q,
                    const struct fault *fault)
{
    char account[100];
    if (strcmp(q->path, "/api/v2/instance") == 0 && !h->careless)
        instance(a, h, 2);
    else if (strcmp(q->path, "/api/v1/instance") == 0)
        instance(a, h, 1);
    else if (account_of(account, a, h, q))
        with_account(a, h, q, fault, account);
    if (!a->status)
        not_found(a);
}
