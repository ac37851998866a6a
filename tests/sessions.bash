# Shared by the tests of the programs that make sessions: a dump of a stream, and a second
# implementation of the sessions.

# Prints each session of a stream as "user<TAB>time:item time:item ...", in the order of the stream.
dump() {
    "$PYTHON" -c '
import io, msgpack, struct, sys
names = {"user": [], "item": []}
last = None
for last in msgpack.Unpacker(open(sys.argv[1], "rb"), unicode_errors="surrogateescape"):
    if last[0] != "B":
        continue
    for r in msgpack.Unpacker(io.BytesIO(last[4]), unicode_errors="surrogateescape"):
        if r[0] in names:
            assert r[1] == len(names[r[0]])
            names[r[0]].append(r[2])
        else:
            times = struct.unpack("<%dq" % (len(r[3].data) // 8), r[3].data)
            items = struct.unpack("<%di" % (len(r[4].data) // 4), r[4].data)
            text = " ".join("%d:%s" % (t, names["item"][i]) for t, i in zip(times, items))
            line = names["user"][r[1]] + "\t" + text + "\n"
            sys.stdout.buffer.write(line.encode("utf-8", "surrogateescape"))
assert last[0] == "E"' "$1"
}

# sessionized PROGRAM ARGUMENT ...: stdout in out.mp, stderr in err.
sessionized() {
    sessionizer=$1 status=0
    "$@" >out.mp 2>err || status=$?
}

# refused STATUS TEXT: the last run failed so, with one message.
refused() {
    [ "$status" = "$1" ] && [[ $(cat err) == "$sessionizer: "*"$2"* ]] && [ "$(wc -l <err)" = 1 ] ||
        { echo "status $status, $(cat err)"; return 1; }
}

# Sets PYTHON to a Python with msgpack; skips if there is none.
need_dump() {
    for PYTHON in python3 /usr/bin/python3; do
        ! "$PYTHON" -c 'import msgpack' 2>/dev/null || return 0
    done
    skip 'no msgpack for python3 here'
}

# Makes the output of dump from rows "user<TAB>seconds<TAB>item", newest first.  Variables: gap, min,
# max, cut, keep, as the options.  sort(1) does the ordering; each rule is a pass of its own.
reference() {
    awk -F'\t' -v OFS='\t' '!($1 in seen) { seen[$1] = ++users } { print seen[$1], $2, -NR, $1, $3 }' |
        LC_ALL=C sort -t "$(printf '\t')" -k1,1n -k2,2n -k3,3n |
        awk -F'\t' -v OFS='\t' -v gap="${gap:-1800}" '
            $1 != user || $2 - time >= gap { session++ }
            { user = $1; time = $2; print session, $4, $2, $5 }' |
        awk -F'\t' -v OFS='\t' -v keep="${keep:-0}" '
            keep || $1 != session || $4 "" != item { print }
            { session = $1; item = $4 "" }' |
        awk -F'\t' '
            $1 != session { if (NR > 1) print user "\t" events; events = "" }
            { session = $1; user = $2; events = events (events == "" ? "" : " ") $3 ":" joined($4) }
            function joined(s) { gsub(/ /, "\001", s); return s }
            END { if (NR) print user "\t" events }' |
        awk -F'\t' -v min="${min:-2}" -v max="${max:-39}" -v cut="${cut:-20}" '
            {
                n = split($2, e, " ")
                if (n < min || (max && n > max))
                    next
                line = ""
                for (i = 1; i <= n; i++) {
                    line = line (line == "" ? "" : " ") e[i]
                    whole = cut && i % cut == 0
                    if (whole || i == n) {
                        if (!(i == n && cut && n > cut && n % cut == 1))
                            print $1 "\t" line
                        line = ""
                    }
                }
            }' | tr '\001' ' '
}

# random_log SEED: rows "user<TAB>seconds<TAB>item" of 2009, newest first within a user, with equal
# times, repeats, long and short sessions.
random_log() {
    awk -v seed="$1" 'BEGIN {
        srand(seed)
        for (user = 1; user <= 12; user++) {
            time = 1230768000 + 27 * 86400
            count = int(rand() * 300)
            for (i = 0; i < count; i++) {
                time -= rand() < 0.05 ? int(rand() * 20000) : rand() < 0.2 ? 0 : int(rand() * 500)
                printf "user %d\t%d\titem %d\n", user, time, int(rand() * (rand() < 0.3 ? 2 : 30))
            }
        }
    }'
}

# Prints the header of a stream, without the edges of its times, as Python shows it.
header() {
    "$PYTHON" -c '
import msgpack, sys
meta = msgpack.unpackb(next(iter(msgpack.Unpacker(open(sys.argv[1], "rb"))))[2])
assert meta.pop("delta_edges").data[:8] == (3600).to_bytes(8, "little")
print(meta)' "$1"
}

# Prints the users or items of a stream with their attributes, a line each: "user|item ID NAME {...}".
definitions() {
    "$PYTHON" -c '
import io, msgpack, sys
for o in msgpack.Unpacker(open(sys.argv[1], "rb")):
    if o[0] == "B":
        for r in msgpack.Unpacker(io.BytesIO(o[4])):
            if r[0] in ("user", "item"):
                print(*r)' "$1"
}

# same_bytes FILE COMMAND...: whether the command writes the bytes of the file.
same_bytes() {
    local expected=$1
    shift
    "$@" >same_bytes.got && cmp "$expected" same_bytes.got
}

differ() {
    if cmp -s "$1" "$2"; then return 1; fi
}

# The commands of a manual page's EXAMPLES.
mandoc_examples() {
    sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "$1" | sed -n '/^\.Bd/,/^\.Ed/{/^\./!p}' | sed 's/\\e/\\/g'
}
