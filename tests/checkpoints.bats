# Checkpoints of trainer: a run that was killed or stopped and resumed gives the bytes of a run that
# was not; other checkpoints are refused.  SESSPIPE_LONG=1: every moment, 20 kills.

bats_require_minimum_version 1.5.0
load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    synthesize --users 10 --days 6 | lfm-sessionize |
        tfilter --split user:0.8 --validation 0.1 -o split.mp 2>said
    batches=(batcher --flush --batch 6 --min-batch 3 --epochs 3 --history 4)
    "${batches[@]}" --scheme shuffled -o batches.mp split.mp 2>said
    "${batches[@]}" --scheme shuffled --seed 2 -o others.mp split.mp 2>said
    "${batches[@]}" -o again.mp split.mp 2>said # its later passes are the first ones again
    train --save never.st --card never.card -o never.mp batches.mp
    train --save never-again.st --card never-again.card -o never-again.mp again.mp
}

setup() {
    BATCHES=$BATS_FILE_TMPDIR/batches.mp
    NEVER=$BATS_FILE_TMPDIR/never
}

# Background commands are arrays: killing a function would kill its shell, not the program.
TRAIN=("$SESSPIPE_BIN/trainer" --quiet --threads 1 --embedding 8 --inter hidden,delta --attention 9 --top 3)
train() { "${TRAIN[@]}" "$@"; }

# A run that writes checkpoints; it resumes from an existing one.
WHOLE=("${TRAIN[@]}" --save model --card card -o out --checkpoint check --checkpoint-every 1)
run_on() { # OPTION ...
    local resume=()
    [ ! -e check ] || resume=(--resume check)
    "${WHOLE[@]}" "${resume[@]}" "$@" "$BATCHES"
}

same_as_never() {
    cmp "$NEVER.mp" out
    cmp "$NEVER.st" model
    diff <(grep -v '^| file |' "$NEVER.card") <(grep -v '^| file |' card)
}

# Checks the status of the command, and its message in `said`.
status_of() {
    status=0
    "$@" >got 2>said || status=$?
}

refused() { # STATUS WORDS COMMAND ...
    local expected=$1 words=$2
    shift 2
    status_of "$@"
    [ "$status" = "$expected" ] || { echo "status $status, not $expected: $(cat said)"; return 1; }
    grep -q -- "$words" said || { echo "not \"$words\": $(cat said)"; return 1; }
}

# The checkpoint of a run that was killed where it waited for the second half of its schedule.
killed_run() {
    mkfifo input
    "${WHOLE[@]}" input 2>said &
    pid=$!
    exec 9>input
    head -c "$(within "$BATCHES" 50)" "$BATCHES" >&9
    wait_for_quiet check "$pid"
    kill -9 "$pid"
    wait "$pid" || true
    exec 9>&-
    rm input
}

# Waits until the file exists and no longer changes, and the process waits too: on a busy machine it
# may have had no time to change anything.
wait_for_quiet() { # FILE PID
    local before=- now
    for ((i = 0; i < 300; i++)); do
        now=$(stat -c '%i %s %Y' "$1" 2>/dev/null || true)
        [ -z "$now" ] || [ "$now" != "$before" ] || ! grep -q '^State:.S' "/proc/$2/status" || return 0
        before=$now
        sleep 0.2
    done
    echo "$1 never came to rest"
    return 1
}

can_trace() {
    need strace
    strace -f -qq -o /dev/null -e inject=fsync:error=EIO true 2>/dev/null || skip "strace cannot trace here"
    export ASAN_OPTIONS=detect_leaks=0
}

@test "checkpoints do not change the output; a run that has ended has nothing left to do" {
    run_on
    same_as_never
    [ ! -e check.lock ]
    [ -z "$(ls | grep part || true)" ]
    run_on
    same_as_never
    spcat out | head -1 >header
    run -1 grep -E 'checkpoint|resume' header
}

