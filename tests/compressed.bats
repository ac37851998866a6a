# Compressed logs, cut and damaged ones, and files that another program has to convert.
bats_require_minimum_version 1.5.0
load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    synthesize --users 30 >log
    for tool in gzip zstd xz bzip2; do
        ! command -v $tool >/dev/null || $tool -q -c log >log.$tool
    done
    lfm-sessionize log >whole.mp
}

setup() {
    cd "$BATS_FILE_TMPDIR"
}

# each_kind FUNCTION: calls it with each compressed log that is there.
each_kind() {
    local packed
    for packed in log.gzip log.zstd log.xz log.bzip2; do
        [ ! -e $packed ] || "$1" $packed || { echo "with $packed"; return 1; }
    done
    [ -e log.gzip ]
}

# refuses TEXT COMMAND...: 65, with the text.
refuses() {
    local status=0
    "${@:2}" >out 2>err || status=$?
    [ "$status" = 65 ] && grep -qF -- "$1" err && ! spcat --check out 2>checked || { echo "status $status"; cat err; return 1; }
}

@test "compressed logs are read as what was compressed, by name and on stdin" {
    same() {
        lfm-sessionize "$1" | cmp whole.mp - && lfm-sessionize <"$1" | cmp whole.mp - &&
            dd bs=1 if="$1" status=none | lfm-sessionize | cmp whole.mp - &&
            cp "$1" other.name && lfm-sessionize other.name | cmp whole.mp -
    }
    each_kind same
}

pack_xz() { xz -c <"$1"; }
pack_zst() { zstd -qc <"$1"; }
pack_gz() { gzip -c <"$1"; }
pack_bz2() { bzip2 -c <"$1"; }

@test "what is between and behind streams: padding of xz, frames that zstd skips, and nothing else" {
    printf 'u,i,t\na,b,1\n' >one
    printf 'a,c,2\n' >two
    printf '\x50\x2a\x4d\x18\4\0\0\0skip' >frame
    { xz -c one; printf '\0\0\0\0'; xz -c two; } >packed.xz
    { cat frame; zstd -qc one; cat frame; zstd -qc two; cat frame; } >packed.zst
    { gzip -c one; gzip -c </dev/null; gzip -c two; } >packed.gz
    { bzip2 -c one; bzip2 -c </dev/null; bzip2 -c two; } >packed.bz2
    csv-sessionize --user u --item i --time t <(cat one two) >expected.mp
    for packed in packed.*; do
        csv-sessionize --user u --item i --time t $packed >got.mp
        cmp expected.mp got.mp
        { cat $packed; echo garbage; } >behind
        run -65 csv-sessionize --user u --item i --time t behind
        [[ $output == *'behind, byte '* ]]
        ${packed/packed./pack_} /dev/null >empty
        run -65 csv-sessionize --user u --item i --time t empty
        [[ $output == *'empty is empty: a delimited log is expected'* ]]
        ${packed/packed./pack_} <(head -1 one) >header
        run -65 csv-sessionize --user u --item i --time t header
        [[ $output == *'the log has no row: --allow-empty takes that'* ]]
    done
}

@test "streams one after another, and files of several kinds" {
    lfm-sessionize --ungrouped log log >twice.mp
    joined() { cat "$1" "$1" | lfm-sessionize --ungrouped | cmp twice.mp - && lfm-sessionize --ungrouped "$1" log | cmp twice.mp -; }
    each_kind joined
}

@test "a compressed log that is cut off or damaged is 65, names file and byte, and nothing is committed" {
    cut_off() {
        local size half
        size=$(stat -c %s "$1") half=$(($(stat -c %s "$1") / 2))
        for n in 20 $half $((size - 1)); do
            head -c $n "$1" >half
            refuses "half, byte $n: the ${1#log.} data are cut off" lfm-sessionize half || return
            refuses "standard input, byte $n: the ${1#log.} data are cut off" lfm-sessionize <half || return
            rm -f kept.mp
            refuses 'cut off' lfm-sessionize --skip-bad -o kept.mp half || return
            [ ! -e kept.mp ] || return
        done
        { head -c $half "$1"; printf '\0\0\0\0'; tail -c +$((half + 5)) "$1"; } >damaged
        refuses damaged, lfm-sessionize damaged || return
        { cat "$1"; echo no more; } >longer
        refuses "longer, byte " lfm-sessionize longer
    }
    each_kind cut_off
}

@test "a last line without end is refused from a pipe, not from a file" {
    head -c -3 log >short
    [ "$(tail -c 1 short)" != "" ]
    lfm-sessionize short >from-file.mp
    lfm-sessionize <short | cmp from-file.mp -
    lines=$(($(wc -l <short) + 1))
    cut_in_pipe() { lfm-sessionize < <(cat short); }
    refuses "standard input, line $lines: the last line has no end, as where the program before was cut off" cut_in_pipe
    named_pipe() { lfm-sessionize --skip-bad <(cat short); }
    refuses "line $lines: the last line has no end" named_pipe
    cat short | lfm-sessionize --open-end | cmp from-file.mp -
    need xz
    head -c 30000 log.xz >half
    unpacked() { xz -dc half 2>said | lfm-sessionize --skip-bad; }
    refuses 'the last line has no end' unpacked
    # A field that a quote keeps open is one line with what follows.
    quoted() { printf 'u,i,t\nu,a,1\nu,"b\nc",2' | csv-sessionize --user u --item i --time t; }
    refuses 'line 3: the last line has no end' quoted
}

