# usage: awk -f hrnn-figures.awk HISTORIES.TSV USERS.TSV PHASES.TSV
#
# Figures 3 to 6 of Quadrana et al. 2017 as numbers, medians over the runs of each model.  Figures 3 and
# 4: means over the test sessions, of which each user has one, by how many sessions of the user were
# before it.  Figures 5 and 6: means over the targets of sessions of 5 events and more, by phase.  Reads
# the users with "<=6" or ">6", as hrnn-histories.awk writes them, then what scorer --by user and scorer
# --by phase --format tsv write of the best epochs.

BEGIN {
    FS = "\t"
    metrics = split("recall@5 mrr@5", metric, " ")
    split("<=6 >6", histories, " ")
    split("beginning middle end", phases, " ")
}
FNR == 1 {
    file++
    if (file > 1)
        for (i = 1; i <= NF; i++)
            at[$i] = i
}
file == 1 { history[$1] = $2; next }
FNR == 1 || $at["part"] != "test" || $at["run"] !~ /^[0-9]+$/ { next }
{
    name = $at["name"]
    if (!(name in runs))
        model[++models] = name
    if (!((name, $at["run"]) in met)) {
        met[name, $at["run"]] = 1
        run[name, ++runs[name]] = $at["run"]
    }
}
file == 2 && !($at["group"] in history) {
    print "hrnn-figures: user " $at["group"] " is not in the split" >"/dev/stderr"
    failed = 1
    exit 1
}
file == 2 { add(history[$at["group"]], 1) }
file == 3 && $at["by"] == "phase" { add($at["group"], $at["events"]) }

# Adds a row of the model's run to a group.
function add(group, weight,    m) {
    weights[name, $at["run"], group] += weight
    for (m = 1; m <= metrics; m++)
        sums[name, $at["run"], group, m] += weight * $at[metric[m]]
}

# The median over the runs of the model's means.
function median(name, group, m,    i, j, n, x, value) {
    for (i = 1; i <= runs[name]; i++)
        if (weights[name, run[name, i], group]) {
            x = sums[name, run[name, i], group, m] / weights[name, run[name, i], group]
            for (j = n++; j > 0 && value[j] > x; j--)
                value[j + 1] = value[j]
            value[j + 1] = x
        }
    return n ? sprintf("%.4f", (value[int((n + 1) / 2)] + value[int(n / 2) + 1]) / 2) : "-"
}

function show(title, group, groups,    i, m, g) {
    printf "%s\n\n%-26s %5s", title, "", "runs"
    for (m = 1; m <= metrics; m++)
        for (g = 1; g <= groups; g++)
            printf "  %18s", metric[m] " " group[g]
    print ""
    for (i = 1; i <= models; i++) {
        printf "%-26s %5d", model[i], runs[model[i]]
        for (m = 1; m <= metrics; m++)
            for (g = 1; g <= groups; g++)
                printf "  %18s", median(model[i], group[g], m)
        print ""
    }
}

END {
    if (failed)
        exit 1
    show("Figures 3 and 4: by the sessions before the test session, means over test sessions", histories, 2)
    print ""
    show("Figures 5 and 6: by phase of sessions of 5 events and more", phases, 3)
}
