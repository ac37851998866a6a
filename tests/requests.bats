# recommender --requests: its answers against those to a stream of sessions; errors, sets of items,
# times; files that are read again; many clients.

bats_require_minimum_version 1.5.0
load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    synthesize --users 9 --days 12 >log.tsv
    lfm-sessionize -q log.tsv | tfilter -q --split user:0.8 >split.mp
    batcher -q --batch 5 --history 4 --min-batch 2 split.mp >batches.mp
    for model in 'ii-rnn --inter hidden,delta' narm 'sasrec' stmo; do
        # shellcheck disable=SC2086
        trainer -q -j 1 --embedding 6 --lr 0.02 --save-by last --model $model \
            --save "${model%% *}" batches.mp >/dev/null
    done 2>/dev/null
    trainer -q -j 1 --model wide --save wide batches.mp >/dev/null
    trainer -q -j 1 --model ii-rnn --wide --embedding 6 --save both batches.mp >/dev/null
    spcat split.mp >split.json
    jq -r 'select(.[0] == "item") | .[2]' split.json >items
    jq -r 'select(.[0] == "user") | .[2]' split.json >users
}

setup() {
    FILES=$BATS_FILE_TMPDIR
    SPLIT=$FILES/split.mp
    # Of a small log.
    A=$(sed -n 1p "$FILES/items")
    B=$(sed -n 2p "$FILES/items")
    USER1=$(head -n 1 "$FILES/users")
}

answer() { recommender -q -j 1 --requests "$@"; }

# The sessions of the log, each as a line of user, times and items by name.
sessions_by_name() {
    jq -cn '[inputs] as $all | [$all[] | select(.[0] == "item") | .[2]] as $item |
        [$all[] | select(.[0] == "user") | .[2]] as $user |
        $all[] | select(.[0] == "session") |
        {user: $user[.[1]], times: .[3], items: [.[4][] | $item[.]]}' "$FILES/split.json"
}

# Items and scores of answers that are not errors, rounded.
lists() { jq -c '[.items[] | [.item, (.score * 1e4 | round)]]'; }

@test "a user's answer is that to the stream of their sessions, for models and counts" {
    for model in ii-rnn narm sasrec stmo wide both; do
        wide=
        [[ $model != @(wide|both) ]] || wide=--frozen
        # shellcheck disable=SC2086
        recommender -q -j 1 -m "$FILES/$model" $wide --json --top 7 "$SPLIT" | lists >stream
        [ "$(wc -l <stream)" = 9 ]
        jq -Rc '{user: .}' "$FILES/users" | answer -m "$FILES/$model" --top 7 "$SPLIT" | lists >own
        # A request that has the last session itself, and the sessions before it from the file.
        last=$(sessions_by_name | jq -sc 'group_by(.user) | .[] | .[-1] + {now: .[-1].times[-1]}')
        users=$(jq -Rc . "$FILES/users" | jq -sc .)
        jq -nc --slurpfile all <(echo "$last") --argjson users "$users" '$users[] as $u | $all[] | select(.user == $u)' |
            answer -m "$FILES/$model" --top 7 "$SPLIT" | lists >given
        if [[ $model = @(wide|both) ]]; then # the clock is later than the log
            cmp stream given
            # items that are new to the user count eight times
            recommender -q -j 1 -m "$FILES/$model" --frozen --explore 8 --json --top 7 "$SPLIT" | lists >explored
            run -1 cmp -s stream explored
            jq -nc --slurpfile all <(echo "$last") --argjson users "$users" '$users[] as $u | $all[] | select(.user == $u)' |
                answer -m "$FILES/$model" --explore 8 --top 7 "$SPLIT" | lists | cmp explored -
        else
            cmp stream own
            cmp stream given
        fi
    done
}

