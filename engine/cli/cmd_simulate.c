/* abpost simulate: what an experiment would find, lived through in worlds. Reads, never posts. */
#include "pool.h"
#include "progress.h"
#include "scene.h"
#include "tally.h"

#include "abpost/text.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define MAX_OUTPUT   ((size_t)1 << 26) /* bytes */
#define MOST_EFFECTS 32
#define MOST_WORLDS  1000000
#define WORLDS       500 /* of each effect, unless --worlds says otherwise */
#define BATCH        10  /* worlds of one job */
#define WEEK         INT64_C(604800)

static const double usual_effects[] = {1.0, 1.2, 1.5, 2.0, 3.0, NAN};

/* Lives of one effect, in their order. */
struct job {
    size_t effect, first, count, done;
    struct abp_sim_outcome outcomes[BATCH];
    struct abp_sim_verdict *verdicts; /* owned; BATCH x (variants, then levels) */
    struct abp_climate_world worlds[BATCH];
    struct abp_error err;
    int failed;
};

struct simulation {
    const struct abp_env *env; /* borrowed */
    struct abp_scene scene;
    double effects[MOST_EFFECTS];
    size_t effect_count, worlds;
    size_t next_effect, next_world; /* guarded by the pool */
    struct abp_tally tallies[MOST_EFFECTS];
    size_t told; /* worlds handed back */
    struct abp_progress_bar progress;
};

/* ---- jobs ---- */

static void *next_job(void *context)
{
    struct simulation *s = context;
    if (s->next_effect == s->effect_count)
        return NULL;
    struct job *job = calloc(1, sizeof *job);
    if (!job)
        return NULL; /* what is missing then is told by its number */
    job->effect = s->next_effect;
    job->first = s->next_world;
    job->count = s->worlds - s->next_world < BATCH ? s->worlds - s->next_world : BATCH;
    s->next_world += job->count;
    if (s->next_world == s->worlds) {
        s->next_world = 0;
        s->next_effect++;
    }
    return job;
}

/* The same numbers of worlds for every effect: a difference between effects is one of effects. */
static int live(struct simulation *s, struct job *job, size_t i, struct abp_sim_slot *slots)
{
    const struct abp_scene *scene = &s->scene;
    uint64_t number = job->first + i, seed = s->env->seed;
    struct abp_sim_design design = abp_scene_design(scene, slots, abp_world_seed(seed, 1), number);
    job->outcomes[i].variants = job->verdicts + i * (scene->variants + scene->level_count);
    job->outcomes[i].levels =
        scene->factor_count ? job->outcomes[i].variants + scene->variants : NULL;
    if (abp_climate_draw(&job->worlds[i], &scene->climate, scene->variants, scene->channels,
                         scene->slot_kinds, s->effects[job->effect], abp_world_seed(seed, 2),
                         number, &job->err) != 0)
        return -1;
    job->done++;
    if (scene->factor_count &&
        abp_climate_draw_levels(&job->worlds[i], &scene->climate, scene->factors,
                                scene->factor_count, s->effects[job->effect],
                                abp_world_seed(seed, 2), number, &job->err) != 0)
        return -1;
    return abp_simulate(&job->outcomes[i], &design, &job->worlds[i].world,
                        abp_world_seed(abp_world_seed(seed, 3), number), &job->err);
}

static void work(void *context, void *argument)
{
    struct simulation *s = context;
    struct job *job = argument;
    struct abp_sim_slot *slots = calloc(s->scene.count + 1, sizeof *slots);
    job->verdicts =
        calloc(BATCH * (s->scene.variants + s->scene.level_count), sizeof *job->verdicts);
    job->failed = !slots || !job->verdicts;
    if (job->failed)
        abp_fail_memory(&job->err);
    for (size_t i = 0; i < job->count && !job->failed; i++)
        job->failed = live(s, job, i, slots) != 0;
    free(slots);
}

static int deliver(void *context, void *argument, struct abp_error *err)
{
    struct simulation *s = context;
    struct job *job = argument;
    if (job->failed) {
        *err = job->err;
        return -1;
    }
    struct abp_sim_design design = {.variants = s->scene.variants,
                                    .slots = s->scene.slots,
                                    .factors = s->scene.factors,
                                    .factor_count = s->scene.factor_count};
    for (size_t i = 0; i < job->count; i++)
        abp_tally_add(&s->tallies[job->effect], &job->outcomes[i], &design, &job->worlds[i]);
    s->told += job->count;
    abp_progress_update(&s->progress, s->told, s->worlds * s->effect_count);
    return 0;
}

