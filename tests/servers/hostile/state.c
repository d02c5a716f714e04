/* What the server remembers, and the journal that outlives it. */
#include "hostile.h"

#include <math.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int64_t hostile_now(const struct hostile *h)
{
    return (h->fixed_now >= 0 ? h->fixed_now : (int64_t)time(NULL)) + h->offset;
}

/* splitmix64 (Steele, Lea and Flood 2014) */
double hostile_chance(struct hostile *h)
{
    uint64_t z = h->random += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

const char *hostile_iso(char *out, int64_t at)
{
    time_t seconds = (time_t)at;
    struct tm parts;
    gmtime_r(&seconds, &parts);
    strftime(out, 32, "%Y-%m-%dT%H:%M:%S.000Z", &parts);
    return out;
}

void hostile_digest(char *out, const char *prefix, const void *bytes, size_t len)
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned bits = 0, held = 0;
    size_t n = strlen(prefix);
    memcpy(out, prefix, n);
    EVP_Digest(bytes, len, hash, NULL, EVP_sha256(), NULL);
    for (size_t i = 0; i < 32; i++) {
        bits = bits << 8 | hash[i];
        for (held += 8; held >= 5; held -= 5)
            out[n++] = digits[bits >> (held - 5) & 31u];
    }
    out[n++] = digits[bits << (5 - held) & 31u];
    out[n] = '\0';
}

/* ---- the journal ---- */

static void journal(struct hostile *h, const char *what, const struct post *post)
{
    json_t *line = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "what", what, "api",
                             post->bluesky ? "bluesky" : "mastodon", "account", post->account, "id",
                             post->id, "key", post->key, "cid", post->cid, "text", post->text, "at",
                             (json_int_t)hostile_now(h));
    char *text = json_dumps(line, JSON_COMPACT);
    struct abp_buffer out;
    abp_buffer_init(&out, 1 << 20);
    abp_buffer_printf(&out, "%s\n", text ? text : "");
    if (h->journal >= 0 && write(h->journal, out.data, out.len) != (ssize_t)out.len)
        abort(); /* a test that counts must not count less */
    abp_buffer_release(&out);
    free(text);
    json_decref(line);
}

/* ---- posts ---- */

struct post *post_find(struct hostile *h, const char *id)
{
    json_t *number = json_object_get(h->index, id);
    struct post *post = number ? &h->posts[json_integer_value(number)] : NULL;
    return post && !post->deleted ? post : NULL;
}

static void set_record(struct post *post, json_t *record)
{
    char cid[80];
    char *bytes = json_dumps(record, JSON_COMPACT | JSON_SORT_KEYS);
    hostile_digest(cid, "bafyrei", bytes ? bytes : "", bytes ? strlen(bytes) : 0);
    free(bytes);
    free(post->cid);
    post->cid = strdup(cid);
    json_decref(post->record);
    post->record = json_incref(record);
}

struct post *post_add(struct hostile *h, int bluesky, const char *account, const char *id,
                      const char *key, const char *text, json_t *record)
{
    struct post *more = realloc(h->posts, (h->post_count + 1) * sizeof *more);
    if (!more)
        abort();
    h->posts = more;
    struct post *post = &more[h->post_count];
    memset(post, 0, sizeof *post);
    post->bluesky = bluesky;
    post->account = strdup(account);
    post->id = strdup(id);
    post->key = strdup(key);
    post->text = strdup(text);
    post->at = hostile_now(h);
    set_record(post, record);
    json_object_set_new(h->index, id, json_integer((json_int_t)h->post_count++));
    journal(h, "post", post);
    return post;
}

void post_change(struct hostile *h, struct post *post, const char *text, json_t *record)
{
    char *copy = strdup(text);
    free(post->text);
    post->text = copy;
    post->edited = 1;
    set_record(post, record);
    journal(h, "change", post);
}

void post_delete(struct hostile *h, struct post *post)
{
    journal(h, "delete", post);
    post->deleted = 1;
}

/* ---- fans ---- */

/* Knuth's product of uniforms (The Art of Computer Programming 2, 3.4.1), in steps so that
 * exp(-mean) does not vanish. */
static long long poisson(struct hostile *h, double mean)
{
    long long count = 0;
    for (; mean > 0; mean -= 10) {
        double least = exp(-(mean > 10 ? 10 : mean)), product = 1 - hostile_chance(h);
        for (; product > least; product *= 1 - hostile_chance(h))
            count++;
    }
    return count;
}

void posts_age(struct hostile *h, double seconds)
{
    for (size_t i = 0; i < h->post_count; i++)
        for (size_t f = 0; f < h->fan_count && !h->posts[i].deleted; f++)
            for (int m = 0; m < METRICS && strstr(h->posts[i].text, h->fans[f].marker); m++)
                h->posts[i].counts[m] += poisson(h, h->fans[f].per_hour[m] * seconds / 3600);
}

/* ---- limits ---- */

int account_may(struct hostile *h, const char *account)
{
    int64_t now = hostile_now(h);
    json_t *times = json_object_get(h->requests, account);
    if (h->limit <= 0)
        return 1;
    if (!times)
        json_object_set_new(h->requests, account, times = json_array());
    while (json_array_size(times) && json_integer_value(json_array_get(times, 0)) <= now - 300)
        json_array_remove(times, 0);
    if ((long)json_array_size(times) >= h->limit)
        return 0;
    json_array_append_new(times, json_integer(now));
    return 1;
}
