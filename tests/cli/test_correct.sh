#!/usr/bin/env bash
# A number that was written down wrong: both are kept, the newest counts everywhere.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/posts.sh"

now=2026-12-10T09:00:00Z
take() { # [OPTION...] -- LINES...: of a file of numbers
    local options=()
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    printf '%s\n' "$@" >numbers.csv
    abpost import winter --readings numbers.csv --now $now "${options[@]}"
}
total() { # EXPECTED: outcome of the question's posts, as evaluate and the report's numbers see it
    abpost evaluate winter --now $now --format json
    answers "(SELECT v.value->>'outcome_total' FROM json_each(j,'\$.experiments[0].variants') v WHERE v.value->>'name' = 'question')" "$1.0"
}
kept() { # rows of facts, of both kinds
    store "SELECT (SELECT count(*) FROM reading) || '+' || (SELECT count(*) FROM reading_correction);"
}

make_workspace garden
sed -i 's/^outcome .*/outcome = replies/; s/^guardrail.*/guardrail = saves <= 5%/' experiments/winter.ini
export ABPOST_TEST_PASSWORD=secret
make_store
plan_block winter paper "question 2026-12-01 09:00" "story 2026-12-01 10:00"
plan_block winter sky "question 2026-12-01 11:00" "story 2026-12-01 12:00"
before=$(store "SELECT count(*) FROM reading;") # those of the store's own making
posted 1 posts/question/a.txt '2026-12-01 09:00:05' https://example.com/1
posted 2 posts/story/a.txt '2026-12-01 10:00:05' https://example.com/2
posted 3 posts/question/b.txt '2026-12-01 11:00:05' https://example.com/3
posted 4 posts/story/b.txt '2026-12-01 12:00:05' https://example.com/4
reading 3 replies '2026-12-03 11:01:00' 6
reading 4 replies '2026-12-03 12:01:00' 2
take -- post,read_at,replies '1,2026-12-02 10:00,2' '1,2026-12-03 10:01,44' '1,2026-12-05 10:01,7' '2,2026-12-03 11:02,3'
exits 0
total 50

# A contradiction is one until somebody says that it is a correction.
take -- post,read_at,replies '1,2026-12-03 10:01,4'
exits 65
says_nothing
complains "numbers.csv:2: column 3 (replies): post 1 had 44 at that very time"
complains "--correct"
total 50
take --correct -- post,read_at,replies '1,2026-12-03 10:01,4' '2,2026-12-03 11:02,3'
exits 0
says "winter: 2 rows; 1 numbers were corrected and 0 added, of 1 posts, 1 were there already."
says "Of 2 posts, 2 have the numbers at the horizon."
total 10
[ "$(kept)" = "$((before + 6))+1" ] || fail "$(kept) rows"
[ "$(store "SELECT value FROM reading WHERE read_at = strftime('%s', '2026-12-03 09:01:00');")" = 44.0 ] || fail "the fact was changed"

# The same file again changes nothing; the old one is now what contradicts; what was corrected can be again.
abpost import winter --readings numbers.csv --now $now --correct --format json
exits 0
answers "j->>'\$.imports[0].corrected'" 0
answers "j->>'\$.imports[0].known'" 2
take -- post,read_at,replies '1,2026-12-03 10:01,44'
exits 65
complains "post 1 had 4 at that very time"
# Without a time: the number at the horizon, whatever was read before and after it.
take --correct -- post,replies 1,5
exits 0
says "1 numbers were corrected and 0 added, of 1 posts."
total 11
[ "$(kept)" = "$((before + 6))+2" ] || fail "$(kept) rows"
take --correct -- post,replies 1,5 2,3
exits 0
says "0 numbers of 0 posts were added, 2 were there already."
for all in "" --all; do
    # shellcheck disable=SC2086
    abpost export winter --now $now $all
    grep -q '^winter,1,.*,2026-12-03T09:01:00Z,[0-9]*,[^4]*5' "$out" || fail "another number is exported"
    if grep -q ',44' "$out"; then fail "what was corrected is exported"; fi
done

# What the platform said is its word; what it never says was a person's.
take --correct -- post,replies 3,7
exits 65
complains "numbers.csv:2: column 2 (replies): channel sky said that of post 3, and only numbers that a person took can be corrected"
take -- post,read_at,saves '3,2026-12-03 12:30,8'
exits 0
take --correct -- post,read_at,saves '3,2026-12-03 12:30,9'
exits 0
says "1 numbers were corrected"
take --correct -- post,replies 3,6
exits 0
total 11

# New numbers beside a correction are added; which one is meant has to be clear.
plan_block winter paper "question 2026-12-08 12:00" "story 2026-12-08 13:00"
posted 5 posts/question/c.txt '2026-12-08 12:00:05' https://example.com/5
posted 6 posts/story/c.txt '2026-12-08 13:00:05' https://example.com/6
take --correct -- post,read_at,replies '2,2026-12-03 11:02,4' '6,2026-12-09 10:00,1'
exits 0
says "1 numbers were corrected and 1 added, of 2 posts."
take --correct -- post,replies 6,2 5,1
exits 65
complains "numbers.csv:2: column 2 (replies): post 6 has no number at its horizon, which would be the one to correct"
take --correct -- post,read_at,replies '1,2026-12-03 10:01,4.5' '1,2026-12-03 10:01,6' '1,2026-12-03 10:01,8'
exits 65
complains "'4.5' is no whole number"
complains "numbers.csv:4: column 3 (replies): line 3 says another number"
total 11
abpost import winter --correct
exits 2
complains "--correct goes with --readings"

finish
