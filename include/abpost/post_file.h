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
 * one of the five names, in small letters) is text from its first byte on. One whose first line is
 * nearly a header (`meida:`, `Status:`), with nothing above the first blank line that reads like a
 * text, is refused: what was meant as a header must not go out as text. A text that itself begins
 * like a header has a blank line before it, at the top of the file: an empty block of headers.
 *
 * Files are UTF-8 (a byte order mark is skipped) without control characters; lines end in LF or
 * CRLF. Images are PNG, JPEG, GIF or WebP by their first bytes, and lie below the workspace's
 * folder, links followed; links are https; each header but media and alt stands once. */
#ifndef ABPOST_POST_FILE_H
#define ABPOST_POST_FILE_H

#include "abpost/config.h"
#include "abpost/content.h"

#define ABP_POST_FILE_MAX  ((size_t)256 << 10) /* bytes */
#define ABP_MEDIA_FILE_MAX ((size_t)64 << 20)  /* bytes of one image; platforms take less */

/* Reads one file: 0, or -1 with err ABP_DATA after adding at least one mistake (each "file:line:
 * what; what is accepted"), or another code when the machine failed. root: where media paths start.
 * On -1 content is released and zeroed. */
int abp_post_file_read(struct abp_content *content, const char *path, const char *root,
                       struct abp_mistakes *mistakes, struct abp_error *err) ABP_MUST_CHECK;

/* The files that a variant's `posts` names (a glob from root; names that begin with a dot only
 * where it says so), as paths that begin with root, sorted by bytes; none is no failure. -1 with
 * ABP_DATA when a folder can't be read, or ABP_FAILED. Caller releases with abp_names_free. */
int abp_post_files_find(struct abp_names *paths, const struct abp_variant *variant,
                        const char *root, struct abp_error *err) ABP_MUST_CHECK;
void abp_names_free(struct abp_names *names);

/* Rewrites the file's status header (added when there is none, unless it would say draft, which
 * goes without saying), everything else byte for byte, through a new file in the same folder that
 * takes its place: whoever is killed on the way leaves the old file or the new one. Mode and owner
 * stay. Refused are links, files that are read-only, whose headers are not in order, that have
 * other names too (hard links), or that change meanwhile. 1: changed; 0: it said so already; -1
 * with ABP_DATA or ABP_FAILED, the file as it was. */
int abp_post_file_mark(const char *path, enum abp_approval approval,
                       struct abp_error *err) ABP_MUST_CHECK;

#endif
