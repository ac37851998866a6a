# trainer --model rnn|hrnn --wide: evidence of the positions of slots; the same bytes from predictor, and
# after a stop; what only the wide part or only the network learns.
bats_require_minimum_version 1.5.0
load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    synthesize --users 12 --days 8 | lfm-sessionize | tfilter --split user:0.8 --validation 0.1 -o split.mp 2>said
    batcher --flush --scheme sessions --batch 6 --epochs 2 -o whole.mp split.mp
    batcher --flush --scheme session-parallel --batch 6 --epochs 2 -o slots.mp split.mp
    batcher --flush --scheme user-parallel --batch 6 --epochs 2 -o users.mp split.mp
    trainer --quiet --threads 1 --model wide --save wide.st -o wide.mp whole.mp
}

setup() {
    cd "$BATS_FILE_TMPDIR"
}

# run_of NAME [OPTION ...]: trains the network of that name.
run_of() {
    local -A model=([rnn]='rnn' [joined]='rnn --join-sessions --separator' [hrnn]='hrnn --propagate all')
    local batches=users.mp
    [ "$1" != rnn ] || batches=slots.mp
    # shellcheck disable=SC2086
    trainer --quiet --threads 1 --embedding 5 --decoder tied --model ${model[$1]} "${@:2}" "${INPUT:-$batches}"
}

# The mean loss of the first training pass.
loss() { spcat "$1" | jq -s 'map(select(.[0] == "pass" and .[2] == 1)[3].loss)[0]'; }

# zero FILE TO: the model with a network that scores nothing.
zero() {
    python3 - "$@" <<'END'
import json, struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
size, = struct.unpack("<Q", data[:8])
header = json.loads(data[8:8 + size])
del header["__metadata__"]["xxh3"]
for name, e in header.items():
    if name != "__metadata__" and e["dtype"] == "F32" and not name.startswith("wide_"):
        begin, end = e["data_offsets"]
        data[8 + size + begin:8 + size + end] = bytes(end - begin)
text = json.dumps(header, separators=(",", ":")).encode()
open(sys.argv[2], "wb").write(data[:8] + text.ljust(size) + data[8 + size:])
END
}

@test "beside a network of zeros, the slots' losses are those of the wide part in whole sessions" {
    need python3
    trainer --quiet --threads 1 --model wide --init wide.st --max-steps 0 -o plain.mp whole.mp
    for model in rnn hrnn; do
        run_of $model --wide --init wide.st --max-steps 0 --save begun.st -o begun.mp
        zero begun.st zero.st
        for options in '' '--unroll 3' '--threads 2'; do
            # shellcheck disable=SC2086
            run_of $model --wide --init zero.st --freeze network --max-steps 0 $options -o zero.mp
            jq -n --argjson a "$(loss plain.mp)" --argjson b "$(loss zero.mp)" '($a - $b) | fabs < 1e-6 * $a' | grep -qx true
        done
    done
}

@test "the wide part helps, and a network may learn with it, beside it or before it" {
    recall() { scorer --json --by none "$1" | jq -es 'map(select(.best))[0]["recall@20"]'; }
    events() { spcat "$1" | jq -s 'map(select(.[0] == "pass" and .[2] == 1)[3].events)[-1]'; } # in the last pass
    for model in rnn joined hrnn; do
        run_of $model -o alone.mp
        run_of $model --wide --save both.st -o both.mp
        # the first item of a joined session is one more target
        [ $(($(events both.mp) > $(events wide.mp))) = $([ $model = joined ] && echo 1 || echo 0) ]
        [ "$(events both.mp)" = "$(events alone.mp)" ]
        jq -n --argjson a "$(recall alone.mp)" --argjson b "$(recall both.mp)" '$b > $a + 0.2' | grep -qx true
        tensors both.st >both
        run_of $model --wide --init both.st --freeze network --save wider.st -o ranks.mp
        run_of $model --wide --init both.st --freeze wide --save deeper.st -o ranks.mp
        tensors wider.st >wider
        tensors deeper.st >deeper
        [ "$(comm -12 both wider | grep -c -v ^wide_)" = "$(grep -c -v ^wide_ both)" ]
        [ "$(comm -12 both wider | grep -c ^wide_)" = 0 ]
        [ "$(comm -12 both deeper | grep -c ^wide_)" = "$(grep -c ^wide_ both)" ]
        [ "$(comm -12 both deeper | grep -c -v ^wide_)" = 0 ]
    done
}

