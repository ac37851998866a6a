# tfilter: what tests/check-filters.py calls the rules, on a log of our own and on real ones;
# the order of filters, the report, refusals.
bats_require_minimum_version 1.5.0
load helpers
load filters

@test "no filter: the same records" {
    check "$SESSIONS"
    cmp <(records "$SESSIONS.mp" | sort) <(records after.mp | sort)
}

@test "each filter alone" {
    for filter in min-sessions=3 min-sessions=6 min-events=3 min-events=6 first=1month first=2months first=3months \
        first=86400 since=2011-03-25 since=2011-04-20T11:30:00Z until=2011-03-25 until=2011-04-20T11:30:00Z \
        since=1971-01-01 last-sessions=1 last-sessions=4 split=user:0.8 split=user:0.55 split=user:0 \
        split=user:1 split=user:1/3 recent=1/4 recent=0.37 recent=1 user-length=below \
        user-length=above user-count=below user-count=above user-group=below-below \
        user-group=below-above user-group=above-below user-group=above-above repeats=consecutive \
        repeats=item repeats=type min-item-support=5 min-item-support=25 min-user-support=20 \
        dwell-bins=scott dwell-bins=1 dwell-bins=7 dwell-bins=15,600,4000; do
        check "$SESSIONS" "$filter"
    done
}

@test "each filter changes the records" {
    for filter in min-sessions=3 min-events=4 first=1month first=2months since=2011-03-25 \
        until=2011-03-25 last-sessions=2 split=user:0.8 \
        recent=1/2 user-length=below user-length=above user-count=below user-count=above \
        repeats=item min-item-support=5 min-user-support=20 dwell-bins=scott; do
        run -1 cmp <(records "$SESSIONS.mp") <(tfilter "--$filter" "$SESSIONS.mp" 2>report | records)
    done
    tfilter --split user:0.8 "$SESSIONS.mp" >split.mp 2>report
    run -1 cmp <(records split.mp) <(tfilter --validation 0.3 split.mp 2>report | records)
}

# account: what the header says that the last tfilter dropped, as JSON.
account() {
    spcat "$1" | head -1 | jq -c '[.[2].dropped[] | select(.[0] == "tfilter")[1]][-1]'
}

@test "what is dropped adds up: one line says it, and the header" {
    need jq
    events() { spcat --summary "$1" | awk -F '\t' -v name="${2:-events}" '$1 == name { print $2 }'; }
    for filters in --min-sessions=3 '--min-events=3 --min-sessions=4' '--since=2011-03-25 --until=2011-04-20' \
        '--recent=1/2 --repeats=item --min-item-support=5' '--min-sessions=2 --split=user:0.8' \
        '--split=user:0.3 --drop-unseen --validation=0.1'; do
        tfilter $filters "$SESSIONS.mp" >out.mp 2>err
        account out.mp >said
        jq -e --argjson before "$(events "$SESSIONS.mp")" --argjson after "$(events out.mp)" \
            --argjson users "$(events out.mp users)" --argjson items "$(events out.mp items)" '
            .events == [$before - $after, $before] and .events[0] == ([.by[][1]] | add) and
            .users[1] - .users[0] == $users and .items[1] - .items[0] == $items' said
        grep -F "tfilter: dropped $(jq '.events[0]' said) of $(jq '.events[1]' said) events (" err
        [ "$(grep -c dropped err)" = 1 ]
        spcat --summary out.mp | grep -F "dropped by tfilter"
        tfilter -q $filters "$SESSIONS.mp" >quiet.mp 2>err
        run ! grep dropped err
        cmp out.mp quiet.mp
    done
}

@test "with --flush the line is said, and the header, which comes first, does without" {
    tfilter --flush --min-sessions 4 "$SESSIONS.mp" >flushed.mp 2>err
    tfilter --min-sessions 4 "$SESSIONS.mp" >held.mp 2>held.err
    cmp err held.err
    cmp <(records flushed.mp) <(records held.mp)
    spcat --summary held.mp | grep '^dropped by tfilter'
    run ! grep '^dropped by tfilter' <(spcat --summary flushed.mp)
}

