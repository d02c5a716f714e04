#!/usr/bin/env bash
# The results in every format; order, threads and neighbours don't matter; one bad experiment does not
# hide the others.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

abpost init garden
cp garden/experiments/sample.* .

# A file alone, outside any workspace, and nothing is left behind.
abpost evaluate sample.ini
exits 0
for text in sample question photo story baseline x better "best of all" "expected loss" guard; do
    says "$text"
done
complains_of_nothing
plain "$out"
[ "$(find . -newer sample.ini -name '*.db*' | wc -l)" -eq 0 ] || fail "a database was left behind"
mkdir other && cd other || exit 1
abpost -C .. evaluate sample.ini
exits 0
abpost evaluate ../sample.ini
exits 0
cd "$scratch" || exit 1

abpost evaluate
exits 65
complains "abpost.ini"
abpost evaluate sample
exits 65
complains "sample.ini"
abpost evaluate nothing.ini
exits 65
complains "nothing.ini"
says "not evaluated"

# JSON
abpost evaluate sample.ini --format json --now 2026-12-20T03:00:00Z --seed 7
exits 0
complains_of_nothing
plain "$out"
answers "json_valid(j)" 1
answers "j->>'schema'" abpost.evaluation/1
answers "j->>'as_of'" 2026-12-20T03:00:00Z
answers "json_array_length(j,'\$.experiments')" 1
answers "j->>'\$.experiments[0].name'" sample
answers "j->>'\$.experiments[0].baseline'" story
answers "j->>'\$.experiments[0].randomised'" 1
answers "j->>'\$.experiments[0].fit.seed'" 7
answers "j->>'\$.experiments[0].variants[0].name'" story
answers "json_type(j,'\$.experiments[0].variants[0].lift')" null
answers "json_type(j,'\$.experiments[0].variants[0].verdict')" null
answers "json_type(j,'\$.experiments[0].variants[0].p_best')" real
answers "json_type(j,'\$.experiments[0].variants[1].lift.q50')" real
answers "json_type(j,'\$.experiments[0].variants[1].guard.e_value')" real
answers "json_type(j,'\$.experiments[0].variants[1].forecast')" null
answers "j->>'\$.experiments[0].missing'" 1
answers "json_type(j,'\$.experiments[0].variants[1].net_value')" null
answers "json_type(j,'\$.experiments[0].variants[0].channels')" null
answers "json_array_length(j,'\$.experiments[0].variants[1].channels')" 2

# The seed decides, not the clock and not the number of threads.
strip() { sed -E 's/"seconds":[^,]*,//g' "$out"; }
strip >seven
abpost evaluate sample.ini --format json --now 2026-12-20T03:00:00Z --seed 7 --threads 2
strip | cmp -s - seven || fail "other numbers with two threads"

# CSV
abpost evaluate sample.ini --format csv
exits 0
[ "$(wc -l <"$out")" -eq 4 ] || fail "$(wc -l <"$out") lines; expected 4"
head -n 1 "$out" | tr , '\n' >columns
abpost help evaluate
while read -r name; do grep -qE "^  $name +[^ ]" "$out" || fail "column $name has no help"; done <columns

# Many, among them a bad one: order and numbers are the same for any number of threads.
cd garden || exit 1
for name in b a c; do cp experiments/sample.ini experiments/$name.ini; done
echo 'nonsense' >>experiments/b.ini
abpost evaluate --threads 1 --format json --now 2026-12-20
exits 65
complains "experiments/b.ini:"
complains "1 of 5 experiments could not be evaluated"
answers "json_valid(j)" 1
answers "(SELECT group_concat(value->>'name') FROM json_each(j,'\$.experiments'))" a,b,c,next,sample
strip >one
abpost evaluate --threads 3 --format json --now 2026-12-20
strip | cmp -s - one || fail "other results with three threads"
answers "json_type(j,'\$.experiments[1].error')" text
answers "json_array_length(j,'\$.experiments[1].variants')" 0
abpost evaluate sample --format json --now 2026-12-20
alone=$(query "json_remove(j,'\$.experiments[0].fit.seconds')->'\$.experiments[0]'")
abpost evaluate --format json --now 2026-12-20
among=$(query "json_remove(j,'\$.experiments[4].fit.seconds')->'\$.experiments[4]'")
[ "$alone" = "$among" ] || fail "an experiment's numbers depend on its neighbours"

