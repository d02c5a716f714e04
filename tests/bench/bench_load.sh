#!/usr/bin/env bash
# Many posts and readings on a server of this machine, beside the same requests sent by curl alone in
# the same run: bench_load.sh [POSTS [CHANNELS [ROUNDS]]], by default 1,000 posts due at once over 200
# channels, 6 times over, and five readings of each. The curl program sends the same bytes one after
# the other over one connection, and keeps nothing: it is the floor.
. "$SOURCE/tests/cli/lib.sh"
. "$SOURCE/tests/servers/hostile.sh"
. "$SOURCE/tests/servers/world.sh"
posts=${1:-1000} channels=${2:-200} rounds=${3:-6}
due=$((posts / channels)) # at once on each channel
experiments=()

clock_ms() {
    echo $(($(date +%s%N) / 1000000))
}

make_world() {
    local i some=() times
    mkdir -p "$world" && cd "$world" || exit 1
    printf '[abpost]\n' >abpost.ini
    times=$(for i in $(seq 0 $((due - 1))); do printf '00:%02d ' $((i * 10)); done)
    for i in $(seq -w 1 $((channels / 2))); do
        sky_channel "sky$i" >>abpost.ini
        den_channel "den$i" >>abpost.ini
        some+=("sky$i" "den$i")
        [ ${#some[@]} = 20 ] || [ "$i" = $((channels / 2)) ] || continue # a line takes no more
        some=${some[*]}
        write_experiment "${some// /, }" 'start = 2027-03-01' 'max_lateness = 12h' 'min_gap = 5m' \
            "times = $times"
        mv experiments/e.ini "experiments/e$i.ini"
        experiments+=("e$i")
        some=()
    done
    write_posts $((due * rounds + 5))
    cd "$scratch" || exit 1
}

tick() { # at $now; sets took (ms) and cpu (seconds)
    hostile_tell /_clock "$now"
    local began
    began=$(clock_ms)
    TIMEFORMAT='%U %S'
    last="tick at $(stamp "$now")"
    { time "$ABPOST" -C "$world" --now "$(stamp "$now")" -q tick >"$out" 2>"$err"; } 2>"$scratch/time" ||
        fail "a tick failed"
    took=$(($(clock_ms) - began)) cpu=$(awk 'END { print $1 + $2 }' "$scratch/time")
}

requests() { # so far, but for those of the test itself
    hostile_ask GET /_state >"$scratch/state"
    sqlite3 :memory: "SELECT sum(value) FROM json_each(CAST(readfile('$scratch/state') AS TEXT), '\$.requests') WHERE key NOT LIKE '%/\_%' ESCAPE '\\'"
}

store() { # SQL
    sqlite3 "$world/abpost.db" "$1"
}

# ---- by curl ----

# Signs every Bluesky account in, which abpost does as well; token[CHANNEL].
declare -A token=()
sign_in() {
    local name
    for name in $(store "SELECT DISTINCT channel FROM post WHERE channel LIKE 'sky%'"); do
        printf 'url = "%s/xrpc/com.atproto.server.createSession"\nheader = "Content-Type: application/json"\n' "$hostile_url"
        printf 'data = "{\\"identifier\\": \\"%s.test\\", \\"password\\": \\"%s\\"}"\noutput = "%s"\nnext\n' "$name" "$SKY" "$scratch/session-$name"
    done | sed '$d' >"$scratch/sign-in"
    curl -s -K "$scratch/sign-in"
    for name in $(store "SELECT DISTINCT channel FROM post"); do
        token[$name]=token-$name
        [ -e "$scratch/session-$name" ] &&
            token[$name]=$(sqlite3 :memory: "SELECT CAST(readfile('$scratch/session-$name') AS TEXT) ->> 'accessJwt'")
    done
}

say_request() { # CHANNEL URL [BODY-FILE]
    printf 'url = "%s%s"\nheader = "Authorization: Bearer %s"\noutput = "%s"\n' "$hostile_url" "$2" "${token[$1]}" /dev/null
    [ -z "${3-}" ] || printf 'header = "Content-Type: application/json"\ndata-binary = "@%s"\n' "$3"
    printf 'next\n'
}

posts_by_curl() { # the first tick's posts, to a server of its own; sets took
    local id channel began path
    mkdir -p "$scratch/bodies"
    store "SELECT writefile('$scratch/bodies/' || a.id, a.request) FROM attempt a WHERE started_at = $first" >/dev/null
    while IFS='|' read -r id channel; do
        path=/api/v1/statuses
        [ "${channel#sky}" = "$channel" ] || path=/xrpc/com.atproto.repo.putRecord
        say_request "$channel" $path "$scratch/bodies/$id"
    done < <(store "SELECT a.id, post.channel FROM attempt a JOIN post ON post.attempt_id = a.id WHERE a.started_at = $first") | sed '$d' >"$scratch/posts"
    began=$(clock_ms)
    curl -s -K "$scratch/sign-in"
    curl -s -K "$scratch/posts"
    took=$(($(clock_ms) - began))
}

readings_by_curl() { # every post once, in the batches that the platforms take; sets took
    local channel ids began
    while IFS='|' read -r channel ids; do
        say_request "$channel" "$ids"
    done < <(store "WITH p AS (SELECT post.channel, r.remote_id AS id, row_number() OVER (PARTITION BY post.channel ORDER BY post.id) - 1 AS n
            FROM post JOIN attempt_result r ON r.attempt_id = post.attempt_id AND r.state = 'posted')
        SELECT channel, '/xrpc/app.bsky.feed.getPosts?' || group_concat('uris=' || id, '&') FROM p WHERE channel LIKE 'sky%' GROUP BY channel, n / 25
        UNION ALL SELECT channel, '/api/v1/statuses?' || group_concat('id[]=' || id, '&') FROM p WHERE channel LIKE 'den%' GROUP BY channel, n / 20") | sed '$d' >"$scratch/readings"
    began=$(clock_ms)
    curl -s -g -K "$scratch/readings"
    took=$(($(clock_ms) - began))
}

# ---- the whole ----

world=$scratch/world now=$start
hostile_start --now $start
make_world
for experiment in "${experiments[@]}"; do
    abpost -C "$world" --now "$(stamp "$now")" --seed 1 plan "$experiment"
    exits 0
done
first=$((start + due * 600))
posted_ms=0 posted_cpu=0 posted_requests=0 read_ms=0 read_cpu=0 read_requests=0 read_ticks=0 seen=0
add() { # KIND: what the last tick took
    local now_seen
    now_seen=$(requests)
    eval "$1_ms=\$(($1_ms + took)) $1_requests=\$(($1_requests + now_seen - seen))"
    eval "$1_cpu=\$(awk -v a=\"\$$1_cpu\" -v b=\"$cpu\" 'BEGIN { print a + b }')"
    seen=$now_seen
}
# A day: everything is posted late in one tick, then read at each of its five ages.
for ((i = 0; i < rounds; i++)); do
    now=$((first + i * 86400))
    tick
    add posted
    for age in 900 1800 3600 7200 14400; do
        now=$((first + i * 86400 + age))
        tick
        add read
        read_ticks=$((read_ticks + 1))
    done
done
n=$(store "SELECT count(*) FROM post") values=$(store "SELECT count(*) FROM reading")
first_posts=$(store "SELECT count(*) FROM attempt WHERE started_at = $first")
sign_in
readings_by_curl
curl_read_ms=$took curl_read_requests=$(grep -c '^url' "$scratch/readings")
hostile_stop
hostile_start --now "$first"
sign_in
posts_by_curl
hostile_ask GET /_state >"$scratch/state"
posts_there=$(sqlite3 :memory: "SELECT json_array_length(CAST(readfile('$scratch/state') AS TEXT), '\$.posts')")
[ "$posts_there" = "$first_posts" ] || fail "curl made $posts_there posts, abpost $first_posts"

report() { # COUNT WHAT TICKS MS CPU REQUESTS CURL-COUNT CURL-MS
    awk -v n="$1" -v what="$2" -v ticks="$3" -v ms="$4" -v cpu="$5" -v asked="$6" -v m="$7" -v floor="$8" 'BEGIN {
        printf "%d %s in %d ticks, %d requests: %.1f s (%.1f s of CPU), %d %s/s\n", n, what, ticks, asked, ms / 1000, cpu, n * 1000 / ms, what
        printf "  by curl alone: %d requests in %.2f s; abpost takes %.1f times as long for each request\n", m, floor / 1000, ms / asked / (floor / m) }'
}
echo "$channels channels of one server, $((channels / 2)) in each dialect:"
report "$n" posts "$rounds" "$posted_ms" "$posted_cpu" "$posted_requests" "$(($(grep -c '^url' "$scratch/posts") + channels / 2))" "$took"
report "$values" readings "$read_ticks" "$read_ms" "$read_cpu" "$read_requests" "$curl_read_requests" "$curl_read_ms"
hostile_stop
finish
