#!/bin/bash
# Time of lfm-sessionize over that of cut -f1,2,3 on a Last.fm log of 200 MB, both from the page
# cache to /dev/null, the median of alternating runs; and peak memory on the log and on a tenth of
# it.
set -eu -o pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
PATH=${SESSPIPE_BIN:-$root/bin}:$root/.build/${VARIANT:-release}/fixtures:$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

synthesize --users 3600 >"$work/log"
synthesize --users 360 >"$work/tenth"

seconds() { # COMMAND...
    local began=${EPOCHREALTIME/./}
    "$@" "$work/log" >/dev/null
    echo $((${EPOCHREALTIME/./} - began))
}

median() {
    sort -n | awk '{ x[NR] = $1 } END { print x[int((NR + 1) / 2)] }'
}

# The peak as the kernel tells it, asked when all but the end of the input has been read.
peak() { # FILE
    mkfifo "$work/in"
    lfm-sessionize <"$work/in" >/dev/null &
    local reader=$!
    exec 9>"$work/in"
    cat "$1" >&9
    sleep 0.2
    awk '/^VmHWM/ { print $2 / 1024 }' "/proc/$reader/status"
    exec 9>&-
    wait $reader
    rm "$work/in"
}

cat "$work/log" >/dev/null
for _ in 1 2 3 4 5 6 7; do
    seconds cut -f1,2,3 >>"$work/cut"
    seconds lfm-sessionize >>"$work/sessionize"
done
awk -v a="$(median <"$work/sessionize")" -v b="$(median <"$work/cut")" \
    'BEGIN { printf "sessionize_over_cut\t%.2f\tratio\n", a / b }'
printf 'sessionize_rss\t%.1f\tMB\n' "$(peak "$work/log")"
printf 'sessionize_rss_of_a_tenth\t%.1f\tMB\n' "$(peak "$work/tenth")"
