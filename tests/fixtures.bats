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

@test "what is planted is there: followers of the user's own taste; clicks of one purpose" {
    need python3
    synthesize --plant taste --users 160 --format reddit >taste
    synthesize --plant purpose --users 40 --format reddit >purpose
    synthesize --plant purpose --users 10 --stray 0 --format reddit >pure
    python3 - <<'EOT'
from collections import Counter, defaultdict
def sessions(path):                             # oldest first: user, items
    rows = [line.split(",") for line in open(path).read().split()[1:]]
    rows = sorted((u, float(t), int(x[5:])) for u, x, t in rows)
    found, before = [], (None, 0)
    for u, t, x in rows:
        if u != before[0] or t - before[1] > 1800:
            found.append((u, []))
        found[-1][1].append(x)
        before = u, t
    return found
def near(share, expected, count, what):
    noise = 4 * (expected * (1 - expected) / count) ** 0.5
    assert abs(share - expected) < noise, (what, share, expected)

logs, steps = sessions("taste"), []
assert all(len(items) == 3 for _, items in logs)
assert len({x for _, items in logs for x in items}) == 40
for user, items in logs:
    steps += [(user, a, b) for a, b in zip(items, items[1:])]
assert all(a != b for _, a, b in steps)
style = defaultdict(Counter)                    # of a user and a kind: styles of what follows
follower = defaultdict(Counter)                 # of an item: what follows, by its style
for user, a, b in steps:
    if a // 20 != b // 20:
        style[user, a // 20][b % 20 // 5] += 1
        follower[a, b % 20 // 5][b] += 1
style = {k: c.most_common(1)[0][0] for k, c in style.items()}
follower = {k: c.most_common(1)[0][0] for k, c in follower.items()}
assert set(Counter(style.values()).values()) == {80}
known = [follower[a, style[u, a // 20]] == b for u, a, b in steps]
near(sum(known) / len(known), 0.8 + 0.2 / 39, len(known), "taste known")
for s in range(4):                              # who does not know it has four guesses
    guess = [follower[a, s] == b for _, a, b in steps]
    near(sum(guess) / len(guess), 0.2 + 0.2 / 39, len(guess), "taste unknown")
pairs = Counter((b % 20 // 5, c % 20 // 5)      # nor does the first step tell of the second
                for _, (a, b, c) in logs if a // 20 == c // 20 != b // 20)
for first in range(4):
    for second in range(4):
        near(pairs[first, second] / pairs.total(), 1 / 16, pairs.total(), "two steps")

def hits(path):                                 # of the newest click's group, of most clicks'
    newest = counting = count = 0
    for _, items in sessions(path):
        assert 14 <= len(items) <= 18
        assert all(a != b for a, b in zip(items, items[1:]))
        seen, best = Counter(), None
        for a, b in zip(items, items[1:]):
            seen[a // 4] += 1
            if seen[a // 4] >= seen[best]:
                best = a // 4
            newest += a // 4 == b // 4
            counting += best == b // 4
            count += 1
    return newest / count, counting / count, count
newest, counting, count = hits("purpose")
near(newest, 0.258, count, "newest")
near(counting, 0.433, count, "counting")
assert hits("pure")[:2] == (1, 1)
EOT
}

@test "what is planted is there: whether a session buys, and what its last item is" {
    need python3
    synthesize --plant action --format events --users 100 >log
    csv-sessionize --user user --item item --time time --carry action log | spcat --check
    python3 - <<'EOT'
rows = [line.split(",") for line in open("log").read().split()[1:]]
rows = sorted((u, int(t), int(x[5:]), a == "buy") for u, x, a, t in rows)
sessions = [rows[i : i + 5] for i in range(0, len(rows), 5)]
def near(share, expected, count):
    assert abs(share - expected) < 4 * (expected * (1 - expected) / count) ** 0.5, (share, expected)
for parity, expected in (0, 0.85), (1, 0.15):
    found = [sum(b for *_, b in s) for s in sessions if s[0][2] // 10 % 2 == parity]
    assert set(found) == {0, 1}
    near(sum(found) / len(found), expected, len(found))
for s in sessions:
    groups = [x // 10 for _, _, x, _ in s]
    bought = [x // 10 for _, _, x, b in s if b]
    assert len({u for u, *_ in s}) == 1 and s[4][1] - s[0][1] < 1800
    assert len(set(groups[:4])) == 4 and not s[4][3] and s[3][2] != s[4][2]
    assert groups[4] == ((bought[0] + 10) % 20 if bought else groups[3]), s
EOT
}

@test "a full disk is 74" {
    status=0
    synthesize >/dev/full 2>err || status=$?
    [ "$status" = 74 ]
    grep -q '^synthesize: cannot write standard output' err
}

@test "large: as many rows, users and items as are asked for, oldest first; --each has every item" {
    large --events 5000 --users 100 --items 300 --seed 2 >log
    large --events 5000 --users 100 --items 300 --seed 2 | cmp log -
    large --events 1000 --users 100 --items 300 --each | sed 1d | head -n 300 | cut -d , -f 3 | sort -u | wc -l >each
    [ "$(cat each)" = 300 ]
    sed 1d log | awk -F , '{ users[$1]; items[$3]; wrong += $1 == user && $2 < time; user = $1; time = $2 }
        END { exit wrong || NR != 5000 || length(users) > 100 || length(users) < 90 || length(items) < 250 }'
    csv-sessionize --quiet --user user --item item --time time log | spcat --check
}
