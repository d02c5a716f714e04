#!/usr/bin/env bash
# Units for systemd and lines for cron: read as those two read them, and run.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

make_place() { # FOLDER: a workspace in it, and this abpost beside it
    mkdir -p "$1" && cd "$1" || exit 1
    printf '[abpost]\ntimezone = Europe/Paris\n\n[channel sky]\ntype = bluesky\nserver = https://bsky.social\naccount = a.example.com\npassword = env:SKY_PASSWORD\n' >abpost.ini
    printf "SKY_PASSWORD='a b\$c'\n" >abpost.env
    cp "$ABPOST" "./$2"
}

# Runs a service as systemd would: its folder, its environment and nothing else, its words.
run_service() { # FILE
    local -a words=() environment=()
    last="the ExecStart of $1"
    if ! perl "$here/unit_words.pl" <"$1" >"$scratch/words" 2>"$err"; then
        : >"$out"
        fail "systemd would refuse $1"
        return
    fi
    mapfile -d '' -t words <"$scratch/words"
    local folder=${words[0]} i=1
    while [ "${words[i]}" != ExecStart ]; do
        case ${words[i]} in
        EnvironmentFile=*)
            [ -r "${words[i]#*=}" ] || fail "no file ${words[i]#*=}"
            environment+=("$(sed "s/='\(.*\)'$/=\1/" "${words[i]#*=}")")
            ;;
        Environment=*) environment+=("${words[i]#*=}") ;;
        esac
        i=$((i + 1))
    done
    (cd "$folder" && exec env -i PATH=/usr/bin:/bin HOME="$scratch" ${environment[@]+"${environment[@]}"} \
        "${words[@]:i+1}") >"$out" 2>"$err" </dev/null
    status=$?
}

# Runs a line as cron would: by sh, from the home folder, a bare % ends it, \% is one.
run_cron() { # LINE
    local command
    last="the line of cron: $1"
    command=$(perl -e '$_ = shift; s/^(\S+\s+){5}// or die; s/(\\%)|%.*/$1 ? "%" : ""/ge; print' "$1")
    (cd / && exec env -i PATH=/usr/bin:/bin HOME="$scratch" /bin/sh -c "$command") >"$out" 2>"$err" </dev/null
    status=$?
}

verify() { # --user|--system FILE...
    last="systemd-analyze verify $*"
    : >"$out"
    if ! XDG_RUNTIME_DIR=$scratch systemd-analyze verify "$@" >"$err" 2>&1 || [ -s "$err" ]; then
        fail "systemd does not like the units"
    fi
}

command -v systemd-analyze >/dev/null ||
    echo "systemd-analyze is not here: the units are read by unit_words.pl alone"

