# The pipelines: every stream a target, whole or not there; raw logs plain and packed; seeds.
bats_require_minimum_version 1.5.0
load helpers

# A pipeline with a model small enough for a test.
pipeline() {
    env -u DATA make --no-print-directory -f "$ROOT/pipelines/$1.mk" EPOCHS=2 WIDE_EPOCHS=2 BATCH='--batch 10' \
        TRAIN='--embedding 8 --quiet' THREADS=1 "${@:2}"
}

log() { synthesize --users 12 --days 8 "$@"; }

@test "the demo goes from a log to a table of baselines and models" {
    make -f "$ROOT/pipelines/demo.mk" EPOCHS=1 WIDE_EPOCHS=1 THREADS=1 \
        FIXTURES="$ROOT/.build/${VARIANT:-release}/fixtures" TRAIN="--embedding 8 --quiet" >said 2>err || { cat err; false; }
    for model in pop ppop markov 'wide ready-made' ii-rnn 'ii-rnn hidden,delta' wide; do
        grep -qE "^$model +1 +1 +[0-9]+ +[0-9.]+ " said
    done
    grep -qx 'best epoch by recall@20, selected_on: validation' said
    [ "$(grep -c 'by position:' out/demo/positions.txt)" = 7 ]
    run -1 grep 'by position:' said
    grep -q 'out/demo/attention.html$' said
    grep -q '^what to try next' said
    grep -qi 'mean by age' out/demo/attention.html
    grep -q '<title>a synthetic log: attention of ' out/demo/attention.html
    diff <(sed 1d out/demo/scores.txt | sed '/^best/,$d' | sed 's/  .*//') \
        <(sed -n 's/^<tr><td class="name"><bdi>\([^<]*\).*/\1/p; /^<\/tbody>/q' out/demo/attention.html)
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

@test "another log or other options in the same folder: what they change is made again" {
    log >log.tsv
    log --seed 2 >other.tsv
    touch -d '1 hour ago' other.tsv # older than all that is made
    made() { pipeline best OUT=made MODELS=wide BASELINES=pop SEEDS=1 TRAIN.wide=--quiet "$@" >said 2>err || { cat err; false; }; }
    programs() { grep -oE '^[^ ]*/(lfm-sessionize|tfilter|batcher|baseline|trainer) ' said | sed 's|.*/||' | tr -d '\n'; }
    made DATA=log.tsv
    made DATA=log.tsv
    run -1 grep -E "$SESSPIPE_BIN" said
    cp made/scores.txt first
    made DATA=other.tsv
    [ "$(programs)" = 'lfm-sessionize tfilter baseline batcher trainer ' ]
    run ! cmp -s first made/scores.txt
    grep -q '<title>other: ' made/attention.html
    made DATA=other.tsv FILTER='--split user:0.7 --validation 0.1'
    [ "$(programs)" = 'tfilter baseline batcher trainer ' ]
    made DATA=other.tsv FILTER='--split user:0.7 --validation 0.1' WIDE_EPOCHS=3
    [ "$(programs)" = 'batcher trainer ' ]
    made DATA=other.tsv FILTER='--split user:0.7 --validation 0.1' WIDE_EPOCHS=3 TRAIN.wide='--quiet --lr 0.003'
    [ "$(programs)" = 'trainer ' ]
    made DATA=other.tsv FILTER='--split user:0.7 --validation 0.1' WIDE_EPOCHS=3 TRAIN.wide='--quiet --lr 0.003' BASELINES='pop markov'
    [ "$(programs)" = 'baseline ' ]
    made DATA=other.tsv FILTER='--split user:0.7 --validation 0.1' WIDE_EPOCHS=3 TRAIN.wide='--quiet --lr 0.003' BASELINES=markov
    [ "$(programs)" = '' ]
    run -1 grep '^pop ' made/scores.txt
    # As if the folder were new.
    mv made used
    made DATA=other.tsv FILTER='--split user:0.7 --validation 0.1' WIDE_EPOCHS=3 TRAIN.wide='--quiet --lr 0.003' BASELINES=markov
    for file in used/*.mp used/scores.* used/against.txt; do
        cmp "$file" "made/${file#*/}" || [[ $file == used/pop.mp ]]
    done
}

