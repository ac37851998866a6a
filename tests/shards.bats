# shards.mk: the sessions of a log made in pieces, by several processes and on several hosts.
bats_require_minimum_version 1.5.0
load helpers

shards() { env -u DATA make -s -f "$ROOT/pipelines/shards.mk" OUT=out JOBS=3 "$@"; }

# The records of a stream when all parts are one.
records() { tfilter --quiet --min-sessions 1 "$1" | spcat | sed 1d; }

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    synthesize --users 20 --days 6 >log.tsv
    lfm-sessionize --quiet -o whole.mp log.tsv
}

setup() {
    need parallel
    cp "$BATS_FILE_TMPDIR"/log.tsv "$BATS_FILE_TMPDIR"/whole.mp .
}

@test "pieces are whole users, and together what one process makes of the log" {
    shards DATA=log.tsv BLOCK=30k >summary 2>said
    parts=$(sed -n 's/^parts\t//p' summary)
    ((parts > 3))
    [ "$(grep -c '^lfm-sessionize: dropped' said)" = "$parts" ]
    cmp <(records whole.mp) <(records out/sessions.mp)
    # The header has the rows, and what was dropped, of all pieces.
    counted() { grep -E '^(meta|dropped|users|items|sessions|events|first|last)' | sort; }
    cmp <(counted <summary) <(spcat --summary whole.mp | counted)
    tfilter --quiet --min-sessions 1 out/sessions.mp | spcat --summary | grep -qx "meta rows	$(wc -l <log.tsv)"
}

@test "a table with a header, quoted cells and another column of users" {
    { echo 'time,"who, if known",what' && awk -F '\t' -v OFS=, '{ print $2, "\"" $1 "\"", "\"" $4 ", \"\"live\"\"\"" }' log.tsv; } >log.csv
    csv=(SESSIONIZE='csv-sessionize --quiet --time time --user who\,\ if\ known --item what --gap 1800')
    shards DATA=log.csv HEADER=1 SEPARATOR=, USER_COLUMN=2 "${csv[@]}" BLOCK=30k | grep -E '^parts.*[2-9]$'
    csv-sessionize --quiet --time time --user 'who, if known' --item what --gap 1800 -o whole.mp log.csv
    cmp <(records whole.mp) <(records out/sessions.mp)
}

@test "separators that mean something to parallel or to the shell" {
    for separator in '|' ';' '.' '^'; do
        { echo "who${separator}when${separator}what" && awk -F '\t' -v OFS="$separator" '{ print $1, $2, $4 }' log.tsv; } >log.txt
        shards DATA=log.txt HEADER=1 SEPARATOR="$separator" BLOCK=30k \
            SESSIONIZE="csv-sessionize --quiet --delimiter '$separator' --user who --item what --time when" | grep -E '^parts.*[2-9]$'
        csv-sessionize --quiet --delimiter "$separator" --user who --item what --time when -o whole.mp log.txt
        cmp <(records whole.mp) <(records out/sessions.mp)
    done
}

@test "the file has its name when all pieces are there; another log makes it again" {
    shards DATA=log.tsv BLOCK=30k JOBS=1 SESSIONIZE='test ! -e out/sessions.mp && lfm-sessionize --quiet' >summary
    cmp <(records whole.mp) <(records out/sessions.mp)
    synthesize --users 20 --days 6 --seed 2 >other.tsv
    touch -d '1 hour ago' other.tsv
    shards DATA=other.tsv SESSIONIZE='lfm-sessionize --quiet' >summary
    lfm-sessionize --quiet other.tsv >whole.mp
    cmp <(records whole.mp) <(records out/sessions.mp)
}

@test "a piece that fails says why, and leaves nothing" {
    sed -i '1000s/.*/user_000017\tbroken/' log.tsv
    run -2 shards DATA=log.tsv BLOCK=30k
    [[ $output == *'lfm-sessionize: standard input, line '*': 2 columns where 6 are expected'* && $output == *'Error 65'* ]]
    [ ! -e out/sessions.mp ]
    run -2 shards
    [[ $output == *'name the raw log'* ]]
    gzip log.tsv
    run -2 shards DATA=log.tsv.gz
    [[ $output == *'*** DATA=log.tsv.gz: only a plain file can be cut: unpack it first.'* ]]
}

@test "a log in which a user is in several places is refused, and the streams can be merged" {
    { cat log.tsv && head -n 40 log.tsv; } >twice.tsv
    run -2 shards DATA=twice.tsv BLOCK=30k
    [[ $output == *'was defined before, in an earlier stream: tfilter --merge'* ]]
    tfilter --quiet --merge --min-sessions 1 out/sessions.mp | spcat --summary | grep -qx 'users	20'
}

# Two hosts in network namespaces, each with an sshd, which need root and are taken down at the end.
hosts() {
    local host number=0
    ssh-keygen -q -t ed25519 -N '' -f key && ssh-keygen -q -t ed25519 -N '' -f host && mkdir -p /run/sshd
    for host in alpha beta; do
        ip netns add "shards-$host"
        ip link add "shards-$host" type veth peer name eth0 netns "shards-$host"
        ip addr add "10.213.$((++number)).1/24" dev "shards-$host"
        ip link set "shards-$host" up
        ip -n "shards-$host" addr add "10.213.$number.2/24" dev eth0
        ip -n "shards-$host" link set eth0 up
        ip netns exec "shards-$host" "$(command -v sshd)" -f /dev/null -h "$PWD/host" -o AuthorizedKeysFile="$PWD/key.pub" \
            -o StrictModes=no -o UsePAM=no -o MaxStartups=100 -o PidFile="$PWD/$host.pid" -E "$host.log"
        printf 'Host %s\n HostName 10.213.%d.2\n User root\n IdentityFile %s\n' "$host" "$number" "$PWD/key"
        printf ' StrictHostKeyChecking no\n UserKnownHostsFile /dev/null\n LogLevel ERROR\n'
    done >config
}

teardown() {
    for host in alpha beta; do
        [ ! -e "$host.pid" ] || kill "$(cat "$host.pid")"
        ! ip netns list 2>/dev/null | grep -q "^shards-$host" || ip netns delete "shards-$host"
    done
}

@test "two hosts make the same stream, and one that cannot be reached is an error" {
    PATH=$PATH:/usr/sbin
    need sshd && need ssh && need ip
    ip netns add shards-alpha 2>/dev/null && ip netns delete shards-alpha || skip 'no network namespaces here'
    hosts
    shards DATA=log.tsv BLOCK=30k >/dev/null 2>&1
    mv out/sessions.mp here.mp
    export PARALLEL_SSH="ssh -F $PWD/config"
    shards DATA=log.tsv BLOCK=30k SSHLOGIN=2/alpha,2/beta >/dev/null
    cmp here.mp out/sessions.mp
    grep -q Accepted alpha.log && grep -q Accepted beta.log
    rm out/sessions.mp
    printf 'Host nowhere\n HostName 10.213.1.9\n ConnectTimeout 1\n' >>config
    run -2 shards DATA=log.tsv BLOCK=30k SSHLOGIN=2/alpha,2/nowhere
    [ ! -e out/sessions.mp ]
}
