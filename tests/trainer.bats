# trainer: its updates against tests/check-trainer.py, repeatability, options, output, libraries.

bats_require_minimum_version 1.5.0
load helpers
load trainer

@test "a step of plain gradient descent moves each weight by its gradient, for every model" {
    need_check
    for rep in mean last; do
        for inter in '' hidden delta week hidden,delta hidden,week delta,week hidden,delta,week; do
            run -0 descend 3 1 --session-rep $rep ${inter:+--inter $inter}
            echo "$rep $inter: $output"
            [[ $output =~ ^ok\ [0-9]+\ [0-9.e-]+$ ]] # no tensor stood still
        done
        run -0 descend 3 1 --session-rep $rep --inter hidden,delta,week --gru reset-before
        [[ $output =~ ^ok\ [0-9]+\ [0-9.e-]+$ ]]
    done
}

@test "in the first step, without history, weights over earlier sessions have no gradient" {
    need_check
    run -0 descend 1 1 --inter hidden,delta
    [[ $output == *" delta_embedding.weight inter_attention.bias inter_attention.weight "* ]]
    [[ $output != *" output."* && $output != *" item_embedding"* ]]
}

@test "gradient descent through whole epochs, with batches that are left out" {
    need_check
    run -0 descend 30 0.1 --inter hidden,delta
    [[ $output == ok\ * ]]
    run -0 descend 30 0.1 --session-rep last
    [[ $output == ok\ * ]]
}

# Sessions of six events, some of which begin before the one before has ended.
overlapping() {
    awk 'BEGIN {
        srand(5)
        print "user,item,time,session"
        for (u = 0; u < 6; u++)
            for (s = 0; s < 9; s++)
                for (i = 0; i < 6; i++)
                    printf "u%d,i%d,%d,u%d-%d\n", u, rand() * 9, 1000000 + s * 7000 + i * 600 * (1 + s % 3), u, s }' |
        csv-sessionize --user user --item item --time time --session session
}

@test "a session that has not ended is not the history of the next: gradient descent" {
    need_check
    overlapping 2>/dev/null | tfilter -q --split user:0.8 -o overlapping.mp
    BATCHES=$PWD/overlapping.batches.mp
    batcher -q --batch 4 --history 3 --epochs 1 -o "$BATCHES" overlapping.mp
    spcat overlapping.mp | jq -s 'map(select(.[0] == "session")) |
        [range(1; length) as $i | select(.[$i][1] == .[$i - 1][1] and .[$i][3][0] <= .[$i - 1][3][-1])] | length' >pairs
    [ "$(cat pairs)" -gt 5 ]
    for options in '' '--session-rep last --inter hidden,delta'; do
        # shellcheck disable=SC2086
        run -0 descend 10 0.5 $options
        echo "$output"
        [[ $output == ok\ * ]]
    done
}

@test "the same seed gives the same bytes under any file name; another seed gives others" {
    train --inter hidden --top 3 --attention 4 --save one "$BATCHES" >one.mp
    train --inter hidden --top 3 --attention 4 --save two "$BATCHES" >two.mp
    train --inter hidden --top 3 --attention 4 --save three --seed 2 "$BATCHES" >three.mp
    train --inter hidden --top 3 --attention 4 -o four.mp <"$BATCHES"
    cmp one two
    cmp one.mp two.mp
    cmp one.mp four.mp
    differ one three
    differ one.mp three.mp
}

@test "another number of threads changes the loss by rounding only" {
    trainer -q --embedding 33 --threads 1 --dropout 0.2 "$BATCHES" >one.mp
    trainer -q --embedding 33 --threads 2 --dropout 0.2 "$BATCHES" >two.mp
    paste <(scorer --json --by none one.mp) <(scorer --json --by none two.mp) |
        grep -o '"loss": [0-9.]*' | awk '{ print $2 }' | paste - - |
        awk '{ d = $1 - $2; if (d < 0) d = -d; if (d > 1e-4 || !$1) exit 1 } END { exit NR < 6 }'
}

