#include "loaded.h"

#include "screen.h"
#include "stored.h"

#include "abpost/channel.h"

#include <stdlib.h>
#include <string.h>

/* What to do about a file that is left out. */
enum broken {
    KEPT, /* its mistakes are kept for whoever asks; one that can't be read fails the command */
    SAID  /* said at once */
};

/* 0: it is left out; -1: the command can't go on. */
static int leave_out(struct abp_loaded *loaded, struct abp_mistakes *mistakes,
                     const struct abp_error *why, struct abp_error *err)
{
    loaded->broken++;
    abp_say_mistakes(loaded->env, mistakes);
    if (mistakes->count == 0)
        abp_say_error(loaded->env, why);
    abp_mistakes_release(mistakes);
    if (why->code != ABP_FAILED)
        return 0;
    *err = *why;
    return -1;
}

static int read_experiment(struct abp_loaded *loaded, const char *path, enum broken broken,
                           struct abp_error *err)
{
    struct abp_error why = {0};
    struct abp_mistakes own = {0}, *mistakes = broken == SAID ? &own : &loaded->mistakes;
    size_t before = mistakes->count;
    struct abp_experiment *e = &loaded->experiments[loaded->count];
    if (abp_experiment_read(e, path, &loaded->inputs.ws, mistakes, &why) == 0) {
        abp_mistakes_release(&own);
        loaded->publish[loaded->count++] =
            (struct abp_publish_experiment){.experiment = e, .fingerprint = ""};
        return 0;
    }
    if (broken == SAID)
        return leave_out(loaded, &own, &why, err);
    loaded->broken++;
    if (why.code == ABP_DATA && mistakes->count > before)
        return 0;
    *err = why;
    return -1;
}

static int read_experiments(struct abp_loaded *loaded, enum broken broken, struct abp_error *err)
{
    size_t most = loaded->inputs.count + 1;
    loaded->experiments = calloc(most, sizeof *loaded->experiments);
    loaded->publish = calloc(most, sizeof *loaded->publish);
    if (!loaded->experiments || !loaded->publish)
        return abp_fail_memory(err);
    for (size_t i = 0; i < loaded->inputs.count; i++)
        if (read_experiment(loaded, loaded->inputs.paths[i], broken, err) != 0)
            return -1;
    return 0;
}

static int open_with(struct abp_loaded *loaded, const struct abp_args *args,
                     const struct abp_env *env, enum abp_store_mode mode, enum broken broken,
                     struct abp_error *err)
{
    memset(loaded, 0, sizeof *loaded);
    loaded->env = env;
    if (abp_inputs_need(&loaded->inputs, args, env, err) != 0)
        return -1;
    int rc = -1;
    if (!loaded->inputs.has_workspace)
        abp_fail(err, ABP_DATA,
                 "there is no workspace: no abpost.ini here or above; 'abpost init' makes one");
    else if (abp_zone_open(&loaded->zone, loaded->inputs.ws.timezone, err) == 0 &&
             read_experiments(loaded, broken, err) == 0)
        rc = abp_stored_open(&loaded->store, &loaded->inputs.ws, mode, err);
    if (rc != 0)
        abp_loaded_close(loaded);
    return rc;
}

int abp_loaded_open(struct abp_loaded *loaded, const struct abp_args *args,
                    const struct abp_env *env, enum abp_store_mode mode, struct abp_error *err)
{
    return open_with(loaded, args, env, mode, KEPT, err);
}

int abp_loaded_open_all(struct abp_loaded *loaded, const struct abp_args *args,
                        const struct abp_env *env, enum abp_store_mode mode, struct abp_error *err)
{
    struct abp_args all = *args;
    all.name_count = 0;
    return open_with(loaded, &all, env, mode, SAID, err);
}

void abp_loaded_close(struct abp_loaded *loaded)
{
    abp_store_close(loaded->store);
    for (size_t i = 0; i < loaded->count; i++)
        abp_experiment_release(&loaded->experiments[i]);
    free(loaded->experiments);
    free(loaded->publish);
    abp_mistakes_release(&loaded->mistakes);
    abp_zone_free(loaded->zone);
    abp_inputs_release(&loaded->inputs);
    memset(loaded, 0, sizeof *loaded);
}

void abp_loaded_say_mistakes(const struct abp_loaded *loaded)
{
    abp_say_mistakes(loaded->env, &loaded->mistakes);
}

struct abp_publish_input abp_loaded_publish(const struct abp_loaded *loaded)
{
    return (struct abp_publish_input){.env = loaded->env,
                                      .ws = &loaded->inputs.ws,
                                      .store = loaded->store,
                                      .experiments = loaded->publish,
                                      .experiment_count = loaded->count};
}

const struct abp_channel *abp_loaded_channel(const struct abp_loaded *loaded, const char *name)
{
    return abp_workspace_channel(&loaded->inputs.ws, name);
}

const struct abp_experiment *abp_loaded_experiment(const struct abp_loaded *loaded,
                                                   const char *name)
{
    for (size_t i = 0; i < loaded->count; i++)
        if (strcmp(loaded->experiments[i].name, name) == 0)
            return &loaded->experiments[i];
    return NULL;
}

int abp_is_by_hand(const struct abp_channel *channel)
{
    const struct abp_channel_ops *ops = abp_channel_ops(channel->platform);
    return !ops || (ops->abilities & ABP_BY_HAND) != 0;
}
