# A stage of jq in a pipe: `spcat --from-json` makes a stream of the lines that a filter leaves.
bats_require_minimum_version 1.5.0
load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    synthesize --users 12 --days 20 | lfm-sessionize -o sessions.mp
}

setup() {
    command -v jq >/dev/null || skip "no jq here"
    SESSIONS=$BATS_FILE_TMPDIR/sessions.mp
}

# The sessions by names, whatever the ids are.
named() {
    spcat "$1" | jq -nc 'reduce inputs as $r ({user: [], item: [], out: []};
        if $r[0] == "SESSPIPE\r\n" then .user = [] | .item = []
        elif $r[0] == "user" or $r[0] == "item" then .[$r[0]] += [$r[2]]
        elif $r[0] == "session" then .item as $item | .out += [[.user[$r[1]], $r[2], $r[3], [$r[4][] | $item[.]]]]
        else . end) | .out[]'
}

# The first of a few lines.
header='["SESSPIPE\r\n",2,{"kind":"sessions","minor":0,"pipeline":[],"delta_edges":[3600],"week_shift":0}]'

@test "sessions left out in a pipe, up to the scores" {
    lfm() { synthesize --users 12 --days 20 | lfm-sessionize; }
    lfm | spcat | jq -c 'select(.[0] != "session" or (.[4] | length) >= 8)' | spcat --from-json |
        tfilter --split user:0.5 2>report | tee split.mp | baseline --model markov | scorer --by none >scores
    grep -q '^markov' scores
    tfilter --min-events 8 "$SESSIONS" | tfilter --split user:0.5 2>report >other.mp
    named split.mp >got
    named other.mp | cmp - got
    [ "$(wc -l <got)" -gt 20 ]
}

@test "definitions that no session uses are left out, and ids count from 0" {
    spcat "$SESSIONS" | jq -c 'select(.[0] != "session" or .[1] % 3 == 1)' | spcat --from-json >few.mp
    spcat --check few.mp
    [ "$(spcat few.mp | jq -c 'select(.[0] == "user")[1]' | tr '\n' ' ')" = "0 1 2 3 " ]
    spcat few.mp | jq -s 'map(select(.[0] == "item")) | [length, (map(.[1]) == [range(length)])]' >items
    spcat "$SESSIONS" | grep -c '^."item"' >all
    jq -e --slurpfile all all '.[1] and .[0] < $all[0]' items
    named few.mp >got
    [ "$(jq -r '.[0]' got | sort -u | wc -l)" = 4 ]
    grep -Fxf got <(named "$SESSIONS") | cmp - got
}

@test "a user, or an item with its events, left out of all lines" {
    spcat "$SESSIONS" | jq -c 'select((.[0] == "user" or .[0] == "session") and .[1] == 3 | not)' |
        spcat --from-json >without.mp
    spcat --check without.mp
    named without.mp >got
    name=$(spcat "$SESSIONS" | jq -r 'select(.[0] == "user" and .[1] == 3)[2]')
    named "$SESSIONS" | jq -c --arg name "$name" 'select(.[0] != $name)' | cmp - got
    # the first item: all others get new ids
    spcat "$SESSIONS" | jq -c 'select(.[0] == "item" and .[1] == 0 | not) | if .[0] == "session" then
        [.[3], .[4]] as $s | [$s[1] | to_entries[] | select(.value != 0).key] as $keep |
        .[3] = [$s[0][$keep[]]] | .[4] = [$s[1][$keep[]]] | select(.[3] != []) else . end' |
        spcat --from-json >without.mp
    spcat --check without.mp
    named without.mp >got
    name=$(spcat "$SESSIONS" | jq -r 'select(.[0] == "item" and .[1] == 0)[2]')
    run -1 grep -F "\"$name\"" got
    [ -s got ]
}

@test "where nothing is left out the bytes are those from before, blocks and parts too" {
    spcat "$SESSIONS" | jq -c . | spcat --from-json | cmp - "$SESSIONS"
    synthesize --users 3 --days 9 --seed 2 | sed 's/^/other-/' | lfm-sessionize --flush >flushed.mp
    cat "$SESSIONS" flushed.mp >both.mp
    [ "$(spcat both.mp | grep -c '^."B"')" -gt 1 ]
    spcat both.mp | spcat --from-json | cmp - both.mp
    # each part has ids of its own
    spcat both.mp | jq -c 'select(.[0] != "session" or .[1] == 1)' | spcat --from-json >few.mp
    spcat --check few.mp
    [ "$(spcat few.mp | grep -c '^."user",0,')" = 2 ]
    [ "$(named few.mp | jq -r '.[0]' | sort -u | wc -l)" = 2 ]
}

