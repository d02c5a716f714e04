# Sourced by tests that need the misbehaving server (README.md). HOSTILE is the binary, which
# tests/CMakeLists.txt hands to every tests/cli/test_*.sh.
: "${HOSTILE:?the server tests/servers builds}"

hostile_start() { # OPTION...: sets hostile_port, hostile_url and hostile_pid; hostile_stop ends it
    local line
    exec {hostile_from}< <(exec "$HOSTILE" "$@")
    hostile_pid=$!
    read -r line <&"$hostile_from" || return 1
    exec {hostile_from}<&-
    hostile_port=$line hostile_url=http://127.0.0.1:$line
}

hostile_stop() {
    kill "$hostile_pid" 2>/dev/null
    wait "$hostile_pid" 2>/dev/null
    return 0
}

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
