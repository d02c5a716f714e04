/* Weighted sums of metrics or columns, and the guardrails made of them. */
#include "config/value.h"

#include "abpost/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WEIGHT_MAX 1e9

/* The state of one sum's parse. */
struct summing {
    const struct abp_ini_value *value; /* for mistakes */
    const char *p;                     /* what is to be read */
    int blanks;                        /* 1: names may hold single blanks */
};

void abp_sum_release(struct abp_sum *sum)
{
    for (size_t i = 0; i < sum->count; i++)
        free(sum->terms[i].name);
    free(sum->terms);
    memset(sum, 0, sizeof *sum);
}

static void skip_blanks(struct summing *s)
{
    s->p += strspn(s->p, " \t");
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' ||
           c == '.' || (unsigned char)c >= 0x80u;
}

/* Length of the unquoted name at p; single blanks between words belong to it where allowed. */
static size_t name_length(const struct summing *s)
{
    size_t n = 0;
    while (is_name_byte(s->p[n]) || (s->blanks && n > 0 && s->p[n] == ' ' &&
                                     is_name_byte(s->p[n - 1]) && is_name_byte(s->p[n + 1])))
        n++;
    return n;
}

/* A name, quoted or not, which the caller frees. NULL: refused, or no memory. */
static char *take_name(struct summing *s)
{
    if (*s->p == '"')
        return abp_take_quoted(&s->p, s->value);
    size_t len = name_length(s);
    if (len == 0) {
        abp_value_refuse_text(s->value, "has no name where one is due", "");
        return NULL;
    }
    char *name = abp_strndup(s->p, len);
    if (!name)
        s->value->log->no_memory = 1;
    s->p += len;
    return name;
}

/* "3*" or "0.5 *" before a name: its number, or 1 when there is none. 0, or -1 when refused. */
static int take_weight(struct summing *s, double *weight)
{
    char number[64];
    size_t len = strspn(s->p, "0123456789.");
    *weight = 1;
    if (!is_digit(*s->p) && *s->p != '.')
        return 0;
    if (len < sizeof number) {
        memcpy(number, s->p, len);
        number[len] = '\0';
    }
    if (len >= sizeof number || abp_parse_double(number, weight) != 0 || *weight == 0 ||
        *weight > WEIGHT_MAX) {
        abp_value_refuse_text(s->value, "has a weight that is no number above 0 and up to 1e9", "");
        return -1;
    }
    s->p += len;
    skip_blanks(s);
    if (*s->p != '*') {
        abp_value_refuse_text(s->value, "has a number without a * after it", "");
        return -1;
    }
    s->p++;
    skip_blanks(s);
    return 0;
}

static int add_term(struct abp_sum *sum, double weight, char *name, struct summing *s)
{
    for (size_t i = 0; i < sum->count; i++)
        if (strcmp(sum->terms[i].name, name) == 0) {
            abp_value_refuse_text(s->value, "names the same thing twice", "");
            return -1;
        }
    struct abp_term *terms = realloc(sum->terms, (sum->count + 1) * sizeof *terms);
    if (!terms) {
        s->value->log->no_memory = 1;
        return -1;
    }
    sum->terms = terms;
    terms[sum->count++] = (struct abp_term){.weight = weight, .name = name};
    return 0;
}

/* The + or - before the next term, as 1 or -1; 0 when there is none or it is refused. */
static int take_operator(struct summing *s)
{
    char before = s->p[-1];
    skip_blanks(s);
    char c = *s->p;
    if (c != '+' && c != '-')
        return 0;
    /* "post-clicks": a column of that name, or a difference? */
    if (c == '-' && s->p[-1] == before && is_name_byte(before) && is_name_byte(s->p[1])) {
        abp_value_refuse_text(s->value,
                              "has a - that may belong to a name (write a - b, or \"a-b\" "
                              "in quotation marks)",
                              "");
        return 0;
    }
    s->p++;
    skip_blanks(s);
    return c == '-' ? -1 : 1;
}

