# baseline: ranks against tests/check-baseline.py, which scores every item; refusals.
bats_require_minimum_version 1.5.0
load helpers

# Few items, many repeats: counts tie often.
make_log() {
    drawn_log 30 '2 + draw(9)' '1 + draw(7)' '"r" draw(1 + draw(25))' \
        '1 + draw(3000)' '3600 + draw(9) * draw(200000)' "$1"
}

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    make_log 4711 | reddit-sessionize --min-events 1 --keep-repeats >sessions.mp
    tfilter --split user:0.5 --validation 0.3 sessions.mp >split.mp 2>report
    spcat split.mp >split.json
}

setup() {
    SPLIT=$BATS_FILE_TMPDIR/split
}

# check SPLIT MODEL [OPTION=VALUE ...]
check() {
    local split=$1 model=$2
    shift 2
    need python3
    baseline --model "$model" "${@/#/--}" "$split.mp" >predictions.mp
    spcat --check predictions.mp
    spcat predictions.mp >predictions.json
    run python3 "$ROOT/tests/check-baseline.py" "$split.json" predictions.json "$model" "${@/%.mp/.json}"
    echo "$model $* -> $output"
    [[ $status == 0 && $output == ok\ [1-9]* ]]
}

@test "pop" { check "$SPLIT" pop && check "$SPLIT" pop top=5; }
@test "s-pop" { check "$SPLIT" s-pop && check "$SPLIT" s-pop top=5; }
@test "ppop" { check "$SPLIT" ppop && check "$SPLIT" ppop top=5; }
@test "markov" { check "$SPLIT" markov && check "$SPLIT" markov top=5; }

@test "item-knn" {
    check "$SPLIT" item-knn top=5
    check "$SPLIT" item-knn neighbours=1
    check "$SPLIT" item-knn neighbours=4 regularization=0 top=9
    check "$SPLIT" item-knn neighbours=10 regularization=2.5
}

@test "session-knn" {
    check "$SPLIT" session-knn top=5
    check "$SPLIT" session-knn neighbours=1
    check "$SPLIT" session-knn neighbours=5 sample=12
    check "$SPLIT" session-knn neighbours=7 sample=0 top=30
    check "$SPLIT" session-knn neighbours=9 sample=7
}

@test "ppop-decay" {
    check "$SPLIT" ppop-decay top=5
    check "$SPLIT" ppop-decay decay=0.3
    check "$SPLIT" ppop-decay decay=0 top=9
    check "$SPLIT" ppop-decay decay=1
}

@test "vstan" {
    check "$SPLIT" vstan top=5
    check "$SPLIT" vstan neighbours=3 sample=9 top=9
    check "$SPLIT" vstan position-decay=2 item-decay=0 age-decay=0 idf=0
    check "$SPLIT" vstan position-decay=0 item-decay=1 age-decay=0 idf=0 neighbours=7
    check "$SPLIT" vstan position-decay=0 item-decay=0 age-decay=1 idf=0 neighbours=7
    check "$SPLIT" vstan position-decay=0 item-decay=0 age-decay=0 idf=2.5 sample=0
    # without its decays it is session-knn
    for model in 'vstan --position-decay 0 --item-decay 0 --age-decay 0 --idf 0 --neighbours 100' session-knn; do
        baseline --model $model --top 5 "$SPLIT.mp" | spcat | grep -E '^."(rank|top)"' | cksum
    done | uniq | wc -l | grep -qx 1
}

@test "pop of a window" {
    for window in 1 3600 100000 1000000 68719476736; do
        check "$SPLIT" pop window=$window top=5
    done
    check "$SPLIT" pop window=0
    run -1 cmp <(baseline --model pop "$SPLIT.mp" | spcat | grep '"rank"') <(baseline --model pop --window 100000 "$SPLIT.mp" | spcat | grep '"rank"')
}

