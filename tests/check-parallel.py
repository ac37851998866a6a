"""Holds what a model of parallel mini-batches makes of sessions against the plain recurrence over each user's
sessions, one after another, in double precision; standard library only.

usage: python3 check-parallel.py SESSIONS MODEL PREDICTIONS
       python3 check-parallel.py SESSIONS MODEL --answers ANSWERS...

SESSIONS and PREDICTIONS are spcat's JSON lines of a split log and of what
`trainer --init MODEL --max-steps 0` or predictor makes of all of its sessions, each of ANSWERS what
`recommender --json` says to them; MODEL is a file of `trainer --model rnn` or hrnn, which need not
know all items.  Prints "ok", the number of positions or scores, the largest difference of losses or
scores, and the number of targets that could not be scored, or what is wrong.
"""

import json
import math
import struct
import sys

NEAR = 1e-5  # scores that may come in either order in single precision


def load_model(path):
    """Names to rows of numbers, item names to rows, and the options that it was trained with."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    texts, tensors = header.pop("__metadata__"), {}
    raw = {name: data[slice(*entry["data_offsets"])] for name, entry in header.items()}
    for name, entry in header.items():
        if entry["dtype"] == "F32":
            values, width = struct.unpack("<%df" % (len(raw[name]) // 4), raw[name]), entry["shape"][-1]
            rows = [values[i : i + width] for i in range(0, len(values), width)]
            tensors[name] = rows if len(entry["shape"]) == 2 else rows[0]
    at = struct.unpack("<%dq" % (len(raw["vocabulary.offsets"]) // 8), raw["vocabulary.offsets"])
    names = [raw["vocabulary.bytes"][i:j].decode() for i, j in zip(at, at[1:])]
    return tensors, {name: i for i, name in enumerate(names)}, {"model": texts["model"], **json.loads(texts["options"])}


def product(matrix, x):
    return [sum(a * b for a, b in zip(row, x, strict=True)) for row in matrix]


def plus(*vectors):
    return [sum(v) for v in zip(*vectors, strict=True)]


def sigmoid(x):
    return [1 / (1 + math.exp(-v)) for v in x]


class Model:
    def __init__(self, tensors, options):
        self.w = tensors
        self.users = options["model"] == "hrnn"
        self.all = self.users and options["propagate"] == "all"
        self.joined = not self.users and options["join-sessions"]
        self.separator = self.w["separator.weight"][0] if self.joined and options["separator"] else None
        self.size = len(tensors["session_gru.weight_hh_l0"][0])

    def gru(self, name, x, h, more=None):
        """One step, the reset before the product; `more` goes into all gates beside the input."""
        w, n = {k: self.w[f"{name}.{k}"] for k in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")}, len(h)
        a = plus(product(w["weight_ih_l0"], x), w["bias_ih_l0"], more or [0] * 3 * n)
        b = plus(product(w["weight_hh_l0"][: 2 * n], h), w["bias_hh_l0"][: 2 * n])
        r, z = sigmoid(plus(a[:n], b[:n])), sigmoid(plus(a[n : 2 * n], b[n : 2 * n]))
        inner = product(w["weight_hh_l0"][2 * n :], [x * y for x, y in zip(r, h)])
        new = [math.tanh(v) for v in plus(a[2 * n :], inner, w["bias_hh_l0"][2 * n :])]
        return [(1 - zi) * ni + zi * hi for zi, ni, hi in zip(z, new, h)]

    def read(self, item, s, c):
        more = product(self.w["user_to_input.weight"], c) if self.all else None
        return self.gru("session_gru", self.w["item_embedding.weight"][item], s, more)

    def scores(self, s):
        return plus(product(self.w["output.weight"], s), self.w["output.bias"])

    def begin(self, c):
        s = plus(product(self.w["user_to_session.weight"], c), self.w["user_to_session.bias"])
        return [math.tanh(v) for v in s]

    def states(self, sessions, running=False):
        """Of each session of one user the states after all its items but the last, or, of the last
        session where it is still running, after all of them."""
        s = c = [0.0] * self.size
        last = None
        for number, items in enumerate(sessions):
            inputs = items if running and number + 1 == len(sessions) else items[:-1]
            found = []
            if inputs:  # a session of one event makes no step
                if self.users:
                    s = self.begin(c)
                elif not self.joined:
                    s = [0.0] * self.size
                elif last is not None:
                    s = self.read(last, s, c)
                    s = self.gru("session_gru", self.separator, s) if self.separator else s
            for item in inputs:
                s = self.read(item, s, c)
                found.append(s)
            if found:
                last = items[-1]
                c = self.gru("user_gru", s, c) if self.users else c
            yield found


def records(path):
    with open(path) as file:
        return [json.loads(line) for line in file]


def load_sessions(path, rows):
    """Each user's sessions, the items as the model's rows, None where it does not know them:
    {user: [(part, [row, ...]), ...]}."""
    users, items, sessions = [], [], {}
    for r in records(path):
        if r[0] == "user":
            users.append(r[2])
        elif r[0] == "item":
            items.append(rows.get(r[2]))
        elif r[0] == "session":
            sessions.setdefault(users[r[1]], []).append((r[2], [items[i] for i in r[4]]))
    return sessions


def known(items):
    return [i for i in items if i is not None]


def load_ranks(path, rows):
    """Of the first epoch: {(user, session, position): (target, rank, ties, loss)}; all items."""
    users, items, found, epoch = [], [], {}, 0
    for r in records(path):
        if r[0] == "user":
            users.append(r[2])
        elif r[0] == "item":
            items.append(rows.get(r[2]))
        elif r[0] == "epoch":
            epoch = r[1]
        elif r[0] == "rank" and epoch == 1:
            m = r[1]
            for i, user in enumerate(m["user"]):
                place = users[user], m["session"][i], m["position"][i]
                if place in found:
                    sys.exit(f"{place} comes twice")
                found[place] = items[m["target"][i]], m["rank"][i], m["ties"][i], m["loss"][i]
    return found, items


def compare(place, target, scores, there):
    """How far the losses are apart; exits where anything does not fit."""
    loss = math.log(sum(math.exp(v) for v in scores)) - scores[target]
    others = [v - scores[target] for i, v in enumerate(scores) if i != target]
    above, near = sum(v > NEAR for v in others), sum(abs(v) <= NEAR for v in others)
    wanted, rank, ties, given = there
    if wanted != target or abs(given - loss) > 2e-5 * (1 + loss):
        sys.exit(f"{place}: target {wanted} with loss {given}, expected {target} with {loss}")
    if not above + 1 <= rank - ties <= rank <= above + near + 1:
        sys.exit(f"{place}: rank {rank} with {ties} ties, expected {above + 1} with {near}")
    return abs(given - loss)


def compare_missed(place, target, items, there):
    """No rank; the loss of a guess."""
    if there[:3] != (target, 2147483647, 0) or abs(there[3] - math.log(len(items))) > 1e-5:
        sys.exit(f"{place}: {there}, which cannot be scored among {len(items)}")


def check_predictions(model, sessions, ranks, listed):
    largest, count, missed = 0.0, 0, 0
    for user, his in sessions.items():
        for number, found in enumerate(model.states([known(items) for _, items in his])):
            part, items = his[number]
            for position, target in enumerate(items[1:]):
                place, before = (user, number, position), len(known(items[: position + 1]))
                if part == 1:
                    continue
                if place not in ranks:
                    sys.exit(f"{place} is missing")
                count += 1
                if target is None or not before:
                    compare_missed(place, target, listed, ranks.pop(place))
                    missed += 1
                    continue
                scores = model.scores(found[before - 1])
                largest = max(largest, compare(place, target, scores, ranks.pop(place)))
    if ranks:
        sys.exit(f"{len(ranks)} positions too many")
    return count, largest, missed


def scores_after(model, his):
    """Of all items, behind all that the model knows of a user's sessions; none where that is nothing."""
    visits = [known(items) for _, items in his if known(items)]
    if not visits:
        return []
    *_, found = model.states(visits, running=True)
    return model.scores(found[-1])


