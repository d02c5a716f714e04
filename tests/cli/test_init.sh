#!/usr/bin/env bash
# A new workspace runs at once, and nothing that is there is ever overwritten.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

abpost init garden
exits 0
complains_of_nothing
says "garden"
says "abpost evaluate"
for file in abpost.ini experiments/sample.ini experiments/sample.csv experiments/next.ini \
    posts/question/bread.txt posts/story/window.txt .gitignore; do
    [ -s "garden/$file" ] || fail "garden/$file is missing"
done
grep -qi generated garden/experiments/sample.ini || fail "the sample is not marked as generated"
grep -q 'abpost\.db' garden/.gitignore || fail ".gitignore leaves the database in"

cd garden || exit 1
abpost check
exits 0
says "8 files checked, nothing wrong"
complains_of_nothing
abpost evaluate
exits 0
says "sample"
says "question"
says "baseline"
complains_of_nothing
cd "$scratch" || exit 1

cp -r garden before
abpost init garden
exits 1
says_nothing
complains "abpost.ini exists already"
complains "experiments/sample.ini exists already"
complains "nothing was made"
diff -r garden before >/dev/null || fail "something was overwritten"

# One file in the way is enough, and then nothing else appears, not even a folder.
mkdir taken && echo mine >taken/abpost.ini
abpost init taken
exits 1
[ "$(find taken | wc -l)" -eq 2 ] || fail "something was made: $(find taken)"
grep -q mine taken/abpost.ini || fail "abpost.ini was overwritten"
mkdir -p dangling/experiments && ln -s nowhere dangling/experiments/sample.csv
abpost init dangling
exits 1
[ ! -e dangling/nowhere ] || fail "it wrote through a symbolic link"

# A .gitignore may be there; it stays as it is.
mkdir repository && echo '*.o' >repository/.gitignore
abpost init repository
exits 0
complains "left as it is"
[ "$(cat repository/.gitignore)" = '*.o' ] || fail ".gitignore was changed"

# Here, and seen from elsewhere; folders on the way are made.
mkdir here && cd here || exit 1
abpost init
exits 0
[ -s abpost.ini ] || fail "no workspace here"
cd "$scratch" || exit 1
mkdir elsewhere
abpost -C elsewhere init a/b/c
exits 0
[ -s elsewhere/a/b/c/abpost.ini ] || fail "no workspace in elsewhere/a/b/c"

abpost --format json init machine
exits 0
answers "j->>'schema'" abpost.init/1
answers "json_array_length(j,'\$.files')" 9
answers "j->>'\$.files[0].file'" machine/abpost.ini
abpost --format csv init machine2
exits 0
[ "$(head -n 1 "$out")" = file,purpose ] || fail "the CSV header is $(head -n 1 "$out")"

# The line to copy works whatever the folder is called.
for name in 'my blog' "it's \$5 & co"; do
    abpost init "$name"
    exits 0
    (eval "$(grep '^  cd ' "$out")" && [ -f abpost.ini ]) || fail "not to be copied: $(grep ' cd ' "$out")"
done

# Where nothing can be written nothing is left behind.
if [ "$(id -u)" -ne 0 ]; then
    mkdir locked && mkdir locked/experiments && chmod 500 locked/experiments
    abpost init locked
    exits 1
    [ "$(find locked -type f | wc -l)" -eq 0 ] || fail "it left files behind"
    chmod 700 locked/experiments
fi
echo file >blocked
abpost init blocked/inside
exits 1
complains "blocked"

finish
