/* Post files: a text, with headers before it where something is to be said about it.
 *
 *     media: photos/dawn.jpg      an image, from the workspace's folder; up to four, each followed
 *     alt: The harbour at dawn    by its description, which must be there
 *     link: https://example.com/a
 *     lang: en
 *     status: approved            approved, draft or held; draft when it is not said
 *
 *     The text, exactly as it will read.
 *
 * The first line that is blank ends the headers. A file whose first line is no header (`name:` with
 * one of the five names) is text from its first byte on. */
#ifndef ABPOST_POST_FILE_H
#define ABPOST_POST_FILE_H

#include "abpost/config.h"
#include "abpost/content.h"

#define ABP_POST_FILE_MAX ((size_t)256 << 10) /* bytes */

/* Reads one file: 0, or -1 with err ABP_DATA after adding at least one mistake (each "file:line:
 * what; what is accepted"), or another code when the machine failed. root: where media paths start.
 * On -1 content is released and zeroed. */
int abp_post_file_read(struct abp_content *content, const char *path, const char *root,
                       struct abp_mistakes *mistakes, struct abp_error *err) ABP_MUST_CHECK;

/* The files that a variant's `posts` names (a glob from root), sorted by bytes; none is no failure.
 * Caller releases with abp_names_free. */
int abp_post_files_find(struct abp_names *paths, const struct abp_variant *variant,
                        const char *root, struct abp_error *err) ABP_MUST_CHECK;
void abp_names_free(struct abp_names *names);

/* Rewrites the file's status header (added when there is none), everything else byte for byte,
 * through a new file that takes its place; mode and owner stay. 1: changed; 0: it said so already;
 * -1 with err, the file as it was. */
int abp_post_file_mark(const char *path, enum abp_approval approval,
                       struct abp_error *err) ABP_MUST_CHECK;

#endif
