# What is planted in a made-up log is what a trained model attends to, and its pictures show it.
bats_require_minimum_version 1.5.0
load helpers

long() { [ -n "${SESSPIPE_LONG:-}" ] || skip "slow: make check-long"; }

# split SYNTHESIZE-OPTION ...
split() { synthesize "$@" | lfm-sessionize | tfilter --split user:0.8; }
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

# Three sessions a day, an hour apart: only those of whole days before are like the one to come.
day() {
    [ -e "$BATS_FILE_TMPDIR/day.mp" ] || split --plant day --users 60 --days 30 --seed 1 |
        batcher --batch 20 --epochs 4 --test-from 4 -o "$BATS_FILE_TMPDIR/day.mp"
    learn --inter "$1" --embedding 50 "$BATS_FILE_TMPDIR/day.mp" >1.mp
    attnviz 1.mp >tsv
    finds_the_day
}

@test "sessions like those of the day before: attention by age buckets finds them" {
    day delta
}

@test "sessions like those of the day before: attention by a smooth function of age finds them" {
    day age
}

@test "short sessions that are noise: attention at the user level weighs them less" {
    long
    split --plant short --users 100 --days 40 --seed 1 |
        batcher --batch 20 --epochs 4 --test-from 4 --with-history-items -o b.mp
    learn --model hierarchical --session-rep attention --user-rep attention \
        --attend-to input b.mp >1.mp
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
