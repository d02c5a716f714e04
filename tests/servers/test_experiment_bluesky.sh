#!/usr/bin/env bash
# A whole experiment on the reference Bluesky network: two accounts, two styles, and fans who like
# one of them more. Planned with a seed, ticked under a clock that this test moves through a week of
# which one day is short (clocks go forward), a night at a time, until abpost says which style is
# worth repeating. The days lie in the past, since that clock is abpost's alone: the servers keep
# the machine's.
. "$SOURCE/tests/cli/lib.sh"
. "$SOURCE/tests/servers/bluesky/lib.sh"
. "$SOURCE/tests/servers/experiment.sh"
"$SOURCE/tests/servers/bluesky/install.sh" "$SERVERS/bluesky" || exit 1
zone=Europe/Paris fans=16
RANDOM=${FANS_SEED:-1}
started=$SECONDS
declare -A given=() later=() # by a post's ID: its likes in all, and those that are still to come

make_world() {
    mkdir -p "$world/experiments" "$world/secrets"
    cat >"$world/abpost.ini" <<INI
[abpost]
timezone = $zone
[channel north]
type = bluesky
account = north.test
server = $pds
password = file:secrets/north
[channel south]
type = bluesky
account = south.test
server = $pds
password = env:SOUTH_PASSWORD
INI
    cat >"$world/experiments/spring.ini" <<'INI'
[experiment]
hypothesis = A question earns more likes than a story
channels = north, south
outcome = likes
horizon = 6h
baseline = story
[schedule]
start = 2025-03-27
times = 08:00 11:00 14:00 17:00
max_lateness = 30m
max_posts = 96
[variant question]
posts = posts/question/*.txt
[variant story]
posts = posts/story/*.txt
[decision]
review = no
min_posts = 20
INI
    write_posts question 48 "What do you think of number"
    write_posts story 48 "Once upon a time there was number"
    new_account north.test
    north=$did north_password=$PASSWORD
    new_account south.test
    south=$did
    export SOUTH_PASSWORD=$PASSWORD
    (umask 077 && printf '%s\n' "$north_password" >"$world/secrets/north")
}

list_posts() { # what both accounts have on their server, into $scratch/posts: ID, text
    local account
    for account in "$north" "$south"; do
        deed posts "{\"did\":\"$account\"}" | jq -r '.posts[] | [.uri, .value.text] | @tsv'
    done >"$scratch/posts"
}

# Each of the fans likes a question with a chance of 1 in 2 and a story with one of 1 in 4: half of
# them at once, the others three hours later.
like() {
    local uri text chance count i
    list_posts
    while IFS=$'\t' read -r uri text; do
        if [ -z "${given[$uri]-}" ]; then
            case $text in What*) chance=50 ;; *) chance=25 ;; esac
            for ((count = 0, i = 0; i < fans; i++)); do count=$((count + (RANDOM % 100 < chance))); done
            given[$uri]=$count later[$uri]=$((count / 2)) count=$((count - count / 2))
        else
            count=${later[$uri]} later[$uri]=0
        fi
        [ "$count" = 0 ] || deed like "{\"uri\":\"$uri\",\"count\":$count}" >/dev/null
    done <"$scratch/posts"
    deed settle >/dev/null
}

a_day() { # DATE: the ticks of a day, then its night
    local hour
    for hour in 08 11 14 17 20; do
        clock "$1 $hour:01"
        at tick
        exits 0
        like
    done
    clock "$1 23:01"
    at --seed 1 nightly
    exits 0
    like
}

# From now on the account's access token is one that ran out an hour ago.
let_token_expire() { # DID
    local kept token
    kept=$(grep -lF "$1" "$world"/.abpost/bluesky-*)
    token=$(deed expired-token "{\"did\":\"$1\"}" | jq -r .accessJwt)
    jq -c --arg token "$token" '.accessJwt = $token' "$kept" >"$scratch/kept" && cat "$scratch/kept" >"$kept"
}

calls_of() { # METHOD: of those in $seen
    jq --arg method "com.atproto.server.$1" '.calls[$method] // 0' <<<"$seen"
}

decisions() {
    ask_store "SELECT variant, verdict FROM decision"
}

start_server --appview
make_world
deed fans "{\"n\":$fans}" >/dev/null
deed calls >/dev/null

clock "2025-03-26 12:00"
at check --online
exits 0
at --seed 4 plan spring
exits 0
is "posts planned" "$(ask_store "SELECT count(*) FROM planned_post")" 96
a_day 2025-03-27
let_token_expire "$north"
for day in 28 29 30; do a_day "2025-03-$day"; done # the 30th has 23 hours
is "decided after 32 posts, fewer than the experiment asks for" "$(decisions)" ""
is "cancelled so far" "$(ask_store "SELECT count(*) FROM dropped")" 0

a_day 2025-03-31
says 'question: repeat, 20 posts'
says 'best of all'
is "decided after 40 posts" "$(decisions)" "question|repeat"
is "future posts that are cancelled" "$(ask_store "SELECT state, count(*) FROM dropped")" "cancelled|56"
is "posts at the servers" "$(wc -l <"$scratch/posts")" 40

# It is over: nothing is posted, planned or decided any more.
a_day 2025-04-01
at --seed 4 plan spring
exits 0
is "posts at the servers, a day later" "$(wc -l <"$scratch/posts")" 40
is "posts planned, a day later" "$(ask_store "SELECT count(*) FROM planned_post")" 96
is "decided, a day later" "$(decisions)" "question|repeat"
at status
exits 0
says 'Nothing is stuck.'
says '40 of 96 posts out, 40 with their numbers at the horizon.'
says 'repeat question'

# Every post is there once, in the account and style that were drawn, at the hour that was drawn.
cut -f1 "$scratch/posts" >"$scratch/ids"
same_posts "$scratch/ids"
cut -f2 "$scratch/posts" >"$scratch/texts"
each_once <(for account in "$north" "$south"; do grep -F "$account" "$scratch/posts" | sed "s|^.*\t|$account |"; done)
while IFS='|' read -r id style channel; do
    grep -qE "^$id"$'\t'".* of the $style kind\$" "$scratch/posts" || fail "$id is no $style"
    case $id in at://${!channel}/*) ;; *) fail "$id is not of $channel" ;; esac
done < <(posts_of_store)
for account in "$north" "$south"; do
    deed posts "{\"did\":\"$account\"}" | jq -r '.posts[].value.createdAt' |
        while read -r made; do TZ=$zone date -d "$made" +'%F %H:%M'; done
done | sort | uniq -c >"$scratch/hours"
is "local times with posts" "$(wc -l <"$scratch/hours")" 20
grep -vE '^ +2 2025-03-(2[789]|3[01]) (08|11|14|17):01$' "$scratch/hours" &&
    fail "a time that was not planned"
is "of each style" "$(posts_of_store | cut -d'|' -f2 | sort | uniq -c | xargs)" "20 question 20 story"

# The numbers: what the fans did, what the app view says, and what abpost read at six hours.
ask_store "SELECT r.remote_id, CAST(d.value AS INTEGER) FROM post
    JOIN attempt_result r ON r.attempt_id = post.attempt_id AND r.state = 'posted'
    JOIN reading d ON d.post_id = post.id AND d.metric = 'likes' AND d.age BETWEEN 21600 AND 22500
    ORDER BY 1" >"$scratch/read"
xargs -n 20 <"$scratch/ids" | while read -r -a ids; do
    curl -sS "$appview/xrpc/app.bsky.feed.getPosts?$(printf 'uris=%s&' "${ids[@]}")"
done | jq -r '.posts[] | "\(.uri)|\(.likeCount)"' | sort >"$scratch/likes"
for id in "${!given[@]}"; do echo "$id|${given[$id]}"; done | sort >"$scratch/given"
is "likes that were given" "$(wc -l <"$scratch/given")" 40
cmp -s "$scratch/given" "$scratch/likes" || fail "the app view's likes are not those that were given"
cmp -s "$scratch/given" "$scratch/read" || fail "abpost's likes are not those that were given"
at export spring
exits 0
tr -d '\r' <"$out" >"$scratch/csv"
is "likes in the CSV" "$(sqlite3 :memory: ".import --csv $scratch/csv csv" 'SELECT sum(likes), count(*) FROM csv')" \
    "$(awk -F'|' '{ n += $2 } END { print n }' "$scratch/given")|40"

# Two accounts signed in once each; the token that had run out was exchanged for another.
seen=$(deed calls)
is "sign-ins" "$(calls_of createSession)" 2
is "sessions that were renewed" "$(calls_of refreshSession)" 1

# Nothing that abpost said or keeps tells a secret, but for the sessions, which are the owner's alone.
no_secret "north's password" "$north_password"
no_secret "south's password" "$SOUTH_PASSWORD"
for kept in "$world"/.abpost/bluesky-????????????????????????????????; do
    no_secret "an access token" "$(jq -r .accessJwt "$kept")"
    no_secret "a refresh token" "$(jq -r .refreshJwt "$kept")"
    is "who may read a session" "$(stat -c %a "$kept")" 600
done
jq -es 'map(select(.action == "decided")) | length == 1' "$world/.abpost/log.jsonl" >/dev/null ||
    fail "the log does not have the decision once"

echo "$(wc -l <"$scratch/ids") posts, $(awk -F'|' '{ n += $2 } END { print n }' "$scratch/given") likes," \
    "$calls calls of abpost, $((SECONDS - started)) s"
finish