@test "every option that should change the result changes the ranks" {
    train "$BATCHES" | ranks_of >plain
    while read -r options; do
        # shellcheck disable=SC2086
        train $options "$BATCHES" | ranks_of >other
        cmp -s plain other && { echo "no difference by $options"; false; }
        echo "$options" >>tried
    done <<EOT
--session-rep last
--bidirectional
--intra cat
--intra sum
--inter hidden
--inter delta
--inter week
--inter age
--inter hidden,delta --per-user inter
--intra cat --per-user intra
--dropout 0.5
--gru reset-before
--optimizer sgd
--optimizer adagrad
--lr 0.01
--weight-decay 0.1
--clip 0.1
--max-steps 3
--seed 7
--embedding 6
EOT
    [ "$(wc -l <tried)" = 20 ]
    train --optimizer sgd --lr 0.1 "$BATCHES" | ranks_of >plain
    train --optimizer sgd --lr 0.1 --momentum 0.9 "$BATCHES" | ranks_of >other
    differ plain other
}

@test "every target of the test is ranked, none in training, and the passes add up" {
    train "$BATCHES" -o out.mp
    events=$(sed -nE 's/.* of ([0-9]+) test events.*/\1/p' "$BATS_FILE_TMPDIR/report" | head -1)
    sessions=$(sed -nE 's/.*test ([0-9]+),.*/\1/p' "$BATS_FILE_TMPDIR/report" | head -1)
    records out.mp pass >passes
    [ "$(wc -l <passes)" = 6 ]
    [ "$(grep -c "^\[\"pass\",[123],3,.*\"events\":$((events - sessions))[,}]" passes)" = 3 ]
    grep '^\["pass",1,1,' passes | grep -qvE '"left_out":0[,}]' # --min-batch leaves some out
    [ -z "$(grep '^\["pass",[123],3,' passes | grep -vE '"left_out":0[,}]')" ]
    spcat --check out.mp
}

@test "--top lists the best items first; the target's rank agrees with its position in the list" {
    train --top 11 "$BATCHES" -o out.mp
    need_check
    run -0 /usr/bin/python3 - out.mp <<'EOT'
import io, msgpack, struct, sys
def array(x, kind):
    return struct.unpack("<%d%s" % (len(x.data) // 4, kind), x.data)
checked = 0
for o in msgpack.Unpacker(open(sys.argv[1], "rb")):
    for r in msgpack.Unpacker(io.BytesIO(o[4])) if o[0] == "B" else []:
        if r[0] == "rank":
            rank = r[1]
        if r[0] == "top":
            k, item, score = r[1]["k"], array(r[1]["item"], "i"), array(r[1]["score"], "f")
            assert r[1]["user"].data == rank["user"].data and k == 11
            for i, (target, at, ties) in enumerate(zip(*(array(rank[x], "i") for x in ("target", "rank", "ties")))):
                mine = list(item[i * k:i * k + k]), list(score[i * k:i * k + k])
                assert sorted(mine[0]) == list(range(11)) and mine[1] == sorted(mine[1], reverse=True)
                place = mine[0].index(target)
                assert at == sum(s >= mine[1][place] for s in mine[1])
                assert ties == sum(s == mine[1][place] for s in mine[1]) - 1
                checked += 1
print("ok", checked > 100)
EOT
    [ "$output" = 'ok True' ]
}

@test "--init without training ranks as the trainer that saved the model" {
    train --save model --save-by last "$BATCHES" >/dev/null
    train --save again --save-by last --init model --max-steps 0 "$BATCHES" >/dev/null
    cmp <(tensors model) <(tensors again)
    train --lr 0 --dropout 0 --save same --save-by last --init model "$BATCHES" >/dev/null
    cmp <(tensors model) <(tensors same)
}

@test "--init matches items by name" {
    need_check
    train --save model --save-by last "$BATCHES" >/dev/null
    # the same log without its first user: other numbers, perhaps fewer items
    make_log | grep -v '^u0,' | sed 's/,r7,/,new,/' | reddit-sessionize 2>/dev/null |
        tfilter --split user:0.8 2>/dev/null | batcher --batch 5 2>/dev/null >other.mp
    train --init model --max-steps 0 --save there --save-by last other.mp >/dev/null
    train --max-steps 0 --save drawn --save-by last other.mp >/dev/null
    run -0 /usr/bin/python3 - model there drawn <<'EOT'
import json, struct, sys
def load(path):
    data = open(path, "rb").read()
    n = struct.unpack("<Q", data[:8])[0]
    head, data = json.loads(data[8:8 + n]), data[8 + n:]
    def get(name):
        a, b = head[name]["data_offsets"]
        return data[a:b]
    offsets = struct.unpack("<%dq" % head["vocabulary.offsets"]["shape"][0], get("vocabulary.offsets"))
    names = [get("vocabulary.bytes")[a:b] for a, b in zip(offsets, offsets[1:])]
    rows = {}
    for name in ("item_embedding.weight", "output.weight", "output.bias"):
        width = len(get(name)) // len(names)
        rows[name] = {item: get(name)[i * width:(i + 1) * width] for i, item in enumerate(names)}
    return names, rows, get("inter_gru.weight_ih_l0")
model, there, drawn = map(load, sys.argv[1:])
assert model[0] != there[0] and b"new" in there[0] and b"r7" in model[0]
for name, rows in there[1].items():
    for item, row in rows.items():
        assert row == (drawn if item == b"new" else model)[1][name][item], (name, item)
assert model[2] == there[2]
print("ok")
EOT
    [ "$output" = ok ]
}

@test "--init matches users by name; new users take the mean; one set of weights for all goes to each" {
    need_check
    options=(--inter hidden,delta --intra cat)
    make_log | sed 's/^u3,/new,/' | reddit-sessionize 2>/dev/null | tfilter --split user:0.8 2>/dev/null |
        batcher --batch 5 2>/dev/null >other.mp
    train "${options[@]}" --per-user inter,intra --lr 0.1 --save-by last --save model "$BATCHES" >/dev/null
    train "${options[@]}" --per-user inter,intra --init model --max-steps 0 --save-by last --save there other.mp >/dev/null
    run -0 /usr/bin/python3 - model there <<'EOT'
import json, struct, sys
def load(path):
    data = open(path, "rb").read()
    n = struct.unpack("<Q", data[:8])[0]
    head, data = json.loads(data[8:8 + n]), data[8 + n:]
    def get(name):
        a, b = head[name]["data_offsets"]
        return data[a:b]
    offsets = struct.unpack("<%dq" % head["users.offsets"]["shape"][0], get("users.offsets"))
    users = [get("users.bytes")[a:b] for a, b in zip(offsets, offsets[1:])]
    rows = {}
    for level in ("inter_attention", "intra_attention"):
        for name in (".weight", ".bias", "_scale.weight"):
            values = struct.unpack("<%df" % (len(get(level + name)) // 4), get(level + name))
            width = len(values) // len(users)
            rows[level + name] = {u: values[i * width:i * width + width] for i, u in enumerate(users)}
    return rows
model, there = map(load, sys.argv[1:])
for name, rows in there.items():
    assert b"new" in rows and b"u3" not in rows and len(rows) == len(model[name]) == 9
    for user, row in rows.items():
        of = [model[name][user]] if user != b"new" else list(model[name].values())
        for k, value in enumerate(row):
            assert abs(value - sum(r[k] for r in of) / len(of)) < 1e-6, (name, user)
print("ok")
EOT
    [ "$output" = ok ]
    train "${options[@]}" --save-by last --save global "$BATCHES" >/dev/null
    train "${options[@]}" --init global --max-steps 0 "$BATCHES" | ranks_of >plain
    train "${options[@]}" --init global --max-steps 0 --per-user inter,intra "$BATCHES" | ranks_of >own
    alike plain own
}

@test "wrong options are refused, and the message says what is possible" {
    fails() {
        run -64 --separate-stderr trainer "${@:2}" "$BATCHES"
        echo "$stderr"
        [[ $stderr == *$1* ]]
    }
    fails ii-rnn --model gpt
    fails hidden,delta --inter hidden,years
    fails 'once each' --inter hidden,hidden
    fails 'once each' --inter hidden,
    fails 'once each' --inter ''
    fails 'mean, last' --session-rep middle
    fails adagrad --momentum 0.5
    fails 'give --inter' --attention 3
    fails 'or all' --attention some --inter hidden
    fails '--save FILE' --save-by last
    fails 'cuda:N' --device gpu
    fails dropout --dropout 1
    batcher --scheme shuffled "$SPLIT" 2>/dev/null >shuffled.mp # keeps each user's order too
    train shuffled.mp >/dev/null
}

built_with() { trainer --version | grep -q "^BLAS: $1"; }

@test "if OpenBLAS takes the processor for an old one, trainer selects newer kernels" {
    built_with OpenBLAS || skip 'built with another library'
    grep -qw avx /proc/cpuinfo || skip 'a processor without AVX'
    cat >shim.c <<'EOF'
#include <stdio.h>
#include <stdlib.h>
char *openblas_get_corename(void) { return "Prescott"; }
__attribute__((constructor)) static void tell(void)
{
    const char *core = getenv("OPENBLAS_CORETYPE");
    FILE *f = fopen("told", "a");
    fprintf(f, "%s\n", core ? core : "none");
    fclose(f);
}
EOF
    "${CC:-cc}" -shared -fPIC -o shim.so shim.c
    env -u OPENBLAS_CORETYPE LD_PRELOAD="$PWD/shim.so" trainer --version >/dev/null
    [ "$(grep -c . told)" = 2 ]
    [ "$(head -n 1 told)" = none ]
    grep -qxE 'Sandybridge|Haswell|SkylakeX' told
    rm told # the environment's own choice stands
    OPENBLAS_CORETYPE=Nehalem LD_PRELOAD="$PWD/shim.so" trainer --version >/dev/null
    [ "$(sort -u told)" = Nehalem ]
}

@test "a reference BLAS is reported once, on standard error and by --version" {
    built_with 'reference BLAS' || skip 'built with another library'
    trainer --version | grep -q '^BLAS: reference BLAS: .*install libdnnl-dev'
    run -0 --separate-stderr trainer --device cpu --embedding 3 -o out.mp "$BATCHES"
    [ "$(grep -c 'reference BLAS.*: install libdnnl-dev' <<<"$stderr")" = 1 ]
}

# On a processor without these instructions, float32 multiplies the rounded factors, for tests.
@test "bf16 on the CPU: refused with a message, or close to f32 but not the same" {
    run --separate-stderr trainer --device cpu --precision bf16 --embedding 3 -o native.mp "$BATCHES"
    [ "$status" = 0 ] || {
        [ "$status" = 69 ]
        [[ $stderr == *'bf16: '*': use --precision f32'* ]]
        export SESSPIPE_BF16=rounded
    }
    options=(--device cpu --embedding 16 --threads 2 --quiet)
    for i in 1 2; do
        run -0 trainer "${options[@]}" --precision bf16 --save "bf16-$i" -o "bf16-$i.mp" "$BATCHES"
    done
    cmp bf16-1 bf16-2
    run -0 trainer "${options[@]}" --save f32 -o f32.mp "$BATCHES"
    run -1 cmp -s f32 bf16-1
    loss() { scorer --format json --by none "$1" | jq -s 'map(select(.part == "test"))[-1].loss'; }
    jq -n --argjson a "$(loss f32.mp)" --argjson b "$(loss bf16-1.mp)" -e '($a - $b) | fabs < 0.02'
}

@test "without a GPU cuda is refused, and auto says which device it chose" {
    export SESSPIPE_CUDA=$PWD/none # also where there is one
    run -69 --separate-stderr trainer --device cuda "$BATCHES"
    [[ $stderr == *'no usable GPU'* ]]
    run -69 trainer --device cuda:3 "$BATCHES"
    run -64 --separate-stderr trainer --device cpu --precision tf32 "$BATCHES"
    [[ $stderr == *'tf32: the CPU has f32 and bf16'* ]]
    run -0 --separate-stderr trainer --embedding 3 -o out.mp "$BATCHES"
    [ "$(grep -c 'device auto: .*cpu' <<<"$stderr")" = 1 ]
    run -0 --separate-stderr trainer --device cpu --embedding 3 -o out.mp "$BATCHES"
    [[ $stderr != *device* ]]
}

@test "a bad backend file is reported, and --device cpu does not open it" {
    run -0 trainer --version
    [[ $output == *$'\nCUDA: '* ]]
    echo text >file.so
    export SESSPIPE_CUDA=file.so
    run -69 --separate-stderr trainer --device cuda "$BATCHES"
    [[ $stderr == *"no usable GPU: "*file.so* ]]
    run -0 trainer --version
    [[ $output == *'CUDA: no: '*file.so* ]]
    run -0 --separate-stderr trainer --device cpu --embedding 3 -o out.mp "$BATCHES"
    [[ $stderr != *file.so* ]]
    gcc -shared -o file.so -x c - <<<'int sesspipe_cuda_nothing;'
    run -69 --separate-stderr trainer --device cuda "$BATCHES"
    [[ $stderr == *'another version'* ]]
    # an interrupted copy, at every page and in the header; what is no file
    mv file.so whole.so
    for size in 30 63 64 $(seq 4096 4096 "$(stat -c %s whole.so)") $(($(stat -c %s whole.so) - 1)); do
        head -c "$size" whole.so >file.so
        run -69 --separate-stderr trainer --device cuda "$BATCHES"
        [[ $stderr == *"no usable GPU: "*file.so* ]]
    done
    [[ $stderr == *"file.so is cut off: build or copy it again"* ]]
    run -0 --separate-stderr trainer --embedding 3 -o out.mp "$BATCHES"
    [[ $stderr == *"file.so is cut off"*cpu* ]]
    rm file.so
    mkfifo file.so
    run -69 --separate-stderr timeout 20 trainer --device cuda "$BATCHES"
    [[ $stderr == *"file.so cannot be read, or is no regular file"* ]]
}

@test "waiting threads sleep, unless OMP_WAIT_POLICY is set" {
    run -0 --separate-stderr env -u OMP_WAIT_POLICY OMP_DISPLAY_ENV=true trainer --version
    [[ $stderr == *"OMP_WAIT_POLICY = 'PASSIVE'"* ]]
    run -0 --separate-stderr env OMP_WAIT_POLICY=active OMP_DISPLAY_ENV=true trainer --version
    [[ $stderr != *PASSIVE* ]]
}

@test "--progress json is one object a pass" {
    run -0 --separate-stderr train --device cpu --progress json -o out.mp "$BATCHES"
    # Passes of more than a second write objects in between.
    [ "$(grep -vc '"done":false' <<<"$stderr")" = 6 ]
    [ "$(grep -cE '^\{"program":"trainer","epoch":[123],"part":"(train|test)","loss":[0-9.]+,.*,"done":true\}$' <<<"$stderr")" = 6 ]
    [ "$(grep -c '"recall@20":' <<<"$stderr")" = 3 ]
}

@test "real logs: training improves recall" {
    need_data lastfm-part.tsv.xz
    need xz
    xz -dc "$DATA/lastfm-part.tsv.xz" | lfm-sessionize | tfilter --min-sessions 3 --split user:0.8 2>/dev/null |
        batcher --epochs 3 2>/dev/null | trainer -q --inter hidden,delta --embedding 20 --lr 0.005 >out.mp
    scorer --json --by none out.mp | sed -nE 's/.*"part": "test".*"loss": ([0-9.]+).*/\1/p' >losses
    [ "$(wc -l <losses)" -ge 3 ]
    head -3 losses | sort -c -r -g
}

@test "a training pass that learns nothing is an error that says what to do" {
    batcher -q --batch 5 --epochs 1 "$SPLIT" >some.mp
    # every training batch marked: what a foreign writer may send
    spcat some.mp | jq -c 'if .[0] == "epoch" then . elif .[0] == "batch" then [.[0], .[1], 0] else . end |
        if .[0] == "E" then ["E"] else . end' | spcat --from-json >marked.mp
    run -65 --separate-stderr trainer -q --threads 1 --embedding 4 -o out.mp marked.mp
    [[ $stderr == *"epoch 1 has nothing to learn from"*"--min-batch 1"* ]]
    [ ! -e out.mp ]
    trainer -q --threads 1 --embedding 4 --max-steps 0 marked.mp | scorer >/dev/null
    run -65 --separate-stderr batcher -q --batch 1000 --min-batch 1000 -o none.mp "$SPLIT"
    [[ $stderr == *"--min-batch 1000"*"--min-batch 1 learns from all"* ]]
    [ ! -e none.mp ]
}
