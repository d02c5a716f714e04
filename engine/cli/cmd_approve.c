/* abpost approve, abpost hold: what may go out, and the queue of what waits for that. */
#include "inputs.h"
#include "list.h"
#include "paths.h"
#include "queue.h"
#include "screen.h"
#include "used.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TEXT_MAX ((size_t)16 << 20)

/* An experiment with posts to publish, and its files. */
struct shelf {
    struct abp_experiment experiment;
    struct abp_queue queue;
};

struct review {
    const struct abp_args *args; /* borrowed */
    const struct abp_env *env;   /* borrowed */
    struct abp_inputs inputs;
    struct abp_reaches reaches;
    struct abp_used used;
    struct shelf *shelves; /* owned */
    size_t count;
    size_t broken; /* experiment files with mistakes, which were said */
};

/* ---- reading it all ---- */

/* An experiment without post files is none of ours. */
static int read_shelf(struct review *review, const char *path, struct abp_error *err)
{
    struct shelf *shelf = &review->shelves[review->count];
    struct abp_mistakes mistakes = {0};
    struct abp_error why = {0};
    int posts = 0;
    if (abp_experiment_read(&shelf->experiment, path, &review->inputs.ws, &mistakes, &why) != 0) {
        abp_say_mistakes(review->env, &mistakes);
        int rc = mistakes.count ? 0 : -1;
        abp_mistakes_release(&mistakes);
        review->broken++;
        if (rc != 0)
            *err = why;
        return rc;
    }
    for (size_t i = 0; i < shelf->experiment.variant_count; i++)
        posts |= shelf->experiment.variants[i].posts != NULL;
    if (posts && abp_queue_read(&shelf->queue, &shelf->experiment, review->inputs.root, err) == 0) {
        review->count++;
        abp_say_mistakes(review->env, &shelf->queue.mistakes);
        return 0;
    }
    abp_experiment_release(&shelf->experiment);
    return posts ? -1 : 0;
}

static void close_review(struct review *review)
{
    for (size_t i = 0; i < review->count; i++) {
        abp_queue_release(&review->shelves[i].queue);
        abp_experiment_release(&review->shelves[i].experiment);
    }
    free(review->shelves);
    abp_reaches_close(&review->reaches);
    abp_used_close(&review->used);
    abp_inputs_release(&review->inputs);
}

static int open_review(struct review *review, const struct abp_args *args,
                       const struct abp_env *env, struct abp_error *err)
{
    struct abp_args all = *args;
    memset(review, 0, sizeof *review);
    review->args = args;
    review->env = env;
    all.name_count = 0; /* the names are files; the experiments are all of them */
    if (abp_inputs_need(&review->inputs, &all, env, err) != 0)
        return -1;
    int rc = abp_reaches_open(&review->reaches, &review->inputs.ws, err);
    if (review->inputs.has_workspace)
        abp_used_open(&review->used, &review->inputs.ws);
    review->shelves = calloc(review->inputs.count + 1, sizeof *review->shelves);
    if (rc == 0 && !review->shelves)
        rc = abp_fail_memory(err);
    for (size_t i = 0; i < review->inputs.count && rc == 0; i++)
        rc = read_shelf(review, review->inputs.paths[i], err);
    if (rc != 0)
        close_review(review);
    return rc;
}

/* The channel number i of an experiment; NULL where this version can't post to it. */
static const struct abp_reach *reach_of(const struct review *review, const struct shelf *shelf,
                                        size_t i)
{
    const struct abp_reach *reach =
        abp_reach_find(&review->reaches, shelf->experiment.channels.list[i]);
    return reach && reach->ops ? reach : NULL;
}

static const char *status_of(const struct abp_queued *post)
{
    static const char *const words[] = {
        [ABP_DRAFT] = "draft", [ABP_APPROVED] = "approved", [ABP_HELD] = "held"};
    return post->readable ? words[post->content.approval] : "mistakes";
}

/* ---- the queue as text ---- */

struct listing {
    struct abp_buffer buf;    /* owned */
    struct abp_screen screen; /* of the output */
    int file_width;           /* columns of the widest file */
    size_t approved, drafts, held, faulty;
};

static void put_problem(struct listing *listing, const char *message)
{
    abp_put_blanks(&listing->buf, 14);
    abp_put_style(&listing->buf, &listing->screen, ABP_BAD);
    abp_put_paragraph(&listing->buf, &listing->screen, message, 14, 14);
    abp_put_style(&listing->buf, &listing->screen, ABP_PLAIN);
}

