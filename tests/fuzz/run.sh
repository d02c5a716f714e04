#!/usr/bin/env bash
# Fuzzes each target for SECONDS (60 when not named), or only the targets named:
#   tests/fuzz/run.sh [SECONDS [TARGET...]]
# It starts from a copy of the corpus, so the tracked one only grows by hand: what libFuzzer finds is
# kept in build/fuzz/found/TARGET; add an input that taught something to tests/fuzz/corpus/TARGET.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

seconds=${1:-60}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || { echo "usage: tests/fuzz/run.sh [SECONDS [TARGET...]]" >&2 && exit 2; }
shift || true
tests/install-packages.sh build tests checks
cmake --preset fuzz
cmake --build --preset fuzz

targets=("$@")
if [ ${#targets[@]} = 0 ]; then
    for source in tests/fuzz/fuzz_*.c; do targets+=("$(basename "$source" .c)"); done
fi
status=0
for target in "${targets[@]}"; do
    found=build/fuzz/found/$target
    mkdir -p "$found"
    cp -R "tests/fuzz/corpus/$target/." "$found"
    echo "== $target: $seconds s"
    # An input may take 10 s and 1 GiB at the very most; a crash is kept beside the inputs.
    if ! "build/fuzz/tests/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
        -artifact_prefix="build/fuzz/found/$target-" -print_final_stats=1 "$found"; then
        echo "== $target: FAILED; the input is build/fuzz/found/$target-*"
        status=1
    fi
done
exit $status
