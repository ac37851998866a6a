# scorer: values worked out by hand, the best epoch, runs, formats, broken input.
bats_require_minimum_version 1.5.0
load helpers
load scores

@test "recall and MRR, worked out by hand" {
    hand | predictions | scorer --json --by none | grep '"epoch": 1, "part": "test"' >line
    near 0.33333333333333333 "$(value recall@5 <line)"   # rank 1 of 1, 6, 21
    near 0.66666666666666667 "$(value recall@10 <line)"
    near 0.66666666666666667 "$(value recall@20 <line)"
    near 0.33333333333333333 "$(value mrr@5 <line)"      # (1) / 3
    near 0.38888888888888889 "$(value mrr@10 <line)"     # (1 + 1/6) / 3
    near 0.38888888888888889 "$(value mrr@20 <line)"
    [ "$(value loss <line)" = 2.25 ]
    [ "$(value events <line)" = 3 ]
}

@test "each position and all up to it" {
    hand | predictions | scorer --json | grep '"epoch": 2' >lines
    grep '"by": "position", "group": "1"' lines >first
    grep '"by": "position", "group": "2"' lines >second
    grep '"by": "position-up-to", "group": "2"' lines >both
    near 0.5 "$(value recall@5 <first)"
    near 0.525 "$(value mrr@20 <first)"                  # (1 + 1/20) / 2
    near 2 "$(value loss <first)"
    near 0.25 "$(value mrr@20 <second)"
    near 0.43333333333333333 "$(value mrr@20 <both)"     # (1 + 1/20 + 1/4) / 3
    [ "$(value events <first)" = 2 ]
    [ "$(value events <both)" = 3 ]
    [ "$(grep -c position-up-to lines)" = 2 ]
    hand | predictions | scorer --json --by none >lines
    [ "$(wc -l <lines)" = 4 ]
    run -1 grep -q position lines
}

@test "--at chooses the k, in any order" {
    hand | predictions | scorer --json --by none --at 21,1 | grep '"epoch": 1, "part": "test"' >line
    near 0.33333333333333333 "$(value recall@1 <line)"
    near 1 "$(value recall@21 <line)"
    grep -q '"recall@1": .*"recall@21": .*"mrr@1": .*"mrr@21"' line
    run -1 grep -q 'recall@5"' line
}

@test "by history, length, phase, popularity, seen: by hand" {
    broken_down | predictions | scorer --json --at 2 --by all >lines
    group history '<=6' && near 0.6 "$(value recall@2 <line)" && near 3 "$(value loss <line)"
    group history '>6' && [ "$(value events <line)" = 1 ]
    group length 6 && [ "$(value events <line)" = 5 ]
    group length 4 && near 1 "$(value recall@2 <line)"
    group history-quarters 6 && [ "$(value events <line)" = 5 ] && near 0.6 "$(value recall@2 <line)"
    group history-quarters 7 && [ "$(value events <line)" = 1 ]
    group length-quarters 4-6 && [ "$(value events <line)" = 6 ]
    group phase beginning && near 0.75 "$(value mrr@2 <line)" && [ "$(value events <line)" = 2 ]
    group phase middle && near 0 "$(value mrr@2 <line)" && [ "$(value events <line)" = 2 ]
    group phase end && near 0.5 "$(value mrr@2 <line)" && [ "$(value events <line)" = 1 ]
    group popularity 0 && [ "$(value events <line)" = 1 ] # of 8 events 2 are a quarter
    group popularity 1-2 && [ "$(value events <line)" = 3 ]
    near 0.66666666666666667 "$(value recall@2 <line)"
    group popularity 3-5 && [ "$(value events <line)" = 2 ]
    group seen unseen && near 1 "$(value mrr@2 <line)"
    group seen seen && near 0.6 "$(value recall@2 <line)" && [ "$(value events <line)" = 5 ]
    group position-up-to 5 && near 0.66666666666666667 "$(value recall@2 <line)"
    [ "$(grep -c '"by"' lines)" = $((5 + 5 + 2 + 2 + 1 + 2 + 1 + 3 + 3 + 2)) ]
}

