/* Which process an attempt belongs to, so that another one can tell whether it is still at it. */
#ifndef ABP_PUBLISH_OWNER_H
#define ABP_PUBLISH_OWNER_H

#define ABP_OWNER_SIZE 256

/* "host boot pid start" of this process: boot is the kernel's random id of this boot, start the
 * process's start in clock ticks since then. */
void publish_owner_self(char out[ABP_OWNER_SIZE]);

enum publish_owner_state {
    PUBLISH_OWNER_ALIVE,    /* that very process runs on this machine */
    PUBLISH_OWNER_GONE,     /* it ran on this machine, and does no more */
    PUBLISH_OWNER_ELSEWHERE /* on another machine, or it can't be told */
};

enum publish_owner_state publish_owner_state(const char *owner);

#endif
