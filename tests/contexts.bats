# Contexts of events: from a log's columns through the streams to a model, its file, and the programs
# that run it.

bats_require_minimum_version 1.5.0
load helpers

# A log in which the next item follows from the item and the action: after "buy" the next one, after
# "view" the one seven further, with a pause of a minute behind "buy".
make_log() {
    awk 'BEGIN {
        print "user,item,time,action,device"
        r = 11
        for (u = 0; u < 40; u++)
            for (s = 0; s < 6; s++) {
                item = (u * 5 + s * 3) % 23; time = 1400000000 + s * 90000 + u * 500
                for (i = 0; i < 8; i++) {
                    r = (r * 1103 + 12345) % 65536
                    buys = r > 32768
                    print "u" u ",i" item "," time "," (buys ? "buy" : "view") ",d" r % 3
                    item = (item + (buys ? 1 : 7)) % 23
                    time += buys ? 60 : 5
                }
            } }'
}

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    make_log >log
    sessionize log | tfilter --quiet --split user:0.8 --validation 0.2 --dwell-bins 15,40 -o split.mp
    batcher --quiet --scheme sessions --batch 6 --epochs 2 -o batches.mp split.mp
    train --context action,device --save-by last --save codes batches.mp >/dev/null
    train --context action:3,dwell,hour:2 --save-by last --save all batches.mp >/dev/null
}

setup() { LOG=$BATS_FILE_TMPDIR; }

sessionize() { csv-sessionize --quiet --user user --item item --time time --carry action --carry device "$@"; }
train() { trainer --quiet --device cpu --threads 1 --model rib --embedding 8 --lr 0.05 "$@"; }
predict() { predictor --quiet --device cpu --threads 1 --top 3 "$@"; }
# Ranks and lists of a stream.
records() { spcat "$@" | grep -E '^\["(rank|top)"'; }
# A stream through an edit of its records as JSON.
edited() { spcat "$1" | jq -c "$2" | sed 's/^\["E".*/["E"]/' | spcat --from-json; }

@test "what follows an action is learned with the action, and not without it" {
    recall() { # OPTION ...
        batcher --quiet --scheme sessions --batch 6 --epochs 15 "$LOG/split.mp" |
            train --embedding 16 --lr 0.03 --dropout 0 "$@" |
            scorer --best --best-by recall@1 --by none --at 1 --format tsv | awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i } NR == 2 { print $c["recall@1"] }'
    }
    plain=$(recall) action=$(recall --context action) dwell=$(recall --context dwell)
    own=$(recall --context dwell --dwell-of own)
    echo "$plain $action $dwell $own"
    # a coin decides without; dwell times before an event tell the action before, those on it this one
    awk "BEGIN { exit !($plain < 0.65 && $dwell < 0.65 && $action > 0.9 && $own > 0.9) }"
}

@test "the file names the codes, and has a table of each context" {
    spcat "$LOG/split.mp" | head -n 1 | jq -e '.[2].codes == {action: ["buy", "view"], device: ["d0", "d1", "d2"]}
        and .[2].dwell_edges == [15, 40]'
    tensors() { head -c 100000 "$1" | tail -c +9 | head -c "$(od -An -t u8 -N 8 "$1" | tr -d ' ')" | jq -c "$2"; }
    tensors "$LOG/all" 'with_entries(select(.key | startswith("context")) | .value |= .shape)' >got
    cat got
    [ "$(cat got)" = '{"context.action.offsets":[3],"context.action.weight":[2,3],"context.dwell.weight":[4,16],"context.hour.weight":[24,2],"context.action.bytes":[7]}' ]
    [ "$(tensors "$LOG/all" '.__metadata__.dwell_edges')" = '"[15,40]"' ]
    [ "$(train --max-steps 0 --context action "$LOG/batches.mp" | spcat | head -n 1 | jq -r '.[2].label')" = 'rib context action' ]
}

@test "codes are matched by name: whatever their order, with or without others" {
    predict --model "$LOG/codes" "$LOG/batches.mp" -o expected.mp
    records expected.mp >expected
    grep -q rank expected
    # device backwards, with one more value in front
    edited "$LOG/batches.mp" 'if (.[0] | startswith("SESS")) then .[2].codes.device = ["x", "d2", "d1", "d0"]
        elif .[0] == "session" then .[5].device |= map(3 - .) else . end' >other.mp
    predict --model "$LOG/codes" other.mp | records >got
    cmp expected got
    # a value that the model does not know has an effect, and is no error
    edited "$LOG/batches.mp" 'if (.[0] | startswith("SESS")) then .[2].codes.action = ["buy", "wish"] else . end' >unknown.mp
    predict --model "$LOG/codes" unknown.mp | records >got
    ! cmp -s expected got
    # training goes on from the file, by names too
    train --context action,device --init "$LOG/codes" --max-steps 0 --save same "$LOG/batches.mp" >/dev/null
    train --context action,device --init "$LOG/codes" --max-steps 0 --save turned other.mp >/dev/null
    predict --model same "$LOG/batches.mp" | records | cmp - expected
    predict --model turned "$LOG/batches.mp" | records | cmp - expected
}

