# The command line that all programs share: --help, --version, wrong usage, manual pages.
bats_require_minimum_version 1.5.0
load helpers

# Calls "$@ PROGRAM" for each program; says which one failed.
each_program() {
    local path failed=0 count=0
    for path in "$ROOT"/bin/*.c; do
        count=$((count + 1))
        "$@" "$(basename "$path" .c)" || { echo "in $(basename "$path" .c)"; failed=1; }
    done
    [ "$count" -gt 0 ] && [ "$failed" = 0 ]
}

@test "the programs of the variant are found first on PATH" {
    found() { [ "$(command -v "$1")" = "$SESSPIPE_BIN/$1" ]; }
    each_program found
}

@test "--help and -h: on stdout, nothing on stderr, status 0" {
    help_is_told() {
        "$1" --help >out 2>err && "$1" -h >short 2>>err && cmp out short && [ ! -s err ] &&
            head -1 out | grep -q "^usage: $1 " && grep -q '^example:' out
    }
    each_program help_is_told
}

# One screen; two for trainer, and more than one where columns, times and sessions of any log have options.
most_lines() { case $1 in trainer) echo 96 ;; csv-sessionize | json-sessionize) echo 64 ;; *) echo 50 ;; esac }

@test "--help fits a screen of 80 columns and holds no control characters" {
    fits() {
        "$1" --help >out && awk 'length($0) > 80 { exit 1 }' out && [ "$(wc -l <out)" -le "$(most_lines "$1")" ] &&
            ! grep -q '[[:cntrl:]]' out
    }
    each_program fits
}

@test "--help shows defaults in any position" {
    same() {
        local option
        "$1" --help >plain
        option=$(sed -nE 's/^ +(-., )?(--[a-z-]+) N .*/\2/p' plain | head -1)
        [ -z "$option" ] || { "$1" "$option" 17 --help >after && cmp plain after; }
    }
    each_program same
}

@test "--version: name and version on one line, nothing on stderr" {
    version_is_told() {
        "$1" --version >out 2>err && [ ! -s err ] &&
            head -1 out | grep -qxE "$1 \(sesspipe\) [0-9]+\.[0-9]+\.[0-9]+"
    }
    each_program version_is_told
}

@test "--help and --version fail with 74 where stdout is full or closed" {
    full() {
        local option status
        for option in --help --version; do
            status=0
            "$1" "$option" >/dev/full 2>err || status=$?
            [ "$status" = 74 ] && grep -q "^$1: .*standard output" err || return 1
            status=0
            "$1" "$option" >&- 2>err || status=$?
            [ "$status" = 74 ] && grep -q "^$1: .*standard output" err || return 1
        done
    }
    each_program full
}

@test "--help writes no message if its reader has gone away" {
    unheard() {
        local status=0
        "$1" --help 2>&- >/dev/full || status=$?
        [ "$status" = 74 ]
    }
    each_program unheard
}

@test "an unknown option is 64 and names the nearest one" {
    hinted() {
        local status=0
        "$1" --versoin </dev/null >out 2>err || status=$?
        [ "$status" = 64 ] && [ ! -s out ] &&
            grep -qx "$1: unknown option --versoin: did you mean --version?" err &&
            [ "$(wc -l <err)" = 1 ]
    }
    each_program hinted
    unknown() {
        local status=0
        "$1" --qqqqqqqqqq </dev/null >out 2>err || status=$?
        [ "$status" = 64 ] && grep -q "^$1: unknown option --qqqqqqqqqq: $1 --help" err
    }
    each_program unknown
}

@test "control characters in an argument do not reach the terminal" {
    harmless() {
        local status=0
        "$1" $'--\e[31m\a\nx' </dev/null 2>err || status=$?
        [ "$status" = 64 ] && [ "$(wc -l <err)" = 1 ] && ! tr -d '\n' <err | grep -q '[[:cntrl:]]' &&
            grep -qF '\x1b[31m\x07\x0ax' err
    }
    each_program harmless
}

@test "a missing value of an option is 64 and names the option" {
    missing() {
        local option status
        for option in $("$1" --help | sed -nE 's/^ +(-., )?(--[a-z-]+) [^ ].*/\2/p'); do
            "$1" --help | grep -qE -- "$option [^ ]" || continue
            status=0
            "$1" "$option" </dev/null >out 2>err || status=$?
            [ "$status" = 64 ] && grep -q -- "^$1: $option needs a value" err ||
                { echo "$option: $status $(cat err)"; return 1; }
        done
    }
    each_program missing
}

@test "a file of an option beside the input is not standard input: 64" {
    named() { # OPTION COMMAND ...
        run -64 "${@:2}" </dev/null
        [ "$output" = "$2: $1: name a file: standard input is for the program's input" ]
    }
    named --profiles lfm-sessionize --profiles -
    named --clusters trainer --inter hidden --per-user inter --clusters -
    named --index predictor --index=-
    named --index recommender --index -
    named --candidates recommender --requests --candidates instock=-
    echo $'u1\tNorway' >-
    ! lfm-sessionize --profiles ./- </dev/null 2>err
    grep -qF './-, line 1' err
}

