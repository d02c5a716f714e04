#include "publish/shelf.h"

#include "abpost/post_file.h"
#include "abpost/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- opening ---- */

static int note_problem(struct shelf_file *file, const struct abp_mistakes *mistakes,
                        const struct abp_error *why, struct abp_error *err)
{
    file->problem = abp_strdup(mistakes->count ? mistakes->list[0].message : why->message);
    return file->problem ? 0 : abp_fail_memory(err);
}

/* The path from the workspace's folder on, so that a workspace may move. */
static const char *below(const char *root, const char *path)
{
    size_t len = strlen(root);
    return strncmp(path, root, len) == 0 && path[len] == '/' ? path + len + 1 : path;
}

static int add_file(struct shelf *shelf, size_t variant, const char *path, const char *root,
                    struct abp_error *err)
{
    struct shelf_file *grown = realloc(shelf->files, (shelf->count + 1) * sizeof *grown);
    struct abp_mistakes mistakes = {0};
    struct abp_error why = {0};
    if (!grown)
        return abp_fail_memory(err);
    shelf->files = grown;
    struct shelf_file *file = &grown[shelf->count++];
    memset(file, 0, sizeof *file);
    file->variant = variant;
    int rc = 0;
    if (abp_post_file_read(&file->content, path, root, &mistakes, &why) != 0)
        rc = note_problem(file, &mistakes, &why, err);
    if (!file->problem)
        abp_content_version(file->version, &file->content);
    file->name = abp_strdup(below(root, file->problem ? path : file->content.path));
    if (rc == 0 && !file->name)
        rc = abp_fail_memory(err);
    abp_mistakes_release(&mistakes);
    return rc;
}

static int add_files(struct shelf *shelf, size_t variant, const char *root, struct abp_error *err)
{
    struct abp_names paths;
    if (!shelf->experiment->variants[variant].posts)
        return 0;
    if (abp_post_files_find(&paths, &shelf->experiment->variants[variant], root, err) != 0)
        return -1;
    int rc = 0;
    for (size_t i = 0; i < paths.count && rc == 0; i++)
        rc = add_file(shelf, variant, paths.list[i], root, err);
    abp_names_free(&paths);
    return rc;
}

/* 1: what is out on the one is out on the other, or may be. */
static int shares(const struct abp_channel *one, const struct abp_channel *other)
{
    return !one || (other && abp_same_account(one, other));
}

static struct shelf_taken taken_by(const struct shelf *shelf, const struct abp_planned *post)
{
    static const unsigned out =
        1u << ABP_SENDING | 1u << ABP_UNKNOWN | 1u << ABP_POSTED | 1u << ABP_HANDED;
    return (struct shelf_taken){post->file, post->file_digest, (out & 1u << post->state) != 0,
                                abp_workspace_channel(shelf->ws, post->channel)};
}

int shelf_open(struct shelf *shelf, const struct abp_experiment *experiment,
               struct abp_store *store, const struct abp_workspace *ws, struct abp_error *err)
{
    struct abp_planned_filter filter = {.experiment = experiment->name};
    memset(shelf, 0, sizeof *shelf);
    shelf->experiment = experiment;
    shelf->ws = ws;
    int rc = abp_outbox_list(&shelf->posts, store, &filter, err);
    if (rc == 0)
        rc = abp_outbox_refused_files(&shelf->refused, store, experiment->name, err);
    if (rc == 0)
        rc = abp_outbox_taken_elsewhere(&shelf->elsewhere, store, experiment->name, err);
    for (size_t v = 0; v < experiment->variant_count && rc == 0; v++)
        rc = add_files(shelf, v, ws->root, err);
    if (rc == 0) {
        shelf->taken = calloc(shelf->posts.count + 1, sizeof *shelf->taken);
        rc = shelf->taken ? 0 : abp_fail_memory(err);
    }
    for (size_t i = 0; i < shelf->posts.count && rc == 0; i++)
        if (abp_outbox_uses_file(&shelf->posts.list[i]))
            shelf->taken[i] = taken_by(shelf, &shelf->posts.list[i]);
    if (rc != 0)
        shelf_close(shelf);
    return rc;
}

void shelf_close(struct shelf *shelf)
{
    for (size_t i = 0; i < shelf->count; i++) {
        abp_content_release(&shelf->files[i].content);
        free(shelf->files[i].name);
        free(shelf->files[i].problem);
    }
    free(shelf->files);
    free(shelf->taken);
    abp_planned_list_release(&shelf->posts);
    abp_refused_file_list_release(&shelf->refused);
    abp_taken_file_list_release(&shelf->elsewhere);
    memset(shelf, 0, sizeof *shelf);
}

/* ---- choosing ---- */

