# Rules for the source: which directory includes which, banned calls, sizes of files and lines.
bats_require_minimum_version 1.5.0
load helpers
shopt -s extglob

# Rooms (directories of lib) that a room may include besides itself; programs and tests may include all.
knows() {
    case $1 in
    base) echo ;;
    stream | cli | nn) echo base ;;
    data) echo base stream cli ;;
    index) echo base stream data ;;
    baseline) echo base stream cli data index model ;;
    model) echo base nn ;;
    mpi) echo nn ;;
    train) echo base stream cli data index nn model ;;
    recommend) echo base stream cli data index nn model train ;;
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

# Pairs "user definer" of files: an object that has an undefined symbol, the object that defines it.
# Objects without a source are skipped: they are left from a file that was moved or removed.
uses() {
    for source in lib/*/*.c; do
        object=.build/${VARIANT:-release}/${source%.c}.o
        [ ! -e "$object" ] || echo "$object"
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

@test "no two structs, unions or enumerations of one name" {
    cd "$ROOT"
    run -0 sh -c "grep -hoE '^(struct|union|enum) [a-z_0-9]+ \\{' lib/*/*.[ch] bin/*.c | cut -d ' ' -f 2 |
        sort | uniq -d"
    [ -z "$output" ]
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
    run -1 grep -nE '\b(rand|srand|strcpy|strcat|sprintf|gets|atoi|atof|setlocale) *\(' \
        lib/*/*.[ch] bin/*.[ch] tests/*.h tests/*/*.[ch]
}

@test "memory comes from base/mem.h alone" {
    cd "$ROOT"
    run -1 grep -nE '\b(malloc|calloc|realloc|aligned_alloc|posix_memalign|strdup|strndup|free) *\(' \
        lib/!(base)/*.[ch] bin/*.[ch] lib/base/!(mem).[ch]
}

@test "only programs and the command line end the process" {
    cd "$ROOT"
    run -1 grep -nE '\b(exit|_exit|abort|quick_exit)\(' lib/!(cli)/!(mem).[ch]
}

@test "no CUDA in the library or the programs" {
    cd "$ROOT"
    run -1 grep -nE '# *if.*(HAVE_|USE_)?CUDA([^C]|$)' lib/*/*.[ch] bin/*.c
}

@test "nothing is left for later" {
    cd "$ROOT"
    run -1 grep -rnwE 'TODO|FIXME|XXX' lib bin tests man Makefile --include='*.[ch1-9]' --include=Makefile
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
        END { exit wrong }' lib/*/*.[ch] bin/*.[ch] tests/*.h tests/*/*.[ch]
}

@test "every program has its manual page and its tests" {
    cd "$ROOT"
    for source in bin/*.c; do
        name=$(basename "$source" .c)
        [ -e "man/$name.1" ] || { echo "no man/$name.1"; false; }
        [ -e "tests/$name.bats" ] || { echo "no tests/$name.bats"; false; }
    done
}

# Variables of the process: all that a function can read or change which nobody hands to it.
variables="
base/mem:on_failure             every allocation may fail
base/mem:fail_at                for tests of that
base/mem:held                   what the program holds, for those that stay within a limit
base/mem:most_held              likewise
base/mem:all                    what the machine has, asked for once
base/mem:found                  functions of libc, looked up once
base/part_file:open_parts       a signal handler removes these files
base/signals:caught             signal handlers have no arguments
base/signals:noted
base/signals:before
base/hangup:ends                 a signal handler writes there
cli/handlers:handled            the system hands nothing to handlers: the program they act for
nn/ranks:waits                  signal handlers have no arguments
nn/ranks:asked
nn/ranks:passed
nn/ranks:before
nn/bf16:engine_of_all           the library's engine, which all products share
nn/bf16:known                   a thread's prepared products, since OpenMP makes the threads,
nn/bf16:count                   how many,
nn/bf16:stream                  and its stream
"

@test "a variable of the process is in a list with its reason, and only its own file sees it" {
    cd "$ROOT"
    command -v objdump >/dev/null || skip "no objdump here"
    [ -e .build/release/lib/base/mem.o ] || skip "nothing is built"
    wrong=0
    for source in lib/*/*.c; do
        object=.build/release/${source%.c}.o
        [ ! -e "$object" ] || objdump -t "$object" | awk -v file="${source#lib/}" '
            NF > 3 && $(NF - 2) ~ /^\.(bss|data|tbss|tdata)(\.[^r]|$)/ && $NF !~ /^\./ {
                sub(/\.c$/, "", file); sub(/\.[0-9]+$/, "", $NF); print file ":" $NF, $2
            }'
    done >"$BATS_TEST_TMPDIR/found"
    while read -r found scope; do
        grep -q "^$found\b" <<<"$variables" || { echo "$found is not in the list above"; wrong=1; }
        [ "$scope" = l ] || { echo "$found is not static"; wrong=1; }
    done <"$BATS_TEST_TMPDIR/found"
    while IFS=': ' read -r file name _; do
        [ -z "$file" ] || grep -qw "$name" "lib/$file.c" ||
            { echo "lib/$file.c has no $name, which is listed"; wrong=1; }
    done <<<"$variables"
    [ "$wrong" = 0 ]
}

