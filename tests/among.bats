# --rank-among: ranks among the most supported items, found anew by tests/check-among.py from lists
# of the whole vocabulary; what says so, what is refused.
bats_require_minimum_version 1.5.0
load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    synthesize --users 14 --days 12 >log.tsv
    lfm-sessionize log.tsv | tfilter --split user:0.8 2>report >split.mp
    batcher --batch 7 --history 3 --epochs 2 split.mp 2>>report >batches.mp
    batcher --scheme user-parallel --batch 5 --epochs 2 split.mp 2>>report >parallel.mp
    # Half of the users know a part of the items only.
    head -n $(($(wc -l <log.tsv) / 2)) log.tsv | lfm-sessionize | tfilter --split user:0.8 2>/dev/null |
        batcher --batch 7 2>/dev/null | train --save half >/dev/null
    head -n $(($(wc -l <log.tsv) / 2)) log.tsv | lfm-sessionize | tfilter --split user:0.8 2>/dev/null |
        batcher --scheme user-parallel --batch 5 2>/dev/null |
        train --model rnn --save half-parallel >/dev/null
    train --save model --save-by last batches.mp >/dev/null
}

setup() {
    ln -s "$BATS_FILE_TMPDIR"/{split.mp,batches.mp,parallel.mp,model,half,half-parallel} .
}

train() { trainer -q --threads 1 --embedding 6 "$@"; }

found_anew() { # N [ordered]: `all` and `some` agree, and there was something to find
    run -0 /usr/bin/python3 "$ROOT/tests/check-among.py" "$1" all some "${@:2}"
    read -r ok targets outside alone differ <<<"$output"
    [ "$ok" = ok ]
    [ "$outside" -gt 0 ]
    [ "$outside" -lt "$targets" ]
    [ "$differ" -gt 0 ]
}

@test "trainer: ranks and lists are those among the most supported items" {
    train --top 100000 batches.mp | spcat >all
    for n in 1 7 40; do
        train --top 9 --rank-among $n batches.mp | spcat >some
        found_anew $n
    done
    train --model rnn --top 100000 parallel.mp | spcat >all
    for n in 7 40; do
        train --model rnn --top 9 --rank-among $n parallel.mp | spcat >some
        found_anew $n
    done
}

@test "predictor: likewise, and with items that the model does not know" {
    for given in 'model batches.mp' 'half-parallel parallel.mp' 'half batches.mp'; do
        read -r model batches <<<"$given"
        predictor -q --threads 1 --model $model --top 100000 $batches 2>/dev/null | spcat >all
        for n in 7 40; do
            predictor --threads 1 --model $model --top 9 --rank-among $n $batches 2>said |
                spcat >some
            found_anew $n
            [ $model = model ] || grep -q "$alone of $targets targets count as missed" said
        done
    done
    [ "$alone" -gt 0 ]
}

@test "baseline: likewise, of every model" {
    baseline --model pop --top 50 split.mp >pop.mp
    for model in pop s-pop ppop markov item-knn session-knn 'markov --mix pop.mp' wide; do
        baseline --model $model --top 10000 split.mp | spcat >all
        for n in 7 40; do
            baseline --model $model --top 9 --rank-among $n split.mp | spcat >some
            found_anew $n ordered
        done
    done
}

# What follows the header, which tells the choice.
records() { spcat "$1" | tail -n +2; }

@test "as many as there are items, or more: the records are those of no option" {
    items=$(spcat split.mp | grep -c '^\["item"')
    train --top 3 batches.mp >all.mp
    predictor -q --threads 1 --model model --top 3 batches.mp >all-again.mp
    baseline --model markov --top 3 split.mp >counted.mp
    for n in "$items" $((items + 1)) 2147483647; do
        train --top 3 --rank-among "$n" batches.mp >some.mp
        cmp <(records all.mp) <(records some.mp)
        predictor -q --threads 1 --model model --top 3 --rank-among "$n" batches.mp >some.mp
        cmp <(records all-again.mp) <(records some.mp)
        baseline --model markov --top 3 --rank-among "$n" split.mp >some.mp
        cmp <(records counted.mp) <(records some.mp)
        spcat --summary some.mp | grep -qx "meta rank_among	$n"
    done
    train --rank-among 0 --top 3 batches.mp | cmp - all.mp
    run -1 grep -q rank_among all.mp all-again.mp counted.mp
    train --rank-among $((items - 1)) --top 3 batches.mp >some.mp
    run -1 cmp -s <(records all.mp) <(records some.mp)
}

@test "lists are as long as there are ranked items" {
    train --top 9 --rank-among 4 batches.mp | spcat | grep '^\["top"' >lists
    baseline --model markov --top 9 --rank-among 4 split.mp | spcat | grep '^\["top"' >>lists
    run -1 grep -v '"k":4,' lists
    [ "$(wc -l <lists)" -gt 1 ]
}