struct choosing {
    const struct shelf *shelf; /* borrowed, like the rest */
    const struct abp_planned *post;
    const struct abp_channel_ops *ops;
    const struct abp_limits *limits;
    size_t unapproved; /* files passed over, of the variant looked at last */
    const char *problem;
    char too_long[256];
    char refused[400];
    char moved[340]; /* a file that goes out no more, since it has before under another name, or
                        may have on this account */
};

static size_t find_post(const struct shelf *shelf, int64_t planned)
{
    size_t i = 0;
    while (i < shelf->posts.count && shelf->posts.list[i].id != planned)
        i++;
    return i;
}

static size_t variant_number(const struct shelf *shelf, const char *name)
{
    size_t v = 0;
    while (v < shelf->experiment->variant_count &&
           strcmp(shelf->experiment->variants[v].name, name) != 0)
        v++;
    return v;
}

/* The file of that name and variant, or NULL. */
static const struct shelf_file *find_file(const struct shelf *shelf, size_t variant,
                                          const char *name)
{
    for (size_t i = 0; i < shelf->count; i++)
        if (shelf->files[i].variant == variant && strcmp(shelf->files[i].name, name) == 0)
            return &shelf->files[i];
    return NULL;
}

/* What took a file: a post, under which name, on which channel. Borrowed. */
struct use {
    const char *as, *on;
    int gone; /* 1: the workspace no longer has that channel */
};

/* 1: what that post took is not there for this one. */
static int takes_from(const struct shelf *shelf, size_t i, const struct abp_planned *post,
                      const struct abp_channel *channel)
{
    const struct abp_planned *other = &shelf->posts.list[i];
    const struct shelf_taken *taken = &shelf->taken[i];
    return taken->name && other->id != post->id &&
           (strcmp(other->channel, post->channel) == 0 ||
            (taken->out && shares(taken->channel, channel)));
}

/* 1: another post of the channel took the file, of whatever experiment, or another file that says
 * the same. What another variant has taken of its own files, and still has, it has not taken from
 * this one. */
static int is_used(struct use *use, const struct shelf *shelf, const struct abp_planned *post,
                   const struct shelf_file *file)
{
    const struct abp_channel *channel = abp_workspace_channel(shelf->ws, post->channel);
    for (size_t i = 0; i < shelf->posts.count; i++) {
        const struct abp_planned *other = &shelf->posts.list[i];
        const struct shelf_taken *taken = &shelf->taken[i];
        if (!takes_from(shelf, i, post, channel))
            continue;
        *use = (struct use){taken->name, other->channel, !taken->channel};
        if (strcmp(taken->name, file->name) == 0)
            return 1;
        if (!abp_content_says_the_same(taken->version, file->version))
            continue;
        size_t variant = variant_number(shelf, other->variant);
        if (variant == file->variant || !find_file(shelf, variant, taken->name))
            return 1;
    }
    for (size_t i = 0; i < shelf->elsewhere.count; i++) {
        const struct abp_taken_file *taken = &shelf->elsewhere.list[i];
        if (strcmp(taken->file, file->name) != 0)
            continue;
        const struct abp_channel *there = abp_workspace_channel(shelf->ws, taken->channel);
        *use = (struct use){taken->file, taken->channel, !there};
        if (strcmp(taken->channel, post->channel) == 0 || shares(there, channel))
            return 1;
    }
    return 0;
}

/* Of a file that is used on the post's channel, or on one that may be the same. */
static void say_used(char *out, size_t size, const struct shelf_file *file, const struct use *use,
                     const struct abp_planned *post)
{
    int same_name = strcmp(use->as, file->name) == 0;
    if (strcmp(use->on, post->channel) != 0 && !use->gone)
        snprintf(out, size, "%.120s went out on %.50s, which is the same account", file->name,
                 use->on);
    else if (use->gone)
        snprintf(out, size,
                 "%.120s went out on %.50s, which abpost.ini no longer has; put [channel %.50s] "
                 "back if that is another account",
                 file->name, use->on, use->on);
    else
        snprintf(out, size, "%.150s was posted already%s%.150s", file->name,
                 same_name ? "" : " as ", same_name ? "" : use->as);
}

static int may_go_out(const struct shelf *shelf, const struct abp_content *content)
{
    return content->approval == ABP_APPROVED ||
           (!shelf->experiment->decision.review && content->approval == ABP_DRAFT);
}

/* Why that channel does not take the file as it is; NULL: it was never refused there. */
static const char *refusal_of(const struct shelf *shelf, const struct shelf_file *file,
                              const char *channel)
{
    for (size_t i = 0; i < shelf->refused.count; i++) {
        const struct abp_refused_file *r = &shelf->refused.list[i];
        if (strcmp(r->channel, channel) == 0 && strcmp(r->file_digest, file->version) == 0)
            return r->reason;
    }
    return NULL;
}

