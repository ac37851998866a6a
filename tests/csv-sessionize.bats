# csv-sessionize: sessions of any delimited log.
bats_require_minimum_version 1.5.0
load helpers
load sessions

run_csv() { # stdout in out.mp, stderr in err
    status=0
    csv-sessionize "$@" >out.mp 2>err || status=$?
}

# refused STATUS TEXT: the last run failed so, with one message.
refused() {
    [ "$status" = "$1" ] && [[ $(cat err) == "csv-sessionize: "*"$2"* ]] && [ "$(wc -l <err)" = 1 ] ||
        { echo "status $status, $(cat err)"; return 1; }
}

# check LOG [key=value ...]: out.mp holds the sessions that Python makes of the log.
check() {
    spcat --check out.mp && "$PYTHON" "$ROOT/tests/check-sessions.py" out.mp "$@"
}

# One line "user<TAB>time:item ..." a session of the log on stdin, of all lengths.
sessions_of() {
    csv-sessionize --min-events 1 --max-events 0 --cut 0 "$@" >out.mp && dump out.mp
}

# random_csv SEED: user,session,time,sequence,item,kind with a header, in any order of time, with
# equal times, fractions, empty users, sessions that overlap, quotes and line ends in items.
random_csv() {
    python3 - "$1" <<'END'
import csv, random, sys
r = random.Random(int(sys.argv[1]))
w = csv.writer(sys.stdout, lineterminator=r.choice(["\n", "\r\n"]), quoting=r.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
w.writerow(["user", "session", "time", "sequence", "item", "kind"])
items = ["plain", 'with "quotes"', "a,b", "two\nlines", "two\r\nlines", '"', " blank ", "é", "", "x" * 300]
rows = []
for n in range(3000):
    user = r.randrange(12)
    day = int(r.paretovariate(1))
    time = "%d.%s" % (86400 * day + r.randrange(r.choice([20, 9000])), r.choice(["0", "5", "25", "125"]))
    item = r.choice(items[:8]) + str(r.randrange(r.choice([2, 40])))
    rows.append([("user %d" % user) if user else "", "s%d" % (day * 3 + r.randrange(2)), time, r.randrange(4), item, r.choice("abc")])
w.writerows(rows)
END
}

# shuffled SEED: a log of lines with a header in another order.
shuffled() {
    awk -v seed="$1" 'NR == 1 { print; srand(seed); next } { print rand() "\t" $0 | "LC_ALL=C sort | cut -f2-" }'
}

# A log without equal times of one user.
distinct_log() {
    echo user,item,time,kind
    random_log "$1" | awk -F'\t' -v OFS=, '!seen[$1, $2]++ { print $1, $3, $2, "k" NR % 5 }'
}

@test "random logs give the sessions that Python makes of them" {
    need_dump
    for seed in 1 2 3; do
        random_csv $seed >log
        columns='--user user --item item --time time'
        keys='user=user item=item time=time'
        csv-sessionize $columns log >out.mp 2>err
        check log $keys
        csv-sessionize $columns --max-events 39 --cut 20 log >out.mp 2>err
        check log $keys max=39 cut=20
        csv-sessionize $columns --gap 300 --keep-repeats --cut 3 log >out.mp 2>err
        check log $keys gap=300 keep=1 cut=3
        csv-sessionize $columns --session session --max-events 0 --cut 7 log >out.mp 2>err
        check log $keys session=session max=0 cut=7
        csv-sessionize $columns --sequence sequence --min-events 1 log >out.mp 2>err
        check log $keys sequence=sequence min=1
        csv-sessionize --session session --item item --time time log >out.mp 2>err
        check log session=session item=item time=time
        csv-sessionize $columns --where kind=a --carry kind --carry session log >out.mp 2>err
        check log $keys where=kind=a carry=kind,session
        csv-sessionize $columns --where 'kind!=a' --carry kind log >out.mp 2>err
        check log $keys where='kind!=a' carry=kind
    done
}

# random_lists SEED SEPARATOR: user,items,next,time,kind: a list of items a row, some in brackets.
random_lists() {
    python3 - "$1" "$2" <<'END'
import csv, random, sys
r = random.Random(int(sys.argv[1]))
w = csv.writer(sys.stdout, lineterminator="\n")
w.writerow(["user", "items", "next", "time", "kind"])
for n in range(400):
    items = ["i%d" % r.randrange(30) for _ in range(r.randrange(8) if n else 3)]
    forms = [sys.argv[2].join(items), str(items), str(tuple(int(i[1:]) for i in items))]
    w.writerow(["u%d" % r.randrange(9), r.choice(forms) if n else forms[0], "i%d" % r.randrange(30),
                r.randrange(10**6), r.choice("ab")])
END
}

@test "random lists of items give the sessions that Python makes of them" {
    need_dump
    for separator in '|' '; ' , ' '; do
        random_lists 1 "$separator" >log
        set -- item=items list=items session='#'
        csv-sessionize --user user --list items log >out.mp 2>err
        check log "$@" user=user
        csv-sessionize --list items --time time --keep-repeats log >out.mp 2>err
        check log "$@" time=time keep=1
        csv-sessionize --user user --list items --item next --carry kind --where kind=a log >out.mp 2>err
        check log "$@" user=user next=next carry=kind where=kind=a
        csv-sessionize --user user --list items --session kind --memory 64K log >out.mp 2>err
        check log item=items list=items session=kind user=user
        csv-sessionize --user user --list items log 2>err >guessed.mp
        grep -q 'as the first of them says: --list-delimiter settles it' err
        csv-sessionize -q --user user --list items --list-delimiter "${separator:0:1}" log >out.mp
        cmp <(spcat guessed.mp | tail -n +2) <(spcat out.mp | tail -n +2)
    done
}

@test "a list of items in a field, with what separates them" {
    need_dump
    printf 'user,items,time\nu,id1|id2|id3,1600000000\nv,"[5, 7, 9]",1600000000\n' >log
    run_csv --user user --list items --time time log
    [ "$(dump out.mp)" = $'u\t1600000000:id1 1600000000:id2 1600000000:id3\nv\t1600000000:5 1600000000:7 1600000000:9' ]
    grep -q 'lists are split at "|"' err
    printf 's1\tA,B,C\ns2\tB,D\n' >log
    run_csv --no-header --delimiter tab --session 1 --list 2 log
    [ "$(dump out.mp)" = $'s1\t0:A 1:B 2:C\ns2\t3:B 4:D' ]
    # What is given counts, and then nothing is said; one item alone needs no delimiter.
    printf 'New York|Rome\nOslo\n,|Rome||Bonn|,\n' >log
    [ "$(sessions_of --no-header --delimiter tab --list 1 --list-delimiter '|' log 2>err)" = $'1\t0:New York 1:Rome\n2\t2:Oslo\n3\t3:, 4:Rome 5:Bonn 6:,' ]
    [ ! -s err ]
    printf '%s\n' "\"['it', 'a, b', c d]\"" "['x' 'y']" '"[""p"", ""q""]"' '[]' '"(1, 2)"' >log
    [ "$(sessions_of --no-header --list 1 log 2>err)" = $'1\t0:it 1:a, b 2:c d\n2\t3:x 4:y\n3\t5:p 6:q\n5\t7:1 8:2' ]
    [ ! -s err ]
    for wrong in 'ab' ''; do
        run_csv --list items --list-delimiter "$wrong" log
        refused 64 "--list-delimiter '$wrong': it is one byte, or tab"
    done
    run_csv --item i --user u --time t --list-delimiter ';' log
    refused 64 '--list-delimiter is for a --list'
    run_csv --list items --gap 5 log
    refused 64 '--list and --gap exclude each other'
}

@test "a log without times: its order counts" {
    need_dump
    printf 's,i,n\na,x,1\nb,z,2\na,y,9\na,w,3\nb,x,0\n' >log
    run_csv --session s --item i --no-time log
    [ "$(dump out.mp)" = $'a\t0:x 2:y 3:w\nb\t1:z 4:x' ]
    run_csv --session s --item i log
    refused 64 '--time COLUMN is missing: where is it? --no-time is for a log without times'
    run_csv --user s --item i --no-time log
    refused 64 '--no-time: where do sessions begin? --session COLUMN or --list COLUMN says that'
    run_csv --session s --item i --time n --no-time log
    refused 64 '--no-time and --time exclude each other'
    printf '{"s":"a","i":"x"}\n{"s":"a","i":"y"}\n' >log
    json-sessionize --session s --item i --no-time log >out.mp
    [ "$(dump out.mp)" = $'a\t0:x 1:y' ]
}

@test "a temporary file in place of memory changes no byte" {
    for seed in 4 5; do
        random_csv $seed >log
        for options in '' '--session session' '--carry kind'; do
            set -- --user user --item item --time time --max-events 0 $options log
            csv-sessionize "$@" >expected.mp 2>err
            need strace
            same_bytes expected.mp strace -f -qq -o trace -e trace=pwrite64,unlink,unlinkat \
                csv-sessionize --memory 64K "$@" || skip "strace does not run here"
            [ "$(grep -c pwrite64 trace)" -gt 1 ]
        done
    done
}

@test "without equal times of a user the order of the rows changes no byte" {
    distinct_log 7 >log
    set -- --user user --item item --time time --carry kind
    csv-sessionize "$@" log >expected.mp
    [ "$(spcat --summary expected.mp | awk '$1 == "sessions" { print $2 }')" -gt 50 ]
    for seed in 1 2 3; do
        shuffled $seed <log >other
        differ log other
        same_bytes expected.mp csv-sessionize "$@" other
        same_bytes expected.mp csv-sessionize "$@" --memory 64K other
        csv-sessionize "$@" --order auto other >out.mp
        cmp <(spcat expected.mp | tail -n +2) <(spcat out.mp | tail -n +2)
    done
}

@test "lfm- and reddit-sessionize take rows in any order, too" {
    distinct_log 8 | tail -n +2 >rows
    awk -F, -v OFS=, 'BEGIN { print "username,subreddit,utc" } { print $1, $2, $3 }' rows >log.csv
    reddit-sessionize --ungrouped log.csv >expected.mp
    [ "$(spcat --summary expected.mp | awk '$1 == "sessions" { print $2 }')" -gt 50 ]
    csv-sessionize --gap 3600 --max-events 39 --cut 20 --user username --item subreddit --time utc log.csv >csv.mp
    cmp <(spcat expected.mp | tail -n +2) <(spcat csv.mp | tail -n +2)
    shuffled 1 <log.csv >other.csv
    same_bytes expected.mp reddit-sessionize --ungrouped --memory 64K other.csv
    run -65 reddit-sessionize other.csv
    [[ $output == *"comes back after another: --ungrouped takes rows in any order"* ]]

    # An artist may have several titles.
    awk -F, -v OFS='\t' '{
        s = $3 - 1230768000
        time = sprintf("2009-01-%02dT%02d:%02d:%02dZ", int(s / 86400) + 1, int(s / 3600) % 24, int(s / 60) % 60, s % 60)
        print $1, time, $2, "title " NR % 3, "", "track" }' rows >log.tsv
    lfm-sessionize --ungrouped log.tsv >expected.mp
    for seed in 1 2; do
        { echo; cat log.tsv; } | shuffled $seed | tail -n +2 >other.tsv
        same_bytes expected.mp lfm-sessionize --ungrouped other.tsv
        same_bytes expected.mp lfm-sessionize --ungrouped --memory 64K other.tsv
    done
    # Grouped rows whose users stand in byte order give the same either way.
    LC_ALL=C sort -s -t "$(printf '\t')" -k1,1 log.tsv >sorted.tsv
    lfm-sessionize sorted.tsv >grouped.mp
    cmp <(spcat expected.mp | sed '1d;s/"title [0-9]"/""/') <(spcat grouped.mp | sed '1d;s/"title [0-9]"/""/')
}

