# lfm-sessionize: sessions of logs of Last.fm.
bats_require_minimum_version 1.5.0
load helpers
load sessions

# Rows "user seconds item" of January 2009, by tabs, as Last.fm's; items whose number is even have
# an id.
as_lastfm() {
    awk -F'\t' -v OFS='\t' '{
        s = $2 - 1230768000
        time = sprintf("2009-01-%02dT%02d:%02d:%02dZ", int(s / 86400) + 1, int(s / 3600) % 24,
                       int(s / 60) % 60, s % 60)
        split($3, name, " ")
        even = name[2] % 2 == 0
        print $1, time, even ? $3 : "", even ? "title of " $3 : $3, "", "a track"
    }'
}

# Rows of Last.fm to "user seconds item".
of_lastfm() {
    paste <(cut -f1 "$1") <(cut -f2 "$1" | date -u -f - +%s) \
        <(awk -F'\t' '{ print $3 == "" ? $4 : $3 }' "$1")
}

row() { # user time [artist id [artist name [track id [track name]]]]
    printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "${3-id}" "${4-Name}" "${5-tid}" "${6-Track}"
}

# Two sessions of one user; $good is the stream made of them.
good_log() {
    row u 2009-01-01T12:01:00Z b
    row u 2009-01-01T12:00:00Z a
    row u 2009-01-01T10:02:00Z c
    row u 2009-01-01T10:01:00Z b
    row u 2009-01-01T10:00:00Z a
}

# refused STATUS TEXT: the last run failed so, with one message.
refused() {
    [ "$status" = "$1" ] && [[ $(cat err) == "lfm-sessionize: "*"$2"* ]] && [ "$(wc -l <err)" = 1 ] ||
        { echo "status $status, $(cat err)"; return 1; }
}

lfm() { # runs on the log given; stdout in out.mp
    status=0
    lfm-sessionize "$@" >out.mp 2>err || status=$?
}

@test "random logs give the sessions of the reference, whatever the rules" {
    need_dump
    for seed in 1 2 3 4; do
        random_log $seed >rows
        as_lastfm <rows >log
        check() { # options of the program; the variables are the reference's
            reference <rows >expected
            [ -s expected ]
            lfm-sessionize "$@" log >out.mp
            spcat --check out.mp
            dump out.mp >got
            diff expected got >/dev/null || { echo "seed $seed: $*"; diff expected got | head; false; }
        }
        check
        gap=300 check --gap 300
        min=1 check --min-events 1
        min=5 max=10 check --min-events 5 --max-events 10
        max=0 cut=0 check --max-events 0 --cut 0
        max=0 check --max-events=0
        cut=3 check --cut 3
        keep=1 check --keep-repeats
    done
}

@test "the real logs give the sessions of the reference" {
    need_dump
    for name in lastfm1k-raw-sample lastfm-part; do
        need_data $name.tsv.xz
        xz -dc "$DATA/$name.tsv.xz" >log
        of_lastfm log | reference >expected
        lfm-sessionize log >out.mp
        dump out.mp >got
        cmp expected got
    done
}

@test "a log without equal times gives the same sessions in any order of a user's rows" {
    random_log 5 | awk -F'\t' '!seen[$1, $2]++' | as_lastfm >log
    lfm-sessionize log >expected.mp
    for seed in 1 2 3; do
        awk -v seed=$seed 'BEGIN { srand(seed) } { print rand() "\t" $0 }' log |
            LC_ALL=C sort -t "$(printf '\t')" -k2,2 -k1,1n | cut -f2- >shuffled
        awk -F'\t' '!($1 in seen) { seen[$1] = ++n } { print seen[$1] "\t" $0 }' log | cut -f1,2 |
            uniq >order
        awk -F'\t' 'NR == FNR { n[$2] = $1; next } { print n[$1] "\t" $0 }' order shuffled |
            sort -s -n -k1,1 | cut -f2- >again
        differ log again
        same_bytes expected.mp lfm-sessionize again
    done
}

