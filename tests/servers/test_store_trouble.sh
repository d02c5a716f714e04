#!/usr/bin/env bash
# A store that can't be written, or not be read: a disk that is full or fails at every file operation
# of a tick and of a nightly in turn, a folder that is read-only, a store that another process keeps
# locked, one that is damaged, cut, emptied, of another program, of a newer abpost, or gone. Each is
# said with the file and what to do; and once it is mended, the server has every post, once.
# TROUBLE_STRIDE: every which operation fails (1: each). Each sweep begins at another one.
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

each_operation() { # CALLS ERROR TIMES COMMAND STRIDE FIRST
    local n=$(((${6:-1} - 1) % $5 + 1)) seen failed=0 tried=0
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
        n=$((n + $5)) tried=$((tried + 1))
    done
    echo "$4, $2 at each of $tried of $seen operations ($1, times $3): $failed failed"
    [ "$failed" -gt $((tried / 3)) ] || fail "hardly any of them failed"
}

full_for_good() {
    open_world
    each_operation wc ENOSPC 0 tick "$stride"
    hostile_stop
}

full_once() {
    open_world --careless
    each_operation wc ENOSPC 1 tick "$stride" 3
    hostile_stop
}

full_at_night() {
    open_world
    each_operation wc ENOSPC 0 nightly $((stride * 3)) 5
    hostile_stop
}

failing_disk() {
    open_world
    each_operation ws EIO 1 tick $((stride * 2)) 4
    hostile_stop
}

# ---- a store, or a folder, that may not be written to ----

# Root may write anything; so all of it is done by somebody else then.
be_somebody_else() {
    user=()
    [ "$(id -u)" = 0 ] || return 0
    user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    "${user[@]}" true 2>/dev/null || { echo "no other user can be had here: skipped"; return 1; }
    chmod 755 "$(dirname "$scratch")" "$scratch"
    "${user[@]}" "$ABPOST" --version >/dev/null 2>&1 || { cp "$ABPOST" "$scratch/abpost" && ABPOST=$scratch/abpost; }
    chown -R 65534:65534 "$world"
}

at_other() { # COMMAND...
    last="${user[*]} abpost -C $world --now $(stamp "$now") -q $*"
    "${user[@]}" "$ABPOST" -C "$world" --now "$(stamp "$now")" -q "$@" >"$out" 2>"$err" </dev/null
    status=$?
}

forbidden() { # MODE PATH [POSTS]: nothing goes out, or that many do; and afterwards all of it
    local mode before
    mode=$(stat -c %a "$world/$2")
    to_slot
    before=$(posts_there)
    hostile_tell /_expire access
    chmod "$1" "$world/$2"
    at_other tick
    chmod "$mode" "$world/$2"
    last="$last ($2 of mode $1)"
    exits 1
    says_what_to_do EACCES
    [ $(($(posts_there) - before)) = "${3:-0}" ] || fail "$(($(posts_there) - before)) posts went out; expected ${3:-0}"
    for pause in 60 240; do
        now=$((now + pause))
        hostile_tell /_clock "$now"
        at_other tick
    done
    exits 0
    all_out
}

posts_there() {
    hostile_ask GET /_state >"$scratch/state"
    sqlite3 :memory: "SELECT count(*) FROM json_each(CAST(readfile('$scratch/state') AS TEXT), '\$.posts')"
}

read_only() {
    open_world
    be_somebody_else || return 0
    forbidden 444 abpost.db
    forbidden 555 .
    forbidden 500 .abpost 1 # Mastodon's has no session to keep
    forbidden 555 outbox/hand 2
    # Results that can't be written are a failure, and the posts are out all the same.
    to_slot
    last="tick > /dev/full"
    "${user[@]}" "$ABPOST" -C "$world" --now "$(stamp "$now")" tick >/dev/full 2>"$err" </dev/null
    status=$?
    exits 1
    complains "make room"
    all_out
    hostile_stop
}

# ---- a store that another process holds ----

hold() { # the store, until let_go
    rm -f "$scratch/held" "$scratch/let-go"
    {
        printf ".timeout 10000\nBEGIN EXCLUSIVE;\n.output '%s'\nSELECT 1;\n.output\n" "$scratch/held"
        while [ ! -e "$scratch/let-go" ]; do sleep 0.1; done
    } | sqlite3 "$world/abpost.db" &
    holder=$!
    for _ in $(seq 200); do
        [ -s "$scratch/held" ] && return
        sleep 0.05
    done
    fail "the store could not be locked"
}

let_go() {
    : >"$scratch/let-go"
    wait "$holder"
}

locked() {
    open_world
    to_slot
    hold # for as long as is waited for
    { sleep 2; : >"$scratch/let-go"; } &
    at tick
    exits 0
    let_go
    all_out
    to_slot
    hold
    at tick
    exits 1
    complains "$world/abpost.db: locked by another process; wait"
    let_go
    [ "$(waiting)" = 3 ] || fail "$(waiting) posts wait behind a lock; expected 3"
    mended
    hostile_stop
}

