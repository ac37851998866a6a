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

# What predictor lists for the last item of each test session, by name.
last_lists() {
    jq -rs '(map(select(.[0] == "user")) | map({key: (.[1] | tostring), value: .[2]}) | from_entries) as $u |
        (map(select(.[0] == "item")) | map({key: (.[1] | tostring), value: .[2]}) | from_entries) as $i |
        (map(select(.[0] == "rank")[1]) | map([.user, .session, .position, .length] | transpose[]) |
            map(select(.[2] + 2 == .[3]) | "\(.[0]) \(.[1]) \(.[2])")) as $last |
        map(select(.[0] == "top")[1])[] | . as $t | range(.user | length) |
        select(("\($t.user[.]) \($t.session[.]) \($t.position[.])") as $p | $last | index($p)) |
        . as $n | range(5) | "\($u[$t.user[$n] | tostring])\t\(. + 1)\t\($i[$t.item[5 * $n + .] | tostring])"' \
        "$1" | sort
}

# The same sessions without that last item.
without_last() {
    spcat "$1" | jq -c 'if .[0] == "session" and .[2] == 3 then .[3] |= .[:-1] | .[4] |= .[:-1]
        elif .[0] == "E" then ["E"] else . end' | spcat --from-json
}
