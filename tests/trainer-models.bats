# trainer: the models and their options, attention, clusters.

bats_require_minimum_version 1.5.0
load helpers
load trainer

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
    run -64 --separate-stderr train --model context-rnn --recurrent mean --cell lstm "$BATCHES"
    [ "$stderr" = 'trainer: --cell lstm: --recurrent mean has no recurrent layer' ]
    run -64 --separate-stderr train --model context-rnn --recurrent mean --gru reset-before "$BATCHES"
    [ "$stderr" = 'trainer: --gru reset-before: --recurrent mean has no recurrent layer' ]
    run -64 --separate-stderr train --model wavenet --layers 17 "$BATCHES"
    [[ $stderr == 'trainer: --layers'*'from 1 to 16'* ]]
    for one in '--kernel 3' '--layers 2 --kernel 1'; do
        # shellcheck disable=SC2086
        run -64 --separate-stderr train --model wavenet --dilation 2 $one "$BATCHES"
        [ "$stderr" = 'trainer: --dilation 2 is between the events of the second layer and those above: give --layers and --kernel of 2 or more' ]
    done
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
