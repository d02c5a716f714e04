#include "publish/owner.h"

#include "abpost/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORD 80

struct identity {
    char host[WORD]; /* with the id of the set of processes seen there: containers of one machine */
    char boot[WORD];
    long pid;
    unsigned long long start;
};

/* The first bytes of a file of /proc; "" when there is none. */
static void read_some(char *out, size_t size, const char *path)
{
    out[0] = '\0';
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t n = read(fd, out, size - 1);
    close(fd);
    out[n > 0 ? n : 0] = '\0';
}

/* Start of a process in clock ticks since boot, field 22 of its stat; 0: there is no such process,
 * or nothing of it but its exit status. */
static unsigned long long start_of(long pid)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    read_some(text, sizeof text, path);
    /* The name, in parentheses, may hold anything; what follows the last one are plain fields. */
    const char *p = strrchr(text, ')');
    if (p && strncmp(p, ") Z", 3) == 0)
        return 0;
    for (int field = 2; p && field < 22; field++)
        if ((p = strchr(p, ' ')))
            p++;
    return p ? strtoull(p, NULL, 10) : 0;
}

static void machine(struct identity *id)
{
    char name[WORD / 2] = "", processes[WORD / 2 - 1] = "";
    if (gethostname(name, sizeof name - 1) != 0)
        name[0] = '\0';
    ssize_t n = readlink("/proc/self/ns/pid", processes, sizeof processes - 1);
    processes[n > 0 ? n : 0] = '\0';
    snprintf(id->host, sizeof id->host, "%s/%s", name, processes);
    for (char *c = id->host; *c; c++)
        if (*c == ' ' || *c == '\n')
            *c = '_';
    read_some(id->boot, sizeof id->boot, "/proc/sys/kernel/random/boot_id");
    id->boot[strcspn(id->boot, " \n")] = '\0';
    if (!id->boot[0])
        snprintf(id->boot, sizeof id->boot, "?");
}

void publish_owner_self(char out[ABP_OWNER_SIZE])
{
    struct identity id = {0};
    machine(&id);
    id.pid = (long)getpid();
    snprintf(out, ABP_OWNER_SIZE, "%s %s %ld %llu", id.host, id.boot, id.pid, start_of(id.pid));
}

/* The next word of *p, into out; 0, or -1 where there is none or it is too long. */
static int next_word(char out[WORD], const char **p)
{
    size_t len = strcspn(*p, " ");
    if (len == 0 || len >= WORD)
        return -1;
    memcpy(out, *p, len);
    out[len] = '\0';
    *p += len + ((*p)[len] == ' ');
    return 0;
}

static int parse_owner(struct identity *id, const char *owner)
{
    char pid[WORD], start[WORD], *end;
    const char *p = owner;
    if (next_word(id->host, &p) != 0 || next_word(id->boot, &p) != 0 || next_word(pid, &p) != 0 ||
        next_word(start, &p) != 0)
        return -1;
    id->pid = strtol(pid, &end, 10);
    if (*end != '\0' || id->pid <= 0)
        return -1;
    id->start = strtoull(start, &end, 10);
    return *end == '\0' ? 0 : -1;
}

enum publish_owner_state publish_owner_state(const char *owner)
{
    struct identity here = {0}, id = {0};
    machine(&here);
    if (parse_owner(&id, owner) != 0 || strcmp(id.boot, "?") == 0)
        return PUBLISH_OWNER_ELSEWHERE;
    /* The same machine after another start has no process of the one before; but names are not
     * unique, so what another start of some machine of this name did has its lease to go by. */
    if (strcmp(id.boot, here.boot) != 0 || strcmp(id.host, here.host) != 0)
        return PUBLISH_OWNER_ELSEWHERE;
    if (kill((pid_t)id.pid, 0) != 0 && errno == ESRCH)
        return PUBLISH_OWNER_GONE;
    unsigned long long start = start_of(id.pid);
    return start && start == id.start ? PUBLISH_OWNER_ALIVE : PUBLISH_OWNER_GONE;
}