@test "the items of the session so far behind all others" {
    for model in pop ppop ppop-decay markov item-knn session-knn vstan; do
        check "$SPLIT" $model no-remind top=6
    done
    check "$SPLIT" session-knn no-remind top=10000
    check "$SPLIT" pop no-remind window=100000 top=10000
    baseline --model markov --top 8 "$SPLIT.mp" >other.mp
    spcat other.mp >other.json
    check "$SPLIT" session-knn no-remind mix=other.mp top=9
    run -64 --separate-stderr baseline --model s-pop --no-remind "$SPLIT.mp"
    [[ $stderr == *"--no-remind changes nothing in --model s-pop"* ]]
}

# Losses by target, and lists with scores, in one order.
said_of() {
    spcat "$1" | jq -c 'select(.[0] == "rank")[1] | [.user, .session, .position, .loss] | transpose[]' | sort
    spcat "$1" | jq -c 'select(.[0] == "top")[1] | (.k as $k | [range(.user | length) as $i |
        [.user[$i], .session[$i], .position[$i], .item[$i * $k:$i * $k + $k], .score[$i * $k:$i * $k + $k]]])[]' | sort
}

@test "wide: what predictor says of the same weights, as with its --online" {
    batcher --epochs 1 -o batches.mp "$SPLIT.mp"
    for online in user all; do
        baseline --model wide --online $online --top 4 -o here.mp "$SPLIT.mp"
        spcat --check here.mp
        predictor -q -j 1 --top 4 -o there.mp $([ $online = user ] || echo --online) batches.mp
        said_of here.mp >here
        said_of there.mp >there
        grep -q '^\[0,[1-9][0-9]*,0,\[' here
        alike here there
        mv here $online
        [ "$(scorer --json --by none here.mp there.mp | jq -r 'select(.best).name | .[:15]' | uniq)" = 'wide ready-made' ]
    done
    run -1 cmp -s user all
}

@test "wide: alone it knows of no later part, with --online user of the user's" {
    last() { spcat "$1" | jq -c 'select(.[0] == "rank")[1] | [.user, .position, .length, .session, .rank] | transpose[]' |
        sort -t, -k1,1 -k4,4n | awk -F, '{ if ($1 != user) { user = $1; lines = ""; at = "" }
            if ($4 != at) { at = $4; lines = "" } lines = lines $1 "," $2 "," $3 "," $5 "\n"; of[user] = lines }
            END { for (u in of) printf "%s", of[u] }' | sort; }
    # without all sessions of later parts but each user's last
    spcat "$SPLIT.mp" | tac | awk -F, '!/^."session"/ || $3 == 1 || (NF > 6 && !of[$2]++)' | tac |
        sed 's/^\["E".*/["E"]/' | spcat --from-json >fewer.mp
    [ "$(spcat fewer.mp | grep -c '^."session"')" -lt "$(spcat "$SPLIT.mp" | grep -c '^."session"')" ]
    for online in none user; do
        last <(baseline --model wide --online $online "$SPLIT.mp") >whole.$online
        last <(baseline --model wide --online $online fewer.mp) >fewer.$online
    done
    grep -q . whole.none
    cmp whole.none fewer.none
    run -1 cmp -s whole.user fewer.user
    run -64 --separate-stderr baseline --model wide --no-remind "$SPLIT.mp"
    run -64 --separate-stderr baseline --model wide --mix fewer.mp "$SPLIT.mp"
}

@test "learning online: the user's own sessions, or all, that ended before" {
    tfilter --split user:0.5 --validation 0.3 <(make_log 99 | awk -F, 'NR == 1 || $1 ~ /^u.$/' |
        reddit-sessionize --min-events 1 --keep-repeats) >few.mp 2>report
    spcat few.mp >few.json
    for model in ppop ppop-decay markov item-knn session-knn vstan; do
        check few $model online=user top=6
        check few $model online=all top=6
    done
    # what is learned changes the answers
    for online in none user all; do
        baseline --model session-knn --online $online few.mp | spcat | jq -c 'select(.[0] == "rank") | [.[1] | .user, .session, .position, .rank] | transpose[]' | sort | cksum
    done | sort -u | wc -l | grep -qx 3
    check few pop online=all top=5
    check few pop online=all window=200000 top=5
    check few vstan online=all no-remind neighbours=5 sample=8
    check few session-knn online=user neighbours=3 sample=8
    baseline --model markov --top 8 few.mp >other.mp
    spcat other.mp >other.json
    check few markov online=all mix=other.mp top=3
    check few ppop online=user mix=other.mp no-remind top=3
    for wrong in 'pop --online user' 's-pop --online user' 's-pop --online all'; do
        run -64 --separate-stderr baseline --model $wrong few.mp
        [[ $stderr == *"--online "*" changes nothing in --model "* ]]
    done
}

