#!/usr/bin/env bash
# The posts that abpost made, as CSV: for a spreadsheet, for [import], and back again.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/posts.sh"

now=2026-12-20T09:00:00Z
header='experiment,post,variant,channel,slot,block,due_at,posted_at,url,file,deleted_at,edited_at,read_at,age'
cell() { # ROW NAME of posts.csv, as SQLite reads CSV; the row by its post and read_at
    sqlite3 :memory: '.mode csv' '.import posts.csv t' '.mode list' "SELECT \"$2\" FROM t WHERE post || ' ' || read_at LIKE '$1';"
}
cell_is() { # ROW NAME EXPECTED
    local got
    got=$(cell "$1" "$2")
    [ "$got" = "$3" ] || fail "$2 of $1 is '$got'; expected '$3'"
}
facts() { # every number of abpost's own posts
    store "SELECT a.planned_post_id, metric, read_at, age, value FROM reading r JOIN post ON post.id = r.post_id
        JOIN attempt a ON a.id = post.attempt_id ORDER BY 1, 2, 3;"
}

# Nothing there: a header, with the columns of what the experiments want to know.
make_workspace garden
abpost export --now $now
exits 0
[ "$(tr -d '\r' <"$out")" = "$header,replies,likes,unfollows" ] || fail "another header"
[ ! -e abpost.db ] || fail "export made a database"
make_store

# Ten blocks, two of which have numbers at other ages than the horizon's (48 h); names and addresses
# that bite.
for i in {1..10}; do
    day=$(printf '2026-12-%02d' $((i + 1)))
    later=$(printf '2026-12-%02d' $((i + 3)))
    plan_block winter paper "question $day 09:00" "story $day 18:00"
    posted $((2 * i - 1)) "posts/question/$i.txt" "$day 09:00:00" "https://example.com/q/$i"
    posted $((2 * i)) "posts/story/$i.txt" "$day 18:00:00" "https://example.com/s/$i"
    [ "$i" -le 8 ] || continue
    reading $((2 * i - 1)) replies "$later 09:00:30" $((20 + i))
    reading $((2 * i - 1)) likes "$later 09:00:30" $((30 + i))
    reading $((2 * i)) replies "$later 18:10:00" $((5 + i % 3))
    reading $((2 * i)) likes "$later 18:10:00" "$i"
done
reading 1 likes '2026-12-02 15:00:00' 3     # the curve
reading 1 likes '2026-12-08 09:00:00' 99
reading 17 replies '2026-12-11 09:00:00' 7  # too early, and nothing since
reading 19 unfollows '2026-12-17 09:00:00' 0
reading 19 unfollows '2026-12-18 09:00:00' 0.1
store "INSERT INTO post_event SELECT post.id, 'deleted', strftime('%s', '2026-12-12 10:00:00') FROM post
    JOIN attempt a ON a.id = post.attempt_id WHERE a.planned_post_id = 20;"
plan_block winter paper "question 2026-12-12 09:00"
posted 21 $'posts/question/a "b", c\nd.txt' '2026-12-12 09:00:00' '=HYPERLINK("https://example.com/x")'
plan_block autumn paper "story 2026-11-07 08:00"
posted 22 @posts/old.txt '2026-11-07 08:00:05' https://example.com/old
reading 22 likes '2026-11-09 08:00:05' 5

abpost export winter --now $now
exits 0
complains_of_nothing
cp "$out" posts.csv
[ "$(head -n 1 posts.csv | tr -d '\r')" = "$header,likes,replies,unfollows" ] ||
    [ "$(head -n 1 posts.csv | tr -d '\r' | tr , '\n' | tail -n 3 | sort | tr '\n' ' ')" = "likes replies unfollows " ] ||
    fail "other metrics: $(head -n 1 posts.csv)"
[ "$(cell '%' post | wc -l)" = 21 ] || fail "$(cell '%' post | wc -l) rows; 21 were expected"
[ "$(grep -c $'\r$' posts.csv)" = 22 ] || fail "lines do not end in CRLF"
cell_is '1 %' experiment winter
cell_is '1 %' variant question
cell_is '1 %' channel paper
cell_is '1 %' slot 'mon 09:00'
cell_is '1 %' due_at 2026-12-02T09:00:00Z
cell_is '1 %' posted_at 2026-12-02T09:00:00Z
cell_is '1 %' read_at 2026-12-04T09:00:30Z
cell_is '1 %' age 172830
cell_is '1 %' likes 31
cell_is '1 %' replies 21
cell_is '16 %' likes 8
cell_is '17 %' replies ''
cell_is '17 %' read_at ''
cell_is '20 %' deleted_at 2026-12-12T10:00:00Z
cell_is '21 %' url "'=HYPERLINK(\"https://example.com/x\")"
[ "$(cell '1 %' block)" = "$(cell '2 %' block)" ] || fail "a block is torn"
[ "$(cell '1 %' block)" != "$(cell '3 %' block)" ] || fail "two blocks are one"

