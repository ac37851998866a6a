"""Holds what tfilter wrote against its input, by the rules written down plainly.

usage: python3 check-filters.py BEFORE AFTER [FILTER[=VALUE] ...]

Both streams as spcat's JSON lines.  Prints "ok" and the number of sessions left, or what is wrong.
"""

import calendar
import json
import sys
import time
from bisect import bisect_right
from fractions import Fraction
from math import ceil, floor, pi, sqrt

NONE, TRAIN, VALIDATION, TEST = 0, 1, 2, 3
SPANS = {"1month": 25 * 10**5, "2months": 5 * 10**6, "3months": 8 * 10**6}
CET = """Norway,Sweden,Denmark,Germany,France,Netherlands,Belgium,Spain,Italy,Switzerland,Austria,Poland,
Czech Republic,Slovenia,Slovakia,Croatia,Hungary,Bosnia and Herzegovina""".replace("\n", "").split(",")
DAY = 86400


def records(path):
    with open(path) as lines:
        return [r for r in map(json.loads, lines) if isinstance(r, list) and r[0] in NAMES]


NAMES = ("user", "item", "session")


def read(path):
    """Users in order: name, about, sessions; an event is (time, item name, {extra: value})."""
    users, items, attributes = [], [], {}
    for r in records(path):
        if r[0] == "user":
            users.append({"name": r[2], "about": (r[3:] or [None])[0], "sessions": []})
        elif r[0] == "item":
            items.append(r[2])
            attributes[r[2]] = (r[3:] or [None])[0]
        else:
            extras = (r[5:] or [{}])[0]
            each = [{k: x[i] for k, x in extras.items()} for i in range(len(r[3]))]
            events = [(t, items[i], x) for t, i, x in zip(r[3], r[4], each)]
            users[r[1]]["sessions"].append({"part": r[2], "events": events})
    return users, attributes


# ---- keeping and dropping ----


def keep_users(users, good):
    users[:] = [u for u in users if u["sessions"] and good(u)]


def keep_events(sessions, good):
    """Those that satisfy good(session, number of the event), and sessions of two events and more."""
    for s in sessions:
        s["events"] = [e for i, e in enumerate(s["events"]) if good(s["events"], i)]
    sessions[:] = [s for s in sessions if len(s["events"]) >= 2]


def everything(users):
    return [s for u in users for s in u["sessions"]]


def min_sessions(users, value):
    keep_users(users, lambda u: len(u["sessions"]) >= int(value))


def min_events(users, value):
    for u in users:
        u["sessions"] = [s for s in u["sessions"] if len(s["events"]) >= int(value)]


def last_sessions(users, value):
    for u in users:
        u["sessions"] = u["sessions"][-int(value) :]


def first(users, value):
    span = SPANS.get(value) or int(value)
    for u in users:
        start = u["sessions"][0]["events"][0][0]
        keep_events(u["sessions"], lambda events, i: events[i][0] - start <= span)


def recent(users, value):
    begun = sorted((s["events"][0][0], n, i) for n, u in enumerate(users)
                   for i, s in enumerate(u["sessions"]) if s["part"] <= TRAIN)
    newest = set(begun[len(begun) - floor(Fraction(value) * len(begun)) :])
    for n, u in enumerate(users):
        u["sessions"] = [s for i, s in enumerate(u["sessions"])
                         if s["part"] > TRAIN or (s["events"][0][0], n, i) in newest]


def length(user):
    return Fraction(sum(len(s["events"]) for s in user["sessions"]), len(user["sessions"]))


def count(user):
    return Fraction(len(user["sessions"]))


def beside(users, statistic, side):
    """A function that says whether a user is on the side of the mean, or at it."""
    mean = sum(map(statistic, users)) / max(1, len(users))
    if side == "below":
        return lambda u: statistic(u) <= mean
    return lambda u: statistic(u) >= mean


def user_group(users, value):
    one, other = value.split("-")
    short, few = beside(users, length, one), beside(users, count, other)
    keep_users(users, lambda u: short(u) and few(u))