@test "users come in byte order of their names, negative and 17850.0 alike" {
    need_dump
    cat >log <<'END'
user,item,time
b,x,1
-8845298781299428018,x,1
17850.0,x,1
a,x,1
17850,x,1
B,x,1
END
    [ "$(sessions_of --user user --item item --time time log | cut -f1 | tr '\n' ' ')" = \
        '-8845298781299428018 17850 17850.0 B a b ' ]
    [ "$(sessions_of --grouped --user user --item item --time time log | cut -f1 | tr '\n' ' ')" = \
        'b -8845298781299428018 17850.0 a 17850 B ' ]
}

@test "equal times keep the order of the log, or the other, or that of --sequence" {
    need_dump
    printf 'u,i,t,n\nu,a,5,3\nu,b,5,1\nu,c,4,9\nu,d,5,2\n' >log
    of() { sessions_of --user u --item i --time t "$@" log | sed 's/[^ ]*://g'; }
    [ "$(of)" = 'c a b d' ]
    [ "$(of --order newest-first)" = 'c d b a' ]
    [ "$(of --sequence n)" = 'c b d a' ]
    printf 'u,i,t\nu,a,5.5\nu,b,5.25\nu,c,5.125\n' >log
    [ "$(of)" = 'c b a' ]
    run -65 csv-sessionize --user u --item i --time t --sequence i log
    [[ $output == *'line 2: the sequence is "a": a whole number'* ]]
}

@test "columns by name, by number, without header, by any delimiter" {
    need_dump
    printf 'when,what,who\n1,a,u\n2,b,u\n' >log
    [ "$(sessions_of --user who --item what --time when log)" = $'u\t1:a 2:b' ]
    [ "$(sessions_of --user 3 --item 2 --time 1 log)" = $'u\t1:a 2:b' ]
    tail -n +2 log >bare
    [ "$(sessions_of --no-header --user 3 --item 2 --time 1 bare)" = $'u\t1:a 2:b' ]
    for delimiter in ';' '|' ' ' x ::; do
        sed "s/,/$delimiter/g" log >other
        [ "$(sessions_of --delimiter "$delimiter" --user who --item what --time when other)" = $'u\t1:a 2:b' ]
    done
    tr , '\t' <log >tabs
    for delimiter in tab '\t' $'\t'; do
        [ "$(sessions_of --delimiter "$delimiter" --user who --item what --time when tabs)" = $'u\t1:a 2:b' ]
    done
    printf '1::b:c::u\n' >other
    [ "$(sessions_of --no-header --delimiter :: --user 3 --item 2 --time 1 other)" = $'u\t1:b:c' ]
    run_csv --user nobody --item what --time when log
    refused 65 'log, line 1: no column "nobody" in the header, which has "when", "what", "who"'
    run_csv --user 4 --item what --time when log
    refused 65 'no column 4: there are 3'
    run_csv --user 0 --item what --time when log
    refused 65 'no column 0'
    run_csv --no-header --user who --item 2 --time 1 bare
    refused 65 'without a header columns go by number, 1 to 3'
}

