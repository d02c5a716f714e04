/* What an edit of an experiment's file takes out of the plan. */
#ifndef ABPOST_CLI_EDITED_H
#define ABPOST_CLI_EDITED_H

#include "rounds.h"

/* Planned posts that the file no longer wants leave the plan at once, with what is left of their
 * blocks, and new ones are drawn in their place: those on a channel that it no longer names or on a
 * day that is one of blackout now, of a variant or without a [schedule] that it no longer has. A
 * block that nothing was tried of yet goes as well where a slot of it is at other times now, or in
 * another time zone, and where max_posts is less by now or a channel's target (of abpost.ini, over
 * all experiments), the last ones first; one that has begun keeps its slots, since its posts are
 * compared with each other. Tells the journal; NULL: a remark says it. Nothing to do nearly always.
 */
int abp_edited_clear(const struct abp_rounds *rounds, const struct abp_experiment *experiment,
                     struct abp_journal *journal, struct abp_error *err) ABP_MUST_CHECK;

#endif
