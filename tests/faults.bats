# What must survive what: each row is a fault that a real tool injects, against every stage it fits.
bats_require_minimum_version 1.5.0
load helpers

# The stages: `run_stage NAME [option ...]` reads its good input from stdin, `$(input_of NAME)`.
RAW="lfm-sessionize reddit-sessionize csv-sessionize json-sessionize"
FILTERS="tfilter batcher baseline trainer predictor recommender"
READERS="scorer attnviz spcat"
STREAMING="$FILTERS $READERS"

args_of() {
    case $1 in
    csv-sessionize | json-sessionize) args=(--user username --item subreddit --time utc) ;;
    tfilter) args=(--min-sessions 2 --split user:0.8) ;;
    batcher) args=(--batch 4 --epochs 2 --seed 3) ;;
    baseline) args=(--model pop) ;;
    trainer) args=(--embedding 4 --seed 3 --quiet) ;;
    predictor) args=(--model "$GOOD/model" --threads 1 --quiet) ;;
    recommender) args=(--model "$GOOD/model" --threads 1 --top 30 --quiet) ;;
    attnviz) args=(--html) ;;
    *) args=() ;;
    esac
}

run_stage() {
    local args
    args_of "$1"
    "$1" "${args[@]}" "${@:2}" 2>stage.err
}

# The same under strace with a fault: inject RULE STAGE [option ...].
inject() {
    local args
    args_of "$2"
    strace -f -qq -o /dev/null -e "inject=$1" -- "$SESSPIPE_BIN/$2" "${args[@]}" "${@:3}" 2>stage.err
}

# The same for reads of or writes to one file: inject_at FILE RULE STAGE [option ...].
inject_at() {
    local args
    args_of "$3"
    strace -f -qq -o /dev/null -P "$1" -e "inject=$2" -- "$SESSPIPE_BIN/$3" "${args[@]}" "${@:4}" 2>stage.err
}

input_of() {
    case $1 in
    lfm-sessionize) echo "$GOOD/lfm.tsv" ;;
    reddit-sessionize | csv-sessionize) echo "$GOOD/reddit.csv" ;;
    json-sessionize) echo "$GOOD/reddit.jsonl" ;;
    tfilter | spcat) echo "$GOOD/sessions.mp" ;;
    batcher | baseline | recommender) echo "$GOOD/split.mp" ;;
    trainer | predictor) echo "$GOOD/batches.mp" ;;
    scorer) echo "$GOOD/predictions.mp" ;;
    attnviz) echo "$GOOD/attention.mp" ;;
    esac
}

# A log of 12 users in both raw formats, newest first within a user; WEEKS long.
make_log() {
    awk -v weeks="$1" -v format="$2" 'BEGIN {
        srand(7); OFS = "\t"
        if (format == "reddit") print "username,subreddit,utc"
        for (u = 1; u <= 12; u++)
            for (day = 7 * weeks - u % 3; day > 0; day -= 1 + u % 2)
                for (event = 3 + (day * u) % 5; event > 0; event--) {
                    at = 1241395200 + day * 86400 + event * 60
                    item = (u * 7 + day % 7 * 3 + event * event) % 30
                    if (format == "reddit") print "user" u ",sub" item "," at
                    else print "user_" u, strftime_utc(at), "id-" item, "name " item, "", "track " item
                }
    }
    function strftime_utc(t,    d, y, m, len) {
        d = int(t / 86400); t -= d * 86400
        for (y = 1970; d >= (len = 365 + (y % 4 == 0 && (y % 100 != 0 || y % 400 == 0))); y++) d -= len
        for (m = 1; d >= (len = m == 2 ? 28 + (y % 4 == 0 && (y % 100 != 0 || y % 400 == 0)) : m == 4 || m == 6 || m == 9 || m == 11 ? 30 : 31); m++) d -= len
        return sprintf("%04d-%02d-%02dT%02d:%02d:%02dZ", y, m, d + 1, int(t / 3600), int(t / 60) % 60, t % 60)
    }'
}

setup_file() {
    export GOOD=$BATS_FILE_TMPDIR/good
    mkdir "$GOOD" && cd "$GOOD"
    make_log 3 lfm >lfm.tsv
    make_log 3 reddit >reddit.csv
    awk -F, -v OFS= 'NR > 1 { print "{\"username\":\"", $1, "\",\"subreddit\":\"", $2, "\",\"utc\":", $3, "}" }' reddit.csv >reddit.jsonl
    lfm-sessionize <lfm.tsv >sessions.mp
    run_stage tfilter <sessions.mp >split.mp
    run_stage batcher <split.mp >batches.mp
    run_stage trainer --save model <batches.mp >predictions.mp
    run_stage trainer --inter hidden,delta --attention 6 <batches.mp >attention.mp
    # Large enough that no pipe holds the whole.
    make_log 250 lfm >large.tsv
    lfm-sessionize <large.tsv >large.mp
    [ "$(wc -c <large.mp)" -gt 150000 ]
}

