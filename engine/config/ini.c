#include "config/ini.h"

#include "abpost/text.h"

#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The state of one abp_ini_parse(). */
struct reading {
    struct abp_ini *ini;
    const struct abp_ini_schema *schema;
    struct abp_mistake_log *log;
    const char *next, *end; /* what was not read yet */
    long line;              /* number of the current line */
    char text[ABP_INI_LINE_MAX + 1];
    struct abp_ini_section *section;      /* the current one; NULL: none, or an unknown one */
    int any_section;                      /* 1: a [ was seen */
    long seen[ABP_INI_KEYS_MAX];          /* line of each key of the current section; 0: not yet */
    char handed[ABP_INI_SECTION_MAX + 1]; /* the section name as inih knows it */
    /* the entry that inih was handed and has to deliver */
    const struct abp_ini_key *key;
    const char *name, *value; /* inside text */
    int awaited;
};

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* ---- sections ---- */

static const struct abp_ini_kind *find_kind(struct reading *r, const char *word)
{
    const char *names[16];
    char hint[ABP_HINT_SIZE], shown[ABP_SHOWN_SIZE];
    struct abp_buffer list;
    abp_buffer_init(&list, 400);
    for (size_t i = 0; i < r->schema->kind_count; i++) {
        const struct abp_ini_kind *kind = &r->schema->kinds[i];
        if (strcmp(kind->name, word) == 0) {
            abp_buffer_release(&list);
            return kind;
        }
        names[i] = kind->name;
        abp_buffer_printf(&list, "%s[%s%s]", i ? ", " : "", kind->name, kind->named ? " NAME" : "");
    }
    abp_log_add(r->log, r->line, "unknown section [%s]; accepted are %s%s", abp_shown(shown, word),
                abp_buffer_text(&list), abp_hint(hint, word, names, r->schema->kind_count));
    abp_buffer_release(&list);
    return NULL;
}

static void check_duplicate(struct reading *r, const struct abp_ini_kind *kind, const char *name)
{
    char shown[ABP_SHOWN_SIZE];
    for (size_t i = 0; i < r->ini->section_count; i++) {
        const struct abp_ini_section *s = &r->ini->sections[i];
        if (s->kind != kind || (name && strcmp(s->name, name) != 0))
            continue;
        abp_log_add(r->log, r->line, "a second [%s%s%s]; accepted is one, the first is in line %ld",
                    kind->name, name ? " " : "", name ? abp_shown(shown, name) : "", s->line);
        return;
    }
}

/* Opens a section; name is "" when none was written. */
static void open_section(struct reading *r, const struct abp_ini_kind *kind, const char *name)
{
    struct abp_ini *ini = r->ini;
    if (kind->named && *name == '\0') {
        abp_log_add(r->log, r->line, "[%s] has no name; accepted is [%s NAME]", kind->name,
                    kind->name);
        return;
    }
    if (!kind->named && *name != '\0')
        abp_log_add(r->log, r->line, "[%s] takes no name; accepted is [%s]", kind->name,
                    kind->name);
    if (ini->section_count == ABP_INI_SECTIONS_MAX) {
        abp_log_add(r->log, r->line, "too many sections; accepted are at most %d",
                    ABP_INI_SECTIONS_MAX);
        return;
    }
    check_duplicate(r, kind, kind->named ? name : NULL);
    struct abp_ini_section *list =
        realloc(ini->sections, (ini->section_count + 1) * sizeof *ini->sections);
    char *copy = kind->named ? abp_strdup(name) : NULL;
    if (list)
        ini->sections = list;
    if (!list || (kind->named && !copy)) {
        free(copy);
        r->log->no_memory = 1;
        return;
    }
    r->section = &list[ini->section_count++];
    *r->section = (struct abp_ini_section){
        .kind = kind, .name = copy, .line = r->line, .first = ini->entry_count};
}

/* What follows a section's ] may only be a comment. */
static void check_after_section(struct reading *r, const char *rest)
{
    const char *p = rest;
    while (is_blank(*p))
        p++;
    if (*p != '\0' && (*p != ';' || p == rest))
        abp_log_add(r->log, r->line,
                    "text after the ] of a section; accepted is nothing, or a blank and a comment "
                    "that begins with ;");
}