@test "equal times: newest first unless the log is oldest first, or as --order says" {
    need_dump
    { row u 2009-01-01T00:00:09Z a; row u 2009-01-01T00:00:05Z b; row u 2009-01-01T00:00:05Z c; } >log
    tac log >oldest
    items() { lfm-sessionize "$@" >out.mp && dump out.mp | sed 's/[^ ]*://g' | tr '\n' ,; }
    [ "$(items log)" = 'c b a,' ]
    [ "$(items oldest)" = 'c b a,' ]
    [ "$(items --order oldest-first log)" = 'b c a,' ]
    [ "$(items --order newest-first oldest)" = 'b c a,' ]
}

@test "every option of the rules changes the output and stands in the header" {
    need_dump
    random_log 6 | as_lastfm >log
    lfm-sessionize log >plain.mp
    dump plain.mp >plain
    changes() { # key value options
        local key=$1 value=$2
        shift 2
        lfm-sessionize "$@" log >out.mp
        dump out.mp >out
        differ plain out || { echo "$*: no change"; false; }
        header out.mp | grep -q "'$key': $value[,}].*'$key': $value[,}]\|'${key//_/-}': $value[,}].*'$key': $value[,}]" ||
            { echo "$*"; header out.mp; false; }
    }
    changes gap 200 --gap 200
    changes min_events 4 --min-events 4
    changes max_events 12 --max-events 12
    changes cut 7 --cut 7
    changes keep_repeats True --keep-repeats
    changes item "'track'" --item track
    lfm-sessionize --order oldest-first log >out.mp
    dump out.mp >out
    differ plain out
    header plain.mp | grep -q "'gap': 1800, 'min_events': 2, 'max_events': 39, 'cut': 20, 'keep_repeats': False, 'bad_rows': 0, 'week_shift': 0"
    same_bytes plain.mp lfm-sessionize --grouped --gap 1800 --min-events 2 --max-events 39 --cut 20 \
        --item artist --order auto log
}

@test "only users and items that a session uses are defined, in order of first use" {
    need_dump
    {
        row alone 2009-01-01T00:00:00Z x
        row u 2009-01-02T00:00:00Z lonely
        row u 2009-01-01T00:01:00Z b
        row u 2009-01-01T00:00:00Z a
    } >log
    lfm-sessionize log >out.mp
    definitions out.mp >got
    diff - got <<'END'
user 0 u
item 0 a {'title': 'Name'}
item 1 b {'title': 'Name'}
END
}

@test "an artist without id is named by the name, a track by artist and track" {
    need_dump
    {
        row u 2009-01-01T00:03:00Z id1 Same t1 Song
        row u 2009-01-01T00:02:00Z id2 Same '' Song
        row u 2009-01-01T00:01:00Z '' Same '' 'Other "song"'
    } >log
    lfm-sessionize log >out.mp
    definitions out.mp | grep item >got
    diff - got <<'END'
item 0 Same
item 1 id2 {'title': 'Same'}
item 2 id1 {'title': 'Same'}
END
    lfm-sessionize --item track log >out.mp
    definitions out.mp | grep item >got
    diff - got <<'END'
item 0 Same – Other "song"
item 1 Same – Song
item 2 t1 {'title': 'Same – Song'}
END
}

@test "a title is better than none, whichever comes first" {
    need_dump
    row u 2009-01-01T00:04:00Z id1 '' >log
    row u 2009-01-01T00:03:00Z id1 Zebra >>log
    row u 2009-01-01T00:02:00Z id2 Band >>log
    row u 2009-01-01T00:01:00Z id1 Ant >>log
    row u 2009-01-01T00:00:00Z id2 '' >>log
    titles() { definitions out.mp | sed -n "s/^item . id\\(.\\) {'title': '\\(.*\\)'}/\\1 \\2/p" | sort | paste -sd' '; }
    lfm-sessionize log >out.mp
    [ "$(titles)" = '1 Zebra 2 Band' ] # the first in the log
    for order in cat tac; do
        $order log | lfm-sessionize --ungrouped >out.mp
        [ "$(titles)" = '1 Ant 2 Band' ] # the least
    done
}

