#include "abpost/zone.h"

#include "abpost/buffer.h"
#include "abpost/text.h"
#include "base/zone_rule.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DAY_SECONDS   INT64_C(86400)
#define ZONE_FILE_MAX (256 * 1024) /* the largest of the database have 4 KiB */
#define NAME_MAX_LEN  64
#define HEADER_LEN    44

struct abp_zone {
    size_t count;    /* changes, in order */
    int64_t *at;     /* owned; UTC instant of each */
    int32_t *offset; /* owned; seconds east of UTC from then on */
    int32_t first;   /* before the first change */
    int has_rule;    /* 1: after the last change the rule speaks */
    struct abp_zone_rule rule;
};

/* ---- the file ---- */

struct bytes {
    const unsigned char *p;
    size_t left;
};

static int64_t big_endian(const unsigned char *p, size_t size)
{
    uint64_t v = p[0] & 0x80u ? UINT64_MAX : 0;
    for (size_t i = 0; i < size; i++)
        v = v << 8 | p[i];
    return (int64_t)v;
}

struct header {
    char version;
    size_t isut, isstd, leap, times, types, chars;
};

static int take_header(struct bytes *b, struct header *h)
{
    if (b->left < HEADER_LEN || memcmp(b->p, "TZif", 4) != 0)
        return -1;
    size_t *fields[] = {&h->isut, &h->isstd, &h->leap, &h->times, &h->types, &h->chars};
    for (size_t i = 0; i < 6; i++) {
        int64_t n = big_endian(b->p + 20 + 4 * i, 4);
        if (n < 0 || n > ZONE_FILE_MAX)
            return -1;
        *fields[i] = (size_t)n;
    }
    h->version = (char)b->p[4];
    b->p += HEADER_LEN;
    b->left -= HEADER_LEN;
    return 0;
}

/* Bytes of the block after a header whose times have `size` bytes. */
static size_t block_length(const struct header *h, size_t size)
{
    return h->times * (size + 1) + h->types * 6 + h->chars + h->leap * (size + 4) + h->isstd +
           h->isut;
}

/* The changes of a version 2 block. 0, or -1 when it contradicts itself or memory is out. */
static int read_changes(struct abp_zone *zone, const unsigned char *p, const struct header *h)
{
    const unsigned char *index = p + h->times * 8;
    const unsigned char *types = index + h->times;
    if (h->types == 0)
        return -1;
    zone->at = malloc((h->times + 1) * sizeof *zone->at);
    zone->offset = malloc((h->times + 1) * sizeof *zone->offset);
    if (!zone->at || !zone->offset)
        return -1;
    zone->first = (int32_t)big_endian(types, 4);
    for (size_t i = 0; i < h->times; i++) {
        zone->at[i] = big_endian(p + 8 * i, 8);
        if (index[i] >= h->types || (i > 0 && zone->at[i] <= zone->at[i - 1]))
            return -1;
        zone->offset[i] = (int32_t)big_endian(types + (size_t)index[i] * 6, 4);
        if (zone->offset[i] <= -DAY_SECONDS * 2 || zone->offset[i] >= DAY_SECONDS * 2)
            return -1;
    }
    zone->count = h->times;
    return 0;
}

/* "\nCET-1CEST,M3.5.0,M10.5.0/3\n"; an empty one leaves the last offset in force. */
static int read_footer(struct abp_zone *zone, struct bytes b)
{
    char text[128];
    const unsigned char *end = b.left > 1 ? memchr(b.p + 1, '\n', b.left - 1) : NULL;
    if (!end || b.p[0] != '\n' || (size_t)(end - b.p) > sizeof text)
        return -1;
    size_t len = (size_t)(end - b.p) - 1;
    memcpy(text, b.p + 1, len);
    text[len] = '\0';
    if (len == 0)
        return 0;
    zone->has_rule = 1;
    return abp_zone_rule_parse(&zone->rule, text);
}

/* A whole TZif file of version 2 or later. */
static int read_zone(struct abp_zone *zone, const struct abp_buffer *file)
{
    struct bytes b = {(const unsigned char *)file->data, file->len};
    struct header h;
    if (take_header(&b, &h) != 0 || h.version < '2' || block_length(&h, 4) > b.left)
        return -1;
    b.p += block_length(&h, 4);
    b.left -= block_length(&h, 4);
    if (take_header(&b, &h) != 0 || block_length(&h, 8) > b.left || h.leap != 0)
        return -1;
    if (read_changes(zone, b.p, &h) != 0)
        return -1;
    b.p += block_length(&h, 8);
    b.left -= block_length(&h, 8);
    return read_footer(zone, b);
}

/* ---- the database ---- */

static const char *const folders[] = {"/usr/share/zoneinfo", "/usr/lib/zoneinfo",
                                      "/usr/share/lib/zoneinfo", "/etc/zoneinfo"};
#define FOLDER_COUNT (sizeof folders / sizeof folders[0])

/* Where this machine keeps the database, or NULL. */
static const char *database(void)
{
    struct stat st;
    for (size_t i = 0; i < FOLDER_COUNT; i++)
        if (stat(folders[i], &st) == 0 && S_ISDIR(st.st_mode))
            return folders[i];
    return NULL;
}

/* 1: cannot lead out of the database's folder, and is no other file of it by accident: IANA's names
 * begin with a capital, `localtime`, posix/ and right/ (with leap seconds) do not. */
