"""Trains the II-RNN family by plain gradient descent, written down from the equations over single
numbers, and holds the weights against those that trainer saved.

usage: python3 check-trainer.py BATCHES BEFORE AFTER STEPS RATE

BATCHES is the stream that was trained on; BEFORE and AFTER are model files of
`trainer --optimizer sgd --dropout 0 --lr RATE --save-by last`, with --max-steps 0 and STEPS.
Prints "ok", the number of weights and the largest difference, or what is wrong.
"""

import io
import json
import math
import struct
import sys

import msgpack

TRAIN = 1
WEEK_NONE = 168


# ---- single numbers that remember what they were made of ----


class Number:
    __slots__ = ("value", "grad", "parents")

    def __init__(self, value, parents=()):
        self.value, self.grad, self.parents = value, 0.0, parents

    def __add__(self, other):
        return Number(self.value + other.value, ((self, 1.0), (other, 1.0)))

    def __sub__(self, other):
        return Number(self.value - other.value, ((self, 1.0), (other, -1.0)))

    def __mul__(self, other):
        return Number(self.value * other.value, ((self, other.value), (other, self.value)))

    def times(self, factor):
        return Number(self.value * factor, ((self, factor),))

    def of(self, function, slope):
        y = function(self.value)
        return Number(y, ((self, slope(self.value, y)),))

    def tanh(self):
        return self.of(math.tanh, lambda x, y: 1 - y * y)

    def sigmoid(self):
        return self.of(lambda x: 1 / (1 + math.exp(-x)), lambda x, y: y * (1 - y))

    def exp(self):
        return self.of(math.exp, lambda x, y: y)

    def inverse(self):
        return self.of(lambda x: 1 / x, lambda x, y: -y * y)

    def log(self):
        return self.of(math.log, lambda x, y: 1 / x)


def total(numbers):
    return Number(sum(n.value for n in numbers), tuple((n, 1.0) for n in numbers))


def dot(a, b):
    parents = []
    for x, y in zip(a, b, strict=True):
        parents += [(x, y.value), (y, x.value)]
    return Number(sum(x.value * y.value for x, y in zip(a, b)), tuple(parents))


def backward(last):
    order, seen, stack = [], set(), [(last, False)]
    while stack:
        number, done = stack.pop()
        if done:
            order.append(number)
        elif id(number) not in seen:
            seen.add(id(number))
            stack.append((number, True))
            stack += [(parent, False) for parent, _ in number.parents]
    last.grad = 1.0
    for number in reversed(order):
        for parent, slope in number.parents:
            parent.grad += number.grad * slope


def vector(values):
    return [Number(v) for v in values]


def plus(a, b):
    return [x + y for x, y in zip(a, b, strict=True)]


def product(matrix, x):
    return [dot(row, x) for row in matrix]


# ---- files ----