@test "titles that were superseded take no memory" {
    # 50 items, each row a longer title that is less than the one before
    awk -v OFS='\t' 'BEGIN {
        long = sprintf("%1000s", ""); gsub(/ /, "x", long)
        for (i = 60000; i > 0; i--)
            print "u" i % 7, "2009-01-01T00:00:00Z", "id" i % 50, sprintf("%06d", i) long, "", "track"
    }' >log
    (ulimit -v 65536 && exec lfm-sessionize --allow-empty --ungrouped --memory 64K log >out.mp)
}

@test "--profiles gives users country, gender and age as far as they are given" {
    need_dump
    for user in u1 u2 u3 u4; do
        row $user 2009-01-01T00:01:00Z b
        row $user 2009-01-01T00:00:00Z a
    done >log
    printf '#id\tgender\tage\tcountry\tregistered\nu1\tm\t\tJapan\tAug 13, 2006\n' >profiles
    printf 'u3\t\t\t\t\r\nu2\tf\t22\tBosnia and Herzegovina\t\n' >>profiles
    lfm-sessionize --profiles profiles log >out.mp
    definitions out.mp | grep user >got
    diff - got <<'END'
user 0 u1 {'country': 'Japan', 'gender': 'm'}
user 1 u2 {'country': 'Bosnia and Herzegovina', 'gender': 'f', 'age': '22'}
user 2 u3
user 3 u4
END
    printf 'u1\tm\t\tPeru\t\n' >>profiles
    lfm --profiles profiles log && refused 65 'profiles, line 5: the id "u1" is there twice'
    printf 'u1\tm\n' >profiles
    lfm --profiles profiles log && refused 65 'profiles, line 1: 2 columns'
    lfm --profiles nowhere log && refused 66 'cannot open nowhere'
}

@test "the real profiles are read" {
    need_data lastfm1k-userid-profile.tsv.xz
    need_dump
    xz -dc "$DATA/lastfm1k-userid-profile.tsv.xz" >profiles
    xz -dc "$DATA/lastfm1k-raw-sample.tsv.xz" >log
    lfm-sessionize --profiles profiles log >out.mp
    definitions out.mp | grep -q "^user 0 user_000001 {'country': 'Japan', 'gender': 'm'}"
}

@test "bad rows are 65 and named by file, line and field; --skip-bad counts them" {
    good_log >good
    lfm-sessionize --skip-bad good >good.mp
    bad() { # text, then the row
        { sed 2q good; printf '%s\n' "$2"; sed 1,2d good; } >log
        lfm log && refused 65 "log, line 3: $1"
        lfm <log && refused 65 "standard input, line 3: $1"
        lfm --skip-bad log
        [ "$status" = 0 ]
        [[ $(cat err) == "lfm-sessionize: skipped 1 bad of 6 rows; the first: log, line 3: $1"* ]]
        [ "$(grep -c bad_rows out.mp)" = 1 ]
        # The header counts the bad row; the records are the same.
        cmp <(spcat out.mp | tail -n +2) <(spcat good.mp | tail -n +2)
    }
    bad '1 columns where 6 are expected' x
    bad '1 columns where 6 are expected' 'u,2009-01-01T11:00:00Z,a,A,t,T'
    bad '5 columns where 6 are expected' $'u\t2009-01-01T11:00:00Z\ta\tA\tt'
    bad '7 columns where 6 are expected' "$(row u 2009-01-01T11:00:00Z a A t $'T\tx')"
    bad 'the user is empty' "$(row '' 2009-01-01T11:00:00Z)"
    bad 'artist id and artist name is empty' "$(row u 2009-01-01T11:00:00Z '' '')"
    bad 'the time is ""' "$(row u '')"
    bad 'the time is "2009-02-29T00:00:00Z": ISO 8601' "$(row u 2009-02-29T00:00:00Z)"
    bad 'the time is "yesterday\x1b[31m"' "$(row u $'yesterday\e[31m')"
    bad 'the time is "-1"' "$(row u -1)"
    bad 'the time is before 1970' "$(row u 1969-12-31T23:59:59Z)"
    bad 'the time is beyond 2^36 seconds since 1970 (the year 4147): is it in milliseconds?' \
        "$(row u 1000000000000)"
    bad 'the time is beyond 2^36' "$(row u 4147-08-20T07:32:16Z)"
    bad 'the user has 65537 bytes' "$(row "$(head -c 65537 /dev/zero | tr '\0' x)" 2009-01-01T11:00:00Z)"
    bad 'the artist has 65537 bytes' \
        "$(row u 2009-01-01T11:00:00Z "$(head -c 65537 /dev/zero | tr '\0' x)")"
}

