# The commands in README.md work.
bats_require_minimum_version 1.5.0
load helpers

# The first block of the README in that language which holds the text.
block() {
    awk -v language="$1" -v text="$2" '
        $0 == "```" language { on = 1; block = ""; next }
        $0 == "```" && on { on = 0; if (index(block, text)) { printf "%s", block; exit } }
        on { block = block $0 "\n" }' "$ROOT/README.md"
}

# The recipes of the README start from the files of its pipeline.
setup_file() {
    cd "$BATS_FILE_TMPDIR"
    synthesize --users 12 --days 12 >userid-timestamp-artid-artname-traid-traname.tsv
    synthesize --users 12 --days 12 --format reddit | sed '1s/.*/who,what,when/' >log.csv
    ln -s "$SESSPIPE_BIN" bin
    ln -s "$ROOT/pipelines" pipelines
    block sh 'lfm-sessionize userid' >pipeline.sh
    bash -e -o pipefail pipeline.sh >scores 2>messages
}

setup() {
    cp -r "$BATS_FILE_TMPDIR"/. .
}

@test "the pipeline" {
    grep -q 'recall@20' scores
    [ -s model.safetensors ]
    spcat --check predictions.mp
}

@test "the recipes, each where its tools are" {
    awk '/^## / { on = $0 == "## Recipes" } !on { next }
        /^```[a-z]/ { file = sprintf("%02d.%s", ++count, substr($0, 4)); next }
        /^```$/ { file = ""; next }
        file { print > file }' "$ROOT/README.md"
    [ -e 01.sh ]
    export OMP_THREAD_LIMIT=1
    for recipe in [0-9][0-9].*; do
        missing=
        for tool in jq parallel sqlite3; do
            ! grep -qw $tool "$recipe" || command -v $tool >/dev/null || missing=$tool
        done
        for module in torch pandas faiss; do
            ! grep -qw "import $module" "$recipe" || python3 -c "import $module" 2>/dev/null || missing=$module
        done
        if [ -n "$missing" ]; then
            echo "# no $missing here for a recipe" >&3
            continue
        fi
        case $recipe in
        *.sh) bash -e -o pipefail "$recipe" >out 2>err ;;
        *.python) python3 "$recipe" >out 2>err ;;
        esac || { cat "$recipe" err; false; }
        [ -s out ] || [ -n "$(find . -maxdepth 1 -newer "$recipe" -name '*.tsv' -size +0)" ] ||
            { cat "$recipe"; echo 'said nothing'; false; }
    done
}

@test "the requests have answers, of a user and of a session that nobody has logged" {
    need jq
    block sh 'recommender --requests' >requests.sh
    bash -e -o pipefail requests.sh 2>err >answers
    jq -e -s 'map(.items | length) == [3, 3] and map(.unknown) == [0, 0]' answers
}

# With one pass, in one thread, of one log: the commands as they are there.
@test "the two commands, the table of what wins, and the other pipelines" {
    export EPOCHS=1 WIDE_EPOCHS=1 THREADS=1 DEVICE=cpu OMP_THREAD_LIMIT=1 TRAIN='--embedding 4' EMBEDDING=4
    block sh 'make deps demo' >two.sh
    sed -n 's/^make deps demo .*/make -n deps demo/p' two.sh >install.sh
    [ -s install.sh ]
    (cd "$ROOT" && bash -e "$OLDPWD/install.sh") >said
    grep -q 'pipelines/demo.mk' said
    grep -v '^make deps demo ' two.sh >any.sh
    [ "$(wc -l <any.sh)" = 1 ]
    NETWORKS=stamp BASELINES='pop markov' bash -e any.sh >said 2>err || { cat err; false; }
    grep -q '^best on the validation part: out/best/' said
    block sh 'pipelines/table.mk' >table.sh
    LOGS=lastfm bash -e table.sh >said 2>err || { cat err; false; }
    [ ! -s out/table/failed.txt ]
    # Its rows are those of the README.
    cut -d '|' -f 2 out/table/table.md | grep . >rows
    sed -n '/^## What wins/,/^## /p' "$ROOT/README.md" | grep '^|' | cut -d '|' -f 2 | cmp - <(grep -v '^Means\|^The' rows)
    : >clicks.csv.xz >users_interactions.csv >reddit.csv >userid-profile.tsv
    for text in pipelines/lastfm.mk pipelines/thesis.mk; do
        block sh "$text" | sed 's/^make /make -n /' >dry.sh
        bash -e dry.sh >said 2>err || { cat err; false; }
        grep -q sessionize said
    done
}

@test "the search in FAISS finds the lists of recommender" {
    python3 -c 'import faiss' 2>/dev/null || skip "no faiss for python3 here"
    block sh '--vectors vectors' >vectors.sh
    block python faiss.IndexFlatIP >search.py
    bash -e vectors.sh
    python3 search.py >found
    [ "$(wc -l <found)" = 12 ]
    awk -F '\t' '{ line[$1] = line[$1] FS $3 } !again[$1]++ { user[++users] = $1 }
        END { for (i = 1; i <= users; i++) print user[i] line[user[i]] }' recommended.tsv | cmp - found
}

@test "the measurements that the README shows are the recorded ones" {
    grep -E '^\| `[a-z_]+` \| [0-9.]+ \|' "$ROOT/README.md" | sed -E 's/^\| `([a-z_]+)` \| ([0-9.]+) .*/\1\t\2/' >shown
    [ "$(wc -l <shown)" -gt 4 ]
    while IFS= read -r row; do
        grep -qF "$row"$'\t' "$ROOT"/tests/bench/recorded{,-large}.tsv || { echo "not recorded: $row"; false; }
    done <shown
}

@test "the picture is there and well-formed" {
    grep -q '(man/attention.svg)' "$ROOT/README.md"
    [ -s "$ROOT/man/attention.svg" ]
    need xmllint
    xmllint --noout "$ROOT/man/attention.svg"
}

@test "the Python reader" {
    /usr/bin/python3 -c 'import msgpack' 2>/dev/null || skip "no msgpack for /usr/bin/python3 here"
    block python msgpack.Unpacker >reader.py
    /usr/bin/python3 reader.py <split.mp >records
    [ "$(grep -c "^\['session'" records)" = "$(spcat split.mp | grep -c '^\["session"')" ]
    [ "$(grep -c "^\['session'" records)" -gt 10 ]
    run -1 /usr/bin/python3 reader.py < <(head -c 700 split.mp)
    [[ $output == *'cut off'* ]]
}

@test "every program is in the README's table, and files that it names exist" {
    for source in "$ROOT"/bin/*.c; do
        grep -q "^| .*\`$(basename "$source" .c)\`" "$ROOT/README.md"
    done
    grep -oE '\b(lib|man|pipelines|tests|fixtures|cuda)/[a-zA-Z0-9_.*/-]+[a-z0-9/]' <(sed 's#\.build/[^ ]*##' "$ROOT/README.md") | grep -v NAME | sort -u >named
    [ "$(wc -l <named)" -gt 30 ]
    while IFS= read -r path; do
        compgen -G "$ROOT/$path" >there || { echo "$path is not there"; false; }
    done <named
    for room in "$ROOT"/lib/*/; do
        grep -q "^lib/$(basename "$room")/ " "$ROOT/README.md" || { echo "$room"; false; }
    done
}
