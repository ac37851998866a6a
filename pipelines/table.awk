# The names of files with scores of one run each, OUT/LOG/NAME[-wide].SEED.tsv, one a line: prints for each
# log a line for each model, recall@20 and MRR@20 alone and with --wide, mean ± sample deviation over
# seeds.  Writes the runs to the file `tsv`, and the means to the file `markdown`: a row for each model, a
# column for each log.
BEGIN {
    OFS = "\t"
    print "log", "model", "kind", "seed", "epoch", "validation", "recall@20", "mrr@20" >tsv
}
{
    name = substr($0, length(out) + 1)
    sub(/\.tsv$/, "", name)
    log_name = substr(name, 1, index(name, "/") - 1)
    seed = name
    sub(/.*\./, "", seed)
    name = substr(name, length(log_name) + 2, length(name) - length(log_name) - length(seed) - 2)
    kind = sub(/-wide$/, "", name) ? "wide" : "alone"
    while ((getline line <$0) > 0) {
        n = split(line, field, "\t")
        if (field[1] == "run")
            for (i = 1; i <= n; i++)
                at[field[i]] = i
        else if (field[at["part"]] == "test")
            take(field[at["recall@20"]], field[at["mrr@20"]])
    }
    close($0)
}
function take(recall, mrr,    key) {
    key = log_name SUBSEP name SUBSEP kind
    runs[key]++
    log_of[key] = log_name
    sum[key, "recall"] += recall
    squares[key, "recall"] += recall ^ 2
    sum[key, "mrr"] += mrr
    squares[key, "mrr"] += mrr ^ 2
    print log_name, name, kind, seed, field[at["epoch"]], field[at["selection_score"]], recall, mrr >tsv
}
# "0.321 ± 0.001"; one run has no deviation.
function cell(key, metric,    n, mean, spread) {
    n = runs[key]
    if (!n)
        return ""
    mean = sum[key, metric] / n
    if (n == 1)
        return sprintf("%.3f", mean)
    spread = (squares[key, metric] - n * mean ^ 2) / (n - 1)
    return sprintf("%.3f ± %.3f", mean, spread > 0 ? sqrt(spread) : 0)
}
# The mean, in bold where no other model's is higher on the log.
function bold(key, metric,    text, other) {
    text = shown(key, metric)
    for (other in runs)
        if (log_of[other] == log_of[key] && shown(other, metric) > text)
            return text
    return "**" text "**"
}
function shown(key, metric) {
    return sprintf("%.3f", sum[key, metric] / runs[key])
}
function markdown_row(name, kind,    l, key, text, any) {
    text = "| " name (kind == "wide" ? " with --wide" : "") " |"
    for (l = 1; l <= log_count; l++) {
        key = log_list[l] SUBSEP name SUBSEP kind
        any += runs[key]
        text = text (runs[key] ? " " bold(key, "recall") " / " bold(key, "mrr") " |" : " |")
    }
    if (any)
        print text >markdown
}
function markdown_table(    l, m, head, line, key, metric, n, several, variance, most) {
    for (l = 1; l <= log_count; l++) {
        head = head " " log_list[l] " |"
        line = line " --- |"
    }
    print "| recall@20 / MRR@20 |" head >markdown
    print "| --- |" line >markdown
    for (m = 1; m <= count; m++) {
        markdown_row(model[m], "alone")
        markdown_row(model[m], "wide")
    }
    for (key in runs) {
        n = runs[key]
        several += n > 1
        for (metric in metrics) {
            variance = n > 1 ? (squares[key, metric] - sum[key, metric] ^ 2 / n) / (n - 1) : 0
            most = variance > most ? variance : most
        }
    }
    printf "\n%sThe highest of each log is bold.\n", (several ? \
        sprintf("Means over seeds, with a standard deviation of at most %.3f. ", sqrt(most)) : "") >markdown
}
function padded(text, width,    bare) {
    bare = text
    gsub(/±/, "+", bare) # two bytes, one column
    return sprintf("%s%*s", text, width - length(bare), "")
}
function row(name, cells) {
    sub(/ +$/, "", cells)
    print padded(name, 20) cells
}
END {
    count = split(models, model, " ")
    split(refuse, word, " ")
    for (i in word)
        refused[word[i]]
    log_count = split(logs, log_list, " ")
    split("recall mrr", word, " ")
    for (i in word)
        metrics[word[i]]
    markdown_table()
    for (l = 1; l <= log_count; l++) {
        if (l > 1)
            print ""
        row(log_list[l], padded("recall@20", 17) padded("MRR@20", 17) padded("with --wide", 17) padded("MRR@20", 17) "runs")
        for (m = 1; m <= count; m++) {
            alone = log_list[l] SUBSEP model[m] SUBSEP "alone"
            wide = log_list[l] SUBSEP model[m] SUBSEP "wide"
            if (!runs[alone] && !runs[wide])
                continue
            row(model[m], padded(cell(alone, "recall"), 17) padded(cell(alone, "mrr"), 17) \
                padded(model[m] in refused ? "refused" : cell(wide, "recall"), 17) padded(cell(wide, "mrr"), 17) \
                (runs[alone] + 0) (runs[wide] ? "+" runs[wide] : ""))
        }
    }
}
