# Shared by the tests of faults: the stages, their inputs, how a fault is injected, and what is said.

# The stages: `run_stage NAME [option ...]` reads its good input from stdin, `$(input_of NAME)`.
RAW="lfm-sessionize reddit-sessionize csv-sessionize json-sessionize"
FILTERS="tfilter batcher baseline trainer predictor recommender"
READERS="scorer attnviz spcat"
STREAMING="$FILTERS $READERS"

args_of() {
    case $1 in
    csv-sessionize | json-sessionize) args=(--user username --item subreddit --time utc) ;;
    tfilter) args=(--min-sessions 2 --split user:0.8) ;;
    batcher) args=(--batch 4 --epochs 2 --seed 3) ;;
    baseline) args=(--model pop) ;;
    trainer) args=(--embedding 4 --seed 3 --quiet) ;;
    predictor) args=(--model "$GOOD/model" --threads 1 --quiet) ;;
    recommender) args=(--model "$GOOD/model" --threads 1 --top 30 --quiet) ;;
    attnviz) args=(--html) ;;
    *) args=() ;;
    esac
}

run_stage() {
    local args
    args_of "$1"
    "$1" "${args[@]}" "${@:2}" 2>stage.err
}

# The same under strace with a fault: inject RULE STAGE [option ...].
inject() {
    local args
    args_of "$2"
    strace -f -qq -o /dev/null -e "inject=$1" -- "$SESSPIPE_BIN/$2" "${args[@]}" "${@:3}" 2>stage.err
}

# The same for reads of or writes to one file: inject_at FILE RULE STAGE [option ...].
inject_at() {
    local args
    args_of "$3"
    strace -f -qq -o /dev/null -P "$1" -e "inject=$2" -- "$SESSPIPE_BIN/$3" "${args[@]}" "${@:4}" 2>stage.err
}

input_of() {
    case $1 in
    lfm-sessionize) echo "$GOOD/lfm.tsv" ;;
    reddit-sessionize | csv-sessionize) echo "$GOOD/reddit.csv" ;;
    json-sessionize) echo "$GOOD/reddit.jsonl" ;;
    tfilter | spcat) echo "$GOOD/sessions.mp" ;;
    batcher | baseline | recommender) echo "$GOOD/split.mp" ;;
    trainer | predictor) echo "$GOOD/batches.mp" ;;
    scorer) echo "$GOOD/predictions.mp" ;;
    attnviz) echo "$GOOD/attention.mp" ;;
    esac
}

# A log of 12 users in both raw formats, newest first within a user; WEEKS long.
make_log() {
    awk -v weeks="$1" -v format="$2" 'BEGIN {
        srand(7); OFS = "\t"
        if (format == "reddit") print "username,subreddit,utc"
        for (u = 1; u <= 12; u++)
            for (day = 7 * weeks - u % 3; day > 0; day -= 1 + u % 2)
                for (event = 3 + (day * u) % 5; event > 0; event--) {
                    at = 1241395200 + day * 86400 + event * 60
                    item = (u * 7 + day % 7 * 3 + event * event) % 30
                    if (format == "reddit") print "user" u ",sub" item "," at
                    else print "user_" u, strftime_utc(at), "id-" item, "name " item, "", "track " item
                }
    }
    function strftime_utc(t,    d, y, m, len) {
        d = int(t / 86400); t -= d * 86400
        for (y = 1970; d >= (len = 365 + (y % 4 == 0 && (y % 100 != 0 || y % 400 == 0))); y++) d -= len
        for (m = 1; d >= (len = m == 2 ? 28 + (y % 4 == 0 && (y % 100 != 0 || y % 400 == 0)) : m == 4 || m == 6 || m == 9 || m == 11 ? 30 : 31); m++) d -= len
        return sprintf("%04d-%02d-%02dT%02d:%02d:%02dZ", y, m, d + 1, int(t / 3600), int(t / 60) % 60, t % 60)
    }'
}

setup_file() {
    export GOOD=$BATS_FILE_TMPDIR/good
    mkdir "$GOOD" && cd "$GOOD"
    make_log 3 lfm >lfm.tsv
    make_log 3 reddit >reddit.csv
    awk -F, -v OFS= 'NR > 1 { print "{\"username\":\"", $1, "\",\"subreddit\":\"", $2, "\",\"utc\":", $3, "}" }' reddit.csv >reddit.jsonl
    lfm-sessionize <lfm.tsv >sessions.mp
    run_stage tfilter <sessions.mp >split.mp
    run_stage batcher <split.mp >batches.mp
    run_stage trainer --save model <batches.mp >predictions.mp
    run_stage trainer --inter hidden,delta --attention 6 <batches.mp >attention.mp
    # Large enough that no pipe holds the whole.
    make_log 250 lfm >large.tsv
    lfm-sessionize <large.tsv >large.mp
    [ "$(wc -c <large.mp)" -gt 150000 ]
}

# The last stage's message: one line that begins with its name and, where given, matches.
one_message() {
    [ "$(wc -l <stage.err)" -ge 1 ] && ! grep -v "^$1: " stage.err &&
        { [ $# -lt 2 ] || grep -qiE "$2" stage.err; }
}

# fails STAGE STATUS [REGEX]: called after the stage with its status in $status.
fails() {
    [ "$status" = "$2" ] || { echo "$1: status $status, not $2: $(cat stage.err)"; return 1; }
    one_message "$1" "${3:-.}" || { echo "$1: said: $(cat stage.err)"; return 1; }
}

can_inject() {
    need strace
    strace -f -qq -o /dev/null -e inject=fsync:error=EIO true 2>/dev/null ||
        skip "strace cannot trace here"
    export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 # which cannot run in a traced process
}
