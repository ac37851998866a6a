"""Feeds a pipeline for a time: soak-feed.py KIND SECONDS.

KIND: log (rows of reddit-sessionize, a user's together), sessions (lines for spcat --from-json, whose
users come back all the time), requests (of recommender --requests).  Few users and items have many
events, so that nothing that a program keeps of them has to grow.  The number of lines goes to stderr.
"""
import random
import sys
import time

USERS, ITEMS, AT_ONCE = 50, 40, 500
PAUSE = 0.05  # seconds between lines at once: other tests run beside it


def items(draw):
    first = draw.randrange(ITEMS)
    return [first, draw.randrange(ITEMS), (first + 1) % ITEMS]


def log(draw):
    user = 0
    while True:
        user += 1
        for session in range(3000, 0, -1):  # newest first
            for event, item in enumerate(reversed(items(draw))):
                yield f"user{user},item{item},{1000000000 + session * 90000 - event * 60}.0"


def sessions(draw):
    at = 1000000000
    while True:
        at += 7
        yield f"[\"session\",{draw.randrange(USERS)},0,[{at},{at + 60},{at + 90}],{items(draw)}]"


def requests(draw):
    number = 0
    while True:
        number += 1
        names = ",".join(f'"item{i}"' for i in items(draw))
        yield f'{{"id":{number},"user":"user{draw.randrange(2 * USERS)}","items":[{names}],"top":5}}'


HEAD = {
    "log": ["username,subreddit,utc"],
    "sessions": ['["SESSPIPE\\r\\n",2,{"kind":"sessions","minor":0,"pipeline":[["feed","1",{}]],'
                 '"delta_edges":[3600,7200],"week_shift":0}]',
                 *(f'["user",{u},"user{u}"]' for u in range(USERS)),
                 *(f'["item",{i},"item{i}"]' for i in range(ITEMS))],
    "requests": [],
}
END = {"log": [], "sessions": ['["E"]'], "requests": []}

kind, seconds = sys.argv[1], float(sys.argv[2])
lines = {"log": log, "sessions": sessions, "requests": requests}[kind](random.Random(7))
until, count = time.monotonic() + seconds, 0
for line in HEAD[kind]:
    print(line)
while time.monotonic() < until:
    print("\n".join(next(lines) for _ in range(AT_ONCE)), flush=True)
    count += AT_ONCE
    time.sleep(PAUSE)
for line in END[kind]:
    print(line)
print(count, file=sys.stderr)