# The last stage's message: one line that begins with its name and, where given, matches.
one_message() {
    [ "$(wc -l <stage.err)" -ge 1 ] && ! grep -v "^$1: " stage.err &&
        { [ $# -lt 2 ] || grep -qiE "$2" stage.err; }
}

# fails STAGE STATUS [REGEX]: called after the stage with its status in $status.
fails() {
    [ "$status" = "$2" ] || { echo "$1: status $status, not $2: $(cat stage.err)"; return 1; }
    one_message "$1" "${3:-.}" || { echo "$1: said: $(cat stage.err)"; return 1; }
}

can_inject() {
    need strace
    strace -f -qq -o /dev/null -e inject=fsync:error=EIO true 2>/dev/null ||
        skip "strace cannot trace here"
    export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 # which cannot run in a traced process
}

# ---- outputs ----

@test "stdout full or closed: 74" {
    for stage in $RAW $STREAMING; do
        status=0
        run_stage "$stage" <"$(input_of "$stage")" >/dev/full || status=$?
        fails "$stage" 74 'standard output'
        status=0
        run_stage "$stage" <"$(input_of "$stage")" >&- || status=$?
        fails "$stage" 74 'standard output'
    done
}

@test "a closed stderr or stdin takes no other file's place" {
    for stage in $RAW $STREAMING; do
        run_stage "$stage" <"$(input_of "$stage")" >expected
        run_stage "$stage" "$(input_of "$stage")" >got 2>&- <&-
        cmp expected got
        status=0
        run_stage "$stage" <&- >got || status=$?
        fails "$stage" 74 'standard input'
    done
}

@test "descriptors that cannot be looked at are taken as they are; one that is closed and cannot be filled: 74" {
    can_inject
    for stage in $RAW $STREAMING; do
        run_stage "$stage" "$(input_of "$stage")" >expected
        inject fcntl:error=EPERM:when=1..3 "$stage" "$(input_of "$stage")" >got
        cmp expected got
        status=0
        inject_at /dev/null openat:error=ENOENT "$stage" "$(input_of "$stage")" <&- >got || status=$?
        fails "$stage" 74 'cannot open /dev/null in place of a closed descriptor'
    done
}

@test "a message that cannot be written, or is interrupted, changes no status" {
    for stage in $RAW $STREAMING; do
        args_of "$stage"
        run -65 "$stage" "${args[@]}" </dev/null 2>/dev/full
    done
    can_inject
    for stage in $RAW $STREAMING; do
        run -65 run_stage "$stage" </dev/null
        cp stage.err expected
        status=0
        inject write:error=EINTR:when=1 "$stage" </dev/null >/dev/null || status=$?
        [ "$status" = 65 ]
        cmp expected stage.err
    done
}

@test "a file-size limit on -o: 74, the file from before stays, no temporary" {
    for stage in $RAW $FILTERS; do
        echo before >out
        status=0
        (ulimit -f 1 && run_stage "$stage" -o out <"$(input_of "$stage")") || status=$?
        fails "$stage" 74 'out'
        [ "$(cat out)" = before ]
        [ "$(ls -d out*)" = out ]
    done
}

@test "a full disk, a failing fsync, close or rename: 74, the file from before stays, no temporary" {
    can_inject
    for stage in tfilter batcher lfm-sessionize; do
        for rule in write:error=ENOSPC:when=1 fsync:error=EIO rename:error=EIO rename:error=ENOSPC; do
            echo before >out
            status=0
            run_stage "$stage" -o out <"$(input_of "$stage")" >/dev/null # it works without the fault
            echo before >out
            inject "$rule" "$stage" -o out "$(input_of "$stage")" || status=$?
            fails "$stage" 74 out
            [ "$(cat out)" = before ]
            [ "$(ls -d out*)" = out ]
        done
    done
}

@test "a disk of 16 KiB: 74, the file from before stays, no temporary" {
    unshare -rm true 2>/dev/null || skip "no right to mount a small disk here"
    mkdir disk
    lfm-sessionize <"$GOOD/large.tsv" >large.mp
    unshare -rm bash -c '
        mount -t tmpfs -o size=16k none disk || exit 99
        echo before >disk/out
        tfilter --split user:0.8 -o disk/out large.mp 2>stage.err
        echo $? >status; cat disk/out >now; ls disk >left' || skip "no right to mount a small disk here"
    status=$(cat status)
    fails tfilter 74 'No space left'
    [ "$(cat now)" = before ]
    [ "$(cat left)" = out ]
}

@test "an output is written where its name leads" {
    long=$(printf 'n%.0s' {1..250})
    mkdir folder
    mkfifo fifo
    for stage in $RAW $STREAMING; do
        input=$(input_of "$stage")
        run_stage "$stage" "$input" >expected
        run_stage "$stage" -o /dev/stdout "$input" >got
        cmp expected got
        { echo before; run_stage "$stage" -o /dev/stdout "$input"; echo after; } >got
        { echo before; cat expected; echo after; } | cmp - got
        run_stage "$stage" -o /dev/stdout "$input" | cat >got
        cmp expected got
        run_stage "$stage" -o /dev/fd/7 "$input" 7>got
        cmp expected got
        cat fifo >got &
        run_stage "$stage" -o fifo "$input"
        wait $!
        cmp expected got
        [ -p fifo ]
        run_stage "$stage" -o /dev/null "$input"
        [ -c /dev/null ]
        ln -sf folder/out link
        for round in new there; do
            run_stage "$stage" -o link "$input"
            [ -L link ]
            cmp expected folder/out
        done
        chmod 640 folder/out
        run_stage "$stage" -o link "$input"
        [ "$(stat -c %a folder/out)" = 640 ]
        run_stage "$stage" -o "$long" "$input"
        cmp expected "$long"
        rm folder/out link "$long"
        [ -z "$(ls folder)" ]
    done
    [ -L /dev/stdout ]
    run_stage trainer --save /dev/fd/7 -o /dev/null "$GOOD/batches.mp" 7>got
    cmp "$GOOD/model" got
}

@test "an output that no file can replace: 73 at once" {
    unshare -rm true 2>/dev/null || skip "no right to mount here"
    echo host >host
    echo out >out
    for outputs in '-o out' '-o other --save out' '-o other --checkpoint out'; do
        status=0
        unshare -rm sh -c 'mount --bind host out || exit 99
            trainer --quiet --embedding 3 $1 "$2" 2>err' sh "$outputs" "$GOOD/batches.mp" || status=$?
        [ "$status" != 99 ] || skip "no right to mount here"
        [ "$status" = 73 ]
        [ "$(<err)" = "trainer: cannot replace out: it is mounted by itself: mount its folder, or name another file" ]
        [ "$(cat out host)" = $'out\nhost' ]
        [ "$(ls | grep -c -e part -e kept -e other)" = 0 ]
    done
}

@test "another user's file in a folder like /tmp: 73 at once" {
    need setpriv
    [ "$(id -u)" = 0 ] || skip "takes root, who may become another user"
    [ "${VARIANT:-release}" != cov ] || skip "another user cannot write the counters"
    shared=$(mktemp -d)
    cp "$SESSPIPE_BIN/tfilter" "$GOOD/sessions.mp" "$shared"
    echo old >"$shared/out"
    chmod 1777 "$shared"
    chmod a+r "$shared"/*
    as() { setpriv --reuid="$1" --regid="$1" --clear-groups "$shared/tfilter" --quiet -o "$shared/$2" "$shared/sessions.mp"; }
    run -73 --separate-stderr as 65534 out
    run -0 as 65534 own
    run -0 as 65534 own
    run -73 as 65533 own
    run -0 as 0 own
    kept=$(cat "$shared/out"; ls "$shared")
    rm -r "$shared"
    [[ $stderr == "tfilter: cannot replace $shared/out: in its folder only its owner may: name another file" ]]
    [ "$kept" = $'old\nout\nown\nsessions.mp\ntfilter' ]
}

@test "what a killed program left of an output: the next one of that name removes it" {
    can_inject
    for stage in $RAW $STREAMING; do
        input=$(input_of "$stage")
        run_stage "$stage" "$input" >expected
        for killed in 0 1; do
            status=0
            inject fsync:signal=KILL:when=1 "$stage" -o out "$input" || status=$?
            [ "$status" = 137 ]
            [ "$(ls -d out*)" = out.sesspipe-0.part ] # the second run has removed that of the first
        done
        run_stage "$stage" -o out "$input"
        cmp expected out
        [ "$(ls -d out*)" = out ]
        rm out
    done
    # The model and the checkpoint of trainer.
    for killed in model check; do
        status=0
        inject_at "$PWD/$killed.sesspipe-0.part" fsync:signal=KILL trainer --save "$PWD/model" \
            --checkpoint "$PWD/check" "$GOOD/batches.mp" >got || status=$?
        [ "$status" = 137 ]
        [ -e "$killed.sesspipe-0.part" ]
        run_stage trainer --save model --checkpoint check "$GOOD/batches.mp" >got
        cmp "$GOOD/model" model
        [ "$(ls -d model* check*)" = $'check\nmodel' ]
        rm model check
    done
}

@test "a signal that ends a program leaves nothing of its output" {
    can_inject
    for signal in HUP INT QUIT USR1 USR2 ALRM TERM XCPU VTALRM PROF; do
        status=0
        inject "fsync:signal=$signal:when=1" tfilter -o out "$GOOD/sessions.mp" || status=$?
        [ "$status" = $((128 + $(kill -l "$signal"))) ]
        [ ! -s stage.err ] || { cat stage.err; false; }
        [ -z "$(ls | grep '^out')" ] || { echo "$signal: $(ls)"; false; }
    done
}

@test "an interrupted fsync is tried again" {
    can_inject
    for stage in lfm-sessionize trainer; do
        input=$(input_of "$stage")
        run_stage "$stage" "$input" >expected
        inject fsync:error=EINTR:when=1+2 "$stage" -o out "$input"
        cmp expected out
        rm out
    done
}

@test "an output that cannot be made: 73" {
    mkdir folder
    for stage in $RAW $FILTERS; do
        for path in folder /dev/fd/1234 missing/out; do
            status=0
            run_stage "$stage" -o "$path" <"$(input_of "$stage")" >/dev/null || status=$?
            fails "$stage" 73 "$path"
        done
    done
}

@test "a reader that goes away: SIGPIPE, silent" {
    for stage in $RAW $STREAMING; do
        {
            status=0
            sleep 0.1
            run_stage "$stage" <"$(input_of "$stage")" || status=$?
            echo "$status" >status
        } | true
        [ "$(cat status)" = 141 ] || { echo "$stage: $(cat status)"; false; }
        [ ! -s stage.err ] || [ "$stage" = tfilter ] || [ "$stage" = batcher ]
    done
    status=0
    { run_stage spcat <"$GOOD/large.mp" || echo $? >status; } | head -c 1 >/dev/null
    [ "$(cat status)" = 141 ]
}

# ---- inputs ----

@test "a read that fails: 74, and the next stage hears of it" {
    can_inject
    for stage in $RAW $STREAMING; do
        input=$(input_of "$stage")
        status=0
        inject_at "$input" read:error=EIO:when=1 "$stage" "$input" >/dev/null || status=$?
        fails "$stage" 74 "$(basename "$input")"
    done
    status=0
    inject_at "$GOOD/large.mp" read:error=EIO:when=3 tfilter "$GOOD/large.mp" |
        baseline --model pop -o out 2>second.err || status=$?
    mv second.err stage.err
    fails baseline 65 'large.mp'
    [ ! -e out ]
}

@test "interrupted reads and writes change nothing" {
    can_inject
    for stage in $RAW $STREAMING; do
        input=$(input_of "$stage")
        run_stage "$stage" "$input" >expected
        inject_at "$input" read:error=EINTR:when=1+2 "$stage" "$input" >got
        cmp expected got
        inject_at "$PWD/got" write:error=EINTR:when=1+2 "$stage" "$input" >got
        cmp expected got
    done
}

@test "short reads and writes change nothing" {
    for stage in $RAW $STREAMING; do
        run_stage "$stage" <"$(input_of "$stage")" >expected
        dd bs=1 status=none if="$(input_of "$stage")" | run_stage "$stage" | dd bs=7 status=none >got
        cmp expected got
    done
}

@test "a standard input or output that does not block, and is slow, changes nothing" {
    unblocked='import os, sys; os.set_blocking(0, False); os.execvp(sys.argv[1], sys.argv[1:])'
    # A pipe of one page, which is full most of the time.
    cat >slow.py <<'END'
import fcntl, os, subprocess, sys, time
here, there = os.pipe()
os.set_blocking(there, False)
fcntl.fcntl(there, getattr(fcntl, "F_SETPIPE_SZ", 1031), 4096)
program = subprocess.Popen(sys.argv[1:], stdout=there)
os.close(there)
while got := os.read(here, 1 << 16):
    sys.stdout.buffer.write(got)
    time.sleep(0.001)
sys.exit(program.wait())
END
    for stage in $RAW $STREAMING; do
        input=$(input_of "$stage")
        run_stage "$stage" <"$input" >expected
        args_of "$stage"
        { sleep 0.2; head -c 100 "$input"; sleep 0.2; tail -c +101 "$input"; } |
            python3 -c "$unblocked" "$stage" "${args[@]}" 2>stage.err >got
        cmp expected got
        python3 slow.py "$stage" "${args[@]}" "$input" 2>stage.err >got
        cmp expected got
    done
    spcat "$GOOD/large.mp" >expected
    python3 slow.py spcat "$GOOD/large.mp" | cmp expected -
}

@test "input cut off anywhere: 65, nothing committed" {
    for stage in $STREAMING; do
        input=$(input_of "$stage")
        size=$(wc -c <"$input")
        output=(-o out)
        [ "$stage" != spcat ] || output=(--check)
        [ "$stage" != scorer ] || output=()
        for at in 1 12 13 50 $((size / 5)) $((size / 2)) $((size - 38)) $((size - 37)) $((size - 1)); do
            status=0
            head -c "$at" "$input" | run_stage "$stage" "${output[@]}" >/dev/null || status=$?
            fails "$stage" 65
            [ ! -e out ]
        done
    done
}

@test "bytes after the end: 65, nothing committed" {
    for stage in $FILTERS; do
        status=0
        { cat "$(input_of "$stage")"; echo; } | run_stage "$stage" -o out || status=$?
        fails "$stage" 65
        [ ! -e out ]
    done
}

@test "a flipped byte: 65, nothing committed" {
    for stage in $FILTERS; do
        input=$(input_of "$stage")
        size=$(wc -c <"$input")
        for at in 3 20 $((size / 3)) $((size / 2)) $((size - 4)); do
            cp "$input" flipped
            byte=$(od -An -tu1 -j "$at" -N 1 "$input")
            printf "\\x$(printf %02x $((byte ^ 64)))" |
                dd of=flipped bs=1 seek="$at" conv=notrunc status=none
            status=0
            run_stage "$stage" -o out <flipped || status=$?
            fails "$stage" 65
            [ ! -e out ]
        done
    done
}

# Events beyond --memory: of the sessions that these programs keep.
@test "a temporary file for events: the same bytes; its folder missing, its disk full: 73, 74" {
    run_stage tfilter <"$GOOD/large.mp" >large-split.mp
    run_stage batcher <large-split.mp >large-batches.mp
    for stage in batcher baseline trainer predictor recommender; do
        input=large-batches.mp
        [[ $stage != ba* && $stage != rec* ]] || input=large-split.mp
        run_stage "$stage" <"$input" >expected
        run_stage "$stage" --memory 64K <"$input" >got
        cmp expected got
        [ -z "$(find . -name 'sesspipe.*')" ]
        TMPDIR=$PWD run_stage "$stage" --memory 64K <"$input" >got
        cmp expected got
        [ -z "$(find . -name 'sesspipe.*')" ]
        status=0
        TMPDIR=$PWD/nowhere run_stage "$stage" --memory 64K -o out <"$input" || status=$?
        fails "$stage" 73 'cannot create a temporary file in .*nowhere'
        TMPDIR=$PWD/nowhere run_stage "$stage" <"$input" >got # needs none
        [ ! -e out ]
    done
    can_inject
    for stage in batcher baseline trainer predictor recommender; do
        input=large-batches.mp
        [[ $stage != ba* && $stage != rec* ]] || input=large-split.mp
        status=0
        inject pwrite64:error=ENOSPC "$stage" --memory 64K -o out <"$input" || status=$?
        fails "$stage" 74 'temporary file'
        [ ! -e out ]
    done
}

# ---- models ----

# Bit 6 of the byte at an offset.
flip() { # FILE OFFSET
    local byte
    byte=$(od -An -tu1 -j "$2" -N 1 "$1")
    printf "\\x$(printf %02x $((byte ^ 64)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

@test "a flipped bit in a model: 65, and nothing is written; without a hash it is taken" {
    size=$(wc -c <"$GOOD/model")
    data=$((8 + $(od -An -tu8 -N 8 "$GOOD/model")))
    for stage in predictor recommender trainer; do
        input=$(input_of "$stage")
        option=--model
        [ "$stage" != trainer ] || option=--init
        for at in "$data" $(((data + size) / 2)) $((size - 1)); do
            cp "$GOOD/model" flipped
            flip flipped "$at"
            status=0
            run_stage "$stage" "$option" flipped -o out "$input" || status=$?
            fails "$stage" 65 'flipped.*xxh3'
            [ ! -e out ]
        done
        # A number that the model was made with, which gives other answers.
        LC_ALL=C sed 's/"history":"1/"history":"9/' "$GOOD/model" >flipped
        ! cmp -s "$GOOD/model" flipped
        status=0
        run_stage "$stage" "$option" flipped -o out "$input" || status=$?
        fails "$stage" 65 'flipped.*xxh3_metadata'
        [ ! -e out ]
        LC_ALL=C sed 's/"xxh3"/"none"/' "$GOOD/model" >foreign
        cp "$GOOD/model" flipped # by the same name, which the pipeline in the header has
        run_stage "$stage" "$option" flipped "$input" >expected
        mv foreign flipped
        run_stage "$stage" "$option" flipped "$input" | cmp expected -
    done
}

@test "a model that changes in place while it is used: the answers of the one that was there" {
    run_stage trainer --save other --seed 4 "$GOOD/batches.mp" >got
    [ "$(wc -c <other)" = "$(wc -c <"$GOOD/model")" ]
    for stage in predictor recommender; do
        input=$(input_of "$stage")
        cp "$GOOD/model" model
        run_stage "$stage" --model model "$input" >expected
        args_of "$stage"
        for change in ': >model' 'cp other model'; do
            cp "$GOOD/model" model
            mkfifo input
            "$SESSPIPE_BIN/$stage" "${args[@]}" --model model input >got 2>stage.err &
            exec 7>input
            head -c 2000 "$input" >&7 # its header, and no session
            for ((i = 0; i < 100; i++)); do
                [ -z "$(find "/proc/$!/fd" -lname "$PWD/model")" ] || break
                sleep 0.05
            done
            sleep 0.3
            eval "$change"
            tail -c +2001 "$input" >&7
            exec 7>&-
            wait $!
            cmp expected got
            rm input
        done
    done
}

@test "a model that changes while it is read: 65, or the answers of one of the two" {
    can_inject
    run_stage trainer --save other --seed 4 "$GOOD/batches.mp" >got
    for stage in predictor recommender; do
        input=$(input_of "$stage")
        for change in ': >model' 'cp other model'; do
            cp "$GOOD/model" model
            inject_at "$PWD/model" pread64:delay_exit=800000:when=1 "$stage" --model model -o out "$input" &
            sleep 0.4
            eval "$change"
            status=0
            wait $! || status=$?
            fails "$stage" 65 model
            [ ! -e out ]
        done
    done
}

@test "a newer or older major version: 76, both versions named" {
    for stage in $STREAMING; do
        for version in 1 3; do
            cp "$(input_of "$stage")" other
            printf "\\x0$version" | dd of=other bs=1 seek=12 conv=notrunc status=none
            status=0
            run_stage "$stage" <other >/dev/null || status=$?
            fails "$stage" 76 "2.*$version|$version.*2"
        done
    done
}

@test "records of unknown kinds: in lower case they are skipped and counted, in upper case 65" {
    for stage in $FILTERS scorer attnviz spcat; do
        args_of "$stage"
        [ "${args[*]: -1}" != --quiet ] || unset "args[-1]" # which is silent about them
        [ "$stage" != spcat ] || args=(--summary)
        # Behind what is defined, where a session, a pass or an epoch may begin.
        for tag in later Later; do
            spcat "$(input_of "$stage")" | awk -v record="[\"$tag\",{\"a\":[1]}]" '
                items && !/^\["item"/ { print record }
                { items = /^\["item"/; sub(/^\["E".*/, "[\"E\"]"); print }' | spcat --from-json -o other
            status=0
            "$stage" "${args[@]}" -o out other 2>stage.err || status=$?
            if [ "$tag" = later ]; then
                [ "$status" = 0 ]
                grep -aqE '^[a-z]+: [1-9][0-9]* records of unknown kinds were|^records of unknown tags' stage.err out || { echo "$stage: $(cat stage.err out)"; false; }
                rm out
            else
                fails "$stage" 65 'the tag "Later" is unknown'
                [ ! -e out ]
            fi
        done
    done
}

