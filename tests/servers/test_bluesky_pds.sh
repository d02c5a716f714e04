#!/usr/bin/env bash
# The Bluesky connector against the reference account server (no app view): posting once, whatever
# happens; sessions; limits; refusals.
set -euo pipefail
. "$SOURCE/tests/servers/bluesky/lib.sh"
"$SOURCE/tests/servers/bluesky/install.sh" "$SERVERS/bluesky"

session() { # the file of the kept session
    echo "$root"/.abpost/bluesky-????????????????????????????????
}

spoil() { # FILTER: changes the kept session
    local file
    file=$(session)
    jq -c "$1" "$file" >"$file.new"
    chmod 600 "$file.new"
    mv "$file.new" "$file"
}

png() { # FILE: 2 x 1 pixels
    base64 -d >"$1" <<'PNG'
iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAAD0lEQVR4nGP4z8DAAMQACP4B/6rDjb8AAAAASUVORK5CYII=
PNG
}

post_and_resend() {
    local a b c record there
    check "signs in, limits" "$(drive check)" '.characters == 300 and .bytes == 3000 and .media_bytes == 2000000'
    prepare "$scratch/a" --lang fr --text $'Été 👩‍👩‍👧 chez @carola.test, pas @nobody.test (https://example.com/a?b=c).\nexample.org #été, #1' >"$scratch/out"
    check "prepared" "$(cat "$scratch/out")" .prepared
    a=$(send "$scratch/a")
    check "posted" "$a" ".fate == \"posted\" and .remote_id == \"at://$did/app.bsky.feed.post/$key\" and
        .url == \"https://bsky.app/profile/$handle/post/$key\" and .reason == \"\" and (.version | length > 50)"
    b=$(send "$scratch/a")
    check "the same bytes again: the same post" "$(jq -s . <<<"$a$b")" '.[0] == .[1]'
    check "found" "$(jq -s . <<<"$a$(find_post "$scratch/a")")" '.[0] == .[1]'
    check "one post" "$(count_posts)" '. == 1'
    for url in "https://bsky.app/profile/$handle/post/$key" "https://deck.example/profile/$did/post/$key?x=1" \
        "at://$did/app.bsky.feed.post/$key"; do
        check "located at $url" "$(jq -s . <<<"$a$(drive --url "$url" locate)")" '.[0].remote_id == .[1].remote_id and
            .[0].version == .[1].version and .[0].url == .[1].url and .[1].posted_at > 0'
    done
    check "another's" "$(drive --url "https://bsky.app/profile/carola.test/post/$key" locate)" \
        '.error == 65 and (.message | test("another account"))'
    check "nobody's" "$(drive --url "https://bsky.app/profile/nobody.test/post/$key" locate)" '.error == 65'
    check "not there" "$(drive --url "at://$did/app.bsky.feed.post/3kzzzzzzzzz22" locate)" \
        '.error == 65 and (.message | test("no post"))'
    check "no post at all" "$(drive --url https://example.com/1 locate)" '.error == 65'
    there=$(deed posts "{\"did\":\"$did\"}" | jq -c '.posts[0].value')
    record=$(jq -c .record "$scratch/a")
    check "it stands there as it was sent" "[$there,$record]" '.[0] == .[1]'
    check "facets by bytes" "$record" '[.facets[] | [.index.byteStart, .index.byteEnd, (.features[0] | .uri // .tag // "mention")]] ==
        [[30,42,"mention"],[62,87,"https://example.com/a?b=c"],[90,101,"https://example.org"],[102,108,"été"]]'

    jq -c '.record.text = "other"' "$scratch/a" >"$scratch/b"
    c=$(send "$scratch/b")
    check "other bytes under the same key" "$c" '.fate == "refused" and (.reason | test("another post"))'
    check "and not found" "$(find_post "$scratch/b")" '.fate == "not-sent" and (.reason | test("another post"))'
    check "still one post" "$(count_posts)" '. == 1'
    check "no app view: no numbers, and why" "$(drive --id "at://$did/app.bsky.feed.post/$key" read)" \
        '.readings[0].state == "not" and (.readings[0].reason | test("Upstream")) and .readings[0].values == {}'

    deed delete "{\"handle\":\"$handle\",\"uri\":\"at://$did/app.bsky.feed.post/$key\"}" >/dev/null
    check "deleted: gone" "$(drive --id "at://$did/app.bsky.feed.post/$key" read)" '.readings[0].state == "gone"'
    check "deleted: not there" "$(find_post "$scratch/a")" '.fate == "not-sent" and .sign_in == false'
    no_secrets "$a$b$c"
}