def country(users, names):
    keep_users(users, lambda u: (u["about"] or {}).get("country", "-").lower() in
               [n.strip().lower() for n in names])


def repeats(users, value):
    def action(e):
        return e[2].get("action") if value == "type" else None

    def new(events, i):
        if value == "consecutive":
            return i == 0 or events[i][1] != events[i - 1][1]
        return (events[i][1], action(events[i])) not in [(e[1], action(e)) for e in events[:i]]

    for u in users:
        keep_events(u["sessions"], new)


def item_support_pass(users, least):
    support = {}
    for s in everything(users):
        for _, item, _ in s["events"]:
            support[item] = support.get(item, 0) + 1
    for u in users:
        keep_events(u["sessions"], lambda events, i: support[events[i][1]] >= least)


def user_support_pass(users, least):
    keep_users(users, lambda u: sum(len(s["events"]) for s in u["sessions"]) >= least)


def support(users, item, user):
    """One rule after the other until nothing changes: no two events fall at once."""
    while True:
        size = sum(len(s["events"]) for s in everything(users))
        if item:
            item_support_pass(users, item)
        if user:
            user_support_pass(users, user)
        if size == sum(len(s["events"]) for s in everything(users)):
            return


def dwell_bins(users, value):
    gaps = [b[0] - a[0] for s in everything(users) if s["part"] <= TRAIN
            for a, b in zip(s["events"], s["events"][1:])]
    if "," in value:
        edges = [int(v) for v in value.split(",")]
    else:
        if value == "scott":
            mean = sum(gaps) / max(1, len(gaps))
            width = sqrt(sum((g - mean) ** 2 for g in gaps) / len(gaps))
            width *= (24 * sqrt(pi) / len(gaps)) ** (1 / 3)
        else:
            width = Fraction(max(gaps) + 1, int(value))
        edges = sorted({ceil(k * width) for k in range(1, floor(max(gaps) / width) + 1)})[:999]
    for s in everything(users):
        times = [e[0] for e in s["events"]]
        bins = [bisect_right(edges, b - a) + 1 for a, b in zip(times, times[1:])] + [0]
        s["events"] = [(t, i, {**x, "dwell": b}) for (t, i, x), b in zip(s["events"], bins)]


def keep_times(users, good):
    """Events at such times; an event that is left alone of several goes too."""
    for u in users:
        for s in u["sessions"]:
            kept = [e for e in s["events"] if good(e[0])]
            s["events"] = kept if len(kept) > 1 or len(kept) == len(s["events"]) else []
        u["sessions"] = [s for s in u["sessions"] if s["events"]]


# ---- splits ----


def seconds(text):
    form = "%Y-%m-%dT%H:%M:%SZ" if "T" in text else "%Y-%m-%d"
    return calendar.timegm(time.strptime(text, form))


def divide(users, value, of, one, other):
    """Which sessions of the part stay (one) and which are cut off at its end (other)."""
    mine = [[s for s in u["sessions"] if s["part"] == of] for u in users]
    ends = [s["events"][-1][0] for sessions in mine for s in sessions]
    edge = {"last-day": lambda: max(ends) - DAY, "last-week": lambda: max(ends) - 7 * DAY}.get(value)
    if value.startswith("time:"):
        edge = lambda: seconds(value[5:])
    if value.startswith("newest:"):
        share = floor(Fraction(value[7:]) * len(ends))
        edge = lambda: sorted(ends, reverse=True)[share - 1] if share else max(ends) + 1
    for user, sessions in zip(users, mine):
        if edge and ends:
            late = [i for i, s in enumerate(sessions) if s["events"][-1][0] >= edge()]
            stay = min(late) if late else len(sessions)
        elif value in ("last-session", "leave-one-out"):
            stay = len(sessions) - 1
        else:
            stay = floor(Fraction(value) * len(sessions))
            if of == TRAIN and Fraction(value) and sessions:
                stay = max(1, stay)
        for i, s in enumerate(sessions):
            s["part"] = one if i < stay else other
        if value == "leave-one-out" and sessions and len(sessions[-1]["events"]) > 2:
            last = sessions[-1]
            user["sessions"].insert(user["sessions"].index(last),
                                    {"part": one, "events": last["events"][:-1]})
            last["events"] = last["events"][-2:]


