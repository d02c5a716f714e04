/* The file that is imported: its bytes, its SHA-256, how far the reading is. */
#ifndef ABP_COLLECT_FILE_H
#define ABP_COLLECT_FILE_H

#include "abpost/csv.h"
#include "abpost/digest.h"
#include "abpost/import.h"

struct abp_file {
    const char *path; /* borrowed */
    int fd;
    int64_t size, done;                  /* bytes */
    const struct abp_progress *progress; /* borrowed; NULL: nobody asks */
    struct abp_digest *digest;           /* owned; of the bytes read since the start */
};

/* Only an ordinary file: it is read twice. asked_by (an INI's path; NULL: none)
 * stands in the error: ABP_DATA. */
int abp_file_open(struct abp_file *file, const char *path, const char *asked_by,
                  const struct abp_progress *progress, struct abp_error *err) ABP_MUST_CHECK;
void abp_file_close(struct abp_file *file);

/* The bytes, for abp_csv_open(); file must outlive it. */
struct abp_csv_source abp_file_source(struct abp_file *file);
/* SHA-256 of the bytes read so far, into hex[65]. */
int abp_file_hash(char *hex, struct abp_file *file, struct abp_error *err) ABP_MUST_CHECK;
/* Reads the whole file for its SHA-256 alone, without progress, and goes back to the start. */
int abp_file_hash_all(char *hex, struct abp_file *file, struct abp_error *err) ABP_MUST_CHECK;

#endif
