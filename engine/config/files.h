/* The two kinds of files from text that is in memory already: what the public readers do after
 * loading the file, and what the fuzz target drives. */
#ifndef ABP_CONFIG_FILES_H
#define ABP_CONFIG_FILES_H

#include "config/mistakes.h"

/* name: what mistakes name; path: the file's own, and where it lies relative paths start. Failures
 * as in abp_workspace_read. */
int abp_workspace_parse(struct abp_workspace *ws, const char *name, const char *path,
                        const char *text, size_t len, struct abp_mistakes *mistakes,
                        struct abp_error *err) ABP_MUST_CHECK;
/* The same; path is both. */
int abp_experiment_parse(struct abp_experiment *experiment, const char *path, const char *text,
                         size_t len, const struct abp_workspace *ws, struct abp_mistakes *mistakes,
                         struct abp_error *err) ABP_MUST_CHECK;

/* Paths, which the caller frees; NULL without memory. */
/* The folder part of path, "." when it has none. */
char *abp_folder_of(const char *path);
/* folder/name */
char *abp_join(const char *folder, const char *name);
/* The path with its folder made absolute; NULL with errno. Only the folder: where the file is a
 * link to somewhere else, the workspace is where the link is. */
char *abp_absolute(const char *path);

#endif
