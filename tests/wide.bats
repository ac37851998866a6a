# trainer --model wide: ahead of counting; the same bytes from the same seed, from predictor, and after
# a stop; its learning rates.
bats_require_minimum_version 1.5.0
load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    synthesize --users 80 --days 30 --seed 7 | lfm-sessionize |
        tfilter --split user:0.8 --validation 0.1 -o split.mp 2>said
    batcher --scheme shuffled --batch 20 --epochs 3 -o batches.mp split.mp
    # A smaller log, for runs that are compared byte by byte.
    synthesize --users 12 --days 8 | lfm-sessionize |
        tfilter --split user:0.8 --validation 0.1 -o small-split.mp 2>said
    batcher --flush --scheme shuffled --batch 6 --epochs 3 -o small.mp small-split.mp
}

setup() {
    BATCHES=$BATS_FILE_TMPDIR/batches.mp
    SPLIT=$BATS_FILE_TMPDIR/split.mp
    SMALL=$BATS_FILE_TMPDIR/small.mp
}

wide() { trainer --model wide --threads 1 --quiet "$@"; }

# The best epoch's recall@20 in the test.
recall() { scorer --json --by none "$@" | jq -es 'map(select(.best))[0]["recall@20"]'; }

# compare CONDITION: a comparison of numbers in awk's syntax.
compare() { awk "BEGIN { exit !(${1//$'\n'/ }) }" || { echo "not so: $1"; return 1; }; }

# Ranks and losses, without the header, which has the options.
results() { spcat "$1" | tail -n +2; }

@test "it is ahead of what it counts: personal popularity, successors, neighbours" {
    wide -o wide.mp "$BATCHES"
    for model in ppop markov session-knn; do
        baseline --model $model -o $model.mp "$SPLIT"
        compare "$(recall wide.mp) > 1.1 * $(recall $model.mp)"
    done
}

@test "on Last.fm it reaches what it was built for" {
    need_data lastfm-part.tsv.xz
    need xz
    xz -dc "$DATA/lastfm-part.tsv.xz" | lfm-sessionize --max-events 39 --cut 20 |
        tfilter --min-sessions 3 --split user:0.8 --validation 0.1 2>said |
        batcher --scheme shuffled --batch 30 --epochs 2 | wide -o wide.mp
    compare "$(recall wide.mp) >= 0.70"
}

@test "kinds of evidence can be left out, in every use of the model, and the model's name says so" {
    wide --without own,habit --postings 50 --save some.safetensors -o some.mp "$SMALL"
    wide -o all.mp "$SMALL"
    run -1 cmp -s <(results some.mp) <(results all.mp)
    scorer --by none some.mp | grep -q '^wide postings 50 without own,habit '
    predictor -q -j 1 --model some.safetensors "$SMALL" | scorer --json --by none | jq -e .loss >again
    best=$(scorer --json --by none some.mp | jq -es 'map(select(.best))[0].loss')
    grep -qxF -- "$best" again
    recommender -q --model some.safetensors --why --top 3 "$BATS_FILE_TMPDIR/small-split.mp" >reasons
    [ -s reasons ]
    run -1 grep -E 'in your last|you went on' reasons
    run -64 --separate-stderr wide --without own,fun "$SMALL"
    [[ $stderr == *'"fun" is no kind of evidence: there are next, near, '* ]]
    run -64 --separate-stderr trainer --model narm --postings 50 "$SMALL"
    [[ $stderr == *'--postings is for a wide part: give --wide'* ]]
}

@test "two runs with one seed give the same bytes, weights included; another seed does not" {
    wide --seed 3 --save a.st -o a.mp "$SMALL"
    wide --seed 3 --save b.st -o b.mp "$SMALL"
    wide --seed 4 --save c.st -o c.mp "$SMALL"
    cmp a.mp b.mp
    cmp a.st b.st
    ! cmp -s <(results a.mp) <(results c.mp)
}

@test "evidence made by three threads is that of one: losses differ by rounding" {
    wide --max-steps 0 -o one.mp "$SMALL"
    wide --max-steps 0 -o three.mp --threads 3 "$SMALL"
    scorer --format tsv --by none one.mp >one
    scorer --format tsv --by none three.mp >three
    alike one three
}

