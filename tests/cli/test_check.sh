#!/usr/bin/env bash
# Every mistake in one pass, each with its place; nothing is changed.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

abpost check
exits 65
complains abpost.ini
says_nothing

abpost init garden
cd garden || exit 1
cp -r . ../before
abpost check
exits 0
says "8 files checked, nothing wrong"
abpost -q check
exits 0
says_nothing
abpost check sample
exits 0
abpost check experiments/sample.ini
exits 0
diff -r . ../before >/dev/null || fail "check changed something: $(diff -r . ../before)"

# From a folder inside, from outside with -C and with $ABPOST_CONFIG.
cd experiments || exit 1
abpost check sample
exits 0
cd "$scratch" || exit 1
abpost -C garden check
exits 0
ABPOST_CONFIG=garden/abpost.ini abpost check
exits 0
ABPOST_CONFIG=nowhere.ini abpost check
exits 65
complains nowhere.ini
cd garden || exit 1

abpost check smaple
exits 65
complains "did you mean 'sample'?"
says_nothing

# Several mistakes in several files: all of them, with their lines, and the good file does not suffer.
cat >experiments/broken.ini <<'INI'
[experiment]
hypotesis = nothing
horizon = soon
[import]
file = sample.csv
variant = style
outcome = replies
[import]
INI
printf '\n[chanel x]\ntype = outbox\n' >>abpost.ini
abpost check
exits 65
says_nothing
complains "abpost.ini:"
complains "experiments/broken.ini:2: "
grep -qE '[0-9]+ mistakes; 9 files checked' "$err" || fail "the mistakes are not counted"
cp ../before/abpost.ini .
abpost check
exits 65
complains "experiments/broken.ini:2: "
complains "hypothesis"
complains "experiments/broken.ini:3: "
complains "experiments/broken.ini:8: "
abpost check sample
exits 0
abpost check broken --format json
exits 65
answers "j->>'schema'" abpost.check/1
answers "j->>'\$.mistakes[0].line'" 2
answers "j->>'\$.mistakes[0].file'" experiments/broken.ini
abpost check sample --format json
exits 0
answers "json_array_length(j,'\$.mistakes')" 0
abpost check broken --format csv
exits 65
[ "$(head -n 1 "$out")" = file,line,message ] || fail "the CSV header is $(head -n 1 "$out")"
rm experiments/broken.ini

# A database that is none.
abpost check
exits 0
head -c 5000 /dev/zero | tr '\0' x >abpost.db
abpost check
exits 65
complains "abpost.db: not an SQLite database"
abpost check --format json
exits 65
answers "json_array_length(j->'mistakes')" 1
rm abpost.db

# Secrets: a variable that is not set, a file that others can read.
mkdir secrets && echo hunter2 >secrets/token && chmod 644 secrets/token
cat >>abpost.ini <<'INI'

[channel bluesky]
type = bluesky
server = https://bsky.social
account = brand.example.com
password = env:ABPOST_TEST_PASSWORD

[channel mastodon]
type = mastodon
server = https://mastodon.example.com
token = file:secrets/token
INI
line=$(grep -n 'channel mastodon' abpost.ini | cut -d: -f1)
abpost check
exits 65
complains '$ABPOST_TEST_PASSWORD is not set'
complains "abpost.ini:$line: "
complains "chmod 600"
if grep -q hunter2 "$err" "$out"; then fail "the secret itself is shown"; fi
chmod 600 secrets/token
ABPOST_TEST_PASSWORD=x abpost check
exits 0
rm secrets/token
ABPOST_TEST_PASSWORD=x abpost check
exits 65
complains "can't be read"
cp ../before/abpost.ini .

# Posts that are not there.
rm -r posts
cat >experiments/coming.ini <<'INI'
[experiment]
channels = outbox
outcome = replies
baseline = story
[schedule]
start = 2026-12-01
times = 09:00
[variant question]
posts = posts/question/*.txt
[variant story]
posts = posts/story/*.txt
INI
mkdir -p posts/story && echo "Once upon a time" >posts/story/a.txt
abpost check coming
exits 65
complains "experiments/coming.ini:8: no file matches posts = posts/question/*.txt"
if grep -q 'posts/story' "$err"; then fail "posts that are there are missed"; fi
mkdir posts/question && echo "And you?" >posts/question/a.txt
abpost check coming
exits 0
says "4 files checked, nothing wrong" # abpost.ini, the experiment, two posts
says "2 of 2 posts not approved yet"
abpost approve posts/story/a.txt
abpost check coming
says "1 of 2 posts not approved yet"

# Everything that is wrong with the posts, in one pass and before the first goes out.
printf 'media: nowhere.png\nlink: example.com\n\nx\n' >posts/story/b.txt
printf 'a\377b\n' >posts/story/c.txt
abpost check coming
exits 65
complains "posts/story/b.txt:1: media: 'nowhere.png' can't be read"
complains "posts/story/b.txt:1: media: the image has no description"
complains "posts/story/b.txt:2: link: 'example.com' is not accepted"
complains "posts/story/c.txt:1: byte 2 of the file (0xff) is not UTF-8"
complains "4 mistakes; 6 files checked"
rm posts/story/[bc].txt

# Channels that this version can't post to are said, but only where an experiment needs them; so are
# texts that are too long for one.
cat >>abpost.ini <<'INI'

[channel feed]
type = linkedin

[channel mast]
type = mastodon
server = http://localhost:1
token = env:ABPOST_TEST_PASSWORD
INI
ABPOST_TEST_PASSWORD=x abpost check coming
exits 0
sed -i 's/^channels = outbox/channels = outbox, feed, mast/' experiments/coming.ini
head -c 501 /dev/zero | tr '\0' x >posts/story/long.txt
ABPOST_TEST_PASSWORD=x abpost check coming
exits 65
complains "[channel feed] this version of abpost can't post to linkedin"
complains "posts/story/long.txt: the text is too long for mastodon: 501 characters, where 500 are allowed (channel mast)"
complains "2 mistakes"
rm posts/story/long.txt
sed -i 's/^channels = .*/channels = outbox, mast/' experiments/coming.ini
ABPOST_TEST_PASSWORD=hunter2 abpost check coming --online
exits 69
complains "can't be reached"
if grep -q hunter2 "$err" "$out"; then fail "the secret itself is shown"; fi
ABPOST_TEST_PASSWORD=x abpost check coming
exits 0
cp ../before/abpost.ini .
rm experiments/coming.ini

# Data that can't be used is a mistake too, and a name full of escape sequences stays harmless.
printf 'style,channel,block,replies,reposts\nquestion,x,1,many,0\n' >experiments/sample.csv
abpost check sample
exits 65
complains "sample.csv:2"
printf '[experiment]\nbaseline = \033[2Jx\nhorizon = \033]0;title\007\n' >experiments/hostile.ini
abpost check hostile
exits 65
plain "$err"
on_terminal check hostile
exits 65
if grep -q $'\033\\[2J\|\007' "$out"; then fail "a name reached the terminal raw"; fi

finish