@test "numbers that are none in a model without a hash: 65, the tensor named" {
    cat >spoil.py <<'END'
import json, struct, sys
model = bytearray(open(sys.argv[1], "rb").read())
size = struct.unpack("<Q", model[:8])[0]
header = bytes(model[8:8 + size]).replace(b'"xxh3"', b'"none"')
model[8:8 + size] = header
at = 8 + size + json.loads(header)[sys.argv[2]]["data_offsets"][0]
model[at:at + 4] = struct.pack("<f", float(sys.argv[3]))
open("spoiled", "wb").write(model)
END
    for stage in predictor recommender trainer; do
        option=--model
        [ "$stage" != trainer ] || option=--init
        for tensor in item_embedding.weight inter_gru.bias_hh_l0 output.weight; do
            for number in nan inf -inf; do
                python3 spoil.py "$GOOD/model" "$tensor" "$number"
                status=0
                run_stage "$stage" "$option" spoiled -o out "$(input_of "$stage")" || status=$?
                fails "$stage" 65 "$tensor: holds a value that is not a finite number"
                [ ! -e out ]
            done
        done
    done
}

@test "empty input, gzip, text, a stream of another kind: 65, says what it got" {
    gzip -c "$GOOD/sessions.mp" >packed.gz
    for stage in $STREAMING; do
        status=0
        run_stage "$stage" </dev/null >out || status=$?
        fails "$stage" 65 'empty|nothing|no input|ended'
        status=0
        run_stage "$stage" <packed.gz >out || status=$?
        fails "$stage" 65 gzip
        status=0
        run_stage "$stage" <"$GOOD/reddit.csv" >out || status=$?
        fails "$stage" 65
    done
    for stage in tfilter batcher baseline recommender; do
        status=0
        run_stage "$stage" <"$GOOD/batches.mp" >out || status=$?
        fails "$stage" 65 'batches.*sessions|sessions.*batches'
    done
    for stage in trainer predictor scorer attnviz; do
        status=0
        run_stage "$stage" <"$GOOD/sessions.mp" >out || status=$?
        fails "$stage" 65 sessions
    done
    for stage in $RAW; do
        for input in packed.gz "$GOOD/sessions.mp"; do
            status=0
            run_stage "$stage" <"$input" >out || status=$?
            fails "$stage" 65
        done
    done
}

