#!/usr/bin/env bash
# after = repeat-winner: what is compared once the winner keeps the slots, how it is watched, and
# how a decision is withdrawn when the posts that are still drawn say that it no longer holds.
. "$SOURCE/tests/cli/lib.sh"
. "$SOURCE/tests/cli/posts.sh"

post=0 # the last one's number in the store

# Posts with their numbers at two days: a block a day from DATE on, of both styles in turn first.
blocks() { # DATE COUNT DESIGN DRAWN-AT QUESTION STORY: likes, which vary by 3 and 2
    local i first second day sql=
    post=$(store "SELECT COALESCE(max(id), 0) FROM planned_post")
    for ((i = 0; i < $2; i++)); do
        day=$(date -u -d "$1 + $i days" +%F)
        first=question second=story
        [ $((i % 2)) = 0 ] || first=story second=question
        [ "$3" != winner ] || first=question second=question
        sql+="INSERT INTO plan (experiment_id, drawn_at, seed)
                SELECT id, strftime('%s', '$4'), '7' FROM experiment WHERE name = 'winter';
            INSERT INTO block (plan_id, channel, design) SELECT max(id), 'paper', '$3' FROM plan;"
        sql+=$(one_post $((post + 1)) 0 "$first" "$day" 09:00 "$i" "$5" "$6")
        sql+=$(one_post $((post + 2)) 1 "$second" "$day" 18:30 "$i" "$5" "$6")
        post=$((post + 2))
    done
    echo "BEGIN; $sql COMMIT;" | sqlite3 -bail abpost.db || fail "the posts are not in the store"
}

one_post() { # ID POSITION STYLE DATE TIME DAY QUESTION STORY
    local at="strftime('%s', '$4 $5')" likes=$(($8 + $6 % 3))
    [ "$3" = story ] || likes=$(($7 + $6 % 4))
    cat <<SQL
INSERT INTO planned_post (id, block_id, position, variant, probability, slot, local_date, local_time,
    timezone, due_at) SELECT $1, max(id), $2, '$3', 0.5, 'mon $5', '$4', '$5', 'UTC', $at FROM block;
INSERT INTO attempt (id, planned_post_id, number, idempotency_key, request, file, file_hash, owner,
    started_at, leased_until) VALUES ($1, $1, 1, 'key $1', x'61', 'posts/$3/$1.txt', 'd', 'elsewhere', $at, $at + 300);
INSERT INTO attempt_result (attempt_id, settled_at, state, remote_id) VALUES ($1, $at, 'posted', 'at $1');
INSERT INTO post (id, experiment_id, attempt_id, variant, channel, slot, block, posted_at)
    SELECT 1000 + $1, e.id, $1, '$3', 'paper', 'mon $5', (SELECT max(id) FROM block), $at
    FROM experiment e WHERE name = 'winter';
INSERT INTO reading SELECT 1000 + $1, m.value, $at + 172830, 172830, CASE m.value WHEN 'likes' THEN $likes ELSE 0 END
    FROM json_each('["likes","replies","unfollows"]') m;
SQL
}

decisions() {
    store "SELECT group_concat(variant || ' ' || verdict, ', ') FROM (SELECT * FROM decision ORDER BY id)"
}

flatten() { # $out without its line breaks
    tr -s ' \n' ' ' <"$out" >flat && mv flat "$out"
}

decided_world() { # FOLDER [-q]: the night of 2026-12-20 decides for the question
    make_workspace "$1"
    sed -i -e 's/^channels .*/channels = paper/' -e '/^target/d' -e '/^max_posts/d' abpost.ini experiments/winter.ini
    printf 'after = repeat-winner\nreview = no\n' >>experiments/winter.ini
    make_store
    store "INSERT INTO experiment (name, created_at) VALUES ('winter', 1);"
    blocks 2026-12-01 16 uniform '2026-11-30 12:00' 60 20
    abpost nightly --now 2026-12-20T03:00:00Z ${2:-}
    exits 0
    is "decided" "$(decisions)" "question repeat"
    says "decided    winter  question"
    is "what was planned is cancelled" \
        "$(store "SELECT count(*) FROM planned_post WHERE id NOT IN
            (SELECT planned_post_id FROM attempt UNION SELECT planned_post_id FROM dropped WHERE state = 'cancelled')")" 0
}

# -- a winner that lasts: whatever becomes of its own slots, where nothing was drawn --
# What was done stands above the results, which stay in one piece.
decided_world lasts
results=$(grep -n 'ratio to baseline' "$out" | head -n 1 | cut -d: -f1)
for action in decided cancelled; do
    line=$(grep -n "^$action" "$out" | cut -d: -f1)
    [ "${line:-999}" -lt "${results:-0}" ] || fail "$action stands in line ${line:-none}, the results begin in ${results:-none}"
done
blocks 2026-12-21 8 winner '2026-12-20 12:00' 2 0
blocks 2026-12-29 8 uniform '2026-12-20 12:00' 60 20
abpost evaluate winter --now 2027-01-10T03:00:00Z --format json
exits 0
answers "j->>'$.experiments[0].posts'" 48
answers "(SELECT min(v.value->>'posts') || ' ' || max(v.value->>'posts')
    FROM json_each(j, '$.experiments[0].variants') v)" "24 24"
