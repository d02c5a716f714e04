#include "abpost/rows.h"

#include "abpost/buffer.h"
#include "abpost/text.h"
#include "store/handle.h"
#include "store/intern.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Experiments met lately, by the hash of their value: a file that is sorted by experiment asks the
 * database once for each, any other one rarely. A fixed size, so that memory stays where it is. */
#define RECENT 16384

struct recent {
    char *value; /* owned; NULL: empty */
    int64_t id;
};

struct abp_rows {
    struct abp_db *db;          /* borrowed */
    const char *file, *path;    /* borrowed */
    const char *const *metrics; /* borrowed */
    size_t metric_count;
    int64_t now, import_id;
    int64_t posts, observed, experiments;
    int open; /* 1: the transaction has neither been committed nor taken back */
    struct recent recent[RECENT];
    int64_t only_id; /* the experiment, where the file has no experiment column; 0: not met yet */
    struct abp_statement *add_experiment, *find_experiment, *list_experiment; /* owned */
    struct abp_statement *add_post, *add_reading;                             /* owned */
    struct {
        int experiment, line, variant, channel, slot, block, time;
    } post;
    struct {
        int post, metric, value;
    } reading;
};

/* ---- begin ---- */

static int prepare(struct abp_rows *rows, struct abp_error *err)
{
    struct abp_db *db = rows->db;
    if (abp_db_prepare(&rows->find_experiment, db,
                       "SELECT id, EXISTS (SELECT 1 FROM import_experiment"
                       " WHERE import_id = :import AND experiment_id = experiment.id)"
                       " FROM experiment WHERE name = :name",
                       err) != 0 ||
        abp_db_prepare(&rows->add_experiment, db,
                       "INSERT INTO experiment (name, created_at) VALUES (:name, :now)",
                       err) != 0 ||
        abp_db_prepare(&rows->list_experiment, db,
                       "INSERT INTO import_experiment (import_id, position, experiment_id)"
                       " VALUES (:import, :position, :experiment)",
                       err) != 0 ||
        abp_db_prepare(&rows->add_post, db,
                       "INSERT INTO post (experiment_id, import_id, line, variant, channel, slot,"
                       " block, posted_at) VALUES (:experiment, :import, :line, :variant, :channel,"
                       " :slot, :block, :time)",
                       err) != 0 ||
        abp_db_prepare(&rows->add_reading, db,
                       "INSERT INTO reading (post_id, metric, read_at, value)"
                       " VALUES (:post, :metric, :now, :value)",
                       err) != 0)
        return -1;
    return 0;
}

/* What is the same in every row is bound once; the rest by a number that is looked up once. */
static void bind_fixed(struct abp_rows *rows)
{
    struct abp_statement *s = rows->add_post;
    abp_bind_int(s, abp_param(s, ":import"), rows->import_id);
    rows->post.experiment = abp_param(s, ":experiment");
    rows->post.line = abp_param(s, ":line");
    rows->post.variant = abp_param(s, ":variant");
    rows->post.channel = abp_param(s, ":channel");
    rows->post.slot = abp_param(s, ":slot");
    rows->post.block = abp_param(s, ":block");
    rows->post.time = abp_param(s, ":time");
    s = rows->add_reading;
    abp_bind_int(s, abp_param(s, ":now"), rows->now);
    rows->reading.post = abp_param(s, ":post");
    rows->reading.metric = abp_param(s, ":metric");
    rows->reading.value = abp_param(s, ":value");
    s = rows->add_experiment;
    abp_bind_int(s, abp_param(s, ":now"), rows->now);
    s = rows->list_experiment;
    abp_bind_int(s, abp_param(s, ":import"), rows->import_id);
    s = rows->find_experiment;
    abp_bind_int(s, abp_param(s, ":import"), rows->import_id);
}

