#!/usr/bin/env bash
# The results as a page: the same as evaluate says, in one file that replaces only its like; and the
# page that every night leaves behind.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/posts.sh"

has() { # FILE TEXT
    grep -qF -e "$2" "$1" || fail "not in $1: $2"
}
balanced() { # FILE: as many elements end as begin
    local element begun ended
    for element in html body main article figure table tr td th div span svg bdi ul li p h3; do
        begun=$(grep -oE "<$element[ >]" "$1" | wc -l)
        ended=$(grep -oF "</$element>" "$1" | wc -l)
        [ "$begun" -eq "$ended" ] || fail "$1: $begun <$element>, $ended </$element>"
    done
}

abpost init garden
cp garden/experiments/sample.* .

# A file alone, to standard output: the same numbers as evaluate's.
abpost report sample.ini --now 2026-12-20T03:00:00Z
exits 0
complains_of_nothing
plain "$out"
cp "$out" page.html
balanced page.html
[ "$(head -n 1 page.html)" = '<!DOCTYPE html>' ] || fail "no HTML"
has page.html '2026-12-20, 03:00 UTC'
has page.html 'A question earns more replies than a story.'
has page.html 'Repeat <bdi>question</bdi>.'
abpost evaluate sample.ini --format json
ratio=$(query "printf('×%.2f, %.2f to %.2f', 1 + (j->>'\$.experiments[0].variants[1].lift.q50'),
    1 + (j->>'\$.experiments[0].variants[1].lift.q025'), 1 + (j->>'\$.experiments[0].variants[1].lift.q975'))")
has page.html "$ratio"
[ "$(grep -o 'class="post"' page.html | wc -l)" -eq 119 ] || fail "not a dot for each of 119 posts"
if grep -qE 'https?:|<script|src=|url\(' page.html; then fail "the page loads something"; fi
[ "$(find . -name '*.db*' | wc -l)" -eq 0 ] || fail "a database was left behind"

# The same page whatever the threads and the neighbours.
abpost report sample.ini --now 2026-12-20T03:00:00Z -o again.html
exits 0
says_nothing
cmp -s page.html again.html || fail "another page from the same data"

# Into a file: new, then over itself, but over nothing else.
abpost report sample.ini -o page2.html && abpost report sample.ini -o page2.html
exits 0
balanced page2.html
cp sample.ini precious.ini
abpost report sample.ini -o precious.ini
exits 1
complains 'precious.ini: this is no report of abpost, so it is not overwritten'
cmp -s sample.ini precious.ini || fail "a file was overwritten"
: >empty.html
abpost report sample.ini -o empty.html
exits 0
balanced empty.html
abpost report sample.ini -o nowhere/page.html
exits 1
complains 'nowhere/page.html'
abpost report sample.ini -o /dev/full
exits 1
abpost report sample.ini -o /dev/null
exits 0
[ -c /dev/null ] || fail "/dev/null is gone"
abpost report sample.ini -o ''
exits 2
[ "$(find . -name '*.new' | wc -l)" -eq 0 ] || fail "a half-written file was left behind"

# Several: an index first; one that fails is on the page, and the exit status says so.
printf '[experiment]\nhypothesis = <b>&"\n[import]\nfile = wild.csv\nvariant = v\noutcome = o\n' >wild.ini
printf 'v,o\n<script>alert(1)</script>,3\n"\xe2\x80\xaegnp.exe",4\n' >wild.csv
sed -i '2s/^/baseline = <script>alert(1)<\/script>\n/' wild.ini
abpost report wild.ini gone.ini sample.ini -o three.html
exits 65
complains gone.ini
balanced three.html
has three.html '3 experiments, '
has three.html '1 could not be evaluated.'
has three.html 'Not evaluated:'
has three.html '&lt;b&gt;&amp;&quot;.'
has three.html '&lt;script&gt;alert(1)&lt;/script&gt;'
has three.html '\u{202e}gnp.exe'
if grep -qiE '<script|<b>&' three.html; then fail "a name became markup"; fi
abpost report nothing-there
exits 65
says_nothing

# A signal in the middle: nothing is written over the page that was there.
before=$(cksum <page2.html)
cp -R "$SOURCE/experiments/upworthy" many
"$ABPOST" report many/upworthy.ini -o page2.html 2>"$err" &
pid=$!
for _ in $(seq 600); do # until it listens to the signal (15), long before its end
    [ $((0x0$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$pid/status") & 0x4000)) != 0 ] && break
    sleep 0.02
done
kill -TERM $pid
wait $pid
status=$?
last="abpost report, interrupted"
exits 1
complains 'stopped by a signal'
[ "$(cksum <page2.html)" = "$before" ] || fail "half a page took the place of a whole one"

# Nightly: report.html in the workspace, with what was decided that night.
make_workspace night
sed -i 's/^channels .*/channels = paper/' experiments/winter.ini
make_store
for i in {1..16}; do
    day=$(printf '2026-12-%02d' $((i + 1)))
    later=$(printf '2026-12-%02d' $((i + 3)))
    first=question then=story
    [ $((i % 2)) = 0 ] || first=story then=question
    plan_block winter paper "$first $day 09:00" "$then $day 18:30"
    posted $((2 * i - 1)) "posts/$first/$i.txt" "$day 09:00:00" "https://example.com/a/$i"
    posted $((2 * i)) "posts/$then/$i.txt" "$day 18:30:00" "https://example.com/b/$i"
    for metric in replies likes unfollows; do
        high=$((60 + i)) low=$((3 + i % 4))
        [ $metric = unfollows ] && high=0 low=0
        [ $first = question ] || { kept=$high high=$low low=$kept; }
        reading $((2 * i - 1)) $metric "$later 09:00:30" $high
        reading $((2 * i)) $metric "$later 18:30:30" $low
    done
done
abpost nightly --now 2026-12-24T03:00:00Z
exits 0
[ -f report.html ] || fail "no report.html"
balanced report.html
has report.html 'Repeat <bdi>question</bdi>.'
has report.html '<h3>Decided</h3>'
has report.html '<time datetime="2026-12-24T03:00:00Z">2026-12-24</time>: <bdi>question</bdi>, repeat'
has report.html 'read at an age of 2d'
if grep -q 'example.com' report.html; then fail "an address is on the page"; fi
abpost report --now 2026-12-24T03:00:00Z -o other.html
exits 0
cmp -s report.html other.html || fail "nightly and report differ"
abpost nightly --now 2026-12-25T03:00:00Z --format json
exits 0
answers "json_valid(j)" 1
has report.html '2026-12-25, 03:00 UTC'

# Somebody's own report.html stays.
echo mine >report.html
abpost nightly --now 2026-12-26T03:00:00Z
exits 1
complains 'report.html: this is no report of abpost'
[ "$(cat report.html)" = mine ] || fail "somebody's file was overwritten"
cd ..

finish
