"""Holds a batches stream against its split sessions stream, by the rules written down plainly.

usage: python3 check-batches.py SESSIONS BATCHES SCHEME BATCH HISTORY MIN_BATCH EPOCHS TEST_FROM

Histories are held against the sessions item by item where they give them.  BATCH is the number of
lanes of steps.  Both streams as spcat's JSON lines.  Prints "ok" and the number of batches, or what is wrong.
"""

import json
import sys
from collections import defaultdict

TRAIN, VALIDATION, TEST = 1, 2, 3


def records(path):
    with open(path) as lines:
        return [json.loads(line) for line in lines]


def expect(got, wanted, what):
    if got != wanted:
        sys.exit(f"{what}: {got} instead of {wanted}")


def week_hour(time):
    return (time // 3600 + 3 * 24) % (7 * 24)  # 1970 began on a Thursday


def cut(values, lengths):
    """The ragged array `values` as one list for each length."""
    pieces, at = [], 0
    for length in lengths:
        pieces.append(values[at : at + length])
        at += length
    expect(at, len(values), "length of a ragged array")
    return pieces


def longest_first(counts, size):
    """Users of each batch, in order; counts: sessions of each user."""
    left = dict(counts)
    while left:
        users = sorted(left, key=lambda user: (-left[user], user))[:size]
        yield users
        for user in users:
            left[user] -= 1
            if not left[user]:
                del left[user]


def check_batch(batch, of, history):
    """One batch's sessions and histories against the users' sessions; returns its users."""
    columns = ("history_delta", "history_week", "history_session", "history_start")
    items = cut(batch["item"], batch["length"])
    past = {key: cut(batch[key], batch["history"]) for key in columns}
    if "history_item" in batch:
        lengths = cut(batch["history_length"], batch["history"])
        pasts = iter(cut(batch["history_item"], batch["history_length"]))
        past_items = [[next(pasts) for _ in of_one] for of_one in lengths]
    for i, (user, number) in enumerate(zip(batch["user"], batch["session"])):
        _, _, _, times, wanted = of[user][number][:5]
        at = f"session {number} of user {user}: "
        first = max(0, number - history)
        starts = [session[3][0] for session in of[user][first:number]]
        expect(batch["start"][i], times[0], at + "start")
        expect(items[i], wanted, at + "items")
        expect(batch["history"][i], number - first, at + "history")
        expect(past["history_session"][i], list(range(first, number)), at + "history_session")
        expect(past["history_start"][i], starts, at + "history_start")
        expect(past["history_week"][i], [week_hour(t) for t in starts], at + "history_week")
        if "history_item" in batch:
            contents = [session[4] for session in of[user][first:number]]
            expect(past_items[i], contents, at + "history_item")
        buckets = [min((times[0] - t) // 3600, 168) for t in starts]
        expect(past["history_delta"][i], buckets, at + "history_delta")
    return batch["user"]


def check_pass(batches, part, of, scheme, size, history, min_batch):
    counts = {u: sum(s[2] == part for s in sessions) for u, sessions in of.items()}
    counts = {user: count for user, count in counts.items() if count}
    given = defaultdict(list)
    users_of = []
    for batch in batches:
        users_of.append(check_batch(batch, of, history))
        for user, number in zip(batch["user"], batch["session"]):
            given[user].append(number)
        learn = part != TRAIN or len(batch["user"]) >= min_batch
        expect(batch.get("learn", 1), int(learn), "learn")
        if scheme != "sessions":
            expect(len(set(batch["user"])), len(batch["user"]), "different users of a batch")
        expect(len(batch["user"]) <= size, True, "size of a batch")
    for user in of:
        wanted = [n for n, session in enumerate(of[user]) if session[2] == part]
        got = sorted(given[user]) if scheme == "sessions" else given[user]
        expect(got, wanted, f"sessions of user {user} in a pass of part {part}")
    if scheme == "sessions":
        full = [size] * (sum(counts.values()) // size) + [sum(counts.values()) % size]
        expect([len(users) for users in users_of], [n for n in full if n], "sizes of the batches")
    if scheme == "longest-first":
        expect(users_of, list(longest_first(counts, size)), "users of the batches")


def lane_sessions(records, lanes):
    """Of each lane its sessions as (user, number, items), in order, rebuilt from the steps."""
    lane_of = [[] for _ in range(lanes)]
    idle = [False] * lanes
    for record in records:
        expect(record["lanes"], lanes, "lanes")
        columns = ("item", "target", "user", "session", "position", "reset", "length")
        for i, step in enumerate(zip(*(record[key] for key in columns))):
            item, target, user, number, position, reset, length = step
            sessions = lane_of[i % lanes]
            if reset == 3:
                idle[i % lanes] = True
                continue
            expect(idle[i % lanes], False, "an idle lane that goes on")
            if reset:
                same = bool(sessions) and sessions[-1][0] == user
                expect(reset, 1 if same else 2, f"reset of session {number} of user {user}")
                sessions.append((user, number, [item], length))
            expect(sessions[-1][:2], (user, number), "session in the lane")
            expect(sessions[-1][2][-1], item, "item, the target before")
            expect(position, len(sessions[-1][2]) - 1, "position")
            expect(length, sessions[-1][3], "length within a session")
            sessions[-1][2].append(target)
    return lane_of


def check_steps(records, part, of, scheme, lanes):
    lane_of = lane_sessions(records, lanes)
    given = defaultdict(list)
    for sessions in lane_of:
        for user, number, items, length in sessions:
            expect(length, len(items), f"length of session {number} of user {user}")
            expect(items, of[user][number][4], f"items of session {number} of user {user}")
            given[user].append(number)
    for user in of:
        wanted = [
            n for n, session in enumerate(of[user]) if session[2] == part and len(session[4]) > 1
        ]
        got = given[user] if scheme == "user-parallel" else sorted(given[user])
        expect(got, wanted, f"sessions of user {user} in a pass of part {part}")
    if scheme == "user-parallel":  # a user stays in a lane
        users = [user for sessions in lane_of for user in dict.fromkeys(s[0] for s in sessions)]
        expect(len(users), len(set(users)), "lanes of each user")


def check(sessions, batches, scheme, size, history, min_batch, epochs, test_from):
    of = defaultdict(list)
    for record in sessions:
        if record[0] == "session":
            of[record[1]].append(record)
    parts = {session[2] for of_user in of.values() for session in of_user}
    names = [[r for r in stream if r[0] in ("user", "item")] for stream in (sessions, batches)]
    expect(names[1], names[0], "users and items")
    wanted = [
        (epoch, part)
        for epoch in range(1, epochs + 1)
        for part in (TRAIN, VALIDATION, TEST)
        if part == TRAIN or (part in parts and (part != TEST or epoch >= test_from))
    ]
    passes = []
    for record in batches:
        if record[0] in ("user", "item"):
            expect(len(passes), 0, "passes before the last user or item")
        elif record[0] == "epoch":
            passes.append(((record[1], record[2]), []))
        elif record[0] in ("batch", "steps"):
            passes[-1][1].append(record[1])
    expect([epoch for epoch, _ in passes], wanted, "passes")
    for (_, part), of_pass in passes:
        if scheme.endswith("-parallel"):
            check_steps(of_pass, part, of, scheme, size)
        else:
            check_pass(of_pass, part, of, scheme, size, history, min_batch)
    print("ok", sum(len(of_pass) for _, of_pass in passes))


if __name__ == "__main__":
    check(records(sys.argv[1]), records(sys.argv[2]), sys.argv[3], *map(int, sys.argv[4:]))
