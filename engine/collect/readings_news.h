/* What a number that a person brings is beside those that are there. */
#ifndef ABP_COLLECT_READINGS_NEWS_H
#define ABP_COLLECT_READINGS_NEWS_H

#include "abpost/made.h"
#include "abpost/readings_csv.h"

enum readings_news {
    READINGS_NEWS,
    READINGS_KNOWN,    /* it is there already */
    READINGS_REPEATED, /* nobody says when it was read, and before its horizon, which has come, the
                          post had as much: either it no longer grows, or the number is an old one
                        */
    READINGS_CONTRADICTED, /* another one is there, of the same time */
    READINGS_CORRECTION,   /* with in->correct: it takes the place of one that is there */
    READINGS_NOT_BY_HAND,  /* the same, but that one is the platform's word, and stays */
    READINGS_UNCLEAR /* the same, but nobody says which one, and none counts for the outcome */
};

/* fact is a reading of `made`; said: its time was written down. Where it is a correction it is made
 * one: of the reading with that time, or, where none was said, of the one at the horizon. */
enum readings_news readings_news_of(struct abp_made_fact *fact, const struct abp_made *made,
                                    const struct abp_readings_input *in, int said);

/* What the post had of the fact's metric at its time; NaN: nothing. */
double readings_value_then(const struct abp_made *made, const struct abp_made_fact *fact);

#endif
