# What somebody meets in the first hour.  Elsewhere: help, version, unknown options and the manual
# pages' lint in cli.bats; damage, full disks, locale and time zone in faults-*.bats; the page of
# pictures in attnviz.bats; progress in progress.bats; the README's pipeline in readme.bats.
bats_require_minimum_version 1.5.0
load helpers

setup_file() {
    load helpers
    cd "$BATS_FILE_TMPDIR"
    synthesize --users 20 --days 20 >log.tsv
    lfm-sessionize log.tsv | tfilter -q --min-sessions 3 --split user:0.8 >split.mp
    batcher -q --batch 10 --epochs 2 split.mp |
        trainer -q --inter hidden --embedding 6 --threads 1 --save model.safetensors >ranks.mp
}

setup() {
    cp "$BATS_FILE_TMPDIR"/*.* .
}

programs() {
    local path
    for path in "$ROOT"/bin/*.c; do
        basename "$path" .c
    done
}

@test "install, a run from there, uninstall" {
    [ "${VARIANT:-release}" = release ] || skip "the release programs are installed"
    for prefix in /usr '/opt/with a name'; do
        make -s -C "$ROOT" install DESTDIR="$PWD/stage" PREFIX="$prefix"
        (cd "$ROOT" && SYNTHESIZE=$(command -v synthesize) tests/installcheck "$OLDPWD/stage$prefix" $(programs))
        [ "$(find stage -type f -path "*$prefix/*" | wc -l)" -gt 30 ]
        # Nothing that is installed knows where it was staged.
        run ! grep -rq "$PWD" stage
        make -s -C "$ROOT" uninstall DESTDIR="$PWD/stage" PREFIX="$prefix"
        [ -z "$(find stage ! -type d)" ]
    done
}

@test "a folder whose name has a blank: its sources are compiled" {
    [ "${VARIANT:-release}" = release ] || skip "the release programs are built there"
    mkdir 'my clone'
    cp -r "$ROOT"/Makefile "$ROOT"/lib "$ROOT"/man 'my clone'
    make -s -C 'my clone' .build/release/lib/base/buf.o MPI=0 CUDA=0
    [ -s 'my clone/.build/release/lib/base/buf.o' ]
}

@test "make clean leaves what pipelines have made" {
    mkdir -p clone/out/best clone/out/demo && touch clone/out/best/best.safetensors
    cp "$ROOT/Makefile" clone
    make -s -C clone clean
    [ -e clone/out/best/best.safetensors ] && [ ! -e clone/out/demo ]
}

@test "installcheck finds what is missing" {
    [ "${VARIANT:-release}" = release ] || skip "the release programs are installed"
    make -s -C "$ROOT" install DESTDIR="$PWD/stage" PREFIX=/usr
    check() { SYNTHESIZE=$(command -v synthesize) "$ROOT/tests/installcheck" stage/usr $(programs); }
    rm stage/usr/share/man/man1/tfilter.1
    run -1 check
    [[ $output == *'no manual page of tfilter'* ]]
    cp "$ROOT/man/tfilter.1" stage/usr/share/man/man1
    printf '#!/bin/sh\nexit 1\n' >stage/usr/bin/scorer
    run -1 check
    [[ $output == *'scorer does not run'* ]]
}

# What bash offers for the words, the last one being completed.
offered() {
    bash -c 'eval "$("$1" --completion bash)"; complete -p "$1" >/dev/null || exit
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        "_sesspipe_${1//-/_}" 2>/dev/null
        echo "${COMPREPLY[@]}"' complete "$@"
}

@test "completion for bash: options, words of choices, nothing behind --" {
    for program in $(programs); do
        "$program" --completion bash | bash -n
        [ "$(offered "$program" --vers)" = --version ]
        # All options of the help, and no other.
        offered "$program" -- | tr ' ' '\n' | sort >names
        help_of "$program" | sed -nE 's/^ +(-., )?(--[a-z-]+).*/\2/p' | sort -u | diff - names
    done
    [ "$(offered tfilter --progress '')" = 'auto json none' ]
    [ "$(offered tfilter --progress j)" = json ]
    [ "$(offered tfilter --progress = j)" = json ]
    [ "$(offered lfm-sessionize --item t)" = track ]
    [ "$(offered trainer -m '')" = "$(trainer --model none </dev/null 2>&1 | sed -n 's/.*choose from //p' | tr -d ,)" ]
    [ "$(offered trainer --model = sa)" = sasrec ]
    # Of options that models share the words of all of them.
    [ "$(offered trainer --encoder '')" = 'global local hybrid both forward' ]
    [ "$(offered trainer --decoder '' | tr ' ' '\n' | sort | xargs)" = 'bilinear dense embedding layers tied' ]
    [ -z "$(offered tfilter -- --vers)" ]
    [ -z "$(offered tfilter --output --vers)" ]
}