# Each session begins three hours earlier, with an item that the model does not know.
@test "an unknown first item of a session leaves the others their own times" {
    edited "$LOG/split.mp" 'if .[0] == "item" then .[1] += 1
        elif .[0] == "session" then .[3] |= [.[0] - 10800] + . | .[4] |= [0] + map(. + 1) | .[5] |= map_values(if type == "array" then .[:1] + . else . end)
        else . end, (if (.[0] | startswith("SESS")) then ["item", 0, "never seen"] else empty end)' >earlier.mp
    for stream in "$LOG/split.mp" earlier.mp; do
        recommender --quiet --threads 1 --model "$LOG/all" --json --top 5 "$stream" >"$(basename "$stream" .mp).answers"
        batcher --quiet --scheme sessions --batch 6 --epochs 1 "$stream" | predict --model "$LOG/all" |
            spcat | jq -c 'select(.[0] == "rank")[1].rank' >"$(basename "$stream" .mp).ranks"
    done
    [ "$(wc -l <split.answers)" = 40 ]
    cmp split.answers earlier.answers
    # the first target of each session follows the unknown item alone
    sed 's/2147483647,//g; s/,2147483647//g' earlier.ranks >known.ranks
    [ -s known.ranks ]
    cmp split.ranks known.ranks
}

@test "dwell bins and hours are those of the training, whatever the stream's bins" {
    predict --model "$LOG/all" "$LOG/batches.mp" | records >expected
    sessionize "$LOG/log" | tfilter --quiet --split user:0.8 --validation 0.2 |
        batcher --quiet --scheme sessions --batch 6 --epochs 2 | predict --model "$LOG/all" | records >got
    cmp expected got
    tfilter --quiet --dwell-bins 2 "$LOG/split.mp" | batcher --quiet --scheme sessions --batch 6 --epochs 2 |
        predict --model "$LOG/all" | records | cmp - expected
    run -65 --separate-stderr predict --model "$LOG/all" <(edited "$LOG/batches.mp" 'if (.[0] | startswith("SESS")) then .[2].week_shift = 3600 else . end')
    [[ $stderr == *'reads the hour of events, which in its training was shifted by 0 s'* ]]
}

@test "no model sees what comes later, and a session begins like a longer one" {
    predict --model "$LOG/all" "$LOG/batches.mp" | spcat | jq -c 'select(.[0] == "rank")[1] | [.user, .session, .position, .rank] | transpose[] | select(.[2] < 4)' | sort >expected
    # the last three events of each session with other actions and times
    edited "$LOG/batches.mp" 'if .[0] == "session" then .[5].action[5:] |= map(1 - .) | .[3][5:] |= map(. + 700) else . end' >later.mp
    predict --model "$LOG/all" later.mp | spcat | jq -c 'select(.[0] == "rank")[1] | [.user, .session, .position, .rank] | transpose[] | select(.[2] < 4)' | sort | cmp - expected
    ! cmp -s <(predict --model "$LOG/all" later.mp | records) <(predict --model "$LOG/all" "$LOG/batches.mp" | records)
}

@test "the time on an event in place of that before it" {
    train --context dwell:5 --dwell-of own --save-by last --save own "$LOG/batches.mp" -o trained.mp
    tests() { spcat "$1" | jq -c 'select(.[0] == "rank")' | tail -n "$2"; }
    predict --model own "$LOG/batches.mp" -o predicted.mp
    cmp <(tests trained.mp 5) <(tests predicted.mp 5)
    # the time on the event before the newest is known to recommender, and changes its lists
    edited "$LOG/split.mp" 'if .[0] == "session" then .[3][7] += 700 else . end' >later.mp
    recommender --quiet --device cpu --model own --top 2 "$LOG/split.mp" >one
    recommender --quiet --device cpu --model own --top 2 later.mp >two
    ! cmp -s one two
    run -64 --separate-stderr train --context action --dwell-of own "$LOG/batches.mp"
    [ "$stderr" = 'trainer: --dwell-of own is for --context dwell' ]
}