@test "no such input: 66, a folder as input: an error that names it" {
    mkdir folder
    for stage in $RAW $STREAMING; do
        status=0
        run_stage "$stage" no-such-file >out || status=$?
        fails "$stage" 66 no-such-file
        status=0
        run_stage "$stage" folder >out || status=$?
        [ "$status" = 66 ] || [ "$status" = 74 ]
        fails "$stage" "$status" folder
    done
}

# ---- the program before ----

@test "the program before is killed or fails: 65 without pipefail, nothing committed" {
    set +o pipefail
    for stage in $FILTERS; do
        input=$(input_of "$stage")
        status=0
        bash -c 'head -c 700 "$0"; kill -9 $$' "$input" | run_stage "$stage" -o out || status=$?
        fails "$stage" 65
        status=0
        run_stage "$stage" -o out < <(head -c 700 "$input"; exit 3) || status=$?
        fails "$stage" 65
        status=0
        run_stage "$stage" -o out <(head -c 700 "$input") || status=$?
        fails "$stage" 65
        [ ! -e out ]
    done
}

@test "a failing program says why, and the ones after it repeat it" {
    set +o pipefail
    status=0
    { head -20 "$GOOD/lfm.tsv"; echo broken; } | lfm-sessionize --flush 2>first.err | tfilter 2>second.err |
        baseline --model pop -o out 2>stage.err || status=$?
    fails baseline 65 'line 21'
    [ ! -e out ]
}

