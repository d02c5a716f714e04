#!/usr/bin/env bash
# A channel that is given another name, in abpost.ini and in the experiment: it is the same account,
# and no text goes out there twice. Where the old name is put back, they are two.
. "$SOURCE/tests/cli/lib.sh"
. "$SOURCE/tests/servers/hostile.sh"
. "$SOURCE/tests/servers/world.sh"

world=$scratch/world
server() { # SQL over the posts there, p.value
    hostile_ask GET /_state >"$scratch/state"
    sqlite3 :memory: "SELECT $1 FROM json_each(CAST(readfile('$scratch/state') AS TEXT), '\$.posts') p"
}

hostile_start --now $start || exit 1
mkdir "$world" && cd "$world" || exit 1
{
    printf '[abpost]\n'
    den_channel den
} >abpost.ini
write_experiment den 'start = 2027-03-01' 'max_lateness = 20m' 'min_gap = 30m' \
    'times = 01:00 02:00 03:00 04:00'
write_posts 3
run_after 0 --seed 1 plan e
exits 0
run_after 3660 -q tick
exits 0
run_after 7260 -q tick
exits 0
is 'texts under the old name' "$(server 'count(*)')" 2

sed -i 's/^\[channel den\]/[channel hut]/' abpost.ini
sed -i 's/^channels = .*/channels = hut/' experiments/e.ini
run_after 7320 check
exits 0
complains "went out on den, which abpost.ini no longer has"
run_after 7320 approve --format json
says "went out on den, which abpost.ini no longer has, and goes out on hut only when [channel den] is put back"
run_after 7380 status --format json
says 'Texts that went out there go out on no other channel meanwhile'
says "The numbers of 2 posts (e, on den: 1, 2) are not read, since abpost.ini no longer has that channel."
says 'Put [channel den] back, which posts nothing as long as no experiment names it'
run_after 7380 status
says '2 ready, 1 file used up'
# What was planned there moves at once: it does not keep the slots, and max_posts, for weeks.
run_after 7390 tick
exits 0
says "planned posts: the experiment no longer names the channel den"
is 'planned under the old name' "$(sqlite3 "$world/abpost.db" "SELECT count(*) FROM planned_post p
    JOIN block b ON b.id = p.block_id WHERE b.channel = 'den'
    AND NOT EXISTS (SELECT 1 FROM dropped WHERE planned_post_id = p.id)
    AND NOT EXISTS (SELECT 1 FROM attempt WHERE planned_post_id = p.id)")" 0
for hour in 3 4 25 26 27 28 49; do run_after $((3600 * hour + 60)) -q tick; done
is 'texts' "$(server 'count(*)')" 6
is 'texts that are there twice' "$(server "count(*) - count(DISTINCT p.value ->> 'text')")" 0
run_after $((3600 * 49 + 70)) tick -v --format json
says 'which abpost.ini no longer has; put [channel den] back if that is another account'

# Put back so that the numbers are read: the sections say that both are one account, so no text goes
# out there again.
den_channel den >>abpost.ini
run_after $((3600 * 49 + 120)) -q tick
exits 0
is 'texts that are there twice' "$(server "count(*) - count(DISTINCT p.value ->> 'text')")" 0
run_after $((3600 * 49 + 130)) tick -v --format json
says 'went out on den, which is the same account'
run_after $((3600 * 49 + 140)) check
complains 'went out on den, which is the same account as hut'
# Another account, after all: what went out on the one goes out on the other.
echo token-hut >secrets/hut
chmod 600 secrets/hut
sed -i '/^\[channel hut\]/,/^token/s,^token = .*,token = file:secrets/hut,' abpost.ini
run_after $((3600 * 49 + 180)) -q tick
exits 0
is 'accounts that were told' "$(server "count(*) - count(DISTINCT p.value ->> 'text')")" 1
run_after $((3600 * 50 + 120)) status --format json
if grep -q 'are not read' "$out"; then fail "the channel is back"; fi
hostile_stop

# ---- a channel of another type ----

# A post whose answer was lost, on a channel that is a folder by then: that it is not in the folder
# says nothing. What was surely not sent goes out there as a text, not as the bytes of before.
for rule in 'do=drop commit=yes' 'do=limit seconds=120'; do
    hostile_start --now $start || exit 1
    world=$scratch/type-${rule//[^a-z]/}
    mkdir "$world" && cd "$world" || exit 1
    {
        printf '[abpost]\n'
        den_channel den
    } >abpost.ini
    cp abpost.ini kept.ini
    write_experiment den 'start = 2027-03-01' 'max_lateness = 2h' 'times = 01:00 05:00'
    write_posts 3
    run_after 0 --seed 1 plan e
    hostile_tell /_fault "method=POST path=/statuses times=1 $rule"
    run_after 3660 -q tick
    printf '[abpost]\n[channel den]\ntype = outbox\n' >abpost.ini
    run_after 4000 tick
    if [ "$rule" = 'do=drop commit=yes' ]; then
        exits 3
        says 'another type'
        run_after 8000 tick
        exits 3
        is 'in the folder' "$(find outbox -name '*.txt' 2>/dev/null | wc -l)" 0
        cp kept.ini abpost.ini
        run_after 12000 -q tick
        run_after 16000 -q tick
        exits 0
        is 'posts' "$(server 'count(*)')" 1
    else
        exits 0
        says handed
        grep -qE '^World .*, text 1 of [ab]\.$' outbox/den/*.txt || fail "not as it reads: $(cat outbox/den/*.txt)"
        is 'posts' "$(server 'count(*)')" 0
    fi
    compare "$world"
    hostile_stop
done
finish
