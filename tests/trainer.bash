# Shared by the tests of trainer: a log, its batches, runs, and the parts of a model file.

# A log of 9 users who like some items better than others: username,subreddit,utc, newest first.
make_log() {
    drawn_log 9 '12 + draw(4)' '2 + draw(5)' '"r" (draw(3) ? (u + draw(4)) % 11 : draw(11))' \
        '1 + draw(900)' '3600 + draw(4) * draw(200000)' 99
}

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    make_log | reddit-sessionize >sessions.mp
    tfilter --split user:0.8 sessions.mp 2>report >split.mp
    batcher --batch 7 --history 3 --epochs 3 --min-batch 5 split.mp 2>>report >batches.mp
    tfilter --split user:0.8 --validation 0.1 sessions.mp 2>>report |
        batcher --batch 7 --epochs 2 >validated.mp
}

setup() {
    BATCHES=$BATS_FILE_TMPDIR/batches.mp
    SPLIT=$BATS_FILE_TMPDIR/split.mp
    VALIDATED=$BATS_FILE_TMPDIR/validated.mp
}

train() { trainer --quiet --threads 1 --embedding 5 "$@"; }

# Checks K steps of plain gradient descent with the options.
descend() { # descend K RATE OPTION ...
    local k=$1 rate=$2
    shift 2
    set -- --embedding 3 --dropout 0 --optimizer sgd --lr "$rate" --save-by last "$@" "$BATCHES"
    trainer -q --threads 1 --max-steps 0 --save before "$@" >/dev/null
    trainer -q --threads 1 --max-steps "$k" --save after "$@" >/dev/null
    /usr/bin/python3 "$ROOT/tests/check-trainer.py" "$BATCHES" before after "$k" "$rate"
}

need_check() {
    /usr/bin/python3 -c 'import msgpack' 2>/dev/null || skip 'no msgpack for python3 here'
}

# The two parts of a model file.
header_size() { od -An -tu8 -N8 "$1" | awk '{ print $1 + 8 }'; }
header() { head -c "$(header_size "$1")" "$1" | tail -c +9; }
tensors() { tail -c +"$(($(header_size "$1") + 1))" "$1"; }

differ() { ! cmp -s "$1" "$2" || { echo "$1 and $2 are the same"; return 1; }; }

records() { spcat "$1" | grep "^\[\"$2\""; }

ranks_of() { spcat | grep -E '^\["(rank|pass)"'; }
