/* Whether the accounts of a workspace let us in, as it was last seen. */
#ifndef ABPOST_SIGN_IN_H
#define ABPOST_SIGN_IN_H

#include "abpost/store.h"

#include <stddef.h>
#include <stdint.h>

/* An account that needs a person. Strings are owned by the list. */
struct abp_refused_account {
    char *channel, *reason;
    int64_t since; /* UTC seconds; when it was first seen, since it last let us in */
};

struct abp_refused_accounts {
    struct abp_refused_account *list; /* owned; by channel */
    size_t count;
};

/* A token may be good for reading and not for posting, or the other way round; so each of the two
 * is noted by itself. What was refused while posting, only a post that goes out takes back, unless
 * reading was refused after it: then it was the whole account. */

/* Posting on the channel was refused for a reason, or (NULL) a post went out. Kept as a fact where
 * it is news. A transaction of its own. */
int abp_sign_in_note(struct abp_store *store, const char *channel, const char *reason, int64_t now,
                     struct abp_error *err) ABP_MUST_CHECK;
/* The same of asking for posts and their numbers. NULL: the account was shown some; an answer that
 * never came is neither. */
int abp_sign_in_note_reading(struct abp_store *store, const char *channel, const char *reason,
                             int64_t now, struct abp_error *err) ABP_MUST_CHECK;

/* The channels whose newest fact is a refusal; since and reason are of the first one since they
 * last let us in. */
int abp_sign_in_list(struct abp_refused_accounts *accounts, struct abp_store *store,
                     struct abp_error *err) ABP_MUST_CHECK;
void abp_sign_in_release(struct abp_refused_accounts *accounts);

#endif
