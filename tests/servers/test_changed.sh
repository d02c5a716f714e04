#!/usr/bin/env bash
# Posts whose file changes between a try that left nothing, or may have, and the next one: the new text
# goes out, or the old one had, and never both. And images that a server does not take.
. "$SOURCE/tests/cli/lib.sh"
. "$SOURCE/tests/servers/hostile.sh"
. "$SOURCE/tests/servers/world.sh"

make_world() { # DIR CHANNEL
    world=$1
    mkdir -p "$world" && pushd "$world" >/dev/null || exit 1
    {
        printf '[abpost]\n'
        case $2 in
        sky*) sky_channel "$2" ;;
        *) den_channel "$2" ;;
        esac
    } >abpost.ini
    write_experiment "$2" 'start = 2027-03-01' 'max_lateness = 2h' 'times = 00:00 06:00'
    write_posts 3
    popd >/dev/null || exit 1
    abpost -C "$world" --now "$(stamp "$start")" --seed 1 plan e
    exits 0
}

tick() { # SECONDS after the start
    hostile_tell /_clock $((start + $1))
    abpost -C "$world" --now "$(stamp $((start + $1)))" tick -v
}

is_there() { # COUNT TEXT: the server has so many posts, and the last one of them is that
    hostile_ask GET /_state >"$scratch/state"
    local got
    got=$(sqlite3 :memory: "SELECT count(*) || ': ' || COALESCE(max(p.value ->> 'text'), '') FROM
        json_each(CAST(readfile('$scratch/state') AS TEXT), '\$.posts') p")
    [ "$got" = "$1: $2" ] || fail "the server has $got; expected $1: $2"
}

sent_to() { # CHANNEL: the path of the one call
    case $1 in sky) echo putRecord ;; den) echo /statuses ;; esac
}

changed() { # CHANNEL WHAT RULE old|new
    local file old new
    hostile_start --now $start
    make_world "$scratch/$1-$2" "$1"
    hostile_tell /_fault "method=POST path=$(sent_to "$1") times=1 $3"
    tick 60
    file=$world/$(sqlite3 "$world/abpost.db" 'SELECT file FROM attempt')
    old=$(<"$file") new="World ${world##*/}, mended."
    printf 'status: held\n\n%s\n' "$new" >"$file"
    tick 300
    if [ "$4" = new ]; then
        is_there 0 ''
        tick 700
        says "is held"
        abpost -C "$world" --now "$(stamp $((start + 700)))" status --format json
        says "did not go out: ${file#"$world"/} is held; it goes out once it is approved"
        is_there 0 ''
    fi
    echo "$new" >"$file"
    tick 900
    tick 1000
    if [ "$4" = new ]; then is_there 1 "$new"; else is_there 1 "$old"; fi
    compare "$world"
    hostile_stop
}

for channel in sky den; do
    changed $channel limited 'do=limit seconds=120' new
    changed $channel lost 'do=drop commit=no' new
    changed $channel out 'do=drop commit=yes' old
done

# ---- the old text arrives late ----

post() { # PATH BODY [TOKEN [KEY]]: prints the answer's body
    local line
    exec {to}<>"/dev/tcp/127.0.0.1/$hostile_port" || return 1
    printf 'POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n%s%sContent-Length: %d\r\n\r\n%s' \
        "$1" "${3:+Authorization: Bearer $3$'\r\n'}" "${4:+Idempotency-Key: $4$'\r\n'}" \
        "$(printf %s "$2" | wc -c)" "$2" >&"$to"
    while IFS= read -r line <&"$to" && [ "$line" != $'\r' ]; do :; done
    cat <&"$to"
    exec {to}<&-
}