locked_midway() { # between the intent and what came of it: the post is out by then
    local sender
    open_world --careless
    to_slot
    hostile_tell /_fault 'method=POST path=/statuses times=1 do=hang seconds=15 commit=yes'
    last="tick at $(stamp "$now")"
    "$ABPOST" -C "$world" --now "$(stamp "$now")" -q tick >"$out" 2>"$err" &
    sender=$!
    for _ in $(seq 200); do # that one hangs, and what went elsewhere meanwhile is noted
        hostile_ask GET /_state | grep -q '"hits": *1' && [ "$(waiting)" = 1 ] && break
        sleep 0.05
    done
    [ "$(waiting)" = 1 ] || fail "$(waiting) posts wait; expected the one that hangs"
    hold
    wait "$sender"
    status=$?
    exits 1
    complains "$world/abpost.db: locked by another process; wait"
    let_go
    mended
    hostile_stop
}

# ---- a store that is damaged, or not the one it was ----

keep_store() { # between slots, when nothing is due: damage to a copy of the store must change nothing
    now=$((now + 3600))
    hostile_tell /_clock "$now"
    at tick
    cp "$world/abpost.db" "$scratch/backup"
    there=$(posts_there)
}

put_back() {
    rm -rf "$world"/abpost.db*
    cp "$scratch/backup" "$world/abpost.db"
}

each_command() { # STATUS WORDS: what every command that needs the store says
    local command kind=$last
    for command in tick nightly status 'plan e' 'resolve 1 --not-posted' 'evaluate e' 'report e'; do
        # shellcheck disable=SC2086 # words on purpose
        at $command
        last="$last ($kind)"
        exits "$1"
        tr -s '\n ' ' ' <"$err" >"$scratch/said"
        grep -qF "$world/abpost.db: " "$scratch/said" || fail "the file is not named"
        grep -qE "$2" "$scratch/said" || fail "not said: $2"
    done
    [ "$(posts_there)" = "$there" ] || fail "something went out"
}

damaged() {
    local size page pages step found=0
    open_world
    keep_store
    size=$(stat -c %s "$world/abpost.db")
    last="its first bytes overwritten" && printf 'GARBAGE GARBAGE!' | dd of="$world/abpost.db" conv=notrunc status=none
    each_command 65 'not an SQLite database.*backup'
    put_back
    last="cut in half" && truncate -s $((size / 2)) "$world/abpost.db"
    each_command 65 'damaged.*backup'
    last="a text" && echo 'not a database at all, but a text that is longer than a header' >"$world/abpost.db"
    each_command 65 'not an SQLite database.*backup'
    last="empty" && : >"$world/abpost.db"
    each_command 65 'is empty; .*backup'
    last="gone" && rm "$world/abpost.db"
    each_command 65 'is gone; .*backup'
    [ ! -e "$world/abpost.db" ] || fail "a new store was made"
    last="of another program" && sqlite3 "$world/abpost.db" 'CREATE TABLE t(a)'
    each_command 65 "of another program.*database ="
    put_back
    last="of a newer abpost" && sqlite3 "$world/abpost.db" 'PRAGMA user_version = 99'
    each_command 65 'newer abpost.*update abpost'
    put_back
    last="a folder" && rm "$world/abpost.db" && mkdir "$world/abpost.db"
    each_command 1 "can't be (opened|read)"
    put_back
    # Each page in turn: found, or not needed; never a crash.
    pages=$((size / 4096)) step=$((size / 4096 / 12 + 1))
    for ((page = 1; page < pages; page += step)); do
        dd if=/dev/zero bs=4096 count=1 status=none | tr '\0' '\377' |
            dd of="$world/abpost.db" bs=4096 seek=$page conv=notrunc status=none
        at tick
        case $status in
        0) ;;
        65) complains "damaged" && found=$((found + 1)) ;;
        *) fail "exit status $status with page $page overwritten" ;;
        esac
        put_back
    done
    echo "$found of $(((pages - 2) / step + 1)) overwritten pages found by a tick that has nothing to send"
    [ "$found" -gt 3 ] || fail "only $found overwritten pages were found"
    [ "$(posts_there)" = "$there" ] || fail "something went out"
    # With the backup in its place it goes on.
    to_slot
    mended
    # Begun anew on purpose.
    rm "$world/abpost.db" "$world/.abpost/stored"
    abpost -C "$world" --now "$(stamp "$now")" tick
    exits 0
    complains "nothing is planned yet"
    hostile_stop
}

# Two wait for a lock for half a minute, and the others run meanwhile.
together locked locked_midway full_for_good full_once full_at_night failing_disk read_only damaged
finish
