# Factorizations: what bpr-mf and fpmc learn, whom they take for known, what is saved of them.
bats_require_minimum_version 1.5.0
load helpers

# 60 users of 4 tastes, 25 items each, eight sessions of five.
tastes() {
    awk 'BEGIN {
        srand(3)
        print "user,item,time"
        for (u = 0; u < 60; u++)
            for (s = 0; s < 8; s++)
                for (i = 0; i < 5; i++)
                    printf "u%d,t%d-%d,%d\n", u, u % 4, rand() * 25, 1000000 + s * 86400 + u * 60 + i }'
}

# The same sessions, each of a user of its own.
strangers() { tastes | awk -F , -v OFS=, 'NR > 1 { $1 = $1 "-" int($3 / 86400) } { print }'; }

# Each item has one that follows it.
chain() {
    awk 'BEGIN {
        print "user,item,time"
        for (u = 0; u < 60; u++)
            for (s = 0; s < 4; s++)
                for (i = 0; i < 6; i++)
                    printf "u%d,i%d,%d\n", u, (u * 7 + s * 11 + i) % 40, 1000000 + s * 86400 + u * 60 + i }'
}

sessions() { csv-sessionize --user user --item item --time time; }
learn() { trainer --threads 1 --quiet --embedding 16 --optimizer adagrad --lr 0.1 "$@"; }

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    tastes | sessions | tfilter --quiet --split user:0.8 -o tastes.mp
    strangers | sessions | tfilter --quiet --split last-day -o strangers.mp
    chain | sessions | tfilter --quiet --split last-day -o chain.mp
    for log in tastes strangers chain; do
        batcher --epochs 8 --batch 20 --scheme shuffled -o $log.batches.mp $log.mp
        baseline --model pop -o $log.pop.mp $log.mp
    done
}

setup() { LOG=$BATS_FILE_TMPDIR; }

recall() { scorer --best --by none --at 5,20 --format json "$1" | jq -s "map(.[\"recall@$2\"] | numbers) | max"; }

# above A TIMES B
# What is no number, as where there is no score, is above nothing, and nothing above it.
above() {
    printf '%s\n' "$1" "$3" | awk -v t="$2" '/^[0-9.e-]+$/ { x[NR] = $1 }
        END { exit !(1 in x && 2 in x && x[1] > t * x[2]) }' || { echo "$1 is not above $2 * $3"; return 1; }
}

@test "bpr-mf finds what users like, and what new users like by their sessions" {
    for log in tastes strangers; do
        learn --model bpr-mf -o bpr.mp "$LOG/$log.batches.mp"
        # 20 of the 25 of a taste: 0.8 is the most there is, in all that a user's taste tells.
        above "$(recall bpr.mp 20)" 3 "$(recall "$LOG/$log.pop.mp" 20)"
        above "$(recall bpr.mp 20)" 1 0.65
    done
}

@test "fpmc finds the item that follows, for users with and without training" {
    learn --model fpmc -o fpmc.mp "$LOG/chain.batches.mp"
    above "$(recall fpmc.mp 5)" 1 0.98
    above 0.3 1 "$(recall "$LOG/chain.pop.mp" 5)"
    batcher --epochs 8 --batch 20 --scheme sessions "$LOG/strangers.mp" | learn --model fpmc -o fpmc.mp
    above "$(recall fpmc.mp 20)" 1 0.6
}

@test "scores are those of the saved factors, for all whom the model knows and whom it does not" {
    need python3
    # The file does not know u0 to u9, and every third user trains on nothing.
    tastes | sed '/^u[0-9],/d' | sessions | tfilter --quiet --split user:0.8 | spcat |
        awk -F , '/^\["session"/ && $2 % 3 == 1 { sub(/,1,\[/, ",3,[") } { print }' |
        sed 's/^\["E",.*/["E"]/' | spcat --from-json -o part.mp
    spcat "$LOG/tastes.mp" >all
    for model in bpr-mf fpmc; do
        batcher --epochs 2 --batch 20 --scheme shuffled part.mp | learn --model $model --save-by last --save $model >/dev/null
        batcher --epochs 1 "$LOG/tastes.mp" | predictor -q -j 1 --model $model --top 4 | spcat >predicted
        recommender -q -j 1 --model $model --json --top 4 "$LOG/tastes.mp" >answers
        python3 "$ROOT/tests/check-factors.py" $model all predicted answers >verdict
        cat verdict
        read -r good known unknown answered _ <verdict
        [ "$good" = ok ]
        [ "$answered" = 60 ]
        [ "$known" -gt 100 ]
        [ "$unknown" -gt 100 ]
    done
}

