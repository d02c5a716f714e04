/* Files that are written whole or not at all. */
#ifndef ABP_CHANNELS_FILES_H
#define ABP_CHANNELS_FILES_H

#include <stddef.h>

/* 0, or -1 with errno. */
int abp_write_all(int fd, const void *bytes, size_t len);

/* Puts bytes under a name that is free in a folder, on the disk when it returns 0. -1 with errno:
 * EEXIST when the name is taken (then nothing has changed), anything else when it could not be
 * written; whoever looks sees the whole file or none. */
int abp_place_new(int folder, const char *name, const void *bytes, size_t len);

/* The same where the name may be taken: the old file is replaced. */
int abp_place(int folder, const char *name, const void *bytes, size_t len);

/* 1: the file of that name holds exactly these bytes (and they are on the disk); 0: others; -1 with
 * errno: it can't be read, ENOENT when it is not there. */
int abp_file_holds(int folder, const char *name, const void *bytes, size_t len);

#endif