static void choose(struct shelf_choice *choice, const struct shelf_file *file)
{
    choice->content = &file->content;
    choice->name = file->name;
    choice->version = file->version;
}

/* 1: may go out as it is. */
static int is_ready(struct choosing *c, const struct shelf_file *file)
{
    struct abp_error why = {0};
    if (file->problem) {
        c->problem = file->problem;
        return 0;
    }
    struct use use;
    if (is_used(&use, c->shelf, c->post, file)) {
        if (strcmp(use.as, file->name) != 0 || strcmp(use.on, c->post->channel) != 0)
            say_used(c->moved, sizeof c->moved, file, &use, c->post);
        return 0;
    }
    if (!may_go_out(c->shelf, &file->content)) {
        c->unapproved++;
        return 0;
    }
    const char *refusal = refusal_of(c->shelf, file, c->post->channel);
    if (refusal) {
        snprintf(c->refused, sizeof c->refused, "%.150s was refused; mend it or hold it: %.200s",
                 file->name, refusal);
        return 0;
    }
    if (c->ops && abp_content_fits(&file->content, c->ops, c->limits, &why) != 0) {
        snprintf(c->too_long, sizeof c->too_long, "%.60s: %.180s", file->content.topic,
                 why.message);
        return 0;
    }
    return 1;
}

/* The first file of a variant that is ready, of that topic (NULL: any). */
static const struct shelf_file *find_ready(struct choosing *c, size_t variant, const char *topic)
{
    c->unapproved = 0;
    c->problem = NULL;
    c->too_long[0] = '\0';
    c->refused[0] = '\0';
    c->moved[0] = '\0';
    for (size_t i = 0; i < c->shelf->count; i++) {
        const struct shelf_file *file = &c->shelf->files[i];
        if (file->variant != variant ||
            (topic && (file->problem || strcmp(file->content.topic, topic) != 0)))
            continue;
        if (is_ready(c, file))
            return file;
    }
    return NULL;
}

/* 1: that post of the same block still has to take a file. */
static int is_waiting_mate(const struct choosing *c, size_t i)
{
    const struct abp_planned *p = &c->shelf->posts.list[i];
    return p->block == c->post->block && p->state == ABP_PLANNED && !c->shelf->taken[i].name;
}

/* The topic that the block has begun with; NULL: none yet. */
static const char *topic_of_block(const struct choosing *c)
{
    const struct shelf *shelf = c->shelf;
    for (size_t i = 0; i < shelf->posts.count; i++) {
        if (shelf->posts.list[i].block != c->post->block || !shelf->taken[i].name)
            continue;
        const char *slash = strrchr(shelf->taken[i].name, '/');
        return slash ? slash + 1 : shelf->taken[i].name;
    }
    return NULL;
}

/* 1: every post of the block that has no file yet could take one of this topic (NULL: any). Sets
 * *missing to the variant that could not. */
static int all_can(struct choosing *c, const char *topic, size_t *missing)
{
    for (size_t i = 0; i < c->shelf->posts.count; i++) {
        if (!is_waiting_mate(c, i))
            continue;
        *missing = variant_number(c->shelf, c->shelf->posts.list[i].variant);
        if (!find_ready(c, *missing, topic))
            return 0;
    }
    return 1;
}

/* A topic that every variant of the block has ready; NULL: none. */
static const char *common_topic(struct choosing *c, size_t variant)
{
    size_t missing;
    for (size_t i = 0; i < c->shelf->count; i++) {
        const struct shelf_file *file = &c->shelf->files[i];
        if (file->variant == variant && !file->problem && is_ready(c, file) &&
            all_can(c, file->content.topic, &missing))
            return file->content.topic;
    }
    return NULL;
}

static void say_missing(struct shelf_choice *choice, const struct choosing *c, size_t variant)
{
    const struct abp_experiment *e = c->shelf->experiment;
    const char *name = variant < e->variant_count ? e->variants[variant].name : c->post->variant;
    if (variant >= e->variant_count)
        snprintf(choice->why, sizeof choice->why, "the experiment has no variant %s any more",
                 name);
    else if (c->unapproved)
        snprintf(choice->why, sizeof choice->why,
                 "%s has no approved post left for %s; %zu wait%s for approval (abpost approve)",
                 name, c->post->channel, c->unapproved, c->unapproved == 1 ? "s" : "");
    else if (c->refused[0] || c->too_long[0])
        snprintf(choice->why, sizeof choice->why, "%s has no post left that %s takes (%s)", name,
                 c->post->channel, c->refused[0] ? c->refused : c->too_long);
    else if (c->problem)
        snprintf(choice->why, sizeof choice->why,
                 "%s has no post left that can be read (abpost check): %.300s", name, c->problem);
    else
        snprintf(choice->why, sizeof choice->why,
                 "%s has no post left for %s; %s%swrite another one (posts = %.50s)", name,
                 c->post->channel, c->moved, c->moved[0] ? "; " : "", e->variants[variant].posts);
}

