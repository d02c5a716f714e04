#!/usr/bin/env bash
# `abpost import` killed at moments spread over its whole run: the store holds all of the file or what
# it held before, passes its own check, and the next import works. Importing twice changes nothing.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

abpost init garden
cd garden || exit 1
abpost import sample
exits 0
rounds=15
sql() { sqlite3 abpost.db "$1"; }
version() { # NUMBER: a file of 20,000 + NUMBER rows
    awk -v n="$((20000 + $1))" 'BEGIN {
        print "style,channel,block,replies,reposts"
        for (i = 0; i < n; i++) print (i % 2 ? "story" : "question") ",c" i % 3 "," int(i / 2) "," i % 9 ",0"
    }' >experiments/sample.csv
}
check() { # rows of the newest import; fails when anything is half there
    [ "$(sql 'PRAGMA integrity_check')" = ok ] || fail "the store is damaged"
    [ "$(sql 'SELECT count(*) FROM import WHERE content_hash IS NULL')" = 0 ] || fail "half an import"
    [ "$(sql 'SELECT count(*) FROM post')" = "$(sql 'SELECT sum(posts) FROM import')" ] ||
        fail "posts that belong to no whole import"
    newest=$(sql 'SELECT posts FROM import ORDER BY id DESC LIMIT 1')
}

check
before=$newest
version 0
started=$(date +%s%N)
abpost import sample
exits 0
took=$(($(date +%s%N) - started))
check
[ "$newest" = 20000 ] || fail "$newest rows instead of 20000"
before=$newest
kept=0
for round in $(seq $rounds); do
    version "$round"
    "$ABPOST" import sample >/dev/null 2>&1 &
    pid=$!
    sleep "$(awk -v t="$took" -v r="$round" -v n=$rounds 'BEGIN { printf "%.3f", t / 1e9 * 1.1 * (r - 1) / n }')"
    kill -KILL $pid 2>/dev/null
    wait $pid 2>/dev/null
    check
    [ "$newest" = "$before" ] || [ "$newest" = $((20000 + round)) ] ||
        fail "$newest rows after a kill; expected $before or $((20000 + round))"
    [ "$newest" = "$before" ] && kept=$((kept + 1))
    before=$newest
done
[ $kept -gt 0 ] || fail "no kill came in time"

version 99
abpost import sample
exits 0
check
[ "$newest" = 20099 ] || fail "$newest rows at the end"
posts=$(sql 'SELECT count(*) FROM post')
abpost import sample
exits 0
says "Unchanged since"
[ "$posts" = "$(sql 'SELECT count(*) FROM post')" ] || fail "importing twice added rows"

finish
