# usage: spcat SPLIT.MP | awk -f hrnn-histories.awk
#
# Counts the test sessions with at most 6 sessions of the user before them, and the others: table 4 of
# Quadrana et al. 2017.
BEGIN { FS = "[],[]" } # "", "session", user, part, ...
$2 != "\"session\"" { next }
$4 < 3 { before[$3]++ }
$4 == 3 { count[before[$3] > 6]++ }
END {
    print "history  test sessions   share"
    n = count[0] + count[1]
    for (many = 0; many < 2 && n; many++)
        printf "%-7s  %13d  %5.1f%%\n", many ? ">6" : "<=6", count[many], 100 * count[many] / n
}
