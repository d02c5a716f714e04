#!/usr/bin/env bash
# Clocks that are wrong, and clocks that are changed: a day back and forth between ticks and around an
# attempt that a kill left behind, the changes of summer time in two zones, a week off, and times that
# can't be meant. The server keeps its own clock, which is right.
. "$SOURCE/tests/cli/lib.sh"
. "$SOURCE/tests/servers/hostile.sh"
. "$SOURCE/tests/servers/world.sh"
: "${KILL_AT:?the program tests/servers/kill_at.c}"
day=86400
rounds=${CLOCK_ROUNDS:-12}
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 # it can't run under a tracer

make_world() { # DIR SCHEDULE-LINE...
    mkdir -p "$1" && pushd "$1" >/dev/null || exit 1
    shift
    {
        printf '[abpost]\ntimezone = %s\n' "${zone:-UTC}"
        sky_channel sky
        den_channel den
    } >abpost.ini
    write_experiment "sky, den" "$@"
    write_posts 60
    popd >/dev/null || exit 1
}

plan() {
    abpost -C "$world" --now "$(stamp "$now")" --seed 3 plan e
    exits 0
}

tick() { # [OFFSET [KILL]]: at $now by the server's clock, OFFSET seconds later by this machine's
    hostile_tell /_clock "$now"
    local killed=()
    [ -n "${2-}" ] && killed=("$KILL_AT" -c "$2")
    last="tick at $(stamp "$now") by a clock that is ${1:-0} s ahead ($world)"
    "${killed[@]}" "$ABPOST" -C "$world" --now "$(stamp $((now + ${1:-0})))" -q tick >"$out" 2>"$err"
    status=$?
    case $status in
    0 | 3 | 69 | 137) ;;
    *) fail "a tick ended with $status" ;;
    esac
}

count() { # SQL
    sqlite3 "$world/abpost.db" "SELECT count(*) FROM $1"
}

# ---- a day back and forth ----

jump() { # NUMBER [--careless]
    local offsets=(0 -$day $day 0 0 $day -$day 0) i n
    world=$scratch/jump$1 now=$start
    # shellcheck disable=SC2086
    hostile_start --now $start --seed "$1" ${2-}
    make_world "$world" 'start = 2027-03-01' 'max_lateness = 2h' 'min_gap = 30m' \
        'times = 00:00 03:00 06:00 09:00 12:00 15:00 18:00 21:00'
    plan
    RANDOM=$1
    for i in $(seq "$rounds"); do
        # One that is killed on its way, then others by clocks that have jumped.
        now=$((start + i * 10800 + 30))
        tick "${offsets[$(((i + $1) % 8))]}" $((10 + RANDOM % 250))
        now=$((now + 20))
        tick "${offsets[$(((i + $1 + 3) % 8))]}"
        now=$((now + 200))
        tick "${offsets[$(((i + $1 + 5) % 8))]}"
    done
    # The clock is right again, for good.
    for i in 300 900 3600 $day $day; do
        now=$((now + i))
        tick 0
    done
    compare "$world"
    n=$(count "post")
    [ "$n" -gt 2 ] || fail "only $n posts went out"
    hostile_stop
}