static int add_import(struct abp_rows *rows, struct abp_error *err)
{
    static const char sql[] = "INSERT INTO import (experiment_file, path, imported_at)"
                              " VALUES (:file, :path, :now)";
    struct abp_statement *s = NULL;
    if (abp_db_prepare(&s, rows->db, sql, err) != 0)
        return -1;
    abp_bind_text(s, abp_param(s, ":file"), rows->file);
    abp_bind_text(s, abp_param(s, ":path"), rows->path);
    abp_bind_int(s, abp_param(s, ":now"), rows->now);
    int rc = abp_run(s, err);
    abp_db_finish(s);
    rows->import_id = abp_db_last_id(rows->db);
    return rc;
}

int abp_rows_begin(struct abp_rows **out, struct abp_store *store, const char *experiment_file,
                   const char *path, const char *const *metrics, size_t metric_count, int64_t now,
                   struct abp_error *err)
{
    *out = NULL;
    struct abp_rows *rows = calloc(1, sizeof *rows);
    if (!rows)
        return abp_fail_memory(err);
    rows->db = store->db;
    rows->file = experiment_file;
    rows->path = path;
    rows->metrics = metrics;
    rows->metric_count = metric_count;
    rows->now = now;
    if (abp_db_begin(store->db, err) != 0) {
        free(rows);
        return -1;
    }
    rows->open = 1;
    if (add_import(rows, err) != 0 || prepare(rows, err) != 0) {
        abp_rows_end(rows);
        return -1;
    }
    bind_fixed(rows);
    *out = rows;
    return 0;
}

/* ---- experiments ---- */

/* 1: it is in the store, and *listed says whether in this import too; 0: it is not; -1. */
static int find(int64_t *id, int *listed, struct abp_rows *rows, const char *name,
                struct abp_error *err)
{
    struct abp_statement *s = rows->find_experiment;
    *listed = 0;
    abp_bind_text(s, abp_param(s, ":name"), name);
    int row = abp_step(s, err);
    if (row <= 0)
        return row;
    *id = abp_column_int(s, 0);
    *listed = abp_column_int(s, 1) != 0;
    abp_reset(s);
    return 1;
}

static int add(int64_t *id, struct abp_rows *rows, const char *name, struct abp_error *err)
{
    struct abp_statement *s = rows->add_experiment;
    abp_bind_text(s, abp_param(s, ":name"), name);
    int rc = abp_run(s, err);
    *id = abp_db_last_id(rows->db);
    return rc;
}

static int list(struct abp_rows *rows, int64_t id, struct abp_error *err)
{
    struct abp_statement *s = rows->list_experiment;
    abp_bind_int(s, abp_param(s, ":position"), rows->experiments++);
    abp_bind_int(s, abp_param(s, ":experiment"), id);
    return abp_run(s, err);
}

static int find_or_add(int64_t *id, struct abp_rows *rows, const char *name, struct abp_error *err)
{
    int listed = 0;
    int found = find(id, &listed, rows, name, err);
    if (found < 0 || (found == 0 && add(id, rows, name, err) != 0))
        return -1;
    return listed ? 0 : list(rows, *id, err);
}

static int ask(int64_t *id, struct abp_rows *rows, const char *value, struct abp_error *err)
{
    struct abp_buffer name;
    abp_buffer_init(&name, (size_t)1 << 21);
    int rc = -1;
    if (abp_buffer_add(&name, rows->file) != 0 ||
        (value && (abp_buffer_byte(&name, '/') != 0 || abp_buffer_add(&name, value) != 0)))
        abp_fail_memory(err);
    else
        rc = find_or_add(id, rows, abp_buffer_text(&name), err);
    abp_buffer_release(&name);
    return rc;
}

static int experiment_of(int64_t *id, struct abp_rows *rows, const char *value,
                         struct abp_error *err)
{
    if (!value) {
        if (!rows->only_id && ask(&rows->only_id, rows, NULL, err) != 0)
            return -1;
        *id = rows->only_id;
        return 0;
    }
    struct recent *recent = &rows->recent[abp_hash_text(value) % RECENT];
    if (!recent->value || strcmp(recent->value, value) != 0) {
        if (ask(id, rows, value, err) != 0)
            return -1;
        char *copy = abp_strdup(value);
        if (!copy)
            return abp_fail_memory(err);
        free(recent->value);
        recent->value = copy;
        recent->id = *id;
    }
    *id = recent->id;
    return 0;
}