@test "with --item track a row without track is bad" {
    { good_log; row u 2009-01-01T09:00:00Z a A '' ''; } >log
    lfm --item track log && refused 65 'log, line 6: track id and track name is empty'
    lfm log && [ "$status" = 0 ]
}

@test "--skip-bad: rows and bad rows stand in the header, with a summary of the first" {
    need_dump
    { good_log; echo bad; echo worse; } >log
    lfm --skip-bad log
    [ "$status" = 0 ]
    [[ $(cat err) == 'lfm-sessionize: skipped 2 bad of 7 rows; the first: log, line 6: '* ]]
    header out.mp | grep -q "'bad_rows': 2,.*'rows': 7"
    good_log >good
    lfm-sessionize good >good.mp
    [ "$(dump out.mp)" = "$(dump good.mp)" ]
    TMPDIR=$PWD/none lfm --skip-bad good # one block needs no file
    [ "$status" = 0 ]
    synthesize --users 100 >large
    TMPDIR=$PWD/none lfm --skip-bad large
    refused 73 "cannot create a temporary file in $PWD/none"
    mkdir held
    TMPDIR=$PWD/held lfm --skip-bad -o kept.mp log && [ "$status" = 0 ]
    [ "$(dump kept.mp)" = "$(dump good.mp)" ]
    lfm --skip-bad large && mv out.mp large.mp
    TMPDIR=$PWD/held lfm --skip-bad -o kept.mp large && [ "$status" = 0 ]
    cmp large.mp kept.mp
    [ -z "$(ls held)" ]
    [ "$(ls kept.mp*)" = kept.mp ]
}

@test "a log of which every row is bad is none, --skip-bad or not" {
    printf 'a,b\nc,d\n' >log
    lfm --skip-bad log && refused 65 'all 2 rows are bad; the first: log, line 1: 1 columns'
}

@test "a line of 1 GB is bad, in bounded memory" {
    good_log >good
    long() { cat good; head -c 1G /dev/zero; }
    bound() { [ "${VARIANT:-release}" != release ] || ulimit -v 100000; } # sanitizers need more
    status=0
    long | (bound; exec lfm-sessionize) >out.mp 2>err || status=$?
    refused 65 'standard input, line 6: longer than 1048576 bytes'
    (long; echo; cat good) | (bound; exec lfm-sessionize --skip-bad) >out.mp 2>err
    grep -q 'skipped 1 bad of 11 rows' err
}

@test "NUL and bytes that are not UTF-8 pass through" {
    need_dump
    { row u 2009-01-01T00:01:00Z $'b\xff\xfe'; row u 2009-01-01T00:00:00Z a_; } | tr _ '\0' >log
    lfm-sessionize --gap 1 --min-events 1 log >out.mp
    dump out.mp | cut -d: -f2 >got
    printf 'a\0\nb\xff\xfe\n' | cmp - got
}

@test "CRLF, no last newline, a byte order mark, several files, one byte at a time: the same bytes" {
    good_log >log
    lfm-sessionize log >expected.mp
    same_bytes expected.mp lfm-sessionize - <log
    same_bytes expected.mp lfm-sessionize <log
    sed 's/$/\r/' log >crlf
    same_bytes expected.mp lfm-sessionize crlf
    head -c -1 log >cut
    same_bytes expected.mp lfm-sessionize cut
    { printf '\xef\xbb\xbf'; cat log; } >mark
    same_bytes expected.mp lfm-sessionize mark
    head -2 log >first && tail -n +3 log >second
    same_bytes expected.mp lfm-sessionize first second
    same_bytes expected.mp lfm-sessionize first - <second
    dd if=log bs=1 status=none | same_bytes expected.mp lfm-sessionize
    : >empty
    same_bytes expected.mp lfm-sessionize empty log
}

