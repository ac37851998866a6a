# nightly.mk: a log of many days, then a day at a time; what fails or is worse changes nothing.
bats_require_minimum_version 1.5.0
load helpers

night() {
    env -u DATA make -f "$ROOT/pipelines/nightly.mk" STATE=nights FIRST_EPOCHS=1 EPOCHS=1 THREADS=1 TOP=5 \
        DATA="$@" >said 2>err
}

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    synthesize --users 12 --days 12 >log
    awk -F '\t' '$2 < "2009-01-11"' log >first.tsv
    awk -F '\t' '$2 ~ /^2009-01-11/' log >eleven.tsv
    # a user and an item that nobody has seen
    awk -F '\t' -v OFS='\t' '$2 ~ /^2009-01-12/ { print; $1 = "new \"user\""; if (NR % 2) $4 = $3 = "new \"item\""; print }' log |
        sort -t "$(printf '\t')" -k1,1 -k2,2r >twelve.tsv
    [ -s eleven.tsv ] && [ -s twelve.tsv ]
    night first.tsv
    cp -r nights first-night
}

setup() {
    cp "$BATS_FILE_TMPDIR"/*.tsv .
    cp -r "$BATS_FILE_TMPDIR/first-night" nights
}

sessions() { spcat --summary "$1" | sed -n 's/^sessions\t//p'; }

@test "the first night makes a model and recommendations for all users" {
    run -1 grep readlink "$BATS_FILE_TMPDIR/err" # of the night before, which there is none of
    [ "$(readlink nights/current)" = first.tsv ]
    [ "$(ls nights/current | tr '\n' ' ')" = 'comparison.txt model.safetensors recommendations.tsv sessions.mp taken ' ]
    [ "$(cut -f1 nights/current/recommendations.tsv | uniq -c | awk '$1 == 5' | wc -l)" = 12 ]
    grep -q '^before ' nights/current/comparison.txt
    grep -q '^new ' nights/current/comparison.txt
}

@test "a second and a third night: sessions are joined, new users and items are answered, old nights go" {
    before=$(sessions nights/current/sessions.mp)
    night eleven.tsv BOUND=1
    [ "$(readlink nights/current)" = eleven.tsv ]
    lfm-sessionize -q eleven.tsv -o day.mp
    [ "$(sessions nights/current/sessions.mp)" = $((before + $(sessions day.mp))) ]
    run ! cmp nights/first.tsv/model.safetensors nights/current/model.safetensors
    night twelve.tsv BOUND=1
    [ "$(ls nights | tr '\n' ' ')" = 'current eleven.tsv twelve.tsv ' ]
    [ "$(cut -f1 nights/current/recommendations.tsv | sort -u | wc -l)" = 13 ]
    grep -q '^new "user"' nights/current/recommendations.tsv
    cut -f3 nights/current/recommendations.tsv | grep -qF 'new "item"'
    # Both were tested on the new day alone.
    lfm-sessionize -q twelve.tsv | spcat | jq -s '[.[] | select(.[0] == "session") | (.[4] | length) - 1] | add' >targets
    grep -qE "^new +1 +1 +$(cat targets) " nights/current/comparison.txt
}

@test "a model that is worse does not take the place of the one before" {
    run night eleven.tsv BOUND=-1
    [ "$status" = 2 ]
    [ "$(readlink nights/current)" = eleven.tsv ]
    cmp nights/first.tsv/model.safetensors nights/current/model.safetensors
    grep -qE '^the model of the night before stays: recall@20 0\.[0-9]+, that of the new one 0\.[0-9]+$' err
    cmp <(grep '^the model' err) nights/current/rejected
    # The next night goes on from it.
    night twelve.tsv BOUND=1
    [ "$(readlink nights/current)" = twelve.tsv ]
    [ ! -e nights/current/rejected ]
}

@test "the bound is kept where the locale has a decimal comma" {
    need localedef
    mkdir locales
    localedef -i de_DE -f UTF-8 "$PWD/locales/de_DE.UTF-8" || skip "no German locale to be made here"
    export LOCPATH=$PWD/locales LC_ALL=de_DE.UTF-8
    [ "$(locale decimal_point)" = , ]
    run night eleven.tsv BOUND=-0.9
    [ "$status" = 2 ]
    grep -qE '^the model of the night before stays: recall@20 0\.[0-9]+, that of the new one 0\.[0-9]+$' nights/current/rejected
}

@test "a night that fails changes nothing, and is tried again" {
    mv eleven.tsv whole
    head -n 3 whole | sed 's/\t.*//' >eleven.tsv
    run night eleven.tsv
    [ "$status" = 2 ]
    grep -q 'eleven.tsv' err
    [ "$(readlink nights/current)" = first.tsv ]
    mv whole eleven.tsv
    night eleven.tsv BOUND=1
    [ "$(readlink nights/current)" = eleven.tsv ]
}

@test "no log is taken twice, and none without a name" {
    run night first.tsv
    [ "$status" = 2 ]
    grep -q 'first.tsv has been taken' err
    run env -u DATA make -f "$ROOT/pipelines/nightly.mk"
    [ "$status" = 2 ]
    [[ $output == *"name the log of the new day"* ]]
}

@test "a network goes on with new users and items" {
    rm -r nights
    set -- MODEL='--model ii-rnn --embedding 8 --quiet'
    night first.tsv "$@"
    night twelve.tsv BOUND=1 "$@"
    [ "$(readlink nights/current)" = twelve.tsv ]
    grep -q '^new "user"' nights/current/recommendations.tsv
}

@test "recommendations as a table of SQLite and of PostgreSQL, as recommender(1) shows" {
    night twelve.tsv BOUND=1
    cp nights/current/recommendations.tsv recommended.tsv
    need sqlite3
    # the command as the manual shows it
    MANPAGER=cat mandoc -T ascii "$ROOT/man/recommender.1" | sed $'s/.\b//g' | sed -n '/sqlite3 shop.db/,/\.import/p' >load.sh
    bash -e load.sh
    [ "$(sqlite3 shop.db 'select count(*) from recommended')" = "$(wc -l <recommended.tsv)" ]
    sqlite3 -separator "$(printf '\t')" shop.db 'select user, rank, item from recommended order by rowid' >back
    cmp back <(cut -f1-3 recommended.tsv)
}

@test "recommender: a model that knows none of the items" {
    printf '%s\n' who,what,when a,x,1 a,y,2 b,x,5 b,y,6 >other.csv
    csv-sessionize -q --user who --item what --time when other.csv -o other.mp
    cp nights/current/model.safetensors .
    synthesize --users 12 --days 5 | lfm-sessionize -q | tfilter -q --split user:0.8 | batcher -q --epochs 1 |
        trainer -q --embedding 4 --save net.safetensors >/dev/null
    run -65 --separate-stderr recommender --model net.safetensors -o out other.mp
    [[ $stderr == *"net.safetensors knows none of the 2 items: is it the model of another log?" ]]
    [ ! -e out ]
}
