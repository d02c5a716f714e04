/* The record of a post: text, facets, pictures or a link's card, and the one request that puts it
 * there. */
#include "channels/bluesky.h"
#include "channels/bluesky_facets.h"

#include "abpost/time.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define UPLOAD_TIMEOUT_MS 120000 /* 2 MB through a slow line */
#define LATER             120    /* seconds until an image that can't be read is tried anew */
#define MENTIONS_MAX      50     /* handles that are asked for; more stay plain text */

/* What is being built. */
struct record {
    struct abp_connection *connection;
    const struct abp_content *content;
    struct abp_outcome *outcome;
    struct abp_buffer text; /* owned; as it will read */
    json_t *facets;         /* owned */
    json_t *embed;          /* owned; NULL: none */
    size_t asked;           /* handles so far */
};

static int refuse(struct record *record, enum abp_fate fate, const char *format, ...)
    ABP_PRINTF(3, 4);

static int refuse(struct record *record, enum abp_fate fate, const char *format, ...)
{
    va_list args;
    memset(record->outcome, 0, sizeof *record->outcome);
    record->outcome->fate = fate;
    va_start(args, format);
    vsnprintf(record->outcome->reason, sizeof record->outcome->reason, format, args);
    va_end(args);
    return -1;
}

/* Something of this machine is in the way; it may pass. */
static int ABP_PRINTF(2, 3) refuse_local(struct record *record, const char *format, ...)
{
    const struct abp_connection *connection = record->connection;
    char reason[sizeof record->outcome->reason];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    refuse(record, ABP_FATE_NOT_SENT, "%s", reason);
    record->outcome->local = 1;
    record->outcome->retry_at = connection->now(connection->now_context) + LATER;
    return -1;
}

static int no_memory(struct record *record)
{
    return refuse(record, ABP_FATE_NOT_SENT, "out of memory");
}

/* ---- text and link ---- */

static size_t count_graphemes(const char *text, size_t len)
{
    utf8proc_int32_t before = -1, code, state = 0;
    size_t count = 0;
    for (size_t at = 0; at < len;) {
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text + at,
                                              (utf8proc_ssize_t)(len - at), &code);
        if (n <= 0)
            return SIZE_MAX;
        if (before < 0 || utf8proc_grapheme_break_stateful(before, code, &state))
            count++;
        before = code;
        at += (size_t)n;
    }
    return count;
}

/* A post has one embed. With pictures there is no room for a link's card, so a link that the text
 * lacks then goes below it (media_joint). */
static int build_text(struct record *record)
{
    const struct abp_content *content = record->content;
    struct abp_buffer *text = &record->text;
    const char *own = content->text ? content->text : "";
    if (abp_content_text(text, content, record->connection->ops) != 0)
        return refuse(record, ABP_FATE_REFUSED, "the text has more than %d bytes",
                      ABP_BLUESKY_TEXT_BYTES);
    size_t graphemes = count_graphemes(abp_buffer_text(text), text->len);
    if (graphemes == SIZE_MAX)
        return refuse(record, ABP_FATE_REFUSED, "the text is not valid UTF-8");
    if (graphemes > ABP_BLUESKY_GRAPHEMES)
        return refuse(record, ABP_FATE_REFUSED, "the text%s has %zu characters; Bluesky takes %d",
                      text->len > strlen(own) ? " with its link" : "", graphemes,
                      ABP_BLUESKY_GRAPHEMES);
    return 0;
}

/* ---- facets ---- */

static json_t *facet_json(size_t start, size_t end, json_t *feature)
{
    return json_pack("{s:{s:I, s:I}, s:[o]}", "index", "byteStart", (json_int_t)start, "byteEnd",
                     (json_int_t)end, "features", feature);
}

static json_t *link_feature(const char *uri, size_t len, int bare)
{
    return json_pack("{s:s, s:s+%}", "$type", "app.bsky.richtext.facet#link", "uri",
                     bare ? "https://" : "", uri, len);
}

