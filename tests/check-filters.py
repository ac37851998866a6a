"""Holds what tfilter wrote against its input, by the rules written down plainly.

usage: python3 check-filters.py BEFORE AFTER [FILTER=VALUE ...]

Both streams as spcat's JSON lines.  Prints "ok" and the number of sessions left, or what is wrong.
"""

import json
import sys
from fractions import Fraction
from math import floor

TRAIN, VALIDATION, TEST = 1, 2, 3
SPANS = {"1month": 25 * 10**5, "2months": 5 * 10**6, "3months": 8 * 10**6}


def records(path):
    with open(path) as lines:
        return [r for r in map(json.loads, lines) if isinstance(r, list) and r[0] in NAMES]


NAMES = ("user", "item", "session")


def read(path):
    """Users in order: [name, attributes, sessions], sessions as dicts with item names."""
    users, items, attributes = [], [], {}
    for r in records(path):
        if r[0] == "user":
            users.append([r[2], (r[3:] or [None])[0], []])
        elif r[0] == "item":
            items.append(r[2])
            attributes[r[2]] = (r[3:] or [None])[0]
        else:
            events = [(t, items[i]) for t, i in zip(r[3], r[4])]
            users[r[1]][2].append({"part": r[2], "events": events})
    return users, attributes


def first(sessions, span):
    start = sessions[0]["events"][0][0]
    for s in sessions:
        s["events"] = [e for e in s["events"] if e[0] - start <= span]
    return [s for s in sessions if len(s["events"]) >= 2]


def divide(sessions, fraction, one, other):
    edge = floor(Fraction(fraction) * len(sessions))
    for i, s in enumerate(sessions):
        s["part"] = one if i < edge else other


def apply(name, value, sessions):
    if name == "min-sessions":
        return sessions if len(sessions) >= int(value) else []
    if name == "last-sessions":
        return sessions[-int(value) :]
    if name == "first":
        return first(sessions, SPANS.get(value) or int(value))
    if name == "split":
        divide(sessions, value.split(":")[1], TRAIN, TEST)
        return sessions
    if name == "validation":
        train = [s for s in sessions if s["part"] == TRAIN]
        divide(train, 1 - Fraction(value), TRAIN, VALIDATION)
        return sessions
    sys.exit(f"what is {name}?")


def write(users, attributes):
    """The records that these users make."""
    out, ids, train = [], {}, {}
    split = any(s["part"] for _, _, sessions in users for s in sessions)
    for _, _, sessions in users:
        for s in sessions:
            for _, item in s["events"]:
                train[item] = train.get(item, 0) + (s["part"] == TRAIN)
    for number, (name, about, sessions) in enumerate(users):
        out.append(["user", number, name] + ([about] if about else []))
        for s in sessions:
            for _, item in s["events"]:
                if item in ids:
                    continue
                about = dict(attributes[item] or {})
                if split:
                    about["train"] = str(train[item])
                ids[item] = len(ids)
                out.append(["item", ids[item], item] + ([about] if about else []))
            times, items = zip(*s["events"])
            out.append(["session", number, s["part"], list(times), [ids[i] for i in items]])
    return out


def main(before, after, *filters):
    users, attributes = read(before)
    for f in filters:
        for user in users:
            user[2] = apply(*f.split("=", 1), user[2])
        users = [u for u in users if u[2]]
    expected, got = write(users, attributes), records(after)
    for i, (a, b) in enumerate(zip(expected, got)):
        if a != b:
            sys.exit(f"record {i}: {b} instead of {a}")
    if len(expected) != len(got):
        sys.exit(f"{len(got)} records instead of {len(expected)}")
    print("ok", sum(len(u[2]) for u in users))


main(*sys.argv[1:])