@test "errors name the key and keep the id; the requests after them are answered in order" {
    cat >asked <<EOT
{"id": 1, "items": ["$A"]}
{"items": [1, {}], "id": "two"}
{"id": 3, "itms": ["$A"]}
not JSON
{}
{"id": 6, "items": ["$A", "$B"], "times": [5]}
{"id": 7, "items": ["$A", "$B"], "times": [5, 4]}
{"id": 8, "items": ["$A"], "times": [50], "now": 49}
{"id": 9, "items": ["$A"], "top": 0}
{"id": 10, "items": ["$A"], "candidates": "none"}
{"id": 11, "items": ["$A"]} {"id": 12}
{"id": 13, "items": ["$A"], "exclude_seen": 1}
{"id": 15, "items": ["$A"], "now": 1241478539.5}
{"id": 16, "items": ["$A"], "times": [1e9]}
{"id": 17, "items": ["$A"], "top": 5.0}
{"id": 14, "user": "$USER1", "items": ["$A", "never heard of", "nor this"], "times": ["2009-05-04T23:08:57Z", 1241478538, 1241478539]}
EOT
    answer -m "$FILES/narm" --top 3 <asked >answers
    [ "$(wc -l <answers)" = 16 ]
    jq -e . answers >/dev/null
    jq -c '[.id, .error // (.items | length)]' answers >said
    diff said - <<'EOT'
[1,3]
["two","items: expected a name in quotes, or a whole number"]
[3,"the key \"itms\" is unknown: choose from id, user, items, times, now, top, exclude_seen, candidates"]
[null,"expected an object of JSON on a line"]
[null,"neither user nor items: one of them says for whom"]
[6,"times: there are 1 of them, and 2 items"]
[7,"times: the times are not in order"]
[8,"now: before the last of the times"]
[9,"top: expected a whole number from 1 to 10000"]
[10,"candidates: there is no set 'none': --candidates NAME=FILE gives it"]
[11,"something follows the object on its line"]
[13,"exclude_seen: expected true or false"]
[15,"now: expected a time, in whole seconds since 1970 or as \"2009-05-04T23:08:57Z\""]
[16,"times: expected a time, in whole seconds since 1970 or as \"2009-05-04T23:08:57Z\""]
[17,"top: expected a whole number from 1 to 10000"]
[14,3]
EOT
    [ "$(tail -n 1 answers | jq .unknown)" = 2 ]
}

@test "a line above a megabyte, one of a kind that nobody sends, and a last one without its newline" {
    { head -c 2000000 /dev/zero | tr '\0' x && echo && printf '[%.0s' {1..5000} && echo && printf '{"items": ["%s"]}' "$A"; } |
        answer -m "$FILES/narm" --top 3 | jq -c '[.error, (.items | length)]' >said
    diff said - <<'EOT'
["a line above 1048576 bytes",0]
["expected an object of JSON on a line",0]
[null,3]
EOT
}

@test "nobody knows the items, or the user: an empty list with the reason" {
    printf '%s\n' '{"items": ["x", "y"]}' '{"user": "nobody"}' '{"user": "nobody", "items": []}' |
        answer -m "$FILES/narm" "$SPLIT" | jq -c '[.items, .reason, .unknown]' >said
    diff said - <<'EOT'
[[],"none of the items is known",2]
[[],"no session of the user is known",0]
[[],"no session of the user is known",0]
EOT
}

@test "titles beside ids, of items that have one" {
    echo "{\"items\": [\"$A\"], \"top\": 300}" | answer -m "$FILES/narm" "$SPLIT" >answer
    jq -r '.items[] | [.item, .title // ""] | @tsv' answer | LC_ALL=C sort >titles
    jq -r 'select(.[0] == "item") | [.[2], .[3].title // ""] | @tsv' "$FILES/split.json" |
        LC_ALL=C sort | grep -Ff <(cut -f 1 titles) >expected
    grep -c Artist titles
    cmp titles expected
}

