# What must survive what: models that are damaged, or change while they are used.
bats_require_minimum_version 1.5.0
load helpers
load faults

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