/* A sum up to the first character that can't go on with it. 0, or -1 when refused. */
static int take_sum(struct abp_sum *sum, struct summing *s)
{
    size_t found = s->value->log->found;
    skip_blanks(s);
    int sign = *s->p == '-' ? -1 : 1;
    if (*s->p == '-' || *s->p == '+') {
        s->p++;
        skip_blanks(s);
    }
    do {
        double weight;
        if (take_weight(s, &weight) != 0)
            return -1;
        char *name = take_name(s);
        if (!name)
            return -1;
        if (add_term(sum, sign * weight, name, s) != 0) {
            free(name);
            return -1;
        }
    } while ((sign = take_operator(s)) != 0);
    return s->value->log->found == found ? 0 : -1;
}

static void read_sum(struct abp_sum *sum, const struct abp_ini_value *value, int blanks)
{
    struct summing s = {.value = value, .p = value->text, .blanks = blanks};
    abp_sum_release(sum);
    if (take_sum(sum, &s) == 0 && *s.p != '\0')
        abp_value_refuse_text(value, "has something between or after its terms that is no + or -",
                              "");
}

void abp_read_metrics(void *field, const struct abp_ini_value *value)
{
    read_sum(field, value, 0);
}

void abp_read_columns(void *field, const struct abp_ini_value *value)
{
    read_sum(field, value, 1);
}

void abp_read_metrics_or_none(void *field, const struct abp_ini_value *value)
{
    if (strcmp(value->text, "none") != 0)
        read_sum(field, value, 0);
}

void abp_read_columns_or_none(void *field, const struct abp_ini_value *value)
{
    if (strcmp(value->text, "none") != 0)
        read_sum(field, value, 1);
}

/* ---- guardrails ---- */

void abp_guardrails_release(struct abp_decision *decision)
{
    for (size_t i = 0; i < decision->guardrail_count; i++)
        abp_sum_release(&decision->guardrails[i].metric);
    free(decision->guardrails);
    decision->guardrails = NULL;
    decision->guardrail_count = 0;
}

/* "<= 5%" up to a comma or the end. 0, or -1 when refused. */
static int take_limit(double *limit, struct summing *s)
{
    char text[64];
    skip_blanks(s);
    if (s->p[0] != '<' || s->p[1] != '=') {
        abp_value_refuse_text(s->value, "has no <= after a metric", "");
        return -1;
    }
    s->p += 2;
    skip_blanks(s);
    size_t len = strcspn(s->p, ",");
    if (len < sizeof text) {
        memcpy(text, s->p, len);
        text[len] = '\0';
        abp_trim(text);
    }
    if (len >= sizeof text || abp_share_parse(limit, text) != 0 || *limit > 10) {
        abp_value_refuse_text(s->value, "has a limit that is no share", "");
        return -1;
    }
    s->p += len;
    return 0;
}

static int take_guardrail(struct abp_guardrail *guardrail, struct summing *s)
{
    if (take_sum(&guardrail->metric, s) == 0 && take_limit(&guardrail->limit, s) == 0)
        return 0;
    abp_sum_release(&guardrail->metric);
    return -1;
}

void abp_read_guardrails(void *field, const struct abp_ini_value *value)
{
    struct abp_decision *decision = field;
    struct summing s = {.value = value, .p = value->text, .blanks = 0};
    abp_guardrails_release(decision);
    for (;;) {
        struct abp_guardrail one = {.limit = NAN};
        if (take_guardrail(&one, &s) != 0)
            return;
        struct abp_guardrail *list =
            realloc(decision->guardrails, (decision->guardrail_count + 1) * sizeof *list);
        if (!list) {
            abp_sum_release(&one.metric);
            value->log->no_memory = 1;
            return;
        }
        decision->guardrails = list;
        list[decision->guardrail_count++] = one;
        if (*s.p == '\0')
            return;
        s.p++; /* the comma: another one follows */
    }
}
