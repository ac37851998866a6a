# recommender: its scores against tests/check-recommender.py and against predictor's lists, new users
# and items, answers on each flush, vectors.  With a wide part: recommender-wide.bats.

bats_require_minimum_version 1.5.0
load helpers
load recommend

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    synthesize --users 9 --days 12 >log.tsv
    lfm-sessionize log.tsv | tfilter --split user:0.8 2>/dev/null >split.mp
    batcher --batch 5 --history 4 --min-batch 2 split.mp >batches.mp
    train --save plain batches.mp >/dev/null
    train --inter hidden,delta,week --save attentive batches.mp >/dev/null
    train --session-rep last --inter hidden --save last batches.mp >/dev/null
    train --model hierarchical --session-rep attention --user-rep attention --inter delta \
        --save hierarchical batches.mp >/dev/null
    train --model hierarchical --intra cat --save intra batches.mp >/dev/null
    train --inter hidden --intra cat --per-user inter,intra --save own batches.mp >/dev/null
    train --clusters 3 --cluster-encoders inter,intra --save clustered batches.mp >/dev/null
    train --bidirectional --decoder tied --save tied batches.mp >/dev/null
    train --model narm --hidden 7 --save narm batches.mp >/dev/null
    train --model rib --hidden 7 --context hour --save rib batches.mp >/dev/null
    train --model context-rnn --layers 7 --context hour --save context-rnn batches.mp >/dev/null
    train --model improved --hidden 7 --save improved batches.mp >/dev/null
    train --model improved --hidden 7 --decoder embedding --init-some improved --freeze item_embedding \
        --save predicting batches.mp >/dev/null
    train --model youtube-dnn --users 5 --layers 7 --context hour --save youtube-dnn batches.mp >/dev/null
    train --model asars --variant time-user --users 5 --context hour --hidden 7 --save asars batches.mp >/dev/null
    train --model asars --variant user-att --cell gru --save asars-user batches.mp >/dev/null
    train --model session-embedding --hidden 7 --context hour --save session-embedding batches.mp >/dev/null
    train --model intent --hidden 7 --save intent batches.mp >/dev/null
    train --model asars --dynamics --context hour --save asars-dynamics batches.mp >/dev/null
    train --model wavenet --layers 2 --kernel 2 --dilation 2 --save wavenet batches.mp >/dev/null
    train --model sasrec --max-positions 3 --save sasrec batches.mp >/dev/null
    train --model sasrec --earlier 9 --save sasrec-earlier batches.mp >/dev/null
    train --model stamp --max-positions 3 --save stamp batches.mp >/dev/null
    train --model stmo --save stmo batches.mp >/dev/null
    train --model bpr-mf --save bpr-mf batches.mp >/dev/null
    train --model fpmc --save fpmc batches.mp >/dev/null
    batcher --scheme user-parallel --batch 4 split.mp >parallel.mp
    train --model rnn --hidden 7 --save rnn parallel.mp >/dev/null
    train --model rnn --join-sessions --save joined parallel.mp >/dev/null
    train --model rnn --join-sessions --separator --save parted parallel.mp >/dev/null
    train --model rnn --decoder tied --save rnn-tied parallel.mp >/dev/null
    train --model rnn --input one-hot --layers 2 --feed-forward 5 --save rnn-hot parallel.mp >/dev/null
    train --model rnn --cell lstm --hidden 7 --layers 2 --save rnn-lstm parallel.mp >/dev/null
    train --model hrnn --hidden 7 --propagate all --save hrnn parallel.mp >/dev/null
    # Only the first users, who do not have all items.
    head -n $(($(wc -l <log.tsv) / 3)) log.tsv | lfm-sessionize | tfilter --split user:0.8 2>/dev/null |
        batcher --batch 7 2>/dev/null | train --save third >/dev/null
}

setup() {
    SPLIT=$BATS_FILE_TMPDIR/split.mp
    PLAIN=$BATS_FILE_TMPDIR/plain
    ATTENTIVE=$BATS_FILE_TMPDIR/attentive
    THIRD=$BATS_FILE_TMPDIR/third
}

