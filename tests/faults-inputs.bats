# What must survive what: inputs that cannot be read, damaged ones, and programs before that fail.
bats_require_minimum_version 1.5.0
load helpers
load faults

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
