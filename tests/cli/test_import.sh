#!/usr/bin/env bash
# Historic data into the workspace's store: counted, idempotent, refused when it can't be read.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

abpost init garden
cd garden || exit 1
rows=$(($(wc -l <experiments/sample.csv) - 1))

abpost import sample
exits 0
says "$rows rows"
says "$((rows - 1)) observed"
says "1 missing"
[ -s abpost.db ] || fail "no database"
abpost import sample
exits 0
says "Unchanged since"
abpost import sample --format json
exits 0
answers "j->>'schema'" abpost.import/1
answers "j->>'\$.imports[0].experiment'" sample
answers "j->>'\$.imports[0].rows'" "$rows"
answers "j->>'\$.imports[0].missing'" 1
answers "j->>'\$.imports[0].unchanged'" 1

abpost import smaple
exits 65
complains "did you mean 'sample'?"
mv experiments/sample.csv away.csv
abpost import sample
exits 65
complains "sample.csv"
mv away.csv experiments/sample.csv
printf 'question,bluesky,99,lots,0\n' >>experiments/sample.csv
abpost import sample
exits 65
complains "sample.csv:$((rows + 2))"
complains "replies"

grep -v -A8 '^\[import\]' experiments/sample.ini >experiments/none.ini
printf '[experiment]\nbaseline = story\n' >experiments/none.ini
abpost import none
case $status in 65) ;; *) fail "exit status $status without [import]" ;; esac
complains "[import]"

cd "$scratch" || exit 1
abpost import sample.ini
exits 65
complains "abpost.ini"

finish
