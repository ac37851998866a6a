# What shows the measurements: rows as they come, then a table beside what was recorded.
bats_require_minimum_version 1.5.0
load helpers

# A copy of the runner with measurements that take no time.
setup() {
    mkdir bench
    cp "$ROOT/tests/bench/run" "$ROOT/tests/bench/meanings.tsv" bench
    printf '#!/bin/sh\nprintf "step_ms\\t12.5\\tms\\n"\n' >bench/one
    printf '#!/bin/sh\nprintf "sessionize_over_cut\\t2.25\\tratio\\nnew_row\\t3\\tMB\\n"\n' >bench/two
    chmod +x bench/one bench/two
}

@test "rows of name, value and unit, then a table of what they mean beside the recorded" {
    printf '# then, there\nstep_ms\t25.0\tms\n' >bench/recorded.tsv
    bench/run bench/one bench/two >out
    printf 'step_ms\t12.5\tms\nsessionize_over_cut\t2.25\tratio\nnew_row\t3\tMB\n' >rows
    cmp rows <(head -n 3 out)
    grep -qE '^ +12\.5 +25\.0  ms +a training step$' out
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
    grep -v '^#' "$ROOT/tests/bench/recorded.tsv" | cut -f 1 | sort >recorded
    [ -s recorded ]
    run -0 comm -13 known recorded
    [ -z "$output" ]
}