links_and_pictures() {
    local blob out
    prepare "$scratch/card" --text 'A card' --link https://example.com/page >/dev/null
    check "a link beside the text is a card" "$(send "$scratch/card")" '.fate == "posted"'
    check "with the host as its title" "$(cat "$scratch/card")" '.record.embed.external ==
        {uri: "https://example.com/page", title: "example.com", description: ""}'

    png "$scratch/p.png"
    prepare "$scratch/pictures" --text 'Pictures' --link https://example.com/page --media "$scratch/p.png" --alt 'Zwei Punkte: "rot" & blau' \
        --media "$scratch/p.png" --alt two >"$scratch/out"
    check "pictures are taken" "$(cat "$scratch/out")" .prepared
    check "pictures are posted" "$(send "$scratch/pictures")" '.fate == "posted"'
    check "a link has gone below the text" "$(cat "$scratch/pictures")" '.record.text == "Pictures\n\nhttps://example.com/page" and
        (.record.facets | length) == 1 and [.record.embed.images[].alt] == ["Zwei Punkte: \"rot\" & blau", "two"]'
    blob=$(jq -r '.record.embed.images[0].image.ref."$link"' "$scratch/pictures")
    curl -sS "$pds/xrpc/com.atproto.sync.getBlob?did=$did&cid=$blob" >"$scratch/blob"
    check "the picture is there byte for byte" "$(cmp -s "$scratch/blob" "$scratch/p.png" && echo true || echo false)" .

    { cat "$scratch/p.png" && head -c 2000000 /dev/zero; } >"$scratch/big.png"
    out=$(prepare "$scratch/x" --text big --media "$scratch/big.png" --alt big)
    check "a picture that is too large" "$out" '.prepared == false and .fate == "refused" and (.reason | test("2000000"))'
    out=$(prepare "$scratch/x" --text "$(printf 'é%.0s' $(seq 301))")
    check "a text that is too long" "$out" '.fate == "refused" and (.reason | test("301"))'
    prepare "$scratch/long" --text "$(printf 'é%.0s' $(seq 300))" >/dev/null
    check "a text of just 300" "$(send "$scratch/long")" '.fate == "posted"'
    jq -c '.record.text += "é"' "$scratch/long" >"$scratch/longer"
    jq -c '.record.createdAt = 5' "$scratch/long" >"$scratch/wrong"
    key=$(drive --number 999 key | jq -r .key)
    for file in longer wrong; do
        jq -c ".rkey = \"$key\"" "$scratch/$file" >"$scratch/x"
        check "the server refuses $file" "$(send "$scratch/x")" '.fate == "refused" and .sign_in == false and (.reason | test("InvalidRequest"))'
    done
}

sessions() {
    local out before after i
    prepare "$scratch/s" --text 'Sessions' >/dev/null
    before=$(cat "$(session)")
    spoil ".accessJwt = $(deed expired-token "{\"did\":\"$did\"}" | jq .accessJwt)"
    out=$(send "$scratch/s")
    check "an expired token is refreshed and the post goes out" "$out" '.fate == "posted"'
    after=$(cat "$(session)")
    check "both tokens are new" "[$before,$after]" '.[0].accessJwt != .[1].accessJwt and .[0].refreshJwt != .[1].refreshJwt and .[0].did == .[1].did'

    spoil '.accessJwt = "eyJh.eyJh.nonsense" | .refreshJwt = "eyJh.eyJh.nonsense"'
    check "both tokens spoilt: the password" "$(send "$scratch/s")" '.fate == "posted"'
    echo '{"did":' >"$(session)"
    check "a session file cut short: the password" "$(send "$scratch/s")" '.fate == "posted"'
    spoil '.service = "http://192.0.2.1"'
    check "a session that leads elsewhere: the password" "$(send "$scratch/s")" '.fate == "posted"'

    spoil ".accessJwt = $(deed expired-token "{\"did\":\"$did\"}" | jq .accessJwt)"
    for i in 1 2 3 4 5 6 7 8; do drive check >"$scratch/at-once-$i" & done
    wait $(jobs -p | grep -v "^$server_pid$")
    check "eight at once with an expired token" "$(jq -s . "$scratch"/at-once-?)" 'length == 8 and all(.characters == 300)'
    check "one post after all of this" "$(deed posts "{\"did\":\"$did\"}")" '[.posts[] | select(.value.text == "Sessions")] | length == 1'
    chmod 644 "$(session)"
    check "a session that others can read is not used" "$(send "$scratch/s")" '.fate == "not-sent" and .sign_in == true'
    chmod 600 "$(session)"
}

