# Sourced after lib.sh and hostile.sh: workspaces whose every post has a text of its own, on accounts
# of the misbehaving server, under a clock that a test moves; and the comparison at the end, of what
# that server has with what the store says.
export SKY=app-password
start=1803859200 # 2027-03-01T00:00:00Z, a Monday
posted=0         # posts in all worlds that were compared

stamp() { # SECONDS since 1970
    date -u -d "@$1" +%Y-%m-%dT%H:%M:%SZ
}

sky_channel() { # NAME [URL]: a section of abpost.ini
    printf '[channel %s]\ntype = bluesky\naccount = %s.test\nserver = %s\npassword = env:SKY\n' \
        "$1" "$1" "${2:-$hostile_url}"
}

den_channel() { # NAME [URL]: and its token
    mkdir -p secrets
    echo "token-$1" >"secrets/$1"
    chmod 600 "secrets/$1"
    printf '[channel %s]\ntype = mastodon\nserver = %s\ntoken = file:secrets/%s\n' \
        "$1" "${2:-$hostile_url}" "$1"
}

write_posts() { # COUNT: files for both variants
    local v i
    for v in a b; do
        mkdir -p "posts/$v"
        for i in $(seq -w 1 "$1"); do echo "World ${PWD##*/}, text $i of $v." >"posts/$v/$i.txt"; done
    done
}

write_experiment() { # CHANNELS SCHEDULE-LINE...
    mkdir -p experiments
    {
        printf '[experiment]\nchannels = %s\noutcome = likes\nhorizon = 2h\n[schedule]\n' "$1"
        shift
        printf '%s\n' "$@"
        printf '[variant a]\nposts = posts/a/*.txt\n[variant b]\nposts = posts/b/*.txt\n'
        printf '[decision]\nreview = no\n'
    } >experiments/e.ini
}

# The posts of this workspace as the server has them and as the store has them: the same ones, each
# once; nothing is open; what was handed over lies in the folder, once.
compare() { # WORKSPACE
    local world=$1 doubled folder store
    hostile_ask GET /_state >"$scratch/state"
    doubled=$(sqlite3 :memory: "SELECT readfile('$scratch/state') ->> 'doubled'")
    [ "$doubled" = 0 ] || fail "$doubled posts are doubled"
    sqlite3 "$world/abpost.db" >"$scratch/differ" <<SQL
CREATE TEMP TABLE there AS SELECT p.value ->> 'id' AS id, p.value ->> 'text' AS text
    FROM json_each(CAST(readfile('$scratch/state') AS TEXT), '\$.posts') p
    WHERE p.value ->> 'text' LIKE 'World ${world##*/},%';
CREATE TEMP TABLE here AS SELECT r.remote_id AS id FROM post
    JOIN attempt_result r ON r.attempt_id = post.attempt_id AND r.state = 'posted';
SELECT 'at the server, not in the store: ' || id || ' ' || text FROM there WHERE id NOT IN (SELECT id FROM here);
SELECT 'in the store, not at the server: ' || id FROM here WHERE id NOT IN (SELECT id FROM there);
SELECT 'counted twice: ' || id FROM here GROUP BY id HAVING count(*) > 1;
SELECT 'still open: attempt ' || a.id || ' of post ' || a.planned_post_id FROM attempt a
    WHERE COALESCE((SELECT state FROM attempt_result r WHERE r.attempt_id = a.id
        ORDER BY id DESC LIMIT 1), 'unknown') = 'unknown';
SELECT 'handed over twice: post ' || planned_post_id FROM attempt
    JOIN attempt_result r ON r.attempt_id = attempt.id AND r.state = 'handed'
    GROUP BY planned_post_id HAVING count(*) > 1;
SQL
    [ -s "$scratch/differ" ] && { fail "$(head -n 5 "$scratch/differ")"; }
    folder=$(find "$world/outbox" -name '*.txt' 2>/dev/null | wc -l)
    store=$(sqlite3 "$world/abpost.db" "SELECT count(*) FROM attempt_result WHERE state = 'handed'")
    [ "$folder" = "$store" ] || fail "$folder posts in the outbox, $store in the store"
    posted=$((posted + $(sqlite3 "$world/abpost.db" "SELECT count(*) FROM post") + store))
}

run_after() { # SECONDS-AFTER-START COMMAND...: in $world, with the server's clock at that time
    local now=$((start + $1))
    shift
    hostile_tell /_clock "$now"
    abpost -C "$world" --now "$(stamp "$now")" "$@"
}

# Parts of a test side by side, each in a shell of its own with files of its own.
start_part() { # FUNCTION
    mkdir "$scratch/$1"
    (
        scratch=$scratch/$1
        out=$scratch/.out err=$scratch/.err failures=0
        : >"$out" >"$err"
        "$@"
        echo $failures >"$scratch/failures"
    ) >"$scratch/$1/told" 2>&1 &
}

together() { # FUNCTION...: their failures are added
    local name
    for name in "$@"; do start_part "$name"; done
    wait
    for name in "$@"; do
        cat "$scratch/$name/told"
        failures=$((failures + $(cat "$scratch/$name/failures" 2>/dev/null || echo 1)))
    done
}
