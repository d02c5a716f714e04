#include "units.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define ENVIRONMENT "abpost.env" /* in the workspace's folder */

static const char *const commands[ABP_JOB_COUNT] = {
    [ABP_JOB_TICK] = "tick", [ABP_JOB_NIGHTLY] = "nightly"};

/* ---- words, by the rules of who reads them ---- */

/* A path where systemd takes the rest of the line: only % means something. */
static void put_rest(struct abp_buffer *buf, const char *text)
{
    for (; *text; text++) {
        if (*text == '%')
            abp_buffer_byte(buf, '%');
        abp_buffer_byte(buf, *text);
    }
}

/* The same inside double quotation marks, where systemd takes words: C escapes, %. A $ means
 * something in a program's arguments, and nothing in its path or in Environment=. */
static void put_quoted(struct abp_buffer *buf, const char *text, int is_argument)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            abp_buffer_byte(buf, '\\');
        if (*text == '%' || (*text == '$' && is_argument))
            abp_buffer_byte(buf, *text);
        abp_buffer_byte(buf, *text);
    }
}

/* systemd refuses a program whose path holds quotation marks or a backslash, however they are
 * written; as an argument of the shell they are fine. */
static void put_program(struct abp_buffer *buf, const char *binary)
{
    int plain = strpbrk(binary, "\"'\\") == NULL;
    abp_buffer_add(buf, plain ? "\"" : "/bin/sh -c 'exec \"$$0\" \"$$@\"' \"");
    put_quoted(buf, binary, !plain);
    abp_buffer_byte(buf, '"');
}

/* A word of the shell, in a line of cron, which takes a bare % for the end of the command. */
static void put_cron_word(struct abp_buffer *buf, const char *text)
{
    abp_buffer_byte(buf, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            abp_buffer_add(buf, "'\"'\"'");
        else if (*text == '%')
            abp_buffer_add(buf, "\\%");
        else
            abp_buffer_byte(buf, *text);
    }
    abp_buffer_byte(buf, '\'');
}

/* ---- what there is to say ---- */

void abp_unit_name(char out[ABP_UNIT_NAME], const struct abp_units *units, enum abp_job job)
{
    const char *slash = strrchr(units->ws->root, '/');
    const char *folder = slash && slash[1] ? slash + 1 : "workspace";
    if (units->name)
        folder = units->name;
    char slug[40];
    size_t len = 0;
    for (; *folder && len + 1 < sizeof slug; folder++) {
        unsigned char c = (unsigned char)*folder;
        if (c < 0x80u && isalnum(c))
            slug[len++] = (char)tolower(c);
        else if (len && slug[len - 1] != '-')
            slug[len++] = '-';
    }
    while (len && slug[len - 1] == '-')
        len--;
    slug[len] = '\0';
    snprintf(out, ABP_UNIT_NAME, "abpost-%s-%s", len ? slug : "workspace", commands[job]);
}

static int check_path(const char *path, struct abp_error *err)
{
    size_t len = strlen(path);
    for (size_t i = 0; i < len; i++)
        if (iscntrl((unsigned char)path[i]))
            return abp_fail(err, ABP_DATA,
                            "neither systemd nor cron can be told of a path with a control "
                            "character in it; rename a folder on the way to %s",
                            path);
    if (len && (path[len - 1] == ' ' || path[len - 1] == '\\'))
        return abp_fail(err, ABP_DATA,
                        "systemd can't be told of a path that ends in a blank or a backslash; "
                        "rename %s",
                        path);
    return 0;
}

int abp_units_check(const struct abp_units *units, struct abp_error *err)
{
    return check_path(units->binary, err) == 0 && check_path(units->ws->root, err) == 0 &&
                   check_path(units->ws->path, err) == 0
               ? 0
               : -1;
}

