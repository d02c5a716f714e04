#!/usr/bin/env bash
# README.md is true: every ```sh block runs, in order, in a fresh folder that holds experiments/ as a
# clone does, with the real abpost in PATH, and must exit with 0, or with N where the fence says
# "```sh exit=N". A "```text output" block is what the ```sh block before it printed on stdout, byte
# for byte but for blanks at the ends of lines. Every `abpost COMMAND` in backquotes must be one that
# help knows. ABPOST: the binary; SOURCE: the project's folder.
set -euo pipefail
: "${ABPOST:?}" "${SOURCE:?}"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/bin"
ln -s "$ABPOST" "$scratch/bin/abpost"

run_block() { # FILE EXPECTED-STATUS: runs script, leaves stdout in $scratch/stdout
    local status=0
    (
        cd "$scratch/folder"
        env -u ABPOST_CONFIG -u COLUMNS PATH="$scratch/bin:$PATH" HOME="$scratch" LC_ALL=C.UTF-8 \
            bash -eu "$scratch/script" >"$scratch/stdout" 2>"$scratch/stderr" </dev/null
    ) || status=$?
    [ "$status" = "$2" ] && return 0
    echo "$1: exits $status, not $2:"
    sed 's/^/  /' "$scratch/script" "$scratch/stderr"
    return 1
}

# One fenced block, already in $scratch/script.
check_block() { # FILE:LINE INFO
    case $2 in
    sh) run_block "$1" 0 ;;
    sh\ exit=*) run_block "$1" "${2#sh exit=}" ;;
    text\ output)
        sed -i 's/[[:blank:]]*$//' "$scratch/stdout"
        diff -u --label "$1" --label "what abpost prints" "$scratch/script" "$scratch/stdout"
        ;;
    ini | text) ;;
    *)
        echo "$1: a block that says '$2' is not tested; accepted: sh, sh exit=N, text output, ini, text"
        return 1
        ;;
    esac
}

check_readme() { # FILE: prints what is not true, and how many blocks ran
    local file=$1 line info='' number=0 start=0 blocks=0 bad=0 inside=no command
    rm -rf "$scratch/folder"
    mkdir "$scratch/folder"
    cp -R "$SOURCE/experiments" "$scratch/folder"
    : >"$scratch/stdout"
    while IFS= read -r line; do
        number=$((number + 1))
        if [ $inside = no ] && [[ $line == '```'* ]]; then
            inside=yes info=${line#'```'} start=$number
            : >"$scratch/script"
        elif [ $inside = yes ] && [ "$line" = '```' ]; then
            inside=no
            check_block "$file:$start" "$info" || bad=1
            [[ $info == sh* ]] && blocks=$((blocks + 1))
        elif [ $inside = yes ]; then
            printf '%s\n' "$line" >>"$scratch/script"
        fi
    done <"$file"
    for command in $(grep -oE '`abpost [a-z]+' "$file" | cut -d' ' -f2 | sort -u); do
        "$ABPOST" help "$command" >/dev/null 2>&1 || {
            echo "$file: names \`abpost $command\`, which help does not know"
            bad=1
        }
    done
    [ $inside = no ] || { echo "$file:$start: the block does not end" && bad=1; }
    [ $blocks -gt 0 ] || { echo "$file: no \`\`\`sh block" && bad=1; }
    echo "$file: $blocks blocks ran"
    return $bad
}

# ---- the test itself: each of these is not true, and must be found ----
refuses() { # WHAT-IT-MUST-SAY README-LINE...
    local expected=$1 out
    shift
    printf '%s\n' "$@" >"$scratch/README"
    if out=$(check_readme "$scratch/README" 2>&1) || ! grep -qF -- "$expected" <<<"$out"; then
        printf 'the test passes what it should refuse (%s):\n%s\n' "$expected" "$out"
        exit 1
    fi
}
refuses 'exits 1, not 0' '```sh' 'false' '```'
refuses 'exits 0, not 65' '```sh exit=65' 'true' '```'
refuses '-no' '```sh' 'echo yes' '```' 'prints' '```text output' 'no' '```'
refuses 'not tested' '```sh' 'true' '```' '```console' '$ anything' '```'
refuses 'no ```sh block' 'nothing to run'
refuses 'does not end' '```sh' 'true' '```' '```sh' 'false'
refuses 'help does not know' '```sh' 'true' '```' 'then `abpost frobnicate` does it'

check_readme "$SOURCE/README.md"