static void put_fault(void *context, const char *message)
{
    put_problem(context, message);
}

/* The mistakes of a file, without its name, which stands above them. */
static void put_mistakes(struct listing *listing, const struct abp_mistakes *mistakes)
{
    struct abp_buffer message;
    abp_buffer_init(&message, 8192);
    for (size_t i = 0; i < mistakes->count; i++) {
        const struct abp_mistake *mistake = &mistakes->list[i];
        abp_buffer_reset(&message);
        if (mistake->line)
            abp_buffer_printf(&message, "line %ld: ", mistake->line);
        abp_buffer_add(&message, mistake->message);
        put_problem(listing, abp_buffer_text(&message));
    }
    abp_buffer_release(&message);
}

static void put_lengths(struct listing *listing, const struct review *review,
                        const struct shelf *shelf, const struct abp_content *content)
{
    const char *comma = "  ";
    for (size_t i = 0; i < shelf->experiment.channels.count; i++) {
        const struct abp_reach *reach = reach_of(review, shelf, i);
        abp_buffer_add(&listing->buf, comma);
        abp_put_text(&listing->buf, &listing->screen, shelf->experiment.channels.list[i], 0);
        comma = ", ";
        if (!reach) {
            abp_buffer_add(&listing->buf, " can't be posted to");
            continue;
        }
        struct abp_lengths lengths = abp_content_lengths(content, reach->ops, &reach->limits);
        abp_buffer_printf(&listing->buf, " %" PRId64, lengths.characters);
        if (reach->limits.characters >= 0)
            abp_buffer_printf(&listing->buf, "/%" PRId64, reach->limits.characters);
    }
}

/* The text's first words, on one line. */
static void put_words(struct listing *listing, const struct abp_content *content)
{
    const char *text = content->text + strspn(content->text, " \t\n");
    char *line = text[0] ? strndup(text, 400) : NULL;
    abp_put_blanks(&listing->buf, 14);
    abp_put_style(&listing->buf, &listing->screen, ABP_DIM);
    for (char *p = line; p && (p = strpbrk(p, "\t\n"));)
        *p = ' ';
    if (line)
        abp_put_text(&listing->buf, &listing->screen, line, listing->screen.width - 14);
    else
        abp_buffer_printf(&listing->buf, "%zu image%s without a text", content->media_count,
                          content->media_count == 1 ? "" : "s");
    abp_put_style(&listing->buf, &listing->screen, ABP_PLAIN);
    abp_buffer_byte(&listing->buf, '\n');
    free(line);
}

static enum abp_style style_of(const struct abp_queued *post)
{
    if (!post->readable)
        return ABP_BAD;
    return post->content.approval == ABP_APPROVED ? ABP_GOOD : ABP_WARN;
}

static void put_post(struct listing *listing, const struct review *review,
                     const struct shelf *shelf, const struct abp_queued *post)
{
    size_t faults = !post->readable;
    abp_put_blanks(&listing->buf, 4);
    abp_put_style(&listing->buf, &listing->screen, style_of(post));
    abp_put_cell(&listing->buf, &listing->screen, status_of(post), 8);
    abp_put_style(&listing->buf, &listing->screen, ABP_PLAIN);
    abp_put_blanks(&listing->buf, 2);
    if (!post->readable) {
        abp_put_text(&listing->buf, &listing->screen, post->file, 0);
        abp_buffer_byte(&listing->buf, '\n');
        put_mistakes(listing, &post->mistakes);
    } else {
        abp_put_cell(&listing->buf, &listing->screen, post->file, listing->file_width);
        put_lengths(listing, review, shelf, &post->content);
        abp_buffer_byte(&listing->buf, '\n');
        put_words(listing, &post->content);
        for (size_t i = 0; i < shelf->experiment.channels.count; i++) {
            const struct abp_reach *reach = reach_of(review, shelf, i);
            if (reach)
                faults += abp_content_faults(&post->content, reach->ops, &reach->limits, put_fault,
                                             listing);
        }
        abp_used_faults(&review->used, &shelf->experiment, post->variant, &post->content, put_fault,
                        listing);
        listing->approved += post->content.approval == ABP_APPROVED;
        listing->drafts += post->content.approval == ABP_DRAFT;
        listing->held += post->content.approval == ABP_HELD;
    }
    listing->faulty += faults != 0;
}