static int is_zone_name(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len <= NAME_MAX_LEN && name[0] >= 'A' && name[0] <= 'Z' &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") ==
               len;
}

static int read_file(struct abp_buffer *out, const char *path)
{
    char chunk[4096];
    size_t n;
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return -1;
    FILE *file = fopen(path, "re");
    if (!file)
        return -1;
    int rc = 0;
    while (rc == 0 && (n = fread(chunk, 1, sizeof chunk, file)) > 0)
        rc = abp_buffer_append(out, chunk, n);
    if (ferror(file))
        rc = -1;
    fclose(file);
    return rc;
}

/* The names in zone.tab: the third column. */
static size_t list_names(char *text, const char **names, size_t max)
{
    size_t count = 0;
    names[count++] = "UTC";
    for (char *line = text, *next; line && count < max; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        char *name = *line == '#' ? NULL : strchr(line, '\t');
        name = name ? strchr(name + 1, '\t') : NULL;
        if (!name)
            continue;
        name++;
        name[strcspn(name, "\t")] = '\0';
        names[count++] = name;
    }
    return count;
}

/* 1: the text is the last part of the name, as a person may write it: "berlin", "New York". */
static int is_city_of(const char *text, const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *city = slash ? slash + 1 : name;
    for (; *text && *city; text++, city++)
        if (tolower((unsigned char)*text) != tolower((unsigned char)*city) &&
            !(*text == ' ' && *city == '_'))
            return 0;
    return *text == '\0' && *city == '\0';
}

static const char *nearest(const char *text, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_city_of(text, names[i]))
            return names[i];
    return abp_suggest(text, names, count);
}

static int fail_unknown(const char *folder, const char *name, struct abp_error *err)
{
    enum { NAMES = 800 };
    const char *names[NAMES];
    char path[64];
    struct abp_buffer table;
    abp_buffer_init(&table, ZONE_FILE_MAX);
    snprintf(path, sizeof path, "%s/zone.tab", folder);
    const char *near = NULL;
    if (read_file(&table, path) == 0 && table.len > 0)
        near = nearest(name, names, list_names(table.data, names, NAMES));
    abp_fail(err, ABP_DATA,
             "there is no time zone '%.64s' on this machine; accepted is an IANA name such as "
             "Europe/Paris, or UTC%s%s%s",
             name, near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
    abp_buffer_release(&table);
    return -1;
}

int abp_zone_open(struct abp_zone **out, const char *name, struct abp_error *err)
{
    char path[128];
    struct abp_buffer file;
    struct abp_zone *zone = calloc(1, sizeof *zone);
    int rc = -1;
    *out = NULL;
    abp_buffer_init(&file, ZONE_FILE_MAX);
    if (!zone) {
        rc = abp_fail_memory(err);
        goto out;
    }
    if (strcmp(name, "UTC") == 0) {
        *out = zone;
        return 0;
    }
    const char *folder = database();
    if (!folder) {
        rc = abp_fail(err, ABP_FAILED, "this machine has no time zone database; install tzdata");
        goto out;
    }
    snprintf(path, sizeof path, "%s/%.64s", folder, name);
    if (!is_zone_name(name) || read_file(&file, path) != 0 || file.len < 4 ||
        memcmp(file.data, "TZif", 4) != 0) {
        rc = fail_unknown(folder, name, err);
        goto out;
    }
    rc = read_zone(zone, &file);
    if (rc != 0)
        abp_fail(err, ABP_FAILED, "%s can't be used: it is no TZif file of version 2 or later",
                 path);
out:
    abp_buffer_release(&file);
    if (rc == 0)
        *out = zone;
    else
        abp_zone_free(zone);
    return rc;
}

void abp_zone_free(struct abp_zone *zone)
{
    if (!zone)
        return;
    free(zone->at);
    free(zone->offset);
    free(zone);
}

/* ---- use ---- */

int64_t abp_zone_offset(const struct abp_zone *zone, int64_t utc)
{
    size_t low = 0, high = zone->count; /* changes before low are at or before utc */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->at[middle] <= utc)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == zone->count && zone->has_rule)
        return abp_zone_rule_offset(&zone->rule, utc);
    return low == 0 ? zone->first : zone->offset[low - 1];
}

int64_t abp_zone_to_utc(const struct abp_zone *zone, const struct abp_date *date,
                        const struct abp_wall_time *time)
{
    int64_t local = abp_date_to_days(date) * DAY_SECONDS + time->hour * 3600 + time->minute * 60;
    /* Offsets lie within a day of UTC and change at most once in two days, so one of these two is
     * in force when clocks show this. */
    int64_t before = abp_zone_offset(zone, local - DAY_SECONDS);
    int64_t after = abp_zone_offset(zone, local + DAY_SECONDS);
    if (abp_zone_offset(zone, local - before) == before)
        return local - before;
    if (abp_zone_offset(zone, local - after) == after)
        return local - after;
    return local - before; /* in the gap */
}

int abp_zone_to_local(struct abp_date *date, struct abp_wall_time *time,
                      const struct abp_zone *zone, int64_t utc)
{
    int64_t local = utc + abp_zone_offset(zone, utc);
    int64_t days = local / DAY_SECONDS;
    int64_t rest = local % DAY_SECONDS;
    if (rest < 0) {
        rest += DAY_SECONDS;
        days--;
    }
    if (abp_date_from_days(date, days) != 0)
        return -1;
    time->hour = (int)(rest / 3600);
    time->minute = (int)(rest / 60 % 60);
    return 0;
}