train() { trainer -q --threads 1 --embedding 6 --lr 0.02 --save-by last "$@"; }

# Makes a stream of sessions from lines of JSON, and its end record.
sessions() { sed 's/^\["E",.*/["E"]/' | spcat --from-json; }

# A small log in JSON: the header of the split, and the records given.
small() {
    spcat "$SPLIT" | head -n 1
    cat
    echo '["E"]'
}

@test "scores and attention weights are those of the equations" {
    need python3
    for options in '' '--session-rep last' '--inter hidden,delta,week' '--session-rep last --inter delta'; do
        # shellcheck disable=SC2086
        train $options --save model "$BATS_FILE_TMPDIR/batches.mp" >/dev/null
        recommend -m model --json --why --top 7 "$SPLIT" >answers 2>err
        spcat "$SPLIT" | python3 "$ROOT/tests/check-recommender.py" model answers >verdict
        cat verdict
        [[ $(cat verdict) =~ ^ok\ 63\ [0-9.e-]+\ ([0-9]+)$ ]]
        [[ $options != *inter* ]] || [ "${BASH_REMATCH[1]}" = 27 ]
    done
}

@test "a session that has not ended when the newest begins is not its history" {
    need python3
    # Of 8 sessions of each user the last two overlap, or the last begins when the one before ends.
    awk 'BEGIN {
        srand(5)
        print "user,item,time,session"
        for (u = 0; u < 9; u++)
            for (s = 0; s < 8; s++)
                for (i = 0; i < 5; i++)
                    printf "u%d,i%d,%d,u%d-%d\n", u, rand() * 9, 1000000 + s * 4000 + i * (s < 6 ? 500 : 1000 + u % 2), u, s }' |
        csv-sessionize --user user --item item --time time --session session 2>/dev/null |
        tfilter -q --split user:0.8 -o overlapping.mp
    batcher -q --batch 5 --history 4 overlapping.mp | train --inter hidden,delta --save model >/dev/null
    recommend -m model --json --why --top 7 overlapping.mp >answers
    spcat overlapping.mp | python3 "$ROOT/tests/check-recommender.py" model answers >verdict
    cat verdict
    [[ $(cat verdict) =~ ^ok\ 63\ [0-9.e-]+\ 27$ ]]
}

@test "the list is that of the predictor at the same position, for every model" {
    need python3
    # Each user's last session without its last event.
    spcat "$SPLIT" >all
    awk '/^\["session"/ { split($0, f, ","); last[f[2]] = NR } { line[NR] = $0 }
        END { for (i = 1; i <= NR; i++) { split(line[i], f, ",")
            if (line[i] ~ /^\["session"/ && last[f[2]] == i) gsub(/,[0-9]+\]/, "]", line[i])
            print line[i] } }' all | sessions >shorter.mp
    for model in plain attentive last hierarchical intra own clustered tied narm rib context-rnn improved predicting asars asars-user asars-dynamics youtube-dnn session-embedding intent wavenet sasrec sasrec-earlier stamp stmo bpr-mf fpmc rnn joined parted rnn-tied rnn-hot rnn-lstm hrnn; do
        batches=$BATS_FILE_TMPDIR/batches.mp
        [[ $model != @(rnn|joined|parted|rnn-tied|rnn-hot|rnn-lstm|hrnn) ]] || batches=$BATS_FILE_TMPDIR/parallel.mp
        model=$BATS_FILE_TMPDIR/$model
        predictor -q -j 1 -m "$model" --top 5 "$batches" | spcat >predicted
        recommend -m "$model" --top 5 shorter.mp >recommended
        python3 - predicted recommended <<'EOT'
import json, sys
names, users, ranks, lists = [], [], {}, {}
for line in open(sys.argv[1]):
    r = json.loads(line)
    if r[0] == "epoch":
        lists = {}
    if r[0] == "user":
        users.append(r[2])
    if r[0] == "item":
        names.append(r[2])
    if r[0] == "top":
        for i, user in enumerate(r[1]["user"]): # the last position of the last session stands last
            lists[users[user]] = [(names[r[1]["item"][5 * i + k]], r[1]["score"][5 * i + k]) for k in range(5)]
said = {}
for line in open(sys.argv[2]):
    user, rank, item, score = line.rstrip("\n").split("\t")
    said.setdefault(user, []).append((item, float(score)))
    assert len(said[user]) == int(rank)
assert len(said) == len(lists) == 9
for user, items in lists.items():
    for a, b in zip(items, said[user], strict=True):
        assert a[0] == b[0] and abs(a[1] - b[1]) < 2e-5, (user, items, said[user])
EOT
    done
}

