# trainer under mpirun: the rows of the items' tables spread over ranks, against one process.
bats_require_minimum_version 1.5.0
load helpers

setup_file() {
    export OMP_NUM_THREADS=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    cd "$BATS_FILE_TMPDIR"
    synthesize --users 12 --days 8 | lfm-sessionize | tfilter --split user:0.8 -o split.mp
    batcher --epochs 1 --batch 12 -o batches.mp split.mp
    batcher --epochs 1 --batch 6 --scheme session-parallel -o steps.mp split.mp
    batcher --epochs 1 --batch 6 --scheme user-parallel -o users.mp split.mp
}

setup() {
    command -v mpirun >/dev/null || skip "no mpirun here"
    [ -e "$SESSPIPE_BIN/sesspipe-mpi.so" ] || skip "no sesspipe-mpi.so: built without MPI"
}

teardown() {
    [ -z "${output:-}" ] || echo "$output"
    for host in a b; do
        ! ip netns list 2>/dev/null | grep -q "^sesspipe-$host-$$" || ip netns delete "sesspipe-$host-$$"
    done
}

ranks() { # ranks COUNT OPTION ... : a run of so many
    timeout 60 mpirun --oversubscribe -n "$1" trainer --quiet --device cpu --lr 0.005 "${@:2}" </dev/null
}

alone() { trainer --quiet --device cpu --lr 0.005 "$@"; }

losses() { scorer --format tsv --by none "$1" | awk -F '\t' 'NR > 1 { print $9 }'; }

# The ranks of targets, and the items listed for each.
ranked() { spcat "$1" | jq -c 'select(.[0] == "rank") | .[1].rank[]'; }
listed() { spcat "$1" | jq -c 'select(.[0] == "top") | .[1].item | if type == "array" then .[] else . end'; }

# The numbers of two model files or checkpoints; names, shapes and texts have to be equal.
weights_within() { # TOLERANCE FILE FILE
    python3 - "$@" <<'END'
import array, json, struct, sys
def load(path):
    f = open(path, "rb")
    head = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
    data, text = f.read(), head.pop("__metadata__")
    text.pop("xxh3") # of all bytes
    code = {"F32": "f", "F64": "d", "I64": "q", "I32": "i", "U8": "B"}
    return head, text, {k: array.array(code[v["dtype"]], data[slice(*v["data_offsets"])])
                        for k, v in head.items()}
most, (a, b) = float(sys.argv[1]), map(load, sys.argv[2:])
assert a[0] == b[0] and a[1] == b[1], "names, shapes or texts differ"
for k in a[2]:
    for x, y in zip(a[2][k], b[2][k]):
        assert abs(x - y) <= most, (k, x, y)
END
}

# close_to A B: losses within 1e-6; of a hundred ranks or listed items one may differ.
close_to() {
    paste <(losses "$1") <(losses "$2") |
        awk '{ d = ($1 - $2) / $1; if (NF != 2 || d > 1e-6 || d < -1e-6) { print; wrong = 1 } }
            END { exit wrong || !NR }' &&
        mostly_equal 101 <(ranked "$1") <(ranked "$2") && mostly_equal 0 <(listed "$1") <(listed "$2")
}

mostly_equal() { # LEAST-LINES FILE FILE
    paste "$2" "$3" | awk -v least="$1" '$1 != $2 { other++ } END { exit NR < least || other > NR / 100 }'
}

agree() { # agree COUNT BATCHES OPTION ...
    mkdir -p one some # the same names, since files tell their options
    (cd one && alone "${@:3}" --save model.safetensors -o out.mp "$BATS_FILE_TMPDIR/$2") &&
        (cd some && ranks "$1" "${@:3}" --save model.safetensors -o out.mp "$BATS_FILE_TMPDIR/$2") &&
        close_to one/out.mp some/out.mp &&
        weights_within 1e-4 one/model.safetensors some/model.safetensors
}

@test "2 and 4 ranks: losses, ranks, lists and the saved model are those of one process" {
    agree 2 batches.mp --embedding 16 --inter hidden,delta --clip 1 --top 3
    agree 4 batches.mp --embedding 16 --rank-among 60 --top 3 --optimizer adagrad --momentum 0.2
}

@test "mpirun -n 1 is a process like any other" {
    alone --embedding 8 -o one.mp "$BATS_FILE_TMPDIR/batches.mp"
    SESSPIPE_MPI=nowhere.so ranks 1 --embedding 8 -o some.mp "$BATS_FILE_TMPDIR/batches.mp"
    cmp <(losses one.mp) <(losses some.mp)
}