# Kills the run at random moments and resumes it, as often as $most says.
killed_again_and_again() {
    local kills=0 took round resume
    rm -f check out model
    took=$(date +%s%N)
    run_on
    took=$((($(date +%s%N) - took) / 1000000))
    for ((round = 0; kills < most; round++)); do
        rm -f check out model
        for (( ; kills < most; )); do
            resume=()
            [ ! -e check ] || resume=(--resume check)
            "${WHOLE[@]}" "${resume[@]}" "$BATCHES" 2>said &
            pid=$!
            sleep "$(printf '0.%03d' $((RANDOM % (took < 900 ? took : 900) + 1)))"
            kill -9 "$pid" 2>/dev/null || true
            status=0
            wait "$pid" || status=$?
            [ "$status" != 0 ] || break
            [ "$status" = 137 ] || { echo "$status: $(cat said)"; false; }
            kills=$((kills + 1))
        done
        run_on
        same_as_never
    done
}

@test "killed and resumed again and again: the bytes of a run that was not killed" {
    local most=3
    [ -z "${SESSPIPE_LONG:-}" ] || most=20
    RANDOM=7
    killed_again_and_again
    BATCHES=$BATS_FILE_TMPDIR/again.mp NEVER=$BATS_FILE_TMPDIR/never-again
    killed_again_and_again
}

@test "killed at the moment of any fsync, rename or cut: the same bytes" {
    local step=5
    can_trace
    [ -z "${SESSPIPE_LONG:-}" ] || step=1
    for call in fsync rename ftruncate unlink; do
        for ((n = 1; n < 1000; n += step)); do
            rm -f check out model
            status=0
            strace -f -qq -o /dev/null -e "inject=$call:signal=KILL:when=$n" -- \
                "${TRAIN[@]}" --save model -o out --checkpoint check "$BATCHES" 2>said || status=$?
            if [ "$status" != 0 ]; then
                [ "$status" = 137 ] || { echo "$call $n: $status: $(cat said)"; false; }
                run_on
            fi
            same_as_never
            [ "$status" != 0 ] || break
        done
    done
}

@test "SIGINT, SIGTERM, SIGHUP: writes the checkpoint, then dies of the signal; no model" {
    for row in INT:130 TERM:143 HUP:129; do
        rm -f check out* model input
        mkfifo input
        # A shell's background jobs ignore SIGINT, and their children do too.
        /usr/bin/env --default-signal=INT,TERM,HUP "$SESSPIPE_BIN/trainer" --threads 1 --embedding 8 \
            --inter hidden,delta --attention 9 --top 3 --save model -o out --checkpoint check input 2>said &
        pid=$!
        exec 9>input
        head -c "$(within "$BATCHES" 50)" "$BATCHES" >&9
        sleep 1
        kill -"${row%:*}" "$pid"
        status=0
        wait "$pid" || status=$?
        exec 9>&-
        [ "$status" = "${row#*:}" ] || { echo "$row: $status: $(cat said)"; false; }
        grep -q -- '--resume check continues' said
        [ -s check ]
        [ ! -e check.lock ]
        [ ! -e model ]
        [ ! -e out ]
        run_on
        same_as_never
    done
}

@test "a second signal ends it at once, also while it waits for its reader" {
    mkfifo full
    sleep 60 <full &
    sleeper=$!
    "${TRAIN[@]}" --top 50 --attention all --checkpoint check "$BATCHES" >full 2>said &
    pid=$!
    sleep 1.5 # the pipe is full by now
    kill -TERM "$pid"
    sleep 0.5
    kill -0 "$pid" # it cannot finish its batch
    kill -TERM "$pid"
    status=0
    wait "$pid" || status=$?
    kill "$sleeper"
    [ "$status" = 143 ]
}

@test "a signal at any moment that it takes or gives back its lock leaves no lock" {
    can_trace
    with_lock() { strace -f -qq -P "$PWD/check.lock" "$@" -- "${TRAIN[@]}" --checkpoint "$PWD/check" -o out "$BATCHES"; }
    with_lock -o calls
    mv out whole
    # Each call by its name: of a set of calls some versions of strace count each for itself.  None
    # is sent at close, when the file has lost the name by which strace knows it.
    sed -nE 's/^[0-9]+ +([a-z0-9_]+)\(.*/\1/p' calls | grep -vx close | sort | uniq -c >counted
    [ "$(wc -l <counted)" -gt 3 ]
    while read -r count call; do
        for ((n = 1; n <= count; n++)); do
            status=0
            rm -f out
            with_lock -o /dev/null -e "inject=$call:signal=TERM:when=$n" 2>said </dev/null || status=$?
            # When it is removed, all is written.
            [ "$status" = 143 ] || { [ "$status" = 0 ] && cmp out whole; } || { echo "$call $n: status $status"; false; }
            [ ! -e check.lock ]
        done
    done <counted
}

