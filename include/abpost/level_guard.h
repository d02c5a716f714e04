/* The guard for levels of factors: "a question does what a statement does" tested every night,
 * whatever photo, length or link it comes with.
 *
 * WHAT IT TESTS. Level l of a factor against the factor's reference level r. Null hypothesis: a
 * post does as well with l as with r, in each combination of the other factors' levels. What these
 * other factors do is left free, and combinations may be as unlike as they please.
 *
 * THE DRAW. Two variants that differ in nothing but l and r are a pair: question with photo and
 * statement with photo are one, question without and statement without another. Take a block whose
 * variants were shuffled over its posts. Given which posts a pair got, the two orders within the
 * pair are alike, and so are they in each other pair of the block, independently: of all
 * permutations that give the pairs these posts there are as many with one order as with the other.
 * Under the null an outcome hangs on the post and on the pair, not on which of the two it was; so
 * given the posts of all pairs (and of the variants without a partner), all outcomes are fixed and
 * only the orders within pairs are random, each a fair coin. That is what guard.h asks for, with
 * (block, pair) in place of the block, l in place of the variant and r of the baseline: where a
 * block of eight has four pairs that differ in a factor, the level's guard sees four draws. Scores,
 * stakes and the end of the plan are guard.h's, and so is the proof: every function of the
 * outcomes, of the posts of all pairs and of the orders told before may be bet on.
 *
 *   - Several posts of each variant in a block (imported data): the pair's posts are shuffled among
 *     themselves, C(m, k) ways; the same.
 *   - Posts drawn one by one with known probabilities p over the variants: given that a post became
 *     one of pair (v, w), it is v with chance p_v / (p_v + p_w); the same.
 *   - A pair's turn comes with its last post of the block. Which post that is hangs on the posts of
 *     the pair and not on their order, so the turns tell nothing either. Probabilities that follow
 *     outcomes were computed from blocks whose every pair has had its turn by then.
 *   - The number of draws planned is the number of blocks planned times that of pairs, and both are
 *     known before the first post.
 *
 * So P(E ever reaches c) <= 1/c for each level under its null, whatever the distribution and
 * whatever the other factors do. tests/unit/test_level_guard*.c look at it.
 *
 * WHAT IT DOES NOT SAY. A level that helps with a photo and hurts without is not "nothing", and the
 * guard may find that out. Whether it helps on the whole is the posterior's to say (factors.h),
 * whose interval widens where combinations disagree; a verdict takes both, on the same side.
 *
 * WITHOUT PAIRS. In a design where no two variants differ in this factor alone (half of the eight
 * combinations, taken so that each two of them differ twice), swapping labels changes other factors
 * too, and nothing but a model that adds effects up tells them apart. Then there is no guard,
 * `pairs` says so, and no verdict is stronger than leaning. */
#ifndef ABPOST_LEVEL_GUARD_H
#define ABPOST_LEVEL_GUARD_H

#include "abpost/guard.h"

struct abp_level_guard_input {
    /* borrowed; posts by variant, as the guard of variants takes them. Its baseline and threshold
       are not read */
    const struct abp_guard_input *posts;
    size_t factors;       /* at least 1 */
    const size_t *levels; /* borrowed; factors: how many levels each has */
    const size_t *level;  /* borrowed; factors x variants, row-major: each variant's level. No two
                             variants have the same of all factors */
    const size_t *zero;   /* borrowed; factors: the reference level */
    double threshold;     /* what a level's E is compared with; > 1 */
};

struct abp_level_guard {
    struct abp_guard_output guard; /* blocks: pairs of posts, one for each block and pair */
    size_t pairs; /* of variants that differ in this level and the reference alone; 0: no guard */
};

/* out: an entry for each level, factor by factor; the reference's own, and those without pairs,
 * have e_value 1 and no blocks. ABP_DATA as abp_guard; ABP_BUG for a level out of range. On -1 out
 * is undefined. */
int abp_level_guards(struct abp_level_guard *out, const struct abp_level_guard_input *in,
                     struct abp_error *err) ABP_MUST_CHECK;

#endif
