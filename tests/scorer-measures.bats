# scorer: NDCG, every k, lists, repeat and explore, each user; ranks of other programs as text.
bats_require_minimum_version 1.5.0
load helpers
load scores

@test "ndcg by hand, and by an obvious implementation on thousands of ranks" {
    hand | predictions | scorer --json --by none | grep '"epoch": 1, "part": "test"' >line
    near 0.33333333333333333 "$(value ndcg@5 <line)"     # rank 1 of 1, 6, 21
    near 0.45206906236934069 "$(value ndcg@10 <line)"    # (1 + 1 / log2(7)) / 3
    synthesize --users 40 --days 30 | lfm-sessionize | tfilter --split user:0.8 2>/dev/null |
        baseline --model markov -o ranks.mp
    spcat ranks.mp | sed -n 's/^\["rank".*"rank": *\[\([0-9, ]*\)\].*/\1/p' | tr -s ', ' '\n' >ranks
    for k in 1 7 20; do
        gain=$(awk -v k=$k '{ n++ } $1 <= k { sum += log(2) / log(1 + $1) } END { printf "%.17g", sum / n }' ranks)
        scorer --json --by none --at $k ranks.mp >line
        near "$gain" "$(value ndcg@$k <line)"
    done
    scorer --best --by none --ndcg ranks.mp | grep -qE ' mrr@20 +ndcg@5 +ndcg@10 +ndcg@20$'
    scorer --best --by none --best-by ndcg@10 ranks.mp | grep -qx 'best epoch by ndcg@10, selected_on: test'
    scorer --best --by none ranks.mp >table
    run -1 grep ndcg table
}

@test "--at all: every k from 1 to 20, as each alone" {
    hand | predictions >1.mp
    scorer --json --by none --best --at all 1.mp >all
    [ "$(grep -o '"recall@[0-9]*"' all | wc -l)" = 20 ]
    for k in 1 4 19 20; do
        scorer --json --by none --best --best-by recall@20 --at $k 1.mp >one
        [ "$(value ndcg@$k <all) $(value mrr@$k <all)" = "$(value ndcg@$k <one) $(value mrr@$k <one)" ]
    done
    scorer --best --by none --at all 1.mp | grep -qE 'recall@1 +recall@2 .* mrr@20$'
}

@test "--at 5,all: MRR over every rank is the plain mean of 1/rank, whatever the other k are" {
    synthesize --users 20 --days 20 | lfm-sessionize | tfilter --quiet --split user:0.8 -o split.mp
    baseline --model markov split.mp >ranks.mp
    spcat ranks.mp | jq -s '[.[] | select(.[0] == "rank")[1].rank[]] | map(1 / .) | add / length' >mrr
    spcat ranks.mp | jq -s '[.[] | select(.[0] == "rank")[1].rank[]] | map(1 / ((1 + .) | log2)) | add / length' >ndcg
    [ "$(spcat ranks.mp | jq -s '[.[] | select(.[0] == "rank")[1].rank[]] | max')" -gt 100 ]
    for at in 1,all 5,10,all 1000,all; do
        scorer --json --best --by none --at $at ranks.mp >line
        for measure in mrr ndcg; do # ranks beyond the other k are summed in units of 2^-36
            awk -v a="$(cat $measure)" -v b="$(value $measure@all <line)" \
                'BEGIN { d = a - b; exit !(b > 0 && d < 2e-11 && d > -2e-11) }' || { echo "$at $measure"; false; }
        done
        [ "$(value recall@all <line) $(value precision@all <line)" = '1 0' ]
    done
    scorer --best --by position --at 5,all ranks.mp | sed -n 2p | grep -qE 'recall@5 +recall@all +mrr@5 +mrr@all$'
    scorer --best --by none --at 5 --best-by mrr@all ranks.mp | grep -qx 'best epoch by mrr@all, selected_on: test'
    # of each user; the users' means by their targets are the whole
    scorer --by user --at 5,all ranks.mp |
        awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
            $at["part"] == "test" { sum += $at["events"] * $at["mrr@all"]; n += $at["events"] }
            END { printf "%.9f", sum / n }' >users
    [ "$(cat users)" = "$(printf %.9f "$(cat mrr)")" ]
}