@test "times in seconds, milliseconds, fractions, exponents and ISO 8601" {
    need_dump
    gap=68719476736
    times() { # unit, then times
        { echo u,i,t; printf 'u,x,%s\n' "${@:2}"; } >log
        sessions_of --keep-repeats --gap $gap --time-unit "$1" --user u --item i --time t log |
            cut -f2 | tr ' ' '\n' | cut -d: -f1 | tr '\n' ' '
    }
    [ "$(times s 0 5.0 7.99 1e1 1396437466.94 68719476735)" = '0 5 7 10 1396437466 68719476735 ' ]
    [ "$(times ms 0 999 1000 1506826828020 1506826828020.5 1.5e12)" = '0 0 1 1500000000 1506826828 1506826828 ' ]
    [ "$(times iso 1970-01-02 2014-04-07T10:51:09.277Z '2014-04-07 10:51:10' 2014-04-07T12:51:11+02:00 2014-04-07T10:51:12)" = \
        '86400 1396867869 1396867870 1396867871 1396867872 ' ]
    [ "$(times auto 1396867868.5 2014-04-07T10:51:09Z)" = '1396867868 1396867869 ' ]
    # Milliseconds and their fractions order events within a second.
    printf 'u,i,t\nu,a,1000.75\nu,b,1000.5\nu,c,1001\nu,d,1000\n' >log
    [ "$(sessions_of --time-unit ms --user u --item i --time t log)" = $'u\t1:d 1:b 1:a 1:c' ]
    bad() { # unit, time, message
        printf 'u,i,t\nu,x,%s\n' "$2" >log
        run_csv --time-unit "$1" --user u --item i --time t log
        refused 65 "log, line 2: the time is $3"
    }
    bad s -1 'before 1970'
    bad s 1506826828020 'beyond 2^36 seconds since 1970 (the year 4147): is it in milliseconds?'
    bad ms 1506826828020000 'beyond 2^36 seconds since 1970 (the year 4147): is it in microseconds?'
    bad s 2014-04-07T10:51:09Z '"2014-04-07T10:51:09Z": seconds since 1970 are expected'
    bad ms '' '"": milliseconds since 1970 are expected'
    bad iso 5 '"5": ISO 8601'
    bad auto yesterday '"yesterday": seconds since 1970, or ISO 8601'
    bad auto 1.x '"1.x"'
}

@test "--time-unit auto takes the unit from the digits, and says so" {
    need_dump
    of() { sessions_of --user user --item item --time time "$@" log 2>err; }
    for unit in s ms us ns; do
        case $unit in s) zeros= ;; ms) zeros=418 ;; us) zeros=418000 ;; ns) zeros=418000000 ;; esac
        printf 'user,item,time\nu,A,1575779411%s\nu,B,1575779412%s\n' $zeros $zeros >log
        [ "$(of)" = $'u\t1575779411:A 1575779412:B' ]
        of >out
        [ "$unit" = s ] || grep -q "times are read as $(case $unit in ms) echo milli ;; us) echo micro ;; ns) echo nano ;; esac)seconds since 1970" err
        [ "$unit" != s ] || [ ! -s err ]
        [ "$(wc -l <err)" -le 1 ] && ! grep 1995 err
        of --time-unit $unit >out
        [ ! -s err ]
        grep -q '1575779411:A 1575779412:B' out
        of --quiet >out
        [ ! -s err ]
    done
    # What the digits say has to be true of all numbers, but small ones may be times of any unit.
    printf 'user,item,time\nu,A,1575779411418\nu,B,1575779412\n' >log
    run_csv --user user --item item --time time log
    [ "$status" = 65 ]
    grep -q 'log, line 3: the time is "1575779412", which looks like seconds, but the first was in milliseconds: --time-unit says' err
    of --time-unit ms >out
    grep -q '1575779:B' out
    printf 'user,item,time\nu,A,1575779411418\nu,B,0\nu,C,99999999\n' >log
    [ "$(of -q)" = $'u\t0:B\nu\t99999:C\nu\t1575779411:A' ]
    printf 'user,item,time\nu,A,1575779411418\nu,B,1575779412418\nu,C,1575779413418000\n' >log
    run_csv --user user --item item --time time log
    [ "$status" = 65 ]
    grep -q 'log, line 4: .*: is it in microseconds?' err
    # Numbers that are no seconds, as month and day, would all be times of 1970.
    printf 'user,item,time\nu,A,829\nu,B,1111\nu,C,788918400\n' >log
    of >out
    grep -q 'read as seconds since 1970, by the digits of the first, which puts 2 of 3 rows before 1995: --time-unit settles the unit$' err
    of --time-unit s >out
    [ ! -s err ]
    of --quiet >out
    [ ! -s err ]
}

@test "days: 20141118 is no number of seconds, and --time-format reads what is written another way" {
    need_dump
    printf 'user,item,time\nu,A,20141118\nu,B,20141118\nu,C,20141219\nu,D,20141219\n' >log
    set -- --user user --item item --time time
    run_csv "$@" log
    refused 65 'log, line 2: the time is "20141118", which looks like a day, not like seconds since 1970: --time-unit iso'
    [ "$(sessions_of "$@" --time-unit iso log)" = $'u\t1416268800:A 1416268800:B\nu\t1418947200:C 1418947200:D' ]
    [ "$(sessions_of "$@" --time-format %Y%m%d log)" = "$(sessions_of "$@" --time-unit iso log)" ]
    [ "$(sessions_of "$@" --time-unit s log)" = $'u\t20141118:A 20141118:B 20141219:C 20141219:D' ]

    printf 'M83,"Hurry Up, We are Dreaming",Midnight City,26/02/2019 08:34:33 +00:00\nM83,Junk,Solitude,26/02/2019 08:39:01 +00:00\n' >log
    set -- --no-header --user-name me --item 3 --time 4
    [ "$(sessions_of "$@" --time-format '%d/%m/%Y %H:%M:%S %z' log)" = $'me\t1551170073:Midnight City 1551170341:Solitude' ]
    run_csv "$@" --time-format '%d.%m.%Y' log
    refused 65 "line 1: the time is \"26/02/2019 08:34:33 +00:00\": the form '%d.%m.%Y' is expected"
    run_csv "$@" --time-format '%s' log
    refused 64 '--time-format: %s is not read here; seconds are --time-unit s'
    run_csv "$@" --time-format '%Y' --time-unit s log
    refused 64 '--time-unit and --time-format exclude each other'
    TZ=Asia/Kolkata LC_ALL=de_DE.UTF-8 csv-sessionize --no-header --user-name me --item 3 --time 4 \
        --time-format '%d/%m/%Y %H:%M:%S %z' log >here.mp
    same_bytes here.mp csv-sessionize --no-header --user-name me --item 3 --time 4 --time-format '%d/%m/%Y %H:%M:%S %z' log
}

