# Tables 5.1 to 5.3 of the thesis: what the data sets hold, ours and the thesis's.  Reads the counts of
# the data sets that there are, then thesis-sets.tsv.

BEGIN {
    FS = "\t"
    n = split(tables, word, " ")
    for (i = 1; i <= n; i++)
        wanted[word[i]] = 1
}

FILENAME ~ /counts$/ {
    split($0, word, " ")
    count[word[1], word[2]] = word[3]
    known[word[1]] = 1
    next
}
/^#/ || $1 == "table" || !($1 in wanted) || !($3 in known) { next }

$1 != table {
    table = $1
    printf "%sTable %s\n\n%-16s %17s %15s %17s %15s\n%-16s", begun++ ? "\n" : "", table, "", "items", "users", \
        "sessions", "session length", "data"
    for (i = 0; i < 4; i++)
        printf i % 2 ? " %6s %8s" : " %8s %8s", "ours", "thesis"
    print ""
}
{
    sessions = count[$3, "sessions"]
    printf "%-16s %8d %8d %6d %8d %8d %8d %6s %8s\n", $3, count[$3, "items"], $4, count[$3, "users"], $5, \
        sessions, $6, sessions ? sprintf("%.1f", count[$3, "events"] / sessions) : "-", $7
}
