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
        batcher --batch 20 --epochs 4 --test-from 4 -o b.mp
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

# Of predictions on stdin, the recall@$1 of the last epoch's test; fails where there is none.
recall() {
    scorer --at "$1" --by none --json | jq -es "map(select(.part == \"test\"))[-1][\"recall@$1\"]"
}

# tastes LOG-SEED: the log in parallel mini-batches, and the same with sessions exchanged between users.
tastes() {
    split --plant taste --users 240 --days 40 --seed "$1" >split.mp
    exchange "$1" <split.mp >exchanged.mp
    for log in split exchanged; do
        for scheme in user session; do
            batcher --scheme $scheme-parallel --batch 50 --epochs 10 --test-from 10 \
                -o $log.$scheme.mp $log.mp
        done
    done
}

# first BATCHES OPTION ...: how often the item that a network puts first is the one that comes.
first() { trainer --embedding 32 --dropout 0 --lr 0.005 --threads 1 --quiet "${@:2}" "$1.mp" | recall 1; }

# history_helps TRAINER-SEED: a network of sessions reaches what can be known without the history
# and no more; with users' states it covers more than half of the way to what can be known with it,
# and with gradient through two steps three quarters; not where the history is somebody else's.
history_helps() {
    without='(0.8 / 4 + 0.2 / 39)' with='(0.8 + 0.2 / 39)' targets=3840
    rnn=$(first split.session --model rnn --seed "$1")
    hrnn=$(first split.user --model hrnn --seed "$1")
    unrolled=$(first split.user --model hrnn --unroll 2 --seed "$1")
    strange=$(first exchanged.user --model hrnn --seed "$1")
    echo "seed $1: rnn $rnn, hrnn $hrnn, of two steps $unrolled; of others' sessions $strange"
    holds "$rnn < $without + noise($without, $targets)"
    holds "$rnn > $without - noise($without, $targets)"
    holds "$hrnn > ($without + $with) / 2 && $hrnn < $with + noise($with, $targets)"
    holds "$unrolled > ($without + 3 * $with) / 4 && $unrolled < $with + noise($with, $targets)"
    holds "$strange < $without + noise($without, $targets)"
}

@test "taste that differs between users: hrnn finds it in their earlier sessions, rnn cannot" {
    tastes 1
    history_helps 1
}

@test "taste that differs between users: the same with other logs and seeds" {
    long
    for log in 1 2 3; do
        tastes $log
        for seed in 1 2 3 4 5; do
            history_helps $seed
        done
    done
}

# purposes LOG-SEED PERCENT-STRAY
purposes() {
    split --plant purpose --stray "$2" --users 50 --days 40 --seed "$1" |
        batcher --scheme sessions --history 0 --batch 25 --epochs 15 --test-from 15 \
            -o purposes.mp
}

# group ENCODER TRAINER-SEED: how often the item that comes is among the first four, as many as a
# purpose has.  There are five purposes to a unit of the state.
group() {
    trainer --model narm --encoder "$1" --gru reset-before --embedding 16 --dropout 0 \
        --feature-dropout 0 --lr 0.005 --seed "$2" --threads 1 --quiet purposes.mp | recall 4
}

# sum_helps TRAINER-SEED: counting the session's clicks is worth more than its newest click.  With
# the sum over all states beside the newest a network is nearer to what counting gives, and ahead of
# one that has the newest alone by more than a standard deviation of such a difference; `leads` is
# told by how much.
sum_helps() {
    newest=0.258 counting=0.433 targets=5950
    global=$(group global "$1")
    hybrid=$(group hybrid "$1")
    echo "seed $1: global $global, hybrid $hybrid"
    holds "$hybrid > ($newest + $counting) / 2 && $hybrid < $counting + noise($counting, $targets)"
    holds "$hybrid - $global > noise($counting, $targets) / 4 * sqrt(2)"
    echo "$hybrid $global" >>leads
}

# Without stray clicks every click tells the purpose.
newest_is_enough() {
    global=$(group global "$1")
    hybrid=$(group hybrid "$1")
    echo "seed $1, no stray clicks: global $global, hybrid $hybrid"
    holds "$global > 0.99 && $hybrid > 0.99"
}

@test "sessions of one purpose with stray clicks: narm's hybrid encoder is ahead of the global one" {
    purposes 1 50
    sum_helps 1
    purposes 1 0
    newest_is_enough 1
}

@test "sessions of one purpose with stray clicks: the same with other logs and seeds" {
    long
    for log in 1 2 3; do
        for stray in 50 0; do
            purposes $log $stray
            for seed in 1 2 3 4 5; do
                if [ $stray = 0 ]; then newest_is_enough $seed; else sum_helps $seed; fi
            done
        done
    done
    # On average by more than three.
    mean=$(awk '{ sum += $1 - $2 } END { print sum / NR }' leads)
    echo "lead $mean"
    holds "$mean > noise($counting, $targets) * 3 / 4 * sqrt(2)"
}

# What comes last in a session depends on what of it is bought.
actions() {
    synthesize --plant action --format events --users 150 |
        csv-sessionize --user user --item item --time time --carry action | tfilter --split user:0.8 |
        batcher --scheme sessions --history 0 --batch 25 --epochs 15 --test-from 15 -o actions.mp
}

# last OPTION ...: how often the last item is among the first ten, as many as a group has.
last() {
    trainer --model session-embedding --embedding 32 --dropout 0 --lr 0.01 --threads 1 --quiet "$@" actions.mp | spcat |
        jq -es '[.[] | select(.[0] == "rank")[1] | [.position, .rank] | transpose[] | select(.[0] == 3) | .[1] <= 10] |
            (map(select(.)) | length) / length'
}

@test "what is bought sends elsewhere: session-embedding finds it by actions, and not without them" {
    actions
    with=$(last --context action)
    without=$(last)
    dense=$(last --context action --decoder dense)
    echo "with actions $with, a vector of each item's own $dense; without $without"
    # One of eight groups comes, four viewed ones and those that go with them.
    holds "$with > $without + 0.1 && $dense > $without + 0.1 && $without < 1 / 8 + noise(1 / 8, 1200)"
}
