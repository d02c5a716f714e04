/* Names of files, as text. */
#ifndef ABPOST_CLI_PATHS_H
#define ABPOST_CLI_PATHS_H

/* name seen from folder: itself when it is absolute or folder is "."; NULL when memory is out. The
 * caller frees. */
char *abp_path_join(const char *folder, const char *name);

/* path as it is seen from the current folder when it lies in it, else path itself: what a person
 * wants to read. NULL when memory is out. The caller frees. */
char *abp_path_short(const char *path);
/* As a word that a person can give to a shell: quoted where it has to be. Caller frees; NULL when
 * memory is out. */
char *abp_path_word(const char *path);

#endif
