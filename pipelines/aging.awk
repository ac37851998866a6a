# Tables of scores as scorer --format tsv writes them, one after the other: the first is of models that
# were trained once, by day of the test; those after it are of models that were trained for one day each,
# whose first day counts.  Prints a line for each model: the mean recall@20 of its runs, by day.
BEGIN { FS = "\t" }
$1 == "run" {
    for (i = 1; i <= NF; i++)
        column[$i] = i
    table++
    next
}
$column["part"] != "test" || $column["best"] != "true" { next }
{
    name = $column["name"] (table > 1 ? "-daily" : "")
    by = $column["by"]
    day = table > 1 ? table - 1 : $column["group"]
    if (!(name in known)) {
        known[name] = 1
        order[++models] = name
    }
    if (by == "day" && (table == 1 || $column["group"] == 1)) {
        sum[name, day] += $column["recall@20"]
        runs[name, day]++
        tested = 1
    }
}
END {
    if (!tested) {
        print "aging: no target is on these days: FROM=YYYY-MM-DD names the first of them" >"/dev/stderr"
        exit 1
    }
    printf "%-16s", "recall@20 on day"
    for (d = 1; d <= days; d++)
        printf " %6d", d
    print ""
    for (m = 1; m <= models; m++) {
        printf "%-16s", order[m]
        for (d = 1; d <= days; d++)
            printf " %6s", runs[order[m], d] ? sprintf("%.3f", sum[order[m], d] / runs[order[m], d]) : "-"
        print ""
    }
}
