#!/usr/bin/env bash
# A check that cannot fail checks nothing: each mistake is planted in a small project of its own, and
# the check must name it. A clean project must pass.
set -euo pipefail
checks=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export CHECK_ROOT="$scratch/a project"
failures=0

fresh() { # a small clean project: stats and config stand on base, evaluate on stats, cli on evaluate
    rm -rf "$CHECK_ROOT"
    mkdir -p "$CHECK_ROOT"/engine/{base,config,stats,evaluate,cli} "$CHECK_ROOT/include/abpost"
    cd "$CHECK_ROOT"
    touch include/abpost/{error,fit,config,verdict}.h
    echo 'int main(void) { return 0; }' >engine/main.c
    echo '#include "abpost/error.h"' >engine/base/error.c
    printf '#include "abpost/fit.h"\n#include "abpost/error.h"\n#include "grid.h"\n#include <math.h>\n' \
        >engine/stats/fit.c
    touch engine/stats/grid.h
    echo '#include "abpost/config.h"' >engine/config/keys.c
    printf '#include "abpost/verdict.h"\n#include "abpost/config.h"\n#include "abpost/fit.h"\n' \
        >engine/evaluate/verdict.c
    printf '#include "abpost/verdict.h"\nint f(int x)\n{\n    return x;\n}\n' >engine/cli/command.c
}

passes() { # CHECK
    if ! out=$("$checks/$1.sh" 2>&1); then
        echo "FAIL: $1 refuses a clean project:" && echo "$out" && failures=$((failures + 1))
    fi
}

refuses() { # CHECK WHAT-IT-MUST-SAY
    if out=$("$checks/$1.sh" 2>&1); then
        echo "FAIL: $1 passes; expected: $2" && failures=$((failures + 1))
    elif ! grep -qF -- "$2" <<<"$out"; then
        echo "FAIL: $1 does not say '$2', but:" && echo "$out" && failures=$((failures + 1))
    fi
}

# ---- include direction ----
fresh
passes includes
echo '#include "abpost/verdict.h"' >>engine/stats/fit.c
refuses includes 'engine/stats/fit.c:5: stats may not include evaluate (abpost/verdict.h)'
fresh
echo '  #  include "abpost/config.h"' >>engine/stats/fit.c # a sibling
refuses includes 'stats may not include config'
fresh
echo '#include "abpost/config.h"' >>include/abpost/error.h # through a public header
refuses includes 'include/abpost/error.h:1: base may not include config'
fresh
echo '#include "stats/grid.h"' >>engine/base/error.c # into a folder's private header
refuses includes 'base may not include stats (stats/grid.h)'
fresh
echo '#include "../cli/private.h"' >>engine/evaluate/verdict.c && touch engine/cli/private.h
refuses includes 'is no file of this project'
fresh
echo '#include "grid.h"' >>include/abpost/fit.h && echo '#include "abpost/fit.h"' >>engine/stats/grid.h
echo '#include "stats/grid.h"' >include/abpost/fit.h
refuses includes 'circle: '
fresh
touch include/abpost/orphan.h
refuses includes 'include/abpost/orphan.h: belongs to no known folder'
fresh
mkdir engine/misc && touch engine/misc/all.c
refuses includes 'belongs to no known folder (misc)'
fresh
touch engine/cli/fit.c
refuses includes 'both have a fit.c'
rm -rf "$CHECK_ROOT"/{engine,include}
refuses includes 'no source files found'

# ---- sizes ----
lines() { # COUNT TEXT
    awk -v n="$1" -v text="$2" 'BEGIN { while (n-- > 0) print text }'
}
function_of() { # COUNT STATEMENT: a function with that many lines like it
    fresh
    { echo 'void g(int x)' && echo '{' && lines "$1" "$2" && echo '}'; } >>engine/cli/command.c
}
fresh
passes sizes
function_of 67 'f(x);'
passes sizes
function_of 68 'f(x);'
refuses sizes 'engine/cli/command.c(6): g: 71 lines; at most 70'
function_of 14 'if (x) f(x);'
passes sizes
function_of 15 'if (x) f(x);'
refuses sizes 'engine/cli/command.c(6): g: complexity 16; at most 15'
fresh
lines 701 '' >include/abpost/fit.h
refuses sizes 'include/abpost/fit.h: 701 lines; at most 700'

# ---- words ----
plant() { fresh && printf '/* %s */\n' "$1" >>engine/cli/command.c; }
fresh
passes words
for word in "TO""DO: later" "FIX""ME" "see /wo""rk/main/x" "/ro""ot/.profile" "/tm""p/wt/cli" \
    "http://pyp""i.org/simple" "deb.deb""ian.org" "good enough for n""ow." "../sha""red/data"; do
    plant "$word"
    refuses words 'engine/cli/command.c:6:'
done
plant 'now: env->now() is the clock; /framework/x, network/work, a workflow'
passes words
printf 'int a; \n' >>engine/cli/command.c
refuses words 'blanks at the end of a line'

if [ $failures != 0 ]; then exit 1; fi
echo "every check refuses what it is there to refuse"
