/* What an account's past posts teach: what worlds to expect, and so what a design can find. */
#ifndef ABPOST_CLI_PAST_H
#define ABPOST_CLI_PAST_H

#include "source.h"

#include "abpost/climate.h"

/* Learns the climate of an experiment's posts, over what it holds (the defaults): from its own
 * posts (made, imported, or in the file that [import] names), else from the first other experiment
 * of the workspace that has the same outcome and posts enough. *teacher: that one's name, the
 * caller's to free; NULL: nothing was learned. */
int abp_past_learn(struct abp_climate *climate, char **teacher,
                   const struct abp_experiment *experiment, const struct abp_sources *sources,
                   struct abp_error *err) ABP_MUST_CHECK;

/* Opens the workspace's other experiments that have the same outcome and some data; files with
 * mistakes are left out. The caller closes each and frees the list; after -1 there is none. */
int abp_past_open(struct abp_source **others, size_t *count,
                  const struct abp_experiment *experiment, const struct abp_sources *sources,
                  struct abp_error *err) ABP_MUST_CHECK;

/* What an experiment can find before it has a post. */
struct abp_floor {
    double ratio; /* found with `power`; NaN: not even x10 is */
    double level; /* the same of a level of a factor; NaN also where there is none to look for */
    size_t pairs; /* of styles that speak for it; 0: no factors, or no pairs */
    double power; /* 0.8 */
    size_t posts; /* that it makes: max_posts in whole blocks; 0: there is nothing to say */
    size_t past;  /* posts that the spread was learned from; 0: a default */
    char teacher[128];
};

/* For an experiment with a [schedule] that ends (max_posts). Takes some tenths of a second. */
int abp_floor_find(struct abp_floor *floor, const struct abp_experiment *experiment,
                   const struct abp_sources *sources, struct abp_error *err) ABP_MUST_CHECK;

/* Appends "This can't find a difference under x1.8 in 12 weeks: ...", one paragraph without a
 * newline. weeks: NaN: not known. */
void abp_floor_say(struct abp_buffer *buf, const struct abp_floor *floor, double weeks);

#endif