static void put_shelf(struct listing *listing, const struct review *review,
                      const struct shelf *shelf)
{
    size_t variant = shelf->experiment.variant_count;
    abp_put_style(&listing->buf, &listing->screen, ABP_BOLD);
    abp_put_text(&listing->buf, &listing->screen, shelf->experiment.name, 0);
    abp_put_style(&listing->buf, &listing->screen, ABP_PLAIN);
    abp_buffer_add(&listing->buf, shelf->experiment.decision.review
                                      ? "\n"
                                      : "  (review = no: drafts go out, too)\n");
    for (size_t i = 0; i < shelf->queue.count; i++) {
        const struct abp_queued *post = &shelf->queue.list[i];
        if (post->variant != variant) {
            variant = post->variant;
            abp_put_blanks(&listing->buf, 2);
            abp_put_text(&listing->buf, &listing->screen, shelf->experiment.variants[variant].name,
                         0);
            abp_buffer_byte(&listing->buf, '\n');
        }
        put_post(listing, review, shelf, post);
    }
    abp_buffer_byte(&listing->buf, '\n');
}

static int widest_file(const struct review *review, const struct abp_screen *screen)
{
    int widest = 0;
    for (size_t i = 0; i < review->count; i++)
        for (size_t k = 0; k < review->shelves[i].queue.count; k++) {
            int width = abp_columns(screen, review->shelves[i].queue.list[k].file);
            widest = width > widest && width <= 60 ? width : widest;
        }
    return widest;
}

static void put_counts(struct listing *listing)
{
    size_t readable = listing->approved + listing->drafts + listing->held;
    abp_buffer_printf(&listing->buf, "%zu approved, %zu draft%s, %zu held", listing->approved,
                      listing->drafts, listing->drafts == 1 ? "" : "s", listing->held);
    if (listing->faulty)
        abp_buffer_printf(&listing->buf, "; %zu can't go out as %s", listing->faulty,
                          listing->faulty == 1 ? "it is" : "they are");
    abp_buffer_add(&listing->buf, ".\n");
    if (readable > listing->approved)
        abp_buffer_add(&listing->buf,
                       "abpost approve FILE... lets posts go out, abpost hold FILE... keeps them "
                       "back.\n");
}

static int list_as_text(const struct review *review, struct abp_error *err)
{
    struct listing listing = {.screen = abp_screen_of_output(review->env)};
    abp_buffer_init(&listing.buf, TEXT_MAX);
    listing.file_width = widest_file(review, &listing.screen);
    for (size_t i = 0; i < review->count; i++)
        put_shelf(&listing, review, &review->shelves[i]);
    if (review->count == 0)
        abp_buffer_add(&listing.buf, "No experiment here has post files.\n");
    else if (!review->args->quiet)
        put_counts(&listing);
    int rc = abp_emit(review->env, &listing.buf, err);
    abp_buffer_release(&listing.buf);
    return rc;
}

/* ---- the queue as records ---- */

static void join(void *context, const char *message)
{
    struct abp_buffer *problems = context;
    if (problems->len)
        abp_buffer_add(problems, "; ");
    abp_buffer_add(problems, message);
}

static void join_use(struct abp_buffer *problems, const struct review *review,
                     const struct shelf *shelf, const struct abp_queued *post, size_t channel)
{
    const struct abp_experiment *e = &shelf->experiment;
    const char *on = e->channels.list[channel], *file = post->content.path;
    char said[560];
    struct abp_use use;
    if (!abp_used_as(&use, &review->used.posts, review->used.ws, e->name,
                     e->variants[post->variant].name, on, file, &post->content))
        return;
    abp_used_say(said, sizeof said, &use, on, file);
    join(problems, said);
}

/* One record for each channel. */
static void add_records(struct abp_list *list, const struct review *review,
                        const struct shelf *shelf, const struct abp_queued *post)
{
    struct abp_buffer problems;
    abp_buffer_init(&problems, (size_t)1 << 20);
    for (size_t i = 0; i < shelf->experiment.channels.count; i++) {
        const struct abp_reach *reach = reach_of(review, shelf, i);
        struct abp_field fields[] = {
            {.text = shelf->experiment.name},
            {.text = shelf->experiment.variants[post->variant].name},
            {.text = post->file},
            {.text = post->readable ? status_of(post) : NULL},
            {.text = shelf->experiment.channels.list[i]},
            {.text = NULL}, /* characters */
            {.text = NULL}, /* allowed */
            {.text = NULL}, /* problems */
            {.text = post->readable ? post->content.text : NULL},
        };
        abp_buffer_reset(&problems);
        for (size_t k = 0; k < post->mistakes.count; k++)
            join(&problems, post->mistakes.list[k].message);
        if (!reach)
            join(&problems, "this version of abpost can't post there");
        if (reach && post->readable) {
            fields[5] = (struct abp_field){
                .number =
                    abp_content_lengths(&post->content, reach->ops, &reach->limits).characters,
                .is_number = 1};
            abp_content_faults(&post->content, reach->ops, &reach->limits, join, &problems);
        }
        if (reach && reach->limits.characters >= 0)
            fields[6] = (struct abp_field){.number = reach->limits.characters, .is_number = 1};
        if (post->readable)
            join_use(&problems, review, shelf, post, i);
        if (problems.len)
            fields[7].text = abp_buffer_text(&problems);
        abp_list_add(list, fields);
    }
    abp_buffer_release(&problems);
}

