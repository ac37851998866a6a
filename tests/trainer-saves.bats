# trainer: what is saved, when, and which files are refused.

bats_require_minimum_version 1.5.0
load helpers
load trainer

@test "--init refuses what does not fit, and names the field" {
    train --save model "$BATCHES" >/dev/null
    fails() {
        run -65 --separate-stderr train --init "$@"
        echo "$stderr"
    }
    fails model --inter hidden "$BATCHES"
    [[ $stderr == *inter_attention.weight*missing* ]]
    fails model --embedding 6 "$BATCHES"
    [[ $stderr == *item_embedding.weight*shape*5*6* ]]
    train --inter hidden --save attentive "$BATCHES" >/dev/null
    fails attentive "$BATCHES"
    [[ $stderr == *inter_attention*no\ such\ weights* ]]
    head -c 2000 model >cut
    fails cut "$BATCHES"
    [[ $stderr == *cut:* ]]
    fails "$BATCHES" "$BATCHES"
    fails /dev/null "$BATCHES"
    run -66 train --init nowhere "$BATCHES"
}

@test "the model file says how it was made, and which pass selected it" {
    train --inter hidden --save model "$BATCHES" >/dev/null
    header model | grep -q '"selected_on":"test"'
    header model | grep -q '"model":"ii-rnn"'
    header model | grep -qF '\"inter\":\"hidden\"'
    header model | grep -qF '[[\"reddit-sessionize\",'
    train --save model "$VALIDATED" >/dev/null
    header model | grep -q '"selected_on":"validation"'
    train --save model --save-by last "$VALIDATED" >/dev/null
    header model | grep -q '"selected_on":"last"'
    run -0 --separate-stderr trainer --threads 1 --embedding 5 --save model "$BATCHES" -o out.mp
    [ "$(grep -c 'chosen on the test part' <<<"$stderr")" = 1 ]
    [ "$(grep -c ' epoch [123]: train loss .* test loss .*recall@20' <<<"$stderr")" = 3 ]
    run -0 --separate-stderr train --save model "$BATCHES" -o out.mp
    [ -z "$stderr" ]
}

@test "--stop-after stops when tests bring no improvement, and reads the rest of the input" {
    batcher --batch 7 --epochs 9 "$SPLIT" >long.mp
    train --lr 0 --stop-after 2 --save model long.mp >out.mp
    [ "$(records out.mp pass | wc -l)" = 6 ] # the first is the best, two bring nothing
    spcat --check out.mp
    [ -s model ]
    train --lr 0 --stop-after 1 --stop-by loss long.mp >out.mp
    [ "$(records out.mp pass | wc -l)" = 4 ]
    run -64 --separate-stderr train --stop-by loss long.mp
    [ "$stderr" = 'trainer: --stop-by needs --stop-after N' ]
    head -c "$(($(wc -c <long.mp) - 1))" long.mp >cut.mp
    rm model
    run -65 train --lr 0 --stop-after 2 --save model cut.mp
    [ ! -e model ]
}

@test "training that diverges ends with 1 and saves the best model so far" {
    train --save model "$BATCHES" >/dev/null
    cp model before
    run -1 --separate-stderr train --lr 1e9 --save model "$BATCHES" -o out.mp
    [[ $stderr == *diverged*--lr* ]]
    cmp model before # it diverged before the first test
    [ ! -e out.mp ]
    run -1 --separate-stderr train --lr 1e30 --optimizer sgd --save model "$BATCHES" -o out.mp
    [[ $stderr == *diverged* ]]
    # the program after it gets an abort record
    train --lr 1e9 "$BATCHES" 2>/dev/null >bad.mp || [ $? = 1 ]
    run -65 scorer bad.mp
    [[ $output == *diverged* ]]
    [ "$(find . -name '*.part' | wc -l)" = 0 ]
}

@test "no model is saved if the input is cut off or the program before failed" {
    for percent in 20 50 90 99; do # within the sessions, and within the schedule
        head -c $(($(stat -c %s "$BATCHES") * percent / 100)) "$BATCHES" >cut.mp
        run -65 train --save model --save-by last cut.mp -o out.mp
        [ ! -e model ]
        [ ! -e out.mp ]
    done
    run -65 --separate-stderr bash -c 'batcher /nowhere 2>/dev/null | trainer -q --save model'
    [ ! -e model ]
    run -65 train --save model </dev/null
    run -65 train --save model "$SPLIT"
    [ ! -e model ]
}

@test "when the reader goes away, no model is saved and there is no message" {
    run -0 --separate-stderr bash -c "trainer -q --save model '$BATCHES' | head -c1 >/dev/null; echo \${PIPESTATUS[0]}"
    [ "$output" = 141 ]
    [ -z "$stderr" ]
    [ ! -e model ]
    [ "$(find . -name '*.part' | wc -l)" = 0 ]
}

@test "a model is saved where its name leads, or not at all" {
    train --save model "$BATCHES"
    train --save /dev/null "$BATCHES"
    [ -c /dev/null ]
    mkfifo pipe
    cat pipe >got &
    train --save pipe "$BATCHES"
    wait $!
    cmp model got
    run -73 train --save nowhere/model "$BATCHES"
    run -73 train --save - "$BATCHES"
    mkdir folder
    run -73 train --save folder "$BATCHES"
}

@test "a full disk at the save is an error, and an older file stays" {
    [ -e /dev/full ] || skip 'no /dev/full here'
    train --save model "$BATCHES" >/dev/null
    cp model before
    run -74 bash -c "ulimit -f 2; trainer -q --embedding 60 --save model '$BATCHES' | cat >/dev/null; exit \${PIPESTATUS[0]}"
    cmp model before
    [ "$(find . -name '*.part' | wc -l)" = 0 ]
    run -74 bash -c "trainer -q --embedding 5 '$BATCHES' >/dev/full"
}
