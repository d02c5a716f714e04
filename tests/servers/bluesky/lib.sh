# Sourced by the tests that run a connector against the reference Bluesky server: starts and stops
# it, and asks for what happened there. Needs DRIVE, SERVERS and SOURCE (tests/CMakeLists.txt).
[ -n "${scratch-}" ] || scratch=$(mktemp -d) # a test of the whole binary has one already
failures=0 checks=0
server_pid='' server_in=''

stop_server() {
    [ -n "$server_pid" ] || return 0
    exec {server_in}>&-
    wait "$server_pid" || true
    server_pid=''
}

clean_up() {
    stop_server
    rm -rf "$scratch"
}
trap clean_up EXIT

# start_server OPTION...: sets pds, appview and control. It ends by itself when this script does, whatever way.
start_server() {
    local line='' tries
    rm -f "$scratch/in" "$scratch/ready"
    mkfifo "$scratch/in"
    (cd "$SERVERS/bluesky" && exec node "$SOURCE/tests/servers/bluesky/start.mjs" "$@") \
        <"$scratch/in" >"$scratch/ready" 2>"$scratch/server.log" &
    server_pid=$!
    exec {server_in}>"$scratch/in"
    for ((tries = 0; tries < 600; tries++)); do
        line=$(head -n 1 "$scratch/ready")
        [ -z "$line" ] || break
        kill -0 "$server_pid" 2>/dev/null || break
        sleep 0.2
    done
    [ -n "$line" ] || { echo "the server does not come up:" && tail -n 30 "$scratch/server.log" && exit 1; }
    pds=$(jq -r .pds <<<"$line") appview=$(jq -r .appview <<<"$line") control=$(jq -r .control <<<"$line")
    echo "server: up in $(jq .seconds <<<"$line") s"
}

deed() { # NAME JSON: what the control port answers
    curl -sS --max-time 120 -X POST -d "${2:-{\}}" "$control/$1"
}

# new_account HANDLE: sets handle, did, PASSWORD (an app password) and root (an empty folder)
new_account() {
    local account
    account=$(deed accounts "{\"handle\":\"$1\"}")
    handle=$1 did=$(jq -r .did <<<"$account")
    [ "$did" != null ] || { echo "no account $1: $account" && exit 1; }
    export PASSWORD
    PASSWORD=$(jq -r .appPassword <<<"$account")
    root=$(mktemp -d "$scratch/root-XXXXXX")
}

drive() {
    "$DRIVE" --type bluesky --server "$pds" --account "$handle" --password env:PASSWORD \
        --root "$root" "$@"
}

number=0
prepare() { # FILE OPTION...: a request with a new key; sets key
    local file=$1
    shift
    number=$((number + 1))
    key=$(drive --number $number key | jq -r .key)
    drive --key "$key" --made-at "$(date +%s)" --request "$file" "$@" prepare
}

send() { # FILE
    drive --key "$key" --request "$1" send
}

find_post() { # FILE
    drive --key "$key" --request "$1" --sent-at "$(date +%s)" find
}

check() { # WHAT JSON FILTER: the filter must hold of the JSON
    checks=$((checks + 1))
    if jq -e "$3" >/dev/null 2>&1 <<<"$2"; then return 0; fi
    failures=$((failures + 1))
    echo "FAILED: $1"
    echo "  wanted: $3"
    echo "  was:    $2"
}

count_posts() {
    deed posts "{\"did\":\"$did\"}" | jq '.posts | length'
}

# Whatever the server ever handed out or was told must not stand in what a person gets to see.
no_secrets() { # TEXT
    local secret
    checks=$((checks + 1))
    for secret in "$PASSWORD" $(jq -r '.accessJwt, .refreshJwt' "$root"/.abpost/bluesky-????????????????????????????????); do
        if grep -qF -- "$secret" <<<"$1"; then
            failures=$((failures + 1))
            echo "FAILED: a secret is shown: $1"
        fi
    done
}

conclude() {
    echo "$checks checks, $failures failed"
    [ "$failures" = 0 ]
}