static int list_as_records(const struct review *review, struct abp_error *err)
{
    static const char *const names[] = {"experiment", "variant", "file",     "status", "channel",
                                        "characters", "allowed", "problems", "text"};
    struct abp_list list;
    abp_list_begin(&list, review->env, review->args->format, "abpost.queue/1", "posts", names, 9);
    for (size_t i = 0; i < review->count; i++)
        for (size_t k = 0; k < review->shelves[i].queue.count; k++)
            add_records(&list, review, &review->shelves[i], &review->shelves[i].queue.list[k]);
    return abp_list_end(&list, err);
}

static int list_queue(const struct review *review, struct abp_error *err)
{
    int rc =
        review->args->format == ABP_TEXT ? list_as_text(review, err) : list_as_records(review, err);
    if (rc == 0 && review->broken)
        rc = abp_fail(err, ABP_DATA, "%zu experiment%s left out, because of mistakes",
                      review->broken, review->broken == 1 ? " was" : "s were");
    return rc;
}

/* ---- marking ---- */

/* Who says what is wrong with a file that is to be approved. */
struct objection {
    const struct review *review; /* borrowed */
    const char *file;            /* borrowed */
};

static void object(void *context, const char *message)
{
    const struct objection *objection = context;
    abp_say_at(objection->review->env, objection->file, 0, message);
}

/* How many reasons there are not to let the file go out as it is; each is said. */
static size_t objections(const struct review *review, const char *file,
                         const struct abp_content *content)
{
    struct objection objection = {review, file};
    size_t count = 0;
    for (size_t s = 0; s < review->count; s++) {
        const struct shelf *shelf = &review->shelves[s];
        for (size_t k = 0; k < shelf->queue.count; k++) {
            const struct abp_queued *post = &shelf->queue.list[k];
            if (!post->readable || strcmp(post->content.path, content->path) != 0)
                continue;
            /* That is said, and no reason against it: on other channels it may be new. */
            abp_used_faults(&review->used, &shelf->experiment, post->variant, &post->content,
                            object, &objection);
            for (size_t i = 0; i < shelf->experiment.channels.count; i++) {
                const struct abp_reach *reach = reach_of(review, shelf, i);
                if (reach)
                    count += abp_content_faults(&post->content, reach->ops, &reach->limits, object,
                                                &objection);
            }
        }
    }
    return count;
}

/* 0, or -1 with what is wrong said: the file can't go out as it is. */
static int look_through(const struct review *review, const char *file)
{
    struct abp_content content;
    struct abp_mistakes mistakes = {0};
    struct abp_error why = {0};
    int rc = abp_post_file_read(&content, file, review->inputs.root, &mistakes, &why);
    if (rc == 0) {
        rc = objections(review, file, &content) ? -1 : 0;
        abp_content_release(&content);
    } else if (mistakes.count) {
        abp_say_mistakes(review->env, &mistakes);
    } else {
        abp_say_error(review->env, &why);
    }
    abp_mistakes_release(&mistakes);
    return rc;
}

/* 1: it is one of the files that experiments here post, by whatever name. One that is not there is
 * left to whoever opens it. */
static int is_posted(const struct review *review, const char *file)
{
    struct stat own, other;
    if (stat(file, &own) != 0)
        return 1;
    for (size_t s = 0; s < review->count; s++)
        for (size_t k = 0; k < review->shelves[s].queue.count; k++)
            if (stat(review->shelves[s].queue.list[k].file, &other) == 0 &&
                own.st_dev == other.st_dev && own.st_ino == other.st_ino)
                return 1;
    return 0;
}

