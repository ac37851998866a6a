# json-sessionize: sessions of logs of JSON, a record a line or an array of records.
bats_require_minimum_version 1.5.0
load helpers
load sessions

run_json() { sessionized json-sessionize "$@"; }

# check LOG [key=value ...]: out.mp holds the sessions that Python makes of the log.
check() {
    spcat --check out.mp && "$PYTHON" "$ROOT/tests/check-sessions.py" out.mp "$@" json=1
}

# One line "user<TAB>time:item ..." a session of the log on stdin, of all lengths.
sessions_of() {
    json-sessionize --min-events 1 "$@" >out.mp && dump out.mp
}

# random_json SEED: records with single events, arrays of events, lists of items with times in step,
# among fields that nobody asked for; blanks, escapes and orders of keys vary.
random_json() {
    python3 - "$1" <<'END'
import json, random, sys
r = random.Random(int(sys.argv[1]))
names = ["plain", 'with "quotes"', "a\\b", "two\nlines", "\t", "é", "\U0001d11e", "x" * 300, "{}", "]", ",:", "\u2028"]
def junk(depth=0):
    kind = r.randrange(8 if depth < 4 else 5)
    if kind == 5: return [junk(depth + 1) for _ in range(r.randrange(4))]
    if kind >= 6: return {r.choice(names): junk(depth + 1) for _ in range(r.randrange(4))}
    return [None, True, -1.5e-7, r.choice(names), r.randrange(10**12)][kind]
def item():
    return r.choice([r.randrange(40), r.choice(names) + str(r.randrange(5))])
def shuffled(d):
    pairs = list(d.items()); r.shuffle(pairs); return dict(pairs)
for n in range(400):
    at = 1600000000 + r.randrange(9) * 86400 + r.randrange(5000)
    events = [shuffled({"item": {"id": item(), "more": junk()}, "ts": at + r.randrange(3000), "kind": r.choice("abc"), "x": junk()})
              for _ in range(r.randrange(6))]
    record = {"user": {"name": "user %d" % r.randrange(12)}, "session": "s%d" % n, "events": events,
              "items": [item() for _ in range(r.randrange(1, 5))], "item": item(), "time": at + r.random(),
              "kind": r.choice("ab"), "pair": [r.choice("xy"), {"z": r.choice("uv")}]}
    record["times"] = [at + 10 * k for k in range(len(record["items"]))]
    for _ in range(r.randrange(5)): record["junk %d" % r.randrange(9)] = junk()
    if r.random() < .1: record["user"]["name"] = None
    blank = r.choice(["", " ", "  \t"])
    print(json.dumps(shuffled(record), ensure_ascii=r.random() < .5, separators=(blank + "," + blank, blank + ":" + blank)),
          end=r.choice(["\n", "\r\n", "\n\n"]))
END
}

@test "random logs give the sessions that Python makes of them" {
    need_dump
    for seed in 1 2 3; do
        random_json $seed >log
        run_json --user user.name --item item --time time log
        [ "$status" = 0 ]
        check log user=user.name item=item time=time
        run_json --user user.name --item events.item.id --time events.ts --session session --carry events.kind log
        check log user=user.name item=events.item.id time=events.ts session=session carry=events.kind
        run_json --session session --item events.item.id --time events.ts --where events.kind=a log
        check log session=session item=events.item.id time=events.ts where=events.kind=a
        run_json --user user.name --item items --time times --gap 5000 --carry pair.1.z log
        check log user=user.name item=items time=times gap=5000 carry=pair.1.z
        run_json --user pair.0 --item item --time times.0 --where kind!=a log
        check log user=pair.0 item=item time=times.0 where=kind!=a
        run_json --list items --user user.name log
        check log user=user.name item=items session='#'
        run_json --list items --time time log
        check log item=items session='#' time=time
        run_json --list items --time times --user user.name --keep-repeats log
        check log item=items session='#' time=times user=user.name keep=1
    done
}