@test "a log of one user has --user-name, with sessions or without" {
    need_dump
    printf 'when,what,s\n1,a,x\n2,b,y\n3,c,x\n' >log
    [ "$(sessions_of --user-name me --item what --time when log)" = $'me\t1:a 2:b 3:c' ]
    [ "$(sessions_of --user-name me --item what --time when --session s log)" = $'me\t1:a 3:c\nme\t2:b' ]
    run_csv --user s --user-name me --item what --time when log
    refused 64 '--user and --user-name exclude each other'
    run_csv --user-name '' --item what --time when log
    refused 64 "--user-name '': the name of the user is empty"
    run_csv --item what --time when log
    refused 64 '--user-name NAME is for a log of one user'
}

@test "two columns of one name are an error, and a name counts more than a number" {
    need_dump
    printf 'user,time,item,time\nu,100,A,2020-01-01\nu,110,B,2020-01-01\n' >log
    run_csv --user user --item item --time time log
    refused 65 'log, line 1: two columns are named "time": 2 and 4; take one by its number'
    [ "$(sessions_of --user user --item item --time 2 log)" = $'u\t100:A 110:B' ]
    printf 'u,i,x,t,x\nu,A,1,100,2\nu,B,1,110,2\n' >log
    [ "$(sessions_of --user u --item i --time t log)" = $'u\t100:A 110:B' ]
    run_csv --user u --item i --time t --carry x log
    refused 65 'two columns are named "x": 3 and 5'
    printf 'u:token,i:token,t:float,t:token\nu,A,1,2\n' >log
    run_csv --user u --item i --time t log
    refused 65 'two columns are named "t": 3 and 4'
    printf ',0,1,2\n0,u,A,100\n1,u,B,110\n' >log
    [ "$(sessions_of --user 0 --item 1 --time 2 log)" = $'u\t100:A 110:B' ]
}

@test "byte order marks, at the start of each file and where files were joined; empty lines" {
    need_dump
    for who in u v; do
        printf '\xef\xbb\xbf"user","item","time"\r\n"%s","A\nx","100"\r\n"%s","B","110"\r\n' $who $who >$who.csv
    done
    set -- --user user --item item --time time
    csv-sessionize "$@" u.csv v.csv >two.mp
    [ "$(dump two.mp | wc -l)" = 4 ]
    cat u.csv v.csv | same_bytes two.mp csv-sessionize "$@"
    run -65 --separate-stderr csv-sessionize --user user --item item --time time < <(printf '\xef\xbb\xbf')
    [[ $stderr == *'standard input is empty: a delimited log is expected' ]]
    printf '\xef\xbb\xbfu,A,100\nu,B,110\n' >n.csv
    printf '\xef\xbb\xbf"u",C,120\nu,D,130\n' >n2.csv
    [ "$(cat n.csv n2.csv | sessions_of --no-header --user 1 --item 2 --time 3)" = $'u\t100:A 110:B 120:C 130:D' ]
    printf '\r\nuser,item,time\n\nu,A, 100\n\r\nu,B,110 \n\n' >blank.csv
    [ "$(sessions_of "$@" blank.csv)" = $'u\t100:A 110:B' ]
    printf '\n\n' >blank.csv
    run_csv "$@" blank.csv
    refused 65 'blank.csv is empty: a delimited log is expected'
}

@test "headers as people write them, and what is said of those that are not read" {
    need_dump
    of() { sessions_of -q --user user --item item --time time "$@" log; }
    for header in 'user, item, time' ' user ,item\t,  time' $'\xef\xbb\xbf\xef\xbb\xbfuser,item,time' \
        $'\xef\xbb\xbf\nuser,item,time'; do
        printf "$header\nu,a,100\nu,b,110\n" >log
        [ "$(of)" = $'u\t100:a 110:b' ]
    done
    printf 'user, user,item,time\nu,v,a,100\nu,v,b,110\n' >log # the exact name counts
    [ "$(of)" = $'u\t100:a 110:b' ]
    printf 'user,item,time\r\r\nu,a,100\r\r\nu,b,110\r\r\n' >log # converted twice
    [ "$(of)" = $'u\t100:a 110:b' ]
    for sign in ';' '|' tab; do
        printf 'user,item,time\nu,a,100\nu,b,110\n' | tr , "${sign/tab/$'\t'}" >log
        run_csv --user user --item item --time time log
        refused 65 'no column "user" in the header, which has "user'
        grep -qF "is --delimiter $([ $sign = tab ] && echo tab || echo "'$sign'") missing?" err
        [ "$(of --delimiter "$sign")" = $'u\t100:a 110:b' ]
    done
    printf 'user,item,time\nu,a,100\nu,b,110\n' >log
    run_csv --user user --item item --time time --delimiter ';' log
    refused 65 'which has "user,item,time": is it a comma?'
    printf 'user;item;time\n1;2;1600000000,5\n1;3;1600000000,25\n' >log # decimal commas, not thousands
    [ "$(of --delimiter ';')" = $'1\t1600000000:3 1600000000:2' ]
    for number in 1,600,000,000 1,600 160,0 1600000000,5,5; do
        printf 'user;item;time\n1;2;%s\n' "$number" >log
        run_csv --user user --item item --time time --delimiter ';' log
        refused 65 "log, line 2: the time is \"$number\""
    done
    # Lines that end in CR alone, from a file and from a pipe, with a header and without.
    printf 'user,item,time\ru,a,100\ru,b,110\r' >log
    run_csv --user user --item item --time time log
    refused 65 "log, line 1: lines that end in CR alone: pipe it through tr '\r' '\n'"
    run_csv --user user --item item --time time < <(cat log)
    refused 65 "line 1: lines that end in CR alone"
    run_csv --no-header --user 1 --item 2 --time 3 log
    refused 65 "lines that end in CR alone"
    [ "$(tr '\r' '\n' <log | sessions_of -q --user user --item item --time time)" = $'u\t100:a 110:b' ]
    printf 'user,item,time\nu,"a\rb",100\nu,c\rd,110\n' >log # elsewhere CR is a byte as others
    [ "$(of)" = $'u\t100:a\rb 110:c\rd' ]
}

