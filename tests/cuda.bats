# trainer on a GPU, the whole way from batches to ranks, against the CPU.  The GPU is the emulation,
# or the backend that SESSPIPE_CUDA names.

bats_require_minimum_version 1.5.0
load helpers

setup_file() {
    export SESSPIPE_CUDA=${SESSPIPE_CUDA:-$ROOT/.build/${VARIANT:-release}/emulated/sesspipe-cuda.so}
    export OPENBLAS_NUM_THREADS=1 # the emulation's products are small
    cd "$BATS_FILE_TMPDIR"
    synthesize --users 12 --days 8 | lfm-sessionize | tfilter --split user:0.8 -o split.mp
    batcher --epochs 2 --batch 6 -o batches.mp split.mp
}

teardown() {
    [ -z "${output:-}" ] || echo "$output"
}

train() { # train DEVICE OPTION ...
    trainer --device "$1" --embedding 16 --threads 1 --lr 0.005 --quiet "${@:2}"
}

losses() { scorer --format tsv --by none "$1" | awk -F '\t' 'NR > 1 { print $9 }'; }

ranks() { spcat "$1" | jq 'select(.[0] == "rank") | .[1].rank[]'; }

# close_to A B TOLERANCE: the numbers in two files, line by line.
close_to() {
    paste "$1" "$2" >both
    awk -v most="$3" '{ d = ($1 - $2) / $1; if (NF != 2 || d > most || d < -most) { print; wrong = 1 } }
        END { exit wrong || !NR }' both
}

# Both devices on the same batches: losses within rounding, and of a hundred ranks one may differ.
agree() { # agree BATCHES OPTION ...
    local batches=$BATS_FILE_TMPDIR/$1
    shift
    train cpu "$@" -o cpu.mp "$batches"
    train cuda "$@" -o gpu.mp "$batches"
    losses cpu.mp >cpu.losses
    losses gpu.mp >gpu.losses
    close_to cpu.losses gpu.losses 1e-5
    ranks cpu.mp >cpu.ranks
    ranks gpu.mp >gpu.ranks
    [ "$(wc -l <cpu.ranks)" -gt 100 ]
    paste cpu.ranks gpu.ranks | awk '$1 != $2 { other++ } END { exit other > NR / 100 }'
}

@test "ii-rnn that attends to earlier sessions: losses and ranks as the CPU's" {
    agree batches.mp --inter hidden,delta,week
}

@test "another optimizer, clipping, weight decay: losses and ranks as the CPU's" {
    agree batches.mp --optimizer adagrad --momentum 0.3 --weight-decay 0.001 --clip 1 --gru reset-before
}

@test "attention weights of each user's own: losses and ranks as the CPU's" {
    agree batches.mp --model hierarchical --user-rep attention --session-rep attention --per-user session,user
    agree batches.mp --model hierarchical --intra cat --per-user intra
    agree batches.mp --clusters 3 --cluster-encoders inter,intra --bidirectional
    agree batches.mp --clusters 3 --cluster-encoders inter,intra --intra cat
}

@test "outputs that are tied to the embeddings: losses and ranks as the CPU's" {
    agree batches.mp --decoder tied --bidirectional
    agree batches.mp --decoder tied --negatives 20
    agree batches.mp --decoder tied --negatives 20 --spare-history
}

@test "two runs are byte-identical, weights and all" {
    run -0 train cuda --inter hidden --save a.safetensors -o a.mp "$BATS_FILE_TMPDIR/batches.mp"
    EMULATED_STREAMS=eager EMULATED_ORDER=backward \
        train cuda --inter hidden --save b.safetensors -o b.mp "$BATS_FILE_TMPDIR/batches.mp"
    cmp a.mp b.mp
    cmp a.safetensors b.safetensors
}

@test "a network with a wide part, of which one does not learn: losses and ranks as the CPU's" {
    train cpu --model narm --save network.safetensors -o network.mp "$BATS_FILE_TMPDIR/batches.mp"
    agree batches.mp --model narm --wide --init network.safetensors --freeze network
    agree batches.mp --model narm --wide --init network.safetensors --freeze wide
    batcher --scheme session-parallel --epochs 2 --batch 6 -o "$BATS_FILE_TMPDIR/slots.mp" "$BATS_FILE_TMPDIR/split.mp"
    agree slots.mp --model rnn --decoder tied --wide --unroll 2
}

