# scorer: values worked out by hand, the best epoch, runs, formats, broken input.
bats_require_minimum_version 1.5.0
load helpers

# One run of two epochs, three targets each; the second epoch is better at 20, worse at 10.
hand() {
    local inter=${2-hidden,delta}
    cat <<EOT
label ii-rnn${inter:+ $inter}
run batcher seed=3 | trainer model=ii-rnn inter=$inter lr=0.1 seed=${1:-1}
items 30
epoch 1 train
pass 3.5 100
epoch 1 test
rank 0 1 0 1.5
rank 1 6 2 2
rank 0 21 0 3.25
pass 2.25
epoch 2 train
pass 3.25 100
epoch 2 test
rank 0 1 0 1
rank 1 4 0 2
rank 0 20 19 3
pass 2
EOT
}

# A column of TSV on stdin, by its name.
column() { awk -F '\t' -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i; next } { print $at }'; }

# The value of a key in JSON lines on stdin.
value() { grep -o "\"$1\": [^,}]*" | sed 's/^[^:]*: //'; }

near() { # near EXPECTED ACTUAL
    awk -v a="$1" -v b="$2" 'BEGIN { d = a - b; exit !(d < 1e-12 && d > -1e-12 && b != "") }' ||
        { echo "expected $1, got $2"; return 1; }
}

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

# Six targets in two sessions of 5 and 4 events; items that stand 0, 1, 2 and 5 times in training.
broken_down() {
    cat <<EOT
run trainer model=ii-rnn
user ann
item 0 new
item 1 rare
item 2 known
item 5 hit
epoch 1 test
rank 0 1 0 1 history=6 length=6 target=0
rank 1 2 0 2 history=6 length=6 target=1
rank 2 4 0 3 history=6 length=6 target=2
rank 3 3 0 4 history=6 length=6 target=3
rank 4 2 0 5 history=6 length=6 target=3
rank 0 1 0 6 history=7 length=4 target=2
pass 3.5
EOT
}

group() { grep "\"by\": \"$1\", \"group\": \"$2\"" lines >line; } # group BY GROUP: into `line`

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

# ---- one model against another ----