abpost evaluate
exits 65
says "ratio to baseline"
says "not evaluated"
says "5 experiments"
says "not be evaluated"
abpost evaluate -v a c
exits 0
says "How it was computed"
says "expected loss"
abpost evaluate c a --format csv
[ "$(cut -d, -f1 "$out" | uniq | tr '\n' ' ')" = "experiment c a " ] || fail "not in the order named"
rm experiments/[abc].ini

# An experiment that is named twice, in whatever way, is one.
for twice in "sample sample" "sample experiments/sample.ini" "./experiments/sample.ini $PWD/experiments/../experiments/sample.ini sample"; do
    abpost evaluate $twice --format json --now 2026-12-20
    exits 0
    answers "json_array_length(j->'experiments')" 1
done
abpost check sample experiments/sample.ini
says "3 files checked"
cp experiments/sample.ini experiments/other.ini
abpost evaluate other sample experiments/other.ini --format json --now 2026-12-20
answers "(SELECT group_concat(value->>'name') FROM json_each(j,'\$.experiments'))" other,sample
rm experiments/other.ini

# What is there is named.
abpost evaluate one
exits 65
complains "there is no experiment 'one' in experiments, which holds next and sample"
abpost evaluate sampel
complains "did you mean 'sample'?"
for i in {1..9}; do cp experiments/sample.ini experiments/x$i.ini; done
abpost evaluate one
complains "which holds next, sample, x1, x2, x3, x4, x5, x6 and 3 more"
rm experiments/x?.ini experiments/next.ini
mv experiments/sample.ini .
abpost evaluate one
complains "which holds none"
cd .. && rm -r "$OLDPWD" && abpost init "$OLDPWD" && cd "$OLDPWD" || exit 1

# One style alone.
printf 'style,likes\nalone,1\nalone,5\n' >one.csv
printf '[import]\nfile = one.csv\nvariant = style\noutcome = likes\n' >one.ini
abpost evaluate one.ini
exits 0
says "Nothing to compare: every post is of one style, alone."
if grep -qE 'best of all|baseline' "$out"; then fail "one style is the best of all"; fi
rm one.csv one.ini

# Where nothing was posted no style is the best; what leads may still lose to the baseline.
abpost evaluate
says "* the best besides the baseline; a ratio below x1 is worse than it."
grep -qE '^next +0  - +-+ +-  keep testing' "$out" || fail "a best style of no posts"

# The data in the store speaks before the file does.
abpost evaluate sample --format json --now 2026-12-20
strip >from_file
abpost import sample
exits 0
mv experiments/sample.csv elsewhere.csv
abpost evaluate sample --format json --now 2026-12-20
exits 0
strip | cmp -s - from_file || fail "the store and the file give different results"
mv elsewhere.csv experiments/sample.csv
complains_of_nothing

# ... but a file or an [import] that has changed since is not passed over in silence.
cp -r experiments/sample.csv experiments/sample.ini ..
sed -i 's/^question,bluesky,1,.*/question,bluesky,1,50,3/' experiments/sample.csv
abpost evaluate sample --format json --now 2026-12-20
exits 0
complains "has changed since"
strip | cmp -s - from_file || fail "the file speaks before the store"
abpost -q evaluate sample
complains_of_nothing
abpost import sample
exits 0
abpost evaluate sample --format json --now 2026-12-20
complains_of_nothing
if strip | cmp -s - from_file; then fail "the new data makes no difference"; fi
sed -i 's/^outcome = .*/outcome = replies/' experiments/sample.ini
abpost evaluate sample
exits 0
complains "has changed since"
cp ../sample.csv ../sample.ini experiments
abpost import sample
touch experiments/sample.csv
abpost evaluate sample
complains_of_nothing

