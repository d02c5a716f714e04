#!/usr/bin/env bash
# Numbers that a person took by hand: added once, all or none, every bad row said.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/posts.sh"

now=2026-12-10T09:00:00Z
take() { abpost import winter --readings numbers.csv --now $now "$@"; }
file() { printf '%s\n' "$@" >numbers.csv; }
count() { # of abpost's own posts
    store "SELECT count(*) FROM reading JOIN post ON post.id = post_id WHERE attempt_id IS NOT NULL;"
}
refuses() { # TEXT... on stderr; nothing was added
    local before=$counted
    exits 65
    says_nothing
    for text; do complains "$text"; done
    complains "nothing was imported"
    [ "$(count)" = "$before" ] || fail "$(count) readings; there were $before"
}

make_workspace garden
file post,likes 1,2
take
exits 65
complains "nothing was planned"
make_store
plan_block winter paper "question 2026-12-01 09:00" "story 2026-12-01 18:30"
plan_block winter paper "story 2026-12-07 08:00" "question 2026-12-08 08:30"
plan_block autumn paper "story 2026-11-07 08:00"
posted 1 posts/question/a.txt '2026-12-01 09:00:05' https://example.com/1
posted 2 posts/story/a.txt '2026-12-01 18:30:05' https://example.com/2
posted 5 posts/story/b.txt '2026-11-07 08:00:05' https://example.com/5
counted=0

# Local time and RFC 3339, by number and by address, a cell that was not read, a file of a spreadsheet.
printf '\xef\xbb\xbfpost;url;read_at;replies;likes\r\n1;;2026-12-03 10:05;4;9\r\n;https://example.com/2;2026-12-03T18:30:05Z;;7\r\n;;;;\r\n' >numbers.csv
take
exits 0
says "winter: 2 rows; 3 numbers of 2 posts were added."
[ "$(store "SELECT age FROM reading WHERE metric = 'replies';")" = $((48 * 3600 + 295)) ] || fail "another age"
[ "$(store "SELECT count(*) FROM reading WHERE metric = 'likes' AND value IN (7, 9);")" = 2 ] || fail "other numbers"
take --format json
exits 0
answers "j->>'schema'" abpost.readings/1
answers "j->>'\$.imports[0].added'" 0
answers "j->>'\$.imports[0].known'" 3
counted=3
[ "$(count)" = 3 ] || fail "the same file twice changed something"

# Without a time: now, and only what is news, however the clock goes on.
file post,likes 1,9 2,8
take -q
exits 0
says_nothing
[ "$(count)" = 4 ] || fail "$(count) readings; 4 were expected"
abpost import winter --readings numbers.csv --now 2026-12-11T00:00:00Z
exits 0
says "0 numbers of 0 posts"
[ "$(count)" = 4 ] || fail "a number that was known was added again"
counted=4

# What was read before the horizon (48 h) does not stand for what a post has at it, although the two
# are equal; and a row that only repeats it may be an old one. One that has news was read anew, all of it.
file post,quotes,reposts 1,0,4 2,3,1
abpost import winter --readings numbers.csv --now 2026-12-02T08:00:00Z
exits 0
says "4 numbers of 2 posts were added."
abpost import winter --readings numbers.csv --now 2026-12-02T09:00:00Z
exits 0
says "4 were there already"
[ "$(count)" = 8 ] || fail "$(count) readings; 8 were expected"
counted=8
last="abpost import winter --readings numbers.csv --now 2026-12-03T18:00:00Z"
abpost import winter --readings numbers.csv --now 2026-12-03T18:00:00Z
refuses "numbers.csv:2: column 2 (quotes): post 1 had 0 before its horizon already" \
    "numbers.csv:2: column 3 (reposts): post 1 had 4 before its horizon already" "read_at" "1 of 2 rows is bad"
file post,quotes,reposts 1,0,5 2,3,1
abpost import winter --readings numbers.csv --now 2026-12-03T18:00:00Z
exits 0
says "2 numbers of 1 posts were added, 2 were there already."
file post,read_at,quotes,reposts '2,2026-12-03 19:00,3,1'
abpost import winter --readings numbers.csv --now 2026-12-03T18:00:30Z
exits 0
says "2 numbers of 1 posts were added."
[ "$(count)" = 12 ] || fail "$(count) readings; 12 were expected"
counted=12

