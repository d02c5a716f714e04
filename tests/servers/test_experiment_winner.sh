#!/usr/bin/env bash
# What verdicts lead to, end to end, on a server of both dialects whose fans change their mind. A
# winner keeps the slots but for a share that is still drawn; when the fans turn, that share says so,
# the decision is withdrawn, the test begins anew and comes to the other verdict. And of three styles
# one is dropped while the other two go on in blocks of their own.
. "$SOURCE/tests/cli/lib.sh" || exit 1
. "$SOURCE/tests/servers/hostile.sh"
. "$SOURCE/tests/servers/experiment.sh"
zone=Europe/Paris
export SKY=app-password
started=$SECONDS
first=2025-03-26 # the fifth day is an hour short

make_world() { # STYLE...: with a channel in either dialect
    local style
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
        cat <<INI
[experiment]
channels = sky, den
outcome = likes
horizon = 4h
baseline = story
[schedule]
start = $first
times = 05:00 07:00 09:00 11:00 13:00 15:00 17:00 19:00
max_lateness = 30m
[decision]
review = no
after = repeat-winner
INI
        for style; do
            printf '[variant %s]\nposts = posts/%s/*.txt\n' "$style" "$style"
            write_posts "$style" 99 "This is number"
        done
    } >"$world/experiments/e.ini"
}

fans() { # "STYLE LIKES"...: what its posts gain an hour
    local one rules=
    for one; do rules+="likes=${one#* } marker=${one% *} kind"$'\n'; done
    hostile_tell /_fans "$rules"
}

later() { # "DATE TIME": moves both clocks there
    clock "$1"
    hostile_tell /_clock "$now"
}

day=-1
a_day() { # the next one: its ticks, then its night
    local date hour
    day=$((day + 1))
    date=$(date -u -d "$first + $day days" +%F)
    for hour in 05 07 09 11 13 15 17 19 21; do
        later "$date $hour:01"
        at --seed $((100 * day + ${hour#0})) tick
        exits 0
    done
    later "$date 23:01"
    at --seed 1 nightly
    exits 0
}

# Days, until the night in which something is decided: then the decisions read so. Sets night, its
# time, and night_block, the last one drawn until then; $out is what was said that night.
until_decided() { # EXPECTED MOST-DAYS
    local before end=$((day + $2))
    before=$(decisions)
    while [ $day -lt $end ] && [ "$(decisions)" = "$before" ]; do a_day; done
    is "decisions after $((day + 1)) days" "$(decisions)" "$1"
    night=$now night_block=$(ask_store "SELECT max(id) FROM block")
    nothing_cancelled_went_out "$night_block"
    cp "$out" "$scratch/night"
    later "$(date -u -d "$first + $day days" +%F) 23:02"
    at --seed "$day" tick # a minute later, which draws for the next morning
    exits 0
    cp "$scratch/night" "$out"
}

decisions() {
    ask_store "SELECT group_concat(variant || ' ' || verdict, ', ') FROM (SELECT * FROM decision ORDER BY id)"
}

# What the blocks after $1 (until $2) are like: design and styles, in alphabetical order.
blocks_after() { # BLOCK [BLOCK]
    ask_store "SELECT design || ':' || styles FROM (SELECT b.id, b.design,
            group_concat(p.variant) AS styles FROM block b JOIN
            (SELECT * FROM planned_post ORDER BY block_id, variant) p ON p.block_id = b.id
            WHERE b.id > $1 AND b.id <= ${2:-1e9} GROUP BY b.id)" | sort -u | xargs
}

# The designs of a channel's blocks after $2, in time, a letter each.
designs() { # CHANNEL BLOCK
    ask_store "SELECT group_concat(substr(design, 1, 1), '') FROM (SELECT b.design FROM block b
        JOIN planned_post p ON p.block_id = b.id AND p.position = 0
        WHERE b.channel = '$1' AND b.id > $2 ORDER BY p.due_at)"
}

nothing_cancelled_went_out() {
    is "cancelled posts that were sent" "$(ask_store "SELECT count(*) FROM dropped
        JOIN attempt ON attempt.planned_post_id = dropped.planned_post_id WHERE state = 'cancelled'")" 0
    is "posts that left the plan otherwise" \
        "$(ask_store "SELECT count(*) FROM dropped WHERE state <> 'cancelled'")" 0
    is "posts still planned from before" "$(ask_store "SELECT count(*) FROM planned_post p
        WHERE block_id <= $1 AND id NOT IN (SELECT planned_post_id FROM dropped
            UNION SELECT planned_post_id FROM attempt)")" 0
}

# Both sides have the same posts, each once, and each with the style that was drawn.
compare() {
    hostile_ask GET /_state >"$scratch/state"
    is doubled "$(sqlite3 :memory: "SELECT readfile('$scratch/state') ->> 'doubled'")" 0
    sqlite3 :memory: "SELECT value ->> 'id', value ->> 'text' FROM
        json_each(CAST(readfile('$scratch/state') AS TEXT), '\$.posts')" >"$scratch/posts"
    cut -d'|' -f1 "$scratch/posts" >"$scratch/ids"
    same_posts "$scratch/ids"
    sed 's/^\([^|]*\)|.* of the \(.*\) kind$/\1|\2/' "$scratch/posts" | sort >"$scratch/styles"
    posts_of_store | cut -d'|' -f1,2 | sort | cmp -s - "$scratch/styles" || fail "a post is of another style"
    no_secret "the password" "$SKY"
    no_secret "the token" token-den
}

out_since() { # STYLE TIME: posts that went out since, by the store's post times
    ask_store "SELECT count(*) FROM post WHERE variant = '$1' AND posted_at > $2"
}

# -- a winner --
hostile_start --now "$(TZ=$zone date -d "$first 04:00" +%s)" --seed 1
make_world question story
fans "question 4" "story 1.5"
later "$first 04:00"
at --seed 4 plan e
exits 0
until_decided "question repeat" 6
decided=$night test_blocks=$night_block
is "blocks until then" "$(blocks_after 0 "$night_block")" "uniform:question,story"
difference=$(($(out_since question 0) - $(out_since story 0)))
[ "${difference#-}" -le 2 ] || fail "$difference more questions than stories were posted before the verdict"
says "decided"

# -- it keeps the slots: three blocks of four, on each channel --
a_day
for channel in sky den; do
    case $(designs $channel "$test_blocks") in
    wwwuwwwuwwwu*) ;;
    *) fail "$channel's blocks: $(designs $channel "$test_blocks")" ;;
    esac