# An experiment that has not begun is no mistake, and nothing is made up for it.
cat >experiments/coming.ini <<'INI'
[experiment]
channels = outbox
outcome = replies
[schedule]
start = 2026-12-01
times = 09:00
[variant question]
posts = posts/question/*.txt
[variant story]
posts = posts/story/*.txt
INI
abpost evaluate coming --format json
exits 0
answers "j->>'\$.experiments[0].posts'" 0
answers "j->>'\$.experiments[0].variants[1].verdict'" keep-testing
answers "json_type(j,'\$.experiments[0].variants[1].raw_ratio')" null
abpost evaluate coming
exits 0
rm experiments/coming.ini

# Streams
abpost evaluate sample --format json
last="abpost evaluate sample >/dev/full"
for format in text json csv; do
    "$ABPOST" evaluate sample --format $format >/dev/full 2>"$err"
    status=$?
    exits 1
    complains "could not be written"
done

# Mistakes in the workspace stop it before it begins.
cp abpost.ini good.ini
printf '\n[chanel x]\ntype = outbox\n' >>abpost.ini
abpost evaluate sample
exits 65
says_nothing
complains "abpost.ini:"
mv good.ini abpost.ini

# A terminal gets colours and lines; a pipe, NO_COLOR and an ASCII locale don't.
on_terminal evaluate sample
exits 0
grep -q $'\033' "$out" || fail "no colours on a terminal"
grep -q '●' "$out" || fail "no bar in Unicode"
NO_COLOR=1 on_terminal evaluate sample
if grep -q $'\033' "$out"; then fail "colours in spite of NO_COLOR"; fi
LANG=C abpost evaluate sample
if LC_ALL=C grep -qP '[\x80-\xff]' "$out"; then fail "more than ASCII in the C locale"; fi
for width in 20 60 80 150; do
    COLUMNS=$width abpost evaluate sample
    longest=$(wc -L <"$out")
    [ "$longest" -le $((width < 60 ? 60 : width)) ] || fail "$longest columns of $width"
done

# Names that other people wrote
{
    head -n 1 experiments/sample.csv
    tail -n +2 experiments/sample.csv | sed $'s/^question/"\033[2J\033]0;x\007,""q\u202e"/'
} >hostile.csv
sed 's/sample.csv/..\/hostile.csv/' experiments/sample.ini >experiments/hostile.ini
on_terminal evaluate hostile
exits 0
if grep -q $'\033\\[2J\|\033\\]\|\007\|\u202e' "$out"; then fail "a name reached the terminal raw"; fi
for format in text json; do
    abpost evaluate hostile --format $format
    exits 0
    plain "$out"
done
answers "j->>'\$.experiments[0].variants[0].name'" story

# A signal ends it cleanly: what is done is written, valid, and says that it is not all.
cd "$scratch" || exit 1
awk 'BEGIN { print "test,style,y"
    for (t = 0; t < 3000; t++) for (i = 0; i < 12; i++) print t "," (i % 2 ? "a" : "b") "," (7 * t + 5 * i) % 23 }' >many.csv
printf '[import]\nfile = many.csv\nvariant = style\noutcome = y\nexperiment = test\n[experiment]\nbaseline = a\n' >many.ini
last="abpost evaluate many.ini, then SIGTERM"
rm -f "$out" # what is waited for is its own first words
"$ABPOST" evaluate many.ini --format json --threads 2 >"$out" 2>"$err" &
running=$!
for _ in $(seq 1200); do
    [ -s "$out" ] && break
    sleep 0.05
done
kill -TERM $running
wait $running
status=$?
exits 1
complains "stopped by a signal after"
answers "json_valid(j)" 1
answers "json_type(j,'\$.error')" text
answers "json_array_length(j,'\$.experiments') BETWEEN 1 AND 2999" 1

# A reader who leaves early is no reason for words, and a disk that fills up stops the work.
last="abpost evaluate many.ini | head -n 1"
"$ABPOST" evaluate many.ini 2>"$err" | head -n 1 >"$out"
status=${PIPESTATUS[0]}
exits 1
says experiment
complains_of_nothing
last="abpost evaluate many.ini >/dev/full"
"$ABPOST" evaluate many.ini >/dev/full 2>"$err"
status=$?
exits 1
complains "could not be written"

# A person who waits at a terminal sees how far it is, unless asked not to.
awk -F, 'NR == 1 || $1 < 300' many.csv >some.csv
sed 's/many.csv/some.csv/' many.ini >some.ini
on_terminal evaluate some.ini --threads 1
exits 0
grep -q 'of 300 ' "$out" || fail "no progress bar"
on_terminal evaluate some.ini -q
says "300 experiments"
if grep -q 'of 300 ' "$out"; then fail "a progress bar in spite of -q"; fi

# Of several experiments in a file it is said which one has no post of the baseline.
printf 'test,style,y\n1,a,3\n1,b,4\n2,b,5\n2,c,6\n' >lacks.csv
sed 's/many.csv/lacks.csv/' many.ini >lacks.ini
abpost evaluate lacks.ini
exits 65
complains 'the baseline "a" is not among the variants of the data of lacks/2'

# A portfolio: ten experiments of which one has an effect. It survives among ten tests; on its own
# file it is one of one.
cat >many.ini <<'END'
[experiment]
hypothesis = Some of many
baseline = a
[import]
file = many.csv
experiment = test
variant = style
block = pair
outcome = likes
time = at
END
awk 'BEGIN {
    srand(7); print "test,style,pair,at,likes"
    for (t = 0; t < 10; t++) for (i = 0; i < 30; i++) {
        first = rand() < 0.5
        for (k = 0; k < 2; k++) {
            b = (k == 0) == first
            mean = 20 * exp(rand() + rand() - 1) * (b && t == 4 ? 6 : 1)
            printf "t%d,%s,%d,%d,%d\n", t, b ? "b" : "a", 100 * t + i, 1700000000 + 86400 * (60 * t + 2 * i + k), mean
        }
    }
}' >many.csv
abpost evaluate many.ini --format json
exits 0
answers "j->>'\$.portfolio.tests'" 10
answers "json_array_length(j,'\$.experiments[0].variants[1].channels')" 0
answers "j->>'\$.portfolio.survivors'" 1
answers "(j->>'\$.portfolio.findings[0].experiment') || (j->>'\$.portfolio.findings[0].variant')" "many/t4b"
answers "j->>'\$.portfolio.findings[0].direction'" better
answers "(j->>'\$.portfolio.findings[0].level') * (j->>'\$.portfolio.findings[0].e_value') BETWEEN 9.99 AND 10.01" 1
abpost evaluate many.ini
exits 0
says "1 survives among 10 tests"
says "many/t4: b better"
abpost evaluate many.ini --format csv
exits 0
[ "$(grep -c ',10,' "$out")" = 10 ] || fail "ten comparisons of ten"
[ "$(head -n 1 "$out" | grep -o ,portfolio_level | wc -l)" = 1 ] || fail "no such column"

# learn = yes: nine experiments of ten have no effect, so the learned spread is narrower than the
# default and what looks like an effect shrinks.
{ cat many.ini; printf '[decision]\nlearn = yes\n'; } >taught.ini
abpost evaluate taught.ini --format json
exits 0
answers "j->>'\$.experiments[0].learned.experiments'" 10
answers "j->>'\$.experiments[0].learned.without'" 0.5
answers "(j->>'\$.experiments[0].learned.scale') < 0.5 AND (j->>'\$.experiments[0].learned.scale') > 0.02" 1
answers "(j->>'\$.experiments[0].learned.low') < (j->>'\$.experiments[0].learned.scale')" 1
answers "(SELECT count(*) FROM json_each(j,'\$.experiments') WHERE json_type(value,'\$.variants[1].without.p_better') = 'real')" 10
cp "$out" taught.json
abpost evaluate many.ini --format json
answers "json_type(j,'\$.experiments[0].learned')" null
answers "json_type(j,'\$.experiments[0].variants[1].without')" null
answers "(SELECT count(*) FROM json_each(j,'\$.experiments') a JOIN json_each(CAST(readfile('taught.json') AS TEXT),'\$.experiments') b ON a.key = b.key WHERE abs((a.value->>'\$.variants[1].log_lift.mean') - (b.value->>'\$.variants[1].without.log_lift.mean')) < 0.02)" 10
abpost evaluate taught.ini -v
says "lifts spread by 0."
says "Without what was learned: x"

# Asked to learn where there is nothing to learn from, it says so. A randomised experiment learns from
# randomised ones alone, and from none where every style was posted once.
cd "$scratch" || exit 1
abpost init school
cd school || exit 1
printf 'learn = yes\n' >>experiments/sample.ini
abpost evaluate sample
exits 0
says "Warning: learn = yes, but there is too little to learn from"
for name in one two three; do
    sed '/^learn = yes/d' experiments/sample.ini >experiments/$name.ini
done
abpost evaluate sample --format json
answers "j->>'\$.experiments[0].learned.experiments'" 3
answers "j->>'\$.experiments[0].learned.left_out'" 0
sed -i '/^block/d' experiments/one.ini
head -n 4 experiments/sample.csv >experiments/once.csv
sed -i 's/^file = .*/file = once.csv/' experiments/two.ini
abpost evaluate sample --format json
answers "json_type(j,'\$.experiments[0].learned')" null
answers "instr(j->>'\$.experiments[0].warnings[0]', '2 were left out') > 0" 1
cp experiments/three.ini experiments/four.ini
abpost evaluate sample --format json
answers "j->>'\$.experiments[0].learned.experiments'" 2
answers "j->>'\$.experiments[0].learned.left_out'" 2
# One that nobody randomised may learn from its like.
printf 'learn = yes\n' >>experiments/one.ini
abpost evaluate one --format json
answers "j->>'\$.experiments[0].learned.experiments'" 3
answers "j->>'\$.experiments[0].learned.left_out'" 1

finish