@test "a tee branch closed early, two writers in one FIFO: 65, nothing committed" {
    set +o pipefail
    status=0
    tee -p >(sleep 0.1; exec head -c 1 >/dev/null) <"$GOOD/large.mp" | tfilter -o out 2>stage.err || status=$?
    [ "$status" = 0 ] # tee -p goes on
    rm out
    tee >(exec <&-) <"$GOOD/large.mp" | { sleep 0.1; tfilter -o out 2>stage.err; } || status=$?
    fails tfilter 65
    [ ! -e out ]

    mkfifo both
    exec 8<>both # holds it open until both are in
    dd bs=512 if="$GOOD/large.mp" of=both status=none 8>&- 3>&- &
    dd bs=512 if="$GOOD/large.mp" of=both status=none 8>&- 3>&- &
    status=0
    tfilter -o out both 2>stage.err 8>&- || status=$?
    exec 8>&-
    wait || true
    fails tfilter 65
    [ ! -e out ]
}

# ---- raw logs ----

@test "a bad row: 65 with its line, or counted" {
    for stage in $RAW; do
        input=$(input_of "$stage")
        run_stage "$stage" <"$input" >expected
        for bad in broken $'a\tb' $'user_1\t\t\t\t\t' $'user_1\t2009-13-01T00:00:00Z\tid\tname\t\tt' \
            'user1,sub,-1' 'user1,sub,1e12' 'user1,sub' 'user1,sub,never'; do
            case $stage$bad in lfm*,* | reddit*$'\t'*) continue ;; esac
            { head -5 "$input"; printf '%s\n' "$bad"; tail -n +6 "$input"; } >log
            status=0
            run_stage "$stage" <log >got || status=$?
            fails "$stage" 65 'line 6'
            run_stage "$stage" --skip-bad <log >got
            one_message "$stage" '\b1\b'
            spcat got | grep '^\["session"' >records
            spcat expected | grep '^\["session"' | cmp - records
        done
    done
}

