# What must survive what: outputs that cannot be written, of every stage.
bats_require_minimum_version 1.5.0
load helpers
load faults

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
        status=0
        run_stage "$stage" -o /dev/stdout "$input" >&- || status=$?
        fails "$stage" 73 'cannot write to /dev/stdout'
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
    can_inject
    for stage in scorer attnviz; do
        status=0
        inject '?mkdir,mkdirat:error=EROFS:when=1' "$stage" --svg new <"$(input_of "$stage")" >/dev/null || status=$?
        fails "$stage" 73 'new: Read-only file system'
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