@test "sessions begin and end with items that the model does not know, as for predictor" {
    # Of two sessions that overlap the first ends, and the second begins, with such an item.
    awk 'BEGIN {
        srand(3)
        print "user,item,time,session"
        for (u = 0; u < 9; u++)
            for (s = 0; s < 3; s++)
                for (i = 0; i < 4; i++)
                    printf "u%d,%s,%d,u%d-%d\n", u, s == 1 && i == 3 || s == 2 && !i ? "x" : "i" int(rand() * 9),
                        1000000 + (s ? 30000 + 60000 * s + i * 25000 : i * 10), u, s }' >log.csv
    csv-sessionize -q --user user --item item --time time --session session --keep-repeats log.csv |
        tfilter -q --split user:0.7 -o split.mp
    grep -v ,x, log.csv | csv-sessionize -q --user user --item item --time time --session session --keep-repeats |
        tfilter -q --split user:0.7 | batcher -q | train --inter hidden,delta --save model >/dev/null
    batcher -q --epochs 1 split.mp | predictor -q -j 1 -m model --top 5 | spcat >lists.json
    last_lists lists.json >expected
    [ "$(wc -l <expected)" = 45 ]
    without_last split.mp >known.mp
    recommend -m model --top 5 known.mp | cut -f 1-3 | sort | cmp - expected
    for u in {0..8}; do echo "{\"user\": \"u$u\"}"; done | recommend --requests -m model --top 5 known.mp |
        jq -r '.user as $u | .items | to_entries[] | [$u, .key + 1, .value.item] | @tsv' | sort | cmp - expected
}

@test "TSV has user, rank, item and score; JSON the same, an object for each user" {
    need python3
    recommend -m "$ATTENTIVE" --why --top 4 "$SPLIT" >tsv
    recommend -m "$ATTENTIVE" --why --top 4 --json "$SPLIT" >json
    [ "$(awk -F '\t' 'NF != 4' tsv | wc -l)" = 0 ]
    [ "$(wc -l <json)" = 9 ]
    python3 - json >same <<'EOT'
import json, sys
for line in open(sys.argv[1]):
    a = json.loads(line)
    for i, x in enumerate(a["items"]):
        print(a["user"], i + 1, x["item"], "%.6g" % x["score"], sep="\t")
    for x in a["why"]:
        assert x["items"]
        print(a["user"], x["level"], x["start"], "%.6g" % x["weight"], sep="\t")
EOT
    cmp tsv same
    [ "$(recommend -m "$PLAIN" "$SPLIT" | wc -l)" = 180 ] # 20 each
    recommend -m "$PLAIN" "$SPLIT" -o file
    cmp file <(recommend -m "$PLAIN" "$SPLIT")
}

