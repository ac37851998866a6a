# The record stream between programs: what is cut, damaged, foreign, joined.
bats_require_minimum_version 1.5.0
load helpers

setup() {
    cp "$ROOT"/tests/fuzz/frame/{sessions,batches,predictions,parallel} .
}

# Where each object of a stream begins, and the length of the whole.
offsets() {
    LC_ALL=C grep -obUaP '\x95\xa1B\xcf|\x95\xa1E\xcf|\x93\xaaSESSPIPE' "$1" | cut -d: -f1
    wc -c <"$1"
}

# The bytes of FILE from..to.
bytes() {
    tail -c +$(($2 + 1)) "$1" | head -c $(($3 - $2))
}

# Runs `spcat --check` on standard input or files: the status is $1, the message matches $2.
refused() {
    local expected=$1 pattern=$2
    shift 2
    local got=0
    spcat --check "$@" >out 2>err || got=$?
    [ $got = "$expected" ] && [ ! -s out ] && [ "$(wc -l <err)" = 1 ] && grep -qE "^spcat: $pattern" err ||
        { echo "status $got, expected $expected; $(cat err)"; return 1; }
}

@test "cut at any byte, the stream is refused" {
    size=$(wc -c <sessions)
    for ((n = 1; n < size; n++)); do
        head -c $n sessions | refused 65 'standard input: input ended early after [0-9] records: the program before this one failed or was cut off$'
    done
}

@test "one byte at a time is as good as all at once" {
    spcat predictions >one
    dd if=predictions bs=1 status=none | spcat | cmp - one
}

