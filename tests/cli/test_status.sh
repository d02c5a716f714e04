#!/usr/bin/env bash
# What is stuck and what to do about it; how far everything is; what comes next.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/posts.sh"

now=2026-12-08T09:00:00Z # a Tuesday, ten in the morning in Paris
status_now() { abpost status --now $now "$@"; }
narrow() { [ "$(wc -L <"$out")" -le 80 ] || fail "a line of $(wc -L <"$out") columns"; }
stuck() { # KIND WHAT: a member of the one entry of that kind, as JSON has it
    query "(SELECT e.value->>'$2' FROM json_each(j,'\$.stuck') e WHERE e.value->>'kind' = '$1')"
}
stuck_is() { # KIND WHAT EXPECTED
    local got
    got=$(stuck "$1" "$2")
    [ "$got" = "$3" ] || fail "$2 of $1 is '$got'; expected '$3'"
}
not_stuck() { # KIND
    local got
    got=$(query "(SELECT count(*) FROM json_each(j,'\$.stuck') e WHERE e.value->>'kind' = '$1')")
    [ "$got" = 0 ] || fail "$1 is stuck"
}

# No workspace, no experiment, no post, no plan: each says what to do next.
status_now
exits 65
complains "abpost init"
mkdir empty && cd empty || exit 1
printf '[abpost]\ntimezone = Europe/Paris\n' >abpost.ini
status_now
exits 0
says "Nothing is stuck."
says "experiments/NAME.ini"
[ ! -e abpost.db ] || fail "status made a database"
cd .. || exit 1
make_workspace garden
status_now
exits 0
says "Next: write its posts"
says "abpost plan winter"
printf 'A draft\n' >posts/question/b.txt
status_now
says "abpost approve"
narrow
complains_of_nothing

# A busy place.
make_store
printf 'status: approved\n\nWhat do you see?\n' >posts/question/a.txt
printf 'status: approved\n\nWhat do you hear?\n' >posts/question/c.txt
printf 'status: held\n\nWhat now?\n' >posts/question/d.txt
printf 'status: maybe\n\nWhat now?\n' >posts/question/e.txt
printf 'status: approved\n\nOnce upon a time\n' >posts/story/a.txt
plan_block winter paper "question 2026-12-01 09:00" "story 2026-12-01 18:30"  # 1 2
plan_block winter sky "story 2026-12-02 09:00" "question 2026-12-02 18:30"    # 3 4
plan_block winter paper "story 2026-12-07 08:00" "question 2026-12-08 08:30"  # 5 6
plan_block winter paper "story 2026-12-10 08:00" "question 2026-12-11 08:30"  # 7 8
plan_block winter sky "story 2026-12-09 08:00" "question 2026-12-12 08:30"    # 9 10
plan_block winter gone "story 2026-12-09 08:00" "question 2026-12-12 08:30"   # 11 12
plan_block winter sky "story 2026-12-03 08:00" "question 2026-12-03 18:30"    # 13 14
plan_block winter sky "story 2026-11-03 08:00" "question 2026-11-03 18:30"    # 15 16
plan_block winter paper "story 2026-12-06 22:30" "question 2026-12-06 23:30"  # 17 18
posted 1 posts/question/a.txt '2026-12-01 09:00:05' https://example.com/1
posted 2 posts/story/z.txt '2026-12-01 18:30:05' https://example.com/2
attempt 3 posts/story/y.txt '2026-12-02 09:00:00'
settle 3 unknown '2026-12-02 09:00:30' 'the answer was lost'
attempt 4 posts/story/y.txt '2026-12-02 18:30:00'
attempt 5 posts/story/y.txt '2026-12-07 08:00:00'
settle 5 handed '2026-12-07 08:00:00' - outbox/paper/3kabcdefghi5.txt
dropped 13 missed '2026-12-04 08:00:00' 'its time passed a day ago'
dropped 14 redrawn '2026-12-04 08:00:00' 'its time passed a day ago'
dropped 15 missed '2026-11-04 08:00:00' 'long ago'
dropped 16 empty '2026-12-04 08:00:00' 'question has no approved post left for sky'
posted 17 posts/story/x.txt '2026-12-06 22:30:00' https://example.com/17     # Sunday in Paris
posted 18 posts/question/x.txt '2026-12-06 23:30:00' https://example.com/18  # Monday there
store "INSERT INTO sign_in VALUES (NULL, 'sky', strftime('%s', '2026-12-05'), 1, 'the password is wrong');
    INSERT INTO sign_in VALUES (NULL, 'paper', strftime('%s', '2026-12-05'), 1, 'not this one');
    INSERT INTO sign_in VALUES (NULL, 'paper', strftime('%s', '2026-12-06'), 0, NULL);
    INSERT INTO decision SELECT NULL, id, 'question', 'repeat', strftime('%s', '2026-12-07'),
        'It earns twice as much.' FROM experiment WHERE name = 'winter';
    INSERT INTO analysis SELECT NULL, id, 'h' || n, strftime('%s', '2026-12-0' || n) FROM experiment,
        (SELECT 1 AS n UNION SELECT 4) WHERE name = 'winter';"
printf '[experiment]\nbaselin = x\n' >experiments/broken.ini

