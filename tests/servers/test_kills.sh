#!/usr/bin/env bash
# Every post exactly once, through the real binary: ticks are killed (SIGKILL) at system call
# boundaries of their own choice, under a clock that moves on, against a server that also fails by
# chance. When all is over, what the server has and what the store says must be the same posts, each
# once. KILLS: how many at least (2000), KILL_WORLDS: in how many workspaces, KILL_SEED.
. "$SOURCE/tests/cli/lib.sh"
. "$SOURCE/tests/servers/hostile.sh"
. "$SOURCE/tests/servers/world.sh"
: "${KILL_AT:?the program tests/servers/kill_at.c}"

kills_wanted=${KILLS:-2000} worlds=${KILL_WORLDS:-20} RANDOM=${KILL_SEED:-1}
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 # it can't run under a tracer
killed=0 ended=0

make_world() { # DIR: two accounts of one server, in both dialects, and a folder
    mkdir -p "$1"
    pushd "$1" >/dev/null || exit 1
    {
        printf '[abpost]\n'
        sky_channel sky
        den_channel den
        printf '[channel hand]\ntype = outbox\n'
    } >abpost.ini
    write_experiment "sky, den, hand" 'start = 2027-03-01' \
        'times = 00:00 03:00 06:00 09:00 12:00 15:00 18:00 21:00' 'max_lateness = 2h'
    write_posts 24
    popd >/dev/null || exit 1
}

tick() { # runs a tick at $now, killed after N boundaries where N is given
    hostile_tell /_clock "$now"
    if [ $# = 0 ]; then
        "$ABPOST" -C "$world" --now "$(stamp "$now")" -q tick >"$out" 2>"$err"
        status=$?
    else
        "$KILL_AT" "${@:2}" "$1" "$ABPOST" -C "$world" --now "$(stamp "$now")" -q tick >"$out" 2>"$err"
        status=$?
        if [ $status = 137 ]; then killed=$((killed + 1)); else ended=$((ended + 1)); fi
    fi
    last="abpost tick at $(stamp "$now") in ${world##*/}"
    case $status in
    0 | 3 | 69 | 137) ;;
    *) fail "a tick ended with $status" ;;
    esac
}

measure() { # how many boundaries a whole tick that posts passes: from its start, and from connect()
    now=$((start + 60))
    KILL_AT_COUNT=$scratch/count tick 0
    whole=$(cat "$scratch/count")
    now=$((start + 3 * 3600 + 60))
    KILL_AT_COUNT=$scratch/count tick 0 -c
    sending=$(cat "$scratch/count")
}

settle() { # time goes on without kills or faults until nothing is open
    hostile_ask DELETE /_fault >/dev/null
    for pause in 300 900 3600 7200; do
        now=$((now + pause))
        tick
    done
}

one_world() { # NUMBER KILLS
    world=$scratch/w$1
    hostile_start --now $start --seed "$1" $([ $(($1 % 3)) = 0 ] && echo --careless)
    make_world "$world"
    now=$start
    abpost -C "$world" --now "$(stamp "$now")" --seed "$1" plan e
    exits 0
    measure
    # In most worlds the server fails by chance, too: before and after it has done what was asked.
    if [ $(($1 % 4)) != 0 ]; then
        hostile_tell /_fault 'method=POST p=0.1 do=drop commit=yes
method=POST p=0.1 do=drop
method=POST p=0.05 do=status status=500 commit=yes
method=POST p=0.05 do=half
p=0.03 do=reset
p=0.03 do=limit seconds=120
p=0.03 do=expired'
    fi
    local until=$((killed + $2)) turn=0
    while [ $killed -lt $until ] && [ $turn -lt $((3 * $2)) ]; do
        # A new slot every third turn; in between what is open is asked for.
        if [ $((turn % 3)) = 0 ]; then now=$((start + (turn / 3 + 2) * 10800 + 30)); else now=$((now + 200)); fi
        turn=$((turn + 1))
        if [ $((RANDOM % 2)) = 0 ]; then
            tick $((1 + (RANDOM * 32768 + RANDOM) % sending)) -c
        else
            tick $((1 + (RANDOM * 32768 + RANDOM) % whole))
        fi
    done
    settle
    compare "$world"
    hostile_stop
}

for number in $(seq 1 "$worlds"); do
    one_world "$number" $((kills_wanted / worlds))
done
echo "$killed ticks killed, $ended that ended before; $posted posts, in $worlds workspaces"
[ "$killed" -ge $((kills_wanted / worlds * worlds * 9 / 10)) ] || fail "only $killed kills"
finish
