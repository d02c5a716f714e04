#!/usr/bin/env bash
# Guardrails are compared on their channels, like the outcome: a style that is posted more where people
# leave more has not made them leave.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

write() { # HOW-MANY-TIMES-AS-OFTEN-FOR-B
    awk -v times="$1" 'BEGIN { print "style,where,likes,hides"
        for (i = 0; i < 80; i++) {
            loud = i % 2
            style = int(i / 2) % 4 < (loud ? 3 : 1) ? "b" : "a" # b: three of four on the loud one
            hides = int((loud ? 40 : 4) * (1 + (int(i / 8) % 5) / 10) * (style == "b" ? times : 1))
            print style "," (loud ? "loud" : "quiet") "," 10 + i % 7 "," hides
        } }' >posts.csv
}
cat >posts.ini <<'INI'
[experiment]
baseline = a
[import]
file = posts.csv
variant = style
channel = where
outcome = likes
[decision]
guardrail = hides <= 10%
INI
hides() { # STYLE: of one post, on the average
    awk -F, -v s="$1" '$1 == s { n++; sum += $4 } END { print int(sum / n) }' posts.csv
}

write 1
[ "$(hides b)" -gt $((3 * $(hides a) / 2)) ] || fail "the styles are on both channels alike"
abpost evaluate posts.ini --format json
exits 0
answers "(SELECT count(*) FROM json_each(j,'\$.experiments[0].warnings') w WHERE w.value LIKE '%guardrail%')" 0
answers "j->>'\$.experiments[0].variants[1].verdict'" keep-testing

write 2
abpost evaluate posts.ini --format json
exits 0
says 'b breaks the guardrail hides: x'
answers "j->>'\$.experiments[0].variants[1].verdict'" leaning-drop
finish
