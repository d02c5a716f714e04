#!/usr/bin/env bash
# Answers nobody vouches for, to posting, asking, signing in and reading, in both dialects: cut, of
# wrong types, fuzzed, endless, compressed, redirected to somebody else, with the request's secrets in
# them. Whether the server did what was asked or not: no crash, nothing counted that is not there, no
# number that was not read, no secret in a message or file, no request to where a redirect points.
# And once the server behaves, everything is out, once.
. "$SOURCE/tests/cli/lib.sh"
. "$SOURCE/tests/servers/hostile.sh"
. "$SOURCE/tests/servers/world.sh"

export SKY='Wombat-Quartz-4711-password'
den_token=token-den-Pelican-Marble-0815
kinds=(cut empty null array object html types bigid twice utf8 deep fuzz fuzz fuzz negative type gzip
    echo huge headers redirect away)
slots=' 00:00 01:00 02:00 03:00 04:00 05:00 06:00 07:00 08:00 09:00 10:00 11:00 12:00 13:00 14:00
 15:00 16:00 17:00 18:00 19:00 20:00 21:00 22:00 23:00'

make_world() { # DIR
    mkdir -p "$1" && pushd "$1" >/dev/null || exit 1
    {
        printf '[abpost]\n'
        sky_channel sky
        den_channel den
    } >abpost.ini
    echo "$den_token" >secrets/den
    write_experiment "sky, den" 'start = 2027-03-01' 'max_lateness = 50m' 'min_gap = 30m' \
        "times = ${slots//$'\n'/}"
    write_posts 40
    popd >/dev/null || exit 1
}

run() { # COMMAND...: in this world at this time; whatever the server says, it ends as it should
    abpost -C "$world" --now "$(stamp "$now")" "$@"
    last="$last (${kind:-no garbage}${commit:+, commit=$commit})"
    cat "$out" "$err" >>"$scratch/said"
    case $status in
    0 | 3 | 69) ;;
    *) fail "exit status $status" ;;
    esac
    only_what_is_there
}

later() { # SECONDS
    now=$((now + $1))
    hostile_tell /_clock "$now"
}

