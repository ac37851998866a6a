"""check-attention.py STREAM.json <TSV: the means of attnviz, taken again the obvious way.

STREAM.json is what spcat shows of a predictions stream of one run and one test pass."""
import json
import math
import statistics
import sys
from collections import defaultdict

sessions, train = [], []
for line in open(sys.argv[1], encoding="utf-8"):
    record = json.loads(line)
    if record[0] == "item":
        train.append(int(record[3]["train"]))
    elif record[0] == "attention":
        sessions.append(record[1])


def popularity_floors():
    """The counts at which the middle of the events of such items lies in another tenth of all."""
    floors, below, last = [0], 0, 0
    for count in sorted(set(train) - {0}):
        events = count * train.count(count)
        tenth = 10 * (2 * below + events) // (2 * sum(train))
        if tenth > last and below:
            floors.append(count)
        last, below = tenth, below + events
    return floors


FLOORS = popularity_floors()


def groups(a):
    """(picture, group) of each attended session with its weight."""
    n, at = len(a["weight"]), 0
    for j in range(n):
        age, week, length = a["delta"][j], a["week"][j], a["length"][j]
        items = a["item"][at:at + length]
        at += length
        yield "recency", n - j, a["weight"][j]
        yield "age", age, a["weight"][j]
        if 12 <= age < 156:
            yield "day", (age - 12) % 24 - 12, a["weight"][j]
        if week < 168:
            yield "week", week, a["weight"][j]
        if length:
            yield "length", min(length, 40), a["weight"][j]
            median = statistics.median_low([train[i] for i in items])
            yield "popularity", max(f for f in FLOORS if f <= median), a["weight"][j]


cells = defaultdict(list)  # of each group: its weights session by session
for session in sessions:
    if len(session["weight"]) < 2:
        continue
    found = defaultdict(list)
    for picture, group, weight in groups(session):
        found[picture, group].append((weight, weight * len(session["weight"])))
    for key, pairs in found.items():
        cells[key].append(pairs)

expected = {}
for key, of_sessions in cells.items():
    flat = [p for pairs in of_sessions for p in pairs]
    relative = sum(r for _, r in flat) / len(flat)
    m = len(of_sessions)
    residue = sum((sum(r for _, r in pairs) - relative * len(pairs)) ** 2 for pairs in of_sessions)
    error = math.sqrt(residue * m / (m - 1)) / len(flat) if m > 1 else None
    expected[key] = (sum(w for w, _ in flat) / len(flat), relative, error, len(flat), m)

seen = 0
head = next(sys.stdin).rstrip("\n").split("\t")
for line in sys.stdin:
    row = dict(zip(head, line.rstrip("\n").split("\t"), strict=True))
    if row["picture"] in ("sessions", "ages", "weeks"):
        continue
    weight, relative, error, count, m = expected.pop((row["picture"], int(row["group"])))
    assert math.isclose(float(row["weight"]), weight, rel_tol=1e-6), (row, weight)
    assert math.isclose(float(row["relative"]), relative, rel_tol=1e-6), (row, relative)
    assert (int(row["weights"]), int(row["sessions"])) == (count, m), (row, count, m)
    if error is None:
        assert row["error"] == "", row
    else:
        assert math.isclose(float(row["error"]), error, rel_tol=1e-6, abs_tol=1e-7), (row, error)
    seen += 1
assert not expected, f"not in the output: {expected}"
print(seen)
