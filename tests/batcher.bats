# batcher: what tests/check-batches.py calls the rules, on a log of our own and on real ones;
# options, messages, refusals.

bats_require_minimum_version 1.5.0
load helpers

# A log of 40 users, some with very many sessions: user,subreddit,utc, newest first within a user.
make_log() {
    awk 'function draw(n) { x = 16807 * x % 2147483647; return x % n }
        BEGIN {
            x = 4711
            print "username,subreddit,utc"
            for (u = 0; u < 40; u++) {
                t = 1300000000 + draw(1000000); n = 0
                for (s = int(90 / (u + 1)) + 3 + draw(4); s > 0; s--) {
                    for (k = 2 + draw(5); k > 0; k--) {
                        line[n++] = "u" u ",r" draw(200) "," t
                        t += 1 + draw(900)
                    }
                    t += 3600 + draw(4) * draw(200000)
                }
                while (n > 0) print line[--n]
            }
        }'
}

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    make_log >log.csv
    reddit-sessionize log.csv >sessions.mp
    tfilter --split user:0.8 --validation 0.1 sessions.mp >split.mp 2>report
    spcat split.mp >split.json
}

setup() {
    SPLIT=$BATS_FILE_TMPDIR/split
}

# Makes batches of SPLIT with the options, quietly, and prints them as lines of JSON.
batches() {
    batcher "$@" "$SPLIT.mp" 2>messages | spcat
}

# The records behind the header.
body() {
    batches "$@" | grep -v '"pipeline"'
}

# "[epoch,part]" of each pass on one line.
passes() {
    jq -c 'select(.[0] == "epoch")[1:]' "$1" | tr '\n' ' '
}

check() { # SESSIONS BATCHES SCHEME BATCH HISTORY MIN_BATCH EPOCHS TEST_FROM
    need python3
    run python3 "$ROOT/tests/check-batches.py" "$@"
    echo "$output"
    [[ $status == 0 && $output == ok\ [1-9]* ]]
}

@test "the defaults: longest-first, 100 sessions, 15 before them, ten epochs of three passes" {
    batches >batches.json
    check "$SPLIT.json" batches.json longest-first 100 15 51 10 1
}

@test "longest-first: small batches, small histories, later tests" {
    batches --batch 7 --history 3 --epochs 3 --test-from 2 >batches.json
    check "$SPLIT.json" batches.json longest-first 7 3 4 3 2
}

@test "shuffled: small batches, small histories, later tests" {
    batches --scheme shuffled --batch 7 --history 3 --epochs 3 --test-from 2 >batches.json
    check "$SPLIT.json" batches.json shuffled 7 3 4 3 2
}

@test "sessions: full batches of any sessions, later tests" {
    batches --scheme sessions --batch 7 --history 3 --epochs 3 --test-from 2 >batches.json
    check "$SPLIT.json" batches.json sessions 7 3 4 3 2
    [ "$(jq -s '[.[] | select(.[0] == "batch" and (.[1].user | length) != (.[1].user | unique | length))] | length' batches.json)" -gt 0 ]
}

@test "user-parallel and session-parallel: every session in the lanes, once a pass" {
    for scheme in user-parallel session-parallel; do
        for lanes in 1 7 100; do
            batches --scheme $scheme --batch $lanes --epochs 2 --test-from 2 >batches.json
            check "$SPLIT.json" batches.json $scheme $lanes 0 0 2 2
            [ ! -s messages ]
        done
    done
}

@test "--with-history-items gives the events of the earlier sessions" {
    for scheme in longest-first shuffled sessions; do
        batches --scheme $scheme --with-history-items --batch 7 --history 3 --epochs 2 >batches.json
        grep -q '"history_item":\[[0-9]' batches.json
        check "$SPLIT.json" batches.json $scheme 7 3 4 2 1
    done
    batches --batch 7 --epochs 1 >plain.json
    run ! grep history_item\": plain.json
    batches --batch 7 --epochs 1 --with-history-items |
        jq -c 'if .[0] == "batch" then del(.[1].history_length, .[1].history_item) else . end' >without.json
    grep -E '^."(batch|epoch)' plain.json | cmp - <(grep -E '^."(batch|epoch)' without.json)
}

@test "what lanes do not have is refused" {
    for scheme in user-parallel session-parallel; do
        for option in '--history 3' --with-history-items '--min-batch 2'; do
            # shellcheck disable=SC2086 # a list of words
            run -64 batcher --scheme $scheme $option "$SPLIT.mp"
            [[ $output == *"${option%% *}: --scheme $scheme"*longest-first* ]]
        done
    done
    run -64 batcher --history 0 --with-history-items "$SPLIT.mp"
    [[ $output == *"--history 0"* ]]
}