@test "times from 0 to beyond 2038" {
    need_dump
    {
        row u 4147-08-20T07:32:15Z b
        row u 2040-01-01T00:00:00+01:00 b
        row u 2039-12-31T22:59:00Z a
        row u 1970-01-01T00:00:00Z c
    } >log
    lfm-sessionize --min-events 1 log >out.mp
    dump out.mp | cut -f2 >got
    printf '0:c\n2208985140:a 2208985200:b\n68719476735:b\n' | diff - got
}

@test "duplicate rows collapse" {
    need_dump
    good_log | sed p >log
    good_log >single
    lfm-sessionize log >out.mp
    lfm-sessionize single >single.mp
    cmp <(spcat out.mp | tail -n +2) <(spcat single.mp | tail -n +2)
}

@test "locale and time zone change nothing" {
    good_log >log
    lfm-sessionize log >expected.mp
    LC_ALL=de_DE.UTF-8 same_bytes expected.mp lfm-sessionize log
    TZ=Asia/Kolkata same_bytes expected.mp lfm-sessionize log
}

@test "what is no such log is 65 and says what it is" {
    good_log >log
    : >empty
    lfm empty && refused 65 'empty is empty: a Last.fm log is expected'
    lfm </dev/null && refused 65 'standard input is empty'
    printf 'PK\003\004log' >log.zip
    lfm --skip-bad log.zip && refused 65 'log.zip is zip, not a Last.fm log: unzip -p FILE unpacks it'
    lfm-sessionize log >log.mp
    lfm log.mp && refused 65 'log.mp is a record stream'
    printf '\xff\xfeu\0\t\0' >wide
    lfm wide && refused 65 'wide is UTF-16'
    lfm nowhere && refused 66 'cannot open nowhere'
    lfm . && refused 74 'cannot read .'
}

@test "a user who comes back is 65 and named" {
    { good_log; row v 2009-01-01T00:00:00Z; good_log; } >log
    lfm log && refused 65 'log, line 7: user "u" comes back after another: --ungrouped takes rows in any order'
    lfm --skip-bad log && refused 65 'log, line 7: user "u" comes back'
    good_log >log
    lfm log log && [ "$status" = 0 ]
}

@test "a failing run tells the next program, and leaves no output" {
    { good_log; echo bad; } >log
    for options in '' --skip-bad; do
        { good_log; echo bad; row v 2009-01-01T00:00:00Z; good_log; } >log
        lfm $options log
        [ "$status" = 65 ]
        head -c 12 out.mp | grep -q SESSPIPE
        tail -c 400 out.mp | grep -q "$(sed 's/^lfm-sessionize: //; s/["$].*//' err)"
        lfm $options -o made.mp log
        [ "$status" = 65 ]
        [ ! -e made.mp ]
        [ -z "$(ls | grep made)" ]
    done
}

@test "a full disk and a closed output are 74" {
    good_log >log
    for options in '' --skip-bad; do
        status=0
        lfm-sessionize $options log >/dev/full 2>err || status=$?
        refused 74 'standard output'
        status=0
        lfm-sessionize $options log >&- 2>err || status=$?
        refused 74 'standard output'
    done
}

