# trainer: its updates against tests/check-trainer.py, repeatability, options, model files, output,
# refused input.

bats_require_minimum_version 1.5.0
load helpers

# A log of 9 users who like some items better than others: username,subreddit,utc, newest first.
make_log() {
    awk 'function draw(n) { x = 16807 * x % 2147483647; return x % n }
        BEGIN {
            x = 99
            print "username,subreddit,utc"
            for (u = 0; u < 9; u++) {
                t = 1300000000 + draw(1000000); n = 0
                for (s = 12 + draw(4); s > 0; s--) {
                    for (k = 2 + draw(5); k > 0; k--) {
                        line[n++] = "u" u ",r" (draw(3) ? (u + draw(4)) % 11 : draw(11)) "," t
                        t += 1 + draw(900)
                    }
                    t += 3600 + draw(4) * draw(200000)
                }
                while (n > 0) print line[--n]
            }
        }'
}

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    make_log | reddit-sessionize >sessions.mp
    tfilter --split user:0.8 sessions.mp 2>report >split.mp
    batcher --batch 7 --history 3 --epochs 3 --min-batch 5 split.mp 2>>report >batches.mp
    tfilter --split user:0.8 --validation 0.1 sessions.mp 2>>report |
        batcher --batch 7 --epochs 2 >validated.mp
}

setup() {
    BATCHES=$BATS_FILE_TMPDIR/batches.mp
    SPLIT=$BATS_FILE_TMPDIR/split.mp
    VALIDATED=$BATS_FILE_TMPDIR/validated.mp
}

train() { trainer --quiet --threads 1 --embedding 5 "$@"; }

# Checks K steps of plain gradient descent with the options.
descend() { # descend K RATE OPTION ...
    local k=$1 rate=$2
    shift 2
    set -- --embedding 3 --dropout 0 --optimizer sgd --lr "$rate" --save-by last "$@" "$BATCHES"
    trainer -q --threads 1 --max-steps 0 --save before "$@" >/dev/null
    trainer -q --threads 1 --max-steps "$k" --save after "$@" >/dev/null
    /usr/bin/python3 "$ROOT/tests/check-trainer.py" "$BATCHES" before after "$k" "$rate"
}

need_check() {
    /usr/bin/python3 -c 'import msgpack' 2>/dev/null || skip 'no msgpack for python3 here'
}

# The two parts of a model file.
header_size() { od -An -tu8 -N8 "$1" | awk '{ print $1 + 8 }'; }
header() { head -c "$(header_size "$1")" "$1" | tail -c +9; }
tensors() { tail -c +"$(($(header_size "$1") + 1))" "$1"; }

differ() { ! cmp -s "$1" "$2" || { echo "$1 and $2 are the same"; return 1; }; }

records() { spcat "$1" | grep "^\[\"$2\""; }

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

ranks_of() { spcat | grep -E '^\["(rank|pass)"'; }

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

