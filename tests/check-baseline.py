"""Holds what baseline wrote against its split input: every item scored, every order sorted out.

usage: python3 check-baseline.py SPLIT PREDICTIONS MODEL [TOP]

Both streams as spcat's JSON lines.  Prints "ok" and the number of ranks, or what is wrong.
"""

import json
import sys
from collections import Counter, defaultdict
from math import log

TRAIN, VALIDATION, TEST = 1, 2, 3


def records(path):
    with open(path) as lines:
        return [r for r in map(json.loads, lines) if isinstance(r, list)]


def expect(got, wanted, what):
    if got != wanted:
        sys.exit(f"{what}: {got} instead of {wanted}")


def near(got, wanted, what):
    if abs(got - wanted) > 1e-5 * max(1, abs(wanted)):
        sys.exit(f"{what}: {got} instead of {wanted}")


def context(model, user, before):
    return {"pop": None, "ppop": ("user", user), "markov": ("item", before)}[model]


def learn(sessions, model):
    popularity, counts = Counter(), defaultdict(Counter)
    for _, user, part, _, items, *_ in sessions:
        if part == TRAIN:
            for before, item in zip([None] + items, items):
                popularity[item] += 1
                counts[context(model, user, before)][item] += 1
    counts[None] = Counter()
    return popularity, counts


def answers(sessions, model, part, items, top):
    """For each target of the part: what its row of the ranks and of the lists should be."""
    popularity, counts = learn(sessions, model)
    events, number, orders = sum(popularity.values()), Counter(), {}
    for _, user, of, _, session, *_ in sessions:
        n = number[user]
        number[user] += 1
        for t in range(1, len(session) if of == part else 0):
            c = context(model, user, session[t - 1])
            row = counts.get(c, {})
            if c not in orders:
                order = sorted(range(items), key=lambda i: (-row.get(i, 0), -popularity[i], i))
                orders[c] = order, {item: rank for rank, item in enumerate(order, 1)}
            order, rank = orders[c]

            def p(i):
                smooth = (popularity[i] + 1) / (events + items)
                return (row.get(i, 0) + smooth) / (sum(row.values()) + 1)

            target = session[t]
            yield ([user, n, t - 1, target, rank[target], 0, n, len(session)], -log(p(target)),
                   order[:top], [p(i) for i in order[:top]])


def main(split, predictions, model, top=0):
    inside, outside = records(split), records(predictions)
    named = [r for r in inside if r[0] in ("user", "item")]
    sessions = [r for r in inside if r[0] == "session"]
    items = sum(r[0] == "item" for r in named)
    expect([r for r in outside if r[0] in ("user", "item")], named, "users and items")
    parts = [p for p in (VALIDATION, TEST) if p == TEST or any(s[2] == p for s in sessions)]
    expect([r[1:] for r in outside if r[0] == "epoch"], [[1, p] for p in parts], "passes")

    columns = ("user", "session", "position", "target", "rank", "ties", "history", "length")
    total = 0
    for part in parts:
        begin = outside.index(["epoch", 1, part])
        end = next(i for i in range(begin, len(outside)) if outside[i][0] == "pass")
        ranks = [r[1] for r in outside[begin:end] if r[0] == "rank"]
        tops = [r[1] for r in outside[begin:end] if r[0] == "top"]
        rows = [list(row) for r in ranks for row in zip(*(r[c] for c in columns))]
        losses = [x for r in ranks for x in r["loss"]]
        listed = [x for t in tops for x in t["item"]]
        scores = [x for t in tops for x in t["score"]]
        wanted = list(answers(sessions, model, part, items, int(top)))
        expect(len(rows), len(wanted), f"ranks in part {part}")
        expect(len(tops) > 0, int(top) > 0 and len(wanted) > 0, "whether there are lists")
        for i, (row, loss, best, score) in enumerate(wanted):
            expect(rows[i], row, f"row {i} of part {part}")
            near(losses[i], loss, f"loss {i} of part {part}")
            k = len(best)
            expect(listed[k * i : k * i + k], best, f"list {i} of part {part}")
            for a, b in zip(scores[k * i : k * i + k], score):
                near(a, b, f"scores {i} of part {part}")
        _, number, of, about = outside[end]
        expect((number, of, about["events"], about["left_out"]), (1, part, len(wanted), 0), "pass")
        near(about["loss"], sum(losses) / max(1, len(losses)), "mean loss")
        total += len(wanted)
    print("ok", total)


main(*sys.argv[1:])