static void discard(void *context, void *argument)
{
    struct job *job = argument;
    (void)context;
    for (size_t i = 0; i < job->done; i++)
        abp_climate_world_release(&job->worlds[i]);
    free(job->verdicts);
    free(job);
}

/* ---- the whole ---- */

static int show(struct simulation *s, const struct abp_args *args, struct abp_error *err)
{
    const struct abp_scene *scene = &s->scene;
    struct abp_buffer buf;
    int64_t last = scene->slots[scene->count - 1].at + scene->experiment->horizon;
    struct abp_simulation shown = {.env = s->env,
                                   .scene = scene,
                                   .tallies = s->tallies,
                                   .count = s->effect_count,
                                   .worlds = s->worlds,
                                   .weeks = (size_t)((last - scene->slots[0].at) / WEEK) + 1,
                                   .aa = args->aa};
    if (shown.weeks > ABP_TALLY_WEEKS)
        shown.weeks = ABP_TALLY_WEEKS;
    abp_buffer_init(&buf, MAX_OUTPUT);
    if (args->format == ABP_JSON)
        abp_simulation_put_json(&buf, &shown);
    else if (args->format == ABP_CSV)
        abp_simulation_put_csv(&buf, &shown);
    else
        abp_simulation_put_text(&buf, &shown);
    int rc = abp_emit(s->env, &buf, err);
    abp_buffer_release(&buf);
    return rc;
}

static int simulate(struct simulation *s, const struct abp_args *args, struct abp_error *err)
{
    struct abp_pool pool = {s->env->threads, s->env->stop, s, next_job, work, deliver, discard};
    for (size_t i = 0; i < s->effect_count; i++)
        if (abp_tally_init(&s->tallies[i], s->effects[i], err) != 0)
            return -1;
    abp_progress_begin(&s->progress, s->env, !args->quiet);
    int rc = abp_pool_run(&pool, err);
    abp_progress_hide(&s->progress);
    if (rc == 0 && s->told < s->worlds * s->effect_count)
        rc = abp_fail(err, ABP_FAILED, "stopped after %zu of %zu worlds; nothing is shown", s->told,
                      s->worlds * s->effect_count);
    return rc == 0 ? show(s, args, err) : -1;
}

static int open_and_run(struct simulation *s, const struct abp_args *args,
                        const struct abp_inputs *inputs, struct abp_error *err)
{
    struct abp_sources sources;
    struct abp_source source;
    struct abp_mistakes mistakes = {0};
    if (abp_sources_open(&sources, inputs, args, s->env, err) != 0)
        return -1;
    int rc = abp_source_open(&source, &sources, inputs->paths[0], &mistakes, err);
    if (rc == 0) {
        rc = abp_scene_open(&s->scene, &source, &sources, args, err);
        if (rc == 0) {
            rc = simulate(s, args, err);
            abp_scene_close(&s->scene);
        }
        abp_source_close(&source);
    } else if (mistakes.count) {
        abp_say_mistakes(s->env, &mistakes);
        abp_fail(err, ABP_DATA, "%s", "");
    }
    abp_mistakes_release(&mistakes);
    abp_sources_close(&sources);
    return rc;
}

/* "1.2, 1.5 2": ratios above 0. */
static int read_effects(struct simulation *s, const char *text, struct abp_error *err)
{
    while (*(text += strspn(text, ", "))) {
        char *end;
        double effect = strtod(text, &end);
        size_t len = strcspn(text, ", ");
        if (end != text + len || !(effect >= 0.01 && effect <= 100.0))
            return abp_fail(err, ABP_USAGE,
                            "--effect '%.*s' is not accepted; ratios from 0.01 to 100 are, such as "
                            "1.2,1.5,2",
                            (int)(len < 40 ? len : 40), text);
        if (s->effect_count == MOST_EFFECTS)
            return abp_fail(err, ABP_USAGE, "--effect takes at most %d ratios", MOST_EFFECTS);
        s->effects[s->effect_count++] = effect;
        text = end;
    }
    return s->effect_count ? 0 : abp_fail(err, ABP_USAGE, "--effect names no ratio");
}

static int choose_effects(struct simulation *s, const struct abp_args *args, struct abp_error *err)
{
    s->worlds = args->worlds ? (size_t)args->worlds : WORLDS;
    if (args->effects)
        return read_effects(s, args->effects, err);
    s->effect_count = args->aa ? 1 : sizeof usual_effects / sizeof *usual_effects;
    memcpy(s->effects, usual_effects, sizeof usual_effects);
    return 0;
}

