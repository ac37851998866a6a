"""Holds a stream of batches, and what its reader makes of it, against the rules put down plainly.

usage: python3 check-batches.py SESSIONS BATCHES MADE SCHEME BATCH HISTORY MIN_BATCH EPOCHS
                                TEST_FROM [TEST_EVERY [RECENT]]
       python3 check-batches.py BATCHES MADE

SESSIONS is the split stream and BATCHES what batcher makes of it, both as spcat's JSON lines; MADE
is what tests/tool/schedule.c prints of BATCHES.  BATCH is the number of slots of parallel
mini-batches.  Without the rest BATCHES may be of any writer: only what is made of it is checked.
Prints "ok" and the number of records of the schedule, or what is wrong.
"""

import json
import math
import sys
from collections import defaultdict

TRAIN, VALIDATION, TEST = 1, 2, 3
NONE, SESSION, USER, IDLE = 0, 1, 2, 3  # what a slot does at a step


def records(path):
    with open(path) as lines:
        return [json.loads(line) for line in lines]


def expect(got, wanted, what):
    if got != wanted:
        sys.exit(f"{what}: {got} instead of {wanted}")


# ---- what a schedule stands for ----


class Log:
    """The sessions, by their numbers; `of` lists those of each user."""

    def __init__(self, stream):
        sessions = [record for record in stream if record[0] == "session"]
        self.user, self.part = ([s[i] for s in sessions] for i in (1, 2))
        self.times, self.items = ([s[i] for s in sessions] for i in (3, 4))
        self.of = defaultdict(list)
        for number, user in enumerate(self.user):
            self.of[user].append(number)

    def earlier(self, session, most):
        """The user's newest sessions before this one that ended before it began."""
        start, of_user = self.times[session][0], self.of[self.user[session]]
        ended = [h for h in of_user if h < session and self.times[h][-1] < start]
        return ended[-most:] if most else []


