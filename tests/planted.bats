# What is planted in a made-up log is what a trained model attends to, and its pictures show it.
bats_require_minimum_version 1.5.0
load helpers

long() { [ -n "${SESSPIPE_LONG:-}" ] || skip "slow: make check-long"; }

# batches LOG-OPTION ... : a log, split; then the batcher's options in $BATCHER.
batches() {
    synthesize "$@" | lfm-sessionize | tfilter --split user:0.8 2>/dev/null |
        batcher --batch 20 $BATCHER 2>/dev/null
}
learn() { trainer --lr 0.005 --threads 1 --quiet --attention 300 "$@"; }

# relative LEVEL PICTURE GROUP: of the picture in `tsv`.
relative() {
    awk -F '\t' -v l="$1" -v p="$2" -v g="$3" '$4 == l && $5 == p && $11 == g { print $13 }' tsv
}

# A day and two days ago weigh more than even attention, the hours beside them less, and less than
# a tenth of it.
finds_the_day() {
    for day in 24 48; do
        weight=$(relative inter age $day)
        awk -v w="$weight" 'BEGIN { exit !(w > 1.5) }' || { echo "$day h: $weight"; false; }
        for hour in $((day - 1)) $((day + 1)); do
            beside=$(relative inter age $hour)
            echo "$day h: $weight, $hour h: $beside"
            awk -v w="$weight" -v b="$beside" 'BEGIN { exit !(b != "" && b < w / 10) }'
        done
    done
}

@test "sessions that share taste with those of the day before: attention by age finds them" {
    BATCHER='--epochs 2 --test-from 2' batches --plant day --users 60 --days 30 --seed 1 >b.mp
    learn --inter delta --embedding 50 b.mp >1.mp
    attnviz --svg pictures --format tsv 1.mp >tsv
    finds_the_day
    [ -s pictures/inter-age.svg ]
}

@test "short sessions that are noise: attention at the user level weighs them less" {
    long
    BATCHER='--epochs 4 --test-from 4 --with-history-items' \
        batches --plant short --users 100 --days 40 --seed 1 >b.mp
    learn --model hierarchical --session-rep attention --user-rep attention --attend-to input b.mp >1.mp
    attnviz 1.mp >tsv
    # Means of the noise, 2 and 3 events, and of what is none; each with its standard error.
    awk -F '\t' '$4 == "user" && $5 == "length" {
            short = $11 < 4; sum[short] += $13 * $15; n[short] += $15
            if ($11 == 2) { two = $13; error = $14 }
        }
        END {
            print "short:", sum[1] / n[1], "long:", sum[0] / n[0], "of two events:", two, "±", error
            exit !(sum[1] / n[1] < 0.95 * sum[0] / n[0] && two + 3 * error < 1)
        }' tsv
}
