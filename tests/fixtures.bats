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

@test "what is planted is there: taste of exactly a day before; short sessions of anything" {
    need python3
    synthesize --plant day --users 30 --days 12 | lfm-sessionize | spcat >day
    synthesize --plant short --users 30 --days 30 | lfm-sessionize | spcat >short
    python3 - <<'EOT'
import json
from collections import defaultdict
def sessions(path):
    of = defaultdict(list)
    for r in map(json.loads, open(path)):
        if r[0] == "session":
            of[r[1]].append((r[3][0], r[4]))
    return of.values()
shared = defaultdict(list)                      # by age in hours: shares of common items
for user in sessions("day"):
    for i, (time, items) in enumerate(user):
        for before, earlier in user[:i]:
            shared[(time - before) // 3600].append(len(set(items) & set(earlier)) / len(set(items)))
mean = {age: sum(x) / len(x) for age, x in shared.items() if len(x) > 99}
assert mean[24] > 0.3 and mean[48] > 0.25, mean
assert all(mean[a] < 0.05 for a in (1, 2, 22, 23, 25, 26, 47, 49)), mean
known = {True: [], False: []}                   # of short and long: items of the long ones
for user in sessions("short"):
    for i, (_, items) in enumerate(user):
        others = {x for j, (_, y) in enumerate(user) if j != i and len(y) > 3 for x in y}
        known[len(items) < 4].append(sum(x in others for x in items) / len(items))
mean = {short: sum(x) / len(x) for short, x in known.items()}
assert 0.3 < len(known[True]) / len(known[False]) < 1, known
assert mean[False] > 2.5 * mean[True], mean
EOT
}

@test "a full disk is 74" {
    status=0
    synthesize >/dev/full 2>err || status=$?
    [ "$status" = 74 ]
    grep -q '^synthesize: cannot write standard output' err
}