@test "--why: sessions and events of every level; a model without attention says so" {
    need python3
    recommend -m "$BATS_FILE_TMPDIR/hierarchical" --why --json --top 1 "$SPLIT" >answers
    spcat "$SPLIT" >lines
    python3 - answers lines <<'EOT'
import json, sys
users, names, past = [], [], {}
for line in open(sys.argv[2]):
    r = json.loads(line)
    if r[0] == "user":
        users.append(r[2])
    if r[0] == "item":
        names.append(r[2])
    if r[0] == "session":
        past.setdefault(users[r[1]], []).append([names[i] for i in r[4]])
for line in open(sys.argv[1]):
    a = json.loads(line)
    sessions = [w for w in a["why"] if w["level"] == "user"]
    events = [w for w in a["why"] if w["level"] == "session"]
    assert len(sessions) == len(events) == 3 == len(a["why"]) / 2
    for which in sessions, events:
        weights = [w["weight"] for w in which]
        assert weights == sorted(weights, reverse=True) and 0 < sum(weights) < 1
    given = past[a["user"]][-5:-1]
    assert all(s["items"] in given for s in sessions)
    assert all(any(e["item"] in s for s in given) for e in events)
EOT
    # Weights of a level add up to 1 over all sessions or events, here at most three.
    recommend -m "$BATS_FILE_TMPDIR/own" --why --top 1 --keep 4 "$SPLIT" >own
    recommend -m "$BATS_FILE_TMPDIR/narm" --why --top 1 "$SPLIT" >narm
    for level in inter intra; do
        awk -F '\t' -v level=$level '$2 == level { n[$1]++; sum[$1] += $4 }
            END { for (u in n) { users++; if (n[u] != 3 || sum[u] < 0.999 || sum[u] > 1.001) exit 1 }; exit users != 9 }' own
    done
    [ "$(cut -f 2 narm | sort -u | tr '\n' ' ')" = '1 item ' ]
    run -0 --separate-stderr recommend -m "$PLAIN" --why --json --top 1 "$SPLIT"
    [[ $stderr == *'counts nothing and attends to nothing, so no reasons are given'* ]]
    [ "$(grep -c '"why":null' <<<"$output")" = 9 ]
}

@test "new users, users with one session, users and sessions of any part are answered" {
    item=$(spcat "$SPLIT" | sed -nE 's/^\["item",0,"([^"]*)".*/\1/p')
    {
        echo '["user",0,"somebody new"]'
        echo '["item",0,"'"$item"'"]'
        echo '["session",0,0,[1300000000],[0]]'
        echo '["user",1,"another"]'
        echo '["session",1,1,[1300000000,1300000100],[0,0]]'
        echo '["session",1,3,[1300090000],[0]]'
    } | small | sessions >few.mp
    run -0 --separate-stderr recommend -m "$ATTENTIVE" --top 2 --why few.mp
    [ -z "$stderr" ]
    [ "${#lines[@]}" = 5 ]
    [ "$(grep -c '^somebody new.[12].' <<<"$output")" = 2 ]
    [[ ${lines[4]} == $'another\tinter\t2011-03-13T07:06:40Z\t1' ]]
}

@test "unknown items are skipped and counted; a user without known items gets an empty answer" {
    item=$(spcat "$SPLIT" | sed -nE 's/^\["item",0,"([^"]*)".*/\1/p')
    {
        echo '["user",0,"a"]' '["user",1,"b"]' | tr ' ' '\n'
        echo '["item",0,"'"$item"'"]'
        echo '["item",1,"never seen"]'
        echo '["session",0,0,[1300000000,1300000001,1300000002],[1,0,1]]'
        echo '["session",1,0,[1300000000],[1]]'
        echo '["user",2,"c"]'
        echo '["session",2,0,[1300000000],[0]]'
        echo '["session",2,0,[1300010000],[1]]'
    } >mixed
    small <mixed | sessions >mixed.mp
    run -0 --separate-stderr recommender --threads 1 -m "$PLAIN" --json --top 3 mixed.mp
    [[ $stderr == *'does not know 1 of the 2 items: 4 of 6 events were skipped, and 1 answers are empty (66.7 % of the events)'* ]]
    [ "${lines[1]}" = '{"user":"b","items":[]}' ]
    # The answer is that of a stream without the unknown item.
    [ "${lines[0]/\"a\"/}" = "${lines[2]/\"c\"/}" ]
    run -0 --separate-stderr recommend -m "$PLAIN" --top 3 mixed.mp # which is quiet
    [ "${#lines[@]}" = 6 ]
    [ -z "$stderr" ]
    need python3
    recommender --threads 1 -m "$THIRD" --json --why --top 4 "$SPLIT" >answers 2>said
    grep -q 'does not know' said
    spcat "$SPLIT" | python3 "$ROOT/tests/check-recommender.py" "$THIRD" answers
}

