#!/usr/bin/env bash
# Every test of abpost, from a bare Debian 12 on: installs what is missing, builds, tests.
#
# Two builds, because two kinds of tests want different ones:
#   build/dev      ASan and UBSan; every test but the statistical simulations (label `statistics`:
#                  tests/unit/test_*_sim.c and test_sbc*.c), which there would take many minutes, and
#                  those against real servers (label `real`)
#   build/release  as users run it; every test, the simulations and the real servers too
# So every test runs at least once, most run in both, and either one failing is a failure here.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tests/install-packages.sh build tests servers
jobs=$(($(nproc) + 1)) # many tests wait for a server more than they compute
log=$(mktemp)
trap 'rm -f "$log"' EXIT

stage() { # PRESET: builds and tests it; keeps ctest's words
    echo "== $1: build"
    cmake --preset "$1"
    cmake --build --preset "$1"
    echo "== $1: test"
    ctest --preset "$1" -j "$jobs" 2>&1 | tee "$log"
}

closing() { # what ctest said at its end
    grep -E '^([0-9]+% tests passed|Total Test time)' "$log"
}

started=$SECONDS
stage dev
dev=$(closing)
dev_seconds=$((SECONDS - started))
stage release
release=$(closing)

echo
echo "build/dev (sanitizers), built and tested in ${dev_seconds} s:"
echo "$dev"
echo "build/release (the simulations too), built and tested in $((SECONDS - started - dev_seconds)) s:"
echo "$release"