# The records of tests.
tested() { spcat "$1" | grep -E '^\["((rank|top)"|(epoch|pass)",[0-9]+,[23])'; }

@test "predictor gives the records of the trainer whose weights it has" {
    for model in rnn joined hrnn; do
        run_of $model --wide --save model --save-by last -o ranks.mp
        for options in '' --online; do
            run_of $model --wide --init model --max-steps 0 --top 5 $options -o there.mp
            predictor --model model --threads 1 --quiet --top 5 $options -o here.mp whole.mp
            tested there.mp >there
            tested here.mp >here
            grep -q '^\["rank"' here
            cmp there here
        done
    done
}

@test "a run that is stopped in the middle and resumed gives the bytes of one that is not" {
    for threads in 1 2; do # 2: evidence is made one update ahead
        for model in joined hrnn; do
            run_of $model --wide --threads $threads --save never.st -o never.mp
            rm -f check out.mp
            head -c "$(within users.mp 70)" users.mp >part.mp
            INPUT=part.mp run run_of $model --wide --threads $threads --save model.st -o out.mp --checkpoint check --checkpoint-every 1
            [ "$status" != 0 ]
            [ -s check ]
            run_of $model --wide --threads $threads --save model.st -o out.mp --checkpoint check --resume check
            cmp never.mp out.mp
            cmp never.st model.st
        done
    done
}

@test "a loss over some items is the network's alone: not of the wide part that learns by itself" {
    run_of hrnn --loss bpr-max --negatives 10 --max-steps 7 --save alone.st -o alone.mp
    run_of hrnn --loss bpr-max --negatives 10 --max-steps 7 --wide --save both.st --save-by last -o both.mp
    tensors both.st | grep -c ^wide_
    # what is learned in one pass of the older sessions is not what is learned of all
    ! cmp -s <(tensors both.st | grep -v ^wide_) <(tensors alone.st)
    run -64 --separate-stderr run_of rnn --wide --negatives 10 --init both.st --freeze network
    [[ $stderr == *'--freeze network learns from cross-entropy over all items'* ]]
}

# The last session of each user loses its last event.
@test "what comes after a position does not change its list" {
    spcat split.mp | jq -cs '(to_entries | map(select(.value[0] == "session")) | group_by(.value[1]) | map(.[-1].key)) as $last |
        to_entries[] | .key as $at | .value | if ($last | index($at)) and (.[4] | length) > 2
        then (.[3] |= .[:-1]) | (.[4] |= .[:-1]) elif .[0] == "E" then ["E"] else . end' | spcat --from-json >short.mp
    batcher -q --epochs 1 --batch 6 -o short-batches.mp short.mp
    lines() { spcat "$1" | jq -cs '(map(select(.[0] == "item")) | map({key: (.[1] | tostring), value: .[2]}) | from_entries) as $i |
        .[] | select(.[0] == "top")[1] | . as $t | range(.user | length) | . as $n |
        [$t.user[$n], $t.session[$n], $t.position[$n], ($t.item[5 * $n:5 * $n + 5] | map($i[tostring])), ($t.score[5 * $n:5 * $n + 5] | map(. * 1000 | round))]' | sort -u; }
    for model in rnn joined hrnn; do
        run_of $model --wide --save model -o ranks.mp
        predictor --model model --threads 1 --quiet --top 5 -o long-lists.mp whole.mp
        predictor --model model --threads 1 --quiet --top 5 -o short-lists.mp short-batches.mp
        lines short-lists.mp >short
        lines long-lists.mp >long
        [ "$(wc -l <short)" -gt 100 ]
        [ "$(wc -l <short)" -le "$(($(wc -l <long) - 8))" ]
        [ "$(comm -23 short long | wc -l)" -le 1 ] || { comm -23 short long; false; } # a score at the edge of rounding
    done
}