# The records of tests, and the names.
tested() { spcat "$1" | grep -E '^\["((user|item|rank|top)"|(epoch|pass)",[0-9]+,[23])'; }

@test "predictor gives the records of the trainer whose weights it has, byte for byte" {
    wide --save model --save-by last --top 5 "$SMALL" >/dev/null
    for options in '' --online; do
        wide --init model --max-steps 0 --top 5 $options -o there.mp "$SMALL"
        predictor --model model --threads 1 --quiet --top 5 $options -o here.mp "$SMALL"
        tested there.mp >there
        tested here.mp >here
        grep -q '^\["rank"' here
        cmp there here
        mv here "here$options.ranks"
    done
    ! cmp -s here.ranks here--online.ranks
}

# The figures of the last epoch's test are those of the weights that are saved after it.
@test "the last test of a training run is that of its weights" {
    wide --save model --save-by last -o run.mp "$SMALL"
    predictor --model model --threads 1 --quiet -o saved.mp "$SMALL"
    last() { scorer --json --by none "$1" | jq -s 'map(select(.part == "test"))[-1] | del(.model, .best, .file)'; }
    last run.mp >run
    last saved.mp >saved
    grep -q '"recall@20": 0' run
    cmp run saved
}

# A line for each target, in one order; the largest number of targets that came together.
targets() {
    spcat "$1" | jq -c 'select(.[0] == "rank")[1] |
        [.user, .session, .position, .target, .rank] | transpose[]' | sort
}
together() { spcat "$1" | jq -s 'map(select(.[0] == "rank")[1].user | length) | max'; }

@test "large batches of a test come in pieces, as they need memory: the same ranks" {
    wide --save model --max-steps 9 "$BATCHES" >/dev/null
    for batch in 3 1000; do
        batcher --batch $batch --epochs 1 "$SPLIT" |
            predictor --model model --threads 1 --quiet -o $batch.mp
    done
    [ "$(targets 1000.mp | wc -l)" -gt 600 ]
    compare "$(together 1000.mp) <= 256"
    cmp <(targets 3.mp) <(targets 1000.mp)
}

# The rates are in the middle of their rise, and of their fall.
@test "a run that is stopped in the middle and resumed gives the bytes of one that is not" {
    for threads in 1 2; do # 2: evidence is made one batch ahead
        wide --threads $threads --save never.st -o never.mp "$SMALL"
        for percent in 20 55 85; do
            rm -f check out.mp
            head -c "$(within "$SMALL" $percent)" "$SMALL" >part.mp # where it ends, the run fails
            run wide --threads $threads --save model.st -o out.mp \
                --checkpoint check --checkpoint-every 1 part.mp
            [ "$status" != 0 ]
            [ -s check ]
            wide --threads $threads --save model.st -o out.mp --checkpoint check --resume check "$SMALL"
            cmp never.mp out.mp
            cmp never.st model.st
        done
    done
}

@test "its learning rates are the manual's, where none are given" {
    wide -o own.mp "$SMALL"
    wide --lr 0.006 --clip 1 --warm-up 50 --lr-decay cosine -o given.mp "$SMALL"
    cmp <(results own.mp) <(results given.mp)
}

@test "each rate changes the results, those of other models too" {
    batcher --batch 6 --epochs 2 -o b.mp "$BATS_FILE_TMPDIR/small-split.mp"
    wide -o own.mp "$SMALL"
    trainer --threads 1 --quiet --embedding 8 -o rnn.mp b.mp
    for rate in '--warm-up 9' '--lr-decay none'; do
        # shellcheck disable=SC2086
        wide $rate -o other.mp "$SMALL"
        ! cmp -s <(results own.mp) <(results other.mp) || { echo "no change: $rate"; false; }
    done
    for rate in '--warm-up 9' '--lr-decay cosine'; do
        # shellcheck disable=SC2086
        trainer --threads 1 --quiet --embedding 8 $rate -o other.mp b.mp
        ! cmp -s <(results rnn.mp) <(results other.mp) || { echo "no change: $rate"; false; }
    done
}

