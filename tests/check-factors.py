"""Scores items by the saved factors of bpr-mf or fpmc, written down over lists of numbers, and holds
that against the lists of predictor and of recommender.

usage: check-factors.py MODEL SESSIONS PREDICTIONS ANSWERS

SESSIONS and PREDICTIONS (with --top) as spcat shows them; ANSWERS is what `recommender --json
--exclude none` wrote for the same sessions.  Prints "ok" or "wrong", how many lists of users with
and without training there were, how many answers, and the largest difference of a score.
"""

import json
import struct
import sys


def load(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    header.pop("__metadata__")
    w = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        kind = {"F32": "f", "I64": "q", "U8": "B"}[entry["dtype"]]
        values = struct.unpack("<%d%s" % ((end - begin) // struct.calcsize(kind), kind), data[begin:end])
        width = entry["shape"][-1]
        w[name] = [values[i : i + width] for i in range(0, len(values), width)] if len(entry["shape"]) > 1 else values
    return w


def names(w, prefix):
    text, at = bytes(w[prefix + ".bytes"]), w[prefix + ".offsets"]
    return [text[a:b].decode() for a, b in zip(at, at[1:])]


def dot(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True))


class Model:
    def __init__(self, path):
        self.w = load(path)
        self.items = {name: i for i, name in enumerate(names(self.w, "vocabulary"))}
        self.users = {name: i for i, name in enumerate(names(self.w, "users"))}

    def trained(self, user):
        return user in self.users and any(self.w["user_embedding.weight"][self.users[user]])

    def score(self, user, before, item):
        """The item's score for a user after the items of their session so far."""
        out, i = self.w["output.weight"], self.items[item]
        size = len(self.w["user_embedding.weight"][0])
        p = self.w["user_embedding.weight"][self.users[user]] if self.trained(user) else [0.0] * size
        if "item_embedding.weight" in self.w:
            last = self.w["item_embedding.weight"][self.items[before[-1]]]
            return dot(p, out[i][:size]) + dot(last, out[i][size:])
        if not self.trained(user):
            rows = [out[self.items[name]] for name in before]
            p = [sum(column) / len(rows) for column in zip(*rows)]
        return dot(p, out[i]) + self.w["output.bias"][i]


def read(path):
    """The records of a stream as spcat shows it: names by id, and what else there is by its kind."""
    found = {"user": {}, "item": {}, "session": [], "top": []}
    for record in map(json.loads, open(path)):
        if record[0] in ("user", "item"):
            found[record[0]][record[1]] = record[2]
        elif record[0] in found:
            found[record[0]].append(record[1:])
    return found


def main():
    model, stream, predicted = Model(sys.argv[1]), read(sys.argv[2]), read(sys.argv[3])
    sessions, worst, counts = {}, 0.0, [0, 0, 0]
    for user, _, _, items, *_ in stream["session"]:
        sessions.setdefault(stream["user"][user], []).append([stream["item"][i] for i in items])
    for (top,) in predicted["top"]:
        k = len(top["item"]) // len(top["user"])
        for at, (user, session, position) in enumerate(zip(top["user"], top["session"], top["position"])):
            user = predicted["user"][user]
            before = sessions[user][session][: position + 1]
            for item, score in zip(top["item"][at * k : at * k + k], top["score"][at * k : at * k + k]):
                worst = max(worst, abs(model.score(user, before, predicted["item"][item]) - score))
            counts[not model.trained(user)] += 1
    for answer in map(json.loads, open(sys.argv[4])):
        user = answer["user"]
        best = sorted((model.score(user, sessions[user][-1], item) for item in model.items), reverse=True)
        for score, entry in zip(best, answer["items"]):
            worst = max(worst, abs(model.score(user, sessions[user][-1], entry["item"]) - entry["score"]))
            worst = max(worst, abs(score - entry["score"]))
        counts[2] += 1
    print("ok" if worst < 1e-4 else "wrong", *counts, worst)


main()
