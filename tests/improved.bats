# The improved recurrent network of Tan et al. (2016): weights that do not learn, weights from a file
# that fit, a predicted embedding, a teacher that reads sessions from their end.
bats_require_minimum_version 1.5.0
load helpers

setup_file() {
    need python3
    cd "$BATS_FILE_TMPDIR"
    synthesize --users 12 --days 8 | lfm-sessionize |
        tfilter --split user:0.8 --validation 0.1 -o split.mp 2>said
    batcher --scheme sessions --batch 6 --epochs 2 --history 0 -o batches.mp split.mp
    train --save begun.st
    batcher --scheme sessions --batch 6 --epochs 2 --history 0 --reverse -o reversed.mp split.mp
    BATCHES=reversed.mp train --save teacher.st
}

setup() {
    BATCHES=$BATS_FILE_TMPDIR/batches.mp
    SPLIT=$BATS_FILE_TMPDIR/split.mp
    BEGUN=$BATS_FILE_TMPDIR/begun.st
    TEACHER=$BATS_FILE_TMPDIR/teacher.st
    need python3
}

train() { # OPTION ...: on BATCHES, or batches.mp
    trainer --model improved --embedding 6 --hidden 5 --threads 1 --save-by last "$@" -o ranks.mp "${BATCHES:-batches.mp}" 2>said
}

names() { cut -d ' ' -f 1 "$@" | xargs; }

# The names of the tensors that are the same in both files.
same() { comm -12 <(tensors "$1") <(tensors "$2") | names; }

refused() { # STATUS TEXT OPTION ...
    local status=$1 text=$2
    shift 2
    run "-$status" train --save never.st "$@"
    [[ $(<said) == *"$text"* ]] || { cat said; false; }
}

@test "--freeze: what it names keeps its weights, with any optimizer, and all else learns" {
    for options in '' '--optimizer adagrad --momentum 0.5' '--optimizer sgd --clip 0.1' '--negatives 5'; do
        # shellcheck disable=SC2086
        train $options --init "$BEGUN" --freeze item_embedding,session_gru.weight_hh_l0,output.bias --save after.st
        [ "$(same "$BEGUN" after.st)" = 'item_embedding.weight output.bias session_gru.weight_hh_l0' ]
    done
    train --init "$BEGUN" --freeze session_gru --save after.st
    [ "$(same "$BEGUN" after.st)" = "$(tensors "$BEGUN" | names | xargs -n 1 | grep session_gru | xargs)" ]
    # a tied table that a step uses as a whole
    train --decoder tied --save tied.st
    train --decoder tied --init tied.st --freeze item_embedding --save after.st
    [ "$(same tied.st after.st)" = item_embedding.weight ]

    refused 64 '--freeze item: the model has item_embedding.weight, session_gru.weight_ih_l0,' --init "$BEGUN" --freeze item
    refused 64 '--freeze : the model has' --init "$BEGUN" --freeze ''
    refused 64 '--freeze item_embedding,session_gru,output leaves nothing to learn' \
        --init "$BEGUN" --freeze item_embedding,session_gru,output
    refused 64 '--freeze output keeps what is learned already: give --init' --freeze output
    refused 64 '--weight-decay pulls at all of them' --init "$BEGUN" --freeze output --weight-decay 0.1
}

@test "--freeze: clipping counts what learns alone" {
    # with all but the output's bias frozen the norm is that of the bias
    local rest=item_embedding,session_gru,output.weight
    train --init "$BEGUN" --freeze $rest --optimizer sgd --lr 0.1 --max-steps 1 --save all.st
    train --init "$BEGUN" --freeze $rest --optimizer sgd --lr 0.1 --max-steps 1 --clip 0.9 --save clipped.st
    train --init "$BEGUN" --optimizer sgd --lr 0.1 --max-steps 1 --clip 0.9 --save free.st
    [ "$(same all.st clipped.st)" = "$(tensors all.st | names)" ]
    [ "$(same all.st free.st)" != "$(tensors all.st | names)" ]
}

@test "--init-some: takes the weights that fit by name and shape, and draws the rest" {
    train --hidden 7 --init-some "$BEGUN" --max-steps 0 --save other.st
    [ "$(same "$BEGUN" other.st)" = 'item_embedding.weight output.bias' ]
    grep -q 'begun.st has item_embedding.weight, output.bias; all else is drawn' said
    train --hidden 7 --max-steps 0 --save drawn.st
    [ "$(same drawn.st other.st)" = "$(tensors drawn.st | names | xargs -n 1 | grep -v 'item_emb\|output.bias' | xargs)" ]
    # of a model of another kind
    train --model narm --init-some "$BEGUN" --max-steps 0 --save narm.st
    [ "$(same "$BEGUN" narm.st)" = item_embedding.weight ]
    # a file of everything
    train --init-some "$BEGUN" --max-steps 0 --save again.st
    [ "$(same "$BEGUN" again.st)" = "$(tensors "$BEGUN" | names)" ]

    refused 64 '--init and --init-some: give one of them' --init "$BEGUN" --init-some "$BEGUN"
    trainer -q --model stmo --embedding 3 --max-steps 0 --save stmo.st -o stmo.mp "$BATCHES"
    refused 65 'none has a name and a shape of the model' --init-some stmo.st
    refused 65 'session_gru.weight_ih_l0: shape is [15, 6]' --init "$BEGUN" --hidden 4
}

