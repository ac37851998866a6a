# Models over parallel mini-batches (rnn, hrnn), from a log through the programs.
bats_require_minimum_version 1.5.0
load helpers

setup_file() {
    export LOG=$BATS_FILE_TMPDIR
    synthesize --users 30 --days 15 | lfm-sessionize |
        tfilter --quiet --min-sessions 3 --split user:0.8 -o "$LOG/split.mp"
    for scheme in user session; do
        batcher --scheme $scheme-parallel --epochs 2 --batch 6 -o "$LOG/$scheme.mp" "$LOG/split.mp"
    done
    synthesize --users 12 --days 8 | lfm-sessionize |
        tfilter --quiet --min-sessions 3 --split user:0.8 --validation 0.2 -o "$LOG/few.mp"
    spcat "$LOG/few.mp" >"$LOG/few.json"
    for slots in 1 7; do
        batcher --scheme user-parallel --epochs 1 --batch $slots -o "$LOG/few.$slots.mp" "$LOG/few.mp"
    done
}

# The same models on fewer users, whose sessions Python reads quickly.
plain() { # MODEL-OPTION ...: weights, and what comes of 1 and of 7 slots, against one user after another
    trainer --threads 1 --quiet --embedding 4 --hidden 5 --optimizer adagrad --lr 0.1 "$@" \
        --save w.safetensors "$LOG/few.7.mp" >/dev/null
    for slots in 1 7; do
        trainer --threads 1 --quiet --embedding 4 --hidden 5 "$@" --init w.safetensors --max-steps 0 \
            "$LOG/few.$slots.mp" | spcat >few.json
        run -0 python3 "$ROOT/tests/check-parallel.py" "$LOG/few.json" w.safetensors few.json
        [[ $output == "ok "??*" 0" ]]
    done
}

# The records of trainer --max-steps 0, without its training passes.
records() { spcat "$1" | grep -E '^\["((user|item|rank|top)"|(epoch|pass)",[0-9]+,[23])'; }

# ii-rnn, which has no --hidden.
train_sessions() { trainer --threads 1 --quiet --embedding 8 --optimizer adagrad --lr 0.05 --dropout 0 "$@"; }
train() { train_sessions --hidden 12 "$@"; }

@test "rnn and hrnn: every target of the test once, with its session and position" {
    train --model rnn "$LOG/session.mp" >rnn.mp
    train --model hrnn --propagate all --user-dropout 0.1 --start-dropout 0.1 "$LOG/user.mp" >hrnn.mp
    batcher --batch 10 --epochs 1 "$LOG/split.mp" | train_sessions --model ii-rnn >sessions.mp
    for run in rnn hrnn sessions; do
        spcat --check $run.mp >/dev/null
        spcat $run.mp | python3 -c '
import json, sys
names, rows, last = [], [], None
for line in sys.stdin:
    record = json.loads(line)
    if record[0] == "item": names.append(record[2])
    if record[0] == "epoch": rows = []
    if record[0] == "rank":
        m = record[1]
        rows += zip(m["user"], m["session"], m["position"], (names[i] for i in m["target"]), m["length"], m["history"])
print(*sorted(rows), sep="\n")' >$run.txt
        [ "$(wc -l <$run.txt)" -gt 100 ]
    done
    cmp rnn.txt sessions.txt
    cmp hrnn.txt sessions.txt
}

@test "with any number of slots, states are those of the plain recurrence over each user's sessions" {
    plain --model rnn
    plain --model rnn --join-sessions
    plain --model rnn --join-sessions --separator
    plain --model hrnn
    plain --model hrnn --propagate all
}

@test "joined sessions are trained as one: the first item of each later session is a target too" {
    for join in '' --join-sessions '--join-sessions --separator'; do
        # shellcheck disable=SC2086
        trainer --threads 1 --quiet --embedding 4 --model rnn $join "$LOG/few.7.mp" | spcat |
            jq 'select(.[0] == "pass" and .[2] == 1)[3].events'
    done >events
    jq -s 'map(select(.[0] == "session" and .[2] == 1)[3] | length) | add' "$LOG/few.json" >all
    jq -s 'map(select(.[0] == "session" and .[2] == 1)) | length' "$LOG/few.json" >sessions
    paste -s events all sessions
    [ "$(sed -n 1p events)" = $(($(cat all) - $(cat sessions))) ]
    [ "$(sed -n 2p events)" = $(($(cat all) - 12)) ]
    [ "$(sed -n 3p events)" = $(($(cat all) - 12)) ]
}