@test "each program of a chain has its account" {
    tfilter --min-sessions 2 "$SESSIONS.mp" 2>err | tfilter --delta-buckets linear:60x4 2>>err |
        tfilter --min-events 2 --split user:0.8 2>>err | batcher -q --epochs 1 >batches.mp
    [ "$(spcat --summary batches.mp | grep -c '^dropped by tfilter')" = 2 ]
    [ "$(grep -c dropped err)" = 2 ]
}

@test "what a player without a clock played in 1970 shows in the summary, and --since drops it" {
    {
        echo username,subreddit,utc
        printf 'u,r%s,%s\n' 4 1241478125 3 1241477937 2 1241477525 1 1241300000 0 1241299900 b 420 a 300
    } | reddit-sessionize -q >log.mp
    spcat --summary log.mp >out
    grep -x $'first event\t1970-01-01T00:05:00Z' out
    grep -x $'gap over a year\t1970-01-01T00:07:00Z to 2009-05-02T21:31:40Z (14366 days)' out
    grep -x $'events before 1995\t2' out
    tfilter -q --first 1month log.mp | spcat --summary | grep -x $'events\t2'
    tfilter --since 1995-01-01 --first 1month log.mp 2>err | spcat --summary >out
    grep -x $'events\t5' out
    run -1 grep -E '^(gap over|events before)' out
    grep -F 'dropped 2 of 7 events (28.6 %): 2 in 1 session by --since 1995-01-01' err
}

@test "filters one after another, in both orders" {
    check "$SESSIONS" first=1month min-sessions=3
    cp after.mp one.mp
    check "$SESSIONS" min-sessions=3 first=1month
    run -1 cmp <(records one.mp) <(records after.mp)
    check "$SESSIONS" last-sessions=5 first=1000000 last-sessions=2
    check "$SESSIONS" min-sessions=3 split=user:0.8
    check "$SESSIONS" split=user:0.8 min-sessions=3
    check "$SESSIONS" split=user:0.8 last-sessions=2
    check "$SESSIONS" min-item-support=9 min-events=4 min-sessions=5 split=last-session
    check "$SESSIONS" split=last-session min-events=5
    check "$SESSIONS" split=user:0.6 first=3000000
    check "$SESSIONS" split=user:0.8 validation=0.25 last-sessions=5
    check "$SESSIONS" split=user:0.8 last-sessions=5 validation=0.1
}

@test "tfilter A | tfilter B gives the records of tfilter A B" {
    filters=(--first=2months --min-sessions=3 --last-sessions=6 --split=user:0.7 --validation=0.3
        --last-sessions=4 --first=1000000)
    pieces
    [ "$(spcat whole.mp | head -1 | jq -c '.. | objects | .filters // empty')" = \
        '["first=2months","min-sessions=3","last-sessions=6","split=user:0.7","validation=0.3","last-sessions=4","first=1000000"]' ]
    filters=(--min-item-support=4 --user-length=below --min-user-support=8 --timezone=CET
        --recent=9/10 --repeats=item --dwell-bins=scott --split=last-week --validation=last-session
        --drop-unseen --user-count=above --delta-buckets=log:60x9 --min-item-support=2)
    pieces
    filters=(--min-item-support=9 --min-user-support=8 --min-item-support=5 --split=last-session)
    pieces
}

