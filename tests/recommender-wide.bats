# recommender with a wide part or without a model: the counts of sessions in the model file, of given
# ones and of those that come in; the reasons in words.

bats_require_minimum_version 1.5.0
load helpers
load recommend

# A log of 25 users, a session every other day, whose tests, the last day, begin after all
# training sessions have ended.
day_log() {
    awk 'function draw(n) { x = 16807 * x % 2147483647; return x % n }
        BEGIN {
            x = 99
            print "u,i,t"
            for (d = 0; d < 12; d++)
                for (u = 0; u < 25; u++) {
                    t = 1300000000 + 172800 * d + draw(20000); i = draw(30)
                    for (k = 3 + draw(4); k > 0; k--) {
                        i = draw(3) ? (i + 1) % 30 : draw(30)
                        print "u" u ",i" i "," t
                        t += 1 + draw(600)
                    }
                }
        }'
}

@test "a wide part recommends what predictor lists, from the sessions in the model file or given ones" {
    day_log | csv-sessionize -q --user u --item i --time t --keep-repeats >days.mp
    tfilter -q --split last-day days.mp >split.mp
    batcher -q --epochs 2 --batch 20 split.mp | trainer -q --threads 1 --model wide --save w.model -o ranks.mp
    batcher -q --epochs 1 split.mp | predictor -q --threads 1 --model w.model --top 5 | spcat >lists.json
    last_lists lists.json >expected
    [ "$(wc -l <expected)" = 125 ]
    without_last split.mp >known.mp
    recommender -q --frozen --model w.model --top 5 known.mp | cut -f 1-3 | sort | cmp - expected
    # the same where items new to a user count more
    batcher -q --epochs 1 split.mp | predictor -q --threads 1 --model w.model --explore 8 --top 5 | spcat >lists.json
    last_lists lists.json >explored
    run -1 cmp -s explored expected
    recommender -q --frozen --model w.model --explore 8 --top 5 known.mp | cut -f 1-3 | sort | cmp - explored
    # the training sessions given in place of those in the file, which need not be there
    spcat split.mp | jq -c 'select(.[0] != "session" or .[2] == 1)' | spcat --from-json >train.mp
    batcher -q --epochs 2 --batch 20 split.mp |
        trainer -q --threads 1 --model wide --no-index --save bare.model -o ranks.mp
    [ "$(wc -c <bare.model)" -lt "$(wc -c <w.model)" ]
    recommender -q --frozen --model bare.model --index train.mp --top 5 known.mp | cut -f 1-3 | sort | cmp - expected
    # sessions of the last day count for those that begin after them
    recommender -q --model w.model --top 5 known.mp | cut -f 1-3 | sort >grown
    run -1 cmp -s grown expected
    run -65 --separate-stderr recommender -q --model bare.model known.mp
    [[ $stderr == *"--index SESSIONS"* ]]
}

