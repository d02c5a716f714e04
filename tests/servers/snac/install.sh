#!/usr/bin/env bash
# Puts the ActivityPub server snac (Debian package snac2) into a folder and prints its path:
#   tests/servers/snac/install.sh FOLDER
# Debian 12 has it in bookworm-backports. The mirror is the one that this machine already gets Debian
# from; its own apt configuration, lists and packages stay as they are, and no root is needed: the
# package is fetched with lists of its own and unpacked into FOLDER. What it needs besides libc
# (libcurl, libssl) abpost needs as well.
set -euo pipefail

[ $# = 1 ] || { echo "usage: tests/servers/snac/install.sh FOLDER" >&2 && exit 2; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)
snac=$folder/root/usr/bin/snac
apt=$folder/apt

give_up() {
    echo "snac: $1" >&2
    echo "snac: by hand: unpack the package snac2 (bookworm-backports) so that $snac is there" >&2
    exit 1
}
apt_get() { # with lists and archives of its own; what it says goes to stderr
    apt-get -q -o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt/cache" \
        -o APT::Sandbox::User="$(id -un)" "$@" 2>&1 | sed 's/^/snac: /' >&2
}
mirror() { # the address that Debian itself comes from here
    apt-get "$@" indextargets --format '$(CODENAME) $(LABEL) $(REPO_URI)' 'Created-By: Packages' |
        awk -v codename="$codename" '$1 == codename && $2 == "Debian" { print $3; exit }'
}

if [ ! -x "$snac" ]; then
    command -v apt-get >/dev/null || give_up "this is not a Debian system"
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    [ -n "$codename" ] || give_up "/etc/os-release names no release"
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
    uri=$(mirror)
    if [ -z "$uri" ]; then # a machine that has no lists yet
        apt_get update || give_up "the package lists could not be fetched"
        uri=$(mirror -o Dir::State::Lists="$apt/lists")
    fi
    [ -n "$uri" ] || give_up "no source of Debian $codename is configured here"
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    [ -e "$keyring" ] && signed="[signed-by=$keyring]" || signed=
    echo "deb $signed $uri $codename-backports main" >"$apt/sources.list"
    backports=(-o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=-)
    apt_get "${backports[@]}" update || give_up "$codename-backports could not be fetched"
    (cd "$apt" && apt_get "${backports[@]}" download snac2) ||
        give_up "$codename-backports has no snac2 that can be fetched"
    for package in "$apt"/snac2_*.deb; do
        [ -e "$package" ] || give_up "snac2 was not fetched"
        dpkg-deb -x "$package" "$folder/unpacked" || give_up "$package can't be unpacked"
    done
    rm -rf "$folder/root"
    mv "$folder/unpacked" "$folder/root"
    rm -rf "$apt"
fi
says=$("$snac" 2>&1 || true) # asked nothing, it says its version and how to call it, and fails
[[ $says == "snac "[0-9]* ]] || give_up "$snac does not run: ${says%%$'\n'*}"
echo "$snac"