@test "the reader goes away: 141, silent, the checkpoint and no model" {
    status=0
    (train --save model --top 11 --checkpoint check "$BATCHES" 2>said || echo $? >status) | head -c 100 >got
    [ "$(cat status)" = 141 ]
    [ ! -s said ]
    [ -s check ]
    [ ! -e model ]
    # The resumed run writes the rest: whole passes, the last ones of the run.
    train --save model --top 11 --resume check "$BATCHES" >rest.mp
    train --top 11 "$BATCHES" >all.mp
    spcat rest.mp | grep '^\["pass"' >rest
    spcat all.mp | grep '^\["pass"' >all
    [ -s rest ]
    tail -n "$(wc -l <rest)" all | cmp - rest
    [ -s model ]
}

@test "without -o the output leaves out a test pass that had begun, but not a training pass" {
    killed_run
    train --resume check --checkpoint new "$BATCHES" >rest.mp
    spcat --check rest.mp
    spcat rest.mp | grep '^\["pass"' >rest
    spcat "$NEVER.mp" | grep '^\["pass"' >all
    tail -n "$(wc -l <rest)" all | cmp - rest
    [ "$(wc -l <rest)" -lt "$(wc -l <all)" ]
    [ -z "$(diff <(spcat rest.mp | grep -c '^\["epoch"') <(wc -l <rest))" ]
}

@test "when the program before fails: 65, the last checkpoint stays, no model" {
    head -c "$(within "$BATCHES" 50)" "$BATCHES" >cut.mp
    refused 65 'ended early' train --save model -o out --checkpoint check cut.mp
    [ -s check ]
    [ ! -e model ]
    [ ! -e out ]
    run_on
    same_as_never
}

@test "other options are refused by name with 64, other data with 65" {
    killed_run
    refused 64 'trainer --lr was 0.001, is 0.01' run_on --lr 0.01
    refused 64 'trainer --inter was hidden,delta, is hidden' run_on --inter hidden
    refused 64 'trainer --stop-after was 0, is 1' run_on --stop-after 1
    refused 64 'continues the output out' train --resume check -o another "$BATCHES"
    refused 65 'batcher --seed was 1, is 2' train --resume check -o out "$BATS_FILE_TMPDIR/others.mp"
    # The same header, other records.
    spcat "$BATCHES" | sed '/^\["batch"/{s/\[\([0-9]*\),\([0-9]*\)/[\2,\1/;:rest;n;brest}' |
        sed 's/^\["E".*/["E"]/' | spcat --from-json -o changed.mp
    [ "$(cmp -l "$BATCHES" changed.mp | wc -l)" -gt 1 ]
    refused 65 'the first [0-9]* records of the input differ' train --save model --resume check -o out changed.mp
    run_on
    same_as_never
}

@test "an input that ends before the checkpoint: 65" {
    killed_run
    head -c "$(within "$BATCHES" 20)" "$BATCHES" >cut.mp
    refused 65 'ended early' train --resume check -o out cut.mp
    run_on
    same_as_never
}

@test "one run at a time: the second names the first, 75" {
    mkfifo input
    "${TRAIN[@]}" --checkpoint check input >got &
    pid=$!
    exec 9>input
    head -c "$(within "$BATCHES" 20)" "$BATCHES" >&9
    wait_for_quiet check.lock "$pid"
    refused 75 "process $pid" run_on
    refused 75 "process $pid" train --checkpoint check "$BATCHES"
    kill -9 "$pid"
    wait "$pid" || true
    exec 9>&-
    rm -f check
    run_on # the lock that a killed run leaves holds nobody up
    same_as_never
}

