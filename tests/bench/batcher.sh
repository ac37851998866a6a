#!/bin/bash
# How many events batcher puts into batches in a second, histories and all, on a log of 4,000 users
# with 200,000 sessions; the time to read the sessions is taken off.
set -eu -o pipefail
PATH=${SESSPIPE_BIN:-$(dirname "$0")/../../bin}:$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

awk 'function draw(n) { x = 16807 * x % 2147483647; return x % n }
    BEGIN {
        x = 4711
        print "username,subreddit,utc"
        for (u = 0; u < 4000; u++) {
            for (s = 1; s <= 50; s++)
                for (k = 1; k <= 4; k++)
                    print "u" u ",r" draw(20000) "," 1500000000 - s * 40000 - k * 60
        }
    }' | reddit-sessionize | tfilter --split user:0.8 >"$work/split.mp" 2>"$work/report"

seconds() { # COMMAND...
    local began=${EPOCHREALTIME/./}
    "$@" >/dev/null
    echo $((${EPOCHREALTIME/./} - began))
}
pass() {
    batcher --epochs "$1" --test-from 1000 "$work/split.mp"
}

pass 1 >/dev/null
one=$(seconds pass 1) eleven=$(seconds pass 11)
events=$((4000 * 40 * 4 * 10))
awk -v events=$events -v us=$((eleven - one)) \
    'BEGIN { printf "batcher_events_per_second\t%.0f\tevents/s\n", events / us * 1e6 }'
