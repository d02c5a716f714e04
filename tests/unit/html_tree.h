/* A strict reader of the pages' HTML, as strict as one of XML: every element is closed in its order
 * (but for the void ones), attributes are in double quotes and stand once, < > & are only where
 * they belong, an id stands once, every #link has its target, every coordinate of a plot is a
 * finite number. */
#ifndef HTML_TREE_H
#define HTML_TREE_H

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TREE_DEPTH = 64, TREE_NAME = 32, TREE_ATTRIBUTES = 24 };

struct html_tree {
    const char *page, *at, *end;
    char open[TREE_DEPTH][TREE_NAME];
    size_t depth;
};

#define tree_fail(t, why)                                                                          \
    fail_msg("%s at byte %zu: %.80s", why, (size_t)((t)->at - (t)->page), (t)->at)

static void tree_entity(struct html_tree *t)
{
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
        if (strncmp(t->at, entities[i], strlen(entities[i])) == 0) {
            t->at += strlen(entities[i]);
            return;
        }
    tree_fail(t, "an & that begins no entity");
}

static size_t tree_word(struct html_tree *t, char *word)
{
    size_t len = 0;
    while (isalnum((unsigned char)*t->at) || *t->at == '-') {
        if (len + 1 >= TREE_NAME)
            tree_fail(t, "a long name");
        word[len++] = *t->at++;
    }
    word[len] = '\0';
    if (len == 0)
        tree_fail(t, "no name");
    return len;
}

static int tree_is_place(const char *name)
{
    static const char *const places[] = {"x",  "x1", "x2", "y",      "y1",   "y2",
                                         "cx", "cy", "r",  "height", "width"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (strcmp(name, places[i]) == 0)
            return 1;
    return 0;
}

/* "41.25%" and the like, neither none nor absurd. */
static void tree_number(struct html_tree *t, const char *value, size_t len)
{
    char *end;
    double number = strtod(value, &end);
    if (end == value || !isfinite(number) || fabs(number) > 10000 ||
        end + (*end == '%') != value + len)
        tree_fail(t, "a coordinate that is no number");
}

static void tree_target(struct html_tree *t, const char *value, size_t len)
{
    char wanted[64];
    if (len < 2 || len > 40 || value[0] != '#')
        tree_fail(t, "a link that leaves the page");
    snprintf(wanted, sizeof wanted, " id=\"%.*s\"", (int)len - 1, value + 1);
    const char *found = strstr(t->page, wanted);
    if (!found || strstr(found + 1, wanted))
        tree_fail(t, "a link that has no target, or two");
}

static void tree_attribute(struct html_tree *t, const char *element, char *name)
{
    tree_word(t, name);
    if (*t->at != '=') {
        if (strcmp(name, "open") != 0)
            tree_fail(t, "an attribute without a value");
        return;
    }
    if (*++t->at != '"')
        tree_fail(t, "an attribute that is not quoted");
    const char *value = ++t->at;
    while (*t->at != '"') {
        if (t->at >= t->end || *t->at == '<' || *t->at == '>')
            tree_fail(t, "an attribute that does not end");
        if (*t->at == '&')
            tree_entity(t);
        else
            t->at++;
    }
    size_t len = (size_t)(t->at - value);
    t->at++;
    if (tree_is_place(name) && strcmp(element, "meta") != 0)
        tree_number(t, value, len);
    if (strcmp(name, "href") == 0)
        tree_target(t, value, len);
    if (strncmp(name, "on", 2) == 0 && strcmp(name, "open") != 0)
        tree_fail(t, "a script's attribute");
}

static int tree_is_void(const char *name)
{
    return strcmp(name, "meta") == 0 || strcmp(name, "br") == 0;
}

static void tree_open(struct html_tree *t)
{
    char name[TREE_NAME], attributes[TREE_ATTRIBUTES][TREE_NAME];
    size_t count = 0;
    t->at++;
    tree_word(t, name);
    while (*t->at == ' ') {
        t->at++;
        tree_attribute(t, name, attributes[count]);
        for (size_t i = 0; i < count; i++)
            if (strcmp(attributes[i], attributes[count]) == 0)
                tree_fail(t, "an attribute twice");
        if (++count == TREE_ATTRIBUTES)
            tree_fail(t, "many attributes");
    }
    int alone = *t->at == '/';
    t->at += alone;
    if (*t->at != '>')
        tree_fail(t, "a tag that does not end");
    t->at++;
    if (alone || tree_is_void(name))
        return;
    if (t->depth == TREE_DEPTH)
        tree_fail(t, "deep");
    strcpy(t->open[t->depth++], name);
    if (strcmp(name, "style") == 0)
        t->at = strstr(t->at, "</style>");
}

static void tree_close(struct html_tree *t)
{
    char name[TREE_NAME];
    t->at += 2;
    tree_word(t, name);
    if (t->depth == 0 || strcmp(t->open[t->depth - 1], name) != 0)
        tree_fail(t, "closes what is not open");
    if (*t->at++ != '>')
        tree_fail(t, "a closing tag that does not end");
    t->depth--;
}

static void html_tree_check(const char *page, size_t len)
{
    struct html_tree t = {.page = page, .at = page + strlen(ABP_REPORT_MARK), .end = page + len};
    assert_int_equal(strlen(page), len);
    while (t.at < t.end) {
        if (t.at[0] == '<' && t.at[1] == '/')
            tree_close(&t);
        else if (*t.at == '<')
            tree_open(&t);
        else if (*t.at == '>')
            tree_fail(&t, "a stray >");
        else if (*t.at == '&')
            tree_entity(&t);
        else
            t.at++;
    }
    if (t.depth)
        fail_msg("%s is never closed", t.open[t.depth - 1]);
}

#endif