@test "every loss falls, and so does the cross-entropy of the test" {
    for loss in cross-entropy top1 bpr top1-max bpr-max hinge; do
        train --model rnn --loss $loss --negatives 20 "$LOG/session.mp" |
            scorer --by none --format json >json
        jq -se --arg loss $loss 'map(select(.part)) |
            (map(select(.part == "train").loss) | .[1] < .[0]) and
            (map(select(.part == "test").loss) | .[1] < .[0])' json >/dev/null || { echo $loss; cat json; false; }
    done
}

@test "sessions that overlap: models that read them one after another warn of them, once" {
    # sessions 2 and 3 of user a begin before session 1 has ended, 4 when 3 ends
    printf '%s\n' u,s,i,t a,1,x,10 a,1,y,90 a,2,y,20 a,2,z,30 a,3,x,80 a,3,y,100 a,4,z,100 a,4,x,150 \
        b,1,x,5 b,1,z,15 b,2,z,100 b,2,y,110 |
        csv-sessionize --user u --session s --item i --time t | tfilter --quiet --split last-session -o log.mp
    batcher --scheme user-parallel --batch 2 --epochs 2 -o user.mp log.mp
    batcher --scheme session-parallel --batch 2 --epochs 2 -o session.mp log.mp
    batcher --batch 2 --epochs 2 -o whole.mp log.mp
    said() { grep -c "2 of 6 sessions begin before an earlier one of their user has ended: --model $1 reads them one after another" err || true; }
    train --model hrnn --save hrnn.st user.mp 2>err >/dev/null && [ "$(said hrnn)" = 1 ]
    predictor --quiet --threads 1 --model hrnn.st user.mp 2>err >/dev/null && [ "$(said hrnn)" = 1 ]
    train --model rnn --join-sessions user.mp 2>err >/dev/null && [ "$(said rnn)" = 1 ]
    train --model rnn session.mp 2>err >/dev/null && [ "$(said .*)" = 0 ]
    train_sessions --inter hidden whole.mp 2>err >/dev/null && [ "$(said .*)" = 0 ]
    train --model hrnn "$LOG/user.mp" 2>err >/dev/null && [ ! -s err ]
}

@test "--spare-history: what a user has had is compared with none of the user's targets" {
    # the only user has had all items in the first session
    printf '%s\n' u,s,i,t a,1,x,10 a,1,y,20 a,1,z,30 a,2,z,100 a,2,x,110 a,3,x,200 a,3,y,210 |
        csv-sessionize --user u --session s --item i --time t |
        tfilter --quiet --split last-session | batcher --scheme session-parallel --batch 1 --epochs 1 -o batches.mp
    for spare in '' --spare-history; do
        train --model rnn --loss bpr --negatives 50 $spare batches.mp | spcat |
            jq 'select(.[0] == "pass" and .[2] == 1)[3].loss'
        train --model rnn --loss bpr --negatives 50 $spare "$LOG/session.mp" >"log$spare.mp"
    done >losses
    jq -se '.[0] > 0 and .[1] == 0' losses >/dev/null
    run -1 cmp <(records log.mp) <(records log--spare-history.mp)
    run -64 trainer --spare-history "$LOG/user.mp"
    [[ $output == *'--spare-history is for a loss over some of the items'* ]]
}

@test "a model over whole sessions takes the losses too, and options change the results" {
    batcher --batch 10 --epochs 1 -o batches.mp "$LOG/split.mp"
    train_sessions batches.mp >0.mp
    train_sessions --negatives 50 batches.mp >1.mp
    train_sessions --negatives 50 --negatives-alpha 0 batches.mp >2.mp
    train_sessions --negatives 50 --logq batches.mp >3.mp
    train_sessions --negatives 50 --negatives-from batch batches.mp >10.mp
    train --model hrnn --negatives 50 "$LOG/user.mp" >11.mp
    train --model hrnn --negatives 50 --negatives-from batch "$LOG/user.mp" >12.mp
    train_sessions --loss bpr batches.mp >4.mp
    train --model hrnn "$LOG/user.mp" >5.mp
    train --model hrnn --propagate all "$LOG/user.mp" >6.mp
    train --model hrnn --unroll 4 "$LOG/user.mp" >7.mp
    train --model rnn "$LOG/user.mp" >8.mp
    train --model rnn --join-sessions "$LOG/user.mp" >9.mp
    for run in *.mp; do
        spcat "$run" | grep '^."rank"' | md5sum
    done | sort | uniq -d >same
    [ ! -s same ]
}