@test "profiles may be compressed, too" {
    printf 'user_000001\tf\t22\tNorway\tAug 13, 2006\n' >profiles
    lfm-sessionize --profiles profiles log >with.mp
    gzip -c profiles >profiles.gz
    cmp <(lfm-sessionize --profiles profiles.gz log | spcat | tail -n +2) <(spcat with.mp | tail -n +2)
}

@test "what is no text is named, with the command that converts" {
    is() { # BYTES NAME ADVICE
        printf "$1" >file
        refuses "file is $2, not a delimited log: " csv-sessionize --user u --item i --time t file
        grep -qF -- "$3" err
    }
    is 'PAR1\025\004\025\n' Parquet "duckdb -csv -c \"FROM 'FILE'\""
    is 'ARROW1\0\0\377\377' 'Arrow (Feather)' pyarrow.feather
    is '7z\xbc\xaf\x27\x1c\0\4' 7z '7z x -so FILE'
    is 'PK\3\4' zip 'unzip -p FILE'
    is 'SQLite format 3\0\20' SQLite 'sqlite3 -csv'
    is '\4\x22\x4d\x18' lz4 'lz4 -dc'
    is '\x5d\0\0\x80\0' lzma 'xz -dc'
    is 'PK\3\4\24\0\6\0\10\0\0\0!\0aaaabbbbcccc\23\0\0\0[Content_Types].xml' 'an Excel workbook' 'can save it as CSV'
    is '\xd0\xcf\x11\xe0\xa1\xb1' 'an Excel workbook' 'can save it as CSV'
    is '\x80\4\x95\20\0\r\0\n' 'a pickle of Python' 'can save it as CSV'
    is '\x89HDF\r\n\x1a\n' HDF5 'pandas.read_hdf'
    is 'u\0s\0e\0r\0,\0' UTF-16 'iconv -f UTF-16LE -t UTF-8'
    is '\0u\0s\0e\0r\0,' UTF-16 'iconv -f UTF-16BE -t UTF-8'
    is '\xff\xfeu\0s\0' UTF-16 'iconv -f UTF-16 -t UTF-8'
    is '\xff\xfe\0\0u\0\0\0' UTF-32 'iconv -f UTF-32 -t UTF-8'
    printf 'u,i,t\na,b,1\n' >log
    tar cf file log
    refuses 'file is tar, not a delimited log: tar -xOf FILE NAME' csv-sessionize --user u --item i --time t file
    tar -xOf file log | cmp - log
    tar cf - log | gzip >file
    refuses 'file is tar, not a delimited log' csv-sessionize --user u --item i --time t file
    # What iconv makes of it is read, with its mark; and what is named is so from a pipe, too.
    for from in UTF-16 UTF-16LE UTF-16BE UTF-32; do
        iconv -f UTF-8 -t $from log >file
        to=$(csv-sessionize --min-events 1 --user u --item i --time t file 2>&1 >/dev/null | grep -o 'iconv -f UTF-[0-9BLE]*')
        $to -t UTF-8 file | csv-sessionize --min-events 1 --user u --item i --time t | spcat | grep -q '"item",0,"b"'
        cat file | { csv-sessionize --user u --item i --time t 2>err >/dev/null || true; }
        grep -q 'standard input is UTF-' err
    done
    # Letters of two bytes are told by two zeros.
    printf 'a\0,b,1\na\0,c,2\n' >file
    csv-sessionize --no-header --user 1 --item 2 --time 3 file | spcat --check
    # Text may begin with the same letters.
    printf 'PAR1,a,1\nPAR1,b,2\n' >file
    csv-sessionize --no-header --user 1 --item 2 --time 3 file | spcat | grep -q '"PAR1"'
    printf 'BZh9,a,1\nBZh9,b,2\n' >file
    csv-sessionize --no-header --user 1 --item 2 --time 3 file | spcat | grep -q '"BZh9"'
}

@test "the commands that convert Parquet and Arrow do" {
    for python in python3 /usr/bin/python3 none; do
        ! "$python" -c 'import pyarrow' 2>/dev/null || break
    done
    [ "$python" != none ] || skip 'no pyarrow for python3 here'
    printf 'who,what,when\nu,a,1\nu,b,2\n' >t.csv
    csv-sessionize --user who --item what --time when t.csv >expected.mp
    "$python" -c "
import pyarrow.csv as c, pyarrow.feather as f, pyarrow.parquet as p
t = c.read_csv('t.csv'); p.write_table(t, 't.parquet'); f.write_feather(t, 't.arrow')"
    converted() { # FILE: what the message's command makes of it
        csv-sessionize --user who --item what --time when "$1" 2>err >out || true
        bash -c "$(sed "s/.*log: //; s/ makes CSV of it//; s/FILE/$1/" err)" |
            csv-sessionize --user who --item what --time when | cmp expected.mp -
    }
    PATH=$(dirname "$(command -v "$python")"):$PATH converted t.arrow
    need duckdb
    converted t.parquet
}