@test "counts that the stream does not say: 65, and who writes them" {
    spcat split.mp | sed 's/,"train":"[0-9]*"//; s/^\["E".*/["E"]/' | spcat --from-json >bare.mp
    run -65 --separate-stderr baseline --model pop --rank-among 5 bare.mp
    [[ $stderr == *'--rank-among 5: '*'"train"'*'tfilter --split writes it'* ]]
    batcher --batch 7 bare.mp 2>/dev/null >bare-batches.mp
    run -65 --separate-stderr train --rank-among 5 bare-batches.mp
    [[ $stderr == *'--rank-among 5: '*'"train"'*'tfilter --split writes it'* ]]
    run -65 --separate-stderr predictor -q --threads 1 --model model --rank-among 5 bare-batches.mp
    [[ $stderr == *'--rank-among 5: '*'"train"'* ]]
    train bare-batches.mp >whole.mp
}

@test "a resumed run ranks among as many as before" {
    train --rank-among 7 --checkpoint run.checkpoint batches.mp -o ranks.mp
    run -64 --separate-stderr train --rank-among 8 --resume run.checkpoint batches.mp -o ranks.mp
    [[ $stderr == *'trainer --rank-among was 7, is 8'* ]]
    train --rank-among 7 --resume run.checkpoint batches.mp -o ranks.mp
}

# ---- what is said of the scores ----

hand() { # N SEED: a run of two epochs and two users
    cat <<EOT
${1:+among $1}
run trainer model=ii-rnn seed=${2:-1} ${3:-}
items 30
user other
epoch 1 test
rank 0 1 0 1.5
rank 1 6 2 2
rank 0 3 2 2 user=1
pass 1.75
epoch 2 test
rank 0 1 0 1
rank 1 4 0 2
rank 0 3 2 2 user=1
pass 1.5
EOT
}

@test "every table says what the ranks are among" {
    { hand 50 1; hand 50 2; hand 50 1 lr=2; } | predictions >ranks.mp
    scorer --by position ranks.mp >table
    [ "$(grep -c 'run [0-2], seed [12], ranks among the 50 most supported items$' table)" = 3 ]
    [ "$(grep -cE ' by position(-up-to)?: .*, ranks among the 50 most supported items$' table)" = 4 ]
    [ "$(grep -cx 'ranks among the 50 most supported items' table)" = 1 ]
    scorer --best --by none ranks.mp >table
    [ "$(grep -cx 'ranks among the 50 most supported items' table)" = 1 ]
    hand 50 1 | predictions >base.mp
    hand 50 1 lr=2 | predictions >other.mp
    scorer --best --by none --against base.mp other.mp >table
    [ "$(grep -cx 'ranks among the 50 most supported items' table)" = 2 ]
    hand '' 1 | predictions | scorer >table
    run -1 grep -q among table
}

@test "lines for machines say it too" {
    { hand 50 1; hand 50 2; } | predictions >two.mp
    hand 50 1 lr=2 | predictions >other.mp
    scorer --json --against two.mp other.mp >lines
    run -1 grep -v '"rank_among": 50, ' lines
    grep '"against"' lines
    scorer --format tsv --against two.mp other.mp >lines
    [ "$(cut -f $(head -n 1 lines | tr '\t' '\n' | grep -nx rank_among | cut -d: -f1) lines |
        sort -u | tr '\n' ' ')" = '50 rank_among ' ]
    hand '' 1 | predictions >whole.mp
    run -1 grep -q among <(scorer --json whole.mp)
    scorer --format tsv whole.mp | awk -F '\t' 'NF != 31 || (NR > 1 && $31 != "") { exit 1 }'
}

@test "pictures and the page say it" {
    { hand 50 1; hand 50 2; } | predictions >ranks.mp
    scorer --svg drawn --by position ranks.mp >table
    grep -q 'Learning, epoch by epoch, ranks among the 50 most supported items' drawn/learning.svg
    grep -q 'recall@20 by position, ranks among the 50 most supported items' drawn/by-position.svg
    attnviz --html ranks.mp >page.html
    grep -q '0 beyond k; ranks among the 50 most supported items' page.html
    grep -q 'All epochs; ranks among the 50 most supported items' page.html
    hand '' 1 | predictions | attnviz --html >page.html
    run -1 grep -q 'most supported' page.html
}

@test "runs that rank among other items are not put beside each other: both are named" {
    hand 50 1 | predictions >some.mp
    hand 60 1 lr=2 | predictions >more.mp
    hand '' 1 lr=3 | predictions >all.mp
    run -65 --separate-stderr scorer some.mp more.mp
    [[ $stderr == *'run 1 ranks among the 60 most supported items, the one before among the 50 most'* ]]
    run -65 --separate-stderr scorer --json all.mp more.mp
    [[ $stderr == *'run 1 ranks among the 60 most supported items, the one before among all items'* ]]
    run -65 --separate-stderr scorer --against some.mp all.mp
    [[ $stderr == *'run 1 ranks among all items, the one before among the 50 most supported items'* ]]
    run -65 --separate-stderr attnviz --html some.mp more.mp
    [[ $stderr == *'--rank-among'* ]]
    hand -3 1 | predictions >below.mp
    run -65 --separate-stderr scorer below.mp
    [[ $stderr == *'"rank_among" is -3'* ]]
}