@test "a number out of range and a wrong choice are 64 and say what is possible" {
    ranged() {
        local option status
        for option in $("$1" --help | sed -nE 's/^ +(-., )?(--[a-z-]+) N .*/\2/p'); do
            status=0
            "$1" "$option" 1x </dev/null >out 2>err || status=$?
            [ "$status" = 64 ] && [ ! -s out ] && grep -q -- "$option.*1x" err ||
                { echo "$option: $status $(cat err)"; return 1; }
        done
        for option in $("$1" --help | sed -nE 's/^ +(-., )?(--[a-z-]+) [a-z0-9-]+\|.*/\2/p'); do
            status=0
            "$1" "$option" no-such-choice </dev/null >out 2>err || status=$?
            [ "$status" = 64 ] && grep -q -- "$option: 'no-such-choice' is no" err ||
                { echo "$option: $status $(cat err)"; return 1; }
        done
    }
    each_program ranged
}

@test "options of another model are refused, wherever --model is; --help shows those of the model" {
    run -64 --separate-stderr trainer --encoder local --model ii-rnn batches
    [ "$stderr" = 'trainer: --encoder goes with --model narm, intent, not with ii-rnn' ]
    run -64 --separate-stderr trainer --hidden 5 -m hierarchical batches
    [ "$stderr" = 'trainer: --hidden goes with --model narm, rib, context-rnn, improved, asars, session-embedding, intent, hrnn, rnn, not with hierarchical' ]
    trainer --model narm --help | grep -q -- '^ *--feature-dropout RATE'
    run -1 grep -q -- '--propagate' <(trainer --model narm --help)
    trainer --help | grep -q -- '^ *--inter LIST'
    # an option that every model takes has the model's own default
    own() { trainer "$@" --help | tr -s ' \n' ' ' | grep -oE -- "--(lr|clip|warm-up|lr-decay|loss) [^]]*]" | sed 's/ .*\[/ /; s/]//'; }
    [ "$(own | tr '\n' ' ')" = '--loss cross-entropy --lr 0.001 --warm-up 0 --lr-decay none --clip 0 ' ]
    [ "$(own --model wide | tr '\n' ' ')" = '--loss cross-entropy --lr 0.006 --warm-up 50 --lr-decay cosine --clip 1 ' ]
    [ "$(own -m fpmc | tr '\n' ' ')" = '--loss bpr --lr 0.001 --warm-up 0 --lr-decay none --clip 0 ' ]
    trainer --completion bash | grep -q -- '--propagate'
}

@test "the options of --help and those of the manual page are the same" {
    documented() {
        help_of "$1" | sed -nE 's/^ +(-., )?(--[a-z-]+).*/\2/p' | sort -u >helped
        sed -nE '/^\.It Fl/{s/ Fl -/\n--/g;p}' "$ROOT/man/$1.1" | sed -nE 's/^(--[a-z-]+).*/\1/p' |
            sort -u >manual
        [ -s helped ] && diff helped manual
    }
    each_program documented
}

@test "an option that a page or README names anywhere is one that a program has" {
    options() { each_program help_of | grep -oE -- '--[a-z][a-z-]+' | sort -u; }
    { options && printf '%s\n' --bind-to --host --mca --long; } | sort >there # and some of mpirun's and zstd's
    for page in "$ROOT"/man/*.[1-9] "$ROOT/README.md"; do
        grep -ohE -- '(Fl -|(^|[^a-z-])--)[a-z][a-z-]+' "$page" | sed -E 's/.*(Fl -|--)/--/' | sort -u |
            comm -23 - there | sed "s|^|$(basename "$page") |"
    done >gone
    [ "$(wc -l <there)" -gt 100 ] && diff /dev/null gone
}

@test "the manual pages pass mandoc's lint, and their names are right" {
    need mandoc
    linted() {
        mandoc -T lint -W warning "$ROOT/man/$1.1" || return
        mandoc -T utf8 "$ROOT/man/$1.1" | sed 's/.\x08//g' >text || return
        grep -qiE "^ *$1 (–|-|—) " text || return
        for section in NAME SYNOPSIS DESCRIPTION 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
            grep -qE "^\.Sh \"?$section\"?$" "$ROOT/man/$1.1" || { echo "no $section"; return 1; }
        done
    }
    each_program linted
    for page in "$ROOT"/man/*.[5-8]; do
        [ ! -e "$page" ] || mandoc -T lint -W warning "$page"
    done
    # A name that is also a macro, such as Li, disappears unless it is escaped.
    run -1 grep -nE '(Pq|Po|No) [A-Z][a-z] et al' "$ROOT"/man/*.[1-8]
}

@test "a signal ends a program that waits, with that signal" {
    killed() {
        local status=0 signal
        for signal in INT TERM HUP; do
            mkfifo "$1.$signal"
            status=0
            # A shell's background jobs ignore SIGINT, and their children do too.
            env --default-signal=INT,HUP "$1" <"$1.$signal" >/dev/null 2>&1 3>&- &
            exec 9>"$1.$signal"
            sleep 0.2
            kill "-$signal" $!
            wait $! || status=$?
            exec 9>&-
            [ "$status" = $((128 + $(kill -l "$signal"))) ] || { echo "$signal: $status"; return 1; }
        done
    }
    for program in spcat batcher tfilter scorer; do
        [ ! -x "$SESSPIPE_BIN/$program" ] || killed "$program"
    done
}
