# Pipelines that are fed for long: memory and descriptors of every program stay as they were.
# SESSPIPE_LONG=1 for 20 minutes, or SOAK_SECONDS=N.
bats_require_minimum_version 1.5.0
load helpers

FEED=("$(command -v python3)" "$BATS_TEST_DIRNAME/soak-feed.py")

# Reads lines of program, KiB and descriptors, in order of time.  Compares what each program has
# between a quarter and two fifths of the time, when it has all that it keeps, with the last part.
stays_flat() { # FILE
    awk '
        { program[NR] = $1; kib[NR] = $2; open[NR] = $3 }
        END {
            for (i = 1; i <= NR; i++) {
                early = i > NR * 0.25 && i <= NR * 0.4; late = i > NR * 0.85
                if (!early && !late) continue
                p = program[i] SUBSEP late
                n[p]++; sum[p] += kib[i]
                if (open[i] > most[p]) most[p] = open[i]
                seen[program[i]] = 1
            }
            for (name in seen) {
                a = name SUBSEP 0; b = name SUBSEP 1
                if (n[a] < 5 || n[b] < 5) { print name ": too few figures"; wrong = 1; continue }
                before = sum[a] / n[a]; after = sum[b] / n[b]
                printf "%s: %d KiB, then %d; %d descriptors, then %d\n", name, before, after, most[a], most[b]
                if (after > before * 1.02 + 1024 || most[b] > most[a]) { print name ": grows"; wrong = 1 }
                programs++
            }
            exit wrong || !programs
        }' "$1"
}

figures() { # KIB-AT-THE-END DESCRIPTORS-AT-THE-END
    awk -v kib="$1" -v open="$2" 'BEGIN {
        for (i = 0; i < 100; i++) print "it", int(20000 + i / 99 * (kib - 20000)), i < 70 ? 5 : open }'
}

@test "what grows is told from what does not" {
    figures 20000 5 >flat
    run -0 stays_flat flat
    [[ $output == *"it: 20000 KiB, then 20000; 5 descriptors, then 5"* ]]
    figures 25000 5 >memory
    run -1 stays_flat memory
    [[ $output == *"it: grows"* ]]
    figures 20000 6 >open
    run -1 stays_flat open
    [[ $output == *"it: grows"* ]]
    head -n 10 flat >few
    run -1 stays_flat few
    [[ $output == *"too few figures"* ]]
    run -1 stays_flat /dev/null
}

# start NAME IN OUT COMMAND ...: in the background, to be watched; its status is asked for at the end.
start() {
    "${@:4}" <"$2" >"$3" &
    names+=("$1")
    pids+=($!)
}

# Writes the figures until the feeders have ended.
watch() { # SECONDS FEEDER-PID
    local pause kib open i
    pause=$(awk -v s="$1" 'BEGIN { print s / 120 }')
    while kill -0 "$2" 2>/dev/null; do
        for i in "${!pids[@]}"; do
            kib=$(awk '/^VmRSS/ { print $2 }' "/proc/${pids[i]}/status" 2>/dev/null) || continue
            open=$(ls "/proc/${pids[i]}/fd" 2>/dev/null | wc -l)
            [ -z "$kib" ] || echo "${names[i]} $kib $open"
        done
        sleep "$pause"
    done
}

@test "fed for 20 minutes, memory and descriptors of the programs stay flat" {
    [ -n "${SESSPIPE_LONG:-}${SOAK_SECONDS:-}" ] || skip "slow: make check-long, or SOAK_SECONDS=60"
    [ -r /proc/self/status ] || skip "no /proc here"
    seconds=${SOAK_SECONDS:-1200} names=() pids=()
    # A small model of the same items.
    timeout 60 "${FEED[@]}" sessions 0.1 2>said | spcat --from-json | spcat |
        awk '/^\["session"/ { n = split($0, part, ","); by[part[2]] = by[part[2]] $0 "\n"; next }
            /^\["E"/ { for (u in by) printf "%s", by[u] } { print }' | spcat --from-json |
        tfilter --split user:0.8 2>>said | batcher --epochs 1 2>>said |
        trainer --quiet --threads 1 --embedding 8 --inter hidden --save model -o /dev/null
    mkfifo log sessions split lines stream requests rows answers
    "${FEED[@]}" log "$seconds" >log 2>log-count &
    feeders=($!)
    "${FEED[@]}" sessions "$seconds" >lines 2>sessions-count &
    feeders+=($!)
    "${FEED[@]}" requests "$seconds" >requests 2>requests-count &
    feeders+=($!)
    start reddit-sessionize log sessions reddit-sessionize --quiet --flush
    start tfilter sessions split tfilter --quiet --flush --min-sessions 2 --week-shift 3600
    start spcat-check split /dev/null spcat --check
    start spcat-from-json lines stream spcat --from-json
    start recommender stream rows recommender --quiet --threads 1 --model model --keep 5 --top 5
    start requests requests answers recommender --quiet --threads 1 --model model --requests
    tail -n 1 rows >last-row &
    wc -l <answers >answer-count &
    watch "$seconds" "${feeders[0]}" >figures
    wait "${feeders[@]}"
    for i in "${!pids[@]}"; do
        status=0
        wait "${pids[i]}" || status=$?
        [ "$status" = 0 ] || { echo "${names[i]}: status $status"; false; }
    done
    run stays_flat figures
    echo "$output"
    [ "$status" = 0 ]
    [ "$(grep -c descriptors <<<"$output")" = 6 ]
    [ "$(cat answer-count)" = "$(cat requests-count)" ]
    grep -q $'^user' last-row
    [ "$(cat log-count)" -gt 1000 ]
}
