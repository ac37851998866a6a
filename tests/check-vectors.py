"""check-vectors.py PREFIX TSV: the lists of recommender are those of the largest inner products.

Reads the .npy files, the safetensors file and the names by their specifications, with nothing but
the standard library, and prints "ok USERS ITEMS WIDTH". """

import array
import ast
import json
import struct
import sys


def npy(path):
    data = open(path, "rb").read()
    assert data[:8] == b"\x93NUMPY\x01\x00", path
    size, = struct.unpack("<H", data[8:10])
    assert (10 + size) % 64 == 0 and data[10 + size - 1:10 + size] == b"\n", path
    head = ast.literal_eval(data[10:10 + size].decode("latin1"))
    assert head.keys() == {"descr", "fortran_order", "shape"} and head["descr"] == "<f4", head
    assert head["fortran_order"] is False, head
    rows, columns = head["shape"]
    assert len(data) == 10 + size + 4 * rows * columns, path
    return data[10 + size:], rows, columns


def rows_of(data, rows, columns):
    values = array.array("f", data)
    if sys.byteorder == "big":
        values.byteswap()
    return [values[i * columns:(i + 1) * columns] for i in range(rows)]


def names(path):
    text = open(path, newline="", errors="surrogateescape").read()
    assert not text or text[-1] == "\n"
    return text.split("\n")[:-1]


def packed_names(entry, data, prefix):
    begin, end = entry[prefix + ".offsets"]["data_offsets"]
    at = struct.unpack(f"<{(end - begin) // 8}q", data[begin:end])
    begin, end = entry[prefix + ".bytes"]["data_offsets"]
    assert at[0] == 0 and at[-1] == end - begin
    return [data[begin + i:begin + j] for i, j in zip(at, at[1:])]


prefix, tsv = sys.argv[1:]
items_data, count, width = npy(prefix + ".items.npy")
users_data, users, width_of_users = npy(prefix + ".users.npy")
item_names, user_names = names(prefix + ".items.txt"), names(prefix + ".users.txt")
assert (len(item_names), len(user_names), width_of_users) == (count, users, width)

whole = open(prefix + ".safetensors", "rb").read()
size, = struct.unpack("<Q", whole[:8])
entry, data = json.loads(whole[8:8 + size]), whole[8 + size:]
assert json.loads(entry["__metadata__"]["pipeline"])[-1][0] == "trainer"
for name, expected, shape in ("items", items_data, [count, width]), ("users", users_data, [users, width]):
    assert entry[name]["dtype"] == "F32" and entry[name]["shape"] == shape, entry[name]
    assert data[slice(*entry[name]["data_offsets"])] == expected
for key, shown in ("vocabulary", item_names), ("users", user_names):
    exact = packed_names(entry, data, key)
    assert len(exact) == len(shown)
    for a, b in zip(exact, shown):
        assert b"\n" in a or b"\t" in a or a == b.encode(errors="surrogateescape"), (a, b)

lists = {}
for line in open(tsv, newline="", errors="surrogateescape").read().split("\n")[:-1]:
    user, rank, item, score = line.split("\t")
    lists.setdefault(user, []).append((item, float(score)))
    assert len(lists[user]) == int(rank)
assert list(lists) == user_names
item_rows, number = rows_of(items_data, count, width), {name: i for i, name in enumerate(item_names)}
for user, vector in zip(user_names, rows_of(users_data, users, width)):
    scores = [sum(x * y for x, y in zip(vector, row)) for row in item_rows]
    best = sorted(scores, reverse=True)
    for rank, (item, score) in enumerate(lists[user]):
        near = 2e-5 * (1 + abs(score))
        # only items whose scores are alike by rounding may change places
        assert abs(scores[number[item]] - score) < near and abs(best[rank] - score) < near, (user, rank)
print("ok", users, count, width)