arrives() { # CHANNEL: what the first attempt sent, at the server
    local request token
    request=$(sqlite3 "$world/abpost.db" "SELECT CAST(request AS TEXT) FROM attempt WHERE number = 1")
    if [ "$1" = sky ]; then
        post /xrpc/com.atproto.server.createSession \
            '{"identifier": "sky.test", "password": "app-password"}' >"$scratch/session"
        token=$(sqlite3 :memory: "SELECT CAST(readfile('$scratch/session') AS TEXT) ->> 'accessJwt'")
        post /xrpc/com.atproto.repo.putRecord "$request" "$token" >"$scratch/put"
    else
        post /api/v1/statuses "$request" token-den \
            "$(sqlite3 "$world/abpost.db" 'SELECT idempotency_key FROM attempt')" >"$scratch/put"
    fi
    grep -qE '"(cid|created_at)"' "$scratch/put" || fail "the old text was not taken: $(<"$scratch/put")"
}

# Its answer was lost, asking said that it was not there, the file was edited, and then it arrives.
# It is out, with its old text: what the store says is that, and its block is not void.
late() { # NAME CHANNEL RULE|"": while the old text is asked for
    local file old new
    hostile_start --now $start
    make_world "$scratch/$1" "$2"
    hostile_tell /_fault "method=POST path=$(sent_to "$2") times=1 do=drop commit=no"
    tick 60
    file=$world/$(sqlite3 "$world/abpost.db" 'SELECT file FROM attempt')
    old=$(<"$file") new="World ${world##*/}, mended."
    printf 'status: held\n\n%s\n' "$new" >"$file"
    tick 300
    says "not-sent"
    arrives "$2"
    echo "$new" >"$file"
    [ -z "$3" ] || hostile_tell /_fault "$3"
    tick 900
    if [ -n "$3" ]; then
        exits 3
        hostile_ask DELETE /_fault >/dev/null
        tick 2000
        tick 2100
    fi
    exits 0
    says "posted"
    says "it went out late, as its file read before"
    is_there 1 "$old"
    [ "$(sqlite3 "$world/abpost.db" 'SELECT number FROM post JOIN attempt ON attempt.id = attempt_id')" = 1 ] ||
        fail "it is not the first attempt that made it"
    [ "$(sqlite3 "$world/abpost.db" 'SELECT count(*) FROM dropped')" = 0 ] || fail "its block is void"
    compare "$world"
    tick 21660
    says "posted"
    compare "$world"
    hostile_stop
}

late late-sky sky ''
late late-unasked sky 'path=getRecord skip=1 do=status status=502'
late late-den den ''

# ---- images ----

refused_image() { # CHANNEL RULE
    local file v
    hostile_start --now $start
    make_world "$scratch/$1-image" "$1"
    printf '\x89PNG\r\n\x1a\n..............' >"$world/dot.png"
    for v in a b; do
        echo "media: dot.png
alt: A dot

World ${world##*/}, a picture of $v." >"$world/posts/$v/0.txt"
    done
    hostile_tell /_fault "$2"
    tick 60
    says "mend it or hold it"
    is_there 1 "$(<"$world/$(sqlite3 "$world/abpost.db" 'SELECT file FROM attempt')")"
    abpost -C "$world" --now "$(stamp $((start + 120)))" status
    exits 0
    says "can't go out on $1 as it is"
    for at in 21600 86400 108000 172800 194400; do tick $((at + 60)); done
    [ "$(sqlite3 "$world/abpost.db" 'SELECT count(*) FROM post')" = 6 ] || fail "not all of the texts are out"
    [ "$(sqlite3 "$world/abpost.db" "SELECT count(*) FROM dropped")" = 0 ] || fail "a block is void"
    # Another image under that name.
    hostile_ask DELETE /_fault >/dev/null
    printf '\x89PNG\r\n\x1a\n...............' >"$world/dot.png"
    tick 259260
    says "posted"
    says "/0.txt"
    compare "$world"
    hostile_stop
}

refused_image sky 'path=uploadBlob do=status status=413'
refused_image den 'path=/media do=status status=422'
finish
