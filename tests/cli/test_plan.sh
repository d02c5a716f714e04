#!/usr/bin/env bash
# The calendar: drawn, kept, shown; extended and not repeated; and every reason why there is none.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

plan() { abpost plan --now 2027-03-10 "$@"; }

mkdir garden && cd garden || exit 1
mkdir -p experiments posts/question posts/story
cat >abpost.ini <<'INI'
[abpost]
timezone = Europe/Paris

[channel paper]
type   = outbox
target = 3 per week

[channel other]
type = outbox
INI
cat >experiments/winter.ini <<'INI'
[experiment]
hypothesis = A question earns more replies than a story
channels = paper, other
outcome  = replies
baseline = story

[schedule]
start = 2027-03-15
days  = mon wed sun
times = 02:30 18:30
max_posts = 80

[variant question]
posts = posts/question/*.txt
[variant story]
posts = posts/story/*.txt
INI
printf 'status: approved\n\nWhat do you see?\n' >posts/question/dawn.txt
printf 'status: approved\n\nOnce upon a time\n' >posts/story/dawn.txt

# A preview keeps nothing, not even a database; the same seed shows the same.
plan winter --preview --seed 5
exits 0
complains_of_nothing
says "A preview, of which nothing is kept"
says "with seed 5"
says "Mon 15 Mar to Sun 21 Mar 2027, week 11"
says "abpost plan winter --seed 5"
says "clocks skip 02:30: posted at 03:30"
[ "$(wc -L <"$out")" -le 80 ] || fail "a line of $(wc -L <"$out") columns"
[ ! -e abpost.db ] || fail "a preview made a database"
plan winter --preview --seed 5 --format csv
cp "$out" ../preview.csv
plan winter --preview --seed 6 --format csv
if cmp -s "$out" ../preview.csv; then fail "another seed draws the same"; fi
plan winter --preview --format json
exits 0
answers "j->>'preview'" 1
first=$(query "j->>'seed'")
plan winter --preview --format json
[ "$(query "j->>'seed'")" != "$first" ] || fail "nobody gave a seed, and it is the same twice"

# What is drawn is what the preview with that seed showed.
plan winter --seed 5
exits 0
says "Drawn just now"
says "with seed 5"
says "Nothing was posted"
says "abpost tick"
says "34 left until"
says "weeks, on"
says "posts/question/dawn.txt"
says "have no approved file yet"
[ "$(wc -L <"$out")" -le 80 ] || fail "a line of $(wc -L <"$out") columns"
plan winter --format csv
exits 0
head -n 1 "$out" | grep -q '^date,time,timezone,due_at,channel,variant,state,post,block,' || fail "the CSV header"
columns() { cut -d, -f1-7,10-13 "$1" | tail -n +2 | sort; } # without numbers of posts and blocks
[ "$(columns "$out")" = "$(columns ../preview.csv)" ] || fail "the plan is not what the preview showed"

# Asked again it adds nothing; two weeks later it adds, and what was there stays.
plan winter --format json
answers "j->>'schema'" abpost.plan/1
answers "j->>'\$.added.posts'" 0
answers "j->>'seed'" ""
answers "json_array_length(j,'\$.posts') = j->>'planned'" 1
cp "$out" ../before.json
plan winter
says "Nothing was added"
abpost plan winter --now 2027-03-24T06:00:00Z --seed 7 --format json
exits 0
answers "j->>'\$.added.posts' > 0" 1
answers "j->>'\$.added.posts' % 2" 0
kept=$(sqlite3 :memory: "SELECT count(*) FROM json_each(CAST(readfile('../before.json') AS TEXT), '\$.posts') a
  JOIN json_each(CAST(readfile('$out') AS TEXT), '\$.posts') b
  ON a.value->>'post' = b.value->>'post' AND a.value->>'due_at' = b.value->>'due_at'
  AND a.value->>'variant' = b.value->>'variant'")
[ "$kept" = "$(sqlite3 :memory: "SELECT json_array_length(CAST(readfile('../before.json') AS TEXT), '\$.posts')")" ] ||
    fail "what was planned did not stay ($kept)"

# Every block has each style once; paper keeps its target; the gap of spring is noted once a channel.
answers "(SELECT count(*) FROM (SELECT p.value->>'block' b, count(DISTINCT p.value->>'variant') n, count(*) m
  FROM json_each(j,'\$.posts') p GROUP BY b HAVING n <> 2 OR m <> 2))" 0
answers "(SELECT max(n) FROM (SELECT count(*) n FROM json_each(j,'\$.posts') p
  WHERE p.value->>'channel' = 'paper' GROUP BY strftime('%Y-%W', p.value->>'date')))" 3
answers "(SELECT count(*) FROM json_each(j,'\$.posts') p WHERE p.value->>'note' LIKE '%03:30'
  AND p.value->>'date' <> '2027-03-28')" 0

# For a calendar program.
plan winter --ics
exits 0
head -n 1 "$out" | grep -q $'^BEGIN:VCALENDAR\r$' || fail "no calendar file"
[ "$(grep -c '^BEGIN:VEVENT' "$out")" = "$(sqlite3 abpost.db 'SELECT count(*) FROM planned_post')" ] ||
    fail "not one event a post"
[ "$(grep '^UID:' "$out" | sort | uniq -d | wc -l)" = 0 ] || fail "a UID twice"
[ "$(tr -d '\r' <"$out" | LC_ALL=C awk 'length > 75' | wc -l)" = 0 ] || fail "a line of more than 75 octets"
plan winter --ics --format json
exits 2

# What is wrong is said, and nothing is planned.
plan
exits 2
plan wintr
exits 65
complains "did you mean 'winter'?"
printf '[import]\nfile = x.csv\nvariant = v\noutcome = o\n' >experiments/old.ini
plan old
exits 65
complains "experiments/old.ini: there is no [schedule]"
sed 's/times = .*/times = soon/' experiments/winter.ini >experiments/broken.ini
plan broken
exits 65
complains "experiments/broken.ini:10: "
complains "nothing was planned"
rm experiments/broken.ini experiments/old.ini