def check_answers(expected, rows, answers):
    expected, largest, count = dict(expected), 0.0, 0
    for answer in answers:
        scores = expected.pop(answer["user"])
        best = sorted(scores, reverse=True)
        if not scores:
            assert not answer["items"], answer
            continue
        assert len({x["item"] for x in answer["items"]}) == len(answer["items"]) > 0
        for place, x in enumerate(answer["items"]):
            score = scores[rows[x["item"]]]
            if abs(x["score"] - score) > 2e-5 * (1 + abs(score)) or abs(score - best[place]) > NEAR:
                sys.exit(f"{answer['user']}: {x} at {place + 1}, expected {score}, and {best[place]} there")
            largest, count = max(largest, abs(x["score"] - score)), count + 1
    if expected:
        sys.exit(f"{len(expected)} users were not answered")
    return count, largest


def main(sessions, model, *results):
    tensors, rows, options = load_model(model)
    model, sessions = Model(tensors, options), load_sessions(sessions, rows)
    if results[0] == "--answers":
        expected = {user: scores_after(model, his) for user, his in sessions.items()}
        counts, worst = zip(*(check_answers(expected, rows, records(path)) for path in results[1:]))
        count, largest, missed = sum(counts), max(worst), 0
    else:
        count, largest, missed = check_predictions(model, sessions, *load_ranks(results[0], rows))
    if not count:
        sys.exit("there is nothing to compare")
    print("ok", count, "%.1e" % largest, missed)


if __name__ == "__main__":
    main(*sys.argv[1:])
