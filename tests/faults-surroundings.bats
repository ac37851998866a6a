# What must survive what: locale and time zone, memory and threads that cannot be had.
bats_require_minimum_version 1.5.0
load helpers
load faults

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
