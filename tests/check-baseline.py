"""Holds what baseline wrote against its split input: every item scored, every order sorted out.

usage: python3 check-baseline.py SPLIT PREDICTIONS MODEL [OPTION=VALUE ...]

Both streams as spcat's JSON lines; OPTION is one of baseline's, the file of mix as JSON lines too.
Prints "ok" and the number of ranks, or what is wrong.
"""

import json
import struct
import sys
from collections import Counter, defaultdict
from math import floor, log, sqrt

TRAIN, VALIDATION, TEST = 1, 2, 3
ONE = 2**32  # similarities and mixed scores are whole numbers of 1/ONE


def records(path):
    with open(path) as lines:
        return [r for r in map(json.loads, lines) if isinstance(r, list)]


def expect(got, wanted, what):
    if got != wanted:
        sys.exit(f"{what}: {got} instead of {wanted}")


def near(got, wanted, what):
    if abs(got - wanted) > 1e-5 * max(1, abs(wanted)):
        sys.exit(f"{what}: {got} instead of {wanted}")


def score(x):
    return floor(x * ONE + 0.5)


# ---- models: each a function of user and session so far that gives {item: score} ----


def counts(train, context, now):
    """How often items come in the same context in training."""
    found = defaultdict(Counter)
    for user, items in train:
        for t, item in enumerate(items):
            found[context(user, items[:t])][item] += 1
    return lambda user, before: found.get(now(user, before), {})


def item_knn(train, neighbours, regularization):
    sets = [set(items) for _, items in train]

    def scores(user, before):
        one, found = before[-1], []
        here = [s for s in sets if one in s]
        for other in set().union(*here) - {one}:
            both = sum(other in s for s in here)
            all_other = sum(other in s for s in sets)
            sim = score(both / sqrt((len(here) + regularization) * (all_other + regularization)))
            found.append((-sim, order(other), other))
        return {item: -sim for sim, _, item in sorted(found)[:neighbours]}

    return scores


def session_knn(train, times, neighbours, sample):
    newest = sorted(range(len(train)), key=lambda i: (times[i], i), reverse=True)
    sets = [set(train[i][1]) for i in newest]

    def scores(user, before):
        now, found = set(before), Counter()
        candidates = [n for n, s in enumerate(sets) if s & now][: sample or None]
        sims = [(-score(len(sets[n] & now) / sqrt(len(now) * len(sets[n]))), n) for n in candidates]
        for sim, n in sorted(sims)[:neighbours]:
            for item in sets[n]:
                found[item] -= sim
        return found

    return scores


def model_of(name, train, times, options):
    k = int(options.get("neighbours", 100))
    if name == "pop":
        return lambda user, before: {}
    if name == "s-pop":
        return lambda user, before: Counter(before)
    if name == "ppop":
        return counts(train, lambda user, before: user, lambda user, before: user)
    if name == "markov":
        last = lambda user, before: before[-1] if before else None
        return counts(train, last, last)
    if name == "item-knn":
        return item_knn(train, k, float(options.get("regularization", 20)))
    return session_knn(train, times, k, int(options.get("sample", 1000)))


# ---- the lists of another run ----


def single(x):
    """The float32 whose shortest text this is."""
    return struct.unpack("<f", struct.pack("<f", x))[0]


def lists(path):
    """{(user, session, position): [(item, score)]} by names."""
    users, items, found = [], [], {}
    for r in records(path):
        if r[0] in ("user", "item"):
            (users if r[0] == "user" else items).append(r[2])
        if r[0] == "top":
            t, k = r[1], r[1]["k"]
            for i, key in enumerate(zip(t["user"], t["session"], t["position"])):
                listed = zip(t["item"][k * i : k * i + k], t["score"][k * i : k * i + k])
                found[users[key[0]], *key[1:]] = [(items[j], single(x)) for j, x in listed]
    return found


def mixed(own, other, weight):
    """Shares of the own greatest score, and of the way from the list's last score to its first."""
    found = {i: score((1 - weight) * (n / max(own.values()))) for i, n in own.items()}
    scores = [x for _, x in other]
    for item, x in other:
        share = (x - scores[-1]) / (scores[0] - scores[-1]) if scores[0] > scores[-1] else 1
        found[item] = found.get(item, 0) + score(weight * share)
    return {i: n for i, n in found.items() if n}


# ---- what should have come out ----


def answers(named, sessions, name, part, options):
    """For each target of the part: what its row of the ranks and of the lists should be."""
    global order
    users = [r[2] for r in named if r[0] == "user"]
    items = [r[2] for r in named if r[0] == "item"]
    train = [(user, s) for _, user, of, _, s, *_ in sessions if of == TRAIN]
    times = [t[-1] for _, _, of, t, *_ in sessions if of == TRAIN]
    popularity = Counter(item for _, s in train for item in s)
    order = lambda item: (-popularity[item], item)
    model, top = model_of(name, train, times, options), int(options.get("top", 0))
    others = lists(options["mix"]) if "mix" in options else None
    events, number, known = sum(popularity.values()), Counter(), {}
    for _, user, of, _, session, *_ in sessions:
        n = number[user]
        number[user] += 1
        for t in range(1, len(session) if of == part else 0):
            row, one = model(user, session[:t]), 1 if "knn" not in name else ONE
            if others is not None:
                other = others.get((users[user], n, t - 1), [])
                other = [(items.index(i), x) for i, x in other if i in items]
                row, one = mixed(row, other, float(options.get("mix-weight", 0.5))), ONE
            best = sorted(range(len(items)), key=lambda i: (-row.get(i, 0), *order(i)))
            total = sum(row.values())

            def p(i):
                smooth = (popularity[i] + 1) / (events + len(items))
                return (row.get(i, 0) / one + smooth) / (total / one + 1)

            target = session[t]
            rank = best.index(target) + 1
            value = p if one == 1 else lambda i: row.get(i, 0) / ONE
            yield ([user, n, t - 1, target, rank, 0, n, len(session)], -log(p(target)), best[:top],
                   [value(i) for i in best[:top]])


def main(split, predictions, name, *given):
    options = dict(g.split("=", 1) for g in given)
    inside, outside = records(split), records(predictions)
    named = [r for r in inside if r[0] in ("user", "item")]
    sessions = [r for r in inside if r[0] == "session"]
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
        wanted = list(answers(named, sessions, name, part, options))
        expect(len(rows), len(wanted), f"ranks in part {part}")
        expect(len(tops) > 0, int(options.get("top", 0)) > 0 and len(wanted) > 0, "lists")
        for i, (row, loss, best, score_list) in enumerate(wanted):
            expect(rows[i], row, f"row {i} of part {part}")
            near(losses[i], loss, f"loss {i} of part {part}")
            k = len(best)
            expect(listed[k * i : k * i + k], best, f"list {i} of part {part}")
            for a, b in zip(scores[k * i : k * i + k], score_list):
                near(a, b, f"scores {i} of part {part}")
        _, number, of, about = outside[end]
        expect((number, of, about["events"], about["left_out"]), (1, part, len(wanted), 0), "pass")
        near(about["loss"], sum(losses) / max(1, len(losses)), "mean loss")
        total += len(wanted)
    print("ok", total)


main(*sys.argv[1:])
