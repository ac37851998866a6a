# Shared by the tests of scorer: runs written out by hand, and how its numbers are read.

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

# Six targets in two sessions of 5 and 4 events; items that occur 0, 1, 2 and 5 times in training.
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
