#!/usr/bin/env bash
# From a bare Debian 12 to the verdict on a real experiment: installs what is missing, builds a
# release, evaluates. The result is on stdout, everything else on stderr; the exit status is abpost's.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
quietly() { # what it prints matters only when it fails
    "$@" >"$log" 2>&1 || { cat "$log" >&2 && return 1; }
}

tests/install-packages.sh build
echo "Building abpost (a minute the first time) ..." >&2
# Without the tests, which need more packages; a folder that is configured stays as it is.
[ -f build/release/build.ninja ] || quietly cmake --preset release -DBUILD_TESTING=OFF
quietly cmake --build --preset release --target abpost

experiment=experiments/question-2019/question-2019.ini
cat >&2 <<TEXT

Does a post that asks for comments earn more of them? In 2019, 14 accounts posted 22 times each: 11
with the appeal, 11 without, in random order. These are their real posts. The same by hand:

  build/release/abpost evaluate $experiment

TEXT
status=0
build/release/abpost evaluate "$experiment" || status=$?
cat >&2 <<TEXT

What the verdicts mean is in README.md. Your own experiment: build/release/abpost help init
TEXT
exit $status
