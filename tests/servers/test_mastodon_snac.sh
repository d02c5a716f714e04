#!/usr/bin/env bash
# The Mastodon connector against a real server, snac2: it ignores Idempotency-Key, has no
# /api/v2/instance, lists only what is for everyone, and calls unlisted posts public. So this shows
# what the connector is for: after a lost answer it finds the post instead of making another.
# DRIVE is drive_channel, SERVERS where servers are installed, SOURCE the source tree.
set -u
: "${DRIVE:?drive_channel}" "${SERVERS:?where servers go}" "${SOURCE:?the source tree}"

scratch=$(mktemp -d)
. "$SOURCE/tests/servers/snac/start.sh"
trap 'snac_stop; rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
failures=0
got=

snac=$(bash "$SOURCE/tests/servers/snac/install.sh" "$SERVERS/snac") || exit 1
snac_start "$snac" "$scratch" alice bob || exit 1
"$snac" 2>&1 | head -n 1

fail() {
    printf 'FAIL: %s\n  got: %s\n' "$*" "$got"
    failures=$((failures + 1))
}
drive() { # OPTION... CALL: as alice
    got=$("$DRIVE" --type mastodon --server "$snac_url" --token file:alice.token --root . "$@") ||
        fail "drive_channel $*"
    # The token is in nothing that is said.
    case $got in *"$(cat alice.token)"*) fail "the token was told" ;; esac
}
json() { # PATH of $got
    sqlite3 :memory: "SELECT json_extract('${got//\'/\'\'}', '\$.$1')"
}
is() { # PATH EXPECTED
    [ "$(json "$1")" = "$2" ] || fail "$1 is '$(json "$1")'; expected '$2'"
}
api() { # USER METHOD PATH [curl option...]
    local user=$1 method=$2 path=$3
    shift 3
    printf 'header = "Authorization: Bearer %s"\n' "$(cat "$user.token")" |
        curl -sS -K - -X "$method" "$@" "$snac_url$path"
}
prepare() { # KEY OPTION...: into request.KEY
    local key=$1
    shift
    drive --key "$key" --request "request.$key" "$@" prepare
    is prepared 1
}
send() { # KEY
    drive --key "$1" --request "request.$1" send
}
find() { # KEY [SENT_AT]
    drive --key "$1" --request "request.$1" --sent-at "${2:-$sent_at}" find
}
count_public() { # TEXT: how many of alice's posts have it
    api alice GET "/api/v1/accounts/alice/statuses" >list
    sqlite3 :memory: "SELECT count(*) FROM json_each(CAST(readfile('list') AS TEXT)) WHERE
        json_extract(value, '\$.text') = '${1//\'/\'\'}'"
}
object() { # ID SQL: of the post as it lies in the server's storage
    local name=${1:10}
    sqlite3 :memory: "SELECT $2 FROM (SELECT CAST(readfile('data/object/${name:0:2}/$name.json') AS TEXT) AS j)"
}
delete_post() { # URL, by the web interface, which alone can
    printf 'user = "alice:%s"\n' "$(cat alice.password)" |
        curl -sS -K - -o /dev/null -F "id=$1" -F action=Delete "$snac_url/alice/admin/action"
}

# -- signing in, and limits (by /api/v1/instance) --
drive check
is characters 100000
is url_characters 32
is media 4
is media_bytes 16777216
is alt_characters 1500 # it does not say; Mastodon's own
drive --account @Alice@example.org check
is media 4
drive --account bob check
is error 65

# -- a post, and looking for it --
sent_at=$(date +%s)
text='Why *so*? A <b> & "c" :-) #tag @bob'
prepare k1 --text "$text" --link 'https://example.org/a?b=c&d' --visibility public --lang de
is wait_until 0
send k1
is fate posted
is reason ''
id=$(json remote_id) url=$(json url)
[ $(($(json posted_at) - sent_at)) -le 5 ] || fail "posted_at"
curl -fsS -o /dev/null "$url" || fail "the address leads nowhere: $url"
[ "$(object "$id" "json_extract(j, '\$.sourceContent')")" = "$text"$'\n\n''https://example.org/a?b=c&d' ] ||
    fail "its text: $(object "$id" "json_extract(j, '\$.sourceContent')")"
# It keeps the language, though its API says "en" whatever it was.
[ "$(object "$id" "json_type(j, '\$.contentMap.de')")" = text ] || fail "its language"
find k1
is fate posted
is remote_id "$id"

# -- a person says where it is: its address holds no id that the API knows --
drive --url "$url" locate
is fate posted
is remote_id "$id"
is url "$url"
[ $(($(json posted_at) - sent_at)) -le 5 ] || fail "posted_at of what was located"
drive --url "$url/?x=1#y" locate
is remote_id "$id"
api bob POST /api/v1/statuses -H 'Content-Type: application/json' \
    -d '{"status":"Of bob","visibility":"public"}' -o bobs || fail "bob can't post"
drive --url "$(sqlite3 :memory: "SELECT json_extract(CAST(readfile('bobs') AS TEXT), '\$.url')")" locate
is error 65
drive --url "${url%?}" locate
is error 65
drive --url "https://elsewhere.example/alice/p/1" locate
is error 65
prepare k9 --text 'For few, found by a person' --visibility followers
send k9
hidden=$(json remote_id) place=$(json url)
drive --url "$place" locate
is remote_id "$hidden"

# -- the same request again: a second copy, whatever the key says --
send k1
is fate posted
[ "$(json remote_id)" != "$id" ] || fail "this snac keeps keys now; what it is tested for is gone"
full=$text$'\n\n''https://example.org/a?b=c&d'
[ "$(count_public "$full")" = 2 ] || fail "$(count_public "$full") copies; expected 2"
find k1
is fate posted