# Whatever is wrong, all of it, by line and column; and then nothing at all is added.
file post,read_at,replies,likes \
    '1,2026-12-04 10:00,5,10' \
    '99,2026-12-04 10:00,1,1' \
    '5,2026-12-04 10:00,1,1' \
    '3,2026-12-09 10:00,1,1' \
    'x,2026-12-04 10:00,1,1' \
    '1,yesterday,1,1' \
    '1,2026-12-01 09:00,1,1' \
    '1,2026-12-10 10:01,1,1' \
    '1,2026-12-05,-1,1e' \
    '2,2026-12-05 10:00,1' \
    ',2026-12-05 10:00,1,1' \
    '1,2026-12-03 10:05,5,9' \
    '2,2026-12-06 10:00,"1,5",2'
take
refuses "numbers.csv:3: column 1 (post): there is no post 99" \
    "numbers.csv:4: column 1 (post): there is no post 5 of experiment winter" \
    "numbers.csv:5: column 1 (post): post 3 is not out, as far as is known: it is planned" \
    "numbers.csv:6: column 1 (post): 'x' is not the number of a post" \
    "numbers.csv:7: column 2 (read_at): 'yesterday' is not a time" \
    "numbers.csv:8: column 2 (read_at): the post was not out then" \
    "numbers.csv:9: column 2 (read_at): '2026-12-10 10:01' is still to come" \
    "numbers.csv:10: column 2 (read_at): '2026-12-05' is not a time" \
    "numbers.csv:10: column 3 (replies): -1 is negative" \
    "numbers.csv:10: column 4 (likes): '1e' is not a number" \
    "numbers.csv:11: 3 columns where the header has 4" \
    "numbers.csv:12: neither the number nor the address" \
    "numbers.csv:13: column 3 (replies): post 1 had 4 at that very time" \
    "numbers.csv:14: column 3 (replies): '1,5' is not a number" \
    "12 of 13 rows are bad"
# What the outcome counts (3*replies + likes) is whole: not a guardrail's metric, nor one of no sum.
file post,read_at,replies,likes,quotes '1,2026-12-05 10:00,4.5,1.000,1.5' '2,2026-12-05 10:00,1.200,12.0,1'
take
refuses "numbers.csv:2: column 3 (replies): '4.5' is no whole number, and family negbinomial counts; for amounts choose family = lognormal" \
    "numbers.csv:2: column 4 (likes): '1.000': is that 1 or 1000? Thousands separators are not read" \
    "numbers.csv:3: column 3 (replies): '1.200' is no whole number, and family negbinomial counts; for amounts choose family = lognormal in [decision]; if it is 1200, write that" \
    "2 of 2 rows are bad"
if grep -q quotes "$err"; then fail "quotes are in no sum"; fi
file post,read_at,likes "1,2026-12-05 10:00,5" "1,2026-12-05T09:00:00Z,6" "1,2026-12-05 10:00:00,5"
take
refuses "numbers.csv:3: column 3 (likes): line 2 says another number"
file url,post,likes https://example.com/2,1,3 https://example.com/3,,3
take
refuses "numbers.csv:2: column 1 (url): post 1 is at https://example.com/1" \
    "numbers.csv:3: column 1 (url): no post of experiment winter"
file post,liked,liked,x 1,2,3,4
take
refuses "column 2: 'liked' is neither" "did you mean 'likes'?" "stands there twice"
file read_at,likes "2026-12-05 10:00,3"
take
refuses "a column is missing: post"
file post,variant 1,story
take
refuses "a column is missing: a metric, such as replies"
file post,likes
take
refuses "a header and no rows"
: >numbers.csv
take
refuses "an empty file"
printf 'post,likes\n1,"5\n' >numbers.csv
take
refuses "numbers.csv:2"
rm numbers.csv
take
refuses "numbers.csv: can't be opened"
for i in {1..30}; do echo "$i,x"; done >numbers.csv
sed -i '1i post,likes' numbers.csv
take
refuses "30 of 30 rows are bad; no more of them are listed"
[ "$(grep -c 'numbers.csv:[0-9]' "$err")" -eq 20 ] || fail "$(grep -c 'numbers.csv:[0-9]' "$err") mistakes are listed"

# The guardrail's metric, twice the same in one file, and the other folder.
mkdir -p "$scratch/elsewhere"
printf 'post,read_at,unfollows\n2,2026-12-08 10:00,1\n2,2026-12-08T09:00:00Z,1\n' >"$scratch/elsewhere/n.csv"
last="abpost import winter --readings ../elsewhere/n.csv"
abpost import winter --readings ../elsewhere/n.csv --now $now
exits 0
says "1 numbers of 1 posts"

abpost import winter --readings ""
exits 2
abpost import wimter --readings numbers.csv
exits 65
complains "did you mean 'winter'?"
printf '[experiment]\nbaselin = x\n' >experiments/winter.ini
take
exits 65
complains "experiments/winter.ini"

finish
