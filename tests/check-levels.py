"""Computes attention weights again, from a model's file and what they stand on, the obvious way.

usage: python3 check-levels.py BATCHES MODEL PREDICTIONS.json

PREDICTIONS.json is what spcat shows of `predictor --model MODEL --attention all BATCHES`; the model's
stored representations are means.
Prints "ok" and how many weight vectors of each level were compared, or fails.
"""

import importlib.util
import json
import math
import os
import struct
import sys
from collections import Counter

_spec = importlib.util.spec_from_file_location(
    "check_trainer", os.path.join(os.path.dirname(os.path.abspath(__file__)), "check-trainer.py")
)
check_trainer = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(check_trainer)


def load(path):
    with open(path, "rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        header, data = json.loads(file.read(length)), file.read()
    texts, tensors = header.pop("__metadata__"), {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        kind, size = {"F32": ("f", 4), "I32": ("i", 4), "I64": ("q", 8), "U8": ("B", 1)}[entry["dtype"]]
        flat = struct.unpack("<%d%s" % ((end - begin) // size, kind), data[begin:end])
        for width in reversed(entry["shape"][1:]):
            flat = [flat[i : i + width] for i in range(0, len(flat), width)]
        tensors[name] = flat
    return tensors, json.loads(texts["options"]), texts["model"]


def dot(a, b):
    assert len(a) == len(b)
    return sum(x * y for x, y in zip(a, b))


def linear(w, b, x):
    return [dot(row, x) + bias for row, bias in zip(w, b)]


def mean(weight, rows):
    return [sum(a * r[k] for a, r in zip(weight, rows)) for k in range(len(rows[0]))]


class Check:
    def __init__(self, path):
        self.w, self.o, self.model = load(path)
        self.user = 0

    def of(self, name):
        """A layer's weight: the user's own where there is one for each, or his cluster's."""
        level = "inter" if name.startswith("inter") else "intra" if name.startswith("intra") else name.split("_")[0]
        if level in (self.o["per-user"] or "").split(","):
            cluster = self.w.get("users.cluster")
            return self.w[name][cluster[self.user] if cluster else self.user]
        return self.w[name]

    def gru(self, prefix, way, name):
        """A GRU's weight, of the user's cluster where there is one for each."""
        w = self.w[f"{prefix}.{name}_l0{way}"]
        own = prefix.split("_")[0] in (self.o["cluster-encoders"] or "").split(",")
        return w[self.w["users.cluster"][self.user]] if own else w

    def step(self, prefix, way, x, h):
        """One step of a GRU, its reset gate on the product."""
        a = linear(self.gru(prefix, way, "weight_ih"), self.gru(prefix, way, "bias_ih"), x)
        b = linear(self.gru(prefix, way, "weight_hh"), self.gru(prefix, way, "bias_hh"), h)
        n = len(h)
        r, z = ([1 / (1 + math.exp(-a[g * n + k] - b[g * n + k])) for k in range(n)] for g in (0, 1))
        new = [math.tanh(a[2 * n + k] + r[k] * b[2 * n + k]) for k in range(n)]
        return [(1 - z[k]) * new[k] + z[k] * h[k] for k in range(n)]

    def states(self, prefix, xs, both=False):
        def run(way, rows):
            h, out = [0.0] * len(self.gru(prefix, way, "weight_hh")[0]), []
            for x in rows:
                h = self.step(prefix, way, x, h)
                out.append(h)
            return out

        ahead = run("", xs)
        if not both:
            return ahead, ahead[-1]
        back = run("_reverse", xs[::-1])[::-1]
        return [a + b for a, b in zip(ahead, back)], ahead[-1] + back[0]

    def weights(self, name, keys, query=None):
        w, scale = self.of(name + ".weight"), self.of(name + "_scale.weight")[0]
        b = self.of(name + ".bias")
        if query:
            keys = [query + key for key in keys]
        power = [math.exp(dot(scale, [math.tanh(v) for v in linear(w, b, key)])) for key in keys]
        return [p / sum(power) for p in power]

    def summed(self, keys, query):
        hidden, inter = self.of("intra_attention_hidden.weight"), self.of("intra_attention_inter.weight")
        scale, zero = self.of("intra_attention_scale.weight")[0], [0.0] * len(hidden)
        q = linear(hidden, zero, query)
        power = [
            math.exp(dot(scale, [math.tanh(a + b) for a, b in zip(q, linear(inter, zero, key))])) for key in keys
        ]
        return [p / sum(power) for p in power]

    def age(self, seconds):
        f = [math.log(1 + seconds / 3600) / math.log(169)]
        for turn in (86400, 7 * 86400):
            f += [math.sin(2 * math.pi * seconds / turn), math.cos(2 * math.pi * seconds / turn)]
        return [math.tanh(v) for v in linear(self.w["age_embedding.weight"], self.w["age_embedding.bias"], f)]

    def keys(self, states, a, start):
        on = (self.o["inter"] or "").split(",")
        keys = []
        for j, h in enumerate(states):
            key = list(h) if self.model == "hierarchical" or "hidden" in on else []
            key += self.w["delta_embedding.weight"][a["delta"][j]] if "delta" in on else []
            key += self.w["week_embedding.weight"][a["week"][j]] if "week" in on else []
            key += self.age(start - a["start"][j]) if "age" in on else []
            keys.append(key)
        return keys

    def embedded(self, items):
        return [list(self.w["item_embedding.weight"][i]) for i in items]

    def session(self, items):
        """(weights, representation) of an earlier session of the hierarchical model."""
        xs = self.embedded(items)
        if self.o["session-rep"] == "mean":
            return None, mean([1 / len(xs)] * len(xs), xs)
        states, last = self.states("session_gru", xs)
        if self.o["session-rep"] == "last":
            return None, last
        weight = self.weights("session_attention", states)
        return weight, mean(weight, xs if self.o["attend-to"] == "input" else states)

    def earlier(self, a):
        """What stands for each attended session."""
        out, at = [], 0
        for length in a["length"]:
            items = a["item"][at : at + length]
            at += length
            if self.model == "hierarchical":
                out.append(self.session(items)[1])
            else:
                out.append(mean([1 / (length - 1)] * (length - 1), self.embedded(items[:-1])))
        return out

    def expected(self, a, first, start):
        """The record's weights; first: the first item of the session that attends."""
        self.user = a["user"]
        both, prefix = self.o["bidirectional"], "inter_gru" if self.model == "ii-rnn" else "user_gru"
        if a["level"] == "session":
            return self.session(a["item"])[0]
        xs = self.earlier(a)
        states, s = self.states(prefix, xs, both)
        over = "user_attention" if self.model == "hierarchical" else "inter_attention"
        if a["level"] != "intra":
            return self.weights(over, self.keys(states, a, start))
        if over + ".weight" in self.w:
            value = xs if self.o.get("attend-to") == "input" else states
            s = mean(self.weights(over, self.keys(states, a, start)), value)
        out = []
        for x in self.embedded([first] + a["target"][:-1]):
            weight = (
                self.weights("intra_attention", states, s) if self.o["intra"] == "cat" else self.summed(states, s)
            )
            out += weight
            s = self.step("intra_gru", "", x + mean(weight, states), s)
        return out


def main(batches, model, predictions):
    check, seen, sessions = Check(model), Counter(), {}
    for _, part in check_trainer.load_batches(batches):
        for batch in part:
            at = 0
            for user, session, start, length in zip(batch["user"], batch["session"], batch["start"], batch["length"]):
                sessions[user, session] = batch["item"][at], start
                at += length
    with open(predictions, encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            if record[0] != "attention":
                continue
            a = record[1]
            first, start = sessions[a["user"], a["session"]]
            wanted = check.expected(a, first, start)
            assert len(wanted) == len(a["weight"]), (a["level"], len(wanted), len(a["weight"]))
            for x, y in zip(wanted, a["weight"]):
                assert abs(x - y) < 2e-6, (a["level"], a["user"], a["session"], x, y)
            rows = len(a["target"]) if a["level"] == "intra" else 1
            width = len(a["weight"]) // rows
            for i in range(rows):
                assert abs(sum(a["weight"][i * width : (i + 1) * width]) - 1) < 1e-5
            seen[a["level"]] += 1
    assert seen, "no attention"
    print("ok", *(f"{level} {count}" for level, count in sorted(seen.items())))


if __name__ == "__main__":
    main(*sys.argv[1:])
