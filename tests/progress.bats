# How far long work is: on a terminal, as JSON lines, and not at all elsewhere.
bats_require_minimum_version 1.5.0
load helpers

LONG_RUNNING="csv-sessionize lfm-sessionize reddit-sessionize tfilter batcher baseline recommender trainer scorer"

setup_file() {
    load helpers
    cd "$BATS_FILE_TMPDIR"
    synthesize --users 60 --days 60 >log.tsv
    synthesize --users 8 --days 10 >small.tsv
    synthesize --users 8 --days 10 --format reddit >log.csv
    lfm-sessionize small.tsv | tfilter -q --min-sessions 3 --split user:0.8 >split.mp
    batcher -q --batch 4 --epochs 2 split.mp >batches.mp
    trainer -q --embedding 4 --threads 1 --save model.safetensors batches.mp >ranks.mp
}

setup() {
    cp "$BATS_FILE_TMPDIR"/*.* .
}

# The program's arguments, its input last.  Repeats are kept: what is dropped would be said.
args_of() {
    case $1 in
    lfm-sessionize) args=(--keep-repeats log.tsv) ;;
    reddit-sessionize) args=(--keep-repeats log.csv) ;;
    csv-sessionize) args=(--keep-repeats --user username --item subreddit --time utc log.csv) ;;
    tfilter) args=(--min-sessions 2 split.mp) ;;
    batcher) args=(--batch 4 --epochs 2 split.mp) ;;
    baseline) args=(--model pop split.mp) ;;
    recommender) args=(--model model.safetensors --threads 1 --device cpu split.mp) ;;
    trainer) args=(--device cpu --embedding 4 --threads 1 batches.mp) ;;
    scorer) args=(ranks.mp) ;;
    esac
}

# Runs the command on a terminal of its own; what the terminal got is in `seen`.
on_terminal() {
    need script
    local status=0
    { declare -f slowly; cat; } >command.sh
    SHELL=/bin/sh timeout 60 script -qec "exec bash command.sh" typescript >/dev/null </dev/null || status=$?
    # The first line and the last two are script's own.
    sed '1d;/^Script done on/,$d' typescript | head -c -1 >seen
    return $status
}

# What every line of the terminal shows when all is over: later text covers earlier text.
settled() {
    tr -d '\n' <seen | awk 'BEGIN { RS = "\r" }
        { n = length($0); if (n) line = $0 substr(line, n + 1) }
        END { gsub(/ /, "", line); printf "%s", line }'
}

# Standard input, with a wait after its first 300 kB.
slowly() {
    head -c 300000
    sleep "${1:-1.3}"
    cat
}

@test "not a terminal: nothing is said, and standard output is the same with and without" {
    for program in $LONG_RUNNING; do
        args_of "$program"
        "$program" "${args[@]}" >plain 2>err
        [ "$program" = trainer ] || [ "$program" = batcher ] || [ ! -s err ] || { echo "$program: $(cat err)"; false; }
        run ! grep -q $'[\e\r]' err
        "$program" -q "${args[@]}" >quiet 2>err
        [ ! -s err ]
        "$program" --progress none -q "${args[@]}" >none 2>err
        [ ! -s err ]
        "$program" --progress json -q "${args[@]}" >json 2>err
        [ -s err ]
        cmp plain quiet
        cmp plain none
        cmp plain json
    done
}

@test "--progress json: objects, the last says that all is done" {
    need jq
    for program in $LONG_RUNNING; do
        args_of "$program"
        "$program" -q --progress json "${args[@]}" 2>err >/dev/null
        jq -es --arg p "$program" 'length > 0 and all(.[]; .program == $p) and last.done' err >/dev/null ||
            { cat err; false; }
        [ "$program" = trainer ] || jq -es --arg size "$(stat -c %s "${args[-1]}")" \
            'last | .share == 1 and .bytes == ($size | tonumber) and .total == .bytes and .records > 0' err
    done
}

@test "--progress json on a pipe: counts and rate while it goes on, no share" {
    need jq
    slowly 2.2 <log.tsv | lfm-sessionize --keep-repeats --progress json 2>err >/dev/null
    jq -es 'length >= 2 and all(.[]; has("share") | not) and (map(.bytes) | . == sort) and
        (.[0] | .done == false and .bytes > 0 and .per_second > 0)' err
    [ "$(tail -1 err | jq .bytes)" = "$(stat -c %s log.tsv)" ]
}

@test "--progress json: a run that fails is not done" {
    head -c 3000 split.mp >cut.mp
    run -65 --separate-stderr tfilter --progress json cut.mp -o out.mp
    [[ $stderr != *'"done":true'* ]]
    run -64 --separate-stderr tfilter --progress nothing split.mp
    [[ $stderr == *"'nothing' is not one of auto, json, none"* ]]
}

@test "a terminal: share, time left and rate of files, in one line that is erased at the end" {
    on_terminal <<<'lfm-sessionize --keep-repeats --flush log.tsv | { head -c 1000; sleep 1; cat; } >out.mp'
    grep -aqE 'lfm-sessionize: [0-9]+% of [0-9.]+ [kM]B, [0-9]+ s left, [0-9.]+ [kMG]?B/s, [0-9]+ records' seen
    run ! grep -q $'\e' seen
    [ "$(wc -l <seen)" = 0 ]
    [ -z "$(settled)" ]
    spcat --check out.mp
}

@test "a terminal: amount and rate of a pipe" {
    on_terminal <<<'slowly <log.tsv | lfm-sessionize --keep-repeats >out.mp'
    grep -aqE 'lfm-sessionize: [0-9.]+ [kM]B, [0-9.]+ [kMG]?B/s, [0-9]+ records' seen
    run ! grep -aq '%' seen
    [ -z "$(settled)" ]
}

@test "a terminal: nothing with --quiet, --progress none, for short work, and where it takes the output" {
    on_terminal <<'END'
slowly <log.tsv | lfm-sessionize --keep-repeats --quiet >out.mp
slowly <log.tsv | lfm-sessionize --keep-repeats --progress none >out.mp
lfm-sessionize --keep-repeats small.tsv >out.mp
END
    [ ! -s seen ] || { cat -v seen; false; }
    on_terminal <<<'slowly <log.tsv | lfm-sessionize --keep-repeats | spcat --summary'
    run ! grep -aq $'lfm-sessionize: .*\r' seen
}

@test "a terminal: a message stands on a line of its own, a signal erases the line" {
    on_terminal <<<'{ slowly <log.tsv; echo bad; sleep 0.1; } | lfm-sessionize --keep-repeats >out.mp || true'
    grep -aq 'records' seen
    tr '\r' '\n' <seen | grep -aq '^lfm-sessionize: standard input, line [0-9]*: 1 columns'
    on_terminal <<'END'
{ slowly 1.2 <log.tsv; sleep 2; } | lfm-sessionize --keep-repeats >out.mp &
sleep 2
kill -TERM $!
wait $! || true
END
    grep -aq 'records' seen
    [ -z "$(settled)" ] || { cat -v seen; false; }
}

@test "a terminal: no wider than it is" {
    on_terminal <<'END'
stty cols 20
slowly <log.tsv | lfm-sessionize --keep-repeats >out.mp
END
    grep -aq 'lfm-sess' seen
    tr '\r' '\n' <seen | awk 'length($0) > 19 { print; wrong = 1 } END { exit wrong }'
}

@test "a terminal: of two programs one shows" {
    on_terminal <<'END'
{ slowly 1.2 <log.tsv; sleep 2; } | lfm-sessionize --keep-repeats >a.mp &
sleep 0.3
{ head -c 1000 log.csv; sleep 1.5; tail -c +1001 log.csv; } | reddit-sessionize --keep-repeats >b.mp
wait
END
    grep -aq lfm-sessionize seen
    run ! grep -aq reddit-sessionize seen
}

@test "a terminal: the trainer shows epoch, loss, rate, and time left from the second epoch on" {
    args_of batcher
    lfm-sessionize log.tsv | tfilter -q --split user:0.8 | batcher -q --batch 20 --epochs 2 >long.mp
    units=300 # for seconds of training; without optimization less takes as long
    [ "${VARIANT:-release}" != cov ] || units=30
    on_terminal <<<"trainer --threads 1 --embedding $units long.mp >out.mp"
    grep -aqE 'trainer: epoch 1 train: loss [0-9.]+, [0-9]+ events/s' seen
    grep -aqE 'trainer: epoch 2 train: [0-9]+%, [0-9]+ s left, loss [0-9.]+, [0-9]+ events/s' seen
    [ "$(tr '\r' '\n' <seen | grep -acE '^trainer: epoch [12]: train loss')" = 2 ]
    [ -z "$(settled | grep -a '%')" ]
}
