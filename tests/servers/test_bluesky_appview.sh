#!/usr/bin/env bash
# The Bluesky connector against the whole reference network: account server and app view. What other
# accounts do to a post comes back as its numbers.
set -euo pipefail
. "$SOURCE/tests/servers/bluesky/lib.sh"
"$SOURCE/tests/servers/bluesky/install.sh" "$SERVERS/bluesky"

started=$SECONDS
start_server --appview
new_account carola.test
new_account brand.test
check "twelve fans" "$(deed fans '{"n":12}')" '.fans == 12'

declare -a uris=() versions=()
for i in $(seq 30); do
    prepare "$scratch/post" --text "Post $i for @carola.test #n$i" >/dev/null
    out=$(send "$scratch/post")
    check "posted $i" "$out" '.fate == "posted"'
    uris+=("$(jq -r .remote_id <<<"$out")") versions+=("$(jq -r .version <<<"$out")")
done
read_all() {
    local -a ids=()
    local i
    for i in "${!uris[@]}"; do ids+=(--id "${uris[$i]}" --version "${versions[$i]}"); done
    deed settle >/dev/null
    drive "${ids[@]}" read
}

deed like "{\"uri\":\"${uris[0]}\",\"count\":7}" >/dev/null
deed like "{\"uri\":\"${uris[0]}\",\"count\":3}" >/dev/null
deed repost "{\"uri\":\"${uris[0]}\",\"count\":2}" >/dev/null
deed reply "{\"uri\":\"${uris[0]}\",\"count\":4}" >/dev/null
deed quote "{\"uri\":\"${uris[0]}\",\"count\":1}" >/dev/null
deed like "{\"uri\":\"${uris[29]}\",\"count\":12}" >/dev/null
out=$(read_all)
check "thirty posts, in two batches" "$out" '(.readings | length) == 30 and all(.readings[]; .state == "read" and .edited == false) and .error == null'
check "every kind is counted" "$out" '.readings[0].values == {likes: 10, reposts: 2, replies: 4, quotes: 1}'
check "of the second batch too" "$out" '.readings[29].values == {likes: 12, reposts: 0, replies: 0, quotes: 0}'
check "nothing is nought" "$out" 'all(.readings[1:29][]; .values == {likes: 0, reposts: 0, replies: 0, quotes: 0})'

deed edit "{\"handle\":\"$handle\",\"uri\":\"${uris[3]}\",\"text\":\"Changed by hand\"}" >/dev/null
deed delete "{\"handle\":\"$handle\",\"uri\":\"${uris[4]}\"}" >/dev/null
deed unlike "{\"uri\":\"${uris[29]}\",\"count\":5}" >/dev/null
out=$(read_all)
check "an edited post is noticed" "$out" '.readings[3].edited == true and .readings[3].state == "read"'
check "only that one" "$out" '[.readings[] | select(.edited)] | length == 1'
check "a deleted post is gone" "$out" '.readings[4].state == "gone" and .readings[4].values == {}'
check "only that one" "$out" '[.readings[] | select(.state != "read")] | length == 1'
check "likes may be taken back" "$out" '.readings[29].values.likes == 7'

other=at://$did/app.bsky.feed.post/3aaaaaaaaaaa2
out=$(drive --id "$other" --id "at://nobody" --id "${uris[0]}" read)
check "one that never was, one that is no address" "$out" '.readings[0].state == "gone" and .readings[1].state == "not" and .readings[2].state == "read"'
echo "done in $((SECONDS - started)) s"
conclude
