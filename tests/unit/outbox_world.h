/* Plans and attempts of one experiment "x" on one channel "sky", for the outbox's tests. */
#ifndef TEST_OUTBOX_WORLD_H
#define TEST_OUTBOX_WORLD_H

#include "store/db.h"
#include "store/handle.h"
#include "store_scratch.h"

#include "abpost/made.h"
#include "abpost/outbox.h"

static struct abp_error err;

#define OK(call)                                                                                   \
    do {                                                                                           \
        memset(&err, 0, sizeof err);                                                               \
        if ((call) != 0)                                                                           \
            fail_msg("%s: %s", #call, err.message);                                                \
    } while (0)

/* Blocks of two posts, a and b, due an hour apart. */
static inline void plan(struct abp_store *store, int blocks)
{
    int64_t id, block;
    OK(abp_outbox_begin(store, &err));
    OK(abp_outbox_add_plan(&id, store, "x", UINT64_MAX, 0, NOW, &err));
    for (int k = 0; k < blocks; k++) {
        OK(abp_outbox_add_block(&block, store, id, "sky", "uniform", &err));
        for (int i = 0; i < 2; i++) {
            char a[] = "a", b[] = "b", slot[] = "mon 09:00", zone[] = "Europe/Paris";
            struct abp_planned post = {.block = block,
                                       .position = i,
                                       .variant = (i + k) % 2 ? b : a,
                                       .slot = slot,
                                       .probability = 0.5,
                                       .date = {2027, 1, 15},
                                       .time = {9, i},
                                       .timezone = zone,
                                       .due_at = NOW + 3600 * (2 * k + i)};
            OK(abp_outbox_add_post(store, &post, &err));
        }
    }
    OK(abp_outbox_commit(store, &err));
}

static inline int64_t claim_file(struct abp_store *store, int64_t planned, const char *file,
                                 int64_t quiet_since)
{
    int64_t attempt = 0;
    struct abp_claim claim = {.planned = planned,
                              .key = "3k",
                              .request = "a\0b",
                              .request_len = 3,
                              .file = file,
                              .file_digest = "d",
                              .owner = "me",
                              .now = NOW + 60,
                              .leased_until = NOW + 360,
                              .quiet_since = quiet_since};
    memset(&err, 0, sizeof err);
    int rc = abp_outbox_claim(&attempt, store, &claim, &err);
    if (rc < 0)
        print_message("%s\n", err.message);
    assert_true(rc >= 0);
    assert_int_equal(rc == 1, attempt != 0);
    return attempt;
}

static inline int64_t claim(struct abp_store *store, int64_t planned)
{
    char file[32];
    snprintf(file, sizeof file, "posts/%d.txt", (int)planned);
    return claim_file(store, planned, file, 0);
}

/* The post that the attempt made or found is number `made` of the platform's. */
static inline void settle_as(struct abp_store *store, int64_t attempt, enum abp_post_state state,
                             int64_t made)
{
    char id[32];
    snprintf(id, sizeof id, "at://%d", (int)made);
    struct abp_settlement s = {.attempt = attempt,
                               .state = state,
                               .now = NOW + 5,
                               .posted_at = NOW + 4,
                               .retry_at = NOW + 60,
                               .remote_id = state == ABP_POSTED || state == ABP_HANDED ? id : NULL,
                               .version = "cid",
                               .reason = state == ABP_POSTED ? NULL : "so it is"};
    OK(abp_outbox_settle(store, &s, &err));
}

static inline void settle(struct abp_store *store, int64_t attempt, enum abp_post_state state)
{
    settle_as(store, attempt, state, attempt);
}

static inline enum abp_post_state state_of(struct abp_store *store, int64_t planned)
{
    struct abp_planned_list list;
    struct abp_planned_filter filter = {.id = planned};
    OK(abp_outbox_list(&list, store, &filter, &err));
    assert_int_equal(list.count, 1);
    enum abp_post_state state = list.list[0].state;
    abp_planned_list_release(&list);
    return state;
}

#endif