@test "a temporary file in place of memory and packed logs change no byte" {
    random_json 4 >log
    set -- --user user.name --item events.item.id --time events.ts
    json-sessionize "$@" log >expected.mp 2>err
    same_bytes expected.mp json-sessionize "$@" --memory 64K log 2>err
    gzip -k log
    same_bytes expected.mp json-sessionize "$@" log.gz 2>err
    dd bs=7 if=log status=none | same_bytes expected.mp json-sessionize "$@" 2>err
}

@test "presets read the logs that they are named for" {
    need_dump
    printf '%s\n' '{"session":0,"events":[{"aid":1517085,"ts":1659304800025,"type":"clicks"},{"aid":1563459,"ts":1659304904511,"type":"carts"}]}' \
        '{"session":1,"events":[{"aid":424964,"ts":1659304800025,"type":"carts"},{"aid":1,"ts":1659304800999,"type":"orders"}]}' \
        '{"session":2,"events":[]}' >otto.jsonl
    json-sessionize --preset otto otto.jsonl >out.mp
    [ "$(dump out.mp)" = $'0\t1659304800:1517085 1659304904:1563459\n1\t1659304800:424964 1659304800:1' ]
    [ "$(spcat out.mp | jq -c 'select(.[0] == "session") | .[5]' | paste -sd' ')" = '{"action":[1,0]} {"action":[0,2]}' ]
    printf '%s\n' '{"author":"ann","subreddit":"pics","created_utc":1388534400,"body":"a \"b\\\\"}' \
        '{"author":"[deleted]","subreddit":"pics","created_utc":1388534401}' \
        '{"author":"ann","subreddit":"news","created_utc":"1388534402"}' >RC
    [ "$(json-sessionize --preset pushshift RC >out.mp && dump out.mp)" = $'ann\t1388534400:pics 1388534402:news' ]
    header out.mp | grep -q "'rows': 3, .*'rows_left_out': 1"
    zstd -q RC
    json-sessionize --preset pushshift RC.zst >packed.mp
    cmp out.mp packed.mp
    run -64 json-sessionize --preset nobodys RC
    [[ $output == *'otto, pushshift'* ]]
}

@test "paths: keys, elements of arrays, each element an event" {
    need_dump
    printf '%s\n' '{"a.b":{"":{"0":"u"}},"l":[{"t":1,"i":["x","y"]},{"t":2,"i":["z","w"]}]}' >log
    [ "$(sessions_of -q --user 'a\.b..0' --item l.i.1 --time l.t log)" = $'u\t1:y 2:w' ]
    [ "$(sessions_of -q --user 'a\.b..0' --item l.1.i --time l.0.t log)" = $'u\t1:z 1:w' ]
    run_json --user 'a\.b..0' --item l.i --time l.t log
    refused 65 'log, line 1: l.i is an array in an array: a number in the path says which element'
    # What an element lacks is missing in its event alone.
    printf '%s\n' '{"u":"u","e":[{"i":"a","t":1},{"t":2},{"i":"c","t":3},{"i":"d"}]}' >log
    run_json --user u --item e.i --time e.t log
    refused 65 'log, line 1: the item is empty'
    run_json --skip-bad --user u --item e.i --time e.t log
    [ "$(dump out.mp)" = $'u\t1:a 3:c' ]
    grep -q 'skipped 2 bad of 4 rows' err
}