void shelf_choose(struct shelf_choice *choice, const struct shelf *shelf, int64_t planned,
                  const struct abp_channel_ops *ops, const struct abp_limits *limits)
{
    memset(choice, 0, sizeof *choice);
    size_t at = find_post(shelf, planned);
    if (at == shelf->posts.count) {
        snprintf(choice->why, sizeof choice->why, "the post is in no plan of this experiment");
        return;
    }
    struct choosing c = {
        .shelf = shelf, .post = &shelf->posts.list[at], .ops = ops, .limits = limits};
    size_t variant = variant_number(shelf, c.post->variant), missing = variant;
    const char *topic = topic_of_block(&c);
    const struct shelf_file *file = NULL;
    if (variant == shelf->experiment->variant_count || (!topic && !all_can(&c, NULL, &missing))) {
        say_missing(choice, &c, missing);
        return;
    }
    if (!topic)
        topic = common_topic(&c, variant);
    if (topic)
        file = find_ready(&c, variant, topic);
    if (!file)
        file = find_ready(&c, variant, NULL);
    if (file)
        choose(choice, file);
    else
        say_missing(choice, &c, variant);
}

/* ---- choosing again ---- */

/* NULL: neither the file nor one that says the same is there any more. */
static const struct shelf_file *find_again(const struct shelf *shelf,
                                           const struct abp_planned *post, size_t variant)
{
    const struct shelf_file *moved = NULL;
    for (size_t i = 0; i < shelf->count; i++) {
        const struct shelf_file *file = &shelf->files[i];
        if (file->variant != variant)
            continue;
        if (strcmp(file->name, post->file) == 0)
            return file;
        if (!moved && strcmp(file->version, post->file_digest) == 0)
            moved = file;
    }
    return moved;
}

void shelf_choose_again(struct shelf_choice *choice, const struct shelf *shelf,
                        const struct abp_planned *post, const struct abp_channel_ops *ops,
                        const struct abp_limits *limits)
{
    struct abp_error err = {0};
    char *why = choice->why, used[340];
    const char *refusal = NULL;
    struct use use;
    memset(choice, 0, sizeof *choice);
    size_t size = sizeof choice->why, variant = variant_number(shelf, post->variant);
    const struct shelf_file *file = find_again(shelf, post, variant);
    if (variant == shelf->experiment->variant_count)
        snprintf(why, size, "the experiment has no variant %s any more", post->variant);
    else if (!file)
        snprintf(why, size,
                 "%.300s is gone, or no longer one of %.60s; put it back there, or nothing goes "
                 "out",
                 post->file, post->variant);
    else if (file->problem)
        snprintf(why, size, "%.150s can't be read any more (abpost check): %.250s", file->name,
                 file->problem);
    else if (is_used(&use, shelf, post, file)) {
        say_used(used, sizeof used, file, &use, post);
        snprintf(why, size, "%s; write something else into it", used);
    } else if (!may_go_out(shelf, &file->content))
        snprintf(why, size, "%.300s %s; it goes out once it is approved (abpost approve)",
                 file->name,
                 file->content.approval == ABP_HELD ? "is held" : "is not approved any more");
    else if (ops && abp_content_fits(&file->content, ops, limits, &err) != 0)
        snprintf(why, size, "%.150s can't go out as it is now: %.250s", file->name, err.message);
    else if ((refusal = refusal_of(shelf, file, post->channel)) != NULL)
        snprintf(why, size, "%.150s was refused as it is now; mend it or hold it: %.250s",
                 file->name, refusal);
    else
        choose(choice, file);
}

int shelf_refuse(struct shelf *shelf, struct abp_store *store, const char *channel,
                 const struct shelf_choice *choice, const char *reason, int64_t now,
                 struct abp_error *err)
{
    struct abp_refused_file_list list;
    const char *experiment = shelf->experiment->name;
    if (abp_outbox_refuse_file(store, experiment, channel, choice->name, choice->version, reason,
                               now, err) != 0 ||
        abp_outbox_refused_files(&list, store, experiment, err) != 0)
        return -1;
    abp_refused_file_list_release(&shelf->refused);
    shelf->refused = list;
    return 0;
}

void shelf_take(struct shelf *shelf, int64_t planned, const struct shelf_choice *choice)
{
    size_t at = find_post(shelf, planned);
    if (at < shelf->posts.count)
        shelf->taken[at] =
            (struct shelf_taken){choice->name, choice->version, 1,
                                 abp_workspace_channel(shelf->ws, shelf->posts.list[at].channel)};
}
