# Rules for the source: which directory includes which, banned calls, sizes of files and lines.
bats_require_minimum_version 1.5.0
load helpers
shopt -s extglob

# Rooms (directories of lib) that a room may include besides itself; programs and tests may include all.
knows() {
    case $1 in
    base) echo ;;
    stream | cli | nn) echo base ;;
    data | baseline) echo base stream cli ;;
    model) echo base nn ;;
    train) echo base stream cli nn model ;;
    recommend) echo base stream cli data nn model train ;;
    eval) echo base stream ;;
    viz) echo base stream eval ;;
    *) echo "the room $1 is not in this table" >&2 && return 1 ;;
    esac
}

@test "each room includes only the rooms that it may" {
    cd "$ROOT"
    wrong=0
    for room in lib/*/; do
        room=$(basename "$room")
        may=$(knows "$room")
        while IFS=: read -r file line included; do
            [[ " $room $may " == *" $included "* ]] ||
                { echo "$file:$line: $room may not include $included"; wrong=1; }
        done < <(grep -nHoE '^ *# *include +"[a-z0-9_]+/' "lib/$room"/*.[ch] 2>/dev/null |
            sed -E 's/^([^:]+):([0-9]+):.*"([a-z0-9_]+)\/$/\1:\2:\3/')
    done
    [ "$wrong" = 0 ]
}

# Rooms whose files still use each other in a loop.
excluded="model nn train eval viz recommend"

# Pairs "user definer" of files: an object that has an undefined symbol, the object that defines it.
# Objects without a source are skipped: they are left from a file that was moved or removed.
uses() {
    for source in lib/*/*.c; do
        object=.build/${VARIANT:-release}/${source%.c}.o
        [[ ! -e $object || " $excluded " == *" $(basename "$(dirname "$source")") "* ]] || echo "$object"
    done | xargs nm -A | awk '
        { split($1, place, ":"); file = place[1]; name = $NF; type = $(NF - 1) }
        type == "U" { wanted[file, name] = 1 }
        type ~ /^[TDBR]$/ { home[name] = file }
        END {
            for (pair in wanted) {
                split(pair, part, SUBSEP)
                if (part[2] in home) print part[1], home[part[2]]
            }
        }'
}

@test "no circle among the files of lib" {
    cd "$ROOT"
    command -v nm >/dev/null || skip "no nm here"
    [ -e ".build/${VARIANT:-release}/lib/base/mem.o" ] || skip "nothing is built"
    uses >"$BATS_TEST_TMPDIR/uses"
    run -0 tsort "$BATS_TEST_TMPDIR/uses"
    [[ $output != *loop* ]]
}

@test "an include names its room: none has a relative path" {
    cd "$ROOT"
    run -1 grep -nE '^ *# *include +"(\.\.?/|[a-z0-9_]+\.h")' lib/*/*.[ch]
}

@test "no banned call" {
    cd "$ROOT"
    run -1 grep -nwE '(rand|srand|strcpy|strcat|sprintf|gets|atoi|atof|setlocale) *\(' \
        lib/*/*.[ch] bin/*.[ch] tests/unit/*.[ch]
}

@test "memory comes from base/mem.h alone" {
    cd "$ROOT"
    run -1 grep -nwE '(malloc|calloc|realloc|aligned_alloc|posix_memalign|strdup|strndup|free) *\(' \
        lib/!(base)/*.[ch] bin/*.[ch] lib/base/!(mem).[ch]
}

@test "only programs and the command line end the process" {
    cd "$ROOT"
    run -1 grep -nwE '(exit|_exit|abort|quick_exit) *\(' lib/!(cli)/!(mem).[ch]
}

@test "no CUDA in the library or the programs" {
    cd "$ROOT"
    run -1 grep -nE '# *if.*(HAVE_|USE_)?CUDA([^C]|$)' lib/*/*.[ch] bin/*.c
}

@test "nothing is left for later" {
    cd "$ROOT"
    run -1 grep -rnwE 'TODO|FIXME|XXX' lib bin tests/unit man Makefile --include='*.[ch1-9]' --include=Makefile
}

# bats shows what `run` caught only where it is printed.
teardown() {
    [ -z "${output:-}" ] || echo "$output"
}

@test "mains stay below 200 lines, files below 700, lines within 100 columns" {
    cd "$ROOT"
    run -0 awk '
        FNR == 1 { limit = FILENAME ~ /^bin\/.*\.c$/ ? 200 : 700 }
        FNR == limit + 1 { print FILENAME ": longer than " limit " lines"; wrong = 1 }
        length($0) > 100 && $0 !~ /[\200-\377]/ { print FILENAME ":" FNR ": " length($0) " columns"; wrong = 1 }
        END { exit wrong }' lib/*/*.[ch] bin/*.[ch] tests/unit/*.[ch]
}

@test "every program has its manual page and its tests" {
    cd "$ROOT"
    for source in bin/*.c; do
        name=$(basename "$source" .c)
        [ -e "man/$name.1" ] || { echo "no man/$name.1"; false; }
        [ -e "tests/$name.bats" ] || { echo "no tests/$name.bats"; false; }
    done
}
