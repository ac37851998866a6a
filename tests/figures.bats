# The figures of a run are those of the model that it saves: what trainer's tests give, predictor gives
# with the saved weights, byte for byte, for every model.

bats_require_minimum_version 1.5.0
load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    synthesize --users 14 --days 10 | lfm-sessionize |
        tfilter --quiet --split user:0.8 --validation 0.1 -o split.mp
    for scheme in longest-first shuffled sessions user-parallel session-parallel; do
        batcher --quiet --scheme $scheme --batch 6 --history 4 --epochs 2 -o $scheme.mp split.mp
    done
    batcher --quiet --batch 6 --history 4 --epochs 1 -o once.mp split.mp
}

setup() { LOG=$BATS_FILE_TMPDIR; }

train() { trainer --quiet --threads 1 --embedding 8 --lr 0.05 --top 3 "$@"; }
predict() { predictor --quiet --threads 1 --top 3 "$@"; }

# tests EPOCH: ranks, lists and figures of the epoch's validation and test passes.
tests() {
    spcat | awk -F , -v epoch="$1" '/^\["epoch"/ { on = $2 == epoch && $3 + 0 > 1; next } on' |
        sed '/^\["E"/d; s/^\["pass",[0-9]*/["pass"/'
}

# Trains on the scheme's two epochs, and compares the tests of the second with those of the file.
same() { # SCHEME OPTION ...
    local scheme=$1
    shift
    train "$@" --save model --save-by last -o trained.mp "$LOG/$scheme.mp"
    predict --model model -o predicted.mp "$LOG/once.mp"
    tests 2 <trained.mp >trained
    tests 1 <predicted.mp >predicted
    [ "$(grep -c '^\["pass",[23],' predicted)" = 2 ]
    [ "$(grep -c '^\["rank"' predicted)" -gt 5 ]
    cmp trained predicted || { echo "$scheme $*"; return 1; }
    tests 1 <trained.mp >first
    ! cmp -s first trained || { echo "$scheme $*: the second epoch learned nothing"; return 1; }
}

@test "ii-rnn, with every form of attention" {
    same longest-first
    same longest-first --session-rep last
    same shuffled --session-rep last --bidirectional
    same longest-first --inter hidden,delta,week,age --session-rep last --dropout 0.3
    same longest-first --intra cat --inter hidden --per-user inter,intra
    same longest-first --intra sum --clusters 3 --per-user intra
    same longest-first --clusters 3 --cluster-encoders inter,intra
    same longest-first --clusters 3 --cluster-encoders inter,intra --intra sum
    same longest-first --optimizer adagrad --gru reset-before
}

@test "hierarchical, narm, sasrec and stamp" {
    same longest-first --model hierarchical
    same longest-first --model hierarchical --session-rep attention --user-rep attention --inter delta
    same sessions --model hierarchical --session-rep last --user-rep last --dropout 0.3
    same longest-first --model hierarchical --user-rep attention --intra sum --per-user intra
    same sessions --model narm
    same sessions --model narm --item-dropout 0.3 --encoder global
    same sessions --model rib --context hour:3
    same shuffled --model rib --normalize sigmoid --dropout 0.3 --wide
    same sessions --model context-rnn --context hour:3 --cell lstm
    same shuffled --model context-rnn --recurrent mean --layers 7 --wide
    same shuffled --model improved --item-dropout 0.3 --wide
    same sessions --model asars --context hour:3 --hidden 7
    same shuffled --model asars --variant time-cat --context hour:3 --loss hinge --negatives 20
    same shuffled --model asars --variant user-att --cell gru --dropout 0.3 --wide
    same longest-first --model asars --dynamics --context hour:3 --wide
    same sessions --model youtube-dnn --layers 7,5 --context hour:3 --negatives 20 --logq
    same shuffled --model youtube-dnn --users 5 --layers '' --loss hinge --negatives 20
    same sessions --model session-embedding --context hour --hidden 7
    same shuffled --model session-embedding --negatives 20 --logq
    same shuffled --model session-embedding --wide
    same sessions --model intent
    same shuffled --model intent --encoder forward --wide
    same sessions --model wavenet --kernel 3
    same shuffled --model wavenet --gated --layers 2 --dilation 2 --wide
    same sessions --model sasrec
    same longest-first --model sasrec --max-positions 7 --earlier 5 --item-dropout 0.2
    same shuffled --model sasrec --max-positions 2 --wide
    same sessions --model stamp --lr 0.05 --item-dropout 0.3
    same shuffled --model stamp --add-mean --max-positions 3 --dropout 0.3 --wide
    same sessions --model stmp --lr 0.05 --negatives 20
    same sessions --model stmo --lr 0.05
}

@test "outputs that are tied to the embeddings, with a matrix where sizes differ and without" {
    same longest-first --decoder tied
    same shuffled --decoder tied --bidirectional --optimizer adagrad
    same sessions --model hierarchical --decoder tied --negatives 20 --logq
    same sessions --model narm --decoder tied --encoder global
    same sessions --model narm --decoder tied --hidden 6
    same sessions --model sasrec --negatives 20 --logq
    same sessions --model sasrec --decoder dense
    same session-parallel --model rnn --decoder tied
    same session-parallel --model rnn --decoder bilinear --hidden 6
    same user-parallel --model hrnn --decoder tied --hidden 6 --loss bpr-max --negatives 20 --unroll 2
}

