# What shows the measurements: rows as they come, then a table beside what was recorded.
bats_require_minimum_version 1.5.0
load helpers

# A copy of the runner with measurements that take no time.
setup() {
    mkdir bench
    cp "$ROOT"/tests/bench/{run,conditions,meanings.tsv} bench
    printf '#!/bin/sh\nprintf "step_ms\\t12.5\\tms\\n"\n' >bench/one
    printf '#!/bin/sh\nprintf "sessionize_over_cut\\t2.25\\tratio\\nnew_row\\t3\\tMB\\n"\n' >bench/two
    chmod +x bench/one bench/two
}

@test "rows of name, value and unit, then a table of what they mean beside the recorded" {
    printf '# then, there\nstep_ms\t25.0\tms\n' >bench/recorded.tsv
    bench/run bench/one bench/two >out
    printf 'step_ms\t12.5\tms\nsessionize_over_cut\t2.25\tratio\nnew_row\t3\tMB\n' >rows
    cmp rows <(head -n 3 out)
    grep -qE '^ +12\.5 +25\.0  ms +time of a training step, Last\.fm$' out
    grep -qE '^ +2\.25 +-  ratio +time of lfm-sessionize' out
    grep -qE '^ +3 +-  MB +new_row$' out
    [ "$(tail -n 1 out)" = 'recorded: then, there' ]
    [ "$(grep -c $'\t' out)" = 3 ]
}

@test "--record keeps rows and conditions; nothing is kept of measurements that fail" {
    bench/run --record bench/one bench/two >out
    [ "$(grep -vc '^#' bench/recorded.tsv)" = 3 ]
    grep -q '^# .* cores of .*, load ' bench/recorded.tsv
    cp bench/recorded.tsv before
    printf '#!/bin/sh\nexit 3\n' >bench/two
    run ! bench/run --record bench/one bench/two
    cmp before bench/recorded.tsv
}

@test "every recorded row has a meaning" {
    cut -f 1 "$ROOT/tests/bench/meanings.tsv" | sort >known
    grep -hv '^#' "$ROOT"/tests/bench/recorded{,-large}.tsv | cut -f 1 | sort >recorded
    [ -s recorded ]
    run -0 comm -13 known recorded
    [ -z "$output" ]
}

@test "the measurements of large logs go their ways on small ones" {
    need jq
    SCALE=0.0003 SECONDS_OF_EPOCH=2 "$ROOT/tests/bench/large.sh" >rows
    run -1 awk -F '\t' 'NF != 3 || $2 < 0 || $2 !~ /^[0-9.]+$/ { bad = 1; print } END { exit !bad }' rows
    run -0 comm -23 <(cut -f 1 rows | sort) <(cut -f 1 "$ROOT/tests/bench/meanings.tsv" | sort)
    [ -z "$output" ]
    grep -q '^items_negatives_step_rss' rows
}

@test "the measurements of a GPU go their ways in the emulation" {
    build=$ROOT/.build/${VARIANT:-release}
    export SESSPIPE_CUDA=$build/emulated/sesspipe-cuda.so BENCH_BIN=$PWD/programs
    mkdir programs
    ln -s "$build"/tests/bench/gpu_{operations,step} "$build/emulated/gpu_products" programs
    "$ROOT/tests/bench/gpu.sh" tiny >rows
    run -1 awk -F '\t' 'NF != 3 || $1 !~ /^gpu_/ || $2 < 0 || $2 !~ /^[0-9.]+$/ { bad = 1 } END { exit !bad }' rows
    [ "$(grep -c '_over_products' rows)" = 3 ]
    [ "$(grep -c '_step' rows)" = 6 ]
    [ "$(grep -c '_traffic' rows)" = 7 ]
    cut -f 1 "$ROOT/tests/bench/meanings.tsv" | sed 's/_lastfm_/_tiny_/; s/_lastfm_/_tiny_/' | sort -u >known
    run -0 comm -23 <(cut -f 1 rows | sort) known
    [ -z "$output" ]
}

@test "without a GPU its measurements say what is missing" {
    export SESSPIPE_CUDA=$PWD/none
    run -1 "$ROOT/.build/${VARIANT:-release}/tests/bench/gpu_step"
    [[ $output == *'no usable GPU'*none* ]]
    BENCH_BIN=$PWD run -69 "$ROOT/tests/bench/gpu.sh"
    [[ $output == *gpu_products* ]]
}

@test "growth: rows of processor time and memory, tables with their powers, and a manual page of the record" {
    DECADES='1 10' "$ROOT/tests/bench/growth" tfilter 'trainer stamp' 'recommender stamp' >out
    grep $'\t' out >rows
    [ "$(wc -l <rows)" = 24 ]
    run -1 grep -vP '^(tfilter|trainer|recommender)[^\t]*\t(events|users|items)\t\d+\t[0-9.]+\t[0-9.]+$' rows
    [ -z "$output" ]
    grep -qE '^  tfilter --merge +[0-9.]+ +[0-9.]+ +[0-9]+ +[0-9]+ +[-0-9.]+ +[-0-9.]+' out
    page="$ROOT/man/sesspipe-growth.7"
    awk -F '\t' -v page="$ROOT/tests/bench/growth.mdoc" -f "$ROOT/tests/bench/growth.awk" \
        "$ROOT/tests/bench/growth.tsv" >made
    cmp made "$page"
}

@test "growth: what grows with the square is marked, what grows in proportion is not" {
    awk -v OFS='\t' 'BEGIN {
        for (n = 1; n <= 1000; n *= 10) {
            print "even", "events", n, n / 100, n
            print "odd", "events", n, n * n / 100, n
        }
    }' >rows
    awk -F '\t' -f "$ROOT/tests/bench/growth.awk" rows >out
    grep -qE '^  even .* 1\.0 1\.0$' out
    grep -qE '^  odd .* 2\.0 1\.0 \*$' out
}