status_now
exits 3
complains "2 things need a person"
narrow
says "2 of them need you"
says "Post 3 (winter, story on sky)"
says "https://bsky.app/profile/brand.example.com"
says "    abpost resolve 3 --posted URL"
says "    abpost resolve 3 --not-posted"
says "the password"
says "experiments/broken.ini"
says "[channel gone]"
says "outbox/paper/3kabcdefghi5.txt"
says "    post,replies,likes,unfollows"
says "    abpost import winter --readings FILE.csv"
says "4 of 40 posts out, 0 with their numbers"
says "question  2 out, 2 ready, 1 to approve, 1 held, 1 with mistakes"
says "story     2 out, 1 ready"
says "Decided mon 2026-12-07 01:00: repeat question. It earns twice as much."
says "Exploratory since fri 2026-12-04 01:00"
says "paper (outbox): 2 of 3 out this week; next at thu 2026-12-10 09:00: story"
says "sky (bluesky): 0 out this week; next at wed 2026-12-09 09:00"
first=$(grep -n 'may or may not' "$out" | cut -d: -f1)
later=$(grep -n 'was being sent' "$out" | cut -d: -f1)
[ "$first" -lt "$later" ] || fail "the worst is not first"

status_now --format json
exits 3
answers "j->>'schema'" abpost.status/1
answers "j->>'as_of'" 2026-12-08T09:00:00Z
answers "j->>'needs_person'" 2
stuck_is unknown post 3
stuck_is unknown needs_person 1
stuck_is sign-in channel sky
stuck_is sign-in since 2026-12-05T00:00:00Z
stuck_is channel-gone posts 2
stuck_is sending post 4
stuck_is due posts 1 # post 6; those to come are not
stuck_is handed post 5
stuck_is reading posts 2 # 1 and 2: 17 and 18 are too young
stuck_is reading line post,replies,likes,unfollows
stuck_is handed line ""
stuck_is missed posts 1  # lately
stuck_is empty posts 1
not_stuck refused
answers "j->>'\$.experiments[0].name'" winter
answers "j->>'\$.experiments[0].posts.posted'" 4
answers "j->>'\$.experiments[0].posts.missed'" 2
answers "j->>'\$.experiments[0].readings.overdue'" 2
answers "j->>'\$.experiments[0].variants[0].draft'" 1
answers "j->>'\$.experiments[0].planned_until'" 2026-12-12T08:30:00Z
answers "j->>'\$.channels[0].out_this_week'" 2
answers "j->>'\$.channels[0].next.post'" 7
answers "j->>'\$.channels[0].next.due_at'" 2026-12-10T08:00:00Z
answers "j->>'\$.channels[1].target_per_week'" ""

# What was done about it is no longer stuck.
reading 1 replies '2026-12-03 09:00:05' 4
reading 1 likes '2026-12-03 09:00:05' 9
settle 3 posted '2026-12-02 09:00:00' - at://3 https://example.com/3
settle 4 posted '2026-12-02 18:30:00' - at://4 https://example.com/4
store "INSERT INTO sign_in VALUES (NULL, 'sky', strftime('%s', '2026-12-08'), 0, NULL);"
rm experiments/broken.ini
status_now --format json
exits 0
for kind in unknown sign-in mistakes sending; do not_stuck $kind; done
answers "j->>'\$.experiments[0].readings.read'" 1
query "j->'stuck'" | grep -q '"reading"' || fail "post 2 still has no numbers"

# An analysis that was changed after the first post is told before a post goes out under it.
plan_block autumn paper "question 2026-11-30 09:00"
sed 's/winter/autumn/; s/^start.*/start = 2026-11-01/' experiments/winter.ini >experiments/autumn.ini
store "INSERT INTO analysis SELECT NULL, id, 'another', strftime('%s', '2026-12-01') FROM experiment
    WHERE name = 'autumn';"
status_now
says "another analysis than it did"
status_now --format json
answers "j->>'\$.experiments[0].analysis_differs'" 1
answers "j->>'\$.experiments[0].exploratory_since'" ""
rm experiments/autumn.ini
status_now
exits 3
says "abpost plan autumn --end"
abpost plan autumn --end --now 2026-12-08
exits 0

# CSV: a row for each stuck thing.
status_now --format csv
exits 0
[ "$(head -n 1 "$out")" = "kind,needs_person,post,posts,since,experiment,channel,what,todo,command,or_command" ] ||
    fail "another header"
says "handed,0,5,1,2026-12-07T08:00:00Z,winter,paper"

# A file that a channel does not take is named, until it is mended or held.
printf 'status: approved\n\nWhat a question?\n' >posts/question/long.txt
store "INSERT INTO refused_file SELECT NULL, id, 'paper', 'posts/question/old name.txt',
    '$(sha256sum <posts/question/long.txt | cut -d' ' -f1)', strftime('%s', '2026-11-01'), 'too long'
    FROM experiment WHERE name = 'winter';"
status_now
says "posts/question/long.txt (winter) can't go out on paper as it is: too long"
says "Mend it, or hold it"
says "abpost hold posts/question/long.txt"
status_now --format json
stuck_is refused since 2026-11-01T00:00:00Z
answers "j->>'\$.experiments[0].variants[0].refused'" 0 # sky may take it
store "INSERT INTO refused_file SELECT NULL, experiment_id, 'sky', file, file_hash, refused_at, reason
    FROM refused_file;"
status_now --format json
answers "j->>'\$.experiments[0].variants[0].refused'" 1
printf 'status: held\n\nWhat a question?\n' >posts/question/long.txt
status_now --format json
not_stuck refused
printf 'status: approved\n\nA question?\n' >posts/question/long.txt
status_now --format json
not_stuck refused
answers "j->>'\$.experiments[0].variants[0].refused'" 0
rm posts/question/long.txt

# A name from outside steers no terminal, and a refusal is said with its reason.
attempt 7 $'posts/story/\033[2Jz.txt' '2026-12-08 08:00:00'
settle 7 refused '2026-12-08 08:00:01' $'too \033[2Jlong'
status_now
says "was refused by paper"
plain "$out"
abpost status one
exits 2

finish
