#!/usr/bin/env bash
# What only a person can know of a post: recorded once, refused where it can't be true.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/posts.sh"

make_workspace garden
url=https://example.com/p/1

# The command line.
for arguments in "" "1" "x --not-posted" "0 --not-posted" "-- -3" "1 --posted" \
    "1 --posted $url --not-posted" "1 --not-posted --at 2026-12-01T09:00:00Z" "1 2 --not-posted" \
    "1 --posted example.com/p/1" "1 --posted ftp://example.com/1" "1 --posted https://e.com/a	b" \
    "1 --posted $url --at yesterday" "1 --posted $url --at 2026-12-01"; do
    # shellcheck disable=SC2086 # words on purpose
    abpost resolve $arguments --now 2026-12-05T00:00:00Z
    exits 2
    says_nothing
done
abpost resolve 1
complains "--posted URL"
complains "--not-posted"
abpost resolve 1 --posted "$url" --not-posted
complains "exclude each other"
abpost resolve 1 --posted "https://example.com/$(printf 'x%.0s' {1..600})"
exits 2
complains "at most 500"
abpost resolve 1 --posted "$url" --at '2026-12-06 00:00' --now 2026-12-05T00:00:00Z
exits 2
complains "--at '2026-12-06 00:00' is still to come: it is sat 2026-12-05 01:00"

# Nothing there yet, and posts that nobody asks about.
abpost resolve 1 --not-posted
exits 65
complains "nothing was planned yet"
[ ! -e abpost.db ] || fail "resolve made a database"
make_store
plan_block winter paper "question 2026-12-01 09:00" "story 2026-12-01 18:30"
plan_block winter paper "story 2026-12-02 09:00" "question 2026-12-02 18:30"
abpost resolve 99 --not-posted
exits 65
complains "no post 99"
abpost resolve 1 --not-posted
exits 65
complains "planned"

# Handed over, published by hand: since when it was handed over, or since it is said to be.
attempt 1 posts/question/a.txt '2026-12-01 09:00:05'
settle 1 handed '2026-12-01 09:00:06' - outbox/paper/3kabcdefghi1.txt
abpost resolve 1 --posted "$url" --at '2026-12-01 09:59' --now 2026-12-01T12:00:00Z
exits 2
complains "--at '2026-12-01 09:59' is tue 2026-12-01 09:59, and post 1 was not handed over before tue 2026-12-01 10:00"
[ "$(state_of 1)" = handed ] || fail "post 1 is $(state_of 1)"
abpost resolve 1 --posted "$url" --now 2026-12-01T12:00:00Z
exits 0
says "Post 1 (winter, question on paper)"
says "$url"
says "tue 2026-12-01 10:00" # Paris
says "thu 2026-12-03 10:01"
grep -qx "post,replies,likes,unfollows" "$out" || fail "no line to copy"
says "Then: abpost import winter --readings FILE.csv"
[ "$(state_of 1)" = posted ] || fail "post 1 is $(state_of 1)"
[ "$(wc -L <"$out")" -le 80 ] || fail "a line of $(wc -L <"$out") columns"
abpost resolve 1 --not-posted
exits 65
complains "posted, which is known"
[ "$(state_of 1)" = posted ] || fail "post 1 is $(state_of 1)"

attempt 2 posts/story/a.txt '2026-12-01 18:30:00'
settle 2 handed '2026-12-01 18:30:01' - outbox/paper/3kabcdefghi2.txt
abpost resolve 2 --posted https://example.com/p/2 --at '2026-12-01 20:15' --format json \
    --now 2026-12-02T00:00:00Z
exits 0
answers "j->>'schema'" abpost.resolve/1
answers "j->>'\$.posts[0].post'" 2
answers "j->>'\$.posts[0].state'" posted
answers "j->>'\$.posts[0].posted_at'" 2026-12-01T19:15:00Z
answers "j->>'\$.posts[0].url'" https://example.com/p/2

# Unknown, and not out: in time for another try, or too late.
attempt 3 posts/story/b.txt '2026-12-02 09:00:00'
settle 3 unknown '2026-12-02 09:00:30' 'the answer was lost'
abpost resolve 3 --not-posted --now 2026-12-02T09:30:00Z
exits 0
says "sends it again, until wed 2026-12-02 11:00"
[ "$(state_of 3)" = not-posted ] || fail "post 3 is $(state_of 3)"
attempt 4 posts/question/b.txt '2026-12-02 18:30:00'
settle 4 unknown '2026-12-02 18:30:30' 'the answer was lost'
abpost resolve 4 --not-posted --format csv --now 2026-12-04T00:00:00Z
exits 0
says "4,winter,question,paper,planned,,"