static json_t *tag_feature(const char *tag, size_t len, int cash)
{
    char ticker[8];
    if (!cash)
        return json_pack("{s:s, s:s%}", "$type", "app.bsky.richtext.facet#tag", "tag", tag, len);
    ticker[0] = '$';
    for (size_t i = 0; i < len; i++)
        ticker[i + 1] = (char)toupper((unsigned char)tag[i]);
    return json_pack("{s:s, s:s%}", "$type", "app.bsky.richtext.facet#tag", "tag", ticker, len + 1);
}

/* Whose handle it is: 0 and did; 1: nobody's, so that the text stays as it is; -1 when it can't be
 * asked just now (a mention that is missing would not be the author's text). */
static int resolve(struct record *record, char *did, size_t size, const char *handle, size_t len)
{
    struct abp_xrpc_answer answer;
    struct abp_buffer path;
    char name[254];
    if (!abp_bluesky_is_handle(handle, len) || record->asked++ >= MENTIONS_MAX)
        return 1;
    memcpy(name, handle, len);
    name[len] = '\0';
    abp_buffer_init(&path, 512);
    abp_buffer_printf(&path, "com.atproto.identity.resolveHandle?handle=%s", name);
    struct abp_xrpc call = {.method = "GET", .path = abp_buffer_text(&path)};
    abp_bluesky_call(record->connection, &answer, &call);
    int rc = -1;
    if (answer.kind == ABP_XRPC_OK && abp_xrpc_string(did, size, answer.body, "did") == 0 &&
        abp_bluesky_is_did(did))
        rc = 0;
    else if (answer.kind == ABP_XRPC_ERROR || answer.kind == ABP_XRPC_OK)
        rc = 1;
    else
        abp_xrpc_outcome(record->connection, record->outcome, &answer);
    abp_xrpc_release(&answer);
    abp_buffer_release(&path);
    return rc;
}

/* feature stays NULL when there is to be none. */
static int make_feature(struct record *record, json_t **feature, const struct abp_facet *facet)
{
    const char *value = record->text.data + facet->value;
    char did[256];
    int rc;
    *feature = NULL;
    switch (facet->kind) {
    case ABP_FACET_LINK:
        *feature = link_feature(value, facet->value_len, facet->bare);
        break;
    case ABP_FACET_MENTION:
        rc = resolve(record, did, sizeof did, value, facet->value_len);
        if (rc != 0)
            return rc < 0 ? -1 : 0;
        *feature = json_pack("{s:s, s:s}", "$type", "app.bsky.richtext.facet#mention", "did", did);
        break;
    case ABP_FACET_TAG:
    case ABP_FACET_CASHTAG:
        *feature = tag_feature(value, facet->value_len, facet->kind == ABP_FACET_CASHTAG);
        break;
    }
    return *feature ? 0 : no_memory(record);
}

static int add_facet(struct record *record, size_t start, size_t end, json_t *feature)
{
    json_t *facet = facet_json(start, end, feature);
    return facet && json_array_append_new(record->facets, facet) == 0 ? 0 : no_memory(record);
}

/* The link that the author named, when it stands in the text but was not recognised there ("(see
 * <https://...>)"): where. 0: no such place. */
static int named_link(size_t *start, size_t *end, const struct record *record,
                      const struct abp_facet *facets, size_t count)
{
    const char *text = abp_buffer_text(&record->text), *link = record->content->link;
    const char *at = link ? abp_bluesky_link_in(text, link) : NULL;
    if (!at)
        return 0;
    *start = (size_t)(at - text);
    *end = *start + strlen(link);
    for (size_t i = 0; i < count; i++)
        if (facets[i].start < *end && *start < facets[i].end)
            return 0;
    return 1;
}

