#!/usr/bin/env bash
# Writes tests/bench/RESULTS.md anew: builds the release and runs every section of bench_results, as
# many side by side as there are processors. At full scale about half an hour of CPU time.
#   tests/bench/results.sh [SCALE]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

scale=${1:-1}
tests/install-packages.sh build tests
cmake --preset release >&2
cmake --build --preset release --target bench_results >&2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sections=(false-alarms usual-rule power coverage winner forecast)
printf '%s\n' "${sections[@]}" |
    xargs -P "$(nproc)" -I{} sh -c "build/release/tests/bench_results {} $scale >$work/{}"

{
    cat <<'END'
# What was measured

`tests/bench/results.sh` writes this file: nothing here is typed by hand. Seeds are fixed, so that the
same program gives the same figures. Intervals are 95 % Monte Carlo intervals (Wilson's).

END
    [ "$scale" = 1 ] || printf 'These figures are of a short run, at a scale of %s.\n\n' "$scale"
    for section in "${sections[@]}"; do cat "$work/$section"; done
} >tests/bench/RESULTS.md