# In flight by a process that lives: not yet. By one that is gone: yes.
plan_block winter paper "story 2026-12-03 09:00"
sleep 60 &
sleeper=$!
start=$(sed 's/.*) //' "/proc/$sleeper/stat" | cut -d' ' -f20)
owner="$(hostname)/$(readlink /proc/self/ns/pid) $(cat /proc/sys/kernel/random/boot_id) $sleeper $start"
attempt 5 posts/story/c.txt '2026-12-03 09:00:00' "$owner"
abpost resolve 5 --not-posted --now 2026-12-03T09:01:00Z
exits 65
complains "being sent at this moment"
kill "$sleeper"
wait "$sleeper" 2>/dev/null
abpost resolve 5 --not-posted --now 2026-12-03T09:01:00Z -q
exits 0
says_nothing

# A channel that is gone has no rules to check an address by.
plan_block winter gone "story 2026-12-03 18:30"
attempt 6 posts/story/d.txt '2026-12-03 18:30:00'
settle 6 unknown '2026-12-03 18:30:30' 'the answer was lost'
abpost resolve 6 --posted https://example.com/p/6
exits 65
complains "no longer in abpost.ini"
abpost resolve 6 --not-posted --now 2026-12-03T19:00:00Z
exits 0

# In the minute that it was handed over; what was sent may have another clock's time; an earlier
# attempt may have been the one.
plan_block winter paper "question 2026-12-03 09:00" "story 2026-12-03 18:30"
plan_block winter sky "story 2026-12-04 09:00" "question 2026-12-04 18:30"
attempt 7 posts/question/f.txt '2026-12-03 09:00:05'
settle 7 handed '2026-12-03 09:00:06' - outbox/paper/3kabcdefghi8.txt
abpost resolve 7 --posted https://example.com/p/8 --at '2026-12-03 10:00' --format json --now 2026-12-05T00:00:00Z
exits 0
answers "j->>'\$.posts[0].posted_at'" 2026-12-03T09:00:05Z
attempt 9 posts/story/f.txt '2026-12-04 09:00:05'
settle 9 unknown '2026-12-04 09:00:06' -
attempt 9 posts/story/f.txt '2026-12-04 09:30:05'
settle 9 unknown '2026-12-04 09:30:06' -
for at in '2026-12-04 09:44' 2026-12-04T08:44:59Z; do
    abpost resolve 9 --posted https://bsky.app/profile/brand.example.com/post/3kabcdefghi22 --at "$at" --now 2026-12-05T00:00:00Z
    exits 2
    complains "post 9 was not sent before fri 2026-12-04 10:00"
done
abpost resolve 99 --posted "$url" --at '2026-12-01 00:00' --now 2026-12-05T00:00:00Z
exits 65
complains "no post 99"

# An experiment whose file has mistakes does not stop a person's word.
plan_block winter paper "story 2026-12-04 09:00"
attempt 11 posts/story/e.txt '2026-12-04 09:00:00'
settle 11 handed '2026-12-04 09:00:01' - outbox/paper/3kabcdefghi7.txt
printf '[experiment]\nbaselin = x\n' >experiments/winter.ini
abpost resolve 11 --posted https://example.com/p/7 --now 2026-12-04T12:00:00Z
exits 0
says "abpost check"

cd "$scratch" || exit 1
abpost resolve 1 --not-posted
exits 65
complains "abpost.ini"

# A channel that is gone, with a post that was being sent and one that is due: nobody will ask about the
# one, and nobody can post the other; both are said, and neither night nor tick is as if all were well.
make_workspace orphans
make_store
plan_block winter paper "question 2026-12-01 09:00" "story 2026-12-01 18:30"
attempt 1 posts/question/a.txt '2026-12-01 09:00:05'
sed -i 's/^\[channel paper\]/[channel papers]/' abpost.ini
sed -i 's/^channels .*/channels = papers/' experiments/winter.ini
abpost tick --now 2026-12-01T10:00:00Z
exits 3
says "unknown"
abpost status --now 2026-12-01T10:00:00Z --format json
answers "(SELECT s.value->>'todo' LIKE '%put [channel paper] back%' FROM json_each(j,'\$.stuck') s WHERE s.value->>'post' = 1)" 1
answers "(SELECT s.value->>'commands' FROM json_each(j,'\$.stuck') s WHERE s.value->>'post' = 1)" '["abpost resolve 1 --not-posted"]'
abpost tick --now 2026-12-01T19:00:00Z -v
exits 3
says "no longer in abpost.ini"
store "INSERT INTO attempt_result (attempt_id, settled_at, state) VALUES (1, 1796115600, 'not-posted')"
# ... until it is known not to be out: then it leaves the plan with its block, and all is well again.
abpost tick --now 2026-12-01T19:00:00Z
exits 0
says "planned post: the experiment no longer names the channel paper"
abpost tick --now 2026-12-01T19:01:00Z
exits 0
says_nothing

# With nothing in flight, one that is due and can't go out is trouble by itself.
cd "$scratch" || exit 1
make_workspace waiting
make_store
plan_block winter paper "question 2026-12-01 18:30" "story 2026-12-01 22:30"
sed -i 's/^\[channel paper\]/[channel papers]/' abpost.ini
abpost tick --now 2026-12-01T19:00:00Z
exits 65
complains "can't be posted to"

finish
