#!/usr/bin/env bash
# Which share of each engine file's lines the tests reach, worst first, then the whole.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tests/install-packages.sh build tests
find build/coverage -name '*.gcda' -delete 2>/dev/null || true
cmake --workflow --preset coverage

find build/coverage -path '*abpost_engine.dir*' -name '*.gcda' -print0 |
    xargs -0 gcov --no-output --source-prefix "$PWD" --relative-only |
    awk '
    /^File / { file = $2; gsub(/\047/, "", file); next }
    /^Lines executed:/ && file ~ /^engine\// {
        split($0, part, /[:% ]+/)   # "Lines", "executed", share, "of", lines
        printf "%6.1f %%  %5d lines  %s\n", part[3], part[5], file | "sort -n"
        lines += part[5]
        reached += part[5] * part[3] / 100
    }
    { file = "" }
    END {
        if (lines == 0) { print "coverage: nothing was measured"; exit 1 }
        close("sort -n")
        printf "%6.1f %%  %5d lines  all of engine/\n", 100 * reached / lines, lines
    }'
