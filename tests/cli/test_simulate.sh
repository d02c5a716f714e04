#!/usr/bin/env bash
# abpost simulate: what a design would find. Few worlds: the figures themselves are checked by the
# statistical tests.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

abpost init workspace
exits 0
cd workspace || exit 1

abpost simulate next --worlds 12 --seed 3 --now 2026-12-01T00:00:00Z
exits 0
complains_of_nothing
plain "$out"
says "40 posts of 2 styles over"
says "posts of sample"
says "ever a false repeat or drop"
cp "$out" first

# The seed decides, not the number of threads, and another seed says something else.
abpost simulate next --worlds 12 --seed 3 --now 2026-12-01T00:00:00Z --threads 1
cmp -s "$out" first || fail "the number of threads changed the figures"
abpost simulate next --worlds 12 --seed 4 --now 2026-12-01T00:00:00Z
cmp -s "$out" first && fail "another seed, the same figures"

abpost simulate next --worlds 11 --effect 1,8 --format json --now 2026-12-01T00:00:00Z --seed 1
exits 0
answers "json_valid(j)" 1
answers "j->>'schema'" abpost.simulation/1
answers "j->>'experiment'" next
answers "j->>'\$.styles[0]'" story
answers "j->>'posts'" 40
answers "j->>'alpha'" 0.05
answers "json_array_length(j,'\$.effects')" 2
answers "j->>'\$.effects[0].worlds'" 11
answers "json_type(j,'\$.effects[0].found')" null
answers "j->>'\$.effects[0].regret'" 0.0
answers "(j->>'\$.effects[1].found') > 0.8" 1
answers "j->>'\$.effects[1].chosen_better'" 1.0
answers "json_array_length(j,'\$.effects[1].by_week') = j->>'weeks'" 1
# What was found by a week stays found.
answers "(SELECT count(*) FROM json_each(j,'\$.effects[1].by_week') a JOIN json_each(j,'\$.effects[1].by_week') b ON b.key = a.key + 1 WHERE a.value->>'found' > b.value->>'found')" 0
# Half the posts of an eightfold style are the poor one: 7/16 is given up while both are posted.
answers "abs((j->>'\$.effects[1].regret') - 0.4375) < 0.03" 1

abpost simulate next --worlds 5 --effect 2 --format csv --now 2026-12-01T00:00:00Z
exits 0
[ "$(head -n 1 "$out" | tr ',' '\n' | wc -l)" = "$(sed -n 2p "$out" | tr ',' '\n' | wc -l)" ] ||
    fail "rows and header differ"

# Learned from the workspace's own posts, and from those of an [import]; labels of real posts
# shuffled.
abpost simulate sample --worlds 6 --effect 1
exits 0
says "learned from"
says "posts of sample"
abpost simulate sample --worlds 40 --aa experiments/sample.csv --seed 2
exits 0
says "real posts, their styles shuffled"
says "of 40 worlds"
abpost simulate sample --worlds 10 --aa experiments/sample.csv --effect 9 --format json
exits 0
answers "(j->>'\$.effects[0].found') > 0.5" 1
answers "json_type(j,'\$.aa')" integer

# A few are counted; a share of one world says nothing.
abpost simulate next --worlds 2 --effect 1,3
exits 0
flatten() { tr '\n' ' ' <"$out" | tr -s ' '; }
flatten | grep -qE 'false repeat or drop: [0-2] of 2 worlds \(95 %' || fail "no count of false alarms"
flatten | grep -qE 'better than the baseline: x3 [0-2] of [0-2][.]' || fail "no count of choices"
flatten | grep -qE ' x3 [0-2]/2 ' || fail "no counts in the table"
abpost simulate next --worlds 1 --effect 1
flatten | grep -qE 'drop: [01] of 1 world \(95 %' || fail "one world is no plural"

# A schedule without an [import]: the one of the experiment that counts the same says what columns
# mean. Nothing is told of what is not in the table.
abpost simulate next --worlds 10 --aa experiments/sample.csv
exits 0
says "40 posts of 2 styles"
says "119 real posts, their styles shuffled"
for text in wk1 drawn found "A chosen style"; do
    if grep -qF "$text" "$out"; then fail "'$text' where no style is better"; fi
done
sed 's/^review = yes/allocation = top-two/' experiments/next.ini >experiments/top.ini
abpost simulate top --worlds 3 --effect 1
exits 0
says "40 posts of 2 styles"
says "allocation = top-two"
rm experiments/top.ini

# Nothing counts the same: defaults, and it says so.
sed 's/^outcome = .*/outcome = likes/' experiments/next.ini >experiments/other.ini
abpost simulate other --worlds 3 --effect 1
exits 0
says "as there are no past posts to learn from"
abpost plan other --preview
exits 0
says "is a default"
abpost plan next --preview
exits 0
says "can't be relied on to find a difference under x"
abpost plan next --preview --format json
answers "(j->>'\$.floor.ratio') > 1.2 AND (j->>'\$.floor.ratio') < 4" 1
answers "j->>'\$.floor.learned_from'" sample
# Fewer posts find less.
cp "$out" forty
sed -i 's/^max_posts = .*/max_posts = 16/' experiments/next.ini
abpost plan next --preview --format json
answers "coalesce(j->>'\$.floor.ratio', 99) > (SELECT json_extract(CAST(readfile('forty') AS TEXT), '\$.floor.ratio'))" 1

# What can't be
abpost simulate
exits 2
abpost simulate next --worlds 0
exits 2
complains "a whole number from 1"
abpost simulate next --effect 1.5x
exits 2
complains "1.5x"
abpost simulate next --effect ,
exits 2
abpost simulate next --effect 1000
exits 2
abpost simulate nowhere
exits 65
abpost simulate other --aa experiments/sample.csv
exits 65
complains "other has no [import]"
abpost simulate sample --aa nothing.csv
exits 65
complains "nothing.csv"
[ "$(wc -l <"$err")" -eq 1 ] || fail "said twice"
[ -e abpost.db ] && fail "simulating made a database"

finish
