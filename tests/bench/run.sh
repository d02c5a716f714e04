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
    benches+=(bench_load)
fi
for bench in "${benches[@]}"; do
    echo "== $bench"
    if [ -e "tests/bench/$bench.sh" ]; then
        ABPOST=$PWD/build/release/abpost HOSTILE=$PWD/build/release/tests/hostile SOURCE=$PWD \
            bash "tests/bench/$bench.sh"
    else
        "build/release/tests/$bench"
    fi
done
