# tfilter: what tests/check-filters.py calls the rules, on a log of our own and on real ones;
# the order of filters, the report, refusals.
bats_require_minimum_version 1.5.0
load helpers

# A log of 60 users whose histories span up to 150 days: username,subreddit,utc, newest first
# within a user.  Names hold a backslash and a byte that is not UTF-8.
make_log() {
    LC_ALL=C awk -v seed="$1" 'function draw(n) { x = 16807 * x % 2147483647; return x % n }
        BEGIN {
            x = seed
            print "username,subreddit,utc"
            for (u = 0; u < 60; u++) {
                t = 1300000000 + draw(1000000); n = 0
                for (s = 1 + draw(12) * (draw(3) > 0); s > 0; s--) {
                    for (k = 1 + draw(6); k > 0; k--) {
                        line[n++] = "u\\" u ",r" draw(3) * draw(40) "\351," t
                        t += 1 + draw(3000)
                    }
                    t += 3600 + draw(9) * draw(200000)
                }
                while (n > 0) print line[--n]
            }
        }'
}

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    make_log 4711 | reddit-sessionize --min-events 1 >sessions.mp
    spcat sessions.mp >sessions.json
}

setup() {
    SESSIONS=$BATS_FILE_TMPDIR/sessions
}

records() {
    spcat "$@" | grep -E '^\["(user|item|session)"'
}

# check INPUT FILTER=VALUE ...: tfilter with these filters, its output against the rules.
check() {
    local before=$1
    shift
    need python3
    tfilter "${@/#/--}" "$before.mp" 2>report >after.mp
    spcat --check after.mp
    spcat after.mp >after.json
    run python3 "$ROOT/tests/check-filters.py" "$before.json" after.json "$@"
    echo "$* -> $output"
    [[ $status == 0 && $output == ok\ [1-9]* ]]
}

@test "no filter: the same records" {
    check "$SESSIONS"
    cmp <(records "$SESSIONS.mp" | sort) <(records after.mp | sort)
}

@test "each filter alone" {
    for filter in min-sessions=3 min-sessions=6 first=1month first=2months first=3months \
        first=86400 last-sessions=1 last-sessions=4 split=user:0.8 split=user:0.55 split=user:0 \
        split=user:1 split=user:1/3; do
        check "$SESSIONS" "$filter"
    done
}

@test "each filter changes the records" {
    for filter in min-sessions=3 first=1month first=2months last-sessions=2 split=user:0.8; do
        run -1 cmp <(records "$SESSIONS.mp") <(tfilter "--$filter" "$SESSIONS.mp" 2>report | records)
    done
    tfilter --split user:0.8 "$SESSIONS.mp" >split.mp 2>report
    run -1 cmp <(records split.mp) <(tfilter --validation 0.3 split.mp 2>report | records)
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
    check "$SESSIONS" split=user:0.6 first=3000000
    check "$SESSIONS" split=user:0.8 validation=0.25 last-sessions=5
    check "$SESSIONS" split=user:0.8 last-sessions=5 validation=0.1
}

@test "tfilter A | tfilter B gives the records of tfilter A B" {
    filters=(--first=2months --min-sessions=3 --last-sessions=6 --split=user:0.7 --validation=0.3
        --last-sessions=4 --first=1000000)
    tfilter "${filters[@]}" "$SESSIONS.mp" 2>report >whole.mp
    spcat --check whole.mp
    [ "$(records whole.mp | grep -c session)" -gt 50 ]
    for cut in 1 2 3 4 5 6; do
        tfilter "${filters[@]:0:cut}" "$SESSIONS.mp" 2>report |
            tfilter "${filters[@]:cut}" 2>>report >parts.mp
        cmp <(records whole.mp) <(records parts.mp)
        # the list of what was applied is the same as well
        [ "$(spcat whole.mp | head -1 | jq -c '.. | objects | .filters // empty')" = \
            "$(spcat parts.mp | head -1 | jq -c '.. | objects | .filters // empty')" ]
    done
    [ "$(spcat whole.mp | head -1 | jq -c '.. | objects | .filters // empty')" = \
        '["first=2months","min-sessions=3","last-sessions=6","split=user:0.7","validation=0.3","last-sessions=4","first=1000000"]' ]
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
    # quiet where nothing is split
    tfilter --min-sessions 3 "$SESSIONS.mp" 2>report >/dev/null
    [ ! -s report ]
}

@test "help and manual warn of the future of others" {
    tfilter --help | tr '\n' ' ' | grep -q 'lets the future of one user train the model that is tested on the past of another'
    tr '\n' ' ' <"$ROOT/man/tfilter.1" | grep -q 'lets the future of one user train the model that is tested on the past of another'
}

@test "real logs, filtered and split" {
    need_data lastfm-part.tsv.xz
    xz -dc "$DATA/lastfm-part.tsv.xz" | lfm-sessionize >lastfm.mp
    spcat lastfm.mp >lastfm.json
    check lastfm first=3months min-sessions=3 split=user:0.8 validation=0.1
    xz -dc "$DATA/reddit-part.csv.xz" | reddit-sessionize >reddit.mp
    spcat reddit.mp >reddit.json
    check reddit min-sessions=3 split=user:0.8
}

@test "wrong values are 64 and say what is possible" {
    for wrong in --min-sessions=0 --min-sessions=many --last-sessions=-1 --first=4months \
        --first=1.5 --split=0.8 --split=user:1.5 --split=time:0.8 --validation=2; do
        run -64 --separate-stderr tfilter "$wrong" "$SESSIONS.mp"
        [[ $stderr == "tfilter: ${wrong%%=*}: '"*"' is "* && -z $output ]]
    done
    run -64 --separate-stderr tfilter --split user:0.5 --split user:0.8 "$SESSIONS.mp"
    [[ $stderr == "tfilter: --split: given twice"* ]]
    run -64 --separate-stderr tfilter --validation 0.5 --split user:0.8 "$SESSIONS.mp"
    [[ $stderr == "tfilter: --split: stands behind --validation"* ]]
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
    make_log 99 | sed 's/^u/other/; s/^othersername/username/' |
        reddit-sessionize --min-events 1 >other.mp
    run -65 --separate-stderr tfilter -o out.mp split.mp other.mp
    [[ $stderr == *"some sessions are split and others are not"* && ! -e out.mp ]]
}

@test "nothing left is a stream as well" {
    tfilter --min-sessions 1000 --split user:0.8 "$SESSIONS.mp" 2>report >none.mp
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

@test "--flush lets each user through" {
    tfilter --flush "$SESSIONS.mp" >flushed.mp
    tfilter "$SESSIONS.mp" >plain.mp
    cmp <(records flushed.mp) <(records plain.mp)
    [ "$(wc -c <flushed.mp)" -gt "$(wc -c <plain.mp)" ]
}