answers "j->>'$.experiments[0].variants[1].verdict'" repeat
abpost evaluate winter --now 2027-01-10T03:00:00Z
says "16 posts of the winner's own slots are not compared"
abpost nightly --now 2027-01-10T03:00:00Z
exits 0
is "decided, weeks later" "$(decisions)" "question repeat"
watched=$(grep '"watched"' .abpost/log.jsonl)
case $watched in *"since 2026-12-20 (8 of question, 8 of story) question does x"*) ;; *) fail "the log has: $watched" ;; esac
abpost nightly --now 2027-01-11T03:00:00Z -v
says watched
abpost status --now 2027-01-11T03:00:00Z
if grep -q Withdrawn "$out"; then fail "it is withdrawn"; fi
cd ..

# -- one that fades: five blocks are too few to say so, eight are enough --
# Cron mails what is said, and asks for little: a decision all the same.
decided_world fades -q
is "lines of a quiet night" "$(grep -c '^[a-z]' "$out")" 1
blocks 2026-12-21 3 winner '2026-12-20 12:00' 80 0
blocks 2026-12-24 5 uniform '2026-12-20 12:00' 9 30
abpost nightly --now 2027-01-02T03:00:00Z
exits 0
is "decided, after five blocks" "$(decisions)" "question repeat"
blocks 2026-12-29 3 uniform '2026-12-20 12:00' 9 30
abpost nightly --now 2027-01-10T03:00:00Z -q
exits 0
says "withdrawn"
is "decided, after eight blocks" "$(decisions)" "question repeat, question withdrawn"
is "what was planned then is cancelled" "$(store "SELECT count(*) FROM planned_post p WHERE due_at > strftime('%s', '2027-01-10 03:00')
    AND id NOT IN (SELECT planned_post_id FROM dropped)")" 0
abpost status --now 2027-01-10T04:00:00Z
exits 0
COLUMNS=400 abpost status --now 2027-01-10T04:00:00Z
flatten
says "Decided sun 2026-12-20 04:00: repeat question."
says "Withdrawn sun 2027-01-10 04:00: the decision on question. In the posts drawn since 2026-12-20 (8 of question, 8 of story) question does x0.3"
says "sure that question does worse than story now."
abpost status --now 2027-01-10T04:00:00Z --format json
answers "j->>'$.experiments[0].decisions[1].verdict'" withdrawn
grep -q 'question</bdi>, withdrawn' report.html || fail "the page does not say that it is withdrawn"

# The test begins anew, with the posts that said so and none before them; every block is drawn.
abpost plan winter --now 2027-01-10T04:00:00Z --format json
exits 0
answers "j->>'decided'" 0
answers "j->>'\$.added.posts' > 10" 1
answers "(SELECT count(*) FROM json_each(j,'\$.posts') p WHERE p.value->>'due_at' > '2027-01-10T04'
    AND p.value->>'state' = 'planned' AND p.value->>'design' <> 'uniform')" 0
abpost evaluate winter --now 2027-01-11T03:00:00Z --format json
answers "j->>'$.experiments[0].posts'" 16
answers "j->>'$.experiments[0].variants[1].lift.q975' < 0" 1
abpost evaluate winter --now 2027-01-11T03:00:00Z
says "a test that began anew"
says "the 32 posts drawn before that do not count any more"

# It can be decided once more, the other way round, and the baseline then keeps the slots.
blocks 2027-01-11 8 uniform '2027-01-10 12:00' 9 30
abpost nightly --now 2027-01-24T03:00:00Z
exits 0
is "decided anew" "$(decisions)" "question repeat, question withdrawn, question drop"
abpost plan winter --now 2027-01-24T04:00:00Z --format json
answers "(SELECT group_concat(DISTINCT p.value->>'variant') FROM json_each(j,'\$.posts') p
    WHERE p.value->>'design' = 'winner')" story
# ... and is watched as well: another style that does better now takes it back.
blocks 2027-01-25 7 uniform '2027-01-24 12:00' 70 20
abpost nightly --now 2027-02-03T03:00:00Z
exits 0
is "withdrawn once more" "$(decisions)" \
    "question repeat, question withdrawn, question drop, question withdrawn"
flatten
says "sure that story does worse than question now"
cd ..

# -- the same without a withdrawal (after = stop): what was found and what is seen now are told apart --
decided_world stops
sed -i '/^after/d' experiments/winter.ini
blocks 2026-12-21 20 uniform '2026-12-20 12:00' 2 90
COLUMNS=400 abpost evaluate winter --now 2027-01-20T03:00:00Z
flatten
grep -qE 'sure to do worse than story, but it was found to do better earlier \(the guard reached [0-9.]+ of the 20 it takes\): it has changed since, and no verdict holds for both\.' "$out" ||
    fail "what was found and what is seen now are not told apart"
# -- killed between its decision and what follows from it: the next tick goes on --
make_workspace killed
sed -i -e 's/^channels .*/channels = paper/' -e '/^target/d' -e '/^max_posts/d' abpost.ini experiments/winter.ini
printf 'review = no\n' >>experiments/winter.ini
abpost plan winter --now 2026-11-30T12:00:00Z
exits 0
store "INSERT INTO decision (experiment_id, variant, verdict, decided_at, reason)
    SELECT id, 'question', 'drop', strftime('%s', '2026-12-01 03:00'), 'worse' FROM experiment WHERE name = 'winter';"
abpost tick --now 2026-12-01T03:01:00Z -v
exits 0
says cancelled
is "what is still planned" "$(store "SELECT count(*) FROM planned_post WHERE id NOT IN (SELECT planned_post_id FROM dropped)")" 0
for hour in 09 19; do
    abpost tick --now 2026-12-01T$hour:31:00Z
    exits 0
done
is "what went out" "$(store "SELECT count(*) FROM attempt")" 0
cd ..

finish
