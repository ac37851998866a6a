# Summaries of split streams, OUT/NAME.log, the scores of weights that were trained without a log beside
# those of baselines, OUT/held-NAME.tsv, and the scores of weights of all logs, OUT/all-NAME.tsv: prints the
# comment above the table of weights.  `alone` names the
# logs that count once more without their users.
BEGIN {
    FS = "\t"
    split(alone, names, " ")
    for (i in names)
        is_alone[names[i]] = 1
}
FNR == 1 {
    log_name = FILENAME
    sub(/.*\//, "", log_name)
    scores = sub(/\.tsv$/, "", log_name) && sub(/^(held|all)-/, "", log_name)
    if (!scores && sub(/\.log$/, "", log_name))
        log_of[++logs] = log_name
    best = ""
}
scores && FNR == 1 {
    for (i = 1; i <= NF; i++)
        at[$i] = i
    next
}
scores {
    numbers = sprintf("%.3f / %.3f", $at["recall@20"], $at["mrr@20"])
    if ($at["name"] == "held")
        held[log_name] = numbers
    else if ($at["name"] == "all")
        all[log_name] = numbers
    else if (best == "" || $at["selection_score"] > best) {
        best = $at["selection_score"]
        baseline[log_name] = sprintf("%-12s %s", $at["name"], numbers)
    }
    next
}
$1 == "program" {
    split($2, word, " ")
    program[log_name] = program[log_name] (program[log_name] == "" ? "" : ", ") word[1]
}
$1 ~ /^meta (min_events|max_events|cut)$/ {
    program[log_name] = program[log_name] " " substr($1, 6) "=" $2
}
$1 == "meta keep_repeats" && $2 == "true" { program[log_name] = program[log_name] " keep_repeats" }
$1 == "meta filters" {
    gsub(/[]["]/, "", $2)
    gsub(/,/, " ", $2)
    split_of[log_name] = $2
}
$1 == "sessions train" { sessions[log_name] = $2 }
$1 == "events train" { events[log_name] = $2 }
END {
    print "Weights of the wide part alone, from the training parts of these logs by turns (weights.mk),"
    print "the newest " targets " targets of each at most, gone through " (passes == 1 ? "once" : passes " times") ", at a rate of " rate ":"
    for (l = 1; l <= logs; l++) {
        n = log_of[l]
        print ""
        printf "  %s: %d targets%s\n", n, events[n] - sessions[n], n in is_alone ? "; once more, each session a user of its own" : ""
        print "    " program[n]
        print "    " split_of[n]
    }
    print ""
    print "Recall@20 / MRR@20 on the test part: of weights of the other logs alone, of the baseline that is"
    print "best on the validation part, and of these weights:"
    print ""
    for (l = 1; l <= logs; l++)
        if (log_of[l] in held)
            printf "  %-20s %s   %s   %s\n", log_of[l], held[log_of[l]], baseline[log_of[l]], all[log_of[l]]
}
