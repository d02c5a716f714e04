# Sourced by every test_*.sh: a scratch folder of its own, one call of abpost at a time, and checks
# that say what they saw. ABPOST is the binary, SOURCE the source tree.
set -u
: "${ABPOST:?the abpost to test}" "${SOURCE:?the source tree}"
unset ABPOST_CONFIG NO_COLOR COLUMNS LC_ALL LC_CTYPE
export LANG=C.UTF-8 TERM=xterm-256color

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
out=$scratch/.out err=$scratch/.err
failures=0
last=

abpost() { # runs it; status, $out and $err hold what came of it
    last="abpost $*"
    "$ABPOST" "$@" >"$out" 2>"$err" </dev/null
    status=$?
}

on_terminal() { # the same with both streams on a terminal; $out is what that terminal was sent
    last="abpost $* (on a terminal)"
    script -qec "$(printf '%q ' "$ABPOST" "$@")" /dev/null >"$out" 2>/dev/null </dev/null
    status=$?
    : >"$err"
}

fail() {
    printf 'FAIL: %s\n  after: %s\n' "$*" "$last"
    sed 's/^/  out: /' "$out" | head -n 20
    sed 's/^/  err: /' "$err" | head -n 20
    failures=$((failures + 1))
}

is() { # WHAT GOT EXPECTED
    [ "$2" = "$3" ] || fail "$1: '$2'; expected '$3'"
}
exits() { # STATUS
    [ "$status" -eq "$1" ] || fail "exit status $status; expected $1"
}
says() { # TEXT on stdout
    grep -qF -e "$1" "$out" || fail "not on stdout: $1"
}
complains() { # TEXT on stderr
    grep -qF -e "$1" "$err" || fail "not on stderr: $1"
}
says_nothing() {
    [ ! -s "$out" ] || fail "something is on stdout"
}
complains_of_nothing() {
    [ ! -s "$err" ] || fail "something is on stderr"
}
plain() { # no escape sequence, carriage return or other control character in a stream's file
    if LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$1"; then fail "control characters in ${1##*/.}"; fi
}
query() { # SQL over the JSON on stdout, in it called j; prints the answer
    sqlite3 :memory: "CREATE TABLE t(j); INSERT INTO t VALUES (CAST(readfile('$out') AS TEXT)); SELECT $1 FROM t;"
}
answers() { # SQL EXPECTED
    local got
    got=$(query "$1" 2>&1)
    [ "$got" = "$2" ] || fail "$1 is '$got'; expected '$2'"
}

finish() {
    if [ "$failures" -gt 0 ]; then
        echo "$failures failed"
        exit 1
    fi
    echo "all passed"
}
