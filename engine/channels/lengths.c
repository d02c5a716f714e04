/* Whether a content can be posted on a platform, by what its table says and the server allows. */
#include "channels/count.h"

#include <inttypes.h>
#include <string.h>

/* ---- the text as it is sent ---- */

/* 1: the link stands in the text as a whole. */
static int holds(const char *text, const char *link, const struct abp_channel_ops *ops)
{
    size_t len = strlen(link);
    if (ops->link_in)
        return ops->link_in(text, link) != NULL;
    for (const char *p = strstr(text, link); p; p = strstr(p + 1, link)) {
        const char *after = p + len + strspn(p + len, ".,;:!?)]}>'\"");
        if (*after == '\0' || strchr(" \t\n", *after))
            return 1;
    }
    return 0;
}

static const char *text_of(const struct abp_content *content)
{
    return content->text ? content->text : "";
}

/* What stands between text and link; NULL: the link is no part of the text. */
static const char *joint_of(const struct abp_content *content, const struct abp_channel_ops *ops)
{
    const char *joint =
        content->media_count && ops->media_joint ? ops->media_joint : ops->link_joint;
    if (!content->link || !joint || holds(text_of(content), content->link, ops))
        return NULL;
    return text_of(content)[0] ? joint : "";
}

int abp_content_text(struct abp_buffer *out, const struct abp_content *content,
                     const struct abp_channel_ops *ops)
{
    const char *joint = joint_of(content, ops);
    abp_buffer_add(out, text_of(content));
    if (joint)
        abp_buffer_printf(out, "%s%s", joint, content->link);
    return out->failed ? -1 : 0;
}

struct abp_lengths abp_content_lengths(const struct abp_content *content,
                                       const struct abp_channel_ops *ops,
                                       const struct abp_limits *limits)
{
    const char *parts[] = {text_of(content), joint_of(content, ops), content->link};
    struct abp_lengths lengths = {0, 0};
    /* The joint is made of line ends, which no character reaches across: the parts add up. */
    for (size_t i = 0; i < (parts[1] ? 3u : 1u); i++) {
        size_t len = strlen(parts[i]);
        lengths.bytes += (int64_t)len;
        lengths.characters +=
            abp_count_characters(parts[i], len, ops->counting, limits->url_characters);
    }
    return lengths;
}

/* ---- what is wrong ---- */

struct faults {
    const char *platform; /* borrowed, like the rest */
    void (*found)(void *context, const char *message);
    void *context;
    size_t count;
};

static void ABP_PRINTF(2, 3) add(struct faults *faults, const char *format, ...)
{
    struct abp_buffer message;
    va_list args;
    faults->count++;
    if (!faults->found)
        return;
    abp_buffer_init(&message, 1000);
    va_start(args, format);
    abp_buffer_vprintf(&message, format, args);
    va_end(args);
    faults->found(faults->context, message.failed ? "it does not fit" : abp_buffer_text(&message));
    abp_buffer_release(&message);
}

static void check_text(struct faults *faults, const struct abp_content *content,
                       const struct abp_channel_ops *ops, const struct abp_limits *limits)
{
    struct abp_lengths lengths = abp_content_lengths(content, ops, limits);
    const char *with = joint_of(content, ops) ? " with its link" : "";
    if (limits->characters >= 0 && lengths.characters > limits->characters)
        add(faults,
            "the text%s is too long for %s: %" PRId64 " characters, where %" PRId64 " are allowed",
            with, faults->platform, lengths.characters, limits->characters);
    if (limits->bytes >= 0 && lengths.bytes > limits->bytes)
        add(faults,
            "the text%s is too long for %s: %" PRId64 " bytes, where %" PRId64 " are allowed", with,
            faults->platform, lengths.bytes, limits->bytes);
}

static void check_image(struct faults *faults, const struct abp_media *media,
                        const struct abp_limits *limits)
{
    const char *slash = strrchr(media->path, '/');
    const char *name = slash ? slash + 1 : media->path;
    int64_t alt = abp_count_code_points(media->alt);
    if (limits->media_bytes >= 0 && media->size > (uint64_t)limits->media_bytes)
        add(faults,
            "the image %.200s is too large for %s: %zu bytes, where %" PRId64 " are allowed", name,
            faults->platform, media->size, limits->media_bytes);
    if (limits->alt_characters >= 0 && alt > limits->alt_characters)
        add(faults,
            "the description of %.200s is too long for %s: %" PRId64 " characters, where %" PRId64
            " are allowed",
            name, faults->platform, alt, limits->alt_characters);
}

size_t abp_content_faults(const struct abp_content *content, const struct abp_channel_ops *ops,
                          const struct abp_limits *limits,
                          void (*found)(void *context, const char *message), void *context)
{
    struct faults faults = {abp_platform_name(ops->platform), found, context, 0};
    check_text(&faults, content, ops, limits);
    if (content->media_count && !(ops->abilities & ABP_CAN_MEDIA)) {
        add(&faults, "images can't be posted to %s", faults.platform);
        return faults.count;
    }
    if (limits->media >= 0 && content->media_count > (uint64_t)limits->media)
        add(&faults, "too many images for %s: %zu, where %" PRId64 " are allowed", faults.platform,
            content->media_count, limits->media);
    for (size_t i = 0; i < content->media_count; i++)
        check_image(&faults, &content->media[i], limits);
    return faults.count;
}

static void keep_first(void *context, const char *message)
{
    struct abp_error *err = context;
    if (err && err->code == ABP_OK)
        abp_fail(err, ABP_DATA, "%s", message);
}

int abp_content_fits(const struct abp_content *content, const struct abp_channel_ops *ops,
                     const struct abp_limits *limits, struct abp_error *err)
{
    struct abp_error first = {0};
    if (abp_content_faults(content, ops, limits, keep_first, &first) == 0)
        return 0;
    if (err)
        *err = first;
    return -1;
}