@test "--exclude leaves out the user's items, and still gives --top items" {
    need python3
    spcat "$SPLIT" >lines
    for exclude in none session history; do
        recommend -m "$PLAIN" --exclude $exclude --json --top 60 "$SPLIT" >$exclude
    done
    recommend -m "$PLAIN" --json --top 100000 "$SPLIT" >whole
    python3 - lines whole none session history <<'EOT'
import json, sys
users, names, past = [], [], {}
for line in open(sys.argv[1]):
    r = json.loads(line)
    if r[0] in ("user", "item"):
        (users if r[0] == "user" else names).append(r[2])
    if r[0] == "session":
        past.setdefault(users[r[1]], []).append({names[i] for i in r[4]})
def answers(path):
    return {a["user"]: [x["item"] for x in a["items"]] for a in map(json.loads, open(path))}
whole = answers(sys.argv[2])
for path in sys.argv[3:]:
    for user, items in answers(path).items():
        had = {"none": set(), "session": past[user][-1], "history": set().union(*past[user])}[path]
        assert items == [x for x in whole[user] if x not in had][:60], (path, user)
        assert len(whole[user]) == len(names) and (path == "none" or had & set(whole[user][:60 + len(had)]))
EOT
    # With --top above the number of items, all that are not excluded.
    [ "$(recommend -m "$PLAIN" --exclude history --top 100000 "$SPLIT" | wc -l)" -lt "$(recommend -m "$PLAIN" --top 100000 "$SPLIT" | wc -l)" ]
}

@test "--batch and the blocks of the stream only change rounding" {
    recommend -m "$ATTENTIVE" --why --json "$SPLIT" >expected
    for batch in 1 2 4; do
        recommend -m "$ATTENTIVE" --why --json --batch $batch "$SPLIT" >got
        alike expected got
    done
    tfilter -q --flush "$SPLIT" | recommend -m "$ATTENTIVE" --why --json >got
    alike expected got
    cat "$SPLIT" | recommend -m "$ATTENTIVE" --why --json - >got
    cmp expected got
    recommend -m "$PLAIN" --why --json "$SPLIT" >got
    run ! alike expected got
}

@test "many users are answered in the same order and bytes by any number of threads" {
    spcat "$SPLIT" | jq -r 'select(.[0] == "item") | .[2]' | awk '
        BEGIN { print "user,item,time" }
        { name[NR] = $0 }
        END {
            for (u = 0; u < 300; u++)
                for (k = 0; k < 4; k++)
                    printf "user %d,\"%s\",%d\n", u, name[1 + (7 * u + k * k) % NR], 1e9 + 50 * k + u
        }' | csv-sessionize -q --user user --item item --time time >many.mp
    local threads options
    for options in --json --why '--why --json'; do
        # shellcheck disable=SC2086
        recommend -m "$ATTENTIVE" $options many.mp >one
        for threads in 2 3; do
            # shellcheck disable=SC2086
            recommend -m "$ATTENTIVE" --threads $threads $options many.mp | cmp - one
        done
    done
    [ "$(jq -r .user one | uniq | wc -l)" = 300 ]
}