number=0
for place in garden 'a 50% of $HOME' "it's \"here\"" 'naïve; & co #1'; do
    number=$((number + 1))
    cd "$scratch" || exit 1
    make_place "$place" 'ab post%n$X'
    ABPOST_HERE="$PWD/ab post%n\$X"
    for whose in user system; do
        mkdir $whose
        last="abpost timer --$whose -o $whose"
        "$ABPOST_HERE" timer --$whose -o $whose >"$out" 2>"$err"
        status=$?
        exits 0
        says "4 files written"
        says "daemon-reload"
        complains_of_nothing
        [ "$(find $whose -type f | wc -l)" = 4 ] || fail "$(find $whose -type f | wc -l) files"
        if command -v systemd-analyze >/dev/null; then verify --$whose $whose/*; fi
        for service in $whose/*.service; do
            run_service $service
            exits 0
        done
    done
    run_service user/*-tick.service
    complains "nothing is planned yet"
    last="abpost timer --format json"
    "$ABPOST_HERE" timer --format json >"$out" 2>"$err"
    status=$?
    exits 0
    answers "j->>'schema'" abpost.timer/1
    answers "json_array_length(j->'files')" 5
    query "j->>'\$.files[4].text'" >crontab
    [ "$(wc -l <crontab)" = 3 ] || [ "$(grep -c . crontab)" = 2 ] || fail "not two lines for cron"
    grep . crontab >"$scratch/lines"
    while IFS= read -r line <&3; do
        run_cron "$line"
        exits 0
        complains_of_nothing
    done 3<"$scratch/lines"
    grep -q '^\* \* \* \* \* cd .* -q tick$' crontab || fail "no tick every minute"
    grep -q '^0 3 \* \* \* cd .* -q nightly$' crontab || fail "no night"
    # What is broken is seen: the checks can fail.
    mv "$ABPOST_HERE" "$scratch/moved"
    run_service user/*-tick.service
    [ "$status" -ne 0 ] || fail "a program that is not there ran"
    run_cron "$(head -n 1 "$scratch/lines")"
    [ "$status" -ne 0 ] || fail "a program that is not there ran"
done
ls "$scratch"/garden/user | tr '\n' ' ' | grep -qx 'abpost-garden-nightly.service abpost-garden-nightly.timer abpost-garden-tick.service abpost-garden-tick.timer ' ||
    fail "other names: $(ls "$scratch"/garden/user)"

# What stands in them.
cd "$scratch/garden" || exit 1
abpost timer
exits 0
says "OnCalendar=*-*-* *:*:00"
says "AccuracySec=1s"
says "OnCalendar=*-*-* 03:00:00 Europe/Paris"
says "Persistent=true"
says "UMask=0077"
says "EnvironmentFile=$scratch/garden/abpost.env"
says "SKY_PASSWORD"
says "WorkingDirectory=$scratch/garden"
says "loginctl enable-linger"
if grep -qE '^(User|ProtectSystem|WantedBy=multi)' "$out"; then fail "a user's unit says what only the system's may"; fi
abpost timer --system --tick
exits 0
says "User=$(stat -c %U .)"
says "ProtectSystem=full"
if grep -q nightly "$out"; then fail "nightly was not asked for"; fi
abpost timer --nightly
exits 0
if grep -q ' tick$' "$out"; then fail "tick was not asked for"; fi

# A workspace file of another name; one without secrets of the environment.
mv abpost.ini 'other one.ini'
sed -i 's/env:SKY_PASSWORD/file:secret/' 'other one.ini'
last="ABPOST_CONFIG=other one.ini abpost timer -o user"
ABPOST_CONFIG="other one.ini" "$ABPOST" timer -o user >"$out" 2>"$err"
status=$?
exits 0
if grep -q EnvironmentFile user/*; then fail "an EnvironmentFile that nobody needs"; fi
rm abpost.env
run_service user/abpost-garden-tick.service
exits 0
complains "nothing is planned yet"

abpost timer
exits 65
complains "abpost.ini"
mv 'other one.ini' abpost.ini
abpost timer -o no/such/folder
exits 1
complains "mkdir -p no/such/folder"
abpost timer -o 'no such/folder'
exits 1
complains "mkdir -p 'no such/folder'"
abpost timer --user --system
exits 2
complains "--user and --system"
abpost timer --name 'a b'
exits 2
abpost timer --name -a
exits 2

# Two workspaces whose folders share a name: neither takes the other's units.
cd "$scratch" || exit 1
mkdir -p one two units
(make_place one/blog abpost)
(make_place two/blog abpost)
abpost -C one/blog timer -o "$scratch/units"
exits 0
cp -r units before
abpost -C two/blog timer -o "$scratch/units"
exits 1
says_nothing
complains "abpost-blog-tick.service: runs another workspace, $scratch/one/blog"
complains "--name NAME"
diff -r units before || fail "a unit of another workspace was touched"
rm units/*.service
abpost -C two/blog timer -o "$scratch/units"
exits 1
complains "abpost-blog-tick.timer: runs another workspace, $scratch/one/blog"
abpost -C two/blog timer --name blog-2 -o "$scratch/units"
exits 0
says "abpost-blog-2-tick.timer"
[ "$(ls units | tr '\n' ' ')" = 'abpost-blog-2-nightly.service abpost-blog-2-nightly.timer abpost-blog-2-tick.service abpost-blog-2-tick.timer abpost-blog-nightly.timer abpost-blog-tick.timer ' ] ||
    fail "other units: $(ls units)"
abpost -C one/blog timer -o "$scratch/units"
exits 0
abpost -C one/blog timer --nightly -o "$scratch/units"
exits 0
abpost -C two/blog timer --name blog-2
exits 0
says "abpost timer --user --name blog-2 -o ~/.config/systemd/user"
says "mkdir -p ~/.config/systemd/user"
# Two workspace files in one folder; what is no unit of abpost's at all.
cp one/blog/abpost.ini one/blog/'the "other".ini'
last="ABPOST_CONFIG=other abpost timer"
ABPOST_CONFIG="one/blog/the \"other\".ini" "$ABPOST" timer -o units >"$out" 2>"$err"
status=$?
exits 1
complains "runs another workspace file, $scratch/one/blog/abpost.ini"
echo mine >units/abpost-blog-tick.service
abpost -C one/blog timer -o "$scratch/units"
exits 1
complains "runs something else"
cd "$scratch/garden" || exit 1
abpost timer -o user --format json
exits 2
abpost timer now
exits 2
cd "$scratch" || exit 1
make_place $'new\nline' abpost
abpost timer
exits 65
complains "control character"
plain "$err"
says_nothing
cd "$scratch" || exit 1
make_place 'back\slash' abpost
abpost timer
exits 0
says '# No line for tick'
if grep -q '^\* \*' "$out"; then fail "a line that not every cron reads alike"; fi

finish