@test "bpr-mf and fpmc" {
    for model in bpr-mf fpmc; do
        same sessions --model $model
        same longest-first --model $model --optimizer adagrad --negatives 20
    done
}

@test "rnn and hrnn, which learn from parallel mini-batches" {
    same session-parallel --model rnn --hidden 6
    same user-parallel --model rnn
    same user-parallel --model rnn --join-sessions --unroll 3
    same user-parallel --model rnn --join-sessions --separator --unroll 2
    same user-parallel --model rnn --join-sessions --layers 2 --dropout 0.3
    same session-parallel --model rnn --input one-hot --layers 2 --feed-forward 4 --unroll 2
    same session-parallel --model rnn --feed-forward 7 --decoder tied
    same user-parallel --model rnn --cell lstm --join-sessions --dropout 0.3 --unroll 2
    same user-parallel --model hrnn --propagate init --hidden 6
    same user-parallel --model hrnn --propagate all --user-dropout 0.2 --start-dropout 0.2
    same user-parallel --model hrnn --loss bpr-max --negatives 20 --unroll 2
}

@test "the best epoch is chosen by the figures of its own weights" {
    for model in 'longest-first --session-rep last' 'user-parallel --model hrnn'; do
        read -r scheme options <<<"$model"
        # shellcheck disable=SC2086
        train $options --save model -o trained.mp "$LOG/$scheme.mp"
        predict --model model "$LOG/once.mp" | tests 1 | grep '^\["pass"' >figures
        for epoch in 1 2; do
            tests $epoch <trained.mp | grep '^\["pass"' >other
            ! cmp -s figures other || echo $epoch
        done >epochs
        [ "$(wc -l <epochs)" = 1 ]
    done
}

@test "predictor gives the same with the batches of any scheme, for any model" {
    train --session-rep last --inter hidden --save ii-rnn "$LOG/longest-first.mp" >/dev/null
    train --model hrnn --save hrnn "$LOG/user-parallel.mp" >/dev/null
    train --model rnn --join-sessions --save joined "$LOG/user-parallel.mp" >/dev/null
    train --model narm --save narm "$LOG/sessions.mp" >/dev/null
    train --model sasrec --save sasrec "$LOG/sessions.mp" >/dev/null
    train --model stamp --save stamp "$LOG/sessions.mp" >/dev/null
    for model in ii-rnn hrnn joined narm sasrec stamp; do
        predict --model $model "$LOG/once.mp" | tests 1 >expected
        grep -q '^\["rank"' expected
        for scheme in longest-first shuffled sessions user-parallel session-parallel; do
            predict --model $model "$LOG/$scheme.mp" | tests 2 >got
            cmp expected got || { echo "$model, $scheme"; false; }
        done
    done
}

@test "what the training sessions hold counts, for models that remember and no others" {
    train --session-rep last --inter hidden --save ii-rnn "$LOG/longest-first.mp" >/dev/null
    train --model hrnn --save hrnn "$LOG/user-parallel.mp" >/dev/null
    train --model rnn --join-sessions --save joined "$LOG/user-parallel.mp" >/dev/null
    train --model rnn --save rnn "$LOG/user-parallel.mp" >/dev/null
    train --model narm --save narm "$LOG/sessions.mp" >/dev/null
    train --model sasrec --save sasrec "$LOG/sessions.mp" >/dev/null
    train --model stamp --save stamp "$LOG/sessions.mp" >/dev/null
    spcat "$LOG/once.mp" | jq -c 'if .[0] == "session" and .[2] == 1 then .[4] |= reverse else . end' |
        sed 's/^\["E".*/["E"]/' | spcat --from-json -o other.mp
    for model in ii-rnn hrnn joined rnn narm sasrec stamp; do
        predict --model $model "$LOG/once.mp" | tests 1 | grep '^\["rank"' >one
        predict --model $model other.mp | tests 1 | grep '^\["rank"' >two
        cmp -s one two || echo $model
    done >remember
    [ "$(paste -s remember)" = $'ii-rnn\thrnn\tjoined' ]
}

@test "a test takes in all earlier sessions, also of a validation pass that is not there" {
    train --session-rep last --inter hidden --save model "$LOG/longest-first.mp" >/dev/null
    predict --model model "$LOG/once.mp" | tests 1 >expected
    spcat "$LOG/once.mp" | awk '/^\["epoch"/ { on = /,3\]/ } /^\["(batch|epoch)"/ && !on { next }
        /^\["E"/ { $0 = "[\"E\"]" } { print }' | spcat --from-json -o tests.mp
    [ "$(spcat tests.mp | grep -c '^\["epoch"')" = 1 ]
    predict --model model tests.mp | tests 1 >got
    grep -q '^\["rank"' got
    sed -i '1,/^\["pass",2/d' expected
    alike got expected # up to the rounding of other batches
}
