# trainer --card: what a model card says is what the streams, the model file and scorer say.

bats_require_minimum_version 1.5.0
load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    synthesize --users 9 --days 10 >log.tsv
    lfm-sessionize -q log.tsv | tfilter -q --min-sessions 3 --split user:0.8 --validation 0.1 -o split.mp
    batcher -q --batch 7 --epochs 4 split.mp -o batches.mp
}

setup() {
    SPLIT=$BATS_FILE_TMPDIR/split.mp
    BATCHES=$BATS_FILE_TMPDIR/batches.mp
}

train() { trainer --quiet --threads 1 --embedding 5 --lr 0.02 "$@"; }

# The cells of a row of the card, by its first cell, with commas between.
row() { # CARD FIRST
    awk -F ' [|] ' -v first="$2" '{ sub(/^[|] /, ""); sub(/ [|]$/, "") } $1 == first {
        for (i = 2; i <= NF; i++) printf "%s%s", (i > 2 ? "," : ""), $i; print "" }' "$1"
}

@test "figures, counts, times, hash and chain are those of the other programs" {
    need jq
    train --inter hidden,delta --save model --card card.md -o run.mp "$BATCHES"
    [ "$(head -n 1 card.md)" = '# ii-rnn hidden,delta' ]
    [ "$(row card.md model)" = 'ii-rnn hidden,delta' ]
    [ "$(row card.md file)" = model ]
    spcat --summary "$SPLIT" >summary
    said() { sed -n "s/^$1\t//p" summary; }
    grep -qx "$(said users) users, $(said items) items\." card.md
    for part in train validation test; do
        [[ "$(sed -n '/^## Data/,$p' card.md | row - $part)" == "9,$(said "sessions $part"),$(said "events $part"),20"* ]]
    done
    grep -qF "| $(said 'first event') |" <(grep '^| train' card.md)
    grep -qF "| $(said 'last event') |" <(grep '^| test' card.md)
    grep -qx -- "- by lfm-sessionize: $(said 'dropped by lfm-sessionize')" card.md
    # The scores of the epoch that scorer chooses too.
    scorer --json --by none run.mp >scores
    epoch=$(jq -r 'select(.best and .part == "test").epoch' scores)
    [ "$(row card.md epoch)" = "$epoch of 4, the best by recall@20 on the validation part" ]
    for part in validation test; do
        jq -r --arg part $part "select(.part == \$part and .epoch == $epoch)
            | [.events, .loss, .[\"recall@20\"], .[\"mrr@20\"]] | @tsv" scores |
            awk '{ printf "%d,%.4f,%.4f,%.4f\n", $1, $2, $3, $4 }' >expected
        [ "$(sed -n '/^## Scores/,/^## Data/p' card.md | row - $part)" = "$(cat expected)" ]
    done
    # Each program of the chain, oldest first.
    [ "$(sed -n '/^| program/,$p' card.md | sed 1,2d | cut -d ' ' -f 2 | tr '\n' ' ')" = 'lfm-sessionize tfilter batcher trainer ' ]
    grep -qF '| --min-sessions 3 --split user:0.8 --validation 0.1 |' card.md
    need python3
    python3 - model >expected <<'EOT'
import json, struct, sys
f = open(sys.argv[1], "rb")
head = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
print(head["__metadata__"]["xxh3"])
weights = 0
for name, e in head.items():
    if name != "__metadata__" and e["dtype"] == "F32":
        begin, end = e["data_offsets"]
        weights += (end - begin) // 4
print(weights)
EOT
    [ "$(row card.md 'XXH3 of its tensors')" = "$(sed -n 1p expected)" ]
    [ "$(row card.md weights)" = "$(sed -n 2p expected)" ]
}

@test "the card in trainer(1) is that of its example, but for the numbers" {
    page=$ROOT/man/trainer.1
    sed -n '/^\.Ss The model card/,/^\.Ed/p' "$page" | sed '1,/^\.Bd/d; /^\.Ed/d' >shown
    grep -q 'trainer --inter hidden,delta --save lastfm.safetensors --card lastfm.md' "$page"
    synthesize --users 12 --days 12 | lfm-sessionize -q |
        tfilter -q --min-sessions 3 --split user:0.8 --validation 0.1 -o split.mp
    batcher -q --epochs 10 split.mp |
        trainer -q --threads 1 --inter hidden,delta --save lastfm.safetensors --card lastfm.md -o ranks.mp
    # Another processor rounds otherwise, and then another epoch may be the best.
    plain() { sed -E 's/[0-9a-f]{16}/hash/; /^\| (epoch|updates|train|validation|test) \|/s/[0-9]+/N/g' "$1"; }
    plain shown >1
    plain lastfm.md | diff 1 -
}

@test "the same run has the same card, wherever its files are; a run of another seed has another" {
    mkdir there
    train --save model --card one.md "$BATCHES" >/dev/null
    train --save there/model --card there/two.md "$BATCHES" >/dev/null
    cmp one.md there/two.md
    train --save model --card three.md --seed 2 "$BATCHES" >/dev/null
    run -1 cmp -s one.md three.md
}

@test "which epoch: the last one, or one that the test part chose" {
    train --save model --card last.md --save-by last -o run.mp "$BATCHES"
    [ "$(row last.md epoch)" = '4 of 4, the last one' ]
    need jq
    [ "$(row last.md test | head -n 1)" = "$(scorer --json --by none run.mp | jq -r 'select(.epoch == 4 and .part == "test")
        | [.events, .loss, .["recall@20"], .["mrr@20"]] | @tsv' | awk '{ printf "%d,%.4f,%.4f,%.4f", $1, $2, $3, $4 }')" ]
    run -1 grep 'too good' last.md
    lfm-sessionize -q "$BATS_FILE_TMPDIR/log.tsv" | tfilter -q --split user:0.8 | batcher -q --epochs 2 |
        train --save model --card test.md >/dev/null
    grep -qE '^\| epoch \| [12] of 2, the best by recall@20 on the test part \|$' test.md
    grep -q '^The test part chose the epoch: its scores are too good\.$' test.md
    [ -z "$(row test.md validation)" ]
    # Without a test pass there is a loss alone.
    lfm-sessionize -q "$BATS_FILE_TMPDIR/log.tsv" | tfilter -q --split user:0.8 | batcher -q --epochs 2 --test-from 9 |
        train --save model --card bare.md >/dev/null
    [ "$(row bare.md epoch)" = '2 of 2, the last one' ]
    [[ "$(sed -n '/^## Scores/,/^## Data/p' bare.md | grep -c '^| train | ')" = 1 ]]
    [ "$(grep -c '^| test |' bare.md)" = 1 ] # under Data
}

@test "training that diverges: the card of the model that is saved says so" {
    # Weight decay of more than 2 lets weights grow by a fifth with each update.
    run -1 --separate-stderr train --save model --card card.md --save-by last --lr 1 --optimizer sgd \
        --weight-decay 2.2 "$BATCHES" -o out.mp
    [ -e model ]
    [ ! -e out.mp ]
    grep -qx 'Training diverged after this epoch\.' card.md
    grep -qE '^\| epoch \| [123] of [123], the last one \|$' card.md
}

@test "a model that cannot be read again: 73 before any training" {
    mkfifo pipe
    for name in pipe /dev/null; do
        run -73 train --save $name --card card.md -o out.mp no-such-file
        [[ $output == *"--save $name: not a regular file"* ]]
        [ ! -e card.md ]
    done
    train --save /dev/fd/7 --card card.md -o out.mp "$BATCHES" 7>model
    [ "$(row card.md 'XXH3 of its tensors')" != "" ]
}

@test "names cannot break the page" {
    need python3
    awk -F '\t' -v OFS=, 'BEGIN { print "u|*ser,<b>item`,t_i_me" } { print $1, $4, $2 }' "$BATS_FILE_TMPDIR/log.tsv" >odd.csv
    csv-sessionize -q --user 'u|*ser' --item '<b>item`' --time t_i_me --where '<b>item`!=a|b' odd.csv |
        tfilter -q --split user:0.8 --validation 0.1 | batcher -q --epochs 1 | train --save 'a|b*c' --card card.md >/dev/null
    grep -qF -- '--user u\|\*ser --item \<b>item\` --time t\_i\_me' card.md
    grep -qF -- '--where \<b>item\`!=a\|b' card.md
    grep -qF '| file | a\|b\*c |' card.md
    # Every row of a table has as many cells as its head.
    awk '/^\|/ { row = $0; gsub(/\\\|/, "", row); n = gsub(/\|/, "", row); if (!cells) cells = n; if (n != cells) exit 1 }
        !/^\|/ { cells = 0 }' card.md
    python3 - card.md <<'EOT'
import sys
text = open(sys.argv[1]).read()
assert all(c == "\n" or c >= " " for c in text)
EOT
}

@test "what is refused, and a full disk" {
    refused() { # STATUS WORDS OPTION ...
        run -"$1" --separate-stderr train "${@:3}" "$BATCHES" -o out.mp
        [[ $stderr == *"$2"* ]] || { echo "$stderr"; false; }
        [ ! -e out.mp ]
    }
    refused 64 '--card needs --save FILE' --card card.md
    refused 64 '--save and --card name the same file' --save model --card ./model
    refused 64 '--output and --card name the same file' --save model --card out.mp
    refused 64 '--card and --checkpoint name the same file' --save model --card card.md --checkpoint card.md
    refused 73 'no-such-folder' --save model --card no-such-folder/card.md
    refused 73 'name a file' --save model --card -
    [ ! -e model ]
    [ -e /dev/full ] || skip 'no /dev/full here'
    refused 74 /dev/full --save model --card /dev/full
    [ "$(find . -name '*.part' | wc -l)" = 0 ]
}