# [import] evaluates it: the same posts, the same numbers, the blocks they were drawn in.
cat >experiments/again.ini <<'INI'
[experiment]
baseline = story
[import]
file    = ../posts.csv
variant = variant
channel = channel
slot    = slot
block   = block
time    = posted_at
outcome = 3*replies + likes
INI
abpost evaluate again --format json --now $now
exits 0
answers "j->>'\$.experiments[0].posts'" 16
answers "j->>'\$.experiments[0].missing'" 5
answers "j->>'\$.experiments[0].randomised'" 1
answers "(SELECT v.value->>'outcome_total' FROM json_each(j,'\$.experiments[0].variants') v
    WHERE v.value->>'name' = 'question')" "$((3 * (20 * 8 + 36) + 30 * 8 + 36)).0"
rm experiments/again.ini

# Every reading, and the way back into a database that has none of them.
abpost export winter --all -o posts.csv --now $now
exits 0
says_nothing
complains "24 rows written to posts.csv"
cell_is '1 2026-12-02T15%' likes 3
cell_is '1 2026-12-08%' likes 99
cell_is '17 2026-12-11%' replies 7
cell_is '19 2026-12-17%' unfollows 0
cell_is '19 2026-12-18%' unfollows 0.1
abpost import winter --readings posts.csv --format json --now $now
exits 0
answers "j->>'\$.imports[0].added'" 0
facts | grep -v '^22|' >before
sqlite3 abpost.db ".backup empty.db"
sqlite3 empty.db "DROP TRIGGER reading_no_delete; DELETE FROM reading;
    CREATE TRIGGER reading_no_delete BEFORE DELETE ON reading
    BEGIN SELECT RAISE(ABORT, 'reading holds facts: rows are never deleted'); END;"
mv empty.db abpost.db
rm -f abpost.db-wal abpost.db-shm
abpost import winter --readings posts.csv --now $now
exits 0
facts >after
cmp -s before after || fail "not the same numbers after the way back: $(diff before after | head -n 5)"
[ "$(wc -l <after)" = 37 ] || fail "$(wc -l <after) numbers came back; 37 were expected"

# All experiments; one without a file has no horizon, which is said.
abpost export --now $now -o "$scratch/all.csv"
exits 0
complains "1 post is of experiments that have no file"
grep -q "^autumn,22,.*,'@posts/old.txt," "$scratch/all.csv" || fail "a formula's sign stands in front"
abpost export --all -q -o "$scratch/all.csv"
exits 0
complains_of_nothing
abpost export autumn
exits 65
abpost export --format json --now $now
exits 0
answers "j->>'schema'" abpost.export/1
answers "j->>'\$.posts[0].experiment'" autumn
answers "j->>'\$.posts[1].metrics.likes'" 31.0
answers "j->>'\$.posts[21].url'" '=HYPERLINK("https://example.com/x")'

# A file is replaced whole or not at all.
store "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO reading
    SELECT post.id, 'likes', posted_at + 86400 + i, 86400 + i, i FROM n, post WHERE attempt_id IS NOT NULL LIMIT 1000;
    PRAGMA wal_checkpoint(TRUNCATE);" >/dev/null
echo precious >kept.csv
last="abpost export -o kept.csv with 64 KiB of file size"
(
    ulimit -f 64
    trap '' XFSZ
    "$ABPOST" export --all -o kept.csv >"$out" 2>"$err"
)
status=$?
exits 1
complains "kept.csv: it could not be written"
[ "$(cat kept.csv)" = precious ] || fail "half a file"
[ -z "$(ls kept.csv.*.new 2>/dev/null)" ] || fail "something was left behind"
abpost export --all -o kept.csv
exits 0
[ "$(wc -l <kept.csv)" -gt 1000 ] || fail "the file is not there"
abpost export -o no/such/folder.csv
exits 1
complains "no/such/folder.csv"
abpost export -o /dev/full
exits 1
complains "could not be written"
abpost export -o ""
exits 2
printf '[experiment]\nbaselin = x\n' >experiments/broken.ini
abpost export
exits 65
complains "experiments/broken.ini"
abpost export --all -o posts.csv
exits 0

finish