@test "completion for zsh loads and knows its program" {
    need zsh
    mkdir functions
    for program in $(programs); do
        "$program" --completion zsh >"functions/_$program"
        zsh -fn "functions/_$program"
    done
    zsh -fc 'fpath=("$PWD/functions" $fpath); autoload -Uz compinit; compinit -u -d dump
        for p; do [[ $_comps[$p] == _$p ]] || exit 1; autoload +X _$p || exit 1; done' zsh $(programs)
    # Each option of the help stands there once, with the words of its choices.
    for program in $(programs); do
        "$program" --help | sed -nE 's/^ +(-., )?(--[a-z-]+).*/\2/p' | sort -u >helped
        sed -nE "s/^ +'(\*|\([^)]*\))?(--[a-z-]+)=?\[.*/\2/p" "functions/_$program" | sort | diff helped -
    done
    grep -q ':progress:(auto json none)' functions/_tfilter
    grep -q -- '--model=.*:model:(ii-rnn .* wide)' functions/_trainer
}

@test "--completion says what shells it knows, and is not for people" {
    run -64 --separate-stderr tfilter --completion fish
    [[ $stderr == *"'fish' is not one of bash, zsh"* ]]
    run ! grep completion <(tfilter --help)
    run -74 bash -c 'tfilter --completion bash >/dev/full'
}

@test "a terminal and no input: a hint, not a wait" {
    need script
    for program in $(programs); do
        [ "$program" != baseline ] || program='baseline --model pop'
        status=0
        SHELL=/bin/sh timeout 20 script -qec "$program" typescript >/dev/null </dev/null || status=$?
        [ "$status" = 64 ] || { echo "$program: $status"; cat typescript; false; }
        grep -q "${program%% *}: no input: standard input is a terminal: name a FILE" typescript
    done
    # What - asks for is read; /dev/null is no terminal.
    SHELL=/bin/sh timeout 20 script -qec 'printf "\004" >/dev/null; tfilter - <split.mp >out.mp' t >/dev/null </dev/null
    spcat --check out.mp
    run -65 tfilter </dev/null
}

@test "a terminal gets no stream, whatever names it" {
    need script
    batcher -q --epochs 1 -o b.mp split.mp
    spcat split.mp >lines
    refused() { # COMMAND
        status=0
        SHELL=/bin/sh timeout 20 script -qec "$1" typescript >/dev/null </dev/null || status=$?
        [ "$status" = 64 ] || { echo "$1: $status"; cat -v typescript; false; }
        grep -q "${1%% *}: the output is a terminal, which cannot show a stream: name a file with -o" typescript
        run -1 grep -aq SESSPIPE typescript
    }
    for program in $(programs); do
        case $program in
        scorer | attnviz | recommender) continue ;; # which write text
        spcat) refused 'spcat --from-json lines' ;;
        baseline) refused 'baseline --model pop split.mp' ;;
        lfm-sessionize) refused 'lfm-sessionize log.tsv' ;;
        csv-sessionize | json-sessionize) refused "$program --user a --item b --time c log.tsv" ;;
        predictor) refused 'predictor --model none b.mp' ;;
        trainer) refused 'trainer b.mp' ;;
        *) refused "$program split.mp" ;;
        esac
    done
    for name in /dev/stdout /dev/tty - ; do
        refused "tfilter -o $name split.mp"
    done
    SHELL=/bin/sh script -qec 'tfilter -q split.mp | spcat --head 1; tfilter -q -o out.mp split.mp' typescript >/dev/null </dev/null
    spcat --check out.mp
    grep -aq '^."SESSPIPE' typescript
}

@test "-- ends the options, - is standard input, short options join" {
    mv split.mp -- -split.mp
    tfilter -q -o a.mp -- -split.mp
    tfilter -qo b.mp - <./-split.mp
    tfilter -qob.mp ./-split.mp
    cmp a.mp b.mp
    batcher -qb20 -e1 -- - <a.mp >c.mp
    batcher -q --batch=20 --epochs 1 a.mp | cmp - c.mp
    run -64 tfilter -split.mp
}

@test "silent when all is well and no terminal is there" {
    {
        lfm-sessionize -q log.tsv >s.mp
        tfilter -q --min-sessions 3 s.mp >f.mp
        tfilter -q --split user:0.8 s.mp >f.mp
        batcher --epochs 1 f.mp >b.mp
        baseline --model pop f.mp >p.mp
        trainer -q --embedding 4 --threads 1 b.mp >r.mp
        scorer p.mp >scores
        spcat --check r.mp
        attnviz ranks.mp >t.tsv || true
    } 2>err
    grep -v '^attnviz:' err >rest || true
    [ ! -s rest ] || { cat rest; false; }
}

@test "no escapes with NO_COLOR, on a terminal or not" {
    need script
    for command in 'scorer ranks.mp' 'tfilter -o out.mp split.mp' 'scorer --help' 'spcat --summary split.mp' \
        'attnviz ranks.mp' 'batcher nothing.mp'; do
        NO_COLOR=1 SHELL=/bin/sh timeout 20 script -qec "$command" typescript >/dev/null </dev/null || true
        [ -s typescript ]
        ! sed '1d;$d' typescript | grep -aq $'\e' || { echo "$command"; cat -v typescript; false; }
    done
}