@test "a teacher, and a predicted embedding: losses and ranks as the CPU's" {
    batcher --epochs 2 --batch 6 --history 0 --reverse -o reversed.mp "$BATS_FILE_TMPDIR/split.mp"
    train cpu --model improved --hidden 9 --save teacher.safetensors -o taught.mp reversed.mp
    agree batches.mp --model improved --hidden 9 --teacher teacher.safetensors --teacher-temperature 2
    agree batches.mp --model improved --hidden 9 --decoder embedding --init-some teacher.safetensors \
        --freeze item_embedding,session_gru
}

@test "wide products in tf32 and bf16 change the losses a little" {
    train cuda -o f32.mp "$BATS_FILE_TMPDIR/batches.mp"
    losses f32.mp >f32
    for precision in tf32 bf16; do
        train cuda --precision $precision -o other.mp "$BATS_FILE_TMPDIR/batches.mp"
        losses other.mp >other
        close_to f32 other 0.01
        run -1 cmp f32 other
    done
}

# steps_take TRACE: of each whole step of training, which lies between two losses that are fetched,
# what the most is of copies to the device and of all else that is handed to it.
steps_take() {
    awk '/^copy to-host/ {
            if (update && loss) { steps++; if (copies > most) most = copies; if (work > busy) busy = work }
            copies = work = update = loss = 0; next }
        /^copy to-device/ { copies++; next }
        { work++ }
        /update_all/ { update = 1 }
        /sampled_loss/ { loss = 1 }
        END { print steps + 0, most + 0, busy + 0 }' "$1"
}

@test "a step of a parallel mini-batch: what is planned goes in one copy, and launches are few" {
    local users=$BATS_FILE_TMPDIR/users.mp sessions=$BATS_FILE_TMPDIR/steps.mp
    batcher --scheme user-parallel --epochs 1 --batch 6 -o "$users" "$BATS_FILE_TMPDIR/split.mp"
    batcher --scheme session-parallel --epochs 1 --batch 6 -o "$sessions" "$BATS_FILE_TMPDIR/split.mp"
    # The most launches of a step, as they were counted: more are to be explained here.
    # Joined sessions take a second step of the GRU where one begins, those with a separator a third.
    while read -r bound file options; do
        # shellcheck disable=SC2086
        EMULATED_TRACE=trace train cuda --max-steps 60 $options -o out.mp "${!file}"
        [ -e trace ] || skip "counted in the emulation alone"
        read -r steps copies work < <(steps_take trace)
        echo "$options: $steps steps, at most $copies copies to the device and $work launches"
        [ "$steps" -gt 30 ]
        [ "$copies" = 1 ]
        [ "$work" -le "$bound" ]
    done <<'END'
80 users --model hrnn
80 users --model hrnn --propagate all --gru reset-after --dropout 0.1 --user-dropout 0.1
80 users --model hrnn --negatives 30 --logq
80 users --model hrnn --negatives 30 --spare-history
44 sessions --model rnn
38 sessions --model rnn --gru reset-after
46 sessions --model rnn --cell lstm
70 users --model rnn --join-sessions
98 users --model rnn --join-sessions --separator
END
}

# Sessions of so many events each, as many sessions and users whatever their length.
even_log() { # EVENTS
    awk -v events="$1" 'BEGIN {
        for (u = 0; u < 12; u++)
            for (s = 0; s < 8; s++)
                for (i = 0; i < events; i++)
                    print u "\t" (u * 31 + s * 7 + i * i) % 40 "\t" 1300000000 + 86400 * s + 60 * i "\t" i % 3
    }' | csv-sessionize --user 1 --item 2 --time 3 --carry kind=4 --delimiter tab --gap 3600 --max-events 0
}

# What each step of training but the last sends to the device, in bytes, from one loss that is
# fetched to the next.
bytes_of_steps() { # TRACE
    awk '/^copy to-host/ { if (update) { if (steps++ > 1) print before; before = sum } sum = update = 0; next }
        /^copy to-device/ { sum += $3 }
        /update/ { update = 1 }' "$1"
}

