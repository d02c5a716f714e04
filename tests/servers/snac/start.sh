#!/usr/bin/env bash
# Sourced by tests that want a running snac: snac_start SNAC FOLDER USER... makes a server in FOLDER
# with these users, on a free port of 127.0.0.1, over plain http, and sets snac_url. Each user gets an
# access token in FOLDER/USER.token (mode 600), written into its storage as its own OAuth handler
# writes it; its password for the web interface is in FOLDER/USER.password. snac_stop ends it,
# snac_again starts the same storage on the same port. Where snac_preload names moved_clock.so, its
# clock can be moved: snac_clock SECONDS makes it now that time (since 1970).

snac_pid=
snac_preload=${snac_preload-}

snac_run() { # COMMAND...: by the clock that was moved
    env ${snac_preload:+LD_PRELOAD="$snac_preload" MOVED_CLOCK="$snac_folder/clock"} "$snac_binary" "$@"
}

snac_clock() { # one write over what is there: whoever looks sees the old time or the new one
    [ -e "$snac_folder/clock" ] || : >"$snac_folder/clock"
    printf '%020d\n' $(($1 - $(date +%s))) 1<>"$snac_folder/clock"
}

snac_free_port() { # bash can only try to connect: a port that refuses is free
    local port
    for _ in $(seq 50); do
        port=$((20000 + RANDOM % 12000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo $port
            return
        fi
    done
    return 1
}

snac_token() { # FOLDER USER: a new token of the user's
    local token
    token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    mkdir -p "$1/data/token"
    printf '{"token":"%s","client_id":"00","client_secret":"00","uid":"%s","code":"00"}\n' \
        "$token" "$2" >"$1/data/token/$token.json"
    (umask 077 && printf '%s\n' "$token" >"$1/$2.token")
}

snac_again() {
    # It ends with this script, and holds none of its streams.
    setpriv --pdeathsig TERM env ${snac_preload:+LD_PRELOAD="$snac_preload" MOVED_CLOCK="$snac_folder/clock"} \
        "$snac_binary" httpd "$snac_folder/data" </dev/null >>"$snac_folder/log" 2>&1 &
    snac_pid=$!
    for _ in $(seq 100); do
        if curl -fs -o /dev/null "$snac_url/api/v1/instance"; then return 0; fi
        kill -0 "$snac_pid" 2>/dev/null || break
        sleep 0.1
    done
    echo "snac did not start:" >&2
    tail -n 5 "$snac_folder/log" >&2
    return 1
}

snac_start() {
    local user port
    snac_binary=$1 snac_folder=$2
    shift 2
    port=$(snac_free_port) || return 1
    snac_url=http://127.0.0.1:$port
    # It asks for: address, port, host name, prefix, e-mail.
    printf '127.0.0.1\n%s\n127.0.0.1:%s\n\n\n' "$port" "$port" |
        "$snac_binary" init "$snac_folder/data" >/dev/null || return 1
    sed -i 's/"protocol": "https"/"protocol": "http"/' "$snac_folder/data/server.json"
    for user in "$@"; do
        "$snac_binary" adduser "$snac_folder/data" "$user" </dev/null 2>&1 |
            sed -n 's/^User password is //p' >"$snac_folder/$user.password"
        [ -s "$snac_folder/$user.password" ] || return 1
        snac_token "$snac_folder" "$user"
    done
    snac_again
}

snac_stop() {
    if [ -n "$snac_pid" ]; then
        kill "$snac_pid" 2>/dev/null
        wait "$snac_pid" 2>/dev/null
    fi
    snac_pid=
}