@test "quarters of the targets, by what the log holds: against all numbers" {
    awk 'BEGIN {
        srand(5)
        print "run trainer model=ii-rnn\nuser ann"
        for (i = 0; i < 40; i++)
            print "item 1 item " i
        print "epoch 1 test"
        for (i = 0; i < 997; i++)
            printf "rank 0 %d 0 1 history=%d length=%d target=0\n", 1 + int(40 * rand()),
                int(1200 * rand() ^ 4), 2 + int(9 * rand() ^ 2)
        print "pass 2"
    }' | predictions >ranks.mp
    scorer --json --by history-quarters,length-quarters ranks.mp | jq -c 'select(.by != null)' >made
    spcat ranks.mp | jq -c 'select(.[0] == "rank")[1] | [[.history, .length, .rank] | transpose[] |
        [([.[0], 1000] | min), .[1], .[2]]]' >targets
    quarters() { # COLUMN: the groups, one number after another
        jq -rs "add | length as \$all | group_by(.[$1]) | reduce .[] as \$g (
            {below: 0, open: [], done: []};
            .below += (\$g | length) | .before = .below - (\$g | length) - (.open | length) |
            .open += \$g |
            if (.below * 4 / \$all | floor) > (.before * 4 / \$all | floor)
            then .done += [.open] | .open = [] else . end) | .done[] |
            [(map(.[$1]) | min, max), length, ([.[] | select(.[2] <= 20)] | length) / length] | @tsv" targets
    }
    for by in 'history-quarters 0' 'length-quarters 1'; do
        read -r name column <<<"$by"
        quarters "$column" | awk '{ print ($1 == $2 ? $1 : $1 "-" $2) ($2 == 1000 ? "+" : ""), $3, sprintf("%.6f", $4) }' >expected
        jq -r "select(.by == \"$name\") | [.group, .events, .[\"recall@20\"]] | @tsv" made |
            awk '{ print $1, $2, sprintf("%.6f", $3) }' | diff expected -
    done
    [ "$(grep -c history-quarters made)" = 4 ]
}

@test "--by takes a list and shows only what is in it" {
    broken_down | predictions >ranks.mp
    scorer --by phase,seen --best ranks.mp >table
    [ "$(grep ' by ' table | cut -d: -f1)" = $'ii-rnn by phase\nii-rnn by seen\nbest epoch by recall@20, selected_on' ]
    grep -qE '^middle +2 +3.5000 +1.0000 ' table
    run -64 scorer --by phase,week ranks.mp
    [[ $output == *'--by phase,week: "week" is no breakdown: possible are position, '* ]]
    run -64 scorer --by user,phase ranks.mp
    [[ $output == *'"user" is no breakdown: possible are position, '*', all and none, and alone user' ]]
    run -65 scorer --by day ranks.mp
    [[ $output == *'a breakdown by day needs the days on which sessions ended ("day")'* ]]
}

@test "popularity and seen need the items' counts: 65 without them" {
    hand | predictions >ranks.mp
    for by in popularity seen all; do
        run -65 --separate-stderr scorer --by $by ranks.mp
        [[ $stderr == *'tfilter --split'* ]]
    done
    scorer --by history,length,phase ranks.mp >table
}

@test "the counts come through all stages" {
    synthesize --users 12 --days 8 | lfm-sessionize | tfilter --split user:0.5 -o split.mp
    batcher --epochs 1 --batch 6 split.mp | trainer --embedding 4 --threads 1 --quiet -o rnn.mp
    baseline --model pop split.mp -o pop.mp
    for run in rnn pop; do
        scorer --json --by popularity,seen $run.mp >lines
        grep -v '"by"' lines | value events | tail -n 1 >all
        for by in popularity seen; do
            grep "\"by\": \"$by\"" lines | value events | awk '{ n += $1 } END { print n }' | cmp - all
        done
    done
}