@test "the device has the sessions: what a step sends it does not grow with their length" {
    for events in 5 20; do
        even_log $events | tfilter --quiet --split user:0.8 | batcher --epochs 1 --batch 6 --min-batch 1 -o $events.mp
    done
    while read -r options; do
        for events in 5 20; do
            # shellcheck disable=SC2086
            EMULATED_TRACE=trace train cuda $options -o out.mp $events.mp
            [ -e trace ] || skip "counted in the emulation alone"
            bytes_of_steps trace >$events.bytes
            [ "$(wc -l <$events.bytes)" -gt 8 ]
        done
        echo "$options: at most $(sort -n 20.bytes | tail -n 1) bytes a step"
        cmp 5.bytes 20.bytes
    done <<'END'
--model ii-rnn
--model ii-rnn --session-rep last --inter hidden,delta,week --intra cat
--model hierarchical --session-rep attention --user-rep attention --intra sum
--model narm
--model rib --context kind,hour
--model context-rnn --context kind,hour --cell lstm
--model context-rnn --recurrent mean
--model improved --item-dropout 0
--model asars --context kind,hour
--model asars --variant user-att --cell gru
--model asars --variant user-cat --dynamics
--model youtube-dnn --context kind --users 5
--model session-embedding
--model session-embedding --decoder dense
--model wavenet --layers 2 --kernel 3
--model sasrec --max-positions 30
--model stamp --max-positions 30
--model stmp
--model ii-rnn --negatives 10
--model narm --negatives 10 --loss bpr-max
--model bpr-mf
--model fpmc
END
}

@test "intent with its second output: losses and ranks as the CPU's, and what it says of sessions" {
    synthesize --plant action --format events --users 8 --days 8 |
        csv-sessionize --user user --item item --time time --carry action | tfilter --split user:0.8 |
        batcher --epochs 2 --batch 6 -o "$BATS_FILE_TMPDIR/actions.mp"
    agree actions.mp --model intent --intent buy
    for device in cpu gpu; do
        spcat $device.mp | jq 'select(.[0] == "intent") | .[1].score[]' >$device.scores
    done
    close_to cpu.scores gpu.scores 1e-4
}

@test "every form of every model: losses and ranks as the CPU's" {
    [ -n "${SESSPIPE_LONG:-}" ] || skip "slow: make check-long"
    for rep in mean last; do
        for inter in hidden delta week hidden,delta,week; do
            agree batches.mp --session-rep $rep --inter $inter
        done
        agree batches.mp --session-rep $rep --bidirectional
        agree batches.mp --session-rep $rep --inter hidden --intra cat
        agree batches.mp --session-rep $rep --inter hidden --intra sum
    done
    for rep in mean last attention; do
        for user in mean last attention; do
            agree batches.mp --model hierarchical --session-rep $rep --user-rep $user
            [ $user = mean ] || agree batches.mp --model hierarchical --session-rep $rep --user-rep $user --intra sum
        done
    done
    for encoder in global local hybrid; do
        for decoder in bilinear tied dense; do
            agree batches.mp --model narm --encoder $encoder --decoder $decoder
        done
    done
    agree batches.mp --model rib --context hour:5 --lr 0.05
    agree batches.mp --model rib --normalize sigmoid --lr 0.05
    agree batches.mp --model context-rnn --context hour:5 --cell lstm
    agree batches.mp --model context-rnn --recurrent mean --layers 8
    agree batches.mp --model improved --item-dropout 0.3
    agree batches.mp --model asars --context hour:5
    agree batches.mp --model asars --variant time-cat --context hour:5
    agree batches.mp --model asars --variant user-att --cell gru --lr 0.05
    agree batches.mp --model asars --variant user-cat --dynamics
    agree batches.mp --model youtube-dnn --layers 20,16 --users 5
    agree batches.mp --model session-embedding --context hour
    agree batches.mp --model session-embedding --negatives 20
    agree batches.mp --model session-embedding --decoder dense
    agree batches.mp --model intent
    agree batches.mp --model intent --encoder forward --decoder tied
    agree batches.mp --model wavenet --layers 2 --gated
    agree batches.mp --model sasrec --heads 4
    agree batches.mp --model stamp --max-positions 3 --item-dropout 0.3 --lr 0.05
    agree batches.mp --model stmp --lr 0.05
    agree batches.mp --model stmo --lr 0.05
    agree batches.mp --model bpr-mf
    agree batches.mp --model fpmc
}
