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

# Halves of what a family counts in whole numbers, named or by default.
change -e 's/^channels .*/channels = paper/' -e 's/^outcome .*/outcome = replies + 0.5*likes/'
abpost check winter
exits 65
complains "experiments/winter.ini:4: outcome: 0.5*likes gives fractions, and family negbinomial (the default) counts in whole numbers; accepted are whole weights"
complains "family = lognormal"
change -e 's/^channels .*/channels = paper/' -e 's/^outcome .*/outcome = likes/' -e 's/^horizon/exposure = 0.001*views\nhorizon/'
abpost check winter
exits 65
complains "experiments/winter.ini:5: exposure: 0.001*views gives fractions, and family betabinomial (the default)"
for family in lognormal negbinomial; do
    change -e 's/^channels .*/channels = paper/' -e 's/^outcome .*/outcome = 3*replies + 1.5*likes/' \
        -e "s/^guardrail/family = $family\nguardrail/"
    abpost check winter
    if [ $family = lognormal ]; then exits 0; else exits 65; fi
done
complains "experiments/winter.ini:4: outcome: 1.5*likes gives fractions, and family negbinomial counts"
rm experiments/winter.ini
cat >experiments/old.ini <<'INI'
[import]
file = old.csv
variant = style
outcome = likes + 2.5*replies
INI
printf 'style,likes,replies\na,2,1\nb,3,1\n' >experiments/old.csv
abpost check old
exits 65
complains "experiments/old.ini:4: outcome: 2.5*replies gives fractions"

# A row of historic data whose outcome is none: its line and column, in check as in import. What is
# summed to a whole number is one; an exposure of a rate may be any amount.
sed -i 's/^outcome.*/outcome = likes + 100*rate/' experiments/old.ini
printf 'style,likes,rate\na,12.0,0.05\nb,4.5,0.25\na,1.000,1\nb,3,0.001\na,2.125,1\nb,1.234,1\na,0.000,1\na,0.75,0.0025\n' >experiments/old.csv
for command in "check old" "import old"; do
    # shellcheck disable=SC2086
    abpost $command
    exits 65
    says_nothing
    complains "experiments/old.csv:3: column 2 (likes): '4.5' is no whole number, and family negbinomial counts; for amounts choose family = lognormal"
    complains "experiments/old.csv:4: column 2 (likes): '1.000': is that 1 or 1000?"
    complains "experiments/old.csv:5: column 3 (rate): '0.001' is no whole number"
    complains "experiments/old.csv:6: column 2 (likes): '2.125' is no whole number"
    complains "experiments/old.csv:7: column 2 (likes): '1.234' is no whole number, and family negbinomial counts; for amounts choose family = lognormal in [decision]; if it is 1234, write that"
    complains "5 of 8 rows are bad"
done
printf 'style,likes,rate\na,12.0,0.05\nb,4,2.5\n' >experiments/old.csv
sed -i 's/^outcome.*/outcome = likes\nexposure = rate/' experiments/old.ini
abpost import old
exits 65
complains "experiments/old.csv:2: column 3 (rate): '0.05' is no whole number, and family betabinomial counts"
printf '[decision]\nfamily = negbinomial\n' >>experiments/old.ini
abpost check old
exits 0

# What was kept before anybody asked: its line, or its number.
printf 'style,likes,rate\na,12.0,1\nb,4.5,1\na,3,1\nb,,1\n' >experiments/old.csv
sed -i 's/negbinomial/lognormal/' experiments/old.ini
abpost import old
exits 0
sed -i 's/lognormal/negbinomial/' experiments/old.ini
abpost evaluate old
exits 65
complains "experiments/old.csv:3: its outcome is 4.5; family negbinomial counts in whole numbers"
change -e 's/^channels .*/channels = paper/' -e 's/^outcome .*/outcome = likes/'
plan_block winter paper "question 2026-12-01 09:00" "story 2026-12-01 18:30"
plan_block winter paper "story 2026-12-02 09:00" "question 2026-12-02 18:30"
number=$(store "SELECT max(id) FROM planned_post;")
posted $((number - 1)) posts/story/a.txt '2026-12-02 09:00:05' https://example.com/3
posted "$number" posts/question/a.txt '2026-12-02 18:30:05' https://example.com/4
reading $((number - 1)) likes '2026-12-04 09:01:00' 3
reading "$number" likes '2026-12-04 18:31:00' 4.5
abpost evaluate winter --now 2026-12-10
exits 65
complains "post $number: its outcome is 4.5; family negbinomial counts in whole numbers"

finish