@test "nobody gets the program from the handlers that know it: it is handed down" {
    cd "$ROOT"
    command -v nm >/dev/null || skip "no nm here"
    [ -e .build/release/lib/cli/handlers.o ] || skip "nothing is built"
    run -0 sh -c "nm .build/release/lib/cli/handlers.o | awk '\$(NF - 1) == \"T\" { print \$NF }' | sort"
    [ "$output" = $'cli_die\nstartup' ]
}

# Modules that the tests of programs cover, with the reason why they have no unit test of their own.
covered_by_programs="
data/reports             tfilter.bats, splits.bats and the sessionizers' tests: what is said at the end
data/sessionize_run      the three sessionizers' tests: whole runs
train/card               card.bats: cards beside what other programs say
train/pass_run           trainer.bats, predictor.bats: whole runs
train/predict_run        predictor.bats: whole runs
train/train_run          trainer.bats: whole runs
"

@test "a module of data, eval and train has its unit test, or is known to be covered by programs" {
    cd "$ROOT"
    wrong=0
    for header in lib/{data,eval,train}/*.h; do
        module=${header#lib/} module=${module%.h}
        [ -e "lib/$module.c" ] || continue
        listed=$(grep -c "^$module " <<<"$covered_by_programs" || true)
        [ -e "tests/$module.c" ] || [ "$listed" = 1 ] ||
            { echo "no tests/$module.c, and it is not in the list above"; wrong=1; }
        [ ! -e "tests/$module.c" ] || [ "$listed" = 0 ] ||
            { echo "tests/$module.c is there: take it out of the list above"; wrong=1; }
    done
    while read -r module _; do
        [ -z "$module" ] || [ -e "lib/$module.c" ] || { echo "no lib/$module.c, which is listed"; wrong=1; }
    done <<<"$covered_by_programs"
    [ "$wrong" = 0 ]
}

@test "a test file is named after a program or says its topic in its first line" {
    cd "$ROOT"
    wrong=0
    for file in tests/*.bats; do
        [ -e "bin/$(basename "$file" .bats).c" ] || [[ $(head -n 1 "$file") == '# '* ]] ||
            { echo "$file: the first line is no comment"; wrong=1; }
    done
    [ "$wrong" = 0 ]
}

@test "the top level holds what the design names, and no more" {
    cd "$ROOT"
    git rev-parse --git-dir >/dev/null 2>&1 || skip "no repository here"
    git ls-files --cached --others --exclude-standard | sed 's|/.*||' | grep -v '^\.' | sort -u >"$BATS_TEST_TMPDIR/names"
    printf '%s\n' LICENSE Makefile README.md bin cuda fixtures lib man pipelines tests |
        diff - "$BATS_TEST_TMPDIR/names"
}

@test "a unit test is in the folder of a room" {
    cd "$ROOT"
    for file in tests/*/*.c; do
        folder=$(basename "$(dirname "$file")")
        case $folder in
        bench | cov | emulation | fuzz | preload | tool) ;;
        *) [ -d "lib/$folder" ] || { echo "$file: no lib/$folder"; false; } ;;
        esac
    done
}
