# baseline: ranks against tests/check-baseline.py, which scores every item; refusals.
bats_require_minimum_version 1.5.0
load helpers

# Few items, many repeats: counts tie often.
make_log() {
    awk -v seed="$1" 'function draw(n) { x = 16807 * x % 2147483647; return x % n }
        BEGIN {
            x = seed
            print "username,subreddit,utc"
            for (u = 0; u < 30; u++) {
                t = 1300000000 + draw(1000000); n = 0
                for (s = 2 + draw(9); s > 0; s--) {
                    for (k = 1 + draw(7); k > 0; k--) {
                        line[n++] = "u" u ",r" draw(1 + draw(25)) "," t
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
    make_log 4711 | reddit-sessionize --min-events 1 --keep-repeats >sessions.mp
    tfilter --split user:0.5 --validation 0.3 sessions.mp >split.mp 2>report
    spcat split.mp >split.json
}

setup() {
    SPLIT=$BATS_FILE_TMPDIR/split
}

# check SPLIT MODEL [TOP]
check() {
    need python3
    baseline --model "$2" --top "${3:-0}" "$1.mp" >predictions.mp
    spcat --check predictions.mp
    spcat predictions.mp >predictions.json
    run python3 "$ROOT/tests/check-baseline.py" "$1.json" predictions.json "$2" "${3:-0}"
    echo "$2 -> $output"
    [[ $status == 0 && $output == ok\ [1-9]* ]]
}

@test "pop" { check "$SPLIT" pop && check "$SPLIT" pop 5; }
@test "ppop" { check "$SPLIT" ppop && check "$SPLIT" ppop 5; }
@test "markov" { check "$SPLIT" markov && check "$SPLIT" markov 5; }

@test "more than there is on a list is all there is" {
    check "$SPLIT" markov 10000
}

@test "users and items that training never saw" {
    tfilter --split user:0.2 "${SPLIT%split}sessions.mp" >late.mp 2>report
    grep -qE ': [1-9][0-9]* of [0-9]+ users have no training session' report
    grep -qE ': [1-9][0-9]* of [0-9]+ test items are never seen' report
    spcat late.mp >late.json
    check late ppop 3
    check late markov 3
}

@test "nothing to learn from: in the order of ids" {
    tfilter --split user:0 "${SPLIT%split}sessions.mp" >none.mp 2>report
    spcat none.mp >none.json
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

@test "the models differ" {
    for model in pop ppop markov; do
        baseline --model $model "$SPLIT.mp" | spcat | grep '^\["rank"' >$model
    done
    run -1 cmp pop ppop
    run -1 cmp pop markov
    run -1 cmp ppop markov
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
    [[ $stderr == *"--model is needed: one of pop|ppop|markov"* ]]
    run -64 --separate-stderr baseline --model best "$SPLIT.mp"
    [[ $stderr == *best*pop*ppop*markov* ]]
    run -64 baseline --model pop --top -1 "$SPLIT.mp"
    run -64 baseline --model pop --top 10001 "$SPLIT.mp"
}

@test "sessions that are not split: 65, and what to do" {
    run -65 --separate-stderr baseline --model pop -o out.mp "${SPLIT%split}sessions.mp"
    [[ $stderr == *"not split"*"tfilter --split"* && ! -e out.mp ]]
}

@test "another kind of stream, no stream, half a stream: 65, nothing committed" {
    baseline --model pop "$SPLIT.mp" >predictions.mp
    run -65 baseline --model pop -o out.mp predictions.mp
    run -65 baseline --model pop -o out.mp /dev/null
    run -65 baseline --model pop -o out.mp <(head -c 2000 "$SPLIT.mp")
    [ ! -e out.mp ]
}