@test "mixed with another run's lists" {
    for other in markov session-knn; do
        baseline --model $other --top 8 "$SPLIT.mp" >other.mp
        spcat other.mp >other.json
        for model in s-pop ppop item-knn session-knn; do
            check "$SPLIT" $model mix=other.mp top=4
        done
    done
    check "$SPLIT" session-knn neighbours=5 mix=other.mp mix-weight=0.3
    check "$SPLIT" item-knn mix=other.mp mix-weight=0
    check "$SPLIT" ppop mix=other.mp mix-weight=1 top=3
}

@test "a mix of one run alone is that run" {
    rank() { spcat "$@" | jq -c 'select(.[0] == "rank") | .[1].rank'; }
    baseline --model session-knn --top 10000 "$SPLIT.mp" >all.mp
    baseline --model item-knn "$SPLIT.mp" | rank >own
    baseline --model item-knn --mix all.mp --mix-weight 0 "$SPLIT.mp" | rank >none
    cmp own none
    baseline --model item-knn --mix all.mp "$SPLIT.mp" | rank >half
    run -1 cmp own half
}

@test "a cascade: the other run's lists, ordered by own score" {
    for other in markov session-knn; do
        baseline --model $other --top 8 "$SPLIT.mp" >other.mp
        spcat other.mp >other.json
        for model in s-pop ppop item-knn vstan; do
            check "$SPLIT" $model mix=other.mp mix-how=cascade top=12
        done
    done
    check "$SPLIT" session-knn mix=other.mp mix-how=cascade no-remind top=12
    check "$SPLIT" markov online=all mix=other.mp mix-how=cascade top=12
}

@test "a cascade over all items is the own order, and the list's where there is no own score" {
    rank() { spcat "$@" | jq -c 'select(.[0] == "rank") | .[1].rank'; }
    baseline --model session-knn --top 10000 "$SPLIT.mp" >all.mp
    baseline --model markov --mix all.mp --mix-how cascade "$SPLIT.mp" | rank >both
    run -1 cmp -s both <(rank all.mp)
    # nothing is learned, and every list is turned around
    tfilter --split user:0 "${SPLIT%split}sessions.mp" 2>report >untrained.mp
    baseline --model pop --top 10000 untrained.mp >all.mp
    spcat all.mp | jq -c 'if .[0] == "top" then .[1] |= (.k as $k | .item as $of |
        .item = [range(.user | length) as $i | $of[$i * $k:$i * $k + $k] | reverse[]]) else . end' |
        spcat --from-json >around.mp
    baseline --model ppop --mix around.mp --mix-how cascade untrained.mp | rank >both
    items=$(spcat untrained.mp | grep -c '^."item"')
    cmp both <(rank all.mp | jq -c "map($items + 1 - .)")
}

@test "the other run may number its users and items in another way, and know fewer" {
    tfilter --user-count below "$SPLIT.mp" 2>report >fewer.mp
    baseline --model markov --top 8 fewer.mp >other.mp
    spcat other.mp >other.json
    run -1 cmp <(spcat other.mp | grep '^."item"') <(spcat "$SPLIT.mp" | grep '^."item"')
    need python3
    for how in weighted cascade; do
        run --separate-stderr baseline --model session-knn --mix other.mp --mix-how $how -o predictions.mp "$SPLIT.mp"
        [[ $status == 0 && $stderr == *"--mix: other.mp has no list for "[1-9]*" of "*" positions" ]]
        spcat predictions.mp >predictions.json
        python3 "$ROOT/tests/check-baseline.py" "$SPLIT.json" predictions.json session-knn mix=other.json mix-how=$how
    done
}

