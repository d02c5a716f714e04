#!/usr/bin/env bash
# Installs the Debian packages that are missing, and only those:
#
#   tests/install-packages.sh build            what abpost is built from
#   tests/install-packages.sh build tests      ... and what its tests need
#   tests/install-packages.sh build tests checks
#   tests/install-packages.sh servers          the platforms' own servers, which tests/servers runs
#
# Needs root or sudo only when something is missing. Asks no question. Everything it says goes to
# stderr, so that a caller's stdout stays its own.
set -euo pipefail

packages_of() {
    case $1 in
    build)
        echo gcc libc6-dev cmake ninja-build pkg-config libsqlite3-dev libgsl-dev libinih-dev \
            libcurl4-openssl-dev libjansson-dev libutf8proc-dev libssl-dev tzdata
        ;;
    tests) echo libcmocka-dev sqlite3 pmccabe curl ;;
    checks) echo git clang clang-format clang-tidy libclang-rt-14-dev ;;
    servers)
        # Node from elsewhere (18 or newer) does as well, and then Debian's must not replace it.
        command -v node >/dev/null && command -v npm >/dev/null || echo nodejs npm
        echo g++ make python3 curl jq postgresql
        ;;
    *)
        echo "install-packages: unknown group '$1'; accepted: build, tests, checks, servers" >&2
        exit 2
        ;;
    esac
}

installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# apt-get as root: directly, or through sudo, which may ask for a password only where a person sits.
apt() {
    local -a become=()
    if [ "$(id -u)" -ne 0 ]; then
        become=(sudo)
        [ -t 0 ] || become+=(-n)
    fi
    "${become[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
        -o Dpkg::Use-Pty=0 "$@" >&2
}

install() {
    # --no-remove: never take away what this machine's owner put there.
    apt install --no-install-recommends --no-remove "$@"
}

# A machine that has never fetched its package lists knows no candidates; one whose lists are old
# asks for files that are gone. Both are cured by an update, which nobody else pays for.
fetch_and_install() {
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then return 1; fi
    if apt-cache show --no-all-versions "$@" >/dev/null 2>&1 && install "$@"; then return 0; fi
    apt update
    install "$@"
}

main() {
    local group package
    local -a wanted=() missing=()
    [ $# -gt 0 ] || set -- build
    for group in "$@"; do
        # shellcheck disable=SC2207 # package names have no spaces
        wanted+=($(packages_of "$group"))
    done
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        echo "install-packages: this is not a Debian system, so nothing is installed here; it needs" \
            "what Debian 12 calls: ${wanted[*]}" >&2
        return 0
    fi
    for package in "${wanted[@]}"; do
        installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    echo "installing ${#missing[@]} packages: ${missing[*]}" >&2
    fetch_and_install "${missing[@]}" || true
    for package in "${missing[@]}"; do
        installed "$package" && continue
        echo "install-packages: $package could not be installed (it needs root or sudo, and a Debian" \
            "mirror); by hand, as root: apt-get update && apt-get install ${missing[*]}" >&2
        return 1
    done
}

main "$@"
