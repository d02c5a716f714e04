#!/usr/bin/env bash
# What servers ask for is heeded: after a 429, in each of its dialects, or with nothing remaining, no
# request comes before the time that was named, however many ticks come meanwhile. Requests to one
# server go one after the other, those to different servers at the same time.
. "$SOURCE/tests/cli/lib.sh"
. "$SOURCE/tests/servers/hostile.sh"
. "$SOURCE/tests/servers/world.sh"

declare -A url=() # of channels that are elsewhere

make_world() { # DIR CHANNEL...: a slot every ten minutes of the first three hours
    local world=$1 channel all
    shift
    all=$*
    mkdir -p "$world" && pushd "$world" >/dev/null || exit 1
    {
        printf '[abpost]\n'
        for channel in "$@"; do
            case $channel in
            sky*) sky_channel "$channel" "${url[$channel]-}" ;;
            *) den_channel "$channel" "${url[$channel]-}" ;;
            esac
        done
    } >abpost.ini
    write_experiment "${all// /, }" 'start = 2027-03-01' 'max_lateness = 6h' 'min_gap = 5m' \
        "times = $(for h in 00 01 02; do printf "$h:%s " 00 10 20 30 40 50; done)"
    write_posts 40
    popd >/dev/null || exit 1
    abpost -C "$world" --now "$(stamp "$start")" --seed 1 plan e
    exits 0
}

run() { # a tick in this world at this time
    hostile_tell /_clock "$now"
    abpost -C "$world" --now "$(stamp "$now")" -q tick
    case $status in
    0 | 3 | 69) ;;
    *) fail "exit status $status" ;;
    esac
}

out() { # how many posts are
    sqlite3 "$world/abpost.db" "SELECT count(*) FROM post"
}

# ---- a budget of requests, and many posts ----

# Twelve requests in five minutes, and 2 x 18 posts that are due: a tick every minute until all are
# out. The log's lines: TIME METHOD PATH STATUS.
budget() {
    local wrong
    world=$scratch/world-budget
    hostile_start --now $start --limit 12 --log "$scratch/log"
    make_world "$world" sky den
    for ((now = start + 3 * 3600; now < start + 3 * 3600 + 35 * 60; now += 60)); do run; done
    wrong=$(awk '{ kind = $3 ~ /^\/xrpc\// ? "bluesky" : $3 ~ /^\/api\// ? "mastodon" : "" }
        kind == "" { next }
        $1 < until[kind] { print kind " was asked at " $1 ", which it wanted none before " until[kind] }
        $4 == 429 && kind == "mastodon" { print "asked with nothing remaining: " $0 }
        $4 == 429 { until[kind] = $1 + 300; met[kind]++ }
        END { if (!met["bluesky"]) print "no limit was met" }' "$scratch/log")
    [ -z "$wrong" ] || fail "$wrong"
    [ "$(out)" = 36 ] || fail "$(out) posts are out; expected 36"
    compare "$world"
    echo "12 requests in 300 s: $(grep -c ' 429 ' "$scratch/log") refusals among $(grep -cE ' /(api|xrpc)/' "$scratch/log") requests"
    hostile_stop
}

# ---- each way to say it ----

# One 429 when several posts are due, and ticks before its time is over; then everything is out.
dialect() { # CHANNEL DIALECT SECONDS [AS-UNDERSTOOD]
    local wrong until at
    rm -f "$scratch/log"
    world=$scratch/world-$1-$2 now=$((start + 3600))
    until=$((now + ${4:-$3}))
    hostile_start --now $start --log "$scratch/log"
    make_world "$world" "$1"
    hostile_tell /_fault "method=POST path=/ skip=1 times=1 do=limit seconds=$3 dialect=$2"
    run
    grep -q ' 429 ' "$scratch/log" || fail "no limit was met ($1, $2)"
    for at in $((now + 1)) $(((now + until) / 2)) $((until - 1)); do
        now=$at
        run
    done
    wrong=$(awk -v from=$((start + 3600)) -v until="$until" \
        '$3 ~ /^\/(api|xrpc)\// && $1 > from && $1 < until' "$scratch/log")
    [ -z "$wrong" ] || fail "asked again before $until ($1, $2): $wrong"
    now=$until
    run
    [ "$(out)" -ge 6 ] || fail "only $(out) posts are out when the pause is over ($1, $2)"
    now=$((now + 600))
    run
    exits 0
    compare "$world"
    hostile_stop
}

dialects() {
    dialect sky unix 1800
    dialect sky seconds 1800
    dialect sky none 0 300
    dialect den iso 1800
    dialect den seconds 1800
    dialect den date 1800
    dialect den none 0 60
}

# ---- one after the other, and at the same time ----

# Four servers that take three seconds for a post; one has three of the seven accounts, one has two.
parallel() {
    local i began pids=() peak
    local ports=() took
    world=$scratch/world-parallel now=$((start + 60))
    for i in 1 2 3 4; do
        hostile_start --now "$now"
        pids+=("$hostile_pid")
        url[sky$i]=$hostile_url url[den$i]=$hostile_url
        hostile_tell /_fault 'method=POST path=putRecord do=hang commit=yes seconds=3
method=POST path=/statuses do=hang commit=yes seconds=3'
        ports[i]=$hostile_port
    done
    make_world "$world" sky1 sky2 den3 den4
    # Later than the others: a plan goes on with the channels that are there.
    (
        cd "$world" || exit 1
        url[sky5]=${url[sky1]} url[sky6]=${url[sky1]} url[den7]=${url[den3]}
        {
            sky_channel sky5 "${url[sky5]}"
            sky_channel sky6 "${url[sky6]}"
            den_channel den7 "${url[den7]}"
        } >>abpost.ini
        sed -i 's/^channels = .*/channels = sky1, sky2, den3, den4, sky5, sky6, den7/' experiments/e.ini
    )
    abpost -C "$world" --now "$(stamp "$start")" --seed 1 plan e
    exits 0
    began=$(date +%s%N)
    abpost -C "$world" --now "$(stamp "$now")" -q tick
    exits 0
    took=$((($(date +%s%N) - began) / 1000000))
    [ "$(out)" = 7 ] || fail "$(out) posts are out; expected 7"
    # The first server's three need 9 s; all seven would need 21.
    [ "$took" -ge 9000 ] || fail "three slow posts of one server took $took ms: not one after the other"
    [ "$took" -lt 16000 ] || fail "seven slow posts on four servers took $took ms: not at the same time"
    for i in 1 2 3 4; do
        hostile_port=${ports[i]}
        peak=$(hostile_ask GET /_state | grep -oE '"peak": *[0-9]+' | tr -dc 0-9)
        [ "$peak" = 1 ] || fail "server $i had $peak requests at once"
    done
    echo "seven posts of three seconds each on four servers: $took ms"
    for hostile_pid in "${pids[@]}"; do hostile_stop; done
}

together parallel budget dialects
finish