@test "users whom a file does not have begin with zeros" {
    need python3
    for model in bpr-mf fpmc 'youtube-dnn --users 5'; do
        # shellcheck disable=SC2086
        batcher --epochs 2 "$LOG/tastes.mp" | learn --model $model --save-by last --save old >/dev/null
        # shellcheck disable=SC2086
        tastes | sed 's/^u[0-4],/new&/' | sessions | tfilter --quiet --split user:0.8 | batcher --epochs 1 |
            learn --model $model --init old --max-steps 0 --save-by last --save new >/dev/null
        python3 -c '
import json, struct, sys
def rows(path):
    data = open(path, "rb").read()
    n = struct.unpack("<Q", data[:8])[0]
    header, data = json.loads(data[8 : 8 + n]), data[8 + n :]
    def of(name):
        begin, end = header[name]["data_offsets"]
        return data[begin:end]
    at = struct.unpack("<%dq" % (len(of("users.offsets")) // 8), of("users.offsets"))
    names = [of("users.bytes")[a:b].decode() for a, b in zip(at, at[1:])]
    size = header["user_embedding.weight"]["shape"][1] * 4
    return {name: of("user_embedding.weight")[i * size : i * size + size] for i, name in enumerate(names)}
old, new = rows("old"), rows("new")
assert len(old) == len(new) == 60
for name, row in new.items():
    assert row == (bytes(len(row)) if name.startswith("new") else old[name]), name
assert sum(any(row) for row in new.values()) == 55'
    done
}

@test "they train with bpr, over the batch's targets and negatives, unless a loss is given" {
    batches=$LOG/tastes.batches.mp
    for model in bpr-mf fpmc; do
        learn --model $model -o plain.mp "$batches"
        spcat plain.mp | head -1 | grep -q '"loss":"bpr"'
        learn --model $model --loss bpr -o named.mp "$batches"
        cmp plain.mp named.mp
        for options in '--loss cross-entropy' '--negatives 30' '--negatives 30 --negatives-alpha 0' \
            '--weight-decay 0.01' '--dropout 0'; do
            # shellcheck disable=SC2086
            learn --model $model $options -o other.mp "$batches"
            run ! cmp -s <(spcat plain.mp | grep '^."rank"') <(spcat other.mp | grep '^."rank"')
        done
        learn --model $model --loss cross-entropy --logq --negatives 9 -o other.mp "$batches"
    done
    trainer --quiet --max-steps 0 "$batches" | spcat | head -1 | grep -q '"loss":"cross-entropy"'
}

@test "what does not go with them is refused" {
    batcher --scheme session-parallel --epochs 1 --batch 5 -o parallel.mp "$LOG/tastes.mp"
    run -64 trainer --model bpr-mf parallel.mp
    [[ $output == *'the batches are parallel mini-batches, --model bpr-mf learns from whole sessions'* ]]
    run -64 trainer --model fpmc --hidden 5 "$LOG/tastes.batches.mp"
    [[ $output == *'--hidden goes with'* ]]
    run -64 trainer --model fpmc --attention 5 "$LOG/tastes.batches.mp"
    [[ $output == *'this model attends to nothing'* ]]
    run -64 trainer --model bpr-mf --session-rep mean "$LOG/tastes.batches.mp"
    [[ $output == *'--session-rep goes with --model ii-rnn, hierarchical, not with bpr-mf'* ]]
    run -64 trainer --model fpmc --unroll 1 "$LOG/tastes.batches.mp"
    [[ $output == *'--unroll goes with --model hrnn, rnn, not with fpmc'* ]]
    run -64 trainer --model fpmc --feature-dropout 0.5 "$LOG/tastes.batches.mp"
    [[ $output == *'--feature-dropout goes with --model narm, not with fpmc'* ]]
    run -64 trainer --model fpmc --negatives-alpha 1 "$LOG/tastes.batches.mp"
    [[ $output == *'--negatives-alpha needs --negatives N'* ]]
    run -64 trainer --logq "$LOG/tastes.batches.mp"
    [[ $output == *'--logq corrects a loss over drawn items: give --negatives too'* ]]
    learn --model fpmc --max-steps 2 --save fpmc "$LOG/tastes.batches.mp" >/dev/null
    run -0 --separate-stderr recommender -q -j 1 -m fpmc --why --top 1 "$LOG/tastes.mp"
    [[ $stderr == *'attends to nothing, so no reasons are given'* ]]
}
