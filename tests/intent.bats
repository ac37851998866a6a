# The second output of the intent encoder-decoder, from the stream's actions to the scores: whether a
# session holds a purchase.
bats_require_minimum_version 1.5.0
load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    synthesize --plant action --format events --users 12 --days 15 >log
    sessions log | tfilter --split user:0.8 2>report >split.mp
    batcher --batch 7 --epochs 2 split.mp >batches.mp
    train --intent buy --save model --save-by last batches.mp >trained.mp
}

setup() {
    BATCHES=$BATS_FILE_TMPDIR/batches.mp
    MODEL=$BATS_FILE_TMPDIR/model
    TRAINED=$BATS_FILE_TMPDIR/trained.mp
}

sessions() { csv-sessionize --user user --item item --time time --carry action "$@"; }
train() { trainer -q --threads 1 --embedding 6 --model intent "$@"; }
predict() { predictor -q --threads 1 --model "$@"; }

# "user session position label score" of each position of the last pass of intents.
intents() {
    spcat "$1" | jq -r 'select(.[0] == "intent")[1]
        | range(.user | length) as $i | "\(.user[$i]) \(.session[$i]) \(.position[$i]) \(.label[$i]) \(.score[$i])"'
}

# The last pass alone, as ranks or intents.
last_pass() { spcat "$1" | awk '/^\["epoch"/ { out = "" } { out = out $0 "\n" } END { printf "%s", out }' | grep "^\[\"$2\""; }

# The area under the curve of lines "label score", over all pairs.
area() {
    awk '{ label[NR] = $1; score[NR] = $2 }
        END {
            for (i = 1; i <= NR; i++) for (j = 1; j <= NR; j++) if (label[i] && !label[j]) {
                pairs++; won += score[i] > score[j] ? 1 : score[i] == score[j] ? 0.5 : 0
            }
            printf "%.12f\n", won / pairs
        }'
}

