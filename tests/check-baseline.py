"""Holds what baseline wrote against its split input: every item scored, every order sorted out.

usage: python3 check-baseline.py SPLIT PREDICTIONS MODEL [OPTION=VALUE ...]

Both streams as spcat's JSON lines; OPTION is one of baseline's, the file of mix as JSON lines too.
Prints "ok" and the number of ranks, or what is wrong.
"""

import json
import struct
import sys
from collections import Counter, defaultdict, namedtuple
from math import exp, floor, log, sqrt

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


def decayed(distance, decay):
    return exp(-distance / decay) if decay else 1


def session_knn(train, now, options, position=0, item=0, age=0, idf=0):
    """Without decays session-kNN, with them VSTAN; position, item and age as --*-decay, in s."""
    neighbours, sample = int(options.get("neighbours", 100)), int(options.get("sample", 1000))
    newest = sorted(range(len(train)), key=lambda i: (train[i].end, i), reverse=True)
    sessions = [train[i] for i in newest]
    places = [{item: len(s.items) - 1 - t for t, item in enumerate(s.items)} for s in sessions]
    having = Counter(i for p in places for i in p)

    def similarity(n, ago, weight):
        shared = sum(score(w) for i, w in weight.items() if i in places[n])
        squares = 0
        for i in sorted(ago, key=ago.get):
            squares += weight[i] * weight[i]
        alike = shared / ONE / sqrt(squares * len(places[n]))
        return score(alike * decayed(max(0, now - sessions[n].end), age))

    def rarity(i):
        return log(len(sessions) / having[i]) / log(len(sessions)) if len(sessions) > 1 else 0

    def scores(user, before):
        ago = {item: len(before) - 1 - t for t, item in enumerate(before)}
        weight, found = {i: decayed(d, position) for i, d in ago.items()}, Counter()
        candidates = [n for n, p in enumerate(places) if p.keys() & ago.keys()][: sample or None]
        for sim, n in sorted((-similarity(n, ago, weight), n) for n in candidates)[:neighbours]:
            last = places[n][min(places[n].keys() & ago.keys(), key=ago.get)]
            for i, p in places[n].items():
                factor = decayed(abs(p - last), item) * (1 + idf * rarity(i)) if item or idf else 1
                found[i] += score(-sim / ONE * factor) if factor != 1 else -sim
        return found

    return scores


def ppop_decay(train, decay):
    def scores(user, before):
        own = sorted((s for s in train if s.user == user), key=lambda s: s.end)
        found, weight = Counter(), 1.0
        for s in reversed(own):
            for i in set(s.items):
                found[i] += score(weight)
            weight *= decay
        return found

    return scores


def window(train, now, seconds):
    """Pop in a window: how often items come in sessions that ended at most so long before."""
    last = now if now is not None else max((s.end for s in train), default=0)
    recent = Counter(i for s in train if s.end >= last - seconds for i in s.items)
    return lambda user, before: recent


def model_of(name, train, start, options):
    """The model of these training sessions, for a session that begins at `start`."""
    k = int(options.get("neighbours", 200 if name == "vstan" else 100))
    options = {**options, "neighbours": k}
    pairs = [(s.user, s.items) for s in train]
    if name == "pop" and int(options.get("window", 0)):
        return window(train, start if options.get("online") == "all" else None, int(options["window"]))
    if name == "pop":
        return lambda user, before: {}
    if name == "s-pop":
        return lambda user, before: Counter(before)
    if name == "ppop":
        return counts(pairs, lambda user, before: user, lambda user, before: user)
    if name == "ppop-decay":
        return ppop_decay(train, float(options.get("decay", 0.8)))
    if name == "markov":
        last = lambda user, before: before[-1] if before else None
        return counts(pairs, last, last)
    if name == "item-knn":
        return item_knn(pairs, k, float(options.get("regularization", 20)))
    if name == "session-knn":
        return session_knn(train, start, options)
    default = {"position-decay": 0.7, "item-decay": 5, "age-decay": 5, "idf": 1}
    position, item, age, idf = (float(options.get(o, d)) for o, d in default.items())
    return session_knn(train, start, options, position, item, age * 86400, idf)


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


