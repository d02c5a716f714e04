#include "abpost/channel.h"

void abp_key_make(char key[ABP_KEY_SIZE], int64_t now, int64_t planned_post_id, uint64_t salt)
{
    static const char digits[] = "234567abcdefghijklmnopqrstuvwxyz";
    /* A TID is 0, 53 bits of microseconds and 10 bits of clock id. The microseconds within the
     * second are the post's number, so that two posts of one second differ. */
    uint64_t microseconds =
        (uint64_t)now * 1000000u + (uint64_t)planned_post_id % UINT64_C(1000000);
    uint64_t bits = (microseconds & ((UINT64_C(1) << 53) - 1)) << 10 | (salt & 1023u);
    for (int i = ABP_KEY_SIZE - 2; i >= 0; i--) {
        key[i] = digits[bits & 31u];
        bits >>= 5;
    }
    key[ABP_KEY_SIZE - 1] = '\0';
}
