# The tables of the thesis: mean ± sample deviation over the runs of each row, the change against
# the first row of its part, and the thesis's own numbers if the logs are the same.  Reads the counts of
# the data sets, then thesis-sets.tsv and thesis.tsv; the results of the runs are in the directory `out`.

BEGIN {
    FS = "\t"
    n = split(tables, word, " ")
    for (i = 1; i <= n; i++)
        wanted[word[i]] = 1
    n = split(families, word, " ")
    for (i = 1; i <= n; i++)
        family[word[i]] = 1
    seed_count = split(seeds, seed, " ")
    print "table", "part", "data", "row", "model", "metric", "runs", "mean", "deviation", "change%", \
        "thesis mean", "thesis deviation", "thesis change%" >tsv
    OFS = "\t"
}

# ---- numbers ----

# "0.3208±0.0012 +0.2%"
function cell(mean, deviation, change) {
    return sprintf("%.4f%s%s", mean, deviation == "" ? "" : sprintf("±%.4f", deviation), \
        change == "" ? "" : sprintf(" (%+.1f%%)", change))
}

function padded(text, width,    bare) {
    bare = text
    gsub(/±/, "+", bare) # two bytes, one column
    return text sprintf("%*s", width > length(bare) ? width - length(bare) : 1, "")
}

# mean[], deviation[] of the metrics over the runs; returns their number
function read_runs(data, model,    i, m, file, line, field, at, runs, sum, squares) {
    split("", sum); split("", squares)
    for (i = 1; i <= seed_count; i++) {
        file = out "/" data "/" model "." seed[i] ".tsv"
        split("", at)
        while ((getline line <file) > 0) {
            n = split(line, field, "\t")
            if (!(5 in at))
                for (m = 1; m <= n; m++) { at[field[m]] = m; at[5] = 1 }
            else if (field[at["part"]] == "test") {
                runs++
                for (m = 6; m <= 11; m++) {
                    sum[m] += field[at[metric[m]]]
                    squares[m] += field[at[metric[m]]] ^ 2
                }
            }
        }
        close(file)
    }
    for (m = 6; m <= 11 && runs; m++) {
        mean[m] = sum[m] / runs
        deviation[m] = ""
        if (runs > 1) {
            spread = (squares[m] - runs * mean[m] ^ 2) / (runs - 1)
            deviation[m] = spread > 0 ? sqrt(spread) : 0
        }
    }
    return runs + 0
}

# ---- input ----

FILENAME ~ /counts$/ {
    split($0, word, " ")
    counted[word[1] " " word[2]] = word[3]
    next
}
/^#/ { next }
FILENAME ~ /thesis-sets.tsv$/ {
    if ($1 == "5.1") { # the thesis's logs
        printed[$3 " items"] = $4
        printed[$3 " users"] = $5
    }
    next
}
$1 == "table" {
    for (m = 6; m <= 11; m++)
        metric[m] = $m
    next
}
{ split($3, name, "-") }
!($1 in wanted) || !(name[1] in family) { next }

# The numbers of the thesis are shown only for the thesis's logs.
{ log_name = name[1] == "cet" ? "lastfm" : name[1] }
{ own = 1 }
{
    for (key in printed)
        if (index(key, log_name " ") == 1 && counted[key] != printed[key])
            own = 0
}

$1 != table || $2 != part {
    table = $1
    part = $2
    heads = padded("", 41)
    for (m = 6; m <= 11; m++)
        heads = heads padded(metric[m], 24)
    sub(/ +$/, "", heads)
    printf "%sTable %s: %s\n\n%s\n", begun++ ? "\n" : "", table, part, heads
    split("", first)
    split("", first_printed)
}

{
    runs = read_runs($3, $5)
    if (!runs) {
        print "thesis-table: " out "/" $3 "/" $5 ": no results" >"/dev/stderr"
        failed = 1
        exit 1
    }
    ours = padded($4, 33) padded("ours", 8)
    theirs = padded("", 33) padded("thesis", 8)
    for (m = 6; m <= 11; m++) {
        split($m, number, "±")
        change = m in first ? (first[m] ? (mean[m] / first[m] - 1) * 100 : 0) : ""
        change_printed = m in first_printed ? (number[1] / first_printed[m] - 1) * 100 : ""
        if (!(m in first)) {
            first[m] = mean[m]
            first_printed[m] = number[1]
        }
        ours = ours padded(cell(mean[m], deviation[m], change), 24)
        theirs = theirs padded(cell(number[1], number[2] "", change_printed), 24)
        print $1, $2, $3, $4, $5, metric[m], runs, mean[m], deviation[m], change, \
            own ? number[1] : "", own ? number[2] : "", own ? change_printed : "" >tsv
    }
    sub(/ +$/, "", ours)
    print ours
    if (own) {
        sub(/ +$/, "", theirs)
        print theirs
    } else
        foreign[log_name] = 1
}

END {
    if (failed)
        exit 1
    for (name_of in foreign)
        printf "\n%s: another log than the thesis's (%s items, %s users; it had %s and %s), so its numbers are left out\n", \
            name_of, counted[name_of " items"], counted[name_of " users"], \
            printed[name_of " items"], printed[name_of " users"]
}