@test "a user who comes again is answered again, from all sessions so far" {
    spcat "$SPLIT" >lines
    grep -vE '^\["(user|session|E)"' lines >names
    grep -E '^\["user",[01],' lines >users
    grep '^\["session",0,' lines | head -n 4 >first
    grep '^\["session",1,' lines | head -n 3 >second
    # Two users alternate.
    { cat names users && sed -n 1,2p first && cat second && sed -n 3,4p first; } | used >turns.mp
    recommend -m "$ATTENTIVE" --top 1 turns.mp >got
    [ "$(cut -f 1 got | uniq | wc -l)" = 3 ]
    [ "$(grep -c "^$(cut -f 1 got | head -n 1)" got)" = 2 ]
    # The last answer is that of all four sessions in a row.
    { cat names && head -n 1 users && cat first; } | used >row.mp
    recommend -m "$ATTENTIVE" --top 1 row.mp >row
    tail -n 1 got >last
    alike row last
    # With --keep 3 it is that of the last three.
    { cat names && head -n 1 users && sed -n 2,4p first; } | used >three.mp
    recommend -m "$ATTENTIVE" --top 1 --why three.mp >three
    recommend -m "$ATTENTIVE" --top 1 --why --keep 3 row.mp >kept
    cmp three kept
    run ! cmp -s kept <(recommend -m "$ATTENTIVE" --top 1 --why row.mp)
}

@test "a flushed block of input gives flushed answers" {
    mkfifo in out
    recommend -m "$PLAIN" --json --top 2 <in >out &
    pid=$!
    exec 8>in 9<out
    tfilter -q --flush "$SPLIT" >flushed.mp
    size=$(wc -c <flushed.mp)
    head -c $((size - 60)) flushed.mp >&8 # all but the last block's end
    for ((i = 0; i < 8; i++)); do
        IFS= read -r -t 20 -u 9 line
        [[ $line == '{"user":'* ]]
        echo "$line" >>got
    done
    tail -c 60 flushed.mp >&8
    IFS= read -r -t 20 -u 9 line
    echo "$line" >>got
    exec 8>&-
    wait "$pid"
    exec 9<&-
    cmp got <(recommend -m "$PLAIN" --json --top 2 "$SPLIT")
}

@test "a tab in a name does not add a column, and names are exact in JSON" {
    item=$(spcat "$SPLIT" | sed -nE 's/^\["item",0,"([^"]*)".*/\1/p')
    {
        echo '["user",0,"tab\tand\nline"]'
        echo '["item",0,"'"$item"'"]'
        echo '["session",0,0,[1300000000],[0]]'
    } | small | sessions >tab.mp
    recommend -m "$PLAIN" --top 1 tab.mp >tsv
    [ "$(wc -l <tsv)" = 1 ]
    [ "$(cut -f 1 tsv)" = 'tab and line' ]
    recommend -m "$PLAIN" --top 1 --json tab.mp | grep -q '^{"user":"tab\\tand\\nline"'
}

@test "bad models and inputs are refused" {
    run -66 recommend -m nowhere "$SPLIT"
    run -65 recommend -m "$SPLIT" "$SPLIT"
    run -65 --separate-stderr recommend -m "$PLAIN" "$BATS_FILE_TMPDIR/batches.mp"
    [[ $stderr == *batches*sessions* ]]
    head -c 3000 "$PLAIN" >cut
    run -65 --separate-stderr recommend -m cut "$SPLIT"
    [[ $stderr == 'recommender: cut: header'* ]]
    # NaN in the weights of a file without a hash
    LC_ALL=C sed 's/"xxh3"/"none"/' "$PLAIN" >nan
    printf '\0\0\xc0\x7f' | dd of=nan bs=1 seek=$(($(wc -c <nan) / 8 * 4)) conv=notrunc status=none
    run -65 --separate-stderr recommend -m nan "$SPLIT"
    [[ $stderr == *'not a finite number'* ]]
    head -c $(($(wc -c <"$SPLIT") - 10)) "$SPLIT" >cut.mp
    run -65 recommend -m "$PLAIN" cut.mp -o out
    [ ! -e out ]
}