@test "the last of equal keys counts, and of a value of another kind none" {
    need_dump
    printf '%s\n' '{"u":"v","u":"u","i":"a","t":1}' '{"u":"u","i":"b","t":2,"t":3}' '{"u":{"x":1},"i":"c","t":4}' >log
    run_json --user u --item i --time t log
    [ "$(dump out.mp)" = $'u\t1:a 3:b' ]
    grep -q 'dropped 1 of 3 events (33.3 %): 1 without a user' err
    # Arrays and objects give way as a whole, and in each element of an array too.
    of() { echo "$1" >log && sessions_of -q --user u --item e.i --time e.t log; }
    [ "$(of '{"u":"u","e":[{"i":"a","t":1},{"i":"c","t":5}],"e":[{"i":"b","t":2}]}')" = $'u\t2:b' ]
    [ "$(of '{"u":"u","e":[{"i":"a","t":1},{"i":"b","t":2}],"e":{"i":"c","t":3}}')" = $'u\t3:c' ]
    [ "$(of '{"u":"u","e":{"i":"c","t":3},"e":[{"i":"a","t":1},{"i":"b","t":2}]}')" = $'u\t1:a 2:b' ]
    [ "$(of '{"u":"u","e":[{"i":"x","i":"a","t":1},{"i":"b","t":9,"t":2}]}')" = $'u\t1:a 2:b' ]
    for last in '"u":{"x":1}' '"u":[]' '"u":null'; do
        echo "{\"u\":\"v\",$last,\"e\":{\"i\":\"a\",\"t\":1}}" >log
        run_json --user u --item e.i --time e.t log
        refused 65 'no session is left'
        grep -q '1 without a user' err
    done
}

@test "names are kept: numbers as they are written, escapes resolved, raw bytes" {
    need_dump
    printf '{"u":17850.0,"i":true,"t":1}\n{"u":17850,"i":"\\u00e9\\ud834\\udd1e\\/\\udcff","t":1}\n{"u":-1e3,"i":"\xff","t":1}\n' >log
    sessions_of --user u --item i --time t log >got
    printf -- '-1e3\t1:\xff\n17850\t1:é𝄞/\xff\n17850.0\t1:true\n' | cmp - got
}

@test "an array of more values than there are items is 65: none is lost silently" {
    need_dump
    more() { # RECORD MESSAGE
        echo "$1" >log
        run_json --user u --item i --time t --carry k log
        refused 65 "log, line 1: $2"
    }
    more '{"u":"u","i":"a","t":[1,2]}' 't has 2 values, and i has 1: a number in the path takes one'
    more '{"u":"u","i":["a","b"],"t":[1,2,3]}' 't has 3 values, and i has 2'
    more '{"u":"u","i":[],"t":[1]}' 't has 1 values, and i has 0'
    more '{"u":"u","i":"a","t":1,"k":["x","y"]}' 'k has 2 values, and i has 1'
    more '{"u":"u","i":["a","b"],"t":[1]}' 'the time is ""'
    more '{"u":"u","t":[1,2]}' 'the item is empty'
    # A record may have none; a log of such has no row, and is not empty.
    printf '{"u":"u","i":[],"t":[]}\n' >log
    run_json --user u --item i --time t log
    refused 65 'the log has no row: --allow-empty takes that'
    run_json --user u --item i --time t --allow-empty log
    [ "$status" = 0 ] && spcat --check out.mp
    echo '{"u":"u","i":["a","b"],"t":[1,2],"k":["x"]}' >log
    run_json --user u --item i --time t --carry k log
    [ "$status" = 0 ] && [ "$(dump out.mp)" = $'u\t1:a 2:b' ]
    [ "$(echo '{"u":"u","i":"a","t":[1,2]}' | sessions_of -q --user u --item i --time t.1)" = $'u\t2:a' ]
}

