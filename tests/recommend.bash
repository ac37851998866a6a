# Shared by the tests of recommender.

recommend() { recommender -q --threads 1 "$@"; }

# A stream of the records, with the items that a session uses.
used() {
    /usr/bin/python3 -c '
import json, sys
lines = [json.loads(line) for line in sys.stdin]
ids, names = {}, {r[1]: r for r in lines if r[0] == "item"}
for r in lines:
    if r[0] == "item":
        continue
    if r[0] == "session":
        for i in r[4]:
            if i not in ids:
                ids[i] = len(ids)
                print(json.dumps(["item", ids[i]] + names[i][2:]))
        r[4] = [ids[i] for i in r[4]]
    print(json.dumps(r))
print(json.dumps(["E"]))' | spcat --from-json
}
