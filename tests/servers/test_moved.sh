#!/usr/bin/env bash
# A channel that is moved to another server under the same name: what is out on the old one is not
# asked for on the new one, where its ids are nobody's or another account's.
. "$SOURCE/tests/cli/lib.sh"
. "$SOURCE/tests/servers/hostile.sh"
. "$SOURCE/tests/servers/world.sh"

world=$scratch/world
count() { # TABLE [CONDITION]
    sqlite3 -readonly "$scratch/world/abpost.db" "SELECT count(*) FROM $1 WHERE ${2:-1}"
}
moves() { # URL: what abpost.ini has as the server
    sed -i "s,^server = .*,server = $1," "$scratch/world/abpost.ini"
}

# Two posts on the old server.
hostile_start --now $start --host old.test || exit 1
old_pid=$hostile_pid old_url=$hostile_url old_port=$hostile_port
mkdir "$world" && cd "$world" || exit 1
{
    printf '[abpost]\n'
    den_channel den
} >abpost.ini
write_experiment den 'start = 2027-03-01' 'max_lateness = 20m' 'times = 01:00 02:00'
write_posts 3
run_after 0 --seed 1 plan e
run_after 3660 -q tick
run_after 7260 -q tick
exits 0
is posts "$(count post)" 2
before=$(count reading)

# On the new one, the first id is another account's, with numbers, and the second is nobody's.
hostile_start --now $start --host new.test || exit 1
new_pid=$hostile_pid new_url=$hostile_url new_port=$hostile_port
world=$scratch/fox
mkdir "$world" && cd "$world" || exit 1
{
    printf '[abpost]\n'
    den_channel fox
} >abpost.ini
write_experiment fox 'start = 2027-03-01' 'max_lateness = 20m' 'times = 01:00 01:10 01:20 01:30'
write_posts 3
run_after 0 --seed 1 plan e
for minute in 1 11 21 31; do run_after $((3600 + 60 * minute)) -q tick; done
exits 0
taken=$(sqlite3 -readonly abpost.db "ATTACH '$scratch/world/abpost.db' AS old;
    SELECT group_concat(remote_id) FROM (SELECT remote_id FROM attempt_result WHERE state = 'posted'
    INTERSECT SELECT remote_id FROM old.attempt_result WHERE state = 'posted' ORDER BY 1)")
[ "${taken%,*}" != "$taken" ] || fail "the ids are others on the new server: $taken"
hostile_tell /_counts "${taken%,*} 999 999 999 999"
hostile_tell /_delete "${taken#*,}"
world=$scratch/world
cd "$world" || exit 1

moves "$new_url"
run_after 10860 tick
says 'it was posted on another server than the channel has now: on old.test'
is 'counted as deleted' "$(count post_event)" 0
is readings "$(count reading)" "$before"
run_after 10870 status --format json
answers "(SELECT count(*) FROM json_each(j, '\$.stuck') WHERE value ->> 'kind' = 'reading')" 1
says 'The numbers of 2 posts (e, on den: 1, 2) are not read, since that channel has another server now'
says 'https://old.test/@den/'
says 'Put the server of before back into [channel den]'

# What the new server has of this channel is read, and only that.
run_after $((86400 + 3660)) -q tick
run_after $((86400 + 7260)) -q tick
run_after $((86400 + 10860)) -q tick
is posts "$(count post)" 4
is 'posts that were read there' "$(sqlite3 -readonly abpost.db "SELECT count(DISTINCT post_id) FROM reading
    WHERE read_at > $((start + 7300))")" 2
is 'numbers of another account' "$(count reading 'value > 900')" 0
is 'counted as deleted' "$(count post_event)" 0

# Numbers may be written down by hand meanwhile.
printf 'post,read_at,likes\n1,%s,7\n' "$(stamp $((start + 3660 + 7260)))" >numbers.csv
run_after $((86400 + 10870)) import e --readings numbers.csv
exits 0
run_after $((86400 + 10880)) status --format json
says 'The numbers of 1 post (e, on den: 2) are not read'

# The old server under its name again: its posts are read, and nothing is said of them any more.
hostile_port=$old_port
moves "$old_url"
run_after $((86400 + 14400)) -q tick
run_after $((86400 + 14410)) status --format json
is 'numbers of post 2 from the old server' "$(sqlite3 -readonly abpost.db "SELECT count(*) > 0 FROM reading
    JOIN post ON post.id = reading.post_id JOIN attempt a ON a.id = post.attempt_id
    WHERE a.planned_post_id = 2 AND read_at >= $((start + 86400 + 14400))")" 1
if grep -q 'on den: 2) are not read' "$out"; then fail "it was read"; fi
is 'counted as deleted' "$(count post_event)" 0
hostile_pid=$old_pid
hostile_stop
hostile_pid=$new_pid hostile_port=$new_port
hostile_stop
finish