def split(users, value):
    divide(users, value.removeprefix("user:"), NONE, TRAIN, TEST)


def validation(users, value):
    if value[0] in "01.":
        value = str(1 - Fraction(value))
    divide(users, value, TRAIN, TRAIN, VALIDATION)


def drop_unseen(users, _):
    seen = {e[1] for s in everything(users) if s["part"] == TRAIN for e in s["events"]}
    for u in users:
        for s in [s for s in u["sessions"] if s["part"] != TRAIN]:
            s["events"] = [e for e in s["events"] if e[1] in seen]
            if len(s["events"]) < 2:
                u["sessions"].remove(s)


def drop_unseen_users(users, _):
    keep_users(users, lambda u: any(s["part"] == TRAIN for s in u["sessions"]))


FILTERS = {
    "min-sessions": min_sessions,
    "min-events": min_events,
    "last-sessions": last_sessions,
    "first": first,
    "recent": recent,
    "since": lambda users, v: keep_times(users, lambda t: t >= seconds(v)),
    "until": lambda users, v: keep_times(users, lambda t: t < seconds(v)),
    "user-length": lambda users, v: keep_users(users, beside(users, length, v)),
    "user-count": lambda users, v: keep_users(users, beside(users, count, v)),
    "user-group": user_group,
    "country": lambda users, v: country(users, v.split(",")),
    "country-zone": lambda users, v: country(users, CET),
    "repeats": repeats,
    "dwell-bins": dwell_bins,
    "split": split,
    "validation": validation,
    "drop-unseen": drop_unseen,
    "drop-unseen-users": drop_unseen_users,
}


def apply(users, filters):
    least = {"min-item-support": 0, "min-user-support": 0}
    for number, f in enumerate(filters):
        name, _, value = f.partition("=")
        if name in least and "once" in filters[number + 1 : number + 2]:
            (item_support_pass if "item" in name else user_support_pass)(users, int(value))
        elif name in least:
            least[name] = max(least[name], int(value))
            support(users, *least.values())
        elif name in FILTERS:
            FILTERS[name](users, value)
        elif name != "once":
            sys.exit(f"what is {name}?")
        users[:] = [u for u in users if u["sessions"]]


# ---- the records that users make ----


def write(users, attributes):
    out, ids, train = [], {}, {}
    is_split = any(s["part"] for s in everything(users))
    for s in everything(users):
        for _, item, _ in s["events"]:
            train[item] = train.get(item, 0) + (s["part"] == TRAIN)
    for number, u in enumerate(users):
        out.append(["user", number, u["name"]] + ([u["about"]] if u["about"] else []))
        for s in u["sessions"]:
            for _, item, _ in s["events"]:
                if item in ids:
                    continue
                about = dict(attributes[item] or {})
                if is_split:
                    about["train"] = str(train[item])
                ids[item] = len(ids)
                out.append(["item", ids[item], item] + ([about] if about else []))
            times, items, extras = zip(*s["events"])
            columns = {k: [x[k] for x in extras] for k in extras[0]}
            record = ["session", number, s["part"], list(times), [ids[i] for i in items]]
            out.append(record + ([columns] if columns else []))
    return out


def main(before, after, *filters):
    users, attributes = read(before)
    apply(users, filters)
    expected, got = write(users, attributes), records(after)
    for i, (a, b) in enumerate(zip(expected, got)):
        if a != b:
            sys.exit(f"record {i}: {b} instead of {a}")
    if len(expected) != len(got):
        sys.exit(f"{len(got)} records instead of {len(expected)}")
    print("ok", len(everything(users)))


main(*sys.argv[1:])
