"""Ranks among the most supported items, found anew from lists of the whole vocabulary.

usage: python3 check-among.py N ALL.jsonl SOME.jsonl [ordered]

Both files are what spcat says of predictions: ALL with a --top of at least all items, SOME of the
same run with --rank-among N and a --top of its own.  `ordered`: the lists' order decides even
between equal scores (baseline).  Targets without a list could not be scored (predictor): an item
that no list has is unknown to the model.
Prints "ok", the targets, those that are not among the N, those without a list, and how
many ranks differ between the files; or what is wrong.
"""

import json
import sys


def read(path):
    items, ranks, tops, loss, header = {}, {}, {}, [], None
    for line in open(path, encoding="utf-8", errors="surrogateescape"):
        record = json.loads(line)
        if header is None:
            header = record
        elif record[0] == "item":
            items[record[1]] = int((record[3:] or [{}])[0].get("train", 0))
        elif record[0] == "epoch":
            epoch = record[1:]
        elif record[0] in ("rank", "top"):
            r = record[1]
            for i, place in enumerate(zip(r["user"], r["session"], r["position"])):
                key = (*epoch, *place)
                if record[0] == "rank":
                    ranks[key] = (r["target"][i], r["rank"][i], r["ties"][i])
                    loss.append(r["loss"][i])
                else:
                    at = slice(i * r["k"], (i + 1) * r["k"])
                    tops[key] = list(zip(r["item"][at], r["score"][at]))
    return header, items, ranks, tops, loss


def check(condition, *what):
    if not condition:
        print(*what)
        sys.exit(1)


def expected(target, best, most, known, ordered):
    """Rank, ties and the list of a target whose list over all items is `best`, or None."""
    others = most - {target}
    if best is None:
        return 2147483647, 0
    own = dict(best)[target]
    if ordered:
        place = [item for item, _ in best].index(target)
        return 1 + sum(item in others for item, _ in best[:place]), 0
    ties = sum(item in others and score == own for item, score in best)
    return 1 + sum(item in others and score > own for item, score in best) + ties, ties


def main():
    n, ordered = int(sys.argv[1]), sys.argv[4:] == ["ordered"]
    _, items, ranks, tops, loss = read(sys.argv[2])
    header, same_items, found, lists, same_loss = read(sys.argv[3])
    check(header[2].get("rank_among") == n, "the header says", header)
    check(items == same_items and ranks.keys() == found.keys(), "another run")
    check(loss == same_loss, "another loss")
    most = set(sorted(items, key=lambda i: (-items[i], i))[:n])
    known = {item for best in tops.values() for item, _ in best}
    check(all(len(best) == len(known) for best in tops.values()), "ALL has not all items")
    check(lists.keys() == tops.keys(), "lists of other positions")
    outside = alone = other = 0
    for key, (target, rank, _) in ranks.items():
        best = tops.get(key)
        want = expected(target, best, most, known, ordered)
        check(found[key] == (target, *want), key, "is", found[key], "not", want)
        if best is not None:
            k = len(lists[key])
            check(lists[key] == [x for x in best if x[0] in most][:k], key, "has another list")
        outside += target not in most
        alone += best is None
        other += rank != want[0]
    print("ok", len(ranks), outside, alone, other)


main()