@test "quotes as in RFC 4180" {
    need_dump
    printf 'u,"i, the ""item""",t\r\nu,"a,""b""",1\r\n"v","c\r\nd",2\r\nw,e"f,3\r\nx,,4\r\n' >log
    run_csv --user u --item 2 --time t log
    refused 65 'log, line 6: the item is empty'
    sed -i '$d' log
    csv-sessionize --min-events 1 --user u --item 'i, the "item"' --time t log >out.mp
    spcat out.mp | grep '^\["item"' >got
    printf '%s\n' '["item",0,"a,\"b\""]' '["item",1,"c\r\nd"]' '["item",2,"e\"f"]' | diff - got
    # The line after a field of two lines has its own number.
    printf 'w,g,never\n' >>log
    run_csv --user u --item 2 --time t log
    refused 65 'log, line 6: the time is "never"'
    printf 'u\ti\tt\n"u\t"a"\t1\n' >log
    [ "$(sessions_of --no-quotes --delimiter tab --user u --item i --time t log)" = $'"u\t1:"a"' ]
}

@test "a lost quote costs its own line" {
    need_dump
    {
        echo u,i,t
        echo u,a,1
        echo 'u,"b,2'
        echo u,c,3
        echo 'u,"d,4'
        echo u,e,5
        echo 'u,"f"g,6'
        echo u,h,7
    } >log
    run_csv --user u --item i --time t log
    refused 65 'log, line 3: column 2: the quotes do not match'
    run_csv --skip-bad --min-events 1 --user u --item i --time t log
    grep -q 'skipped 3 bad of 7 rows; the first: log, line 3: column 2' err
    [ "$(dump out.mp)" = $'u\t1:a 3:c 5:e 7:h' ]
    # One that would reach across more than a line may hold.
    { sed 3q log; yes u,x,9 | head -c 3000000; } >long
    status=0
    run_csv --skip-bad --min-events 1 --user u --item i --time t long
    [ "$status" = 0 ]
    grep -q 'skipped 1 bad of 500002 rows' err
    cat long log >both
    run_csv --skip-bad --min-events 1 --user u --item i --time t both
    grep -q 'skipped 4 bad of 500009 rows' err
}

@test "many open quotes are read in a moment" {
    { echo u,i,t; yes 'x","' | head -c 3000000; } >log
    timeout 20 csv-sessionize --skip-bad --user u --item i --time t log >out.mp 2>err || status=$?
    [ "$status" = 65 ]
    grep -q 'all [0-9]* rows are bad' err
}

@test "sessions by name: whatever the gap, in order of their start" {
    need_dump
    cat >log <<'END'
u,s,i,t
u,one,a,0
u,two,x,5
u,one,b,10000
u,two,y,20000
v,one,q,7
END
    of() { sessions_of --user u --session s --item i --time t "$@" log; }
    [ "$(of)" = $'u\t0:a 10000:b\nu\t5:x 20000:y\nv\t7:q' ]
    # A later session begins before a piece of an earlier one.
    csv-sessionize --min-events 1 --cut 2 --user u --session s --item i --time t - >out.mp <<'END'
u,s,i,t
u,one,a,0
u,one,b,1
u,one,c,20
u,one,d,21
u,two,x,5
END
    spcat --check out.mp
    [ "$(dump out.mp)" = $'u\t0:a 1:b\nu\t5:x\nu\t20:c 21:d' ]
    [ "$(sessions_of --session s --item i --time t log)" = $'one\t0:a 7:q 10000:b\ntwo\t5:x 20000:y' ]
    of >/dev/null
    spcat --summary out.mp | grep -q 'meta min_events' && run -1 grep 'meta gap' <(spcat --summary out.mp)
    printf 'u,s,i,t\nu,,a,0\n' >log
    run_csv --user u --session s --item i --time t log
    refused 65 'line 2: the session is empty'
    run_csv --user u --session s --item i --time t --gap 5 log
    refused 64 '--gap and --session exclude each other'
}

@test "--where keeps and drops rows; those need not be good ones" {
    need_dump
    cat >log <<'END'
u,i,t,kind,lang
u,a,1,view,en
u,b,2,like,en
u,c,3,view,pt
u,d,4,viewed,en
u,e,never,share,en
END
    of() { sessions_of --user u --item i --time t "$@" log | sed 's/[^ ]*://g'; }
    [ "$(of --where kind=view)" = 'a c' ]
    [ "$(of --where kind=view --where kind=like)" = 'a b c' ]
    [ "$(of --where kind=view --where lang=en)" = a ]
    [ "$(of --where kind!=view --where kind!=share)" = 'b d' ]
    [ "$(of --where 'kind=view*' --where lang!=pt)" = 'a d' ]
    [ "$(of --where 'kind!=s*')" = 'a b c d' ]
    [ "$(of --where 4=like)" = b ]
    of --where kind=view >/dev/null
    header out.mp | grep -q "'rows': 5, .*'rows_left_out': 3"
    run_csv --where kind=veiw --user u --item i --time t log
    refused 65 'none of 5 rows is wanted: compare --where with the log'
    run_csv --where kind --user u --item i --time t log
    refused 64 "--where: 'kind' is neither COLUMN=VALUE nor COLUMN!=VALUE"
    run_csv --where nokind=1 --user u --item i --time t log
    refused 65 'no column "nokind"'
}

# account: what the header of out.mp says of csv-sessionize's own drops, as JSON.
account() {
    spcat out.mp | head -1 | jq -c '.[2].dropped[] | select(.[0] == "csv-sessionize")[1]'
}

@test "what is dropped adds up: one line says it, and the header" {
    need jq
    for seed in 6 7; do
        { random_csv $seed; echo 'user 1,s1,never,1,bad,a'; } >log
        rows=$(python3 -c 'import csv, sys; print(sum(1 for _ in csv.reader(open("log", newline=""))) - 1)')
        for options in '' '--max-events 39 --cut 20' '--min-events 4 --cut 3 --keep-repeats' '--where kind!=a'; do
            run_csv --skip-bad --user user --item item --time time $options log
            [ "$status" = 0 ]
            account >said
            kept=$(spcat --summary out.mp | sed -n 's/^events\t//p')
            jq -e --argjson rows "$rows" --argjson kept "$kept" '.events[1] == $rows and
                .events[0] == $rows - $kept and .events[0] == ([.by[][1]] | add) and
                .sessions[0] == ([.by[][2]] | add)' said
            dropped=$(jq '.events[0]' said)
            grep "^csv-sessionize: dropped $dropped of $rows events (" err
            spcat --summary out.mp | grep -P "^dropped by csv-sessionize\tdropped $dropped of $rows events \("
            [ "$(grep -c dropped err)" = 1 ]
            run_csv -q --skip-bad --user user --item item --time time $options log
            [ ! -s err ]
        done
    done
}

@test "nothing is dropped by length where no option asks for it, and an empty result is 65" {
    { echo user,item,time; for i in {1..45}; do echo "u,$i,$((1500000000 + i))"; done; } >log
    run_csv --user user --item item --time time log
    [ "$status" = 0 ] && [ ! -s err ]
    [ "$(spcat --summary out.mp | grep -E '^(sessions|events)')" = $'sessions\t1\nevents\t45' ]
    run_csv --user user --item item --time time --max-events 39 log
    refused 65 'no session is left, which --allow-empty takes: dropped 45 of 45 events (100.0 %): 45 in 1 session over --max-events 39'
    run_csv --user user --item item --time time --max-events 39 --allow-empty log
    [ "$status" = 0 ] && spcat --check out.mp
    grep -q '45 in 1 session over --max-events 39; with them 1 of 1 sessions, 1 of 1 users, 45 of 45 items' err
    run_csv --user user --item item --time time --max-events 39 -o kept.mp log
    [ "$status" = 65 ] && [ ! -e kept.mp ]
}

