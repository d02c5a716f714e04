#!/usr/bin/env bash
# Names that look alike are two, and that is said: it is rarely what was meant.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

printf '[import]\nfile = posts.csv\nvariant = style\nchannel = account\noutcome = likes\n' >posts.ini
awk 'BEGIN { print "style,account,likes"
    for (i = 0; i < 24; i++) print (i % 2 ? "story" : i < 12 ? "Question" : "question\302\240") "," (i % 3 ? "ann" : "bob") "," i }' >posts.csv
abpost evaluate posts.ini --format json
exits 0
answers "json_array_length(j,'\$.experiments[0].variants')" 3
says "the styles 'Question' and 'question"
says "count as two"
if grep -q "the channels" "$out"; then fail "channels that differ"; fi
sed -i '4s/ann/Ann/' posts.csv
abpost evaluate posts.ini --format json
says "the channels 'ann' and 'Ann'"

# Declared names are meant as they stand.
printf '[variant story]\n[variant Question]\n[variant question]\n' >>posts.ini
sed -i 's/\xc2\xa0//' posts.csv
abpost evaluate posts.ini --format json
exits 0
if grep -q "the styles" "$out"; then fail "names that are declared"; fi

finish
