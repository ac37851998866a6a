# Shared by the tests of csv-sessionize: how it is run and checked, and logs made at random.

run_csv() { sessionized csv-sessionize "$@"; }

# check LOG [key=value ...]: out.mp holds the sessions that Python makes of the log.
check() {
    spcat --check out.mp && "$PYTHON" "$ROOT/tests/check-sessions.py" out.mp "$@"
}

# One line "user<TAB>time:item ..." a session of the log on stdin, of all lengths.
sessions_of() {
    csv-sessionize --min-events 1 --max-events 0 --cut 0 "$@" >out.mp && dump out.mp
}

# random_csv SEED: user,session,time,sequence,item,kind with a header, in any order of time, with
# equal times, fractions, empty users, sessions that overlap, quotes and line ends in items.
random_csv() {
    python3 - "$1" <<'END'
import csv, random, sys
r = random.Random(int(sys.argv[1]))
w = csv.writer(sys.stdout, lineterminator=r.choice(["\n", "\r\n"]), quoting=r.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
w.writerow(["user", "session", "time", "sequence", "item", "kind"])
items = ["plain", 'with "quotes"', "a,b", "two\nlines", "two\r\nlines", '"', " blank ", "é", "", "x" * 300]
rows = []
for n in range(3000):
    user = r.randrange(12)
    day = int(r.paretovariate(1))
    time = "%d.%s" % (86400 * day + r.randrange(r.choice([20, 9000])), r.choice(["0", "5", "25", "125"]))
    item = r.choice(items[:8]) + str(r.randrange(r.choice([2, 40])))
    rows.append([("user %d" % user) if user else "", "s%d" % (day * 3 + r.randrange(2)), time, r.randrange(4), item, r.choice("abc")])
w.writerows(rows)
END
}

# shuffled SEED: a log of lines with a header in another order.
shuffled() {
    awk -v seed="$1" 'NR == 1 { print; srand(seed); next } { print rand() "\t" $0 | "LC_ALL=C sort | cut -f2-" }'
}

# A log without equal times of one user.
distinct_log() {
    echo user,item,time,kind
    random_log "$1" | awk -F'\t' -v OFS=, '!seen[$1, $2]++ { print $1, $3, $2, "k" NR % 5 }'
}

# random_lists SEED SEPARATOR: user,items,next,time,kind: a list of items a row, some in brackets.
random_lists() {
    python3 - "$1" "$2" <<'END'
import csv, random, sys
r = random.Random(int(sys.argv[1]))
w = csv.writer(sys.stdout, lineterminator="\n")
w.writerow(["user", "items", "next", "time", "kind"])
for n in range(400):
    items = ["i%d" % r.randrange(30) for _ in range(r.randrange(8) if n else 3)]
    forms = [sys.argv[2].join(items), str(items), str(tuple(int(i[1:]) for i in items))]
    w.writerow(["u%d" % r.randrange(9), r.choice(forms) if n else forms[0], "i%d" % r.randrange(30),
                r.randrange(10**6), r.choice("ab")])
END
}

# account: what the header of out.mp says of csv-sessionize's own drops, as JSON.
account() {
    spcat out.mp | head -1 | jq -c '.[2].dropped[] | select(.[0] == "csv-sessionize")[1]'
}