# Batches and options of a model; nothing: it has a test of its own.
batches_of() {
    case $1 in
    wide) ;;
    hrnn) echo users.mp --loss top1 ;;
    rnn) echo users.mp ;;
    asars) echo batches.mp --variant user-att --wide ;;
    hierarchical | narm) echo batches.mp --decoder bilinear ;;
    rib | youtube-dnn) echo batches.mp --wide ;;
    *) echo batches.mp ;;
    esac
}

@test "every model" {
    local models name options count=2 wrong=
    models=$(trainer --model none 2>&1 | sed 's/.*choose from //; s/,//g')
    [ "$(wc -w <<<"$models")" -ge 20 ]
    for name in $models; do
        options=$(batches_of "$name")
        [ -n "$options" ] || continue
        # shellcheck disable=SC2086
        (agree $count $options --embedding 8 --model "$name") || wrong+=" $name"
        count=$((6 - count))
    done
    [ -z "$wrong" ] || { echo "differ:$wrong" && false; }
}

# Each event with an action, and the dwell time before it.
with_contexts() {
    spcat "$BATS_FILE_TMPDIR/split.mp" | jq -r '
        if .[0] == "session" then .[1] as $u | [.[3], .[4]] | transpose[] | "\($u)\t\(.[0])\t\(.[1])" else empty end' |
        awk -F '\t' 'BEGIN { print "user,item,time,action" } { print "u" $1 ",i" $3 "," $2 "," (NR * 7 % 5 < 2 ? "buy" : "view") }'
}

@test "items whose weights are made of their embeddings, or of two tables" {
    with_contexts >log.csv
    csv-sessionize -q --user user --item item --time time --carry action log.csv |
        tfilter -q --dwell-bins 60,300 --split user:0.8 | batcher -q --epochs 1 --batch 12 -o "$BATS_FILE_TMPDIR/contexts.mp"
    agree 4 contexts.mp --embedding 8 --model session-embedding --context action --hidden 6 --top 3
    agree 2 batches.mp --embedding 8 --model session-embedding --negatives 20 --clip 1
    agree 2 batches.mp --embedding 8 --model session-embedding --wide --optimizer adagrad --rank-among 60
    agree 4 batches.mp --embedding 8 --model session-embedding --decoder dense
    agree 2 contexts.mp --embedding 8 --model asars --dynamics --context dwell --clip 1 --top 3
    agree 4 contexts.mp --embedding 8 --model asars --dynamics --context dwell --wide
    agree 2 contexts.mp --embedding 8 --model asars --dynamics --context dwell --negatives 20
    alone --embedding 8 --model improved --decoder tied --save begun.safetensors -o out.mp "$BATS_FILE_TMPDIR/batches.mp"
    agree 3 batches.mp --embedding 8 --model improved --decoder embedding --top 3 \
        --init-some "$PWD/begun.safetensors" --freeze item_embedding
}

@test "a teacher, which has its rows on every rank too" {
    batcher -q --epochs 1 --batch 12 --reverse -o "$BATS_FILE_TMPDIR/reversed.mp" "$BATS_FILE_TMPDIR/split.mp"
    alone --embedding 12 --model improved --save dense.teacher -o out.mp "$BATS_FILE_TMPDIR/reversed.mp"
    alone --embedding 6 --model improved --decoder bilinear --save bilinear.teacher -o out.mp "$BATS_FILE_TMPDIR/reversed.mp"
    agree 2 batches.mp --embedding 8 --model improved --teacher "$PWD/dense.teacher" --teacher-weight 0.4 --top 3
    agree 4 batches.mp --embedding 8 --model improved --decoder tied --wide --teacher "$PWD/bilinear.teacher" \
        --teacher-weight 0.7 --teacher-temperature 3 --clip 1
}

@test "losses over some of the items, of parallel mini-batches too; items scored by their embeddings" {
    agree 4 steps.mp --embedding 8 --model rnn --loss top1-max --negatives 20
    agree 2 batches.mp --embedding 16 --negatives 20 --clip 1
    agree 2 steps.mp --embedding 8 --model rnn --wide
    agree 4 users.mp --embedding 8 --model hrnn --wide --loss cross-entropy
    agree 3 batches.mp --embedding 16 --decoder tied
}

# The megabytes that went each way, of the last run.
travelled() { sed -n 's/.*: \([0-9.]*\) MB went to each other rank and \([0-9.]*\) MB came from it, .*/\1 \2/p' "$1"; }