done
is "kinds of blocks" "$(blocks_after "$test_blocks")" \
    "uniform:question,story winner:question,question"
is "posts of a day" "$(out_since question "$decided") $(out_since story "$decided")" "14 2"
is "decisions" "$(decisions)" "question repeat"
at evaluate e --format json
answers "j->>'$.experiments[0].posts'" "$(($(ask_store 'SELECT count(*) FROM post') - 12))"

# -- the fans turn: it is seen, said and acted on --
fans "question 1" "story 5"
until_decided "question repeat, question withdrawn" 8
turned=$night winner_blocks=$night_block
says withdrawn
says 'sure that'
grep -q '"watched"' "$world/.abpost/log.jsonl" || fail "the log does not say how the winner was doing"
is "questions for a story, while it kept the slots" \
    "$(($(out_since question "$decided") / $(out_since story "$decided")))" 7
at status
exits 0
says "Withdrawn"
says "the decision on question"
says "Nothing is stuck."

# -- the test begins anew, balanced, and comes to the other verdict --
until_decided "question repeat, question withdrawn, question drop" 6
is "blocks of the new test" "$(blocks_after "$winner_blocks" "$night_block")" "uniform:question,story"
difference=$(($(out_since question "$turned") - $(out_since story "$turned")))
[ "${difference#-}" -le 2 ] || fail "$difference more questions than stories since the test began anew"
is "kinds of blocks, in the end" "$(blocks_after "$night_block")" \
    "uniform:question,story winner:story,story"
compare
posts=$(wc -l <"$scratch/ids") days=$((day + 1))
hostile_stop

# -- three styles, one of which is dropped --
hostile_start --now "$(TZ=$zone date -d "$first 04:00" +%s)" --seed 2
make_world question story slogan
fans "question 3" "story 3" "slogan 0.5"
day=-1
later "$first 04:00"
at --seed 5 plan e
exits 0
until_decided "slogan drop" 6
decided=$night test_blocks=$night_block
is "blocks of three until then" "$(blocks_after 0 "$night_block")" "uniform:question,slogan,story"
slogans=$(out_since slogan 0)
a_day
is "blocks of two from then on" "$(blocks_after "$test_blocks")" "uniform:question,story"
is "posts of a day" "$(out_since question "$decided") $(out_since story "$decided")" "8 8"
is "slogans in all" "$(out_since slogan 0)" "$slogans"
is "decisions" "$(decisions)" "slogan drop"
nothing_cancelled_went_out "$test_blocks"
compare
hostile_stop

echo "$((posts + $(wc -l <"$scratch/ids"))) posts in $days and $((day + 1)) days, $calls calls of abpost, $((SECONDS - started)) s"
finish
