# usage: spcat SESSIONS.MP | awk [-v KEY=NAME] -f asars-figures.awk
#
# The three curves of figure 1 of ASARS: how a session's events are shared by its most frequent items,
# how many of a user's events repeat what their last sessions had, and the times between events.  A
# second column is of the values of KEY, by default "category", where sessions carry it.
BEGIN {
    TOP = 10; STEP = 10; STEPS = 30 # of seconds
    if (KEY == "") KEY = "category"
}

# The list that begins after `mark`; sets `rest` to what follows it.
function list(text, mark,    at, end) {
    at = index(text, mark)
    if (!at) return rest = ""
    text = substr(text, at + length(mark))
    end = index(text, "]")
    rest = substr(text, end + 1)
    return substr(text, 1, end - 1)
}

# Adds the shares of the session's n values: of each of the most frequent, and of those that the user's
# last sessions had.  seen: the user's newest session that has a value.
function shares(of, n, value,    i, k, most, count, best) {
    sessions[of]++
    for (i = 1; i <= n; i++) count[value[i]]++
    for (k = 1; k <= TOP; k++) {
        most = 0
        for (i in count) if (count[i] > most) { most = count[i]; best = i }
        if (!most) break
        delete count[best]
        top[of, k] += most / n
    }
    if (number > 1) {
        events[of] += n
        for (i = 1; i <= n; i++)
            if ((of, value[i]) in seen) again[of, number - seen[of, value[i]]]++
    }
    for (i = 1; i <= n; i++) seen[of, value[i]] = number
}

/^\["session",/ {
    split($0, field, ",")
    if (field[2] != user) { user = field[2]; number = 0; split("", seen) }
    number++
    n = split(list(substr($0, 2), "["), time, ",")
    split(list(rest, "["), item, ",")
    shares("items", n, item)
    if (split(list(rest, "\"" KEY "\":["), value, ",")) shares("values", n, value)
    for (i = 2; i <= n; i++) {
        bin = int((time[i] - time[i - 1]) / STEP)
        times[bin < STEPS ? bin : STEPS]++
        gaps++
    }
}

function percent(x, of) { return of ? sprintf("%6.2f%%", 100 * x / of) : "      -" }

END {
    second = sessions["values"] ? KEY : ""
    print "Share of a session's events in its k-th most frequent item (mean of sessions)"
    print " k    item" (second ? "  " second : "")
    for (k = 1; k <= TOP; k++)
        print sprintf("%2d", k) percent(top["items", k], sessions["items"]) \
            (second ? "  " percent(top["values", k], sessions["values"]) : "")
    print "\nShare of events that repeat an item of the user's last n sessions"
    print " n    item" (second ? "  " second : "")
    for (k = 1; k <= TOP; k++) {
        had["items"] += again["items", k]
        had["values"] += again["values", k]
        print sprintf("%2d", k) percent(had["items"], events["items"]) \
            (second ? "  " percent(had["values"], events["values"]) : "")
    }
    print "\nTimes between events, in seconds"
    for (k = 0; k <= STEPS; k++)
        print sprintf("%9s", k < STEPS ? k * STEP "-" (k + 1) * STEP - 1 : k * STEP "-") percent(times[k], gaps)
}
