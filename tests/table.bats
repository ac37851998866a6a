# table.mk: all models on several logs, each run once; the mean and the deviation over seeds.
bats_require_minimum_version 1.5.0
load helpers

table() {
    make --no-print-directory -f "$ROOT/pipelines/table.mk" OUT=out DATA.lastfm=log.tsv DATA.tiny=log.tsv SESSIONIZE.tiny=lfm-sessionize \
        FILTER.tiny='--min-sessions 3 --split last-session --validation last-session' EPOCHS=1 WIDE_EPOCHS=1 EMBEDDING=4 \
        HIDDEN=4 THREADS=1 JOBS=1 DEVICE=cpu TRAIN=--quiet "$@"
}

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    synthesize --users 12 --days 8 >log.tsv
    table LOGS=tiny MODELS='pop wide stamp ii-rnn hrnn bpr-mf' SEEDS='1 2' >said 2>err || { cat err; false; }
}

setup() {
    cp -r --preserve=timestamps "$BATS_FILE_TMPDIR"/. .
}

@test "a line for each model, alone and with --wide: the means of its runs" {
    [ "$(grep -c '^pop \|^wide \|^stamp \|^ii-rnn \|^hrnn \|^bpr-mf ' out/table.txt)" = 6 ]
    [ "$(grep -c ' ± .* ± .* ± .* ± .* 2+2$' out/table.txt)" = 4 ]
    grep -q '^wide .* refused  *2$' out/table.txt
    tail -n "$(wc -l <out/table.txt)" said | cmp - out/table.txt
    # pop has one run, the others one for each seed
    [ "$(wc -l <out/table.tsv)" = $((1 + 1 + 2 + 4 + 4 + 4 + 4)) ]
    # The numbers are scorer's.
    for run in stamp.1 stamp-wide.2; do
        scorer -q --best --by none --format tsv "out/tiny/stamp/$run.mp" | awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
            NR == 2 { print $at["epoch"], $at["selection_score"], $at["recall@20"], $at["mrr@20"], $at["selected_on"] }' >score
        grep -q ' validation$' score
        kind=alone; [ "$run" = stamp.1 ] || kind=wide
        awk -F '\t' -v kind=$kind -v seed="${run#*.}" '$1 == "tiny" && $2 == "stamp" && $3 == kind && $4 == seed {
            print $5, $6, $7, $8, "validation" }' out/table.tsv | cmp - score
    done
    mean=$(awk -F '\t' '$1 == "tiny" && $2 == "stamp" && $3 == "alone" { sum += $7; squares += $7 ^ 2 }
        END { printf "%.3f ± %.3f", sum / 2, sqrt((squares - sum ^ 2 / 2) > 0 ? squares - sum ^ 2 / 2 : 0) }' out/table.tsv)
    grep -q "^stamp *$mean " out/table.txt
    # The same means in Markdown, the highest in bold.
    [ "$(sed -n 1p out/table.md)" = '| recall@20 / MRR@20 | tiny |' ]
    [ "$(sed -n '3,/^$/p' out/table.md | cut -d '|' -f 2 | sed 's/^ //; s/ $//; /^$/d')" = $'pop\nwide\nstamp\nstamp with --wide\nii-rnn\nii-rnn with --wide\nhrnn\nhrnn with --wide\nbpr-mf\nbpr-mf with --wide' ]
    sed -n 's/^|.*| \(.*\) |$/\1/p' out/table.md | sed '1,2d; s/[*]//g' | tr -d ' ' >means
    awk -F '\t' 'NR > 1 { key = $2 "\t" $3; if (!n[key]++) order[++keys] = key; recall[key] += $7; mrr[key] += $8 }
        END { for (i = 1; i <= keys; i++) printf "%.3f/%.3f\n", recall[order[i]] / n[order[i]], mrr[order[i]] / n[order[i]] }' \
        out/table.tsv | sort | cmp - <(sort means)
    best=$(cut -d / -f 1 means | LC_ALL=C sort -gr | sed -n 1p)
    grep -qF "| **$best** / " out/table.md
    [ "$(sed 's/[^*]//g' out/table.md | tr -d '\n' | wc -c)" -ge 8 ]
    spread=$(sed -n 's/^Means .* at most \(0\.[0-9]*\)\. .*/\1/p' out/table.md)
    [ "$spread" = "$(grep -o '± [0-9.]*' out/table.txt | cut -d ' ' -f 2 | LC_ALL=C sort -gr | sed -n 1p)" ]
}

@test "a network with --wide has the settings that it has alone" {
    options() { spcat "out/tiny/$1.mp" | head -n 1 | jq -c '.[2].pipeline[-1][2]'; }
    for run in stamp/stamp best/ii-rnn hrnn/hrnn-init narm/bpr-mf; do
        options $run-wide.1 | jq -e .wide
        [ "$(options $run-wide.1 | jq -c .wide=false)" = "$(options $run.1)" ]
    done
}