@test "a file that is cut, changed or no checkpoint is refused with 65, and the output stays" {
    killed_run
    cp check good
    size=$(stat -c %s good)
    for ((n = 0; n < size; n += size / 12)); do
        head -c "$n" good >check
        refused 65 check run_on
    done
    for ((n = 9; n < size; n += size / 16)); do
        cp good check
        printf '\xa5' | dd of=check bs=1 seek="$n" conv=notrunc status=none
        cmp -s good check || refused 65 check run_on
    done
    cp "$NEVER.st" check
    refused 65 'a model, not a checkpoint: use --init to start from it' run_on
    echo nothing >check
    refused 65 check run_on
    rm check
    refused 66 check train --resume check -o out "$BATCHES"
    cp good check
    run_on
    same_as_never
}

@test "fields that do not fit are named" {
    killed_run
    cp check good
    for row in '"steps":|"stepz":|steps: is missing' 'tally\.part|tally.parz|tally.part: is missing' \
        'checkpoint 1|checkpoint 2|another version' 'data_offsets":\[0,8\]|data_offsets":[1,8]|data_offsets' \
        'data_offsets":\[8,16\]|data_offsets":[0,8] |data_offsets' '"F64"|"I64"|is of another type' \
        '"shape":\[\]|"shape":[2]|data_offsets do not fit'; do
        IFS='|' read -r from to words <<<"$row"
        LC_ALL=C sed "s/$from/$to/" good >check
        ! cmp -s good check || { echo "$row changes nothing"; false; }
        refused 65 "$words" run_on
    done
}

@test "an output that is gone, cut or changed is refused" {
    killed_run
    part=$(echo out.*.kept)
    mv "$part" kept
    refused 66 "$part" run_on
    head -c 100 kept >"$part"
    refused 65 'shorter' run_on
    cp kept "$part"
    printf 'xx' | dd of="$part" bs=1 seek=200 conv=notrunc status=none
    refused 65 "$part" run_on
    cp kept "$part"
    echo 'what came behind the checkpoint' >>"$part"
    run_on
    same_as_never
}

@test "an output that is to be continued outlives other runs, and goes with its checkpoint" {
    killed_run
    kept=$(echo out.*.kept)
    "${TRAIN[@]}" -o out "$BATCHES" # which knows nothing of the checkpoint
    [ -e "$kept" ]
    cp check good
    run_on
    same_as_never
    [ "$(ls -d out* check*)" = $'check\nout' ]
    # A new run replaces the checkpoint: nothing is left to continue the old output.
    rm check out
    killed_run
    "${WHOLE[@]}" "$BATCHES"
    same_as_never
    [ "$(ls -d out* check*)" = $'check\nout' ]
}

@test "outputs and checkpoints behind links: killed and resumed there" {
    mkdir elsewhere
    ln -s elsewhere/output out
    ln -s elsewhere/state check
    killed_run
    [ "$(ls out* check*)" = $'check\nout' ]
    run_on
    same_as_never
    [ -L out ] && [ -L check ]
    [ "$(ls elsewhere)" = $'output\nstate' ]
    # A part is made anew: a link that has its name is left alone.
    ln -s victim check.sesspipe-0.part
    ln -s victim elsewhere/state.sesspipe-0.part
    rm elsewhere/state elsewhere/output
    "${WHOLE[@]}" "$BATCHES"
    same_as_never
    [ ! -e victim ] && [ ! -e elsewhere/victim ]
}

@test "a checkpoint that cannot be written: 74 or 73, and the checkpoint before stays complete" {
    can_trace
    killed_run
    cp check good
    cp out.*.kept kept
    for rule in write:error=ENOSPC:when=2 fsync:error=EIO rename:error=ENOSPC; do
        status=0
        strace -f -qq -o /dev/null -P check.sesspipe-0.part -P "$PWD/check.sesspipe-0.part" -e "inject=$rule" -- \
            "${WHOLE[@]}" --resume check "$BATCHES" 2>said || status=$?
        [ "$status" = 74 ] || { echo "$rule: $status: $(cat said)"; false; }
        cmp good check
        [ -z "$(ls | grep "^check.*part")" ]
    done
    mkdir folder
    refused 73 folder train --checkpoint folder "$BATCHES"
    refused 73 nowhere train --checkpoint nowhere/check "$BATCHES"
    run_on
    same_as_never
}