@test "a reader that goes away: silence" {
    for command in 'lfm-sessionize log.tsv' 'tfilter -q split.mp' 'batcher -q split.mp' 'baseline --model pop split.mp' \
        'spcat split.mp' 'scorer --format json ranks.mp'; do
        $command 2>err | head -c 1 >/dev/null
        [ ! -s err ] || { echo "$command: $(cat err)"; false; }
    done
    lfm-sessionize log.tsv | spcat 2>err | head -1 >line
    [ "$(wc -l <line)" = 1 ]
    [ ! -s err ]
}

@test "one changed byte is found" {
    size=$(stat -c %s split.mp)
    for at in 5 $((size / 3)) $((size / 2)) $((size - 9)); do
        cp split.mp bad.mp
        byte=$(od -An -tu1 -j "$at" -N1 split.mp)
        printf "\\x$(printf %02x $((byte ^ 1)))" | dd of=bad.mp bs=1 seek="$at" conv=notrunc status=none
        status=0
        spcat --check bad.mp 2>err || status=$?
        [ "$status" = 65 ] || [ "$status" = 76 ]
    done
}

@test "jq, miller and Python read what is written" {
    need jq
    [ "$(spcat split.mp | jq -r 'select(.[0] == "user")[2]' | wc -l)" -gt 5 ]
    scorer --format json ranks.mp | jq -es 'length > 0' >/dev/null
    scorer --format tsv --by none ranks.mp >scores.tsv
    python3 - scores.tsv <<'END'
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1]), delimiter="\t"))
scores = [float(r["recall@20"]) for r in rows if r["recall@20"]]
assert scores and all(0 <= s <= 1 for s in scores)
END
    ! command -v mlr >/dev/null ||
        [ "$(mlr --itsv --ojson cat scores.tsv | jq length)" = "$(($(wc -l <scores.tsv) - 1))" ]
}

@test "the same bytes in any locale, time zone and number of threads" {
    whole() {
        lfm-sessionize log.tsv >"$1.s"
        tfilter -q --split user:0.8 "$1.s" >"$1.f"
        batcher -q --batch 10 --epochs 2 "$1.f" >"$1.b"
        baseline --model markov "$1.f" >"$1.p"
        scorer --format tsv "$1.p" >"$1.t"
    }
    whole plain
    LC_ALL=C whole c
    LC_ALL=de_DE.UTF-8 TZ=Asia/Kolkata OMP_NUM_THREADS=3 OPENBLAS_NUM_THREADS=2 whole other
    for kind in s f b p t; do
        cmp plain.$kind c.$kind
        cmp plain.$kind other.$kind
    done
}

@test "weights open as safetensors in a reader of twenty lines" {
    python3 - model.safetensors <<'END'
import json, struct, sys
data = open(sys.argv[1], "rb").read()
size, = struct.unpack("<Q", data[:8])
header, body = json.loads(data[8:8 + size]), data[8 + size:]
meta = header.pop("__metadata__")
assert meta["model"] == "ii-rnn" and all(isinstance(v, str) for v in meta.values())
ends, width = [], {"F32": 4, "U8": 1, "I64": 8}
for name, t in header.items():
    begin, end = t["data_offsets"]
    count = 1
    for n in t["shape"]:
        count *= n
    assert end - begin == count * width[t["dtype"]], name
    ends.append((begin, end))
ends.sort()
assert ends[0][0] == 0 and ends[-1][1] == len(body)
assert all(a[1] == b[0] for a, b in zip(ends, ends[1:]))
items = header["item_embedding.weight"]["shape"]
assert items[1] == 6 and header["vocabulary.offsets"]["shape"] == [items[0] + 1]
assert any(struct.unpack("<6f", body[:24]))
END
    python3 -c 'import safetensors' 2>/dev/null || return 0
    python3 -c 'import safetensors; assert safetensors.safe_open("model.safetensors", "np").keys()'
}

# The tracked sources, built in a folder of their own without a warning.
build() {
    mkdir "$1" && (cd "$ROOT" && git ls-files -z | xargs -0 tar c --ignore-failed-read) | tar x -C "$1"
    make -s -C "$1" -j2 all CC="$2" CFLAGS=-Werror
}

@test "gcc and clang build it without a warning; two builds give the same binaries" {
    [ -n "${SESSPIPE_LONG:-}" ] || skip "slow: make check-long"
    need git
    need gcc
    build first gcc
    build second-of-another-name gcc
    for program in $(programs); do
        cmp first/bin/$program second-of-another-name/bin/$program
    done
    need clang
    build third clang
    third/bin/lfm-sessionize log.tsv | cmp - <(lfm-sessionize log.tsv)
    third/bin/trainer --version
}