int abp_units_need_environment(const struct abp_workspace *ws)
{
    for (size_t i = 0; i < ws->channel_count; i++)
        if (ws->channels[i].password.source == ABP_SECRET_ENV ||
            ws->channels[i].token.source == ABP_SECRET_ENV)
            return 1;
    return 0;
}

/* 1: the workspace's file is not where a search would find it. */
static int needs_config(const struct abp_workspace *ws)
{
    size_t len = strlen(ws->root);
    return strncmp(ws->path, ws->root, len) != 0 || strcmp(ws->path + len, "/abpost.ini") != 0;
}

/* 1: it lies where ProtectSystem=full lets nobody write. */
static int is_in_system(const char *path)
{
    static const char *const folders[] = {"/usr/", "/boot/", "/efi/", "/etc/"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (strncmp(path, folders[i], strlen(folders[i])) == 0)
            return 1;
    return 0;
}

static void put_secrets(struct abp_buffer *buf, const struct abp_workspace *ws)
{
    if (!abp_units_need_environment(ws))
        return;
    abp_buffer_add(buf, "# Lines NAME='value', readable by its owner alone (chmod 600), for:");
    for (size_t i = 0; i < ws->channel_count; i++) {
        const struct abp_secret *secrets[] = {&ws->channels[i].password, &ws->channels[i].token};
        for (size_t k = 0; k < 2; k++)
            if (secrets[k]->source == ABP_SECRET_ENV)
                abp_buffer_printf(buf, " %s", secrets[k]->value);
    }
    abp_buffer_add(buf, "\nEnvironmentFile=");
    put_rest(buf, ws->root);
    abp_buffer_add(buf, "/" ENVIRONMENT "\n");
}

static void put_hardening(struct abp_buffer *buf, const struct abp_units *units)
{
    abp_buffer_add(buf, "UMask=0077\n"
                        "NoNewPrivileges=yes\n"
                        "RestrictSUIDSGID=yes\n"
                        "LockPersonality=yes\n"
                        "RestrictRealtime=yes\n"
                        "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK\n"
                        "SystemCallArchitectures=native\n");
    if (!units->user)
        return; /* a user's manager can't set up mounts on every machine */
    if (!is_in_system(units->ws->root) && !is_in_system(units->ws->database))
        abp_buffer_add(buf, "ProtectSystem=full\n");
    abp_buffer_add(buf, "ProtectKernelTunables=yes\n"
                        "ProtectKernelModules=yes\n"
                        "ProtectControlGroups=yes\n"
                        "ProtectClock=yes\n");
}

void abp_put_service(struct abp_buffer *buf, const struct abp_units *units, enum abp_job job)
{
    static const char *const purposes[ABP_JOB_COUNT] = {
        [ABP_JOB_TICK] = "abpost: post what is due, read what has matured",
        [ABP_JOB_NIGHTLY] = "abpost: evaluate and decide"};
    abp_buffer_printf(buf, "[Unit]\nDescription=%s (", purposes[job]);
    put_rest(buf, units->ws->root);
    abp_buffer_add(buf, ")\n");
    if (units->user)
        abp_buffer_add(buf, "Wants=network-online.target\nAfter=network-online.target\n");
    abp_buffer_add(buf, "\n[Service]\nType=oneshot\n");
    if (units->user)
        abp_buffer_printf(buf, "User=%s\n", units->user);
    abp_buffer_add(buf, "WorkingDirectory=");
    put_rest(buf, units->ws->root);
    abp_buffer_byte(buf, '\n');
    if (needs_config(units->ws)) {
        abp_buffer_add(buf, "Environment=\"ABPOST_CONFIG=");
        put_quoted(buf, units->ws->path, 0);
        abp_buffer_add(buf, "\"\n");
    }
    put_secrets(buf, units->ws);
    abp_buffer_add(buf, "ExecStart=");
    put_program(buf, units->binary);
    abp_buffer_printf(buf, " %s\n", commands[job]);
    abp_buffer_printf(buf, "TimeoutStartSec=%s\n", job == ABP_JOB_TICK ? "30min" : "3h");
    put_hardening(buf, units);
}

void abp_put_timer(struct abp_buffer *buf, const struct abp_units *units, enum abp_job job)
{
    const char *when = job == ABP_JOB_TICK ? "every minute" : "every night";
    abp_buffer_printf(buf, "[Unit]\nDescription=abpost %s, %s (", commands[job], when);
    put_rest(buf, units->ws->root);
    abp_buffer_add(buf, ")\n\n[Timer]\n");
    if (job == ABP_JOB_TICK)
        abp_buffer_add(buf, "OnCalendar=*-*-* *:*:00\nAccuracySec=1s\n");
    else
        abp_buffer_printf(buf, "OnCalendar=*-*-* 03:00:00 %s\nAccuracySec=1min\nPersistent=true\n",
                          units->ws->timezone);
    abp_buffer_add(buf, "\n[Install]\nWantedBy=timers.target\n");
}

void abp_put_cron(struct abp_buffer *buf, const struct abp_units *units, enum abp_job job)
{
    const struct abp_workspace *ws = units->ws;
    /* Some crons take a backslash before another character as it is, some don't. */
    if (strchr(units->binary, '\\') || strchr(ws->path, '\\')) {
        abp_buffer_printf(buf, "# No line for %s: not every cron reads a backslash in a path.\n",
                          commands[job]);
        return;
    }
    abp_buffer_add(buf, job == ABP_JOB_TICK ? "* * * * * cd " : "0 3 * * * cd ");
    put_cron_word(buf, ws->root);
    if (abp_units_need_environment(ws))
        abp_buffer_add(buf, " && set -a && . ./" ENVIRONMENT);
    abp_buffer_add(buf, " && ");
    if (needs_config(ws)) {
        abp_buffer_add(buf, "ABPOST_CONFIG=");
        put_cron_word(buf, ws->path);
        abp_buffer_byte(buf, ' ');
    }
    put_cron_word(buf, units->binary);
    abp_buffer_printf(buf, " -q %s\n", commands[job]);
}

/* ---- reading one again ---- */

/* The rest of the first line that begins so, up to `end`, as put_rest() and put_quoted() wrote it.
 */
static void take_rest(struct abp_buffer *out, const char *text, const char *begin, char end)
{
    const char *at = strstr(text, begin);
    for (at = at ? at + strlen(begin) : ""; *at && *at != '\n' && *at != end; at++) {
        int escaped = (end == '"' && *at == '\\') || (*at == '%' && at[1] == '%');
        at += escaped && at[1] && at[1] != '\n';
        abp_buffer_byte(out, *at);
    }
}

/* A timer only names the folder where a person reads it: "Description=abpost tick (FOLDER)". */
static void take_described(struct abp_buffer *out, const char *text)
{
    struct abp_buffer line;
    abp_buffer_init(&line, out->max);
    take_rest(&line, text, "\nDescription=", '\0');
    const char *open = strstr(abp_buffer_text(&line), " (/");
    if (open && line.data[line.len - 1] == ')')
        abp_buffer_append(out, open + 2, (size_t)(line.data + line.len - 1 - (open + 2)));
    abp_buffer_release(&line);
}

int abp_units_owner(struct abp_buffer *folder, struct abp_buffer *file, const char *text,
                    struct abp_error *err)
{
    take_rest(folder, text, "\nWorkingDirectory=", '\0');
    int is_service = folder->len > 0;
    if (is_service)
        take_rest(file, text, "\nEnvironment=\"ABPOST_CONFIG=", '"');
    else
        take_described(folder, text);
    if (is_service && file->len == 0)
        abp_buffer_printf(file, "%s%s", abp_buffer_text(folder), "/abpost.ini");
    return folder->failed || file->failed ? abp_fail_memory(err) : 0;
}
