#!/usr/bin/env bash
# What an edit of an experiment's file takes out of the plan: a channel that is struck out, a variant
# that is renamed, a [schedule] that is gone. What it does not name goes nowhere any more, and what
# it names now is drawn at once.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

export NO_COLOR=1
minute=0
later() { # COMMAND...: on a Monday, a minute after the one before
    minute=$((minute + 1))
    abpost "$@" --now "$(date -u -d "2027-03-15T10:00:00Z + $minute minutes" +%Y-%m-%dT%H:%M:%SZ)"
}
planned() { # SQL: posts that are planned and not dropped
    sqlite3 -readonly abpost.db "SELECT count(*) FROM planned_post p JOIN block b ON b.id = p.block_id
        WHERE NOT EXISTS (SELECT 1 FROM dropped WHERE planned_post_id = p.id)
        AND NOT EXISTS (SELECT 1 FROM attempt WHERE planned_post_id = p.id) AND $1"
}

mkdir -p garden/experiments garden/posts/a garden/posts/b && cd garden || exit 1
printf '[abpost]\n[channel wall]\ntype = outbox\n[channel door]\ntype = outbox\n' >abpost.ini
for v in a b; do
    for i in 1 2 3 4; do echo "Text $i of $v." >posts/$v/$i.txt; done
done
write() { # CHANNELS VARIANT
    printf '[experiment]\nchannels = %s\noutcome = likes\nhorizon = 2h\n[schedule]\nstart = 2027-03-15\n%s\n' \
        "$1" 'times = 10:00 12:00 14:00 16:00'
    printf '[variant a]\nposts = posts/a/*.txt\n[variant %s]\nposts = posts/b/*.txt\n[decision]\nreview = no\n' "$2"
} >experiments/e.ini
write 'wall, door' b
abpost plan e -q --seed 3 --now 2027-03-15T09:00:00Z
exits 0
later tick
exits 0
is 'handed over on the door' "$(find outbox/door -name '*.txt' | wc -l)" 1

# A preview only looks.
write wall b
door=$(planned "b.channel = 'door'")
later plan e --preview -q
is 'planned on the door after a preview' "$(planned "b.channel = 'door'")" "$door"
# A channel that is struck out gets nothing any more, at its next slot neither.
later tick
exits 0
says "cancelled"
says "$door planned posts: the experiment no longer names the channel door"
is 'planned on the door' "$(planned "b.channel = 'door'")" 0
later tick
says_nothing
abpost tick -q --now 2027-03-15T12:01:00Z
exits 0
is 'handed over on the door' "$(find outbox/door -name '*.txt' | wc -l)" 1
is 'handed over on the wall' "$(find outbox/wall -name '*.txt' | wc -l)" 2
later status
exits 0
# Named again, it is drawn for again.
write 'wall, door' b
minute=130
later tick -q
[ "$(planned "b.channel = 'door'")" -gt 0 ] || fail "nothing is planned on the door again"

# A variant that has another name keeps no slots: plan says so as well.
write 'wall, door' other
all=$(planned 1)
later plan e
exits 0
complains "e: cancelled $all planned posts: the experiment has no variant b any more"
is 'planned of what has no name any more' "$(planned "p.variant = 'b'")" 0
[ "$(planned "p.variant = 'other'")" -gt 8 ] || fail "the new name has no slots"
abpost tick --now 2027-03-15T14:01:00Z
exits 0
says "handed"

