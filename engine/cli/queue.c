#include "queue.h"

#include "paths.h"

#include <stdlib.h>
#include <string.h>

int abp_is_scheduled(const struct abp_experiment *experiment)
{
    return experiment->schedule.present;
}

static void release_queued(struct abp_queued *post)
{
    free(post->file);
    abp_content_release(&post->content);
    abp_mistakes_release(&post->mistakes);
}

void abp_queue_release(struct abp_queue *queue)
{
    for (size_t i = 0; i < queue->count; i++)
        release_queued(&queue->list[i]);
    free(queue->list);
    abp_mistakes_release(&queue->mistakes);
    memset(queue, 0, sizeof *queue);
}

/* Mistakes in the file are kept with it. */
static int read_post(struct abp_queued *post, const char *path, const char *root,
                     struct abp_error *err)
{
    post->file = abp_path_short(path);
    if (!post->file)
        return abp_fail_memory(err);
    int rc = abp_post_file_read(&post->content, post->file, root, &post->mistakes, err);
    post->readable = rc == 0;
    return rc != 0 && post->mistakes.count == 0 ? -1 : 0;
}

static int add_post(struct abp_queue *queue, size_t variant, const char *path, const char *root,
                    struct abp_error *err)
{
    struct abp_queued *grown = realloc(queue->list, (queue->count + 1) * sizeof *grown);
    if (!grown)
        return abp_fail_memory(err);
    queue->list = grown;
    struct abp_queued *post = &grown[queue->count];
    memset(post, 0, sizeof *post);
    post->variant = variant;
    if (read_post(post, path, root, err) == 0) {
        queue->count++;
        return 0;
    }
    release_queued(post);
    return -1;
}

static int complain(struct abp_queue *queue, const struct abp_experiment *experiment,
                    const struct abp_variant *variant, const char *message, struct abp_error *err)
{
    if (abp_mistakes_add(&queue->mistakes, experiment->path, variant->line, "%s", message) != 0)
        return abp_fail_memory(err);
    return 0;
}

static int none_found(struct abp_queue *queue, const struct abp_experiment *experiment,
                      const struct abp_variant *variant, struct abp_error *err)
{
    struct abp_buffer message;
    abp_buffer_init(&message, 8192);
    abp_buffer_printf(&message, "no file matches posts = %s; one text file a post is needed",
                      variant->posts);
    int rc = complain(queue, experiment, variant, abp_buffer_text(&message), err);
    abp_buffer_release(&message);
    return rc;
}

static int read_variant(struct abp_queue *queue, const struct abp_experiment *experiment,
                        size_t index, const char *root, struct abp_error *err)
{
    const struct abp_variant *variant = &experiment->variants[index];
    struct abp_names paths;
    struct abp_error why = {0};
    int rc = 0;
    if (!variant->posts)
        return 0;
    if (abp_post_files_find(&paths, variant, root, &why) != 0) {
        if (why.code == ABP_DATA)
            return complain(queue, experiment, variant, why.message, err);
        *err = why;
        return -1;
    }
    if (paths.count == 0)
        rc = none_found(queue, experiment, variant, err);
    for (size_t i = 0; i < paths.count && rc == 0; i++)
        rc = add_post(queue, index, paths.list[i], root, err);
    abp_names_free(&paths);
    return rc;
}

int abp_queue_read(struct abp_queue *queue, const struct abp_experiment *experiment,
                   const char *root, struct abp_error *err)
{
    memset(queue, 0, sizeof *queue);
    for (size_t i = 0; i < experiment->variant_count; i++) {
        if (read_variant(queue, experiment, i, root, err) != 0) {
            abp_queue_release(queue);
            return -1;
        }
    }
    return 0;
}