@test "the saved file holds the model's tensors" {
    train --model hrnn --propagate all --save hrnn.safetensors "$LOG/user.mp" >/dev/null
    for tensor in session_gru.weight_hh_l0 user_gru.weight_ih_l0 user_to_session.weight \
        user_to_session.bias user_to_input.weight output.bias item_embedding.weight; do
        grep -aq "\"$tensor\"" hrnn.safetensors
    done
    train --model hrnn --propagate all --init hrnn.safetensors --max-steps 0 "$LOG/user.mp" >/dev/null
}

@test "predictor: the records of a trainer that starts from the weights and does not learn" {
    for model in 'rnn user' 'rnn session' 'rnn session --decoder tied' 'rnn user --join-sessions' 'rnn user --join-sessions --separator' \
        'hrnn user' 'hrnn user --propagate all'; do
        read -r name scheme join <<<"$model"
        # shellcheck disable=SC2086
        train --model "$name" $join --save model "$LOG/$scheme.mp" >/dev/null
        # shellcheck disable=SC2086
        train --model "$name" $join --init model --max-steps 0 --top 3 "$LOG/$scheme.mp" >there.mp
        run -0 --separate-stderr predictor --threads 1 --quiet --model model --top 3 -o here.mp "$LOG/$scheme.mp"
        [ -z "$stderr" ]
        records there.mp >there
        records here.mp >here
        grep -q '^\["top"' here
        cmp there here
        spcat --check here.mp
        [ "$(spcat here.mp | grep -c '^\["epoch",[12],3\]')" = 2 ]
    done
}

@test "predictor: results are those of a stream without the unknown items" {
    # Half of the users have only a part of the items.
    spcat "$LOG/few.mp" | awk '/^\["user",6,/ { exit } { print } END { print "[\"E\"]" }' | spcat --from-json |
        tfilter --quiet --min-item-support 2 | batcher --scheme user-parallel --batch 3 --epochs 1 -o half.mp
    for options in 'rnn' 'rnn --join-sessions' 'hrnn --propagate all'; do
        # shellcheck disable=SC2086
        trainer --threads 1 --quiet --embedding 4 --hidden 5 --model $options --save half half.mp >/dev/null
        for slots in 1 7; do
            run -0 --separate-stderr predictor --threads 1 --top 2 -m half -o out.mp "$LOG/few.$slots.mp"
            [[ $stderr =~ "items: "([0-9]+)" of "([0-9]+)" events were taken out, and "([0-9]+)" of "([0-9]+)" targets count as missed" ]]
            said=("${BASH_REMATCH[@]}")
            [ "${said[2]}" = "$(jq -s 'map(select(.[0] == "session")[4] | length) | add' "$LOG/few.json")" ]
            spcat --check out.mp
            scorer out.mp >/dev/null
            spcat out.mp >out.json
            run -0 python3 "$ROOT/tests/check-parallel.py" "$LOG/few.json" half out.json
            [[ $output == "ok ${said[4]} "*" ${said[3]}" ]]
            [ "${said[3]}" -gt 20 ]
            [ $((said[4] - said[3])) -gt 20 ]
        done
        # Of a single session, and so of a batch of one, there may be no list.
        predictor --threads 1 --quiet --top 2 -m half "$LOG/few.1.mp" 2>/dev/null | spcat >out.json
        [ "$(grep -c '^."rank"' out.json)" -gt "$(grep -c '^."top"' out.json)" ]
    done
}

@test "how the sessions of the slots are cut into records changes nothing" {
    spcat "$LOG/user.mp" | jq -c 'if .[0] == "parallel" then .[1] as $slot | .[2] as $session |
            range($slot | length) | ["parallel", [$slot[.]], [$session[.]]] else . end' |
        sed 's/^\["E".*/["E"]/' | spcat --from-json -o cut.mp
    [ "$(spcat cut.mp | grep -c '^."parallel"')" -gt "$(($(spcat "$LOG/user.mp" | grep -c '^."parallel"') * 50))" ]
    for model in 'rnn --join-sessions' 'hrnn --unroll 3'; do
        # shellcheck disable=SC2086
        train --model $model "$LOG/user.mp" | spcat | sed 1d >whole
        # shellcheck disable=SC2086
        train --model $model cut.mp | spcat | sed 1d >pieces
        cmp whole pieces
    done
}

