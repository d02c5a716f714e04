#!/usr/bin/env bash
# A whole experiment on a real server of Mastodon's API, snac2, under kills: two accounts, two styles,
# and fans who like one of them more. It ignores Idempotency-Key, so a tick that dies after its post
# arrived has only the account's own list to find it by. Ticks are killed (SIGKILL) at random system
# calls, day after day, under a clock that the server follows (moved_clock.c), until abpost says which
# style is worth repeating; then what is on snac's timelines, what fans gave and what abpost says are
# compared, post by post.
. "$SOURCE/tests/cli/lib.sh" || exit 1
. "$SOURCE/tests/servers/snac/start.sh"
. "$SOURCE/tests/servers/experiment.sh"
: "${KILL_AT:?the program tests/servers/kill_at.c}" "${MOVED_CLOCK_SO:?tests/servers/moved_clock.c}"
trap 'snac_stop; rm -rf "$scratch"' EXIT
zone=Europe/Paris accounts="north south" fans="f1 f2 f3 f4 f5 f6"
RANDOM=${FANS_SEED:-1}
started=$SECONDS killed=0 whole=0
declare -A given=() # likes, by a post's ID

make_world() {
    local account
    mkdir -p "$world/experiments" "$world/secrets"
    printf '[abpost]\ntimezone = %s\n' "$zone" >"$world/abpost.ini"
    for account in $accounts; do
        printf '[channel %s]\ntype = mastodon\nserver = %s\ntoken = file:secrets/%s\n' \
            "$account" "$snac_url" "$account" >>"$world/abpost.ini"
        cp -p "$scratch/$account.token" "$world/secrets/$account"
    done
    cat >"$world/experiments/spring.ini" <<'INI'
[experiment]
channels = north, south
outcome = likes
horizon = 6h
baseline = story
[schedule]
start = 2025-03-27
times = 08:00 11:00 14:00 17:00
max_lateness = 30m
max_posts = 64
[variant question]
posts = posts/question/*.txt
[variant story]
posts = posts/story/*.txt
[decision]
review = no
min_posts = 16
INI
    write_posts question 40 "What do you think of number"
    write_posts story 40 "Once upon a time there was number"
}

later() { # "DATE TIME": abpost's clock and snac's
    clock "$1"
    snac_clock "$now"
}

api() { # USER METHOD PATH [curl option...]
    printf 'header = "Authorization: Bearer %s"\n' "$(cat "$scratch/$1.token")" |
        curl -fsS -K - -X "$2" "${@:4}" "$snac_url$3"
}

list_posts() { # what is on both timelines, into $scratch/posts: ID, URL, likes, time, account, text
    local account
    for account in $accounts; do
        api "$account" GET "/api/v1/accounts/$account/statuses?limit=100" |
            jq -r --arg account "$account" '.[] | [.id, .url, .favourites_count, .created_at, $account,
                (.content | gsub("<[^>]*>"; ""))] | @tsv'
    done >"$scratch/posts"
}

# Each fan likes a question with a chance of 3 in 4, a story with one of 3 in 10.
like() {
    local id url text chance fan
    list_posts
    while IFS=$'\t' read -r id url _ _ _ text; do
        [ -z "${given[$id]-}" ] || continue
        given[$id]=0
        case $text in What*) chance=75 ;; *) chance=30 ;; esac
        for fan in $fans; do
            [ $((RANDOM % 100)) -lt $chance ] || continue
            snac_run insert "$scratch/data" "$fan" "$url" >>"$scratch/log" 2>&1
            api "$fan" POST "/api/v1/statuses/$id/favourite" -d '' -o /dev/null || fail "$fan can't like $id"
            given[$id]=$((given[$id] + 1))
        done
    done <"$scratch/posts"
}

# Killed at one of its boundaries, or whole where there are fewer. Half of them count from the first
# connection on: in the midst of sending.
killed_tick() {
    local n=$((1 + (RANDOM * 32768 + RANDOM) % boundaries)) option=()
    [ $((RANDOM % 2)) = 0 ] || { option=(-c) n=$((1 + n % sending)); }
    last="abpost tick at $stamp, killed at $n ${option[*]}"
    "$KILL_AT" "${option[@]}" "$n" "$ABPOST" -C "$world" --now "$stamp" tick >"$out" 2>"$err"
    status=$?
    cat "$out" "$err" >>"$said"
    case $status in
    137) killed=$((killed + 1)) ;;
    0 | 3 | 69) whole=$((whole + 1)) ;;
    *) fail "a tick ended with $status" ;;
    esac
}

measure() { # how many boundaries a whole tick that posts passes, at the first two slots
    count_boundaries 08
    boundaries=$count
    count_boundaries 11 -c
    sending=$count
    [ "$boundaries" -gt 100 ] && [ "$sending" -gt 50 ] || fail "boundaries: $boundaries, $sending"
}

count_boundaries() { # HOUR [-c]: sets count
    later "2025-03-27 $1:01"
    KILL_AT_COUNT=$scratch/count "$KILL_AT" ${2-} 0 "$ABPOST" -C "$world" --now "$stamp" tick >/dev/null 2>&1
    count=$(cat "$scratch/count")
    like
}

a_day() { # DATE FIRST-HOUR...: slots, with three kills each, then as a timer would go on; the night
    local hour minute
    for hour in "${@:2}"; do
        for minute in 01 03 05; do
            later "$1 $hour:$minute"
            killed_tick
        done
        for minute in 10 15 17; do # the last reads what the one before it posted six hours ago
            later "$1 $hour:$minute"
            at tick
            exits 0
        done
        like
    done
    later "$1 20:17"
    at tick
    exits 0
    later "$1 23:17"
    at --seed 1 nightly
    exits 0
}

decisions() {
    ask_store "SELECT variant, verdict FROM decision"
}

snac=$(bash "$SOURCE/tests/servers/snac/install.sh" "$SERVERS/snac") || exit 1
snac_folder=$scratch snac_preload=$MOVED_CLOCK_SO
later "2025-03-26 12:00"
snac_start "$snac" "$scratch" $accounts $fans || exit 1
make_world
at check --online
exits 0
at --seed 4 plan spring
exits 0
is "posts planned" "$(ask_store "SELECT count(*) FROM planned_post")" 64
measure
a_day 2025-03-27 14 17
for day in 28 29 30 31; do # the 30th has 23 hours
    [ -n "$(decisions)" ] || a_day "2025-03-$day" 08 11 14 17
done
for day in 01 02 03; do
    [ -n "$(decisions)" ] || a_day "2025-04-$day" 08 11 14 17
done
is "decided" "$(decisions)" "question|repeat"
says 'best of all'
posts=$(ask_store "SELECT count(*) FROM post")
is "the others are cancelled" "$(ask_store "SELECT state, count(*) FROM dropped")" "cancelled|$((64 - posts))"
at status
exits 0
says 'Nothing is stuck.'
says "$posts of 64 posts out, $posts with their numbers at the horizon."

# Every post is on snac's timelines once, in the account and style that were drawn, at its hour.
list_posts
cut -f1 "$scratch/posts" >"$scratch/ids"
same_posts "$scratch/ids"
each_once <(cut -f5,6 "$scratch/posts")
while IFS='|' read -r id style channel; do
    grep -qE "^$id"$'\t'".*"$'\t'"$channel"$'\t'".* of the $style kind\$" "$scratch/posts" ||
        fail "$id is no $style of $channel"
done < <(posts_of_store)
is "of each style" "$(posts_of_store | cut -d'|' -f2 | sort | uniq -c | xargs)" \
    "$((posts / 2)) question $((posts / 2)) story"
cut -f4 "$scratch/posts" | while read -r made; do TZ=$zone date -d "$made" +'%F %H:%M'; done >"$scratch/times"
grep -vE '^2025-(03-(2[789]|3[01])|04-0[123]) (08|11|14|17):[01][0-9]$' "$scratch/times" &&
    fail "a time that was not planned"
is "slots with a post of each account" "$(cut -c1-13 "$scratch/times" | sort | uniq -c | awk '{ print $1 }' | sort -u)" 2

# What the fans gave, what snac counts, and what abpost read at six hours.
for id in "${!given[@]}"; do echo "$id|${given[$id]}"; done | sort >"$scratch/given"
cut -f1,3 "$scratch/posts" | tr '\t' '|' | sort >"$scratch/likes"
ask_store "SELECT r.remote_id, CAST(d.value AS INTEGER) FROM post
    JOIN attempt_result r ON r.attempt_id = post.attempt_id AND r.state = 'posted'
    JOIN reading d ON d.post_id = post.id AND d.metric = 'likes' AND d.age BETWEEN 21540 AND 22680
    GROUP BY 1 ORDER BY 1" >"$scratch/read"
is "posts that were liked or not" "$(wc -l <"$scratch/given")" "$posts"
diff "$scratch/given" "$scratch/likes" >"$scratch/differ" || fail "snac's likes (>) are not those given: $(head -n 5 "$scratch/differ")"
diff "$scratch/given" "$scratch/read" >"$scratch/differ" || fail "abpost's likes (>) are not those given: $(head -n 5 "$scratch/differ")"

for account in $accounts; do no_secret "$account's token" "$(cat "$scratch/$account.token")"; done
[ $killed -ge 24 ] || fail "only $killed kills"
echo "$posts posts, $(awk -F'|' '{ n += $2 } END { print n }' "$scratch/given") likes, $killed ticks killed" \
    "($boundaries boundaries, $sending from the first connection on), $whole that ended before," \
    "$(ask_store "SELECT count(*) FROM attempt") attempts, $((SECONDS - started)) s"
finish