@test "what is no JSON is 65 and named by line; --skip-bad counts it" {
    good='{"u":"u","i":"a","t":1}'
    bad() { # LINE TEXT
        printf '%s\n' "$good" "$1" "$good" >log
        run_json --user u --item i --time t log
        refused 65 "log, line 2: $2"
        run_json --user u --item i --time t --skip-bad --keep-repeats log
        [ "$status" = 0 ] && grep -q 'skipped 1 bad of 3 rows' err
    }
    bad '{"u":"u","i":"a","t":1' "not JSON: ',' or '}' is expected where the record ends"
    bad '{"u":"u","i":"a","t":' 'not JSON: a value is expected where the record ends'
    bad '{"u":"u","i":"a","t":1}}' 'something follows the record: a comma is missing in [], or jq -c . makes a line of each'
    bad '{"u":"u","i":"a" "t":1}' "not JSON: ',' or '}' is expected before what follows"
    bad '{"u":"u","i":"a,"t":1}' 'not JSON'
    bad '{"u":"u","i":a,"t":1}' 'not JSON: a value is expected'
    bad '{"u":"u","i":"\q","t":1}' 'not JSON: an escape in a string is no character, or half of one'
    bad '{"u":"u","i":"\ud83d","t":1}' 'not JSON: an escape in a string is no character, or half of one'
    bad '{"u":"u\ude00","i":"a","t":1}' 'not JSON: an escape in a string is no character, or half of one'
    bad '{"u":"u","i":"a","t":01}' 'not JSON'
    bad '{u:"u","i":"a","t":1}' 'not JSON: a key in quotes is expected'
    bad '{"x":[1,2},"u":"u","i":"a","t":1}' 'not JSON: a value, nested 1024 deep at most, is expected'
    bad "{\"x\":$(printf '%0.s[' $(seq 1100))$(printf '%0.s]' $(seq 1100)),\"u\":\"u\",\"i\":\"a\",\"t\":1}" 'not JSON: a value, nested 1024 deep at most, is expected'
    bad '{"u":"u","i":"a","t":"noon"}' 'the time is "noon"'
    bad '{"u":"u","i":"a"}' 'the time is ""'
    bad '{"u":"u","t":1}' 'the item is empty'
    bad '["u","a",1]' 'a record in {} is expected: jq -c . makes a line of each'
    bad '"u"' 'a record in {} is expected'
    bad '{' 'not JSON: a key in quotes is expected where the record ends'
}

@test "other programs name json-sessionize, and it names what is no JSON" {
    printf '{"u":"u","i":"a","t":1}\n' >log
    for program in csv-sessionize\ --user\ u\ --item\ i\ --time\ t lfm-sessionize reddit-sessionize; do
        run -65 $program log
        [[ $output == *'log is JSON, not a '*': json-sessionize reads it'* ]]
    done
    printf '[{"u":"u"}]\n' >log
    run -65 csv-sessionize --user u --item i --time t log
    [[ $output == *'log is JSON, not a delimited log: json-sessionize reads it'* ]]
    printf 'user,item,time\nu,a,1\n' >log
    run_json --user user --item item --time time log
    refused 65 'log, line 1: a record in {} is expected'
    run_json --user user --item item --time time </dev/null
    refused 65 'standard input is empty: a log of JSON is expected'
}

@test "several records on a line, or one on several, are 65 with the command that puts them right" {
    need_dump
    for text in '{"u":"a","i":"b","t":1}{"u":"a","i":"c","t":2}\n' '{"u":"a","i":"b","t":1},\n{"u":"a","i":"c","t":2}\n' \
        '{\n"u":"a",\n"i":"b","t":1}\n{"u":"a","i":"c","t":2}\n'; do
        printf "$text" >log
        run_json --user u --item i --time t log
        refused 65 'log, line 1: '
        grep -q 'jq -c .' err
        case $text in *'},\n'*) continue ;; esac
        jq -c . log >lines
        [ "$(sessions_of -q --user u --item i --time t lines)" = $'a\t1:b 2:c' ]
    done
}

