# tests/run: what passed, failed and was skipped, and what is kept for a run that goes on.
bats_require_minimum_version 1.5.0
load helpers

run_tests() { run --separate-stderr env TEST_KEPT="${kept:-}" JOBS=1 "$ROOT/tests/run" "$@"; }

setup() {
    cat >good <<'END'
#!/bin/sh
echo run >>"$AGAIN"
echo 'ok 1 - a'
echo 'ok 2 - b # skip no c here'
echo 1..2
END
    cat >bad <<'END'
#!/bin/sh
echo run >>"$AGAIN"
echo 'not ok 1 - x'
echo '# because'
echo 1..1
exit 1
END
    printf '#!/bin/sh\necho "ok 1 - a"\necho 1..2\n' >short
    chmod +x good bad short
    export AGAIN=$PWD/again
}

@test "what fails is shown with its reason; a plan that is not kept is a failure" {
    run_tests ./good
    [ "$status" = 0 ]
    [ "${lines[-1]}" = "1 passed, 0 failed, 1 skipped" ]
    run_tests ./good ./bad ./short
    [ "$status" = 1 ]
    [ "${lines[-1]}" = "2 passed, 2 failed, 1 skipped" ]
    [[ $output == *"./bad: not ok 1 - x"*"# because"* ]]
    [[ $output == *"./short: 2 tests planned, 1 run"* ]]
}

@test "TEST_KEPT: what passed is counted and not run again, what failed or has changed is" {
    kept=$PWD/kept
    mkdir kept
    touch -d '1 minute ago' good bad short
    for again in 2 3; do # runs of good and bad together
        run_tests ./good ./bad ./short
        [ "$status" = 1 ]
        [ "${lines[-1]}" = "2 passed, 2 failed, 1 skipped" ]
        [ "$(wc -l <again)" = "$again" ]
    done
    touch -d '1 minute' good
    run_tests ./good
    [ "$status" = 0 ]
    [ "$(wc -l <again)" = 4 ]
}

@test "an interrupted run ends its tests" {
    printf '#!/bin/sh\necho $$ >pid; mv pid "$AGAIN"; sleep 60\n' >long
    chmod +x long
    setsid "$ROOT/tests/run" ./long >said 2>&1 &
    while [ ! -s again ]; do sleep 0.05; done
    kill -TERM -- "-$!"
    wait "$!" || true
    for i in $(seq 100); do
        kill -0 "$(cat again)" 2>/dev/null || return 0
        sleep 0.1
    done
    false
}

@test "make fuzz: each target has its minutes of processor time once; what is found is told, the others run" {
    mkdir -p fuzz/tests/fuzz
    cat >fuzz/tests/fuzz/steady <<'END'
#!/bin/sh
i=0; while [ $i -lt 30000 ]; do i=$((i + 1)); done
echo 'stat::number_of_executed_units: 7' >&2
END
    printf '#!/bin/sh\necho "heap overflow" >&2\nexit 77\n' >fuzz/tests/fuzz/finds
    printf '#!/bin/sh\nexit 72\n' >fuzz/tests/fuzz/stopped
    chmod +x fuzz/tests/fuzz/*
    run --separate-stderr "$ROOT/tests/fuzz/run" fuzz 0.001 finds steady
    [ "$status" = 1 ]
    [[ $stderr == *"heap overflow"* ]]
    runs=$(grep -c '^steady' fuzz/runs.tsv)
    [[ ${lines[-1]} == "  fuzz steady: 0."*" s of processor time, $((7 * runs)) executions" ]]
    "$ROOT/tests/fuzz/run" fuzz 0.001 steady
    [ "$(grep -c '^steady' fuzz/runs.tsv)" = "$runs" ]
    run -130 "$ROOT/tests/fuzz/run" fuzz 1 stopped steady
    [ "$(grep -c '^steady' fuzz/runs.tsv)" = "$runs" ]
}