@test "a block that is lost, doubled, swapped or from another stream is named" {
    mapfile -t at < <(offsets sessions)
    [ ${#at[@]} = 7 ]
    { head -c "${at[2]}" sessions; tail -c +$((at[3] + 1)) sessions; } >lost
    refused 65 'lost, block 1: another block is in its place' lost
    { head -c "${at[2]}" sessions; tail -c +$((at[1] + 1)) sessions; } >doubled
    refused 65 'doubled, block 1: another block is in its place' doubled
    { head -c "${at[2]}" sessions; bytes sessions "${at[3]}" "${at[4]}"; bytes sessions "${at[2]}" "${at[3]}"
        tail -c +$((at[4] + 1)) sessions; } >swapped
    [ "$(wc -c <swapped)" = "$(wc -c <sessions)" ]
    refused 65 'swapped, block 1: another block is in its place' swapped
    { head -c "${at[4]}" sessions; tail -c 39 sessions; } >last
    refused 65 'last: the end counts 9 records in 4 blocks, read were 8 in 3' last
    mapfile -t b < <(offsets batches)
    { head -c "${at[1]}" sessions; bytes batches "${b[1]}" "${b[2]}"; tail -c +$((at[2] + 1)) sessions; } >foreign
    refused 65 'foreign, block 0: its bytes do not fit its hash' foreign
}

@test "what is no stream is told by its name, with what to do" {
    refused 65 'standard input is empty where a stream of records is expected' </dev/null
    gzip -c sessions | refused 65 'standard input is gzip, not a stream of records: pipe it through gzip -dc'
    printf 'username,subreddit,utc\na,b,1\n' |
        refused 65 'standard input is text where a stream of records is expected: lfm-sessionize, reddit-, csv- and json-sessionize make'
    spcat sessions | refused 65 'standard input is JSON'
    sed 's/\r//' sessions | refused 65 'standard input is a stream whose bytes were changed on the way'
    printf '\x00\x01\x02' | refused 65 'standard input is not a stream of records: it begins with the byte 0x00'
}

@test "bytes behind the end are refused" {
    for more in '\x00' 'text' '\x95\xa1E'; do
        { cat sessions; printf '%b' "$more"; } | refused 65 'standard input: bytes after the end of the stream'
    done
    { cat sessions; head -c 11 predictions; } | refused 65 'standard input: bytes after the end of the stream'
    { cat sessions; tail -c 39 sessions; } | refused 65 'standard input: bytes after the end of the stream'
}

@test "parts: predictions may follow one another, batches come alone, kinds do not mix" {
    cat predictions predictions predictions | spcat --check
    cat batches batches | refused 65 'standard input, part 2: another stream of batches follows the first'
    refused 65 'batches: another stream of batches follows the first' batches batches
    cat sessions predictions | refused 65 'standard input, part 2: holds predictions where sessions are expected'
    cat predictions predictions | head -c 1500 | refused 65 'standard input: input ended early after [0-9]+ records'
}

@test "another major version is 76 and names both" {
    for version in '\x01' '\x03' '\x00' '\x7f'; do
        { head -c 12 sessions; printf '%b' "$version"; tail -c +14 sessions; } |
            refused 76 'standard input: the stream has version [0-9]+, this program reads version 2'
    done
}

@test "a program that was killed before leaves a stream that is refused: pipe, FIFO, <(...), tee" {
    head -c 400 sessions | refused 65 'standard input: input ended early'
    refused 65 '/dev/fd/[0-9]+: input ended early' <(head -c 400 sessions)
    mkfifo pipe
    bash -c 'head -c 400 sessions; exec sleep 60' >pipe 3>&- &
    (sleep 0.3; kill -9 $!) 3>&- &
    refused 65 'pipe: input ended early' pipe
    head -c 400 sessions | tee >(refused 65 'standard input: input ended early' 2>/dev/null; echo $? >branch) >/dev/null
    for ((i = 0; i < 100; i++)); do [ -s branch ] && break; sleep 0.05; done
    [ "$(cat branch)" = 0 ]
}

@test "a tee branch that closes early cuts the other one" {
    for ((i = 0; i < 400; i++)); do cat predictions; done >many
    # tee dies of the closed branch; what the other one got is no whole stream.
    { tee -p --output-error=exit >(head -c 1 >/dev/null) <many || true; } | {
        status=0
        spcat --check 2>err || status=$?
        [ $status = 65 ] && grep -q 'input ended early' err || { echo "$status"; cat err; false; }
    }
}

@test "two writers in one FIFO do not make a stream" {
    mapfile -t at < <(offsets sessions)
    mkfifo pipe
    # Both write block by block, in turns.
    { exec 8>pipe 9>pipe
      for ((i = 0; i < 6; i++)); do
          bytes sessions "${at[i]}" "${at[i + 1]}" >&8
          bytes batches 0 40 >&9
      done; } 3>&- &
    refused 65 'pipe, block 0: another stream begins before this one has ended' pipe
    wait
}

@test "the next program repeats the message of the one that failed, and so does the one after it" {
    mapfile -t at < <(offsets sessions)
    message='maker: x.tsv, line 7: no time'
    { head -c "${at[2]}" sessions; printf '\x93\xa1X\xcc\x42\xd9%b%s' "\\x$(printf %x ${#message})" "$message"; } >aborted
    refused 65 "the program before this one failed: $message\$" aborted
    printf '\x93\xa1X\xcc\x42\xd9\x03a\x1bc' | cat <(head -c "${at[1]}" sessions) - |
        refused 65 'the program before this one failed: a\?c$'
}

@test "the Python reader of the manual reads every kind as spcat does" {
    /usr/bin/python3 -c 'import msgpack' 2>/dev/null || skip "no msgpack for /usr/bin/python3 here"
    awk '/^import io, msgpack/ { on = 1 } on && /^\.Ed/ { exit } on' "$ROOT/man/sesspipe-stream.5" >reader.py
    cat >>reader.py <<'END'

import json, struct, sys

def plain(x):
    if isinstance(x, msgpack.ExtType):
        code, size = {1: ("i", 4), 2: ("q", 8), 3: ("f", 4), 4: ("B", 1)}[x.code]
        return list(struct.unpack("<%d%s" % (len(x.data) // size, code), x.data))
    if isinstance(x, dict):
        return {key: plain(value) for key, value in x.items()}
    return [plain(y) for y in x] if isinstance(x, list) else x

shown = [json.loads(line) for line in open(sys.argv[2])]
with open(sys.argv[1], "rb") as f:
    read = [plain(record) for record in records(f)]
assert read and read == [line for line in shown if line[0] not in ("SESSPIPE\r\n", "B", "E")]
try:
    list(records(io.BytesIO(open(sys.argv[1], "rb").read()[:-39])))
    sys.exit("took a stream without its end")
except AssertionError:
    pass
END
    for kind in sessions batches predictions parallel; do
        spcat $kind >shown
        /usr/bin/python3 reader.py $kind shown
    done
}

@test "the message of the first of three programs comes through the second" {
    [ -x "$SESSPIPE_BIN/lfm-sessionize" ] && [ -x "$SESSPIPE_BIN/tfilter" ] || skip "no filters here"
    printf 'nonsense\n' | lfm-sessionize 2>first | tfilter 2>second | refused 65 \
        'the program before this one failed: lfm-sessionize: standard input, line 1: '
    sed 's/^lfm-sessionize: /tfilter: the program before this one failed: &/' first | cmp - second
}
