# The made-up log: the same bytes for the same options, the same events in both formats.
bats_require_minimum_version 1.5.0
load helpers

@test "one seed gives the same bytes, whatever the locale and time zone; another seed others" {
    synthesize --users 5 --seed 3 >log
    LC_ALL=de_DE.UTF-8 TZ=Asia/Kolkata synthesize --users 5 --seed 3 | cmp log -
    synthesize --users 5 --seed 4 >other
    run -1 cmp -s log other
    # More users change nothing for those that were there.
    synthesize --users 6 --seed 3 | head -n "$(wc -l <log)" | cmp log -
    [ "$(cut -f1 log | uniq | wc -l)" = 5 ]
}

@test "both formats hold the same events, newest first" {
    synthesize --users 20 >log
    synthesize --users 20 --format reddit >log.csv
    paste <(cut -f1 log) <(cut -f4 log | tr -dc '0-9\n') <(cut -f2 log | date -u -f - +%s.0) >a
    tail -n +2 log.csv | sed 's/place//' | tr , '\t' | cmp a -
    awk -F'\t' '$1 == user && $3 > time { exit 1 } { user = $1; time = $3 }' a
    lfm-sessionize log | spcat --check
    reddit-sessionize log.csv | spcat --check
}

@test "a full disk is 74" {
    status=0
    synthesize >/dev/full 2>err || status=$?
    [ "$status" = 74 ]
    grep -q '^synthesize: cannot write standard output' err
}
