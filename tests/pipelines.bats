# The pipelines: every stream a target, whole or not there; raw logs plain and packed; seeds.
bats_require_minimum_version 1.5.0
load helpers

# A pipeline with a model small enough for a test.
pipeline() {
    env -u DATA make -f "$ROOT/pipelines/$1.mk" BIN="$SESSPIPE_BIN" EPOCHS=2 BATCH='--batch 10' \
        TRAIN='--embedding 8 --quiet' THREADS=1 "${@:2}"
}

log() { synthesize --users 12 --days 8 "$@"; }

@test "the demo goes from a log to a table of baselines and models" {
    make -f "$ROOT/pipelines/demo.mk" BIN="$SESSPIPE_BIN" EPOCHS=1 THREADS=1 \
        FIXTURES="$ROOT/.build/${VARIANT:-release}/fixtures" TRAIN="--embedding 8 --quiet" >said 2>err || { cat err; false; }
    for model in pop ppop markov ii-rnn 'ii-rnn hidden,delta'; do
        grep -qE "^$model +1 +1 +[0-9]+ +[0-9.]+ " said
    done
    grep -qx 'best epoch by recall@20, selected_on: validation' said
    [ "$(grep -c 'by position:' out/demo/positions.txt)" = 5 ]
    run -1 grep 'by position:' said
    grep -q 'out/demo/attention.html$' said
    grep -q '^what to try next' said
    grep -q 'Mean attention by age' out/demo/attention.html
    for stream in out/demo/*.mp; do
        spcat --check "$stream"
    done
    # What it says to try is there and shows something.
    sed -n '/^what to try next:/,$s/^  //p' said >next
    [ "$(grep -c ' # ' next)" -gt 3 ]
    while read -r command; do
        bash -c "$command" >shown && [ -s shown ] || { echo "$command"; false; }
    done < <(grep -E '/(attnviz|spcat) ' next)
    for path in $(grep -oE '(pipelines|man)/[a-z0-9.]+' next); do
        [ -e "$ROOT/$path" ]
    done
}

@test "what is made stays made; what is gone or older is made again" {
    log >log.tsv
    pipeline lastfm DATA=log.tsv OUT=made MODELS=ii-rnn
    pipeline lastfm DATA=log.tsv OUT=made MODELS=ii-rnn >again
    run -1 grep -E "$SESSPIPE_BIN" again
    cp made/scores.txt before
    rm made/split.mp made/scores.txt
    pipeline lastfm DATA=log.tsv OUT=made MODELS=ii-rnn >out
    grep -q tfilter out
    grep -q 'trainer' out
    run -1 grep -q sessionize out
    cmp before made/scores.txt
}

@test "packed logs are as plain ones" {
    log >log.tsv
    pipeline lastfm DATA=log.tsv OUT=plain plain/sessions.mp
    gzip -k log.tsv
    pipeline lastfm DATA=log.tsv.gz OUT=gz gz/sessions.mp
    cmp plain/sessions.mp gz/sessions.mp
    if command -v xz >/dev/null; then
        xz -k log.tsv
        pipeline lastfm DATA=log.tsv.xz OUT=xz xz/sessions.mp
        cmp plain/sessions.mp xz/sessions.mp
    fi
}

@test "a packed log that is cut off leaves no sessions" {
    log | gzip | head -c 5000 >log.tsv.gz
    run ! pipeline lastfm DATA=log.tsv.gz OUT=cut cut/sessions.mp
    [ ! -e cut/sessions.mp ]
}

@test "a stage that fails leaves nothing behind, and make fails" {
    log >log.tsv
    run ! pipeline lastfm DATA=log.tsv OUT=made FILTER='--no-such-filter'
    [ -e made/sessions.mp ]
    [ "$(ls made)" = sessions.mp ]
    run ! pipeline lastfm DATA=log.tsv OUT=made TRAIN='--lr 1e30 --optimizer sgd --quiet'
    [ ! -e made/ii-rnn.1.mp ]
    [ ! -e made/scores.txt ]
    run ! compgen -G 'made/*.part'
}

@test "without a log it says what to do" {
    for name in lastfm reddit globo deskdrop yoochoose retail; do
        run ! pipeline $name OUT=made
        [[ $output == *"DATA=FILE"* ]]
    done
}

@test "several seeds are runs of one model, several jobs give the same bytes" {
    log --format reddit >log.csv
    pipeline reddit DATA=log.csv OUT=serial SEEDS='1 2'
    pipeline reddit DATA=log.csv OUT=parallel SEEDS='1 2' JOBS=3
    grep -qE '^ii-rnn +2 .*±' serial/scores.txt
    grep -qE '^pop +1 ' serial/scores.txt
    cmp serial/scores.tsv parallel/scores.tsv
    cmp serial/ii-rnn-hidden-delta.2.safetensors parallel/ii-rnn-hidden-delta.2.safetensors
}

@test "lastfm.mk and reddit.mk use the settings of the thesis" {
    touch log
    make -n -f "$ROOT/pipelines/lastfm.mk" DATA=log >lastfm
    grep -q 'batcher --epochs 25 .*--batch 100' lastfm
    grep -q 'trainer --model ii-rnn --inter hidden,delta .*--session-rep mean --embedding 100 --dropout 0.2 ' lastfm
    make -n -f "$ROOT/pipelines/reddit.mk" DATA=log >reddit
    grep -q 'batcher --epochs 30 .*--batch 100' reddit
    grep -q 'trainer --model ii-rnn --inter hidden,delta .*--session-rep last --embedding 50 --dropout 0.0 ' reddit
    grep -q -- '--min-sessions 3 --split user:0.8' reddit
}

# A log of 12 users with 8 sessions each, one a day: "user session item seconds".
daily_log() {
    awk 'BEGIN { for (u = 1; u <= 12; u++) for (d = 0; d < 8; d++) for (k = 0; k < 4; k++)
        print u, u * 100 + d, (u + d + k) % 7, 1506816000 + d * 86400 + k * 60 + u }'
}

@test "the logs of Globo, Deskdrop, Yoochoose and of a shop go from raw to a table" {
    daily_log >rows
    awk -v OFS=, 'BEGIN { print "user_id,session_id,click_article_id,click_timestamp" }
        { print $1, $2, $3, $4 "000" }' rows >globo.csv
    awk -v OFS=, 'BEGIN { print "timestamp,eventType,contentId,personId,sessionId,userAgent" }
        { print $4, "VIEW", $3, -$1, $2, "\"a, b\"" }' rows >deskdrop.csv
    awk -v OFS='\t' 'BEGIN { print "SessionId\tItemId\tTime" } { print $2, $3, $4 ".5" }' rows >yoochoose.tsv
    awk -v OFS=, 'BEGIN { print "InvoiceNo,StockCode,InvoiceDate,CustomerID" }
        { print $2, $3, $4, $1 ".0"; print "C" $2, $3, $4 + 1000, $1; print $2, $3, $4, "" }' rows >retail.csv
    for log in globo.csv deskdrop.csv yoochoose.tsv retail.csv; do
        name=${log%.*}
        pipeline $name DATA=$log OUT=$name >said 2>err || { cat err; false; }
        [ "$(spcat --summary $name/sessions.mp | awk '$1 == "sessions" { print $2 }')" = 96 ]
        grep -qE '^ii-rnn +1 ' $name/scores.txt
        grep -qE '^pop +1 ' $name/scores.txt
    done
}
