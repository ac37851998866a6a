# trainer NETWORK --wide: the network learns from older sessions as if it were alone, the wide part from
# the newer ones, and then the network from all; losses of its own, optimizers, stops.
bats_require_minimum_version 1.5.0
load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    synthesize --users 40 --days 12 --seed 3 | lfm-sessionize | tfilter --split user:0.8 --validation 0.1 -o split.mp 2>said
    tfilter --split last-week --validation last-day -o week.mp <(synthesize --users 30 --days 30 | lfm-sessionize) 2>said
    # A batch has a session of each user, the first, the second and so on: the same ones whether others
    # are left out or not there.
    batcher -q --scheme longest-first --batch 1000 --epochs 4 -o all.mp split.mp
    batcher -q --scheme longest-first --batch 1000 --epochs 4 --train-oldest user:0.8 -o older.mp split.mp
    batcher -q --flush --scheme user-parallel --batch 6 --epochs 4 -o users.mp split.mp
    batcher -q --flush --scheme longest-first --batch 6 --epochs 4 -o ordered.mp split.mp
}

setup() {
    cd "$BATS_FILE_TMPDIR"
}

# Without dropout, whose numbers depend on the step alone.
train() { trainer --quiet --threads 1 --embedding 8 "$@"; }

# Of each pass of a part, from first to last: a number of its record.
of_passes() { spcat "$1" | jq -c --argjson part "$2" "select(.[0] == \"pass\" and .[2] == \$part)[3].$3"; }

# The best recall@20 on the validation part.
recall() { scorer --json --by none "$1" | jq -es 'map(select(.best))[0].selection_score'; }

@test "in the first half of the passes the network learns from the older sessions as if it were alone" {
    train --model narm --dropout 0 --feature-dropout 0 --lr 0.01 --wide -o both.mp all.mp
    train --model narm --dropout 0 --feature-dropout 0 --lr 0.01 -o alone.mp older.mp
    train --model narm --dropout 0 --feature-dropout 0 --lr 0.01 -o whole.mp all.mp
    [ "$(of_passes both.mp 1 events)" = "$(paste -sd '\n' <(of_passes alone.mp 1 events | head -n 2) <(of_passes whole.mp 1 events | tail -n 2))" ]
    # the same sessions in another order: losses differ by rounding
    for number in 1 2; do
        jq -n --argjson a "$(of_passes both.mp 1 loss | sed -n ${number}p)" --argjson b "$(of_passes alone.mp 1 loss | sed -n ${number}p)" \
            '($a - $b) | fabs < 1e-6 * $a' | grep -qx true
    done
}

@test "the unseen sessions are the newest of all where the split is by time, and few of each user's otherwise" {
    for log in split week; do
        batcher -q --scheme sessions --batch 20 --epochs 2 $log.mp | trainer --threads 1 --model stamp --embedding 4 --wide -o unseen.mp 2>said
        all=$(spcat --summary $log.mp | awk -F '\t' '$1 == "sessions train" { print $2 }')
        unseen=$(sed -n 's/.*: the newest \([0-9]*\) of '"$all"' training sessions teach .*/\1/p' said)
        [ "$((5 * unseen))" -ge "$((all - 4))" ]
        share=0.8; [ $log = week ] || share=user:0.8
        older=$(batcher --epochs 1 --train-oldest $share $log.mp 2>/dev/null | train --model stamp -o older-half.mp 2>/dev/null; of_passes older-half.mp 1 events)
        [ "$(of_passes unseen.mp 1 events | head -n 1)" = "$older" ]
    done
}

@test "what the network is worth is learned in the first half alone" {
    batcher -q --scheme sessions --batch 1000 --epochs 4 -o one.mp split.mp # an update a pass
    train --model stamp --wide --save-by last --save whole.st -o whole.mp one.mp
    train --model stamp --wide --save-by last --max-steps 2 --save half.st -o half.mp one.mp
    train --model stamp --wide --max-steps 0 --save begun.st -o begun.mp one.mp
    tensors whole.st >whole
    tensors half.st >half
    [ "$(comm -12 whole half | grep -c ^wide_)" = 8 ]
    ! grep -qxF "$(grep ^item_embedding whole)" half
    [ "$(comm -12 whole <(tensors begun.st) | grep -c ^wide_)" = 0 ]
}

