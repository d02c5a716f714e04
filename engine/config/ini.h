/* One INI file as sections and entries, every line accounted for.
 *
 * inih splits the lines. It also cuts, joins and skips some without a word (lines of 200 bytes,
 * section names of 50, what follows " ;" or "]", lines that begin with a blank), so a reader of our
 * own sees every line first and hands on only what inih delivers exactly as written. The rest is a
 * mistake with its line:
 *
 * - A file is UTF-8 (a BOM is skipped) of at most ABP_INI_FILE_MAX bytes, without control
 * characters but tab; lines end in LF or CRLF and have at most ABP_INI_LINE_MAX bytes.
 * - A line is blank, a comment (first character after blanks ; or #), a [section] or key = value.
 *   Sections and keys begin in the first column: there are no continuation lines. Only = separates.
 *   Keys stand below a section, each once; every section stands once.
 * - A value is never empty and never quoted as a whole: quotation marks belong to it.
 * - " ;" (a blank, or the =, and then ;) inside a value begins a comment where the value could not
 *   hold a ; itself (numbers, dates, words of a list: ABP_INI_CLOSED). Where it could (paths,
 *   columns, account names: ABP_INI_OPEN) a comment must stand clear: two blanks or a tab before
 *   the ; and a blank after it. In free text (ABP_INI_FREE) there are no comments. Any other " ;"
 * is a mistake, since inih would cut the value there. A ; without a blank before it is an ordinary
 *   character everywhere. */
#ifndef ABP_CONFIG_INI_H
#define ABP_CONFIG_INI_H

#include "config/mistakes.h"

#include <stddef.h>

#define ABP_INI_FILE_MAX     ((size_t)1 << 20)
#define ABP_INI_LINE_MAX     197 /* inih's buffer of 200 less CR, LF and NUL */
#define ABP_INI_SECTION_MAX  49  /* bytes between [ and ] */
#define ABP_INI_SECTIONS_MAX 1000
#define ABP_INI_KEYS_MAX     32 /* keys of one kind of section */

enum abp_ini_comments {
    ABP_INI_CLOSED,
    ABP_INI_OPEN,
    ABP_INI_FREE,
    ABP_INI_SEPARATOR, /* closed, but its first character may be ; */
    ABP_INI_SECRET     /* closed after env:, free after command:, else open */
};

struct abp_ini_value;

enum abp_ini_bounds { ABP_INI_INCLUSIVE = 0, ABP_INI_ABOVE_MIN = 1, ABP_INI_BELOW_MAX = 2 };

/* A key of a section: how to read it, and into which field. */
struct abp_ini_key {
    const char *name;
    enum abp_ini_comments comments;
    /* Reads value->text into field, or logs what is wrong. Frees what field held before. */
    void (*read)(void *field, const struct abp_ini_value *value);
    size_t offset;        /* of the field in the section's struct */
    const char *accepted; /* in words, for messages: "accepted is ..." */
    /* For 'abpost help' (abpost/reference.h): what it is, in a sentence without its full stop. */
    const char *meaning;
    const char *preset;  /* the value that says what leaving the key out says; NULL: none does */
    const char *absent;  /* that in words, where preset is NULL or needs them */
    const char *example; /* a whole line, where `accepted` does not show one; or NULL */
    double min, max;     /* where the value is a number */
    unsigned bounds;     /* of enum abp_ini_bounds */
};

/* A kind of section: [name], or [name NAME] when it is named. */
struct abp_ini_kind {
    const char *name;
    int named;
    const struct abp_ini_key *keys;
    size_t key_count; /* at most ABP_INI_KEYS_MAX */
    /* How keys of other names are taken: those that abp_ini_is_word() allows and that are not
       nearly one of `keys`. `accepted` says in messages what such a key is; abp_ini_fill() leaves
       them to the caller, `read` is not called. NULL: they are mistakes. */
    const struct abp_ini_key *others;
    const char *meaning; /* for 'abpost help', in whole sentences */
};

struct abp_ini_schema {
    const struct abp_ini_kind *kinds;
    size_t kind_count;
};

/* abpost.ini */
extern const struct abp_ini_schema abp_workspace_schema;

struct abp_ini_entry {
    const struct abp_ini_key *key; /* borrowed from the schema */
    char *name;                    /* owned; where key is a kind's `others`, else NULL */
    char *text;                    /* owned; NULL: written, but unusable, and logged */
    long line;
};

struct abp_ini_section {
    const struct abp_ini_kind *kind; /* borrowed from the schema */
    char *name;                      /* owned; of [kind NAME], else NULL */
    long line;
    size_t first, count; /* its entries */
};

struct abp_ini {
    struct abp_ini_section *sections; /* owned, in file order; duplicates too (they are logged) */
    size_t section_count;
    struct abp_ini_entry *entries; /* owned, in file order; duplicates too */
    size_t entry_count;
    size_t lost_sections; /* not understood: while there are any, none is known to be absent */
};

/* What a key's read function gets. All borrowed. */
struct abp_ini_value {
    struct abp_mistake_log *log;
    const struct abp_ini_key *key;
    const char *text;
    const char *folder; /* where relative paths start */
    long line;
};

/* Takes a file apart; what is wrong is logged. */
void abp_ini_parse(struct abp_ini *ini, const struct abp_ini_schema *schema, const char *text,
                   size_t len, struct abp_mistake_log *log);
void abp_ini_release(struct abp_ini *ini);

/* Reads a section's entries into its struct, until more is wrong than is listed. */
void abp_ini_fill(const struct abp_ini *ini, const struct abp_ini_section *section, void *target,
                  const char *folder, struct abp_mistake_log *log);

/* 1: ASCII letters, digits and _, at least one, a letter first. */
int abp_ini_is_word(const char *text, size_t len);

/* The first section of that kind, or NULL. */
const struct abp_ini_section *abp_ini_section(const struct abp_ini *ini, const char *kind);
/* The line of a section's key, or 0 when it is not written there. */
long abp_ini_line(const struct abp_ini *ini, const struct abp_ini_section *section,
                  const char *key);
/* The first line of that key in any section of that kind, or 0. */
long abp_ini_line_of(const struct abp_ini *ini, const char *kind, const char *key);

#endif
