# Sourced after lib.sh by tests whose posts need a past that a real run would take weeks to have:
# rows as abpost itself writes them, into the workspace of the current folder. Times are UTC, as in
# "2026-12-01 09:00:00".

store() { # SQL
    sqlite3 -cmd '.timeout 10000' abpost.db "$1" || fail "sqlite3: $1"
}

quoted() { # TEXT: as an SQL string; NULL for -
    if [ "$1" = - ]; then printf NULL; else printf "'%s'" "${1//\'/\'\'}"; fi
}

# The workspace of these tests: two styles on a channel by hand, one on a platform; Paris is an hour
# ahead of UTC in December.
make_workspace() { # FOLDER
    mkdir -p "$1/experiments" "$1/posts/question" "$1/posts/story" && cd "$1" || exit 1
    cat >abpost.ini <<'INI'
[abpost]
timezone = Europe/Paris

[channel paper]
type   = outbox
target = 3 per week

[channel sky]
type     = bluesky
server   = http://127.0.0.1:9
account  = brand.example.com
password = env:ABPOST_TEST_PASSWORD
INI
    cat >experiments/winter.ini <<'INI'
[experiment]
hypothesis = A question earns more replies than a story
channels   = paper, sky
outcome    = 3*replies + likes
horizon    = 48h
baseline   = story

[schedule]
start = 2026-12-01
times = 09:00 18:30
max_posts = 40

[variant question]
posts = posts/question/*.txt
[variant story]
posts = posts/story/*.txt

[decision]
guardrail = unfollows <= 5%
INI
}

# A database without anything in it.
make_store() {
    local kept=$last
    cat >experiments/nothing.ini <<'INI'
[import]
file = nothing.csv
variant = v
outcome = o
INI
    printf 'v,o\na,1\nb,2\n' >experiments/nothing.csv
    "$ABPOST" import nothing >/dev/null || fail "no database"
    rm experiments/nothing.ini experiments/nothing.csv
    last=$kept
}

plan_block() { # EXPERIMENT CHANNEL "VARIANT DATE TIME"...: one post each
    local experiment=$1 channel=$2 position=0 variant day clock
    shift 2
    store "INSERT OR IGNORE INTO experiment (name, created_at) VALUES ('$experiment', 1);
        INSERT INTO plan (experiment_id, drawn_at, seed)
            SELECT id, 1764500000, '7' FROM experiment WHERE name = '$experiment';
        INSERT INTO block (plan_id, channel, design)
            SELECT max(id), '$channel', 'uniform' FROM plan;"
    for post; do
        read -r variant day clock <<<"$post"
        store "INSERT INTO planned_post (block_id, position, variant, probability, slot, local_date,
            local_time, timezone, due_at) SELECT max(id), $position, $(quoted "$variant"), 0.5,
            'mon $clock', '$day', '$clock', 'UTC', strftime('%s', '$day $clock') FROM block;"
        position=$((position + 1))
    done
}

attempt() { # POST FILE TIME [OWNER]: it was claimed then
    store "INSERT INTO attempt (planned_post_id, number, idempotency_key, request, file, file_hash,
        owner, started_at, leased_until) SELECT $1, 1 + (SELECT count(*) FROM attempt
        WHERE planned_post_id = $1), '3kabcdefghi' || $1, x'61', $(quoted "$2"), 'd',
        '${4:-elsewhere other-boot 1 1}', strftime('%s', '$3'), strftime('%s', '$3') + 300;"
}

settle() { # POST STATE TIME REASON [REMOTE [URL]]: what came of its newest attempt; - for none
    store "INSERT INTO attempt_result (attempt_id, settled_at, state, remote_id, url, reason)
        SELECT max(id), strftime('%s', '$3'), '$2', $(quoted "${5:--}"), $(quoted "${6:--}"),
        $(quoted "$4") FROM attempt WHERE planned_post_id = $1;"
    [ "$2" != posted ] || store "INSERT INTO post (experiment_id, attempt_id, variant, channel, slot,
        block, posted_at) SELECT plan.experiment_id, (SELECT max(id) FROM attempt
        WHERE planned_post_id = p.id), p.variant, b.channel, p.slot, CAST(b.id AS TEXT),
        strftime('%s', '$3') FROM planned_post p JOIN block b ON b.id = p.block_id
        JOIN plan ON plan.id = b.plan_id WHERE p.id = $1;"
}

posted() { # POST FILE TIME URL
    attempt "$1" "$2" "$3"
    settle "$1" posted "$3" - "at://$1" "$4"
}

dropped() { # POST STATE TIME REASON
    store "INSERT INTO dropped VALUES ($1, strftime('%s', '$3'), '$2', $(quoted "$4"));"
}

reading() { # POST METRIC TIME VALUE
    store "INSERT INTO reading SELECT post.id, '$2', strftime('%s', '$3'),
        strftime('%s', '$3') - post.posted_at, $4 FROM post JOIN attempt a ON a.id = post.attempt_id
        WHERE a.planned_post_id = $1;"
}

state_of() { # POST: its newest result
    store "SELECT r.state FROM attempt_result r JOIN attempt a ON a.id = r.attempt_id
        WHERE a.planned_post_id = $1 ORDER BY r.id DESC LIMIT 1;"
}