static int run_simulate(const struct abp_args *args, const struct abp_env *env,
                        struct abp_error *err)
{
    struct simulation *s = calloc(1, sizeof *s);
    struct abp_inputs inputs;
    if (!s)
        return abp_fail_memory(err);
    s->env = env;
    int rc = choose_effects(s, args, err);
    if (rc == 0)
        rc = abp_inputs_need(&inputs, args, env, err);
    if (rc == 0) {
        rc = open_and_run(s, args, &inputs, err);
        abp_inputs_release(&inputs);
    }
    for (size_t i = 0; i < s->effect_count; i++)
        abp_tally_release(&s->tallies[i]);
    free(s);
    return rc;
}

/* ---- options ---- */

static int set_worlds(struct abp_args *args, struct abp_env *env, const char *value,
                      struct abp_error *err)
{
    (void)env;
    if (abp_parse_int64(value, &args->worlds) != 0 || args->worlds < 1 ||
        args->worlds > MOST_WORLDS)
        return abp_fail(err, ABP_USAGE,
                        "--worlds '%s' is not accepted; a whole number from 1 to %d is", value,
                        MOST_WORLDS);
    return 0;
}

static int set_effects(struct abp_args *args, struct abp_env *env, const char *value,
                       struct abp_error *err)
{
    (void)env, (void)err;
    args->effects = value;
    return 0;
}

static int set_aa(struct abp_args *args, struct abp_env *env, const char *value,
                  struct abp_error *err)
{
    (void)env, (void)err;
    args->aa = value;
    return 0;
}

static const struct abp_option options[] = {
    {0, "worlds", "N", "worlds of each effect (default: 500)", set_worlds},
    {0, "effect", "RATIOS",
     "what one style does to the outcome, such as 1.5 or 1.2,2 (default: 1, 1.2, 1.5, 2, 3, and "
     "effects drawn from the prior)",
     set_effects},
    {0, "aa", "FILE",
     "shuffle the styles of real posts instead: a CSV file with the columns of an [import]",
     set_aa},
};

static const char *const details[] = {
    "Says before the first post what an experiment can find and how often it would be wrong. Its "
    "own schedule is lived through in many generated worlds, with the looks, guard, posterior and "
    "verdicts of every night, until every style has a verdict or the posts are used up. It reads, "
    "and never posts; what the experiment has posted already does not count.",
    "#Worlds",
    "One style has the effect, the others are alike; 1 is for false alarms. Of an experiment with "
    "factors one level has it, in every style that is put together with it, and what is found, or "
    "wrong, is found of that level, or of any style or level. What posts are like "
    "otherwise - their level, the spread between them, between channels and slots - is learned "
    "from the experiment's own posts (made, imported, or in the file that [import] names), else "
    "from another experiment of the workspace with the same outcome, else it is a default; the "
    "output says which. A third of the worlds each has the tail of the experiment's family, a "
    "lognormal and a heavy one (t with 3 degrees of freedom on the log scale), and half of them a "
    "trend and a level that wanders from post to post.",
    "With --aa the outcomes are those of real posts, in their order, and only the styles are "
    "drawn: false alarms on the account's own data. What the file's columns mean is said by the "
    "experiment's [import], else by that of another experiment with the same outcome. With "
    "--effect too, real outcomes are multiplied. Without a [schedule], the data's own posts are "
    "the slots.",
    "No guardrail breaks, no reading goes missing and no post fails in these worlds; 'same' is "
    "asked for at the end alone; allocation is balanced. A posterior is fitted only on nights when "
    "the guard has reached its threshold: before, no verdict but 'same' is possible.",
    "#JSON, schema abpost.simulation/1",
    " schema, as_of, experiment, styles, posts, channels, weeks, seed, aa, alpha,",
    " worlds: { family, learned_from, past_posts, mu, kappa, log_sd, channel_sd,",
    "           slot_sd, trend_sd, level_sd, lift_sd },",
    " effects: [ effect, worlds, found, wrong: { count, share, low, high },",
    "            decided, chosen, chosen_better, chosen_best, regret,",
    "            weeks: { q25, q50, q75 }, by_week: [ week, found, decided ],",
    "            tails: [ name, worlds, wrong ], fits ]",
    "effect is null where effects are drawn from the prior; shares of worlds are from 0 to 1; "
    "decided: every style has a verdict; wrong: ever a repeat or drop that is not deserved, with "
    "the 95 % interval of its share; regret is a share of the best style's outcome. CSV has a row "
    "for each effect and week.",
    NULL,
};

const struct abp_command abp_command_simulate = {
    .name = "simulate",
    .arguments = "EXPERIMENT",
    .at_least = 1,
    .at_most = 1,
    .summary = "what an experiment would find, and how often it would be wrong",
    .details = details,
    .formats = ABP_EVERY_FORMAT,
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = run_simulate,
};
