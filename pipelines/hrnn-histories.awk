# usage: spcat SPLIT.MP | awk -v users=FILE -f hrnn-histories.awk
#
# Counts the test sessions with at most 6 sessions of the user before them, and the others: table 4 of
# Quadrana et al. 2017.  Writes to `users` which of the two each user's is.
function group_of(user) { return before[user] > 6 ? ">6" : "<=6" }

# ["user",id,"name"...
/^."user"/ {
    match($0, /,[0-9]+,/)
    id = substr($0, RSTART + 1, RLENGTH - 2)
    rest = substr($0, RSTART + RLENGTH)
    match(rest, /^"([^"\\]|\\.)*"/)
    name[id] = substr(rest, 2, RLENGTH - 2)
    next
}
# ["session",user,part,...
/^."session"/ {
    split($0, field, ",")
    if (field[3] < 3)
        before[field[2]]++
    else {
        count[group_of(field[2])]++
        print name[field[2]] "\t" group_of(field[2]) >users
    }
}
END {
    print "history  test sessions   share"
    n = count["<=6"] + count[">6"]
    for (many = 0; many < 2 && n; many++) {
        group = many ? ">6" : "<=6"
        printf "%-7s  %13d  %5.1f%%\n", group, count[group], 100 * count[group] / n
    }
}