@test "what cannot be mixed" {
    baseline --model markov "$SPLIT.mp" >bare.mp
    run -65 --separate-stderr baseline --model ppop --mix bare.mp -o out.mp "$SPLIT.mp"
    [[ $stderr == *"--mix bare.mp: the file has no list"*"--top"* && ! -e out.mp ]]
    baseline --model markov --top 3 "$SPLIT.mp" >one.mp
    cat one.mp one.mp >two.mp
    run -65 --separate-stderr baseline --model ppop --mix two.mp -o out.mp "$SPLIT.mp"
    [[ $stderr == *"more than one run"* && ! -e out.mp ]]
    run -65 baseline --model ppop --mix <(head -c 3000 one.mp) -o out.mp "$SPLIT.mp"
    run -65 baseline --model ppop --mix "$SPLIT.mp" -o out.mp "$SPLIT.mp"
    run -66 baseline --model ppop --mix nowhere.mp -o out.mp "$SPLIT.mp"
    [ ! -e out.mp ]
}

@test "another run of other sessions or of another split is refused, with the place" {
    tfilter --split user:0.5 --validation 0.3 --repeats consecutive "${SPLIT%split}sessions.mp" 2>report |
        baseline --model markov --top 5 >other.mp
    run -65 --separate-stderr baseline --model ppop --mix other.mp -o out.mp "$SPLIT.mp"
    [[ $stderr == "baseline: --mix other.mp: user u"*", session "*", position "*": the target is "*", and in the sessions "*": both have to be of one log"* ]]
    # items of other names
    make_log 4711 | sed 's/,r/,q/' | reddit-sessionize --min-events 1 --keep-repeats |
        tfilter --split user:0.5 --validation 0.3 2>report | baseline --model markov --top 5 >other.mp
    run -65 --separate-stderr baseline --model ppop --mix other.mp -o out.mp "$SPLIT.mp"
    [[ $stderr == *": the target is another item, and in the sessions r"* ]]
    # the users' sessions by other numbers
    tfilter --last-sessions 1 "${SPLIT%split}sessions.mp" | tfilter --split user:0 2>report |
        baseline --model markov --top 5 >other.mp
    run -65 --separate-stderr baseline --model ppop --mix other.mp -o out.mp "$SPLIT.mp"
    [[ $stderr == *"--mix other.mp: the file has no list for any of the "*" positions: it has to be of the same log"* && ! -e out.mp ]]
}

@test "a session behind one of a later part is refused, with the place" {
    spcat "$SPLIT.mp" >split.json
    for parts in 1,3 3,1; do
        # the first session of the one part becomes one of the other
        awk -v part=",${parts%,*}," -v other=",${parts#*,}," '/^."session"/ && !done && substr($0, 12) ~ "^[0-9]*" part { sub(part, other); done = 1 } { print }' split.json |
            spcat --from-json >swapped.mp
        run -65 --separate-stderr baseline --model pop -o out.mp swapped.mp
        echo "$stderr"
        [[ $stderr == *"swapped.mp, block 0, record "*" session comes after a "*" session of the same user" && ! -e out.mp ]]
    done
}

@test "options that a model does not have" {
    run -64 --separate-stderr baseline --model pop --neighbours 5 "$SPLIT.mp"
    [[ $stderr == *"--neighbours changes nothing in --model pop: it is for item-knn, session-knn, vstan"* ]]
    run -64 baseline --model item-knn --sample 5 "$SPLIT.mp"
    run -64 baseline --model session-knn --regularization 5 "$SPLIT.mp"
    run -64 baseline --model pop --mix "$SPLIT.mp" "$SPLIT.mp"
    run -64 baseline --model markov --mix-weight 0.4 "$SPLIT.mp"
    run -64 baseline --model markov --mix one.mp --mix-weight 1.5 "$SPLIT.mp"
    run -64 --separate-stderr baseline --model markov --mix-how cascade "$SPLIT.mp"
    [[ $stderr == *"--mix-how is about another run: give its file by --mix"* ]]
    run -64 --separate-stderr baseline --model markov --mix one.mp --mix-how cascade --mix-weight 0.4 "$SPLIT.mp"
    [[ $stderr == *"--mix-weight changes nothing in --mix-how cascade"* ]]
    run -64 baseline --model item-knn --neighbours 0 "$SPLIT.mp"
}