@test "the line that tells Excel the delimiter is passed over" {
    need_dump
    set -- --user u --item i --time t --delimiter ';'
    printf '\xef\xbb\xbfsep=;\r\nu;i;t\r\nu;"a;b";1\r\nu;c;2\r\n' >log
    [ "$(sessions_of -q "$@" log)" = $'u\t1:a;b 2:c' ]
    printf 'u;i;t\nu;d;3\n' >more
    [ "$(sessions_of -q "$@" log more log)" = "$(sessions_of -q "$@" <(cat more log | grep -av sep=) log)" ]
    run_csv --user u --item i --time t log
    refused 65 'log, line 2: no column "u" in the header, which has "u;i;t": is --delimiter '"';' missing?"
    printf 'sep=;\n' >log
    run_csv "$@" log
    refused 65 'log is empty: a delimited log is expected'
}

@test "rows without a user are left out and counted" {
    need_dump
    printf 'u,i,t\nu,a,1\n,b,2\n,c,never\nu,d,4\n' >log
    run_csv --user u --item i --time t --time-unit s log
    [ "$status" = 0 ]
    [ "$(cat err)" = 'csv-sessionize: dropped 2 of 4 events (50.0 %): 2 without a user' ]
    [ "$(dump out.mp)" = $'u\t1:a 4:d' ]
    header out.mp | grep -q "'rows': 4, 'bad_rows': 0, 'rows_without_user': 2\|'bad_rows': 0, .*'rows': 4, 'rows_without_user': 2"
}

@test "the summary counts times in the wrong order, ties and duplicates" {
    printf 'u,i,t\nu,a,5\nu,b,5\nu,b,5\nu,c,4\nv,a,1\nv,a,2\n' >log
    run_csv -v --user u --item i --time t log
    grep -qF '1 rows come after a later row of their user, 2 have the time of the row before, 1 its item too' err
}

@test "--carry gives codes, and the header their names, in byte order" {
    need_dump
    printf 'u,i,t,kind\nu,a,1,view\nu,b,2,like\nu,b,3,share\nu,c,4,\nu,d,5,view\n' >log
    codes() {
        csv-sessionize --user u --item i --time t "$@" log >out.mp
        spcat out.mp | sed -n 's/.*"codes":\({[^}]*}\).*/\1/p; s/^\["session".*,\({.*}\)\]$/\1/p' | tr '\n' ' '
    }
    codes --carry kind >got
    grep -qF '{"kind":["","like","share","view"]}' got
    grep -qF '{"kind":[3,1,0,3]}' got
    codes --carry action=kind --grouped >got
    grep -qF '{"action":["view","like","share",""]}' got
    grep -qF '{"action":[0,1,3,0]}' got
    [ "$(codes --carry action=kind --grouped --skip-bad)" = "$(cat got)" ]
    run_csv --carry kind --carry kind --user u --item i --time t log
    refused 64 "'kind' is carried already"
    { echo u,i,t; seq 20000 | sed 's/.*/u,&,&/'; } >log
    run_csv --carry i --user u --item i --time t log
    refused 65 'i has more values'
}

@test "presets read the logs that they are named for" {
    need_dump
    preset() { # NAME [option ...]: sessions of the log on stdin
        csv-sessionize --preset "$@" >out.mp 2>err && dump out.mp
    }
    [ "$(printf 'SessionId\tItemId\tTime\n7\ta\t1396437466.94\n7\tb\t1396437466.95\n' | preset yoochoose)" = \
        $'7\t1396437466:a 1396437466:b' ]
    [ "$(printf '1,2014-04-07T10:51:09.277Z,214536502,0\n1,2014-04-07T10:54:09.868Z,214536500,0\n' | preset yoochoose)" = \
        $'1\t1396867869:214536502 1396868049:214536500' ]
    [ "$(printf 'sessionId;userId;itemId;timeframe;eventdate\n1;NA;81766;526309;2016-05-09\n1;NA;31331;1031018;2016-05-09\n1;5;32118;243569;2016-05-09\n' |
        preset diginetica)" = $'1\t1462752000:32118 1462752000:81766 1462752000:31331' ]
    [ "$(printf 'session_id;user_id;item_id;timeframe;eventdate\n1;NA;81766;526309;2016-05-09\n1;NA;31331;1031018;2016-05-09\n1;5;32118;243569;2016-05-09\n' |
        preset diginetica)" = $'1\t1462752000:32118 1462752000:81766 1462752000:31331' ]
    [ "$(printf 'user_id\titem_id\tinteraction_type\tcreated_at\n1\ta\t1\t1440000000\n1\tb\t4\t1440000001\n1\tc\t2\t1440000002\n' |
        preset xing)" = $'1\t1440000000:a 1440000002:c' ]
    [ "$(printf '1::1193::5::978300760\n1::661::3::978302109\n' | preset movielens)" = $'1\t978300760:1193 978302109:661' ]
    [ "$(printf '196\t242\t3\t881250949\n196\t302\t3\t881250950\n' | preset movielens)" = $'196\t881250949:242 881250950:302' ]
    [ "$(printf 'userId,movieId,rating,timestamp\n1,296,5.0,1147880044\n1,306,3.5,1147868817\n1,307,5.0,1147868828\n' | preset movielens)" = \
        $'1\t1147868817:306 1147868828:307' ]
    [ "$(printf 'timestamp,visitorid,event,itemid,transactionid\n1433221332117,257597,view,355908,\n1433221333117,257597,addtocart,1,\n1433221334117,257597,view,2,\n' |
        preset retailrocket)" = $'257597\t1433221332:355908 1433221334:2' ]
    [ "$(printf '1,2268318,2520377,pv,1511544070\n1,2333346,2520771,buy,1511561733\n' | preset tianchi --gap 20000)" = \
        $'1\t1511544070:2268318 1511561733:2333346' ]
    [ "$(printf 'user_id,session_id,session_start,session_size,click_article_id,click_timestamp,x\n0,15,1,2,157541,1506826828020,4\n0,15,1,2,68866,1506836858020,4\n' |
        preset globo)" = $'0\t1506826828:157541 1506836858:68866' ]
    [ "$(printf 'user_id:token\titem_id:token\trating:float\ttimestamp:float\nu\ta\t3\t881250949\nu\tb\t3\t881250950.5\n' |
        preset recbole)" = $'u\t881250949:a 881250950:b' ]
    # of sessions alone, which hold together over any gap
    [ "$(printf 'session_id:token\titem_id:token\ttimestamp:float\n7\ta\t881250949\n7\tb\t881350950.5\n' | preset recbole)" = \
        $'7\t881250949:a 881350950:b' ]
    run -1 grep 'meta gap' <(spcat --summary out.mp)
    [ "$(printf 'session_id:token\titem_id_list:token_seq\titem_id:token\n1\t5 7 9\t4\n2\t5 4\t7\n' | preset recbole)" = \
        $'1\t0:5 1:7 2:9 3:4\n2\t4:5 5:4 6:7' ]
    run -0 preset recbole --gap 5 --user session_id <<<$'session_id:token\titem_id:token\ttimestamp:float\n7\ta\t1\n7\tb\t2\n7\tc\t9\n7\td\t10'
    [ "$output" = $'7\t1:a 2:b\n7\t9:c 10:d' ]
    [ "$(printf 'event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n2019-10-01 00:00:00 UTC,view,44,2,,x,3.5,541,s\n2019-10-01 00:00:01 UTC,cart,45,2,,x,3.5,541,s\n2019-10-01 00:00:02 UTC,view,46,2,,x,3.5,541,s\n2019-10-01 00:00:02 UTC,view,47,2,,x,3.5,541,\n' |
        preset rees46)" = $'541\t1569888000:44 1569888002:46' ]
    # actions come along
    action() { spcat out.mp | jq -c 'if (.[0] | startswith("SESS")) then .[2].codes elif .[0] == "session" then .[5] else empty end' | paste -sd' '; }
    printf '1,7,9,pv,1511544070\n1,7,9,buy,1511544080\n' >log
    csv-sessionize --preset tianchi --keep-repeats log >out.mp
    [ "$(action)" = '{"action":["buy","pv"]} {"action":[1,0]}' ]
    csv-sessionize --preset tianchi --carry category=3 --carry action=1 --keep-repeats log >out.mp
    [ "$(action)" = '{"category":["9"],"action":["1"]} {"category":[0,0],"action":[0,0]}' ]
    printf 'timestamp,visitorid,event,itemid,transactionid\n1433221332117,2,view,5,\n1433221333117,2,addtocart,1,\n' >log
    csv-sessionize --preset retailrocket --where 'event=*' log >out.mp
    [ "$(action)" = '{"action":["addtocart","view"]} {"action":[1,0]}' ]
    run -64 csv-sessionize --preset nobodys
    [[ $output == *'yoochoose, diginetica, xing, movielens, retailrocket, tianchi, globo, recbole, rees46'* ]]
}