/* 1: changed; 0: it was so; -1, and why is said. */
static int mark(const struct review *review, const char *file, enum abp_approval approval)
{
    struct abp_error why = {0};
    if (!is_posted(review, file)) {
        abp_say_at(review->env, file, 0,
                   review->broken
                       ? "no experiment here posts it, of those whose files have no mistakes"
                       : "no experiment here posts it; 'posts =' of a [variant] names the files");
        return -1;
    }
    if (approval == ABP_APPROVED && look_through(review, file) != 0)
        return -1;
    int rc = abp_post_file_mark(file, approval, &why);
    if (rc < 0)
        abp_say_error(review->env, &why);
    return rc;
}

static int mark_all(const struct review *review, enum abp_approval approval, struct abp_error *err)
{
    static const char *const names[] = {"file", "status", "changed"};
    const struct abp_args *args = review->args;
    const char *word = approval == ABP_APPROVED ? "approved" : "held";
    struct abp_screen screen = abp_screen_of_output(review->env);
    struct abp_buffer text;
    struct abp_list list;
    size_t failed = 0;
    abp_buffer_init(&text, TEXT_MAX);
    if (args->format != ABP_TEXT)
        abp_list_begin(&list, review->env, args->format, "abpost.marked/1", "posts", names, 3);
    for (size_t i = 0; i < args->name_count; i++) {
        char *path = abp_path_join(review->env->directory, args->names[i]);
        int rc = path ? mark(review, path, approval) : -1;
        failed += rc < 0;
        if (rc >= 0 && args->format != ABP_TEXT) {
            struct abp_field fields[] = {
                {.text = path}, {.text = word}, {.number = rc, .is_number = 1}};
            abp_list_add(&list, fields);
        } else if (rc >= 0 && !args->quiet) {
            abp_put_text(&text, &screen, path, 0);
            abp_buffer_printf(&text, " %s %s\n", rc ? "is" : "was already", word);
        }
        free(path);
    }
    int rc =
        args->format == ABP_TEXT ? abp_emit(review->env, &text, err) : abp_list_end(&list, err);
    abp_buffer_release(&text);
    if (rc == 0 && failed)
        rc = args->name_count == 1
                 ? abp_fail(err, ABP_DATA, "the file stayed as it was")
                 : abp_fail(err, ABP_DATA, "%zu of %zu files stayed as %s", failed,
                            args->name_count, failed == 1 ? "it was" : "they were");
    return rc;
}

static int run(const struct abp_args *args, const struct abp_env *env, enum abp_approval approval,
               struct abp_error *err)
{
    struct review review;
    if (open_review(&review, args, env, err) != 0)
        return -1;
    int rc = args->name_count ? mark_all(&review, approval, err) : list_queue(&review, err);
    close_review(&review);
    return rc;
}

static int run_approve(const struct abp_args *args, const struct abp_env *env,
                       struct abp_error *err)
{
    return run(args, env, ABP_APPROVED, err);
}

static int run_hold(const struct abp_args *args, const struct abp_env *env, struct abp_error *err)
{
    return run(args, env, ABP_HELD, err);
}

#define LIST_DETAILS                                                                               \
    "Without a FILE it lists the queue: every post file of every experiment, with its status, "    \
    "its "                                                                                         \
    "length as each channel counts it, its first words, and what keeps it from going out, which "  \
    "may be that it was posted already under another name. With "                                  \
    "--format json (schema abpost.queue/1) or csv a record for each file and channel."

static const char *const approve_details[] = {
    "Writes 'status: approved' into post files: from then on they may be posted. Only that line "
    "changes. A file with mistakes, or too long for a channel of its experiment, or that no "
    "experiment here posts, stays as it was, and what is wrong is said; the exit status is 65 "
    "then.",
    LIST_DETAILS,
    NULL,
};

static const char *const hold_details[] = {
    "Writes 'status: held' into post files: they are not posted until they are approved, even "
    "where "
    "that was tried before in vain. Only that line changes. A post that is out already stays out.",
    LIST_DETAILS,
    NULL,
};

const struct abp_command abp_command_approve = {
    .name = "approve",
    .arguments = "[FILE...]",
    .at_most = ABP_ANY_NUMBER,
    .summary = "let posts go out, or list what waits for that",
    .details = approve_details,
    .formats = ABP_EVERY_FORMAT,
    .run = run_approve,
};

const struct abp_command abp_command_hold = {
    .name = "hold",
    .arguments = "[FILE...]",
    .at_most = ABP_ANY_NUMBER,
    .summary = "keep posts back",
    .details = hold_details,
    .formats = ABP_EVERY_FORMAT,
    .run = run_hold,
};