@test "a model that stores what it makes of sessions refuses what has not their order, or no sessions" {
    for scheme in sessions user-parallel session-parallel; do
        batcher --scheme $scheme --epochs 1 --batch 10 -o batches.mp "$SPLIT.mp" 2>messages
        run -64 trainer --quiet --model ii-rnn -o out.mp batches.mp
        [[ $output == *"--model ii-rnn"*longest-first* ]]
        [ ! -e out.mp ]
    done
}

@test "no history at all" {
    batches --history 0 --epochs 1 --batch 10 >batches.json
    check "$SPLIT.json" batches.json longest-first 10 0 6 1 1
}

@test "batches of one session" {
    batches --batch 1 --epochs 1 >batches.json
    check "$SPLIT.json" batches.json longest-first 1 15 1 1 1
}

@test "without a validation part there is no validation pass" {
    tfilter --split user:0.8 "$BATS_FILE_TMPDIR/sessions.mp" 2>report >split.mp
    spcat split.mp >split.json
    batcher --epochs 2 --batch 10 split.mp 2>messages | spcat >batches.json
    check split.json batches.json longest-first 10 15 6 2 1
    [ "$(passes batches.json)" = '[1,1] [1,3] [2,1] [2,3] ' ]
}

@test "tests that would come after the last epoch do not come" {
    batches --epochs 2 --test-from 3 >batches.json
    [ "$(passes batches.json)" = '[1,1] [1,2] [2,1] [2,2] ' ]
}

@test "--min-batch marks training batches, and stderr says how many sessions that is" {
    batches --batch 10 --epochs 2 --min-batch 5 >batches.json
    check "$SPLIT.json" batches.json longest-first 10 15 5 2 1
    marked=$(jq -s '[.[] | select(.[0] == "batch" and .[1].learn == 0)[1].user | length] | add / 2' \
        batches.json)
    train=$(jq -s '[.[] | select(.[0] == "session" and .[2] == 1)] | length' "$SPLIT.json")
    [ "$marked" -gt 0 ]
    [ "$(wc -l <messages)" = 1 ]
    grep "^batcher: $marked of $train training sessions .* fewer than 5 .*--min-batch 1" messages
}

@test "--min-batch 1 learns from every batch and says nothing" {
    batches --batch 10 --epochs 1 --min-batch 1 >batches.json
    [ ! -s messages ]
    run ! grep '"learn": *0' batches.json
    grep '"batch"' batches.json
}

@test "the header says what a reader has to know" {
    batches --batch 9 --history 4 --epochs 2 --scheme shuffled | head -1 >header.json
    jq -e '.. | objects | select(has("kind")) |
        .kind == "batches" and .keeps_order == true and .history == 4 and .batch == 9 and
        .epochs == 2 and .scheme == "shuffled" and .week_shift == 0 and
        (.delta_edges | tostring | contains("3600")) and
        ([.pipeline[][0]] == ["reddit-sessionize", "tfilter", "batcher"]) and
        .pipeline[2][2]["min-batch"] == 5' header.json
}

@test "the header of lanes says how many" {
    batches --batch 9 --epochs 2 --scheme session-parallel | head -1 >header.json
    jq -e '.. | objects | select(has("kind")) | .keeps_order == false and .lanes == 9 and
        .history == 0 and .scheme == "session-parallel" and has("batch") == false' header.json
    batches --batch 9 --epochs 2 --scheme user-parallel | head -1 | grep '"keeps_order":true'
    batches --scheme sessions --epochs 1 --with-history-items | head -1 |
        grep '"keeps_order":false.*"history_items":true'
}

@test "one seed, one output; longest-first takes no notice of it" {
    for scheme in longest-first shuffled sessions user-parallel session-parallel; do
        batcher --scheme $scheme --seed 5 --batch 10 "$SPLIT.mp" >$scheme.1 2>messages
        batcher --scheme $scheme --seed 5 --batch 10 "$SPLIT.mp" >$scheme.2 2>messages
        cmp $scheme.1 $scheme.2
    done
    body --seed 5 --batch 10 >a
    body --seed 6 --batch 10 >b
    cmp a b
}

@test "shuffled: another seed and another epoch give other batches" {
    for seed in 5 6; do
        body --scheme shuffled --seed $seed --batch 10 --epochs 2 |
            jq -c 'if .[0] == "epoch" then .[1:] else select(.[0] == "batch")[1].user end' |
            awk -v seed=$seed '
                /^\[[12],[123]\]$/ { file = seed "." $0; next }
                { print > file }'
    done
    for part in 1 2 3; do
        [ -s "5.[1,$part]" ]
        run ! cmp -s "5.[1,$part]" "6.[1,$part]"
        run ! cmp -s "5.[1,$part]" "5.[2,$part]"
    done
}

