"""Compares a stream of csv- or json-sessionize with sessions worked out from the log another way.

check-sessions.py STREAM LOG [key=value ...]: the keys are those of `defaults`.  The log is read by
Python's csv module, or with json=1 by its json module, each rule is a pass over lists, and nothing is shared with the program.
"""
import ast
import csv
import io
import json
import re
import struct
import sys
from datetime import datetime, timezone
from fractions import Fraction

import msgpack

defaults = dict(user="", item="", time="", session="", sequence="", unit="s", gap=1800, min=2,
                max=0, cut=0, keep=0, where="", carry="", delimiter=",", header=1, grouped=0, json=0, list="",
                next="")


def seconds(text, unit):
    if unit == "iso":
        text = re.sub(r"(Z|[+-]\d\d:?\d\d)?$", "", text) if text.endswith("Z") else text
        time = datetime.fromisoformat(text)
        if time.tzinfo is None:
            time = time.replace(tzinfo=timezone.utc)
        return Fraction(time.timestamp()).limit_denominator(10**6)
    return Fraction(text) / (1000 if unit == "ms" else 1)


def csv_rows(file, o):
    """for each row a function that gives the text of a column"""
    rows = csv.reader(file, delimiter=o["delimiter"])
    names = next(rows) if o["header"] else None
    at = lambda column: int(column) - 1 if column.isdigit() else names.index(column)
    for number, row in enumerate(rows):
        if not o["list"]:
            yield lambda column: row[at(column)]
            continue
        for item in items_of_list(row[at(o["list"])]) + ([row[at(o["next"])]] if o["next"] else []):
            own = {o["item"]: item, "#": str(number + 1)}
            yield lambda column: own[column] if column in own else row[at(column)]


def items_of_list(text):
    """as a literal of Python, or separated by the first of the separators that it has"""
    if text[:1] in ("[", "("):
        return [str(item) for item in ast.literal_eval(text)]
    between = [c for c in "|;, " if c in text] + [None]
    return [item.strip() for item in text.split(between[0]) if item.strip()]


def at_path(value, keys):
    """the value at the path as text, or a list of such for an array on it"""
    if isinstance(value, list):
        if not keys or not keys[0].isdigit():
            return [at_path(element, keys) for element in value]
        return at_path(value[int(keys[0])], keys[1:]) if int(keys[0]) < len(value) else ""
    if keys:
        return at_path(value[keys[0]], keys[1:]) if isinstance(value, dict) and keys[0] in value else ""
    return "" if value is None else json.dumps(value) if isinstance(value, bool) else value


def json_rows(file, o):
    """the same for each event of each record"""
    for number, line in enumerate(line for line in file if line.strip("\r\n")):
        record = json.loads(line, parse_int=str, parse_float=str)
        record["#"] = str(number + 1)
        get = lambda path: at_path(record, path.split("."))
        item = get(o["item"])
        for n in range(len(item) if isinstance(item, list) else 1):
            def of_event(path):
                value = get(path)
                if not isinstance(value, list):
                    return value
                return value[n] if n < len(value) else ""
            yield of_event


def events_of(path, o):
    """[(user, session, time, order, row number, item, carried)] of the rows that count"""
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
        for number, get in enumerate(json_rows(file, o) if o["json"] else csv_rows(file, o)):
            if o["where"]:
                column, value = o["where"].split("=", 1)
                if (get(column.rstrip("!")) == value) == column.endswith("!"):
                    continue
            user = get(o["user"] or o["session"])
            if not user:
                continue
            time = seconds(get(o["time"]), o["unit"]) if o["time"] else Fraction(number)
            order = int(get(o["sequence"])) if o["sequence"] else time % 1
            carried = [get(column) for column in o["carry"].split(",") if column]
            session = get(o["session"]) if o["session"] else None
            yield user, session, int(time), order, number, get(o["item"]), carried


def split(events, o):
    """a user's events, sorted, to sessions"""
    sessions = []
    if o["session"]:
        by_id = {}
        for event in events:
            by_id.setdefault(event[1], []).append(event)
        return list(by_id.values())
    for event in events:
        if not sessions or event[2] - sessions[-1][-1][2] >= o["gap"]:
            sessions.append([])
        sessions[-1].append(event)
    return sessions


def collapsed(session, o):
    return [e for i, e in enumerate(session) if o["keep"] or not i or session[i - 1][5] != e[5]]


def pieces(session, o):
    if len(session) < o["min"] or (o["max"] and len(session) > o["max"]):
        return []
    size = o["cut"] or len(session)
    all = [session[i:i + size] for i in range(0, len(session), size)]
    return [p for i, p in enumerate(all) if not i or len(p) > 1]


def expected(path, o):
    users = {}
    for event in events_of(path, o):
        users.setdefault(event[0], []).append(event)
    names = list(users)
    if not o["grouped"]:
        names.sort(key=lambda name: name.encode("utf-8", "surrogateescape"))
    for name in names:
        events = sorted(users[name], key=lambda e: (e[2], e[3], e[4]))
        sessions = [p for s in split(events, o) for p in pieces(collapsed(s, o), o)]
        for session in sorted(sessions, key=lambda s: s[0][2]):
            yield name, [(e[2], e[5], *e[6]) for e in session]


def got(path, o):
    names = {"user": [], "item": []}
    unpack = lambda f: msgpack.Unpacker(f, unicode_errors="surrogateescape")
    columns = [column for column in o["carry"].split(",") if column]
    meta = None
    for last in unpack(open(path, "rb")):
        if meta is None:
            meta = msgpack.unpackb(last[2], unicode_errors="surrogateescape")
        if last[0] != "B":
            continue
        for r in unpack(io.BytesIO(last[4])):
            if r[0] != "session":
                names[r[0]].append(r[2])
                continue
            times = struct.unpack("<%dq" % (len(r[3].data) // 8), r[3].data)
            items = struct.unpack("<%di" % (len(r[4].data) // 4), r[4].data)
            carried = []
            for column in columns:
                codes = struct.unpack("<%di" % len(times), r[5][column].data)
                carried.append([meta["codes"][column][code] for code in codes])
            yield names["user"][r[1]], list(zip(times, (names["item"][i] for i in items), *carried))
    assert last[0] == "E"


def main():
    o = dict(defaults)
    for word in sys.argv[3:]:
        key, value = word.split("=", 1)
        o[key] = type(o[key])(value)
    mine, theirs = list(expected(sys.argv[2], o)), list(got(sys.argv[1], o))
    if not mine:
        sys.exit("no sessions to compare")
    for i, (a, b) in enumerate(zip(mine, theirs)):
        if a != b:
            sys.exit("session %d: expected %r, got %r" % (i, a, b))
    if len(mine) != len(theirs):
        sys.exit("%d sessions expected, got %d" % (len(mine), len(theirs)))
    print(len(mine), "sessions")


main()
