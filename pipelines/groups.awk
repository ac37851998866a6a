# Scores by group, as scorer --best --by cold,position,repeat --format tsv writes them, of which the first
# `baselines` runs are baselines: for each group of test targets a line with the baseline that has the best
# recall@20 there, the standard error that the number of targets gives it, and the mean of each model.
BEGIN {
    FS = "\t"
    split("cold 0|cold 1-3|position 1|repeat repeat|repeat explore", known, "|")
    title["cold 0"] = "without history"
    title["cold 1-3"] = "1 to 3 sessions"
    title["position 1"] = "first of a session"
    title["repeat repeat"] = "repeat"
    title["repeat explore"] = "explore"
}
NR == 1 {
    for (i = 1; i <= NF; i++)
        at[$i] = i
    next
}
$at["part"] != "test" || $at["run"] !~ /^[0-9]+$/ { next }
{
    group = $at["by"] " " $at["group"]
    recall = $at["recall@20"]
    name = $at["name"]
    targets[group] = $at["events"]
    if ($at["run"] + 0 < baselines) {
        if (!(group in best) || recall > most[group]) {
            best[group] = name
            most[group] = recall
        }
        next
    }
    if (!(name in is_model)) {
        is_model[name] = 1
        model[++models] = name
    }
    sum[group, name] += recall
    runs[group, name]++
}
END {
    printf "%-20s %8s  %-28s", "recall@20 of", "targets", "best baseline"
    for (m = 1; m <= models; m++)
        printf "  %s", model[m]
    print ""
    for (g = 1; g in known; g++) {
        group = known[g]
        if (!(group in targets))
            continue
        n = targets[group]
        error = sqrt(most[group] * (1 - most[group]) / n)
        printf "%-20s %8d  %-14s %.3f ± %.3f", title[group], n, best[group], most[group], error
        for (m = 1; m <= models; m++)
            printf "  %*.3f", length(model[m]), sum[group, model[m]] / runs[group, model[m]]
        print ""
    }
}