# Days, times, blackout, max_posts, time zone, a channel's target. What was drawn by them is left alone: nothing is
# cancelled and drawn anew for ever.
settled() { # the plan is as the file says by now
    minute=$((minute + 1))
    later tick
    exits 0
    says_nothing
}
cancels() { # TEXT: the next tick does, once
    later tick
    exits 0
    says "cancelled"
    says "$1"
    settled
}
minute=241
settled
begun=$(sqlite3 -readonly abpost.db "SELECT b.id FROM block b JOIN planned_post p ON p.block_id = b.id
    LEFT JOIN attempt a ON a.planned_post_id = p.id
    WHERE NOT EXISTS (SELECT 1 FROM dropped WHERE planned_post_id = p.id)
    GROUP BY b.id HAVING count(a.id) > 0 AND count(a.id) < count(*)")
[ -n "$begun" ] || fail "no block has begun"
sed -i 's/^times = .*/times = 09:30 11:30 21:00/' experiments/e.ini
cancels "planned posts: the schedule no longer has their days and times"
is 'at times of before, but for blocks that have begun' \
    "$(planned "p.local_time NOT IN ('09:30', '11:30', '21:00') AND b.id NOT IN ($(echo $begun | tr ' ' ,))")" 0
[ "$(planned "p.local_time = '21:00'")" -gt 8 ] || fail "nothing at the new times"
[ "$(planned "p.local_time = '16:00'")" -gt 0 ] || fail "what has begun does not keep its slots"
sed -i 's/^times = .*/&\nblackout = 2027-03-20..2027-03-22/' experiments/e.ini
cancels "planned posts: their days are days of blackout now"
is 'in the blackout' "$(planned "p.local_date BETWEEN '2027-03-20' AND '2027-03-22'")" 0
sed -i 's/^\[abpost\]/&\ntimezone = America\/New_York/' abpost.ini
cancels "planned posts: the workspace's time zone is America/New_York now"
sed -i 's/^times = .*/&\nmax_posts = 12/' experiments/e.ini
cancels "planned posts: max_posts is 12 now"
live=$(($(planned 1) + $(sqlite3 -readonly abpost.db 'SELECT count(*) FROM attempt')))
[ $live = 11 ] || [ $live = 12 ] || fail "$live posts are out or planned" # whole blocks of two
sed -i '/^max_posts/d' experiments/e.ini
later tick -q
[ "$(planned 1)" -gt 20 ] || fail "nothing is drawn again"
settled
sed -i '/^timezone/d' abpost.ini
cancels "planned posts: the workspace's time zone is UTC now"

# A target is a ceiling for what is planned already, over all experiments of the channel: the last
# blocks of a week go, and what has begun stays.
busiest() { # the most posts that are planned in a week on the wall, this one aside
    sqlite3 -readonly abpost.db "SELECT max(n) FROM (SELECT count(*) AS n FROM planned_post p
        JOIN block b ON b.id = p.block_id WHERE b.channel = 'wall' AND p.local_date > '2027-03-21'
        AND NOT EXISTS (SELECT 1 FROM dropped WHERE planned_post_id = p.id)
        GROUP BY strftime('%Y %W', p.local_date))"
}
mkdir -p posts/c && cp posts/a/* posts/c
sed -e 's/^channels = .*/channels = wall/' -e 's/^times = .*/times = 22:00/' -e 's/^\[variant other\]/[variant c]/' \
    experiments/e.ini >experiments/f.ini
later plan f -q
exits 0
all=$(busiest)
[ "$all" -gt 20 ] || fail "$all posts in the busiest week"
settled
for target in '5 per week' '2 per week'; do
    sed -i -e '/^target/d' -e "s/^\[channel wall\]/&\ntarget = $target/" abpost.ini
    cancels "planned posts: the target of channel wall is ${target%% *} per week now"
    [ "$(busiest)" -le "${target%% *}" ] || fail "$(busiest) posts are planned in a week; the target is $target"
    [ "$(busiest)" -gt 0 ] || fail "nothing is planned on the wall"
    [ "$(planned "b.channel = 'door' AND p.local_date > '2027-03-22'")" -gt 20 ] || fail "the door has no target"
done
sed -i 's/^target = .*/target = 0.5 per week/' abpost.ini
later plan e
exits 0
complains "the target of channel wall is 0.5 per week now"
later tick
settled
sed -i '/^target/d' abpost.ini
later tick -q
is 'the most posts in a week once more' "$(busiest)" "$all"
rm experiments/f.ini
abpost plan f --end -q

# Without a [schedule] nothing is to go out by itself.
printf '[experiment]\noutcome = likes\n[import]\nfile = past.csv\nvariant = v\noutcome = likes\n' >experiments/e.ini
printf 'v,likes\na,1\nb,2\n' >past.csv
all=$(planned 1)
abpost tick --now 2027-03-15T14:59:00Z
exits 0
says "$all planned posts: the experiment has no [schedule] any more"
is 'planned without a schedule' "$(planned 1)" 0
abpost tick --now 2027-03-16T14:02:00Z -v
exits 0
says_nothing
finish
