# spcat: streams as JSON lines, checked, summed up.
bats_require_minimum_version 1.5.0
load helpers

setup() {
    cp "$ROOT"/tests/fuzz/frame/{sessions,batches,predictions,parallel} .
}

# The bytes $3 over the file $1 at offset $2.
patch() {
    printf '%b' "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

@test "each object is one line of JSON" {
    spcat sessions >out
    diff out - <<'END'
["SESSPIPE\r\n",2,{"kind":"sessions","minor":0,"pipeline":[["maker","1",{}]],"delta_edges":[3600,7200,10800],"week_shift":0}]
["user",0,"u\udcff0",{"country":"Norway"}]
["user",1,"u1"]
["item",0,"i\udcff0"]
["item",1,"i1"]
["item",2,"i2"]
["item",3,"i3"]
["B"]
["session",0,1,[0,10,10],[0,1,0]]
["B"]
["session",0,3,[5000,68719476735],[2,1],{"action":[1,0],"dwell":[0.5,2.0],"week":167}]
["B"]
["session",1,2,[100,101],[1,3]]
["E",4,9,250]
END
}

@test "every kind is JSON, whatever bytes the names have" {
    [ -x /usr/bin/python3 ] || skip "no python3 here"
    for kind in sessions batches predictions parallel; do
        spcat $kind >out
        /usr/bin/python3 - out <<'END'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
assert lines[0][0] == "SESSPIPE\r\n" and lines[-1][0] == "E"
assert sum(line[0] != "B" for line in lines) - 2 == lines[-1][2], (len(lines), lines[-1])
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
    for kind in sessions batches predictions parallel; do
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
    [[ $output == *'sessions, block 0, record 0: user "u'*'in an earlier stream: tfilter --merge'* ]]
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
first event	1970-01-01T00:00:00Z
last event	4147-08-20T07:32:15Z
gap over a year	1970-01-01T01:23:20Z to 4147-08-20T07:32:15Z (795364 days)
events before 1995	6
events in the future	1
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
epochs	2
passes	4
passes that come again	2
batches	3
sessions not learned from	1
sessions	5
sessions train	3
sessions test	2
events	13
events train	9
events test	4
first event	1970-01-01T00:00:00Z
last event	4147-08-20T07:32:15Z
gap over a year	1970-01-01T02:30:00Z to 4147-08-20T07:32:15Z (795364 days)
events before 1995	12
events in the future	1
parts	1
blocks	4
records	19
bytes	425
records of unknown tags	0
END
    spcat --summary parallel | grep -vE '^(kind|program|meta)' >out
    diff out - <<'END'
users	2
items	3
epochs	2
passes	4
passes that come again	1
batches	1
sessions not learned from	0
sessions in slots	6
sessions	5
sessions train	3
sessions test	2
events	13
events train	9
events test	4
first event	1970-01-01T00:00:00Z
last event	4147-08-20T07:32:15Z
gap over a year	1970-01-01T02:30:00Z to 4147-08-20T07:32:15Z (795364 days)
events before 1995	12
events in the future	1
parts	1
blocks	4
records	19
bytes	478
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

@test "--from-json gives back the bytes that the lines were made of" {
    for kind in sessions batches predictions parallel; do
        spcat $kind >lines
        spcat --from-json lines | cmp - $kind
        spcat --from-json <lines | cmp - $kind
        spcat -j -o file lines
        cmp file $kind
    done
    cat predictions predictions >two
    spcat predictions >lines
    spcat two | spcat -j | cmp - two
    spcat -j lines lines | cmp - two
}

@test "--from-json: real logs come back through every stage, flushed or not" {
    need_data reddit-part.csv.xz
    xz -dc "$DATA/reddit-part.csv.xz" | reddit-sessionize -o s.mp
    tfilter --split user:0.8 s.mp >split.mp 2>report
    batcher --epochs 2 --min-batch 20 split.mp >b.mp 2>messages
    batcher --epochs 1 --flush split.mp >flushed.mp 2>messages
    batcher --epochs 1 --scheme user-parallel split.mp >parallel.mp
    baseline --model pop split.mp >p.mp
    cat p.mp p.mp >two.mp
    for stream in s split b flushed parallel p two; do
        spcat $stream.mp | spcat -j | cmp - $stream.mp
    done
    [ "$(spcat flushed.mp | grep -c '^\["B"\]$')" -gt 10 ]
    run -1 grep '^."B"' <(spcat b.mp)
}

@test "--from-json: every option of a pipeline, extras and names that are not UTF-8" {
    printf 'u\xff\t2009-05-04T23:08:57Z\t\ta "\\\t\tt\nu\xff\t2009-05-04T23:08:58Z\t\t\xe2\x82\t\tt\n' |
        lfm-sessionize --order oldest-first -o s.mp
    tfilter --week-shift 3600 s.mp >t.mp 2>report
    for stream in s t; do
        spcat $stream.mp | spcat -j | cmp - $stream.mp
    done
}

@test "--from-json: lines may be changed; where lines were added the end is [\"E\"] alone" {
    spcat sessions | sed 's/"u1"/"somebody else"/' >lines
    spcat -j -o out lines
    spcat --check out
    spcat out | grep -F '["user",1,"somebody else"]'
    sed '/^\["E"/i ["later",1]' lines >more
    run -65 spcat -j -o none more
    [[ $output == *"more, line 15: character "*'the end counts 4 blocks, 9 records, 250 bytes, but there are 4, 10, '*'["E"] alone'* ]]
    [ ! -e none ]
    sed 's/^\["E".*/["E"]/' more | spcat -j | spcat | grep -F '["later",1]'
}

@test "--from-json names the line and the character, and aborts its output" {
    spcat sessions | sed '9s/0,10/0,ten/' >lines
    run -65 spcat -j lines
    [[ $output == *"spcat: lines, line 9: character 19: expected a number"* ]]
    spcat -j lines >out 2>err || [ $? = 65 ]
    run -65 spcat --check out
    [[ $output == *"the program before this one failed: spcat: lines, line 9:"* ]]
    spcat sessions | head -n 9 >lines
    run -65 spcat -j lines
    [[ $output == *"input ended early after 7 records"* ]]
    run -65 spcat -j sessions
    [[ $output == *"sessions, line 1: a stream, where its lines of JSON are expected"* ]]
    run -66 spcat -j nowhere
    run -65 --separate-stderr spcat -j </dev/null
    [[ $stderr == *"standard input: no line"* ]]
    spcat sessions | sed '1s/,2,/,1,/' >lines
    run -76 spcat -j lines
}

@test "a line of a record of 8 MiB comes back; memory is bounded by what a record can be" {
    python=$(command -v python3) || skip "no python3 here"
    "$python" - >lines <<'END'
print('["SESSPIPE\\r\\n",2,{"kind":"sessions","minor":0,"pipeline":[],"delta_edges":[1]}]')
print('["user",0,"u"]'); print('["item",0,"i"]')
n = 690000
print('["session",0,0,[%s],[%s]]' % (",".join("1" * n), ",".join("0" * n)))
print('["E"]')
END
    spcat -j lines >large.mp
    spcat --check large.mp
    spcat large.mp | spcat -j | cmp - large.mp
    { head -n 1 lines; head -c 70000000 /dev/zero | tr '\0' ' '; } >lines2
    run -65 spcat -j lines2
    [[ $output == *"lines2, line 2: longer than any record"* ]]
}

@test "--head: the first records" {
    for kind in sessions batches predictions parallel; do
        [ "$(spcat --head 0 $kind | wc -l)" = 1 ]
        for n in $(seq 1 20); do
            spcat $kind | grep -vE '^."(B|E)' | head -n "$((n + 1))" |
                cmp - <(spcat --head "$n" $kind | grep -vE '^."(B|E)')
        done
    done
}

@test "--head does not wait for what it does not show" {
    { cat sessions; sleep 30; } 3>&- | timeout 20 spcat --head 2 >out
    [ "$(wc -l <out)" = 3 ]
}

@test "--grep: the records of a user or an item" {
    spcat --grep user=u1 sessions | tail -n +2 >out
    diff out - <<'END'
["user",0,"u1"]
["item",0,"i1"]
["item",1,"i3"]
["session",0,2,[100,101],[0,1]]
END
    # The sessions of a schedule are shown with the numbers that they have in the input.
    spcat --grep user=u1 batches | tail -n +2 >out
    diff out - <<'END'
["user",1,"u1"]
["session",1,1,[50,51,52,53],[0,1,2,0]]
["session",1,3,[53,54],[2,0]]
["epoch",1,1]
["batch",[3]]
["epoch",1,3]
["batch",[4]]
["epoch",2,1]
["again",1]
["epoch",2,3]
["again",1]
END
    spcat --grep user=$'u\xff0' batches | grep -F '["batch",[1],0]'
    spcat --grep item=i1 batches | tail -n +2 >out
    diff out - <<'END'
["item",1,"i1"]
["session",0,1,[0,10,10],[0,1,0]]
["session",0,1,[5000,5001],[2,1],{"dwell":[0.5,2.0],"week":0}]
["session",0,3,[9000,68719476735],[1,2]]
["session",1,1,[50,51,52,53],[0,1,2,0]]
["epoch",1,1]
["batch",[0,3]]
["batch",[1],0]
["epoch",1,3]
["batch",[2]]
["epoch",2,1]
["again",1]
["epoch",2,3]
["again",1]
END
    spcat --grep user=$'u\xff0' parallel | grep -vE '^."(SESS|user|session)' >out
    diff out - <<'END'
["epoch",1,1]
["parallel",[0],[0]]
["parallel",[0],[1]]
["epoch",1,3]
["batch",[2]]
["epoch",2,1]
["parallel",[1,1],[0,1]]
["epoch",2,3]
["again",1]
END
    spcat --grep item=i1 predictions | grep '^."rank"' && false
    spcat --grep item=i1 predictions | grep '^."top"'
    spcat --grep user=u1 --head 2 sessions >out
    [ "$(grep -vc SESSPIPE out)" -le 4 ]
    spcat --grep user=nobody sessions 2>err >out
    [ "$(wc -l <out)" = 1 ]
    grep -F 'no user is named "nobody"' err
    run -64 spcat --grep u1 sessions
    [[ $output == *"user=NAME"*"item=NAME"* ]]
}

# The rows of $2 (a column of ids) that are id $3, of every record with the tag $1.
rows() {
    jq -c --arg tag "$1" --arg column "$2" --argjson id "$3" '
        select(.[0] == $tag)[1] | . as $r | range(.user | length) | select($r[$column][.] == $id) as $i |
        [$r.user[$i], $r.session[$i], $r.position[$i], $r.rank[$i]]'
}

# The records of a schedule with the sessions of user $1 alone: those that are left of each.
numbers() {
    jq -nc --argjson id "$1" '
        reduce inputs as $r ({numbers: [], at: 0, out: []};
            if $r[0] == "session" then .at += 1 | if $r[1] == $id then .numbers += [.at - 1] else . end
            elif $r[0] == "batch" or $r[0] == "parallel" then
                .numbers as $kept | ($r[1] | length) as $n |
                [range($n) | select(($r[if $r[0] == "batch" then 1 else 2 end][.]) as $s | $kept | index($s))] as $i |
                if $i == [] then . else .out += [$r | map(if type == "array" then [.[$i[]]] else . end)] end
            else . end) | .out[]'
}

@test "--grep of real streams: what jq finds, row by row" {
    need_data reddit-part.csv.xz
    xz -dc "$DATA/reddit-part.csv.xz" | reddit-sessionize | tfilter --split user:0.8 >split.mp 2>report
    batcher --epochs 1 --min-batch 20 split.mp >b.mp 2>messages
    batcher --epochs 1 --scheme session-parallel split.mp >parallel.mp
    baseline --model pop split.mp >p.mp
    user=$(spcat split.mp | jq -r 'select(.[0] == "session" and .[2] == 3)[1]' | sort | uniq -c | sort -rn | awk 'NR == 3 { print $2 }')
    name=$(spcat split.mp | jq -r --argjson id "$user" 'select(.[0] == "user" and .[1] == $id)[2]')
    for stream in b parallel; do
        spcat $stream.mp | numbers "$user" >expected
        spcat --grep user="$name" $stream.mp | grep -E '^."(batch|parallel)"' >got
        [ "$(wc -l <expected)" -gt 2 ]
        cmp expected got
        spcat $stream.mp | jq -c --argjson id "$user" 'select(.[0] == "session" and .[1] == $id)' >expected
        spcat --grep user="$name" $stream.mp | grep '^."session"' | jq -c . | cmp - expected
    done
    id=$(spcat p.mp | jq -r --arg name "$name" 'select(.[0] == "user" and .[2] == $name)[1]')
    spcat p.mp | rows rank user "$id" >expected
    spcat --grep user="$name" p.mp | rows rank user "$id" >got
    [ -s expected ]
    cmp expected got
    item=$(spcat p.mp | jq -r 'select(.[0] == "rank")[1].target[0]' | head -n 1)
    name=$(spcat p.mp | jq -r --argjson id "$item" 'select(.[0] == "item" and .[1] == $id)[2]')
    spcat p.mp | rows rank target "$item" >expected
    spcat --grep item="$name" p.mp | jq -c 'select(.[0] == "rank")' >got.json
    rows rank target "$item" <got.json | cmp - expected
    [ "$(jq -s 'map(.[1].target) | add | unique | length' got.json)" = 1 ]
}

@test "--grep of predictions: a pass has the count and the mean loss of the ranks that are shown" {
    need_data reddit-part.csv.xz
    xz -dc "$DATA/reddit-part.csv.xz" | reddit-sessionize | tfilter --min-sessions 3 --split user:0.8 >split.mp 2>report
    baseline --model pop split.mp >p.mp
    name=$(spcat split.mp | jq -r 'select(.[0] == "user" and .[1] == 5)[2]')
    spcat --grep user="$name" p.mp >part
    jq -s '[.[] | select(.[0] == "rank")[1].loss[]] | [length, add / length]' part >expected
    jq -s '[.[] | select(.[0] == "pass" and .[2] == 3)[3]][0] | [.events, .loss]' part >got
    jq -es '.[0][0] > 0 and .[0][0] == .[1][0] and ((.[0][1] - .[1][1]) | fabs) < 1e-5' expected got
    [ "$(spcat p.mp | rows rank user "$(spcat p.mp | jq -r --arg n "$name" 'select(.[0] == "user" and .[2] == $n)[1]')" | wc -l)" = "$(jq '.[0]' got)" ]
}

@test "--users: sessions of each user and their mean length, as lines and as a picture" {
    [ "$(spcat --users tsv sessions)" = $'user\tsessions\tsession length\nu\xef\xbf\xbd0\t2\t2.5000\nu1\t1\t2.0000' ]
    spcat --users svg -o users.svg sessions
    grep -q '^<svg ' users.svg
    grep -q '>2 users; dashed: the means over users, 1.5 sessions of<' users.svg
    grep -q '>2.25 events<' users.svg
    grep -q '>users above the mean of both: 1, of length: 0, of<' users.svg
    synthesize --users 300 --days 2 | lfm-sessionize -q >many
    spcat --users svg many >users.svg
    # all users are in some dot
    [ "$(grep -o '<title>[0-9]* users\?' users.svg | grep -o '[0-9]*' | awk '{ n += $1 } END { print n }')" = 300 ]
    [ "$(spcat --users tsv many | awk 'NR > 1 { n += $2; e += $2 * $3 } END { printf "%d %.0f", n, e }')" = \
        "$(spcat --summary many | awk -F '\t' '{ n[$1] = $2 } END { print n["sessions"], n["events"] }')" ]
    run -65 --separate-stderr spcat --users tsv batches
    [[ $stderr == *sessions* ]]
    run -64 --separate-stderr spcat --users tsv --summary sessions
    [[ $stderr == *'--users excludes'* ]]
    # a stream without sessions
    spcat sessions | grep -v '^\["session"' | sed 's/^\["E".*/["E"]/' | spcat --from-json >none
    [ "$(spcat --users tsv none | wc -l)" = 1 ]
    spcat --users svg none | grep -q '0 users'
}

@test "what does not go together is refused" {
    for options in '--check --head 2' '--summary --grep user=u' '--from-json --head 2' '--from-json --check'; do
        # shellcheck disable=SC2086 # a list of words
        run -64 spcat $options sessions
        [[ $output == *"they exclude"* || $output == *"excludes the other"* ]]
    done
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
    [ "$(ls -A | tr '\n' ' ')" = "batches kept out.json parallel predictions sessions " ]
}

@test "what was read before an error is shown" {
    run -65 --separate-stderr spcat <(head -c 300 sessions)
    [ "${lines[1]}" = '["user",0,"u\udcff0",{"country":"Norway"}]' ]
    [[ $stderr == *"input ended early after 6 records: the program before this one failed or was cut off" ]]
}

@test "lines come as soon as their block is there" {
    mkfifo pipe
    : >out # the program's shell makes it only once the pipe has a writer
    spcat <pipe >out 3>&- &
    exec 9>pipe
    head -c 300 sessions >&9
    for ((i = 0; i < 100; i++)); do
        [ "$(wc -l <out)" -lt 7 ] || break
        sleep 0.05
    done
    shown=$(wc -l <out)
    exec 9>&-
    status=0
    wait $! || status=$? # not by run, in whose shell the program is no child
    [ "$status" = 65 ]
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