@test "precision is recall over k; in tables only with --precision" {
    hand | predictions >ranks.mp
    scorer --json --by none --at 20,4 ranks.mp | grep '"epoch": 2, "part": "test"' >line
    near 0.16666666666666667 "$(value precision@4 <line)" # 2 of 3 ranks, each one of 4
    near 0.05 "$(value precision@20 <line)"
    scorer --best --by none ranks.mp >table
    run -1 grep precision table
    scorer --best --by none --precision ranks.mp | grep -qE 'mrr@20 +precision@5 +precision@10 +precision@20$'
    scorer --best --by none --best-by precision@10 ranks.mp | grep -q 'best epoch by precision@10'
}

@test "the best epoch, chosen on the test part, and the output says so" {
    hand | predictions >ranks.mp
    scorer --json --by none ranks.mp | grep '"best": true' >line
    [ "$(value epoch <line)" = 2 ]
    [ "$(value selected_on <line)" = '"test"' ]
    scorer --json --by none --best-by recall@10 ranks.mp | grep '"best": true' >line
    [ "$(value epoch <line)" = 1 ]                       # of equals the first
    scorer --json --by none --best-by loss ranks.mp | grep '"best": true' >line
    [ "$(value epoch <line)" = 2 ]
    scorer --json --by none --best-by mrr@3 ranks.mp | grep '"best": true' >line
    [ "$(value epoch <line)" = 1 ]
    scorer ranks.mp >table
    grep -qx 'best epoch by recall@20, selected_on: test' table
    grep -qE '^ii-rnn hidden,delta +1 +2 +3 +2.0000 .*0.4333$' table
}

@test "a validation part chooses the epoch" {
    predictions >ranks.mp <<EOT
run trainer model=ii-rnn
items 30
epoch 1 validation
rank 0 1
pass 2
epoch 1 test
rank 0 25
pass 2
epoch 2 validation
rank 0 25
pass 2
epoch 2 test
rank 0 2
pass 2
EOT
    scorer --json --by none ranks.mp >lines
    [ "$(grep -c '"best": true' lines)" = 1 ]
    grep '"best": true' lines | grep -q '"epoch": 1, "part": "test".*"selected_on": "validation"'
    scorer ranks.mp | grep -qx 'best epoch by recall@20, selected_on: validation'
}

@test "epochs show as they end, the leading ones marked" {
    mkfifo lines
    predictions <lines 3>&- | scorer >table 3>&- &
    exec 7>lines
    hand | sed '/^epoch 2 train/,$d' >&7
    for _ in $(seq 100); do
        grep -q '^1 .*test' table 2>/dev/null && break
        sleep 0.1
    done
    cat table
    grep -qE '^1 +train +100 +3.5000 +- ' table
    grep -qE '^1 +test +3 +2.2500 +0.3333 .*\*$' table
    run -1 grep -q '^model' table
    hand | sed -n '/^epoch 2 train/,$p' >&7
    exec 7>&-
    wait
    grep -qE '^2 +test .*\*$' table
    grep -q '^model' table
}

@test "runs of one model: mean and sample standard deviation" {
    hand 1 | predictions >1.mp
    hand 2 | sed 's/^rank 1 4/rank 1 2/' | predictions >2.mp
    hand 3 | sed 's/^rank 1 4/rank 1 1/' | predictions >3.mp
    scorer --json --by none 1.mp 2.mp 3.mp >lines
    [ "$(grep -c '"run": ' lines)" = 12 ]
    [ "$(grep -c '"best": true' lines)" = 3 ]
    [ "$(grep '"run": 2' lines | value seed | sort -u)" = 3 ]
    grep '"runs": 3' lines >line
    near 0.54444444444444444 "$(value mrr@20 <line)"     # of 1.3/3, 1.55/3 and 2.05/3
    near 0.12729376930432875 "$(value mrr@20_sd <line)"
    near 0 "$(value recall@20_sd <line)"
    scorer --best --by none 1.mp 2.mp 3.mp >table
    grep -qE '^ii-rnn hidden,delta +3 +2 +3 .* 0.5444 ± 0.1273$' table
    grep -q 'sample standard deviation (n - 1)' table
    cat 1.mp 2.mp 3.mp | scorer --best --by none | cmp - table
}

