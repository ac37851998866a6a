"""Recommends by the equations of the II-RNN family, written down over lists of numbers, and holds
that against what recommender said.

usage: spcat SESSIONS | python3 check-recommender.py MODEL ANSWERS

ANSWERS is what `recommender --model MODEL --json --why SESSIONS` wrote.  Prints "ok", the number of
scores and the largest difference, or what is wrong.
"""

import json
import math
import struct
import sys
import time

WEEK_NONE = 168


class Model:
    def __init__(self, path):
        with open(path, "rb") as file:
            header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
            data = file.read()
        texts = header.pop("__metadata__")
        self.options = json.loads(texts["options"])
        self.edges, self.most = json.loads(texts["delta_edges"]), int(texts["history"])
        self.shift = int(texts["week_shift"])
        self.w = {}
        for name, entry in header.items():
            begin, end = entry["data_offsets"]
            kind = {"F32": "f", "I64": "q", "U8": "B"}[entry["dtype"]]
            values = struct.unpack("<%d%s" % ((end - begin) // struct.calcsize(kind), kind), data[begin:end])
            width = entry["shape"][-1]
            rows = [values[i : i + width] for i in range(0, len(values), width)] if len(entry["shape"]) > 1 else values
            self.w[name] = rows
        text, at = bytes(self.w["vocabulary.bytes"]), self.w["vocabulary.offsets"]
        self.names = [text[a:b].decode() for a, b in zip(at, at[1:])]
        self.item = {name: i for i, name in enumerate(self.names)}
        self.size = len(self.w["item_embedding.weight"][0])

    def times(self, name, x, bias=None):
        return [
            sum(a * b for a, b in zip(row, x, strict=True)) + (self.w[bias][i] if bias else 0)
            for i, row in enumerate(self.w[name])
        ]

    def gru(self, name, x, h):
        n = self.size
        a = self.times(name + ".weight_ih_l0", x, name + ".bias_ih_l0")
        b = self.times(name + ".weight_hh_l0", h, name + ".bias_hh_l0")
        r = [1 / (1 + math.exp(-p - q)) for p, q in zip(a[:n], b[:n])]
        z = [1 / (1 + math.exp(-p - q)) for p, q in zip(a[n : 2 * n], b[n : 2 * n])]
        new = [math.tanh(p + q * s) for p, q, s in zip(a[2 * n :], b[2 * n :], r)]
        return [(1 - u) * v + u * w for u, v, w in zip(z, new, h)]

    def initial(self, now, past):
        """The first state, and the weight of each earlier session; past: (start, representation)."""
        h, states = [0.0] * self.size, []
        for _, representation in past or [(None, h)]:
            h = self.gru("inter_gru", representation, h)
            states.append(h)
        parts = self.options["inter"]
        if not parts:
            return h, []
        energy = []
        for h, (start, _) in zip(states, past or [(None, None)]):
            bucket = len(self.edges) if start is None else sum(now - start >= edge for edge in self.edges)
            hour = WEEK_NONE if start is None else ((start + self.shift) // 3600 + 72) % 168
            key = list(h) if "hidden" in parts else []
            key += self.w["delta_embedding.weight"][bucket] if "delta" in parts else []
            key += self.w["week_embedding.weight"][hour] if "week" in parts else []
            key = self.times("inter_attention.weight", key, "inter_attention.bias")
            energy.append(sum(s * math.tanh(k) for s, k in zip(self.w["inter_attention_scale.weight"][0], key)))
        power = [math.exp(e - max(energy)) for e in energy]
        weight = [p / sum(power) for p in power]
        state = [sum(a * h[k] for a, h in zip(weight, states)) for k in range(self.size)]
        return state, weight if past else []

    def before(self, now, past):
        """The newest of the sessions that have ended; past: (start, representation, last event)."""
        return [(start, made) for start, made, last in past if last < now][-self.most :]

    def run(self, now, past, inputs):
        s, weight = self.initial(now, past)
        embedding = [self.w["item_embedding.weight"][i] for i in inputs]
        for x in embedding:
            s = self.gru("intra_gru", x, s)
        return s, embedding, weight

    def answer(self, sessions):
        """The scores of all items, and (weight, start) of the sessions before the newest."""
        past = []
        for start, items, end in sessions[:-1]:
            s, embedding, _ = self.run(start, self.before(start, past), items[:-1])
            mean = [sum(x[k] for x in embedding) / max(1, len(embedding)) for k in range(self.size)]
            representation = mean if self.options["session-rep"] == "mean" else s if embedding else [0.0] * self.size
            past.append((start, representation, end))
        start, items, _ = sessions[-1]
        past = self.before(start, past)
        s, _, weight = self.run(start, past, items)
        starts = [t for t, _ in past]
        return self.times("output.weight", s, "output.bias"), list(zip(weight, starts))


def close(a, b):
    return abs(a - b) <= 2e-5 * max(1, abs(b))


def main(path, answers):
    model, users, items, sessions = Model(path), [], [], {}
    for line in sys.stdin:
        r = json.loads(line)
        if r[0] == "user":
            users.append(r[2])
        elif r[0] == "item":
            items.append(r[2])
        elif r[0] == "session":
            known = [model.item[items[i]] for i in r[4] if items[i] in model.item]
            if known:
                sessions.setdefault(users[r[1]], []).append((r[3][0], known, r[3][-1]))
    largest, count, reasons = 0.0, 0, 0
    for line in open(answers, encoding="utf-8"):
        answer = json.loads(line)
        if answer["user"] not in sessions:
            assert not answer["items"], answer
            continue
        scores, why = model.answer(sessions.pop(answer["user"]))
        best = sorted(scores, reverse=True)
        assert len({x["item"] for x in answer["items"]}) == len(answer["items"]) > 0
        for place, x in enumerate(answer["items"]):
            score = scores[model.item[x["item"]]]
            assert close(x["score"], score) and close(score, best[place]), (answer["user"], place, x, score)
            largest = max(largest, abs(x["score"] - score))
            count += 1
        why.sort(reverse=True)
        told = answer["why"] or []
        assert len(told) == min(3, len(why)), (told, why)
        for x, (weight, _) in zip(told, why):
            start = x["start"]
            mine = [w for w, t in why if time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(t)) == start]
            assert x["level"] == "inter" and close(x["weight"], weight), (x, why)
            assert any(close(x["weight"], w) for w in mine), (x, why)
            reasons += 1
    assert not sessions, f"{len(sessions)} users were not answered"
    print("ok", count, "%.2g" % largest, reasons)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
