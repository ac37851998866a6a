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
