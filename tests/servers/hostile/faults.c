/* Rules that say which request goes wrong, and how. */
#include "hostile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct {
    const char *name;
    enum fault_kind kind;
    int commit; /* when the rule does not say */
} kinds[] = {
    {"drop-unread", FAULT_DROP_UNREAD, 0},
    {"drop", FAULT_DROP, 0},
    {"reset", FAULT_RESET, 0},
    {"half", FAULT_HALF, 1},
    {"status", FAULT_STATUS, 0},
    {"hang", FAULT_HANG, 0},
    {"late", FAULT_LATE, 1},
    {"slow", FAULT_SLOW, 1},
    {"limit", FAULT_LIMIT, 0},
    {"expired", FAULT_EXPIRED, 0},
    {"duplicate", FAULT_DUPLICATE, 0},
    {"processing", FAULT_PROCESSING, 1},
    {"gone", FAULT_GONE, 0},
    {"fall", FAULT_FALL, 1},
    {"garbage", FAULT_GARBAGE, 1},
    {"pass", FAULT_NONE, 1},
};

static int set_kind(struct fault *fault, const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(name, kinds[i].name) == 0) {
            fault->kind = kinds[i].kind;
            fault->commit = kinds[i].commit;
            return 1;
        }
    return 0;
}

static int set_text(char *out, size_t size, const char *value)
{
    return snprintf(out, size, "%s", value) < (int)size;
}

/* 1: key=value is something that a rule has. */
static int set(struct rule *rule, const char *key, const char *value, int *commit)
{
    struct fault *fault = &rule->fault;
    const struct {
        const char *name;
        char *out;
        size_t size;
    } texts[] = {{"method", rule->method, sizeof rule->method},
                 {"path", rule->path, sizeof rule->path},
                 {"dialect", fault->dialect, sizeof fault->dialect},
                 {"of", fault->of, sizeof fault->of},
                 {"to", fault->to, sizeof fault->to}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(key, texts[i].name) == 0)
            return set_text(texts[i].out, texts[i].size, value);
    double number = strtod(value, NULL);
    if (strcmp(key, "do") == 0)
        return set_kind(fault, value);
    if (strcmp(key, "commit") == 0)
        *commit = strcmp(value, "yes") == 0;
    else if (strcmp(key, "status") == 0)
        fault->status = (int)number;
    else if (strcmp(key, "seconds") == 0)
        fault->seconds = number;
    else if (strcmp(key, "polls") == 0)
        fault->polls = (int)number;
    else if (strcmp(key, "skip") == 0)
        rule->skip = (long)number;
    else if (strcmp(key, "times") == 0)
        rule->times = (long)number;
    else if (strcmp(key, "p") == 0)
        rule->chance = number;
    else
        return 0;
    return 1;
}

static int read_rule(struct rule *rule, const char *line)
{
    char copy[sizeof rule->line];
    int commit = -1;
    memset(rule, 0, sizeof *rule);
    rule->times = -1;
    rule->chance = 1;
    rule->fault.status = 500;
    rule->fault.polls = 2;
    if (!set_text(rule->line, sizeof rule->line, line))
        return 0;
    for (const char *p = line + strspn(line, " \t"); *p; p += strspn(p, " \t")) {
        size_t len = strcspn(p, " \t"), split = strcspn(p, "= \t");
        if (p[split] != '=')
            return 0;
        snprintf(copy, sizeof copy, "%.*s", (int)len, p);
        copy[split] = '\0';
        if (!set(rule, copy, copy + split + 1, &commit))
            return 0;
        p += len;
    }
    if (commit >= 0)
        rule->fault.commit = commit;
    return strstr(line, "do=") != NULL;
}

const char *faults_add(struct hostile *h, const char *text)
{
    while (*text) {
        char line[1000];
        size_t len = strcspn(text, "\n");
        snprintf(line, sizeof line, "%.*s", (int)len, text);
        if (len && *text != '#') {
            if (h->rule_count == RULES_MAX || !read_rule(&h->rules[h->rule_count], line))
                return text;
            h->rule_count++;
        }
        text += len + (text[len] == '\n');
    }
    return NULL;
}

static int matches(const struct rule *rule, const struct request *q)
{
    if (!q || rule->fault.kind == FAULT_DROP_UNREAD)
        return !q && rule->fault.kind == FAULT_DROP_UNREAD;
    return (!*rule->method || strcmp(rule->method, q->method) == 0) &&
           (!*rule->path || strstr(q->path, rule->path));
}

void faults_pick(struct fault *fault, struct hostile *h, const struct request *q)
{
    *fault = (struct fault){.kind = FAULT_NONE, .commit = 1};
    for (size_t i = 0; i < h->rule_count; i++) {
        struct rule *rule = &h->rules[i];
        if (!matches(rule, q))
            continue;
        rule->seen++;
        if (rule->seen <= rule->skip || (rule->times >= 0 && rule->hits >= rule->times) ||
            (rule->chance < 1 && hostile_chance(h) >= rule->chance))
            continue;
        rule->hits++;
        *fault = rule->fault;
        return;
    }
}

/* ---- answers of faults ---- */

static void limit_answer(struct answer *a, const struct hostile *h, const struct fault *fault)
{
    char date[64], iso[32];
    int64_t until = hostile_now(h) + (int64_t)fault->seconds;
    time_t at = (time_t)until;
    struct tm parts;
    answer_error(a, 429, "RateLimitExceeded", "Rate Limit Exceeded");
    gmtime_r(&at, &parts);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (strcmp(fault->dialect, "iso") == 0)
        abp_buffer_printf(&a->headers,
                          "X-RateLimit-Limit: 300\r\nX-RateLimit-Remaining: 0\r\n"
                          "X-RateLimit-Reset: %s\r\n",
                          hostile_iso(iso, until));
    else if (strcmp(fault->dialect, "seconds") == 0)
        abp_buffer_printf(&a->headers, "Retry-After: %d\r\n", (int)fault->seconds);
    else if (strcmp(fault->dialect, "date") == 0)
        abp_buffer_printf(&a->headers, "Retry-After: %s\r\n", date);
    else if (strcmp(fault->dialect, "none") != 0)
        abp_buffer_printf(&a->headers,
                          "RateLimit-Limit: 30\r\nRateLimit-Remaining: 0\r\n"
                          "RateLimit-Reset: %lld\r\nRateLimit-Policy: 30;w=300\r\n",
                          (long long)until);
}

void faults_answer(struct answer *a, struct hostile *h, const struct fault *fault,
                   const struct request *q)
{
    int xrpc = strncmp(q->path, "/xrpc/", 6) == 0;
    switch (fault->kind) {
    case FAULT_LIMIT:
        limit_answer(a, h, fault);
        break;
    case FAULT_EXPIRED:
        if (xrpc)
            answer_error(a, 400, "ExpiredToken", "Token has expired");
        else
            answer_error(a, 401, "The access token expired", NULL);
        break;
    case FAULT_DUPLICATE:
        answer_error(a, xrpc ? 400 : 422, "Validation failed: this has been posted already", NULL);
        break;
    case FAULT_GONE:
        if (xrpc)
            answer_error(a, 400, "RecordNotFound", "Could not locate record");
        else
            answer_error(a, 404, "Record not found", NULL);
        break;
    default:
        answer_error(a, fault->status, "InternalServerError", "Internal Server Error");
        break;
    }
}
