# usage: awk -v base=NAME -v model=NAME -f narm-lengths.awk SCORES.TSV
#
# The number of targets among the best 20 of each of two models, by the number of events before them,
# as a mean over the runs of a model: table 5 of Li et al. 2017.
BEGIN { FS = "\t" }
FNR == 1 {
    for (i = 1; i <= NF; i++)
        at[$i] = i
    next
}
$at["part"] == "test" && $at["best"] == "true" && ($at["name"] == base || $at["name"] == model) {
    name = $at["name"]
    if ($at["by"] == "")
        runs[name]++
    else if ($at["by"] == "position") {
        length_ = $at["group"] + 0 < 20 ? $at["group"] + 0 : 20
        right[name, length_] += $at["events"] * $at["recall@20"]
        targets[name, length_] += $at["events"]
    }
}
END {
    printf "length  targets  %16s  %16s   change\n", base, model
    for (n = 1; n <= 20; n++)
        if ((model, n) in targets) {
            b = right[base, n] / runs[base]
            m = right[model, n] / runs[model]
            printf "%6s  %7d  %16.1f  %16.1f  %7s\n", n < 20 ? n : "20+", targets[model, n] / runs[model], b, m, \
                b ? sprintf("%+.2f%%", (m / b - 1) * 100) : ""
        }
}
