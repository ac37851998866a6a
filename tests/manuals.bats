# The manual pages and the help: their examples run, and the names in them exist.
bats_require_minimum_version 1.5.0
load helpers

# Files with the names that the examples read; `supply` makes other streams.
setup_file() {
    local log=userid-timestamp-artid-artname-traid-traname.tsv files=$BATS_FILE_TMPDIR/files
    mkdir "$files" && cd "$files"
    synthesize --users 12 --days 8 >$log
    cp $log log.tsv
    sort -t $'\t' -k2,2 $log >mixed.tsv
    synthesize --users 12 --days 8 --format reddit >reddit.csv
    (head -n 1 reddit.csv && tail -n +2 reddit.csv | sort -t , -k3,3) >mixed.csv
    ! command -v xz >/dev/null || xz -k log.tsv reddit.csv
    printf '#id\tgender\tage\tcountry\tregistered\nuser_000001\tf\t22\tNorway\tAug 13, 2006\n' >userid-profile.tsv

    delimited
    printf 'user\tposition\ttarget\trank\nann\t0\tBach\t3\nann\t1\tHolst\t-\n' >matrix-factorization.tsv

    lfm-sessionize -o sessions.mp $log
    tfilter --min-sessions 3 --split user:0.8 --validation 0.1 -o split.mp sessions.mp 2>said
    synthesize --users 12 --days 8 --seed 2 | lfm-sessionize | tfilter --split user:0.8 -o new.mp 2>said
    batcher --batch 4 --epochs 2 -o batches.mp split.mp 2>said
    for seed in 1 2 3; do
        trainer -q -j 1 --embedding 8 --inter hidden,delta --attention 20 --seed $seed \
            --save lastfm.safetensors -o rnn-$seed.mp batches.mp
    done
    cp sessions.mp old.mp
    sed 's/\t200/\t201/' $log | lfm-sessionize -o newer.mp
    rm said
    trainer -q -j 1 --embedding 8 -o plain.mp batches.mp
    baseline --model pop -o pop.mp split.mp
    baseline --model markov -o markov.mp split.mp
    cp rnn-1.mp ranks.mp && cp rnn-1.mp model.mp && cp batches.mp b.mp
    # Models have the sizes in the pages, but few threads.
    export OMP_THREAD_LIMIT=1
}

# Logs with the columns and paths that the examples of csv- and json-sessionize name.
delimited() {
    awk 'BEGIN {
        print "u,i,ts" >"wikipedia.csv"
        print "who,what,when" >"log.csv"
        print "{\"id\":0,\"items\":[1,2,3]}" >"sessions.jsonl"
        print "timestamp,eventType,contentId,personId,userCountry" >"deskdrop.csv"
        print "InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID" >"online-retail.csv"
        for (n = 0; n < 900; n++) {
            user = int(n / 60); item = n * 7919 % 101; time = 1300000000 + n * 400 + int(n / 6) * 9000
            print user "," item "," time >"wikipedia.csv"
            print user "," item "," time >"log.csv"
            print "{\"who\":" user ",\"what\":" item ",\"when\":" time "}" >"log.jsonl"
            print "{\"user\":" user ",\"song\":{\"id\":" item "},\"at\":" time "}" >"plays.jsonl"
            print "{\"session\":" int(n / 3) ",\"events\":[{\"aid\":" item ",\"ts\":" time "000,\"type\":\"clicks\"}]}" >"train.jsonl"
            print time "," (n % 5 ? "VIEW" : "LIKE") "," item "," user ",BR" >"deskdrop.csv"
            date = sprintf("2011-03-%02d %02d:%02d:00", 1 + n % 60 / 3, n % 3 * 5, n % 60)
            print (n % 50 ? "" : "C") int(n / 3) "," item ",1," date ",2.5," user >"online-retail.csv"
            date = sprintf("2014-04-%02dT%02d:%02d:%02d.000Z", 1 + n / 60, n % 20, n % 60, n % 60)
            print int(n / 3) "," date "," item ",0" >"yoochoose-clicks.dat"
            print int(n / 3) ";" time ";" item >"clicks"
        }
    }'
    ! command -v xz >/dev/null || xz deskdrop.csv
}

# Makes a file that an example reads and no example wrote, by the program that reads it.
supply() { # FILE.sh
    local line word program
    set -f
    while read -r line; do
        program=
        for word in $line; do
            case $word in
            tfilter | batcher | baseline | trainer | predictor | recommender | scorer | attnviz | spcat) program=$word ;;
            *[{*]*) ;;
            *.mp) [ -e "$word" ] || case $program in
                tfilter) cp sessions.mp "$word" ;;
                batcher | baseline | recommender) cp split.mp "$word" ;;
                trainer | predictor) cp batches.mp "$word" ;;
                scorer | attnviz | spcat) cp rnn-2.mp "$word" ;;
                esac ;;
            esac
        done
    done <"$1"
    set +f
}

