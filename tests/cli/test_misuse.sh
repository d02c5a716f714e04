#!/usr/bin/env bash
# What would be read without a word and mean something else: a separator that makes one column of all,
# an exposure that is the outcome, a cost of one style alone.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

printf 'style,likes,views\na,1,9\nb,2,8\na,3,9\nb,5,7\n' >posts.csv
write() { # LINE...: of [import]
    printf '[experiment]\nbaseline = a\n[import]\nfile = posts.csv\nvariant = style\noutcome = likes\n'
    printf '%s\n' "$@"
} >posts.ini

write 'separator = ;'
abpost evaluate posts.ini
exits 65
complains "no column 'style'"
complains "posts.csv:1: it is one column because of 'separator ='; without that key"
write
abpost evaluate posts.ini
exits 0

write 'exposure = likes'
abpost evaluate posts.ini
exits 65
complains "posts.ini:7: exposure: the same as outcome"
write 'exposure = 2*likes' # not the same, and a person's own affair
abpost check posts.ini
exits 0
write 'exposure = views'
abpost evaluate posts.ini
exits 0

costs() { # OF-B: [variant b]'s line
    write '[variant a]' 'cost = 2' '[variant b]' "$1" '[decision]' 'value = 1'
    abpost evaluate posts.ini --format json
    exits 0
}
costs ''
answers "json_type(j,'\$.experiments[0].variants[1].net_value')" null
says 'b has no cost and a has one, so the net value of b is not known'
costs 'cost = 0'
answers "json_type(j,'\$.experiments[0].variants[1].net_value')" object
answers "(SELECT count(*) FROM json_each(j,'\$.experiments[0].warnings') w WHERE w.value LIKE '%cost%')" 0
finish
