#!/bin/bash
# Large logs, which fixtures/large.c makes: seconds, seconds of processors, and peak memory of each
# program.  Takes minutes, 10 GB of disk below TMPDIR, and for `items` as much memory.  PARTS chooses:
#   pipeline  33 million events of 810,000 users and 380,000 items, from the raw file to batches
#   epoch     a share of an epoch of these on all cores, and what all of it would take
#   bounded   100 million events in 500 MB of memory
#   filters   the same events through what `bounded` has not: columns that are carried, --merge, and
#             all that looks at all users; only where PARTS names it
#   items     9.3 million items of 64 units: a step with all items and with some, and of 4 ranks
# SCALE=0.01 makes all of them smaller.
set -eu -o pipefail
# shellcheck source=tests/bench/cost
. "$(cd "$(dirname "$0")" && pwd)/cost"
scale=${SCALE:-1}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

scaled() { awk -v n="$1" -v scale="$scale" 'BEGIN { printf "%.0f", n * scale }'; }

# What one program takes, as rows, and to the files of sums.
stage() { # NAME COMMAND...
    local name=$1 seconds processors mb
    shift
    used "$@" >took || { echo "large: $name failed" >&2 && return 1; }
    read -r seconds processors mb <took
    printf '%s\t%s\ts\n%s_processors\t%s\ts\n%s_rss\t%s\tMB\n' "$name" "$seconds" "$name" "$processors" "$name" "$mb"
    printf '%s %s %s\n' "$seconds" "$processors" "$mb" >>stages
}

# The programs from raw.csv to batches.mp; the option bounds the memory of each.
pipeline() { # NAME [OPTION...]
    rm -f stages
    stage "$1_sessionize" csv-sessionize --user user --item item --time time "${@:2}" -o sessions.mp raw.csv
    rm raw.csv
    stage "$1_tfilter" tfilter --min-item-support 5 --min-sessions 3 --split user:0.8 "${@:2}" -o split.mp sessions.mp
    rm sessions.mp
    stage "$1_batcher" batcher --epochs 1 --batch 100 "${@:2}" -o batches.mp split.mp
    rm split.mp
    awk -v OFS='\t' -v name="$1" '
        { seconds += $1; work += $2; most = $3 > most ? $3 : most }
        END { print name, seconds, "s"; print name "_processors", work, "s"; print name "_rss", most, "MB" }' stages
}

log() { # EVENTS USERS ITEMS [OPTION...]
    large --events "$(scaled "$1")" --users "$(scaled "$2")" --items "$(scaled "$3")" "${@:4}"
}

# A field of the last line of training that a trainer's progress has said.
trained() { # FIELD
    jq -nR "[inputs | fromjson? | select(.part == \"train\")] | last | .$1" notes
}

# A training step, and the peak memory of a process; of several ranks the largest.
step() { # NAME BATCHES COMMAND...
    local name=$1 batches=$2 mb
    shift 2
    used sh -c 'exec "$@" 2>notes' sh "$@" >took || { cat notes >&2 && return 1; }
    read -r _ _ mb <took
    awk -v OFS='\t' -v name="$name" -v mb="$mb" -v seconds="$(trained seconds)" -v batches="$batches" 'BEGIN {
        print name, sprintf("%.3f", seconds / batches), "s"; print name "_rss", mb, "MB" }'
}

part_pipeline() {
    log 33000000 810000 380000 >raw.csv
    pipeline large
}

part_epoch() {
    [ -e batches.mp ] || { log 33000000 810000 380000 >raw.csv && pipeline large >stages.tsv; }
    local all
    all=$(($(summary 'events train' batches.mp) - $(summary 'sessions train' batches.mp)))
    timeout -s INT "${SECONDS_OF_EPOCH:-60}" trainer --progress json --embedding 100 -o out.mp batches.mp 2>notes || :
    awk -v OFS='\t' -v all="$all" -v events="$(trained events)" -v seconds="$(trained seconds)" 'BEGIN {
        print "large_trainer", sprintf("%.0f", events / seconds), "targets/s"
        print "large_trainer_share", sprintf("%.3f", 100 * events / all), "%"
        print "large_epoch", sprintf("%.1f", all * seconds / events / 3600), "hours" }'
}

part_bounded() {
    log 100000000 2500000 1000000 >raw.csv
    pipeline bounded --memory 500M
    rm batches.mp
}

part_filters() {
    local bounds=(--memory 500M) columns=(--user user --item item --time time)
    log 100000000 2500000 1000000 |
        awk -F , '{ print $0 "," (NR == 1 ? "tail" : substr($3, length($3))) }' >raw.csv
    stage filters_carry csv-sessionize "${columns[@]}" --carry tail=tail "${bounds[@]}" -o carried.mp raw.csv
    awk -F , 'NR == 1 || $2 < 1233000000' raw.csv | csv-sessionize --quiet "${columns[@]}" "${bounds[@]}" -o older.mp
    awk -F , 'NR == 1 || $2 >= 1233000000' raw.csv | csv-sessionize --quiet "${columns[@]}" "${bounds[@]}" -o newer.mp
    rm raw.csv
    stage filters_merge tfilter --merge --min-user-support 3 --user-length below --split user:0.8 "${bounds[@]}" -o split.mp older.mp newer.mp
    rm older.mp newer.mp
    stage filters_newest tfilter --min-events 2 --repeats item --min-item-support 5 --min-user-support 5 \
        --delta-buckets log:60x20 --timezone UTC --dwell-bins scott --split newest:0.2 --validation last-day \
        --drop-unseen --drop-unseen-users "${bounds[@]}" -o split.mp carried.mp
    stage filters_recent tfilter --last-sessions 100 --recent 0.9 --user-count above --dwell-bins 20 \
        --split leave-one-out "${bounds[@]}" -o others.mp carried.mp
    rm others.mp carried.mp
    for scheme in sessions user-parallel session-parallel shuffled; do
        stage "filters_$scheme" batcher --scheme "$scheme" --epochs 2 "${bounds[@]}" -o batches.mp split.mp
    done
    rm split.mp batches.mp
}

part_items() {
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    local batches all=(--quiet --progress json --threads 1 --decoder tied --embedding 64 --workspace 2000
        -o out.mp few.mp)
    log 10000000 1000000 10000000 --each |
        csv-sessionize --quiet --user user --item item --time time --min-events 0 |
        tfilter --quiet --min-events 2 --split user:0.8 |
        batcher --quiet --epochs 1 --batch 20 --history 0 --test-from 2 --train-recent "$(awk "BEGIN { print 0.0001 / $scale }")" -o few.mp
    batches=$(summary batches few.mp)
    step items_step "$batches" trainer "${all[@]}"
    step items_negatives_step "$batches" trainer --negatives 1000 "${all[@]}"
    ! command -v mpirun >/dev/null || step items_4_ranks_step "$batches" mpirun --oversubscribe --bind-to none -n 4 trainer "${all[@]}"
}

for part in ${PARTS:-pipeline epoch bounded items}; do "part_$part"; done