@test "an array of records gives what its records give, a line each" {
    need_dump
    paths='--user user.name --item events.item.id --time events.ts --carry events.kind'
    random_json 5 >log
    json-sessionize -q $paths log >expected.mp
    jq -s . log >pretty
    jq -cs . log >one-line
    jq -c . log | sed '1s/^/[/; $!s/$/,/; $s/$/]/' >line-each
    for form in pretty one-line line-each; do
        same_bytes expected.mp json-sessionize -q $paths $form
    done
    sed 's/$/\r/' pretty | same_bytes expected.mp json-sessionize -q $paths
    xz -c pretty | same_bytes expected.mp json-sessionize -q $paths
    head -n 60 log | jq -s . >some
    json-sessionize -q $paths --allow-empty <(head -n 60 log) >expected.mp
    dd bs=1 if=some status=none | same_bytes expected.mp json-sessionize -q $paths --allow-empty
    # Arrays behind each other, after marks of byte order, empty ones; files of both kinds.
    (head -n 30 log | jq -s .; printf '\xef\xbb\xbf []\n'; sed -n 31,60p log | jq -cs .) |
        same_bytes expected.mp json-sessionize -q $paths --allow-empty
    same_bytes expected.mp json-sessionize -q $paths --allow-empty <(head -n 30 log | jq -s .) <(sed -n 31,60p log)
    same_bytes expected.mp json-sessionize -q $paths --allow-empty <(head -n 30 log) <(sed -n 31,60p log | jq -cs .)
}

@test "what is wrong in an array is 65 with line and record, skipped with --skip-bad where the next one can be found" {
    need_dump
    bad_array() { # TEXT PLACE-AND-MESSAGE
        printf '%b' "$1" >log
        run_json --user u --item i --time t log
        refused 65 "log, $2"
        run_json --user u --item i --time t --skip-bad log
    }
    a='{"u":"u","i":"a","t":1}' b='{"u":"u","i":"b","t":2}'
    skipped() { [ "$status" = 0 ] && grep -q 'skipped 1 bad of 3 rows' err && [ "$(dump out.mp)" = $'u\t1:a 2:b' ]; }
    bad_array "[$a,\n\n 7, $b]" 'line 3, record 2: a record in {} is expected'
    skipped
    bad_array "[\n$a,\n{\"u\":\"u\",\n\"i\":\"c\"\n}\n,\n$b\n]\n" 'line 3, record 2: the time is ""'
    skipped
    bad_array "[$a,{\"u\":[1}],$b]" 'line 1, record 2: not JSON'
    skipped
    bad_array "[$a,,$b]" 'line 1, record 2: a record in {} is expected'
    skipped
    bad_array "[$a,$b,]" 'line 1, record 3: a record in {} is expected'
    skipped
    bad_array "[$a $a,$a,$b]" 'line 1, record 1: something follows the record: a comma is missing in []'
    skipped
    for text in "[$a,$b" "[$a,$b," "[$a,{\"u\":\"" "[$a,{\"u\":[1},$b]" "["; do
        bad_array "$text" 'line 1: the array of records has no end'
        refused 65 'log, line 1: the array of records has no end'
        run_json --user u --item i --time t --open-end <log
        refused 65 'standard input, line 1: the array of records has no end'
    done
    bad_array "[$a,$b]\n$a\n" 'line 2: something follows the array of records'
    refused 65 'log, line 2: something follows the array of records'
    echo '[]' >log
    run_json --user u --item i --time t log
    refused 65 'log is empty: a log of JSON is expected'
    { printf '[%s,{"u":"' "$a"; head -c 2000000 /dev/zero | tr '\0' x; printf '"},\n%s]' "$b"; } >log
    run_json --user u --item i --time t log
    refused 65 'log, line 1, record 2: longer than 1048576 bytes'
    run_json --user u --item i --time t --skip-bad log
    skipped
}

