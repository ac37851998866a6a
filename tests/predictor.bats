# predictor: the ranks that trainer gives from the same weights, items that the model does not know,
# model files that do not fit.

bats_require_minimum_version 1.5.0
load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    synthesize --users 14 --days 12 >log.tsv
    lfm-sessionize log.tsv | tfilter --split user:0.8 2>report >split.mp
    batcher --batch 7 --history 3 --epochs 2 --min-batch 3 split.mp 2>>report >batches.mp
    train --save model --save-by last batches.mp >/dev/null
    train --inter hidden,delta,week --save attentive --save-by last batches.mp >/dev/null
    # Half of the users have only a part of the items.
    head -n $(($(wc -l <log.tsv) / 2)) log.tsv | lfm-sessionize | tfilter --split user:0.8 2>/dev/null |
        batcher --batch 7 2>/dev/null | train --save half >/dev/null
}

setup() {
    BATCHES=$BATS_FILE_TMPDIR/batches.mp
    SPLIT=$BATS_FILE_TMPDIR/split.mp
    MODEL=$BATS_FILE_TMPDIR/model
    ATTENTIVE=$BATS_FILE_TMPDIR/attentive
    HALF=$BATS_FILE_TMPDIR/half
}

train() { trainer -q --threads 1 --embedding 6 "$@"; }
predict() { predictor -q --threads 1 "$@"; }

# The records of tests, and the names.
records() { spcat "$1" | grep -E '^\["((user|item|rank|top|attention)"|(epoch|pass)",[0-9]+,[23])'; }

same_as_trainer() { # MODEL OPTION-OF-TRAINING ... -- OPTION ...
    local model=$1 options=()
    shift
    while [ "$1" != -- ]; do options+=("$1") && shift; done
    shift
    train --init "$model" --max-steps 0 "${options[@]}" "$@" "$BATCHES" -o there.mp
    predict --model "$model" "$@" "$BATCHES" -o here.mp
    records there.mp >there
    records here.mp >here
    grep -q '^\["rank"' here
    cmp there here
    spcat --check here.mp
}

@test "the records are those of a trainer that starts from the weights and does not learn" {
    same_as_trainer "$MODEL" -- --top 4
    same_as_trainer "$ATTENTIVE" --inter hidden,delta,week -- --top 3 --attention 6
    same_as_trainer "$ATTENTIVE" --inter hidden,delta,week -- --attention all
    for options in '--session-rep last' '--session-rep last --inter hidden --gru reset-before' \
        '--bidirectional --inter hidden,week' '--per-user inter,intra --inter hidden --intra cat' \
        '--model session-embedding --hidden 7 --context hour' '--model session-embedding --decoder dense' '--model intent --encoder forward' '--model intent' \
        '--bidirectional --decoder tied' '--model narm' '--model rib --context hour' '--model context-rnn --context hour --cell lstm' '--model context-rnn --recurrent mean' '--model improved' '--model asars --context hour' '--model asars --variant user-cat --cell gru' '--model asars --variant user-att --dynamics' '--model youtube-dnn --layers 7,5 --context hour --users 4' '--model wavenet --gated --layers 2' '--model sasrec' '--model sasrec --earlier 5' '--model stamp' '--model stmp' '--model stmo' '--model bpr-mf' '--model fpmc' '--model hierarchical --user-rep attention --inter delta' '--model hierarchical --intra sum' '--clusters 2 --cluster-encoders inter,intra' '--clusters 2 --cluster-encoders inter,intra --intra cat'; do
        # shellcheck disable=SC2086
        train $options --save other --save-by last "$BATCHES" >/dev/null
        # shellcheck disable=SC2086
        same_as_trainer other $options --
    done
}

