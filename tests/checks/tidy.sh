#!/usr/bin/env bash
# clang-tidy over every file of the compilation database of a configured build folder, or over those
# whose paths match one of some regular expressions:
#   tests/checks/tidy.sh [BUILD_FOLDER [REGEX...]]      (build/dev when not named)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

build=${1:-build/dev}
[ -f "$build/compile_commands.json" ] || {
    echo "tidy: $build is not configured; run: cmake --preset dev"
    exit 1
}
log=$build/tidy.log
# It prints every command it runs; only what it found is worth reading.
if ! nice run-clang-tidy -p "$build" -quiet -j "$(nproc)" "${@:2}" >"$log" 2>&1; then
    grep -E -A4 '(warning|error):' "$log" || cat "$log"
    exit 1
fi
echo "tidy: $(grep -c '^clang-tidy' "$log") files, nothing found"