def week_hour(time):
    return (time // 3600 + 3 * 24) % (7 * 24)  # 1970 began on a Thursday


def batch_of(log, sessions, learn, history):
    """The arrays that a model is given."""
    start = [log.times[s][0] for s in sessions]
    earlier = [log.earlier(s, history) for s in sessions]
    pairs = [(s, h) for s, of_s in zip(sessions, earlier) for h in of_s]
    first = {s: log.of[log.user[s]][0] for s in sessions}
    ages = [log.times[s][0] - log.times[h][0] for s, h in pairs]
    return {
        "learn": learn,
        "number": sessions,
        "user": [log.user[s] for s in sessions],
        "session": [s - first[s] for s in sessions],
        "start": start,
        "length": [len(log.items[s]) for s in sessions],
        "item": [item for s in sessions for item in log.items[s]],
        "history": [len(of_s) for of_s in earlier],
        "history_delta": [min(age // 3600, 168) for age in ages],
        "history_week": [week_hour(log.times[h][0]) for _, h in pairs],
        "history_session": [h - first[s] for s, h in pairs],
        "history_start": [log.times[h][0] for _, h in pairs],
        "history_length": [len(log.items[h]) for _, h in pairs],
        "history_item": [item for _, h in pairs for item in log.items[h]],
    }


STEP = ("item", "target", "user", "session", "reset")


def steps_of(log, given, slots):
    """The steps of a pass as lists of STEP, slot by slot in each step."""
    events = [[] for _ in range(slots)]
    for slot, session in given:
        user, items = log.user[session], log.items[session]
        for k in range(len(items) - 1):
            same = bool(events[slot]) and events[slot][-1][2] == user
            reset = NONE if k else SESSION if same else USER
            number = session - log.of[user][0]
            events[slot].append((items[k], items[k + 1], user, number, reset))
    steps = max(map(len, events))
    padded = [of_slot + [(0, 0, 0, 0, IDLE)] * (steps - len(of_slot)) for of_slot in events]
    return [event for step in zip(*padded) for event in step]


def check_made(log, schedule, made, slots, history):
    """What was made of a pass is what its schedule stands for."""
    if schedule and schedule[0][0] == "parallel":
        given = [pair for _, slot, sessions in schedule for pair in zip(slot, sessions)]
        expect([r for r in made if (r[0], r[1].get("slots")) != ("steps", slots)], [], "no steps")
        got = [event for _, arrays in made for event in zip(*(arrays[key] for key in STEP))]
        expect(got, steps_of(log, given, slots), "steps")
        return
    expect(len(made), len(schedule), "batches")
    for record, wanted in zip(made, schedule):
        learn = wanted[2] if len(wanted) > 2 else 1
        expect(record, ["batch", batch_of(log, wanted[1], learn, history)], "batch")


def check_expansion(batches, made):
    """Each pass is what its schedule stands for, or that of the epoch that comes again."""
    meta, log, written = batches[0][2], Log(batches), {}
    passes, made_passes = split_passes(batches), split_passes(made)
    expect([epoch for epoch, _ in made_passes], [epoch for epoch, _ in passes], "passes")
    for ((epoch, part), schedule), (_, of_pass) in zip(passes, made_passes):
        if schedule and schedule[0][0] == "again":
            expect(len(schedule), 1, f"records of pass {epoch} of part {part}")
            schedule = written[schedule[0][1], part]
        written[epoch, part] = schedule
        check_made(log, schedule, of_pass, meta.get("slots"), meta["history"])
    print("ok", sum(len(of_pass) for _, of_pass in passes))


# ---- what batcher promises ----


def longest_first(left, size):
    """Users of each batch, in order; left: sessions of each user."""
    while left:
        users = sorted(left, key=lambda user: (-left[user], user))[:size]
        yield users
        left = {u: n - (u in users) for u, n in left.items() if n > (u in users)}


def check_batches(log, batches, wanted, scheme, size, min_batch):
    sessions = [record[1] for record in batches]
    given = [s for of_batch in sessions for s in of_batch]
    expect(sorted(given), wanted, "sessions of the pass")
    for record in batches:
        expect(record[2:], [] if len(record[1]) >= min_batch else [0], "learn")
    if scheme == "sessions":
        full = [size] * (len(wanted) // size) + [len(wanted) % size]
        expect([len(of_batch) for of_batch in sessions], [n for n in full if n], "sizes")
        return
    left = defaultdict(int)
    for s in wanted:
        left[log.user[s]] += 1
    users = [[log.user[s] for s in of_batch] for of_batch in sessions]
    if scheme == "longest-first":
        expect(users, list(longest_first(dict(left), size)), "users of the batches")
    for user in left:
        of_user = [s for s in given if log.user[s] == user]
        expect(of_user, sorted(of_user), f"order of the sessions of user {user}")
    for of_batch in users:
        expect(len(of_batch), min(size, sum(n > 0 for n in left.values())), "size of a batch")
        expect(len(set(of_batch)), len(of_batch), "different users of a batch")
        for user in of_batch:
            left[user] -= 1


def check_slots(log, parallel, wanted, scheme, slots):
    given = [pair for _, slot, sessions in parallel for pair in zip(slot, sessions)]
    expect(sorted(s for _, s in given), [s for s in wanted if len(log.items[s]) > 1], "sessions")
    steps, slot_of, last = [0] * slots, {}, (-1, -1)
    for slot, session in given:  # each begins where a slot is free first, the lower one first
        expect(last < (steps[slot], slot), True, f"slot {slot} begins session {session} in turn")
        last = (steps[slot], slot)
        steps[slot] += len(log.items[session]) - 1
        if scheme == "user-parallel":
            expect(slot_of.setdefault(log.user[session], slot), slot, "slot of a user")
    if scheme == "user-parallel":
        for user in slot_of:
            of_user = [s for _, s in given if log.user[s] == user]
            expect(of_user, sorted(of_user), f"order of the sessions of user {user}")


def wanted_sessions(log, part, recent):
    of_part = [s for s, of in enumerate(log.part) if of == part]
    if part != TRAIN or not of_part:
        return of_part
    starts = sorted(log.times[s][0] for s in of_part)
    since = starts[-math.ceil(recent * len(starts))]
    return [s for s in of_part if log.times[s][0] >= since]


def split_passes(stream):
    """The passes: [epoch, part] and their records."""
    passes = []
    for record in stream:
        if record[0] == "epoch":
            passes.append((record[1:], []))
        elif record[0] in ("batch", "parallel", "again", "steps"):
            passes[-1][1].append(record)
    return passes


def is_due(epoch, part, epochs, test_from, test_every):
    tests = (epoch - test_from) % test_every == 0 or epoch == epochs
    return part == TRAIN or tests and (part == VALIDATION or epoch >= test_from)


def check(sessions, batches, made, scheme, size, history, min_batch, epochs, test_from,
          test_every=1, recent=1.0):
    definitions = ("user", "item", "session")
    copies = [[r for r in stream if r[0] in definitions] for stream in (sessions, batches)]
    expect(copies[1], copies[0], "users, items and sessions")
    front = [r for r in batches if r[0] != "B"][1 : 1 + len(copies[0])]
    expect(front, copies[0], "what comes before the passes")
    log = Log(sessions)
    passes, made_passes = split_passes(batches), split_passes(made)
    wanted = [
        [epoch, part]
        for epoch in range(1, epochs + 1)
        for part in (TRAIN, VALIDATION, TEST)
        if is_due(epoch, part, epochs, test_from, test_every)
        and (part == TRAIN or part in log.part)
    ]
    expect([epoch for epoch, _ in passes], wanted, "passes")
    expect([epoch for epoch, _ in made_passes], wanted, "passes that are made")
    written = {}
    for ((epoch, part), schedule), (_, of_pass) in zip(passes, made_passes):
        repeats = scheme == "longest-first" or part != TRAIN
        if repeats and part in written:
            expect(schedule, [["again", written[part][0]]], f"pass {epoch} of part {part}")
        else:
            written[part] = (epoch, schedule)
            parallel = part == TRAIN and scheme.endswith("-parallel")
            expected = wanted_sessions(log, part, recent)
            tag = "parallel" if parallel else "batch"
            expect([r for r in schedule if r[0] != tag], [], f"records that are no {tag}")
            if parallel:
                check_slots(log, schedule, expected, scheme, size)
            else:
                check_batches(log, schedule, expected, scheme if part == TRAIN else "longest-first",
                              size, min_batch if part == TRAIN else 0)
        check_made(log, written[part][1], of_pass, size, history)
    print("ok", sum(len(of_pass) for _, of_pass in passes))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        check_expansion(*map(records, sys.argv[1:]))
        sys.exit()
    numbers = [kind(text) for kind, text in zip([int] * 6 + [float], sys.argv[5:])]
    check(*map(records, sys.argv[1:4]), sys.argv[4], *numbers)