@test "any number of threads gives the same bytes" {
    for model in item-knn session-knn s-pop markov wide; do
        for threads in 1 2 5; do
            baseline --model $model --top 6 --threads $threads "$SPLIT.mp" | cksum
        done | sort -u | wc -l | grep -qx 1
    done
}

@test "more than there is on a list is all there is" {
    check "$SPLIT" markov top=10000
    check "$SPLIT" session-knn top=10000
}

@test "users and items that training never saw" {
    tfilter --split user:0.2 "${SPLIT%split}sessions.mp" >late.mp 2>report
    grep -qE ': [1-9][0-9]* of [0-9]+ users have no training session' report
    grep -qE ': [1-9][0-9]* of [0-9]+ test items are never seen' report
    spcat late.mp >late.json
    for model in s-pop ppop markov item-knn session-knn; do
        check late $model top=3
    done
}

@test "nothing to learn from: in the order of ids" {
    tfilter --split user:0 "${SPLIT%split}sessions.mp" >none.mp 2>report
    spcat none.mp >none.json
    check none session-knn top=2
    check none item-knn
    check none markov
    [ "$(jq -c 'select(.[0] == "rank") | .[1].rank == (.[1].target | map(. + 1))' predictions.json | uniq)" = true ]
}

@test "nothing to predict: said, and a pass of nothing" {
    tfilter --split user:1 "${SPLIT%split}sessions.mp" >all.mp 2>report
    baseline --model pop all.mp 2>message | spcat >out.json
    grep -q 'no test session' message
    run -1 grep -E '^\["rank"' out.json
    grep -qE '^\["pass",1,3,{.*"events":0' out.json
}

@test "each target says whether the user had it in an earlier event, of any part" {
    baseline --model pop "$SPLIT.mp" | spcat | jq -c 'select(.[0] == "rank")[1].seen[]' | sort | uniq -c >seen
    [ "$(wc -l <seen)" = 2 ]
    printf '%s\n' '["SESSPIPE\r\n",2,{"kind":"sessions","minor":0,"pipeline":[],"delta_edges":[3600],"week_shift":0}]' \
        '["user",0,"u"]' '["item",0,"a"]' '["item",1,"b"]' '["item",2,"c"]' '["item",3,"d"]' \
        '["session",0,1,[0,1],[0,1]]' '["session",0,2,[10,11],[2,0]]' '["session",0,3,[20,21,22,23],[1,2,3,3]]' '["E"]' |
        spcat --from-json | baseline --model pop | spcat | grep '"rank"' >out
    cat out
    [[ $(sed -n 1p out) == *'"target":[0],'*'"seen":[1]'* ]] # in training
    [[ $(sed -n 2p out) == *'"target":[2,3,3],'*'"seen":[1,0,1]'* ]] # in validation; never; in this session
}

@test "each target says on which day of its part the session ended" {
    printf '%s\n' '["SESSPIPE\r\n",2,{"kind":"sessions","minor":0,"pipeline":[],"delta_edges":[3600],"week_shift":0}]' \
        '["user",0,"u"]' '["item",0,"a"]' '["item",1,"b"]' \
        '["session",0,1,[0,1],[0,1]]' '["session",0,3,[500000,864000],[1,0]]' '["session",0,3,[950399,950400,950401],[1,0,1]]' \
        '["session",0,3,[1200000,1200001],[0,1]]' '["E"]' |
        spcat --from-json -o sessions.mp
    baseline --model pop -o predictions.mp sessions.mp
    spcat predictions.mp | jq -c 'select(.[0] == "rank")[1].day' >days
    cat days
    [ "$(cat days)" = '[0,1,1,3]' ]
    batcher --epochs 1 sessions.mp | predictor | spcat | jq -c 'select(.[0] == "rank")[1].day[]' | sort | tr '\n' ' ' >learned
    [ "$(cat learned)" = '0 1 1 3 ' ]
    scorer --by day,cold --format tsv predictions.mp | awk -F'\t' '$6 == "day" || $6 == "cold" { print $6, $7, $8 }' >groups
    cat groups
    [ "$(tr '\n' ' ' <groups)" = 'day 1 1 day 2 2 day 4 1 cold 1-3 4 ' ]
}

