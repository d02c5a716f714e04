# Sourced after tests/cli/lib.sh by tests that need the misbehaving server (README.md), one at a time.
# HOSTILE is the binary, which tests/CMakeLists.txt hands to every tests/cli/test_*.sh.
: "${HOSTILE:?the server tests/servers builds}"

hostile_pid=

# It is stopped whatever becomes of the test: when bash ends, and when bash itself is killed (the
# parent's death is a signal to it). It holds none of the test's streams, since ctest waits until
# the last process has closed them.
hostile_start() { # OPTION...: sets hostile_port, hostile_url and hostile_pid; hostile_stop ends it
    local line
    hostile_errors=$scratch/hostile-errors
    exec {hostile_from}< <(exec setpriv --pdeathsig KILL "$HOSTILE" "$@" </dev/null 2>"$hostile_errors")
    hostile_pid=$!
    if ! read -r line <&"$hostile_from"; then
        echo "the misbehaving server does not start: $(head -n 3 "$hostile_errors")"
        return 1
    fi
    exec {hostile_from}<&-
    hostile_port=$line hostile_url=http://127.0.0.1:$line
}

hostile_stop() {
    [ -n "$hostile_pid" ] || return 0
    kill "$hostile_pid" 2>/dev/null
    wait "$hostile_pid" 2>/dev/null
    hostile_pid=
    # What it complained of (a sanitizer's finding, above all) is a failure of the test's ground.
    [ ! -s "$hostile_errors" ] || fail "the misbehaving server said: $(head -n 20 "$hostile_errors")"
}

hostile_end() { # as the test ends, which is a failure when the server has complained by then
    local ended=$?
    hostile_stop
    rm -rf "$scratch"
    [ "$failures" = 0 ] || exit 1
    exit "$ended"
}
trap hostile_end EXIT

hostile_ask() { # METHOD PATH [BODY]: prints the answer's body; fails when the status is not 200
    local line status
    exec {hostile_to}<>"/dev/tcp/127.0.0.1/$hostile_port" || return 1
    printf '%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s' \
        "$1" "$2" "$(printf %s "${3-}" | wc -c)" "${3-}" >&"$hostile_to"
    read -r _ status _ <&"$hostile_to"
    while IFS= read -r line <&"$hostile_to" && [ "$line" != $'\r' ]; do :; done
    cat <&"$hostile_to"
    exec {hostile_to}<&-
    [ "$status" = 200 ]
}

hostile_tell() { # PATH BODY: such as /_fault 'path=/statuses do=drop commit=yes'
    hostile_ask POST "$1" "$2" >/dev/null
}
