#!/usr/bin/env bash
# A whole experiment on the reference Bluesky network, account server and app view, through the real
# binary and under a clock that moves on: two styles, fans who like one of them more, readings of
# real likes, and the right verdict. Every post stands there once, and no number is made up.
set -euo pipefail
. "$SOURCE/tests/servers/bluesky/lib.sh"
"$SOURCE/tests/servers/bluesky/install.sh" "$SERVERS/bluesky"

RANDOM=7
started=$SECONDS
start_server --appview
new_account garden.test
check "fans" "$(deed fans '{"n":24}')" '.fans == 24'

world=$scratch/world
mkdir -p "$world/experiments" "$world/posts/question" "$world/posts/story"
cat >"$world/abpost.ini" <<INI
[abpost]
timezone = Europe/Paris
[channel sky]
type     = bluesky
account  = $handle
server   = $pds
password = env:PASSWORD
INI
cat >"$world/experiments/garden.ini" <<'INI'
[experiment]
hypothesis = A question earns more likes than a story
channels = sky
outcome  = likes
horizon  = 20m
baseline = story
[schedule]
times = 00:00 00:30 01:00 01:30 02:00 02:30 03:00 03:30 04:00 04:30 05:00
max_posts = 40
[variant question]
posts = posts/question/*.txt
[variant story]
posts = posts/story/*.txt
INI
for i in $(seq -w 1 25); do
    printf 'status: approved\n\nWhat grows in your garden in week %s? https://garden.example/%s #garden\n' "$i" "$i" \
        >"$world/posts/question/$i.txt"
    printf 'status: approved\n\nIn week %s we found a hedgehog 🦔 under the beans.\n' "$i" >"$world/posts/story/$i.txt"
done

# The clock of the experiment runs some days behind the server's, so that nothing is from the future.
day=$(($(date +%s) / 86400 * 86400 - 8 * 86400))
[ "$(TZ=Europe/Paris date -d "@$day" +%z)" = +0100 ] && last=14400 || last=10800 # 05:00 in Paris
at() { date -u -d "@$1" +%Y-%m-%dT%H:%M:%SZ; }
run() { # SECONDS ARGUMENT...: abpost at that time; what it says is kept
    "$ABPOST" -C "$world" --now "$(at "$1")" "${@:2}" >"$scratch/out" 2>"$scratch/err" || {
        echo "abpost ${*:2} at $(at "$1") ended with $?:"
        cat "$scratch/out" "$scratch/err"
        exit 1
    }
    cat "$scratch/out" "$scratch/err" >>"$scratch/said"
}
store() { sqlite3 "$world/abpost.db" "$1"; }

run "$day" check --online
run "$day" --seed 3 plan garden
decided=no
for due in $(store "SELECT due_at FROM planned_post ORDER BY due_at"); do
    run $((due + 5)) tick
    uri=$(store "SELECT r.remote_id FROM post JOIN attempt_result r ON r.attempt_id = post.attempt_id
        AND r.state = 'posted' ORDER BY post.id DESC LIMIT 1")
    style=$(store "SELECT variant FROM post ORDER BY id DESC LIMIT 1")
    if [ "$style" = question ]; then likes=$((6 + RANDOM % 15)); else likes=$((2 + RANDOM % 5)); fi
    deed like "{\"uri\":\"$uri\",\"count\":$likes}" >/dev/null
    deed settle >/dev/null
    run $((due + 1300)) tick
    # The last slot of a day is at 05:00 in Paris; then comes the nightly.
    if [ $((due % 86400)) = $last ] || [ "$(store 'SELECT count(*) FROM post')" = 40 ]; then
        run $((due + 7200)) nightly
    fi
    if [ "$(store 'SELECT count(*) FROM decision')" = 1 ]; then decided=yes && break; fi
done
verdict=$(store "SELECT variant || ' ' || verdict FROM decision")
posts=$(store "SELECT count(*) FROM post")
echo "after $posts posts: $verdict; $((SECONDS - started)) s"
check "the style that was liked more is the one to repeat" "{\"verdict\":\"$verdict\"}" '.verdict == "question repeat"'

# Decided is decided: what was planned is cancelled, and days later nothing more goes out.
run $((due + 86400)) tick
check "nothing goes out after the verdict" "$(store 'SELECT count(*) FROM post')" ". == $posts"
check "what was still planned is cancelled" "$(store "SELECT count(*) FROM planned_post p WHERE NOT EXISTS
    (SELECT 1 FROM attempt a WHERE a.planned_post_id = p.id) AND NOT EXISTS
    (SELECT 1 FROM dropped d WHERE d.planned_post_id = p.id)")" '. == 0'

# What stands there against what the store says.
there=$(deed posts "{\"did\":\"$did\"}")
check "every post stands there once" "$there" \
    "(.posts | length) == $posts and ([.posts[].uri] | unique | length) == $posts and ([.posts[].value.text] | unique | length) == $posts"
check "the store has the same" "$(store "SELECT json_group_array(remote_id) FROM attempt_result WHERE state = 'posted'")" \
    "(. | sort) == $(jq -c '[.posts[].uri] | sort' <<<"$there")"
check "links and tags are what they should be" "$there" \
    '[.posts[] | select(.value.text | startswith("What")) | .value.facets | length] | all(. == 2)'
run $((due + 86400)) --format json evaluate garden
check "every number is there" "$(cat "$scratch/out")" ".experiments[0] | .posts == $posts and .missing == 0 and .randomised == true"
check "and the totals are those of the fans" "$(cat "$scratch/out")" \
    "[.experiments[0].variants[].outcome_total] | add == $(store "SELECT sum(value) FROM reading WHERE metric = 'likes' AND age BETWEEN 1200 AND 2100")"
check "the account was never refused" "$(store "SELECT count(*) FROM sign_in")" '. == 0'
for secret in "$PASSWORD" $(cat "$world"/.abpost/bluesky-* | jq -r '.accessJwt, .refreshJwt'); do
    checks=$((checks + 1))
    if grep -qaF -- "$secret" "$scratch/said" "$world/abpost.db" "$world"/.abpost/log.jsonl; then
        failures=$((failures + 1))
        echo "FAILED: a secret is shown or kept where it should not be"
    fi
done
conclude
