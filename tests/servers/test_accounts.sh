#!/usr/bin/env bash
# Under whose name: two tokens that were mixed up post nothing and read nothing, and what a stranger's
# token does not see is no deletion. Put right, everything goes out under its own name, once. A post
# that a person found is kept under the name that its server has for it, by which it is read. A password
# that was refused is not tried by every tick.
. "$SOURCE/tests/cli/lib.sh"
. "$SOURCE/tests/servers/hostile.sh"
. "$SOURCE/tests/servers/world.sh"


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
cd ..

# ---- found by a person ----

hostile_start --now $start --log "$scratch/log" || exit 1
mkdir found && cd found || exit 1
{
    printf '[abpost]\n'
    sky_channel sky
    den_channel den
} >abpost.ini
write_experiment 'sky, den' 'start = 2027-03-01' 'max_lateness = 50m' 'min_gap = 30m' \
    'times = 01:00 02:00 03:00'
write_posts 12
world=$scratch/found
at() { # SECONDS-AFTER-START COMMAND...
    local now=$((start + $1))
    shift
    hostile_tell /_clock "$now"
    abpost -C "$world" --now "$(stamp "$now")" "$@"
}
at 0 --seed 1 plan e
hostile_tell /_fault $'method=POST path=/statuses do=drop commit=yes\npath=putRecord do=drop commit=yes'
at 3660 tick
exits 3
hostile_ask DELETE /_fault >/dev/null
hostile_ask GET /_state >"$scratch/state"
sky=$(ask_store "SELECT p.id FROM planned_post p JOIN block b ON b.id = p.block_id
    JOIN attempt a ON a.planned_post_id = p.id WHERE b.channel = 'sky'")
den=$(ask_store "SELECT p.id FROM planned_post p JOIN block b ON b.id = p.block_id
    JOIN attempt a ON a.planned_post_id = p.id WHERE b.channel = 'den'")
in_state() { # PATTERN: the ID of the post that fits
    sqlite3 :memory: "SELECT p.value ->> 'id' FROM json_each(CAST(readfile('$scratch/state') AS TEXT), '\$.posts') p
        WHERE p.value ->> 'id' LIKE '$1'"
}
there=$(in_state 'at:%') status_id=$(in_state '115%')
# Not what it is, not there, and nobody to ask: nothing is changed.
for url in "https://bsky.app/profile/other.test/post/${there##*/}" \
    "https://bsky.app/profile/sky.test/post/3kzzzzzzzzz22" "https://example.com/1"; do
    at 3661 resolve "$sky" --posted "$url"
    exits 65
done
for url in https://social.test/@den/115000000000000999 "https://example.com/@den/$status_id" https://example.com/; do
    at 3661 resolve "$den" --posted "$url"
    exits 65
done
hostile_tell /_fault 'path=/api do=status status=502
path=/xrpc do=status status=502'
at 3662 resolve "$den" --posted "https://social.test/@den/$status_id"
exits 69
at 3662 resolve "$sky" --posted "https://bsky.app/profile/sky.test/post/${there##*/}"
exits 69
hostile_ask DELETE /_fault >/dev/null
is 'posts that are out as far as is known' "$(ask_store 'SELECT count(*) FROM post')" 0
at 3663 resolve "$den" --posted "https://social.test/@den/$status_id"
exits 0
at 3663 resolve "$sky" --posted "https://bsky.app/profile/sky.test/post/${there##*/}"
exits 0
says "https://bsky.app/profile/sky.test/post/${there##*/}"
is 'what they are called' "$(ask_store "SELECT remote_id FROM attempt_result WHERE state = 'posted' ORDER BY 1")" \
    "$status_id"$'\n'"$there"
hostile_tell /_counts "$status_id 3 2 1 0"
hostile_tell /_counts "$there 5 4 3 2"
at $((3660 + 7260)) -v tick
is 'their likes' "$(ask_store "SELECT CAST(value AS INTEGER) FROM reading WHERE metric = 'likes' ORDER BY 1")" $'3\n5'
hostile_stop
cd ..

# ---- a password that is refused ----

hostile_start --now $start || exit 1
mkdir refused && cd refused || exit 1
world=$scratch/refused
{
    printf '[abpost]\n'
    sky_channel sky
} >abpost.ini
write_experiment 'sky' 'start = 2027-03-01' 'max_lateness = 5h' 'min_gap = 30m' 'times = 01:00 02:00 03:00'
write_posts 12
logins() {
    hostile_ask GET /_state >"$scratch/state"
    sqlite3 :memory: "SELECT readfile('$scratch/state') ->> '\$.requests.\"POST /xrpc/com.atproto.server.createSession\"'"
}
at 0 --seed 1 plan e
export SKY=not-the-password
for minute in 1 2 3 4 5 60; do
    at $((3600 + 60 * minute)) tick
    exits 3
done
is 'logins in an hour' "$(logins)" 1
at 7230 status
says 'Invalid identifier or password'
says 'tried again after'
at 7300 -q tick
exits 3
is 'logins after an hour' "$(logins)" 2
at 7320 check --online
exits 3
is 'logins when a person asks' "$(logins)" 3
export SKY=app-password
at 7380 -q tick
exits 0
is 'logins with another password' "$(logins)" 4
is 'posts' "$(ask_store 'SELECT count(*) FROM post')" 1
hostile_stop
cd ..

# ---- a channel that is another account's now ----

# What the old account may have, the new one's server need not know: "not there" means nothing.
moved() { # RULE: of the first try
    world=$scratch/moved-$2
    hostile_start --now $start || exit 1
    mkdir "$world" && cd "$world" || exit 1
    {
        printf '[abpost]\n'
        sky_channel sky
    } >abpost.ini
    cp abpost.ini kept.ini
    write_experiment 'sky' 'start = 2027-03-01' 'max_lateness = 5h' 'min_gap = 30m' 'times = 01:00 07:00'
    write_posts 3
    at 0 --seed 1 plan e
    hostile_tell /_fault "method=POST path=putRecord times=1 $1"
    at 3660 -q tick
    old=$hostile_pid
    hostile_start --now $start || exit 1
    sed "s/sky.test/other.test/; s#^server = .*#server = $hostile_url#" kept.ini >abpost.ini
}
back() { # to the first server
    hostile_stop
    hostile_pid=$old hostile_port=$(sed -n 's#^server = http://127.0.0.1:##p' kept.ini)
    cp kept.ini abpost.ini
}
for what in out lost; do
    [ $what = out ] && moved 'do=drop commit=yes' out || moved 'do=drop commit=no' lost
    at 4200 tick
    exits 3
    says 'account back'
    at 5000 status
    exits 3
    is 'what is known of it' "$(ask_store 'SELECT DISTINCT state FROM attempt_result')" unknown
    is 'posts of the new account' "$(ask_server account)" ''
    back
    at 9000 -q tick
    at 9060 -q tick
    exits 0
    compare "$world"
    is 'posts of the old account' "$(ask_server text | wc -l)" 1
    hostile_stop
    cd ..
done
# What is surely not out waits, and goes out when the account is back.
moved 'do=limit seconds=120' limited
at 4200 tick
exits 3
says 'account back'
is 'refusals' "$(ask_store "SELECT count(*) FROM attempt_result WHERE state = 'refused'")" 0
back
at 9000 -q tick
exits 0
compare "$world"
is 'posts of the old account' "$(ask_server text | wc -l)" 1
hostile_stop
finish
