#!/usr/bin/env bash
# Two at once on one workspace: ticks, nightlies, one of each, and a tick on another machine (of
# another name, with process ids of its own) over the same store. Many posts are due each time. When
# all is over the server has each post that the store knows, once. PAIRS: how often (200).
. "$SOURCE/tests/cli/lib.sh"
. "$SOURCE/tests/servers/hostile.sh"
. "$SOURCE/tests/servers/world.sh"

pairs_wanted=${PAIRS:-200} worlds=4
both=0

# A shell on another machine, as far as a process can tell: where this may not be made, the name of
# the machine alone, or nothing, is another one.
elsewhere=()
for way in 'unshare -u -p -f --mount-proc' 'unshare -r -u -p -f --mount-proc' 'unshare -r -u'; do
    # shellcheck disable=SC2086
    if $way true 2>/dev/null; then elsewhere=($way) && break; fi
done
on_other_machine() { # COMMAND...
    if [ ${#elsewhere[@]} = 0 ]; then "$@"; else "${elsewhere[@]}" sh -c 'hostname elsewhere; exec "$@"' sh "$@"; fi
}

make_world() { # DIR
    mkdir -p "$1" && pushd "$1" >/dev/null || exit 1
    {
        printf '[abpost]\n'
        sky_channel sky1
        sky_channel sky2
        den_channel den1
        den_channel den2
        printf '[channel hand]\ntype = outbox\n'
    } >abpost.ini
    write_experiment "sky1, sky2, den1, den2, hand" 'start = 2027-03-01' 'max_lateness = 3h' \
        "times = $(printf '%02d:00 ' $(seq 0 23))"
    write_posts 80
    popd >/dev/null || exit 1
}

run() { # NUMBER COMMAND...: its status and words into files
    local number=$1
    shift
    "$@" >"$scratch/out$number" 2>"$scratch/err$number"
    echo $? >"$scratch/status$number"
}

pair() { # KIND: both at $now
    local now_is at number
    hostile_tell /_clock "$now"
    now_is=$(stamp "$now")
    at=("$ABPOST" -C "$world" --now "$now_is" -q)
    local first=tick second=tick machine=()
    case $1 in
    nights) first=nightly second=nightly ;;
    mixed) first=nightly ;;
    machines) machine=(on_other_machine) ;;
    esac
    run 1 "${at[@]}" $first &
    local one=$!
    run 2 "${machine[@]}" "${at[@]}" $second &
    wait "$one" "$!"
    last="two at once ($1) at $now_is in ${world##*/}"
    for number in 1 2; do
        cat "$scratch/out$number" >"$out"
        cat "$scratch/err$number" >"$err"
        status=$(cat "$scratch/status$number")
        case $status in
        0) ;;
        3 | 69) [ "$faults" = yes ] || fail "exit status $status without a fault" ;;
        *) fail "exit status $status" ;;
        esac
    done
    both=$((both + 1))
}

one_world() { # NUMBER PAIRS
    local kinds=(ticks machines mixed ticks machines nights) i pause
    world=$scratch/w$1 now=$((start + 90)) faults=no
    # shellcheck disable=SC2046
    hostile_start --now $start --seed "$1" $([ $(($1 % 2)) = 0 ] && echo --careless)
    make_world "$world"
    abpost -C "$world" --now "$(stamp "$start")" --seed "$1" plan e
    exits 0
    if [ "$1" -gt 2 ]; then
        faults=yes
        hostile_tell /_fault 'method=POST p=0.05 do=drop commit=yes
method=POST p=0.05 do=drop
p=0.03 do=expired
p=0.03 do=reset'
    fi
    for i in $(seq "$2"); do
        pair "${kinds[$(((i + $1) % ${#kinds[@]}))]}"
        now=$((now + 7200))
    done
    hostile_ask DELETE /_fault >/dev/null
    for pause in 300 900 3600; do
        now=$((now + pause))
        faults=yes pair ticks
        both=$((both - 1))
    done
    compare "$world"
    lost "$world"
    hostile_stop
}

# A slot that came up and was not missed is a post that is out: nothing left without a word.
lost() { # WORKSPACE
    local open
    open=$(sqlite3 "$1/abpost.db" "SELECT count(*) FROM planned_post p WHERE due_at < $now - 3 * 3600
        AND NOT EXISTS (SELECT 1 FROM dropped WHERE planned_post_id = p.id)
        AND NOT EXISTS (SELECT 1 FROM attempt a JOIN attempt_result r ON r.attempt_id = a.id
            WHERE a.planned_post_id = p.id AND r.state IN ('posted', 'handed', 'refused'))")
    [ "$open" = 0 ] || fail "$open posts whose time has passed are neither out nor dropped"
    if [ "$faults" = no ]; then
        open=$(sqlite3 "$1/abpost.db" "SELECT count(*) FROM dropped")
        [ "$open" = 0 ] || fail "$open posts were dropped, though nothing was in the way"
    fi
}

# ---- a machine that dies in the middle, seen from another one ----

kill_family() { # PID: its children first
    local child
    for child in $(pgrep -P "$1"); do kill_family "$child"; done
    kill -KILL "$1" 2>/dev/null
}

dead_machine() {
    local sent now_is standing
    world=$scratch/dead now=$((start + 90)) faults=yes
    hostile_start --now $start
    make_world "$world"
    abpost -C "$world" --now "$(stamp "$start")" --seed 5 plan e
    exits 0
    hostile_tell /_clock "$now"
    hostile_tell /_fault 'method=POST path=/statuses times=1 do=hang seconds=55 commit=yes'
    now_is=$(stamp "$now")
    run 1 on_other_machine "$ABPOST" -C "$world" --now "$now_is" -q tick &
    sent=$!
    open() { # attempts without a result
        sqlite3 "$world/abpost.db" "SELECT count(*) FROM attempt WHERE id NOT IN (SELECT attempt_id FROM attempt_result)"
    }
    # Until nothing moves there any more: that one hangs, den2 waits behind it (the same server), and
    # the other three have a result.
    for _ in $(seq 300); do
        standing="$(sqlite3 "$world/abpost.db" "SELECT count(*) FROM attempt_result") settled, $(open) open"
        [ "$standing" = "3 settled, 1 open" ] && hostile_ask GET /_state | grep -q '"hits": *1' && break
        sleep 0.1
    done
    [ "$standing" = "3 settled, 1 open" ] || fail "on the other machine: $standing; expected 3 settled, 1 open"
    abpost -C "$world" --now "$now_is" -q tick
    [ "$(open)" = 1 ] || fail "an attempt was taken from a machine that is at it"
    kill_family "$sent"
    wait "$sent" 2>/dev/null
    if [ ${#elsewhere[@]} -gt 0 ]; then
        now=$((now + 299))
        hostile_tell /_clock "$now"
        abpost -C "$world" --now "$(stamp "$now")" -q tick
        [ "$(open)" = 1 ] || fail "an attempt of another machine was taken before its lease was over"
    fi
    now=$((now + 2))
    hostile_tell /_clock "$now"
    abpost -C "$world" --now "$(stamp "$now")" -q tick
    exits 0
    [ "$(open)" = 0 ] || fail "an attempt of a machine that died stays open"
    compare "$world"
    hostile_stop
}

for number in $(seq "$worlds"); do
    one_world "$number" $(((pairs_wanted + worlds - 1) / worlds))
done
dead_machine
echo "$both pairs; $posted posts in $worlds workspaces; another machine: ${elsewhere[*]:-none}"
finish