# The literal blocks below a heading of a page (of the whole page without one), each to N.sh or, if
# it is Python, N.py.
blocks() { # PAGE [HEADING]
    awk -v heading="${2:-}" '
        BEGIN { wanted = heading == "" }
        /^\.Sh / { if (heading != "") wanted = $0 == ".Sh " heading }
        !wanted { next }
        /^\.Bd -literal/ { on = 1; block = ""; python = 0; next }
        /^\.Ed/ && on {
            on = 0
            printf "%s", block > (++count (python ? ".py" : ".sh"))
            next
        }
        !on || /^\./ { next }
        {
            gsub(/\\e/, "\\"); gsub(/\\&/, ""); gsub(/\\-/, "-"); gsub(/\\\(aq/, "\047")
            if (/^(import|from|def) /)
                python = 1
            block = block $0 "\n"
        }' "$1"
}

# Runs a block of shell.  A program whose reader has seen enough ends by SIGPIPE.
runs() { # FILE
    local status=0
    bash -e -o pipefail "$1" >out 2>err </dev/null || status=$?
    [ "$status" = 0 ] || [ "$status" = 141 ] ||
        { echo "status $status of:"; cat "$1"; echo "which said:"; cat err; return 1; }
}

# Calls "$@ PAGE" in a folder with the files for each page that matches; says which one failed.
each_page() { # PATTERN COMMAND...
    local pattern=$1 page failed=0 count=0
    shift
    for page in "$ROOT"/man/$pattern; do
        count=$((count + 1))
        rm -rf there && cp -r "$BATS_FILE_TMPDIR/files" there
        (cd there && "$@" "$page") || { echo "in $(basename "$page")"; failed=1; }
    done
    [ "$count" -gt 0 ] && [ "$failed" = 0 ]
}

@test "the examples of the manual pages run" {
    examples() {
        local block tool
        blocks "$1" EXAMPLES
        [ -e 1.sh ] || [ -e 1.py ] || { echo "no example"; return 1; }
        for block in [0-9]*.sh; do
            [ -e "$block" ] || continue
            for tool in jq xz parallel; do
                grep -qw "^ *$tool\\|| *$tool" "$block" && ! command -v $tool >/dev/null || continue
                echo "# no $tool here for an example of $(basename "$1")" >&3
                continue 2
            done
            supply "$block"
            runs "$block" || return
        done
    }
    each_page '*.[1-7]' examples
}

@test "the Python of the manual pages runs" {
    for python in python3 /usr/bin/python3 none; do
        ! "$python" -c 'import msgpack' 2>/dev/null || break
    done
    [ "$python" != none ] || skip 'no msgpack for python3 here'
    run_python() {
        blocks "$1"
        cat [0-9]*.py >all.py 2>/dev/null || return 0
        if grep -q safetensors all.py && ! "$python" -c 'import safetensors.numpy' 2>/dev/null; then
            echo "# no safetensors for $python here, which $(basename "$1") uses" >&3
            return 0
        fi
        "$python" all.py || { cat all.py; return 1; }
        touch ../ran
    }
    each_page '*.[1-7]' run_python
    [ -e ran ]
}

@test "the example of each --help runs" {
    each_page '*.1' example_of_help
}

example_of_help() { # PAGE
    "$(basename "$1" .1)" --help | sed -n '/^example/,$p' | sed 1d >example.sh
    [ -s example.sh ] && runs example.sh
}

@test "pages that a page names exist, and every page has a SEE ALSO" {
    cross() {
        local name section
        while read -r _ name section _; do
            case $name in
            awk | bzip2 | cat | cut | gzip | head | jq | make | mpicc | mpirun | parallel | socat | sort | strptime | tee | xz | zstd) continue ;;
            esac
            [ -e "$ROOT/man/$name.$section" ] || { echo "no $name($section)"; return 1; }
        done < <(grep -hE '^\.(Xr|It Xr) ' "$1" | sed 's/^\.It Xr/.Xr/')
        sed -n '/^\.Sh SEE ALSO/,$p' "$1" | grep -q '^\.Xr ' || { echo "no SEE ALSO"; return 1; }
        [[ $1 == */sesspipe.7 ]] || grep -q '^\.Xr sesspipe 7' "$1" || { echo "no sesspipe(7)"; return 1; }
    }
    each_page '*.[1-9]' cross
    for page in "$ROOT"/man/*.[1-9]; do
        name=$(basename "$page")
        [ "$name" = sesspipe.7 ] || grep -q "^\.Xr ${name%.*} ${name##*.}" "$ROOT/man/sesspipe.7" ||
            { echo "sesspipe(7) does not name $name"; false; }
    done
}

@test "the tests that sesspipe-faults(7) names are there, and it names all of faults-*.bats" {
    page=$ROOT/man/sesspipe-faults.7
    sed -n 's|^tests/||p' "$page" | sed "s/\\\\(aq/'/g" >named
    [ "$(wc -l <named)" -gt 30 ]
    while IFS= read -r line; do
        test="@test \"${line#*: }\" {"
        [[ $line != *.[ch]:* ]] || test=${line#*: } # of what a unit test says
        grep -qF "$test" "$ROOT/tests/${line%%: *}" || { echo "there is no $line"; false; }
    done <named
    (cd "$ROOT/tests" && grep '^@test "' faults-*.bats) | sed 's/:@test "\(.*\)" {$/: \1/' >there
    [ -s there ]
    run -1 grep -vxFf named there
}

@test "a word after an option, on its line of the page, is not shown as an option" {
    need mandoc
    for page in "$ROOT"/man/*.[1-9]; do
        mandoc -T utf8 -O width=1000 "$page" | sed 's/.\x08//g'
    done >all
    [ "$(grep -c -- '--[a-z]' all)" -gt 100 ]
    run -1 grep -E -- '--[a-z-]+ -[a-z]{2,}' all
}

@test "quotes in literal text are escaped" {
    run -1 grep -nE '^\.(It )?(Li|Ql) [^"].* "' "$ROOT"/man/*.[1-9]
}
