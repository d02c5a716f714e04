/* How the text of a key becomes a value: the `read` functions of abp_ini_key. Each reads the whole
 * of the text into its field, freeing what the field held before, or logs what is wrong and leaves
 * the field as it was. */
#ifndef ABP_CONFIG_VALUE_H
#define ABP_CONFIG_VALUE_H

#include "config/ini.h"

/* Logs "key: what; accepted is ...hint". The text itself is quoted by `what` where that is wise. */
void abp_value_refuse(const struct abp_ini_value *value, const char *what, const char *hint);
/* The same with the text quoted: "key: 'text' what; accepted is ...". */
void abp_value_refuse_text(const struct abp_ini_value *value, const char *what, const char *hint);
/* Index of the candidate that text is, or count after refusing it. */
size_t abp_value_choice(const struct abp_ini_value *value, const char *const *candidates,
                        size_t count);
/* Puts a copy of len bytes into *field. */
void abp_value_keep(char **field, const char *text, size_t len, const struct abp_ini_value *value);
/* Puts text into *field as a path: from value->folder where it is relative. "~" is refused. */
void abp_value_keep_path(char **field, const char *text, const struct abp_ini_value *value);

/* char * */
void abp_read_text(void *field, const struct abp_ini_value *value);
void abp_read_path(void *field, const struct abp_ini_value *value);
/* char *: a glob, which stays relative */
void abp_read_glob(void *field, const struct abp_ini_value *value);
/* int64_t: seconds, and a whole number; within [min, max] */
void abp_read_duration(void *field, const struct abp_ini_value *value);
void abp_read_integer(void *field, const struct abp_ini_value *value);
/* double: a plain number, and a share ("5%", "0.05"; above 1 only with %) */
void abp_read_number(void *field, const struct abp_ini_value *value);
void abp_read_share(void *field, const struct abp_ini_value *value);
/* int: yes/no, true/false, on/off */
void abp_read_yes_no(void *field, const struct abp_ini_value *value);

/* A share of at least 0 without a range: 0, or -1 when text is none. */
int abp_share_parse(double *share, const char *text) ABP_MUST_CHECK;

/* [schedule]: struct abp_date; unsigned; the rest struct abp_schedule */
void abp_read_date(void *field, const struct abp_ini_value *value);
void abp_read_days(void *field, const struct abp_ini_value *value);
void abp_read_times(void *field, const struct abp_ini_value *value);
void abp_read_blackout(void *field, const struct abp_ini_value *value);

/* struct abp_names, separated by commas: channel names (no blanks in them), and anything, in double
 * quotes where it holds a comma or begins with a quotation mark ("" stands for one inside). */
void abp_read_channels(void *field, const struct abp_ini_value *value);
void abp_read_names(void *field, const struct abp_ini_value *value);
/* char *: one column, in double quotes or not */
void abp_read_column(void *field, const struct abp_ini_value *value);
/* 1: may be a channel's name: letters, digits, _ - . (not first) and anything that is not ASCII. */
int abp_is_channel_name(const char *text);

/* struct abp_sum. A sum is terms joined by + or -: NAME or NUMBER*NAME; the first may have a sign.
 * A metric is letters, digits, _ and . and does not begin with a digit; a column may also have
 * single blanks inside. Any other name stands in double quotes ("" for a quotation mark). `none`
 * alone is an absent sum where abp_read_..._or_none reads it. */
void abp_read_metrics(void *field, const struct abp_ini_value *value);
void abp_read_metrics_or_none(void *field, const struct abp_ini_value *value);
void abp_read_columns(void *field, const struct abp_ini_value *value);
void abp_read_columns_or_none(void *field, const struct abp_ini_value *value);
/* struct abp_decision: "unfollows <= 5%, ..." */
void abp_read_guardrails(void *field, const struct abp_ini_value *value);

void abp_sum_release(struct abp_sum *sum);
void abp_names_release(struct abp_names *names);
void abp_guardrails_release(struct abp_decision *decision);

/* The text in double quotes at *p without them, "" inside as one mark, in a copy the caller frees;
 * *p moves behind the closing mark. NULL when it is empty or not closed (refused) or memory is out.
 */
char *abp_take_quoted(const char **p, const struct abp_ini_value *value);
/* Adds name, which becomes the list's. -1 after freeing it: it stands there already (refused), or
 * memory is out. */
int abp_names_add(struct abp_names *names, char *name, const struct abp_ini_value *value);

#endif