/* What follows is not the section before, whatever becomes of this one. */
static void lose_section(struct reading *r)
{
    r->section = NULL;
    r->any_section = 1;
    r->ini->lost_sections++;
    memset(r->seen, 0, sizeof r->seen);
    memcpy(r->handed, "-", 2);
}

/* A line that begins with [. inih gets it anew, from r->handed. */
static void read_section(struct reading *r)
{
    char *close = strchr(r->text, ']');
    lose_section(r);
    if (close) {
        *close = '\0';
        check_after_section(r, close + 1);
    } else {
        abp_log_add(r->log, r->line,
                    "a section without its ]; accepted is [section] or "
                    "[section NAME]");
    }
    char *word = abp_trim(r->text + 1);
    size_t len = strlen(word);
    if (len > ABP_INI_SECTION_MAX || strchr(word, '[') || strstr(word, " ;") ||
        strstr(word, "\t;") || *word == ';') {
        abp_log_add(r->log, r->line,
                    "bad section name; accepted are at most %d bytes, without [ and a ; after a "
                    "blank",
                    ABP_INI_SECTION_MAX);
        return;
    }
    if (len > 0)
        memcpy(r->handed, word, len + 1);
    size_t kind_len = strcspn(word, " \t");
    char *name = word + kind_len + strspn(word + kind_len, " \t");
    word[kind_len] = '\0';
    const struct abp_ini_kind *kind = find_kind(r, word);
    if (kind)
        open_section(r, kind, name);
    if (r->section)
        r->ini->lost_sections--;
}

/* ---- entries ---- */

int abp_ini_is_word(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        int letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '_')))
            return 0;
    }
    return len > 0;
}

/* name: of a key of the kind's `others`, name_len bytes; NULL where the table has it. */
static void add_entry(struct reading *r, const struct abp_ini_key *key, const char *name,
                      size_t name_len, const char *text)
{
    struct abp_ini *ini = r->ini;
    size_t n = ini->entry_count;
    if ((n & (n - 1)) == 0) { /* grows at 0, 1, 2, 4, 8, ... */
        struct abp_ini_entry *list = realloc(ini->entries, (n ? 2 * n : 1) * sizeof *ini->entries);
        if (!list) {
            r->log->no_memory = 1;
            return;
        }
        ini->entries = list;
    }
    char *copy = text ? abp_strdup(text) : NULL;
    char *own = name ? abp_strndup(name, name_len) : NULL;
    if ((text && !copy) || (name && !own)) {
        free(copy);
        free(own);
        r->log->no_memory = 1;
        return;
    }
    ini->entries[ini->entry_count++] =
        (struct abp_ini_entry){.key = key, .name = own, .text = copy, .line = r->line};
    r->section->count++;
}

static void log_unknown_key(struct reading *r, const char *name)
{
    const struct abp_ini_kind *kind = r->section->kind;
    const char *names[ABP_INI_KEYS_MAX];
    char hint[ABP_HINT_SIZE], shown[ABP_SHOWN_SIZE];
    struct abp_buffer list;
    if (abp_log_full(r->log)) {
        r->log->found++;
        return;
    }
    abp_buffer_init(&list, 600);
    for (size_t i = 0; i < kind->key_count; i++) {
        names[i] = kind->keys[i].name;
        abp_buffer_printf(&list, "%s%s", i ? ", " : "", names[i]);
    }
    if (kind->others)
        abp_buffer_printf(&list, " and %s", kind->others->accepted);
    abp_log_add(r->log, r->line, "unknown key '%s' in [%s]; accepted are %s%s",
                abp_shown(shown, name), kind->name, abp_buffer_text(&list),
                abp_hint(hint, name, names, kind->key_count));
    abp_buffer_release(&list);
}

static void log_second(struct reading *r, const char *name, long first)
{
    abp_log_add(r->log, r->line,
                "a second '%s' in [%s]; accepted is one, the first is in "
                "line %ld",
                name, r->section->kind->name, first);
}

