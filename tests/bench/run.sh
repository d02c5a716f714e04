#!/usr/bin/env bash
# Builds the release and runs every bench, each of which prints its own ratios (this against that, on
# this machine, now): seconds alone would mean nothing elsewhere.
#   tests/bench/run.sh [BENCH...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

tests/install-packages.sh build tests
cmake --preset release >&2
cmake --build --preset release >&2

benches=("$@")
if [ ${#benches[@]} = 0 ]; then
    for source in tests/bench/bench_*.c; do benches+=("$(basename "$source" .c)"); done
fi
for bench in "${benches[@]}"; do
    echo "== $bench"
    "build/release/tests/$bench"
done
