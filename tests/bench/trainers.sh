#!/bin/bash
# trainer from file to file at the shapes of HRNN's and NARM's papers: targets a second in training,
# start and end of the program included, and peak memory; for HRNN also its time over the time of
# reading its stream.
set -eu -o pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/bench/cost
. "$root/tests/bench/cost"
PATH=${SESSPIPE_BIN:-$root/bin}:$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Users with sessions, one a day, of two events and more; the first items come more often.
sessions() { # USERS SESSIONS-OF-EACH MEAN-LENGTH ITEMS
    awk -v users="$1" -v sessions="$2" -v mean="$3" -v items="$4" 'BEGIN {
        srand(1); print "username,subreddit,utc"
        for (u = 0; u < users; u++)
            for (s = 1; s <= sessions; s++) {
                n = 2
                while (rand() < (mean - 2) / (mean - 1)) n++
                for (i = 0; i < n; i++) {
                    x = rand()
                    print "u" u ",r" int(x * x * items) "," 1300000000 + 86400 * s + 60 * i
                }
            }
    }' | reddit-sessionize --max-events 0 --cut 0
}

# Training batches alone, of that many items: a session that no batch has holds each of them.
batches() { # ITEMS BATCHER-OPTION...
    tfilter --quiet --split user:1 | batcher --quiet --epochs 1 --test-from 2 "${@:2}" | spcat |
        awk -v items="$1" "$all_items"'
            /^\["user"/ { users++ }
            /^\["item"/ { n++ }
            /^\["epoch"/ {
                for (; n < items; n++) printf "[\"item\",%d,\"none %d\"]\n", n, n
                print_all(users, items)
            }
            /^\["E"/ { $0 = "[\"E\"]" }
            { print }' | spcat --from-json
}

targets() { # STREAM
    echo $(($(summary 'events train' "$1") - $(summary 'sessions train' "$1")))
}

sessions 11500 8 6.1 60000 | batches 60000 --scheme user-parallel --batch 100 >"$work/hrnn.mp"
sessions 6144 1 6.16 37483 |
    batches 37483 --scheme sessions --batch 512 --history 0 >"$work/narm.mp"

read -r reading _ < <(cost spcat --check "$work/hrnn.mp")
read -r seconds mb < <(cost trainer --model hrnn --embedding 100 --dropout 0.1 --loss top1 \
    --optimizer adagrad --lr 0.1 --momentum 0.2 -o "$work/out" "$work/hrnn.mp")
rows hrnn_trainer_events "$(targets "$work/hrnn.mp")" events "$seconds" "$mb"
awk -v a="$seconds" -v b="$reading" 'BEGIN { printf "hrnn_trainer_over_reading\t%.0f\tratio\n", a / b }'
read -r seconds mb < <(cost trainer --model narm --embedding 50 --hidden 100 --gru reset-before \
    --dropout 0.25 -o "$work/out" "$work/narm.mp")
rows narm_trainer_events "$(targets "$work/narm.mp")" events "$seconds" "$mb"