@test "sets of items and what was seen limit the answer, each request its own" {
    head -n 40 "$FILES/items" >instock
    sed -n '30,60s/$/\tmore columns/p' "$FILES/items" >allowed
    echo 'never heard of' >>allowed
    {
        echo "{\"items\": [\"$A\"], \"top\": 300}"
        echo "{\"items\": [\"$A\"], \"top\": 300, \"candidates\": \"instock\"}"
        echo "{\"items\": [\"$A\"], \"top\": 5, \"candidates\": \"allowed\"}"
        echo "{\"user\": \"$USER1\", \"top\": 300, \"exclude_seen\": true, \"candidates\": \"instock\"}"
        echo "{\"user\": \"$USER1\", \"top\": 300, \"exclude_seen\": true}"
    } >asked
    for model in narm wide; do
        answer -m "$FILES/$model" --candidates instock=instock --candidates allowed=allowed "$SPLIT" <asked >answers
        jq -c '.items | map(.item)' answers >names
        jq -e --slurpfile n names --rawfile s instock --rawfile a allowed -n '
            ($s | split("\n") | map(select(. != ""))) as $s |
            ($a | split("\n") | map(split("\t")[0] | select(. != null and . != ""))) as $a |
            $n[1] == ($n[0] | map(select(IN($s[])))) and ($n[1] | length) == 40 and
            $n[2] == ($n[0] | map(select(IN($a[]))) | .[:5]) and ($n[2] | length) == 5 and
            $n[3] == ($n[4] | map(select(IN($s[]))))'
        sessions_by_name | jq -cs --arg user "$USER1" '[.[] | select(.user == $user) | .items[]] | unique' >seen
        jq -e -n --slurpfile n names --slurpfile seen seen '
            ($n[0] | length) as $all | ($n[4] | length) == $all - ($seen[0] | length) and
            ($n[4] | all(IN($seen[0][]) | not))'
    done
    run -65 --separate-stderr answer -m "$FILES/narm" --candidates x=/dev/null <asked
    [[ $stderr == *'/dev/null: none of its lines names an item'* ]]
    run -64 --separate-stderr answer -m "$FILES/narm" --candidates x <asked
    run -64 --separate-stderr recommender -m "$FILES/narm" --candidates x=instock "$SPLIT"
    [[ $stderr == *'give --requests'* ]]
}

@test "an answer for an earlier moment does not look at what came later" {
    # What a user's second session from the end gave when it was their newest.
    sessions_by_name | jq -cs 'group_by(.user) | .[] | select(length > 2) | {user: .[-2].user, now: .[-2].times[-1]}' >asked
    [ "$(wc -l <asked)" -ge 5 ]
    # shellcheck disable=SC2016
    jq -c --slurpfile asked asked '. as $r | if .[0] == "session" then . else . end' "$FILES/split.json" >all
    jq -cn '[inputs] as $all | [range($all | length) | select($all[.][0] == "session")] as $at |
        ([$at[] | $all[.][1]] | unique | map(. as $u | [$at[] | select($all[.][1] == $u)] | select(length > 2) | .[-1])) as $last |
        range($all | length) | select(IN($last[]) | not) | $all[.]' all |
        sed 's/^\["E",.*/["E"]/' | spcat --from-json >before.mp
    for model in ii-rnn sasrec stmo; do
        answer -m "$FILES/$model" --top 9 "$SPLIT" <asked | lists >given
        jq -c '{user}' asked | answer -m "$FILES/$model" --top 9 before.mp | lists >expected
        jq -c '{user}' asked | answer -m "$FILES/$model" --top 9 "$SPLIT" | lists >now
        cmp given expected
        run ! cmp -s given now
    done
    # A wide part knows how often and how lately an item was used at that moment.
    echo "{\"items\": [\"$A\"], \"times\": [1240000000], \"now\": 1240000000}" | answer -m "$FILES/wide" --why >early
    echo "{\"items\": [\"$A\"], \"times\": [1240000000], \"now\": 1340000000}" | answer -m "$FILES/wide" --why >late
    run ! cmp -s early late
}

@test "requests of one user for several moments get their own answers, with weights of the user too" {
    trainer -q -j 1 --embedding 6 --lr 0.02 --model ii-rnn --inter hidden --intra cat \
        --per-user inter,intra --save own "$FILES/batches.mp" >/dev/null
    spcat "$SPLIT" | jq -rs '(map(select(.[0] == "session" and .[1] == 0)) | map(.[3][-1])) as $ends |
        [$ends[9, 19, -1]][] | {"user": $name, "now": ., "top": 3} | tojson' \
        --arg name "$USER1" >asked
    [ "$(sort -u asked | wc -l)" = 3 ]
    recommender -q -j 1 --requests -m own --batch 1 "$SPLIT" <asked >expected
    [ "$(sort -u expected | wc -l)" = 3 ]
    recommender -q -j 1 --requests -m own "$SPLIT" <asked | cmp - expected
}

