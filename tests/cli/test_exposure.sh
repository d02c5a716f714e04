#!/usr/bin/env bash
# An exposure of 0 is no reading, and one with an outcome is a mistake of whoever counted.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

printf '[import]\nfile = posts.csv\nvariant = style\noutcome = clicks\nexposure = seen\n' >posts.ini
awk 'BEGIN { print "style,clicks,seen"
    for (i = 0; i < 24; i++) print (i % 2 ? "a" : "b") "," i % 5 "," (i == 10 ? 0 : 100) }' >posts.csv
abpost evaluate posts.ini --format json
exits 0
answers "j->>'\$.experiments[0].missing'" 1
says "1 post has an exposure of 0, which is no reading: it counts as missing"

sed -i 's/,3,100$/,3,0/' posts.csv
abpost evaluate posts.ini --format json
says "posts have an exposure of 0, which is no reading (and an outcome all the same, so the exposure is wrong): they count as missing"

finish
