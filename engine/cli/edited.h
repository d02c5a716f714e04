/* What an edit of an experiment's file takes out of the plan. */
#ifndef ABPOST_CLI_EDITED_H
#define ABPOST_CLI_EDITED_H

#include "rounds.h"

/* Planned posts that the file no longer wants (on a channel that it no longer names, of a variant
 * or without a [schedule] that it no longer has) leave the plan at once, with what is left of their
 * blocks: a channel that was struck out gets no more posts, and a variant that was renamed does not
 * keep its slots from the others for weeks. A channel that abpost.ini no longer has is another
 * matter (publish.h). Tells the journal; NULL: a remark says it. Nothing to do nearly always. */
int abp_edited_clear(const struct abp_rounds *rounds, const struct abp_experiment *experiment,
                     struct abp_journal *journal, struct abp_error *err) ABP_MUST_CHECK;

#endif
