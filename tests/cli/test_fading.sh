#!/usr/bin/env bash
# Fading and carry-over as a reader gets them: said where they stand out, never where nothing lasts
# or little is known, and no more often by chance than help says.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Pairs of posts, a pair a week, in random order. SEED KIND PAIRS EXPERIMENTS; KIND: fading (the
# ratio of a question falls by 4 % with each), carry (what follows a question does better), none.
posts() {
    perl -e '
        my ($seed, $kind, $pairs, $experiments) = @ARGV;
        srand($seed);
        sub normal { sqrt(-2 * log(1 - rand)) * cos(6.28318530717959 * rand) }
        print "test,style,week,when,likes\n";
        for my $e (1 .. $experiments) {
            my $last = "";
            for my $b (0 .. $pairs - 1) {
                my @order = rand() < 0.5 ? qw(question story) : qw(story question);
                for my $i (0, 1) {
                    my $level = 3 + 0.5 * normal();
                    $level += 0.7 if $order[$i] eq "question";
                    $level -= 0.04 * $b if $kind eq "fading" && $order[$i] eq "question";
                    $level += 1 if $kind eq "carry" && $last eq "question";
                    $last = $order[$i];
                    my $day = 7 * $b + 3 * $i;
                    printf "t%03d,%s,%d,%04d-%02d-%02d 09:00,%d\n", $e, $order[$i], $b,
                        2026 + int($day / 336), 1 + int($day % 336 / 28), 1 + $day % 28,
                        exp($level) + 0.5;
                }
            }
        }' "$@" >posts.csv
}
experiment() { # more lines of [import]
    printf '%s\n' '[experiment]' "baseline = ${baseline:-story}" '[import]' 'file = posts.csv' \
        'variant = style' 'outcome = likes' "$@" >posts.ini
}
fading='$.experiments[0].variants[1].fading' carry='$.experiments[0].variants[1].carry_over'
whole=('block = week' 'time = when')

# What fades is said to, in every format.
posts 1 fading 50 1
experiment "${whole[@]}"
abpost evaluate posts.ini
exits 0
complains_of_nothing
says "It seems to wear off: with each further post of it the ratio to story has"
says "No verdict counts on"
abpost evaluate posts.ini --format json
answers "json_type(j,'$fading.estimate')" real
answers "j->>'$fading.notable'" 1
answers "j->>'$fading.low' < -0.04 AND j->>'$fading.high' > -0.04 AND j->>'$fading.high' < 0" 1
answers "j->>'$fading.estimate' BETWEEN j->>'$fading.low' AND j->>'$fading.high'" 1
answers "j->>'$fading.p_value' BETWEEN 0.001 AND 0.05" 1
answers "j->>'$fading.posts'" 100
answers "json_type(j,'\$.experiments[0].variants[0].fading')" null
abpost report posts.ini -o page.html
exits 0
grep -qF 'It seems to wear off: with each further post of it the ratio to story has' page.html ||
    fail "the report does not say that it fades"
# The same seed, the same numbers.
abpost evaluate posts.ini --format json --seed 3
one=$(query "j->'$fading'")
abpost evaluate posts.ini --format json --seed 3 --threads 2
[ "$one" = "$(query "j->'$fading'")" ] || fail "other numbers from the same seed"
# Seen from the other side, it is the story that wins readers.
baseline=question experiment "${whole[@]}"
abpost evaluate posts.ini
says "It seems to grow on readers"

# What a question leaves to the next post.
posts 2 carry 50 1
experiment "${whole[@]}"
abpost evaluate posts.ini
exits 0
says "The next post on a channel seems to earn"
says "whatever its own style"
abpost evaluate posts.ini --format json
answers "j->>'$carry.notable'" 1
answers "j->>'$carry.low' < 1 AND j->>'$carry.high' > 1 AND j->>'$carry.low' > 0" 1
abpost report posts.ini -o page.html
grep -qF 'The next post on a channel seems to earn' page.html || fail "no carry-over in the report"

silent() { # nothing is said, and the numbers are null
    abpost evaluate posts.ini
    exits 0
    if grep -qF 'seems to' "$out"; then fail "something is said to last"; fi
    abpost report posts.ini -o page.html
    if grep -qF 'seems to' page.html; then fail "something is said to last in the report"; fi
    abpost evaluate posts.ini --format json
    answers "json_type(j,'$fading')" null
    answers "json_type(j,'$carry')" null
}
# Too little; no order of posting; an order that nobody drew.
posts 1 fading 11 1
experiment "${whole[@]}"
silent
posts 1 fading 50 1
experiment 'block = week'
silent
experiment 'time = when'
silent

# Where nothing lasts, there are numbers, and a sentence in one of twenty: of 40 experiments more
# than 7 have one with a chance of 0.1 %, for each of the two.
posts 5 none 14 40
experiment "${whole[@]}" 'experiment = test'
abpost evaluate posts.ini --format json
exits 0
for what in fading carry_over; do
    all="(SELECT count(*) FROM json_each(j,'\$.experiments') WHERE json_type(value,'\$.variants[1].$what.estimate')='real')"
    said="(SELECT sum(value->>'\$.variants[1].$what.notable') FROM json_each(j,'\$.experiments'))"
    answers "$all" 40
    answers "$said BETWEEN 0 AND 7" 1
    echo "$what: said of $(query "$said") of 40"
done

finish
