#!/bin/bash
# Speed and peak memory of the stages between raw log and trainer, on the Globo log if it is there
# ($SESSPIPE_DATA, ../shared/data), else on a generated one.  From file to file, the median of three
# runs.
set -eu -o pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/bench/cost
. "$root/tests/bench/cost"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
globo=${SESSPIPE_DATA:-$root/../shared/data}/globo-part.csv.xz

if [ -e "$globo" ]; then
    xz -dc "$globo" | csv-sessionize --preset globo --max-events 39 --cut 20 -o "$work/sessions.mp"
else
    synthesize --users 3000 --days 60 | lfm-sessionize -o "$work/sessions.mp"
fi

read -r seconds mb < <(cost tfilter --min-sessions 2 --split user:0.8 -o "$work/split.mp" "$work/sessions.mp")
rows tfilter_events "$(summary events "$work/sessions.mp")" events "$seconds" "$mb"
read -r seconds mb < <(cost batcher --epochs 1 -o "$work/batches.mp" "$work/split.mp")
rows batcher_events "$(summary events "$work/batches.mp")" events "$seconds" "$mb"
read -r seconds mb < <(cost baseline --model markov -o "$work/markov.mp" "$work/split.mp")
positions=$(($(summary 'events test' "$work/split.mp") - $(summary 'sessions test' "$work/split.mp")))
rows baseline_positions "$positions" positions "$seconds" "$mb"
read -r seconds mb < <(cost baseline --model session-knn -o "$work/knn.mp" "$work/split.mp")
rows session_knn_positions "$positions" positions "$seconds" "$mb"