@test "the label is whether the session holds the action, at any of its events" {
    [ "$(spcat "$TRAINED" | sed -n '1s/.*"label":"\([^"]*\)".*/\1/p')" = 'intent buy' ]
    intents "$TRAINED" | awk '{ print $1, $2, $4 }' | sort -u >found
    spcat "$BATS_FILE_TMPDIR/split.mp" | jq -r '
        if .[0] == "SESSPIPE\r\n" then empty
        elif .[0] == "session" then "\(.[1]) \(.[5].action | map(select(. == 0)) | length > 0)" else empty end' |
        awk '{ print $1, n[$1]++, $2 == "true" }' >all
    spcat "$BATS_FILE_TMPDIR/split.mp" | head -n 1 | jq -e '.[2].codes.action[0] == "buy"'
    [ "$(awk '{ print $3 }' found | sort -u | tr '\n' ' ')" = '0 1 ' ]
    [ -z "$(grep -vxFf all found)" ]
    # as many positions as ranks, the same ones
    spcat "$TRAINED" | jq -r 'select(.[0] == "rank")[1]
        | range(.user | length) as $i | "\(.user[$i]) \(.session[$i]) \(.position[$i])"' >ranks
    intents "$TRAINED" | cut -d ' ' -f 1-3 | cmp - ranks
}

@test "the stream of it is checked, shown, read back from JSON, and cut down to users" {
    spcat --check "$TRAINED"
    spcat "$TRAINED" >json
    spcat --from-json json | cmp - "$TRAINED"
    total=$(intents "$TRAINED" | wc -l)
    spcat --summary "$TRAINED" | grep -x "intents	$total"
    train "$BATCHES" | spcat --summary >summary
    run ! grep intents summary
    user=$(spcat "$TRAINED" | jq -r 'select(.[0] == "user" and .[1] == 3)[2]')
    spcat --grep user="$user" "$TRAINED" | jq -r 'select(.[0] == "intent")[1].user[]' | sort | uniq -c >one
    [ "$(awk '{ print $1, $2 }' one)" = "$(intents "$TRAINED" | grep -c '^3 ') 3" ]
    sed '/^\["intent"/s/"score":\[[0-9.e-]*/"score":[1.5/' json | spcat --from-json >wrong.mp
    run -65 --separate-stderr spcat --check wrong.mp
    [[ $stderr == *'"score"[0] is 1.5, expected 0 to 1' ]]
    sed '/^\["intent"/s/"label":\[[01]/"label":[2/' json | spcat --from-json >wrong.mp
    run -65 --separate-stderr spcat --check wrong.mp
    [[ $stderr == *'"label"[0]'* ]]
}

@test "weight 0: ranks and lists are those of a model without the second output" {
    train --top 3 "$BATCHES" | spcat | grep -E '^\["(rank|top|pass)"' >without
    train --top 3 --intent buy --intent-weight 0 "$BATCHES" | spcat | grep -E '^\["(rank|top|pass)"' | cmp - without
    train --top 3 --intent buy "$BATCHES" | spcat | grep -E '^\["(rank|top|pass)"' >with
    run ! cmp -s with without
}

@test "predictor says what trainer said with these weights" {
    for encoder in both forward; do
        train --intent buy --encoder $encoder --save other --save-by last "$BATCHES" >there.mp
        predict other "$BATCHES" >here.mp
        last_pass there.mp intent >there
        last_pass here.mp intent | cmp - there
        [ -s there ]
    done
}

@test "items that the model does not know: labels are of all events, positions those of the session" {
    # A model of the first half of the users knows a part of the items.
    head -n $(($(wc -l <"$BATS_FILE_TMPDIR/log") / 12)) "$BATS_FILE_TMPDIR/log" >some
    sessions some | tfilter --split user:0.8 2>/dev/null | batcher --batch 7 | train --intent buy --save half >/dev/null
    run -0 --separate-stderr predictor --threads 1 --model half "$BATCHES" -o half.mp
    [[ $stderr == *'does not know'* ]]
    spcat --check half.mp
    intents half.mp | cut -d ' ' -f 1-4 | sort -u >some
    intents "$TRAINED" | cut -d ' ' -f 1-4 | sort -u >all
    [ -s some ] && [ "$(wc -l <some)" -lt "$(wc -l <all)" ]
    [ -z "$(grep -vxFf all some)" ]
}

@test "a stream without the actions: trainer says so, predictor ranks without labels" {
    csv-sessionize --user user --item item --time time "$BATS_FILE_TMPDIR/log" |
        tfilter --split user:0.8 2>/dev/null | batcher --batch 7 --epochs 2 >plain.mp
    run -64 --separate-stderr train --intent buy plain.mp
    [[ $stderr == 'trainer: --intent buy: the stream'"'"'s header has no "codes" of action: '* ]]
    run -64 --separate-stderr train --intent view,sell "$BATCHES"
    [ "$stderr" = 'trainer: --intent view,sell: the stream has no action "sell"' ]
    run -64 --separate-stderr train --intent buy,,view "$BATCHES"
    [[ $stderr == 'trainer: --intent buy,,view: give actions with commas between'* ]]
    run -64 --separate-stderr train --intent-weight 2 "$BATCHES"
    [[ $stderr == 'trainer: --intent-weight is for a second output: give --intent'* ]]
    run -64 --separate-stderr trainer --model narm --intent buy "$BATCHES"
    [[ $stderr == *'--intent goes with --model intent, not with narm'* ]]
    predict "$MODEL" plain.mp >here.mp
    [ "$(last_pass here.mp rank)" = "$(last_pass "$TRAINED" rank)" ]
    run ! last_pass here.mp intent
}

@test "scorer: the area under the curve of each pass, and of the best epoch by model" {
    for epoch in 1 2; do
        spcat "$TRAINED" | jq -r --argjson epoch $epoch 'select(.[0] == "epoch" or .[0] == "intent")
            | if .[0] == "epoch" then "epoch \(.[1])" else .[1] | range(.user | length) as $i | "\(.label[$i]) \(.score[$i])" end' |
            awk -v e=$epoch '$1 == "epoch" { now = $2; next } now == e' | area >expected
        scorer --json "$TRAINED" | jq -r --argjson epoch $epoch \
            'select(.epoch == $epoch and .part == "test" and (has("by") | not)) | .auc' | awk '{ printf "%.12f\n", $1 }' | cmp - expected
    done
    scorer --json "$TRAINED" | jq -e -s 'all(has("auc") == (.part == "test" and (has("by") | not)))'
    scorer --json "$TRAINED" | jq -r 'select(.best and (has("by") | not)) | .auc' | awk '{ printf "intent buy  %.4f\n", $1 }' >best
    scorer "$TRAINED" | grep -A 1 '^intent  *AUC$' | tail -n 1 | cmp - best
    scorer --format tsv "$TRAINED" | head -n 1 | grep -q "	auc	best	"
    train --intent buy --seed 2 --save second --save-by last "$BATCHES" >second.mp
    scorer "$TRAINED" second.mp | grep -q '^intent buy  [0-9.]* ± [0-9.]*$'
    scorer --json "$TRAINED" second.mp | jq -e -s '[.[] | select(.best and (has("by") | not)) | .auc] as $runs
        | .[] | select(has("runs") and (has("by") | not)) | (.auc - ($runs | add / 2) | fabs < 1e-12) and has("auc_sd")'
    train "$BATCHES" >without.mp
    scorer without.mp >tables
    scorer --format tsv without.mp >>tables
    run ! grep -i auc tables
}

# Whether a session buys, its first item tells with a probability of 0.85: of all sessions with one
# and all without, that is the area under the curve, and nothing that is seen tells more.
@test "sessions that buy, as their first item tells: the area is near what there is to know" {
    synthesize --plant action --format events --users 100 | sessions | tfilter --split user:0.8 2>/dev/null |
        batcher --batch 50 --epochs 6 --test-from 6 |
        trainer -q --threads 1 --embedding 16 --lr 0.005 --model intent --intent buy >planted.mp
    found=$(scorer --json planted.mp | jq -r 'select(.best and (has("by") | not)) | .auc')
    sessions=$(intents planted.mp | grep -c '^[0-9]* [0-9]* 0 ')
    echo "$found of $sessions sessions"
    holds "$found - 0.85 < noise(0.85, $sessions) && 0.85 - $found < noise(0.85, $sessions)"
}
