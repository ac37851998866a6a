# scorer: one model against another over users, and which runs may be averaged or compared.
bats_require_minimum_version 1.5.0
load helpers
load scores

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
        run -64 --separate-stderr scorer $more markov.mp
        [[ $stderr == *'are of the intervals of --against BASE'* ]]
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
