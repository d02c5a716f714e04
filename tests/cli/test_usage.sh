#!/usr/bin/env bash
# The parts of the command line that need no workspace: help, version, mistakes, streams.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

abpost --version
exits 0
says "abpost "
complains_of_nothing

abpost help
exits 0
for word in Usage: init check import evaluate help --format --now --seed --threads --quiet --verbose \
    --directory --version NO_COLOR ABPOST_CONFIG "Exit status" 65 69 70; do says "$word"; done
complains_of_nothing
plain "$out"
cp "$out" help.txt
abpost --help
exits 0
cmp -s "$out" help.txt || fail "--help and help differ"

for command in init check approve hold plan simulate tick nightly status resolve import export \
    evaluate report timer help; do
    abpost help $command
    exits 0
    says "Usage: abpost $command"
    says "--format"
    [ "$(wc -L <"$out")" -le 80 ] || fail "a line of $(wc -L <"$out") columns"
    cp "$out" help.txt
    abpost $command --help
    exits 0
    cmp -s "$out" help.txt || fail "$command --help and help $command differ"
done

# The files, key by key.
for topic in experiment workspace post; do
    abpost help
    says "help $topic"
    abpost help $topic
    exits 0
    complains_of_nothing
    says "Default:"
    [ "$(wc -L <"$out")" -le 80 ] || fail "a line of $(wc -L <"$out") columns"
    if grep -q ' $' "$out"; then fail "blanks at the end of a line"; fi
    plain "$out"
done
abpost help experiment
for key in min_lift horizon max_lateness blackout allocation guardrail value family separator required; do
    says "  $key "
done
abpost help workspace
says "[channel NAME]"
abpost help expriment
exits 2
complains "did you mean 'experiment'?"
abpost help evalute
exits 2
complains "did you mean 'evaluate'?"
abpost help nonsense
exits 2
complains "'abpost help' lists them all"

abpost
exits 2
says_nothing
complains "abpost help"
abpost chekc
exits 2
complains "did you mean 'check'?"
abpost check --fromat json
exits 2
complains "did you mean '--format'?"
abpost check --format yaml
exits 2
complains "text, json and csv"
abpost check --seed x
exits 2
abpost check --threads 0
exits 2
abpost check --now noon
exits 2
abpost check --seed
exits 2
complains "--seed needs a value"
abpost import
exits 2
complains "abpost import EXPERIMENT"
abpost init one two
exits 2
abpost help --format json
exits 2
abpost $'\033[2Jx'
exits 2
plain "$err"

# A disk that is full is told; a reader who leaves is not.
last="abpost help >/dev/full"
"$ABPOST" help >/dev/full 2>"$err"
status=$?
exits 1
complains "could not be written"
last="abpost help | true"
: >"$err"
"$ABPOST" help 2>"$err" | true
status=${PIPESTATUS[0]}
case $status in 0 | 1) ;; *) fail "exit status $status after a closed pipe" ;; esac
complains_of_nothing

# Colours: on a terminal, unless asked not to.
on_terminal help
exits 0
grep -q $'\033' "$out" || fail "no colours on a terminal"
NO_COLOR=1 on_terminal help
if grep -q $'\033' "$out"; then fail "colours in spite of NO_COLOR"; fi
TERM=dumb on_terminal help
if grep -q $'\033' "$out"; then fail "colours on a dumb terminal"; fi

finish
