# tfilter's splits: who belongs to which part, validation parts, the report of what leaks, --strict.
bats_require_minimum_version 1.5.0
load helpers
load filters

@test "each split, alone and after other filters" {
    for split in last-session leave-one-out last-day last-week time:2011-03-20 \
        time:2011-04-01T12:00:00Z time:1971-01-01 time:2200-01-01 newest:0.2 newest:1/3 newest:0 newest:1; do
        check "$SESSIONS" "split=$split"
        check "$SESSIONS" min-sessions=2 recent=3/4 "split=$split"
    done
}

@test "a validation part of each kind behind a split of each kind" {
    for split in user:0.8 newest:0.3 last-session leave-one-out last-week time:2011-04-01; do
        for validation in 0.2 newest:0.1 last-session leave-one-out last-week time:2011-03-20; do
            check "$SESSIONS" split=$split validation=$validation
        done
    done
}

@test "users without a training session go where that is asked for" {
    for split in last-week time:2011-03-20 newest:0.6 last-session; do
        check "$SESSIONS" split=$split drop-unseen-users
        check "$SESSIONS" split=$split drop-unseen drop-unseen-users
    done
    tfilter --strict --split time:2011-03-20 --drop-unseen --drop-unseen-users "$SESSIONS.mp" 2>report >out.mp || true
    [ "$(said 'have no training session')" = 0 ]
    tfilter --split time:2011-03-20 --drop-unseen "$SESSIONS.mp" 2>report >out.mp
    [ "$(said 'have no training session')" -gt 0 ]
}

@test "items unseen in training go where that is asked for" {
    check "$SESSIONS" split=last-week drop-unseen
    check "$SESSIONS" split=user:0.5 validation=0.4 drop-unseen
    check "$SESSIONS" split=user:0.5 validation=0.4 drop-unseen recent=1/2
    check "$SESSIONS" split=user:0.3 drop-unseen
    run -1 grep '"train":"0"' after.json
    tfilter --split user:0.3 "$SESSIONS.mp" 2>report | spcat | grep -q '"train":"0"'
}

@test "the splits differ" {
    for split in user:0.5 user:0.8 newest:0.3 last-session leave-one-out last-day last-week time:2011-03-20; do
        tfilter --split $split "$SESSIONS.mp" 2>report | records | cksum
    done | sort | uniq -d | wc -l | grep -qx 0
}

@test "the last day is named, and one that a late session made is doubted" {
    need jq
    tfilter --split last-day "$SESSIONS.mp" >out.mp 2>report
    test=$(spcat --summary out.mp | sed -n 's/^sessions test\t//p')
    last=$(spcat --summary out.mp | sed -n 's/^last event\t//p')
    grep -E "^tfilter: --split last-day: $test sessions end from 2011-[0-9:TZ-]+ to $last\$" report
    run ! grep 'after all others' report
    tfilter --split last-week --validation last-day "$SESSIONS.mp" >out.mp 2>report
    [ "$(grep -c 'sessions end from' report)" = 2 ]

    { echo username,subreddit,utc; printf 'late,r%s,%s\n' 2 2000000060 1 2000000000; } | reddit-sessionize -q >late.mp
    cat "$SESSIONS.mp" late.mp >both.mp
    tfilter --split last-day both.mp >out.mp 2>report
    grep -E '^tfilter: --split last-day: 1 sessions end from 2033-05-17T03:34:20Z to 2033-05-18T03:34:20Z$' report
    grep -E '^tfilter: --split last-day: these end [0-9]+ days after all others: if their times are wrong, put --until before it$' report
    tfilter --until 2033-01-01 --split last-day both.mp >out.mp 2>report
    [ "$(spcat --summary out.mp | sed -n 's/^sessions test\t//p')" = "$test" ]
    run ! grep 'after all others' report
}

# What a split's parts should never have seen of each other, from the records alone.
facts() { # after.json -> untrained unseen future
    jq -s -r '
        map(select(.[0] == "session")) as $s
        | ($s | map(select(.[2] == 1))) as $train | ($s | map(select(.[2] == 3))) as $test
        | ($train | map([.[3], .[4]] | transpose[]) | group_by(.[1])
            | map({key: "\(.[0][1])", value: (map(.[0]) | min)}) | from_entries) as $since
        | [ (($s | map(.[1]) | unique) - ($train | map(.[1]) | unique) | length),
            ([$test[][4][]] | unique | map(select($since["\(.)"] == null)) | length),
            ([$test[] | [.[3], .[4]] | transpose[] | select($since["\(.[1])"] > .[0])] | length)
          ] | join(" ")' after.json
}

# The number that the report gives before the words, 0 where it is silent.
said() {
    grep -F "$1" report | sed 's/[^0-9]*\([0-9]*\).*/\1/' | grep . || echo 0
}

