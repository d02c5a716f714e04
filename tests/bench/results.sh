#!/usr/bin/env bash
# Writes tests/bench/RESULTS.md anew: builds the release and runs every section, as many side by side
# as there are processors. At full scale about two hours of CPU time. KEEP: a folder; the
# sections that are there already are not run again, and those that are run stay there.
#   [KEEP=FOLDER] tests/bench/results.sh [SCALE]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

scale=${1:-1}
# section: the program and its arguments
sections='false-alarms:     bench_results false-alarms SCALE
top-two:          bench_top_two SCALE
shuffled:         bench_real shuffled SCALE
portfolio:        bench_real portfolio SCALE
usual-rule:       bench_results usual-rule SCALE
power:            bench_results power SCALE
power-beside:     bench_results power-beside SCALE
coverage:         bench_results coverage SCALE
winner:           bench_results winner SCALE
learned:          bench_learn SCALE
forecast:         bench_results forecast SCALE'
names=$(sed 's/:.*//' <<<"$sections")

tests/install-packages.sh build tests
cmake --preset release >&2
cmake --build --preset release --target bench_results bench_top_two bench_real bench_learn >&2

if [ -n "${KEEP:-}" ]; then
    work=$KEEP
    mkdir -p "$work"
else
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
fi
export work
sed "s/SCALE/$scale/; s/: */ /" <<<"$sections" |
    xargs -P "$(nproc)" -L 1 sh -c '
        name=$1 program=$2
        shift 2
        [ -e "$work/$name" ] && exit
        "build/release/tests/$program" "$@" >"$work/$name.part" && mv "$work/$name.part" "$work/$name"
    ' section

{
    cat <<'END'
# What was measured

`tests/bench/results.sh` writes this file: nothing here is typed by hand. Seeds are fixed, so that the
same program gives the same figures. Intervals are 95 % Monte Carlo intervals (Wilson's).

END
    printf 'The program: commit %s.\n\n' "$(git rev-parse --short HEAD)"
    [ "$scale" = 1 ] || printf 'These figures are of a short run, at a scale of %s.\n\n' "$scale"
    for name in $names; do cat "$work/$name"; done
} >tests/bench/RESULTS.md
