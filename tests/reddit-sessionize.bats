# reddit-sessionize: sessions of logs of posts.
bats_require_minimum_version 1.5.0
load helpers
load sessions

# Rows "user seconds item", by tabs, as CSV.
as_reddit() {
    echo username,subreddit,utc
    awk -F'\t' -v OFS=, '{ print $1, $3, $2 ".0" }'
}

good_log() {
    cat <<'END'
username,subreddit,utc
u,b,1504567200.0
u,a,1504566300.0
v,c,1504567199.0
v,b,1504565998.0
v,a,1504563598.0
END
}

# refused STATUS TEXT: the last run failed so, with one message.
refused() {
    [ "$status" = "$1" ] && [[ $(cat err) == "reddit-sessionize: "*"$2"* ]] && [ "$(wc -l <err)" = 1 ] ||
        { echo "status $status, $(cat err)"; return 1; }
}

reddit() { # runs on the log given; stdout in out.mp
    status=0
    reddit-sessionize "$@" >out.mp 2>err || status=$?
}

@test "random logs give the sessions of the reference, whatever the rules" {
    need_dump
    for seed in 1 2 3; do
        random_log $seed >rows
        as_reddit <rows >log
        check() { # options of the program; the variables are the reference's
            gap=${gap:-3600} reference <rows >expected
            [ -s expected ]
            reddit-sessionize "$@" log >out.mp
            dump out.mp >got
            diff expected got >/dev/null || { echo "seed $seed: $*"; diff expected got | head; false; }
        }
        check
        gap=300 check --gap 300
        min=1 max=0 cut=0 check --min-events 1 --max-events 0 --cut 0
        keep=1 cut=4 check --keep-repeats --cut 4
    done
}

@test "the real log gives the sessions of the reference" {
    need_data reddit-part.csv.xz
    need_dump
    xz -dc "$DATA/reddit-part.csv.xz" >log
    tail -n +2 log | sed 's/\.0$//' | awk -F, -v OFS='\t' '{ print $1, $3, $2 }' |
        gap=3600 reference >expected
    reddit-sessionize log >out.mp
    dump out.mp >got
    cmp expected got
}

@test "every option of the rules changes the output; the default gap is an hour" {
    need_dump
    random_log 4 | as_reddit >log
    reddit-sessionize log >plain.mp
    dump plain.mp >plain
    for options in '--gap 1800' '--min-events 4' '--max-events 12' '--cut 7' --keep-repeats \
        '--order oldest-first'; do
        reddit-sessionize $options log >out.mp
        dump out.mp >out
        differ plain out || { echo "$options: no change"; false; }
    done
    header plain.mp | grep -q "'gap': 3600, 'min_events': 2, 'max_events': 39, 'cut': 20"
    same_bytes plain.mp reddit-sessionize --grouped --gap 3600 log
}

@test "columns are found by name; fields may be quoted" {
    need_dump
    good_log >log
    reddit-sessionize log >expected.mp
    awk -F, -v OFS=, '{ print $3, "x", $1, $2 }' log >other
    same_bytes expected.mp reddit-sessionize other
    sed 's/[^,]*/"&"/g; s/$/\r/' log >quoted
    same_bytes expected.mp reddit-sessionize quoted
    { printf '\xef\xbb\xbf'; cat log; } >mark
    same_bytes expected.mp reddit-sessionize mark
    printf 'username,subreddit,utc\n"a ""b"", c",x,1\n"a ""b"", c","y,z",2\n' >log
    reddit-sessionize log >out.mp
    [ "$(dump out.mp)" = $'a "b", c\t1:x 2:y,z' ]
}

@test "utc: whole seconds, a fraction is dropped, an exponent is read" {
    need_dump
    cat >log <<'END'
username,subreddit,utc
u,a,0
u,b,5.0
u,c,7.99
u,d,1e1
u,e,2147483648
u,f,68719476735
END
    reddit-sessionize --min-events 1 log >out.mp
    dump out.mp | cut -f2 | tr ' ' '\n' >got
    printf '0:a\n5:b\n7:c\n10:d\n2147483648:e\n68719476735:f\n' | diff - got
}