@test "the report says what leaks" {
    for split in user:0.4 last-session leave-one-out last-week time:2011-03-20; do
        check "$SESSIONS" split=$split
        [ "$(facts)" = "$(said 'have no training session') $(said 'never seen in training') $(said 'sees only later')" ]
        echo "$split: $(facts)" >>all
    done
    cat all
    # some users' later sessions train for others' earlier ones, unless one edge is for all
    grep -q '^user:0.4: .* [1-9][0-9]*$' all
    grep -q '^last-week: .* 0$' all
    grep -q '^time:2011-03-20: .* 0$' all
}

# rows USER SECOND ITEM: a log, newest first within a user.
stream() {
    (echo username,subreddit,utc; sort -s -k1,1 -k2,2rn | awk '{ print $1 "," $3 "," $2 }') |
        reddit-sessionize --gap 1000
}

@test "sessions that straddle an edge, ties at an edge" {
    printf '%s\n' 'a 100 x' 'a 200 y' 'a 5000 x' 'a 5900 y' 'b 5000 y' 'b 5900 x' 'b 6800 y' \
        'c 100 x' 'c 200 y' 'c 200 z' | stream >log.mp
    # 1970-01-01T01:30 = 5400
    tfilter --split time:1970-01-01T01:30:00Z log.mp 2>report >out.mp
    [ "$(said straddle)" = 2 ]
    [ "$(said 'of one time')" = 0 ]
    tfilter --split time:1970-01-01T01:00:00Z log.mp 2>report >out.mp
    [ "$(said straddle)" = 0 ]
    # a session belongs to the later part from the edge itself on
    [ "$(tfilter --split time:1970-01-01T00:03:20Z log.mp 2>report | records | jq -s -c 'map(select(.[0] == "session") | .[2])')" = '[3,3,3,3]' ]
    [ "$(tfilter --split time:1970-01-01T00:03:21Z log.mp 2>report | records | jq -s -c 'map(select(.[0] == "session") | .[2])')" = '[1,3,3,1]' ]
    # c's last event is the last one by the order of the log alone
    tfilter --split leave-one-out log.mp 2>report >out.mp
    [ "$(said 'of one time')" = 1 ]
    [ "$(records out.mp | jq -c 'select(.[0] == "session") | .[1:4]' | paste -sd' ')" = \
        '[0,1,[100,200]] [0,3,[5000,5900]] [1,1,[5000,5900]] [1,3,[5900,6800]] [2,1,[100,200]] [2,3,[200,200]]' ]
    tfilter --split last-session log.mp 2>report >out.mp
    [ "$(said 'of one time')" = 0 ]
}

@test "--strict refuses what leaks and lets the rest through" {
    run -65 --separate-stderr tfilter --strict --split user:0.5 -o out.mp "$SESSIONS.mp"
    [[ $stderr == "tfilter: --strict: "*"users have no training session; "*"never seen in training; "*"sees only later"* ]]
    [ ! -e out.mp ]
    printf '%s\n' 'a 100 x' 'a 200 y' 'a 5000 x' 'a 5900 y' 'b 100 y' 'b 900 x' 'b 5100 x' 'b 5200 y' |
        stream >log.mp
    tfilter --strict --split time:1970-01-01T01:00:00Z log.mp 2>report >good.mp
    spcat --check good.mp
    [ "$(wc -l <report)" = 3 ]
    tfilter --strict --split last-session log.mp 2>report >also.mp
    cmp <(records good.mp) <(records also.mp)
    run -65 --separate-stderr tfilter --strict --split time:1970-01-01T01:30:00Z -o out.mp log.mp
    [[ $stderr == *"--strict: 1 sessions straddle the edge"* && ! -e out.mp ]]
    run -65 --separate-stderr tfilter --strict --split user:0 -o out.mp log.mp
    [[ $stderr == *"--strict: 2 users have no training session; 2 test items"* && ! -e out.mp ]]
    # --drop-unseen is a way out
    printf '%s\n' 'c 100 x' 'c 200 y' 'c 5000 z' 'c 5100 x' 'c 5200 y' | stream >new.mp
    run -65 tfilter --strict --split last-session -o out.mp new.mp
    tfilter --strict --split last-session --drop-unseen new.mp 2>report >out.mp
    [ "$(records out.mp | jq -c 'select(.[0] == "session") | .[3]' | paste -sd' ')" = '[100,200] [5100,5200]' ]
}