@test "--attention writes weights that add up to 1 over the earlier sessions" {
    need_check
    train --inter hidden,delta,week --attention all "$BATCHES" -o all.mp
    train --inter hidden,delta,week --attention 5 "$BATCHES" -o five.mp
    train --inter hidden,delta,week --attention 1000000 "$BATCHES" -o many.mp
    [ "$(records five.mp attention | wc -l)" = 15 ]
    [ "$(records five.mp attention | sort -u | wc -l)" = 15 ]
    cmp <(records all.mp attention) <(records many.mp attention)
    [ "$(records all.mp attention | grep -xFcf <(records five.mp attention))" = 15 ]
    records all.mp attention >lines
    spcat "$SPLIT" | grep '^\["session"' >sessions
    run -0 /usr/bin/python3 - lines sessions <<'EOT'
import json, sys
sessions = {}
for line in open(sys.argv[2]):
    r = json.loads(line)
    sessions.setdefault(r[1], []).append((r[3][0], r[4]))
checked = 0
for line in open(sys.argv[1]):
    a = json.loads(line)[1]
    assert a["level"] == "inter" and a["position"] == -1 and a["model"] == "ii-rnn"
    assert abs(sum(a["weight"]) - 1) < 1e-5 and min(a["weight"]) >= 0
    of, s = sessions[a["user"]], a["session"]
    past = of[max(0, s - 3):s]
    assert a["start"] == [p[0] for p in past] and a["length"] == [len(p[1]) for p in past]
    assert a["item"] == [i for p in past for i in p[1]]
    assert a["week"] == [(t // 3600 + 72) % 168 for t, _ in past]
    assert a["delta"] == [min((of[s][0] - t) // 3600, 168) for t, _ in past]
    assert a["began"] == [of[s][0]]
    assert a["target"] == of[s][1][1:] and len(a["top"]) == len(a["target"])
    checked += 1
print("ok", checked > 50)
EOT
    [ "$output" = 'ok True' ]
}

@test "attention of every level is that of the equations with the saved weights" {
    need_check
    batcher --batch 7 --history 3 --epochs 2 "$SPLIT" >held.mp
    while read -r levels options; do
        # shellcheck disable=SC2086
        train --lr 0.05 $options --save model held.mp >/dev/null
        predictor --quiet --model model --attention all held.mp | spcat >shown.json
        run -0 /usr/bin/python3 "$ROOT/tests/check-levels.py" held.mp model shown.json
        echo "$options: $output"
        [ "$(tr -d ' 0-9' <<<"$output")" = "ok$levels" ]
    done <<EOT
inter --inter hidden,delta,week,age
interintra --inter delta --intra cat --bidirectional
intra --intra sum --per-user intra
interintra --inter hidden --intra cat --per-user inter,intra --clusters 3
sessionuser --model hierarchical --session-rep attention --user-rep attention --inter delta,age
sessionuser --model hierarchical --session-rep attention --user-rep attention --attend-to input --per-user session,user
session --model hierarchical --session-rep attention
user --model hierarchical --session-rep last --user-rep attention --bidirectional --per-user user --inter week
intra --model hierarchical --session-rep last --intra cat --per-user intra
inter --inter hidden,delta --clusters 3 --cluster-encoders inter,intra
interintra --inter hidden --intra cat --clusters 3 --cluster-encoders inter,intra
intra --model hierarchical --session-rep last --intra sum --per-user intra --clusters 3 --cluster-encoders session,user,intra
sessionuser --model hierarchical --session-rep attention --user-rep attention --clusters 3 --cluster-encoders session,user
intrauser --model hierarchical --user-rep attention --inter delta --intra sum --bidirectional
EOT
}

@test "--clusters: from a file, of a given number, and from a model's file" {
    own=(--inter hidden,delta --per-user inter)
    shape() { header "$1" | grep -o '"inter_attention.weight":{[^}]*}' | grep -o 'shape":\[[0-9]*'; }
    train "${own[@]}" --clusters 3 --save three --save-by last "$BATCHES" | ranks_of >found
    train "${own[@]}" --clusters 3 "$BATCHES" | ranks_of >again
    train "${own[@]}" "$BATCHES" | ranks_of >each
    train "${own[@]}" --clusters 3 --seed 2 --save other "$BATCHES" >/dev/null
    cmp found again
    differ found each
    [ "$(shape three)" = 'shape":[3' ]
    header three | grep -q '"users.cluster":{"dtype":"I32","shape":\[9\]'
    # the same clusters from a file of users and clusters
    spcat "$BATCHES" | sed -nE 's/^\["user",([0-9]+),"([^"]*)".*/\1 \2/p' |
        awk '{ print $2 "\tclub " $1 % 2 }' >clubs
    train "${own[@]}" --clusters clubs --save clubbed "$BATCHES" >/dev/null
    [ "$(shape clubbed)" = 'shape":[2' ]
    # clusters of a model's file are kept; a user whom it does not know is in a new one after them
    train "${own[@]}" --clusters 3 --init three --max-steps 0 --save-by last --save same "$BATCHES" >/dev/null
    cmp <(tensors three) <(tensors same)
    make_log | sed 's/^u3,/new,/' | reddit-sessionize 2>/dev/null | tfilter --split user:0.8 2>/dev/null |
        batcher --batch 5 2>/dev/null >other.mp
    train "${own[@]}" --clusters 3 --init three --save four other.mp >/dev/null
    [ "$(shape four)" = 'shape":[4' ]
    # from one set of weights for all, each cluster begins with that set
    train --inter hidden,delta --save global "$BATCHES" >/dev/null
    train --inter hidden,delta --init global --max-steps 0 "$BATCHES" | ranks_of >plain
    train "${own[@]}" --clusters 2 --init global --max-steps 0 "$BATCHES" | ranks_of >own
    alike plain own
    # GRUs of each cluster's own: of as many clusters, and first the same as those for all
    encoders() { train --inter hidden,delta --clusters "$1" --cluster-encoders inter,intra "${@:2}"; }
    encoders 2 --init global --max-steps 0 "$BATCHES" | ranks_of >own
    alike plain own
    encoders 3 --save-by last --save grus "$BATCHES" | ranks_of >learned
    differ plain learned
    for gru in inter intra; do
        header grus | grep -o "\"${gru}_gru.bias_hh_l0\":{[^}]*}" | grep -q 'shape":\[3,[0-9]*\]'
    done
    header grus | grep -q '"users.cluster":{"dtype":"I32","shape":\[9\]'
    encoders 3 --init grus --max-steps 0 --save-by last --save same "$BATCHES" >/dev/null
    cmp <(tensors grus) <(tensors same)
    # of GRUs that attend at every step too
    train --inter hidden --intra cat --save attentive "$BATCHES" >/dev/null
    train --inter hidden --intra cat --init attentive --max-steps 0 "$BATCHES" | ranks_of >plain
    train --inter hidden --intra cat --clusters 3 --cluster-encoders inter,intra --init attentive --max-steps 0 "$BATCHES" |
        ranks_of >own
    alike plain own
    refused() {
        run "-$1" --separate-stderr train "${@:3}" "$BATCHES"
        echo "$stderr"
        [[ $stderr == *$2* ]]
    }
    refused 64 '--clusters needs --per-user' --clusters 3
    refused 64 '--cluster-encoders intra: give the clusters of users' --cluster-encoders intra
    refused 64 '--cluster-encoders user: give inter, intra' --clusters 3 --cluster-encoders user
    refused 64 'only 9 users' "${own[@]}" --clusters 10
    refused 64 '--clusters 3 with it' "${own[@]}" --clusters 2 --init three
    refused 66 'takes a number, or a file' "${own[@]}" --clusters nowhere
    sed -i 2d clubs
    refused 65 'no cluster for user' "${own[@]}" --clusters clubs
    echo 'u1 2' >clubs
    refused 65 'line 1' "${own[@]}" --clusters clubs
    refused 65 'own' "${own[@]}" --init three
}

@test "the embedding has the stream's number of age buckets" {
    reddit-sessionize <(make_log) 2>/dev/null >sessions.mp
    for shape in quadratic:600x20 log:900x12; do
        tfilter --delta-buckets $shape --split user:0.8 sessions.mp 2>/dev/null | batcher --batch 7 2>/dev/null >other.mp
        train --inter hidden,delta --attention all --save model other.mp >out.mp
        count=${shape#*x}
        header model | grep -q "\"delta_embedding.weight\":{\"dtype\":\"F32\",\"shape\":\[$((count + 1)),5\]"
        records out.mp attention | grep -o '"delta":\[[^]]*\]' | grep -oE '[0-9]+' >buckets
        [ "$(sort -n buckets | tail -1)" -le "$count" ]
        [ "$(sort -u buckets | wc -l)" -gt 3 ]
    done
}

@test "--init without training ranks as the trainer that saved the model" {
    train --save model --save-by last "$BATCHES" >/dev/null
    train --save again --save-by last --init model --max-steps 0 "$BATCHES" >/dev/null
    cmp <(tensors model) <(tensors again)
    train --lr 0 --dropout 0 --save same --save-by last --init model "$BATCHES" >/dev/null
    cmp <(tensors model) <(tensors same)
}

# output_of FILE: the tensors of the output layer in a model file.
output_of() { tr '"' '\n' <"$1" | grep -aE '^(output\.(weight|bias)|bilinear\.weight)$' | sort | paste -sd' '; }

@test "--decoder: the output layer is a table of its own, or the embeddings" {
    while read -r expected; do
        read -r options
        # shellcheck disable=SC2086
        train $options --max-steps 0 --save-by last --save model "$BATCHES" >/dev/null
        [ "$(output_of model)" = "$expected" ] || { echo "$options: $(output_of model)"; false; }
    done <<'END'
output.bias output.weight
--bidirectional
output.bias
--decoder tied
bilinear.weight output.bias
--decoder tied --bidirectional
output.bias output.weight
--model hierarchical --decoder dense
output.bias
--model hierarchical --decoder tied
bilinear.weight
--model narm --encoder global
output.bias
--model narm --encoder global --decoder tied
bilinear.weight output.bias
--model narm --decoder tied
output.bias
--model sasrec --heads 1

--model stamp
output.bias output.weight
--model narm --decoder dense
END
    run -65 --separate-stderr train --decoder tied --init model --model narm "$BATCHES"
    [[ $stderr == *bilinear* || $stderr == *output* ]]
}

@test "sasrec: sizes that fit together; a position attends to the events up to it, and to earlier sessions" {
    run -64 --separate-stderr train --model sasrec "$BATCHES"
    [ "$stderr" = 'trainer: --heads 2: does not divide --embedding 5' ]
    run -64 --separate-stderr train --model sasrec --heads 1 --max-positions 4 --earlier 4 "$BATCHES"
    [ "$stderr" = 'trainer: --earlier 4: is not below --max-positions 4' ]
    weights() { train --model sasrec --embedding 6 --attention all "$@" "$BATCHES" | spcat | jq -c 'select(.[0] == "attention")[1]'; }
    weights --max-positions 3 >attention
    [ "$(wc -l <attention)" -gt 10 ]
    jq -e -s 'all((.weight | add - 1 | fabs) < 1e-5) and all(.weight | length <= 3)
        and any(.weight | length == 3)' attention
    batcher -q --epochs 1 --history 0 "$SPLIT" >alone.mp
    run -64 --separate-stderr train --model sasrec --embedding 6 --earlier 9 alone.mp
    [ "$stderr" = "trainer: --earlier reads the user's earlier sessions, and these batches give none: use batcher --history 15" ]
    # The weights of earlier sessions' events are not in the records.
    weights --earlier 9 >attention
    jq -e -s 'all((.weight | add) < 1.00001 and (.weight | length) == (.item | length))
        and any(.position == 0 and .weight[0] < 0.9)' attention
}

@test "stamp: its forms; a position has a weight for each event up to it" {
    train --model stamp --lr 0.05 --max-positions 3 --attention all -o out.mp "$BATCHES"
    spcat out.mp | jq -c 'select(.[0] == "attention")[1]' >attention
    jq -e -s 'all(.level == "item" and (.weight | length) == ([.position + 1, 3] | min))
        and any(.weight | length == 3) and any(.weight | add > 1.5 or add < 0.5)' attention
    [ "$(train --max-steps 0 --model stamp --add-mean "$BATCHES" | spcat | sed -n '1s/.*"label":"\([^"]*\)".*/\1/p')" = 'stamp add-mean' ]
    run -64 --separate-stderr train --model stmp --add-mean "$BATCHES"
    [ "$stderr" = 'trainer: --add-mean goes with --model stamp, not with stmp' ]
    run -64 --separate-stderr train --model stmo --max-positions 3 "$BATCHES"
    [ "$stderr" = 'trainer: --max-positions goes with --model sasrec, stamp, stmp, not with stmo' ]
    run -64 --separate-stderr train --model stmp --attention 1 "$BATCHES"
    [[ $stderr == 'trainer: --attention'* ]]
}

@test "layers of context-rnn, youtube-dnn and wavenet: their names, and what is none" {
    label() { train --max-steps 0 "$@" "$BATCHES" | spcat | sed -n '1s/.*"label":"\([^"]*\)".*/\1/p'; }
    [ "$(label --model context-rnn --recurrent mean --layers 7)" = 'context-rnn mean layers 7' ]
    [ "$(label --model youtube-dnn --layers 20,10)" = 'youtube-dnn layers 20,10' ]
    [ "$(label --model youtube-dnn --layers '')" = 'youtube-dnn layers none' ]
    [ "$(label --model youtube-dnn --users 4)" = 'youtube-dnn users 4' ]
    [ "$(label --model wavenet --gated --layers 2)" = 'wavenet layers 2 gated' ]
    for wrong in 0 x 3, ,3 3,,4 1,2,3,4,5,6,7,8,9 70000; do
        run -64 --separate-stderr train --model youtube-dnn --layers "$wrong" "$BATCHES"
        [ "$stderr" = "trainer: --layers $wrong: give the sizes of at most 8 layers, such as 256,128, or nothing" ]
    done
    run -64 --separate-stderr train --model context-rnn --cell lstm --gru reset-before "$BATCHES"
    [ "$stderr" = 'trainer: --gru reset-before: --cell lstm has no reset gate' ]
    run -64 --separate-stderr train --model wavenet --layers 17 "$BATCHES"
    [[ $stderr == 'trainer: --layers'*'from 1 to 16'* ]]
}

@test "asars: names of its variants, what they read, and what they attend to" {
    label() { train --max-steps 0 --model asars "$@" "$BATCHES" | spcat | sed -n '1s/.*"label":"\([^"]*\)".*/\1/p'; }
    [ "$(label --context hour)" = 'asars context hour' ]
    [ "$(label --variant user-cat --cell gru --users 5)" = 'asars user-cat users 5 gru' ]
    [ "$(label --variant user-cat --dynamics)" = 'asars user-cat dynamics' ]
    refuses() { # MESSAGE OPTION ...
        run -64 --separate-stderr train --model asars "${@:2}" "$BATCHES"
        [ "$stderr" = "trainer: $1" ] || { echo "$stderr"; false; }
    }
    refuses '--variant time-user reads times of events: give --context dwell'
    refuses '--context: --variant user-att reads no contexts' --variant user-att --context hour
    refuses '--users 0: --variant user-cat has embeddings of users' --variant user-cat --users 0
    refuses '--users: --variant time-cat has no embeddings of users' --variant time-cat --context hour --users 5
    refuses '--gru reset-before: --cell lstm has no reset gate' --context hour --gru reset-before
    refuses '--context hour: --variant user-att with --dynamics reads dwell alone' --variant user-att --dynamics --context hour
    run -64 --separate-stderr train --model asars --variant user-cat --attention 1 "$BATCHES"
    [[ $stderr == 'trainer: --attention'* ]]
    for options in '--context hour' '--variant time-att --context hour' '--variant user-att'; do
        # shellcheck disable=SC2086
        train --model asars $options --attention 3 "$BATCHES" | spcat | jq -c 'select(.[0] == "attention")[1]' >attention
        jq -e -s 'length > 3 and all(.level == "item" and (.weight | length) == .position + 1
            and (.weight | add - 1 | fabs < 1e-5))' attention
    done
}

@test "intent: its name and encoder, and what it attends to" {
    label() { train --max-steps 0 --model intent "$@" "$BATCHES" | spcat | sed -n '1s/.*"label":"\([^"]*\)".*/\1/p'; }
    [ "$(label)" = intent ]
    [ "$(label --encoder forward --decoder tied)" = 'intent forward tied' ]
    run -64 --separate-stderr train --model intent --encoder global "$BATCHES"
    [[ $stderr == 'trainer: --encoder'*'both, forward'* ]]
    train --model intent --attention 3 "$BATCHES" | spcat | jq -c 'select(.[0] == "attention")[1]' >attention
    jq -e -s 'length > 3 and all(.level == "item" and (.weight | length) == .position + 1
        and (.weight | add - 1 | fabs < 1e-5))' attention
}

@test "session-embedding: its name, and what tells events apart" {
    label() { train --max-steps 0 --model session-embedding "$@" "$BATCHES" | spcat | sed -n '1s/.*"label":"\([^"]*\)".*/\1/p'; }
    [ "$(label)" = session-embedding ]
    [ "$(label --decoder dense --context hour)" = 'session-embedding dense context hour' ]
    for wrong in hour,dwell hour:8; do
        run -64 --separate-stderr train --model session-embedding --context "$wrong" "$BATCHES"
        [[ $stderr == "trainer: --context $wrong: --model session-embedding tells events apart by one key"* ]]
    done
    run -64 --separate-stderr train --model session-embedding --decoder tied "$BATCHES"
    [[ $stderr == 'trainer: --decoder'*'layers, dense'* ]]
}

@test "the label of tied outputs; factors have no decoder" {
    [ "$(train --max-steps 0 --decoder tied "$BATCHES" | spcat | sed -n '1s/.*"label":"\([^"]*\)".*/\1/p')" = 'ii-rnn tied' ]
    run -64 --separate-stderr train --model fpmc --decoder tied "$BATCHES"
    [[ $stderr == *'--decoder goes with --model ii-rnn, hierarchical, narm, rib, context-rnn, improved, youtube-dnn, session-embedding, intent, wavenet, sasrec, hrnn, rnn, not with fpmc'* ]]
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

@test "--init refuses what does not fit, and names the field" {
    train --save model "$BATCHES" >/dev/null
    fails() {
        run -65 --separate-stderr train --init "$@"
        echo "$stderr"
    }
    fails model --inter hidden "$BATCHES"
    [[ $stderr == *inter_attention.weight*missing* ]]
    fails model --embedding 6 "$BATCHES"
    [[ $stderr == *item_embedding.weight*shape*5*6* ]]
    train --inter hidden --save attentive "$BATCHES" >/dev/null
    fails attentive "$BATCHES"
    [[ $stderr == *inter_attention*no\ such\ weights* ]]
    head -c 2000 model >cut
    fails cut "$BATCHES"
    [[ $stderr == *cut:* ]]
    fails "$BATCHES" "$BATCHES"
    fails /dev/null "$BATCHES"
    run -66 train --init nowhere "$BATCHES"
}

@test "the model file says how it was made, and which pass selected it" {
    train --inter hidden --save model "$BATCHES" >/dev/null
    header model | grep -q '"selected_on":"test"'
    header model | grep -q '"model":"ii-rnn"'
    header model | grep -qF '\"inter\":\"hidden\"'
    header model | grep -qF '[[\"reddit-sessionize\",'
    train --save model "$VALIDATED" >/dev/null
    header model | grep -q '"selected_on":"validation"'
    train --save model --save-by last "$VALIDATED" >/dev/null
    header model | grep -q '"selected_on":"last"'
    run -0 --separate-stderr trainer --threads 1 --embedding 5 --save model "$BATCHES" -o out.mp
    [ "$(grep -c 'chosen on the test part' <<<"$stderr")" = 1 ]
    [ "$(grep -c ' epoch [123]: train loss .* test loss .*recall@20' <<<"$stderr")" = 3 ]
    run -0 --separate-stderr train --save model "$BATCHES" -o out.mp
    [ -z "$stderr" ]
}

@test "--stop-after stops when tests bring no improvement, and reads the rest of the input" {
    batcher --batch 7 --epochs 9 "$SPLIT" >long.mp
    train --lr 0 --stop-after 2 --save model long.mp >out.mp
    [ "$(records out.mp pass | wc -l)" = 6 ] # the first is the best, two bring nothing
    spcat --check out.mp
    [ -s model ]
    train --lr 0 --stop-after 1 --stop-by loss long.mp >out.mp
    [ "$(records out.mp pass | wc -l)" = 4 ]
    run -64 --separate-stderr train --stop-by loss long.mp
    [ "$stderr" = 'trainer: --stop-by needs --stop-after N' ]
    head -c "$(($(wc -c <long.mp) - 1))" long.mp >cut.mp
    rm model
    run -65 train --lr 0 --stop-after 2 --save model cut.mp
    [ ! -e model ]
}

@test "training that diverges ends with 1 and saves the best model so far" {
    train --save model "$BATCHES" >/dev/null
    cp model before
    run -1 --separate-stderr train --lr 1e9 --save model "$BATCHES" -o out.mp
    [[ $stderr == *diverged*--lr* ]]
    cmp model before # it diverged before the first test
    [ ! -e out.mp ]
    run -1 --separate-stderr train --lr 1e30 --optimizer sgd --save model "$BATCHES" -o out.mp
    [[ $stderr == *diverged* ]]
    # the program after it gets an abort record
    train --lr 1e9 "$BATCHES" 2>/dev/null >bad.mp || [ $? = 1 ]
    run -65 scorer bad.mp
    [[ $output == *diverged* ]]
    [ "$(find . -name '*.part' | wc -l)" = 0 ]
}

@test "no model is saved if the input is cut off or the program before failed" {
    for percent in 20 50 90 99; do # within the sessions, and within the schedule
        head -c $(($(stat -c %s "$BATCHES") * percent / 100)) "$BATCHES" >cut.mp
        run -65 train --save model --save-by last cut.mp -o out.mp
        [ ! -e model ]
        [ ! -e out.mp ]
    done
    run -65 --separate-stderr bash -c 'batcher /nowhere 2>/dev/null | trainer -q --save model'
    [ ! -e model ]
    run -65 train --save model </dev/null
    run -65 train --save model "$SPLIT"
    [ ! -e model ]
}

@test "when the reader goes away, no model is saved and there is no message" {
    run -0 --separate-stderr bash -c "trainer -q --save model '$BATCHES' | head -c1 >/dev/null; echo \${PIPESTATUS[0]}"
    [ "$output" = 141 ]
    [ -z "$stderr" ]
    [ ! -e model ]
    [ "$(find . -name '*.part' | wc -l)" = 0 ]
}

@test "a model is saved where its name leads, or not at all" {
    train --save model "$BATCHES"
    train --save /dev/null "$BATCHES"
    [ -c /dev/null ]
    mkfifo pipe
    cat pipe >got &
    train --save pipe "$BATCHES"
    wait $!
    cmp model got
    run -73 train --save nowhere/model "$BATCHES"
    run -73 train --save - "$BATCHES"
    mkdir folder
    run -73 train --save folder "$BATCHES"
}

@test "a full disk at the save is an error, and an older file stays" {
    [ -e /dev/full ] || skip 'no /dev/full here'
    train --save model "$BATCHES" >/dev/null
    cp model before
    run -74 bash -c "ulimit -f 2; trainer -q --embedding 60 --save model '$BATCHES' | cat >/dev/null; exit \${PIPESTATUS[0]}"
    cmp model before
    [ "$(find . -name '*.part' | wc -l)" = 0 ]
    run -74 bash -c "trainer -q --embedding 5 '$BATCHES' >/dev/full"
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