# -- as it is done: the answer is lost, the post is found, and there is one --
prepare k2 --text 'Lost on the way' --visibility public
sent_at=$(date +%s)
body=$(cat request.k2)
api alice POST /api/v1/statuses -H 'Content-Type: application/json' -d "$body" -o /dev/null
find k2
is fate posted
[ "$(count_public 'Lost on the way')" = 1 ] || fail "not one post"
# -- and where nothing arrived, that is said: not too early --
prepare k3 --text 'Never arrived' --visibility public
find k3
is fate unknown
[ "$(json retry_at)" = $((sent_at + 120)) ] || fail "retry_at"
find k3 $((sent_at - 120))
is fate not-sent
# Words that were posted before are a doubt within 26 hours, and no more later.
prepare k4 --text 'Lost on the way' --visibility public
drive --key k4 --request request.k4 --sent-at $((sent_at + 7200)) --now $((sent_at + 7800)) find
is fate unknown
drive --key k4 --request request.k4 --sent-at $((sent_at + 180000)) --now $((sent_at + 180600)) find
is fate not-sent

# -- visibility --
sent_at=$(date +%s)
prepare k5 --text 'For some' --visibility followers
send k5
is fate posted
is reason ''
private=$(json remote_id)
[ "$(count_public 'For some')" = 0 ] || fail "a post for followers is on the public list"
find k5 # so the account's list does not have it
is fate posted
is remote_id "$private"
prepare k6 --text 'Quietly' --visibility unlisted
send k6
is fate posted
case $(json reason) in *'calls it public'*) ;; *) fail "nothing is said of the visibility" ;; esac
[ "$(object "$(json remote_id)" "json_array_length(j, '\$.to') || json_extract(j, '\$.cc[0]')")" = \
    '0https://www.w3.org/ns/activitystreams#Public' ] || fail "it is not unlisted there"
find k6
is fate posted

# -- an image with its description --
printf '%s' 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==' |
    base64 -d >pixel.png
sent_at=$(date +%s)
prepare k7 --text 'Look' --media pixel.png --alt 'A red dot: "tiny"' --visibility public
send k7
is fate posted
picture=$(json remote_id)
[ "$(object "$picture" "json_extract(j, '\$.attachment[0].name')")" = 'A red dot: "tiny"' ] ||
    fail "its description"
curl -fsS -o there.png "$(object "$picture" "json_extract(j, '\$.attachment[0].url')")" &&
    cmp -s pixel.png there.png || fail "another image came back"
find k7
is fate posted
is remote_id "$picture"
# Another image under the same name here is another image there.
{ cat pixel.png && echo more; } >other.png && mkdir -p second && mv other.png second/pixel.png
prepare k8 --text 'Look again' --media second/pixel.png --alt 'Another' --visibility public
send k8
is fate posted
curl -fsS -o there.png "$(object "$picture" "json_extract(j, '\$.attachment[0].url')")" &&
    cmp -s pixel.png there.png || fail "the second image took the first one's place"
# The same words without the image are not it.
prepare k9 --text 'Look' --visibility public
find k9
is fate unknown

# -- numbers: a like, a boost and an answer by somebody else --
drive --id "$id" --id "$private" --id 17955331330123456789abcdef0123456789abcdef read
is 'readings[0].state' read
is 'readings[0].values.likes' 0
is 'readings[0].values.reposts' 0
is 'readings[0].values.replies' 0
is 'readings[1].state' read
is 'readings[2].state' gone
"$snac" insert data bob "$url" >/dev/null 2>&1 || fail "bob does not get to see it"
api bob POST "/api/v1/statuses/$id/favourite" -d '' -o /dev/null
api bob POST "/api/v1/statuses/$id/reblog" -d '' -o /dev/null
api bob POST /api/v1/statuses -H 'Content-Type: application/json' -o /dev/null \
    -d "{\"status\":\"Because.\",\"in_reply_to_id\":\"$id\"}"
drive --id "$id" read
is 'readings[0].values.likes' 1
is 'readings[0].values.reposts' 1
is 'readings[0].values.replies' 1
is 'readings[0].edited' 0
find k1 # a boosted post is shown inside the boost
is fate posted
is remote_id "$id"
# Edited afterwards: its id here begins with another time then, and the old one still leads to it.
api alice PUT "/api/v1/statuses/$private" -H 'Content-Type: application/json' \
    -d '{"status":"Changed"}' -o /dev/null
drive --id "$private" read
is 'readings[0].edited' 1

# -- deleted (what another user here holds, this server keeps) --
delete_post "$(object "$private" "json_extract(j, '\$.id')")"
drive --id "$private" --id "$picture" read
is 'readings[0].state' gone
is 'readings[1].state' read
find k5
is fate unknown # it is too early to say that it is not there

# -- a token that is not known --
echo 00000000000000000000000000000000 >wrong.token && chmod 600 wrong.token
drive --token file:wrong.token check
is error 3
drive --token file:wrong.token --key k9 --request request.k9 send
is fate not-sent
is sign_in 1
drive --token file:wrong.token --key k9 --request request.k9 --sent-at "$sent_at" find
is fate unknown
is sign_in 1
drive --token file:wrong.token --id "$picture" read
is error 3
is 'readings[0].state' not
chmod 644 wrong.token
drive --token file:wrong.token check
is error 3

# -- the server is down --
snac_stop
drive check
is error 69
send k9
is fate not-sent
is sign_in 0
find k9
is fate unknown
drive --id "$picture" read
is error 69
is 'readings[0].state' not
snac_again || exit 1
drive --id "$picture" read
is 'readings[0].state' read

if [ "$failures" -gt 0 ]; then
    echo "$failures failed"
    exit 1
fi
echo "all passed"
