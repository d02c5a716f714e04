/* Numbers and verdicts as a reader reads them, the same wherever results are shown. */
#ifndef ABPOST_WORDS_H
#define ABPOST_WORDS_H

#include "abpost/buffer.h"
#include "abpost/family.h"
#include "abpost/result.h"

#include <stddef.h>

/* "keep testing"; "baseline" for ABP_NO_VERDICT. */
const char *abp_verdict_words(enum abp_verdict verdict);

/* "-" for a number that does not exist. */
struct abp_number {
    char text[40];
};
struct abp_number abp_ratio_words(double ratio); /* "0.85", "12.3" */
/* A ratio of which two figures are plenty: where the next post may land. */
struct abp_number abp_rough_words(double ratio);
struct abp_number abp_percent_words(double share); /* "8 %", "<1 %", ">99 %" */
struct abp_number abp_amount_words(double amount); /* three significant digits */
struct abp_number abp_count_words(size_t count);   /* "2,437" */
/* An e-value: "1.94"; "over 1000" from there on, where nobody can tell one from another. */
struct abp_number abp_evidence_words(double e_value);

/* Appends "Likely decided after about 60 more posts (8 weeks); 72 % by 80 posts."; nothing where
 * there is no forecast. */
void abp_put_forecast(struct abp_buffer *buf, const struct abp_forecast_result *forecast);

/* Appends a sentence on each diagnosis of the variant that is notable; nothing where none is.
 * baseline: its name. */
void abp_put_diagnoses(struct abp_buffer *buf, const struct abp_variant_result *variant,
                       const char *baseline);

#endif
