/* What labels that were drawn post by post were drawn with, out of the designs of their blocks. */
#ifndef ABP_COLLECT_CHANCES_H
#define ABP_COLLECT_CHANCES_H

#include "abpost/posts.h"

/* Fills posts->chance and posts->chances from the designs (borrowed; posts->count, as in outbox.h)
 * of its rows; leaves both empty where every block was shuffled. ABP_DATA: a design that can't be
 * read.
 */
int collect_chances(struct abp_posts *posts, const char *const *designs,
                    struct abp_error *err) ABP_MUST_CHECK;

#endif