/* The kind's `others` where a key of that name is one of them, else NULL. */
static const struct abp_ini_key *find_other(struct reading *r, const char *name)
{
    const struct abp_ini_kind *kind = r->section->kind;
    const char *names[ABP_INI_KEYS_MAX];
    if (!kind->others || !abp_ini_is_word(name, strlen(name)))
        return NULL;
    for (size_t i = 0; i < kind->key_count; i++)
        names[i] = kind->keys[i].name;
    if (abp_suggest(name, names, kind->key_count))
        return NULL;
    for (size_t i = r->section->first; i < r->section->first + r->section->count; i++) {
        const struct abp_ini_entry *entry = &r->ini->entries[i];
        if (entry->name && strcmp(entry->name, name) == 0) {
            log_second(r, name, entry->line);
            break;
        }
    }
    return kind->others;
}

static const struct abp_ini_key *find_key(struct reading *r, const char *name)
{
    const struct abp_ini_kind *kind = r->section->kind;
    for (size_t i = 0; i < kind->key_count; i++) {
        if (strcmp(kind->keys[i].name, name) != 0)
            continue;
        if (r->seen[i])
            log_second(r, name, r->seen[i]);
        else
            r->seen[i] = r->line;
        return &kind->keys[i];
    }
    const struct abp_ini_key *other = find_other(r, name);
    if (!other)
        log_unknown_key(r, name);
    return other;
}

static enum abp_ini_comments comments_of(const struct abp_ini_key *key, const char *value)
{
    if (key->comments != ABP_INI_SECRET)
        return key->comments;
    if (strncmp(value, "env:", 4) == 0)
        return ABP_INI_CLOSED;
    return strncmp(value, "command:", 8) == 0 ? ABP_INI_FREE : ABP_INI_OPEN;
}

/* 1: the ; at value[at] stands clear as a comment does. */
static int stands_clear(const char *value, size_t at)
{
    int before = at == 0 || value[at - 1] == '\t' || (at >= 2 && is_blank(value[at - 2]));
    return before && (is_blank(value[at + 1]) || value[at + 1] == '\0');
}

/* Ends value before its comment. 0, or -1 when " ;" may be meant otherwise; logged. */
static int cut_comment(struct reading *r, const struct abp_ini_key *key, char *value)
{
    enum abp_ini_comments comments = comments_of(key, value);
    size_t at = comments == ABP_INI_SEPARATOR && *value == ';';
    for (; value[at]; at++)
        if (value[at] == ';' && (at == 0 || is_blank(value[at - 1])))
            break;
    if (value[at] == '\0')
        return 0;
    if (comments == ABP_INI_FREE) {
        abp_log_add(r->log, r->line,
                    "%s: a ; after a blank, where the value would be cut; accepted "
                    "is text without it (comments on lines of their own)",
                    r->text);
        return -1;
    }
    if (comments == ABP_INI_OPEN && !stands_clear(value, at)) {
        abp_log_add(r->log, r->line,
                    "%s: a ; after a blank, where the value would be cut; accepted "
                    "is a value without it, or a comment set off by two blanks, ; and a blank",
                    r->text);
        return -1;
    }
    value[at] = '\0';
    abp_trim(value);
    return 0;
}

/* A line "key = value" below a known section. 1 when inih is to split r->text, 0 when not, -1
 * when it is no such line. */
static int read_entry(struct reading *r)
{
    char *equals = strchr(r->text, '=');
    size_t colon = strcspn(r->text, ":");
    if (!equals || r->text + colon < equals) {
        /* Nothing of the line is quoted: it may be a secret. */
        abp_log_add(r->log, r->line,
                    "neither a [section] nor key = value; accepted are these, "
                    "blank lines and comments%s",
                    r->text[colon] ? " (did you mean = instead of : ?)" : "");
        return -1;
    }
    *equals = '\0';
    char *value = abp_trim(equals + 1);
    abp_trim(r->text);
    const struct abp_ini_key *key = find_key(r, r->text);
    if (!key)
        return 0;
    const char *other = key == r->section->kind->others ? r->text : NULL;
    int rc = cut_comment(r, key, value);
    if (rc == 0 && *value == '\0')
        abp_log_add(r->log, r->line, "%s has no value; accepted is %s", r->text, key->accepted);
    if (rc != 0 || *value == '\0') {
        add_entry(r, key, other, strlen(r->text), NULL);
        return 0;
    }
    r->key = key;
    r->name = r->text;
    r->value = value;
    r->awaited = 1;
    return 1;
}

