# csv-sessionize: logs as people write them, their columns, times, headers, quotes, presets.
bats_require_minimum_version 1.5.0
load helpers
load sessions
load csv

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
    printf 'user,items,time\nu,a|b|c,5\nu,d|e,5\n' >log
    [ "$(sessions_of --user user --list items --time time --order oldest-first log 2>err)" = $'u\t5:a 5:b 5:c\nu\t5:d 5:e' ]
    for order in newest-first auto; do
        run_csv --user user --list items --time time --order $order log
        refused 64 "--order $order: the items of a --list are in their order, those of equal --time too"
        [ "$(sessions_of --user user --list items --order $order log 2>err)" = $'u\t0:a 1:b 2:c\nu\t3:d 4:e' ]
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
    printf 'user,item,"time\nof it"\nu,a,100\nu,b,110\n' >one # in two lines, and again
    cat one one >log
    [ "$(sessions_of -q --keep-repeats --user user --item item --time 3 log)" = $'u\t100:a 100:a 110:b 110:b' ]
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
    # The row behind it may be one of several lines.
    printf 'u,i,t\nu,a,1\nu,"lost,2\nu,c,3\nu,"d\nd",4\nu,e,5\nu,"lost,6\nu,"f\n\nf",7\n' >lines
    run_csv --skip-bad --min-events 1 --user u --item i --time t lines
    grep -q 'skipped 2 bad of 7 rows; the first: lines, line 3: column 2' err
    [ "$(dump out.mp)" = $'u\t1:a 3:c 4:d\nd 5:e 7:f\n\nf' ]
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

@test "forms of a preset with sessions and without are no log together" {
    printf 'user_id:token\titem_id:token\ttimestamp:float\n1\tx\t5\n1\ty\t6\n' >users
    printf 'session_id:token\titem_id:token\ttimestamp:float\n1\tz\t5\n1\tw\t9000\n' >sessions
    printf 'session_id:token\titem_id_list:token_seq\titem_id:token\n7\ta b\tc\n' >lists
    run_csv --preset recbole users sessions
    refused 65 'sessions, line 1: the input names its sessions, and the one before does not: make a stream of each'
    for first in sessions lists; do
        run_csv --preset recbole $first users
        refused 65 'users, line 1: the input does not name its sessions, and the one before does'
    done
    need_dump
    [ "$(sessions_of --preset recbole lists sessions)" = $'1\t5:z 9000:w\n7\t0:a 1:b 2:c' ]
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