@test "networks that learn their training part by heart are level with the wide part alone" {
    [ "${VARIANT:-}" != cov ] || skip "about scores: what it runs others run, and counters make it a quarter of an hour"
    synthesize --users 80 --days 30 --seed 7 | lfm-sessionize | tfilter --split user:0.8 --validation 0.1 -o larger.mp 2>said
    batcher -q --scheme sessions --batch 20 --epochs 6 larger.mp | trainer -q --threads 1 --model wide -o wide.mp
    batcher -q --scheme session-parallel --batch 10 --epochs 6 -o slots.mp larger.mp
    batcher -q --scheme user-parallel --batch 10 --epochs 6 -o users6.mp larger.mp
    batcher -q --scheme longest-first --batch 20 --epochs 6 -o ordered6.mp larger.mp
    wide=$(recall wide.mp)
    for run in 'rnn slots' 'hrnn users6' 'ii-rnn ordered6'; do
        # shellcheck disable=SC2086
        set -- $run
        trainer -q --threads 1 --model "$1" --decoder tied --embedding 50 --lr 0.01 --wide -o both.mp "$2.mp"
        echo "$1 $(recall both.mp), wide $wide"
        awk "BEGIN { exit !($(recall both.mp) > $wide - 0.02) }"
    done
}

@test "with each optimizer of the network, the wide part learns" {
    train --model stamp --wide --max-steps 0 --save begun.st -o begun.mp ordered.mp
    tensors begun.st | grep ^wide_ >begun
    for optimizer in adagrad sgd 'sgd --momentum 0.5'; do
        # shellcheck disable=SC2086
        train --model stamp --wide --optimizer $optimizer --lr 1 --save-by last --save other.st -o other.mp ordered.mp
        # what the network is worth is about 1 where it has learned little
        [ "$(comm -12 begun <(tensors other.st) | grep -c -v ^wide_deep)" = 0 ]
    done
}

@test "where there are no older sessions, the network learns from all, and a warning says so" {
    # All training sessions begin at once, so that all are the newest.
    awk 'BEGIN { print "u,i,t"; for (u = 0; u < 30; u++) for (n = 0; n < 8; n++)
        print "u" u ",i" (u + n) % 9 "," 1300000000 + 60 * n + 864000 * (n > 3) }' >at-once.csv
    csv-sessionize -q --user u --item i --time t at-once.csv | tfilter -q --split last-session -o at-once.mp
    batcher -q --scheme sessions --batch 20 --epochs 3 -o newest.mp at-once.mp
    run -0 --separate-stderr trainer --threads 1 --model stamp --embedding 4 --wide -o newest-ranks.mp newest.mp
    [[ $stderr == *'there are no older sessions to learn from'* ]]
    [ "$(of_passes newest-ranks.mp 1 events | head -n 1)" = 0 ]
    [ "$(of_passes newest-ranks.mp 1 events | sort -u | wc -l)" = 2 ]
    batcher -q --scheme sessions --batch 20 --epochs 1 -o once.mp at-once.mp
    run -65 --separate-stderr trainer -q --threads 1 --model stamp --embedding 4 --wide -o never.mp once.mp
    [[ $stderr == *'epoch 1 has nothing to learn from'* ]]
}

