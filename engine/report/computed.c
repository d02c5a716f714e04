/* How it was computed: for whoever wants to check. */
#include "report/html.h"
#include "report/section.h"

#include "abpost/words.h"

#include <math.h>

#define MOST_NAME ((size_t)1 << 14) /* bytes of a factor's name as HTML */

static const char *family_gloss(enum abp_family family)
{
    static const char *const glosses[ABP_FAMILY_COUNT] = {
        [ABP_NEGBINOMIAL] = "counts per post that differ between posts by more than chance",
        [ABP_POISSON_LOGNORMAL] = "counts per post, some of them very large",
        [ABP_BETABINOMIAL] = "rates that differ between posts by more than chance",
        [ABP_LOGNORMAL] = "amounts above 0",
        [ABP_POISSON] = "counts whose unit is the individual",
        [ABP_BINOMIAL] = "shares whose unit is the individual",
    };
    const char *gloss = (unsigned)family < ABP_FAMILY_COUNT ? glosses[family] : NULL;
    return gloss ? gloss : "";
}

static void put_spread(struct abp_buffer *buf, const char *what, const struct abp_summary *spread)
{
    if (!isfinite(spread->q50))
        return;
    abp_buffer_printf(buf, "<tr><th scope=\"row\">%s</th><td class=\"n\">", what);
    html_text(buf, abp_ratio_words(spread->q50).text);
    abp_buffer_add(buf, "</td><td class=\"n\">");
    html_text(buf, abp_ratio_words(spread->q025).text);
    abp_buffer_add(buf, " to ");
    html_text(buf, abp_ratio_words(spread->q975).text);
    abp_buffer_add(buf, "</td></tr>\n");
}

static void put_level_spreads(struct abp_buffer *buf, const struct abp_result *result)
{
    struct abp_buffer what;
    abp_buffer_init(&what, MOST_NAME);
    for (size_t f = 0; f < result->factor_count; f++) {
        abp_buffer_add(&what, "τ, between levels of ");
        html_name(&what, result->factors[f].name);
        put_spread(buf, abp_buffer_text(&what), &result->factors[f].tau);
        abp_buffer_reset(&what);
    }
    abp_buffer_release(&what);
}

static void put_spreads(struct abp_buffer *buf, const struct abp_result *result)
{
    const struct abp_fit_result *fit = &result->fit;
    if (!isfinite(fit->kappa.q50) && !isfinite(fit->tau_v.q50))
        return;
    abp_buffer_add(buf,
                   "<div class=\"wide\"><table><thead><tr><th scope=\"col\">Spread, on the log "
                   "scale</th><th scope=\"col\" class=\"n\">Median</th><th scope=\"col\" "
                   "class=\"n\">95 % interval</th></tr></thead><tbody>\n");
    put_spread(buf, "κ, between posts of one kind", &fit->kappa);
    put_level_spreads(buf, result);
    put_spread(buf,
               result->factor_count ? "τ<sub>v</sub>, of combinations beyond their levels"
                                    : "τ<sub>v</sub>, between styles",
               &fit->tau_v);
    put_spread(buf, "τ<sub>u</sub>, between channels", &fit->tau_u);
    put_spread(buf, "τ<sub>b</sub>, of a style’s effect between channels", &fit->tau_b);
    put_spread(buf, "τ<sub>w</sub>, between slots", &fit->tau_w);
    abp_buffer_add(buf, "</tbody></table></div>\n");
}

static void put_learned(struct abp_buffer *buf, const struct abp_learned_result *learned)
{
    if (learned->experiments == 0)
        return;
    abp_buffer_printf(buf, ", lift_sd %s", abp_ratio_words(learned->scale).text);
    abp_buffer_printf(buf, " (%s to ", abp_ratio_words(learned->low).text);
    abp_buffer_printf(buf, "%s), learned from ", abp_ratio_words(learned->high).text);
    html_plural(buf, learned->experiments, "experiment");
    abp_buffer_printf(buf, " (else %s)", abp_ratio_words(learned->without).text);
}

void section_computed(struct abp_buffer *buf, const struct abp_result *result)
{
    const struct abp_fit_result *fit = &result->fit;
    if (!fit->method[0])
        return;
    abp_buffer_add(buf, "<h3>How it was computed</h3><p class=\"soft\">Family ");
    html_text(buf, abp_family_name(result->family) ? abp_family_name(result->family) : "unknown");
    abp_buffer_printf(buf, ": %s. Method ", family_gloss(result->family));
    html_text(buf, fit->method);
    if (isfinite(fit->khat))
        abp_buffer_printf(buf, ", k-hat %s (below 0.7 the numbers can be relied on)",
                          abp_amount_words(fit->khat).text);
    if (fit->ess >= 0 && fit->ess < 1e15)
        abp_buffer_printf(buf, ", effective sample size %s",
                          abp_count_words((size_t)fit->ess).text);
    put_learned(buf, &result->learned);
    abp_buffer_printf(buf, ", seed %llu. The same data and seed give these numbers again.</p>\n",
                      (unsigned long long)fit->seed);
    put_spreads(buf, result);
}
