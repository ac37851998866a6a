# What --memory bounds: peaks of the programs between a raw log and batches, and that where sessions
# wait does not show in what is written.
load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    large --events 2500000 --users 20000 --items 5000 >raw.csv
    csv-sessionize --quiet --user user --item item --time time -o sessions.mp raw.csv
    tfilter --quiet --split user:0.8 -o split.mp sessions.mp
    awk -F , 'NR == 1 || $2 < 1233000000' raw.csv |
        csv-sessionize --quiet --user user --item item --time time -o older.mp
    awk -F , 'NR == 1 || $2 >= 1233000000' raw.csv |
        csv-sessionize --quiet --user user --item item --time time -o newer.mp
}

setup() {
    [ "${VARIANT:-release}" = release ] || skip "the sanitizers need memory of their own"
    cd "$BATS_FILE_TMPDIR"
}

# The command takes at most 8 and 16 MB, unless it may take more, and writes the same either way.
within() { # COMMAND...
    local mb
    read -r _ _ mb < <(used "$@" --memory 8M -o file.mp)
    used "$@" --memory 1G -o memory.mp
    cmp memory.mp file.mp
    echo "$mb MB: $*"
    [ "${mb%.*}" -lt 24 ]
}

@test "csv-sessionize stays within --memory" {
    within csv-sessionize --user user --item item --time time raw.csv
    within csv-sessionize --user user --item item --time time --carry item=item raw.csv
}

@test "tfilter stays within --memory, whatever filters it applies" {
    within tfilter --min-item-support 5 --min-sessions 3 --split user:0.8 sessions.mp
    within tfilter --split newest:0.2 --validation last-day --drop-unseen sessions.mp
    within tfilter --recent 0.5 --split leave-one-out --drop-unseen-users sessions.mp
    within tfilter --user-count above --dwell-bins scott --split last-week sessions.mp
}

@test "tfilter --merge stays within --memory" {
    within tfilter --merge --min-user-support 3 --split user:0.8 older.mp newer.mp
}

@test "batcher stays within --memory, with every scheme" {
    for scheme in longest-first shuffled sessions user-parallel session-parallel; do
        within batcher --scheme "$scheme" --epochs 2 split.mp
    done
    within batcher --train-recent 0.5 --train-oldest user:0.9 --min-batch 10 --epochs 1 split.mp
}

@test "what users and items need beyond --memory is told in one line" {
    large --events 900000 --users 400000 --items 300000 |
        csv-sessionize --quiet --min-events 0 --user user --item item --time time -o names.mp
    tfilter --quiet --memory 64K --split user:0.5 -o file.mp names.mp 2>err
    [ "$(grep -c -- '--memory: [0-9]* MB were needed for what cannot wait in temporary files' err)" = 1 ]
    batcher --quiet --memory 64K --epochs 1 -o batches.mp file.mp 2>err
    grep -q -- '^batcher: --memory: [0-9]* MB were needed' err
    tfilter --quiet --split user:0.5 -o memory.mp names.mp 2>err
    run -1 grep -e --memory err
    cmp memory.mp file.mp
}

@test "where sessions wait does not show in what baseline, trainer and predictor write" {
    local memory
    large --events 30000 --users 1500 --items 300 |
        csv-sessionize --quiet --user user --item item --time time |
        tfilter --quiet --split user:0.8 -o some.mp
    batcher --quiet --epochs 1 --batch 100 -o few.mp some.mp
    for memory in 1G 64K; do
        baseline --quiet --model session-knn --memory $memory -o "lists.$memory" some.mp
        trainer --quiet --device cpu --threads 1 --embedding 4 --memory $memory --save "model.$memory" -o "ranks.$memory" few.mp
        predictor --quiet --device cpu --threads 1 --model model.1G --memory $memory -o "again.$memory" few.mp
    done
    for file in lists model ranks again; do cmp $file.64K $file.1G; done
    for program in 'trainer --embedding 4' predictor; do
        # shellcheck disable=SC2086
        TMPDIR=nowhere run -73 $program --quiet --memory 64K -o none.mp few.mp
    done
}
