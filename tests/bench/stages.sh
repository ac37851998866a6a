#!/bin/bash
# How fast the stages between raw log and trainer are, and what memory they take: on the Globo log
# where it is there ($SESSPIPE_DATA, ../shared/data), else on a made-up one.  From file to file, the
# median of three runs.
set -eu -o pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
PATH=${SESSPIPE_BIN:-$root/bin}:$root/.build/release/fixtures:$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
globo=${SESSPIPE_DATA:-$root/../shared/data}/globo-part.csv.xz

if [ -e "$globo" ]; then
    xz -dc "$globo" | csv-sessionize --preset globo -o "$work/sessions.mp"
else
    synthesize --users 3000 --days 60 | lfm-sessionize -o "$work/sessions.mp"
fi

# Seconds and peak megabytes of a command: "SECONDS MB".
cost() { # COMMAND...
    for _ in 1 2 3; do
        python3 - "$@" <<'PYTHON'
import resource, subprocess, sys, time
begin = time.monotonic()
subprocess.run(sys.argv[1:], check=True, stderr=subprocess.DEVNULL)
print(time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
PYTHON
    done | sort -n | sed -n 2p
}

rows() { # NAME COUNT UNIT SECONDS MB
    awk -v OFS='\t' -v name="$1" -v count="$2" -v unit="$3" -v seconds="$4" -v mb="$5" \
        'BEGIN { print name, sprintf("%.0f", count / seconds), unit "/s"; print name "_rss", sprintf("%.1f", mb), "MB" }'
}

summary() { # FIELD STREAM
    spcat --summary "$2" | awk -F '\t' -v field="$1" '$1 == field { print $2 }'
}

read -r seconds mb < <(cost tfilter --min-sessions 2 --split user:0.8 -o "$work/split.mp" "$work/sessions.mp")
rows tfilter_events "$(summary events "$work/sessions.mp")" events "$seconds" "$mb"
read -r seconds mb < <(cost batcher --epochs 1 -o "$work/batches.mp" "$work/split.mp")
rows batcher_events "$(summary events "$work/batches.mp")" events "$seconds" "$mb"
read -r seconds mb < <(cost baseline --model markov -o "$work/markov.mp" "$work/split.mp")
positions=$(($(summary 'events test' "$work/split.mp") - $(summary 'sessions test' "$work/split.mp")))
rows baseline_positions "$positions" positions "$seconds" "$mb"
read -r seconds mb < <(cost baseline --model session-knn -o "$work/knn.mp" "$work/split.mp")
rows session_knn_positions "$positions" positions "$seconds" "$mb"