@test "a list that is a string is split as csv-sessionize splits it" {
    need_dump
    for list in 'a b c' 'a|b|c' "['a', 'b', 'c']" '[a,b,c]'; do
        printf '{"s":"x","l":"%s"}\n{"s":"y","l":["a b","c"]}\n' "$list" >log
        [ "$(sessions_of -q --session s --list l log)" = $'x\t0:a 1:b 2:c\ny\t3:a b 4:c' ]
    done
    printf '{"s":"x","l":"a b|c"}\n' >log
    run_json --session s --list l log
    grep -qF 'lists are split at "|", as the first of them says: --list-delimiter settles it' err
    [ "$(sessions_of -q --session s --list l --list-delimiter ' ' log)" = $'x\t0:a 1:b|c' ]
    run_json --session s --list l --list-delimiter ', ' log
    refused 64 "--list-delimiter ', ': it is one byte, or tab"
    run_json --session s --item l --list-delimiter , --no-time log
    refused 64 '--list-delimiter is for a --list: which path is it?'
    printf '{"s":"x","l":"[[1,2],[3]]"}\n' >log
    run_json --session s --list l log
    refused 65 'log, line 1: the list of items has a list in it'
    printf '{"s":"x"}\n' >log
    run_json --session s --list l log
    refused 65 'log, line 1: the item is empty'
}

@test "JSON as logs have it" {
    need_dump
    of() { printf "$1" >log && sessions_of -q --user "${2:-u}" --item "${3:-i}" --time "${4:-t}" log; }
    [ "$(of '\xef\xbb\xbf{"u":"a","i":"x","t":1}\r\n\r\n\xef\xbb\xbf  { "u" : "a" , "i" : "y" , "t" : 2 }  \r\n')" = $'a\t1:x 2:y' ]
    [ "$(of '{"u":"7","i":7,"t":"1600000000.5"}\n{"u":7,"i":"8","t":1.6000000015e9}\n')" = $'7\t1600000000:7 1600000001:8' ]
    [ "$(of '{"u":null,"i":"b","t":1}\n{"u":"x","i":"b","t":1}\n')" = $'x\t1:b' ]
    [ "$(of '{"u":"a\\"b\\\\c\\/d","i":"\\ud83d\\ude00","t":1}\n')" = $'a"b\\c/d\t1:😀' ]
    [ "$(of '{"\\u0075":"a","\\u0069":"x","t":1}\n')" = $'a\t1:x' ]
    [ "$(of '{"u":{"$oid":"abc"},"i":{"$numberLong":"7"},"t":{"$date":"2020-01-01T00:00:00Z"}}\n' 'u.$oid' 'i.$numberLong' 't.$date')" = $'abc\t1577836800:7' ]
    [ "$(of '{"u":12345678901234567890123456789,"i":1e999,"t":1}\n')" = $'12345678901234567890123456789\t1:1e999' ]
    for wrong in '"\\ud83d x"' '"\\ude00"' '"\\x41"' 01 "'a'"; do
        printf '{"u":"a","i":%b,"t":1}\n' "$wrong" >log
        run_json --user u --item i --time t log
        refused 65 'log, line 1: not JSON: '
    done
}

@test "options that are missing or exclude each other are 64" {
    run_json --item i --time t </dev/null
    refused 64 '--user PATH or --session PATH is missing'
    run_json --user u --time t </dev/null
    refused 64 '--item PATH is missing'
    run_json --user u --item i </dev/null
    refused 64 '--time PATH is missing'
    run_json --list l --item i </dev/null
    refused 64 '--list and --item exclude each other'
    run_json --list l --gap 5 </dev/null
    refused 64 '--list and --gap exclude each other'
    run_json --user "$(printf 'a.%.0s' $(seq 40))" --item i --time t </dev/null
    refused 64 'has more than 32 keys'
}

@test "the manual's examples run" {
    printf '{"user":"u","song":{"id":%d},"at":"2020-01-01"}\n' 1 2 >plays.jsonl
    printf '{"session":0,"events":[{"aid":%d,"ts":1659304800025,"type":"clicks"}]}\n' 1 2 >train.jsonl
    printf '%s\n' '{"id":0,"items":[1,2]}' >sessions.jsonl
    mandoc_examples "$ROOT/man/json-sessionize.1" >commands
    [ "$(grep -c json-sessionize commands)" -ge 3 ]
    bash -e commands
}
