#!/usr/bin/env bash
# What becomes of a post's file between one tick and the next: it is held, mended, deleted or
# renamed, and what goes out is what its author wants by then, once.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

at() { # TIME COMMAND...: as of then
    local now=$1
    shift
    abpost "$@" --now "$now"
}
handed() { # COUNT TEXT: so many files lie in the folder, and one of them says that
    local there
    there=$(find outbox -name '*.txt' 2>/dev/null | wc -l)
    [ "$there" = "$1" ] || fail "$there posts lie in the folder; expected $1"
    [ -z "${2-}" ] || grep -rqF -e "$2" outbox || fail "none says '$2'"
}

abpost init garden
cd garden || exit 1
abpost approve posts/*/bread.txt posts/*/window.txt
exits 0
at 2026-12-01T00:00:00Z plan next
exits 0

# The folder can't be made: the post is not sent. Its author sees a mistake meanwhile.
echo in the way >outbox
at 2026-12-01T09:00:30Z tick
says "not-sent"
file=$(sqlite3 abpost.db 'SELECT file FROM attempt')
[ -s "$file" ] || fail "no attempt"
rm outbox
abpost hold "$file"
says "is held"
at 2026-12-01T09:01:00Z tick -v
says "$file is held"
handed 0
sed -i 's/^status:.*/status: approved/; $s/$/ Mended./' "$file"
at 2026-12-01T09:20:00Z tick
says "$file"
handed 1 'Mended.'

# Its mate is deleted after a try, and its time passes: no post.
echo in the way >outbox.txt && mv outbox kept && mv outbox.txt outbox
at 2026-12-01T17:30:30Z tick
file=$(sqlite3 abpost.db 'SELECT file FROM attempt ORDER BY id DESC LIMIT 1')
rm outbox "$file"
mv kept outbox
at 2026-12-01T17:40:00Z tick -v
says "$file is gone"
at 2026-12-01T20:00:00Z tick
says "$file is gone"
handed 1
at 2026-12-01T20:01:00Z status --format json
answers "(SELECT count(*) FROM json_each(j,'\$.stuck') e WHERE e.value->>'kind' = 'empty')" 1

# Another folder, other names: what is out stays out.
mv posts/question posts/ask && mv posts/story posts/tell
sed -i 's|posts/question/|posts/ask/|; s|posts/story/|posts/tell/|' experiments/next.ini
rm -f posts/*/window.txt
echo "Another question?" >posts/ask/z.txt
echo "Another story." >posts/tell/z.txt
old=$(sqlite3 abpost.db "SELECT file FROM attempt WHERE id IN (SELECT attempt_id FROM attempt_result
    WHERE state = 'handed')")
new=$(sed 's|/question/|/ask/|; s|/story/|/tell/|' <<<"$old")
[ -s "$new" ] || fail "there is no $new"
abpost approve
says "was posted already as $old"
abpost approve --format json
answers "(SELECT e.value->>'problems' FROM json_each(j,'\$.posts') e WHERE e.value->>'file' = '$new')" \
    "was posted already as $old"
abpost approve "$new"
exits 0
complains "was posted already as $old"
abpost check
exits 0
complains "$new: was posted already as $old"
abpost check -q
complains_of_nothing
at 2026-12-02T08:00:00Z status
tr -s '\n ' '  ' <"$out" | grep -qF "$new was posted already as $old" || fail "status says nothing of $new"
for day in 02 03 04; do
    at 2026-12-${day}T09:00:30Z tick -v
    at 2026-12-${day}T17:30:30Z tick -v
done
handed 1
finish
