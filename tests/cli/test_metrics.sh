#!/usr/bin/env bash
# Metrics that a platform never gives, and sums that no family counts: said before the first post.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/posts.sh"

make_workspace garden
export ABPOST_TEST_PASSWORD=secret
cat >>abpost.ini <<'INI'

[channel fedi]
type   = mastodon
server = https://mastodon.example
token  = env:ABPOST_TEST_PASSWORD
INI
printf 'status: approved\n\nAnd you?\n' >posts/question/a.txt
printf 'status: approved\n\nOnce upon a time\n' >posts/story/a.txt
cp experiments/winter.ini winter.ini
change() { # SED...: of the experiment as it was
    sed "$@" winter.ini >experiments/winter.ini
}
plan() { abpost plan winter --now 2026-11-30 "$@"; }

# Mistyped: a mistake of the file, whichever of the channels lacks it. Nothing is drawn.
change -e 's/^outcome .*/outcome = replys + 2*likes/' -e '/^guardrail/d'
abpost check
exits 65
says_nothing
complains "experiments/winter.ini:4: outcome: channel sky (bluesky) never gives 'replys'; it gives likes, reposts, replies and quotes (did you mean 'replies'?)"
[ "$(grep -c winter.ini "$err")" = 1 ] || fail "likes are given, and paper gives what a person says"
abpost check --format json
exits 65
answers "j->>'\$.mistakes[0].line'" 4
plan
exits 65
complains "experiments/winter.ini:4: outcome: channel sky (bluesky) never gives 'replys'"
complains "nothing was planned"
[ "$(store 'SELECT count(*) FROM planned_post;')" = 0 ] || fail "posts were drawn"
change -e 's/^channels .*/channels = sky, fedi/' -e 's/^guardrail.*/guardrail = quote <= 5%/'
abpost check winter
exits 65
complains "experiments/winter.ini:19: guardrail: channel sky (bluesky) never gives 'quote'"
complains "experiments/winter.ini:19: guardrail: channel fedi (mastodon) never gives 'quote'"

# What only a person can read there: said, and no mistake, as a person may add it.
change -e 's/^horizon/exposure = impressions\nhorizon/'
abpost check winter
exits 0
says "nothing wrong, but see the 2 warnings."
complains "experiments/winter.ini:5: warning: exposure: channel sky (bluesky) never gives 'impressions'; it gives likes, reposts, replies and quotes. Its posts count as missing until a person reads that number and adds it: abpost import winter --readings FILE.csv"
complains "experiments/winter.ini:20: warning: guardrail: channel sky (bluesky) never gives 'unfollows'"
if grep -q "channel paper" "$err"; then fail "an outbox gives whatever a person reports"; fi
abpost check winter --format json
exits 0
answers "json_array_length(j,'\$.mistakes')" 0
plan
exits 0
complains "experiments/winter.ini:5: warning: exposure: channel sky (bluesky) never gives 'impressions'"
plan -q
exits 0
complains_of_nothing
change -e 's/^channels .*/channels = paper/' -e 's/^outcome .*/outcome = replys/'
abpost check winter
exits 0
complains_of_nothing

finish