# duel MODEL USERS RANKS...: each user's ranks as "1,2,30"; "" is a user without targets.
duel() {
    local model=$1 users=($2) user=0 position rank
    shift 2
    echo "run trainer model=$model seed=${SEED:-1}"
    printf 'user %s\n' "${users[@]}"
    echo "item 1 thing"
    for rank in {1..40}; do echo "item 1 thing$rank"; done
    echo "epoch 1 test"
    for ranks; do
        position=0
        for rank in ${ranks//,/ }; do
            echo "rank $position $rank user=$user"
            position=$((position + 1))
        done
        user=$((user + 1))
    done
    echo "pass 1"
}

# validated MODEL RANK ...: validation passes of one target, an epoch for each rank.
validated() {
    local epoch=0 rank
    duel "$1" 'ann bob' | sed '/^epoch/,$d'
    for rank in "${@:2}"; do
        epoch=$((epoch + 1))
        printf '%s\n' "epoch $epoch validation" "rank 0 $rank" 'pass 1'
    done
}

@test "--against: change, difference, test and interval by hand, users joined by name" {
    duel base 'ann bob cyd' 1,2 30,4 30,30 | predictions >base.mp
    duel new 'cyd ann bob' 1,30 1,2 1,4 | predictions >new.mp
    scorer --json --by none --at 1 --against base.mp new.mp | grep '"against"' >line
    [ "$(value against <line)" = '"base"' ]
    [ "$(value name <line)" = '"new"' ]
    [ "$(value users <line)" = 3 ]
    [ "$(value users_alone <line)" = 0 ]
    near 2 "$(value recall@1_change <line)"              # 1/6 to 3/6
    near 0.33333333333333333 "$(value recall@1_difference <line)" # of 0, 0.5 and 0.5
    near 0.5 "$(value recall@1_p <line)"                 # 2 of 2 go up: 2 / 2^2
    near 0 "$(value recall@1_low <line)"                 # 1 draw in 27 is the user without change
    near 0.5 "$(value recall@1_high <line)"
    near 0.16666666666666667 "$(value recall@1_users_base <line)"
    near 0.5 "$(value recall@1_users_model <line)"
    near 0.5 "$(value recall@1_holm <line)"              # one model: nothing to correct for
    scorer --best --by none --at 1 --against base.mp new.mp >table
    grep -qE '^new +recall@1 +0.1667  0.5000  \+200.0 % +0.1667  0.5000 +\+0.3333  \+0.0000 to \+0.5000  0.5$' table
    run -1 grep -i holm table
    grep -qx 'new: 3 users' table
    scorer --format tsv --by none --at 1 --against base.mp new.mp | awk -F '\t' '$6 == "against"' >tsv
    [ "$(cut -f 1,2,7,8,10 tsv | tr '\n\t' '; ')" = \
        "change new base 3 2;users_base new base 3 $(value recall@1_users_base <line);users_model new base 3 0.5;difference new base 3 $(value recall@1_difference <line);low new base 3 0;high new base 3 0.5;p new base 3 0.5;holm new base 3 0.5;" ]
}

@test "--against: the base is read once, and the others from standard input where none is named" {
    duel base 'ann bob' 1,2 30,4 | predictions >base.mp
    duel new 'ann bob' 1,30 1,2 | predictions >new.mp
    scorer --best --against base.mp new.mp >table
    scorer --best --against base.mp new.mp base.mp | cmp - table
    scorer --best --against base.mp <new.mp | cmp - table
    run -64 --separate-stderr scorer --against base.mp base.mp </dev/null
    [[ $stderr == *'no other model to compare with base'* ]]
    run -65 --separate-stderr scorer --against base.mp - <base.mp
    [[ $stderr == *'run 1 (standard input) and run 0 (base.mp) are the same model with the same seeds'* ]]
    scorer --best --against - new.mp <base.mp | cmp - table
    run -66 scorer --against no-such-file new.mp
}

@test "--against: users of only one of the two are left out, different numbers of targets counted" {
    duel base 'ann bob cyd dan eve' 1 2 30 3 | predictions >base.mp
    duel new 'eve bob ann dan cyd' 1 1 2,2 '' | predictions >new.mp
    scorer --json --by none --against base.mp new.mp | grep '"against"' >line
    [ "$(value users <line) $(value users_alone <line) $(value users_uneven <line)" = '2 3 1' ]
    scorer --best --by none --against base.mp new.mp |
        grep -qx 'new: 2 users; 3 in only one of the two, left out; 1 with different numbers of targets'
    duel new 'eve ann bob cyd dan' 1 | predictions >strange.mp
    run -65 --separate-stderr scorer --against base.mp strange.mp
    [[ $stderr == *'no user in common'* ]]
    [ -z "$(grep against <<<"$output")" ]
}

@test "--against: several runs of a model are its mean; the order of targets makes no difference" {
    duel base 'ann bob' 1,3,7,3,6,11 30,7,3 | predictions >base.mp
    SEED=1 duel new 'ann bob' 11,3,6,1,7,3 3,30,7 | predictions >1.mp
    SEED=2 duel new 'bob ann' 7,3,30 3,11,1,6,3,7 | predictions >2.mp
    scorer --json --by none --against base.mp 1.mp 2.mp | grep '"against"' >line
    for score in recall@5 mrr@10 mrr@20; do
        [ "$(value ${score}_difference <line) $(value ${score}_p <line)" = '0 1' ]
        [ "$(value ${score}_low <line) $(value ${score}_high <line)" = '0 0' ]
    done
    [ "$(value users_uneven <line)" = 0 ]
    SEED=2 duel new 'bob ann' 7,3,30 1,1,1,1,1,1 | predictions >2.mp
    scorer --json --by none --at 1 --against base.mp 1.mp 2.mp | grep '"against"' >line
    near 0.20833333333333333 "$(value recall@1_difference <line)" # ann (1/6 + 1) / 2 - 1/6, bob 0
}

@test "--against takes the best epoch of each, by validation too" {
    duel base 'ann bob' 1 1 | predictions >base.mp
    predictions >new.mp <<EOT
$(duel new 'bob ann' | sed '/^epoch/,$d')
$(for epoch in 1 2 3; do
    printf '%s\n' "epoch $epoch validation" "rank 0 $((epoch == 2 ? 1 : 9))" 'pass 1'
    printf '%s\n' "epoch $epoch test" "rank 0 $((epoch == 2 ? 3 : 1))" "rank 0 1 user=1" 'pass 1'
done)
EOT
    scorer --json --by none --at 1,20 --best-by recall@1 --against base.mp new.mp | grep '"against"' >line
    near -0.5 "$(value recall@1_difference <line)"
    validated new 9 2 5 | predictions >valid.mp
    validated base 1 8 | predictions >valid-base.mp
    scorer --json --by none --at 20 --best-by mrr@20 --against valid-base.mp valid.mp | grep '"against"' >line
    near -0.5 "$(value mrr@20_difference <line)"
    run -65 --separate-stderr scorer --against base.mp valid.mp
    [[ $stderr == *'run 1 (valid.mp) and run 0 (base.mp) are scored on different parts, the validation part and the test part'* ]]
}

@test "--seed and --resamples choose the draws, and the same ones give the same interval" {
    synthesize --users 20 --days 8 | lfm-sessionize | tfilter --split user:0.5 -o split.mp
    for model in pop markov; do baseline --model $model split.mp -o $model.mp; done
    compare() { scorer --json --by none --against pop.mp "$@" markov.mp | grep '"against"'; }
    compare >base
    compare --seed 1 --resamples 2000 | cmp - base
    for more in '--seed 2' '--resamples 100'; do
        compare $more >other
        run ! cmp -s base other
        [ "$(value recall@5_difference <base) $(value recall@5_p <base)" = \
            "$(value recall@5_difference <other) $(value recall@5_p <other)" ]
    done
}

@test "--against: a model may be compared with several bases, which are not compared with each other" {
    duel pop 'ann bob' 1,9 30,9 | predictions >pop.mp
    duel markov 'ann bob' 1,9 1,9 | predictions >markov.mp
    duel new 'ann bob' 1,1 1,9 | predictions >new.mp
    scorer --json --by none --at 1 --against pop.mp --against markov.mp new.mp | grep '"against"' >lines
    [ "$(value against <lines) $(value name <lines)" = $'"pop"\n"markov" "new"\n"new"' ]
    [ "$(value recall@1_difference <lines)" = $'0.5\n0.25' ]
    scorer --best --by none --at 1 --against pop.mp --against markov.mp new.mp >table
    grep -qE '^against pop +score' table && grep -qE '^against markov +score' table
    run -1 grep -E '^markov +recall@1' table
    scorer --best --by none --at 1 --against pop.mp --against markov.mp pop.mp new.mp markov.mp | cmp - table
    run -64 --separate-stderr scorer --against pop.mp --against markov.mp pop.mp
    [[ $stderr == *'no other model to compare with pop'* ]]
}

@test "--against: Holm's correction over the models, by hand" {
    users='a b c d e f'
    duel base "$users" 9 9 9 9 9 9 | predictions >base.mp
    duel all "$users" 1 1 1 1 1 1 | predictions >all.mp      # p = 2 / 2^6
    duel four "$users" 1 1 1 1 9 9 | predictions >four.mp    # p = 2 / 2^4
    duel five "$users" 1 1 1 1 1 9 | predictions >five.mp    # p = 2 / 2^5
    scorer --json --by none --at 1 --against base.mp all.mp four.mp five.mp | grep '"against"' >lines
    [ "$(value recall@1_p <lines | tr '\n' ' ')" = '0.03125 0.125 0.0625 ' ]
    [ "$(value recall@1_holm <lines | tr '\n' ' ')" = '0.09375 0.125 0.125 ' ] # 3 p, 1 p, 2 p
    scorer --best --by none --at 1 --against base.mp all.mp four.mp five.mp >table
    grep -qE '^all +recall@1 .* 0.031 +0.094$' table
    grep -qx 'Holm: p corrected for the 3 models that are compared with one base' table
    scorer --format tsv --by none --at 1 --against base.mp all.mp four.mp five.mp >tsv
    [ "$(awk -F '\t' '$1 == "holm" { print $10 }' tsv | tr '\n' ' ')" = '0.09375 0.125 0.125 ' ]
}

@test "--against: a change per target of another sign than the difference per user is explained" {
    # ann's 4 targets get worse, three users with one target each get better
    duel base 'ann bob cyd dan' 1,1,1,1 9 9 9 | predictions >base.mp
    duel new 'ann bob cyd dan' 9,9,9,9 1 1 1 | predictions >new.mp
    scorer --best --by none --at 1 --against base.mp new.mp >table
    grep -qE '^new +recall@1 +0.5714  0.4286  -25.0 % +0.2500  0.7500 +\+0.5000 ' table
    grep -qx 'new, recall@1: worse per target, where users with many targets count more, but better per user' table
    grep -q '^per target: every target counts the same' table
    grep -q '^per user: every user in both counts the same' table
    duel new 'ann bob cyd dan' 1,1,1,1 1 1 1 | predictions >better.mp
    scorer --best --by none --at 1 --against base.mp better.mp >table
    run -1 grep 'per target,' table
}

# places ITEM ...: a run with a target at each position of a session of ann's
places() {
    printf '%s\n' "run trainer model=${MODEL:-base} seed=${SEED:-1}" 'user ann' 'item 1 a' 'item 1 b' 'item 1 c'
    local position=0 item
    echo "epoch 1 ${PART:-test}"
    for item; do
        echo "rank $position 2 target=$item session=${SESSION:-3}"
        position=$((position + 1))
    done
    echo 'pass 1'
}

@test "--against: inputs of different data are 65, with the count and the first difference" {
    places 0 1 2 | predictions >base.mp
    MODEL=new places 0 2 1 | predictions >new.mp
    run -65 --separate-stderr scorer --best --against base.mp new.mp
    [[ $stderr == *'run 1 (new.mp) and run 0 (base.mp) have different targets at 2 of 3 common places, first user "ann", session 3, position 1: "c" and "b"'*'make both from one split'* ]]
    MODEL=new places 0 1 | predictions >fewer.mp            # a target less is no error, and is counted
    scorer --best --by none --against base.mp fewer.mp | grep -qx 'new: 1 users; 1 with different numbers of targets'
    MODEL=new places 0 1 2 | sed 's/^item 1 c/item 1 d/' | predictions >items.mp
    run -65 --separate-stderr scorer --against base.mp items.mp
    [[ $stderr == *'not of one data set: items in only one of them: 2, first "c", in the latter'* ]]
    MODEL=new places 0 1 2 | sed 's/^user ann/&\nuser bob/' | predictions >users.mp
    run -65 --separate-stderr scorer --against base.mp users.mp
    [[ $stderr == *'not of one data set: users in only one of them: 1, first "bob", in the former'* ]]
    # ranks as text have no sessions, and name what they rank alone
    printf 'ann\t0\ta\t1\nann\t1\tb\t1\n' >same.tsv
    scorer --best --by none --against base.mp --tsv same.tsv >table
    printf 'ann\t0\tb\t1\nann\t1\tb\t1\n' >other.tsv
    run -65 --separate-stderr scorer --best --against base.mp --tsv other.tsv
    [[ $stderr == *'different targets at 1 of 2 common places, first user "ann", session 0, position 0: "b" and "a"'* ]]
    # the bases are held to each other too
    run -65 --separate-stderr scorer --best --against base.mp --against new.mp fewer.mp
    [[ $stderr == *'run 1 (new.mp) and run 0 (base.mp) have different targets'* ]]
}

# ---- what may be averaged ----

@test "runs of one model: the same run twice is 65" {
    hand 1 | predictions >1.mp
    hand 2 | predictions >2.mp
    for twice in '1.mp 1.mp' '1.mp 2.mp 1.mp' '2.mp --tsv a.tsv --tsv a.tsv'; do
        printf 'ann\t0\tx\t1\n' >a.tsv
        run -65 --separate-stderr scorer --best $twice
        [[ $stderr == *'are the same model with the same seeds'*'would count one run twice'* ]]
        run ! grep '^model' <<<"$output"
    done
    run -65 --separate-stderr scorer 1.mp 2.mp 1.mp
    [[ $stderr == *'run 2 (1.mp) and run 0 (1.mp) are'* ]]
    cat 1.mp 1.mp >both.mp
    run -65 scorer both.mp
    hand 1 | sed 's/batcher seed=3/batcher seed=4/' | predictions >3.mp # another seed of the batches
    scorer --best 1.mp 2.mp 3.mp >table
}

@test "runs of one model on different data are 65: other targets, other counts, another part" {
    places 0 1 2 | predictions >1.mp
    SEED=2 places 0 2 1 | predictions >2.mp
    SEED=3 places 0 1 | predictions >3.mp
    SEED=4 PART=validation places 0 1 2 | predictions >4.mp
    SEED=5 SESSION=7 places 0 1 2 | predictions >5.mp
    run -65 --separate-stderr scorer --best 1.mp 2.mp
    [[ $stderr == *'run 1 (2.mp) and run 0 (1.mp) are runs of one model on different data (3 targets of the test part and 3 others of the test part)'* ]]
    run -65 --separate-stderr scorer --best 1.mp 3.mp
    [[ $stderr == *'(2 targets of the test part and 3 of the test part)'* ]]
    run -65 --separate-stderr scorer --best 1.mp 4.mp
    [[ $stderr == *'(3 targets of the validation part and 3'*' of the test part)'* ]]
    scorer --best 1.mp 5.mp >table
    run -1 grep 'do not compare' table
    MODEL=other places 0 2 1 | predictions >other.mp
    scorer --best 1.mp other.mp | grep -qx 'the models were not scored on the same targets: their scores do not compare'
}

# ---- more measures ----

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

# ---- what chose the epoch, and which run is best ----

@test "the validation score that chose the epoch: in tables, TSV and JSON" {
    validated new 9 2 5 | predictions >1.mp
    SEED=2 validated new 9 9 4 | predictions >2.mp
    scorer --best --by none --best-by mrr@20 1.mp >table
    grep -qE '^model .* validation mrr@20$' table
    grep -qE '^new .* 0.5000$' table
    scorer --best --by none --best-by mrr@20 1.mp 2.mp | grep -qE '^new .* 0.3750 ± 0.1768$' # 1/2 and 1/4
    scorer --json --best --by none --best-by mrr@20 1.mp | value selection_score | grep -qx '0.5'
    scorer --format tsv --best --by none --best-by mrr@20 1.mp | column selection_score | grep -qx 0.5
    hand | predictions >test.mp
    scorer --best --by none test.mp >table
    run -1 grep validation table
    scorer --json --best --by none --best-by loss test.mp | grep -qF '"selected_on": "test", "selection_score": 2}'
}

@test "JSON says the file of each run" {
    hand 1 | predictions >'a "b".mp'
    hand 2 | predictions >2.mp
    scorer --json --by none --best 'a "b".mp' 2.mp >lines
    [ "$(value file <lines)" = $'"a \\"b\\".mp"\n"2.mp"' ]
    scorer --json --by none --best <2.mp | grep -qF '{"run": 0, "file": "standard input", '
}

@test "--pick prints the file of the run that is best on validation, and nothing else" {
    validated a 9 2 30 | predictions >a.mp
    validated b 9 1 30 | predictions >'b 1.mp'
    validated c 1 1 1 | predictions >c.mp
    hand | predictions >test.mp
    [ "$(scorer --pick --best-by mrr@20 a.mp 'b 1.mp' test.mp)" = 'b 1.mp' ]
    [ "$(scorer --pick a.mp 'b 1.mp' c.mp)" = a.mp ]     # all have a recall@20 of 1: the first
    [ "$(scorer --pick --best-by recall@1 c.mp a.mp)" = c.mp ]
    scorer --pick --best-by mrr@20 -o picked a.mp 'b 1.mp'
    [ "$(cat picked)" = 'b 1.mp' ]
    run -65 --separate-stderr scorer --pick test.mp
    [ -z "$output" ]
    [[ $stderr == *'--pick: no run has a validation pass'*'tfilter --validation'* ]]
    run -64 --separate-stderr scorer --pick <a.mp
    [[ $stderr == *'standard input, which has no name'* ]]
    run -64 --separate-stderr scorer --pick --json a.mp
    MODEL=d PART=validation places 0 1 | predictions >d.mp
    run -65 --separate-stderr scorer --pick a.mp d.mp
    [[ $stderr == *'run 1 (d.mp) and run 0 (a.mp) have different targets in their validation parts'* ]]
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
