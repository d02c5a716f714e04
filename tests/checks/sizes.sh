#!/usr/bin/env bash
# Functions of at most 70 lines and a cyclomatic complexity of at most 15, files of at most 700
# lines. CHECK_ROOT: check that folder instead.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/files.sh"

max_lines=70 max_complexity=15 max_file=700

command -v pmccabe >/dev/null || {
    echo "sizes: pmccabe is missing; run: tests/install-packages.sh tests"
    exit 1
}
sources=$(project_files '*.c' '*.h')
[ -n "$sources" ] || { echo "sizes: no source files found" && exit 1; }

bad=0
while IFS= read -r file; do
    lines=$(wc -l <"$file")
    if [ "$lines" -gt $max_file ]; then
        echo "$file: $lines lines; at most $max_file"
        bad=1
    fi
done <<<"$sources"

# pmccabe: complexity (a switch counts once), the same with every case, statements, first line,
# lines, file(line): name
functions=$(grep '\.c$' <<<"$sources" | tr '\n' '\0' | xargs -0 pmccabe)
awk -F '\t' -v max_lines=$max_lines -v max_complexity=$max_complexity '
    $5 > max_lines { print $6 ": " $5 " lines; at most " max_lines; bad = 1 }
    $1 > max_complexity { print $6 ": complexity " $1 "; at most " max_complexity; bad = 1 }
    { n++ }
    END {
        if (n == 0) { print "sizes: pmccabe found no function"; bad = 1 }
        if (!bad) print "sizes: " n " functions within bounds"
        exit bad
    }' <<<"$functions" || bad=1
exit $bad
