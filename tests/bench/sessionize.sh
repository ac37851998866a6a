#!/bin/bash
# Time of lfm-sessionize over that of cut -f1,2,3 on a Last.fm log of 200 MB, of csv-sessionize over
# that of cut -d, -f1,2,3 on the same events with and without quotes, and of jq -r to TSV over that of
# json-sessionize on a part of them: all from the page cache to /dev/null, medians of alternating
# runs.  And peak memory on the log and on a tenth of it.
set -eu -o pipefail
# shellcheck source=tests/bench/cost
. "$(dirname "$0")/cost"
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

# Appends the seconds, and those of processors, that the command takes for a file.
took() { # NAME FILE COMMAND...
    # shellcheck disable=SC2016 # of the shell that is called
    used sh -c 'exec "$@" >/dev/null' - "${@:3}" "$work/$2" >>"$work/$1.t"
}

# Prints NAME and the ratio of the medians of a column of two files of times: 1 is time, 2 that of processors.
ratio() { # NAME ONE OTHER [COLUMN]
    awk -v name="$1" -v a="$(median "$2" "${4:-1}")" -v b="$(median "$3" "${4:-1}")" \
        'BEGIN { printf "%s\t%.2f\tratio\n", name, a / b }'
}

median() { # NAME COLUMN
    cut -d ' ' -f "$2" "$work/$1.t" | sort -n | awk '{ x[NR] = $1 } END { print x[int((NR + 1) / 2)] }'
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
    took cut log cut -f1,2,3
    took lfm log lfm-sessionize -q
    for log in csv quoted; do
        took cut.$log $log cut -d, -f1,2,3
        # shellcheck disable=SC2086 # a list of words
        took $log $log csv-sessionize $by_name
    done
done
for _ in 1 2 3; do
    took jq json jq -r '[.user, .song.id, .at] | @tsv'
    took json json json-sessionize -q --user user --item song.id --time at
done
ratio sessionize_over_cut lfm cut
ratio sessionize_processors_over_cut lfm cut 2
ratio csv_sessionize_over_cut csv cut.csv
ratio csv_sessionize_processors_over_cut csv cut.csv 2
ratio csv_sessionize_quoted_over_cut quoted cut.quoted
ratio csv_sessionize_quoted_processors_over_cut quoted cut.quoted 2
ratio jq_over_json_sessionize jq json
printf 'sessionize_rss\t%.1f\tMB\n' "$(peak "$work/log")"
printf 'sessionize_rss_of_a_tenth\t%.1f\tMB\n' "$(peak "$work/tenth")"
