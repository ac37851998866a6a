#!/bin/bash
# How many events tfilter filters and splits in a second, and how many test positions baseline
# predicts by session-kNN, on a made-up log; and the peak memory of each.
set -eu -o pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
PATH=${SESSPIPE_BIN:-$root/bin}:$root/.build/${VARIANT:-release}/fixtures:$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

synthesize --users 400 --days 60 --format reddit | reddit-sessionize >"$work/sessions.mp"

rate() { # NAME COUNT COMMAND...
    local name=$1 count=$2 began=${EPOCHREALTIME/./}
    shift 2
    "$@" >"$work/out.mp" 2>"$work/report"
    awk -v n="$count" -v us=$((${EPOCHREALTIME/./} - began)) -v name="$name" \
        'BEGIN { printf "%s\t%.0f\t1/s\n", name, n / us * 1e6 }'
}

# The peak as the kernel tells it, while the program waits to write the last of its output.
peak() { # NAME COMMAND...
    local name=$1
    shift
    mkfifo "$work/pipe"
    "$@" >"$work/pipe" 2>"$work/report" &
    local writer=$!
    exec 9<"$work/pipe"
    head -c 1 <&9 >/dev/null
    sleep 0.2
    awk -v name="$name" '/^VmHWM/ { printf "%s\t%.1f\tMiB\n", name, $2 / 1024 }' \
        "/proc/$writer/status"
    cat <&9 >/dev/null
    exec 9<&-
    wait $writer
    rm "$work/pipe"
}

filter=(tfilter --min-item-support 5 --recent 9/10 --split user:0.8 "$work/sessions.mp")
predict=(baseline --model session-knn "$work/split.mp")
events=$(spcat --summary "$work/sessions.mp" | awk '$1 == "events" { print $2 }')
"${filter[@]}" >"$work/split.mp" 2>"$work/report"
rate tfilter_events_per_second "$events" "${filter[@]}"
peak tfilter_peak "${filter[@]}"
"${predict[@]}" >"$work/ranks.mp"
positions=$(spcat "$work/ranks.mp" | grep '^\["pass"' | sed 's/.*"events":\([0-9]*\).*/\1/')
rate baseline_positions_per_second "$positions" "${predict[@]}"
peak baseline_peak "${predict[@]}"
