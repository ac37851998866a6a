#!/bin/bash
# The same sessions by pandas and by lfm-sessionize, from a Last.fm log of 50 MB: wall time, the
# median of alternating runs, and peak memory.  Without pandas it measures nothing and says so.
# PYTHON is the interpreter.
set -eu -o pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/bench/cost
. "$here/cost"
python=${PYTHON:-python3}
"$python" -c 'import pandas' 2>/dev/null ||
    { echo "by_pandas.sh: no pandas for $python: nothing to compare with" >&2; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
synthesize --users 900 >"$work/log"

ours=$(lfm-sessionize "$work/log" | spcat --summary |
    awk '$1 == "sessions" { s = $2 } $1 == "events" { e = $2 } END { print s, e }')
theirs=$("$python" "$here/by_pandas.py" "$work/log")
[ "$ours" = "$theirs" ] || { echo "by_pandas.sh: $ours here, $theirs by pandas" >&2; exit 1; }

# Seconds and peak MB of a command whose output nobody wants.
measure() { used sh -c 'exec "$@" >/dev/null' sh "$@" | cut -d ' ' -f 1,3; } # COMMAND...
for _ in 1 2 3; do
    measure lfm-sessionize "$work/log" >>"$work/ours"
    measure "$python" "$here/by_pandas.py" "$work/log" >>"$work/theirs"
done
middle() { sort -n "$1" | sed -n 2p; }
paste -d ' ' <(middle "$work/ours") <(middle "$work/theirs") | awk '{
    printf "pandas_over_sessionize\t%.1f\tratio\n", $3 / $1
    printf "pandas_rss_over_sessionize\t%.1f\tratio\n", $4 / $2 }'