@test "recommender reads contexts too: its list is that of the predictor at the same position" {
    # each session of the test without its last event
    predict --model "$LOG/all" "$LOG/batches.mp" | spcat |
        jq -r 'select(.[0] == "top")[1] | . as $t | range(.user | length) | [$t.user[.], $t.session[.], $t.position[.], $t.item[3 * .]] | @tsv' |
        sort -n -k1,1 -k2,2 -k3,3 | awk '{ best[$1] = $4 } END { for (u in best) print u "\t" best[u] }' | sort -n >expected
    spcat "$LOG/split.mp" >all
    awk '/^\["session"/ { split($0, f, ","); last[f[2]] = NR } { line[NR] = $0 }
        END { for (i = 1; i <= NR; i++) { split(line[i], f, ",")
            if (line[i] ~ /^\["session"/ && last[f[2]] == i) gsub(/,[0-9]+\]/, "]", line[i])
            print line[i] } }' all | sed 's/^\["E".*/["E"]/' | spcat --from-json >shorter.mp
    recommender --quiet --device cpu --model "$LOG/all" --top 1 shorter.mp >lists
    jq -r 'select(.[0] == "user") | [.[2], .[1]] | @tsv' all | sort >users
    jq -r 'select(.[0] == "item") | [.[2], .[1]] | @tsv' all | sort >items
    awk -F '\t' 'FILENAME == "users" { user[$1] = $2; next } FILENAME == "items" { item[$1] = $2; next }
        { print user[$1] "\t" item[$3] }' users items lists | sort -n >got
    [ "$(wc -l <got)" = 40 ]
    cmp expected got
    # other actions, other lists; without the column, an error
    edited shorter.mp 'if .[0] == "session" then .[5].action |= map(1 - .) else . end' |
        recommender --quiet --device cpu --model "$LOG/all" --top 1 >other
    ! cmp -s lists other
    run -65 --separate-stderr recommender --device cpu --quiet --model "$LOG/all" <(edited shorter.mp 'if .[0] == "session" then .[5] |= del(.action) else . end')
    [[ $stderr == *'a session has no int32 array "action"'* ]]
    run -64 --separate-stderr recommender --device cpu --quiet --model "$LOG/all" <(edited shorter.mp 'if (.[0] | startswith("SESS")) then .[2] |= del(.codes) else . end')
    [[ $stderr == *"the stream's header has no \"codes\" of action: csv-sessionize --carry action=COLUMN"* ]]
}

@test "a context that is missing, of another kind, or asked for wrongly" {
    run -64 --separate-stderr train --context country "$LOG/batches.mp"
    [[ $stderr == "trainer: --context country: the stream's header has no \"codes\" of country: csv-sessionize --carry country=COLUMN"* ]]
    run -64 --separate-stderr train --context dwell <(edited "$LOG/batches.mp" 'if (.[0] | startswith("SESS")) then .[2] |= del(.dwell_edges) else . end')
    [[ $stderr == 'trainer: --context dwell: the stream'*'no "dwell_edges": tfilter --dwell-bins writes them' ]]
    run -65 --separate-stderr train --context action <(edited "$LOG/batches.mp" 'if .[0] == "session" then .[5].action |= map(. + 0.5) else . end')
    [[ $stderr == *'a session has no int32 array "action"'* ]]
    run -65 --separate-stderr train --context action <(edited "$LOG/batches.mp" 'if .[0] == "session" then .[5].action |= map(. + 5) else . end')
    [[ $stderr == *'"action" has code '[56]', and the header names 2'* ]]
    run -65 --separate-stderr train --context action <(edited "$LOG/batches.mp" 'if (.[0] | startswith("SESS")) then .[2].codes.action = "x" else . end')
    [[ $stderr == *'"codes": action: expected a list of different strings'* ]]
    for wrong in '' , action, action,action action: action:0 action:x :3 a,b,c,d,e,f,g,h,i; do
        run -64 --separate-stderr train --context "$wrong" "$LOG/batches.mp"
        [[ $stderr == "trainer: --context $wrong: give different keys"* ]]
    done
    run -64 --separate-stderr trainer --model narm --context action "$LOG/batches.mp"
    [[ $stderr == *'--context goes with --model rib, context-rnn, asars, youtube-dnn, session-embedding, not with narm'* ]]
    run -65 --separate-stderr train --context action --init "$LOG/codes" "$LOG/batches.mp"
    [[ $stderr == *'context.device.weight'* ]]
}

@test "parts whose codes mean other things are not read as one" {
    sessionize "$LOG/log" -o one.mp
    sed 's/,buy,/,zap,/' "$LOG/log" | sed 's/^u\([0-9]\)/v\1/' | sessionize -o two.mp
    run -65 --separate-stderr spcat --check <(cat one.mp two.mp)
    [[ $stderr == *'"codes" differs from the first part'* ]]
}
