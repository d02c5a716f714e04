#!/usr/bin/env bash
# Every .c and .h reads as .clang-format says.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/files.sh"

sources=$(project_files '*.c' '*.h')
[ -n "$sources" ] || { echo "format: no source files found" && exit 1; }
tr '\n' '\0' <<<"$sources" | xargs -0 clang-format --dry-run -Werror
echo "format: $(wc -l <<<"$sources") files as .clang-format says"