@test "options that do not go together" {
    refused 64 '--checkpoint FILE' train --checkpoint-every 3 "$BATCHES"
    refused 64 'same file' train --checkpoint model --save model "$BATCHES"
    ln -s model link
    refused 64 'save and --checkpoint name the same file' train --checkpoint link --save model "$BATCHES"
    refused 64 'output and --save name the same file' train -o "$PWD/model" --save model "$BATCHES"
    cp "$BATCHES" batches.mp
    for option in checkpoint resume save; do
        refused 64 "$option names an input, batches.mp" train --$option ./batches.mp batches.mp
    done
    cmp "$BATCHES" batches.mp
    [ ! -e model ]
    [ -z "$(ls *.part *.lock 2>/dev/null)" ]
    refused 73 'name a file' train --checkpoint - "$BATCHES"
    refused 66 missing train --resume missing "$BATCHES"
}

# Where the checkpoint is: epoch, part and batches of the pass.
stands_at() {
    /usr/bin/python3 - check <<'EOT'
import json, struct, sys
data = open(sys.argv[1], "rb").read()
length = struct.unpack("<Q", data[:8])[0]
header = json.loads(data[8 : 8 + length])
for name in ("tally.epoch", "tally.part", "tally.batches"):
    begin, end = header[name]["data_offsets"]
    print(*struct.unpack("<q", data[8 + length + begin : 8 + length + end]), end=" ")
EOT
}

# A run over the batches that is cut off and resumed, and one that is not.
goes_on() { # BATCHES OPTION ...
    local batches=$1 plain
    shift
    rm -f check out* model
    plain=("$SESSPIPE_BIN/trainer" --quiet --threads 1 --embedding 6 "$@")
    "${plain[@]}" --save expected.st -o expected.mp "$batches"
    head -c "$(within "$batches" 60)" "$batches" >cut.mp
    refused 65 'ended early' "${plain[@]}" --save model -o out --checkpoint check --checkpoint-every 2 cut.mp
    "${plain[@]}" --save model -o out --resume check "$batches"
    cmp expected.mp out
    cmp expected.st model
}

@test "every model resumes with the same bytes" {
    goes_on "$BATCHES" --inter hidden,delta --session-rep last --optimizer adagrad --clip 0.5
    goes_on "$BATCHES" --inter age --bidirectional --optimizer sgd --momentum 0.5 --attention 5
    goes_on "$BATCHES" --inter week --intra cat --per-user inter,intra --attention 5
    goes_on "$BATCHES" --intra sum --attention all
    goes_on "$BATCHES" --lr-decay cosine --warm-up 7 # rows of tables wait for updates of other rates
    goes_on "$BATCHES" --inter hidden --clusters 3 --per-user inter --cluster-encoders inter,intra
    goes_on "$BATCHES" --inter hidden --intra sum --clusters 3 --cluster-encoders inter,intra
    goes_on "$BATCHES" --model narm --attention 5
    goes_on "$BATCHES" --model rib --context hour --attention 5
    goes_on "$BATCHES" --model context-rnn --context hour --cell lstm
    goes_on "$BATCHES" --model improved
    batcher --reverse --history 0 -o reversed.mp "$BATS_FILE_TMPDIR/split.mp" 2>said
    trainer -q --threads 1 --model improved --embedding 8 --save teacher.st -o taught.mp reversed.mp
    goes_on "$BATCHES" --model improved --teacher teacher.st
    goes_on "$BATCHES" --model improved --decoder embedding --init-some teacher.st --freeze item_embedding --stop-after 1 --stop-by loss
    goes_on "$BATCHES" --model asars --context hour --attention 5
    goes_on "$BATCHES" --model asars --variant user-att --cell gru --negatives 9
    goes_on "$BATCHES" --model asars --variant user-cat --dynamics
    goes_on "$BATCHES" --model youtube-dnn --users 4 --layers 5 --negatives 9
    goes_on "$BATCHES" --model session-embedding --context hour
    goes_on "$BATCHES" --model session-embedding --negatives 9
    goes_on "$BATCHES" --model intent --attention 5
    goes_on "$BATCHES" --model wavenet --gated --layers 2
    goes_on "$BATCHES" --model sasrec --attention 5
    goes_on "$BATCHES" --model stamp --item-dropout 0.3 --attention 5
    goes_on "$BATCHES" --decoder tied --bidirectional --negatives 9
    goes_on "$BATCHES" --model bpr-mf --negatives 9 --optimizer adagrad --momentum 0.5
    goes_on "$BATCHES" --model fpmc --weight-decay 0.01
    goes_on "$BATCHES" --stop-after 1 --save-by last
    goes_on "$BATCHES" --model hierarchical --session-rep attention --user-rep attention --inter delta --attention 5
    goes_on "$BATCHES" --model hierarchical --intra cat --per-user intra --attention 5
    goes_on "$BATS_FILE_TMPDIR/again.mp" --inter hidden --session-rep last
}

