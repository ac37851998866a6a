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
    """The least counts of groups that end where a tenth of all events, two tenths and so on is full."""
    floors, edge, below, share = [0], 0, 0, 0
    for count in sorted(set(train) - {0}):
        below += count * train.count(count)
        full = 10 * below // sum(train)
        if full > share:
            floors.append(edge + 1)
            edge, share = count, full
    return floors


FLOORS = popularity_floors()


def of_sessions(a, weights):
    """(picture, group, weight) of each attended session."""
    n, at = len(weights), 0
    for j in range(n):
        age, week, length = a["delta"][j], a["week"][j], a["length"][j]
        items = a["item"][at:at + length]
        at += length
        yield "recency", n - j, weights[j]
        yield "age", age, weights[j]
        if 12 <= age < 156:
            yield "day", (age - 12) % 24 - 12, weights[j]
        if week < 168:
            yield "week", week, weights[j]
        if length:
            yield "length", min(length, 40), weights[j]
            yield "popularity", floor(statistics.median_low([train[i] for i in items])), weights[j]


def of_events(a, weights):
    """The same of each event of a session."""
    n = len(weights)
    for j in range(n):
        yield "recency", min(n - j, 64), weights[j]
        yield "popularity", floor(train[a["item"][j]]), weights[j]
    yield "length", min(n, 40), max(weights)


def floor(count):
    return max(f for f in FLOORS if f <= count)


def rows(a):
    """Weights that stand beside each other."""
    n = len(a["weight"]) // (len(a["target"]) if a["level"] == "intra" else 1)
    return [a["weight"][i:i + n] for i in range(0, len(a["weight"]), n)]


units = defaultdict(lambda: defaultdict(list))  # of each group, by session: its weights
for number, session in enumerate(sessions):
    level = session["level"]
    unit = session["session"] if level in ("session", "item") else number
    for weights in rows(session):
        if len(weights) < 2:
            continue
        even = statistics.fmean(map(abs, weights))
        groups = of_events if level in ("session", "item") else of_sessions
        for picture, group, weight in groups(session, weights):
            units[level, picture, group][unit].append((weight, weight / even))
cells = {key: list(by.values()) for key, by in units.items()}

expected = {}
for key, of_units in cells.items():
    flat = [p for pairs in of_units for p in pairs]
    relative = sum(r for _, r in flat) / len(flat)
    m = len(of_units)
    residue = sum((sum(r for _, r in pairs) - relative * len(pairs)) ** 2 for pairs in of_units)
    error = math.sqrt(residue * m / (m - 1)) / len(flat) if m > 1 else None
    expected[key] = (sum(w for w, _ in flat) / len(flat), relative, error, len(flat), m)

seen = 0
head = next(sys.stdin).rstrip("\n").split("\t")
for line in sys.stdin:
    row = dict(zip(head, line.rstrip("\n").split("\t"), strict=True))
    if row["user"]:  # an example
        continue
    key = row["level"], row["picture"], int(row["group"])
    weight, relative, error, count, m = expected.pop(key)
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