@test "a step's bytes are those of its states and their gradients, whatever the number of items" {
    local epochs targets
    targets=$(spcat --summary "$BATS_FILE_TMPDIR/split.mp" |
        awk -F '\t' '$1 == "events train" { n += $2 } $1 == "sessions train" { n -= $2 } END { print n }')
    for epochs in 1 2; do
        batcher --quiet --epochs $epochs --batch 12 --test-from 3 -o training.mp "$BATS_FILE_TMPDIR/split.mp"
        mpirun --oversubscribe -n 2 trainer --device cpu --embedding 16 -o out.mp training.mp </dev/null 2>log
        travelled log
    done | awk -v t="$targets" -v width=16 '
        { to[NR] = $1 * 1e6; from[NR] = $2 * 1e6 }
        END {
            # states, targets and joined sums; sums and gradients; and each of 13 steps has commands
            a = to[2] - to[1] - t * (4 * width + 4 + 16); b = from[2] - from[1] - t * (16 + 4 * width)
            print t, a, b
            exit NR != 2 || a < 0 || a > 13 * 2000 || b < -1000 || b > 1000
        }'
}

@test "with a wide part, beside a network that is frozen too, and the wide part alone" {
    agree 2 batches.mp --embedding 16 --wide
    cp one/model.safetensors .
    agree 4 batches.mp --embedding 16 --wide --freeze network --init "$PWD/model.safetensors"
    agree 3 batches.mp --model wide
}

@test "weights begin with the same bytes for any number of ranks" {
    alone --embedding 16 --max-steps 0 --save one.safetensors -o one.mp "$BATS_FILE_TMPDIR/batches.mp"
    ranks 3 --embedding 16 --max-steps 0 --save some.safetensors -o some.mp "$BATS_FILE_TMPDIR/batches.mp"
    cmp one.safetensors some.safetensors
}

@test "--init takes a model from one process to ranks; the same seed gives the same bytes" {
    alone --embedding 16 --seed 3 --save first.safetensors -o first.mp "$BATS_FILE_TMPDIR/batches.mp"
    agree 2 batches.mp --embedding 16 --init "$PWD/first.safetensors"
    cd some
    ranks 2 --embedding 16 --init ../first.safetensors --save model.safetensors -o again.mp "$BATS_FILE_TMPDIR/batches.mp"
    cmp <(ranked again.mp) <(ranked out.mp)
    cmp <(losses again.mp) <(losses out.mp)
}

# goes_on OPTION ... : a run of two ranks of which one is killed, and of three that go on.
goes_on() {
    local options=(--quiet --device cpu --lr 0.005 "$@" --save model.safetensors -o out.mp "$BATS_FILE_TMPDIR/long.mp") run victim
    mkdir -p whole
    (cd whole && trainer --checkpoint c "${options[@]}")
    # shellcheck disable=SC2016
    timeout 60 mpirun --oversubscribe -n 1 trainer --checkpoint c --checkpoint-every 1 "${options[@]}" : \
        -n 1 sh -c 'echo $$ >victim; exec trainer' </dev/null >log 2>&1 &
    run=$!
    for _ in $(seq 600); do [ ! -e c ] || break; sleep 0.02; done
    read -r victim <victim
    kill -STOP "$victim" # rank 0 comes to wait for it
    sleep 0.5
    kill -KILL "$victim"
    status=0
    wait "$run" || status=$?
    cat log
    echo "status $status"
    [ "$status" != 0 ]
    grep -q 'another of the 2 ranks has gone' log
    [ ! -e out.mp ] && [ ! -e model.safetensors ]
    run -1 compgen -G '*.part'
    ranks 3 --resume c "${options[@]}"
    close_to whole/out.mp out.mp
    weights_within 1e-4 whole/model.safetensors model.safetensors
}

@test "a rank that is killed ends the run; another number of ranks goes on from its checkpoint" {
    local options
    batcher --quiet --epochs 10 --test-from 10 --batch 12 -o "$BATS_FILE_TMPDIR/long.mp" "$BATS_FILE_TMPDIR/split.mp"
    for options in '--embedding 16' '--embedding 8 --model session-embedding'; do
        mkdir "of $options"
        # shellcheck disable=SC2086
        cd "of $options" && goes_on $options
        cd ..
    done
}

@test "a rank that has no memory says so, and ends the run with 71" {
    [ "${VARIANT:-release}" = release ] || skip "the sanitizers need more address space"
    local kilobytes status
    for kilobytes in $(seq 160000 60000 1000000); do # the libraries alone need some, the rows 250 MB
        status=0
        timeout 60 mpirun --oversubscribe -n 1 trainer --quiet --device cpu --model bpr-mf --embedding 65536 \
            --max-steps 1 -o out.mp "$BATS_FILE_TMPDIR/batches.mp" : \
            -n 1 sh -c "ulimit -v $kilobytes; exec trainer" </dev/null >log 2>&1 || status=$?
        ! grep 'trainer: a rank other than 0: out of memory: [0-9]* bytes more could not be had$' log || break
    done
    [ "$status" = 71 ]
    [ ! -e out.mp ]
}