@test "training passes are passed over: their sessions are taken in before each test" {
    predict -m "$MODEL" "$BATCHES" >out.mp
    [ "$(spcat out.mp | grep -cE '^\["(epoch|pass)",[12],1')" = 0 ]
    [ "$(spcat out.mp | grep -c '^\["epoch",[12],3')" = 2 ]
    spcat "$BATCHES" | awk '/^\["epoch",[0-9]+,1\]/ { skip = 1 } /^\["epoch",[0-9]+,3\]/ { skip = 0 }
        /^\["E"/ { $0 = "[\"E\"]" } !skip' | spcat --from-json >tests.mp
    run ! cmp -s "$BATCHES" tests.mp
    predict -m "$MODEL" tests.mp >without.mp
    cmp <(records out.mp) <(records without.mp)
    # Without a history to look at the test begins with nothing.
    batcher --batch 7 --history 0 --epochs 2 "$SPLIT" | predict -m "$MODEL" >forgetful.mp
    run ! cmp <(records out.mp) <(records forgetful.mp)
}

@test "scorer and attnviz read the output; its header says how the model was made" {
    predict -m "$ATTENTIVE" --attention 5 --top 2 "$BATCHES" >out.mp
    run -0 scorer out.mp
    [[ ${lines[0]} == *'ii-rnn hidden,delta,week'* ]]
    run -0 attnviz out.mp
    spcat --head=1 out.mp | grep -q '\["trainer","[0-9.]*",{"model":"ii-rnn",.*\["predictor",'
    train --seed 7 --save seven "$BATCHES" >/dev/null
    predict -m seven "$BATCHES" | scorer >table
    head -1 table | grep -q 'seed 7'
    predictor -h | grep -A 1 -e '--seed' | tr -s ' \n' ' ' | grep -q 'that of the training'
}

@test "a batch without known items has ranks and no lists" {
    awk -F '\t' 'BEGIN { OFS = FS } NR == 1 { user = $1 } $1 == user { $3 = ""; $4 = "new " $4 } 1' \
        "$BATS_FILE_TMPDIR/log.tsv" >log.tsv
    lfm-sessionize log.tsv | tfilter -q --split user:0.8 | batcher -q --batch 1 >batches.mp
    predict -m "$MODEL" --top 2 batches.mp >out.mp 2>err
    run -0 spcat --check out.mp
    run -0 scorer out.mp
    spcat out.mp >lines
    [ "$(grep -c '^\["rank"' lines)" -gt "$(grep -c '^\["top"' lines)" ]
}

@test "asars: a user whom the model does not know drifts as those of training do in the mean" {
    renamed() {
        spcat "$1" | jq -c 'if .[0] == "user" then .[2] = "new " + .[2] else . end' |
            sed 's/^\["E".*/["E"]/' | spcat --from-json
    }
    # Nobody has learned yet: all drift alike, and embeddings of users are zeros.
    train --model asars --variant user-cat --dynamics --max-steps 0 --save drifting "$BATCHES" >/dev/null
    renamed "$BATCHES" >renamed.mp
    for stream in "$BATCHES" renamed.mp; do
        predict -m drifting --top 3 "$stream" | spcat | grep -E '^\["(rank|top)"' >records
        grep -q '^\["top"' records
        [ ! -e expected ] || cmp expected records
        cp records expected
    done
    recommender -q --threads 1 -m drifting --top 3 "$SPLIT" | cut -f 2- >answers
    grep -q . answers
    renamed "$SPLIT" | recommender -q --threads 1 -m drifting --top 3 | cut -f 2- | cmp answers -
}

@test "a choice that the model file does not name is the usual one" {
    python3 - "$HALF" unnamed <<'EOT'
import json, struct, sys
data = open(sys.argv[1], "rb").read()
n = struct.unpack("<Q", data[:8])[0]
head = json.loads(data[8:8 + n])
options = json.loads(head["__metadata__"]["options"])
assert options["decoder"] == "dense"
options["decoder"] = None
head["__metadata__"]["options"] = json.dumps(options)
del head["__metadata__"]["xxh3_metadata"]
text = json.dumps(head).encode()
text += b" " * (-len(text) % 8)
open(sys.argv[2], "wb").write(struct.pack("<Q", len(text)) + text + data[8 + n:])
EOT
    predict -m "$HALF" "$BATCHES" 2>/dev/null >expected.mp
    predict -m unnamed "$BATCHES" 2>/dev/null >got.mp
    cmp <(records expected.mp) <(records got.mp)
}

@test "events of unknown items are left out; targets that cannot be scored count as missed" {
    run -0 --separate-stderr predict -m "$HALF" --top 2 "$BATCHES" -o out.mp # which is quiet
    [ -z "$stderr" ]
    run -0 --separate-stderr predictor --threads 1 -m "$HALF" --top 2 "$BATCHES" -o out.mp
    [[ $stderr =~ "does not know "([0-9]+)" of the "([0-9]+)" items: "([0-9]+)" of "([0-9]+)" events were taken out, and "([0-9]+)" of "([0-9]+)" targets count as missed ("[0-9.]+" % and "[0-9.]+" %)" ]]
    spcat --check out.mp
    scorer --by none out.mp
    spcat out.mp >lines
    spcat "$SPLIT" >split
    /usr/bin/python3 - split lines "$HALF" without >said <<'EOT'
import json, struct, sys
def records(path):
    return [json.loads(line) for line in open(path)]
def vocabulary(path):
    data = open(path, "rb").read()
    n = struct.unpack("<Q", data[:8])[0]
    head, data = json.loads(data[8:8 + n]), data[8 + n:]
    (a, b), (c, d) = (head["vocabulary." + k]["data_offsets"] for k in ("offsets", "bytes"))
    at = struct.unpack("<%dq" % ((b - a) // 8), data[a:b])
    return {data[c:d][x:y].decode() for x, y in zip(at, at[1:])}
known = vocabulary(sys.argv[3])
split, out = records(sys.argv[1]), records(sys.argv[2])
names = [r[2] for r in split if r[0] == "item"]
listed = [r[2] for r in out if r[0] == "item"]
assert listed[:len(names)] == names and set(listed) == set(names) | known and len(set(listed)) == len(listed)
# the same sessions without the unknown items, and without those of which nothing is left
ids, without, sessions, number = {}, [], {}, {}
for r in split:
    if r[0] == "item":
        if r[2] not in known:
            continue
        ids[r[1]] = len(ids)
        r = [r[0], ids[r[1]]] + r[2:]
    if r[0] == "session":
        of = sessions.setdefault(r[1], [])
        keep = [i for i, item in enumerate(r[4]) if item in ids]
        number[r[1], len(of)] = sum(any(item in ids for item in s) for s in of)
        of.append(r[4])
        r = r[:3] + [[r[3][i] for i in keep], [ids[r[4][i]] for i in keep]]
        if not keep:
            continue
    without.append(["E"] if r[0] == "E" else r)
with open(sys.argv[4], "w") as file:
    for r in without:
        file.write(json.dumps(r) + "\n")
# the targets that were missed, of both passes
missed = total = 0
unknown = len(names) - len(ids)
for k in (r[1] for r in out if r[0] == "rank"):
    for row in zip(*(k[x] for x in ("user", "session", "position", "target", "rank", "ties", "history", "length"))):
        user, session, position, target, rank, ties, history, length = row
        items = sessions[user][session]
        assert history == session and length == len(items) and target == items[position + 1]
        total += 1
        if target not in ids or not any(x in ids for x in items[:position + 1]):
            missed += 1
            assert rank == 2147483647 and ties == 0
        else:
            print(user, number[user, session], listed[target], rank, ties)
tests = [(u, i) for r in out if r[0] == "rank" for u, i in zip(r[1]["user"], r[1]["session"])]
assert len(tests) == total == 2 * sum(len(sessions[u][i]) - 1 for u, i in set(tests))
for r in out:
    if r[0] == "top":
        for i, user in enumerate(r[1]["user"]):
            print("top", user, number[user, r[1]["session"][i]], *(listed[x] for x in r[1]["item"][2 * i:2 * i + 2]))
print(missed, total, unknown, file=open("counts", "w"))
EOT
    [ "$(cat counts)" = "${BASH_REMATCH[5]} ${BASH_REMATCH[6]} ${BASH_REMATCH[1]}" ]
    [ "${BASH_REMATCH[5]}" -gt 20 ]
    # The header has the counts, but where it must not wait for the sessions.
    local n=("${BASH_REMATCH[@]}") by='of items that the model does not know'
    jq -se --arg by "$by" --argjson n "[$(IFS=,; echo "${n[*]:1:4}")]" '.[0][2].dropped[-1] ==
        ["predictor", {"events": $n[2:4], "sessions": [0, 0], "users": [0, 0], "items": $n[0:2], "cut": [0, 0],
            "by": [[$by, $n[2], 0]]}]' lines
    spcat --summary out.mp | grep -q "^dropped by predictor.*${n[3]} $by; with them ${n[1]} of ${n[2]} items"
    predict -q -m "$HALF" --top 2 --flush "$BATCHES" -o flushed.mp
    run -1 grep -q 'dropped by predictor' <(spcat --summary flushed.mp)
    cmp <(grep -v '"SESSPIPE' lines | grep -v '^\["[EB]"') <(spcat flushed.mp | grep -v '"SESSPIPE' | grep -v '^\["[EB]"')
    # A failure before the header is told to the next program, too.
    head -c $(within "$BATCHES" 0) "$BATCHES" | { predict -q -m "$HALF" 2>/dev/null || true; } >cut.mp
    run -65 spcat cut.mp
    [[ $output == *'the program before this one failed: predictor: '* ]]
    spcat --from-json without | batcher -q --batch 7 --history 3 --epochs 2 -o without.mp
    run -0 --separate-stderr predict -m "$HALF" --top 2 without.mp -o known.mp
    [ -z "$stderr" ]
    spcat known.mp | /usr/bin/python3 -c '
import json, sys
names = []
for line in sys.stdin:
    r = json.loads(line)
    if r[0] == "item":
        names.append(r[2])
    if r[0] == "rank":
        for i, target in enumerate(r[1]["target"]):
            print(r[1]["user"][i], r[1]["session"][i], names[target], r[1]["rank"][i], r[1]["ties"][i])
    if r[0] == "top":
        for i, user in enumerate(r[1]["user"]):
            print("top", user, r[1]["session"][i], *(names[x] for x in r[1]["item"][2 * i:2 * i + 2]))
' | sort >expected
    grep -q ^top expected
    cmp expected <(sort said)
}

# agree MODEL BATCHES OPTION ...: predictor reports the figures that scorer computes of its output.
agree() {
    predictor -j 1 --device cpu --progress json -m "$1" -o out.mp "${@:3}" "$2" 2>report
    scorer --json --by none out.mp | jq -c 'select(.part == "test") | [.epoch, .events, ."recall@20", ."mrr@20", .loss]' >scored
    grep '"done":true' report | jq -c '[.epoch, .events, ."recall@20", ."mrr@20", .loss]' >said
    [ -s said ]
    alike scored said
}

@test "the figures that it reports are scorer's, also where there are fewer than 20 items" {
    # Eleven items, of which the model does not know every third.
    awk 'BEGIN {
        print "user,item,time"
        for (u = 0; u < 9; u++)
            for (s = 0; s < 12; s++)
                for (i = 0; i < 5; i++)
                    printf "u%d,i%d,%d\n", u, (u + s * i + i * i) % 11, 1000000 + s * 86400 + u * 60 + i }' >small.csv
    sessions() { csv-sessionize --user user --item item --time time 2>/dev/null | tfilter -q --split user:0.8; }
    sessions <small.csv | batcher -q --epochs 2 -o small.mp
    grep -v ',i[369],' small.csv | sessions | batcher -q | train --save few >/dev/null
    agree few small.mp
    agree few small.mp --rank-among 5
    [ "$(jq -s '.[0][2] < 1' said)" = true ] # a miss is none of the best 20, of five items
    agree "$HALF" "$BATCHES"
    agree "$HALF" "$BATCHES" --rank-among 40
    [ "$(jq -s '.[0][2] < 1' said)" = true ]
}

@test "a stream without known items is refused" {
    spcat "$BATCHES" | sed -E 's/^(\["item",[0-9]+,")/\1other /; s/^\["E".*/["E"]/' | spcat --from-json >other.mp
    run -65 --separate-stderr predict -m "$MODEL" other.mp -o out.mp
    [[ $stderr == *'knows none of the items'* ]]
    [ ! -e out.mp ]
}

# The model file with its header changed: sed's script on the JSON, padded to the same length.
patched() { # SCRIPT
    /usr/bin/python3 - "$MODEL" patched "$1" <<'EOT'
import re, struct, sys
data = open(sys.argv[1], "rb").read()
n = struct.unpack("<Q", data[:8])[0]
old, new = sys.argv[3].split("|")
head = data[8:8 + n].decode()
assert old in head, head[:1500]
head = re.sub(',"xxh3_metadata":"[0-9a-f]*"', '', head.replace(old, new)).encode()
head += b" " * (-len(head) % 8)
open(sys.argv[2], "wb").write(struct.pack("<Q", len(head)) + head + data[8 + n:])
EOT
}

@test "model files that do not fit: 65, and the field is named" {
    refuses() { # TEXT
        run -65 --separate-stderr predict -m patched "$BATCHES" -o out.mp
        echo "$stderr"
        [[ $stderr == 'predictor: patched: '*$1* ]]
        [ ! -e out.mp ]
    }
    patched '"model":"ii-rnn"|"model":"xx"'
    refuses '__metadata__: model: --model xx: no such model'
    patched '"model":"ii-rnn"|"model":""'
    refuses '__metadata__: model: is missing'
    patched '"options":|"other":'
    refuses '__metadata__: options: is missing'
    patched '\"embedding\":6|\"embedding\":7'
    refuses 'item_embedding.weight: shape is'
    patched '\"embedding\":6|\"embedding\":0'
    refuses '__metadata__: options: embedding:'
    patched '\"session-rep\":\"mean\"|\"session-rep\":\"odd\"'
    refuses '__metadata__: options: session-rep:'
    patched '\"session-rep\":\"mean\"|\"session-rep\":[}'
    refuses '__metadata__: options: expected'
    patched '"pipeline":"[|"pipeline":"'
    refuses '__metadata__: pipeline'
    patched '"history":"3"|"history":"-3"'
    refuses '__metadata__: history'
    patched '"delta_edges":"[3600,|"delta_edges":"[9999,'
    refuses '__metadata__: delta_edges'
    patched 'vocabulary.offsets|vocabulary.0ffsets'
    refuses 'vocabulary.offsets: is missing'
    patched '"inter_gru.bias_hh_l0"|"inter_gru.bias_xx_l0"'
    refuses 'inter_gru.bias_xx_l0'
    head -c 3000 "$MODEL" >patched
    refuses header
    cp "$BATCHES" patched
    refuses header
    run -66 predict -m nowhere "$BATCHES"
}

@test "a model that attends to ages or weeks needs them measured as in training" {
    tfilter --delta-buckets linear:3600x20 "$SPLIT" | batcher --history 3 >buckets.mp
    run -65 --separate-stderr predict -m "$ATTENTIVE" buckets.mp
    [[ $stderr == *delta_edges* ]]
    predict -m "$MODEL" buckets.mp >/dev/null
    tfilter --week-shift 7200 "$SPLIT" | batcher --history 3 >shifted.mp
    run -65 --separate-stderr predict -m "$ATTENTIVE" shifted.mp
    [[ $stderr == *week_shift* ]]
    predict -m "$MODEL" shifted.mp >/dev/null
}

@test "wrong usage is refused" {
    run -64 --separate-stderr predict -m "$MODEL" --attention 3 "$BATCHES"
    [[ $stderr == *'attends to nothing'* ]]
    run -64 predict -m "$ATTENTIVE" --attention some "$BATCHES"
    run -69 predict -m "$MODEL" --device cuda "$BATCHES"
}

@test "the same bytes each time; another number of threads only changes rounding" {
    predict -m "$ATTENTIVE" --attention 3 "$BATCHES" >one.mp
    predict -m "$ATTENTIVE" --attention 3 - <"$BATCHES" >two.mp
    cmp one.mp two.mp
    predictor -q --threads 2 -m "$ATTENTIVE" "$BATCHES" >three.mp
    paste <(scorer --json --by none one.mp) <(scorer --json --by none three.mp) |
        grep -oE '"loss": [0-9.]+' | awk '{ print $2 }' | paste - - |
        awk '{ d = $1 - $2; if (d < 0) d = -d; if (d > 1e-4 || !$1) exit 1 } END { exit NR < 2 }'
}

# A split log whose tests begin after all training sessions have ended, wide models of it, its sessions,
# and those of training.
wide_log() {
    synthesize --users 14 --days 12 --seed 3 | lfm-sessionize -o sessions.mp
    tfilter -q --split newest:0.2 -o wide.split sessions.mp
    spcat wide.split >wide.json
    start=$(jq -s 'map(select(.[0] == "session" and .[2] == 3)[3][0]) | min' wide.json)
    jq -c --argjson start "$start" 'if .[0] == "E" then ["E"] else select(.[0] != "session" or .[2] == 3 or .[3][-1] < $start) end' \
        wide.json | spcat --from-json >wide.split
    spcat wide.split | jq -c 'if .[0] == "E" then ["E"] else select(.[0] != "session" or .[2] == 1) end' |
        spcat --from-json >wide.train
    batcher -q --epochs 1 --batch 8 -o wide.mp wide.split
    trainer -q --threads 1 --model wide --save w.model -o ranks.mp wide.mp
    trainer -q --threads 1 --embedding 6 --wide --save deep.model -o ranks.mp wide.mp
}

@test "--index: a wide part counts in another stream, as far as it had ended" {
    wide_log
    for model in '' '--model w.model' '--model deep.model'; do
        # shellcheck disable=SC2086
        { predict $model --top 5 -o trained.mp wide.mp
          predict $model --top 5 --index wide.train -o given.mp wide.mp
          predict $model --top 5 --index sessions.mp -o all.mp wide.mp; }
        cmp <(records trained.mp) <(records given.mp)
        run -1 cmp -s <(records trained.mp) <(records all.mp)
    done
    run -64 --separate-stderr predict --index sessions.mp --online wide.mp
    [[ $stderr == *'--index and --online'* ]]
    run -64 --separate-stderr predict --model "$MODEL" --index sessions.mp wide.mp
    [[ $stderr == *'has no wide part'* ]]
    run -66 predict --index nowhere wide.mp
    run -65 predict --index wide.mp wide.mp
}

# Each item's score with and without --explore 8, in lists of all items: "log 8 less" and "the user has had it"
# are the same.  Prints how many items of how many lists it compared.
check_explore() { # SPLIT PLAIN EXPLORED, as JSON
    python3 - "$@" <<'EOT'
import json, math, sys
sessions = {}
split, plain, explored = ([json.loads(line) for line in open(name)] for name in sys.argv[1:])
for r in split:
    if r[0] == "session":
        sessions.setdefault(r[1], []).append(r[4])
def lists(records):
    for r in records:
        if r[0] == "top":
            t, k = r[1], r[1]["k"]
            for i, at in enumerate(zip(t["user"], t["session"], t["position"])):
                yield at, dict(zip(t["item"][k * i:k * (i + 1)], t["score"][k * i:k * (i + 1)]))
explored = dict(lists(explored))
n = compared = 0
for at, score in lists(plain):
    user, session, position = at
    had = {i for s in sessions[user][:session] for i in s} | set(sessions[user][session][:position + 1])
    assert had & score.keys() and score.keys() - had
    for item in score:
        less = score[item] - explored[at][item]
        assert abs(less - math.log(8) * (item in had)) < 1e-4, (at, item, less)
    n += 1
    compared += len(score)
print(n, compared)
EOT
}

@test "--explore: scores of what the user has had are less by the logarithm, and ranks follow" {
    need python3
    wide_log
    items=$(grep -c '^."item"' wide.json)
    for model in '' '--model w.model' '--model deep.model'; do
        # shellcheck disable=SC2086
        { predict $model --top "$items" -o plain.mp wide.mp
          predict $model --top "$items" --explore 1 -o one.mp wide.mp
          predict $model --top "$items" --explore 8 -o more.mp wide.mp; }
        cmp <(records plain.mp) <(records one.mp)
        spcat plain.mp >plain.json
        spcat more.mp >more.json
        spcat wide.split >split.json
        check_explore split.json plain.json more.json >compared
        [ "$(cut -d ' ' -f 1 compared)" -gt 20 ]
        spcat --check more.mp
        explored() { scorer --json --by repeat "$1" | jq -s 'map(select(.group == "explore"))[-1]."mrr@20"'; }
        awk "BEGIN { exit !($(explored more.mp) > $(explored plain.mp)) }"
    done
    run -64 --separate-stderr predict --model "$MODEL" --explore 8 wide.mp
    [[ $stderr == *'has no wide part, which knows what is new'* ]]
    run -64 predict --explore 0.5 wide.mp
    trainer -q --threads 1 --model wide --without own,session --max-steps 0 --save strange.model wide.mp >ranks
    run -64 --separate-stderr predict --model strange.model --explore 8 wide.mp
    [[ $stderr == *'--without own,session, and so does not know what is new'* ]]
}

@test "--index: items that the model does not know are inputs and are ranked" {
    wide_log
    sed 's/^\(\["item",[0-9]*,"\)\(.*[02468]"\)/\1new \2/; s/^\["E".*/["E"]/' <(spcat wide.split) | spcat --from-json >new.split
    sed 's/^\(\["item",[0-9]*,"\)\(.*[02468]"\)/\1new \2/; s/^\["E".*/["E"]/' <(spcat wide.train) | spcat --from-json >new.train
    [ "$(spcat new.split | grep -c '"new ')" -gt 9 ]
    batcher -q --epochs 1 --batch 8 -o new.mp new.split
    predictor --threads 1 --model deep.model -o missed.mp new.mp 2>said
    grep -q 'targets count as missed' said
    run -0 --separate-stderr predictor --threads 1 --model deep.model --index new.train --top 9 -o out.mp new.mp
    [[ $stderr != *'does not know'* ]]
    spcat --check out.mp
    recall() { scorer --json --by none "$1" | jq '."recall@20"'; }
    awk "BEGIN { exit !($(recall out.mp) > $(recall missed.mp)) }"
    # wide alone has no weights of items: other names change nothing but the names
    predict --index new.train -o renamed.mp new.mp
    predict --index wide.train -o named.mp wide.mp
    ranked() { spcat "$1" | grep '^."rank"'; }
    grep -q . <(ranked named.mp)
    cmp <(ranked renamed.mp) <(ranked named.mp)
}

@test "a wide part's counts of items are theirs where the model does not know others" {
    wide_log
    # Before all others comes a user of the test part with an item that the model does not know.
    spcat wide.split | jq -c 'if .[0] == "user" or .[0] == "item" then .[1] += 1
        elif .[0] == "session" then .[1] += 1 | .[4] |= map(. + 1) elif .[0] == "E" then ["E"] else . end' >shifted
    { sed -n 1p shifted
      echo '["user",0,"somebody"]'
      echo '["item",0,"unheard of",{"train":"0"}]'
      echo '["session",0,3,[1400000000,1400000001],[0,0]]'
      sed 1d shifted; } | spcat --from-json | batcher -q --epochs 1 --batch 8 -o shifted.mp
    predict --model deep.model -o there.mp wide.mp
    predict --model deep.model -o shifted.out shifted.mp 2>said
    ranked() { spcat "$1" | jq -c 'select(.[0] == "rank")[1] | [.user, .session, .position, .rank] | transpose[]' | jq -c "select(.[0] >= $2) | .[0] -= $2" | sort; }
    grep -q . <(ranked there.mp 0)
    cmp <(ranked there.mp 0) <(ranked shifted.out 1)
}
