#!/usr/bin/env bash
# Who reads a post when told to has read it at its horizon; and whoever was early or late is told.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/posts.sh"

take() { # LINES...: of a file of numbers
    printf '%s\n' "$@" >numbers.csv
    abpost import winter --readings numbers.csv --now $now
}
flat() { # what was said, as one line
    tr -s ' \n' ' ' <"$out" >"$out.flat" && mv "$out.flat" "$out"
}

make_workspace garden
sed -i 's/^channels .*/channels = paper/; s/^outcome .*/outcome = replies + reposts/; /^guardrail/d' experiments/winter.ini
make_store
plan_block winter paper "question 2026-12-01 09:00" "story 2026-12-01 10:00"
plan_block winter paper "story 2026-12-01 11:00" "question 2026-12-01 12:00"
attempt 1 posts/question/a.txt '2026-12-01 09:00:30'
settle 1 handed '2026-12-01 09:00:30' - outbox/paper/x.txt
posted 2 posts/story/a.txt '2026-12-01 10:00:00' https://example.com/2
posted 3 posts/story/b.txt '2026-12-01 11:00:59' https://example.com/3
posted 4 posts/question/b.txt '2026-12-01 12:00:30' https://example.com/4

# A person is told the first minute that is not before the horizon (Paris is an hour ahead).
abpost resolve 1 --posted https://example.com/1 --now 2026-12-01T09:30:00Z
exits 0
flat
says "is out since tue 2026-12-01 10:00: https://example.com/1 Note its numbers at thu 2026-12-03 10:01"
abpost status --now 2026-12-03T09:00:59Z --format json
answers "json_array_length(j->'stuck')" 0
abpost status --now 2026-12-03T09:01:00Z --format json
answers "j->>'\$.stuck[0].since'" 2026-12-03T09:01:00Z
abpost status --now 2026-12-03T12:30:00Z
flat
says "The numbers of 4 posts (winter, on paper: 1, 2, 3, 4) are due since thu 2026-12-03 10:01."

# The minute of the horizon is at it, the one before is not; who says seconds is taken at their word.
now=2026-12-03T12:30:00Z
take post,read_at,replies,reposts '1,2026-12-03 10:00,3,1' '2,2026-12-03 10:59,2,2' '3,2026-12-03 12:00:58,2,2' \
    '4,2026-12-03 13:01,2,'
exits 0
flat
says "winter: 4 rows; 7 numbers of 4 posts were added. Of 4 posts, 1 has the numbers at the horizon; 1 is without a number that the outcome needs; 2 were read before it, which does not count. Read again post 2 from thu 2026-12-03 11:00 on, post 3 from thu 2026-12-03 12:01 on."
[ "$(store "SELECT age - 48 * 3600 FROM reading WHERE metric = 'replies' ORDER BY post_id;" | tr '\n' ' ')" = "-60 -1 30 0 " ] ||
    fail "ages: $(store "SELECT age - 48 * 3600 FROM reading WHERE metric = 'replies' ORDER BY post_id;")"
abpost status --now $now --format json
answers "j->>'\$.experiments[0].readings.read'" 1
take post,read_at,replies,reposts '1,2026-12-03 10:00,3,1'
exits 0
says "2 were there already"
says "Of 1 post, 1 has the numbers at the horizon."
now=2026-12-13T12:30:00Z
take post,read_at,replies,reposts '3,2026-12-13 12:00,4,2' '4,2026-12-03 13:01,2,0'
exits 0
says "Of 2 posts, 2 have the numbers at the horizon." # 3: between a second before it and now
take post,read_at,replies '2,2026-12-03 11:00,4'
flat
says "Of 1 post, 0 have the numbers at the horizon; 1 is without a number that the outcome needs."
abpost import winter --readings numbers.csv --now $now --format json
exits 0
answers "j->>'\$.imports[0].at_horizon'" 0
answers "j->>'\$.imports[0].before'" 0
answers "j->>'\$.imports[0].lacking'" 1

# A post can't have been read before it was out, but in the minute that it went out in.
take post,read_at,replies '4,2026-12-01 12:59,0'
exits 65
complains "numbers.csv:2: column 2 (read_at): the post was not out then"
plan_block winter paper "question 2026-12-05 09:00" "story 2026-12-05 10:00"
posted 5 posts/question/c.txt '2026-12-05 09:00:30' https://example.com/5
take post,read_at,replies '5,2026-12-05 10:00,0'
exits 0
[ "$(store "SELECT min(age) FROM reading;")" = 0 ] || fail "an age below 0"
take post,read_at,replies,reposts '5,2026-12-12 10:00,4,5'
plan_block winter paper "question 2026-12-06 09:00" "story 2026-12-06 10:00"
posted 7 posts/question/d.txt '2026-12-06 09:00:30' https://example.com/7
take post,replies,reposts 7,4,5
exits 0
flat
says "Of 1 post, 0 have the numbers at the horizon; 1 was read too late to count."

finish
