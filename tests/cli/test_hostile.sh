#!/usr/bin/env bash
# The misbehaving server as shell tests use it: tests/servers/README.md, its commands run.
. "$SOURCE/tests/cli/lib.sh"
. "$SOURCE/tests/servers/hostile.sh"

is() { # WHAT GOT EXPECTED
    [ "$2" = "$3" ] || fail "$1 is '$2'; expected '$3'"
}
state() { # SQL over the state, called j
    hostile_ask GET /_state >"$out"
    query "$1"
}

last="hostile_start"
hostile_start --journal posts.jsonl --log requests --now 1800000000 || fail "the server does not start"
is now "$(state "j->>'now'")" 1800000000
hostile_tell /_clock +3600 || fail "/_clock is not understood"
is now "$(state "j->>'now'")" 1800003600
hostile_tell /_fault 'path=/instance times=1 do=status status=503' || fail "/_fault is not understood"
if hostile_ask GET /api/v1/instance >/dev/null; then fail "the rule does nothing"; fi
is "a count of characters" \
    "$(hostile_ask GET /api/v1/instance | grep -o '"max_characters":[0-9]*')" '"max_characters":500'
is hits "$(state "j->>'$.faults[0].hits'")" 1
if hostile_tell /_fault 'do=unheard-of'; then fail "an unknown rule is taken"; fi

post() { # ACCOUNT TEXT, as Bluesky has it
    local access body
    access=$(hostile_ask POST /xrpc/com.atproto.server.createSession \
        "identifier=$1&password=app-password" | grep -o '"accessJwt":"[^"]*"' | cut -d'"' -f4)
    body='{"repo":"'$1'","collection":"app.bsky.feed.post","rkey":"3l2abcdefgh2k","record":{'
    body+='"$type":"app.bsky.feed.post","text":"'$2'","createdAt":"2027-01-15T08:00:00Z"}}'
    exec {to}<>"/dev/tcp/127.0.0.1/$hostile_port"
    printf '%s\r\n' 'POST /xrpc/com.atproto.repo.putRecord HTTP/1.1' "Authorization: Bearer $access" \
        'Content-Type: application/json' 'Connection: close' "Content-Length: ${#body}" '' >&"$to"
    printf %s "$body" >&"$to"
    cat <&"$to" >/dev/null
    exec {to}<&-
}
post a.test "one" && post b.test "two" && post c.test "two"
is doubled "$(state "j->>'doubled'")" 0
is logins "$(state "j->>'logins'")" 3
is "the journal's count" "$(sqlite3 :memory: "CREATE TABLE j(l);" ".mode ascii" ".separator \1 \n" \
    ".import posts.jsonl j" \
    "SELECT count(*) || ' ' || count(DISTINCT l->>'text') FROM j WHERE l->>'what' = 'post';")" "3 2"
is "requests in the log" "$(grep -c 'putRecord 200 fault=0' requests)" 3
hostile_stop
if hostile_ask GET /_state >/dev/null 2>&1; then fail "it goes on"; fi

finish
