# usage: awk -v ways='gru m1' -v fractions='16 4 1' -f tan-table.awk SCORES.TSV
#
# Recall@20 and MRR@20 in the test of the models WAY-FRACTION at their best epochs, as means over runs: a
# row for each fraction 1/N of the training sessions (Tan et al. 2016).
BEGIN { FS = "\t" }
FNR == 1 {
    for (i = 1; i <= NF; i++)
        at[$i] = i
    next
}
$at["part"] == "test" && $at["best"] == "true" && $at["by"] == "" {
    runs[$at["name"]]++
    recall[$at["name"]] += $at["recall@20"]
    mrr[$at["name"]] += $at["mrr@20"]
}
END {
    n = split(ways, way, " ")
    rows = split(fractions, fraction, " ")
    printf "%-8s", "sessions"
    for (i = 1; i <= n; i++)
        printf "  %-15s", way[i]
    printf "\n"
    for (r = 1; r <= rows; r++) {
        printf "%-8s", fraction[r] == 1 ? "all" : "1/" fraction[r]
        for (i = 1; i <= n; i++) {
            name = way[i] "-" fraction[r]
            printf "  %-15s", name in runs ? sprintf("%.4f, %.4f", recall[name] / runs[name], mrr[name] / runs[name]) : ""
        }
        printf "\n"
    }
}