@test "users who return: the answers are those to all their sessions at once" {
    spcat "$SPLIT" >split.json
    grep -vE '^\["(session|E)' split.json >names
    grep '^."session"' split.json | jq -sc 'sort_by(.[3][0])[]' | cat names - <(echo '["E"]') |
        spcat --from-json >by-time.mp
    [ "$(spcat by-time.mp | grep -c '^."session"')" -gt 100 ]
    for model in plain attentive last hierarchical intra own clustered tied narm rnn joined parted hrnn sasrec-earlier; do
        options="-m $BATS_FILE_TMPDIR/$model --json --why --exclude history --top 5 --batch 1"
        recommend $options by-time.mp 2>/dev/null >answers
        [ "$(wc -l <answers)" -gt 50 ]
        tac answers | awk -F '"' '!again[$4]++' | sort >newest # the last of each user
        recommend $options "$SPLIT" 2>/dev/null | sort | cmp - newest
    done
}

@test "--memory: small or large, the same bytes; events beyond it take no memory" {
    synthesize --users 100 --days 40 | lfm-sessionize | tfilter --quiet --split user:0.8 -o large.mp
    for options in '-m rib --why' '-m hierarchical --why --json' '-m plain --exclude history' \
        '-m plain --keep 2' '' '--index large.mp --why'; do # more than 20,000 events
        model=${options#-m } model=${model%% *}
        [[ $options != -m* ]] || options="-m $BATS_FILE_TMPDIR/$model${options#-m "$model"}"
        recommend $options large.mp >expected
        [ -s expected ]
        recommend $options --memory 64K large.mp >got
        cmp expected got
    done
    run -73 env TMPDIR=no-such-folder recommender -q --memory 64K -o out large.mp
    [ ! -e out ]
    [ "${VARIANT:-release}" = release ] || return 0 # the sanitizers need memory of their own
    # 2,000,000 events of items that the model knows, 24 MB: of many users, and of one.
    spcat "$SPLIT" | jq -r 'select(.[0] == "item")[2]' | head -n 97 >names
    for users in 2000 1; do
        awk -F '\t' -v OFS='\t' -v users=$users 'NR == FNR { name[n++] = $1; next } END {
                for (u = 0; u < 2000; u++)
                    for (i = 0; i < 1000; i++)
                        print u % users, name[(i * i + u) % n], 1300000000 + 10 * i + 86400 * (i > 500) + 200000 * u
            }' names /dev/null |
            csv-sessionize --user 1 --item 2 --time 3 --delimiter tab --gap 3600 --max-events 0 -o "$users.mp"
    done
    bounded() { (ulimit -d 36000 && recommend -m "$PLAIN" --top 1 --batch 10 "$@"); } # KiB
    recommend -m "$PLAIN" --top 1 --batch 10 2000.mp >expected
    bounded --memory 64K 2000.mp >got
    cmp expected got
    run -71 bounded 2000.mp
    # What --keep forgets takes no memory either.
    recommend -m "$PLAIN" --top 1 --keep 2 1.mp >expected
    bounded --keep 2 1.mp >got
    cmp expected got
    run -71 bounded 1.mp
}

@test "--vectors: inner products of users and items give every model's lists" {
    need python3
    biased=0
    for model in plain attentive hierarchical own clustered tied narm rib context-rnn improved predicting asars asars-user asars-dynamics youtube-dnn session-embedding intent wavenet sasrec sasrec-earlier stamp stmo bpr-mf fpmc rnn joined parted rnn-tied rnn-hot rnn-lstm hrnn; do
        recommend -m "$BATS_FILE_TMPDIR/$model" --top 7 --batch 4 --memory 64K --vectors vectors -o list "$SPLIT"
        recommend -m "$BATS_FILE_TMPDIR/$model" --top 7 --batch 4 "$SPLIT" | cmp - list
        python3 "$ROOT/tests/check-vectors.py" vectors list >verdict || { echo "$model"; false; }
        [[ $(cat verdict) =~ ^ok\ 9\ [0-9]+\ [0-9]+$ ]] || { echo "$model: $(cat verdict)"; false; }
        biased=$((biased + ($(cut -d ' ' -f 4 verdict) == 7)))
    done
    [ "$biased" -gt 2 ] # states of 6 and the bias
    # The vectors depend on nothing but model and sessions.
    recommend -m "$PLAIN" --vectors one -o list "$SPLIT"
    recommend -m "$PLAIN" --vectors two --exclude history --json --top 1 -o list "$SPLIT"
    for file in items.npy items.txt users.npy users.txt safetensors; do
        cmp "one.$file" "two.$file"
    done
}