/* inih's handler: the entry must be what was written. */
static int on_entry(void *user, const char *section, const char *name, const char *value)
{
    struct reading *r = user;
    if (!r->awaited || strcmp(section, r->handed) != 0 || strcmp(name, r->name) != 0 ||
        strcmp(value, r->value) != 0)
        return 0;
    add_entry(r, r->key, r->key == r->section->kind->others ? name : NULL, strlen(name), value);
    r->awaited = 0;
    return 1;
}

/* ---- lines ---- */

/* 0, or the number from 1 of the first byte of a control character other than tab (C0, DEL, C1). */
static size_t control_at(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        unsigned char before = i ? (unsigned char)text[i - 1] : 0;
        if ((c < 0x20u && c != '\t') || c == 0x7Fu)
            return i + 1;
        if (before == 0xC2u && c >= 0x80u && c <= 0x9Fu)
            return i;
    }
    return 0;
}

/* Copies a line into r->text. 1, or 0 when it can't be used; logged. */
static int take_line(struct reading *r, const char *line, size_t len)
{
    size_t bad = abp_utf8_invalid_at(line, len);
    size_t control = control_at(line, len);
    if (bad < len) {
        abp_log_add(r->log, r->line,
                    "byte %zu of the line is not UTF-8 text; accepted are files "
                    "saved as UTF-8",
                    bad + 1);
        return 0;
    }
    if (control) {
        abp_log_add(r->log, r->line,
                    "byte %zu of the line is a control character; accepted is "
                    "text and tabs",
                    control);
        return 0;
    }
    if (len > ABP_INI_LINE_MAX) {
        size_t first = 0;
        while (first < len && is_blank(line[first]))
            first++;
        abp_log_add(r->log, r->line, "a line of %zu bytes; accepted are at most %d, so %s", len,
                    ABP_INI_LINE_MAX,
                    first < len && (line[first] == ';' || line[first] == '#')
                        ? "break the remark into several lines"
                        : "say it in fewer words or with shorter names (a value can't go on in a "
                          "second line; a remark after it can stand in a line of its own)");
        return 0;
    }
    memcpy(r->text, line, len);
    r->text[len] = '\0';
    return 1;
}

/* A key whose line was refused is not missing as well. */
static void note_key(struct reading *r, const char *name, size_t name_len)
{
    const struct abp_ini_kind *kind = r->section->kind;
    for (size_t i = 0; i < kind->key_count; i++) {
        const struct abp_ini_key *key = &kind->keys[i];
        if (strlen(key->name) != name_len || memcmp(key->name, name, name_len) != 0)
            continue;
        add_entry(r, key, NULL, 0, NULL);
        if (!r->seen[i])
            r->seen[i] = r->line;
        return;
    }
    if (kind->others && abp_ini_is_word(name, name_len))
        add_entry(r, kind->others, name, name_len, NULL);
}

/* A line was refused. Should it be a section, what follows is not the one before. */
static void note_refused(struct reading *r, const char *line, size_t len)
{
    const char *end = line + len;
    while (line < end && is_blank(*line))
        line++;
    if (line < end && *line == '[')
        lose_section(r);
    const char *name = line;
    while (line < end && *line != '=' && *line != ':' && !is_blank(*line))
        line++;
    if (r->section)
        note_key(r, name, (size_t)(line - name));
}

/* A line as inih is to see it: kind of line in r->text. 1: an entry; 2: a section; 0: nothing. */
static int read_line(struct reading *r, const char *line, size_t len)
{
    if (!take_line(r, line, len)) {
        note_refused(r, line, len);
        return 0;
    }
    const char *p = r->text + strspn(r->text, " \t");
    if (*p == '\0' || *p == ';' || *p == '#')
        return 0;
    if (p > r->text) {
        abp_log_add(r->log, r->line,
                    "a line that begins with a blank; accepted are sections and "
                    "keys in the first column (a value can't go on in a second line)");
        note_refused(r, line, len);
        return 0;
    }
    if (*p == '[') {
        read_section(r);
        return 2;
    }
    if (!r->section) {
        if (!r->any_section)
            abp_log_add(r->log, r->line,
                        "a line before the first section; accepted are blank "
                        "lines and comments there");
        return 0;
    }
    int entry = read_entry(r);
    if (entry < 0)
        note_refused(r, line, len);
    return entry > 0;
}

