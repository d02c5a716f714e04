/* The parts of one experiment's section; each appends to a buffer whose errors stick. */
#ifndef REPORT_SECTION_H
#define REPORT_SECTION_H

#include "abpost/report.h"

/* section.c: all of it. number: of the experiment on the page, from 1. */
void section_put(struct abp_buffer *buf, const struct abp_report_item *item, size_t number);

/* 1: there is a comparison to speak of. */
int section_compares(const struct abp_result *result);
/* "Can't tell yet: treatment against control", as HTML. */
void section_say_verdict(struct abp_buffer *buf, const struct abp_result *result, size_t v);
/* The same of any two that are compared. */
void section_say_comparison(struct abp_buffer *buf, enum abp_verdict verdict, const char *name,
                            const char *base);
/* The class of a verdict in the style sheet. */
const char *section_verdict_class(enum abp_verdict verdict);
/* "×0.88, 0.74 to 1.03" of a lift; "-" when unknown. Into a buffer of the caller. */
void section_ratio_words(struct abp_buffer *buf, const struct abp_summary *lift);

/* levels.c: what variants are put together from; nothing without factors. */
void section_factors(struct abp_buffer *buf, const struct abp_result *result);
/* measures.c: the numbers of every style as a table. */
void section_measures(struct abp_buffer *buf, const struct abp_result *result);
/* data.c: the posts as dots, the slots as a table. -1: memory is out. */
void section_posts(struct abp_buffer *buf, const struct abp_report_item *item);
/* computed.c: how it was computed. */
void section_computed(struct abp_buffer *buf, const struct abp_result *result);

#endif