@test "sessions of one user that overlap, in one part or in two" {
    # sessions 1 and 2 overlap, 3 begins when 2 ends, 5 lies in 4
    printf '%s\n' u,s,i,t a,1,x,10 a,1,y,90 a,2,y,80 a,2,x,100 a,3,x,100 a,3,y,150 a,4,x,200 a,4,y,300 \
        a,5,y,210 a,5,x,220 a,6,x,400 a,6,y,410 |
        csv-sessionize --user u --session s --item i --time t >log.mp
    tfilter --split last-session log.mp 2>report >out.mp
    [ "$(said 'begin before an earlier one')" = 2 ]
    [ "$(said straddle)" = 0 ]
    run -65 --separate-stderr tfilter --strict --split last-session -o out.mp log.mp
    [[ $stderr == "tfilter: --strict: 2 sessions begin before an earlier one of their user has ended" ]]
    # of a stream that was split before too, and from one part to the next
    tfilter --last-sessions 3 --split user:0.4 log.mp 2>report >split.mp
    run -65 --separate-stderr tfilter --strict --validation 0 -o out.mp split.mp
    [[ $stderr == *"--strict: "*"1 sessions begin before an earlier one"* ]]
    # without them there is nothing to refuse
    tfilter --last-sessions 1 log.mp >last.mp
    tfilter --strict --split user:1 last.mp 2>report >out.mp
}

@test "a log without users is divided over all sessions, or not at all" {
    for ((i = 0; i < 20; i++)); do
        printf '%s\n' "$i,x,$((i * 100))" "$i,y,$((i * 100 + 250))"
    done | sed '1i s,i,t' | csv-sessionize --session s --item i --time t >log.mp
    parts() { spcat "$1" | jq -r 'select(.[0] == "session") | .[2]' | sort | uniq -c | awk '{ printf "%s%dx%d", n++ ? " " : "", $1, $2 }'; }
    tfilter --split newest:0.2 --validation newest:0.25 log.mp 2>report >out.mp
    [ "$(parts out.mp)" = '12x1 4x2 4x3' ]
    for split in user:0.8 last-session; do
        run -65 --separate-stderr tfilter --split $split -o out2.mp log.mp
        [[ $stderr == "tfilter: --split $split: the training part has no session: "*"newest:F"* && ! -e out2.mp ]]
    done
    tfilter --split newest:0.2 log.mp 2>report >split.mp
    run -65 --separate-stderr tfilter --validation 0.1 -o out2.mp split.mp
    [[ $stderr == "tfilter: --validation 0.1: the validation part has no session: "*"newest:F"* && ! -e out2.mp ]]
    run -65 --separate-stderr tfilter --validation last-session -o out2.mp split.mp
    [[ $stderr == "tfilter: --validation last-session: the training part has no session: "* && ! -e out2.mp ]]
    # where that is asked for
    tfilter --validation 0 split.mp 2>report >out.mp
    [ "$(parts out.mp)" = '16x1 4x3' ]
    tfilter --validation 1 split.mp 2>report >out.mp
    [ "$(parts out.mp)" = '16x2 4x3' ]
    tfilter --split user:0 log.mp 2>report >out.mp
    [ "$(parts out.mp)" = '20x3' ]
}

@test "--recent says how many items it drops behind a split" {
    printf '%s\n' 'a 100 x' 'a 200 y' 'a 5000 x' 'a 5900 z' 'a 9000 x' 'a 9100 z' 'b 100 q' 'b 900 x' | stream >log.mp
    tfilter --split newest:1/4 --recent 1/3 log.mp 2>report >out.mp
    grep -qF -- '--recent 1/3 after a split drops 2 items that only older sessions have' report
    grep -qF -- 'batcher --train-recent 1/3' report
    [ "$(records out.mp | grep -c '"item"')" = 2 ]
    tfilter --recent 3/4 --split newest:1/3 log.mp 2>report >out.mp
    tfilter --split newest:1/4 --recent 1 log.mp 2>>report >out.mp
    run -1 grep -F -- 'after a split drops' report
}

@test "dwell bins are those of the training part" {
    check "$SESSIONS" split=newest:0.3 dwell-bins=scott
    check "$SESSIONS" split=user:0.6 validation=0.2 dwell-bins=7
    # what is tested changes no bin: the same sessions, the last of them ten times as long
    printf '%s\n' 'a 100 x' 'a 150 y' 'a 190 z' 'a 5000 x' 'a 5100 z' 'a 9000 x' >long
    bins() { (cat long; echo "a $1 y") | stream | tfilter --split last-session --dwell-bins "$2" 2>report | records | jq -c 'select(.[0] == "session") | .[5].dwell'; }
    for kind in scott 4; do
        cmp <(bins 9100 $kind) <(bins 9900 $kind)
    done
    [ "$(bins 9900 4 | paste -sd' ')" = '[2,2,0] [4,0] [4,0]' ]
    edges() { (cat long; echo "a 9100 y") | stream | tfilter --split last-session --dwell-bins "$1" 2>report | spcat | jq -c 'select(.[0] == "SESSPIPE\r\n")[2].dwell_edges'; }
    [ "$(edges 4)" = '[26,51,76]' ]
    [ "$(edges 15,40)" = '[15,40]' ]
    [ "$(edges 1)" = '[]' ]
    # the bins of a binned stream give way
    [ "$(stream <long | tfilter --dwell-bins 1 | tfilter --dwell-bins 15,40,60 | records | jq -c 'select(.[0] == "session")[5]' | paste -sd' ')" = \
        '{"dwell":[3,3,0]} {"dwell":[4,0]}' ]
}