@test "another teacher in the file of the same name is refused" {
    batcher --reverse --epochs 1 --history 0 -o reversed.mp "$BATS_FILE_TMPDIR/split.mp" 2>said
    taught=("$SESSPIPE_BIN/trainer" --quiet --threads 1 --model improved --embedding 6 --teacher teacher.st -o out)
    teach() { trainer -q --threads 1 --model improved --embedding 6 --seed "$1" --save teacher.st -o taught.mp reversed.mp; }
    teach 1
    "${taught[@]}" --checkpoint check "$BATCHES"
    teach 2
    refused 65 "of other data: the header's \"teacher\" differs" "${taught[@]}" --resume check "$BATCHES"
    teach 1
    "${taught[@]}" --resume check "$BATCHES"
}

# Kills the run behind the checkpoint of that number, at epoch, part and batches, and resumes it.  A
# checkpoint is one rename; after the first one comes that of the output's temporary file.
killed_at() { # NUMBER "EPOCH PART BATCHES "
    rm -f check out model
    status_of strace -f -qq -o /dev/null -e "inject=rename:signal=KILL:when=$(($1 + 2))" -- \
        "${WHOLE[@]}" "$BATCHES"
    [ "$status" = 137 ]
    [ "$(stands_at)" = "$2" ]
    run_on
    same_as_never
}

@test "a run resumes within a pass that comes again" {
    can_trace
    BATCHES=$BATS_FILE_TMPDIR/again.mp NEVER=$BATS_FILE_TMPDIR/never-again
    [ "$(spcat "$BATCHES" | grep -c '^."again"')" = 6 ]
    local batches tests # of an epoch; a checkpoint follows each
    batches=$(spcat "$BATCHES" | grep -c '^."batch"')
    tests=$(spcat "$BATCHES" | sed -n '/^."epoch",1,3/,/^."epoch",2/p' | grep -c '^."batch"')
    killed_at $((batches + 3)) '2 1 3 '
    killed_at $((2 * batches - 1)) "2 3 $((tests - 1)) "
}

@test "models of parallel mini-batches resume within training and test passes" {
    can_trace
    synthesize --users 40 --days 40 | lfm-sessionize | tfilter --quiet --split user:0.8 |
        batcher --scheme user-parallel --batch 12 --epochs 2 -o parallel.mp
    BATCHES=parallel.mp NEVER=expected
    for options in '--model hrnn --negatives 7 --spare-history' '--model hrnn --propagate all --unroll 3' \
        '--model rnn --join-sessions' '--model rnn --join-sessions --separator' '--model rnn --cell lstm --layers 2 --input one-hot --unroll 2'; do
        # shellcheck disable=SC2206
        TRAIN=("$SESSPIPE_BIN/trainer" --quiet --threads 1 --embedding 6 $options)
        WHOLE=("${TRAIN[@]}" --save model -o out --checkpoint check --checkpoint-every 1)
        train --save expected.st -o expected.mp parallel.mp
        killed_at 3 '1 1 3 '
        killed_at 9 '1 3 3 '
        killed_at 59 '2 1 5 '
    done
}
