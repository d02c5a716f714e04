# Sourced after tests/cli/lib.sh by the tests of whole experiments: a workspace in $world, a clock
# that this test moves by hand, and the checks that every such experiment must pass. All that abpost
# ever said is kept in $said, so that it can be searched for secrets.
world=$scratch/world
said=$scratch/said
: >"$said"
calls=0

clock() { # "DATE TIME" in the workspace's zone: moves the clock there
    now=$(TZ=$zone date -d "$1" +%s) || exit 1
    stamp=$(date -u -d "@$now" +%Y-%m-%dT%H:%M:%SZ)
}

at() { # COMMAND...: abpost in this workspace, at this time
    abpost -C "$world" --now "$stamp" "$@"
    calls=$((calls + 1))
    cat "$out" "$err" >>"$said"
}

write_posts() { # STYLE COUNT WORDS: texts that are told apart by their number
    local i
    mkdir -p "$world/posts/$1"
    for i in $(seq -w 1 "$2"); do echo "$3 $i of the $1 kind" >"$world/posts/$1/$i.txt"; done
}

ask_store() { # SQL: a row a line, columns apart by |
    sqlite3 -readonly -cmd '.timeout 10000' "$world/abpost.db" "$1"
}


# Posts that are out, as the store has them: ID, style, channel.
posts_of_store() {
    ask_store "SELECT r.remote_id, post.variant, post.channel FROM post
        JOIN attempt_result r ON r.attempt_id = post.attempt_id AND r.state = 'posted' ORDER BY 1"
}

# No post is open, lost or counted twice. $1: a file with the IDs of all posts that the server has, a line each.
same_posts() {
    posts_of_store | cut -d'|' -f1 >"$scratch/in-store"
    sort "$1" >"$scratch/on-server"
    sort -o "$scratch/in-store" "$scratch/in-store"
    diff "$scratch/on-server" "$scratch/in-store" >"$scratch/differ" ||
        fail "the server's posts (<) are not the store's (>): $(head -n 5 "$scratch/differ")"
    is "posts that are counted twice" "$(uniq -d "$scratch/in-store")" ""
    is "attempts that are still open" "$(ask_store "SELECT count(*) FROM attempt a WHERE COALESCE(
        (SELECT state FROM attempt_result r WHERE r.attempt_id = a.id ORDER BY id DESC LIMIT 1),
        'unknown') = 'unknown'")" 0
}

# The texts of the server's posts, a line each: every one once.
each_once() { # FILE
    is "texts that are posted twice" "$(sort "$1" | uniq -d)" ""
}

no_secret() { # NAME SECRET: it stands in nothing that abpost said, nor in its files, but for the one that keeps a session
    local where
    [ "${#2}" -ge 8 ] || fail "the secret $1 is too short to look for"
    grep -qF -e "$2" "$said" && fail "$1 was said"
    where=$(grep -rlF --exclude-dir=secrets -e "$2" "$world" | grep -v '/\.abpost/bluesky-')
    [ -z "$where" ] || fail "$1 stands in $where"
}