@test "events cut, items joined, names changed: the next program takes it" {
    # the first three events of each session, of a third of the items, all under other names
    spcat "$SESSIONS" | jq -c 'if .[0] == "session" then .[3] |= .[:3] | .[4] |= (.[:3] | map(. - . % 3))
        elif .[0] == "item" then .[2] += " and others" else . end' | spcat --from-json | tfilter -o cut.mp
    named "$SESSIONS" | jq -c '.[2] |= .[:3]' >expected
    named cut.mp >got
    cmp <(jq -c '.[:3]' expected) <(jq -c '.[:3]' got)
    [ "$(spcat cut.mp | grep '^."item"' | grep -vc ' and others"')" = 0 ]
    [ "$(spcat cut.mp | grep -c '^."item"')" -lt "$(spcat "$SESSIONS" | grep -c '^."item"')" ]
}

@test "records left out of predictions, up to the scores; of batches none may be" {
    tfilter -q --split user:0.5 -o split.mp "$SESSIONS"
    baseline --model pop --top 5 split.mp -o p.mp
    spcat p.mp | jq -c 'select(.[0] != "top")' | spcat --from-json | scorer --by none >scores
    baseline --model pop split.mp | scorer --by none | cmp - scores
    batcher -q --epochs 1 -o b.mp split.mp
    run -65 bash -c 'spcat b.mp | jq -c "select(.[0] != \"session\" or .[1] != 0)" | spcat --from-json -o out.mp'
    [[ $output == *"the end counts "*'write ["E"] alone'* && ! -e out.mp ]]
    spcat b.mp | jq -c . | spcat --from-json | cmp - b.mp
}

@test "a session of a user or item that no line defines: 65, with the line" {
    spcat "$SESSIONS" | jq -c 'select(.[0] == "user" and .[1] == 3 | not)' >lines
    line=$(grep -n '^."session",3,' lines | head -n 1 | cut -d: -f1)
    run -65 --separate-stderr spcat --from-json -o out.mp lines
    [[ $stderr == "spcat: lines, line $line: "*"a session of user 3, which no line before it defines"* && ! -e out.mp ]]
    spcat "$SESSIONS" | jq -c 'select(.[0] == "item" and .[1] == 7 | not)' >lines
    line=$(jq -c 'select(.[0] != "session" or (.[4] | index(7)))' lines -r | grep -m 1 '^."session"' | grep -nFxf - lines | cut -d: -f1)
    run -65 --separate-stderr spcat --from-json lines
    [[ $stderr == "spcat: lines, line $line: "*"a session of item 7, which no line before it defines"* ]]
    # also behind the last id
    printf '%s\n' "$header" '["user",0,"u"]' '["item",0,"i"]' '["session",0,0,[1],[1]]' '["E"]' >lines
    run -65 --separate-stderr spcat --from-json lines
    [[ $stderr == "spcat: lines, line 4: "*"item 1"* ]]
}

@test "ids that do not ascend: 65, with the line" {
    printf '%s\n' "$header" '["user",2,"u"]' '["user",2,"v"]' '["E"]' >lines
    run -65 --separate-stderr spcat --from-json lines
    [[ $stderr == "spcat: lines, line 3: "*"user 2 comes after user 2: ids have to ascend"* ]]
}

@test "extras stay, what has another form passes for --check to find" {
    printf '%s\n' "$header" '["user",4,"u",{"country":"Norway"}]' '["user",6,"v"]' '["item",1,"i"]' '["item",5,"j"]' \
        '["note",4,["any"]]' '["session",6,0,[1,2],[5,5],{"dwell":[0.5,2.0],"week":3}]' '["E",1,9,999]' |
        spcat --from-json | spcat | sed 1d >out
    diff out - <<'END'
["user",0,"v"]
["item",0,"j"]
["note",4,["any"]]
["session",0,0,[1,2],[0,0],{"dwell":[0.5,2.0],"week":3}]
["E",1,4,92]
END
    printf '%s\n' "$header" '["user","x"]' '["session",0]' '["E"]' | spcat --from-json >odd.mp
    spcat odd.mp | grep -Fx '["session",0]'
    run -65 spcat --check odd.mp
}

@test "lines cut off and more lines than the end counts are refused" {
    spcat "$SESSIONS" | head -n 20 >lines
    run -65 spcat --from-json lines
    [[ $output == *"input ended early after 19 records"* ]]
    spcat "$SESSIONS" | awk '{ print } /^."session"/ && !done { print; done = 1 }' >lines
    run -65 spcat --from-json -o out.mp lines
    [[ $output == *'the end counts '*'write ["E"] alone where lines were added'* && ! -e out.mp ]]
}