/* ---- rows ---- */

static int add_post(struct abp_rows *rows, const struct abp_row *row, int64_t experiment,
                    struct abp_error *err)
{
    struct abp_statement *s = rows->add_post;
    abp_bind_int(s, rows->post.experiment, experiment);
    abp_bind_int(s, rows->post.line, row->line);
    abp_bind_text(s, rows->post.variant, row->variant);
    abp_bind_text(s, rows->post.channel, row->channel);
    abp_bind_text(s, rows->post.slot, row->slot);
    abp_bind_text(s, rows->post.block, row->block);
    if (row->has_time)
        abp_bind_int(s, rows->post.time, row->posted_at);
    else
        abp_bind_null(s, rows->post.time);
    return abp_run(s, err);
}

int abp_rows_add(struct abp_rows *rows, const struct abp_row *row, struct abp_error *err)
{
    int64_t experiment = 0;
    if (experiment_of(&experiment, rows, row->experiment, err) != 0 ||
        add_post(rows, row, experiment, err) != 0)
        return -1;
    struct abp_statement *s = rows->add_reading;
    abp_bind_int(s, rows->reading.post, abp_db_last_id(rows->db));
    for (size_t i = 0; i < rows->metric_count; i++) {
        if (isnan(row->values[i]))
            continue;
        abp_bind_text(s, rows->reading.metric, rows->metrics[i]);
        abp_bind_real(s, rows->reading.value, row->values[i]);
        if (abp_run(s, err) != 0)
            return -1;
    }
    rows->posts++;
    rows->observed += row->observed != 0;
    return 0;
}

/* ---- end ---- */

static int seal(struct abp_rows *rows, const char *content_hash, const char *settings_hash,
                struct abp_error *err)
{
    static const char sql[] =
        "UPDATE import SET content_hash = :content, settings_hash = :settings, posts = :posts,"
        " observed = :observed, experiments = :experiments WHERE id = :id";
    struct abp_statement *s = NULL;
    if (abp_db_prepare(&s, rows->db, sql, err) != 0)
        return -1;
    abp_bind_text(s, abp_param(s, ":content"), content_hash);
    abp_bind_text(s, abp_param(s, ":settings"), settings_hash);
    abp_bind_int(s, abp_param(s, ":posts"), rows->posts);
    abp_bind_int(s, abp_param(s, ":observed"), rows->observed);
    abp_bind_int(s, abp_param(s, ":experiments"), rows->experiments);
    abp_bind_int(s, abp_param(s, ":id"), rows->import_id);
    int rc = abp_run(s, err);
    abp_db_finish(s);
    return rc;
}

int abp_rows_commit(struct abp_rows *rows, struct abp_import_info *info, const char *content_hash,
                    const char *settings_hash, struct abp_error *err)
{
    if (seal(rows, content_hash, settings_hash, err) != 0 || abp_db_commit(rows->db, err) != 0)
        return -1;
    rows->open = 0;
    info->id = rows->import_id;
    info->imported_at = rows->now;
    info->posts = rows->posts;
    info->observed = rows->observed;
    info->experiments = rows->experiments;
    snprintf(info->content_hash, sizeof info->content_hash, "%s", content_hash);
    snprintf(info->settings_hash, sizeof info->settings_hash, "%s", settings_hash);
    return 0;
}

void abp_rows_end(struct abp_rows *rows)
{
    if (!rows)
        return;
    abp_db_finish(rows->add_experiment);
    abp_db_finish(rows->find_experiment);
    abp_db_finish(rows->list_experiment);
    abp_db_finish(rows->add_post);
    abp_db_finish(rows->add_reading);
    if (rows->open)
        abp_db_rollback(rows->db);
    for (size_t i = 0; i < RECENT; i++)
        free(rows->recent[i].value);
    free(rows);
}
