#!/usr/bin/env bash
# What has no place in a released file: paths of the machine it was written on, hosts that packages
# happened to come from, notes to self, tabs and trailing blanks. CHECK_ROOT: check that folder.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/files.sh"

# Written so that no pattern matches its own line.
patterns='(^|[^A-Za-z0-9_.])/(work|root|home)/[A-Za-z0-9.]
[/]tmp/[A-Za-z0-9]
[.][.]/share[d]
\b(TOD[O]|FIXM[E]|XX[X]|HAC[K])\b
\b[Ff]or no[w]($|[^(A-Za-z0-9_])
(snapsho[t]|de[b])[.]debian[.]org
(pyp[i]|crate[s]|npmj[s]|golan[g])[.](org|io|com)
artifactor[y]|artifact-?registr[y]|[a-z]+[.]pkg[.]de[v]
<<<<<<[<]|>>>>>>[>]'

bad=0
files=$(project_files '*.c' '*.h' '*.sh' '*.md' '*.txt' '*.json' '*.ini' '.ci/*' '.clang*' 'LICENSE' |
    grep -v '^tests/fuzz/corpus/' || true)
[ -n "$files" ] || { echo "words: no files found" && exit 1; }

found() { # WHAT PATTERN: says where it stands, if anywhere
    if tr '\n' '\0' <<<"$files" | xargs -0 grep -nHIE -e "$2"; then
        echo "  ^ $1"
        bad=1
    fi
}

while IFS= read -r pattern; do
    found "has no place here: $pattern" "$pattern"
done <<<"$patterns"
found "blanks at the end of a line" '[[:blank:]]+$'
found "a tab; use spaces" $'^ *\t'

if [ $bad = 0 ]; then echo "words: $(wc -l <<<"$files") files, nothing out of place"; fi
exit $bad
