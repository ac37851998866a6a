# What README.md shows works as it stands there.
bats_require_minimum_version 1.5.0
load helpers

# The first block of the README in that language which holds the text.
block() {
    awk -v language="$1" -v text="$2" '
        $0 == "```" language { on = 1; block = ""; next }
        $0 == "```" && on { on = 0; if (index(block, text)) { printf "%s", block; exit } }
        on { block = block $0 "\n" }' "$ROOT/README.md"
}

@test "the pipeline of the README, then its Python reader" {
    "$ROOT/.build/${VARIANT:-release}/fixtures/synthesize" --users 12 --days 12 \
        >userid-timestamp-artid-artname-traid-traname.tsv
    ln -s "$SESSPIPE_BIN" bin
    block sh 'lfm-sessionize userid' >pipeline.sh
    bash -e -o pipefail pipeline.sh >scores 2>messages
    grep -q 'recall@20' scores
    [ -s model.safetensors ]
    spcat --check predictions.mp

    /usr/bin/python3 -c 'import msgpack' 2>/dev/null || skip "no msgpack for /usr/bin/python3 here"
    block python msgpack.Unpacker >reader.py
    /usr/bin/python3 reader.py <split.mp >records
    [ "$(grep -c "^\['session'" records)" = "$(spcat split.mp | grep -c '^\["session"')" ]
    [ "$(grep -c "^\['session'" records)" -gt 10 ]
    run -1 /usr/bin/python3 reader.py < <(head -c 700 split.mp)
    [[ $output == *'cut off'* ]]
}

@test "every program stands in the README's table, and what it names is there" {
    for source in "$ROOT"/bin/*.c; do
        grep -q "^| .*\`$(basename "$source" .c)\`" "$ROOT/README.md"
    done
    for path in $(grep -oE '\b(lib|man|pipelines|tests|fixtures)/[a-zA-Z0-9_./-]+[a-z0-9/]' "$ROOT/README.md"); do
        [ -e "$ROOT/$path" ] || [ "$path" = lib/model/NAME ] || [ "$path" = lib/model/NAME.c ] ||
            { echo "$path is not there"; false; }
    done
    for room in "$ROOT"/lib/*/; do
        grep -q "^lib/$(basename "$room")/ " "$ROOT/README.md" || { echo "$room"; false; }
    done
}
