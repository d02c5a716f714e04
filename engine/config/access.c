#include "config/access.h"

#include "abpost/text.h"
#include "abpost/zone.h"

#include <stdlib.h>
#include <string.h>

#define LETTERS_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

void abp_read_platform(void *field, const struct abp_ini_value *value)
{
    const char *names[ABP_PLATFORM_COUNT];
    for (int p = 0; p < ABP_PLATFORM_COUNT; p++)
        names[p] = abp_platform_name((enum abp_platform)p);
    size_t i = abp_value_choice(value, names, ABP_PLATFORM_COUNT);
    if (i < ABP_PLATFORM_COUNT)
        *(enum abp_platform *)field = (enum abp_platform)i;
}

void abp_read_visibility(void *field, const struct abp_ini_value *value)
{
    static const char *const words[] = {"public", "unlisted", "followers"};
    if (abp_value_choice(value, words, 3) < 3)
        abp_read_text(field, value);
}

void abp_read_zone(void *field, const struct abp_ini_value *value)
{
    struct abp_zone *zone;
    struct abp_error err;
    if (abp_zone_open(&zone, value->text, &err) != 0) {
        abp_log_add(value->log, value->line, "%s: %s", value->key->name, err.message);
        return;
    }
    abp_zone_free(zone);
    abp_read_text(field, value);
}

/* ---- secrets ---- */

/* The name of an environment variable. */
static int is_variable(const char *text)
{
    if (*text >= '0' && *text <= '9')
        return 0;
    return *text && text[strspn(text, LETTERS_DIGITS "_")] == '\0';
}

void abp_read_secret(void *field, const struct abp_ini_value *value)
{
    struct abp_secret *secret = field;
    const char *text = value->text;
    const char *rest = text + strcspn(text, ":");
    rest += *rest == ':';
    if (strncmp(text, "env:", 4) == 0) {
        if (!is_variable(rest)) {
            abp_value_refuse(value, "what follows env: is no variable's name", "");
            return;
        }
        secret->source = ABP_SECRET_ENV;
        abp_value_keep(&secret->value, rest, strlen(rest), value);
    } else if (strncmp(text, "file:", 5) == 0) {
        secret->source = ABP_SECRET_FILE;
        abp_value_keep_path(&secret->value, rest, value);
    } else if (strncmp(text, "command:", 8) == 0) {
        rest += strspn(rest, " \t");
        if (*rest == '\0') {
            abp_value_refuse(value, "no command follows command:", "");
            return;
        }
        secret->source = ABP_SECRET_COMMAND;
        abp_value_keep(&secret->value, rest, strlen(rest), value);
    } else {
        abp_value_refuse(value, "a secret does not stand in this file itself", "");
    }
}

/* ---- servers ---- */

/* A number from 0 to max at *p, which moves past it; no leading zeros. 0 or -1. */
static int take_small(const char **p, int max)
{
    int v = 0;
    const char *start = *p;
    for (; **p >= '0' && **p <= '9' && v <= max; ++*p)
        v = v * 10 + (**p - '0');
    return *p > start && v <= max && (*start != '0' || *p == start + 1) ? v : -1;
}

static int is_loopback_v4(const char *host)
{
    if (take_small(&host, 255) != 127)
        return 0;
    for (int i = 0; i < 3; i++)
        if (*host++ != '.' || take_small(&host, 255) < 0)
            return 0;
    return *host == '\0';
}

static int is_loopback(const char *host)
{
    return abp_equal_nocase(host, "localhost") || strcmp(host, "[::1]") == 0 ||
           is_loopback_v4(host);
}

/* "[::1]" or labels of letters, digits and - joined by dots. */
static int is_host(const char *host)
{
    size_t len = strlen(host);
    if (host[0] == '[')
        return len > 3 && host[len - 1] == ']' &&
               strspn(host + 1, "0123456789abcdefABCDEF:.") == len - 2;
    if (len == 0 || strspn(host, LETTERS_DIGITS "-.") != len || strchr("-.", host[0]))
        return 0;
    return !strstr(host, "..") && !strstr(host, ".-") && !strstr(host, "-.") &&
           host[len - 1] != '-';
}

/* Takes "host[:port]" apart: the host into host[256]. 0, or -1 when it is no such thing. */
static int take_host(char *host, const char *text, size_t len)
{
    const char *bracket = len && text[0] == '[' ? memchr(text, ']', len) : NULL;
    size_t host_len = bracket ? (size_t)(bracket - text) + 1 : 0;
    if (!bracket)
        while (host_len < len && text[host_len] != ':')
            host_len++;
    if (host_len > 255)
        return -1;
    memcpy(host, text, host_len);
    host[host_len] = '\0';
    if (!is_host(host))
        return -1;
    if (host_len == len)
        return 0;
    const char *p = text + host_len + 1;
    return text[host_len] == ':' && take_small(&p, 65535) > 0 && p == text + len ? 0 : -1;
}

/* Why text is no server, or NULL when it is one. */
static const char *fault_of_server(const char *text)
{
    char host[256];
    int secure = strncmp(text, "https://", 8) == 0;
    if (!secure && strncmp(text, "http://", 7) != 0)
        return "the address begins neither with https:// nor with http://";
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p <= 0x20u || (unsigned char)*p >= 0x7Fu || strchr("\"<>\\^`{|}", *p))
            return "the address holds a character that addresses do not have";
    text += secure ? 8 : 7;
    size_t len = strcspn(text, "/?#");
    if (memchr(text, '@', len))
        return "the address holds a user or a password";
    if (strchr(text, '#'))
        return "the address holds a #";
    if (take_host(host, text, len) != 0)
        return "the address has no valid host and port";
    if (!secure && !is_loopback(host))
        return "http:// would send secrets in the clear";
    return NULL;
}

void abp_read_server(void *field, const struct abp_ini_value *value)
{
    const char *fault = fault_of_server(value->text);
    size_t len = strlen(value->text);
    if (fault) {
        abp_value_refuse(value, fault, "");
        return;
    }
    while (!strchr(value->text, '?') && value->text[len - 1] == '/')
        len--;
    abp_value_keep(field, value->text, len, value);
}

/* ---- targets ---- */

void abp_read_target(void *field, const struct abp_ini_value *value)
{
    char number[32];
    double posts;
    const char *rest = value->text + strcspn(value->text, " \t");
    size_t len = (size_t)(rest - value->text);
    rest += strspn(rest, " \t");
    int per_day = strcmp(rest, "per day") == 0;
    if (len < sizeof number) {
        memcpy(number, value->text, len);
        number[len] = '\0';
    }
    if (len >= sizeof number || abp_parse_double(number, &posts) != 0 ||
        (!per_day && strcmp(rest, "per week") != 0)) {
        abp_value_refuse_text(value, "is no target", "");
        return;
    }
    posts *= per_day ? 7 : 1;
    if (!(posts > value->key->min && posts <= value->key->max))
        abp_value_refuse_text(value, "is out of range", "");
    else
        *(double *)field = posts;
}