@test "bad input ends all ranks with rank 0's status and one message" {
    head -c 3000 "$BATS_FILE_TMPDIR/batches.mp" >cut.mp
    run -65 --separate-stderr ranks 2 --embedding 16 -o x.mp "$PWD/cut.mp"
    [ "$(grep -c ^trainer: <<<"$stderr")" = 1 ]
    [ ! -e x.mp ]
}

@test "more ranks than items are refused" {
    printf '%s,%s,%s\n' user time item u 1 a u 2 b u 3 c u 90001 a u 90002 b u 90003 c u 180001 a u 180002 c >few.csv
    csv-sessionize --user user --item item --time time few.csv | tfilter --split user:0.7 | batcher --epochs 1 -o few.mp
    run -64 ranks 4 --model ii-rnn -o x.mp few.mp
    [[ $output == *"4 ranks are more than the stream's 3 items"* ]]
}

@test "without mpirun no MPI library is opened; --version says which can be" {
    run -0 trainer --version
    [[ $output == *"MPI: sesspipe-mpi.so for "* ]]
    SESSPIPE_MPI=nowhere.so run -0 trainer --version
    [[ $output == *"MPI: no: no nowhere.so, which SESSPIPE_MPI names"* ]]
    SESSPIPE_MPI=nowhere.so alone --embedding 8 -o one.mp "$BATS_FILE_TMPDIR/batches.mp"
    SESSPIPE_MPI=nowhere.so run -69 ranks 2 --embedding 8 -o x.mp "$BATS_FILE_TMPDIR/batches.mp"
    [[ $output == *"mpirun has started several processes, and MPI cannot be used: no nowhere.so"* ]]
}

@test "each rank computes on its own device: GPUs, of which one may be an emulation" {
    export SESSPIPE_CUDA=${SESSPIPE_CUDA:-$ROOT/.build/${VARIANT:-release}/emulated/sesspipe-cuda.so}
    [ -e "$SESSPIPE_CUDA" ] || skip "no emulated GPU here: make units builds it"
    export OPENBLAS_NUM_THREADS=1
    agree 2 batches.mp --embedding 16 --wide --device cuda --top 3
    agree 2 batches.mp --embedding 16 --negatives 20 --device cuda --clip 1
    agree 2 batches.mp --embedding 8 --model session-embedding --device cuda --clip 1
    batcher -q --epochs 1 --batch 12 --reverse -o reversed.mp "$BATS_FILE_TMPDIR/split.mp"
    alone --embedding 6 --model improved --save teacher -o out.mp reversed.mp
    agree 2 batches.mp --embedding 8 --model improved --teacher "$PWD/teacher" --teacher-weight 0.4 --device cuda
}

# Two network namespaces with a pair of devices between them, until teardown.
join_namespaces() {
    ip netns add "sesspipe-a-$$" && ip netns add "sesspipe-b-$$" &&
        ip link add "spa$$" netns "sesspipe-a-$$" type veth peer name "spb$$" netns "sesspipe-b-$$" &&
        ip -n "sesspipe-a-$$" addr add 10.77.0.1/24 dev "spa$$" &&
        ip -n "sesspipe-b-$$" addr add 10.77.0.2/24 dev "spb$$" &&
        ip -n "sesspipe-a-$$" link set lo up && ip -n "sesspipe-b-$$" link set lo up &&
        ip -n "sesspipe-a-$$" link set "spa$$" up && ip -n "sesspipe-b-$$" link set "spb$$" up
}

@test "two ranks that reach each other by TCP alone" {
    join_namespaces 2>/dev/null || skip "no network namespaces here"
    printf '#!/bin/sh\nshift\nexec ip netns exec sesspipe-b-%s sh -c "$*"\n' $$ >agent
    chmod +x agent
    alone --embedding 16 -o one.mp "$BATS_FILE_TMPDIR/batches.mp"
    timeout 60 ip netns exec "sesspipe-a-$$" mpirun --host 10.77.0.1:1,10.77.0.2:1 -n 2 \
        --mca plm_rsh_agent "$PWD/agent" --mca btl tcp,self --mca btl_tcp_if_include 10.77.0.0/24 \
        --mca oob_tcp_if_include 10.77.0.0/24 \
        trainer --quiet --device cpu --lr 0.005 --embedding 16 -o some.mp "$BATS_FILE_TMPDIR/batches.mp" </dev/null
    close_to one.mp some.mp
    [ "$(ip netns exec "sesspipe-b-$$" cat "/sys/class/net/spb$$/statistics/rx_bytes")" -gt 100000 ]
}
