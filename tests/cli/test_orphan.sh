#!/usr/bin/env bash
# An experiment whose file is renamed or removed while posts of it are planned.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

export NO_COLOR=1
later() { abpost "$@" --now 2027-03-12T10:00:00Z; }

abpost init garden -q
cd garden || exit 1
abpost plan next -q --now 2027-03-10T08:00:00Z
exits 0
abpost approve -q posts/*/*.txt
exits 0
abpost tick --now 2027-03-10T09:00:00Z
exits 0
says "handed"
planned=$(sqlite3 abpost.db "SELECT 40 - count(*) FROM attempt")
later check
exits 0

mv experiments/next.ini experiments/autumn.ini
later check
exits 3
says_nothing
complains "experiments/next.ini: is gone, and $planned posts of it are planned"
complains "abpost plan next --end"
later check --format json
exits 3
answers "j->>'\$.mistakes[0].file'" experiments/next.ini
later check autumn
exits 0

later status
exits 3
says "The file experiments/next.ini is gone, and its $planned planned posts don't go out."
says "    abpost plan next --end"
if grep -q "tick -v" "$out"; then fail "a tick would not help"; fi
later status --format json
answers "j->>'\$.stuck[0].kind'" file-gone
answers "j->>'\$.stuck[0].needs_person'" 1
answers "j->>'\$.stuck[0].experiment'" next
answers "j->>'\$.stuck[0].commands[0]'" "abpost plan next --end"

for quiet in "" -q -v; do
    later tick $quiet
    exits 3
    says "its file experiments/next.ini is gone, and $planned posts of it are planned,"
    complains "1 experiment has planned posts and no file"
    if grep -q mistakes "$out" "$err"; then fail "a file that is not there has no mistakes"; fi
done
later nightly -q
exits 3
says "file-gone"
grep -q '"action":"file-gone"' .abpost/log.jsonl || grep -q '"action": "file-gone"' .abpost/log.jsonl ||
    fail "not in the log"

# Its slots are taken until it is ended.
later plan next --end --format json
exits 2
later plan next --end --preview
exits 2
later plan autumn --end
exits 65
complains "experiments/autumn.ini is there"
later plan nxt --end
exits 65
complains "nothing was ever planned for an experiment 'nxt'"
later plan next --end
exits 0
says "$planned posts of next were taken out of the plan"
complains_of_nothing
for command in check tick; do
    later $command
    exits 0
done
later status
exits 0
says "on outbox) waits to be published by hand"
later plan next --end
exits 0
says "0 posts of next"

# Put back, it goes on: with blocks that are drawn anew.
mv experiments/autumn.ini experiments/next.ini
later tick -v
exits 0
says "planned"
later check
exits 0

# A file with mistakes is not gone.
echo 'x' >experiments/next.ini
later tick
exits 65
later check
exits 65
later plan next --end
exits 65

finish