@test "what is there is not made again; a further model and a further log are" {
    ls --full-time out/*/*/*.mp | sort >before
    table LOGS=tiny MODELS='pop wide stamp ii-rnn hrnn bpr-mf' SEEDS='1 2' >again
    run ! grep -q 'trainer' again
    cmp <(ls --full-time out/*/*/*.mp | sort) before
    table LOGS='tiny lastfm' MODELS='pop stamp' KINDS=alone SEEDS=1 >more 2>err
    [ "$(grep -c '/trainer ' more)" = 1 ]
    [ "$(grep -c '^stamp .* 1$' out/table.txt)" = 2 ]
    [ "$(grep -c '^tiny \|^lastfm ' out/table.txt)" = 2 ]
    # Those that WIDE names are run with --wide too.
    table LOGS=lastfm MODELS='stamp bpr-mf' SEEDS=1 WIDE=bpr-mf >more 2>err
    [ -e out/lastfm/bpr-mf-wide.1.tsv ]
    [ ! -e out/lastfm/stamp-wide.1.tsv ]
}

@test "a run that fails is named, and the others go on" {
    table LOGS=tiny MODELS='stmp narm' KINDS=alone SEEDS=1 SET.stmp='LR=-1' >said 2>err
    grep -qx 'failed: tiny/stmp.1' said
    grep -q '^narm ' out/table.txt
    run ! grep -q '^stmp ' out/table.txt
}

@test "models that the table says refuse --wide do, and the others do not" {
    for model in $(trainer --model none 2>&1 | sed 's/.*choose from //; s/,//g'); do
        refuse=$(sed -n 's/^REFUSE_WIDE = //p' "$ROOT/pipelines/table.mk")
        takes=1
        trainer --model "$model" -h | grep -q -e '^ *--wide ' || takes=0
        case " $refuse " in
        *" $model "*) [ $takes = 0 ] ;;
        *) [ $takes = 1 ] ;;
        esac || { echo "$model $takes"; false; }
    done
}

@test "other epochs and another log: the runs are made again" {
    table LOGS=tiny MODELS='pop stamp' SEEDS=1 KINDS=alone EPOCHS=2 >said 2>err || { cat err; false; }
    [ "$(awk -F '\t' '$2 == "stamp" { print $4 }' out/table.tsv | wc -l)" = 1 ]
    spcat out/tiny/stamp/stamp.1.mp | jq -s -e 'map(select(.[0] == "epoch")[1]) | max == 2'
    table LOGS=tiny MODELS='pop stamp' SEEDS=1 KINDS=alone EPOCHS=2 >said 2>err
    run -1 grep -E '/(trainer|tfilter|lfm-sessionize) ' said
    cp out/table.txt before
    synthesize --users 12 --days 8 --seed 2 >other.tsv
    touch -d '1 hour ago' other.tsv
    table LOGS=tiny MODELS='pop stamp' SEEDS=1 KINDS=alone EPOCHS=2 DATA.tiny=other.tsv >said 2>err || { cat err; false; }
    run -1 cmp -s before out/table.txt
    lfm-sessionize -q other.tsv | cmp - out/tiny/sessions.mp
}

@test "options of a log may have quotes" {
    { echo 'who,what,when,a kind' && awk -F '\t' -v OFS=, '{ print $1, $4, $2, NR % 9 ? "a view" : "no" }' log.tsv; } >log.csv
    table LOGS=shop DATA.shop=log.csv MODELS='pop rib' KINDS=alone SEEDS=1 FILTER.shop='--min-sessions 3 --split last-session --validation last-session' \
        SESSIONIZE.shop="csv-sessionize --user who --item what --time when --where 'a kind=a view'" >said 2>err || { cat err; false; }
    [ ! -e out/failed.txt ]
    grep -q '^rib ' out/table.txt
}

@test "a table without a run is refused" {
    run -2 table LOGS=tiny MODELS=pop KINDS=both
    [[ $output == *"*** no run: of KINDS='both' alone and wide are known"* ]]
}

@test "a table needs a log, with its data, and models that it knows" {
    run make -f "$ROOT/pipelines/table.mk" OUT=none
    [ "$status" = 2 ]
    [[ $output == *"name the raw logs"* ]]
    run table LOGS='tiny none'
    [ "$status" = 2 ]
    [[ $output == *"the log none has no DATA.none"* ]]
    run table LOGS=tiny MODELS='stamp none'
    [ "$status" = 2 ]
    [[ $output == *"no model is called none"* ]]
}
