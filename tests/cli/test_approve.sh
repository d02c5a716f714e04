#!/usr/bin/env bash
# The review queue: what is listed, what is approved, and that nothing but one line ever changes.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

abpost approve
exits 65
complains abpost.ini
abpost init garden
cd garden || exit 1
abpost approve # what init makes
exits 0
says "posts/question/"
rm -r posts experiments/next.ini
abpost approve
exits 0
says "No experiment here has post files."

cat >>abpost.ini <<'INI'

[channel mast]
type = mastodon
server = http://localhost:1
token = env:ABPOST_TEST_TOKEN
INI
cat >experiments/tea.ini <<'INI'
[experiment]
channels = outbox, mast
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
mkdir -p posts/question posts/story
printf 'Good morning! What do you\ndrink first?\r\n' >posts/question/a.txt
{ printf 'lang: en\n\n'; head -c 501 /dev/zero | tr '\0' x; } >posts/question/long.txt
printf 'status: approved\n\nhttps://example.com/%s @tea@example.com' "$(printf 'x%.0s' {1..200})" >posts/story/a.txt
printf 'meida: x\n\ny\n' >posts/story/b.txt
printf 'status: held\n\n\033[2Jz\n' >posts/story/c.txt
cp -r . ../before

abpost approve
exits 0
says "question"
grep -qE '^    draft     posts/question/a.txt +outbox 38, mast 38/500$' "$out" || fail "a.txt is not listed with its lengths"
says "              Good morning! What do you drink first?"
says "the text is too long for mastodon: 501 characters, where 500 are"
grep -qE '^    approved  posts/story/a.txt +outbox 237, mast 28/500$' "$out" || fail "URLs and mentions count as Mastodon counts them"
says "line 1: 'meida' is no header"
says "1 approved, 2 drafts, 0 held; 3 can't go out as they are."
plain "$out"
diff -r . ../before >/dev/null || fail "a listing changed something"
cp "$out" list.txt
abpost hold
exits 0
cmp -s "$out" list.txt || fail "hold without a file lists something else"
rm list.txt
abpost -q approve
exits 0
if grep -q "2 drafts" "$out"; then fail "-q says the counts"; fi

abpost approve --format json
exits 0
answers "j->>'schema'" abpost.queue/1
answers "json_array_length(j,'\$.posts')" 10
answers "j->>'\$.posts[1].channel'" mast
answers "j->>'\$.posts[1].characters'" 38
answers "j->>'\$.posts[1].allowed'" 500
answers "j->>'\$.posts[0].allowed' IS NULL" 1
answers "j->>'\$.posts[1].text'" $'Good morning! What do you\ndrink first?'
answers "j->>'\$.posts[3].problems'" "the text is too long for mastodon: 501 characters, where 500 are allowed"
answers "j->>'\$.posts[6].status' IS NULL" 1
abpost approve --format csv
exits 0
[ "$(head -n 1 "$out")" = experiment,variant,file,status,channel,characters,allowed,problems,text ] || fail "the CSV header is $(head -n 1 "$out")"

# One goes out, the others stay as they are, each with its reason.
abpost approve posts/question/a.txt posts/question/long.txt posts/story/b.txt posts/story/c.txt posts/nowhere.txt
exits 65
[ "$(cat "$out")" = "posts/question/a.txt is approved" ] || fail "more than one was approved"
complains "posts/question/long.txt: the text is too long for mastodon"
complains "posts/story/b.txt:1: 'meida' is no header"
complains "posts/story/c.txt:3: holds the control character U+001B"
complains "posts/nowhere.txt: can't be read"
complains "4 of 5 files stayed as they were"
plain "$err"
printf 'status: approved\n\nGood morning! What do you\ndrink first?\r\n' | cmp -s - posts/question/a.txt || fail "more than the status changed"
diff -r -x a.txt . ../before >/dev/null || fail "a file that was refused changed"

abpost approve posts/story/b.txt
exits 65
complains "the file stayed as it was"
if grep -q "of 1" "$err"; then fail "one of one"; fi
abpost approve posts/question/a.txt
exits 0
says "was already approved"
# What is wrong with a post is no reason not to hold it; a header that can't be told is.
abpost hold posts/question/a.txt posts/question/long.txt posts/story/c.txt
exits 0
grep -q '^status: held$' posts/question/a.txt || fail "a.txt is not held"
head -n 1 posts/question/long.txt | grep -q '^status: held$' || fail "long.txt is not held"
cmp -s posts/story/c.txt ../before/posts/story/c.txt || fail "c.txt was held already, and changed"
abpost hold posts/story/b.txt
exits 65
complains "did you mean 'media'"
abpost hold posts/question/a.txt --format json
exits 0
answers "j->>'\$.posts[0].changed'" 0
answers "j->>'\$.posts[0].status'" held

# From elsewhere; a file that nobody posts.
cd posts || exit 1
abpost approve question/a.txt
exits 0
cd "$scratch" || exit 1
abpost -C garden hold posts/question/a.txt
exits 0
grep -q '^status: held$' garden/posts/question/a.txt || fail "-C was not obeyed"
cd garden || exit 1
echo "Nobody asked" >stray.txt
for file in stray.txt abpost.ini experiments/tea.ini; do
    cp "$file" ../kept
    for command in approve hold; do
        abpost $command $file
        exits 65
        complains "$file: no experiment here posts it"
        cmp -s ../kept $file || fail "$command changed $file"
    done
done
# By another name it is the same file.
ln -s posts/question linked
abpost hold linked/../question/a.txt linked/a.txt
exits 0

# An experiment with mistakes is said, and the others are listed all the same.
printf '[experiment]\nhorizon = soon\n' >experiments/broken.ini
abpost approve
exits 65
says "posts/question/a.txt"
complains "experiments/broken.ini:2"
finish
