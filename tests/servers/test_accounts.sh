#!/usr/bin/env bash
# Under whose name: two tokens that were mixed up post nothing and read nothing, and what a stranger's
# token does not see is no deletion. Put right, everything goes out under its own name, once.
. "$SOURCE/tests/cli/lib.sh"
. "$SOURCE/tests/servers/hostile.sh"
. "$SOURCE/tests/servers/world.sh"

is() { # WHAT GOT EXPECTED
    [ "$2" = "$3" ] || fail "$1: '$2'; expected '$3'"
}

ask_store() { # SQL
    sqlite3 -readonly abpost.db "$1"
}

ask_server() { # JSON-PATH-OF-POST
    hostile_ask GET /_state >"$scratch/state"
    sqlite3 :memory: "SELECT p.value ->> '$1' FROM json_each(CAST(readfile('$scratch/state') AS TEXT), '\$.posts') p ORDER BY 1"
}

run() { # SECONDS-AFTER-START COMMAND...
    local now=$((start + $1))
    shift
    hostile_tell /_clock "$now"
    abpost -C "$scratch/world" --now "$(stamp "$now")" "$@"
}

swap() {
    local kept
    kept=$(cat secrets/north)
    cat secrets/south >secrets/north
    echo "$kept" >secrets/south
}

hostile_start --now $start --log "$scratch/log" || exit 1
mkdir world && cd world || exit 1
{
    printf '[abpost]\n'
    den_channel north
    printf 'account = north\nvisibility = followers\n'
    den_channel south
    printf 'account = @South@social.test\nvisibility = followers\n'
} >abpost.ini
write_experiment 'north, south' 'start = 2027-03-01' 'max_lateness = 50m' 'min_gap = 30m' \
    'times = 01:00 02:00 03:00'
write_posts 12
run 0 --seed 1 plan e
exits 0

swap
run 3660 tick
exits 3
complains 'an account refuses us'
is 'posts under the wrong name' "$(ask_server account)" ''
is 'requests but for whose token it is' \
    "$(awk '$3 !~ /^\/_/ { print $2, $3 }' "$scratch/log" | grep -v verify_credentials)" ''
run 3660 status
says 'belongs to south, not to north'
swap
run 3720 -q tick
exits 0
is 'under their own names' "$(ask_server account)" $'north\nsouth'

# The hour of their numbers: neither token is to see the other's posts.
swap
run $((3660 + 7200)) tick
exits 3
is 'deletions that are none' "$(ask_store 'SELECT count(*) FROM post_event')" 0
is 'numbers of the other account' "$(ask_store 'SELECT count(*) FROM reading')" 0
swap
# What its own account does not see is gone.
hostile_tell /_delete "$(ask_store "SELECT min(remote_id) FROM attempt_result WHERE state = 'posted'")"
run $((3660 + 7800)) tick
is 'posts that were read' "$(ask_store 'SELECT count(DISTINCT post_id) FROM reading')" 1
is 'deletions' "$(ask_store 'SELECT kind FROM post_event')" deleted
hostile_stop
finish