# What tensors says of the ready-made weights, as they are in the source.
ready_tensors() {
    python3 - "$ROOT/lib/model/wide_ready.c" <<'END'
import hashlib, re, struct, sys
text = open(sys.argv[1]).read()
for name, values in re.findall(r"float (wide_\w+)\[\] = \{(.*?)\};", text, re.S):
    f = [float(v) for v in re.findall(r"[-+.\de]+(?=f,)", values)]
    name = re.sub("_(weight|bias)$", r".\1", name)
    print(name, hashlib.sha1(struct.pack("<%df" % len(f), *f)).hexdigest())
END
}

# A network, which may have a wide part.
deep() { trainer --model narm --embedding 6 --threads 1 --quiet --save-by last "$@" -o ranks.mp "$SMALL"; }

@test "a network with a wide part begins with either of them: a trained network, a wide part" {
    need python3
    deep --save network.st
    deep --wide --init network.st --max-steps 0 --seed 5 --save begun.st
    tensors network.st >network
    tensors begun.st >begun
    [ "$(comm -12 network begun)" = "$(cat network)" ]
    ready_tensors | sort >ready
    [ "$(wc -l <ready)" = 6 ]
    [ "$(comm -12 ready begun)" = "$(cat ready)" ]

    wide --save alone.st -o alone.mp "$SMALL"
    deep --wide --init alone.st --max-steps 0 --save also.st
    tensors alone.st >alone
    [ "$(comm -12 alone <(tensors also.st))" = "$(cat alone)" ]
    deep --wide --max-steps 0 --save random.st
    [ "$(comm -12 <(tensors random.st) <(tensors also.st) | grep -v ^wide_)" = "$(tensors random.st | grep -v ^wide_)" ]
    # a file of neither is of another model
    trainer -q --threads 1 --model stmo --embedding 6 --save other.st -o other.mp "$SMALL"
    run -65 --separate-stderr deep --wide --init other.st --save never.st
    [[ $stderr == 'trainer: other.st: '*': the model with these options has no such weights' ]]
    run -65 --separate-stderr trainer -q --model wide --init network.st "$SMALL"
    [[ $stderr == 'trainer: network.st: '*': the model with these options has no such weights' ]]
}

@test "--freeze: only the wide part learns, beside the network as it is in tests, or only the network, as if it were alone" {
    need python3
    deep --save network.st
    deep --wide --init network.st --max-steps 0 --save begun.st
    tensors begun.st >begun
    same() { comm -12 begun <(tensors "$1") | cut -d ' ' -f 1 | xargs; }
    deep --wide --init begun.st --freeze network --save wider.st
    [ "$(same wider.st)" = "$(tensors network.st | cut -d ' ' -f 1 | xargs)" ]
    # with the rates of --model wide, and whatever the network's dropout is
    deep --wide --init begun.st --freeze network --dropout 0.7 --feature-dropout 0.7 \
        --lr 0.006 --clip 1 --warm-up 50 --lr-decay cosine --save again.st
    cmp <(tensors wider.st) <(tensors again.st)

    deep --wide --init begun.st --freeze wide --save deeper.st
    [ "$(same deeper.st)" = "$(grep -o '^wide_[^ ]*' begun | xargs)" ]
    losses() { spcat ranks.mp | jq -c 'select(.[0] == "pass" and .[2] == 1)[3]'; }
    losses >beside
    deep --init network.st --save alone.st
    [ "$(tensors alone.st)" = "$(tensors deeper.st | grep -v ^wide_)" ]
    losses | cmp - beside
    # sessions of a training pass that are no longer learned from
    deep --wide --init begun.st --freeze wide --max-steps 3 --save three.st

    run -64 --separate-stderr deep --init network.st --freeze network --save never.st
    [[ $stderr == 'trainer: --freeze network is for a network with a wide part: give --wide' ]]
    run -64 --separate-stderr wide --init wider.st --freeze wide "$SMALL"
    [[ $stderr == 'trainer: --freeze wide is for a network with a wide part: give --wide' ]]
    run -64 --separate-stderr deep --wide --freeze wide --save never.st
    [[ $stderr == 'trainer: --freeze wide keeps what is learned already: give --init' ]]
}