@test "of the sessions that passes have the newest teach, those that batcher leaves out do not" {
    batcher -q --scheme sessions --batch 20 --epochs 2 --train-recent 0.5 -o recent.mp week.mp
    trainer --threads 1 --model stamp --embedding 4 --wide -o recent-ranks.mp recent.mp 2>said
    all=$(spcat --summary week.mp | awk -F '\t' '$1 == "sessions train" { print $2 }')
    awk -v all="$all" '/the newest [0-9]* of [0-9]* training sessions/ {
        unseen = $0; sub(/.*the newest /, "", unseen); of = unseen; sub(/^[0-9]* of /, "", of)
        exit !(of + 0 <= all / 2 + 1 && of + 0 > all / 3 && unseen + 0 > 0 && unseen + 0 < of / 3) }' said
    [ "$(of_passes recent-ranks.mp 1 events | head -n 1)" -gt 0 ]
}

@test "without patience left the second half begins, and then the run ends" {
    batcher -q --scheme longest-first --batch 6 --epochs 12 -o long.mp split.mp
    train --model stamp --wide --lr 3 --stop-after 2 --stop-by loss -o early.mp long.mp
    of_passes early.mp 1 events | uniq -c | awk '{ print $1, $2 }' >events
    [ "$(wc -l <events)" = 2 ]
    awk 'NR == 1 { n = $1; few = $2 } NR == 2 { exit !(n < 6 && n + $1 < 12 && $2 > few) }' events
}

@test "a run that is stopped in either half and resumed gives the bytes of one that is not" {
    for run in 'hrnn users 90' 'hrnn users 95' 'hrnn users 98' 'ii-rnn ordered 95' 'stamp ordered 98'; do
        # shellcheck disable=SC2086
        set -- $run
        train --model "$1" --wide --save never.st -o never.mp "$2.mp"
        rm -f check out.mp
        head -c "$(within "$2.mp" "$3")" "$2.mp" >part.mp # where it ends, the run fails
        run train --model "$1" --wide --save model.st -o out.mp --checkpoint check --checkpoint-every 1 part.mp
        [ "$status" != 0 ]
        [ -s check ]
        train --model "$1" --wide --save model.st -o out.mp --checkpoint check --resume check "$2.mp"
        cmp never.mp out.mp
        cmp never.st model.st
    done
}

@test "while the wide part learns, progress is shown and the first SIGINT heard; the resumed run gives the same bytes" {
    need python3
    local pid status=0
    rm -f check out.mp model.st
    # sessions enough for more than the second after which the first progress is shown
    synthesize --users 80 --days 40 --seed 5 | lfm-sessionize | tfilter --split user:0.8 --validation 0.1 -o many.mp 2>said
    batcher -q --batch 20 --epochs 2 -o many-batches.mp many.mp
    train --model stamp --wide --save never.st -o never.mp many-batches.mp
    # A shell's background jobs ignore SIGINT.
    /usr/bin/env --default-signal=INT "$SESSPIPE_BIN/trainer" --quiet --progress json --threads 1 --embedding 8 --model stamp \
        --wide --save model.st -o out.mp --checkpoint check many-batches.mp 2>said &
    pid=$!
    until grep -q '"part":"wide part"' said; do
        kill -0 "$pid" || { cat said; false; }
        sleep 0.1
    done
    kill -INT "$pid"
    wait "$pid" || status=$?
    [ "$status" = 130 ] || { cat said; false; }
    [ ! -e model.st ]
    [ ! -e out.mp ]
    grep '"part":"wide part"' said | jq -s 'all(.epoch == 1 and .share > 0 and .share <= 1 and .left >= 0 and .loss > 0 and .events > 0)' | grep -qx true
    python3 - check <<'END'
import json, struct, sys
data = open(sys.argv[1], "rb").read()
size, = struct.unpack("<Q", data[:8])
entries = json.loads(data[8:8 + size])
def number(name):
    begin, end = entries["stacking." + name]["data_offsets"]
    return int.from_bytes(data[8 + size + begin:8 + size + end], "little")
assert number("turn") == 1 and number("pass") == 1, "stopped elsewhere"
END
    train --model stamp --wide --save model.st -o out.mp --checkpoint check --resume check many-batches.mp
    cmp never.mp out.mp
    cmp never.st model.st
}
