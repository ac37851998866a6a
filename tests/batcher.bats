# batcher: what tests/check-batches.py calls the rules, on a log of our own and on real ones;
# options, messages, refusals.

bats_require_minimum_version 1.5.0
load helpers

# A log of 40 users, some with very many sessions: user,subreddit,utc, newest first within a user.
make_log() {
    drawn_log 40 'int(90 / (u + 1)) + 3 + draw(4)' '2 + draw(5)' '"r" draw(200)' \
        '1 + draw(900)' '3600 + draw(4) * draw(200000)'
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

# Makes batches.mp of SPLIT with the options, quietly, and batches.json of it.
batches() {
    batcher -o batches.mp "$@" "$SPLIT.mp" 2>messages
    spcat batches.mp >batches.json
}

# The lines of the batches, of the header only what a reader has to know.
body() {
    batches "$@"
    jq -c 'if .[0] == "SESSPIPE\r\n" then del(.[2].pipeline) else . end' batches.json
}

# "[epoch,part]" of each pass on one line.
passes() {
    jq -c 'select(.[0] == "epoch")[1:]' "$1" | tr '\n' ' '
}

# Holds batches.mp against the sessions and against what its reader makes of it.
check() { # SCHEME BATCH HISTORY MIN_BATCH EPOCHS TEST_FROM [TEST_EVERY [RECENT]]
    need python3
    schedule 0 batches.mp >made.json
    schedule 1 batches.mp | cmp - made.json # events in a file
    run python3 "$ROOT/tests/check-batches.py" "$SPLIT.json" batches.json made.json "$@"
    echo "${output:0:2000}"
    [[ $status == 0 && $output == ok\ [1-9]* ]]
}

@test "the defaults: longest-first, 20 sessions, 15 before them, ten epochs of three passes" {
    batches
    check longest-first 20 15 1 10 1
}

@test "longest-first: small batches, small histories, later tests" {
    batches --batch 7 --history 3 --epochs 3 --test-from 2
    check longest-first 7 3 1 3 2
}

@test "shuffled: small batches, small histories, later tests" {
    batches --scheme shuffled --batch 7 --history 3 --epochs 3 --test-from 2 --min-batch 4
    check shuffled 7 3 4 3 2
}

@test "sessions: full batches of any sessions, later tests" {
    batches --scheme sessions --batch 7 --history 3 --epochs 3 --test-from 2 --min-batch 7
    check sessions 7 3 7 3 2
    # Some batches have two sessions of one user.
    [ "$(jq -s '[.[] | select(.[0] == "batch")[1].user | select(length != (unique | length))] | length' made.json)" -gt 0 ]
}

@test "user-parallel and session-parallel: every session in a slot, once a pass" {
    for scheme in user-parallel session-parallel; do
        for slots in 1 7 100; do
            batches --scheme $scheme --batch $slots --epochs 2 --test-from 2
            check $scheme $slots 15 1 2 2
            [ ! -s messages ]
        done
    done
}

@test "a pass that is the same as an earlier one of its part comes again" {
    batches --epochs 3 --batch 10 --test-from 2
    [ "$(jq -c 'select(.[0] == "epoch" or .[0] == "again")' batches.json | tr '\n' ' ')" = \
        '["epoch",1,1] ["epoch",1,2] ["epoch",2,1] ["again",1] ["epoch",2,2] ["again",1] ["epoch",2,3] ["epoch",3,1] ["again",1] ["epoch",3,2] ["again",1] ["epoch",3,3] ["again",2] ' ]
    batches --epochs 2 --batch 10 --scheme shuffled
    [ "$(jq -c 'select(.[0] == "again")' batches.json | wc -l)" = 2 ]
}

# expanded NAME: what the reader makes of NAME.mp is what Python makes of NAME.json.
expanded() {
    schedule 0 "$1.mp" >made.json
    run -0 python3 "$ROOT/tests/check-batches.py" "$1.json" made.json
    [[ $output == ok\ [1-9]* ]]
}

@test "a schedule of any writer, expanded by Python alone, is what the reader makes of it" {
    need python3
    # Sessions overlap, and some have one event.
    awk 'BEGIN { print "u,s,i,t"; for (n = 0; n < 900; n++)
            print n % 9 "," int(n / 9 / (2 + n % 9 % 4)) ",i" n * 7919 % 83 "," 1000 * int(n / 90) + n * 6701 % 5000 }' |
        csv-sessionize --user u --session s --item i --time t --min-events 1 |
        tfilter --quiet --split user:0.8 --validation 0.2 -o split.mp
    for scheme in longest-first shuffled sessions user-parallel session-parallel; do
        batcher --quiet --scheme $scheme --epochs 3 --batch 4 --history 3 -o written.mp split.mp
        # The second epoch learns from the batches of the first again, whoever wrote them.
        spcat written.mp | tee written.json | sed 's/^\["E".*/["E"]/' |
            awk '/^\["epoch"/ { again = /^\["epoch",2,1\]/; print; if (again) print "[\"again\",1]"; next }
                !again || !/^\["(batch|parallel|again)"/' | spcat --from-json -o again.mp
        spcat again.mp >again.json
        [ "$(grep -c '^\["epoch",2,1\]' again.json)" = 1 ] && grep -qx '\["again",1\]' again.json
        expanded written
        expanded again
        # Another schedule is told apart.
        jq -c 'if .[0] == "batch" or .[0] == "parallel" then .[1] |= reverse else . end' again.json >other.json
        run -1 python3 "$ROOT/tests/check-batches.py" other.json made.json
        [[ $output == *' instead of '* ]]
    done
}

# small SPLIT: a file of 25 epochs of longest-first is at most three times as long as its sessions.
small() {
    batcher --epochs 25 -o batches.mp "$1" 2>messages
    [ "$(wc -c <batches.mp)" -le $((3 * $(wc -c <"$1"))) ]
}

@test "a file of 25 epochs is at most three times as long as its sessions" {
    small "$SPLIT.mp"
}

@test "--test-every: validation and test every Nth epoch, and after the last" {
    batches --epochs 6 --batch 10 --test-from 2 --test-every 3
    check longest-first 10 15 1 6 2 3
    [ "$(passes batches.json)" = \
        '[1,1] [2,1] [2,2] [2,3] [3,1] [4,1] [5,1] [5,2] [5,3] [6,1] [6,2] [6,3] ' ]
}

@test "--train-recent: the newest training sessions alone are learned from, and all are history" {
    all=$(jq -s '[.[] | select(.[0] == "session" and .[2] == 1)] | length' "$SPLIT.json")
    for scheme in longest-first shuffled sessions user-parallel session-parallel; do
        batches --scheme $scheme --epochs 2 --batch 10 --train-recent 0.3
        check $scheme 10 15 1 2 1 1 0.3
        learned=$(jq -s '[.[] | select(.[0] == "batch" or .[0] == "parallel")[-1][]] | unique | length' \
            <(awk '/^."epoch"/ { train = /^."epoch",[0-9]*,1/ } train' batches.json))
        [ "$learned" -gt $((all / 4)) ]
        [ "$learned" -lt $((all / 3)) ]
    done
    # Earlier sessions are not cut off.
    batches --epochs 1 --batch 10
    oldest=$(jq -s '[.[] | select(.[0] == "session")[3][0]] | min' "$SPLIT.json")
    batches --epochs 1 --batch 1000 --history 1000 --train-recent 0.01
    schedule 0 batches.mp >made.json
    [ "$(jq -s '[.[] | select(.[0] == "batch")[1].history_start[]] | min' made.json)" = "$oldest" ]
    for share in 0 -1 1.1 x; do
        run -64 batcher --train-recent $share "$SPLIT.mp"
    done
}

@test "--train-oldest: the other training sessions than --train-recent of the rest, in any scheme" {
    learned() {
        awk '/^."epoch"/ { train = /^."epoch",[0-9]*,1/ } train' batches.json |
            jq -s '[.[] | select(.[0] == "batch" or .[0] == "parallel")[-1][]] | unique[]'
    }
    for scheme in shuffled sessions session-parallel; do
        batches --scheme $scheme --epochs 2 --batch 10
        learned | sort >all
        batches --scheme $scheme --epochs 2 --batch 10 --train-oldest 0.7
        learned | sort >oldest
        batches --scheme $scheme --epochs 2 --batch 10 --train-recent 0.3
        learned | sort >recent
        [ -s oldest ] && [ -s recent ]
        sort oldest recent | cmp - all
    done
    jq -s --slurpfile oldest oldest '[.[] | select(.[0] == "session")[3][0]] as $start |
        ([$oldest[] | $start[.]] | max) as $edge | [inputs] | $edge' "$SPLIT.json" >edge
    [ "$(jq -s --slurpfile recent recent '[.[] | select(.[0] == "session")[3][0]] as $start |
        [$recent[] | $start[.]] | min' "$SPLIT.json")" -gt "$(cat edge)" ]
    # of each user's sessions
    batches --epochs 1 --batch 10 --train-oldest user:0.7
    learned | sort >oldest
    jq -s '[.[] | select(.[0] == "session")] | to_entries | group_by(.value[1])[] | [.[] | select(.value[2] == 1)] |
        .[:(length * 7 / 10 | floor)][].key' "$SPLIT.json" | sort | cmp - oldest
    batches --epochs 1 --batch 10 --train-recent user:0.3
    learned | sort - oldest | cmp - all
    run -65 --separate-stderr batcher --train-oldest 0.3 --train-recent 0.3 "$SPLIT.mp"
    [[ $stderr == *'--train-oldest and --train-recent leave none of '*' training sessions to learn from' ]]
    for share in 0 user:0 user: each:0.5; do
        run -64 --separate-stderr batcher --train-oldest $share "$SPLIT.mp"
        [ "$stderr" = "batcher: --train-oldest: '$share' is not a fraction above 0 and up to 1, like 0.1, 1/64 or user:0.1" ]
    done
}

@test "what parallel mini-batches do not have is refused" {
    for scheme in user-parallel session-parallel; do
        run -64 batcher --scheme $scheme --min-batch 2 "$SPLIT.mp"
        [[ $output == *"--min-batch: --scheme $scheme makes parallel mini-batches, which learn from every session"* ]]
    done
}

@test "a model that stores what it makes of sessions refuses what has not their order, or no sessions" {
    for scheme in sessions user-parallel session-parallel; do
        batcher --scheme $scheme --epochs 1 --batch 10 -o batches.mp "$SPLIT.mp" 2>messages
        run -64 trainer --quiet --model ii-rnn -o out.mp batches.mp
        [[ $output == *"--model ii-rnn"*longest-first* ]]
        [ ! -e out.mp ]
    done
}

@test "where sessions overlap, what has not ended is no history" {
    earlier='[.[] | select(.[0] == "batch")[1].history[]] | add'
    batches --batch 10 --epochs 1
    all=$(schedule 0 batches.mp | jq -s "$earlier")
    jq -c 'if .[0] == "session" then .[3][-1] += 100000 elif .[0] == "E" then ["E"] else . end' \
        "$SPLIT.json" | spcat --from-json >split.mp
    spcat split.mp >split.json
    SPLIT=split
    batches --batch 10 --epochs 1
    check longest-first 10 15 1 1 1
    [ "$(jq -s "$earlier" made.json)" -lt "$all" ]
}

@test "no history at all" {
    batches --history 0 --epochs 1 --batch 10
    check longest-first 10 0 1 1 1
}

@test "batches of one session" {
    batches --batch 1 --epochs 1
    check longest-first 1 15 1 1 1
}

@test "without a validation part there is no validation pass" {
    tfilter --split user:0.8 "$BATS_FILE_TMPDIR/sessions.mp" 2>report >split.mp
    spcat split.mp >split.json
    SPLIT=split
    batches --epochs 2 --batch 10
    check longest-first 10 15 1 2 1
    [ "$(passes batches.json)" = '[1,1] [1,3] [2,1] [2,3] ' ]
}

@test "tests that would come after the last epoch do not come" {
    batches --epochs 2 --test-from 3
    [ "$(passes batches.json)" = '[1,1] [1,2] [2,1] [2,2] ' ]
}

@test "--min-batch marks training batches, and stderr says how many sessions that is" {
    batches --batch 10 --epochs 2 --min-batch 5
    check longest-first 10 15 5 2 1
    marked=$(jq -s '[.[] | select(.[0] == "batch" and .[2] == 0)[1] | length] | add' batches.json)
    train=$(jq -s '[.[] | select(.[0] == "session" and .[2] == 1)] | length' "$SPLIT.json")
    [ "$marked" -gt 0 ]
    [ "$(wc -l <messages)" = 1 ]
    grep "^batcher: $marked of $train training sessions .* fewer than 5 .*--min-batch 1" messages
    # The header has their events too, but where it must not wait for the first epoch.
    all=$(jq -s '[.[] | select(.[0] == "session")] | length' <(spcat batches.mp))
    spcat batches.mp | jq -se --argjson marked "$marked" '
        [.[] | select(.[0] == "session") | .[4] | length] as $length |
        ([.[] | select(.[0] == "batch" and .[2] == 0) | .[1][]] | unique | map($length[.]) | add) as $events |
        .[0][2].dropped[-1] == ["batcher", {"events": [$events, ($length | add)],
            "sessions": [$marked, ($length | length)], "users": [0, 0], "items": [0, 0], "cut": [0, 0],
            "by": [["not learned from, in batches under --min-batch 5", $events, $marked]]}]'
    spcat --summary batches.mp | grep -q "^dropped by batcher.* in $marked sessions not learned from, in batches under --min-batch 5; with them $marked of $all sessions$"
    batcher -q --batch 10 --epochs 2 --min-batch 5 --flush "$SPLIT.mp" >flushed.mp
    cmp <(spcat batches.mp | grep -v '"SESSPIPE' | grep -v '^\["[EB]"') <(spcat flushed.mp | grep -v '"SESSPIPE' | grep -v '^\["[EB]"')
    run -1 grep -q 'dropped by batcher' <(spcat --summary flushed.mp)
    # Nor does a failure before the header leave the next program without a word.
    head -c 3000 "$SPLIT.mp" | { batcher --batch 10 --min-batch 5 2>/dev/null || true; } >cut.mp
    run -65 spcat cut.mp
    [[ $output == *'the program before this one failed: batcher: '* ]]
}

@test "--min-batch that leaves nothing to learn is 65, of a share of the training sessions too" {
    for i in {10..39}; do # a training session of each user, of which a third is learned from
        printf "u$i,%s,$i%05d\n" a 0 b 10 b 90000 a 90010
    done | sed '1i u,i,t' | csv-sessionize -q --user u --item i --time t --time-unit s |
        tfilter -q --split user:0.5 >split.mp
    for share in '' '--train-recent 1/3' '--train-oldest user:1 --train-recent 1/3'; do
        # shellcheck disable=SC2086 # a list of words
        run -65 --separate-stderr batcher --batch 40 --min-batch 31 $share -o none.mp split.mp
        [[ $stderr == 'batcher: no training batch has --min-batch 31 sessions: nothing would be learned; '* && ! -e none.mp ]]
    done
    batcher --batch 8 --min-batch 3 --train-recent 1/3 -o batches.mp split.mp 2>messages
    grep '^batcher: 2 of 10 training sessions come in batches of fewer than 3 ' messages
}

@test "every batch is learned from, unless --min-batch says otherwise, and nothing is said" {
    for options in '' '--min-batch 1' '--min-batch 0'; do
        # shellcheck disable=SC2086 # a list of words
        batches --batch 10 --epochs 1 $options
        [ ! -s messages ]
        [ "$(jq -s '[.[] | select(.[0] == "batch") | length] | unique' batches.json)" = "$(jq -n '[2]')" ]
    done
}

@test "the header says what a reader has to know" {
    batches --batch 9 --history 4 --epochs 2 --scheme shuffled --train-recent 0.5 --test-every 2
    head -1 batches.json >header.json
    jq -e '.. | objects | select(has("kind")) |
        .kind == "batches" and .keeps_order == true and .history == 4 and .batch == 9 and
        .epochs == 2 and .scheme == "shuffled" and .week_shift == 0 and has("slots") == false and
        .train_recent == "5/10" and has("train_oldest") == false and
        (.delta_edges | tostring | contains("3600")) and
        ([.pipeline[][0]] == ["reddit-sessionize", "tfilter", "batcher"]) and
        (.pipeline[2][2] | .["min-batch"] == 1 and .["train-recent"] == "0.5" and
            .["test-every"] == 2 and has("memory") == false)' header.json
}

@test "the header of parallel mini-batches says how many slots there are" {
    batches --batch 9 --epochs 2 --scheme session-parallel
    head -1 batches.json >header.json
    jq -e '.. | objects | select(has("kind")) | .keeps_order == false and .slots == 9 and
        .history == 15 and .scheme == "session-parallel" and has("batch") == false' header.json
    batches --batch 9 --epochs 2 --scheme user-parallel
    head -1 batches.json | grep '"keeps_order":true'
    batches --scheme sessions --epochs 1
    head -1 batches.json | grep '"keeps_order":false'
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

@test "shuffled: another seed and another epoch give other batches, tests stay as they are" {
    for seed in 5 6; do
        batches --scheme shuffled --seed $seed --batch 10 --epochs 2
        schedule 0 batches.mp |
            jq -c 'if .[0] == "epoch" then .[1:] else select(.[0] == "batch")[1].number end' |
            awk -v seed=$seed '
                /^\[[12],[123]\]$/ { file = seed "." $0; next }
                { print > file }'
    done
    for part in 1 2 3; do
        [ -s "5.[1,$part]" ]
    done
    run ! cmp -s "5.[1,1]" "6.[1,1]"
    run ! cmp -s "5.[1,1]" "5.[2,1]"
    for part in 2 3; do
        cmp "5.[1,$part]" "6.[1,$part]"
        cmp "5.[1,$part]" "5.[2,$part]"
    done
}

@test "every option changes the batches" {
    body --batch 10 >plain
    for options in '--batch 11' '--batch 10 --history 14' '--batch 10 --epochs 9' \
        '--batch 10 --scheme shuffled' '--batch 10 --scheme sessions' \
        '--batch 10 --scheme user-parallel' '--batch 10 --scheme session-parallel' '--batch 10 --test-from 2' \
        '--batch 10 --test-every 2' '--batch 10 --train-recent 0.9' '--batch 10 --min-batch 3'; do
        # shellcheck disable=SC2086 # a list of words
        body $options >other
        echo "$options"
        run ! cmp -s plain other
    done
    for scheme in shuffled sessions user-parallel session-parallel; do
        body --batch 10 --epochs 2 --scheme $scheme >plain
        for options in '--seed 2' '--batch 9' '--epochs 3' '--test-from 2' '--train-recent 0.9'; do
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
    only='select(.[0] == "batch" or .[0] == "epoch" or .[0] == "again")'
    batcher --batch 10 both.mp 2>messages | spcat | jq -c "$only" >apart
    body --batch 10 | jq -c "$only" >together
    [ -s apart ]
    cmp apart together
}

@test "--memory: small or large, the same bytes, of the writer and of who reads" {
    synthesize --users 100 --days 40 | lfm-sessionize | tfilter --quiet --split user:0.8 -o large.mp
    [ "$(spcat large.mp | jq -s '[.[] | select(.[0] == "session")[3] | length] | add')" -gt 20000 ] # 4 bytes each
    for scheme in longest-first user-parallel; do
        batcher --scheme $scheme --epochs 2 -o memory.mp large.mp
        batcher --scheme $scheme --epochs 2 --memory 64K -o file.mp large.mp
        cmp memory.mp file.mp
    done
    TMPDIR=no-such-folder batcher --epochs 1 -o memory.mp large.mp
    run -73 env TMPDIR=no-such-folder batcher --epochs 1 --memory 64K -o file.mp large.mp
    [[ $output == *"cannot create a temporary file in no-such-folder"* ]]
    for size in 1G 64K; do
        trainer --threads 1 --quiet --memory $size --max-steps 2 --embedding 4 -o $size.mp memory.mp
    done
    cmp 1G.mp 64K.mp
    run -73 env TMPDIR=no-such-folder trainer --quiet --memory 64K --max-steps 0 -o out.mp memory.mp
    run -64 batcher --memory 1K large.mp
    [[ $output == *"'1K' is not a size of 64K or more"* ]]
}

@test "sessions of a user that do not follow each other are refused, with what to do" {
    # The last session of one user comes behind those of the next one.
    awk '/^."session",38,/ { if (held != "") print held; held = $0; next }
        /^."E"/ { print held; print "[\"E\"]"; next }
        { print }' "$SPLIT.json" | spcat --from-json >mixed.mp
    spcat --check mixed.mp
    run -65 --separate-stderr batcher -o out.mp mixed.mp
    [[ $stderr == "batcher: mixed.mp, block "*", record "*": the sessions of a user do not follow each other, as the sessionizers write them" ]]
    [ ! -e out.mp ]
}

@test "a stream without training sessions is written so that it can be read" {
    for scheme in longest-first sessions user-parallel; do
        grep -vE '^."E"' "$SPLIT.json" | jq -c 'if .[0] == "session" then .[2] = 3 else . end' |
            cat - <(echo '["E"]') | spcat --from-json |
            batcher --scheme $scheme --epochs 3 -o batches.mp
        spcat --check batches.mp
        [ "$(schedule 0 batches.mp | grep -c '^."epoch",[123],1')" = 3 ]
    done
}

@test "sessions that are not split are refused" {
    run -65 --separate-stderr batcher -o out.mp "$BATS_FILE_TMPDIR/sessions.mp"
    [[ $stderr == *"tfilter --split"* ]]
    [ ! -e out.mp ]
}

@test "input without a session is refused" {
    tfilter --allow-empty --min-sessions 1000000 "$SPLIT.mp" >none.mp
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
    SPLIT=split
    for scheme in longest-first shuffled sessions user-parallel session-parallel; do
        batches --scheme $scheme --batch 100 --epochs 1
        spcat --check batches.mp
        check $scheme 100 15 1 1 1
    done
    small split.mp
}

@test "Last.fm: all schemes by the plain rules" {
    need_data lastfm-part.tsv.xz
    xz -dc "$DATA/lastfm-part.tsv.xz" | lfm-sessionize | real
}

@test "Reddit: all schemes by the plain rules" {
    need_data reddit-part.csv.xz
    xz -dc "$DATA/reddit-part.csv.xz" | reddit-sessionize | real
}
