# search.mk: settings of a model, chosen on the validation part; what is made is not made again.
bats_require_minimum_version 1.5.0
load helpers

search() {
    make -f "$ROOT/pipelines/search.mk" OUT=out EPOCHS=1 BATCH='--batch 10' THREADS=1 "$@"
}

setup_file() {
    command -v parallel >/dev/null || return 0
    cd "$BATS_FILE_TMPDIR"
    synthesize --users 12 --days 8 >log.tsv
    search DATA=log.tsv GRID='--lr 0.001|0.01 --embedding 4|8' >said 2>err
}

setup() {
    need parallel
    cp -r --preserve=timestamps "$BATS_FILE_TMPDIR"/. .
}

@test "all combinations, the best on the validation part first, and its model" {
    [ "$(cut -f 2 out/runs | sort)" = "$(for e in 4 8; do for l in 0.001 0.01; do
        echo "--lr $l --embedding $e --seed 1"; done; done | sort)" ]
    [ "$(wc -l <out/search.tsv)" = 5 ]
    sed 1d out/search.tsv | sort -s -k 1,1gr | cmp - <(sed 1d out/search.tsv)
    # Every run's score is that of its own file.
    while IFS=$'\t' read -r file options; do
        scorer -q --best --by none --format tsv "$file.mp" |
            awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } NR == 2 { print $at["selection_score"] }' >score
        grep -qFx -e "$(cat score)"$'\t1\t'"$options" out/search.tsv
    done <out/runs
    options=$(sed -n '2s/.*\t//p' out/search.tsv)
    file=$(grep -F -e "$options" out/runs | cut -f 1)
    [ "$(cat out/best)" = "$file.mp" ]
    cmp out/best.safetensors "$file.safetensors"
    scorer -q --best --by none "$file.mp" | cmp - out/best.txt
    [ ! -e out/failed.txt ]
}