@test "the models differ" {
    for model in pop s-pop ppop ppop-decay markov item-knn session-knn vstan wide; do
        baseline --model $model "$SPLIT.mp" | spcat | grep '^\["rank"' | cksum
    done | sort -u | wc -l | grep -qx 9
}

@test "real logs" {
    need_data lastfm-part.tsv.xz
    xz -dc "$DATA/lastfm-part.tsv.xz" | lfm-sessionize |
        tfilter --first 2months --min-sessions 3 --split user:0.8 2>report >lastfm.mp
    spcat lastfm.mp >lastfm.json
    xz -dc "$DATA/reddit-part.csv.xz" | reddit-sessionize |
        tfilter --min-sessions 3 --split user:0.8 --validation 0.1 2>report >reddit.mp
    spcat reddit.mp >reddit.json
    for log in lastfm reddit; do
        for model in pop ppop markov; do
            check $log $model
        done
    done
}

@test "a model is needed, and is one that there is" {
    run -64 --separate-stderr baseline "$SPLIT.mp"
    [[ $stderr == *"--model is needed: one of pop|s-pop|ppop|ppop-decay|markov|item-knn|session-knn|vstan|wide"* ]]
    run -64 --separate-stderr baseline --model best "$SPLIT.mp"
    [[ $stderr == *best*pop*ppop*markov* ]]
    run -64 baseline --model pop --top -1 "$SPLIT.mp"
    run -64 baseline --model pop --top 10001 "$SPLIT.mp"
}

@test "sessions that are not split: 65, and what to do" {
    run -65 --separate-stderr baseline --model pop -o out.mp "${SPLIT%split}sessions.mp"
    [[ $stderr == *"in no part"*"tfilter --split"* && ! -e out.mp ]]
}

@test "another kind of stream, no stream, half a stream: 65, nothing committed" {
    baseline --model pop "$SPLIT.mp" >predictions.mp
    run -65 baseline --model pop -o out.mp predictions.mp
    run -65 baseline --model pop -o out.mp /dev/null
    run -65 baseline --model pop -o out.mp <(head -c 2000 "$SPLIT.mp")
    [ ! -e out.mp ]
}

@test "--memory: small or large, the same bytes; events beyond it take no memory" {
    [ "${VARIANT:-release}" = release ] || skip "the sanitizers need memory of their own"
    synthesize --users 100 --days 40 | lfm-sessionize | tfilter --quiet --split user:0.8 -o split.mp
    for model in markov session-knn wide; do # more than 20,000 events
        baseline --model "$model" -o memory.mp split.mp
        baseline --model "$model" --memory 64K -o file.mp split.mp
        cmp memory.mp file.mp
        run -73 env TMPDIR=no-such-folder baseline --model "$model" --memory 64K -o none.mp split.mp
        [ ! -e none.mp ]
    done
    awk 'BEGIN {
        for (u = 0; u < 2000; u++)
            for (i = 0; i < 1000; i++)
                print u "\t" (i * i + u) % 97 "\t" 1300000000 + 10 * i + 86400 * (i > 500)
    }' | csv-sessionize --user 1 --item 2 --time 3 --delimiter tab --gap 3600 --max-events 0 |
        tfilter --quiet --split user:0.5 -o large.mp
    (ulimit -d 8000 && baseline --model pop --memory 64K -o file.mp large.mp) # KiB; 8 MB of events
    run -71 bash -c 'ulimit -d 8000 && baseline --model pop -o memory.mp large.mp'
    baseline --model pop -o memory.mp large.mp
    cmp memory.mp file.mp
}