@test "--decoder embedding: predicts an embedding that does not learn" {
    train --decoder embedding --init-some "$BEGUN" --freeze item_embedding --lr 0.01 --save aimed.st
    [ "$(same "$BEGUN" aimed.st)" = item_embedding.weight ]
    tensors aimed.st | names | grep -q 'predict.bias predict.weight'
    # the loss of training is 1 - cos, which falls
    spcat ranks.mp | jq -es 'map(select(.[0] == "pass" and .[2] == 1)[3].loss) | all(. > 0 and . < 2) and .[1] < .[0]'
    predictor -q -j 1 --model aimed.st --top 3 -o predicted.mp "$BATCHES"
    train --decoder embedding --init aimed.st --freeze item_embedding --max-steps 0 --save there.st
    cmp <(spcat ranks.mp | grep '^\["rank"') <(spcat predicted.mp | grep '^\["rank"')
    spcat predicted.mp | jq -es 'map(select(.[0] == "top")[1].score[]) | length > 9 and all(. <= 1.00001 and . >= -1.00001)'
    refused 64 '--decoder embedding: embeddings that learn would all become the same: give --freeze item_embedding' \
        --decoder embedding --init-some "$BEGUN"
    refused 64 '--decoder embedding learns from the angle' --decoder embedding --loss bpr
    refused 64 '--decoder embedding has an angle for a score, and --wide adds to scores' --decoder embedding --wide
    refused 64 '--decoder' --model narm --decoder embedding
}

@test "batcher --reverse: the sessions from their end, in the same batches" {
    spcat "$BATCHES" | grep '^\["session"' | jq -c '.[3] as $t | [.[1], .[2], (.[4] | reverse), ($t | map($t[0] + $t[-1] - .) | reverse)]' >expected
    spcat "$BATS_FILE_TMPDIR/reversed.mp" | grep '^\["session"' | jq -c '[.[1], .[2], .[4], .[3]]' >got
    [ "$(wc -l <got)" -gt 50 ]
    cmp expected got
    run ! cmp -s <(spcat "$BATCHES" | grep '^\["session"') <(spcat "$BATS_FILE_TMPDIR/reversed.mp" | grep '^\["session"')
    cmp <(spcat "$BATCHES" | grep '^\["\(batch\|epoch\)"') <(spcat "$BATS_FILE_TMPDIR/reversed.mp" | grep '^\["\(batch\|epoch\)"')
    spcat "$BATS_FILE_TMPDIR/reversed.mp" | head -n 1 | jq -e '.[2].reversed == true'
    spcat --check "$BATS_FILE_TMPDIR/reversed.mp"
}

@test "--teacher: with a share of 0 the same bytes as without; else another model, the same each time" {
    train --save plain.st
    mv ranks.mp plain.mp
    train --teacher "$TEACHER" --teacher-weight 0 --save none.st
    [ "$(same plain.st none.st)" = "$(tensors plain.st | names)" ]
    cmp <(spcat plain.mp | tail -n +2) <(spcat ranks.mp | tail -n +2)
    train --teacher "$TEACHER" --save taught.st
    mv ranks.mp taught.mp
    [ -z "$(same plain.st taught.st)" ]
    train --teacher "$TEACHER" --save again.st
    cmp <(spcat taught.mp) <(spcat ranks.mp)
    train --teacher "$TEACHER" --teacher-temperature 3 --save warm.st
    [ -z "$(same warm.st taught.st)" ]
    # the model is one like others
    predictor -q -j 1 --model taught.st -o predicted.mp "$BATCHES"
    train --init taught.st --max-steps 0 --save there.st
    cmp <(spcat ranks.mp | grep '^\["rank"') <(spcat predicted.mp | grep '^\["rank"')
    # with counts too
    train --teacher "$TEACHER" --wide --save wide.st
    tensors wide.st | names | grep -q wide_score
}

@test "--teacher: what cannot teach, and options that do not go together" {
    refused 64 'as what it is to teach does: train it on batches of batcher --reverse' --teacher "$BEGUN"
    trainer -q --model narm --embedding 6 --max-steps 0 --save narm.st -o narm.mp "$BATS_FILE_TMPDIR/reversed.mp"
    refused 64 'has to be a --model improved without --wide' --teacher narm.st
    refused 66 'there: cannot open' --teacher there
    refused 64 '--teacher-weight needs --teacher FILE' --teacher-weight 0.3
    refused 64 '--teacher-temperature needs --teacher FILE' --teacher-temperature 3
    refused 64 'leave out --loss and --negatives' --teacher "$TEACHER" --loss bpr
    refused 64 'learns from an angle, of which --teacher knows nothing' --teacher "$TEACHER" --decoder embedding
    refused 64 '--teacher goes with --model improved, not with narm' --model narm --teacher "$TEACHER"
    synthesize --users 14 --days 9 --seed 4 | lfm-sessionize | tfilter --split user:0.8 -o other.mp 2>said
    batcher --epochs 1 --history 0 -o other-batches.mp other.mp
    BATCHES=other-batches.mp refused 65 "it does not know item '" --teacher "$TEACHER"
    # a model of one direction has nothing to say of sessions in the other
    run -65 predictor -q --model "$TEACHER" -o out.mp "$BATCHES"
    [[ $output == *'teacher.st has learned from sessions from their end, and those of the stream are from their beginning (batcher --reverse)'* ]]
    run -65 predictor -q --model "$BEGUN" -o out.mp "$BATS_FILE_TMPDIR/reversed.mp"
    predictor -q --model "$TEACHER" -o out.mp "$BATS_FILE_TMPDIR/reversed.mp"
    run -64 recommender --model "$TEACHER" "$SPLIT"
    [[ $output == *'it says what came before'* ]]
}