@test "different models are rows of their own, with different names" {
    hand 1 | predictions >1.mp
    hand 1 '' | predictions >2.mp
    hand 1 | sed 's/lr=0.1/lr=0.2/' | predictions >3.mp
    predictions >pop.mp <<EOT
run tfilter split=user:0.8 | baseline model=pop
items 30
epoch 1 test
rank 0 3
pass 3
EOT
    scorer --best --by none pop.mp 2.mp 1.mp >table
    [ "$(awk 'NR > 1 && NR < 5 { print $1, $2 }' table)" = $'pop 1\nii-rnn 1\nii-rnn hidden,delta' ]
    scorer --best --by none 1.mp 3.mp >table
    grep -q '^ii-rnn hidden,delta lr=0.1 ' table
    grep -q '^ii-rnn hidden,delta lr=0.2 ' table
    scorer --best --by none --name baseline --name 'with attention' 2.mp 1.mp >table
    grep -q '^baseline  ' table
    grep -q '^with attention  ' table
    run -64 scorer --name a --name b 1.mp
    [[ $output == *'2 names for 1 models'* ]]
}

@test "tables by position for one model; for several models only with --by" {
    hand 1 | predictions >1.mp
    hand 2 | predictions >2.mp
    hand 1 '' | predictions >other.mp
    scorer --best 1.mp 2.mp >one
    [ "$(grep -c ' by position' one)" = 2 ]
    scorer --best 1.mp other.mp >several
    [ "$(wc -l <several)" = 5 ]
    run -1 grep ' by position' several
    scorer --best --by position 1.mp other.mp >asked
    [ "$(grep -c ' by position' asked)" = 4 ]
    cmp several <(tail -n 5 asked)
}

@test "TSV: one width, the same numbers as JSON, empty where there is none" {
    hand 1 | predictions >1.mp
    hand 2 | predictions >2.mp
    scorer --format tsv 1.mp 2.mp >tsv
    [ "$(awk -F '\t' '{ print NF }' tsv | sort -u)" = 31 ]
    [ "$(awk -F '\t' '$28 == "true" && $6 == "" { print $1, $3, $4, $29 }' tsv)" = $'0 1 2 test\n1 2 2 test' ]
    [ "$(column best <tsv | sort -u | tr '\n' ' ')" = ' false true ' ]
    [ "$(awk -F '\t' '$5 == "train" { print $10 }' tsv | sort -u)" = '' ]
    [ "$(awk -F '\t' '$1 == "sd" { print $10 }' tsv | sort -u)" = 0 ]
    [ "$(awk -F '\t' 'NR > 1 && $5 == "test" && $1 ~ /^[0-9]/ { print $15 }' tsv)" = \
        "$(scorer --json 1.mp 2.mp | grep '"run": ' | value mrr@20)" ]
}

@test "names with tabs, quotes and bytes that are not UTF-8" {
    hand 1 $'a\tb"\\\xff' | predictions >1.mp
    hand 2 $'a\tb"\\\xff' | predictions >2.mp
    name=$'x\ty"\\\xff'
    scorer --json --name "$name" --best --by none 1.mp | grep -qF '"name": "x\ty\"\\\udcff"'
    [ "$(scorer --format tsv --name "$name" 1.mp | awk -F '\t' '{ print NF }' | sort -u)" = 31 ]
    if command -v python3 >/dev/null; then
        scorer --json 1.mp 2.mp | python3 -c 'import json, sys
for line in sys.stdin: json.loads(line)'
    fi
}

@test "the same in every locale and time zone" {
    hand | predictions >1.mp
    scorer --json 1.mp >plain
    LC_ALL=de_DE.UTF-8 TZ=Asia/Kolkata scorer --json 1.mp | cmp - plain
}