static int build_facets(struct record *record)
{
    struct abp_facet *facets = calloc(ABP_FACETS_MAX, sizeof *facets);
    json_t *feature;
    size_t start, end;
    int rc = -1;
    record->facets = json_array();
    if (!facets || !record->facets) {
        no_memory(record);
        goto out;
    }
    size_t count = abp_bluesky_facets(facets, ABP_FACETS_MAX, abp_buffer_text(&record->text),
                                      record->text.len);
    for (size_t i = 0; i < count; i++) {
        if (make_feature(record, &feature, &facets[i]) != 0)
            goto out;
        if (feature && add_facet(record, facets[i].start, facets[i].end, feature) != 0)
            goto out;
    }
    rc = 0;
    if (named_link(&start, &end, record, facets, count)) {
        feature = link_feature(record->content->link, strlen(record->content->link), 0);
        rc = feature ? add_facet(record, start, end, feature) : no_memory(record);
    }
out:
    free(facets);
    return rc;
}

/* ---- embeds ---- */

static int read_image(struct record *record, const struct abp_media *media, char **bytes)
{
    char *data = NULL;
    FILE *file = fopen(media->path, "rb");
    if (!file)
        return refuse_local(record, "%.200s: %s; %s", media->path, strerror(errno),
                            abp_remedy(errno));
    int rc = -1;
    if (media->size == 0 || media->size > ABP_BLUESKY_IMAGE)
        refuse(record, ABP_FATE_REFUSED, "%.200s has %zu bytes; Bluesky takes 1 to %d of an image",
               media->path, media->size, ABP_BLUESKY_IMAGE);
    else if (!(data = malloc(media->size + 1)))
        no_memory(record);
    else if (fread(data, 1, media->size + 1, file) != media->size)
        refuse_local(record, "%.200s has changed since it was checked", media->path);
    else
        rc = 0;
    fclose(file);
    if (rc != 0) {
        free(data);
        data = NULL;
    }
    *bytes = data;
    return rc;
}

/* The blob as the record names it, out of what uploadBlob answered; NULL when it is no blob of that
 * many bytes. */
static json_t *blob_of(const struct abp_xrpc_answer *answer, size_t size)
{
    const json_t *blob = json_object_get(answer->body, "blob");
    const json_t *bytes = json_object_get(blob, "size");
    char type[16], mime[80], cid[128];
    if (abp_xrpc_string(type, sizeof type, blob, "$type") != 0 || strcmp(type, "blob") != 0 ||
        abp_xrpc_string(mime, sizeof mime, blob, "mimeType") != 0 ||
        strncmp(mime, "image/", 6) != 0 ||
        abp_xrpc_string(cid, sizeof cid, json_object_get(blob, "ref"), "$link") != 0 ||
        !json_is_integer(bytes) || json_integer_value(bytes) != (json_int_t)size)
        return NULL;
    return json_pack("{s:s, s:{s:s}, s:s, s:I}", "$type", "blob", "ref", "$link", cid, "mimeType",
                     mime, "size", (json_int_t)size);
}

static int upload(struct record *record, const struct abp_media *media, json_t **blob)
{
    struct abp_xrpc_answer answer;
    char *bytes = NULL;
    *blob = NULL;
    if (read_image(record, media, &bytes) != 0)
        return -1;
    struct abp_xrpc call = {.method = "POST",
                            .path = "com.atproto.repo.uploadBlob",
                            .body = bytes,
                            .body_len = media->size,
                            .content_type = media->type,
                            .timeout_ms = UPLOAD_TIMEOUT_MS};
    abp_bluesky_call(record->connection, &answer, &call);
    free(bytes);
    if (answer.kind == ABP_XRPC_OK && !(*blob = blob_of(&answer, media->size))) {
        answer.kind = ABP_XRPC_UNCLEAR;
        snprintf(answer.reason, sizeof answer.reason,
                 "the server's answer to the image is not a blob of %zu bytes", media->size);
    }
    if (!*blob)
        abp_xrpc_outcome(record->connection, record->outcome, &answer);
    abp_xrpc_release(&answer);
    return *blob ? 0 : -1;
}

static int build_images(struct record *record)
{
    const struct abp_content *content = record->content;
    json_t *blob, *image;
    json_t *images = json_array();
    record->embed = json_pack("{s:s, s:o}", "$type", "app.bsky.embed.images", "images", images);
    if (!record->embed)
        return no_memory(record);
    for (size_t i = 0; i < content->media_count; i++) {
        const struct abp_media *media = &content->media[i];
        if (upload(record, media, &blob) != 0)
            return -1;
        image = json_pack("{s:s, s:o}", "alt", media->alt ? media->alt : "", "image", blob);
        if (!image || json_array_append_new(images, image) != 0)
            return no_memory(record);
    }
    return 0;
}