@test "interrupted reads change nothing, a failing one is 74 and told downstream" {
    need strace
    inject() {
        strace -f -qq -o trace -e trace=read -P "$PWD/log" -e "inject=$1" lfm-sessionize "${@:2}" log
    }
    good_log >log
    inject read:error=EINTR:when=1 >out.mp 2>err || skip "strace does not run here: $(tail -1 err)"
    awk 'BEGIN { for (u = 0; u < 9000; u++) for (i = 9; i > 0; i--)
        printf "u%d\t2009-01-01T00:00:0%dZ\tid%d\tName\t\tTrack\n", u, i, i }' >log
    lfm-sessionize log >expected.mp
    same_bytes expected.mp inject read:error=EINTR:when=1+2
    [ "$(grep -c EINTR trace)" -gt 5 ]
    for options in '' --skip-bad; do
        status=0
        inject read:error=EIO:when=6 $options >out.mp 2>err || status=$?
        refused 74 'cannot read log: Input/output error'
        tail -c 100 out.mp | grep -q 'cannot read log: Input/output error'
    done
}

@test "no memory is 71, whichever allocation fails, and leaves nothing behind" {
    good_log >log
    printf 'u\tm\t\tJapan\t\n' >profiles
    mkdir held
    for options in '' --skip-bad; do
        for n in $(seq 200); do
            status=0
            SESSPIPE_FAIL_ALLOC=$n TMPDIR=$PWD/held lfm-sessionize $options --profiles profiles log \
                >out.mp 2>err || status=$?
            [ "$status" != 0 ] || break
            refused 71 'out of memory'
            [ -z "$(ls held)" ]
        done
        [ "$n" -gt 20 ]
        [ "$status" = 0 ]
    done
}

@test "--flush ends a block after each user, who can be read before the input ends" {
    for user in a b c; do
        row $user 2009-01-01T00:01:00Z b
        row $user 2009-01-01T00:00:00Z a
    done >log
    mkfifo in
    lfm-sessionize --flush <in >out.mp &
    exec 9>in
    cat log >&9
    for _ in $(seq 50); do
        [ "$(grep -ca session out.mp)" -ge 1 ] && [ "$(tr -d '\n' <out.mp | grep -ao 'session' | wc -l)" -ge 3 ] && break
        sleep 0.1
    done
    [ "$(tr -d '\n' <out.mp | grep -ao 'session' | wc -l)" -ge 3 ]
    exec 9>&-
    wait $!
    same_bytes out.mp lfm-sessionize --flush log
    lfm-sessionize log >whole.mp
    differ out.mp whole.mp
}

@test "one line says what was dropped, nothing with -q; -v says how much was kept" {
    random_log 7 | as_lastfm >log
    lfm log
    [ "$status" = 0 ]
    [ "$(wc -l <err)" = 1 ]
    grep -q '^lfm-sessionize: dropped [1-9][0-9]* of ' err
    cp out.mp plain.mp
    lfm -q log
    cmp plain.mp out.mp
    [ ! -s err ]
    lfm -v log
    cmp plain.mp out.mp
    grep -q "^lfm-sessionize: read $(wc -l <log) rows of $(cut -f1 log | uniq | wc -l) users$" err
    grep -q '^lfm-sessionize: kept [1-9][0-9]* sessions of [1-9][0-9]* users: [1-9][0-9]* events, [1-9]' err
    grep -q '^lfm-sessionize: dropped .*: [1-9][0-9]* repeats, [1-9][0-9]* in [1-9][0-9]* sessions under --min-events 2' err
}

@test "rules that cannot be meant are 64" {
    lfm --cut 1 && refused 64 '--cut 1'
    lfm --min-events 5 --max-events 4 && refused 64 '--max-events 4 is below --min-events 5'
    lfm --gap 0 && refused 64 '--gap'
    lfm --item album && refused 64 'artist'
}

@test "the manual's examples run" {
    good_log >userid-timestamp-artid-artname-traid-traname.tsv
    printf 'u\tm\t\tJapan\t\n' >userid-profile.tsv
    { good_log; row u 2009-01-01T10:20:00Z a A t2 other; } | xz >log.tsv.xz
    { good_log; row v 2009-01-01T00:00:00Z; row u 2009-01-02T00:00:00Z; } >mixed.tsv
    mandoc_examples "$ROOT/man/lfm-sessionize.1" >examples.sh
    bash -e examples.sh
    [ -s lastfm.mp ]
    [ -s tracks.mp ]
    [ -s mixed.mp ]
}
