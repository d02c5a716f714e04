#!/usr/bin/env bash
# Installs the reference server into FOLDER, unless just that is there already:
#
#   tests/servers/bluesky/install.sh FOLDER
#
# Needs node 18 or newer and npm (tests/install-packages.sh servers), a compiler for SQLite, and the
# npm registry; the versions are those of package-lock.json. Two at once wait for each other. What
# it says goes to stderr.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=${1:?usage: install.sh FOLDER}
exec >&2

for program in node npm; do
    command -v $program >/dev/null || { echo "install: $program is missing: tests/install-packages.sh servers" && exit 1; }
done
mkdir -p "$folder"
cd "$folder"
exec 9>.lock
flock 9
wanted=$(cat "$here/package-lock.json" "$here/install.sh" | sha256sum)-$(node --version)
if [ "$(cat .installed 2>/dev/null)" = "$wanted" ]; then exit 0; fi

started=$SECONDS
rm -f .installed
cp "$here/package.json" "$here/package-lock.json" .
# No package's own install script runs: they would ask hosts that nobody may reach, and wait for
# them. The one thing that must be compiled is SQLite, against node's own headers.
npm ci --ignore-scripts --omit=dev --no-audit --no-fund --loglevel=error
headers=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
[ -e "$headers/include/node/node.h" ] || {
    echo "install: node's headers are not in $headers/include/node (Debian: libnode-dev)"
    exit 1
}
# Half the time of -O3, for a server that a test talks to.
(
    cd node_modules/better-sqlite3
    CFLAGS=-O1 CXXFLAGS=-O1 JOBS=2 npm_config_nodedir=$headers npm run --silent build-release >build.log 2>&1 ||
        { tail -n 30 build.log && exit 1; }
)
node -e 'new (require("better-sqlite3"))(":memory:").prepare("SELECT 1").get()'
printf '%s' "$wanted" >.installed
echo "bluesky: installed in $((SECONDS - started)) s"
