#!/usr/bin/env bash
# A store that can't be written, or not be read: a disk that is full or fails at every file operation
# of a tick and of a nightly in turn, a folder that is read-only, a store that another process keeps
# locked, one that is damaged, cut, emptied, of another program, of a newer abpost, or gone. Each is
# said with the file and what to do; and once it is mended, the server has every post, once.
# TROUBLE_STRIDE: every which operation fails (1: each).
. "$SOURCE/tests/cli/lib.sh"
. "$SOURCE/tests/servers/hostile.sh"
. "$SOURCE/tests/servers/world.sh"
: "${FAIL_AT:?the program tests/servers/fail_at.c}"
stride=${TROUBLE_STRIDE:-1}
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 # it can't run under a tracer

make_world() { # DIR: two accounts of one server, in both dialects, and a folder; a slot every 3 hours
    mkdir -p "$1" && pushd "$1" >/dev/null || exit 1
    {
        printf '[abpost]\n'
        sky_channel sky
        den_channel den
        printf '[channel hand]\ntype = outbox\n'
    } >abpost.ini
    write_experiment "sky, den, hand" 'start = 2027-03-01' 'max_lateness = 2h' 'min_gap = 30m' \
        'times = 00:00 03:00 06:00 09:00 12:00 15:00 18:00 21:00'
    write_posts 75
    popd >/dev/null || exit 1
}

open_world() { # HOSTILE-OPTION...: with its first posts out
    world=$scratch/world now=$start
    hostile_start --now $start "$@"
    make_world "$world"
    abpost -C "$world" --now "$(stamp "$now")" --seed 1 plan e
    exits 0
    later 60 tick
    exits 0
}

to_slot() { # the next one, a minute later
    now=$(((now - start) / 10800 * 10800 + start + 10800 + 60))
    hostile_tell /_clock "$now"
}

at() { # COMMAND...: abpost in this world at this time
    abpost -C "$world" --now "$(stamp "$now")" -q "$@"
}

later() { # SECONDS COMMAND...
    now=$((now + $1))
    hostile_tell /_clock "$now"
    at "${@:2}"
}

waiting() { # posts that are due and neither out nor dropped
    sqlite3 "$world/abpost.db" "SELECT count(*) FROM planned_post p WHERE due_at <= $now
        AND NOT EXISTS (SELECT 1 FROM dropped WHERE planned_post_id = p.id)
        AND NOT EXISTS (SELECT 1 FROM attempt a JOIN attempt_result r ON r.attempt_id = a.id
            WHERE a.planned_post_id = p.id AND r.state IN ('posted', 'handed'))"
}

all_out() { # nothing that came due is missing, in a world without any other trouble
    local n
    n=$(waiting)
    [ "$n" = 0 ] || fail "$n posts that are due are not out"
    n=$(sqlite3 "$world/abpost.db" "SELECT count(*) FROM dropped")
    [ "$n" = 0 ] || fail "$n posts were dropped: $(sqlite3 "$world/abpost.db" 'SELECT state, reason FROM dropped LIMIT 1')"
    compare "$world"
}

mended() { # the trouble is over: two ticks later everything is out
    later 60 tick
    later 240 tick
    exits 0
    all_out
}

# ---- a disk that is full, or fails, at each file operation in turn ----

failing_at() { # CALLS ERROR N TIMES COMMAND
    last="$5 at $(stamp "$now"), $2 at operation $3 ($1, $4 times)"
    "$FAIL_AT" "$1" "$2" "$3" "$4" "$world" \
        "$ABPOST" -C "$world" --now "$(stamp "$now")" -q "$5" >"$out" 2>"$err"
    status=$?
}

says_what_to_do() { # ERROR: the file, and the remedy
    case $1 in
    ENOSPC) words='make room' ;;
    EIO) words='check the disk' ;;
    *) words='check who owns|may be written to|check its permissions' ;;
    esac
    cat "$out" "$err" | tr -s '\n ' ' ' >"$scratch/said"
    grep -qF "$world/" "$scratch/said" || fail "no file is named"
    grep -qE "$words" "$scratch/said" || fail "nothing is said of what to do ($words)"
}

each_operation() { # CALLS ERROR TIMES COMMAND STRIDE
    local n=1 seen failed=0
    while :; do
        to_slot
        FAIL_AT_COUNT=$scratch/seen failing_at "$1" "$2" "$n" "$3" "$4"
        seen=$(cat "$scratch/seen")
        [ "$n" -le "$seen" ] || break
        case $status in
        0) [ "$(waiting)" = 0 ] || fail "a tick is content, but $(waiting) posts are not out" ;;
        1) says_what_to_do "$2" && failed=$((failed + 1)) ;;
        *) fail "exit status $status; expected 0 or 1" ;;
        esac
        mended
        n=$((n + $5))
    done
    echo "$4, $2 ($1, times $3): $failed of $(((n - 1) / $5)) failed"
    [ "$failed" -gt $(((n - 1) / $5 / 3)) ] || fail "hardly any of them failed"
}

full_for_good() {
    open_world
    each_operation wc ENOSPC 0 tick "$stride"
    hostile_stop
}

full_once() {
    open_world --careless
    each_operation wc ENOSPC 1 tick "$stride"
    hostile_stop
}

full_at_night() {
    open_world
    each_operation wc ENOSPC 0 nightly $((stride * 3))
    hostile_stop
}

failing_disk() {
    open_world
    each_operation ws EIO 1 tick $((stride * 2))
    hostile_stop
}

# One part at a time in a shell of its own, with files of its own; its number of failures is added.
part() { # FUNCTION
    mkdir "$scratch/$1"
    (
        scratch=$scratch/$1
        out=$scratch/.out err=$scratch/.err failures=0
        : >"$out" >"$err"
        $1
        echo $failures >"$scratch/failures"
    ) >"$scratch/$1/told" 2>&1 &
}

together() { # FUNCTION...: side by side
    local name
    for name in "$@"; do part "$name"; done
    wait
    for name in "$@"; do
        cat "$scratch/$name/told"
        failures=$((failures + $(cat "$scratch/$name/failures" 2>/dev/null || echo 1)))
    done
}

together full_for_good full_once full_at_night failing_disk
finish
