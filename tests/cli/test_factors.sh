#!/usr/bin/env bash
# Variants that are put together from levels, from the file to the verdict of each level, in every
# format; and every way to say it wrongly.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cp "$SOURCE"/experiments/combinations/combinations.* .
f="j->>'\$.experiments[0].factors"

# ---- what it says ----

abpost check combinations.ini
exits 0
abpost evaluate combinations.ini
exits 0
complains_of_nothing
plain "$out"
says "style, whatever else a post is put together from"
says "  question   x1."
says "question: repeat, 40 posts"
says "sure to do better than statement, and the guard has reached"
says "of 120 after 40 pairs"
says "photo: keep testing, 40 posts"
says "likely to do better than bare"
says "long: keep testing, 40 posts"
cp "$out" first
abpost evaluate combinations.ini -v
says "tau of style, between levels"
says "tau_v, beyond levels"

# The levels' order in the file and that of the sections say nothing; the baseline's levels lead.
sed 's/^baseline.*/baseline = question-photo-long/' combinations.ini >turned.ini
abpost evaluate turned.ini
exits 0
says "statement: drop, 40 posts"
says "sure to do worse than question"
says "bare: keep testing"

abpost evaluate combinations.ini --format json
exits 0
answers "json_array_length($f')" 3
answers "$f[0].name'" style
answers "$f[0].reference'" statement
answers "json_type(j,'\$.experiments[0].factors[0].tau.q50')" real
answers "$f[0].levels[0].name'" statement
answers "json_type(j,'\$.experiments[0].factors[0].levels[0].lift')" null
answers "json_type(j,'\$.experiments[0].factors[0].levels[0].guard')" null
answers "json_type(j,'\$.experiments[0].factors[0].levels[0].verdict')" null
answers "json_type(j,'\$.experiments[0].factors[0].levels[0].p_best')" real
answers "$f[0].levels[1].name'" question
answers "$f[0].levels[1].variants'" 4
answers "$f[0].levels[1].posts'" 40
answers "$f[0].levels[1].verdict'" repeat
answers "$f[0].levels[1].guard.threshold'" 120.0
answers "$f[0].levels[1].guard.blocks'" 40
answers "$f[0].levels[1].guard.e_value' >= 120" 1
answers "$f[0].levels[1].lift.q025' > 0" 1
answers "$f[1].levels[1].verdict'" keep-testing
answers "j->>'\$.experiments[0].variants[4].guard.threshold'" 280.0
answers "json_array_length(j,'\$.experiments[0].variants')" 8
answers "j->>'\$.portfolio.tests'" 7

abpost evaluate combinations.ini --format csv
exits 0
[ "$(wc -l <"$out")" -eq 15 ] || fail "a header, 8 variants and 6 levels are 15 rows"
[ "$(grep -c '^combinations,style,question,statement,negbinomial,yes,40,0,,,,' "$out")" -eq 1 ] ||
    fail "no row of style = question"
[ "$(grep -c '^combinations,,' "$out")" -eq 8 ] || fail "rows of variants have no factor"

abpost report combinations.ini -o page.html
exits 0
for text in '<bdi>style</bdi></h3>' 'Repeat <bdi>question</bdi>' '(40 pairs)'; do
    grep -qF "$text" page.html || fail "not on the page: $text"
done

# The same data without its blocks: no verdict beyond leaning.
grep -v '^block' combinations.ini >observed.ini
abpost evaluate observed.ini
exits 0
says "question: leaning repeat"
says "was not drawn by lot"

# Half of the combinations, each two of which differ in two factors: no lot between two levels alone.
grep -E '^posted|statement-bare-short|question-photo-short|question-bare-long|statement-photo-long' \
    combinations.csv >half.csv
awk 'BEGIN { RS = ""; ORS = "\n\n" }
     !/^\[variant/ || /statement-bare-short|question-photo-short|question-bare-long|statement-photo-long/' \
    combinations.ini | sed 's/combinations.csv/half.csv/' >half.ini
abpost evaluate half.ini
exits 0
says "question: leaning repeat, 20 posts"
abpost evaluate half.ini --format json
answers "instr($f[0].levels[1].reason', 'no two variants differ in nothing but question') > 0" 1
answers "json_type(j,'\$.experiments[0].factors[0].levels[1].guard')" null

# ---- what is wrong ----

wrong() { # SED-SCRIPT TEXT: combinations.ini changed so is refused, and says why
    sed "$1" combinations.ini >wrong.ini
    abpost check wrong.ini
    exits 65
    cat "$err" >>"$out"
    says "$2"
}
wrong '/^\[variant question-bare-long\]/,/^$/ { /^media/d }' \
    "[variant question-bare-long] has no media; accepted is a factor that every [variant] has"
wrong 's/^length = .*/length = short/' "length: is short in every [variant]"
wrong '/^style .*= question/ s/question/two words/' "'two words' is no level"
wrong 's/^style  = /stlye  = /; 0,/^stlye/ s/^stlye/style/' \
    "style: is in no other [variant]"
wrong '/^\[variant question-photo-long\]/,$ s/long$/short/' \
    "[variant question-photo-short]"
wrong '$ a [decision]\nfamily = poisson' "poisson knows no factors"

# ---- posts still to be made ----

abpost init garden
cd garden || exit 1
{
    printf '[experiment]\nchannels = outbox\noutcome = replies\nhorizon = 48h\nbaseline = q-b\n'
    printf '[schedule]\nstart = 2026-12-01\ntimes = 09:00 18:00\nmax_posts = 80\n'
    for kind in question-photo question-bare statement-photo statement-bare; do
        name=${kind:0:1}-${kind#*-} name=${name:0:3}
        mkdir -p "posts/$name"
        echo "A post of $name" >"posts/$name/one.txt"
        printf '[variant %s]\nposts = posts/%s/*.txt\nstyle = %s\nmedia = %s\n' \
            "$name" "$name" "${kind%-*}" "${kind#*-}"
    done
} >experiments/parts.ini
abpost check parts
exits 0
abpost plan parts --now 2026-11-30T09:00:00Z
exits 0
abpost evaluate parts
exits 0
abpost simulate parts --worlds 20 --effect 1,3 -q --format json
exits 0
answers "j->>'\$.effects[1].found' > 0.2" 1
answers "j->>'\$.effects[0].wrong.share' < 0.3" 1

finish