@test "networks over slots, and factors, with a wide part recommend what predictor lists" {
    day_log | csv-sessionize -q --user u --item i --time t --keep-repeats | tfilter -q --split last-day -o split.mp
    without_last split.mp >known.mp
    batcher -q --epochs 1 split.mp >whole.mp
    for run in 'session-parallel rnn' 'user-parallel rnn --join-sessions' 'user-parallel hrnn' 'sessions bpr-mf' 'sessions fpmc'; do
        # shellcheck disable=SC2086
        batcher -q --scheme ${run%% *} --epochs 2 --batch 20 split.mp |
            trainer -q --threads 1 --embedding 6 --model ${run#* } --wide --save w.model -o ranks.mp
        predictor -q --threads 1 --model w.model --top 5 whole.mp | spcat >lists.json
        last_lists lists.json >expected
        [ "$(wc -l <expected)" = 125 ]
        recommender -q --frozen --model w.model --top 5 known.mp | cut -f 1-3 | sort | cmp - expected
    done
}

@test "without a model: what is in the stream counts" {
    day_log | csv-sessionize -q --user u --item i --time t --keep-repeats >days.mp
    recommender -q --top 3 days.mp >answers
    [ "$(cut -f 1 answers | sort -u | wc -l)" = 25 ]
    # two items of three follow the one before: mostly the next number is recommended first
    right=$(spcat days.mp | jq -rs '(map(select(.[0] == "user")) | map(.[2])) as $u |
        (map(select(.[0] == "item")) | map(.[2])) as $i |
        map(select(.[0] == "session")) | group_by(.[1])[] | last |
        "\($u[.[1]])\ti\((($i[.[4][-1]] | ltrimstr("i") | tonumber) + 1) % 30)"' |
        sort | join -t $'\t' - <(awk -F '\t' '$2 == 1 { print $1 "\t" $3 }' answers | sort) | awk '$2 == $3' | wc -l)
    [ "$right" -gt 15 ]
    tfilter -q --split last-day days.mp | batcher -q --epochs 1 |
        trainer -q --threads 1 --embedding 6 --save plain.model -o ranks.mp
    run -64 recommender -q --model plain.model --index days.mp days.mp
    run -64 recommender -q --model plain.model --frozen days.mp
    run -64 --separate-stderr recommender -q --frozen days.mp
    [[ $stderr == *'give --index SESSIONS'* ]]
    run -0 recommender -q --frozen --index days.mp days.mp
    run -64 recommender -q --model plain.model --explore 2 days.mp
}

# The reasons of each item: at most three, those that add most, of which the user's own, and what is
# after and near the last item, are counted anew.
check_words() { # ANSWERS DAYS.JSON [LEAST NUMBER OF HABITS]
    python3 - "$@" <<'EOT'
import json, re, sys
users, names, past = [], [], {}
for line in open(sys.argv[2]):
    r = json.loads(line)
    if r[0] in ("user", "item"):
        (users if r[0] == "user" else names).append(r[2])
    if r[0] == "session":
        past.setdefault(users[r[1]], []).append((r[3], [names[i] for i in r[4]]))
kinds, own, habits, next_to, near = set(), 0, 0, 0, 0
for line in open(sys.argv[1]):
    a = json.loads(line)
    *before, (times, newest) = past[a["user"]]
    start, last = times[0], newest[-1]
    before = [s for s in before if s[0][-1] < start]
    others = [s for of in past.values() for t, s in of if t[-1] < start and last in s]
    assert len(others) < 200
    uses = sum(s.count(last) for s in others)
    assert a.get("why") is None
    for x in a["items"]:
        adds = [w["adds"] for w in x["why"]]
        assert len(adds) <= 3 and adds == sorted(adds, reverse=True), x
        assert all(w["words"] and w["adds"] > 0.0999 * adds[0] for w in x["why"]), x
        kinds |= {w["kind"] for w in x["why"]}
        for w in x["why"]:
            if m := re.fullmatch(r"you used it (once|\d+ times) in your last (?:(\d+) sessions|session)(, most recently .* ago)?", w["words"]):
                own += 1
                assert w["kind"] == "own" and int(m[2] or 1) == len(past[a["user"]]) - 1
                assert (1 if m[1] == "once" else int(m[1].split()[0])) == sum(s[1].count(x["item"]) for s in before)
                assert bool(m[3]) == (x["item"] not in newest)
            if m := re.fullmatch(r"you went on to it after (.*) (\d+) of (\d+) times?", w["words"]):
                habits += 1
                pairs = [p for _, s in before + [(times, newest)] for p in zip(s, s[1:])]
                assert w["kind"] == "habit" and m[1] == last
                assert int(m[2]) == pairs.count((last, x["item"]))
                assert int(m[3]) == sum(p[0] == last for p in pairs)
            if m := re.fullmatch(r"comes right after (.*) in (\d+) % of cases \((\d+) of (\d+)\)", w["words"]):
                next_to += 1
                assert w["kind"] == "next" and m[1] == last and int(m[4]) == uses
                assert int(m[3]) == sum(p == (last, x["item"]) for s in others for p in zip(s, s[1:]))
            if m := re.fullmatch(r"(\d+) uses close to (.*) for every 100 uses of (.*)", w["words"]):
                near += 1
                found = sum(s[i] == last and s[j] == x["item"] and 0 < abs(i - j) <= 30
                            for s in others for i in range(len(s)) for j in range(len(s)))
                assert w["kind"] == "near" and m[2] == m[3] == last
                assert abs(int(m[1]) - 100 * found / uses) < 0.51, (w, found, uses)
assert next_to > 9 and near > 9, (next_to, near)
assert kinds >= {"next", "near", "similar", "own"} and own > 9 and habits >= int([*sys.argv, 4][3]), (kinds, own, habits)
EOT
}

@test "--why of a wide part: what speaks for each item, in words" {
    need python3
    days_by_time
    batcher -q --epochs 1 --batch 20 <(tfilter -q --split last-day days.mp) |
        trainer -q --threads 1 --model ii-rnn --inter hidden --embedding 8 --wide --save deep.model -o ranks.mp
    run -0 --separate-stderr recommend --why --json --top 9 days.mp
    [ -z "$stderr" ]
    echo "$output" | jq -c 'del(.why)' >answers
    check_words answers days.json
    # as lines: a fifth column, with the same words; other columns are those without --why
    recommend --why --top 9 days.mp >lines
    jq -r '.items[].why | map(.words) | join("; ")' answers | cmp - <(cut -f 5 lines)
    cmp <(cut -f 1-4 lines) <(recommend --top 9 days.mp)
    # a model that does not read the session's own uses does not take them for earlier ones
    batcher -q --epochs 1 --batch 20 <(tfilter -q --split last-day days.mp) |
        trainer -q --threads 1 --model wide --without session --save blind.model -o ranks.mp
    recommend --model blind.model --index days.mp --frozen --why --json --top 9 days.mp | jq -c 'del(.why)' >answers
    check_words answers days.json 0
    # with attention both kinds of reasons are there
    recommend --model deep.model --index days.mp --why --json --top 9 days.mp >answers
    [ "$(jq -s 'map(.why | length > 0) | all' answers)" = true ]
    [ "$(jq -s 'map(.items[].why | length > 0) | any' answers)" = true ]
}

# The day log in the order of time, a session a line; in the last days there are a new user and new items.
days_by_time() {
    day_log | awk -F, -v OFS=, '$3 > 1301300000 { if ($1 == "u7") $1 = "new"; if ($2 == "i4" || $2 == "i5") $2 = $2 "b" } { print }' |
        csv-sessionize -q --user u --item i --time t --keep-repeats -o days.mp
    spcat days.mp >days.json
    grep -vE '^\["(session|E)' days.json >names
    grep '^."session"' days.json | jq -sc 'sort_by(.[3][0])[]' >by-time
}

# A stream of the sessions, with the users and items that they use.
stream_of() { cat names - | used; }

@test "sessions that come in count for later ones, as if the index had been built of them" {
    days_by_time
    tfilter -q --split last-day days.mp >split.mp
    batcher -q --epochs 1 --batch 20 split.mp | trainer -q --threads 1 --model wide --save w.model -o ranks.mp
    batcher -q --epochs 1 --batch 20 split.mp |
        trainer -q --threads 1 --model ii-rnn --embedding 8 --wide --save deep.model -o ranks.mp
    new=$(grep '"new"' names | jq '.[1]')
    head -n 180 by-time | stream_of >base.mp
    for at in 236 300 "$(grep -n "^..session..$new," by-time | tail -n 1 | cut -d : -f 1)"; do
        sed -n "181,${at}p" by-time | stream_of >later.mp
        sed -n "${at}p" by-time >last
        jq -c --slurpfile last last 'select(.[3][-1] < $last[0][3][0])' by-time | stream_of >ended.mp
        sed -n "181,${at}p" by-time | jq -c --slurpfile last last 'select(.[1] == $last[0][1])' | stream_of >own.mp
        for model in '' '--model w.model' '--model deep.model'; do
            # shellcheck disable=SC2086
            { recommend $model --batch 1 --index base.mp --json later.mp | tail -n 1 >grown
              recommend $model --batch 1 --index ended.mp --frozen --json own.mp | tail -n 1 >built
              recommend $model --batch 1 --index base.mp --frozen --json later.mp 2>said | tail -n 1 >frozen; }
            grep -q '"items":\[{' grown
            cmp grown built
            run -1 cmp -s grown frozen
        done
    done
    grep -q '"user":"new"' grown
    grep -qE '"i[45]b"' grown
}

@test "an item that was first used a session ago is recommended; users together are answered as one by one" {
    days_by_time
    head -n 250 by-time | stream_of >base.mp
    # A new item comes after i3 twice; a new user then uses i3.
    { echo '["user",0,"ann"]' '["user",1,"bob"]' | tr ' ' '\n'
      echo '["item",0,"i3"]' '["item",1,"fresh"]' | tr ' ' '\n'
      echo '["session",0,0,[1400000000,1400000003,1400000006,1400000010],[0,1,0,1]]' '["session",1,0,[1400000099],[0]]' | tr ' ' '\n'
    } >records
    { spcat base.mp | head -n 1; cat records; echo '["E"]'; } | spcat --from-json >two.mp
    recommend --index base.mp two.mp | awk -F '\t' '$1 == "bob"' | head -n 5 | cut -f 3 | grep -qx fresh
    recommender --threads 1 --index base.mp --frozen two.mp 2>said >frozen
    run -1 grep fresh frozen
    grep -q 'does not know 1 of the 2 items' said
    # It does not count for a session that begins before it ended.
    { spcat base.mp | head -n 1; sed 's/1400000099/1400000010/' records; echo '["E"]'; } | spcat --from-json >same.mp
    run -1 grep -P '^bob\t[1-5]\tfresh' <(recommend --index base.mp same.mp)
    # History that is in the index too counts once, its newest session as well.
    { spcat base.mp | head -n 1; grep -v '"session",1\|"user",1' records; echo '["E"]'; } | spcat --from-json >ann.mp
    recommend --batch 1 --index ann.mp two.mp | grep '^bob' >grown
    recommend --batch 1 --index ann.mp --frozen two.mp | grep '^bob' | cmp - grown
    # In any batches, and also where the sessions are in the order of users: the same best items, but
    # where two are so near that the counts of a batch decide.
    sed -n '251,300p' by-time | stream_of >later.mp
    sed -n '251,300p' by-time | jq -sc 'sort_by(.[1])[]' | stream_of >by-user.mp
    for input in later by-user; do
        recommend --index base.mp --batch 1 --top 1 $input.mp | cut -f 1-3 >one
        recommend --index base.mp --batch 16 --top 1 $input.mp | cut -f 1-3 >many
        [ "$(wc -l <one)" = "$(wc -l <many)" ]
        [ "$(diff one many | grep -c '^<')" -le 2 ]
        # An index that does not grow is the same for all batches.
        recommend --index base.mp --frozen --batch 1 --top 1 $input.mp 2>said | cut -f 1-3 >one
        recommend --index base.mp --frozen --batch 16 --top 1 $input.mp 2>said | cut -f 1-3 >many
        [ -s one ]
        cmp one many
    done
}