@test "options count more than a preset" {
    need_dump
    printf 'timestamp;who;event;itemid\n5;u;addtocart;a\n6;u;view;b\n' >log
    [ "$(csv-sessionize --preset retailrocket --user who --delimiter ';' --time-unit s --where event=addtocart \
        --min-events 1 log >out.mp && dump out.mp)" = $'u\t5:a' ]
    printf 'user_id,session_id,click_article_id,click_timestamp\nu,1,a,0\nu,2,b,1000\n' >log
    [ "$(csv-sessionize --preset globo log --min-events 1 >out.mp && dump out.mp)" = $'u\t0:a\nu\t1:b' ]
    [ "$(csv-sessionize --preset globo --gap 1800 log >out.mp && dump out.mp)" = $'u\t0:a 1:b' ]
    printf 'a,b,c,d\n1,2014-04-07T10:51:09Z,x,0\n1,2014-04-07T10:54:09Z,y,0\n' >log
    [ "$(csv-sessionize --preset yoochoose --header log >out.mp && dump out.mp)" = $'1\t1396867869:x 1396868049:y' ]
    run_csv --preset yoochoose --gap 5 log
    refused 64 'in --preset yoochoose each session is a user of its own: add --user COLUMN'
}

@test "wrong usage is 64 and says what is possible" {
    run_csv </dev/null
    refused 64 '--item COLUMN is missing'
    run_csv --item i </dev/null
    refused 64 '--time COLUMN is missing'
    run_csv --item i --time t </dev/null
    refused 64 '--user COLUMN or --session COLUMN is missing'
    set -- --user u --item i --time t
    run_csv "$@" --delimiter ab </dev/null
    refused 64 "--delimiter 'ab': it is one byte"
    run_csv "$@" --delimiter '"' </dev/null
    refused 64 "--delimiter"
    run_csv "$@" --memory 10K </dev/null
    refused 64 "--memory: '10K' is not a size of 64K or more, like 512M or 2G"
    run_csv "$@" --grouped --ungrouped </dev/null
    refused 64 '--grouped and --ungrouped exclude each other'
    run_csv "$@" --header --no-header </dev/null
    refused 64 '--header and --no-header exclude each other'
    run_csv "$@" </dev/null
    refused 65 'standard input is empty: a delimited log is expected'
}

@test "rows of other widths are bad; --skip-bad counts them in the header" {
    need_dump
    printf 'u,i,t\nu,a,1\nu,b\nu,c,3,4\n\nu,d,5\n' >log
    run_csv --user u --item i --time t log
    refused 65 'log, line 3: 2 columns where the header has 3'
    run_csv --skip-bad --user u --item i --time t log
    grep -q 'skipped 2 bad of 4 rows; the first: log, line 3' err
    header out.mp | grep -q "'bad_rows': 2,.*'rows': 4"
    [ "$(dump out.mp)" = $'u\t1:a 5:d' ]
    printf '1,2\n1,2,3\n' >log
    run_csv --no-header --user 1 --item 2 --time 1 log
    refused 65 'log, line 2: 3 columns where the first row has 2'
}

@test "every option that changes the result changes it" {
    need_dump
    random_csv 6 >log
    set -- --user user --item item --time time
    csv-sessionize "$@" log 2>err >plain.mp
    spcat plain.mp | tail -n +2 >plain
    for options in '--gap 200' '--min-events 4' '--max-events 12' '--cut 7' --keep-repeats --grouped \
        '--order newest-first' '--sequence sequence' '--session session' '--where kind=a' '--carry kind' \
        '--time-unit ms' '--user session' '--item kind' '--time sequence'; do
        if [ "$options" = --grouped ]; then
            run -65 csv-sessionize "$@" --grouped log
            continue
        fi
        csv-sessionize "$@" $options log >out.mp 2>err
        spcat out.mp | tail -n +2 >out
        differ plain out || { echo "$options: no change"; false; }
    done
    same_bytes plain.mp csv-sessionize "$@" --ungrouped --header --gap 1800 --memory 100M log 2>err
}