refusals() {
    local out good=$PASSWORD file
    prepare "$scratch/r" --text 'Refused' >/dev/null
    rm "$(session)"
    export PASSWORD=abcd-efgh-ijkl-mnop
    out=$(drive check)
    check "a wrong password needs a person" "$out" '.error == 3 and (.message | test("AuthenticationRequired")) and (.message | test("abcd") | not)'
    out=$(send "$scratch/r")
    check "a wrong password: not sent" "$out" '.fate == "not-sent" and .sign_in == true'
    export PASSWORD=$good
    deed takedown "{\"did\":\"$did\"}" >/dev/null
    check "taken down" "$(send "$scratch/r")" '.fate == "not-sent" and .sign_in == true'
    deed takedown "{\"did\":\"$did\",\"applied\":false}" >/dev/null
    out=$(send "$scratch/r")
    check "back again: not tried for an hour" "$out" '.fate == "not-sent" and .sign_in == true and (.reason | test("tried again after"))'
    check "nor for a wrong password's sake" "$(PASSWORD=abcd-efgh-ijkl-mnop send "$scratch/r")" '.reason | test("Invalid identifier")'
    check "unless a person asks" "$(drive check)" '.characters == 300'
    check "back again" "$(send "$scratch/r")" '.fate == "posted"'
    deed takedown "{\"did\":\"$did\"}" >/dev/null
    check "taken down under a kept session" "$(prepare "$scratch/r2" --text 'x #y' --media "$scratch/p.png" --alt a)" '.fate == "not-sent" and .sign_in == true'
    deed takedown "{\"did\":\"$did\",\"applied\":false}" >/dev/null
    rm -f "$(session)"
    prepare "$scratch/r" --text 'Deactivated' >/dev/null
    deed deactivate "{\"did\":\"$did\"}" >/dev/null
    check "deactivated" "$(send "$scratch/r")" '.fate == "not-sent" and .sign_in == true and (.reason | test("deactivated"))'
    out=$(drive check)
    check "deactivated, checked" "$out" '.error == 3 and (.message | test("deactivated"))'
}

rate_limits() {
    local i out
    for i in $(seq 60); do
        drive check >"$scratch/out"
        check "a kept session needs no login" "$(cat "$scratch/out")" '.characters == 300'
    done
    prepare "$scratch/l" --text 'Limits' >/dev/null
    for i in $(seq 40); do
        rm "$(session)"
        out=$(send "$scratch/l")
        [ "$(jq -r .fate <<<"$out")" = posted ] || break
        [ -e "$(session)" ]
    done
    echo "logins until the server had enough: $i"
    check "a real 429" "$out" '.fate == "not-sent" and .sign_in == false and .retry_at == .wait_until and
        .retry_at > now and .retry_at <= now + 300 and (.reason | test("wants none before"))'
    check "30 logins in five minutes" "$i" '. >= 29 and . <= 31'
    out=$(find_post "$scratch/l")
    check "asking has to wait as well" "$out" '.fate == "unknown" and .retry_at > now'
    out=$(drive --id "at://$did/app.bsky.feed.post/$key" read)
    check "reading too" "$out" '.error == 69 and .readings[0].state == "not"'
}

server_down() {
    local out
    check "server down: not sent" "$(send "$scratch/r")" '.fate == "not-sent" and .retry_at > now and .sign_in == false'
    check "server down: not known" "$(find_post "$scratch/r")" '.fate == "unknown" and .retry_at > now'
    out=$(prepare "$scratch/x" --text 'a @carola.test')
    check "server down: a mention can't be looked up" "$out" '.fate == "not-sent"'
    check "server down: no reading" "$(drive --id "at://$did/app.bsky.feed.post/$key" read)" \
        '.error == 69 and .readings[0].state == "not" and .readings[0].reason != ""'
    check "server down: check" "$(drive check)" '.error == 69'
}

started=$SECONDS
(cd "$SERVERS/bluesky" && node "$SOURCE/tests/servers/bluesky/compare-facets.mjs" "$FACETS" 20000 $RANDOM)
start_server
new_account carola.test
new_account brand.test
post_and_resend
links_and_pictures
sessions
new_account refused.test
refusals
stop_server
start_server --rate-limits
new_account eager.test
rate_limits
new_account down.test
prepare "$scratch/r" --text 'Down' >/dev/null
stop_server
server_down
echo "done in $((SECONDS - started)) s"
conclude
