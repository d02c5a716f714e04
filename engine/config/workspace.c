#include "config/access.h"
#include "config/files.h"
#include "config/ini.h"
#include "config/load.h"
#include "config/value.h"

#include "abpost/text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SECRET_WORDS "env:NAME, file:PATH or command:LINE, which say where the secret is kept"

static const struct abp_ini_key abpost_keys[] = {
    {.name = "database",
     .comments = ABP_INI_OPEN,
     .read = abp_read_path,
     .offset = offsetof(struct abp_workspace, database),
     .accepted = "a file's path, absolute or from this file's folder",
     .meaning = "the SQLite file that keeps plans, posts and readings; made on first use",
     .preset = "abpost.db"},
    {.name = "timezone",
     .read = abp_read_zone,
     .offset = offsetof(struct abp_workspace, timezone),
     .accepted = "an IANA time zone such as Europe/Paris",
     .meaning = "the zone of the times in schedules, calendars and weeks",
     .preset = "UTC"},
};

static const struct abp_ini_key channel_keys[] = {
    {.name = "type",
     .read = abp_read_platform,
     .offset = offsetof(struct abp_channel, platform),
     .accepted = "bluesky, mastodon, x, facebook, instagram, threads, linkedin, telegram, discord, "
                 "slack, webhook or outbox",
     .meaning = "the platform; this version can post to bluesky, mastodon and outbox (a folder "
                "from which you publish by hand)",
     .absent = "none; every channel needs it"},
    {.name = "account",
     .comments = ABP_INI_OPEN,
     .read = abp_read_text,
     .offset = offsetof(struct abp_channel, account),
     .accepted = "the account's name",
     .meaning = "who posts: bluesky signs in with it, on mastodon it is compared with the token's",
     .absent = "none; bluesky needs it",
     .example = "account = brand.example.com"},
    {.name = "server",
     .read = abp_read_server,
     .offset = offsetof(struct abp_channel, server),
     .accepted = "https://HOST, or http:// to localhost, 127.x.x.x or [::1], with :PORT and a path "
                 "where needed",
     .meaning =
         "the server that the account is on; on mastodon another one is another channel, with "
         "a name of its own",
     .absent = "none; bluesky, mastodon and webhook need it",
     .example = "server = https://bsky.social"},
    {.name = "password",
     .comments = ABP_INI_SECRET,
     .read = abp_read_secret,
     .offset = offsetof(struct abp_channel, password),
     .accepted = SECRET_WORDS,
     .meaning = "where the password is kept; on bluesky an app password",
     .absent = "none; bluesky needs it",
     .example = "password = env:BLUESKY_APP_PASSWORD"},
    {.name = "token",
     .comments = ABP_INI_SECRET,
     .read = abp_read_secret,
     .offset = offsetof(struct abp_channel, token),
     .accepted = SECRET_WORDS,
     .meaning = "where the access token is kept",
     .absent = "none; mastodon needs it",
     .example = "token = file:secrets/mastodon"},
    {.name = "visibility",
     .read = abp_read_visibility,
     .offset = offsetof(struct abp_channel, visibility),
     .accepted = "public, unlisted or followers",
     .meaning = "who sees the posts; unlisted and followers only on mastodon",
     .absent = "public; on mastodon as the account is set",
     .example = "visibility = unlisted"},
    {.name = "target",
     .read = abp_read_target,
     .offset = offsetof(struct abp_channel, target),
     .accepted = "N per week or N per day, above 0 and up to 1000 a week",
     .min = 0,
     .max = 1000,
     .meaning = "the most posts of a week, all experiments together; a ceiling, never a quota",
     .absent = "no ceiling",
     .example = "target = 3 per week"},
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct abp_ini_kind kinds[] = {
    {.name = "abpost",
     .keys = abpost_keys,
     .key_count = COUNT(abpost_keys),
     .meaning = "The workspace itself; the section must be there, and may be empty."},
    {.name = "channel",
     .named = 1,
     .keys = channel_keys,
     .key_count = COUNT(channel_keys),
     .meaning = "A place to post to, under a name of yours; a section each."},
};

const struct abp_ini_schema abp_workspace_schema = {kinds, COUNT(kinds)};

/* ---- checks ---- */

/* What a platform can't do without, and what it has no use for. The connectors check the rest when
 * they sign in. */
static void check_access(const struct abp_ini *ini, const struct abp_ini_section *s,
                         enum abp_platform platform, struct abp_mistake_log *log)
{
    static const struct {
        enum abp_platform platform;
        const char *needed[4];
        const char *useless;
        const char *usual; /* what most write where the first is missing; or NULL */
    } rules[] = {
        {ABP_BLUESKY, {"server", "password", "account", NULL}, "token", "https://bsky.social"},
        {ABP_MASTODON, {"server", "token", NULL}, "password", NULL},
        {ABP_WEBHOOK, {"server", NULL}, NULL, NULL},
    };
    for (size_t i = 0; i < COUNT(rules); i++) {
        if (rules[i].platform != platform)
            continue;
        for (const char *const *key = rules[i].needed; *key; key++) {
            const char *usual = key == rules[i].needed ? rules[i].usual : NULL;
            if (!abp_ini_line(ini, s, *key))
                abp_log_add(log, s->line, "[channel %s] has no %s, which %s needs%s%s", s->name,
                            *key, abp_platform_name(platform),
                            usual ? "; accepted is server = " : "", usual ? usual : "");
        }
        long line = rules[i].useless ? abp_ini_line(ini, s, rules[i].useless) : 0;
        if (line)
            abp_log_add(log, line, "%s: %s has no use for one; accepted is %s", rules[i].useless,
                        abp_platform_name(platform), rules[i].needed[1]);
    }
}

static void check_channel(const struct abp_ini *ini, const struct abp_ini_section *s,
                          const struct abp_channel *channel, struct abp_mistake_log *log)
{
    char shown[ABP_SHOWN_SIZE];
    if (!abp_is_channel_name(s->name))
        abp_log_add(log, s->line,
                    "[channel %s]: not a channel's name; accepted are letters, "
                    "digits, _ - and .",
                    abp_shown(shown, s->name));
    if (!abp_ini_line(ini, s, "type"))
        abp_log_add(log, s->line, "[channel %s] has no type; accepted is %s",
                    abp_shown(shown, s->name), channel_keys[0].accepted);
    if (channel->platform == ABP_PLATFORM_COUNT)
        return;
    check_access(ini, s, channel->platform, log);
    /* A post meant for few must not go out to everyone because the platform has no such setting. */
    if (channel->visibility && strcmp(channel->visibility, "public") != 0 &&
        channel->platform != ABP_MASTODON)
        abp_log_add(log, abp_ini_line(ini, s, "visibility"),
                    "visibility: %s posts are public; accepted is public",
                    abp_platform_name(channel->platform));
}

/* ---- reading ---- */

static void release_channel(struct abp_channel *channel)
{
    free(channel->name);
    free(channel->account);
    free(channel->server);
    free(channel->visibility);
    free(channel->password.value);
    free(channel->token.value);
}

const struct abp_channel *abp_workspace_channel(const struct abp_workspace *ws, const char *name)
{
    for (size_t i = 0; i < ws->channel_count; i++)
        if (strcmp(ws->channels[i].name, name) == 0)
            return &ws->channels[i];
    return NULL;
}

void abp_workspace_release(struct abp_workspace *ws)
{
    if (!ws)
        return;
    for (size_t i = 0; i < ws->channel_count; i++)
        release_channel(&ws->channels[i]);
    free(ws->channels);
    free(ws->root);
    free(ws->path);
    free(ws->database);
    free(ws->timezone);
    memset(ws, 0, sizeof *ws);
}

static void read_channel(struct abp_workspace *ws, const struct abp_ini *ini,
                         const struct abp_ini_section *s, struct abp_mistake_log *log)
{
    struct abp_channel *list =
        realloc(ws->channels, (ws->channel_count + 1) * sizeof *ws->channels);
    if (!list) {
        log->no_memory = 1;
        return;
    }
    ws->channels = list;
    struct abp_channel *channel = &list[ws->channel_count++];
    *channel = (struct abp_channel){.platform = ABP_PLATFORM_COUNT, /* not known yet */
                                    .target = NAN,
                                    .line = s->line};
    channel->name = abp_strdup(s->name);
    if (!channel->name)
        log->no_memory = 1;
    abp_ini_fill(ini, s, channel, ws->root, log);
    check_channel(ini, s, channel, log);
}

static void fill(struct abp_workspace *ws, const struct abp_ini *ini, struct abp_mistake_log *log)
{
    for (size_t i = 0; i < ini->section_count; i++) {
        const struct abp_ini_section *s = &ini->sections[i];
        if (s->kind == &kinds[1])
            read_channel(ws, ini, s, log);
        else
            abp_ini_fill(ini, s, ws, ws->root, log);
    }
    if (!abp_ini_section(ini, "abpost") && !ini->lost_sections)
        abp_log_add(log, 0, "there is no [abpost] section; accepted is a file that has one");
    struct abp_ini_key database = {.name = "database", .accepted = ""};
    struct abp_ini_value fallback = {.log = log, .key = &database, .folder = ws->root};
    if (!ws->database)
        abp_value_keep_path(&ws->database, "abpost.db", &fallback);
    if (!ws->timezone)
        abp_value_keep(&ws->timezone, "UTC", 3, &fallback);
}

int abp_workspace_parse(struct abp_workspace *ws, const char *name, const char *path,
                        const char *text, size_t len, struct abp_mistakes *mistakes,
                        struct abp_error *err)
{
    struct abp_mistake_log log;
    struct abp_ini ini;
    memset(ws, 0, sizeof *ws);
    abp_log_begin(&log, mistakes, name);
    ws->path = abp_strdup(path);
    ws->root = abp_folder_of(path);
    if (!ws->path || !ws->root) {
        abp_workspace_release(ws);
        return abp_fail_memory(err);
    }
    abp_ini_parse(&ini, &abp_workspace_schema, text, len, &log);
    fill(ws, &ini, &log);
    abp_ini_release(&ini);
    int rc = abp_log_end(&log, err);
    if (rc != 0)
        abp_workspace_release(ws);
    return rc;
}

int abp_workspace_read(struct abp_workspace *ws, const char *path, struct abp_mistakes *mistakes,
                       struct abp_error *err)
{
    struct abp_mistake_log log;
    struct abp_buffer text;
    memset(ws, 0, sizeof *ws);
    abp_log_begin(&log, mistakes, path);
    abp_buffer_init(&text, ABP_INI_FILE_MAX);
    int rc = abp_file_load(&text, path, ABP_INI_FILE_MAX, "an INI file", &log, err);
    if (rc != 0 && log.found > 0)
        rc = abp_log_end(&log, err);
    char *full = rc == 0 ? abp_absolute(path) : NULL;
    if (full)
        rc = abp_workspace_parse(ws, path, full, abp_buffer_text(&text), text.len, mistakes, err);
    else if (rc == 0)
        rc =
            abp_fail_at(err, ABP_FAILED, path, 0, "its folder can't be found: %s", strerror(errno));
    free(full);
    abp_buffer_release(&text);
    return rc;
}