@test "every option changes the batches" {
    body --batch 10 >plain
    for options in '--batch 11' '--batch 10 --history 14' '--batch 10 --epochs 9' \
        '--batch 10 --scheme shuffled' '--batch 10 --scheme sessions' '--batch 10 --with-history-items' \
        '--batch 10 --scheme user-parallel' '--batch 10 --scheme session-parallel' '--batch 10 --test-from 2' '--batch 10 --min-batch 3'; do
        # shellcheck disable=SC2086 # a list of words
        body $options >other
        echo "$options"
        run ! cmp -s plain other
    done
    for scheme in shuffled sessions user-parallel session-parallel; do
        body --batch 10 --epochs 2 --scheme $scheme >plain
        for options in '--seed 2' '--batch 9' '--epochs 3' '--test-from 2'; do
            # shellcheck disable=SC2086 # a list of words
            body --batch 10 --epochs 2 --scheme $scheme $options >other
            run ! cmp -s plain other
        done
    done
}

@test "--flush ends a block after each batch and changes nothing else" {
    batcher --epochs 1 --batch 10 "$SPLIT.mp" >plain.mp 2>messages
    batcher --epochs 1 --batch 10 --flush "$SPLIT.mp" >flushed.mp 2>messages
    cmp <(spcat plain.mp | grep -vE '^."[BE]"') <(spcat flushed.mp | grep -vE '^."[BE]"')
    [ "$(wc -c <plain.mp)" -lt "$(wc -c <flushed.mp)" ]
}

@test "-o gives the same bytes, from standard input too" {
    batcher "$SPLIT.mp" >plain.mp 2>messages
    batcher -o file.mp 2>messages <"$SPLIT.mp"
    cmp plain.mp file.mp
}

@test "sessions of several streams, users of one standing apart from those of another" {
    for range in '<= 20' '> 20'; do
        awk -F, "NR == 1 || substr(\$1, 2) + 0 $range" "$BATS_FILE_TMPDIR/log.csv" |
            reddit-sessionize | tfilter --split user:0.8 --validation 0.1 2>messages
    done >both.mp
    only='select(.[0] == "batch" or .[0] == "epoch")'
    batcher --batch 10 both.mp 2>messages | spcat | jq -c "$only" >apart
    body --batch 10 | jq -c "$only" >together
    [ -s apart ]
    cmp apart together
}

@test "sessions that are not split are refused" {
    run -65 --separate-stderr batcher -o out.mp "$BATS_FILE_TMPDIR/sessions.mp"
    [[ $stderr == *"tfilter --split"* ]]
    [ ! -e out.mp ]
}

@test "input without a session is refused" {
    tfilter --min-sessions 1000000 "$SPLIT.mp" >none.mp
    run -65 --separate-stderr batcher none.mp
    [[ $stderr == *"no session"* ]]
}

@test "input that is cut off leaves no output and an abort in the stream" {
    head -c 3000 "$SPLIT.mp" >cut.mp
    run -65 batcher -o out.mp cut.mp
    [ ! -e out.mp ]
    batcher cut.mp >out.mp 2>messages || [ $? = 65 ]
    run -65 spcat --check out.mp
    [[ $output == *"ended early"* ]]
}

@test "a stream of batches is no input" {
    batcher --epochs 1 -o batches.mp "$SPLIT.mp" 2>messages
    run -65 batcher batches.mp
    [[ $output == *batches* ]]
}

@test "wrong usage names the option and what is possible" {
    run -64 batcher --batch 10 --min-batch 11 "$SPLIT.mp"
    [[ $output == *"--min-batch 11"*"--batch 10"* ]]
    run -64 batcher --scheme random "$SPLIT.mp"
    [[ $output == *longest-first*shuffled*sessions*user-parallel*session-parallel* ]]
    run -64 batcher --batch 0 "$SPLIT.mp"
    run -64 batcher --epochs 0 "$SPLIT.mp"
    run -64 batcher --history -1 "$SPLIT.mp"
    run -66 batcher no-such-file.mp
}

# Real logs: every session once, longest first, histories, all by the plain rules.
real() { # SESSIONIZED OPTION...
    tfilter --min-sessions 3 --split user:0.8 --validation 0.1 >split.mp 2>report
    spcat split.mp >split.json
    for scheme in longest-first shuffled sessions; do
        batcher --scheme $scheme --with-history-items --epochs 1 split.mp 2>messages |
            spcat >batches.json
        check split.json batches.json $scheme 100 15 51 1 1
    done
    for scheme in user-parallel session-parallel; do
        batcher --scheme $scheme --epochs 1 split.mp 2>messages | tee steps.mp | spcat >batches.json
        check split.json batches.json $scheme 100 0 0 1 1
        spcat --check steps.mp
    done
}

@test "Last.fm: all schemes by the plain rules" {
    need_data lastfm-part.tsv.xz
    xz -dc "$DATA/lastfm-part.tsv.xz" | lfm-sessionize | real
}

@test "Reddit: all schemes by the plain rules" {
    need_data reddit-part.csv.xz
    xz -dc "$DATA/reddit-part.csv.xz" | reddit-sessionize | real
}
