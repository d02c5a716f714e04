/* Numbers that a person took by hand, from a CSV file, for posts that abpost made.
 *
 *     post,read_at,replies,likes
 *     12,2026-12-03 10:05,4,9
 *
 * - A row names its post by the number that `abpost status` shows (post), or by its address (url).
 * - read_at: RFC 3339, or what clocks of the workspace's zone showed. Where it is not said, the
 *   numbers are of now, and one that the post had when it was read last is no news and is not
 *   added: so a file may grow and be read again. But what a post had before its horizon does not
 *   stand for what it has at it: a row that comes after the horizon and repeats what was read
 *   before it, in all its numbers, is bad, as nobody can tell whether the post no longer grows or
 *   the row is an old one. Numbers at a time are added once, however often the file is read.
 *   A time without seconds is any second of its minute: where the horizon lies in it, the reading
 * is the one at the horizon, and nowhere else is a reading later than its minute's first second.
 * - Every other column is a metric: one that the experiment's outcome, exposure or guardrails name,
 *   that its platforms give, or that its posts have already. An empty cell was not read. The
 * columns that `abpost export` writes besides are passed over.
 * - All or nothing: every bad row is counted, the first are listed with line and column, and
 * nothing is added. Bad are a post that is unknown, of another experiment or not out, a time before
 * the post or still to come, what is no number or negative, what is not whole (or "1.000", which
 * may be a thousand) where the experiment's family counts it, and a number that contradicts one of
 * the same post, metric and second: facts are never changed. * - With `correct` such a number is a
 * correction: both are kept, and the newest one counts wherever numbers are read. A row without
 * read_at then is of the number at the horizon, the one that counts for the outcome. Only what a
 * person took can be corrected: the numbers of an outbox, and metrics that the platform never
 * gives. */
#ifndef ABPOST_READINGS_CSV_H
#define ABPOST_READINGS_CSV_H

#include "abpost/config.h"
#include "abpost/store.h"
#include "abpost/zone.h"

#include <stddef.h>
#include <stdint.h>

struct abp_readings_input {
    struct abp_store *store; /* borrowed, like the rest */
    const struct abp_experiment *experiment;
    const struct abp_workspace *ws;
    const struct abp_zone *zone;
    const char *path; /* of the CSV file */
    int64_t now;      /* UTC seconds */
    int correct;      /* 1: another number of the same time takes the place of the one there */
};

/* Posts whose times are told, of those that have to be read again. */
#define ABP_READINGS_TOLD 6

struct abp_readings_result {
    size_t rows;      /* with something in them */
    size_t bad;       /* rows */
    size_t posts;     /* that have a new number */
    size_t added;     /* numbers */
    size_t corrected; /* numbers */
    size_t known;     /* numbers that were there already */
    /* What the posts that the file has numbers of, new or known, now are to an evaluation. */
    size_t named;      /* all of them */
    size_t at_horizon; /* their outcome counts: read at the horizon, or around it (reading.h) */
    size_t before;     /* read before it alone */
    size_t late;       /* read too late to count */
    size_t lacking;    /* read, but without a number that the outcome needs */
    struct {
        int64_t post, from;     /* its number; UTC seconds of its horizon */
    } again[ABP_READINGS_TOLD]; /* the first of those `before` */
};

/* 0; -1 with err ABP_DATA after adding at least one mistake, or as store.h says; then nothing was
 * added. result is filled either way. */
int abp_readings_csv(struct abp_readings_result *result, const struct abp_readings_input *input,
                     struct abp_mistakes *mistakes, struct abp_error *err) ABP_MUST_CHECK;

#endif
