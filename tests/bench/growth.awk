# Rows of tests/bench/growth as tables, one for each thing that grows: seconds and megabytes at each
# size, and the powers of the last decade.  With page=FILE a manual page that begins as
# FILE does.
function power(last, before, first, least) {
    last -= first
    before -= first
    before = before > least && last > least ? sprintf("%.1f", log(last / before) / log(10)) : "-"
    return before == "-0.0" ? "0.0" : before
}
function short(x) { return sprintf(x < 10 ? "%.2f" : x < 100 ? "%.1f" : "%.0f", x) }
function row(name, axis,    n, i, value, seconds, mb, text, time, memory) {
    n = rows[name, axis]
    text = sprintf("%-27s", name)
    for (i = 1; i <= n; i++) {
        split(line[name, axis, i], value, "\t")
        seconds[i] = value[1]
        mb[i] = value[2]
        text = text sprintf(" %5s", short(seconds[i]))
    }
    for (i = 1; i <= n; i++) text = text sprintf(" %4.0f", mb[i])
    time = n > 1 ? power(seconds[n], seconds[n - 1], seconds[1], 0.01) : "-"
    memory = n > 1 ? power(mb[n], mb[n - 1], mb[1], 1) : "-"
    return text sprintf(" %3s %3s%s", time, memory, time > 1.3 || memory > 1.3 ? " *" : "")
}
/^#/ {
    conditions = conditions (conditions == "" ? "" : ".\n.Pp\nLater, on ") substr($0, 3)
    next
}
{ line[$1, $2, ++rows[$1, $2]] = $4 "\t" $5 }
!($2 in named) { named[$2]; axes[++count] = $2 }
!(($1, $2) in named) { named[$1, $2]; names[$2, ++lines[$2]] = $1 }
!(($1, $2, $3) in named) { named[$1, $2, $3]; if (rows[$1, $2] == 1) first[$1, $2] = $3; last[$1, $2] = $3 }
END {
    if (page) {
        split(conditions, word, "[ ,-]")
        split("January February March April May June July August September October November December", month, " ")
        print ".Dd " month[word[2] + 0] " " word[3] + 0 ", " word[1]
        while ((getline text < page) > 0) print text
        print ".Sh TABLES"
    }
    for (a = 1; a <= count; a++) {
        axis = axes[a]
        title = "As " axis " grow"
        if (page) print ".Ss " title "\n.Bd -literal"
        else print title
        printf "%-29s %23s %19s %8s\n", "", "seconds", "megabytes", "power"
        for (l = 1; l <= lines[axis]; l++) {
            name = names[axis, l]
            size = first[name, axis] " to " last[name, axis]
            if (size != before) print size " " axis ":"
            before = size
            print "  " row(name, axis)
        }
        before = ""
        if (page) print ".Ed"
        else print ""
    }
    if (page) print ".Pp\nMeasured on " conditions ".\n.Sh EXAMPLES\nWhat a program takes for a log at hand:\n.Bd -literal -offset indent\ntime tfilter --min-sessions 3 --split user:0.8 -o split.mp sessions.mp\n.Ed\n.Sh SEE ALSO\n.Xr sesspipe 7"
}