/* A card with the host's name as its title: what the page itself would say is not fetched. */
static int build_card(struct record *record)
{
    const char *link = record->content->link, *host = strstr(link, "://");
    host = host ? host + 3 : link;
    record->embed =
        json_pack("{s:s, s:{s:s, s:s%, s:s}}", "$type", "app.bsky.embed.external", "external",
                  "uri", link, "title", host, strcspn(host, "/?#"), "description", "");
    return record->embed ? 0 : no_memory(record);
}

static int build_embed(struct record *record)
{
    const struct abp_content *content = record->content;
    if (content->media_count > 0)
        return build_images(record);
    if (content->link && !abp_bluesky_link_in(abp_buffer_text(&record->text), content->link))
        return build_card(record);
    return 0;
}

/* ---- the request ---- */

static int set(json_t *object, const char *name, json_t *value)
{
    return value ? json_object_set_new(object, name, value) : -1;
}

static json_t *post_json(struct record *record, const char *created_at)
{
    json_t *post = json_object();
    int bad = !post || set(post, "$type", json_string(ABP_BLUESKY_POSTS)) != 0 ||
              set(post, "text", json_string(abp_buffer_text(&record->text))) != 0;
    if (!bad && json_array_size(record->facets) > 0)
        bad = json_object_set(post, "facets", record->facets) != 0;
    if (!bad && record->embed)
        bad = json_object_set(post, "embed", record->embed) != 0;
    if (!bad && record->content->lang)
        bad = set(post, "langs", json_pack("[s]", record->content->lang)) != 0;
    if (!bad)
        bad = set(post, "createdAt", json_string(created_at)) != 0;
    if (!bad)
        return post;
    json_decref(post);
    return NULL;
}

static int add_bytes(const char *bytes, size_t len, void *context)
{
    return abp_buffer_append(context, bytes, len);
}

/* swapRecord null says that the record must not exist yet: the same bytes again change nothing, and
 * other bytes are refused. */
static int build_request(struct record *record, struct abp_buffer *request, const char *key,
                         int64_t made_at)
{
    const struct abp_bluesky *state = record->connection->state;
    char created_at[ABP_TIME_SIZE];
    if (abp_time_format(created_at, made_at) != 0)
        return refuse(record, ABP_FATE_REFUSED, "the post's time is outside the years 1 to 9999");
    json_t *post = post_json(record, created_at);
    json_t *body =
        post ? json_pack("{s:s, s:s, s:s, s:n, s:o}", "repo", state->session.did, "collection",
                         ABP_BLUESKY_POSTS, "rkey", key, "swapRecord", "record", post)
             : NULL;
    int rc = body ? json_dump_callback(body, add_bytes, request, JSON_COMPACT) : -1;
    json_decref(body);
    return rc == 0 ? 0 : no_memory(record);
}

int abp_bluesky_prepare(struct abp_connection *connection, struct abp_buffer *request,
                        const struct abp_content *content, const char *key, int64_t made_at,
                        struct abp_outcome *outcome)
{
    struct abp_xrpc_answer answer;
    struct record record = {connection, content, outcome, {0}, NULL, NULL, 0};
    abp_buffer_init(&record.text, ABP_BLUESKY_TEXT_BYTES);
    int rc = build_text(&record);
    if (rc == 0 && abp_bluesky_sign_in(connection, &answer) != 0) {
        abp_xrpc_outcome(connection, outcome, &answer);
        abp_xrpc_release(&answer);
        rc = -1;
    }
    if (rc == 0 && (build_facets(&record) != 0 || build_embed(&record) != 0 ||
                    build_request(&record, request, key, made_at) != 0))
        rc = -1;
    json_decref(record.facets);
    json_decref(record.embed);
    abp_buffer_release(&record.text);
    return rc;
}