# Right again, the clock holds nothing up: what comes due goes out, whatever was noted under the
# wrong one.
right_again() {
    local unread
    world=$scratch/again now=$((start - 6 * 3600))
    hostile_start --now "$now"
    make_world "$world" 'start = 2027-03-01' 'max_lateness = 2h' 'min_gap = 2h' 'times = 00:00 06:00 12:00 18:00'
    plan
    now=$((start + 60))
    tick 0
    [ "$(count post)" = 2 ] || fail "$(count post) posts are out at the first slot; expected 2"
    now=$((now + 3600))
    tick $day # by that clock it is time for those of the next midnight
    [ "$(count post)" = 4 ] || fail "$(count post) posts are out by a clock that is a day ahead; expected 4"
    now=$((start + 6 * 3600 + 60))
    tick 0
    now=$((start + 12 * 3600 + 60))
    tick 0
    [ "$(count post)" = 6 ] || fail "$(count post) posts are out once the clock is right again; expected 6"
    # Numbers read under the wrong clock do not stand for those of the right age.
    now=$((start + 14 * 3600 + 120))
    tick 0
    unread=$(sqlite3 "$world/abpost.db" "SELECT count(*) FROM post WHERE posted_at <= $now - 7200 AND NOT EXISTS
        (SELECT 1 FROM reading WHERE post_id = post.id AND read_at BETWEEN posted_at + 7200 AND $now)")
    [ "$unread" = 0 ] || fail "$unread posts were not read at their horizon"
    compare "$world"
    hostile_stop
}

# ---- summer time ----

seasons() { # ZONE FIRST-DAY "UTC TIMES OF THE DAY IT CHANGES"
    local first expected twice late
    zone=$1 world=$scratch/$(echo "$1-$2" | tr / -)
    first=$(date -u -d "$2" +%s)
    now=$((first - day))
    hostile_start --now "$now"
    make_world "$world" "start = $(date -u -d "$2 + 1 day" +%F)" 'max_lateness = 20m' 'min_gap = 10m' 'times = 01:15 01:45 02:15 02:45 03:15 12:00'
    plan
    # From the evening before that day until after it, at 16 and 46 minutes past each hour.
    for ((now = first + 20 * 3600 + 960; now < first + 54 * 3600; now += 1800)); do tick 0; done
    compare "$world"
    # Each wall time of each day, once on each channel, at the instant that the zone makes of it.
    expected=$(date -u -d "$2 + 1 day" +%F)
    sqlite3 "$world/abpost.db" "SELECT group_concat(at, ' ') FROM (SELECT strftime('%H:%M', p.due_at, 'unixepoch') AS at
        FROM planned_post p JOIN block b ON b.id = p.block_id JOIN attempt a ON a.planned_post_id = p.id
        JOIN post ON post.attempt_id = a.id WHERE local_date = '$expected' AND b.channel = 'den' ORDER BY p.due_at)" >"$out"
    : >"$err"
    [ "$(cat "$out")" = "$3" ] || fail "on $expected in $zone the posts went out at $(cat "$out"); expected $3"
    twice=$(sqlite3 "$world/abpost.db" "SELECT count(*) FROM (SELECT 1 FROM planned_post p JOIN block b ON b.id = p.block_id
        JOIN attempt a ON a.planned_post_id = p.id GROUP BY b.channel, local_date, local_time HAVING count(*) > 1)")
    [ "$twice" = 0 ] || fail "$twice slots were used twice in $zone"
    late=$(sqlite3 "$world/abpost.db" "SELECT count(*) FROM post JOIN attempt a ON a.id = attempt_id
        JOIN planned_post p ON p.id = planned_post_id WHERE abs(posted_at - due_at) > 960")
    [ "$late" = 0 ] || fail "$late posts were more than 16 minutes off their time in $zone"
    hostile_stop
    unset zone
}

# ---- a week off ----

week_off() {
    local before burst
    world=$scratch/week now=$((start + 60))
    hostile_start --now $start
    make_world "$world" 'start = 2027-03-01' 'max_lateness = 2h' 'times = 00:00 06:00 12:00 18:00'
    plan
    tick 0
    before=$(count post)
    now=$((start + 7 * day + 3 * 3600))
    tick 0
    [ "$(count post)" = "$before" ] || fail "something overdue went out after a week off"
    # Whole blocks: nothing of a block that was missed is still planned.
    burst=$(sqlite3 "$world/abpost.db" "SELECT count(*) FROM planned_post p WHERE
        NOT EXISTS (SELECT 1 FROM dropped d WHERE d.planned_post_id = p.id)
        AND NOT EXISTS (SELECT 1 FROM attempt a WHERE a.planned_post_id = p.id)
        AND EXISTS (SELECT 1 FROM planned_post q JOIN dropped d ON d.planned_post_id = q.id WHERE q.block_id = p.block_id)")
    [ "$burst" = 0 ] || fail "$burst posts are still planned in blocks of which another one was missed"
    # And nothing catches up: from now on each slot has its one post on each channel.
    before=$(count post)
    for ((now = start + 7 * day + 6 * 3600; now < start + 9 * day; now += 3 * 3600)); do tick 0; done
    burst=$(($(count post) - before))
    [ "$burst" -le 16 ] || fail "$burst posts in two days of eight slots: a burst"
    [ "$burst" -ge 12 ] || fail "only $burst posts in two days of eight slots after a week off"
    compare "$world"
    hostile_stop
}

# ---- times that can't be meant ----

absurd() {
    local at
    world=$scratch/absurd now=$((start + 60))
    hostile_start --now $start
    make_world "$world" 'start = 2027-03-01' 'max_lateness = 2h' 'times = 00:00 06:00 12:00 18:00'
    plan
    for at in 1970-01-01T00:00:00Z 1970-01-01T00:00:01Z 2038-01-19T03:14:08Z 9999-12-31T23:59:59Z; do
        abpost -C "$world" --now $at -q tick
        case $status in
        0 | 2 | 3 | 69) ;;
        *) fail "status $status at $at" ;;
        esac
        abpost -C "$world" --now $at status
        case $status in
        0 | 2 | 3) ;;
        *) fail "status $status of 'status' at $at" ;;
        esac
    done
    now=$((start + 18 * 3600 + 60))
    for _ in 1 2 3; do
        tick 0
        now=$((now + 6 * 3600))
    done
    [ "$(count post)" -ge 2 ] || fail "after a moment in the year 9999 nothing goes out any more"
    compare "$world"
    hostile_stop
}

jump 1
jump 2 --careless
right_again
# What the zones show twice goes out the first time; what they skip, as much later as they skip
# (02:15 is 03:15 then, which has its post).
seasons Europe/Paris 2027-03-27 '00:15 00:45 01:15 01:45 10:00'
seasons Europe/Paris 2027-10-30 '23:15 23:45 00:15 00:45 02:15 11:00'
seasons America/New_York 2027-03-13 '06:15 06:45 07:15 07:45 16:00'
seasons America/New_York 2027-11-06 '05:15 05:45 07:15 07:45 08:15 17:00'
week_off
absurd
echo "$posted posts"
finish
