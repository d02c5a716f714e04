#include "stored.h"

#include "channels/keep.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define MARK     "stored"
#define MARK_MAX ((size_t)8192) /* bytes: a path and a line end */

/* From the workspace's folder on, so that a workspace may move. */
static const char *name_of(const struct abp_workspace *ws)
{
    size_t len = strlen(ws->root);
    int below = strncmp(ws->database, ws->root, len) == 0 && ws->database[len] == '/';
    return below ? ws->database + len + 1 : ws->database;
}

/* 1: a plan was drawn into that very file; 0; -1. */
static int is_marked(const struct abp_workspace *ws, struct abp_error *err)
{
    struct abp_buffer kept;
    abp_buffer_init(&kept, MARK_MAX);
    int rc = abp_keep_look(&kept, ws->root, MARK, err);
    const char *text = abp_buffer_text(&kept), *name = name_of(ws);
    size_t len = strcspn(text, "\n");
    int same = len == strlen(name) && strncmp(text, name, len) == 0;
    abp_buffer_release(&kept);
    return rc == 0 ? same : -1;
}

int abp_stored_mark(const struct abp_workspace *ws, struct abp_error *err)
{
    struct abp_buffer text;
    int marked = is_marked(ws, err);
    if (marked != 0)
        return marked < 0 ? -1 : 0;
    abp_buffer_init(&text, MARK_MAX);
    abp_buffer_printf(&text, "%s\n", name_of(ws));
    int rc = text.failed ? abp_fail_memory(err)
                         : abp_keep_write(ws->root, MARK, text.data, text.len, err);
    abp_buffer_release(&text);
    return rc;
}

/* 0: nothing was lost. */
static int check_lost(const struct abp_workspace *ws, int is_there, struct abp_error *err)
{
    int marked = is_marked(ws, err);
    if (marked <= 0)
        return marked;
    return abp_fail_at(err, ABP_DATA, ws->database, 0,
                       "%s; it held the plan and what is out. Put a backup in its place, and hold "
                       "the posts that went out since (abpost hold). To begin anew instead, hold "
                       "all that ever went out, or it goes out again, and delete %s/.abpost/" MARK,
                       is_there ? "is empty" : "is gone", ws->root);
}

int abp_stored_open(struct abp_store **store, const struct abp_workspace *ws,
                    enum abp_store_mode mode, struct abp_error *err)
{
    struct stat info = {0};
    *store = NULL;
    int is_there = stat(ws->database, &info) == 0 || errno != ENOENT;
    if ((!is_there || info.st_size == 0) && check_lost(ws, is_there, err) != 0)
        return -1;
    if (!is_there && mode != ABP_STORE_CREATE)
        return 0;
    return abp_store_open(store, ws->database, mode, ABP_STORE_BUSY_MS, err);
}