def cascade(own, other):
    """The other list's items by own score, then all else by own score."""
    found = {i: score(n / max(own.values())) for i, n in own.items()}
    candidates = sorted((i for i, _ in other), key=lambda i: -own.get(i, 0))
    for r, item in enumerate(candidates):
        found[item] = score(1 + (len(candidates) - r) / len(candidates))
    return {i: n for i, n in found.items() if n}


# ---- what should have come out ----


Session = namedtuple("Session", "user part times items number end")


def learned(sessions, session, online):
    """What the model learns from before it predicts the session."""
    train = [s for s in sessions if s.part == TRAIN]
    before = [s for s in sessions if s.end < session.times[0]]
    if online == "user":
        return train + [s for s in before if s.part != TRAIN and s.user == session.user]
    if online == "all":
        return sorted(before, key=lambda s: s.end)
    return train


def answers(named, sessions, name, part, options):
    """For each target of the part: what its row of the ranks and of the lists should be."""
    global order
    users = [r[2] for r in named if r[0] == "user"]
    items = [r[2] for r in named if r[0] == "item"]
    top, online = int(options.get("top", 0)), options.get("online", "none")
    others = lists(options["mix"]) if "mix" in options else None
    counting = name in ("pop", "s-pop", "ppop", "markov")
    model, known = None, None
    for session in [s for s in sessions if s.part == part]:
        earlier = {item for s in sessions for item in s.items
                   if s.user == session.user and s.number < session.number}
        train = learned(sessions, session, online)
        if train != known or name == "vstan" or "window" in options:
            popularity = Counter(item for s in train for item in s.items)
            order = lambda item: (-popularity[item], item)
            events = sum(popularity.values())
            model, known = model_of(name, train, session.times[0], options), train
        for t in range(1, len(session.items)):
            before = session.items[:t]
            row, one = model(session.user, before), 1 if counting else ONE
            if online != "none" and others is not None and counting:
                row = {i: n * ONE for i, n in row.items()}
            if others is not None:
                other = others.get((users[session.user], session.number, t - 1), [])
                other = [(items.index(i), x) for i, x in other if i in items]
                if options.get("mix-how") == "cascade":
                    row, one = cascade(row, other), ONE
                else:
                    row, one = mixed(row, other, float(options.get("mix-weight", 0.5))), ONE
            barred = set(before) if "no-remind" in options else set()
            row = {i: n for i, n in row.items() if i not in barred}
            best = sorted(range(len(items)), key=lambda i: (i in barred, -row.get(i, 0), *order(i)))
            total = sum(row.values())

            def p(i):
                smooth = (popularity[i] + 1) / (events + len(items))
                return (row.get(i, 0) / one + smooth) / (total / one + 1)

            target = session.items[t]
            rank = best.index(target) + 1
            value = p if one == 1 else lambda i: row.get(i, 0) / ONE
            yield ([session.user, session.number, t - 1, target, rank, 0, session.number,
                    len(session.items), int(target in earlier | set(before))], -log(p(target)), best[:top], [value(i) for i in best[:top]])


def by_number(records):
    """Sessions with their number among the user's."""
    number = Counter()
    for _, user, part, times, items, *_ in records:
        yield Session(user, part, times, items, number[user], times[-1])
        number[user] += 1


def main(split, predictions, name, *given):
    options = dict(g.partition("=")[::2] for g in given)
    inside, outside = records(split), records(predictions)
    named = [r for r in inside if r[0] in ("user", "item")]
    sessions = list(by_number(r for r in inside if r[0] == "session"))
    expect([r for r in outside if r[0] in ("user", "item")], named, "users and items")
    parts = [p for p in (VALIDATION, TEST) if p == TEST or any(s.part == p for s in sessions)]
    expect([r[1:] for r in outside if r[0] == "epoch"], [[1, p] for p in parts], "passes")

    columns = ("user", "session", "position", "target", "rank", "ties", "history", "length", "seen")
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
        if options.get("online") == "all":  # which predicts in the order of time
            start = {(s.user, s.number): s.times[0] for s in sessions}
            wanted.sort(key=lambda w: start[w[0][0], w[0][1]])
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
