# usage: spcat SPLIT.MP | awk -f hrnn-properties.awk
#
# What the log holds: table 1 of Quadrana et al. 2017.  The validation part, which the paper counts as
# training, has rows of its own.

# "median / mean / standard deviation" of count[x], how many things have the number x
function spread(count, highest,    x, n, sum, squares, mean, seen, low, high) {
    for (x = 1; x <= highest; x++) {
        n += count[x]
        sum += x * count[x]
        squares += x * x * count[x]
    }
    if (!n)
        return "-"
    for (x = 1; x <= highest; x++)
        if (count[x]) {
            seen += count[x]
            if (!low && 2 * seen >= n)
                low = x
            if (!high && 2 * seen > n)
                high = x
        }
    mean = sum / n
    return sprintf("%g / %.1f / %.1f", (low + high) / 2, mean, sqrt(squares / n - mean * mean + 1e-12))
}
function more(count, highest, x) {
    count[x]++
    return x > highest ? x : highest
}

BEGIN {
    part_name[1] = "Training"
    part_name[2] = "Validation"
    part_name[3] = "Test"
}
# ["session",user,part,[times...],[items...]...
/^."session"/ {
    split($0, piece, /\],\[/)
    n = split(piece[1], field, ",") - 3
    part = field[3]
    all_sessions[part]++
    all_events[part] += n
    of_user[field[2]]++
    long = more(by_events, long, n)
    sub(/\].*/, "", piece[2])
    split(piece[2], item, ",")
    for (i = 1; i <= n; i++)
        of_item[item[i]]++
}
END {
    for (i in of_item) {
        items++
        popular = more(by_support, popular, of_item[i])
    }
    for (u in of_user) {
        users++
        busy = more(by_sessions, busy, of_user[u])
    }
    for (p = 1; p <= 3; p++) {
        events += all_events[p]
        sessions += all_sessions[p]
    }
    printf "Users\t%d\nItems\t%d\nSessions\t%d\nEvents\t%d\n", users, items, sessions, events
    print "Events per item (median / mean / std)\t" spread(by_support, popular)
    print "Events per session\t" spread(by_events, long)
    print "Sessions per user\t" spread(by_sessions, busy)
    for (p = 1; p <= 3; p++)
        if (all_sessions[p])
            printf "%s - Events\t%d\n%s - Sessions\t%d\n", part_name[p], all_events[p], part_name[p], all_sessions[p]
}