@test "the real logs give the sessions that Python makes of them" {
    need_dump
    need_data deskdrop.csv.xz
    xz -dc "$DATA/deskdrop.csv.xz" >log
    set -- --user personId --item contentId --time timestamp
    csv-sessionize "$@" --max-events 0 --cut 0 log >out.mp
    [ "$(check log user=personId item=contentId time=timestamp max=0 cut=0)" = '6746 sessions' ]
    csv-sessionize "$@" --memory 1M --where eventType=VIEW --carry userCountry log >out.mp
    check log user=personId item=contentId time=timestamp where=eventType=VIEW carry=userCountry
    csv-sessionize "$@" --session sessionId log >out.mp
    check log user=personId item=contentId time=timestamp session=sessionId

    need_data wikipedia.csv.xz
    xz -dc "$DATA/wikipedia.csv.xz" >log
    csv-sessionize --user u --item i --time ts --gap 3600 --max-events 0 --cut 0 log >out.mp
    [ "$(check log user=u item=i time=ts gap=3600 max=0 cut=0)" = '4669 sessions' ]

    need_data yoochoose-100k-train.tsv.xz
    xz -dc "$DATA/yoochoose-100k-train.tsv.xz" >log
    csv-sessionize --preset yoochoose log >out.mp
    check log session=SessionId item=ItemId time=Time delimiter=$'\t'

    need_data globo-part.csv.xz
    xz -dc "$DATA/globo-part.csv.xz" | head -100001 >log
    csv-sessionize --preset globo log >out.mp
    check log user=user_id item=click_article_id time=click_timestamp session=session_id unit=ms

    need_data online-retail.csv.xz
    xz -dc "$DATA/online-retail.csv.xz" | head -100001 >log
    csv-sessionize --user CustomerID --item StockCode --time InvoiceDate --session InvoiceNo --max-events 0 \
        --carry Country log >out.mp 2>err
    check log user=CustomerID item=StockCode time=InvoiceDate session=InvoiceNo unit=iso max=0 carry=Country
    grep -q ' without a user, ' err
}

@test "the real Globo log, shuffled, without equal times of a user" {
    need_data globo-part.csv.xz
    xz -dc "$DATA/globo-part.csv.xz" | awk -F, '!seen[$1, $6]++' >log
    csv-sessionize --preset globo log >expected.mp
    shuffled 1 <log >other
    same_bytes expected.mp csv-sessionize --preset globo --memory 2M other
}

@test "temporary files have no names: nothing is left after kill -9" {
    mkdir scratch
    awk 'BEGIN { print "user,item,time"; for (n = 0; n < 40000; n++) printf "u%d,i%d,%d\n", n / 4, n % 7, n }' >log
    mkfifo in
    for options in '--memory 64K' '--grouped --skip-bad'; do
        TMPDIR=$PWD/scratch csv-sessionize $options --user user --item item --time time <in >out.mp 2>err &
        reader=$!
        exec 8>in
        cat log >&8
        for _ in $(seq 100); do
            ! ls -l /proc/$reader/fd | grep -q 'scratch/sesspipe.*(deleted)' || break
            sleep 0.05
        done
        ls -l /proc/$reader/fd | grep -q 'scratch/sesspipe.*(deleted)'
        [ -z "$(ls scratch)" ]
        kill -9 $reader
        exec 8>&-
        wait $reader || true
        [ -z "$(ls scratch)" ]
    done
}

@test "no room or no folder for the temporary file: 73, 74, nothing left" {
    random_csv 10 >log
    set -- --memory 64K --user user --item item --time time
    TMPDIR=$PWD/nowhere run_csv "$@" log
    refused 73 "cannot create a temporary file in $PWD/nowhere"
    status=0
    (ulimit -f 32 && csv-sessionize "$@" log >/dev/null 2>err) || status=$?
    refused 74 'cannot write a temporary file in'
}

@test "a failing run tells the next program, and leaves no output" {
    printf 'u,i,t\nu,a,1\nu,b,never\n' >log
    set -- --user u --item i --time t
    run_csv "$@" log
    [ "$status" = 65 ]
    head -c 12 out.mp | grep -q SESSPIPE
    grep -q 'line 3: the time is' out.mp
    run_csv "$@" -o made.mp log
    [ "$status" = 65 ]
    [ ! -e made.mp ]
    printf 'u,i,t\nu,a,1\nu,b,2\n' >log
    status=0
    csv-sessionize "$@" log >/dev/full 2>err || status=$?
    refused 74 'standard output'
}

@test "no memory is 71, whichever allocation fails" {
    distinct_log 11 | head -50 >log
    mkdir scratch
    status=71
    for ((n = 1; status; n += 3)); do
        status=0
        SESSPIPE_FAIL_ALLOC=$n TMPDIR=$PWD/scratch csv-sessionize --user user --item item --time time \
            --carry kind --where 'kind!=b' log >out.mp 2>err || status=$?
        [ "$status" = 71 ] || [ "$status" = 0 ] || { echo "allocation $n: $status $(cat err)"; false; }
        [ -z "$(ls scratch)" ]
    done
    [ "$n" -gt 50 ]
}

@test "locale, time zone, CRLF, a mark, several files, one byte at a time: the same bytes" {
    random_csv 12 | tr -d '\r' >log
    set -- --user user --item item --time time
    csv-sessionize "$@" log >expected.mp 2>err
    LC_ALL=de_DE.UTF-8 TZ=Asia/Kolkata same_bytes expected.mp csv-sessionize "$@" log 2>err
    { printf '\xef\xbb\xbf'; cat log; } >mark
    same_bytes expected.mp csv-sessionize "$@" mark 2>err
    dd if=log bs=1 status=none | same_bytes expected.mp csv-sessionize "$@" 2>err
    distinct_log 13 >log
    csv-sessionize "$@" log >expected.mp
    sed 's/$/\r/' log | same_bytes expected.mp csv-sessionize "$@"
    sed -n '1,200p' log >first
    sed -n '1p;201,$p' log >second
    same_bytes expected.mp csv-sessionize "$@" second first
    same_bytes expected.mp csv-sessionize "$@" second - <first
    cat first second | same_bytes expected.mp csv-sessionize "$@"
}

@test "memory stays within --memory and one user" {
    [ "${VARIANT:-release}" = release ] || skip "sanitizers need more"
    awk 'BEGIN { print "u,i,t"; for (n = 0; n < 1500000; n++) print "user" n * 7919 % 600011 "," n % 100 "," n }' >log
    (ulimit -v 60000 && csv-sessionize --allow-empty --memory 4M --user u --item i --time t log >out.mp)
    spcat --check out.mp
}

@test "the manual's examples run" {
    printf 'u,i,ts,label\n0,1,0,0\n0,2,5,0\n' >wikipedia.csv
    {
        echo timestamp,eventType,contentId,personId,sessionId,userAgent,userRegion,userCountry
        echo '1465413032,VIEW,-3499919498720038879,-8845298781299428018,1,"Mozilla (KHTML, like Gecko)",NY,US'
        echo '1465413033,VIEW,8890720798209849691,-8845298781299428018,1,,,'
    } | xz >deskdrop.csv.xz
    {
        echo InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
        echo '1,85123A,"HOLDER, WHITE",6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom'
        echo '1,71053,LANTERN,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom'
        echo 'C2,71053,LANTERN,-6,2010-12-01 09:26:00,2.55,17850.0,United Kingdom'
    } >online-retail.csv
    printf '1,2014-04-07T10:51:09.277Z,2,0\n1,2014-04-07T10:54:09.868Z,3,0\n' >yoochoose-clicks.dat
    tr , ';' <yoochoose-clicks.dat >clicks
    mandoc_examples "$ROOT/man/csv-sessionize.1" >examples.sh
    bash -e examples.sh
    for made in wikipedia deskdrop retail yoochoose clicks; do
        [ "$(spcat --summary $made.mp | awk '$1 == "sessions" { print $2 }')" = 1 ]
    done
    cmp <(spcat clicks.mp | tail -n +2) <(spcat yoochoose.mp | tail -n +2)
}
