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

# A date and an hour in ten digits, as analytics write them, are no seconds since 1970: 1700000000 is.
printf 'style,likes,at\na,1,2026010112\nb,2,1700000000\n' >experiments/hours.csv
printf '[import]\nfile = hours.csv\nvariant = style\noutcome = likes\ntime = at\n' >experiments/hours.ini
abpost import hours
exits 65
complains "hours.csv:2: column 3 (at): '2026010112' is no time that can be read in one way only"
complains "1 of 2 rows is bad"

# Amounts that become counts are read again: 1.000 may be 1 or 1000, and is refused as a count.
awk 'BEGIN { print "style,minutes"; for (i = 0; i < 24; i++) print (i % 2 ? "a" : "b") "," i + 1 ".000" }' >experiments/time.csv
printf '[import]\nfile = time.csv\nvariant = style\noutcome = minutes\n[decision]\nfamily = lognormal\n' >experiments/time.ini
abpost import time
exits 0
sed -i 's/lognormal/negbinomial/' experiments/time.ini
abpost evaluate time
complains "has changed since, and 'abpost import time' reads it again"
abpost import time
exits 65
complains "time.csv:2: column 2 (minutes): '1.000': is that 1 or 1000?"

cd "$scratch" || exit 1
abpost import sample.ini
exits 65
complains "abpost.ini"

finish