@test "killed while a table is written, and started again: the files of a run that was not killed" {
    log >log.tsv
    best() { # OUT, the number of the call of scorer after which all is killed
        AT=$2 setsid -w env -u DATA make --no-print-directory -f "$ROOT/pipelines/best.mk" BIN="$PWD/bin" DATA=log.tsv OUT="$1" \
            MODELS=wide BASELINES='pop markov' WIDE_EPOCHS=1 THREADS=1 AGAINST='pop markov' all groups >said 2>err
    }
    mkdir bin
    ln -s "$SESSPIPE_BIN"/{lfm-sessionize,tfilter,batcher,baseline,trainer,attnviz} bin
    printf '#!/bin/bash\n%q "$@"\necho >>calls\n[ "$(wc -l <calls)" != "$AT" ] || kill -9 0\n' "$SESSPIPE_BIN/scorer" >bin/scorer
    chmod +x bin/scorer
    best whole 0
    calls=$(wc -l <calls)
    ((calls > 5))
    for ((at = 1; at <= calls; at++)); do
        rm -rf calls made && mkdir made && cp -p --no-dereference whole/*.mp whole/wide.1.safetensors made
        run best made $at
        [ "$status" = 137 ]
        best made 0
        diff -r -x .made -x attention.html -x best whole made
        cmp <(sed 's/^whole/made/' whole/best) made/best
    done
}

@test "a log that is not there, several, and paths with a blank: it says so and makes nothing" {
    log >log.tsv
    mkdir 'my logs' && cp log.tsv 'my logs'
    refused() { # MESSAGE PIPELINE VARIABLE...
        local message=$1
        run -2 pipeline "${@:2}"
        [[ $output == *"$message"* ]] || { echo "$output"; return 1; }
    }
    for name in best search shards nightly yoochoose; do
        refused '*** DATA=no.tsv: there is no such file.' $name DATA=no.tsv
        refused "*** DATA='my logs/log.tsv': one file is needed, whose path has no blanks." $name DATA='my logs/log.tsv'
        refused "*** DATA='log.tsv log.tsv': one file is needed" $name DATA='log.tsv log.tsv'
    done
    refused '*** DATA.tiny=no.tsv: there is no such file.' table LOGS=tiny DATA.tiny=no.tsv
    refused '*** LASTFM=no.tsv: there is no such file.' thesis LASTFM=no.tsv
    refused '*** PROFILES=no.tsv: there is no such file.' thesis LASTFM=log.tsv PROFILES=no.tsv
    refused "*** OUT='my out': a path without blanks is needed." best DATA=log.tsv OUT='my out'
    refused "*** STATE='my out': a path without blanks is needed." nightly DATA=log.tsv STATE='my out'
    refused '*** no programs in nowhere: make builds them; BIN=FOLDER: they are there.' best DATA=log.tsv BIN=nowhere
    [ "$(ls | tr '\n' ' ')" = 'log.tsv my logs ' ]
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
    for name in best lastfm reddit globo deskdrop yoochoose retail narm rib asars sasrec stamp hrnn intent; do
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
        grep -qE '^wide +1 ' $name/scores.txt
    done
}

@test "groups: each with its best baseline and the standard error of that, and with the mean of each model" {
    log >log.tsv
    pipeline best DATA=log.tsv OUT=g FILTER='--last-sessions 5 --split user:0.5 --validation 0.2' SEEDS='1 2' MODELS=wide EPOCHS=1 BASELINES='ppop markov' groups >said 2>err || { cat err; false; }
    tail -n "$(wc -l <g/groups.txt)" said | cmp - g/groups.txt
    scorer --best --by cold,repeat --format tsv --name ppop --name markov --name wide g/{ppop,markov,wide.1,wide.2}.mp >all.tsv
    # From the scores: the largest of the baselines, and the mean of the runs.
    score() { awk -F '\t' -v group="$1" -v name="$2" '$7 == group && $2 == name && $1 ~ /^[0-9]/ { sum += $12; n++ } END { printf "%.3f", sum / n }' all.tsv; }
    [ "$(sed -n 1p all.tsv | cut -f12)" = recall@20 ]
    for group in 1-3:'1 to 3 sessions' repeat:repeat explore:explore; do
        row=$(grep "^${group#*:} " said) of=${group%%:*}
        best=$(printf '%s\n' "$(score $of ppop)" "$(score $of markov)" | sort -n | tail -n 1)
        [[ $row =~ ^${group#*:}\ +([0-9]+)\ +(ppop|markov)\ +"$best"\ ±\ (0\.[0-9]+)\ +"$(score $of wide)"$ ]]
        awk "BEGIN { e = sqrt($best * (1 - $best) / ${BASH_REMATCH[1]}) - ${BASH_REMATCH[3]}; exit !(e < 0.001 && e > -0.001) }"
    done
    grep -q '^first of a session ' said
}

@test "the wide part has batches of its own, as they were given; the options of networks are not its" {
    touch log
    words() { make -n -f "$ROOT/pipelines/yoochoose.mk" DATA=log "$@" | tr -s ' ' >said; }
    words FRACTION=1/4
    grep -q 'batcher --epochs 14 .*--scheme shuffled --train-recent 1/4 --batch 20 -o out/yoochoose/wide-batches.mp' said
    grep -q 'trainer --model wide --seed 1 ' said
    words WIDE_EPOCHS=3 WIDE_BATCH='--batch 9' TRAIN='--embedding 8' TRAIN.wide=--online
    grep -q 'batcher --epochs 3 .*--batch 9 -o out/yoochoose/wide-batches.mp' said
    grep -q 'trainer --model wide --online --seed 1 ' said
    grep -q 'trainer --model ii-rnn --embedding 8 --seed 1 ' said
}

@test "best.mk chooses on the validation part, links the model, and tests all against the best baseline" {
    log >log.tsv
    pipeline best DATA=log.tsv OUT=best SEEDS='1 2' TRAIN.wide=--quiet \
        BASELINES='pop ppop ppop-decay markov item-knn session-knn vstan' >said 2>err || { cat err; false; }
    for model in pop ppop ppop-decay markov item-knn session-knn vstan; do
        grep -qE "^$model +1 " best/scores.txt
    done
    for model in wide ii-rnn{,-wide} {stamp,narm,sasrec,sasrec-earlier}{,-wide}; do
        grep -qE "^$model +2 .*±" best/scores.txt
    done
    grep -q 'selected_on: validation' best/scores.txt
    [ -s best/attention.html ]
    # No other run has an epoch of a higher validation score.
    for run in best/{pop,ppop,ppop-decay,markov,item-knn,session-knn,vstan}.mp best/*.[12].mp; do
        scorer --json --by none "$run" | jq -rs --arg run "$run" \
            'map(select(.part == "validation")["recall@20"]) | [max, $run] | @tsv'
    done >scores
    highest() { LC_ALL=C sort -gr | sed -n 1p | cut -f 1; }
    score_of() { awk -F '\t' -v run="$1" '$2 == run { print $1 }' scores; }
    [ "$(wc -l <scores)" = 29 ]
    [ "$(score_of "$(cat best/best)")" = "$(highest <scores)" ]
    [ "$(score_of "$(cat best/best-baseline)")" = "$(grep -v '[12]\.mp' scores | highest)" ]
    # What it says is so.
    model=$(basename "$(cat best/best)" .mp)
    base=$(basename "$(cat best/best-baseline)" .mp)
    cmp best/best.safetensors "best/$model.safetensors"
    grep -qx "best on the validation part: best/$model.mp" said
    grep -qx 'its model: best/best.safetensors' said
    grep -q "^against $base .* Holm\$" best/against.txt
    [ "$(grep -cE '^[a-z-]+ +recall@20 ' best/against.txt)" = 17 ]
    batcher -q --epochs 1 best/split.mp | predictor -q --model best/best.safetensors | scorer --by none >again
}

@test "ablation.mk: the wide part without each kind of evidence" {
    log >log.tsv
    pipeline ablation DATA=log.tsv OUT=ablation KINDS='next own' TRAIN=--quiet >said 2>err || { cat err; false; }
    [ "$(tail -n +2 ablation/scores.txt | grep -E '^wide|^without' | cut -d' ' -f1 | sort -u | tr '\n' ' ')" = 'wide wide-50 without-next without-own ' ]
}

@test "weights.mk: weights of several logs, and of all forms of the others for one that is held out" {
    for k in 1 2; do
        log --seed $k | lfm-sessionize -q | tfilter -q --split user:0.8 --validation 0.1 -o $k.mp
    done
    cp 1.mp 1-repeats.mp
    make -f "$ROOT/pipelines/weights.mk" FIXTURES="$ROOT/.build/${VARIANT:-release}/fixtures" OUT=w \
        POOL='1.mp 2.mp 1-repeats.mp' ALONE='2' PASSES=40 TARGETS=300 THREADS=1 TABLE=ready.c AGAINST='ppop markov' \
        all held >said 2>err || { cat err; false; }
    grep -q '^static const float wide_features_weight' ready.c
    grep -qE ' w/without-1.safetensors .* 2.mp +alone:2.mp *$' said
    grep -qE ' w/without-2.safetensors .* 1.mp +1-repeats.mp *$' said
    recall() { awk -F '\t' -v m="$1" '$2 == m { printf "%.3f", $10 }' "$2"; }
    for log in 1 2; do # where they are new, the weights beat counts, and weights that have learned nothing do not
        predictor -q --model w/first.safetensors <(batcher -q --epochs 1 $log.mp) | scorer --best --by none --at 20 --format tsv --name first >first
        held=$(recall held w/held-$log.tsv)
        awk "BEGIN { exit !($held > $(recall markov w/held-$log.tsv) && $held > $(recall first first)) }"
        # The table says so, and what the logs are.
        grep -qE "^ \*   $log +$held / 0\.[0-9]{3}   (ppop|markov) .* $(recall all w/all-$log.tsv) / " ready.c
    done
    grep -qE '^ \*   2: [0-9]+ targets; once more, each session a user of its own$' ready.c
    [ "$(grep -c '^ \*     lfm-sessionize, tfilter min_events=2 max_events=39 cut=20$' ready.c)" = 3 ]
    [ "$(grep -c '^ \*     split=user:0.8 validation=0.1$' ready.c)" = 3 ]
}

@test "pool: the same weights again; a log without its users teaches others" {
    pool="$ROOT/.build/${VARIANT:-release}/fixtures/pool"
    log --seed 1 | lfm-sessionize -q | tfilter -q --split user:0.8 --validation 0.1 -o 1.mp
    batcher -q --epochs 1 1.mp | trainer -q --model wide --max-steps 0 --no-index --save first >/dev/null
    for to in a b; do OMP_NUM_THREADS=1 "$pool" $to first 200 4 0.006 1.mp alone:1.mp; done
    cmp a b
    OMP_NUM_THREADS=1 "$pool" c first 200 4 0.006 1.mp 1.mp
    run -1 cmp -s a c
    run -1 cmp -s first a
    run ! "$pool" d first 200 4 0.006 absent.mp
    [[ $output == 'pool: cannot read absent.mp'* ]]
}

@test "aging.mk: one line a model, by the day of the test; networks are trained again each day" {
    log >log.tsv
    from=$(cut -f2 log.tsv | cut -c1-10 | sort -u | sed -n 6p)
    pipeline aging DATA=log.tsv OUT=aging SESSIONIZE=lfm-sessionize FROM="$from" DAYS=2 \
        DAILY=ii-rnn MODELS='wide ii-rnn' BASELINES=pop TRAIN.wide=--quiet >said 2>err || { cat err; false; }
    [ "$(tail -n +2 aging/aging.txt | cut -d' ' -f1 | tr '\n' ' ')" = 'pop wide ii-rnn wide-before ii-rnn-daily ' ]
    [ "$(head -1 aging/aging.txt | tr -s ' ')" = 'recall@20 on day 1 2' ]
    by_day() { scorer --best --by day --json "$1" | jq -r "select(.by == \"day\" and .group == \"$2\")[\"recall@20\"]" | xargs printf '%.3f'; }
    shown() { awk -v m="$1" -v d="$2" '$1 == m { print $(d + 1) }' aging/aging.txt; }
    for model in wide ii-rnn wide-before; do
        for day in 1 2; do
            [ "$(shown $model $day)" = "$(by_day aging/$model.1.mp $day)" ]
        done
    done
    [ "$(shown ii-rnn-daily 2)" = "$(by_day aging/day-2/ii-rnn.1.mp 1)" ]
    # The second day's network has learned from the first day's sessions.
    spcat --summary aging/split.mp | grep -w 'sessions train' >once
    spcat --summary aging/day-2/split.mp | grep -w 'sessions train' >later
    run -1 cmp -s once later
}

@test "best.mk: a baseline that wins has no model, and the last winner's goes" {
    log >log.tsv
    pipeline best DATA=log.tsv OUT=best MODELS=wide BASELINES=pop TRAIN.wide=--quiet >said 2>err || { cat err; false; }
    [ -e best/best.safetensors ]
    pipeline best DATA=log.tsv OUT=best MODELS=ii-rnn BASELINES='pop ppop' >said 2>err || { cat err; false; }
    grep -qx 'best/ppop.mp' best/best
    [ ! -e best/best.safetensors ]
    grep -qx 'it counts, and has no model file: baseline --model ppop --online user' said
}

@test "best.mk: with ONLINE=all baselines and wide parts count in tests all that ended before" {
    log >log.tsv
    for online in user all; do
        pipeline best DATA=log.tsv OUT=$online MODELS=wide BASELINES='pop markov' TRAIN.wide=--quiet \
            ONLINE=$online >said 2>err || { cat err; false; }
    done
    settings() { spcat "$1" | sed -n 1p | jq -c '.[2].pipeline | map(.[2].online) | last'; }
    [ "$(settings user/pop.mp) $(settings user/markov.mp) $(settings user/wide.1.mp)" = '"none" "user" false' ]
    [ "$(settings all/pop.mp) $(settings all/markov.mp) $(settings all/wide.1.mp)" = '"all" "all" true' ]
}

@test "best.mk: the ready-made wide model is one of the baselines" {
    log >log.tsv
    pipeline best DATA=log.tsv OUT=best MODELS=ii-rnn >said 2>err || { cat err; false; }
    grep -qE '^wide-ready +1 ' best/scores.txt
    grep -qx 'best/wide-ready.mp' best/best
    grep -qx 'it is ready-made: recommender and predictor use it without --model' said
    batcher --epochs 1 best/split.mp | predictor -q | scorer --json --by none | jq '[.part, .loss]' >predicted
    scorer --json --by none best/wide-ready.mp | jq '[.part, .loss]' >counted
    alike predicted counted
}

@test "best.mk: a log without users, split by time as it says" {
    daily_log | awk -v OFS=, 'BEGIN { print "session,item,time" } { print $2, $3, $4 }' >log.csv
    filter=$(sed -n "s/^# .*each session is a user of its own: '\(.*\)'/\1/p" "$ROOT/pipelines/best.mk")
    grep -qF "FILTER='$filter'" "$ROOT/README.md"
    pipeline best DATA=log.csv OUT=best SESSIONIZE='csv-sessionize --session session --item item --time time' FILTER="$filter" \
        MODELS=wide TRAIN.wide=--quiet LOG="Ann's log" >said 2>err || { cat err; false; }
    grep -qE '^wide +1 ' best/scores.txt
    grep -q "<title>Ann&#39;s log: \|<title>Ann's log: " best/attention.html
}

@test "best.mk: without a validation part it says what to do, before anything is made" {
    log >log.tsv
    run ! pipeline best DATA=log.tsv OUT=best FILTER='--split user:0.8'
    [[ $output == *"FILTER='--split user:0.8 --validation 0.1'"* ]]
    [ ! -e best ]
}

# thesis.mk with models small enough for a test, on two logs made up here.
thesis() {
    [ -e lastfm.tsv ] || log >lastfm.tsv
    [ -e reddit.csv ] || log --format reddit >reddit.csv
    [ -e profiles.tsv ] || for i in {1..12}; do
        printf '%s\tm\t\tNorway\tJan 1, 2006\n' "$(cut -f1 lastfm.tsv | sort -u | sed -n "${i}p")"
    done >profiles.tsv
    env -u DATA make -f "$ROOT/pipelines/${PIPELINE:-thesis}.mk" OUT=thesis EPOCHS=1 THREADS=1 \
        LASTFM=lastfm.tsv REDDIT=reddit.csv PROFILES=profiles.tsv SEEDS=1 \
        {TRAIN.lastfm,TRAIN.reddit,TRAIN.cet}='--embedding 4' \
        {BATCH.lastfm,BATCH.reddit,BATCH.cet}='--batch 5' "$@"
}

@test "tables that thesis.mk does not have, and days that aging.mk does not find in the log, are errors" {
    run -2 thesis TABLES='5.4 9.9'
    [[ $output == *"*** TABLES='5.4 9.9': these logs give none of them"* && ! -e thesis ]]
    run -2 pipeline aging DATA=lastfm.tsv OUT=aging SESSIONIZE=lfm-sessionize DAYS=1 DAILY= MODELS=wide BASELINES=pop TRAIN.wide=--quiet
    [[ $output == *'aging: no target is on these days: FROM=YYYY-MM-DD names the first of them'* && ! -e aging/aging.txt ]]
}

@test "thesis.mk makes every row of tables 5.5 to 5.14" {
    thesis >said 2>err || { cat err; false; }
    [ "$(grep -c ' ours ' thesis/tables.txt)" = "$(grep -vc '^#\|^table' "$ROOT/pipelines/thesis.tsv")" ]
    [ "$(grep -c '^Table 5' thesis/tables.txt)" = 20 ]
    # One run of each data set and model, of which no two are alike.
    [ "$(wc -l <thesis/jobs.tsv)" = "$(grep -v '^#\|^table' "$ROOT/pipelines/thesis.tsv" | cut -f 3,5 | sort -u | wc -l)" ]
    [ "$(cut -f 2- thesis/jobs.tsv | sort | uniq -d | wc -l)" = 0 ]
    awk -F '\t' 'NR > 1 && $7 != 0' thesis/jobs.log >failed
    [ ! -s failed ]
    # The logs are not the thesis's, so its numbers are not there, and that is said.
    run -1 grep '^ *thesis ' thesis/tables.txt
    grep -q "^lastfm: another log than the thesis's" thesis/tables.txt
}

@test "thesis.mk says what the data sets hold, and where their users are, without a run" {
    thesis TABLES='5.1 5.2 5.3' >said 2>err || { cat err; false; }
    [ ! -e thesis/jobs.tsv ]
    [ "$(grep -c '^Table 5' thesis/sets.txt)" = 3 ]
    # A row of each data set, with the thesis's numbers.
    awk -F '\t' '!/^#/ && $1 != "table" { print $3, $4, $5, $6, $7 }' "$ROOT/pipelines/thesis-sets.tsv" >expected
    awk 'NF == 9 && $1 != "data" { print $1, $3, $5, $7, $9 }' thesis/sets.txt | cmp expected -
    while read -r data items _ users _ sessions _ length _; do
        [ "$(spcat --summary thesis/$data/split.mp | awk -v OFS='\t' -F '\t' '{ n[$1] = $2 }
            END { printf "%d %d %d %.1f", n["items"], n["users"], n["sessions"], n["events"] / n["sessions"] }')" = \
            "$items $users $sessions $length" ] || { echo "$data"; false; }
    done < <(grep -E '^(lastfm|reddit|cet)' thesis/sets.txt)
    # The groups of the figure are the data sets without the other users.
    users_of() { awk -v data="lastfm-$1" '$1 == data { print $4 }' thesis/sets.txt; }
    grep -q ": $(users_of low-low) both, $(users_of low-high) length, $(users_of high-low) sessions, $(users_of high-high) neither$" \
        thesis/lastfm/figure-5.1.txt
    grep -q '^Figure 5.1: reddit, 12 users; ' said
    [ "$(awk -F '\t' 'NR > 1 { n += $2; events += $2 * $3 } END { printf "%d %.0f", n, events }' thesis/lastfm/figure-5.1.tsv)" = \
        "$(spcat --summary thesis/lastfm/split.mp | awk -F '\t' '{ n[$1] = $2 } END { print n["sessions"], n["events"] }')" ]
    grep -q '12 users; dashed: the means over users' thesis/reddit/figure-5.1.svg
    # Each user is somewhere in the picture.
    [ "$(sed -n '/|/p' thesis/lastfm/figure-5.1.txt | tr -cd '.' | wc -c)" -gt 5 ]
}

@test "a table of thesis.mk has the mean, the deviation and the change of scorer's best epochs" {
    thesis TABLES=5.6 SEEDS='1 2 3' >/dev/null 2>err || { cat err; false; }
    for seed in 1 2 3; do
        batcher --quiet --epochs 1 --batch 5 thesis/lastfm/split.mp |
            trainer --session-rep mean --inter hidden --embedding 4 --seed $seed --threads 1 -q -o $seed.mp
        batcher --quiet --epochs 1 --batch 5 thesis/lastfm/split.mp |
            trainer --session-rep mean --embedding 4 --seed $seed --threads 1 -q -o base.$seed.mp
    done
    scorer --best --by none --format json [123].mp >hidden
    scorer --best --by none --format json base.[123].mp >base
    python3 - <<'END'
import json, statistics
def recalls(path):
    return [json.loads(line)["recall@20"] for line in open(path) if '"part":"test"' in line.replace(" ", "")]
hidden, base = recalls("hidden")[:3], recalls("base")[:3]
row = [line.rstrip("\n").split("\t") for line in open("thesis/tables.tsv")]
ours = [r for r in row if r[1:6] == ["lastfm", "lastfm", "Hidden", "hidden", "recall@20"]][0]
assert ours[6] == "3", ours
assert abs(float(ours[7]) - statistics.mean(hidden)) < 1e-6, (ours, hidden)
assert abs(float(ours[8]) - statistics.stdev(hidden)) < 1e-6, (ours, hidden)
change = (statistics.mean(hidden) / statistics.mean(base) - 1) * 100
assert abs(float(ours[9]) - change) < 1e-3, (ours, change)
END
}

@test "thesis.mk goes on where it was stopped, and makes anew what its settings or data change" {
    thesis TABLES=5.6 >/dev/null 2>&1
    cp thesis/tables.tsv before
    thesis TABLES=5.6 >again 2>&1
    run -1 grep -E 'parallel|trainer' again
    # A result that is gone, a second seed: the other runs stay.
    rm thesis/lastfm/hidden.1.tsv thesis/runs
    touch -d '1 minute ago' thesis/jobs.tsv
    stat -c %y thesis/lastfm/delta.1.tsv >stamp
    thesis TABLES=5.6 >/dev/null 2>&1
    [ -s thesis/lastfm/hidden.1.tsv ]
    cmp before thesis/tables.tsv
    thesis TABLES=5.6 SEEDS='1 2' >/dev/null 2>&1
    stat -c %y thesis/lastfm/delta.1.tsv | cmp stamp
    [ "$(awk 'NR > 1' thesis/jobs.log | wc -l)" = "$(wc -l <thesis/jobs.tsv)" ]
    thesis TABLES=5.6 SEEDS='1 2' TRAIN.lastfm='--embedding 5' >/dev/null 2>&1
    run -1 cmp stamp <(stat -c %y thesis/lastfm/delta.1.tsv)
    run ! thesis TABLES=5.6 TRAIN.lastfm='--embedding none'
    run ! thesis TABLES=5.6 TRAIN.lastfm='--embedding none'
    thesis TABLES=5.6 TRAIN.lastfm='--embedding 5' >/dev/null 2>&1
}

@test "thesis.mk shows the thesis's numbers beside those of its own logs" {
    thesis TABLES='5.6 5.7' >/dev/null 2>&1
    printf 'lastfm items 94284\nlastfm users 977\n' >thesis/lastfm/counts
    touch -d 'next minute' thesis/lastfm/counts
    thesis TABLES='5.6 5.7' >/dev/null 2>&1
    grep -qE '^ +thesis +0\.0942±0\.0002 \(\+0\.9%\) ' thesis/tables.txt
    grep -qE '^ +thesis +0\.1012 \(\+0\.8%\) ' thesis/tables.txt
    [ "$(grep -c '^ *thesis ' thesis/tables.txt)" = 9 ]
    awk -F '\t' '$2 == "reddit" && $11 != "" || $2 == "lastfm" && NF && $11 == ""' thesis/tables.tsv >wrong
    [ ! -s wrong ]
}

@test "thesis.mk shares its runs among hosts and devices" {
    command -v rsync >/dev/null || skip 'no rsync here'
    local_hosts
    PATH="$PWD/path:$PATH" thesis TABLES=5.5 SSHLOGIN=far,farther JOBS=1 >said 2>err || { cat err; false; }
    [ "$(sort -u hosts | tr '\n' ' ')" = 'far farther ' ]
    cp thesis/tables.tsv remote
    [ -z "$(find home -type f)" ]
    rm -r thesis
    thesis TABLES=5.5 DEVICES='3 5' JOBS=2 >said 2>err || { cat err; false; }
    cmp remote thesis/tables.tsv
    thesis TABLES=5.5 DEVICES='3 5' -n >said
    grep -q 'CUDA_VISIBLE_DEVICES' said
}

@test "filtered.mk makes the 14 data sets that keep a part of the log" {
    PIPELINE=filtered thesis >/dev/null 2>err || { cat err; false; }
    [ "$(cut -f 2 thesis/jobs.tsv | sort -u | wc -l)" = 16 ]
    for data in lastfm reddit; do
        for part in 1-month:first=1month 2-months:first=2months 3-months:first=3months \
            high-high:user-group=below-below high-low:user-group=below-above \
            low-high:user-group=above-below low-low:user-group=above-above; do
            spcat --summary thesis/$data-${part%%:*}/split.mp | grep -q "^meta filters.*\"${part#*:}\""
        done
    done
    grep -q '^Table 5.12: reddit$' thesis/tables.txt
}

@test "cet.mk takes the users of the Central European zone and attends to the hour of the week" {
    log >lastfm.tsv
    cut -f1 lastfm.tsv | sort -u | awk -v OFS='\t' '{ print $1, "", "", NR % 2 ? "Norway" : "Japan", "" }' >profiles.tsv
    run ! pipeline cet DATA=lastfm.tsv OUT=cet
    [[ $output == *'PROFILES=userid-profile.tsv'* ]]
    pipeline cet DATA=lastfm.tsv PROFILES=profiles.tsv OUT=cet >said 2>err || { cat err; false; }
    [ "$(spcat --summary cet/split.mp | awk '$1 == "users" { print $2 }')" = 6 ]
    spcat --summary cet/split.mp | grep -q '^meta week_shift.*3600'
    grep -qE '^ii-rnn hidden,delta,week +1 ' cet/scores.txt
}

# The settings of the pipeline's own stand, but for sizes.
papers() {
    env -u DATA make -f "$ROOT/pipelines/$1.mk" EPOCHS=1 THREADS=1 TRAIN=--quiet "${@:2}"
}

@test "narm.mk: every model of the paper's tables, by session length, tested against NARM" {
    daily_log | awk -v OFS='\t' 'BEGIN { print "SessionId\tItemId\tTime" } { print $2, $3, $4 ".5" }' >log
    papers narm DATA=log OUT=narm EMBEDDING=4 HIDDEN=6 >said 2>err || { cat err; false; }
    for model in pop s-pop item-knn session-knn markov wide-ready bpr-mf fpmc gru-rec improved-gru-rec narm-global-50 narm-local-50 \
        narm-50 narm-global narm-local narm-dense narm; do
        grep -q "^$model  *1 " narm/scores.txt || { echo "$model"; false; }
    done
    [ "$(grep -c 'by length:' narm/positions.txt)" = 17 ]
    grep -q '^against narm ' narm/against.txt
    grep -q 'Item attention' narm/attention.html
}

@test "sasrec.mk: SASRec, with counts too, beside NARM and baselines, and what it attends to" {
    daily_log | awk -v OFS='\t' 'BEGIN { print "SessionId\tItemId\tTime" } { print $2, $3, $4 ".5" }' >log
    papers sasrec DATA=log OUT=sasrec EMBEDDING=4 WIDE_EPOCHS=1 >said 2>err || { cat err; false; }
    for model in pop markov session-knn wide-ready narm wide sasrec sasrec-wide; do
        grep -q "^$model  *1 " sasrec/scores.txt || { echo "$model"; false; }
    done
    grep -q '^against sasrec ' sasrec/against.txt
    grep -q 'Item attention' sasrec/attention.html
}

@test "stamp.mk: STAMP and its parts, with counts too, beside NARM and baselines, and what it attends to" {
    daily_log | awk -v OFS='\t' 'BEGIN { print "SessionId\tItemId\tTime" } { print $2, $3, $4 ".5" }' >log
    papers stamp DATA=log OUT=stamp EMBEDDING=4 WIDE_EPOCHS=1 >said 2>err || { cat err; false; }
    for model in pop item-knn markov session-knn wide-ready narm wide youtube-dnn wavenet stmo stmp stamp stamp-add-mean stamp-wide; do
        grep -q "^$model  *1 " stamp/scores.txt || { echo "$model"; false; }
    done
    grep -q '^against stamp ' stamp/against.txt
    grep -q 'Item attention' stamp/attention.html
}

@test "models are tested against the pipeline's own where those are among them" {
    touch log
    words() { env -u DATA make -n -f "$ROOT/pipelines/hrnn.mk" DATA=log "$@" >said; }
    words MODELS='rnn hrnn-init'
    [ "$(grep -c -- '--against <(cat out/hrnn/rnn.1.mp) ' said)" = 1 ]
    run -1 grep 'cat out/hrnn/rnn-concat' said
    words MODELS=hrnn-init
    run -1 grep -- '--against' said
    words MODELS=hrnn-init AGAINST=markov
    grep -q -- '--against <(cat out/hrnn/markov.mp) ' said
    run -2 words MODELS=hrnn-init AGAINST='markov rnn'
    [[ $output == *'*** AGAINST=rnn: neither BASELINES nor MODELS has it.'* ]]
}

@test "a model that a pipeline has no options for is refused; one model or one baseline alone will do" {
    log >log.tsv
    run -2 pipeline best DATA=log.tsv OUT=made MODELS='wide rnn'
    [[ $output == *'*** MODELS: no OPTIONS.rnn says what rnn is; here are ii-rnn ii-rnn-hidden-delta ii-rnn-wide narm '* && ! -e made ]]
    pipeline best DATA=log.tsv OUT=made MODELS=rnn OPTIONS.rnn='--model rnn' INPUT.rnn=session-parallel BASELINES= >said 2>err || { cat err; false; }
    spcat made/rnn.1.mp | head -n 1 | jq -e '.[2].pipeline[-1][2].model == "rnn"'
    grep -qx 'best on the validation part: made/rnn.1.mp' said
    pipeline best DATA=log.tsv OUT=made MODELS= BASELINES=pop >said 2>err || { cat err; false; }
    grep -qx 'best on the validation part: made/pop.mp' said
    run -1 grep against said
}

@test "tan.mk: each way of training on each fraction, beside counts, and their table" {
    daily_log | awk -v OFS='\t' 'BEGIN { print "SessionId\tItemId\tTime" } { print $2, $3, $4 ".5" }' >log
    papers tan DATA=log OUT=tan EMBEDDING=4 HIDDEN=5 FRACTIONS='4 1' LR=0.03 TUNE_LR=0.01 AIM_LR=0.03 >said 2>err || { cat err; false; }
    for model in pop markov session-knn wide-ready gru-4 m1-4 m2-4 m3-4 m4-4 gru-1 m1-1 m3-1 m4-1; do
        grep -q "^$model  *1 " tan/scores.txt || { echo "$model"; false; }
    done
    [ "$(awk '{ print $1 }' tan/table.txt | xargs)" = 'sessions 1/4 all' ]
    # each way's MRR, whose column is the last but one; the title of another has two words
    for row in 4 1; do
        for way in gru m1 m2 m3 m4; do
            awk -v name=$way-$row '!NF { exit } $1 == name { print $(NF - 1) }' tan/scores.txt
        done | xargs >expected
        awk -v row=$row '$1 == (row == 1 ? "all" : "1/" row) { for (i = 3; i <= NF; i += 2) printf "%s%s", $i, i < NF ? " " : "\n" }' tan/table.txt | cmp - expected
    done
    [ "$(tr ' ' '\n' <expected | sort -u | wc -l)" -gt 2 ]
    # what a fraction learns from; m2 goes on from all of them
    learned() { spcat "$1" | jq -s 'map(select(.[0] == "pass" and .[1] == 1 and .[2] == 1))[0][3].events'; }
    [ "$(learned tan/m1-4.1.mp)" -lt "$(learned tan/m1-1.1.mp)" ]
    [ "$(learned tan/m2-4.1.mp)" = "$(learned tan/m1-4.1.mp)" ]
    grep -q -- '--init /dev/fd/3 .*newest-4.mp 3<tan/m1-1.1.safetensors' said
    grep -q -- '--teacher /dev/fd/3 .*newest-4.mp 3<tan/teacher-4.1.safetensors' said
}

@test "narm.mk: table 5 counts what two models have among their best 20, over seeds" {
    daily_log | awk -v OFS='\t' 'BEGIN { print "SessionId\tItemId\tTime" } { print $2, $3 + 70 * ($2 % 9), $4 ".5" }' >log
    papers narm DATA=log OUT=narm EMBEDDING=4 HIDDEN=6 MODELS='improved-gru-rec narm' SEEDS='1 2' >said 2>err || { cat err; false; }
    scorer --json --by position --at 20 narm/narm.1.mp narm/narm.2.mp |
        jq -r 'select(.best and .by == "position" and .part == "test") | [.group, .events, .events * .["recall@20"]] | @tsv' |
        awk '{ targets[$1] = $2; right[$1] += $3 } END { for (n in targets) printf "%d %d %.1f\n", n, targets[n], right[n] / 2 }' |
        sort -n >expected
    [ "$(wc -l <expected)" = 3 ]
    awk 'NR > 1 { print $1, $2, $4 }' narm/lengths.txt | cmp expected
}

@test "narm.mk: items that only the fraction of training did not see stay in the test" {
    daily_log | awk -v OFS='\t' 'BEGIN { print "SessionId\tItemId\tTime" } { print $2, $3 + 7 * ($2 % 100 % 3), $4 ".5" }' >log
    for fraction in 1 1/6; do
        papers narm DATA=log OUT=${fraction#*/} FRACTION=$fraction ${fraction#*/}/split.mp 2>err || { cat err; false; }
        spcat --summary ${fraction#*/}/split.mp | grep '^events test' >${fraction#*/}.events
    done
    cmp 1.events 6.events
    trained() { spcat --summary "$1" | awk '$1 == "sessions" && $2 == "train" { print $3 }'; }
    [ "$(trained 6/split.mp)" = $(($(trained 1/split.mp) / 6)) ]
    spcat 6/split.mp | grep -q '^."item".*"train":"0"'
}

@test "yoochoose.mk: a fraction is what networks learn from; items and targets are those of the whole log" {
    daily_log | awk -v OFS='\t' 'BEGIN { print "SessionId\tItemId\tTime" } { print $2, $3 + 7 * ($2 % 100 % 3), $4 ".5" }' >log
    for fraction in 1 1/6; do
        env -u DATA make -f "$ROOT/pipelines/yoochoose.mk" DATA=log OUT=${fraction#*/} \
            FRACTION=$fraction EPOCHS=1 ${fraction#*/}/batches.mp 2>err || { cat err; false; }
        spcat ${fraction#*/}/batches.mp >${fraction#*/}.json
    done
    cmp 1/split.mp 6/split.mp
    learned() { awk '/^."epoch"/ { train = /,1]$/ } train && /^."batch"/' "$1" | jq -s 'map(.[1] | length) | add'; }
    [ "$(learned 6.json)" = $((($(learned 1.json) + 5) / 6)) ]
}

@test "hrnn.mk: every model of the paper's tables, by history and phase, tested against RNN and RNN Concat" {
    daily_log | awk -v OFS=, 'BEGIN { print "user_id,session_id,click_article_id,click_timestamp" }
        $1 != 3 || $4 > 1506816000 + 2 * 86400 { print $1, $2, $3, $4 "000" }' >log
    papers hrnn DATA=log OUT=hrnn SUPPORT=5 UNITS=4 LARGE=1 LARGE_UNITS=5 SLOTS='--batch 4' SEEDS='1 2' SEPARATOR=1 \
        >said 2>err || { cat err; false; }
    for model in 'pop  *1' 'ppop  *1' 'item-knn  *1' 'markov  *1' 'wide-ready  *1' {rnn,rnn-concat,rnn-concat-separator,hrnn-all,hrnn-init}{,-large}'  *2'; do
        grep -q "^$model " hrnn/scores.txt || { cat hrnn/scores.txt; echo "$model"; false; }
    done
    for model in {rnn,rnn-concat,rnn-concat-separator,hrnn-all,hrnn-init}{,-large}; do
        grep -qxE "$model +2( +[01]\.[0-9]{4}){4}" hrnn/figures.txt || { cat hrnn/figures.txt; false; }
        grep -qxE "$model +2( +-){6}" hrnn/figures.txt # no session has 5 events
    done
    head -1 hrnn/scores.txt | grep -q 'recall@5 .* mrr@5 .* precision@5'
    [ "$(grep -c 'by history:' hrnn/positions.txt)" = 15 ]
    [ "$(grep '^against' hrnn/against.txt | awk '{ print $2 }' | tr '\n' ' ')" = 'rnn rnn-concat ' ]
    # The page shows the epochs of the tables.
    grep -q 'chosen by recall@5 on the validation part' hrnn/attention.html
    grep -q '<title>[a-z]*: scores of ' hrnn/attention.html
    # One user of 6 sessions and eleven of 8, of which the last is tested.
    [ "$(awk 'NR > 1 { print $1, $2, $3 }' hrnn/histories.txt | tr '\n' ';')" = '<=6 1 8.3%;>6 11 91.7%;' ]
    # What the log holds, against the split itself.
    said() { awk -F '\t' -v name="$1" '$1 == name { print $2 }' hrnn/properties.txt; }
    spcat hrnn/split.mp | jq -s 'map(select(.[0] == "session")) | [
        (map(.[4] | length) | add),
        (map(select(.[2] == 3)[4] | length) | add),
        (map(.[4][]) | group_by(.) | map(length) | (length as $n | add / $n) * 10 | round / 10),
        (group_by(.[1]) | map(length) | sort | .[length / 2])] | map(tostring) | join(" ")' -r >expected
    [ "$(said Events) $(said 'Test - Events') $(said 'Events per item (median / mean / std)' | cut -d ' ' -f 3) $(
        said 'Sessions per user' | cut -d ' ' -f 1)" = "$(cat expected)" ]
}

@test "hrnn-figures.awk: medians over runs, of sessions by history and of targets by phase" {
    printf 'a\t<=6\nb\t>6\nc\t>6\n' >histories.tsv
    heads='run\tname\tpart\tby\tgroup\tevents\trecall@5\tmrr@5\n'
    {
        printf "$heads"
        for run in 0 1 2; do
            printf '%s\tm\ttest\tuser\ta\t9\t0.%d\t0.1\n' $run $((run == 2 ? 4 : run + 1))
            printf '%s\tm\ttest\tuser\tb\t1\t0.%d\t0.2\n%s\tm\ttest\tuser\tc\t5\t0.4\t0.4\n' $run $((8 - 2 * run)) $run
        done
        printf '7\tother\ttest\tuser\tb\t2\t0.5\t0.25\n8\tother\ttest\tuser\tb\t2\t1\t0.75\n'
    } >users.tsv
    {
        printf "$heads"
        printf '%d\tm\ttest\tphase\tend\t4\t0.%d\t0.3\n' 0 1 1 2 2 9
        printf 'mean\tm\ttest\tphase\tend\t4\t0.4\t0.3\n0\tm\ttest\t\t\t4\t0.7\t0.7\n'
    } >phases.tsv
    awk -f "$ROOT/pipelines/hrnn-figures.awk" histories.tsv users.tsv phases.tsv >figures
    # Of m three runs: sessions of b and c count alike, whatever their targets; of two the mean.
    grep -qxE 'm +3 +0.2000 +0.5000 +0.1000 +0.3000' figures
    grep -qxE 'other +2 +- +0.7500 +- +0.5000' figures
    grep -qxE 'm +3 +- +- +0.2000 +- +- +0.3000' figures
    printf '7\tm\ttest\tuser\tnobody\t2\t0.5\t0.25\n' >>users.tsv
    run -1 awk -f "$ROOT/pipelines/hrnn-figures.awk" histories.tsv users.tsv phases.tsv
    [ "$output" = 'hrnn-figures: user nobody is not in the split' ]
}

@test "hrnn.mk: another loss, optimizer and depth are words of one variable each" {
    touch log
    words() { env -u DATA make -n -f "$ROOT/pipelines/hrnn.mk" DATA=log "$@" | grep -A 1 -- '--model hrnn'; }
    words >paper
    [ "$(grep -c -- ' --loss top1 --optimizer adagrad --lr 0.01 --unroll 1 ' paper)" = 2 ]
    words LOSS='--loss bpr-max --negatives 50' LR=0.03 UNROLL=4 >other
    [ "$(grep -c -- ' --loss bpr-max --negatives 50 --optimizer adagrad --lr 0.03 --unroll 4 ' other)" = 2 ]
    words OPTIMIZER='--lr 0.002' >other
    [ "$(grep -c -- ' --loss top1 --lr 0.002 --unroll 1 ' other)" = 2 ]
}

@test "rib.mk: RIB with and without contexts, beside NARM and baselines" {
    daily_log | awk -v OFS='\t' 'BEGIN { print "who,what,when,act" } { print $1 "," $3 "," $4 "," (NR % 3 ? "view" : "buy") }' >log
    head -3 log
    papers rib DATA=log OUT=rib EMBEDDING=4 HIDDEN=5 SPLIT='--split user:0.8 --validation 0.2' \
        SESSIONIZE='csv-sessionize --keep-repeats --user who --item what --time when --carry action=act' >said 2>err || { cat err; false; }
    for model in pop markov session-knn wide-ready narm rib rib-action rib-dwell rib-context context-rnn context-rnn-context context-mean; do
        grep -q "^$model  *1 " rib/scores.txt || { echo "$model"; false; }
    done
    grep -q '^against rib ' rib/against.txt
    grep -q 'Item attention' rib/attention.html
    spcat rib/rib-context.1.mp | head -n 1 | jq -e '.[2].label | endswith("context action,dwell,hour tied")'
}

@test "asars.mk: every model of the paper's table, what it attends to, and figure 1" {
    daily_log | awk -v OFS='\t' 'BEGIN { print "who,what,when,kind" } { print $1 "," $3 "," $4 "," $3 % 3 }' >log
    head -3 log
    papers asars DATA=log OUT=asars EMBEDDING=4 HIDDEN=5 SUPPORT=1 KEY=kind SPLIT='--split user:0.8 --validation 0.2' \
        SESSIONIZE='csv-sessionize --user who --item what --time when --carry kind' >said 2>err || { cat err; false; }
    for model in pop bpr-mf youtube-dnn wavenet gru4rec user-att user-cat time-att time-cat time-user time-user-dynamics; do
        grep -q "^$model  *1 " asars/scores.txt || { echo "$model"; false; }
    done
    grep -q '^against user-att ' asars/against.txt
    grep -q 'Item attention' asars/attention.html
    grep -qE '^ 1 +[0-9.]+% +[0-9.]+%$' asars/figures.txt
    make -n -f "$ROOT/pipelines/asars.mk" DATA=log USERS= SUPPORT=20 OUT=other >other
    grep -q -- '--min-item-support 20 --min-events 2 *--split last-day' other
    run ! grep -E 'user-|--min-sessions' other
}

@test "asars-figures.awk counts what it says" {
    # u's sessions are a a b, then b c, after 5, 305 and 25 seconds; v's is a a, after 7
    printf '%s\n' '["session",0,1,[0,5,310],[0,0,1],{"category":[4,4,4]}]' \
        '["session",0,1,[1000,1025],[1,2],{"category":[4,5]}]' '["session",1,1,[5,12],[0,0],{"category":[4,4]}]' |
        awk -f "$ROOT/pipelines/asars-figures.awk" >figures
    cat figures
    # items: 2/3, 1/2 and 1, then 1/3, 1/2 and 0; categories: 1, 1/2 and 1, then 0, 1/2 and 0
    grep -qx ' 1 72.22%   83.33%' figures
    grep -qx ' 2 27.78%   16.67%' figures
    # of the second session's events one item and one category was in the first
    [ "$(grep -cx ' 1 50.00%   50.00%' figures)" = 1 ]
    grep -qx '      0-9 50.00%' figures
    grep -qx '    20-29 25.00%' figures
    grep -qx '     300- 25.00%' figures
}

@test "intent.mk: session embedding in one stage and in two, the encoder-decoder and its second output, RIB and baselines" {
    synthesize --plant action --format events --users 20 --days 15 >log
    papers intent DATA=log OUT=intent EMBEDDING=4 HIDDEN=5 SPLIT='--split user:0.8 --validation 0.2' \
        SESSIONIZE='csv-sessionize --user user --item item --time time --carry action' INTENT=buy >said 2>err ||
        { cat err; false; }
    for model in pop markov session-knn wide-ready rib embedding embedding-action embedding-dense embedding-staged intent intent-forward \
        intent-action; do
        grep -q "^$model  *1 " intent/scores.txt || { echo "$model"; false; }
    done
    grep -q '^against intent ' intent/against.txt
    spcat intent/intent-action.1.mp | head -n 1 | jq -e '.[2].pipeline[-1][2].intent == "buy"'
    sed -n '/AUC$/,$p' intent/scores.txt | grep -qE '^intent-action +0\.[0-9]{4}$'
    grep -q 'Item attention' intent/attention.html
    # the second stage begins with what the first has of the session
    spcat intent/embedding-staged.1.mp | head -n 1 | jq -e '.[2].pipeline[-1][2]["init-some"]'
    trainer --model session-embedding --embedding 4 --hidden 5 --context action --device cpu --max-steps 0 \
        --init-some intent/embedding-dense.1.safetensors intent/batches.mp 2>&1 >stage.mp |
        grep -q ' has item_embedding.weight, context.action.weight, session0.bias, session1.weight, session1.bias; all else is drawn'
}
