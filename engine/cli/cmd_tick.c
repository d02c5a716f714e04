/* abpost tick: posts what is due and reads what has matured. */
#include "rounds.h"
#include "screen.h"

static int tick(struct abp_rounds *rounds, struct abp_error *err)
{
    struct abp_journal journal;
    struct abp_round_report report;
    struct abp_error late = {0};
    if (!rounds->loaded.store && !rounds->args->quiet)
        abp_say(rounds->loaded.env,
                "nothing is planned yet; abpost plan EXPERIMENT draws the first posts");
    if (abp_journal_open(&journal, rounds, "abpost.tick/1", NULL, err) != 0)
        return -1;
    int rc = abp_rounds_tick(&report, rounds, &journal, err);
    if (abp_journal_close(&journal, &late) != 0 && rc == 0) {
        *err = late;
        rc = -1;
    }
    return rc == 0 ? abp_rounds_verdict(&report, rounds, err) : rc;
}

static int run_tick(const struct abp_args *args, const struct abp_env *env, struct abp_error *err)
{
    struct abp_rounds rounds;
    if (abp_rounds_open(&rounds, args, env, ABP_STORE_EXISTING, err) != 0)
        return -1;
    int rc = tick(&rounds, err);
    abp_rounds_close(&rounds);
    return rc;
}

static const char *const details[] = {
    "Does what is due, and ends: posts whose time has come go out, posts whose fate is not known "
    "are asked for, and the numbers of posts that have reached the age of a reading are read. "
    "Experiments that were never planned (abpost plan) are left alone.",
    "It is safe every minute, twice at once, on two machines over one database, and after a week "
    "off: a post goes out once or not at all. What is late by more than max_lateness does not go "
    "out; its block is drawn again.",
    "As text a line for each thing that was done; -v says what waits, too; -q only trouble. JSON "
    "has the schema abpost.tick/1.",
    "The exit status is 3 when a person is needed (a post whose fate is unknown, a sign-in that "
    "was refused, planned posts of an experiment whose file is gone), 69 when a platform could not "
    "be reached, 65 when experiment files have "
    "mistakes.",
    NULL,
};

const struct abp_command abp_command_tick = {
    .name = "tick",
    .arguments = "",
    .at_most = 0,
    .summary = "post what is due, read what has matured",
    .details = details,
    .formats = ABP_EVERY_FORMAT,
    .run = run_tick,
};