@test "--vectors: a row for each answer, a line for each name whatever is in it" {
    need python3
    {
        echo '["item",0,"a\nb"]'
        for i in 1 2; do echo "[\"item\",$i,\"i$i\"]"; done
        echo '["user",0,"new\tline\n"]'
        echo '["user",1,"u"]'
        for u in 0 1; do echo "[\"session\",$u,1,[1000,1010,1020],[0,1,2]]"; done
        for u in 1 0; do echo "[\"session\",$u,3,[900000,900010],[2,0]]"; done
    } | small >odd
    spcat --from-json odd >odd.mp
    sed '/"session",.,3/d' odd | spcat --from-json | batcher -q --batch 2 | train --save model >/dev/null
    recommend -m model --vectors odd --top 2 -o list odd.mp
    [ "$(cat odd.items.txt)" = $'a b\ni1\ni2' ]
    [ "$(cat odd.users.txt)" = $'new line \nu\nnew line ' ] # who comes twice
    python3 - <<'EOT'
import json, struct
whole = open("odd.safetensors", "rb").read()
size, = struct.unpack("<Q", whole[:8])
head, data = json.loads(whole[8:8 + size]), whole[8 + size:]
assert head["users"]["shape"] == [3, 7] and head["items"]["shape"] == [3, 7]
assert data[slice(*head["vocabulary.bytes"]["data_offsets"])] == b"a\nbi1i2"
assert data[slice(*head["users.bytes"]["data_offsets"])] == b"new\tline\nunew\tline\n"
EOT
}

@test "--vectors: where there are none, and where they cannot be written" {
    trainer -q --threads 1 --model wide --save wide "$BATS_FILE_TMPDIR/batches.mp" >/dev/null
    train --model stamp --wide --save stamp-wide "$BATS_FILE_TMPDIR/batches.mp" >/dev/null
    refused() { # STATUS WORDS OPTION ...
        run -"$1" --separate-stderr recommender -q "${@:3}" </dev/null
        [[ $stderr == *"$2"* ]] || { echo "$stderr"; false; }
        [ "$(compgen -G 'vectors*' || true)" = '' ]
    }
    for model in wide stamp-wide; do
        refused 64 "the model in $model has a wide part" -m $model --vectors vectors "$SPLIT"
    done
    refused 64 'the ready-made model has a wide part' --vectors vectors "$SPLIT"
    refused 64 'leave out --requests' -m "$PLAIN" --vectors vectors --requests "$SPLIT"
    for prefix in '' './'; do
        refused 64 "give what the names of the files begin with" -m "$PLAIN" --vectors "$prefix" "$SPLIT"
    done
    refused 73 'no-such-folder' -m "$PLAIN" --vectors no-such-folder/vectors "$SPLIT"
    small </dev/null | spcat --from-json >nobody.mp
    refused 65 'no user has a session' -m "$PLAIN" --vectors vectors nobody.mp
    (ulimit -f 1 && recommend -m "$PLAIN" --top 1 --vectors vectors "$SPLIT" >list 2>err) || status=$?
    [ "$status" = 74 ] && grep -q 'cannot write .*vectors' err
    [ "$(compgen -G 'vectors*' || true)" = '' ]
    mkdir vectors.users.txt
    run -73 --separate-stderr recommender -q -m "$PLAIN" --vectors vectors "$SPLIT"
    [ "$(compgen -G 'vectors*')" = vectors.users.txt ]
}
