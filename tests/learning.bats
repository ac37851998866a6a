# Training works: the trained model beats counting, because of the users' history.  Runs can be
# repeated, and each option of trainer has an effect.
bats_require_minimum_version 1.5.0
load helpers

# A model that learns the fixture in seconds.  One thread: other tests run at the same time.
learn() { trainer --inter hidden,delta --embedding 100 --lr 0.005 --threads 1 --quiet "$@"; }

# The best epoch's recall@20.
recall() { scorer --json --by none "$@" | sed -n 's/.*"recall@20": \([0-9.e-]*\).*"best": true.*/\1/p'; }

# A log that is long enough for training, the same with sessions exchanged, and a small log.
setup_file() {
    cd "$BATS_FILE_TMPDIR"
    synthesize --users 80 --days 30 --seed 7 | lfm-sessionize | tfilter --split user:0.8 -o split.mp
    exchange 1 <split.mp >exchanged.mp
    for log in split exchanged; do
        baseline --model markov -o $log.markov.mp $log.mp
        baseline --model ppop -o $log.ppop.mp $log.mp
        batcher --epochs 6 --test-from 4 --batch 20 $log.mp | learn -o $log.rnn.mp
    done
    synthesize --users 12 --days 8 | lfm-sessionize | tfilter --split user:0.8 |
        batcher --epochs 2 --batch 6 -o small.mp
}

# compare CONDITION: a comparison of numbers in awk's syntax.
compare() { awk "BEGIN { exit !(${1//$'\n'/ }) }" || { echo "not so: $1"; return 1; }; }

@test "the trained model reaches 1.2 times the recall@20 of first-order counts" {
    cd "$BATS_FILE_TMPDIR"
    compare "$(recall split.rnn.mp) >= 1.2 * $(recall split.markov.mp)"
}

@test "with sessions exchanged between users, the model is no better than counts" {
    cd "$BATS_FILE_TMPDIR"
    [ "$(recall split.markov.mp)" = "$(recall exchanged.markov.mp)" ]
    compare "$(recall exchanged.ppop.mp) < 0.5 * $(recall split.ppop.mp)"
    compare "$(recall exchanged.rnn.mp) - $(recall exchanged.markov.mp) <
        ($(recall split.rnn.mp) - $(recall split.markov.mp)) / 4"
}

small() { trainer --embedding 16 --threads 1 --quiet "$@" "$BATS_FILE_TMPDIR/small.mp"; }

@test "two runs with one seed give the same bytes, weights included" {
    small --inter hidden,delta,week --save a.safetensors >a.mp
    small --inter hidden,delta,week --save b.safetensors >b.mp
    cmp a.mp b.mp
    cmp a.safetensors b.safetensors
}

@test "another number of threads changes the loss only by rounding" {
    losses() { scorer --format tsv --by none "$1" | awk -F '\t' 'NR > 1 { print $9 }'; }
    small --inter hidden,delta --threads 1 >one.mp
    for n in 2 3; do
        small --inter hidden,delta --threads $n >more.mp
        paste <(losses one.mp) <(losses more.mp) >both
        cat both
        [ "$(wc -l <both)" = 4 ]
        awk '{ d = ($1 - $2) / $1; if (d > 1e-5 || d < -1e-5 || $1 == 0) exit 1 }' both
    done
}

# The stream's ranks and losses, without the header, which has the options.
results() { scorer --format tsv "$1" | cut -f 4-; }

# differs FROM-OPTIONS OPTION ...: the options give other results than FROM-OPTIONS alone.
differs() {
    small $1 >base.mp
    small $1 "${@:2}" >other.mp
    ! cmp -s <(results base.mp) <(results other.mp) || { echo "no change: $1 with ${*:2}"; return 1; }
}

@test "each option that should change the result changes it" {
    small --save weights.safetensors --max-steps 3 >steps.mp
    differs '' --session-rep last
    differs '' --embedding 17
    differs '' --dropout 0.5
    differs '' --gru reset-before
    differs '' --optimizer adagrad
    differs '' --optimizer sgd
    differs '' --lr 0.002
    differs '' --weight-decay 0.01
    differs '' --clip 0.01
    differs '' --max-steps 1
    differs '' --seed 2
    differs '' --init weights.safetensors
    differs '--optimizer sgd' --momentum 0.5
    differs '--optimizer adagrad' --momentum 0.5
}

@test "--max-steps: later epochs are tested with the weights that remain; --stop-after ends them" {
    epochs() { spcat | jq -c 'select(.[0] == "pass" and .[2] == 3) | [.[1], .[3].loss]'; }
    synthesize --users 12 --days 8 | lfm-sessionize | tfilter --split user:0.8 | batcher --epochs 4 -o four.mp
    learn --embedding 4 --max-steps 3 four.mp | epochs >four
    [ "$(jq '.[0]' four)" = $'1\n2\n3\n4' ]
    [ "$(jq '.[1]' four | uniq | wc -l)" = 1 ]
    learn --embedding 4 --max-steps 3 --stop-after 1 four.mp | epochs >two
    head -n 2 four | cmp - two
}

@test "each combination of inputs of --inter gives other results" {
    for inter in '' hidden delta week hidden,delta hidden,week delta,week hidden,delta,week; do
        small ${inter:+--inter $inter} >one.mp
        results one.mp | cksum
    done >sums
    [ "$(sort -u sums | wc -l)" = 8 ]
}

@test "options that add output do not change the ranks" {
    small --inter hidden >base.mp
    for more in '--top 3' '--attention all' '--workspace 1'; do
        small --inter hidden $more >other.mp
        cmp <(results base.mp) <(results other.mp)
    done
    [ "$(small --inter hidden --top 3 | wc -c)" -gt "$(wc -c <base.mp)" ]
    [ "$(small --inter hidden --attention all | wc -c)" -gt "$(wc -c <base.mp)" ]
}

@test "trainer and scorer agree on the scores" {
    trainer --embedding 16 --threads 1 "$BATS_FILE_TMPDIR/small.mp" 2>said >ranks.mp
    sed -n 's/.*recall@20 \([0-9.]*\), mrr@20 \([0-9.]*\).*/\1 \2/p' said >trainer.txt
    scorer --at 20 --by none ranks.mp | awk '$2 == "test" { print $5, $6 }' >scorer.txt
    [ "$(wc -l <trainer.txt)" = 2 ]
    diff trainer.txt scorer.txt
}

@test "--stop-after ends training when tests bring no improvement; the programs before it succeed" {
    synthesize --users 12 --days 8 | lfm-sessionize | tfilter --split user:0.8 -o split.mp
    batcher --batch 6 --epochs 300 split.mp |
        trainer --embedding 8 --lr 0 --dropout 0 --threads 1 --quiet --stop-after 2 >short.mp
    echo "${PIPESTATUS[@]}" | grep -qx '0 0'
    [ "$(scorer --format tsv --by none short.mp | awk -F '\t' '$5 == "test"' | wc -l)" = 3 ]
}

@test "another seed of the batches changes the result, and the scorer takes both as runs of one model" {
    synthesize --users 12 --days 8 | lfm-sessionize | tfilter --split user:0.8 -o split.mp
    for seed in 1 2; do
        batcher --scheme shuffled --batch 6 --epochs 1 --seed $seed split.mp |
            trainer --embedding 16 --threads 1 --quiet >$seed.mp
    done
    run ! cmp -s <(results 1.mp) <(results 2.mp)
    [ "$(scorer --json --by none 1.mp 2.mp | grep -c '"runs": 2')" = 1 ]
}
