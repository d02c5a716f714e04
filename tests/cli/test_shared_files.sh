#!/usr/bin/env bash
# Two experiments that name the same post files: a text goes out once on a channel, whoever posts it.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

abpost init garden -q
cd garden || exit 1
for style in question story; do
    for topic in a b c d; do printf 'status: approved\n\n%s %s\n' "$style" "$topic" >"posts/$style/$topic.txt"; done
done
rm posts/*/bread.txt posts/*/window.txt
sed 's/^times = .*/times = 11:00 19:30/' experiments/next.ini >experiments/second.ini
for name in next second; do
    abpost plan $name -q --now 2027-03-10T08:00:00Z
    exits 0
done
for day in 10 11 12 15 16; do
    for time in 09:00 11:00 17:30 19:30; do
        abpost tick --now "2027-03-${day}T$time:30Z"
        exits 0
    done
done
[ "$(sqlite3 abpost.db "SELECT count(*) FROM attempt")" = 8 ] || fail "$(sqlite3 abpost.db "SELECT count(*) FROM attempt") went out of 8 texts"
[ "$(head -qn1 outbox/outbox/*.txt | sort | uniq -d | grep -c .)" = 0 ] || fail "a text went out twice"
[ "$(sqlite3 abpost.db "SELECT count(DISTINCT e.name) FROM attempt a JOIN planned_post p ON p.id = a.planned_post_id
    JOIN block b ON b.id = block_id JOIN plan ON plan.id = plan_id JOIN experiment e ON e.id = experiment_id")" = 2 ] ||
    fail "only one of the two experiments posted anything"
abpost check --now 2027-03-16T20:00:00Z
complains "was posted already by another experiment, as"
finish
