#!/bin/bash
# trainer from file to file at the shapes of HRNN's and NARM's papers: targets a second in training,
# start and end of the program included, and peak memory; for HRNN also its time over the time of
# reading its stream.
set -eu -o pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/bench/cost
. "$root/tests/bench/cost"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

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