@test "a line without end: refused in bounded memory" {
    [ "${VARIANT:-release}" = release ] || skip "the sanitizers need their address space"
    for stage in $RAW; do
        status=0
        { cat "$(input_of "$stage")"; tr '\0' x </dev/zero; } |
            (ulimit -v 200000 && run_stage "$stage") >got || status=$?
        fails "$stage" 65 line
    done
}

@test "a file for an option without end: refused in bounded memory" {
    [ "${VARIANT:-release}" = release ] || skip "the sanitizers need their address space"
    endless() { (ulimit -v 300000 && "$@" 2>stage.err); }
    status=0
    endless trainer -j 1 --clusters /dev/zero --per-user inter --inter hidden "$GOOD/batches.mp" >got || status=$?
    fails trainer 65 '/dev/zero, line 1: longer'
    status=0
    endless lfm-sessionize --profiles /dev/zero "$GOOD/lfm.tsv" >got || status=$?
    fails lfm-sessionize 65 '/dev/zero'
    status=0
    endless scorer --tsv /dev/zero >got || status=$?
    fails scorer 65 '/dev/zero'
    for option in --model --init; do
        stage=predictor
        [ "$option" = --model ] || stage=trainer
        status=0
        endless "$stage" "$option" /dev/zero "$GOOD/batches.mp" >got || status=$?
        fails "$stage" 65 '/dev/zero'
    done
}

