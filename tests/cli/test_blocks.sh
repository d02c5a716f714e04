#!/usr/bin/env bash
# A block column that compares nothing is no randomisation, and that is said.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Two styles that do the same, each post a block of its own, as in a column of post numbers.
awk 'BEGIN { print "style,number,pair,clicks,seen"
    for (i = 0; i < 60; i++) print (i % 2 ? "b" : "a") "," i "," int(i / 2) "," 500 + i % 3 ",1000" }' >posts.csv
cat >posts.ini <<'INI'
[experiment]
baseline = a
[import]
file = posts.csv
variant = style
block = number
outcome = clicks
exposure = seen
INI
abpost evaluate posts.ini --format json
exits 0
answers "j->>'\$.experiments[0].randomised'" 0
answers "j->>'\$.experiments[0].variants[1].verdict'" keep-testing
answers "json_type(j,'\$.experiments[0].variants[1].guard.e_value')" null
says "no block of column 'number' has posts of two styles, so it can't say"
says "observational"

# The column that does say what was drawn together.
sed -i 's/^block = .*/block = pair/' posts.ini
abpost evaluate posts.ini --format json
answers "j->>'\$.experiments[0].randomised'" 1
answers "j->>'\$.experiments[0].variants[1].verdict'" same
answers "json_array_length(j,'\$.experiments[0].warnings')" 0

# A third style that never was in a block with the baseline: its comparison alone was not drawn.
awk 'BEGIN { for (i = 0; i < 30; i++) print "c,," 100 + i "," 500 + i % 3 ",1000" }' >>posts.csv
abpost evaluate posts.ini --format json
answers "j->>'\$.experiments[0].randomised'" 1
answers "j->>'\$.experiments[0].variants[1].verdict'" same
answers "j->>'\$.experiments[0].variants[2].verdict'" keep-testing
says "no block has posts of both c and a"

finish
