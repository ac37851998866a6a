# What programs write with the most extreme values of their options can be read again, or they refuse
# the value (64, 65) and write nothing.
bats_require_minimum_version 1.5.0
load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    # Times that reach from the first to the last one that there is.
    printf '%s\n' user,item,time a,x,0 a,y,1 a,x,68719476734 a,y,68719476735 b,y,5 b,x,5 b,z,34359738373 \
        c,x,1 c,y,30000000000 c,z,60000000001 >log.csv
    sessionize --gap 68719476736 log.csv >sessions.mp
    # Long times between events, which hardly differ.
    grep -E 'time|c,' log.csv | sessionize --gap 68719476736 >alike.mp
    tfilter --split newest:0.4 sessions.mp >split.mp 2>report
}

setup() {
    SESSIONS=$BATS_FILE_TMPDIR/sessions.mp
    SPLIT=$BATS_FILE_TMPDIR/split.mp
}

sessionize() {
    csv-sessionize --user user --item item --time time --min-events 1 "$@"
}

# readable_or_refused COMMAND...: the command writes what can be read, or ends with 64 or 65.
readable_or_refused() {
    local status=0
    rm -f out.mp
    "$@" -o out.mp 2>message || status=$?
    case $status in
    0) spcat --check out.mp && spcat --summary out.mp >summary && tfilter out.mp >again.mp && spcat --check again.mp ;;
    64 | 65) [ ! -e out.mp ] && [ -s message ] ;;
    *) false ;;
    esac || { echo "$*: $status, $(head -c 200 message)"; return 1; }
}

# Numbers around the limits of what a header, a time, a count, an int32 and an int64 can hold.
NUMBERS=(-9223372036854775808 -1 0 1 2 1000000 2147483647 2147483648 34359738367 34359738368 68719476735
    68719476736 9223372036854775807)

@test "buckets of ages" {
    for shape in linear quadratic log; do
        for width in "${NUMBERS[@]}"; do
            for count in 0 1 2 30 36 37 64 4096 4097; do
                readable_or_refused tfilter --delta-buckets "$shape:${width}x$count" "$SESSIONS"
            done
        done
    done
    tfilter --delta-buckets log:1x36 "$SESSIONS" | spcat | head -1 | jq -e '.[2].delta_edges | .[35] == 34359738368'
}

@test "numbers of tfilter" {
    for option in min-sessions min-events last-sessions first min-item-support min-user-support \
        week-shift dwell-bins; do
        for number in "${NUMBERS[@]}"; do
            readable_or_refused tfilter "--$option=$number" "$SESSIONS"
            readable_or_refused tfilter "--$option=$number" "$SPLIT"
        done
    done
    for value in scott 1000 1 15,40,100 1,68719476736; do
        for log in "$SESSIONS" "$BATS_FILE_TMPDIR/alike.mp"; do
            readable_or_refused tfilter --dwell-bins "$value" "$log"
            spcat out.mp | jq -s -e '[.[] | select(.[0] == "session") | .[5].dwell[:-1][]]
                | length > 1 and all(. > 0 and . <= 1000)'
        done
    done
}

@test "fractions, dates and zones of tfilter" {
    for value in 0 1 0.000000001 1/999999999 999999998/999999999 0.999999999; do
        for option in recent= split=user: split=newest:; do
            readable_or_refused tfilter "--$option$value" "$SESSIONS"
        done
        readable_or_refused tfilter --validation "$value" "$SPLIT"
        readable_or_refused tfilter --validation "newest:$value" "$SPLIT"
    done
    for date in 0000-01-01 1969-12-31 1970-01-01 4147-08-20T07:32:15Z 9999-12-31T23:59:59Z; do
        readable_or_refused tfilter --split "time:$date" "$SESSIONS"
        readable_or_refused tfilter --validation "time:$date" "$SPLIT"
    done
    for zone in +23:59 -23:59 +24:00 -2359 +00 Z; do
        readable_or_refused tfilter "--timezone=$zone" "$SESSIONS"
    done
}

@test "the largest networks that options can ask for" {
    batcher -q --epochs 1 -o batches.mp "$SPLIT"
    for options in '--layers 16 --dilation 16 --kernel 32' '--layers 16 --dilation 15 --kernel 32 --gated' '--layers 8 --dilation 16 --kernel 32'; do
        trainer -q -j 1 --model wavenet --embedding 1 $options -o out.mp batches.mp
        spcat --check out.mp
    done
}

@test "texts that hardly go into a header, or do not" {
    for length in 1 30000 32000 40000 66000; do
        readable_or_refused tfilter --country "$(printf '%*s' $length | tr ' ' x)" "$SESSIONS"
    done
    readable_or_refused tfilter --country $'\xff\xfe\n"\\' "$SESSIONS"
    options=()
    for ((i = 0; i < 2000; i++)); do options+=(--min-sessions 1); done
    readable_or_refused tfilter "${options[@]}" "$SESSIONS"
    for ((i = 0; i < 2000; i++)); do options+=(--min-sessions 1); done
    readable_or_refused tfilter "${options[@]}" "$SESSIONS"
}

@test "numbers and keys of the programs that make sessions" {
    for option in gap min-events max-events cut; do
        for number in "${NUMBERS[@]}"; do
            readable_or_refused sessionize "--$option=$number" "$BATS_FILE_TMPDIR/log.csv"
            readable_or_refused reddit-sessionize "--$option=$number" \
                <(sed '1s/.*/username,subreddit,utc/' "$BATS_FILE_TMPDIR/log.csv")
        done
    done
    for key in kind minor pipeline codes delta_edges week dwell action $'\xff' "$(printf '%32000s' x)"; do
        readable_or_refused sessionize --carry "$key=item" "$BATS_FILE_TMPDIR/log.csv"
    done
}