@test "a name that a terminal obeys reaches none" {
    # The right-to-left override, the start of a sequence in 7 bits, in 8 bits of UTF-8, in a bare byte, and DEL.
    obeyed=$'\xe2\x80\xae\e[7m\xc2\x9b7m\x9b7m\x7f'
    LC_ALL=C sed "s/name 3\b/na${obeyed}me/; s/user_1\b/user${obeyed}/" "$GOOD/lfm.tsv" | lfm-sessionize -o named.mp
    run_stage tfilter -o named-split.mp named.mp
    run_stage batcher -o named-batches.mp named-split.mp
    run_stage trainer --inter hidden --attention 6 --save model -o named-ranks.mp named-batches.mp
    spcat named.mp >spcat.out
    jq -r 'select(.[0] == "user")[2]' spcat.out | grep -q $'\xe2\x80\xae\e\[7m\xc2\x9b7m'
    spcat --summary named.mp >summary.out
    recommender -q -j 1 -m model named-split.mp >recommender.out
    recommender -q -j 1 -m model --json named-split.mp >json.out
    jq -nc --arg user "user$(printf '\302\233')" '{user: $user, id: $user}' | recommender -q -m model --requests >requests.out
    scorer --by user --format tsv named-ranks.mp >scorer.out
    scorer --name "a${obeyed}b" named-ranks.mp >name.out
    attnviz --format text named-ranks.mp >attnviz.out
    attnviz --format tsv named-ranks.mp >tsv.out
    csv-sessionize --user "${obeyed}" --item a --time b -o no.mp named.mp 2>message.out || true
    cat named.mp named.mp | tfilter -o again.mp 2>again.out || true
    ! spcat "${obeyed}" 2>file.out
    cat >harmless.py <<'END'
import sys
for path in sys.argv[1:]:
    text = open(path, encoding="utf-8", errors="surrogateescape", newline="").read()
    assert text, path + " is empty"
    for c in text:
        assert c in "\t\n" or " " <= c < "\x7f" or "\xa0" <= c < "\udc80" and c != "\u202e" or c > "\udc9f", (path, c)
END
    python3 harmless.py ./*.out
}

@test "CRLF, and a last line without its newline" {
    for stage in $RAW; do
        input=$(input_of "$stage")
        run_stage "$stage" <"$input" | spcat | tail -n +2 >expected
        sed 's/$/\r/' "$input" | run_stage "$stage" | spcat | tail -n +2 >got
        cmp expected got
        head -c -1 "$input" >log
        run_stage "$stage" <log | spcat | tail -n +2 >got
        cmp expected got
        # From a pipe, it is what a program that was cut off leaves.
        status=0
        head -c -1 "$input" | run_stage "$stage" >got || status=$?
        fails "$stage" 65 'no end'
    done
}

@test "any bytes in names go through; NUL and bad UTF-8 stop nothing after them" {
    for stage in $RAW; do
        sed 's/name 3\b/n\xff\xc3(\x01/; s/sub3\b/n\xff\xc3(\x01/' "$(input_of "$stage")" >log
        status=0
        run_stage "$stage" --skip-bad <log >odd.mp || status=$?
        [ "$status" = 0 ]
        spcat --check odd.mp
        spcat odd.mp | jq -e . >/dev/null
    done
}

# ---- surroundings ----

@test "locale and time zone change no byte" {
    need localedef
    mkdir locales
    localedef -i de_DE -f UTF-8 "$PWD/locales/de_DE.UTF-8" || skip "no German locale to be made here"
    [ "$(LOCPATH=$PWD/locales LC_ALL=de_DE.UTF-8 locale decimal_point)" = , ]
    for stage in $RAW $STREAMING; do
        run_stage "$stage" <"$(input_of "$stage")" >expected
        LOCPATH=$PWD/locales LC_ALL=de_DE.UTF-8 TZ=Asia/Kolkata \
            run_stage "$stage" <"$(input_of "$stage")" >got
        cmp expected got
    done
}

@test "each allocation may fail: 71, one message, nothing committed" {
    for stage in $RAW $STREAMING; do
        output=(-o out)
        [ "$stage" != spcat ] && [ "$stage" != scorer ] || output=()
        failures=0
        for ((n = 1; n < 100000; n += 1 + n / 6)); do
            status=0
            rm -f out
            SESSPIPE_FAIL_ALLOC=$n run_stage "$stage" "${output[@]}" <"$(input_of "$stage")" >got || status=$?
            [ "$status" != 0 ] || break
            fails "$stage" 71 'out of memory'
            [ ! -e out ]
            [ -z "$(ls | grep part)" ]
            failures=$((failures + 1))
        done
        [ "$failures" -gt 5 ] || { echo "$stage: only $failures allocations"; false; }
    done
}

@test "a small address space: 71, never a crash" {
    [ "${VARIANT:-release}" = release ] || skip "the sanitizers need their address space"
    make_log 250 reddit >large.csv
    tfilter --split user:0.5 "$GOOD/large.mp" >split.mp 2>/dev/null
    baseline --model pop split.mp >predictions.mp
    for stage in lfm-sessionize:$GOOD/large.tsv reddit-sessionize:large.csv tfilter:$GOOD/large.mp \
        csv-sessionize:large.csv json-sessionize:$GOOD/reddit.jsonl attnviz:$GOOD/attention.mp \
        batcher:split.mp baseline:split.mp scorer:predictions.mp spcat:$GOOD/large.mp; do
        input=${stage#*:} stage=${stage%%:*} said=0
        # The loader wants room for the libraries, then the program for its data.
        for ((kib = 2000; kib < 400000; kib += 60)); do
            status=0
            (ulimit -v "$kib" && run_stage "$stage" <"$input" >got) || status=$?
            case $status in
            0) break ;;
            71)
                grep -q 'out of memory' stage.err
                said=1
                ;;
            127) ;;
            1 | 139) # before main, where there is no room, libgomp ends the program, and the loader
                # crashes while it maps a library: --version does so too
                refused=0
                (ulimit -v "$kib" && "$stage" --version >/dev/null 2>version.err) || refused=$?
                [ "$refused" = "$status" ] || { echo "$stage in $kib KiB: $(cat stage.err)"; false; }
                [ "$status" = 139 ] || grep -q '^libgomp: ' version.err
                ;;
            *)
                echo "$stage in $kib KiB: $status: $(cat stage.err)"
                false
                ;;
            esac
        done
        [ "$status" = 0 ]
        [ "$said" = 1 ] || echo "# $stage: ran out nowhere" >&3
    done
    # Models that search with threads take as many as there is room for.
    for model in item-knn session-knn; do
        baseline --model "$model" "$GOOD/split.mp" >expected
        for ((kib = 6000; kib < 50000; kib += 1100)); do
            status=0
            (ulimit -v "$kib" && OMP_NUM_THREADS=4 baseline --model "$model" "$GOOD/split.mp" >got 2>stage.err) || status=$?
            if [ "$status" = 0 ]; then
                cmp expected got
            else
                [ "$status" = 71 ] || { echo "$model in $kib KiB: $status: $(cat stage.err)"; false; }
            fi
        done
        [ "$status" = 0 ]
    done
}

# ---- memory and threads that libraries ask for ----

@test "each allocation of libc may fail, of any library: 71, one message, nothing committed" {
    [ "${VARIANT:-release}" = release ] || skip "the sanitizers allocate for themselves"
    "${CC:-cc}" -shared -fPIC -O1 -o failing_malloc.so "$ROOT/tests/preload/failing_malloc.c" ||
        skip "no such libc here"
    for stage in $RAW $STREAMING; do
        output=(-o out)
        failures=0
        for ((n = 1; n < 1000000; n += 1 + n / 4)); do
            status=0
            rm -f out
            FAIL_LIBC=$n LD_PRELOAD=$PWD/failing_malloc.so \
                run_stage "$stage" "${output[@]}" <"$(input_of "$stage")" >got || status=$?
            [ "$status" != 0 ] || break
            [ "$status" = 71 ] || { echo "$stage, allocation $n: $status: $(cat stage.err)"; false; }
            grep -q 'out of memory' stage.err
            [ ! -e out ]
            [ -z "$(ls | grep '^out')" ]
            failures=$((failures + 1))
        done
        [ "$failures" -gt 5 ] || { echo "$stage: only $failures allocations"; false; }
    done
}

@test "a small address space, programs with a model: 71, never a crash or a hang" {
    [ "${VARIANT:-release}" = release ] || skip "the sanitizers need their address space"
    for stage in trainer predictor recommender; do
        said=0
        for ((kib = 10000; kib < 400000; kib += 2000)); do
            status=0
            (ulimit -v "$kib" && args_of "$stage" && timeout 60 "$SESSPIPE_BIN/$stage" "${args[@]}" \
                "$(input_of "$stage")" >got 2>stage.err) || status=$?
            case $status in
            0) break ;;
            71)
                grep -qE 'out of memory|no thread could be started' stage.err
                said=1
                ;;
            *) # before main the loader ends the program, or crashes: --version does so too
                refused=0
                (ulimit -v "$kib" && "$stage" --version >/dev/null 2>&1) || refused=$?
                [ "$refused" = "$status" ] || { echo "$stage in $kib KiB: $status: $(cat stage.err)"; false; }
                ;;
            esac
        done
        [ "$status" = 0 ]
        [ "$said" = 1 ]
    done
}

@test "threads that cannot be had: fewer, or 71" {
    [ "${VARIANT:-release}" = release ] || skip "the sanitizers make threads for themselves"
    can_inject
    for stage in baseline trainer predictor recommender; do
        input=$(input_of "$stage")
        args_of "$stage"
        [ "$stage" != baseline ] || args=(--model item-knn)
        for when in 1+ 1 2 3 2+ 3+; do
            status=0
            OMP_NUM_THREADS=4 strace -f -qq -o /dev/null -e "inject=clone3,clone:error=EAGAIN:when=$when" -- \
                "$SESSPIPE_BIN/$stage" "${args[@]}" $([ "$stage" = baseline ] || echo --threads 4) -o out "$input" \
                2>stage.err || status=$?
            [ "$when" != 1+ ] || [ "$status" = 0 ]
            [ "$status" = 0 ] || fails "$stage" 71 'thread'
            [ "$status" != 0 ] || [ -s out ]
            [ "$status" = 0 ] || [ ! -e out ]
            rm -f out
        done
    done
}
