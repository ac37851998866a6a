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
records() { spcat "$1" | grep -E '^\["(user|item|epoch|rank|top|attention|pass",[0-9]+,[23])'; }

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
    batcher --batch 7 --history 3 --with-history-items "$SPLIT" >items.mp
    for options in '--session-rep last' '--session-rep last --inter hidden --gru reset-before' \
        '--bidirectional --inter hidden,week' '--per-user inter,intra --inter hidden --intra cat' \
        '--model narm' '--model bpr-mf' '--model fpmc' '--model hierarchical --user-rep attention --inter delta'; do
        [[ $options != *hierarchical* ]] || BATCHES=items.mp
        # shellcheck disable=SC2086
        train $options --save other --save-by last "$BATCHES" >/dev/null
        # shellcheck disable=SC2086
        same_as_trainer other $options --
    done
}

@test "training passes run forward only: no loss, all sessions left out" {
    predict -m "$MODEL" "$BATCHES" >out.mp
    spcat out.mp | grep '^\["pass",[12],1,' >passes
    [ "$(wc -l <passes)" = 2 ]
    [ "$(grep -c '"events":0[,}]' passes)" = 2 ]
    [ "$(spcat out.mp | grep -c '^\["epoch"')" = 4 ]
    # Without training passes the test begins with empty histories.
    spcat "$BATCHES" >lines
    awk '/^\["epoch",[0-9]+,1\]/ { skip = 1 } /^\["epoch",[0-9]+,3\]/ { skip = 0 }
        /^\["E"/ { $0 = "[\"E\"]" } !skip' lines |
        spcat --from-json >tests.mp
    predict -m "$MODEL" tests.mp >forgetful.mp
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

@test "events of unknown items are left out; targets that cannot be scored count as missed" {
    run -0 --separate-stderr predict -m "$HALF" --top 2 "$BATCHES" -o out.mp
    [[ $stderr =~ "does not know "([0-9]+)" of the "([0-9]+)" items: "([0-9]+)" of "([0-9]+)" events were taken out, and "([0-9]+)" of "([0-9]+)" targets count as missed" ]]
    spcat --check out.mp
    scorer --by none out.mp
    spcat out.mp >lines
    spcat "$BATCHES" >batches
    /usr/bin/python3 - batches lines "$HALF" without >said <<'EOT'
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
batches, out = records(sys.argv[1]), records(sys.argv[2])
names = [r[2] for r in batches if r[0] == "item"]
listed = [r[2] for r in out if r[0] == "item"]
assert listed[:len(names)] == names and set(listed) == set(names) | known and len(set(listed)) == len(listed)
# the same batches without the unknown items
ids, without = {}, []
for r in batches:
    if r[0] == "item":
        if r[2] not in known:
            continue
        ids[r[1]] = len(ids)
        r = [r[0], ids[r[1]]] + r[2:]
    if r[0] == "batch":
        b, to, event, row = r[1], {k: [] for k in r[1] if isinstance(r[1][k], list)}, 0, 0
        for i, n in enumerate(b["length"]):
            items = [ids[x] for x in b["item"][event:event + n] if x in ids]
            event, row, past = event + n, row + b["history"][i], b["history"][i]
            if items:
                for k in ("user", "session", "start", "history"):
                    to[k].append(b[k][i])
                to["length"].append(len(items))
                to["item"] += items
                for k in ("history_delta", "history_week", "history_session", "history_start"):
                    to[k] += b[k][row - past:row]
        r = [r[0], dict(b, **to)]
        if not to["user"]:
            continue
    without.append(["E"] if r[0] == "E" else r)
with open(sys.argv[4], "w") as file:
    for r in without:
        file.write(json.dumps(r) + "\n")
# the targets that were missed
missed = total = 0
tests, part = [], 0
for r in batches:
    part = r[2] if r[0] == "epoch" else part
    if r[0] == "batch" and part == 3:
        tests.append(r[1])
ranks = [r[1] for r in out if r[0] == "rank"]
assert len(ranks) == len(tests)
unknown = len(names) - len(ids)
for b, k in zip(tests, ranks):
    event = at = 0
    for i, n in enumerate(b["length"]):
        items = b["item"][event:event + n]
        event += n
        for j in range(1, n):
            row = {x: k[x][at] for x in k}
            at += 1
            assert row["user"] == b["user"][i] and row["session"] == row["history"] == b["session"][i]
            assert row["position"] == j - 1 and row["length"] == n and row["target"] == items[j]
            total += 1
            if items[j] not in ids or not any(x in ids for x in items[:j]):
                missed += 1
                assert row["rank"] == len(listed)
                assert row["ties"] == (unknown if items[j] not in ids else len(listed)) - 1
    assert at == len(k["rank"])
# the targets that were scored, by name
for r in out:
    if r[0] == "rank":
        for i, target in enumerate(r[1]["target"]):
            if r[1]["rank"][i] < len(listed):
                print(r[1]["user"][i], r[1]["session"][i], listed[target], r[1]["rank"][i], r[1]["ties"][i])
    if r[0] == "top":
        for i in range(len(r[1]["user"])):
            print("top", r[1]["user"][i], *(listed[x] for x in r[1]["item"][2 * i:2 * i + 2]))
print(missed, total, unknown, file=open("counts", "w"))
EOT
    [ "$(cat counts)" = "${BASH_REMATCH[5]} ${BASH_REMATCH[6]} ${BASH_REMATCH[1]}" ]
    [ "${BASH_REMATCH[5]}" -gt 20 ]
    spcat --from-json without >without.mp
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
        for i in range(len(r[1]["user"])):
            print("top", r[1]["user"][i], *(names[x] for x in r[1]["item"][2 * i:2 * i + 2]))
' >expected
    [ -s expected ]
    cmp expected said
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
head = head.replace(old, new).encode()
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
    run -64 predict "$BATCHES"
    [[ $output == *'--model FILE is needed'* ]]
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
    batcher --scheme sessions "$SPLIT" 2>/dev/null >loose.mp
    run -64 --separate-stderr predict -m "$MODEL" loose.mp
    [[ $stderr == *'does not keep'* ]]
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
