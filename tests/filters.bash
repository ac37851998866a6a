# Shared by the tests of tfilter: a log, and a comparison of tfilter's output with check-filters.py.

# A log of 60 users whose histories span up to 150 days: username,subreddit,utc, newest first
# within a user.  Names hold a backslash and a byte that is not UTF-8.
make_log() {
    drawn_log 60 '1 + draw(12) * (draw(3) > 0)' '1 + draw(6)' '"r" draw(3) * draw(40) "\351"' \
        '1 + draw(3000)' '3600 + draw(9) * draw(200000)' "$1" |
        sed 's/^u\([0-9]\)/u\\\1/'
}

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    make_log 4711 | reddit-sessionize --min-events 1 >sessions.mp
    spcat sessions.mp >sessions.json
}

setup() {
    SESSIONS=$BATS_FILE_TMPDIR/sessions
}

records() {
    spcat "$@" | grep -E '^\["(user|item|session)"'
}

# check INPUT FILTER=VALUE ...: runs tfilter with these filters and checks its output.
check() {
    local before=$1
    shift
    need python3
    tfilter "${@/#/--}" "$before.mp" 2>report >after.mp
    spcat --check after.mp
    spcat after.mp >after.json
    run python3 "$ROOT/tests/check-filters.py" "$before.json" after.json "$@"
    echo "$* -> $output"
    [[ $status == 0 && $output == ok\ [1-9]* ]]
}
