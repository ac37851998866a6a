#!/bin/bash
# Time of lfm-sessionize over that of cut -f1,2,3 on a Last.fm log of 200 MB, of csv-sessionize over
# that of cut -d, -f1,2,3 on the same events with and without quotes, and of jq -r to TSV over that of
# json-sessionize on a part of them: all from the page cache to /dev/null, medians of alternating
# runs.  And peak memory on the log and on a tenth of it.
set -eu -o pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
PATH=${SESSPIPE_BIN:-$root/bin}:$root/.build/${VARIANT:-release}/fixtures:$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

synthesize --users 3600 >"$work/log"
synthesize --users 360 >"$work/tenth"
awk -F'\t' -v OFS=, 'BEGIN { print "user,item,time,kind,note" } { print $1, ($3 == "" ? "none" : $3), $2, "play", "a note" }' \
    "$work/log" >"$work/csv"
awk -F, -v OFS='","' '{ $1 = $1; print "\"" $0 " \"\"in\"\" quotes\"" }' "$work/csv" |
    sed '1s/ ""in"" quotes//' >"$work/quoted"
awk -F'\t' '{ print "{\"user\":\"" $1 "\",\"song\":{\"id\":\"" ($3 == "" ? "none" : $3) "\",\"name\":\"" $6 "\"},\"at\":\"" $2 "\"}" }' \
    "$work/tenth" >"$work/json"

seconds() { # FILE COMMAND...
    local began=${EPOCHREALTIME/./}
    "${@:2}" "$work/$1" >/dev/null
    echo $((${EPOCHREALTIME/./} - began))
}

# Prints NAME and the ratio of the medians of two files of times.
ratio() { # NAME ONE OTHER
    awk -v name="$1" -v a="$(median <"$work/$2")" -v b="$(median <"$work/$3")" \
        'BEGIN { printf "%s\t%.2f\tratio\n", name, a / b }'
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

cat "$work/log" "$work/csv" "$work/quoted" >/dev/null
by_name='-q --user user --item item --time time'
for _ in 1 2 3 4 5 6 7; do
    seconds log cut -f1,2,3 >>"$work/cut.t"
    seconds log lfm-sessionize -q >>"$work/lfm.t"
    for log in csv quoted; do
        seconds $log cut -d, -f1,2,3 >>"$work/cut.$log.t"
        # shellcheck disable=SC2086 # a list of words
        seconds $log csv-sessionize $by_name >>"$work/$log.t"
    done
done
for _ in 1 2 3; do
    seconds json jq -r '[.user, .song.id, .at] | @tsv' >>"$work/jq.t"
    seconds json json-sessionize -q --user user --item song.id --time at >>"$work/json.t"
done
ratio sessionize_over_cut lfm.t cut.t
ratio csv_sessionize_over_cut csv.t cut.csv.t
ratio csv_sessionize_quoted_over_cut quoted.t cut.quoted.t
ratio jq_over_json_sessionize jq.t json.t
printf 'sessionize_rss\t%.1f\tMB\n' "$(peak "$work/log")"
printf 'sessionize_rss_of_a_tenth\t%.1f\tMB\n' "$(peak "$work/tenth")"