pieces() {
    local cut
    tfilter "${filters[@]}" "$SESSIONS.mp" 2>report >whole.mp
    spcat --check whole.mp
    [ "$(records whole.mp | grep -c session)" -gt 50 ]
    for cut in $(seq $((${#filters[@]} - 1))); do
        tfilter "${filters[@]:0:cut}" "$SESSIONS.mp" 2>report |
            tfilter "${filters[@]:cut}" 2>>report >parts.mp
        cmp <(records whole.mp) <(records parts.mp)
        # the list of what was applied is the same as well
        [ "$(spcat whole.mp | head -1 | jq -c '.. | objects | .filters // empty')" = \
            "$(spcat parts.mp | head -1 | jq -c '.. | objects | .filters // empty')" ]
    done
}

@test "filters that look at all users see them as the filters before left them" {
    check "$SESSIONS" user-length=above user-count=above
    cp after.mp one.mp
    check "$SESSIONS" user-group=above-above
    run -1 cmp <(records one.mp) <(records after.mp)
    check "$SESSIONS" user-count=above user-length=above
    run -1 cmp <(records one.mp) <(records after.mp)
    check "$SESSIONS" first=2months user-count=above recent=1/3 min-item-support=3 last-sessions=4
    check "$SESSIONS" recent=1/2 dwell-bins=scott recent=1/2 first=1month
    check "$SESSIONS" min-sessions=3 recent=1/2 split=user:0.5 user-count=above validation=0.3
    check "$SESSIONS" split=user:0.5 recent=1/2 dwell-bins=5 dwell-bins=scott
}

@test "users at the mean stay in both, be they ever so many" {
    awk 'BEGIN { print "u,i,t"; for (n = 0; n < 100000; n++) printf "u%d,a,5\nu%d,b,6\nu%d,c,7\n", n, n, n }' |
        csv-sessionize -q --grouped --user u --item i --time t --time-unit s >many.mp
    for statistic in user-count user-length; do
        for side in below above; do
            tfilter -q --$statistic $side many.mp | spcat --summary | grep -qx 'users	100000'
        done
    done
}

@test "support holds for items and users at once, whatever the order" {
    check "$SESSIONS" min-item-support=8 min-user-support=12
    cp after.mp one.mp
    check "$SESSIONS" min-user-support=12 min-item-support=8
    # the same log; only the list of what was applied differs
    cmp <(records one.mp) <(records after.mp)
    tfilter --min-user-support 12 "$SESSIONS.mp" | tfilter --min-item-support 8 >piped.mp
    cmp <(records one.mp) <(records piped.mp)
    spcat one.mp >one.json
    jq -s 'map(select(.[0] == "session") | .[1] as $u | .[4][] | [$u, .])
        | ([group_by(.[0])[] | length] | min) >= 12 and ([group_by(.[1])[] | length] | min) >= 8' \
        one.json | grep -qx true
    # a single pass leaves what falls by what fell
    check "$SESSIONS" min-item-support=8 once
    cp after.mp once.mp
    check "$SESSIONS" min-item-support=8
    run -1 cmp <(records once.mp) <(records after.mp)
    check "$SESSIONS" min-item-support=8 once min-user-support=12 once
    run -1 cmp <(records one.mp) <(records after.mp)
    check "$SESSIONS" min-item-support=8 once min-user-support=12
}

@test "filters that commute, and filters that do not" {
    make_log 4711 | reddit-sessionize >two.mp # events and more in each session
    same() {
        cmp -s <(tfilter "--$1" "--$2" two.mp | records) <(tfilter "--$2" "--$1" two.mp | records)
    }
    same min-sessions=3 min-sessions=5
    same last-sessions=4 last-sessions=2
    same first=1month first=2months
    same repeats=item repeats=consecutive
    same repeats=item first=1month
    same min-item-support=8 min-user-support=12
    same min-item-support=8 min-item-support=5
    same min-sessions=3 repeats=consecutive # which finds none: sessions came without them
    run -1 same min-sessions=3 first=1month
    run -1 same min-sessions=6 last-sessions=4
    run -1 same recent=1/2 last-sessions=2
    run -1 same recent=1/2 min-sessions=3
    run -1 same user-length=above user-count=above
    run -1 same user-count=above first=1month
    run -1 same min-item-support=8 last-sessions=2
    run -1 same repeats=item min-item-support=8
    run -1 same dwell-bins=scott recent=1/2
    # removing an item between two equal ones makes repeats
    run -1 same repeats=consecutive min-item-support=25
}

@test "countries, by name and by zone" {
    n=0
    printf '#id\tgender\tage\tcountry\tregistered\n' >profiles
    while IFS= read -r country; do
        user=user_$((++n))
        printf '%s\tf\t30\t%s\t\n' $user "$country" >>profiles
        printf '%s\t2009-05-01T10:0%d:00Z\t\tA\t\tt\n%s\t2009-05-01T10:00:00Z\t\tB\t\tt\n' \
            $user 5 $user >>log
    done <<'END'
Norway
Czech Republic
bosnia and herzegovina
Finland
Korea, Democratic People's Republic of
United Kingdom

Switzerland
Congo, the Democratic Republic of the
END
    lfm-sessionize --profiles profiles log >land.mp
    spcat land.mp >land.json
    countries() {
        tfilter "$@" land.mp | spcat | jq -r 'select(.[0] == "user") | .[3].country' | paste -sd '|'
    }
    [ "$(countries --country-zone CET)" = \
        'Norway|Czech Republic|bosnia and herzegovina|Switzerland' ]
    [ "$(countries --country 'FINLAND, norway')" = 'Norway|Finland' ]
    [ "$(countries --country ' norway ,switzerland ')" = 'Norway|Switzerland' ]
    [ "$(countries --country "Korea, Democratic People's Republic of,United Kingdom")" = \
        "Korea, Democratic People's Republic of|United Kingdom" ]
    [ "$(countries --country 'Democratic Republic of the')" = '' ]
    [ "$(countries --country 'United')" = '' ]
    [ "$(countries --recent 1 --country Finland)" = Finland ]
    need python3
    check land country-zone=CET
    check land 'country=finland, Norway'
    check land recent=5/9 country-zone=CET
}

@test "ages and hours of the week are choices in the header" {
    edges() {
        tfilter "$@" | spcat | head -1 | jq -r '.[2] | [.week_shift] + .delta_edges | join(" ")'
    }
    [ "$(edges "$SESSIONS.mp")" = "0 $(seq -s ' ' 3600 3600 604800)" ]
    [ "$(edges --delta-buckets linear:3600x168 "$SESSIONS.mp")" = "$(edges "$SESSIONS.mp")" ]
    [ "$(edges --delta-buckets linear:60x3 "$SESSIONS.mp")" = '0 60 120 180' ]
    [ "$(edges --delta-buckets quadratic:60x4 "$SESSIONS.mp")" = '0 60 240 540 960' ]
    [ "$(edges --delta-buckets log:60x5 "$SESSIONS.mp")" = '0 60 120 240 480 960' ]
    [ "$(edges --delta-buckets log:60x5 --delta-buckets log:9x2 "$SESSIONS.mp")" = '0 9 18' ]
    for way in '--week-shift 3600' '--timezone CET' '--timezone +01' '--timezone +01:00'; do
        [ "$(edges $way --delta-buckets log:9x2 "$SESSIONS.mp")" = '3600 9 18' ]
    done
    [ "$(edges --week-shift=-1800 --delta-buckets log:9x2 "$SESSIONS.mp")" = '-1800 9 18' ]
    [ "$(edges --timezone CET --timezone=-0530 --delta-buckets log:9x2 "$SESSIONS.mp")" = '-19800 9 18' ]
    [ "$(edges --timezone CET --timezone UTC --delta-buckets log:9x2 "$SESSIONS.mp")" = '0 9 18' ]
    cmp <(records "$SESSIONS.mp" | sort) \
        <(tfilter --timezone CET --delta-buckets log:9x2 "$SESSIONS.mp" | records | sort)
    # an hour later is the next hour of the week, and other buckets are other ages
    for shift in 0 3600; do
        tfilter --week-shift $shift --split user:0.8 "$SESSIONS.mp" 2>report |
            batcher --epochs 1 >batches.mp
        schedule 0 batches.mp | jq -c 'select(.[0] == "batch") | .[1].history_week[]' >$shift
    done
    [ "$(wc -l <0)" -gt 50 ]
    paste 0 3600 | awk '($1 + 1) % 168 != $2 { exit 1 }'
}

@test "several streams are one" {
    make_log 99 | sed 's/^u/other/; s/^othersername/username/' |
        reddit-sessionize --min-events 1 >other.mp
    tfilter --min-sessions 2 --split user:0.8 "$SESSIONS.mp" other.mp 2>report >named.mp
    cat "$SESSIONS.mp" other.mp | tfilter --min-sessions 2 --split user:0.8 2>report >joined.mp
    cmp <(records named.mp) <(records joined.mp)
    spcat --check joined.mp
    # streams that were split apart count together
    for part in "$SESSIONS" other; do
        tfilter --min-sessions 2 --split user:0.8 "$part.mp" 2>report
    done >apart.mp
    tfilter apart.mp >together.mp
    cmp <(records joined.mp) <(records together.mp)
}

@test "the header counts the rows of all streams, and what was dropped of them" {
    for user in a b c; do
        for item in w x y z; do
            printf "$user,$item,%d,%s\n" 100 v 200 w 90000 v 90100 v
        done | sed "1i u,i,t,k\n,x,100,v\n$user,x,100,w" >$user.csv
    done
    printf 'u,i,t,k\nd,x,100,v\nd,y,200,v\n' >d.csv # nothing is dropped
    made() { csv-sessionize -q --user u --item i --time t --time-unit s --where k=v "$@"; }
    for user in a b c d; do
        made $user.csv >$user.mp
    done
    made a.csv b.csv c.csv d.csv >whole.mp
    counted() { spcat --summary | grep -E '^(meta.*rows|dropped by csv-)' | sed 's/;.*//' | sort; }
    counted <whole.mp >expected
    [ "$(grep -c rows expected)" = 4 ]
    for filters in --min-events=1 '--split user:0.5' --merge '--merge --flush'; do
        # shellcheck disable=SC2086 # a list of words
        tfilter -q $filters a.mp b.mp c.mp d.mp | counted | cmp - expected
    done
    cat a.mp d.mp b.mp c.mp | counted | cmp - expected
    cat d.mp a.mp b.mp c.mp | counted | cmp - expected
    # Of each program: one that drops nothing of a stream has read it.
    dropped() { spcat --summary | grep ^dropped | sed 's/;.*//'; }
    tfilter -q --last-sessions 1 whole.mp | dropped >expected
    [ "$(wc -l <expected)" = 2 ]
    for users in 'a b c d' 'd c b a' 'b d a c'; do
        for user in $users; do
            tfilter -q --last-sessions 1 $user.mp
        done | dropped | cmp - expected
    done
}

@test "attributes of users pass through, each item's count stands beside" {
    printf '#id\tgender\tage\tcountry\tregistered\nann\tf\t30\tNorway\t\nbob\tm\t\tJapan\t\n' >profiles
    for user in ann bob; do
        for day in 4 3 2 1; do
            printf '%s\t2009-05-0%dT10:00:30Z\t\tB%d\t\tt\n' $user $day $day
            printf '%s\t2009-05-0%dT10:00:00Z\t\tA\t\tt\n' $user $day
        done
    done >log
    lfm-sessionize --profiles profiles log | tfilter --last-sessions 3 --split user:0.7 2>report |
        spcat >out.json
    grep -q '"user",0,"ann",{.*"country":"Norway"' out.json
    grep -q '"user",1,"bob",{.*"country":"Japan"' out.json
    grep -qF '["item",0,"A",{"train":"4"}]' out.json
    grep -qF '["item",1,"B2",{"train":"2"}]' out.json
    grep -qF '["item",3,"B4",{"train":"0"}]' out.json
    run -1 grep -F '"B1"' out.json
    grep -qxF 'tfilter: training 4 sessions, validation 0, test 2, of 2 users' report
    grep -qxF 'tfilter: 1 of 2 test items are never seen in training (2 of 4 test events)' report
    grep -qxF 'tfilter: 0 of 2 users have no training session' report
}

@test "the report counts what the output holds" {
    tfilter --split user:0.6 --validation 0.2 "$SESSIONS.mp" 2>report | spcat >out.json
    for part in 1,training 2,validation 3,test; do
        n=$(jq -s "map(select(.[0] == \"session\" and .[2] == ${part%,*})) | length" out.json)
        grep -qE "[:,] ${part#*,} $n( sessions|,)" report
    done
    all=$(jq -r 'select(.[0] == "session") | .[1]' out.json | sort -u | wc -l)
    trained=$(jq -r 'select(.[0] == "session" and .[2] == 1) | .[1]' out.json | sort -u | wc -l)
    [ "$trained" -lt "$all" ]
    grep -qxF "tfilter: $((all - trained)) of $all users have no training session" report
    # no such report where nothing is split
    tfilter --min-sessions 3 "$SESSIONS.mp" 2>report >/dev/null
    run ! grep -v '^tfilter: dropped ' report
}

@test "help and manual warn of the future of others" {
    tfilter --help | tr '\n' ' ' | grep -q 'trains the model on the future of one user and tests it on the past of another'
    tr '\n' ' ' <"$ROOT/man/tfilter.1" | grep -q 'trains the model on the future of one user and tests it on the past of another'
}

@test "real logs, filtered and split" {
    need_data lastfm-part.tsv.xz
    xz -dc "$DATA/lastfm-part.tsv.xz" | lfm-sessionize >lastfm.mp
    spcat lastfm.mp >lastfm.json
    check lastfm first=3months min-sessions=3 split=user:0.8 validation=0.1
    xz -dc "$DATA/reddit-part.csv.xz" | reddit-sessionize >reddit.mp
    spcat reddit.mp >reddit.json
    check reddit min-sessions=3 split=user:0.8
    check reddit repeats=item min-item-support=20 min-user-support=10 split=last-day drop-unseen
    check lastfm user-group=below-above min-item-support=5 dwell-bins=scott split=last-session \
        validation=last-session recent=1/4
}

@test "wrong values are 64 and say what is possible" {
    for wrong in --min-sessions=0 --min-sessions=many --last-sessions=-1 --first=4months \
        --first=1.5 --split=0.8 --split=user:1.5 --split=time:0.8 --validation=2 --recent=2 \
        --user-length=over --user-count=mean --user-group=below --user-group=below-over \
        --repeats=all --min-item-support=0 --min-user-support=few --country-zone=EST \
        --delta-buckets=linear:3600 --delta-buckets=cubic:1x1 --delta-buckets=log:60x60 \
        --delta-buckets=linear:1x5000 --delta-buckets=linear:0x5 --week-shift=604800 \
        --timezone=EST --timezone=+25:00 --timezone= --dwell-bins=0 --dwell-bins=many \
        --dwell-bins=1001 --dwell-bins=15,15 --dwell-bins=0,5 --dwell-bins=15, \
        --split=last-month --split=time:2014-13-01 --validation=user:0.5 \
        --split=newest: --split=newest:1.1 --validation=newest:x; do
        run -64 --separate-stderr tfilter "$wrong" "$SESSIONS.mp"
        [[ $stderr == "tfilter: ${wrong%%=*}: '"*"' is "* && -z $output ]]
    done
    run -64 --separate-stderr tfilter --split user:0.5 --split user:0.8 "$SESSIONS.mp"
    [[ $stderr == "tfilter: --split: given twice"* ]]
    run -64 --separate-stderr tfilter --validation 0.5 --split user:0.8 "$SESSIONS.mp"
    [[ $stderr == "tfilter: --split: comes after --validation"* ]]
    run -64 --separate-stderr tfilter --country= "$SESSIONS.mp"
    [[ $stderr == *"is not a list of countries"* ]]
    run -64 --separate-stderr tfilter --once --min-item-support 2 "$SESSIONS.mp"
    [[ $stderr == "tfilter: --once: has to come right after --min-item-support or --min-user-support"* ]]
    run -64 --separate-stderr tfilter --strict --min-sessions 3 "$SESSIONS.mp"
    [[ $stderr == "tfilter: --strict looks at a split"* ]]
}

@test "a split of a split, a validation part of no split: 65" {
    tfilter --split user:0.8 "$SESSIONS.mp" 2>report >split.mp
    run -65 --separate-stderr tfilter --split user:0.8 -o out.mp split.mp
    [[ $stderr == *"is split already"* && ! -e out.mp ]]
    run -65 --separate-stderr tfilter --validation 0.1 -o out.mp "$SESSIONS.mp"
    [[ $stderr == *"is not split"* && ! -e out.mp ]]
    tfilter --validation 0.5 split.mp 2>report >both.mp
    run -65 --separate-stderr tfilter --validation 0.5 -o out.mp both.mp
    [[ $stderr == *"validation part already"* ]]
    for split in last-session leave-one-out last-day time:2011-05-05; do
        run -65 --separate-stderr tfilter --split $split -o out.mp split.mp
        [[ $stderr == *"is split already"* && ! -e out.mp ]]
    done
    run -65 --separate-stderr tfilter --drop-unseen -o out.mp "$SESSIONS.mp"
    [[ $stderr == *"--drop-unseen: the input is not split"* && ! -e out.mp ]]
    run -65 --separate-stderr tfilter --drop-unseen-users -o out.mp "$SESSIONS.mp"
    [[ $stderr == *"--drop-unseen-users: the input is not split"* && ! -e out.mp ]]
    make_log 99 | sed 's/^u/other/; s/^othersername/username/' |
        reddit-sessionize --min-events 1 >other.mp
    run -65 --separate-stderr tfilter -o out.mp split.mp other.mp
    [[ $stderr == *"some sessions are split and others are not"* && ! -e out.mp ]]
}

@test "nothing left is 65, unless --allow-empty says that it is a stream as well" {
    for options in '--min-sessions 1000' '--min-sessions 1000 --flush' '--country nowhere --split user:0.8'; do
        run -65 --separate-stderr tfilter $options -o none.mp "$SESSIONS.mp"
        [[ $stderr == 'tfilter: no session is left, which --allow-empty takes: dropped '* && ! -e none.mp ]]
        tfilter $options "$SESSIONS.mp" 2>/dev/null >none.mp || true
        run -65 spcat none.mp
        [[ $output == *'the program before this one failed: tfilter: no session is left'* ]]
        rm none.mp
        tfilter -q --allow-empty $options "$SESSIONS.mp" | spcat --check
    done
    tfilter --allow-empty --min-sessions 1000 --split user:0.8 "$SESSIONS.mp" 2>report >none.mp
    run -65 tfilter --week-shift 5 none.mp
    [[ $output == *'no session is left, which --allow-empty takes: the input has none'* ]]
    spcat --check none.mp
    run -1 records none.mp
    grep -q 'of 0 users' report
}

@test "what comes before is cut off: 65, nothing committed" {
    run -65 tfilter -o out.mp <(head -c 3000 "$SESSIONS.mp")
    [ ! -e out.mp ]
    run -65 tfilter --split user:0.8 -o out.mp <(head -c 3000 "$SESSIONS.mp")
    [ ! -e out.mp ]
}

@test "--memory: small or large, the same bytes; the header does not name it" {
    synthesize --users 100 --days 40 | lfm-sessionize -o large.mp
    for filters in '--split user:0.8 --validation 0.1' '--min-item-support 9 --min-sessions 3 --split last-day' \
        '--dwell-bins scott --recent 1/2 --user-count above' '--split leave-one-out --drop-unseen'; do
        tfilter --quiet $filters -o memory.mp large.mp
        tfilter --quiet $filters --memory 64K -o file.mp large.mp
        cmp memory.mp file.mp
        run -73 env TMPDIR=no-such-folder tfilter --quiet $filters --memory 64K -o none.mp large.mp
        [[ $output == *"cannot create a temporary file in no-such-folder"* && ! -e none.mp ]]
    done
    TMPDIR=no-such-folder tfilter --quiet --min-item-support 9 -o memory.mp large.mp
    run -64 tfilter --memory 1K large.mp
    [[ $output == *"'1K' is not a size of 64K or more"* ]]
}

@test "--flush lets each user through" {
    tfilter --flush "$SESSIONS.mp" >flushed.mp
    tfilter "$SESSIONS.mp" >plain.mp
    cmp <(records flushed.mp) <(records plain.mp)
    [ "$(wc -c <flushed.mp)" -gt "$(wc -c <plain.mp)" ]
}

# A log of three files by sessions, so that no session goes on from one into the next; users come in any order.
cut_log() {
    awk 'BEGIN {
        srand(11)
        for (i = 1; i <= 3; i++) print "user,item,time" >("log." i)
        for (s = 0; s < 700; s++) {
            user = int(rand() * 60); at = 1300000000 + s * 7200; file = 1 + int(rand() * (user % 4 ? 3 : 1))
            for (k = 2 + int(rand() * 5); k > 0; k--)
                print "u" user ",i" int(rand() * rand() * 90) "," (at += 1 + int(rand() * 900)) >("log." file)
        }
    }'
    local options="-q --user user --item item --time time --min-events 1"
    for i in 1 2 3; do
        csv-sessionize $options "log.$i" | tfilter -q --dwell-bins 15,600 -o "cut.$i.mp"
    done
    (cat log.1 && tail -qn +2 log.2 log.3) | csv-sessionize $options | tfilter -q --dwell-bins 15,600 -o joined.mp
}

@test "users of several streams: refused with what to do; --merge gives the records of the joined log" {
    cut_log
    run -65 --separate-stderr bash -c 'cat cut.1.mp cut.2.mp | tfilter -o out.mp'
    [[ $stderr == *'user "u1" was defined before, in an earlier stream: tfilter --merge joins'* && ! -e out.mp ]]
    cat cut.1.mp cut.2.mp cut.3.mp | tfilter --merge -o merged.mp 2>said
    [ ! -s said ]
    spcat --check merged.mp
    cmp <(records merged.mp) <(records joined.mp)
    tfilter --merge joined.mp | records | cmp - <(records joined.mp)
    # whatever comes first
    tfilter --merge cut.3.mp cut.1.mp cut.2.mp | records | cmp - <(records joined.mp)
    for filters in '--min-sessions 9 --last-sessions 4' '--min-item-support 12 --split user:0.8' '--split newest:0.2'; do
        tfilter -q $filters joined.mp | records >expected
        tfilter -q $filters --merge cut.?.mp | records | cmp - expected
        tfilter -q --flush $filters --merge cut.?.mp | records | cmp - expected
    done
}

@test "--merge: of sessions at one time that of the user later in the merged stream is newer" {
    for user in z a; do
        printf "$user,x,5\n$user,y,6\n" | sed '1i u,i,t' |
            csv-sessionize -q --user u --item i --time t --time-unit s -o $user.mp
    done
    tfilter -q --merge z.mp a.mp | tfilter -q --recent 1/2 | records >expected
    grep -F '["user",0,"z"]' expected
    tfilter -q --merge --recent 1/2 z.mp a.mp | records | cmp - expected
}

@test "--merge in little memory: the same bytes; one session in two logs is said; split streams are refused" {
    cut_log
    for filters in '' '--split user:0.8' '--min-sessions 3'; do
        tfilter -q --merge $filters -o memory.mp cut.?.mp
        tfilter -q --merge --memory 64K $filters -o file.mp cut.?.mp
        cmp memory.mp file.mp
        run -73 env TMPDIR=no-such-folder tfilter -q --merge --memory 64K $filters -o none.mp cut.?.mp
        [[ $output == *"cannot create a temporary file in no-such-folder"* && ! -e none.mp ]]
    done
    printf 'user,item,time\na,i,100\na,j,200\nb,i,9000\nb,j,9100\n' >early
    printf 'user,item,time\na,k,1999\na,l,2000\nb,k,10900\nb,l,10901\n' >late
    for log in early late; do
        csv-sessionize -q --user user --item item --time time -o $log.mp $log
    done
    tfilter --merge -o both.mp early.mp late.mp 2>said
    grep -q '^tfilter: --merge: 1 sessions begin within the gap after one of another stream' said
    [ "$(records both.mp | grep -c session)" = 4 ]
    printf 'user,item,time\nb,k,10899\nb,l,10901\n' >late # the user who is the last one of the other
    csv-sessionize -q --user user --item item --time time -o late.mp late
    tfilter --merge -o both.mp early.mp late.mp 2>said
    grep -q '^tfilter: --merge: 1 sessions' said
    tfilter -q --split user:0.5 -o split.mp joined.mp
    run -65 tfilter --merge -o none.mp split.mp late.mp
    [[ $output == *"tfilter: the sessions are split already: merge streams before they are split"* && ! -e none.mp ]]
}
