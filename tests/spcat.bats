# spcat: streams as JSON lines, checked, summed up.
bats_require_minimum_version 1.5.0
load helpers

setup() {
    cp "$ROOT"/tests/fuzz/frame/{sessions,batches,predictions,steps} .
}

# The bytes $3 over the file $1 at offset $2.
patch() {
    printf '%b' "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

@test "each object is one line of JSON" {
    spcat sessions >out
    diff out - <<'END'
["SESSPIPE\r\n",1,{"kind":"sessions","minor":0,"pipeline":[["maker","1",{}]],"delta_edges":[3600,7200,10800],"week_shift":0}]
["user",0,"u\udcff0",{"country":"Norway"}]
["user",1,"u1"]
["item",0,"i\udcff0"]
["item",1,"i1"]
["item",2,"i2"]
["item",3,"i3"]
["session",0,1,[0,10,10],[0,1,0]]
["session",0,3,[5000,68719476735],[2,1],{"action":[1,0],"dwell":[0.5,2],"week":167}]
["session",1,2,[100,101],[1,3]]
["E",4,9,250]
END
}

@test "every kind is JSON, whatever bytes the names have" {
    [ -x /usr/bin/python3 ] || skip "no python3 here"
    for kind in sessions batches predictions steps; do
        spcat $kind >out
        /usr/bin/python3 - out <<'END'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
assert lines[0][0] == "SESSPIPE\r\n" and lines[-1][0] == "E"
assert len(lines) - 2 == lines[-1][2], (len(lines), lines[-1])
assert any(line[2].encode("utf-8", "surrogateescape") == b"u\xff0" for line in lines if line[0] == "user")
END
    done
}

@test "control characters in names do not reach the terminal" {
    printf 'u\x1b]0;x\x07\x7f\xc2\x9b1m\t2009-05-04T23:08:57Z\t\ta\t\tt\nu\x1b]0;x\x07\x7f\xc2\x9b1m\t2009-05-04T23:08:58Z\t\tb\t\tt\n' |
        lfm-sessionize --order oldest-first >s || skip "lfm-sessionize takes the log otherwise"
    spcat s >out
    grep -qF '"u\u001b]0;x\u0007\u007f\u009b1m"' out
    run -1 grep -P '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' out
}

@test "--check is silent about what is fine, in several files and from standard input" {
    for kind in sessions batches predictions steps; do
        run -0 spcat --check $kind
        [ -z "$output" ]
        run -0 --separate-stderr spcat --check <$kind
        [ -z "$output$stderr" ]
    done
    run -0 spcat --check predictions predictions -
    [ -z "$output" ]
} <"$ROOT/tests/fuzz/frame/predictions"

@test "--check finds what breaks the rules of records where the frame is whole" {
    # A user may stand in one part only.
    run -65 spcat --check sessions sessions
    [[ $output == *'sessions, block 0, record 0: user "u'*'one part'* ]]
    spcat sessions sessions >out
    [ "$(grep -c '^\["E",4,9,250\]$' out)" = 2 ]
}

@test "--summary counts, and shows how the stream was made" {
    spcat --summary sessions >out
    diff out - <<'END'
kind	sessions
program	maker 1 {}
meta delta_edges	[3600,7200,10800]
meta week_shift	0
users	2
items	4
sessions	3
sessions train	1
sessions validation	1
sessions test	1
events	7
events train	3
events validation	2
events test	2
parts	1
blocks	4
records	9
bytes	250
records of unknown tags	0
END
    spcat --summary batches | grep -vE '^(kind|program|meta)' >out
    diff out - <<'END'
users	2
items	3
epochs	1
passes	2
batches	2
sessions not learned from	2
sessions	4
sessions train	2
sessions test	2
events	10
events train	5
events test	5
parts	1
blocks	3
records	9
bytes	612
records of unknown tags	0
END
    spcat --summary steps | grep -vE '^(kind|program|meta)' >out
    diff out - <<'END'
users	2
items	3
epochs	2
passes	2
steps	6
sessions not learned from	0
sessions	5
sessions train	5
events	13
events train	13
parts	1
blocks	2
records	10
bytes	539
records of unknown tags	0
END
}

@test "--summary of several runs tells them apart" {
    spcat --summary predictions predictions >out
    [ "$(grep -c '^kind' out)" = 2 ]
    [ "$(grep -c '^ranks test	2$' out)" = 2 ]
    grep -qx 'parts	2' out
    grep -qx 'records	28' out
}

@test "--check and --summary together are wrong usage" {
    run -64 spcat --check --summary sessions
    [[ $output == *--check*--summary* ]]
}

@test "-o: whole or not at all" {
    spcat -o out.json sessions
    spcat sessions | cmp - out.json
    echo before >kept
    run -65 spcat -o kept <(head -c 300 sessions)
    [ "$(cat kept)" = before ]
    run -65 spcat -o new <(head -c 300 sessions)
    [ "$(ls -A | tr '\n' ' ')" = "batches kept out.json predictions sessions steps " ]
}

@test "what was read before an error is shown" {
    run -65 --separate-stderr spcat <(head -c 300 sessions)
    [ "${lines[1]}" = '["user",0,"u\udcff0",{"country":"Norway"}]' ]
    [[ $stderr == *"input ended early after 6 records: the program before this one failed or was cut off" ]]
}

@test "lines come as soon as their block is there" {
    mkfifo pipe
    spcat <pipe >out 3>&- &
    exec 9>pipe
    head -c 300 sessions >&9
    for ((i = 0; i < 100; i++)); do
        [ "$(wc -l <out)" -lt 7 ] || break
        sleep 0.05
    done
    shown=$(wc -l <out)
    exec 9>&-
    run -65 wait $!
    [ "$shown" -ge 7 ]
}

@test "a file that is not there, a folder" {
    run -66 spcat nowhere
    [ "$output" = "spcat: cannot read nowhere: No such file or directory" ]
    mkdir folder
    run -66 spcat sessions folder
    [[ $output == *"folder: it is a folder" ]]
}

@test "a reader that goes away ends it silently; a full disk does not" {
    for ((i = 0; i < 400; i++)); do cat predictions; done >many
    { status=0; spcat many 2>err || status=$?; echo $status >status; } | head -1 >out
    [ "$(cat status)" = 141 ]
    [ ! -s err ]
    run -74 bash -c 'spcat many >/dev/full'
    [[ $output == "spcat: "*"standard output"* ]]
    run -74 bash -c 'spcat --summary predictions >&-'
}

@test "locale and time zone do not matter" {
    spcat predictions >one
    LC_ALL=de_DE.UTF-8 TZ=Asia/Kolkata spcat predictions | cmp - one
}