@test "answers come while the input is open; files are read again on SIGHUP, or stay" {
    cp "$FILES/narm" model
    head -n 20 "$FILES/items" >instock
    mkfifo asked answers
    recommender -q -j 1 --requests -m model --top 300 --candidates instock=instock "$SPLIT" <asked >answers 2>err &
    pid=$!
    exec 8>asked 9<answers
    count() {
        echo "{\"items\": [\"$A\"], \"candidates\": \"instock\"}" >&8
        read -r -t 60 line <&9
        jq '.items | length' <<<"$line"
    }
    [ "$(count)" = 20 ]
    head -n 30 "$FILES/items" >instock.new && mv instock.new instock
    [ "$(count)" = 20 ]
    kill -HUP $pid
    until [ "$(count)" = 30 ]; do sleep 0.05; done
    # another model
    echo "{\"items\": [\"$A\"]}" >&8 && read -r -t 60 before <&9
    cp "$FILES/sasrec" model.new && mv model.new model
    kill -HUP $pid
    after=$before
    until [ "$after" != "$before" ]; do
        sleep 0.05
        echo "{\"items\": [\"$A\"]}" >&8 && read -r -t 60 after <&9
    done
    [ "$(lists <<<"$after")" = "$(echo "{\"items\": [\"$A\"]}" | answer -m model --top 300 "$SPLIT" | lists)" ]
    # a model that is none: the old one answers on
    echo nonsense >model.new && mv model.new model
    kill -HUP $pid
    until [ -s err ]; do sleep 0.05; done
    grep -q 'after SIGHUP: model: .*answers go on from the files as they were' err
    echo "{\"items\": [\"$A\"]}" >&8 && read -r -t 60 line <&9
    [ "$line" = "$after" ]
    exec 8>&-
    wait $pid
}

@test "what contradicts itself is refused" {
    run -64 --separate-stderr recommender --requests </dev/null
    [[ $stderr == *'give --index SESSIONS'* ]]
    run -64 --separate-stderr recommender --requests --frozen -m "$FILES/wide" </dev/null
    run -64 --separate-stderr recommender --requests -m "$FILES/narm" --index "$SPLIT" </dev/null
    [[ $stderr == *'has no wide part'* ]]
    run -64 --separate-stderr recommender --requests -m "$FILES/narm" --explore 8 </dev/null
    [[ $stderr == *'has no wide part, which knows what is new'* ]]
    run -66 --separate-stderr recommender --requests -m "$FILES/narm" absent.mp </dev/null
    # Without a model: counts in the index.
    [ "$(echo "{\"items\": [\"$A\"], \"now\": 1240000000}" | answer --index "$SPLIT" --top 5 | jq '.items | length')" = 5 ]
    # An end without a request is no error.
    run -0 recommender -q --requests -m "$FILES/narm" </dev/null
    [ -z "$output" ]
}

@test "16 clients of a socket, behind socat, each get the answers to their own requests" {
    need socat
    sessions_by_name | jq -c '. + {now: .times[-1]} | del(.user)' | head -n 32 >asked
    answer -m "$FILES/narm" --top 5 <asked | lists >expected
    socat -t 100 UNIX-LISTEN:socket,fork,backlog=64 EXEC:"recommender -q -j 1 --requests -m $FILES/narm --top 5" 3>&- &
    pid=$!
    until [ -S socket ]; do sleep 0.05; done
    clients=()
    for c in {1..16}; do
        jq -c --arg c "$c" '. + {id: "\($c)-\(input_line_number)"}' asked |
            socat -t 100 - UNIX-CONNECT:socket >"answers-$c" &
        clients+=($!)
    done
    wait "${clients[@]}"
    kill $pid
    for c in {1..16}; do
        lists <"answers-$c" >given
        cmp expected given
        jq -e --arg c "$c" '.id == "\($c)-\(input_line_number)"' "answers-$c" >/dev/null
    done
}
