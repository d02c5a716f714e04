/* What must survive between runs and is nobody else's business: sessions, refresh tokens. One small
 * file each, ROOT/.abpost/NAME, in a folder of mode 0700 with mode 0600. */
#ifndef ABP_CHANNELS_KEEP_H
#define ABP_CHANNELS_KEEP_H

#include "abpost/buffer.h"
#include "abpost/error.h"

/* name: any text of at most 60 bytes ("bluesky-" and a channel's name); what a file's name can't
 * hold is written as %XX.
 *
 * Errors of all: ABP_PERSON when the folder or file is not ours alone (who else could write
 * it could make us sign in as somebody else), ABP_FAILED when the disk says no, ABP_DATA for an
 * impossible name. No message holds what is kept. */

/* What was written last, appended to out (initialised by the caller; holds secrets afterwards, so
 * end it with abp_secret_wipe). Nothing appended and 0: nothing is kept, or an empty text was. */
int abp_keep_read(struct abp_buffer *out, const char *root, const char *name,
                  struct abp_error *err) ABP_MUST_CHECK;

/* The same, but makes no folder: without one nothing is kept. */
int abp_keep_look(struct abp_buffer *out, const char *root, const char *name,
                  struct abp_error *err) ABP_MUST_CHECK;

/* Replaces it. When this returns 0 the bytes are on the disk, whatever happens to this machine
 * next; on -1, or when the process dies in here, what was there before still is, whole. Two at once
 * are put one after the other. */
int abp_keep_write(const char *root, const char *name, const void *bytes, size_t len,
                   struct abp_error *err) ABP_MUST_CHECK;

/* One at a time, among threads and processes of this machine: taken around "read, refresh, write".
 * It ends with the process that holds it. */
struct abp_keep_lock {
    int fd; /* owned; -1: not held */
};

/* Waits for at most a minute, then ABP_FAILED. lock->fd is -1 on failure. */
int abp_keep_lock(struct abp_keep_lock *lock, const char *root, const char *name,
                  struct abp_error *err) ABP_MUST_CHECK;
/* Also when it is not held. */
void abp_keep_unlock(struct abp_keep_lock *lock);

#endif