sed '/^times/a blackout = 2027-01-01..2030-12-31' experiments/winter.ini >experiments/black.ini
plan black
exits 65
complains "experiments/black.ini:7: "
complains "blackout leaves too few slots"
says_nothing
sed 's/target = 3 per week/target = 0.001 per week/' abpost.ini >rare.ini
sed 's/channels = .*/channels = paper/' experiments/winter.ini >experiments/rare.ini
ABPOST_CONFIG=$PWD/rare.ini abpost plan rare --preview
exits 65
complains "target leaves too few slots"
# ... but where another channel can be planned, it is, with a note on the first.
sed 's/^name/name/' experiments/winter.ini >experiments/half.ini
ABPOST_CONFIG=$PWD/rare.ini abpost plan half --preview --now 2027-03-10
exits 0
says "Note: channel 'paper'"
ABPOST_CONFIG=$PWD/rare.ini abpost plan half --preview --now 2027-03-10 --format csv
complains "channel 'paper'"
sed 's/Europe\/Paris/Europe\/Pariss/' abpost.ini >nozone.ini
ABPOST_CONFIG=$PWD/nozone.ini abpost plan winter
exits 65
complains "did you mean 'Europe/Paris'?"
cd .. || exit 1
mkdir nowhere && cd nowhere || exit 1
abpost plan winter
exits 65
complains "there is no abpost.ini here or above"

# Two blocks on a day when clocks show an hour twice.
cd ../garden || exit 1
sed 's/^start.*/start = 2027-10-31/' experiments/winter.ini >experiments/autumn.ini
abpost plan autumn --preview --now 2027-10-25
exits 0
says "clocks show 02:30 twice: posted the first time"
[ "$(grep -c twice "$out")" -le 2 ] || fail "more than one post a channel at an hour that is shown twice"

# A decided experiment is not planned on.
sqlite3 abpost.db "INSERT INTO decision (experiment_id, variant, verdict, decided_at, reason)
  SELECT id, 'question', 'repeat', 1804636800, 'so' FROM experiment WHERE name = 'winter'"
abpost plan winter --now 2027-06-01
exits 0
says "It is decided"
abpost plan winter --now 2027-06-01 --format json
answers "j->>'decided'" 1
answers "j->>'\$.added.posts'" 0
# ... unless the winner keeps the slots: three blocks of four are its own.
printf '[decision]\nafter = repeat-winner\n' >>experiments/winter.ini
abpost plan winter --now 2027-06-01 --format json
exits 0
answers "j->>'\$.added.posts' > 20" 1
answers "(SELECT count(*) FROM json_each(j,'\$.posts') p WHERE p.value->>'design' = 'winner'
  AND (p.value->>'variant' <> 'question' OR p.value->>'probability' <> 1))" 0
answers "(SELECT sum(p.value->>'design' = 'winner') > 2 * sum(p.value->>'design' = 'uniform')
  FROM json_each(j,'\$.posts') p WHERE p.value->>'due_at' > '2027-06-01')" 1
finish
