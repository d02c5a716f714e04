#!/usr/bin/env bash
# A channel by hand from the plan to the evaluation, with nothing but commands: what one says is to be
# done, the next one does.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

at() { # TIME COMMAND...: as of then
    local now=$1
    shift
    abpost "$@" --now "$now"
}

abpost init garden
cd garden || exit 1
for style in question story; do
    for topic in bread window; do
        abpost approve posts/$style/$topic.txt
        case $status in 0) ;; *) fail "exit status $status" ;; esac
    done
done
at 2026-12-01T00:00:00Z status
says "abpost plan next"
at 2026-12-01T00:00:00Z plan next
exits 0
at 2026-12-01T00:01:00Z status
exits 0
says "Nothing is stuck."
says "next at tue 2026-12-01 09:00"

# Handed over by ticks.
at 2026-12-01T09:00:30Z tick
exits 0
at 2026-12-01T09:05:00Z status --format json
exits 0
answers "j->>'\$.stuck[0].kind'" handed
post=$(query "j->>'\$.stuck[0].post'")
file=$(query "j->>'\$.stuck[0].what'" | sed 's/.*: //')
[ -s "$file" ] || fail "no file $file to publish"
command=$(query "j->>'\$.stuck[0].commands[0]'")
[ "$command" = "abpost resolve $post --posted URL" ] || fail "another command: $command"
at 2026-12-01T17:30:30Z tick
exits 0
at 2026-12-01T17:31:00Z status --format json
answers "json_array_length(j->'stuck')" 2
second=$(query "j->>'\$.stuck[1].post'")

# Published, read at 48 hours, imported; the address is what tells the posts apart.
at 2026-12-01T10:00:00Z resolve "$post" --posted https://example.com/p/1 --at '2026-12-01 09:10'
exits 0
says "thu 2026-12-03 09:10"
at 2026-12-01T18:00:00Z resolve "$second" --posted https://example.com/p/2
exits 0
at 2026-12-01T18:00:00Z resolve "$second" --posted https://example.com/p/3
exits 65
# What is exported now, with no number read, is the file to fill in.
at 2026-12-03T09:12:00Z export next -o fill.csv
exits 0
[ "$(head -n 1 fill.csv | tr -d '\r')" = "experiment,post,variant,channel,slot,block,due_at,posted_at,url,file,deleted_at,edited_at,read_at,age,replies,reposts" ] ||
    fail "no columns for the numbers: $(head -n 1 fill.csv)"
cp abpost.db before.db
sed -i '2s/,,,,\r$/,2026-12-03 09:15,,7,2\r/' fill.csv
at 2026-12-03T18:00:00Z import next --readings fill.csv
exits 0
says "2 numbers of 1 post"
rm -f abpost.db-* && mv before.db abpost.db
at 2026-12-03T09:12:00Z status --format json
query "(SELECT group_concat(e.value->>'kind') FROM json_each(j,'\$.stuck') e)" | grep -q reading ||
    fail "nobody is told to read"
printf 'url,read_at,replies,reposts\nhttps://example.com/p/1,2026-12-03 09:15,7,2\nhttps://example.com/p/2,2026-12-03 17:40,3,\n' >numbers.csv
at 2026-12-03T18:00:00Z import next --readings numbers.csv
exits 0
says "3 numbers of 2 posts were added"
at 2026-12-03T20:30:00Z status --format json
answers "j->>'\$.experiments[0].readings.read'" 1
answers "j->>'\$.experiments[0].readings.absent'" 1
at 2026-12-03T20:30:00Z export next
exits 0
says "https://example.com/p/1"
says ",7,2"
at 2026-12-03T20:30:00Z evaluate next --format json
exits 0
answers "j->>'\$.experiments[0].missing'" 1
at 2026-12-03T20:30:00Z timer --tick
exits 0
says "/garden"

finish