@test "recommender: the scores are those of the plain recurrence, for any --batch" {
    head -n 500 <(synthesize --users 12 --days 8) | lfm-sessionize | tfilter --quiet --split user:0.8 |
        batcher --scheme user-parallel --batch 3 --epochs 1 -o part.mp
    for log in few.7.mp part.mp; do
        [ -e $log ] || ln -s "$LOG/$log" .
        for options in 'rnn' 'rnn --join-sessions --separator' 'hrnn' 'hrnn --propagate all'; do
            # shellcheck disable=SC2086
            trainer --threads 1 --quiet --embedding 4 --hidden 5 --lr 0.02 --model $options --save model $log >/dev/null
            for batch in 1 5 100; do
                recommender --threads 1 --quiet -m model --json --top 6 --batch $batch "$LOG/few.mp" >answers.$batch 2>/dev/null
                [ "$(wc -l <answers.$batch)" = 12 ]
            done
            run -0 python3 "$ROOT/tests/check-parallel.py" "$LOG/few.json" model --answers answers.{1,5,100}
            [[ $output == "ok 216 "* ]]
        done
    done
}

@test "wrong batches and options are refused, and the message says what is possible" {
    run -64 train --model hrnn "$LOG/session.mp"
    [[ $output == *'--scheme session-parallel does not keep each user'*'use user-parallel'* ]]
    run -64 train_sessions --model ii-rnn "$LOG/user.mp"
    [[ $output == *'the batches are parallel mini-batches, --model ii-rnn learns from whole sessions: use batcher --scheme longest-first'* ]]
    batcher --epochs 1 -o batches.mp "$LOG/split.mp"
    run -64 train --model rnn batches.mp
    [[ $output == *'the batches are of whole sessions, --model rnn learns from parallel mini-batches: use batcher --scheme session-parallel'* ]]
    run -64 train --model rnn --propagate all "$LOG/session.mp"
    [[ $output == *'--propagate goes with --model hrnn, not with rnn'* ]]
    run -64 trainer --model narm --inter hidden batches.mp
    [[ $output == *'--inter goes with --model ii-rnn, hierarchical, not with narm'* ]]
    run -64 trainer --encoder local batches.mp
    [[ $output == *'--encoder goes with --model narm, intent, not with ii-rnn'* ]]
    run -64 train --model hrnn --join-sessions "$LOG/user.mp"
    run -64 train --model rnn --join-sessions "$LOG/session.mp"
    [[ $output == *'which --model rnn --join-sessions needs: use user-parallel'* ]]
    run -64 train --model rnn --separator "$LOG/user.mp"
    [[ $output == *'--separator is between sessions that are read as one: give --join-sessions' ]]
    run -64 train --model rnn --input one-hot --decoder tied "$LOG/session.mp"
    [[ $output == *'--input one-hot has no embeddings for --decoder tied: give --decoder dense' ]]
    run -64 train --model rnn --cell lstm --gru reset-after "$LOG/session.mp"
    [[ $output == *'--gru reset-after: --cell lstm has no reset gate' ]]
    run -64 train --model hrnn --layers 2 "$LOG/user.mp"
    [[ $output == *'--layers goes with --model '*'rnn'*', not with hrnn' ]]
    run -64 train --model rnn --loss top1 --logq "$LOG/session.mp"
    for options in 'hrnn' 'hrnn --unroll 3' 'rnn --join-sessions'; do
        # shellcheck disable=SC2086
        run -64 train --model $options "$LOG/few.1.mp"
        [[ $output == *'a single slot has no targets of other slots to learn from: give --negatives'* ]]
    done
    train --model hrnn --negatives 3 "$LOG/few.1.mp" >/dev/null
    spcat "$LOG/few.mp" | sed 's/,"train":"[0-9]*"//; s/^\["E".*/["E"]/' | spcat --from-json |
        batcher --scheme user-parallel --epochs 1 --batch 7 -o bare.mp
    run -65 train --model hrnn --negatives 3 bare.mp
    [[ $output == *'--negatives: the input does not say how often training has each item'*'--negatives-alpha 0 does without' ]]
    train --model hrnn --negatives 3 --negatives-alpha 0 bare.mp >/dev/null
    run -65 train --model hrnn --logq bare.mp
    [[ $output == *'--logq: the input does not say how often'*'tfilter --split writes it' ]]
}