@test "a pass that counts other targets than it has ranks is 65" {
    hand | sed '$s/.*/pass 2 4/' | predictions >1.mp
    run -65 --separate-stderr scorer --json 1.mp
    [ -z "$output" ]
    [[ $stderr == *'epoch 2 has 4 targets but 3 ranks'* ]]
}

@test "a stream without a test pass is 65 and says what to look at" {
    hand | sed '/^epoch 1 test/,$d' | predictions >1.mp
    run -65 --separate-stderr scorer 1.mp
    [[ $stderr == *'1.mp: '*'--test-from'* ]]
    hand 2 | predictions >2.mp
    run -65 --separate-stderr scorer 1.mp 2.mp           # the file is named, not the one that follows
    [[ $stderr == 'scorer: 1.mp: no validation or test pass'* ]]
}

@test "input that is cut off is 65, and no result is written" {
    (hand; echo cut) | predictions >cut.mp
    run -65 --separate-stderr scorer --json cut.mp
    [ -z "$output" ]
    [[ $stderr == scorer:*'ended early'* ]]
    run -65 scorer -o table cut.mp
    [ "$(echo table*)" = "table*" ]
    hand | predictions >whole.mp
    for n in 0 1 20 200 $(($(stat -c %s whole.mp) - 1)); do
        head -c "$n" whole.mp >part.mp
        run -65 --separate-stderr scorer --json part.mp
        [ -z "$output" ]
        [ -n "$stderr" ]
    done
    run -65 --separate-stderr scorer --json whole.mp cut.mp
    [ -z "$output" ]
}

@test "a stream of another kind is 65, no such file 66" {
    synthesize --users 3 --days 3 | lfm-sessionize >sessions.mp
    run -65 --separate-stderr scorer sessions.mp
    [[ $stderr == *sessions* ]]
    run -66 scorer no-such-file.mp
}

@test "wrong usage is 64 and says what is possible" {
    for list in '' 0 5,5 5,x 99999 5,all,all 5,all,9; do
        run -64 --separate-stderr scorer --at "$list" /dev/null
        [[ $stderr == *--at* ]]
    done
    run -64 --separate-stderr scorer --best-by auc /dev/null
    [[ $stderr == *recall@K* ]]
    run -64 --separate-stderr scorer --by week /dev/null
    [[ $stderr == *position* ]]
    run -64 --separate-stderr scorer --json --format tsv /dev/null
    [[ $stderr == *--json* ]]
}

@test "a full disk is 74, a reader that goes away ends it quietly" {
    hand | predictions >1.mp
    run -74 bash -c 'scorer 1.mp >/dev/full'
    run -74 bash -c 'scorer 1.mp >&-'
    for i in $(seq 200); do hand "$i"; done | predictions >many.mp
    run -141 --separate-stderr bash -o pipefail -c 'scorer many.mp | head -c 1 >/dev/null'
    [ -z "$stderr" ]
}

@test "-o writes what stdout would have got" {
    hand | predictions >1.mp
    scorer 1.mp >plain
    scorer -o table 1.mp >out
    cmp plain table
    [ ! -s out ]
}

