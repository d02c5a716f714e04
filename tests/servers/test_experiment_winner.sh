#!/usr/bin/env bash
. "$SOURCE/tests/cli/lib.sh"
. "$SOURCE/tests/servers/hostile.sh"
. "$SOURCE/tests/servers/experiment.sh"
zone=Europe/Paris
export SKY=app-password

make_world() { # STYLES: with the channels of both dialects
    rm -rf "$world"
    mkdir -p "$world/experiments" "$world/secrets"
    cat >"$world/abpost.ini" <<INI
[abpost]
timezone = $zone
[channel sky]
type = bluesky
account = brand.test
server = $hostile_url
password = env:SKY
[channel den]
type = mastodon
server = $hostile_url
token = file:secrets/den
INI
    (umask 077 && echo token-den >"$world/secrets/den")
    {
        cat <<'INI'
[experiment]
channels = sky, den
outcome = likes
horizon = 6h
baseline = story
[schedule]
start = 2025-03-27
times = 08:00 11:00 14:00 17:00
max_lateness = 30m
[decision]
review = no
after = repeat-winner
INI
        local style
        for style; do
            printf '[variant %s]\nposts = posts/%s/*.txt\n' "$style" "$style"
            write_posts "$style" 160 "This is number"
        done
    } >"$world/experiments/e.ini"
}

later() { # "DATE TIME": moves both clocks there
    clock "$1"
    hostile_tell /_clock "$now"
}

a_day() { # DATE: the ticks of a day, then its night
    local hour
    for hour in 08 11 14 17 20; do
        later "$1 $hour:01"
        at tick
        exits 0
    done
    later "$1 23:01"
    at --seed 1 nightly
    exits 0
}

day_after() { # DATE DAYS
    date -u -d "$1 + $2 days" +%F
}
decisions() {
    ask_store "SELECT variant, verdict FROM decision"
}

hostile_start --now "$(TZ=$zone date -d '2025-03-26 12:00' +%s)" --seed 1
make_world question story
hostile_tell /_fans 'likes=3 marker=question kind
likes=1.2 marker=story kind'
later "2025-03-26 12:00"
at --seed 4 plan e
exits 0
for ((day = 0; day < 14; day++)); do
    a_day "$(day_after 2025-03-27 $day)"
    echo "$stamp $(decisions) $(grep -c . $out)"
    [ -z "$(decisions)" ] || break
done
cat $out
later "$(day_after 2025-03-27 $((day + 1))) 08:01"
at tick
ask_store "SELECT channel, group_concat(substr(design,1,1),'') FROM block WHERE id IN (SELECT block_id FROM planned_post WHERE due_at > $now) AND id > (SELECT max(block_id) FROM planned_post p JOIN dropped d ON d.planned_post_id = p.id) GROUP BY channel"
hostile_tell /_fans 'likes=1 marker=question kind
likes=4 marker=story kind'
for ((day = day + 1; day < 26; day++)); do
    a_day "$(day_after 2025-03-27 $day)"
    grep -A3 "^question:" $out
    grep "ratio" -A3 $out
done
cat $out
at status
cat $out
finish