@test "a larger grid makes what is new, and only that" {
    ls --full-time out/*.mp | sort >before
    search DATA=log.tsv GRID='--lr 0.001|0.01 --embedding 4|8|5' >said 2>err
    [ "$(wc -l <out/search.tsv)" = 7 ]
    [ "$(ls --full-time out/*.mp | sort | comm -23 before - | wc -l)" = 0 ]
    # nothing to do
    search DATA=log.tsv GRID='--lr 0.001|0.01 --embedding 4|8|5' >said 2>err
    run ! grep -q parallel said
}

@test "some combinations, drawn: the same seed draws the same" {
    for seed in 1 1 2; do
        search DATA=log.tsv GRID='--lr 0.001|0.01 --embedding 4|8' DRAWS=2 DRAW_SEED=$seed >said 2>err
        [ "$(wc -l <out/runs)" = 2 ]
        cp out/runs "runs-$((++count))"
    done
    cmp runs-1 runs-2
}

@test "a run that fails is named, and the others go on" {
    search DATA=log.tsv GRID='--lr 1e9|0.01 --embedding 4' >said 2>err
    [ "$(cat out/failed.txt)" = 'failed: --lr 1e9 --embedding 4 --seed 1' ]
    grep -qx 'failed: --lr 1e9 --embedding 4 --seed 1' said
    [ "$(wc -l <out/search.tsv)" = 2 ]
    # again, and that alone
    ls --full-time out/*.mp | sort >before
    search DATA=log.tsv GRID='--lr 1e9|0.01 --embedding 4' >said 2>err
    grep -q 'diverge' err && grep -qx 'failed: --lr 1e9 --embedding 4 --seed 1' said
    ls --full-time out/*.mp | sort | cmp before -
    # without that run, none has failed
    search DATA=log.tsv GRID='--lr 0.01 --embedding 4' >said 2>err
    [ ! -e out/failed.txt ]
}

@test "options may have quotes, of all runs and of the grid" {
    search DATA=log.tsv OUT=quotes MODEL="--model youtube-dnn --embedding 4 --layers ''" GRID="--lr '0.01'|0.02" >said 2>err || { cat err; false; }
    [ ! -e quotes/failed.txt ]
    spcat "$(cat quotes/best)" | head -n 1 | jq -e '.[2].pipeline[-1][2].layers == ""'
    for lr in 0.01 0.02; do
        scorer -q --best --by none --format tsv quotes/*"$lr"*.mp |
            awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } NR == 2 { print $at["selection_score"] }' >score
        grep -E "^$(cat score)"$'\t'"1"$'\t'"--lr '?$lr'? --seed 1$" quotes/search.tsv
    done
}

@test "hosts share the runs, and what is there is not made again" {
    need rsync
    local_hosts
    ls --full-time out/*.mp | sort >before
    PATH="$PWD/path:$PATH" search DATA=log.tsv GRID='--lr 0.001|0.01 --embedding 4|8|5' SSHLOGIN=far,farther JOBS=1 >said 2>err || { cat err; false; }
    [ "$(sort -u hosts | tr '\n' ' ')" = 'far farther ' ]
    [ "$(wc -l <out/search.tsv)" = 7 ] && [ ! -e out/failed.txt ] || { cat said err; false; }
    [ "$(ls --full-time out/*.mp | sort | comm -23 before - | wc -l)" = 0 ]
    search DATA=log.tsv OUT=here GRID='--lr 0.001|0.01 --embedding 5' >said 2>err
    sed 1d here/search.tsv | grep -vxFf out/search.tsv && false
    cmp out/lr-0.01_embedding-5.1.safetensors here/lr-0.01_embedding-5.1.safetensors
    run -2 search DATA=log.tsv OUT=here GRID='--lr 0.001|0.001'
    [[ $output == *'here/lr-0.001.1'*'two runs have that name: GRID has a value twice'* ]]
}

@test "runs of a host that cannot be reached go to another, and have failed where there is none" {
    need rsync
    local_hosts
    PATH="$PWD/path:$PATH" search DATA=log.tsv GRID='--lr 0.001|0.01 --embedding 4|8|5' SSHLOGIN=far,gone JOBS=1 >said 2>err
    grep -q 'no route to gone' err
    [ "$(wc -l <out/search.tsv)" = 7 ] && [ ! -e out/failed.txt ] || { cat said err; false; }
    PATH="$PWD/path:$PATH" search DATA=log.tsv GRID='--lr 0.001|0.01 --embedding 4|6' SSHLOGIN=gone JOBS=1 >said 2>err
    [ "$(cat out/failed.txt)" = "$(printf 'failed: --lr %s --embedding 6 --seed 1\n' 0.001 0.01)" ]
    [ "$(wc -l <out/search.tsv)" = 3 ]
    PATH="$PWD/path:$PATH" search DATA=log.tsv GRID='--lr 0.001|0.01 --embedding 4|6' SSHLOGIN=far JOBS=1 >said 2>err
    [ "$(wc -l <out/search.tsv)" = 5 ] && [ ! -e out/failed.txt ] || { cat said err; false; }
}

@test "a run that fails with new options has no result of the old ones" {
    search DATA=log.tsv GRID='--lr 0.001|0.01 --embedding 4|8' MODEL='--model sasrec --heads 8' >said 2>err
    [ "$(wc -l <out/search.tsv)" = 3 ]
    [ "$(wc -l <out/failed.txt)" = 2 ]
    run -1 grep 'embedding 4' out/search.tsv
}

@test "where all runs fail it says so" {
    run -2 search DATA=log.tsv OUT=none GRID='--lr 1e9|x --embedding 4'
    [[ $output == *"--lr: 'x' is not a number"* && $output == *'failed: --lr x --embedding 4 --seed 1'* &&
        $output == *'no run has a result'* ]]
}

@test "other options that all runs share, or another log: all are made again" {
    ls --full-time out/*.[0-9].mp | sort >before
    search DATA=log.tsv GRID='--lr 0.001|0.01 --embedding 4|8' MODEL='--model ii-rnn --decoder tied' >said 2>err
    [ "$(ls --full-time out/*.[0-9].mp | sort | comm -12 before - | wc -l)" = 0 ]
    synthesize --users 12 --days 8 --seed 2 >other.tsv
    touch -d '1 hour ago' other.tsv
    cp out/search.tsv before
    search DATA=other.tsv GRID='--lr 0.001|0.01 --embedding 4|8' MODEL='--model ii-rnn --decoder tied' >said 2>err
    run ! cmp -s out/search.tsv before
}

@test "a choice needs a log and a validation part" {
    run env -u DATA make -f "$ROOT/pipelines/search.mk"
    [ "$status" = 2 ]
    [[ $output == *"name the raw log"* ]]
    run search DATA=log.tsv FILTER='--split user:0.8'
    [ "$status" = 2 ]
    [[ $output == *"needs a validation part"* ]]
}

@test "the make file of sesspipe(7): four models, one winner" {
    sed -n '/^MODELS = /,/^\.Ed/p' "$ROOT/man/sesspipe.7" | sed '/^\.Ed/d; s/\\e/\\/g; s/--epochs 5/--epochs 1/' >Makefile
    [ "$(wc -l <Makefile)" = 10 ]
    OMP_NUM_THREADS=1 make -s 2>err
    scorer -q --pick wide.mp narm.mp sasrec.mp stamp.mp | sed 's/mp$/safetensors/' | cmp - <(readlink best.safetensors)
    predictor -q --model best.safetensors batches.mp | spcat --check
}