@test "an obvious implementation agrees on thousands of ranks" {
    synthesize --users 40 --days 30 | lfm-sessionize | tfilter --split user:0.8 2>/dev/null |
        baseline --model markov -o ranks.mp
    spcat ranks.mp | sed -n 's/^\["rank".*"rank": *\[\([0-9, ]*\)\].*/\1/p' | tr -s ', ' '\n' >ranks
    [ "$(wc -l <ranks)" -gt 1000 ]
    for k in 1 5 10 20; do
        read -r recall mrr < <(awk -v k=$k '
            { n++ } $1 <= k { found++; sum += 1 / $1 } END { printf "%.17g %.17g\n", found / n, sum / n }' ranks)
        scorer --json --by none --at $k ranks.mp >line
        near "$recall" "$(value recall@$k <line)"
        near "$mrr" "$(value mrr@$k <line)"
        [ "$(value events <line)" = "$(wc -l <ranks)" ]
    done
}

# ---- pictures ----

@test "--svg: learning curves and groups, each in its file, with the scores in them" {
    hand 1 | predictions >1.mp
    hand 2 | sed 's/^rank 1 4/rank 1 2/' | predictions >2.mp
    broken_down | predictions >other.mp
    scorer --best --by position,phase,popularity other.mp >plain
    scorer --best --by position,phase,popularity --svg one other.mp | cmp - plain
    [ "$(cd one && echo *)" = 'by-phase.svg by-popularity.svg by-position.svg learning.svg' ]
    grep -qF '<title>middle: 1.0000; 2 targets</title>' one/by-phase.svg
    grep -qF '>recall@20 by phase<' one/by-phase.svg
    grep -qF '>part of the session<' one/by-phase.svg
    for number in 0:1 1-2:3 3-5:2; do # names and sizes, from rare to popular
        grep -oE "<title>${number%:*}: ${number#*:} targets" one/by-popularity.svg
    done
    [ "$(grep -oE '<title>[0-9-]+: [0-9] targets' one/by-popularity.svg | grep -oE '[0-9-]+:')" = $'0:\n1-2:\n3-5:' ]
    # positions that the first model lacks stand in their order; two seeds are a mean
    scorer --best --best-by mrr@20 --svg two 1.mp 2.mp other.mp >out
    [ "$(cd two && echo *)" = 'by-position.svg learning.svg' ]
    grep -qF '<title>2: 0.3750 ± 0.1768; 1 targets</title>' two/by-position.svg # of 1/4 and 1/2
    grep -qF '<title>2: 0.5000; 1 targets</title>' two/by-position.svg
    [ "$(grep -c 'class="f0"' two/by-position.svg) $(grep -c 'class="f1"' two/by-position.svg)" = '4 7' ] # 2 and 5 bars; mark and bar of the legend
    [ "$(grep -oE 'class="s q m"[^>]*>[1-5]<' two/by-position.svg | grep -oE '[1-5]<' | sort -u | wc -l)" = 5 ]
    grep -qF 'epoch 2, test: 0.4333, the best epoch' two/learning.svg
    scorer --best --by none --svg three 1.mp >out && [ "$(echo three/*)" = three/learning.svg ]
    need xmllint
    xmllint --noout one/*.svg two/*.svg three/*.svg
}

@test "--svg: many groups are lines; an empty breakdown says so; no loss" {
    for i in {0..299}; do printf 'ann\t%d\tx\t%d\n' "$i" $((i % 25 + 1)); done >long.tsv
    scorer --best --svg lines --tsv long.tsv >out
    [ "$(grep -c '<circle class="f0"' lines/by-position.svg)" = 301 ]
    [ "$(grep -c '<line class="line l0"' lines/by-position.svg)" = 300 ] # 299 and the legend's
    broken_down | sed -n '/^rank [0-3].* length=6/d; /^rank 4/d; p' | predictions >short.mp
    scorer --best --by phase --svg empty short.mp >out
    grep -qF 'no target is in any group' empty/by-phase.svg
    need xmllint
    xmllint --noout lines/*.svg empty/*.svg
}

@test "--svg: harmful names are made harmless; files that cannot be written" {
    broken_down | predictions >1.mp
    scorer --best --svg names --name '</title></svg><script>alert(1)</script>&"' 1.mp >out
    run -1 grep -qi '<script\|</title></svg>' names/learning.svg names/by-position.svg
    for picture in learning by-position; do
        grep -qF '&lt;/title&gt;&lt;/svg&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;' names/$picture.svg
    done
    scorer --best --svg names --name $'bell\a \377 \xe2\x80\xaegone' 1.mp >out # over what was there
    LC_ALL=C run -1 grep -qF $'\a\n\xe2\x80\xae\n\377' names/by-position.svg
    : >file
    run -73 --separate-stderr scorer --svg file 1.mp
    [[ $stderr == *'cannot make the folder file: Not a directory'* ]]
    run -73 scorer --svg no/such/folder 1.mp
    mkdir -p taken/by-position.svg
    run -73 scorer --svg taken 1.mp
    need xmllint
    xmllint --noout names/*.svg
}
