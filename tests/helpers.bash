# Loaded by every .bats file: puts the variant's programs on PATH, and gives each test its own folder.
#
#   $ROOT   the repository            need_data [FILE]  skips without the real data
#   $DATA   the real data's folder    need TOOL         skips without the tool

ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
DATA=${SESSPIPE_DATA:-$ROOT/../shared/data}
[[ $DATA == /* ]] || DATA=$ROOT/$DATA
SESSPIPE_BIN=${SESSPIPE_BIN:-$ROOT/bin}
# The programs, the tools of the tests, and the generator of logs.
PATH=$SESSPIPE_BIN:$ROOT/.build/${VARIANT:-release}/tests/tool:$ROOT/.build/${VARIANT:-release}/fixtures:$PATH
# The make files of pipelines/ take them from there too.
BIN=$SESSPIPE_BIN
export ROOT DATA SESSPIPE_BIN PATH BIN
unset LC_ALL LANG LANGUAGE TZ
unset MAKEFLAGS MFLAGS # of make check: make -s says less, and tests read what make says

[[ -z ${BATS_TEST_TMPDIR:-} ]] || cd "$BATS_TEST_TMPDIR" || exit

need_data() {
    [[ -e $DATA/${1:-} ]] || skip "no real data: $DATA/${1:-} is not there"
}

need() {
    command -v "$1" >/dev/null || skip "no $1 here"
}

# Compares two files of TSV or JSON lines; numbers may differ by the rounding of sums in another order.
alike() {
    local n=0 file
    for file in "$1" "$2"; do
        if grep -q '^[[{]' "$file"; then cat "$file"; else jq -Rc 'split("\t") | map(tonumber? // .)' "$file"; fi |
            jq -c 'paths(scalars) as $p | [$p, getpath($p)]' >"alike-$n"
        n=$((n + 1))
    done
    [ -s alike-0 ]
    jq -ne --slurpfile a alike-0 --slurpfile b alike-1 '($a | length) == ($b | length) and
        all(range($a | length); $a[.][0] == $b[.][0] and ($a[.][1] as $x | $b[.][1] as $y |
            if ($x | type) == "number" then ($x - $y | fabs) < 1e-5 * (1 + ($x | fabs)) else $x == $y end))' >/dev/null
}

# Where the schedule of a stream is so far, in percent: its offset in bytes.
within() { # STREAM PERCENT
    local first size
    first=$(LC_ALL=C grep -abo -m 1 $'\x93\xa5epoch' "$1" | head -n 1 | cut -d : -f 1)
    size=$(stat -c %s "$1")
    echo $((first + (size - first) * $2 / 100))
}

# What --help shows, with the options of each model where they depend on it.
help_of() {
    "$1" --help
    ! "$1" --help | grep -q '^options of --model' ||
        for model in $("$1" --model none </dev/null 2>&1 | sed -n 's/.*choose from //p' | tr -d ,); do
            "$1" --model "$model" --help
        done
}

# The name of each tensor of a model file, and its bytes in short.
tensors() {
    python3 - "$1" <<'END'
import hashlib, json, struct, sys
f = open(sys.argv[1], "rb")
size, = struct.unpack("<Q", f.read(8))
entries, data = json.loads(f.read(size)), f.read()
for name, e in sorted(entries.items()):
    if name != "__metadata__" and e["dtype"] == "F32":
        print(name, hashlib.sha1(data[slice(*e["data_offsets"])]).hexdigest())
END
}

# holds CONDITION: of numbers, as awk has it, where noise(share, targets) is four standard deviations
# of the share of its targets that a recommender hits.
holds() {
    awk "function noise(share, n) { return 4 * sqrt(share * (1 - share) / n) }
        BEGIN { exit !(${1//$'\n'/ }) }" || { echo "not so: $1"; return 1; }
}

# drawn_log USERS SESSIONS EVENTS ITEM APART SILENT [SEED]: username,subreddit,utc, newest first within a
# user, each with SESSIONS sessions of EVENTS events.  All are awk expressions over draw(n), a whole number
# below n, and the user u, 0 .. USERS - 1: ITEM a name, APART the seconds between events, SILENT between
# sessions.
drawn_log() {
    LC_ALL=C awk "function draw(n) { x = 16807 * x % 2147483647; return x % n }
        BEGIN {
            x = ${7:-4711}"'
            print "username,subreddit,utc"
            for (u = 0; u < '"$1"'; u++) {
                t = 1300000000 + draw(1000000); n = 0
                for (s = '"$2"'; s > 0; s--) {
                    for (k = '"$3"'; k > 0; k--) {
                        line[n++] = "u" u "," '"$4"' "," t
                        t += '"$5"'
                    }
                    t += '"$6"'
                }
                while (n > 0) print line[--n]
            }
        }'
}

# Puts an ssh into the folder path whose hosts all are this machine, with home/NAME as their home; it
# writes the name of each into the file hosts.  As sshd does it sets SHELL, with which parallel runs a
# job there, whether or not the tests' own environment has one.  The host called gone cannot be reached.
local_hosts() {
    mkdir -p path
    cat >path/ssh <<END
#!/bin/bash
while [[ \$1 == -* ]]; do [[ \$1 == -[lpoiFSLO] ]] && shift; shift; done
echo "\$1" >>$PWD/hosts
[[ \$1 != gone ]] || { echo 'ssh: no route to gone' >&2; exit 255; }
export HOME=$PWD/home/\$1 SHELL=/bin/bash; shift
mkdir -p "\$HOME" && cd "\$HOME" || exit
[[ \$1 == -- ]] && shift
exec bash -c "\$*"
END
    chmod +x path/ssh
}
