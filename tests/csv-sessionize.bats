# csv-sessionize: sessions of any delimited log.
bats_require_minimum_version 1.5.0
load helpers
load sessions
load csv

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

@test "a session that is too long for a record is 65, names the user and says what to do" {
    awk 'BEGIN { print "u,i,t"; for (n = 0; n < 720000; n++) print "bot,i" n % 7 "," 1400000000 + n }' >log
    for options in '' --grouped; do
        run_csv --user u --item i --time t $options log
        refused 65 'user "bot": a record of 8640023 bytes: the limit is 8 MiB (a session of about 600,000 events): cut sessions'
    done
    run_csv --user u --item i --time t --cut 1000 log
    [ "$status" = 0 ]
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