def load_model(path):
    """Names to (shape, flat list), and the options that it was trained with."""
    with open(path, "rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(length))
        data = file.read()
    texts = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        if not name.startswith("vocabulary."):
            begin, end = entry["data_offsets"]
            assert entry["dtype"] == "F32"
            values = struct.unpack("<%df" % ((end - begin) // 4), data[begin:end])
            tensors[name] = (entry["shape"], list(values))
    return tensors, json.loads(texts["options"])


def array(ext):
    kind = {1: "i", 2: "q", 3: "f", 4: "B"}[ext.code]
    return list(struct.unpack("<%d%s" % (len(ext.data) // struct.calcsize("<" + kind), kind), ext.data))


def records(path):
    """The header, and all records."""
    found, last = [], None
    with open(path, "rb") as file:
        for last in msgpack.Unpacker(file, unicode_errors="surrogateescape"):
            if last[0] == "SESSPIPE\r\n":
                header = msgpack.unpackb(last[2])
            elif last[0] == "B":
                found += msgpack.Unpacker(io.BytesIO(last[4]), unicode_errors="surrogateescape")
    assert last[0] == "E", "cut off"
    return header, found


def expand(header, sessions, first, numbers, learn):
    """The batch of these sessions, with the newest earlier ones that ended before each began."""
    edges, shift = array(header["delta_edges"]), header.get("week_shift", 0)
    batch = {key: [] for key in ("user", "session", "start", "length", "item", "history")}
    batch |= {"learn": learn, "history_session": [], "history_delta": [], "history_week": []}
    for number in numbers:
        user, times, items = sessions[number]
        begin = first[user]
        past = [h for h in range(begin, number) if sessions[h][1][-1] < times[0]]
        past = past[max(0, len(past) - header["history"]) :]
        batch["user"].append(user)
        batch["session"].append(number - begin)
        batch["start"].append(times[0])
        batch["length"].append(len(items))
        batch["item"] += items
        batch["history"].append(len(past))
        for h in past:
            start = sessions[h][1][0]
            batch["history_session"].append(h - begin)
            batch["history_delta"].append(sum(times[0] - start >= edge for edge in edges))
            batch["history_week"].append(((start + shift) // 3600 + 72) % 168)
    return batch


def load_batches(path):
    """The batches of each pass: [(part, [batch, ...]), ...]."""
    header, found = records(path)
    passes, written, sessions, first = [], {}, [], {}
    for r in found:
        if r[0] == "session":
            first.setdefault(r[1], len(sessions))
            sessions.append((r[1], array(r[3]), array(r[4])))
        elif r[0] == "epoch":
            passes.append((r[2], []))
        elif r[0] == "batch":
            learn = r[2] if len(r) > 2 else 1
            passes[-1][1].append(expand(header, sessions, first, array(r[1]), learn))
            written[passes[-1][0]] = passes[-1][1]
        elif r[0] == "again":
            passes[-1] = passes[-1][0], written[passes[-1][0]]
    return passes


# ---- the model ----


class Model:
    def __init__(self, tensors, options):
        self.options = options
        self.w = {}
        for name, (shape, values) in tensors.items():
            numbers = vector(values)
            width = shape[-1]
            self.w[name] = (
                numbers if len(shape) == 1 else [numbers[i : i + width] for i in range(0, len(numbers), width)]
            )
        self.stored = {}  # (user, session) -> floats
        self.size = tensors["item_embedding.weight"][0][1]

    def flat(self, name):
        tensor = self.w[name]
        return [n for row in tensor for n in row] if isinstance(tensor[0], list) else tensor

    def gru(self, name, x, h):
        size = self.size
        w = {k: self.w[f"{name}.{k}"] for k in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")}
        a = plus(product(w["weight_ih_l0"], x), w["bias_ih_l0"])
        hh, hb = w["weight_hh_l0"], w["bias_hh_l0"]
        gates = plus(product(hh[: 2 * size], h), hb[: 2 * size])
        r = [n.sigmoid() for n in plus(a[:size], gates[:size])]
        z = [n.sigmoid() for n in plus(a[size : 2 * size], gates[size:])]
        if self.options["gru"] == "reset-before":
            inner = plus(product(hh[2 * size :], [x * y for x, y in zip(r, h)]), hb[2 * size :])
        else:
            inner = plus(product(hh[2 * size :], h), hb[2 * size :])
            inner = [x * y for x, y in zip(r, inner)]
        n = [v.tanh() for v in plus(a[2 * size :], inner)]
        return [ni - zi * ni + zi * hi for ni, zi, hi in zip(n, z, h)]

    def history(self, batch, i, begin):
        """(representation, age bucket, hour) of each known earlier session."""
        known = []
        for j in range(begin, begin + batch["history"][i]):
            key = (batch["user"][i], batch["history_session"][j])
            if key in self.stored:
                known.append((self.stored[key], batch["history_delta"][j], batch["history_week"][j]))
        return known or [([0.0] * self.size, -1, WEEK_NONE)]

    def initial(self, known):
        h, states = vector([0.0] * self.size), []
        for representation, _, _ in known:
            h = self.gru("inter_gru", vector(representation), h)
            states.append(h)
        parts = self.options["inter"]
        if not parts:
            return h
        energy = []
        for h, (_, delta, week) in zip(states, known):
            key = h if "hidden" in parts else []
            key = key + (self.w["delta_embedding.weight"][delta] if "delta" in parts else [])
            key = key + (self.w["week_embedding.weight"][week] if "week" in parts else [])
            key = plus(product(self.w["inter_attention.weight"], key), self.w["inter_attention.bias"])
            energy.append(dot(self.w["inter_attention_scale.weight"][0], [k.tanh() for k in key]))
        power = [e.exp() for e in energy]
        share = total(power).inverse()
        weight = [p * share for p in power]
        return [dot(weight, [h[k] for h in states]) for k in range(self.size)]

    def run(self, batch):
        """Losses of the batch's targets; stores its representations."""
        losses, stored, event, row = [], {}, 0, 0
        for i, length in enumerate(batch["length"]):
            items = batch["item"][event : event + length]
            s = self.initial(self.history(batch, i, row))
            event, row = event + length, row + batch["history"][i]
            inputs = [self.w["item_embedding.weight"][item] for item in items[:-1]]
            for x, target in zip(inputs, items[1:]):
                s = self.gru("intra_gru", x, s)
                logits = plus(product(self.w["output.weight"], s), self.w["output.bias"])
                losses.append(total([v.exp() for v in logits]).log() - logits[target])
            mean = [sum(x[k].value for x in inputs) / len(inputs) for k in range(self.size)]
            last = [n.value for n in s]
            key = (batch["user"][i], batch["session"][i])
            stored[key] = mean if self.options["session-rep"] == "mean" else last
        self.stored.update(stored)
        return losses

    def descend(self, batch, rate):
        losses = self.run(batch)
        backward(total(losses).times(1 / len(losses)))
        for name in self.w:
            for n in self.flat(name):
                n.value -= rate * n.grad
                n.grad = 0.0


def main(path, before, after, steps, rate):
    tensors, options = load_model(before)
    wanted, _ = load_model(after)
    model = Model(tensors, options)
    for part, batches in load_batches(path):
        if part == TRAIN:
            model.stored = {}
        for batch in batches:
            if steps and part == TRAIN and batch["learn"]:
                model.descend(batch, rate)
                steps -= 1
            elif steps:
                model.run(batch)
    if steps:
        sys.exit(f"the stream has {steps} batches too few")
    if set(model.w) != set(wanted):
        sys.exit(f"other tensors: {sorted(set(model.w) ^ set(wanted))}")
    largest, moved, count = 0.0, set(), 0
    for name in model.w:
        for i, (n, there, was) in enumerate(zip(model.flat(name), wanted[name][1], tensors[name][1], strict=True)):
            difference = abs(n.value - there)
            if difference > 2e-6 * (1 + rate * abs(there - was)):
                sys.exit(f"{name}[{i}]: {there}, expected {n.value}, from {was}")
            largest = max(largest, difference)
            count += 1
            if there != was:
                moved.add(name)
    print("ok", count, "%.2g" % largest, *sorted(set(model.w) - moved))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5]))