@test "each file has a header; one that comes again is passed over" {
    good_log >log
    sed 's/^u,/x,/; s/^v,/y,/' log >second
    reddit-sessionize log second >expected.mp
    cat log second | same_bytes expected.mp reddit-sessionize
    tail -n +2 second >headless
    reddit log headless
    refused 65 'headless, line 1: no column "username": a header that names username,subreddit,utc is expected'
}

@test "bad rows are 65 and named by file, line and field; --skip-bad counts them" {
    good_log >good
    reddit-sessionize --skip-bad good >good.mp
    bad() { # text, then the row
        { sed 2q good; printf '%s\n' "$2"; sed 1,2d good; } >log
        reddit log
        refused 65 "log, line 3: $1"
        reddit --skip-bad log
        [ "$status" = 0 ]
        [[ $(cat err) == "reddit-sessionize: skipped 1 bad of 6 rows; the first: log, line 3: $1"* ]]
        cmp <(spcat out.mp | tail -n +2) <(spcat good.mp | tail -n +2)
    }
    bad '1 columns where the header has 3' x
    bad '2 columns where the header has 3' 'u,a'
    bad '4 columns where the header has 3' 'u,a,1,2'
    bad 'the username is empty' ',a,1504566300'
    bad 'the subreddit is empty' 'u,,1504566300'
    bad 'the utc is "": seconds since 1970' 'u,a,'
    bad 'the utc is "1504566300x"' 'u,a,1504566300x'
    bad 'the utc is "nan"' 'u,a,nan'
    bad 'the utc is "2017-09-04T23:05:00Z"' 'u,a,2017-09-04T23:05:00Z'
    bad 'the utc is before 1970' 'u,a,-1'
    bad 'the utc is before 1970' 'u,a,-0.5'
    bad 'the utc is beyond 2^36 seconds since 1970 (the year 4147): is it in milliseconds?' \
        'u,a,1504566300000'
    bad 'the utc is beyond 2^36' 'u,a,1e12'
    bad 'the utc is beyond 2^36' 'u,a,68719476736'
    bad 'the utc is beyond 2^36' 'u,a,99999999999999999999999999'
    bad 'column 2: the quotes do not match' 'u,"a,1504566300'
    bad 'column 1: the quotes do not match' '"u"x,a,1504566300'
}

@test "a log without its header is 65" {
    good_log | tail -n +2 >log
    reddit --skip-bad log
    refused 65 'log, line 1: no column "username"'
    printf 'username,utc\n' >log
    reddit log
    refused 65 'log, line 1: no column "subreddit"'
    reddit </dev/null
    refused 65 'standard input is empty: a CSV log is expected'
}

@test "a header alone is a log without rows" {
    need_dump
    good_log | head -1 >log
    reddit log
    refused 65 'the log has no row: --allow-empty takes that'
    reddit --allow-empty log
    [ "$status" = 0 ]
    [ -z "$(dump out.mp)" ]
}

@test "a user who comes back is 65 and named" {
    { good_log; echo u,a,1; } >log
    reddit log
    refused 65 'log, line 7: user "u" comes back after another'
}

@test "locale and time zone change nothing; one byte at a time neither" {
    good_log >log
    reddit-sessionize log >expected.mp
    LC_ALL=de_DE.UTF-8 TZ=Asia/Kolkata same_bytes expected.mp reddit-sessionize log
    dd if=log bs=1 status=none | same_bytes expected.mp reddit-sessionize
    reddit-sessionize -o out.mp log
    cmp expected.mp out.mp
}

@test "the manual's examples run" {
    good_log >reddit.csv
    good_log | xz >reddit.csv.xz
    { good_log; echo u,a,1; } >mixed.csv
    mandoc_examples "$ROOT/man/reddit-sessionize.1" >examples.sh
    bash -e examples.sh
    [ -s mixed.mp ]
    cmp reddit.mp <(reddit-sessionize --gap 7200 reddit.csv)
}