only_what_is_there() {
    local wrong
    hostile_ask GET /_state >"$scratch/state"
    wrong=$(sqlite3 "$world/abpost.db" "SELECT 'in the store alone: ' || r.remote_id FROM post
            JOIN attempt_result r ON r.attempt_id = post.attempt_id AND r.state = 'posted'
            WHERE r.remote_id NOT IN (SELECT p.value ->> 'id'
                FROM json_each(CAST(readfile('$scratch/state') AS TEXT), '\$.posts') p)
        UNION ALL SELECT 'read as ' || metric || ' ' || value || ', but it is 0' FROM reading WHERE value <> 0
        UNION ALL SELECT kind || ', but it is not: post ' || post_id FROM post_event")
    [ -z "$wrong" ] || fail "$wrong"
}

# One hour: everything it asks for is answered so, twice over; then it is answered well.
hour() { # KIND COMMIT
    kind=$1 commit=$2
    [ "$kind" = away ] && commit=no # it says that it did nothing; a server that lies there can't be told
    local rule="do=garbage of=$kind to=$thief"
    [ "$commit" = yes ] || rule="$rule commit=no status=200"
    now=$((start + (++hours) * 3600 + 60))
    hostile_tell /_clock "$now"
    # Every other hour its session has expired, and signing in is answered so, too.
    [ $((hours % 2)) = 1 ] && hostile_tell /_expire access
    hostile_tell /_fault "$rule"
    run -v tick
    later 150
    run -q tick
    hostile_ask DELETE /_fault >/dev/null
    kind='' commit=''
    later 400
    run -q tick
    later 400
    run -q tick
    exits 0
    waiting=$(sqlite3 "$world/abpost.db" "SELECT count(*) FROM planned_post p WHERE due_at <= $now
        AND NOT EXISTS (SELECT 1 FROM attempt a JOIN attempt_result r ON r.attempt_id = a.id
            WHERE a.planned_post_id = p.id AND r.state = 'posted')")
    [ "$waiting" = 0 ] || fail "$waiting posts are not out, though the server behaves again (after $1, commit=$2)"
}

# Sessions are renewed, so what is secret is noted while it is; whatever was written or said stays
# there to be searched at the end.
note_secrets() {
    local kept
    for kept in "$world"/.abpost/bluesky-*; do
        [ "${kept%.lock}" != "$kept" ] ||
            sqlite3 :memory: "WITH s AS (SELECT CAST(readfile('$kept') AS TEXT) AS j)
                SELECT j ->> 'accessJwt' FROM s UNION SELECT j ->> 'refreshJwt' FROM s" >>"$scratch/secrets"
    done
}

fit_to_be_said() { # all of it
    cp "$scratch/said" "$out"
    grep -qE 'AddressSanitizer|LeakSanitizer|runtime error' "$out" && fail "a sanitizer complains"
    plain "$out"
    iconv -f UTF-8 -t UTF-8 "$out" >/dev/null 2>&1 || fail "invalid UTF-8 is said"
}

no_secrets() {
    printf '%s\n' "$SKY" "$den_token" >>"$scratch/secrets"
    sort -u -o "$scratch/secrets" "$scratch/secrets"
    [ "$(awk 'length >= 16' "$scratch/secrets" | wc -l)" -gt 4 ] || fail "there are too few secrets to look for"
    awk 'length < 16' "$scratch/secrets" | grep -q . && fail "a secret is too short to look for"
    grep -qF -f "$scratch/secrets" "$scratch/said" && fail "a secret was said: $(grep -F -m1 -f "$scratch/secrets" "$scratch/said")"
    grep -rlF --exclude-dir=secrets -f "$scratch/secrets" "$world" | grep -v '/\.abpost/bluesky-' >"$scratch/where"
    [ ! -s "$scratch/where" ] || fail "a secret stands in $(cat "$scratch/where")"
}

every_kind() { # NAME HOSTILE-OPTION...
    local commit_first=$2 one
    local name=$1
    world=$scratch/world-$1 now=$start hours=0
    shift 2
    hostile_start --now $start --log "$scratch/thief-log"
    thief=$hostile_url
    local thief_pid=$hostile_pid
    hostile_start --now $start --password "$SKY" "$@"
    make_world "$world"
    abpost -C "$world" --now "$(stamp "$now")" --seed 1 plan e
    exits 0
    later 60
    run tick
    for one in "${kinds[@]}"; do
        hour "$one" "$commit_first"
        note_secrets
        if [ "$commit_first" = yes ]; then commit_first=no; else commit_first=yes; fi
    done
    # What comes of nightly, too: its log and its page are files that could hold something.
    later 3600
    run -q nightly
    fit_to_be_said
    no_secrets
    compare "$world"
    [ ! -s "$scratch/thief-log" ] || fail "a redirect was followed: $(cat "$scratch/thief-log")"
    hostile_stop
    hostile_pid=$thief_pid hostile_stop
    echo "$name: $hours hours of garbage, $posted posts"
}

# An answer that drips and never ends is given up on, and the tick ends.
dripping() {
    world=$scratch/dripping now=$start hours=0 kind=dripping commit=
    hostile_start --now $start --password "$SKY"
    make_world "$world"
    abpost -C "$world" --now "$(stamp "$now")" --seed 1 plan e
    exits 0
    later 60
    run tick
    later 7200
    run tick
    hostile_tell /_fault 'method=GET do=slow seconds=600'
    later 3600
    local began=$SECONDS
    run -q tick
    [ $((SECONDS - began)) -le 150 ] || fail "a tick lasted $((SECONDS - began)) s behind an answer that drips"
    hostile_ask DELETE /_fault >/dev/null
    later 300
    run tick
    exits 0
    compare "$world"
    hostile_stop
}

careful() {
    every_kind careful yes
}

careless() {
    every_kind careless no --careless
}

together dripping careful careless
finish