static void log_if_awaited(struct reading *r)
{
    if (r->awaited)
        abp_log_add(r->log, r->line,
                    "%s: the inih library of this machine reads this line "
                    "otherwise than it is written; accepted is inih 55 as Debian builds it",
                    r->name);
    r->awaited = 0;
}

/* inih's reader: the next line that it may see, "\n" in place of all others. */
static char *on_line(char *out, int size, void *stream)
{
    struct reading *r = stream;
    log_if_awaited(r);
    if (r->next == r->end || size < ABP_INI_LINE_MAX + 3)
        return NULL;
    size_t left = (size_t)(r->end - r->next);
    const char *newline = memchr(r->next, '\n', left);
    const char *line = r->next;
    size_t len = newline ? (size_t)(newline - line) : left;
    r->next = newline ? newline + 1 : r->end;
    r->line++;
    if (len > 0 && line[len - 1] == '\r')
        len--;
    int kind = read_line(r, line, len);
    if (kind == 2)
        snprintf(out, (size_t)size, "[%s]\n", r->handed);
    else if (kind == 1)
        snprintf(out, (size_t)size, "%s=%s\n", r->text, r->value);
    else
        snprintf(out, (size_t)size, "\n");
    return out;
}

void abp_ini_parse(struct abp_ini *ini, const struct abp_ini_schema *schema, const char *text,
                   size_t len, struct abp_mistake_log *log)
{
    struct reading r = {.ini = ini, .schema = schema, .log = log, .next = text, .end = text + len};
    memset(ini, 0, sizeof *ini);
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        r.next += 3;
    int rc = ini_parse_stream(on_line, &r, on_entry, &r);
    log_if_awaited(&r);
    if (rc == -2)
        log->no_memory = 1;
    else if ((rc != 0 || r.next != r.end) && log->found == 0)
        abp_log_add(log, r.line,
                    "the inih library of this machine reads this file otherwise than "
                    "it is written; accepted is inih 55 as Debian builds it");
}

void abp_ini_release(struct abp_ini *ini)
{
    for (size_t i = 0; i < ini->section_count; i++)
        free(ini->sections[i].name);
    for (size_t i = 0; i < ini->entry_count; i++)
        free(ini->entries[i].text);
    for (size_t i = 0; i < ini->entry_count; i++)
        free(ini->entries[i].name);
    free(ini->sections);
    free(ini->entries);
    memset(ini, 0, sizeof *ini);
}

/* ---- what readers ask ---- */

void abp_ini_fill(const struct abp_ini *ini, const struct abp_ini_section *section, void *target,
                  const char *folder, struct abp_mistake_log *log)
{
    for (size_t i = section->first; i < section->first + section->count; i++) {
        if (abp_log_full(log))
            return;
        const struct abp_ini_entry *entry = &ini->entries[i];
        struct abp_ini_value value = {.log = log,
                                      .key = entry->key,
                                      .text = entry->text,
                                      .folder = folder,
                                      .line = entry->line};
        if (entry->text && !entry->name)
            entry->key->read((char *)target + entry->key->offset, &value);
    }
}

const struct abp_ini_section *abp_ini_section(const struct abp_ini *ini, const char *kind)
{
    for (size_t i = 0; i < ini->section_count; i++)
        if (strcmp(ini->sections[i].kind->name, kind) == 0)
            return &ini->sections[i];
    return NULL;
}

long abp_ini_line(const struct abp_ini *ini, const struct abp_ini_section *section, const char *key)
{
    for (size_t i = section->first; i < section->first + section->count; i++)
        if (strcmp(ini->entries[i].key->name, key) == 0)
            return ini->entries[i].line;
    return 0;
}

long abp_ini_line_of(const struct abp_ini *ini, const char *kind, const char *key)
{
    long line = 0;
    for (size_t i = 0; line == 0 && i < ini->section_count; i++)
        if (strcmp(ini->sections[i].kind->name, kind) == 0)
            line = abp_ini_line(ini, &ini->sections[i], key);
    return line;
}