@test "coverage and popularity of lists, by an obvious implementation; none without lists" {
    synthesize --users 20 --days 20 | lfm-sessionize | tfilter --split user:0.8 -o split.mp 2>/dev/null
    baseline --model session-knn --top 10 split.mp -o top.mp
    scorer --json --by none --at 1,5,10,20 top.mp >line
    spcat top.mp >lines
    jq -c 'select(.[0] == "item") | [.[1], (.[3].train | tonumber)] | @tsv' -r lines >items
    jq -c 'select(.[0] == "top") | .[1] | .k as $k | .item as $i | range(0; $i | length / $k) | $i[. * $k:(. + 1) * $k] | @tsv' -r lines >lists
    [ "$(wc -l <lists)" -gt 100 ]
    for k in 1 5 10; do
        read -r coverage popularity < <(awk -v k=$k '
            NR == FNR { train[$1] = $2; items++; next }
            { n++; sum = 0; for (i = 1; i <= k; i++) { if (!($i in in_any)) { in_any[$i]; covered++ }; sum += train[$i] }; total += sum / k }
            END { printf "%.17g %.17g\n", covered / items, total / n }' items lists)
        near "$coverage" "$(value coverage@$k <line)"
        awk -v a="$popularity" -v b="$(value popularity@$k <line)" 'BEGIN { exit !((a - b) ^ 2 < 1e-18 && b > 0) }'
    done
    run -1 grep 'coverage@20\|popularity@20' line        # the lists have 10 items
    scorer --best --by none --lists --at 5,20 top.mp >table
    grep -qE ' coverage@5 +coverage@20 +popularity@5 +popularity@20$' table
    grep -qE '^session-knn .* 0\.[0-9]{4} +- +[0-9.]+ +-$' table
    baseline --model session-knn split.mp -o bare.mp
    run -1 grep 'coverage\|popularity' <(scorer --json --by none bare.mp)
    baseline --model pop --top 5 --rank-among 8 split.mp | scorer --json --by none --at 5 >line
    near 0.625 "$(value coverage@5 <line)"               # the same 5 of 8 candidates in every list
    predictions >hand.mp <<EOT
run baseline model=pop
user ann
item 8 a
item 4 b
item 2 c
item 1 d
item 0 e
epoch 1 test
rank 0 1
top 0,1 0,2 3,0
pass 1
EOT
    scorer --json --by none --at 1,2 hand.mp >line
    near 0.4 "$(value coverage@1 <line)"                 # a and d of 5
    near 0.8 "$(value coverage@2 <line)"
    near 5.66666666666666667 "$(value popularity@1 <line)"  # of 8, 8 and 1
    near 5.16666666666666667 "$(value popularity@2 <line)"  # of 6, 5 and 4.5
    # several models: a change, and no difference per user
    baseline --model pop --top 10 split.mp -o pop.mp
    scorer --json --by none --at 5 --against pop.mp top.mp | grep '"against"' >line
    [ -n "$(value coverage@5_change <line)" ]
    run -1 grep coverage@5_difference line
}

@test "repeat and explore: by hand; in every table but for --by none; unknown where the ranks do not say" {
    broken_down | awk '/^rank/ { $0 = $0 " seen=" (n++ % 3 == 0) } 1' | predictions >seen.mp # ranks 1 and 3
    broken_down | sed 's/model=ii-rnn/model=old/' | predictions >old.mp
    scorer --json --at 2 --by repeat seen.mp >lines
    group repeat repeat && [ "$(value events <line)" = 2 ]
    near 0.5 "$(value recall@2 <line)"                   # ranks 1 and 3
    near 0.5 "$(value mrr@2 <line)"
    near 2.5 "$(value loss <line)"
    group repeat explore && [ "$(value events <line)" = 4 ]
    near 0.75 "$(value recall@2 <line)"                  # ranks 2, 4, 2, 1
    scorer --best --at 2 seen.mp >table
    grep -qE '^ii-rnn +repeat +2 +2.5000 +0.5000 +0.5000$' table
    grep -qE '^ii-rnn +explore +4 +4.0000 +0.7500 +0.5000$' table
    grep -qx 'repeat: the user had the target in an earlier event; explore: not' table
    scorer --best --by repeat --at 2 seen.mp >table
    [ "$(grep -c explore table)" = 2 ]                   # no second block
    scorer --best --at 2 seen.mp old.mp >table           # several models have it without --by
    grep -qE '^ii-rnn +explore +4 ' table
    grep -q '^by repeat: unknown of old: the ranks do not say which targets the user had before' table
    scorer --best --by repeat --at 2 old.mp | grep -q '^by repeat: unknown: the ranks do not say'
    scorer --best --by none seen.mp >table
    run -1 grep repeat table
    run -1 grep repeat <(scorer --json --by none seen.mp)
    spcat seen.mp | spcat --from-json | cmp - seen.mp
    spcat --grep item=new seen.mp | grep -q '^."rank".*"target":.0.,.*"seen":.1.' # of the one target
    printf 'user\tposition\ttarget\trank\tseen\nann\t0\tx\t1\t1\nann\t1\ty\t9\t0\n' >own.tsv
    scorer --best --at 5 --tsv own.tsv | grep -qE '^own +repeat +1 +- +1.0000 +1.0000$'
    sed 's/1$/2/' own.tsv >bad.tsv
    run -65 --separate-stderr scorer --tsv bad.tsv
    [[ $stderr == *'line 2: the seen is "2", expected 1 where the user had the target before'* ]]
    broken_down | sed 's/^rank 0 .*/& seen=2/' | predictions >bad.mp
    run -65 --separate-stderr scorer bad.mp
    [[ $stderr == *'"seen"[0] is 2, expected 0 to 1'* ]]
}

@test "--by user: a line of TSV for each user, whose mean by targets is the whole" {
    duel new 'ann bob cyd' 1,3,30 '' 4 | sed '/^item/s/$/\t/' | predictions >1.mp
    scorer --by user --at 2,5 1.mp >tsv
    [ "$(column group <tsv | tr '\n' ' ')" = 'ann cyd ' ] # bob has no target
    [ "$(column by <tsv | sort -u)" = user ]
    [ "$(column events <tsv | tr '\n' ' ')" = '3 1 ' ]
    near 0.33333333333333333 "$(column recall@2 <tsv | head -n 1)"
    near 0.44444444444444444 "$(column mrr@5 <tsv | head -n 1)"  # (1 + 1/3) / 3
    near 0.5 "$(column ndcg@5 <tsv | head -n 1)"         # (1 + 1/2) / 3
    near 0.05 "$(column precision@5 <tsv | tail -n 1 | awk '{ print $1 / 4 }')"
    synthesize --users 20 --days 8 | lfm-sessionize | tfilter --split user:0.5 2>/dev/null |
        baseline --model markov -o markov.mp
    scorer --by user markov.mp >tsv
    scorer --format tsv --by none markov.mp >whole
    [ "$(wc -l <tsv)" = 21 ]
    for score in loss recall@5 mrr@20 precision@10 ndcg@20; do
        column events <tsv | paste - <(column $score <tsv) |
            awk '{ n += $1; sum += $1 * $2 } END { printf "%.17g\n", sum / n }' >mean
        awk -v a="$(cat mean)" -v b="$(column $score <whole)" 'BEGIN { exit !((a - b) ^ 2 < 1e-12 && b > 0) }'
    done
    scorer --json --by user markov.mp | grep -c '"by": "user", "group": "user_0000' | grep -qx 20
    run -64 --separate-stderr scorer --by user --format table markov.mp
    [[ $stderr == *'--by user is written as TSV or JSON'* ]]
    run -64 --separate-stderr scorer --by user --against markov.mp 1.mp
    [[ $stderr == *'--by user and --against exclude each other'* ]]
}

# ---- ranks of other programs ----

@test "--tsv: the ranks of a stream as text have its scores" {
    need python3
    synthesize --users 20 --days 8 | lfm-sessionize | tfilter --split user:0.5 |
        baseline --model markov -o markov.mp
    spcat markov.mp >lines
    python3 - >markov.tsv <<'EOT'
import json
users, items = {}, {}
print("history", "user", "position", "note", "target", "rank", "length", "loss", "seen", sep="\t")
for line in open("lines", errors="surrogateescape"):
    record = json.loads(line)
    if record[0] in ("user", "item"):
        (users if record[0] == "user" else items)[record[1]] = record[2]
    if record[0] == "rank":
        r = record[1]
        for i in range(len(r["rank"])):
            print(r["history"][i], users[r["user"][i]], r["position"][i], "", items[r["target"][i]],
                  r["rank"][i], r["length"][i], r["loss"][i], r["seen"][i], sep="\t")
EOT
    scorer --json --by position,history,length,phase markov.mp | sed 's/"loss": [0-9.]*/"loss"/' >stream
    scorer --json --by position,history,length,phase --tsv markov.tsv |
        sed 's/"loss": [0-9.]*/"loss"/; s/markov.tsv/markov.mp/' >text
    [ "$(wc -l <stream)" -gt 20 ]
    cmp stream text
    scorer --json --by none --tsv markov.tsv --against markov.mp --name base --name text |
        grep '"against"' >line
    [ "$(value users <line) $(value recall@20_difference <line) $(value mrr@20_p <line)" = '20 0 1' ]
    scorer --json --by none markov.mp | value loss >loss
    awk -v a="$(scorer --json --by none --tsv markov.tsv | value loss)" '{ exit !((a - $1) ^ 2 < 1e-12) }' loss
}

@test "--tsv: four columns without names, several files beside streams, targets that were not ranked" {
    mkdir a b
    printf 'ann\t0\tx\t1\nbob\t0\ty\t-\nann\t1\tz\t7\n' >a/own.tsv
    printf 'ann\t0\tx\t2\r\nbob\t0\ty\t2\r\nann\t1\tz\t2' >b/own.tsv
    scorer --json --by none --tsv a/own.tsv >line
    [ "$(value name <line) $(value events <line) $(value loss <line)" = '"own" 3 null' ]
    near 0.66666666666666667 "$(value recall@10 <line)"
    near 0.38095238095238095 "$(value mrr@20 <line)"     # (1 + 0 + 1/7) / 3
    [ "$(scorer --json --by none --tsv - <a/own.tsv | value events)" = 3 ]
    hand 1 | predictions >1.mp
    scorer --best --tsv a/own.tsv 1.mp --tsv b/own.tsv >table
    [ "$(awk 'NR > 1 && NR < 5 { print $1, $2 }' table)" = \
        $'ii-rnn hidden,delta\nown file=a/own.tsv\nown file=b/own.tsv' ]
}

@test "--tsv: an impossible value is 65, with its line" {
    bad() { # bad TEXT MESSAGE OPTION...
        printf "$1" >bad.tsv
        run -65 --separate-stderr scorer "${@:3}" --tsv bad.tsv
        [[ $stderr == *"$2"* ]] || { echo "$1: $stderr"; return 1; }
        run ! grep -q '^model' <<<"$output"
    }
    bad '' 'bad.tsv: there are no targets'
    bad 'user\trank\ttarget\tposition\n' 'no targets'
    bad 'ann\t0\tx\n' 'bad.tsv: line 1: 3 fields, expected user, position, target and rank'
    bad 'ann\t0\tx\t1\t5\n' 'line 1: 5 fields'
    bad 'ann\t0\tx\t1\nbob\t0\tx\n' 'line 2: 3 fields, expected 4'
    bad 'ann\t0\tx\t1\n\n' 'line 2: 1 fields'
    bad 'user\trank\ttarget\nann\t1\tx\n' 'no column "position"'
    bad 'user\trank\trank\ttarget\tposition\n' 'two columns are named "rank"'
    for rank in 0 -1 1.5 x '' 99999999999; do
        bad "ann\t0\tx\t$rank\n" "line 1: the rank is \"$rank\""
    done
    bad 'ann\t-1\tx\t1\n' 'the position is "-1", expected a whole number from 0'
    bad 'user\trank\ttarget\tposition\tlength\nann\t1\tx\t0\t1\n' 'the length is "1"'
    bad 'user\trank\ttarget\tposition\tloss\nann\t1\tx\t0\tnan\n' 'the loss is "nan"'
    bad 'ann\t0\tx\t1\n' 'a breakdown by length' --by length
    bad 'ann\t0\tx\t1\n' 'a breakdown by seen' --by seen
    run -66 scorer --tsv no-such-file
    hand 1 | predictions >1.mp
    run -65 scorer --tsv 1.mp
    run -65 scorer <bad.tsv
}

@test "--tsv: names that are not UTF-8, users who come again after thousands of others" {
    awk 'BEGIN { for (i = 0; i < 20000; i++) printf "user %d\377\t0\tx\t%d\n", i % 7000, i % 30 + 1 }' >many.tsv
    scorer --json --by none --tsv many.tsv >line
    [ "$(value events <line)" = 20000 ]
    near 0.3335 "$(value recall@10 <line)"               # 6670 of 20000
    sort -R many.tsv | scorer --json --by none --tsv - --name many |
        sed 's/standard input/many.tsv/' | cmp - line
}
