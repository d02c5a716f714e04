/* The store: one SQLite file that holds every fact of a workspace (experiments, plans, posts,
 * attempts, readings, imports). Facts are only ever added; the database refuses to change or delete
 * them. Results are derived and not in here.
 *
 * Errors name the store's file and what to do: ABP_FAILED for a machine in the way (locked by
 * another process, read-only, disk full), ABP_DATA for a file that is no store, is damaged, or was
 * made by a newer abpost. After any failure of a write nothing of it is in the store.
 *
 * A store is one connection: one thread at a time, or the caller's mutex around every call that
 * takes it. Several threads may each open the same file (ABP_STORE_READ_ONLY is enough to
 * evaluate); a transient store can't be opened twice. Because facts of an import never change,
 * reading them needs no transaction: several calls, in any order and from several connections, see
 * the same import. */
#ifndef ABPOST_STORE_H
#define ABPOST_STORE_H

#include "abpost/error.h"

#include <stddef.h>
#include <stdint.h>

struct abp_store;

enum abp_store_mode {
    ABP_STORE_CREATE,   /* made (file mode 0600) or brought up to date when need be */
    ABP_STORE_EXISTING, /* the same, but the file must be there */
    ABP_STORE_READ_ONLY /* must be there and of this version */
};

/* How long to wait for a lock that another process holds, before "locked": an import of a million
 * rows is done by then. */
#define ABP_STORE_BUSY_MS 30000

/* Opens the store at path. The caller closes. */
int abp_store_open(struct abp_store **store, const char *path, enum abp_store_mode mode,
                   int busy_ms, struct abp_error *err) ABP_MUST_CHECK;
/* A private store in a temporary file that is gone when it is closed, whatever happens. */
int abp_store_open_transient(struct abp_store **store, struct abp_error *err) ABP_MUST_CHECK;
void abp_store_close(struct abp_store *store);

/* An import as it stands in the store: one reading of one file for one experiment file. */
struct abp_import_info {
    int64_t id;
    int64_t imported_at;    /* UTC seconds since 1970 */
    int64_t posts;          /* rows: observed and missing */
    int64_t observed;       /* rows whose outcome and exposure were read */
    int64_t experiments;    /* 1, or the number of values of the experiment column */
    char content_hash[65];  /* SHA-256 of the file's bytes, in hex */
    char settings_hash[65]; /* SHA-256 of how it was read, in hex */
};

/* The newest import for the experiment file of that name (struct abp_experiment's name): 1; 0 when
 * there is none; -1. Earlier imports stay as facts, and count no more. */
int abp_store_latest_import(struct abp_import_info *info, struct abp_store *store,
                            const char *experiment_file, struct abp_error *err) ABP_MUST_CHECK;

/* The name of an import's experiment number `position` (0 to experiments - 1, in the order in which
 * they first stand in the file): the experiment file's name, or "name/value" where it has an
 * experiment column. Caller frees. A position out of range is ABP_BUG. */
int abp_store_experiment_name(char **name, struct abp_store *store, int64_t import_id,
                              int64_t position, struct abp_error *err) ABP_MUST_CHECK;

#endif
